"""Settings of tuning: trials, seed, and the search ranges by name."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ..clv.purchase_models import PURCHASE_MODELS
from ..clv.settings import BOOSTING_BOUNDS, TREES, ClvSettings
from ..errors import require
from ..ranges import LARGEST_SEED, Bounds, bounds_of, check_numbers, number, require_within

_ANY = Bounds(-1e12, 1e12)


class Kind(Enum):
    """The type of a tuned value."""

    float = "float"
    int = "int"
    choice = "choice"


@dataclass
class Range:
    """A search range: low to high, inclusive (`log` searches orders of magnitude), or a list of choices."""

    kind: Kind = Kind.float
    low: float = number(0.0, _ANY)
    high: float = number(1.0, _ANY)
    log: bool = False
    choices: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Check that the range can be searched."""
        check_numbers(self, "a search range")
        if self.kind is Kind.choice:
            require(len(self.choices) > 0, "a search range of kind choice needs choices.")
            return
        require(self.low <= self.high, f"a search range has low={self.low} above high={self.high}.")
        require(not self.log or self.low > 0, f"a logarithmic search range needs low above 0, not {self.low}.")

    @property
    def values(self) -> list[float]:
        """Return the numbers that stand for the range: both ends, or all choices that are numbers."""
        if self.kind is not Kind.choice:
            return [self.low, self.high]
        return [choice for choice in self.choices if isinstance(choice, int | float) and not isinstance(choice, bool)]


@dataclass
class TuningSettings:
    """How many trials (complete and pruned ones count) each study has, from which seed, over which ranges.

    `clv` are the ranges of the BTYD models (each model brings those of its own hyperparameters), `boosting` those of
    the trees of `boosted` and `hybrid`. `prune` stops trials that are poor on the first folds. `workers` processes
    evaluate as many trials at a time; one process writes. `storage` is the address of a database for the trials, such
    as a Postgres server's; null = SQLite beside the runs.
    One run at a time may work on a study. `max_search_rows` of a fold's training rows are enough to compare trials of
    the churn trees; the best trials are compared on all of them.
    """

    n_trials: int = number(30, Bounds(1, 100_000, technical=True))
    seed: int = number(0, Bounds(0, LARGEST_SEED, technical=True))
    prune: bool = True
    workers: int = number(1, Bounds(1, 256, technical=True))
    storage: str | None = None
    max_customers: int | None = number(None, Bounds(100, 1_000_000_000, technical=True))
    max_search_rows: int | None = number(None, Bounds(1000, 1_000_000_000, technical=True))
    churn: dict[str, Range] = field(default_factory=dict)
    clv: dict[str, Range] = field(default_factory=dict)
    boosting: dict[str, Range] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the ranges."""
        check_numbers(self, "tuning")
        own = {name: one.bounds for kind in PURCHASE_MODELS.values() for name, one in kind.hyperparameters.items()}
        purchases = {**bounds_of(ClvSettings), **own}
        trees = {**BOOSTING_BOUNDS, "rounds": TREES}
        for side, allowed in (("churn", BOOSTING_BOUNDS), ("clv", purchases), ("boosting", trees)):
            for name, searched in getattr(self, side).items():
                for value in searched.values:
                    if isinstance(bounds := allowed.get(name), Bounds):
                        require_within(f"tuning.{side}.{name} searches what", value, bounds)
