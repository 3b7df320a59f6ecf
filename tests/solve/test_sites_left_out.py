"""Pairs may be left out only where they cost at least the escape; else the bound is wrong."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from ainalym.answer import Status
from ainalym.solve.certificate import certify, check
from ainalym.solve.sites import Gains, bound, choose, instance

CLIENTS, SITES, P = 30, 9, 2


def drawn(seed):
    """Draw distances of clients to sites, and what the best two of all sites cost."""
    rng = np.random.default_rng([seed, 77])
    xy, at = rng.uniform(0, 100, (CLIENTS, 2)), rng.uniform(0, 100, (SITES, 2))
    far = np.hypot(*(xy[:, None] - at).transpose(2, 0, 1))
    best = min(far[:, pair].min(axis=1).sum() for pair in combinations(range(SITES), P))
    return far, best


def nearest_only(far, k, stretch=1.0):
    """Keep the k nearest sites of each client; the escape is the next one's distance, or more."""
    order = np.argsort(far, axis=1)
    escape = stretch * np.take_along_axis(far, order[:, k : k + 1], axis=1)
    near = order[:, :k]
    gain = escape - np.take_along_axis(far, near, axis=1)
    gains = Gains.rows([(near, gain)], clients=CLIENTS, sites=SITES)
    return gains, float(escape.sum())


def proved_cost(far, k, stretch=1.0):
    """What no choice of sites costs less than, says the bound on the k nearest sites."""
    gains, escape = nearest_only(far, k, stretch)
    answer = choose(gains, np.zeros(SITES), p=P, seconds=20.0, gap_allowed=1e-9)
    assert answer.status is Status.OPTIMAL
    return escape - answer.bound


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("k", [1, 3, 6])
def test_no_set_costs_less_than_the_nearest_pairs_prove(seed, k):
    far, best = drawn(seed)
    assert proved_cost(far, k) <= best + 1e-6


@pytest.mark.parametrize("seed", range(8))
def test_an_escape_above_the_cheapest_pair_left_out_proves_what_is_not_so(seed):
    far, best = drawn(seed)
    assert proved_cost(far, 2, stretch=3.0) > best + 1.0


@pytest.mark.parametrize("seed", range(4))
def test_more_pairs_prove_more_and_at_last_all_of_it(seed):
    far, best = drawn(seed)
    costs = [proved_cost(far, k) for k in range(1, SITES)]
    assert all(one <= more + 1e-5 for one, more in pairwise(costs))
    assert costs[-1] == pytest.approx(best, abs=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_any_prices_on_the_nearest_pairs_bound_the_whole_problem(seed):
    far, best = drawn(seed)
    gains, escape = nearest_only(far, 3)
    rng = np.random.default_rng(seed)
    for spread in (0.1, 0.5, 1.0, 2.0):
        price = spread * rng.uniform(0.0, 1.0, CLIENTS) * gains.top
        assert escape - bound(gains, np.zeros(SITES), price, p=P) <= best + 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_the_certificate_of_the_nearest_pairs_holds_for_all_of_them(seed):
    far, best = drawn(seed)
    gains, escape = nearest_only(far, 3)
    stated = instance(gains, np.zeros(SITES), p=P)
    answer = choose(gains, np.zeros(SITES), p=P, seconds=20.0, gap_allowed=1e-9)
    kept = certify(stated, answer.value.open, answer.value.price, answer.value.toll)
    assert escape - check(stated, kept).bound <= best + 1e-9


def test_a_far_site_s_prices_hide_behind_an_escape_that_is_too_high():
    """Two clients, two sites; each is told of its near site alone, and both are told of 10."""
    near, far = np.array([[0], [1]]), 3.0
    honest = Gains.rows([(near, np.full((2, 1), far - 1.0))], clients=2, sites=2)
    broken = Gains.rows([(near, np.full((2, 1), 10.0 - 1.0))], clients=2, sites=2)
    best = 1.0 + far
    prices = np.zeros(2)
    assert 2 * far - bound(honest, [0.0, 0.0], prices, p=1) <= best
    assert 2 * 10.0 - bound(broken, [0.0, 0.0], prices, p=1) > best
