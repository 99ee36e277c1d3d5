"""A file with types and the same file as text give the same events, counts and fingerprints."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.parsing import AMOUNT
from churnclv.data.settings import Columns, DataSettings, Decimal
from churnclv.data.typed_columns import typed_moment, typed_number

DRAWS = 2000


@pytest.fixture(scope="module")
def engine():
    return connect(EngineSettings(threads=1))


def _cells(engine, role, cells):
    """Return cells as the raw log has them: in their type, and as the text that the engine gives them."""
    engine.con.register("cells", cells)
    text = r"regexp_replace(CAST(typed AS VARCHAR), '\.0$', '')"
    made = f'SELECT typed AS typed_{role}, {text} AS "{role}" FROM cells'  # noqa: S608 # own names
    engine.con.execute(f"CREATE OR REPLACE TABLE cells_of AS {made}")
    engine.con.unregister("cells")
    return engine.table("cells_of")


def _numbers():
    random = np.random.default_rng(0)
    plain = [random.normal(0, 10.0**size, DRAWS).round(places) for size in range(6) for places in range(8)]
    halves = np.arange(DRAWS) / 1e4 + 0.00005  # a fifth decimal of 5: the binary value lies on either side
    special = [0.0, -0.0, 1e-9, 1e11, 99999999999.9999, 1e13, 1e14, 1e20, -1e300, np.inf, -np.inf, np.nan]
    return np.concatenate([*plain, halves, -halves, special])


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32(), pa.decimal128(18, 2), pa.decimal128(30, 6), pa.int64()])
def test_typed_numbers_equal_their_texts_to_the_last_digit(engine, kind):
    numbers = _numbers()
    if not pa.types.is_floating(kind):
        inside = numbers[np.isfinite(numbers) & (np.abs(numbers) < 1e15)]
        whole = [f"{number:.6f}" for number in inside]
        texts = pa.array(whole).cast(pa.decimal128(30, 6))
        cells = texts.cast(kind, safe=False)
    else:
        cells = pa.array(numbers, kind)
    raw = _cells(engine, "amount", pa.table({"typed": cells}))
    pairs = raw.select(typed=typed_number(raw, "amount"), parsed=raw.amount.try_cast(AMOUNT)).to_pyarrow()
    assert pairs["typed"].equals(pairs["parsed"])
    assert pairs["typed"].null_count < len(pairs)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_typed_moments_equal_their_texts(engine, unit):
    random = np.random.default_rng(1)
    seconds = pd.Series(random.uniform(-4e9, 8e9, DRAWS))  # 1843 to 2223
    moments = pa.array((seconds * 1e9).astype("int64"), pa.timestamp("ns")).cast(pa.timestamp(unit), safe=False)
    raw = _cells(engine, "timestamp", pa.table({"typed": moments}))
    parsed = raw.timestamp.try_cast("timestamp")
    pairs = raw.select(typed=typed_moment(raw, "timestamp"), parsed=parsed).to_pyarrow()
    assert pairs["typed"].equals(pairs["parsed"])


def _log():
    random = np.random.default_rng(2)
    rows = 400
    amounts = pd.Series(random.gamma(2.0, 30.0, rows).round(random.integers(0, 6)))
    amounts[[3, 50]], amounts[[9]], amounts[[11, 12]], amounts[[20]] = np.nan, np.inf, -7.005, 0.0
    moments = pd.Series(pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 5e7, rows), unit="s"))
    moments[[5]], moments[[6]], moments[[7]] = pd.NaT, pd.Timestamp("1900-01-01"), pd.Timestamp("2199-01-01")
    frame = pd.DataFrame(
        {
            "customer_id": random.integers(1, 60, rows),
            "order_id": np.arange(rows) // 2,
            "timestamp": moments,
            "amount": amounts,
            "quantity": random.integers(1, 5, rows),
        }
    )
    return pd.concat([frame, frame.iloc[[100, 101, 101]]], ignore_index=True)


def _read(path, **chosen):
    columns = Columns(order_id="order_id", quantity="quantity", **chosen.pop("columns", {}))
    settings = DataSettings(path=str(path), columns=columns, max_set_aside_share=1.0, **chosen)
    return read_events(connect(EngineSettings(threads=1)), settings)


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"amount_is_order_total": True},
        {"sales_are_negative": True},
        {"columns": {"amount": None, "price": "amount"}},
    ],
    ids=["plain", "order totals", "negative sales", "price"],
)
def test_a_typed_file_is_read_as_its_text_is(tmp_path, chosen):
    table = pa.Table.from_pandas(_log(), preserve_index=False)
    written = table.set_column(3, "amount", pa.array(_log()["amount"], from_pandas=False))  # NaN stays NaN
    pq.write_table(written, tmp_path / "typed.parquet")
    texts = connect(EngineSettings()).con.execute(
        f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM read_parquet('{tmp_path / 'typed.parquet'}')"  # noqa: S608 # own path
    )
    frame = texts.df()
    for name in ("amount",):
        frame[name] = frame[name].str.replace(r"\.0$", "", regex=True)  # as the source writes whole floats
    frame.astype("string[pyarrow]").to_parquet(tmp_path / "text.parquet")
    typed, text = (
        _read(tmp_path / f"{name}.parquet", **dict(chosen), decimal=Decimal.point) for name in ("typed", "text")
    )
    assert typed.quality.faults == text.quality.faults
    assert typed.quality.fingerprint == text.quality.fingerprint
    assert typed.quality.input_fingerprint == text.quality.input_fingerprint
    assert (
        typed.table.order_by(*typed.table.columns)
        .to_pyarrow()
        .equals(text.table.order_by(*text.table.columns).to_pyarrow())
    )
    counted = {count.fault for count in typed.quality.faults if count.rows}
    assert {"missing_date", "future_date", "early_date", "non_finite_amount"} <= counted


def test_what_reading_needed_is_dropped(tmp_path):
    _log().to_parquet(tmp_path / "typed.parquet")
    events = _read(tmp_path / "typed.parquet")
    left = events.connection.con.execute("SELECT table_name FROM information_schema.tables").fetchall()
    assert left == [("events",)]
