"""Closing the last gap by branching on sites: open or closed, each with its own bound.

Source: Christofides and Beasley (1982), A tree search algorithm for the p-median problem, European
Journal of Operational Research 10, doi 10.1016/0377-2217(82)90160-6.
"""

import heapq
import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ainalym.solve.sites_bound import Proof
from ainalym.solve.sites_finish import WHOLE, Finish, Rest, decided
from ainalym.solve.sites_gains import best_pairs
from ainalym.solve.sites_limits import Limits
from ainalym.solve.sites_looks import Looks

_THIN = 0.25  # parts left, of those looked at, where a tree is nearly done


class _Node(NamedTuple):
    """A part of the problem: negative bound for the heap, its age, limits, and where to begin."""

    rank: float
    age: int
    limits: Limits
    start: Any


class Tree:
    """Search the sets that are left, the part with the highest bound first.

    Parameters
    ----------
    left
        What is left to decide.
    looks
        How parts are bounded.
    limits
        Of all sites, as for the whole problem.
    worth, bound
        Of the best known set and on all sets, in the terms of the whole problem.
    gap
        Absolute gap at which to stop.
    unit
        Of which all sets are worth whole multiples; 0 if there is none.

    Attributes
    ----------
    count
        Parts looked at so far.
    """

    def __init__(
        self,
        left: Rest,
        looks: Looks,
        cost: NDArray[np.float64],
        limits: Limits,
        *,
        worth: float,
        bound: float,
        gap: float,
        unit: float = 0.0,
    ) -> None:
        self._left, self._looks, self._cost = left, looks, cost[left.sites]
        self._gap, self._step = gap, max(gap, WHOLE * unit)
        self._best, self._found = worth - left.base, None
        self._age, self.count = itertools.count(), 0
        inside = left.limits(limits)
        self._nodes = [_Node(left.base - bound, next(self._age), inside, looks.start)]

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
        return not self._nodes or len(self._nodes) > self._looks.most_kept

    @property
    def _goal(self) -> float:
        """What a part has to beat: no set in one that does not is worth more than is claimed."""
        return self._best + self._step

    def search(self, has_time: Callable[[], bool], worth: float = -math.inf) -> Finish:
        """Branch on some parts more, until the gap is closed or the time is up.

        The bound holds whenever the search stops, and the next call goes on from there.

        Parameters
        ----------
        worth
            Of the best set known by now.
        """
        self._best = max(self._best, worth - self._left.base)
        last = self.count + self._looks.in_a_row
        while self.count < last and not self.is_over and has_time():
            parts = self._next()
            said = self._looks.bound([part[2:] for part in parts], self._goal, has_time)
            self.count += len(parts)
            for part, looked in zip(parts, said, strict=True):
                self._split(part, *looked)
        is_open = None
        if self._found is not None:
            is_open = self._left.always.copy()
            is_open[self._left.sites] = self._found
            self._found = None
        return Finish(is_open, self.bound)

    def _next(self) -> list[_Node]:
        """Take the parts with the highest bounds; once those are low enough, all are."""
        parts = []
        while self._nodes and len(parts) < self._looks.at_once:
            if -self._nodes[0].rank <= self._goal:
                self._nodes.clear()
            else:
                parts.append(heapq.heappop(self._nodes))
        return parts

    def _split(self, node: _Node, proof: Proof, share: NDArray[np.float64], start: Any) -> None:
        """Drop a part that is bounded well enough, or split it in two."""
        limits = node.limits
        self._try(limits.nearest(share, int((share > 0.5).sum())))
        bound = min(proof.bound, -node.rank)
        if bound <= self._goal:
            return
        always, never = decided(limits, proof, self._goal)
        narrow = replace(limits, forced=always, forbidden=never)
        open_question = np.flatnonzero(~(always | never))
        if len(open_question) == 0:
            if narrow.can_hold():
                self._try(always)
            return
        undecided = np.abs(share[open_question] - 0.5)
        split = open_question[np.argmin(undecided)]
        for side in ("forced", "forbidden"):
            more = getattr(narrow, side).copy()
            more[split] = True
            part = replace(narrow, **{side: more})
            if part.can_hold():
                heapq.heappush(self._nodes, _Node(-bound, next(self._age), part, start))

    def _try(self, is_open: NDArray[np.bool_]) -> None:
        rows = self._left.rows
        pair = best_pairs(rows.start, rows.site, is_open)
        worth = float(rows.gain[pair[pair >= 0]].sum() - self._cost[is_open].sum())
        if worth > self._best:
            self._best, self._found = worth, is_open
