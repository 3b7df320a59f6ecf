"""The shipped examples: made anew to the byte, true to their facts, checkable by hand."""

import csv
import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from ainalym.city import read, scenarios
from ainalym.city.facts import DEFAULTS, Facts
from ainalym.city.roads import measure
from ainalym.city.shipped import EXAMPLES, make_examples
from ainalym.errors import NotFoundError
from ainalym.model.material import MaterialKind
from ainalym.model.place import SiteKind, SiteStatus
from ainalym.model.plan import NEVER, Flows, Installed, Plan, Worked
from ainalym.model.programme import Objective, willing
from ainalym.plan.check import recount

NAMES = ("almaty", "almaty-2003", "toy")
BEST_TOY = 11_515_488.0
"""KZT; the arithmetic is in the toy's README."""


def test_examples_are_made_anew_to_the_byte(tmp_path: Path) -> None:
    make_examples(tmp_path)
    assert {p.name for p in EXAMPLES.iterdir() if p.is_dir()} == set(NAMES)
    for name in NAMES:
        made = {p.relative_to(tmp_path): p.read_bytes() for p in (tmp_path / name).rglob("*.*")}
        kept = {p.relative_to(EXAMPLES): p.read_bytes() for p in (EXAMPLES / name).rglob("*.*")}
        kept.pop(Path(name) / "README.md")
        assert made == kept


def test_pages_of_the_examples_are_kept(tmp_path: Path) -> None:
    make_examples(tmp_path)
    (tmp_path / "toy" / "README.md").write_text("mine")
    make_examples(tmp_path)
    assert (tmp_path / "toy" / "README.md").read_text() == "mine"


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_an_example_names_its_scenarios(name: str) -> None:
    page = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert re.findall(r"`([\w-]+)`", " ".join(row.split("|")[1] for row in rows)) == [
        *scenarios(EXAMPLES / name)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_examples_and_their_scenarios_read_without_faults(name: str) -> None:
    folder = EXAMPLES / name
    base = read(folder)
    for scenario in ("", *scenarios(folder)):
        city = read(folder, scenario)
        assert list(city.check()) == []
        same = city == base if scenario else False
        assert not same, f"scenario {scenario} of {name} changes nothing"


def test_almaty_meets_the_official_head_counts() -> None:
    city = read(EXAMPLES / "almaty")
    rows = {row["name"]: row["value"] for row in _defaults()}
    assert city.places.residents.sum() == 2_354_736
    for district in set(city.places.district):
        here = np.array([d == district for d in city.places.district])
        assert city.places.residents[here].sum() == float(rows[f"residents_{district.lower()}"])
    assert len(set(city.places.district)) == 8
    assert 1500 <= len(city.places) <= 1700
    assert len(city.sites.rows(SiteKind.POINT)) == 240
    assert 10 <= len(city.sites.rows(SiteKind.STATION)) <= 12


@pytest.mark.parametrize("scenario", ["people-even", "people-dense"])
def test_other_ways_to_lay_people_out_keep_every_district(scenario: str) -> None:
    base, city = read(EXAMPLES / "almaty"), read(EXAMPLES / "almaty", scenario)
    for district in set(base.places.district):
        here = np.array([d == district for d in base.places.district])
        assert city.places.residents[here].sum() == base.places.residents[here].sum()
    moved = np.abs(city.places.residents - base.places.residents).sum() / 2
    assert moved / base.places.residents.sum() > 0.1


def test_almaty_throws_away_what_its_waste_composition_says() -> None:
    city = read(EXAMPLES / "almaty")
    share = dict(zip(city.fractions, (0.0635, 0.0635, 0.098, 0.097, 0.011), strict=True))
    for f, fraction in enumerate(city.fractions):
        expected = 2_354_736 * 0.65 * share[fraction]
        assert city.places.waste_kg_per_day[:, f].sum() == pytest.approx(expected, rel=1e-4)


def test_the_programme_of_2003_is_the_programmes_own() -> None:
    city = read(EXAMPLES / "almaty-2003")
    assert city.places.residents.sum() == 1_130_000
    assert len(set(city.places.district)) == 6
    assert [sum(f.amount_minor) for f in city.programme.funds] == [210_000_000 * 100]
    assert city.programme.funds[0].amount_minor[0] == 210_000_000 * 100
    assert (city.programme.first_year, city.programme.stations) == (2003, 3)
    assert city.programme.exactly
    assert city.fractions == ("paper", "cardboard", "plastic", "glass", "metal")
    dollars = read(EXAMPLES / "almaty-2003", "dollars")
    assert sum(dollars.programme.funds[0].amount_minor) == 210_000_000 * 150 * 100


@pytest.mark.parametrize("name", ["almaty", "almaty-2003"])
def test_the_coal_dust_is_a_stock_that_never_counts_as_recycling(name: str) -> None:
    city = read(EXAMPLES / name)
    (pile,) = city.sites.rows(SiteKind.STOCKPILE)
    assert city.sites.stock_kg[pile] == 360_000_000
    press = city.process["briquette-press"]
    assert press.at is SiteKind.STOCKPILE
    assert len(press.steps) == 3
    assert press.share("coal.dust", "briquettes") == 0.97
    assert city.material["coal.dust"].kind is MaterialKind.STOCK
    assert city.material["briquettes"].kind is MaterialKind.FUEL
    assert not city.material["coal.dust"].fraction + city.material["briquettes"].fraction
    coal = Facts().number("coal_retail_price") * Facts().number("coal_prices_2022_to_2026")
    prices = [o.price_minor_per_kg * 10 for o in city.offers if o.material == "briquettes"]
    assert prices
    assert all(0 < price < coal for price in prices)


@pytest.mark.parametrize("name", ["almaty", "almaty-2003"])
def test_people_next_door_bring_what_was_measured(name: str) -> None:
    city = read(EXAMPLES / name)
    for counter in city.counters:
        assert willing(counter, 0.0) == pytest.approx(0.077)
        assert willing(counter, counter.buyback_minor_per_kg) == pytest.approx(0.17)


@pytest.mark.parametrize("name", ["almaty", "almaty-2003"])
def test_what_leaves_a_station_finds_a_taker(name: str) -> None:
    """Otherwise nothing could be captured, and no plan would exist."""
    city = read(EXAMPLES / name)
    endless = {o.material for o in city.offers if o.limit_kg_per_year == float("inf")}
    for material in city.materials:
        if material.kind in (MaterialKind.FRACTION, MaterialKind.GRADE, MaterialKind.RESIDUE):
            assert material.id in endless
    bought = {o.material for o in city.offers if o.site != "landfill"}
    made = {m for p in city.processes for m in p.recipe_ppm if p.at is SiteKind.PLANT}
    assert bought - {"briquettes"} == made


def test_plastic_halves_only_where_plastic_is_sold() -> None:
    base, half = read(EXAMPLES / "almaty"), read(EXAMPLES / "almaty", "plastic-halves")
    for one, other in zip(base.offers, half.offers, strict=True):
        is_plastic = base.material[one.material].fraction == "plastic" and one.site != "landfill"
        assert other.price_minor_per_kg == one.price_minor_per_kg * (0.5 if is_plastic else 1)


def test_price_scenarios_span_the_fourfold_swing_of_pet_bales() -> None:
    def price(scenario: str) -> float:
        city = read(EXAMPLES / "almaty", scenario)
        return next(o.price_minor_per_kg for o in city.offers if o.material == "pet.clean")

    assert price("prices-high") / price("prices-low") == pytest.approx(577 / 143, rel=0.01)


@pytest.mark.parametrize("name", ["almaty", "almaty-2003"])
def test_nothing_in_the_examples_stands_without_people_or_reach(name: str) -> None:
    city = read(EXAMPLES / name)
    travel = measure(city)
    reached = np.diff(travel.walk_start) > 0
    assert city.places.residents[reached].sum() / city.places.residents.sum() > 0.85
    assert set(travel.walk_site) == set(city.sites.rows(SiteKind.POINT))


def test_every_number_has_a_source_and_says_how_far_it_is_known() -> None:
    rows = _defaults()
    assert len({row["name"] for row in rows}) == len(rows)
    for row in rows:
        assert row["value"] and row["source"] and row["confidence"], row["name"]
        if row["source"].startswith("ours") and row["name"] != "toy_numbers":
            assert "needs local value" in row["confidence"], row["name"]
        if row["low"] and row["high"]:
            assert float(row["low"]) <= float(row["value"]) <= float(row["high"]), row["name"]


@pytest.mark.parametrize("name", NAMES)
def test_assumptions_are_rows_of_the_defaults(name: str) -> None:
    rows = {row["name"]: row for row in _defaults()}
    listed = read(EXAMPLES / name).assumptions
    assert listed
    for one in listed:
        assert {field: getattr(one, field) for field in one.__slots__} == rows[one.name]


def test_every_default_is_used_by_some_example() -> None:
    used = {one.name for name in NAMES for one in read(EXAMPLES / name).assumptions}
    assert {row["name"] for row in _defaults()} - used == set()


def test_facts_refuse_a_name_that_is_not_there() -> None:
    with pytest.raises(NotFoundError, match="no row 'price_of_hope'"):
        Facts().number("price_of_hope")


def test_two_factor_sets_disagree() -> None:
    for name in NAMES:
        factors = read(EXAMPLES / name).factors
        assert {f.set for f in factors} == {"warm", "swolf"}
        by_set = {
            s: [f.avoided_kg_per_kg for f in factors if f.set == s] for s in ("warm", "swolf")
        }
        assert np.argmax(by_set["warm"]) == np.argmax(by_set["swolf"]) or name == "toy"
        assert by_set["warm"] != by_set["swolf"]


def test_the_best_toy_plan_is_worth_what_its_page_says() -> None:
    city = read(EXAMPLES / "toy")
    travel = measure(city)
    tally, issues = recount(city, travel, _toy_plan(city))
    assert [str(issue) for issue in issues] == []
    assert tally.value_minor == pytest.approx(BEST_TOY * 100, rel=1e-6)
    assert tally.captured_kg[0] == pytest.approx([292_000, 146_000], rel=1e-6)
    assert tally.sold_kg[0] == pytest.approx([233_600, 116_800], rel=1e-6)
    assert tally.made_kg[0] == pytest.approx([210_240, 84_680], rel=1e-6)
    assert tally.residue_kg[0] == pytest.approx(87_600, rel=1e-6)
    assert tally.jobs[0] == 13
    keepers = tally.keeper_minor[0][~np.isnan(tally.keeper_minor[0])]
    assert keepers == pytest.approx([293_500_000] * 2, rel=1e-6)
    page = (EXAMPLES / "toy" / "README.md").read_text(encoding="utf-8")
    assert f"{BEST_TOY:,.0f} KZT" in page
    for said in ("**11,515.488**", "37,515.488", "**2,935**", "210.24", "84.68", "87.6 t", "13."):
        assert said in page


def test_no_choice_of_toy_sites_is_better() -> None:
    """All sets of points, both stations, all sets of steps, everything in the first year."""
    worth = {}
    for count in (1, 2, 3, 4):
        for points in combinations("ABCD", count):
            for station in ("S1", "S2"):
                for steps in ((0,), (1,), (0, 1)):
                    value = _toy_value(points, station, steps)
                    if value is not None:
                        worth["".join(points), station, steps] = value
    best = max(worth, key=worth.get)
    assert best == ("AB", "S2", (1,))
    assert worth[best] == pytest.approx(BEST_TOY, rel=1e-9)
    second = sorted(worth.values())[-2]
    assert second < BEST_TOY - 1e6
    assert worth["BC", "S2", (1,)] == pytest.approx(BEST_TOY - 3_079_436, rel=1e-6)


def test_sums_on_the_toys_page_come_out() -> None:
    page = (EXAMPLES / "toy" / "README.md").read_text(encoding="utf-8")
    number = r"-?[\d,.]*\d"
    sums = re.findall(rf"((?:{number} [-+x] )+{number}) = ({number})", page)
    assert len(sums) >= 14
    for said, total in sums:
        added = [_product(part) for part in said.replace(" - ", " + -").split(" + ")]
        assert sum(added) == pytest.approx(_number(total), abs=1e-6), said


def _product(said: str) -> float:
    product = 1.0
    for factor in said.split(" x "):
        product *= _number(factor)
    return product


def _number(said: str) -> float:
    return float(said.replace(",", ""))


def _toy_value(points: tuple[str, ...], station: str, steps: tuple[int, ...]) -> float | None:
    """Arithmetic of the page, for any choice; None when a rule is broken. No code of ours."""
    homes = {0: 1.0, 1: 1.0, 2: 1.0, 4: 0.5, 6: 1.0, 7: 1.0, 8: 1.0}
    at = {"A": 1, "B": 7, "C": 0, "D": 4}
    capex = {"A": 3e6, "B": 3e6, "C": 2e6, "D": 3e6, "S1": 10e6, "S2": 8e6}
    fixed = {"A": 4e6, "B": 4e6, "C": 2e6, "D": 4e6, "S1": 3e6, "S2": 3e6}
    km = {"S1": 4, "S2": 10}[station]
    loads = dict.fromkeys(points, 0.0)
    for home, size in homes.items():
        near = min(points, key=lambda p: abs(at[p] - home))
        if abs(at[near] - home) <= 1:
            loads[near] += size * 0.5 ** abs(at[near] - home)
    if sum(loads.values()) * 109.5 > sum((300, 600)[k] for k in steps) + 1e-9:
        return None
    onward = 250 * (0.8 * (12 - km) + 0.2 * (14 - km))
    year, subsidy = 0.0, 0.0
    for p, load in loads.items():
        paper, plastic = 73 * load, 36.5 * load
        way = 500 * abs(at[p] - km) + onward
        year += paper * (54_000 - way) + plastic * (104_000 - way) - fixed[p]
        subsidy += max(0.0, 3e6 - (paper * 25_000 + plastic * 45_000 - fixed[p]))
    year -= fixed[station] + sum((2e6, 3e6)[k] for k in steps)
    spent = sum(capex[p] for p in points) + capex[station] + sum((8e6, 12e6)[k] for k in steps)
    return None if subsidy > 2e6 or spent > 30e6 else 2.44 * year - spent


def _toy_plan(city) -> Plan:
    """The plan on the page, written down flow by flow."""
    row, years = city.sites.row, range(3)
    material = {m.id: k for k, m in enumerate(city.materials)}
    opened = np.full(len(city.sites), NEVER)
    for name in ("A", "B", "S2", "works", "dump"):
        opened[row[name]] = 0
    brings = np.full((3, 7), NEVER)
    brings[:, :3], brings[:, 4:] = row["A"], row["B"]
    pairs = measure(city)
    captured = np.zeros((3, len(city.sites), 2))
    for place, site, way_m in zip(pairs.walk_place, pairs.walk_site, pairs.walk_m, strict=True):
        if brings[0, place] == site:
            captured[:, site] += np.array([73_000, 36_500]) * 0.5 ** (way_m / 1000)
    paper, plastic = captured[0].sum(0)
    legs = [
        (row[p], row["S2"], material[m], captured[0, row[p], f])
        for p in ("A", "B")
        for f, m in enumerate(("paper", "plastic"))
    ]
    legs += [
        (row["S2"], row["works"], material["paper.clean"], 0.8 * paper),
        (row["S2"], row["works"], material["plastic.clean"], 0.6 * plastic),
        (row["S2"], row["works"], material["plastic.dirty"], 0.2 * plastic),
        (row["S2"], row["dump"], material["residue"], 0.2 * (paper + plastic)),
    ]
    columns = list(zip(*[(t, *leg) for t in years for leg in legs], strict=True))
    names = ("year", "origin", "target", "material", "mass_kg")
    line = [p.id for p in city.processes].index("line")
    work = [
        (t, row["S2"], line, material[m], mass)
        for t in years
        for m, mass in (("paper", paper), ("plastic", plastic))
    ]
    worked = dict(
        zip(
            ("year", "site", "process", "material", "mass_kg"), zip(*work, strict=True), strict=True
        )
    )
    subsidy = np.zeros((3, len(city.sites)))
    subsidy[:, [row["A"], row["B"]]] = 6_500_000 + 100
    assert city.programme.objective is Objective.VALUE
    assert city.sites.status[row["works"]] is SiteStatus.EXISTING
    return Plan(
        opened=opened,
        brings_to=brings,
        captured_kg=captured,
        installed=(Installed(site="S2", process="line", step=1, year=0),),
        worked=Worked(**worked),
        flows=Flows(**dict(zip(names, columns, strict=True))),
        subsidy_minor=subsidy,
    )


def _defaults() -> list[dict[str, str]]:
    with DEFAULTS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
