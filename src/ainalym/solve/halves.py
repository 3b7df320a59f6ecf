"""Work on two halves at once: compiled kernels that let go of the interpreter, and two threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any


def by_halves(
    count: int, work: Callable[[int, int, int], Any], *, at_once: bool
) -> tuple[Any, Any]:
    """Work on both halves of some rows; what is added up is the same, at once or not.

    Parameters
    ----------
    work
        Told the number of the half, its first row and the one after its last.
    at_once
        Whether the rows are worth the call of a second thread.
    """
    middle = count // 2
    if not at_once:
        return work(0, 0, middle), work(1, middle, count)
    other = _second_thread().submit(work, 1, middle, count)
    return work(0, 0, middle), other.result()


@cache
def _second_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "half")
