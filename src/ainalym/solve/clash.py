"""Which laws of a program cannot hold together."""

import math
import time
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ainalym.solve.linear import Numbers
from ainalym.solve.solver import limit


def smallest_clash(
    copied: Callable[[], Any],
    numbers: Numbers,
    every: dict[str, NDArray[np.int64]],
    always: Collection[str],
    end: float,
) -> tuple[str, ...]:
    """Name a smallest set of laws that cannot hold together; see `Program.clash`.

    Parameters
    ----------
    copied
        Makes a solver with the program in it.
    numbers
        Of the program.
    every
        Rows of each law.
    always
        Laws that nobody can do without.
    end
        When to stop, by the monotonic clock.
    """
    held = np.concatenate([np.empty(0, int), *(every[n] for n in every if n in always)])
    laws = {name: rows for name, rows in every.items() if name not in always}
    kept = _clashing(copied(), numbers, laws, held, relax=True, end=end)
    if numbers.integer.any():
        laws = {name: laws[name] for name in kept} if kept is not None else laws
        again = _clashing(copied(), numbers, laws, held, relax=False, end=end)
        kept = kept if again is None else again
    return tuple(kept or ())


def _clashing(
    highs: Any,
    numbers: Numbers,
    laws: dict[str, NDArray[np.int64]],
    held: NDArray[np.int64],
    *,
    relax: bool,
    end: float,
) -> list[str] | None:
    """Leave out laws one by one while the rest, and the rows held, clash; None if they do not."""
    everything = np.arange(len(numbers.gain), dtype=np.int32)
    if everything.size == 0:
        return None
    kinds = (numbers.integer & (not relax)).astype(np.uint8)
    highs.changeColsCost(everything.size, everything, np.zeros(everything.size))
    highs.changeColsIntegrality(everything.size, everything, kinds)
    every = np.arange(len(numbers.row_lower))
    rest = np.setdiff1d(every, np.concatenate([held, *laws.values()]))
    _set_sides(highs, rest, -math.inf, math.inf)
    if not _is_infeasible(highs, end, integral=not relax):
        return None
    kept = []
    for name, rows in laws.items():
        _set_sides(highs, rows, -math.inf, math.inf)
        if not _is_infeasible(highs, end, integral=not relax):
            kept.append(name)
            _set_sides(highs, rows, numbers.row_lower[rows], numbers.row_upper[rows])
    return kept


def _set_sides(highs: Any, rows: NDArray[np.int64], lower: Any, upper: Any) -> None:
    """Change what some rows' sums must lie between."""
    if rows.size:
        low = np.broadcast_to(np.asarray(lower, float), rows.shape).copy()
        high = np.broadcast_to(np.asarray(upper, float), rows.shape).copy()
        highs.changeRowsBounds(rows.size, rows.astype(np.int32), low, high)


def _is_infeasible(highs: Any, end: float, *, integral: bool) -> bool:
    """Tell whether the solver proves, before `end`, that nothing is feasible."""
    left = end - time.monotonic()
    if left <= 0:
        return False
    limit(highs, left, integral=integral)
    highs.run()
    return highs.modelStatusToString(highs.getModelStatus()) == "Infeasible"
