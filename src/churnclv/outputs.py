"""Outputs: the paths that a command writes, and the one guard that keeps it from destroying any other file.

A command states its outputs and what it reads, and has them checked before any work. An output is replaced in one step
or written through, never anything else; a fault while writing ends the command with one message.
"""

import contextlib
import csv
import errno
import io
import os
import re
import select
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from .errors import InputError, require
from .files import is_replaceable, recover_folder, replacing, replacing_folder, resolved, status_of, sweep_leftovers

if TYPE_CHECKING:
    import pandas as pd

_COMPRESSIONS = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zip": "zip", ".zst": "zstd"}
_ONE_MEMBER = (".zip", ".zst")  # packings that do not take one piece after another
PARQUET = ".parquet"
_HEAD_CHARACTERS = 1 << 20
_MOST_LINKS = 40
_DEVICES, _SHARED_MEMORY = Path("/dev"), Path("/dev/shm")  # noqa: S108 # compared with, not written
_STORAGE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG, errno.EACCES, errno.EPERM)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SQLITE = {8: "cannot be written", 10: "disk I/O error", 13: "no space left", 14: "cannot be opened"}
_LIBRARIES = ("mlflow", "sqlalchemy", "optuna", "duckdb", "_duckdb", "pyarrow", "alembic")


@dataclass(frozen=True)
class Output:
    """A file that a command writes.

    Parameters
    ----------
    setting
        By which setting it was given.
    given
        The path as it was given; `~` is the user's home.
    content
        What it holds, such as `scores`.
    is_earlier
        Whether a file is an earlier output of this kind, which may be replaced.
    streams
        Whether a pipe or a device will do.
    """

    setting: str
    given: str
    content: str
    is_earlier: Callable[[Path], bool]
    streams: bool = True

    def __str__(self) -> str:
        """Return the setting as typed."""
        return f"{self.setting}={self.given}"

    @property
    def path(self) -> Path:
        """The path, as a file system takes it."""
        return Path(os.path.expanduser(self.given))  # noqa: PTH111 # Path raises for a name such as ~orders.csv

    @property
    def target(self) -> Path:
        """Where links lead, and so the place that is written."""
        return resolved(self.path)

    @property
    def descriptor(self) -> int | None:
        """The number of the open file that the path names, as /dev/stdout and /dev/fd/3 do; None for other paths."""
        path, open_files = self.path, re.compile(rf"/dev/fd|/proc/{os.getpid()}(/task/\d+)?/fd")
        for _ in range(_MOST_LINKS):
            folder = os.path.realpath(path.parent)
            if path.name.isdigit() and open_files.fullmatch(folder):
                return int(path.name)
            if not path.is_symlink():
                return None
            path = Path(folder) / path.readlink()
        return None

    def status(self) -> os.stat_result | None:
        """Return the status of the output's path; None where nothing is there."""
        number = self.descriptor
        return status_of(self.path) if number is None else os.fstat(number)

    @property
    def is_stream(self) -> bool:
        """Whether it is written through: an open file, a pipe or a device, which is never replaced by a file."""
        status = self.status()
        usual = status is None or stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)
        return self.descriptor is not None or not usual

    @property
    def is_stdout(self) -> bool:
        """Whether it is the command's standard output, under any path."""
        status = self.status()
        if status is None or not self.is_stream:
            return False
        try:
            return os.path.samestat(status, os.fstat(1))
        except OSError:
            return False

    def check(self) -> None:
        """Raise `InputError` where this output cannot be written; write nothing."""
        require(self.given.strip() != "" and "\0" not in self.given, f"{self}: is no path.", remedy=self._remedy)
        with self.faults():
            status = self.status()
            if status is not None and stat.S_ISDIR(status.st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if self.is_stream:
                self._check_stream(status)
                return
            require(not self.given.endswith(os.sep), f"{self}: names a folder.", remedy=self._remedy)
            _require_no_device(self)
            if status is not None:
                self._check_former(status)

    def _check_stream(self, status: os.stat_result | None) -> None:
        mode = 0 if status is None else status.st_mode
        require(self.streams, f"{self}: is not a regular file, which {self.content} needs.", remedy=self._remedy)
        require(not stat.S_ISBLK(mode), f"{self}: is a disk.", remedy=self._remedy)
        require(not stat.S_ISSOCK(mode), f"{self}: is a socket.", remedy="name a file or a pipe.")
        number = self.descriptor
        if number is not None:
            os.write(number, b"")  # refused where it is open for reading alone
        elif not os.access(self.path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    def _check_former(self, status: os.stat_result) -> None:
        with self.target.open("r+b"):
            pass
        earlier = status.st_size == 0 or self.is_earlier(self.target)
        message = f"{self}: the file there does not hold {self.content} of an earlier run, so it is not replaced."
        require(earlier, message, remedy=f"name another file in {self.setting}, or move that one away.")

    def probe(self) -> None:
        """Refuse a place where no file can be made, by making one without a name; remove what killed runs left."""
        if self.is_stream:
            return
        with self.faults():
            sweep_leftovers(self.target)
            _probe(self.target)

    @contextlib.contextmanager
    def writing(self) -> Iterator[IO[bytes]]:
        """Yield a binary stream to write: directly to a pipe or device, else to a file put in place at the end.

        Raises:
            InputError: the system refuses a step of it; what was there before is unchanged.
        """
        number = self.descriptor
        with self.faults():
            if number is not None:
                with os.fdopen(os.dup(number), "wb") as stream:
                    yield stream
            elif self.is_stream:
                with self.path.open("wb") as stream:
                    yield stream
            else:
                with replacing(self.path) as temporary, temporary.open("wb") as stream:
                    yield stream

    @contextlib.contextmanager
    def faults(self) -> Iterator[None]:
        """Turn faults of the system about this output into `InputError`; a closed standard output stays as it is."""
        try:
            yield
        except OSError as error:
            if isinstance(error, BrokenPipeError) and self.is_stdout:
                raise
            first = _first_of(error)
            remedy = f"free some space, or {self._remedy}" if first.errno in _FULL else self._remedy
            raise InputError(f"{self}: cannot be written ({_reason(first)}).", remedy=remedy) from None

    @property
    def _remedy(self) -> str:
        return "name a file you may write."


@dataclass(frozen=True)
class FolderOutput(Output):
    """A folder that a command writes.

    Parameters
    ----------
    whole
        Whether it is put in place as a whole, so that everything in a former one goes. Otherwise files are replaced in
        it one by one.
    """

    whole: bool = True

    def check(self) -> None:
        """As for a file; a folder that a killed command had moved aside is brought back."""
        require(self.given.strip() != "" and "\0" not in self.given, f"{self}: is no path.", remedy=self._remedy)
        with self.faults():
            status = self.status()
            regular = status is None or stat.S_ISDIR(status.st_mode)
            require(regular, f"{self}: is a file, not a folder.", remedy="name a folder that does not exist yet.")
            _require_no_device(self)
            if self.whole:
                self._check_place()
                recover_folder(self.target)
            message = f"{self}: this folder holds files that are not {self.content}; none of them is removed."
            remedy = self._subfolder if self.whole else f"move the folder away, or name another path in {self.setting}."
            require(is_replaceable(self.target, self.is_earlier), message, remedy=remedy)

    def _check_place(self) -> None:
        here = Path.cwd().resolve()
        message = f"{self}: is the folder you call from, or holds it."
        require(self.target not in (here, *here.parents), message, remedy=self._subfolder)
        mounted = os.path.ismount(self.target)
        require(not mounted, f"{self}: is a mounted disk, which cannot be replaced.", remedy=self._subfolder)

    @contextlib.contextmanager
    def replacing(self) -> Iterator[Path]:
        """Yield a temporary folder that is put in place, as a whole, if the block succeeds.

        Raises:
            InputError: the system refuses a step of it; what was there before is unchanged.
        """
        with self.faults(), replacing_folder(self.path, self.is_earlier) as temporary:
            yield temporary

    @property
    def _remedy(self) -> str:
        return "name a folder you may write."

    @property
    def _subfolder(self) -> str:
        return f"name a subfolder, such as {self.setting}={self.path / 'bundle'}"


def guard(outputs: Sequence[Output], reads: Mapping[str, str | Path | None]) -> None:
    """Refuse, before any work, outputs that cannot be written or that would destroy another file.

    Parameters
    ----------
    outputs
        All that the command writes by name.
    reads
        Setting -> the file or folder that is read in the run; None where nothing was given.

    Raises:
        InputError: an output is read in this run, lies in a folder that is, or is another output by any spelling; what
            is there is not an earlier output of the command; or it cannot be written.
    """
    require_apart(outputs, reads)
    for place, output in enumerate(outputs):
        for other in outputs[:place]:
            _require_distinct(output, other)
    for output in outputs:
        output.check()
    for output in outputs:
        output.probe()


def require_apart(outputs: Sequence[Output], reads: Mapping[str, str | Path | None]) -> None:
    """Refuse outputs that a run reads, as `guard` does, where what it reads becomes known on the way.

    Parameters
    ----------
    outputs
        All that the command writes by name.
    reads
        Setting -> the file or folder that is read in the run; None where nothing was given.

    Raises:
        InputError: an output is read in this run, or lies in a folder that is.
    """
    for output in outputs:
        for name, read in reads.items():
            if read is not None:
                _require_apart(output, name, read)


def _require_apart(output: Output, name: str, read: str | Path) -> None:
    """Refuse an output that is the input `name`, lies in it, or holds it and is replaced as a whole."""
    path = resolved(Path(os.path.expanduser(read)))  # noqa: PTH111 # Path raises for a name such as ~orders.csv
    with contextlib.suppress(OSError):  # inputs are refused where they are read, outputs by check()
        there, here = status_of(path), output.status()
        if there is not None and stat.S_ISCHR(there.st_mode):  # a terminal may be both
            return
        remedy = f"what a command uses is never replaced; name another path in {output.setting}."
        same = output.target == path or _are_same(here, there)
        require(not same, f"{output}: is {name}={read}, which this command uses.", remedy=remedy)
        if not output.is_stream:
            inside = path in output.target.parents or _holds(there, output.target)
            require(not inside, f"{output}: lies in {name}={read}, which this command uses.", remedy=remedy)
        if isinstance(output, FolderOutput) and output.whole:
            require(not _holds(here, path), f"{output}: holds {name}={read}, which this command uses.", remedy=remedy)


def _require_distinct(output: Output, other: Output) -> None:
    """Refuse two outputs in one place, or one in a folder that is another."""
    with contextlib.suppress(OSError):
        one, two = output.status(), other.status()
        if one is not None and stat.S_ISCHR(one.st_mode) and one.st_rdev == os.stat(os.devnull).st_rdev:  # noqa: PTH116 # a device
            return
        same = output.target == other.target or _are_same(one, two)
        nested = any(
            isinstance(folder, FolderOutput) and folder.target in inner.target.parents
            for folder, inner in ((output, other), (other, output))
        )
        message = f"{output}: is the same place as {other}."
        require(not (same or nested), message, remedy="name two different paths.")


def _are_same(one: os.stat_result | None, other: os.stat_result | None) -> bool:
    """Whether two paths lead to one file, under any names: links, hard links, mounts, another case."""
    return one is not None and other is not None and os.path.samestat(one, other)


def _holds(folder: os.stat_result | None, path: Path) -> bool:
    """Whether a path lies in a folder, under any names."""
    return folder is not None and any(_are_same(folder, status_of(above)) for above in path.parents)


def _require_no_device(output: Output) -> None:
    """Refuse a new file among the machine's devices, where root could make one."""
    above = output.target.parents
    message = f"{output}: there is no such device."
    require(_DEVICES not in above or _SHARED_MEMORY in above, message, remedy="name a file, or /dev/stdout.")


def _probe(target: Path) -> None:
    """Raise `OSError` unless a file of that name can be made where the nearest folder above it is."""
    folder = next(above for above in target.parents if os.path.lexists(above))
    longest = os.pathconf(folder, "PC_NAME_MAX")
    for name in target.relative_to(folder).parts:
        if len(os.fsencode(name)) > longest:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    with tempfile.TemporaryFile(dir=folder):
        pass


def _first_of(error: OSError) -> OSError:
    """Return the first of the faults that copying a folder has gathered; any other fault as it is."""
    if not isinstance(error, shutil.Error) or (numbered := re.search(r"\[Errno (\d+)\]", str(error))) is None:
        return error
    return OSError(int(numbered[1]), os.strerror(int(numbered[1])), str(error.args[0][0][1]))


def _reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__


def write_csv(table: "pd.DataFrame", output: Output) -> None:
    """Write a table as CSV, packed where the ending of the name requires it, or as Parquet where it ends so.

    Raises:
        InputError: it cannot be written; what was there before is unchanged.
    """
    write_blocks((table,), output)


def write_blocks(blocks: Iterable["pd.DataFrame"], output: Output) -> None:
    """Write tables of the same columns one below the other, each as it comes: as CSV, or as Parquet by the ending.

    Raises:
        InputError: it cannot be written; what was there before is unchanged.
    """
    suffix = output.path.suffix.lower()
    with output.writing() as stream:
        if suffix == PARQUET:
            write_parquet(blocks, stream)
            return
        for place, table in enumerate(_whole(blocks) if suffix in _ONE_MEMBER else blocks):
            packing: Any = _COMPRESSIONS.get(suffix)
            table.to_csv(stream, index=False, header=not place, mode="wb", compression=packing)


def _whole(blocks: Iterable["pd.DataFrame"]) -> list["pd.DataFrame"]:
    """Return the tables as one, for a packing that takes one piece."""
    import pandas as pd

    return [pd.concat(list(blocks), ignore_index=True)]


def write_parts(blocks: Iterable["pd.DataFrame"], output: FolderOutput) -> None:
    """Write tables of the same columns as a folder of Parquet files, one each, which is put in place as a whole.

    Raises:
        InputError: it cannot be written; what was there before is unchanged.
    """
    with output.replacing() as folder:
        for place, table in enumerate(blocks):
            with (folder / f"part-{place:05}{PARQUET}").open("wb") as stream:
                write_parquet((table,), stream)


def holds_parts(*columns: str) -> Callable[[Path], bool]:
    """Return the test whether a folder holds nothing but parts of a table whose first columns have these names."""
    has_columns = has_header(*columns)
    part = re.compile(rf"part-\d{{5,}}{re.escape(PARQUET)}")
    return lambda folder: all(part.fullmatch(path.name) and has_columns(path) for path in folder.iterdir())


def write_parquet(blocks: Iterable["pd.DataFrame"], stream: IO[bytes]) -> None:
    """Write tables of the same columns one below the other as Parquet."""
    import pyarrow as pa
    from pyarrow import parquet

    with contextlib.ExitStack() as resources:
        writer = None
        for table in blocks:
            if writer is None:
                schema = pa.schema([(str(name), _arrow_type(table[name])) for name in table.columns])
                writer = resources.enter_context(parquet.ParquetWriter(stream, schema))
            writer.write_table(pa.Table.from_pandas(table, schema=schema, preserve_index=False))


def _arrow_type(column: "pd.Series[Any]") -> Any:
    """Return the Parquet type of a column: text where pandas has objects, which may all be missing in one block."""
    import pyarrow as pa
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    if is_bool_dtype(column) or is_numeric_dtype(column):
        return pa.from_numpy_dtype(column.dtype)
    return pa.string()


def has_header(*columns: str) -> Callable[[Path], bool]:
    """Return the test whether a file is a table, CSV or Parquet, whose first columns have these names."""
    return lambda path: read_head(path)[: len(columns)] == list(columns)


def read_head(path: Path) -> list[str]:
    """Return the names in the first row of a CSV file, or of a Parquet file's columns; none for anything else."""
    import bz2
    import gzip
    import lzma

    if path.suffix.lower() == PARQUET:
        return _parquet_names(path)

    openers: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
    try:
        with openers.get(path.suffix.lower(), Path.open)(path, "rb") as content:
            head = content.read(_HEAD_CHARACTERS).decode("utf-8-sig", errors="ignore")
        return next(csv.reader(io.StringIO(head, newline="")), [])
    except (OSError, EOFError, csv.Error, lzma.LZMAError):
        return []


def _parquet_names(path: Path) -> list[str]:
    from pyarrow import ArrowException, parquet

    try:
        return [str(name) for name in parquet.read_schema(path).names]
    except (ArrowException, OSError):
        return []


@contextlib.contextmanager
def messages_apart(outputs: Sequence[Output]) -> Iterator[None]:
    """Redirect the block's printed lines to standard error if an output is standard output, so that it can be piped."""
    if any(output.is_stdout for output in outputs):
        with contextlib.redirect_stdout(sys.stderr):
            yield
    else:
        yield


def settle_stdout() -> bool:
    """Flush standard output; return whether its reader is gone, in which case it becomes the null device.

    Otherwise the interpreter would fail on the rest of it once more at its end.
    """
    try:
        watched = select.poll()
        watched.register(1, select.POLLOUT)
        left = any(event & select.POLLERR for _, event in watched.poll(0))
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        left = True
    if left:
        with contextlib.suppress(OSError), open(os.devnull, "wb") as nothing:  # noqa: PTH123 # a device
            os.dup2(nothing.fileno(), 1)
    return left


def storage_fault(error: BaseException) -> str | None:
    """Return a fault of the storage as one sentence, if it caused an error; None for any other error.

    A full or read-only disk, a quota, or missing rights are no bug. Libraries wrap what the system reports; their
    errors are followed to it. An error of this project that was raised while another one was handled is not.
    """
    current: BaseException | None = error
    for _ in range(_MOST_LINKS):
        if current is None:
            return None
        if (message := _refused(current)) is not None:
            return message
        wrapped = type(current).__module__.partition(".")[0] in _LIBRARIES
        current = current.__cause__ or (current.__context__ if wrapped else None)
    return None


def _refused(error: BaseException) -> str | None:
    """Return a fault of the system as one sentence; None where the error is about something else."""
    remedy = "\n  -> free space or get the right to write there, or name another folder (MLRUNS=..., TMPDIR=...)."
    first = _first_of(error) if isinstance(error, OSError) else None
    if first is not None and first.errno in _STORAGE:
        where = first.filename if isinstance(first.filename, str) else "a file"
        return f"{where}: cannot be written or read ({_reason(first)}).{remedy}"
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _SQLITE:
        return f"a database of the runs: {_SQLITE[code]} ({error}).{remedy}"
    if type(error).__name__ == "IOException" and type(error).__module__.endswith("duckdb"):
        return f"the engine's files: {str(error).splitlines()[0]}.{remedy}"
    return None
