"""lokigi's GRASP on a table of all travel costs; it has neither a bound nor a time limit."""

import warnings

import numpy as np
import pandas as pd
from lokigi.site import SiteProblem

from bench.kinds import Kind
from bench.peers.told import Clock, Told, chosen
from bench.rows import Instance

SEED = 1


def solve(instance: Instance, clock: Clock) -> Told:
    """Search for one good set of sites by chance and by swaps."""
    warnings.simplefilter("ignore")
    n, m = instance.gains.clients, instance.gains.sites
    names = [f"s{j}" for j in range(m)]
    travel = pd.DataFrame(instance.dense(), columns=names)
    travel.insert(0, "place", np.arange(n))
    problem = SiteProblem(debug_mode=False)
    demand = pd.DataFrame({"place": np.arange(n), "demand": instance.weight()})
    problem.add_demand(demand, demand_col="demand", location_id_col="place")
    problem.add_travel_matrix(travel, source_col="place")
    kind = {"objectives": "p_median"}
    if instance.kind is Kind.COVER:
        kind = {"objectives": "mclp", "threshold_for_coverage": instance.ground.reach}
    began_s = clock.now_s
    found = problem.solve(
        p=instance.p,
        search_strategy="grasp",
        grasp_num_solutions=1,
        random_seed=SEED,
        show_progress=False,
        **kind,
    )
    best = found.solution_df.iloc[0]
    return Told(open=chosen(best["site_indices"], m), inside_s=clock.now_s - began_s)
