"""What the bound leaves undecided: a smaller problem of the same kind."""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ainalym.solve.sites_bound import Proof
from ainalym.solve.sites_gains import Gains
from ainalym.solve.sites_limits import Limits
from ainalym.solve.sites_merge import Merged, merge

SURE = 1e-9
"""Relative margin within which nothing is called decided: far above rounding, far below a gap."""

WHOLE = 1.0 - 1e-6
"""Of the unit in which sets are worth whole numbers, by which a better one is better at least."""

_MOST_EXACT = 1e9  # sums up to which rounding is far below what WHOLE leaves


class Rest(NamedTuple):
    """What is left to decide, given a worth to beat.

    Attributes
    ----------
    merged
        What undecided sites add to what `always` open ones give; alike clients are one row.
    sites
        The undecided ones among all.
    always
        Which of all sites are open in every better set, shape (sites,).
    served
        What those give each client, shape (clients,).
    base
        All of that, less the costs of those sites.
    price
        Of each row, to begin with.
    """

    merged: Merged
    sites: NDArray[np.intp]
    always: NDArray[np.bool_]
    served: NDArray[np.float64]
    base: float
    price: NDArray[np.float64]

    @property
    def rows(self) -> Gains:
        """One for each kind of client."""
        return self.merged.gains

    def whole(self, price: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn prices of rows into prices of all clients, shape (clients,)."""
        return self.served + self.merged.split(price)

    def within(self, inner: "Rest") -> "Rest":
        """Tell what is left of this, as of the whole problem."""
        kinds, more = self.merged, inner.merged
        always = self.always.copy()
        always[self.sites] = inner.always
        return Rest(
            merged=Merged(
                more.gains, more.group[kinds.group], kinds.share * more.share[kinds.group]
            ),
            sites=self.sites[inner.sites],
            always=always,
            served=self.whole(inner.served),
            base=self.base + inner.base,
            price=inner.price,
        )

    def limits(self, limits: Limits) -> Limits:
        """Turn limits of all sites into those of the undecided ones."""
        free = np.zeros(len(self.sites), bool)
        taken = int(self.always.sum())
        return Limits(
            least=max(0, limits.least - taken),
            most=limits.most - taken,
            spend=limits.spend[self.sites],
            budget=limits.room - float(limits.spend[self.always].sum()),
            forced=free,
            forbidden=free,
        )


def unit(gains: Gains, cost: NDArray[np.float64]) -> float:
    """Find of what all sets are worth whole multiples: 1, or 0 where nothing is known."""
    if float(gains.top.sum() + np.abs(cost).sum()) > _MOST_EXACT:
        return 0.0
    is_whole = (np.rint(cost) == cost).all() and (np.rint(gains.gain) == gains.gain).all()
    return float(is_whole)


def decided(
    limits: Limits, proof: Proof, objective: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Name the sites open in every better set, and those open in none.

    Parameters
    ----------
    objective
        Worth that a better set exceeds.
    """
    sure = objective - SURE * (1.0 + abs(objective))
    always = limits.forced | (proof.bound - proof.pick.in_ < sure)
    never = limits.forbidden | (proof.bound + proof.pick.out < sure)
    return always & ~never, never & ~always


def rest(
    gains: Gains,
    cost: NDArray[np.float64],
    price: NDArray[np.float64],
    limits: Limits,
    proof: Proof,
    objective: float,
    *,
    most_pairs: float = math.inf,
) -> Rest | None:
    """Leave out all pairs and sites that no set worth more than `objective` uses.

    A client served for less than its price costs the bound the difference, and a site opened
    against its score costs the bound that too; what costs more than the whole gap is out. None if
    more pairs are left than one wants.
    """
    always, never = decided(limits, proof, objective)
    gap = proof.bound - objective + SURE * (1.0 + abs(objective))
    lacks = np.where(limits.forced, 0.0, np.maximum(-proof.pick.out, 0.0))
    lacks[never] = np.inf
    sites = np.flatnonzero(~(always | never))
    number = np.zeros(gains.sites, np.int32)
    number[sites] = np.arange(len(sites), dtype=np.int32)
    served, start = np.zeros(gains.clients), np.zeros(gains.clients + 1, np.int64)
    if always.any():
        _serve(gains.start, gains.site, gains.gain, always, served)
    whole = gains.start, gains.site, gains.gain, price, served, lacks, gap, number, start
    site, gain = np.empty(0, np.int32), np.empty(0)
    _keep(*whole, site, gain)
    if start[-1] > most_pairs:
        return None
    site, gain = np.empty(start[-1], np.int32), np.empty(start[-1])
    _keep(*whole, site, gain)
    rows = Gains(start=start, site=site, gain=gain, sites=len(sites))
    merged = merge(rows)
    return Rest(
        merged=merged,
        sites=sites,
        always=always,
        served=served,
        base=float(served.sum() - cost[always].sum()),
        price=merged.summed(np.clip(price - served, 0.0, rows.top)),
    )


@njit(cache=True)
def _serve(start: NDArray, site: NDArray, gain: NDArray, always: NDArray, served: NDArray) -> None:
    """Find what each client gains from sites that are always open."""
    for i in range(len(served)):
        for k in range(start[i], start[i + 1]):
            if always[site[k]]:
                served[i] = gain[k]
                break


@njit(cache=True)
def _keep(
    start: NDArray,
    site: NDArray,
    gain: NDArray,
    price: NDArray,
    served: NDArray,
    lacks: NDArray,
    gap: float,
    number: NDArray,
    begins: NDArray,
    site_kept: NDArray,
    gain_kept: NDArray,
) -> None:
    """Count the pairs of each client that may be used, or write them once that is known."""
    is_known = len(site_kept) > 0
    for i in range(len(served)):
        free = begins[i]
        for k in range(start[i], start[i + 1]):
            lost = max(price[i] - gain[k], 0.0)
            if gain[k] <= served[i] or lost > gap:
                break
            if lost + lacks[site[k]] <= gap:
                if is_known:
                    site_kept[free], gain_kept[free] = number[site[k]], gain[k] - served[i]
                free += 1
        if not is_known:
            begins[i + 1] = free
