"""What choices of points are worth for a given design, as the households' own choice has it.

The network of a design with every point as a source is a small linear program. What comes to each
point follows from which of them are open; so a choice of points is tried by changing a few bounds.
The program's worth is concave in what comes and in what keepers need: its prices tell what any
other choice is worth at most.
"""

from math import inf
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import coo_array

from ainalym.model.city import City
from ainalym.model.place import SiteKind, SiteStatus
from ainalym.model.plan import NEVER
from ainalym.model.travel import Travel
from ainalym.plan.decide import Design
from ainalym.plan.households import Pairs
from ainalym.plan.keepers import counter_minor_per_kg, earned_minor_per_kg, law_of_keepers
from ainalym.plan.network import network_of
from ainalym.plan.parts import Network
from ainalym.plan.periods import building_years
from ainalym.plan.settle import SHORTFALL, fix_designs, in_order
from ainalym.plan.tonnes import worth_of_tonnes
from ainalym.plan.worth import MINOR_PER_UNIT
from ainalym.plan.years import law_of_years
from ainalym.units import KG_PER_T


class Tried(NamedTuple):
    """What a choice of points is worth, and its prices.

    Worth of each place bringing to each point in each period, shape (pairs, periods); and of what
    the keeper of each point has to earn, if the point is open throughout, not above 0, (points,).
    """

    worth: float
    pair: NDArray[np.float64]
    need: NDArray[np.float64]


class Reach(NamedTuple):
    """Who reaches what: pairs of a place in a row, those where it gains most first.

    First pair of each place, (places + 1,); row of the pair's point, (pairs,); what it brings there
    of each fraction, t in the first year, (pairs, fractions), and of all, (pairs,).
    """

    start: NDArray[np.int64]
    point: NDArray[np.int64]
    mass_t: NDArray[np.float64]
    size_t: NDArray[np.float64]


class Room(NamedTuple):
    """The room of points, and how waste grows.

    Tonnes a year, (points,); the first year of each period, (periods,); how years enter the mean of
    flows, (periods, years); waste relative to the first year, (years,).
    """

    room_t: NDArray[np.float64]
    begins: NDArray[np.int64]
    of_flow: NDArray[np.float64]
    growth: NDArray[np.float64]


class Trial:
    """Tries out choices of points for one design.

    Parameters
    ----------
    city, travel, pairs
        A city, its distances, and who can bring what where.
    design
        Opening years of stations, and steps.
    point
        Site rows of the points that may be open, shape (points,).

    Attributes
    ----------
    reach, room
        Who can bring what where, and how much there is room for.
    cost
        Worth of opening each point in each year of building, shape (points, years); not above 0.
    """

    def __init__(
        self, city: City, travel: Travel, pairs: Pairs, design: Design, point: NDArray[np.int64]
    ) -> None:
        sites, periods = city.sites, building_years(city)
        stations = sites.rows(SiteKind.STATION)
        stations = stations[design[0][stations] != NEVER]
        ways = travel.haul_m[point], travel.haul_m
        net = self._net = network_of(city, *ways, stations, periods, decided=True)
        self.reach = _reach(pairs, point, len(sites))
        self.room = Room(
            sites.capacity_kg_per_year[point] / KG_PER_T,
            np.array([years[0] for years in periods.years]),
            periods.of_flow,
            city.programme.growth,
        )
        fix_designs(net, *design)
        for station in stations:
            lanes = net.source_lane.flow[:, net.source_lane.target == station]
            net.program.change_bounds(lanes[..., self.room.begins < design[0][station]], 0.0, 0.0)
        shape = len(point), len(city.fractions), len(periods)
        gain = net.worth.paid(counter_minor_per_kg(city))
        self._came = net.program.columns("came", shape, gain=gain)
        fraction_row = self._fraction = [net.material_row[f] for f in city.fractions]
        net.program.put(net.source_mass[:, fraction_row], self._came, 1.0)
        self._law_of_keepers(point)
        self._lost = law_of_years(net)
        self._order = in_order(net, net.source_work)[::-1]
        self.cost = _cost(net, point)
        numbers = net.program.numbers
        entries = numbers.factor, (numbers.column, numbers.row)
        self._factor = coo_array(entries, shape=(net.program.n_columns, net.program.n_rows)).tocsr()
        self._gain, self._is_shut = numbers.gain, numbers.upper <= 0.0

    def worth(
        self, opened: NDArray[np.int32], *, seconds: float = inf, cutoff: float | None = None
    ) -> Tried | None:
        """Tell what points are worth that open in these years, what the design costs aside.

        Parameters
        ----------
        opened
            Opening year of each point, shape (points,).
        seconds
            Most time for the linear program.
        cutoff
            What is worth no more is not told.

        Returns
        -------
        None where nothing is feasible, it is worth too little, or the time was up.
        """
        program, reach = self._net.program, self.reach
        caught_t, lost_t = _caught(reach, self.room, opened)
        is_open = (opened[:, None] != NEVER) & (opened[:, None] <= self.room.begins)
        program.change_bounds(self._came, caught_t, caught_t)
        last_t = lost_t[:, len(self.room.growth) - self._lost.shape[1] :]
        program.change_bounds(self._lost, last_t, last_t)
        needed = self._least * is_open
        program.change_bounds(self._needed, needed, needed)
        spent = self._spent(opened)
        least = None if cutoff is None else cutoff - spent
        answer = program.solve(relax=True, cutoff=least, seconds=seconds)
        if answer.value is None:
            return None
        price = answer.value.dual.copy()
        price[self._net.source_mass] = 0.0
        rest = self._gain - self._factor @ price
        value = worth_of_tonnes(self._net, np.where(self._is_shut, -np.inf, rest), self._order)
        tonne = rest[self._came] + value[:, self._fraction]
        pair = np.einsum("kf,kfp->kp", reach.mass_t, tonne[reach.point])
        need = np.minimum(rest[self._needed] * self._least, 0.0).sum(1)
        return Tried(answer.objective + spent, pair, need)

    def _spent(self, opened: NDArray[np.int32]) -> float:
        """Worth of what opening these points costs, not above 0."""
        some = np.flatnonzero(opened != NEVER)
        return float(self.cost[some, opened[some]].sum())

    def _law_of_keepers(self, point: NDArray[np.int64]) -> None:
        """Keepers earn their least where a point is open; a shortfall is never worth it."""
        net, city = self._net, self._net.city
        rows = law_of_keepers(net)
        earns = earned_minor_per_kg(city) * (KG_PER_T / MINOR_PER_UNIT)
        net.program.put(rows[:, None], self._came, earns[:, None])
        self._needed = net.program.columns("needed", rows.shape)
        net.program.put(rows, self._needed, -1.0)
        short = net.program.columns("shortfall", rows.shape, gain=SHORTFALL)
        net.program.put(rows, short, 1.0)
        least = city.programme.keeper_minor_per_year + city.sites.fixed_minor_per_year[point]
        self._least = least[:, None] / MINOR_PER_UNIT * net.periods.of_size.sum(1)


def _reach(pairs: Pairs, point: NDArray[np.int64], sites: int) -> Reach:
    """Pairs of these points only, of each place those where it gains most first."""
    row = np.full(sites, -1)
    row[point] = np.arange(len(point))
    order = pairs.by_choice
    order = order[row[pairs.site[order]] >= 0]
    start = np.searchsorted(pairs.place[order], np.arange(len(pairs.start)))
    mass_t = pairs.mass_kg[order] / KG_PER_T
    return Reach(start, row[pairs.site[order]], mass_t, mass_t.sum(1))


def _cost(net: Network, point: NDArray[np.int64]) -> NDArray[np.float64]:
    """Worth of opening each point in each year of building and running it from then on."""
    sites, last = net.city.sites, net.city.programme.last_build_year
    fixed = net.worth.spent(sites.fixed_minor_per_year[point])
    running = fixed[:, ::-1].cumsum(1)[:, ::-1]
    capex = sites.capex_minor[point] * ~sites.has_status(SiteStatus.EXISTING)[point]
    return (running + net.worth.spent(capex))[:, : last + 1]


@njit(cache=True)
def _caught(  # pragma: no cover - compiled
    reach: Reach, room: Room, opened: NDArray
) -> tuple[NDArray, NDArray]:
    """What comes to each point, mean of each period's years, (points, fractions, periods).

    And what all full points turn away each year, t of the first year's waste, (fractions, years).
    """
    points, fractions, periods = len(opened), reach.mass_t.shape[1], len(room.begins)
    caught_t = np.zeros((points, fractions, periods))
    lost_t = np.zeros((fractions, len(room.growth)))
    for p in range(periods):
        comes_t = np.zeros(points)
        for i in range(len(reach.start) - 1):
            k = chosen(reach, room, opened, i, p)
            if k >= 0:
                comes_t[reach.point[k]] += reach.size_t[k]
                for f in range(fractions):
                    caught_t[reach.point[k], f, p] += reach.mass_t[k, f]
        for j in range(points):
            for t in range(len(room.growth)):
                over_t = comes_t[j] - room.room_t[j] / room.growth[t]
                if room.of_flow[p, t] > 0.0 and over_t > 0.0:
                    for f in range(fractions):
                        lost_t[f, t] += over_t * caught_t[j, f, p] / comes_t[j]
            share = let_in(room, comes_t[j], j, p)
            for f in range(fractions):
                caught_t[j, f, p] *= share
    return caught_t, lost_t


@njit(cache=True)
def chosen(  # pragma: no cover - compiled
    reach: Reach, room: Room, opened: NDArray, i: int, p: int
) -> int:
    """Pair that place `i` chooses in period `p`, -1 where it reaches nothing open."""
    for k in range(reach.start[i], reach.start[i + 1]):
        year = opened[reach.point[k]]
        if year != NEVER and year <= room.begins[p]:
            return k
    return -1


@njit(cache=True)
def let_in(room: Room, comes_t: float, j: int, p: int) -> float:  # pragma: no cover - compiled
    """Share of what comes to point `j` that it lets in, mean of the years of period `p`."""
    share = 0.0
    for t in range(len(room.growth)):
        now_t = comes_t * room.growth[t]
        share += room.of_flow[p, t] * (room.room_t[j] / now_t if now_t > room.room_t[j] else 1.0)
    return share
