"""Scoring with the bundle of an experiment: effects of each treatment, the best one, its expected gain, the action."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from ..data.events import Events
from ..data.labelled_table import LabelledTable
from ..decision.scored_customers import TREATMENT
from ..decision.target_list import TargetTotals, target_list, total_targets
from ..decision.treatment_gain import TreatmentEconomics
from ..errors import InputError, require
from ..notices import Notice
from .bundle_reader import BundleReader
from .fitted_models import EffectModels
from .profile_comparison import compare_columns
from .scorer import SCORE_COLUMNS, TEXT_COLUMNS

_ENDS = ("", "_low", "_high")


class EffectScorer(BundleReader):
    """A loaded bundle of an experiment."""

    def __init__(self, folder: Path) -> None:
        """Load specification and models from the bundle's folder."""
        super().__init__(folder)
        self._models = self.row_model = EffectModels.load(folder / "models")
        economics = self.specification.economics
        self._economics = TreatmentEconomics.of(economics, self._models.arms, binary=self._models.binary)

    @property
    def effect_columns(self) -> list[str]:
        """The columns of the effects, which follow those that all scores have."""
        return [f"effect_{arm}{end}" for arm in self._models.arms for end in _ENDS]

    def score(self, rows: pd.DataFrame | dict[str, Any], language: str = "en") -> pd.DataFrame:
        """Return one score row per feature row; each depends on its own row alone.

        The columns are those of all scores, of which `action` and `expected_gain` are filled, then the effects of each
        treatment with their intervals, and `best_arm`. A customer without a counterpart among the treated or among the
        control group has none of them.
        """
        del language
        frame = (pd.DataFrame([rows]) if isinstance(rows, dict) else rows).reset_index(drop=True)
        self._require_columns(frame)
        effects = self._models.effects(frame)
        chosen = self._economics.choose(effects.value, self._models.arms)
        given = {"customer_id": frame["customer_id"], "in_population": frame["in_population"].to_numpy(dtype=bool)}
        given |= {name: chosen[name] for name in ("action", "expected_gain")}
        empty = pd.Series([None] * len(frame), dtype=object)
        others = {name: empty if name in (*TEXT_COLUMNS, "as_of") else np.nan for name in SCORE_COLUMNS}
        result = pd.DataFrame(others | given, index=frame.index)[list(SCORE_COLUMNS)]
        ends = np.stack([effects.value, effects.low, effects.high], axis=2).reshape(len(frame), -1)
        beside = pd.DataFrame(ends, columns=self.effect_columns).assign(**{TREATMENT: chosen[TREATMENT]})
        return pd.concat([result, beside], axis=1)

    def targets(self, rows: pd.DataFrame, budget: float | None = None) -> tuple[pd.DataFrame, TargetTotals]:
        """Return which customers to contact and with what, best first, and the totals of that list.

        `budget` is the most that it may cost, in currency; None takes the bundle's own economics.
        """
        frame = rows.reset_index(drop=True)
        self._require_columns(frame)
        most = self.specification.economics.budget if budget is None else budget
        chosen = self._economics.choose(self._models.effects(frame).value, self._models.arms)
        customers = chosen.assign(customer_id=frame["customer_id"], churn_score=np.nan, value=np.nan)
        listed = target_list(customers, most)
        arms = customers.set_index("customer_id")[TREATMENT]
        totals = total_targets(customers, listed, most)
        return listed.assign(**{TREATMENT: listed["customer_id"].map(arms)}), totals

    def notices(self, events: Events | LabelledTable, rows: pd.DataFrame, scores: pd.DataFrame) -> tuple[Notice, ...]:
        """Return notices on columns that differ from those of training, and on customers without a counterpart."""
        del events
        compared = compare_columns(self._profile, rows)
        alone = int(scores["expected_gain"].isna().sum())
        if not alone:
            return compared
        message = f"{alone:,} of {len(scores):,} customers have no counterpart in every arm: no effect is estimated."
        return (*compared, Notice("no_counterpart", message, "an experiment that treats such customers at random."))

    def at_horizon(self, days: float) -> NoReturn:
        """Raise `InputError`: the effect is on the outcome as the table has it."""
        message = f"horizon_days={days:g}: an experiment's outcome has no other horizon."
        raise InputError(message, remedy="leave it out.")

    def churn_curve(self, rows: pd.DataFrame, ends_days: Sequence[int]) -> NoReturn:
        """Raise `InputError`: there is no churn score."""
        del rows, ends_days
        raise InputError("curve_days: an experiment has no churn score.", remedy="leave it out.")

    def _require_columns(self, frame: pd.DataFrame) -> None:
        missing = [name for name in self._models.features if name not in frame.columns]
        remedy = "the file to score needs the columns of the training file."
        require(not missing, f"feature rows lack {missing[:5]}.", remedy=remedy)
