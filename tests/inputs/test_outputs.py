"""Outputs: nothing but an output of the command is ever written, whatever path it is given by."""

import errno
import gzip
import hashlib
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest

from churnclv import files, outputs
from churnclv.data.paths import set_aside_output, set_aside_outputs
from churnclv.data.settings import DataSettings, TableSettings
from churnclv.errors import InputError
from churnclv.files import replacing, replacing_folder
from churnclv.hackathon.leaderboard_page import page_output, table_output, write_page, write_table
from churnclv.outputs import FolderOutput, Output, guard, has_header, messages_apart, storage_fault, write_csv
from churnclv.report.page import Page, page_outputs
from churnclv.report.page import write_page as write_html
from churnclv.report.texts.translation import Translation

ORDERS = "customer_id,timestamp,amount\nC1,2024-01-01,5\n"
SCORES = pd.DataFrame({"customer_id": ["C1", "C2"], "as_of": ["2024-02-01"] * 2, "score": [0.25, 0.5]})
WRITTEN = "customer_id,as_of,score\nC1,2024-02-01,0.25\nC2,2024-02-01,0.5\n"


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def leftovers(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def snapshot(folder):
    """Return path -> inode, mode, owner, size and digest (or where a link leads) of everything below a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        state = path.lstat()
        content = str(path.readlink()) if path.is_symlink() else digest(path) if path.is_file() else ""
        size = state.st_size if stat.S_ISREG(state.st_mode) else 0
        found[str(path.relative_to(folder))] = (state.st_ino, state.st_mode, state.st_uid, size, content)
    return found


def scores_at(path, setting="output"):
    return Output(setting, str(path), "scores", has_header("customer_id", "as_of"))


def bundle_at(path, is_ours=lambda folder: (folder / "ours").is_file()):
    return FolderOutput("out", str(path), "a bundle", is_ours)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the folder that is called from, with a log, further names of it, and a subfolder."""
    place = tmp_path / "here"
    (place / "sub").mkdir(parents=True)
    log = place / "log.csv"
    log.write_text(WRITTEN, encoding="utf-8")  # as scores would begin: only its identity protects it
    os.link(log, place / "hard.csv")
    (place / "soft.csv").symlink_to("log.csv")
    (place / "far.csv").symlink_to(place / "soft.csv")
    (place / "elsewhere").symlink_to(place)
    monkeypatch.chdir(place)
    return place


def refused(folder, given, reads):
    before = snapshot(folder)
    with pytest.raises(InputError) as caught:
        guard(given, reads)
    assert snapshot(folder) == before
    return str(caught.value)


SPELLINGS = [
    "log.csv", "./log.csv", "sub/../log.csv", "{folder}/log.csv", "/{folder}/log.csv", "{folder}//log.csv", "hard.csv",
    "soft.csv", "far.csv", "elsewhere/log.csv", "elsewhere/elsewhere/hard.csv", "/dev/fd/{handle}",
    "/proc/self/fd/{handle}",
]  # fmt: skip


@pytest.mark.parametrize("read", ["log.csv", "hard.csv", "elsewhere/soft.csv"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_what_is_read_is_never_written_by_any_spelling(folder, spelling, read):
    with (folder / "log.csv").open("r+b") as opened:
        written = spelling.format(folder=folder, handle=opened.fileno())
        message = refused(folder, [scores_at(written)], {"input": read})
    assert message.startswith(f"output={written}: is input={read}, which this command uses.")


@pytest.mark.parametrize("setting", ["output", "targets"])
def test_each_output_is_compared_with_each_input(folder, setting):
    paths = {"output": "o.csv", "targets": "t.csv", setting: "hard.csv"}
    reads = {"input": "sub/none.csv", "tables.uses": "log.csv", "model": None}
    message = refused(folder, [scores_at(path, name) for name, path in paths.items()], reads)
    assert message.startswith(f"{setting}=hard.csv: is tables.uses=log.csv,")


def test_nothing_is_written_into_a_folder_that_is_read(folder):
    (folder / "model").symlink_to("sub")
    for written in ("sub/scores.csv", "model/scores.csv", "sub/deeper/scores.csv"):
        message = refused(folder, [scores_at(written)], {"model": "sub"})
        assert message.startswith(f"output={written}: lies in model=sub,")


def test_a_folder_below_one_that_is_read_is_not_replaced(folder):
    (folder / "sub" / "export").mkdir()
    for written in ("sub/export", "sub/export/new", "elsewhere/sub/export"):
        message = refused(folder, [bundle_at(written)], {"tracking.home (export)": folder / "sub" / "export"})
        assert "tracking.home (export)" in message


def test_a_place_that_a_later_step_will_make_is_protected_too(folder):
    message = refused(folder, [scores_at("home/mlflow.db")], {"tracking.home (mlflow.db)": folder / "home/mlflow.db"})
    assert "which this command uses" in message


def test_a_folder_is_not_replaced_around_what_is_read(folder):
    (folder / "sub" / "ours").write_text("", encoding="utf-8")
    (folder / "sub" / "log.csv").write_text(ORDERS, encoding="utf-8")
    message = refused(folder, [bundle_at("sub")], {"data.path": "elsewhere/sub/log.csv"})
    assert message.startswith("out=sub: holds data.path=elsewhere/sub/log.csv,")


@pytest.mark.parametrize("other", ["o.csv", "./o.csv", "sub/../o.csv", "elsewhere/o.csv"])
@pytest.mark.parametrize("exists", [True, False])
def test_two_outputs_are_never_one_file(folder, other, exists):
    if exists:
        (folder / "o.csv").write_text("", encoding="utf-8")
    message = refused(folder, [scores_at("o.csv"), scores_at(other, "targets")], {})
    assert message.startswith(f"targets={other}: is the same place as output=o.csv.")


def test_an_output_does_not_lie_in_a_folder_that_is_another(folder):
    page, tables = page_outputs("report.html")
    message = refused(folder, [page, tables, set_aside_output("report_tables/kpis.csv")], {})
    assert message.startswith("data.set_aside_path=report_tables/kpis.csv: is the same place as out=")


USERS = {
    "a text": b"Ten years of work.\n",
    "an archive": b"PK\x03\x04" + bytes(range(256)) * 40,
    "an order log": ORDERS.encode(),
    "scores with another column first": b"\n" + WRITTEN.encode(),
    "one long line": b"x" * 3_000_000,
}


@pytest.mark.parametrize("content", USERS.values(), ids=USERS)
@pytest.mark.parametrize(
    "output",
    [
        scores_at("thesis.docx"),
        set_aside_output("thesis.docx"),
        page_outputs("thesis.docx")[0],
        page_output(Path("thesis.docx")),
        table_output(Path("thesis.docx")),
    ],
    ids=["scores", "rows set aside", "report", "leaderboard", "table"],
)
def test_a_file_that_is_no_earlier_output_stays(folder, output, content):
    (folder / "thesis.docx").write_bytes(content)
    message = refused(folder, [output], {})
    assert f"does not hold {output.content} of an earlier run, so it is not replaced." in message
    assert "move that one away" in message


@pytest.mark.parametrize("name", ["s.csv", "s.csv.gz", "s.csv.bz2", "s.csv.xz", "s"])
def test_earlier_scores_are_replaced(folder, name):
    output = scores_at(name)
    for _ in range(2):
        guard([output], {"input": "log.csv"})
        write_csv(SCORES, output)
    pd.testing.assert_frame_equal(pd.read_csv(name), SCORES)
    assert (folder / name).read_bytes()[:2] == (
        b"\x1f\x8b" if name.endswith(".gz") else (folder / name).read_bytes()[:2]
    )


def test_csv_is_written_as_pandas_writes_it(folder):
    write_csv(SCORES, scores_at("o.csv"))
    assert (folder / "o.csv").read_text(encoding="utf-8") == WRITTEN == SCORES.to_csv(index=False)
    write_csv(SCORES, scores_at("o.csv.gz"))
    assert gzip.decompress((folder / "o.csv.gz").read_bytes()).decode() == WRITTEN


def test_other_earlier_outputs_are_known_by_their_content(folder):
    page, tables = page_outputs("r.html")
    (folder / "r.html").write_text(write_html(Page("t", "a"), [], Translation.of("it")), encoding="utf-8")
    (folder / "r_tables").mkdir()
    (folder / "r_tables" / "kpis.csv").write_text("a\n", encoding="utf-8")
    (folder / "LEADERBOARD.md").write_text(write_page([]), encoding="utf-8")
    (folder / "leaderboard.csv").write_text(write_table([]), encoding="utf-8")
    (folder / "aside.csv").write_text('row,"a\nb",set_aside_for\n2,,missing_id\n', encoding="utf-8")
    (folder / "empty").touch()
    boards = page_output(folder / "LEADERBOARD.md"), table_output(folder / "leaderboard.csv")
    guard([page, tables, *boards, set_aside_output("aside.csv"), scores_at("empty")], {"input": "log.csv"})


def test_a_folder_of_tables_without_its_page_is_not_written_to(folder):
    (folder / "r_tables").mkdir()
    (folder / "r_tables" / "kpis.csv").write_text("mine\n", encoding="utf-8")
    assert "move the folder away" in refused(folder, page_outputs("r.html"), {})


PLACES = {
    "": "output=: is no path.",
    "  ": "output=  : is no path.",
    "sub": "output=sub: cannot be written (Is a directory).",
    "new/": "output=new/: names a folder.",
    "log.csv/o.csv": "output=log.csv/o.csv: cannot be written (Not a directory).",
    "loop": "output=loop: cannot be written (Too many levels of symbolic links).",
    "/proc/x/y.csv": "output=/proc/x/y.csv: cannot be written (No such file or directory).",
    "/dev/stdot": "output=/dev/stdot: there is no such device.",
    "n" * 256: f"output={'n' * 256}: cannot be written (File name too long).",
    f"{'n' * 256}/o.csv": f"output={'n' * 256}/o.csv: cannot be written (File name too long).",
}


@pytest.mark.parametrize(("written", "expected"), PLACES.items(), ids=[name[:20] for name in PLACES])
def test_a_place_that_cannot_be_written_is_refused_before_any_work(folder, written, expected):
    (folder / "loop").symlink_to("loop")
    assert refused(folder, [scores_at(written)], {"input": "log.csv"}).startswith(expected)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_or_an_earlier_file_without_the_right_to_write_is_refused(folder):
    (folder / "sub").chmod(0o555)
    assert "Permission denied" in refused(folder, [scores_at("sub/o.csv")], {})
    (folder / "hard.csv").chmod(0o444)
    assert "Permission denied" in refused(folder, [scores_at("hard.csv")], {})


@pytest.mark.parametrize("letters", [1, 200, 249, 255])
def test_a_long_name_that_the_disk_takes_is_written(folder, letters):
    name = "n" * letters
    for _ in range(2):
        guard([scores_at(name)], {})
        write_csv(SCORES, scores_at(name))
    assert (folder / name).read_text(encoding="utf-8") == WRITTEN


def test_a_missing_folder_is_made_when_the_output_is_written(folder):
    output = scores_at("new/deep/o.csv")
    guard([output], {})
    assert not (folder / "new").exists()
    write_csv(SCORES, output)
    assert (folder / "new/deep/o.csv").read_text(encoding="utf-8") == WRITTEN


def test_a_pipe_is_written_through_and_stays_a_pipe(folder):
    os.mkfifo(folder / "pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append((folder / "pipe").read_text(encoding="utf-8")))
    before = (folder / "pipe").lstat()
    guard([scores_at("pipe")], {"input": "log.csv"})
    reader.start()
    write_csv(SCORES, scores_at("pipe"))
    reader.join(timeout=10)
    assert read == [WRITTEN]
    after = (folder / "pipe").lstat()
    assert (before.st_ino, before.st_mode) == (after.st_ino, after.st_mode)


def test_a_pipe_whose_reader_leaves_ends_with_one_message():
    reading, writing = os.pipe()
    os.close(reading)
    with pytest.raises(InputError, match=r"output=/dev/fd/\d+: cannot be written \(Broken pipe\)"):
        write_csv(SCORES, scores_at(f"/dev/fd/{writing}"))
    os.close(writing)


def test_a_terminal_is_written_through():
    ours, theirs = os.openpty()
    name = os.ttyname(theirs)
    guard([scores_at(name)], {"input": name})  # a terminal may be both
    write_csv(SCORES, scores_at(name))
    assert os.read(ours, 10_000).decode().replace("\r\n", "\n") == WRITTEN
    os.close(ours)
    os.close(theirs)


def test_an_open_file_is_appended_to_where_it_stands(folder):
    with (folder / "both.txt").open("w+b", buffering=0) as opened:
        opened.write(b"before\n")
        write_csv(SCORES, scores_at(f"/dev/fd/{opened.fileno()}"))
        opened.write(b"after\n")
    assert (folder / "both.txt").read_text(encoding="utf-8") == f"before\n{WRITTEN}after\n"


def test_an_open_file_that_is_closed_or_only_read_is_refused(folder):
    with (folder / "log.csv").open("rb") as opened:
        number = opened.fileno()
        assert "Bad file descriptor" in refused(folder, [scores_at(f"/dev/fd/{number}")], {})
    assert "Bad file descriptor" in refused(folder, [scores_at(f"/dev/fd/{number}")], {})


def test_a_report_and_a_bundle_do_not_go_through_a_pipe(folder):
    os.mkfifo(folder / "pipe")
    assert "is not a regular file" in refused(folder, [page_outputs("pipe")[0]], {})
    assert "is a file, not a folder" in refused(folder, [bundle_at("pipe")], {})
    with pytest.raises(InputError, match="is not a regular file"), replacing(folder / "pipe"):
        pass


def test_rows_of_further_tables_do_not_become_files_among_devices():
    dated = TableSettings(path="u.csv", columns={"customer_id": "c", "timestamp": "t"}, kind="page_view")
    settings = DataSettings(path="o.csv", tables={"uses": dated}, set_aside_path="/dev/stderr")
    assert [output.given for output in set_aside_outputs(settings)] == ["/dev/stderr", "/dev/stderr.uses"]
    with pytest.raises(InputError, match=r"/dev/stderr\.uses: there is no such device"):
        guard(set_aside_outputs(settings)[1:], {})


def test_the_null_device_takes_several_outputs():
    guard([scores_at(os.devnull), scores_at(os.devnull, "targets")], {"input": os.devnull})


def test_a_link_stays_and_the_file_that_it_leads_to_is_replaced(folder):
    target = folder / "sub" / "real.csv"
    (folder / "link.csv").symlink_to("sub/real.csv")
    for _ in range(2):  # the first time it leads nowhere
        guard([scores_at("link.csv")], {"input": "log.csv"})
        write_csv(SCORES, scores_at("link.csv"))
        assert (folder / "link.csv").readlink() == Path("sub/real.csv")
        assert target.read_text(encoding="utf-8") == WRITTEN
    assert list((folder / "sub").iterdir()) == [target]


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077])
def test_new_files_have_the_mode_of_any_new_file(folder, umask):
    former = os.umask(umask)
    try:
        write_csv(SCORES, scores_at("o.csv"))
        with replacing_folder(folder / "b") as made:
            (made / "deep").mkdir()
            with replacing(made / "deep" / "x") as temporary:
                temporary.touch()
            (made / "copied").touch(mode=0o600)
    finally:
        os.umask(former)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder / "o.csv", *(folder / "b").rglob("*"))}
    assert modes == dict.fromkeys(("o.csv", "x", "copied"), 0o666 & ~umask) | {"deep": 0o777 & ~umask}
    assert stat.S_IMODE((folder / "b").stat().st_mode) == 0o777 & ~umask


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755])
def test_a_replaced_file_hands_on_its_mode_and_owner(folder, mode):
    write_csv(SCORES, scores_at("o.csv"))
    (folder / "o.csv").chmod(mode)
    if os.geteuid() == 0:
        os.chown(folder / "o.csv", 12345, 23456)
    before = (folder / "o.csv").stat()
    write_csv(SCORES, scores_at("o.csv"))
    after = (folder / "o.csv").stat()
    assert before.st_ino != after.st_ino
    assert (before.st_mode, before.st_uid, before.st_gid) == (after.st_mode, after.st_uid, after.st_gid)


def test_a_group_that_cannot_be_kept_gets_no_more_than_everybody(folder, monkeypatch):
    def refuse(*_):
        raise PermissionError

    write_csv(SCORES, scores_at("o.csv"))
    (folder / "o.csv").chmod(0o664)
    monkeypatch.setattr(files.os, "fchown", refuse)
    write_csv(SCORES, scores_at("o.csv"))
    assert stat.S_IMODE((folder / "o.csv").stat().st_mode) == 0o644


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("step", ["fsync", "open", "rename"])
def test_a_fault_of_the_storage_leaves_the_former_file(folder, monkeypatch, number, step):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    write_csv(SCORES, scores_at("o.csv"))
    before = snapshot(folder)
    if step == "rename":
        monkeypatch.setattr(Path, "replace", refuse)
    else:
        monkeypatch.setattr(files.os, step, refuse)
    with pytest.raises(InputError) as caught:
        write_csv(SCORES.head(1), scores_at("o.csv"))
    monkeypatch.undo()
    assert str(caught.value).startswith(f"output=o.csv: cannot be written ({os.strerror(number)}).")
    assert snapshot(folder) == before


def test_a_folder_that_does_not_fit_is_told_in_one_sentence(folder):
    def copy(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (folder / "sub" / "a").touch()
    (folder / "sub" / "b").touch()
    with pytest.raises(InputError) as caught, bundle_at("out").replacing() as made:
        shutil.copytree("sub", made, dirs_exist_ok=True, copy_function=copy)
    expected = (
        "out=out: cannot be written (No space left on device).\n  -> free some space, or name a folder you may write."
    )
    assert str(caught.value) == expected
    assert not (folder / "out").exists()
    assert leftovers(folder) == []


def test_a_bug_while_writing_stays_a_bug_and_leaves_the_former_file(folder):
    write_csv(SCORES, scores_at("o.csv"))
    before = snapshot(folder)
    with pytest.raises(ZeroDivisionError), scores_at("o.csv").writing() as stream:
        stream.write(bytes([1 // 0]))
    assert snapshot(folder) == before


FOLDERS = {
    ".": ("is the folder you call from, or holds it", "such as out=bundle"),
    "..": ("is the folder you call from, or holds it", "such as out=../bundle"),
    "elsewhere": ("is the folder you call from, or holds it", "such as out=elsewhere/bundle"),
    "models": ("holds files that are not a bundle; none of them is removed", "such as out=models/bundle"),
    "log.csv": ("is a file, not a folder", "name a folder that does not exist yet"),
    "soft.csv": ("is a file, not a folder", "name a folder that does not exist yet"),
    "log.csv/x": ("cannot be written (Not a directory)", "name a folder you may write"),
    "/proc/x": ("cannot be written (No such file or directory)", "name a folder you may write"),
    "": ("is no path", ""),
}


@pytest.mark.parametrize(("given", "expected"), FOLDERS.items(), ids=FOLDERS)
def test_a_folder_of_others_is_never_replaced(folder, given, expected):
    (folder / "models" / "thesis").mkdir(parents=True)
    (folder / "models" / "thesis" / "thesis.txt").write_text("10 years", encoding="utf-8")
    message = refused(folder, [bundle_at(given)], {})
    assert expected[0] in message
    assert expected[1] in message


def test_a_mounted_folder_is_refused(folder, monkeypatch):
    (folder / "volume").mkdir()
    monkeypatch.setattr(outputs.os.path, "ismount", lambda path: path == folder / "volume")
    assert "is a mounted disk" in refused(folder, [bundle_at("volume")], {})


@pytest.mark.parametrize("former", ["missing", "empty", "ours", "link"])
def test_a_missing_empty_or_own_folder_is_replaced(folder, former):
    out = folder / "out"
    place = folder / "place" if former == "link" else out
    if former == "link":
        out.symlink_to("place")
    if former in ("empty", "ours"):
        out.mkdir(mode=0o750)
    if former == "ours":
        (out / "ours").write_text("1", encoding="utf-8")
    guard([bundle_at("out")], {"data.path": "log.csv"})
    with bundle_at("out").replacing() as made:
        (made / "ours").write_text("2", encoding="utf-8")
    assert (out / "ours").read_text(encoding="utf-8") == "2"
    assert out.is_symlink() == (former == "link")
    if former in ("empty", "ours"):
        assert stat.S_IMODE(place.stat().st_mode) == 0o750
    assert leftovers(folder) == []


def test_files_that_come_while_a_bundle_is_made_are_not_removed(folder):
    (folder / "out").mkdir()
    with pytest.raises(InputError, match="holds files of others"), bundle_at("out").replacing():
        (folder / "out" / "thesis.txt").write_text("10 years", encoding="utf-8")
    assert (folder / "out" / "thesis.txt").read_text(encoding="utf-8") == "10 years"
    assert list((folder / "out").iterdir()) == [folder / "out" / "thesis.txt"]


KILLED = """
import os, sys
from pathlib import Path
from churnclv import files

def die(*_, **__):
    os._exit(9)

step = sys.argv[1]
if step == "before the exchange":
    files._exchange = die
elif step == "after the exchange":
    files.shutil.rmtree = die
else:
    files._exchange = lambda one, other: False
    first = Path.rename
    Path.rename = lambda path, other: die() if "former" not in str(other) else first(path, other)
    if step == "after the second rename":
        Path.rename = first
        files.shutil.rmtree = die
with files.replacing_folder(Path("out"), lambda folder: True) as made:
    (made / "ours").write_text("2")
"""


@pytest.mark.parametrize(
    ("step", "left"),
    [
        ("before the exchange", "1"),
        ("after the exchange", "2"),
        ("between two renames", None),
        ("after the second rename", "2"),
    ],
)
def test_a_command_that_is_killed_loses_no_folder(folder, step, left):
    (folder / "out").mkdir()
    (folder / "out" / "ours").write_text("1", encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", KILLED, step], check=False)
    assert done.returncode == 9
    assert ((folder / "out" / "ours").read_text(encoding="utf-8") if (folder / "out").exists() else None) == left
    guard([bundle_at("out")], {})
    assert (folder / "out" / "ours").read_text(encoding="utf-8") == (left or "1")  # brought back before any work
    assert leftovers(folder) == []


def test_where_folders_cannot_change_places_they_are_renamed(folder, monkeypatch):
    monkeypatch.setattr(files, "_exchange", lambda *_: False)
    test_a_missing_empty_or_own_folder_is_replaced(folder, "ours")


def test_a_second_rename_that_fails_brings_the_former_folder_back(folder, monkeypatch):
    (folder / "out").mkdir()
    (folder / "out" / "ours").write_text("1", encoding="utf-8")
    before, rename = snapshot(folder / "out"), Path.rename

    def refuse(path, other):
        if other == folder / "out" and "former" not in path.name:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(path, other)

    monkeypatch.setattr(files, "_exchange", lambda *_: False)
    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(InputError, match="out=out: cannot be written"), bundle_at("out").replacing() as made:
        (made / "ours").write_text("2", encoding="utf-8")
    assert snapshot(folder / "out") == before


KILLED_WRITER = """
import os, sys
from pathlib import Path
from churnclv.files import replacing
with replacing(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    print(temporary.name, flush=True)
    if sys.argv[2] == "dies":
        os._exit(9)
    sys.stdin.read()
"""


@pytest.mark.parametrize("name", ["o.csv", "n" * 250, "o", "o.csv.gz"])
def test_what_a_killed_command_left_is_swept_by_the_next_one(folder, name):
    for _ in range(2):
        subprocess.run([sys.executable, "-c", KILLED_WRITER, name, "dies"], check=False, capture_output=True)
    assert len(leftovers(folder)) == 1  # the second swept the first's
    guard([scores_at(name)], {})
    assert leftovers(folder) == []


def test_only_leftovers_of_this_output_are_swept(folder):
    end = "churnclv-0123456789abcdef"
    kept = [".o.csv.swp", ".o.csv.churnclv-notes", f".o.csv.{end}0.csv", f".p.csv.{end}.csv", f"o.csv.{end}.csv"]
    for name in kept:
        (folder / name).write_text("mine", encoding="utf-8")
    (folder / ".o.csv.churnclv-00000000000000ff.csv").symlink_to("log.csv")
    os.mkfifo(folder / ".o.csv.churnclv-00000000000000fe.csv")
    if os.geteuid() == 0:
        (folder / ".o.csv.churnclv-00000000000000fd.csv").touch()
        os.chown(folder / ".o.csv.churnclv-00000000000000fd.csv", 12345, -1)
    before = snapshot(folder)
    (folder / ".o.csv.churnclv-00000000000000fc.csv").touch()
    guard([scores_at("o.csv")], {})
    assert snapshot(folder) == before


def test_what_a_living_command_writes_is_not_swept(folder):
    words = [sys.executable, "-c", KILLED_WRITER, "o.csv", "lives"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as living:
        name = living.stdout.readline().strip()
        guard([scores_at("o.csv")], {})
        write_csv(SCORES, scores_at("o.csv"))
        assert (folder / name).read_text(encoding="utf-8") == "half"
        living.communicate("")
    assert living.returncode == 0
    assert (folder / "o.csv").read_text(encoding="utf-8") == "half"


@pytest.mark.usefixtures("folder")
def test_messages_leave_standard_output_to_an_output(capfd):
    with messages_apart([scores_at("/dev/stdout")]):
        write_csv(SCORES, scores_at("/dev/stdout"))
        print("2 customers")  # noqa: T201 # what is tested
    with messages_apart([scores_at("o.csv")]):
        print("elsewhere")  # noqa: T201 # what is tested
    told = capfd.readouterr()
    assert told.out == f"{WRITTEN}elsewhere\n"
    assert told.err == "2 customers\n"


def test_faults_of_the_storage_are_told_from_bugs():
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/data/x")
    assert storage_fault(full).startswith(
        "/data/x: cannot be written or read (No space left on device).\n  -> free space"
    )
    assert storage_fault(FileNotFoundError(errno.ENOENT, "x", "y")) is None
    copied = shutil.Error([("a", "b", str(full)), ("c", "d", str(full))])
    assert storage_fault(copied).startswith("b: cannot be written or read (No space left on device).")
    wrapped = RuntimeError("copy failed")
    wrapped.__cause__ = full
    assert storage_fault(wrapped).startswith("/data/x:")
    bug = KeyError("a bug")
    bug.__context__ = full  # raised while a fault was handled
    assert storage_fault(bug) is None


def test_a_database_that_cannot_be_written_is_named(tmp_path):
    import sqlalchemy

    path = tmp_path / "runs.db"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE runs (id)")
    made.close()
    engine = sqlalchemy.create_engine(f"sqlite:///file:{path}?mode=ro&uri=true", poolclass=sqlalchemy.NullPool)
    with pytest.raises(sqlalchemy.exc.OperationalError) as caught, engine.begin() as connection:
        connection.execute(sqlalchemy.text("INSERT INTO runs VALUES (1)"))
    told = storage_fault(caught.value)
    assert told.startswith("a database of the runs: cannot be written (attempt to write a readonly database)")
