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
        self._gaps: list[tuple[float, float]] = []
        self._short = 0.0
        self.seconds = seconds
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
            self._gaps.append((round(now_s, 3), self._instance.gap_shown(value, bound)))
        if self.found_s is None and self._is_known(value):
            self.found_s = round(now_s, 3)

    @property
    def reached_s(self) -> dict[float, float]:
        """When each of the looked for gaps was first proven, as far as the recount confirms it."""
        firsts = {
            mark: [at_s for at_s, gap in self._gaps if gap + self._short <= mark]
            for mark in self._marks
        }
        return {mark: min(at_s) for mark, at_s in firsts.items() if at_s}

    def confirm(self, value: float, bound: float) -> None:
        """Hear what the recount makes of the answer, as it is shown.

        By as much as its gap is above the least that was said, all that was said is taken to have
        been too small: a solver may not have counted what it was not given.
        """
        gap = self._instance.gap_shown(value, bound)
        least = min((said for _, said in self._gaps), default=gap)
        self._short = max(0.0, gap - least)
        self.note(value, bound)
        self._gaps[-1] = (self._gaps[-1][0], gap - self._short)
        if not self._is_known(value):
            self.found_s = None

    def _is_known(self, value: float) -> bool:
        """Whether a value is the published optimum, where there is one."""
        if self._known is None:
            return False
        room = value - self._known if self._instance.is_cost else self._known - value
        return room <= ALLOWED * abs(self._known)

    def forget(self) -> None:
        """Drop what was noted: it is wrong."""
        self._gaps.clear()
        self.found_s = None


def chosen(sites: Iterable[int], count: int) -> NDArray[np.bool_]:
    """Mark the open sites, shape (count,)."""
    is_open = np.zeros(count, bool)
    is_open[np.fromiter(sites, np.int64)] = True
    return is_open
