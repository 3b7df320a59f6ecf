"""Households: which point each place brings its waste to, and what the points take in.

Each place brings everything to the open point where it gains most: what is paid there, and one
minor unit of goodwill a kilogram so that unpaid fractions count, for the share that makes the way.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ainalym.model.city import City
from ainalym.model.columns import frozen
from ainalym.model.place import SiteKind, SiteStatus
from ainalym.model.plan import NEVER
from ainalym.model.programme import willing
from ainalym.model.travel import Travel
from ainalym.units import DAYS_PER_YEAR

GOODWILL_MINOR_PER_KG = 1.0
"""What bringing a kilogram is worth to a household beside the money."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairs:
    """Every place with every point it could walk to, as compressed sparse rows.

    Attributes
    ----------
    start
        Place `i` has pairs `start[i]` to `start[i + 1]`, nearest first, then by site row; in
        their order of choice where places are merged.
    site
        Site row of each pair's point.
    gain_minor
        What the household gains there in a day, minor money units.
    mass_kg
        What the point would take in from the place in the first year, shape (pairs, fractions);
        0 for what the point does not take.
    """

    start: NDArray[np.int64]
    site: NDArray[np.int32]
    gain_minor: NDArray[np.float64]
    mass_kg: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.site)

    @property
    def place(self) -> NDArray[np.int64]:
        """The place row of each pair."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    @property
    def by_choice(self) -> NDArray[np.int64]:
        """Rows of all pairs, of each place those where it gains most first; shape (pairs,)."""
        return np.lexsort((np.arange(len(self)), -self.gain_minor, self.place))


def pairs(city: City, travel: Travel) -> Pairs:
    """Pair each place with the points it may walk to, with what both would have of it.

    Takes milliseconds per hundred thousand pairs. Points that must not be opened are left out.

    Parameters
    ----------
    city
        A city without faults.
    travel
        Its distances.

    Source
    ------
    `Walk` for the way, `willing` for the price.
    """
    sites, walk = city.sites, city.programme.walk
    is_allowed = ~sites.has_status(SiteStatus.FORBIDDEN)
    is_allowed &= np.array([kind is SiteKind.POINT for kind in sites.kind], bool)
    kept = np.flatnonzero(is_allowed[travel.walk_site] & (travel.walk_m <= walk.limit_m))
    place, site, walk_m = travel.walk_place[kept], travel.walk_site[kept], travel.walk_m[kept]
    order = np.lexsort((site, walk_m, place))
    place, site, walk_m = place[order], site[order], walk_m[order]
    takes = _takes(city)
    willing_share, paid_minor = _terms(city)
    share = walk.share(walk_m, np.maximum(takes.sum(1), 1)[site])
    offered_kg = city.places.waste_kg_per_day[:, : len(city.fractions)] * willing_share
    mass_kg = offered_kg[place]
    mass_kg *= takes[site]
    mass_kg *= share[:, None]
    start = np.zeros(len(city.places) + 1, np.int64)
    np.cumsum(np.bincount(place, minlength=len(city.places)), out=start[1:])
    gain_minor = np.zeros(len(site))
    for f, minor_per_kg in enumerate(paid_minor + GOODWILL_MINOR_PER_KG):
        # One fraction at a time: a matrix product may round equal rows differently.
        gain_minor += mass_kg[:, f] * minor_per_kg
    mass_kg *= DAYS_PER_YEAR
    return Pairs(
        start=frozen(start, np.int64),
        site=frozen(site, np.int32),
        gain_minor=frozen(gain_minor),
        mass_kg=frozen(mass_kg),
    )


def alike(pairs: Pairs) -> Pairs:
    """Make one place of all that reach the same points and would choose them in the same order.

    Whatever is open, they bring to the same point, and are let in or turned away alike.

    Returns
    -------
    Pairs of the merged places, the best first; what they bring and gain there is summed.
    """
    order = pairs.by_choice
    lists: dict[bytes, int] = {}
    site = pairs.site[order]
    rows = itertools.pairwise(pairs.start.tolist())
    of_place = [lists.setdefault(site[a:b].tobytes(), len(lists)) for a, b in rows]
    one = np.unique(of_place, return_index=True)[1]
    many = np.diff(pairs.start)
    start = np.concatenate([[0], np.cumsum(many[one])])
    place = pairs.place
    rank = np.arange(len(pairs)) - pairs.start[place]
    into = start[np.array(of_place, np.int64)[place]] + rank
    merged = np.zeros(start[-1], np.int32)
    merged[into] = site
    gain_minor, mass_kg = np.zeros(len(merged)), np.zeros((len(merged), pairs.mass_kg.shape[1]))
    np.add.at(gain_minor, into, pairs.gain_minor[order])
    np.add.at(mass_kg, into, pairs.mass_kg[order])
    return Pairs(
        start=frozen(start, np.int64),
        site=frozen(merged, np.int32),
        gain_minor=frozen(gain_minor),
        mass_kg=frozen(mass_kg),
    )


def brings(pairs: Pairs, is_open: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Choose the pair of each place when these points are open, `NEVER` where none is in reach.

    A place takes the point with the largest gain; of equal ones the nearest, then the one that
    stands first among the sites. Takes about a nanosecond per pair.

    Parameters
    ----------
    pairs
        As `pairs` made them.
    is_open
        Whether each site is open, shape (sites,).
    """
    return _best(pairs.start, pairs.site, pairs.gain_minor, np.asarray(is_open, np.bool_))


def captured(
    city: City, pairs: Pairs, chosen: NDArray[np.int64], growth: float
) -> NDArray[np.float64]:
    """Add up what each point takes in during a year, in kg, shape (sites, fractions).

    What exceeds a point's capacity is turned away, the same share of every fraction.

    Parameters
    ----------
    city
        The city the pairs were made of.
    pairs
        As `pairs` made them.
    chosen
        The pair of each place, as `brings` chose them, shape (places,).
    growth
        Waste of the year relative to the first.
    """
    used = chosen[chosen != NEVER]
    site, mass_kg = pairs.site[used], pairs.mass_kg[used]
    taken_kg = np.empty((len(city.sites), len(city.fractions)))
    for f in range(len(city.fractions)):
        taken_kg[:, f] = np.bincount(site, mass_kg[:, f], minlength=len(city.sites))
    taken_kg *= growth
    whole_kg = taken_kg.sum(1)
    capacity_kg = city.sites.capacity_kg_per_year
    over = whole_kg > capacity_kg
    taken_kg[over] *= (capacity_kg[over] / whole_kg[over])[:, None]
    return taken_kg


def _takes(city: City) -> NDArray[np.bool_]:
    """Whether each site takes each fraction, shape (sites, fractions)."""
    return np.array([[f in taken for f in city.fractions] for taken in city.sites.takes], bool)


def _terms(city: City) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The share willing to bring each fraction, and what it is paid per kg."""
    terms = [city.counter[fraction] for fraction in city.fractions]
    willing_share = np.array([willing(c, c.buyback_minor_per_kg) for c in terms], float)
    return willing_share, np.array([c.buyback_minor_per_kg for c in terms], float)


@njit(cache=True)
def _best(start, site, gain, is_open):  # pragma: no cover - compiled
    chosen = np.full(len(start) - 1, NEVER, np.int64)
    for i in range(len(chosen)):
        best = -1.0
        for p in range(start[i], start[i + 1]):
            if gain[p] > best and is_open[site[p]]:
                best = gain[p]
                chosen[i] = p
    return chosen
