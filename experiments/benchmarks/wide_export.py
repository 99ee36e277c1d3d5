"""A wide export: made-up orders of a shop in the 79 columns in which Shopify writes them, one line per item."""

import numpy as np
import pandas as pd

from churnclv.testing.market import Market, simulate

COLUMNS = (
    "Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Fulfilled at", "Accepts Marketing",
    "Currency", "Subtotal", "Shipping", "Taxes", "Total", "Discount Code", "Discount Amount", "Shipping Method",
    "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem compare at price", "Lineitem sku",
    "Lineitem requires shipping", "Lineitem taxable", "Lineitem fulfillment status", "Billing Name", "Billing Street",
    "Billing Address1", "Billing Address2", "Billing Company", "Billing City", "Billing Zip", "Billing Province",
    "Billing Country", "Billing Phone", "Shipping Name", "Shipping Street", "Shipping Address1", "Shipping Address2",
    "Shipping Company", "Shipping City", "Shipping Zip", "Shipping Province", "Shipping Country", "Shipping Phone",
    "Notes", "Note Attributes", "Cancelled at", "Payment Method", "Payment Reference", "Refunded Amount", "Vendor",
    "Outstanding Balance", "Employee", "Location", "Device ID", "Id", "Tags", "Risk Level", "Source",
    "Lineitem discount", "Tax 1 Name", "Tax 1 Value", "Tax 2 Name", "Tax 2 Value", "Tax 3 Name", "Tax 3 Value",
    "Tax 4 Name", "Tax 4 Value", "Tax 5 Name", "Tax 5 Value", "Phone", "Receipt Number", "Duties",
    "Billing Province Name", "Shipping Province Name", "Payment ID", "Payment Terms Name", "Next Payment Due At",
    "Payment References",
)  # fmt: skip
TRUTH = {
    "customer_id": "Email",
    "timestamp": "Created at",
    "amount": "Total",
    "order_id": "Name",
    "item": "Lineitem name|Lineitem sku",
    "quantity": "Lineitem quantity",
    "currency": "Currency",
    "kind": "Financial Status",
    "channel": "Source",
}
_ITEMS = (("Tea, green", 6.5), ("Candle - fig", 19.0), ("Throw, merino", 89.0), ("Cup 300 ml", 14.9), ("Soap", 8.9))
_CITIES = (("Milano", "20121", "MI", "IT"), ("Genova", "16121", "GE", "IT"), ("Berlin", "10115", "", "DE"))
_SHIPPING, _FREE_FROM, _TAX, _TWICE = 5.9, 50.0, 0.18, 0.2


def make_wide_export(seed: int = 0) -> pd.DataFrame:
    """Return the export as text, blank where a cell has nothing; only an order's first line has what is the order's."""
    random = np.random.default_rng(seed)
    orders = simulate(Market(customers=300, days=700, birth_days=500), seed + 9).log
    customers = {name: place for place, name in enumerate(orders["customer_id"].unique())}
    rows = []
    for number, (name, moment) in enumerate(zip(orders["customer_id"], orders["timestamp"], strict=True)):
        lines = [_ITEMS[place] for place in random.integers(0, len(_ITEMS), 1 + random.poisson(0.9))]
        counts = 1 + (random.random(len(lines)) < _TWICE)
        head = _head(number, customers[name], moment, float(np.dot(counts, [price for _, price in lines])), random)
        keys = ("Name", "Email", "Created at", "Vendor")
        for place, ((item, price), count) in enumerate(zip(lines, counts, strict=True)):
            line = {
                "Lineitem quantity": count, "Lineitem name": item, "Lineitem price": f"{price:.2f}",
                "Lineitem sku": f"SKU-{_ITEMS.index((item, price)):03}", "Lineitem requires shipping": "true",
                "Lineitem taxable": "true", "Lineitem fulfillment status": "fulfilled", "Lineitem discount": "0.00",
            }  # fmt: skip
            rows.append({**(head if place == 0 else {key: head[key] for key in keys}), **line})
    return pd.DataFrame(rows, columns=list(COLUMNS)).fillna("").astype(str)


def _head(
    number: int, customer: int, moment: pd.Timestamp, items: float, random: np.random.Generator
) -> dict[str, str]:
    """Return the cells of an order."""
    city, code, province, country = _CITIES[customer % len(_CITIES)]
    created = f"{moment:%Y-%m-%d %H:%M:%S} +0100"
    shipping = 0.0 if items > _FREE_FROM else _SHIPPING
    total, status = items + shipping, random.choice(["paid", "refunded", "pending"], p=[0.94, 0.04, 0.02])
    paid = created if status != "pending" else ""
    place = {"Name": f"Ada Rossi {customer}", "Street": "Via Roma 1", "Address1": "Via Roma 1", "City": city,
             "Zip": code, "Province": province, "Country": country, "Phone": f"'+39 02 {customer:07}"}  # fmt: skip
    return {
        **{f"{kind} {part}": text for kind in ("Billing", "Shipping") for part, text in place.items()},
        "Name": f"#{1001 + number}", "Email": f"ada.rossi{customer}@example.com", "Created at": created,
        "Financial Status": str(status), "Paid at": paid, "Fulfillment Status": "fulfilled", "Fulfilled at": created,
        "Accepts Marketing": ("yes", "no")[customer % 2], "Currency": "EUR", "Subtotal": f"{items:.2f}",
        "Shipping": f"{shipping:.2f}", "Taxes": f"{_TAX * total:.2f}", "Total": f"{total:.2f}",
        "Discount Amount": "0.00", "Shipping Method": "Standard", "Payment Method": "Shopify Payments",
        "Payment Reference": f"c{number:010}.1", "Refunded Amount": f"{total * (status == 'refunded'):.2f}",
        "Vendor": "Casa Alba", "Outstanding Balance": "0.00", "Id": str(5_000_000_000_000 + number),
        "Risk Level": "Low", "Source": "web", "Tax 1 Name": "IVA 22%", "Tax 1 Value": f"{_TAX * total:.2f}",
        "Payment ID": f"c{number:010}.1", "Payment References": f"c{number:010}.1",
    }  # fmt: skip
