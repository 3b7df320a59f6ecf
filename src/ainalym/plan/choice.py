"""What the households' choice leaves open where some points are known to be open or closed.

The master program lets the planner say who brings where. Once a point is open for sure, nobody who
gains more there brings to a lesser one; and once all the better ones are closed for sure, everybody
brings to it. That narrows what people bring in any part of a search in which points are decided.
"""

import numpy as np
from numpy.typing import NDArray

from ainalym.plan.joint import Master, could_be_full

HAIR = 1e-9
"""Outward rounding of shares that are sums over years."""


class Choice:
    """Narrows what people bring to what they choose themselves.

    Parameters
    ----------
    master
        The master program.
    """

    def __init__(self, master: Master) -> None:
        pairs = master.pairs
        place = np.repeat(np.arange(len(pairs.start) - 1), np.diff(pairs.start))
        self._master = master
        self._order = np.lexsort((np.arange(len(pairs)), -pairs.gain_minor, place))
        self._first = pairs.start[place]  # places keep their ranges: the order is within them
        self._point = master.pair_point[self._order]
        self._is_full = could_be_full(master)[self._point]

    def narrow(self, least: NDArray[np.float64], most: NDArray[np.float64]) -> None:
        """Narrow the ends of what people bring, in place, to what ends of levels leave open.

        Parameters
        ----------
        least, most
            Ends of all columns, shape (columns,); those of levels are read.
        """
        master = self._master
        of_flow = master.net.periods.of_flow
        sure = np.zeros((len(self._point), of_flow.shape[0]))
        may = np.zeros_like(sure)
        for year, column in enumerate(master.level.T):
            is_open = (least[column] >= 1.0)[self._point]
            is_closed = (most[column] <= 0.0)[self._point]
            beaten = self._before(is_open) > 0
            is_last = self._before(~is_closed) == 0
            may += (~beaten & ~is_closed)[:, None] * of_flow[:, year]
            sure += (is_open & is_last & ~self._is_full)[:, None] * of_flow[:, year]
        brings = master.brings[self._order]
        least[brings] = np.maximum(least[brings], sure * (1.0 - HAIR))
        most[brings] = np.minimum(most[brings], may * (1.0 + HAIR))

    def _before(self, counts: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many of a place's better points count, for each of its pairs, best first."""
        total = np.concatenate([[0], np.cumsum(counts)])
        return total[:-1] - total[self._first]
