"""Columns asleep: nothing is lost, and what is proven holds for all of them."""

import numpy as np
import pytest

from ainalym.city import read
from ainalym.city.roads import measure
from ainalym.plan import design, sifting
from ainalym.plan.households import pairs as pairs_of
from ainalym.plan.joint import master_of
from ainalym.plan.proof import check
from ainalym.plan.sifting import Sifting
from ainalym.study import examples
from tests.plan.test_search import changed_toy


@pytest.fixture
def sleepy(monkeypatch):
    """All but one pair of each place and one station of each point are asleep at first."""
    monkeypatch.setattr(sifting, "PAIRS_AWAKE", 1)
    monkeypatch.setattr(sifting, "STATIONS_AWAKE", 1)
    monkeypatch.setattr(sifting, "NEARLY", 0.0)


@pytest.mark.parametrize("name", ["toy", "almaty-2003"])
def test_waking_what_prices_want_ends_where_the_whole_program_does(sleepy, name):
    city = read(examples()[name])
    travel = measure(city)
    pairs = pairs_of(city, travel)
    whole = master_of(city, travel, pairs).net.program.solve(relax=True).objective
    master = master_of(city, travel, pairs)
    sifted, program = Sifting(master), master.net.program
    for _ in range(50):
        part = program.solve(relax=True).objective
        bound, woken = sifted.price(program, program.prices())
        assert part <= whole + 1e-6 * abs(whole)
        assert bound >= whole - 1e-9 * abs(whole)
        if not woken:
            break
    assert part == pytest.approx(whole, rel=1e-6)
    assert bound == pytest.approx(whole, rel=1e-6)


def test_without_prices_everything_wakes():
    city = read(examples()["almaty-2003"])
    travel = measure(city)
    master = master_of(city, travel, pairs_of(city, travel))
    before = master.net.program.numbers.upper.copy()
    sifted = Sifting(master)
    asleep = (master.net.program.numbers.upper == 0.0) & (before > 0.0)
    assert asleep.sum() > 100
    bound, woken = sifted.price(master.net.program, np.zeros(0), wake=True)
    assert woken == asleep.sum()
    assert np.isfinite(bound)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_search_with_columns_asleep_proves_the_same(seed, sleepy):
    city = changed_toy(seed)
    travel, found = measure(city), []
    asleep = design(city, travel, seconds=30, gap_allowed=1e-6, certified=found.append)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sifting, "PAIRS_AWAKE", 10**6)
        patch.setattr(sifting, "STATIONS_AWAKE", 10**6)
        awake = design(city, travel, seconds=30, gap_allowed=1e-6)
    assert asleep.status is awake.status
    assert asleep.clash == awake.clash
    if awake.plan is not None:
        assert asleep.objective == pytest.approx(awake.objective, rel=2e-6)
        assert asleep.bound == pytest.approx(awake.bound, rel=2e-6)
        check(city, travel, found[0], asleep.objective)
