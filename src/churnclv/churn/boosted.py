"""XGBoost as a churn model: parameters in, probabilities out, its own format on disk."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError
from ..files import read_json, write_json
from .settings import ChurnSettings

Array = NDArray[np.float64]
_FIXED = {"objective": "binary:logistic", "eval_metric": "logloss", "tree_method": "hist", "verbosity": 0}
_WHOLE = ("max_depth", "max_bin", "max_leaves", "num_parallel_tree")


@dataclass(frozen=True)
class FitCurve:
    """A booster of one fold and its validation log-loss after each round."""

    booster: Any
    log_loss: Array


class BoostedChurnModel:
    """Gradient-boosted trees for the probability of churn within the horizon."""

    def __init__(self, parameters: dict[str, float], rounds: int, *, seed: int = 0, threads: int = 0) -> None:
        """Keep the parameters (XGBoost's own names), the number of rounds and the seed."""
        self.parameters = parameters
        self.rounds = rounds
        self.seed = seed
        self.threads = threads
        self.features: list[str] = []
        self.booster: Any = None

    def get_params(self) -> dict[str, Any]:
        """Return what was chosen before the fit."""
        return {**self.parameters, "rounds": self.rounds, "seed": self.seed}

    def fit(self, features: pd.DataFrame, churned: Array) -> "BoostedChurnModel":
        """Fit on features (n, k), null where undefined, and outcomes 0 or 1 (n,)."""
        import xgboost

        self.features = list(features.columns)
        matrix = quantile_matrix(features, churned, self.threads)
        self.booster = xgboost.train(_full(self.parameters, self.seed, self.threads), matrix, self.rounds)
        return self

    def predict(self, features: pd.DataFrame) -> Array:
        """Return uncalibrated probabilities of churn, shape (n,)."""
        import xgboost

        matrix = xgboost.DMatrix(features[self.features], nthread=self.threads)
        return np.asarray(self.booster.predict(matrix), dtype=float)

    def gains(self) -> dict[str, float]:
        """Return the total gain of each feature the trees use."""
        found = self.booster.get_score(importance_type="total_gain")
        return {name: float(found.get(name, 0.0)) for name in self.features}

    def save(self, folder: Path) -> None:
        """Write the booster in XGBoost's format and the rest as JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        self.booster.save_model(folder / "booster.ubj")
        stored = {
            "parameters": self.parameters,
            "rounds": self.rounds,
            "seed": self.seed,
            "features": self.features,
        }
        write_json(folder / "xgboost.json", stored)

    @classmethod
    def load(cls, folder: Path) -> "BoostedChurnModel":
        """Read what `save` wrote."""
        import xgboost

        stored = read_json(folder / "xgboost.json")
        model = cls(stored["parameters"], stored["rounds"], seed=stored["seed"])
        model.features = stored["features"]
        model.booster = xgboost.Booster(model_file=folder / "booster.ubj")
        return model


def quantile_matrix(features: pd.DataFrame, churned: Array, threads: int, reference: Any = None) -> Any:
    """Return XGBoost's binned matrix; a validation matrix takes its bins from `reference`."""
    import xgboost

    return xgboost.QuantileDMatrix(features, label=churned, nthread=threads, ref=reference)


def fit_fold(train: Any, valid: Any, parameters: dict[str, float], settings: ChurnSettings, seed: int) -> FitCurve:
    """Fit one fold with early stopping and return its curve of validation log-loss.

    Raises:
        InputError: XGBoost refuses a parameter.
    """
    import xgboost

    curve: dict[str, Any] = {}
    try:
        booster = xgboost.train(
            _full(parameters, seed, settings.threads),
            train,
            settings.max_rounds,
            evals=[(valid, "valid")],
            early_stopping_rounds=settings.patience_rounds,
            evals_result=curve,
            verbose_eval=False,
        )
    except xgboost.core.XGBoostError as error:
        raise InputError(
            f"XGBoost refuses the parameters {parameters}: {str(error).strip().splitlines()[-1]}"
        ) from None
    return FitCurve(booster, np.array(curve["valid"]["logloss"]))


def _full(parameters: dict[str, float], seed: int, threads: int) -> dict[str, Any]:
    whole = {name: int(value) if name in _WHOLE else value for name, value in parameters.items()}
    return {**_FIXED, **whole, "seed": seed, "nthread": threads}
