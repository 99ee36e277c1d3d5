"""Reading with a bundle: its specification, raw data with its mapping and policies, and feature rows."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from ..data.engine import EngineSettings, connect
from ..data.events import EVENTS, Events
from ..data.labelled_table import LabelledTable
from ..data.settings import Columns, DataSettings, TableSettings
from ..data.source import read_columns
from ..data.stored_tables import keep_tables, keeps_tables, undone
from ..errors import InputError, listed, require
from ..features.families import find_family
from ..files import read_json
from ..notices import Notice
from .joined_requests import can_be_joined, join_frames, part_scores
from .profile_comparison import PROFILE
from .scored_kinds import RowModel, scored_kind
from .specification import BundleSpecification, read_specification

_LOG = logging.getLogger("churnclv.scoring")
_FEW_ROWS = 20_000  # up to which sharing the work among threads takes longer than the work
_NEEDED = ("customer_id", "timestamp", "amount", "price", "quantity", "end", "currency")


class BundleReader(ABC):
    """A loaded bundle that reads data and makes feature rows; what its models give is up to its class."""

    row_model: RowModel

    def __init__(self, folder: Path) -> None:
        """Load the specification from the bundle's folder."""
        self.folder = folder
        self.specification: BundleSpecification = read_specification(folder)
        self.kind = scored_kind(self.specification.data.shape)
        self._engines: list[Any] = []  # that wait for the next `predict`
        for name in self.specification.custom_families(folder):
            find_family(name)  # a family's file registers the phrases of its columns

    @abstractmethod
    def score(self, rows: pd.DataFrame | dict[str, Any], language: str = "en") -> pd.DataFrame:
        """Return one score row per feature row; each depends on its own row alone."""

    @abstractmethod
    def notices(self, events: Events | LabelledTable, rows: pd.DataFrame, scores: pd.DataFrame) -> tuple[Notice, ...]:
        """Return notices on scores of feature rows."""

    @property
    def contract(self) -> BundleSpecification:
        """The specification under its earlier name, by which earlier versions of the package read a bundle."""
        return self.specification

    def read(
        self,
        events: pd.DataFrame | Path | str,
        columns: dict[str, str] | None = None,
        date_format: str | None = None,
        tables: dict[str, str] | None = None,
        as_of: str | None = None,
        reading: dict[str, Any] | None = None,
    ) -> Events | LabelledTable:
        """Read raw events (or a table of customers) with the bundle's mapping and policies.

        They are a frame, a file, or the address of a server with the table behind it. `columns` overrides the mapping
        by role, `date_format` the way dates are written, `tables` the paths of further tables by name, which a bundle
        does not keep. Ends of contracts from `as_of` on are plans, and hidden; without
        it the data are observed until the later of the end of the bundle's training data and the last event, whichever
        customers the file holds. A mapped column that is missing may also have its role as its name; without either,
        optional roles are left out. `reading` gives the format of the main file where it differs from the training
        file, by the names of `data.settings.Reading`; the rest is read as in training.

        Raises:
            InputError: as for training, or the file is written in another way than the training file.
        """
        return self._read(connect(EngineSettings()), events, columns, date_format, tables, as_of, reading)

    def _read(
        self,
        engine: Any,
        events: pd.DataFrame | Path | str,
        columns: dict[str, str] | None = None,
        date_format: str | None = None,
        tables: dict[str, str] | None = None,
        as_of: str | None = None,
        reading: dict[str, Any] | None = None,
    ) -> Events | LabelledTable:
        settings = self.data_settings(events, columns, date_format, tables, as_of, reading)
        frame = events if isinstance(events, pd.DataFrame) else None
        data: Events | LabelledTable = self.kind.read(engine, settings, frame, self.specification, as_of)
        return data

    def data_settings(
        self,
        events: pd.DataFrame | Path | str,
        columns: dict[str, str] | None = None,
        date_format: str | None = None,
        tables: dict[str, str] | None = None,
        as_of: str | None = None,
        reading: dict[str, Any] | None = None,
    ) -> DataSettings:
        """Return the settings by which `read` reads raw events; of a file only the header is read."""
        settings = replace(
            self.specification.data,
            builtin=None,
            separator="auto",
            encoding="auto",
            path=None,
            latest=self.specification.data.latest if as_of is None else None,
            observed_until=None,
            set_aside_path=None,
        )
        if not isinstance(events, pd.DataFrame):
            settings = replace(settings, path=str(events))
        settings = replace(settings, tables=_relocate(settings, tables or {}))
        written = {"date_format": date_format} if date_format is not None else {}
        settings = settings.read_as(written | (reading or {}))
        header = list(map(str, events.columns)) if isinstance(events, pd.DataFrame) else read_columns(settings)
        return replace(settings, columns=_adapt(settings, header, columns or {}))

    def features(
        self, events: Events | LabelledTable | pd.DataFrame, as_of: str | datetime | None = None
    ) -> pd.DataFrame:
        """Return one feature row per customer with an event before `as_of` (default: `Events.end`, see `read`)."""
        day = f"{as_of:%Y-%m-%d}" if isinstance(as_of, datetime) else as_of
        data = self.read(events, as_of=day) if isinstance(events, pd.DataFrame) else events
        families = self.specification.custom_families(self.folder)
        return self.kind.features(data, as_of, self.specification, self.row_model, families)

    def predict(
        self, events: pd.DataFrame, as_of: str | None = None, tables: dict[str, str] | None = None
    ) -> pd.DataFrame:
        """Return the score rows of all customers in a frame of raw events; notices are logged as warnings.

        `tables` is as for `read`.
        """
        with self._engine(len(events)) as engine:
            read = self._read(engine, events, tables=tables, as_of=as_of)
            rows = self.features(read, as_of)
            scores = self.score(rows)
            notices = self.notices(read, rows, scores)
        for notice in notices:
            _LOG.warning(notice.line())
        return scores

    def predict_together(self, frames: Sequence[pd.DataFrame], as_of: str) -> list[pd.DataFrame] | None:
        """Return the score rows of several frames of raw events in one pass, each as `predict` gives it.

        None where that is not certain: scores depend on other customers, a customer is in several frames, a row is at
        fault, or an id is written in another way than it is read.
        """
        name = self.specification.data.columns.customer_id
        column = name if name is not None and name in frames[0] else "customer_id"
        families = self.specification.custom_families(self.folder)
        joined = join_frames(frames, column) if can_be_joined(self.specification, families) else None
        if joined is None:
            return None
        events, customers = joined
        try:
            with self._engine(len(events)) as engine:
                read = self._read(engine, events, as_of=as_of)
                if any(fault.set_aside for fault in read.quality.faults):
                    return None
                return part_scores(self.score(self.features(read, as_of)), customers)
        except InputError:
            return None

    @cached_property
    def _profile(self) -> dict[str, Any]:
        """What the columns of the scored rows were like at the export."""
        return dict(read_json(self.folder / PROFILE))

    @contextmanager
    def _engine(self, rows: int) -> Iterator[Any]:
        """Yield an engine that no other call uses, for so many rows.

        It is kept for the next call unless this one fails for another reason than its input.
        """
        engine = self._engines.pop() if self._engines else self._new_engine()
        engine.raw_sql("SET threads = 1" if rows <= _FEW_ROWS else "RESET threads")
        try:
            with undone(engine):
                yield engine
        except InputError:
            self._keep(engine)
            raise
        self._keep(engine)

    def _new_engine(self) -> Any:
        """Return an engine that keeps its tables; further tables are files, which make their tables anew."""
        engine = connect(EngineSettings())
        if not self.specification.data.tables:
            keep_tables(engine)
        return engine

    def _keep(self, engine: Any) -> None:
        if not keeps_tables(engine):
            engine.drop_table(EVENTS, force=True)
        self._engines.append(engine)


def _relocate(settings: DataSettings, paths: dict[str, str]) -> dict[str, TableSettings]:
    """Return the further tables at other paths."""
    unknown = [name for name in paths if name not in settings.tables]
    require(not unknown, f"tables: unknown {unknown}.", remedy=f"the bundle has {listed(list(settings.tables))}.")
    missing = [name for name in settings.tables if name not in paths]
    remedy = " ".join(f"+tables.{name}={name}.csv" for name in missing)
    require(not missing, f"the bundle also reads {listed(missing)}.", remedy=f"name the file: {remedy}")
    return {name: replace(table, path=paths[name], table=None) for name, table in settings.tables.items()}


def _adapt(settings: DataSettings, header: list[str], overrides: dict[str, str]) -> Columns:
    """Return the mapping that this header can serve."""
    unknown = [role for role in overrides if role not in vars(Columns())]
    require(not unknown, f"columns: unknown roles {unknown}.", remedy=f"allowed are {', '.join(vars(Columns()))}.")
    mapping: dict[str, str | None] = dict.fromkeys(vars(settings.columns))
    for role, column in settings.columns.mapped().items():
        choices = [overrides.get(role, column), role]
        present = next((name for name in choices if name in header), None)
        needed = role in _NEEDED and (role != "quantity" or settings.columns.price is not None)
        needed |= role == "order_id" and settings.amount_is_order_total  # else money would be counted per line
        mapping[role] = choices[0] if present is None and needed else present
    return Columns(**mapping)
