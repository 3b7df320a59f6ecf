"""Building a staged network: held to the whole program, to its rules, and to its own recount."""

from dataclasses import replace

import numpy as np
import pytest

from ainalym.answer import Status
from ainalym.errors import BrokenLaw, InputError
from ainalym.solve import network_layouts
from ainalym.solve.network import build_network, recount
from ainalym.solve.network_layouts import layouts_of
from ainalym.solve.network_master import master_of
from ainalym.solve.network_moves import neighbours
from ainalym.solve.network_zones import ask_zones, choices, in_turn
from bench import network as published
from bench.network import whole
from tests.solve.staged import drawn


@pytest.fixture(params=["all layouts are listed", "too many layouts to list"])
def either_way(request, monkeypatch):
    """Have the search go through all layouts, or climb and branch as where they are too many."""
    if request.param == "too many layouts to list":
        monkeypatch.setattr(network_layouts, "_MOST_NUMBERS", 0)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("seed", range(10))
def test_the_best_network_is_found_and_proved(seed):
    staged = drawn(seed)
    best = whole(staged).solve(gap_allowed=1e-9)
    answer = build_network(staged, gap_allowed=1e-5)
    assert answer.status is Status.OPTIMAL
    assert answer.objective == pytest.approx(best.objective, abs=1.1e-5 * answer.out_of)
    assert answer.bound <= best.objective + 1e-6 * abs(best.objective)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize(
    "changed",
    [
        {"most_stations": 4, "most_modules": 3, "most_at_once": 2},
        {"budget": np.zeros(3)},
        {"budget": np.full(3, np.inf)},
        {"limit_t": np.zeros((2, 2, 3))},
        {"left": np.zeros(2)},
        {"landfill": np.zeros(2)},
        {"discount": np.ones(3)},
    ],
    ids=lambda changed: ", ".join(changed),
)
@pytest.mark.parametrize("seed", [3])
def test_at_the_edges_too(seed, changed):
    staged = drawn(seed, **changed)
    best = whole(staged).solve(gap_allowed=1e-9)
    answer = build_network(staged, gap_allowed=1e-5)
    assert answer.objective == pytest.approx(best.objective, abs=1.1e-5 * answer.out_of)
    assert answer.bound == pytest.approx(best.objective, abs=1.1e-5 * answer.out_of)


def test_what_no_plant_takes_is_buried():
    staged = drawn(1)
    sale = staged.sale.copy()
    sale[..., 0] = -np.inf
    built = build_network(replace(staged, sale=sale), gap_allowed=1e-5).value
    assert len(built.carried.commodity) and not (built.carried.commodity == 0).any()


@pytest.mark.slow
def test_the_published_instance_is_solved_to_its_published_optimum():
    """-1457366.5: HiGHS, on the same arrays, as reported with the instance's generator."""
    answer = build_network(published.draw(50, 8, 3, 5, seed=1), seconds=120.0, gap_allowed=1e-4)
    assert answer.status is Status.OPTIMAL
    assert answer.objective == pytest.approx(-1457366.5, abs=0.1)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("seed", range(6))
def test_whenever_it_is_stopped_the_bound_is_below_the_best(seed):
    staged = drawn(seed, zones=12, years=4, budget=25e3 * (1 + 0.5 * np.arange(4)),
                   discount=1.07 ** -np.arange(4))  # fmt: skip
    best = whole(staged).solve(gap_allowed=1e-9).objective
    told = []

    def look(seconds, cost, bound):
        told.append((cost, bound))
        if len(told) == 3 + 2 * seed:
            raise KeyboardInterrupt

    answer = build_network(staged, gap_allowed=1e-6, seconds=20.0, progress=look)
    costs, bounds = zip(*told, strict=True)
    assert list(costs) == sorted(costs, reverse=True)
    assert list(bounds) == sorted(bounds)
    slack = 1e-6 * abs(best)
    assert all(bound <= best + slack and cost >= best - slack for cost, bound in told)
    assert answer.bound <= best + slack <= answer.objective + 2 * slack
    assert answer.gap == pytest.approx(
        (answer.objective - answer.bound) / answer.out_of, rel=1e-9, abs=1e-12
    )


@pytest.mark.usefixtures("either_way")
def test_without_time_there_is_an_answer_and_a_bound_still():
    staged = drawn(3)
    best = whole(staged).solve(gap_allowed=1e-9).objective
    answer = build_network(staged, gap_allowed=1e-6, seconds=1e-9)
    assert answer.status is Status.FEASIBLE and answer.value is not None
    assert answer.bound <= best <= answer.objective


@pytest.mark.parametrize("seed", range(8))
def test_the_cheapest_path_is_that_of_the_whole_master(seed):
    """With cuts of a few designs: what HiGHS finds cheapest, and what its own level costs."""
    rng = np.random.default_rng(seed)
    most = {
        "most_stations": 1 + seed % 3,
        "most_modules": 1 + seed % 4,
        "most_at_once": 1 + seed % 2,
    }
    master = master_of(drawn(seed, **most))
    layouts = layouts_of(master)
    for _ in range(5):
        level = np.cumsum(rng.integers(0, 2, master.level.shape), axis=2).astype(float)
        master.cut(level, np.minimum(1.0, level.sum(1) * rng.random(level.shape[::2])))
        least, design = layouts.cheapest(lambda: False)
        answer = master.program.solve(gap_allowed=1e-9)
        # HiGHS may leave whole numbers and rows by a millionth of a module.
        assert least == pytest.approx(-answer.objective * master.unit, rel=1e-5)
        assert least == pytest.approx(master.hopes(np.diff(design, axis=2, prepend=0)[None])[0])


def test_the_same_problem_has_the_same_answer():
    first, again = (build_network(drawn(5), gap_allowed=1e-4) for _ in range(2))
    assert first.objective == again.objective and first.bound == again.bound
    assert (first.value.modules == again.value.modules).all()


@pytest.mark.parametrize("seed", range(10))
def test_cuts_hold_for_whatever_zones_do(seed):
    rng = np.random.default_rng(seed)
    zones, stations, profiles = 9, 5, 3
    cost, dump = rng.uniform(5, 40, (zones, stations)), rng.uniform(20, 50, profiles)
    cost[rng.random(cost.shape) < 0.2] = np.inf
    supply_t = rng.uniform(0, 10, (profiles, zones))
    price = rng.uniform(-20, 40, (profiles, stations))
    there = np.clip(rng.uniform(-0.5, 1.5, (profiles, stations)), 0, 1)
    found = ask_zones(cost, supply_t, dump, price, there, is_cut=True)
    for _ in range(20):
        is_open = np.clip(rng.uniform(-0.5, 1.5, (profiles, stations)), 0, 1)
        part = rng.dirichlet(np.full(stations + 1, 0.5), (profiles, zones))[..., :-1]
        part = np.where(np.isfinite(cost), np.minimum(part, is_open[:, None]), 0.0)
        load_t = np.einsum("pz,pzj->pj", supply_t, part)
        paid = np.einsum("pz,pzj,zj->p", supply_t, part, np.where(np.isfinite(cost), cost, 0))
        paid += ((1 - part.sum(2)) * supply_t).sum(1) * dump
        least = found.fixed + (price * load_t - found.slope * is_open).sum(1)
        assert (paid >= least - 1e-9).all()
    tight = found.fixed + (price * found.load_t - found.slope * there).sum(1)
    assert tight == pytest.approx(found.least + (price * found.load_t).sum(1))


@pytest.mark.parametrize("seed", range(5))
def test_zones_in_turn_do_the_same(seed):
    rng = np.random.default_rng(seed)
    cost, supply_t = rng.uniform(5, 40, (30, 6)), rng.uniform(0, 9, (2, 30))
    dump, price = np.array([20.0, 30.0]), rng.uniform(-9, 20, (2, 6))
    is_open = (rng.random((2, 6)) < 0.6).astype(float)
    turn = in_turn(cost)
    asked = ask_zones(cost, supply_t, dump, price, is_open, is_cut=True)
    turned = ask_zones(
        cost[turn], np.ascontiguousarray(supply_t[:, turn]), dump, price, is_open, is_cut=True
    )
    for one, other in zip(asked, turned, strict=True):
        assert one == pytest.approx(other)
    for profile in range(2):
        at = choices(cost, dump[profile], price[profile], is_open[profile] > 0)
        load_t = np.bincount(at + 1, supply_t[profile], 7)[1:]
        assert load_t == pytest.approx(asked.load_t[profile])


def test_neighbours_keep_the_rules_and_are_near():
    staged = drawn(2)
    modules = build_network(staged, gap_allowed=1e-3).value.modules
    near = neighbours(staged, modules)
    assert len(near) > 20
    spent = np.cumsum(np.einsum("njqt,jq->nt", near, staged.capex), axis=1)
    assert (near >= 0).all() and (near <= staged.most_at_once).all()
    assert (near.sum((2, 3)) <= staged.most_modules).all()
    assert ((near.sum((2, 3)) > 0).sum(1) <= staged.most_stations).all()
    assert (spent <= staged.budget * (1 + 1e-6)).all()
    kept = {j: modules[j].sum() for j in range(len(modules))}
    sizes = np.abs(near.sum((1, 2, 3)) - sum(kept.values()))
    assert sizes.max() <= 2


TAKEN = np.zeros((4, 2, 3), int)
TAKEN[0, 0, :2] = 2, -2
BREAKS = {
    "a flow is negative": lambda b: {"carried": replace(b.carried, mass_t=-b.carried.mass_t)},
    "a zone brings more than it has": lambda b: {
        "carried": replace(b.carried, mass_t=3.0 * b.carried.mass_t)
    },
    "a station handles more than it can": lambda b: {"modules": 0 * b.modules},
    "modules are taken away": lambda b: {"modules": b.modules + TAKEN},
    "too many modules are built at once": lambda b: {"modules": 2 * b.modules},
    "there are too many stations": lambda b: {"modules": np.ones_like(b.modules)},
    "a station does not sell what it has left": lambda b: {"sold_t": 0.5 * b.sold_t},
    "a plant gets too much": lambda b: {"sold_t": 50.0 * b.sold_t},
}


@pytest.mark.parametrize("said", BREAKS)
def test_a_broken_rule_is_named(said):
    staged = drawn(2, most_stations=3, most_modules=99)
    built = build_network(staged, gap_allowed=1e-3).value
    assert built.modules.any() and len(built.carried.mass_t)
    with pytest.raises(BrokenLaw, match=said):
        recount(staged, replace(built, **BREAKS[said](built)))


def test_all_faults_are_told_at_once():
    good = drawn(1)
    supply_t, left, bring = good.supply_t.copy(), good.left.copy(), good.bring.copy()
    supply_t[2, 1, 0], left[1], bring[0, 0] = -3.0, 1.5, np.nan
    wrong = replace(
        good,
        supply_t=supply_t,
        left=left,
        bring=bring,
        most_modules=0,
        landfill=np.array([5.0, -1.0]),
        discount=np.array([1.0, 0.5, 0.0]),
    )
    with pytest.raises(InputError) as caught:
        build_network(wrong, seconds=0.0, gap_allowed=-1.0)
    said = str(caught.value)
    for words in (
        "supply_t row 2, 1, 0: is -3.0",
        "left row 1: is 1.5",
        "bring row 0, 0: is nan",
        "most_modules: is 0",
        "landfill row 1: is -1.0 (give a number of 0 or more)",
        "discount row 2: is 0.0 (give a number above 0)",
        "seconds: is 0.0",
        "gap_allowed: is -1.0",
    ):
        assert words in said


def test_wrong_shapes_are_told_before_numbers():
    with pytest.raises(InputError, match=r"budget: has shape \(2,\)"):
        build_network(drawn(1, budget=np.ones(2)))
