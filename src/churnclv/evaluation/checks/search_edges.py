"""C4: the best parameters lie inside the search."""

from collections.abc import Mapping
from math import log

from ..check import Check, Evidence, Rule, Severity, check

_EDGE = 0.02  # of a search range
RULE = Rule(
    "C4",
    "the best parameters lie inside the search",
    Severity.warning,
    what="Fails if the best trial of the trees has a parameter within 2% of an end of its search range.",
    why="A better value may lie outside the range.",
    remedy="Widen the range: `tuning.churn.<name>.low` or `.high`.",
)


@check(RULE)
def search_edges(evidence: Evidence) -> Check:
    """Run it on the evidence of a run."""
    return check_edges(evidence.parameters, evidence.ranges)


def check_edges(parameters: Mapping[str, float], ranges: Mapping[str, tuple[float, float, bool]]) -> Check:
    """C4: does the best trial lie at the edge of the search? `ranges` are (low, high, logarithmic)."""
    searched = [name for name in ranges if name in parameters]
    if not searched:
        return RULE.skipped("nothing was searched")
    places = {name: _place(parameters[name], *ranges[name]) for name in searched}
    faults = [
        f"{name}={parameters[name]:g} is at the {'low' if place <= _EDGE else 'high'} end"
        for name, place in places.items()
        if place <= _EDGE or place >= 1.0 - _EDGE
    ]
    return RULE.checked(faults, f"{len(searched)} parameters")


def _place(value: float, low: float, high: float, logarithmic: bool) -> float:
    if high <= low:
        return 0.5
    return (log(value / low) / log(high / low)) if logarithmic else (value - low) / (high - low)
