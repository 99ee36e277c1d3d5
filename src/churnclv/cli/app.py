"""The commands' common part: Hydra composes the configuration; a user's mistake ends with a message and exit code 2."""

import difflib
import os
import re
import sys
import traceback
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import hydra
from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ..errors import InputError, require
from ..files import PROJECT
from ..hackathon.entry_folder import EXPERIMENTS, find_entry
from ..interruption import Interruption, interrupted, watch_signals
from ..outputs import settle_stdout, storage_fault
from ..pipeline.inspection_settings import InspectConfig
from ..pipeline.renamed_settings import rename_arguments, rename_values
from ..redaction import redact, require_no_credentials
from ..scratch import leave_scratch, use_scratch
from .command_line import order_arguments
from .overrides import write_overrides

if TYPE_CHECKING:
    from ..pipeline.settings import TrainConfig

_UNKNOWN_SETTING = re.compile(r"Key '([^']+)' not in '\w+'\s+full_key: (\S+)")
_UNKNOWN_CHOICE = re.compile(r"Could not find '([^'/]+)/([^']+)'\s+Available options in '[^']+':\n((?:\t\S+\n)+)")
WITH_TRIALS = ("train", "leaderboard", "retrain")  # commands that keep finished trials
DECLARED = "command_line"  # the configuration group of the entries that the command line declares


def schema_of(command: str) -> type:
    """Return the configuration of a command; an inspection begins without the packages of the others."""
    if command == "inspect":
        return InspectConfig
    from ..pipeline.settings import SCHEMAS

    return SCHEMAS[command]


def run_command(name: str, main: Callable[[Any], None]) -> None:
    """Compose `conf/<name>.yaml` with the command line, check it, and run the command.

    The user's mistakes end with one readable message and exit code 2; anything else is a bug and keeps its traceback.
    """
    ConfigStore.instance().store(name=f"{name}_schema", node=schema_of(name))  # Hydra copies the store for each group
    try:
        arguments, notices = rename_arguments(order_arguments(name, sys.argv[1:]))
        for notice in notices:
            print(notice.line(), file=sys.stderr)
        _require_known(arguments, name)
        sys.argv[1:] = take_overrides(search_configuration(name_entries(arguments)), schema_of(name))
    except InputError as error:
        fail(str(error))
    sys.excepthook = print_bug
    watch_signals()
    use_scratch()
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # spinning threads slow each other down beside other work
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # errors come back to us instead of ending the process with code 1

    @hydra.main(version_base="1.3", config_path=str(PROJECT / "conf"), config_name=name)
    def run(composed: Any) -> None:
        try:
            _require_all(composed, name)
            _take_entry(composed)
            require_no_credentials(OmegaConf.to_container(composed, resolve=True))  # type: ignore[arg-type] # a mapping
            main(OmegaConf.to_object(composed))
            if sys.stdout is not None:
                sys.stdout.flush()
        except Exception as error:
            end_with_message(error)
            raise

    try:
        run()
    except (HydraException, OmegaConfBaseException) as error:
        fail(_explain(error, name))
    except Interruption as error:
        onwards = " The same command goes on with the finished trials." if name in WITH_TRIALS else ""
        fail(f"stopped by {error}.{onwards}", code=128 + error.number)


def end_with_message(error: Exception) -> None:
    """End the process with one message if an error is the user's fault or a signal's; return if it is a bug."""
    if interrupted() is not None:  # an engine has turned the signal into an error of its own
        raise Interruption(interrupted() or 0) from None
    if isinstance(error, BrokenPipeError) and settle_stdout():
        sys.exit(0)  # the reader of our output has closed it
    message = str(error) if getattr(error, "user_fault", False) else storage_fault(error)
    if message is not None:
        fail(message)


def name_entries(arguments: list[str]) -> list[str]:
    """Return the arguments with `experiment=a,b` as overrides of a config group that has one file per entry.

    Raises:
        InputError: there is no entry of that name.
    """
    folder = Path(EXPERIMENTS).resolve()
    named = []
    for argument in arguments:
        if not argument.startswith("experiment="):
            named.append(argument)
            continue
        entries = [find_entry(folder, name) for name in argument.partition("=")[2].split(",")]
        files = [f"{entry.name}/{entry.delta.stem}" for entry in entries]
        named += [f"+{folder.name}={','.join(files)}", f"hydra.searchpath=[{_search(folder.parent)}]"]
    return named


def search_configuration(arguments: list[str]) -> list[str]:
    """Return the arguments with the folder `conf` that the command is called beside, if it is not the project's.

    Its files are choices beside the project's, such as `conf/data/myshop.yaml` for `data=myshop`.
    """
    own = Path("conf").resolve()
    if not (own / "data").is_dir() or own == PROJECT / "conf":
        return arguments
    places = [argument for argument in arguments if argument.startswith("hydra.searchpath=[")]
    if not places:
        return [f"hydra.searchpath=[{_search(own)}]", *arguments]  # settings stand before options
    widened = f"{places[-1].removesuffix(']')},{_search(own)}]"
    return [widened if argument == places[-1] else argument for argument in arguments]


def _search(folder: Path) -> str:
    """Return a folder as an entry of Hydra's search path."""
    where = str(folder).replace("\\", "\\\\").replace("'", "\\'")
    return f"'file://{where}'"


def take_overrides(arguments: list[str], schema: type) -> list[str]:
    """Return the arguments as Hydra needs them; the entries that they declare are put in a group of Hydra's store."""
    overrides = write_overrides(arguments, schema)
    if not overrides.declared:
        return overrides.arguments
    ConfigStore.instance().store("declared", overrides.declared, group=DECLARED, package="_global_")
    return [*overrides.arguments, f"+{DECLARED}=declared"]


def _require_known(arguments: list[str], command: str) -> None:
    """Raise `InputError` if a plus adds a setting that nothing reads; Hydra would take it silently."""
    allowed = [setting.name for setting in fields(schema_of(command))] + ["hydra"]
    for argument in arguments:
        key = argument.partition("=")[0]
        known = not key.startswith("+") or re.split(r"[./@]", key.lstrip("+"))[0] in allowed
        remedy = f"see churnclv {command} --help."
        require(known, f"{command}: there is no setting {key.lstrip('+')[:60]}, also not with a plus.", remedy=remedy)


def _require_all(composed: Any, command: str) -> None:
    """Raise `InputError` if settings without a default are not given."""
    missing = sorted(OmegaConf.missing_keys(composed))
    remedy = f"{' '.join(f'{key}=...' for key in missing)}; see churnclv {command} --help."
    require(not missing, f"{command} needs {' and '.join(missing)}.", remedy=remedy)


def _take_entry(composed: Any) -> None:
    """Set the entry's name to the folder of its configuration."""
    from hydra.core.hydra_config import HydraConfig

    chosen = HydraConfig.get().runtime.choices.get(Path(EXPERIMENTS).resolve().name)
    if chosen is not None:
        composed.entry = chosen.rpartition("/")[0]


def run_mlflow(*arguments: str, **environment: str) -> None:
    """Replace this process by MLflow's command line, with our interpreter's folder in the path and without pickle."""
    os.environ.update(environment)
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"
    leave_scratch()
    os.execv(sys.executable, [sys.executable, "-m", "mlflow", *arguments])  # noqa: S606 # our own interpreter


def print_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the traceback of a bug, without the credentials that drivers repeat."""
    print(redact("".join(traceback.format_exception(kind, error, trace))), end="", file=sys.stderr)


def fail(message: str, code: int = 2) -> None:
    """Print a message to standard error and end the process."""
    settle_stdout()
    print(f"error: {redact(message)}", file=sys.stderr)
    sys.exit(code)


def _explain(error: Exception, command: str) -> str:
    """Return Hydra's message in our form, with the cause that it hides and the names that are allowed."""
    cause = str(error.__cause__ or "")
    remedy = f"see churnclv {command} --help, and all settings with --cfg job."
    choice = _UNKNOWN_CHOICE.search(str(error))
    if choice:
        return _unknown(f"{command}: there is no {choice[1]}={choice[2]}", choice[2], choice[3].split(), remedy)
    key, owner = _UNKNOWN_SETTING.search(cause), getattr(error.__cause__, "object_type", None)
    if key and is_dataclass(owner):
        names = [setting.name for setting in fields(owner)]
        return _unknown(f"{command}: there is no setting {key[2]}", key[1], names, remedy)
    lines = [line.strip() for line in [*str(error).splitlines(), *cause.splitlines()[:1]] if line.strip()]
    shown = [line for line in lines if not line.startswith(("full_key", "object_type", "reference_type"))]
    return "\n".join(dict.fromkeys(shown)) + f"\n  -> {remedy}"


def _unknown(what: str, name: str, names: list[str], remedy: str) -> str:
    """Return the message on a name that is none of those allowed."""
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"{what}.\n  -> {hint}allowed are {', '.join(names)}; {remedy}"


def train_config(values: Any) -> "TrainConfig":
    """Return the configuration of the nested values that a run wrote."""
    from ..pipeline.settings import TrainConfig

    merged = OmegaConf.merge(OmegaConf.structured(TrainConfig), rename_values(values))
    return OmegaConf.to_object(merged)  # type: ignore[return-value] # the schema is this class


def command_overrides() -> list[str]:
    """Return the command line's choices as `key=value`, whole groups first, without addresses of servers."""
    from hydra.core.hydra_config import HydraConfig

    chosen = HydraConfig.get().overrides.task if HydraConfig.initialized() else []
    hidden = (f"+{Path(EXPERIMENTS).name}=", f"+{DECLARED}=", "tuning.storage=", "tracking.uri=")
    kept = [override for override in chosen if not override.startswith(hidden)]
    return sorted(kept, key=lambda override: "." in override.partition("=")[0])
