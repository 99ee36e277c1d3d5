"""Contact details: e-mail addresses, phone numbers and names of customers, in the forms that other tools take.

Advertising platforms match by the SHA-256 of a normalised value: an e-mail address without blanks in lower case, a
phone number with its country code.
"""

import hashlib
import re
from typing import Any

import pandas as pd

from ..errors import require

DETAILS = ("email", "phone", "first_name", "last_name", "country", "zip")
_NAMES = {  # plain name of a column -> detail
    "e mail": "email", "mail": "email", "email address": "email", "phone number": "phone", "mobile": "phone",
    "telephone": "phone", "first name": "first_name", "firstname": "first_name", "given name": "first_name",
    "last name": "last_name", "lastname": "last_name", "surname": "last_name", "country code": "country",
    "zip code": "zip", "postcode": "zip", "postal code": "zip",
    "default address country code": "country", "default address zip": "zip",  # Shopify's export of customers
}  # fmt: skip
_EMAIL = re.compile(r"[a-z0-9_][a-z0-9._%+'-]*@[a-z0-9][a-z0-9.-]*\.[a-z]{2,}")
_FEWEST_DIGITS, _MOST_DIGITS = 8, 15  # of a number with its country code (E.164)
_KEEPS_ZERO = "39"  # Italian landlines keep the zero of the area code
_COMPUTED = re.compile(r"^[\s\x00]*[=+\-@\t\r|]")
_PHONE = re.compile(r"\+\d+")


def read_details(contacts: pd.DataFrame | None, ids: "pd.Series[Any]", country_code: str | None) -> pd.DataFrame:
    """Return the details of customers, one row per id in its order, normalised; empty where there is none.

    Parameters
    ----------
    contacts
        A table with `customer_id` and any of `DETAILS`; None where there is no such table. An id that is itself an
        e-mail address is used as one. Where the ids are e-mail addresses, a table with other ids is joined by `email`.
    ids
        The customers.
    country_code
        Of phone numbers that are written without one, such as 39.

    Raises:
        InputError: the table has no column that has the ids, none of the details, or two rows for one customer.
    """
    given = pd.DataFrame({"customer_id": ids.astype(str).to_numpy()})
    if contacts is not None:
        given = _join(given, _named(contacts, given["customer_id"]))
    details = pd.DataFrame({"customer_id": given["customer_id"]})
    for name in DETAILS:
        cells = given[name] if name in given else pd.Series("", index=given.index)
        details[name] = cells.fillna("").astype(str).str.strip()
    address = details["email"].where(details["email"] != "", details["customer_id"])
    details["email"] = address.map(normalise_email)
    details["phone"] = details["phone"].map(lambda phone: normalise_phone(phone, country_code))
    return details


def _named(contacts: pd.DataFrame, ids: "pd.Series[str]") -> pd.DataFrame:
    """Return the table with the columns under their names here; where ids are addresses, it needs none of its own."""
    plain = {column: re.sub(r"[^a-z0-9]+", " ", str(column).lower()).strip() for column in contacts.columns}
    names = {column: _NAMES.get(name, name.replace(" ", "_")) for column, name in plain.items()}
    table = contacts.rename(columns=names)
    remedy = f"it needs customer_id, and some of {', '.join(DETAILS)}."
    by_id = "customer_id" in table.columns
    by_email = "email" in table.columns and bool((ids.map(normalise_email) != "").any())
    require(by_id or by_email, "contacts: there is no column customer_id.", remedy=remedy)
    known = [name for name in DETAILS if name in table.columns]
    require(bool(known), "contacts: there are no contact details.", remedy=remedy)
    require(table.columns.is_unique, "contacts: two columns mean the same.", remedy="leave one of them out.")
    return table[["customer_id", *known] if by_id else known]


def _join(customers: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return the customers with the details of a table, by its ids, or else by its e-mail addresses."""
    ids = customers["customer_id"]
    keys: dict[str, tuple[pd.Series[str], pd.Series[str]]] = {}
    if "customer_id" in table.columns:
        keys["id"] = (ids, _texts(table["customer_id"]))
    if "email" in table.columns:
        keys["e-mail address"] = (ids.map(normalise_email), _texts(table["email"]).map(normalise_email))
    name = next((name for name, (wanted, given) in keys.items() if (given[given != ""]).isin(wanted).any()), None)
    remedy = "customer_id has to be the id of the scored log; where that is an e-mail address, email will do."
    require(name is not None or not len(table), "contacts: no scored customer is in the table.", remedy=remedy)
    wanted, given = keys[name or next(iter(keys))]
    rows = table.drop(columns="customer_id", errors="ignore").assign(key=given)[given != ""]
    doubled = int(rows["key"].duplicated().sum())
    message = f"contacts: {doubled:,} rows have the {name} of an earlier row."
    require(not doubled, message, remedy="keep one row each.")
    return customers.assign(key=wanted).merge(rows, on="key", how="left").drop(columns="key")


def _texts(column: "pd.Series[Any]") -> "pd.Series[str]":
    return column.fillna("").astype(str).str.strip()


def normalise_email(address: str) -> str:
    """Return an e-mail address in lower case without blanks; empty where it is none."""
    plain = re.sub(r"\s+", "", address).lower()
    return plain if _EMAIL.fullmatch(plain) else ""


def normalise_phone(phone: str, country_code: str | None) -> str:
    """Return a phone number as +, country code and number (E.164); empty where it is none, or has no country code."""
    digits = re.sub(r"\D", "", phone)
    if phone.strip().lstrip("'").startswith("+"):  # an apostrophe keeps it text in a spreadsheet
        number = digits
    elif digits.startswith("00"):
        number = digits[2:]
    elif country_code and digits:
        number = country_code + (digits if country_code == _KEEPS_ZERO else digits.removeprefix("0"))
    else:
        return ""
    return f"+{number}" if _FEWEST_DIGITS <= len(number) <= _MOST_DIGITS else ""


def hashed(text: str) -> str:
    """Return the SHA-256 of a normalised text in hexadecimal digits; empty for an empty text."""
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


def plain_name(name: str) -> str:
    """Return a person's name in lower case, without blanks and signs at its ends, as platforms hash it."""
    return re.sub(r"\s+", " ", name.lower()).strip(" .,;-'\"")


def defused(cell: Any) -> Any:
    """Return a text that no spreadsheet takes for a formula: one that could be gets an apostrophe before it."""
    if not isinstance(cell, str) or _PHONE.fullmatch(cell) or not _COMPUTED.match(cell):
        return cell
    return f"'{cell}"
