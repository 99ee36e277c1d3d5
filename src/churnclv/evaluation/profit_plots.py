"""Plots of profit: how many customers to contact, and at which scores and values."""

from collections.abc import Mapping
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from .metrics import Array
from .plots import BASE, INK, MODEL, PALE, canvas
from .profit import ProfitCurve, Terms, break_even_value, contact_gain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = (MODEL, BASE, INK, "#6d28d9", "#15803d")
_LONGEST_BESIDE = 30  # characters of a label with another one beside it
_CELLS = 28
_LEAST_SPREAD = 10.0  # of the highest row over the lowest, where values hardly differ
_LEAST_QUANTILE = 0.01  # of the values: the few below are drawn in the lowest row


def draw_profit(curves: Mapping[str, ProfitCurve], title: str, currency: str) -> "Figure":
    """Draw profit against the share of customers contacted, best-ranked first; the first model has the interval."""
    figure, axes = canvas(
        title, "share of customers contacted, best-ranked first", f"profit in {currency} per customer"
    )
    axes.axhline(0.0, color=PALE, lw=1, ls="--", label="nobody contacted")
    for (name, curve), colour in zip(curves.items(), cycle(_COLOURS), strict=False):
        share, profit = curve.best
        label = f"{name}: {profit:,.2f} at {share:.0%}"
        axes.plot(curve.shares, curve.profit, color=colour, lw=1.5, label=label)
        axes.plot([share], [profit], color=colour, marker="o", ls="", ms=5)
    main = next(iter(curves.values()))
    if np.isfinite(main.low).all():
        axes.fill_between(main.shares, main.low, main.high, color=MODEL, alpha=0.15, lw=0, label="95% interval")
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter("{x:.0%}")
    _, labels = axes.get_legend_handles_labels()
    columns = 2 if max(map(len, labels)) <= _LONGEST_BESIDE else 1
    figure.legend(frameon=False, loc="outside lower left", ncols=columns)
    return figure


def draw_money(scores: Array, values: Array, terms: Terms, title: str, currency: str) -> "Figure":
    """Draw the expected gain of contacts by churn score and value, and the line above which a contact pays.

    Each cell shows the sum over its customers: many small gains can outweigh a few large ones.

    Args:
        scores: churn scores, shape (n,).
        values: what is saved when a leaver stays, shape (n,), in currency.
        terms: costs and acceptance.
        title: of the plot.
        currency: its name.
    """
    figure, axes = canvas(title, "churn score", f"value of a customer who stays, {currency}")
    gains = contact_gain(scores, values, terms)
    rows, columns = _value_edges(values), np.linspace(0.0, 1.0, _CELLS + 1)
    money = _sum_cells(scores, values, gains, columns, rows)
    from matplotlib.colors import SymLogNorm

    most = float(np.nanmax(np.abs(money))) or 1.0
    scale = SymLogNorm(linthresh=most / 100.0, vmin=-most, vmax=most)
    cells = axes.pcolormesh(columns, rows, money, cmap="RdYlBu", norm=scale)
    cells.set_rasterized(True)
    figure.colorbar(cells, ax=axes, label=f"expected gain of contacting the cell, {currency}")
    _draw_break_even(axes, terms, rows)
    paying = gains > 0
    summary = f"{paying.mean():.0%} of customers, {gains[paying].sum():,.0f} {currency} expected"
    handles, _ = axes.get_legend_handles_labels()
    figure.legend(handles, [f"above the line a contact pays: {summary}"], frameon=False, loc="outside lower left")
    return figure


def _value_edges(values: Array) -> Array:
    """Return the edges of the rows, evenly spaced in the log of the positive values: (cells + 1,)."""
    positive = values[values > 0]
    if not len(positive):
        return np.array([0.5, 1.0])
    least, most = np.quantile(positive, _LEAST_QUANTILE), positive.max()
    room = max(1.05, np.sqrt(_LEAST_SPREAD * least / most))
    return np.geomspace(least / room, most * room, _CELLS + 1)


def _sum_cells(scores: Array, values: Array, gains: Array, columns: Array, rows: Array) -> Array:
    """Return the sum of gains by value and score, NaN where there is nobody: (rows, columns)."""
    places = np.clip(values, np.nextafter(rows[0], np.inf), rows[-1]), scores
    count, _, _ = np.histogram2d(*places, bins=[rows, columns])
    total, _, _ = np.histogram2d(*places, bins=[rows, columns], weights=gains)
    return np.where(count > 0, total, np.nan)


def _draw_break_even(axes: "Axes", terms: Terms, rows: Array) -> None:
    scores = np.linspace(0.001, 1.0, 400)
    axes.plot(scores, break_even_value(scores, terms), color=INK, lw=1.2, ls="--", label="break-even")
    axes.set_yscale("log")
    axes.set_xlim(0, 1)
    axes.set_ylim(rows[0], rows[-1])
