"""A study that was killed ends like one that was not."""

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import optuna
import pytest
import sqlalchemy
from optuna.trial import TrialState

from churnclv.databases import open_address
from churnclv.errors import InputError
from churnclv.progress import Progress
from churnclv.tuning.figure_cache import FigureCache
from churnclv.tuning.settings import Kind, Range, TuningSettings
from churnclv.tuning.study import Goal, StudyPlan, parameter_importance, run_study
from churnclv.tuning.workers import Workers

RANGES = {
    "x": Range(low=-3.0, high=3.0),
    "n": Range(kind=Kind.int, low=1, high=64, log=True),
    "c": Range(kind=Kind.choice, choices=[0.0, 1.0]),
}


def loss(drawn, fold):
    return (drawn["x"] - 1) ** 2 + abs(drawn["n"] - 8) / 8 + drawn["c"] + fold / 10


def slow_loss(drawn, fold):
    time.sleep(0.05)
    return loss(drawn, fold)


def goal(work=loss) -> Goal:
    return Goal(3, work, lambda _, found: found, lambda found: (found[-1], {}))


def plan(folder: Path, trials: int = 20, **chosen) -> StudyPlan:
    return StudyPlan("study", folder / "optuna.db", RANGES, TuningSettings(n_trials=trials, seed=3, **chosen))


def run(folder: Path, work=loss, **chosen) -> list:
    seen = []
    best = run_study(plan(folder, **chosen), goal(work), seen.append, Progress(), "Trying")
    return [(trial.number, trial.state, trial.parameters, trial.value, trial.folds) for trial in (*seen, best)]


def run_slowly(folder: Path) -> None:
    run(folder, slow_loss)


def run_at_once(folder: Path, name: str, start) -> None:
    start.wait()
    chosen = StudyPlan(name, folder / "optuna.db", RANGES, TuningSettings(n_trials=2))
    run_study(chosen, goal(), lambda _: None, Progress(), "Trying")


def test_six_processes_that_begin_at_once_in_an_empty_home_all_keep_their_studies(tmp_path):
    processes, folder = multiprocessing.get_context("fork"), tmp_path / "home"
    start = processes.Barrier(6)
    begun = [processes.Process(target=run_at_once, args=(folder, f"study {number}", start)) for number in range(6)]
    for process in begun:
        process.start()
    for process in begun:
        process.join()
    assert [process.exitcode for process in begun] == [0] * 6
    kept = optuna.get_all_study_summaries(f"sqlite:///{folder / 'optuna.db'}")
    assert {summary.study_name: summary.n_trials for summary in kept} == {f"study {number}": 2 for number in range(6)}
    assert {path.name for path in folder.iterdir()} == {"optuna.db", "locks"}


@pytest.mark.slow
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


def kill_workers(gone: threading.Event, killed: list) -> None:
    """Kill a worker of this process at random moments until told to stop."""
    random = np.random.default_rng(0)
    while not gone.wait(random.uniform(1.0, 4.0)):
        for child in multiprocessing.active_children()[:1]:
            with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(child.pid, signal.SIGKILL)
                killed.append(child.pid)


def check_four_workers(folder: Path, kept, least: int, **chosen) -> None:
    """Check that no trial is lost or doubled where workers are killed, and that the history is that of none killed."""
    gone, killed = threading.Event(), []
    killer = threading.Thread(target=kill_workers, args=(gone, killed))
    killer.start()
    *history, best = run(folder / "killed", slow_loss, trials=60, workers=4, **chosen)
    gone.set()
    killer.join()
    assert len(killed) >= least
    stored = optuna.load_study(study_name="study", storage=kept)
    assert sorted(trial.number for trial in stored.trials) == list(range(60))
    assert all(trial.state.is_finished() for trial in stored.trials)
    assert [number for number, *_ in history] == list(range(60))
    assert best[3] == loss(best[2], 2)
    assert [best[4][fold] for fold in range(3)] == [loss(best[2], fold) for fold in range(3)]
    assert run(folder / "whole", trials=60, workers=4) == [*history, best]


@pytest.mark.slow
def test_four_workers_of_which_some_are_killed_lose_and_double_no_trial(tmp_path):
    check_four_workers(tmp_path, f"sqlite:///{tmp_path / 'killed' / 'optuna.db'}", 1)


@pytest.mark.slow
def test_four_workers_on_a_server_of_which_some_are_killed_lose_and_double_no_trial(tmp_path, postgres):
    address = postgres.address()
    check_four_workers(tmp_path, shared_storage(address), 2, storage=address)


def shared_storage(address: str) -> optuna.storages.RDBStorage:
    """Return the trials on a server, each look at which has a connection of its own."""
    each = {"poolclass": sqlalchemy.NullPool}
    return optuna.storages.RDBStorage(open_address("tuning.storage", address), engine_kwargs=each)


def run_on_server(folder: Path, address: str) -> None:
    run(folder, slow_loss, storage=address)


@pytest.mark.slow
def test_two_machines_take_turns_on_a_study_of_a_server_and_one_goes_on_where_the_other_is_killed(tmp_path, postgres):
    address = postgres.address()
    other = multiprocessing.get_context("fork").Process(target=run_on_server, args=(tmp_path / "other", address))
    other.start()
    while not postgres.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"):
        time.sleep(0.05)
    killer = threading.Timer(1.5, os.kill, (other.pid, signal.SIGKILL))
    killer.start()
    history = run(tmp_path / "here", slow_loss, storage=address)
    killer.join()
    other.join()
    assert other.exitcode == -signal.SIGKILL
    assert history == run(tmp_path / "alone")
    finished = optuna.load_study(study_name="study", storage=shared_storage(address))
    ended = [trial for trial in finished.trials if trial.state is not TrialState.FAIL]
    assert len(ended) == 20
    assert len(finished.trials) - len(ended) <= 1  # the one that was running


@pytest.mark.slow
def test_two_processes_take_turns_on_a_study(tmp_path):
    """The second waits, finds all trials finished, and has the same history."""
    context = multiprocessing.get_context("fork")
    other = context.Process(target=run_slowly, args=(tmp_path,))
    other.start()
    time.sleep(0.5)
    history = run(tmp_path, slow_loss)
    other.join()
    assert other.exitcode == 0
    stored = optuna.load_study(study_name="study", storage=f"sqlite:///{tmp_path / 'optuna.db'}")
    assert len(stored.trials) == 20
    assert all(trial.state.is_finished() for trial in stored.trials)
    assert history == run(tmp_path / "alone")


def test_the_parameter_that_matters_weighs_most(tmp_path):
    run(tmp_path, lambda drawn, _: 100.0 * drawn["x"] ** 2 + drawn["c"])
    weights = parameter_importance(plan(tmp_path))
    assert next(iter(weights)) == "x"
    assert sum(weights.values()) == pytest.approx(1.0)
    assert parameter_importance(plan(tmp_path / "none")) == {}


def test_workers_evaluate_what_one_process_would(tmp_path):
    *history, best = run(tmp_path, trials=6, workers=2)
    assert [number for number, *_ in history] == list(range(6))
    assert all(value is None or value == loss(drawn, 2) for _, _, drawn, value, _ in history)
    assert best[3] == min(value for *_, value, _ in history if value is not None)


def doomed(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def test_workers_that_always_die_are_given_up(monkeypatch):
    monkeypatch.setattr("churnclv.tuning.workers._MOST_BREAKS", 1)
    workers = Workers(doomed, 2)
    with pytest.raises(RuntimeError, match="workers die before they finish anything"):
        workers.run([({}, 0)])


def test_a_storage_that_cannot_be_opened_says_so(tmp_path):
    with pytest.raises(InputError, match=r"tuning\.storage: cannot be opened"):
        run(tmp_path, storage="postgresql+nothing://nobody@localhost:1/none")


def test_cached_figures_are_not_computed_again(tmp_path):
    asked = []

    def find() -> float:
        asked.append(1)
        return 1.5

    assert FigureCache(tmp_path / "a.json").get({"x": 1}, find) == 1.5
    assert FigureCache(tmp_path / "a.json").get({"x": 1}, find) == 1.5
    assert len(asked) == 1
    assert FigureCache(tmp_path / "a.json").get({"x": 2}, lambda: float("nan")) != 1.5
    FigureCache(tmp_path / "a.json").get({"x": 2}, find)  # what is not a number is not kept
    assert len(asked) == 2


def test_the_best_is_the_least_complete_value(tmp_path):
    *history, best = run(tmp_path)
    complete = [value for _, state, _, value, _ in history if state == "COMPLETE"]
    assert best[3] == min(complete)


def test_more_trials_go_on_from_the_finished_ones(tmp_path):
    first = run(tmp_path)[:-1]
    seen = []
    run_study(plan(tmp_path, trials=25), goal(), seen.append, Progress(), "Trying")
    assert [(t.number, t.parameters) for t in seen[:20]] == [(number, drawn) for number, _, drawn, *_ in first]
    assert len(seen) == 25


@pytest.mark.parametrize(
    "values",
    [{"low": 2.0, "high": 1.0}, {"low": 0.0, "high": 1.0, "log": True}, {"kind": Kind.choice}],
)
def test_ranges_that_cannot_be_searched_are_refused(values):
    with pytest.raises(InputError):
        Range(**values)
