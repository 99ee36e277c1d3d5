"""The arena: our default commands and everything that a user could have picked instead, on public data, in one table.

    make bench PEERS=1                                       cases of packages; the peers' environment is made once
    make bench PEERS=1 DATA=folder                           and those whose files lie in the folder
    make bench PEERS=1 DATA=folder ARGS="--only tv cdnow_90d --methods logistic bgnbd"
    make bench PEERS=1 ARGS="--checkout path --before other" another checkout as ours, and an earlier one beside it

Every answer is kept as soon as it is there: a file of predictions and a JSON file per case and method, so that a run
that was killed goes on. Ours are keyed by a digest of the checkout's code and configuration, peers by their script.
Nothing that is fitted, tuned or chosen sees a row on or after the cutoff, or an outcome of the test rows.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import arena_ours
import pandas as pd
from arena_cases import CASES, Case
from arena_ours import Checkout, RefusedError
from arena_peers import METHODS
from arena_verdict import Line, calibration_slope, compare, summarise, write_table
from peer_answers import CACHE, HERE, PASSIVE, ROOT, build_environment

from churnclv.files import digest, file_digest, write_json

OURS, BEFORE = "ours", "before"
FIRST_PART = "# The arena\n\nWritten by `make bench PEERS=1`; its cases and methods are in `arena.py`.\n\n"
_MOST_OF_AN_ERROR = 400


@dataclass(frozen=True)
class Arena:
    """Who competes, and where answers are kept.

    Attributes:
        kept: the folder of answers.
        python: the interpreter of the peers' environment.
        peers: the names of the peers.
        checkouts: our checkouts by name.
        limit_seconds: a peer that takes longer has no answer.
    """

    kept: Path
    python: Path
    peers: Sequence[str]
    checkouts: Mapping[str, Checkout]
    limit_seconds: float = 3600.0
    log: Callable[[str], None] = field(default=lambda line: print(line, flush=True))

    @property
    def methods(self) -> list[str]:
        """All names, ours first."""
        return [*self.checkouts, *self.peers]

    def key(self, method: str) -> str:
        """Return the digest of the code that answers as `method`."""
        if method in self.checkouts:
            return self.checkouts[method].digest
        return file_digest(HERE / "arena_peers.py")

    def remember(self, method: str, case: Case, where: str) -> tuple[pd.DataFrame | None, dict[str, object]]:
        """Return a kept answer and its facts; get, and keep it, if there is none.

        The answer is None where none came; the facts then say why.
        """
        facts_file = self.kept / case.name / f"{method}-{digest(case.fingerprint, self.key(method))}.json"
        predictions = facts_file.with_suffix(".parquet")
        if not facts_file.is_file():
            self.log(f"{where} {case.name}: {method} ...")
            answer, facts = self.answer_of(method, case)
            facts_file.parent.mkdir(parents=True, exist_ok=True)
            if answer is not None:
                answer.rename_axis("customer_id").reset_index().to_parquet(predictions)
            write_json(facts_file, facts)
            self.log(f"{where} {case.name}: {method} {_outcome(facts)}")
        facts = json.loads(facts_file.read_text())
        answered = "seconds" in facts
        return (pd.read_parquet(predictions).set_index("customer_id") if answered else None), facts

    def answer_of(self, method: str, case: Case) -> tuple[pd.DataFrame | None, dict[str, object]]:
        """Give a method what it may see, and return its answer; without one, the facts say why."""
        with tempfile.TemporaryDirectory() as name:
            folder, home = Path(name) / "case", Path(name) / "home"
            folder.mkdir()
            home.mkdir()
            case.write(folder)
            if method not in self.checkouts:
                return self.answer_of_peer(method, folder)
            try:
                return arena_ours.answer(self.checkouts[method], folder, home)
            except RefusedError as error:
                return None, {"no_answer": str(error)}

    def answer_of_peer(self, method: str, folder: Path) -> tuple[pd.DataFrame | None, dict[str, object]]:
        """Run a peer in the peers' environment."""
        out = folder.parent / "answer.parquet"
        command = [str(self.python), str(HERE / "arena_peers.py"), method, str(folder), "--out", str(out)]
        try:
            done = subprocess.run(
                command, env=PASSIVE, capture_output=True, text=True, check=False, timeout=self.limit_seconds
            )
        except subprocess.TimeoutExpired:
            return None, {"no_answer": f"no answer within {self.limit_seconds:.0f} s"}
        if done.returncode:
            return None, {"no_answer": done.stderr.strip()[-_MOST_OF_AN_ERROR:]}
        facts = json.loads(done.stdout.splitlines()[-1])
        if "not_applicable" in facts:
            return None, {"no_answer": facts["not_applicable"], "not_applicable": True}
        return pd.read_parquet(out).set_index("customer_id"), facts


def _outcome(facts: Mapping[str, object]) -> str:
    seconds = facts.get("seconds")
    return f"answered in {seconds:.0f} s" if isinstance(seconds, float) else f"has no answer: {facts['no_answer']}"


@dataclass(frozen=True)
class Results:
    """The lines of all cases, the calibration slopes of ours, and the reasons for gaps, by case."""

    lines: list[Line] = field(default_factory=list)
    slopes: dict[str, float] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)


def run(arena: Arena, cases: Mapping[str, Callable[[], Case]], out: Path) -> Results:
    """Get the answers that are not kept yet, and write the table after each case."""
    results = Results()
    for number, (name, load) in enumerate(cases.items(), 1):
        where = f"[{number}/{len(cases)}]"
        try:
            case = load()
        except FileNotFoundError as error:
            arena.log(f"{where} {name}: skipped, its data are missing: {error}")
            continue
        answers, notes = collect(arena, case, where)
        truth = case.truth
        rivals = [method for method in arena.methods if method != OURS]
        lines = compare(name, truth, answers, OURS, rivals)
        results.lines.extend(lines)
        results.slopes[name] = calibration_slope(truth, answers.get(OURS))
        results.notes[name] = notes
        for line in lines:
            arena.log(f"{where} {name}: {line.metric} {line.ours:.4f}, {line.peer} {line.theirs:.4f}: {line.verdict}")
        write_results(results, out)
    return results


def collect(arena: Arena, case: Case, where: str) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Return the answers that hold every customer, and why others are missing or depart from the question."""
    answers, notes, ids = {}, [], case.truth.index
    for method in arena.methods:
        answer, facts = arena.remember(method, case, where)
        if answer is None:
            notes.append(f"{method} has no answer: {' '.join(str(facts['no_answer']).split())}")
            continue
        answer.index = answer.index.astype(str)
        lacking = len(ids.difference(answer.index))
        if lacking:
            notes.append(f"{method} lacks {lacking:,} of {len(ids):,} customers, which count as no answer")
        if "horizon" in facts:
            notes.append(
                f"{method} was trained on {facts['trained_horizon_days']:.0f} days; scores: {facts['horizon']}"
            )
        answers[method] = answer
    return answers, notes


def write_results(results: Results, out: Path) -> None:
    """Write the page, and every figure as JSON beside it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    page = write_table(results.lines, results.slopes, results.notes, OURS)
    temporary = out.with_name(f".{out.name}.new")
    temporary.write_text(FIRST_PART + page)
    temporary.replace(out)
    figures = [{**asdict(line), "difference": asdict(line.difference)} for line in results.lines]
    everything = {"lines": figures, "slopes": results.slopes, "notes": results.notes}
    write_json(out.with_suffix(".json"), json.loads(json.dumps(everything), parse_constant=lambda _: None))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = os.environ.get("CHURNCLV_ARENA_DATA", "")
    parser.add_argument("--data", type=Path, default=Path(data or "no-data"), help="the folder of the files")
    parser.add_argument("--only", nargs="+", choices=CASES, metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--methods", nargs="*", choices=METHODS, default=list(METHODS), metavar="METHOD")
    parser.add_argument("--checkout", type=Path, default=ROOT, help="the checkout that is ours (default this one)")
    parser.add_argument("--before", type=Path, help="another checkout, shown as a peer called before")
    parser.add_argument("--overrides", nargs="*", default=[], help="arguments for our training; default none")
    parser.add_argument("--python", type=Path, help="an interpreter with the peers' packages, in place of their own")
    parser.add_argument("--out", type=Path, default=CACHE / "arena" / "ARENA.md", help="where the table is written")
    parser.add_argument("--kept", type=Path, default=CACHE / "arena", help="where answers are kept")
    parser.add_argument("--fresh", action="store_true", help="forget what was answered before")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> Results:
    """Run the arena of the command line."""
    given = _parse(arguments)
    if given.fresh:
        shutil.rmtree(given.kept, ignore_errors=True)
    python = given.python or build_environment("arena") / "bin" / "python"
    checkouts = {OURS: Checkout(given.checkout.resolve(), tuple(given.overrides))}
    if given.before is not None:
        checkouts[BEFORE] = Checkout(given.before.resolve(), tuple(given.overrides))
    cases = {name: (lambda name=name: CASES[name](given.data)) for name in given.only or CASES}
    start = time.monotonic()
    results = run(Arena(given.kept, python, given.methods, checkouts), cases, given.out)
    print(f"{summarise(results.lines)} in {time.monotonic() - start:.0f} s; {given.out}")
    return results


if __name__ == "__main__":
    sys.exit(0 if main().lines else 1)
