"""Kicks: a few sites near one client change, the set climbs again, and stays if it is no worse."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ainalym.solve.sites_moves import (
    COUNT,
    EFFORT,
    SPENT,
    WORTH,
    Pairs,
    Rules,
    Standing,
    climb,
    close_site,
    copy_changed,
    open_site,
)

MOST_AT_ONCE = 4  # sites that a kick closes, and opens
_FAR = 5  # one kick in so many is of sites anywhere
MOST_IN_A_ROW = 8  # kicks near one client, before the set that they made is judged
NOBODY = -1
_MUCH = 0.4  # of what an open site is worth on average: no more is lost on the way
_ALIKE = 1e-3  # of the slack: less than this is no worse


class Dice(NamedTuple):
    """Chance of our own, the same on every machine; and room for the sites that a kick names."""

    state: NDArray[np.uint64]
    closing: NDArray[np.int64]
    opening: NDArray[np.int64]

    @classmethod
    def of(cls, rng: np.random.Generator) -> "Dice":
        """Draw where chance begins."""
        state = rng.integers(1, 2**63, 1).astype(np.uint64)
        room = 8 * MOST_AT_ONCE
        return cls(state, np.zeros(room, np.int64), np.zeros(room, np.int64))


@njit(cache=True, nogil=True)
def _below(dice: Dice, count: int) -> int:
    """Draw a whole number from 0 to count - 1.

    Source: Vigna (2016), An experimental exploration of Marsaglia's xorshift generators,
    scrambled, ACM Transactions on Mathematical Software 42(4), doi 10.1145/2845077.
    """
    x = dice.state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    dice.state[0] = x
    return np.int64((x * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(33)) % count


@njit(cache=True, nogil=True)
def _holds(sites: NDArray, count: int, j: int) -> bool:
    found = False
    for q in range(count):
        found |= sites[q] == j
    return found


@njit(cache=True, nogil=True)
def _near(p: Pairs, s: Standing, i: int, ins: int, outs: int, dice: Dice) -> tuple[int, int]:
    """Name the open and the closed sites that client i likes best, so many of each at most."""
    a = b = 0
    for k in range(p.start[i], p.start[i + 1]):
        j = p.site[k]
        if s.held[j]:
            continue
        if s.is_open[j] and a < ins:
            dice.closing[a] = j
            a += 1
        elif not s.is_open[j] and b < outs:
            dice.opening[b] = j
            b += 1
        if a == ins and b == outs:
            break
    return a, b


@njit(cache=True, nogil=True)
def _anywhere(s: Standing, order: NDArray, ins: int, outs: int, dice: Dice) -> tuple[int, int]:
    """Name open and closed sites anywhere, so many of each at most."""
    a = b = 0
    for _ in range(ins if s.tally[COUNT] > 0 else 0):
        j = s.members[_below(dice, s.tally[COUNT])]
        if not s.held[j] and not _holds(dice.closing, a, j):
            dice.closing[a] = j
            a += 1
    for _ in range(outs if len(order) > 0 else 0):
        j = order[_below(dice, len(order))]
        if not s.is_open[j] and not s.held[j] and not _holds(dice.opening, b, j):
            dice.opening[b] = j
            b += 1
    return a, b


@njit(cache=True, nogil=True)
def _some(sites: NDArray, count: int, wanted: int, dice: Dice) -> int:
    """Put some of the sites first, by chance; return how many."""
    wanted = min(wanted, count)
    for q in range(wanted):
        r = q + _below(dice, count - q)
        sites[q], sites[r] = sites[r], sites[q]
    return wanted


@njit(cache=True, nogil=True)
def _allowed(p: Pairs, s: Standing, rules: Rules, a: int, b: int, dice: Dice) -> tuple[int, int]:
    """Cut the lists so that closing the first and opening the second keeps the limits."""
    if rules.least > 0:
        a = b = min(a, b)
        spent = s.sums[SPENT]
        for q in range(a):
            spent += p.spend[dice.opening[q]] - p.spend[dice.closing[q]]
        while a > 0 and spent > rules.room:
            a -= 1
            b -= 1
            spent -= p.spend[dice.opening[a]] - p.spend[dice.closing[a]]
        return a, b
    room = rules.room - s.sums[SPENT]
    for q in range(a):
        room += p.spend[dice.closing[q]]
    fits = 0
    while fits < b and p.spend[dice.opening[fits]] <= room:
        room -= p.spend[dice.opening[fits]]
        fits += 1
    return a, min(fits, rules.most - s.tally[COUNT] + a)


@njit(cache=True, nogil=True)
def _shake(p: Pairs, s: Standing, order: NDArray, rules: Rules, dice: Dice, client: int) -> bool:
    """Close and open a few sites by chance, near a client or anywhere; tell whether any."""
    size = 1 + _below(dice, MOST_AT_ONCE)
    a = b = 0
    ins, outs = 2 * size, 4 * size + 4
    if client != NOBODY:
        a, b = _near(p, s, client, ins, outs, dice)
    if a == 0 or b == 0:
        a, b = _anywhere(s, order, ins, outs, dice)
    a = _some(dice.closing, a, size, dice)
    b = _some(dice.opening, b, size, dice)
    a, b = _allowed(p, s, rules, a, b, dice)
    for q in range(a):
        close_site(p, s, dice.closing[q])
    for q in range(b):
        open_site(p, s, dice.opening[q])
    return a + b > 0


@njit(cache=True, nogil=True)
def _neighbour(p: Pairs, client: int, dice: Dice) -> int:
    """Draw a client who likes some site that this one likes."""
    held = p.start[client + 1] - p.start[client]
    if held == 0:
        return client
    j = p.site[p.start[client] + _below(dice, held)]
    return p.client[p.begin[j] + _below(dice, p.begin[j + 1] - p.begin[j])]


@njit(cache=True, nogil=True)
def _mean_loss(s: Standing) -> float:
    """What the worth would lose by closing an open site, on average."""
    total = 0.0
    for q in range(s.tally[COUNT]):
        total += s.loss[s.members[q]]
    return total / max(1, s.tally[COUNT])


@njit(cache=True, nogil=True)
def keep_or_put_back(now: Standing, best: Standing, slack: float) -> bool:
    """Keep a standing that is no worse than the best, or go back; tell whether it is better."""
    better = now.sums[WORTH] > best.sums[WORTH] + slack
    if now.sums[WORTH] >= best.sums[WORTH] - _ALIKE * slack:
        copy_changed(now, now, best)
    else:
        copy_changed(now, best, now)
    return better


@njit(cache=True, nogil=True)
def kicks(
    p: Pairs,
    now: Standing,
    best: Standing,
    order: NDArray,
    rules: Rules,
    dice: Dice,
    times: int,
    most: int,
) -> tuple[int, bool, bool]:
    """Kick so many times, or until `most` pairs have been looked at.

    A kick that makes the set worse, but not by much, is followed by others near by, since what is
    better may differ in more sites than one kick changes.

    Returns
    -------
    Kicks left, whether a better set was found, and whether the last climb is at its end: if not,
    it is to be gone on with before anything else.
    """
    found = False
    now.tally[EFFORT] = 0
    clients = len(now.first)
    while len(order) > 0 and times > 0 and now.tally[EFFORT] < most:
        times -= 1
        now.tally[EFFORT] += len(now.look)
        near = clients > 0 and _below(dice, _FAR) > 0
        middle = _below(dice, clients) if near else NOBODY
        client = middle
        in_a_row = 1 + _below(dice, MOST_IN_A_ROW) if near else 1
        at_least = best.sums[WORTH] - _MUCH * _mean_loss(best)
        for _ in range(in_a_row):
            if not _shake(p, now, order, rules, dice, client):
                break
            if not climb(p, now, order, rules, 2 * most):
                return times, found, False
            worth = now.sums[WORTH]
            if worth >= best.sums[WORTH] - _ALIKE * rules.slack or worth < at_least:
                break
            if near:
                client = _neighbour(p, middle, dice)
        found |= keep_or_put_back(now, best, rules.slack)
    return times if len(order) > 0 else 0, found, True
