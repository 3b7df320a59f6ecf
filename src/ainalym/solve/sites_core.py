"""The core of a problem: few sites, and of each client only what it falls back on at most.

Sites of better sets are nearly always among those whose opening, at best for another one, would
lose the known set little. Among these alone, and with rows cut where a client has several open
sites already, a search looks at a tenth of the pairs or fewer. A set is worth as much less than
the known one as in the whole problem, unless some client loses all that it may fall back on: what
comes of it has to be checked.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ainalym.solve.halves import by_halves
from ainalym.solve.sites_columns import by_site
from ainalym.solve.sites_gains import Gains
from ainalym.solve.sites_limits import Limits
from ainalym.solve.sites_search import Search

_CLOSED = 4  # sites that are closed, for one that is open
_FEWEST = 100  # of them
_MANY_PAIRS = 200_000  # to be looked at, from which a second thread is worth its call
_BEGUN = 3  # sets that a search may begin from, the known one among them
_OFTEN = 0.1  # how often the bound opens a site that is kept, whatever it says now


class Core(NamedTuple):
    """A smaller problem: its rows, its sites among all, their costs and limits."""

    gains: Gains
    sites: NDArray[np.intp]
    cost: NDArray[np.float64]
    limits: Limits


def core_sites(
    limits: Limits,
    moves: NDArray[np.float64],
    average: NDArray[np.float64],
    sets: NDArray[np.bool_],
) -> NDArray[np.intp]:
    """Name the open sites, those that the bound opens, and those that nearly belong there.

    The known set and those begun from are in it whole, of all others as much as there is room for.

    Parameters
    ----------
    limits
        Of what is still undecided.
    moves
        How opening each site would change the worth of the known set, at best for another one.
    average
        How often the bound opened each site lately, shape (sites,).
    sets
        Good sets, shape (sets, sites): the best known first, then those that are begun from.
    """
    is_open = sets.any(0)
    lacks = np.where(is_open | (average > _OFTEN), -np.inf, -moves)
    lacks[limits.forbidden & ~is_open] = np.inf
    wanted = int(sets[0].sum()) * (1 + _CLOSED) + _FEWEST
    if wanted < len(lacks):
        lacks[np.argpartition(lacks, wanted)[wanted:]] = np.inf
    return np.flatnonzero((lacks < np.inf) | sets[:_BEGUN].any(0))


def core(
    gains: Gains,
    cost: NDArray[np.float64],
    limits: Limits,
    sites: NDArray[np.intp],
    sets: NDArray[np.bool_],
    fallbacks: int,
) -> Core:
    """Keep some sites, and of each client what it may fall back on.

    Parameters
    ----------
    limits
        Of what is still undecided.
    sites
        Which to keep; open ones that are not among them do not count.
    sets
        Good sets, shape (sets, sites), 64 at most.
    fallbacks
        Sites of a client, best first, that are open in a set; its row is cut at the last of them,
        in the set where that is worst.
    """
    number = np.full(gains.sites, -1, np.int32)
    number[sites] = np.arange(len(sites), dtype=np.int32)
    opens = np.zeros(gains.sites, np.uint64)
    for place, is_open in enumerate(sets):
        opens[is_open & (number >= 0)] |= np.uint64(1 << place)
    rows = gains.start, gains.site, gains.gain
    floor = np.empty(gains.clients)
    start = np.zeros(gains.clients + 1, np.int64)
    _count(*rows, number, opens, np.full(len(sets), fallbacks), floor, start)
    np.cumsum(start, out=start)
    site, gain = np.empty(start[-1], np.int32), np.empty(start[-1])
    _cut(*rows, number, floor, start, site, gain)
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
    """What came of a search of a core.

    Attributes
    ----------
    is_open
        The best set, shape (sites,).
    fresh
        What came of each start, shape (2, sites).
    is_better
        Whether the best is better there than the known one.
    """

    is_open: NDArray[np.bool_]
    fresh: NDArray[np.bool_]
    is_better: bool


def searched(
    inside: Core,
    sets: NDArray[np.bool_],
    starts: tuple[int, int],
    fallbacks: int,
    rng: np.random.Generator,
    has_time: Callable[[], bool],
    times: int,
    pairs: int,
) -> Searched:
    """Search a core from two sets, then among the sites of good sets only.

    Both times two searches kick at once and know nothing of each other. The second two go from the
    best that is known then, and what both found is put together.

    Parameters
    ----------
    sets
        Shape (sets, sites): the known one, the starts, and other good ones.
    starts
        Which of the sets to start from.
    times, pairs
        Kicks of all searches together, and pairs that two at once may look at.
    """
    known, at = sets[:, inside.sites], list(starts)
    best, *both = _searches(inside, rng, has_time, 3)
    best.take(known[0])
    before = best.worth
    fresh = _kicked(both, known[at], times // 2, pairs // 2)
    for is_open in fresh:
        best.take(is_open)
    if has_time():
        first = best.is_open
        good = np.vstack([first, known[0], fresh, np.delete(known, [0, *starts], 0)])
        among = np.flatnonzero(good.any(0))
        few = core(inside.gains, inside.cost, inside.limits, among, good, fallbacks)
        ends = np.zeros((2, len(first)), bool)
        both = _searches(few, rng, has_time, 2)
        ends[:, among] = _kicked(both, [first[among]] * 2, times // 2, pairs // 2)
        for is_open in ends:
            best.take(is_open)
        together = np.where(first, ends.all(0), ends.any(0))
        best.improve(together if inside.limits.allow(together) else best.is_open)
    found = np.zeros((3, sets.shape[1]), bool)
    found[:, inside.sites] = np.vstack([best.is_open, fresh])
    return Searched(found[0], found[1:], best.worth > before)


def _kicked(
    both: Sequence[Search], starts: Sequence[NDArray[np.bool_]], times: int, pairs: int
) -> NDArray[np.bool_]:
    """Climb and kick from two sets at once, shape (2, sites)."""

    def go(half: int, first: int, last: int) -> None:
        both[half].improve(starts[half])
        both[half].kick(last - first, pairs)

    by_halves(times, go, at_once=pairs >= _MANY_PAIRS)
    return np.stack([search.is_open for search in both])


def _searches(
    inside: Core, rng: np.random.Generator, has_time: Callable[[], bool], count: int
) -> list[Search]:
    """Make searches of a core, each with a chance of its own."""
    columns = by_site(inside.gains)
    return [
        Search(
            inside.gains,
            inside.cost,
            inside.limits,
            rng=np.random.default_rng(rng.integers(2**63)),
            has_time=has_time,
            columns=columns,
        )
        for _ in range(count)
    ]


@njit(cache=True, nogil=True)
def _floor(
    start: NDArray, site: NDArray, gain: NDArray, opens: NDArray, left: NDArray, i: int
) -> float:
    """What the last of so many open sites gives client i in the set where it comes last.

    0 where it has fewer.
    """
    waiting = len(left)
    for k in range(start[i], start[i + 1]):
        which = opens[site[k]]
        place = 0
        while which:
            if which & np.uint64(1):
                left[place] -= 1
                if left[place] == 0:
                    waiting -= 1
                    if waiting == 0:
                        return gain[k]
            which >>= np.uint64(1)
            place += 1
    return 0.0


@njit(cache=True, nogil=True)
def _count(
    start: NDArray,
    site: NDArray,
    gain: NDArray,
    number: NDArray,
    opens: NDArray,
    most: NDArray,
    floor: NDArray,
    held: NDArray,
) -> None:
    """Find where each client's row is cut, and count the pairs that are kept."""
    for i in range(len(start) - 1):
        floor[i] = _floor(start, site, gain, opens, most.copy(), i)
        for k in range(start[i], start[i + 1]):
            if gain[k] <= floor[i]:
                break
            held[i + 1] += number[site[k]] >= 0


@njit(cache=True, nogil=True)
def _cut(
    start: NDArray,
    site: NDArray,
    gain: NDArray,
    number: NDArray,
    floor: NDArray,
    begins: NDArray,
    site_kept: NDArray,
    gain_kept: NDArray,
) -> None:
    """Keep the pairs that are left, and what each gives beyond where the row is cut."""
    for i in range(len(start) - 1):
        free = begins[i]
        for k in range(start[i], start[i + 1]):
            if free == begins[i + 1]:
                break
            if number[site[k]] >= 0:
                site_kept[free], gain_kept[free] = number[site[k]], gain[k] - floor[i]
                free += 1
