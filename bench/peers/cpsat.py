"""CP-SAT of OR-Tools on the chained program, costs scaled to whole numbers.

It gets one worker that solves linear programs: of its mixes that was best on our instances. With
two workers none of them does, and its bound stays at less than half as high.
"""

from collections.abc import Callable

import numpy as np
from ortools.sat.python import cp_model

from bench.peers.programs import steps
from bench.peers.told import ALLOWED, Clock, Told
from bench.rows import Instance

EXACT = 2**50
"""The sum of all scaled costs stays below this, so that CP-SAT adds without rounding."""


class Ear(cp_model.CpSolverSolutionCallback):
    """Hears of better answers."""

    def __init__(self, clock: Clock, shown: Callable[[float, float], tuple[float, float]]) -> None:
        super().__init__()
        self._clock, self._shown = clock, shown

    def on_solution_callback(self) -> None:
        """Note where CP-SAT is."""
        self._clock.note(*self._shown(self.ObjectiveValue(), self.BestObjectiveBound()))


def solve(instance: Instance, clock: Clock) -> Told:
    """Solve the chained program; the bound is lowered by what rounding the costs may hide."""
    plain = steps(instance)
    scale = EXACT / max(1.0, float(np.abs(plain.cost).sum()))
    scale = min(scale, 1e6)
    whole = np.rint(plain.cost * scale).astype(np.int64)
    slack = float(np.abs(whole / scale - plain.cost).sum())
    sign = 1.0 if instance.is_cost else -1.0

    def shown(value: float, bound: float) -> tuple[float, float]:
        return sign * value / scale, sign * (bound / scale - slack)

    model = cp_model.CpModel()
    columns = [model.new_bool_var("") for _ in range(len(plain.cost) - 1)]
    columns.append(model.new_constant(1))
    start = plain.start
    # Each row says that one of its columns is 1, or an earlier one of its chain is 0: a clause.
    for row in range(len(plain.lower)):
        entries = range(start[row], start[row + 1])
        terms = [columns[plain.column[k]] for k in entries]
        signs = [int(plain.entry[k]) for k in entries]
        if plain.lower[row] == plain.upper[row]:
            model.add(cp_model.LinearExpr.sum(terms) == int(plain.lower[row]))
        else:
            pairs = zip(terms, signs, strict=True)
            model.add_bool_or([one if way > 0 else one.negated() for one, way in pairs])
    model.minimize(cp_model.LinearExpr.weighted_sum(columns, whole.tolist()))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2
    solver.parameters.relative_gap_limit = ALLOWED
    solver.parameters.max_time_in_seconds = clock.left_s
    solver.parameters.random_seed = 1
    began_s = clock.now_s
    status = solver.solve(model, Ear(clock, shown))
    inside_s = clock.now_s - began_s
    _, bound = shown(0.0, solver.best_objective_bound)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Told(open=None, bound=bound, inside_s=inside_s)
    is_open = np.array([solver.boolean_value(column) for column in columns[: plain.sites]])
    return Told(open=is_open, bound=bound, inside_s=inside_s)
