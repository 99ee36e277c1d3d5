"""The decision to retrain: a stated rule on age, drift and kept promises."""

from collections.abc import Sequence
from dataclasses import dataclass

from .finding import Finding, Light, Part
from .monitoring_texts import say_finding

_SHOWN = 3  # lines in a reason


@dataclass(frozen=True)
class Decision:
    """Whether a challenger is trained, and why or why not, as sentences.

    Parameters
    ----------
    is_due
        Whether a challenger is trained.
    reasons
        At least one.
    """

    is_due: bool
    reasons: tuple[str, ...]


def decide(findings: Sequence[Finding], age_days: int | None, max_age_days: int, *, forced: bool = False) -> Decision:
    """Return whether to retrain: the bundle is old, or drift, promises or the estimate need attention.

    A log whose data need attention is trained on only if it is forced: the fault would be learned.

    Parameters
    ----------
    findings
        Of monitoring.
    age_days
        Days from the end of the bundle's training data to today; None for a labelled table, which has no time.
    max_age_days
        From this age on a bundle is old.
    forced
        Train in any case.

    Returns
    -------
    Decision
        With its reasons.
    """
    faults = _urgent(findings, (Part.data,))
    if forced:
        return Decision(True, ("forced",))
    if faults:
        return Decision(False, tuple(f"the data need attention first: {fault}" for fault in faults))
    reasons = _urgent(findings, (Part.drift, Part.promises, Part.estimate))
    if age_days is not None and age_days >= max_age_days:
        reasons.insert(0, f"the bundle's data end {age_days} days ago, and max_age_days is {max_age_days}")
    if reasons:
        return Decision(True, tuple(reasons))
    age = "" if age_days is None else f"the bundle's data end {age_days} days ago, fewer than {max_age_days}; "
    return Decision(False, (f"{age}drift, promises and the estimate need no attention",))


def _urgent(findings: Sequence[Finding], parts: Sequence[Part]) -> list[str]:
    """Return the lines of some parts that need attention, as sentences."""
    urgent = [finding for finding in findings if finding.part in parts and finding.light == Light.act]
    return [say_finding("en", finding) for finding in urgent[:_SHOWN]]
