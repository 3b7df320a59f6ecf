"""A small master program of a large city: some of its points, and places that see them alike."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ainalym.model.city import City
from ainalym.model.place import SiteStatus
from ainalym.model.travel import Travel
from ainalym.plan.decide import zones
from ainalym.plan.households import Pairs
from ainalym.plan.joint import master_of
from ainalym.plan.master import Master
from ainalym.plan.sifting import affordable
from ainalym.plan.worth import MINOR_PER_UNIT
from ainalym.solve.linear import Linear

SMALL_PAIRS, LARGE_PAIRS = 5_000, 20_000
"""A city with more pairs of places and points than this is searched by a small program: with more
than the first if there is little time, with more than the second however long there is."""

PAIRS_A_SECOND = 100
"""With fewer pairs for each second the whole program proves more in the end: of Almaty's real map,
of 7,500 pairs, the small one proves 1.1 % in half the time, but no more than half a per cent."""

FEW = 200
"""How many points the small program has at least."""

TO_SPARE = 1.25
"""How many it has for each that the whole budget could open: where points are short, money looks
cheaper than it is, and bounds are of no use."""

TO_CHOOSE = 1.7
"""How many of the likeliest it has for each that the first descent opens. With 2.7 a program takes
three times as long to prove 0.3 % more."""

FEWEST = 100
"""How many of these it has at least."""

SEEN, ALL = 1, 10**6
"""Places whose so many best points are the same, in the same order, are one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coarse:
    """A small master program, and where its parts stand in that of the whole city.

    Attributes
    ----------
    whole, master
        The whole city's master program, and the small one.
    at
        Row among the points of the whole of each point of the small one, shape (points,).
    member
        Row of the small one's place that each place belongs to, -1 if it reaches no point of it;
        shape (places,).
    """

    whole: Master
    master: Master
    at: NDArray[np.int64]
    member: NDArray[np.int64]


def large(seconds: float) -> float:
    """Tell with how many pairs a city is too large for its whole program to be searched."""
    return min(LARGE_PAIRS, max(SMALL_PAIRS, PAIRS_A_SECOND * seconds))


def first_points(whole: Master) -> NDArray[np.bool_]:
    """Pick points all over the city: of each part the one that could take in most for its cost.

    Returns
    -------
    Which points of the whole, shape (points,); all that are or have to be open among them.
    """
    sites, point = whole.net.city.sites, whole.point
    zone = zones(np.column_stack([sites.lon[point], sites.lat[point]]), few(whole))
    cost = whole.net.worth.spent(sites.fixed_minor_per_year[point]).sum(1)
    cost -= sites.capex_minor[point] / MINOR_PER_UNIT
    worth = whole.most_t.sum(1) / np.maximum(-cost, 1e-9)
    order = np.lexsort((-worth, zone))
    is_in = always_open(whole)
    is_in[order[np.unique(zone[order], return_index=True)[1]]] = True
    return is_in


def likely_points(
    whole: Master, usage: NDArray[np.float64], most: int | None = None
) -> NDArray[np.bool_]:
    """Pick the points that were used most.

    Parameters
    ----------
    usage
        Of each point of the whole, shape (points,).
    most
        How many, as many as a small program has unless said; what is always open comes on top.
    """
    is_in = always_open(whole)
    is_in[np.argsort(-usage, kind="stable")[: most or few(whole)]] = True
    return is_in


def few(whole: Master) -> int:
    """Tell how many points the small program has, those that are always open aside."""
    return max(FEW, min(len(whole.point), int(TO_SPARE * affordable(whole))))


def always_open(whole: Master) -> NDArray[np.bool_]:
    """Tell which points are open or have to be, shape (points,)."""
    sites = whole.net.city.sites
    always = sites.has_status(SiteStatus.EXISTING) | sites.has_status(SiteStatus.FORCED)
    return always[whole.point]


def coarse_of(
    city: City,
    travel: Travel,
    whole: Master,
    is_in: NDArray[np.bool_],
    program: Linear | None = None,
    *,
    seen: int | None = None,
    yields: NDArray[np.float64] | float = 1.0,
) -> Coarse:
    """Write down a small master program with these points of the whole one.

    Parameters
    ----------
    is_in
        Which points of the whole, shape (points,).
    program
        An empty one to write it into; one that can be solved if None.
    seen
        Of how many points, the best first, two places have to see the same to be one; `SEEN`
        unless said, and nothing is lost with `ALL`.
    yields
        What arrives of what merged places bring, by fraction, shape (fractions,): they are served
        by fewer points than their members would be, so they seem to bring too much.
    """
    is_kept = is_in[whole.pair_point]
    pairs, member, share = merged(whole.pairs, is_kept, len(city.sites), seen or SEEN)
    pairs = replace(pairs, mass_kg=pairs.mass_kg * yields)
    master = master_of(city, travel, pairs, program, share=share)
    row = np.full(len(city.sites), -1)
    row[whole.point] = np.arange(len(whole.point))
    return Coarse(whole=whole, master=master, at=row[master.point], member=member)


def merged(
    pairs: Pairs, is_in: NDArray[np.bool_], sites: int, seen: int
) -> tuple[Pairs, NDArray[np.int64], NDArray[np.float64]]:
    """Merge places whose best points are the same; what they have elsewhere is added up.

    Where the best point is closed, those that went there may go to different ones; so a pair takes
    no more of a merged place than those that reach its point are of it.

    Parameters
    ----------
    is_in
        Which pairs are kept, shape (pairs,).
    sites
        How many sites there are.
    seen
        Of how many points two places have to see the same.

    Returns
    -------
    Pairs of the merged places; which of these each place is part of, -1 if of none; and how much
    of its place each pair takes, by what its members gain where they gain most.
    """
    places = len(pairs.start) - 1
    place = np.repeat(np.arange(places), np.diff(pairs.start))[is_in]
    site, gain, mass = pairs.site[is_in], pairs.gain_minor[is_in], pairs.mass_kg[is_in]
    order = np.lexsort((site, -gain, place))
    place, site, gain, mass = place[order], site[order], gain[order], mass[order]
    first = np.searchsorted(place, np.arange(places))
    rank = np.arange(len(place)) - first[place]
    seen = min(seen, int(rank.max(initial=0)) + 1)
    best = np.full((places, seen), -1)
    is_best = rank < seen
    best[place[is_best], rank[is_best]] = site[is_best]
    some = best[:, 0] >= 0
    member = np.full(places, -1)
    member[some] = np.unique(best[some], axis=0, return_inverse=True)[1].ravel()
    key, one = np.unique(member[place] * sites + site, return_inverse=True)
    gains, masses = np.zeros(len(key)), np.zeros((len(key), mass.shape[1]))
    np.add.at(gains, one, gain)
    np.add.at(masses, one, mass)
    top = gain[first[place]]
    weight, total = np.zeros(len(key)), np.zeros(int(member.max(initial=-1)) + 1)
    np.add.at(weight, one, top)
    np.add.at(total, member[some], gain[first[some]])
    whose = key // sites
    order = np.lexsort((key, -gains, whose))
    count = np.bincount(whose, minlength=int(member.max(initial=-1)) + 1)
    return (
        Pairs(
            start=np.concatenate([[0], np.cumsum(count)]),
            site=(key % sites)[order].astype(np.int32),
            gain_minor=gains[order],
            mass_kg=masses[order],
        ),
        member,
        np.divide(weight, total[whose], out=np.ones_like(weight), where=total[whose] > 0.0)[order],
    )
