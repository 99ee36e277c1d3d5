"""A purchase model from outside the tree: one file, named in the configuration, trains, exports and scores."""

import json

import pandas as pd
import pytest

from churnclv.clv.clv_model import ClvChoice, ClvModel
from churnclv.clv.purchase_models import PURCHASE_MODELS, find_purchase_model
from churnclv.clv.settings import ClvSettings
from churnclv.errors import InputError
from churnclv.pipeline.renamed_settings import rename_values

OWN_MODEL = '''
from functools import partial

import numpy as np
from scipy.special import betainc

from ...ranges import Bounds
from ..purchase_model import Hyperparameter, PurchaseModel
from .nbd import log_likelihood


class EagerNbd(PurchaseModel):
    """NBD whose customers buy more often after the cutoff than before."""

    name = "eager_nbd"
    parameter_names = ("r", "alpha")
    moves = ((-1.0, -1.0),)
    hyperparameters = {
        "eagerness": Hyperparameter(1.0, Bounds(0, 10), "factor on time", {"kind": "choice", "choices": [0.5, 2.0]})
    }

    def __init__(self, penalty=0.0, eagerness=1.0):
        super().__init__(penalty)
        self.eagerness = eagerness

    def get_params(self):
        return {"penalty": self.penalty, "eagerness": self.eagerness}

    def _plain(self, mean_age_days):
        return np.log([1.0, mean_age_days])

    def _likelihood(self, histories):
        return partial(log_likelihood, histories)

    def p_alive(self, histories):
        return np.ones(len(histories))

    def p_alive_later(self, histories, days):
        return np.ones(len(histories))

    def _ahead(self, histories, t):
        r, alpha = self.values
        t = self.eagerness * t
        return r + histories.x, t / (alpha + histories.T + t)

    def _step(self, n, state):
        return betainc(n, *state), state
'''


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "eager model.py"
    path.write_text(OWN_MODEL)
    return path


@pytest.fixture
def history() -> pd.DataFrame:
    columns = {"repeat_purchases": [0.0, 1, 2, 5] * 5, "last_purchase_age_days": [0.0, 20, 60, 150] * 5}
    return pd.DataFrame(columns).assign(age_days=200.0, mean_repeat_spend=10.0, cutoff=pd.Timestamp(2024, 3, 1))


@pytest.mark.slow
def test_one_file_trains_exports_and_scores(shop, own, tmp_path):
    home = str(tmp_path / "home")
    small = ("clv.candidates=[bgnbd]", "churn=logistic", "tuning.n_trials=2", "windows.open_seal=false")
    printed = shop.train(f"clv.name={own}:EagerNbd", *small, MLRUNS=home).stdout
    assert "EagerNbd" in printed
    out = shop.run("export", MLRUNS=home).stdout.splitlines()[0]
    own.unlink()  # the bundle has its own copy
    shop.run("score", f"input={shop.log}", f"output={tmp_path / 'own.csv'}", f"model={out}")
    scores = pd.read_csv(tmp_path / "own.csv").query("in_population")
    assert (scores["p_alive"] == 1.0).all()
    assert scores["expected_purchases"].gt(0).all()
    (choices,) = (tmp_path / "home").rglob("choices.json")
    chosen = json.loads(choices.read_text())["clv"]
    assert chosen["name"].endswith("EagerNbd")
    assert chosen["purchase_parameters"].get("eagerness", 1.0) in {0.5, 1.0, 2.0}


def test_it_is_a_candidate_beside_the_built_in_ones(own):
    settings = ClvSettings(candidates=["bgnbd", f"{own}:EagerNbd", "boosted"])
    assert settings.btyd_candidates == ["bgnbd", f"{own}:EagerNbd"]
    assert ClvSettings(purchase_parameters={f"{own}:EagerNbd": {"eagerness": 2.0}})


def test_it_is_saved_with_its_code(own, tmp_path, history):
    model = ClvModel(name=f"{own}:EagerNbd", purchase_parameters={"eagerness": 2.0}).fit(history)
    folder = tmp_path / "model"
    folder.mkdir()
    model.save(folder)
    expected = model.expected_purchases(history, 90.0)
    own.unlink()
    loaded = ClvModel.load(folder)
    assert loaded.expected_purchases(history, 90.0) == pytest.approx(expected, rel=1e-12)
    assert not list(folder.rglob("*.pkl"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("from ..purchase_model", "from churnclv.clv.purchase_model"), "imports churnclv by its name"),
        (("(PurchaseModel)", ""), "has no purchase model 'EagerNbd'"),
        (("_ahead", "_later"), "EagerNbd lacks _ahead"),
        (("class EagerNbd", "class Eager"), "has no purchase model 'EagerNbd'"),
    ],
)
def test_a_file_that_is_no_purchase_model_is_refused(own, change, message):
    own.write_text(OWN_MODEL.replace(*change))
    with pytest.raises(InputError, match=message):
        ClvSettings(name=f"{own}:EagerNbd")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "bgnbt"}, "clv.name is 'bgnbt'"),
        ({"base": "hybrid"}, "clv.base is 'hybrid'"),
        ({"candidates": ["bgnbd", "tree"]}, "clv.candidates is 'tree'"),
        ({"candidates": ["boosted"]}, "needs a model of purchases"),
        ({"purchase_parameters": {"bgnbd": {"stages": 1}}}, "bgnbd names stages"),
        ({"purchase_parameters": {"mbgcnbd": {"stages": 9}}}, "mbgcnbd.stages is 9, allowed is 0 to 8"),
        ({"purchase_parameters": {"mbgcnbd": {"stages": "x"}}}, "mbgcnbd.stages is 'x'"),
    ],
)
def test_wrong_names_and_hyperparameters_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        ClvSettings(**settings)


def test_former_places_of_hyperparameters_are_read():
    assert rename_values({"clv": {"stages": 2}}) == {"clv": {"purchase_parameters": {"mbgcnbd": {"stages": 2}}}}
    stored = ClvModel(name="mbgcnbd").get_params()
    del stored["purchase_parameters"]
    assert ClvChoice.from_dict(stored | {"stages": 3, "opportunity_days": 7}).purchase_parameters == {"stages": 3}
    assert ClvChoice.from_dict(stored | {"name": "bgnbd", "stages": 3}).purchase_parameters == {}


def test_every_model_of_the_folder_is_registered():
    assert {"bgnbd", "mbgnbd", "mbgcnbd", "pareto_nbd", "ggomnbd", "bgbb", "nbd"} <= set(PURCHASE_MODELS)
    assert find_purchase_model("nbd") is PURCHASE_MODELS["nbd"]
