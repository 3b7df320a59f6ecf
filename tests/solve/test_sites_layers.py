"""Clients taken apart into coverings are worth and prove what they did before."""

import numpy as np
import pytest

from ainalym.solve.sites import Gains, bound, worth
from ainalym.solve.sites_layers import layers
from ainalym.solve.sites_rest import unit
from tests.solve.test_sites import problem


@pytest.mark.parametrize("seed", range(10))
def test_any_set_is_worth_the_same(seed):
    gains, cost, _ = problem(seed, clients=16, sites=8)
    apart = layers(gains, np.zeros(gains.clients), 10_000).merged.gains
    rng = np.random.default_rng(seed)
    for _ in range(20):
        is_open = rng.random(8) < 0.4
        assert worth(apart, cost, is_open) == pytest.approx(worth(gains, cost, is_open))


@pytest.mark.parametrize("seed", range(10))
def test_each_layer_is_all_or_nothing_and_none_are_alike(seed):
    gains, _, _ = problem(seed, clients=16, sites=8)
    apart = layers(gains, np.zeros(gains.clients), 10_000).merged.gains
    starts = apart.start[:-1]
    assert (apart.gain == np.repeat(apart.gain[starts], np.diff(apart.start))).all()
    kinds = [tuple(apart.site[a:b]) for a, b in zip(starts, apart.start[1:], strict=True)]
    assert len(set(kinds)) == len(kinds)


@pytest.mark.parametrize("seed", range(10))
def test_prices_of_layers_prove_no_more_than_those_of_the_clients_they_make(seed):
    gains, cost, _ = problem(seed, clients=16, sites=8)
    found = layers(gains, np.zeros(gains.clients), 10_000)
    apart = found.merged.gains
    rng = np.random.default_rng(seed)
    price = apart.top * rng.random(apart.clients)
    said = bound(gains, cost, found.prices(price), p=3)
    assert said <= bound(apart, cost, price, p=3) + 1e-9


@pytest.mark.parametrize("seed", range(10))
def test_left_out_steps_are_a_floor_below_which_no_price_falls(seed):
    gains, cost, _ = problem(seed, clients=16, sites=8)
    near = layers(gains, gains.top, 10_000)
    apart = near.merged.gains
    assert (near.floor < gains.top).all() or (gains.top == 0).any()
    assert len(apart.gain) <= len(layers(gains, np.zeros(16), 10_000).merged.gains.gain)
    assert near.prices(np.zeros(apart.clients)) == pytest.approx(near.floor)
    assert near.prices(apart.top) == pytest.approx(gains.top)
    price = apart.top * np.random.default_rng(seed).random(apart.clients)
    said = bound(gains, cost, near.prices(price), p=3)
    assert said <= bound(apart, cost, price, p=3) + near.floor.sum() + 1e-9


def test_equal_coverings_of_several_clients_are_one():
    gains = Gains.of(
        [0, 0, 1, 1, 2], [0, 1, 1, 0, 0], [3.0, 3.0, 2.0, 2.0, 1.0], clients=3, sites=2
    )
    apart = layers(gains, np.zeros(3), 10).merged.gains
    assert sorted(zip(apart.top, np.diff(apart.start), strict=True)) == [(1.0, 1), (5.0, 2)]


def test_too_many_pairs_are_not_taken_apart():
    gains = Gains.of(np.zeros(4, int), np.arange(4), [4.0, 3.0, 2.0, 1.0], clients=1, sites=4)
    assert layers(gains, np.zeros(1), 9) is None
    assert layers(gains, np.zeros(1), 10) is not None


@pytest.mark.parametrize(
    ("gain", "cost", "is_whole"),
    [(2.0, 1.0, True), (2.5, 1.0, False), (2.0, 0.5, False), (1e10, 1.0, False)],
)
def test_worth_is_whole_where_all_gains_and_costs_are(gain, cost, is_whole):
    gains = Gains.of([0], [0], [gain], clients=1, sites=1)
    assert unit(gains, np.array([cost])) == float(is_whole)
