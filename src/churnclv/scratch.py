"""Scratch: temporary folders of a process; the next process removes them if their owner was killed.

One folder holds all temporary files of a process and its libraries. Its owner keeps a lock in it, which ends with the
process however that ends. A process that begins later removes the folders whose locks are free.
"""

import atexit
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PREFIX = "churnclv-"
_LOCK = ".churnclv-lock"  # a folder without one is not ours to remove
_SECONDS_TO_LOCK = 60.0  # an empty folder without a lock is being made, unless it is older
_LONGEST_BASE = 104 - len("/churnclv-12345678/pymp-12345678/listener-12345678") - 1  # bytes of a socket's path


@contextlib.contextmanager
def scratch(base: Path, prefix: str = PREFIX) -> Iterator[Path]:
    """Sweep `base`, and yield a new folder in it for the time of the block."""
    base.mkdir(parents=True, exist_ok=True)
    sweep(base, prefix)
    folder = Path(tempfile.mkdtemp(dir=base, prefix=prefix))
    owner, unready = os.getpid(), folder / f"{_LOCK}.new"
    descriptor = os.open(unready, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        if lock(descriptor):
            unready.rename(folder / _LOCK)  # under this name it is always locked
        yield folder
    finally:
        if os.getpid() == owner:  # a forked child inherits this block
            shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


@cache
def make_scratch(base: Path) -> Path:
    """Return this process's folder in `base`, which is removed when the process ends."""
    kept = contextlib.ExitStack()
    folder = kept.enter_context(scratch(base))
    atexit.register(kept.close)
    return folder


def use_scratch() -> None:
    """Put all temporary files of this process, and of those that it starts, in a scratch folder.

    Where none can be made, the code that needs one raises the error with its path. Where the base has a long path there
    is none either: the sockets between workers, two levels below, have to keep to the system's limit.
    """
    with contextlib.suppress(OSError):
        base = _plain_base()
        if len(os.fsencode(base)) <= _LONGEST_BASE:
            tempfile.tempdir = os.environ["TMPDIR"] = str(make_scratch(base))


def leave_scratch() -> None:
    """Remove this process's scratch folder, before another program takes the process over."""
    folder = Path(tempfile.gettempdir())
    if folder.name.startswith(PREFIX):
        tempfile.tempdir = os.environ["TMPDIR"] = str(folder.parent)
        shutil.rmtree(folder, ignore_errors=True)


def _plain_base() -> Path:
    """Return the folder of temporary files, not the scratch of a command that started this one: paths stay short."""
    base = Path(tempfile.gettempdir())
    return base.parent if base.name.startswith(PREFIX) else base


def sweep(base: Path, prefix: str = PREFIX) -> int:
    """Remove the scratch folders in `base` whose owners are gone, and return how many."""
    swept = 0
    for folder in base.glob(f"{prefix}{'?' * 8}"):  # as mkdtemp names them
        with contextlib.suppress(OSError):  # another user's, or another process sweeps it
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            if _is_left(folder):
                shutil.rmtree(folder, ignore_errors=True)
                swept += 1
    return swept


def _is_left(folder: Path) -> bool:
    if not (folder / _LOCK).exists():  # killed before it had its lock, with nothing else in it; or somebody else's
        empty = all(path.name == f"{_LOCK}.new" for path in folder.iterdir())
        return empty and time.time() - folder.stat().st_mtime > _SECONDS_TO_LOCK
    descriptor = os.open(folder / _LOCK, os.O_RDWR)
    try:
        return lock(descriptor)
    finally:
        os.close(descriptor)


def lock(descriptor: int) -> bool:
    """Lock an open file or folder, without waiting; return whether that was possible.

    The system drops the lock with the process, however that ends.
    """
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):  # no such locks on this system, on this disk, or another holds it
        return False
    return True
