"""Charts: matplotlib figures in the style of the project, as SVG small enough for one page."""

import io
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..evaluation.metrics import Array
from ..evaluation.plots import BASE, INK, MODEL, PALE, canvas
from .hover import add_part, add_strips, place_marks
from .section import Picture, Value

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = (MODEL, BASE, "#15803d", "#6d28d9", "#a16207", "#be185d", "#0e7490", "#4d7c0f", "#9f1239", "#475569")
WIDTH, HEIGHT = 4.4, 3.0  # inches: letters stay readable where a phone shows it 350 pixels wide
_PROFIT_PARTS = 41  # of the curve of profit, whose values are shown
_FLOWS = (5.0, 5.2)  # inches: names stand on both sides
_SAVED: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "churnclv", "font.family": "sans-serif"}


def new_figure(across: str, up: str, height: float = HEIGHT) -> "tuple[Figure, Axes]":
    """Return an empty figure of the report's size; its title is the caption beside it."""
    figure, axes = canvas("", across, up)
    figure.set_size_inches(WIDTH, height)
    return figure, axes


def frame(figure: "Figure", alt: str, caption: str) -> Picture:
    """Return a figure as a picture. No text in it is parsed as mathematical notation."""
    import matplotlib as mpl
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)
    buffer = io.StringIO()
    with mpl.rc_context(_SAVED), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # the reader's program draws the text
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    return Picture(svg[svg.index("<svg") :], alt, caption, place_marks(figure))


def draw_periods(names: Sequence[str], series: dict[str, Array], up: str) -> "Figure":
    """Draw a line per series over periods."""
    figure, axes = new_figure("", up)
    place = np.arange(len(names))
    for (name, values), colour in zip(series.items(), COLOURS, strict=False):
        axes.plot(place, values, color=colour, lw=1.8, marker="o", ms=3, label=name)
    _name_periods(axes, names)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    if len(series) > 1:
        figure.legend(frameon=False, loc="outside upper left", ncols=3, fontsize=8)
    add_strips(figure, names, series, "int")
    return figure


def draw_shares(names: Sequence[str], shares: dict[str, Array], up: str) -> "Figure":
    """Draw shares that add to one, stacked, over periods."""
    figure, axes = new_figure("", up, 4.2)
    axes.stackplot(np.arange(len(names)), *shares.values(), labels=list(shares), colors=COLOURS, alpha=0.9)
    _name_periods(axes, names)
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.margins(x=0)
    figure.legend(frameon=False, loc="outside lower left", ncols=2, fontsize=8)
    add_strips(figure, names, shares, "%")
    return figure


def _name_periods(axes: "Axes", names: Sequence[str]) -> None:
    step = max(1, -(-len(names) // 6))
    places = np.arange(len(names) - 1, 0 if len(names) > step else -1, -step)[::-1]  # the first has no room on its left
    axes.set_xticks(places, [names[place] for place in places], rotation=30, ha="right", fontsize=8)


def draw_movements(names: Sequence[str], gains: dict[str, Array], losses: dict[str, Array], up: str) -> "Figure":
    """Draw per period the gains stacked above zero and the losses below it; all values are 0 or more."""
    figure, axes = new_figure("", up)
    place, colours = np.arange(len(names)), iter(COLOURS)
    for sign, series in ((1.0, gains), (-1.0, losses)):
        end = np.zeros(len(names))
        for name, values in series.items():
            axes.bar(place, sign * values, bottom=end, color=next(colours), width=0.75, label=name)
            end = end + sign * values
    axes.axhline(0.0, color=INK, lw=0.8)
    _name_periods(axes, names)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    figure.legend(frameon=False, loc="outside upper left", ncols=3, fontsize=8)
    add_strips(figure, names, gains | {name: -values for name, values in losses.items()}, "money")
    return figure


def draw_curves(
    curves: dict[str, tuple[Array, Array, Array]], across: str, up: str, *, percent: bool = True, steps: bool = False
) -> "Figure":
    """Draw curves (values, low, high), each of shape (ages,), with their intervals; ages count from 0."""
    figure, axes = new_figure(across, up)
    for (name, (values, low, high)), colour in zip(curves.items(), COLOURS, strict=False):
        ages = np.arange(len(values))
        how = "steps-post" if steps else "default"
        axes.plot(ages, values, color=colour, lw=1.8, label=name, drawstyle=how)
        axes.fill_between(ages, low, high, color=colour, alpha=0.15, lw=0, step="post" if steps else None)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter("{x:.0%}" if percent else "{x:,.0f}")
    axes.xaxis.get_major_locator().set_params(integer=True)  # type: ignore[call-arg] # of a MaxNLocator
    if len(curves) > 1:
        figure.legend(frameon=False, loc="outside upper left", ncols=2, fontsize=8)
    style = "%" if percent else "money"
    for age in range(max(len(values) for values, _, _ in curves.values())):
        there = [Value(name, float(curve[0][age]), style, float(curve[1][age]), float(curve[2][age]))
                 for name, curve in curves.items() if age < len(curve[0])]  # fmt: skip
        add_part(figure, f"{across}: {age}", there, (age, age + 1) if steps else (age - 0.5, age + 0.5))
    return figure


def draw_heat(
    values: Array, rows: Sequence[str], columns: Sequence[str], labels: tuple[str, str], number_format: str = ".0%"
) -> "Figure":
    """Draw a table of values (rows, columns) as colours, NaN left white, with the numbers where they fit."""
    figure, axes = new_figure(labels[0], labels[1], 1.2 + 0.24 * len(rows))
    finite = values[np.isfinite(values)]
    top = float(np.quantile(finite, 0.98)) if len(finite) else 1.0
    axes.imshow(values, cmap="Blues", vmin=0.0, vmax=top or 1.0, aspect="auto")
    axes.set_yticks(range(len(rows)), rows, fontsize=8)
    step = max(1, -(-len(columns) // 14))
    axes.set_xticks(range(0, len(columns), step), list(columns)[::step], fontsize=8)
    axes.tick_params(length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    if len(columns) <= 13:  # noqa: PLR2004 # more do not fit
        for (row, column), value in np.ndenumerate(values):
            if np.isfinite(value):
                light = value > 0.55 * top
                axes.text(column, row, format(value, number_format), ha="center", va="center", fontsize=7,
                          color="white" if light else INK)  # fmt: skip
    style = "%" if number_format.endswith("%") else "money"
    for (row, column), value in np.ndenumerate(values):
        name = f"{rows[row]} · {f'{labels[0]}: ' if labels[0] else ''}{columns[column]}"
        sides = ((place - 0.5, place + 0.5) for place in (column, row))
        add_part(figure, name, [Value("", float(value), style)], *sides)
    return figure


def draw_bars(
    names: Sequence[str], values: Array, low: Array, high: Array, across: str, *, percent: bool = True
) -> "Figure":
    """Draw one bar per name with its interval where it has one, the first on top."""
    figure, axes = new_figure(across, "", 1.0 + 0.32 * len(names))
    place = np.arange(len(names))[::-1]
    axes.barh(place, values, color=MODEL, height=0.65)
    reach = np.nan_to_num(np.vstack([values - low, high - values])).clip(0)
    if reach.any():
        axes.errorbar(values, place, xerr=reach, fmt="none", ecolor=INK, capsize=2, lw=1)
    axes.set_yticks(place, names)
    axes.xaxis.set_major_formatter("{x:.0%}" if percent else "{x:,.0f}")
    axes.axvline(0, color=PALE, lw=0.8)
    style = "%" if percent else "money"
    for name, height, *estimate in zip(names, place, values, low, high, strict=True):
        value, *ends = (float(each) for each in estimate)
        add_part(figure, name, [Value("", value, style, *ends)], up=(height - 0.5, height + 0.5))
    return figure


def draw_flows(
    flows: Array,
    left: Sequence[str],
    right: Sequence[str],
    titles: tuple[str, str],
    write: Callable[[float], str] = "{:,.0f}".format,
) -> "Figure":
    """Draw the counts of moves (left, right) as bands whose width is the count; `write` writes those beside names."""
    figure, axes = new_figure("", "")
    figure.set_size_inches(*_FLOWS)
    axes.set_axis_off()
    gap = 0.012 * flows.sum()
    tops = [_stack(flows.sum(axis=1), gap), _stack(flows.sum(axis=0), gap)]
    used = [np.zeros(len(left)), np.zeros(len(right))]
    step = np.linspace(0, 1, 40)
    bend = step * step * (3 - 2 * step)
    for (here, there), size in np.ndenumerate(flows):
        if size > 0:
            start, end = tops[0][here] - used[0][here], tops[1][there] - used[1][there]
            middle = start + (end - start) * bend
            colour = COLOURS[here % len(COLOURS)]
            axes.fill_between(0.02 + 0.96 * step, middle - size, middle, color=colour, alpha=0.45, lw=0)
            moved = [Value("", float(size), "int")]
            for side, top in (((0.0, 0.3), start), ((0.7, 1.0), end)):  # where the band is nearly level
                add_part(figure, f"{left[here]} → {right[there]}", moved, side, (float(top - size), float(top)))
            used[0][here] += size
            used[1][there] += size
    _name_ends(axes, tops, (flows.sum(axis=1), flows.sum(axis=0)), (left, right), write)
    axes.set_title(titles[0], loc="left", fontsize=9, color=INK)
    axes.set_title(titles[1], loc="right", fontsize=9, color=INK)
    axes.set_xlim(-0.42, 1.42)
    return figure


def _stack(sizes: Array, gap: float) -> Array:
    """Return the upper ends of bars on top of each other, the first highest."""
    below = np.r_[0.0, np.cumsum((sizes + gap)[::-1])[:-1]][::-1]
    return np.asarray(below + sizes)


def _name_ends(
    axes: "Axes",
    tops: list[Array],
    sizes: tuple[Array, Array],
    names: tuple[Sequence[str], Sequence[str]],
    write: Callable[[float], str],
) -> None:
    apart = 0.045 * float(max(top.max() for top in tops))
    for side, x, align in ((0, -0.01, "right"), (1, 1.01, "left")):
        last = np.inf
        for place, name in enumerate(names[side]):
            size = sizes[side][place]
            if size <= 0:
                continue
            height = min(tops[side][place] - size / 2, last - apart)
            last = height
            axes.fill_between([0, 0.02] if side == 0 else [0.98, 1.0], tops[side][place] - size, tops[side][place],
                              color=INK if side else COLOURS[place % len(COLOURS)], lw=0)  # fmt: skip
            axes.text(x, height, f"{name} {write(float(size))}", ha=align, va="center", fontsize=7.5, color=INK)


def draw_points(
    across: Array, up: Array, sizes: Array, names: Sequence[str], labels: tuple[str, str], *, percent: bool = True
) -> "Figure":
    """Draw named groups as discs whose area is their size."""
    figure, axes = new_figure(labels[0], labels[1], 3.8)
    area = 60 + 1400 * sizes / max(float(sizes.sum()), 1.0)
    for place, name in enumerate(names):
        colour = COLOURS[place % len(COLOURS)]
        axes.scatter(across[place], up[place], s=area[place], color=colour, alpha=0.55, edgecolors=colour)
        axes.annotate(name, (across[place], up[place]), fontsize=8, color=INK, ha="center", va="center")
        reach = [0.08 * max(float(np.ptp(values)), 1e-9) for values in (across, up)]
        there = [Value(labels[0], float(across[place]), "%" if percent else ""),
                 Value(labels[1], float(up[place]), "money")]  # fmt: skip
        sides = ((float(values[place]) - far, float(values[place]) + far) for values, far in
                 zip((across, up), reach, strict=True))  # fmt: skip
        add_part(figure, name, there, *sides)
    axes.margins(0.25)
    for axis, most in ((axes.xaxis, 1.0 if percent else np.inf), (axes.yaxis, np.inf)):
        axis.set_ticks([tick for tick in axis.get_ticklocs() if 0 <= tick <= most + 1e-9])  # a share is 100% at most
    axes.yaxis.set_major_formatter("{x:,.0f}")
    if percent:
        axes.xaxis.set_major_formatter("{x:.0%}")
    return figure


def draw_profit(shares: Array, profit: Array, labels: tuple[str, str], note: str) -> "Figure":
    """Draw expected profit (n,) against the share of customers contacted (n,), and mark the best."""
    figure, axes = new_figure(*labels)
    best = int(np.argmax(profit))
    axes.axhline(0.0, color=PALE, lw=1, ls="--")
    axes.plot(shares, profit, color=MODEL, lw=1.8)
    axes.plot([shares[best]], [profit[best]], marker="o", color=BASE, ls="")
    axes.annotate(note, (shares[best], profit[best]), xytext=(8, 4), textcoords="offset points", fontsize=8)
    highest = float(profit.max())
    axes.set_ylim(bottom=max(float(profit.min()), -highest) - 1.0, top=1.2 * highest + 1.0)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    shown = np.unique(np.linspace(0, len(shares) - 1, min(len(shares), _PROFIT_PARTS)).astype(int))
    edges = np.r_[0.0, (shares[shown][:-1] + shares[shown][1:]) / 2.0, 1.0]
    for place, point in enumerate(shown):
        there = [Value(labels[0], float(shares[point]), "%"), Value(labels[1], float(profit[point]), "money")]
        add_part(figure, "", there, (float(edges[place]), float(edges[place + 1])))
    return figure
