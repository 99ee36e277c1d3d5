"""Policies: keep, set aside, fail; the rows set aside as a file; and that hostile text is only text."""

import random

import pandas as pd
import pytest

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import Columns, DataSettings, Policies, Policy
from churnclv.data.source import read_file
from churnclv.errors import InputError

HEADER = "customer_id,timestamp,amount\n"
FAULTY = """customer_id,timestamp,amount
a,2020-01-01,1.50
a,2020-01-01,1.50
b,2020-01-02
,2020-01-03,2
 07 ,2020-01-04,0
,2020-01-05,2
c,soon,3
d,2020-01-06,
e,2020-01-07,"2,5"
f,2020-01-07,-1
"""


def test_every_fault_whose_policy_is_fail_is_named_at_once(write, refuse):
    failing = ("malformed_row", "missing_id", "exact_duplicate", "zero_amount", "decimal_comma", "early_date")
    path = write(FAULTY)
    assert refuse(path, policy=Policies(**dict.fromkeys(failing, Policy.fail))).splitlines() == [
        (
            f"{path}: row 4: has more or fewer cells than the header (malformed_row: 1 rows). "
            "quote cells that hold the separator."
        ),
        (
            f"{path}: row 5, column 'customer_id': names no customer (missing_id: 2 rows). "
            "rows of guests cannot be followed over time."
        ),
        (
            f"{path}: row 3: equals an earlier row in every column (exact_duplicate: 1 rows). "
            "keep them with data.policy.exact_duplicate=keep."
        ),
        f"{path}: row 6, column 'amount': has an amount of zero (zero_amount: 1 rows). kept as an order of no value.",
        f"{path}: row 10, column 'amount': has a decimal comma (decimal_comma: 1 rows). kept as a number.",
    ]


def test_more_rows_set_aside_than_allowed_names_every_fault(write, refuse):
    path = write(FAULTY)
    assert refuse(path, max_set_aside_share=0.5).splitlines() == [
        f"{path}: 6 of 10 rows would be set aside, more than data.max_set_aside_share = 0.5:",
        (
            f"{path}: row 4: has more or fewer cells than the header (malformed_row: 1 rows). "
            "quote cells that hold the separator."
        ),
        (
            f"{path}: row 5, column 'customer_id': names no customer (missing_id: 2 rows). "
            "rows of guests cannot be followed over time."
        ),
        (
            f"{path}: row 8, column 'timestamp': has a date that cannot be read, here 'soon' "
            "(unparseable_date: 1 rows). set data.date_format, e.g. '%d.%m.%y %H:%M'."
        ),
        (
            f"{path}: row 9, column 'amount': has no amount (missing_amount: 1 rows). "
            "fill it, map data.columns.order_id where one line of an order has its amount, or set "
            "data.columns.amount=null for a log without money."
        ),
        (
            f"{path}: row 3: equals an earlier row in every column (exact_duplicate: 1 rows). "
            "keep them with data.policy.exact_duplicate=keep."
        ),
        "  -> mend the file, change data.policy.<fault>, or allow more with data.max_set_aside_share.",
    ]


def test_the_share_allowed_is_still_allowed(read):
    reading = read(FAULTY, max_set_aside_share=0.6)
    assert (reading.quality.rows_read, reading.quality.rows_kept) == (10, 4)
    assert reading.faults == {
        "malformed_row": (1, 1, 4),
        "missing_id": (2, 2, 5),
        "unparseable_date": (1, 1, 8),
        "missing_amount": (1, 1, 9),
        "exact_duplicate": (1, 1, 3),
        "zero_amount": (1, 0, 6),
        "negative_amount": (1, 0, 11),
        "padded_id": (1, 0, 6),
        "leading_zero_id": (1, 0, 6),
        "decimal_comma": (1, 0, 10),
    }


KEPT_BY_DEFAULT = {
    "padded_id": " a ,2020-01-01,1",
    "leading_zero_id": "07,2020-01-01,1",
    "time_zone": "b,2020-01-01T10:00:00Z,1",
    "currency_symbol": "c,2020-01-01,€1",
    "decimal_comma": 'd,2020-01-01,"1,5"',
    "zero_amount": "e,2020-01-01,0",
    "negative_amount": "f,2020-01-01,-1",
}


def test_faults_that_are_kept_by_default_can_be_set_aside(read):
    log = "\n".join([HEADER + "z,2020-01-02,1", *KEPT_BY_DEFAULT.values()])
    reading = read(log, policy=Policies(**dict.fromkeys(KEPT_BY_DEFAULT, Policy.set_aside)))
    assert reading.faults == {fault: (1, 1, row) for row, fault in enumerate(KEPT_BY_DEFAULT, start=3)}
    assert reading.rows("customer_id") == [("z",)]


SET_ASIDE_BY_DEFAULT = {
    "future_date": ("b,2999-01-01,1", "2999-01-01 00:00:00"),
    "early_date": ("c,1900-01-01,1", "1900-01-01 00:00:00"),
    "mixed_date_format": ("d,20200101,1", "2020-01-01 00:00:00"),
    "exact_duplicate": ("z,2020-01-01,1", "2020-01-01 00:00:00"),
}


def test_faults_that_are_set_aside_by_default_can_be_kept(read):
    log = "\n".join([HEADER + "z,2020-01-01,1", *(row for row, _ in SET_ASIDE_BY_DEFAULT.values())])
    asked = read(log, policy=Policies(**dict.fromkeys(SET_ASIDE_BY_DEFAULT, Policy.keep)))
    usual = read(log)
    for row, fault in enumerate(SET_ASIDE_BY_DEFAULT, start=3):
        assert asked.faults[fault] == (1, 0, row)
        assert usual.faults[fault] == (1, 1, row)
    moments = [("2020-01-01 00:00:00",)]
    assert usual.rows("timestamp") == moments
    assert asked.rows("timestamp") == sorted(moments + [(moment,) for _, moment in SET_ASIDE_BY_DEFAULT.values()])


def test_rows_set_aside_are_written_with_number_cells_and_fault(tmp_path, read):
    target = tmp_path / "new folder" / "aside.csv"
    read(FAULTY, set_aside_path=str(target))
    written = pd.read_csv(target, dtype=str, keep_default_na=False)
    assert list(written.columns) == ["row", "customer_id", "timestamp", "amount", "set_aside_for"]
    assert sorted(written.to_numpy().tolist(), key=lambda cells: int(cells[0])) == [
        ["3", "a", "2020-01-01", "1.50", "exact_duplicate"],
        ["4", "", "", "", "malformed_row: Expected Number of Columns: 3 Found: 2"],
        ["5", "", "2020-01-03", "2", "missing_id"],
        ["7", "", "2020-01-05", "2", "missing_id"],
        ["8", "c", "soon", "3", "unparseable_date"],
        ["9", "d", "2020-01-06", "", "missing_amount"],
    ]


def test_rows_set_aside_are_written_although_there_are_too_many(tmp_path, refuse):
    target = tmp_path / "aside.csv"
    refuse(FAULTY, set_aside_path=str(target), max_set_aside_share=0.05)
    assert len(pd.read_csv(target)) == 6


@pytest.mark.parametrize("policy", [Policies(), Policies(same_day_order=Policy.set_aside)], ids=["keep", "set aside"])
def test_the_order_of_the_rows_changes_nothing(read, policy):
    order = random.Random(1)  # noqa: S311 # a shuffle, no secret
    rows = [
        f"c{order.randrange(5)},2020-01-0{order.randrange(1, 5)},{order.choice(['1', '2.50', '-3', '0'])},{number % 9}"
        for number in range(60)
    ]
    rows += [*rows[:7], ",2020-01-01,1,1", "short,row", "c1,soon,1,1"]
    header = "customer_id,timestamp,amount,invoice"
    chosen = {"columns": Columns(order_id="invoice"), "policy": policy}
    straight = read("\n".join([header, *rows]), **chosen)
    order.shuffle(rows)
    shuffled = read("\n".join([header, *rows]), **chosen)
    names = ("customer_id", "timestamp", "kind", "amount", "order_id")
    assert shuffled.quality.fingerprint == straight.quality.fingerprint
    assert shuffled.quality.input_fingerprint == straight.quality.input_fingerprint
    assert shuffled.rows(*names) == straight.rows(*names)
    counted = {fault: (rows, aside) for fault, (rows, aside, _) in straight.faults.items()}
    assert {fault: (rows, aside) for fault, (rows, aside, _) in shuffled.faults.items()} == counted
    assert counted["exact_duplicate"][0] >= 7


HOSTILE = [
    "'; DROP TABLE raw_log; --",
    '"); DROP TABLE events; --',
    "<script>alert(1)</script>",
    '=HYPERLINK("file:///etc/passwd","x")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "${oc.env:HOME}",
    "{path} %s %(x)s \\n \\0 \\",
    "two\nlines",
    "李雷 🛒 Ünïcödé \u202etxt",
    "x" * 100_000,
    "a\x1fb\x1ec",
    "--5' OR '1'='1",
]


def test_hostile_cells_are_only_text(tmp_path, read):
    frame = pd.DataFrame({"customer_id": HOSTILE, "timestamp": "2020-01-01", "amount": "1", "invoice": HOSTILE})
    frame.loc[len(frame)] = ["z", *HOSTILE[:2], HOSTILE[3]]
    target = tmp_path / "aside.csv"
    chosen = {"columns": Columns(order_id="invoice"), "set_aside_path": str(target)}
    reading = read(frame.to_csv(index=False), **chosen)
    assert reading.faults == {"unparseable_date": (1, 1, 14), "unparseable_amount": (1, 0, 14)}
    assert reading.rows("customer_id", "order_id") == sorted((text, text) for text in HOSTILE)
    written = pd.read_csv(target, dtype=str).iloc[0].to_dict()
    assert written == {
        "row": "14",
        "customer_id": "z",
        "timestamp": HOSTILE[0],
        "amount": HOSTILE[1],
        "order_id": HOSTILE[3],
        "set_aside_for": "unparseable_date",
    }


NAMES = [
    'Robert"); DROP TABLE x;--',
    'it\'s, = a "name"',
    "=1+1",
    "<b>",
    "c0",
    "row",
    "content",
    "naïve 🛒",
    "x" * 3000,
]


@pytest.mark.parametrize(("kind", "first"), [("csv", 0), ("csv", 3), ("csv", 6), ("parquet", 0), ("frame", 0)])
def test_hostile_column_names_are_only_names(write, read, refuse, kind, first):
    customer, moment, amount = NAMES[first : first + 3]
    frame = pd.DataFrame({amount: ["2"], "rest": ["r"], customer: ["a"], moment: ["2020-01-01"]})
    path = write(frame.to_csv(index=False)) if kind == "csv" else write(frame, "orders.parquet")
    given = frame if kind == "frame" else None
    columns = Columns(customer_id=customer, timestamp=moment, amount=amount)
    reading = read(path, frame=given, columns=columns)
    assert reading.rows("customer_id", "timestamp", "amount") == [("a", "2020-01-01 00:00:00", "2.0000")]
    message = refuse(path, frame=given, columns=Columns(customer, moment, amount="'; --"))
    assert 'row 1: no column "\'; --" (data.columns.amount).' in message


PATHS = [
    "it's a $(touch x), =b;c.csv",
    '-- "quoted" `id`.csv',
    "orders [1] *?.csv",
    "orders*.parquet",
    "orders[12].parquet",
    "it's; DROP TABLE x.parquet",
    "customer_id=5/orders.parquet",
    "naïve 🛒.parquet",
]


@pytest.mark.parametrize("name", PATHS)
def test_hostile_file_names_are_only_names(write, name):
    frame = pd.DataFrame({"customer_id": ["a"], "timestamp": ["2020-01-01"], "amount": ["2"]})
    neighbour = frame.assign(customer_id="neighbour")
    for other in ("orders1.parquet", "orders2.parquet", "orders 1 ab.csv"):
        write(neighbour if other.endswith("parquet") else neighbour.to_csv(index=False), other)
    path = write(frame if name.endswith("parquet") else frame.to_csv(index=False), name)
    log = read_file(connect(EngineSettings()), DataSettings(path=str(path)))
    assert log.table.customer_id.execute().tolist() == ["a"]
    assert log.origin == str(path)


def test_a_malformed_row_cannot_be_kept():
    with pytest.raises(InputError, match="no columns to keep"):
        DataSettings(policy=Policies(malformed_row=Policy.keep))


def test_an_ambiguous_date_among_others_is_set_aside_alone(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("customer_id,timestamp,amount\n" + "A,2011-01-05,1\n" * 1 + "B,2011-01-06,2\nC,03/04/2011,3\n")
    settings = DataSettings(path=str(path), max_set_aside_share=0.5)
    report = read_events(connect(EngineSettings()), settings).quality
    assert {count.fault: count.set_aside for count in report.faults if count.set_aside} == {"mixed_date_format": 1}


def test_orders_are_counted_by_customer_and_order_id(tmp_path):
    path = tmp_path / "log.csv"
    # customer A: order 7 on two lines, one line without an id; customer B: an order 7 of their own
    rows = "A,7,2011-01-05,1\nA,7,2011-01-05,2\nA,,2011-01-06,3\nB,7,2011-01-05,4\n"
    path.write_text("customer_id,order,timestamp,amount\n" + rows)
    settings = DataSettings(path=str(path), columns=Columns(order_id="order"))
    assert read_events(connect(EngineSettings()), settings).quality.orders == 3
