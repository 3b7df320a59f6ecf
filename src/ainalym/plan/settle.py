"""Settling a plan: given what is open and installed, the best flows, closed to the last gram."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ainalym.model.city import City
from ainalym.model.place import SiteKind, SiteStatus
from ainalym.model.plan import NEVER, Flows, Installed, Plan, Worked
from ainalym.model.process import LOSS
from ainalym.model.travel import Travel
from ainalym.plan.households import Pairs, brings, captured
from ainalym.plan.keepers import earned_minor_per_kg, law_of_keepers
from ainalym.plan.network import network_of
from ainalym.plan.parts import Network
from ainalym.plan.periods import single_years
from ainalym.plan.worth import MINOR_PER_UNIT
from ainalym.units import KG_PER_T

SHORTFALL = -1e3
"""Worth of one thousand of keeper's income that nothing pays for: never worth it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Settled:
    """A plan, and what its keepers miss.

    Attributes
    ----------
    plan
        Flows are the best for what is open and installed.
    missing_minor
        What each keeper still misses after every allowed subsidy, shape (years, sites).
    """

    plan: Plan
    missing_minor: NDArray[np.float64]


def settle(
    city: City,
    travel: Travel,
    pairs: Pairs,
    opened: NDArray[np.int32],
    installed: Iterable[Installed],
    *,
    seconds: float = 60.0,
) -> Settled | None:
    """Find the best flows for what is open and installed; None when there are none.

    Households choose their points themselves. Keepers' least earnings are kept as far as gate
    payments and the allowed subsidy can; what is missing is told.

    Parameters
    ----------
    city, travel, pairs
        A city, its distances, and who can bring what where.
    opened
        Opening year of each site row, `NEVER` where closed, shape (sites,).
    installed
        Steps bought.
    seconds
        Most time for the linear program.
    """
    installed = tuple(installed)
    is_open = opened != NEVER
    points = city.sites.rows(SiteKind.POINT)
    points = points[is_open[points]]
    stations = city.sites.rows(SiteKind.STATION)
    stations = stations[is_open[stations]]
    caught_kg, brings_to = _catch(city, pairs, opened)
    net = network_of(
        city, travel.haul_m[points], travel.haul_m, stations, single_years(city), decided=True
    )
    fix_designs(net, opened, installed)
    for station in net.stations:
        lanes = net.source_lane.flow[:, net.source_lane.target == station]
        net.program.change_bounds(lanes[..., : opened[station]], 0.0, 0.0)
    _bring(net, points, caught_kg)
    short = _law_of_keepers(net, points, opened, caught_kg)
    answer = net.program.solve(seconds=seconds, relax=True)
    if answer.value is None:
        return None
    value = answer.value.value
    flows, worked = _push(net, points, caught_kg, value)
    missing = np.zeros((net.years, len(city.sites)))
    missing[:, points] = (value[short] * city.programme.growth).T * MINOR_PER_UNIT
    plan = Plan(
        opened=opened,
        brings_to=brings_to,
        captured_kg=caught_kg,
        installed=installed,
        worked=worked,
        flows=flows,
        subsidy_minor=np.zeros((net.years, len(city.sites))),
    )
    return Settled(plan=plan, missing_minor=missing)


def _catch(
    city: City, pairs: Pairs, opened: NDArray[np.int32]
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """What every point takes in and where every place brings, year by year."""
    years, sites = city.programme.years, len(city.sites)
    caught_kg = np.zeros((years, sites, len(city.fractions)))
    brings_to = np.full((years, len(city.places)), NEVER, np.int32)
    is_point = np.array([kind is SiteKind.POINT for kind in city.sites.kind])
    before: NDArray[np.bool_] | None = None
    for t in range(years):
        is_open = is_point & (opened != NEVER) & (opened <= t)
        if before is None or (is_open != before).any():
            chosen = brings(pairs, is_open)
            before = is_open
        caught_kg[t] = captured(city, pairs, chosen, float(city.programme.growth[t]))
        some = chosen >= 0
        brings_to[t, some] = pairs.site[chosen[some]]
    return caught_kg, brings_to


def fix_designs(net: Network, opened: NDArray[np.int32], installed: Iterable[Installed]) -> None:
    """Hold the stations and steps of a network at what is open and installed."""
    year = np.arange(net.years)
    at = opened[net.stations]
    is_open = ((at != NEVER)[:, None] & (at[:, None] <= year)).astype(float)
    net.program.change_bounds(net.station_open, is_open, is_open)
    rows = {name: k for k, name in enumerate(net.city.sites.id)}
    process_row = {p.id: k for k, p in enumerate(net.city.processes)}
    for sites, steps in (
        (net.stations, net.station_steps),
        (net.stockpiles, net.stock_steps),
    ):
        level = np.zeros(steps.installed.shape)
        for one in installed:
            k = np.flatnonzero(sites == rows[one.site])
            s = (steps.process == process_row[one.process]) & (steps.step == one.step)
            level[np.ix_(k, np.flatnonzero(s), np.arange(one.year, net.years))] = 1.0
        net.program.change_bounds(steps.installed, level, level)


def _bring(net: Network, points: NDArray[np.int64], caught_kg: NDArray) -> None:
    fraction_row = [net.material_row[f] for f in net.city.fractions]
    mass_t = caught_kg[:, points].transpose(1, 2, 0) / KG_PER_T / net.city.programme.growth
    came = net.program.columns("came", mass_t.shape, lower=mass_t, upper=mass_t)
    net.program.put(net.source_mass[:, fraction_row], came, 1.0)


def _law_of_keepers(
    net: Network, points: NDArray, opened: NDArray, caught_kg: NDArray
) -> NDArray[np.int64]:
    """Keepers earn their least, with a subsidy up to the limit; a shortfall is never worth it."""
    city, growth = net.city, net.city.programme.growth
    is_open = (opened[points][:, None] <= np.arange(net.years)).astype(float)
    least = city.programme.keeper_minor_per_year + city.sites.fixed_minor_per_year[points]
    earned = (caught_kg[:, points] @ earned_minor_per_kg(city)).T
    needed = (least[:, None] * is_open - earned) / growth / MINOR_PER_UNIT
    rows = law_of_keepers(net, needed)
    short = net.program.columns("shortfall", rows.shape, gain=SHORTFALL)
    net.program.put(rows, short, 1.0)
    return short


def _push(
    net: Network, points: NDArray, caught_kg: NDArray, value: NDArray
) -> tuple[Flows, Worked]:
    """Push what came in through the network in the program's proportions, so that mass closes.

    A linear program closes its rows to about one part in ten million; the plan closes them to
    the precision of a float.
    """
    city, years = net.city, net.years
    materials = len(city.materials)
    fraction_row = [net.material_row[f] for f in city.fractions]
    came = np.zeros((len(points), materials, years))
    came[:, fraction_row] = caught_kg[:, points].transpose(1, 2, 0)
    parts = [_push_sites(net, points, came, net.source_work, net.source_lane, value)]
    came = np.zeros((len(net.stations), materials, years))
    where = {site: k for k, site in enumerate(net.stations)}
    lane, moved = net.source_lane, parts[0][1]
    for k, (target, material) in enumerate(zip(lane.target, lane.material, strict=True)):
        if target in where:
            came[where[target], material] += moved[:, k].sum(0)
    parts.append(_push_sites(net, net.stations, came, net.station_work, net.station_lane, value))
    came = np.zeros((len(net.stockpiles), materials, years))
    for k, pile in enumerate(net.stockpiles):
        held = net.material_row[city.sites.holds[pile]]
        for works in (net.stock_work, net.stock_lane):
            ids = works.intake if works is net.stock_work else works.flow
            came[k, held] += value[ids[k, works.material == held]].sum(0) * KG_PER_T
        came[k, held] *= city.programme.growth
        came[k, held] = _within(came[k, held], city.sites.stock_kg[pile])
    parts.append(_push_sites(net, net.stockpiles, came, net.stock_work, net.stock_lane, value))
    return (
        Flows(**_merge([_flows_of(*p) for p in _triples(net, points, parts)])),
        Worked(**_merge([_worked_of(*p) for p in _triples(net, points, parts)])),
    )


def _within(drawn_kg: NDArray, stock_kg: float) -> NDArray:
    total = drawn_kg.sum()
    return drawn_kg * (stock_kg / total) if total > stock_kg else drawn_kg


def _push_sites(net, sites, came, work, lane, value) -> tuple[NDArray, NDArray]:
    """Intake (sites, pairs, years) and flow (sites, lanes, years) in kg, material by material."""
    taken_t = np.maximum(value[work.intake], 0.0)
    moved_t = np.maximum(value[lane.flow], 0.0)
    taken_kg, moved_kg = np.zeros_like(taken_t), np.zeros_like(moved_t)
    for m in in_order(net, work):
        works, lanes = work.material == m, lane.material == m
        total = taken_t[:, works].sum(1) + moved_t[:, lanes].sum(1)
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.where(total > 0, came[:, m] / total, 0.0)[:, None]
        taken_kg[:, works] = taken_t[:, works] * part
        moved_kg[:, lanes] = moved_t[:, lanes] * part
        for k in np.flatnonzero(works):
            process = net.city.processes[work.process[k]]
            for made in process.recipe_ppm[net.city.materials[m].id]:
                if made != LOSS:
                    share = process.share(net.city.materials[m].id, made)
                    came[:, net.material_row[made]] += taken_kg[:, k] * share
    return taken_kg, moved_kg


def in_order(net: Network, work) -> list[int]:
    """Materials so that each comes after all it is made of."""
    after: dict[int, set[int]] = {m: set() for m in range(len(net.city.materials))}
    for p, m in zip(work.process, work.material, strict=True):
        for made in net.city.processes[p].recipe_ppm[net.city.materials[m].id]:
            if made != LOSS and net.material_row[made] != m:
                after[net.material_row[made]].add(int(m))
    order: list[int] = []
    while after:
        ready = [m for m, before in after.items() if before <= set(order)] or [min(after)]
        order += ready
        for m in ready:
            del after[m]
    return order


def _triples(net, points, parts):
    sites = (points, net.stations, net.stockpiles)
    works = (net.source_work, net.station_work, net.stock_work)
    lanes = (net.source_lane, net.station_lane, net.stock_lane)
    return list(zip(sites, works, lanes, parts, strict=True))


def _flows_of(sites, _work, lane, part) -> dict[str, NDArray]:
    s, k, t = np.nonzero(part[1] > 0)
    return {
        "year": t,
        "origin": sites[s],
        "target": lane.target[k],
        "material": lane.material[k],
        "mass_kg": part[1][s, k, t],
    }


def _worked_of(sites, work, _lane, part) -> dict[str, NDArray]:
    s, k, t = np.nonzero(part[0] > 0)
    return {
        "year": t,
        "site": sites[s],
        "process": work.process[k],
        "material": work.material[k],
        "mass_kg": part[0][s, k, t],
    }


def _merge(parts: list[dict[str, NDArray]]) -> dict[str, NDArray]:
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def open_from_start(city: City) -> NDArray[np.int32]:
    """Opening years when nothing is decided: what exists is open, what is built is not."""
    opened = np.full(len(city.sites), NEVER, np.int32)
    opened[city.sites.has_status(SiteStatus.EXISTING)] = 0
    for kind in (SiteKind.PLANT, SiteKind.LANDFILL, SiteKind.STOCKPILE):
        opened[city.sites.rows(kind)] = 0
    return opened
