"""What the households' choice leaves open, against what households do."""

import numpy as np
import pytest

from ainalym.city.roads import measure
from ainalym.model.plan import NEVER
from ainalym.plan.choice import CHOOSING, Choice, add_choices, shut, write_choices
from ainalym.plan.choice import SLACK as SHARE
from ainalym.plan.crowds import could_be_full
from ainalym.plan.households import pairs as pairs_of
from ainalym.plan.joint import master_of
from tests.plan.test_joint import SLACK, drawn_city, drawn_design, hold_to


def drawn(seed: int):
    """A master program, points that open in it, and what households bring there."""
    city = drawn_city(seed)
    travel = measure(city)
    pairs = pairs_of(city, travel)
    rng = np.random.default_rng([seed, 2])
    opened, installed = drawn_design(city, rng)
    master = master_of(city, travel, pairs)
    hold_to(master, opened, installed)
    low, high = master.net.program.bounds(master.brings)
    return master, opened, (0.5 * (low + high)).reshape(master.brings.shape), rng


def ends_of(master, is_known, opened):
    """Ends of all columns where only some points are known to be open or closed."""
    numbers = master.net.program.numbers
    least, most = numbers.lower.copy(), numbers.upper.copy()
    years = np.arange(master.net.years)
    at = opened[master.point][:, None]
    is_open = ((at != NEVER) & (at <= years)).astype(float)
    least[master.level] = np.where(is_known[:, None], is_open, 0.0)
    most[master.level] = np.where(is_known[:, None], is_open, 1.0)
    least[master.brings], most[master.brings] = 0.0, np.inf
    Choice(master).narrow(least, most)
    return least[master.brings], most[master.brings]


@pytest.mark.parametrize("seed", range(40))
def test_what_households_bring_is_never_ruled_out(seed):
    master, opened, brought, rng = drawn(seed)
    for share in (0.0, 0.3, 0.7, 1.0):
        is_known = rng.random(len(master.point)) < share
        least, most = ends_of(master, is_known, opened)
        assert (least <= brought + 1e-8).all()
        assert (brought <= most + 1e-8).all()
        assert (least <= most).all()


@pytest.mark.parametrize("seed", range(0, 40, 3))
def test_with_every_point_known_it_is_known_who_brings_where(seed):
    master, opened, brought, _ = drawn(seed)
    assert not could_be_full(master).any()
    least, most = ends_of(master, np.ones(len(master.point), bool), opened)
    assert least == pytest.approx(brought, abs=1e-8)
    assert most == pytest.approx(brought, abs=1e-8)
    assert brought.max() > SLACK or (opened[master.point] == NEVER).all()


def test_nothing_known_narrows_nothing():
    master, opened, _, _ = drawn(0)
    least, most = ends_of(master, np.zeros(len(master.point), bool), opened)
    assert (least == 0.0).all()
    assert most == pytest.approx(1.0)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("told", ["which are closed", "how many are open", "which are open"])
def test_nothing_can_be_shipped_where_it_is_ruled_out(seed, told):
    master, *_ = drawn(seed)
    net, program = master.net, master.net.program
    low, high = (end.reshape(net.station_open.shape) for end in program.bounds(net.station_open))
    if told != "which are closed":
        program.change_bounds(net.station_open, low, 1.0)
    if told == "how many are open":
        program.change_bounds(net.counts[0], 0.0, low[:, : len(net.counts[0])].sum(0))
    numbers = program.numbers
    most = numbers.upper.copy()
    shut(master, numbers.lower, most)
    ruled_out = np.flatnonzero((most <= 0.0) & (numbers.upper > 0.0))
    is_closed = any((high[:, years] <= 0.0).all(1).any() for years in net.periods.years)
    assert np.isin(ruled_out, net.source_lane.flow).all()
    assert len(ruled_out) > 0 or told == "which are open" or not is_closed
    program.add_gain(np.arange(program.n_columns), -program.gain)
    program.add_gain(ruled_out, 1.0)
    assert program.solve(relax=True).objective == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("seed", range(40))
def test_nobody_goes_past_an_open_point(seed):
    master, opened, brought, _ = drawn(seed)
    pairs, periods = np.nonzero(np.ones(master.chosen.shape, bool))
    write_choices(master, pairs, periods)
    program = master.net.program
    value = np.zeros(program.n_columns)
    years = np.arange(master.net.years)
    at = opened[master.point][:, None]
    value[master.level] = (at != NEVER) & (at <= years)
    value[master.brings] = brought
    numbers = program.numbers
    rows = program.laws()[CHOOSING]
    sums = np.bincount(numbers.row, numbers.factor * value[numbers.column], program.n_rows)
    assert len(rows) == master.chosen.size
    assert (sums[rows] <= numbers.row_upper[rows] + 1e-8).all()


def test_who_is_turned_away_is_not_sent_elsewhere():
    """What an open point has no room for is lost to the planner too, once the rows say so."""
    added = 0
    for seed in range(40):
        city = drawn_city(seed)
        travel = measure(city)
        master = master_of(city, travel, pairs_of(city, travel))
        program = master.net.program
        program.change_bounds(master.level, 1.0, 1.0)
        while more := add_choices(master, program.solve(relax=True).value):
            added += more
        brought = program.solve(relax=True).value.value[master.brings]
        first = master.pairs.by_choice[master.pairs.start[:-1][np.diff(master.pairs.start) > 0]]
        rest = np.ones(len(brought), bool)
        rest[first] = False
        assert (brought[rest] <= 2 * SHARE).all()
    assert added > 0
