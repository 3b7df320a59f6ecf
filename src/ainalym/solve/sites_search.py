"""Finding good sets of sites: opening, closing and swapping one at a time, and kicking.

Every client knows its best and second best open site, so a move costs one pass over the pairs of
the sites that move, and only sites near a change are looked at again.

Source: Resende and Werneck (2007), A fast swap-based local search procedure for location problems,
Annals of Operations Research 150, doi 10.1007/s10479-006-0154-0; Schubert and Rousseeuw (2021),
Fast and eager k-medoids clustering, Information Systems 101, doi 10.1016/j.is.2021.101804.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ainalym.solve.sites_columns import Columns, by_site
from ainalym.solve.sites_gains import Gains
from ainalym.solve.sites_limits import Limits

WORTH, SPENT, COUNT = 0, 1, 2  # places in Standing.sums

_PAIRS_PER_CALL = 20_000_000  # a kernel cannot be interrupted, so it must return within a second


class Pairs(NamedTuple):
    """All pairs by client (`start`, `site`, `gain`) and by site (`begin`, `client`, `brings`)."""

    start: NDArray
    site: NDArray
    gain: NDArray
    begin: NDArray
    client: NDArray
    brings: NDArray
    cost: NDArray
    spend: NDArray


class Standing(NamedTuple):
    """A set of open sites with all that a move needs to know.

    Clients: gains `first`, `second` from open sites `at`, `after`. Sites: `loss` of worth if
    closed, `look` again, `saving` (scratch), `held` as they are; open ones listed in
    `members` at `place`. `sums`: worth, spent, count.
    """

    is_open: NDArray
    held: NDArray
    first: NDArray
    second: NDArray
    at: NDArray
    after: NDArray
    loss: NDArray
    look: NDArray
    saving: NDArray
    members: NDArray
    place: NDArray
    sums: NDArray


@njit(cache=True)
def _settle(p: Pairs, s: Standing, i: int) -> None:
    """Find client i's two best open sites, and add what its best one would lose."""
    s.at[i] = -1
    s.after[i] = -1
    s.first[i] = 0.0
    s.second[i] = 0.0
    for k in range(p.start[i], p.start[i + 1]):
        j = p.site[k]
        if s.is_open[j]:
            if s.at[i] < 0:
                s.at[i] = j
                s.first[i] = p.gain[k]
            else:
                s.after[i] = j
                s.second[i] = p.gain[k]
                break
    if s.at[i] >= 0:
        s.loss[s.at[i]] += s.first[i] - s.second[i]


@njit(cache=True)
def _look_around(p: Pairs, s: Standing, i: int) -> None:
    """Have every site looked at again that client i would use."""
    for k in range(p.start[i], p.start[i + 1]):
        if p.gain[k] < s.second[i]:
            break
        s.look[p.site[k]] = True


@njit(cache=True)
def _stand(p: Pairs, s: Standing) -> None:
    """Work out everything from the open sites."""
    s.sums[:] = 0.0
    for j in range(len(s.is_open)):
        s.loss[j] = 0.0
        s.look[j] = True
        s.saving[j] = 0.0
        if s.is_open[j]:
            s.loss[j] = -p.cost[j]
            s.place[j] = int(s.sums[COUNT])
            s.members[s.place[j]] = j
            s.sums[COUNT] += 1
            s.sums[SPENT] += p.spend[j]
            s.sums[WORTH] -= p.cost[j]
    for i in range(len(s.first)):
        _settle(p, s, i)
        s.sums[WORTH] += s.first[i]


@njit(cache=True)
def _open_site(p: Pairs, s: Standing, j: int) -> None:
    s.is_open[j] = True
    s.loss[j] = -p.cost[j]
    s.place[j] = int(s.sums[COUNT])
    s.members[s.place[j]] = j
    s.sums[COUNT] += 1
    s.sums[SPENT] += p.spend[j]
    s.sums[WORTH] -= p.cost[j]
    for q in range(p.begin[j], p.begin[j + 1]):
        i = p.client[q]
        c = p.brings[q]
        if c > s.second[i]:
            if s.at[i] >= 0:
                s.loss[s.at[i]] -= s.first[i] - s.second[i]
            if c > s.first[i]:
                s.sums[WORTH] += c - s.first[i]
                s.second[i] = s.first[i]
                s.after[i] = s.at[i]
                s.first[i] = c
                s.at[i] = j
            else:
                s.second[i] = c
                s.after[i] = j
            s.loss[s.at[i]] += s.first[i] - s.second[i]
            _look_around(p, s, i)


@njit(cache=True)
def _close_site(p: Pairs, s: Standing, j: int) -> None:
    s.is_open[j] = False
    s.sums[COUNT] -= 1
    s.sums[SPENT] -= p.spend[j]
    s.sums[WORTH] += p.cost[j]
    last = s.members[int(s.sums[COUNT])]
    s.members[s.place[j]] = last
    s.place[last] = s.place[j]
    for q in range(p.begin[j], p.begin[j + 1]):
        i = p.client[q]
        if s.at[i] == j or s.after[i] == j:
            before = s.first[i]
            s.loss[s.at[i]] -= before - s.second[i]
            _settle(p, s, i)
            s.sums[WORTH] -= before - s.first[i]
            _look_around(p, s, i)
    s.loss[j] = 0.0


@njit(cache=True)
def _extra(p: Pairs, s: Standing, j: int) -> float:
    """Worth of also opening j; `saving` gets what each open site's loss then shrinks by."""
    more = -p.cost[j]
    for q in range(p.begin[j], p.begin[j + 1]):
        i = p.client[q]
        c = p.brings[q]
        if c > s.second[i]:
            at = s.at[i]
            if c > s.first[i]:
                more += c - s.first[i]
                c = s.first[i]
            if at >= 0:
                s.saving[at] += c - s.second[i]
    return more


@njit(cache=True)
def _improve_at(
    p: Pairs, s: Standing, j: int, least: int, most: int, room: float, slack: float
) -> bool:
    """Make the best move that site j offers, if it gains more than `slack`."""
    count = int(s.sums[COUNT])
    if s.is_open[j]:
        if count <= least or s.loss[j] >= -slack:
            return False
        _close_site(p, s, j)
        return True
    more = _extra(p, s, j)
    left = room - s.sums[SPENT] - p.spend[j]
    lost, out = np.inf, -1
    if count < most and left >= 0.0:
        lost = 0.0
    for q in range(count):
        r = s.members[q]
        if not s.held[r] and left + p.spend[r] >= 0.0 and s.loss[r] - s.saving[r] < lost:
            lost = s.loss[r] - s.saving[r]
            out = r
        s.saving[r] = 0.0
    if more - lost <= slack:
        return False
    if out >= 0:
        _close_site(p, s, out)
    _open_site(p, s, j)
    return True


@njit(cache=True)
def _climb(
    p: Pairs,
    s: Standing,
    closing: NDArray,
    opening: NDArray,
    order: NDArray,
    limits: tuple[int, int, float, float],
    sweeps: int,
) -> bool:
    """Close and open what is given, then improve; tell whether there is nothing more to do."""
    for j in closing:
        _close_site(p, s, j)
    for j in opening:
        _open_site(p, s, j)
    least, most, room, slack = limits
    for _ in range(sweeps):
        moved = False
        for j in order:
            if s.look[j]:
                s.look[j] = False
                if not s.held[j] and _improve_at(p, s, j, least, most, room, slack):
                    moved = True
        if not moved:
            return True
    return False


class Search:
    """Improve sets of sites by single moves, and shake the best one for better ones.

    Parameters
    ----------
    has_time
        Asked between pieces of work; the search stops early when it says no.
    columns
        The same pairs by site, where they are at hand.
    """

    def __init__(
        self,
        gains: Gains,
        cost: NDArray[np.float64],
        limits: Limits,
        *,
        rng: np.random.Generator,
        has_time: Callable[[], bool],
        columns: Columns | None = None,
    ) -> None:
        self._limits, self._rng, self._has_time = limits, rng, has_time
        n, m = gains.clients, gains.sites
        columns = by_site(gains) if columns is None else columns
        self._pairs = Pairs(
            start=gains.start,
            site=gains.site,
            gain=gains.gain,
            begin=columns.begin,
            client=columns.client,
            brings=columns.brings,
            cost=cost,
            spend=limits.spend,
        )
        whole = limits.forced | limits.forbidden
        self._now = Standing(
            is_open=limits.forced.copy(),
            held=whole,
            first=np.zeros(n),
            second=np.zeros(n),
            at=np.full(n, -1, np.int32),
            after=np.full(n, -1, np.int32),
            loss=np.zeros(m),
            look=np.ones(m, bool),
            saving=np.zeros(m),
            members=np.zeros(m, np.int32),
            place=np.zeros(m, np.int32),
            sums=np.zeros(3),
        )
        self._best = Standing(*(column.copy() for column in self._now))
        self._slack = 1e-9 * float(gains.top.mean()) if n else 0.0
        self._limit = (limits.least, limits.most, limits.room, self._slack)
        self._sweeps = max(1, _PAIRS_PER_CALL // (1 + len(gains.gain)))
        self._none = np.empty(0, np.int64)
        self._order = np.flatnonzero(~whole)
        self.worth = -np.inf

    @property
    def is_open(self) -> NDArray[np.bool_]:
        """The best set so far, shape (sites,)."""
        return self._best.is_open.copy()

    @property
    def middle(self) -> NDArray[np.float64]:
        """Prices between what the best set gives each client and what it falls back on."""
        return 0.5 * (self._best.first + self._best.second)

    def keep(self, held: NDArray[np.bool_]) -> None:
        """Leave these sites as they are in every allowed better set, shape (sites,)."""
        self._now.held[:] = self._best.held[:] = held
        self._order = np.flatnonzero(~held)

    def improve(self, is_open: NDArray[np.bool_]) -> bool:
        """Climb from this set; tell whether that gave a new best."""
        self._now.is_open[:] = is_open
        _stand(self._pairs, self._now)
        if self.worth == -np.inf:
            self._take()
        self._rng.shuffle(self._order)
        return self._finish(self._none, self._none)

    def kick(self) -> bool:
        """Change a few sites of the best set near one client and climb again.

        An equally good set replaces the best one, so that plateaus are crossed; only a better
        one counts.
        """
        closing, opening = self._kicked()
        if len(closing) + len(opening) == 0:
            return False
        return self._finish(closing, opening)

    def _finish(self, closing: NDArray[np.int64], opening: NDArray[np.int64]) -> bool:
        climbed = False
        while not climbed:
            climbed = _climb(
                self._pairs, self._now, closing, opening, self._order, self._limit, self._sweeps
            )
            closing = opening = self._none
            if not self._has_time():
                break
        worth = float(self._now.sums[WORTH])
        better = worth > self.worth + self._slack
        if worth >= self.worth - 1e-3 * self._slack:
            self._take()
        else:
            for now, best in zip(self._now, self._best, strict=True):
                now[:] = best
        return better

    def _take(self) -> None:
        for now, best in zip(self._now, self._best, strict=True):
            best[:] = now
        self.worth = float(self._now.sums[WORTH])

    def _kicked(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Choose sites to close and to open that leave an allowed set."""
        rng, p, s = self._rng, self._pairs, self._now
        i = int(rng.integers(max(1, len(s.first)))) if len(s.first) else 0
        near = p.site[p.start[i] : p.start[i + 1]] if len(s.first) else self._none
        near = near[~s.held[near]]
        is_in = s.is_open[near]
        size = int(rng.integers(1, 5))
        ins, outs = near[is_in][: 2 * size], near[~is_in]
        outs = outs[: 4 * size + 4]
        if len(ins) == 0 or len(outs) == 0 or rng.random() < 0.2:
            ins = rng.permutation(s.members[: int(s.sums[COUNT])])[: 2 * size]
            ins = ins[~s.held[ins]]
            outs = rng.choice(self._order, min(len(self._order), 4 * size + 4), replace=False)
            outs = outs[~s.is_open[outs]]
        ins, outs = rng.permutation(ins)[:size], rng.permutation(outs)[:size]
        return self._allowed(ins.astype(np.int64), outs.astype(np.int64))

    def _allowed(
        self, ins: NDArray[np.int64], outs: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Cut the lists so that closing the first and opening the second keeps the limits."""
        limits, sums = self._limits, self._now.sums
        if limits.least:
            size = min(len(ins), len(outs))
            ins, outs = ins[:size], outs[:size]
            while (
                len(ins)
                and sums[SPENT] + limits.spend[outs].sum() - (limits.spend[ins].sum()) > limits.room
            ):
                ins, outs = ins[:-1], outs[:-1]
            return ins, outs
        room = limits.room - sums[SPENT] + limits.spend[ins].sum()
        fits = np.cumsum(limits.spend[outs]) <= room
        return ins, outs[fits][: limits.most - int(sums[COUNT]) + len(ins)]
