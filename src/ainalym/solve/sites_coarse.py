"""A smaller problem that is nearly the same: clients who like the same sites best, taken together.

What is good for it is a good beginning for the whole problem; nothing is proved by it.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ainalym.solve.sites_gains import Gains
from ainalym.solve.sites_rows import tidy

_FEWER = 4  # times fewer clients, or it is not worth it
_LEVEL = 0.75  # of a client's price, that comes from the sites about its group's
_WIDE = 6  # sites above a group's price, for one on each side that counts as about it
_DEEPEST = 4  # sites of a client, best first, that may have to agree


class Coarse(NamedTuple):
    """Rows of groups, and who is in which: `group` of each client, shape (clients,)."""

    gains: Gains
    group: NDArray[np.int32]


def coarsen(gains: Gains) -> Coarse | None:
    """Take together clients whose best sites agree, as many of them as leave few enough groups.

    Where even the best sites are too many, only some of them count, drawn once and for all.

    Returns
    -------
    None where that would not make the problem much smaller.
    """
    group = np.zeros(gains.clients, np.int32)
    found = None
    for rank in range(_DEEPEST):
        group, count = _parted(gains.start, gains.site, gains.sites, group, rank)
        if count * _FEWER > gains.clients:
            break
        found = group, count
    if found is None and gains.sites * _FEWER > gains.clients:
        drawn = np.random.default_rng(0).permutation(gains.sites)
        counts = np.zeros(gains.sites, bool)
        counts[drawn[: gains.clients // (_FEWER + 1)]] = True
        group, count = _by_best(gains.start, gains.site, counts)
        found = (group, count) if count * _FEWER <= gains.clients else None
    if found is None:
        return None
    group, count = found
    who = np.argsort(group, kind="stable").astype(np.int32)
    ends = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(group, minlength=count), out=ends[1:])
    start = _held(gains.start, gains.site, gains.sites, who, ends)
    site, gain = np.empty(start[-1], np.int32), np.empty(start[-1])
    _add_up(gains.start, gains.site, gains.gain, gains.sites, who, ends, start, site, gain)
    start = tidy(start, site, gain, gains.sites)
    return Coarse(Gains(start=start, site=site, gain=gain, sites=gains.sites), group)


def lift(
    gains: Gains, coarse: Coarse, is_open: NDArray[np.bool_], price: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Turn prices of groups into prices of clients.

    A group's price lies among what the sites of its row give it. Each of its clients gets, for the
    most part, what the same sites give it on average, and for the rest a price that lies between
    what its own best and second best open sites give it as far as the group's does.

    Parameters
    ----------
    is_open
        A good set, shape (sites,).
    price
        Of each group, shape (groups,).
    """
    first, second = _best_two(gains.start, gains.site, gains.gain, is_open)
    together = coarse.gains
    most, next_most = _best_two(together.start, together.site, together.gain, is_open)
    apart = most - next_most
    part = np.divide(most - price, apart, out=np.full(len(price), 0.5), where=apart > 0)
    between = np.clip(first - part[coarse.group] * (first - second), 0.0, gains.top)
    who = np.argsort(coarse.group, kind="stable").astype(np.int32)
    level = between.copy()
    rows, rows_all = ((held.start, held.site, held.gain) for held in (gains, together))
    _find_levels(*rows, gains.sites, *rows_all, coarse.group, who, price, level)
    return (1.0 - _LEVEL) * between + _LEVEL * level


@njit(cache=True)
def _best_two(
    start: NDArray, site: NDArray, gain: NDArray, is_open: NDArray
) -> tuple[NDArray, NDArray]:
    """What each client's best and second best open sites give it, 0 where there is none."""
    first, second = np.zeros(len(start) - 1), np.zeros(len(start) - 1)
    for i in range(len(first)):
        served = False
        for k in range(start[i], start[i + 1]):
            if is_open[site[k]]:
                if served:
                    second[i] = gain[k]
                    break
                first[i] = gain[k]
                served = True
    return first, second


@njit(cache=True)
def _find_levels(
    start: NDArray,
    site: NDArray,
    gain: NDArray,
    sites: int,
    start_all: NDArray,
    site_all: NDArray,
    gain_all: NDArray,
    group: NDArray,
    who: NDArray,
    price: NDArray,
    level: NDArray,
) -> None:
    """Find what the sites about its group's price give each client, where it has any of them."""
    counts = np.full(sites, -1, np.int64)
    size = 0
    for q in range(len(who)):
        i = who[q]
        g = group[i]
        if q == 0 or group[who[q - 1]] != g:
            first, last = start_all[g], start_all[g + 1]
            k = first
            while k < last and gain_all[k] > price[g]:
                k += 1
            wide = max(2, (k - first) // _WIDE)
            low, high = max(first, k - wide), min(last, k + wide)
            size = high - low
            for k in range(low, high):
                counts[site_all[k]] = g
        found, total = 0, 0.0
        for k in range(start[i], start[i + 1]):
            if found == size:
                break
            if counts[site[k]] == g:
                total += gain[k]
                found += 1
        if found > 0:
            level[i] = total / found


@njit(cache=True)
def _parted(
    start: NDArray, site: NDArray, sites: int, group: NDArray, rank: int
) -> tuple[NDArray, int]:
    """Part groups by the site that comes at a rank, numbered as they first appear."""
    n = len(group)
    slots = 16
    while slots < 2 * n:
        slots *= 2
    table, key = np.full(slots, -1, np.int32), np.empty(n, np.int64)
    parted, count = np.empty(n, np.int32), 0
    for i in range(n):
        at = start[i] + rank
        mine = group[i] * np.int64(sites + 1) + (site[at] if at < start[i + 1] else sites)
        mixed = np.uint64(mine) * np.uint64(0x9E3779B97F4A7C15)
        slot = (mixed >> np.uint64(29)) & np.uint64(slots - 1)
        while table[slot] >= 0 and key[table[slot]] != mine:
            slot = (slot + np.uint64(1)) & np.uint64(slots - 1)
        if table[slot] < 0:
            table[slot] = count
            key[count] = mine
            count += 1
        parted[i] = table[slot]
    return parted, count


@njit(cache=True)
def _by_best(start: NDArray, site: NDArray, counts: NDArray) -> tuple[NDArray, int]:
    """Part clients by the best of the sites that count, numbered as they first appear."""
    number = np.full(len(counts) + 1, -1, np.int32)
    parted, count = np.empty(len(start) - 1, np.int32), 0
    for i in range(len(parted)):
        best = len(counts)
        for k in range(start[i], start[i + 1]):
            if counts[site[k]]:
                best = site[k]
                break
        if number[best] < 0:
            number[best] = count
            count += 1
        parted[i] = number[best]
    return parted, count


@njit(cache=True)
def _held(start: NDArray, site: NDArray, sites: int, who: NDArray, ends: NDArray) -> NDArray:
    """Where the groups' rows begin, each with all sites that any of its clients has."""
    seen = np.full(sites, -1, np.int64)
    begins = np.zeros(len(ends), np.int64)
    for g in range(len(ends) - 1):
        size = 0
        for i in who[ends[g] : ends[g + 1]]:
            for k in range(start[i], start[i + 1]):
                if seen[site[k]] != g:
                    seen[site[k]] = g
                    size += 1
        begins[g + 1] = begins[g] + size
    return begins


@njit(cache=True)
def _add_up(
    start: NDArray,
    site: NDArray,
    gain: NDArray,
    sites: int,
    who: NDArray,
    ends: NDArray,
    begins: NDArray,
    site_all: NDArray,
    gain_all: NDArray,
) -> None:
    """Add up the gains of each group's clients, site by site, in the order they appear."""
    seen, place = np.full(sites, -1, np.int64), np.empty(sites, np.int64)
    for g in range(len(ends) - 1):
        free = begins[g]
        for i in who[ends[g] : ends[g + 1]]:
            for k in range(start[i], start[i + 1]):
                j = site[k]
                if seen[j] != g:
                    seen[j], place[j] = g, free
                    site_all[free], gain_all[free] = j, 0.0
                    free += 1
                gain_all[place[j]] += gain[k]
