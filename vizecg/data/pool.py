"""Work in processes with flat memory: jobs are taken when there is room for them, results given in their order."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")

_AHEAD = 2
"""Jobs that wait for each worker: enough that none is idle while the caller writes."""


def bounded_map(
    function: Callable[[Job], Result],
    jobs: Iterable[Job],
    *,
    workers: int,
    initializer: Callable[[], object] | None = None,
) -> Generator[Result, None, None]:
    """``map``, in ``workers`` processes, in order, with a few jobs in flight however many there are.

    Args:
        function: can be pickled.
        jobs: consumed as results are taken.
        workers: 1 works in this process.
        initializer: called first in every worker; not in this process.

    Raises:
        concurrent.futures.process.BrokenProcessPool: a worker was killed.
    """
    if workers == 1:
        yield from map(function, jobs)
        return
    # Not forked: a child of a process whose thread pools have run can wait for their locks for ever.
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(initializer,))
    pending: deque[Future[Result]] = deque()
    try:
        for job in jobs:
            pending.append(executor.submit(function, job))
            if len(pending) > workers * (1 + _AHEAD):
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        executor.shutdown(cancel_futures=True)


def _start(initializer: Callable[[], object] | None) -> None:
    if initializer is not None:
        initializer()
    _end_with_parent()


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for jobs for ever: it holds the other end of its own queue."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait_and_exit, args=(parent,), daemon=True).start()


def _wait_and_exit(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)
