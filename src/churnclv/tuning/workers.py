"""Workers: processes that evaluate folds of trials; the folds of a process that dies are evaluated again."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext
from typing import TYPE_CHECKING, Any

from ..interruption import deferring

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

Job = tuple[dict[str, Any], int]  # the parameters of a trial, and the fold
Work = Callable[[dict[str, Any], int], Any]

_PRELOADED = ["churnclv.tuning.churn_study", "churnclv.tuning.clv_study", "xgboost"]
_MOST_BREAKS = 20  # in a row, without a finished job in between
_held: dict[str, Work] = {}  # in a worker: the work that it was started with


class Workers:
    """A pool that returns the outcomes of jobs in their order; one worker is this process itself.

    `work` is sent to the workers once, so it has to be picklable where there are several; it is never stored.
    """

    def __init__(self, work: Work, count: int) -> None:
        """Keep the work; processes start with the first jobs."""
        self._work, self._count = work, count
        self._pool: ProcessPoolExecutor | None = None
        self._others: set[BaseProcess] = set()  # children of this process that the pool did not start

    def run(self, jobs: Sequence[Job]) -> list[Any]:
        """Return each job's outcome.

        Raises:
            RuntimeError: workers die repeatedly without finishing a job.
        """
        if self._count == 1:
            return [self._work(*job) for job in jobs]
        outcomes: dict[int, Any] = {}
        breaks = 0
        while len(outcomes) < len(jobs):
            before = len(outcomes)
            self._collect(jobs, outcomes)
            breaks = 0 if len(outcomes) > before else breaks + 1
            if breaks > _MOST_BREAKS:
                message = (
                    "workers die before they finish anything; is there enough memory? tuning.workers=1 needs least"
                )
                raise RuntimeError(message)
        return [outcomes[place] for place in range(len(jobs))]

    def _collect(self, jobs: Sequence[Job], outcomes: dict[int, Any]) -> None:
        """Submit the jobs without an outcome, and keep the outcomes that arrive before a worker dies."""
        waiting: dict[int, Future[Any]] = {}
        try:
            for place in (place for place in range(len(jobs)) if place not in outcomes):
                with deferring():  # the first jobs start the processes: a half-sent one would print a traceback
                    waiting[place] = self._open().submit(_do, jobs[place])
            for place, future in waiting.items():
                outcomes[place] = future.result()
        except BrokenProcessPool:
            for place, future in waiting.items():
                if future.done() and future.exception() is None:
                    outcomes[place] = future.result()
            self.close()

    def _open(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._others = set(multiprocessing.active_children())
            self._pool = ProcessPoolExecutor(self._count, _context(), _hold, (self._work,))
        return self._pool

    def close(self) -> None:
        """End the processes, running jobs included; later jobs start new ones."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - self._others:
                process.terminate()
            self._pool = None


def _context() -> BaseContext:
    """Return the start method: a fork server without threads that has imported everything, where the system has one.

    A fork of this process may hang in its threads; a new interpreter takes seconds, after every death of a worker.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


def _hold(work: Work) -> None:
    """Start a worker: it keeps its work, ignores Ctrl-C, and ends when its parent process ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _held["work"] = work


def _end_with_parent() -> None:
    """End this process when its parent has ended, in whatever way: a pipe between the two closes."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(job: Job) -> Any:
    return _held["work"](*job)
