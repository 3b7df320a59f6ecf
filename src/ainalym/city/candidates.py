"""Where points and stations could stand: premises, street corners, industrial land, rail yards."""

import heapq
from collections.abc import Sequence
from dataclasses import replace
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ainalym.city.districts import Districts
from ainalym.city.extract import Extract, Spot
from ainalym.city.people import BLEND, Settled
from ainalym.city.roads import REACH_M, flat_m, joined_nodes, road_gap_m

SPREAD_M = 1000.0
"""Points are spread for ways up to this, however far people may walk."""

CORNER = "street corner"
CORNER_RANK = 2
CORNER_CELL_M = 300.0
"""At most one street corner is offered in each square of this side."""

WORTH_OF_RANK = (1.0, 0.8, 0.6)
"""How much of the residents' way saved counts when a premise suits less: a preference of ours."""

SMALLEST_PLOT_M2 = 2000.0
"""Smaller plots than this, where their outline is known, hold no sorting hall and its yard."""

STATION_APART_M = (3000.0, 1500.0, 800.0, 400.0)
OUTSIDE_DEGREES = 0.02
"""Plots up to about 2 km outside the districts are offered for stations."""


def walked_m(limit_m: float) -> float:
    """Tell how far a walk to a premise may be before a street corner stands in for it.

    Parameters
    ----------
    limit_m
        Nobody walks further than this, metres.
    """
    return min(limit_m, SPREAD_M)


def choose_points(
    districts: Districts, extract: Extract, settled: Settled, wanted: int, reach_m: float
) -> list[Spot]:
    """Choose premises where points could stand, spread so that most residents are near one.

    Greedy: each next one saves residents the longest way to the nearest chosen, counted up to
    `reach_m`. Street corners stand in only where no premise is within walking distance, and make
    up no greater share of the points than the residents there are of all, unless premises run
    out. Every point is within 500 m of a road.

    Parameters
    ----------
    districts, extract, settled
        Outlines, premises and roads, and where people live.
    wanted
        How many to choose; fewer when there are no more.
    reach_m
        Nobody walks further than this, metres.

    Source
    ------
    Nemhauser, Wolsey & Fisher 1978, Mathematical Programming 14:265, doi 10.1007/BF01588971: the
    greedy choice saves at least 1 - 1/e of what the best one would.
    """
    pool = [s for s in extract.premises if s.rank < CORNER_RANK]
    pool = _inside(pool, districts)
    pool = _on_road(pool, extract)
    reach_m = walked_m(reach_m)
    far = _far_share(pool, settled, reach_m)
    corners_at_most = max(ceil(far * wanted), wanted - len(pool))
    pool += _corners(pool, districts, extract, reach_m)
    pool.sort(key=lambda s: (s.rank, s.id))
    unique = list({(s.lon, s.lat): s for s in reversed(pool)}.values())[::-1]
    chosen = _greedy(unique, settled, wanted, corners_at_most, reach_m)
    return sorted(chosen, key=lambda s: (s.rank, s.id))


def choose_stations(districts: Districts, extract: Extract, wanted: int) -> list[Spot]:
    """Choose plots where stations could stand: what suits best first, then large and apart.

    Parameters
    ----------
    districts, extract
        Outlines, plots and roads.
    wanted
        How many to choose; fewer when there are no more that are 400 m apart.
    """
    near = replace(districts, shape=tuple(s.buffer(OUTSIDE_DEGREES) for s in districts.shape))
    pool = [s for s in extract.plots if not 0 < s.area_m2 < SMALLEST_PLOT_M2]
    pool = _on_road(_inside(pool, near), extract)
    within = {s.id for s in _inside(pool, districts)}
    pool.sort(key=lambda s: (s.rank, s.id not in within, -s.area_m2, s.id))
    spots = _plane(pool)
    chosen: list[int] = []
    for rank in sorted({s.rank for s in pool}):
        for apart_m in STATION_APART_M:
            for k, spot in enumerate(pool):
                if spot.rank != rank or k in chosen or len(chosen) >= wanted:
                    continue
                gaps = np.hypot(*(spots[chosen] - spots[k]).T)
                if not np.any(gaps < apart_m):
                    chosen.append(k)
    return [pool[k] for k in chosen]


def _plane(spots: Sequence[Spot], middle_lat: float | None = None) -> NDArray[np.float64]:
    if not spots:
        return np.empty((0, 2))
    lon, lat = np.array([(s.lon, s.lat) for s in spots]).T
    return flat_m(lon, lat, float(np.median(lat)) if middle_lat is None else middle_lat)


def _inside(spots: Sequence[Spot], districts: Districts) -> list[Spot]:
    if not spots:
        return []
    lon, lat = np.array([(s.lon, s.lat) for s in spots]).T
    return [s for s, k in zip(spots, districts.find(lon, lat), strict=True) if k >= 0]


def _on_road(spots: list[Spot], extract: Extract) -> list[Spot]:
    if not spots:
        return []
    lon, lat = np.array([(s.lon, s.lat) for s in spots]).T
    gap_m = road_gap_m(extract.roads, lon, lat)
    return [s for s, gap in zip(spots, gap_m, strict=True) if gap <= REACH_M]


def _far_share(premises: list[Spot], settled: Settled, reach_m: float) -> float:
    """Tell which share of the residents has no premise within walking distance."""
    people = settled.residents[BLEND]
    if not premises or not people.sum() > 0:
        return 1.0
    middle_lat = float(np.median(settled.lat))
    homes = flat_m(settled.lon, settled.lat, middle_lat)
    far = cKDTree(_plane(premises, middle_lat)).query(homes)[0] > reach_m
    return float(people[far].sum() / people.sum())


def _corners(
    premises: list[Spot], districts: Districts, extract: Extract, reach_m: float
) -> list[Spot]:
    """Offer street corners where no premise is near, at most one in each square."""
    roads = extract.roads
    rows = joined_nodes(roads)
    rows = rows[districts.find(roads.lon[rows], roads.lat[rows]) >= 0]
    middle_lat = float(np.median(roads.lat))
    plane = flat_m(roads.lon[rows], roads.lat[rows], middle_lat)
    if premises:
        far = cKDTree(_plane(premises, middle_lat)).query(plane)[0] > reach_m
        rows, plane = rows[far], plane[far]
    order = np.argsort(extract.node_id[rows])
    rows, square = rows[order], np.floor(plane[order] / CORNER_CELL_M).astype(np.int64)
    first = np.sort(np.unique(square, axis=0, return_index=True)[1])
    return [
        Spot(
            id=f"n{extract.node_id[k]}",
            name="",
            what=CORNER,
            lon=round(float(roads.lon[k]), 6),
            lat=round(float(roads.lat[k]), 6),
            rank=CORNER_RANK,
            area_m2=0.0,
        )
        for k in rows[first]
    ]


def _greedy(
    pool: list[Spot], settled: Settled, wanted: int, corners_at_most: int, reach_m: float
) -> list[Spot]:
    """Choose one after another what saves residents the most metres to the nearest chosen."""
    middle_lat = float(np.median(settled.lat))
    homes = cKDTree(flat_m(settled.lon, settled.lat, middle_lat))
    spots = _plane(pool, middle_lat)
    near = [np.array(rows, np.int64) for rows in homes.query_ball_point(spots, reach_m)]
    ways = [np.hypot(*(homes.data[rows] - spots[k]).T) for k, rows in enumerate(near)]
    best_m = np.full(len(settled.lon), reach_m)
    people = settled.residents[BLEND]

    def saved(k: int) -> float:
        gain = np.maximum(0.0, best_m[near[k]] - ways[k]) @ people[near[k]]
        return WORTH_OF_RANK[pool[k].rank] * float(gain)

    # Savings only shrink as more is chosen, so a stale one at the top is worth a second look.
    queue = [(-saved(k), k) for k in range(len(pool))]
    heapq.heapify(queue)
    chosen = []
    while queue and len(chosen) < wanted:
        _, k = heapq.heappop(queue)
        now = -saved(k)
        if queue and (now, k) > queue[0]:
            heapq.heappush(queue, (now, k))
            continue
        if pool[k].what == CORNER:
            if not corners_at_most:
                continue
            corners_at_most -= 1
        chosen.append(pool[k])
        best_m[near[k]] = np.minimum(best_m[near[k]], ways[k])
    return chosen
