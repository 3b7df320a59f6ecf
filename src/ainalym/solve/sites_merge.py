"""Merging clients that want the same, which loses nothing and can save most of the work."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ainalym.solve.sites_gains import Gains


class Merged(NamedTuple):
    """Rows of which no two are proportional, and who is in which.

    `group` of each client and its `share` of the group's gains, shape (clients,).
    """

    gains: Gains
    group: NDArray[np.int64]
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
    only says which ones to compare.
    """
    n, length = gains.clients, np.diff(gains.start)
    client = gains.client
    part = gains.gain / gains.top[client]
    leader = _first_alike(gains, length, client, part)
    kept = np.flatnonzero(leader == np.arange(n))
    group = np.searchsorted(kept, leader)
    weight = np.bincount(group, gains.top, len(kept))
    pair = (leader == np.arange(n))[client]
    start = np.zeros(len(kept) + 1, np.int64)
    np.cumsum(length[kept], out=start[1:])
    rows = Gains(
        start=start,
        site=gains.site[pair],
        gain=part[pair] * np.repeat(weight, length[kept]),
        sites=gains.sites,
    )
    share = np.divide(gains.top, weight[group], out=np.zeros(n), where=weight[group] > 0)
    return Merged(rows, group, share)


def _first_alike(
    gains: Gains, length: NDArray[np.int64], client: NDArray[np.int64], part: NDArray[np.float64]
) -> NDArray[np.int64]:
    """First client with the same row as each client, which is often itself, shape (clients,)."""
    n = gains.clients
    mixed = part.view(np.uint64) ^ (gains.site.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(29)
    key = np.zeros(n, np.uint64)
    some = length > 0
    if some.any():
        key[some] = np.add.reduceat(mixed, gains.start[:-1][some])
    _, at, back = np.unique(
        np.stack([key, length.astype(np.uint64)]), axis=1, return_index=True, return_inverse=True
    )
    leader = at[back.ravel()]
    follows = np.flatnonzero((leader != np.arange(n)) & some)
    if len(follows):
        size = length[follows]
        step = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
        mine = np.repeat(gains.start[follows], size) + step
        theirs = np.repeat(gains.start[leader[follows]], size) + step
        same = (gains.site[mine] == gains.site[theirs]) & (part[mine] == part[theirs])
        differ = follows[np.bincount(np.repeat(np.arange(len(follows)), size), ~same) > 0]
        leader[differ] = differ
    return leader
