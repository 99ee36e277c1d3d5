"""Interruption: signals that end a command become one exception, so that it closes its run and removes its files."""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_OWNER = "CHURNCLV_OWNER"  # in the environment: the descriptor of a pipe that the process that started us holds open
_SECONDS_TO_CLOSE = 10.0  # in which more signals change nothing: a terminal and `make` both send one
_AGAIN_SECONDS = 0.05  # after which a signal is taken that came where no exception could be raised
_ALARM = getattr(signal, "SIGALRM", None)  # no timer where there is none: the exception is raised at once
_postponed: list[int] = []
_received: list[tuple[int, float]] = []
_deferrals: list[None] = []  # one for each block that must not be left half done


class Interruption(KeyboardInterrupt):
    """A signal requested the end of this process."""

    def __init__(self, number: int) -> None:
        """Keep the signal's number."""
        super().__init__(signal.Signals(number).name)
        self.number = number


def watch_signals() -> None:
    """Make SIGINT, SIGTERM and SIGHUP raise `Interruption` in the main thread; ignored ones (nohup) stay ignored.

    Where Python can only print an exception and drop it, in what the garbage collector or C code calls, the signal is
    taken a moment later instead.
    """
    _received.clear()
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    if _ALARM is not None:
        signal.signal(_ALARM, _take_postponed)
        if not isinstance(sys.unraisablehook, _Unraisable):
            sys.unraisablehook = _Unraisable(sys.unraisablehook)
    _watch_owner()


def interrupted() -> int | None:
    """Return the number of the signal that ends this process; libraries may turn its exception into another."""
    return _received[0][0] if _received else None


def _interrupt(number: int, frame: FrameType | None) -> None:
    now = time.monotonic()
    if _received and now - _received[-1][1] < _SECONDS_TO_CLOSE:
        return
    if _ALARM is not None and _is_called_by_xgboost(frame):
        _postpone(number)
        return
    _received.append((number, now))
    if not _deferrals:
        raise Interruption(number)


def _is_called_by_xgboost(frame: FrameType | None) -> bool:
    """Return whether XGBoost waits for what a frame returns: it frees what it has not filled after an exception."""
    while frame is not None:
        in_core = frame.f_globals.get("__name__") == "xgboost.core"
        if in_core and frame.f_code.co_name.endswith(("_wrapper", "_callback")):
            return True
        frame = frame.f_back
    return False


def _postpone(number: int) -> None:
    _postponed[:] = [number]
    signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)


def _take_postponed(_: int, frame: FrameType | None) -> None:
    if _postponed:  # once: where it is too early again, XGBoost must go on before the next time
        _interrupt(_postponed.pop(), frame)


class _Unraisable:
    """Takes exceptions that Python would print and drop: those of signals are raised a moment later."""

    def __init__(self, others: Any) -> None:
        """Keep the hook for all other exceptions."""
        self.others = others

    def __call__(self, unraisable: Any) -> None:
        """Take one."""
        if isinstance(unraisable.exc_value, Interruption):
            _received.clear()
            _postpone(unraisable.exc_value.number)
        else:
            self.others(unraisable)


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
