"""XGBoost as a churn model: parameters in, log-odds out, its own format on disk."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from ..errors import InputError
from ..evaluation.metrics import Array
from ..features.category_encoding import Encoding
from ..files import read_json, write_json
from .churn_models import TREES, Situation, churn_model
from .log_odds import BIAS, expit
from .settings import ChurnSettings

_FIXED = {"objective": "binary:logistic", "eval_metric": "logloss", "tree_method": "hist", "verbosity": 0}
_INTEGERS = ("max_depth", "max_bin", "max_leaves", "num_parallel_tree", "max_cat_to_onehot")
CLASS_WEIGHT = "scale_pos_weight"
_DEFAULT_ROUNDS = 100


@dataclass(frozen=True)
class FitCurve:
    """A booster of one fold and its validation log-loss after each round."""

    booster: Any
    log_loss: Array


@dataclass(frozen=True)
class FoldMatrices:
    """One fold as binned XGBoost matrices: training rows, and validation rows in the bins of the training rows."""

    encoding: Encoding
    train: Any
    valid: Any


@churn_model
class BoostedChurnModel:
    """Gradient-boosted trees for the log-odds of churn within the horizon; `tuning.churn` has the search space."""

    name = "xgboost"
    family = TREES
    summary = "gradient-boosted trees; `tuning.churn` has the ranges that Optuna searches"
    stem = "xgboost"  # of the file beside the boosters

    def __init__(
        self,
        parameters: dict[str, float],
        rounds: int,
        *,
        seed: int = 0,
        threads: int = 0,
        monotone: dict[str, int] | None = None,
        bags: int = 1,
    ) -> None:
        """Keep XGBoost's parameters, rounds, seed, monotone constraints, and the number of boosters to average."""
        self.parameters = parameters
        self.rounds = rounds
        self.seed = seed
        self.threads = threads
        self.monotone = monotone or {}
        self.bags = bags
        self.encoding = Encoding((), {})
        self.boosters: list[Any] = []

    @classmethod
    def candidates(cls, situation: Situation) -> list[dict[str, Any]]:
        """Return the parameters beneath the searched ones."""
        settings = situation.settings
        chosen = {"seed": situation.seed, "monotone": settings.monotone, "bags": settings.bags_for(situation.rows)}
        return [{"parameters": settings.parameters, "rounds": _DEFAULT_ROUNDS, **chosen}]

    @classmethod
    def make(cls, parameters: dict[str, Any], threads: int) -> "BoostedChurnModel":
        """Return an unfitted model with one of the candidates' parameters."""
        return cls(**parameters, threads=threads)

    @property
    def features(self) -> list[str]:
        """Names of the training columns."""
        return list(self.encoding.columns)

    def get_params(self) -> dict[str, Any]:
        """Return the hyperparameters."""
        chosen = {"rounds": self.rounds, "seed": self.seed, "monotone": self.monotone, "bags": self.bags}
        return {**self.parameters, **chosen}

    def fit(self, features: pd.DataFrame, churned: Array) -> "BoostedChurnModel":
        """Fit on features (n, k), null where undefined, and outcomes 0 or 1 (n,)."""
        import xgboost

        self.encoding = learn_encoding(features, self.monotone)
        matrix = quantile_matrix(self.encoding, features, churned, self.threads)
        monotone = constraints(self.monotone, self.features)
        self.boosters = [
            xgboost.train(complete(self.parameters, self.seed + bag, self.threads, monotone), matrix, self.rounds)
            for bag in range(self.bags)
        ]
        return self

    def log_odds(self, features: pd.DataFrame) -> Array:
        """Return log-odds of churn before calibration, shape (n,)."""
        matrix = self._matrix(features)
        predictions = [booster.predict(matrix, output_margin=True).astype(float) for booster in self.boosters]
        return np.asarray(np.mean(predictions, axis=0) - weight_shift(self.parameters))

    def predict(self, features: pd.DataFrame) -> Array:
        """Return uncalibrated probabilities of churn, shape (n,)."""
        return expit(self.log_odds(features))

    def contributions(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return what each feature adds to the log-odds, and the bias: columns that add up to the log-odds, (n, k + 1).

        Exact Shapley values of the trees (Lundberg et al. 2020, From local explanations to global understanding with
        explainable AI for trees, Nature Machine Intelligence 2), against the training rows' mean.
        """
        matrix = self._matrix(features)
        shap_values = np.mean([b.predict(matrix, pred_contribs=True).astype(float) for b in self.boosters], axis=0)
        shap_values = shap_values.reshape(len(features), len(self.features) + 1)  # for no rows XGBoost's shape differs
        shap_values[:, -1] -= weight_shift(self.parameters)
        return pd.DataFrame(shap_values, columns=[*self.features, BIAS], index=features.index)

    def _matrix(self, features: pd.DataFrame) -> Any:
        import xgboost

        cells, kinds = self.encoding.tree_cells(features), self.encoding.kinds
        return xgboost.DMatrix(cells, nthread=self.threads, feature_types=kinds, enable_categorical=True)

    @property
    def _booster(self) -> str:
        """The files of the boosters begin so."""
        return "booster" if self.stem == BoostedChurnModel.stem else f"{self.stem}_booster"

    def gains(self) -> dict[str, float]:
        """Return the total gain of each feature the trees use."""
        gains = [booster.get_score(importance_type="total_gain") for booster in self.boosters]
        return {
            name: float(np.mean([gain.get(f"f{place}", 0.0) for gain in gains]))
            for place, name in enumerate(self.features)
        }

    def save(self, folder: Path) -> None:
        """Write the booster in XGBoost's format and the rest as JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        for bag, booster in enumerate(self.boosters):
            booster.save_model(folder / f"{self._booster}_{bag}.ubj")
        chosen = ("parameters", "rounds", "seed", "monotone", "bags")
        stored = {name: getattr(self, name) for name in chosen}
        write_json(folder / f"{self.stem}.json", {**stored, "encoding": self.encoding.as_dict()})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        import xgboost

        stored = read_json(folder / f"{cls.stem}.json")
        encoding = Encoding.from_dict(stored.pop("encoding"))
        model = cls(**stored)
        model.encoding = encoding
        files = [folder / f"{model._booster}_{bag}.ubj" for bag in range(model.bags)]
        model.boosters = [xgboost.Booster(model_file=path) for path in files]
        return model


def quantile_matrix(
    encoding: Encoding, features: pd.DataFrame, churned: Array, threads: int, reference: Any = None
) -> Any:
    """Return XGBoost's binned matrix; a validation matrix takes its bins from `reference`.

    Features are numbered, not named: XGBoost refuses some column names.
    """
    import xgboost

    cells, kinds = encoding.tree_cells(features), encoding.kinds
    return xgboost.QuantileDMatrix(
        cells, label=churned, nthread=threads, ref=reference, feature_types=kinds, enable_categorical=True
    )


def learn_encoding(features: pd.DataFrame, monotone: dict[str, int]) -> Encoding:
    """Return the encoding of training rows; missing numbers have no place in an order that a constraint names."""
    return Encoding.learn(features, fills_missing=not monotone)


def weight_shift(parameters: dict[str, float]) -> float:
    """Return how far class weights shift the fitted log-odds above those of the data.

    A weight on churners multiplies their odds (Elkan 2001, The foundations of cost-sensitive learning, Theorem 2).
    """
    return float(np.log(parameters.get(CLASS_WEIGHT) or 1.0))


def fold_matrices(
    train: tuple[pd.DataFrame, Array], valid: tuple[pd.DataFrame, Array], settings: ChurnSettings
) -> FoldMatrices:
    """Return a fold's features and outcomes as binned matrices; categories are those of the training rows."""
    encoding = learn_encoding(train[0], settings.monotone)
    binned = quantile_matrix(encoding, *train, settings.threads)
    return FoldMatrices(encoding, binned, quantile_matrix(encoding, *valid, settings.threads, reference=binned))


def fit_fold(
    fold: FoldMatrices, parameters: dict[str, float], settings: ChurnSettings, seed: int, rounds: int | None = None
) -> FitCurve:
    """Fit one fold with early stopping, or for `rounds` rounds, and return its validation log-loss per round.

    Raises:
        InputError: XGBoost refuses a parameter.
    """
    import xgboost

    curve: dict[str, Any] = {}
    try:
        booster = xgboost.train(
            complete(parameters, seed, settings.threads, constraints(settings.monotone, list(fold.encoding.columns))),
            fold.train,
            settings.max_rounds if rounds is None else rounds,
            evals=[(fold.valid, "valid")],
            early_stopping_rounds=settings.patience_rounds if rounds is None else None,
            evals_result=curve,
            verbose_eval=False,
        )
    except xgboost.core.XGBoostError as error:
        raise InputError(
            f"XGBoost refuses the parameters {parameters}: {str(error).strip().splitlines()[-1]}"
        ) from None
    return FitCurve(booster, np.array(curve["valid"]["logloss"]))


def complete(parameters: dict[str, float], seed: int, threads: int, monotone: str | None) -> dict[str, Any]:
    """Return the complete training parameters of XGBoost."""
    typed = {name: int(value) if name in _INTEGERS else value for name, value in parameters.items()}
    directions = {} if monotone is None else {"monotone_constraints": monotone}
    return {**_FIXED, **typed, **directions, "seed": seed, "nthread": threads}


def constraints(monotone: dict[str, int], features: list[str]) -> str | None:
    """Return XGBoost's `monotone_constraints`, one per feature.

    1 = churn may only rise with the feature, -1 = only fall, 0 = any. The keys of `monotone` are features, or
    patterns such as `days_since_*`; the first match counts.
    """
    if not monotone:
        return None
    directions = [
        next((sign for name, sign in monotone.items() if fnmatchcase(feature, name)), 0) for feature in features
    ]
    return f"({','.join(map(str, directions))})"
