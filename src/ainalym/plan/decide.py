"""Deciding stations, lines and presses for what given points will bring."""

import threading

import numpy as np
from numpy.typing import NDArray

from ainalym.model.city import City
from ainalym.model.place import SiteKind, SiteStatus
from ainalym.model.plan import NEVER, Installed
from ainalym.model.travel import Travel
from ainalym.plan.households import Pairs, brings, captured
from ainalym.plan.network import network_of
from ainalym.plan.parts import CATEGORIES, Cover, Network
from ainalym.plan.periods import Periods, building_years
from ainalym.plan.settle import open_from_start
from ainalym.plan.worth import MINOR_PER_UNIT
from ainalym.solve.linear import Solution
from ainalym.units import KG_PER_T

ZONES = 12
"""Zones that points are lumped into while stations are decided."""

Design = tuple[NDArray[np.int32], tuple[Installed, ...]]
"""Opening years of stations by site row, and steps installed."""


def decide(
    city: City,
    travel: Travel,
    pairs: Pairs,
    opened: NDArray[np.int32],
    stations: NDArray[np.int64],
    *,
    seconds: float,
    gap_allowed: float,
    asked: threading.Event | None = None,
) -> Design | None:
    """Decide which stations to open and what to install, for points that are given.

    Points are lumped into zones that lie as far from each station as their points do on
    average. So this is a suggestion: flows are settled, and the plan recounted, exactly.

    Parameters
    ----------
    opened
        Opening years of points by site row.
    stations
        Rows of the stations to decide about; the fewer, the faster.
    seconds, gap_allowed
        When to stop.
    asked
        What asks to stop at once, with the best so far.
    """
    points = city.sites.rows(SiteKind.POINT)
    points = points[opened[points] != NEVER]
    periods = building_years(city)
    mass_t, haul_m = _arrivals(city, travel, pairs, periods, opened, points)
    net = network_of(city, haul_m, travel.haul_m, stations, periods)
    came = net.program.columns("came", mass_t.shape, lower=mass_t, upper=mass_t)
    fraction_row = [net.material_row[f] for f in city.fractions]
    net.program.put(net.source_mass[:, fraction_row], came, 1.0)
    _pay_points(net, opened, points)
    net.program.asked = asked
    answer = net.program.solve(seconds=seconds, gap_allowed=gap_allowed)
    return None if answer.value is None else read_design(net, answer.value)


def _arrivals(
    city: City,
    travel: Travel,
    pairs: Pairs,
    periods: Periods,
    opened: NDArray[np.int32],
    points: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Tonnes by zone, fraction and period, and how far zones lie from sites on average."""
    mass_t = np.zeros((len(points), len(city.fractions), len(periods)))
    is_open = np.zeros(len(city.sites), bool)
    for p, years in enumerate(periods.years):
        for t in years:
            is_open[points] = opened[points] <= t
            growth = float(city.programme.growth[t])
            caught_kg = captured(city, pairs, brings(pairs, is_open), growth)[points]
            mass_t[:, :, p] += caught_kg / (KG_PER_T * growth) * periods.of_flow[p, t]
    zone = zones(np.column_stack([city.sites.lon[points], city.sites.lat[points]]), ZONES)
    count = int(zone.max(initial=0)) + 1
    weight = mass_t.sum((1, 2)) + 1e-9
    haul_m = np.zeros((count, len(city.sites)))
    np.add.at(haul_m, zone, travel.haul_m[points] * weight[:, None])
    haul_m /= np.bincount(zone, weight, count)[:, None] if len(points) else 1.0
    lumped_t = np.zeros((count, *mass_t.shape[1:]))
    np.add.at(lumped_t, zone, mass_t)
    return lumped_t, haul_m


def zones(spot: NDArray[np.float64], parts: int) -> NDArray[np.int64]:
    """Split spots into about `parts` groups of equal size, always across the longer side."""
    label = np.zeros(len(spot), np.int64)
    heap = [np.arange(len(spot))]
    while len(heap) < parts:
        heap.sort(key=len)
        rows = heap.pop()
        if len(rows) < 2:
            heap.append(rows)
            break
        side = int(np.argmax(np.ptp(spot[rows], axis=0)))
        rows = rows[np.argsort(spot[rows, side], kind="stable")]
        heap += [rows[: len(rows) // 2], rows[len(rows) // 2 :]]
    for k, rows in enumerate(sorted(heap, key=lambda r: tuple(spot[r].mean(0)) if len(r) else ())):
        label[rows] = k
    return label


def _pay_points(net: Network, opened: NDArray[np.int32], points: NDArray[np.int64]) -> None:
    """Points are paid for out of the same budget."""
    sites = net.city.sites
    new = points[~sites.has_status(SiteStatus.EXISTING)[points]]
    spent = np.bincount(opened[new], sites.capex_minor[new], net.years) / MINOR_PER_UNIT
    paid = net.program.columns("points are paid", net.years, lower=spent, upper=spent)
    net.program.put(net.budget[CATEGORIES.index(Cover.POINTS)], paid, 1.0)


def read_design(net: Network, solution: Solution) -> Design:
    """Read opening years of stations, and steps, from a whole solution."""
    city, opened = net.city, open_from_start(net.city)
    level = solution.value[net.station_open] > 0.5
    for k, station in enumerate(net.stations):
        if level[k].any():
            opened[station] = int(np.argmax(level[k]))
    installed = []
    for sites, steps in (
        (net.stations, net.station_steps),
        (net.stockpiles, net.stock_steps),
    ):
        level = solution.value[steps.installed] > 0.5
        for k, s in zip(*np.nonzero(level.any(-1)), strict=True):
            installed.append(
                Installed(
                    site=city.sites.id[sites[k]],
                    process=city.processes[steps.process[s]].id,
                    step=int(steps.step[s]),
                    year=int(np.argmax(level[k, s])),
                )
            )
    return opened, tuple(installed)
