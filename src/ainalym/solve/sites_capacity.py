"""Choosing sites that can take only so much: capacitated facility location, clients may be split.

    minimise    sum_j open_cost[j] y[j]  +  sum_ij cost[i,j] x[i,j]
    subject to  sum_j x[i,j] = 1,   sum_i demand[i] x[i,j] <= capacity[j] y[j],   0 <= x <= y,
                y[j] 0 or 1

The mathematics is in docs/mathematics/capacity.md.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ainalym.answer import Answer, Sense, Status
from ainalym.errors import Issue, law, refuse
from ainalym.solve.mip import Program
from ainalym.solve.sites_clash import room_clashes
from ainalym.solve.sites_shares import Inner

_DEFLECTED = 0.7  # of the last direction
_PATIENCE, _SHRINK = 15, 0.7  # steps without a better bound, after which they get so much shorter
_SHORTEST = 1e-3  # of the first step, after which more are not worth it
_ROOT_STEPS, _NODE_STEPS = 1_000, 80
_LOOK_EVERY = 10  # steps, after which the set that is open then is served in full
_SERVED_S = 20.0
_SURE = 1e-9  # of a cost: rounding decides nothing
_FREE, _CLOSED, _OPEN = -1, 0, 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Capacitated:
    """Clients with demands, and sites with capacities, as sparse columns.

    Attributes
    ----------
    start
        Where each site's pairs begin, shape (sites + 1,).
    client, cost
        Of each pair, shape (pairs,): whom it serves, and what serving all of its demand costs.
    open_cost, capacity
        Of each site, shape (sites,), 0 or more; capacity in units of demand.
    demand
        Of each client, shape (clients,), above 0.
    """

    start: NDArray[np.int64]
    client: NDArray[np.int64]
    cost: NDArray[np.float64]
    open_cost: NDArray[np.float64]
    capacity: NDArray[np.float64]
    demand: NDArray[np.float64]

    @staticmethod
    def of(
        client: ArrayLike,
        site: ArrayLike,
        cost: ArrayLike,
        *,
        open_cost: ArrayLike,
        capacity: ArrayLike,
        demand: ArrayLike,
    ) -> "Capacitated":
        """Build columns from pairs in any order.

        Parameters
        ----------
        client, site, cost
            Of each pair, shape (pairs,); a pair that is not given cannot serve.
        open_cost, capacity, demand
            As the attributes.

        Raises
        ------
        InputError
            Every fault is listed.
        """
        client, site = np.asarray(client, np.int64), np.asarray(site, np.int64)
        columns = {
            "cost": np.asarray(cost, float),
            "open_cost": np.asarray(open_cost, float),
            "capacity": np.asarray(capacity, float),
            "demand": np.asarray(demand, float),
        }
        refuse(_faults(client, site, columns))
        sites = len(columns["open_cost"])
        order = np.lexsort((client, site))
        start = np.zeros(sites + 1, np.int64)
        np.cumsum(np.bincount(site, minlength=sites), out=start[1:])
        columns["cost"] = columns["cost"][order]
        return Capacitated(start=start, client=client[order], **columns)

    @property
    def sites(self) -> int:
        """How many sites there are."""
        return len(self.open_cost)

    @property
    def site(self) -> NDArray[np.int64]:
        """Site of each pair, shape (pairs,)."""
        return np.repeat(np.arange(self.sites), np.diff(self.start))


def _faults(
    client: NDArray[np.int64], site: NDArray[np.int64], columns: dict[str, NDArray[np.float64]]
) -> list[Issue]:
    found = []
    for name, column in columns.items():
        least = "above 0" if name == "demand" else "of 0 or more"
        wrong = ~np.isfinite(column) | (column < 0) | ((column == 0) & (name == "demand"))
        found += [
            Issue(f"{name} row {k}", f"is {column[k]}", f"give a finite number {least}")
            for k in np.flatnonzero(wrong)[:20]
        ]
    if len(columns["capacity"]) != len(columns["open_cost"]):
        fault = f"has {len(columns['capacity'])} rows, open_cost {len(columns['open_cost'])}"
        found.append(Issue("capacity", fault, "give one for each site"))
    if not len(client) == len(site) == len(columns["cost"]):
        fault = f"have {len(client)}, {len(site)} and {len(columns['cost'])} rows"
        found.append(Issue("client, site, cost", fault, "give all three for each pair"))
        return found
    for name, ids, most in (
        ("client", client, len(columns["demand"])),
        ("site", site, len(columns["open_cost"])),
    ):
        wrong = np.flatnonzero((ids < 0) | (ids >= most))
        mend = f"name one of 0 to {most - 1}"
        found += [Issue(f"{name} row {k}", f"is {ids[k]}", mend) for k in wrong[:20]]
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Allotment:
    """Which sites to open, and which share of each client's demand goes where.

    Attributes
    ----------
    open
        Shape (sites,).
    share
        Of each pair of the problem, shape (pairs,), 0 to 1; those of a client sum to 1.
    price
        Shape (clients,): what `price_bound` proves the bound from where no branching was needed.
    """

    open: NDArray[np.bool_]
    share: NDArray[np.float64]
    price: NDArray[np.float64]


def price_bound(problem: Capacitated, price: ArrayLike) -> float:
    """Compute what no allotment can cost less than; infinite where the sites are too small.

    It is true for any prices, and rounded downwards.

    Parameters
    ----------
    price
        Of each client, shape (clients,): what serving it is worth to a site.
    """
    inner = Inner(problem)
    found = inner.at(np.asarray(price, float), np.full(problem.sites, _FREE))
    return math.inf if found is None else found.bound


def clashes(problem: Capacitated) -> list[Issue]:
    """Say in words why not all demand can be served, even with every site open; empty if it can.

    Where `allot` finds a problem INFEASIBLE, this names the clients without a site, and clients
    who ask for more than all sites within their reach can take. It costs one linear program.
    """
    return room_clashes(problem)


def allot(
    problem: Capacitated,
    *,
    seconds: float = 60.0,
    gap_allowed: float = 1e-6,
    progress: Callable[[float, float, float], None] | None = None,
) -> Answer[Allotment]:
    """Choose sites within their capacities, and prove how good that is.

    Parameters
    ----------
    seconds
        Time limit, above 0.
    gap_allowed
        Relative gap at which an allotment counts as optimal, 0 or more.
    progress
        Called now and then with seconds so far, cost and bound.

    Returns
    -------
    The allotment with its cost and bound; INFEASIBLE where the sites cannot serve everybody:
    `clashes` says why.

    Raises
    ------
    InputError
        `seconds` or `gap_allowed` cannot be used.
    """
    found = [] if seconds > 0 else [Issue("seconds", f"is {seconds}", "give more than 0")]
    if not gap_allowed >= 0:
        found.append(Issue("gap_allowed", f"is {gap_allowed}", "give 0 or more"))
    refuse(found)
    return _Hunt(problem, seconds, gap_allowed, progress).answer()


class _Node(NamedTuple):
    """Sites that are fixed, the best known prices under that, what they prove, where to split."""

    fixed: NDArray[np.int64]
    price: NDArray[np.float64]
    bound: float
    split: int


class _Hunt:
    """One search: prices at a node, sets served in full, and branching on what is undecided."""

    def __init__(
        self,
        problem: Capacitated,
        seconds: float,
        gap_allowed: float,
        progress: Callable[[float, float, float], None] | None,
    ) -> None:
        self._problem, self._gap_allowed, self._progress = problem, gap_allowed, progress
        self._began = time.perf_counter()
        self._end = self._began + seconds
        self._inner = Inner(problem)
        self._cost = math.inf
        self._best: tuple[NDArray[np.bool_], NDArray[np.float64]] | None = None
        self._served: set[bytes] = set()
        self._nodes: list[_Node] = []
        self._dropped = math.inf

    def answer(self) -> Answer[Allotment]:
        """Hunt until the gap is closed or the time is up."""
        problem = self._problem
        self._price = self._first_price()
        if self._serve(np.ones(problem.sites, bool)) is Status.INFEASIBLE:
            return self._answer(Status.INFEASIBLE, math.inf)
        try:
            self._nodes.append(_Node(np.full(problem.sites, _FREE), self._price, -math.inf, 0))
            root = self._raised(*self._nodes[0][:3], _ROOT_STEPS)
            self._nodes = [] if root is None else [root]
            while self._nodes and not self._is_over():
                self._branch()
        except KeyboardInterrupt:
            pass  # whoever waits wants the best so far; what was not finished is still a node
        bound = min([self._dropped, self._cost, *(node.bound for node in self._nodes)])
        if self._best is None:
            return self._answer(Status.UNKNOWN, bound)
        return self._answer(Status.OPTIMAL if self._is_closed(bound) else Status.FEASIBLE, bound)

    def _first_price(self) -> NDArray[np.float64]:
        """What the third best site asks, or the last where there are fewer."""
        problem = self._problem
        order = np.lexsort((problem.cost, problem.client))
        client, cost = problem.client[order], problem.cost[order]
        clients = len(problem.demand)
        count = np.bincount(client, minlength=clients)
        first = np.cumsum(count) - count
        at = first + np.clip(count - 1, 0, 2)
        return np.where(count > 0, cost[np.minimum(at, len(cost) - 1)] if len(cost) else 0.0, 0.0)

    def _branch(self) -> None:
        """Split the node that proves least, once with a site closed and once with it open."""
        k = min(range(len(self._nodes)), key=lambda one: self._nodes[one].bound)
        node, halves = self._nodes[k], []
        if not self._is_closed(node.bound):
            for side in (_OPEN, _CLOSED):
                fixed = node.fixed.copy()
                fixed[node.split] = side
                half = self._raised(fixed, node.price, node.bound, _NODE_STEPS)
                halves += [] if half is None else [half]
        else:
            self._dropped = min(self._dropped, node.bound)
        self._nodes[k : k + 1] = halves

    def _raised(
        self, fixed: NDArray[np.int64], price: NDArray[np.float64], least: float, steps: int
    ) -> _Node | None:
        """Raise the bound under what is fixed; None where nothing better can be below."""
        inner, best, best_price = self._inner, least, price
        average = np.full(self._problem.sites, 0.5)
        turned, pace, idle = np.zeros(len(price)), 1.0, 0
        for step in range(steps):
            found = inner.at(price, fixed)
            if found is None:
                return None
            average = 0.9 * average + 0.1 * found.is_open
            clearly = found.bound > best + 1e-6 * abs(best) if math.isfinite(best) else True
            idle = 0 if clearly else idle + 1
            if found.bound > best:
                best, best_price = found.bound, price
                if steps == _ROOT_STEPS:
                    self._price = price
            if step % _LOOK_EVERY == 0 or step + 1 == steps:
                self._tell(best)
                if inner.worth_of(found, found.is_open) < self._cost:
                    self._serve(found.is_open)
            if self._is_closed(best):
                self._dropped = min(self._dropped, best)
                return None
            if found.bound > -math.inf:
                inner.decide(found, fixed, self._cost * (1 + _SURE))
            if self._is_over():
                break
            if idle >= _PATIENCE:
                pace, idle, price = pace * _SHRINK, 0, best_price
                turned[:] = 0.0
                if pace < _SHORTEST:
                    break
                continue
            turned = found.slope + _DEFLECTED * turned
            wide = float((inner.weight * turned) @ turned)
            if wide <= 0:
                break
            aim = self._cost if math.isfinite(self._cost) else 1.1 * abs(found.bound)
            short = max(aim - found.bound, _SURE * abs(aim))
            price = price + pace * short / wide * inner.weight * turned
        free = np.flatnonzero(fixed == _FREE)
        if not len(free):
            is_served = self._serve(fixed == _OPEN) is not Status.UNKNOWN
            self._dropped = min(self._dropped, self._cost if is_served else best)
            return None
        split = int(free[np.argmin(np.abs(average[free] - 0.5))])
        return _Node(fixed, best_price, best, split)

    def _serve(self, is_open: NDArray[np.bool_]) -> Status:
        """Serve everybody from a set of sites as cheaply as it can, and tell whether that is known.

        Returns
        -------
        OPTIMAL where it was done, now or before; UNKNOWN where there was no time.
        """
        problem, key = self._problem, np.packbits(is_open).tobytes()
        if key in self._served:
            return Status.OPTIMAL
        pairs = np.flatnonzero(is_open[problem.site])
        clients = len(problem.demand)
        program = Program(Sense.MIN)
        share = program.columns("share", len(pairs), gain=problem.cost[pairs], upper=1.0)
        whole = program.rows("served", clients, lower=1.0, upper=1.0)
        room = program.rows("room", problem.sites, upper=problem.capacity)
        program.put(whole[problem.client[pairs]], share)
        taken = problem.demand[problem.client[pairs]]
        program.put(room[problem.site[pairs]], share, taken)
        left = max(0.01, min(_SERVED_S, self._end - time.perf_counter()))
        answer = program.solve(seconds=left, relax=True)
        if answer.status is Status.INFEASIBLE:
            self._served.add(key)
            return Status.INFEASIBLE
        if answer.value is None:
            return Status.UNKNOWN
        if answer.status is Status.OPTIMAL:
            self._served.add(key)
        shares = np.zeros(len(problem.client))
        shares[pairs] = np.clip(answer.value.value[share], 0.0, 1.0)
        used = np.zeros(problem.sites, bool)
        used[problem.site[shares > 0]] = True
        cost = math.fsum(shares * problem.cost) + math.fsum(problem.open_cost[used])
        if cost < self._cost:
            self._cost, self._best = cost, (used, shares)
        return Status.OPTIMAL if answer.status is Status.OPTIMAL else Status.UNKNOWN

    def _is_over(self) -> bool:
        return time.perf_counter() >= self._end

    def _is_closed(self, bound: float) -> bool:
        return self._cost - bound <= (self._gap_allowed + _SURE) * abs(self._cost)

    def _tell(self, bound: float) -> None:
        if self._progress is not None:
            known = min([bound, self._dropped, *(node.bound for node in self._nodes)])
            self._progress(time.perf_counter() - self._began, self._cost, min(known, self._cost))

    def _answer(self, status: Status, bound: float) -> Answer[Allotment]:
        value = None
        if self._best is not None and status is not Status.INFEASIBLE:
            is_open, share = self._best
            self._hold(is_open, share)
            value = Allotment(open=is_open, share=share, price=self._price)
        return Answer(
            status=status,
            value=value,
            objective=self._cost if value is not None else math.nan,
            bound=bound,
            sense=Sense.MIN,
            gap_allowed=self._gap_allowed,
        )

    def _hold(self, is_open: NDArray[np.bool_], share: NDArray[np.float64]) -> None:
        """Recount what is claimed: everybody is served, and no site takes more than it can."""
        problem = self._problem
        served = np.bincount(problem.client, share, minlength=len(problem.demand))
        taken = np.bincount(
            problem.site, share * problem.demand[problem.client], minlength=problem.sites
        )
        law(bool((np.abs(served - 1) < 1e-6).all()), said="every client is served whole")
        room = problem.capacity * is_open
        law(bool((taken <= room * (1 + 1e-6) + 1e-6).all()), said="no site takes too much")
