"""Faults of rows: each counted exactly, set aside or kept by the default policies, and read as what it says."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import Columns, DataSettings, Decimal, Policies, Policy
from churnclv.data.source import read_columns

HEADER = "customer_id,timestamp,amount\n"
ROW = "a,2020-01-01,1.50\n"
TWO_ROWS = "customer_id,timestamp,amount\na,2020-01-01,1.50\nb,2020-01-02 10:30,2\n"
TWO_EVENTS = [("a", "2020-01-01 00:00:00", "1.5000"), ("b", "2020-01-02 10:30:00", "2.0000")]


def log_of(cells, column):
    """Return a log with one row per cell, of customers c00, c01, ... on days of their own."""
    frame = pd.DataFrame({"customer_id": [f"c{row:02}" for row in range(len(cells))], column: cells})
    if "timestamp" not in frame:
        frame["timestamp"] = [f"{date(2020, 1, 1) + timedelta(days=row)}" for row in range(len(cells))]
    if "amount" not in frame:
        frame["amount"] = "1"
    return frame.to_csv(index=False, sep=";")


def by_cell(cells, column):
    """Return the parsed column by the cell that it came from."""
    return {cell: column[f"c{row:02}"] for row, cell in enumerate(cells) if f"c{row:02}" in column}


def test_malformed_rows_are_set_aside_and_later_rows_keep_their_number(read):
    reading = read(HEADER + ROW + "b,2020-01-02\nc,2020-01-03,2,3\nd\ne,2020-01-04,2\n,2020-01-05,1\nf,g,h,i\n,,1\n")
    assert reading.faults == {"malformed_row": (4, 4, 3), "missing_id": (2, 2, 7), "missing_date": (1, 0, 9)}
    assert reading.rows("customer_id") == [("a",), ("e",)]


def test_a_malformed_first_row_moves_all_rows(read):
    reading = read(HEADER + "b\n" + ROW + ",2020-01-02,1\n")
    assert reading.faults == {"malformed_row": (1, 1, 2), "missing_id": (1, 1, 4)}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blank_lines_are_no_rows_but_count_in_row_numbers(read, end):
    text = HEADER + ROW + "\n\nb,2020-01-02\n\n,2020-01-05,1\n\n\n"
    reading = read(text.replace("\n", end))
    assert reading.faults == {"malformed_row": (1, 1, 5), "missing_id": (1, 1, 7)}
    assert reading.quality.rows_read == 3


def test_a_cell_of_several_lines_is_part_of_one_row(read):
    reading = read(HEADER + '"a\n\nb",2020-01-01,1\n"c,d",2020-01-02,2\n"e ""f""",2020-01-03,3\nx\n\n,2020-01-04,1\n')
    assert reading.faults == {"malformed_row": (1, 1, 5), "missing_id": (1, 1, 7)}
    assert reading.column("amount") == {"a\n\nb": "1.0000", "c,d": "2.0000", 'e "f"': "3.0000"}


def test_row_numbers_stay_exact_over_many_malformed_and_blank_rows(read):
    kinds = ["good", "bad", "good", "blank", "quoted", "good", "bad", "bad", "good"]
    lines = {"good": "r{0},2020-01-01,{0}", "bad": "x,{0}", "blank": "", "quoted": '"r{0}\n,",2020-01-01,{0}'}
    text = "\n".join(lines[kinds[row % len(kinds)]].format(row + 2) for row in range(9000))
    reading = read(HEADER + text + "\n,2020-01-01,1\n")
    assert reading.faults == {"malformed_row": (3000, 3000, 3), "missing_id": (1, 1, 9002)}
    assert reading.quality.rows_kept == 5000


def test_a_connection_forgets_the_malformed_rows_of_the_file_before(write):
    connection = connect(EngineSettings())
    first = DataSettings(path=str(write(HEADER + ROW + "bad\n", "first.csv")), max_set_aside_share=0.5)
    second = DataSettings(path=str(write(HEADER + ROW, "second.csv")))
    assert read_events(connection, first).quality.rows_read == 2
    assert read_events(connection, second).quality.rows_read == 1


IDS = [
    "",
    " ",
    "\u00a0",
    "nan",
    "NaN ",
    "NULL",
    "None",
    "?",
    "n/a",
    "<NA>",
    "a",
    " b ",
    "\u00a0c",
    "007",
    "7",
    "0",
    "0x",
]


def test_ids_are_text_trimmed_and_missing_where_they_say_so(read):
    rows = "".join(f"{name};2020-01-01;1\n" for name in IDS)
    reading = read("customer_id;timestamp;amount\n" + rows)
    assert reading.faults == {"missing_id": (10, 10, 2), "padded_id": (2, 0, 13), "leading_zero_id": (1, 0, 15)}
    assert reading.rows("customer_id") == [("0",), ("007",), ("0x",), ("7",), ("a",), ("b",), ("c",)]


def test_which_ids_are_missing_can_be_chosen(read):
    reading = read(HEADER + "GUEST,2020-01-01,1\nnan,2020-01-01,1\n", missing_tokens=["guest"])
    assert reading.faults == {"missing_id": (1, 1, 2)}
    assert reading.rows("customer_id") == [("nan",)]


DATES = {
    "2020-01-01": "2020-01-01 00:00:00",
    "2020-1-5": "2020-01-05 00:00:00",
    " 2020-01-06 ": "2020-01-06 00:00:00",
    "2020-01-01 9:05": "2020-01-01 09:05:00",
    "2020-01-01T10:00:00": "2020-01-01 10:00:00",
    "2020-01-01 10:00:00.123456": "2020-01-01 10:00:00.123456",
    "2020-02-29": "2020-02-29 00:00:00",
    "2020-01-01T10:00:00Z": "2020-01-01 11:00:00",
    "2020-01-01 10:00:00 Z": "2020-01-01 11:00:00",
    "2020-07-01T10:00Z": "2020-07-01 12:00:00",
    "2020-01-01T10:00:00+02:00": "2020-01-01 09:00:00",
    "2020-01-01T10:00+02:00": "2020-01-01 09:00:00",
    "2020-01-01 10:00:00+0200": "2020-01-01 09:00:00",
    "2020-01-01 10:00 +02": "2020-01-01 09:00:00",
    "2020-01-01T23:30:00.5-05:30": "2020-01-02 06:00:00.500000",
    "1970-01-02": "1970-01-02 00:00:00",
    "": None,  # row 18
    "  ": None,
    "2021-02-29": None,  # row 20
    "2020-13-01": None,
    "2020-01-01 25:00": None,
    "0000-00-00": None,
    "tomorrow": None,
    "Jan 5, 2020": None,
    "1577836800": None,
    "NULL": None,
    "20200101": None,  # row 28
    "2020/01/05": None,
    "2999-01-01": None,  # row 30
    "1900-01-01": None,  # row 31
    "1970-01-01": None,
}


def test_each_way_to_write_a_date_is_read_exactly_or_counted(read):
    reading = read(log_of(list(DATES), "timestamp"), timezone="Europe/Rome")
    assert reading.faults == {
        "missing_date": (2, 2, 18),
        "unparseable_date": (8, 8, 20),
        "mixed_date_format": (2, 2, 28),
        "future_date": (1, 1, 30),
        "early_date": (2, 2, 31),
        "time_zone": (8, 0, 9),
    }
    assert by_cell(DATES, reading.column("timestamp")) == {cell: said for cell, said in DATES.items() if said}
    assert reading.quality.date_format == "iso"


@pytest.mark.parametrize(
    ("dates", "style", "faults"),
    [
        (
            {
                "13/04/2011": "2011-04-13",
                "3/4/2011": "2011-04-03",
                "04.05.2011": "2011-05-04",
                "1-2-2011": "2011-02-01",
            },
            "day_month",
            {},
        ),
        ({"04/13/2011": "2011-04-13", "3/4/2011": "2011-03-04"}, "month_day", {}),
        ({"20110413": "2011-04-13", "20111304": None}, "compact", {"unparseable_date": (1, 1, 3)}),
        ({"2011/04/13": "2011-04-13", "2011.4.3": "2011-04-03"}, "year_first", {}),
        (
            {"13/04/2011": "2011-04-13", "14/04/2011": "2011-04-14", "2011-04-15": None, "31/02/2011": None},
            "day_month",
            {"mixed_date_format": (1, 1, 4), "unparseable_date": (1, 1, 5)},
        ),
    ],
    ids=["day first", "month first", "without separators", "year first", "mixed"],
)
def test_a_file_writes_its_dates_in_one_way(read, dates, style, faults):
    reading = read(log_of(list(dates), "timestamp"))
    assert reading.quality.date_format == style
    assert reading.faults == faults
    assert by_cell(dates, reading.column("timestamp")) == {
        cell: f"{day} 00:00:00" for cell, day in dates.items() if day
    }


def test_times_of_the_day_follow_dates_of_each_order(read):
    cells = ["13/04/2011 10:30", "13.04.2011 10:30:05", "13-04-2011T10:30:05.25"]
    assert by_cell(cells, read(log_of(cells, "timestamp")).column("timestamp")) == {
        cells[0]: "2011-04-13 10:30:00",
        cells[1]: "2011-04-13 10:30:05",
        cells[2]: "2011-04-13 10:30:05.250000",
    }


def test_a_date_format_of_ones_own_is_the_only_one_read(read):
    cells = ["1.2.20 10:00", "2020-02-01", ""]
    reading = read(log_of(cells, "timestamp"), date_format="%d.%m.%y %H:%M")
    assert reading.faults == {"unparseable_date": (1, 1, 3), "missing_date": (1, 1, 4)}
    assert reading.column("timestamp") == {"c00": "2020-02-01 10:00:00"}
    assert reading.quality.date_format == "%d.%m.%y %H:%M"


def test_the_span_of_plausible_dates_has_both_its_ends(read):
    cells = ["2019-12-31 23:59:59", "2020-01-01", "2020-06-30", "2020-06-30 00:00:01"]
    reading = read(log_of(cells, "timestamp"), earliest="2020-01-01", latest="2020-06-30")
    assert reading.faults == {"early_date": (1, 1, 2), "future_date": (1, 1, 5)}


def test_a_date_is_in_the_future_a_day_after_now(read):
    now = datetime.now(UTC)
    reading = read(log_of([f"{now:%Y-%m-%d}", f"{now + timedelta(days=3):%Y-%m-%d}"], "timestamp"))
    assert reading.faults == {"future_date": (1, 1, 3)}


def test_the_hour_that_happens_twice_and_the_one_that_never_does_are_local_times(read):
    cells = ["2020-03-29T01:30:00Z", "2020-10-25T00:30:00Z", "2020-10-25T01:30:00Z"]
    reading = read(log_of(cells, "timestamp"), timezone="Europe/Rome")
    assert list(reading.column("timestamp").values()) == [
        "2020-03-29 03:30:00",
        "2020-10-25 02:30:00",
        "2020-10-25 02:30:00",
    ]


AMOUNTS = {
    "1": "1.0000",
    "1.5": "1.5000",
    "+2.5": "2.5000",
    "1,234.56": "1234.5600",
    "1,234,567": "1234567.0000",
    "12,34,567.5": "1234567.5000",
    "1 234.50": "1234.5000",
    "1\u00a0234.50": "1234.5000",
    "1'234.50": "1234.5000",
    "1e3": "1000.0000",
    "99999999999999.9999": "99999999999999.9999",
    "1.23456": "1.2346",
    "0": "0.0000",  # row 14
    "0.00001": "0.0000",
    "(12.00)": "-12.0000",  # row 16
    "12.00-": "-12.0000",
    "-3": "-3.0000",
    "": None,  # row 19
    " ": None,
    "nan": None,  # row 21
    "inf": None,
    "-inf": None,
    "+Infinity": None,
    "abc": None,  # row 25
    "NULL": None,
    "--5": None,
    "0x10": None,
    "1,2,3": None,
    "1,23.5": None,
    "1.2.3": None,
    "100000000000000": None,
}


def test_each_way_to_write_an_amount_is_read_exactly_or_counted(read):
    reading = read(log_of(list(AMOUNTS), "amount"))
    assert reading.faults == {
        "missing_amount": (2, 2, 19),
        "non_finite_amount": (4, 4, 21),
        "unparseable_amount": (8, 8, 25),
        "zero_amount": (2, 0, 14),
        "negative_amount": (3, 0, 16),
    }
    assert by_cell(AMOUNTS, reading.column("amount")) == {cell: said for cell, said in AMOUNTS.items() if said}
    kinds = by_cell(AMOUNTS, reading.column("kind"))
    assert {cell for cell, kind in kinds.items() if kind == "refund"} == {"(12.00)", "12.00-", "-3"}
    assert reading.quality.orders == 14
    assert reading.quality.decimal == "point"


COMMAS = {
    "1.234,56": "1234.5600",
    "12,5": "12.5000",
    "(1.234,56)": "-1234.5600",
    "-12.345.678,90": "-12345678.9000",
    ",50": "0.5000",
    "1,234": "1.2340",
    "1.234": "1234.0000",
    "1234": "1234.0000",
    "1.2.3,4": None,  # row 10
}


def test_decimal_commas_are_read_and_counted(read):
    reading = read(log_of(list(COMMAS), "amount"))
    assert reading.faults == {
        "decimal_comma": (6, 0, 2),
        "negative_amount": (2, 0, 4),
        "unparseable_amount": (1, 1, 10),
    }
    assert by_cell(COMMAS, reading.column("amount")) == {cell: said for cell, said in COMMAS.items() if said}
    assert reading.quality.decimal == "comma"


def test_one_row_that_decides_tells_how_the_others_are_read(read):
    assert read(log_of(["1,234", "2.50"], "amount")).column("amount") == {"c00": "1234.0000", "c01": "2.5000"}
    assert read(log_of(["1,234", "2,50"], "amount")).column("amount") == {"c00": "1.2340", "c01": "2.5000"}


def test_a_certain_decimal_comma_is_read_in_a_file_of_points(read):
    reading = read(log_of(["12,5", "12.5"], "amount"), decimal=Decimal.point)
    assert reading.faults == {"decimal_comma": (1, 0, 2)}
    assert reading.column("amount") == {"c00": "12.5000", "c01": "12.5000"}


def test_currencies_are_stripped_and_counted_and_the_rarer_one_set_aside(read):
    cells = ["€1", "2 EUR", "eur 3", "1.234,5 €", "$5", "£6", "7", "-€8"]
    reading = read(log_of(cells, "amount"))
    assert reading.faults == {
        "currency_symbol": (7, 0, 2),
        "mixed_currency": (2, 2, 6),
        "decimal_comma": (1, 0, 5),
        "negative_amount": (1, 0, 9),
    }
    assert by_cell(cells, reading.column("amount")) == {
        "€1": "1.0000",
        "2 EUR": "2.0000",
        "eur 3": "3.0000",
        "1.234,5 €": "1234.5000",
        "7": "7.0000",
        "-€8": "-8.0000",
    }


def test_the_amount_is_price_times_quantity_exactly(read):
    text = "customer_id,timestamp,price,n\na,2020-01-01,0.1,3\nb,2020-01-01,1049.99,-2\nc,2020-01-01,25000000,500\n"
    chosen = {"columns": Columns(amount=None, price="price", quantity="n")}
    reading = read(text + "d,2020-01-01,99999999999999,99999999999999\ne,2020-01-01,5,\n", **chosen)
    assert reading.faults == {"negative_amount": (1, 0, 3), "unparseable_amount": (2, 2, 5)}
    assert reading.rows("customer_id", "kind", "amount", "quantity") == [
        ("a", "order", "0.3000", "3.0000"),
        ("b", "refund", "-2099.9800", "-2.0000"),
        ("c", "order", "12500000000.0000", "500.0000"),
    ]


@pytest.mark.parametrize(
    ("word", "is_refund"), [("Chargeback", True), ("Storno", True), ("reso", True), ("view", False)]
)
def test_refunds_of_a_kind_without_a_meaning_are_named(read, word, is_refund):
    rows = f"customer_id,timestamp,amount,type\na,2020-01-01,5,sale\na,2020-01-02,-5,{word}\nb,2020-01-03,-5,{word}\n"
    reading = read(rows, columns=Columns(kind="type"), kinds={"sale": "order"})
    assert reading.faults["unknown_kind"][1] == 2
    notices = [notice for notice in reading.quality.notices if notice.code == "refunds_set_aside"]
    assert len(notices) == is_refund
    assert all(f"2 rows of the kinds {word}" in notice.message for notice in notices)
    meant = read(rows, columns=Columns(kind="type"), kinds={"sale": "order", word: "refund" if is_refund else "action"})
    assert [notice.code for notice in meant.quality.notices] == ["mostly_refunds"] * is_refund
    assert float(meant.events.refund_totals.spend) == (-5.0 if is_refund else 5.0)


def test_cancelled_orders_are_refunds_whatever_their_amount(read):
    rows = "a,2020-01-01,5,1\na,2020-01-02,5,C2\na,2020-01-03,0,C3\na,2020-01-04,-1,4\n"
    header = "customer_id,timestamp,amount,invoice\n"
    reading = read(header + rows, columns=Columns(order_id="invoice"), refund_order_pattern="^C")
    assert reading.faults == {"negative_amount": (3, 0, 3)}
    assert reading.rows("order_id", "kind", "amount") == [
        ("1", "order", "5.0000"),
        ("4", "refund", "-1.0000"),
        ("C2", "refund", "-5.0000"),
        ("C3", "refund", "0.0000"),
    ]
    assert reading.quality.orders == 1


def test_a_log_without_money_has_no_faults_of_money(read):
    reading = read("customer_id,timestamp\na,2020-01-01\n", columns=Columns(amount=None))
    assert reading.faults == {}
    assert reading.quality.decimal == "no amounts"
    assert not reading.events.has_amount


COPIES = HEADER + ROW + ROW + "a,2020-01-01,2\n" + ROW + "b,2020-01-01,1.50\nb,2020-01-02,1.50\n,,\n,,\n"


def test_an_exact_duplicate_is_set_aside_once_for_each_further_copy(read):
    reading = read(COPIES)
    assert reading.faults["exact_duplicate"] == (3, 2, 3)  # the third is set aside for its missing id
    assert reading.faults["same_day_order"] == (1, 0, 4)
    assert reading.quality.rows_kept == 4


def test_exact_duplicates_can_be_kept_as_orders(read):
    reading = read(COPIES, policy=Policies(exact_duplicate=Policy.keep))
    assert reading.faults["exact_duplicate"] == (3, 0, 3)
    assert reading.faults["same_day_order"][:2] == (3, 0)
    assert reading.quality.orders == 6


def test_rows_that_differ_in_any_column_are_no_duplicates(read):
    differ = "a,2020-01-01,1,x,7\na,2020-01-01,1,y,7\n"
    assert "exact_duplicate" not in read("customer_id,timestamp,amount,note,note\n" + differ).faults
    assert "exact_duplicate" not in read("customer_id,timestamp,amount,,\n" + differ).faults
    ignored = read("customer_id,timestamp,amount,sheet,n\n" + differ, ignore_columns=["sheet"])
    assert ignored.faults == {"exact_duplicate": (1, 1, 3)}


SAME_DAY = """customer_id,timestamp,amount,invoice
a,2020-01-01 09:00,1,1
a,2020-01-01 09:00,2,1
a,2020-01-01 17:00,3,2
a,2020-01-02,4,3
a,2020-01-01,-5,4
b,2020-01-01,6,5
"""


def test_a_further_order_of_a_day_is_counted_but_lines_of_one_order_are_one(read):
    reading = read(SAME_DAY, columns=Columns(order_id="invoice"))
    assert reading.faults == {"negative_amount": (1, 0, 6), "same_day_order": (1, 0, 4)}
    assert reading.quality.rows_kept == 6
    assert reading.quality.orders == 4


def test_only_the_first_order_of_a_day_stays_where_the_policy_says_so(read):
    policy = Policies(same_day_order=Policy.set_aside)
    reading = read(SAME_DAY, columns=Columns(order_id="invoice"), policy=policy)
    assert reading.faults["same_day_order"] == (1, 1, 4)
    assert reading.rows("order_id") == [("1",), ("1",), ("3",), ("4",), ("5",)]
    without_ids = read(SAME_DAY, policy=policy)
    assert without_ids.faults["same_day_order"][:2] == (2, 2)
    assert without_ids.quality.rows_kept == 4


@pytest.mark.parametrize(
    "content",
    [
        TWO_ROWS.encode("utf-8-sig"),
        TWO_ROWS.encode("utf-16"),
        b"\xfe\xff" + TWO_ROWS.encode("utf-16-be"),
        TWO_ROWS.encode("utf-16-le"),
        TWO_ROWS.encode("utf-16-be"),
        TWO_ROWS.replace("\n", "\r\n").encode(),
        TWO_ROWS.replace("\n", "\r").encode(),
        TWO_ROWS.strip().encode(),
        TWO_ROWS.replace(",", ";").encode(),
        TWO_ROWS.replace(",", "\t").encode(),
        TWO_ROWS.replace(",", "|").encode(),
        b'"customer_id", timestamp ,"amount"\n"a","2020-01-01","1.50"\n"b",2020-01-02 10:30,"2"\n',
        TWO_ROWS.replace("\n", ",\n").encode(),
    ],
    ids=[
        "UTF-8 with a mark",
        "UTF-16 LE with a mark",
        "UTF-16 BE with a mark",
        "UTF-16 LE",
        "UTF-16 BE",
        "CRLF",
        "CR",
        "no last end of line",
        "semicolon",
        "tab",
        "bar",
        "quoted",
        "a last column without name",
    ],
)
def test_each_way_to_write_a_text_file_says_the_same(write, read, content):
    path = write(content)
    reading = read(path)
    assert reading.faults == {}
    assert reading.rows("customer_id", "timestamp", "amount") == TWO_EVENTS
    assert read_columns(DataSettings(path=str(path)))[:3] == ["customer_id", "timestamp", "amount"]


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", "utf-8-sig"), ("utf-16-le", "utf-16")])
def test_a_mark_is_no_part_of_the_header_when_the_encoding_is_named(read, encoding, mark):
    assert read(TWO_ROWS.encode(mark), encoding=encoding).rows("customer_id") == [("a",), ("b",)]


def test_a_separator_of_ones_own_is_used(read):
    reading = read(TWO_ROWS.replace(",", "^"), separator="^")
    assert reading.rows("customer_id", "timestamp", "amount") == TWO_EVENTS


def test_a_header_may_span_lines_inside_its_quotes(read):
    reading = read('"customer\nid",timestamp,amount\n' + ROW + ",2020-01-01,1\n", columns=Columns("customer\nid"))
    assert reading.faults == {"missing_id": (1, 1, 3)}
    assert reading.rows("customer_id") == [("a",)]


def test_runs_of_blanks_separate_columns_and_rows_keep_their_number(read):
    text = (
        "customer_id  timestamp\tamount\n a 2020-01-01   1.50 \n\n  \nb 2020-01-02\n\t c 2020-01-03 x\nd 2020-01-04 4\n"
    )
    reading = read(text)
    assert reading.faults == {"malformed_row": (1, 1, 5), "unparseable_amount": (1, 1, 6)}
    assert reading.column("amount") == {"a": "1.5000", "d": "4.0000"}


TYPED = pd.DataFrame(
    {
        "customer_id": [13085.0, np.nan, 7.0, 8.0, 9.0],
        "timestamp": pd.to_datetime(
            ["2020-01-01 10:00", "2020-01-02", None, "2020-01-04", "2020-01-05"], format="mixed"
        ),
        "amount": [1.5, 2.0, 3.0, np.inf, np.nan],
        "quantity": [1, 2, 3, 4, 5],
    }
)


@pytest.mark.parametrize("source", ["parquet", "frame"])
def test_typed_columns_become_text_ids_local_times_and_exact_amounts(write, read, source):
    path = write(TYPED, "orders.parquet")
    reading = read(path, frame=TYPED if source == "frame" else None, columns=Columns(quantity="quantity"))
    assert reading.faults["missing_id"] == (1, 1, 2)  # neither has a header: its first row is row 1
    assert reading.faults["missing_date"] == (1, 1, 3)
    assert sum(rows for name, (rows, _, _) in reading.faults.items() if name.endswith("_amount")) == 2
    assert reading.rows("customer_id", "timestamp", "amount", "quantity") == [
        ("13085", "2020-01-01 10:00:00", "1.5000", "1.0000")
    ]
    assert reading.quality.origin == (str(path) if source == "parquet" else "the events given")


def test_nan_in_parquet_is_no_number_and_null_is_missing(write, read):
    from pyarrow import parquet, table

    path = write(TYPED, "orders.parquet")
    columns = {"customer_id": ["a", "b", "c", "d"], "timestamp": ["2020-01-01"] * 4}
    parquet.write_table(table(columns | {"amount": [1.0, None, float("nan"), float("inf")]}), path)
    assert read(path).faults == {"missing_amount": (1, 1, 2), "non_finite_amount": (2, 2, 3)}


@pytest.mark.parametrize("source", ["parquet", "frame"])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_instants_with_a_zone_become_local_times(write, read, source, zone):
    frame = TYPED.head(1).assign(timestamp=pd.to_datetime(["2020-01-01 10:00"]).tz_localize(zone))
    path = write(frame, "orders.parquet")
    reading = read(path, frame=frame if source == "frame" else None, timezone="Europe/Rome")
    assert reading.faults == {"time_zone": (1, 0, 1)}
    hour = {"UTC": 11, "America/New_York": 16}[zone]
    assert reading.column("timestamp") == {"13085": f"2020-01-01 {hour}:00:00"}


def test_whole_numbers_days_and_categories_are_read_from_parquet(write, read):
    frame = pd.DataFrame(
        {
            "customer_id": [1, 2**53 + 1],
            "timestamp": [date(2020, 1, 1), date(2020, 1, 2)],
            "amount": pd.Categorical(["1.5", "2"]),
        }
    )
    reading = read(write(frame, "orders.parquet"))
    assert reading.faults == {}
    assert reading.column("amount") == {"1": "1.5000", "9007199254740993": "2.0000"}


def test_csv_parquet_and_frame_of_one_log_have_one_fingerprint(write, read):
    frame = pd.DataFrame({"customer_id": ["a", "b"], "timestamp": ["2020-01-01", "2020-01-02"], "amount": ["1", "2"]})
    csv = read(frame.to_csv(index=False))
    parquet = read(write(frame, "orders.parquet"))
    given = read("unused", frame=frame)
    assert csv.quality.fingerprint == parquet.quality.fingerprint == given.quality.fingerprint
    assert csv.quality.input_fingerprint == parquet.quality.input_fingerprint == given.quality.input_fingerprint
    other = read(frame.assign(amount=["1", "3"]).to_csv(index=False))
    assert other.quality.fingerprint != csv.quality.fingerprint
