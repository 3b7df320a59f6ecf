"""Merging clients that want the same, which loses nothing and can save most of the work."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ainalym.solve.sites_gains import Gains


class Merged(NamedTuple):
    """Rows of which no two are proportional, and who is in which.

    `group` of each client and its `share` of the group's gains, shape (clients,).
    """

    gains: Gains
    group: NDArray[np.int32]
    share: NDArray[np.float64]

    def summed(self, price: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn prices of clients into prices of groups."""
        return np.bincount(self.group, price, self.gains.clients)

    def split(self, price: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn prices of groups into prices of clients that prove the same bound."""
        return self.share * price[self.group]


def merge(gains: Gains) -> Merged:
    """Add up the rows of clients that gain in the same proportion from the same sites.

    Such clients choose the same site whatever is open. Rows are compared entry by entry; a hash
    only says which ones to compare. Where no two rows are alike, no pair is copied.
    """
    n = gains.clients
    leader = _first_alike(gains.start, gains.site, gains.gain)
    kept = np.flatnonzero(leader == np.arange(n))
    if len(kept) == n:
        return Merged(gains, np.arange(n, dtype=np.int32), np.ones(n))
    number = np.empty(n, np.int32)
    number[kept] = np.arange(len(kept))
    group, top = number[leader], gains.top
    weight = np.bincount(group, top, len(kept))
    start = np.zeros(len(kept) + 1, np.int64)
    np.cumsum(np.diff(gains.start)[kept], out=start[1:])
    site, gain = np.empty(start[-1], np.int32), np.empty(start[-1])
    _add_up(gains.start, gains.site, gains.gain, kept, weight, start, site, gain)
    share = np.divide(top, weight[group], out=np.zeros(n), where=weight[group] > 0)
    return Merged(Gains(start=start, site=site, gain=gain, sites=gains.sites), group, share)


@njit(cache=True)
def _add_up(
    start: NDArray,
    site: NDArray,
    gain: NDArray,
    kept: NDArray,
    weight: NDArray,
    start_kept: NDArray,
    site_kept: NDArray,
    gain_kept: NDArray,
) -> None:
    """Write the rows of the groups: the shape of their first client, the weight of all."""
    for g in range(len(kept)):
        first = start[kept[g]]
        for step in range(start_kept[g + 1] - start_kept[g]):
            to = start_kept[g] + step
            site_kept[to] = site[first + step]
            gain_kept[to] = gain[first + step] / gain[first] * weight[g]


@njit(cache=True)
def _first_alike(start: NDArray, site: NDArray, gain: NDArray) -> NDArray:
    """First client with the same row as each client, which is often itself, shape (clients,)."""
    n = len(start) - 1
    slots = 16
    while slots < 2 * n:
        slots *= 2
    table = np.full(slots, -1, np.int32)
    key, leader = np.empty(n, np.uint64), np.arange(n).astype(np.int32)
    bits = np.empty(1, np.float64)
    word = bits.view(np.uint64)
    for i in range(n):
        mixed = np.uint64(start[i + 1] - start[i])
        for k in range(start[i], start[i + 1]):
            bits[0] = gain[k] / gain[start[i]]
            mixed = (mixed ^ word[0] ^ np.uint64(site[k])) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
        key[i] = mixed
        slot = mixed & np.uint64(slots - 1)
        while table[slot] >= 0:
            if key[table[slot]] == mixed and _are_alike(start, site, gain, table[slot], i):
                leader[i] = table[slot]
                break
            slot = (slot + np.uint64(1)) & np.uint64(slots - 1)
        if leader[i] == i:
            table[slot] = i
    return leader


@njit(cache=True)
def _are_alike(start: NDArray, site: NDArray, gain: NDArray, a: int, b: int) -> bool:
    first, other = start[a], start[b]
    if start[a + 1] - first != start[b + 1] - other:
        return False
    for step in range(start[a + 1] - first):
        p, q = first + step, other + step
        if site[p] != site[q] or gain[p] / gain[first] != gain[q] / gain[other]:
            return False
    return True
