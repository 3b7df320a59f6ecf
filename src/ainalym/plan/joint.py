"""The joint bound: what no plan of points and network together can beat.

The master program holds the whole network with every point as a source, a level between 0 and 1
for each point and year, and the share of its waste that each place brings to each point within
reach. It decides everything a plan decides and keeps every rule a plan keeps, but one: the
planner, not the household, says who brings where. So no plan beats its relaxation.

Source
------
The strong formulation of uncapacitated facility location, a row for each pair: Balinski (1965),
Integer programming: methods, uses, computation, Management Science 12(3), doi
10.1287/mnsc.12.3.253.
"""

import numpy as np
from numpy.typing import NDArray

from ainalym.model.city import City
from ainalym.model.place import SiteKind, SiteStatus
from ainalym.model.programme import Cover
from ainalym.model.travel import Travel
from ainalym.plan.crowds import law_of_crowds, law_of_losses
from ainalym.plan.households import Pairs
from ainalym.plan.keepers import counter_minor_per_kg, earned_minor_per_kg, law_of_keepers
from ainalym.plan.master import Master
from ainalym.plan.network import network_of
from ainalym.plan.parts import FORCED, OPENING, charge, levels
from ainalym.plan.periods import lumped
from ainalym.plan.worth import MINOR_PER_UNIT
from ainalym.plan.years import law_of_years
from ainalym.solve.linear import Linear, Solution
from ainalym.units import KG_PER_T

BRINGING = "what people bring"
SERVING = "stations take in only when they are open"

SLACK_T = 1e-3
"""Tonnes a year by which a cut has to be violated to be worth a row."""


def master_of(
    city: City,
    travel: Travel,
    pairs: Pairs,
    program: Linear | None = None,
    *,
    share: NDArray[np.float64] | float = 1.0,
) -> Master:
    """Write down the master program of a city, into a program that can be solved if none is given.

    Parameters
    ----------
    program
        An empty one to write it into.
    share
        How much of its place each pair takes, shape (pairs,): less than 1 where a place stands for
        several, of which not all reach the point.
    """
    sites = city.sites
    allowed = ~sites.has_status(SiteStatus.FORBIDDEN)
    stations = sites.rows(SiteKind.STATION)
    stations = stations[allowed[stations]]
    always = sites.has_status(SiteStatus.FORCED) | sites.has_status(SiteStatus.EXISTING)
    used = np.zeros(len(sites), bool)
    used[pairs.site] = True
    point = sites.rows(SiteKind.POINT)
    point = point[allowed[point] & (used | always)[point]]
    ways = travel.haul_m[point], travel.haul_m
    net = network_of(city, *ways, stations, lumped(city), program=program)
    row = np.full(len(sites), -1)
    row[point] = np.arange(len(point))
    mass_t = pairs.mass_kg / KG_PER_T
    worth = net.worth.paid(mass_t @ counter_minor_per_kg(city))
    kin, of_kin = _kins(city)
    most_t = np.zeros((len(point), len(kin)))
    np.add.at(most_t, row[pairs.site], mass_t @ of_kin.T)
    fixed = net.worth.spent(sites.fixed_minor_per_year[point])
    master = Master(
        net=net,
        pairs=pairs,
        point=point,
        level=levels(net, "level", (len(point),), fixed),
        pair_point=row[pairs.site],
        mass_t=mass_t,
        brings=net.program.columns("brings", (len(pairs), len(net.periods)), gain=worth),
        kin=kin,
        most_t=most_t,
        cut=np.zeros((len(point), len(stations), len(kin), len(net.periods)), bool),
        chosen=np.zeros((len(pairs), len(net.periods)), bool),
    )
    _law_of_levels(master)
    _law_of_bringing(master, np.broadcast_to(share, len(pairs)))
    _law_of_keepers(master)
    master.crowds = law_of_crowds(master)
    law_of_losses(master, master.crowds, law_of_years(net))
    return master


def decisions(master: Master) -> tuple[NDArray[np.int64], ...]:
    """List what is decided, the most telling first.

    Returns
    -------
    Column ids of how many stations and steps of each size there are, and of what is done with
    the stockpiles; of which stations open; of which steps stand where; of the points.
    """
    net = master.net
    many = (*net.counts, net.works, net.stock_steps.installed)
    groups = many, (net.station_open,), (net.station_steps.installed,), (master.level,)
    return tuple(np.unique(np.concatenate([np.ravel(c) for c in group])) for group in groups)


def prices_of(master: Master, price: NDArray[np.float64]) -> NDArray[np.float64]:
    """Read what one tonne of each fraction is worth at each point in each period.

    The counter's own terms are included.

    Parameters
    ----------
    price
        Of each row.

    Returns
    -------
    Shape (points, fractions, periods).
    """
    net, city = master.net, master.net.city
    rows = net.source_mass[:, [net.material_row[f] for f in city.fractions]]
    return net.worth.paid(counter_minor_per_kg(city)) - price[rows]


def add_cuts(master: Master, solution: Solution) -> int:
    """Add the rows by which a point ships to a station only as far as that is open.

    The laws of the network say so for a station's whole intake. For what a single point ships of
    one kin it follows when stations are whole, and holds the relaxation back from spreading
    half-open stations all over a city.

    Returns
    -------
    How many rows were added.
    """
    net, lane = master.net, master.net.source_lane
    of_flow = net.periods.of_flow
    added = 0
    for k, station in enumerate(net.stations):
        is_open = solution.value[net.station_open[k]] @ of_flow.T
        for c, kin in enumerate(master.kin):
            here = (lane.target == station) & kin[lane.material]
            sent_t = solution.value[lane.flow[:, here]].sum(1)
            over_t = sent_t - master.most_t[:, c, None] * is_open
            at, p = np.nonzero((over_t > SLACK_T) & ~master.cut[:, k, c])
            write_cuts(master, at, k, c, p)
            added += len(at)
    return added


def cuts_of(master: Master) -> NDArray[np.int64]:
    """List the cuts in the order in which they were written, as in `Master.cuts`, all together."""
    return np.concatenate([np.zeros((0, 4), np.int64), *master.cuts])


def write_cuts(master: Master, at: NDArray[np.int64], k: int, c: int, p: NDArray[np.int64]) -> None:
    """Write cuts of points `at` in periods `p` for one station and one kin, which all plans keep.

    Parameters
    ----------
    at, p
        Rows of points and periods, shape (cuts,).
    k, c
        Row of the station, and of the kin.
    """
    net, program, lane = master.net, master.net.program, master.net.source_lane
    if not len(at):
        return
    master.cut[at, k, c, p] = True
    master.cuts.append(np.column_stack([at, np.full_like(at, k), np.full_like(at, c), p]))
    here = (lane.target == net.stations[k]) & master.kin[c][lane.material]
    rows = program.rows(SERVING, len(at), upper=0.0)
    program.put(rows[:, None], lane.flow[:, here][at, :, p], 1.0)
    factor = -master.most_t[at, c, None] * net.periods.of_flow[p]
    program.put(rows[:, None], np.broadcast_to(net.station_open[k], factor.shape), factor)


def _kins(city: City) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Sets of materials that are made of each other at points.

    Shape (kins, materials), and whether each fraction belongs there, shape (kins, fractions).
    """
    row = {m.id: k for k, m in enumerate(city.materials)}
    label = np.arange(len(row))
    for process in city.processes:
        if process.at is SiteKind.POINT:
            for taken, made in process.recipe_ppm.items():
                for name in made:
                    if name in row:
                        label[label == label[row[name]]] = label[row[taken]]
    fraction = np.array([row[f] for f in city.fractions])
    kin = np.array([label == k for k in np.unique(label[fraction])])
    return kin, kin[:, fraction].astype(float)


def _law_of_levels(master: Master) -> None:
    """What is open stays open, and is paid for once."""
    net, sites, point = master.net, master.net.city.sites, master.point
    forced = sites.has_status(SiteStatus.FORCED)[point]
    existing = sites.has_status(SiteStatus.EXISTING)[point]
    building = master.level[:, : net.city.programme.last_build_year + 1]
    master.rising = net.program.rows(OPENING, building[:, 1:].shape, lower=0.0)
    net.program.put(master.rising, building[:, 1:], 1.0)
    net.program.put(master.rising, building[:, :-1], -1.0)
    net.program.change_bounds(master.level[existing], 1.0, 1.0)
    must = net.program.rows(FORCED, int(forced.sum()), lower=1.0)
    net.program.put(must, master.level[forced, -1], 1.0)
    charge(net, Cover.POINTS, master.level, sites.capex_minor[point] * ~existing)


def _law_of_bringing(master: Master, share: NDArray[np.float64]) -> None:
    """A place brings its waste once, to points as far as they are open."""
    net, program, pairs = master.net, master.net.program, master.pairs
    periods = len(net.periods)
    for f, fraction in enumerate(net.city.fractions):
        rows = net.source_mass[master.pair_point, net.material_row[fraction]]
        program.put(rows, master.brings, master.mass_t[:, f, None])
    master.once = program.rows(BRINGING, (len(pairs.start) - 1, periods), upper=1.0)
    program.put(master.once[pairs.place], master.brings, share[:, None])
    master.under = program.rows(BRINGING, master.brings.shape, upper=0.0)
    program.put(master.under, master.brings, 1.0)
    _put_levels(master, master.under, master.pair_point, -net.periods.of_flow)


def _law_of_keepers(master: Master) -> None:
    """Keepers earn their least wherever a point is open."""
    net, sites = master.net, master.net.city.sites
    rows = master.keeps = law_of_keepers(net)
    earns = master.mass_t @ earned_minor_per_kg(net.city) * (KG_PER_T / MINOR_PER_UNIT)
    net.program.put(rows[master.pair_point], master.brings, earns[:, None])
    needed = net.city.programme.keeper_minor_per_year + sites.fixed_minor_per_year[master.point]
    _put_levels(
        master,
        rows,
        np.arange(len(master.point)),
        -net.periods.of_size,
        needed / MINOR_PER_UNIT,
    )


def _put_levels(
    master: Master,
    rows: NDArray[np.int64],
    at: NDArray[np.int64],
    share: NDArray[np.float64],
    factor: NDArray[np.float64] | float = 1.0,
) -> None:
    """Put the mean levels of the points `at` into rows (points, periods), times a factor."""
    factor = np.broadcast_to(factor, at.shape)[:, None]
    for p, years in enumerate(master.net.periods.years):
        level = master.level[at][:, years]
        master.net.program.put(rows[:, p, None], level, factor * share[p, years])
