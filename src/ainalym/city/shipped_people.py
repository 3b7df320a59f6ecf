"""Where people live and what premises stand beside them, drawn from totals by district.

Nothing here is surveyed: a district's residents are laid out on a grid of blocks within the
rectangles that stand for its built-up quarters, always alike for the same seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, exp, hypot, radians
from random import Random

from ainalym.city.facts import Facts
from ainalym.city.roads import EARTH_M
from ainalym.units import split

SEED = 2003
M_PER_DEGREE = EARTH_M * radians(1.0)
MIDDLE_LAT = 43.25
JITTER = 0.15
"""How far a block is moved off its crossing, as a share of the grid's mesh."""

STEP_BACK_M = (50.0, 130.0)
"""A premise lies this far from the middle of its block."""

APART_M = 400.0
"""Candidate points are at least this far apart where there is room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarter:
    """A rectangle of built-up land in degrees."""

    west: float
    south: float
    east: float
    north: float

    @property
    def wide_m(self) -> float:
        """From west to east."""
        return (self.east - self.west) * M_PER_DEGREE * cos(radians(MIDDLE_LAT))

    @property
    def high_m(self) -> float:
        """From south to north."""
        return (self.north - self.south) * M_PER_DEGREE

    @property
    def ring(self) -> list[list[float]]:
        """The outline as GeoJSON wants it: anticlockwise, closed."""
        w, s, e, n = self.west, self.south, self.east, self.north
        return [[w, s], [e, s], [e, n], [w, n], [w, s]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of houses."""

    district: str
    lon: float
    lat: float
    residents: int
    even: int
    """Residents if all blocks of the district were alike."""
    dense: int
    """Residents if people crowded towards the middle of the city."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Premise:
    """One room a small business could rent for a point."""

    district: str
    lon: float
    lat: float
    draw: float
    """A number in [0, 1) that decides what kind it is."""
    rent: float
    """Its rent relative to the district's, around 1."""


def quarters(facts: Facts, district: str) -> list[Quarter]:
    """Read the rectangles of a district.

    Parameters
    ----------
    facts
        Holds `quarter_<district>`, `quarter_<district>_2`, and so on.
    district
        Its name in lower case.
    """
    names = [f"quarter_{district}", *(f"quarter_{district}_{k}" for k in range(2, 9))]
    boxes = [facts.numbers(name) for name in names if facts.has(name)]
    return [Quarter(west=w, south=s, east=e, north=n) for w, s, e, n in boxes]


def lay_out(facts: Facts, residents: dict[str, int], count: int) -> list[Block]:
    """Lay out the blocks of a city.

    Parameters
    ----------
    facts
        Gives the quarters and how unequal blocks are.
    residents
        People of each district; met to the last person.
    count
        How many blocks, shared out by residents.
    """
    chance = Random(SEED)
    spread, fall_m = facts.number("block_spread"), facts.number("density_fall")
    shares = split(count, list(residents.values()))
    spots = {
        district: _spots(quarters(facts, district), blocks, chance)
        for district, blocks in zip(residents, shares, strict=True)
    }
    middle = _middle([spot for found in spots.values() for spot in found])
    laid: list[Block] = []
    for district, people in residents.items():
        found = spots[district]
        near = [exp(-_apart_m(spot, middle) / fall_m) for spot in found]
        # The sum of four even draws is close enough to a bell, and the same on every machine.
        drawn = [exp(spread * 1.7 * (sum(chance.random() for _ in range(4)) - 2)) for _ in found]
        weights = {
            "residents": [d * n for d, n in zip(drawn, near, strict=True)],
            "even": [1.0] * len(found),
            "dense": [d * n**3 for d, n in zip(drawn, near, strict=True)],
        }
        heads = {way: split(people, weight) for way, weight in weights.items()}
        laid.extend(
            Block(
                district=district.capitalize(),
                lon=spot[0],
                lat=spot[1],
                **{way: heads[way][k] for way in heads},
            )
            for k, spot in enumerate(found)
        )
    return laid


def premises(blocks: Sequence[Block], residents: dict[str, int], count: int) -> list[Premise]:
    """Draw premises beside blocks, more where more people live, and not on top of each other.

    Parameters
    ----------
    blocks
        As `lay_out` made them.
    residents
        People of each district; premises are shared out like them.
    count
        How many to draw.
    """
    chance = Random(SEED + 1)
    taken: list[tuple[float, float]] = []
    drawn: list[Premise] = []
    for district, wanted in zip(residents, split(count, list(residents.values())), strict=True):
        pool = [b for b in blocks if b.district == district.capitalize()]
        # Each block draws a ticket; the more residents, the sooner its turn.
        tickets = [
            (-(chance.random() ** (1.0 / max(b.residents, 1))), k) for k, b in enumerate(pool)
        ]
        turn = [pool[k] for _, k in sorted(tickets)]
        for block in _apart(turn, taken, wanted):
            away_m = STEP_BACK_M[0] + chance.random() * (STEP_BACK_M[1] - STEP_BACK_M[0])
            east = away_m if chance.random() < 0.5 else -away_m
            lon = block.lon + east / (M_PER_DEGREE * cos(radians(MIDDLE_LAT)))
            drawn.append(
                Premise(
                    district=block.district,
                    lon=round(lon, 5),
                    lat=round(block.lat + (chance.random() - 0.5) * 100.0 / M_PER_DEGREE, 5),
                    draw=chance.random(),
                    rent=0.8 + 0.4 * chance.random(),
                )
            )
    return drawn


def _spots(boxes: list[Quarter], count: int, chance: Random) -> list[tuple[float, float]]:
    """Put so many blocks on the crossings of a grid in each rectangle."""
    spots = []
    areas = [box.wide_m * box.high_m for box in boxes]
    for box, n, area in zip(boxes, split(count, areas), areas, strict=True):
        mesh = (area / max(n, 1)) ** 0.5
        columns = max(1, round(box.wide_m / mesh))
        rows = max(1, -(-n // columns))
        cells = [(i, j) for j in range(rows) for i in range(columns)]
        # Parks and yards: a few crossings too many are left free at random.
        kept = sorted(sorted(cells, key=lambda cell: chance.random())[:n], key=cells.index)
        for i, j in kept:
            across = (i + 0.5 + JITTER * (2 * chance.random() - 1)) / columns
            up = (j + 0.5 + JITTER * (2 * chance.random() - 1)) / rows
            lon = box.west + across * (box.east - box.west)
            lat = box.south + up * (box.north - box.south)
            spots.append((round(lon, 5), round(lat, 5)))
    return spots


def _apart(turn: Sequence[Block], taken: list[tuple[float, float]], wanted: int) -> list[Block]:
    """Take blocks in turn that are far enough from those taken, then nearer ones if need be."""
    chosen: list[Block] = []
    for apart_m in (APART_M, APART_M / 2, 0.0):
        for block in turn:
            if len(chosen) == wanted:
                return chosen
            spot = (block.lon, block.lat)
            if block not in chosen and all(_apart_m(spot, t) >= apart_m for t in taken):
                chosen.append(block)
                taken.append(spot)
    return chosen


def _apart_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    east = (one[0] - other[0]) * M_PER_DEGREE * cos(radians(MIDDLE_LAT))
    return hypot(east, (one[1] - other[1]) * M_PER_DEGREE)


def _middle(spots: Sequence[tuple[float, float]]) -> tuple[float, float]:
    lon, lat = (sorted(column) for column in zip(*spots, strict=True))
    return lon[len(lon) // 2], lat[len(lat) // 2]
