"""The search for risk rules: thresholds near quantiles, alone and in pairs; the best rules that differ are kept."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..evaluation.metrics import Array
from ..features.rare_categories import RARE
from .phrases.phrase import find_phrase
from .phrases.topics import can_warn, find_topic
from .risk_rules import Condition, RiskRule

LEAST_COVERAGE, MOST_COVERAGE = 0.02, 0.7  # shares of customers; a rule that holds for everybody separates nobody
LEAST_ODDS_RATIO = 1.5
_QUANTILES = np.arange(1, 20) / 20.0
_MOST_LEVELS = 20  # of a text column, the most frequent ones
_BEAM = 40  # single conditions that are joined with every other
_MOST_ALIKE = 0.7  # Jaccard: customers of both rules over customers of either
_LEAST_NEW = 0.1  # of a rule's customers, those that no chosen rule has
_LEAST_SURE = 4.0  # standard errors above the base rate; the search tries thousands
_AS_GOOD = 0.95  # of the best gain: among rules this close the simplest is taken
_WHOLE_BELOW = 100.0  # such thresholds are readable with all their digits


@dataclass(frozen=True)
class _Candidate:
    """A rule with its rows as bits, how many they are, and its gain."""

    rule: RiskRule
    bits: NDArray[np.uint64]
    covered: int
    gain: float


@dataclass(frozen=True)
class _Search:
    """The rows of a search: how many, their outcomes as bits, and how many churned."""

    rows: int
    outcome: NDArray[np.uint64]
    churned: int

    def gain(self, covered: Any, churned: Any) -> Any:
        """Return sqrt(coverage) * (precision - base rate): it prefers precise rules to large imprecise ones.

        Kloesgen 1996, Explora: a multipattern and multistrategy discovery assistant (the binomial test's quality).
        """
        above = churned * self.rows - covered * self.churned  # whole numbers, so that equal rules are exactly equal
        return above / np.sqrt(np.maximum(covered, 1) * float(self.rows) ** 3)

    def is_useful(self, covered: Any, churned: Any) -> Any:
        """Return whether a rule covers enough rows but not nearly all, and raises the odds by more than chance.

        Chance is the hypergeometric distribution: as many rows, drawn at random without replacement.
        """
        n, base = self.rows, self.churned / self.rows
        error = np.sqrt(np.maximum(covered * base * (1.0 - base) * (n - covered) / max(n - 1, 1), 1e-12))
        fits = (covered >= LEAST_COVERAGE * n) & (covered <= MOST_COVERAGE * n)
        raises = churned * (1.0 - base) >= LEAST_ODDS_RATIO * base * (covered - churned)
        return fits & raises & (churned - covered * base > _LEAST_SURE * error)


def search_risk_rules(features: pd.DataFrame, churned: Array, most: int = 5) -> tuple[RiskRule, ...]:
    """Return at most `most` rules for leaving, best first; pass `1 - churned` for rules for staying.

    Thresholds are readable numbers near the quantiles of each numeric column, and the frequent values of text ones.
    Single conditions and pairs are ranked by sqrt(coverage) * (precision - base rate), and of nearly equal ones the
    simplest is taken; each further rule has to cover mostly other customers than those before it (Jaccard), some that
    no other covers, and to be about another topic. The order of rows and columns changes nothing. Fewer
    rules, or none, are returned where chance would explain them.

    Args:
        features: training rows, (n, k), numbers or text, null where undefined.
        churned: outcomes 0 or 1, (n,).
        most: the largest number of rules.
    """
    if len(features) == 0:
        return ()
    names = sorted(name for name in map(str, features.columns) if can_warn(name))
    outcome = np.asarray(churned, dtype=float) == 1.0
    search = _Search(len(features), _pack(outcome[None])[0], int(outcome.sum()))
    singles = _find_singles(features[names], search)
    pairs = _find_pairs(singles, search)
    return tuple(candidate.rule for candidate in _choose([*singles, *pairs], most))


def _plainness(candidate: _Candidate) -> tuple[int, int, str]:
    """Return the sort key of equally good rules: fewer conditions, then the columns that come first in the phrases."""
    columns = [condition.column for condition in candidate.rule.conditions]
    return len(columns), sum(find_phrase(column, "en").rank for column in columns), repr(candidate.rule)


def _find_singles(features: pd.DataFrame, search: _Search) -> list[_Candidate]:
    """Return useful single conditions, the simplest for each set of rows, best first."""
    best: dict[bytes, _Candidate] = {}
    for name in features.columns:
        conditions = list_conditions(features[[name]])
        if not conditions:
            continue
        bits = _pack(np.array([condition.holds(features[[name]]) for condition in conditions]))
        covered, churned = _count(bits), _count(bits & search.outcome)
        gains = search.gain(covered, churned)
        for place in np.flatnonzero(search.is_useful(covered, churned)):
            single = _Candidate(RiskRule((conditions[place],)), bits[place], int(covered[place]), float(gains[place]))
            rows = bits[place].tobytes()
            best[rows] = min(best.get(rows, single), single, key=_plainness)
    return sorted(best.values(), key=lambda single: (-single.gain, _plainness(single)))


def _find_pairs(singles: list[_Candidate], search: _Search) -> list[_Candidate]:
    """Return pairs of conditions on different topics that gain clearly more than each alone."""
    pairs = []
    bits = np.array([single.bits for single in singles])
    topics = [find_topic(single.rule.conditions[0].column) for single in singles]
    alone = np.array([single.gain for single in singles])
    for place in range(min(_BEAM, len(singles))):
        both = bits[place + 1 :] & bits[place]
        covered, churned = _count(both), _count(both & search.outcome)
        gains = search.gain(covered, churned)
        better = _AS_GOOD * gains > np.maximum(alone[place], alone[place + 1 :])
        for other in np.flatnonzero(better & search.is_useful(covered, churned)):
            partner = place + 1 + int(other)
            if topics[partner] != topics[place]:
                conditions = (*singles[place].rule.conditions, *singles[partner].rule.conditions)
                ordered = RiskRule(tuple(sorted(conditions, key=lambda condition: condition.column)))
                pairs.append(_Candidate(ordered, both[other], int(covered[other]), float(gains[other])))
    return pairs


def _choose(candidates: list[_Candidate], most: int) -> list[_Candidate]:
    """Return the best candidates, each of which covers mostly other customers than every one before it."""
    left, chosen = list(candidates), list[_Candidate]()
    while left and len(chosen) < most:
        enough = _AS_GOOD * max(candidate.gain for candidate in left)
        chosen.append(min((candidate for candidate in left if candidate.gain >= enough), key=_plainness))
        left = [candidate for candidate in left if _adds(candidate, chosen)]
    return chosen


def _adds(candidate: _Candidate, chosen: list[_Candidate]) -> bool:
    """Return whether a rule has another topic and other customers than the chosen ones."""
    last = chosen[-1]
    if _topics(candidate) <= _topics(last) or _alike(candidate, last) > _MOST_ALIKE:
        return False
    taken = np.bitwise_or.reduce([other.bits for other in chosen])
    return int(_count(candidate.bits & ~taken)) >= _LEAST_NEW * candidate.covered


def _topics(candidate: _Candidate) -> set[str]:
    return {find_topic(condition.column) for condition in candidate.rule.conditions}


def _alike(first: _Candidate, second: _Candidate) -> float:
    both = int(_count(first.bits & second.bits))
    return both / (first.covered + second.covered - both)


def list_conditions(column: pd.DataFrame) -> list[Condition]:
    """Return the conditions to try on one column, a table (n, 1)."""
    name, values = str(column.columns[0]), column.iloc[:, 0].dropna()
    if not pd.api.types.is_numeric_dtype(values):
        counts = values.astype(str).value_counts().drop(RARE, errors="ignore")
        levels = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))[:_MOST_LEVELS]
        return [Condition(name, "is", str(level)) for level, _ in levels]
    return [
        Condition(name, way, edge) for edge in readable_thresholds(values.to_numpy(dtype=float)) for way in (">", "<=")
    ]


def readable_thresholds(values: Array) -> list[float]:
    """Return numbers near the quantiles of values (n,), rounded to two digits, that leave values on both sides."""
    finite = values[np.isfinite(values)]
    if len(finite) == 0:
        return []
    edges = np.quantile(finite, _QUANTILES, method="lower")
    rounded = {float(f"{edge:.2g}") for edge in edges}
    rounded |= {float(edge) for edge in edges if abs(edge) < _WHOLE_BELOW and edge % 1 == 0}
    return sorted(edge for edge in rounded if finite.min() <= edge < finite.max())


def _pack(masks: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Return masks (m, n) as 64-bit integers, (m, n / 64), so that rows are counted many at a time."""
    padded = np.zeros((len(masks), -(-masks.shape[1] // 64) * 64), dtype=bool)
    padded[:, : masks.shape[1]] = masks
    return np.packbits(padded, axis=1).view(np.uint64)


def _count(bits: NDArray[np.uint64]) -> Any:
    return np.bitwise_count(bits).sum(axis=-1, dtype=np.int64)
