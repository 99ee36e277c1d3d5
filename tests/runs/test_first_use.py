"""Several processes that begin at once in a home where nothing is yet."""

import multiprocessing

import pytest

from churnclv.tracking import records
from churnclv.tracking.home import Home
from churnclv.tracking.sink import client, open_run

PROCESSES = multiprocessing.get_context("spawn")  # a fork would share the parent's connections


def record_run(folder, number, start) -> None:
    home = Home.at(folder)
    start.wait()
    with open_run(home, "shop", f"run {number}") as sink:
        sink.write(records.Metrics({"number": float(number)}))


@pytest.mark.slow
def test_all_runs_are_kept_in_one_experiment(tmp_path):
    home = Home.at(str(tmp_path))
    start = PROCESSES.Barrier(4)
    begun = [PROCESSES.Process(target=record_run, args=(str(tmp_path), number, start)) for number in range(4)]
    for process in begun:
        process.start()
    for process in begun:
        process.join()
    assert [process.exitcode for process in begun] == [0] * 4
    (shop,) = [found for found in client(home).search_experiments() if found.name == "shop"]
    runs = client(home).search_runs([shop.experiment_id])
    assert sorted(run.data.metrics["number"] for run in runs) == [0.0, 1.0, 2.0, 3.0]
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert [path.name for path in home.root.iterdir() if path.name.startswith(".")] == []
