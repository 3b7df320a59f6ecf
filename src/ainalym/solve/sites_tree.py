"""Closing the last gap by branching on sites: open or closed, each with its own bound.

Source: Christofides and Beasley (1982), A tree search algorithm for the p-median problem, European
Journal of Operational Research 10, doi 10.1016/0377-2217(82)90160-6.
"""

import heapq
import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ainalym.solve.sites_bound import Descent, Proof
from ainalym.solve.sites_finish import Finish, Rest, decided
from ainalym.solve.sites_gains import best_pairs
from ainalym.solve.sites_limits import Limits

_ROUNDS, _STEPS = 4, 15  # of the bound at a node, at most
_FIRST_STEP, _PATIENCE = 0.25, 4  # of a bound that begins near its end
_WORTHWHILE = 0.02  # of a node's gap that a round must close for another one to follow
_THIN = 0.25  # parts left, of those looked at, where a tree is nearly done
NODES_AT_ONCE = 300  # between looks at whether that helps
_MOST_NUMBERS = 100_000_000  # prices kept for open nodes: 400 MB


class _Node(NamedTuple):
    """A part of the problem: negative bound for the heap, its age, limits, prices to begin from."""

    rank: float
    age: int
    limits: Limits
    price: NDArray[np.float32]


class Tree:
    """Search the sets that are left, the part with the highest bound first.

    Parameters
    ----------
    left
        What is left to decide.
    worth, bound
        Of the best known set and on all sets, in the terms of the whole problem.
    gap
        Absolute gap at which to stop.

    Attributes
    ----------
    count
        Parts looked at so far.
    """

    def __init__(
        self,
        left: Rest,
        cost: NDArray[np.float64],
        limits: Limits,
        *,
        worth: float,
        bound: float,
        gap: float,
    ) -> None:
        self._left, self._cost, self._gap = left, cost[left.sites], gap
        self._best, self._found = worth - left.base, None
        self._age, self.count = itertools.count(), 0
        bound -= left.base
        taken = int(left.always.sum())
        free = np.zeros(len(left.sites), bool)
        inside = Limits(
            least=max(0, limits.least - taken),
            most=limits.most - taken,
            spend=limits.spend[left.sites],
            budget=limits.room - float(limits.spend[left.always].sum()),
            forced=free,
            forbidden=free,
        )
        self._nodes = [_Node(-bound, next(self._age), inside, left.price.astype(np.float32))]

    @property
    def bound(self) -> float:
        """What no set is worth more than, in the terms of the whole problem, at any moment."""
        goal = self._best + self._gap
        return self._left.base + max([goal, *(-node.rank for node in self._nodes[:1])])

    @property
    def is_thinning(self) -> bool:
        """Whether most parts that were looked at led to nothing more to look at."""
        return len(self._nodes) < _THIN * self.count

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to split, or too much to keep."""
        most = _MOST_NUMBERS // (1 + self._left.rows.clients)
        return not self._nodes or len(self._nodes) > most

    def search(self, has_time: Callable[[], bool], worth: float = -math.inf) -> Finish:
        """Branch on some parts more, until the gap is closed or the time is up.

        The bound holds whenever the search stops, and the next call goes on from there.

        Parameters
        ----------
        worth
            Of the best set known by now.
        """
        self._best = max(self._best, worth - self._left.base)
        for _ in range(NODES_AT_ONCE):
            goal = self._best + self._gap
            if self.is_over or not has_time() or -self._nodes[0].rank <= goal:
                break
            self._look_at(heapq.heappop(self._nodes), has_time)
        is_open = None
        if self._found is not None:
            is_open = self._left.always.copy()
            is_open[self._left.sites] = self._found
            self._found = None
        return Finish(is_open, self.bound)

    def _look_at(self, node: _Node, has_time: Callable[[], bool]) -> None:
        """Bound a part; drop it, or split it in two."""
        limits, rows = node.limits, self._left.rows
        descent = Descent(
            rows,
            self._cost,
            limits,
            node.price.astype(float),
            quick=0,
            step=_FIRST_STEP,
            patience=_PATIENCE,
        )
        self.count += 1
        before = descent.best
        for _ in range(_ROUNDS):
            goal = self._best + self._gap
            descent.lower(goal, _STEPS, has_time)
            self._try(limits.nearest(descent.average, int((descent.average > 0.5).sum())))
            if descent.best <= goal or before - descent.best < _WORTHWHILE * (before - goal):
                break
            before = descent.best
        bound = min(descent.best, -node.rank)
        if bound <= self._best + self._gap:
            return
        always, never = decided(limits, Proof(descent.best, descent.pick), self._best + self._gap)
        narrow = replace(limits, forced=always, forbidden=never)
        open_question = np.flatnonzero(~(always | never))
        if len(open_question) == 0:
            if narrow.can_hold():
                self._try(always)
            return
        undecided = np.abs(descent.average[open_question] - 0.5)
        split = open_question[np.argmin(undecided)]
        price = descent.price.astype(np.float32)
        for side in ("forced", "forbidden"):
            more = getattr(narrow, side).copy()
            more[split] = True
            part = replace(narrow, **{side: more})
            if part.can_hold():
                heapq.heappush(self._nodes, _Node(-bound, next(self._age), part, price))

    def _try(self, is_open: NDArray[np.bool_]) -> None:
        rows = self._left.rows
        pair = best_pairs(rows.start, rows.site, is_open)
        worth = float(rows.gain[pair[pair >= 0]].sum() - self._cost[is_open].sum())
        if worth > self._best:
            self._best, self._found = worth, is_open
