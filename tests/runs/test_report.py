"""What `make report` does: a page, tables beside it, a record in MLflow, and messages for what is at fault."""

import base64
import re
import shutil
import subprocess

import pandas as pd
import pytest

from churnclv.tracking.home import Home
from churnclv.tracking.sink import client

pytestmark = pytest.mark.slow
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def words(shop, *more):
    return ["data=transactions", f"data.path={shop.log}", "report.draws=20", *more]


@pytest.fixture(scope="module")
def reported(exported):
    """The shop after a report with the champion's scores: the shop, what was printed, and the page."""
    shop, _ = exported
    done = shop.run("report", *words(shop, "out=my report.html"))
    return shop, done.stdout, (shop.folder / "my report.html").read_text()


def test_the_report_tells_all_sections_with_the_champions_scores(reported):
    _, printed, html = reported
    for name in ("kpis", "stakes", "superstars", "segments", "cohorts", "ladder", "clusters", "funnel", "whatif"):
        assert f'<h2 id="{name}">' in html
    assert "at stake" in printed
    assert "contact_list.csv" in printed
    assert len(html.encode()) < 2_000_000


def test_the_contact_list_stays_beside_the_page_and_out_of_mlflow(reported):
    shop, _, html = reported
    tables = shop.folder / "my report_tables"
    listed = pd.read_csv(tables / "contact_list.csv", dtype={"customer_id": str})
    assert listed["customer_id"].str.match(r"C\d{7}").all()
    assert len(pd.read_parquet(tables / "contact_list.parquet")) == len(listed) > 0
    assert (listed["expected_gain"] > 0).all()
    pictures = [base64.b64decode(text).decode() for text in re.findall(r"svg\+xml;base64,([^\"]+)", html)]
    assert not any(re.search(r"C\d{7}", text) for text in (html, *pictures))
    home = Home(shop.home)
    kept = list(home.artifacts.rglob("report.html"))
    assert [path.read_text() for path in kept] == [html]
    mlflow = client(home)
    experiments = [found.experiment_id for found in mlflow.search_experiments()]
    (run,) = mlflow.search_runs(experiments, "tags.kind = 'report'")
    assert run.info.status == "FINISHED"
    assert run.data.tags["scored"] == "True"
    assert list(kept[0].parent.iterdir()) == kept


def test_the_report_and_the_scores_of_the_same_file_contact_the_same_customers(reported, scored):
    shop, _, _ = reported
    listed = pd.read_csv(shop.folder / "my report_tables" / "contact_list.csv", dtype={"customer_id": str})
    gains = scored.set_index("customer_id")["expected_gain"]
    assert gains[gains > 0].to_dict() == pytest.approx(listed.set_index("customer_id")["expected_gain"].to_dict())


def test_the_same_log_in_another_order_gives_the_same_page(reported):
    shop, _, html = reported
    shuffled = pd.read_csv(shop.log, dtype=str).sample(frac=1.0, random_state=1)
    shuffled.to_csv(shop.folder / "shuffled.csv", index=False)
    shop.run("report", *words(shop, "out=again.html")[:1], f"data.path={shop.folder / 'shuffled.csv'}",
             "report.draws=20", "out=again.html")  # fmt: skip
    assert (shop.folder / "again.html").read_text() == html
    first, again = (sorted((shop.folder / f"{name}_tables").glob("*.csv")) for name in ("my report", "again"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]


def test_italian_with_thresholds_of_the_report_before(reported):
    shop, _, _ = reported
    thresholds = shop.folder / "my report_tables" / "segments.json"
    done = shop.run("report", *words(shop, "report.language=it", f"report.thresholds={thresholds}", "out=it.html"))
    assert "In breve" in done.stdout
    assert 'lang="it"' in (shop.folder / "it.html").read_text()
    assert (shop.folder / "it_tables" / "segments.json").read_text() == thresholds.read_text()


def test_without_a_champion_the_report_names_the_commands(open_shop, shop):
    other = open_shop("no champion", "orders.csv")
    shutil.copyfile(shop.log, other.log)
    done = other.run("report", *words(other))
    assert "make train, make export" in done.stdout
    html = (other.home / "report" / "report.html").read_text()
    assert "This needs the scores of a champion" in html


def test_a_champion_of_other_data_is_not_asked(exported, tmp_path):
    shop, _ = exported
    pd.read_csv(shop.log, dtype=str).head(300).to_csv(tmp_path / "other.csv", index=False)
    shop.run("report", "data=transactions", f"data.path={tmp_path / 'other.csv'}", f"out={tmp_path / 'r.html'}")
    assert "was fitted on other data" in (tmp_path / "r.html").read_text()


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("report.as_of=2001-01-01", "no event lies before report.as_of=2001-01-01"),
        ("report.language=fr", "report.language is 'fr'"),
        ("report.superstar_share=2", "report.superstar_share is 2.0"),
        ("report.funnel_steps=[look]", "one step has no conversion"),
        ("report.costs=nowhere.csv", "nowhere.csv: no such file"),
        ("report.thresholds=nowhere.json", "nowhere.json: no such file"),
        ("+report.plays.high_hihg=call", "report.plays names the cells ['high_hihg']"),
        ("model=nowhere", "no such bundle"),
    ],
)
def test_what_is_at_fault_is_answered_in_one_message(exported, word, said):
    shop, _ = exported
    done = shop.run("report", *words(shop, word), check=False)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(CHROMIUM is None, reason="no browser on this machine")
def test_a_browser_opens_the_page_offline_without_a_complaint(reported):
    shop, _, _ = reported
    page = (shop.folder / "my report.html").as_uri()
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND",
               "--enable-logging=stderr", "--v=0", "--window-size=390,2000", "--dump-dom"]  # fmt: skip
    done = subprocess.run([CHROMIUM, *options, page], capture_output=True, text=True, check=True, timeout=120)
    assert '<h2 id="whatif">' in done.stdout
    assert "CONSOLE" not in done.stderr
