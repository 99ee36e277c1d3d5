"""A small shop, trained and exported once by the real commands."""

import contextlib
import io
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from churnclv.cli import app
from churnclv.files import PROJECT
from churnclv.hackathon.entry_folder import start_entry
from churnclv.testing.market import Market, simulate
from churnclv.tracking.home import Home
from churnclv.tracking.sink import client
from commands import run_command

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SMALL = ["clv=hybrid", "tuning.n_trials=3", "churn.max_rounds=40", "windows.n_cutoffs=5", "windows.n_folds=2"]


@dataclass(frozen=True)
class Shop:
    """A folder with a log, and MLflow's home.

    Attributes:
        folder: where commands are called.
        log: the log.
        home: MLflow's home, made by the first command that writes there.
        database: an empty database of MLflow's, which takes seconds to make.
    """

    folder: Path
    log: Path
    home: Path
    database: Path

    def run(self, door: str, *words: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess:
        """Run `churnclv <door>` in the shop's folder; a home that training starts gets its database as a copy."""
        home = Path(environment.get("MLRUNS", self.home))
        fresh = not (home / self.database.name).exists() and (home.is_dir() or not home.exists())
        if door == "train" and check and fresh:
            home.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.database, home)
        done = run_command(door, *words, folder=self.folder, environment={"MLRUNS": str(self.home), **environment})
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def page(self, printed: str, home: Path | None = None) -> str:
        """Return the page `summary.md` of the run that printed this, in a home, by default the shop's."""
        run_id = re.search(r"Run ([0-9a-f]{32})", printed)[1]
        return next(((home or self.home) / "artifacts").glob(f"*/{run_id}/artifacts/summary.md")).read_text()

    def words(self) -> list[str]:
        """Return the arguments that train on the shop's log with a small budget."""
        return ["data=transactions", f"data.path={self.log}", *SMALL]

    def train(self, *words: str, **options) -> subprocess.CompletedProcess:
        """Train on the shop's log with a small budget."""
        return self.run("train", *self.words(), *words, **options)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory) -> Path:
    """MLflow's database with its tables and nothing in them: making it takes seconds, copying it none."""
    home = Home.at(str(tmp_path_factory.mktemp("empty")))
    client(home)
    return home.database


@pytest.fixture(scope="session")
def open_shop(tmp_path_factory, empty_database):
    """Return a function that gives a folder of a name, its log yet to be written, and a home of its own."""

    def open_one(name: str, log: str) -> Shop:
        folder = tmp_path_factory.mktemp(name)
        return Shop(folder, folder / log, folder / "ml runs", empty_database)

    return open_one


@pytest.fixture(scope="session")
def shop(open_shop) -> Shop:
    """A shop with a log, not yet trained on."""
    shop = open_shop("a shop", "my orders, 2010=2011.csv")
    simulate(Market(customers=400, days=720), 1).log.to_csv(shop.log, index=False)
    return shop


@pytest.fixture(scope="session")
def trained(shop) -> tuple[Shop, str]:
    """The shop after one training run, and what it printed."""
    return shop, shop.train().stdout


@pytest.fixture(scope="session")
def exported(trained) -> tuple[Shop, Path]:
    """The shop after an export, and its bundle."""
    shop, _ = trained
    return shop, Path(shop.run("export").stdout.splitlines()[0])


@pytest.fixture(scope="session")
def scored(exported) -> pd.DataFrame:
    """The shop's own log, scored by the command."""
    shop, _ = exported
    shop.run("score", f"input={shop.log}", "output=scores, all.csv")
    return pd.read_csv(shop.folder / "scores, all.csv", dtype={"customer_id": str})


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium: one on the path, or the one that playwright installed."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser")
    with playwright.sync_playwright() as engine:
        own = engine.chromium.executable_path
        path = next((found for name in BROWSERS if (found := shutil.which(name))), own if Path(own).exists() else None)
        if path is None:
            pytest.skip("no browser: install chromium, or run `python -m playwright install chromium`")
        opened = engine.chromium.launch(executable_path=path)
        yield opened
        opened.close()


@pytest.fixture
def compose_line(tmp_path, monkeypatch) -> Callable[[list[str]], list[Any]]:
    """Return a function that composes and checks what `churnclv <words>` would run with, as often as it would run."""
    experiments = tmp_path / "experiments"
    monkeypatch.setattr(app, "EXPERIMENTS", str(experiments))
    monkeypatch.setenv("MLRUNS", str(tmp_path / "home"))
    for entry in (PROJECT / "experiments").glob("*/entry.yaml"):
        start_entry(experiments, entry.parent.name)

    def compose(words: list[str]) -> list[Any]:
        composed: list[Any] = []
        for name in (word.removeprefix("experiment=") for word in words if word.startswith("experiment=")):
            if "," not in name and not (experiments / name).exists():
                start_entry(experiments, name)  # what `make entry` makes
        monkeypatch.setattr(sys, "argv", ["churnclv", *words[1:]])
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                app.run_command(words[0], composed.append)
        except SystemExit as end:
            if end.code:
                pytest.fail(printed.getvalue())
        return composed or [printed.getvalue()]  # `--cfg job` prints what it composes

    return compose
