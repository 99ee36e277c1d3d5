"""The folds on which the trees' parameters are searched, here or in workers."""

from dataclasses import replace
from typing import Any

import pandas as pd

from ..churn.boosted import FitCurve, FoldMatrices, fit_fold, fold_matrices
from ..churn.settings import ChurnSettings
from ..evaluation.metrics import Array

Rows = tuple[pd.DataFrame, Array]
FoldRows = tuple[Rows, Rows]


class FoldWork:
    """One fold of a trial of the trees' parameters; it is sent to workers without XGBoost's own tables."""

    def __init__(self, pairs: list[FoldRows], settings: ChurnSettings, seed: int) -> None:
        """Take the training and validation rows of each fold: features (n, k), outcomes (n,)."""
        self.pairs, self.settings, self.seed = pairs, settings, seed
        self._matrices: list[FoldMatrices] = []

    @property
    def matrices(self) -> list[FoldMatrices]:
        """The folds in XGBoost's bins, made at first use."""
        if not self._matrices:
            self._matrices = [fold_matrices(train, valid, self.settings) for train, valid in self.pairs]
        return self._matrices

    def __call__(self, drawn: dict[str, Any], fold: int) -> FitCurve:
        """Fit the fold with the drawn parameters."""
        return fit_fold(self.matrices[fold], {**self.settings.parameters, **drawn}, self.settings, self.seed)

    def shared(self, workers: int) -> "FoldWork":
        """Return the work for `workers` processes; several processes use one thread each."""
        return self if workers == 1 else FoldWork(self.pairs, replace(self.settings, threads=1), self.seed)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without XGBoost's tables."""
        return {**vars(self), "_matrices": []}
