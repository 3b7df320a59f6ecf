"""The staged network as a mixed-integer program: one function per law of the model.

Mass is tonnes and money thousands of the major unit, so that numbers stay near one. What brings
material in (collection points, or zones of them) is a row of `Sources`; all else is the city.
"""

from math import inf

import numpy as np
from numpy.typing import NDArray

from ainalym.answer import Sense
from ainalym.model.city import City
from ainalym.model.place import SiteKind, SiteStatus
from ainalym.model.process import LOSS, Process
from ainalym.model.programme import Cover, Objective
from ainalym.plan.parts import (
    BUDGET,
    CAPACITY,
    CATEGORIES,
    COUNT,
    FORCED,
    LIMITS,
    MASS_AT_POINTS,
    MASS_AT_STATIONS,
    MASS_AT_STOCKPILES,
    OPENING,
    TARGET,
    Lane,
    Network,
    Steps,
    Work,
    charge,
    levels,
    station_intake,
)
from ainalym.plan.periods import Periods
from ainalym.plan.worth import MINOR_PER_UNIT, counts_as_sold, worth_of
from ainalym.solve.linear import Linear
from ainalym.units import DAYS_PER_YEAR, KG_PER_T


def network_of(
    city: City,
    source_haul_m: NDArray,
    haul_m: NDArray,
    stations: NDArray[np.int64],
    periods: Periods,
    *,
    decided: bool = False,
    program: Linear | None = None,
) -> Network:
    """Write down the network of a city, all its laws but what its sources bring in.

    Parameters
    ----------
    city
        A city without faults.
    source_haul_m
        Metres on wheels from each source to each site row, shape (sources, sites); `inf` where
        no road leads.
    haul_m
        The same between site rows, shape (sites, sites).
    stations
        Rows of the stations the program may use.
    periods
        Years that flows are lumped into.
    decided
        Whether what is opened and installed is known already, and so the budget: the caller
        holds those columns, and the laws about them are left out.
    program
        An empty one to write it into; one that can be solved if None.
    """
    if program is None:
        # Met only here, so that a bound can be proven where there is no solver at all.
        from ainalym.solve.mip import Program

        program = Program(Sense.MAX)
    piles = city.sites.rows(SiteKind.STOCKPILE)
    net = Network(
        city=city,
        periods=periods,
        worth=worth_of(city, periods),
        program=program,
        source_haul_m=source_haul_m,
        stations=stations,
        stockpiles=piles[~city.sites.has_status(SiteStatus.FORBIDDEN)[piles]],
        haul_m=haul_m,
        material_row={m.id: k for k, m in enumerate(city.materials)},
    )
    law_of_sources(net)
    law_of_stations(net)
    law_of_stockpiles(net)
    law_of_limits(net)
    if not decided:
        law_of_opening(net)
        law_of_budget(net)
    law_of_target(net)
    return net


def law_of_sources(net: Network) -> None:
    """Mass at the sources: what comes in is worked at the counter or shipped, by material."""
    city = net.city
    net.source_work = _work(net, SiteKind.POINT, len(net.source_haul_m))
    made = _made(net, net.source_work)
    work = net.source_work
    held = sorted({net.material_row[f] for f in city.fractions} | made | {*work.material.tolist()})
    taken = [m for m in held if _station_takes(net, m)]
    dumped = [(site, m) for site, m in _offers(net, SiteKind.LANDFILL) if m in held]
    lanes = [(k, m) for k in net.stations for m in taken]
    net.source_lane = _lane(net, lanes + dumped, net.source_haul_m, SiteKind.POINT)
    shape = (len(net.source_haul_m), len(held), len(net.periods))
    # What no source can have needs no rows of its own: one, of nothing, stands for all of these.
    rows = net.program.rows(MASS_AT_POINTS, shape, lower=0.0, upper=0.0)
    none = net.program.rows(MASS_AT_POINTS, 1, lower=0.0, upper=0.0)
    net.source_mass = np.full((shape[0], len(city.materials), shape[2]), none)
    net.source_mass[:, held] = rows
    balance(net, net.source_mass, work, net.source_lane)


def law_of_stations(net: Network) -> None:
    """Mass and capacity at the stations: arrived and made = worked and shipped."""
    net.station_work = _work(net, SiteKind.STATION, len(net.stations))
    lanes = _offers(net, SiteKind.PLANT) + _offers(net, SiteKind.LANDFILL)
    possible = set(net.source_lane.material.tolist()) | _made(net, net.station_work)
    lanes = [(site, m) for site, m in lanes if m in possible]
    net.station_lane = _lane(net, lanes, net.haul_m[net.stations], SiteKind.STATION)
    shape = (len(net.stations), len(net.city.materials), len(net.periods))
    mass = net.program.rows(MASS_AT_STATIONS, shape, lower=0.0, upper=0.0)
    balance(net, mass, net.station_work, net.station_lane)
    for k, station in enumerate(net.stations):
        here = net.source_lane.target == station
        net.program.put(mass[k][net.source_lane.material[here]], station_intake(net, k), 1.0)
    fixed = net.worth.spent(net.city.sites.fixed_minor_per_year[net.stations])
    net.station_open = levels(net, "open", (len(net.stations),), fixed)
    net.station_steps = _steps(net, SiteKind.STATION, net.stations)
    _capacity(net, net.station_work, net.station_steps)


def law_of_stockpiles(net: Network) -> None:
    """Mass at the stockpiles: what is drawn over the years is no more than what lies there."""
    city, piles = net.city, net.stockpiles
    net.stock_work = _work(net, SiteKind.STOCKPILE, len(piles))
    lanes = _offers(net, SiteKind.PLANT) + _offers(net, SiteKind.LANDFILL)
    held = {net.material_row[city.sites.holds[k]] for k in piles}
    lanes = [(s, m) for s, m in lanes if m in held | _made(net, net.stock_work)]
    net.stock_lane = _lane(net, lanes, net.haul_m[piles], SiteKind.STOCKPILE)
    shape = (len(piles), len(city.materials), len(net.periods))
    mass = net.program.rows(MASS_AT_STOCKPILES, shape, lower=0.0, upper=0.0)
    balance(net, mass, net.stock_work, net.stock_lane)
    drawn = net.program.columns("drawn", (len(piles), len(net.periods)))
    for k, pile in enumerate(piles):
        net.program.put(mass[k, net.material_row[city.sites.holds[pile]]], drawn[k], 1.0)
    stock = net.program.rows(
        MASS_AT_STOCKPILES, len(piles), upper=city.sites.stock_kg[piles] / KG_PER_T
    )
    net.program.put(stock[:, None], drawn, net.periods.total_least)
    net.stock_steps = _steps(net, SiteKind.STOCKPILE, piles)
    _capacity(net, net.stock_work, net.stock_steps)


def law_of_limits(net: Network) -> None:
    """The limits of plants and landfills: no more of a material in a year than they offer for."""
    for offer in net.city.offers:
        if offer.limit_kg_per_year == inf:
            continue
        site, material = net.city.sites.row[offer.site], net.material_row[offer.material]
        limit = offer.limit_kg_per_year / KG_PER_T * net.periods.of_size.sum(1)
        row = net.program.rows(LIMITS, len(net.periods), upper=limit)
        for lane in (net.source_lane, net.station_lane, net.stock_lane):
            here = (lane.target == site) & (lane.material == material)
            net.program.put(row, lane.flow[:, here], 1.0)


def law_of_opening(net: Network) -> None:
    """Opening once, as many stations as asked for, and installing only where it is open."""
    city, program = net.city, net.program
    _rising(net, net.station_open)
    rows = program.rows(OPENING, net.station_steps.installed.shape, upper=0.0)
    program.put(rows, net.station_steps.installed, 1.0)
    program.put(rows, net.station_open[:, None], -1.0)
    existing = city.sites.has_status(SiteStatus.EXISTING)[net.stations]
    program.change_bounds(net.station_open[existing], 1.0, 1.0)
    forced = city.sites.has_status(SiteStatus.FORCED)[net.stations]
    must = program.rows(FORCED, int(forced.sum()), lower=1.0)
    program.put(must, net.station_open[forced, -1], 1.0)
    asked = city.programme.stations
    lower = asked if city.programme.exactly else 0
    count = program.rows(COUNT, 1, lower=lower, upper=asked)
    program.put(count, net.station_open[~existing, -1], 1.0)
    net.counts = (
        _count(net, "stations", net.station_open),
        _count(net, "steps", net.station_steps.installed),
    )
    used = program.rows(OPENING, (len(net.stations), len(net.periods)), upper=0.0)
    most_t = city.places.waste_kg_per_day.sum() * DAYS_PER_YEAR / KG_PER_T
    for p, years in enumerate(net.periods.years):
        share = net.periods.of_flow[p, years]
        program.put(used[:, p, None], net.station_open[:, years], -most_t * share)
    # What a station takes in is what it works and ships less what it makes, which is fewer columns.
    work, lane = net.station_work, net.station_lane
    program.put(used[:, None], lane.flow, 1.0)
    for k, (p, m) in enumerate(zip(work.process, work.material, strict=True)):
        process, taken = city.processes[p], city.materials[m].id
        kept = sum(process.share(taken, made) for made in process.recipe_ppm[taken] if made != LOSS)
        program.put(used, work.intake[:, k], 1.0 - kept)


def law_of_budget(net: Network) -> None:
    """The budget: each category is paid by funds that cover it; unspent money is carried over."""
    city, program, t = net.city, net.program, net.years
    net.budget = program.rows(BUDGET, (len(CATEGORIES), t), lower=0.0, upper=0.0)
    new = ~city.sites.has_status(SiteStatus.EXISTING)[net.stations]
    capex = city.sites.capex_minor[net.stations] * new
    charge(net, Cover.STATIONS, net.station_open, capex)
    for cover, steps in (
        (Cover.STATIONS, net.station_steps),
        (Cover.STOCKPILES, net.stock_steps),
    ):
        bought = [
            city.processes[p].steps[s].capex_minor
            for p, s in zip(steps.process, steps.step, strict=True)
        ]
        charge(net, cover, steps.installed, np.array(bought, float))
    _charge_stockpiles(net)
    funds = city.programme.funds
    pays = program.columns("pays", (len(funds), len(CATEGORIES), t))
    program.put(net.budget[None], pays, -1.0)
    amounts = np.array([fund.amount_minor for fund in funds], float).reshape(len(funds), t)
    net.funds = program.rows(BUDGET, (len(funds), t), upper=amounts.cumsum(1) / MINOR_PER_UNIT)
    for f, fund in enumerate(funds):
        for c, category in enumerate(CATEGORIES):
            if fund.covers not in (Cover.ANYTHING, category):
                program.change_bounds(pays[f, c], 0.0, 0.0)
        for year in range(t):
            program.put(net.funds[f, year:], pays[f, :, year, None], 1.0)


def law_of_target(net: Network) -> None:
    """The recovery target: enough of what people throw away is sold over the horizon."""
    programme = net.city.programme
    if programme.objective is not Objective.COST:
        return
    thrown_kg = net.city.places.waste_kg_per_day.sum() * DAYS_PER_YEAR * programme.growth.sum()
    row = net.program.rows(TARGET, 1, lower=programme.target_share * thrown_kg / KG_PER_T)
    total = net.periods.total_most
    lane = net.station_lane
    sold = [_is_sold(net, s, m) for s, m in zip(lane.target, lane.material, strict=True)]
    net.program.put(row, lane.flow[:, sold], total)


def _charge_stockpiles(net: Network) -> None:
    """A stockpile is opened, once, when its first press is installed."""
    city, program = net.city, net.program
    fixed = net.worth.spent(city.sites.fixed_minor_per_year[net.stockpiles])
    net.works = levels(net, "works", (len(net.stockpiles),), fixed)
    _rising(net, net.works)
    rows = program.rows(OPENING, net.stock_steps.installed.shape, upper=0.0)
    program.put(rows, net.stock_steps.installed, 1.0)
    program.put(rows, net.works[:, None], -1.0)
    new = ~city.sites.has_status(SiteStatus.EXISTING)[net.stockpiles]
    charge(net, Cover.STOCKPILES, net.works, city.sites.capex_minor[net.stockpiles] * new)


def _work(net: Network, at: SiteKind, count: int) -> Work:
    city = net.city
    pairs = [
        (p, net.material_row[taken])
        for p, process in enumerate(city.processes)
        if process.at is at
        for taken in process.recipe_ppm
    ]
    process, material = _columns_of(pairs)
    gain = np.zeros((len(pairs), len(net.periods)))
    for k, p in enumerate(process):
        kind = city.processes[p]
        gain[k] = net.worth.worked(kind.cost_minor_per_kg, kind.emissions_kg_per_kg)
    intake = net.program.columns(f"{at} work", (count, len(pairs), len(net.periods)), gain=gain)
    return Work(process=process, material=material, intake=intake)


def _lane(net: Network, lanes: list, way_m: NDArray, origin: SiteKind) -> Lane:
    target, material = _columns_of(lanes)
    shape = (len(way_m), len(lanes), len(net.periods))
    gain = np.zeros(shape)
    if len(lanes) and len(way_m):
        gain += net.worth.carried(net.city.haul(origin), way_m[:, target])
        for k, (site, m) in enumerate(lanes):
            if net.city.sites.kind[site] in (SiteKind.PLANT, SiteKind.LANDFILL):
                gain[:, k] += net.worth.delivered(net.city, site, net.city.materials[m].id)
    upper = np.broadcast_to(np.where(np.isfinite(way_m[:, target]), inf, 0.0)[..., None], shape)
    flow = net.program.columns(f"{origin} ships", shape, gain=gain, upper=upper)
    return Lane(target=target, material=material, flow=flow)


def balance(net: Network, mass: NDArray[np.int64], work: Work, lane: Lane) -> None:
    """Made - worked - shipped, in rows (sites, materials, periods)."""
    put = net.program.put
    for k, (p, m) in enumerate(zip(work.process, work.material, strict=True)):
        put(mass[:, m], work.intake[:, k], -1.0)
        process = net.city.processes[p]
        taken = net.city.materials[m].id
        for made in process.recipe_ppm[taken]:
            if made != LOSS:
                share = process.share(taken, made)
                put(mass[:, net.material_row[made]], work.intake[:, k], share)
    put(mass[:, lane.material], lane.flow, -1.0)


def _steps(net: Network, at: SiteKind, sites: NDArray[np.int64]) -> Steps:
    bought = [
        (p, s)
        for p, process in enumerate(net.city.processes)
        if process.at is at and _may_stand(process, net, sites).any()
        for s in range(len(process.steps))
    ]
    process, step = _columns_of(bought)
    fixed = [net.city.processes[p].steps[s].fixed_minor_per_year for p, s in bought]
    gain = net.worth.spent(np.array(fixed, float))
    installed = levels(net, f"{at} installs", (len(sites), len(bought)), gain)
    for k, p in enumerate(process):
        useless = ~_may_stand(net.city.processes[p], net, sites)
        net.program.change_bounds(installed[useless, k], 0.0, 0.0)
    _rising(net, installed)
    return Steps(process=process, step=step, installed=installed)


def _capacity(net: Network, work: Work, steps: Steps) -> None:
    for p in np.unique(work.process):
        inputs, sizes = work.process == p, steps.process == p
        count = len(work.intake)
        rows = net.program.rows(CAPACITY, (count, len(net.periods)), upper=0.0)
        net.program.put(rows[:, None], work.intake[:, inputs], 1.0)
        capacity_t = np.array(
            [net.city.processes[p].steps[s].capacity_kg_per_year for s in steps.step[sizes]]
        )
        for p, years in enumerate(net.periods.years):
            size = capacity_t[:, None] / KG_PER_T * net.periods.of_size[p, years]
            net.program.put(rows[:, p, None, None], steps.installed[:, sizes][..., years], -size)


def _count(net: Network, name: str, level: NDArray[np.int64]) -> NDArray[np.int64]:
    """Columns that count over the sites: deciding how many comes before deciding which."""
    program = net.program
    building = level[..., : net.city.programme.last_build_year + 1]
    total = program.columns(f"how many {name}", building.shape[1:], integer=True)
    rows = program.rows(OPENING, building.shape[1:], lower=0.0, upper=0.0)
    program.put(rows, total, -1.0)
    program.put(rows[None], building, 1.0)
    return total


def _rising(net: Network, level: NDArray[np.int64]) -> None:
    """What is open stays open."""
    level = level[..., : net.city.programme.last_build_year + 1]
    if level.shape[-1] > 1 and level.size:
        rows = net.program.rows(OPENING, level[..., 1:].shape, lower=0.0)
        net.program.put(rows, level[..., 1:], 1.0)
        net.program.put(rows, level[..., :-1], -1.0)


def _made(net: Network, work: Work) -> set[int]:
    return {
        net.material_row[made]
        for p, m in zip(work.process, work.material, strict=True)
        for made in net.city.processes[p].recipe_ppm[net.city.materials[m].id]
        if made != LOSS
    }


def _offers(net: Network, kind: SiteKind) -> list[tuple[int, int]]:
    sites = net.city.sites
    return [
        (row, net.material_row[o.material])
        for o in net.city.offers
        for row in [sites.row[o.site]]
        if sites.kind[row] is kind and sites.status[row] is not SiteStatus.FORBIDDEN
    ]


def _station_takes(net: Network, material: int) -> bool:
    name = net.city.materials[material].id
    worked = any(p.at is SiteKind.STATION and name in p.recipe_ppm for p in net.city.processes)
    return worked or any(o.material == name for o in net.city.offers)


def _is_sold(net: Network, site: int, material: int) -> bool:
    return counts_as_sold(net.city, site, net.city.materials[material].id)


def _may_stand(process: Process, net: Network, sites: NDArray[np.int64]) -> NDArray[np.bool_]:
    """At stockpiles stands only what takes the material that lies there."""
    if process.at is not SiteKind.STOCKPILE:
        return np.ones(len(sites), bool)
    return np.array([net.city.sites.holds[k] in process.recipe_ppm for k in sites], bool)


def _columns_of(pairs: list[tuple[int, int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]
