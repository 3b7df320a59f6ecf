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
from dataclasses import dataclass
from math import comb, inf

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ainalym.solve.halves import by_halves
from ainalym.solve.network_master import Master
from ainalym.solve.network_terms import CLOSES, Staged

_MOST_NUMBERS = 50_000_000
"""Layouts of all groups in all years beyond which they are not listed: 0.4 GB."""


@dataclass(slots=True, kw_only=True, eq=False)
class Layouts:
    """All layouts of all groups of stations, and what each year costs in them at least.

    Attributes
    ----------
    states
        Modules of each size that may stand at one station, nothing first, shape (states, modules).
    groups
        Stations that may be built on together, shape (groups, stations of a group).
    before
        For each state, those it may have been a year before, -1 for no more, shape (states, most).
    toll
        What each year costs at least besides building, units of that year's money, shape (groups,
        years, layouts); layouts count the states of a group's stations, the first the fastest.
    known
        How many cuts of each year `toll` holds, shape (groups, years).
    least
        What any design of a group costs at least by the cuts it was last looked at with, units,
        shape (groups,).
    own, spent
        What a state costs in a year besides its toll, and the money it takes to build, units,
        shapes (years, stations, states) and (stations, states).
    """

    master: Master
    states: NDArray[np.int64]
    groups: NDArray[np.int64]
    before: NDArray[np.int64]
    toll: NDArray[np.float64]
    known: NDArray[np.int64]
    least: NDArray[np.float64]
    own: NDArray[np.float64]
    spent: NDArray[np.float64]

    def cheapest(self) -> tuple[float, NDArray[np.float64]]:
        """Find the cheapest path by the cuts the master has now.

        Returns
        -------
        What every design costs at least, today, and modules installed on the cheapest path, shape
        (stations, modules, years).
        """
        cuts = self._cuts()
        if np.isneginf(self.least).any():
            self._look(cuts, np.arange(len(self.groups)))
        while True:  # cuts only make groups dearer: what was looked at earlier is a bound still
            best = int(np.argmin(self.least))
            self._look(cuts, np.array([best]))
            if self.least[best] <= self.least.min():
                break
        shape = self.toll.shape[1:]
        worth = np.empty(shape)
        _paths(*self._asked(cuts, np.array([best])), 0, 1, worth)
        path = _trace(worth, self.before, self.groups.shape[1])
        level = np.zeros(self.master.level.shape)
        level[self.groups[best]] = self.states[path].transpose(1, 2, 0)
        return float(self.least[best]) * self.master.unit, level

    def _look(self, cuts: tuple[NDArray, ...], rows: NDArray[np.int64]) -> None:
        """Bring some groups up to the cuts of now."""
        asked, none = self._asked(cuts, rows), np.empty((0, 0))
        by_halves(
            len(rows),
            lambda _, first, last: _paths(*asked, first, last, none),
            at_once=len(rows) > 1,
        )

    def _asked(self, cuts: tuple[NDArray, ...], rows: NDArray[np.int64]) -> tuple:
        """What `_paths` wants to know."""
        staged = self.master.staged
        budget = staged.budget * (1.0 + 0.01 * CLOSES) / self.master.unit
        program = rows, self.groups, self.before, self.own, self.spent, budget, staged.discount
        return *program, *cuts, self.toll, self.known, self.least

    def _cuts(self) -> tuple[NDArray, ...]:
        """The master's cuts: where those of each year begin, and their terms by state."""
        staged, known = self.master.staged, self.master.known
        stations = staged.shape[1]
        begin = np.concatenate([[0], np.cumsum([len(cuts) for cuts in known])])
        all_cuts = [cut for cuts in known for cut in cuts]
        rows = np.array(all_cuts).reshape(len(all_cuts), 1 + 2 * stations)
        room_t, is_built = self.states @ staged.module_t, self.states.any(1)
        by_state = (
            rows[:, 1 : 1 + stations, None] * room_t + rows[:, 1 + stations :, None] * is_built
        )
        return begin, np.ascontiguousarray(rows[:, 0]), by_state


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
    gain, least = master.program.gain[master.level], master.program.bounds(master.toll)[0]
    shape = len(groups), years, len(states) ** few
    return Layouts(
        master=master,
        states=states,
        groups=groups,
        before=_before(states, staged.most_at_once),
        toll=np.tile(least[:, None], (shape[0], 1, shape[2])),
        known=np.zeros(shape[:2], np.int64),
        least=np.full(len(groups), -inf),
        own=np.ascontiguousarray(np.einsum("jqt,sq->tjs", -gain, states)),
        spent=staged.capex @ states.T / master.unit,
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
def _paths(
    rows,
    groups,
    before,
    own,
    spent,
    budget,
    discount,
    begin,
    fixed,
    by_state,
    toll,
    known,
    least,
    first,
    last,
    worth,
):  # pragma: no cover - compiled
    """Raise the tolls of some groups by new cuts, and find what their cheapest paths cost.

    With numbers in `worth`, shape (years, layouts), it is told the cheapest way to each layout.
    """
    states, years, layouts = len(before), len(discount), toll.shape[2]
    total, then = np.empty(layouts), np.empty(layouts)
    for row in rows[first:last]:
        station = groups[row]
        now = np.full(layouts, np.inf)
        now[0] = 0.0
        for t in range(years):
            stride = 1
            for _ in station:  # station by station: what it may have been before
                for at in range(layouts):
                    state = (at // stride) % states
                    cheapest = np.inf
                    for earlier in before[state]:
                        if earlier < 0:
                            break
                        cheapest = min(cheapest, now[at + (earlier - state) * stride])
                    then[at] = cheapest
                now, then = then, now
                stride *= states
            mine = toll[row, t]
            for cut in range(begin[t] + known[row, t], begin[t + 1]):
                total[0] = fixed[cut]
                _add_up(by_state[cut], station, total)
                for at in range(layouts):
                    mine[at] = max(mine[at], total[at])
            known[row, t] = begin[t + 1] - begin[t]
            total[0] = 0.0
            _add_up(spent, station, total)
            for at in range(layouts):
                if total[at] > budget[t]:
                    now[at] = np.inf
            total[0] = 0.0
            _add_up(own[t], station, total)
            for at in range(layouts):
                now[at] += total[at] + discount[t] * mine[at]
            if worth.size:
                worth[t] = now
        least[row] = now.min()


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
