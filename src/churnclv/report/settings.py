"""The settings of the report and their ranges."""

from dataclasses import dataclass, field

from ..errors import require
from ..explain.phrases.phrase import LANGUAGES
from ..ranges import CENTURY_DAYS, CURRENCY, LARGEST_SEED, Bounds, check_numbers, number, numbers
from .periods import Period

CELLS = ("high_high", "high_middle", "high_low", "middle_high", "middle_middle", "middle_low",
         "low_high", "low_middle", "low_low")  # fmt: skip

_DAYS = Bounds(1, CENTURY_DAYS, technical=True)


@dataclass
class ReportSettings:
    """Settings of the report.

    Attributes:
        language: `en` or `it`.
        period: the length of the periods that are compared.
        as_of: the report uses the events before this day; null = midnight after the last event.
        ladder_days: within how many days a next order counts as a step up the ladder; null = 180, or a third of a
            log that is shorter than three times that.
        ladder_rungs: how many steps of the ladder are shown.
        early_days: the number of first days of a customer that are searched for signs of later value.
        value_days: over how many days value is measured.
        superstar_share: the share of customers, by spend, from whom superstars are selected.
        funnel_steps: names of actions in their order, `order` for a purchase, `contract_start` for a contract; empty =
            derived from the events.
        conversion_days: an order within so many days after a message counts as its conversion.
        involuntary_reasons: reasons of ended contracts that are not the customer's choice, such as a failed payment;
            survival then has the two causes apart.
        costs: CSV of acquisition costs with the columns date, cost; null = none.
        campaigns: folders of campaigns with a verdict, which the report then shows.
        effects: the folder of a bundle that has learned from an experiment, whose effects the report then shows; null =
            none.
        thresholds: segments.json of an earlier report, whose thresholds are used again; null = computed now.
        plays: `churn_value` cell -> what to do, replacing the report's default; churn and value are high, middle, low.
        churn_bands: two churn scores, from which on a customer's churn is middle, and high; empty = thirds of the
            customers.
        value_bands: the same of value: two amounts of CLV.
        most_clusters: the largest number of clusters tried.
        sample: the largest number of customers in statistics that hold single rows in memory.
        draws: repetitions of bootstraps and simulations.
        seed: of all random draws.
    """

    language: str = "en"
    period: Period = Period.month
    as_of: str | None = None
    ladder_days: int | None = number(None, _DAYS)
    ladder_rungs: int = number(6, Bounds(1, 50))
    early_days: int = number(30, _DAYS)
    value_days: int = number(365, _DAYS)
    superstar_share: float = number(0.2, Bounds(0, 1, above=True, below=True))
    funnel_steps: list[str] = field(default_factory=list)
    conversion_days: int = number(7, _DAYS)
    involuntary_reasons: list[str] = field(default_factory=list)
    costs: str | None = None
    campaigns: list[str] = field(default_factory=list)
    effects: str | None = None
    thresholds: str | None = None
    plays: dict[str, str] = field(default_factory=dict)
    churn_bands: list[float] = numbers([], Bounds(0, 1))
    value_bands: list[float] = numbers([], Bounds(0, CURRENCY, technical=True, hint=" (currency)"))
    most_clusters: int = number(7, Bounds(2, 30))  # one cluster is no grouping
    sample: int = number(20_000, Bounds(100, 10_000_000, technical=True))  # fewer are too few for statistics
    draws: int = number(200, Bounds(1, 100_000, technical=True))
    seed: int = number(0, Bounds(0, LARGEST_SEED, technical=True))

    def __post_init__(self) -> None:
        """Check the ranges."""
        allowed = f"allowed are {', '.join(LANGUAGES)}."
        require(self.language in LANGUAGES, f"report.language is {self.language!r}.", remedy=allowed)
        check_numbers(self, "report")
        for name, example in (("churn_bands", "[0.1,0.3]"), ("value_bands", "[50,200]")):
            bands = getattr(self, name)
            fits = not bands or (len(bands) == 2 and bands[0] < bands[1])  # noqa: PLR2004 # between three bands
            remedy = f"two numbers, the smaller first, such as {example}; or [] for thirds of the customers."
            require(fits, f"report.{name} is {bands}.", remedy=remedy)
        steps = self.funnel_steps
        require(len(set(steps)) == len(steps), f"report.funnel_steps names a step twice: {', '.join(steps)}.")
        require(
            len(steps) != 1, f"report.funnel_steps is {steps[:1]}: one step has no conversion.", remedy="two steps."
        )
        reasons = self.involuntary_reasons
        blank = any(not reason.strip() for reason in reasons)
        require(not blank, "report.involuntary_reasons holds an empty reason.", remedy="write it as in the data.")
        doubled = len(set(reasons)) != len(reasons)
        require(not doubled, f"report.involuntary_reasons names a reason twice: {', '.join(reasons)}.")
        unknown = sorted(set(self.plays) - set(CELLS))
        require(not unknown, f"report.plays names the cells {unknown}.", remedy=f"allowed are {', '.join(CELLS)}.")
