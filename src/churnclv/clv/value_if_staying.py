"""The value at stake: the CLV of a customer who stays, which a successful retention offer would save."""

import numpy as np
import pandas as pd

from .clv_model import ClvModel
from .rfm import Array

_LEAST_ALIVE = 1e-9


def value_if_staying(model: ClvModel, rows: pd.DataFrame, days: float, margin: float, annual_rate: float) -> Array:
    """Return the discounted margin over `days` of customers who are still customers, (n,), in the log's currency.

    Under every model of purchases an expectation is P(alive) times that of a customer who is alive (Fader, Hardie, Lee
    2005, Eq. 10), so this is the CLV over P(alive). The BTYD model alone is used: trees predict the expectation,
    but not the expectation given that the customer stays.
    """
    btyd = model.btyd_alone()
    value = btyd.discounted_value(rows, days, margin, annual_rate)
    return np.asarray(value / np.maximum(btyd.p_alive(rows), _LEAST_ALIVE))
