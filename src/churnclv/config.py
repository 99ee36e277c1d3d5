"""Configuration: the rooms' settings composed by Hydra, checked before anything starts, and how doors are opened."""

import os
import re
import shlex
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from .churn.settings import ChurnSettings
from .clv.settings import ClvSettings
from .data.engine import EngineSettings
from .data.settings import DataSettings, Reading
from .decision.economics import EconomicsSettings
from .entries.folder import find_entry
from .entries.result import METRICS
from .errors import InputError, require, require_name
from .features.settings import FeatureSettings
from .files import digest
from .insight.settings import ReportSettings
from .interruption import Interruption, interrupted, watch_signals
from .overrides import write_overrides
from .ranges import CURRENCY, Bounds, check_numbers, number
from .redaction import redact, require_no_credentials
from .scratch import leave_scratch, use_scratch
from .snapshots.settings import WindowSettings
from .tracking.settings import TrackingSettings
from .tuning.settings import TuningSettings

ROOT = Path(__file__).resolve().parents[2]
EXPERIMENTS = os.environ.get("CHURNCLV_EXPERIMENTS", str(ROOT / "experiments"))
DECLARED = "command_line"  # the group that holds what the command line declares


@dataclass
class TrainConfig:
    """All that a training run can choose. `entry` is the folder in `experiments/` it belongs to, where there is one."""

    entry: str | None = None
    data: DataSettings = field(default_factory=DataSettings)
    windows: WindowSettings = field(default_factory=WindowSettings)
    features: FeatureSettings = field(default_factory=FeatureSettings)
    churn: ChurnSettings = field(default_factory=ChurnSettings)
    clv: ClvSettings = field(default_factory=ClvSettings)
    tuning: TuningSettings = field(default_factory=TuningSettings)
    economics: EconomicsSettings = field(default_factory=EconomicsSettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)

    def as_dict(self) -> dict[str, Any]:
        """Return the configuration as plain values."""
        return OmegaConf.to_container(OmegaConf.structured(self), enum_to_str=True)  # type: ignore[return-value] # a dataclass gives a dict

    def identity(self, *parts: str) -> str:
        """Return a digest of the choices that can change a result, with other parts such as data and code."""
        return digest(self._choices(), *parts)

    def value_identity(self, *parts: str) -> str:
        """Return the same for the value side alone: runs that differ in churn choices only share its trials."""
        chosen = self._choices()
        for name in ("churn", "economics"):
            del chosen[name]
        del chosen["windows"]["open_seal"], chosen["tuning"]["churn"]
        return digest(chosen, *parts)

    def _choices(self) -> dict[str, Any]:
        hidden = ("tracking", "engine", "entry")
        chosen = {name: value for name, value in self.as_dict().items() if name not in hidden}
        tables = {name: {**table, "path": None} for name, table in chosen["data"]["tables"].items()}
        chosen["data"] = {**chosen["data"], "path": None, "set_aside_path": None, "tables": tables}
        chosen["churn"] = {**chosen["churn"], "threads": None}
        return chosen

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TrainConfig":
        """Return the configuration that `as_dict` wrote."""
        merged = OmegaConf.merge(OmegaConf.structured(cls), values)
        return OmegaConf.to_object(merged)  # type: ignore[return-value] # the schema is this class


@dataclass
class EntryConfig:
    """What starting an entry can choose: its name."""

    name: str = "???"


@dataclass
class LeaderboardConfig:
    """What ranking the entries can choose.

    Attributes:
        metric: of validation, by which entries are ranked: churn.auc, churn.log_loss, churn.profit, spend.rmse or
            spend.gini.
        incumbent: the entry that the others are compared with.
        fill: train entries that have no result on `dataset` yet.
        dataset: which, as `conf/data` names it.
        n_trials: per study while filling; null = each entry's own budget.
        overrides: further words for training while filling, for a smaller budget, such as
            `clv=bgnbd churn.max_rounds=100`; results say what was chosen.
        workers: entries trained at a time.
    """

    metric: str = "churn.auc"
    incumbent: str = "incumbent"
    fill: bool = True
    dataset: str = "cdnow"
    n_trials: int | None = number(None, Bounds(1, 100_000, technical=True))
    overrides: str = ""
    workers: int = number(2, Bounds(1, 64))
    tracking: TrackingSettings = field(default_factory=TrackingSettings)

    def __post_init__(self) -> None:
        """Check names, numbers, and that the further words can be read."""
        require_name("leaderboard.dataset", self.dataset)
        require(self.metric in METRICS, f"leaderboard.metric is {self.metric!r}.", remedy=f"{', '.join(METRICS)}.")
        check_numbers(self)
        try:
            shlex.split(self.overrides)
        except ValueError as error:
            remedy = "close every quote: overrides='clv=bgnbd churn.max_rounds=100'"
            raise InputError(f"overrides is {self.overrides!r}: {error}.", remedy=remedy) from None


@dataclass
class ExportConfig:
    """What an export can choose."""

    run: str | None = None
    out: str | None = None
    metric: str = "valid.churn.auc"
    higher_is_better: bool = True
    force: bool = False
    reason: str = ""
    engine: EngineSettings = field(default_factory=EngineSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)

    def __post_init__(self) -> None:
        """Check that the metric can be one."""
        plain = re.fullmatch(r"[A-Za-z][\w.]*", self.metric) is not None
        remedy = "a name as `make ui` shows it, such as valid.churn.auc or valid.spend.rmse."
        require(plain, f"metric is {self.metric!r}.", remedy=remedy)


@dataclass
class RollbackConfig:
    """What a rollback can choose: the registered model, null for that of the champion exported last."""

    model: str | None = None
    tracking: TrackingSettings = field(default_factory=TrackingSettings)


@dataclass
class ScoreConfig:
    """What scoring can choose."""

    input: str = "???"
    output: str = "???"
    as_of: str | None = None
    model: str | None = None
    date_format: str | None = None
    data: Reading = field(default_factory=Reading)
    columns: dict[str, str] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)
    language: str = "en"
    targets: str | None = None
    budget: float | None = number(
        None, Bounds(0, CURRENCY, technical=True, hint=" (currency)", remedy="or null for no limit.")
    )
    tracking: TrackingSettings = field(default_factory=TrackingSettings)

    def __post_init__(self) -> None:
        """Check the budget."""
        check_numbers(self)


@dataclass
class ReportConfig:
    """What a report can choose."""

    data: DataSettings = field(default_factory=DataSettings)
    report: ReportSettings = field(default_factory=ReportSettings)
    economics: EconomicsSettings = field(default_factory=EconomicsSettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)
    out: str | None = None
    model: str | None = None


@dataclass
class ServeConfig:
    """What a local server can choose."""

    port: int = number(5000, Bounds(1, 65_535))
    host: str = "127.0.0.1"
    model: str | None = None
    tracking: TrackingSettings = field(default_factory=TrackingSettings)

    def __post_init__(self) -> None:
        """Check the port."""
        check_numbers(self)


_SCHEMAS = {
    "train": TrainConfig,
    "entry": EntryConfig,
    "leaderboard": LeaderboardConfig,
    "export": ExportConfig,
    "rollback": RollbackConfig,
    "score": ScoreConfig,
    "report": ReportConfig,
    "serve": ServeConfig,
    "ui": ServeConfig,
}


def open_door(name: str, story: Callable[[Any], None]) -> None:
    """Compose `conf/<name>.yaml` with the command line, check it, and run the story.

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

    @hydra.main(version_base="1.3", config_path=str(ROOT / "conf"), config_name=name)
    def run(composed: Any) -> None:
        try:
            _take_entry(composed)
            require_no_credentials(OmegaConf.to_container(composed, resolve=True))  # type: ignore[arg-type] # a mapping
            story(OmegaConf.to_object(composed))
        except Exception as error:
            if interrupted() is not None:  # an engine has made an error of its own of it
                raise Interruption(interrupted() or 0) from None
            if not getattr(error, "user_fault", False):
                raise
            fail(str(error))

    try:
        run()
    except (HydraException, OmegaConfBaseException) as error:
        fail(_explain(error, name))
    except Interruption as error:
        fail(f"stopped by {error}. The same command goes on with the finished trials.", code=128 + error.number)


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
