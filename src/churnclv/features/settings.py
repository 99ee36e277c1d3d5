"""Settings of features."""

import re
from dataclasses import dataclass, field

from ..errors import require
from ..ranges import CENTURY_DAYS, Bounds, check_numbers, numbers

_FAMILIES = (
    "recency", "frequency", "money", "cadence", "trend", "calendar", "attributes",
    "basket", "journey", "engagement", "referral", "treatments", "contract",
)  # fmt: skip
_DAYS = Bounds(1, CENTURY_DAYS, technical=True)


@dataclass
class FeatureSettings:
    """Which features are computed, and over which windows.

    Attributes:
        families: by name, built in or `path/to/file.py:function`; see `present_families` for logs without their events.
        lookback_days: lengths of windows that end at the cutoff.
        half_life_days: after so many days a purchase counts half.
        actions: names of actions that are counted one by one, as the log writes them.
        channels: channels of messages that are counted one by one, as the log writes them.
    """

    families: list[str] = field(default_factory=lambda: list(_FAMILIES))
    lookback_days: list[int] = numbers([30, 90, 180, 365], _DAYS)
    half_life_days: list[int] = numbers([30, 90], _DAYS)
    actions: list[str] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Check the ranges."""
        require(
            len(self.families) > 0,
            "features.families is empty.",
            remedy="name at least one, such as recency.",
        )
        check_numbers(self, "features")
        for name in ("actions", "channels"):
            _check_names(name, getattr(self, name))


def as_name(name: str) -> str:
    """Return a name from the log as part of a column's name: lower case, runs of other signs than letters as one _."""
    return re.sub(r"[\W_]+", "_", name.lower()).strip("_")


def _check_names(setting: str, names: list[str]) -> None:
    """Raise `InputError` where a name gives no column name, or two names the same one."""
    columns = [as_name(name) for name in names]
    for place, (name, column) in enumerate(zip(names, columns, strict=True)):
        subject = f"features.{setting} holds {name!r}"
        require(column != "", f"{subject}, which has no letter or digit.", remedy="write it as in the log.")
        require("\0" not in name, f"{subject}, which has a null byte.", remedy="leave it out; no query can name it.")
        twin = names[columns.index(column)]
        remedy = f"their columns would both be called {column}: leave one out."
        require(columns.index(column) == place, f"{subject} beside {twin!r}.", remedy=remedy)
