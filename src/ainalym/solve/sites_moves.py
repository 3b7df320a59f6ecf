"""Moves among sets of sites: opening, closing and swapping one at a time, and what each is worth.

Every client knows its best and second best open site, so a move costs one pass over the pairs of
the sites that move, and only sites near a change are looked at again.

Source: Resende and Werneck (2007), A fast swap-based local search procedure for location problems,
Annals of Operations Research 150, doi 10.1007/s10479-006-0154-0; Schubert and Rousseeuw (2021),
Fast and eager k-medoids clustering, Information Systems 101, doi 10.1016/j.is.2021.101804.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

WORTH, SPENT = 0, 1  # places in Standing.sums
COUNT, TOUCHED, NEAR, CHEAPEST, EFFORT = 0, 1, 2, 3, 4  # places in Standing.tally
UNKNOWN, ALL = -1, -1  # which open site loses least; how many clients are touched


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

    Clients: gains `first`, `second` from open sites `at`, `after`; those `touched` since it was
    last kept or put back, with a `mark`. Sites: `loss` of worth if closed, `look` again, `saving`
    of the sites `near` one that is looked at, `held` as they are; open ones listed in `members` at
    `place`. `sums`: worth, spent; `tally`: how many are open, touched and near, which open site
    loses least, and pairs looked at.
    """

    is_open: NDArray
    held: NDArray
    first: NDArray
    second: NDArray
    at: NDArray
    after: NDArray
    touched: NDArray
    mark: NDArray
    loss: NDArray
    look: NDArray
    saving: NDArray
    near: NDArray
    members: NDArray
    place: NDArray
    sums: NDArray
    tally: NDArray


class Rules(NamedTuple):
    """Fewest and most open sites, what they may spend, and gains too small to count."""

    least: int
    most: int
    room: float
    slack: float


def standing(clients: int, is_open: NDArray[np.bool_], held: NDArray[np.bool_]) -> Standing:
    """Lay out a standing of these sites, shape (sites,), of which nothing is worked out yet."""
    sites = len(is_open)
    return Standing(
        is_open=is_open.copy(),
        held=held.copy(),
        first=np.zeros(clients),
        second=np.zeros(clients),
        at=np.full(clients, -1, np.int32),
        after=np.full(clients, -1, np.int32),
        touched=np.zeros(clients, np.int32),
        mark=np.zeros(clients, bool),
        loss=np.zeros(sites),
        look=np.ones(sites, bool),
        saving=np.zeros(sites),
        near=np.zeros(sites, np.int32),
        members=np.zeros(sites, np.int32),
        place=np.zeros(sites, np.int32),
        sums=np.zeros(2),
        tally=np.zeros(5, np.int64),
    )


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def _touch(p: Pairs, s: Standing, i: int) -> None:
    """Note that client i is served otherwise, and look again at every site it would use."""
    if s.tally[TOUCHED] != ALL and not s.mark[i]:
        s.mark[i] = True
        s.touched[s.tally[TOUCHED]] = i
        s.tally[TOUCHED] += 1
    for k in range(p.start[i], p.start[i + 1]):
        if p.gain[k] < s.second[i]:
            break
        s.look[p.site[k]] = True
        s.tally[EFFORT] += 1


@njit(cache=True, nogil=True)
def stand(p: Pairs, s: Standing) -> None:
    """Work out everything from the open sites."""
    for q in range(s.tally[TOUCHED]):
        s.mark[s.touched[q]] = False
    s.tally[TOUCHED] = ALL
    s.sums[:] = 0.0
    s.tally[COUNT] = 0
    s.tally[CHEAPEST] = UNKNOWN
    for j in range(len(s.is_open)):
        s.loss[j] = 0.0
        s.look[j] = True
        s.saving[j] = 0.0
        if s.is_open[j]:
            s.loss[j] = -p.cost[j]
            s.place[j] = s.tally[COUNT]
            s.members[s.place[j]] = j
            s.tally[COUNT] += 1
            s.sums[SPENT] += p.spend[j]
            s.sums[WORTH] -= p.cost[j]
    for i in range(len(s.first)):
        _settle(p, s, i)
        s.sums[WORTH] += s.first[i]


@njit(cache=True, nogil=True)
def open_site(p: Pairs, s: Standing, j: int) -> None:
    """Open a closed site."""
    s.is_open[j] = True
    s.loss[j] = -p.cost[j]
    s.place[j] = s.tally[COUNT]
    s.members[s.place[j]] = j
    s.tally[COUNT] += 1
    s.tally[CHEAPEST] = UNKNOWN
    s.tally[EFFORT] += p.begin[j + 1] - p.begin[j]
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
            _touch(p, s, i)


@njit(cache=True, nogil=True)
def close_site(p: Pairs, s: Standing, j: int) -> None:
    """Close an open site."""
    s.is_open[j] = False
    s.tally[COUNT] -= 1
    s.tally[CHEAPEST] = UNKNOWN
    s.tally[EFFORT] += p.begin[j + 1] - p.begin[j]
    s.sums[SPENT] -= p.spend[j]
    s.sums[WORTH] += p.cost[j]
    last = s.members[s.tally[COUNT]]
    s.members[s.place[j]] = last
    s.place[last] = s.place[j]
    for q in range(p.begin[j], p.begin[j + 1]):
        i = p.client[q]
        if s.at[i] == j or s.after[i] == j:
            before = s.first[i]
            s.loss[s.at[i]] -= before - s.second[i]
            _settle(p, s, i)
            s.sums[WORTH] -= before - s.first[i]
            _touch(p, s, i)
    s.loss[j] = 0.0


@njit(cache=True, nogil=True)
def extra(p: Pairs, s: Standing, j: int) -> float:
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
            if at >= 0 and c > s.second[i]:
                if s.saving[at] == 0.0:
                    s.near[s.tally[NEAR]] = at
                    s.tally[NEAR] += 1
                s.saving[at] += c - s.second[i]
    s.tally[EFFORT] += p.begin[j + 1] - p.begin[j]
    return more


@njit(cache=True, nogil=True)
def forget_near(s: Standing) -> None:
    """Clear what `extra` left."""
    for q in range(s.tally[NEAR]):
        s.saving[s.near[q]] = 0.0
    s.tally[NEAR] = 0


@njit(cache=True, nogil=True)
def _cheapest(s: Standing) -> int:
    """Find which open site loses least, of those not held; -1 if there is none."""
    if s.tally[CHEAPEST] == UNKNOWN:
        s.tally[EFFORT] += s.tally[COUNT]
        lost = np.inf
        for q in range(s.tally[COUNT]):
            r = s.members[q]
            if not s.held[r] and s.loss[r] < lost:
                lost = s.loss[r]
                s.tally[CHEAPEST] = r
    return s.tally[CHEAPEST]


@njit(cache=True, nogil=True)
def _swapped_for(s: Standing, lost: float, left: float, spend: NDArray) -> tuple[int, float]:
    """Find the open site that loses least where another one opens, and what it loses.

    Only sites near that one lose less than before, so without a budget it is one of them or the
    one that loses least anyway.
    """
    out = -1
    if left == np.inf:
        r = _cheapest(s)
        if r >= 0 and s.loss[r] - s.saving[r] < lost:
            lost = s.loss[r] - s.saving[r]
            out = r
        for q in range(s.tally[NEAR]):
            r = s.near[q]
            if not s.held[r] and s.loss[r] - s.saving[r] < lost:
                lost = s.loss[r] - s.saving[r]
                out = r
        return out, lost
    for q in range(s.tally[COUNT]):
        r = s.members[q]
        if not s.held[r] and left + spend[r] >= 0.0 and s.loss[r] - s.saving[r] < lost:
            lost = s.loss[r] - s.saving[r]
            out = r
    return out, lost


@njit(cache=True, nogil=True)
def _best_move(p: Pairs, s: Standing, j: int, rules: Rules) -> tuple[float, int]:
    """How the worth changes by opening a closed site, and for which other one if any, at best."""
    more = extra(p, s, j)
    left = rules.room - s.sums[SPENT] - p.spend[j]
    can_add = s.tally[COUNT] < rules.most and left >= 0.0
    out, lost = _swapped_for(s, 0.0 if can_add else np.inf, left, p.spend)
    forget_near(s)
    return more - lost, out


@njit(cache=True, nogil=True)
def best_moves(p: Pairs, s: Standing, rules: Rules, change: NDArray) -> None:
    """Tell how the worth changes by opening each closed site, at best for another one."""
    for j in range(len(change)):
        change[j] = 0.0 if s.is_open[j] or s.held[j] else _best_move(p, s, j, rules)[0]


@njit(cache=True, nogil=True)
def _improve_at(p: Pairs, s: Standing, j: int, rules: Rules) -> bool:
    """Make the best move that site j offers, if it gains more than `slack`."""
    count = s.tally[COUNT]
    if s.is_open[j]:
        if count <= rules.least or s.loss[j] >= -rules.slack:
            return False
        close_site(p, s, j)
        return True
    gained, out = _best_move(p, s, j, rules)
    if gained <= rules.slack:
        return False
    if out >= 0:
        close_site(p, s, out)
    open_site(p, s, j)
    return True


@njit(cache=True, nogil=True)
def climb(p: Pairs, s: Standing, order: NDArray, rules: Rules, most: int) -> bool:
    """Improve until nothing does or `most` pairs have been looked at; tell which it was."""
    while True:
        moved = False
        for j in order:
            if s.look[j]:
                s.look[j] = False
                if not s.held[j] and _improve_at(p, s, j, rules):
                    moved = True
                if s.tally[EFFORT] > most:
                    return False
        if not moved:
            return True


@njit(cache=True, nogil=True)
def copy_changed(now: Standing, source: Standing, target: Standing) -> None:
    """Make two standings the same that differ in what `now`, one of them, has touched."""
    target.is_open[:] = source.is_open
    target.loss[:] = source.loss
    target.look[:] = source.look
    target.place[:] = source.place
    for q in range(max(source.tally[COUNT], target.tally[COUNT])):
        target.members[q] = source.members[q]
    target.sums[:] = source.sums
    target.tally[COUNT] = source.tally[COUNT]
    target.tally[CHEAPEST] = source.tally[CHEAPEST]
    if now.tally[TOUCHED] == ALL:
        target.first[:] = source.first
        target.second[:] = source.second
        target.at[:] = source.at
        target.after[:] = source.after
    for q in range(now.tally[TOUCHED]):
        i = now.touched[q]
        now.mark[i] = False
        target.first[i] = source.first[i]
        target.second[i] = source.second[i]
        target.at[i] = source.at[i]
        target.after[i] = source.after[i]
    now.tally[TOUCHED] = 0
