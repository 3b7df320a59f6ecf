"""The inner problem of capacitated sites: at given prices, what each would take, and which open.

At prices on clients each site fills itself with who pays most for its room (a continuous knapsack);
sites open where that is worth their cost, and at least as many as all demand needs at all.
"""

from typing import NamedTuple, Protocol

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray


class Columns(Protocol):
    """What is asked of a problem: its columns, as `Capacitated` holds them."""

    start: NDArray[np.int64]
    client: NDArray[np.int64]
    cost: NDArray[np.float64]
    open_cost: NDArray[np.float64]
    capacity: NDArray[np.float64]
    demand: NDArray[np.float64]


class Found(NamedTuple):
    """The inner optimum at prices.

    Attributes
    ----------
    bound
        What no allotment can cost less than, rounded downwards.
    net
        What each site is worth at these prices beyond its cost, shape (sites,).
    is_open
        The inner choice, shape (sites,).
    needed
        How many of the free sites have to be open at least.
    slope
        Of each client, shape (clients,): 1 less what the inner choice serves of it.
    total
        Sum of the prices.
    """

    bound: float
    net: NDArray[np.float64]
    is_open: NDArray[np.bool_]
    needed: int
    slope: NDArray[np.float64]
    total: float


class Inner:
    """Solves the inner problem again and again.

    Parameters
    ----------
    problem
        Its columns.
    """

    def __init__(self, problem: Columns) -> None:
        self._problem = problem
        self.weight = problem.demand / problem.demand.mean()
        self._value = np.zeros(len(problem.open_cost))
        self._share = np.zeros(len(problem.client))

    def at(self, price: NDArray[np.float64], fixed: NDArray[np.int64]) -> Found | None:
        """Solve it at prices; None where what may be open cannot take all demand.

        Parameters
        ----------
        price
            Of each client, shape (clients,).
        fixed
            Of each site, shape (sites,): 1 open, 0 closed, -1 free.
        """
        problem = self._problem
        needed = least_free(problem.capacity, float(problem.demand.sum()), fixed)
        if needed is None:
            return None
        start, client = problem.start, problem.client
        _fill(
            start, client, problem.cost, problem.demand, problem.capacity, price,
            self._value, self._share,
        )  # fmt: skip
        net = self._value - problem.open_cost
        is_open, is_free = fixed == 1, fixed == -1
        free = np.flatnonzero(is_free)
        free = free[np.argsort(-net[free], kind="stable")]
        is_open[free[:needed]] = True
        is_open[free[net[free] > 0]] = True
        slope = np.ones(len(price))
        _serve(start, client, self._share, is_open, slope)
        total = float(price.sum())
        gained = float(net[is_open].sum())
        size = float(np.abs(price).sum() + np.abs(self._value[is_open]).sum())
        size += float(problem.open_cost[is_open].sum())
        rounding = np.finfo(float).eps * (len(client) + len(price)) * size
        return Found(total - gained - rounding, net, is_open, needed, slope, total)

    def worth_of(self, found: Found, is_open: NDArray[np.bool_]) -> float:
        """What serving from just these sites costs at least, by the same prices."""
        return found.total - float(found.net[is_open].sum())

    def decide(self, found: Found, fixed: NDArray[np.int64], known: float) -> None:
        """Fix the sites that are open, or closed, in everything that costs less than `known`."""
        free = np.flatnonzero(fixed == -1)
        if not len(free):
            return
        net = found.net[free]
        inside = found.is_open[free]
        binds = int(inside.sum()) <= found.needed
        last = float(net[inside].min()) if inside.any() and binds else 0.0
        opened = found.bound - net + min(0.0, last)
        following = float(net[~inside].max()) if (~inside).any() else -np.inf
        closed = found.bound + net - (following if binds else 0.0)
        fixed[free[~inside & (opened > known)]] = 0
        fixed[free[inside & (closed > known)]] = 1


def least_free(
    capacity: NDArray[np.float64], demand: float, fixed: NDArray[np.int64]
) -> int | None:
    """Tell how many free sites have to be open too; None where all of them are too few."""
    short = demand * (1 - 1e-12) - float(capacity[fixed == 1].sum())
    if short <= 0:
        return 0
    room = np.cumsum(np.sort(capacity[fixed == -1])[::-1])
    if not len(room) or room[-1] < short:
        return None
    return int(np.searchsorted(room, short)) + 1


@njit(cache=True, parallel=True)
def _fill(start, client, cost, demand, capacity, price, value, share):
    for j in prange(len(capacity)):
        first, last = start[j], start[j + 1]
        pairs = np.empty(last - first, np.int64)
        rank = np.empty(last - first)
        count = 0
        for pair in range(first, last):
            share[pair] = 0.0
            gain = price[client[pair]] - cost[pair]
            if gain > 0:
                pairs[count] = pair
                rank[count] = -gain / demand[client[pair]]
                count += 1
        left, gained = capacity[j], 0.0
        for k in np.argsort(rank[:count]):
            pair = pairs[k]
            need = demand[client[pair]]
            part = min(1.0, left / need)
            if part <= 0:
                break
            share[pair] = part
            gained += part * (price[client[pair]] - cost[pair])
            left -= part * need
        value[j] = gained


@njit(cache=True)
def _serve(start, client, share, is_open, slope):
    for j in range(len(is_open)):
        if is_open[j]:
            for pair in range(start[j], start[j + 1]):
                slope[client[pair]] -= share[pair]
