"""Event sketches: compact hashes of a log's events that show whether two logs are of the same shop, without ids.

The hash of each event (customer, day, kind, amount) sets one bit of a short bit array. For a log of the same shop (a
subset of customers, a longer log, a later start) nearly every earlier event has its bit set. For another shop, the
share of events with a set bit is the share of set bits, about half. So a set bit is no evidence that a customer or an
event is in the log, and ids can neither be read from a sketch nor guessed.
"""

from dataclasses import dataclass
from datetime import datetime
from math import ceil, log2
from typing import Any

import ibis
import numpy as np
from numpy.typing import NDArray

from .fingerprint import row_hash

MOST_EVENTS = 16_384
FEWEST_EVENTS = 20
_FEWEST_BITS = 64
_HASHED = ("customer_id", "day", "kind", "amount")


@dataclass
class EventSketch:
    """The bits of a log's events as hexadecimal digits; `every` is the sampling rate: one of `every` hashes is used."""

    bits: str
    every: int = 1

    @property
    def is_set(self) -> NDArray[np.bool_]:
        """The bits, (m,)."""
        return np.unpackbits(np.frombuffer(bytes.fromhex(self.bits), dtype=np.uint8)).astype(bool)


@dataclass(frozen=True)
class Overlap:
    """The overlap of a log and a sketch: compared events, events whose bit is set, and the share of set bits."""

    events: int
    hits: int
    filled: float

    @property
    def measured(self) -> bool:
        """Whether there are enough events for an estimate."""
        return self.events >= FEWEST_EVENTS and self.filled < 1.0

    @property
    def share(self) -> float:
        """The estimated share of the log's events that are in the sketched log, 0..1."""
        chance = (self.hits / self.events - self.filled) / (1.0 - self.filled)
        return float(min(max(chance, 0.0), 1.0))


def sketch_events(table: Any, until: datetime) -> EventSketch:
    """Return the sketch of the canonical events before `until`."""
    events = int(_before(table, until).count().execute())
    every = 2 ** ceil(log2(max(events / MOST_EVENTS, 1.0)))
    taken = _hashes(table, until, every)
    size = max(2 ** ceil(log2(max(len(taken), 1))), _FEWEST_BITS)
    is_set = np.zeros(size, dtype=bool)
    is_set[taken % size] = True
    return EventSketch(np.packbits(is_set).tobytes().hex(), every)


def compare_events(sketch: EventSketch, table: Any, until: datetime) -> Overlap:
    """Return the overlap of the canonical events before `until` and a sketch."""
    is_set, taken = sketch.is_set, _hashes(table, until, sketch.every)
    return Overlap(len(taken), int(is_set[taken % len(is_set)].sum()), float(is_set.mean()))


def _before(table: Any, until: datetime) -> Any:
    return table.filter(table.timestamp < ibis.timestamp(f"{until:%Y-%m-%d %H:%M:%S.%f}"))


def _hashes(table: Any, until: datetime, every: int) -> NDArray[np.uint64]:
    """Return the sampled hashes of distinct events, divided by `every`."""
    dated = _before(table, until).mutate(day=table.timestamp.date())
    hashed = dated.select(hash=row_hash(dated, _HASHED)).distinct()
    taken = hashed.filter(hashed.hash % every == 0).order_by("hash").execute()["hash"]
    return np.asarray(taken.to_numpy(dtype=np.uint64) // np.uint64(every))
