"""Every column of the families of optional events against values worked out by hand on a few customers."""

from datetime import datetime
from math import log

import numpy as np
import pytest

from churnclv.errors import InputError
from churnclv.features.families import BUILT_IN
from churnclv.features.settings import FeatureSettings, as_name
from churnclv.snapshots.history import cut_history

CUTOFF = datetime(2024, 3, 1)
N = None  # null
LAST = "2024-02-29 23:59:59.999999"
AT_CUTOFF = "2024-03-01 00:00:00"

# days before the cutoff: 29 February is 1, 10 February 20, 31 January 30, 15 January 46, 1 January 60, 2 December 90,
# 1 December 91, 3 September 180, 1 March 366
COLUMNS = {
    "basket": ("customer_id", "timestamp", "kind", "item", "category", "amount", "quantity"),
    "journey": ("customer_id", "timestamp", "kind", "item", "session_id"),
    "engagement": ("customer_id", "timestamp", "kind", "channel"),
    "referral": ("customer_id", "timestamp", "kind", "other_id"),
    "treatments": ("customer_id", "timestamp", "kind", "item", "amount"),
}
LOGS = {
    "basket": [
        # ann: three days of orders, tea on two of them; a discount with the second; a return; one line without category
        ("ann", "2023-12-02 09:30:00", "order", "tea", "drinks", "10.00", 1),
        ("ann", "2023-12-02 09:30:00", "order", "cup", "home", "6.00", 2),
        ("ann", "2024-01-31 08:00:00", "order", "tea", "drinks", "20.10", 2),
        ("ann", "2024-01-31 19:15:00", "order", "tea", "drinks", "9.90", 1),
        ("ann", "2024-01-31 19:15:00", "order", "pot", "home", "44.00", N),
        ("ann", "2024-01-31 19:15:00", "discount", N, N, "5.00", N),
        ("ann", "2024-02-10 12:00:00", "refund", "tea", "drinks", "-4.00", -1),
        ("ann", LAST, "order", "tin", N, "50.00", 3),
        ("ann", AT_CUTOFF, "order", "tea", "late", "1000.00", 9),  # at the cutoff: not seen, nor what follows
        ("ann", AT_CUTOFF, "discount", N, N, "500.00", N),
        ("ann", AT_CUTOFF, "refund", "tea", "late", "-9.00", -9),
        # bob: a line that names nothing, and a discount on a day without an order
        ("bob", "2024-01-01 00:00:00", "order", N, N, "7.00", N),
        ("bob", "2024-01-15 00:00:00", "discount", N, N, "7.00", N),
        # cat: two categories of one line each; a return whose quantity has no sign
        ("cat", "2023-03-01 15:00:00", "order", "tea", "drinks", "20.00", 1),
        ("cat", "2023-09-03 05:59:59", "order", "cup", "home", "12.50", 2),
        ("cat", "2023-10-01 00:00:00", "refund", "cup", "home", "-12.50", 3),
        # dan: a return and a discount, but no order
        ("dan", "2024-02-25 10:00:00", "refund", "tea", "drinks", "-3.00", -1),
        ("dan", "2024-02-25 10:00:00", "discount", N, N, "1.00", N),
        # eve: a free order of nothing, and a return of unknown size
        ("eve", "2023-12-01 18:00:00", "order", "tea", "drinks", "0.00", 0),
        ("eve", "2024-01-31 00:00:00", "refund", "tea", "drinks", "-1.00", N),
    ],
    "journey": [
        # ann: session s1, two days without an id, s2 over weeks, s3 in the same last instant; an order between
        ("ann", "2023-12-02 10:00:00", "action", "view", "s1"),
        ("ann", "2023-12-02 10:05:00", "action", "add to cart", "s1"),
        ("ann", "2023-12-02 10:06:00", "order", "view", "s1"),
        ("ann", "2024-01-31 09:00:00", "action", "view", N),
        ("ann", "2024-01-31 22:00:00", "action", "view", N),
        ("ann", "2024-02-01 00:10:00", "action", N, N),  # 29 days ago, without a name
        ("ann", "2024-02-10 12:00:00", "order", N, N),
        ("ann", "2024-02-10 12:00:00", "action", "view", "s2"),  # at the order's moment, not after it
        ("ann", LAST, "action", "view", "s2"),
        ("ann", LAST, "action", "add to cart", "s3"),
        ("ann", AT_CUTOFF, "action", "Search?", "s4"),
        # bob: an order, no action
        ("bob", "2024-01-01 00:00:00", "order", N, N),
        # cat: one session over months, no order
        ("cat", "2023-03-01 15:00:00", "action", "Search?", "s1"),
        ("cat", "2023-09-03 05:59:59", "action", "view", "s1"),
        # dan: acted, then bought
        ("dan", "2023-12-02 00:00:00", "action", "view", N),
        ("dan", LAST, "order", N, N),
    ],
    "engagement": [
        ("ann", "2023-12-02 10:00:00", "send", "email"),
        ("ann", "2024-01-01 10:00:00", "send", "email"),
        ("ann", "2024-01-01 11:00:00", "open", "email"),
        ("ann", "2024-01-31 10:00:00", "send", "text message"),
        ("ann", "2024-02-10 10:00:00", "send", N),
        ("ann", LAST, "send", "email"),
        ("ann", LAST, "open", "email"),
        ("ann", LAST, "open", "email"),
        ("ann", LAST, "click", "email"),
        *[("ann", AT_CUTOFF, kind, "email") for kind in ("send", "open", "click", "unsubscribe")],
        # bob: no message
        ("bob", "2024-01-01 00:00:00", "order", "email"),
        # cat: opened the first, unsubscribed from the second
        ("cat", "2023-03-01 15:00:00", "send", "email"),
        ("cat", "2023-03-01 15:00:00", "open", "email"),
        ("cat", "2023-09-03 05:59:59", "send", "email"),
        ("cat", "2023-09-03 06:00:00", "unsubscribe", "email"),
        # dan: answers to what was never recorded as sent, 5 days ago
        ("dan", "2024-02-25 10:00:00", "open", "text message"),
        ("dan", "2024-02-25 10:01:00", "click", "text message"),
        ("dan", "2024-02-25 10:02:00", "click", "text message"),
    ],
    "referral": [
        ("ann", "2024-01-01 10:00:00", "referral", N),  # of somebody unknown
        ("ann", "2024-01-31 10:00:00", "referral", "bob"),
        ("ann", "2024-02-10 10:00:00", "referral", "bob"),
        ("ann", "2024-02-10 10:00:00", "referral", "zoe"),  # who is never seen
        ("ann", "2024-02-10 10:00:00", "referral", "cat"),
        ("ann", LAST, "referral", "ann"),
        ("ann", AT_CUTOFF, "referral", "dan"),
        ("bob", "2023-12-02 10:00:00", "order", N),
        ("bob", "2023-12-03 10:00:00", "order", "cat"),  # other_id of an order invites nobody
        ("cat", "2024-02-25 10:00:00", "referral", "bob"),
        ("cat", AT_CUTOFF, "order", N),
        ("dan", "2024-02-25 10:00:00", "order", N),
    ],
    "treatments": [
        ("ann", "2023-12-02 10:00:00", "treatment", "letter", "1.10"),
        ("ann", "2024-01-31 10:00:00", "treatment", "offer", "10.05"),
        ("ann", "2024-02-10 10:00:00", "treatment", N, N),  # of an arm that nobody wrote down
        ("ann", LAST, "treatment", "letter", "1.10"),
        ("ann", LAST, "treatment", "call", N),  # at the same moment: the lesser text
        ("ann", AT_CUTOFF, "treatment", "a visit", "99.00"),  # at the cutoff: not seen
        # bob: bought, and was drawn to be left alone
        ("bob", "2024-01-01 00:00:00", "order", "letter", "7.00"),
        ("bob", "2024-02-10 00:00:00", "holdout", "letter", N),
        # cat: once, long ago
        ("cat", "2023-03-01 15:00:00", "treatment", "letter", "1.10"),
        # dan: an arm unknown, for nothing
        ("dan", "2024-02-25 10:00:00", "treatment", N, "0.00"),
    ],
}
CHOSEN = {"actions": ["view", "add to cart", "Search?"], "channels": ["email", "text message"]}

EXPECTED = {
    "basket": {
        # ann: tea, cup, pot, tin on 6 lines
        "items": (4, N, 2, N, 1),
        "item_variety": (4 / 6, N, 1, N, 1),
        # the two lines of tea on 31 January
        "repeat_item_share": (2 / 6, N, 0, N, 0),
        "categories": (2, N, 2, N, 1),
        # 3 lines of drinks, 2 of home; halves
        "category_entropy": (-0.6 * log(0.6) - 0.4 * log(0.4), N, log(2), N, 0),
        # ann: drinks 40 of 90, though home has more money; cat: both have one line, drinks cost more; eve 0 / 0
        "top_category_spend_share": (40 / 90, N, 20 / 32.5, N, N),
        # ann: 1 + 2 + 2 + 1 + 3 on the 5 lines that say
        "units_per_line": (9 / 5, N, 1.5, N, 0),
        # 2, 3 and 1 lines on three days
        "lines_per_purchase": (2, 1, 1, N, 1),
        # ann spent 10 + 6 + 20.10 + 9.90 + 44 + 50 = 140
        "discount_share": (5 / 145, 0.5, 0, N, N),
        # bob's fell on a day without an order
        "discounted_purchase_share": (1 / 3, 0, 0, N, 0),
        # units of refunds over units of orders: bob has no units, eve 0
        "return_unit_share": (1 / 9, N, 1, N, N),
        "return_line_share": (1 / 6, 0, 0.5, N, 1),
    },
    "journey": {
        "actions": (8, 0, 2, 1),
        # ann: s1, 31 January, 1 February, s2, s3
        "sessions": (5, 0, 1, 1),
        "actions_per_session": (8 / 5, N, 2, 1),
        "action_names": (2, 0, 2, 1),
        # ann: 5 views and 2 additions; cat's halves
        "action_entropy": (log(7) - (5 * log(5) + 2 * log(2)) / 7, N, log(2), 0),
        "days_since_last_action": (1, N, 180, 90),
        # ann acted 1 and bought 20 days ago; dan 90 and 1
        "days_from_last_action_to_last_order": (-19, N, N, 89),
        # s2 and s3 end together, s2 is longer
        "last_session_action_share": (2 / 8, N, 1, 1),
        "actions_since_last_order": (2, 0, 2, 0),
        "actions_named_view": (5, 0, 1, 1),
        "actions_named_add_to_cart": (2, 0, 0, 0),
        "actions_named_search": (0, 0, 1, 0),
        "days_since_action_view": (1, N, 180, 90),
        "days_since_action_add_to_cart": (1, N, N, N),
        "days_since_action_search": (N, N, 366, N),
        # ann: s1, 31 January, s2; s1, s3
        "sessions_with_view_share": (3 / 5, N, 1, 1),
        "sessions_with_add_to_cart_share": (2 / 5, N, 0, 0),
        "sessions_with_search_share": (0, N, 1, 0),
        # two of ann's at the last instant
        "last_action_is_view": (1, 0, 1, 1),
        "last_action_is_add_to_cart": (1, 0, 0, 0),
        "last_action_is_search": (0, 0, 0, 0),
    },
    "engagement": {
        "sends": (5, 0, 2, 0),
        "opens": (3, 0, 1, 1),
        "clicks": (1, 0, 0, 2),
        "open_rate": (3 / 5, N, 1 / 2, N),
        "click_rate": (1 / 3, N, 0, 2),
        "days_since_last_open": (1, N, 366, 5),
        "days_since_last_click": (1, N, N, 5),
        "days_since_last_unsubscribe": (N, N, 180, N),
        "unsubscribed": (0, 0, 1, 0),
        "sends_by_email": (3, 0, 2, 0),
        "opens_by_email": (3, 0, 1, 0),
        "clicks_by_email": (1, 0, 0, 0),
        "open_rate_by_email": (1, N, 1 / 2, N),
        "click_rate_by_email": (1 / 3, N, 0, N),
        "sends_by_text_message": (1, 0, 0, 0),
        "opens_by_text_message": (0, 0, 0, 1),
        "clicks_by_text_message": (0, 0, 0, 2),
        "open_rate_by_text_message": (0, N, N, N),
        "click_rate_by_text_message": (N, N, N, 2),
    },
    "referral": {
        # ann: somebody, bob twice, zoe, cat; not herself, nor dan at the cutoff
        "invitations": (5, 0, 1, 0),
        "invited_customers": (3, 0, 1, 0),
        # bob; cat's order is at the cutoff
        "invited_buyers": (1, 0, 1, 0),
        "days_since_last_invitation": (20, N, 5, N),
        "was_invited": (0, 1, 1, 0),
        # bob: by ann first
        "days_since_invited": (N, 30, 20, N),
    },
    "treatments": {
        "treatments": (5, 0, 1, 1),
        # ann: letter, offer, call
        "treatment_arms": (3, 0, 1, 0),
        "treatment_cost": (12.25, 0, 1.1, 0),
        "days_since_last_treatment": (1, N, 366, 5),
    },
}

# lookbacks 30, 90, 180, 365
EXPECTED_BY_DEFAULT = {
    "basket": {
        # ann's cup is 90 days old; cat's of 180 days is inside, tea of 366 is not; eve's is of 91
        "items_last_30_days": (3, N, 0, N, 0),
        "items_last_90_days": (4, N, 0, N, 0),
        "items_last_180_days": (4, N, 1, N, 1),
        "items_last_365_days": (4, N, 1, N, 1),
        "categories_last_30_days": (2, N, 0, N, 0),
        "categories_last_90_days": (2, N, 0, N, 0),
        "categories_last_180_days": (2, N, 1, N, 1),
        "categories_last_365_days": (2, N, 1, N, 1),
        # ann knew both 90 days ago, which the longer windows hold
        "new_category_share_last_30_days": (0, N, N, N, N),
        "new_category_share_last_90_days": (1, N, N, N, N),
        "new_category_share_last_180_days": (1, N, 1, N, 1),
        "new_category_share_last_365_days": (1, N, 1, N, 1),
    },
    "journey": {
        # ann: 30 days ago two, then 29, 20, and two on the last day; before that two of 90
        "actions_last_30_days": (6, 0, 0, 0),
        "actions_last_90_days": (8, 0, 0, 1),
        "actions_last_180_days": (8, 0, 1, 1),
        "actions_last_365_days": (8, 0, 1, 1),
        # less those of 31 to 60, 91 to 180 (cat's 180), 181 to 360, 366 to 730 days ago (cat's 366)
        "action_change_30_days": (6, 0, 0, 0),
        "action_change_90_days": (8, 0, -1, 1),
        "action_change_180_days": (8, 0, 1, 1),
        "action_change_365_days": (8, 0, 0, 1),
    },
    "engagement": {
        # ann: 90, 60, 30, 20 and 1 days ago; cat: 366 and 180
        "sends_last_30_days": (3, 0, 0, 0),
        "sends_last_90_days": (5, 0, 0, 0),
        "sends_last_180_days": (5, 0, 1, 0),
        "sends_last_365_days": (5, 0, 1, 0),
        # ann: 60, 1 and 1; cat: 366
        "opens_last_30_days": (2, 0, 0, 1),
        "opens_last_90_days": (3, 0, 0, 1),
        "opens_last_180_days": (3, 0, 0, 1),
        "opens_last_365_days": (3, 0, 0, 1),
        "clicks_last_30_days": (1, 0, 0, 2),
        "clicks_last_90_days": (1, 0, 0, 2),
        "clicks_last_180_days": (1, 0, 0, 2),
        "clicks_last_365_days": (1, 0, 0, 2),
        "unsubscribes_last_30_days": (0, 0, 0, 0),
        "unsubscribes_last_90_days": (0, 0, 0, 0),
        "unsubscribes_last_180_days": (0, 0, 1, 0),
        "unsubscribes_last_365_days": (0, 0, 1, 0),
        # ann: 2 / 3 less 1 / 1 of 31 to 60 days ago; cat: 0 / 1 less 1 / 1 of 366 to 730
        "open_rate_change_30_days": (2 / 3 - 1, N, N, N),
        "open_rate_change_90_days": (N, N, N, N),
        "open_rate_change_180_days": (N, N, N, N),
        "open_rate_change_365_days": (N, N, -1, N),
    },
    "referral": {},
    "treatments": {
        # ann: 90, 30, 20, 1 and 1 days ago
        "treatments_last_30_days": (4, 0, 0, 1),
        "treatments_last_90_days": (5, 0, 0, 1),
        "treatments_last_180_days": (5, 0, 0, 1),
        "treatments_last_365_days": (5, 0, 0, 1),
    },
}

OTHER_SETTINGS = {"lookback_days": [20], "actions": ["Search?"], "channels": []}
EXPECTED_OTHERWISE = {
    "basket": {
        # ann: the tin, which has no category
        "items_last_20_days": (1, N, 0, N, 0),
        "categories_last_20_days": (0, N, 0, N, 0),
        "new_category_share_last_20_days": (N, N, N, N, N),
    },
    "journey": {
        # ann: 20, 1 and 1 days ago, less 30, 30 and 29
        "actions_last_20_days": (3, 0, 0, 0),
        "action_change_20_days": (0, 0, 0, 0),
    },
    "engagement": {
        "sends_last_20_days": (2, 0, 0, 0),
        "opens_last_20_days": (2, 0, 0, 1),
        "clicks_last_20_days": (1, 0, 0, 2),
        "unsubscribes_last_20_days": (0, 0, 0, 0),
        # ann: 2 / 2 less 0 / 1 of 21 to 40 days ago
        "open_rate_change_20_days": (1, N, N, N),
    },
    "referral": {},
    "treatments": {"treatments_last_20_days": (3, 0, 0, 1)},
}
TEXTS = {"treatments": {"last_treatment": ("call", N, "letter", N)}}


@pytest.fixture(scope="module")
def features(connection, write_events):
    """Return a function from a family, a log and settings to its columns at the cutoff, by customer of the log."""

    def build(family, log, **settings):
        rows = [dict(zip(COLUMNS[family], row, strict=True)) for row in log]
        history = cut_history(write_events(connection, rows), (CUTOFF,))
        frame = BUILT_IN[family](history, FeatureSettings(**settings)).execute()
        assert (frame.pop("cutoff") == CUTOFF).all()
        assert not frame["customer_id"].duplicated().any()
        return frame.set_index("customer_id").reindex(sorted({row[0] for row in log}))

    return build


def assert_columns(frame, expected):
    for name, values in expected.items():
        wanted = np.array([np.nan if value is None else value for value in values], dtype=float)
        # entropies come from logs rounded to 12 decimals
        np.testing.assert_allclose(frame[name].to_numpy(dtype=float), wanted, rtol=1e-12, atol=0, err_msg=name)


def is_kept(name):
    """Return whether a column stays under the other settings: none of an action or channel that they do not name."""
    dropped = [set(CHOSEN[part]) - set(OTHER_SETTINGS[part]) for part in CHOSEN]
    return not any(as_name(each) in name for each in set.union(*dropped))


@pytest.mark.parametrize("family", list(EXPECTED))
def test_family(features, family):
    expected = {**EXPECTED[family], **EXPECTED_BY_DEFAULT[family]}
    frame = features(family, LOGS[family], **CHOSEN)
    texts = TEXTS.get(family, {})
    assert set(frame.columns) == {*expected, *texts}
    assert_columns(frame, expected)
    for name, values in texts.items():
        assert tuple(frame[name].astype(object).where(frame[name].notna(), None)) == values


@pytest.mark.parametrize("family", list(EXPECTED))
def test_family_with_other_settings(features, family):
    stays = {name: values for name, values in EXPECTED[family].items() if is_kept(name)}
    expected = {**stays, **EXPECTED_OTHERWISE[family]}
    frame = features(family, LOGS[family], **OTHER_SETTINGS)
    texts = TEXTS.get(family, {})
    assert set(frame.columns) == {*expected, *texts}
    assert_columns(frame, expected)
    for name, values in texts.items():
        assert tuple(frame[name].astype(object).where(frame[name].notna(), None)) == values


def test_every_family_of_optional_events_has_its_values_above():
    elsewhere = {"recency", "frequency", "money", "cadence", "trend", "calendar", "attributes", "purchase_history"}
    assert set(EXPECTED) == set(BUILT_IN) - elsewhere - {"contract"}


def test_a_repeated_item_is_one_bought_on_an_earlier_day(features):
    days = ["2024-02-01 09:00:00", "2024-02-01 18:00:00", "2024-02-03 09:00:00", "2024-02-03 09:00:00"]
    log = [("ann", day, "order", "tea", "drinks", "1.00", 1) for day in days]
    # nothing repeats within the first day; both lines of 3 February do
    assert_columns(features("basket", log), {"repeat_item_share": [0.5], "item_variety": [0.25], "items": [1]})


def test_one_name_has_an_entropy_of_exactly_nothing(features):
    orders = [("ann", "2024-02-01", "order", "tea", "drinks", "1.00", 1)] * 7
    assert features("basket", orders)["category_entropy"].tolist() == [0.0]
    actions = [("ann", "2024-02-01", "action", "view", "s1")] * 7
    assert features("journey", actions)["action_entropy"].tolist() == [0.0]


def test_a_basket_without_amounts_has_no_shares_of_money(features):
    log = [(*row[:5], N, row[6]) for row in LOGS["basket"]]
    frame = features("basket", log)
    assert frame[["top_category_spend_share", "discount_share"]].isna().all(axis=None)
    assert_columns(frame, {name: EXPECTED["basket"][name] for name in ("items", "category_entropy", "units_per_line")})


@pytest.mark.parametrize(
    ("name", "word"),
    [("view", "view"), ("Add to  Cart!", "add_to_cart"), ("_a__b_", "a_b"), ("Größe", "größe"), ("<b>[1]", "b_1")],
)
def test_a_name_as_part_of_a_column(name, word):
    assert as_name(name) == word


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (
            {"actions": ["view", "--"]},
            r"features\.actions holds '--', which has no letter or digit\.\n  -> write it as",
        ),
        ({"actions": ["a\0b"]}, r"features\.actions holds 'a\\x00b', which has a null byte\.\n  -> leave it out"),
        ({"channels": [""]}, r"features\.channels holds '', which has no letter or digit\."),
        (
            {"actions": ["view", "add-to-cart", "Add to cart"]},
            r"features\.actions holds 'Add to cart' beside 'add-to-cart'\.\n  -> their columns would both be",
        ),
        ({"channels": ["sms", "sms"]}, r"features\.channels holds 'sms' beside 'sms'\."),
    ],
)
def test_names_that_give_no_column_of_their_own(chosen, message):
    with pytest.raises(InputError, match=message):
        FeatureSettings(**chosen)
