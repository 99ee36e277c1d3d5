"""Reasons: the features that raise a customer's score most, as texts with that customer's numbers."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..churn.log_odds import BIAS
from ..evaluation.metrics import Array
from ..features.family import Move
from ..features.rare_categories import RARE
from .phrases.phrase import Phrase, Value, find_phrase
from .phrases.topics import find_move, find_topic

LEAST_PUSH = 0.05  # log-odds: a feature that multiplies the odds by less than 1.05 is no reason
_CHUNK = 20_000  # rows at a time, so that memory does not grow with their number


@dataclass(frozen=True)
class Reasons:
    """Explains why a churn score is high.

    `typical` is the typical customer of the rows a model was fitted on: medians of numbers, the most frequent value of
    text. The texts compare a customer's numbers with it; it has no other use.
    """

    typical: dict[str, float | str]

    @classmethod
    def learn(cls, features: pd.DataFrame) -> "Reasons":
        """Take the typical value of each column (n, k); a column without any value has none."""
        typical = {str(name): _typical_value(features[name]) for name in features.columns}
        return cls({name: value for name, value in typical.items() if value is not None})

    def explain(self, features: pd.DataFrame, rows: pd.DataFrame, language: str = "en") -> pd.DataFrame:
        """Return the texts of cited features, in the columns of `features`; None where no feature is cited.

        Args:
            features: from `cite_features`.
            rows: the raw values of the same customers, null where undefined.
            language: `en` or `it`.

        Raises:
            InputError: there are no phrases in the language.
        """
        cited = features.to_numpy()
        texts = np.full(cited.shape, None, dtype=object)
        for start in range(0, len(rows), _CHUNK):
            part = slice(start, start + _CHUNK)
            for name in sorted(set(cited[part][cited[part] != None])):  # noqa: E711 # in each cell
                where = np.nonzero(cited[part] == name)
                texts[part][where] = self._write_texts(find_phrase(name, language), rows.iloc[part].iloc[where[0]])
        return pd.DataFrame(texts, columns=features.columns, index=rows.index, dtype=object)

    def _write_texts(self, phrase: Phrase, rows: pd.DataFrame) -> list[str]:
        """Return one column's texts; customers with the same values get the same text, made once."""
        names = [name for name in dict.fromkeys((phrase.column, *phrase.needs)) if name in rows.columns]
        written: dict[tuple[Value, ...], str] = {}
        texts = []
        for values in zip(*[_plain_values(rows[name]) for name in names], strict=True):
            if values not in written:
                written[values] = phrase.text(dict(zip(names, values, strict=True)), self.typical)
            texts.append(written[values])
        return texts

    def as_dict(self) -> dict[str, Any]:
        """Return the typical customer for JSON."""
        return {"typical": self.typical}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "Reasons":
        """Return what `as_dict` gave."""
        return cls(dict(stored["typical"]))


def cite_features(
    contributions: pd.DataFrame, rows: pd.DataFrame, most: int = 3, least: float = LEAST_PUSH
) -> pd.DataFrame:
    """Return the names of the features behind `reason_1` to `reason_<most>`, those that add most to the score first.

    The contributions of features of the same topic are summed, and the feature with the greatest share is cited.
    Equal sums are ordered by the names of their topics. A name is None where nothing else raises the score by `least`.

    Args:
        contributions: what each feature adds to the log-odds, (n, k), with or without the bias.
        rows: the raw values of the same customers, at least these k columns, null where undefined.
        most: reasons per customer.
        least: log-odds that a reason adds at the least; it always has to add something.
    """
    names = np.array(sorted(name for name in contributions.columns if name != BIAS), dtype=object)
    cited = np.full((len(rows), most), None, dtype=object)
    for start in range(0, len(rows), _CHUNK):
        part = slice(start, start + _CHUNK)
        ranked = rank_features(contributions[list(names)].iloc[part], rows.iloc[part], most, least)
        cited[part][ranked >= 0] = names[ranked[ranked >= 0]]
    columns = [f"reason_{place}" for place in range(1, most + 1)]
    return pd.DataFrame(cited, columns=columns, index=rows.index, dtype=object)


def rank_features(contributions: pd.DataFrame, rows: pd.DataFrame, most: int, least: float) -> NDArray[np.intp]:
    """Return the places of the columns to cite, (n, most), in order of their topics' sums; -1 where none is left.

    Columns are taken in the order given, which decides between equal ones.
    """
    totals, cited = _sum_topics(contributions, rows)
    order = np.argsort(-totals, axis=1, kind="stable")[:, :most]
    sums = np.take_along_axis(totals, order, axis=1)
    pushes = (sums > 0) & (sums >= least)
    ranked = np.full((len(rows), most), -1, dtype=np.intp)
    ranked[:, : order.shape[1]] = np.where(pushes, np.take_along_axis(cited, order, axis=1), -1)
    return ranked


def _sum_topics(contributions: pd.DataFrame, rows: pd.DataFrame) -> tuple[Array, NDArray[np.intp]]:
    """Return what each topic adds, (n, topics) by name, and the place of the column with the greatest share in it."""
    topics, usual, moves = _place_topics(tuple(contributions.columns))
    totals, greatest = np.zeros((len(rows), len(topics))), np.full((len(rows), len(topics)), -np.inf)
    cited, each = np.full(totals.shape, -1, dtype=np.intp), np.arange(len(rows))
    cells = contributions.to_numpy(dtype=float)
    for place, own in enumerate(usual):
        added, topic, move = cells[:, place], np.full(len(rows), own), moves[place]
        if move is not None and move.witness in rows.columns:
            topic[_holds(rows[move.witness], move.when)] = topics.index(move.topic)
        totals[each, topic] += added
        larger = added > greatest[each, topic]  # the first of equal ones stays
        greatest[each[larger], topic[larger]] = added[larger]
        cited[each[larger], topic[larger]] = place
    return totals, cited


@lru_cache(maxsize=64)
def _place_topics(names: tuple[str, ...]) -> tuple[list[str], list[int], list[Move | None]]:
    """Return the topics by name, and for each column the place of its topic, and where it belongs for some customers.

    Both are found by patterns over all described columns, which takes longer than the sums for one customer.
    """
    moves, owned = [find_move(name) for name in names], [find_topic(name) for name in names]
    topics = sorted({*owned, *(move.topic for move in moves if move is not None)})
    return topics, [topics.index(topic) for topic in owned], moves


def _holds(witness: "pd.Series[Any]", when: float | None) -> NDArray[np.bool_]:
    return (witness.isna() if when is None else witness == when).to_numpy(dtype=bool)


def _typical_value(column: "pd.Series[Any]") -> float | str | None:
    present = column.dropna()
    if present.empty:
        return None
    if pd.api.types.is_numeric_dtype(present):
        return float(present.median())
    common = present.astype(str)
    common = common[common != RARE]
    return str(common.mode().iloc[0]) if len(common) else None


def _plain_values(column: "pd.Series[Any]") -> list[Value]:
    """Return floats or texts; None where a value is missing or infinite."""
    if pd.api.types.is_numeric_dtype(column):
        numbers = column.to_numpy(dtype=float, na_value=np.nan)
        return [
            float(value) if is_finite else None for value, is_finite in zip(numbers, np.isfinite(numbers), strict=True)
        ]
    missing = column.isna().to_numpy(dtype=bool)
    return [None if gone else _plain_value(value) for value, gone in zip(column, missing, strict=True)]


def _plain_value(value: Any) -> Value:
    is_number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    return float(value) if is_number else str(value)
