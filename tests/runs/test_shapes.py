"""What the commands do with contracts and with a labelled table: train, export, score, each in a home of its own."""

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import pandas as pd
import pytest

from churnclv.bundle.loading import load_bundle
from churnclv.bundle.scorer import Scorer
from churnclv.churn.ensemble import ChurnModel
from churnclv.errors import InputError
from churnclv.evaluation.metrics import auc, plain
from churnclv.testing.contract_market import ContractMarket, simulate_contracts
from churnclv.tracking.home import Home
from churnclv.tracking.sink import client

pytestmark = pytest.mark.slow
SMALL = ["tuning.n_trials=2", "churn.threads=1", "churn.max_rounds=40", "churn.bags=1", "windows.open_seal=true"]
FIGURES = [f"{when}_{name}" for when in ("valid", "test") for name in ("calibration", "churn_gain", "profit")]
NEXT_ORDER = [f"expected_next_order{end}" for end in ("", "_low", "_high")]
TEXTS = ["segment", "action", "reason_1", "reason_2", "reason_3", "risk_band", *NEXT_ORDER]
OF_ORDERS = ["expected_purchases", "expected_spend", "p_alive", "segment"]
BOUNDS = [f"{name}_{side}" for name in ("expected_purchases", "expected_spend") for side in ("low", "high")]


@dataclass(frozen=True)
class Story:
    """A shop after training and export: what was printed, the one run, and the folder of its artefacts."""

    shop: object
    printed: str
    exported: str
    run: object
    artefacts: Path

    @property
    def page(self) -> str:
        return (self.artefacts / "summary.md").read_text()

    @property
    def bundle(self) -> Path:
        return Path(self.exported.splitlines()[0])

    def score(self, output: str, *words: str) -> pd.DataFrame:
        """Score by the command."""
        self.shop.run("score", f"output={output}", *words)
        return pd.read_csv(self.shop.folder / output, dtype={"customer_id": str})

    def tables(self, **others: Path) -> dict[str, str]:
        """Return the paths of the further tables that the bundle reads, which it does not keep itself."""
        names = load_bundle(self.bundle).specification.data.tables
        return {name: str(others.get(name, self.shop.folder / f"{name}.csv")) for name in names}

    def ask(self, path: Path, as_of: str | None = None, language: str = "en", **tables: Path) -> pd.DataFrame:
        """Score in this process, by customer."""
        scorer = load_bundle(self.bundle)
        known = scorer.read(path, tables=self.tables(**tables), as_of=as_of)
        return scorer.score(scorer.features(known, as_of), language).set_index("customer_id")


def live_through(shop, *words: str) -> Story:
    """Train and export."""
    printed = shop.run("train", *words, *SMALL).stdout
    exported = shop.run("export").stdout
    mlflow = client(Home(shop.home))
    found = mlflow.search_runs([e.experiment_id for e in mlflow.search_experiments()], "tags.kind = 'train'")
    (run,) = found
    experiment = mlflow.get_experiment(run.info.experiment_id).name
    return Story(shop, printed, exported, run, Home(shop.home).artifacts / experiment / run.info.run_id / "artifacts")


# --- contracts, a table of attributes and one of events ---

MARKET = ContractMarket(
    customers=900,
    months=14,
    birth_months=10,
    actions=3.0,
    use_effect=1.2,
    plans={"basic": (10.0, 0.8), "plus": (25.0, 0.0), "family": (40.0, -0.8)},
)
MONTHS = ["data=subscriptions", "windows=monthly", "data.observed_until=2021-03-01", "data.columns.plan=plan"]
USES = "{customer_id: customer_id, timestamp: timestamp, item: action}"
SOME_CUSTOMER = re.compile(rb"C00\d{5}")


def words(shop) -> list[str]:
    """Return the arguments that train on the contracts and the two tables beside them."""
    people = f"{{path: '{shop.folder / 'people.csv'}', columns: {{customer_id: who}}, attributes: {{town: town}}}}"
    uses = f"{{path: '{shop.folder / 'uses.csv'}', columns: {USES}, kind: action}}"
    return [*MONTHS, f"data.path={shop.log}", f"+data={{tables: {{people: {people}, uses: {uses}}}}}"]


@pytest.fixture(scope="module")
def contracts(open_shop) -> Story:
    shop = open_shop("contracts", "contracts.csv")
    market = simulate_contracts(MARKET, 1)
    table = market.contracts.assign(price=market.contracts["price"].where(np.arange(len(market.contracts)) % 40 > 0))
    table.to_csv(shop.log, index=False)
    market.events.to_csv(shop.folder / "uses.csv", index=False)
    ids = np.unique(table["customer_id"])[30:]  # thirty are not in it
    towns = np.array(["Udine", "Trieste", "Gorizia"])[np.arange(len(ids)) % 3]
    pd.DataFrame({"who": ids, "town": towns}).to_csv(shop.folder / "people.csv", index=False)
    return live_through(shop, *words(shop))


@pytest.fixture(scope="module")
def contract_scores(contracts) -> pd.DataFrame:
    return contracts.score("scores.csv", f"input={contracts.shop.log}", "as_of=2021-03-01", "language=it")


def test_a_run_on_contracts_says_what_it_read_and_found(contracts):
    for phrase in (
        "contracts, ",
        "rows: each has no price [kept]",
        "people: 870 rows read = 870 kept",
        "uses: ",
        "horizon 1 month of the calendar; 3 training cutoffs 2020-11-01 to 2021-01-01",
        "sealed test at 2021-02-01",
        "Churn within 28 days",
        "> score",
        "  btyd",
        "  survival_by_age",
        "profit: per customer",
        "calibration: ",
        "Signs of leaving",
        "Survival of contracts (shifted beta geometric)",
        "Checks",
        "opened by 1 different run(s)",
    ):
        assert phrase in contracts.page, phrase
    assert "recency_rule" not in contracts.page
    assert "n/a" not in contracts.page
    text = " ".join(contracts.printed.split())
    for phrase in (
        "contracts, ",
        "sealed test at 2021-02-01",
        "Churn within 28 days",
        "the best BTYD score here",
        "Checks: ",
        "opened by 1 different run(s)",
        "make export",
    ):
        assert phrase in text, phrase
    assert max(map(len, contracts.printed.splitlines())) <= 80
    assert "n/a" not in contracts.printed
    assert contracts.printed.strip() == (contracts.artefacts / "summary.txt").read_text().strip()


def test_a_run_on_contracts_keeps_figures_checks_and_predictions(contracts):
    check_records(contracts, "contractual")
    check_model(contracts, contracts.shop.log)
    assert {"contractual.json", "retention.json", "churn.json"} <= {
        p.name for p in (contracts.artefacts / "model").iterdir()
    }
    valid, test = (
        pd.read_parquet(contracts.artefacts / "predictions" / f"{when}.parquet") for when in ("valid", "test")
    )
    assert valid["cutoff"].nunique() == 2
    assert set(test["cutoff"]) == {"2021-02-01 00:00:00"}
    for table in (valid, test):
        assert {"customer", "churned", "churn.score", "churn.survival_by_age", "churn.base_rate"} <= set(table.columns)
    recorded = contracts.run.data.metrics["test.churn.auc"]
    assert plain(auc, test["churned"], test["churn.score"]) == pytest.approx(recorded)


def check_records(story: Story, shape: str) -> None:
    run = story.run
    assert run.info.status == "FINISHED"
    assert run.data.tags["data.shape"] == shape
    assert run.data.tags["seal.openings"] == "1"
    assert sum(name.startswith("check.C") for name in run.data.tags) == 9
    for when in ("valid", "test"):
        for name in ("auc", "log_loss", "average_precision", "brier", "profit"):
            figure, low, high = (run.data.metrics[f"{when}.churn.{name}{end}"] for end in ("", "_low", "_high"))
            assert low <= figure <= high, (when, name)
    for path in (
        "checks.md",
        "choices.json",
        "config.yaml",
        "quality.md",
        "summary.txt",
        "summary.md",
        "metrics.json",
        "signs.md",
        "model/churn.json",
    ):
        assert (story.artefacts / path).is_file(), path
    assert (story.artefacts / "checks.md").read_text().count("\n- C") == 9
    for name in FIGURES:
        assert (story.artefacts / "figures" / f"{name}.svg").read_text().lstrip().startswith("<?xml"), name
    assert len(run.data.metrics) <= 80
    assert len(run.data.params) <= 60
    model = ChurnModel.load(story.artefacts / "model")
    assert sum(model.choice.weights.values()) == pytest.approx(1.0)


def check_model(story: Story, events: Path | pd.DataFrame) -> None:
    """Load the run's model from where MLflow's page of models has it, and score raw events."""
    (model,) = client(Home(story.shop.home)).search_logged_models([story.run.info.experiment_id])
    assert {metric.key: metric.value for metric in model.metrics} == story.run.data.metrics
    folder = Path(urlparse(model.artifact_location).path.replace("%20", " "))
    scorer = Scorer(folder / "artifacts" / "bundle")
    read = scorer.read(events, tables=story.tables())
    scores = scorer.score(scorer.features(read))
    assert scores["churn_score"].dropna().between(0.0, 1.0).all()
    assert scores["churn_score"].notna().sum() > 100


def test_no_customer_of_the_contracts_leaves_the_data(contracts):
    home = contracts.shop.home
    for path in [
        *(home / "artifacts").rglob("*"),
        home / "mlflow.db",
        home / "optuna.db",
        *(home / "seals").rglob("*"),
    ]:
        if path.is_file():
            assert not SOME_CUSTOMER.search(path.read_bytes()), path
    mlflow = client(Home(home))
    for run in mlflow.search_runs([e.experiment_id for e in mlflow.search_experiments()], max_results=100):
        told = " ".join([*run.data.tags.values(), *run.data.params.values()])
        assert not SOME_CUSTOMER.search(told.encode()), run.info.run_id


def test_no_customer_of_the_contracts_is_in_the_bundle(contracts):
    for path in contracts.bundle.rglob("*"):
        if path.is_file():
            assert not SOME_CUSTOMER.search(path.read_bytes()), path


def test_one_subscriber_has_a_page_without_orders(contracts, contract_scores):
    inside = contract_scores[contract_scores["in_population"]]
    who = inside.sort_values("churn_score").iloc[-1]
    words = [f"input={contracts.shop.log}", f"id={who.customer_id}", "as_of=2021-03-01"]
    printed = contracts.shop.run("customer", *words).stdout
    assert f"{who.churn_score:.1%} within 31 days" in printed
    assert f"{who.clv:,.2f} [" in " ".join(printed.split())
    assert "Next order" not in printed
    assert " instead of " not in printed  # what-if is of orders
    gone = contract_scores[~contract_scores["in_population"]].iloc[0]
    printed = contracts.shop.run("customer", words[0], f"id={gone.customer_id}", words[2]).stdout
    assert "none: not in the population" in printed


def test_one_row_of_a_table_has_a_page_without_time(table, few):
    who = few.iloc[0]
    printed = table.shop.run("customer", f"input={table.shop.log}", f"id={who.customer_id}").stdout
    assert f"{who.churn_score:.1%}, {who.risk_band} risk" in printed
    assert "by month" not in printed


def test_contract_scores_are_filled_where_the_shape_allows(contracts, contract_scores):
    scores = contract_scores.set_index("customer_id")
    table = pd.read_csv(contracts.shop.log, parse_dates=["start", "end"])
    assert sorted(scores.index) == sorted(table["customer_id"].unique())
    under = table[table["end"].isna() | (table["end"] >= "2021-03-01")].set_index("customer_id")
    assert set(scores.index[scores["in_population"]]) == set(under.index)
    assert set(scores["horizon_days"]) == {31}
    assert set(scores["as_of"]) == {"2021-03-01"}
    assert scores[[*OF_ORDERS, *BOUNDS]].isna().all(axis=None)
    inside, outside = scores[scores["in_population"]], scores[~scores["in_population"]]
    assert len(outside) > 100
    assert outside.drop(columns=["as_of", "horizon_days", "in_population"]).isna().all(axis=None)
    assert inside["churn_score"].between(0.0, 1.0).all()
    assert inside["churn_score"].std() > 0.005
    valued = ["clv", "clv_low", "clv_high", "expected_gain", "action"]
    priced = table[table["price"].notna()].groupby("customer_id").size().reindex(inside.index).notna()
    assert (inside.loc[priced, valued].notna()).all(axis=None)
    assert (inside.loc[~priced, valued].isna()).all(axis=None)
    assert set(inside["action"].dropna()) <= {"contact", "no_contact"}
    assert ((inside["expected_gain"] > 0) == (inside["action"] == "contact")).all()
    known = inside[priced]
    assert (known["clv_low"] <= known["clv_high"]).all()
    assert (known["clv"] > 0).all()
    later = known["churn_score"].rank().corr((known["clv"] / known.index.map(under["price"])).rank())
    assert later < -0.3  # the likelier a customer leaves, the less is still to come, per price


def test_contract_reasons_are_told_in_both_languages(contracts, contract_scores):
    italian = contract_scores.set_index("customer_id")
    inside = italian[italian["in_population"]]
    assert inside["reason_1"].notna().mean() > 0.3
    assert inside["reason_1"].str.contains("cliente tipico").any()
    english = contracts.ask(contracts.shop.log, "2021-03-01")
    assert (italian["reason_1"].notna() == english["reason_1"].notna()).all()
    assert (italian["reason_1"].dropna() != english["reason_1"].dropna()).all()
    assert english["reason_1"].str.contains("typical customer").any()
    same(english, italian)


def same(told: pd.DataFrame, printed: pd.DataFrame) -> None:
    """Assert that scores are the same, but for the language of their reasons."""
    assert told.index.tolist() == printed.index.tolist()
    for name in ("as_of", "action"):
        assert (told[name].astype(object).fillna("") == printed[name].astype(object).fillna("")).all(), name
    for name in [name for name in told.columns if name not in ("as_of", *TEXTS)]:
        one, other = told[name].to_numpy(dtype=float), printed[name].to_numpy(dtype=float)
        assert one == pytest.approx(other, rel=1e-12, nan_ok=True), name


def test_a_contract_is_scored_by_itself(contracts, contract_scores):
    scorer = load_bundle(contracts.bundle)
    rows = scorer.features(scorer.read(contracts.shop.log, tables=contracts.tables(), as_of="2021-03-01"), "2021-03-01")
    together = contract_scores.set_index("customer_id")
    under = rows[rows["in_population"]]
    some = pd.concat([under[under["price"].isna()].head(2), under.head(3), rows[~rows["in_population"]].head(2)])
    assert some["price"].isna().sum() >= 2
    for place in range(len(some)):
        alone = scorer.score(some.iloc[place].to_dict()).set_index("customer_id")
        same(alone, together.loc[alone.index])


def test_the_past_of_contracts_hides_what_came_later(contracts, tmp_path):
    past = contracts.ask(contracts.shop.log, "2020-10-01")
    table = pd.read_csv(contracts.shop.log)
    known = table[table["start"] < "2020-10-01"]
    assert set(past.index) == set(known["customer_id"])
    assert past["churn_score"].notna().sum() > 100
    # what was known then: later ends are open, later uses are not there
    known = known.assign(end=known["end"].where(known["end"] < "2020-10-01"))
    uses = pd.read_csv(contracts.shop.folder / "uses.csv")
    known.to_csv(tmp_path / "then.csv", index=False)
    uses[uses["timestamp"] < "2020-10-01"].to_csv(tmp_path / "uses.csv", index=False)
    then = contracts.ask(tmp_path / "then.csv", "2020-10-01", uses=tmp_path / "uses.csv")
    same(then, past)


def test_a_bundle_names_the_tables_that_it_also_reads(contracts):
    scorer = load_bundle(contracts.bundle, code="installed")
    with pytest.raises(InputError, match=r"also reads people, uses\.\n.*\+tables\.people=people\.csv"):
        scorer.read(contracts.shop.log, as_of="2021-03-01")


def test_planned_ends_do_not_keep_contracts_from_being_scored(contracts, contract_scores, tmp_path):
    table = pd.read_csv(contracts.shop.log)
    planned = table.assign(end=table["end"].where(table["end"].notna(), "2022-01-01 00:00:00"))
    planned.to_csv(tmp_path / "planned.csv", index=False)
    same(contracts.ask(tmp_path / "planned.csv", "2021-03-01"), contract_scores.set_index("customer_id"))


def test_contracts_without_the_family_of_contracts_are_refused(contracts):
    done = contracts.shop.run("train", *words(contracts.shop), "features.families=[attributes]", check=False)
    assert done.returncode == 2
    assert "features.families lacks contract" in done.stderr
    assert "Traceback" not in done.stderr


# --- a labelled table ---


@pytest.fixture(scope="module")
def table(open_shop) -> Story:
    return live_through(open_shop("table", "few.csv"), "data=tv_subscriptions")


def subscribers() -> pd.DataFrame:
    """Return the table that ships inside a package, as text."""
    package = importlib.util.find_spec("empulse").submodule_search_locations[0]
    return pd.read_csv(Path(package) / "datasets" / "data" / "churn_tv_subscriptions.csv.gz", dtype=str)


@pytest.fixture(scope="module")
def few(table) -> pd.DataFrame:
    """Sixty subscribers, without what happened to them, scored in Italian."""
    subscribers().head(60).drop(columns=["target"]).to_csv(table.shop.log, index=False)
    return table.score("scores.csv", f"input={table.shop.log}", "language=it")


def test_a_run_on_a_table_says_what_it_read_and_found(table):
    for phrase in (
        "9,379 rows read = 9,379 kept + 0 set aside",
        "7,034 rows to learn from, in 5 stratified folds",
        "sealed test: 2,345 rows",
        "Churn as the table has it",
        "> score",
        "  logistic",
        "  xgboost_defaults",
        "profit: per customer",
        "opened by 1 different run(s)",
    ):
        assert phrase in table.page, phrase
    for strange in ("  btyd", "survival", "CLV", "recency_rule", "n/a"):
        assert strange not in table.page, strange
        assert strange not in table.printed, strange
    assert "9,379 rows read = 9,379 kept + 0 set aside" in table.printed
    assert "BTYD" not in table.printed
    assert max(map(len, table.printed.splitlines())) <= 80


def test_a_run_on_a_table_keeps_figures_checks_and_predictions(table):
    check_records(table, "labelled")
    check_model(table, subscribers().head(200))
    assert table.run.data.metrics["test.churn.auc"] > 0.6
    test = pd.read_parquet(table.artefacts / "predictions" / "test.parquet")
    assert len(test) == 2345
    assert {"customer", "churned", "churn.score", "churn.logistic"} <= set(test.columns)
    assert not {"id", "customer_id"} & set(test.columns)
    assert sorted(test["customer"]) == list(range(2345))
    assert test["churned"].mean() == pytest.approx(449 / 9379, abs=0.001)
    assert not [name for name in table.run.data.metrics if "spend" in name or "purchases" in name]


def test_table_scores_are_empty_where_nothing_is_known_of_time_and_value(few):
    assert few["customer_id"].tolist() == sorted(subscribers().head(60)["id"])
    assert few["in_population"].all()
    assert few["churn_score"].between(0.0, 1.0).all()
    assert few["churn_score"].std() > 0.001
    empty = ["as_of", "horizon_days", "clv", "clv_low", "clv_high", *OF_ORDERS, *BOUNDS]
    assert few[empty].isna().all(axis=None)
    assert few[["expected_gain", "action"]].notna().all(axis=None)
    assert set(few["action"]) <= {"contact", "no_contact"}
    # 200 is at stake for everybody: 0.3 p (200 - 10) - 10 (1 - p) - 1
    p = few["churn_score"]
    assert few["expected_gain"].to_numpy() == pytest.approx((57.0 * p - 10.0 * (1.0 - p) - 1.0).to_numpy())


def test_table_reasons_are_told_in_both_languages(table, few):
    italian, english = few.set_index("customer_id"), table.ask(table.shop.log)
    assert italian["reason_1"].notna().sum() > 10
    assert italian["reason_1"].dropna().str.contains(r"^\w+ è ", regex=True).any()
    assert english["reason_1"].dropna().str.contains(r"^\w+ is ", regex=True).any()
    assert (english["reason_1"].notna() == italian["reason_1"].notna()).all()
    same(english, italian)


def test_a_subscriber_is_scored_alone_and_with_a_missing_and_a_strange_value(table, few, tmp_path):
    rows = pd.read_csv(table.shop.log, dtype=str)
    for place in range(3):
        rows.iloc[[place]].to_csv(tmp_path / "one.csv", index=False)
        alone, together = table.ask(tmp_path / "one.csv", language="it"), few.set_index("customer_id")
        same(alone, together.loc[alone.index])
        assert (
            alone[TEXTS].astype(object).fillna("") == together.loc[alone.index, TEXTS].astype(object).fillna("")
        ).all(axis=None)
    some = rows["x1"].where(rows.index > 2, "a word")
    rows.assign(x1=some, x2="").to_csv(tmp_path / "strange.csv", index=False)
    assert table.ask(tmp_path / "strange.csv")["churn_score"].between(0.0, 1.0).all()
    rows.assign(x1="a word").to_csv(tmp_path / "words.csv", index=False)
    refused = table.shop.run("score", f"input={tmp_path / 'words.csv'}", "output=w.csv", check=False)
    assert refused.returncode == 2
    assert "column 'x1': 60 of 60 cells (100.0%) are no number, the first in row 2" in refused.stderr
