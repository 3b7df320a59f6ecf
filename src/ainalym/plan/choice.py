"""What the households' choice leaves open to the planner.

The master program lets the planner say who brings where. But the more a point is open, the less can
go past it to one where people gain less, even where the point is full and turns them away: rows say
so, which are added where a solution breaks them. Once a point is open for sure, nobody brings to a
lesser one; and once all the better ones are closed for sure, everybody brings to it. That narrows
what people bring in any part of a search in which points are decided. In the same way nothing is
shipped to a station that is closed for sure.

Source
------
Wagner & Falkson (1975), The optimal nodal location of public facilities with price-sensitive
demand, Geographical Analysis 7(1): rows for who goes to the nearest.
"""

import numpy as np
from numpy.typing import NDArray

from ainalym.model.place import SiteStatus
from ainalym.plan.master import ANY, Master
from ainalym.solve.linear import Solution

CHOOSING = "people go where they gain most"

HAIR = 1e-9
"""Outward rounding of shares that are sums over years."""

SLACK = 1e-3
"""Share of its waste that a place has to bring past a point for a row to be worth it."""


class Choice:
    """Narrows what people bring to what they choose themselves, and where points ship to.

    Parameters
    ----------
    master
        The master program.
    """

    def __init__(self, master: Master) -> None:
        self._master = master
        self._order = master.pairs.by_choice
        self._first = master.pairs.start[master.pairs.place]  # places keep their ranges
        self._point = master.pair_point[self._order]

    def narrow(self, least: NDArray[np.float64], most: NDArray[np.float64]) -> None:
        """Narrow the ends of what is brought and shipped, in place, to what levels leave open.

        Parameters
        ----------
        least, most
            Ends of all columns, shape (columns,); those of levels and stations are read.
        """
        master = self._master
        shut(master, least, most)
        of_flow = master.net.periods.of_flow
        sure = np.zeros((len(self._point), of_flow.shape[0]))
        may = np.zeros_like(sure)
        for year, column in enumerate(master.level.T):
            is_open = (least[column] >= 1.0)[self._point]
            is_closed = (most[column] <= 0.0)[self._point]
            beaten = self._before(is_open) > 0
            is_last = self._before(~is_closed) == 0
            may += (~beaten & ~is_closed)[:, None] * of_flow[:, year]
            sure += (is_open & is_last)[:, None] * of_flow[:, year]
        brings = master.brings[self._order]
        least[brings] = np.maximum(least[brings], sure * (1.0 - HAIR))
        most[brings] = np.minimum(most[brings], may * (1.0 + HAIR))

    def _before(self, counts: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many of a place's better points count, for each of its pairs, best first."""
        total = np.concatenate([[0], np.cumsum(counts)])
        return total[:-1] - total[self._first]


def shut(master: Master, least: NDArray[np.float64], most: NDArray[np.float64]) -> None:
    """Let points ship nothing to stations that are closed for sure, in place.

    Parameters
    ----------
    least, most
        Ends of all columns, shape (columns,); those of stations are read.
    """
    net, lane = master.net, master.net.source_lane
    _, is_closed = decided(master, least, most)
    for p in range(len(net.periods)):
        closed = net.stations[is_closed[:, p]]
        most[lane.flow[:, np.isin(lane.target, closed), p]] = 0.0


def decided(
    master: Master, least: NDArray[np.float64], most: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which stations are open and which closed for sure, all through each period.

    They are closed for sure where decided so, and once as many as there may be are open for sure.

    Parameters
    ----------
    least, most
        Ends of all columns, shape (columns,).

    Returns
    -------
    Both of shape (stations, periods).
    """
    net, programme = master.net, master.net.city.programme
    is_open, is_closed = least[net.station_open] >= 1.0, most[net.station_open] <= 0.0
    new = ~net.city.sites.has_status(SiteStatus.EXISTING)[net.stations]
    last = np.minimum(np.arange(net.years), programme.last_build_year)
    is_closed |= (is_open.sum(0) >= most[net.counts[0][last]]) & ~is_open
    if is_open[new, -1].sum() >= programme.stations:
        is_closed |= ~is_open[:, -1:]
    open_, closed = (
        np.column_stack([side[:, years].all(1) for years in net.periods.years])
        for side in (is_open, is_closed)
    )
    return open_, closed


def add_choices(master: Master, solution: Solution) -> int:
    """Add the rows by which nobody goes past an open point, where a solution breaks them.

    Parameters
    ----------
    master
        Its places are single ones, or see all their points alike.

    Returns
    -------
    How many rows were added.
    """
    pairs, of_flow = master.pairs, master.net.periods.of_flow
    order, at = pairs.by_choice, np.arange(len(pairs))
    last = pairs.start[pairs.place + 1]
    level = solution.value[master.level] @ of_flow.T
    total = np.zeros((len(pairs) + 1, len(of_flow)))
    np.cumsum(solution.value[master.brings[order]], axis=0, out=total[1:])
    over = total[last] - total[at + 1] + level[master.pair_point[order]] - 1.0
    row, period = np.nonzero((over > SLACK) & ~master.chosen[order])
    write_choices(master, order[row], period)
    return len(row)


def write_choices(master: Master, pair: NDArray[np.int64], period: NDArray[np.int64]) -> None:
    """Write rows by which a place brings no more past a point than while that is closed.

    Parameters
    ----------
    pair, period
        Rows of the pairs of place and point, and of the periods, shape (rows,).
    """
    program, pairs = master.net.program, master.pairs
    if not len(pair):
        return
    master.chosen[pair, period] = True
    none = np.full_like(pair, ANY)
    master.cuts.append(np.column_stack([pair, none, none, period]))
    order, rank = pairs.by_choice, np.empty(len(pairs), np.int64)
    rank[order] = np.arange(len(pairs))
    first, last = rank[pair] + 1, pairs.start[pairs.place[pair] + 1]
    rows = program.rows(CHOOSING, len(pair), upper=1.0)
    many = last - first
    past = np.arange(many.sum()) + np.repeat(first - (np.cumsum(many) - many), many)
    program.put(np.repeat(rows, many), master.brings[order[past], np.repeat(period, many)], 1.0)
    level = master.level[master.pair_point[pair]]
    program.put(rows[:, None], level, master.net.periods.of_flow[period])
