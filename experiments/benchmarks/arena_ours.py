"""Our answer to a case, as a user gets it: train, export and score by the default commands of a checkout."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from arena_cases import ID
from peer_answers import PASSIVE

from churnclv.files import digest, file_digest

CHURN, PURCHASES, SPEND = "churn_score", "expected_purchases", "expected_spend"
_REFUSED = 2  # the exit code for what the user's input is at fault for
_MOST_OF_A_MESSAGE = 600


class RefusedError(Exception):
    """A command ended with an error; the text is its message."""


@dataclass(frozen=True)
class Checkout:
    """A checkout of the project, whose commands are run.

    Attributes:
        folder: its root.
        overrides: further arguments for training; none for the default command.
    """

    folder: Path
    overrides: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """A digest of the code and the configuration that can change an answer."""
        files = sorted([*(self.folder / "src").rglob("*.py"), *(self.folder / "conf").rglob("*.yaml")])
        return digest([(str(path.relative_to(self.folder)), file_digest(path)) for path in files], *self.overrides)

    @property
    def python(self) -> str:
        """Its interpreter, or else the present one on its sources."""
        own = self.folder / ".venv" / "bin" / "python"
        return str(own) if own.is_file() else sys.executable

    def run(self, home: Path, *arguments: str) -> str:
        """Return what a command prints.

        Raises:
            RefusedError: it ended with an error.
        """
        environment = {**PASSIVE, "MLRUNS": str(home), "PYTHONPATH": str(self.folder / "src")}
        command = [self.python, "-m", "churnclv", *arguments]
        done = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, check=False)
        if done.returncode:
            tail = done.stderr.strip()[-_MOST_OF_A_MESSAGE:]
            kind = "refused" if done.returncode == _REFUSED else f"failed with {done.returncode}"
            raise RefusedError(f"{arguments[0]} {kind}: {tail}")
        return done.stdout


def answer(checkout: Checkout, folder: Path, home: Path) -> tuple[pd.DataFrame, dict[str, object]]:
    """Return the score columns by customer, and what training cost and chose.

    Raises:
        RefusedError: a command ended with an error.
    """
    question = json.loads((folder / "question.json").read_text())
    of_log = question["kind"] == "log"
    given, asked = ("past.csv", "past.csv") if of_log else ("train.csv", "test.csv")
    start, load = time.perf_counter(), os.getloadavg()[0]
    words = _log_words(folder, question) if of_log else _table_words(question)
    printed = checkout.run(home, "train", f"data.path={folder / given}", *words, *checkout.overrides)
    trained = time.perf_counter() - start
    bundle = checkout.run(home, "export").splitlines()[0]
    scores, how = _score(checkout, home, [f"input={folder / asked}", f"model={bundle}"], question)
    facts: dict[str, object] = {
        "seconds": time.perf_counter() - start,
        "train_seconds": trained,
        "load": [round(load, 1), round(os.getloadavg()[0], 1)],
        "notices": re.findall(r"WARNING (\w+):", printed),
        "summary": printed,
        **how,
    }
    return scores.set_index(ID)[[name for name in (CHURN, PURCHASES, SPEND) if name in scores]], facts


def _log_words(folder: Path, question: dict[str, object]) -> list[str]:
    header = list(pd.read_csv(folder / "past.csv", nrows=0).columns)
    words = ["data=transactions", f"windows.horizon_days={question['horizon_days']}"]
    return words if "amount" in header else [*words, "data.columns.amount=null"]


def _table_words(question: dict[str, object]) -> list[str]:
    target = [f"data.target='{question['target']}'", f"data.positive='{question['positive']}'"]
    return ["data=labelled", f"data.columns.customer_id={question['customer_id']}", *target]


def _score(
    checkout: Checkout, home: Path, words: Sequence[str], question: dict[str, object]
) -> tuple[pd.DataFrame, dict[str, object]]:
    """Score at the cutoff; where another horizon than the asked one was trained, ask for it, if scoring can."""
    out = home / "scores.csv"
    if question["kind"] == "table":
        checkout.run(home, "score", *words, f"output={out}")
        return pd.read_csv(out, dtype={ID: str}), {}
    words = [*words, f"as_of={question['cutoff']}"]
    checkout.run(home, "score", *words, f"output={out}")
    scores, asked = pd.read_csv(out, dtype={ID: str}), float(str(question["horizon_days"]))
    trained = float(scores["horizon_days"].iloc[0])
    if trained == asked:
        return scores, {}
    try:
        out.unlink()
        checkout.run(home, "score", *words, f"output={out}", f"horizon_days={asked:.0f}")
    except RefusedError as error:
        return scores, {"trained_horizon_days": trained, "horizon": f"the trained one: {error}"}
    return pd.read_csv(out, dtype={ID: str}), {"trained_horizon_days": trained, "horizon": "extrapolated by score"}
