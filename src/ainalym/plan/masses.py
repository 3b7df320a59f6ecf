"""Masses: what a plan moves, works and makes, by year, site and material."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ainalym.model.city import City
from ainalym.model.place import SiteKind, SiteStatus
from ainalym.model.plan import NEVER, Plan
from ainalym.model.process import LOSS
from ainalym.model.travel import Travel
from ainalym.plan.households import brings, captured
from ainalym.plan.households import pairs as pairs_of
from ainalym.units import PPM


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Masses:
    """What a plan moves and works, added up from its rows; kg.

    Attributes
    ----------
    is_open
        Whether each site is open, shape (years, sites). Plants, landfills and stockpiles are,
        unless they are forbidden.
    has_steps
        How many steps work at each site, shape (years, sites).
    brings_to, captured_kg
        As in `Plan`, but from the households' own rule.
    came_kg
        What people bring, shape (years, sites, materials).
    arrived_kg, shipped_kg, to_stations_kg
        What arrives, what leaves, and what leaves for stations, same shape.
    worked_kg, made_kg
        What processes take in, and what comes out of them, same shape.
    worked_by_kg, capacity_kg
        Taken in by each process, and what its steps can take in, shape (years, sites, processes);
        no capacity where steps are not needed.
    loss_kg
        Lost in processes, shape (years,).
    """

    is_open: NDArray[np.bool_]
    has_steps: NDArray[np.int64]
    brings_to: NDArray[np.int32]
    captured_kg: NDArray[np.float64]
    came_kg: NDArray[np.float64]
    arrived_kg: NDArray[np.float64]
    shipped_kg: NDArray[np.float64]
    to_stations_kg: NDArray[np.float64]
    worked_kg: NDArray[np.float64]
    made_kg: NDArray[np.float64]
    worked_by_kg: NDArray[np.float64]
    capacity_kg: NDArray[np.float64]
    loss_kg: NDArray[np.float64]


def masses_of(city: City, travel: Travel, plan: Plan) -> Masses:
    """Add up a plan's rows; what people bring follows from what is open, not from the plan."""
    years, sites = city.programme.years, len(city.sites)
    shape = (years, sites, len(city.materials))
    flows, worked = plan.flows, plan.worked
    is_open = open_in(city, plan)
    brings_to, captured_kg = _catch(city, travel, is_open)
    came_kg = np.zeros(shape)
    row = {m.id: k for k, m in enumerate(city.materials)}
    came_kg[:, :, [row[f] for f in city.fractions]] = captured_kg
    to_station = is_kind(city, SiteKind.STATION)[flows.target]
    shares, loss_share = recipes(city)
    where = worked.year.astype(np.int64) * sites + worked.site
    made_kg = np.zeros((years * sites, len(city.materials)))
    np.add.at(made_kg, where, shares[worked.process, worked.material] * worked.mass_kg[:, None])
    lost_kg = loss_share[worked.process, worked.material] * worked.mass_kg
    capacity_kg, has_steps = _capacity(city, plan)
    return Masses(
        is_open=is_open,
        has_steps=has_steps,
        brings_to=brings_to,
        captured_kg=captured_kg,
        came_kg=came_kg,
        arrived_kg=add_up(shape, (flows.year, flows.target, flows.material), flows.mass_kg),
        shipped_kg=add_up(shape, (flows.year, flows.origin, flows.material), flows.mass_kg),
        to_stations_kg=add_up(
            shape, (flows.year, flows.origin, flows.material), flows.mass_kg * to_station
        ),
        worked_kg=add_up(shape, (worked.year, worked.site, worked.material), worked.mass_kg),
        made_kg=made_kg.reshape(shape),
        worked_by_kg=add_up(
            capacity_kg.shape, (worked.year, worked.site, worked.process), worked.mass_kg
        ),
        capacity_kg=capacity_kg,
        loss_kg=add_up((years,), (worked.year,), lost_kg),
    )


def add_up(shape: tuple[int, ...], rows: tuple[NDArray, ...], amounts: NDArray) -> NDArray:
    """Add amounts into a table of this shape at these rows."""
    where = np.ravel_multi_index(rows, shape)
    return np.bincount(where, amounts, minlength=int(np.prod(shape))).reshape(shape)


def is_kind(city: City, *kinds: SiteKind) -> NDArray[np.bool_]:
    """Tell for each site row whether it is of one of these kinds."""
    return np.array([kind in kinds for kind in city.sites.kind], bool)


def open_in(city: City, plan: Plan) -> NDArray[np.bool_]:
    """Tell whether each site is open in each year, shape (years, sites)."""
    always = is_kind(city, SiteKind.PLANT, SiteKind.LANDFILL, SiteKind.STOCKPILE)
    always &= ~city.sites.has_status(SiteStatus.FORBIDDEN)
    chosen = is_kind(city, SiteKind.POINT, SiteKind.STATION) & (plan.opened != NEVER)
    return always | (chosen & (plan.opened <= np.arange(city.programme.years)[:, None]))


def recipes(city: City) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Tabulate all recipes: shares (processes, inputs, outputs) and losses (processes, inputs).

    A material a process does not take is told by shares and loss of 0.
    """
    row = {m.id: k for k, m in enumerate(city.materials)}
    shares = np.zeros((len(city.processes), len(row), len(row)))
    loss_share = np.zeros((len(city.processes), len(row)))
    for p, process in enumerate(city.processes):
        for taken, outputs in process.recipe_ppm.items():
            for made, share_ppm in outputs.items():
                if made == LOSS:
                    loss_share[p, row[taken]] = share_ppm / PPM
                else:
                    shares[p, row[taken], row[made]] = share_ppm / PPM
    return shares, loss_share


def _catch(
    city: City, travel: Travel, is_open: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    years, sites = is_open.shape
    pairs = pairs_of(city, travel)
    brings_to = np.full((years, len(city.places)), NEVER, np.int32)
    captured_kg = np.zeros((years, sites, len(city.fractions)))
    for t, growth in enumerate(city.programme.growth):
        chosen = brings(pairs, is_open[t])
        some = chosen != NEVER
        brings_to[t, some] = pairs.site[chosen[some]]
        captured_kg[t] = captured(city, pairs, chosen, float(growth))
    return brings_to, captured_kg


def _capacity(city: City, plan: Plan) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    years, sites = city.programme.years, len(city.sites)
    capacity_kg = np.zeros((years, sites, len(city.processes)))
    at_point = np.array([p.at is SiteKind.POINT for p in city.processes], bool)
    capacity_kg[:, is_kind(city, SiteKind.POINT)[:, None] & at_point] = np.inf
    has_steps = np.zeros((years, sites), np.int64)
    row = {p.id: k for k, p in enumerate(city.processes)}
    for one in plan.installed:
        site, process = city.sites.row[one.site], row[one.process]
        step = city.processes[process].steps[one.step]
        capacity_kg[one.year :, site, process] += step.capacity_kg_per_year
        has_steps[one.year :, site] += 1
    return capacity_kg, has_steps
