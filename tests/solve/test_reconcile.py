"""Reconciled values are the likeliest that add up, and gross errors are named."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as some
from scipy.optimize import minimize
from scipy.sparse import csr_array

from ainalym.solve.reconcile import LOOSE, _nearest, reconcile

# A splitter, two units and a mixer: seven streams, four balances.
PLANT = csr_array(
    np.array(
        [
            [1, -1, -1, 0, 0, 0, 0],
            [0, 1, 0, -1, 0, 0, 0],
            [0, 0, 1, 0, -1, 0, 0],
            [0, 0, 0, 1, 1, -1, -1],
        ],
        float,
    )
)
TRUE = np.array([100.0, 64.0, 36.0, 64.0, 36.0, 90.0, 10.0])
SD = np.array([2.0, 1.0, 1.0, 1.5, 1.0, 2.0, 0.5])


def drawn(rng, off=None, by=0.0):
    """Measurements of the plant, one of them off by so many standard deviations."""
    measured = TRUE + SD * rng.standard_normal(7)
    if off is not None:
        measured[off] = TRUE[off] + by * SD[off]
    return measured


def test_two_scales_meet_in_proportion_to_their_trust():
    found = reconcile(np.array([100.0, 103.0]), np.array([1.0, 2.0]), csr_array([[1.0, -1.0]]))
    assert found.value == pytest.approx([100.6, 100.6])
    assert found.sd == pytest.approx([np.sqrt(0.8)] * 2)
    assert not found.suspicious.any()


@given(some.arrays(float, 7, elements=st.floats(-2.0, 2.0)))
def test_it_is_the_least_squares_a_general_solver_finds(noise):
    measured = TRUE + SD * noise
    found = reconcile(measured, SD, PLANT, chance=1e-9)
    theirs = minimize(
        lambda x: (((x - measured) / SD) ** 2).sum(),
        TRUE,
        jac=lambda x: 2 * (x - measured) / SD**2,
        constraints={"type": "eq", "fun": lambda x: PLANT @ x, "jac": lambda _: PLANT.toarray()},
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 500},
    )
    assert PLANT @ found.value == pytest.approx(np.zeros(4), abs=1e-9)
    assert found.value == pytest.approx(theirs.x, abs=1e-4)
    assert (found.sd <= SD + 1e-12).all()


def test_a_gross_error_is_named_and_does_no_harm():
    rng = np.random.default_rng(1)
    named = 0
    for turn in range(200):
        off = turn % 7
        found = reconcile(drawn(rng, off, 12.0), SD, PLANT)
        named += found.suspicious[off] and found.suspicious.sum() == 1
        if found.suspicious[off]:
            assert abs(found.value - TRUE).max() < 6 * SD.max()
    # Streams that are one after the other can stand for each other; most errors are still named.
    assert named > 120


def test_good_measurements_are_seldom_suspected():
    rng = np.random.default_rng(2)
    false = sum(reconcile(drawn(rng), SD, PLANT, chance=0.05).suspicious.any() for _ in range(600))
    assert false < 0.05 * 600 + 3 * np.sqrt(600 * 0.05 * 0.95)


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(3)
    inside = []
    for _ in range(600):
        found = reconcile(drawn(rng), SD, PLANT, chance=1e-9)
        inside.append(abs(found.value - TRUE) <= 1.96 * found.sd)
    assert abs(np.mean(inside) - 0.95) < 0.01


def test_parts_that_share_nothing_do_not_touch_each_other():
    balances = csr_array([[1.0, -1.0, 0, 0, 0], [0, 0, 1.0, -1.0, 0]])
    measured = np.array([10.0, 10.0, 50.0, 90.0, 7.0])
    found = reconcile(measured, np.ones(5), balances)
    assert found.value[:2] == pytest.approx([10, 10])
    assert found.value[4] == 7.0
    assert found.score[4] == 0.0
    assert found.suspicious.tolist() == [False, False, True, False, False]


def test_nothing_to_reconcile_is_no_fault():
    found = reconcile(np.array([]), np.array([]), csr_array((0, 0)))
    assert len(found.value) == 0
    found = reconcile(np.array([3.0]), np.array([1.0]), csr_array((0, 1)))
    assert found.value == [3.0]


def test_saying_a_balance_twice_changes_nothing():
    twice = csr_array(np.vstack([PLANT.toarray(), PLANT.toarray()[:1]]))
    measured = drawn(np.random.default_rng(4))
    once = reconcile(measured, SD, PLANT)
    again = reconcile(measured, SD, twice)
    assert again.value == pytest.approx(once.value)
    assert again.sd == pytest.approx(once.sd)


@pytest.mark.parametrize("seed", range(5))
def test_balances_that_share_nothing_are_reconciled_as_each_alone(seed):
    rng = np.random.default_rng(seed)
    size = rng.integers(1, 5, 40)
    size[::7] = 0  # a balance of nothing says nothing
    ends = np.concatenate([[0], np.cumsum(size)])
    column = rng.permutation(ends[-1])
    data = rng.choice([-2.0, -1.0, 1.0, 0.5], ends[-1])
    balances = csr_array((data, column, ends), shape=(40, ends[-1]))
    measured, sd = rng.normal(0, 3, ends[-1]), rng.uniform(0.2, 2, ends[-1])
    found = reconcile(measured, sd, balances)
    assert found.suspicious.any()
    assert not found.suspicious.all()
    for first, last in pairwise(ends):
        order = np.argsort(column[first:last])
        here, row = column[first:last][order], data[first:last][order][None]
        if first == last:
            continue
        spread = sd[here].copy()
        _, _, before = _nearest(measured[here], spread, row)
        assert found.score[here].max() == pytest.approx(before.max(), abs=1e-9)
        wrong = before.max() > found.chance_limit
        assert found.suspicious[here].tolist() == [wrong] + [False] * (len(here) - 1)
        spread[0] *= LOOSE if wrong else 1
        value, left, _ = _nearest(measured[here], spread, row)
        assert found.value[here] == pytest.approx(value, abs=1e-6)
        assert found.sd[here] == pytest.approx(left, abs=0.02)
