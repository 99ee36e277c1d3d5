"""The day of the hackathon, by its commands: an entry is started, run, ranked; a cheat is disqualified; it goes on."""

import json
import os
import re

import pandas as pd
import pytest

from churnclv.bundle.loading import load_bundle

pytestmark = pytest.mark.slow
TINY = ["clv=bgnbd", "tuning.n_trials=1", "churn.max_rounds=20", "windows.n_cutoffs=5", "windows.n_folds=2"]
CUSTOM = """
# @package _global_
features:
  families: [recency, frequency, money, "{folder}/features.py:spent"]
churn:
  custom: "{folder}/model.py:Constant"
"""
FAMILY = """
def spent(history, settings):
    orders = history.filter(history.kind == "order")
    return orders.group_by(["customer_id", "cutoff"]).agg(spent_ever=orders.amount.sum().cast("float64"))
"""
CHEAT = """
def spent(history, settings):
    events = history.op().parent.to_expr()
    later = events.filter(events.timestamp >= events.cutoff)
    later = later.group_by(["customer_id", "cutoff"]).agg(spent_later=later.amount.sum().cast("float64"))
    seen = history.select("customer_id", "cutoff").distinct()
    joined = seen.left_join(later, ["customer_id", "cutoff"])
    return joined.select("customer_id", "cutoff", "spent_later")
"""
MODEL = """
import json
import numpy as np

class Constant:
    rate = 0.5
    def fit(self, table, churned):
        self.rate = float(churned.mean())
        return self
    def predict(self, table):
        return np.full(len(table), self.rate)
    def get_params(self):
        return {}
    def save(self, folder):
        (folder / "rate.json").write_text(json.dumps(self.rate))
    @classmethod
    def load(cls, folder):
        model = cls()
        model.rate = json.loads((folder / "rate.json").read_text())
        return model
"""


@pytest.fixture(scope="module")
def day(tmp_path_factory, shop):
    """A shop and a folder of entries; the words that run an entry with a small budget; its environment."""
    folder = tmp_path_factory.mktemp("the day") / "entries"
    folder.mkdir()
    home = tmp_path_factory.mktemp("home")
    return shop, folder, {"CHURNCLV_EXPERIMENTS": str(folder), "MLRUNS": str(home)}


def run(day, name: str, *words: str, check: bool = True):
    shop, _, environment = day
    data = ["data=transactions", f"data.path={shop.log}"]
    return shop.run("train", f"experiment={name}", *data, *TINY, *words, check=check, **environment)


@pytest.fixture(scope="module")
def entered(day):
    """Two entries that were run: one that changes nothing, one with code of its own."""
    shop, folder, environment = day
    for name in ("incumbent", "own-code"):
        shop.run("entry", f"name={name}", **environment)
    own = folder / "own-code"
    (own / "entry.yaml").write_text(CUSTOM.format(folder=own))
    (own / "features.py").write_text(FAMILY)
    (own / "model.py").write_text(MODEL)
    for name in ("incumbent", "own-code"):
        assert "Handed in: " in run(day, name).stdout
    return day


def result(day, name: str) -> dict:
    return json.loads((day[1] / name / "results" / "transactions.json").read_text())


def test_results_say_what_was_found_and_what_it_cost(entered):
    first, second = (result(entered, name) for name in ("incumbent", "own-code"))
    assert first["evaluated"] == second["evaluated"]
    assert {"valid.churn.auc", "test.churn.auc", "valid.spend.rmse", "test.churn.profit"} <= set(first["figures"])
    assert len(first["figures"]["test.churn.auc"]["draws"].split()) == 200
    assert first["trials"] == 1
    assert first["seconds"] > 0
    assert (first["openings"], second["openings"]) == (1, 2)


def test_an_entrys_own_code_travels_with_the_bundle(entered, tmp_path):
    shop, folder, environment = entered
    model = ["churn=custom", f"churn.custom={folder / 'own-code' / 'model.py'}:Constant", "windows.open_seal=false"]
    made = re.search(r"Run ([0-9a-f]{32})", run(entered, "own-code", *model).stdout)[1]
    shop.run("export", f"run={made}", f"out={tmp_path / 'bundle'}", **environment)
    moved = list((folder / "own-code").glob("*.py"))
    for path in moved:
        path.rename(path.with_suffix(".away"))
    scores = load_bundle(tmp_path / "bundle").predict(pd.read_csv(shop.log, dtype=str))
    for path in moved:
        path.with_suffix(".away").rename(path)
    assert scores["churn_score"].between(0, 1).all()
    assert scores["reason_1"].isna().all()  # the model cannot say, and nothing is invented
    run(entered, "own-code")  # its own result again, from the run that was made before


def test_a_cheat_is_disqualified_by_name_and_listed_so(entered):
    shop, folder, environment = entered
    cheat = folder / "cheat"
    shop.run("entry", "name=cheat", **environment)
    (cheat / "entry.yaml").write_text(CUSTOM.format(folder=cheat).partition("churn:")[0])
    (cheat / "features.py").write_text(CHEAT)
    done = run(entered, "cheat", check=False)
    assert done.returncode == 2
    assert "entry cheat is disqualified: family " in done.stderr
    assert "spent_later of" in done.stderr
    assert "Traceback" not in done.stderr
    shop.run("leaderboard", "fill=false", **environment)
    page = (folder / "LEADERBOARD.md").read_text()
    assert "| [cheat](cheat/entry.yaml) | DISQUALIFIED: family " in page


def test_a_model_that_cannot_be_kept_is_told_so_before_training(entered, tmp_path):
    (tmp_path / "model.py").write_text(MODEL.replace("model.rate = json", "unused = json"))
    done = run(entered, "incumbent", f"churn.custom={tmp_path / 'model.py'}:Constant", check=False)
    assert done.returncode == 2
    assert "predicts differently after save and load" in done.stderr
    assert "Starting a run" not in done.stderr


def test_rendering_twice_changes_no_byte(entered):
    shop, folder, environment = entered
    pages = []
    for _ in range(2):
        shop.run("leaderboard", "fill=false", **environment)
        pages.append([(folder / name).read_bytes() for name in ("LEADERBOARD.md", "leaderboard.csv")])
    assert pages[0] == pages[1]
    assert b"[incumbent](incumbent/entry.yaml)" in pages[0][0]


def test_missing_results_are_filled_at_the_given_budget(tmp_path, shop):
    environment = {"CHURNCLV_EXPERIMENTS": str(tmp_path / "entries"), "MLRUNS": str(tmp_path / "home")}
    shop.run("entry", "name=quick", **environment)
    (tmp_path / "entries" / "quick" / "entry.yaml").write_text(
        "# @package _global_\ndefaults:\n  - override /churn: btyd\n  - override /clv: bgnbd\n"
        "features:\n  families: [recency]\n"
    )
    (tmp_path / "orders.csv").write_bytes(shop.log.read_bytes())
    overrides = f"data.path={tmp_path / 'orders.csv'} windows.n_cutoffs=5 windows.n_folds=2"
    words = ["dataset=transactions", f"overrides={overrides}", "n_trials=1"]
    done = shop.run("leaderboard", *words, **environment)
    assert "transactions: 1 ranked, 0 not" in done.stdout
    stored = json.loads((tmp_path / "entries" / "quick" / "results" / "transactions.json").read_text())
    assert stored["trials"] == 1
    assert stored["choice"] == "btyd; bgnbd"


def test_entries_can_be_swept(entered):
    shop, _, environment = entered
    data = ["data=transactions", f"data.path={shop.log}", *TINY]
    done = shop.run("train", "--multirun", "experiment=incumbent,own-code", *data, **environment)
    assert done.stdout.count("Handed in: ") == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["experiment=nobody"], "no entry nobody"),
        (["experiment=../x"], "no entry ../x"),
        (["experiment="], "no entry "),
    ],
)
def test_an_unknown_entry_is_answered_without_a_traceback(entered, words, told):
    shop, _, environment = entered
    done = shop.run("train", *words, check=False, **environment)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_entries_that_ship_with_the_project_compose(shop):
    from churnclv.files import PROJECT as ROOT
    from churnclv.hackathon.entry_folder import list_entries

    names = [entry.name for entry in list_entries(ROOT / "experiments")]
    assert len(names) >= 10
    for name in names:
        told = shop.run("train", f"experiment={name}", "--cfg", "job", MLRUNS=os.devnull).stdout
        assert "families:" in told
        assert (ROOT / "experiments" / name / "README.md").is_file()
