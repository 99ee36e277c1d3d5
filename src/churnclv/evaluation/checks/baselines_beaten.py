"""C1: better than every baseline."""

from collections.abc import Mapping

from ..bootstrap import Interval
from ..check import Check, Evidence, Rule, Severity, check

_TINY = 1e-4
RULE = Rule(
    "C1",
    "better than every baseline",
    Severity.warning,
    what=(
        "Fails if a baseline's log-loss is lower than that of the score by more than 0.0001 nats, or if the "
        "score is not clearly better than the best simple baseline (base rate, recency rule, risk rules), by "
        "a paired 95% interval."
    ),
    why=(
        "A score that does not beat a simple rule has learned nothing useful. The score was chosen on "
        "validation, so it can be ahead by chance there."
    ),
    remedy=(
        "Take that baseline (`churn=logistic`, `churn=btyd`), or more trials. Where the base rate is as good, "
        "more data are needed."
    ),
)


@check(RULE)
def baselines(evidence: Evidence) -> Check:
    """Run it on the evidence of a run."""
    return check_baselines(evidence.differences, evidence.simple)


def check_baselines(differences: Mapping[str, float], simple: tuple[str, Interval] | None = None) -> Check:
    """C1: is the score's log-loss at least that of every baseline, and clearly less than that of the best simple one?

    Args:
        differences: log-loss of each baseline minus that of the score, in nats.
        simple: name of the best simple baseline, and that difference with its paired interval; None where it has none.
    """
    if not differences:
        return RULE.skipped("no baseline")
    faults = [
        f"{name} is better by {-difference:.4f} nats" for name, difference in differences.items() if difference < -_TINY
    ]
    if simple is not None and not simple[1].low > 0 and simple[1].value >= -_TINY:
        faults.append(f"not clearly better than {simple[0]}: by {simple[1]} nats")
    return RULE.checked(faults, f"{len(differences)} baselines beaten")
