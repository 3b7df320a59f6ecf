"""Branching against scipy, and the parts of a program it leans on."""

import math

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from ainalym.answer import Sense, Status
from ainalym.errors import BrokenLaw
from ainalym.solve.branch import branch
from ainalym.solve.branch_tree import Tree
from ainalym.solve.mip import Program
from ainalym.solve.proof import Prover

CLOSE = 1e-6


def loaded(seed: int, n: int = 14, m: int = 5) -> tuple[Program, np.ndarray, tuple]:
    """A drawn knapsack with several loads and a continuous column beside each row."""
    rng = np.random.default_rng(seed)
    gain = rng.integers(5, 60, n).astype(float)
    load = rng.integers(1, 40, (m, n)).astype(float)
    room = np.floor(load.sum(1) * 0.4)
    program = Program(Sense.MAX)
    x = program.columns("x", n, gain=gain, upper=2.0, integer=True)
    spill = program.columns("spill", m, gain=-3.0, upper=4.0)
    rows = program.rows("room", m, upper=room)
    program.put(rows[:, None], x, load)
    program.put(rows, spill, -1.0)
    return program, x, (gain, load, room)


def scipy_best(gain, load, room) -> float:
    m, n = load.shape
    found = milp(
        -np.concatenate([gain, np.full(m, -3.0)]),
        integrality=np.r_[np.ones(n), np.zeros(m)],
        bounds=Bounds(0.0, np.r_[np.full(n, 2.0), np.full(m, 4.0)]),
        constraints=LinearConstraint(np.hstack([load, -np.eye(m)]), -np.inf, room),
        options={"mip_rel_gap": 0.0},
    )
    return -found.fun


def worth(solution, gain, x) -> float:
    spill = np.delete(solution.value, x)
    return float(gain @ solution.value[x] - 3.0 * spill.sum())


@pytest.mark.parametrize("twins", [0, 1, 2])
@pytest.mark.parametrize("seed", range(20))
def test_branching_ends_where_scipy_ends(seed, twins):
    program, x, (gain, load, room) = loaded(seed)
    known: list[float] = []

    def suggest(solution, is_whole):
        if is_whole:
            known.append(worth(solution, gain, x))
        return max(known, default=-math.inf)

    told: list[float] = []
    done = branch(
        program,
        (x[:4], x[4:]),
        cut=lambda solution: 0,
        suggest=suggest,
        gap_allowed=0.0,
        seconds=60.0,
        beside=[program.twin() for _ in range(twins)],
        progress=told.append,
    )
    best = scipy_best(gain, load, room)
    assert done.is_complete
    assert max(known) == pytest.approx(best, rel=CLOSE)
    assert done.bound == pytest.approx(best, rel=CLOSE)
    assert told == sorted(told, reverse=True)
    lower, upper = program.bounds(x)
    assert (lower == 0.0).all() and (upper == 2.0).all()


@pytest.mark.parametrize("seed", range(6))
def test_a_gap_may_be_a_share_of_something_else(seed):
    program, x, (gain, load, room) = loaded(seed)
    known: list[float] = []

    def suggest(solution, is_whole):
        if is_whole:
            known.append(worth(solution, gain, x))
        return max(known, default=-math.inf)

    best = scipy_best(gain, load, room)
    done = branch(
        program,
        (x,),
        cut=lambda solution: 0,
        suggest=suggest,
        gap_allowed=0.1,
        seconds=60.0,
        out_of=lambda: 0.5 * best,
    )
    assert done.is_complete
    assert best * (1 - CLOSE) <= done.bound <= max(known) + 0.05 * best * (1 + CLOSE)


@pytest.mark.parametrize("seed", range(20))
def test_a_bound_holds_whenever_the_search_stops(seed):
    program, x, data = loaded(seed)
    seen = 0

    def suggest(solution, is_whole):
        nonlocal seen
        seen += 1
        if seen > 3:
            raise KeyboardInterrupt
        return -math.inf

    told: list[float] = []
    with pytest.raises(KeyboardInterrupt):
        branch(
            program,
            (x,),
            cut=lambda solution: 0,
            suggest=suggest,
            gap_allowed=0.0,
            seconds=60.0,
            progress=told.append,
        )
    assert told and told[-1] >= scipy_best(*data) - CLOSE
    lower, upper = program.bounds(x)
    assert (lower == 0.0).all() and (upper == 2.0).all()


def test_rows_are_added_where_a_solution_violates_them():
    program, x, (gain, load, room) = loaded(3)

    def cut(solution):
        if solution.value[x[:2]].sum() <= 1.0 + CLOSE:
            return 0
        row = program.rows("not both", (), upper=1.0)
        program.put(row, x[:2], 1.0)
        return 1

    known: list[float] = []

    def suggest(solution, is_whole):
        if is_whole:
            assert solution.value[x[:2]].sum() <= 1.0 + CLOSE
            known.append(worth(solution, gain, x))
        return max(known, default=-math.inf)

    done = branch(program, (x,), cut=cut, suggest=suggest, gap_allowed=0.0, seconds=60.0)
    m = len(room)
    both = np.zeros((1, len(gain) + m))
    both[0, x[:2]] = 1.0
    found = milp(
        -np.concatenate([gain, np.full(m, -3.0)]),
        integrality=np.r_[np.ones(len(gain)), np.zeros(m)],
        bounds=Bounds(0.0, np.r_[np.full(len(gain), 2.0), np.full(m, 4.0)]),
        constraints=LinearConstraint(
            np.vstack([np.hstack([load, -np.eye(m)]), both]), -np.inf, np.r_[room, 1.0]
        ),
        options={"mip_rel_gap": 0.0},
    )
    assert done.bound == pytest.approx(-found.fun, rel=CLOSE)
    assert max(known) == pytest.approx(-found.fun, rel=CLOSE)


def test_nothing_feasible_is_worth_minus_infinity():
    program, x, _ = loaded(0)
    row = program.rows("odd", (), lower=1.0, upper=1.0)
    program.put(row, x, 2.0)
    done = branch(
        program,
        (x,),
        cut=lambda solution: 0,
        suggest=lambda solution, is_whole: -math.inf,
        gap_allowed=0.0,
        seconds=60.0,
    )
    assert done.is_complete
    assert done.bound == -math.inf


def test_a_program_that_minimises_is_refused():
    program = Program(Sense.MIN)
    x = program.columns("x", 2, gain=1.0, integer=True)
    with pytest.raises(BrokenLaw):
        branch(
            program,
            (x,),
            cut=lambda solution: 0,
            suggest=lambda solution, is_whole: 0.0,
            gap_allowed=0.0,
            seconds=1.0,
        )


@pytest.mark.parametrize("seed", range(10))
def test_a_few_steps_never_promise_less_than_there_is(seed):
    program, _, _ = loaded(seed, n=60, m=25)
    worth_of_all = program.solve(relax=True).objective
    fresh, _, _ = loaded(seed, n=60, m=25)
    for iterations in (1, 5, 10_000):
        guess, is_proven = fresh.probe(iterations=iterations)
        if is_proven:
            assert guess == pytest.approx(worth_of_all, rel=CLOSE)
    assert is_proven


def test_a_cutoff_ends_programs_that_cannot_reach_it_and_never_lies():
    ended = 0
    for seed in range(10):
        program, x, _ = loaded(seed, n=60, m=25)
        best = program.solve(relax=True).objective
        rng = np.random.default_rng(seed)
        program.change_bounds(x[rng.random(60) < 0.5], 0.0, 0.0)
        basis = program.basis()
        answer = program.solve(relax=True, cutoff=best * 0.99)
        program.resume(basis)
        truth = program.solve(relax=True).objective
        if answer.status is Status.UNKNOWN:
            ended += 1
            assert answer.value is None
            assert answer.bound == pytest.approx(best * 0.99)
            assert truth <= answer.bound + CLOSE
        else:
            assert answer.objective == pytest.approx(truth, rel=CLOSE)
    assert ended


def test_a_program_goes_on_from_a_basis_of_fewer_rows():
    program, x, _ = loaded(2)
    program.solve(relax=True)
    basis = program.basis()
    row = program.rows("few", (), upper=3.0)
    program.put(row, x, 1.0)
    after = program.solve(relax=True).objective
    program.resume(basis)
    assert program.solve(relax=True).objective == pytest.approx(after, rel=CLOSE)


@pytest.mark.parametrize("seed", range(20))
def test_columns_that_come_back_when_prices_want_them_lose_nothing(seed):
    program, x, (gain, load, room) = loaded(seed)
    spill = np.setdiff1d(np.arange(program.n_columns), x)
    free = program.numbers.upper.copy()
    asleep = np.zeros(len(free), bool)
    asleep[spill] = True
    prover = Prover(program)
    program.change_bounds(spill, 0.0, 0.0)
    known: list[float] = []

    def price(program, prices, *, wake=True):
        prover.refresh()
        low, high = program.bounds(np.arange(len(free)))
        high[spill] = free[spill]  # a twin may have been made before they were woken
        bound = prover.bound(prices, low, high)
        wanted = asleep & ((prover.rest(prices)[0] > 1e-7) | (len(prices) == 0))
        if not wake or not wanted.any():
            return bound, 0
        asleep[wanted] = False
        program.change_bounds(np.flatnonzero(wanted), 0.0, free[wanted])
        return bound, int(wanted.sum())

    def suggest(solution, is_whole):
        if is_whole:
            known.append(worth(solution, gain, x))
        return max(known, default=-math.inf)

    done = branch(
        program,
        (x,),
        cut=lambda solution: 0,
        suggest=suggest,
        price=price,
        gap_allowed=0.0,
        seconds=60.0,
    )
    best = scipy_best(gain, load, room)
    assert done.bound == pytest.approx(best, rel=CLOSE)
    assert max(known) == pytest.approx(best, rel=CLOSE)


def test_what_could_be_worth_little_waits_once_there_is_an_answer():
    tree = Tree(gap_allowed=0.0)
    assert tree.level(10.0) == -math.inf
    tree.best = 4.0
    assert tree.level(10.0) == pytest.approx(7.0)
    assert tree.level(math.inf) == tree.enough == pytest.approx(4.0)
    assert tree.enough < tree.level(4.1) < 4.1
