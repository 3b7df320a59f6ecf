"""What closes the gap may never drop a set that is better than the known one."""

import time

import numpy as np
import pytest

from ainalym.solve import sites_moves
from ainalym.solve.sites import choose, worth
from ainalym.solve.sites_bound import Descent, Proof, prove
from ainalym.solve.sites_layers import layers
from ainalym.solve.sites_limits import Limits
from ainalym.solve.sites_looks import ByPrices, ByPrograms
from ainalym.solve.sites_moves import COUNT
from ainalym.solve.sites_relax import Relaxation
from ainalym.solve.sites_rest import decided, rest
from ainalym.solve.sites_search import Search
from ainalym.solve.sites_tree import Tree
from tests.solve.test_sites import FORMS, allowed_sets, limits, problem, value

SITES = 8


class Case:
    """A small problem, all its allowed sets by falling worth, and prices half way to their best."""

    def __init__(self, form, seed):
        self.gains, self.cost, self.dense = problem(seed, clients=16, sites=SITES)
        self.said = limits(form, seed, SITES)
        none = np.zeros(SITES, bool)
        p, at_most = self.said.get("p"), self.said.get("at_most", False)
        self.limits = Limits(
            least=0 if p is None or at_most else p,
            most=SITES if p is None else p,
            spend=self.said.get("spend", np.zeros(SITES)),
            budget=self.said.get("budget", np.inf),
            forced=self.said.get("forced", none),
            forbidden=self.said.get("forbidden", none),
        )
        sets = list(allowed_sets(SITES, self.said))
        worths = np.array([value(self.dense, self.cost, is_open) for is_open in sets])
        order = np.argsort(-worths, kind="stable")
        self.sets, self.worths = [sets[k] for k in order], worths[order]
        if sets:
            top = self.gains.top
            self.descent = Descent(self.gains, self.cost, self.limits, 0.5 * top)
            self.descent.lower(self.worths[0], 60, lambda: True)
            self.proof = Proof(self.descent.best, self.descent.pick)

    def left(self, objective):
        price = self.descent.price
        return rest(self.gains, self.cost, price, self.limits, self.proof, objective)


@pytest.fixture(params=[(form, seed) for form in FORMS for seed in range(10)], ids=str)
def case(request):
    """Build one problem that has at least three allowed sets."""
    form, seed = request.param
    tries = (Case(form, seed + 100 * k) for k in range(50))
    return next(made for made in tries if len(made.sets) >= 3)


def test_every_better_set_has_what_is_decided_and_its_worth_in_the_rest(case):
    for known in {0, 1, len(case.sets) // 4, len(case.sets) // 2}:
        objective = case.worths[known]
        always, never = decided(case.limits, case.proof, objective)
        left = case.left(objective)
        for is_open, true in zip(case.sets, case.worths, strict=True):
            if true <= objective + 1e-6:
                break
            assert is_open[always].all() and not is_open[never].any()
            inside = worth(left.rows, case.cost[left.sites], is_open[left.sites])
            assert left.base + inside == pytest.approx(true, abs=1e-9)


def by_prices(case, left):
    return ByPrices(left, case.cost)


def by_programs(case, left):
    end = time.perf_counter() + 60.0
    return ByPrograms(left, layers(left.rows, left.price, 10_000), case.cost, case.limits, end)


def tree_of(case, left, objective, looks):
    return Tree(
        left,
        looks(case, left),
        case.cost,
        case.limits,
        worth=objective,
        bound=case.proof.bound,
        gap=0.0,
    )


def test_what_is_left_of_what_is_left_is_so_of_the_whole(case):
    far, near = case.worths[-1], case.worths[len(case.sets) // 4]
    left = case.left(far)
    cost, inside = case.cost[left.sites], left.limits(case.limits)
    proof = prove(left.rows, cost, left.price, inside)
    after = left.within(rest(left.rows, cost, left.price, inside, proof, near - left.base))
    for is_open, true in zip(case.sets, case.worths, strict=True):
        if true <= near + 1e-6:
            break
        assert is_open[after.always].all()
        assert not is_open[~after.always].any() or set(np.flatnonzero(is_open)) <= (
            set(after.sites) | set(np.flatnonzero(after.always))
        )
        within = worth(after.rows, case.cost[after.sites], is_open[after.sites])
        assert after.base + within == pytest.approx(true, abs=1e-9)
    whole = prove(case.gains, case.cost, after.whole(after.price), case.limits)
    assert whole.bound >= case.worths[0] - 1e-9


@pytest.mark.parametrize("looks", [by_prices, by_programs])
@pytest.mark.parametrize("known", [1, 2, -1])
def test_the_tree_finds_the_best_set_from_a_worse_one(case, known, looks):
    objective = case.worths[known]
    left = case.left(objective)
    tree = tree_of(case, left, objective, looks)
    for _ in range(100):
        done = tree.search(lambda: True)
        if tree.is_over:
            break
    assert done.bound == pytest.approx(case.worths[0], abs=1e-6)
    if case.worths[0] > objective + 1e-9:
        assert case.limits.allow(done.is_open)
        assert value(case.dense, case.cost, done.is_open) == pytest.approx(case.worths[0])


@pytest.mark.parametrize("looks", [by_prices, by_programs])
def test_a_tree_cut_short_still_bounds_every_set(case, looks):
    objective = case.worths[-1]
    times = iter([True] * 9)
    tree = tree_of(case, case.left(objective), objective, looks)
    assert tree.search(lambda: next(times, False)).bound >= case.worths[0] - 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_a_program_that_is_stopped_still_gives_a_bound(seed):
    gains, cost, _ = problem(seed, clients=300, sites=40)
    none = np.zeros(40, bool)
    limits = Limits(least=5, most=5, spend=none * 1.0, budget=np.inf, forced=none, forbidden=none)
    program = Relaxation(layers(gains, gains.top, 10**6), cost, limits)
    stopped = program.solve(seconds=0.0)
    solved = program.solve()
    assert solved.steps > stopped.steps
    high, low = (prove(gains, cost, said.price, limits).bound for said in (stopped, solved))
    answer = choose(gains, cost, p=5, seconds=20.0, gap_allowed=0.0)
    assert high > low >= answer.objective - 1e-9 * abs(answer.objective)


def test_a_program_proves_the_least_that_prices_can(case):
    objective = case.worths[-1] - 1.0
    left = case.left(objective)
    cost, inside = case.cost[left.sites], left.limits(case.limits)
    looks = by_programs(case, left)
    least = prove(left.rows, cost, looks.price, inside).bound
    descent = Descent(left.rows, cost, inside, looks.price)
    descent.lower(least - 1.0, 200, lambda: True)
    assert descent.best == pytest.approx(least, abs=1e-6)


def test_a_move_is_worth_what_the_search_expects(case):
    search = Search(
        case.gains,
        case.cost,
        case.limits,
        rng=np.random.default_rng(0),
        has_time=lambda: True,
    )
    pairs, now = search._pairs, search._now
    for is_open, true in zip(case.sets[:20], case.worths[:20], strict=True):
        now.is_open[:] = is_open
        sites_moves.stand(pairs, now)
        for j in np.flatnonzero(~is_open):
            more = sites_moves.extra(pairs, now, j)
            for r in now.members[: now.tally[COUNT]]:
                swapped = is_open.copy()
                swapped[[j, r]] = True, False
                expected = true + more - (now.loss[r] - now.saving[r])
                assert value(case.dense, case.cost, swapped) == pytest.approx(expected, abs=1e-9)
            sites_moves.forget_near(now)
