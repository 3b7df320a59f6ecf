"""Drawn programs of every shape against scipy, and clashes against their definition."""

import math

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from ainalym.answer import Sense, Status
from ainalym.errors import OutsideError
from ainalym.solve.mip import Program

FOUND, INFEASIBLE = 0, 2  # scipy's words for how milp ended


def draw(rng: np.random.Generator) -> dict:
    """Draw a small program: free, fixed and boxed columns; one-sided, equal, ranged, free rows."""
    n, m = rng.integers(1, 8), rng.integers(1, 8)
    matrix = rng.integers(-4, 5, (m, n)) * (rng.random((m, n)) < 0.6)
    lower = rng.choice([0.0, 0.0, -3.0, -math.inf], n)
    upper = np.where(rng.random(n) < 0.5, rng.integers(1, 9, n), math.inf)
    middle = rng.integers(-6, 12, m).astype(float)
    kind = rng.integers(0, 4, m)
    row_lower = np.where(kind == 0, -math.inf, middle)
    row_upper = np.where(kind == 1, math.inf, middle + 2.0 * (kind == 2))
    return {
        "gain": rng.integers(-9, 10, n).astype(float),
        "columns": (lower, upper),
        "integer": rng.random(n) < rng.choice([0.0, 0.5]),
        "matrix": matrix.astype(float),
        "rows": (row_lower, row_upper),
    }


def state(drawn: dict, sense: Sense) -> Program:
    """State a drawn program, one law a row."""
    program = Program(sense)
    lower, upper = drawn["columns"]
    ids = program.columns(
        "x", lower.size, gain=drawn["gain"], lower=lower, upper=upper, integer=drawn["integer"]
    )
    for at, (low, high) in enumerate(zip(*drawn["rows"], strict=True)):
        row = program.rows(f"law {at}", (), lower=low, upper=high)
        used = np.flatnonzero(drawn["matrix"][at])
        program.put(row, ids[used], drawn["matrix"][at][used])
    return program


def outside(drawn: dict, sense: Sense, kept: list[int], *, gain: bool = True) -> tuple[int, float]:
    """Ask scipy, with only some of the rows: how it ended, and the objective."""
    sign = 1.0 if sense is Sense.MIN else -1.0
    low, high = drawn["rows"]
    found = milp(
        sign * drawn["gain"] * gain,
        integrality=drawn["integer"],
        bounds=Bounds(*drawn["columns"]),
        constraints=LinearConstraint(drawn["matrix"][kept], low[kept], high[kept]) if kept else (),
        options={"mip_rel_gap": 0.0},
    )
    return found.status, sign * found.fun if found.fun is not None else math.nan


@pytest.mark.parametrize("seed", range(150))
def test_a_drawn_program_ends_as_scipy_says(seed):
    drawn = draw(np.random.default_rng(seed))
    sense = list(Sense)[seed % 2]
    everything = list(range(len(drawn["matrix"])))
    program = state(drawn, sense)
    status, objective = outside(drawn, sense, everything)
    if status == FOUND:
        answer = program.solve(gap_allowed=0.0)
        assert answer.status is Status.OPTIMAL
        assert answer.objective == pytest.approx(objective, rel=1e-6, abs=1e-6)
        assert program.clash() == ()
        return
    status, _ = outside(drawn, sense, everything, gain=False)
    if status == FOUND:
        with pytest.raises(OutsideError, match="unbounded"):
            program.solve()
        return
    assert program.solve().status is Status.INFEASIBLE
    named = [int(law.split()[1]) for law in program.clash()]
    assert outside(drawn, sense, named, gain=False)[0] == INFEASIBLE
    for law in named:
        rest = [other for other in named if other != law]
        assert outside(drawn, sense, rest, gain=False)[0] == FOUND, "a smaller set clashes"


@pytest.mark.parametrize("seed", range(20))
def test_a_drawn_linear_program_is_worth_what_its_prices_say(seed):
    """Duality: the objective is the prices times the sides and bounds that they belong to."""
    rng = np.random.default_rng(seed)
    sense = list(Sense)[seed % 2]
    n, m = 12, 7
    program = Program(sense)
    scale = 10.0 ** rng.integers(0, 6, n)
    x = program.columns("x", n, gain=rng.normal(size=n) / scale, upper=scale)
    upper = rng.uniform(1, 4, m)
    program.put(program.rows("law", m, upper=upper)[:, None], x, rng.normal(size=(m, n)) / scale)
    answer = program.solve()
    solution = answer.value
    paid = solution.dual @ upper + solution.reduced @ solution.value
    assert paid == pytest.approx(answer.objective, rel=1e-9, abs=1e-9)
    sign = 1.0 if sense is Sense.MAX else -1.0
    assert (sign * solution.dual >= -1e-9).all(), "more room is never worse"
