"""The history of scorings: one Parquet file per scoring, with each customer's scores and the facts of the scoring.

A file is named after the day of its scores and the digest of its content, and is never written over. Customer ids are
in these files alone: MLflow gets counts and profiles.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..bundle.profile_comparison import describe_columns
from ..features.rare_categories import frequent_values, mask_rare
from ..files import replacing
from ..snapshots.settings import WindowSettings
from ..tracking.home import Home

KEPT_COLUMNS = (
    "customer_id", "churn_score",
    "expected_purchases", "expected_purchases_low", "expected_purchases_high",
    "expected_spend", "expected_spend_low", "expected_spend_high", "clv",
)  # fmt: skip
LISTED = "listed"  # whether the scoring's contact list names the customer
_FACTS = b"churnclv"
_DIGITS = 16


@dataclass(frozen=True)
class Scoring:
    """The facts of one scoring.

    Parameters
    ----------
    bundle
        The sha256 of the bundle's manifest.
    model, version
        The registered model and its version; None for a bundle that was named by its path.
    run_id
        The training run behind the bundle.
    data
        The name of the data set.
    as_of
        The day or moment of the scores; None for a labelled table, which has no time.
    horizon_days
        The days ahead that the scores cover; None for a labelled table.
    fitted_through
        The end of the bundle's training data.
    scored_at
        When the command ran, in UTC.
    fingerprint
        Of the input's content.
    windows
        The settings of the bundle's label windows and population, by name.
    counts
        `rows_read`, `rows_set_aside`, `customers` scored, `eligible` ones in the population, `listed` ones.
    profile
        Of the eligible customers' features and scores, as a bundle's profile; without texts that few customers share.
    """

    bundle: str
    model: str | None
    version: str | None
    run_id: str
    data: str
    as_of: str | None
    horizon_days: float | None
    fitted_through: str
    scored_at: str
    fingerprint: str
    windows: dict[str, Any]
    counts: dict[str, int]
    profile: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def label_windows(self) -> WindowSettings:
        """The windows of the scores: another horizon than the trained one has days of its own."""
        named = {setting.name for setting in fields(WindowSettings)}
        stored = WindowSettings(**{name: value for name, value in self.windows.items() if name in named})
        if self.as_of is None or self.horizon_days is None:
            return stored
        start = self.moment
        if (stored.label_end(start) - start).days == self.horizon_days:
            return stored
        changed = {"horizon_days": int(self.horizon_days), "horizon_months": None, "step_months": None}
        return WindowSettings(**{**vars(stored), **changed})

    @property
    def day(self) -> str:
        """The day of the scores, or the day on which a labelled table was scored."""
        return (self.as_of or self.scored_at)[:10]

    @property
    def moment(self) -> datetime:
        """The cutoff of the scores."""
        return datetime.fromisoformat(str(self.as_of))


@dataclass(frozen=True)
class StoredScoring:
    """A scoring in the history, and the file with its scores."""

    scoring: Scoring
    path: Path

    def scores(self) -> pd.DataFrame:
        """Return one row per customer: `KEPT_COLUMNS` and `listed`."""
        return pd.read_parquet(self.path)


def profile_scoring(rows: pd.DataFrame, scores: pd.DataFrame) -> dict[str, Any]:
    """Return the profile of the eligible customers' features and churn scores.

    Parameters
    ----------
    rows
        Feature rows, one per customer, with `in_population`.
    scores
        Their scores, in the same order.

    Returns
    -------
    dict
        As `describe_columns` gives it; texts that fewer than five customers share are masked.
    """
    eligible = rows["in_population"].to_numpy(dtype=bool)
    chosen = rows[eligible].reset_index(drop=True)
    masked = mask_rare(chosen, frequent_values(chosen))
    score = scores.loc[eligible, "churn_score"].to_numpy(dtype=float)
    hidden = ["customer_id", "cutoff", "in_population"]
    return describe_columns(masked.assign(churn_score=score).drop(columns=hidden, errors="ignore"))


def count_scoring(quality: Any, scores: pd.DataFrame, listed: pd.DataFrame | None) -> dict[str, int]:
    """Return how many rows were read and refused, and how many customers were scored, eligible and listed."""
    return {
        "rows_read": int(quality.rows_read),
        "rows_set_aside": int(quality.rows_set_aside),
        "customers": len(scores),
        "eligible": int(scores["in_population"].sum()),
        "listed": 0 if listed is None else len(listed),
    }


def store_scoring(home: Home, scoring: Scoring, scores: pd.DataFrame, listed: pd.DataFrame | None = None) -> Path:
    """Add a scoring to the history, atomically, and return its file.

    Customers outside the population, who have no churn score, are left out. The same scores of the same bundle and day
    have the same name, and are stored once.

    Parameters
    ----------
    home
        Where the history is.
    scoring
        The facts.
    scores
        The score rows.
    listed
        The customers of the contact list that was written with them, if there was one.

    Returns
    -------
    pathlib.Path
        The file.
    """
    chosen = set() if listed is None else set(listed["customer_id"])
    eligible = scores[scores["in_population"].astype(bool)]
    frame = eligible[list(KEPT_COLUMNS)].assign(**{LISTED: eligible["customer_id"].isin(chosen)})
    frame = frame.astype(dict.fromkeys(KEPT_COLUMNS[1:], float)).reset_index(drop=True)
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata()
    path = home.scorings / f"{(scoring.as_of or 'table')[:10]}-{_address(scoring, table)}.parquet"
    if not path.exists():
        _write(path, table, scoring)
    return path


def _address(scoring: Scoring, table: pa.Table) -> str:
    """Return digits of the sha256 of the bundle, the day, the horizon and the scores."""
    content = hashlib.sha256(json.dumps([scoring.bundle, scoring.as_of, scoring.horizon_days]).encode())
    buffer = pa.BufferOutputStream()
    with pa.ipc.new_stream(buffer, table.schema) as stream:
        stream.write_table(table)
    content.update(buffer.getvalue())
    return content.hexdigest()[:_DIGITS]


def _write(path: Path, table: pa.Table, scoring: Scoring) -> None:
    """Write the table with the facts in the file's own metadata."""
    facts = {_FACTS: json.dumps(asdict(scoring), sort_keys=True).encode()}
    with replacing(path) as temporary:
        pq.write_table(table.replace_schema_metadata(facts), temporary, compression="zstd")


def list_scorings(home: Home) -> list[StoredScoring]:
    """Return the scorings of the history, oldest day first; files that are no scorings are left out."""
    stored = []
    for path in sorted(home.scorings.glob("*.parquet")):
        with suppress(OSError, pa.ArrowInvalid, KeyError, TypeError, ValueError):
            stored.append(StoredScoring(_read_facts(path), path))
    return sorted(stored, key=lambda one: (one.scoring.as_of or "", one.scoring.scored_at, one.path.name))


def _read_facts(path: Path) -> Scoring:
    stored: Mapping[str, Any] = json.loads(pq.read_schema(path).metadata[_FACTS])
    return Scoring(**{name: value for name, value in stored.items() if name in Scoring.__dataclass_fields__})


def of_lineage(scorings: list[StoredScoring], model: str | None, bundle: str) -> list[StoredScoring]:
    """Return the scorings by any version of a registered model; or those by one bundle, if it has no model."""
    return [
        stored
        for stored in scorings
        if stored.scoring.bundle == bundle or (model is not None and stored.scoring.model == model)
    ]


def remove_old(home: Home, keep_days: int, now: datetime | None = None) -> int:
    """Remove the scorings that ran more than `keep_days` days ago, and return how many."""
    limit = (now or datetime.now(UTC)) - timedelta(days=keep_days)
    removed = 0
    for stored in list_scorings(home):
        if datetime.fromisoformat(stored.scoring.scored_at) < limit:
            stored.path.unlink(missing_ok=True)
            removed += 1
    return removed


def forget_customers(home: Home, customers: set[str]) -> Iterator[tuple[Path, int]]:
    """Rewrite each scoring that has any of some customers without their rows; yield its new file and how many went.

    The content changes, and with it the name; the facts stay, which hold no id.
    """
    for stored in list_scorings(home):
        scores = stored.scores()
        gone = scores["customer_id"].isin(customers)
        if not gone.any():
            continue
        table = pa.Table.from_pandas(scores[~gone], preserve_index=False).replace_schema_metadata()
        day = stored.path.name.rpartition("-")[0]
        path = stored.path.with_name(f"{day}-{_address(stored.scoring, table)}.parquet")
        _write(path, table, stored.scoring)
        if path != stored.path:
            stored.path.unlink(missing_ok=True)
        yield path, int(gone.sum())
