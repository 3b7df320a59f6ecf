"""The benchmark draws the instances that others measured, and our engine solves them."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from bench import ours, sites
from bench.peers.told import Clock
from bench.rows import Instance, nearest

GENERATOR = Path(__file__).parents[3] / "shared" / "bench" / "gen.py"


def solved(instance: Instance) -> tuple[float, float]:
    """The recounted value and the bound of our answer, as they are shown."""
    told = ours.solve(instance, Clock(instance, seconds=10.0, marks=(), known=None))
    return instance.value(told.open), told.bound


@pytest.fixture(scope="module")
def published():
    """Load the generator with which the peers were measured."""
    if not GENERATOR.exists():
        pytest.skip("the generator is not beside the repository")
    spec = importlib.util.spec_from_file_location("published_generator", GENERATOR)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("kind", ["uniform", "clustered"])
@pytest.mark.parametrize("seed", [1, 5])
def test_the_same_seed_draws_the_same_instance(published, kind, seed):
    at, weight, candidates, cost = published.ufl(700, 90, kind, seed)
    mine = sites.points(700, kind, seed)
    assert np.array_equal(mine, at)
    assert np.array_equal(sites.residents(700, seed), weight)
    assert np.array_equal(sites.candidates(mine, 90, seed), candidates)
    assert np.array_equal(sites.opening_costs(700, 90, seed), cost)


def test_facility_location_1000x300_is_solved_to_the_known_optimum():
    instance = sites.INSTANCES["facility 1000x300"]()
    value, bound = solved(instance)
    assert value == pytest.approx(6382898.896, abs=1e-2)
    assert instance.gap_shown(value, bound) < 1e-4


def test_a_bound_on_the_nearest_sites_holds_for_all_pairs():
    at = sites.points(400, "uniform", 1)
    weight, places = sites.residents(400, 1), sites.candidates(at, 60, 1)
    cost = sites.opening_costs(400, 60, 1)
    few = nearest(at, weight, places, cost, None, k=8)
    every = nearest(at, weight, places, cost, None, k=60)
    assert solved(few)[1] <= solved(every)[0] + 1e-6
