"""Shared scoring: requests that arrive while others are scored share the next pass."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pandas as pd

_MOST_ROWS = 5_000  # of a pass: more rows take longer, and save nothing


@dataclass(eq=False)
class _Waiting:
    """A request, and what became of it."""

    events: pd.DataFrame
    as_of: str
    scores: pd.DataFrame | None = None
    error: Exception | None = None

    @property
    def is_done(self) -> bool:
        return self.scores is not None or self.error is not None


class SharedScoring:
    """A scorer that many threads call: one scores at a time, for all that wait and can be joined.

    Every caller gets what it gets alone. Where a joined pass fails, or a bundle's code is of an earlier version, each
    request is scored alone, so that one caller's fault is no other's.
    """

    def __init__(self, scorer: Any) -> None:
        """Keep the scorer."""
        self.scorer = scorer
        self._turn, self._guard = threading.Lock(), threading.Lock()
        self._queue: list[_Waiting] = []

    def predict(self, events: pd.DataFrame, as_of: str | None = None, **tables: Any) -> pd.DataFrame:
        """Return the score rows of a frame of raw events."""
        if as_of is None or tables or not hasattr(self.scorer, "predict_together"):
            with self._turn:
                scores: pd.DataFrame = self.scorer.predict(events, as_of, **tables)
                return scores
        with self._waiting(_Waiting(events, as_of)) as own, self._turn:
            if not own.is_done:
                self._score(self._take_with(own))
        if own.scores is None:
            raise own.error or RuntimeError
        return own.scores

    @contextmanager
    def _waiting(self, own: _Waiting) -> Iterator[_Waiting]:
        with self._guard:
            self._queue.append(own)
        try:
            yield own
        finally:
            with self._guard:
                if own in self._queue:
                    self._queue.remove(own)

    def _take_with(self, own: _Waiting) -> list[_Waiting]:
        """Take a request and those with the same day that fit into its pass out of the queue."""
        taken, rows = [own], len(own.events)
        with self._guard:
            for other in self._queue:
                if other is not own and other.as_of == own.as_of and rows + len(other.events) <= _MOST_ROWS:
                    taken.append(other)
                    rows += len(other.events)
            self._queue = [other for other in self._queue if other not in taken]
        return taken

    def _score(self, requests: list[_Waiting]) -> None:
        shared = self._together(requests) if len(requests) > 1 else None
        for place, request in enumerate(requests):
            try:
                request.scores = self.scorer.predict(request.events, request.as_of) if shared is None else shared[place]
            except Exception as error:  # noqa: BLE001 # its own thread raises it
                request.error = error

    def _together(self, requests: list[_Waiting]) -> list[pd.DataFrame] | None:
        try:
            frames = [request.events for request in requests]
            scores: list[pd.DataFrame] | None = self.scorer.predict_together(frames, requests[0].as_of)
        except Exception:  # noqa: BLE001 # each alone says whose fault it is
            return None
        return scores
