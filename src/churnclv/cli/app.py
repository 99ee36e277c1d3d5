"""The commands' frame: Hydra composes the configuration; the user's mistakes end with one message and exit code 2."""

import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ..errors import InputError
from ..files import PROJECT
from ..hackathon.entry_folder import find_entry
from ..interruption import Interruption, interrupted, watch_signals
from ..outputs import settle_stdout, storage_fault
from ..pipeline.settings import (
    EXPERIMENTS,
    EntryConfig,
    ExportConfig,
    LeaderboardConfig,
    ReportConfig,
    RollbackConfig,
    ScoreConfig,
    ServeConfig,
    TrainConfig,
    UiConfig,
)
from ..redaction import redact, require_no_credentials
from ..scratch import leave_scratch, use_scratch
from .overrides import write_overrides

DECLARED = "command_line"  # the group that holds what the command line declares


_SCHEMAS = {
    "train": TrainConfig,
    "entry": EntryConfig,
    "leaderboard": LeaderboardConfig,
    "export": ExportConfig,
    "rollback": RollbackConfig,
    "score": ScoreConfig,
    "report": ReportConfig,
    "serve": ServeConfig,
    "ui": UiConfig,
}


def run_command(name: str, main: Callable[[Any], None]) -> None:
    """Compose `conf/<name>.yaml` with the command line, check it, and run the command.

    The user's mistakes end with one readable message and exit code 2; anything else is a bug and keeps its traceback.
    """
    for schema, node in _SCHEMAS.items():
        ConfigStore.instance().store(name=f"{schema}_schema", node=node)
    try:
        sys.argv[1:] = take_overrides(name_entries(sys.argv[1:]), _SCHEMAS[name])
    except InputError as error:
        fail(str(error))
    sys.excepthook = print_bug
    watch_signals()
    use_scratch()
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait spinning slow each other beside other work
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # errors come back to us instead of ending the process with code 1

    @hydra.main(version_base="1.3", config_path=str(PROJECT / "conf"), config_name=name)
    def run(composed: Any) -> None:
        try:
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
        fail(f"stopped by {error}. The same command goes on with the finished trials.", code=128 + error.number)


def end_with_message(error: Exception) -> None:
    """End the process with one message if an error is the user's to mend, or a signal's; return if it is a bug."""
    if interrupted() is not None:  # an engine has made an error of its own of it
        raise Interruption(interrupted() or 0) from None
    if isinstance(error, BrokenPipeError) and settle_stdout():
        sys.exit(0)  # whoever reads our output has enough of it
    message = str(error) if getattr(error, "user_fault", False) else storage_fault(error)
    if message is not None:
        fail(message)


def name_entries(words: list[str]) -> list[str]:
    """Return the words with `experiment=a,b` as Hydra finds entries: a config group with one file per folder.

    Raises:
        InputError: there is no entry of that name.
    """
    folder = Path(EXPERIMENTS).resolve()
    where = str(folder.parent).replace("\\", "\\\\").replace("'", "\\'")
    named = []
    for word in words:
        if not word.startswith("experiment="):
            named.append(word)
            continue
        entries = [find_entry(folder, name) for name in word.partition("=")[2].split(",")]
        files = [f"{entry.name}/{entry.delta.stem}" for entry in entries]
        named += [f"+{folder.name}={','.join(files)}", f"hydra.searchpath=['file://{where}']"]
    return named


def take_overrides(words: list[str], schema: type) -> list[str]:
    """Return the words as Hydra needs them; what they declare is kept in its store, in a group that they choose."""
    found = write_overrides(words, schema)
    if not found.declared:
        return found.words
    ConfigStore.instance().store("declared", found.declared, group=DECLARED, package="_global_")
    return [*found.words, f"+{DECLARED}=declared"]


def _take_entry(composed: Any) -> None:
    """Name the entry after the folder that its configuration came from."""
    from hydra.core.hydra_config import HydraConfig

    chosen = HydraConfig.get().runtime.choices.get(Path(EXPERIMENTS).resolve().name)
    if chosen is not None:
        composed.entry = chosen.rpartition("/")[0]


def hand_over(*words: str, **environment: str) -> None:
    """Become MLflow's command line: its servers find their own programs beside our interpreter, and load no pickle."""
    os.environ.update(environment)
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"
    leave_scratch()
    os.execv(sys.executable, [sys.executable, "-m", "mlflow", *words])  # noqa: S606 # our own interpreter


def print_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the traceback of what is not the user's fault, without the credentials that drivers repeat."""
    print(redact("".join(traceback.format_exception(kind, error, trace))), end="", file=sys.stderr)


def fail(message: str, code: int = 2) -> None:
    """Print a message to standard error and end the process."""
    settle_stdout()
    print(f"error: {redact(message)}", file=sys.stderr)
    sys.exit(code)


def _explain(error: Exception, door: str) -> str:
    """Return Hydra's message with the cause it hides, and where the allowed names are listed."""
    lines = [line for line in str(error).splitlines() if line.strip() and not line.strip().startswith("reference_type")]
    cause = error.__cause__
    if cause is not None and str(cause).splitlines()[:1] != lines[:1]:
        lines += [line for line in str(cause).splitlines()[:2] if line.strip()]
    owner = getattr(cause or error, "object_type", None)
    if is_dataclass(owner):
        lines.append(f"allowed are {', '.join(found.name for found in fields(owner))}")
    remedy = f"see what can be chosen with: python -m churnclv.{door} --cfg job (or --help)"
    return "\n".join(dict.fromkeys(lines)) + f"\n  -> {remedy}"


def train_config(values: Any) -> TrainConfig:
    """Return the configuration from the plain values that a run wrote."""
    merged = OmegaConf.merge(OmegaConf.structured(TrainConfig), values)
    return OmegaConf.to_object(merged)  # type: ignore[return-value] # the schema is this class


def command_overrides() -> list[str]:
    """Return the choices that the command line made, as `key=value`, whole groups first; no address of a storage."""
    from hydra.core.hydra_config import HydraConfig

    chosen = HydraConfig.get().overrides.task if HydraConfig.initialized() else []
    hidden = (f"+{Path(EXPERIMENTS).name}=", f"+{DECLARED}=", "tuning.storage=")
    kept = [override for override in chosen if not override.startswith(hidden)]
    return sorted(kept, key=lambda override: "." in override.partition("=")[0])
