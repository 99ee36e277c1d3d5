"""C7: enough customers of each outcome."""

from ..check import Check, Evidence, Rule, Severity, check
from ..metrics import Array

_FEWEST = 100
RULE = Rule(
    "C7",
    "enough customers of each outcome",
    Severity.warning,
    what="Fails if fewer than 100 training rows left, or fewer than 100 stayed.",
    why="With fewer, figures depend on a handful of customers.",
    remedy=(
        "More history, or another horizon: a longer one gives more customers who stay (orders) or leave "
        "(contracts). Trust intervals, not figures."
    ),
)


@check(RULE)
def outcome_counts(evidence: Evidence) -> Check:
    """Run it on the evidence of a run."""
    return check_counts(evidence.churned, evidence.longer_horizon)


def check_counts(churned: Array, longer_horizon: str = "") -> Check:
    """C7: are there enough customers of each outcome?

    Args:
        churned: outcomes.
        longer_horizon: which outcome a longer horizon has more of: `left` of contracts, `stayed` of orders; empty for a
            table without time.
    """
    left, stayed = int(churned.sum()), int((1.0 - churned).sum())
    finding = f"{left:,} left, {stayed:,} stayed"
    faults = [finding] if min(left, stayed) < _FEWEST else []
    wanted = "left" if left < stayed else "stayed"
    horizon = f", or a {'longer' if wanted == longer_horizon else 'shorter'} horizon" if longer_horizon else ""
    remedy = f"more history{horizon}; trust intervals, not figures."
    return RULE.checked(faults, finding, remedy)
