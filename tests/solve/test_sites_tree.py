"""Where a tree splits, and what it says of sets that are worth whole numbers."""

import numpy as np
import pytest

from ainalym.solve.sites import Gains, choose
from ainalym.solve.sites_looks import ByPrograms
from ainalym.solve.sites_tree import _SEEN_ENOUGH, _Falls
from tests.solve.test_sites import problem

SITES = np.array([1, 2, 3])
SHARE = np.array([0.0, 0.1, 0.45, 0.7])


def test_the_most_undecided_site_is_split_while_little_is_known():
    falls = _Falls(4)
    assert falls.choose(SITES, SHARE) == 2
    for _ in range(_SEEN_ENOUGH):
        falls.note(3, 0.5, 10.0)
    assert falls.choose(SITES, SHARE) == 2  # nothing is known of closing


def test_then_that_where_both_halves_promise_to_fall():
    falls = _Falls(4)
    for _ in range(_SEEN_ENOUGH):
        falls.note(3, 0.3, 10.0)
        falls.note(3, -0.7, 10.0)
        falls.note(2, 0.55, 1.0)
        falls.note(2, -0.45, 1.0)
    assert falls.choose(SITES, SHARE) == 3


def test_a_site_whose_share_is_whole_is_the_last_to_be_split():
    falls = _Falls(4)
    for _ in range(_SEEN_ENOUGH):
        falls.note(1, 1.0, 100.0)
        falls.note(1, -0.5, 100.0)
    assert falls.choose(SITES, np.array([0.0, 1.0, 1.0, 0.5])) == 3


@pytest.mark.parametrize("seed", range(6))
def test_whole_gains_are_closed_as_soon_as_nothing_whole_is_between(seed):
    gains, cost, _ = problem(seed, clients=16, sites=8)
    up = np.ceil(gains.gain)
    whole = Gains(start=gains.start, site=gains.site, gain=up, sites=gains.sites)
    answer = choose(whole, np.rint(cost), p=3, seconds=20.0, gap_allowed=0.0)
    assert answer.bound == answer.objective


def test_two_programs_at_once_say_the_same_each_time(monkeypatch):
    counts = []

    def counted(self, parts, goal, has_time, bound=ByPrograms.bound):
        counts.append(len(parts))
        return bound(self, parts, goal, has_time)

    monkeypatch.setattr(ByPrograms, "bound", counted)
    rng = np.random.default_rng(3)
    at, to = rng.random((300, 2)), rng.random((40, 2))
    far = np.hypot(*(at[:, None] - to[None]).T).T
    covered = far < 0.15
    client, site = np.nonzero(covered)
    weight = np.ceil(rng.lognormal(1.0, 1.0, 300))
    gains = Gains.of(client, site, weight[client], clients=300, sites=40)
    first, second = (
        choose(gains, np.zeros(40), p=8, seconds=60.0, gap_allowed=0.0) for _ in range(2)
    )
    assert (first.value.open == second.value.open).all()
    assert first.bound == second.bound == first.objective
    assert max(counts) == 2
