"""What a solver is given and gives back: a clock to tell its progress to, and its answer."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.rows import Instance

THREADS = 2
ALLOWED = 1e-6
"""Relative gap at which the exact peers may stop; what is smaller is called proven."""


class CannotError(Exception):
    """A solver says in a sentence why it cannot take an instance; no failure, but a row."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Told:
    """What a solver came back with.

    Attributes
    ----------
    open
        Shape (sites,); None without an answer. Its value is recomputed by the benchmark.
    bound
        What it says no answer can be better than, as it is shown; not a number if it says nothing.
    inside_s
        Its own time without building the model, where it tells; not a number otherwise.
    note
        What else is worth a word.
    """

    open: NDArray[np.bool_] | None
    bound: float = np.nan
    inside_s: float = np.nan
    note: str = ""


class Clock:
    """Runs from the moment a solver gets its instance; notes when each gap was first proven.

    Parameters
    ----------
    seconds
        Time limit, building the model included.
    marks
        Gaps that are looked for.
    known
        The published optimum, where there is one, as it is shown.
    """

    def __init__(
        self, instance: Instance, *, seconds: float, marks: Iterable[float], known: float | None
    ) -> None:
        self._instance, self._known = instance, known
        self._marks = sorted(marks, reverse=True)
        self.seconds = seconds
        self.reached_s: dict[float, float] = {}
        self.found_s: float | None = None
        self._began_s = time.perf_counter()
        self._ended_s: float | None = None

    @property
    def now_s(self) -> float:
        """Seconds since the solver got its instance, until it gave its answer back."""
        end_s = time.perf_counter() if self._ended_s is None else self._ended_s
        return end_s - self._began_s

    def stop(self) -> None:
        """Hear that the solver has given its answer back; what is noted later is of that moment."""
        self._ended_s = time.perf_counter()

    @property
    def left_s(self) -> float:
        """Seconds that are left, at least one."""
        return max(1.0, self.seconds - self.now_s)

    def note(self, value: float, bound: float) -> None:
        """Hear the best value and bound so far, both as they are shown."""
        now_s = self.now_s
        if not np.isfinite(value):
            return
        if np.isfinite(bound):
            gap = self._instance.gap_shown(value, bound)
            for mark in self._marks:
                if gap <= mark:
                    self.reached_s.setdefault(mark, round(now_s, 3))
        if self._known is not None and self.found_s is None:
            room = value - self._known if self._instance.is_cost else self._known - value
            if room <= ALLOWED * abs(self._known):
                self.found_s = round(now_s, 3)

    @property
    def gap(self) -> float:
        """The smallest of the looked for gaps that was proven; infinite without any."""
        return min(self.reached_s, default=np.inf)

    def forget(self) -> None:
        """Drop what was noted: the answer is not what was said on the way."""
        self.reached_s.clear()
        self.found_s = None


def chosen(sites: Iterable[int], count: int) -> NDArray[np.bool_]:
    """Mark the open sites, shape (count,)."""
    is_open = np.zeros(count, bool)
    is_open[np.fromiter(sites, np.int64)] = True
    return is_open
