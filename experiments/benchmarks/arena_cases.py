"""The cases of the arena: public order logs and labelled tables, cut so that no method sees what it is measured on.

A case writes two folders' worth of nothing but the past: of a log the rows before the cutoff, of a table the train rows
with their outcomes and the test rows without. The outcomes behind the cutoff stay in this process.
"""

import importlib.util
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from peer_answers import Table, read_telco, read_tv

from churnclv.files import digest

ID, CHURNED = "customer_id", "churned"
MOST_ROWS = 10_000  # of a table; a larger one is sampled, so that 40 trials end
SEED = 0


@dataclass(frozen=True)
class LogCase:
    """An order log, the cutoff, and how far ahead is predicted.

    Attributes:
        name: of the case.
        log: `customer_id` (text), `timestamp` (day), and `amount` where the log has one: a row per customer and day.
        cutoff: every method sees the rows before it.
        horizon_days: outcomes are those of [cutoff, cutoff + horizon).
    """

    name: str
    log: pd.DataFrame
    cutoff: pd.Timestamp
    horizon_days: int

    @property
    def has_amount(self) -> bool:
        """Whether orders have amounts."""
        return "amount" in self.log

    @property
    def past(self) -> pd.DataFrame:
        """The rows that methods may see."""
        return self.log[self.log["timestamp"] < self.cutoff].reset_index(drop=True)

    @property
    def truth(self) -> pd.DataFrame:
        """The outcomes of everybody who bought before the cutoff, by id: `churned`, `purchases` and `spend`."""
        ids = np.sort(self.past[ID].unique())
        end = self.cutoff + pd.Timedelta(days=self.horizon_days)
        inside = self.log[(self.log["timestamp"] >= self.cutoff) & (self.log["timestamp"] < end)]
        columns = {"purchases": inside.groupby(ID)["timestamp"].nunique()}
        if self.has_amount:
            columns["spend"] = inside.groupby(ID)["amount"].sum()
        truth = pd.DataFrame(columns).reindex(ids).fillna(0.0).astype(float)
        return truth.assign(churned=(truth["purchases"] == 0).astype(float))

    @property
    def fingerprint(self) -> str:
        """A digest of what methods see and of the question."""
        return _digest(self.past, self.cutoff.isoformat(), self.horizon_days)

    def write(self, folder: Path) -> None:
        """Write what methods may see: `past.csv`, `past.parquet` and `question.json`."""
        self.past.to_csv(folder / "past.csv", index=False, date_format="%Y-%m-%d")
        self.past.to_parquet(folder / "past.parquet")
        question = {"kind": "log", "cutoff": f"{self.cutoff:%Y-%m-%d}", "horizon_days": self.horizon_days}
        (folder / "question.json").write_text(json.dumps(question))


@dataclass(frozen=True)
class TableCase:
    """A labelled table and its stratified split, seed 0."""

    table: Table

    @property
    def name(self) -> str:
        """The name of the case."""
        return self.table.name

    @property
    def has_amount(self) -> bool:
        """Tables have no amounts to predict."""
        return False

    @property
    def truth(self) -> pd.DataFrame:
        """The outcomes of the test rows by id."""
        ids = self.table.file.loc[self.table.tested(SEED), self.table.customer_id].astype(str)
        return pd.DataFrame({CHURNED: self.table.truth(SEED)}, index=ids.to_numpy()).sort_index()

    @property
    def fingerprint(self) -> str:
        """A digest of the table."""
        return _digest(self.table.file, self.table.target, self.table.positive)

    def write(self, folder: Path) -> None:
        """Write the train rows with outcomes and the test rows without, as the file has them and as peers take them."""
        table, tested = self.table, self.table.tested(SEED)
        plain = table.file.drop(columns=[*table.costs.columns])
        plain[~tested].to_csv(folder / "train.csv", index=False)
        plain[tested].drop(columns=table.target).to_csv(folder / "test.csv", index=False)
        rows = table.features.assign(**{ID: table.file[table.customer_id].astype(str)})
        rows[~tested].assign(**{CHURNED: table.churned[~tested]}).to_parquet(folder / "train.parquet", index=False)
        rows[tested].to_parquet(folder / "test.parquet", index=False)
        columns = {"customer_id": table.customer_id, "target": table.target, "positive": table.positive}
        (folder / "question.json").write_text(json.dumps({"kind": "table", **columns}))


Case = LogCase | TableCase


def _digest(frame: pd.DataFrame, *parts: object) -> str:
    return digest(list(frame.columns), pd.util.hash_pandas_object(frame, index=False).tolist(), *parts)


def by_day(ids: pd.Series, moments: pd.Series, amounts: pd.Series | None = None) -> pd.DataFrame:
    """Return a log with one row per customer and day: the sum of what was bought on it."""
    rows = pd.DataFrame({ID: ids.astype(str), "timestamp": pd.to_datetime(moments).dt.normalize()})
    if amounts is None:
        return rows.drop_duplicates().sort_values(["timestamp", ID], ignore_index=True)
    rows["amount"] = amounts.astype(float)
    grouped = rows.groupby([ID, "timestamp"], as_index=False)["amount"].sum()
    grouped["amount"] = grouped["amount"].round(2)
    return grouped.sort_values(["timestamp", ID], ignore_index=True)


def _shipped(package: str, *parts: str) -> Path:
    """Return the path of a file inside an installed package."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"package {package} is not installed")
    return Path(spec.origin).parent.joinpath("datasets", *parts)


def _cdnow(sample: bool) -> pd.DataFrame:
    path = _shipped("lifetimes", "CDNOW_sample.txt" if sample else "CDNOW_master.txt")
    text = path.read_text() if sample else path.read_text().split("\n", 1)[1]
    names = [*(["master"] if sample else []), "customer", "date", "units", "amount"]
    rows = pd.read_csv(io.StringIO(text), sep=r"\s+", names=names, dtype=dict.fromkeys(names, str))
    return by_day(rows["customer"], pd.to_datetime(rows["date"], format="%Y%m%d"), rows["amount"])


def _online_retail(data: Path) -> pd.DataFrame:
    lines = pd.read_parquet(data / "online_retail_II.parquet").dropna(subset="Customer ID")
    lines = lines.drop(columns="sheet", errors="ignore").drop_duplicates()
    sold = lines[(lines["Quantity"] > 0) & (lines["Price"] > 0)]
    return by_day(sold["Customer ID"].astype(int), sold["InvoiceDate"], sold["Quantity"] * sold["Price"])


def _grocery(data: Path) -> pd.DataFrame:
    rows = pd.read_csv(data / "grocery.csv", dtype=str)
    return by_day(rows["cust"], rows["date"])


def _apparel(data: Path) -> pd.DataFrame:
    rows = pd.read_csv(data / "apparel" / "apparelTrans.csv", dtype={"Id": str})
    return by_day(rows["Id"], rows["Date"], rows["Price"])


def _example_log() -> pd.DataFrame:
    rows = pd.read_csv(_shipped("lifetimes", "example_transactions.csv"), dtype=str)
    return by_day(rows["id"], rows["date"])


def _empulse_table(name: str, file: str, separator: str, target: str, positive: str) -> Table:
    """Return a labelled table that ships inside `empulse`, at most `MOST_ROWS` rows of it; blanks are missing."""
    path = _shipped("empulse", "data", file)
    rows = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False)
    rows = rows.loc[:, [column for column in rows if column.strip() and not column.startswith("Unnamed")]]
    rows = rows[rows[target].isin(rows[target].value_counts().index[:2])]  # a stray header stands among the rows
    rows = rows.sample(min(MOST_ROWS, len(rows)), random_state=SEED).reset_index(drop=True)
    rows = rows.drop(columns="id", errors="ignore")
    rows.insert(0, "row", [f"R{number:06}" for number in range(len(rows))])
    features = rows.drop(columns=["row", target])
    numbers = features.apply(pd.to_numeric, errors="coerce")
    filled = (~features.isin(["", "NA"])).sum()
    numeric = [column for column in features if numbers[column].notna().sum() >= max(filled[column], 1)]
    return Table(name, rows, features.assign(**numbers[numeric]), rows[[]], "row", target, positive, (SEED,))


def _log(name: str, read: Callable[..., pd.DataFrame], cutoff: str, horizon_days: int, *given: object) -> Case:
    return LogCase(name, read(*given), pd.Timestamp(cutoff), horizon_days)


CASES: dict[str, Callable[[Path], Case]] = {
    "cdnow_39w": lambda _: _log("cdnow_39w", _cdnow, "1997-10-01", 273, True),
    "cdnow_90d": lambda _: _log("cdnow_90d", _cdnow, "1998-04-02", 90, False),
    "cdnow_180d": lambda _: _log("cdnow_180d", _cdnow, "1998-01-02", 180, False),
    "example_90d": lambda _: _log("example_90d", _example_log, "2014-10-02", 90),
    "retail_2010_12": lambda data: _log("retail_2010_12", _online_retail, "2010-12-10", 90, data),
    "retail_2011_05": lambda data: _log("retail_2011_05", _online_retail, "2011-05-10", 90, data),
    "retail_2011_09": lambda data: _log("retail_2011_09", _online_retail, "2011-09-10", 90, data),
    "grocery_52w": lambda data: _log("grocery_52w", _grocery, "2007-01-01", 364, data),
    "apparel_1450d": lambda data: _log("apparel_1450d", _apparel, "2007-01-01", 1450, data),
    "apparel_365d": lambda data: _log("apparel_365d", _apparel, "2009-06-01", 365, data),
    "telco": lambda data: TableCase(read_telco(data / "telco.csv")),
    "tv": lambda _: TableCase(read_tv()),
    "bank": lambda _: TableCase(_empulse_table("bank", "bankmarketing.csv.gz", ";", "y", "yes")),
    "credit": lambda _: TableCase(_empulse_table("credit", "creditscoring1.csv.gz", ",", "SeriousDlqin2yrs", "1")),
    "cards": lambda _: TableCase(_empulse_table("cards", "creditscoring2.csv.gz", "\t", "TARGET_LABEL_BAD=1", "1")),
}
