"""BG/NBD: how often customers buy, and whether they still do; estimated by `lifetimes`."""

import contextlib
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError
from ..files import read_json, write_json
from . import formulas
from .formulas import Array

OPTIMISER_TOLERANCES = (1e-7, 1e-5, 1e-4)  # it gives up at flat optima that a looser stop accepts
X, T_X, AGE = "repeat_purchases", "last_purchase_age_days", "age_days"


def letters(history: pd.DataFrame) -> tuple[Array, Array, Array]:
    """Return (x, t_x, T) of a purchase history; T is at least t_x."""
    x, t_x, age = (history[name].to_numpy(dtype=float) for name in (X, T_X, AGE))
    return x, t_x, np.maximum(age, t_x)


def collapse(columns: list[Array]) -> tuple[list[Array], Array]:
    """Return the distinct rows of some columns, sorted, and how often each occurs."""
    rows, counts = np.unique(np.column_stack(columns), axis=0, return_counts=True)
    return list(rows.T), counts.astype(float)


class BetaGeoModel:
    """BG/NBD of Fader, Hardie and Lee (2005), with time in days.

    One-time buyers have P(alive) = 1 by construction: rank churn by the chance of no purchase, not by P(alive).
    """

    def __init__(self, penalty: float = 0.0) -> None:
        """Keep the L2 penalty (0 = maximum likelihood)."""
        self.penalty = penalty
        self.parameters: dict[str, float] = {}

    def get_params(self) -> dict[str, float]:
        """Return what was chosen before the fit."""
        return {"penalty": self.penalty}

    def fit(self, history: pd.DataFrame) -> "BetaGeoModel":
        """Estimate r, alpha, a and b from purchase histories; equal histories are counted, not repeated.

        Raises:
            InputError: nobody bought twice, or no optimum was found.
        """
        (x, t_x, T), counts = collapse(list(letters(history)))
        if x.sum() == 0:
            raise InputError(
                "nobody bought twice before the cutoff: purchases cannot be modelled.", remedy="a longer log."
            )
        self.parameters = _estimate(x, t_x, T, counts, self.penalty)
        return self

    def expected_purchases(self, history: pd.DataFrame, days: float) -> Array:
        """Return expected purchases within `days` from the cutoff: counts, shape (n,)."""
        x, t_x, T = letters(history)
        return formulas.bgnbd_expected_purchases(days, x, t_x, T, **self.parameters)

    def p_alive(self, history: pd.DataFrame) -> Array:
        """Return the probability of still being a customer at the cutoff, shape (n,)."""
        x, t_x, T = letters(history)
        return formulas.bgnbd_p_alive(x, t_x, T, **self.parameters)

    def p_no_purchase(self, history: pd.DataFrame, days: float) -> Array:
        """Return the probability of no purchase within `days` from the cutoff, shape (n,)."""
        x, t_x, T = letters(history)
        return formulas.bgnbd_p_no_purchase(days, x, t_x, T, **self.parameters)

    def save(self, folder: Path) -> None:
        """Write the parameters as JSON."""
        write_json(
            folder / "bgnbd.json",
            {"penalty": self.penalty, "parameters": self.parameters, "time_unit": "days"},
        )

    @classmethod
    def load(cls, folder: Path) -> "BetaGeoModel":
        """Read what `save` wrote."""
        stored = read_json(folder / "bgnbd.json")
        model = cls(stored["penalty"])
        model.parameters = stored["parameters"]
        return model


def _estimate(x: Array, t_x: Array, T: Array, counts: Array, penalty: float) -> dict[str, float]:
    for tolerance in OPTIMISER_TOLERANCES:
        found = fit_quietly("BetaGeoFitter", penalty, x, t_x, T, weights=counts, tol=tolerance)
        if found:
            return found
    raise InputError(f"BG/NBD found no optimum at penalty {penalty:g}.", remedy="raise clv.purchase_penalty.")


def fit_quietly(name: str, penalty: float, *columns: Array, **options: Any) -> dict[str, float]:
    """Fit one of the `lifetimes` models and return its parameters; empty where its optimiser gives up.

    It sets an outdated pandas option on import, prints its optimiser's notes and tries points where logs overflow.
    """
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        import lifetimes
        from lifetimes.utils import ConvergenceError

        fitter = getattr(lifetimes, name)(penalizer_coef=penalty)
        try:
            fitter.fit(*columns, **options)
        except ConvergenceError:
            return {}
    return {str(name): float(value) for name, value in fitter.params_.items()}
