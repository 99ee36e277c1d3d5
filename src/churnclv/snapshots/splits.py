"""The splits of a labelled table, which has no time: parts to learn from, and a test part behind the seal."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError, listed, require
from ..files import digest
from .cutoff_plan import Fold
from .settings import WindowSettings

TEST = -1
_TRAIN_NAME, _TEST_NAME = "train", "test"
_SHOWN = 60  # characters of a word in a message
_LEAST = 2  # customers of each outcome in a part: one to learn from and one to judge


@dataclass(frozen=True)
class SplitPlan:
    """Which part each row is in: `TEST` behind the seal, or the fold that judges it."""

    parts: NDArray[np.int64]
    folds: tuple[Fold, ...]
    by: str
    sealed: int = TEST

    @property
    def sealed_name(self) -> str:
        """What the sealed rows are called in the ledger of their openings: their number and places."""
        places = np.flatnonzero(self.parts == TEST)
        return f"test part {digest(places.tolist())}"

    @property
    def horizon_text(self) -> str:
        """What is asked, for people: a table does not say how far its outcomes look ahead."""
        return "as the table has it"

    def as_dict(self) -> dict[str, object]:
        """Return the plan for records."""
        test = int((self.parts == TEST).sum())
        return {"split": self.by, "folds": len(self.folds), "test_rows": test, "parts": digest(self.parts.tolist())}

    @property
    def evaluated(self) -> dict[str, object]:
        """What runs are judged on: all of it."""
        return self.as_dict()

    def lines(self) -> list[str]:
        """Return the plan as lines for people."""
        test = int((self.parts == TEST).sum())
        train = len(self.parts) - test
        return [
            f"{train:,} rows to learn from, in {len(self.folds)} stratified folds; no time, so nothing is cut by date",
            f"sealed test: {test:,} rows, {self.by}",
        ]


def split_rows(
    churned: NDArray[np.float64], given: NDArray[np.str_] | None, settings: WindowSettings, seed: int
) -> SplitPlan:
    """Split rows that are ordered by customer id: stratified by outcome, or by the words of a given column.

    Where an outcome is rare, each part still gets two of it, and there are no more folds than the part to learn from
    has customers of it.

    Raises:
        InputError: the column has other words than train and test, or a part has fewer than two of an outcome.
    """
    from sklearn.model_selection import StratifiedKFold

    learn, test, by = _drawn(churned, settings, seed) if given is None else (*_given(given), "given by data.split")
    for what, part in (("the part to learn from", learn), ("the test part", test)):
        _require_both(churned[part], what)
    count = min(settings.table_folds, _fewest(churned[learn]))
    parts = np.full(len(churned), TEST, dtype=np.int64)
    drawn = StratifiedKFold(count, shuffle=True, random_state=seed).split(learn, churned[learn])
    for number, (_, held) in enumerate(drawn):
        parts[learn[held]] = number
    folds = tuple(Fold(tuple(other for other in range(count) if other != held), held) for held in range(count))
    return SplitPlan(parts, folds, by)


def _drawn(
    churned: NDArray[np.float64], settings: WindowSettings, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], str]:
    """Draw the test part by outcome; the share gives way where an outcome is too rare for it."""
    from sklearn.model_selection import train_test_split

    _require_both(churned, "the table", 2 * _LEAST)
    least = _LEAST / _fewest(churned)
    share = min(max(settings.test_share, least), 1.0 - least)
    rows = np.arange(len(churned))
    learn, test = train_test_split(rows, test_size=share, random_state=seed, stratify=churned)
    return np.sort(learn), np.sort(test), f"{share:.0%} drawn by outcome, rows in order of their ids"


def _given(words: NDArray[np.str_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    texts = pd.Series(words, dtype=object).str.strip()
    lowered = texts.str.lower()
    other = sorted(set(texts[~lowered.isin([_TRAIN_NAME, _TEST_NAME])]))
    if other:
        shown = listed([repr(word[:_SHOWN]) if word else "blanks" for word in other], 5)
        raise InputError(f"data.split: the column holds {shown}.", remedy="write train or test.")
    is_test = (lowered == _TEST_NAME).to_numpy()
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)


def _fewest(churned: NDArray[np.float64]) -> int:
    return int(min(churned.sum(), (1.0 - churned).sum()))


def _require_both(churned: NDArray[np.float64], what: str, least: int = _LEAST) -> None:
    left, stayed = int(churned.sum()), int((1.0 - churned).sum())
    require(
        min(left, stayed) >= least,
        f"{what} has {left} who left and {stayed} who stayed; at least {least} of each are needed.",
        remedy="a larger table, or another split.",
    )
