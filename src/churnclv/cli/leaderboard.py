"""Rank the entries: train those that have no result yet, and write the leaderboard."""

import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..hackathon.entry_folder import EXPERIMENTS
from ..interruption import Lifeline, lifeline
from ..pipeline.settings import LeaderboardConfig
from ..progress import Progress

if TYPE_CHECKING:
    from ..hackathon.entry_folder import Entry
    from ..hackathon.ranking import Ranking


def main(config: LeaderboardConfig) -> None:
    """Train entries without a result, rank all, and write the page, the table and a run."""
    from ..files import write_text
    from ..hackathon.entry_folder import list_entries
    from ..hackathon.leaderboard_page import page_output, table_output, write_page, write_table
    from ..hackathon.ranking import rank_entries
    from ..outputs import guard

    progress, folder = Progress(), Path(EXPERIMENTS)
    page, table = folder / "LEADERBOARD.md", folder / "leaderboard.csv"
    outputs = page_output(page), table_output(table)
    guard(outputs, {})
    entries = list_entries(folder)
    if config.fill:
        fill([entry for entry in entries if not entry.result_path(config.dataset).is_file()], config, progress)
    rankings = rank_entries(entries, config.metric, config.incumbent)
    for output, text in zip(outputs, (write_page(rankings), write_table(rankings)), strict=True):
        with output.faults():
            write_text(output.target, text)
    _record(config, rankings, (page, table))
    for ranking in rankings:
        print(f"{ranking.dataset}: {len(ranking.rows)} ranked, {len(ranking.apart)} not")
        print("\n".join(f"  {row.place:>2} {row.entry}" for row in ranking.rows[:3]))
    print(f"\n{page}\n{table}\n\nNext:  make entry NAME=your-idea    start an entry of your own")


def fill(missing: "list[Entry]", config: LeaderboardConfig, progress: Progress) -> None:
    """Train entries, several at a time: a run uses little more than one core."""
    from concurrent.futures import ThreadPoolExecutor, as_completed

    names = sorted((entry.name for entry in missing), key=lambda name: (name != config.incumbent, name))
    progress.log(f"{len(names)} entries without a result on {config.dataset}; {config.workers} at a time")
    with lifeline() as line, ThreadPoolExecutor(config.workers) as pool:
        running = {pool.submit(_train, name, config, line): name for name in names}
        try:
            for done, future in enumerate(as_completed(running), 1):
                progress.log(f"{running[future]} on {config.dataset}: {future.result()} ({done} of {len(names)})")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            line.cut()
            raise


def _train(name: str, config: LeaderboardConfig, line: Lifeline) -> str:
    """Train an entry in a process that ends with this one, and return how it ended; one that fails has no result."""
    arguments = [f"experiment={name}", f"data={config.dataset}", f"tracking.home={config.tracking.home}"]
    arguments += [] if config.tracking.uri is None else [f"tracking.uri={config.tracking.uri}"]
    arguments += [] if config.n_trials is None else [f"tuning.n_trials={config.n_trials}"]
    arguments += shlex.split(config.overrides)
    done = subprocess.run(  # noqa: S603 # this interpreter and this package's command
        [sys.executable, "-m", "churnclv", "train", *arguments],
        capture_output=True,
        text=True,
        env=line.environment,
        pass_fds=(line.end,),
        check=False,
    )
    messages = [line for line in done.stderr.splitlines() if line.strip()]
    return "handed in" if not done.returncode else f"no result, exit code {done.returncode}: {' '.join(messages[-2:])}"


def _record(config: LeaderboardConfig, rankings: "list[Ranking]", pages: tuple[Path, ...]) -> None:
    """Keep the leaderboard as a run of its own."""
    from ..tracking import records
    from ..tracking.home import Home
    from ..tracking.sink import open_run

    with open_run(Home.of(config.tracking).made(), "leaderboard", f"by {config.metric}") as sink:
        sink.write(records.Tags({"kind": "leaderboard", "metric": config.metric}))
        for page in pages:
            sink.write(records.Text(page.name, page.read_text(encoding="utf-8")))
        for ranking in rankings:
            leaders = {
                f"{ranking.dataset}.{row.entry}": row.result.figures[f"valid.{config.metric}"].value
                for row in ranking.rows
            }
            sink.write(records.Metrics(leaders))
