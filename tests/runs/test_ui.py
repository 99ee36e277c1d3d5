"""What a person sees in a browser: runs in order, figures side by side, the champion marked."""

import os
import re
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

NO_ASSISTANT = "localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true')"
PICTURES = """name => [...document.querySelectorAll('img')]
    .filter(image => image.src.includes(name) && image.naturalWidth > 100 && image.getBoundingClientRect().width > 100)
    .length"""
DRAWN = (
    """canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(byte => byte > 0)"""
)
MAIN = "metrics.`valid.churn.auc`"
PATIENCE_MS = 60_000


def wait_for(address: str, said: Path) -> None:
    """Return once the address answers; fail with what the server said where it does not."""
    patience = urllib3.Retry(total=120, backoff_factor=0.2, backoff_max=1.0)
    try:
        assert urllib3.request("GET", address, retries=patience).status == 200
    except urllib3.exceptions.HTTPError:
        pytest.fail(said.read_text())


@contextmanager
def serving(folder: Path, home: Path) -> Iterator[tuple[str, str]]:
    """Yield the server's address and what the door printed; its processes, in a group of their own, end with it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = folder / "ui.txt"
    words = [sys.executable, "-m", "churnclv", "ui", f"port={port}"]
    environment = {**os.environ, "MLRUNS": str(home)}
    with (
        said.open("w") as out,
        subprocess.Popen(words, cwd=folder, env=environment, stdout=out, stderr=out, start_new_session=True) as started,
    ):
        try:
            wait_for(f"http://127.0.0.1:{port}/health", said)
            yield f"http://127.0.0.1:{port}", said.read_text()
        finally:
            os.killpg(started.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def compared(browser, shop, tmp_path_factory) -> Path:
    """A home with two training runs on the same data, and the champion exported from the better one."""
    del browser  # without one nothing is trained in vain
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


@pytest.fixture
def page(browser, request, tmp_path):
    """A fresh page; what it showed last is kept as a picture."""
    shown = browser.new_page(viewport={"width": 1600, "height": 1000})
    shown.set_default_timeout(PATIENCE_MS)
    shown.add_init_script(NO_ASSISTANT)
    yield shown
    folder = Path(os.environ.get("CHURNCLV_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    shown.screenshot(path=folder / f"{request.node.name}.png")
    shown.close()


def view(served: tuple[str, str], name: str) -> str:
    """Return the address of a view that `make ui` printed."""
    return re.search(rf"{name}\s+(http\S+)", served[1]).group(1)


def digits(runs: list, metric: str) -> list[str]:
    """Return the figures that begin the table's cells, in the order of the runs."""
    return [str(run.data.metrics[metric])[:6] for run in runs]


def cells(page, column: str, first: str) -> list[str]:
    """Return what the table of runs shows in a column, top to bottom, once its first row begins with `first`."""
    top = page.locator(f".ag-row[row-index='0'] [col-id='{column}']")
    playwright.expect(top).to_have_text(re.compile(f"^{re.escape(first)}"), timeout=PATIENCE_MS)
    shown = page.locator(f".ag-center-cols-container [col-id='{column}']").evaluate_all(
        "found => found.map(cell => [Number(cell.closest('.ag-row').getAttribute('row-index')), cell.innerText])"
    )
    return [text for _, text in sorted(shown)]


def test_training_runs_alone_are_listed_best_first(page, served, runs):
    page.goto(view(served, "Training runs, best first"))
    expected = digits(runs, "valid.churn.auc")
    assert expected == sorted(expected, reverse=True)
    assert [text[:6] for text in cells(page, MAIN, expected[0])] == expected
    page.get_by_text("2 matching runs").wait_for()  # no study, no trial


def test_the_table_is_sorted_by_another_column_when_its_title_is_clicked(page, served, runs):
    page.goto(view(served, "Training runs, best first"))
    cells(page, MAIN, digits(runs, "valid.churn.auc")[0])
    column = page.locator(".ag-header-cell[col-id='metrics.`valid.churn.log_loss`']")
    falling = sorted(digits(runs, "valid.churn.log_loss"), reverse=True)
    for expected in (falling, falling[::-1]):
        column.click()
        assert [text[:6] for text in cells(page, "metrics.`valid.churn.log_loss`", expected[0])] == expected


def test_the_row_of_the_champion_is_marked_and_says_what_was_asked(page, served, runs):
    page.goto(view(served, "Training runs, best first"))
    assert cells(page, "tags.`champion`", "version 1") == ["version 1", "-"]
    asked = cells(page, "tags.`overrides`", "data=transactions clv=hybrid")  # groups first
    assert asked == [run.data.tags["overrides"] for run in runs]


def test_two_ticked_runs_are_compared(page, served, runs):
    page.goto(view(served, "Training runs, best first"))
    cells(page, MAIN, digits(runs, "valid.churn.auc")[0])
    page.locator(".ag-header-select-all input").first.check()
    page.get_by_role("button", name="Compare", exact=True).click()
    page.get_by_text("Comparing 2 Runs from 1 Experiment").wait_for()
    page.locator(".js-plotly-plot .axis-title").get_by_text("churn.name").wait_for()  # what they differ in
    for run in runs:
        page.get_by_role("link", name=run.info.run_id).wait_for()


def test_pictures_of_runs_stand_side_by_side(page, served):
    page.goto(view(served, "Training runs, side by side"))
    page.wait_for_function(f"name => ({PICTURES})(name) === 2", arg="valid_calibration")


def test_trials_of_a_study_are_drawn_in_parallel_coordinates(page, served):
    page.goto(view(served, "Trials of the latest clv study"))
    for axis in ("purchase_penalty", "fold_0", "fold_1", "value"):
        page.locator(".parcoords .dimension").filter(has_text=axis).wait_for()
    assert page.locator(".parcoords canvas.foreground").evaluate(DRAWN)
    page.get_by_text("3 matching runs").wait_for()


def test_a_runs_page_opens_with_its_headline_and_shows_its_figures(page, served, runs):
    page.goto(f"{served[0]}/#/experiments/{runs[0].info.experiment_id}/runs/{runs[0].info.run_id}")
    page.get_by_role("cell", name="AUC of the churn score").wait_for()
    page.get_by_role("tab", name="Artifacts").click()
    page.get_by_text("figures", exact=True).click()
    page.get_by_text("valid_calibration.svg").first.click()
    page.wait_for_function("() => [...document.querySelectorAll('img')].some(image => image.naturalWidth > 300)")


def test_the_page_of_models_shows_the_runs_models_with_their_validation_auc(page, served, runs):
    page.goto(f"{served[0]}/#/experiments/{runs[0].info.experiment_id}/models")
    page.locator(".ag-header-cell").get_by_text("valid.churn.auc", exact=True).first.wait_for()
    rows = page.locator(".ag-center-cols-container .ag-row")
    for figure in digits(runs, "valid.churn.auc"):
        playwright.expect(rows.filter(has_text=figure)).to_have_count(1, timeout=PATIENCE_MS)


def test_the_chart_view_of_the_page_of_models_compares_them_by_validation_auc(page, served, runs):
    page.goto(f"{served[0]}/#/experiments/{runs[0].info.experiment_id}/models?workflowType=machine_learning")
    page.locator(".ag-header-cell").get_by_text("valid.churn.auc", exact=True).first.wait_for()
    page.locator("input[value='CHART']").dispatch_event("click")
    chart = page.locator(".js-plotly-plot").first  # valid.churn.auc is the first metric
    playwright.expect(chart.locator(".barlayer .point")).to_have_count(2, timeout=PATIENCE_MS)
    bars = chart.locator(".barlayer .point").evaluate_all(
        "found => found.map(bar => [bar.querySelector('path').getBoundingClientRect().width, bar.textContent])"
    )
    expected = [f"{run.data.metrics['valid.churn.auc']:.2g}" for run in runs]
    assert [text for _, text in sorted(bars, reverse=True)] == expected


def test_the_models_version_and_alias_are_visible(page, served):
    page.goto(f"{served[0]}/#/models/transactions")
    version = page.get_by_role("row").filter(has=page.get_by_role("link", name="Version 1"))
    version.get_by_text("@ champion").wait_for()
