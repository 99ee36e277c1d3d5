"""A bundle gives the same scores everywhere, and refuses to run when it is damaged."""

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf

from churnclv.bundle.loading import load_bundle
from churnclv.cli.app import train_config
from churnclv.errors import InputError
from churnclv.files import PROJECT as ROOT
from churnclv.pipeline.champion_contest import compare_with_champion
from churnclv.tracking.home import Home
from churnclv.tracking.registry import BundleSource, find_run
from churnclv.tracking.sink import client

pytestmark = pytest.mark.slow
BOUNDED = ["expected_purchases", "expected_spend", "clv"]
BOUNDS = [f"{name}_{side}" for name in BOUNDED for side in ("low", "high")]
NUMBERS = ["churn_score", "p_alive", *BOUNDED, *BOUNDS]


def train_runs(home: Path) -> list:
    mlflow = client(Home(home))
    experiments = [found.experiment_id for found in mlflow.search_experiments()]
    return mlflow.search_runs(experiments, "tags.kind = 'train'")


def raw(shop) -> pd.DataFrame:
    return pd.read_csv(shop.log, dtype=str)


def same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    assert left["customer_id"].tolist() == right["customer_id"].tolist()
    for name in NUMBERS:
        assert left[name].to_numpy(dtype=float) == pytest.approx(right[name].to_numpy(dtype=float), rel=1e-12), name
    assert left["segment"].tolist() == right["segment"].tolist()


def sent(scores: pd.DataFrame) -> list:
    """Return the cells of score rows as an answer has them."""
    return scores.astype(object).where(scores.notna(), None).to_numpy().tolist()


def test_requests_of_several_callers_get_together_what_each_gets_alone(exported):
    shop, bundle = exported
    scorer = load_bundle(bundle, code="installed")
    groups = [rows for _, rows in raw(shop).groupby("customer_id")][:6]
    callers = [groups[0], pd.concat([groups[4], groups[1]]), groups[2]]
    together = scorer.predict_together(callers, "2011-03-01")
    for rows, events in zip(together, callers, strict=True):
        alone = scorer.predict(events, "2011-03-01")
        assert rows.columns.tolist() == alone.columns.tolist()
        assert sent(rows) == sent(alone)  # to the last bit
    faulty = groups[3].assign(timestamp="soon")
    assert scorer.predict_together([groups[0], faulty], "2011-03-01") is None
    assert scorer.predict_together([groups[0], groups[0]], "2011-03-01") is None


def test_targets_keep_to_the_budget_and_come_with_their_sums(exported, tmp_path):
    shop, _ = exported
    words = [f"input={shop.log}", f"output={tmp_path / 's.csv'}", f"targets={tmp_path / 'who, first.csv'}", "budget=60"]
    told = shop.run("score", *words).stdout
    listed = pd.read_csv(tmp_path / "who, first.csv")
    scores = pd.read_csv(tmp_path / "s.csv").set_index("customer_id")
    assert listed["rank"].tolist() == list(range(1, len(listed) + 1))
    assert 0 < listed["running_cost"].iloc[-1] <= 60
    assert listed["gain_per_cost"].is_monotonic_decreasing
    assert listed["expected_gain"].tolist() == pytest.approx(
        scores.loc[listed["customer_id"], "expected_gain"].tolist()
    )
    assert f"{len(listed)} of 400 customers to contact" in told
    assert "the budget of 60.00 leaves out" in told
    refused = shop.run("score", *words[:3], "budget=-1", check=False)
    assert (refused.returncode, "budget is -1" in refused.stderr) == (2, True)


def test_every_customer_has_one_row_with_scores_in_range(exported, scored):
    shop, _ = exported
    assert sorted(scored["customer_id"]) == sorted(raw(shop)["customer_id"].unique())
    assert scored["churn_score"].between(0, 1).all()
    assert (scored[["expected_purchases", "expected_spend", "clv"]] >= 0).all().all()
    assert scored["p_alive"].between(0, 1).all()
    for name in BOUNDED:
        assert (scored[f"{name}_low"] >= 0).all()
        assert (scored[f"{name}_low"] <= scored[f"{name}_high"]).all()
        assert scored[f"{name}_high"].mean() > scored[name].mean()
    assert scored["in_population"].all()
    assert set(scored["horizon_days"]) == {90}
    assert set(scored["action"]) <= {"contact", "no_contact"}
    assert ((scored["expected_gain"] > 0) == (scored["action"] == "contact")).all()
    assert scored["reason_1"].notna().mean() > 0.3


def test_scores_fall_with_silence_and_rise_with_spend(scored):
    # a bundle that returned a constant, or customers in another order, would fail here
    assert scored["churn_score"].std() > 0.05
    assert scored["churn_score"].corr(scored["expected_purchases"], method="spearman") < -0.5
    assert scored["clv"].corr(scored["expected_spend"], method="spearman") > 0.9


def test_in_process_equals_the_command(exported, scored):
    shop, bundle = exported
    same(load_bundle(bundle).predict(raw(shop)), scored)


def test_a_feature_row_is_scored_by_itself(exported, scored):
    shop, bundle = exported
    scorer = load_bundle(bundle)
    rows = scorer.features(raw(shop))
    one = pd.concat([scorer.score(rows.iloc[place].to_dict()) for place in range(5)], ignore_index=True)
    same(one, scored.head(5))
    same(scorer.score(rows.sample(frac=1, random_state=0)).sort_values("customer_id", ignore_index=True), scored)


def test_permuted_events_give_the_same_bytes(exported, tmp_path):
    shop, _ = exported
    shuffled = tmp_path / "shuffled.csv"
    raw(shop).sample(frac=1, random_state=3).to_csv(shuffled, index=False)
    shop.run("score", f"input={shop.log}", f"output={tmp_path / 'a.csv'}")
    shop.run("score", f"input={shuffled}", f"output={tmp_path / 'b.csv'}")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_as_of_hides_everything_from_that_day_on(exported, tmp_path):
    shop, bundle = exported
    past = raw(shop)[lambda log: log["timestamp"] < "2011-03-01"]
    out = tmp_path / "past.csv"
    printed = shop.run("score", f"input={shop.log}", f"output={out}", "as_of=2011-03-01").stdout
    assert "as of 2011-03-01" in printed
    scores = pd.read_csv(out, dtype={"customer_id": str})
    assert set(scores["customer_id"]) == set(past["customer_id"])
    same(load_bundle(bundle).predict(past, "2011-03-01"), scores)


MLFLOW_LOAD = """
import sys, json
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name == "churnclv" or name.startswith("churnclv."):
            raise ImportError("churnclv is not installed here")
sys.meta_path.insert(0, Wall())
import mlflow, pandas as pd
model = mlflow.pyfunc.load_model(sys.argv[1])
scores = model.predict(pd.read_csv(sys.argv[2], dtype=str), params={"as_of": sys.argv[4]})
scores.to_csv(sys.argv[3], index=False)
assert "churnclv" not in sys.modules
"""


def test_mlflow_loads_it_where_the_project_is_not_installed(exported, scored, tmp_path):
    shop, bundle = exported
    moved = tmp_path / "elsewhere"
    shutil.copytree(bundle, moved)
    words = [sys.executable, "-c", MLFLOW_LOAD, str(moved), str(shop.log), str(tmp_path / "s.csv"), ""]
    environment = {**os.environ, "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    for _ in range(2):  # the second time Python has kept the bytecode of the bundle's script beside it
        done = subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        same(pd.read_csv(tmp_path / "s.csv", dtype={"customer_id": str}), scored)
    written = {path.name for path in moved.rglob("*")} - {path.name for path in bundle.rglob("*")}
    assert all(re.fullmatch(r"__pycache__|pyfunc\..*\.pyc", name) for name in written)
    load_bundle(moved)


def test_two_versions_in_one_process_keep_their_own_code(exported, tmp_path):
    shop, bundle = exported
    other = tmp_path / "other"
    shutil.copytree(bundle, other)
    scorer = other / "artifacts" / "bundle" / "code" / "churnclv" / "bundle" / "scorer.py"
    changed = scorer.read_text().replace('"horizon_days": frame', '"horizon_days": 1000 + frame')
    scorer.write_text(changed)
    manifest = json.loads((other / "manifest.json").read_text())
    name = scorer.relative_to(other).as_posix()
    manifest["files"][name] = hashlib.sha256(scorer.read_bytes()).hexdigest()
    (other / "manifest.json").write_text(json.dumps(manifest))
    first, second = load_bundle(bundle), load_bundle(other)
    log = raw(shop)
    assert set(second.predict(log)["horizon_days"]) == {1090}
    assert set(first.predict(log)["horizon_days"]) == {90}
    assert type(first).__module__ != type(second).__module__


DAMAGE = {
    "a changed model": lambda root: (root / "artifacts/bundle/models/booster.ubj").write_bytes(b"junk"),
    "changed code": lambda root: (root / "artifacts/bundle/code/churnclv/__init__.py").write_text(
        "raise SystemExit(9)"
    ),
    "a missing file": lambda root: (root / "artifacts/bundle/contract.json").unlink(),
    "a planted file": lambda root: (root / "artifacts/bundle/code/churnclv/sitecustomize.py").write_text("x = 1"),
    "a broken manifest": lambda root: (root / "manifest.json").write_text("{"),
    "no manifest": lambda root: (root / "manifest.json").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_bundle_is_refused_before_anything_in_it_runs(exported, tmp_path, damage):
    _, bundle = exported
    broken = tmp_path / "broken"
    shutil.copytree(bundle, broken)
    damage(broken)
    with pytest.raises(InputError, match=r"damaged|not a bundle"):
        load_bundle(broken)


def test_nothing_in_a_bundle_is_pickled(exported):
    _, bundle = exported
    names = [path.name for path in bundle.rglob("*") if path.is_file()]
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".joblib", ".cloudpickle"))]
    assert not [path for path in bundle.rglob("*") if path.is_file() and path.read_bytes()[:1] == b"\x80"]


def test_a_bundle_says_what_it_has_seen_and_how_good_it_was(exported):
    _, bundle = exported
    folder = bundle / "artifacts" / "bundle"
    card = (folder / "card.md").read_text()
    assert "Refitted through 2011-12-22" in card
    assert "test.churn.auc" in card
    profile = json.loads((folder / "profile.json").read_text())
    assert profile["days_since_last_purchase"]["quantiles"]["0.5"] > 0
    assert 0 <= profile["churn_score"]["quantiles"]["0.5"] <= 1


def free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def post(url: str, body: dict, patience_seconds: float = 60.0) -> dict:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310 # loopback
                return json.load(answer)
        except (ConnectionError, urllib.error.URLError):
            assert time.monotonic() < deadline, "the server never answered"
            time.sleep(0.5)


def test_http_answers_the_same(exported, scored):
    shop, bundle = exported
    port = free_port()
    words = [sys.executable, "-m", "churnclv", "serve", f"port={port}", f"model={bundle}"]
    environment = {**os.environ, "MLRUNS": str(shop.home)}
    server = subprocess.Popen(
        words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        body = {"dataframe_records": raw(shop).to_dict("records"), "params": {"as_of": ""}}
        rows = pd.DataFrame(post(f"http://127.0.0.1:{port}/invocations", body)["predictions"])
        same(rows, scored)
        silent = raw(shop).groupby("customer_id")["timestamp"].max().idxmin()
        body["dataframe_records"] = [row for row in body["dataframe_records"] if row["customer_id"] == silent]
        alone = pd.DataFrame(post(f"http://127.0.0.1:{port}/invocations", body)["predictions"])
        same(alone, scored[scored["customer_id"] == silent].reset_index(drop=True))
        example = json.loads((bundle / "input_example.json").read_text())
        (row,) = post(f"http://127.0.0.1:{port}/invocations", example)["predictions"]
        assert 0 <= row["churn_score"] <= 1
    finally:
        os.killpg(server.pid, 15)
        server.wait()


def test_columns_can_be_named_otherwise(exported, scored, tmp_path):
    shop, _ = exported
    renamed = tmp_path / "renamed.parquet"
    log = pd.read_csv(shop.log, parse_dates=["timestamp"]).rename(columns={"customer_id": "cust", "amount": "value"})
    log.to_parquet(renamed)
    out = tmp_path / "out.csv"
    words = [f"input={renamed}", f"output={out}", "+columns.customer_id=cust", "+columns.amount=value"]
    shop.run("score", *words)
    same(pd.read_csv(out, dtype={"customer_id": str}), scored)


@pytest.mark.parametrize(
    ("words", "phrase"),
    [
        (["input=missing.csv", "output=o.csv"], "no such file"),
        (["output=o.csv"], "input"),
        (["input={log}", "output=o.csv", "as_of=soon"], "is not a date"),
        (["input={log}", "output=o.csv", "as_of=1999-01-01"], "no event lies before"),
        (["input={log}", "output=o.csv", "model=nowhere"], "no such bundle"),
        (["input={log}", "output=o.csv", "model=models:/none@champion"], "not in the registry"),
        (["input={log}", "output=o.csv", "+columns.custmer=c"], "unknown roles"),
        (["input={log}", "output=o.csv", "+columns.customer_id=kunde", "as_of=2011-01-01"], "as of 2011-01-01"),
    ],
)
def test_mistakes_are_answered_in_one_message(exported, words, phrase):
    shop, _ = exported
    done = shop.run("score", *[word.format(log=shop.log) for word in words], check=False)
    text = done.stdout + done.stderr
    assert phrase in text
    assert "Traceback" not in text
    assert done.returncode == (0 if "as of 2011" in phrase else 2)


def test_a_customer_alone_is_scored_as_within_the_whole_file(exported, scored, tmp_path):
    shop, bundle = exported
    log, scorer = raw(shop), load_bundle(bundle)
    last = log.groupby("customer_id")["timestamp"].max().sort_values()
    some = [last.index[place] for place in (0, len(last) // 4, len(last) // 2, -1)]  # long silent ones, and the latest
    for customer in some:
        alone = scorer.predict(log[log["customer_id"] == customer])
        same(alone, scored[scored["customer_id"] == customer].reset_index(drop=True))
        assert alone["as_of"].tolist() == [scorer.specification.fitted_through]
    silent = log[
        log["customer_id"].isin(last.index[: len(last) // 3])
    ]  # an extract of those who have not bought lately
    silent.to_csv(tmp_path / "silent.csv", index=False)
    printed = shop.run("score", f"input={tmp_path / 'silent.csv'}", f"output={tmp_path / 's.csv'}").stdout
    assert f"as of {scorer.specification.fitted_through}" in printed
    rows = pd.read_csv(tmp_path / "s.csv", dtype={"customer_id": str})
    same(rows, scored[scored["customer_id"].isin(rows["customer_id"])].reset_index(drop=True))


def test_what_is_doubtful_about_the_moment_is_printed(exported, tmp_path):
    shop, bundle = exported
    through = pd.Timestamp(load_bundle(bundle).specification.fitted_through)

    def printed(log: Path, *words: str) -> str:
        done = shop.run("score", f"input={log}", f"output={tmp_path / 'o.csv'}", *words)
        return done.stdout + done.stderr

    early = printed(shop.log, f"as_of={through - pd.Timedelta(days=200):%Y-%m-%d}")
    assert "WARNING as_of_before_bundle" in early
    assert "200 days before the end of the data that this bundle was fitted on" in early
    assert "WARNING" not in printed(shop.log)
    log = raw(shop)
    log[log["timestamp"] < f"{through - pd.Timedelta(days=60):%Y-%m-%d}"].to_csv(tmp_path / "old.csv", index=False)
    assert "WARNING file_ends_early" in printed(tmp_path / "old.csv")


def test_undefined_values_are_empty_and_refund_only_customers_are_outside(exported):
    shop, bundle = exported
    log = pd.concat(
        [raw(shop), pd.DataFrame({"customer_id": ["R"], "timestamp": ["2011-05-05"], "amount": ["-5"]})],
        ignore_index=True,
    )
    row = load_bundle(bundle).predict(log).set_index("customer_id").loc["R"]
    assert not row["in_population"]
    assert np.isnan(row["churn_score"])
    assert np.isnan(row["clv"])


def test_the_champion_stays_unless_beaten_or_forced(shop, tmp_path):
    home = {"MLRUNS": str(tmp_path)}
    shop.train("windows.open_seal=false", **home)
    assert "is now champion: there was no champion yet" in shop.run("export", **home).stderr
    shop.train(
        "windows.open_seal=false", "churn=xgboost", "churn.max_rounds=1", **home
    )  # one tree, and nothing beside it
    (worse, *_) = [run for run in train_runs(tmp_path) if run.data.params["churn.max_rounds"] == "1"]
    refused = shop.run("export", f"run={worse.info.run_id}", **home).stderr
    assert "is registered, the champion stays: validation AUC -" in refused
    unreasoned = shop.run("export", "force=true", check=False, **home)
    assert unreasoned.returncode == 2
    assert "needs a reason" in unreasoned.stderr
    forced = shop.run("export", f"run={worse.info.run_id}", "force=true", "reason=a rehearsal", **home).stderr
    assert "is now champion: forced: a rehearsal" in forced


def test_a_champion_of_older_data_is_asked_on_the_windows_after_its_training_end(shop, tmp_path):
    home = {"MLRUNS": str(tmp_path / "home")}
    log = raw(shop)
    moments = pd.to_datetime(log["timestamp"])
    log[moments < moments.min() + pd.Timedelta(days=400)].to_csv(tmp_path / "early.csv", index=False)
    early = ["data=transactions", f"data.path={tmp_path / 'early.csv'}", *shop.words()[2:], "windows.open_seal=false"]
    shop.run("train", *early, "windows.n_cutoffs=5", **home)
    bundle = Path(shop.run("export", **home).stdout.splitlines()[0])
    shop.train("windows.open_seal=false", **home)
    where = Home(tmp_path / "home")
    run = find_run(where, None, "valid.churn.auc", higher_is_better=True)
    config = train_config(OmegaConf.to_container(OmegaConf.load(run.artifacts / "config.yaml")))
    met = compare_with_champion(config, run, where, BundleSource(bundle))
    known = pd.read_parquet(run.artifacts / "predictions" / "valid.parquet")  # 30 days apart, both after day 400
    assert met.predictions["newcomer"].tolist() == known["churn.score"].tolist()
    assert met.truth.tolist() == known["churned"].tolist()
    champion = load_bundle(bundle)
    for cutoff, rows in known.groupby("cutoff"):
        day = pd.Timestamp(cutoff)
        said = champion.score(champion.features(champion.read(shop.log), day.to_pydatetime()))
        assert met.predictions["champion"][rows.index].tolist() == said["churn_score"].dropna().tolist()
    early_run = find_run(where, load_bundle(bundle).specification.run_id, "valid.churn.auc", higher_is_better=True)
    stored = OmegaConf.to_container(OmegaConf.load(early_run.artifacts / "config.yaml"))
    told = compare_with_champion(train_config(stored), early_run, where, BundleSource(bundle))
    assert told.startswith("no validation window begins after 20")


def test_export_without_a_run_says_what_to_do(shop, tmp_path):
    done = shop.run("export", MLRUNS=str(tmp_path), check=False)
    assert done.returncode == 2
    assert "make train" in done.stderr


def test_a_changed_log_is_not_exported_under_the_old_run(trained, tmp_path):
    shop, _ = trained
    copy = tmp_path / "log.csv"
    shutil.copy(shop.log, copy)
    words = ["data=transactions", f"data.path={copy}", *shop.words()[2:], "windows.open_seal=false"]
    shop.run("train", *words, MLRUNS=str(tmp_path / "home"))
    Path(copy).write_text(copy.read_text() + "NEW,2011-10-01,5\n")
    done = shop.run("export", MLRUNS=str(tmp_path / "home"), check=False)
    assert done.returncode == 2
    assert "have changed since" in done.stderr


def test_two_exports_of_a_run_are_one_bundle_and_name_no_place_of_this_machine(exported):
    shop, bundle = exported
    before = {path: path.read_bytes() for path in bundle.rglob("*") if path.is_file()}
    copy = shop.folder / "a copy"
    again = shop.run("export", f"out={copy}")
    assert "version 1 of transactions is now champion: the same run as the champion's" in again.stderr
    assert [path.name for path in (shop.home / "export").iterdir()] == [bundle.name]
    assert {path: path.read_bytes() for path in bundle.rglob("*") if path.is_file()} == before
    assert {path.relative_to(copy): path.read_bytes() for path in copy.rglob("*") if path.is_file()} == {
        path.relative_to(bundle): content for path, content in before.items()
    }
    assert len(client(Home(shop.home)).search_model_versions("name = 'transactions'")) == 1
    places = [str(shop.folder), str(Path.home()) + "/", tempfile.gettempdir() + "/", str(ROOT), sys.prefix]
    for path, content in before.items():
        assert not [place for place in places if place.encode() in content], path


def test_an_export_puts_a_damaged_bundle_back(exported, tmp_path):
    shop, bundle = exported
    whole = (bundle / "manifest.json").read_bytes()
    (bundle / "artifacts" / "bundle" / "card.md").write_text("scribbled over")
    damaged = shop.run("score", f"input={shop.log}", f"output={tmp_path / 's.csv'}", check=False)
    assert (damaged.returncode, "is damaged" in damaged.stderr) == (2, True)
    assert Path(shop.run("export").stdout.splitlines()[0]) == bundle
    assert (bundle / "manifest.json").read_bytes() == whole
    load_bundle(bundle)


def test_the_installed_code_runs_none_of_the_bundles(exported, tmp_path):
    shop, bundle = exported
    planted, trace = tmp_path / "planted", tmp_path / "ran"
    shutil.copytree(bundle, planted)
    inside = planted / "artifacts" / "bundle"
    for path in [planted / "pyfunc.py", *(inside / "code" / "churnclv").rglob("*.py")]:
        path.write_text(f"import pathlib\n\npathlib.Path({str(trace)!r}).touch()\n{path.read_text()}")
    (inside / "families").mkdir()
    (inside / "families" / "family_0.py").write_text(f"open({str(trace)!r}, 'w')\n")
    names = [path for path in planted.rglob("*") if path.is_file() and path.name != "manifest.json"]
    files = {path.relative_to(planted).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in names}
    (planted / "manifest.json").write_text(json.dumps({"files": files}))
    scores = load_bundle(planted, code="installed").predict(raw(shop))
    assert not trace.exists()
    pd.testing.assert_frame_equal(scores, load_bundle(bundle).predict(raw(shop)))
    contract = json.loads((inside / "contract.json").read_text())
    for change, phrase in (
        ({"format": 99}, "bundle format 99, this code reads"),
        ({"features": contract["features"] | {"families": ["recency", "families/family_0.py:f"]}}, "code of its own"),
        ({"features": contract["features"] | {"families": [f"{inside}/families/family_0.py:f"]}}, "code of its own"),
    ):
        (inside / "contract.json").write_text(json.dumps(contract | change))
        files["artifacts/bundle/contract.json"] = hashlib.sha256((inside / "contract.json").read_bytes()).hexdigest()
        (planted / "manifest.json").write_text(json.dumps({"files": files}))
        with pytest.raises(InputError, match=phrase):
            load_bundle(planted, code="installed")
    assert not trace.exists()


@pytest.mark.parametrize("door", ["score", "serve", "report", "rollback"])
def test_a_replaced_champion_is_refused_by_every_command(exported, tmp_path, door):
    shop, bundle = exported
    kept = tmp_path / "kept"
    shutil.copytree(bundle, kept)
    code = bundle / "artifacts" / "bundle" / "code" / "churnclv" / "__init__.py"
    try:
        code.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
        manifest = json.loads((bundle / "manifest.json").read_text())
        manifest["files"][code.relative_to(bundle).as_posix()] = hashlib.sha256(code.read_bytes()).hexdigest()
        (bundle / "manifest.json").write_text(json.dumps(manifest))
        words = {
            "score": [f"input={shop.log}", f"output={tmp_path / 'o.csv'}"],
            "serve": [f"port={free_port()}"],
            "report": [*shop.words()[:2], f"out={tmp_path / 'r.html'}"],
            "rollback": [],
        }[door]
        done = shop.run(door, *words, check=False)
        assert done.returncode == 2
        phrase = "had no champion before it" if door == "rollback" else "is not the bundle that was registered"
        assert phrase in done.stderr
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "ran").exists()
    finally:
        shutil.rmtree(bundle)
        shutil.copytree(kept, bundle)


@pytest.fixture(scope="module")
def two_shops(exported, tmp_path_factory):
    """The shop's home after a run and an export of a second shop: the same customers and days, other amounts."""
    shop, _ = exported
    folder = tmp_path_factory.mktemp("two shops")
    shutil.copytree(shop.home, folder / "home")
    other = raw(shop).assign(amount=lambda log: (log["amount"].astype(float) * 3.7).round(2).astype(str))
    other.to_csv(folder / "shop_b.csv", index=False)
    home = {"MLRUNS": str(folder / "home")}
    words = ["data=transactions", f"data.path={folder / 'shop_b.csv'}", *shop.words()[2:], "windows.open_seal=false"]
    shop.run("train", *words, **home)
    return shop, folder, home, shop.run("export", **home)


def test_another_shops_data_get_a_champion_of_their_own(two_shops):
    _, _, _, exported = two_shops
    assert "WARNING other_data_set: shop_b.csv has too few events in common" in exported.stderr
    assert "version 1 of transactions-shop_b is now champion" in exported.stderr
    assert "MODEL=models:/transactions-shop_b@champion" in exported.stdout


def test_each_log_is_scored_by_its_own_champion(two_shops, scored, tmp_path):
    shop, folder, home, _ = two_shops
    b = shop.run("score", f"input={folder / 'shop_b.csv'}", f"output={tmp_path / 'b.csv'}", **home)
    a = shop.run("score", f"input={shop.log}", f"output={tmp_path / 'a.csv'}", **home)
    assert "Scoring with transactions-shop_b, version 1" in b.stderr
    assert "fitted on transactions (shop_b.csv) through 2011-12-22" in b.stderr
    assert "Scoring with transactions, version 1" in a.stderr
    assert "WARNING" not in a.stderr + b.stderr
    same(pd.read_csv(tmp_path / "a.csv", dtype={"customer_id": str}), scored)


def test_another_shops_bundle_is_a_loud_doubt(two_shops, tmp_path):
    shop, folder, home, _ = two_shops
    words = [f"input={folder / 'shop_b.csv'}", f"output={tmp_path / 'b.csv'}", "model=models:/transactions@champion"]
    assert "WARNING other_data: of the" in shop.run("score", *words, **home).stderr


def test_a_log_that_fits_no_champion_is_refused_with_the_list(two_shops, tmp_path):
    shop, _, home, _ = two_shops
    third = raw(shop).assign(customer_id=lambda log: "z" + log["customer_id"])
    third.to_csv(tmp_path / "third.csv", index=False)
    words = [f"input={tmp_path / 'third.csv'}", f"output={tmp_path / 'o.csv'}"]
    done = shop.run("score", *words, check=False, **home)
    assert done.returncode == 2
    assert "there are champions of 2 data sets" in done.stderr
    assert "MODEL=models:/transactions-shop_b@champion   shop_b.csv, fitted through 2011-12-22" in done.stderr
    assert not (tmp_path / "o.csv").exists()
