"""Closing the last gap: what the bound leaves undecided is solved as an integer program."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ainalym.solve.mip import Program
from ainalym.solve.sites_bound import Proof
from ainalym.solve.sites_gains import Gains
from ainalym.solve.sites_limits import Limits
from ainalym.solve.sites_merge import merge

SURE = 1e-9
"""Relative margin within which nothing is called decided: far above rounding, far below a gap."""

_MOST_PAIRS = 20_000  # beyond this the program's linear relaxation alone can take minutes

_THIN = 5  # pairs per client; measured: 3 to 4 is solved faster by the program, 7 by the tree


class Rest(NamedTuple):
    """What is left to decide, given a worth to beat.

    `rows` of the undecided `sites` hold what they add to what `always` open sites give; `base` is
    that, less the costs of those sites; `price` of each row, to begin with.
    """

    rows: Gains
    sites: NDArray[np.intp]
    always: NDArray[np.bool_]
    base: float
    price: NDArray[np.float64]


class Finish(NamedTuple):
    """The best set the program found, if any, and what no set can exceed."""

    is_open: NDArray[np.bool_] | None
    bound: float


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
) -> Rest:
    """Leave out all pairs and sites that no set worth more than `objective` uses.

    A client served for less than its price costs the bound the difference, and a site opened
    against its score costs the bound that too; what costs more than the whole gap is out.
    """
    always, never = decided(limits, proof, objective)
    gap = proof.bound - objective + SURE * (1.0 + abs(objective))
    client = gains.client
    base = np.zeros(gains.clients)
    sure = always[gains.site]
    np.maximum.at(base, client[sure], gains.gain[sure])
    lost = np.maximum(price[client] - gains.gain, 0.0)
    lost += np.where(limits.forced, 0.0, np.maximum(-proof.pick.out, 0.0))[gains.site]
    kept = ~(sure | never[gains.site]) & (gains.gain > base[client]) & (lost <= gap)
    sites = np.flatnonzero(~(always | never))
    number = np.zeros(gains.sites, np.int64)
    number[sites] = np.arange(len(sites))
    rows = Gains.of(
        client[kept],
        number[gains.site[kept]],
        gains.gain[kept] - base[client[kept]],
        clients=gains.clients,
        sites=len(sites),
    )
    merged = merge(rows)
    return Rest(
        rows=merged.gains,
        sites=sites,
        always=always,
        base=float(base.sum() - cost[always].sum()),
        price=merged.summed(np.clip(price - base, 0.0, rows.top)),
    )


def is_small(left: Rest) -> bool:
    """Tell whether the rest is worth handing to an integer program."""
    return len(left.rows.gain) <= _MOST_PAIRS


def is_thin(left: Rest) -> bool:
    """Tell whether clients have so few sites left that an integer program beats a tree."""
    return len(left.rows.gain) <= _THIN * left.rows.clients


def finish(
    left: Rest,
    cost: NDArray[np.float64],
    limits: Limits,
    is_open: NDArray[np.bool_],
    *,
    seconds: float,
    gap: float,
) -> Finish:
    """Solve the rest as an integer program.

    Parameters
    ----------
    is_open
        The best set known; its worth is what the rest has to beat.
    gap
        Absolute gap at which to stop.
    """
    rows, sites = left.rows, left.sites
    program = Program()
    is_in = program.columns("site", len(sites), gain=-cost[sites], upper=1.0, integer=True)
    served = program.columns("pair", len(rows.gain), gain=rows.gain, upper=1.0)
    once = program.rows("one site serves a client", rows.clients, upper=1.0)
    program.put(once[rows.client], served)
    only_open = program.rows("only open sites serve", len(rows.gain), upper=0.0)
    program.put(only_open, served)
    program.put(only_open, is_in[rows.site], -1.0)
    taken = int(left.always.sum())
    if limits.most < len(limits.forced):
        count = program.rows(
            "number of sites", 1, lower=limits.least - taken, upper=limits.most - taken
        )
        program.put(count, is_in)
    if limits.has_budget:
        money = program.rows("budget", 1, upper=limits.room - limits.spend[left.always].sum())
        program.put(money, is_in, limits.spend[sites])
    start = _served(rows, is_open[sites])
    size = abs(float(rows.gain @ start[len(sites) :]) - float(cost[sites] @ start[: len(sites)]))
    allowed = min(1.0, gap / size) if size > 0 else 0.0
    answer = program.solve(seconds=seconds, gap_allowed=allowed, start=start)
    found = None
    if answer.value is not None:
        found = left.always.copy()
        found[sites] = answer.value.value[is_in] > 0.5
    return Finish(found, left.base + answer.bound)


def _served(rows: Gains, is_in: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Columns of the program for a set of sites: sites first, then pairs."""
    pair = np.zeros(len(rows.gain))
    can = np.flatnonzero(is_in[rows.site])
    _, first = np.unique(rows.client[can], return_index=True)
    pair[can[first]] = 1.0
    return np.concatenate([is_in.astype(float), pair])
