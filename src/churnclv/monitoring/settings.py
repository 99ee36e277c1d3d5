"""Settings of monitoring: how long scorings are kept, and how often a false alarm is accepted."""

from dataclasses import dataclass

from ..ranges import CENTURY_DAYS, Bounds, check_numbers, number


@dataclass
class HistorySettings:
    """The history of scorings.

    Attributes:
        record: false leaves no record of a scoring.
        keep_days: scorings older than that are removed when the next one is recorded.
    """

    record: bool = True
    keep_days: int = number(1100, Bounds(1, CENTURY_DAYS, technical=True))

    def __post_init__(self) -> None:
        """Check the ranges."""
        check_numbers(self, "history")


@dataclass
class MonitoringSettings:
    """When monitoring calls for attention.

    Attributes:
        false_alarm_share: of runs on data that have not changed, the share in which drift gives an alarm.
    """

    false_alarm_share: float = number(0.01, Bounds(0, 1, above=True, below=True))

    def __post_init__(self) -> None:
        """Check the ranges."""
        check_numbers(self, "monitoring")
