"""Exports of common programs, in the shape of each: orders count once, with their money; what was not paid is aside."""

import io

import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from churnclv.cli.app import take_overrides
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.files import PROJECT as ROOT
from churnclv.pipeline.settings import TrainConfig

_SHOPIFY = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,"
    "Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,"
    "Lineitem name,Lineitem price,Lineitem compare at price,Lineitem sku,Lineitem requires shipping,"
    "Lineitem taxable,Lineitem fulfillment status,Billing Name,Billing Street,Notes,Note Attributes,"
    "Cancelled at,Payment Method,Payment Reference,Refunded Amount,Vendor,Outstanding Balance,Employee,"
    "Location,Device ID,Id,Tags,Risk Level,Source,Lineitem discount,Phone"
)
_WOOCOMMERCE = (
    "Order Number,Order Status,Order Date,Customer Note,First Name (Billing),Last Name (Billing),"
    "Company (Billing),Address 1&2 (Billing),City (Billing),State Code (Billing),Postcode (Billing),"
    "Country Code (Billing),Email (Billing),Phone (Billing),Payment Method Title,Cart Discount Amount,"
    "Order Subtotal Amount,Shipping Method Title,Order Shipping Amount,Order Refund Amount,Order Total Amount,"
    "Order Total Tax Amount,SKU,Item #,Item Name,Quantity (- Refund),Item Cost,Coupon Code,Discount Amount,"
    "Discount Amount Tax"
)
_STRIPE = (
    "id,Customer ID,Customer Description,Customer Email,Plan,Quantity,Currency,Interval,Amount,Status,"
    "Created (UTC),Start (UTC),Current Period Start (UTC),Current Period End (UTC),Trial Start (UTC),"
    "Trial End (UTC),Application Fee Percent,Coupon,Tax Percent,Canceled At (UTC),Ended At (UTC),"
    "Customer Name,Cancel At Period End"
)
SHOPIFY, WOOCOMMERCE, STRIPE = (header.split(",") for header in (_SHOPIFY, _WOOCOMMERCE, _STRIPE))


def table(header, rows):
    """Return the CSV of rows, each a mapping of the columns that it fills."""
    text = io.StringIO()
    pd.DataFrame(rows, columns=header).to_csv(text, index=False)
    return text.getvalue()


def shopify(day, email, status, total, items, **more):
    """Return an order's lines: the first has everything, further ones the order's name, e-mail and date alone."""
    order = {"Name": f"#10{day:02}", "Email": email, "Created at": f"2024-03-{day:02} 10:30:00 +0200"}
    head = {
        "Financial Status": status,
        "Paid at": f"2024-03-{day:02} 10:31:00 +0200",
        "Currency": "EUR",
        "Subtotal": total,
        "Shipping": "0.00",
        "Total": total,
        "Refunded Amount": "0.00",
        "Id": f"54{day}",
        "Source": "web",
        **more,
    }
    lines = [{"Lineitem quantity": n, "Lineitem name": item, "Lineitem price": "9.99"} for item, n in items.items()]
    return [{**order, **(head if place == 0 else {}), **line} for place, line in enumerate(lines)]


def woocommerce(number, email, status, total, items):
    """Return an order's lines, each with everything about the order."""
    order = {
        "Order Number": number,
        "Order Status": status,
        "Order Date": f"2024-03-{min(number, 508) - 500:02} 10:30",
        "Email (Billing)": email,
        "Order Total Amount": total,
        "Order Subtotal Amount": total,
        "Order Refund Amount": "0",
    }
    return [{**order, "Item Name": item, "Quantity (- Refund)": n, "Item Cost": "9.99"} for item, n in items.items()]


def read(write, choice, content):
    path = write(content, "export (1).csv")
    ConfigStore.instance().store(name="train_schema", node=TrainConfig)
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        composed = compose("train", take_overrides([f"data={choice}", f"data.path={path}"], TrainConfig))
    return read_events(connect(EngineSettings(threads=1)), OmegaConf.to_object(composed).data)


def faults(events):
    return {count.fault: count.set_aside for count in events.quality.faults if count.set_aside}


def orders(events):
    """Return customer -> order -> (lines, amount), of orders and refunds."""
    frame = events.table.execute()
    found: dict[str, dict[str, tuple[int, str]]] = {}
    for (customer, order), rows in frame.groupby(["customer_id", "order_id"]):
        found.setdefault(customer, {})[order] = (len(rows), f"{rows['amount'].sum():.2f}")
    return found


@pytest.fixture(scope="module")
def shopify_rows():
    return [
        *shopify(9, "anna@example.com", "paid", "30.00", {"Tea, green": 1, "Cup": 2}),
        *shopify(
            8, "Anna@Example.com", "partially_refunded", "20.00", {"Tea, green": 2}, **{"Refunded Amount": "5.00"}
        ),
        *shopify(7, "bob@example.com", "refunded", "50.00", {"Cup": 1, "Pot": 1}, **{"Refunded Amount": "50.00"}),
        *shopify(6, "bob@example.com", "voided", "15.00", {"Cup": 1}, **{"Cancelled at": "2024-03-06 12:00:00 +0200"}),
        *shopify(5, "", "paid", "12.00", {"Cup": 1}),
        *shopify(4, "carl@example.com", "pending", "11.00", {"Cup": 1, "Pot": 1, "Tea, green": 1}),
        *shopify(3, "dora@example.com", "paid", "99.00", {"Cup": 1}, Currency="USD"),
        *shopify(2, "dora@example.com", "paid", "0.00", {"Sample": 1}),
    ]


def test_shopify_orders_count_once_and_what_was_not_paid_is_aside(write, shopify_rows):
    events = read(write, "shopify_orders", table(SHOPIFY, shopify_rows))
    assert orders(events) == {
        "anna@example.com": {"#1009": (2, "30.00"), "#1008": (1, "20.00")},
        "carl@example.com": {"#1004": (3, "11.00")},
        "dora@example.com": {"#1002": (1, "0.00")},
    }
    assert faults(events) == {"unknown_kind": 3, "missing_id": 1, "mixed_currency": 1}
    assert (events.quality.orders, events.quality.customers) == (4, 3)
    first = events.table.execute().sort_values("timestamp").iloc[0]
    assert str(first["timestamp"]) == "2024-03-02 08:30:00"  # 10:30 at +02:00, in UTC


def test_shopify_lines_keep_their_items_and_quantities(write, shopify_rows):
    frame = read(write, "shopify_orders", table(SHOPIFY, shopify_rows)).table.execute()
    anna = frame[frame["order_id"] == "#1009"].sort_values("item")
    assert anna["item"].tolist() == ["Cup", "Tea, green"]
    assert anna["quantity"].astype(int).tolist() == [2, 1]
    assert set(anna["kind"]) == {"order"}


def test_woocommerce_totals_on_every_line_count_once(write):
    rows = [
        *woocommerce(501, "anna@example.com", "Completed", "30.00", {"Tea": 1, "Cup": 2}),
        *woocommerce(502, "ANNA@example.com", "Processing", "20.00", {"Tea": 1, "Cup": 1, "Pot": 1}),
        *woocommerce(503, "bob@example.com", "Cancelled", "50.00", {"Cup": 1, "Pot": 1}),
        *woocommerce(504, "bob@example.com", "Refunded", "15.00", {"Cup": 1}),
        *woocommerce(505, "bob@example.com", "On hold", "15.00", {"Cup": 1}),
        *woocommerce(506, "", "Completed", "12.00", {"Cup": 1}),
        *woocommerce(507, "carl@example.com", "Failed", "9.00", {"Cup": 1}),
        *woocommerce(508, "dora@example.com", "Completed", "20.00", {"Cup": 1}),
        *woocommerce(509, "dora@example.com", "Completed", "20.00", {"Cup": 1}),
    ]
    events = read(write, "woocommerce_orders", table(WOOCOMMERCE, rows))
    assert orders(events) == {
        "anna@example.com": {"501": (2, "30.00"), "502": (3, "20.00")},
        "bob@example.com": {"505": (1, "15.00")},
        "dora@example.com": {"508": (1, "20.00"), "509": (1, "20.00")},
    }
    assert faults(events) == {"unknown_kind": 4, "missing_id": 1}
    assert events.quality.orders == 5


def test_stripe_subscriptions_end_when_they_ended_not_when_that_was_asked_for(write):
    def subscription(place, customer, status, created, asked="", ended="", amount="9.90"):
        return {
            "id": f"sub_{place}",
            "Customer ID": customer,
            "Plan": "price_basic",
            "Quantity": 1,
            "Currency": "eur",
            "Interval": "month",
            "Amount": amount,
            "Status": status,
            "Created (UTC)": created,
            "Start (UTC)": created,
            "Current Period End (UTC)": "2024-07-01 00:00",
            "Canceled At (UTC)": asked,
            "Ended At (UTC)": ended,
        }

    rows = [
        subscription(1, "cus_anna", "active", "2024-01-05 09:15"),
        subscription(2, "cus_bob", "canceled", "2024-01-07 09:15", "2024-02-20 10:00", "2024-03-07 09:15"),
        subscription(
            3, "cus_carl", "active", "2024-02-01 09:15", "2024-06-01 10:00"
        ),  # runs on to the end of its period
        subscription(4, "cus_bob", "trialing", "2024-05-01 09:15", amount="19.90"),
        subscription(5, "cus_anna", "past_due", "2024-05-02 09:15", amount="19.90"),  # beside the first one
    ]
    events = read(write, "stripe_subscriptions", table(STRIPE, rows))
    assert (events.quality.contracts, events.quality.ended, faults(events)) == (5, 1, {})
    frame = events.table.execute()
    ends = frame[frame["kind"] == "contract_end"]
    assert ends[["customer_id", "order_id"]].to_numpy().tolist() == [["cus_bob", "sub_2"]]
    assert str(ends["timestamp"].iloc[0]) == "2024-03-07 09:15:00"
    starts = frame[frame["kind"] == "contract_start"].set_index("order_id")
    assert starts["amount"].map(float).to_dict() == {
        "sub_1": 9.9, "sub_2": 9.9, "sub_3": 9.9, "sub_4": 19.9, "sub_5": 19.9
    }  # fmt: skip
