"""Scoring: the two callables of a bundle, `features(events)` and the row-wise `score(feature_rows)`."""

from collections.abc import Sequence
from copy import copy
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..churn.ensemble import ChurnModel
from ..data.events import Events
from ..data.labelled_table import LabelledTable
from ..decision.campaign import Campaign
from ..decision.target_list import TargetTotals, target_list, total_targets
from ..errors import require
from ..explain.reasons import Reasons, cite_features
from ..files import read_json
from ..notices import Notice
from .bundle_reader import BundleReader
from .expected_totals import SummedTotals
from .log_parts import FileReading, LogParts
from .profile_comparison import compare_columns
from .scoring_moment import other_horizon
from .valuation import load_valuation

SCORE_COLUMNS = (
    "customer_id", "as_of", "horizon_days", "in_population", "churn_score",
    "expected_purchases", "expected_purchases_low", "expected_purchases_high",
    "expected_spend", "expected_spend_low", "expected_spend_high",
    "p_alive", "clv", "clv_low", "clv_high", "segment", "action",
    "expected_gain", "reason_1", "reason_2", "reason_3",
    "expected_next_order", "expected_next_order_low", "expected_next_order_high",
    "mean_gap_days", "spend_to_date", "clv_total", "risk_band",
)  # fmt: skip
TEXT_COLUMNS = (
    "segment", "action", "reason_1", "reason_2", "reason_3",
    "expected_next_order", "expected_next_order_low", "expected_next_order_high", "risk_band",
)  # fmt: skip
_REASONS, _CITED = ("reason_1", "reason_2", "reason_3"), "_feature"


class Scorer(BundleReader):
    """A loaded bundle whose customers leave: churn score, values, segment and action."""

    def __init__(self, folder: Path) -> None:
        """Load specification and models from the bundle's folder."""
        super().__init__(folder)
        models = folder / "models"
        self._churn = self.row_model = ChurnModel.load(models)
        self._reasons = Reasons.from_dict(read_json(models / "reasons.json"))
        self._valuation = load_valuation(models, self.specification)
        self.scored_days: float | None = None

    def score(self, rows: pd.DataFrame | dict[str, Any], language: str = "en") -> pd.DataFrame:
        """Return one score row per feature row; each depends on its own row alone. Reasons are in `en` or `it`.

        What this bundle cannot compute is empty: `churn_score` outside the population, and everything but the key for
        customers who never bought.
        """
        return self.score_and_cite(rows, language)[0]

    def score_and_cite(
        self, rows: pd.DataFrame | dict[str, Any], language: str = "en"
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the score rows of feature rows, and the names of the features behind their reasons.

        Parameters
        ----------
        rows
            Feature rows, as `features` gives them.
        language
            Of the reasons, `en` or `it`.

        Returns
        -------
        tuple
            What `score` returns; and `reason_1` to `reason_3`, None where the scores have no reason.
        """
        frame = (pd.DataFrame([rows]) if isinstance(rows, dict) else rows).reset_index(drop=True)
        self._require_columns(frame)
        columns: dict[str, Any] = {
            "customer_id": frame["customer_id"],
            "as_of": frame["cutoff"].map(_day_or_moment),
            "horizon_days": frame["cutoff"].map(self._horizon_days),
            "in_population": frame["in_population"].to_numpy(dtype=bool),
        }
        values = self._keeping()._values(frame, language)  # noqa: SLF001 # of the same class
        for name in SCORE_COLUMNS[4:]:
            empty = pd.Series([None] * len(frame), dtype=object) if name in TEXT_COLUMNS else np.nan
            columns[name] = values.get(name, empty)
        nothing = pd.Series([None] * len(frame), dtype=object)
        cited = pd.DataFrame({name: values.get(f"{name}{_CITED}", nothing) for name in _REASONS}, index=frame.index)
        return pd.DataFrame(columns, index=frame.index), cited.astype(object).where(cited.notna(), None)

    def _keeping(self) -> "Scorer":
        """Return the scorer for one batch of rows, whose expectations are worked out once."""
        scorer = copy(self)
        scorer._valuation = self._valuation.keeping()  # noqa: SLF001 # of the same class
        return scorer

    def _horizon_days(self, moment: pd.Timestamp) -> float:
        """Return the days ahead that scores cover from a moment on; a labelled table has none."""
        if self.scored_days is not None:
            return self.scored_days
        return np.nan if pd.isna(moment) else (self.specification.windows.label_end(moment) - moment).days

    def at_horizon(self, days: float) -> "Scorer":
        """Return the scorer for another horizon: scores are carried by the BTYD model's own time shape.

        Parameters
        ----------
        days
            The horizon, days. At the trained one the scores are exactly those without it.

        Returns
        -------
        Scorer
            The same models; the churn score and expected purchases and spend are for the other horizon.

        Raises
        ------
        InputError
            The bundle's customers have contracts, or are rows of a labelled table.
        """
        scorer = copy(self)
        scorer._valuation, scorer.scored_days = self._valuation.at_horizon(days), days  # noqa: SLF001 # of the same class
        return scorer

    def churn_curve(self, rows: pd.DataFrame, ends_days: Sequence[int]) -> pd.DataFrame:
        """Return the probability of churn by several days ahead for feature rows.

        Parameters
        ----------
        rows
            Feature rows, as `features` gives them; each is computed alone.
        ends_days
            Days ahead, each 1 or more. At the trained horizon the value is the churn score.

        Returns
        -------
        DataFrame
            `churn_score_<days>_days` for each, one row per feature row; empty outside the population.

        Raises
        ------
        InputError
            The bundle's customers are rows of a labelled table, which has no time.
        """
        frame = rows.reset_index(drop=True)
        self._require_columns(frame)
        names = [f"churn_score_{days}_days" for days in ends_days]
        inputs = self._eligible(self.model_rows(frame))
        scores = self._churn.predict(inputs) if len(inputs) else np.zeros(0)
        curve = self._valuation.churn_curve(inputs, scores, ends_days) if len(inputs) else np.zeros((0, len(names)))
        return pd.DataFrame(curve, index=inputs.index, columns=names).reindex(frame.index)

    def notices(self, events: Events | LabelledTable, rows: pd.DataFrame, scores: pd.DataFrame) -> tuple[Notice, ...]:
        """Return notices on scores of feature rows: columns, the moment, the totals, concentrated gains."""
        return (
            *other_horizon(self.specification, self.scored_days),
            *self.column_notices(events, rows),
            *self.kind.score_notices(events, rows, scores, self.specification, self._valuation),
        )

    def parts(self, how: dict[str, Any]) -> LogParts:
        """Return this bundle as one that reads and scores a log in parts; `how` has the fields of `FileReading`.

        Raises:
            InputError: scores depend on more than a customer's own rows, or contracts are scored without a day.
        """
        return LogParts(self, FileReading(**how))

    def column_notices(self, events: Events | LabelledTable, rows: pd.DataFrame) -> tuple[Notice, ...]:
        """Return notices on the columns of feature rows."""
        eligible = rows[rows["in_population"].astype(bool)]
        about_attributes = self.kind.attribute_notices(events, rows, self.specification)
        return (*about_attributes, *compare_columns(self._profile, eligible))

    def sum_totals(self, events: Events, rows: pd.DataFrame, moment: datetime) -> SummedTotals | None:
        """Return the totals of the customers of a part of a log; None where they have no expected purchases."""
        return self.kind.sum_totals(events, rows, moment, self.specification, self._valuation)

    def _require_columns(self, frame: pd.DataFrame) -> None:
        wanted = dict.fromkeys((*self._churn.features, *self._valuation.needed))
        missing = [name for name in wanted if name not in frame.columns and name not in self._valuation.computed]
        remedy = "make them with this bundle's features()."
        require(not missing, f"feature rows lack {missing[:5]}.", remedy=remedy)

    def targets(self, rows: pd.DataFrame, budget: float | None = None) -> tuple[pd.DataFrame, TargetTotals]:
        """Return which customers of the feature rows to contact, best first, and the totals of that list.

        `budget` is the most that it may be expected to cost, in currency; None takes the bundle's own economics.
        """
        frame = rows.reset_index(drop=True)
        self._require_columns(frame)
        most = self.specification.economics.budget if budget is None else budget
        customers = self._money(self._eligible(self.model_rows(frame)))
        listed = target_list(customers, most)
        return listed, total_targets(customers, listed, most)

    def model_rows(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the covered rows, with the columns of the value models."""
        covered = frame[self._valuation.covered(frame)]
        # the copy is one block of memory: pandas is slow on a frame of many, and warns of it
        return pd.concat([covered, self._valuation.columns(covered)], axis=1).copy()

    def _eligible(self, inputs: pd.DataFrame) -> pd.DataFrame:
        """Return the rows in the population, which alone have a churn score."""
        is_in = inputs["in_population"].to_numpy(dtype=bool)
        return inputs if is_in.all() else inputs[is_in]

    def _money(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return each customer's score, value if they stay, and expected gain and cost of contacting them."""
        campaign = Campaign(self.specification.economics)
        score = self._valuation.carry(rows, self._churn.predict(rows))
        value = campaign.values_at_stake(self._valuation.values_if_staying(rows), len(rows))
        gain, cost = campaign.expected_gain(score, value), campaign.expected_cost(score)
        money = {"churn_score": score, "value": value, "expected_gain": gain, "cost": cost}
        return pd.DataFrame({"customer_id": rows["customer_id"], **money}, index=rows.index)

    def _values(self, frame: pd.DataFrame, language: str) -> dict[str, Any]:
        if not self._valuation.covered(frame).any():
            return {}
        inputs = self.model_rows(frame)
        columns = self._churn_values(self._eligible(inputs), language)
        scores = columns.get("churn_score", pd.Series(dtype=float)).reindex(inputs.index)
        values = self._valuation.values(inputs, scores)
        columns |= {name: pd.Series(cells, index=inputs.index) for name, cells in values.items()}
        return {name: cells.reindex(frame.index) for name, cells in columns.items()}

    def _churn_values(self, rows: pd.DataFrame, language: str) -> dict[str, "pd.Series[Any]"]:
        """Return the churn score, its reasons as text, the action, and the expected gain of contacting the customer."""
        if not len(rows):
            return {}
        money = self._money(rows)
        gain = money["expected_gain"].to_numpy()
        cited = cite_features(self._churn.contributions(rows), rows)
        reasons = self._reasons.explain(cited, rows, language)
        columns = {"churn_score": money["churn_score"].to_numpy(), "expected_gain": gain}
        columns |= {"risk_band": self.specification.economics.risk_bands(columns["churn_score"])}
        columns |= {"action": Campaign(self.specification.economics).actions(gain)}
        columns |= {name: reasons[name].to_numpy() for name in reasons.columns}
        columns |= {f"{name}{_CITED}": cited[name].to_numpy() for name in cited.columns}
        return {name: pd.Series(cells, index=rows.index) for name, cells in columns.items()}


def _day_or_moment(moment: pd.Timestamp) -> str | None:
    """Write a midnight as its day; a labelled table has no moment."""
    if pd.isna(moment):
        return None
    return f"{moment:%Y-%m-%d}" if moment == moment.normalize() else moment.isoformat(sep=" ")
