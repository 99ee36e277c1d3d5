"""Files: atomic writes, digests, and code loaded from a path."""

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from .errors import require
from .scratch import scratch

PROJECT = Path(__file__).resolve().parents[2]
_OPEN_FILES = Path("/proc/self/fd")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary file beside `path` that takes its place, synced to disk, if the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path` that takes its place if the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    temporary.chmod(0o755)
    try:
        yield temporary
        if path.exists():
            former = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.former."))
            path.replace(former / path.name)
            temporary.replace(path)
            shutil.rmtree(former)
        else:
            temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def unlinked_file() -> Iterator[Path]:
    """Yield the path of an empty file that the system removes with the process, however that ends.

    The file has no name in any folder: its path leads through the process's open files. Where the system does not show
    these, the file lies in a scratch folder, which a killed process leaves to the next one.
    """
    if _OPEN_FILES.is_dir():
        with tempfile.TemporaryFile(prefix="churnclv-") as content:
            yield _OPEN_FILES / str(content.fileno())
    else:
        with scratch(Path(tempfile.gettempdir())) as folder:
            yield folder / "content"


@contextlib.contextmanager
def making(path: Path) -> Iterator[Path]:
    """Yield a path on which a database is made; it takes its place at `path` whole, unless another process was faster.

    A process that is killed meanwhile leaves no half-made database, which nobody would open again.
    """
    with scratch(path.parent, f".{path.name}.") as folder:
        made = folder / path.name
        yield made
        try:
            os.link(made, path)
        except OSError:  # another process was faster; or there are no links here
            if not path.exists():
                made.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` atomically, in UTF-8."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write `value` to `path` atomically, as readable JSON with sorted keys."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Return the JSON value in `path`."""
    return json.loads(path.read_text(encoding="utf-8"))


def digest(*parts: Any) -> str:
    """Return 16 hexadecimal digits that stand for the values in `parts`."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_digest(path: Path) -> str:
    """Return the sha256 of a file's content, in hexadecimal."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def locate(path: Path) -> Path:
    """Return where a user's own file lies: in the caller's folder, else in the project's, as entries name theirs."""
    mine = path.expanduser()
    ours = PROJECT / mine
    return ours if not mine.exists() and ours.exists() else mine


def load_named(where: str, setting: str, what: str, kind: str, allowed: str) -> Any:
    """Return what `path/to/file.py:name` names: something of the user's own.

    Raises:
        InputError: no such file, or nothing callable of that name in it. Its message names the setting, what is wanted
            there (such as a family), of which kind (such as a function), and what is allowed.
    """
    path, colon, name = where.rpartition(":")
    require(bool(colon) and path.endswith(".py"), f"{setting}: unknown {what} {where!r}.", remedy=allowed)
    found = getattr(load_module(locate(Path(path))), name, None)
    require(callable(found), f"{setting}: {path} has no {kind} {name!r}.", remedy=allowed)
    return found


def load_module(path: Path) -> ModuleType:
    """Run the Python file at `path` as a module of its own.

    Raises:
        InputError: the file is missing or fails when it runs.
    """
    require(path.is_file(), f"{path}: no such Python file.", remedy="check the path in the configuration.")
    spec = importlib.util.spec_from_file_location(f"churnclv_user_{digest(str(path))}", path)
    require(spec is not None and spec.loader is not None, f"{path}: not a Python file.")
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type] # required above
    try:
        spec.loader.exec_module(module)  # type: ignore[union-attr] # required above
    except Exception as error:  # noqa: BLE001 # a user's file may raise anything
        require(False, f"{path}: {type(error).__name__}: {error}", remedy="mend the file; it runs on import.")
    return module
