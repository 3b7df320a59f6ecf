"""Periods: years lumped together for the bound, at no risk to it.

Flows of a year are written as if waste had not grown since the first year, and the flows of a
period are their mean, weighted with what each year counts for. Every law that is linear in flows
holds for the mean when it holds for the years, so lumping can only make a program's best better,
and with one year a period nothing changes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ainalym.model.city import City
from ainalym.model.programme import Objective

LUMPED_MOST = 4
"""Most years of building that are one period."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Periods:
    """Years lumped into periods, and what one tonne a period stands for.

    A tonne here is a tonne a year of the first year's waste; in a later year it stands for as
    many more as waste has grown.

    Attributes
    ----------
    years
        The years of each period, in order.
    weight
        What one tonne counts for over the period's years, shape (periods,).
    of_flow
        How each year enters the mean of flows and levels, shape (periods, years); rows sum to 1.
    of_size
        How a fixed yearly amount of each year enters the mean, shape (periods, years).
    total_least, total_most
        Tonnes over the period's years that one tonne stands for at least and at most, shape
        (periods,).
    """

    years: tuple[NDArray[np.int64], ...]
    weight: NDArray[np.float64]
    of_flow: NDArray[np.float64]
    of_size: NDArray[np.float64]
    total_least: NDArray[np.float64]
    total_most: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.years)


def single_years(city: City) -> Periods:
    """Make every year a period of its own."""
    return _periods(city, [np.array([t]) for t in range(city.programme.years)])


def building_years(city: City) -> Periods:
    """Make each year before the last of building a period, and lump the settled ones after."""
    last = city.programme.last_build_year
    return _periods(city, [*np.arange(last).reshape(-1, 1), np.arange(last, city.programme.years)])


def lumped(city: City) -> Periods:
    """Lump the years before the last of building, into several if many, and the settled ones."""
    last = city.programme.last_build_year
    building = np.array_split(np.arange(last), -(-last // LUMPED_MOST)) if last else []
    return _periods(city, [*building, np.arange(last, city.programme.years)])


def _periods(city: City, years: list[NDArray[np.int64]]) -> Periods:
    programme = city.programme
    is_money = programme.objective in (Objective.VALUE, Objective.COST)
    counts = programme.discount if is_money else np.ones(programme.years)
    growth = programme.growth
    inside = np.zeros((len(years), programme.years))
    for p, mine in enumerate(years):
        inside[p, mine] = 1.0
    weight = inside @ (counts * growth)
    return Periods(
        years=tuple(years),
        weight=weight,
        of_flow=inside * counts * growth / weight[:, None],
        of_size=inside * counts / weight[:, None],
        total_least=weight / np.array([counts[mine].max() for mine in years]),
        total_most=weight / np.array([counts[mine].min() for mine in years]),
    )
