"""spopt's p-median and covering on a full matrix, through PuLP to HiGHS with two threads."""

import numpy as np
import pulp
from spopt.locate import MCLP, PMedian

from bench.kinds import Kind
from bench.peers.told import ALLOWED, THREADS, Clock, Told
from bench.rows import Instance


def solve(instance: Instance, clock: Clock) -> Told:
    """State the model as spopt does, and solve it."""
    weight, cost = instance.weight(), instance.dense()
    if instance.kind is Kind.MEDIAN:
        model = PMedian.from_cost_matrix(cost, weight, p_facilities=instance.p)
    else:
        reach = instance.ground.reach
        model = MCLP.from_cost_matrix(cost, weight, service_radius=reach, p_facilities=instance.p)
    solver = pulp.HiGHS(
        msg=False, timeLimit=clock.left_s, threads=THREADS, gapRel=ALLOWED, mip=True
    )
    began_s = clock.now_s
    # All that spopt's own `solve` does but raise an error where the time is up before any answer.
    model.problem.solve(solver)
    inside_s = clock.now_s - began_s
    told = model.problem.solverModel.getInfo()
    # PuLP turns what is to be as large as possible into costs below 0; its sense is then -1.
    bound = model.problem.sense * told.mip_dual_bound
    opened = [variable.value() for variable in model.fac_vars]
    if None in opened or told.primal_solution_status != 2:
        return Told(open=None, bound=bound, inside_s=inside_s)
    return Told(open=np.array(opened, float) > 0.5, bound=bound, inside_s=inside_s)
