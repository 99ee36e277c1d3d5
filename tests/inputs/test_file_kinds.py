"""Files of other kinds: what can be read gives the rows of the same CSV, anything else is named by what it is."""

import contextlib
import gzip
import io
import json
import sqlite3
import zipfile
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from openpyxl import Workbook

from churnclv.data import file_kinds
from churnclv.data.settings import Columns, DataSettings, Decimal, Format, Policies, Policy
from churnclv.data.source import read_columns
from churnclv.errors import InputError

HEADER = ["customer_id", "timestamp", "amount"]
ROWS = [
    ("1001", "2020-01-01 10:00:00", "1.50"),
    ("1002", "2020-01-02 00:00:00", "1234.5678"),
    ("", "2020-01-03 00:00:00", "3"),
    ("Zoë, Ltd", "2020-01-04 00:00:00", "2"),
]
CSV = "\n".join(",".join(f'"{cell}"' for cell in row) for row in [HEADER, *ROWS]) + "\n"
EXPECTED = [
    ("1001", "2020-01-01 10:00:00", "1.5000"),
    ("1002", "2020-01-02 00:00:00", "1234.5678"),
    ("Zoë, Ltd", "2020-01-04 00:00:00", "2.0000"),
]


def packed(files, **flags):
    """Return a zip archive of files by name."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text, **flags)
    return content.getvalue()


def workbook(sheets):
    """Return an Excel workbook of sheets by name, each a list of rows."""
    book, content = Workbook(), io.BytesIO()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(content)
    return content.getvalue()


TYPED = [
    [1001, datetime(2020, 1, 1, 10), 1.5],
    [1002.0, datetime(2020, 1, 2), 1234.5678],
    [None, datetime(2020, 1, 3), 3],
    ["Zoë, Ltd", "2020-01-04", "2"],
]
LINES = "\n".join(json.dumps(dict(zip(HEADER, row, strict=True)), ensure_ascii=False) for row in ROWS)
NUMBERS = (
    '{"timestamp": "2020-01-01 10:00:00", "customer_id": 1001, "amount": 1.50, "tags": ["a", {"b": 1}]}\n'
    '{"customer_id": 1002, "timestamp": "2020-01-02", "amount": 1234.5678, "new": true}\n'
    '{"customer_id": null, "timestamp": "2020-01-03", "amount": 3}\n'
    '{"customer_id": "Zo\\u00eb, Ltd", "timestamp": "2020-01-04", "amount": 2}\n'
)
READABLE = {
    "a workbook of texts": ("orders.xlsx", workbook({"Orders": [HEADER, *ROWS]}), 4),
    "a workbook of dates and numbers": ("orders.xlsx", workbook({"Orders": [HEADER, *TYPED]}), 4),
    "a workbook called csv": ("orders.csv", workbook({"Orders": [HEADER, *TYPED]}), 4),
    "a workbook with blank rows at its end": (
        "orders.xlsx",
        workbook({"Orders": [HEADER, *TYPED, [None] * 3, ["", None, ""]]}),
        4,
    ),
    "the sheet that has the columns": (
        "orders.xlsx",
        workbook({"Notes": [["read me"]], "Orders": [HEADER, *TYPED], "Empty": []}),
        4,
    ),
    "JSON lines": ("orders.jsonl", LINES, 3),
    "JSON lines of numbers, in another order": ("orders.json", NUMBERS, 3),
    "JSON lines with a byte order mark": ("orders.json", b"\xef\xbb\xbf" + LINES.encode(), 3),
    "JSON lines in gzip": ("orders.jsonl.gz", gzip.compress(LINES.encode()), 3),
    "a gzipped CSV": ("orders.csv.gz", gzip.compress(CSV.encode()), 4),
    "a zipped CSV": ("orders.zip", packed({"orders.csv": CSV}), 4),
    "a zipped CSV in UTF-16": ("orders.zip", packed({"orders.csv": CSV.encode("utf-16")}), 4),
    "a zipped CSV in a folder": ("orders.zip", packed({"data/": "", "data/Orders 2020.CSV": CSV}), 4),
    "a zipped CSV beside what a Mac adds": (
        "orders.zip",
        packed({"__MACOSX/._orders.csv": "x", "orders.csv": CSV, ".DS_Store": "x"}),
        4,
    ),
    "a zipped CSV beside a page to read": ("orders.zip", packed({"README.txt": "hello", "orders.csv": CSV}), 4),
    "zipped JSON lines": ("orders.zip", packed({"orders.jsonl": LINES}), 3),
    "a zipped file of any name": ("orders.zip", packed({"export": CSV}), 4),
}


@pytest.mark.parametrize(("name", "content", "first_row"), READABLE.values(), ids=READABLE)
def test_what_can_be_read_gives_the_rows_of_the_csv(write, read, name, content, first_row):
    path = write(content, name)
    before = path.read_bytes()
    reading = read(path)
    assert reading.rows("customer_id", "timestamp", "amount") == EXPECTED
    assert reading.faults["missing_id"] == (1, 1, first_row)  # the row's number in the file itself
    assert sorted(read_columns(DataSettings(path=str(path))))[-3:] in (sorted(HEADER), ["new", "tags", "timestamp"])
    assert path.read_bytes() == before


def test_blank_rows_inside_are_counted_in_the_numbers_of_rows(read):
    rows = [HEADER, TYPED[0], [None], [None], ["", datetime(2020, 1, 3), 3]]
    assert read(workbook({"Orders": rows}), name="a.xlsx").faults["missing_id"] == (1, 1, 5)
    lines = LINES.splitlines()
    assert read("\n".join([lines[0], "", "", lines[2]]), name="a.jsonl").faults["missing_id"] == (1, 1, 4)


def test_numbers_of_a_workbook_are_read_as_numbers_whatever_the_decimal_sign_of_its_texts(read):
    rows = [
        HEADER,
        [1.0, datetime(2020, 1, 1), 1.234],
        [2, datetime(2020, 1, 2), "5,50"],
        [3, datetime(2020, 1, 3), 1e-3],
    ]
    reading = read(workbook({"Orders": rows}), name="a.xlsx", decimal=Decimal.comma)
    assert reading.column("amount") == {"1": "1.2340", "2": "5.5000", "3": "0.0010"}


def test_a_row_wider_than_a_workbooks_header_is_malformed(read):
    rows = [HEADER, TYPED[0], [*TYPED[1], None, "a remark"]]
    assert read(workbook({"Orders": rows}), name="a.xlsx").faults["malformed_row"] == (1, 1, 3)


def test_a_sheet_is_chosen_by_name(read):
    book = workbook({"2009": [HEADER, TYPED[0]], "2010": [HEADER, TYPED[1]]})
    assert list(read(book, name="a.xlsx", sheet="2010").column("amount")) == ["1002"]


def test_a_mapped_name_may_have_anything_in_it_in_every_kind(read):
    columns = Columns("Kunde [Nr]", "Date, local", "Umsatz € (netto)")
    names = list(vars(columns).values())[:3]
    record = json.dumps(dict(zip(names, ROWS[0], strict=True)))
    for name, content in {"a.xlsx": workbook({"x": [names, TYPED[0]]}), "a.jsonl": record}.items():
        assert read(content, name=name, columns=columns).column("amount") == {"1001": "1.5000"}


def database(tmp_path):
    path = tmp_path / "orders.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE orders (customer_id, timestamp, amount)")
    connection.close()
    return path.read_bytes()


def parquet():
    content = io.BytesIO()
    pd.DataFrame({"customer_id": ["a"], "timestamp": ["2020-01-01"], "amount": [1]}).to_parquet(content)
    return content.getvalue()


def feather():
    content = io.BytesIO()
    pd.DataFrame({"a": ["a"]}).to_feather(content)
    return content.getvalue()


ENCRYPTED = bytearray(packed({"orders.csv": CSV}))
ENCRYPTED[6] |= 1
ENCRYPTED[ENCRYPTED.index(b"PK\x01\x02") + 8] |= 1
REFUSED = {
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "is an old Excel workbook (.xls)"),
    "an OpenDocument spreadsheet": (
        packed({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<a/>"}),
        "is an OpenDocument spreadsheet (.ods)",
    ),
    "a binary workbook": (packed({"xl/workbook.bin": "x"}), "is a binary Excel workbook (.xlsb)"),
    "a document": (packed({"word/document.xml": "<a/>"}), "is a Word document"),
    "an SQLite database": (database, "is an SQLite database"),
    "a Feather file": (feather(), "is a Feather (Arrow) file"),
    "a PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "is a PDF document"),
    "HTML called xls": (b"<html><table><tr><td>customer_id</td></tr></table></html>", "is an HTML page"),
    "HTML behind a mark": (b"\xef\xbb\xbf\n <!DOCTYPE html>\n<html></html>", "is an HTML page"),
    "an XML spreadsheet": (b'<?xml version="1.0"?>\n<Workbook/>', "is an XML document"),
    "a pickle": (b"\x80\x04\x95\x00\x00\x00\x00", "is a Python pickle"),
    "bzip2": (b"BZh91AY&SY\0\0", "is a packed file of another kind than gzip"),
    "xz": (b"\xfd7zXZ\0\0", "is a packed file of another kind than gzip"),
    "Zstandard": (b"\x28\xb5\x2f\xfd\0\0", "is a packed file of another kind than gzip"),
    "7-Zip": (b"7z\xbc\xaf\x27\x1c", "is a packed file of another kind than gzip"),
    "a workbook in gzip": (gzip.compress(workbook({"a": [HEADER]})), "is a zip archive inside another file"),
    "a workbook in a zip": (packed({"a.xlsx": workbook({"a": [HEADER]})}), "is a zip archive inside another file"),
    "gzip in gzip": (gzip.compress(gzip.compress(CSV.encode())), "is a gzip file inside another file"),
    "Parquet in a zip": (packed({"a.parquet": parquet()}), "is a Parquet file"),
    "several CSV files": (packed({"a.csv": CSV, "b.csv": CSV}), "is a zip archive of several files: 'a.csv', 'b.csv'."),
    "an empty archive": (packed({}), None),
    "an archive of folders": (packed({"a/": ""}), "is a zip archive without a file in it"),
    "an archive of an empty file": (packed({"a.csv": ""}), "is a zip archive without a file in it"),
    "an archive with a password": (bytes(ENCRYPTED), "is a zip archive with a password"),
    "half an archive": (packed({"orders.csv": CSV * 50})[:120], "is a zip archive that cannot be read"),
    "half a workbook": (workbook({"a": [HEADER]})[:2000], "is a zip archive that cannot be read"),
    "a workbook without a sheet's cells": (
        packed({"xl/workbook.xml": "<a/>", "[Content_Types].xml": "<a/>"}),
        "is not a readable Excel workbook",
    ),
    "half a gzip file": (gzip.compress(CSV.encode())[:-9], "is a damaged gzip file"),
    "a JSON list": (
        '[{"customer_id": "a"},\n{"customer_id": "b"}]',
        "row 1: is not a JSON object on one line",
    ),
    "a JSON list in one line": ('[{"customer_id": "a"}]', "row 1: is JSON, but not an object with a key per column"),
    "a JSON document over lines": ('{\n  "customer_id": "a"\n}', "row 1: is not a JSON object on one line"),
    "JSON lines that break": (LINES + "\n{", "row 5: is not a JSON object on one line"),
    "JSON lines with a number": (LINES + "\n17", "row 5: is JSON, but not an object with a key per column"),
    "JSON without keys": ("{}\n{}\n", "holds JSON objects without a key"),
    "JSON too deep": ('{"a":' + "[" * 100_000, "row 1: is not a JSON object on one line"),
    "JSON lines of other columns": ('{"customer": 1}', "row 1: no column 'customer_id'"),
    "two sheets with the columns": (
        workbook({"2009": [HEADER], "2010": [HEADER]}),
        "the sheets '2009', '2010' all have the columns amount, customer_id, timestamp.\n  -> name the one meant: ",
    ),
    "no sheet with the columns": (
        workbook({"a": [["x"]], "b": [["y"]]}),
        "no sheet of 'a', 'b' has the columns amount, customer_id, timestamp in its first row.",
    ),
    "one sheet without the columns": (workbook({"a": [["x", "y"]]}), "row 1: no column 'customer_id'"),
    "a sheet without a cell": (workbook({"a": []}), "row 1 is blank"),
    "a sheet with a title": (workbook({"a": [["Orders"], [], HEADER, TYPED[0]]}), "row 1: no column 'customer_id'"),
    "a header alone": (workbook({"a": [HEADER]}), "has a header but no rows"),
}


@pytest.mark.parametrize(("content", "expected"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_named_with_what_to_do(write, refuse, tmp_path, content, expected):
    path = write(content(tmp_path) if callable(content) else content, "orders.csv")
    before = path.read_bytes()
    message = refuse(path)
    assert message.startswith(f"{path}: {expected or ''}")
    assert message.splitlines()[-1].startswith("  -> ")
    assert path.read_bytes() == before


def test_parquet_that_is_set_to_be_csv_is_named(write, refuse):
    assert ": is a Parquet file" in refuse(write(parquet()), format=Format.csv)


def test_a_sheet_that_is_not_there_is_named_with_those_that_are(write, refuse):
    path = write(workbook({"a": [HEADER], "b": [HEADER]}))
    assert refuse(path, sheet="c") == (
        f"{path}: has no sheet 'c' (data.sheet); its sheets are 'a', 'b'.\n  -> name one of them: data.sheet=..."
    )


@pytest.mark.parametrize("name", ["a.gz", "a.zip", "a.xlsx"])
def test_a_file_that_unpacks_to_far_more_than_it_takes_is_refused(write, refuse, monkeypatch, name):
    monkeypatch.setattr(file_kinds, "UNPACKED_BYTES", 1 << 20)
    bomb = CSV + "\n" * (30 << 20)
    content = {
        "a.gz": lambda: gzip.compress(bomb.encode()),
        "a.zip": lambda: packed({"a.csv": bomb}),
        "a.xlsx": lambda: packed({"xl/workbook.xml": bomb}),
    }[name]()
    assert "200 times its size" in refuse(write(content, name))


@pytest.mark.parametrize("kind", ["a.xlsx", "a.zip", "a.csv.gz", "a.jsonl"])
def test_a_damaged_file_is_read_or_refused_and_never_fails_otherwise(read, kind):
    content = {
        "a.xlsx": workbook({"Orders": [HEADER, *TYPED]}),
        "a.zip": packed({"orders.csv": CSV}),
        "a.csv.gz": gzip.compress(CSV.encode(), mtime=0),
        "a.jsonl": LINES.encode(),
    }[kind]
    random = np.random.default_rng(0)
    lenient = Policies(**dict.fromkeys(("exact_duplicate", "zero_amount"), Policy.keep))

    for _ in range(12):
        damaged = bytearray(content)
        for place in random.integers(4, len(content), 3):
            damaged[place] ^= int(random.integers(1, 256))
        with contextlib.suppress(InputError):
            read(bytes(damaged[: int(random.integers(len(content) // 2, len(content) + 1))]), name=kind, policy=lenient)
