"""What holds for the families of optional events on any log: order of rows, names as mere text, absent events."""

import io
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from churnclv.errors import InputError
from churnclv.features.families import BUILT_IN, present_families
from churnclv.features.families.purchase_history import HISTORY_COLUMNS
from churnclv.features.feature_table import NOT_FEATURES, TableDefinition, build_features
from churnclv.features.refund_history import REFUND_COLUMNS
from churnclv.features.settings import FeatureSettings
from churnclv.snapshots.settings import WindowSettings

CUTOFFS = (datetime(2024, 1, 15), datetime(2024, 3, 1))
FAMILIES = ("basket", "journey", "engagement", "referral", "treatments")
KINDS = (
    "order", "refund", "discount", "action", "send", "open", "click", "unsubscribe", "referral", "treatment", "holdout",
)  # fmt: skip
NAMES = {
    "item": ("view", "cart", "tea", "pot"),
    "category": ("drinks", "home", "garden"),
    "channel": ("email", "sms"),
    "session_id": ("s1", "s2", "s3"),
}
CHOSEN = {"actions": ["view", "cart"], "channels": ["email"], "lookback_days": [30]}


def parquet(frame):
    """Return the frame as the bytes of a Parquet file."""
    written = io.BytesIO()
    frame.to_parquet(written, index=False)
    return written.getvalue()


@pytest.fixture(scope="module")
def log():
    """A year of 20 customers with events of all kinds: equal moments, equal rows, amounts no float holds."""
    random = np.random.default_rng(5)
    size = 700
    customers = [f"c{number:02}" for number in range(20)]
    hours = 24 * random.integers(0, 366, size) + random.choice([0, 0, 8, 13, 23], size)
    columns = {
        "customer_id": random.choice(customers, size),
        "timestamp": datetime(2023, 3, 1) + pd.to_timedelta(hours, unit="h"),
        "kind": random.choice(KINDS, size, p=[0.3, 0.05, 0.05, 0.22, 0.12, 0.08, 0.04, 0.02, 0.04, 0.06, 0.02]),
        "amount": random.choice([".1", ".7", "1.1", "33.33", "1234567.89", "0"], size),
        "quantity": random.choice(["1", "2", "0.3", None], size),
        "other_id": random.choice([*customers, None], size),
        **{name: random.choice([*values, None], size) for name, values in NAMES.items()},
    }
    frame = pd.DataFrame(columns)
    return pd.concat([frame, frame.head(50)]).to_dict("records")


@pytest.fixture(scope="module")
def features_of(connection, write_events):
    """Return a function from rows to the feature table."""

    def features(rows, cutoffs=CUTOFFS, families=FAMILIES, **chosen):
        settings = FeatureSettings(families=list(families), **{**CHOSEN, **chosen})
        return build_features(write_events(connection, rows), "", TableDefinition(cutoffs, settings, WindowSettings()))

    return features


@pytest.fixture(scope="module")
def table(features_of, log):
    """The feature table of the log."""
    return features_of(log)


def features_alone(frame):
    return frame.drop(columns=[*NOT_FEATURES, *HISTORY_COLUMNS, *REFUND_COLUMNS])


def test_the_order_of_the_rows_changes_no_byte(features_of, log, table):
    assert len(table) == 2 * 20
    shuffled = [log[place] for place in np.random.default_rng(0).permutation(len(log))]
    assert parquet(features_of(shuffled)) == parquet(table)


def test_one_pass_is_the_sum_of_its_cutoffs(features_of, log, table):
    together = pd.concat([features_of(log, (cutoff,)) for cutoff in CUTOFFS])
    ordered = together.sort_values(["customer_id", "cutoff"], ignore_index=True)
    pd.testing.assert_frame_equal(ordered, table, check_exact=True)


def test_whole_days_change_nothing(features_of, log, table):
    shift = timedelta(days=400)
    later = [{**row, "timestamp": row["timestamp"] + shift} for row in log]
    shifted = features_of(later, tuple(cutoff + shift for cutoff in CUTOFFS))
    pd.testing.assert_frame_equal(shifted.drop(columns="cutoff"), table.drop(columns="cutoff"), check_exact=True)


HOSTILE = {
    "view": "'; DROP TABLE events; --",
    "cart": '<script>alert("1")</script>',
    "tea": "x" * 100_000,
    "pot": "\0",
    "drinks": "%_\\' || ''",
    "home": "NULL",
    "garden": "\u202e\U0001f9e8\n\r\t",
    "email": '{"a": [1]}$1 ? {{}} "',
    "sms": "a\0b",
    "s1": "' ",
    "s2": "''",
    "s3": "-1",
}


def test_hostile_names_are_only_text(features_of, log, table):
    renamed = [{name: HOSTILE.get(value, value) for name, value in row.items()} for row in log]
    chosen = {part: [HOSTILE[name] for name in CHOSEN[part]] for part in ("actions", "channels")}
    frame = features_of(renamed, **chosen)
    words = {"view": "drop_table_events", "cart": "script_alert_1_script", "email": "a_1_1"}
    expected = table.rename(columns=lambda name: _rename(name, words))
    of_texts = "last_treatment"  # the least of several at one moment, which other names change
    assert set(frame[of_texts].dropna()) <= set(HOSTILE.values())
    pd.testing.assert_frame_equal(frame.drop(columns=of_texts), expected.drop(columns=of_texts), check_exact=True)


def _rename(column, words):
    for name, word in words.items():
        for ending in (f"_named_{name}", f"_action_{name}", f"_with_{name}_share", f"_is_{name}", f"_by_{name}"):
            if column.endswith(ending):
                return column.removesuffix(ending) + ending.replace(name, word)
    return column


@pytest.mark.parametrize("name", ["a'b\\", "ä\U0001f9e8", "a\nb"])
def test_a_chosen_name_is_found_whatever_its_signs(features_of, name):
    rows = [
        {"customer_id": "ann", "timestamp": "2024-01-01", "kind": "action", "item": item}
        for item in (name, f"{name} ", "a", "b")
    ]
    rows.append({**rows[0], "kind": "order"})
    frame = features_of(rows, families=["journey"], actions=[name], lookback_days=[])
    assert features_alone(frame).filter(like="actions_named_").to_numpy().tolist() == [[1.0], [1.0]]


def test_longer_lookbacks_hold_no_less(features_of, log):
    days = [1, 7, 30, 90, 2000]
    frame = features_of(log, lookback_days=days)
    for name in ("items", "categories", "actions", "sends", "opens", "clicks", "treatments"):
        windows = frame[[f"{name}_last_{window}_days" for window in days]].to_numpy()
        assert (np.diff(windows, axis=1) >= 0).all()
        assert (windows[:, -1] == frame[name].to_numpy()).all()
        assert (windows[:, 0] < windows[:, -1]).any()
    # in the longest window every category is new
    assert (frame["new_category_share_last_2000_days"] == 1).all()


def test_shares_lie_between_0_and_1_and_entropies_below_the_log_of_their_number(table):
    shares = table[[name for name in table.columns if name.endswith("_share") or "_share_last" in name]]
    shares = shares.drop(columns=["return_unit_share", "return_line_share"])
    assert shares.shape[1] == 8
    known = shares.stack()  # noqa: PD013 # drops nothing but its index
    assert known.dropna().between(0, 1).all()
    for entropy, number in (("category_entropy", "categories"), ("action_entropy", "action_names")):
        assert (table[entropy] <= np.log(table[number]) + 1e-12).all()
        assert ((table[entropy] > 0) == (table[number] > 1)).all()
        assert (table[number] > 1).any()


def test_no_feature_is_infinite(table):
    assert not np.isinf(features_alone(table).select_dtypes("number").to_numpy()).any()


# --- absent events ---

ORDERS = ["recency", "frequency", "money", "cadence", "trend", "calendar"]
USUAL = FeatureSettings().families
UNTIL = datetime(2024, 3, 1)


def event(kind, **filled):
    return {"customer_id": "ann", "timestamp": "2024-02-01", "kind": kind, **filled}


@pytest.mark.parametrize(
    ("rows", "present"),
    [
        ([event("order")], [*ORDERS, "attributes"]),
        ([event("order", item="tea")], [*ORDERS, "attributes", "basket"]),
        ([event("order", category="drinks")], [*ORDERS, "attributes", "basket"]),
        ([event("order"), event("discount")], [*ORDERS, "attributes", "basket"]),
        # only an order's item makes a basket
        ([event("order"), event("refund", item="tea")], [*ORDERS, "attributes"]),
        ([event("order"), event("action", item="view")], [*ORDERS, "attributes", "journey"]),
        *[
            ([event("order"), event(kind)], [*ORDERS, "attributes", "engagement"])
            for kind in ("send", "open", "click", "unsubscribe")
        ],
        ([event("order"), event("referral", other_id="bob")], [*ORDERS, "attributes", "referral"]),
        ([event("order"), event("treatment", item="letter")], [*ORDERS, "attributes", "treatments"]),
        ([event("order"), event("holdout", item="none")], [*ORDERS, "attributes"]),
        ([event("contract_start", item="basic"), event("contract_end")], ["attributes", "contract"]),
        ([event("action")], ["attributes", "journey"]),
        ([], ["attributes"]),
    ],
    ids=str,
)
def test_absent_events_leave_families_out(connection, write_events, rows, present):
    assert present_families(write_events(connection, rows), USUAL, UNTIL) == present


def test_families_stay_in_the_order_in_which_they_are_named(connection, write_events):
    events = write_events(connection, [event("order", item="tea")])
    assert present_families(events, ["basket", "journey", "recency"], UNTIL) == ["basket", "recency"]


def test_own_families_stay_whatever_the_log_has(connection, write_events, tmp_path):
    events, mine = write_events(connection, [event("order")]), f"{tmp_path / 'own.py'}:mine"
    (tmp_path / "own.py").write_text("def mine(history, settings):\n    return history\n")
    assert present_families(events, ["journey", mine], UNTIL) == [mine]
    assert present_families(events, [mine], UNTIL) == [mine]


def test_a_log_with_nothing_for_the_named_families_is_told_so(connection, write_events):
    events = write_events(connection, [event("order")])
    message = r"the log has no events for journey, referral before 2024-03-01\.\n  -> name others; allowed are recency"
    with pytest.raises(InputError, match=message):
        present_families(events, ["journey", "referral"], UNTIL)


def test_every_built_in_family_but_attributes_says_what_it_needs():
    assert {name for name, family in BUILT_IN.items() if not family.needs} == {"attributes"}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_that_is_computed_without_its_events_is_empty_or_zero(features_of, family):
    frame = features_alone(features_of([event("order")], families=[family]))
    known = frame.iloc[-1].dropna()
    plain = {"basket": {"lines_per_purchase": 1.0}}.get(family, {})
    assert {name: value for name, value in known.items() if value != 0} == plain
