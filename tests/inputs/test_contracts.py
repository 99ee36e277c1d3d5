"""Faults of contracts and of more tables: each counted, set aside or kept, and told with its remedy."""

import re
from dataclasses import replace

import ibis
import pandas as pd
import pytest

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.further_tables import read_tables
from churnclv.data.settings import Columns, CustomerKind, DataSettings, Policies, Policy, TableSettings
from churnclv.errors import InputError

MAPPED = Columns(timestamp="start", end="end", amount=None, price="price", contract_id="contract")
CONTRACTS = DataSettings(shape=CustomerKind.contractual, columns=MAPPED, max_set_aside_share=1.0)
FAULTY = """customer_id,start,end,price,contract
ann,2024-01-01,2024-02-01,10,k1
ann,2024-01-01,2024-02-01,10,k1
bob,2024-01-01,2023-12-31,10,k1
bob,2024-01-05,soon,10,k2
bob,2024-01-06,05/02/2024,10,k3
cat,2024-05-01,2024-06-01,10,k1
cat,2024-01-01,2024-06-01,,k2
dan,2024-01-01,2024-02-01,-10,k1
dan,2024-01-02,2024-01-31,ten,k2
dan,2024-01-03,2024-01-31
,2024-01-03,2024-01-31,10,k3
eve,soon,2024-01-31,10,k3
eve,2024-01-01,2024-02-10,10,k1
eve,2024-01-20,,10,k2
eve,2024-02-15,2024-02-20,10,k3
eve,2024-02-10,2024-02-11,10,k4
fay,2024-01-01,2024-01-31,0,k1
fay,2024-01-31 10:00,2024-01-31 11:00,€5,k2
"""
FOUND = {
    "malformed_row": (1, 1, 11),
    "missing_id": (1, 1, 12),
    "unparseable_date": (1, 1, 13),
    "unparseable_end": (1, 1, 5),
    "mixed_end_format": (1, 1, 6),
    "end_before_start": (1, 1, 4),
    "after_observation": (1, 1, 7),
    "end_after_observation": (1, 0, 8),
    "unparseable_amount": (1, 1, 10),
    "negative_price": (1, 1, 9),
    "missing_price": (1, 0, 8),
    "exact_duplicate": (1, 1, 3),
    "currency_symbol": (1, 0, 19),
    "overlapping_contract": (3, 3, 15),  # k2 overlaps k1, and k3 and k4 overlap k2, which is open
}


def read(path, settings=CONTRACTS, **chosen):
    return read_events(connect(EngineSettings(threads=1)), replace(settings, path=str(path), **chosen))


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    """The faulty table, read with the default policies as of 1 May 2024, and the rows that were set aside."""
    folder = tmp_path_factory.mktemp("faulty")
    path = folder / "contracts.csv"
    path.write_text(FAULTY, encoding="utf-8")
    events = read(path, day_first=True, observed_until="2024-05-01", set_aside_path=str(folder / "aside.csv"))
    return events, pd.read_csv(folder / "aside.csv", dtype=str)


def test_every_row_is_accounted_for(faulty):
    events, _ = faulty
    found = {count.fault: (count.rows, count.set_aside, count.first_row) for count in events.quality.faults}
    assert {name: counts for name, counts in found.items() if counts[0]} == FOUND
    assert events.quality.rows_read == 18
    assert events.quality.rows_kept == 18 - sum(aside for _, aside, _ in FOUND.values()) == events.quality.contracts
    assert events.quality.ended == 4  # ann's, eve's first, and both of fay; cat's is planned
    assert events.quality.lines()[0].endswith(
        "5 contracts, 4 of them ended, 2024-01-01 00:00:00 to 2024-02-10 00:00:00"
    )


def test_the_rows_set_aside_are_written_with_the_files_own_words(faulty):
    _, aside = faulty
    told = dict(zip(aside["row"].astype(int), aside["set_aside_for"], strict=True))
    assert told[5] == "unparseable_end"
    assert [row for row, why in told.items() if why == "overlapping_contract"] == [15, 16, 17]
    assert aside.set_index("row").loc["5", ["end", "contract_id"]].tolist() == ["soon", "k2"]


def test_a_start_on_the_day_of_an_end_is_no_overlap(faulty):
    events, _ = faulty
    frame = events.table.order_by("customer_id", "timestamp", ibis.desc("kind")).execute()
    assert frame[frame["customer_id"] == "fay"]["kind"].tolist() == [
        "contract_start", "contract_end", "plan_change", "contract_start", "contract_end",
    ]  # fmt: skip


def test_contracts_side_by_side_can_be_kept(write):
    text = "customer_id,start,end\nann,2024-01-01,2024-02-10\nann,2024-01-20,\nann,2024-02-01,2024-02-05\n"
    policy = Policies(overlapping_contract=Policy.keep)
    events = read(write(text), columns=replace(MAPPED, price=None, contract_id=None), policy=policy)
    found = {count.fault: (count.rows, count.set_aside) for count in events.quality.faults if count.rows}
    assert found == {"overlapping_contract": (2, 0)}
    assert (events.quality.contracts, events.quality.ended) == (3, 2)


def test_what_fails_is_named_with_file_row_column_rule_and_remedy(write):
    names = ("end_before_start", "unparseable_end", "overlapping_contract", "negative_price", "end_after_observation")
    path, policy = write(FAULTY), Policies(**dict.fromkeys(names, Policy.fail))
    with pytest.raises(InputError) as error:
        read(path, day_first=True, observed_until="2024-05-01", policy=policy)
    assert str(error.value).splitlines() == [
        (
            f"{path}: row 5, column 'end': has an end that cannot be read, here 'soon' (unparseable_end: 1 rows). "
            "list the text for open: data.open_tokens=[NULL,open]."
        ),
        (
            f"{path}: row 4, column 'end': ends before it starts (end_before_start: 1 rows). a filler for open "
            "contracts? list it: data.open_tokens=[1900-01-01]."
        ),
        (
            f"{path}: row 8, column 'end': ends at or after data.observed_until (end_after_observation: 1 rows). "
            "kept as a contract that is open: a planned end has not happened."
        ),
        (
            f"{path}: row 9, column 'price': has a negative price (negative_price: 1 rows). a credit is no price per "
            "month."
        ),
        (
            f"{path}: row 15, column 'start': starts before the day on which an earlier contract of its customer ends "
            "(overlapping_contract: 3 rows). keep contracts side by side with data.policy.overlapping_contract=keep."
        ),
    ]


def test_contracts_that_begin_after_the_observation_are_no_fault_of_the_file(write):
    rows = "".join(f"c{n},2024-0{1 + n % 2}-01,\n" for n in range(8)) + "d,2024-01-01,2023-01-01\n"
    columns, text = replace(MAPPED, price=None, contract_id=None), "customer_id,start,end\n" + rows
    events = read(write(text), columns=columns, observed_until="2024-02-01", max_set_aside_share=0.12)
    assert (events.quality.rows_kept, events.quality.rows_set_aside) == (4, 5)  # one of nine is a fault: .111
    with pytest.raises(InputError, match=r"1 of 9 rows would be set aside.*\n.*end_before_start"):
        read(write(text), columns=columns, observed_until="2024-02-01", max_set_aside_share=0.11)


def test_days_and_months_are_told_apart_by_both_columns(write):
    text = "customer_id,start,end\nann,01.02.2024,20.02.2024\nbob,03.02.2024,no\n"
    columns = replace(MAPPED, price=None, contract_id=None)
    events = read(write(text), columns=columns)
    frame = events.table.order_by("customer_id", "timestamp").execute()
    assert [f"{moment:%Y-%m-%d}" for moment in frame["timestamp"]] == ["2024-02-01", "2024-02-20", "2024-02-03"]
    with pytest.raises(InputError, match=r"column 'start': days and months cannot be distinguished\.\n  -> set"):
        read(write(text.replace("20.02", "05.02")), columns=columns)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"columns": replace(MAPPED, end=None)}, r"data\.columns\.end is null, but contracts need one"),
        ({"columns": replace(MAPPED, amount="paid")}, r"data\.columns\.amount=paid: contracts have none\.\n  -> data"),
        (
            {"policy": Policies(end_before_start=Policy.keep)},
            r"end_before_start=keep: a contract that ends before it starts was never open\.\n  -> set_aside or fail",
        ),
        (
            {"shape": CustomerKind.noncontractual, "columns": Columns(plan="tariff")},
            r"data\.columns\.plan is for a table of contracts\.\n  -> data=subscriptions, or data\.shape=contractual",
        ),
        (
            {"static": {"land": "a"}, "tables": {"more": TableSettings(attributes={"land": "b"})}},
            r"more than one attribute is named land",
        ),
        ({"tables": {"More": TableSettings(attributes={"land": "b"})}}, r"data\.tables holds the name 'More'"),
        ({"tables": {"more": TableSettings(attributes={"la nd": "b"})}}, r"more\.attributes holds the name 'la nd'"),
        ({"tables": {"more": TableSettings()}}, r"data\.tables\.more has neither a timestamp nor attributes alone"),
        (
            {"tables": {"more": TableSettings(columns={"timestamp": "when"})}},
            r"data\.tables\.more\.columns lacks customer_id\.\n  -> name the column",
        ),
        (
            {"tables": {"more": TableSettings(columns={"customer_id": "a", "end": "b"}, attributes={"c": "d"})}},
            r"data\.tables\.more\.columns names the roles \['end'\]\.\n  -> allowed are customer_id, timestamp",
        ),
        (
            {
                "tables": {
                    "more": TableSettings(
                        columns={"customer_id": "a", "timestamp": "b"}, kind="send", kinds={"x": "open"}
                    )
                }
            },
            r"data\.tables\.more has kind=send and columns\.kind, kinds or other_kind",
        ),
        (
            {"tables": {"more": TableSettings(attributes={"c": "d"}, policy={"zero": Policy.keep})}},
            r"data\.tables\.more\.policy names the faults \['zero'\]",
        ),
    ],
)
def test_what_needs_no_file_is_checked_first(chosen, message):
    with pytest.raises(InputError, match=message):
        replace(CONTRACTS, **chosen)


# --- more tables ---

ORDERS = "customer_id,timestamp,amount\nann,2024-01-01,1\nbob,2024-01-02,2\n"
TOWNS = TableSettings(attributes={"town": "town"})
VISITS = TableSettings(columns={"customer_id": "customer_id", "timestamp": "when"}, kind="action")


def read_more(connection, **tables):
    """Read tables beside a main one of which only the customers matter."""
    main = connection.create_table("main", pd.DataFrame({"customer_id": ["ann", "bob"]}), temp=True, overwrite=True)
    return read_tables(connection, DataSettings(path="orders.csv", tables=tables), main, {})


def test_an_attribute_with_two_values_is_an_error_that_names_its_row(connection, write):
    path = write("customer_id,town\nann,Rome\nbob,Oslo\nann,\nann,Bonn\n", "towns.csv")
    with pytest.raises(InputError) as error:
        read_more(connection, towns=replace(TOWNS, path=str(path)))
    assert str(error.value) == (
        f"{path}: row 5, column 'town': customer 'ann' has 'Bonn', but 'Rome' in row 2; an attribute does not change.\n"
        "  -> keep one row per customer, or date the changes: data.tables.towns.columns.timestamp=..."
    )


@pytest.mark.parametrize(
    ("content", "table", "message"),
    [
        (None, TOWNS, "data.tables.more.path is not set.\n  -> data.tables.more.path=table.csv"),
        (None, replace(TOWNS, path="none.csv"), "none.csv: no such file.\n  -> check data.tables.more.path"),
        ("customer_id,city\na,b\n", TOWNS, "no column 'town' (data.tables.more.attributes.town)"),
        ("customer_id,day\na,b\n", VISITS, "no column 'when' (data.tables.more.columns.timestamp)"),
        (
            "customer_id,when\na,01/02/2024\n",
            VISITS,
            "set data.tables.more.day_first=true or data.tables.more.day_first=false",
        ),
        ("customer_id,town\ncafé,b\n".encode("latin1"), TOWNS, "for example data.tables.more.encoding=cp1252"),
        ("customer_id,town\n,b\na,b\n", TOWNS, "change data.tables.more.policy.<fault>"),
        (
            "customer_id,when\na,2024-01-01\n",
            replace(VISITS, kind="visit"),
            "data.tables.more: unknown kinds ['visit']",
        ),
    ],
    ids=["no path", "no file", "no attribute", "no date", "ambiguous", "encoding", "too many", "kind"],
)
def test_a_fault_of_a_table_names_the_tables_own_setting(connection, write, content, table, message):
    if content is not None:
        table = replace(table, path=str(write(content, "more.csv")))
    with pytest.raises(InputError, match=re.escape(message)):
        read_more(connection, more=table)


def test_rows_of_a_table_that_are_set_aside_have_a_file_of_their_own(write, tmp_path):
    path = write("customer_id,when\nann,2024-01-01\nann,soon\n", "visits.csv")
    tables = {"visits": replace(VISITS, path=str(path))}
    aside = tmp_path / "aside.csv"
    settings = DataSettings(path=str(write(ORDERS)), tables=tables, max_set_aside_share=0.5, set_aside_path=str(aside))
    read_events(connect(EngineSettings(threads=1)), settings)
    assert len(pd.read_csv(aside)) == 0
    assert pd.read_csv(tmp_path / "aside.visits.csv")["set_aside_for"].tolist() == ["unparseable_date"]


@pytest.mark.parametrize(
    "blank",
    [
        *("", "NULL", "null", "None", "NaT", "nan", "N/A", "#N/A", r"\N", "<NA>", "No", "open", "-", " null "),
        *("0000-00-00", "0000-00-00 00:00:00", "00/00/0000", "9999-12-31", "9999-12-31 23:59:59", "31.12.9999"),
    ],
)
def test_what_programs_write_for_no_date_is_an_open_end(write, blank):
    text = f"customer_id,start,end\nann,2024-01-01,2024-02-01\nbob,2024-01-05,{blank}\n"
    events = read(write(text), columns=replace(MAPPED, price=None, contract_id=None))
    assert (events.quality.contracts, events.quality.ended, events.quality.rows_set_aside) == (2, 1, 0)
    assert {count.fault for count in events.quality.faults if count.rows} == set()


@pytest.mark.parametrize("end", ["2024-13-45", "soon", "0", "1"])
def test_an_end_that_is_neither_a_date_nor_open_is_not_read(write, end):
    text = f"customer_id,start,end\nann,2024-01-01,2024-02-01\nbob,2024-01-05,{end}\n"
    events = read(write(text), columns=replace(MAPPED, price=None, contract_id=None))
    assert {count.fault for count in events.quality.faults if count.rows} == {"unparseable_end"}
