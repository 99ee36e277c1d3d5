"""A run: its configuration, its data, and where its records go."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from ..clv.purchase_models import custom_files as purchase_files
from ..features.families import custom_files
from ..files import digest, file_digest, locate
from ..progress import Progress
from ..tracking import records
from ..tracking.comparison_records import flatten
from ..tracking.home import Home
from ..tracking.provenance import code_commit, code_digest, library_versions, source_tags
from ..tracking.registry import local_path
from ..tracking.sink import Sink
from ..tuning.figure_cache import FigureCache
from ..tuning.settings import Range
from ..tuning.study import StudyPlan, TrialRecord
from .calendars import calendar_digests
from .dataset_building import BuiltDataset
from .extensions import extension_digests
from .settings import TrainConfig

_LONGEST_TITLE = 32


def title_run(config: TrainConfig, overrides: list[str]) -> str:
    """Return the title that distinguishes a run within its experiment: its entry and the command line's choices.

    Charts and pictures in MLflow carry it, so keys are shortened to their last part, and data and home are left out.
    """
    choices = {}
    for override in overrides:
        key, _, value = override.lstrip("+~").partition("=")
        if not key.startswith(("data", "tracking")):
            choices[key] = f"{key.rpartition('.')[2]}={value}"
    title = " ".join([*([config.entry] if config.entry else []), *choices.values()]) or "defaults"
    return title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 1]}…"


@dataclass(frozen=True)
class Names:
    """Digests of a run.

    Attributes:
        run: of all that can change the run's result.
        values: of all that can change the CLV model's result.
        evaluated: of the rows that the run is evaluated on. Runs with the same one are comparable: data, population,
            validation cutoffs, sealed cutoff and horizon are the same, whatever they were trained on.
    """

    run: str
    values: str
    evaluated: str


def name_run(config: TrainConfig, data: BuiltDataset) -> Names:
    """Return a run's names before it starts; the code of a user's own files counts as code."""
    fingerprint = data.quality.fingerprint
    families = [file_digest(path) for path in custom_files(config.features.families)]
    families += [file_digest(path) for path in purchase_files(config.clv.purchase_names)]
    model = [] if config.churn.custom is None else [file_digest(locate(Path(config.churn.custom.rpartition(":")[0])))]
    code = (code_digest(), *families, *calendar_digests(config.data))
    population = {name: getattr(config.windows, name) for name in ("active_days", "min_purchases")}
    return Names(
        config.identity(fingerprint, *code, *model, *extension_digests(config.extensions)),
        config.value_identity(fingerprint, *code),
        digest(fingerprint, data.plan.evaluated, population, *data.spend_definition, *data.sample_definition),
    )


@dataclass
class Run:
    """One run, named by a digest of what can change its result."""

    config: TrainConfig
    data: BuiltDataset
    home: Home
    sink: Sink
    progress: Progress
    experiment: str
    overrides: list[str]
    names: Names = field(init=False)

    def __post_init__(self) -> None:
        """Make the run's names."""
        self.names = name_run(self.config, self.data)

    @property
    def identity(self) -> str:
        """The digest of everything that can change the run's result."""
        return self.names.run

    @property
    def artifacts(self) -> Path:
        """The folder of the run's artefacts."""
        return local_path(self.sink.artifact_uri)

    def describe(self) -> None:
        """Record choices, data, windows and code."""
        import yaml

        quality, chosen = self.data.quality, self.config.as_dict()
        chosen["features"]["families"] = list(self.data.features.families)
        del chosen["tuning"]["storage"], chosen["tracking"]["uri"]  # no result depends on them
        self.sink.write(records.Params(flatten(chosen)))
        self.sink.write(records.Tags(self._facts()))
        profile = {"rows": quality.rows_kept, "customers": quality.customers, "orders": quality.orders}
        source = Path(quality.origin).name
        self.sink.write(records.Input(self.config.data.name, quality.fingerprint, source, profile))
        self.sink.write(records.Text("quality.md", quality.to_markdown()))
        self.sink.write(records.Text("quality.json", json.dumps(quality.as_dict(), indent=1)))
        self.sink.write(records.Text("config.yaml", yaml.safe_dump(chosen, sort_keys=False, allow_unicode=True)))

    def _facts(self) -> dict[str, str]:
        quality = self.data.quality
        plan = {f"plan.{name}": str(value) for name, value in self.data.plan.as_dict().items()}
        commit = code_commit()
        versions = {f"version.{name}": value for name, value in library_versions().items()}
        return {
            "kind": "train",
            "entry": self.config.entry or "default",
            "overrides": " ".join(self.overrides),
            "identity": self.identity,
            "data.shape": self.data.shape.value,
            "data.fingerprint": quality.fingerprint,
            "data.input_fingerprint": quality.input_fingerprint,
            "snapshot.fingerprint": self.names.evaluated,
            "code.commit": commit,
            "code.digest": code_digest(),
            **source_tags("train", commit),
            "engine": self.config.engine.name,
            **plan,
            **versions,
        }

    def study(self, name: str, ranges: dict[str, Range], identity: str | None = None) -> StudyPlan:
        """Return the plan of one of the run's studies, named by `identity`, or else by the run's."""
        key = identity or self.identity
        figures = FigureCache(self.home.cache / f"{name}-{key}.json")
        study = f"{self.experiment}/{name}/{key}"
        return StudyPlan(study, self.home.studies, ranges, self.config.tuning, figures)

    def write_trial(self, study: str, trial: TrialRecord) -> None:
        """Record a finished trial."""
        folds = {f"fold_{step}": value for step, value in trial.folds.items()}
        value = {} if trial.value is None else {"value": trial.value}
        numbers = {name: float(v) for name, v in trial.attributes.items() if isinstance(v, int | float)}
        metrics = {**folds, **value, **numbers}
        self.sink.write(
            records.Trial(study, trial.number, trial.state, trial.parameters, metrics, trial.started, trial.ended)
        )
