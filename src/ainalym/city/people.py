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


COMPASS = (
    *("north", "north-east", "east", "south-east"),
    *("south", "south-west", "west", "north-west"),
)


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
    pieces, trusted, notes = _weigh(districts, extract)
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
        notes=(
            *_notes(best, districts, extract),
            *_notes_of_hidden(districts, extract, trusted),
            *notes,
        ),
    )


def _weigh(
    districts: Districts, extract: Extract
) -> tuple[_Pieces, NDArray[np.float64], list[Assumption]]:
    """Give each building and piece of street its share of its district, in each way.

    Tells besides which share of each district's residents have a mapped building.
    """
    home_at = districts.find(extract.home_lon, extract.home_lat)
    street_at = districts.find(extract.street_lon, extract.street_lat)
    parts, trusted, notes = [], [], []
    for k in range(len(districts.name)):
        part, share, said = _weigh_district(districts, extract, k, home_at == k, street_at == k)
        parts.append(part)
        trusted.append(share)
        notes += said
    shares = {way: np.concatenate([part.share[way] for part in parts]) for way in (ROADS, FLOORS)}
    shares[BLEND] = (shares[ROADS] + shares[FLOORS]) / 2
    used = shares[BLEND] > 0
    columns = (
        np.concatenate([getattr(part, name) for part in parts])[used]
        for name in ("lon", "lat", "district")
    )
    pieces = _Pieces(*columns, {way: values[used] for way, values in shares.items()})
    return pieces, np.array(trusted), notes


def _weigh_district(
    districts: Districts, extract: Extract, k: int, here: NDArray, along: NDArray
) -> tuple[_Pieces, float, list[Assumption]]:
    """Weigh the buildings (`here`) and pieces of street (`along`) of one district."""
    floor, road = extract.home_m2[here], extract.street_m[along]
    if np.any(at_home := extract.street_is_home[along]):
        road = road * at_home
    need_m2 = FULL_M2_PER_RESIDENT * max(1, int(districts.residents[k]))
    mapped = min(1.0, float(floor.sum()) / need_m2)
    trusted = mapped if len(road) else 1.0
    notes = list(_notes_of_district(districts, extract, k, mapped, here, along))
    if not floor.sum() and not len(road):
        spots = _spread(districts, k)
        even = np.full(len(spots), 1 / len(spots))
        pieces = _Pieces(*spots.T, np.full(len(spots), k), {ROADS: even, FLOORS: even})
        why = "no building and no road of it is in the extract"
        note = _note(f"{districts.name[k]}: residents", "spread over its area", why, extract)
        return pieces, mapped, [note, *notes]
    floor = floor / (floor.sum() or 1.0)
    road = road / (road.sum() or 1.0)
    by_road = np.concatenate([np.zeros(len(floor)) if len(road) else floor, road])
    by_floor = np.concatenate([trusted * floor, (1 - trusted) * road])
    lon = np.concatenate([extract.home_lon[here], extract.street_lon[along]])
    lat = np.concatenate([extract.home_lat[here], extract.street_lat[along]])
    pieces = _Pieces(lon, lat, np.full(len(lon), k), {ROADS: by_road, FLOORS: by_floor})
    return pieces, mapped, notes


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


def _notes_of_hidden(
    districts: Districts, extract: Extract, mapped: NDArray[np.float64]
) -> Iterator[Assumption]:
    """Say which part of the city the extract hardly shows, and on which side it lies."""
    hidden = np.flatnonzero(mapped < SEEN_SHARE)
    if not len(hidden):
        return
    names = ", ".join(districts.name[k] for k in hidden)
    share = districts.residents[hidden].sum() / districts.residents.sum()
    why = f"the extract shows buildings for less than half of their residents ({share:.0%} of all)"
    if len(hidden) < len(districts.name):
        spots = np.array([(s.centroid.x, s.centroid.y) for s in districts.shape])
        plane = flat_m(spots[:, 0], spots[:, 1], float(spots[:, 1].mean()))
        rest = np.setdiff1d(np.arange(len(spots)), hidden)
        east, north = plane[hidden].mean(axis=0) - plane[rest].mean(axis=0)
        turn = round(float(np.arctan2(east, north)) / (np.pi / 4)) % 8
        why += f"; most of the {COMPASS[turn]} of the city is missing"
    yield _note("districts the extract hardly shows", names, why, extract)


def _notes_of_district(
    districts: Districts,
    extract: Extract,
    k: int,
    mapped: float,
    homes: NDArray[np.bool_],
    streets: NDArray[np.bool_],
) -> Iterator[Assumption]:
    """Say what of a district is missing from the extract."""
    name = districts.name[k]
    if mapped < SEEN_SHARE and np.any(streets):
        why = (
            f"buildings of {name} are mapped for {mapped:.0%} of its residents; the rest is "
            "spread along its roads"
        )
        yield _note(f"{name}: residents with a mapped building", f"{mapped:.2f}", why, extract)
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
