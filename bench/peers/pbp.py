"""pbp-pmedian, the open exact specialist: its own router between two engines, HiGHS inside."""

import numpy as np
from pbp_pmedian import route
from pbp_pmedian import solve as pbp_solve

from bench.peers.told import Clock, Told, chosen
from bench.rows import Instance


def solve(instance: Instance, clock: Clock) -> Told:
    """Solve to proven optimality; out of time it gives back nothing."""
    cost = np.ascontiguousarray((instance.weight()[:, None] * instance.dense()).T)
    engine = route(cost, instance.p)
    value, sites, inside_s, status, engine = pbp_solve(
        cost, instance.p, time_limit=clock.left_s, engine=engine
    )
    if status != 0 or sites is None:
        return Told(open=None, inside_s=inside_s, note=engine)
    return Told(
        open=chosen(sites, instance.gains.sites), bound=value, inside_s=inside_s, note=engine
    )
