"""The value columns of a bundle by the shape of its data: order logs, contracts, and none for a labelled table."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..clv.clv_model import ClvModel
from ..clv.contract_value import CHANCE, ContractValueModel, ValueTerms
from ..clv.value_if_staying import value_if_staying
from ..data.settings import Shape
from ..decision.rfm_segments import Segmentation
from ..features.purchase_history import HISTORY_COLUMNS
from ..features.refund_history import REFUND_COLUMNS
from ..files import read_json
from .specification import BundleSpecification

Mask = NDArray[np.bool_]


class NoValuation:
    """A labelled table: it has no value columns."""

    computed: tuple[str, ...] = ()

    def __init__(self, models: Path, specification: BundleSpecification) -> None:
        """Load the value models of the bundle."""
        del models
        self.specification = specification

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

    def values_if_staying(self, rows: pd.DataFrame) -> NDArray[np.float64] | None:
        """Return the values of customers if they stay, (n,); None where the data have none."""
        del rows
        return None

    def values(self, rows: pd.DataFrame, scores: "pd.Series[float]") -> dict[str, Any]:
        """Return the value columns of score rows, (n,) each, for covered rows."""
        del rows, scores
        return {}


class OrderValuation(NoValuation):
    """An order log: expected purchases and spend, CLV, their intervals, P(alive) and the segment."""

    def __init__(self, models: Path, specification: BundleSpecification) -> None:
        """Load the CLV model and the segments."""
        super().__init__(models, specification)
        self.clv = ClvModel.load(models)
        self.computed = self.clv.computed_columns
        self.segments = Segmentation(**read_json(models / "segments.json"))
        self.days = specification.windows.horizon_days
        self.terms = specification.economics.value_terms

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

    def values_if_staying(self, rows: pd.DataFrame) -> NDArray[np.float64] | None:
        """Return the values of customers if they stay, (n,); None for a log without amounts."""
        return value_if_staying(self.clv, rows, *self.terms) if self.specification.data.has_amount else None

    def values(self, rows: pd.DataFrame, scores: "pd.Series[float]") -> dict[str, Any]:
        """Return expectations and the intervals of single customers' outcomes, most of which differ from them."""
        del scores
        intervals = self.clv.intervals(rows, self.days)
        expectations = {
            "expected_purchases": self.clv.expected_purchases(rows, self.days),
            "p_alive": self.clv.p_alive(rows),
            "segment": self.segments.predict(rows),
            **_bounds("expected_purchases", intervals["purchases"]),
        }
        if not self.specification.data.has_amount:
            return expectations
        return expectations | {
            "expected_spend": self.clv.expected_spend(rows, self.days),
            "clv": self.clv.discounted_value(rows, *self.terms),
            **_bounds("expected_spend", intervals["spend"]),
            **_bounds("clv", self.clv.value_interval(rows, *self.terms)),
        }


class ContractValuation(NoValuation):
    """Contracts: the margin of the payments still to come, with the churn score as the first hazard."""

    computed = (CHANCE,)

    def __init__(self, models: Path, specification: BundleSpecification) -> None:
        """Load the survival curve."""
        super().__init__(models, specification)
        self.model = ContractValueModel.load(models)
        self.terms = ValueTerms(*specification.economics.value_terms)

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that a feature row must have."""
        return tuple(self.model.features)

    def columns(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the chance of ending by age alone."""
        return self.model.columns(rows)

    def values_if_staying(self, rows: pd.DataFrame) -> NDArray[np.float64] | None:
        """Return the values of customers if they stay, (n,); None for contracts without prices."""
        return self.model.value_if_staying(rows, self.terms) if self.specification.data.has_amount else None

    def values(self, rows: pd.DataFrame, scores: "pd.Series[float]") -> dict[str, Any]:
        """Return the CLV of customers under contract and its bounds; others have neither score nor value."""
        hazard = np.asarray(scores, dtype=float)
        interval = self.model.value_interval(rows, hazard, self.terms)
        return {"clv": self.model.value(rows, hazard, self.terms), **_bounds("clv", interval)}


def _bounds(name: str, interval: Any) -> dict[str, Any]:
    return {f"{name}_low": interval.low, f"{name}_high": interval.high}


_BY_SHAPE = {Shape.orders: OrderValuation, Shape.contracts: ContractValuation, Shape.labelled: NoValuation}


def load_valuation(models: Path, specification: BundleSpecification) -> NoValuation:
    """Return the valuation for the shape of the bundle's data, loaded."""
    return _BY_SHAPE[specification.data.shape](models, specification)
