"""The configuration of each command: the packages' settings together, checked before work starts."""

import re
import shlex
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from ..churn.settings import ChurnSettings
from ..clv.settings import ClvSettings
from ..data.engine import EngineSettings
from ..data.settings import DataSettings, Reading
from ..data.spark_session import ScoringEngineSettings
from ..decision.campaign_plan import DesignSettings
from ..decision.economics import EconomicsSettings
from ..decision.past_contacts import ContactSettings
from ..errors import InputError, require, require_name
from ..features.settings import FeatureSettings
from ..files import digest
from ..hackathon.result import METRICS
from ..monitoring.settings import HistorySettings, MonitoringSettings
from ..ranges import CENTURY_DAYS, CURRENCY, Bounds, check_numbers, number, numbers
from ..registration import LANGUAGES
from ..report.settings import ReportSettings
from ..snapshots.settings import WindowSettings
from ..tracking.settings import TrackingSettings
from ..tuning.settings import TuningSettings
from ..uplift.settings import UpliftSettings
from .inspection_settings import InspectConfig


def plain_values(value: Any) -> Any:
    """Return nested settings as plain values: an enumeration's member is its name."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, dict):
        return {name: plain_values(part) for name, part in value.items()}
    return [plain_values(part) for part in value] if isinstance(value, list | tuple) else value


@dataclass
class TrainConfig:
    """The configuration of a training run.

    Attributes:
        entry: its folder in `experiments/`, if it has one.
        extensions: Python files that register families, checks, key figures or sections of the report.
    """

    entry: str | None = None
    extensions: list[str] = field(default_factory=list)
    data: DataSettings = field(default_factory=DataSettings)
    windows: WindowSettings = field(default_factory=WindowSettings)
    features: FeatureSettings = field(default_factory=FeatureSettings)
    churn: ChurnSettings = field(default_factory=ChurnSettings)
    clv: ClvSettings = field(default_factory=ClvSettings)
    uplift: UpliftSettings = field(default_factory=UpliftSettings)
    tuning: TuningSettings = field(default_factory=TuningSettings)
    economics: EconomicsSettings = field(default_factory=EconomicsSettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)

    def as_dict(self) -> dict[str, Any]:
        """Return the configuration as plain values."""
        return plain_values(asdict(self))  # type: ignore[no-any-return] # a dataclass gives a dict

    def identity(self, *parts: str) -> str:
        """Return a digest of the choices that can change a result, with other parts such as data and code."""
        return digest(self._choices(), *parts)

    def value_identity(self, *parts: str) -> str:
        """Return the same for the CLV model alone: runs that differ only in churn choices share its trials."""
        chosen = self._choices()
        for name in ("churn", "uplift", "economics"):
            del chosen[name]
        del chosen["windows"]["open_seal"], chosen["tuning"]["churn"]
        return digest(chosen, *parts)

    def _choices(self) -> dict[str, Any]:
        hidden = ("tracking", "engine", "entry", "extensions")  # the content of extensions counts, as code
        chosen = {name: value for name, value in self.as_dict().items() if name not in hidden}
        tables = {name: {**table, "path": None, "table": None} for name, table in chosen["data"]["tables"].items()}
        chosen["data"] = {**chosen["data"], "path": None, "table": None, "set_aside_path": None, "tables": tables}
        chosen["churn"] = {**chosen["churn"], "threads": None}
        return chosen


@dataclass
class EntryConfig:
    """The configuration of a new entry: its name."""

    name: str = "???"


@dataclass
class LeaderboardConfig:
    """The configuration of the leaderboard.

    Attributes:
        metric: of validation, by which entries are ranked: churn.auc, churn.log_loss, churn.profit, spend.rmse or
            spend.gini.
        incumbent: the entry that the others are compared with.
        fill: train entries that have no result on `dataset` yet.
        dataset: which, as `conf/data` names it.
        n_trials: per study while filling; null = each entry's own budget.
        overrides: further arguments for training while filling, for a smaller budget, such as
            `clv=bgnbd churn.max_rounds=100`; results record them.
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
        """Check names and numbers, and that the overrides can be parsed."""
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
    """The configuration of an export."""

    run: str | None = None
    out: str | None = None
    model: str | None = None
    metric: str | None = None
    higher_is_better: bool = True
    force: bool = False
    reason: str = ""
    engine: EngineSettings = field(default_factory=EngineSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)

    def __post_init__(self) -> None:
        """Check the metric and the model's name, which the registry would reject only after the refit."""
        plain = self.metric is None or re.fullmatch(r"[A-Za-z][\w.]*", self.metric) is not None
        remedy = "a name as `make ui` shows it, such as valid.churn.auc or valid.spend.rmse."
        require(plain, f"metric is {self.metric!r}.", remedy=remedy)
        plain = self.model is None or bool(self.model.strip() and not set(self.model) & set("/:"))
        require(plain, f"model={self.model}: no name of a registered model.", remedy="such as model=transactions.")


@dataclass
class RollbackConfig:
    """The configuration of a rollback: the registered model, null for the only one with a champion."""

    model: str | None = None
    tracking: TrackingSettings = field(default_factory=TrackingSettings)


@dataclass
class InputConfig:
    """A file that a bundle reads, and how it is written where it differs from the training file."""

    input: str = "???"
    as_of: str | None = None
    model: str | None = None
    date_format: str | None = None
    data: Reading = field(default_factory=Reading)
    columns: dict[str, str] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)
    language: str = "en"
    tracking: TrackingSettings = field(default_factory=TrackingSettings)

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_numbers(self)


@dataclass
class CampaignPlanConfig:
    """The configuration of a campaign's plan: the scores, the folder to write, and how the hold-out is laid out.

    `effects` is a file of effects on the chance of staying, which an experiment's bundle wrote for these scores; null
    assumes the acceptance in `economics`. `capacity` is treatment -> customers whom it can contact, `arm_budgets`
    treatment -> currency, what its contacts may be expected to cost; without `effects` the treatment is `contact`.
    """

    scores: str = "???"
    effects: str | None = None
    out: str = "???"
    budget: float | None = number(
        None, Bounds(0, CURRENCY, technical=True, hint=" (currency)", remedy="or null for no limit.")
    )
    capacity: dict[str, int] = numbers({}, Bounds(0, 10**9, technical=True, hint=" (customers)"))
    arm_budgets: dict[str, float] = numbers({}, Bounds(0, CURRENCY, technical=True, hint=" (currency)"))
    start: str | None = None
    design: DesignSettings = field(default_factory=DesignSettings)
    economics: EconomicsSettings = field(default_factory=EconomicsSettings)

    def __post_init__(self) -> None:
        """Check the budget."""
        check_numbers(self)


@dataclass
class CampaignTableConfig:
    """The configuration of the table of past contacts.

    Attributes:
        input: the log.
        out: the table to write.
        as_of: the day whose customers are to be scored; null = past contacts, to be learned from.
        contacts: which contacts.
        windows: the horizon of the outcomes, and who belongs to the population.
    """

    input: str = "???"
    out: str = "???"
    as_of: str | None = None
    contacts: ContactSettings = field(default_factory=ContactSettings)
    data: DataSettings = field(default_factory=DataSettings)
    windows: WindowSettings = field(default_factory=WindowSettings)
    features: FeatureSettings = field(default_factory=FeatureSettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)


@dataclass
class CampaignVerdictConfig:
    """The configuration of the verdict on a campaign.

    Attributes:
        campaign: the folder of the plan.
        input: the log of what happened since.
        contacted: a CSV file with the column customer_id, of who was contacted.
        cost: currency, what was spent; null = what the plan expected.
    """

    campaign: str = "???"
    input: str = "???"
    contacted: str | None = None
    cost: float | None = number(None, Bounds(0, CURRENCY, technical=True, hint=" (currency)", remedy="or null."))
    data: DataSettings = field(default_factory=DataSettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)

    def __post_init__(self) -> None:
        """Check the cost."""
        check_numbers(self)


@dataclass
class ScoreConfig(InputConfig):
    """The configuration of scoring."""

    output: str = "???"
    horizon_days: int | None = number(None, Bounds(1, CENTURY_DAYS, technical=True))
    targets: str | None = None
    audiences: str | None = None
    contacts: str | None = None
    phone_country_code: str | None = None
    budget: float | None = number(
        None, Bounds(0, CURRENCY, technical=True, hint=" (currency)", remedy="or null for no limit.")
    )
    curve_days: list[int] = numbers([], Bounds(1, CENTURY_DAYS, technical=True, remedy="such as [30,60,90]."))
    history: HistorySettings = field(default_factory=HistorySettings)
    engine: ScoringEngineSettings = field(default_factory=ScoringEngineSettings)

    def __post_init__(self) -> None:
        """Check the numbers, and the settings of audiences."""
        super().__post_init__()
        once = len(set(self.curve_days)) == len(self.curve_days)
        require(once, f"curve_days={self.curve_days} repeats a number.", remedy="each once, such as [30,60,90].")
        code = self.phone_country_code
        plain = code is None or re.fullmatch(r"[1-9]\d{0,2}", code) is not None
        require(plain, f"phone_country_code={code}: no country code.", remedy="digits alone, such as 39.")
        named = self.contacts is None or self.audiences is not None
        require(named, "contacts is for audience files.", remedy="name their folder: audiences=folder.")


@dataclass
class PageConfig(InputConfig):
    """A file that a bundle reads, and the language of the page that is printed about it."""

    def __post_init__(self) -> None:
        """Check the language of the page."""
        super().__post_init__()
        require(self.language in LANGUAGES, f"language is {self.language!r}.", remedy=f"{' or '.join(LANGUAGES)}.")


@dataclass
class CustomerConfig(PageConfig):
    """The configuration of the page on one customer."""

    id: str = "???"


@dataclass
class MonitorConfig(PageConfig):
    """The configuration of monitoring."""

    monitoring: MonitoringSettings = field(default_factory=MonitoringSettings)


@dataclass
class RetrainConfig(MonitorConfig):
    """The configuration of retraining: from `max_age_days` on a bundle is old; `force` trains in any case."""

    max_age_days: int = number(180, Bounds(1, CENTURY_DAYS, technical=True))
    force: bool = False


@dataclass
class ForgetConfig:
    """The configuration of forgetting: the file with the customers' ids."""

    customers: str = "???"
    tracking: TrackingSettings = field(default_factory=TrackingSettings)


@dataclass
class ReportConfig:
    """The configuration of a report; `extensions` as for training."""

    data: DataSettings = field(default_factory=DataSettings)
    report: ReportSettings = field(default_factory=ReportSettings)
    economics: EconomicsSettings = field(default_factory=EconomicsSettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)
    extensions: list[str] = field(default_factory=list)
    out: str | None = None
    model: str | None = None


@dataclass
class UiConfig:
    """The configuration of a local server."""

    port: int = number(5000, Bounds(1, 65_535))
    host: str = "127.0.0.1"
    tracking: TrackingSettings = field(default_factory=TrackingSettings)

    def __post_init__(self) -> None:
        """Check the port."""
        check_numbers(self)


@dataclass
class ServeConfig(UiConfig):
    """The configuration of serving a bundle; `waiting` and the fields after it are the server's limits."""

    model: str | None = None
    tables: dict[str, str] = field(default_factory=dict)
    hosts: list[str] = field(default_factory=list)
    waiting: int = number(250, Bounds(1, 10_000))
    max_body_mb: int = number(32, Bounds(1, 10_000))
    request_seconds: float = number(10.0, Bounds(0.1, 3_600))


SCHEMAS: dict[str, type] = {
    "inspect": InspectConfig,
    "train": TrainConfig,
    "entry": EntryConfig,
    "leaderboard": LeaderboardConfig,
    "export": ExportConfig,
    "rollback": RollbackConfig,
    "score": ScoreConfig,
    "customer": CustomerConfig,
    "campaign-table": CampaignTableConfig,
    "campaign-plan": CampaignPlanConfig,
    "campaign-judge": CampaignVerdictConfig,
    "monitor": MonitorConfig,
    "retrain": RetrainConfig,
    "forget": ForgetConfig,
    "report": ReportConfig,
    "serve": ServeConfig,
    "ui": UiConfig,
}
