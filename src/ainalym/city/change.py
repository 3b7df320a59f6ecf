"""A city with other means and wishes: what a planner asks on the spot, without editing tables."""

from collections.abc import Iterator
from dataclasses import replace

from ainalym.errors import Issue, refuse
from ainalym.model.city import City
from ainalym.model.programme import Cover, Fund, Objective
from ainalym.units import split


def change(
    city: City,
    *,
    budget_minor: int | None = None,
    stations: int | None = None,
    years: int | None = None,
    objective: str = "",
) -> City:
    """Give a city another budget, number of stations, horizon or objective.

    Parameters
    ----------
    city
        A sound city.
    budget_minor
        All money for investment together, minor units, 0 or more; it keeps the shares of the
        sources and years it had, to the last unit. None leaves the budget alone.
    stations
        How many stations to open, 0 or more, under the rule the city has. None for no change.
    years
        How many years to plan, 1 to 50; money that came later is left out, years that are added
        bring none. None for no change.
    objective
        `value`, `cost`, `tonnes` or `emissions`; empty for no change.

    Raises
    ------
    InputError
        A number is out of range, or the changed city has faults; every one is listed.
    """
    refuse(_faults(budget_minor, stations, years, objective))
    programme = city.programme
    if years is not None:
        funds = tuple(_shown(fund, years) for fund in programme.funds)
        programme = replace(programme, years=years, funds=funds)
    if budget_minor is not None:
        programme = replace(
            programme, funds=_scaled(programme.funds, programme.years, budget_minor)
        )
    if stations is not None:
        programme = replace(programme, stations=stations)
    if objective:
        programme = replace(programme, objective=Objective(objective))
    if programme is city.programme:
        return city
    changed = replace(city, programme=programme)
    refuse(changed.check())
    return changed


def _faults(
    budget_minor: int | None, stations: int | None, years: int | None, objective: str
) -> Iterator[Issue]:
    if budget_minor is not None and budget_minor < 0:
        yield Issue("budget", f"the budget is {budget_minor / 100:g}", "give 0 or more")
    if stations is not None and stations < 0:
        yield Issue("stations", f"stations is {stations}", "give 0 or more")
    if years is not None and not 1 <= years <= 50:
        yield Issue("years", f"years is {years}", "give a whole number between 1 and 50")
    if objective and objective not in tuple(Objective):
        known = ", ".join(Objective)
        yield Issue("objective", f"objective is {objective!r}", f"use one of {known}")


def _shown(fund: Fund, years: int) -> Fund:
    amounts = (fund.amount_minor + (0,) * years)[:years]
    return replace(fund, amount_minor=amounts)


def _scaled(funds: tuple[Fund, ...], years: int, budget_minor: int) -> tuple[Fund, ...]:
    """Spread a budget as the old one was; all in the first year where there was none."""
    if not funds:
        funds = (Fund(source="budget", covers=Cover.ANYTHING, amount_minor=(0,) * years),)
    weights = [amount for fund in funds for amount in fund.amount_minor]
    if not any(weights):
        weights[0] = 1
    parts = split(budget_minor, weights)
    return tuple(
        replace(fund, amount_minor=tuple(parts[k * years : (k + 1) * years]))
        for k, fund in enumerate(funds)
    )
