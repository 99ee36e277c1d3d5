"""What holds for any table of contracts, and that more tables leave the rest as it was; on simulated markets."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from churnclv.cli.app import train_config
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import Columns, CustomerKind, DataSettings, TableSettings
from churnclv.features.preparation import prepare
from churnclv.features.settings import FeatureSettings
from churnclv.files import PROJECT as ROOT
from churnclv.pipeline.settings import TrainConfig
from churnclv.snapshots.customer_kinds import label_windows, members
from churnclv.snapshots.cutoff_plan import make_plan
from churnclv.snapshots.history import cut_history
from churnclv.snapshots.settings import WindowSettings
from churnclv.testing.contract_market import ContractMarket, simulate_contracts
from churnclv.testing.market import Market, simulate

MARKET = ContractMarket(customers=400, months=14, birth_months=8, rise_chance=0.1)
USES = TableSettings(columns={"customer_id": "customer_id", "timestamp": "timestamp", "item": "action"}, kind="action")
READING = DataSettings(
    shape=CustomerKind.contractual,
    columns=Columns(timestamp="start", end="end", amount=None, price="price", plan="plan"),
    observed_until="2021-03-01",
    tables={"uses": USES},
)
WINDOWS = WindowSettings(horizon_months=1, step_months=1, n_cutoffs=8, n_folds=2)
FAMILIES = FeatureSettings(families=["contract", "attributes"])


def read(simulation):
    return read_events(connect(EngineSettings(threads=1)), READING, simulation.contracts, {"uses": simulation.events})


def snapshots_of(events):
    plan = make_plan(events.start, events.end, WINDOWS)
    return plan, prepare(events, plan.cutoffs, plan.sealed, FAMILIES, WINDOWS)


@pytest.fixture(scope="module")
def simulation():
    return simulate_contracts(MARKET, 1)


@pytest.fixture(scope="module")
def events(simulation):
    return read(simulation)


@pytest.fixture(scope="module")
def prepared(events):
    return snapshots_of(events)


def test_labels_are_what_the_simulator_did(simulation, prepared):
    plan, snapshots = prepared
    training = snapshots.training
    found = training.features[["customer_id", "cutoff"]].assign(churned=training.labels["churned"])
    sealed = snapshots.sealed[["customer_id", "cutoff"]].merge(snapshots.read_sealed_labels())
    both = pd.concat([found, sealed]).rename(columns={"cutoff": "month", "churned": "left"})
    true = simulation.truth[simulation.truth["month"].isin(plan.everything)][list(both.columns)]
    assert 30 < true["left"].sum() < len(true) / 10
    order = ["customer_id", "month"]
    pd.testing.assert_frame_equal(
        both.sort_values(order, ignore_index=True), true.sort_values(order, ignore_index=True), check_dtype=False
    )


def test_features_are_what_the_simulator_did(simulation, prepared):
    _, snapshots = prepared
    found = snapshots.training.features
    contracts = simulation.contracts
    first = contracts.groupby("customer_id")["start"].min()
    age = (found["cutoff"] - found["customer_id"].map(first)).dt.days
    assert (found["customer_age_days"] == age).all()
    assert (found["plan"] == found["customer_id"].map(contracts.groupby("customer_id")["plan"].first())).all()
    assert (found["contracts_before"] == found["plan_changes"]).all()  # each rise of price is a renewal
    assert (found["price_increases"] == found["plan_changes"]).all()
    assert (found["price_decreases"] == 0).all()
    price = found["customer_id"].map(contracts.groupby("customer_id")["price"].first())
    np.testing.assert_allclose(found["price"], price * (1.0 + found["price_change_share"]), rtol=1e-12)


def test_two_months_are_the_one_and_then_the_other(events):
    cutoffs = pd.date_range("2020-09-01", periods=2, freq="MS").to_pydatetime()

    def leavers(cutoff, months):
        windows = replace(WINDOWS, horizon_months=months)
        seen = members(cut_history(events.table, (cutoff,)), windows, CustomerKind.contractual)
        asked = seen.filter(seen.in_population)
        frame = label_windows(events.table, asked, (cutoff,), windows, CustomerKind.contractual).execute()
        return set(frame["customer_id"]), set(frame.loc[frame["churned"] == 1, "customer_id"])

    everyone, left = leavers(cutoffs[0], 2)
    _, first = leavers(cutoffs[0], 1)
    still, second = leavers(cutoffs[1], 1)
    assert left == first | (second & everyone)
    assert not first & still


def test_the_true_hazards_are_those_of_what_happens():
    truth = simulate_contracts(ContractMarket(customers=3000, months=18, actions=2.0), 4).truth
    left = truth["left"].to_numpy(dtype=float)
    for name in ("hazard", "own_hazard"):
        hazard = truth[name].to_numpy()
        spread = np.sqrt((hazard * (1.0 - hazard)).sum())
        assert abs(left.sum() - hazard.sum()) < 3.5 * spread  # a chance of 1 in 2,000 by luck
        high = hazard > np.quantile(hazard, 0.8)
        assert abs(left[high].sum() - hazard[high].sum()) < 3.5 * spread
        assert left[high].mean() > 2.0 * left[~high].mean()
    assert truth["own_hazard"].std() > truth["hazard"].std()


def test_who_stays_long_is_not_frail():
    truth = simulate_contracts(ContractMarket(customers=3000, months=18, birth_months=1, frailty=1.5), 4).truth
    late = truth[truth["month"] >= "2021-01-01"]
    hazard = late["hazard"].to_numpy()
    spread = np.sqrt((hazard * (1.0 - hazard)).sum())
    assert abs(late["left"].sum() - hazard.sum()) < 3.5 * spread


def test_without_frailty_everything_can_be_seen():
    truth = simulate_contracts(replace(MARKET, frailty=0.0), 2).truth
    np.testing.assert_allclose(truth["hazard"], truth["own_hazard"], rtol=1e-9)


def test_the_same_seed_gives_the_same_market(simulation):
    again, other = simulate_contracts(MARKET, 1), simulate_contracts(MARKET, 2)
    for name in ("contracts", "events", "truth"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(simulation, name), check_exact=True)
    assert not other.contracts.equals(simulation.contracts)


def test_the_order_of_rows_changes_no_byte(simulation, events, prepared):
    plan, expected = prepared
    shuffled = [frame.sample(frac=1.0, random_state=3) for frame in (simulation.contracts, simulation.events)]
    found = read(replace(simulation, contracts=shuffled[0], events=shuffled[1]))
    assert found.quality.fingerprint == events.quality.fingerprint
    again = snapshots_of(found)[1]
    for one, other in (
        (again.training.features, expected.training.features),
        (again.training.labels, expected.training.labels),
        (again.sealed, expected.sealed),
    ):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert snapshots_of(found)[0] == plan


# --- more tables beside a log of orders ---


@pytest.fixture(scope="module")
def beside():
    """The same orders read alone, with another table beside them, and with one row of that table changed."""
    log = simulate(Market(customers=60, days=400, birth_days=100), 5).log
    uses = pd.DataFrame({"customer_id": [*log["customer_id"][:200], "zoe"], "action": "view"})
    uses["timestamp"] = pd.date_range("2008-01-01", periods=len(uses), freq="9D")
    towns = pd.DataFrame({"customer_id": log["customer_id"].unique(), "town": "Rome"})
    tables = {"uses": USES, "towns": TableSettings(attributes={"town": "town"})}

    def reading(declared, **frames):
        settings = DataSettings(tables={name: tables[name] for name in declared})
        return read_events(connect(EngineSettings(threads=1)), settings, log, frames)

    other = uses.assign(action=["buy", *uses["action"][1:]])
    return [
        reading([]),
        reading(["uses", "towns"], uses=uses, towns=towns),
        reading(["uses", "towns"], uses=other, towns=towns),
    ]


def test_other_tables_leave_orders_as_they_were(beside):
    windows = WindowSettings(horizon_days=60, n_cutoffs=3, n_folds=1)
    families = FeatureSettings(families=["recency", "frequency", "money", "cadence", "trend", "calendar"])
    alone, both = ((events, make_plan(events.start, events.end, windows)) for events in beside[:2])
    assert alone[1] == both[1]
    first, second = (prepare(events, plan.cutoffs, plan.sealed, families, windows) for events, plan in (alone, both))
    pd.testing.assert_frame_equal(second.training.features, first.training.features, check_exact=True)
    pd.testing.assert_frame_equal(second.training.labels, first.training.labels, check_exact=True)
    pd.testing.assert_frame_equal(second.read_sealed_labels(), first.read_sealed_labels(), check_exact=True)
    pd.testing.assert_frame_equal(second.daily, first.daily, check_exact=True)
    for name in ("rows_read", "rows_kept", "customers", "orders", "first_event", "last_event", "faults"):
        assert getattr(both[0].quality, name) == getattr(alone[0].quality, name)
    assert (both[0].start, both[0].end) == (alone[0].start, alone[0].end)


def test_fingerprints_tell_what_other_tables_hold(beside):
    prints = [events.quality.fingerprint for events in beside]
    assert len(set(prints)) == 3
    assert beside[1].tables["towns"].fingerprint == beside[2].tables["towns"].fingerprint
    assert beside[1].tables["uses"].fingerprint != beside[2].tables["uses"].fingerprint


# --- configuration ---


@pytest.mark.parametrize(
    ("data", "paths"),
    [
        ("subscriptions", ["data.path=a.csv"]),
        (
            "telco_contracts",
            ["data.path=a.csv", *(f"data.tables.{n}.path=b.csv" for n in ("personal", "internet", "phone"))],
        ),
    ],
)
def test_the_configurations_of_contracts_compose(data, paths):
    ConfigStore.instance().store(name="train_schema", node=TrainConfig)
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        composed = compose("train", [f"data={data}", "windows=monthly", *paths])
    config = OmegaConf.to_object(composed)
    assert config.data.shape is CustomerKind.contractual
    assert all(isinstance(table, TableSettings) for table in config.data.tables.values())
    assert (config.windows.horizon_months, config.windows.in_months) == (1, True)
    assert train_config(config.as_dict()) == config
