"""Where people live: official district totals spread over buildings and residential roads."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from ainalym.city.districts import Districts
from ainalym.city.extract import Extract
from ainalym.city.roads import flat_m
from ainalym.model.city import Assumption
from ainalym.units import split

ROADS, FLOORS, BLEND = "roads", "floors", "blend"
"""Ways to weigh where people live: by residential roads, by floor area, by half of each."""

LARGEST_CELL_M, SMALLEST_CELL_M, CELL_STEP_M = 1000, 50, 10
FULL_M2_PER_RESIDENT = 10.0
"""With less floor area mapped than this, buildings are missing, and roads stand in for them."""

SEEN_CELL_M = 500.0
SEEN_SHARE = 0.5
"""A district with anything mapped in less than half of its 500 m squares is called incomplete."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Settled:
    """Blocks and how many people live in each, by each way to weigh.

    Attributes
    ----------
    lon, lat
        Degrees, rounded to about 10 cm.
    district
        Name of each block's district.
    residents
        Whole people by way to weigh: `roads`, `floors`, `blend`.
    cell_m
        Side of the square that one block covers.
    notes
        What was assumed.
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    district: tuple[str, ...]
    residents: dict[str, NDArray[np.int64]]
    cell_m: int
    notes: tuple[Assumption, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Pieces:
    """Buildings and pieces of street, with the share of their district's people in each way."""

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    district: NDArray[np.int64]
    share: dict[str, NDArray[np.float64]]


def settle(districts: Districts, extract: Extract, blocks: int) -> Settled:
    """Spread each district's residents over squares, to the last person.

    Squares are as large as they may be for at least `blocks` of them to be lived in, 50 m at
    the least. Where the map shows few buildings for a district's residents, the residents it
    has no room for are spread along residential roads; along all roads where none of them is
    residential; and over the whole area where there is no road at all.

    Parameters
    ----------
    districts
        Outlines and official totals.
    extract
        Buildings and streets.
    blocks
        How many blocks to make at least, 1 or more.
    """
    pieces, notes = _weigh(districts, extract)
    low, high = SMALLEST_CELL_M // CELL_STEP_M, LARGEST_CELL_M // CELL_STEP_M
    best = _cut(districts, pieces, SMALLEST_CELL_M)
    while low < high:
        middle = (low + high + 1) // 2
        tried = _cut(districts, pieces, middle * CELL_STEP_M)
        if np.count_nonzero(tried.residents[BLEND]) >= blocks:
            low, best = middle, tried
        else:
            high = middle - 1
    return Settled(
        lon=best.lon,
        lat=best.lat,
        district=best.district,
        residents=best.residents,
        cell_m=best.cell_m,
        notes=(*_notes(best, districts, extract), *notes),
    )


def _weigh(districts: Districts, extract: Extract) -> tuple[_Pieces, list[Assumption]]:
    """Give each building and piece of street its share of its district, in each way."""
    lons = [extract.home_lon, extract.street_lon]
    lats = [extract.home_lat, extract.street_lat]
    homes = districts.find(extract.home_lon, extract.home_lat)
    streets = districts.find(extract.street_lon, extract.street_lat)
    floor, road = np.zeros(len(homes)), np.zeros(len(streets))
    bare: list[NDArray] = []
    notes: list[Assumption] = []
    trusted = np.zeros(len(districts.name))
    for k, name in enumerate(districts.name):
        here, along = homes == k, streets == k
        floor_m2 = float(extract.home_m2[here].sum())
        need_m2 = FULL_M2_PER_RESIDENT * max(1, int(districts.residents[k]))
        trusted[k] = min(1.0, floor_m2 / need_m2)
        if floor_m2:
            floor[here] = extract.home_m2[here] / floor_m2
        if np.any(along & extract.street_is_home):
            along &= extract.street_is_home
        if np.any(along):
            road[along] = extract.street_m[along] / extract.street_m[along].sum()
        elif not floor_m2:
            bare.append(spots := _spread(districts, k))
            notes.append(_note(f"{name}: residents", "spread over its area", _BARE, extract))
            lons.append(spots[:, 0])
            lats.append(spots[:, 1])
        else:
            trusted[k] = 1.0
        notes += _notes_of_district(districts, extract, k, trusted[k], here, streets == k)
    district = np.concatenate(
        [homes, streets, *(districts.find(spots[:, 0], spots[:, 1]) for spots in bare)]
    )
    even = np.concatenate([np.full(len(spots), 1 / len(spots)) for spots in bare] or [[]])
    trust = trusted[homes]
    by_road = np.concatenate([np.zeros(len(homes)), road, even])
    roadless = np.isin(homes, np.setdiff1d(homes, streets))
    by_road[: len(homes)][roadless] = floor[roadless]
    by_floor = np.concatenate([trust * floor, (1 - trusted[streets]) * road, even])
    share = {ROADS: by_road, FLOORS: by_floor, BLEND: (by_road + by_floor) / 2}
    inside = (district >= 0) & (share[BLEND] > 0)
    pieces = _Pieces(
        np.concatenate(lons)[inside],
        np.concatenate(lats)[inside],
        district[inside],
        {way: values[inside] for way, values in share.items()},
    )
    return pieces, notes


def _spread(districts: Districts, k: int) -> NDArray[np.float64]:
    """Lay positions over a district on a grid of about 200 m, at least one."""
    outline = districts.shape[k]
    west, south, east, north = outline.bounds
    step = 200 / 111_195
    wide = step / np.cos(np.radians((south + north) / 2))
    lon, lat = np.meshgrid(
        np.arange(west + wide / 2, east, wide), np.arange(south + step / 2, north, step)
    )
    spots = np.column_stack([lon.ravel(), lat.ravel()])
    found = spots[districts.find(spots[:, 0], spots[:, 1]) == k]
    if len(found):
        return found
    middle = shapely.point_on_surface(outline)
    return np.array([[middle.x, middle.y]])


def _cut(districts: Districts, pieces: _Pieces, cell_m: int) -> Settled:
    """Gather pieces into squares of one size and rake them to the district totals."""
    west, south, _, north = districts.box()
    plane = flat_m(pieces.lon - west, pieces.lat - south, (south + north) / 2)
    east, up = np.floor(plane / cell_m).astype(np.int64).T
    keys = np.column_stack([pieces.district, up, east])
    cells, cell = np.unique(keys, axis=0, return_inverse=True)
    cell = cell.ravel()
    count = len(cells)
    residents = {}
    for way, share in pieces.share.items():
        weight = np.bincount(cell, share, count)
        people = np.zeros(count, np.int64)
        for k, total in enumerate(districts.residents):
            rows = np.flatnonzero(cells[:, 0] == k)
            if total and len(rows):
                people[rows] = split(int(total), weight[rows].tolist())
        residents[way] = people
    weight = pieces.share[BLEND]
    mass = np.bincount(cell, weight, count)
    lon = np.bincount(cell, weight * pieces.lon, count) / mass
    lat = np.bincount(cell, weight * pieces.lat, count) / mass
    lived = np.any([people > 0 for people in residents.values()], axis=0)
    return Settled(
        lon=np.round(lon[lived], 6),
        lat=np.round(lat[lived], 6),
        district=tuple(districts.name[k] for k in cells[lived, 0]),
        residents={way: people[lived] for way, people in residents.items()},
        cell_m=cell_m,
        notes=(),
    )


_BARE = "no building and no road of it is in the extract"


def _note(name: str, value: str, why: str, extract: Extract, unit: str = "") -> Assumption:
    return Assumption(
        name=name,
        value=value,
        low="",
        high="",
        unit=unit,
        year=extract.newest[:4],
        source=f"{extract.file}: {why}",
        confidence="low; needs local value",
    )


def _notes(settled: Settled, districts: Districts, extract: Extract) -> Iterator[Assumption]:
    yield Assumption(
        name="residents by district",
        value=str(int(districts.residents.sum())),
        low="",
        high="",
        unit="people",
        year="",
        source=districts.source,
        confidence="as given",
    )
    why = (
        "floor area and residential road length, half each, raked to district totals; "
        "scenarios roads and floors take one of the two"
    )
    yield _note("residents by block", f"{settled.cell_m}", why, extract, "m, side of a block")
    why = (
        f"where not tagged, {FULL_M2_PER_RESIDENT:g} m2 a resident mapped counts as complete, "
        "blocks of flats have 5 levels, other homes of 300 m2 and more 5, the rest 1"
    )
    yield _note("levels of buildings", "1 or 5", why, extract, "levels")


def _notes_of_district(
    districts: Districts,
    extract: Extract,
    k: int,
    trusted: float,
    homes: NDArray[np.bool_],
    streets: NDArray[np.bool_],
) -> Iterator[Assumption]:
    """Say what of a district is missing from the extract."""
    name = districts.name[k]
    if trusted < SEEN_SHARE and np.any(streets):
        why = (
            f"buildings of {name} are mapped for {trusted:.0%} of its residents; the rest is "
            "spread along its roads"
        )
        yield _note(f"{name}: residents with a mapped building", f"{trusted:.2f}", why, extract)
    lon = np.concatenate([extract.home_lon[homes], extract.street_lon[streets]])
    lat = np.concatenate([extract.home_lat[homes], extract.street_lat[streets]])
    outline = districts.shape[k]
    west, south, _, north = outline.bounds
    middle = (south + north) / 2
    seen = len(np.unique(np.floor(flat_m(lon - west, lat - south, middle) / SEEN_CELL_M), axis=0))
    area_m2 = outline.area * float(np.prod(flat_m([1.0], [1.0], middle)))
    squares = max(1.0, area_m2 / SEEN_CELL_M**2)
    if (share := min(1.0, seen / squares)) < SEEN_SHARE:
        part = _missing_side(outline, lon, lat)
        why = f"anything is mapped in {share:.0%} of {name}'s 500 m squares{part}"
        yield _note(f"{name}: share of its area in the extract", f"{share:.2f}", why, extract)


def _missing_side(outline: shapely.Geometry, lon: NDArray, lat: NDArray) -> str:
    """Say on which side the mapped part ends well before the outline does."""
    if not len(lon):
        return ""
    west, south, east, north = outline.bounds
    gaps = {
        "west": (lon.min() - west) / (east - west),
        "east": (east - lon.max()) / (east - west),
        "south": (lat.min() - south) / (north - south),
        "north": (north - lat.max()) / (north - south),
    }
    missing = [side for side, gap in gaps.items() if gap > 0.15]
    return f"; its {' and '.join(missing)} is missing" if missing else ""
