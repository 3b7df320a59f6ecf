"""Choosing sites: against brute force, against published optima, and against bad input."""

import math
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from ainalym.answer import Sense, Status
from ainalym.errors import InputError
from ainalym.solve import sites_search
from ainalym.solve.sites import Gains, best_site, bound, choose, worth

SHARED = Path(__file__).parents[2] / ".." / "shared"
FORMS = ("free", "exactly", "at most", "budget", "exactly and budget", "at most and budget")


def problem(seed, *, clients=14, sites=8, density=0.6):
    """Random gains with ties, identical clients, clients and sites without pairs, any costs."""
    rng = np.random.default_rng([seed, clients, sites])
    dense = np.round(rng.gamma(1.0, 3.0, (clients, sites)), 1)
    dense *= rng.random((clients, sites)) < density
    if clients > 4:
        dense[1], dense[3], dense[4] = dense[0], 2 * dense[0], 0.0
    client, site = np.divmod(np.arange(clients * sites), max(1, sites))
    gains = Gains.of(client, site, dense.ravel(), clients=clients, sites=sites)
    cost = np.round(rng.uniform(-1.0, 12.0, sites), 1)
    return gains, cost, dense


def limits(form, seed, sites):
    rng = np.random.default_rng([seed, 99])
    said = {}
    if "exactly" in form or "at most" in form:
        said["p"] = int(rng.integers(1, sites))
        said["at_most"] = "at most" in form
    if "budget" in form:
        said["spend"] = rng.integers(0, 7, sites).astype(float)
        said["budget"] = float(rng.integers(2, 3 * sites))
    mark = rng.integers(0, 8, sites)
    if seed % 2:
        said["forced"], said["forbidden"] = mark == 0, mark == 1
    return said


def allowed_sets(sites, said):
    p, forced, forbidden = said.get("p"), said.get("forced"), said.get("forbidden")
    for bits in product((False, True), repeat=sites):
        is_open = np.array(bits, bool)
        if p is not None and (is_open.sum() > p or (is_open.sum() < p and not said["at_most"])):
            continue
        if "spend" in said and said["spend"] @ is_open > said["budget"]:
            continue
        if forced is not None and ((forced & ~is_open).any() or (forbidden & is_open).any()):
            continue
        yield is_open


def value(dense, cost, is_open):
    return (dense * is_open).max(axis=1, initial=0.0).sum() - cost[is_open].sum()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(12))
def test_no_brute_force_set_beats_the_bound_and_the_best_is_found(form, seed, monkeypatch):
    monkeypatch.setattr("ainalym.solve.sites_hunt._IDLE_KICKS", 300)
    gains, cost, dense = problem(seed)
    said = limits(form, seed, 8)
    known = [value(dense, cost, is_open) for is_open in allowed_sets(8, said)]
    answer = choose(gains, cost, **said, seconds=20.0, gap_allowed=0.0)
    if not known:
        assert answer.status is Status.INFEASIBLE and answer.value is None
        assert bound(gains, cost, np.zeros(14), **said) == -math.inf
        return
    best = max(known)
    assert any((answer.value.open == is_open).all() for is_open in allowed_sets(8, said))
    assert answer.sense is Sense.MAX
    assert answer.objective == pytest.approx(value(dense, cost, answer.value.open), abs=1e-9)
    assert answer.objective == pytest.approx(best, abs=1e-9)
    assert answer.bound >= best - 1e-9
    assert answer.status is Status.OPTIMAL


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), spread=st.floats(0.0, 30.0), some=st.randoms())
def test_any_prices_prove_a_bound(form, seed, spread, some):
    gains, cost, dense = problem(seed, clients=6, sites=5)
    said = limits(form, seed, 5)
    price = np.array([some.uniform(0.0, spread) for _ in range(6)])
    known = [value(dense, cost, is_open) for is_open in allowed_sets(5, said)]
    assert bound(gains, cost, price, **said) >= max(known, default=-math.inf) - 1e-12


@pytest.mark.parametrize("form", ("budget", "exactly and budget", "at most and budget"))
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_inner_problem_of_a_budget_is_the_linear_program(form, seed):
    rng = np.random.default_rng(seed)
    score, spend = rng.normal(1.0, 3.0, 7), rng.integers(0, 5, 7).astype(float)
    said = {"spend": spend, "budget": float(rng.integers(0, 12))}
    upper = {"A_ub": [spend], "b_ub": [said["budget"]]}
    if form != "budget":
        said |= {"p": 3, "at_most": form.startswith("at most")}
        if said["at_most"]:
            upper = {"A_ub": [spend, np.ones(7)], "b_ub": [said["budget"], 3]}
        else:
            upper |= {"A_eq": [np.ones(7)], "b_eq": [3]}
    got = bound(Gains.of([], [], [], clients=0, sites=7), -score, [], **said)
    by_linear_program = linprog(-score, **upper, bounds=(0, 1))
    if by_linear_program.status == 2:
        assert got == -math.inf
    else:
        assert got == pytest.approx(-by_linear_program.fun, abs=1e-8)


@pytest.mark.parametrize("seed", range(6))
def test_one_more_candidate_never_worsens(seed):
    gains, cost, _ = problem(seed, clients=20, sites=8)
    without = np.arange(8) == seed
    fewer = choose(gains, cost, p=3, forbidden=without, seconds=20.0, gap_allowed=0.0)
    more = choose(gains, cost, p=3, seconds=20.0, gap_allowed=0.0, start=fewer.value.open)
    assert more.objective >= fewer.objective - 1e-12


def test_forced_and_forbidden_sites_are_kept_even_where_they_harm():
    gains, cost, _ = problem(3, clients=40, sites=20)
    cost[:3] = 1000.0
    cost[3:6] = -1000.0
    forced, forbidden = np.arange(20) < 3, (np.arange(20) >= 3) & (np.arange(20) < 6)
    answer = choose(gains, cost, p=6, forced=forced, forbidden=forbidden)
    assert answer.value.open[:3].all() and not answer.value.open[3:6].any()
    assert answer.value.open.sum() == 6


def euclid(seed, n, m, near=30.0):
    rng = np.random.default_rng(seed)
    xy, at = rng.uniform(0, 100, (n, 2)), rng.uniform(0, 100, (m, 2))
    gain = np.clip(near - np.hypot(*(xy[:, None] - at).transpose(2, 0, 1)), 0.0, None)
    client, site = np.nonzero(gain)
    return Gains.of(client, site, gain[client, site], clients=n, sites=m), rng


@pytest.mark.parametrize("form", FORMS)
def test_same_seed_same_answer_and_a_small_gap(form, monkeypatch):
    monkeypatch.setattr("ainalym.solve.sites_hunt._IDLE_KICKS", 200)
    gains, rng = euclid(1, 300, 60)
    said = {}
    if "exactly" in form or "at most" in form:
        said = {"p": 9, "at_most": "at most" in form}
    if "budget" in form:
        said |= {"spend": rng.uniform(1, 3, 60), "budget": 14.0}
    cost = rng.uniform(40, 80, 60)
    one, two = (choose(gains, cost, **said, seconds=60.0, gap_allowed=1e-6, seed=5) for _ in "ab")
    assert (one.value.open == two.value.open).all() and one.bound == two.bound
    assert one.status is Status.OPTIMAL
    assert one.bound <= bound(gains, cost, one.value.price, **said)
    assert one.objective == worth(gains, cost, one.value.open)


def test_the_search_keeps_its_books():
    gains, rng = euclid(2, 200, 40)
    cost = rng.uniform(10, 30, 40)
    limit = sites_search.Limits(
        least=0,
        most=12,
        spend=rng.uniform(1, 3, 40),
        budget=20.0,
        forced=np.zeros(40, bool),
        forbidden=np.zeros(40, bool),
    )
    search = sites_search.Search(
        gains, cost, limit, rng=np.random.default_rng(0), has_time=lambda: True
    )
    search.improve(np.zeros(40, bool))
    for _ in range(300):
        search.kick()
        assert limit.allow(search.is_open)
    assert search.worth == pytest.approx(worth(gains, cost, search.is_open), rel=1e-12)


def test_a_good_start_is_never_lost_and_warm_prices_keep_their_bound():
    gains, rng = euclid(4, 300, 60)
    cost = rng.uniform(40, 80, 60)
    good = choose(gains, cost, p=8, seconds=20.0)
    again = choose(gains, cost, p=8, seconds=1e-9, start=good.value.open, price=good.value.price)
    assert again.objective == pytest.approx(good.objective, rel=1e-12)
    assert again.bound <= good.bound + 1e-9 * abs(good.bound)


def test_an_interrupt_gives_the_best_so_far():
    gains, _ = euclid(5, 300, 60)

    def interrupt(seconds, objective, proved):
        assert objective <= proved
        raise KeyboardInterrupt

    answer = choose(gains, np.full(60, 50.0), gap_allowed=0.0, progress=interrupt)
    assert answer.status is Status.FEASIBLE
    assert answer.objective > 0


def test_identical_clients_are_one_client():
    rng = np.random.default_rng(6)
    dense = rng.uniform(0, 9, (10, 6))
    weight = rng.integers(1, 5, 10)
    many = np.repeat(dense, weight, axis=0)
    a, b = (
        Gains.of(*np.divmod(np.arange(d.size), 6), d.ravel(), clients=len(d), sites=6)
        for d in (dense * weight[:, None], many)
    )
    one, two = (choose(g, np.full(6, 2.0), p=2) for g in (a, b))
    assert one.objective == pytest.approx(two.objective)
    assert one.bound == pytest.approx(two.bound, rel=1e-6)
    assert len(two.value.price) == weight.sum()


def test_rows_are_sorted_and_the_best_site_is_named():
    gains = Gains.of([1, 0, 0, 1, 0], [2, 0, 1, 0, 1], [5.0, 2, 3, -1, 4], clients=3, sites=3)
    assert gains.start.tolist() == [0, 2, 3, 3]
    assert gains.site.tolist() == [1, 0, 2]
    assert gains.gain.tolist() == [4, 2, 5]
    assert best_site(gains, [True, False, False]).tolist() == [0, -1, -1]
    assert best_site(gains, [True, True, True]).tolist() == [1, 2, -1]
    assert worth(gains, [1.0, 1.0, 1.0], [True, True, False]) == 2.0


def test_contradictory_limits_are_an_answer():
    gains, cost, _ = problem(0)
    for said in (
        {"p": 9},
        {"p": 1, "forced": np.arange(8) < 2},
        {"p": 7, "forbidden": np.arange(8) < 2},
        {"spend": np.ones(8), "budget": 1.0, "forced": np.arange(8) < 2},
        {"p": 3, "spend": np.full(8, 2.0), "budget": 5.0},
        {"spend": np.ones(8), "budget": -1.0},
    ):
        assert choose(gains, cost, **said).status is Status.INFEASIBLE


def test_nothing_to_choose_from_is_solved():
    empty = Gains.of([], [], [], clients=0, sites=0)
    answer = choose(empty, [])
    assert answer.status is Status.OPTIMAL and answer.objective == 0.0


BAD_GAINS = [
    (
        ([0, 1], [0, 0], [1.0], 2, 1),
        "pairs: client, site and gain have shapes (2,), (2,), (1,) "
        "(give three columns of one length)",
    ),
    (([0, 2], [0, 0], [1.0, 2.0], 2, 1), "client row 1: is 2 (clients are numbered 0 to 1)"),
    (
        ([0, -1], [0, 3], [1.0, math.nan], 2, 2),
        "client row 1: is -1 (clients are numbered 0 to 1)\n"
        "site row 1: is 3 (sites are numbered 0 to 1)\ngain row 1: is nan (give a finite number)",
    ),
    (([0], [0], [math.inf], 1, 1), "gain row 0: is inf (give a finite number)"),
    (([0.5], [0], [1.0], 1, 1), "client: holds float64 (give whole numbers)"),
    (([], [], [], -1, 1), "clients: is -1 (give 0 or more)"),
]


@pytest.mark.parametrize(("pairs", "said"), BAD_GAINS)
def test_bad_pairs_are_named(pairs, said):
    client, site, gain, clients, sites = pairs
    with pytest.raises(InputError) as caught:
        Gains.of(client, site, gain, clients=clients, sites=sites)
    assert str(caught.value) == said


def test_rows_in_the_wrong_order_are_refused():
    with pytest.raises(InputError, match=r"gain row 1: is 3.0 \(sort each row by falling gain"):
        Gains(start=[0, 2], site=[0, 1], gain=[2.0, 3.0], sites=2)


BAD_CALLS = [
    ({"cost": [1.0]}, "cost: has shape (1,) (give a column of 2)"),
    ({"cost": [1.0, math.nan]}, "cost row 1: is nan (give a finite number)"),
    ({"p": -1}, "p: is -1 (give a whole number of 0 or more)"),
    ({"at_most": True}, "at_most: is set without p (say how many sites p are allowed)"),
    ({"budget": 3.0}, "budget: is given without spend (say what each site takes of it)"),
    ({"budget": math.nan}, "budget: is nan (give a number, or leave it out for no limit)"),
    ({"spend": [1.0, -2.0]}, "spend row 1: is -2.0 (give a finite number of 0 or more)"),
    (
        {"forced": [True, False], "forbidden": [True, False]},
        "site 0: is both forced and forbidden (drop one of the two)",
    ),
    ({"forced": [True]}, "forced: has shape (1,) (give a column of 2)"),
    ({"start": [True]}, "start: has shape (1,) (give a column of 2)"),
    ({"price": [1.0]}, "price: has shape (1,) (give a column of 3)"),
    ({"price": [1.0, -1.0, 0.0]}, "price row 1: is -1.0 (give a finite number of 0 or more)"),
    ({"seconds": 0.0}, "seconds: is 0.0 (give more than 0)"),
    ({"gap_allowed": -1.0}, "gap_allowed: is -1.0 (give 0 or more)"),
    (
        {"seconds": -1.0, "p": 1.5},
        "seconds: is -1.0 (give more than 0)\np: is 1.5 (give a whole number of 0 or more)",
    ),
]


@pytest.mark.parametrize(("said", "told"), BAD_CALLS)
def test_bad_calls_are_named(said, told):
    gains = Gains.of([0, 1, 2], [0, 1, 1], [1.0, 2.0, 3.0], clients=3, sites=2)
    with pytest.raises(InputError) as caught:
        choose(gains, **({"cost": [1.0, 1.0]} | said))
    assert str(caught.value) == told


def or_library(name):
    """A p-median instance of the OR-Library: gains are what is saved of the largest distance."""
    folder = SHARED / "instances" / "pmed"
    if not folder.exists():
        pytest.skip("the OR-Library instances are not beside the repository")
    numbers = np.array((folder / f"{name}.txt").read_text().split(), int)
    n, p = int(numbers[0]), int(numbers[2])
    edges = numbers[3:].reshape(-1, 3)
    far = np.full((n, n), np.inf)
    np.fill_diagonal(far, 0.0)
    for a, b, length in edges:  # of an edge given twice, the last holds
        far[a - 1, b - 1] = far[b - 1, a - 1] = length
    for k in range(n):
        np.minimum(far, far[:, k, None] + far[k], out=far)
    optimum = dict(
        line.split()[:2] for line in (folder / "pmedopt.txt").read_text().splitlines()[1:] if line
    )
    escape = far.max(axis=1)
    client, site = np.divmod(np.arange(n * n), n)
    gains = Gains.of(client, site, (escape[:, None] - far).ravel(), clients=n, sites=n)
    return gains, p, escape.sum(), float(optimum[name])


@pytest.mark.parametrize("name", ["pmed1", "pmed3", "pmed6", "pmed7", "pmed10", "pmed14"])
def test_published_p_median_optimum_is_found_and_not_undercut(name):
    gains, p, escape, optimum = or_library(name)
    answer = choose(gains, np.zeros(gains.sites), p=p, seconds=20.0, gap_allowed=1e-6)
    assert escape - answer.objective == pytest.approx(optimum)
    assert escape - answer.bound <= optimum + 1e-6
    assert escape - answer.bound >= optimum - 0.1


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_rows_hold_the_largest_gain_of_each_pair_in_falling_order(seed):
    rng = np.random.default_rng(seed)
    size, clients, sites = int(rng.integers(0, 60)), 7, 5
    client, site = rng.integers(0, clients, size), rng.integers(0, sites, size)
    gain = rng.integers(-2, 6, size).astype(float)
    gains = Gains.of(client, site, gain, clients=clients, sites=sites)
    best = {}
    for pair, g in zip(zip(client, site, strict=True), gain, strict=True):
        if g > 0:
            best[pair] = max(g, best.get(pair, 0.0))
    want = sorted((i, -g, j) for (i, j), g in best.items())
    got = list(zip(gains.client, -gains.gain, gains.site, strict=True))
    assert got == want


@pytest.mark.parametrize("seed", range(10))
def test_rows_read_piece_by_piece_are_those_of_all_pairs_at_once(seed):
    rng = np.random.default_rng(seed)
    sites, blocks = 40, []
    for clients, k in ((3, 5), (1, 40), (4, 0), (6, 30)):
        site = np.argsort(rng.random((clients, sites)), axis=1)[:, :k]
        blocks.append((site, np.round(rng.normal(1.0, 2.0, (clients, k)), 1)))
    read = Gains.rows(iter(blocks), clients=14, sites=sites)
    first = np.cumsum([0, 3, 1, 4])
    client = [
        f + np.repeat(np.arange(len(s)), s.shape[1])
        for f, (s, _) in zip(first[:4], blocks, strict=True)
    ]
    site, gain = (np.concatenate([block[k].ravel() for block in blocks]) for k in (0, 1))
    whole = Gains.of(np.concatenate(client), site, gain, clients=14, sites=sites)
    for name in ("start", "site", "gain"):
        assert np.array_equal(getattr(read, name), getattr(whole, name))


BAD_BLOCKS = [
    (
        [([[0, 1]], [[1.0]])],
        "block 0: has sites of shape (1, 2) and gains of shape (1, 1) "
        "(give two tables, one row for each client)",
    ),
    (
        [([[0], [1]], [[1.0], [1.0]]), ([[2]], [[math.nan]])],
        "block 1, site row 0: is 2 (sites are numbered 0 to 1)\n"
        "block 1, gain row 0: is nan (give a finite number)",
    ),
    ([([[0], [1]], [[1.0], [1.0]])], "blocks: hold 2 clients (give 3 together)"),
    ([([[0]] * 4, [[1.0]] * 4)], "blocks: hold 4 or more clients (give 3 together)"),
]


@pytest.mark.parametrize(("blocks", "said"), BAD_BLOCKS)
def test_bad_blocks_are_named(blocks, said):
    with pytest.raises(InputError) as caught:
        Gains.rows(blocks, clients=3, sites=2)
    assert str(caught.value) == said
