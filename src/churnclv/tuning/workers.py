"""Workers: processes that evaluate folds of trials; one that dies costs the folds it held, which others do again."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

Job = tuple[dict[str, Any], int]  # the parameters of a trial, and the fold
Work = Callable[[dict[str, Any], int], Any]

_PRELOADED = ["churnclv.tuning.churn_study", "churnclv.tuning.clv_study", "xgboost"]
_MOST_BREAKS = 20  # without a single finished job in between
_held: dict[str, Work] = {}  # in a worker: what it was given when it began


class Workers:
    """A pool that gives the outcomes of jobs in their order; with one worker, the process itself.

    `work` travels to the workers once, so it has to be picklable where there are several; it is never written down.
    """

    def __init__(self, work: Work, count: int) -> None:
        """Keep the work; processes start with the first jobs."""
        self._work, self._count = work, count
        self._pool: ProcessPoolExecutor | None = None
        self._others: set[BaseProcess] = set()  # children of this process that are none of ours

    def run(self, jobs: Sequence[Job]) -> list[Any]:
        """Return each job's outcome.

        Raises:
            RuntimeError: workers die again and again without finishing anything.
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
        """Hand out what has no outcome yet, and keep what comes back before a worker dies."""
        waiting: dict[int, Future[Any]] = {}
        try:
            for place in (place for place in range(len(jobs)) if place not in outcomes):
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
        """End the processes, in the middle of a job where one is left; jobs afterwards start new ones."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - self._others:
                process.terminate()
            self._pool = None


def _context() -> BaseContext:
    """Return how processes start: from a server without threads that has imported all, where the system has one.

    A fork of this process may hang in its threads; a new interpreter takes seconds, after every death of a worker.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


def _hold(work: Work) -> None:
    """Begin a worker: it keeps its work, leaves Ctrl-C to the process that owns it, and ends when that one does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_owner, daemon=True).start()
    _held["work"] = work


def _end_with_owner() -> None:
    """End this process as soon as its owner is gone, however that ended: a pipe between the two closes."""
    owner = multiprocessing.parent_process()
    if owner is not None:
        owner.join()
        os._exit(1)


def _do(job: Job) -> Any:
    return _held["work"](*job)
