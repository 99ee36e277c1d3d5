"""C6: features drift no more than on validation."""

from collections.abc import Mapping

import pandas as pd

from ..check import Check, Evidence, Rule, Severity, check
from ..drift import stability_index

_MOST_PSI = 0.25  # the usual threshold of a shift that matters
_MORE_DRIFT = 1.5  # times the index on validation
RULE = Rule(
    "C6",
    "features drift no more than on validation",
    Severity.warning,
    what=(
        "Fails if the population stability index (PSI) of a feature between training rows and the sealed "
        "cutoff's rows exceeds 0.25, what chance explains, and 1.5 times the PSI between the last fold's "
        "training and validation rows."
    ),
    why=(
        "The model was evaluated across the drift of the validation folds. Much larger drift means that it is "
        "applied to customers unlike those it learned from. Ages and counts grow in every log, so drift alone "
        "is no fault."
    ),
    remedy=("Learn from later cutoffs (fewer `windows.n_cutoffs`), or leave out features that only grow with time."),
)


@check(RULE)
def feature_drift(evidence: Evidence) -> Check:
    """Run it on the evidence of a run."""
    before, after = evidence.last_fold
    validated = {str(name): stability_index(before[name], after[name])[0] for name in before.columns}
    return check_drift(evidence.features, evidence.scored, validated)


def check_drift(train: pd.DataFrame, scored: pd.DataFrame, validated: Mapping[str, float] | None = None) -> Check:
    """C6: are the customers to be scored like those in training? By the population stability index.

    `validated` is the index by feature between a fold's training and validation rows. In a growing log ages and counts
    always drift; the models were validated across such a drift, so only one well beyond it is a fault.
    """
    indices = validated or {}
    if not len(train.columns) or not len(scored):
        return RULE.skipped("no feature" if len(scored) else "nobody to score")
    shifts = {str(name): stability_index(train[name], scored[name]) for name in train.columns}
    worst = sorted(shifts, key=lambda name: -shifts[name][0])
    faults = [
        f"{name} PSI {shifts[name][0]:.2f} (validation {indices.get(name, 0.0):.2f})"
        for name in worst
        if shifts[name][0] > max(_MOST_PSI, shifts[name][1], _MORE_DRIFT * indices.get(name, 0.0))
    ]
    fine = f"largest PSI {shifts[worst[0]][0]:.2f} ({worst[0]}; validation {indices.get(worst[0], 0.0):.2f})"
    return RULE.checked(faults, fine)
