"""The map as a picture: points where they lie, as large as their plan, filled by what they bought.

Drawn here, so that it needs no script and no network.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from ainalym.web.department.compared import Pair, tone_of

WIDE, MARGIN, SMALLEST, LARGEST = 720.0, 48.0, 9.0, 26.0
WHOLE_SHARE = 0.995
"""A disc filled so far is drawn whole."""

LABEL = 13.0
"""How far below its disc a name stands."""

M_PER_DEGREE = 111_195.0
"""Along a meridian, on a sphere of 6,371 km."""

BARS_M = (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)


class Spot(NamedTuple):
    """A site to be drawn; `pair` is None where only its place is shown."""

    id: str
    name: str
    lon: float
    lat: float
    pair: Pair | None


class Mark(NamedTuple):
    """A spot on the picture: its middle and radius, where its name stands, and what is filled."""

    spot: Spot
    x: str
    y: str
    radius: str
    below: str
    filled: str
    tone: str


class Picture(NamedTuple):
    """What a template draws: sizes and marks in picture units, and the bar of the scale."""

    wide: int
    high: int
    marks: list[Mark]
    stations: list[Mark]
    bar_units: int
    bar_km: float


def drawn(spots: Sequence[Spot], stations: Sequence[Spot]) -> Picture | None:
    """Lay sites out on a picture; None where there are none."""
    everything = [*spots, *stations]
    if not everything:
        return None
    lat = sum(one.lat for one in everything) / len(everything)
    narrow = math.cos(math.radians(lat))
    xs, ys = [one.lon * narrow for one in everything], [one.lat for one in everything]
    span = max(max(xs) - min(xs), (max(ys) - min(ys)), 1e-3)
    per_degree = (WIDE - 2 * MARGIN) / span
    most_g = max((_size_g(one) for one in spots), default=0) or 1

    def mark(one: Spot, radius: float) -> Mark:
        x = MARGIN + (one.lon * narrow - min(xs)) * per_degree
        y = MARGIN + (max(ys) - one.lat) * per_degree
        share = (one.pair.share or 0.0) if one.pair else 0.0
        return Mark(
            one,
            f"{x:.1f}",
            f"{y:.1f}",
            f"{radius:.1f}",
            f"{y + radius + LABEL:.1f}",
            _sector(x, y, radius, share),
            tone_of(one.pair),
        )

    high = 2 * MARGIN + (max(ys) - min(ys)) * per_degree + MARGIN
    bar_m = max(m for m in BARS_M if m == BARS_M[0] or m / M_PER_DEGREE * per_degree < WIDE / 3)
    return Picture(
        int(2 * MARGIN + (max(xs) - min(xs)) * per_degree) + 1,
        int(high) + 1,
        [
            mark(one, SMALLEST + (LARGEST - SMALLEST) * math.sqrt(_size_g(one) / most_g))
            for one in spots
        ],
        [mark(one, SMALLEST) for one in stations],
        round(bar_m / M_PER_DEGREE * per_degree),
        bar_m / 1000,
    )


def _size_g(one: Spot) -> int:
    return max(one.pair.planned_g or 0, one.pair.bought_g) if one.pair else 0


def _sector(x: float, y: float, radius: float, share: float) -> str:
    """Path of a share of a disc, clockwise from noon; the whole disc from 1 on."""
    if share <= 0:
        return ""
    if share > WHOLE_SHARE:
        half = f"a{radius:.1f} {radius:.1f} 0 1 1 0"
        return f"M{x:.1f} {y - radius:.1f}{half} {2 * radius:.1f}{half} {-2 * radius:.1f}Z"
    angle = 2 * math.pi * share
    end = f"{x + radius * math.sin(angle):.1f} {y - radius * math.cos(angle):.1f}"
    bow = f"A{radius:.1f} {radius:.1f} 0 {int(share > 0.5)} 1 {end}"
    return f"M{x:.1f} {y:.1f}V{y - radius:.1f}{bow}Z"
