"""Files: atomic writes, digests, and code loaded from a path."""

import builtins
import contextlib
import ctypes
import errno
import hashlib
import importlib.util
import json
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from .errors import InputError, require
from .scratch import PREFIX, lock, scratch

PROJECT = Path(__file__).resolve().parents[2]
_OPEN_FILES = Path("/proc/self/fd")
_PUBLIC = "churnclv"
_LONGEST_STEM, _LONGEST_SUFFIX = 200, 16  # bytes; a temporary name has to fit wherever the name itself does
_RENAME_EXCHANGE, _RELATIVE_TO_CALLER = 2, -100
_NO_EXCHANGE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary file beside `path` that takes its place, synced to disk, if the block succeeds.

    A link stays a link: the file that it leads to is replaced. The new file takes over mode, group and owner of the
    former one as far as the system permits; without a former one it gets the mode of any new file.

    Raises:
        InputError: something other than a regular file is there, which a rename would destroy.
    """
    target = resolved(path)
    former = status_of(target)
    regular = former is None or stat.S_ISREG(former.st_mode)
    require(regular, f"{path}: is not a regular file, so it is not replaced.", remedy="name another path.")
    target.parent.mkdir(parents=True, exist_ok=True)
    sweep_leftovers(target)
    temporary, handle = _make_temporary(target, 0o666 if former is None else 0o600)
    try:
        yield temporary
        _take_over(handle, former)
        os.fsync(handle)
        temporary.replace(target)
        _sync(target.parent)
    finally:
        os.close(handle)
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(path: Path, is_ours: Callable[[Path], bool] | None = None) -> Iterator[Path]:
    """Yield a temporary folder beside `path` that takes its place, synced to disk, if the block succeeds.

    The two change places in one step where the system can do that; otherwise a command that is killed between two
    steps leaves the former folder under another name, and the next call brings it back.

    Parameters
    ----------
    path
        The folder; a link stays a link.
    is_ours
        Whether a folder with files in it may be removed; None = none may.

    Raises:
        InputError: what is there is neither missing, nor an empty folder, nor ours.
    """
    target = resolved(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    recover_folder(target)
    sweep_leftovers(target)
    temporary, handle = _make_temporary(target, None)
    try:
        yield temporary
        _open_to_readers(temporary)
        remedy = "name a folder that does not exist yet."
        message = f"{path}: holds files of others, so it is not replaced."
        require(is_replaceable(target, is_ours), message, remedy=remedy)
        _take_over(handle, status_of(target))
        _put_in_place(temporary, target)
        _sync(target.parent)
    finally:
        os.close(handle)
        shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def resumable_folder(path: Path) -> Iterator[Path | None]:
    """Yield a folder beside `path`, an output, with what an earlier command had done when it was killed.

    It is removed with the block, unless a signal ends that. None is yielded while another command has it, and where it
    is another user's.
    """
    folder = path.parent / f"{_temporary_parts(path)[0]}parts"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        if os.fstat(handle).st_uid != os.geteuid() or not lock(handle) or not os.fstat(handle).st_nlink:
            yield None
            return
        try:
            yield folder
        except Exception:
            shutil.rmtree(folder)
            raise
        shutil.rmtree(folder)
    finally:
        os.close(handle)


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


@contextlib.contextmanager
def unlinked_file() -> Iterator[Path]:
    """Yield the path of an empty file that the system removes with the process, however that ends.

    The file has no name in any folder: its path leads through the process's open files. Where the system does not show
    these, the file lies in a private folder, which a killed process leaves to the next one.
    """
    if _OPEN_FILES.is_dir():
        with tempfile.TemporaryFile(prefix=PREFIX) as content:
            yield _OPEN_FILES / str(content.fileno())
    else:
        with scratch(Path(tempfile.gettempdir())) as folder:
            yield folder / "content"


def resolved(path: Path) -> Path:
    """Return the absolute path that links lead to, whether or not something is there."""
    return Path(os.path.realpath(path))


def expanded(given: str) -> Path:
    """Return a path as it was given, with `~` as the user's home; a name such as ~orders.csv stays as it is."""
    return Path(os.path.expanduser(given))  # noqa: PTH111 # Path raises for such a name


def status_of(path: Path) -> os.stat_result | None:
    """Return the status of a path, links followed; None where nothing is there."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def is_replaceable(folder: Path, is_ours: Callable[[Path], bool] | None = None) -> bool:
    """Whether putting a folder in this place loses nothing: it is missing, an empty folder, or ours."""
    if not os.path.lexists(folder):
        return True
    return folder.is_dir() and (not any(folder.iterdir()) or (is_ours is not None and is_ours(folder)))


def sweep_leftovers(path: Path) -> None:
    """Remove the temporary files that killed commands left beside `path`, their output.

    A temporary name contains the name of its output, and its writer holds a lock on it: the system drops the lock with
    the process. What cannot be locked, or belongs to another user, stays.
    """
    begin, _ = _temporary_parts(path)
    pattern = re.compile(rf"{re.escape(begin)}([0-9a-f]{{16}}(\..*)?|former)")
    for name in os.listdir(path.parent) if path.parent.is_dir() else ():  # noqa: PTH208 # names are enough
        if pattern.fullmatch(name):
            with contextlib.suppress(OSError):
                _remove_if_dead(path.parent / name)


def recover_folder(path: Path) -> None:
    """Bring back the folder that a killed command had moved aside before its new one was in place."""
    aside = _aside(path)
    if not os.path.lexists(path) and aside.is_dir():
        aside.rename(path)


def _remove_if_dead(leftover: Path) -> None:
    handle = os.open(leftover, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        status = os.fstat(handle)
        if status.st_uid != os.geteuid() or not lock(handle):
            return
        if stat.S_ISDIR(status.st_mode):
            shutil.rmtree(leftover)
        elif stat.S_ISREG(status.st_mode):
            leftover.unlink()
    finally:
        os.close(handle)


def _temporary_parts(path: Path) -> tuple[str, str]:
    """Return beginning and end of the names of a path's temporary files; writers read the file's type from the end."""
    short = len(os.fsencode(path.name)) <= _LONGEST_STEM
    ending = path.suffix if len(os.fsencode(path.suffix)) <= _LONGEST_SUFFIX else ""
    return f".{path.name if short else digest(path.name)}.{PREFIX}", ending


def _aside(path: Path) -> Path:
    return path.parent / f"{_temporary_parts(path)[0]}former"


def _make_temporary(path: Path, mode: int | None) -> tuple[Path, int]:
    """Make a locked temporary file of that mode beside `path`, or a folder if `mode` is None; return it and its handle.

    Its mode is left to the system, which applies the umask. Whoever sweeps between its making and its locking takes
    it for a leftover; then another one is made.
    """
    begin, ending = _temporary_parts(path)
    while True:
        temporary = path.parent / f"{begin}{secrets.token_hex(8)}{ending}"
        if mode is None:
            temporary.mkdir()
            handle = os.open(temporary, os.O_RDONLY)
        else:
            handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
        lock(handle)
        if os.fstat(handle).st_nlink:
            return temporary, handle
        os.close(handle)


def _take_over(handle: int, former: os.stat_result | None) -> None:
    """Give an open file or folder the owner, group and mode of the one it replaces.

    Only root gives files away. Where the group cannot be kept, its rights are cut to those of everybody.
    """
    if former is None:
        return
    mode = stat.S_IMODE(former.st_mode)
    try:
        os.fchown(handle, -1, former.st_gid)
        with contextlib.suppress(PermissionError):
            os.fchown(handle, former.st_uid, -1)
    except PermissionError:
        mode = (mode & 0o707) | ((mode & 0o007) << 3)
    os.fchmod(handle, mode)


def _open_to_readers(folder: Path) -> None:
    """Give all below a new folder the modes of new files and folders, and sync it; copies bring modes of their own."""
    mode = stat.S_IMODE(folder.stat().st_mode)
    for inside, _, files in os.walk(folder):
        for name in files:
            path = Path(inside, name)
            if not path.is_symlink():
                path.chmod(mode & 0o666)
                _sync(path)
        Path(inside).chmod(mode)
        _sync(Path(inside))


def _sync(path: Path) -> None:
    """Have the system write a file, or a folder's list of names, to the disk; some disks cannot for folders."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(handle)


def _put_in_place(temporary: Path, path: Path) -> None:
    """Put a folder in the place of another, which is removed."""
    if is_replaceable(path):
        temporary.replace(path)
        return
    if _exchange(temporary, path):
        shutil.rmtree(temporary, ignore_errors=True)
        return
    aside, handle = _aside(path), os.open(path, os.O_RDONLY)
    try:
        lock(handle)  # no other command takes it for a leftover between the two steps
        path.rename(aside)
        try:
            temporary.rename(path)
        except OSError:
            aside.rename(path)
            raise
        shutil.rmtree(aside, ignore_errors=True)
    finally:
        os.close(handle)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two paths in one step; return whether the system can do that."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):  # not Linux, or an old one
        return False
    here = ctypes.c_int(_RELATIVE_TO_CALLER)
    if not rename(here, os.fsencode(one), here, os.fsencode(other), ctypes.c_uint(_RENAME_EXCHANGE)):
        return True
    number = ctypes.get_errno()
    if number in _NO_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), str(other))


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
    """Return 16 hexadecimal digits of the sha256 of the values in `parts`."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_digest(path: Path) -> str:
    """Return the sha256 of a file's content, in hexadecimal."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def locate(path: Path) -> Path:
    """Return the path of a user's own file: in the caller's folder, else in the project's, as for entries."""
    given = path.expanduser()
    inside = PROJECT / given
    return inside if not given.exists() and inside.exists() else given


def load_named(where: str, setting: str, what: str, kind: str, allowed: str) -> Any:
    """Return the user's object that `path/to/file.py:name` names.

    Raises:
        InputError: no such file, or nothing callable of that name in it. Its message names the setting, what it stands
            for (such as a family), the kind (such as a function), and the allowed values.
    """
    path, colon, name = where.rpartition(":")
    require(bool(colon) and path.endswith(".py"), f"{setting}: unknown {what} {where!r}.", remedy=allowed)
    loaded = getattr(load_module(locate(Path(path))), name, None)
    require(callable(loaded), f"{setting}: {path} has no {kind} {name!r}.", remedy=allowed)
    return loaded


def load_module(path: Path, package: str = "") -> ModuleType:
    """Run the Python file at `path` as a module of its own, or as one of `package`, so that relative imports work.

    Raises:
        InputError: the file is missing or fails when it runs.
    """
    require(path.is_file(), f"{path}: no such Python file.", remedy="check the path in the configuration.")
    require(path.suffix == ".py", f"{path}: not a Python file.", remedy="its name has to end in .py.")
    prefix = f"{package}." if package else ""
    name = f"{prefix}churnclv_user_{digest(str(path))}"
    spec = importlib.util.spec_from_file_location(name, path, loader=_UserFile(name, str(path)))
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type] # a loader is given
    vars(module)["__builtins__"] = {**vars(builtins), "__import__": _import_here}
    try:
        spec.loader.exec_module(module)  # type: ignore[union-attr] # a loader is given
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 # a user's file may raise anything
        require(False, f"{path}: {type(error).__name__}: {error}", remedy="mend the file; it runs on import.")
    return module


class _UserFile(SourceFileLoader):
    """Loads a user's file from its source alone: bytecode beside it would change a model's folder or a bundle."""

    def get_code(self, fullname: str) -> CodeType:
        """Compile the source; Python's own loader reads and keeps bytecode in `__pycache__`."""
        del fullname
        code: CodeType = self.source_to_code(self.get_data(self.path), self.path)
        return code


def _import_here(name: str, *arguments: Any, **named: Any) -> Any:
    """Import as `import` does, but take `churnclv` for this package, which has a private name inside a bundle."""
    here = __name__.rpartition(".")[0]
    public, _, rest = name.partition(".")
    if public != _PUBLIC or here == _PUBLIC:
        return builtins.__import__(name, *arguments, **named)
    return builtins.__import__(".".join(filter(None, (here, rest))), *arguments, **named)
