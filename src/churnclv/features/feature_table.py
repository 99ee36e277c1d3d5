"""The feature table: all families at all cutoffs, computed in parts of the customers, cached by content."""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.operations as ops
import pandas as pd

from .. import __version__
from ..data.compiled_queries import compiled
from ..data.refund_totals import counts_as_spend
from ..data.settings import CustomerKind, Refunds
from ..data.stored_tables import store_moments
from ..errors import require
from ..files import digest, file_digest, replacing
from ..snapshots.customer_kinds import kind_of
from ..snapshots.history import KEYS, cut_history
from ..snapshots.settings import WindowSettings
from .customer_parts import (
    ONE_PASS_PAIRS,
    WorkTables,
    count_pairs,
    count_parts,
    join_stepwise,
    take_part,
    work_tables,
)
from .families import custom_files, find_family
from .family import Family, FamilyFunction, is_per_customer
from .keyed_table import put_beside
from .model_columns import NOT_FEATURES
from .refund_history import refund_history
from .settings import FeatureSettings

_OF_VALUE = ("purchase_history",)
_CUTOFFS = "feature_cutoffs"  # the name of the table of cutoffs in a compiled query
_EXCLUDED = re.compile(r"EXCLUDE \(([^)]*)\)")


@dataclass(frozen=True)
class TableDefinition:
    """What a feature table has, whatever the events: its cutoffs, families, population, customers and spend.

    Attributes
    ----------
    cutoffs
        The instants at which to stand, or a table of them in column `cutoff`.
    settings
        The families and their options.
    windows
        Who belongs to the population.
    shape
        The kind of customers.
    refunds
        Whether the purchase history and the refund history are net of refunds.
    """

    cutoffs: Sequence[datetime] | Any
    settings: FeatureSettings
    windows: WindowSettings
    shape: CustomerKind = CustomerKind.noncontractual
    refunds: Refunds = Refunds.net


def build_features(
    events: Any, fingerprint: str, definition: TableDefinition, cache: Path | None = None, everyone: Any = None
) -> pd.DataFrame:
    """Return one row per (customer, cutoff) with an event before the cutoff, ordered by both.

    Where `events` has a sample of the customers, `everyone` has the events of all, which some families look at.

    Columns: the keys, `in_population`, the purchase history (of orders), then one per feature: numbers as float64, or
    text (pandas' `str`), which models encode; null where undefined; last the refund history (of orders).

    Raises:
        InputError: a custom family lacks the keys, repeats a column, or has one of neither numbers nor text.
    """
    if cache is None:
        return compute_features(events, definition, everyone=everyone)
    table = feature_table(events, definition)
    custom = [file_digest(path) for path in custom_files(definition.settings.families)]
    key = digest(fingerprint, _query_text(table), custom, __version__)
    path = cache / f"features-{key}.parquet"
    if not path.exists():
        with replacing(path) as temporary, computed_features(events, definition, everyone=everyone) as computed:
            _plain(computed).to_parquet(temporary)  # by the engine: the frame is made once
    return _typed(pd.read_parquet(path), table.schema())


def _query_text(table: Any) -> str:
    """Return the query of a table, the same in each process: Ibis keeps what it excludes in a set."""
    sql = str(ibis.to_sql(table, dialect="duckdb"))
    return _EXCLUDED.sub(lambda match: f"EXCLUDE ({', '.join(sorted(match[1].split(', ')))})", sql)


def feature_table(events: Any, definition: TableDefinition) -> Any:
    """Return the feature table as an expression over the canonical events, ordered by customer and cutoff."""
    first, *others = _keyed_tables(events, definition)
    return put_beside(first, *others).order_by(KEYS)


def compute_features(
    events: Any, definition: TableDefinition, parts: int | None = None, everyone: Any = None
) -> pd.DataFrame:
    """Return the feature table as a frame, computed in so many parts; None derives them from the size of the log."""
    in_one_pass = parts is None and everyone is None and _fits_one_pass(events, definition)
    if in_one_pass and isinstance(events.op(), ops.DatabaseTable) and not custom_files(definition.settings.families):
        fetched, schema = fetch_features(events, definition)
        return _typed(fetched.to_pandas(), schema)
    with computed_features(events, definition, parts, everyone) as table:
        return _typed(_plain(table).to_pyarrow().to_pandas(), table.schema())


def fetch_features(events: Any, definition: TableDefinition) -> tuple[Any, ibis.Schema]:
    """Return the features by built-in families of a stored event table, as an Arrow table, and their types.

    The query is compiled once in a process, whatever the cutoffs.
    """
    query = _features_at_cutoffs(events, replace(definition, cutoffs=()))
    store_moments(query.connection, _CUTOFFS, "cutoff", tuple(definition.cutoffs))
    schema = query.compiled.schema
    return query.arrow().cast(schema.to_pyarrow()), schema


@compiled
def _features_at_cutoffs(events: Any, anytime: TableDefinition) -> Any:
    """Return the feature table at the stored cutoffs, ordered by customer and cutoff."""
    cutoffs = ibis.table({"cutoff": "timestamp"}, name=_CUTOFFS)
    first, *others = _keyed_tables(events, replace(anytime, cutoffs=cutoffs))
    return _plain(put_beside(first, *others)).order_by(KEYS)


@contextlib.contextmanager
def computed_features(
    events: Any, definition: TableDefinition, parts: int | None = None, everyone: Any = None
) -> Iterator[Any]:
    """Yield the feature table, computed in so many parts and stored until the block ends, as an expression."""
    if parts is None and everyone is None and _fits_one_pass(events, definition):
        yield feature_table(events, definition)
        return
    with work_tables(events) as work:
        number = parts or count_parts(count_pairs(events, definition.cutoffs))
        pieces = list(_compute_parts(work, events, definition, number, everyone))
        yield (ibis.union(*pieces) if len(pieces) > 1 else pieces[0]).order_by(KEYS)


def _fits_one_pass(events: Any, definition: TableDefinition) -> bool:
    return count_pairs(events, definition.cutoffs) <= ONE_PASS_PAIRS


def _compute_parts(
    work: WorkTables, events: Any, definition: TableDefinition, parts: int, everyone: Any
) -> Iterator[Any]:
    """Yield the stored feature table of each part; families that look at other customers see all of them."""
    settings = definition.settings
    history = cut_history(events if everyone is None else everyone, definition.cutoffs)
    some = parts > 1 or everyone is not None
    names = [name for name in settings.families if some and not is_per_customer(find_family(name))]
    whole = {name: work.keep(find_family(name)(history, settings)) for name in names}
    for number in range(parts):
        own = work.keep(take_part(events, number, parts)) if parts > 1 else events
        yield join_stepwise(work, _keyed_tables(own, definition, whole))
        if parts > 1:
            work.drop(own)


def _keyed_tables(events: Any, definition: TableDefinition, whole: Mapping[str, Any] | None = None) -> list[Any]:
    """Return the tables whose columns make the feature table, keyed by customer and cutoff; first who has a row.

    `whole` has the tables of families that are computed already.
    """
    history, settings = cut_history(events, definition.cutoffs), definition.settings
    kind = kind_of(definition.shape)
    tables = [kind.members(history, definition.windows)]
    taken = set(tables[0].columns)
    spent = history.filter(counts_as_spend(history, definition.refunds))  # value models are trained on it
    for name in dict.fromkeys([*kind.value_families, *settings.families]):
        family = find_family(name)
        stored = (whole or {}).get(name)
        columns = family(spent if name in _OF_VALUE else history, settings) if stored is None else stored
        _check_family(name, columns, taken)
        _check_described(name, family, columns)
        taken |= set(columns.columns)
        tables.append(columns)
    return [*tables, refund_history(spent, settings)] if kind.buys else tables


def _check_family(name: str, columns: Any, taken: set[str]) -> None:
    keyed = isinstance(columns, ibis.Table) and set(KEYS) <= set(columns.columns)
    require(
        keyed,
        f"feature family {name}: its result lacks the keys {KEYS}.",
        remedy="group_by(['customer_id', 'cutoff']).",
    )
    doubled = (set(columns.columns) & taken) - set(KEYS)
    require(
        not doubled,
        f"feature family {name}: repeats columns {sorted(doubled)}.",
        remedy="give them names of their own.",
    )
    kinds = {column: kind for column, kind in columns.schema().items() if column not in KEYS}
    other = [
        column for column, kind in kinds.items() if not (kind.is_numeric() or kind.is_boolean() or kind.is_string())
    ]
    require(
        not other,
        f"feature family {name}: columns {other} are neither numbers nor text.",
        remedy="a family returns numbers, or text that models encode.",
    )


def _check_described(name: str, family: FamilyFunction, columns: Any) -> None:
    """Raise `InputError` where a registered family gives a column that it does not describe."""
    named = [column for column in columns.columns if column not in KEYS]
    unknown = family.undescribed(named) if isinstance(family, Family) else []
    message = f"feature family {name}: columns {unknown} are not described."
    require(not unknown, message, remedy="add a Column for each, with its texts in English and Italian.")


def _plain(table: Any) -> Any:
    """Return the table with its numbers as floats, which is what a frame has; decimals are left to pandas."""
    kinds = {name: kind for name, kind in table.schema().items() if name not in NOT_FEATURES}
    whole = [name for name, kind in kinds.items() if kind.is_integer() or kind.is_boolean() or kind.is_floating()]
    return table.mutate(**{name: table[name].cast("float64") for name in whole}) if whole else table


def _typed(frame: pd.DataFrame, schema: Any) -> pd.DataFrame:
    """Return the frame of a table of this schema with numbers as float64 and texts as pandas' `str`.

    Raises:
        InputError: a customer has several rows at a cutoff.
    """
    kinds = {name: kind for name, kind in schema.items() if name not in NOT_FEATURES}
    wanted = {name: "str" if kind.is_string() else "float64" for name, kind in kinds.items()} | {
        "in_population": "bool"
    }
    kept = {name: str(kind) for name, kind in frame.dtypes.items()}
    frame = frame.assign(**{name: frame[name].astype(kind) for name, kind in wanted.items() if kept[name] != kind})
    repeated = frame.duplicated(list(KEYS)).any()
    require(
        not repeated,
        "a feature family has several rows per customer and cutoff.",
        remedy="group by both keys.",
    )
    return frame
