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


def together(jobs: Sequence[tuple[Program, Callable[[], T]]]) -> list[T]:
    """Do something with several programs at the same time; wait for all of it.

    Where one of the jobs fails, or the keyboard interrupts the first, the others are stopped, and
    the error is raised once all have ended.

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
    asked = threading.Event()
    for program, _ in jobs:
        program.asked = asked
    (_, first), *others = jobs
    futures = [_pool(k).submit(job) for k, (_, job) in enumerate(others)]
    try:
        return [first(), *(future.result() for future in futures)]
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
    """One thread for the job of this number, kept for the next: a solver minds who calls it."""
    return ThreadPoolExecutor(1, thread_name_prefix=f"program-{k + 2}")
