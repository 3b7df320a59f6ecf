"""Keepers: what they earn of what comes in, and the law that they earn their least."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ainalym.model.city import City
from ainalym.model.place import SiteKind
from ainalym.plan.parts import Network
from ainalym.plan.worth import MINOR_PER_UNIT
from ainalym.units import KG_PER_T

KEEPERS = "the keepers' least earnings"
SUBSIDY = "the subsidy"


def counter_minor_per_kg(city: City) -> NDArray[np.float64]:
    """Tell what a kilogram leaves at the counter: support less buy-back price and handling.

    Parameters
    ----------
    city
        Its counter terms are read.

    Returns
    -------
    Minor money units per kg, by fraction, shape (fractions,); rarely above 0.
    """
    counter = [city.counter[f] for f in city.fractions]
    return np.array(
        [c.support_minor_per_kg - c.buyback_minor_per_kg - c.handling_minor_per_kg for c in counter]
    )


def most_earned_minor_per_kg(city: City) -> NDArray[np.float64]:
    """Tell the most a keeper can earn of a kilogram, shipped as it is or worked at the counter.

    Parameters
    ----------
    city
        Its gate payments, counter terms and processes are read.

    Returns
    -------
    Minor money units per kg, by fraction, shape (fractions,).
    """
    gate = city.programme.gate_minor_per_kg
    best = []
    for fraction in city.fractions:
        ways = [gate.get(fraction, 0.0)]
        for process in city.processes:
            if process.at is SiteKind.POINT and fraction in process.recipe_ppm:
                made = process.recipe_ppm[fraction]
                paid = sum(process.share(fraction, m) * gate.get(m, 0.0) for m in made)
                ways.append(paid - process.cost_minor_per_kg)
        best.append(max(ways))
    return np.array(best) + counter_minor_per_kg(city)


def earned_minor_per_kg(city: City) -> NDArray[np.float64]:
    """Tell what a keeper earns of a kilogram that is shipped to a station as it came.

    Parameters
    ----------
    city
        Its gate payments and counter terms are read.

    Returns
    -------
    Minor money units per kg, by fraction, shape (fractions,).
    """
    gate = city.programme.gate_minor_per_kg
    return np.array([gate.get(f, 0.0) for f in city.fractions]) + counter_minor_per_kg(city)


def law_of_keepers(net: Network, needed: ArrayLike = 0.0) -> NDArray[np.int64]:
    """Keepers earn their least: gate payments and subsidy cover it, and subsidies keep their limit.

    What comes in is not known here: the caller puts in the rows what is earned of it where it is
    shipped to stations as it came (`earned_minor_per_kg`), of which what is made of it, and what is
    dumped, makes more or less here. That is the same as paying for each lane, in fewer entries.

    Parameters
    ----------
    net
        With its sources written down, each of them a point.
    needed
        What these and the subsidy have to pay, thousands of the major unit a year of the first
        year's waste, broadcasts to (points, periods).

    Returns
    -------
    The rows, shape (points, periods).
    """
    city, program = net.city, net.program
    lane, work = net.source_lane, net.source_work
    shape = (len(net.source_haul_m), len(net.periods))
    rows = program.rows(KEEPERS, shape, lower=needed)
    unit = KG_PER_T / MINOR_PER_UNIT
    gate = city.programme.gate_minor_per_kg
    is_dumped = ~np.isin(lane.target, net.stations)
    lost = np.array([gate.get(city.materials[m].id, 0.0) for m in lane.material[is_dumped]])
    program.put(rows[:, None], lane.flow[:, is_dumped], -(lost * unit)[:, None])
    more = np.zeros(len(work.process))
    for k, (p, m) in enumerate(zip(work.process, work.material, strict=True)):
        process, taken = city.processes[p], city.materials[m].id
        paid = sum(
            process.share(taken, made) * gate.get(made, 0.0) for made in process.recipe_ppm[taken]
        )
        more[k] = paid - gate.get(taken, 0.0) - process.cost_minor_per_kg
    program.put(rows[:, None], work.intake, (more * unit)[:, None])
    subsidy = program.columns("subsidy", shape)
    program.put(rows, subsidy, 1.0)
    limit = city.programme.subsidy_minor_per_year / MINOR_PER_UNIT * net.periods.of_size.sum(1)
    most = program.rows(SUBSIDY, shape[1], upper=limit)
    program.put(most, subsidy, 1.0)
    return rows
