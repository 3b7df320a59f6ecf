"""Choosing points when tonnes have prices, and when the money for them arrives year by year."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ainalym.model.city import City
from ainalym.model.place import SiteKind, SiteStatus
from ainalym.model.plan import NEVER, Installed
from ainalym.model.programme import Cover
from ainalym.plan.households import Pairs, brings
from ainalym.plan.keepers import most_earned_minor_per_kg
from ainalym.plan.parts import CATEGORIES
from ainalym.plan.worth import MINOR_PER_UNIT, Worth
from ainalym.units import KG_PER_T


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Terms:
    """What points are worth at given prices, over the whole horizon.

    Attributes
    ----------
    worth
        Of each pair, if the place brings there in every year, shape (pairs,).
    margin_minor
        What the keeper earns of each pair in the first year, shape (pairs,).
    cost
        Of each site, running and opening it, in worth, shape (sites,).
    capex
        Of each site, thousands of the major unit; 0 where it exists, shape (sites,).
    needed_minor
        What each keeper has to earn a year before fixed costs, shape (sites,).
    free, kept
        Points that may be opened or closed, and points that are open whatever happens.
    """

    worth: NDArray[np.float64]
    margin_minor: NDArray[np.float64]
    cost: NDArray[np.float64]
    capex: NDArray[np.float64]
    needed_minor: NDArray[np.float64]
    free: NDArray[np.bool_]
    kept: NDArray[np.bool_]


def terms_of(
    city: City,
    worth: Worth,
    pairs: Pairs,
    point: NDArray[np.int64],
    price: NDArray[np.float64],
) -> Terms:
    """Weigh points at the prices that tonnes have there.

    Parameters
    ----------
    point
        Site rows of the points that have prices, shape (points,).
    price
        Worth of one tonne of each fraction, shape (points, fractions, periods).
    """
    sites, programme = city.sites, city.programme
    row = np.full(len(sites), -1)
    row[point] = np.arange(len(point))
    mass_t = pairs.mass_kg / KG_PER_T
    pair_worth = np.einsum("kf,kf->k", mass_t, price.sum(-1)[row[pairs.site]])
    is_point = np.zeros(len(sites), bool)
    is_point[sites.rows(SiteKind.POINT)] = True
    existing = sites.has_status(SiteStatus.EXISTING)
    forced = sites.has_status(SiteStatus.FORCED)
    capex = np.where(existing | ~is_point, 0, sites.capex_minor) / MINOR_PER_UNIT
    fixed = -worth.spent(sites.fixed_minor_per_year).sum(-1)
    return Terms(
        worth=pair_worth,
        margin_minor=pairs.mass_kg @ most_earned_minor_per_kg(city),
        cost=fixed + capex * worth.money[0],
        capex=capex,
        needed_minor=sites.fixed_minor_per_year + programme.keeper_minor_per_year,
        free=is_point & ~existing & ~forced & ~sites.has_status(SiteStatus.FORBIDDEN),
        kept=is_point & (existing | forced),
    )


def within(
    terms: Terms, is_open: NDArray[np.bool_], level: NDArray[np.float64], budget: float
) -> NDArray[np.bool_]:
    """Keep of these points those that have to be open, and the surest that can be paid for.

    Parameters
    ----------
    is_open
        Points that should be open, shape (sites,).
    level
        How sure each of them is, shape (sites,).
    budget
        For opening points, thousands of the major unit.
    """
    wanted = np.flatnonzero(is_open & terms.free)
    wanted = wanted[np.argsort(-level[wanted], kind="stable")]
    left = budget - terms.capex @ terms.kept
    kept = terms.kept.copy()
    kept[wanted[np.cumsum(terms.capex[wanted]) <= left * (1 + 1e-9)]] = True
    return kept


def improve(
    city: City, pairs: Pairs, terms: Terms, is_open: NDArray[np.bool_], budget: float
) -> NDArray[np.bool_]:
    """Open and close single points while that is worth it under the households' own choice.

    A keeper's shortfall beyond the allowed subsidy counts as money lost.
    """
    subsidy_minor = city.programme.subsidy_minor_per_year
    best = _standing(pairs, terms, is_open, subsidy_minor)
    for _ in range(4):
        moved = False
        for j in np.flatnonzero(terms.free):
            if not is_open[j] and terms.capex @ is_open + terms.capex[j] > budget * (1 + 1e-9):
                continue
            is_open[j] = not is_open[j]
            now = _standing(pairs, terms, is_open, subsidy_minor)
            if now > best + 1e-9 * abs(best):
                best, moved = now, True
            else:
                is_open[j] = not is_open[j]
        if not moved:
            break
    return is_open


def _standing(pairs: Pairs, terms: Terms, is_open: NDArray, subsidy_minor: float) -> float:
    chosen = brings(pairs, is_open)
    chosen = chosen[chosen >= 0]
    earned = np.bincount(pairs.site[chosen], terms.margin_minor[chosen], len(is_open))
    need = np.maximum(terms.needed_minor - earned, 0.0)[is_open].sum()
    worth = terms.worth[chosen].sum() - terms.cost[is_open].sum()
    return worth - 20.0 * max(0.0, need - subsidy_minor) / MINOR_PER_UNIT


def money_for_points(city: City, opened: NDArray, installed: Iterable[Installed]) -> NDArray:
    """Tell how much may be spent on points up to each year, thousands of the major unit.

    Parameters
    ----------
    opened
        Opening years by site row; points are not looked at.
    installed
        Steps bought; they and new stations are paid first.
    """
    years, sites = city.programme.years, city.sites
    spent = {category: np.zeros(years) for category in CATEGORIES}
    for k in sites.rows(SiteKind.STATION):
        if opened[k] != NEVER and sites.status[k] is not SiteStatus.EXISTING:
            spent[Cover.STATIONS][opened[k]] += sites.capex_minor[k]
    first: dict[str, int] = {}
    for one in installed:
        at = sites.kind[sites.row[one.site]]
        cover = Cover.STATIONS if at is SiteKind.STATION else Cover.STOCKPILES
        spent[cover][one.year] += city.process[one.process].steps[one.step].capex_minor
        if at is SiteKind.STOCKPILE:
            first[one.site] = min(one.year, first.get(one.site, years))
    for name, year in first.items():
        spent[Cover.STOCKPILES][year] += sites.capex_minor[sites.row[name]]
    given = {cover: np.zeros(years) for cover in Cover}
    for fund in city.programme.funds:
        given[fund.covers] += fund.amount_minor
    left = given[Cover.ANYTHING].cumsum() + given[Cover.POINTS].cumsum()
    for cover in (Cover.STATIONS, Cover.STOCKPILES):
        left -= np.maximum(spent[cover].cumsum() - given[cover].cumsum(), 0.0)
    return np.minimum.accumulate(left[::-1])[::-1] / MINOR_PER_UNIT


def schedule(
    city: City, pairs: Pairs, terms: Terms, is_open: NDArray[np.bool_], money: NDArray
) -> NDArray[np.int32]:
    """Open each point in the first year the money allows, the most worth per cost first.

    Parameters
    ----------
    is_open
        Points to open at some time, shape (sites,).
    money
        What may be spent up to each year, thousands of the major unit, shape (years,).

    Returns
    -------
    Opening years by site row; `NEVER` for what is closed or cannot be paid for.
    """
    chosen = brings(pairs, is_open)
    chosen = chosen[chosen >= 0]
    worth = np.bincount(pairs.site[chosen], terms.worth[chosen], len(is_open)) - terms.cost
    opened = np.full(len(is_open), NEVER, np.int32)
    left = money.astype(float).copy()
    last = city.programme.last_build_year
    for j in sorted(np.flatnonzero(is_open), key=lambda j: -worth[j] / max(terms.capex[j], 1e-9)):
        if city.sites.status[j] is SiteStatus.EXISTING:
            opened[j] = 0
            continue
        room = np.minimum.accumulate(left[::-1])[::-1]
        can = np.flatnonzero(room[: last + 1] >= terms.capex[j] * (1 - 1e-12))
        if len(can):
            opened[j] = can[0]
            left[can[0] :] -= terms.capex[j]
    return opened
