"""Years: what happens in a lumped period happens in its single years, all places together.

Lumping years hides that waste grows and lines do not: room to spare in early years would help in
late ones. Here the flows of a period are taken apart again by year, but added up over all
points and over all stations, so that this costs a few hundred columns and not a network a year.
"""

import numpy as np
from numpy.typing import NDArray

from ainalym.plan.network import balance
from ainalym.plan.parts import CAPACITY, LIMITS, Lane, Network, Work
from ainalym.units import KG_PER_T

YEARS = "the years of a period"
ANYWHERE = -1
"""Stands for whichever station, in lanes of all stations together."""


def law_of_years(net: Network) -> NDArray[np.int64]:
    """Take every lumped period apart by year, for all points and all stations together.

    Parameters
    ----------
    net
        With all its laws.

    Returns
    -------
    Columns of what full points turn away in each year of the last period, t of the first year's
    waste, of the same that people bring in all of them; shape (fractions, years), without years if
    that period is a single one.
    """
    last = net.city.programme.last_build_year
    fractions = len(net.city.fractions)
    lost = np.zeros((fractions, 0), np.int64)
    for p, years in enumerate(net.periods.years):
        if len(years) == 1:
            continue
        sources = _sources(net, p, years)
        stations = _stations(net, p, years, sources)
        fraction_row = [net.material_row[f] for f in net.city.fractions]
        mass = net.program.rows(
            YEARS, (1, len(net.city.materials), len(years)), lower=0.0, upper=0.0
        )
        balance(net, mass, *sources)
        settled = years.min() >= last
        brought = net.program.columns("brought", (fractions, 1 if settled else len(years)))
        net.program.put(mass[0, fraction_row], brought, 1.0)
        if settled:
            lost = net.program.columns("turned away", (fractions, len(years)))
            net.program.put(mass[0, fraction_row], lost, -1.0)
        _hold_limits(net, years, (sources[1], stations[1]))
        _hold_capacity(net, years, stations[0])
    return lost


def _sources(net: Network, p: int, years: NDArray[np.int64]) -> tuple[Work, Lane]:
    """What all points work and ship, by year; which station takes it stays open."""
    work, lane = net.source_work, net.source_lane
    target = np.where(np.isin(lane.target, net.stations), ANYWHERE, lane.target)
    return _work(net, p, years, work), _lane(net, p, years, lane, target)


def _stations(net: Network, p: int, years, sources: tuple[Work, Lane]) -> tuple[Work, Lane]:
    """What all stations work and ship, by year: what the points sent."""
    work = _work(net, p, years, net.station_work)
    lane = _lane(net, p, years, net.station_lane, net.station_lane.target)
    mass = net.program.rows(YEARS, (1, len(net.city.materials), len(years)), lower=0.0, upper=0.0)
    balance(net, mass, work, lane)
    sent = sources[1]
    here = sent.target == ANYWHERE
    net.program.put(mass[0, sent.material[here]], sent.flow[0, here], 1.0)
    return work, lane


def _work(net: Network, p: int, years: NDArray[np.int64], work: Work) -> Work:
    intake = net.program.columns("worked", (1, len(work.process), len(years)))
    _mean(net, p, years, intake[0], work.intake[..., p])
    return Work(process=work.process, material=work.material, intake=intake)


def _lane(
    net: Network, p: int, years: NDArray[np.int64], lane: Lane, target: NDArray[np.int64]
) -> Lane:
    """Lanes with the same end and material become one."""
    ends, one = np.unique(np.column_stack([target, lane.material]), axis=0, return_inverse=True)
    flow = net.program.columns("shipped", (1, len(ends), len(years)))
    one = one.ravel()
    # What all stations take in follows from what leaves them, year by year: no rows for that.
    for k in np.flatnonzero(ends[:, 0] != ANYWHERE):
        _mean(net, p, years, flow[0, k : k + 1], lane.flow[:, one == k, p].reshape(-1, 1))
    return Lane(target=ends[:, 0], material=ends[:, 1], flow=flow)


def _mean(
    net: Network, p: int, years: NDArray[np.int64], by_year: NDArray, lumped: NDArray
) -> None:
    """Rows: the mean of columns (things, years) is the sum of columns (origins, things)."""
    rows = net.program.rows(YEARS, len(by_year), lower=0.0, upper=0.0)
    net.program.put(rows[:, None], by_year, net.periods.of_flow[p, years])
    net.program.put(rows, lumped, -1.0)


def _hold_capacity(net: Network, years: NDArray[np.int64], work: Work) -> None:
    """No year works more than what is installed by then at all stations."""
    program, steps, growth = net.program, net.station_steps, net.city.programme.growth
    for p in np.unique(work.process):
        rows = program.rows(CAPACITY, len(years), upper=0.0)
        program.put(rows, work.intake[0, work.process == p], growth[years])
        sizes = steps.process == p
        bought = [net.city.processes[p].steps[s] for s in steps.step[sizes]]
        capacity_t = np.array([step.capacity_kg_per_year for step in bought]) / KG_PER_T
        program.put(rows, steps.installed[:, sizes][..., years], -capacity_t[:, None])


def _hold_limits(net: Network, years: NDArray[np.int64], lanes: tuple[Lane, ...]) -> None:
    """No year delivers more than its taker wants."""
    program, city, growth = net.program, net.city, net.city.programme.growth
    for offer in city.offers:
        if np.isfinite(offer.limit_kg_per_year):
            site, material = city.sites.row[offer.site], net.material_row[offer.material]
            rows = program.rows(LIMITS, len(years), upper=offer.limit_kg_per_year / KG_PER_T)
            for lane in lanes:
                here = (lane.target == site) & (lane.material == material)
                program.put(rows, lane.flow[0, here], growth[years])
