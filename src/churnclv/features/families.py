"""The families by name: the built-in ones, and custom ones from a file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import ibis

from ..errors import listed, require
from ..files import load_named, locate
from .attributes import attributes
from .basket import basket
from .cadence import cadence
from .calendar import calendar
from .contract_terms import contract
from .engagement import engagement
from .frequency import frequency
from .journey import journey
from .money import money
from .purchase_history import purchase_history
from .recency import recency
from .referral import referral
from .settings import FeatureSettings
from .trend import trend

Family = Callable[[Any, FeatureSettings], Any]
_OF_ORDERS = (recency, frequency, money, cadence, trend, calendar)
_OF_OPTIONAL_EVENTS = (basket, journey, engagement, referral, contract)
BUILT_IN: dict[str, Family] = {
    family.__name__: family for family in (*_OF_ORDERS, attributes, *_OF_OPTIONAL_EVENTS, purchase_history)
}


@dataclass(frozen=True)
class Need:
    """Events that a family uses: of one of the kinds, with one of the columns filled where any is named."""

    kinds: tuple[str, ...]
    columns: tuple[str, ...] = ()

    def holds(self, events: Any) -> Any:
        """Return, per event, whether it is one of them."""
        filled = [events[column].notnull() for column in self.columns]
        return events.kind.isin(self.kinds) & (ibis.or_(*filled) if filled else ibis.literal(True))


NEEDS: dict[str, tuple[Need, ...]] = {
    **{family.__name__: (Need(("order",)),) for family in (*_OF_ORDERS, purchase_history)},
    "basket": (Need(("order",), ("item", "category")), Need(("discount",))),
    "journey": (Need(("action",)),),
    "engagement": (Need(("send", "open", "click", "unsubscribe")),),
    "referral": (Need(("referral",)),),
    "contract": (Need(("contract_start",)),),
}  # any one of several; a family without an entry needs no events


def present_families(events: Any, names: Sequence[str], until: datetime) -> list[str]:
    """Return those of the families whose events the log has before `until`, in their order; custom families all stay.

    `events` is the canonical event table, uncut. With the last training cutoff as `until`, events that are only in the
    sealed window or the horizon switch no family on.

    Raises:
        InputError: none is present.
    """
    needed = {name: NEEDS[name] for name in names if name in NEEDS}
    past = events.filter(events.timestamp < ibis.timestamp(f"{until:%Y-%m-%d %H:%M:%S.%f}"))
    sums = {name: ibis.or_(*[need.holds(past) for need in needs]).sum().fill_null(0) for name, needs in needed.items()}
    counts = past.aggregate(**sums).execute().iloc[0] if sums else {}
    present = [name for name in names if name not in needed or counts[name] > 0]
    require(
        len(present) > 0,
        f"features.families: the log has no events for {listed(list(names))} before {until:%Y-%m-%d}.",
        remedy=f"name others; allowed are {', '.join(BUILT_IN)}, or path/to/file.py:function.",
    )
    return present


def find_family(name: str) -> Family:
    """Return the family function: a built-in name, or `path/to/file.py:function`.

    Raises:
        InputError: no such family, file or function.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    allowed = f"allowed are {', '.join(BUILT_IN)}, or path/to/file.py:function."
    return load_named(name, "features.families", "family", "function", allowed)  # type: ignore[no-any-return] # a user's function


def custom_files(names: list[str]) -> list[Path]:
    """Return the files of the families that are not built in."""
    return [locate(Path(name.rpartition(":")[0])) for name in names if name not in BUILT_IN]
