"""Configuration: the rooms' settings composed by Hydra, checked before anything starts, and how doors are opened."""

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
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
from .errors import InputError, require
from .features.settings import FeatureSettings
from .files import digest
from .insight.settings import ReportSettings
from .snapshots.settings import WindowSettings
from .tracking.settings import TrackingSettings
from .tuning.settings import TuningSettings

ROOT = Path(__file__).resolve().parents[2]
EXPERIMENTS = os.environ.get("CHURNCLV_EXPERIMENTS", str(ROOT / "experiments"))
_PATHS = (
    "path", "set_aside_path", "input", "output", "targets", "out", "model", "home", "own", "costs", "thresholds",
    "overrides",
)  # fmt: skip


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
    n_trials: int | None = None
    overrides: str = ""
    workers: int = 2
    tracking: TrackingSettings = field(default_factory=TrackingSettings)


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
    budget: float | None = None
    tracking: TrackingSettings = field(default_factory=TrackingSettings)

    def __post_init__(self) -> None:
        """Check the budget."""
        known = self.budget is None or self.budget >= 0
        require(known, f"budget is {self.budget}, allowed is 0 or more (currency).", remedy="or null for no limit.")


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

    port: int = 5000
    host: str = "127.0.0.1"
    model: str | None = None
    tracking: TrackingSettings = field(default_factory=TrackingSettings)


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
        sys.argv[1:] = [quote_path(word) for word in name_entries(sys.argv[1:])]
    except InputError as error:
        fail(str(error))
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait spinning slow each other beside other work
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # errors come back to us instead of ending the process with code 1

    @hydra.main(version_base="1.3", config_path=str(ROOT / "conf"), config_name=name)
    def run(composed: Any) -> None:
        try:
            _take_entry(composed)
            story(OmegaConf.to_object(composed))
        except Exception as error:
            if not getattr(error, "user_fault", False):
                raise
            fail(str(error))

    try:
        run()
    except (HydraException, OmegaConfBaseException) as error:
        fail(_explain(error))
    except KeyboardInterrupt:
        fail("Interrupted. The same command goes on with the finished trials.", code=130)


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
    os.execv(sys.executable, [sys.executable, "-m", "mlflow", *words])  # noqa: S606 # our own interpreter


def fail(message: str, code: int = 2) -> None:
    """Print a message to standard error and end the process."""
    print(f"error: {message}", file=sys.stderr)
    sys.exit(code)


def quote_path(word: str) -> str:
    """Quote the value of `...path=value` for Hydra's grammar, so that spaces, commas and equal signs are only text."""
    key, equals, value = word.partition("=")
    is_path = key.lstrip("+").rpartition(".")[2] in _PATHS
    if not (equals and is_path) or value[:1] in ("'", '"') or value in ("null", "???", ""):
        return word
    # in Hydra's quotes a backslash is only text, unless a quote follows it
    quoted = re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + ("\\'" if found[2] else ""), value)
    return f"{key}='{quoted}'"


def _explain(error: Exception) -> str:
    """Return Hydra's message with the cause it hides, and where the allowed names are listed."""
    lines = [line for line in str(error).splitlines() if line.strip() and not line.strip().startswith("reference_type")]
    cause = error.__cause__
    if cause is not None and str(cause).splitlines()[:1] != lines[:1]:
        lines += [line for line in str(cause).splitlines()[:2] if line.strip()]
    owner = getattr(cause or error, "object_type", None)
    if is_dataclass(owner):
        lines.append(f"allowed are {', '.join(found.name for found in fields(owner))}")
    remedy = "see what can be chosen with: python -m churnclv.train --cfg job (or --help)"
    return "\n".join(dict.fromkeys(lines)) + f"\n  -> {remedy}"
