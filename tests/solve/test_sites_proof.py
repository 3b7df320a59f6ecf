"""What closes the gap may never drop a set that is better than the known one."""

import numpy as np
import pytest

from ainalym.solve import sites_moves
from ainalym.solve.sites import worth
from ainalym.solve.sites_bound import Descent, Proof
from ainalym.solve.sites_finish import decided, finish, rest
from ainalym.solve.sites_limits import Limits
from ainalym.solve.sites_moves import COUNT
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


@pytest.mark.parametrize("known", [1, 2, -1])
def test_the_tree_finds_the_best_set_from_a_worse_one(case, known):
    objective = case.worths[known]
    left = case.left(objective)
    tree = Tree(left, case.cost, case.limits, worth=objective, bound=case.proof.bound, gap=0.0)
    done = tree.search(lambda: True)
    assert done.bound == pytest.approx(case.worths[0], abs=1e-6)
    if case.worths[0] > objective + 1e-9:
        assert case.limits.allow(done.is_open)
        assert value(case.dense, case.cost, done.is_open) == pytest.approx(case.worths[0])


def test_a_tree_cut_short_still_bounds_every_set(case):
    objective = case.worths[-1]
    looks = iter([True] * 9)
    tree = Tree(
        case.left(objective),
        case.cost,
        case.limits,
        worth=objective,
        bound=case.proof.bound,
        gap=0.0,
    )
    assert tree.search(lambda: next(looks, False)).bound >= case.worths[0] - 1e-9


@pytest.mark.parametrize("known", [1, -1])
def test_the_integer_program_finds_the_best_set_from_a_worse_one(case, known):
    objective = case.worths[known]
    done = finish(
        case.left(objective), case.cost, case.limits, case.sets[known], seconds=20.0, gap=0.0
    )
    assert done.bound >= case.worths[0] - 1e-6
    assert value(case.dense, case.cost, done.is_open) == pytest.approx(case.worths[0])


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
