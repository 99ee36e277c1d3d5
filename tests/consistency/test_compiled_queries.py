"""Compiled queries and kept tables: what is compiled and planned once gives, for any content, what a new engine gives.

A kept engine fills the same tables in each request: nothing of one request is there in the next, whatever ends it.
"""

from types import SimpleNamespace

import duckdb
import ibis
import pandas as pd
import pytest

from churnclv.bundle.scorer import Scorer
from churnclv.data.compiled_queries import compiled
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import Columns, DataSettings
from churnclv.data.stored_tables import keep_tables, run_query, store_query, undone
from churnclv.errors import InputError

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


def read(rows, engine=None):
    """Return the events and the report of one log, in an engine of its own where none is given."""
    settings = DataSettings(columns=Columns("id", "date", "amount"), max_set_aside_share=1.0)
    frame = pd.DataFrame(rows, columns=["id", "date", "amount"])
    engine = engine or connect(EngineSettings())
    with undone(engine):
        events = read_events(engine, settings, frame)
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


def test_a_file_of_another_place_and_spelling_needs_no_query_of_its_own(tmp_path, monkeypatch):
    kept = {}
    monkeypatch.setattr("churnclv.data.compiled_queries._queries", kept)
    table = pd.DataFrame(LOGS["plain"], columns=["id", "date", "amount"])
    counts, events = [], []
    for name, separator in (("one.csv", ","), ("the other; 2.csv", ";")):
        table.to_csv(tmp_path / name, index=False, sep=separator)
        settings = DataSettings(columns=Columns("id", "date", "amount"), path=str(tmp_path / name), separator=separator)
        settings.set_aside_path = str(tmp_path / f"aside of {name}")
        events.append(read_events(connect(EngineSettings()), settings).table.execute())
        counts.append(len(kept))
    assert counts[0] == counts[1] > 5
    pd.testing.assert_frame_equal(*events, check_exact=True)
    assert not any("one.csv" in query.sql for query in kept.values())


def test_the_query_that_was_unused_for_longest_is_dropped(monkeypatch):
    monkeypatch.setattr("churnclv.data.compiled_queries._queries", {})
    monkeypatch.setattr("churnclv.data.compiled_queries._MOST", 2)
    built = []

    @compiled
    def add(table, number):
        built.append(number)
        return table.mutate(y=table.x + number)

    table = connect(EngineSettings()).create_table("numbers", pd.DataFrame({"x": [1]}))
    for number in (1, 2, 1, 3, 1, 2):
        assert add(table, number).row() == {"x": 1, "y": 1 + number}
    assert built == [1, 2, 3, 2]


def kept_engine():
    engine = connect(EngineSettings())
    keep_tables(engine)
    return engine


def test_a_kept_engine_reads_any_log_as_a_new_one_does():
    engine = kept_engine()
    typed = [("a", pd.Timestamp("2020-01-01"), 10.0), (None, pd.NaT, None), ("b", pd.Timestamp("2020-02-03"), 2.5)]
    plain, repeated = LOGS["plain"], LOGS["repeated"]
    for rows in (plain, plain, LOGS["dressed"], repeated, typed, LOGS["future"], typed, plain, repeated, repeated[2:]):
        table, quality = read(rows, engine)
        alone, quality_alone = read(rows)
        pd.testing.assert_frame_equal(table, alone, check_exact=True)
        assert quality == quality_alone
        assert engine.raw_sql("SELECT count(*) FROM temp.main.events").fetchone() == (0,)


def test_a_kept_engine_plans_the_queries_of_one_form_once():
    engine, prepared = kept_engine(), "SELECT count(*) FROM duckdb_prepared_statements()"
    counts = []
    for amount in range(4):  # the first request makes the tables, the second one the plans
        read([("a", f"2020-01-0{amount + 1}", str(amount))], engine)
        counts.append(engine.raw_sql(prepared).fetchone()[0])
    assert counts[0] == 0
    assert counts[1] == counts[2] == counts[3] > 10


@pytest.mark.parametrize("name", LOGS)
def test_a_log_of_a_known_form_is_read_without_compiling(name, monkeypatch):
    read(LOGS[name])
    compiled_again = []
    monkeypatch.setattr("churnclv.data.compiled_queries._compile", lambda *query: compiled_again.append(query))
    read(LOGS[name])
    assert not compiled_again


def test_a_kept_plan_fits_other_rows():
    engine, query = kept_engine(), "SELECT count(*) FROM t WHERE x IS NULL OR x > 5"
    for rows, count in (("(1)", 0), ("(1), (2)", 0), ("(NULL), (9), (-9)", 2), ("(6)", 1)):
        with undone(engine):
            store_query(engine, "t", "x BIGINT", f"VALUES {rows}")
            assert run_query(engine, query).fetchone() == (count,)


def test_a_table_is_stored_twice_in_one_request():
    engine = kept_engine()
    for _ in range(2):
        with undone(engine):
            for value in (1, 2):
                store_query(engine, "t", "x BIGINT", f"SELECT {value}")
                assert run_query(engine, "SELECT * FROM t").fetchall() == [(value,)]


@pytest.mark.parametrize("requests_before", [0, 1, 2])
def test_a_request_that_fails_leaves_nothing(requests_before):
    engine = kept_engine()
    for _ in range(requests_before):
        read(LOGS["plain"], engine)
    with pytest.raises(InputError, match="no rows"):
        read([], engine)
    with pytest.raises(duckdb.Error), undone(engine):
        store_query(engine, "events", "x BIGINT", "SELECT error('no')")
    table, _ = read(LOGS["plain"], engine)
    pd.testing.assert_frame_equal(table, read(LOGS["plain"])[0], check_exact=True)


def test_the_number_of_plans_is_bounded(monkeypatch):
    monkeypatch.setattr("churnclv.data.stored_tables._MOST_STATEMENTS", 3)
    engine = kept_engine()
    with undone(engine):
        for number in range(10):
            assert run_query(engine, f"SELECT {number}").fetchone() == (number,)
    assert engine.raw_sql("SELECT count(*) FROM duckdb_prepared_statements()").fetchone()[0] <= 3


def test_an_engine_is_kept_for_the_next_call_unless_a_call_fails():
    scorer = Scorer.__new__(Scorer)
    scorer._engines, scorer.specification = [], SimpleNamespace(data=DataSettings())
    with scorer._engine(1) as first:
        pass
    with scorer._engine(1) as second, scorer._engine(1) as beside:
        assert second is first
        assert beside is not first
    with pytest.raises(KeyError), scorer._engine(1):
        raise KeyError
    assert len(scorer._engines) == 1
    with pytest.raises(InputError), scorer._engine(1) as refused:  # the input is at fault, and not the engine
        raise InputError("no rows.", remedy="send some.")
    assert scorer._engines == [refused]
