"""Plots of metrics and predictions. Each function returns a matplotlib figure."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .metrics import Array
from .reliability import reliability_bins

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MODEL, BASE, PALE = "#1f2933", "#0b6e99", "#c2410c", "#9aa5b1"
_STYLE: dict[Any, Any] = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": PALE,
    "axes.labelcolor": INK,
    "font.size": 9,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.hashsalt": "churnclv",
}
_BARS, _LINES = 20, 6


def canvas(title: str, across: str, up: str) -> "tuple[Figure, Axes]":
    """Return an empty figure in the house style, and its axes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(6.0, 4.2), layout="constrained")
        axes = figure.subplots()
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    return figure, axes


def draw_reliability(truth: Array, predicted: Array, title: str) -> "Figure":
    """Draw predicted scores against observed shares, in ten groups of equal size."""
    figure, axes = canvas(title, "churn score (mean of the group)", "share that churned")
    table = reliability_bins(truth, predicted)
    error = 1.96 * np.sqrt(table[:, 1] * (1 - table[:, 1]) / table[:, 2])
    axes.plot([0, 1], [0, 1], color=PALE, lw=1, ls="--", label="perfectly calibrated")
    axes.errorbar(
        table[:, 0],
        table[:, 1],
        yerr=error,
        color=MODEL,
        marker="o",
        lw=1.5,
        capsize=2,
        label="tenth of the customers",
    )
    low = max(0.0, float(min(table[:, 0].min(), table[:, 1].min())) - 0.05)
    axes.set_xlim(low, 1.01)
    axes.set_ylim(low, 1.01)
    axes.legend(frameon=False)
    return figure


def draw_gain(truth: Array, predictions: Mapping[str, Array], title: str, share_of: str) -> "Figure":
    """Draw the share of all value (or churners) in the best-ranked share of customers."""
    figure, axes = canvas(title, "share of customers, best-ranked first", f"share of all {share_of}")
    reach, total = np.linspace(0, 1, len(truth) + 1), truth.sum()
    curves = {"perfect ranking": np.sort(truth)[::-1]}
    curves |= {name: truth[np.argsort(-predicted, kind="stable")] for name, predicted in predictions.items()}
    colours = [PALE, MODEL, BASE, INK, "#6d28d9"]
    for (name, ranked), colour in zip(curves.items() if total > 0 else (), colours, strict=False):
        line = {"lw": 1, "ls": ":"} if colour == PALE else {"lw": 1.5}
        axes.plot(reach, np.r_[0, np.cumsum(ranked)] / total, color=colour, label=name, **line)
    axes.plot([0, 1], [0, 1], color=PALE, lw=1, ls="--", label="at random")
    axes.legend(frameon=False, loc="lower right")
    return figure


def draw_deciles(truth: Array, predicted: Array, title: str, unit: str) -> "Figure":
    """Draw mean expected and mean actual value by decile of the expected."""
    figure, axes = canvas(title, "decile of customers by expected value (10 = highest)", f"mean {unit} per customer")
    parts = np.array_split(np.argsort(predicted, kind="stable"), 10)
    place = np.arange(1, 11)
    axes.bar(place - 0.2, [predicted[part].mean() for part in parts], 0.4, color=MODEL, label="expected")
    axes.bar(place + 0.2, [truth[part].mean() for part in parts], 0.4, color=BASE, label="actual")
    axes.set_xticks(place)
    axes.legend(frameon=False)
    return figure


def draw_importance(gains: Mapping[str, float], title: str) -> "Figure":
    """Draw the share of the total gain of the most important features."""
    figure, axes = canvas(title, "share of total gain", "")
    total = sum(gains.values()) or 1.0
    best = sorted(gains.items(), key=lambda pair: (-pair[1], pair[0]))[:_BARS][::-1]
    axes.barh([name for name, _ in best], [gain / total for _, gain in best], color=MODEL)
    figure.set_size_inches(6.0, 1.0 + 0.22 * len(best))
    return figure


def draw_frequencies(actual: Array, expected: Array, title: str) -> "Figure":
    """Draw how many customers made 0, 1, 2, ... purchases, actual beside expected; the last bar is all beyond."""
    figure, axes = canvas(title, "purchases within the horizon", "customers")
    place = np.arange(len(actual))
    axes.bar(place - 0.2, expected, 0.4, color=MODEL, label="expected")
    axes.bar(place + 0.2, actual, 0.4, color=BASE, label="actual")
    axes.set_xticks(place, [*map(str, place[:-1]), f"{place[-1]}+"])
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.7)
    axes.legend(frameon=False)
    return figure


def draw_surface(values: Array, across: Array, up: Array, labels: tuple[str, str, str], title: str) -> "Figure":
    """Draw values (len(up), len(across)) as a map with lines of equal value; labels name across, up and the value."""
    figure, axes = canvas(title, labels[0], labels[1])
    cells = axes.pcolormesh(across, up, values, cmap="viridis", shading="nearest")
    cells.set_rasterized(True)
    lines = axes.contour(across, up, values, levels=_LINES, colors="white", linewidths=0.6)
    axes.clabel(lines, fontsize=7)
    figure.colorbar(cells, ax=axes, label=labels[2])
    return figure


def draw_coverage(shares: Array, nominal: float, title: str) -> "Figure":
    """Draw the share of customers whose truth lies in the interval, by decile of the expected, shape (10,)."""
    figure, axes = canvas(title, "decile of customers by expected value (10 = highest)", "share inside the interval")
    axes.bar(np.arange(1, 11), shares, color=MODEL)
    axes.axhline(nominal, color=BASE, lw=1, ls="--", label=f"{nominal:.0%} promised")
    axes.set_xticks(np.arange(1, 11))
    axes.set_ylim(min(0.5, float(shares.min()) - 0.05), 1.0)
    axes.legend(loc="lower right")
    return figure


def draw_tracking(actual: Array, expected: Array, title: str) -> "Figure":
    """Draw cumulative and weekly purchases of all customers, actual beside expected, both of shape (weeks,)."""
    figure, axes = canvas(title, "weeks after the cutoff", "purchases since the cutoff")
    weeks = np.arange(1, len(actual) + 1)
    axes.plot(weeks, np.cumsum(actual), color=BASE, lw=1.8, label="actual, cumulative")
    axes.plot(weeks, np.cumsum(expected), color=MODEL, lw=1.8, label="expected, cumulative")
    axes.bar(weeks - 0.2, actual, 0.4, color=BASE, alpha=0.4, label="actual, in the week")
    axes.bar(weeks + 0.2, expected, 0.4, color=MODEL, alpha=0.4, label="expected, in the week")
    axes.set_xticks(weeks)
    axes.legend(frameon=False)
    return figure
