"""The values of a chart's parts: where each part lies in the drawn figure, for the page to show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from ..evaluation.metrics import Array
from .section import Mark, Value

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Part:
    """A part of a chart in the units of its axes; None is the whole length of an axis."""

    name: str
    values: tuple[Value, ...]
    across: tuple[float, float] | None
    up: tuple[float, float] | None


_PARTS: "WeakKeyDictionary[Figure, list[Part]]" = WeakKeyDictionary()


def add_part(
    figure: "Figure",
    name: str,
    values: Sequence[Value],
    across: tuple[float, float] | None = None,
    up: tuple[float, float] | None = None,
) -> None:
    """Give a part of a figure its values; those that are not known are left out, and a part without any."""
    known = tuple(value for value in values if np.isfinite(value.value))
    if known:
        _PARTS.setdefault(figure, []).append(Part(name, known, across, up))


def add_strips(figure: "Figure", names: Sequence[str], series: dict[str, Array], style: str) -> None:
    """Give each place 0, 1, ... across a figure the values of all series there."""
    for place, name in enumerate(names):
        values = [Value(series_name, float(values[place]), style) for series_name, values in series.items()]
        add_part(figure, name, values, across=(place - 0.5, place + 0.5))


def place_marks(figure: "Figure") -> tuple[Mark, ...]:
    """Return the parts of a figure that has been drawn, each at its place in percent of the picture."""
    axes, marks = figure.axes[0], []
    ends, width, height = (axes.get_xlim(), axes.get_ylim()), figure.bbox.width, figure.bbox.height
    for part in _PARTS.get(figure, []):
        spans = [np.clip(end if span is None else span, min(end), max(end)) for span, end in
                 zip((part.across, part.up), ends, strict=True)]  # fmt: skip
        corners = axes.transData.transform(np.array(spans, dtype=float).T) / (width, height) * 100.0
        left, right = sorted(corners[:, 0])
        bottom, top = sorted(corners[:, 1])
        where = [round(float(each), 2) for each in (left, 100.0 - top, right - left, top - bottom)]
        marks.append(Mark(part.name, part.values, *where))
    return tuple(marks)
