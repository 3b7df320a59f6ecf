"""Rows built in pieces say the same as all pairs written out."""

import numpy as np
import pytest

from ainalym.solve.sites import Gains, best_site, worth
from bench import rows, sites
from bench.kinds import Kind


def places(n: int, m: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    at = sites.points(n, "clustered", 3)
    return at, sites.residents(n, 3), sites.candidates(at, m, 3)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    """Several pieces even for a few clients."""
    monkeypatch.setattr(rows, "PIECE", 37)


@pytest.mark.parametrize("floored", [False, True])
@pytest.mark.parametrize("k", [4, 20])
def test_the_nearest_sites_are_those_of_the_full_matrix(floored, k):
    at, weight, where = places(120, 20)
    made = rows.nearest(at, weight, where, np.zeros(20), 3, k, floored=floored)
    far = np.hypot(*(at[:, None] - where[None]).T).T
    far = weight[:, None] * (np.floor(far) if floored else far)
    escape = np.sort(far, 1)[:, min(k, 19)]
    gain = np.maximum(0.0, escape[:, None] - far)
    client, site = np.nonzero(gain)
    told = Gains.of(client, site, gain[client, site], clients=120, sites=20)
    assert made.escape == pytest.approx(escape.sum())
    assert np.array_equal(made.gains.start, told.start)
    np.testing.assert_allclose(made.gains.gain, told.gain, rtol=1e-12, atol=1e-9)
    assert made.kind is Kind.MEDIAN


@pytest.mark.parametrize("gradual", [False, True])
def test_who_is_covered_is_as_the_distances_say(gradual):
    at, weight, where = places(120, 20)
    reach = 1500.0
    made = rows.within(at, weight, where, 3, reach, gradual=gradual)
    far = np.hypot(*(at[:, None] - where[None]).T).T
    part = np.clip((2 * reach - far) / (1.5 * reach), 0, 1) if gradual else far <= reach
    is_open = np.arange(20) % 5 == 0
    by_hand = float((weight * part[:, is_open].max(1)).sum())
    assert worth(made.gains, made.cost, is_open) == pytest.approx(by_hand)
    assert made.value(is_open) == pytest.approx(by_hand)


def test_what_is_reported_counts_sites_beyond_those_kept():
    at, weight, where = places(120, 20)
    made = rows.nearest(at, weight, where, np.ones(20), None, 2)
    only = np.arange(20) == 7
    assert (best_site(made.gains, only) < 0).any()
    far = np.hypot(*(at - where[7]).T)
    assert made.value(only) == pytest.approx(float(weight @ far) + 1.0)
    assert made.value(only) > made.shown(worth(made.gains, made.cost, only))


def test_a_full_matrix_is_kept_whole():
    cost = np.random.default_rng(2).integers(0, 9, (30, 12)).astype(float)
    made = rows.of_matrix(cost, 3)
    is_open = np.arange(12) < 3
    by_hand = float(cost[:, :3].min(1).sum())
    assert made.value(is_open) == by_hand
    assert made.shown(worth(made.gains, made.cost, is_open)) == pytest.approx(by_hand)
