"""Programs against scipy's solvers, finite differences, and themselves grown in another order."""

import math
import os
import signal
import threading

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from ainalym.answer import Sense, Status
from ainalym.errors import BrokenLaw, OutsideError
from ainalym.solve import mip
from ainalym.solve.mip import Program

GOLDEN = """\
Maximize
  gain: 3 take[0] + 2 take[1] - open
Subject To
  weight_limit[0]: take[0] + 1.5 take[1] <= 4
  weight_limit[1]: - take[0] + take[1] >= -2
  opens_first: 1 <= take[0] + take[1] - 9 open <= 6
  weight_limit.2: take[0] = 1
  nothing: 0 free
Bounds
  0 <= take[0] <= 5
  0 <= take[1] <= 5
  0 <= open <= 1
General
  open
End
"""


def knapsack(seed: int, *, n: int = 30, m: int = 4) -> tuple[Program, dict]:
    """Draw a knapsack with several weights."""
    rng = np.random.default_rng(seed)
    gain, weight = rng.integers(5, 60, n).astype(float), rng.integers(1, 40, (m, n)).astype(float)
    limit = weight.sum(axis=1) / 3
    program = Program(Sense.MAX)
    take = program.columns("take", n, gain=gain, upper=1.0, integer=True)
    rows = program.rows("weight", m, upper=limit)
    program.put(rows[:, None], take, weight)
    return program, {"gain": gain, "weight": weight, "limit": limit}


def transport(seed: int, sense: Sense = Sense.MIN) -> tuple[Program, dict]:
    """Draw a transport problem: what is supplied at most, what is needed at least."""
    rng = np.random.default_rng(seed)
    cost, supply = rng.uniform(1, 9, (5, 7)), rng.uniform(8, 12, 5)
    need = rng.uniform(2, 5, 7)
    program = Program(sense)
    sign = 1.0 if sense is Sense.MIN else -1.0
    flow = program.columns("flow", (5, 7), gain=sign * cost)
    supplied = program.rows("supply", 5, upper=supply)
    needed = program.rows("need", 7, lower=need)
    program.put(supplied[:, None], flow)
    program.put(needed[None, :], flow)
    return program, {"cost": cost, "supply": supply, "need": need, "rows": (supplied, needed)}


def hard(n: int = 40, m: int = 6) -> Program:
    """State a market split: points are found at once, and none is proved best for hours."""
    rng = np.random.default_rng(5)
    factor = rng.integers(0, 100, (m, n)).astype(float)
    program = Program(Sense.MIN)
    take = program.columns("take", n, upper=1.0, integer=True)
    miss = program.columns("miss", (m, 2), gain=1.0)
    rows = program.rows("split", m, lower=factor.sum(axis=1) // 2, upper=factor.sum(axis=1) // 2)
    program.put(rows[:, None], take, factor)
    program.put(rows[:, None], miss, [1.0, -1.0])
    return program


@pytest.mark.parametrize("seed", range(6))
def test_a_knapsack_is_worth_what_scipy_says(seed):
    program, data = knapsack(seed)
    answer = program.solve(gap_allowed=0.0)
    outside = milp(
        -data["gain"],
        constraints=LinearConstraint(data["weight"], -np.inf, data["limit"]),
        bounds=Bounds(0, 1),
        integrality=1,
        options={"mip_rel_gap": 0.0},
    )
    assert answer.status is Status.OPTIMAL
    assert answer.objective == pytest.approx(-outside.fun, rel=1e-9)
    assert answer.bound == pytest.approx(answer.objective, rel=1e-6)
    assert not answer.value.dual.any()


@pytest.mark.parametrize("seed", range(4))
def test_a_transport_costs_what_scipy_says(seed):
    program, data = transport(seed)
    answer = program.solve()
    supplied = np.kron(np.eye(5), np.ones(7))
    needed = np.kron(np.ones(5), np.eye(7))
    outside = linprog(
        data["cost"].ravel(),
        A_ub=np.vstack([supplied, -needed]),
        b_ub=np.concatenate([data["supply"], -data["need"]]),
    )
    assert answer.objective == pytest.approx(outside.fun, rel=1e-9)
    both = np.concatenate([outside.ineqlin.marginals[:5], -outside.ineqlin.marginals[5:]])
    assert answer.value.dual == pytest.approx(both, abs=1e-7)


@pytest.mark.parametrize("sense", list(Sense))
def test_a_dual_is_the_change_of_the_objective_per_unit_of_right_hand_side(sense):
    step = 1e-3
    program, data = transport(1, sense)
    answer = program.solve()
    sign = 1.0 if sense is Sense.MIN else -1.0
    assert (np.abs(answer.value.dual) > 1e-6).any()
    for row in range(12):
        moved = Program(sense)
        flow = moved.columns("flow", (5, 7), gain=sign * data["cost"])
        supply, need = data["supply"].copy(), data["need"].copy()
        (supply if row < 5 else need)[row if row < 5 else row - 5] += step
        moved.put(moved.rows("supply", 5, upper=supply)[:, None], flow)
        moved.put(moved.rows("need", 7, lower=need)[None, :], flow)
        slope = (moved.solve().objective - answer.objective) / step
        assert slope == pytest.approx(answer.value.dual[row], abs=1e-6)


@pytest.mark.parametrize("sense", list(Sense))
def test_a_reduced_gain_is_the_change_of_the_objective_per_unit_of_a_bound(sense):
    step = 1e-3
    program, _ = transport(2, sense)
    answer = program.solve()
    idle = np.flatnonzero(answer.value.value < 1e-9)
    for column in idle[:8]:
        program.change_bounds(column, step, math.inf)
        slope = (program.solve().objective - answer.objective) / step
        program.change_bounds(column, 0.0, math.inf)
        assert slope == pytest.approx(answer.value.reduced[column], abs=1e-6)


@pytest.mark.parametrize("relax", [True, False])
def test_a_grown_program_answers_like_a_fresh_one(relax):
    rng = np.random.default_rng(3)
    grown, data = knapsack(3)
    cuts = rng.integers(0, 4, (3, 5, 30)).astype(float)
    for stage in range(3):
        grown.solve(relax=relax)
        rows = grown.rows("cut", 5, upper=20.0)
        grown.put(rows[:, None], np.arange(30), cuts[stage])
        extra = grown.columns("extra", 2, gain=9.0, upper=2.0, integer=True)
        grown.put(np.arange(4)[:, None], extra, 3.0)  # a new column in old rows
        grown.put(rows[:2], extra)  # a new column in new rows
        grown.put(0, stage, 2.0)  # an old column in an old row
        grown.add_gain([stage, stage], 0.5)
        grown.change_bounds(10 + stage, 0.0, 0.0)
    fresh = Program(Sense.MAX)
    gain = data["gain"].copy()
    gain[:3] += 1.0
    upper = np.where(np.isin(np.arange(30), (10, 11, 12)), 0.0, 1.0)
    take = fresh.columns("take", 30, gain=gain, upper=upper, integer=True)
    extra = fresh.columns("extra", (3, 2), gain=9.0, upper=2.0, integer=True)
    weight = data["weight"].copy()
    weight[0, :3] += 2.0
    rows = fresh.rows("weight", 4, upper=data["limit"])
    fresh.put(rows[:, None], take, weight)
    fresh.put(rows[:, None], extra.ravel(), 3.0)
    for stage in range(3):
        rows = fresh.rows("cut", 5, upper=20.0)
        fresh.put(rows[:, None], take, cuts[stage])
        fresh.put(rows[:2], extra[stage])
    ours = grown.solve(relax=relax, gap_allowed=0.0)
    theirs = fresh.solve(relax=relax, gap_allowed=0.0)
    assert ours.objective == pytest.approx(theirs.objective, rel=1e-9)


def test_wholeness_can_be_forgotten_and_remembered():
    program, _ = knapsack(7)
    whole = program.solve(gap_allowed=0.0)
    loose = program.solve(relax=True)
    again = program.solve(gap_allowed=0.0)
    assert loose.objective > whole.objective + 1e-3
    assert loose.value.dual.any()
    assert again.objective == pytest.approx(whole.objective, rel=1e-9)
    assert again.value.value == pytest.approx(np.round(again.value.value), abs=1e-6)


def test_a_linear_program_continues_where_it_was_before_whole_numbers():
    program, _ = transport(4)
    take = program.columns("take", 30, gain=-1.0, upper=1.5, integer=True)
    program.put(program.rows("load", (), upper=20.25), take, np.linspace(1, 2, 30))
    loose = program.solve(relax=True)
    program.solve()
    program.put(program.rows("more", (), upper=12.0), take)
    cut = program.solve(relax=True)
    fresh, _ = transport(4)
    take = fresh.columns("take", 30, gain=-1.0, upper=1.5, integer=True)
    fresh.put(fresh.rows("load", (), upper=20.25), take, np.linspace(1, 2, 30))
    fresh.put(fresh.rows("more", (), upper=12.0), take)
    assert cut.objective > loose.objective + 0.1
    assert cut.objective == pytest.approx(fresh.solve(relax=True).objective, rel=1e-9)


def test_a_program_that_forgets_begins_anew():
    program = Program(Sense.MAX)
    x = program.columns("x", 3, gain=[1.0, 2.0, 3.0], upper=4.0)
    program.put(program.rows("room", (), upper=6.0), x)
    first = program.solve(relax=True)
    assert program.basis().valid
    program.forget()
    assert not program.basis().valid
    assert program.solve(relax=True).objective == first.objective == 16.0


def test_values_that_break_a_law_are_an_outside_error(monkeypatch):
    program, _ = knapsack(4)
    monkeypatch.setattr(program, "broken", lambda value, relax=False: "weight[0] is 9, not 3")
    with pytest.raises(OutsideError, match=r"weight\[0\] is 9"):
        program.solve()


def test_an_infeasible_program_names_the_two_laws_that_clash():
    program = Program(Sense.MIN)
    flow = program.columns("flow", 4, gain=1.0, upper=10.0)
    program.put(program.rows("mass at stations", (), lower=0.0, upper=0.0), flow, [1, 1, -1, -1])
    program.put(program.rows("budget", (), upper=6.0), flow[:2])
    program.put(program.rows("recovery target", 2, lower=4.0), flow[:2])
    program.put(program.rows("landfill room", (), upper=50.0), flow)
    answer = program.solve()
    assert answer.status is Status.INFEASIBLE
    assert math.isnan(answer.objective)
    assert answer.bound == math.inf
    assert program.clash() == ("budget", "recovery target")
    assert program.solve().status is Status.INFEASIBLE


def test_a_clash_of_whole_numbers_is_named():
    program = Program(Sense.MAX)
    lines = program.columns("lines", 2, gain=1.0, upper=5.0, integer=True)
    program.put(program.rows("even share", (), lower=0.0, upper=0.0), lines, [1.0, -1.0])
    program.put(program.rows("few", (), upper=9.0), lines)
    program.put(program.rows("odd total", (), lower=3.0, upper=3.0), lines)
    assert program.solve().status is Status.INFEASIBLE
    assert program.solve().bound == -math.inf
    assert program.solve(relax=True).status is Status.OPTIMAL
    assert program.clash() == ("even share", "odd total")


def test_no_clash_is_named_where_all_can_hold():
    assert knapsack(0)[0].clash() == ()


def test_an_unbounded_program_is_an_outside_error():
    program = Program(Sense.MAX)
    flow = program.columns("flow", 3, gain=1.0, integer=True)
    program.put(program.rows("share", (), upper=4.0), flow[:2], [1.0, -1.0])
    with pytest.raises(OutsideError, match="unbounded"):
        program.solve()
    program.change_bounds(flow, 0.0, 7.0)
    assert program.solve().objective == pytest.approx(21.0)


def test_a_small_program_reads_as_text():
    program = Program(Sense.MAX)
    take = program.columns("take", 2, gain=[3.0, 2.0], upper=5.0)
    opened = program.columns("open", (), gain=-1.0, upper=1.0, integer=True)
    limit = program.rows("weight limit", 2, lower=[-math.inf, -2.0], upper=[4.0, math.inf])
    program.put(limit[0], take, [1.0, 1.5])
    program.put(limit[1], take, [-1.0, 1.0])
    first = program.rows("opens first", (), lower=1.0, upper=6.0)
    program.put(first, take)
    program.put(first, opened, -4.0)
    program.put(first, opened, -5.0)
    program.put(program.rows("weight limit", (), lower=1.0, upper=1.0), take[0])
    program.rows("nothing", ())
    assert program.text() == GOLDEN


def test_an_empty_program_is_worth_nothing():
    assert Program().solve().objective == 0.0
    program = Program()
    program.rows("some", (), lower=1.0)
    assert program.solve().status is Status.INFEASIBLE
    alone = Program(Sense.MAX)
    alone.columns("take", 3, gain=[1.0, -1.0, 2.0], upper=4.0)
    assert alone.solve().objective == pytest.approx(12.0)


def test_a_time_limit_gives_a_value_and_a_bound():
    program = hard()
    answer = program.solve(seconds=0.5)
    assert answer.status is Status.FEASIBLE
    assert answer.bound < answer.objective < math.inf
    later = program.solve(seconds=0.5)
    assert later.objective <= answer.objective + 1e-6, "the last values are the next start"


def test_an_interrupt_gives_the_best_so_far():
    program = hard()
    told = []

    def progress(s: float, objective: float, bound: float) -> None:
        told.append((s, objective, bound))
        if s > 0.0 and math.isfinite(objective):
            raise KeyboardInterrupt

    answer = program.solve(seconds=20.0, progress=progress)
    assert answer.status is Status.FEASIBLE
    assert told[-1][0] < 10.0
    assert all(bound <= objective for _, objective, bound in told)


def test_a_key_press_gives_the_best_so_far(keyboard):
    program = hard()
    press = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    press.start()
    answer = program.solve(seconds=20.0)
    press.join()
    assert answer.status is Status.FEASIBLE
    told = []
    program.solve(seconds=1.5, progress=lambda s, objective, bound: told.append(s))
    assert told[-1] > 1.0, "one key press stops one search, not the next"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("primal", [True, False])
def test_a_key_press_ends_a_long_linear_program_at_its_next_step(primal, monkeypatch, keyboard):
    monkeypatch.setattr(mip, "_LARGE", 0)
    program, _ = knapsack(5, n=60, m=20)
    worth = program.solve(relax=True).objective
    program.forget()
    breath = program._highs.cbSimplexInterrupt

    def press(_: object) -> None:
        if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            signal.raise_signal(signal.SIGINT)

    breath.subscribe(press)
    with pytest.raises(KeyboardInterrupt):
        program.again(primal=primal, seconds=20.0)
    breath.unsubscribe(press)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    ended = program.again(primal=primal, seconds=20.0)
    assert program._gain.all @ ended.value == pytest.approx(worth)


def test_a_given_start_is_used():
    program, _ = knapsack(11)
    best = program.solve(gap_allowed=0.0)
    again, _ = knapsack(11)
    answer = again.solve(gap_allowed=0.0, start=best.value.value)
    assert answer.objective == pytest.approx(best.objective)
    with pytest.raises(BrokenLaw, match="start has shape"):
        again.solve(start=np.zeros(3))


def test_threads_can_be_changed():
    program, _ = knapsack(1)
    one = program.solve(threads=1)
    two = program.solve(threads=2)
    assert program.solve(threads=1).objective == pytest.approx(one.objective, rel=1e-4)
    assert two.objective == pytest.approx(one.objective, rel=1e-4)


def test_broken_values_are_named():
    program, _ = knapsack(2)
    assert program.broken(np.zeros(30)) == ""
    assert program.broken(np.ones(30)).startswith("weight[")
    half = np.zeros(30)
    half[4] = 0.5
    assert program.broken(half).startswith("take[4] is 0.5")
    assert program.broken(half, relax=True) == ""
    half[4] = 1.0 + 1e-5
    assert "take[4]" in program.broken(half, relax=True)


def test_wrong_numbers_are_refused():
    program = Program()
    take = program.columns("take", 2)
    row = program.rows("law", ())
    with pytest.raises(BrokenLaw, match="row id"):
        program.put(row + 1, take)
    with pytest.raises(BrokenLaw, match="column id"):
        program.put(row, take + 1)
    with pytest.raises(BrokenLaw, match="factor"):
        program.put(row, take, math.nan)
    with pytest.raises(BrokenLaw, match="gain"):
        program.columns("more", 1, gain=math.inf)
    with pytest.raises(BrokenLaw, match="bound"):
        program.rows("more", 1, upper=math.nan)
