"""Customers under contract: survival by age, and the margin of future payments."""

from typing import Any

import numpy as np
import pandas as pd

from ...bundle.valuation import ContractValuation
from ...clv.contract_value import CHANCE, ContractValueModel, columns_at_each_cutoff
from ...data.events import Events
from ...evaluation.metrics import Array
from ...features.dataset import Dataset
from ...features.preparation import Snapshots
from ...snapshots.contract_labels import count_reasons
from ...tracking.registry import RunFacts
from ...tracking.summary import survival_lines
from ..run import Run
from ..settings import TrainConfig
from .dated import DatedSteps
from .steps import FittedValues, RefittedValues, TunedValues, ValueEvaluation


class ContractualSteps(DatedSteps[ContractValuation]):
    """Customers under contract: survival by age, and the margin of future payments."""

    chance_column = CHANCE

    def tune(self, run: Run) -> TunedValues[ContractValuation]:
        """Estimate survival at every cutoff from the labels known by it; there is nothing to choose."""
        data = run.data.snapshots.training
        return TunedValues(
            folds=tuple(self._fit(run, data.at(fold.train)) for fold in run.data.plan.folds),
            columns=columns_at_each_cutoff(data, run.config.windows, float(run.data.horizon_days)),
        )

    def _fit(self, run: Run, data: Dataset) -> ContractValuation:
        model = ContractValueModel(float(run.data.horizon_days)).fit(data.features, data.churned)
        return ContractValuation(model, run.config.data, run.config.economics)

    def chances(self, valuation: ContractValuation, rows: Dataset) -> dict[str, Array]:
        """Return the probability of ending by age alone."""
        chance = valuation.model.p_ends(rows.features)
        return {"survival_by_age": np.where(np.isfinite(chance), chance, np.nanmean(chance))}

    def fit(self, run: Run, tuned: TunedValues[ContractValuation]) -> FittedValues[ContractValuation]:
        """Estimate survival from all labels known by the sealed cutoff."""
        del tuned
        return FittedValues(self._fit(run, run.data.snapshots.training))

    def lines(
        self,
        run: Run,
        tuned: TunedValues[ContractValuation],
        fitted: FittedValues[ContractValuation],
        valid: ValueEvaluation,
        test: ValueEvaluation,
    ) -> list[str]:
        """Return the survival curve as text."""
        del run, tuned, valid, test
        return survival_lines(fitted.valuation.model.survival)

    def cancellation_reasons(self, run: Run) -> pd.DataFrame | None:
        """Return why contracts were ended before the sealed cutoff; None without reasons."""
        sealed: Any = run.data.plan.sealed
        counts: pd.DataFrame = count_reasons(run.data.log.table, sealed).execute()
        return counts if len(counts) else None

    def refit(
        self,
        config: TrainConfig,
        choices: dict[str, Any],
        data: Events,
        snapshots: Snapshots,
        run: RunFacts,
        *,
        forced: bool,
    ) -> RefittedValues:
        """Estimate survival from every label known by the end of the data."""
        del choices, run, forced
        training, end = snapshots.training, data.end
        days = float((config.windows.label_end(end) - end).days)
        model = ContractValueModel(days).fit(training.features, training.churned)
        columns = columns_at_each_cutoff(training, config.windows, days)
        return RefittedValues(ContractValuation(model, config.data, config.economics), columns)
