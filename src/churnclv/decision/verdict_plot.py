"""The picture of a verdict: the effect on the churn rate with its interval, of all and by group."""

from typing import TYPE_CHECKING

from .campaign_outcomes import CHURNED
from .campaign_verdict import CampaignVerdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..evaluation.bootstrap import Interval

_ROW_INCHES, _WIDTH_INCHES = 0.32, 7.0
_LONGEST = 28


def plot_verdict(verdict: CampaignVerdict) -> "Figure":
    """Return the figure: one row per group, in percentage points, no effect and the promise as lines."""
    from matplotlib.figure import Figure

    rows: list[tuple[str, Interval]] = [("all", verdict.effects[CHURNED].effect)]
    rows += [(_label(group.by, group.group), group.effect) for group in verdict.groups]
    figure = Figure(figsize=(_WIDTH_INCHES, 1.2 + _ROW_INCHES * len(rows)), layout="constrained")
    axes = figure.subplots()
    for place, (_, effect) in enumerate(rows):
        value, low, high = (100.0 * end for end in (effect.value, effect.low, effect.high))
        axes.plot([low, high], [place, place], color="#2a6f97", linewidth=3 if place == 0 else 1.5)
        axes.plot([value], [place], "o", color="#2a6f97", markersize=7 if place == 0 else 5)
    axes.axvline(0.0, color="#444444", linewidth=1)
    axes.axvline(100.0 * verdict.promised, color="#c1666b", linewidth=1.2, linestyle="--", label="expected by the plan")
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.invert_yaxis()
    axes.set_xlabel("change of the churn rate, percentage points (left of 0: fewer leave)")
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize="small")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _label(by: str, group: str) -> str:
    """Return a group's name; a dollar sign is no mathematics."""
    name = f"{group} gain" if by == "gain_group" else group
    return name[:_LONGEST].replace("$", r"\$")
