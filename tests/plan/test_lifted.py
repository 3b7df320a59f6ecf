"""Searching large cities with a small program: what is proven holds for the whole city."""

from dataclasses import replace

import numpy as np
import pytest

from ainalym.answer import Sense, Status
from ainalym.city import read
from ainalym.city.roads import measure
from ainalym.plan import coarse, design, recount, search
from ainalym.plan.coarse import coarse_of, first_points, large, likely_points, merged
from ainalym.plan.households import alike
from ainalym.plan.households import pairs as pairs_of
from ainalym.plan.joint import SERVING, master_of
from ainalym.plan.lifted import Lifted
from ainalym.plan.proof import check
from ainalym.solve.linear import Linear
from ainalym.solve.proof import Prover
from ainalym.study import examples
from bench.drawn import drawn_city
from tests.plan.test_search import best_of_all, changed_toy


@pytest.fixture
def small(monkeypatch):
    """Every city is large, and its small program has few points."""
    monkeypatch.setattr(search, "large", lambda seconds: 0)
    monkeypatch.setattr(coarse, "FEW", 60)


@pytest.fixture(scope="module")
def drawn():
    """A drawn city, its distances, and what its relaxed master program is worth."""
    city = drawn_city(500, 120)
    travel = measure(city)
    program = master_of(city, travel, pairs_of(city, travel)).net.program
    return city, travel, program.solve(relax=True).objective


def lifted_bounds(city, travel) -> list[float]:
    """Bounds of a whole city from a small program's prices, from first to last."""
    whole = master_of(city, travel, pairs_of(city, travel), Linear(Sense.MAX))
    part = coarse_of(city, travel, whole, first_points(whole))
    lifted, program, bounds = Lifted(part), part.master.net.program, []
    while True:
        program.solve(relax=True)
        bound, woken = lifted.price(program, program.prices())
        bounds.append(bound)
        if not woken:
            return bounds


def test_lifted_prices_prove_nearly_what_the_whole_program_is_worth(small, drawn):
    bounds = lifted_bounds(*drawn[:2])
    assert min(bounds) >= drawn[2] * (1 - 1e-9)
    assert bounds[-1] == pytest.approx(drawn[2], rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("years", [1, 3])
def test_they_do_so_when_building_takes_years(small, years):
    city = read(examples()["almaty-2003"])
    city = replace(city, programme=replace(city.programme, build_years=years))
    travel = measure(city)
    whole = master_of(city, travel, pairs_of(city, travel)).net.program.solve(relax=True).objective
    bounds = lifted_bounds(city, travel)
    assert min(bounds) >= whole * (1 - 1e-9)
    assert bounds[-1] < 1.5 * whole


def test_whatever_prices_are_lifted_the_bound_holds(small, drawn):
    city, travel, worth = drawn
    whole = master_of(city, travel, pairs_of(city, travel), Linear(Sense.MAX))
    part = coarse_of(city, travel, whole, first_points(whole))
    rng = np.random.default_rng(1)
    for scale in (0.0, 1.0, 1e3):
        price = scale * rng.normal(size=part.master.net.program.n_rows)
        assert Lifted(part).price(part.master.net.program, price)[0] >= worth * (1 - 1e-9)


def solved(part, lifted, other=None):
    """A small program's solution, once its prices want no more columns."""
    program = part.master.net.program
    if other:
        lifted.go_on(other)
    while True:
        answer = program.solve(relax=True)
        bound, woken = lifted.price(program, program.prices())
        if not woken:
            return answer, bound


def test_merged_places_yield_what_the_whole_city_would_bring(small, drawn):
    city, travel, _ = drawn
    whole = master_of(city, travel, pairs_of(city, travel), Linear(Sense.MAX))
    prover = Prover(whole.net.program)
    is_in = np.ones(len(whole.point), bool)
    parts = [coarse_of(city, travel, whole, is_in)]
    lifts = [Lifted(parts[0], prover)]
    first, first_bound = solved(parts[0], lifts[0])
    yields = lifts[0].yields(first.value)
    assert ((yields > 0.5) & (yields < 1.0)).all()
    for other in (None, lifts[0]):  # from the beginning, and from where the first ended
        parts.append(coarse_of(city, travel, whole, is_in, yields=yields))
        lifts.append(Lifted(parts[-1], prover))
        again, bound = solved(parts[-1], lifts[-1], other)
        assert parts[-1].master.mass_t == pytest.approx(parts[0].master.mass_t * yields)
        assert abs(again.objective - bound) < abs(first.objective - first_bound)
    assert parts[1].master.net.program.solve(relax=True).objective == pytest.approx(again.objective)


def test_prices_of_cuts_say_nothing_of_stations_that_are_decided(small, drawn):
    city, travel, _ = drawn
    whole = master_of(city, travel, pairs_of(city, travel), Linear(Sense.MAX))
    part = coarse_of(city, travel, whole, first_points(whole))
    lifted, program = Lifted(part), part.master.net.program
    assert lifted.cut(solved(part, lifted)[0].value)
    prices = program.solve(relax=True).value.dual
    cuts = program.laws()[SERVING]
    assert (prices[cuts] > 1e-6).any()
    dear = prices.copy()
    dear[cuts] += 100.0
    before = [Lifted(part).price(program, each)[0] for each in (prices, dear)]
    is_open = np.arange(len(part.master.net.stations)) < 2
    ends = np.repeat(is_open[:, None], part.master.net.years, axis=1).astype(float)
    program.change_bounds(part.master.net.station_open, ends, ends)
    after = [Lifted(part).price(program, each)[0] for each in (prices, dear)]
    assert before[1] > 1.001 * before[0]
    assert after[1] == pytest.approx(after[0], rel=1e-9)


@pytest.mark.parametrize(
    ("seconds", "pairs"), [(1.0, 5_000), (60.0, 6_000), (300.0, 20_000), (3600.0, 20_000)]
)
def test_the_more_time_there_is_the_larger_a_city_is_searched_whole(seconds, pairs):
    assert large(seconds) == pairs


def test_merged_places_have_together_what_they_had(drawn):
    city, travel, _ = drawn
    pairs = pairs_of(city, travel)
    is_in = np.random.default_rng(0).random(len(city.sites)) < 0.5
    found, member, share = merged(pairs, is_in[pairs.site], len(city.sites), 1)
    assert len(found.start) - 1 == member.max() + 1 < len(city.places) / 2
    assert (share > 0.0).all()
    assert share[found.start[:-1]].min() > 1 - 1e-9
    for name in ("mass_kg", "gain_minor"):
        before, after = getattr(pairs, name), getattr(found, name)
        for site in np.flatnonzero(is_in):
            total = after[found.site == site].sum(0)
            assert total == pytest.approx(before[pairs.site == site].sum(0))


def test_points_that_are_always_open_are_always_in(small, drawn):
    city, travel, _ = drawn
    status = list(city.sites.status)
    status[7], status[8] = "existing", "forced"
    sites = replace(city.sites, status=tuple(type(city.sites.status[0])(s) for s in status))
    city = replace(city, sites=sites)
    whole = master_of(city, travel, pairs_of(city, travel), Linear(Sense.MAX))
    rows = np.flatnonzero(np.isin(whole.point, [7, 8]))
    assert len(rows) == 2
    assert first_points(whole)[rows].all()
    assert likely_points(whole, np.arange(len(whole.point))[::-1] * 1.0)[rows].all()


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_no_choice_at_all_beats_a_lifted_bound(seed, small):
    city, found = changed_toy(seed), []
    outcome = design(city, measure(city), seconds=10, gap_allowed=1e-6, certified=found.append)
    best = best_of_all(city)
    if best == -np.inf:
        assert outcome.plan is None
        assert outcome.status is Status.INFEASIBLE
    else:
        assert outcome.bound >= best - 1e-6 * abs(best)
        assert outcome.objective == pytest.approx(best, rel=0.05)
        check(city, measure(city), found[0], outcome.objective)


@pytest.mark.slow
def test_a_drawn_city_is_planned_and_its_certificate_holds(small, drawn):
    city, travel, _ = drawn
    found = []
    outcome = design(city, travel, seconds=60, gap_allowed=0.15, certified=found.append)
    assert not recount(city, travel, outcome.plan)[1]
    assert outcome.objective <= outcome.bound < 1.25 * outcome.objective
    proven = check(city, travel, found[0], outcome.objective)
    under = master_of(city, travel, alike(pairs_of(city, travel))).under
    assert not found[0].price[:, under].any()
    assert outcome.objective <= proven.bound < 1.25 * outcome.objective
