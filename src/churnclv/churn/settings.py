"""What can be chosen about churn models."""

from dataclasses import dataclass, field
from enum import Enum

from ..errors import require


class Calibration(Enum):
    """How raw probabilities become churn scores; `auto` chooses on the validation folds."""

    auto = "auto"
    none = "none"
    sigmoid = "sigmoid"
    isotonic = "isotonic"


@dataclass
class ChurnSettings:
    """The model of leaving, and its parameters when nothing is tuned.

    Attributes:
        name: the family, `xgboost`.
        parameters: passed to XGBoost beneath the tuned ones.
        max_rounds: most boosting rounds a fold may take.
        patience_rounds: a fold stops after so many rounds without improvement.
        threads: XGBoost's threads; 0 takes all cores. The result does not depend on it.
        calibration: how probabilities are calibrated.
    """

    name: str = "xgboost"
    parameters: dict[str, float] = field(default_factory=dict)
    max_rounds: int = 600
    patience_rounds: int = 30
    threads: int = 0
    calibration: Calibration = Calibration.auto

    def __post_init__(self) -> None:
        """Check the ranges."""
        require(self.name == "xgboost", f"churn.name is {self.name!r}, allowed is 'xgboost'.")
        for name in ("max_rounds", "patience_rounds"):
            require(getattr(self, name) >= 1, f"churn.{name} is {getattr(self, name)}, allowed is 1 or more.")
        require(self.threads >= 0, f"churn.threads is {self.threads}, allowed is 0 or more.")
