"""What is at stake: what a customer is worth if they stay, as an offer that keeps them would save it."""

from dataclasses import replace

import numpy as np
import pandas as pd

from .clv_model import ClvModel
from .rfm import Array

_LEAST_ALIVE = 1e-9


def value_if_staying(model: ClvModel, rows: pd.DataFrame, days: float, margin: float, annual_rate: float) -> Array:
    """Return the discounted margin over `days` of customers who are still customers, (n,), in the log's currency.

    Under every model of purchases an expectation is P(alive) times that of a customer who is alive, and zero else
    (Fader, Hardie, Lee 2005, Eq. 10): so this is the CLV over P(alive). By the formulas alone: trees know what is
    expected of a customer, but not of one who is known to stay.
    """
    btyd_models = ClvModel(replace(model.choice, name=model.choice.btyd)).on_top_of(model)
    value = btyd_models.discounted_value(rows, days, margin, annual_rate)
    return np.asarray(value / np.maximum(btyd_models.p_alive(rows), _LEAST_ALIVE))
