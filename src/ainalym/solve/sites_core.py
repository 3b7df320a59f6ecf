"""The core of a problem: few sites, and of each client only what it falls back on at most.

Nearly all sites of good sets are among those that the bound opens, or would open for little more.
Among these alone, and with rows cut where a client has several open sites already, a search looks
at a tenth of the pairs or fewer. A set is worth as much less than the known one as in the whole
problem, unless some client loses all that it may fall back on: what comes of it has to be checked.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ainalym.solve.halves import by_halves
from ainalym.solve.sites_columns import by_site
from ainalym.solve.sites_gains import Gains
from ainalym.solve.sites_limits import Limits, Pick
from ainalym.solve.sites_search import Search

_CLOSED = 4  # sites that are closed, for one that is open
_FEWEST = 100  # of them
_MANY_PAIRS = 200_000  # to be looked at, from which a second thread is worth its call
_MORE_OFTEN_THAN_NOT = 0.4  # how often the bound opens a site that is worth beginning with
_OFTEN = 0.1  # how often the bound opens a site that is kept, whatever it says now


class Core(NamedTuple):
    """A smaller problem: its rows, its sites among all, their costs and limits."""

    gains: Gains
    sites: NDArray[np.intp]
    cost: NDArray[np.float64]
    limits: Limits


def core_sites(
    limits: Limits,
    pick: Pick,
    average: NDArray[np.float64],
    is_open: NDArray[np.bool_],
) -> NDArray[np.intp]:
    """Name the open sites and those that the bound opens, or would soonest.

    Parameters
    ----------
    limits
        Of what is still undecided.
    pick
        What the bound says of each site.
    average
        How often the bound opened each site lately, shape (sites,).
    is_open
        The best set known, shape (sites,).
    """
    lacks = np.where(is_open | (average > _OFTEN), -np.inf, -pick.out)
    lacks[limits.forbidden & ~is_open] = np.inf
    wanted = int(is_open.sum()) * (1 + _CLOSED) + _FEWEST
    if wanted < len(lacks):
        lacks[np.argpartition(lacks, wanted)[wanted:]] = np.inf
    return np.flatnonzero(lacks < np.inf)


def core(
    gains: Gains,
    cost: NDArray[np.float64],
    limits: Limits,
    sites: NDArray[np.intp],
    is_open: NDArray[np.bool_],
    fallbacks: int,
) -> Core:
    """Keep some sites, and of each client what it may fall back on.

    Parameters
    ----------
    limits
        Of what is still undecided.
    sites
        Which to keep; all that are open are among them.
    is_open
        The best set known, shape (sites,).
    fallbacks
        Open sites of a client, best first, of which the last is where its row is cut.
    """
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


class Searched(NamedTuple):
    """The set that came of a search of a core, and whether it is better there than the first."""

    is_open: NDArray[np.bool_]
    is_better: bool


def searched(
    core: Core,
    is_open: NDArray[np.bool_],
    average: NDArray[np.float64],
    rng: np.random.Generator,
    has_time: Callable[[], bool],
    times: int,
    pairs: int,
) -> Searched:
    """Search a core from the known set, from what the bound opens, and by kicks.

    Two searches kick at once and know nothing of each other; what both found is put together.

    Parameters
    ----------
    is_open, average
        The known set, and how often the bound opened each site lately, shape (sites,).
    times, pairs
        Kicks of both together, and pairs that each may look at.
    """
    known, columns = is_open[core.sites], by_site(core.gains)
    one, other = (
        Search(core.gains, core.cost, core.limits, rng=rng, has_time=has_time, columns=columns)
        for _ in range(2)
    )
    one.take(known)
    before = one.worth
    one.improve(known)
    if has_time():
        opened = average[core.sites]
        wanted = int((opened > _MORE_OFTEN_THAN_NOT).sum())
        one.improve(core.limits.nearest(opened, wanted))
    if has_time():
        first = one.is_open
        other.improve(first)
        both = one, other
        by_halves(
            times,
            lambda half, start, end: both[half].kick(end - start, pairs),
            at_once=pairs >= _MANY_PAIRS,
        )
        a, b = one.is_open, other.is_open
        one.take(b)
        together = (first & a & b) | (~first & (a | b))
        if has_time() and core.limits.allow(together):
            one.improve(together)
    found = is_open.copy()
    found[core.sites] = one.is_open
    return Searched(found, one.worth > before)


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
