"""Saying in words why no choice of sites can be: which limits clash, and who is left out."""

import math

import numpy as np
from numpy.typing import NDArray

from ainalym.answer import Sense, Status
from ainalym.errors import Issue, law
from ainalym.solve.mip import Program
from ainalym.solve.sites_gains import Gains
from ainalym.solve.sites_limits import Limits
from ainalym.solve.sites_shares import Columns

_NAMED = 8  # clients of a group that are named one by one
_SHOWN = 20  # clients that are listed one by one
_SURE = 1e-9  # of an amount: what rounding alone may make of it


def limit_clashes(limits: Limits) -> list[Issue]:
    """Name the limits that leave no set of sites to open, or none but the empty one."""
    sites, forced = len(limits.spend), int(limits.forced.sum())
    found = []
    if limits.least > sites:
        mend = f"ask for {sites} or fewer"
        found.append(Issue("p", f"is {limits.least}, but there are {sites} sites", mend))
    elif limits.least > (allowed := sites - int(limits.forbidden.sum())):
        fault = f"is {limits.least}, but only {allowed} sites are not forbidden"
        found.append(Issue("p", fault, f"ask for {allowed} or fewer, or forbid fewer"))
    if forced > limits.most:
        fault = f"are {forced} sites, but p is {limits.most}"
        found.append(Issue("forced", fault, f"force {limits.most} or fewer, or raise p"))
    return found + (_budget_clashes(limits, forced) if limits.has_budget else [])


def _budget_clashes(limits: Limits, forced: int) -> list[Issue]:
    if limits.budget < 0.0:
        return [Issue("budget", f"is {limits.budget:g}", "give 0 or more")]
    taken = float(limits.spend[limits.forced].sum())
    if taken > limits.room:
        fault = f"is {limits.budget:g}, but the forced sites take {taken:g}"
        return [Issue("budget", fault, f"raise it to {taken:g} or force fewer")]
    free = np.sort(limits.spend[~(limits.forced | limits.forbidden)])
    need = max(0, limits.least - forced)
    if need <= len(free) and (cheapest := taken + float(free[:need].sum())) > limits.room:
        fault = f"is {limits.budget:g}, but the cheapest {limits.least} sites take {cheapest:g}"
        return [Issue("budget", fault, f"raise it to {cheapest:g} or ask for fewer")]
    if forced == 0 and limits.most > 0 and len(free) and free[0] > limits.room:
        fault = f"is {limits.budget:g}, less than any site takes"
        return [Issue("budget", fault, f"raise it to {free[0]:g} or more")]
    return []


def unreached(gains: Gains) -> list[Issue]:
    """Name the clients that no site would serve: the first twenty, then their number."""
    rows = np.flatnonzero(np.diff(gains.start) == 0)
    mend = "give it a site within reach, or leave it out"
    found = [Issue(f"client {row}", "gains from no site", mend) for row in rows[:_SHOWN]]
    if len(rows) > _SHOWN:
        fault = f"{len(rows) - _SHOWN} more gain from no site"
        found.append(Issue("clients", fault, "give them sites within reach, or leave them out"))
    return found


def room_clashes(problem: Columns) -> list[Issue]:
    """Name what stands against serving all demand even with every site open.

    That is the demand of clients without sites, or of a group of clients that is larger than what
    all sites within their reach can take. There is such a group whenever not all can be served.

    **Source.** Hall (1935), On representatives of subsets, Journal of the London Mathematical
    Society 10, doi 10.1112/jlms/s1-10.37.26, for amounts that may be split: the smallest cut.
    """
    clients = len(problem.demand)
    alone = np.setdiff1d(np.arange(clients), problem.client)
    mend = "give it a site within reach, or leave it out"
    found = [Issue(f"client {i}", "can be served from no site", mend) for i in alone[:_SHOWN]]
    if len(alone) > _SHOWN:
        fault = f"{len(alone) - _SHOWN} more can be served from no site"
        found.append(Issue("clients", fault, "give them sites within reach, or leave them out"))
    group, reached = _crowded(problem)
    if not len(group):
        return found
    need = math.fsum(problem.demand[group])
    room = math.fsum(problem.capacity[reached])
    if len(group) == clients - len(alone):
        fault = f"is {room:g} in all, but {need:g} is asked for"
        return [*found, Issue("capacity", fault, f"add {need - room:g} or more")]
    named = ", ".join(str(i) for i in group[:_NAMED])
    if len(group) > _NAMED:
        named += f" and {len(group) - _NAMED} more"
    near = ", ".join(str(j) for j in np.flatnonzero(reached)[:_NAMED])
    if reached.sum() > _NAMED:
        near += f" and {int(reached.sum()) - _NAMED} more"
    fault = f"of sites {near} is {room:g}, but clients {named} ask for {need:g} and reach no other"
    return [*found, Issue("capacity", fault, f"add {need - room:g} or more there")]


def _crowded(problem: Columns) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Find a group of clients that asks for more than the sites it reaches can take.

    As much as can be is sent; from a client that is not served whole, everybody is gone to whose
    place it could take. The sites on that way are full, or more could have been sent.
    """
    client, demand, capacity = problem.client, problem.demand, problem.capacity
    site = np.repeat(np.arange(len(capacity)), np.diff(problem.start))
    program = Program(Sense.MAX)
    sent = program.columns("sent", len(client), gain=1.0, upper=demand[client])
    program.put(program.rows("asked", len(demand), upper=demand)[client], sent)
    program.put(program.rows("room", len(capacity), upper=capacity)[site], sent)
    answer = program.solve(relax=True)
    law(answer.status is Status.OPTIMAL and answer.value is not None, said="some can be sent")
    amount = answer.value.value[sent] if answer.value is not None else np.zeros(len(client))
    some = np.zeros(len(demand), bool)
    some[client] = True
    lacks = demand - np.bincount(client, amount, minlength=len(demand))
    in_group = some & (lacks > _SURE * max(1.0, float(demand.max(initial=0.0))))
    reached, before = np.zeros(len(capacity), bool), -1
    flows = amount > _SURE * max(1.0, float(capacity.max(initial=0.0)))
    while before != in_group.sum():
        before = in_group.sum()
        reached[site[in_group[client]]] = True
        in_group[client[flows & reached[site]]] = True
    return np.flatnonzero(in_group), reached
