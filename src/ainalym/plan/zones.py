"""Zones of a city: what the joint bound lumps together, without ever claiming too little.

Places are lumped into clusters, and clusters into zones. From a zone to a station it counts as
far as from the nearest point its people can reach; what a point lies further away than that is
charged to each place that brings there. So hauling is never over-estimated, and the bound holds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ainalym.model.city import City
from ainalym.model.place import SiteKind
from ainalym.model.process import LOSS
from ainalym.model.travel import Travel
from ainalym.plan.households import Pairs
from ainalym.units import KG_PER_T, M_PER_KM

PROFILES_MAX = 8
"""Up to this many different mixes in a cluster are kept as such; more become single fractions."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Zones:
    """Places lumped into clusters, clusters into zones, and what pairs bring by mix.

    Attributes
    ----------
    cluster
        The cluster of each place, shape (places,).
    zone
        The zone of each cluster, shape (clusters,).
    haul_m
        Metres from each zone to each site, never more than from any point its people can
        reach, shape (zones, sites).
    profile_cluster, profile_share
        Mixes of fractions: the cluster each belongs to, shape (profiles,), and its shares,
        shape (profiles, fractions).
    profile_rank
        The number of each mix within its cluster, shape (profiles,).
    part_t
        What each pair brings in the first year of each mix of its cluster, by number, shape
        (pairs, ranks).
    mass_t
        What each pair brings in the first year, by fraction, shape (pairs, fractions).
    extra_t_km
        What each pair's point lies further out than its zone, times what is hauled, shape
        (pairs,).
    """

    cluster: NDArray[np.int64]
    zone: NDArray[np.int64]
    haul_m: NDArray[np.float64]
    profile_cluster: NDArray[np.int64]
    profile_share: NDArray[np.float64]
    profile_rank: NDArray[np.int64]
    part_t: NDArray[np.float64]
    mass_t: NDArray[np.float64]
    extra_t_km: NDArray[np.float64]


def zones_of(
    city: City, travel: Travel, pairs: Pairs, *, clusters: int = 96, zones: int = 40
) -> Zones:
    """Lump a city's places into clusters and zones.

    Parameters
    ----------
    city, travel, pairs
        A city, its distances, and who can bring what where.
    clusters, zones
        About how many of each, 1 or more; more are slower and tighter.
    """
    place = np.repeat(np.arange(len(city.places)), np.diff(pairs.start))
    mass_t = pairs.mass_kg / KG_PER_T
    reachable = np.unique(place)
    cluster = np.zeros(len(city.places), np.int64)
    lon = city.places.lon * np.cos(np.radians(city.places.lat.mean()))
    spot = np.column_stack([lon, city.places.lat])
    cluster[reachable] = group(spot[reachable], clusters)
    count = int(cluster.max(initial=0)) + 1
    centre = np.array([spot[reachable][cluster[reachable] == c].mean(0) for c in range(count)])
    zone = group(centre, zones)
    haul_m, extra_m = _hauls(city, travel, pairs, zone[cluster[place]])
    hauled = np.array([_hauled_share(city, f) for f in city.fractions])
    profile_cluster, profile_share, profile_rank, part_t = _profiles(mass_t, cluster[place], count)
    return Zones(
        cluster=cluster,
        zone=zone,
        haul_m=haul_m,
        profile_cluster=profile_cluster,
        profile_share=profile_share,
        profile_rank=profile_rank,
        part_t=part_t,
        mass_t=mass_t,
        extra_t_km=(mass_t @ hauled) * extra_m / M_PER_KM,
    )


def group(spot: NDArray[np.float64], parts: int) -> NDArray[np.int64]:
    """Split spots into about `parts` groups of equal size, always across the longer side.

    Parameters
    ----------
    spot
        Positions, shape (spots, 2).
    parts
        How many groups, 1 or more.

    Returns
    -------
    The group of each spot, counted from 0.
    """
    label = np.zeros(len(spot), np.int64)
    heap = [np.arange(len(spot))]
    while len(heap) < parts:
        heap.sort(key=len)
        rows = heap.pop()
        if len(rows) < 2:
            heap.append(rows)
            break
        side = int(np.argmax(np.ptp(spot[rows], axis=0)))
        rows = rows[np.argsort(spot[rows, side], kind="stable")]
        heap += [rows[: len(rows) // 2], rows[len(rows) // 2 :]]
    for k, rows in enumerate(sorted(heap, key=lambda r: tuple(spot[r].mean(0)) if len(r) else ())):
        label[rows] = k
    return label


def _hauls(
    city: City, travel: Travel, pairs: Pairs, zone: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least metres from each zone to each site, and what each pair adds whatever the target."""
    kinds = (SiteKind.STATION, SiteKind.LANDFILL)
    target = np.concatenate([city.sites.rows(kind) for kind in kinds])
    way_m = travel.haul_m[pairs.site][:, target]
    least_m = np.full((int(zone.max(initial=0)) + 1, len(target)), np.inf)
    np.minimum.at(least_m, zone, way_m)
    with np.errstate(invalid="ignore"):
        further_m = way_m - least_m[zone]
    further_m[~np.isfinite(further_m)] = np.inf
    extra_m = further_m.min(axis=1, initial=np.inf)
    extra_m[~np.isfinite(extra_m)] = 0.0
    haul_m = np.full((len(least_m), len(city.sites)), np.inf)
    haul_m[:, target] = least_m
    return haul_m, extra_m


def _hauled_share(city: City, fraction: str) -> float:
    """The least share of a fraction that leaves a point, whatever is done with it there."""
    shares = [1.0]
    for process in city.processes:
        if process.at is SiteKind.POINT and fraction in process.recipe_ppm:
            shares.append(1.0 - process.share(fraction, LOSS))
    return min(shares)


def _profiles(mass_t: NDArray, cluster: NDArray[np.int64], count: int) -> tuple[NDArray, ...]:
    """Mixes whose cone holds what every pair of a cluster brings, and each pair's own parts."""
    total = mass_t.sum(1)
    share = np.round(mass_t / np.maximum(total, 1e-300)[:, None], 9)
    distinct, inverse = np.unique(np.column_stack([cluster, share]), axis=0, return_inverse=True)
    owner = distinct[:, 0].astype(np.int64)
    first = np.searchsorted(owner, np.arange(count + 1))
    owners, mixes, ranks = [], [], []
    for c in range(count):
        found = distinct[first[c] : first[c + 1], 1:]
        if len(found) > PROFILES_MAX:
            found = np.eye(mass_t.shape[1])
        owners += [c] * len(found)
        mixes.append(found)
        ranks += range(len(found))
    parts = np.zeros((len(mass_t), max(ranks, default=0) + 1))
    few = np.diff(first)[cluster] <= PROFILES_MAX
    rank = inverse.ravel() - first[cluster]
    parts[few, rank[few]] = total[few]
    if not few.all():
        parts[~few, : mass_t.shape[1]] = mass_t[~few]
    mix = np.vstack(mixes) if mixes else np.zeros((0, mass_t.shape[1]))
    return np.array(owners, np.int64), mix, np.array(ranks, np.int64), parts
