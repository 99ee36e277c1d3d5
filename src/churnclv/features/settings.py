"""What can be chosen about features."""

from dataclasses import dataclass, field

from ..errors import require


@dataclass
class FeatureSettings:
    """Families by name (built in, or `path/to/file.py:function`) and the windows they look back over, in days."""

    families: list[str] = field(
        default_factory=lambda: ["recency", "frequency", "money", "cadence", "trend", "calendar", "attributes"]
    )
    lookback_days: list[int] = field(default_factory=lambda: [30, 90, 180, 365])
    half_life_days: list[int] = field(default_factory=lambda: [30, 90])

    def __post_init__(self) -> None:
        """Check the ranges."""
        require(
            len(self.families) > 0,
            "features.families is empty.",
            remedy="name at least one, such as recency.",
        )
        for name in ("lookback_days", "half_life_days"):
            for days in getattr(self, name):
                require(days >= 1, f"features.{name} holds {days}, allowed is 1 or more.")
