"""A small shop, trained and exported once by the real commands."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from churnclv.testing.market import Market, simulate
from churnclv.tracking.home import Home
from churnclv.tracking.sink import client

SMALL = ["clv=hybrid", "tuning.n_trials=3", "churn.max_rounds=40", "windows.n_cutoffs=5", "windows.n_folds=2"]


@dataclass(frozen=True)
class Shop:
    """A folder with a log, and MLflow's home."""

    folder: Path
    log: Path
    home: Path

    def run(self, door: str, *words: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess:
        """Run `python -m churnclv.<door>` in the shop's folder."""
        done = subprocess.run(
            [sys.executable, "-m", "churnclv", door, *words],
            cwd=self.folder,
            env={**os.environ, "MLRUNS": str(self.home), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def page(self, home: Path | None = None) -> str:
        """Return the page `summary.md` of the latest run in a home, by default the shop's."""
        pages = ((home or self.home) / "artifacts").glob("*/*/artifacts/summary.md")
        return max(pages, key=lambda path: path.stat().st_mtime).read_text()

    def words(self) -> list[str]:
        """Return the arguments that train on the shop's log with a small budget."""
        return ["data=transactions", f"data.path={self.log}", *SMALL]

    def train(self, *words: str, **options) -> subprocess.CompletedProcess:
        """Train on the shop's log with a small budget."""
        return self.run("train", *self.words(), *words, **options)


def make_shop(folder: Path, customers: int = 400, seed: int = 1) -> Shop:
    """Write a simulated log and return the shop."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "my orders, 2010=2011.csv"
    simulate(Market(customers=customers, days=720), seed).log.to_csv(log, index=False)
    return Shop(folder, log, folder / "ml runs")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory) -> Path:
    """MLflow's database with its tables and nothing in them: making it takes seconds, copying it none."""
    home = Home.at(str(tmp_path_factory.mktemp("empty")))
    client(home)
    return home.database


@pytest.fixture(scope="session")
def open_shop(tmp_path_factory):
    """Return a function that gives a folder of a name, its log yet to be written, and a home of its own."""

    def open_one(name: str, log: str) -> Shop:
        folder = tmp_path_factory.mktemp(name)
        return Shop(folder, folder / log, folder / "ml runs")

    return open_one


@pytest.fixture(scope="session")
def shop(tmp_path_factory) -> Shop:
    """A shop with a log, not yet trained on."""
    return make_shop(tmp_path_factory.mktemp("a shop"))


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
