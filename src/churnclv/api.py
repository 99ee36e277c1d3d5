"""The public API for notebooks: read events, build features at cutoffs, fit each model on a plain DataFrame, score.

Models take the RFM summary that users of the `lifetimes` package have: one row per customer with `frequency` (repeat
purchases), `recency` (time from the first purchase to the last), `T` (time from the first purchase to the cutoff) and
`monetary_value` (mean value of the repeat purchases). Time may be in any unit; results are in the same one.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from pydantic import TypeAdapter
from sklearn.base import BaseEstimator

from .bundle.loading import load_bundle as _load_bundle
from .churn.boosted import BoostedChurnModel
from .churn.log_odds import expit
from .churn.logistic import LogisticChurnModel
from .clv.gamma_gamma import GammaGammaModel, Independence, check_independence
from .clv.rfm import LOG_GAPS, MEAN_SPEND, Array, X
from .data.engine import EngineSettings, connect
from .data.events import Events
from .data.events import read_events as _read_events
from .data.settings import Columns, DataSettings
from .dynamic_covariates import DynamicCovariates
from .errors import require
from .features.feature_table import TableDefinition
from .features.feature_table import build_features as _build_features
from .features.settings import FeatureSettings
from .purchase_estimators import (
    NBD,
    RFM_COLUMNS,
    BetaGeo,
    CondensedBetaGeo,
    GompertzNBD,
    ModifiedBetaGeo,
    ParetoNBD,
    column_of,
    series_of,
)
from .snapshots.customer_kinds import label_windows
from .snapshots.history import cut_history
from .snapshots.settings import WindowSettings

__all__ = [
    "NBD",
    "BetaGeo",
    "BoostedChurn",
    "CondensedBetaGeo",
    "DynamicCovariates",
    "GammaGamma",
    "GompertzNBD",
    "LogisticChurn",
    "ModifiedBetaGeo",
    "ParetoNBD",
    "build_features",
    "load_bundle",
    "read_events",
    "read_labels",
    "summarise_rfm",
]


def read_events(data: pd.DataFrame | str | Path, *, columns: dict[str, str] | None = None, **settings: Any) -> Events:
    """Read a log of orders into the canonical event table.

    Parameters
    ----------
    data
        A frame of raw events, or the path of a CSV or Parquet file.
    columns
        Role -> column of the data, for columns that do not carry their role's name. Roles are `customer_id`,
        `timestamp`, `amount`, `price`, `quantity`, `order_id`, `item`, `category`, `channel` and others: see the page
        on your own data. Roles whose column is absent are left out.
    **settings
        Further values of `conf/data`, such as `date_format="%d/%m/%Y"` or `decimal="comma"`.

    Returns
    -------
    Events
        `quality` accounts for every row; `table` is the canonical table in the engine; `start` and `end` bound the
        observed span [start, end).

    Raises
    ------
    InputError
        A fault of the file or of a column, with its remedy.
    """
    frame = data if isinstance(data, pd.DataFrame) else None
    chosen = dict(columns or {})
    if frame is not None:
        roles = {field.name for field in fields(Columns)}
        absent = [role for role in ("customer_id", "timestamp", "amount") if role not in frame and role not in chosen]
        require(not absent, f"the frame has no column {absent[0] if absent else ''}.", remedy="map it: columns={...}")
        chosen = {role: role for role in frame.columns if role in roles} | chosen
    names = {field.name for field in fields(DataSettings)} - {"columns", "path"}
    unknown = [name for name in settings if name not in names]
    require(not unknown, f"unknown settings {unknown}.", remedy=f"allowed are {', '.join(sorted(names))}.")
    mapping = Columns(**{field.name: chosen.get(field.name) for field in fields(Columns)}) if chosen else Columns()
    path = None if frame is not None else str(data)
    values = {"columns": mapping, "path": path, **settings}
    return _read_events(connect(EngineSettings()), TypeAdapter(DataSettings).validate_python(values), frame)


def build_features(
    events: Events, cutoffs: Sequence[str | datetime], *, families: Sequence[str] | None = None, **windows: Any
) -> pd.DataFrame:
    """Return one row of features per customer and cutoff; no feature sees an event at or after its cutoff.

    Parameters
    ----------
    events
        What `read_events` returned.
    cutoffs
        The instants at which to stand, as dates (`"2011-06-01"`) or datetimes.
    families
        Feature families by name; None takes those of `conf/features/default.yaml`.
    **windows
        Values of `conf/windows`, such as `active_days=365` for the population.

    Returns
    -------
    DataFrame
        Keys `customer_id` and `cutoff`, `in_population`, then one column per feature; ordered by the keys.
    """
    moments = [pd.Timestamp(cutoff).to_pydatetime() for cutoff in cutoffs]
    settings = FeatureSettings() if families is None else FeatureSettings(families=list(families))
    definition = TableDefinition(moments, settings, WindowSettings(**windows), events.shape, events.refunds)
    return _build_features(events.table, events.quality.fingerprint, definition)


def read_labels(events: Events, cutoffs: Sequence[str | datetime], horizon_days: int) -> pd.DataFrame:
    """Return what happened in [cutoff, cutoff + horizon) to every customer seen before the cutoff.

    Parameters
    ----------
    events
        What `read_events` returned; its observed span has to reach the end of every label window.
    cutoffs
        The instants at which to stand.
    horizon_days
        Length of the label window, in days.

    Returns
    -------
    DataFrame
        `customer_id`, `cutoff`, `churned` (0 or 1), `purchases_in_horizon`, and `spend_in_horizon` in the log's
        currency.
    """
    moments = [pd.Timestamp(cutoff).to_pydatetime() for cutoff in cutoffs]
    windows = WindowSettings(horizon_days=horizon_days)
    late = [moment for moment in moments if windows.label_end(moment) > events.end]
    require(
        not late, f"the label window of {late[:1]} ends after the data, {events.end}.", remedy="take earlier cutoffs."
    )
    customers = cut_history(events.table, moments).select("customer_id", "cutoff").distinct()
    labels = label_windows(events.table, customers, moments, windows, events.shape).execute()
    labels = labels.rename(columns={"purchases": "purchases_in_horizon", "spend": "spend_in_horizon"})
    return labels.sort_values(["customer_id", "cutoff"], ignore_index=True)  # type: ignore[no-any-return] # ibis is untyped


def summarise_rfm(events: Events, cutoff: str | datetime) -> pd.DataFrame:
    """Return the RFM summary of all buyers before a cutoff, in days, with the column names of `lifetimes`.

    Parameters
    ----------
    events
        What `read_events` returned.
    cutoff
        The instant at which to stand; only events before it count.

    Returns
    -------
    DataFrame
        Indexed by `customer_id`: `frequency`, `recency`, `T` and `monetary_value` (0 without a repeat purchase).
    """
    rows = build_features(events, [cutoff], families=["purchase_history"])
    rows = rows[rows[X].notna()].set_index("customer_id")
    table = rows[list(RFM_COLUMNS.values())].set_axis(list(RFM_COLUMNS), axis=1)
    return table.assign(monetary_value=table["monetary_value"].fillna(0.0), log_gaps=rows[LOG_GAPS])


class GammaGamma(BaseEstimator):  # type: ignore[misc] # scikit-learn is untyped
    """Gamma-Gamma of Fader and Hardie (2013): the mean value of a customer's purchases.

    Parameters
    ----------
    penalty
        As for the models of purchases.

    Attributes
    ----------
    params_
        p, q and v of the paper; or the population's `mean`, where `fallback_` says why they could not be estimated.
    """

    model_: GammaGammaModel

    def __init__(self, penalty: float = 0.0) -> None:
        """Keep the penalty."""
        self.penalty = penalty

    def fit(self, rfm: pd.DataFrame, y: None = None) -> Self:
        """Estimate from customers with `frequency` and `monetary_value` above 0."""
        del y
        self.model_ = GammaGammaModel(self.penalty).fit(_spend(rfm))
        self.params_, self.fallback_ = dict(self.model_.parameters), self.model_.fallback
        return self

    def expected_spend(self, rfm: pd.DataFrame) -> "pd.Series[float]":
        """Return the expected value of each customer's next purchase, in the data's currency."""
        return series_of(self.model_.expected_spend_per_purchase(_spend(rfm)), rfm, "expected_spend")

    def independence_test(self, rfm: pd.DataFrame) -> Independence:
        """Return the test of the assumption that spend per purchase does not depend on frequency.

        Parameters
        ----------
        rfm
            The customers; those with `frequency` and `monetary_value` above 0 count.
        """
        return check_independence(_spend(rfm))

    def predict(self, rfm: pd.DataFrame) -> Array:
        """Return the expected value of each customer's next purchase, shape (n,)."""
        return np.asarray(self.expected_spend(rfm))


class _ChurnEstimator(ABC, BaseEstimator):  # type: ignore[misc] # scikit-learn is untyped
    """What the churn models share; features may be numbers or text, with missing values."""

    model_: Any

    @abstractmethod
    def _make(self) -> Any:
        """Return the unfitted model."""

    def fit(self, X: pd.DataFrame, y: Any) -> Self:
        """Fit on a feature table, shape (n, k), and outcomes 0 or 1, shape (n,); keys are not learned from."""
        self.feature_names_in_ = np.array([name for name in X.columns if name not in {"customer_id", "cutoff"}])
        self.classes_ = np.array([0, 1])
        self.model_ = self._make().fit(X[list(self.feature_names_in_)], np.asarray(y, dtype=float))
        return self

    def predict_proba(self, X: pd.DataFrame) -> Array:
        """Return P(stays) and P(churns) of each row, shape (n, 2); not calibrated."""
        churn = expit(self.model_.log_odds(X[list(self.feature_names_in_)]))
        return np.column_stack([1.0 - churn, churn])

    def predict(self, X: pd.DataFrame) -> Any:
        """Return the likelier outcome of each row, 0 or 1, shape (n,)."""
        return (self.predict_proba(X)[:, 1] > 0.5).astype(int)  # noqa: PLR2004 # the likelier of two

    def contributions(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return what each feature adds to the log-odds of churn: SHAP values of trees, terms of a regression."""
        return self.model_.contributions(X[list(self.feature_names_in_)])  # type: ignore[no-any-return] # one protocol


class BoostedChurn(_ChurnEstimator):
    """XGBoost as a churn model.

    Parameters
    ----------
    params
        XGBoost's parameters, such as `{"max_depth": 4, "learning_rate": 0.05}`.
    rounds
        Number of trees.
    """

    def __init__(self, params: dict[str, float] | None = None, rounds: int = 200) -> None:
        """Keep the choices."""
        self.params = params
        self.rounds = rounds

    def _make(self) -> BoostedChurnModel:
        return BoostedChurnModel(dict(self.params or {}), rounds=self.rounds)


class LogisticChurn(_ChurnEstimator):
    """Logistic regression on standardised and derived columns, with an L2 penalty.

    Parameters
    ----------
    penalty_strength
        Larger is more regularised.
    """

    def __init__(self, penalty_strength: float = 1.0) -> None:
        """Keep the choice."""
        self.penalty_strength = penalty_strength

    def _make(self) -> LogisticChurnModel:
        return LogisticChurnModel(self.penalty_strength)


def load_bundle(path: str | Path) -> Any:
    """Return the scorer of an exported bundle: `predict(events)` gives one score row per customer.

    A bundle is a program: loading it runs its own copy of the code. Load only bundles that you trust.

    Raises
    ------
    InputError
        There is no bundle, or it is damaged.
    """
    return _load_bundle(Path(path))


def _spend(rfm: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({X: column_of(rfm, "frequency"), MEAN_SPEND: column_of(rfm, "monetary_value")})
