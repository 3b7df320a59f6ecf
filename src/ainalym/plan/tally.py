"""Tallies: the money, mass and emissions a plan comes to, recomputed from its rows."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ainalym.model.city import City
from ainalym.model.material import MaterialKind
from ainalym.model.place import SiteKind, SiteStatus
from ainalym.model.plan import NEVER, Flows, Plan, Tally
from ainalym.model.programme import Cover, Objective
from ainalym.model.travel import Travel
from ainalym.plan.masses import Masses, add_up, is_kind
from ainalym.units import DAYS_PER_YEAR, M_PER_KM, PPM

NEAR_M = 500.0
"""How far people walk without calling it far."""

CATEGORIES = (Cover.POINTS, Cover.STATIONS, Cover.STOCKPILES)
"""What is invested in, in the order of `investment`."""


def tally_of(city: City, travel: Travel, plan: Plan, masses: Masses) -> Tally:
    """Come to every figure of a plan; `plan` must be legible and `masses` its own."""
    programme = city.programme
    money = _money(city, travel, plan, masses)
    value_minor = float(sum((line * programme.discount).sum() for line in money.values()))
    sold_kg, fuel_kg = sold_of(city, plan), _fuel(city, plan)
    earned, paid = keepers(city, masses)
    is_point = masses.is_open & is_kind(city, SiteKind.POINT)
    emissions_kg = _emissions(city, travel, plan, sold_kg.sum(0), fuel_kg.sum(0))
    by_fraction = _by_fraction(city)
    sold_by_fraction_kg = sold_kg @ by_fraction
    objective = {
        Objective.VALUE: value_minor,
        Objective.COST: -value_minor,
        Objective.TONNES: float(sold_by_fraction_kg.sum()),
        Objective.EMISSIONS: float(sum(emissions_kg.get(programme.factor_set, {}).values())),
    }[programme.objective]
    return Tally(
        money_minor=money,
        value_minor=value_minor,
        spent_minor=spending(city, investment(city, plan))[0],
        keeper_minor=np.where(is_point, earned - paid, np.nan),
        thrown_kg=thrown(city),
        captured_kg=masses.captured_kg.sum(1),
        sorted_kg=_sorted(city, masses) @ by_fraction,
        sold_kg=sold_by_fraction_kg,
        made_kg=(sold_kg * _product_share(city)) @ by_fraction,
        residue_kg=masses.arrived_kg[:, is_kind(city, SiteKind.LANDFILL)].sum((1, 2)),
        loss_kg=masses.loss_kg,
        stock_kg=city.sites.stock_kg.sum() - drawn(city, masses).sum(1).cumsum(),
        fuel_kg=fuel_kg.sum(1),
        jobs=_jobs(city, plan, masses),
        **_haulage(city, travel, plan.flows),
        emissions_kg=emissions_kg,
        objective=objective,
        near_share=_near_share(city, travel, masses),
    )


def thrown(city: City) -> NDArray[np.float64]:
    """What everybody throws away in each year, by fraction, kg, shape (years, fractions)."""
    waste = city.places.waste_kg_per_day[:, : len(city.fractions)].sum(0)
    return city.programme.growth[:, None] * waste * DAYS_PER_YEAR


def sold_of(city: City, plan: Plan) -> NDArray[np.float64]:
    """What plants buy of grades and fractions, kg, shape (years, materials)."""
    kinds = (MaterialKind.GRADE, MaterialKind.FRACTION)
    counts = np.array([m.kind in kinds for m in city.materials], bool)
    return _arriving(city, plan, is_kind(city, SiteKind.PLANT)) * counts


def drawn(city: City, masses: Masses) -> NDArray[np.float64]:
    """What is taken from each stockpile in each year, kg, shape (years, sites)."""
    out = np.zeros(masses.is_open.shape)
    row = {m.id: k for k, m in enumerate(city.materials)}
    for k in city.sites.rows(SiteKind.STOCKPILE):
        if (held := row.get(city.sites.holds[k])) is not None:
            out[:, k] = masses.worked_kg[:, k, held] + masses.shipped_kg[:, k, held]
            out[:, k] -= masses.made_kg[:, k, held]
    return out


def keepers(city: City, masses: Masses) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What each keeper earns before subsidy and pays, minor money units, shape (years, sites)."""
    terms = [city.counter[f] for f in city.fractions]
    support = np.array([c.support_minor_per_kg for c in terms])
    spent = np.array([c.buyback_minor_per_kg + c.handling_minor_per_kg for c in terms])
    gate = np.array([city.programme.gate_minor_per_kg.get(m.id, 0.0) for m in city.materials])
    cost = np.array([p.cost_minor_per_kg for p in city.processes])
    earned = masses.to_stations_kg @ gate + masses.captured_kg @ support
    paid = masses.captured_kg @ spent + masses.worked_by_kg @ cost
    return earned, paid + city.sites.fixed_minor_per_year


def investment(city: City, plan: Plan) -> NDArray[np.float64]:
    """What is invested in points, stations and stockpiles, shape (categories, years)."""
    spent = np.zeros((len(CATEGORIES), city.programme.years))
    sites = city.sites
    kinds = (SiteKind.POINT, SiteKind.STATION, SiteKind.STOCKPILE)
    first = np.where(is_kind(city, SiteKind.STOCKPILE), NEVER, plan.opened)
    for one in plan.installed:
        k = sites.row[one.site]
        capex_minor = city.process[one.process].steps[one.step].capex_minor
        category = 2 if sites.kind[k] is SiteKind.STOCKPILE else 1
        spent[category, one.year] += capex_minor
        if category == 2:
            first[k] = one.year if first[k] == NEVER else min(first[k], one.year)
    is_new = (first != NEVER) & ~sites.has_status(SiteStatus.EXISTING)
    for c, kind in enumerate(kinds):
        rows = np.flatnonzero(is_new & is_kind(city, kind))
        np.add.at(spent[c], first[rows], sites.capex_minor[rows])
    return spent


def spending(
    city: City, invested_minor: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pay investment out of the funds: what each pays, and what nobody pays for.

    Funds that cover just one category pay first, then those that cover anything, each in the
    order of the programme; what is unspent is carried over.

    Parameters
    ----------
    invested_minor
        As `investment` adds it up, shape (categories, years).

    Returns
    -------
    Shapes (funds, years) and (categories, years), minor money units.
    """
    funds = city.programme.funds
    spent = np.zeros((len(funds), city.programme.years))
    missing = np.array(invested_minor, float)
    left = np.zeros(len(funds))
    own_first = sorted(range(len(funds)), key=lambda f: funds[f].covers is Cover.ANYTHING)
    for t in range(city.programme.years):
        left += [fund.amount_minor[t] for fund in funds]
        for f in own_first:
            for c, category in enumerate(CATEGORIES):
                if funds[f].covers in (Cover.ANYTHING, category):
                    paid = min(left[f], missing[c, t])
                    spent[f, t] += paid
                    left[f] -= paid
                    missing[c, t] -= paid
    return spent, missing


def prices(city: City) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Tabulate offers: price (not a number without one) and limit, shape (sites, materials)."""
    row = {m.id: k for k, m in enumerate(city.materials)}
    price = np.full((len(city.sites), len(row)), np.nan)
    limit_kg = np.zeros(price.shape)
    for offer in reversed(city.offers):
        where = city.sites.row[offer.site], row[offer.material]
        price[where], limit_kg[where] = offer.price_minor_per_kg, offer.limit_kg_per_year
    return price, limit_kg


def _money(
    city: City, travel: Travel, plan: Plan, masses: Masses
) -> Mapping[str, NDArray[np.float64]]:
    flows, years = plan.flows, city.programme.years
    price = np.nan_to_num(prices(city)[0], nan=0.0)[flows.target, flows.material]
    paid = price * flows.mass_kg
    terms = [city.counter[f] for f in city.fractions]
    caught_kg = masses.captured_kg.sum(1)
    per_kg_km, per_kg = _per_origin(city, "cost_minor_per_kg_km", "cost_minor_per_kg")
    way = flows.mass_kg * _way_m(travel.haul_m, flows) / M_PER_KM
    haulage = per_kg_km[flows.origin] * way + per_kg[flows.origin] * flows.mass_kg
    cost = np.array([p.cost_minor_per_kg for p in city.processes])
    return {
        "sales": add_up((years,), (flows.year,), np.maximum(paid, 0.0)),
        "support": caught_kg @ np.array([c.support_minor_per_kg for c in terms]),
        "buy-back": -caught_kg @ np.array([c.buyback_minor_per_kg for c in terms]),
        "handling": -caught_kg @ np.array([c.handling_minor_per_kg for c in terms]),
        "haulage": -add_up((years,), (flows.year,), haulage),
        "processing": -(masses.worked_by_kg @ cost).sum(1),
        "disposal": add_up((years,), (flows.year,), np.minimum(paid, 0.0)),
        "fixed": -_fixed(city, plan, masses),
        "investment": -investment(city, plan).sum(0),
    }


def _fixed(city: City, plan: Plan, masses: Masses) -> NDArray[np.float64]:
    costs = masses.is_open & is_kind(city, SiteKind.POINT, SiteKind.STATION)
    costs |= (masses.has_steps > 0) & is_kind(city, SiteKind.STOCKPILE)
    fixed = costs @ city.sites.fixed_minor_per_year.astype(float)
    for one in plan.installed:
        fixed[one.year :] += city.process[one.process].steps[one.step].fixed_minor_per_year
    return fixed


def _jobs(city: City, plan: Plan, masses: Masses) -> NDArray[np.float64]:
    staffed = masses.is_open & is_kind(city, SiteKind.POINT, SiteKind.STATION)
    jobs = staffed @ city.sites.jobs
    for one in plan.installed:
        jobs[one.year :] += city.process[one.process].steps[one.step].jobs
    return jobs


def _haulage(city: City, travel: Travel, flows: Flows) -> dict[str, NDArray[np.float64]]:
    shape, year = (city.programme.years,), (flows.year,)
    payload_kg = _per_origin(city, "payload_kg")[0][flows.origin]
    trips = np.divide(flows.mass_kg, payload_kg, out=np.zeros(len(flows)), where=payload_kg > 0)
    there_and_back_s = 2 * _way_m(travel.haul_s, flows)
    way = flows.mass_kg * _way_m(travel.haul_m, flows) / M_PER_KM
    return {
        "haul_kg_km": add_up(shape, year, way),
        "haul_s": add_up(shape, year, trips * there_and_back_s),
    }


def _emissions(
    city: City, travel: Travel, plan: Plan, sold_kg: NDArray, fuel_kg: NDArray
) -> Mapping[str, Mapping[str, float]]:
    flows, worked = plan.flows, plan.worked
    per_kg_km = _per_origin(city, "emissions_kg_per_kg_km")[0][flows.origin]
    haulage = (per_kg_km * flows.mass_kg * _way_m(travel.haul_m, flows) / M_PER_KM).sum()
    per_kg = np.array([p.emissions_kg_per_kg for p in city.processes])
    processing = (per_kg[worked.process] * worked.mass_kg).sum()
    out: dict[str, dict[str, float]] = {}
    for name in dict.fromkeys(factor.set for factor in city.factors):
        known = {f.material: f.avoided_kg_per_kg for f in city.factors if f.set == name}
        factor = [known.get(m.id, known.get(m.fraction, 0.0)) for m in city.materials]
        out[name] = {
            "haulage": float(haulage),
            "processing": float(processing),
            "avoided": -float(sold_kg @ np.array(factor)),
            "fuel": -float(fuel_kg @ np.array(factor)),
        }
    return out


def _arriving(city: City, plan: Plan, counts: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What arrives at sites that count, shape (years, materials)."""
    flows, shape = plan.flows, (city.programme.years, len(city.materials))
    return add_up(shape, (flows.year, flows.material), flows.mass_kg * counts[flows.target])


def _fuel(city: City, plan: Plan) -> NDArray[np.float64]:
    is_fuel = np.array([m.kind is MaterialKind.FUEL for m in city.materials], bool)
    return _arriving(city, plan, np.ones(len(city.sites), bool)) * is_fuel


def _sorted(city: City, masses: Masses) -> NDArray[np.float64]:
    is_grade = np.array([m.kind is MaterialKind.GRADE for m in city.materials], bool)
    return masses.shipped_kg[:, is_kind(city, SiteKind.STATION)].sum(1) * is_grade


def _by_fraction(city: City) -> NDArray[np.float64]:
    """1 where a material is counted under a fraction, shape (materials, fractions)."""
    return np.array([[m.fraction == f for f in city.fractions] for m in city.materials], float)


def _product_share(city: City) -> NDArray[np.float64]:
    """Which share of each material the plants make into products, shape (materials,)."""
    made = np.zeros(len(city.materials))
    plants = [p for p in city.processes if p.at is SiteKind.PLANT]
    for k, material in enumerate(city.materials):
        taker = next((p for p in plants if material.id in p.recipe_ppm), None)
        if taker is not None:
            made[k] = sum(
                share_ppm / PPM
                for name, share_ppm in taker.recipe_ppm[material.id].items()
                if name in city.material and city.material[name].kind is MaterialKind.PRODUCT
            )
    return made


def _near_share(city: City, travel: Travel, masses: Masses) -> float:
    is_point = masses.is_open[-1] & is_kind(city, SiteKind.POINT)
    near = travel.walk_place[is_point[travel.walk_site] & (travel.walk_m <= NEAR_M)]
    residents = city.places.residents
    everybody = float(residents.sum())
    return float(residents[np.unique(near)].sum()) / everybody if everybody > 0 else 0.0


def _way_m(table: NDArray[np.float64], flows: Flows) -> NDArray[np.float64]:
    """Metres (or seconds) of each flow; a way that does not exist counts for nothing here."""
    return np.nan_to_num(table[flows.origin, flows.target], nan=0.0, posinf=0.0)


def _per_origin(city: City, *names: str) -> list[NDArray[np.float64]]:
    """Columns of the vehicle classes by origin site; 0 where nothing loads."""
    classes = {haul.origin: haul for haul in reversed(city.hauls)}
    return [
        np.array([getattr(classes.get(kind), name, 0.0) for kind in city.sites.kind], float)
        for name in names
    ]
