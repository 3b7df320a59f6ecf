"""The joint bound: what no plan of points and network together can beat.

The master program holds the whole network with zones as sources, a level between 0 and 1 for
each point and year, and what each cluster of places brings. What a cluster can bring to points
opened to these levels is a concave function of the levels; cuts hold it from above. Each cut is
valid for every price of tonnes and every set of thresholds, so the program's bound holds at any
moment, whichever cuts were found.

Source
------
Cuts on covered gain: Cordeau, Furini & Ljubic, EJOR 275 (2019), doi 10.1016/j.ejor.2018.12.021;
separation in one pass: Duran-Mateluna, Ales & Elloumi, EJOR 308 (2023).
"""

from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ainalym.model.city import City
from ainalym.model.place import SiteKind, SiteStatus
from ainalym.model.programme import Cover
from ainalym.model.travel import Travel
from ainalym.plan.households import Pairs
from ainalym.plan.network import network_of
from ainalym.plan.parts import FORCED, Network, charge, levels
from ainalym.plan.periods import lumped
from ainalym.plan.zones import Zones
from ainalym.solve.mip import Solution
from ainalym.units import M_PER_KM

CAPTURE = "what people bring"
FLAT_SLACK = 5e-3
"""Violation below which a cut on bare tonnes is not worth a row."""

CUTS_KEPT = 3
"""Cuts for each cluster and period from which on idle ones are dropped."""


OPENING_POINTS = "opening points once"


@dataclass(slots=True, kw_only=True, eq=False)
class Master:
    """The master program: the network, levels of the points, what clusters bring, and cuts.

    Attributes
    ----------
    point
        Site rows of the points that may open, shape (points,).
    level
        Columns of each point's level, shape (points, years).
    brings
        Columns of what each profile brings, t in a year, shape (profiles, periods).
    extra
        Columns of each cluster's extra haulage, t km in a year, shape (clusters, periods).
    place, pair_point
        The place of each pair, and its point as a row of `point`.
    slot, slot_cluster, slot_point
        The row of each pair in the table of different (cluster, point) pairs, and that table.
    cuts
        How many cuts were added.
    """

    net: Network
    pairs: Pairs
    zones: Zones
    point: NDArray[np.int64]
    level: NDArray[np.int64] = field(init=False)
    brings: NDArray[np.int64] = field(init=False)
    extra: NDArray[np.int64] = field(init=False)
    brings_gain: NDArray[np.float64] = field(init=False)
    extra_gain: NDArray[np.float64] = field(init=False)
    pair_point: NDArray[np.int64] = field(init=False)
    slot: NDArray[np.int64] = field(init=False)
    slot_cluster: NDArray[np.int64] = field(init=False)
    slot_point: NDArray[np.int64] = field(init=False)
    mean_price: NDArray[np.float64] | None = None
    first_cut: int = 0
    """The id of the oldest cut that may be dropped."""
    cuts: int = 0


def master_of(city: City, travel: Travel, pairs: Pairs, zones: Zones) -> Master:
    """Write down the master program of a city, with the one cut that lets every point open."""
    stations = city.sites.rows(SiteKind.STATION)
    allowed = ~city.sites.has_status(SiteStatus.FORBIDDEN)
    stations = stations[allowed[stations]]
    net = network_of(city, zones.haul_m, travel.haul_m, stations, lumped(city), pooled=True)
    forced = city.sites.has_status(SiteStatus.FORCED)
    existing = city.sites.has_status(SiteStatus.EXISTING)
    points = city.sites.rows(SiteKind.POINT)
    used = np.zeros(len(city.sites), bool)
    used[pairs.site] = True
    point = points[allowed[points] & (used | forced | existing)[points]]
    master = Master(net=net, pairs=pairs, zones=zones, point=point)
    _index_pairs(master)
    _law_of_levels(master, forced[point], existing[point])
    _law_of_bringing(master)
    add_cuts(master, np.ones((len(point), net.years)), None)
    master.first_cut = net.program.n_rows
    return master


def _index_pairs(master: Master) -> None:
    row = np.full(len(master.net.city.sites), -1)
    row[master.point] = np.arange(len(master.point))
    master.pair_point = row[master.pairs.site]
    place = np.repeat(np.arange(len(master.zones.cluster)), np.diff(master.pairs.start))
    key = master.zones.cluster[place] * len(master.point) + master.pair_point
    distinct, master.slot = np.unique(key, return_inverse=True)
    master.slot_cluster, master.slot_point = np.divmod(distinct, max(1, len(master.point)))


def _law_of_levels(master: Master, forced: NDArray, existing: NDArray) -> None:
    net, sites = master.net, master.net.city.sites
    fixed = net.worth.spent(sites.fixed_minor_per_year[master.point])
    master.level = levels(net, "level", (len(master.point),), fixed, integer=False)
    building = master.level[:, : net.city.programme.last_build_year + 1]
    if building.shape[1] > 1:
        rows = net.program.rows(OPENING_POINTS, building[:, 1:].shape, lower=0.0)
        net.program.put(rows, building[:, 1:], 1.0)
        net.program.put(rows, building[:, :-1], -1.0)
    net.program.change_bounds(master.level[existing], 1.0, 1.0)
    must = net.program.rows(FORCED, int(forced.sum()), lower=1.0)
    net.program.put(must, master.level[forced, -1], 1.0)
    charge(net, Cover.POINTS, master.level, sites.capex_minor[master.point] * ~existing)


def _law_of_bringing(master: Master) -> None:
    """What profiles bring arrives in their zone and is paid for; extra haulage costs."""
    net, zones, city = master.net, master.zones, master.net.city
    terms = [
        c.support_minor_per_kg - c.buyback_minor_per_kg - c.handling_minor_per_kg
        for c in (city.counter[f] for f in city.fractions)
    ]
    master.brings_gain = net.worth.paid(zones.profile_share @ np.array(terms))
    shape = master.brings_gain.shape
    master.brings = net.program.columns("brings", shape, gain=master.brings_gain)
    zone = zones.zone[zones.profile_cluster]
    for f, fraction in enumerate(city.fractions):
        rows = net.source_mass[zone, net.material_row[fraction]]
        net.program.put(rows, master.brings, zones.profile_share[:, f, None])
    near, far = (net.worth.carried(city.haul(SiteKind.POINT), way) for way in (0.0, M_PER_KM))
    master.extra_gain = far - near
    shape = (len(zones.zone), len(net.periods))
    master.extra = net.program.columns("extra", shape, gain=master.extra_gain)


def prices_of(master: Master, solution: Solution) -> NDArray[np.float64]:
    """Read what one tonne of each fraction is worth in each zone and period.

    The counter's own terms are included; shape (zones, fractions, periods).
    """
    net, city = master.net, master.net.city
    rows = net.source_mass[:, [net.material_row[f] for f in city.fractions]]
    terms = [
        c.support_minor_per_kg - c.buyback_minor_per_kg - c.handling_minor_per_kg
        for c in (city.counter[f] for f in city.fractions)
    ]
    return net.worth.paid(np.array(terms)) - solution.dual[rows]


def add_cuts(
    master: Master, level: NDArray[np.float64], solution: Solution | None, *, slack: float = 1e-7
) -> int:
    """Add the cuts that a solution violates; tell how many.

    For every cluster and period there is one that prices tonnes as the solution does, one at
    the mean of earlier prices, and, for where a full line makes the last tonne worthless, one
    that weighs all tonnes the same and one for each mix.

    Parameters
    ----------
    master
        Gains rows.
    level
        Where cuts are made, shape (points, years) in [0, 1]; need not be the solution's own.
    solution
        Of the relaxed master, whose duals price the tonnes; None for a first cut everywhere.
    slack
        How much violation, as a share of what the cluster is worth, is not worth a row.
    """
    zones = master.zones
    place = np.repeat(np.arange(len(zones.cluster)), np.diff(master.pairs.start))
    pair_zone, owner = zones.zone[zones.cluster[place]], zones.profile_cluster
    ranks = range(zones.part_t.shape[1])
    flat = [(zones.part_t.sum(1), np.ones(len(owner)), 0.0)]
    if len(ranks) > 1 and solution is not None:
        flat += [(zones.part_t[:, r], (zones.profile_rank == r).astype(float), 0.0) for r in ranks]
    prices = []
    if solution is not None:
        price = prices_of(master, solution)
        older = price if master.mean_price is None else master.mean_price
        master.mean_price = 0.5 * price + 0.5 * older
        prices = [price, master.mean_price]
    added = 0
    for t in range(len(master.net.periods)):
        ways: list[tuple] = []
        for price in prices:
            worth = np.einsum("kf,kf->k", zones.mass_t, price[pair_zone, :, t])
            worth += master.extra_gain[t] * zones.extra_t_km
            of_profile = np.einsum("cf,cf->c", zones.profile_share, price[zones.zone[owner], :, t])
            ways.append((worth, of_profile, master.extra_gain[t]))
        for way in ways:
            added += _add_cuts_of(master, level, solution, *way, t, slack)
        for way in flat:
            added += _add_cuts_of(master, level, solution, *way, t, max(slack, FLAT_SLACK))
    master.cuts += added
    return added


def drop_idle_cuts(
    master: Master, solution: Solution, *, since: int | None = None, many: int | None = None
) -> None:
    """Drop cuts that a relaxed solution stays clear of, once they are many.

    They are found again where they matter; a program with few rows solves faster. A cut without
    a price is kept when it binds: it may hold back tonnes that happen to be worth nothing now.

    Parameters
    ----------
    since
        The row from which on cuts may go; all but the first ones, if not given.
    many
        How many are left alone; a few for each cluster and period, if not given.
    """
    program = master.net.program
    since = master.first_cut if since is None else since
    if many is None:
        many = CUTS_KEPT * len(master.zones.zone) * len(master.net.periods)
    if program.n_rows - since > many:
        program.drop_rows(since, program.room(solution.value, since) < 1e-6)


def _add_cuts_of(master, level, solution, worth, of_profile, extra, t, slack) -> int:
    """Cuts of one period, at one worth of each pair and of each mix."""
    zones, clusters = master.zones, len(master.zones.zone)
    of_flow = master.net.periods.of_flow[t]
    base, rise = _cut(
        master.pairs.start,
        master.pair_point,
        worth,
        level @ of_flow,
        zones.cluster,
        master.slot,
        clusters,
        len(master.slot_point),
    )
    owner = zones.profile_cluster
    scale = np.maximum(1e-9, base + np.bincount(master.slot_cluster, rise, clusters))
    wanted = np.arange(clusters)
    if solution is not None:
        left = np.bincount(owner, of_profile * solution.value[master.brings[:, t]], clusters)
        left += extra * solution.value[master.extra[:, t]]
        mean = np.clip(solution.value[master.level], 0.0, 1.0) @ of_flow
        risen = np.bincount(master.slot_cluster, rise * mean[master.slot_point], clusters)
        wanted = np.flatnonzero(left - base - risen > slack * scale)
    return _write_cuts(master, t, wanted, of_profile, extra, base, rise, scale)


def _write_cuts(master, t, wanted, worth_of_profile, extra, base, rise, scale) -> int:
    """Rows: worth brought - risen level <= base, scaled to a unit."""
    program, zones, periods = master.net.program, master.zones, master.net.periods
    unit = 1.0 / scale
    row_of = np.full(len(zones.zone), -1)
    row_of[wanted] = program.rows(CAPTURE, len(wanted), upper=(base * unit)[wanted])
    mine = row_of[zones.profile_cluster] >= 0
    owner = zones.profile_cluster[mine]
    program.put(row_of[owner], master.brings[mine, t], (worth_of_profile[mine]) * unit[owner])
    if extra:
        program.put(row_of[wanted], master.extra[wanted, t], extra * unit[wanted])
    mine = (row_of[master.slot_cluster] >= 0) & (rise > 0)
    owner = master.slot_cluster[mine]
    factor = -rise[mine] * unit[owner]
    years = periods.years[t]
    program.put(
        row_of[owner][:, None],
        master.level[master.slot_point[mine]][:, years],
        factor[:, None] * periods.of_flow[t, years],
    )
    return len(wanted)


@njit(cache=True)
def _cut(start, point, worth, level, cluster, slot, clusters, slots):
    """Thresholds of every place at these levels, summed by cluster and by (cluster, point)."""
    base = np.zeros(clusters)
    rise = np.zeros(slots)
    for i in range(len(start) - 1):
        a, b = start[i], start[i + 1]
        if a == b:
            continue
        order = a + np.argsort(-worth[a:b])
        threshold = 0.0
        filled = 0.0
        for k in order:
            if worth[k] <= 0.0:
                break
            filled += level[point[k]]
            if filled >= 1.0 - 1e-12:
                threshold = worth[k]
                break
        base[cluster[i]] += threshold
        for k in order:
            if worth[k] <= threshold:
                break
            rise[slot[k]] += worth[k] - threshold
    return base, rise
