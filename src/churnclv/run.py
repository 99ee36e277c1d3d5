"""A run: its configuration, its data, and where its records go."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from .config import TrainConfig, overrides
from .files import digest
from .gathering import Gathered
from .progress import Progress
from .tracking import records
from .tracking.board import flatten
from .tracking.home import Home
from .tracking.provenance import code_commit, code_digest, library_versions
from .tracking.sink import Sink
from .tuning.settings import Range
from .tuning.study import StudyPlan, TrialRecord


@dataclass
class Run:
    """One run, named by what can change its result."""

    config: TrainConfig
    data: Gathered
    home: Home
    sink: Sink
    progress: Progress
    experiment: str
    identity: str = field(init=False)
    snapshot_fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        """Make the run's names."""
        fingerprint = self.data.quality.fingerprint
        chosen = self.config.as_dict()
        self.identity = self.config.identity(fingerprint, code_digest())
        population = {name: chosen["windows"][name] for name in ("active_days", "min_purchases")}
        self.snapshot_fingerprint = digest(fingerprint, self.data.plan.as_dict(), population)

    def describe(self) -> None:
        """Record choices, data, windows and code."""
        from omegaconf import OmegaConf

        quality, chosen = self.data.quality, self.config.as_dict()
        chosen["features"]["families"] = list(self.data.features.families)
        self.sink.write(records.Params(flatten(chosen)))
        self.sink.write(records.Tags(self._facts()))
        profile = {"rows": quality.rows_kept, "customers": quality.customers, "orders": quality.orders}
        source = Path(quality.origin).name
        self.sink.write(records.Input(self.config.data.name, quality.fingerprint, source, profile))
        self.sink.write(records.Text("quality.md", quality.to_markdown()))
        self.sink.write(records.Text("quality.json", json.dumps(quality.as_dict(), indent=1)))
        self.sink.write(records.Text("config.yaml", OmegaConf.to_yaml(OmegaConf.create(chosen))))

    def _facts(self) -> dict[str, str]:
        quality = self.data.quality
        plan = {f"plan.{name}": str(value) for name, value in self.data.plan.as_dict().items()}
        versions = {f"version.{name}": value for name, value in library_versions().items()}
        return {
            "kind": "train",
            "entry": "default",
            "overrides": " ".join(overrides()),
            "identity": self.identity,
            "data.shape": self.data.shape.value,
            "data.fingerprint": quality.fingerprint,
            "data.input_fingerprint": quality.input_fingerprint,
            "snapshot.fingerprint": self.snapshot_fingerprint,
            "code.commit": code_commit(),
            "code.digest": code_digest(),
            "engine": self.config.engine.name,
            **plan,
            **versions,
        }

    def study(self, name: str, ranges: dict[str, Range]) -> StudyPlan:
        """Return the plan of one of the run's studies."""
        study = f"{self.experiment}/{name}/{self.identity}"
        return StudyPlan(study, self.home.studies, ranges, self.config.tuning)

    def write_trial(self, study: str, trial: TrialRecord) -> None:
        """Record a finished trial."""
        folds = {f"fold_{step}": value for step, value in trial.folds.items()}
        value = {} if trial.value is None else {"value": trial.value}
        numbers = {name: float(v) for name, v in trial.attributes.items() if isinstance(v, int | float)}
        metrics = {**folds, **value, **numbers}
        self.sink.write(
            records.Trial(study, trial.number, trial.state, trial.parameters, metrics, trial.started, trial.ended)
        )
