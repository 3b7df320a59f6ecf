"""The toy: seven places in one street, with numbers a person can check by hand."""

from math import inf, log, radians

import numpy as np

from ainalym.city.facts import Facts
from ainalym.city.roads import EARTH_M
from ainalym.model.city import City
from ainalym.model.market import Counter, Factor, Haul, Offer
from ainalym.model.material import Material, MaterialKind
from ainalym.model.place import Places, SiteKind, Sites, SiteStatus
from ainalym.model.process import Process, Step
from ainalym.model.programme import Cover, Fund, Objective, Programme, Walk
from ainalym.units import M_PER_KM

LON = 77.0
LAT = 43.0
PLACES = (("p1", 0, 1), ("p2", 1, 1), ("p3", 2, 1), ("p4", 4, 0.5), ("p5", 6, 1), ("p6", 7, 1))
PLACES += (("p7", 8, 1),)
"""Name, kilometres along the street, thousands of residents."""

SITES = (
    ("A", SiteKind.POINT, "Point by the school", 1, 3_000_000, 4_000_000, 2),
    ("B", SiteKind.POINT, "Point by the market", 7, 3_000_000, 4_000_000, 2),
    ("C", SiteKind.POINT, "Point at the south end", 0, 2_000_000, 2_000_000, 1),
    ("D", SiteKind.POINT, "Point in the middle", 4, 3_000_000, 4_000_000, 2),
    ("S1", SiteKind.STATION, "Station in the middle", 4, 10_000_000, 3_000_000, 3),
    ("S2", SiteKind.STATION, "Station at the depot", 10, 8_000_000, 3_000_000, 3),
    ("works", SiteKind.PLANT, "Recycling works", 12, 0, 0, 0),
    ("dump", SiteKind.LANDFILL, "Landfill", 14, 0, 0, 0),
)
"""Id, kind, name, kilometres along the street, capex, yearly cost (KZT), jobs."""


def make_toy(facts: Facts) -> City:
    """Build the toy city.

    Parameters
    ----------
    facts
        Gives the emission factors and the curve's sources; all else is made up and round.
    """
    programme = _programme()
    factors = tuple(
        Factor(set=name, material=m, avoided_kg_per_kg=facts.number(f"ghg_{m}_{name}"))
        for name in ("warm", "swolf")
        for m in ("paper", "plastic")
    )
    facts.text("toy_numbers")
    return City(
        name="Toy",
        date="2026-01-01",
        programme=programme,
        materials=_materials(),
        processes=_processes(),
        places=_places(),
        sites=_sites(),
        counters=(_counter("paper", 10.0, 0.0), _counter("plastic", 20.0, 10.0)),
        offers=(
            _offer("works", "paper.clean", 100.0),
            _offer("works", "plastic.clean", 200.0),
            _offer("works", "plastic.dirty", 50.0),
            _offer("dump", "residue", -5.0),
        ),
        hauls=(_haul("van", SiteKind.POINT, 500, 2), _haul("lorry", SiteKind.STATION, 250, 10)),
        factors=factors,
        assumptions=facts.asked(),
        detour_share=1.0,
        speed_m_per_s=10.0,
    )


def _lat(km: float) -> float:
    """Latitude so many kilometres up the street, a meridian: distances add up there."""
    return round(LAT + km * M_PER_KM / (radians(1.0) * EARTH_M), 9)


def _programme() -> Programme:
    return Programme(
        name="Two points and a station",
        currency="KZT",
        first_year=2026,
        years=3,
        discount_share=0.25,
        growth_share=0.0,
        stations=1,
        exactly=True,
        objective=Objective.VALUE,
        target_share=0.0,
        funds=(
            Fund(
                source="city",
                covers=Cover.ANYTHING,
                amount_minor=(3_000_000_000, 0, 0),
            ),
        ),
        keeper_minor_per_year=300_000_000.0,
        subsidy_minor_per_year=200_000_000.0,
        gate_minor_per_kg={"paper": 4000.0, "plastic": 6000.0},
        # With power 1 and this rate the share halves with every kilometre.
        walk=Walk(rate=log(2.0), power=1.0, stretch=1.0, limit_m=1100.0, participation=(1.0,)),
        factor_set="warm",
        build_years=1,
    )


def _materials() -> tuple[Material, ...]:
    rows = (
        ("paper", MaterialKind.FRACTION, "paper", 400.0, "20 01 01"),
        ("plastic", MaterialKind.FRACTION, "plastic", 100.0, "20 01 39"),
        ("paper.clean", MaterialKind.GRADE, "paper", 500.0, "19 12 01"),
        ("plastic.clean", MaterialKind.GRADE, "plastic", 400.0, "19 12 04"),
        ("plastic.dirty", MaterialKind.GRADE, "plastic", 400.0, "19 12 04"),
        ("board", MaterialKind.PRODUCT, "paper", 700.0, ""),
        ("pellets", MaterialKind.PRODUCT, "plastic", 600.0, ""),
        ("residue", MaterialKind.RESIDUE, "", 200.0, "19 12 12"),
    )
    return tuple(
        Material(
            id=name,
            kind=kind,
            fraction=fraction,
            name=name.replace(".", ", "),
            density_kg_per_m3=density,
            waste_code=code,
        )
        for name, kind, fraction, density, code in rows
    )


def _processes() -> tuple[Process, ...]:
    return (
        Process(
            id="line",
            at=SiteKind.STATION,
            name="Sorting line",
            recipe_ppm={
                "paper": {"paper.clean": 800_000, "residue": 200_000},
                "plastic": {
                    "plastic.clean": 600_000,
                    "plastic.dirty": 200_000,
                    "residue": 200_000,
                },
            },
            steps=(_step(300, 8_000_000, 2_000_000, 4), _step(600, 12_000_000, 3_000_000, 6)),
            cost_minor_per_kg=1000.0,
            emissions_kg_per_kg=0.01,
        ),
        Process(
            id="mill",
            at=SiteKind.PLANT,
            name="Paper machine",
            recipe_ppm={"paper.clean": {"board": 900_000, "loss": 100_000}},
        ),
        Process(
            id="extruder",
            at=SiteKind.PLANT,
            name="Extruder",
            recipe_ppm={
                "plastic.clean": {"pellets": 800_000, "loss": 200_000},
                "plastic.dirty": {"pellets": 500_000, "loss": 500_000},
            },
        ),
    )


def _step(capacity_t: int, capex: int, fixed: int, jobs: int) -> Step:
    return Step(
        capacity_kg_per_year=capacity_t * 1000.0,
        capex_minor=capex * 100,
        fixed_minor_per_year=fixed * 100,
        area_m2=float(capacity_t),
        jobs=float(jobs),
    )


def _places() -> Places:
    thousands = np.array([size for _, _, size in PLACES])
    return Places(
        id=tuple(name for name, _, _ in PLACES),
        lon=np.full(len(PLACES), LON),
        lat=np.array([_lat(km) for _, km, _ in PLACES]),
        residents=thousands * 1000.0,
        fractions=("paper", "plastic"),
        waste_kg_per_day=thousands[:, None] * np.array([1000.0, 500.0]),
        district=("South",) * 3 + ("Middle",) + ("North",) * 3,
    )


def _sites() -> Sites:
    name, kind, said, km, capex, fixed, jobs = zip(*SITES, strict=True)
    is_point = [k is SiteKind.POINT for k in kind]
    return Sites(
        id=name,
        name=said,
        kind=kind,
        status=tuple(
            SiteStatus.EXISTING
            if k in (SiteKind.PLANT, SiteKind.LANDFILL)
            else SiteStatus.CANDIDATE
            for k in kind
        ),
        lon=np.full(len(SITES), LON),
        lat=np.array([_lat(at) for at in km]),
        capex_minor=np.array(capex) * 100,
        fixed_minor_per_year=np.array(fixed) * 100,
        capacity_kg_per_year=np.full(len(SITES), inf),
        stock_kg=np.zeros(len(SITES)),
        holds=("",) * len(SITES),
        takes=tuple(("paper", "plastic") if p else () for p in is_point),
        jobs=np.array(jobs, float),
    )


def _counter(fraction: str, paid_per_kg: float, support_per_kg: float) -> Counter:
    """At the reference price the willing share is half way: one in five."""
    return Counter(
        fraction=fraction,
        buyback_minor_per_kg=paid_per_kg * 100,
        handling_minor_per_kg=500.0,
        support_minor_per_kg=support_per_kg * 100,
        capture_low=0.1,
        capture_high=0.3,
        reference_minor_per_kg=paid_per_kg * 100,
    )


def _offer(site: str, material: str, price_per_kg: float) -> Offer:
    return Offer(site=site, material=material, price_minor_per_kg=price_per_kg * 100)


def _haul(name: str, origin: SiteKind, cost_per_t_km: int, payload_t: int) -> Haul:
    return Haul(
        id=name,
        origin=origin,
        cost_minor_per_kg_km=cost_per_t_km / 10,
        emissions_kg_per_kg_km=0.0002,
        payload_kg=payload_t * 1000.0,
    )
