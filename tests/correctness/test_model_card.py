"""The model card describes the customer kind that its bundle is for."""

import pytest

from churnclv.bundle.model_card import write_card
from churnclv.bundle.specification import BundleSpecification
from churnclv.data.settings import Columns, CustomerKind, DataSettings
from churnclv.decision.economics import EconomicsSettings
from churnclv.features.settings import FeatureSettings
from churnclv.snapshots.settings import WindowSettings

ORDERS = DataSettings(name="shop", path="orders.csv")
CONTRACTS = DataSettings(
    name="telco",
    path="contracts.csv",
    shape=CustomerKind.contractual,
    observed_until="2020-01-01",
    columns=Columns(customer_id="id", timestamp="start", end="end", amount=None, price="price"),
)
TABLE = DataSettings(
    name="table", path="t.csv", shape=CustomerKind.labelled, target="left", columns=Columns("id", None, None)
)


def card(data):
    parts = (WindowSettings(), FeatureSettings(), EconomicsSettings())
    return write_card(BundleSpecification(data, *parts, "2020-01-01", "f", "r"), "title", {}, {})


@pytest.mark.parametrize(
    ("data", "present", "absent"),
    [
        (ORDERS, ["no purchase within 90 days", "expected purchases and spend", "p_alive"], ["contract"]),
        (CONTRACTS, ["contract ends within 90 days", "under contract", "CLV"], ["purchase", "BG/NBD", "p_alive"]),
        (TABLE, ["outcome in column 'left'", "every row"], ["purchase", "BG/NBD", "CLV", "contract"]),
    ],
)
def test_the_card_is_about_its_customer_kind(data, present, absent):
    text = card(data)
    assert [part for part in present if part not in text] == []
    assert [part for part in absent if part in text] == []
