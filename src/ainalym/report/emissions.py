"""Emissions under each factor set, and whether they agree which fraction is worth most."""

from itertools import combinations

import numpy as np

from ainalym.model.city import City
from ainalym.model.material import MaterialKind
from ainalym.model.place import SiteKind
from ainalym.model.plan import Plan, Tally
from ainalym.report.table import Column, Table
from ainalym.report.words import horizon, listed, material_name
from ainalym.units import KG_PER_T

TIE = 1e-9
"""Factors closer than this rank alike."""


def factor_sets(city: City) -> tuple[str, ...]:
    """List the factor sets in the order of the city's table."""
    return tuple(dict.fromkeys(factor.set for factor in city.factors))


def totals(city: City, tally: Tally) -> Table:
    """Tabulate the emissions of the whole plan by factor set and heading."""
    sets = factor_sets(city)
    headings = list(dict.fromkeys(h for s in sets for h in tally.emissions_kg.get(s, {})))
    rows = [
        (h, *(tally.emissions_kg.get(s, {}).get(h, 0.0) / KG_PER_T for s in sets)) for h in headings
    ]
    net = [sum(tally.emissions_kg.get(s, {}).values()) / KG_PER_T for s in sets]
    rows.append(("all together", *net))
    columns = (Column("heading", "heading"), *(Column(f"{s}_t_co2e", s, "t CO2e", 0) for s in sets))
    caption = f"Emissions by factor set, {horizon(city)} together; below zero is avoided"
    return Table("emissions", caption, columns, tuple(rows), sums=1)


def avoided_per_kg(city: City, plan: Plan) -> np.ndarray:
    """Tell what a sold kilogram of each fraction avoids, shape (sets, fractions).

    The mean over what is sold of it; the fraction's own factor where nothing is.
    """
    flows, sites = plan.flows, city.sites
    is_plant = np.array([k is SiteKind.PLANT for k in sites.kind], bool)
    sold = np.zeros(len(city.materials))
    bought = is_plant[flows.target]
    np.add.at(sold, flows.material[bought], flows.mass_kg[bought])
    out = np.zeros((len(factor_sets(city)), len(city.fractions)))
    for s, name in enumerate(factor_sets(city)):
        known = {f.material: f.avoided_kg_per_kg for f in city.factors if f.set == name}
        for f, fraction in enumerate(city.fractions):
            mine = [
                (sold[k], known.get(m.id, known.get(fraction, 0.0)))
                for k, m in enumerate(city.materials)
                if m.fraction == fraction
                and m.kind in (MaterialKind.GRADE, MaterialKind.FRACTION)
                and sold[k] > 0
            ]
            mass = sum(kg for kg, _ in mine)
            mean = sum(kg * per_kg for kg, per_kg in mine) / mass if mass else None
            out[s, f] = known.get(fraction, 0.0) if mean is None else mean
    return out


def ranking(city: City, plan: Plan) -> Table:
    """Tabulate what a tonne of each fraction avoids in each set, with its rank."""
    per_kg = avoided_per_kg(city, plan)
    ranks = [_ranks(row) for row in per_kg]
    rows = [
        (
            material_name(city, fraction),
            *(v for s in range(len(per_kg)) for v in (float(per_kg[s, f]), int(ranks[s][f]))),
        )
        for f, fraction in enumerate(city.fractions)
    ]
    columns = [Column("fraction", "fraction")]
    for name in factor_sets(city):
        columns.append(Column(f"{name}_t_co2e_per_t", name, "t CO2e avoided per t", 2))
        columns.append(Column(f"{name}_rank", "rank", name, 0))
    caption = "What a sold tonne of each fraction avoids, and how the sets rank it"
    return Table("emissions_ranking", caption, tuple(columns), tuple(rows))


def verdict(city: City, plan: Plan) -> tuple[bool, str]:
    """Tell whether all factor sets rank the fractions alike, and if not, which of them moves.

    What moves is the smallest set of fractions without which the rankings agree; among equals,
    the one whose ranks differ most.
    """
    sets, per_kg = factor_sets(city), avoided_per_kg(city, plan)
    if len(sets) < 2:
        return False, "is not known: there are fewer than two factor sets"
    moved = moving(per_kg)
    if not moved:
        return True, f"is stable: {listed(sets)} rank them alike"
    names = listed(material_name(city, city.fractions[f]) for f in moved)
    return False, f"flips because of {names}"


def moving(per_kg: np.ndarray) -> tuple[int, ...]:
    """Find the fractions that rank differently, as columns of values by set; none if they agree."""
    count = per_kg.shape[1]
    higher = np.sign(np.where(np.abs(d := per_kg[:, :, None] - per_kg[:, None, :]) < TIE, 0, d))
    swapped = [
        (a, b)
        for a, b in combinations(range(count), 2)
        if higher[:, a, b].min() < 0 < higher[:, a, b].max()
    ]
    ranks = np.array([_ranks(row) for row in per_kg])
    shift = np.ptp(ranks, axis=0)
    for size in range(count):
        covers = [
            some
            for some in combinations(range(count), size)
            if all(a in some or b in some for a, b in swapped)
        ]
        if covers:
            return max(covers, key=lambda some: sum(int(shift[f]) for f in some))
    return tuple(range(count))


def _ranks(values: np.ndarray) -> np.ndarray:
    """1 for the largest; equals share a rank."""
    return 1 + (values[None, :] > values[:, None] + TIE).sum(1)
