"""The parts of the network's program: who holds which columns and rows, under which law."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ainalym.model.city import City
from ainalym.model.programme import Cover
from ainalym.plan.periods import Periods
from ainalym.plan.worth import MINOR_PER_UNIT, Worth

if TYPE_CHECKING:
    from ainalym.solve.mip import Program

CATEGORIES = (Cover.POINTS, Cover.STATIONS, Cover.STOCKPILES)

MASS_AT_POINTS = "mass at the points"
MASS_AT_STATIONS = "mass at the stations"
MASS_AT_STOCKPILES = "mass at the stockpiles"
CAPACITY = "the capacity of lines and presses"
LIMITS = "the limits of plants and landfills"
OPENING = "opening and installing once"
COUNT = "the number of stations"
FORCED = "the sites that have to be opened"
BUDGET = "the budget"
TARGET = "the recovery target"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lane:
    """Every way one kind of origin can send materials: columns of flow, t a year.

    Attributes
    ----------
    target, material
        Site rows and material rows, one a lane.
    flow
        Column ids, shape (origins, lanes, periods).
    """

    target: NDArray[np.int64]
    material: NDArray[np.int64]
    flow: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Work:
    """Every process and input at one kind of site: columns of intake, t a year.

    Attributes
    ----------
    process, material
        Rows of the city's processes and materials, one a pair.
    intake
        Column ids, shape (sites, pairs, periods).
    """

    process: NDArray[np.int64]
    material: NDArray[np.int64]
    intake: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Steps:
    """Every step that can be bought at one kind of site: columns of "installed by that year".

    Attributes
    ----------
    process, step
        Rows of the city's processes, and which of their steps.
    installed
        Column ids, shape (sites, steps, years); rise with the years.
    """

    process: NDArray[np.int64]
    step: NDArray[np.int64]
    installed: NDArray[np.int64]


@dataclass(slots=True, kw_only=True, eq=False)
class Network:
    """A program that grows law by law, and the ids of its columns and rows."""

    city: City
    periods: Periods
    worth: Worth
    program: "Program"
    source_haul_m: NDArray[np.float64]
    """Metres from each source to each site row, shape (sources, sites)."""
    stations: NDArray[np.int64]
    stockpiles: NDArray[np.int64]
    haul_m: NDArray[np.float64]
    material_row: dict[str, int]
    source_work: Work = field(init=False)
    source_lane: Lane = field(init=False)
    station_work: Work = field(init=False)
    station_lane: Lane = field(init=False)
    station_steps: Steps = field(init=False)
    station_open: NDArray[np.int64] = field(init=False)
    stock_work: Work = field(init=False)
    stock_lane: Lane = field(init=False)
    stock_steps: Steps = field(init=False)
    counts: tuple[NDArray[np.int64], ...] = field(init=False)
    """Columns that count open stations by year, and installed steps by step and year."""
    works: NDArray[np.int64] = field(init=False)
    """Columns of stockpiles being worked, shape (stockpiles, years)."""
    source_mass: NDArray[np.int64] = field(init=False)
    """Rows of mass at the sources, shape (sources, materials, periods)."""
    budget: NDArray[np.int64] = field(init=False)
    """Rows that add up what each category costs, shape (categories, years)."""
    funds: NDArray[np.int64] = field(init=False)
    """Rows of money available, shape (funds, years); their duals price one more unit."""

    @property
    def years(self) -> int:
        """Years of the horizon."""
        return self.city.programme.years


def station_intake(net: Network, k: int) -> NDArray[np.int64]:
    """Columns that add up to what a station takes in, last axis periods.

    Parameters
    ----------
    net
        With its sources written down.
    k
        Row of the station among the network's stations.
    """
    return net.source_lane.flow[:, net.source_lane.target == net.stations[k]]


def levels(
    net: Network,
    name: str,
    shape: tuple[int, ...],
    gain: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Add columns of "open by that year"; after the last year of building nothing rises.

    Parameters
    ----------
    name
        What is open.
    shape
        How many, without the years.
    gain
        Worth of being open in each year, broadcasts to `shape` and years.

    Returns
    -------
    Column ids, shape (*shape, years); years after the last of building share one column.
    """
    last = net.city.programme.last_build_year
    built = net.program.columns(name, (*shape, last + 1), upper=1.0, integer=True)
    level = built[..., np.minimum(np.arange(net.years), last)]
    net.program.add_gain(level, gain)
    return level


def charge(net: Network, category: Cover, level: NDArray[np.int64], capex_minor: NDArray) -> None:
    """Charge to the budget, and to the objective, what rises in columns of "open by that year".

    Parameters
    ----------
    category
        What is bought.
    level
        Column ids, last axis years.
    capex_minor
        What the rise from 0 to 1 costs, minor money; broadcasts against the other axes.
    """
    program, c = net.program, CATEGORIES.index(category)
    cost = np.broadcast_to(capex_minor, level.shape[:-1])[..., None] / MINOR_PER_UNIT
    program.put(net.budget[c], level, cost)
    program.put(net.budget[c, 1:], level[..., :-1], -cost)
    falls = net.worth.money - np.append(net.worth.money[1:], 0.0)
    program.add_gain(level, -cost * falls)
