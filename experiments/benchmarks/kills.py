"""That killing a command at a random moment loses nothing: `kills.py --kills 100 --signals 30`.

Over train, export, score, report, leaderboard, entry and retrain in turn (`--only retrain` for some of them), on a
small simulated shop: a command is killed (-9) or sent SIGINT, SIGTERM or SIGHUP at a random moment, and run again.
Counted is what must not be: a process that outlives it, a finished run or an output that was lost, a run again that
fails or ends otherwise, a temporary file left by then, a traceback or another exit code than 128 + signal where it was
asked to end, no champion or several, a champion whose bundle is damaged, and one that a challenger no better than it
has replaced. Two retrainings at once have to train one challenger.
"""

import argparse
import contextlib
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from churnclv.bundle.pyfunc import DamagedBundleError, verify
from churnclv.errors import InputError
from churnclv.testing.market import Market, simulate
from churnclv.tracking.home import Home
from churnclv.tracking.registry import locate_bundle
from churnclv.tracking.sink import client

SMALL = (
    "clv=bgnbd", "churn=xgboost", "churn.class_weight=none", "churn.calibration=none", "tuning.n_trials=2",
    "churn.max_rounds=15",
)  # fmt: skip
WINDOWS = ("windows.n_cutoffs=5", "windows.n_folds=2")
PATIENCE_SECONDS = 20.0
ASKED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Shop:
    """A folder with a log, a home, entries and temporary files, and how it stood before a command was killed."""

    root: Path
    temporary: Path
    faults: Counter[str] = field(default_factory=Counter)
    slowest_end: float = 0.0  # seconds from the end of a command to that of its last process

    @property
    def work(self) -> Path:
        """The folder that commands change."""
        return self.root / "work"

    def commands(self) -> dict[str, list[str]]:
        """Return the words of each command, and keep to what is small."""
        path = f"data.path={self.root / 'shop.csv'}"
        data = ["data=transactions", path]
        return {
            "train": ["train", *data, *SMALL, *WINDOWS, "tuning.seed=1", "tuning.workers=2"],
            "export": ["export"],
            "score": ["score", f"input={self.root / 'shop.csv'}", f"output={self.work / 'scores.csv'}"],
            "report": ["report", *data, f"out={self.work / 'report.html'}"],
            "leaderboard": ["leaderboard", "dataset=transactions", f"overrides={' '.join([path, *SMALL, *WINDOWS])}"],
            "entry": ["entry", "name=second"],
            "retrain": ["retrain", f"input={self.root / 'shop.csv'}", "force=true"],
        }

    def start(self, words: list[str]) -> subprocess.Popen:
        """Start a command in a session of its own, by which its processes are found."""
        places = {"MLRUNS": self.work / "home", "CHURNCLV_EXPERIMENTS": self.work / "entries", "TMPDIR": self.temporary}
        return subprocess.Popen(
            [sys.executable, "-m", "churnclv", *words],
            env={**os.environ, **{name: str(path) for name, path in places.items()}},
            cwd=self.work, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, words: list[str]) -> tuple[int, float, str]:
        """Run a command to its end; return its exit code, seconds and messages."""
        began = time.monotonic()
        process = self.start(words)
        _, errors = process.communicate()
        return process.returncode, time.monotonic() - began, errors

    def prepare(self, words: list[str]) -> float:
        """Run a command that has to succeed; return its seconds."""
        code, seconds, errors = self.run(words)
        if code != 0:
            sys.exit(f"{' '.join(words)}: {errors}")
        return seconds

    def finished(self) -> set[str]:
        """Return the finished training runs whose artefacts are whole."""
        mlflow = client(Home(self.work / "home"))
        experiments = [found.experiment_id for found in mlflow.search_experiments()]
        runs = mlflow.search_runs(experiments, "tags.kind = 'train' and attributes.status = 'FINISHED'")
        whole = [run for run in runs if Path(run.info.artifact_uri.removeprefix("file://"), "result.json").is_file()]
        return {run.info.run_id for run in whole}

    def outputs(self) -> dict[str, str]:
        """Return digests of what commands leave outside of the home; of a page that there is a whole one."""
        found = {}
        for path in (self.work / "scores.csv", self.work / "entries" / "second" / "entry.yaml"):
            if path.is_file():
                found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
        page = self.work / "report.html"
        return found | ({page.name: page.read_text()[-20:].strip()[-7:]} if page.is_file() else {})

    def champion(self) -> str | None:
        """Return the digest of the only champion's manifest; None where there is none, several, or a damaged one."""
        try:
            source = locate_bundle(Home(self.work / "home"), None)
            verify(source.folder, source.manifest)
        except (InputError, DamagedBundleError):
            return None
        return source.manifest

    def left(self) -> list[str]:
        """Return what is temporary and still there."""
        hidden = [path for path in self.work.rglob(".*") if "artifacts" not in path.parts]
        return [str(path) for path in (*self.temporary.iterdir(), *hidden)]


def outlive(session: int) -> int:
    """Return how many processes of a session are alive."""
    alive = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, found = path.read_text().rpartition(")")[2].split()[:4]
            alive += int(found) == session and state != "Z"
    return alive


def wait_for_end(session: int) -> float:
    """Wait until a session has no process left or patience is at an end; return the seconds.

    A worker that is importing its modules sees the end of its parent only afterwards.
    """
    began = time.monotonic()
    while outlive(session) and time.monotonic() - began < PATIENCE_SECONDS:
        time.sleep(0.1)
    return time.monotonic() - began


def interrupt(shop: Shop, name: str, number: int, seconds: float, wanted: dict[str, str]) -> None:
    """Let a command be interrupted after so many seconds, run it again, and count what is wrong."""
    shutil.rmtree(shop.work)
    shutil.copytree(shop.root / "before", shop.work, symlinks=True)
    before, champion, words = shop.finished(), shop.champion(), shop.commands()[name]
    process = shop.start(words)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.send_signal(number)
    errors = process.communicate()[1]
    shop.slowest_end = max(shop.slowest_end, wait_for_end(process.pid))
    wrong = {
        "outlives": outlive(process.pid) > 0,
        "exit code": number != signal.SIGKILL and process.returncode not in (0, 128 + number, -number),
        "traceback": number != signal.SIGKILL and "Traceback" in errors,
        "run lost": not before <= shop.finished(),
        "champion lost": shop.champion() is None,
        "damaged output": any(found != wanted.get(path, found) for path, found in shop.outputs().items()),
    }
    code, _, again = shop.run(words)
    taken = name == "entry" and "is there already" in again  # it was done before the signal came
    wrong["fails again"] = code != 0 and not taken
    wrong["other output"] = any(shop.outputs().get(path) != found for path, found in wanted.items())
    wrong["left behind"] = bool(shop.left())
    wrong["champion replaced"] = name == "retrain" and shop.champion() != champion  # the challenger is no better
    for fault in (fault for fault, is_so in wrong.items() if is_so):
        shop.faults[fault] += 1
        detail = (
            again[-300:] if fault == "fails again" else shop.left()[:3] if fault == "left behind" else errors[-200:]
        )
        print(f"  {name}, {signal.Signals(number).name} after {seconds:.1f} s: {fault}: {detail}", flush=True)


def retrain_twice(shop: Shop) -> None:
    """Retrain twice at once, and count what is wrong: one of the two trains, and the champion stays."""
    shutil.rmtree(shop.work)
    shutil.copytree(shop.root / "before", shop.work, symlinks=True)
    before, champion, words = shop.finished(), shop.champion(), shop.commands()["retrain"]
    both = [shop.start(words) for _ in range(2)]
    errors = [process.communicate()[1] for process in both]
    wrong = {
        "twice: fails": any(process.returncode != 0 for process in both),
        "twice: trains": len(shop.finished() - before) != 1,
        "twice: champion": shop.champion() != champion,
    }
    for fault in (fault for fault, is_so in wrong.items() if is_so):
        shop.faults[fault] += 1
        print(f"  two retrainings at once: {fault}: {errors}", flush=True)


def main(kills: int, signals: int, seed: int, only: list[str]) -> None:
    """Prepare a shop, interrupt its commands, and print a table."""
    draws = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="k") as root, tempfile.TemporaryDirectory(prefix="t") as temporary:
        shop = Shop(Path(root), Path(temporary))
        simulate(Market(customers=250, days=720), 1).log.to_csv(shop.root / "shop.csv", index=False)
        (shop.work / "entries").mkdir(parents=True)
        commands = shop.commands()
        chosen = only or list(commands)
        prepared = [[*commands["train"], "tuning.seed=0"], commands["export"], ["entry", "name=first"]]
        for words in prepared:
            print(f"preparing: {words[0]}", file=sys.stderr, flush=True)
            shop.prepare(words)
        shutil.copytree(shop.work, shop.root / "before", symlinks=True)
        usual = {}
        for name, words in [(name, commands[name]) for name in chosen]:
            print(f"timing: {name}", file=sys.stderr, flush=True)
            usual[name] = shop.prepare(words)
        wanted = shop.outputs()
        kinds = [signal.SIGKILL] * kills + [ASKED[place % len(ASKED)] for place in range(signals)]
        done: Counter[tuple[str, str]] = Counter()
        for place, number in enumerate(kinds):
            name = chosen[place % len(chosen)]
            each = {path: found for path, found in wanted.items() if made_by(path) == name}
            seconds = draws.uniform(0.05, 0.95) * usual[name]
            print(f"{place + 1} of {len(kinds)}: {name}, {signal.Signals(number).name}", file=sys.stderr, flush=True)
            interrupt(shop, name, number, seconds, each)
            done[name, "kill -9" if number == signal.SIGKILL else "asked to end"] += 1
        if "retrain" in chosen:
            retrain_twice(shop)
    for (name, kind), count in sorted(done.items()):
        print(f"| {name} | {kind} | {count} |")
    print(f"the last process of a command ended at most {shop.slowest_end:.1f} s after it")
    print(f"faults: {dict(shop.faults) or 'none'}")


def made_by(output: str) -> str:
    """Return the command that makes an output."""
    return {"scores.csv": "score", "report.html": "report", "entry.yaml": "entry"}[output]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="how often to kill (default 100)")
    parser.add_argument("--signals", type=int, default=30, help="how often to ask for the end (default 30)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--only", nargs="*", default=[], help="the commands, where not all")
    given = parser.parse_args()
    main(given.kills, given.signals, given.seed, given.only)
