"""A cache of computed figures: a killed run, or one that differs elsewhere, does not compute them again."""

from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any

from ..files import digest, read_json, write_json


class FigureCache:
    """Numbers by key, kept in a JSON file; without a file nothing is kept."""

    def __init__(self, path: Path | None = None) -> None:
        """Read the file, if there is one."""
        self._path = path
        self._figures: dict[str, float] = read_json(path) if path is not None and path.is_file() else {}

    def get(self, what: Any, compute: Callable[[], float]) -> float:
        """Return the number cached for `what`, or compute and keep it."""
        key = digest(what)
        if key in self._figures:
            return self._figures[key]
        figure = compute()
        if self._path is not None and isfinite(figure):  # JSON has no NaN or infinity
            self._figures[key] = figure
            write_json(self._path, self._figures)
        return figure
