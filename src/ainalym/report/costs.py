"""Money by stage: which part of each heading belongs to points, stations and stockpiles."""

import numpy as np

from ainalym.model.city import City
from ainalym.model.place import SiteKind, SiteStatus
from ainalym.model.plan import NEVER, Plan, Tally
from ainalym.model.travel import Travel
from ainalym.report.table import Column, Table
from ainalym.report.words import horizon, money_unit
from ainalym.units import KG_PER_T, M_PER_KM, MINOR_PER_MAJOR

PARTS = (SiteKind.POINT, SiteKind.STATION, SiteKind.STOCKPILE)
"""Where money is earned and spent; plants and landfills are others' affair."""


def by_part(city: City, travel: Travel, plan: Plan, tally: Tally) -> dict[str, np.ndarray]:
    """Split each heading's total over points, stations and stockpiles, minor units, shape (3,)."""
    part = np.array([PARTS.index(k) if k in PARTS else -1 for k in city.sites.kind], int)
    out = {name: np.zeros(len(PARTS)) for name in tally.money_minor}
    for name in ("support", "buy-back", "handling"):
        out[name][0] = tally.money_minor[name].sum()
    flows, worked = plan.flows, plan.worked
    offers = {(o.site, o.material): o.price_minor_per_kg for o in reversed(city.offers)}
    hauls = {h.origin: h for h in reversed(city.hauls)}
    for i, j, m, mass_kg in zip(
        flows.origin, flows.target, flows.material, flows.mass_kg, strict=True
    ):
        paid = offers.get((city.sites.id[j], city.materials[m].id), 0.0) * mass_kg
        out["sales" if paid > 0 else "disposal"][part[i]] += paid
        haul, way_km = hauls.get(city.sites.kind[i]), travel.haul_m[i, j] / M_PER_KM
        if haul is not None and np.isfinite(way_km):
            per_kg = haul.cost_minor_per_kg_km * way_km + haul.cost_minor_per_kg
            out["haulage"][part[i]] -= per_kg * mass_kg
    for k, p, mass_kg in zip(worked.site, worked.process, worked.mass_kg, strict=True):
        out["processing"][part[k]] -= city.processes[p].cost_minor_per_kg * mass_kg
    _add_sites(city, plan, part, out)
    return out


def _add_sites(city: City, plan: Plan, part: np.ndarray, out: dict[str, np.ndarray]) -> None:
    sites, years = city.sites, city.programme.years
    first = np.array(plan.opened)
    first[city.sites.rows(SiteKind.STOCKPILE)] = NEVER
    for one in plan.installed:
        k, step = sites.row[one.site], city.process[one.process].steps[one.step]
        out["fixed"][part[k]] -= step.fixed_minor_per_year * (years - one.year)
        out["investment"][part[k]] -= step.capex_minor
        if sites.kind[k] is SiteKind.STOCKPILE:
            first[k] = one.year if first[k] == NEVER else min(first[k], one.year)
    for k in np.flatnonzero((first != NEVER) & (part >= 0)):
        out["fixed"][part[k]] -= sites.fixed_minor_per_year[k] * (years - first[k])
        if sites.status[k] is not SiteStatus.EXISTING:
            out["investment"][part[k]] -= sites.capex_minor[k]


def cost_by_stage(city: City, travel: Travel, plan: Plan, tally: Tally) -> Table:
    """Tabulate what collecting, sorting and pressing cost and earn, in all and per tonne."""
    split = by_part(city, travel, plan, tally)
    scale, unit = money_unit(city.programme.currency, np.concatenate([*split.values()]))
    names = ("collecting at points", "sorting at stations", "pressing of stock")
    shown = [0, 1, *([2] if any(line[2] for line in split.values()) else [])]
    sums = [sum(line[p] for line in split.values()) for p in shown]
    rows = [
        (name, *(float(line[p]) / scale for p in shown), float(line.sum()) / scale)
        for name, line in split.items()
    ]
    rows.append(("all together", *(float(s) / scale for s in sums), float(sum(sums)) / scale))
    suffix = unit.replace(" ", "_").lower()
    columns = (
        Column("heading", "heading"),
        *(Column(f"{names[p].split()[0]}_{suffix}", names[p], "", 1) for p in shown),
        Column(f"total_{suffix}", "total", "", 1),
    )
    caption = f"Money by stage, {horizon(city)} together, {unit}, not discounted"
    return Table("cost_by_stage", caption, columns, tuple(rows), sums=1)


def cost_per_tonne(city: City, travel: Travel, plan: Plan, tally: Tally) -> Table:
    """Tabulate what a tonne costs at each stage, before anything is earned by it."""
    split = by_part(city, travel, plan, tally)
    spent = -sum(np.minimum(line, 0.0) for line in split.values())
    earned = sum(np.maximum(line, 0.0) for line in split.values())
    currency = city.programme.currency
    fuel_kg = float(tally.fuel_kg.sum())
    rows = []
    for name, cost, gain, mass_kg in (
        ("collecting, per tonne captured", spent[0], earned[0], float(tally.captured_kg.sum())),
        ("sorting, per tonne sorted", spent[1], earned[1], float(tally.sorted_kg.sum())),
        ("both, per tonne sold", spent[:2].sum(), earned[:2].sum(), float(tally.sold_kg.sum())),
        ("pressing, per tonne of fuel sold", spent[2], earned[2], fuel_kg),
    ):
        if mass_kg > 0:
            per_t = KG_PER_T / MINOR_PER_MAJOR / mass_kg
            rows.append((name, float(cost) * per_t, float(gain) * per_t))
    columns = (
        Column("what", "what"),
        Column(f"cost_{currency.lower()}_per_t", "costs", f"{currency}/t", 0),
        Column(f"earned_{currency.lower()}_per_t", "earns", f"{currency}/t", 0),
    )
    caption = f"Cost and income per tonne, {horizon(city)}, not discounted"
    return Table("cost_per_tonne", caption, columns, tuple(rows))
