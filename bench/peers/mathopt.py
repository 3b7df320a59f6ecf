"""OR-Tools' own front to integer programs, MathOpt, with SCIP inside, on the chained program."""

import datetime

import numpy as np
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt

from bench.peers.programs import steps
from bench.peers.told import ALLOWED, Clock, Told
from bench.rows import Instance


def solve(instance: Instance, clock: Clock) -> Told:
    """Solve the chained program."""
    plain = steps(instance)
    count, rows = len(plain.cost), len(plain.lower)
    sign = 1.0 if instance.is_cost else -1.0
    stated = model_pb2.ModelProto()
    stated.variables.ids.extend(range(count))
    stated.variables.lower_bounds.extend(plain.least.tolist())
    stated.variables.upper_bounds.extend([1.0] * count)
    stated.variables.integers.extend([k < plain.sites for k in range(count)])
    priced = np.flatnonzero(plain.cost)
    stated.objective.linear_coefficients.ids.extend(priced.tolist())
    stated.objective.linear_coefficients.values.extend(plain.cost[priced].tolist())
    stated.linear_constraints.ids.extend(range(rows))
    stated.linear_constraints.lower_bounds.extend(plain.lower.tolist())
    stated.linear_constraints.upper_bounds.extend(plain.upper.tolist())
    order = np.lexsort((plain.column, plain.row))
    stated.linear_constraint_matrix.row_ids.extend(plain.row[order].tolist())
    stated.linear_constraint_matrix.column_ids.extend(plain.column[order].tolist())
    stated.linear_constraint_matrix.coefficients.extend(plain.entry[order].tolist())
    model = mathopt.Model.from_model_proto(stated)
    asked = mathopt.SolveParameters(
        time_limit=datetime.timedelta(seconds=clock.left_s), relative_gap_tolerance=ALLOWED
    )
    began_s = clock.now_s
    found = mathopt.solve(model, mathopt.SolverType.GSCIP, params=asked)
    inside_s = clock.now_s - began_s
    bound = sign * found.termination.objective_bounds.dual_bound
    if not found.has_primal_feasible_solution():
        return Told(open=None, bound=bound, inside_s=inside_s)
    value = found.variable_values()
    is_open = np.array([value[model.get_variable(j)] > 0.5 for j in range(plain.sites)])
    return Told(open=is_open, bound=bound, inside_s=inside_s)
