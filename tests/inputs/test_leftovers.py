"""Leftovers: a killed run leaves no plain-text copy of a log, or one that the next run removes."""

import os
import signal
import subprocess
import sys
import time

import pytest

from churnclv import files
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.settings import DataSettings
from churnclv.data.text_file import as_text
from churnclv.files import unlinked_file
from churnclv.scratch import scratch

HOLD = """
import sys, time
from pathlib import Path
from churnclv import files
from churnclv.data.text_file import as_text
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.settings import DataSettings
if sys.argv[2] == "named":
    files._OPEN_FILES = Path("/no/such/folder")
with as_text(Path(sys.argv[1]), DataSettings()) as text:
    connection = connect(EngineSettings(memory_limit="64MB"))
    rows = "SELECT range AS n, repeat('secret', 20) || range AS text FROM range(2000000)"
    connection.raw_sql(f"CREATE TABLE kept AS {rows}")
    assert "secret" in text.path.read_text()
    print("ready", flush=True)
    time.sleep(60)
"""


def texts(folder):
    """Return the files below a folder in which the log's text stands."""
    return [path for path in folder.rglob("*") if path.is_file() and b"secret" in path.read_bytes()]


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("copy", ["unlinked", "named"])
def test_nothing_of_a_log_outlives_a_killed_run_and_the_next_one(tmp_path, monkeypatch, copy, how):
    log, folder = tmp_path / "log.csv", tmp_path / "tmp"
    log.write_text("customer_id,note\na,secret\n" * 1000)
    folder.mkdir()
    held = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(log), copy], env=os.environ | {"TMPDIR": str(folder)}, stdout=subprocess.PIPE
    )
    assert held.stdout.readline() == b"ready\n"
    assert (len(texts(folder)) > 0) or copy == "unlinked"
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    with scratch(folder):
        assert copy == "unlinked" or texts(folder), "a running process keeps its files"
    held.send_signal(how)
    held.wait()
    held.stdout.close()
    del held
    connection = connect(EngineSettings())
    assert texts(folder) == []
    assert len(list(folder.iterdir())) == 1  # the new connection's own
    connection.disconnect()


def test_an_unlinked_file_has_no_name_and_can_be_read_many_times(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with unlinked_file() as path:
        path.write_text("text")
        assert list(tmp_path.iterdir()) == []
        assert [path.read_text(), path.read_text(), path.stat().st_size] == ["text", "text", 4]
        kept = path
    assert not kept.exists()


@pytest.mark.parametrize("shown", [True, False], ids=["unlinked", "named"])
def test_an_error_leaves_nothing_behind(tmp_path, monkeypatch, shown):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    if not shown:
        monkeypatch.setattr(files, "_OPEN_FILES", tmp_path / "none")
    log = tmp_path / "log.csv"
    log.write_text("a,b\n1,2\n")

    def fail():
        with as_text(log, DataSettings()) as text:
            raise KeyError(text.path.read_text())

    with pytest.raises(KeyError, match="1,2"):
        fail()
    assert list(tmp_path.iterdir()) == [log]


def test_a_folder_of_another_process_and_files_of_others_stay(tmp_path):
    other = tmp_path / "churnclv-abcd1234"
    with scratch(tmp_path) as mine:
        (tmp_path / "churnclv-file_of_others").write_text("no folder")
        (tmp_path / "churnclv-link_of_others").symlink_to(tmp_path)
        other.mkdir()
        (other / "left").write_text("x")
        (other / ".churnclv-lock").write_text("")
        before = time.time()
        with scratch(tmp_path) as second:
            assert mine.is_dir()
            assert second != mine
            assert not other.exists()  # nobody holds it
        assert time.time() - before < 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["churnclv-file_of_others", "churnclv-link_of_others"]


def test_a_connection_removes_its_folder(tmp_path):
    connection = connect(EngineSettings(), tmp_path / "spill")
    assert len(list((tmp_path / "spill").iterdir())) == 1
    del connection
    import gc

    gc.collect()
    assert list((tmp_path / "spill").iterdir()) == []
