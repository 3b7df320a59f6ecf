"""A city's terms refitted to another town's map: its blocks, sites and roads."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ainalym.city.candidates import CORNER, walked_m
from ainalym.city.districts import Districts
from ainalym.city.extract import Extract, Spot
from ainalym.city.people import BLEND, Settled
from ainalym.city.roads import REACH_M, road_gap_m, straight_m
from ainalym.errors import Issue, refuse
from ainalym.model.city import Assumption, City
from ainalym.model.place import Places, SiteKind, Sites, SiteStatus
from ainalym.units import M_PER_KM

NEAR_M = 200_000.0
"""A template whose middle is further than this is another city, and its plants move along."""

KEPT_KINDS = frozenset({SiteKind.PLANT, SiteKind.LANDFILL, SiteKind.STOCKPILE})
SPEED_RANGE = 0.25
"""Mean trips by class speeds were within a quarter of the routing engine OSRM's in two cities."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a map and its tables say of a town, ready to be put into a template."""

    districts: Districts
    extract: Extract
    settled: Settled
    points: Sequence[Spot]
    stations: Sequence[Spot]
    wanted: tuple[int, int]  # points and stations asked for
    pace: Mapping[str, float]  # lorry speed by class of road, km/h


def refit(template: City, found: Found, *, name: str) -> dict[str, City]:
    """Put a town's blocks, sites and roads in place of a template's, one city a way to weigh.

    Materials, processes, prices, vehicles, factors and the programme stay the template's. Waste
    is the template's per resident. Plants, landfills and stockpiles stay where they are; when
    the template is a city more than 200 km away, they are moved by the way between the two.

    Parameters
    ----------
    template
        With at least one resident, one point and one station.
    found
        Blocks, premises, plots and roads.
    name
        Of the new city.

    Raises
    ------
    InputError
        The template lacks residents, a point or a station, or the extract has no place for
        points. Every fault is listed.
    """
    refuse(_faults(template, found))
    sites, notes = _sites(template, found)
    per_resident_kg = template.places.waste_kg_per_day.sum(axis=0) / template.places.residents.sum()
    own = (*_notes(template, found), *found.settled.notes, *notes)
    taken = {note.name for note in own}
    assumptions = (*(a for a in template.assumptions if a.name not in taken), *own)
    base = replace(
        template,
        name=name,
        sites=sites,
        assumptions=assumptions,
        roads=found.extract.roads,
        outline=found.districts.outline(),
    )
    return {
        way: replace(base, places=_places(template, found.settled, people, per_resident_kg))
        for way, people in found.settled.residents.items()
    }


def _faults(template: City, found: Found) -> Iterator[Issue]:
    if not template.places.residents.sum() > 0:
        yield Issue("template/blocks.csv", "nobody lives in the template", "give residents")
    for kind in (SiteKind.POINT, SiteKind.STATION):
        if not len(template.sites.rows(kind)):
            fault = f"the template has no {kind} whose costs could be taken"
            yield Issue("template/sites.csv", fault, f"add a row of kind {kind}")
    if not found.points:
        fault = "no shop and no street corner lies in the districts"
        yield Issue(found.extract.file, fault, "give an extract that covers the districts")


def _places(template: City, settled: Settled, people: NDArray, per_resident_kg: NDArray) -> Places:
    digits = len(str(len(people)))
    return Places(
        id=tuple(f"b{k:0{digits}d}" for k in range(1, len(people) + 1)),
        lon=settled.lon,
        lat=settled.lat,
        residents=people,
        fractions=template.fractions,
        waste_kg_per_day=np.round(people[:, None] * per_resident_kg, 3),
        district=settled.district,
    )


def _sites(template: City, found: Found) -> tuple[Sites, list[Assumption]]:
    """Gather the new candidates and what is kept of the template's sites."""
    rows, notes = _kept(template, found)
    old, own = template.sites, (*found.points, *found.stations)
    kinds = [SiteKind.POINT] * len(found.points) + [SiteKind.STATION] * len(found.stations)
    terms = {kind: _terms(old, kind) for kind in (SiteKind.POINT, SiteKind.STATION)}
    mark = {SiteKind.POINT: "p", SiteKind.STATION: "st"}
    shift_lon, shift_lat = _shift(template, found)
    columns: dict[str, list] = {name: [] for name in Sites.__dataclass_fields__}
    for spot, kind in zip(own, kinds, strict=True):
        row = terms[kind] | {
            "id": f"{mark[kind]}-{spot.id}",
            "name": " ".join((spot.name or spot.what).split()),
            "kind": kind,
            "status": SiteStatus.CANDIDATE,
            "lon": spot.lon,
            "lat": spot.lat,
        }
        for field, column in columns.items():
            column.append(row[field])
    for k in rows:
        for field, column in columns.items():
            column.append(getattr(old, field)[k])
        columns["lon"][-1] = round(float(old.lon[k]) + shift_lon, 6)
        columns["lat"][-1] = round(float(old.lat[k]) + shift_lat, 6)
    tuples = ("id", "name", "kind", "status", "holds", "takes")
    return Sites(**{f: tuple(c) if f in tuples else c for f, c in columns.items()}), notes


def _terms(sites: Sites, kind: SiteKind) -> dict[str, object]:
    """Give the usual costs and sizes of a template's sites of one kind."""
    rows = sites.rows(kind)
    fresh = rows[sites.has_status(SiteStatus.CANDIDATE)[rows]]
    rows = fresh if len(fresh) else rows
    middle = {
        field: float(np.median(getattr(sites, field)[rows]))
        for field in ("capex_minor", "fixed_minor_per_year", "capacity_kg_per_year", "jobs")
    }
    for field in ("capex_minor", "fixed_minor_per_year"):
        middle[field] = round(middle[field])
    takes = Counter(sites.takes[k] for k in rows).most_common(1)[0][0]
    return {**middle, "stock_kg": 0.0, "holds": "", "takes": takes}


def _middle(city_lon: NDArray, city_lat: NDArray) -> tuple[float, float]:
    return float(np.median(city_lon)), float(np.median(city_lat))


def _shift(template: City, found: Found) -> tuple[float, float]:
    """Tell by how many degrees plants move; not at all within the same city."""
    old = _middle(template.places.lon, template.places.lat)
    new = _middle(found.settled.lon, found.settled.lat)
    if straight_m(*old, *new) <= NEAR_M:
        return 0.0, 0.0
    return new[0] - old[0], new[1] - old[1]


def _kept(template: City, found: Found) -> tuple[list[int], list[Assumption]]:
    """Choose what of the template's sites stays, and say what was moved or left out."""
    sites = template.sites
    moved = _shift(template, found) != (0.0, 0.0)
    rows, lost = [], []
    gap_m = road_gap_m(found.extract.roads, sites.lon, sites.lat)
    for k, kind in enumerate(sites.kind):
        if kind in KEPT_KINDS:
            rows.append(k)
        elif sites.status[k] is SiteStatus.EXISTING and not moved:
            (rows if gap_m[k] <= REACH_M else lost).append(k)
    notes = []
    if moved:
        names = ", ".join(sites.name[k] or sites.id[k] for k in rows)
        why = f"moved by the way from {template.name} to here, so not where any plant is: {names}"
        notes.append(_note("plants, landfills and stockpiles", "moved", why, ""))
    if lost:
        names = ", ".join(sites.name[k] or sites.id[k] for k in lost)
        why = f"left out, as the extract shows no road within {REACH_M:.0f} m of them: {names}"
        notes.append(_note("existing sites", "left out", why, found.extract.newest[:4]))
    return rows, notes


def _note(name: str, value: str, source: str, year: str, unit: str = "") -> Assumption:
    return Assumption(
        name=name,
        value=value,
        low="",
        high="",
        unit=unit,
        year=year,
        source=source,
        confidence="low; needs local value",
    )


def _notes(template: City, found: Found) -> Iterator[Assumption]:
    """Say what was taken from where."""
    extract, year = found.extract, found.extract.newest[:4]
    people = found.settled.residents[BLEND]
    waste_kg = template.places.waste_kg_per_day.sum() / template.places.residents.sum()
    source = f"totals of {template.name} by its residents; composition alike in every block"
    yield _note("waste of the listed fractions", f"{waste_kg:.3f}", source, "", "kg/resident/day")
    source = f"{extract.file}, newest edit {extract.newest or 'unknown'}"
    length_km = float(extract.roads.length_m.sum()) / M_PER_KM
    yield _note("roads", f"{length_km:.0f}", source, year, "km, each direction counted")
    for kind, spots, wanted in zip(
        ("point", "station"), (found.points, found.stations), found.wanted, strict=True
    ):
        counts = Counter(spot.what for spot in spots)
        said = ", ".join(f"{n} {what}" for what, n in sorted(counts.items()))
        fewer = f"; {wanted} were asked for" if len(spots) < wanted else ""
        source = f"{extract.file}: {said}{fewer}; nobody was asked, costs are {template.name}'s"
        yield _note(f"candidate {kind}s", str(len(spots)), source, year, "sites")
    if corners := sum(spot.what == CORNER for spot in found.points):
        reach_m = walked_m(template.programme.walk.limit_m)
        source = f"{extract.file}: no business is mapped within {reach_m:.0f} m of them"
        yield _note("candidate points at street corners", str(corners), source, year, "sites")
    yield from _notes_of_reach(found, people)
    for kind, speed in found.pace.items():
        yield Assumption(
            name=f"lorry speed: {kind}",
            value=f"{speed:g}",
            low=f"{speed * (1 - SPEED_RANGE):g}",
            high=f"{speed * (1 + SPEED_RANGE):g}",
            unit="km/h",
            year="",
            source="by class of road, or the tagged limit where that is lower",
            confidence="low; needs local value",
        )


def _notes_of_reach(found: Found, people: NDArray) -> Iterator[Assumption]:
    """Say how many residents live off the roads of the extract."""
    settled = found.settled
    gap_m = road_gap_m(found.extract.roads, settled.lon, settled.lat)
    off = int(people[gap_m > REACH_M].sum())
    if off:
        source = f"{found.extract.file}: they walk by straight lines times the detour"
        year = found.extract.newest[:4]
        name = f"residents over {REACH_M:.0f} m from every road"
        yield _note(name, str(off), source, year, "people")
