"""What can be chosen about the report."""

from dataclasses import dataclass, field

from ..churn.phrases.catalogue import LANGUAGES
from ..errors import require
from .periods import Period

CELLS = ("high_high", "high_middle", "high_low", "middle_high", "middle_middle", "middle_low",
         "low_high", "low_middle", "low_low")  # fmt: skip


@dataclass
class ReportSettings:
    """What the report looks at.

    Attributes:
        language: `en` or `it`.
        period: what is compared with the one before and the year before.
        as_of: the report knows what happened before this day; null = midnight after the last event.
        ladder_days: within how many days a next order counts as a step up the ladder; null = 180, or a third of a
            log that is shorter than three times that.
        ladder_rungs: how many steps of the ladder are shown.
        early_days: a customer's first days, in which signs of later value are looked for.
        value_days: over how many days value is measured.
        superstar_share: the share of customers, by spend, among whom superstars are sought.
        funnel_steps: names of actions in their order, `order` for a purchase; empty = found in the events.
        conversion_days: an order within so many days after a message counts as its conversion.
        costs: CSV of acquisition costs with the columns date, cost; null = not known.
        thresholds: segments.json of an earlier report, whose thresholds are taken again; null = learned now.
        plays: `churn_value` cell -> what to do, over the report's own words; churn and value are high, middle, low.
        most_clusters: the largest number of clusters tried.
        sample: the most customers whose rows are held at once by statistics that need rows.
        draws: repetitions of bootstraps and simulations.
        seed: of everything drawn.
    """

    language: str = "en"
    period: Period = Period.month
    as_of: str | None = None
    ladder_days: int | None = None
    ladder_rungs: int = 6
    early_days: int = 30
    value_days: int = 365
    superstar_share: float = 0.2
    funnel_steps: list[str] = field(default_factory=list)
    conversion_days: int = 7
    costs: str | None = None
    thresholds: str | None = None
    plays: dict[str, str] = field(default_factory=dict)
    most_clusters: int = 7
    sample: int = 20_000
    draws: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the ranges."""
        known = f"allowed are {', '.join(LANGUAGES)}."
        require(self.language in LANGUAGES, f"report.language is {self.language!r}.", remedy=known)
        for name in ("ladder_rungs", "early_days", "value_days", "conversion_days", "draws"):
            value = getattr(self, name)
            require(value >= 1, f"report.{name} is {value}, allowed is 1 or more.")
        days = self.ladder_days
        require(days is None or days >= 1, f"report.ladder_days is {days}, allowed is null or 1 or more.")
        share = self.superstar_share
        require(0 < share < 1, f"report.superstar_share is {share}, allowed is above 0 and below 1.")
        require(self.most_clusters >= 2, f"report.most_clusters is {self.most_clusters}, allowed is 2 or more.")  # noqa: PLR2004 # one is none
        require(self.sample >= 100, f"report.sample is {self.sample}, allowed is 100 or more.")  # noqa: PLR2004 # or nothing is seen
        steps = self.funnel_steps
        require(len(set(steps)) == len(steps), f"report.funnel_steps names a step twice: {', '.join(steps)}.")
        require(
            len(steps) != 1, f"report.funnel_steps is {steps[:1]}: one step has no conversion.", remedy="two steps."
        )
        unknown = sorted(set(self.plays) - set(CELLS))
        require(not unknown, f"report.plays names the cells {unknown}.", remedy=f"allowed are {', '.join(CELLS)}.")
