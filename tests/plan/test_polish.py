"""Choices of points for a given design: what they are worth, and how they get better."""

from dataclasses import replace
from itertools import product
from math import inf

import numpy as np
import pytest

from ainalym.city.roads import measure
from ainalym.model.place import SiteKind
from ainalym.model.plan import NEVER
from ainalym.model.programme import Cover
from ainalym.plan.households import alike
from ainalym.plan.households import pairs as pairs_of
from ainalym.plan.joint import master_of
from ainalym.plan.known import Known
from ainalym.plan.polish import polish
from ainalym.plan.settle import settle
from ainalym.plan.sifting import Sifting
from ainalym.plan.trial import Trial
from ainalym.plan.worth import from_units
from tests.plan.test_joint import drawn_city, drawn_design, paid_for


def drawn(seed: int, **changes: object):
    """A city, its distances and pairs, and a design that can be settled, with its points."""
    city = drawn_city(seed)
    city = replace(city, programme=replace(city.programme, **changes))
    travel = measure(city)
    pairs = pairs_of(city, travel)
    rng = np.random.default_rng([seed, 3])
    for _ in range(50):
        opened, installed = drawn_design(city, rng)
        if worth_of(city, travel, pairs, opened, installed) > -inf:
            return city, travel, pairs, opened, tuple(installed), rng
    pytest.fail("no drawn design could be settled: this city tests nothing")


def worth_of(city, travel, pairs, opened, installed) -> float:
    """Settle and recount a plan; `-inf` if it breaks a rule."""
    settled = settle(city, travel, pairs, opened, installed)
    if settled is None:
        return -inf
    tally, faults = paid_for(city, travel, settled.plan)
    return -inf if faults else from_units(city.programme.objective, tally.objective)


def known_of(city, travel, pairs) -> Known:
    """A search that has not begun, with all the time there is."""
    known = Known(
        city=city,
        travel=travel,
        pairs=pairs,
        whole=master_of(city, travel, alike(pairs)),
        began_s=0.0,
        seconds=inf,
        gap_allowed=0.0,
        progress=None,
    )
    known.master, known.sifting = known.whole, Sifting(known.whole)
    known.level = np.zeros((len(known.whole.point), city.programme.years))
    return known


@pytest.mark.parametrize("seed", range(30))
def test_a_trial_tells_points_apart_as_the_recount_does(seed):
    """Where waste does not grow, years in one are the same as years apart."""
    city, travel, pairs, opened, installed, rng = drawn(seed, growth_share=0.0)
    points = city.sites.rows(SiteKind.POINT)
    trial = Trial(city, travel, pairs, (opened, installed), points)
    first, tried = worth_of(city, travel, pairs, opened, installed), trial.worth(opened[points])
    for _ in range(5):
        other = opened.copy()
        is_changed = rng.random(len(points)) < 0.4
        when = rng.integers(NEVER, city.programme.last_build_year + 1, len(points))
        other[points] = np.where(is_changed, when, opened[points])
        now = worth_of(city, travel, pairs, other, installed)
        if now > -inf:
            told = trial.worth(other[points]).worth - tried.worth
            size = max(abs(now), abs(first), 1.0)
            assert told == pytest.approx(now - first, abs=1e-6 * size)


@pytest.mark.parametrize("seed", range(0, 30, 3))
def test_no_single_change_of_polished_points_is_better(seed):
    """A point opened, closed or exchanged, each tried out and recounted."""
    city, travel, pairs, opened, installed, _ = drawn(seed, growth_share=0.0, build_years=1)
    known = known_of(city, travel, pairs)
    polished = polish(known, (opened, installed), opened)
    before = worth_of(city, travel, pairs, opened, installed)
    best = worth_of(city, travel, pairs, polished, installed)
    assert best >= before - 1e-6 * abs(before)
    points = known.whole.point
    is_open = polished[points] != NEVER
    for a, b in product([NEVER, *points[is_open]], [NEVER, *points[~is_open]]):
        other = polished.copy()
        other[[k for k in (a,) if k != NEVER]] = NEVER
        other[[k for k in (b,) if k != NEVER]] = 0
        now = worth_of(city, travel, pairs, other, installed)
        assert now <= best + 2e-6 * max(1.0, abs(best))


@pytest.mark.parametrize("seed", range(1, 12, 3))
def test_a_point_whose_keeper_cannot_live_is_closed_where_that_pays(seed):
    """Where the subsidy does not suffice, closing a point is promised what its keeper needs."""
    city, travel, pairs, opened, installed, _ = drawn(seed, growth_share=0.0, build_years=1)
    dear = replace(city.programme, keeper_minor_per_year=3e8, subsidy_minor_per_year=2e8)
    city = replace(city, programme=dear)
    points = city.sites.rows(SiteKind.POINT)
    opened = opened.copy()
    opened[points] = 0
    trial = Trial(city, travel, pairs, (opened, installed), points)
    first = trial.worth(opened[points])
    polished = polish(known_of(city, travel, pairs), (opened, installed), opened)
    best = trial.worth(polished[points]).worth
    assert first.need.min() < 0.0
    for j in points[polished[points] != NEVER]:
        other = polished.copy()
        other[j] = NEVER
        assert trial.worth(other[points]).worth <= best + 2e-6 * abs(best)


def test_points_are_changed_within_what_there_is_for_them():
    city, travel, pairs, opened, installed, _ = drawn(1, build_years=1)
    points = city.sites.rows(SiteKind.POINT)
    design = np.where(np.isin(np.arange(len(opened)), points), NEVER, opened), installed
    fund = city.programme.funds[0]
    amount = int(np.sort(city.sites.capex_minor[points])[: len(points) // 2].sum())
    given = replace(fund, covers=Cover.POINTS, amount_minor=(amount,) + (0,) * 8)
    given = replace(given, amount_minor=given.amount_minor[: city.programme.years])
    rest = replace(fund, covers=Cover.STATIONS)
    city = replace(city, programme=replace(city.programme, funds=(given, rest)))
    polished = polish(known_of(city, travel, pairs), design, design[0])
    chosen = points[polished[points] != NEVER]
    assert 0 < len(chosen) < len(points)
    assert city.sites.capex_minor[chosen].sum() <= amount
