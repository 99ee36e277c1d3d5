"""Plots of a CLV model: actual and expected frequencies of purchases, and its predictions by recency and frequency."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..clv.clv_model import ClvModel
from ..clv.rfm import Histories
from ..evaluation import plots as figures
from ..features.dataset import Dataset

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_SHOWN = 8
_GRID = 60
_HIGH_SHARE = 0.995


def draw_model(model: ClvModel, evaluated: Dataset, horizon_days: int) -> "dict[str, Figure]":
    """Return the plots by name: purchases actual and expected, and the two surfaces of the BTYD model."""
    purchases = np.minimum(evaluated.labels["purchases"].to_numpy(dtype=int), _MOST_SHOWN)
    actual = np.bincount(purchases, minlength=_MOST_SHOWN + 1).astype(float)
    expected = model.expected_frequencies(evaluated.features, horizon_days, _MOST_SHOWN)
    title = f"Purchases in {horizon_days} days, last validation cutoff"
    return {
        "frequencies": figures.draw_frequencies(actual, expected, title),
        **_surfaces(model, evaluated, horizon_days),
    }


def _surfaces(model: ClvModel, evaluated: Dataset, horizon_days: int) -> "dict[str, Figure]":
    """Return P(alive) and expected purchases over repeat purchases and days of silence, at the median age."""
    features = evaluated.features
    age = float(features["age_days"].median())
    most = max(float(features["repeat_purchases"].quantile(_HIGH_SHARE)), 3.0)
    silent, x = np.linspace(0.0, age, _GRID), np.linspace(1.0, most, _GRID)
    days, times = (grid.ravel() for grid in np.meshgrid(silent, x))
    each = np.log(np.maximum((age - days) / times, 1.0))
    histories = Histories(times, age - days, np.full(len(days), age), times * each)
    axes = ("days since the last purchase", "repeat purchases")
    alive = model.purchases.p_alive(histories).reshape(_GRID, _GRID)
    ahead = model.purchases.expected_purchases(histories, float(horizon_days)).reshape(_GRID, _GRID)
    name, when = model.purchases.name, f"customers of {age:.0f} days"
    surface = partial(figures.draw_surface, across=silent, up=x)
    return {
        "p_alive": surface(alive, labels=(*axes, "P(alive)"), title=f"{name}: still a customer? ({when})"),
        "expected_purchases": surface(
            ahead, labels=(*axes, f"purchases in {horizon_days} days"), title=f"{name}: expected purchases ({when})"
        ),
    }
