"""Audience formats: the tables that marketing tools import, each with the header that its documentation names.

- Klaviyo, "How to create and add subscribers to a new list": the first column is Email, further ones are properties.
- HubSpot, "Set up your import files": a column per property, contacts are matched by Email.
- Meta, "How to format a customer list": email, phone, fn, ln, zip, country, and value for value-based audiences.
- Google Ads, "Format your customer data file": Email, Phone, First Name, Last Name, Country, Zip, and no other column.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..decision.scored_customers import TREATMENT
from .contact_details import DETAILS, defused, hashed, plain_name

_PROPERTIES = {  # score column -> name of the property
    "segment": "Segment", "action": "Action", "risk_band": "Risk Band", "churn_score": "Churn Score", "clv": "CLV",
    "clv_total": "CLV Total", "spend_to_date": "Spend To Date", "expected_next_order": "Expected Next Order",
    "mean_gap_days": "Mean Gap Days", "reason_1": "Reason", TREATMENT: "Treatment",
}  # fmt: skip
_PLAIN_COLUMNS = (
    "customer_id", *DETAILS, "segment", "action", "risk_band", "churn_score", "expected_gain", "clv", "clv_total",
    "spend_to_date", "expected_next_order", "mean_gap_days", "reason_1", "reason_2", "reason_3",
)  # fmt: skip


@dataclass(frozen=True)
class AudienceFormat:
    """A format: its file, its documented header, and the table of customers in it.

    Attributes:
        file: the name of the file.
        header: the columns that the documentation names; properties of one's own may follow.
        table: score rows with contact details -> the table to write.
        is_hashed: whether contact details are in it as SHA-256 alone.
    """

    file: str
    header: tuple[str, ...]
    table: Callable[[pd.DataFrame], pd.DataFrame]
    is_hashed: bool = False


def _klaviyo(rows: pd.DataFrame) -> pd.DataFrame:
    """Return profiles with an e-mail address or a phone number, and the scores as custom properties."""
    rows = _reachable(rows)
    contact = {"Email": "email", "Phone Number": "phone", "First Name": "first_name", "Last Name": "last_name"}
    return _with_properties(rows, contact)


def _hubspot(rows: pd.DataFrame) -> pd.DataFrame:
    """Return contacts with an e-mail address, by which they are matched, and the scores as properties."""
    rows = rows[rows["email"] != ""]
    contact = {"Email": "email", "First Name": "first_name", "Last Name": "last_name", "Phone Number": "phone"}
    return _with_properties(rows, contact)


def _meta(rows: pd.DataFrame) -> pd.DataFrame:
    """Return hashed details, and the CLV as the value of a value-based audience: 0 or more."""
    rows = _reachable(rows)
    table = pd.DataFrame(
        {
            "email": rows["email"].map(hashed),
            "phone": rows["phone"].str.lstrip("+").map(hashed),  # digits alone
            "fn": rows["first_name"].map(plain_name).map(hashed),
            "ln": rows["last_name"].map(plain_name).map(hashed),
            "zip": rows["zip"].str.lower().str.replace(r"\s", "", regex=True).map(hashed),
            "country": rows["country"].str.lower().map(hashed),
        }
    )
    return table.assign(value=rows["clv"].clip(lower=0).fillna(0.0).round(2)) if "clv" in rows else table


def _google(rows: pd.DataFrame) -> pd.DataFrame:
    """Return hashed details; Country and Zip are not hashed, as the documentation requires."""
    rows = _reachable(rows)
    return pd.DataFrame(
        {
            "Email": rows["email"].map(hashed),
            "Phone": rows["phone"].map(hashed),  # with the plus
            "First Name": rows["first_name"].map(plain_name).map(hashed),
            "Last Name": rows["last_name"].map(plain_name).map(hashed),
            "Country": rows["country"].map(defused),
            "Zip": rows["zip"].map(defused),
        }
    )


def _plain(rows: pd.DataFrame) -> pd.DataFrame:
    """Return every customer with details and scores, and of an experiment the treatment."""
    columns = [*_PLAIN_COLUMNS, TREATMENT] if TREATMENT in rows else [*_PLAIN_COLUMNS]
    return defuse(rows.reindex(columns=columns))


def _reachable(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[(rows["email"] != "") | (rows["phone"] != "")]


def _with_properties(rows: pd.DataFrame, contact: dict[str, str]) -> pd.DataFrame:
    table = pd.DataFrame({name: rows[column] for name, column in contact.items()})
    scores = pd.DataFrame({name: rows[column] for column, name in _PROPERTIES.items() if column in rows})
    return defuse(pd.concat([table, scores], axis=1))


def defuse(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table without texts that a spreadsheet would compute, its numbers rounded."""
    columns: dict[str, Any] = {}
    for name in table.columns:
        cells = table[name]
        is_number = pd.api.types.is_float_dtype(cells)
        columns[name] = np.round(cells, 4) if is_number else cells.map(defused, na_action="ignore")
    return pd.DataFrame(columns, index=table.index)


FORMATS = {
    "klaviyo": AudienceFormat("klaviyo.csv", ("Email", "Phone Number", "First Name", "Last Name"), _klaviyo),
    "hubspot": AudienceFormat("hubspot.csv", ("Email", "First Name", "Last Name", "Phone Number"), _hubspot),
    "meta": AudienceFormat("meta.csv", ("email", "phone", "fn", "ln", "zip", "country"), _meta, is_hashed=True),
    "google": AudienceFormat(
        "google.csv", ("Email", "Phone", "First Name", "Last Name", "Country", "Zip"), _google, is_hashed=True
    ),
    "plain": AudienceFormat("customers.csv", _PLAIN_COLUMNS, _plain),
}
