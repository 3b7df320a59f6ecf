"""Every way to build at once: the cheapest path through layouts, year by year.

Where few stations may be built on, all groups of so many stations can be listed, and so can all
layouts of a group: what stands at each of its stations. The master's cuts tell what a year costs
at least in each layout; a design is a path through layouts that only grow. The cheapest path of
all groups bounds the problem as its whole program over the same cuts would, and no fraction of a
module ever appears.

Source
------
Bellman (1957), Dynamic programming, Princeton University Press; as the master of Benders (1962),
Partitioning procedures for solving mixed-variables programming problems, Numerische Mathematik 4,
doi 10.1007/BF01386316.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from math import comb, inf
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ainalym.solve.halves import by_halves
from ainalym.solve.network_master import Master
from ainalym.solve.network_terms import CLOSES, Staged

_MOST_NUMBERS = 1_000_000_000
"""Layouts of all groups in all years beyond which it takes too long to go through them."""

_MOST_HELD = 50_000_000
"""Tolls that are kept for the next look: 0.4 GB."""

_AT_ONCE = 64
"""Groups that are looked at for the first time before the clock is."""

_TELLING, _TRIED = 16, 2000
"""Cuts of each year that groups are looked at with the first time: those that are the largest most
often where so many layouts are tried."""


class _Rules(NamedTuple):
    """What holds for every path; as in `Layouts`, and money that may be spent by year, units."""

    before: NDArray[np.int64]
    own: NDArray[np.float64]
    spent: NDArray[np.float64]
    budget: NDArray[np.float64]
    discount: NDArray[np.float64]


class _Cuts(NamedTuple):
    """Cuts of all years, one after another.

    Attributes
    ----------
    begin
        Where those of each year begin, and where all end, shape (years + 1,).
    fixed, by_state
        What a year costs at least with nothing built, and what the state of each station adds,
        units of that year's money, shapes (cuts,) and (cuts, stations, states).
    """

    begin: NDArray[np.int64]
    fixed: NDArray[np.float64]
    by_state: NDArray[np.float64]


@dataclass(slots=True, kw_only=True, eq=False)
class Layouts:
    """All layouts of all groups of stations, and what each year costs in them at least.

    Attributes
    ----------
    states
        Modules of each size that may stand at one station, nothing first, shape (states, modules).
    groups
        Stations that may be built on together, shape (groups, stations of a group).
    rules
        What holds for every path. For each state `before` names those it may have been a year
        before, -1 for no more, shape (states, most); `own` and `spent` are what a state costs in a
        year besides its toll, and the money it takes to build, units, shapes (years, stations,
        states) and (stations, states).
    floor
        What each year costs at least with no cuts, units of that year's money, shape (years,).
    least
        What any design of a group costs at least by the cuts it was last looked at with, units,
        shape (groups,).
    held
        Of groups that were looked at again: how many cuts of each year their tolls hold, shape
        (years,), and the tolls, what each year costs at least in each layout besides building,
        units of that year's money, shape (years, layouts). Layouts count the states of a group's
        stations, the first the fastest.
    """

    master: Master
    states: NDArray[np.int64]
    groups: NDArray[np.int64]
    rules: _Rules
    floor: NDArray[np.float64]
    least: NDArray[np.float64]
    held: dict[int, tuple[NDArray[np.int64], NDArray[np.float64]]] = field(default_factory=dict)

    def cheapest(self, is_over: Callable[[], bool]) -> tuple[float, NDArray[np.float64]] | None:
        """Find the cheapest path by the cuts the master has now.

        Parameters
        ----------
        is_over
            Asked from time to time whether the time is up.

        Returns
        -------
        What every design costs at least, today, and modules installed on the cheapest path, shape
        (stations, modules, years). Nothing where the time was up before it was known.
        """
        fresh = np.flatnonzero(np.isneginf(self.least))
        few = self._by_state(self._telling()) if len(fresh) else None
        for first in range(0, len(fresh), _AT_ONCE):
            self._survey(few, fresh[first : first + _AT_ONCE])
            if is_over():
                return None
        cuts = self._by_state(self.master.known)
        # Cuts only make groups dearer: what was told of one earlier is a bound still.
        worth = self._look(cuts, best := int(np.argmin(self.least)))
        while self.least[best] > self.least.min():
            worth = self._look(cuts, best := int(np.argmin(self.least)))
            if is_over():
                return None
        path = _trace(worth, self.rules.before, self.groups.shape[1])
        level = np.zeros(self.master.level.shape)
        level[self.groups[best]] = self.states[path].transpose(1, 2, 0)
        return float(self.least[best]) * self.master.unit, level

    def _survey(self, cuts: _Cuts, groups: NDArray[np.int64]) -> None:
        """Look at some groups, and keep no tolls."""
        asked = self.groups[groups], self.floor, self.rules, cuts
        least = np.empty(len(groups))
        by_halves(
            len(groups),
            lambda _, first, last: _survey(*asked, first, last, least),
            at_once=len(groups) > 1,
        )
        self.least[groups] = least

    def _look(self, cuts: _Cuts, group: int) -> NDArray[np.float64]:
        """Look at one group: what the cheapest way to each layout costs, shape (years, layouts)."""
        shape = len(self.floor), len(self.states) ** self.groups.shape[1]
        known, toll = self.held.get(group) or (
            np.zeros(shape[0], np.int64),
            np.tile(self.floor[:, None], (1, shape[1])),
        )
        if (1 + len(self.held)) * toll.size <= _MOST_HELD:
            self.held[group] = known, toll
        worth = np.empty(shape)
        self.least[group] = _cheapest(self.groups[group], self.rules, cuts, known, toll, worth)
        return worth

    def _telling(self) -> list[list[NDArray[np.float64]]]:
        """For each year the cuts that are the largest most often."""
        staged, rng = self.master.staged, np.random.default_rng(0)
        some = rng.integers(len(self.states), size=(_TRIED, self.groups.shape[1]))
        level = np.zeros((_TRIED, *self.master.level.shape[:2]))
        group = self.groups[rng.integers(len(self.groups), size=_TRIED)]
        level[np.arange(_TRIED)[:, None], group] = self.states[some]
        spent = np.einsum("njq,jq->n", level, staged.capex)
        at = np.concatenate([np.ones((_TRIED, 1)), level @ staged.module_t, level.any(2)], axis=1)
        found = []
        for budget, cuts in zip(staged.budget, self.master.known, strict=True):
            if len(cuts) > _TELLING:
                may = at[spent <= budget]
                largest = np.argmax(may @ np.array(cuts).T, axis=1)
                often = np.bincount(largest, minlength=len(cuts))
                cuts = [cuts[k] for k in np.argsort(-often, kind="stable")[:_TELLING]]
            found.append(cuts)
        return found

    def _by_state(self, cuts: list[list[NDArray[np.float64]]]) -> _Cuts:
        """Put cuts of each year, as the master knows them, into terms of states."""
        staged = self.master.staged
        stations = staged.shape[1]
        begin = np.concatenate([[0], np.cumsum([len(of_year) for of_year in cuts])])
        all_cuts = [cut for of_year in cuts for cut in of_year]
        rows = np.array(all_cuts).reshape(len(all_cuts), 1 + 2 * stations)
        room_t, is_built = self.states @ staged.module_t, self.states.any(1)
        of_room, of_opening = rows[:, 1 : 1 + stations, None], rows[:, 1 + stations :, None]
        by_state = of_room * room_t + of_opening * is_built
        return _Cuts(begin, np.ascontiguousarray(rows[:, 0]), by_state)


def layouts_of(master: Master) -> Layouts | None:
    """List all layouts, none where there are too many to list."""
    staged = master.staged
    _, stations, _, _, years = staged.shape
    sizes, few = len(staged.module_t), min(staged.most_stations, stations)
    by_sum = comb(staged.most_modules + sizes, sizes)
    by_size = (staged.most_at_once * years + 1) ** sizes
    if min(by_sum, by_size) ** few * comb(stations, few) * years > _MOST_NUMBERS:
        return None
    states = _states(staged)
    groups = np.array(list(itertools.combinations(range(stations), few)))
    gain = master.program.gain[master.level]
    return Layouts(
        master=master,
        states=states,
        groups=groups,
        rules=_Rules(
            before=_before(states, staged.most_at_once),
            own=np.ascontiguousarray(np.einsum("jqt,sq->tjs", -gain, states)),
            spent=staged.capex @ states.T / master.unit,
            budget=staged.budget * (1.0 + 0.01 * CLOSES) / master.unit,
            discount=staged.discount,
        ),
        floor=master.program.bounds(master.toll)[0],
        least=np.full(len(groups), -inf),
    )


def _states(staged: Staged) -> NDArray[np.int64]:
    """What may stand at one station, the fewest modules first."""
    most, sizes = staged.most_modules, len(staged.module_t)
    of_size = range(min(most, staged.most_at_once * len(staged.budget)) + 1)
    found = [s for s in itertools.product(of_size, repeat=sizes) if sum(s) <= most]
    return np.array(sorted(found, key=lambda state: (sum(state), state)))


def _before(states: NDArray[np.int64], at_once: int) -> NDArray[np.int64]:
    """For each state those that it may grow from in a year, itself among them."""
    grown = states[:, None] - states
    may = ((grown >= 0) & (grown <= at_once)).all(2)
    found = np.full((len(states), int(may.sum(1).max())), -1)
    for state, row in zip(found, may, strict=True):
        state[: row.sum()] = np.flatnonzero(row)
    return found


@njit(cache=True, nogil=True)
def _add_up(terms, station, total):  # pragma: no cover - compiled
    """Spread the sum of its stations' terms over all layouts; total[0] is where to begin."""
    states, size = terms.shape[1], 1
    for j in station:
        for state in range(states - 1, -1, -1):
            term = terms[j, state]
            for at in range(size):
                total[state * size + at] = total[at] + term
        size *= states


@njit(cache=True, nogil=True)
def _cheapest(station, rules, cuts, known, toll, worth):  # pragma: no cover - compiled
    """Raise the tolls of a group by new cuts, and tell what its cheapest path costs.

    `worth` is told the cheapest way to each layout.
    """
    before, (begin, fixed, by_state) = rules.before, cuts
    states, (years, layouts) = len(before), toll.shape
    total, then, some = np.empty(layouts), np.empty(layouts), np.empty(layouts // states)
    now = np.full(layouts, np.inf)
    now[0] = 0.0
    for t in range(years):
        stride = 1
        for _ in station:  # station by station: what it may have been before
            for block in range(0, layouts, stride * states):
                for state in range(states):
                    into = then[block + state * stride : block + (state + 1) * stride]
                    into[:] = np.inf
                    for earlier in before[state]:
                        if earlier < 0:
                            break
                        way = now[block + earlier * stride : block + (earlier + 1) * stride]
                        for at in range(stride):
                            into[at] = way[at] if way[at] < into[at] else into[at]
            now, then = then, now
            stride *= states
        for cut in range(begin[t] + known[t], begin[t + 1]):
            some[0] = fixed[cut]
            _add_up(by_state[cut], station[:-1], some)
            for state in range(states):  # of the last station
                term = by_state[cut, station[-1], state]
                mine = toll[t, state * len(some) : (state + 1) * len(some)]
                for at in range(len(some)):
                    paid = some[at] + term
                    mine[at] = paid if paid > mine[at] else mine[at]
        known[t] = begin[t + 1] - begin[t]
        total[0] = 0.0
        _add_up(rules.spent, station, total)
        for at in range(layouts):
            if total[at] > rules.budget[t]:
                now[at] = np.inf
        total[0] = 0.0
        _add_up(rules.own[t], station, total)
        for at in range(layouts):
            now[at] += total[at] + rules.discount[t] * toll[t, at]
        worth[t] = now
    return now.min()


@njit(cache=True, nogil=True)
def _survey(groups, floor, rules, cuts, first, last, least):  # pragma: no cover - compiled
    """Tell what the cheapest paths of some groups cost."""
    years, layouts = len(floor), len(rules.before) ** groups.shape[1]
    toll, worth = np.empty((years, layouts)), np.empty((years, layouts))
    known = np.empty(years, np.int64)
    for group in range(first, last):
        for t in range(years):
            toll[t], known[t] = floor[t], 0
        least[group] = _cheapest(groups[group], rules, cuts, known, toll, worth)


def _trace(
    worth: NDArray[np.float64], before: NDArray[np.int64], stations: int
) -> NDArray[np.int64]:
    """Walk the cheapest path back from its end: states by year and station."""
    states, years = len(before), len(worth)
    path = np.zeros((years, stations), np.int64)
    at = int(np.argmin(worth[-1]))
    for t in reversed(range(years)):
        path[t] = at // states ** np.arange(stations) % states
        if t:
            ways = [before[state][before[state] >= 0] for state in path[t]]
            # The first station counts the fastest.
            earlier = np.zeros(1, np.int64)
            for way in reversed(ways):
                earlier = (earlier[:, None] * states + way).ravel()
            at = int(earlier[np.argmin(worth[t - 1, earlier])])
    return path
