"""Audience files: each format by a parser of its documented header, hashes, formulas, and the folder's guard."""

import csv
import hashlib
import re
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from churnclv.bundle.scorer import SCORE_COLUMNS
from churnclv.errors import InputError
from churnclv.outputs import guard
from churnclv.report.audience_files import audience_output, write_audiences
from churnclv.report.audience_formats import FORMATS
from churnclv.report.contact_details import DETAILS, defused, normalise_email, normalise_phone, read_details

SHA256 = re.compile(r"[0-9a-f]{64}|")
E164 = re.compile(r"\+[1-9]\d{7,14}|")
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+|")
IDS = ("anna@example.com", "C2", "C3", "C4", "=1+1", "C6")
CONTACTS = pd.DataFrame({
    "customer_id": ["C2", "C3", "C4", "=1+1"],
    "E-mail": [" Bob.Smith@Example.COM ", None, "not an address", "eve@example.org"],
    "Phone number": ["+39 333 123 4567", "0049 (30) 901820", "0333 1234567", None],
    "First name": ["Bob", '=HYPERLINK("http://evil")', "Łukasz", "@SUM(A1)"],
    "Last name": ["O'Neil", "+cmd|' /C calc'!A0", "Żak", "-2+3"],
    "country": ["IT", "DE", None, "FR"],
    "zip": ["20121", "10117", None, "=1"],
})  # fmt: skip


def scores() -> pd.DataFrame:
    table = pd.DataFrame({"customer_id": IDS}).reindex(columns=list(SCORE_COLUMNS))
    table["segment"] = ["At Risk", "At Risk", "Champions", "Champions", "At Risk", None]
    table["action"] = ["contact", "leave", "contact", "contact", "contact", None]
    table["churn_score"], table["clv"] = 0.512345678, [10.456, -3.0, 5.0, np.nan, 7.0, 1.0]
    table["risk_band"], table["expected_next_order"] = "medium", "2024-05-01"
    table["reason_1"] = "=cmd|x"
    return table


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("audiences") / "lists"
    details = read_details(CONTACTS, scores()["customer_id"], "39")
    totals = write_audiences(scores(), details, audience_output(str(path)))
    assert str(totals) == "4 audiences, 6 customers, 5 with an address or a phone"
    return path


def parse(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines, strict=True)
        rows = list(reader)
    assert all(None not in row and None not in row.values() for row in rows)
    return list(reader.fieldnames or []), rows


def everything(folder: Path, name: str) -> tuple[list[str], list[dict[str, str]]]:
    parsed = [parse(path) for path in sorted(folder.glob(f"*/{name}"))]
    assert len({tuple(header) for header, _ in parsed}) == 1
    return parsed[0][0], [row for _, rows in parsed for row in rows]


def test_there_is_a_folder_per_segment_and_action(folder):
    assert {path.name for path in folder.iterdir() if path.is_dir()} == {
        "at_risk-contact", "at_risk-leave", "champions-contact", "no_segment-no_score",
    }  # fmt: skip
    for one in FORMATS.values():
        assert len(list(folder.glob(f"*/{one.file}"))) == 4


def test_each_treatment_of_an_experiment_has_a_folder_of_its_own(tmp_path):
    details = {**dict.fromkeys(DETAILS, ""), "email": "a@b.example"}
    contacts = pd.DataFrame({"customer_id": list("abcd")}).assign(**details)
    rows = pd.DataFrame({"customer_id": list("abcd"), "segment": None, "action": ["contact"] * 3 + ["no_contact"]})
    rows["best_arm"] = ["mail", "名前", "電話", None]
    write_audiences(rows, contacts, audience_output(str(tmp_path / "lists")))
    places = {path.parent.name: pd.read_csv(path) for path in (tmp_path / "lists").glob("*/customers.csv")}
    assert sorted(places) == [
        "no_segment-contact-mail", "no_segment-contact-other", "no_segment-contact-other_2", "no_segment-no_contact",
    ]  # fmt: skip
    assert sorted(name for table in places.values() for name in table["best_arm"].dropna()) == ["mail", "名前", "電話"]
    table = pd.read_csv(tmp_path / "lists" / "no_segment-contact-mail" / "klaviyo.csv")
    assert table["Treatment"].tolist() == ["mail"]


def test_klaviyo_takes_the_file(folder):
    """The first column is Email; a profile has an address or a number in E.164; properties follow."""
    header, rows = everything(folder, "klaviyo.csv")
    assert header[:4] == ["Email", "Phone Number", "First Name", "Last Name"]
    assert {"Segment", "Churn Score", "CLV", "Expected Next Order"} <= set(header)
    assert len(rows) == 5
    for row in rows:
        assert row["Email"] or row["Phone Number"]
        assert ADDRESS.fullmatch(row["Email"])
        assert E164.fullmatch(row["Phone Number"])
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", row["Expected Next Order"])


def test_hubspot_takes_the_file(folder):
    """Contacts are matched by Email, so that every row has one; every column has a name."""
    header, rows = everything(folder, "hubspot.csv")
    assert header[:4] == ["Email", "First Name", "Last Name", "Phone Number"]
    assert all(header)
    assert sorted(row["Email"] for row in rows) == ["anna@example.com", "bob.smith@example.com", "eve@example.org"]


def test_meta_takes_the_file(folder):
    header, rows = everything(folder, "meta.csv")
    assert header == ["email", "phone", "fn", "ln", "zip", "country", "value"]
    for row in rows:
        assert all(SHA256.fullmatch(row[name]) for name in header[:-1])
        assert row["email"] or row["phone"]
        assert float(row["value"]) >= 0
    bob = hashlib.sha256(b"bob.smith@example.com").hexdigest()
    phone = hashlib.sha256(b"393331234567").hexdigest()  # digits alone
    assert (bob, phone) in {(row["email"], row["phone"]) for row in rows}
    assert {float(row["value"]) for row in rows} == {10.46, 0.0, 5.0, 7.0}


def test_google_takes_the_file(folder):
    header, rows = everything(folder, "google.csv")
    assert header == ["Email", "Phone", "First Name", "Last Name", "Country", "Zip"]
    for row in rows:
        assert all(SHA256.fullmatch(row[name]) for name in header[:4])
    assert hashlib.sha256(b"+393331234567").hexdigest() in {row["Phone"] for row in rows}  # with the plus
    assert {"IT", "DE", "FR", ""} == {row["Country"] for row in rows}


def test_hashed_files_hold_no_address_and_no_number(folder):
    raw = ["@", "example", "333", "901820", "bob", "smith", "Łukasz", "eve"]
    hashed = [one.file for one in FORMATS.values() if one.is_hashed]
    assert hashed == ["meta.csv", "google.csv"]
    for name in hashed:
        for path in folder.glob(f"*/{name}"):
            fields = [
                cell for row in parse(path)[1] for cell in row.values() if not re.fullmatch(r"[0-9a-f]{64}", cell)
            ]
            assert not [cell for cell in fields for text in raw if text.lower() in cell.lower()]


def test_no_cell_of_any_file_is_a_formula(folder):
    """Apart from phone numbers, which begin with a plus and are numbers."""
    for path in folder.glob("*/*.csv"):
        for row in parse(path)[1]:
            for cell in row.values():
                assert not re.match(r"\s*[=@|\t]", cell), (path, cell)
                assert not cell.startswith(("+", "-")) or re.fullmatch(r"\+\d+|-?\d+(\.\d+)?", cell), (path, cell)
    book = openpyxl.load_workbook(folder / "audiences.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert '\'=HYPERLINK("http://evil")' in {cell.value for cell in cells}


def test_the_workbook_has_a_sheet_per_segment_with_all_customers(folder):
    book = openpyxl.load_workbook(folder / "audiences.xlsx")
    assert book.sheetnames == ["At Risk", "Champions", "no segment"]
    assert sum(sheet.max_row - 1 for sheet in book) == len(IDS)


def test_the_folder_is_replaced_only_if_nothing_else_is_in_it(folder, tmp_path):
    output = audience_output(str(folder))
    guard([output], {})
    details = read_details(None, scores()["customer_id"], None)
    write_audiences(scores(), details, output)
    (folder / "at_risk-contact" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="holds files that are not audience files"):
        guard([output], {})
    (folder / "at_risk-contact" / "notes.txt").unlink()
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("mine")
    with pytest.raises(InputError, match="holds files that are not audience files"):
        guard([audience_output(str(tmp_path / "thesis"))], {})


@pytest.mark.parametrize(
    ("written", "normal"),
    [(" Anna @Example.COM", "anna@example.com"), ("no", ""), ("=a@b.it", ""), ("+x@b.it", ""), ("a@b", "")],
)
def test_addresses(written, normal):
    assert normalise_email(written) == normal


@pytest.mark.parametrize(
    ("written", "code", "normal"),
    [
        ("+39 06 1234567", None, "+39061234567"), ("0039 333 1234567", None, "+393331234567"),
        ("0333-1234567", None, ""), ("030 901820", "49", "+4930901820"), ("06 1234567", "39", "+39061234567"),
        ("123", "39", ""), ("no", "39", ""),
    ],
)  # fmt: skip
def test_phone_numbers(written, code, normal):
    assert normalise_phone(written, code) == normal


@pytest.mark.parametrize("cell", ["=1", "+1x", "-1", "@a", "\t=1", " =1", "|x", "\r=1"])
def test_formulas_are_defused(cell):
    assert defused(cell) == f"'{cell}"
    assert defused("+39123") == "+39123"
    assert defused(-1.5) == -1.5


SHOPIFY_CUSTOMERS = pd.DataFrame({
    "Customer ID": ["'7001", "'7002", "'7003"],
    "First Name": ["Anna", "Łukasz", "José"],
    "Last Name": ["Groß", "Żak", "Núñez"],
    "Email": ["Anna@Example.com", None, "jose@example.es"],
    "Default Address Country Code": ["DE", "PL", "ES"],
    "Default Address Zip": ["10117", "90-001", "29001"],
    "Phone": ["'+49 30 901820", None, None],
})  # fmt: skip


def test_a_shops_list_of_customers_is_joined_by_e_mail_where_the_ids_are_addresses():
    details = read_details(
        SHOPIFY_CUSTOMERS, pd.Series(["anna@example.com", "jose@example.es", "new@example.it"]), None
    )
    assert details["first_name"].tolist() == ["Anna", "José", ""]
    assert details["country"].tolist() == ["DE", "ES", ""]
    assert details["zip"].tolist() == ["10117", "29001", ""]
    assert details["phone"].tolist() == ["+4930901820", "", ""]  # the apostrophe is Shopify's, for spreadsheets
    assert details["email"].tolist() == ["anna@example.com", "jose@example.es", "new@example.it"]


def test_a_list_without_any_of_the_customers_is_refused():
    with pytest.raises(InputError, match="contacts: no scored customer is in the table"):
        read_details(SHOPIFY_CUSTOMERS, pd.Series(["C1", "C2"]), None)
    twice = SHOPIFY_CUSTOMERS.assign(Email="anna@example.com")
    with pytest.raises(InputError, match="contacts: 2 rows have the e-mail address of an earlier row"):
        read_details(twice, pd.Series(["anna@example.com"]), None)


def test_contacts_that_do_not_fit_are_refused():
    ids = pd.Series(["a"])
    for table, message in (
        (pd.DataFrame({"email": ["a@b.it"]}), "no column customer_id"),
        (pd.DataFrame({"customer_id": ["a"], "shoe": [1]}), "no contact details"),
        (pd.DataFrame({"customer_id": ["a", "a"], "email": ["a@b.it", "c@d.it"]}), "1 rows have the id"),
        (pd.DataFrame({"customer_id": ["a"], "email": ["x"], "E-mail": ["y"]}), "two columns mean the same"),
    ):
        with pytest.raises(InputError, match=message):
            read_details(table, ids, None)
