"""The leaderboard: entries evaluated on the same rows, ranked by validation, compared with the incumbent by draw."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..errors import require
from ..evaluation.bootstrap import Interval
from .entry_folder import Entry
from .result import METRICS, Result


@dataclass(frozen=True)
class Row:
    """A ranked entry: its place, its result, and its differences to the incumbent on validation and the sealed test."""

    place: int
    entry: str
    result: Result
    valid: Interval | None
    test: Interval | None


@dataclass(frozen=True)
class Ranking:
    """The ranking on one data set, and the entries apart from it, with the reason."""

    dataset: str
    metric: str
    incumbent: str
    rows: list[Row]
    apart: dict[str, str]

    @property
    def reference(self) -> Result | None:
        """The incumbent's result."""
        return next((row.result for row in self.rows if row.entry == self.incumbent), None)


def rank_entries(entries: Iterable[Entry], metric: str, incumbent: str) -> list[Ranking]:
    """Return one ranking per data set, by name; the order of `entries` has no effect.

    Results are comparable if they were evaluated on the same rows as the incumbent's, or, without it, as most results.

    Raises:
        InputError: an unknown metric, or a file that is no result.
    """
    require(metric in METRICS, f"leaderboard.metric is {metric!r}.", remedy=f"allowed are {', '.join(METRICS)}.")
    results = {entry.name: entry.results() for entry in sorted(entries, key=lambda entry: entry.name)}
    datasets = sorted({dataset for by_dataset in results.values() for dataset in by_dataset})
    return [_rank(dataset, results, metric, incumbent) for dataset in datasets]


def _rank(dataset: str, entries: Mapping[str, Mapping[str, Result]], metric: str, incumbent: str) -> Ranking:
    results = {name: by_dataset[dataset] for name, by_dataset in entries.items() if dataset in by_dataset}
    evaluated = _common_rows(results, incumbent)
    reasons = {name: _reason(result, evaluated, metric) for name, result in results.items()}
    apart = {name: "has no result yet" for name in entries if name not in results}
    apart |= {name: reason for name, reason in reasons.items() if reason}
    ranked = {name: result for name, result in results.items() if name not in apart}
    sign = -1.0 if METRICS[metric] else 1.0
    order = sorted(ranked, key=lambda name: (sign * ranked[name].figures[f"valid.{metric}"].value, name))
    rows = [
        Row(
            place,
            name,
            ranked[name],
            *(_difference(ranked, name, incumbent, f"{when}.{metric}") for when in ("valid", "test")),
        )
        for place, name in enumerate(order, 1)
    ]
    return Ranking(dataset, metric, incumbent, rows, dict(sorted(apart.items())))


def _common_rows(results: Mapping[str, Result], incumbent: str) -> str:
    if incumbent in results and results[incumbent].disqualified is None:
        return results[incumbent].evaluated
    counted = Counter(result.evaluated for result in results.values() if result.disqualified is None)
    return max(sorted(counted), key=lambda evaluated: counted[evaluated], default="")


def _reason(result: Result, evaluated: str, metric: str) -> str:
    """Return why a result is not ranked; empty where it is."""
    if result.disqualified is not None:
        return f"DISQUALIFIED: {result.disqualified}"
    if result.evaluated != evaluated:
        return "evaluated on other rows: other data, population, validation cutoffs, sealed cutoff, horizon or seed"
    return "" if f"valid.{metric}" in result.figures else f"has no figure for {metric}"


def _difference(ranked: Mapping[str, Result], name: str, incumbent: str, figure: str) -> Interval | None:
    if name == incumbent or incumbent not in ranked:
        return None
    ours, reference = (ranked[entry].figures.get(figure) for entry in (name, incumbent))
    return None if ours is None or reference is None else ours.minus(reference)
