"""A smaller problem that is nearly the same: clients who like the same sites best, taken together.

What is good for it is a good beginning for the whole problem; nothing is proved by it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ainalym.solve.sites_gains import Gains, best_pairs

_FEWER = 4  # times fewer clients, or it is not worth it
_DEEPEST = 4  # sites of a client, best first, that may have to agree


class Coarse(NamedTuple):
    """Rows of groups, and who is in which: `group` of each client, shape (clients,)."""

    gains: Gains
    group: NDArray[np.int64]


def coarsen(gains: Gains) -> Coarse | None:
    """Take together clients whose best sites agree, as many of them as leave few enough groups.

    Returns
    -------
    None where that would not make the problem much smaller.
    """
    length = np.diff(gains.start)
    group, count = _renumbered((length > 0).astype(np.int64))
    found = None
    for rank in range(_DEEPEST):
        site = np.full(gains.clients, gains.sites, np.int64)
        has = length > rank
        site[has] = gains.site[gains.start[:-1][has] + rank]
        group, count = _renumbered(group * (gains.sites + 1) + site)
        if count * _FEWER > gains.clients:
            break
        found = group, count
    if found is None:
        return None
    group, count = found
    lines = np.arange(gains.clients + 1)
    into = csr_array((np.ones(gains.clients), group, lines), shape=(gains.clients, count)).T
    pairs = csr_array((gains.gain, gains.site, gains.start), shape=(gains.clients, gains.sites))
    rows = (into.tocsr() @ pairs).tocoo()
    together = Gains.of(rows.row, rows.col, rows.data, clients=count, sites=gains.sites)
    return Coarse(together, group)


def lift(
    gains: Gains, coarse: Coarse, is_open: NDArray[np.bool_], price: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Turn prices of groups into prices of clients.

    A group's price lies somewhere about what its best open site gives it and what the second best
    does; each of its clients gets a price that lies as far between its own.

    Parameters
    ----------
    is_open
        A good set, shape (sites,).
    price
        Of each group, shape (groups,).
    """
    first, second = _best_two(gains, is_open)
    most, next_most = _best_two(coarse.gains, is_open)
    apart = most - next_most
    part = np.divide(most - price, apart, out=np.full(len(price), 0.5), where=apart > 0)
    return np.clip(first - part[coarse.group] * (first - second), 0.0, gains.top)


def _best_two(
    gains: Gains, is_open: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What each client's best and second best open sites give it, 0 where there is none."""
    pair = best_pairs(gains.start, gains.site, is_open)
    served = pair >= 0
    first = np.where(served, gains.gain[pair], 0.0)
    second = np.zeros(gains.clients)
    after = _pairs_after(gains, is_open, pair)
    second[after >= 0] = gains.gain[after[after >= 0]]
    return first, second


def _pairs_after(
    gains: Gains, is_open: NDArray[np.bool_], pair: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Find the pair of each client with the best open site after one, -1 where there is none."""
    served = pair >= 0
    start = np.where(served, pair + 1, gains.start[1:])
    ends = gains.start[1:]
    found = np.full(gains.clients, -1, np.int64)
    looking = np.flatnonzero(start < ends)
    at = start[looking]
    while len(looking):
        is_good = is_open[gains.site[at]]
        found[looking[is_good]] = at[is_good]
        left = ~is_good
        looking, at = looking[left], at[left] + 1
        inside = at < ends[looking]
        looking, at = looking[inside], at[inside]
    return found


def _renumbered(key: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    known, number = np.unique(key, return_inverse=True)
    return number.ravel(), len(known)
