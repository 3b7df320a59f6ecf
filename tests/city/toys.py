"""A city of seven places for the tests of folders, and ways to break its files."""

from pathlib import Path

import numpy as np
import pytest

from ainalym.city import read
from ainalym.errors import InputError
from ainalym.model.city import Assumption, City
from ainalym.model.market import Counter, Factor, Haul, Offer
from ainalym.model.material import Material, MaterialKind
from ainalym.model.place import Places, SiteKind, Sites, SiteStatus
from ainalym.model.process import LOSS, Process, Step
from ainalym.model.programme import Cover, Fund, Objective, Programme, Walk
from ainalym.model.travel import Roads

INF = float("inf")
OUTLINE = '{"type": "FeatureCollection", "features": []}\n'


def toy(**changes: object) -> City:
    """Build a sound city in which every kind of row occurs."""
    given = {
        "name": "Toytown",
        "date": "2003-01-01",
        "programme": _programme(),
        "materials": _materials(),
        "processes": _processes(),
        "places": _places(),
        "sites": _sites(),
        "counters": (_counter("paper", 500.0), _counter("plastic", 0.1)),
        "offers": (
            Offer(site="mill", material="paper.clean", price_minor_per_kg=1500.0),
            Offer(
                site="mill",
                material="paper",
                price_minor_per_kg=0.1,
                limit_kg_per_year=1e6,
            ),
            Offer(site="dump", material="rest", price_minor_per_kg=-50.0),
        ),
        "hauls": tuple(
            Haul(id=f"lorry.{k}", origin=k, cost_minor_per_kg_km=1.1)
            for k in (SiteKind.POINT, SiteKind.STATION, SiteKind.STOCKPILE)
        ),
        "factors": (
            Factor(set="A", material="paper", avoided_kg_per_kg=0.7),
            Factor(set="B", material="paper", avoided_kg_per_kg=-0.1),
        ),
        "assumptions": (
            Assumption(
                name="price, paper",
                value="15",
                low="10",
                high="20",
                unit="KZT/kg",
                year="2003",
                source='made up for "tests"',
                confidence="needs local value",
            ),
        ),
        "speed_m_per_s": 8.0,
        "roads": _roads(),
        "outline": OUTLINE,
    }
    return City(**(given | changes))


def broken(folder: Path, file: str, old: str, new: str) -> None:
    """Replace text that stands exactly once in a file of a folder."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def faults_of(folder: Path, scenario: str = "") -> list[str]:
    """The sentences a folder is refused with."""
    with pytest.raises(InputError) as caught:
        read(folder, scenario)
    return [str(issue) for issue in caught.value.issues]


def _counter(fraction: str, buyback_minor_per_kg: float) -> Counter:
    return Counter(
        fraction=fraction,
        buyback_minor_per_kg=buyback_minor_per_kg,
        handling_minor_per_kg=200.0,
        support_minor_per_kg=0.0,
        capture_low=0.077,
        capture_high=0.6,
        reference_minor_per_kg=300.0,
    )


def _programme() -> Programme:
    return Programme(
        name="Toy programme",
        currency="KZT",
        first_year=2003,
        years=3,
        discount_share=0.08,
        growth_share=0.02,
        stations=1,
        exactly=True,
        objective=Objective.VALUE,
        target_share=0.0,
        funds=(
            Fund(source="city", covers=Cover.ANYTHING, amount_minor=(210_000_000, 0, 10_001)),
            Fund(source="bank", covers=Cover.STATIONS, amount_minor=(0, 500, 0)),
        ),
        keeper_minor_per_year=1_200_000.5,
        subsidy_minor_per_year=INF,
        gate_minor_per_kg={"paper": 900.0, "plastic": 1200.0},
        walk=Walk(participation=(0.5, 1.0)),
        factor_set="A",
    )


def _materials() -> tuple[Material, ...]:
    kind = MaterialKind
    return (
        Material(id="paper", kind=kind.FRACTION, fraction="paper", name="бумага, paper"),
        Material(id="plastic", kind=kind.FRACTION, fraction="plastic", density_kg_per_m3=25.5),
        Material(id="paper.clean", kind=kind.GRADE, fraction="paper", waste_code="19 12 01"),
        Material(id="board", kind=kind.PRODUCT, fraction="paper"),
        Material(id="rest", kind=kind.RESIDUE),
        Material(id="dust", kind=kind.STOCK),
        Material(id="briquette", kind=kind.FUEL),
    )


def _processes() -> tuple[Process, ...]:
    steps = tuple(Step(capacity_kg_per_year=1e6 * k, capex_minor=1000 * k, jobs=k) for k in (1, 2))
    return (
        Process(
            id="line",
            at=SiteKind.STATION,
            recipe_ppm={
                "paper": {"paper.clean": 850_000, "rest": 100_001, LOSS: 49_999},
                "plastic": {"rest": 1_000_000},
            },
            steps=steps,
            cost_minor_per_kg=12.3,
            emissions_kg_per_kg=0.015,
        ),
        Process(
            id="press",
            at=SiteKind.STOCKPILE,
            recipe_ppm={"dust": {"briquette": 950_000, LOSS: 50_000}},
            steps=steps[:1],
        ),
        Process(id="mill", at=SiteKind.PLANT, recipe_ppm={"paper.clean": {"board": 1_000_000}}),
    )


def _places() -> Places:
    count = 7
    return Places(
        id=tuple(f"b.{k + 1}" for k in range(count)),
        lon=np.round(76.9 + 0.001 * np.arange(count), 3),
        lat=np.round(43.2 + 0.001 * np.arange(count), 3),
        residents=100.0 * np.arange(1, count + 1),
        fractions=("paper", "plastic"),
        waste_kg_per_day=np.column_stack([0.5 * np.arange(count), 0.25 * np.arange(count)]),
        district=("north",) * 3 + ("south",) * 4,
    )


def _sites() -> Sites:
    kinds = ("point", "point", "station", "station", "plant", "landfill", "stockpile")
    return Sites(
        id=("p.1", "p.2", "st.1", "st.2", "mill", "dump", "heap"),
        name=("Kiosk", "", "North", "South", "Mill", "Dump", "Almaty-1"),
        kind=tuple(SiteKind(kind) for kind in kinds),
        status=(
            SiteStatus.CANDIDATE,
            SiteStatus.FORCED,
            SiteStatus.CANDIDATE,
            SiteStatus.CANDIDATE,
            *(SiteStatus.EXISTING,) * 3,
        ),
        lon=[76.901, 76.905, 76.91, 76.92, 77.0, 77.1, 76.95],
        lat=[43.201, 43.205, 43.21, 43.22, 43.3, 43.4, 43.34],
        capex_minor=[100_050, 100_000, 5_000_000, 6_000_000, 0, 0, 0],
        fixed_minor_per_year=[5_000, 5_000, 100_000, 100_000, 0, 0, 0],
        capacity_kg_per_year=[250_000, INF, INF, INF, INF, INF, INF],
        stock_kg=[0, 0, 0, 0, 0, 0, 360_000_000],
        holds=("",) * 6 + ("dust",),
        takes=(("paper", "plastic"), ("paper",), *((),) * 5),
        jobs=[1, 1.5, 10, 10, 0, 0, 0],
    )


def _roads() -> Roads:
    """A street past both points and both stations, driven both ways."""
    return Roads(
        lon=[76.901, 76.905, 76.91, 76.92],
        lat=[43.201, 43.205, 43.21, 43.22],
        tail=[0, 1, 1, 2, 2, 3],
        head=[1, 0, 2, 1, 3, 2],
        length_m=[550.25, 550.25, 700, 700, 1500, 1500],
        travel_s=[66.0, 67.5, 84, 84, 180, 180],
        walkable=[True, False, True, True, True, True],
    )
