"""What prices prove, against what a solver finds; and what any prices can at most say."""

import math

import numpy as np
import pytest

from ainalym.answer import Sense, Status
from ainalym.errors import BrokenLaw
from ainalym.solve.linear import Linear
from ainalym.solve.mip import Program
from ainalym.solve.proof import Prover, most_of


def drawn(seed: int, *, integer: bool = False) -> Program:
    """A packing with some rows turned round and some columns without an end of their own."""
    rng = np.random.default_rng(seed)
    program = Program(Sense.MAX)
    upper = np.where(rng.random(12) < 0.5, rng.uniform(1, 9, 12), np.inf)
    lower = rng.uniform(0, 0.5, 12)
    gain = rng.normal(1, 2, 12)
    columns = program.columns("x", 12, gain=gain, lower=lower, upper=upper, integer=integer)
    factor = rng.uniform(0.1, 3, (8, 12))
    factor[1:] *= rng.random((7, 12)) < 0.4
    rows = program.rows("packing", 8, upper=20.0 + factor @ np.minimum(lower, 1))
    program.put(rows[:, None], columns, factor)
    signed = rng.normal(0, 1, (3, 12))
    mixed = program.rows("mixing", 3, lower=-9.0, upper=9.0)
    program.put(mixed[:, None], columns, signed)
    return program


@pytest.mark.parametrize("seed", range(12))
def test_the_solvers_prices_prove_its_optimum_and_no_prices_prove_less(seed):
    program = drawn(seed)
    best = program.solve(relax=True)
    assert best.status is Status.OPTIMAL
    prover = Prover(program)
    proven = prover.bound(best.value.dual)
    assert proven >= best.objective
    assert proven == pytest.approx(best.objective, rel=1e-6, abs=1e-6)
    assert prover.bound(program.prices()) >= best.objective
    rng = np.random.default_rng(seed)
    for scale in (1e-6, 0.3, 1.0, 1e9):
        for _ in range(20):
            anything = best.value.dual + scale * rng.normal(size=program.n_rows)
            assert prover.bound(anything) >= best.objective
    strange = np.full(program.n_rows, np.nan)
    strange[::2] = np.inf
    assert prover.bound(strange) >= best.objective


def test_what_prices_leave_is_the_same_of_some_columns_and_after_rows_are_added():
    program, rng = drawn(3), np.random.default_rng(3)
    prover, some = Prover(program), np.array([[7, 2], [11, 0]])
    for _ in range(3):
        price = rng.normal(size=program.n_rows)
        left = prover.rest(price)[0]
        assert left == pytest.approx(Prover(program).rest(price)[0], rel=1e-12, abs=1e-12)
        assert prover.left(price) == pytest.approx(left, rel=1e-12, abs=1e-12)
        assert prover.left(price, some) == pytest.approx(left[some], rel=1e-12, abs=1e-12)
        rows = program.rows("more", 2, upper=5.0)
        program.put(rows[:, None], np.arange(12), rng.normal(size=(2, 12)))
        prover.refresh()


@pytest.mark.parametrize("seed", range(12))
def test_what_the_rows_leave_a_column_is_never_less_than_it_can_be(seed):
    program = drawn(seed)
    most = most_of(program.numbers)
    for column in range(program.n_columns):
        wish = drawn(seed)
        wish.add_gain(np.arange(wish.n_columns), -wish.gain)
        wish.add_gain(column, 1.0)
        assert wish.solve(relax=True).objective <= most[column] * (1 + 1e-9)
    assert np.isfinite(most).all()


def ends(program):
    """Between which ends all columns lie now."""
    return program.bounds(np.arange(program.n_columns))


@pytest.mark.parametrize("seed", range(6))
def test_held_columns_are_proven_as_held(seed):
    program = drawn(seed, integer=True)
    prover = Prover(program)
    for low, high in ((0.0, 1.0), (1.0, 1.0)):
        program.change_bounds(3, low, high)
        best = program.solve(relax=True)
        if best.value is not None:
            proven = prover.bound(best.value.dual, *ends(program))
            assert proven >= best.objective
            assert proven == pytest.approx(best.objective, rel=1e-6, abs=1e-6)
    program.change_bounds(3, 2.0, 1.0)
    assert prover.bound(np.zeros(0), *ends(program)) == -math.inf


def test_what_only_helps_need_not_be_more_than_anybody_wants():
    program = Program(Sense.MAX)
    work = program.columns("work", 1, gain=2.0, upper=5.0)
    helps = program.columns("help", 1)
    row = program.rows("earn", 1, lower=1.0)
    program.put(row, work, -1.0)
    program.put(row, helps, 1.0)
    most = most_of(program.numbers)
    assert 6.0 <= most[helps[0]] <= 6.0 + 1e-9
    assert Prover(program).bound(np.array([-1e-12])) == pytest.approx(10.0)


def test_without_any_end_the_wrong_prices_prove_nothing():
    program = Linear(Sense.MAX)
    sold = program.columns("sold", 1, gain=1.0)
    bought = program.columns("bought", 1, gain=-2.0)
    row = program.rows("mass", 1, lower=0.0, upper=0.0)
    program.put(row, sold, 1.0)
    program.put(row, bought, -1.0)
    assert Prover(program).bound(np.array([0.5])) == math.inf
    assert Prover(program).bound(np.array([1.5])) == pytest.approx(0.0, abs=1e-12)


def test_only_a_program_that_maximises_is_proven():
    with pytest.raises(BrokenLaw):
        Prover(Linear(Sense.MIN))


def test_prices_read_after_any_end_prove_what_the_end_was():
    program = drawn(3)
    best = program.solve(relax=True)
    program.change_bounds(np.arange(12), 0.0, np.inf)
    for cutoff in (best.objective - 1.0, best.objective + 1e3):
        ended = program.solve(relax=True, cutoff=cutoff)
        proven = Prover(program).bound(program.prices())
        free = program.solve(relax=True).objective
        assert proven >= free * (1 - 1e-12)
        if ended.value is None:
            assert proven <= cutoff + 1e-6 * abs(cutoff)
