"""What one tonne moved, worked, captured or one unit spent is worth under the objective."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ainalym.answer import Sense
from ainalym.model.city import City
from ainalym.model.market import Haul
from ainalym.model.material import MaterialKind
from ainalym.model.place import SiteKind
from ainalym.model.programme import Objective
from ainalym.plan.periods import Periods
from ainalym.units import KG_PER_T, M_PER_KM

MINOR_PER_UNIT = 1e5
"""Programs count money in thousands of the major unit, mass in tonnes: numbers near one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Worth:
    """The objective as a price list, in the units programs are solved in; more is better.

    Attributes
    ----------
    money
        Worth of one thousand major units spent in each year, shape (years,).
    weight
        What a flow of one counts for in each period, shape (periods,).
    earned
        Worth of one thousand major units earned by a flow, before `weight`.
    sold
        Worth of one tonne sold.
    emitted
        Worth of one tonne of carbon dioxide equivalent emitted.
    factor
        Tonnes avoided per tonne sold, by material.
    """

    money: NDArray[np.float64]
    weight: NDArray[np.float64]
    earned: float
    sold: float
    emitted: float
    factor: dict[str, float]

    def paid(self, amount_minor_per_kg: ArrayLike) -> NDArray[np.float64]:
        """Value a payment for each kilogram, per tonne; a last axis of periods is added."""
        per_t = np.asarray(amount_minor_per_kg, float) * (KG_PER_T / MINOR_PER_UNIT)
        return (self.earned * per_t)[..., None] * self.weight

    def spent(self, amount_minor: ArrayLike) -> NDArray[np.float64]:
        """Value a sum spent in each year; a last axis of years is added."""
        return -(np.asarray(amount_minor, float) / MINOR_PER_UNIT)[..., None] * self.money

    def carried(self, haul: Haul, way_m: ArrayLike) -> NDArray[np.float64]:
        """Value one tonne carried this far, `inf` metres as none; adds an axis of periods."""
        km = np.nan_to_num(np.asarray(way_m, float), posinf=0.0) / M_PER_KM
        cost = self.paid(haul.cost_minor_per_kg_km * km + haul.cost_minor_per_kg)
        emitted = self.emitted * haul.emissions_kg_per_kg_km * km
        return emitted[..., None] * self.weight - cost

    def worked(self, cost_minor_per_kg: float, emissions_kg_per_kg: float) -> NDArray[np.float64]:
        """Value one tonne taken in by a process, shape (periods,)."""
        return self.emitted * emissions_kg_per_kg * self.weight - self.paid(cost_minor_per_kg)

    def delivered(self, city: City, site: int, material: str) -> NDArray[np.float64]:
        """Value one tonne of a material that arrives where there is an offer, shape (periods,)."""
        price = next(
            o.price_minor_per_kg
            for o in city.offers
            if o.material == material and o.site == city.sites.id[site]
        )
        is_sold = counts_as_sold(city, site, material)
        is_fuel = city.material[material].kind is MaterialKind.FUEL
        avoided = self.factor.get(material, 0.0) if is_sold or is_fuel else 0.0
        return self.paid(price) + (self.sold * is_sold - self.emitted * avoided) * self.weight


def counts_as_sold(city: City, site: int, material: str) -> bool:
    """Tell whether a material arriving at a site is recycling sold: never stock, fuel, residue."""
    kind = city.material[material].kind
    is_recycling = kind in (MaterialKind.GRADE, MaterialKind.FRACTION)
    return city.sites.kind[site] is SiteKind.PLANT and is_recycling


def sense_of(objective: Objective) -> Sense:
    """Tell whether more or less of the objective is better."""
    return Sense.MAX if objective in (Objective.VALUE, Objective.TONNES) else Sense.MIN


def in_units(objective: Objective, worth: float) -> float:
    """Turn a worth in program units into the objective's own: minor money or kilograms."""
    return worth * _scale(objective)


def from_units(objective: Objective, amount: float) -> float:
    """Turn an objective in its own unit into a worth in program units, more being better."""
    return amount / _scale(objective)


def _scale(objective: Objective) -> float:
    scale = MINOR_PER_UNIT if objective in (Objective.VALUE, Objective.COST) else KG_PER_T
    return scale if sense_of(objective) is Sense.MAX else -scale


def worth_of(city: City, periods: Periods) -> Worth:
    """Read the objective of a city's programme as a price list."""
    programme = city.programme
    is_money = programme.objective in (Objective.VALUE, Objective.COST)
    factor: dict[str, float] = {}
    if programme.objective is Objective.EMISSIONS:
        known = {
            f.material: f.avoided_kg_per_kg for f in city.factors if f.set == programme.factor_set
        }
        for m in city.materials:
            factor[m.id] = known.get(m.id, known.get(m.fraction, 0.0))
    return Worth(
        money=programme.discount * is_money,
        weight=periods.weight,
        earned=float(is_money),
        sold=1.0 if programme.objective is Objective.TONNES else 0.0,
        emitted=-1.0 if programme.objective is Objective.EMISSIONS else 0.0,
        factor=factor,
    )
