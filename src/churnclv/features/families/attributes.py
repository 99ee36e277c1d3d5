"""Attributes: declared facts about a customer that do not change, such as the country or the first channel."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ...data.events import Events
from ...data.readings import ColumnReading, ReadColumns, ReadingChoices, apply_readings, learn_readings, read_numbers
from ...data.settings import STATIC, DataSettings
from ...notices import Notice
from ...snapshots.history import KEYS
from ..family import family
from ..keyed_table import put_beside
from ..settings import FeatureSettings


@family(columns=None, place=80, per_customer=True)
def attributes(history: Any, settings: FeatureSettings) -> Any:
    """Return one column of text, `<name>`, per declared attribute, from the customer's first event that has it.

    The attributes are those of `data.static` and of the tables in `data.tables`. Null where no event before the cutoff
    has it. A customer's value depends on that customer alone. Without attributes, keys alone.
    """
    del settings
    declared = [name for name in history.columns if name.startswith(STATIC)]
    return put_beside(history.select(*KEYS).distinct(), *[_attribute(history, column) for column in declared])


def _attribute(history: Any, column: str) -> Any:
    """Return one attribute; of several values at the first moment the least text counts."""
    filled = history.filter(history[column].notnull())  # noqa: PD004 # an engine expression, not a frame
    dated = filled.mutate(begin=filled.timestamp.min().over(group_by=KEYS))
    first = dated.filter(dated.timestamp == dated.begin)
    return first.group_by(KEYS).agg(**{column.removeprefix(STATIC): first[column].min()})


def declared_attributes(events: Events, frame: pd.DataFrame) -> list[str]:
    """Return the columns of a feature table that are declared attributes.

    Parameters
    ----------
    events
        The log.
    frame
        Its feature table.

    Returns
    -------
    list of str
        Names, in the table's order.
    """
    declared = {name.removeprefix(STATIC) for name in events.table.columns if name.startswith(STATIC)}
    return [str(name) for name in frame.columns if name in declared]


def read_attributes(
    events: Events,
    frame: pd.DataFrame,
    settings: DataSettings,
    readings: Mapping[str, ColumnReading] | None = None,
) -> ReadColumns:
    """Return a feature table whose attributes are read as numbers, categories, or left out as ids and dates.

    Parameters
    ----------
    events
        The log.
    frame
        Its feature table, with attributes as text.
    settings
        Of the data: `decimal` and `keep_columns`.
    readings
        Those of the bundle, at scoring; without them they are decided here.

    Returns
    -------
    ReadColumns
        The whole table, and notices about its attributes.

    Raises
    ------
    InputError
        Numbers can be read two ways, or most values of a number attribute are no numbers at scoring.
    """
    texts = frame[declared_attributes(events, frame)].astype(object).where(lambda cells: cells.notna(), None)
    if not len(texts.columns):
        return ReadColumns(frame, {})
    origin, keep = f"{events.quality.origin}: attributes", frozenset(settings.keep_columns)
    choices = ReadingChoices(origin, settings.decimal, keep=keep, of_attributes=True)
    if readings is not None:
        read = apply_readings(events.connection, texts, readings, choices)
        return ReadColumns(frame.assign(**_numbers(read.frame)), read.readings, read.notices)
    last = ~frame["customer_id"].duplicated(keep="last")  # a customer counts once, whatever the number of cutoffs
    read = learn_readings(events.connection, texts[last], choices)
    numbers = read_numbers(events.connection, texts, read.readings)
    return ReadColumns(frame.assign(**numbers), read.readings, (*_left_out_notices(read), *read.notices))


def _numbers(frame: pd.DataFrame) -> dict[str, "pd.Series[float]"]:
    return {name: frame[name] for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name])}


def _left_out_notices(read: ReadColumns) -> list[Notice]:
    remedy = "take it out of the declared attributes; if it describes customers, data.keep_columns=[{}]"
    return [
        Notice("attribute_left_out", f"attribute {name!r} is not learned from: {reason}.", remedy.format(name))
        for name, reason in read.left_out.items()
    ]
