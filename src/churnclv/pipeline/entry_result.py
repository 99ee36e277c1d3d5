"""Hackathon runs: the entry's own code is checked before training, and its result is handed in after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..evaluation.bootstrap import Scores
from ..evaluation.check import Check, Outcome
from ..files import digest, read_json
from ..hackathon.entry_folder import EXPERIMENTS, Entry, find_entry
from ..hackathon.result import Result, figures_of
from ..tracking.overview import render_overview
from ..tracking.provenance import code_commit, code_digest
from ..tracking.registry import RunFacts
from .dataset_building import BuiltDataset
from .run import Names, Run, name_run
from .settings import TrainConfig

RESULT, SUMMARY = "result.json", "summary.txt"  # among a run's artefacts
_TRIED_ROWS = 500


@dataclass(frozen=True)
class Trained:
    """What a run hands in, and its summary."""

    result: Result
    summary: str


def check_custom_code(config: TrainConfig, data: BuiltDataset) -> None:
    """Check a user's own families and model before the long training starts.

    Families are run again without the events after a cutoff and with other customer ids; an entry whose family uses
    them is disqualified, and its result records that. A model has to predict the same after saving and loading.

    Raises:
        InputError: a family or the model fails.
    """
    from ..churn.custom import require_keeps
    from ..features.leakage import find_leaks

    if data.events is not None and (leaks := find_leaks(data.log.table, data.tried_cutoffs, config.features)):
        entry = _entry(config)
        if entry is not None:
            entry.hand_in(
                config.data.name,
                Result(evaluated=evaluated_rows(name_run(config, data), config), disqualified=leaks[0]),
            )
        who = f"entry {config.entry} is disqualified" if entry else "features.families"
        raise InputError(f"{who}: {leaks[0]}.", remedy="use `history` alone; it ends before the cutoff.")
    if config.churn.custom is not None:
        training = data.snapshots.training
        rows = np.linspace(0, len(training) - 1, min(len(training), _TRIED_ROWS)).astype(int)
        require_keeps(config.churn.custom, training.features[training.names].iloc[rows], training.churned[rows])


def _entry(config: TrainConfig) -> Entry | None:
    return None if config.entry is None else find_entry(Path(EXPERIMENTS), config.entry)


def evaluated_rows(names: Names, config: TrainConfig) -> str:
    """Return a digest of the rows that a run is evaluated on, and of the draws of customers."""
    return digest(names.evaluated, config.tuning.seed)


def describe_result(
    run: Run, choice: str, checks: Sequence[Check], comparisons: Sequence[tuple[str, Scores, str]], openings: int
) -> Result:
    """Return the result that a run hands in; `comparisons` are as for `figures_of`, `choice` is a sentence."""
    return Result(
        evaluated=evaluated_rows(run.names, run.config),
        plan=dict(run.data.plan.evaluated),
        choice=choice,
        trials=run.config.tuning.n_trials,
        seconds=round(run.progress.seconds, 1),
        commit=code_commit(),
        code=code_digest(),
        openings=openings,
        failed_checks=[check.code for check in checks if check.outcome is Outcome.failed],
        figures=figures_of(comparisons),
    )


def repeat_result(config: TrainConfig, twin: RunFacts) -> str:
    """Return the summary of an earlier run, and hand in its result again."""
    summary = (twin.artifacts / SUMMARY).read_text(encoding="utf-8")
    handed_in = hand_in(config, Result.from_dict(read_json(twin.artifacts / RESULT), str(twin.artifacts / RESULT)))
    repeated = [
        f"The same data, choices and code were trained before: this is run {twin.run_id}, not a new one.",
        "  -> tracking.repeat=true trains again.",
    ]
    return f"{summary}\n{render_overview(repeated)}\n{handed_in}"


def hand_in(config: TrainConfig, result: Result) -> str:
    """Keep an entry's result in its folder, and return a line with the path; empty for a run without an entry."""
    entry = _entry(config)
    if entry is None:
        return ""
    path = entry.hand_in(config.data.name, result)
    return f"Handed in: {path}\n\nNext:  make leaderboard    rank the entries\n"
