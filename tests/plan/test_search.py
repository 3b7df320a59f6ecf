"""Plans of small cities against every plan there is, and the bound against the best of them."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from ainalym.answer import Status
from ainalym.city import read
from ainalym.city.roads import measure
from ainalym.model.place import SiteKind
from ainalym.model.plan import NEVER, Installed
from ainalym.model.programme import Objective
from ainalym.plan import design, recount, search
from ainalym.plan.households import pairs as pairs_of
from ainalym.plan.proof import PlanCertificate, check
from ainalym.plan.settle import open_from_start, settle
from ainalym.study import examples


def changed_toy(seed: int):
    """The shipped toy with other prices, costs and programme terms."""
    rng = np.random.default_rng(seed)
    city = read(examples()["toy"])
    sites = city.sites
    scaled = (sites.fixed_minor_per_year * rng.uniform(0.3, 1.5, len(sites))).astype(np.int64)
    offers = [
        replace(o, price_minor_per_kg=o.price_minor_per_kg * rng.uniform(0.7, 1.6))
        for o in city.offers
    ]
    programme = replace(
        city.programme,
        keeper_minor_per_year=city.programme.keeper_minor_per_year * rng.uniform(0.0, 1.2),
        subsidy_minor_per_year=float(rng.choice([0.0, 2e8, np.inf])),
        exactly=bool(rng.integers(2)),
    )
    return replace(
        city,
        sites=replace(sites, fixed_minor_per_year=scaled),
        offers=tuple(offers),
        programme=programme,
    )


def best_of_all(city) -> float:
    """The best objective of any plan built in the first year, by settling every choice."""
    travel = measure(city)
    pairs = pairs_of(city, travel)
    points = city.sites.rows(SiteKind.POINT)
    stations = city.sites.rows(SiteKind.STATION)
    line = next(p for p in city.processes if p.at is SiteKind.STATION)
    best = -np.inf
    for chosen in product((False, True), repeat=len(points) + len(stations)):
        opened = open_from_start(city)
        opened[np.concatenate([points, stations])] = np.where(chosen, 0, NEVER)
        here = stations[list(chosen[len(points) :])]
        if len(here) > 1:
            continue  # the toy asks for one station at most
        names = [city.sites.id[k] for k in here]
        for steps in product((False, True), repeat=len(line.steps) * len(names)):
            installed = [
                Installed(site=name, process=line.id, step=s, year=0)
                for (name, s), is_bought in zip(
                    product(names, range(len(line.steps))), steps, strict=True
                )
                if is_bought
            ]
            best = max(best, value_of(city, travel, pairs, opened, installed))
    return best


def value_of(city, travel, pairs, opened, installed) -> float:
    """What one choice is worth; minus infinity when it breaks a rule."""
    settled = settle(city, travel, pairs, opened, installed)
    if settled is None:
        return -np.inf
    plan = settled.plan
    tally, _ = recount(city, travel, plan)
    least = city.programme.keeper_minor_per_year
    short = np.nan_to_num(np.maximum(least - tally.keeper_minor, 0.0))
    tally, faults = recount(city, travel, replace(plan, subsidy_minor=short))
    return -np.inf if faults else tally.objective


def test_the_toy_is_solved_to_its_hand_made_optimum():
    city = read(examples()["toy"])
    outcome = design(city, measure(city), seconds=30, gap_allowed=1e-6)
    assert outcome.status is Status.OPTIMAL
    assert outcome.objective == pytest.approx(1_151_548_838, rel=1e-8)


def assert_best_of_all(city, outcome) -> None:
    """The plan is as good as the best of every choice, and the bound no lower."""
    best = best_of_all(city)
    if best == -np.inf:
        assert outcome.plan is None
    else:
        assert outcome.bound >= best - 1e-6 * abs(best)
        assert outcome.objective == pytest.approx(best, rel=1e-6)
        assert outcome.status is Status.OPTIMAL


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_changed_toy_is_solved_to_the_best_of_every_choice(seed):
    city = changed_toy(seed)
    assert_best_of_all(city, design(city, measure(city), seconds=30, gap_allowed=1e-6))


@pytest.mark.parametrize("seed", range(6))
def test_where_points_fill_up_the_plan_is_the_best_of_every_choice(seed):
    city = changed_toy(seed)
    rng = np.random.default_rng([seed, 1])
    reach_kg = 365.0 * city.places.waste_kg_per_day.sum()
    is_point = np.array([kind is SiteKind.POINT for kind in city.sites.kind])
    room_kg = np.where(is_point, reach_kg * rng.uniform(0.03, 0.3, len(is_point)), np.inf)
    city = replace(city, sites=replace(city.sites, capacity_kg_per_year=room_kg))
    travel = measure(city)
    made: list[PlanCertificate] = []
    outcome = design(city, travel, seconds=30, gap_allowed=1e-6, certified=made.append)
    assert_best_of_all(city, outcome)
    for certificate in made:
        assert check(city, travel, certificate, outcome.objective).bound >= outcome.objective


@pytest.mark.parametrize("objective", list(Objective))
def test_every_objective_gives_a_plan_that_breaks_no_rule(objective):
    city = read(examples()["toy"])
    programme = replace(city.programme, objective=objective, target_share=0.02)
    city = replace(city, programme=programme)
    travel = measure(city)
    outcome = design(city, travel, seconds=20, gap_allowed=1e-4)
    assert outcome.plan is not None
    _, faults = recount(city, travel, outcome.plan)
    assert not faults
    better = outcome.bound - outcome.objective
    assert better * (1 if outcome.sense == "max" else -1) >= -1e-6 * abs(outcome.objective)


def test_rules_that_clash_are_named():
    city = read(examples()["toy"])
    short = replace(city.programme.funds[0], amount_minor=(100, 0, 0))
    programme = replace(city.programme, funds=(short,), exactly=True)
    outcome = design(replace(city, programme=programme), measure(city), seconds=20)
    assert outcome.status is Status.INFEASIBLE
    assert set(outcome.clash) == {"the number of stations", "the budget"}


def test_a_plan_outlives_an_interrupt_while_its_certificate_is_made(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(search, "certify_plan", interrupted)
    city, found = read(examples()["toy"]), []
    outcome = design(city, measure(city), seconds=30, gap_allowed=1e-6, certified=found.append)
    assert outcome.status is Status.OPTIMAL
    assert outcome.objective == pytest.approx(1_151_548_838, rel=1e-8)
    assert outcome.notes == ("interrupted before its certificate was made: there is none",)
    assert found == []
