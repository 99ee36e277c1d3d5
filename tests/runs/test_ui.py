"""What a person sees in a browser: runs in order, figures side by side, the champion marked."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3

from churnclv.tracking.home import Home
from churnclv.tracking.sink import client

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser to look with")
pytestmark = pytest.mark.slow

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CLOSE_ASSISTANT = "[data-component-id='mlflow.assistant.chat_panel.close']"
IS_LOADED = "found => found.length === {} && found.every(image => image.naturalWidth > 100)"
MAIN = "metrics.`valid.churn.auc`"
PATIENCE_MS = 60_000


@contextmanager
def serving(folder: Path, home: Path) -> Iterator[tuple[str, str]]:
    """Yield the server's address and what the door printed; its processes, in a group of their own, end with it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = folder / "ui.txt"
    words = [sys.executable, "-m", "churnclv.ui", f"port={port}"]
    environment = {**os.environ, "MLRUNS": str(home)}
    with (
        said.open("w") as out,
        subprocess.Popen(words, cwd=folder, env=environment, stdout=out, stderr=out, start_new_session=True) as started,
    ):
        try:
            patience = urllib3.Retry(total=200, backoff_factor=0.2, backoff_max=1.0)
            answer = urllib3.request("GET", f"http://127.0.0.1:{port}/health", retries=patience)
            assert answer.status == 200, said.read_text()
            yield f"http://127.0.0.1:{port}", said.read_text()
        finally:
            os.killpg(started.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def compared(shop, tmp_path_factory) -> Path:
    """A home with two training runs on the same data, and the champion exported from the better one."""
    home = tmp_path_factory.mktemp("compared") / "ml runs"
    shop.train("clv=mbgcnbd", MLRUNS=str(home))
    shop.train("clv=mbgcnbd", "churn=logistic", "windows.open_seal=false", MLRUNS=str(home))
    shop.run("export", MLRUNS=str(home))
    return home


@pytest.fixture(scope="module")
def runs(compared) -> list:
    """The two training runs, best first."""
    mlflow = client(Home(compared))
    experiment = mlflow.get_experiment_by_name("transactions").experiment_id
    return mlflow.search_runs([experiment], "tags.kind = 'train'", order_by=["metrics.`valid.churn.auc` DESC"])


@pytest.fixture(scope="module")
def served(compared, tmp_path_factory):
    """The server's address, and what `make ui` printed."""
    with serving(tmp_path_factory.mktemp("served"), compared) as found:
        yield found


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium: one on the path, or the one that playwright installed."""
    with playwright.sync_playwright() as engine:
        own = engine.chromium.executable_path
        path = next((found for name in BROWSERS if (found := shutil.which(name))), own if Path(own).exists() else None)
        if path is None:
            pytest.skip("no browser: install chromium, or run `python -m playwright install chromium`")
        opened = engine.chromium.launch(executable_path=path)
        yield opened
        opened.close()


@pytest.fixture
def page(browser, request, tmp_path):
    """A fresh page; what it showed last is kept as a picture."""
    shown = browser.new_page(viewport={"width": 1600, "height": 1000})
    shown.set_default_timeout(PATIENCE_MS)
    shown.add_locator_handler(shown.locator(CLOSE_ASSISTANT), lambda close: close.click())
    yield shown
    folder = Path(os.environ.get("CHURNCLV_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    shown.screenshot(path=folder / f"{request.node.name}.png")
    shown.close()


def view(served: tuple[str, str], name: str) -> str:
    """Return the address of a view that `make ui` printed."""
    return re.search(rf"{name}\s+(http\S+)", served[1]).group(1)


def cells(page, column: str, first: str) -> list[str]:
    """Return what the table of runs shows in a column, top to bottom, once its first row begins with `first`."""
    found = page.locator(f".ag-row[row-index='0'] [col-id='{column}']")
    playwright.expect(found).to_have_text(re.compile(f"^{re.escape(first)}"))
    texts = page.locator(f".ag-center-cols-container [col-id='{column}']")
    rows = texts.evaluate_all(
        "found => found.map(cell => [Number(cell.closest('.ag-row').getAttribute('row-index')), cell.innerText])"
    )
    return [text for _, text in sorted(rows)]


def test_training_runs_alone_are_listed_best_first(page, served, runs):
    page.goto(view(served, "Training runs, best first"))
    best, other = (f"{run.data.metrics['valid.churn.auc']:.4f}"[:6] for run in runs)
    listed = cells(page, MAIN, str(runs[0].data.metrics["valid.churn.auc"])[:6])
    assert [f"{float(text.rstrip('…')):.4f}"[:6] for text in listed] == [best, other]
    assert float(best) >= float(other)
    page.get_by_text("2 matching runs").wait_for()  # no study, no trial


def test_the_table_is_sorted_by_another_column_when_its_title_is_clicked(page, served, runs):
    page.goto(view(served, "Training runs, best first"))
    cells(page, MAIN, str(runs[0].data.metrics["valid.churn.auc"])[:6])
    column = "metrics.`valid.churn.log_loss`"
    page.locator(f".ag-header-cell[col-id='{column}']").click()
    worst = max(run.data.metrics["valid.churn.log_loss"] for run in runs)
    assert len(cells(page, column, str(worst)[:6])) == 2


def test_the_row_of_the_champion_is_marked_and_says_what_was_asked(page, served, runs):
    page.goto(view(served, "Training runs, best first"))
    assert cells(page, "tags.`champion`", "version 1") == ["version 1", "-"]
    asked = cells(page, "tags.`overrides`", "data=")
    assert ["churn=logistic" in text for text in asked] == [
        "churn=logistic" in run.data.tags["overrides"] for run in runs
    ]
    page.get_by_role("link", name="v1").or_(page.get_by_text("transactions").last).first.wait_for()


def test_two_ticked_runs_are_compared(page, served, runs):
    page.goto(view(served, "Training runs, best first"))
    page.get_by_label("Press Space to toggle all rows selection").or_(
        page.locator(".ag-header-select-all input")
    ).first.check()
    page.get_by_role("button", name="Compare", exact=True).click()
    page.get_by_text("Comparing 2 Runs from 1 Experiment").wait_for()
    page.locator(".js-plotly-plot .parcoords, .js-plotly-plot canvas").first.wait_for()
    for run in runs:
        page.get_by_text(run.info.run_id).first.wait_for()


def test_pictures_of_runs_stand_side_by_side(page, served):
    page.goto(view(served, "Training runs, side by side"))
    card = page.locator("[data-testid='experiment-view-compare-runs-card']").filter(has_text="valid_calibration")
    page.wait_for_function(
        f"() => {{ const found = [...document.querySelectorAll('img')].filter("
        f"image => image.src.includes('valid_calibration')); return ({IS_LOADED.format(2)})(found) }}"
    )
    del card


def test_trials_of_a_study_are_drawn_in_parallel_coordinates(page, served):
    page.goto(view(served, "Trials of the latest clv study"))
    for axis in ("purchase_penalty", "fold_0", "fold_1", "value"):
        page.locator("svg text").get_by_text(axis).or_(page.get_by_text(axis)).first.wait_for()
    page.get_by_text("3 matching runs").wait_for()


def test_a_runs_page_opens_with_its_headline_and_shows_its_figures(page, served, runs):
    address = f"{served[0]}/#/experiments/{runs[0].info.experiment_id}/runs/{runs[0].info.run_id}"
    page.goto(address)
    page.get_by_role("cell", name="AUC of the churn score").wait_for()
    page.get_by_role("tab", name="Artifacts").click()
    page.get_by_text("figures", exact=True).click()
    page.get_by_text("valid_calibration.svg").first.click()
    page.wait_for_function(
        "() => [...document.querySelectorAll('img')].some(image => image.alt !== '' && image.naturalWidth > 100)"
    )


def test_the_models_version_and_alias_are_visible(page, served):
    page.goto(f"{served[0]}/#/models/transactions")
    page.get_by_role("link", name="Version 1").wait_for()
    page.get_by_text("champion", exact=True).first.wait_for()
