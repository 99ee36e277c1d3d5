"""Faults of a file or of its settings: one message that names file, row, column and remedy."""

import os

import numpy as np
import pandas as pd
import pytest

from churnclv.data import record_count, text_file
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import Columns, DataSettings, Decimal, Format, Policies, Policy
from churnclv.data.source import read_columns
from churnclv.errors import InputError

HEADER = "customer_id,timestamp,amount\n"
ROW = "a,2020-01-01,1.50\n"
ALL_THREE = (
    "no column 'customer_id' (data.columns.customer_id), 'timestamp' (data.columns.timestamp), "
    "'amount' (data.columns.amount)."
)
OPEN_QUOTE = "{path}: row 3: a quote is opened and not closed at the end of its cell.\n  -> close or double the quote."
NO_ROWS = "{path}: has a header but no rows.\n  -> export the log again."
BLANK = "{path}: row 1 is blank.\n  -> export the log again; the first row names the columns."
DAY_OR_MONTH = "  -> set data.day_first=true or data.day_first=false."

FILES = {
    "empty": ("", {}, "{path}: is empty.\n  -> export the log again; the first row names the columns."),
    "one blank line": ("\n", {}, BLANK),
    "blanks only": ("   ", {}, BLANK),
    "a byte order mark only": (b"\xef\xbb\xbf", {}, BLANK),
    "a blank line before the header": ("\n" + HEADER + ROW, {}, BLANK),
    "a header only": (HEADER, {}, NO_ROWS),
    "a header without end of line": (HEADER.strip(), {}, NO_ROWS),
    "every column missing": (
        "customer,when\na,b\n",
        {},
        "{path}: row 1: " + ALL_THREE + "\n  -> the columns are customer, when; "
        "map them, for example data.columns.customer_id=...",
    ),
    "two columns missing, in names with blanks": (
        "Cust ID,When It Happened,amount,And More Of It\n",
        {},
        (
            "{path}: row 1: no column 'customer_id' (data.columns.customer_id), 'timestamp' (data.columns.timestamp).\n"
            "  -> the columns are Cust ID, When It Happened, amount, And More Of It; "
            "map them, for example data.columns.customer_id=..."
        ),
    ),
    "all missing, in names with blanks": (
        "Cust ID,When It Happened,Total paid here\n",
        {},
        "{path}: row 1: " + ALL_THREE + "\n  -> the columns are Cust ID, When It Happened, Total paid here; "
        "map them, for example data.columns.customer_id=...",
    ),
    "a mapped column twice": (
        "customer_id,timestamp,amount,amount\na,2020-01-01,1,2\n",
        {},
        "{path}: row 1: more than one column is named amount.\n  -> rename one.",
    ),
    "another separator than the one set": (
        HEADER + ROW,
        {"separator": ";"},
        "{path}: row 1: "
        + ALL_THREE
        + "\n  -> the whole first line is one column; it holds a comma: set data.separator=auto.",
    ),
    "a separator of two characters": (
        HEADER + ROW,
        {"separator": "ab"},
        "data.separator is 'ab'.\n  -> one character, or 'whitespace'.",
    ),
    "one long line that is no table": (
        "x" * 300_000,
        {},
        "{path}: row 1: "
        + ALL_THREE
        + "\n  -> the columns are "
        + "x" * 60
        + "; map them, for example data.columns.customer_id=...",
    ),
    "a quote open to the end": (HEADER + ROW + 'b,"2020-01-02,3\n' + ROW * 3, {}, OPEN_QUOTE),
    "a quote open in the last cell": (HEADER + ROW + 'b,2020-01-02,"3\n', {}, OPEN_QUOTE),
    "a quote open behind too many cells": (HEADER + ROW + 'b,2020-01-02,3,4,"x\n' + ROW * 3, {}, OPEN_QUOTE),
    "a quote open behind too few cells": (HEADER + ROW + 'b,"x\n' + ROW * 3, {}, OPEN_QUOTE),
    "text behind a closed quote": (HEADER + ROW + '"b"x,2020-01-02,3\n' + ROW, {}, OPEN_QUOTE),
    "not UTF-8": (
        (HEADER + "José,2020-01-01,1.5\n").encode("cp1252"),
        {},
        (
            "{path}: is not utf-8 text ('utf-8' codec can't decode byte 0xe9 in position 32: "
            "invalid continuation byte).\n"
            "  -> name the encoding, for example data.encoding=cp1252 (Excel in Western Europe)."
        ),
    ),
    "an unknown encoding": (
        HEADER + ROW,
        {"encoding": "klingon"},
        "data.encoding=klingon: no such encoding.\n  -> for example utf-8 or cp1252.",
    ),
    "an encoding that is not of text": (
        HEADER + ROW,
        {"encoding": "hex"},
        "data.encoding=hex: no such encoding.\n  -> for example utf-8 or cp1252.",
    ),
    "days that may be months": (
        HEADER + "a,03/04/2011,1\nb,05/06/2011,1\n",
        {},
        "{path}: column 'timestamp': days and months cannot be distinguished.\n" + DAY_OR_MONTH,
    ),
    "days and months both ways": (
        HEADER + "a,13/04/2011,1\nb,14/04/2011,1\nc,04/13/2011,1\n",
        {},
        "{path}: column 'timestamp': 2 rows are day first and 1 rows are month first.\n" + DAY_OR_MONTH,
    ),
    "thousands that may be decimals": (
        'customer_id;timestamp;paid\na;2020-01-01;1,234\nb;2020-01-02;"5,678"\nc;2020-01-03;7\n',
        {"columns": Columns(amount="paid")},
        (
            "{path}: column 'paid': 2 amounts such as 1,234 can be read two ways.\n"
            "  -> set data.decimal=point or data.decimal=comma."
        ),
    ),
    "earliest that is no date": (
        HEADER + ROW,
        {"earliest": "long ago"},
        "data.earliest=long ago is not a date.\n  -> write it as 2011-09-09.",
    ),
    "latest that is no date": (
        HEADER + ROW,
        {"latest": "31/12/2020"},
        "data.latest=31/12/2020 is not a date.\n  -> write it as 2011-09-09.",
    ),
    "latest with an offset": (
        HEADER + ROW,
        {"latest": "2021-01-01T00:00:00+00:00"},
        (
            "data.latest=2021-01-01T00:00:00+00:00 carries an offset from UTC.\n"
            "  -> write it in data.timezone, as 2011-09-09."
        ),
    ),
    "observed until before the last event": (
        HEADER + ROW + "b,2020-03-04 05:06:07,1\n",
        {"observed_until": "2020-03-04"},
        (
            "data.observed_until=2020-03-04 does not lie after the last event, 2020-03-04 05:06:07.\n"
            "  -> write a later date, or null for midnight after the last event."
        ),
    ),
    "observed until with an offset": (
        HEADER + ROW,
        {"observed_until": "2021-01-01T00:00:00Z"},
        (
            "data.observed_until=2021-01-01T00:00:00Z carries an offset from UTC.\n"
            "  -> write it in data.timezone, as 2011-09-09."
        ),
    ),
    "every row set aside": (
        HEADER + ",2020-01-01,1\nb,,1\n,2020-01-03,1\n",
        {},
        (
            "{path}: no row is left after the policies:\n"
            "{path}: row 2, column 'customer_id': names no customer (missing_id: 2 rows). "
            "rows of guests cannot be followed over time.\n"
            "{path}: row 3, column 'timestamp': has no date (missing_date: 1 rows). fill the date in the export.\n"
            "  -> mend the file or change data.policy.<fault>."
        ),
    ),
    "a kept row without an id": (
        HEADER + ROW + ",2020-01-01,1\n",
        {"policy": Policies(missing_id=Policy.keep)},
        (
            "{path}: after the policies, the events still violate the schema:\n  customer_id: not_nullable\n"
            "  -> a policy keeps rows that no model can use: set it to set_aside (data.policy.missing_id, ...)."
        ),
    ),
    "a kept row without an amount and one without a date": (
        HEADER + ROW + "b,2020-01-01,\nc,,1\n",
        {"policy": Policies(missing_amount=Policy.keep, missing_date=Policy.keep)},
        (
            "{path}: after the policies, the events still violate the schema:\n"
            "  timestamp: not_nullable\n  amount: not_nullable\n"
            "  -> a policy keeps rows that no model can use: set it to set_aside (data.policy.missing_id, ...)."
        ),
    ),
}


@pytest.mark.parametrize(("content", "chosen", "expected"), FILES.values(), ids=FILES)
def test_a_fault_of_the_file_is_one_message_with_its_remedy(write, refuse, content, chosen, expected):
    path = write(content)
    message = refuse(path, **chosen)
    assert message == expected.format(path=path)
    assert message.splitlines()[-1].startswith("  -> ")


ENGINE = {
    "timezone": ("Mars/Phobos", "Unknown TimeZone 'Mars/Phobos'!", "name it like Europe/Rome."),
    "date_format": (
        "%Q",
        "Unrecognized format for strftime/strptime: %Q",
        (
            "write it like '%d.%m.%y %H:%M', or one of iso, compact, year_first, day_month, month_day, epoch_s, "
            "epoch_ms, epoch_us, excel, days."
        ),
    ),
    "refund_order_pattern": ("([", "missing ]: [", "write a regular expression such as '^C'."),
}


@pytest.mark.parametrize("key", ENGINE)
def test_a_setting_that_the_engine_cannot_use_is_named_even_where_no_row_needs_it(refuse, key):
    value, reason, remedy = ENGINE[key]
    first, *_, last = refuse(HEADER + ROW, **{key: value}).splitlines()
    assert first.startswith(f"data.{key}={value}: ")
    assert first.endswith(reason)
    assert last == f"  -> {remedy}"


SETTINGS = {
    "share below 0": ({"max_set_aside_share": -0.1}, "data.max_set_aside_share is -0.1, allowed is 0 to 1."),
    "share above 1": ({"max_set_aside_share": 1.5}, "data.max_set_aside_share is 1.5, allowed is 0 to 1."),
    "share that is no number": (
        {"max_set_aside_share": float("nan")},
        "data.max_set_aside_share is nan, allowed is 0 to 1.",
    ),
    "price without quantity": (
        {"columns": Columns(amount=None, price="price")},
        "data.columns.price needs data.columns.quantity: amount = price x quantity.",
    ),
    "no customer column": (
        {"columns": Columns(customer_id=None)},
        "data.columns.customer_id is null, but every log needs one.",
    ),
    "no date column": (
        {"columns": Columns(timestamp=None)},
        "data.columns.timestamp is null, but every log needs one.",
    ),
    "two logs": (
        {"builtin": "cdnow", "path": "orders.csv"},
        "data.builtin=cdnow and data.path=orders.csv name two logs.",
    ),
}


@pytest.mark.parametrize(("chosen", "expected"), SETTINGS.values(), ids=SETTINGS)
def test_a_setting_out_of_range_is_refused_before_any_file_is_read(chosen, expected):
    with pytest.raises(InputError) as caught:
        DataSettings(**chosen)
    what, remedy = str(caught.value).splitlines()
    assert what == expected
    assert remedy.startswith("  -> ")


WITHOUT_FILE = {
    "no file named": ({}, "data.path is not set.\n  -> make train DATA=orders.csv"),
    "an unknown embedded log": (
        {"builtin": "cdnw"},
        (
            "data.builtin=cdnw: allowed is cdnow, tv_subscriptions.\n"
            "  -> name your own log with data=transactions data.path=orders.csv"
        ),
    ),
    "a file that is not there": (
        {"path": "nowhere/orders.csv"},
        "nowhere/orders.csv: no such file.\n  -> check data.path; it is relative to the folder you call from.",
    ),
    "the home of nobody": (
        {"path": "~nobody-of-that-name/orders.csv"},
        (
            "~nobody-of-that-name/orders.csv: no such file.\n"
            "  -> check data.path; it is relative to the folder you call from."
        ),
    ),
    "a name that is too long": (
        {"path": "x" * 300},
        "x" * 300 + ": no such file.\n  -> check data.path; it is relative to the folder you call from.",
    ),
    "a device": (
        {"path": os.devnull},
        f"{os.devnull}: is a device, not a file.\n  -> name one CSV or Parquet file in data.path.",
    ),
}


@pytest.mark.parametrize(("chosen", "expected"), WITHOUT_FILE.values(), ids=WITHOUT_FILE)
def test_a_log_that_cannot_be_found_is_named(chosen, expected):
    with pytest.raises(InputError) as caught:
        read_events(connect(EngineSettings()), DataSettings(**chosen))
    assert str(caught.value) == expected


def test_a_folder_is_not_a_file(tmp_path, refuse):
    expected = f"{tmp_path}: is a folder, not a file.\n  -> name one CSV or Parquet file in data.path."
    assert refuse(tmp_path) == expected


def test_a_file_without_the_right_to_read_it_is_named(write, refuse, monkeypatch):
    path = write(HEADER + ROW)
    monkeypatch.setattr(os, "access", lambda *_: False)  # whoever runs the tests may own every right
    assert refuse(path) == f"{path}: cannot be read.\n  -> check its permissions."


def test_the_same_file_is_read_once_its_encoding_is_named(read):
    reading = read((HEADER + "José,2020-01-01,1.5\n").encode("cp1252"), encoding="cp1252")
    assert reading.column("amount") == {"José": "1.5000"}
    assert reading.faults == {}


@pytest.mark.parametrize(
    ("chosen", "content", "expected"),
    [
        ({"day_first": True}, HEADER + "a,03/04/2011,1\n", ("2011-04-03 00:00:00", "1.0000")),
        ({"day_first": False}, HEADER + "a,03/04/2011,1\n", ("2011-03-04 00:00:00", "1.0000")),
        ({"decimal": Decimal.point}, HEADER + 'a,2020-01-01,"1,234"\n', ("2020-01-01 00:00:00", "1234.0000")),
        ({"decimal": Decimal.comma}, HEADER + 'a,2020-01-01,"1,234"\n', ("2020-01-01 00:00:00", "1.2340")),
    ],
    ids=["day first", "month first", "decimal point", "decimal comma"],
)
def test_the_remedy_of_an_ambiguous_file_reads_it(read, chosen, content, expected):
    assert read(content, **chosen).rows("timestamp", "amount") == [expected]


@pytest.mark.parametrize("content", [b"PAR1xxx", b"PAR1xxx\nPAR1", b"PAR1" + b"\0" * 64 + b"PAR1"])
def test_garbage_that_calls_itself_parquet_is_named(write, refuse, content):
    path = write(content, "orders.parquet")
    message = refuse(path)
    assert message.startswith(f"{path}: is not a readable Parquet file (")
    assert message.endswith(").\n  -> write it again.")
    with pytest.raises(InputError, match="is not a readable Parquet file"):
        read_columns(DataSettings(path=str(path)))


def test_parquet_with_damaged_pages_is_named(write, refuse):
    ids, amounts = [f"c{row}" for row in range(5000)], np.random.default_rng(0).random(5000)
    path = write(pd.DataFrame({"customer_id": ids, "timestamp": "2020-01-01", "amount": amounts}), "orders.parquet")
    content = bytearray(path.read_bytes())
    content[200 : len(content) // 2] = b"\xff" * (len(content) // 2 - 200)
    path.write_bytes(bytes(content))
    message = refuse(path)
    assert message.startswith(f"{path}: is not a readable Parquet file (")
    assert message.endswith(").\n  -> write it again.")


def test_text_that_is_called_parquet_is_named(write, refuse):
    path = write(HEADER + ROW)
    assert refuse(path, format=Format.parquet).startswith(f"{path}: is not a readable Parquet file (")


def test_parquet_names_the_columns_that_it_lacks(write, refuse):
    path = write(pd.DataFrame({"customer_id": ["a"], "when": ["2020-01-01"]}), "orders.parquet")
    assert refuse(path) == (
        f"{path}: row 1: no column 'timestamp' (data.columns.timestamp), 'amount' (data.columns.amount).\n"
        "  -> the columns are customer_id, when; map them, for example data.columns.timestamp=..."
    )


@pytest.mark.parametrize("source", ["parquet", "frame"])
def test_a_table_without_rows_is_named(write, refuse, source):
    nothing = pd.DataFrame({"customer_id": [], "timestamp": [], "amount": []}, dtype="str")
    path = write(nothing, "orders.parquet")
    origin = path if source == "parquet" else "the events given"
    message = refuse(path, frame=nothing if source == "frame" else None)
    assert message == f"{origin}: has a header but no rows.\n  -> export the log again."


@pytest.mark.parametrize("spelling", ["orders.csv", "./orders.csv", "hard.csv", "soft.csv"])
def test_the_log_is_not_the_file_of_rows_set_aside(write, refuse, monkeypatch, spelling):
    path = write(HEADER + ROW + ",2024-05-05,5\n", "orders.csv")
    (path.parent / "hard.csv").hardlink_to(path)
    (path.parent / "soft.csv").symlink_to(path)
    before = path.stat()
    monkeypatch.chdir(path.parent)
    message = refuse(path, set_aside_path=spelling)
    assert message.startswith(f"data.set_aside_path={spelling}: is data.path={path}, which this command uses.")
    assert path.read_text() == HEADER + ROW + ",2024-05-05,5\n"
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("place", ["folder", "below a file"])
def test_a_file_of_rows_set_aside_that_cannot_be_written_is_named(tmp_path, write, refuse, place):
    path = write(HEADER + ROW)
    target = tmp_path if place == "folder" else path / "aside.csv"
    message = refuse(path, set_aside_path=str(target))
    assert message.startswith(f"data.set_aside_path={target}: cannot be written (")
    assert message.endswith(").\n  -> name a file you may write.")
    assert path.read_text() == HEADER + ROW


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 4096])
@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (b"a,b\n1,2\n", 2),
        (b"a,b\r\n1,2\r\n3,4", 3),
        (b"a\r1\r", 2),
        (b'a,b\n"1\n2",3\n', 2),
        (b'a\n"x\r\ny"\r\n"z"\n', 3),
        (b'a\n"say ""x\n"""\nb\n', 3),
        (b'a\r\n"\n"\r\n', 2),
    ],
)
def test_line_ends_outside_quotes_are_counted_however_the_file_is_cut(monkeypatch, tmp_path, text, rows, chunk):
    monkeypatch.setattr(record_count, "_CHUNK_BYTES", chunk)
    (tmp_path / "a.csv").write_bytes(text)
    assert record_count._count_ends(tmp_path / "a.csv", quoted=True) == rows


@pytest.mark.parametrize("chunk", [1, 2, 3, 4096])
@pytest.mark.parametrize(
    ("text", "blank"),
    [
        (b"a,b\n1,2\n", []),
        (b"a,b\n\n1,2\n", [2]),
        (b"a\r\n1\r\n\r\n2\r\n", [3]),
        (b"a\r\r1\r", [2]),
        (b'a\n"x\n\ny"\n', []),
    ],
)
def test_blank_rows_are_seen_however_the_file_is_cut(monkeypatch, tmp_path, text, blank, chunk):
    monkeypatch.setattr(text_file, "_CHUNK_BYTES", chunk)
    (tmp_path / "a.csv").write_bytes(text)
    assert text_file.find_blank_rows(tmp_path / "a.csv", ",") == blank


def test_a_header_is_read_without_the_rest_of_the_file(tmp_path):
    """Bytes that are no text lie behind the part that holds the header."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * (1 << 20) + b"\xff\xfe\xfd")
    assert read_columns(DataSettings(path=str(path))) == ["a", "b"]
