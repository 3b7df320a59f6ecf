"""A city small enough to check by hand, and a plan for it that breaks no rule.

Four places, two points, a station, a mill, a dump and a heap of dust; two years. What it comes to
is worked out by hand in `test_check.py`.
"""

from dataclasses import replace
from math import inf, log

import numpy as np

from ainalym.model.city import City
from ainalym.model.market import Counter, Factor, Haul, Offer
from ainalym.model.material import Material, MaterialKind
from ainalym.model.place import Places, SiteKind, Sites, SiteStatus
from ainalym.model.plan import NEVER, Flows, Installed, Plan, Worked
from ainalym.model.process import LOSS, Process, Step
from ainalym.model.programme import Cover, Fund, Objective, Programme, Walk
from ainalym.model.travel import Travel

SITES = ("pt.1", "pt.2", "st.1", "mill", "dump", "heap")
PLACES = ("a", "b", "c", "d")
THROWN_KG_PER_YEAR = ((8000.0, 4000.0), (4000.0, 0.0), (2000.0, 2000.0), (1000.0, 0.0))

WALKS_M = {
    "a": {"pt.1": 0.0, "pt.2": 500.0},
    "b": {"pt.2": 0.0, "pt.1": 1000.0},
    "c": {"pt.1": 500.0},
    "d": {},
}
WAYS_M = {
    ("pt.1", "st.1"): 2000.0,
    ("pt.2", "st.1"): 4000.0,
    ("pt.1", "dump"): 10000.0,
    ("pt.2", "dump"): 10000.0,
    ("st.1", "mill"): 5000.0,
    ("st.1", "dump"): 10000.0,
    ("heap", "mill"): 20000.0,
    ("heap", "dump"): 10000.0,
}

FLOWS = (
    (0, "pt.1", "st.1", "paper", 1000.0),
    (0, "pt.1", "st.1", "paper.clean", 3600.0),
    (0, "pt.1", "st.1", "glass", 1250.0),
    (0, "pt.1", "dump", "rest", 400.0),
    (0, "st.1", "mill", "paper.bale", 3480.0),
    (0, "st.1", "mill", "glass", 1000.0),
    (0, "st.1", "dump", "glass", 250.0),
    (0, "st.1", "dump", "rest", 840.0),
    (1, "pt.1", "st.1", "paper", 750.0),
    (1, "pt.1", "st.1", "paper.clean", 5400.0),
    (1, "pt.1", "st.1", "glass", 1875.0),
    (1, "pt.1", "dump", "rest", 600.0),
    (1, "pt.2", "st.1", "paper", 1000.0),
    (1, "st.1", "mill", "paper.bale", 5370.0),
    (1, "st.1", "mill", "glass", 1875.0),
    (1, "st.1", "dump", "rest", 1335.0),
    (1, "heap", "mill", "brick", 900.0),
)
WORKED = (
    (0, "pt.1", "pick", "paper", 4000.0),
    (0, "st.1", "line", "paper.clean", 3600.0),
    (0, "st.1", "line", "paper", 1000.0),
    (1, "pt.1", "pick", "paper", 6000.0),
    (1, "st.1", "line", "paper.clean", 5400.0),
    (1, "st.1", "line", "paper", 1750.0),
    (1, "heap", "press", "dust", 1000.0),
)
INSTALLED = (("st.1", "line", 0, 0), ("st.1", "line", 1, 1), ("heap", "press", 0, 1))
OPENED = {"pt.1": 0, "pt.2": 1, "st.1": 0, "mill": 0, "dump": 0, "heap": 0}
SUBSIDY = {(1, "pt.2"): 105_000.0}
CAPTURED = {
    (0, "pt.1"): (5000.0, 1250.0),
    (1, "pt.1"): (6750.0, 1875.0),
    (1, "pt.2"): (1000.0, 0.0),
}
BRINGS_TO = (("pt.1", "pt.1", "pt.1", None), ("pt.1", "pt.2", "pt.1", None))


def tiny_city(
    *,
    site: dict | None = None,
    counter: dict | None = None,
    offer: dict | None = None,
    **changes: object,
) -> City:
    """Build the small city.

    Parameters
    ----------
    site, counter, offer
        Changed columns by site id, fraction, or (site, material): `site={"pt.2": {"jobs": 3}}`.
    changes
        Fields of the city or of its programme.
    """
    offers = {(o.site, o.material): o for o in _offers()}
    for key, fields in (offer or {}).items():
        blank = Offer(site=key[0], material=key[1], price_minor_per_kg=0.0)
        offers[key] = replace(offers.get(key, blank), **fields)
    counters = {c.fraction: c for c in _counters()}
    for fraction, fields in (counter or {}).items():
        counters[fraction] = replace(counters[fraction], **fields)
    in_programme = {n: v for n, v in changes.items() if n in Programme.__dataclass_fields__}
    tables = {
        "name": "tiny",
        "date": "2004-01-01",
        "programme": replace(_programme(), **in_programme),
        "materials": _materials(),
        "processes": _processes(),
        "places": _places(),
        "sites": _sites(site or {}),
        "counters": tuple(counters.values()),
        "offers": tuple(offers.values()),
        "hauls": _hauls(),
        "factors": _factors(),
    }
    tables |= {n: v for n, v in changes.items() if n not in in_programme}
    return City(**tables)


def tiny_travel(walks_m: dict = WALKS_M, ways_m: dict = WAYS_M) -> Travel:
    """Build its distances; a lorry drives ten metres a second."""
    reach = [sorted((m, SITES.index(s)) for s, m in walks_m[p].items()) for p in PLACES]
    haul_m = np.full((len(SITES), len(SITES)), inf)
    np.fill_diagonal(haul_m, 0.0)
    for (origin, target), way_m in ways_m.items():
        haul_m[SITES.index(origin), SITES.index(target)] = way_m
    return Travel(
        walk_start=np.cumsum([0, *map(len, reach)]),
        walk_site=np.array([s for row in reach for _, s in row]),
        walk_m=np.array([m for row in reach for m, _ in row]),
        haul_m=haul_m,
        haul_s=haul_m / 10.0,
        how="by hand",
    )


def tiny_plan(city: City | None = None, **changes: object) -> Plan:
    """Build the plan for it.

    Parameters
    ----------
    city
        Where rows are looked up; the small city.
    changes
        Any of this file's tables under its name in lower case: `flows=FLOWS[1:]`.
    """
    city = city or tiny_city()
    known = {
        "flows": FLOWS,
        "worked": WORKED,
        "installed": INSTALLED,
        "opened": OPENED,
        "subsidy": SUBSIDY,
        "captured": CAPTURED,
        "brings_to": BRINGS_TO,
    } | changes
    site, years = city.sites.row, city.programme.years
    material = {m.id: k for k, m in enumerate(city.materials)}
    process = {p.id: k for k, p in enumerate(city.processes)}
    captured_kg = np.zeros((years, len(city.sites), len(city.fractions)))
    for (t, name), mass_kg in known["captured"].items():
        captured_kg[t, site[name]] = mass_kg
    subsidy_minor = np.zeros((years, len(city.sites)))
    for (t, name), amount_minor in known["subsidy"].items():
        subsidy_minor[t, site[name]] = amount_minor
    flows, worked = known["flows"], known["worked"]
    return Plan(
        opened=[known["opened"].get(name, NEVER) for name in city.sites.id],
        brings_to=[[site.get(name, NEVER) for name in row] for row in known["brings_to"]],
        captured_kg=captured_kg,
        installed=tuple(
            Installed(site=s, process=p, step=k, year=t) for s, p, k, t in known["installed"]
        ),
        worked=Worked(
            year=[row[0] for row in worked],
            site=[site[row[1]] for row in worked],
            process=[process[row[2]] for row in worked],
            material=[material[row[3]] for row in worked],
            mass_kg=[row[4] for row in worked],
        ),
        flows=Flows(
            year=[row[0] for row in flows],
            origin=[site[row[1]] for row in flows],
            target=[site[row[2]] for row in flows],
            material=[material[row[3]] for row in flows],
            mass_kg=[row[4] for row in flows],
        ),
        subsidy_minor=subsidy_minor,
    )


def _programme() -> Programme:
    """Half of the willing come 500 m, and half of those to a point that takes one fraction."""
    return Programme(
        name="tiny programme",
        currency="KZT",
        first_year=2004,
        years=2,
        discount_share=0.25,
        growth_share=0.5,
        stations=1,
        exactly=True,
        objective=Objective.VALUE,
        target_share=0.2,
        funds=(
            Fund(source="akimat", covers=Cover.ANYTHING, amount_minor=(700_000, 100_000)),
            Fund(source="lender", covers=Cover.STATIONS, amount_minor=(200_000, 300_000)),
        ),
        keeper_minor_per_year=100_000.0,
        subsidy_minor_per_year=150_000.0,
        gate_minor_per_kg={"paper": 180.0, "paper.clean": 240.0, "glass": 5.0},
        walk=Walk(rate=2 * log(2), power=1.0, limit_m=1000.0, participation=(0.5, 1.0)),
        factor_set="A",
    )


def _materials() -> tuple[Material, ...]:
    kind = MaterialKind
    return (
        Material(id="paper", kind=kind.FRACTION, fraction="paper"),
        Material(id="glass", kind=kind.FRACTION, fraction="glass"),
        Material(id="paper.clean", kind=kind.GRADE, fraction="paper"),
        Material(id="paper.bale", kind=kind.GRADE, fraction="paper"),
        Material(id="pulp", kind=kind.PRODUCT, fraction="paper"),
        Material(id="rest", kind=kind.RESIDUE),
        Material(id="dust", kind=kind.STOCK),
        Material(id="brick", kind=kind.FUEL),
    )


def _processes() -> tuple[Process, ...]:
    return (
        Process(
            id="pick",
            at=SiteKind.POINT,
            recipe_ppm={"paper": {"paper.clean": 900_000, "rest": 100_000}},
            cost_minor_per_kg=2.0,
        ),
        Process(
            id="line",
            at=SiteKind.STATION,
            recipe_ppm={
                "paper.clean": {"paper.bale": 800_000, "rest": 150_000, LOSS: 50_000},
                "paper": {"paper.bale": 600_000, "rest": 300_000, LOSS: 100_000},
            },
            steps=(
                Step(
                    capacity_kg_per_year=5000,
                    capex_minor=300_000,
                    fixed_minor_per_year=10_000,
                    jobs=2,
                ),
                Step(
                    capacity_kg_per_year=4000,
                    capex_minor=200_000,
                    fixed_minor_per_year=5_000,
                    jobs=1,
                ),
            ),
            cost_minor_per_kg=3.0,
            emissions_kg_per_kg=0.1,
        ),
        Process(
            id="press",
            at=SiteKind.STOCKPILE,
            recipe_ppm={"dust": {"brick": 900_000, LOSS: 100_000}},
            steps=(
                Step(
                    capacity_kg_per_year=2000,
                    capex_minor=100_000,
                    fixed_minor_per_year=1_000,
                    jobs=1,
                ),
            ),
            cost_minor_per_kg=1.0,
            emissions_kg_per_kg=0.01,
        ),
        Process(
            id="pulping",
            at=SiteKind.PLANT,
            recipe_ppm={"paper.bale": {"pulp": 900_000, LOSS: 100_000}},
        ),
    )


def _places() -> Places:
    return Places(
        id=PLACES,
        lon=(76.90, 76.91, 76.92, 76.99),
        lat=(43.20, 43.20, 43.20, 43.20),
        residents=(200, 100, 100, 100),
        fractions=("paper", "glass"),
        waste_kg_per_day=np.array(THROWN_KG_PER_YEAR) / 365.0,
        district=("", "", "", ""),
    )


def _sites(changes: dict[str, dict]) -> Sites:
    kind, status = SiteKind, SiteStatus
    columns = {
        "id": SITES,
        "name": SITES,
        "kind": (
            kind.POINT,
            kind.POINT,
            kind.STATION,
            kind.PLANT,
            kind.LANDFILL,
            kind.STOCKPILE,
        ),
        "status": (
            status.EXISTING,
            status.CANDIDATE,
            status.CANDIDATE,
            status.EXISTING,
            status.EXISTING,
            status.CANDIDATE,
        ),
        "lon": (76.90, 76.91, 76.93, 76.95, 76.97, 76.98),
        "lat": (43.20,) * 6,
        "capex_minor": (50_000, 40_000, 500_000, 0, 0, 25_000),
        "fixed_minor_per_year": (20_000, 10_000, 30_000, 0, 0, 2_000),
        "capacity_kg_per_year": (inf, 1000.0, inf, inf, inf, inf),
        "stock_kg": (0.0, 0.0, 0.0, 0.0, 0.0, 3000.0),
        "holds": ("", "", "", "", "", "dust"),
        "takes": (("paper", "glass"), ("paper",), (), (), (), ()),
        "jobs": (1.0, 1.0, 2.0, 0.0, 0.0, 0.0),
    }
    columns = {name: list(column) for name, column in columns.items()}
    for name, fields in changes.items():
        for column, value in fields.items():
            columns[column][SITES.index(name)] = value
    listed = ("id", "name", "kind", "status", "holds", "takes")
    return Sites(**{n: tuple(c) if n in listed else c for n, c in columns.items()})


def _counters() -> tuple[Counter, ...]:
    """Half of the willing bring paper for its reference price, a quarter glass for nothing."""
    return (
        Counter(
            fraction="paper",
            buyback_minor_per_kg=200.0,
            handling_minor_per_kg=5.0,
            support_minor_per_kg=30.0,
            capture_low=0.0,
            capture_high=1.0,
            reference_minor_per_kg=200.0,
        ),
        Counter(
            fraction="glass",
            buyback_minor_per_kg=0.0,
            handling_minor_per_kg=10.0,
            support_minor_per_kg=40.0,
            capture_low=0.25,
            capture_high=0.75,
            reference_minor_per_kg=50.0,
        ),
    )


def _offers() -> tuple[Offer, ...]:
    return (
        Offer(site="mill", material="paper.bale", price_minor_per_kg=300.0),
        Offer(site="mill", material="glass", price_minor_per_kg=50.0),
        Offer(site="mill", material="brick", price_minor_per_kg=100.0, limit_kg_per_year=1000.0),
        Offer(site="dump", material="rest", price_minor_per_kg=-20.0),
        Offer(site="dump", material="glass", price_minor_per_kg=-5.0),
    )


def _hauls() -> tuple[Haul, ...]:
    return (
        Haul(
            id="van",
            origin=SiteKind.POINT,
            cost_minor_per_kg_km=1.0,
            cost_minor_per_kg=0.5,
            emissions_kg_per_kg_km=0.001,
            payload_kg=1000.0,
        ),
        Haul(
            id="lorry",
            origin=SiteKind.STATION,
            cost_minor_per_kg_km=0.2,
            emissions_kg_per_kg_km=0.0005,
            payload_kg=10_000.0,
        ),
        Haul(
            id="tipper",
            origin=SiteKind.STOCKPILE,
            cost_minor_per_kg_km=0.2,
            cost_minor_per_kg=0.1,
            emissions_kg_per_kg_km=0.0005,
            payload_kg=10_000.0,
        ),
    )


def _factors() -> tuple[Factor, ...]:
    return (
        Factor(set="A", material="paper", avoided_kg_per_kg=1.0),
        Factor(set="A", material="glass", avoided_kg_per_kg=0.3),
        Factor(set="A", material="brick", avoided_kg_per_kg=-2.0),
        Factor(set="B", material="paper", avoided_kg_per_kg=9.0),
        Factor(set="B", material="paper.bale", avoided_kg_per_kg=0.5),
    )
