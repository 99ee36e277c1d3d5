"""What a bundle says of value, by the shape of its data: order logs, contracts, or nothing for a labelled table."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..clv.clv_model import ClvModel
from ..clv.contract_value import CHANCE, ContractValueModel, ValueTerms
from ..clv.hybrid import BTYD_COLUMNS, SEASON_SHIFT
from ..clv.value_if_staying import value_if_staying
from ..data.settings import Shape
from ..decision.rfm_segments import Segmentation
from ..features.purchase_history import HISTORY_COLUMNS
from ..features.refund_history import REFUND_COLUMNS
from ..files import read_json
from .specification import BundleContract

Mask = NDArray[np.bool_]


class NoAppraisal:
    """A labelled table: nothing is known of value."""

    made: tuple[str, ...] = ()

    def __init__(self, models: Path, contract: BundleContract) -> None:
        """Load what is needed from the bundle's models."""
        del models
        self.contract = contract

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns asked of a feature row."""
        return ()

    def known(self, rows: pd.DataFrame) -> Mask:
        """Return of whom anything can be said, (n,)."""
        return np.ones(len(rows), dtype=bool)

    def columns(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the columns that churn models hear beside the features."""
        return pd.DataFrame(index=rows.index)

    def stakes(self, rows: pd.DataFrame) -> NDArray[np.float64] | None:
        """Return what customers are worth if they stay, (n,); None where nothing is known of it."""
        del rows
        return None

    def values(self, rows: pd.DataFrame, scores: "pd.Series[float]") -> dict[str, Any]:
        """Return the value columns of score rows, (n,) each, for rows of which something is known."""
        del rows, scores
        return {}


class OrderAppraisal(NoAppraisal):
    """An order log: expected purchases and spend, CLV, their intervals, P(alive) and the segment."""

    made = (*BTYD_COLUMNS, SEASON_SHIFT)

    def __init__(self, models: Path, contract: BundleContract) -> None:
        """Load the CLV model and the segments."""
        super().__init__(models, contract)
        self.clv = ClvModel.load(models)
        self.segments = Segmentation(**read_json(models / "segments.json"))
        self.days = contract.windows.horizon_days
        self.worth = contract.economics.worth

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns asked of a feature row."""
        return (*self.clv.features, *HISTORY_COLUMNS, *REFUND_COLUMNS)

    def known(self, rows: pd.DataFrame) -> Mask:
        """Return who ever bought, (n,)."""
        return np.asarray(rows["repeat_purchases"].notna().to_numpy())

    def columns(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return what the formulas say of the horizon, and the season's shift."""
        return self.clv.columns(rows, self.days)

    def stakes(self, rows: pd.DataFrame) -> NDArray[np.float64] | None:
        """Return what customers are worth if they stay, (n,); None for a log without amounts."""
        return value_if_staying(self.clv, rows, *self.worth) if self.contract.data.has_amount else None

    def values(self, rows: pd.DataFrame, scores: "pd.Series[float]") -> dict[str, Any]:
        """Return what is expected, and the bounds of what customers may do: most outcomes differ from expectations."""
        del scores
        near = self.clv.intervals(rows, self.days)
        found = {
            "expected_purchases": self.clv.expected_purchases(rows, self.days),
            "p_alive": self.clv.p_alive(rows),
            "segment": self.segments.predict(rows),
            **_bounds("expected_purchases", near["purchases"]),
        }
        if not self.contract.data.has_amount:
            return found
        return found | {
            "expected_spend": self.clv.expected_spend(rows, self.days),
            "clv": self.clv.discounted_value(rows, *self.worth),
            **_bounds("expected_spend", near["spend"]),
            **_bounds("clv", self.clv.value_interval(rows, *self.worth)),
        }


class ContractAppraisal(NoAppraisal):
    """Contracts: the margin of the payments still to come, with the churn score as the first hazard."""

    made = (CHANCE,)

    def __init__(self, models: Path, contract: BundleContract) -> None:
        """Load the survival curve."""
        super().__init__(models, contract)
        self.model = ContractValueModel.load(models)
        self.worth = ValueTerms(*contract.economics.worth)

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns asked of a feature row."""
        return tuple(self.model.features)

    def columns(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the chance of ending by age alone."""
        return self.model.columns(rows)

    def stakes(self, rows: pd.DataFrame) -> NDArray[np.float64] | None:
        """Return what customers are worth if they stay, (n,); None for contracts without prices."""
        return self.model.value_if_staying(rows, self.worth) if self.contract.data.has_amount else None

    def values(self, rows: pd.DataFrame, scores: "pd.Series[float]") -> dict[str, Any]:
        """Return the CLV of customers under contract, and its bounds; others have no score, and no value."""
        said = np.asarray(scores, dtype=float)
        found = {"clv": self.model.value(rows, said, self.worth)}
        return found | _bounds("clv", self.model.value_interval(rows, said, self.worth))


def _bounds(name: str, interval: Any) -> dict[str, Any]:
    return {f"{name}_low": interval.low, f"{name}_high": interval.high}


_BY_SHAPE = {Shape.orders: OrderAppraisal, Shape.contracts: ContractAppraisal, Shape.labelled: NoAppraisal}


def load_appraisal(models: Path, contract: BundleContract) -> NoAppraisal:
    """Return what suits the shape of the bundle's data, loaded."""
    return _BY_SHAPE[contract.data.shape](models, contract)
