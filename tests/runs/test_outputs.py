"""Commands never write over anything but their own earlier outputs, and their scores can be piped."""

import hashlib
import os
import stat
import subprocess
import sys
from dataclasses import replace

import pandas as pd
import pytest

from churnclv.cli import entry, export, leaderboard, report, score, train
from churnclv.data.settings import DataSettings
from churnclv.errors import InputError
from churnclv.files import PROJECT
from churnclv.pipeline.settings import (
    EntryConfig,
    ExportConfig,
    LeaderboardConfig,
    ReportConfig,
    ScoreConfig,
    TrainConfig,
)
from churnclv.tracking.settings import TrackingSettings

CONFIGS = {"score": ScoreConfig, "export": ExportConfig, "report": ReportConfig, "train": TrainConfig}
MAINS = {"score": score.main, "export": export.main, "report": report.main, "train": train.main}


def snapshot(folder):
    """Return path -> inode, mode, size and digest of every file below a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        state = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        size = state.st_size if stat.S_ISREG(state.st_mode) else 0
        found[str(path.relative_to(folder))] = (state.st_ino, state.st_mode, size, content)
    return found


@pytest.fixture(scope="module")
def place(exported, tmp_path_factory):
    """Return a folder with a log, other names of it, files of others, a bundle and a home that a link leads to."""
    shop, bundle = exported
    folder = tmp_path_factory.mktemp("place")
    (folder / "log.csv").write_bytes(shop.log.read_bytes())
    os.link(folder / "log.csv", folder / "hard.csv")
    (folder / "soft.csv").symlink_to("log.csv")
    (folder / "thesis.docx").write_bytes(b"PK\x03\x04" * 1000)
    (folder / "models" / "thesis").mkdir(parents=True)
    (folder / "models" / "thesis" / "thesis.txt").write_text("10 years", encoding="utf-8")
    (folder / "home").symlink_to(shop.home)
    (folder / "bundle").symlink_to(bundle)
    return folder


def start(command, home, **settings):
    """Run a command in this process, on the log of the folder that is called from."""
    given = {"tracking": TrackingSettings(home=str(home)), **settings}
    if command in ("report", "train"):
        given["data"] = DataSettings(path="log.csv", **given.get("data", {}))
    if command == "score":
        given = {"input": "log.csv", "output": "o.csv", **given}
    MAINS[command](CONFIGS[command](**given))


HOSTILE = {
    "the input": ("score", {"output": "log.csv"}),
    "the input by a hard link": ("score", {"output": "./hard.csv"}),
    "the input by a link": ("score", {"targets": "soft.csv"}),
    "both in one file": ("score", {"output": "o.csv", "targets": "./o.csv"}),
    "a document": ("score", {"output": "thesis.docx"}),
    "a document for contacts": ("score", {"targets": "thesis.docx"}),
    "the champion's own file": ("score", {"output": "bundle/manifest.json"}),
    "in the bundle": ("score", {"output": "bundle/scores.csv", "model": "bundle"}),
    "in the champion": ("score", {"output": "bundle/scores.csv"}),
    "the database": ("score", {"output": "home/mlflow.db"}),
    "beside the database": ("score", {"output": "home/mlflow.db-journal"}),
    "a folder for scores": ("score", {"output": "models"}),
    "below a file": ("score", {"output": "log.csv/o.csv"}),
    "no name": ("score", {"output": ""}),
    "too long a name": ("score", {"output": "n" * 300}),
    "not a place for files": ("score", {"output": "/proc/x/y.csv"}),
    "a folder of others": ("export", {"out": "models"}),
    "the caller's folder": ("export", {"out": "."}),
    "the folder above": ("export", {"out": ".."}),
    "the log": ("export", {"out": "log.csv"}),
    "the runs": ("export", {"out": "home"}),
    "the bundles": ("export", {"out": "home/export"}),
    "the champion": ("export", {"out": "bundle"}),
    "no folder": ("export", {"out": "/proc/x"}),
    "a log for the page": ("report", {"out": "hard.csv"}),
    "a document for the page": ("report", {"out": "thesis.docx"}),
    "a folder for the page": ("report", {"out": "models"}),
    "no page": ("report", {"out": ""}),
    "the log for rows set aside": ("report", {"data": {"set_aside_path": "soft.csv"}}),
    "the log for rows set aside in training": ("train", {"data": {"set_aside_path": "hard.csv"}}),
    "a document for rows set aside": ("train", {"data": {"set_aside_path": "thesis.docx"}}),
    "a cached table for rows set aside": ("train", {"data": {"set_aside_path": "home/cache/x.csv"}}),
}  # fmt: skip


@pytest.mark.parametrize(("command", "settings"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_command_changes_nothing_and_says_so_before_any_work(exported, place, monkeypatch, command, settings):
    shop, _ = exported
    monkeypatch.chdir(place)
    before = snapshot(place), snapshot(shop.home / "export")
    with pytest.raises(InputError):
        start(command, shop.home, **settings)
    assert (snapshot(place), snapshot(shop.home / "export")) == before


def test_the_commands_own_outputs_are_replaced_and_nothing_else_changes(exported, place, monkeypatch):
    shop, bundle = exported
    monkeypatch.chdir(place)
    before = snapshot(place)
    for _ in range(2):
        start("score", shop.home, output="new/o.csv", targets="t.csv", model=str(bundle))
    written = pd.read_csv("new/o.csv", dtype={"customer_id": str})
    assert len(written) == pd.read_csv("log.csv", dtype=str)["customer_id"].nunique()
    after = snapshot(place)
    assert sorted(set(after) - set(before)) == ["new", "new/o.csv", "t.csv"]
    assert {name: after[name] for name in before} == before


def test_scores_are_piped_and_all_else_goes_to_standard_error(exported, place):
    shop, bundle = exported
    done = replace(shop, folder=place).run("score", "input=log.csv", "output=/dev/stdout", f"model={bundle}")
    lines = done.stdout.splitlines()
    customers = pd.read_csv(place / "log.csv", dtype=str)["customer_id"].nunique()
    assert lines[0].startswith("customer_id,as_of,horizon_days,")
    assert len(lines) == 1 + customers
    assert f"/dev/stdout: {customers} customers scored" in done.stderr


@pytest.mark.slow
def test_a_reader_that_has_enough_ends_the_command_quietly(exported, place):
    shop, bundle = exported
    words = f'"{sys.executable}" -m churnclv score input=log.csv output=/dev/stdout "model={bundle}"'
    script = f"{words} | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=place, env={**os.environ, "MLRUNS": str(shop.home)}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[1:] == ["0"]
    assert "Error" not in done.stderr
    assert "error" not in done.stderr


@pytest.mark.slow
def test_a_bundle_can_be_read_by_everybody_and_is_exported_over_itself(exported, place):
    shop, _ = exported
    here = replace(shop, folder=place)
    for _ in range(2):
        here.run("export", "out=copy")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (place / "copy").rglob("*") if path.is_file()}
    umask = os.umask(0)
    os.umask(umask)
    assert modes == {0o666 & ~umask}
    (place / "copy" / "notes.txt").write_text("mine", encoding="utf-8")
    before = snapshot(place / "copy")
    done = here.run("export", "out=copy", check=False)
    assert done.returncode == 2
    assert "error: out=copy: this folder holds files that are not a bundle of an earlier export" in done.stderr
    assert "Traceback" not in done.stderr
    assert snapshot(place / "copy") == before


@pytest.mark.slow
def test_a_full_disk_ends_training_with_one_sentence(shop, tmp_path):
    limited = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000)); "
        "sys.argv[:1] = ['churnclv', 'train']; runpy.run_module('churnclv', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, *shop.words()], cwd=tmp_path, env={**os.environ, "MLRUNS": str(tmp_path / "m")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("  -> free space")


def test_the_leaderboard_and_entries_replace_nothing_of_others(tmp_path, monkeypatch):
    for module in (entry, leaderboard):
        monkeypatch.setattr(module, "EXPERIMENTS", str(tmp_path))
    (tmp_path / "LEADERBOARD.md").write_text("# Our league\n", encoding="utf-8")
    (tmp_path / "taken").symlink_to("nowhere")
    before = snapshot(tmp_path)
    with pytest.raises(InputError, match=r"LEADERBOARD\.md: the file there does not hold a leaderboard"):
        leaderboard.main(LeaderboardConfig(tracking=TrackingSettings(home=str(tmp_path / "home"))))
    with pytest.raises(InputError, match="is there already"):
        entry.main(EntryConfig("taken"))
    assert snapshot(tmp_path) == before
    monkeypatch.setattr(entry, "EXPERIMENTS", str(tmp_path / "LEADERBOARD.md"))
    with pytest.raises(InputError, match="cannot be written"):
        entry.main(EntryConfig("fresh"))
    assert snapshot(tmp_path) == before


def test_the_pages_in_the_repository_are_recognised():
    from churnclv.hackathon.leaderboard_page import page_output, table_output
    from churnclv.outputs import guard

    guard(
        [page_output(PROJECT / "experiments/LEADERBOARD.md"), table_output(PROJECT / "experiments/leaderboard.csv")], {}
    )
