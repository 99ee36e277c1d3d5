"""What the default run costs, and that killing it loses nothing.

`make bench` prints: seconds and peak memory of `train` on the embedded data, split into building features, fitting
models and everything else; then, over random kills (-9), whether the run that goes on ends with the same choices as one
that was not killed. The seal stays closed.
"""

import argparse
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LINE = re.compile(r"\[\s*([\d.]+) s\] (.*)")
FITTING = ("Tuning", "Fitting", "Refitting")
FEATURES = ("Building features",)


def train(home: Path, *words: str, kill_after_seconds: float | None = None) -> str:
    """Run the job in a process of its own and return its progress; kill it on the way if asked to."""
    command = [sys.executable, "-m", "churnclv", "train", "windows.open_seal=false", *words]
    environment = {**os.environ, "MLRUNS": str(home)}
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as job:
        try:
            return job.communicate(timeout=kill_after_seconds)[1]
        except subprocess.TimeoutExpired:
            os.kill(job.pid, signal.SIGKILL)
            return job.communicate()[1]


def split_seconds(progress: str, total: float) -> dict[str, float]:
    """Return the seconds spent on features, on fitting, and on everything else."""
    marks = [(float(found[1]), found[2]) for found in map(LINE.match, progress.splitlines()) if found]
    spent = {"features": 0.0, "fitting": 0.0, "else": marks[0][0] if marks else total}
    for (start, text), (end, _) in zip(marks, [*marks[1:], (marks[-1][0], "")], strict=True):
        kind = "fitting" if text.startswith(FITTING) else "features" if text.startswith(FEATURES) else "else"
        spent[kind] += end - start
    spent["else"] += total - marks[-1][0]
    return spent


def choices(home: Path) -> dict:
    """Return the choices of the newest finished run in a home."""
    found = sorted(home.rglob("choices.json"), key=lambda path: path.stat().st_mtime)
    return json.loads(found[-1].read_text())


def bench_default() -> None:
    """Print what the default run costs."""
    with tempfile.TemporaryDirectory() as name:
        start = time.monotonic()
        progress = train(Path(name))
        total = time.monotonic() - start
    peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    spent = ", ".join(f"{kind} {seconds:.0f} s" for kind, seconds in split_seconds(progress, total).items())
    print(f"default run: {total:.0f} s ({spent}), peak memory {peak_mib:,.0f} MiB")


def bench_kills(kills: int) -> None:
    """Kill small runs at random moments, let each go on, and compare the choices with an unkilled run's."""
    small = ("tuning.n_trials=4", "churn.max_rounds=60")
    moments = random.Random(0)
    with tempfile.TemporaryDirectory() as name:
        start = time.monotonic()
        train(Path(name) / "whole", *small)
        seconds = time.monotonic() - start
        wanted, equal = choices(Path(name) / "whole"), 0
        for number in range(kills):
            home = Path(name) / f"killed-{number}"
            train(home, *small, kill_after_seconds=moments.uniform(0.2, 0.95) * seconds)
            train(home, *small)
            equal += choices(home) == wanted
        print(f"killed at random moments: {equal} of {kills} ended with the choices of the unkilled run")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="how often to kill (default 20)")
    given = parser.parse_args()
    bench_default()
    bench_kills(given.kills)
