"""Hostile logs: many ways to write one log, and many that are at fault; each is a right result or one message."""

import gzip
import hashlib
import itertools

import pandas as pd
import pytest

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import Columns, DataSettings
from churnclv.errors import InputError

SIZE = 12
NAMES = ["customer_id", "timestamp", "amount"]
AMOUNTS = [1234.5 + 1000 * row for row in range(SIZE)]  # by hand: 12 x 1234.5 + 1000 x 66 = 80814
TOTAL = 80814.0
DAYS = pd.date_range("2021-01-10", periods=SIZE, freq="3D")
DATES = {
    "iso": "%Y-%m-%d", "time": "%Y-%m-%d %H:%M:%S", "T": "%Y-%m-%dT%H:%M:%S", "zone": "%Y-%m-%d %H:%M:%SZ",
    "UTC": "%Y-%m-%d %H:%M:%S UTC", "compact": "%Y%m%d", "slashes": "%Y/%m/%d", "day": "%d/%m/%Y", "dots": "%d.%m.%Y",
    "month": "%m/%d/%Y",
}  # fmt: skip
NUMBERS = {
    "point": "{:.2f}".format,
    "group": "{:,.2f}".format,
    "comma": lambda paid: f"{paid:.2f}".replace(".", ","),
    "german": lambda paid: f"{paid:,.2f}".translate(str.maketrans(",.", ".,")),
    "french": lambda paid: f"{paid:,.2f}".replace(",", "\u202f").replace(".", ","),
    "swiss": lambda paid: f"CHF {paid:,.2f}".replace(",", "'"),
    "dollar": "${:,.2f}".format,
    "code": "USD{:.2f}".format,
    "polish": lambda paid: f"{paid:.2f} zł".replace(".", ","),
    "brazil": lambda paid: f"R$ {paid:,.2f}".translate(str.maketrans(",.", ".,")),
    "rupees": "Rs. {:.2f}".format,
    "plus": "+{:.2f}".format,
    "exponent": "{:.6e}".format,
}


def text(separator=",", dates="iso", numbers="point", end="\n", quoting=0, names=NAMES):
    frame = pd.DataFrame({"customer_id": [f"c{row % 4}" for row in range(SIZE)]})
    frame["timestamp"] = DAYS.strftime(DATES[dates])
    frame["amount"] = [NUMBERS[numbers](paid) for paid in AMOUNTS]
    return frame.set_axis(names, axis=1).to_csv(index=False, sep=separator, lineterminator=end, quoting=quoting)


PLAIN = text()
LINES = PLAIN.splitlines(keepends=True)


def right_logs():
    """Yield a name and the bytes of logs that are all the same log."""
    for separator, numbers in itertools.product(",;\t|", NUMBERS):
        yield f"{numbers} by {separator!r}", text(separator, numbers=numbers).encode()
    for dates, separator in itertools.product(DATES, ",;"):
        yield f"{dates} by {separator!r}", text(separator, dates=dates).encode()
    for end, quoting in itertools.product(["\n", "\r\n", "\r"], [0, 1]):
        yield f"end {end!r}, quoting {quoting}", text(end=end, quoting=quoting).encode()
    for encoding in ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]:
        yield encoding, PLAIN.encode(encoding)
    yield "gzip", gzip.compress(PLAIN.encode())
    yield "no last end", PLAIN.rstrip().encode()
    yield "blank lines", PLAIN.replace("\n", "\n\n").encode()
    yield "zero bytes", PLAIN.replace("c1", "c\0001").encode()
    yield "blanks", text(" ").encode()
    yield "padded", PLAIN.replace("c1,", " c1 ,").encode()
    yield "floats as ids", PLAIN.replace("c", "10").replace("10ustomer_id", "customer_id").encode()
    yield "more columns", "".join(line.rstrip() + f",n{row}\n" for row, line in enumerate(LINES)).encode()
    yield "names twice", "".join(line.rstrip() + ",x,x\n" for line in LINES).encode()
    yield "a cell of lines", PLAIN.replace("c1,", '"c1",').replace("c2,", '"c2\n\n x",').encode()


FAULTY = {  # each has one message, or sets aside what it counts
    "mixed ends": (LINES[0] + LINES[1].replace("\n", "\r\n") + "".join(LINES[2:])).encode(),
    "empty": b"",
    "only an end": b"\n",
    "only a mark": b"\xef\xbb\xbf",
    "header only": LINES[0].encode(),
    "header without end": LINES[0].strip().encode(),
    "names twice": PLAIN.replace("customer_id", "amount").encode(),
    "no name": PLAIN.replace("customer_id", "").encode(),
    "other names": text(names=["a", "b", "c"]).encode(),
    "Latin-1": PLAIN.replace("c1", "é").encode("latin-1"),
    "half UTF-16": PLAIN.encode("utf-16")[:-1],
    "binary": bytes(range(256)) * 20,
    "half gzip": gzip.compress(PLAIN.encode())[:-9],
    "half Parquet": b"PAR1" + bytes(50),
    "open quote": (PLAIN + '"c9,2021-01-01,5\n').encode(),
    "quote inside": PLAIN.replace("c1,", 'c"1,', 1).encode(),
    "short rows": (PLAIN + "c1\n" * 3).encode(),
    "long rows": (PLAIN + "c1,2021-01-01,5,6,7\n" * 3).encode(),
    "one row": "".join(LINES[:2]).encode(),
    "a huge cell": (PLAIN + "x" * 3_000_000 + ",2021-01-01,5\n").encode(),
    "NaN": PLAIN.replace("1234.50", "nan").encode(),
    "infinity": PLAIN.replace("1234.50", "inf").encode(),
    "a huge number": PLAIN.replace("1234.50", "9" * 40).encode(),
    "words": PLAIN.replace("1234.50", "twelve").encode(),
    "no id": PLAIN.replace("c1,", ",").encode(),
    "guests": PLAIN.replace("c1,", "NA,").encode(),
    "no date": PLAIN.replace("2021-01-10", "").encode(),
    "February 30": PLAIN.replace("2021-01-10", "2021-02-30").encode(),
    "the year 9999": PLAIN.replace("2021-01-10", "9999-12-31").encode(),
    "epoch": PLAIN.replace("2021-01-10", "1609695600").encode(),
    "thousands or not": "".join([LINES[0], "c1,2021-01-01,1.234\n", "c2,2021-01-01,2.345\n"]).encode(),
    "days or months": "".join([LINES[0], "c1,01/02/2021,1.5\n", "c2,03/02/2021,2.5\n"]).encode(),
    "both orders": "".join([LINES[0], "c1,13/02/2021,1.5\n", "c2,03/13/2021,2.5\n"]).encode(),
    "negative alone": "".join([LINES[0], "c1,2021-01-01,-1.5\n"]).encode(),
    "formulas": PLAIN.replace("c1,", "=cmd|' /C calc'!A0,").encode(),
    "commands": PLAIN.replace("c1,", "'; DROP TABLE events; --,").encode(),
    "two currencies": PLAIN.replace("1234.50", "€1234.50").replace("2234.50", "$2234.50").encode(),
}
RIGHT = dict(right_logs())


def read(path, **chosen):
    settings = DataSettings(path=str(path), **{"max_set_aside_share": 1.0, **chosen})
    return read_events(connect(EngineSettings(threads=1)), settings)


def check_right(path):
    events = read(path)
    assert events.quality.rows_read == events.quality.rows_kept == SIZE
    assert float(events.table.amount.sum().execute()) == TOTAL
    frame = events.table.select("timestamp").execute()
    assert sorted(frame["timestamp"]) == list(DAYS)
    assert events.quality.customers == 4


def check_faulty(path, content):
    before = hashlib.sha256(content).hexdigest()
    try:
        events = read(path)
    except InputError:
        events = None
    if events is not None:
        quality = events.quality
        assert quality.rows_read == quality.rows_kept + sum(count.set_aside for count in quality.faults)
        assert quality.rows_kept == int(events.table.count().execute()) > 0
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert [found.name for found in path.parent.iterdir()] == [path.name]


SAMPLE = ["german by ';'", "swiss by ','", "day by ','", "utf-16", "zero bytes", "a cell of lines"]
FAULTY_SAMPLE = ["header only", "a huge cell", "binary", "quote inside"]


@pytest.mark.parametrize("name", SAMPLE)
def test_some_ways_to_write_a_log_are_the_same_log(tmp_path, name):
    path = tmp_path / "orders.csv"
    path.write_bytes(RIGHT[name])
    check_right(path)


@pytest.mark.parametrize("name", FAULTY_SAMPLE)
def test_some_hostile_logs_are_read_or_refused_with_one_message(tmp_path, name):
    path = tmp_path / "orders.csv"
    path.write_bytes(FAULTY[name])
    check_faulty(path, FAULTY[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in RIGHT if name not in SAMPLE])
def test_every_way_to_write_a_log_is_the_same_log(tmp_path, name):
    path = tmp_path / "orders.csv"
    path.write_bytes(RIGHT[name])
    check_right(path)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FAULTY if name not in FAULTY_SAMPLE])
def test_every_hostile_log_is_read_or_refused_with_one_message(tmp_path, name):
    path = tmp_path / "orders.csv"
    path.write_bytes(FAULTY[name])
    check_faulty(path, FAULTY[name])


@pytest.mark.slow
def test_the_total_of_orders_is_the_same_for_lines_and_totals(tmp_path):
    frame = pd.read_csv(tmp_path.joinpath("o.csv").write_text(PLAIN) and tmp_path / "o.csv")
    lines = frame.assign(order=range(SIZE)).loc[frame.index.repeat(2)].assign(sku=[0, 1] * SIZE)
    lines.to_csv(tmp_path / "lines.csv", index=False)
    columns = Columns(order_id="order", item="sku")
    once = read(tmp_path / "lines.csv", columns=columns, amount_is_order_total=True)
    assert float(once.table.amount.sum().execute()) == TOTAL
