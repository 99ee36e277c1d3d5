"""The splits of a table without time: training parts of a labelled one, and a sealed test part."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError, listed, require
from ..files import digest
from .cutoff_plan import Fold
from .settings import WindowSettings

TEST = -1
_TRAIN_NAME, _TEST_NAME = "train", "test"
_SHOWN = 60  # characters of a value in a message
_BY_COLUMN = "given by data.split"
_LEAST_IN_ARM = 50  # customers: five folds of ten, less a sealed part
_LEAST = 2  # customers of each outcome in a part: one to train on and one to validate on


@dataclass(frozen=True)
class SplitPlan:
    """Which part each row is in: `TEST` (sealed), or its validation fold."""

    parts: NDArray[np.int64]
    folds: tuple[Fold, ...]
    by: str
    sealed: int = TEST
    horizon_days: int = 0  # a table has no time

    @property
    def tried_cutoffs(self) -> tuple[datetime, ...]:
        """The cutoffs at which leakage is tried: a table has none."""
        return ()

    @property
    def sealed_name(self) -> str:
        """The name of the sealed rows in the ledger of their openings: a digest of their places."""
        places = np.flatnonzero(self.parts == TEST)
        return f"test part {digest(places.tolist())}"

    @property
    def horizon_text(self) -> str:
        """The label window as text for people: a table does not state how far its outcomes look ahead."""
        return "as the table has it"

    def as_dict(self) -> dict[str, object]:
        """Return the plan for records."""
        test = int((self.parts == TEST).sum())
        return {"split": self.by, "folds": len(self.folds), "test_rows": test, "parts": digest(self.parts.tolist())}

    @property
    def evaluated(self) -> dict[str, object]:
        """What runs are evaluated on: all of the plan."""
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
    """Split rows that are ordered by customer id: stratified by outcome, or by the values of a given column.

    Where an outcome is rare, each part still gets two customers of it, and there are no more folds than the training
    part has customers of it.

    Raises:
        InputError: the column has other values than train and test, or a part has fewer than two of an outcome.
    """
    from sklearn.model_selection import StratifiedKFold

    if given is None:
        _require_both(churned, "the table", 2 * _LEAST)
        train, test, share = _draw_split(churned, _fewest(churned), settings, seed)
        by = f"{share:.0%} drawn by outcome, rows in order of their ids"
    else:
        train, test, by = *_given_split(given), _BY_COLUMN
    for name, part in (("the part to learn from", train), ("the test part", test)):
        _require_both(churned[part], name)
    count = min(settings.table_folds, _fewest(churned[train]))
    parts = np.full(len(churned), TEST, dtype=np.int64)
    drawn = StratifiedKFold(count, shuffle=True, random_state=seed).split(train, churned[train])
    for number, (_, held) in enumerate(drawn):
        parts[train[held]] = number
    folds = tuple(Fold(tuple(other for other in range(count) if other != held), held) for held in range(count))
    return SplitPlan(parts, folds, by)


@dataclass(frozen=True)
class ExperimentSplit(SplitPlan):
    """Which part each row of an experiment is in; learners draw their folds within the part to learn from."""

    def lines(self) -> list[str]:
        """Return the plan as lines for people."""
        test = int((self.parts == TEST).sum())
        return [f"{len(self.parts) - test:,} rows to learn from", f"sealed test: {test:,} rows, {self.by}"]


def split_experiment(
    arm: NDArray[np.int64],
    outcome: NDArray[np.float64],
    given: NDArray[np.str_] | None,
    settings: WindowSettings,
    seed: int,
) -> ExperimentSplit:
    """Split rows that are ordered by customer id: stratified by arm, and by whether the outcome is above zero.

    Raises:
        InputError: the split column has other values than train and test, or an arm has too few customers in a part.
    """
    counts = np.bincount(arm)
    enough = int(counts.min()) >= _LEAST_IN_ARM
    message = f"the smallest group has {int(counts.min())} customers; at least {_LEAST_IN_ARM} of each are needed."
    require(enough, message, remedy="a larger table, or fewer treatments.")
    if given is None:
        names, strata = np.unique(np.column_stack([arm, outcome > 0.0]), axis=0, return_inverse=True)
        few = np.bincount(strata.reshape(-1), minlength=len(names)).min() < 2 * _LEAST
        chosen = arm if few else strata.reshape(-1)
        train, test, share = _draw_split(chosen, int(np.bincount(chosen).min()), settings, seed)
        by = f"{share:.0%} drawn by arm and outcome, rows in order of their ids"
    else:
        train, test, by = *_given_split(given), _BY_COLUMN
    for name, part in (("the part to learn from", train), ("the test part", test)):
        smallest = int(np.bincount(arm[part], minlength=len(counts)).min()) if len(part) else 0
        remedy = "another split, or a larger table."
        require(smallest >= _LEAST, f"{name} has {smallest} customers of an arm; {_LEAST} are needed.", remedy=remedy)
    parts = np.zeros(len(arm), dtype=np.int64)
    parts[test] = TEST
    return ExperimentSplit(parts, (), by)


def _draw_split(
    strata: NDArray[np.float64] | NDArray[np.int64], fewest: int, settings: WindowSettings, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], float]:
    """Draw the test part by strata; the share changes where one is too rare for it."""
    from sklearn.model_selection import train_test_split

    least = _LEAST / fewest
    share = min(max(settings.test_share, least), 1.0 - least)
    rows = np.arange(len(strata))
    train, test = train_test_split(rows, test_size=share, random_state=seed, stratify=strata)
    return np.sort(train), np.sort(test), share


def _given_split(values: NDArray[np.str_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    texts = pd.Series(values, dtype=object).str.strip()
    lowered = texts.str.lower()
    other = sorted(set(texts[~lowered.isin([_TRAIN_NAME, _TEST_NAME])]))
    if other:
        shown = listed([repr(text[:_SHOWN]) if text else "blanks" for text in other], 5)
        raise InputError(f"data.split: the column holds {shown}.", remedy="write train or test.")
    is_test = (lowered == _TEST_NAME).to_numpy()
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)


def _fewest(churned: NDArray[np.float64]) -> int:
    return int(min(churned.sum(), (1.0 - churned).sum()))


def _require_both(churned: NDArray[np.float64], name: str, least: int = _LEAST) -> None:
    left, stayed = int(churned.sum()), int((1.0 - churned).sum())
    require(
        min(left, stayed) >= least,
        f"{name} has {left} who left and {stayed} who stayed; at least {least} of each are needed.",
        remedy="a larger table, or another split.",
    )
