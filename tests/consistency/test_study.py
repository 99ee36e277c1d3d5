"""A study that was killed ends like one that was not."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import optuna
import pytest

from churnclv.errors import InputError
from churnclv.progress import Progress
from churnclv.tuning.settings import Kind, Range, TuningSettings
from churnclv.tuning.study import StudyPlan, run_study

RANGES = {
    "x": Range(low=-3.0, high=3.0),
    "n": Range(kind=Kind.int, low=1, high=64, log=True),
    "c": Range(kind=Kind.choice, choices=[0.0, 1.0]),
}


def objective(trial, drawn):
    for step in range(3):
        loss = (drawn["x"] - 1) ** 2 + abs(drawn["n"] - 8) / 8 + drawn["c"] + step / 10
        trial.report(loss, step)
        if trial.should_prune():
            raise optuna.TrialPruned
    return loss


def slow_objective(trial, drawn):
    time.sleep(0.05)
    return objective(trial, drawn)


def plan(folder: Path, trials: int = 20) -> StudyPlan:
    return StudyPlan("study", folder / "optuna.db", RANGES, TuningSettings(n_trials=trials, seed=3))


def run(folder: Path, goal=objective) -> list:
    seen = []
    best = run_study(plan(folder), goal, seen.append, Progress(), "Trying")
    return [(trial.number, trial.state, trial.parameters, trial.value, trial.folds) for trial in (*seen, best)]


def run_slowly(folder: Path) -> None:
    run(folder, slow_objective)


@pytest.mark.parametrize("seconds", [0.7, 1.2, 1.7])
def test_a_killed_study_goes_on_to_the_same_history(tmp_path, seconds):
    uninterrupted = run(tmp_path / "whole")
    worker = multiprocessing.get_context("fork").Process(target=run_slowly, args=(tmp_path / "killed",))
    worker.start()
    time.sleep(seconds)
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    assert run(tmp_path / "killed") == uninterrupted


def test_complete_and_pruned_trials_count_and_failed_ones_do_not(tmp_path):
    history = run(tmp_path)[:-1]
    assert len(history) == 20
    assert {state for _, state, *_ in history} == {"COMPLETE", "PRUNED"}
    stored = optuna.load_study(study_name="study", storage=f"sqlite:///{tmp_path / 'optuna.db'}")
    stored.ask()  # a trial that never ends
    assert run(tmp_path)[:-1] == history


def test_the_best_is_the_least_complete_value(tmp_path):
    *history, best = run(tmp_path)
    complete = [value for _, state, _, value, _ in history if state == "COMPLETE"]
    assert best[3] == min(complete)


def test_more_trials_go_on_from_the_finished_ones(tmp_path):
    first = run(tmp_path)[:-1]
    seen = []
    run_study(plan(tmp_path, trials=25), objective, seen.append, Progress(), "Trying")
    assert [(t.number, t.parameters) for t in seen[:20]] == [(number, drawn) for number, _, drawn, *_ in first]
    assert len(seen) == 25


@pytest.mark.parametrize(
    "values",
    [{"low": 2.0, "high": 1.0}, {"low": 0.0, "high": 1.0, "log": True}, {"kind": Kind.choice}],
)
def test_ranges_that_cannot_be_searched_are_refused(values):
    with pytest.raises(InputError):
        Range(**values)
