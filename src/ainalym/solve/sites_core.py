"""The core of a problem: few sites, and of each client only what it falls back on at most.

Nearly all sites of good sets are among those that the bound opens, or would open for little more.
Among these alone, and with rows cut where a client has several open sites already, a search looks
at a tenth of the pairs or fewer. A set is worth as much less than the known one as in the whole
problem, unless some client loses all that it may fall back on: what comes of it has to be checked.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ainalym.solve.sites_gains import Gains
from ainalym.solve.sites_limits import Limits, Pick

_CLOSED = 4  # sites that are closed, for one that is open
_FEWEST = 100  # of them


class Core(NamedTuple):
    """A smaller problem: its rows, its sites among all, their costs and limits."""

    gains: Gains
    sites: NDArray[np.intp]
    cost: NDArray[np.float64]
    limits: Limits


def core(
    gains: Gains,
    cost: NDArray[np.float64],
    limits: Limits,
    pick: Pick,
    is_open: NDArray[np.bool_],
    fallbacks: int,
) -> Core:
    """Keep the open sites and those that the bound would open soonest.

    Parameters
    ----------
    limits
        Of what is still undecided.
    pick
        What the bound says of each site.
    is_open
        The best set known, shape (sites,).
    fallbacks
        Open sites of a client, best first, of which the last is where its row is cut.
    """
    lacks = np.where(is_open, -np.inf, -pick.out)
    lacks[limits.forbidden & ~is_open] = np.inf
    wanted = int(is_open.sum()) * (1 + _CLOSED) + _FEWEST
    if wanted < gains.sites:
        lacks[np.argpartition(lacks, wanted)[wanted:]] = np.inf
    sites = np.flatnonzero(lacks < np.inf)
    number = np.full(gains.sites, -1, np.int32)
    number[sites] = np.arange(len(sites), dtype=np.int32)
    start = np.zeros(gains.clients + 1, np.int64)
    _count(gains.start, gains.site, gains.gain, number, is_open, fallbacks, start)
    np.cumsum(start, out=start)
    site, gain = np.empty(start[-1], np.int32), np.empty(start[-1])
    _cut(gains.start, gains.site, gains.gain, number, is_open, fallbacks, start, site, gain)
    inside = Limits(
        least=limits.least,
        most=limits.most,
        spend=limits.spend[sites],
        budget=limits.budget,
        forced=limits.forced[sites],
        forbidden=limits.forbidden[sites],
    )
    return Core(
        Gains(start=start, site=site, gain=gain, sites=len(sites)), sites, cost[sites], inside
    )


@njit(cache=True, nogil=True)
def _floor(
    start: NDArray, site: NDArray, gain: NDArray, is_open: NDArray, i: int, most: int
) -> float:
    """What the last of so many open sites gives client i, 0 where it has fewer."""
    for k in range(start[i], start[i + 1]):
        if is_open[site[k]]:
            most -= 1
            if most == 0:
                return gain[k]
    return 0.0


@njit(cache=True, nogil=True)
def _count(
    start: NDArray,
    site: NDArray,
    gain: NDArray,
    number: NDArray,
    is_open: NDArray,
    most: int,
    held: NDArray,
) -> None:
    """Count the pairs of each client that are kept."""
    for i in range(len(start) - 1):
        floor = _floor(start, site, gain, is_open, i, most)
        for k in range(start[i], start[i + 1]):
            if gain[k] <= floor:
                break
            held[i + 1] += number[site[k]] >= 0


@njit(cache=True, nogil=True)
def _cut(
    start: NDArray,
    site: NDArray,
    gain: NDArray,
    number: NDArray,
    is_open: NDArray,
    most: int,
    begins: NDArray,
    site_kept: NDArray,
    gain_kept: NDArray,
) -> None:
    """Keep the pairs that are left, and what each gives beyond where the row is cut."""
    for i in range(len(start) - 1):
        floor = _floor(start, site, gain, is_open, i, most)
        free = begins[i]
        for k in range(start[i], start[i + 1]):
            if free == begins[i + 1]:
                break
            if number[site[k]] >= 0:
                site_kept[free], gain_kept[free] = number[site[k]], gain[k] - floor
                free += 1
