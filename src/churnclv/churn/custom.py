"""A custom churn model, loaded from a file, compared with the built-in models, and saved with its code."""

import shutil
import tempfile
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from ..errors import InputError, require
from ..evaluation.metrics import Array
from ..features.category_encoding import Encoding
from ..files import load_named, locate, read_json, write_json
from .churn_models import CUSTOM, Situation, churn_model
from .log_odds import BIAS, log_odds_of

_CODE, _METADATA, _FOLDER = "custom_model.py", "custom.json", "custom"
_PICKLED = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")  # how pickle's protocols 2 to 5 begin
_ZIP = b"PK\x03\x04"  # joblib and torch put pickles into such archives
_REMEDY = "a class with fit(table, churned), predict(table), get_params(), save(folder) and load(folder), no pickle."
_CLOSE = 1e-9


class CustomModel(Protocol):
    """Interface of a custom class. Tables (n, k) hold float64, null where undefined; text is encoded as numbers.

    `contributions(table)` is optional: what each column adds to the log-odds, and the rest in "(bias)".
    """

    def fit(self, table: pd.DataFrame, churned: Array) -> Any:
        """Fit on outcomes 0 or 1 (n,)."""

    def predict(self, table: pd.DataFrame) -> Array:
        """Return probabilities of churn in 0..1, shape (n,)."""

    def get_params(self) -> dict[str, Any]:
        """Return the hyperparameters."""

    def save(self, folder: Path) -> None:
        """Write the fitted model into a folder that exists, without pickle."""


@churn_model
class CustomChurnModel:
    """Adapter of the user's class to the interface of the built-in models."""

    name = "custom"
    family = CUSTOM
    summary = "a class of your own, `churn.custom=path/to/model.py:Class`"

    def __init__(self, where: str) -> None:
        """Create a model from the class at `path/to/model.py:Class`."""
        self.where = where
        self.encoding = Encoding((), {})
        self.model: Any = _find_class(where)()

    @classmethod
    def candidates(cls, situation: Situation) -> list[dict[str, Any]]:
        """Return the class, where one is given."""
        return [] if situation.settings.custom is None else [{"where": situation.settings.custom}]

    @classmethod
    def make(cls, parameters: dict[str, Any], threads: int) -> "CustomChurnModel":
        """Return an unfitted model with one of the candidates' parameters."""
        del threads
        return cls(**parameters)

    @property
    def features(self) -> list[str]:
        """Names of the training columns."""
        return list(self.encoding.columns)

    def get_params(self) -> dict[str, Any]:
        """Return the hyperparameters."""
        return {"where": self.where, **self.model.get_params()}

    def fit(self, features: pd.DataFrame, churned: Array) -> "CustomChurnModel":
        """Fit on features (n, k), null where undefined, and outcomes 0 or 1 (n,)."""
        self.encoding = Encoding.learn(features)
        self.model.fit(self._table(features), churned)
        return self

    def _table(self, features: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame(self.encoding.apply(features), columns=self.features, index=features.index)

    def predict(self, features: pd.DataFrame) -> Array:
        """Return uncalibrated probabilities of churn, shape (n,).

        Raises:
            InputError: the class returns something else.
        """
        probabilities = np.asarray(self.model.predict(self._table(features)), dtype=float)
        in_range = bool(np.all((probabilities >= 0.0) & (probabilities <= 1.0)))
        valid = probabilities.shape == (len(features),) and in_range
        require(valid, f"{self.where}: predict gives no chances in 0..1, one per row.", remedy=_REMEDY)
        return probabilities

    def log_odds(self, features: pd.DataFrame) -> Array:
        """Return log-odds of churn before calibration, shape (n,)."""
        return log_odds_of(self.predict(features))

    def contributions(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return what each feature adds to the log-odds, and the bias: all of it without a `contributions` method."""
        if hasattr(self.model, "contributions"):
            return pd.DataFrame(self.model.contributions(self._table(features)), index=features.index)
        zeros = pd.DataFrame(0.0, index=features.index, columns=self.features)
        return zeros.assign(**{BIAS: self.log_odds(features)})

    def save(self, folder: Path) -> None:
        """Write the class's code, its columns, and the files that the class saves."""
        (folder / _FOLDER).mkdir(parents=True, exist_ok=True)
        path, _, name = self.where.rpartition(":")
        shutil.copyfile(locate(Path(path)), folder / _CODE)
        write_json(folder / _METADATA, {"class": name, "encoding": self.encoding.as_dict()})
        self.model.save(folder / _FOLDER)

    @staticmethod
    def kept(folder: Path) -> str:
        """Return `path:Class` of the code in a folder that `save` wrote to."""
        return f"{folder / _CODE}:{read_json(folder / _METADATA)['class']}"

    @classmethod
    def load(cls, folder: Path) -> "CustomChurnModel":
        """Read what `save` wrote, with the code stored beside it."""
        stored = read_json(folder / _METADATA)
        model = cls(cls.kept(folder))
        model.encoding = Encoding.from_dict(stored["encoding"])
        model.model = type(model.model).load(folder / _FOLDER)
        return model


def _find_class(where: str) -> Any:
    model_class = load_named(where, "churn.custom", "model", "class", _REMEDY)
    missing = [name for name in ("fit", "predict", "get_params", "save", "load") if not hasattr(model_class, name)]
    require(not missing, f"churn.custom: {where} lacks {', '.join(missing)}.", remedy=_REMEDY)
    return model_class


def require_keeps(where: str, features: pd.DataFrame, churned: Array) -> None:
    """Fit the class on some rows, save it, load it, and compare the predictions of both.

    Raises:
        InputError: a step fails, the class writes pickle, or its predictions differ after loading.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            model = CustomChurnModel(where).fit(features, churned)
            before = model.predict(features)
            model.save(folder)
            after = CustomChurnModel.load(folder).predict(features)
        except InputError:
            raise
        except Exception as error:  # a user's class may raise anything
            reason = f"churn.custom: {where} cannot be fitted, saved and loaded: {type(error).__name__}: {error}"
            raise InputError(reason, remedy=_REMEDY) from error
        pickled = [path.name for path in (folder / _FOLDER).rglob("*") if path.is_file() and _is_pickle(path)]
        require(not pickled, f"churn.custom: {where} writes pickle ({', '.join(pickled)}).", remedy="JSON, or .ubj.")
        same = bool(np.allclose(before, after, rtol=0.0, atol=_CLOSE))
        require(
            same, f"churn.custom: {where} predicts differently after save and load.", remedy="save all it has learned."
        )


def _is_pickle(path: Path) -> bool:
    with path.open("rb") as content:
        start = content.read(4)
    return path.suffix in {".pkl", ".pickle", ".joblib"} or start[:2] in _PICKLED or start == _ZIP
