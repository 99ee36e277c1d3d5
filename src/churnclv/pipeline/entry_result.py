"""Entering a run into the hackathon: its own code is tried first, its result is handed in last."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..evaluation.bootstrap import Scores
from ..evaluation.checks import Check, Outcome
from ..files import digest, read_json
from ..hackathon.entry_folder import Entry, find_entry
from ..hackathon.result import Result, figures_of
from ..tracking.provenance import code_commit, code_digest
from ..tracking.registry import RunFacts
from .dataset_building import Gathered
from .run import Names, Run, name_run
from .settings import EXPERIMENTS, TrainConfig

RESULT, SUMMARY = "result.json", "summary.txt"  # among a run's artefacts
_TRIED_ROWS = 500


def check_custom_code(config: TrainConfig, data: Gathered) -> None:
    """Try a user's own families and model before hours are spent on them.

    Families are asked blindly, without what lies after a cutoff and without names; an entry whose family sees more is
    disqualified, and its result says so. A model has to survive saving and loading.

    Raises:
        InputError: it does not.
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
    """Return what stands for the rows that a run is judged on, and for the draws of customers."""
    return digest(names.evaluated, config.tuning.seed)


def describe_result(
    run: Run, choice: str, checks: Sequence[Check], boards: Sequence[tuple[str, Scores, str]], openings: int
) -> Result:
    """Return what a run would hand in; boards are given as `figures_of` takes them, the choice in words."""
    return Result(
        evaluated=evaluated_rows(run.names, run.config),
        plan=dict(run.data.plan.evaluated),
        choice=choice,
        trials=run.config.tuning.n_trials,
        seconds=round(run.progress.seconds, 1),
        commit=code_commit(),
        code=code_digest(),
        openings=openings,
        failed_checks=[found.code for found in checks if found.outcome is Outcome.failed],
        figures=figures_of(boards),
    )


def repeat_result(config: TrainConfig, twin: RunFacts) -> str:
    """Return what a run that was made before had to say, and hand in its result again."""
    told = (twin.artifacts / SUMMARY).read_text(encoding="utf-8")
    handed = hand_in(config, Result.from_dict(read_json(twin.artifacts / RESULT), str(twin.artifacts / RESULT)))
    return (
        f"{told}\nThe same data, choices and code were trained before: this is run {twin.run_id}, not a new one.\n"
        f"  -> tracking.repeat=true trains again.\n{handed}"
    )


def hand_in(config: TrainConfig, result: Result) -> str:
    """Keep an entry's result in its folder, and return a line that says so; empty for a run of no entry."""
    entry = _entry(config)
    if entry is None:
        return ""
    path = entry.hand_in(config.data.name, result)
    return f"Handed in: {path}\n\nNext:  make leaderboard    rank the entries\n"
