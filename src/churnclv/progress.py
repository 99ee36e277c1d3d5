"""Progress on anything over two seconds: a live line on a terminal, plain lines otherwise."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import TextIO

from .redaction import redact

SECONDS_BETWEEN_LINES = 5.0


class Progress:
    """Shows the progress of a command on standard error, so that results can be piped."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since this object was made."""
        return time.monotonic() - self._start

    def log(self, text: str) -> None:
        """Print one line with the time since the start."""
        print(f"[{self.seconds:6.1f} s] {redact(text)}", file=self._stream, flush=True)  # this is the printer

    @contextlib.contextmanager
    def steps(self, title: str, total: int, done: int = 0) -> Iterator[Callable[[str], None]]:
        """Yield a function to call after each of `total` steps with a short note."""
        if self._stream.isatty():
            with self._bar(title, total, done) as advance:
                yield advance
        else:
            with self._lines(title, total, done) as advance:
                yield advance

    @contextlib.contextmanager
    def _bar(self, title: str, total: int, done: int) -> Iterator[Callable[[str], None]]:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Bar(*columns, console=Console(file=self._stream)) as bar:
            task = bar.add_task(title, total=total, completed=done)
            yield lambda note: bar.update(task, advance=1, description=f"{title}  {note}")

    @contextlib.contextmanager
    def _lines(self, title: str, total: int, done: int) -> Iterator[Callable[[str], None]]:
        finished, last = done, self.seconds
        self.log(f"{title} (0 of {total})" if not done else f"{title} (going on after {done} of {total})")

        def advance(note: str) -> None:
            nonlocal finished, last
            finished += 1
            if self.seconds - last >= SECONDS_BETWEEN_LINES or finished >= total:
                self.log(f"{title}: {finished} of {total}  {note}")
                last = self.seconds

        yield advance
