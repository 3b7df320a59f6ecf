"""An instance as all solvers are given it: sparse rows, and the ground they were made from.

Rows are built in pieces: a million clients with forty sites each take half a gigabyte, not eleven.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ainalym.solve.sites import Gains, worth
from bench.kinds import Kind

PIECE = 50_000
"""Clients that are looked at together."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """Where everything lies: Euclidean distances, rounded down if `floored`.

    Attributes
    ----------
    at, sites
        Metres or the instance's own unit, shape (clients, 2) and (sites, 2).
    weight
        Of each client, shape (clients,).
    reach
        Within which a site covers, for covering; infinite otherwise.
    """

    at: NDArray[np.float64]
    sites: NDArray[np.float64]
    weight: NDArray[np.float64]
    floored: bool = False
    reach: float = np.inf

    def costs(self) -> NDArray[np.float64]:
        """Unweighted distances, shape (clients, sites); dense, for peers that want it so."""
        far = np.empty((len(self.at), len(self.sites)))
        for first in range(0, len(self.at), 1000):
            part = self.at[first : first + 1000]
            far[first : first + 1000] = np.hypot(*(part[:, None] - self.sites[None]).T).T
        return np.floor(far) if self.floored else far

    def cost_of(self, is_open: NDArray[np.bool_]) -> float:
        """Add up what clients pay at the nearest open site, over all pairs."""
        far, _ = cKDTree(self.sites[is_open]).query(self.at)
        return float(self.weight @ (np.floor(far) if self.floored else far))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Instance:
    """Gains and costs; `escape` less the worth is the cost shown, if there is an escape.

    Attributes
    ----------
    gains, cost, p
        As for `ainalym.solve.sites.choose`.
    escape
        What all clients would pay unserved; 0 where gains are shown.
    ground, matrix
        What the rows were made from: places, or unweighted costs, shape (clients, sites).
    """

    gains: Gains
    cost: NDArray[np.float64]
    kind: Kind
    p: int | None = None
    escape: float = 0.0
    ground: Ground | None = None
    matrix: NDArray[np.float64] | None = None

    @property
    def is_cost(self) -> bool:
        """Whether less of what is shown is better."""
        return self.kind in (Kind.MEDIAN, Kind.FACILITY)

    def shown(self, worth: float) -> float:
        """Turn worth into what is reported."""
        return self.escape - worth if self.is_cost else worth

    def gap(self, worth: float, bound: float) -> float:
        """How far the worth may be from the best, as a share of what is reported."""
        return (bound - worth) / max(abs(self.shown(worth)), 1e-12)

    def gap_shown(self, value: float, bound: float) -> float:
        """How far a value may be from the best, as a share of it; both as they are shown."""
        room = value - bound if self.is_cost else bound - value
        return room / max(abs(value), 1e-12)

    def value(self, is_open: NDArray[np.bool_]) -> float:
        """Recompute what is reported for a set of sites, over all pairs and without any solver."""
        if not self.is_cost:
            return worth(self.gains, self.cost, is_open)
        if self.matrix is not None:
            served = float(self.matrix[:, is_open].min(1).sum())
        else:
            served = self.ground.cost_of(is_open)
        return served + float(self.cost[is_open].sum())

    def dense(self) -> NDArray[np.float64]:
        """Unweighted costs of all pairs, shape (clients, sites)."""
        return self.matrix if self.matrix is not None else self.ground.costs()

    def weight(self) -> NDArray[np.float64]:
        """How much each client counts, shape (clients,)."""
        return np.ones(self.gains.clients) if self.ground is None else self.ground.weight


def nearest(
    at: NDArray,
    weight: NDArray,
    sites: NDArray,
    cost: NDArray,
    p: int | None,
    k: int = 120,
    *,
    floored: bool = False,
) -> Instance:
    """State a problem of weighted distances on the k nearest sites of each point.

    What a left-out site would cost is at least the escape, so the bound holds for all pairs. Where
    all sites are asked for, the farthest is the escape.
    """
    tree, wide = cKDTree(sites), min(k + 1, len(sites))
    escapes = []

    def pieces() -> Iterator[tuple[NDArray, NDArray]]:
        for first in range(0, len(at), PIECE):
            far, which = tree.query(at[first : first + PIECE], wide, workers=-1)
            if floored:
                np.floor(far, out=far)
            far *= weight[first : first + PIECE, None]
            escapes.append(float(far[:, -1].sum()))
            yield which, far[:, -1:] - far

    return Instance(
        gains=Gains.rows(pieces(), clients=len(at), sites=len(sites)),
        cost=cost,
        kind=Kind.FACILITY if p is None else Kind.MEDIAN,
        p=p,
        escape=sum(escapes),
        ground=Ground(at=at, sites=sites, weight=weight, floored=floored),
    )


def of_matrix(cost: NDArray, p: int) -> Instance:
    """State a p-median on a full matrix of costs, shape (clients, sites)."""
    order = np.argsort(cost, axis=1, kind="stable").astype(np.int32)
    far = np.take_along_axis(cost, order, 1)
    worth_it = far < far[:, -1:]
    start = np.zeros(len(cost) + 1, np.int64)
    np.cumsum(worth_it.sum(1), out=start[1:])
    gains = Gains(
        start=start,
        site=order[worth_it],
        gain=(far[:, -1:] - far)[worth_it],
        sites=cost.shape[1],
    )
    return Instance(
        gains=gains,
        cost=np.zeros(cost.shape[1]),
        kind=Kind.MEDIAN,
        p=p,
        escape=float(far[:, -1].sum()),
        matrix=cost,
    )


def within(
    at: NDArray, weight: NDArray, sites: NDArray, p: int, reach: float, *, gradual: bool
) -> Instance:
    """State a covering problem: all within the reach, or fading from half of it to twice it."""
    n, widest = len(at), 2 * reach if gradual else reach
    tree = cKDTree(sites)
    start = np.zeros(n + 1, np.int64)
    most = tree.query_ball_point(at, widest, return_length=True, workers=-1).sum()
    site, gain = np.empty(most, np.int32), np.empty(most)
    filled = 0
    for first in range(0, n, PIECE):
        here = cKDTree(at[first : first + PIECE])
        near = here.sparse_distance_matrix(tree, widest, output_type="coo_matrix")
        part = np.ones(near.nnz)
        if gradual:
            part = np.clip((2 * reach - near.data) / (1.5 * reach), 0, 1)
        got = weight[first : first + PIECE][near.row] * part
        order = np.lexsort((near.col, -got, near.row))
        order = order[got[order] > 0]
        last = filled + len(order)
        site[filled:last], gain[filled:last] = near.col[order], got[order]
        start[first + 1 : first + 1 + here.n] = np.bincount(near.row[order], minlength=here.n)
        filled = last
    np.cumsum(start, out=start)
    return Instance(
        gains=Gains(start=start, site=site[:filled], gain=gain[:filled], sites=len(sites)),
        cost=np.zeros(len(sites)),
        kind=Kind.GRADUAL if gradual else Kind.COVER,
        p=p,
        ground=Ground(at=at, sites=sites, weight=weight, reach=reach),
    )
