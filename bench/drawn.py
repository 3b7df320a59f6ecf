"""Whole cities drawn by chance: any number of blocks and collection points, from a seed."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ainalym import examples, read
from ainalym.model.city import City
from ainalym.model.place import Places, SiteKind, Sites, SiteStatus

MIDDLE = (76.90, 43.24)
"""Longitude and latitude of the middle of the city."""

M_PER_DEGREE = (81_100.0, 111_200.0)
"""Metres of a degree of longitude and of latitude there."""

RADIUS_M = 10_000.0
"""How far most people live from the middle."""

TOWNS = 7
"""Dense quarters, beside what lies spread around the middle."""

SHARE_OF_TOWNS = 0.6
"""Share of the blocks that lies in them."""

YARDS = (
    (9_500_000, 2_000_000, 1_500_000.0, 2.5),
    (5_200_000, 1_700_000, 750_000.0, 1.5),
    (2_800_000, 950_000, 300_000.0, 1.0),
)
"""Kinds of points: investment, fixed cost a year at the edge of the city, kg a year, jobs."""

DEARER = 0.8
"""By which share a point costs more a year in the middle than at the edge."""


def drawn_city(places: int, points: int, *, stations: int = 12, seed: int = 0) -> City:
    """Draw a city, with the shipped one's people, recipes, prices, programme and takers.

    Parameters
    ----------
    places, points, stations
        How many blocks, and how many candidates for points and stations, all at least 1.
    seed
        The same one draws the same city.

    Returns
    -------
    A city without faults, of five fractions with their grades, eight years and a budget.
    """
    shipped = read(examples()["almaty"])
    chance = np.random.default_rng(seed)
    towns_m = chance.normal(0.0, 0.55 * RADIUS_M, (TOWNS, 2))
    spot_m = _blocks(chance, towns_m, places)
    people = chance.lognormal(0.0, 0.7, places)
    people *= shipped.places.residents.sum() / people.sum()
    waste = shipped.places.waste_kg_per_day.sum(0) / shipped.places.residents.sum()
    lon, lat = _degrees(spot_m)
    blocks = Places(
        id=tuple(f"b{k:05d}" for k in range(places)),
        lon=lon,
        lat=lat,
        residents=np.round(people),
        fractions=shipped.fractions,
        waste_kg_per_day=np.round(np.round(people)[:, None] * waste, 2),
        district=("",) * places,
    )
    beside = chance.choice(places, points, replace=points > places, p=people / people.sum())
    point_m = spot_m[beside] + chance.normal(0.0, 60.0, (points, 2))
    sites = _sites(shipped.sites, chance, point_m, _edge(chance, stations))
    about = f"Drawn, {places} blocks and {points} points"
    return replace(shipped, name=about, places=blocks, sites=sites, outline="", assumptions=())


def _blocks(chance: np.random.Generator, towns_m: NDArray, count: int) -> NDArray[np.float64]:
    """Where blocks lie, metres east and north of the middle, shape (count, 2)."""
    town = chance.integers(0, len(towns_m), count)
    near_m = towns_m[town] + chance.normal(0.0, 0.2 * RADIUS_M, (count, 2))
    wide_m = chance.normal(0.0, 0.6 * RADIUS_M, (count, 2))
    return np.where(chance.random((count, 1)) < SHARE_OF_TOWNS, near_m, wide_m)


def _edge(chance: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Where stations may stand: around the city, some nearer and some farther."""
    angle = (np.arange(count) + chance.random(count)) * (2 * np.pi / count)
    far_m = RADIUS_M * chance.uniform(0.4, 1.3, count)
    return np.column_stack([np.cos(angle), np.sin(angle)]) * far_m[:, None]


def _degrees(spot_m: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    spot = np.round(spot_m / M_PER_DEGREE + MIDDLE, 5)
    return spot[:, 0], spot[:, 1]


def _sites(
    shipped: Sites, chance: np.random.Generator, point_m: NDArray, station_m: NDArray
) -> Sites:
    """Points and stations of the draw, and the shipped plants, landfill and stockpile."""
    points, stations = len(point_m), len(station_m)
    kept = np.flatnonzero([k not in (SiteKind.POINT, SiteKind.STATION) for k in shipped.kind])
    kind = chance.integers(0, len(YARDS), points)
    capex, fixed, capacity_kg, jobs = np.array(YARDS).T[:, kind]
    is_near = np.exp(-np.hypot(*point_m.T) / RADIUS_M)
    fixed = np.round(fixed * (1.0 + DEARER * is_near), -4)
    far = np.hypot(*station_m.T) / RADIUS_M
    ground = np.round(50_000_000 * (1.5 - 0.7 * far), -6)
    money = 100  # minor units
    lon, lat = _degrees(np.vstack([point_m, station_m]))
    fractions = next(taken for taken in shipped.takes if taken)
    names = (
        *(f"pt-{k:04d}" for k in range(points)),
        *(f"st-{k:02d}" for k in range(stations)),
    )
    new = points + stations
    return Sites(
        id=(*names, *(shipped.id[k] for k in kept)),
        name=(*names, *(shipped.name[k] for k in kept)),
        kind=(
            *(SiteKind.POINT,) * points,
            *(SiteKind.STATION,) * stations,
            *(shipped.kind[k] for k in kept),
        ),
        status=(*(SiteStatus.CANDIDATE,) * new, *(shipped.status[k] for k in kept)),
        lon=np.append(lon, shipped.lon[kept]),
        lat=np.append(lat, shipped.lat[kept]),
        capex_minor=np.concatenate([capex * money, ground * money, shipped.capex_minor[kept]]),
        fixed_minor_per_year=np.concatenate(
            [fixed * money, 0.2 * ground * money, shipped.fixed_minor_per_year[kept]]
        ),
        capacity_kg_per_year=np.concatenate(
            [capacity_kg, np.full(stations, np.inf), shipped.capacity_kg_per_year[kept]]
        ),
        stock_kg=np.append(np.zeros(new), shipped.stock_kg[kept]),
        holds=(*("",) * new, *(shipped.holds[k] for k in kept)),
        takes=(*(fractions,) * points, *(((),) * stations), *(shipped.takes[k] for k in kept)),
        jobs=np.concatenate([jobs, np.full(stations, 4.0), shipped.jobs[kept]]),
    )
