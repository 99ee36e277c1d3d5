"""Experiments by the real commands: trained, exported and scored, with known effects, with none, without a coin."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnclv.bundle.loading import load_bundle
from churnclv.evaluation.uplift_curves import RATE_METRICS
from churnclv.testing.treatment_simulator import TreatmentDesign, simulate_treatment

pytestmark = pytest.mark.slow
ARMS = np.array(["nobody", "offer", "letter"])
VALUE, COST = 10.0, 0.2
WORDS = [
    "data=experiment", "data.treatment=arm", "data.control=nobody", "data.outcome=bought",
    "data.columns.customer_id=id",
    f"economics.outcome_value={VALUE:g}", f"economics.contact_cost={COST:g}", "churn.threads=1",
]  # fmt: skip
TWO = TreatmentDesign(4000, propensities=(0.4, 0.3, 0.3), strength=2.0)


def write(shop, design, seed, name="customers.csv"):
    """Write the table of an experiment, and return the truth."""
    truth = simulate_treatment(design, seed)
    ids = [f"K7{n:05}" for n in range(design.customers)]
    truth.features.assign(
        id=ids, arm=ARMS[truth.responses.arm], bought=truth.responses.outcome.astype(int)
    ).to_csv(shop.folder / name, index=False)  # fmt: skip
    return truth


def page_of(shop, printed):
    """Return the summary's page, and the other artefacts' folder."""
    run_id = re.search(r"Run ([0-9a-f]{32})", printed)[1]
    (folder,) = (shop.home / "artifacts").glob(f"*/{run_id}/artifacts")
    return (folder / "summary.md").read_text(), folder


@pytest.fixture(scope="module")
def trained(open_shop):
    shop = open_shop("experiment", "customers.csv")
    write(shop, TWO, 7)
    done = shop.run("train", *WORDS, f"data.path={shop.log}")
    return shop, done.stdout


@pytest.fixture(scope="module")
def exported(trained):
    shop, _ = trained
    return Path(shop.run("export").stdout.splitlines()[0])


@pytest.fixture(scope="module")
def scored(trained, exported):
    """Fresh customers of whom nobody knows treatment or outcome, their scores, the contact list, and the truth."""
    shop, _ = trained
    assert exported.is_dir()
    truth = write(shop, TreatmentDesign(6000, propensities=TWO.propensities, strength=TWO.strength), 8, "later.csv")
    later = pd.read_csv(shop.folder / "later.csv").drop(columns=["arm", "bought"])
    later.to_csv(shop.folder / "later.csv", index=False)
    done = shop.run("score", "input=later.csv", "output=effects.csv", "targets=contact.csv", "budget=100")
    scores = pd.read_csv(shop.folder / "effects.csv", dtype={"customer_id": str})
    return scores, pd.read_csv(shop.folder / "contact.csv"), truth, done.stdout


def test_the_summary_says_what_was_learned_in_80_columns(trained):
    shop, printed = trained
    assert max(map(len, printed.splitlines())) <= 80
    assert "Effects on bought, treatments given at random, sealed test" in printed
    assert re.search(r"by effect +\+\d\.\d{4} \[\+\d\.\d{4}, \+\d\.\d{4}\], contacts \d+%", printed)
    page, folder = page_of(shop, printed)
    assert "| by effect |" in page
    assert "| everybody: letter |" in page
    metrics = json.loads((folder / "metrics.json").read_text())
    for name in ("test.policy.gain", "test.policy.gain_ipw", "test.effects.offer.autoc"):
        assert metrics[f"{name}_low"] < metrics[name] < metrics[f"{name}_high"]
    assert metrics["test.policy.gain_low"] > 0.0
    assert metrics["valid.effects.loss"] < 0.0


def test_neither_mlflow_nor_the_bundle_holds_an_id_or_a_pickle(trained, exported):
    shop, _ = trained
    for folder in (shop.home / "artifacts", exported):
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert not [path for path in files if b"K700" in path.read_bytes()]
        assert not [path for path in files if path.suffix in {".pkl", ".pickle", ".joblib"}]


def test_the_known_effects_are_recovered_and_the_intervals_surround_them(scored):
    scores, _, truth, _ = scored
    for place, arm in enumerate(("offer", "letter")):
        effect, low, high = (scores[f"effect_{arm}{end}"].to_numpy() for end in ("", "_low", "_high"))
        assert ((low <= effect) & (effect <= high)).all()
        assert effect.mean() == pytest.approx(truth.effects[:, place].mean(), abs=0.06)
    once, offered = np.ones((len(scores), 1)), truth.effects[:, 0]
    reached, best = (
        RATE_METRICS["rate_qini"](offered, by, once)[0] for by in (scores["effect_offer"].to_numpy(), offered)
    )
    assert reached > 0.8 * best


def test_the_expected_gain_is_value_times_effect_less_cost_and_near_the_true_one(scored):
    scores, _, truth, printed = scored
    gains = np.column_stack([VALUE * scores[f"effect_{arm}"] - COST for arm in ("letter", "offer")])
    assert scores["expected_gain"].to_numpy() == pytest.approx(gains.max(axis=1))
    assert (scores["best_arm"] == np.array(["letter", "offer"])[gains.argmax(axis=1)]).all()
    contacted = (scores["action"] == "contact").to_numpy()
    assert (contacted == (scores["expected_gain"] > 0.0)).all()
    got = np.where(scores["best_arm"] == "offer", truth.effects[:, 0], truth.effects[:, 1])
    true_gain = (VALUE * got - COST)[contacted].mean()
    assert scores["expected_gain"][contacted].mean() == pytest.approx(true_gain, abs=0.6)
    assert true_gain > (VALUE * truth.effects[:, 0] - COST).mean() + 0.3
    assert f"{contacted.sum():,} are worth contacting" in printed
    assert scores[["churn_score", "clv", "as_of", "segment"]].isna().all(axis=None)


def test_sleeping_dogs_are_never_contacted_with_what_harms_them(scored):
    scores, listed, truth, _ = scored
    best = np.where(scores["best_arm"] == "offer", scores["effect_offer"], scores["effect_letter"])
    assert (best[scores["action"] == "contact"] > 0.0).all()
    dogs = scores["customer_id"][truth.segments == "sleeping_dog"]
    persuadable = scores["customer_id"][truth.segments == "persuadable"]
    assert listed["customer_id"].isin(dogs).mean() < 0.1 < listed["customer_id"].isin(persuadable).mean()


def test_the_contact_list_keeps_to_the_budget_and_names_the_treatment(scored):
    scores, listed, _, _ = scored
    assert len(listed) == 500
    assert listed["cost"].sum() <= 100.0 + 1e-6
    assert listed["expected_gain"].is_monotonic_decreasing
    by_id = scores.set_index("customer_id").loc[listed["customer_id"]]
    assert (by_id["best_arm"].to_numpy() == listed["best_arm"].to_numpy()).all()


def test_the_installed_code_and_the_bundles_own_give_the_same_scores(trained, exported, scored):
    shop, _ = trained
    later, columns = shop.folder / "later.csv", ["effect_offer", "effect_letter_low", "expected_gain"]
    for code in ("bundle", "installed"):
        scorer = load_bundle(exported, code=code)
        again = scorer.score(scorer.features(scorer.read(later)))
        assert again[columns].to_numpy() == pytest.approx(scored[0][columns].to_numpy(), rel=1e-9)


def test_what_needs_a_churn_score_refuses_by_name(trained, exported):
    shop, _ = trained
    for words in (("monitor", "input=later.csv"), ("customer", "input=later.csv", "id=K700001")):
        done = shop.run(*words, check=False)
        assert done.returncode == 2
        assert "an experiment has effects of treatments, and no churn score or value." in done.stderr
    done = shop.run("score", "input=later.csv", "output=other.csv", "horizon_days=30", check=False)
    assert done.returncode == 2
    assert "an experiment's outcome has no other horizon" in done.stderr
    assert exported.is_dir()


def test_without_heterogeneity_the_summary_says_so_and_everybody_gets_the_same(open_shop):
    shop = open_shop("flat", "customers.csv")
    write(shop, TreatmentDesign(1500, strength=0.0, average=0.1), 3)
    printed = shop.run("train", *WORDS, f"data.path={shop.log}", "uplift=s_learner").stdout
    assert "The same effect for everybody:" in printed
    assert "ranks nobody: everybody has the same predicted effect" in printed


def test_without_randomisation_the_words_are_careful_and_the_sensitivity_is_given(open_shop):
    shop = open_shop("observed", "customers.csv")
    truth = write(shop, TreatmentDesign(4000, confounding=1.5, strength=0.0, average=0.15), 5)
    words = [*WORDS, f"data.path={shop.log}", "uplift=no_heterogeneity"]
    refused = shop.run("train", *words, check=False)
    assert refused.returncode == 2
    assert "column 'visits' differs between the arms" in refused.stderr
    printed = " ".join(shop.run("train", *words, "data.randomised=false").stdout.split())
    assert "Effects on bought, adjusted for what was recorded, sealed test" in printed
    assert re.search(r"E-value \d\.\d\d, of the interval's end \d\.\d\d", printed)
    assert re.search(r"\d+ customers without a counterpart in every arm are left out", printed)
    assert "WARNING poor_overlap" in printed
    page, folder = page_of(shop, printed)
    metrics = json.loads((folder / "metrics.json").read_text())
    low, high = (metrics[f"test.effects.offer.average_{end}"] for end in ("low", "high"))
    assert low <= truth.effects.mean() <= high
    assert "adjusted for what was recorded" in page
    shop.run("export")
    shop.run("score", f"input={shop.log}", "output=effects.csv")
    scores = pd.read_csv(shop.folder / "effects.csv")
    far = scores["effect_offer"].isna()
    assert 0.02 < far.mean() < 0.6
    assert scores[far][["action", "best_arm", "expected_gain"]].isna().all(axis=None)
