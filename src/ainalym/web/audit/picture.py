"""The picture of a way: steps in columns from left to right, bands as wide as their grams."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from ainalym.web.audit.ways import Key, Step, Way

MOST = 9
"""Steps in one column; more are drawn together."""

WIDE, GAP, HIGH, SPACE, EDGE = 172, 44, 62, 14, 8
"""Of a box: its width, the way to the next column, least height, distance to the next; margin."""

WHOLE = 190
"""The height of all grams of the lot."""

THIN = 1.5


class Box(NamedTuple):
    """A step, or several drawn together, with where it stands.

    Attributes
    ----------
    steps
        The largest first.
    x, y, high
        Of its upper left corner, and its height, in pixels.
    """

    kind: str
    steps: tuple[Step, ...]
    grams: int
    asked: bool
    x: float
    y: float
    high: float


class Band(NamedTuple):
    """Grams that went from one box to another, told by their places, as an outline of SVG."""

    origin: int
    target: int
    grams: int
    outline: str


class Picture(NamedTuple):
    """Boxes and bands, and the size of it all in pixels."""

    boxes: tuple[Box, ...]
    bands: tuple[Band, ...]
    wide: float
    high: float


def picture_of(way: Way) -> Picture:
    """Draw a way.

    Parameters
    ----------
    way
        Of at least one step.
    """
    groups, group_of = _together(way.steps.values())
    links: dict[tuple[int, int], int] = defaultdict(int)
    for (origin, target), grams in way.links.items():
        links[group_of[origin], group_of[target]] += grams
    columns = _ordered(groups, links)
    scale = WHOLE / max(1, way.lot.made_g)
    high = {k: max(HIGH, scale * sum(one.grams for one in steps)) for k, steps in groups.items()}
    tall = max(sum(high[k] + SPACE for k in column) - SPACE for column in columns)
    boxes: dict[int, Box] = {}
    for place, column in enumerate(columns):
        y = EDGE + (tall - sum(high[k] + SPACE for k in column) + SPACE) / 2
        for k in column:
            steps = tuple(sorted(groups[k], key=lambda one: -one.grams))
            boxes[k] = Box(
                steps[0].kind,
                steps,
                sum(one.grams for one in steps),
                any(one.asked for one in steps),
                EDGE + place * (WIDE + GAP),
                y,
                high[k],
            )
            y += high[k] + SPACE
    bands = _bands(boxes, links, scale)
    wide = 2 * EDGE + len(columns) * (WIDE + GAP) - GAP
    return Picture(tuple(boxes.values()), bands, wide, tall + 2 * EDGE)


def _together(steps: Iterable[Step]) -> tuple[dict[int, list[Step]], dict[Key, int]]:
    """Put steps together that are alike, where a column has too many; then the smallest ones."""
    columns: dict[int, list[Step]] = defaultdict(list)
    for one in steps:
        columns[one.column].append(one)
    groups: dict[int, list[Step]] = {}
    for _, column in sorted(columns.items()):
        parts = [[one] for one in column]
        if len(parts) > MOST:
            alike: dict[tuple, list[Step]] = defaultdict(list)
            for one in column:
                alike[one.asked, one.kind, one.site, one.to, one.what].append(one)
            parts = [*alike.values()]
        if len(parts) > MOST:
            parts.sort(key=lambda part: (not part[0].asked, -sum(one.grams for one in part)))
            parts = [*parts[: MOST - 1], [one for part in parts[MOST - 1 :] for one in part]]
        for part in parts:
            groups[len(groups)] = part
    return groups, {one.key: k for k, part in groups.items() for one in part}


def _ordered(groups: dict[int, list[Step]], links: dict[tuple[int, int], int]) -> list[list[int]]:
    """Put the boxes of each column beside those they are linked with, so that few bands cross."""
    columns: dict[int, list[int]] = defaultdict(list)
    for k, steps in groups.items():
        columns[steps[0].column].append(k)
    ordered = [columns[column] for column in sorted(columns)]
    near: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for (origin, target), grams in links.items():
        near[origin].append((target, grams))
        near[target].append((origin, grams))
    for _sweep in range(2):
        for column in (*ordered, *reversed(ordered)):
            place = {k: (at + 0.5) / len(one) for one in ordered for at, k in enumerate(one)}
            column.sort(key=lambda k: _middle(k, near[k], place))
    return ordered


def _middle(k: int, near: list[tuple[int, int]], place: dict[int, float]) -> float:
    whole = sum(grams for _, grams in near)
    return sum(place[other] * grams for other, grams in near) / whole if whole else place[k]


def _bands(
    boxes: dict[int, Box], links: dict[tuple[int, int], int], scale: float
) -> tuple[Band, ...]:
    """Outline the bands: at each box they stand one under another, around its middle."""
    thick = {pair: max(THIN, grams * scale) for pair, grams in links.items()}
    starts: dict[tuple[int, int], float] = {}
    ends: dict[tuple[int, int], float] = {}
    for k, box in boxes.items():
        for side, at, found in ((0, 1, starts), (1, 0, ends)):
            mine = sorted((p for p in links if p[side] == k), key=lambda p: boxes[p[at]].y)
            y = box.y + (box.high - sum(thick[pair] for pair in mine)) / 2
            for pair in mine:
                found[pair] = y
                y += thick[pair]
    bands, places = [], {k: place for place, k in enumerate(boxes)}
    for pair, grams in sorted(links.items(), key=lambda one: -one[1]):
        origin, target = boxes[pair[0]], boxes[pair[1]]
        x, z, y, w, t = origin.x + WIDE, target.x, starts[pair], ends[pair], thick[pair]
        m = (x + z) / 2
        outline = (
            f"M{x:.0f} {y:.1f}C{m:.0f} {y:.1f} {m:.0f} {w:.1f} {z:.0f} {w:.1f}V{w + t:.1f}"
            f"C{m:.0f} {w + t:.1f} {m:.0f} {y + t:.1f} {x:.0f} {y + t:.1f}Z"
        )
        bands.append(Band(places[pair[0]], places[pair[1]], grams, outline))
    return tuple(bands)
