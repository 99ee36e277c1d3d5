"""Data files that nobody should write, of contracts and of further tables: a right result, or one `InputError`."""

from dataclasses import replace

import pytest

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import Columns, CustomerKind, DataSettings, TableSettings
from churnclv.errors import InputError

CONTRACTS = DataSettings(
    shape=CustomerKind.contractual,
    columns=Columns(timestamp="start", end="end", amount=None, price="price", contract_id="contract"),
    observed_until="2024-06-01",
    max_set_aside_share=1.0,
)
HEADER = "customer_id,start,end,price,contract\n"
GOOD = "ann,2024-01-01,2024-02-01,10,k1\nbob,2024-01-05,,12.5,k2\n"
REFUSED = "refused"

# content -> (contracts kept, ended of them), or that it is refused
CONTRACT_FILES = {
    "good": (HEADER + GOOD, (2, 1)),
    "windows line ends": ((HEADER + GOOD).replace("\n", "\r\n"), (2, 1)),
    "old Mac line ends": ((HEADER + GOOD).replace("\n", "\r"), (2, 1)),
    "no last line end": ((HEADER + GOOD).rstrip(), (2, 1)),
    "semicolons": ((HEADER + GOOD).replace(",", ";"), (2, 1)),
    "tabs": ((HEADER + GOOD).replace(",", "\t"), (2, 1)),
    "UTF-16": ((HEADER + GOOD).encode("utf-16"), (2, 1)),
    "a mark": ((HEADER + GOOD).encode("utf-8-sig"), (2, 1)),
    "zero bytes": ((HEADER + GOOD.replace("ann", "a\0nn")).encode(), (2, 1)),
    "empty": ("", REFUSED),
    "a header alone": (HEADER, REFUSED),
    "no header": (GOOD, REFUSED),
    "two ends": (HEADER.replace("contract", "end") + GOOD, REFUSED),
    "a header in capitals": (HEADER.upper() + GOOD, REFUSED),
    "a header with blanks around": (HEADER.replace(",", " , ") + GOOD, (2, 1)),
    "one column": ("customer_id\nann\n", REFUSED),
    "no end has happened": (HEADER + GOOD.replace("2024-02-01", ""), (2, 0)),
    "all ends are planned": (HEADER + GOOD.replace("2024-02-01", "2031-02-01"), (2, 0)),
    "an end at the last moment": (HEADER + GOOD.replace("2024-02-01", "2024-06-01"), (2, 0)),
    "an end just before it": (HEADER + GOOD.replace("2024-02-01", "2024-05-31 23:59:59"), (2, 1)),
    "an end at the start": (HEADER + GOOD.replace("2024-02-01", "2024-01-01"), (2, 1)),
    "an end before the start": (HEADER + GOOD.replace("2024-02-01", "2023-01-01"), (1, 0)),
    "an end on 30 February": (HEADER + GOOD.replace("2024-02-01", "2024-02-30"), (1, 0)),
    "an end in another style": (HEADER + GOOD * 3 + "cat,2024-01-01,05/13/2024,1,k9\n", None),
    "starts in the future": (HEADER + GOOD.replace("2024-01-0", "2034-01-0"), REFUSED),
    "one start in the future": (HEADER + GOOD + "cat,2034-01-01,,1,k9\n", (2, 1)),
    "starts in the year 1": (HEADER + GOOD.replace("2024-01-01", "0001-01-01"), (1, 0)),
    "a start of 1900": (HEADER + GOOD.replace("2024-01-01", "1900-01-01"), (1, 0)),
    "no start": (HEADER + GOOD.replace("2024-01-01", ""), (1, 0)),
    "ids with quotes": (HEADER + GOOD.replace("ann", '"a ""n"" n"'), (2, 1)),
    "ids over lines": (HEADER + GOOD.replace("ann", '"a\nnn"'), (2, 1)),
    "ids that look like SQL": (HEADER + GOOD.replace("ann", "'; DROP TABLE x; --"), (2, 1)),
    "ids of blanks": (HEADER + GOOD.replace("ann", "   "), (1, 0)),
    "ids NULL": (HEADER + GOOD.replace("ann", "NULL"), (1, 0)),
    "an id of a megabyte": (HEADER + GOOD.replace("ann", "x" * 1_000_000), (2, 1)),
    "ids in other scripts": (HEADER + GOOD.replace("ann", "安娜 \u202e\N{MONEY BAG}"), (2, 1)),
    "prices with signs": (HEADER + GOOD.replace("10,k1", "€10,k1"), (2, 1)),
    "prices of infinity": (HEADER + GOOD.replace("10,k1", "inf,k1"), (1, 0)),
    "prices beyond all numbers": (HEADER + GOOD.replace("10,k1", "1e300,k1"), (1, 0)),
    "prices below zero": (HEADER + GOOD.replace("10,k1", "-10,k1"), (1, 0)),
    "prices blank": (HEADER + GOOD.replace("10,k1", ",k1"), (2, 1)),
    "prices that may be thousands": (HEADER + GOOD.replace("10,k1", '"1,234",k1').replace("12.5", '"5,678"'), REFUSED),
    "a row too short": (HEADER + GOOD + "cat,2024-01-01\n", (2, 1)),
    "a row too long": (HEADER + GOOD + "cat,2024-01-01,,1,k9,more,more\n", (2, 1)),
    "an open quote": (HEADER + GOOD + '"cat,2024-01-01,,1,k9\n', REFUSED),
    "blank lines": (HEADER + "\n" + GOOD.replace("\n", "\n\n"), (2, 1)),
    "the header again": (HEADER + GOOD + HEADER, (2, 1)),
    "each row twice": (HEADER + GOOD + GOOD, (2, 1)),
    "one contract inside another": (HEADER + GOOD + "ann,2024-01-10,2024-01-20,10,k3\n", (2, 1)),
    "a renewal on the day": (HEADER + GOOD + "ann,2024-02-01,,10,k3\n", (3, 1)),
    "a renewal while open": (HEADER + GOOD + "bob,2024-03-01,,10,k3\n", (2, 1)),
    "dates that may be months": (HEADER + "ann,01/02/2024,03/04/2024,1,k1\n", REFUSED),
    "dates both ways": (HEADER + "ann,13/02/2024,,1,k1\nbob,02/13/2024,,1,k2\n", REFUSED),
    "not UTF-8": ((HEADER + GOOD.replace("ann", "José")).encode("cp1252"), REFUSED),
    "thousands of columns": (
        HEADER.strip() + "".join(f",c{place}" for place in range(3000)) + "\n" + GOOD.replace("\n", "," * 3000 + "\n"),
        (2, 1),
    ),
}


@pytest.mark.parametrize(("content", "expected"), CONTRACT_FILES.values(), ids=CONTRACT_FILES)
def test_a_file_of_contracts_is_read_right_or_refused(write, content, expected):
    path = write(content)
    before = path.read_bytes()
    try:
        quality = read_events(connect(EngineSettings(threads=1)), replace(CONTRACTS, path=str(path))).quality
    except InputError as error:
        assert expected in (REFUSED, None), error  # noqa: PT017 # or a right result
    else:
        assert expected is None or (quality.contracts, quality.ended) == expected
        assert quality.rows_read == quality.rows_kept + sum(count.set_aside for count in quality.faults)
    assert path.read_bytes() == before


ORDERS = "customer_id,timestamp,amount\n" + "".join(f"{n},2024-01-0{1 + n % 9},1{n}\n" for n in range(10, 40))
PEOPLE = TableSettings(attributes={"land": "land"})
VISITS = TableSettings(columns={"customer_id": "customer_id", "timestamp": "time"}, kind="action")
ATTRIBUTES = "customer_id,land\n" + "".join(f"{n},IT\n" for n in range(10, 40))
DATED = "customer_id,time\n" + "".join(f"{n},2024-01-0{1 + n % 9} 10:00\n" for n in range(10, 40))

# table, content, customers of the table that the main one has, or that it is refused
TABLES = {
    "attributes": (PEOPLE, ATTRIBUTES, 30),
    "visits": (VISITS, DATED, 30),
    "empty": (PEOPLE, "", REFUSED),
    "a header alone": (PEOPLE, "customer_id,land\n", REFUSED),
    "the main table itself": (VISITS, ORDERS, REFUSED),
    "another column": (PEOPLE, ATTRIBUTES.replace("land", "country"), REFUSED),
    "a customer twice, alike": (PEOPLE, ATTRIBUTES + "10,IT\n", 30),
    "a customer twice, unlike": (PEOPLE, ATTRIBUTES + "10,DE\n", REFUSED),
    "a customer twice, once blank": (PEOPLE, ATTRIBUTES + "10,\n", 30),
    "no attribute has a value": (PEOPLE, ATTRIBUTES.replace("IT", ""), 30),
    "ids as floats": (PEOPLE, ATTRIBUTES.replace(",IT", ".0,IT"), 30),
    "ids with zeros before": (PEOPLE, ATTRIBUTES.replace("\n", "\n00").removesuffix("00"), REFUSED),
    "ids with a prefix": (PEOPLE, ATTRIBUTES.replace("\n", "\nC").removesuffix("C"), REFUSED),
    "ids with blanks around": (PEOPLE, ATTRIBUTES.replace("\n", "\n ").removesuffix(" "), 30),
    "ids all missing": (PEOPLE, "customer_id,land\n,IT\n,DE\n", REFUSED),
    "ids of others": (PEOPLE, "customer_id,land\n" + "".join(f"{n},IT\n" for n in range(500, 530)), REFUSED),
    "one id of others": (PEOPLE, "customer_id,land\nx,IT\n", 0),
    "JSON lines": (PEOPLE, "".join(f'{{"land": "IT", "customer_id": {n}}}\n' for n in range(10, 40)), 30),
    "values over lines": (PEOPLE, ATTRIBUTES.replace("IT", '"I\nT"'), 30),
    "semicolons": (VISITS, DATED.replace(",", ";"), 30),
    "no date can be read": (VISITS, DATED.replace("2024", "soon"), REFUSED),
    "dates that may be months": (VISITS, "customer_id,time\n10,03/04/2024\n", REFUSED),
    "an open quote": (PEOPLE, ATTRIBUTES + '"50,IT\n', REFUSED),
    "not UTF-8": (PEOPLE, ATTRIBUTES.replace("IT", "Perú").encode("cp1252"), REFUSED),
    "an Excel file's first bytes": (PEOPLE, b"PK\x03\x04" + b"\0" * 100, REFUSED),
    "a page": (PEOPLE, "<!DOCTYPE html><html></html>", REFUSED),
}


@pytest.mark.parametrize(("table", "content", "expected"), TABLES.values(), ids=TABLES)
def test_a_further_table_is_read_right_or_refused(write, table, content, expected):
    main, path = write(ORDERS), write(content, "more.csv")
    before = path.read_bytes()
    settings = DataSettings(path=str(main), tables={"more": replace(table, path=str(path))})
    try:
        events = read_events(connect(EngineSettings(threads=1)), settings)
    except InputError as error:
        assert expected == REFUSED, error  # noqa: PT017 # or a right result
    else:
        assert events.quality.tables["more"].known_customers == expected
        assert int((events.table.kind == "order").sum().execute()) == 30
    assert path.read_bytes() == before
