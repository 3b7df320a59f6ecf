"""The map as a still picture: inline SVG for print, for files, and where no map can be drawn."""

from collections import defaultdict
from math import cos, radians, sqrt

import numpy as np

from ainalym.model.city import City
from ainalym.model.place import SiteKind
from ainalym.model.plan import NEVER, Outcome
from ainalym.report.colours import ACCENT, BLUE, OCHRE, STOCK
from ainalym.report.maps import districts, near_sites
from ainalym.report.markup import Markup, tag
from ainalym.report.words import site_name, tonnes

WIDTH = 960.0
INK = "#1d2327"
LARGEST = 13.0
"""Radius of the largest point."""


class Sheet:
    """Where degrees lie on the picture: north up, true to scale at the city's middle."""

    def __init__(self, lon: np.ndarray, lat: np.ndarray) -> None:
        """Fit what has these coordinates, with a margin."""
        self.stretch = cos(radians(float(np.mean([lat.min(), lat.max()]))))
        wide, high = max(np.ptp(lon) * self.stretch, 1e-4), max(np.ptp(lat), 1e-4)
        self.scale = min(WIDTH * 0.9 / wide, WIDTH * 0.9 / high)
        self.height = high * self.scale + WIDTH * 0.1
        self.west = float(lon.min()) - (WIDTH / self.scale - wide) / 2 / self.stretch
        self.north = float(lat.max()) + WIDTH * 0.05 / self.scale

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        """Place one spot."""
        return (
            round((float(lon) - self.west) * self.stretch * self.scale, 1),
            round((self.north - float(lat)) * self.scale, 1),
        )


def picture(city: City, outcome: Outcome) -> Markup:
    """Draw the city in the plan's last year: blocks, catchments, points, stations and flows."""
    plan, places = outcome.plan, city.places
    lon, lat = near_sites(city, plan)
    sheet = Sheet(np.concatenate([places.lon, lon]), np.concatenate([places.lat, lat]))
    parts = [_districts(city, sheet), _blocks(city, outcome, sheet)]
    if plan is not None:
        parts += [_catchments(city, outcome, sheet), _flows(city, outcome, sheet)]
        parts += [_points(city, outcome, sheet)]
    parts.append(_others(city, outcome, sheet))
    return tag(
        "svg",
        tag("title", f"Map of {city.name}"),
        tag("rect", width=WIDTH, height=sheet.height, fill="#f4f5f2"),
        parts,
        viewBox=f"0 0 {WIDTH:.0f} {sheet.height:.0f}",
        role="img",
        class_="picture",
        xmlns="http://www.w3.org/2000/svg",
        font_family="system-ui, sans-serif",
    )


def _districts(city: City, sheet: Sheet) -> Markup:
    paths, names = [], []
    for feature in districts(city)["features"]:
        shape, name = feature["geometry"], feature["properties"]["name"]
        polygons = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
        largest = max((rings[0] for rings in polygons), key=_span)
        lon, lat = (sorted(spot[d] for spot in largest) for d in (0, 1))
        x, y = sheet.at((lon[0] + lon[-1]) / 2, (lat[0] + lat[-1]) / 2)
        words = {"font_size": 11, "fill": "#5f6963", "letter_spacing": 1, "stroke": "none"}
        names.append(tag("text", name.upper(), x=x, y=y, text_anchor="middle", **words))
        for rings in polygons:
            steps = "".join(
                "M" + "L".join("{},{}".format(*sheet.at(*spot[:2])) for spot in ring) + "Z"
                for ring in rings
            )
            paths.append(tag("path", tag("title", name), d=steps))
    look = {"stroke": "#c9cec6", "stroke_width": 1.2, "fill_rule": "evenodd"}
    return tag("g", tag("g", paths, fill="#fff", **look), names, class_="districts")


def _span(ring: list) -> float:
    lon, lat = (sorted(spot[d] for spot in ring) for d in (0, 1))
    return (lon[-1] - lon[0]) * (lat[-1] - lat[0])


def _blocks(city: City, outcome: Outcome, sheet: Sheet) -> Markup:
    to = None if outcome.plan is None else outcome.plan.brings_to[-1]
    spots: dict[bool, list[str]] = {True: [], False: []}
    for i in range(len(city.places)):
        x, y = sheet.at(city.places.lon[i], city.places.lat[i])
        spots[to is not None and to[i] != NEVER].append(f"M{x},{y}h0")
    # One path of round dots for each shade: a thousand circles would be ten times the size.
    dots = {"stroke_linecap": "round", "stroke_width": 4, "fill": "none"}
    return tag(
        "g",
        tag("path", d="".join(spots[False]), stroke="#d9dcd6", **dots) if spots[False] else None,
        tag("path", d="".join(spots[True]), stroke="#a9b8b0", **dots) if spots[True] else None,
    )


def _catchments(city: City, outcome: Outcome, sheet: Sheet) -> Markup:
    steps = []
    for i, point in enumerate(outcome.plan.brings_to[-1]):  # type: ignore[union-attr]
        if point != NEVER:
            x0, y0 = sheet.at(city.places.lon[i], city.places.lat[i])
            x1, y1 = sheet.at(city.sites.lon[point], city.sites.lat[point])
            steps.append(f"M{x0},{y0}L{x1},{y1}")
    return tag("path", d="".join(steps), stroke="#9fb3a8", stroke_width=0.8, fill="none")


def _flows(city: City, outcome: Outcome, sheet: Sheet) -> Markup:
    plan = outcome.plan
    assert plan is not None
    last, mass = city.programme.years - 1, defaultdict(float)
    for t, i, j, kg in zip(
        plan.flows.year, plan.flows.origin, plan.flows.target, plan.flows.mass_kg, strict=True
    ):
        if t == last:
            mass[int(i), int(j)] += float(kg)
    largest = max(mass.values(), default=1.0)
    lines = []
    for (i, j), kg in sorted(mass.items(), key=lambda row: row[1]):
        (x0, y0), (x1, y1) = (sheet.at(city.sites.lon[k], city.sites.lat[k]) for k in (i, j))
        kind, aim = city.sites.kind[i], city.sites.kind[j]
        colour = {SiteKind.LANDFILL: OCHRE, SiteKind.PLANT: BLUE}.get(aim, ACCENT)
        colour = STOCK if kind is SiteKind.STOCKPILE else colour
        said = f"{site_name(city, i)} to {site_name(city, j)}: {tonnes(kg)}"
        wide = max(0.5, 9 * sqrt(kg / largest))
        ends = {"x1": x0, "y1": y0, "x2": x1, "y2": y1}
        lines.append(tag("line", tag("title", said), stroke=colour, stroke_width=wide, **ends))
    return tag("g", lines, stroke_opacity=0.4, stroke_linecap="round")


def _points(city: City, outcome: Outcome, sheet: Sheet) -> Markup:
    plan = outcome.plan
    assert plan is not None
    caught = plan.captured_kg[-1].sum(1)
    largest = max(float(caught.max(initial=0.0)), 1e-9)
    dots = []
    for k in sorted(city.sites.rows(SiteKind.POINT), key=lambda k: -float(caught[k])):
        if plan.opened[k] != NEVER:
            x, y = sheet.at(city.sites.lon[k], city.sites.lat[k])
            said = f"{site_name(city, k)}: {tonnes(float(caught[k]))}"
            radius = max(2.5, LARGEST * sqrt(float(caught[k]) / largest))
            dots.append(tag("circle", tag("title", said), cx=x, cy=y, r=radius))
    return tag("g", dots, fill=ACCENT, fill_opacity=0.75, stroke="#fff", stroke_width=1)


def _others(city: City, outcome: Outcome, sheet: Sheet) -> Markup:
    plan = outcome.plan
    used = set() if plan is None else {*map(int, plan.flows.origin), *map(int, plan.flows.target)}
    spots = {}
    for k, kind in enumerate(city.sites.kind):
        x, y = sheet.at(city.sites.lon[k], city.sites.lat[k])
        is_shown = kind is not SiteKind.POINT and (plan is None or k in used)
        if is_shown and 0 <= x <= WIDTH and 0 <= y <= sheet.height:
            spots[k] = (x, y)
    fill = {SiteKind.STATION: INK, SiteKind.PLANT: BLUE, SiteKind.STOCKPILE: STOCK}
    shapes = []
    for k, (x, y) in spots.items():
        kind = city.sites.kind[k]
        size = 13 if kind is SiteKind.STATION else 9
        box = {"x": x - size / 2, "y": y - size / 2, "width": size, "height": size}
        name = tag("title", f"{kind}: {site_name(city, k)}")
        shapes.append(tag("rect", name, rx=2, fill=fill.get(kind, OCHRE), stroke="#fff", **box))
    return tag("g", shapes, _names(city, spots))


def _names(city: City, spots: dict[int, tuple[float, float]]) -> list[Markup]:
    """Name what is no plant, right of its mark or left where that is taken, stations first."""
    taken = [(k, x - 7, x + 7, y) for k, (x, y) in spots.items()]
    out = []
    for k in sorted(spots, key=lambda k: city.sites.kind[k] is not SiteKind.STATION):
        if city.sites.kind[k] is SiteKind.PLANT:
            continue
        (x, y), wide = spots[k], 8.0 * len(site_name(city, k)) + 14
        for x0, x1 in ((x + 7, x + wide), (x - wide, x - 7)):
            meets = [
                b for b in taken if b[0] != k and abs(b[3] - y) < 15 and b[1] < x1 and x0 < b[2]
            ]
            if meets or x0 < 0 or x1 > WIDTH:
                continue
            taken.append((-1, x0, x1, y))
            side = "start" if x0 > x else "end"
            at = {"x": x + 11 if x0 > x else x - 11, "y": y + 5, "text_anchor": side}
            halo = {"stroke": "#fff", "stroke_width": 3, "paint_order": "stroke"}
            size = {"font_size": 13, "font_weight": 600, "fill": INK}
            out.append(tag("text", site_name(city, k), **at, **halo, **size))
            break
    return out
