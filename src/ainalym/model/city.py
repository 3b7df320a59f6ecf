"""City: everything known of one city at one date."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ainalym.errors import Issue
from ainalym.model.market import Counter, Factor, Haul, Offer
from ainalym.model.material import Material, MaterialKind
from ainalym.model.place import Places, SiteKind, Sites, SiteStatus
from ainalym.model.process import LOSS, Process
from ainalym.model.programme import Objective, Programme
from ainalym.model.travel import Roads


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One number that was assumed, where it came from, and how far it can be trusted.

    Attributes
    ----------
    name, value, unit
        What was assumed; `low` and `high` are its range as text, empty where unknown.
    year, source, confidence
        When and by whom it was published; confidence `needs local value` marks a guess.
    """

    name: str
    value: str
    low: str
    high: str
    unit: str
    year: str
    source: str
    confidence: str

    @property
    def needs_local_value(self) -> bool:
        """Whether nobody has measured it here yet."""
        return "needs local value" in self.confidence


@dataclass(frozen=True, kw_only=True)
class City:
    """Everything known of one city at one date.

    Attributes
    ----------
    name, date
        Which city, and of when its tables speak.
    detour_share
        How much longer a road is than the straight line, at least 1; used where no roads are
        given.
    speed_m_per_s
        Lorry speed on such a line.
    roads
        The road graph, or None.
    outline
        A GeoJSON FeatureCollection of districts for maps, as text; may be empty.
    """

    name: str
    date: str
    programme: Programme
    materials: tuple[Material, ...]
    processes: tuple[Process, ...]
    places: Places
    sites: Sites
    counters: tuple[Counter, ...]
    offers: tuple[Offer, ...]
    hauls: tuple[Haul, ...]
    factors: tuple[Factor, ...]
    assumptions: tuple[Assumption, ...] = ()
    detour_share: float = 1.3
    speed_m_per_s: float = 8.0
    roads: Roads | None = None
    outline: str = ""

    @cached_property
    def material(self) -> dict[str, Material]:
        """Materials by id."""
        return {m.id: m for m in self.materials}

    @cached_property
    def process(self) -> dict[str, Process]:
        """Processes by id."""
        return {p.id: p for p in self.processes}

    @cached_property
    def counter(self) -> dict[str, Counter]:
        """Counter terms by fraction."""
        return {c.fraction: c for c in self.counters}

    @property
    def fractions(self) -> tuple[str, ...]:
        """The fractions people throw away, in the order of the places' columns."""
        return self.places.fractions

    def haul(self, origin: SiteKind) -> Haul:
        """Find the vehicle class that loads at this kind of site."""
        return next(h for h in self.hauls if h.origin is origin)

    def check(self) -> Iterator[Issue]:
        """Yield every fault between the tables: names that lead nowhere, parts that are missing."""
        yield from self._faults_of_tables()
        yield from self._faults_of_names()
        yield from self._faults_of_sites()
        yield from self._faults_of_programme()

    def _faults_of_tables(self) -> Iterator[Issue]:
        named = {"blocks": self.places.id, "materials": self.materials, "sites": self.sites.id}
        for table, rows in (named | {"counter": self.counters, "offers": self.offers}).items():
            if not len(rows):
                yield Issue(f"{table}.csv", "the table is empty", "add at least one row")
        for table, ids in (
            ("materials", [m.id for m in self.materials]),
            ("processes", [p.id for p in self.processes]),
            ("counter", [c.fraction for c in self.counters]),
            ("offers", [f"{o.site}/{o.material}" for o in self.offers]),
        ):
            for name in sorted({i for i in ids if ids.count(i) > 1}):
                fault = f"id {name!r} stands twice"
                yield Issue(f"{table}/{name}", fault, "rename or remove one of the two")
        if not 1 <= self.detour_share < 10:
            fault = f"detour_share is {self.detour_share:g}"
            yield Issue("programme/detour_share", fault, "give a number between 1 and 10")
        if not self.speed_m_per_s > 0:
            fault = f"speed is {self.speed_m_per_s:g} m/s"
            yield Issue("programme/speed", fault, "give a number above 0")

    def _faults_of_names(self) -> Iterator[Issue]:
        known = {m.id for m in self.materials}
        for m in self.materials:
            if m.fraction and self._kind(m.fraction) is not MaterialKind.FRACTION:
                fault = f"fraction {m.fraction!r} is not a fraction"
                yield Issue(f"materials/{m.id}", fault, "name a material of kind fraction")
        for process in self.processes:
            for taken, outputs in process.recipe_ppm.items():
                for name in (taken, *outputs):
                    if name not in known and name != LOSS:
                        where = f"recipes/{process.id}/{taken}"
                        yield Issue(where, f"material {name!r} is unknown", _among(known))
        for counter in self.counters:
            if self._kind(counter.fraction) is not MaterialKind.FRACTION:
                where = f"counter/{counter.fraction}"
                yield Issue(where, f"{counter.fraction!r} is not a fraction", _among(known))
        for fraction in self.places.fractions:
            if fraction not in self.counter:
                fault = f"fraction {fraction!r} has no terms"
                yield Issue("counter.csv", fault, "add a row that says what is paid for it")
            if self._kind(fraction) is not MaterialKind.FRACTION:
                yield Issue("blocks.csv", f"column of unknown fraction {fraction!r}", _among(known))
        for offer in self.offers:
            where = f"offers/{offer.site}/{offer.material}"
            if offer.material not in known:
                yield Issue(where, f"material {offer.material!r} is unknown", _among(known))
            if offer.site not in self.sites.row:
                fault = f"site {offer.site!r} is unknown"
                yield Issue(where, fault, "name a site of kind plant or landfill")
            elif self._site_kind(offer.site) not in (SiteKind.PLANT, SiteKind.LANDFILL):
                fault = f"site {offer.site!r} is a {self._site_kind(offer.site)}"
                yield Issue(where, fault, "only plants and landfills make offers")
        for name in self.programme.gate_minor_per_kg:
            if name not in known:
                yield Issue(f"gate/{name}", f"material {name!r} is unknown", _among(known))
        for factor in self.factors:
            if factor.material not in known:
                where = f"factors/{factor.set}/{factor.material}"
                yield Issue(where, f"material {factor.material!r} is unknown", _among(known))

    def _faults_of_sites(self) -> Iterator[Issue]:
        sites = self.sites
        for k, name in enumerate(sites.id):
            for fraction in sites.takes[k]:
                if fraction not in self.places.fractions:
                    fault = f"takes {fraction!r}, which nobody throws away"
                    yield Issue(f"sites/{name}", fault, _among(set(self.places.fractions)))
            if sites.holds[k] and self._kind(sites.holds[k]) is not MaterialKind.STOCK:
                fault = f"holds {sites.holds[k]!r}, which is not a stock"
                yield Issue(f"sites/{name}", fault, "name a material of kind stock")
        yield from self._faults_of_positions()

    def _faults_of_positions(self) -> Iterator[Issue]:
        """Coordinates far from where most of the city is, which are most often swapped."""
        if not len(self.places):
            return
        middle_lon, middle_lat = np.median(self.places.lon), np.median(self.places.lat)
        for table, ids, lon, lat, reach in (
            ("blocks", self.places.id, self.places.lon, self.places.lat, 1.0),
            ("sites", self.sites.id, self.sites.lon, self.sites.lat, 30.0),
        ):
            outside = (np.abs(lon) > 180) | (np.abs(lat) > 90) | ~np.isfinite(lon + lat)
            far = (np.abs(lon - middle_lon) > reach) | (np.abs(lat - middle_lat) > reach)
            swapped = np.hypot(lon - middle_lat, lat - middle_lon) < 1.0
            for k in np.flatnonzero(outside | far | swapped):
                if swapped[k]:
                    mend = f"swap them: lon {lat[k]:g}, lat {lon[k]:g}"
                else:
                    mend = f"the city lies around lon {middle_lon:.3f}, lat {middle_lat:.3f}"
                fault = f"lon {lon[k]:g}, lat {lat[k]:g} is not in the city"
                yield Issue(f"{table}/{ids[k]}", fault, mend)

    def _faults_of_programme(self) -> Iterator[Issue]:
        programme, sites = self.programme, self.sites
        stations = sites.rows(SiteKind.STATION)
        open_to_choice = [
            k for k in stations if sites.status[k] in (SiteStatus.CANDIDATE, SiteStatus.FORCED)
        ]
        if programme.exactly and programme.stations > len(open_to_choice):
            fault = f"asks for {programme.stations} stations; there are {len(open_to_choice)}"
            mend = "add candidate stations to sites.csv or ask for fewer"
            yield Issue("programme/stations", fault, mend)
        if not len(sites.rows(SiteKind.POINT)):
            yield Issue("sites.csv", "there is no point", "add sites of kind point")
        origins = {SiteKind.POINT, SiteKind.STATION} if len(stations) else {SiteKind.POINT}
        if len(sites.rows(SiteKind.STOCKPILE)):
            origins.add(SiteKind.STOCKPILE)
        for origin in sorted(origins - {h.origin for h in self.hauls}):
            fault = f"no vehicle loads at a {origin}"
            yield Issue("vehicles.csv", fault, f"add a row with origin {origin}")
        first = {h.origin: h.id for h in reversed(self.hauls)}
        for haul in self.hauls:
            if first[haul.origin] != haul.id:
                fault = f"loads at a {haul.origin}, as {first[haul.origin]!r} does"
                yield Issue(f"vehicles/{haul.id}", fault, "keep one vehicle for each origin")
        sets = {f.set for f in self.factors}
        if programme.objective is Objective.EMISSIONS and programme.factor_set not in sets:
            fault = f"factor set {programme.factor_set!r} is unknown"
            yield Issue("programme/factor_set", fault, _among(sets))

    def _kind(self, name: str) -> MaterialKind | None:
        return self.material[name].kind if name in self.material else None

    def _site_kind(self, name: str) -> SiteKind:
        return self.sites.kind[self.sites.row[name]]


def _among(known: set[str]) -> str:
    return f"use one of {', '.join(sorted(known))}"
