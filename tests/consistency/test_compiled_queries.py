"""Compiled queries: what is compiled once gives, for any content and arguments, what compiling anew gives."""

import ibis
import pandas as pd
import pytest

from churnclv.bundle.scorer import Scorer
from churnclv.data.compiled_queries import compiled
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import Columns, DataSettings

BUILT = []


@compiled
def large(table, least):
    BUILT.append(least)
    return table.filter(table.amount >= least).order_by("amount")


def stored(connection, amounts):
    return connection.create_table("orders", ibis.memtable({"amount": amounts}), temp=True, overwrite=True)


def test_a_query_is_built_once_for_equal_arguments_and_columns():
    BUILT.clear()
    first, second = connect(EngineSettings()), connect(EngineSettings())
    assert large(stored(first, [1, 5, 9]), 4).rows() == [{"amount": 5}, {"amount": 9}]
    assert large(stored(second, [7, 2]), 4).rows() == [{"amount": 7}]  # of another engine, with other rows
    assert BUILT == [4]
    assert large(stored(second, [7, 2]), 1).rows() == [{"amount": 2}, {"amount": 7}]
    assert large(stored(second, [7.5, 2.5]), 1).rows() == [{"amount": 2.5}, {"amount": 7.5}]  # another type
    assert BUILT == [4, 1, 1]


def test_a_query_over_an_expression_is_not_kept():
    BUILT.clear()
    table = stored(connect(EngineSettings()), [1, 5, 9])
    assert large(table.filter(table.amount < 9), 4).row() == {"amount": 5}
    assert large(table.filter(table.amount < 5), 0).row() == {"amount": 1}
    assert BUILT == [4, 0]


def test_a_stored_query_is_a_table_of_the_engine_with_its_types():
    connection = connect(EngineSettings())
    kept = large(stored(connection, [1, 5, 9]), 4).store("kept")
    assert kept.schema() == connection.table("kept", database=("temp", "main")).schema()
    assert large(stored(connection, [3, 8]), 4).store("kept").execute()["amount"].tolist() == [8]


LOGS = {
    "plain": [("a", "2020-01-01", "10"), ("b", "2020-02-03", "2.50")],
    "dressed": [("a", "2020-01-01", "€ 10,00"), ("b", "2020-02-03", "2,50 €"), ("b", "2020-02-04", "(1,00)")],
    "repeated": [("a", "2020-01-01", "10"), ("a", "2020-01-01", "10"), ("c", "31/12/2020", "4")],
    "future": [("a", "2020-01-01", "10"), ("b", "2190-01-01", "3"), ("b", "2020-05-01", "3")],
}


def read(rows):
    """Return the events and the report of one log, in an engine of its own."""
    settings = DataSettings(columns=Columns("id", "date", "amount"), max_set_aside_share=1.0)
    frame = pd.DataFrame(rows, columns=["id", "date", "amount"])
    events = read_events(connect(EngineSettings()), settings, frame)
    return events.table.order_by("customer_id", "timestamp").execute(), events.quality.as_dict()


@pytest.mark.parametrize("name", LOGS)
def test_a_log_reads_the_same_whatever_was_read_before(name, monkeypatch):
    for other in LOGS.values():  # whose queries are kept
        read(other)
    table, quality = read(LOGS[name])
    monkeypatch.setattr("churnclv.data.compiled_queries._queries", {})
    anew, quality_anew = read(LOGS[name])
    pd.testing.assert_frame_equal(table, anew, check_exact=True)
    assert quality == quality_anew


def test_an_engine_is_kept_for_the_next_call_unless_a_call_fails():
    scorer = Scorer.__new__(Scorer)
    scorer._engines = []
    with scorer._engine(1) as first:
        pass
    with scorer._engine(1) as second, scorer._engine(1) as beside:
        assert second is first
        assert beside is not first
    with pytest.raises(KeyError), scorer._engine(1):
        raise KeyError
    assert len(scorer._engines) == 1
