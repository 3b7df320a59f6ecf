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
from ainalym.solve.sites_gains import best_pairs
from ainalym.solve.sites_limits import Limits
from ainalym.solve.sites_looks import Looks
from ainalym.solve.sites_rest import WHOLE, Rest, decided

_LEAST_CHANGE = 0.01  # of a share, by which a fall is divided
_SEEN_ENOUGH = 10  # falls, before they say where to split


class _Node(NamedTuple):
    """A part of the problem.

    Attributes
    ----------
    rank, age
        For the heap: negative bound of the part it is half of, and a number of its own.
    limits, start
        Of its sites, and where to begin bounding it.
    site, change
        At which site it was split off, and how far that moved the site's share; -1 if at none.
    """

    rank: float
    age: int
    limits: Limits
    start: Any
    site: int = -1
    change: float = 0.0


class Finish(NamedTuple):
    """The best set that was found, if any, and what no set can exceed."""

    is_open: NDArray[np.bool_] | None
    bound: float


class _Falls:
    """How far bounds fell where sites were closed and opened, per share that moved.

    Source: Benichou et al. (1971), Experiments in mixed-integer linear programming, Mathematical
    Programming 1, doi 10.1007/BF01584074 (pseudo-costs).
    """

    def __init__(self, sites: int) -> None:
        self._fall, self._seen = np.zeros((2, sites)), np.zeros((2, sites))

    def note(self, site: int, change: float, fall: float) -> None:
        """Note that a bound fell so far when the share of a site rose, or sank, by the change."""
        side = int(change > 0.0)
        self._fall[side, site] += max(fall, 0.0) / max(abs(change), _LEAST_CHANGE)
        self._seen[side, site] += 1.0

    def choose(self, sites: NDArray[np.intp], share: NDArray[np.float64]) -> int:
        """Name the site at which both halves promise to fall most, or the most undecided one."""
        at = share[sites]
        if self._seen.sum() < _SEEN_ENOUGH or not self._seen.any(axis=1).all():
            return int(sites[np.argmin(np.abs(at - 0.5))])
        mean = self._fall.sum(axis=1) / self._seen.sum(axis=1)
        # What is known of a site counts as much as the average once it was seen once.
        fall = (self._fall[:, sites] + mean[:, None]) / (self._seen[:, sites] + 1.0)
        return int(sites[np.argmax(fall[0] * at * fall[1] * (1.0 - at))])


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
        self._falls = _Falls(len(left.sites))
        inside = left.limits(limits)
        self._nodes = [_Node(left.base - bound, next(self._age), inside, looks.start)]

    @property
    def bound(self) -> float:
        """What no set is worth more than, in the terms of the whole problem, at any moment."""
        goal = self._best + self._gap
        return self._left.base + max([goal, *(-node.rank for node in self._nodes[:1])])

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
            said = self._looks.bound(
                [(part.limits, part.start) for part in parts], self._goal, has_time
            )
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
        if node.site >= 0:
            self._falls.note(node.site, node.change, -node.rank - max(bound, self._goal))
        if bound <= self._goal:
            return
        always, never = decided(limits, proof, self._goal)
        narrow = replace(limits, forced=always, forbidden=never)
        open_question = np.flatnonzero(~(always | never))
        if len(open_question) == 0:
            if narrow.can_hold():
                self._try(always)
            return
        site = self._falls.choose(open_question, share)
        for side, end in (("forced", 1.0), ("forbidden", 0.0)):
            more = getattr(narrow, side).copy()
            more[site] = True
            part, change = replace(narrow, **{side: more}), end - share[site]
            if part.can_hold():
                half = _Node(-bound, next(self._age), part, start, site, change)
                heapq.heappush(self._nodes, half)

    def _try(self, is_open: NDArray[np.bool_]) -> None:
        rows = self._left.rows
        pair = best_pairs(rows.start, rows.site, is_open)
        worth = float(rows.gain[pair[pair >= 0]].sum() - self._cost[is_open].sum())
        if worth > self._best:
            self._best, self._found = worth, is_open
