"""C3: no training label looks past its validation cutoff."""

from collections.abc import Sequence
from datetime import datetime

from ..check import Check, Evidence, Rule, Severity, check

RULE = Rule(
    "C3",
    "no training label looks past its validation cutoff",
    Severity.error,
    what=(
        "Fails if a label window of a fold's training cutoffs ends after the cutoff that evaluates the fold. "
        "Not applicable to a labelled table, which has no time."
    ),
    why="Otherwise the model learns from what it is evaluated on.",
    remedy="More `windows.gap_days`.",
)


@check(RULE)
def label_windows(evidence: Evidence) -> Check:
    """Run it on the evidence of a run."""
    return check_time(evidence.label_ends)


def check_time(folds: Sequence[tuple[Sequence[datetime], datetime]] | None) -> Check:
    """C3: do training labels end by the validation cutoff? `folds` are (ends of label windows, cutoff)."""
    if folds is None:
        return RULE.skipped("the table has no time")
    late = [
        f"a label window ends {max(ends):%Y-%m-%d}, after {cutoff:%Y-%m-%d}"
        for ends, cutoff in folds
        if max(ends) > cutoff
    ]
    return RULE.checked(late, f"{len(folds)} folds")
