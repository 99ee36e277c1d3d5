"""What holds for the feature table of any log: order, threads, shifts in time, identities, the cache, own families."""

import importlib.util
import io
import os
import subprocess
import sys
import warnings
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.settings import Refunds
from churnclv.errors import InputError
from churnclv.features.families import BUILT_IN
from churnclv.features.feature_table import TableDefinition, build_features, compute_features, feature_table
from churnclv.features.model_columns import model_columns
from churnclv.features.settings import FeatureSettings
from churnclv.snapshots.settings import WindowSettings

CUTOFFS = (datetime(2024, 1, 15), datetime(2024, 3, 1))
WINDOWS = WindowSettings()
OPTIONAL = ("basket", "journey", "engagement", "referral", "treatments", "contract")  # whose events this log lacks
OF_ORDERS = tuple(name for name in BUILT_IN if name not in OPTIONAL)
ALL = FeatureSettings(families=list(OF_ORDERS))


def parquet(frame):
    """Return the frame as the bytes of a Parquet file."""
    written = io.BytesIO()
    frame.to_parquet(written, index=False)
    return written.getvalue()


@pytest.fixture(scope="module")
def log():
    """Two years of 40 customers: amounts that binary fractions cannot hold, equal timestamps, equal rows, refunds."""
    random = np.random.default_rng(7)
    size = 400
    hours = 24 * random.integers(0, 745, size) + random.choice([0, 0, 8, 13, 23], size)
    kinds = random.choice(["order", "refund"], size, p=[0.9, 0.1])
    prices = random.choice([".1", ".7", "1.1", "33.33", "1234567.89", "0"], size)
    frame = pd.DataFrame(
        {
            "customer_id": random.choice([f"c{number:02}" for number in range(40)], size),
            "timestamp": datetime(2022, 3, 1) + pd.to_timedelta(hours, unit="h"),
            "kind": kinds,
            "amount": [f"-{price}" if kind == "refund" else price for price, kind in zip(prices, kinds, strict=True)],
            "quantity": random.choice(["1", "2", "0.3"], size),
            "order_id": random.choice(["7", "8", "9"], size),
        }
    )
    return pd.concat([frame, frame.head(50)]).to_dict("records")


@pytest.fixture(scope="module")
def features_of(connection, write_events):
    """Return a function from rows to the feature table."""

    def features(rows, cutoffs=CUTOFFS, settings=ALL):
        return build_features(write_events(connection, rows), "", TableDefinition(cutoffs, settings, WINDOWS))

    return features


@pytest.fixture(scope="module")
def table(features_of, log):
    """The feature table of the log."""
    return features_of(log)


def test_a_query_that_was_compiled_before_gives_the_table_of_any_log_and_cutoffs(connection, write_events, log):
    for rows, cutoffs in ((log, CUTOFFS), (log[::2], CUTOFFS[:1]), (log, (CUTOFFS[1] - timedelta(microseconds=1),))):
        definition = TableDefinition(cutoffs, ALL, WINDOWS)
        compiled = compute_features(write_events(connection, rows), definition)
        itself = feature_table(connection.table("events"), definition).execute()
        assert len(compiled) > 20
        kinds = {name: compiled[name].dtype for name in compiled.columns}
        pd.testing.assert_frame_equal(compiled, itself.astype(kinds), check_exact=True)


IN_A_PROCESS = """
import sys
from datetime import datetime
from pathlib import Path
import pandas as pd
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import DataSettings
from churnclv.features.feature_table import TableDefinition, build_features
from churnclv.features.settings import FeatureSettings
from churnclv.snapshots.settings import WindowSettings

days = ["2024-01-01", "2024-01-05", "2024-02-01"]
log = pd.DataFrame({"customer_id": ["a", "b", "a"], "timestamp": days, "amount": "9"})
events = read_events(connect(EngineSettings(threads=1)), DataSettings(), log)
definition = TableDefinition((datetime(2024, 3, 1),), FeatureSettings(), WindowSettings())
build_features(events.table, events.quality.fingerprint, definition, Path(sys.argv[1]))
"""


@pytest.mark.slow
def test_every_process_has_the_same_key_of_the_cache(tmp_path):
    for seed in ("1", "2"):  # of the order of sets
        words = [sys.executable, "-c", IN_A_PROCESS, str(tmp_path / "cache")]
        subprocess.run(words, check=True, env={**os.environ, "PYTHONHASHSEED": seed})
    (made,) = (tmp_path / "cache").iterdir()
    assert made.suffix == ".parquet"


def test_other_settings_are_another_query(connection, write_events, log):
    events = write_events(connection, log)
    tables = [
        compute_features(events, TableDefinition(CUTOFFS, FeatureSettings(families=families), windows, refunds=refunds))
        for families, windows, refunds in (
            (list(OF_ORDERS), WINDOWS, Refunds.net),
            (list(OF_ORDERS)[:3], WINDOWS, Refunds.net),
            (list(OF_ORDERS), WindowSettings(active_days=30), Refunds.net),
            (list(OF_ORDERS), WINDOWS, Refunds.gross),
        )
    ]
    first, *others = map(parquet, tables)
    assert all(other != first for other in others)


def test_the_order_of_the_rows_changes_no_byte(features_of, log, table):
    expected = parquet(table)
    assert len(table) == 2 * 40
    for seed in range(4):
        shuffled = [log[place] for place in np.random.default_rng(seed).permutation(len(log))]
        assert parquet(features_of(shuffled)) == expected
    assert parquet(features_of(log[::-1])) == expected


def test_rows_are_ordered_by_customer_and_cutoff(table, features_of, log):
    keys = list(zip(table["customer_id"], table["cutoff"], strict=True))
    assert keys == sorted(set(keys))
    assert parquet(features_of(log, cutoffs=CUTOFFS[::-1])) == parquet(table)


GENERATED = """
    CREATE OR REPLACE TABLE events AS
    SELECT 'c' || (hash(i) % 5000)::varchar AS customer_id,
        TIMESTAMP '2022-03-01' + to_minutes((hash(i + 1) % 1080000)::int) AS timestamp,
        CASE WHEN hash(i + 2) % 20 = 0 THEN 'refund' ELSE 'order' END AS kind,
        ((hash(i + 3) % 1000000) / 100.0)::decimal(18, 4) AS amount,
        (hash(i + 4) % 5)::decimal(18, 4) AS quantity,
        NULL::varchar AS order_id, NULL::varchar AS item, NULL::varchar AS category, NULL::varchar AS channel,
        NULL::varchar AS session_id, NULL::varchar AS other_id
    FROM range(400000) AS numbers(i) ORDER BY hash(i + {seed})
"""  # four of the engine's row groups, so that four threads have work


@pytest.mark.slow
def test_the_number_of_threads_changes_no_byte():
    written = set()
    for threads, seed in ((1, 10), (4, 10), (4, 11)):
        own = connect(EngineSettings(threads=threads))
        own.con.execute(GENERATED.format(seed=seed))
        frame = build_features(own.table("events"), "", TableDefinition(CUTOFFS, ALL, WINDOWS))
        assert len(frame) == 2 * 5000
        written.add(parquet(frame))
        own.disconnect()
    assert len(written) == 1


@pytest.mark.parametrize("weeks", [1, 26, 105])
def test_whole_weeks_change_only_the_months(features_of, log, table, weeks):
    shift = timedelta(weeks=weeks)
    later = [{**row, "timestamp": row["timestamp"] + shift} for row in log]
    shifted = features_of(later, tuple(cutoff + shift for cutoff in CUTOFFS))
    assert (shifted["cutoff"] - table["cutoff"] == shift).all()
    changed = [name for name in table.columns if name.startswith("month_")]
    assert len(changed) == 13
    pd.testing.assert_frame_equal(
        shifted.drop(columns=["cutoff", *changed]), table.drop(columns=["cutoff", *changed]), check_exact=True
    )
    assert not shifted[changed].equals(table[changed])


def test_one_pass_is_the_sum_of_its_cutoffs(features_of, log, table):
    alone = [features_of(log, (cutoff,)) for cutoff in CUTOFFS]
    together = pd.concat(alone).sort_values(["customer_id", "cutoff"], ignore_index=True)
    pd.testing.assert_frame_equal(together, table, check_exact=True)


def test_a_customer_depends_on_no_other(features_of, log, table):
    alone = features_of([row for row in log if row["customer_id"] == "c03"])
    same = table[table["customer_id"] == "c03"].reset_index(drop=True)
    assert len(same) == 2
    pd.testing.assert_frame_equal(alone, same, check_exact=True)


def test_shares_add_up_to_one(table):
    for group, size in (("weekday_", 7), ("hours_", 4), ("month_", 12)):
        shares = table[[name for name in table.columns if name.startswith(group) and name.endswith("_share")]]
        assert shares.shape[1] == size
        np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-14)
        entropy = table[f"{group}entropy"]
        assert entropy.between(0, np.log(size) + 1e-12).all()
        assert ((entropy == 0) == (shares.max(axis=1) == 1)).all()
    np.testing.assert_allclose(
        table["weekend_share"], table["weekday_saturday_share"] + table["weekday_sunday_share"], rtol=1e-14
    )


def test_longer_lookbacks_hold_no_less(features_of, log):
    days = [1, 7, 30, 31, 90, 365, 2000]
    frame = features_of(log, settings=FeatureSettings(families=["frequency", "money"], lookback_days=days))
    for name, total in (("purchases", "purchases"), ("spend", "spend")):
        windows = frame[[f"{name}_last_{window}_days" for window in days]].to_numpy()
        assert (np.diff(windows, axis=1) >= 0).all()
        # the last lookback holds everything
        assert (windows[:, -1] == frame[total].to_numpy()).all()
        assert (windows[:, 0] < windows[:, -1]).any()


def test_the_same_fact_in_two_families_agrees(table):
    assert (table["repeat_purchases"] + 1 == table["purchases"]).all()
    assert (table["age_days"] + 1 == table["days_since_first_purchase"]).all()
    span = table["days_since_first_purchase"] - table["days_since_last_purchase"]
    assert (table["last_purchase_age_days"] == span).all()
    repeated = table[table["repeat_purchases"] >= 1]
    assert len(repeated) > 50
    last_gap = repeated["days_since_purchase_before_last"] - repeated["days_since_last_purchase"]
    assert (repeated["last_gap_days"] == last_gap).all()
    np.testing.assert_allclose(
        repeated["mean_gap_days"] * repeated["repeat_purchases"], repeated["last_purchase_age_days"], rtol=1e-14
    )
    # a log is concave: the gaps' logs add up to at most their number times the log of the mean gap (Jensen)
    at_most = repeated["repeat_purchases"] * np.log(repeated["mean_gap_days"])
    assert (repeated["log_gap_days_sum"] <= at_most + 1e-9).all()
    once = repeated[repeated["repeat_purchases"] == 1]
    assert (table.loc[table["repeat_purchases"] == 0, "log_gap_days_sum"] == 0).all()
    np.testing.assert_allclose(once["log_gap_days_sum"], np.log(once["last_gap_days"]), rtol=0, atol=1e-12)
    np.testing.assert_allclose(table["mean_spend"] * table["purchases"], table["spend"], rtol=1e-14)
    # half the purchases of k half-lives ago count 2**-k, so decayed counts lie between 0 and the count
    assert table["decayed_purchases_30_days"].between(0, table["purchases"]).all()
    assert (table["decayed_purchases_30_days"] <= table["decayed_purchases_90_days"]).all()


def test_no_feature_is_infinite(table):
    values = table[model_columns(table.columns, ALL.families)].to_numpy()
    assert not np.isinf(values).any()


def read_cdnow(every):
    """Return the purchases of one of so many customers of the embedded CDNOW log; the package is not imported."""
    folder = Path(importlib.util.find_spec("lifetimes").origin).parent
    columns = ["customer_id", "timestamp", "quantity", "amount"]
    frame = pd.read_csv(folder / "datasets" / "CDNOW_master.txt", sep=r"\s+", skiprows=1, names=columns, dtype=str)
    chosen = frame[frame["customer_id"].astype(int) % every == 1].copy()
    chosen["timestamp"] = pd.to_datetime(chosen["timestamp"], format="%Y%m%d")
    return chosen.assign(kind="order")


@pytest.mark.slow
@pytest.mark.parametrize("cutoff", [datetime(1997, 10, 1), datetime(1998, 7, 1)])
def test_purchase_history_agrees_with_the_lifetimes_package(features_of, cutoff):
    log = read_cdnow(every=78)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifetimes.utils import summary_data_from_transaction_data

        expected = summary_data_from_transaction_data(
            log.assign(amount=log["amount"].astype(float))[["customer_id", "timestamp", "amount"]],
            "customer_id",
            "timestamp",
            monetary_value_col="amount",
            observation_period_end=cutoff - timedelta(days=1),
        ).sort_index()
    found = features_of(log.to_dict("records"), (cutoff,)).set_index("customer_id")
    assert len(expected) == 303
    assert list(found.index) == list(expected.index)
    assert (found["repeat_purchases"] == expected["frequency"]).all()
    assert (found["last_purchase_age_days"] == expected["recency"]).all()
    assert (found["age_days"] == expected["T"]).all()
    np.testing.assert_allclose(found["mean_repeat_spend"], expected["monetary_value"], rtol=1e-13)
    days = log[log["timestamp"] < cutoff].drop_duplicates(["customer_id", "timestamp"])
    gaps = days.sort_values(["customer_id", "timestamp"]).groupby("customer_id")["timestamp"].diff().dt.days
    logs = np.log(gaps).groupby(days["customer_id"]).sum().reindex(found.index)  # none counts as 0
    np.testing.assert_allclose(found["log_gap_days_sum"], logs, rtol=0, atol=1e-10)


# --- the cache ---

SMALL = [
    {"customer_id": customer, "timestamp": moment, "kind": "order", "amount": "0.10"}
    for customer, moment in [("ann", "2024-01-01"), ("ann", "2024-02-01 10:00"), ("bob", "2024-02-29")]
]

CUSTOM = '''
"""A user's own family."""


def orders(history, settings):
    """Return the number of order lines."""
    return history.group_by(["customer_id", "cutoff"]).agg(own_lines=history.count())
'''


@pytest.fixture
def cached(connection, write_events, tmp_path):
    """Return a function that builds features through a cache, and its folder."""
    events = write_events(connection, SMALL)

    def build(families=("recency",), fingerprint="a", cutoffs=CUTOFFS, windows=WINDOWS, **chosen):
        settings = FeatureSettings(families=list(families), **chosen)
        return build_features(events, fingerprint, TableDefinition(cutoffs, settings, windows), tmp_path / "cache")

    return build, tmp_path / "cache"


def test_the_cache_returns_what_was_computed(cached, features_of):
    build, folder = cached
    first = build(families=OF_ORDERS)
    second = build(families=OF_ORDERS)
    assert len(list(folder.iterdir())) == 1
    pd.testing.assert_frame_equal(second, first, check_exact=True)
    pd.testing.assert_frame_equal(features_of(SMALL), first, check_exact=True)


def test_the_second_call_reads_the_file(cached):
    build, folder = cached
    frame = build()
    (path,) = folder.iterdir()
    frame.assign(days_since_last_purchase=-1.0).to_parquet(path, index=False)
    assert (build()["days_since_last_purchase"] == -1).all()


@pytest.mark.parametrize(
    "change",
    [
        {"fingerprint": "b"},
        {"families": ("frequency", "recency")},
        {"cutoffs": CUTOFFS[:1]},
        {"windows": WindowSettings(active_days=7)},
        {"windows": WindowSettings(min_purchases=2)},
        {"lookback_days": [30]},
        {"half_life_days": [7]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_changes_the_table_changes_the_key(cached, change):
    build, folder = cached
    usual = {"families": ("frequency", "trend")}
    build(**usual)
    build(**{**usual, **change})
    assert len(list(folder.iterdir())) == 2


def test_an_edited_family_changes_the_key(cached, tmp_path):
    build, folder = cached
    own = tmp_path / "own.py"
    own.write_text(CUSTOM, encoding="utf-8")
    assert build(families=(f"{own}:orders",))["own_lines"].tolist() == [1, 2, 1]
    # a comment alone: the same query, another file
    own.write_text(CUSTOM + "\n# edited\n", encoding="utf-8")
    build(families=(f"{own}:orders",))
    assert len(list(folder.iterdir())) == 2
    own.write_text(CUSTOM.replace("history.count()", "history.count() * 10"), encoding="utf-8")
    assert build(families=(f"{own}:orders",))["own_lines"].tolist() == [10, 20, 10]


# --- a user's own family ---


@pytest.fixture
def build_own(features_of, tmp_path):
    """Return a function that builds features with an own family whose body is given."""

    def build(body, *others):
        path = tmp_path / "own family.py"
        text = f"import ibis\n\nKEYS = ['customer_id', 'cutoff']\n\n\ndef own(history, settings):\n    {body}\n"
        path.write_text(text, encoding="utf-8")
        settings = FeatureSettings(families=[*others, f"{path}:own"])
        return features_of(SMALL, settings=settings), settings

    return build


def test_an_own_family_stands_beside_the_built_in_ones(build_own):
    body = "return history.filter(history.customer_id == 'ann').group_by(KEYS).agg(own_sum=history.amount.sum())"
    frame, settings = build_own(body, "frequency")
    assert model_columns(frame.columns, settings.families)[-1] == "own_sum"
    np.testing.assert_array_equal(frame["own_sum"], [0.1, 0.2, np.nan])
    assert frame["own_sum"].dtype == np.float64


def test_booleans_become_numbers(build_own):
    frame, _ = build_own("return history.group_by(KEYS).agg(own_many=history.count() > 1)")
    assert frame["own_many"].tolist() == [0.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "return history.group_by(KEYS).agg(purchases=history.count())",
            r"own: repeats columns \['purchases'\]\.\n  -> give them names of their own\.",
        ),
        (
            "return history.group_by(KEYS).agg(in_population=history.count())",
            r"own: repeats columns \['in_population'\]\.\n  -> give them names of their own\.",
        ),
        (
            "return history.group_by('customer_id').agg(own=history.count())",
            r"own: its result lacks the keys \('customer_id', 'cutoff'\)\.\n  -> group_by\(\['customer_id', 'cut",
        ),
        ("return history.count()", r"own: its result lacks the keys"),
        ("return None", r"own: its result lacks the keys"),
        (
            "return history.select(*KEYS, own=history.amount)",
            r"several rows per customer and cutoff\.\n  -> group by both keys\.",
        ),
        *(
            (
                f"return history.group_by(KEYS).agg(own_good=history.count(), own_bad={value})",
                r"own: columns \['own_bad'\] are neither numbers nor text\.\n  -> a family returns numbers, or text",
            )
            for value in (
                "history.timestamp.max()",
                "history.timestamp.date().max()",
                "history.amount.collect()",
                "history.timestamp.max() - history.timestamp.min()",
            )
        ),
    ],
)
def test_an_own_family_at_fault_is_told_how_to_mend_it(build_own, body, message):
    with pytest.raises(InputError, match=message):
        build_own(body, "frequency")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("recencey", r"unknown family 'recencey'\.\n  -> allowed are recency, frequency, money, cadence, trend"),
        ("own.txt:own", "unknown family 'own.txt:own'"),
        ("missing.py:own", r"missing\.py: no such Python file\.\n  -> check the path"),
    ],
)
def test_unknown_families(features_of, name, message):
    with pytest.raises(InputError, match=message):
        features_of(SMALL, settings=FeatureSettings(families=[name]))


def test_a_file_without_the_function(features_of, tmp_path):
    path = tmp_path / "own.py"
    path.write_text(CUSTOM, encoding="utf-8")
    with pytest.raises(InputError, match=r"own\.py has no function 'order'\.\n  -> allowed are"):
        features_of(SMALL, settings=FeatureSettings(families=[f"{path}:order"]))


def test_a_family_named_twice_counts_once(features_of, table, log):
    twice = features_of(log, settings=FeatureSettings(families=[*OF_ORDERS, "recency", "purchase_history"]))
    pd.testing.assert_frame_equal(twice, table, check_exact=True)
