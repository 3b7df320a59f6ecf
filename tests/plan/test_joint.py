"""The master program takes every plan there is, and is no stingier than the recount."""

from dataclasses import replace

import numpy as np
import pytest

from ainalym.answer import Status
from ainalym.city import read
from ainalym.city.roads import measure
from ainalym.model.material import MaterialKind
from ainalym.model.place import SiteKind
from ainalym.model.plan import NEVER, Installed
from ainalym.model.programme import Objective
from ainalym.plan import recount
from ainalym.plan.households import alike, brings
from ainalym.plan.households import pairs as pairs_of
from ainalym.plan.joint import master_of
from ainalym.plan.settle import fix_designs, open_from_start, settle
from ainalym.plan.worth import in_units
from ainalym.study import examples
from ainalym.units import KG_PER_T

SLACK = 1e-6
"""Relative; a linear program closes to 1e-7."""


def drawn_city(seed: int):
    """The toy for up to nine years of growing waste, with points and lines that fill up."""
    rng = np.random.default_rng(seed)
    city = read(examples()["toy"])
    reach_kg = 365.0 * city.places.waste_kg_per_day.sum()
    room_kg = reach_kg * rng.uniform(0.05, 0.5, len(city.sites)) if seed % 3 else np.inf
    is_point = np.array([kind is SiteKind.POINT for kind in city.sites.kind])
    years = int(rng.integers(2, 10))
    return replace(
        city,
        sites=replace(
            city.sites,
            capacity_kg_per_year=np.where(is_point, room_kg, city.sites.capacity_kg_per_year),
        ),
        offers=(
            *(
                replace(o, limit_kg_per_year=reach_kg * rng.uniform(0.02, 1.0))
                for o in city.offers
                if o.site == "works"
            ),
            *(
                replace(city.offers[-1], material=m.id)
                for m in city.materials
                if m.kind is not MaterialKind.PRODUCT
            ),
        ),
        programme=replace(
            city.programme,
            years=years,
            growth_share=float(rng.choice([0.0, 0.03, 0.2, -0.05])),
            build_years=int(rng.choice([0, 1, 2])) if years > 2 else 1,
            objective=list(Objective)[int(rng.integers(len(Objective)))],
            keeper_minor_per_year=0.0,
            subsidy_minor_per_year=np.inf,
            exactly=False,
            stations=2,
            funds=tuple(
                replace(fund, amount_minor=(10**13,) + (0,) * (years - 1))
                for fund in city.programme.funds
            ),
        ),
    )


def drawn_design(city, rng):
    """Points, stations and lines of stations, opened in any year in which building is allowed."""
    last = city.programme.last_build_year
    opened = open_from_start(city)
    for kind in (SiteKind.POINT, SiteKind.STATION):
        rows = city.sites.rows(kind)
        when = rng.integers(0, last + 1, len(rows))
        opened[rows] = np.where(rng.random(len(rows)) < 0.7, when, NEVER)
    line = next(p for p in city.processes if p.at is SiteKind.STATION)
    installed = [
        Installed(
            site=city.sites.id[k],
            process=line.id,
            step=step,
            year=int(rng.integers(opened[k], last + 1)),
        )
        for k in city.sites.rows(SiteKind.STATION)
        if opened[k] != NEVER
        for step in range(len(line.steps))
        if rng.random() < 0.7
    ]
    return opened, installed


def paid_for(city, travel, plan):
    """Give each keeper what is missing, and recount."""
    tally, _ = recount(city, travel, plan)
    short = np.nan_to_num(np.maximum(-tally.keeper_minor, 0.0))
    return recount(city, travel, replace(plan, subsidy_minor=short))


def hold_to(master, opened, installed) -> None:
    """Fix the master at a design, its points, and what households bring there."""
    net, pairs, program = master.net, master.pairs, master.net.program
    at = opened[master.point][:, None]
    is_open = (at != NEVER) & (at <= np.arange(net.years))
    program.change_bounds(master.level, is_open, is_open)
    fix_designs(net, opened, installed)
    share = np.zeros((len(pairs), net.years))
    for t in range(net.years):
        chosen = brings(pairs, (opened != NEVER) & (opened <= t))
        used = chosen[chosen != NEVER]
        share[used, t] = 1.0
    mean = share @ net.periods.of_flow.T
    program.change_bounds(master.brings, mean - SLACK, mean + SLACK)


@pytest.mark.parametrize("seed", range(60))
def test_the_master_takes_every_plan_and_values_it_no_less(seed):
    city = drawn_city(seed)
    travel = measure(city)
    pairs = pairs_of(city, travel)
    rng = np.random.default_rng([seed, 1])
    for _ in range(50):
        opened, installed = drawn_design(city, rng)
        settled = settle(city, travel, pairs, opened, installed)
        tally, faults = (settled and paid_for(city, travel, settled.plan)) or (None, True)
        if not faults:
            break
    else:
        pytest.fail("no drawn design could be settled: this city tests nothing")
    master = master_of(city, travel, alike(pairs))
    hold_to(master, opened, installed)
    answer = master.net.program.solve(relax=True)
    assert answer.status is Status.OPTIMAL
    best = in_units(city.programme.objective, answer.objective)
    scale = max(1.0, abs(tally.objective), KG_PER_T)
    least = city.programme.objective in (Objective.COST, Objective.EMISSIONS)
    better = tally.objective - best if least else best - tally.objective
    assert better >= -10 * SLACK * scale


@pytest.mark.parametrize("seed", range(1, 60, 7))
def test_between_crowds_as_many_are_turned_away_as_there_is_no_room_for(seed):
    city = drawn_city(seed)
    master = master_of(city, measure(city), alike(pairs_of(city, measure(city))))
    crowds, periods, growth = master.crowds, master.net.periods, city.programme.growth
    last, rng, bent = len(periods) - 1, np.random.default_rng(seed), 0
    for k, point in enumerate(crowds.full):
        mine = (crowds.at == k) & (crowds.period == last)
        room_t = city.sites.capacity_kg_per_year[master.point[point]] / KG_PER_T
        size_t = np.append(0.0, crowds.comes_t[mine])
        for comes_t in rng.uniform(0.0, size_t[-1], 20):
            for t in periods.years[last]:
                lost_t = np.interp(comes_t, size_t, np.append(0.0, crowds.lost_t[mine, t]))
                over_t = max(0.0, comes_t - room_t / growth[t])
                assert lost_t == pytest.approx(over_t, rel=1e-9, abs=1e-9)
                bent += lost_t > 0.0
    assert bent or not np.isfinite(city.sites.capacity_kg_per_year).all()
