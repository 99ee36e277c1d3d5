"""The values of customers by fitted models, one class per customer kind; training, refit and bundle use the same."""

from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..churn.log_odds import expit
from ..clv.clv_model import ClvModel
from ..clv.contract_value import CHANCE, ContractValueModel, ValueTerms
from ..clv.rfm import T_X, X
from ..clv.value_if_staying import value_if_staying
from ..data.settings import DataSettings, PerKind
from ..decision.economics import EconomicsSettings
from ..decision.rfm_segments import Segmentation
from ..errors import InputError
from ..evaluation.reliability import logit
from ..features.families.purchase_history import HISTORY_COLUMNS
from ..features.refund_history import REFUND_COLUMNS
from ..files import read_json, write_json
from .specification import BundleSpecification

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
_SEGMENTS = "segments.json"


class Valuation:
    """The fitted value models of customers; by default there are none, and no value columns."""

    @property
    def computed(self) -> tuple[str, ...]:
        """The columns that the value models add to feature rows, which churn models may take."""
        return ()

    @classmethod
    def load(cls, models: Path, specification: BundleSpecification) -> Self:
        """Load the value models of the bundle."""
        del models, specification
        return cls()

    def save(self, folder: Path) -> None:
        """Write the fitted models."""

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that a feature row must have."""
        return ()

    def covered(self, rows: pd.DataFrame) -> Mask:
        """Return which rows can be scored, (n,)."""
        return np.ones(len(rows), dtype=bool)

    def columns(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the columns that churn models take beside the features."""
        return pd.DataFrame(index=rows.index)

    def at_horizon(self, days: float) -> Self:
        """Return the valuation for a horizon other than the trained one.

        Raises:
            InputError: these customers have no model that carries scores over time.
        """
        message = f"horizon_days={days:g}: only orders have a purchase model that carries scores to another horizon."
        raise InputError(message, remedy="leave it out: scores are for the trained horizon.")

    def keeping(self) -> Self:
        """Return the valuation, which works out only once what several questions about the same rows need."""
        return self

    def carry(self, rows: pd.DataFrame, scores: Array) -> Array:
        """Return churn scores (n,) of the trained horizon, carried to that of the valuation."""
        del rows
        return scores

    def churn_curve(self, rows: pd.DataFrame, scores: Array, ends_days: Sequence[float]) -> Array:
        """Return the probability of churn by each of several days ahead, (n, ends), from scores of the trained horizon.

        Raises:
            InputError: the rows have no time.
        """
        del rows, scores, ends_days
        message = "curve_days: a labelled table has no time, and its score no other horizon."
        raise InputError(message, remedy="leave it out.")

    def values_if_staying(self, rows: pd.DataFrame) -> Array | None:
        """Return the values of customers if they stay, (n,); None where the data have no amounts."""
        del rows
        return None

    def values(self, rows: pd.DataFrame, scores: "pd.Series[float]") -> dict[str, Any]:
        """Return the value columns of score rows, (n,) each, for covered rows."""
        del rows, scores
        return {}


class NoValuation(Valuation):
    """Labelled customers: they have no value columns."""


class OrderValuation(Valuation):
    """Customers without a contract: expected purchases and spend, CLV, their intervals, P(alive) and the segment."""

    def __init__(
        self,
        clv: ClvModel,
        days: int,
        data: DataSettings,
        economics: EconomicsSettings,
        segments: Segmentation | None = None,
    ) -> None:
        """Keep the fitted CLV model, the length of the label window in days, and the segments of a bundle."""
        self.clv, self.days, self.segments = clv, days, segments
        self.scored_days: float = days
        self.has_amount, self.terms = data.has_amount, economics.value_terms

    @property
    def computed(self) -> tuple[str, ...]:
        """The expectations of the BTYD models, and the season's shift."""
        return self.clv.computed_columns

    @classmethod
    def load(cls, models: Path, specification: BundleSpecification) -> Self:
        """Load the CLV model and the segments."""
        segments = Segmentation(**read_json(models / _SEGMENTS))
        days, economics = specification.windows.horizon_days, specification.economics
        return cls(ClvModel.load(models), days, specification.data, economics, segments)

    def save(self, folder: Path) -> None:
        """Write the CLV model, and the segments of a bundle."""
        self.clv.save(folder)
        if self.segments is not None:
            write_json(folder / _SEGMENTS, vars(self.segments))

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that a feature row must have."""
        return (*self.clv.features, *HISTORY_COLUMNS, *REFUND_COLUMNS)

    def covered(self, rows: pd.DataFrame) -> Mask:
        """Return which customers have bought, (n,)."""
        return np.asarray(rows["repeat_purchases"].notna().to_numpy())

    def columns(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the predictions of the BTYD models for the horizon, and the season's shift."""
        return self.clv.columns(rows, self.days)

    def at_horizon(self, days: float) -> Self:
        """Return the valuation for another horizon: the fitted models are the same."""
        valuation = copy(self)
        valuation.scored_days = days
        return valuation

    def keeping(self) -> Self:
        """Return the valuation with a CLV model that keeps what it expects of the latest rows."""
        valuation = copy(self)
        valuation.clv = self.clv.keeping()
        return valuation

    def carry(self, rows: pd.DataFrame, scores: Array) -> Array:
        """Return churn scores (n,) carried by the BTYD model's own time shape, exact at the trained horizon.

        The log-odds move by as much as those of the BTYD model's probability of no purchase do from the trained
        horizon to the scored one. The order of customers with the same history then stays, and a longer horizon has a
        lower score.
        """
        if self.scored_days == self.days:
            return scores
        scored, trained = (logit(self.clv.p_no_purchase(rows, days)) for days in (self.scored_days, self.days))
        return expit(logit(scores) + scored - trained)

    def churn_curve(self, rows: pd.DataFrame, scores: Array, ends_days: Sequence[float]) -> Array:
        """Return the probability of no order by each of several days ahead, (n, ends), by the BTYD model's shape."""
        return np.column_stack([self.at_horizon(end).carry(rows, scores) for end in ends_days])

    def values_if_staying(self, rows: pd.DataFrame) -> Array | None:
        """Return the values of customers if they stay, (n,); None for a log without amounts."""
        return value_if_staying(self.clv, rows, *self.terms) if self.has_amount else None

    def values(self, rows: pd.DataFrame, scores: "pd.Series[float]") -> dict[str, Any]:
        """Return expectations and the intervals of single customers' outcomes, most of which differ from them."""
        del scores
        clv = self.clv
        intervals = clv.intervals(rows, self.scored_days)
        expectations = {
            "expected_purchases": clv.expected_purchases(rows, self.scored_days),
            "p_alive": clv.p_alive(rows),
            **({} if self.segments is None else {"segment": self.segments.predict(rows)}),
            **_bounds("expected_purchases", intervals["purchases"]),
            **self._timing(clv, rows),
        }
        if not self.has_amount:
            return expectations
        value, spent = clv.discounted_value(rows, *self.terms), _spend_to_date(rows)
        _, margin, _ = self.terms
        return expectations | {
            "expected_spend": clv.expected_spend(rows, self.scored_days),
            "clv": value,
            "spend_to_date": spent,
            "clv_total": margin * spent + value,
            **_bounds("expected_spend", intervals["spend"]),
            **_bounds("clv", clv.value_interval(rows, *self.terms)),
        }

    def _timing(self, clv: ClvModel, rows: pd.DataFrame) -> dict[str, Any]:
        """Return the mean days between purchases, and the days on which the next order is expected.

        Both are empty where they do not exist: for customers who bought once, and for those of whom no order within
        the horizon of the CLV is likelier than one.
        """
        repeats, days = (rows[name].to_numpy(dtype=float) for name in (X, T_X))
        expected = clv.next_order(rows, self.terms[0])
        likely = expected.p_order >= 0.5  # noqa: PLR2004 # else no order is likelier
        dates = {
            f"expected_next_order{end}": _dates(rows["cutoff"], np.where(likely, after, np.nan))
            for end, after in (("", expected.median), ("_low", expected.low), ("_high", expected.high))
        }
        gaps = np.divide(days, repeats, out=np.full(len(rows), np.nan), where=repeats > 0)
        return {"mean_gap_days": gaps, **dates}


class ContractValuation(Valuation):
    """Customers under contract: the margin of the payments still to come, with the churn score as the first hazard."""

    def __init__(self, model: ContractValueModel, data: DataSettings, economics: EconomicsSettings) -> None:
        """Keep the fitted survival curve."""
        self.model = model
        self.has_amount, self.terms = data.has_amount, ValueTerms(*economics.value_terms)

    @property
    def computed(self) -> tuple[str, ...]:
        """The probability that a contract ends, by age."""
        return (CHANCE,)

    @classmethod
    def load(cls, models: Path, specification: BundleSpecification) -> Self:
        """Load the survival curve."""
        return cls(ContractValueModel.load(models), specification.data, specification.economics)

    def save(self, folder: Path) -> None:
        """Write the survival curve."""
        self.model.save(folder)

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that a feature row must have."""
        return tuple(self.model.features)

    def columns(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the chance of ending by age alone."""
        return self.model.columns(rows)

    def churn_curve(self, rows: pd.DataFrame, scores: Array, ends_days: Sequence[float]) -> Array:
        """Return the probability of an end by each of several days ahead, (n, ends), the score as the first hazard."""
        return self.model.churn_curve(rows, scores, ends_days)

    def values_if_staying(self, rows: pd.DataFrame) -> Array | None:
        """Return the values of customers if they stay, (n,); None for contracts without prices."""
        return self.model.value_if_staying(rows, self.terms) if self.has_amount else None

    def values(self, rows: pd.DataFrame, scores: "pd.Series[float]") -> dict[str, Any]:
        """Return the CLV of customers under contract and its bounds; others have neither score nor value."""
        hazard = np.asarray(scores, dtype=float)
        interval = self.model.value_interval(rows, hazard, self.terms)
        return {"clv": self.model.value(rows, hazard, self.terms), **_bounds("clv", interval)}


def _spend_to_date(rows: pd.DataFrame) -> Array:
    """Return what customers spent before the cutoff, less what they returned, in currency."""
    settled, returned = (rows[name].to_numpy(dtype=float) for name in ("settled_spend", "returned_spend"))
    return np.asarray(settled - returned)


def _dates(moments: "pd.Series[pd.Timestamp]", days: Array) -> NDArray[np.object_]:
    """Return the day so many days after each moment, as text; None where there is none."""
    after = pd.to_datetime(moments).to_numpy() + pd.to_timedelta(np.floor(days), unit="D").to_numpy()
    text = np.datetime_as_string(after, unit="D").astype(object)
    text[np.isnat(after)] = None
    return text


def _bounds(name: str, interval: Any) -> dict[str, Any]:
    return {f"{name}_low": interval.low, f"{name}_high": interval.high}


VALUATIONS: PerKind[type[Valuation]] = PerKind(OrderValuation, ContractValuation, NoValuation, NoValuation)


def load_valuation(models: Path, specification: BundleSpecification) -> Valuation:
    """Return the valuation for the customer kind of the bundle's data, loaded."""
    return VALUATIONS[specification.data.shape].load(models, specification)
