"""Interruption: signals that end a command become one exception, so that it closes its run and removes its files."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_OWNER = "CHURNCLV_OWNER"  # in the environment: the descriptor of a pipe that the process that started us holds open
_SECONDS_TO_CLOSE = 10.0  # in which more signals change nothing: a terminal and `make` both send one
_received: list[tuple[int, float]] = []
_deferrals: list[None] = []  # one for each block that must not be left half done


class Interruption(KeyboardInterrupt):
    """A signal requested the end of this process."""

    def __init__(self, number: int) -> None:
        """Keep the signal's number."""
        super().__init__(signal.Signals(number).name)
        self.number = number


def watch_signals() -> None:
    """Make SIGINT, SIGTERM and SIGHUP raise `Interruption` in the main thread; ignored ones (nohup) stay ignored."""
    _received.clear()
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    _watch_owner()


def interrupted() -> int | None:
    """Return the number of the signal that ends this process; libraries may turn its exception into another."""
    return _received[0][0] if _received else None


def _interrupt(number: int, _: FrameType | None) -> None:
    now = time.monotonic()
    if _received and now - _received[-1][1] < _SECONDS_TO_CLOSE:
        return
    _received.append((number, now))
    if not _deferrals:
        raise Interruption(number)


@contextlib.contextmanager
def deferring() -> Iterator[None]:
    """Raise the exception of a signal at the end of the block: what the block does is not left half done."""
    before = len(_received)
    _deferrals.append(None)
    try:
        yield
    finally:
        _deferrals.pop()
        if len(_received) > before and not _deferrals:
            raise Interruption(_received[-1][0])


@dataclass
class Lifeline:
    """A pipe to commands that end with this process: whatever ends the process, the pipe closes.

    Attributes:
        end: the descriptor to pass on.
        held: the other end, which nobody else has.
    """

    end: int
    held: int

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment that a command needs to watch its end."""
        return {**os.environ, _OWNER: str(self.end)}

    def cut(self) -> None:
        """End the commands, each as if by SIGTERM."""
        if self.held >= 0:
            os.close(self.held)
            self.held = -1


@contextlib.contextmanager
def lifeline() -> Iterator[Lifeline]:
    """Yield a lifeline for the commands that are started meanwhile."""
    line = Lifeline(*os.pipe())
    try:
        yield line
    finally:
        line.cut()
        os.close(line.end)


def _watch_owner() -> None:
    descriptor = os.environ.pop(_OWNER, None)  # children of this process do not inherit it
    if descriptor is not None:
        threading.Thread(target=_end_with_owner, args=(int(descriptor),), daemon=True).start()


def _end_with_owner(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.read(descriptor, 1)  # nothing is ever written: this returns when the last writer is gone
        os.kill(os.getpid(), signal.SIGTERM)
