"""The settings of tracking."""

from dataclasses import dataclass

from ..errors import require_name


@dataclass
class TrackingSettings:
    """Where runs are kept, under which experiment (null: the data's name), and whether customer ids may go there.

    `repeat` trains again where a finished run of the same data, choices and code exists.
    """

    home: str = "mlruns"
    experiment: str | None = None
    repeat: bool = False

    def __post_init__(self) -> None:
        """Check the name, which becomes a folder and a registered model."""
        if self.experiment is not None:
            require_name("tracking.experiment", self.experiment)
