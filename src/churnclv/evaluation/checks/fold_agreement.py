"""C8: folds agree."""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from ..check import Check, Evidence, Rule, Severity, check
from ..metrics import Array, auc, plain

_MOST_SPREAD = 0.03
_LIKELY = 2.0  # standard errors that chance alone may be off
RULE = Rule(
    "C8",
    "folds agree",
    Severity.warning,
    what=(
        "Fails if the standard deviation of the AUC over the folds exceeds 0.03 and twice what chance "
        "explains (Hanley and McNeil 1982). Needs two folds with both outcomes."
    ),
    why="A model whose quality depends on the date may fail at the next one.",
    remedy="More rows per fold, or a look at what happened at the odd cutoff.",
)


@check(RULE)
def fold_agreement(evidence: Evidence) -> Check:
    """Run it on the evidence of a run."""
    return check_folds(evidence.folds)


def check_folds(folds: Sequence[tuple[Array, Array]]) -> Check:
    """C8: is the ranking as good on every fold? `folds` are (outcomes, scores); small ones may differ by chance."""
    both = [(truth, scores) for truth, scores in folds if 0 < truth.sum() < len(truth)]
    if len(both) < 2:  # noqa: PLR2004 # one fold agrees with itself
        return RULE.skipped("fewer than two folds with both outcomes")
    areas = [plain(auc, truth, scores) for truth, scores in both]
    chance = sqrt(np.mean([_auc_variance(area, truth) for area, (truth, _) in zip(areas, both, strict=True)]))
    finding = "AUC " + ", ".join(f"{area:.3f}" for area in areas)
    faults = [finding] if float(np.std(areas)) > max(_MOST_SPREAD, _LIKELY * chance) else []
    return RULE.checked(faults, finding)


def _auc_variance(area: float, truth: Array) -> float:
    """Return the variance of an AUC (Hanley and McNeil 1982, Radiology 143, Eq. 1)."""
    left, stayed = float(truth.sum()), float((1.0 - truth).sum())
    among_left, among_stayed = area / (2.0 - area) - area**2, 2.0 * area**2 / (1.0 + area) - area**2
    spread = area * (1.0 - area) + (left - 1.0) * among_left + (stayed - 1.0) * among_stayed
    return float(spread / (left * stayed))
