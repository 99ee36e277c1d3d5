"""Processes that are killed or asked to end: nothing outlives them, and nothing of theirs is left."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest

from churnclv.scratch import PREFIX, make_scratch, sweep
from churnclv.tracking.home import Home
from churnclv.tracking.sink import client

HOUR = 3600.0
SIGNALS = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}

_PLAIN_SIGNALS = """
import signal
for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # whoever runs the tests in the background ignores some of them
    signal.signal(getattr(signal, name), signal.SIG_DFL)
"""


def start(code: str, *words: str, **environment: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", _PLAIN_SIGNALS + textwrap.dedent(code), *words],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(holds, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def is_alive(process: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def temporary():
    """Return a folder of a short path: that of a socket below it is limited."""
    with tempfile.TemporaryDirectory(prefix="t") as folder:
        yield Path(folder)


@pytest.fixture
def module(tmp_path):
    """Return a module whose work says who does it and then takes an hour; a worker has to be able to import it."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "hour.py").write_text(
        textwrap.dedent("""
            import os, time
            from pathlib import Path

            def work(drawn, fold):
                Path(drawn["folder"], str(os.getpid())).touch()
                time.sleep(3600)
        """)
    )
    return tmp_path / "code"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked at in /proc")
def test_workers_end_with_a_parent_that_is_killed_and_its_temporary_files_are_swept(tmp_path, module, temporary):
    seen = tmp_path / "seen"
    seen.mkdir()
    code = """
        import sys
        import hour
        from churnclv.scratch import use_scratch
        from churnclv.tuning.workers import Workers

        use_scratch()
        Workers(hour.work, 2).run([({"folder": sys.argv[1]}, fold) for fold in range(2)])
    """
    parent = start(code, str(seen), TMPDIR=str(temporary), PYTHONPATH=str(module))
    wait_until(lambda: len(left_in(seen)) == 2 or parent.poll() is not None, 120.0)
    workers = [int(name) for name in left_in(seen)]
    assert all(is_alive(worker) for worker in workers)
    assert len(left_in(temporary)) == 1  # ours, with what multiprocessing keeps
    parent.kill()
    parent.communicate()
    wait_until(lambda: not any(is_alive(worker) for worker in workers), 20.0)
    assert sweep(temporary) == 1
    assert left_in(temporary) == []


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_becomes_an_exception_once_and_temporary_files_go(temporary, name):
    code = """
        import os, sys, tempfile, time
        from churnclv.interruption import Interruption, interrupted, watch_signals
        from churnclv.scratch import use_scratch

        watch_signals()
        use_scratch()
        held = tempfile.mkdtemp()
        try:
            print(held, flush=True)
            time.sleep(3600)
        except Interruption as error:
            os.kill(os.getpid(), error.number)  # a second one does not disturb the closing
            assert interrupted() == error.number
            sys.exit(128 + error.number)
    """
    process = start(code, TMPDIR=str(temporary))
    assert Path(process.stdout.readline().strip()).parent.parent == temporary
    process.send_signal(getattr(signal, name))
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (SIGNALS[name], "")
    assert left_in(temporary) == []


CALLED_BY_THE_COLLECTOR = """
    class Held:
        def __del__(self):
            signal.raise_signal(signal.SIGTERM)

    Held()
"""
CALLED_BY_C = """
    import ctypes
    kind = ctypes.CFUNCTYPE(ctypes.c_int)
    kind(lambda: signal.raise_signal(signal.SIGTERM) or 1)()
"""
CALLED_BY_XGBOOST = """
    import ctypes
    kind, names = ctypes.CFUNCTYPE(ctypes.c_int), {"__name__": "xgboost.core", "signal": signal}
    exec("def _next_wrapper(): signal.raise_signal(signal.SIGTERM); return 1", names)
    assert kind(names["_next_wrapper"])() == 1  # whole, not what was in the register
"""

CALLED_BY_XGBOOST_FOR_LONG = """
    import ctypes, time
    kind, names = ctypes.CFUNCTYPE(ctypes.c_int), {"__name__": "xgboost.core", "signal": signal, "time": time}
    wait = "end = time.monotonic() + 0.4\\n    while time.monotonic() < end: pass"  # longer than a signal is put off
    exec(f"def _next_wrapper():\\n    signal.raise_signal(signal.SIGTERM)\\n    {wait}\\n    return 1", names)
    assert kind(names["_next_wrapper"])() == 1
"""
PLACES = [CALLED_BY_THE_COLLECTOR, CALLED_BY_C, CALLED_BY_XGBOOST, CALLED_BY_XGBOOST_FOR_LONG]


@pytest.mark.parametrize("place", PLACES, ids=["collector", "C", "XGBoost", "XGBoost for long"])
def test_a_signal_that_comes_where_nothing_can_be_raised_is_neither_printed_nor_lost(place):
    code = """
        import signal, time
        from churnclv.interruption import Interruption, watch_signals
        watch_signals()
    """
    after = """
        try:
            time.sleep(30)
        except Interruption as error:
            print("ended by", error)
    """
    process = start(textwrap.dedent(code) + textwrap.dedent(place) + textwrap.dedent(after))
    assert process.communicate(timeout=60) == ("ended by SIGTERM\n", "")


def test_a_signal_that_is_ignored_stays_ignored():
    code = """
        import os, signal
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
        from churnclv.interruption import watch_signals
        watch_signals()
        os.kill(os.getpid(), signal.SIGHUP)
        print("alive")
    """
    assert start(code).communicate(timeout=60)[0] == "alive\n"


def test_a_command_on_a_lifeline_ends_with_the_process_that_holds_it():
    code = """
        import subprocess, sys
        from churnclv.interruption import lifeline
        child = '''
        import time
        from churnclv.interruption import Interruption, watch_signals
        watch_signals()
        try:
            print("ready", flush=True)
            time.sleep(3600)
        except Interruption as error:
            print("ended by", error, flush=True)
        '''
        import textwrap
        with lifeline() as line:
            words = [sys.executable, "-c", textwrap.dedent(child)]
            subprocess.run(words, env=line.environment, pass_fds=(line.end,))
    """
    parent = start(code)
    assert parent.stdout.readline() == "ready\n"
    parent.kill()
    assert parent.stdout.readline() == "ended by SIGTERM\n"
    parent.communicate(timeout=60)


def test_only_what_nobody_holds_is_swept(tmp_path):
    mine = make_scratch(tmp_path)
    (mine / "file").touch()
    names = ("dead0000", "made0000", "old00000", "foreign0")
    dead, made, old, foreign = (tmp_path / f"{PREFIX}{name}" for name in names)
    for folder in (dead, made, old, foreign, tmp_path / "other"):
        folder.mkdir()
    (dead / ".churnclv-lock").touch()
    (dead / "a log").touch()
    (foreign / "a person's file").touch()
    for folder in (old, foreign):
        os.utime(folder, (time.time() - HOUR, time.time() - HOUR))
    assert sweep(tmp_path) == 2
    assert left_in(tmp_path) == sorted([mine.name, made.name, foreign.name, "other"])
    assert make_scratch(tmp_path) == mine
    assert (mine / "file").exists()


def children_of(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked at in /proc")
def test_a_training_that_is_asked_to_end_closes_its_run_and_leaves_nothing(shop, tmp_path, temporary):
    words = [sys.executable, "-m", "churnclv", "train", *shop.words(), "tuning.workers=2", "tuning.n_trials=200"]
    environment = {**os.environ, "MLRUNS": str(tmp_path), "TMPDIR": str(temporary)}
    process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    lines = []
    while not any("(0 of 200)" in line for line in lines):
        lines.append(process.stderr.readline())
        assert lines[-1], lines
    time.sleep(2.0)
    children = children_of(process.pid)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == SIGNALS["SIGTERM"]
    assert "Traceback" not in errors
    assert errors.endswith("error: stopped by SIGTERM. The same command goes on with the finished trials.\n")
    mlflow = client(Home(tmp_path))
    (experiment,) = [found for found in mlflow.search_experiments() if found.name == "transactions"]
    runs = mlflow.search_runs([experiment.experiment_id], "tags.kind = 'train'")
    assert [run.info.status for run in runs] == ["KILLED"]
    assert len(mlflow.search_runs([experiment.experiment_id], "attributes.status = 'RUNNING'")) == 0
    wait_until(lambda: not any(is_alive(child) for child in children), 20.0)
    assert left_in(temporary) == []
    assert left_in(tmp_path / "cache" / "spill") == []
