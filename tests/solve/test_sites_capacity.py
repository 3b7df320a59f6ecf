"""Sites that take only so much: held to every set there is, and to published optima."""

import math
from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog

from ainalym.answer import Status
from ainalym.errors import InputError
from ainalym.solve.sites_capacity import Capacitated, allot, price_bound


def drawn(seed, clients=10, sites=6, density=1.0):
    """A problem whose sites together take between a little more than all demand, and thrice it."""
    rng = np.random.default_rng(seed)
    demand = rng.integers(1, 20, clients).astype(float)
    capacity = rng.uniform(0.3, 1.0, sites)
    capacity *= rng.uniform(1.05, 3.0) * demand.sum() / capacity.sum()
    at, where = rng.uniform(0, 10, (clients, 2)), rng.uniform(0, 10, (sites, 2))
    cost = np.hypot(*(at[:, None] - where).transpose(2, 0, 1)) * demand[:, None]
    kept = rng.random((clients, sites)) < density
    client, site = np.nonzero(kept)
    open_cost = rng.integers(0, 150, sites).astype(float)
    problem = Capacitated.of(
        client, site, cost[kept], open_cost=open_cost, capacity=capacity, demand=demand
    )
    return problem, np.where(kept, cost, np.inf)


def served(problem, cost, is_open):
    """What serving everybody from a set costs, by another solver; infinite where it cannot."""
    clients, sites = cost.shape
    can = np.isfinite(cost) & is_open
    client, site = np.nonzero(can)
    if not len(client):
        return math.inf
    whole = (client == np.arange(clients)[:, None]).astype(float)
    room = (site == np.arange(sites)[:, None]) * problem.demand[client]
    found = linprog(
        cost[can], A_ub=room, b_ub=problem.capacity, A_eq=whole, b_eq=np.ones(clients),
        bounds=(0, 1),
    )  # fmt: skip
    return found.fun + problem.open_cost[is_open].sum() if found.status == 0 else math.inf


def best_of_all(problem, cost):
    sets = (np.array(bits, bool) for bits in product((0, 1), repeat=problem.sites))
    return min(served(problem, cost, is_open) for is_open in sets)


@pytest.mark.parametrize("density", [1.0, 0.6])
@pytest.mark.parametrize("seed", range(12))
def test_the_best_of_all_sets_is_found_and_proved(seed, density):
    problem, cost = drawn(seed, density=density)
    best = best_of_all(problem, cost)
    answer = allot(problem, seconds=30.0)
    if math.isinf(best):
        assert answer.status is Status.INFEASIBLE and answer.value is None
        return
    assert answer.status is Status.OPTIMAL
    assert answer.objective == pytest.approx(best, rel=2e-6)
    assert answer.bound <= best * (1 + 1e-9)
    found = answer.value
    given = np.bincount(problem.client, found.share)
    taken = np.bincount(problem.site, found.share * problem.demand[problem.client])
    assert given == pytest.approx(1.0)
    assert (taken <= problem.capacity[: len(taken)] * found.open[: len(taken)] + 1e-6).all()
    paid = found.share @ problem.cost + problem.open_cost[found.open].sum()
    assert answer.objective == pytest.approx(paid)
    assert price_bound(problem, found.price) <= best * (1 + 1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_any_prices_prove_a_bound(seed):
    problem, cost = drawn(seed, clients=6, sites=5)
    best = best_of_all(problem, cost)
    rng = np.random.default_rng([seed, 1])
    for _ in range(10):
        assert price_bound(problem, rng.uniform(-50, 400, 6)) <= best


def test_too_little_room_is_an_answer():
    problem, _ = drawn(1)
    short = Capacitated.of(
        problem.client, problem.site, problem.cost,
        open_cost=problem.open_cost, capacity=problem.capacity / 9, demand=problem.demand,
    )  # fmt: skip
    assert allot(short).status is Status.INFEASIBLE
    assert price_bound(short, np.zeros(10)) == math.inf


def test_time_that_is_up_still_gives_an_honest_bound():
    problem, _ = drawn(3, clients=200, sites=40)
    quick, thorough = allot(problem, seconds=0.5), allot(problem, seconds=60.0, gap_allowed=1e-4)
    assert quick.status in (Status.FEASIBLE, Status.OPTIMAL)
    assert quick.bound <= thorough.objective * (1 + 1e-9)
    assert quick.objective >= thorough.bound * (1 - 1e-9)
    seen = []
    allot(problem, seconds=2.0, progress=lambda *told: seen.append(told))
    assert all(bound <= cost for _, cost, bound in seen)


def test_an_interrupt_gives_the_best_so_far():
    problem, _ = drawn(3, clients=60, sites=20)

    def stop(*told):
        raise KeyboardInterrupt

    answer = allot(problem, progress=stop)
    assert answer.value is not None
    assert answer.bound <= allot(problem, gap_allowed=1e-6).objective


def test_every_fault_is_told():
    with pytest.raises(InputError) as refused:
        Capacitated.of(
            [0, 9], [0, -1], [1.0, math.nan],
            open_cost=[1.0], capacity=[-1.0], demand=[0.0],
        )  # fmt: skip
    said = str(refused.value)
    for part in ("cost row 1", "capacity row 0", "demand row 0", "client row 1", "site row 1"):
        assert part in said
    problem, _ = drawn(1)
    with pytest.raises(InputError, match="seconds"):
        allot(problem, seconds=0.0, gap_allowed=-1.0)


def warehouses(path, capacity=None):
    """Read an OR-Library file; some leave the capacity to be said."""
    words = path.read_text().split()
    sites, clients = int(words[0]), int(words[1])
    pairs = np.array(words[2 : 2 + 2 * sites]).reshape(sites, 2)
    rooms = [capacity if room == "capacity" else float(room) for room, _ in pairs]
    rest = np.array(words[2 + 2 * sites :], float).reshape(clients, sites + 1)
    client, site = np.divmod(np.arange(clients * sites), sites)
    return Capacitated.of(
        client, site, rest[:, 1:].ravel(),
        open_cost=pairs[:, 1].astype(float), capacity=rooms, demand=rest[:, 0],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "capacity", "known"),
    [
        ("cap61", None, 932615.750),
        ("cap74", None, 1034976.975),
        ("cap91", None, 796648.438),
        ("cap104", None, 928941.750),
        ("capa", 8000.0, 19240822.449),
        ("capa", 14000.0, 17160439.013),
        ("capb", 5000.0, 13656379.578),
    ],
)
def test_published_optima_are_reached_and_not_undercut(shared, name, capacity, known):
    path = shared / "instances" / "cap" / f"{name}.txt"
    if not path.is_file():
        pytest.skip(f"{name} is not in the folder `shared`")
    answer = allot(warehouses(path, capacity), seconds=60.0, gap_allowed=1e-6)
    assert answer.status is Status.OPTIMAL
    assert answer.objective == pytest.approx(known, rel=1e-6)
    assert answer.bound <= known + 0.01
