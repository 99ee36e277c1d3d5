"""Leakage of custom families: features of a past may depend neither on later events nor on customers' names."""

import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd

from ..data.engine import EngineSettings, connect
from ..data.events import EVENTS
from ..scratch import scratch
from ..snapshots.history import KEYS, cut_history
from .families import BUILT_IN, find_family
from .settings import FeatureSettings

_MASK = "~"  # put before every customer's id
_CLOSE = 1e-9  # relative: threads add floats in another order


def find_leaks(events: Any, cutoffs: Sequence[datetime], settings: FeatureSettings) -> list[str]:
    """Return a sentence for each custom family and cutoff where it used more than the cut history; empty if none did.

    At every cutoff the family is computed twice: on the log as it is, and on a copy, in another engine, that ends at
    the cutoff and in which every customer has another id. The results differ for a family that reads uncut events, or
    customers from elsewhere. `events` is the canonical event table, uncut.
    """
    custom = [name for name in settings.families if name not in BUILT_IN]
    if not custom:
        return []
    return [leak for cutoff in cutoffs for leak in _find_at(events, cutoff, custom, settings)]


def _find_at(events: Any, cutoff: datetime, names: Sequence[str], settings: FeatureSettings) -> Iterator[str]:
    with scratch(Path(tempfile.gettempdir())) as folder:
        path = folder / "past.parquet"
        _mask(events, cutoff).to_parquet(path)
        connection = connect(EngineSettings())
        past = connection.create_table(EVENTS, connection.read_parquet(path), temp=True)
        for name in names:
            if difference := _compare(name, events, past, cutoff, settings):
                yield f"family {name} at {cutoff:%Y-%m-%d}: {difference}"


def _mask(events: Any, cutoff: datetime) -> Any:
    """Return the events before the cutoff, with other customer ids."""
    past = events.filter(events.timestamp < ibis.timestamp(f"{cutoff:%Y-%m-%d %H:%M:%S.%f}"))
    masked = {name: ibis.literal(_MASK) + past[name] for name in ("customer_id", "other_id")}
    return past.mutate(**masked)


def _compare(name: str, events: Any, past: Any, cutoff: datetime, settings: FeatureSettings) -> str:
    """Return how a family's two results differ, as text; empty where they do not."""
    family = find_family(name)
    usual = family(cut_history(events, [cutoff]), settings).execute()
    try:
        masked = family(cut_history(past, [cutoff]), settings).execute()
    except Exception as error:  # noqa: BLE001 # a custom family may raise anything
        return f"it fails where nothing but the past is there ({type(error).__name__})"
    masked = masked.assign(customer_id=masked["customer_id"].str.removeprefix(_MASK))
    return _difference(usual, masked)


def _difference(usual: pd.DataFrame, masked: pd.DataFrame) -> str:
    both = usual.merge(masked, on=list(KEYS), how="outer", suffixes=("", " masked"), indicator="present in")
    alone = int((both["present in"] != "both").sum())
    if alone:
        return f"{alone:,} rows come and go with later events or customers' names"
    for column in (name for name in usual.columns if name not in KEYS):
        changed = int((~_equal(both[column], both[f"{column} masked"])).sum())
        if changed:
            return f"{column} of {changed:,} customers changes with later events or customers' names"
    return ""


def _equal(one: "pd.Series[Any]", other: "pd.Series[Any]") -> Any:
    missing = one.isna() & other.isna()
    if pd.api.types.is_numeric_dtype(one) and pd.api.types.is_numeric_dtype(other):
        left, right = (column.to_numpy(dtype=float, na_value=np.nan) for column in (one, other))
        return missing | np.isclose(left, right, rtol=_CLOSE, atol=0.0, equal_nan=True)
    return missing | (one.astype(object) == other.astype(object))
