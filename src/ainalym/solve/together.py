"""Solving programs at the same time, one a thread.

The solver lets go of the interpreter while it works, so two programs keep two cores busy.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Generic, TypeVar

from ainalym.solve.mip import Program

T = TypeVar("T")

THREADS = 2
"""How many jobs are done at the same time."""


def together(jobs: Sequence[tuple[Program, Callable[[], T]]]) -> list[T]:
    """Do something with several programs, two at a time; wait for all of it.

    Where one of the jobs fails, or the keyboard interrupts, the others are stopped, and the error
    is raised once all have ended.

    Parameters
    ----------
    jobs
        Programs, each another one, and what is to be done with them. Linear programs only, with
        the number of threads as it was.

    Returns
    -------
    What the jobs return, in their order.
    """
    if len(jobs) == 1:
        return [jobs[0][1]()]
    asked, found = threading.Event(), {}
    for program, _ in jobs:
        program.asked = asked
    rest = iter(enumerate(jobs))  # the interpreter hands each out once

    def work() -> None:
        for k, (_, job) in rest:
            if asked.is_set():
                return
            found[k] = job()

    futures = [_pool(k).submit(work) for k in range(min(THREADS, len(jobs)) - 1)]
    try:
        work()
        for future in futures:
            future.result()
        return [found[k] for k in range(len(jobs))]
    except BaseException:
        asked.set()
        raise
    finally:
        for future in futures:
            future.exception()
        for program, _ in jobs:
            program.asked = None


class Beside(Generic[T]):
    """Something that is done in a thread of its own meanwhile.

    Parameters
    ----------
    job
        Told what will ask it to stop, as `Program.asked`.
    """

    def __init__(self, job: Callable[[threading.Event], T]) -> None:
        self._asked = threading.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="beside")
        self._future = self._thread.submit(job, self._asked)

    def result(self) -> T:
        """Wait until it is done, and tell what came of it."""
        try:
            return self._future.result()
        finally:
            self.stop()

    def stop(self) -> None:
        """Ask it to stop, if it has not ended, and do not wait for that."""
        self._asked.set()
        self._thread.shutdown(wait=False)


@cache
def _pool(k: int) -> ThreadPoolExecutor:
    """A thread beside the caller's, kept for the next time."""
    return ThreadPoolExecutor(1, thread_name_prefix=f"program-{k + 2}")
