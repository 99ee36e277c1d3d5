"""Extensions in the real commands: trained with, exported, scored with the bundle alone, and reported, in Italian."""

import re

import pandas as pd
import pytest

from churnclv.files import PROJECT
from churnclv.tracking.home import Home

pytestmark = pytest.mark.slow
FAMILY, CHECK, KPI, SECTION = re.findall(r"```python\n(.*?)```", (PROJECT / "docs/extending.md").read_text(), re.DOTALL)
FAST = ["churn=logistic", "clv=bgnbd", "tuning.n_trials=1", "windows.n_folds=2", "windows.open_seal=false"]


@pytest.fixture
def files(tmp_path):
    """Return the examples of the page as files, by what they hold."""
    codes = {"family": FAMILY, "check": CHECK, "kpi": KPI, "section": SECTION}
    paths = {name: tmp_path / f"own {name}.py" for name in codes}
    for name, code in codes.items():
        paths[name].write_text(code)
    return paths


def test_a_run_an_export_and_scores_with_extensions(shop, files, tmp_path):
    home = {"MLRUNS": str(tmp_path / "home")}
    extensions = f"extensions=['{files['family']}','{files['check']}']"
    alone = ["features.families=[attributes]", "churn.btyd_columns=false"]  # nothing else to learn from
    shop.train(*FAST, *alone, extensions, **home)
    (checks,) = Home(tmp_path / "home").artifacts.rglob("checks.md")
    assert re.search(r"^- S1 passed .* features$", checks.read_text(), re.MULTILINE)
    bundle = shop.run("export", **home).stdout.splitlines()[0]
    for path in files.values():
        path.unlink()  # the bundle has its own copy
    out = tmp_path / "scores.csv"
    shop.run("score", f"input={shop.log}", f"output={out}", f"model={bundle}", "language=it", **home)
    reasons = pd.read_csv(out)["reason_1"].dropna()
    assert len(reasons)
    assert reasons.str.fullmatch(r"nessun ordine grande|\d+ ordin[ei] grand[ei]( \(cliente tipico: \d+\))?").all()


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en", ("<dt>Spend per customer</dt>", ">Customers who bought once</h2>")),
        ("it", ("<dt>Spesa per cliente</dt>", ">Clienti con un solo acquisto</h2>")),
    ],
)
def test_a_report_with_extensions(shop, files, tmp_path, language, texts):
    page = tmp_path / "page.html"
    extensions = f"extensions=['{files['kpi']}','{files['section']}']"
    words = [f"data.path={shop.log}", f"report.language={language}", f"out={page}", "report.draws=20"]
    shop.run("report", "data=transactions", *words, extensions, MLRUNS=str(tmp_path / "home"))
    assert all(text in page.read_text() for text in texts)
    assert "spend_per_customer" in pd.read_csv(tmp_path / "page_tables" / "kpis.csv")
    assert (tmp_path / "page_tables" / "single_buyers.csv").is_file()


@pytest.mark.parametrize("command", ["train", "report"])
def test_a_file_at_fault_ends_the_command_with_one_message(shop, tmp_path, command):
    file = tmp_path / "own.py"
    file.write_text("def unregistered(history, settings):\n    return history\n")
    words = ["data=transactions", f"data.path={shop.log}", f"extensions=['{file}']"]
    done = shop.run(command, *words, MLRUNS=str(tmp_path / "home"), check=False)
    assert done.returncode == 2
    assert done.stderr == (
        f"error: {file}: registers nothing.\n"
        "  -> decorate a function with family, check, kpi or section; docs/extending.md has an example of each.\n"
    )
