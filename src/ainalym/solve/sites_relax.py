"""The linear relaxation of choosing sites, solved for prices: few rows, and quick to solve again.

Source: Huangfu and Hall (2018), doi 10.1007/s12532-017-0130-5 (the simplex method used).
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ainalym.answer import Sense
from ainalym.solve.mip import Program
from ainalym.solve.sites_layers import Layers
from ainalym.solve.sites_limits import Limits


class Relaxed(NamedTuple):
    """What a linear program says: prices of clients, shares of sites, where it ended, and when."""

    price: NDArray[np.float64]
    share: NDArray[np.float64]
    basis: Any
    steps: int


class Relaxation:
    """The least bound that prices can prove, as a linear program with a row for each site.

        minimise    sum_s (weight[s] - drop[s])  +  p threshold  +  budget toll  +  sum_j spare[j]
        subject to  sum of drop[s] over coverings s that site j gives
                      <=  cost[j] + threshold + toll spend[j] + spare[j]        for each site j
                    0 <= drop[s] <= weight[s],  spare[j] >= 0

    The price of a covering is weight - drop. A site that must be closed has no row, and the spare
    of one that must be open is of any sign; both are changes of a column's bounds.

    Parameters
    ----------
    layers
        The clients.
    cost, limits
        Of the sites, as for all of them.
    """

    def __init__(self, layers: Layers, cost: NDArray[np.float64], limits: Limits) -> None:
        rows = layers.merged.gains
        self._layers, self._weight = layers, rows.top
        program = Program(Sense.MIN)
        drop = program.columns("drop", rows.clients, gain=-1.0, upper=self._weight)
        charge = program.rows("no site offers more than it is charged", rows.sites, upper=cost)
        program.put(charge[rows.site], drop[rows.client])
        if limits.most < rows.sites or limits.least > 0:
            least = -np.inf if limits.least else 0.0
            threshold = program.columns("threshold", 1, gain=limits.most, lower=least)
            program.put(charge, threshold, -1.0)
        if limits.has_budget:
            toll = program.columns("toll", 1, gain=max(0.0, limits.room))
            program.put(charge, toll, -limits.spend)
        self._spare = program.columns("spare", rows.sites, gain=1.0)
        program.put(charge, self._spare, -1.0)
        self._shut = program.columns("shut", rows.sites, upper=0.0)
        program.put(charge, self._shut, -1.0)
        self._program, self._drop = program, drop
        self._forced = self._forbidden = np.zeros(rows.sites, bool)

    def state(self, limits: Limits, basis: Any) -> None:
        """State it for these forced and forbidden sites.

        Parameters
        ----------
        basis
            Where to begin: where a similar one with fewer of them ended.
        """
        changed = np.flatnonzero(self._forced != limits.forced)
        lower = np.where(limits.forced[changed], -np.inf, 0.0)
        self._program.change_bounds(self._spare[changed], lower, np.inf)
        changed = np.flatnonzero(self._forbidden != limits.forbidden)
        upper = np.where(limits.forbidden[changed], np.inf, 0.0)
        self._program.change_bounds(self._shut[changed], 0.0, upper)
        self._forced, self._forbidden = limits.forced, limits.forbidden
        self._program.resume(basis)

    def solve(self, *, near: int = 0, seconds: float = np.inf) -> Relaxed:
        """Solve it as it is stated.

        Parameters
        ----------
        near
            Steps that keep values feasible; others keep prices, and follow where these are too few.
        seconds
            Time limit; what is not solved by then still gives prices.
        """
        again, steps = self._program.again, 0
        if near > 0:
            value, dual, steps = again(primal=True, seconds=seconds, most=near)
        if near == 0 or steps >= near:
            value, dual, more = again(primal=False, seconds=seconds)
            steps += more
        price = self._weight - np.clip(np.nan_to_num(value[self._drop]), 0.0, self._weight)
        share = np.clip(-dual, 0.0, 1.0)
        return Relaxed(self._layers.prices(price), share, self._program.basis(), steps)
