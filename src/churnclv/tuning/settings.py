"""What can be chosen about tuning: trials, seed, and the search ranges by name."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ..errors import require


class Kind(Enum):
    """What a tuned value is."""

    float = "float"
    int = "int"
    choice = "choice"


@dataclass
class Range:
    """A search range: low to high, inclusive (`log` searches orders of magnitude), or a list of choices."""

    kind: Kind = Kind.float
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    choices: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Check that the range can be searched."""
        if self.kind is Kind.choice:
            require(len(self.choices) > 0, "a search range of kind choice needs choices.")
            return
        require(self.low <= self.high, f"a search range has low={self.low} above high={self.high}.")
        require(not self.log or self.low > 0, f"a logarithmic search range needs low above 0, not {self.low}.")


@dataclass
class TuningSettings:
    """How many trials (complete and pruned ones count) each study has, from which seed, over which ranges.

    `clv` are the ranges of the formulas, `boosting` those of the trees of `boosted` and `hybrid`. `prune` stops trials
    that the first folds show to be poor. `workers` processes evaluate as many trials at a time; one process writes.
    `storage` is the address of a database for the trials, such as a Postgres server's; null = SQLite beside the runs.
    One run at a time may work on a study.
    """

    n_trials: int = 30
    seed: int = 0
    prune: bool = True
    workers: int = 1
    storage: str | None = None
    churn: dict[str, Range] = field(default_factory=dict)
    clv: dict[str, Range] = field(default_factory=dict)
    boosting: dict[str, Range] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the ranges."""
        require(self.n_trials >= 1, f"tuning.n_trials is {self.n_trials}, allowed is 1 or more.")
        require(self.workers >= 1, f"tuning.workers is {self.workers}, allowed is 1 or more.")
        require(self.seed >= 0, f"tuning.seed is {self.seed}, allowed is 0 or more.")
