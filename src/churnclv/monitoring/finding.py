"""A finding of monitoring: one line of the page, with its light."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

Fields = Mapping[str, float | int | str | None]


class Light(IntEnum):
    """Whether a line needs attention: `unknown` where nothing can be compared yet."""

    unknown = 0
    ok = 1
    watch = 2
    act = 3


class Part(IntEnum):
    """The parts of the page, in its order."""

    data = 1
    drift = 2
    promises = 3
    estimate = 4


@dataclass(frozen=True)
class Finding:
    """One line of the page.

    Parameters
    ----------
    part
        The part of the page.
    light
        Its light.
    text
        The key of its text in `monitoring_texts`.
    values
        The fields of that text.
    metrics
        Figures for MLflow, by dotted name.
    """

    part: Part
    light: Light
    text: str
    values: Fields = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)


def worst(findings: Iterable[Finding]) -> Light:
    """Return the most urgent light of some findings; `unknown` for none."""
    return max((finding.light for finding in findings), default=Light.unknown)
