"""The small city's plan is checked by hand, and every rule broken once."""

from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest

from ainalym.errors import Issue
from ainalym.model.place import SiteStatus
from ainalym.model.plan import NEVER, Flows, Installed, Plan, Worked
from ainalym.model.programme import Objective
from ainalym.plan.check import recount
from tests.plan.cities import (
    BRINGS_TO,
    CAPTURED,
    FLOWS,
    INSTALLED,
    OPENED,
    SUBSIDY,
    WAYS_M,
    WORKED,
    tiny_city,
    tiny_plan,
    tiny_travel,
)


def test_every_heading_as_worked_out_by_hand():
    """All amounts in minor units.

    First year: only pt.1 is open. It takes in 4000 kg of paper of a (half of 8000), 500 of b
    (half, and a quarter come 1000 m), 500 of c (half, and half come 500 m); glass 1000 of a (a
    quarter of 4000) and 250 of c. It picks 4000 kg of paper into 3600 clean and 400 rest. The
    line makes of 3600 clean 2880 bales, 540 rest, 180 lost; of 1000 paper 600, 300, 100.

    - sales 3480 x 300 + 1000 x 50 = 1,094,000; disposal 1240 x 20 + 250 x 5 = 26,050
    - support 5000 x 30 + 1250 x 40 = 200,000; buy-back 5000 x 200 = 1,000,000
    - handling 5000 x 5 + 1250 x 10 = 37,500; processing 4000 x 2 + 4600 x 3 = 21,800
    - haulage 5850 x 2.5 + 400 x 10.5 + 4480 x 1 + 1090 x 2 = 25,485
    - fixed 20,000 + 30,000 + 10,000 = 60,000; investment 500,000 + 300,000 = 800,000
    - together -676,835

    Second year, half as much again: pt.2 opens, takes in 1000 of the 1500 kg that b brings
    (half, and half of those who live there), its capacity.

    - sales 5370 x 300 + 1875 x 50 + 900 x 100 = 1,794,750; disposal 1935 x 20 = 38,700
    - support 7750 x 30 + 1875 x 40 = 307,500; buy-back 7750 x 200 = 1,550,000
    - handling 7750 x 5 + 1875 x 10 = 57,500; processing 12,000 + 21,450 + 1,000 = 34,450
    - haulage 8025 x 2.5 + 600 x 10.5 + 1000 x 4.5 + 7245 + 1335 x 2 + 900 x 4.1 = 44,467.5
    - fixed 20,000 + 10,000 + 30,000 + 15,000 + 2,000 + 1,000 = 78,000
    - investment 40,000 + 200,000 + 25,000 + 100,000 = 365,000
    - together -65,867.5, worth 0.8 of it today
    """
    tally, issues = recount(tiny_city(), tiny_travel(), tiny_plan())
    assert issues == ()
    by_hand = {
        "sales": (1_094_000, 1_794_750),
        "support": (200_000, 307_500),
        "buy-back": (-1_000_000, -1_550_000),
        "handling": (-37_500, -57_500),
        "haulage": (-25_485, -44_467.5),
        "processing": (-21_800, -34_450),
        "disposal": (-26_050, -38_700),
        "fixed": (-60_000, -78_000),
        "investment": (-800_000, -365_000),
    }
    assert list(tally.money_minor) == list(by_hand)
    for heading, amounts in by_hand.items():
        assert tally.money_minor[heading] == pytest.approx(amounts, rel=1e-12), heading
    assert tally.value_minor == pytest.approx(-676_835 - 0.8 * 65_867.5, rel=1e-12)
    assert tally.objective == tally.value_minor


def test_keepers_and_funds_as_worked_out_by_hand():
    """What keepers are left with, and which fund pays.

    Keeper of pt.1: gate 1000 x 180 + 3600 x 240 + 1250 x 5 = 1,050,250 and support 200,000, less
    1,000,000, 37,500, 8,000 and 20,000: 184,750; then 1,440,375 + 277,500 - 1,350,000 - 52,500 -
    12,000 - 20,000 = 283,375. Keeper of pt.2: 180,000 + 30,000 - 200,000 - 5,000 - 10,000.

    The lender pays stations only, and first: 200,000 of 800,000, then 200,000 of its 300,000;
    the akimat 600,000 of 700,000, then 165,000 of the 100,000 left and the 100,000 new.
    """
    tally, _ = recount(tiny_city(), tiny_travel(), tiny_plan())
    keeper = np.full((2, 6), nan)
    keeper[0, 0], keeper[1, 0], keeper[1, 1] = 184_750, 283_375, -5_000
    assert tally.keeper_minor == pytest.approx(keeper, nan_ok=True)
    assert tally.spent_minor == pytest.approx(
        np.array([[600_000, 165_000], [200_000, 200_000]], float)
    )


def test_masses_as_worked_out_by_hand():
    """Stages by paper and glass; 0.9 of the bales become pulp; residue 400 + 840 + 250, 600 + 1335.

    Way: 5850 x 2 + 400 x 10 + 4480 x 5 + 1090 x 10 = 49,000 kg km, then 8025 x 2 + 600 x 10 +
    1000 x 4 + 7245 x 5 + 1335 x 10 + 900 x 20 = 93,625. Time there and back at 10 m/s: 5.85 x 400
    + 0.4 x 2000 + 0.448 x 1000 + 0.109 x 2000 = 3806 s, then 3210 + 1200 + 800 + 724.5 + 267 + 360.
    """
    tally, _ = recount(tiny_city(), tiny_travel(), tiny_plan())
    by_hand = {
        "thrown_kg": ((15_000, 6_000), (22_500, 9_000)),
        "captured_kg": ((5_000, 1_250), (7_750, 1_875)),
        "sorted_kg": ((3_480, 0), (5_370, 0)),
        "sold_kg": ((3_480, 1_000), (5_370, 1_875)),
        "made_kg": ((3_132, 0), (4_833, 0)),
        "residue_kg": (1_490, 1_935),
        "loss_kg": (280, 545),
        "stock_kg": (3_000, 2_000),
        "fuel_kg": (0, 900),
        "jobs": (5, 8),
        "haul_kg_km": (49_000, 93_625),
        "haul_s": (3_806, 6_561.5),
    }
    for name, masses in by_hand.items():
        assert getattr(tally, name) == pytest.approx(np.array(masses, float)), name
    assert tally.near_share == pytest.approx(0.8)


def test_emissions_as_worked_out_by_hand():
    """Vans 41,750 kg km x 0.001, lorries 82,875 x 0.0005, tippers 18,000 x 0.0005: 92.1875 kg.

    Lines 11,750 x 0.1 and presses 1000 x 0.01: 1185 kg. In set A 8850 kg of bales count as paper;
    in set B they have a factor of their own, and glass and brick have none.
    """
    tally, _ = recount(tiny_city(objective=Objective.EMISSIONS), tiny_travel(), tiny_plan())
    ways = {"haulage": 92.1875, "processing": 1185.0}
    by_hand = {
        "A": ways | {"avoided": -(8850 + 0.3 * 2875), "fuel": 1800.0},
        "B": ways | {"avoided": -4425.0, "fuel": 0.0},
    }
    assert {name: pytest.approx(lines) for name, lines in by_hand.items()} == tally.emissions_kg
    assert tally.objective == pytest.approx(-6635.3125)


@pytest.mark.parametrize(
    ("objective", "worth"),
    [(Objective.COST, 729_529.0), (Objective.TONNES, 11_725.0)],
)
def test_objectives(objective, worth):
    tally, issues = recount(tiny_city(objective=objective), tiny_travel(), tiny_plan())
    assert tally.objective == pytest.approx(worth)
    assert issues == ()


def _but(rows: tuple, *changed: tuple) -> tuple:
    """The rows, those of the same key (all but the mass) replaced, others added."""
    table = {row[:-1]: row for row in rows} | {row[:-1]: row for row in changed}
    return tuple(table.values())


CASES = {
    "mass out of nothing": (
        {},
        {"flows": _but(FLOWS, (0, "st.1", "mill", "paper.bale", 3580.0))},
        "year 2004, station 'st.1', paper.bale: 3,480 kg come in or are made, 3,580 kg are worked"
        " or shipped: 100 kg out of nothing (0.028 of it) (work or ship exactly what is there)",
    ),
    "mass left over": (
        {},
        {"flows": _but(FLOWS, (0, "pt.1", "st.1", "glass", 1250.0 - 1e-5))},
        "year 2004, point 'pt.1', glass: 1,250 kg come in or are made, 1,249.99999 kg are worked"
        " or shipped: 1e-05 kg left over (8e-09 of it) (work or ship exactly what is there)",
    ),
    "mass at a stockpile": (
        {},
        {"flows": _but(FLOWS, (1, "heap", "mill", "brick", 800.0))},
        "year 2005, stockpile 'heap', brick: 900 kg come in or are made, 800 kg are worked or"
        " shipped: 100 kg left over (0.11 of it) (work or ship exactly what is there)",
    ),
    "capacity of a line": (
        {},
        {"installed": (INSTALLED[0], INSTALLED[2])},
        "year 2005, station 'st.1', 'line': takes in 7,150 kg, its steps there can take 5,000 kg"
        " (buy another step by then, or work less)",
    ),
    "capacity of a press": (
        {},
        {"installed": INSTALLED[:2]},
        "year 2005, stockpile 'heap', 'press': takes in 1,000 kg, its steps there can take 0 kg"
        " (buy another step by then, or work less)",
    ),
    "a station that is not open": (
        {},
        {"opened": OPENED | {"st.1": 1}},
        "year 2004, station 'st.1': is not open, and 16,020 kg arrive, are worked or leave"
        " (open it by then, or use another)",
    ),
    "a forbidden plant": (
        {"site": {"mill": {"status": SiteStatus.FORBIDDEN}}},
        {},
        "year 2004, plant 'mill': is not open, and 4,480 kg arrive, are worked or leave"
        " (open it by then, or use another)",
    ),
    "a refused grade": (
        {},
        {"flows": _but(FLOWS, (0, "st.1", "mill", "rest", 40.0))},
        "year 2004, plant 'mill', rest: 40 kg arrive, which it refuses"
        " (send it where there is an offer for it)",
    ),
    "more than an offer": (
        {"offer": {("mill", "glass"): {"limit_kg_per_year": 1800.0}}},
        {},
        "year 2005, plant 'mill', glass: 1,875 kg arrive, it takes 1,800 kg a year"
        " (send the rest elsewhere)",
    ),
    "a stockpile overdrawn": (
        {"site": {"heap": {"stock_kg": 750.0}}},
        {},
        "year 2005, stockpile 'heap': 1,000 kg of dust are drawn by then, 750 kg lie there"
        " (draw less)",
    ),
    "too few stations": (
        {"stations": 2},
        {},
        "stations: 1 stations open, the programme asks for exactly 2 (open exactly 2)",
    ),
    "too many stations": (
        {"stations": 0, "exactly": False},
        {},
        "stations: 1 stations open, the programme asks for at most 0 (open at most 0)",
    ),
    "a forced site": (
        {"site": {"pt.2": {"status": SiteStatus.FORCED}}},
        {"opened": OPENED | {"pt.2": NEVER}},
        "point 'pt.2': has to be opened, and is not (open it in some year)",
    ),
    "a forbidden site": (
        {"site": {"pt.2": {"status": SiteStatus.FORBIDDEN}}},
        {},
        "point 'pt.2': is forbidden, and opens in year 2005 (leave it closed)",
    ),
    "an existing site": (
        {},
        {"opened": OPENED | {"pt.1": 1}},
        "point 'pt.1': exists, but opens in year 2005 in the plan (have it open from the first"
        " year)",
    ),
    "the budget of stations": (
        {"site": {"st.1": {"capex_minor": 700_000}}},
        {},
        "year 2004, budget of stations: 10,000 KZT are invested; 1,000 KZT of it is more than"
        " akimat and lender can pay by then (invest less or later)",
    ),
    "the budget of stockpiles": (
        {"site": {"heap": {"capex_minor": 80_000}}},
        {},
        "year 2005, budget of stockpiles: 1,800 KZT are invested; 200 KZT of it is more than"
        " akimat can pay by then (invest less or later)",
    ),
    "a keeper's earnings": (
        {},
        {"subsidy": {(1, "pt.2"): 55_000.0}},
        "year 2005, point 'pt.2': the keeper earns 500 KZT with subsidy; 500 KZT are missing to"
        " 1,000 KZT (pay a subsidy, or close the point)",
    ),
    "subsidies": (
        {"subsidy_minor_per_year": 90_000.0},
        {},
        "year 2005, subsidies: 1,050 KZT are paid, the programme allows 900 KZT"
        " (open fewer points, or allow more)",
    ),
    "a subsidy for nothing": (
        {},
        {"subsidy": SUBSIDY | {(0, "pt.2"): 10_000.0}},
        "year 2004, point 'pt.2': gets a subsidy of 100 KZT (pay 0 or more, and to open points"
        " only)",
    ),
    "the target": (
        {"objective": Objective.COST, "target_share": 0.25},
        {},
        "target: 11,725 kg of 52,500 kg are sold (22.3%), the target is 25.0%: 1,400 kg are"
        " missing (open more, or ask for less)",
    ),
    "a negative flow": (
        {},
        {"flows": _but(FLOWS, (0, "st.1", "dump", "rest", -3.0))},
        "table flows, row 7: the mass is -3 kg (give a mass above 0)",
    ),
    "a mass that is no number": (
        {},
        {"worked": _but(WORKED, (1, "heap", "press", "dust", nan))},
        "table worked, row 6: cannot be so: year 1, site 5, process 2, material 6, mass_kg nan"
        " (name what the city knows, and a mass)",
    ),
    "a year after the last": (
        {},
        {"flows": (*FLOWS, (2, "st.1", "dump", "rest", 1.0))},
        "table flows, row 17: cannot be so: year 2, origin 2, target 4, material 5, mass_kg 1"
        " (name what the city knows, and a mass)",
    ),
    "a step bought twice": (
        {},
        {"installed": (*INSTALLED, ("st.1", "line", 0, 1))},
        "year 2005, station 'st.1', step 0 of 'line': is bought twice"
        " (buy another step of the process, or one only)",
    ),
    "a step at a closed station": (
        {},
        {"opened": OPENED | {"st.1": 1}},
        "year 2004, station 'st.1', step 0 of 'line': is bought where nothing is open that year"
        " (open the site by then, or buy it later)",
    ),
    "a step in the wrong place": (
        {},
        {"installed": (*INSTALLED, ("heap", "line", 0, 0))},
        "year 2004, stockpile 'heap', step 0 of 'line': stands at a station, not at a stockpile"
        " (install it where it can stand)",
    ),
    "a step nobody sells": (
        {},
        {"installed": (*INSTALLED, ("st.1", "line", 2, 0))},
        "step 2 of 'line' at 'st.1': 'line' is sold in 2 steps (count its steps from 0)",
    ),
    "a step of the past": (
        {},
        {"installed": (*INSTALLED[:2], ("heap", "press", 0, -1))},
        "step 0 of 'press' at 'heap': works from year -1 of 2 (give a year from 0)",
    ),
    "an unknown process": (
        {},
        {"installed": (*INSTALLED, ("st.1", "oven", 0, 0))},
        "step 0 of 'oven' at 'st.1': process 'oven' is unknown (name a process of the city)",
    ),
    "an unknown site": (
        {},
        {"installed": (*INSTALLED, ("st.9", "line", 0, 0))},
        "step 0 of 'line' at 'st.9': site 'st.9' is unknown (name a site of the city)",
    ),
    "a place sent elsewhere": (
        {},
        {"brings_to": (BRINGS_TO[0], ("pt.1", "pt.1", "pt.1", None))},
        "year 2005, place 'b': 1 places are sent where they would not go, the first to"
        " point 'pt.1' instead of point 'pt.2' (let households choose)",
    ),
    "more taken in than brought": (
        {},
        {"captured": CAPTURED | {(1, "pt.2"): (1500.0, 0.0)}},
        "year 2005, point 'pt.2', paper: the plan takes in 1,500 kg, people bring 1,000 kg"
        " (take in what people bring, up to the point's capacity)",
    ),
    "a way that points do not go": (
        {},
        {"flows": _but(FLOWS, (0, "pt.1", "mill", "glass", 5.0))},
        "year 2004, point 'pt.1', glass: 5 kg go to plant 'mill'"
        " (a point does not ship to a plant)",
    ),
    "work that the process cannot do": (
        {},
        {"worked": _but(WORKED, (0, "st.1", "line", "glass", 7.0))},
        "year 2004, station 'st.1', glass: 7 kg are worked by 'line', which cannot take it"
        " (it takes paper.clean, paper)",
    ),
    "work in the wrong place": (
        {},
        {"worked": _but(WORKED, (0, "st.1", "pick", "paper", 7.0))},
        "year 2004, station 'st.1', paper: 7 kg are worked by 'pick', which stands elsewhere"
        " (work it at a point)",
    ),
    "an opening after the last year": (
        {},
        {"opened": OPENED | {"pt.2": 2}},
        "point 'pt.2': opens in year 2 of 2 (give a year from 0, or -1 for never)",
    ),
}


@pytest.mark.parametrize(("city", "plan", "sentence"), CASES.values(), ids=CASES)
def test_a_broken_rule_is_told_in_words(city, plan, sentence):
    _, issues = recount(tiny_city(**city), tiny_travel(), tiny_plan(**plan))
    assert sentence in [str(issue) for issue in issues]


@pytest.mark.parametrize("factor", [0.5, 1 - 1e-7, 1 + 1e-7])
@pytest.mark.parametrize("table", ["flows", "worked"])
def test_no_mass_can_be_changed_unnoticed(table, factor):
    plan = tiny_plan()
    rows = getattr(plan, table)
    for k in range(len(rows)):
        mass_kg = np.where(np.arange(len(rows)) == k, rows.mass_kg * factor, rows.mass_kg)
        changed = replace(plan, **{table: replace(rows, mass_kg=mass_kg)})
        assert recount(tiny_city(), tiny_travel(), changed)[1], f"{table} row {k}"


def test_no_road():
    ways = {k: v for k, v in WAYS_M.items() if k != ("heap", "mill")}
    tally, issues = recount(tiny_city(), tiny_travel(ways_m=ways), tiny_plan())
    assert [str(i) for i in issues] == [
        "year 2005, stockpile 'heap', brick: 900 kg go to plant 'mill', and no road leads there"
        " (ship elsewhere)"
    ]
    assert np.isfinite(tally.value_minor)


def test_a_plan_for_another_city_is_an_issue_and_no_error():
    plan = replace(tiny_plan(), captured_kg=np.zeros((3, 6, 2)), subsidy_minor=np.full((2, 6), inf))
    _, issues = recount(tiny_city(), tiny_travel(), plan)
    assert (
        Issue(
            "table captured_kg", "has shape (3, 6, 2), not (2, 6, 2)", "make the plan for this city"
        )
        in issues
    )
    assert "table subsidy_minor" in {issue.where for issue in issues}


def test_nonsense_is_told_and_never_raised():
    city, travel, rng = tiny_city(), tiny_travel(), np.random.default_rng(5)
    for _ in range(200):
        count = int(rng.integers(0, 9))
        low, high = (-2, 12) if rng.random() < 0.5 else (0, 2)

        def column(low=low, high=high, count=count):
            return rng.integers(low, high, count)

        mass_kg = rng.choice([-1.0, 0.0, 5.0, nan, inf], count)
        flows = Flows(
            year=column(),
            origin=column(),
            target=column(),
            material=column(),
            mass_kg=mass_kg[: rng.integers(0, count + 1)] if rng.random() < 0.2 else mass_kg,
        )
        worked = Worked(
            year=column(), site=column(), process=column(), material=column(), mass_kg=mass_kg
        )
        plan = Plan(
            opened=rng.integers(-3, 4, 6),
            brings_to=rng.integers(-3, 9, (2, 4)),
            captured_kg=rng.choice([-1.0, nan, 5.0, inf], (2, 6, 2)),
            installed=tuple(
                Installed(
                    site=str(rng.choice(["st.1", "heap", "x"])),
                    process=str(rng.choice(["line", "press", "pick", "x"])),
                    step=int(rng.integers(-1, 3)),
                    year=int(rng.integers(-1, 4)),
                )
                for _ in range(3)
            ),
            worked=worked,
            flows=flows,
            subsidy_minor=rng.choice([-1.0, 0.0, nan, inf], (2, 6)),
        )
        tally, issues = recount(city, travel, plan)
        assert issues
        assert np.isfinite(tally.value_minor)


def test_an_existing_stockpile_costs_no_opening():
    city = tiny_city(site={"heap": {"status": SiteStatus.EXISTING}})
    tally, issues = recount(city, tiny_travel(), tiny_plan())
    assert issues == ()
    assert tally.money_minor["investment"][1] == -340_000


def test_slack_covers_what_a_solver_leaves_and_no_more():
    inside = tiny_city(offer={("mill", "glass"): {"limit_kg_per_year": 1875 * (1 - 0.9e-6)}})
    outside = tiny_city(offer={("mill", "glass"): {"limit_kg_per_year": 1875 * (1 - 1.1e-6)}})
    assert recount(inside, tiny_travel(), tiny_plan())[1] == ()
    assert len(recount(outside, tiny_travel(), tiny_plan())[1]) == 1


def test_nothing_opened_costs_nothing_but_what_exists():
    plan = tiny_plan(
        flows=(), worked=(), installed=(), opened={"pt.1": 0}, subsidy={}, captured=CAPTURED
    )
    city = tiny_city(exactly=False, site={"pt.1": {"status": SiteStatus.CANDIDATE}})
    closed: Plan = replace(
        plan,
        opened=np.full(6, NEVER),
        brings_to=np.full((2, 4), NEVER),
        captured_kg=np.zeros((2, 6, 2)),
    )
    tally, issues = recount(city, tiny_travel(), closed)
    assert issues == ()
    assert tally.value_minor == 0.0
    assert tally.near_share == 0.0
    assert np.isnan(tally.keeper_minor).all()
