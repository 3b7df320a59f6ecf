"""An OpenStreetMap extract in: roads, homes, premises and plots out."""

import csv
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import cos, inf, radians
from pathlib import Path

import numpy as np
import osmium
from numpy.typing import NDArray

from ainalym.city.candidates import choose_points, choose_stations
from ainalym.city.cells import say_number
from ainalym.city.districts import Districts, faults_of_districts, read_districts
from ainalym.city.extract import Extract, Spot
from ainalym.city.people import BLEND, FLOORS, ROADS, settle
from ainalym.city.read import read, scenarios
from ainalym.city.refit import Found, refit
from ainalym.city.roads import EARTH_M, Progress, straight_m
from ainalym.city.tables import WASTE_SUFFIX
from ainalym.city.tags import (
    HOME_STREETS,
    HOMES,
    NOT_WALKED,
    ROUGH_ROADS,
    SPEED_KM_PER_H,
    directions,
    is_high,
    levels,
    limit_km_per_h,
    rank_of_plot,
    rank_of_premise,
)
from ainalym.city.write import swapped_in, write
from ainalym.errors import Issue, refuse
from ainalym.model.city import City
from ainalym.model.travel import Roads

PIECE_M = 50.0
"""Streets are cut into pieces of about this length before they are counted."""

KEYS = ("highway", "building", "landuse", "railway", "shop", "amenity", "craft", "man_made")
MARGIN_DEGREES = 0.1
"""Roads up to about 10 km around the districts are kept, for the way to plants."""

SCENARIOS = {
    ROADS: "residents spread by residential road length only",
    FLOORS: "residents spread by floor area of buildings only",
}
PBF_MARK = b"\n\x09OSMHeader"

READ_SHARE = 0.7
"""Share of the whole work that reading takes, as measured on Almaty."""

TELL_EVERY = 20_000
"""After how many objects of the extract it is told how far the reading is."""

Box = tuple[float, float, float, float]


def from_osm(
    extract: Path,
    districts: Path,
    residents: Path,
    *,
    template: City | None = None,
    blocks: int = 3000,
    points: int = 400,
    stations: int = 12,
    speeds: Mapping[str, float] | None = None,
    name: str = "",
    progress: Progress | None = None,
) -> dict[str, City]:
    """Make a city out of an OpenStreetMap extract, its districts and a head count.

    Gives one city for each way to weigh where people live: `blend`, the one to plan with, and
    `roads` and `floors`, which show how far the plan depends on that choice. The same files give
    the same cities. Takes some seconds for a city of two million.

    Parameters
    ----------
    extract
        An `.osm.pbf` file; what is missing from it is told in the city's assumptions.
    districts
        GeoJSON of polygons with names, in degrees.
    residents
        CSV with the columns district,residents: official totals, met to the last person.
    template
        Gives what no map tells: programme, materials, processes, prices, plants, vehicles,
        factors, waste per resident, costs of points and stations. The shipped Almaty if None.
    blocks
        How many blocks to make at least, 1 or more; never smaller than 50 m a side.
    points, stations
        How many candidates to offer, 1 or more; fewer when the map has no more.
    speeds
        Lorry speed by class of road, km/h; classes left out keep their default.
    name
        Of the city; that of the extract's file if empty.
    progress
        Called with what is being done and the share of the whole that is done, 0 to 1. Reading
        moves by the kinds of object in the file, as their number is not known beforehand.

    Raises
    ------
    InputError
        A file is missing, damaged, foreign or of another place, names do not match, or a number
        is out of range. Every fault found so far is listed.
    """
    asked = {"blocks": blocks, "points": points, "stations": stations}
    refuse(
        Issue(what, f"{count} are asked for", "ask for 1 or more")
        for what, count in asked.items()
        if count < 1
    )
    # A city's tables take no time to check; a damaged extract should be told along with them.
    refuse([*_faults_of_file(extract), *faults_of_districts(districts, residents)])
    outlines = read_districts(districts, residents)
    box = outlines.box(MARGIN_DEGREES)
    read_in = read_extract(extract, box, speeds=speeds, progress=progress)
    refuse(_faults_of_overlap(read_in, outlines))
    if template is None:
        template = read(Path(__file__).parent / "examples" / "almaty")
    tell = progress or _silent
    tell("spreading the residents", READ_SHARE)
    settled = settle(outlines, read_in, blocks)
    tell("choosing candidates", 0.9)
    found = Found(
        districts=outlines,
        extract=read_in,
        settled=settled,
        points=choose_points(outlines, read_in, settled, points, template.programme.walk.limit_m),
        stations=choose_stations(outlines, read_in, stations),
        wanted=(points, stations),
        pace=SPEED_KM_PER_H | dict(speeds or {}),
    )
    cities = refit(template, found, name=name or extract.name.split(".")[0])
    tell("made of the extract", 1.0)
    return cities


def write_osm_city(cities: Mapping[str, City], folder: Path) -> None:
    """Write a city made from an extract into a folder, its other weights as scenarios.

    The folder appears whole or not at all. When a city folder is there already, its tables are
    replaced, and whatever else it holds is kept.

    Parameters
    ----------
    cities
        As `from_osm` gives them: `blend`, `roads` and `floors`.
    folder
        New, empty, or an earlier city folder.

    Raises
    ------
    InputError
        The folder holds something else.
    OutsideError
        The file system refused.
    """
    folder = Path(folder)
    there = folder.is_dir() and any(folder.iterdir())
    if folder.is_file() or (there and not (folder / "programme.csv").is_file()):
        fault = "there is something else here that is not a city folder"
        refuse([Issue(str(folder), fault, "give a new folder")])
    base = cities[BLEND]
    known = scenarios(folder) if there else {}
    with swapped_in(folder) as fresh:
        if there:
            shutil.copytree(folder, fresh, dirs_exist_ok=True)
        write(base, fresh)
        for way, about in SCENARIOS.items():
            rows = _differences(base, cities[way])
            aside = fresh / "scenarios" / way
            if len(rows) > 1:
                aside.mkdir(parents=True, exist_ok=True)
                _write_table(aside / "blocks.csv", rows)
                known[way] = about
            else:
                known.pop(way, None)
                shutil.rmtree(aside, ignore_errors=True)
        _write_table(fresh / "scenarios.csv", [("name", "about"), *known.items()])


def _differences(base: City, other: City) -> list[tuple[str, ...]]:
    """Blocks of another city whose residents differ, as rows of a table with its header."""
    places, old = other.places, base.places
    header = ("id", "residents", *(f"{f}{WASTE_SUFFIX}" for f in places.fractions))
    rows = [header]
    for k in np.flatnonzero(places.residents != old.residents):
        numbers = (places.residents[k], *places.waste_kg_per_day[k])
        rows.append((places.id[k], *(say_number(float(number)) for number in numbers)))
    return rows


def _write_table(path: Path, rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def _faults_of_overlap(extract: Extract, districts: Districts) -> Iterator[Issue]:
    inside = districts.find(extract.street_lon, extract.street_lat) >= 0
    if not np.any(inside):
        fault = f"none of its roads lies in the districts ({_say_box(districts.box())})"
        yield Issue(extract.file, fault, "give an extract and districts of the same city")


def _silent(said: str, share: float) -> None:
    """Hear how far it is, and keep quiet."""


def read_extract(
    path: Path,
    box: Box,
    *,
    speeds: Mapping[str, float] | None = None,
    progress: Progress | None = None,
) -> Extract:
    """Read what a recycling plan can use from an extract in PBF form.

    Ways cut by the extract's edge are used as far as they go. An extract of a whole country is
    read too, but what lies outside the box is left out, so cutting it first is quicker.

    Parameters
    ----------
    path
        An `.osm.pbf` file.
    box
        West, south, east and north of what to keep, degrees.
    speeds
        Lorry speed by class of road, km/h; classes left out keep their default.
    progress
        As for `from_osm`.

    Raises
    ------
    InputError
        The file is missing, not in this form, cut short, or holds no road in the box; or a
        speed is not above 0.
    """
    refuse(_faults_of_file(path))
    refuse(_faults_of_speeds(speeds or {}))
    pace = SPEED_KM_PER_H | dict(speeds or {})
    found = _Found(box, pace)
    wanted = osmium.filter.KeyFilter(*KEYS)
    tell = progress or _silent
    tell("reading the extract", 0.0)
    kinds = 0  # nodes come first, then ways, then the areas made of them
    try:
        things = osmium.FileProcessor(path).with_areas(wanted).with_filter(wanted)
        for count, thing in enumerate(things):
            found.add(thing)
            if count % TELL_EVERY == 0:
                kinds = max(kinds, 0 if thing.is_node() else 1 if thing.is_way() else 2)
                tell(f"reading the extract, {count:,} objects", READ_SHARE * kinds / 3)
    except (RuntimeError, UnicodeDecodeError) as error:
        mend = "fetch it again, or write it anew with `osmium cat`"
        refuse([Issue(path.name, f"the file is damaged or cut short: {error}", mend)])
    extract = found.extract(path.name)
    if not len(extract.roads.tail):
        refuse([found.fault_without_roads(path.name)])
    return extract


def _faults_of_speeds(speeds: Mapping[str, float]) -> Iterator[Issue]:
    for kind, value in speeds.items():
        if not 0 < value < inf:
            yield Issue(f"speeds/{kind}", f"the speed is {value:g} km/h", "give a number above 0")
        if kind not in SPEED_KM_PER_H and kind not in ROUGH_ROADS:
            known = ", ".join((*SPEED_KM_PER_H, *ROUGH_ROADS))
            yield Issue(f"speeds/{kind}", f"{kind!r} is no class of road", f"use one of {known}")


def _faults_of_file(path: Path) -> Iterator[Issue]:
    mend = "give an OpenStreetMap extract in PBF form (.osm.pbf)"
    if not path.is_file():
        yield Issue(path.name, f"there is no file {str(path)!r}", mend)
        return
    with path.open("rb") as file:
        start = file.read(64)
    if start[4 : 4 + len(PBF_MARK)] == PBF_MARK:
        return
    kinds = {
        b"PK\x03\x04": "a zip archive",
        b"\x1f\x8b": "a gzip archive",
        b"BZh": "a bzip2 archive",
        b"<?xml": "an XML file",
        b"<osm": "an XML file",
        b"<": "a web page",
        b"{": "a JSON file",
    }
    said = next((what for mark, what in kinds.items() if start.lstrip().startswith(mark)), "")
    if not start:
        fault = "the file is empty"
    else:
        fault = f"this is {said}, not a PBF extract" if said else "this is not a PBF extract"
    yield Issue(path.name, fault, mend)


@dataclass(slots=True)
class _Found:
    """What has been read so far."""

    box: Box
    pace: Mapping[str, float]
    reach: Box | None = None  # of all roads, in the box or not
    newest: str = ""
    node: dict[int, int] = field(default_factory=dict)
    spot: list[tuple[float, float]] = field(default_factory=list)
    arcs: list[tuple[int, int, float, bool]] = field(default_factory=list)
    homes: list[tuple[float, float, float]] = field(default_factory=list)
    streets: list[tuple[float, float, float, float, bool]] = field(default_factory=list)
    premises: list[Spot] = field(default_factory=list)
    plots: list[Spot] = field(default_factory=list)

    def add(self, thing: osmium.osm.OSMObject) -> None:
        """Take one object of the map."""
        self.newest = max(self.newest, thing.timestamp.strftime("%Y-%m-%d"))
        tags = dict(thing.tags)
        if thing.is_way():
            if tags.get("highway") in self.pace and tags.get("area") != "yes":
                self._add_road(thing, tags)
            elif tags.get("railway") == "rail" and tags.get("service") == "yard":
                self._add_yard(thing, tags)
        elif thing.is_node() and thing.location.valid():
            self._add_spots(f"n{thing.id}", thing.lon, thing.lat, 0.0, tags)
        elif thing.is_area():
            self._add_area(thing, tags)

    def _inside(self, lon: float, lat: float) -> bool:
        west, south, east, north = self.box
        return west <= lon <= east and south <= lat <= north

    def _add_road(self, way: osmium.osm.Way, tags: dict[str, str]) -> None:
        if tags.get("access") == "no":
            return
        kind = tags["highway"]
        line = [(n.ref, n.lon, n.lat) for n in way.nodes if n.location.valid()]
        for _, lon, lat in line[:1]:
            west, south, east, north = self.reach or (lon, lat, lon, lat)
            self.reach = min(west, lon), min(south, lat), max(east, lon), max(north, lat)
        if not any(self._inside(lon, lat) for _, lon, lat in line):
            return
        speed = min(self.pace[kind], limit_km_per_h(tags.get("maxspeed", ""))) / 3.6
        foot = tags.get("foot")
        walked = foot == "yes" or (kind not in NOT_WALKED and foot != "no")
        there, back = directions(kind, tags)
        for (a, *start), (b, *end) in pairwise(line):
            if a == b:
                continue
            i, j = self._node(a, start), self._node(b, end)
            for one, other, open_ in ((i, j, there), (j, i, back)):
                if open_:
                    self.arcs.append((one, other, speed, walked))
            self.streets.append((*start, *end, kind in HOME_STREETS))

    def _node(self, ref: int, where: list[float]) -> int:
        if ref not in self.node:
            self.node[ref] = len(self.spot)
            self.spot.append((round(where[0], 7), round(where[1], 7)))
        return self.node[ref]

    def fault_without_roads(self, file: str) -> Issue:
        """Say why there is no road in the box."""
        if self.reach is None:
            mend = "give an extract of the city's whole map"
            return Issue(file, "it holds no road a lorry may use", mend)
        west, south, east, north = self.box
        fault = (
            f"its roads lie at {_say_box(self.reach)}, none within {_say_box(self.box)}, "
            "around the districts"
        )
        mend = "give an extract and districts of the same city"
        if _overlap(self.reach, (south, west, north, east)):
            mend = "swap longitude and latitude in the districts' file"
        return Issue(file, fault, mend)

    def _add_yard(self, way: osmium.osm.Way, tags: dict[str, str]) -> None:
        line = [(n.lon, n.lat) for n in way.nodes if n.location.valid()]
        if line:
            lon, lat = line[len(line) // 2]
            self._add_spots(f"w{way.id}", lon, lat, 0.0, tags)

    def _add_area(self, area: osmium.osm.Area, tags: dict[str, str]) -> None:
        parts = [_middle(line) for line in map(_line, area.outer_rings()) if len(line) > 3]
        if not parts:
            return
        lon, lat, _ = max(parts, key=lambda part: part[2])
        yards = [line for o in area.outer_rings() for line in map(_line, area.inner_rings(o))]
        area_m2 = sum(part[2] for part in parts)
        area_m2 -= sum(_middle(line)[2] for line in yards if len(line) > 3)
        if not self._inside(lon, lat):
            return
        if tags.get("building") in HOMES and ("amenity" not in tags or is_high(tags)):
            self.homes.append((lon, lat, area_m2 * levels(tags, area_m2)))
        kind = "w" if area.from_way() else "r"
        self._add_spots(f"{kind}{area.orig_id()}", lon, lat, area_m2, tags)

    def _add_spots(
        self, name: str, lon: float, lat: float, area_m2: float, tags: dict[str, str]
    ) -> None:
        if not self._inside(lon, lat):
            return
        for rank_of, spots in ((rank_of_premise, self.premises), (rank_of_plot, self.plots)):
            if (ranked := rank_of(tags)) is not None:
                rank, what = ranked
                called = tags.get("name", "").strip()
                place = (round(lon, 6), round(lat, 6))
                spots.append(Spot(name, called, what, *place, rank, round(area_m2, 1)))

    def extract(self, file: str) -> Extract:
        """Turn it into columns."""
        lon, lat = np.array(self.spot, float).reshape(-1, 2).T
        arcs = np.array(self.arcs, float).reshape(-1, 4)
        tail, head = arcs[:, 0].astype(np.int64), arcs[:, 1].astype(np.int64)
        # Two nodes may share one position; a way of a centimetre keeps the arc's weight above 0.
        length_m = np.maximum(straight_m(lon[tail], lat[tail], lon[head], lat[head]), 0.01)
        roads = Roads(
            lon=lon,
            lat=lat,
            tail=tail,
            head=head,
            length_m=np.round(length_m, 2),
            travel_s=np.maximum(np.round(length_m / arcs[:, 2], 3), 0.001),
            walkable=arcs[:, 3] > 0,
        )
        home_lon, home_lat, home_m2 = np.array(self.homes, float).reshape(-1, 3).T
        streets = np.array(self.streets, float).reshape(-1, 5)
        street_lon, street_lat, street_m, is_home = _pieces(streets)
        return Extract(
            roads=roads,
            node_id=np.array(list(self.node), np.int64),
            home_lon=home_lon,
            home_lat=home_lat,
            home_m2=home_m2,
            street_lon=street_lon,
            street_lat=street_lat,
            street_m=street_m,
            street_is_home=is_home,
            premises=tuple(self.premises),
            plots=tuple(self.plots),
            # A file without dates reads as of the first day of 1970.
            newest="" if self.newest.startswith("1970") else self.newest,
            file=file,
        )


def _say_box(box: Box) -> str:
    west, south, east, north = box
    return f"lon {west:.2f} to {east:.2f}, lat {south:.2f} to {north:.2f}"


def _overlap(one: Box, other: Box) -> bool:
    return all(one[k] <= other[k + 2] and other[k] <= one[k + 2] for k in (0, 1))


def _line(ring: osmium.osm.NodeRefList) -> NDArray[np.float64]:
    return np.array([(n.lon, n.lat) for n in ring if n.location.valid()])


def _middle(line: NDArray) -> tuple[float, float, float]:
    """Give the centre of a ring and its area in square metres."""
    per_degree_m = radians(1.0) * EARTH_M
    scale = np.array([cos(radians(line[0, 1])) * per_degree_m, per_degree_m])
    x, y = ((line - line[0]) * scale).T
    cross = x[:-1] * y[1:] - x[1:] * y[:-1]
    area_m2 = float(cross.sum()) / 2
    if abs(area_m2) < 1e-3:
        lon, lat = line[:-1].mean(axis=0)
        return float(lon), float(lat), 0.0
    centre = [((v[:-1] + v[1:]) * cross).sum() / (6 * area_m2) for v in (x, y)]
    lon, lat = line[0] + np.array(centre) / scale
    return float(lon), float(lat), abs(area_m2)


def _pieces(streets: NDArray) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Cut streets into short pieces: lon, lat, metres, residential."""
    west, south, east, north, home = streets.T
    length_m = straight_m(west, south, east, north)
    count = np.maximum(1, np.ceil(length_m / PIECE_M)).astype(np.int64)
    row = np.repeat(np.arange(len(streets)), count)
    first = np.repeat(np.cumsum(count) - count, count)
    along = (np.arange(len(row)) - first + 0.5) / count[row]
    lon = west[row] + along * (east - west)[row]
    lat = south[row] + along * (north - south)[row]
    return lon, lat, (length_m / count)[row], home[row] > 0
