"""Checking a plan: every figure recomputed without a solver, every broken rule said in words."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ainalym.errors import Issue
from ainalym.model.city import City
from ainalym.model.place import SiteKind, SiteStatus
from ainalym.model.plan import NEVER, Installed, Plan, Tally
from ainalym.model.programme import Objective
from ainalym.model.travel import Travel
from ainalym.plan.legible import legible
from ainalym.plan.masses import Masses, is_kind, masses_of
from ainalym.plan.tally import (
    CATEGORIES,
    drawn,
    investment,
    keepers,
    prices,
    spending,
    tally_of,
)
from ainalym.units import say_money, say_share

BALANCE = 1e-9
"""Relative difference at which mass no longer closes."""

FLOOR_KG = 1e-6
"""A milligram: less is nobody's."""

SLACK = 1e-6
"""Relative excess over a capacity, a limit or an amount of money that a solver may leave."""

FLOOR_MINOR = 1.0
"""The smallest coin."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """A plan on the table: what it is for, what it says, and what that adds up to."""

    city: City
    travel: Travel
    plan: Plan
    masses: Masses
    tally: Tally

    def year(self, t: int) -> str:
        """Say a year of the horizon as people count it."""
        return f"year {self.city.programme.first_year + t}"

    def site(self, k: int) -> str:
        """Say a site: what it is, and its name in the files."""
        return f"{self.city.sites.kind[k]} {self.city.sites.id[k]!r}"

    def money(self, amount_minor: float) -> str:
        """Say an amount in the programme's currency."""
        return say_money(float(amount_minor), self.city.programme.currency)

    def at(self, t: int, k: int, m: int | None = None) -> str:
        """Say where a fault is: year, site, and material where it matters."""
        where = f"{self.year(t)}, {self.site(k)}"
        return where if m is None else f"{where}, {self.city.materials[m].id}"


def recount(city: City, travel: Travel, plan: Plan) -> tuple[Tally, tuple[Issue, ...]]:
    """Recompute what a plan comes to, and list every rule it breaks.

    No solver is asked and no number of the plan is believed that follows from others: where
    places bring and what points take in come from the households' own rule. Nothing is raised;
    a plan without issues is a plan that can be carried out. Takes tens of milliseconds for a
    large city.

    Parameters
    ----------
    city
        A city without faults.
    travel
        Its distances.
    plan
        Any plan; what cannot be read in it is told and left out.
    """
    plan, faults = legible(city, plan)
    masses = masses_of(city, travel, plan)
    tally = tally_of(city, travel, plan, masses)
    case = Case(city=city, travel=travel, plan=plan, masses=masses, tally=tally)
    rules = (
        rule_of_opening,
        rule_of_building,
        rule_of_stations,
        rule_of_steps,
        rule_of_households,
        rule_of_ways,
        rule_of_offers,
        rule_of_work,
        rule_of_mass,
        rule_of_stock,
        rule_of_budget,
        rule_of_keepers,
        rule_of_target,
    )
    return tally, (*faults, *(issue for rule in rules for issue in rule(case)))


def rule_of_opening(case: Case) -> Iterator[Issue]:
    """What exists is open, what is forced opens, what is forbidden never does."""
    sites, opened = case.city.sites, case.plan.opened
    may_open = is_kind(case.city, SiteKind.POINT, SiteKind.STATION)
    for k in np.flatnonzero(may_open & sites.has_status(SiteStatus.FORBIDDEN) & (opened != NEVER)):
        fault = f"is forbidden, and opens in {case.year(opened[k])}"
        yield Issue(case.site(k), fault, "leave it closed")
    for k in np.flatnonzero(may_open & sites.has_status(SiteStatus.FORCED) & (opened == NEVER)):
        yield Issue(case.site(k), "has to be opened, and is not", "open it in some year")
    for k in np.flatnonzero(may_open & sites.has_status(SiteStatus.EXISTING) & (opened != 0)):
        what = "never opens" if opened[k] == NEVER else f"opens in {case.year(opened[k])}"
        fault = f"exists, but {what} in the plan"
        yield Issue(case.site(k), fault, "have it open from the first year")


def rule_of_building(case: Case) -> Iterator[Issue]:
    """Nothing is opened or bought after the last year of building."""
    programme, sites = case.city.programme, case.city.sites
    last = programme.last_build_year
    mend = f"build it by {programme.first_year + last}, or allow more build_years"
    for k in np.flatnonzero(case.plan.opened > last):
        year = programme.first_year + int(case.plan.opened[k])
        yield Issue(f"year {year}, {sites.kind[k]} {sites.id[k]!r}", "is opened too late", mend)
    for one in case.plan.installed:
        if one.year > last:
            year = programme.first_year + one.year
            fault = f"step {one.step} of {one.process} is bought too late"
            yield Issue(f"year {year}, site {one.site!r}", fault, mend)


def rule_of_stations(case: Case) -> Iterator[Issue]:
    """As many stations open as the programme asks for."""
    city, programme = case.city, case.city.programme
    is_new = city.sites.has_status(SiteStatus.CANDIDATE) | city.sites.has_status(SiteStatus.FORCED)
    is_open = case.plan.opened != NEVER
    count = int((is_kind(city, SiteKind.STATION) & is_new & is_open).sum())
    asked = programme.stations
    if count > asked or (programme.exactly and count < asked):
        how = "exactly" if programme.exactly else "at most"
        fault = f"{count} stations open, the programme asks for {how} {asked}"
        yield Issue("stations", fault, f"open {how} {asked}")


def rule_of_steps(case: Case) -> Iterator[Issue]:
    """Each step is bought once, for a process that stands there, at a site that is open."""
    city, seen = case.city, set()
    for one in case.plan.installed:
        k = city.sites.row[one.site]
        where = f"{case.at(one.year, k)}, step {one.step} of {one.process!r}"
        if (one.site, one.process, one.step) in seen:
            fault = "is bought twice"
            yield Issue(where, fault, "buy another step of the process, or one only")
        seen.add((one.site, one.process, one.step))
        if fault := _misplaced(city, one):
            yield Issue(where, fault, "install it where it can stand")
        elif not case.masses.is_open[one.year, k]:
            fault = "is bought where nothing is open that year"
            yield Issue(where, fault, "open the site by then, or buy it later")


def rule_of_households(case: Case) -> Iterator[Issue]:
    """Places bring where they gain most, and points take in what is brought."""
    city, plan, masses = case.city, case.plan, case.masses
    for t in range(city.programme.years):
        wrong = np.flatnonzero(plan.brings_to[t] != masses.brings_to[t])
        if len(wrong):
            i = wrong[0]
            said, right = _point(case, plan.brings_to[t, i]), _point(case, masses.brings_to[t, i])
            fault = (
                f"{len(wrong)} places are sent where they would not go, the first to {said}"
                f" instead of {right}"
            )
            where = f"{case.year(t)}, place {city.places.id[i]!r}"
            yield Issue(where, fault, "let households choose")
    said_kg, right_kg = plan.captured_kg, masses.captured_kg
    for t, k, f in np.argwhere(~(np.abs(said_kg - right_kg) <= _slack_kg(right_kg))):
        where = f"{case.at(t, k)}, {city.fractions[f]}"
        fault = f"the plan takes in {_kg(said_kg[t, k, f])}, people bring {_kg(right_kg[t, k, f])}"
        yield Issue(where, fault, "take in what people bring, up to the point's capacity")


def rule_of_ways(case: Case) -> Iterator[Issue]:
    """Points ship to stations and landfills, stations and stockpiles to plants and landfills."""
    city, flows = case.city, case.plan.flows
    loads, kinds = is_kind(city, SiteKind.STATION, SiteKind.STOCKPILE), list(city.sites.kind)
    is_point, is_station = is_kind(city, SiteKind.POINT), is_kind(city, SiteKind.STATION)
    is_landfill, is_plant = is_kind(city, SiteKind.LANDFILL), is_kind(city, SiteKind.PLANT)
    o, d = flows.origin, flows.target
    good = is_point[o] & (is_station[d] | is_landfill[d])
    good |= loads[o] & (is_plant[d] | is_landfill[d])
    for r in np.flatnonzero(~good):
        fault = f"{_kg(flows.mass_kg[r])} go to {case.site(d[r])}"
        mend = f"a {kinds[o[r]]} does not ship to a {kinds[d[r]]}"
        yield Issue(case.at(flows.year[r], o[r], flows.material[r]), fault, mend)
    for r in np.flatnonzero(good & ~np.isfinite(case.travel.haul_m[o, d])):
        fault = f"{_kg(flows.mass_kg[r])} go to {case.site(d[r])}, and no road leads there"
        yield Issue(case.at(flows.year[r], o[r], flows.material[r]), fault, "ship elsewhere")
    masses = case.masses
    used_kg = masses.arrived_kg.sum(2) + masses.shipped_kg.sum(2) + masses.worked_kg.sum(2)
    for t, k in np.argwhere((used_kg > 0) & ~masses.is_open):
        fault = f"is not open, and {_kg(used_kg[t, k])} arrive, are worked or leave"
        yield Issue(case.at(t, k), fault, "open it by then, or use another")


def rule_of_offers(case: Case) -> Iterator[Issue]:
    """Plants and landfills take what they have an offer for, up to its limit."""
    price, limit_kg = prices(case.city)
    arrived_kg = case.masses.arrived_kg
    buys = is_kind(case.city, SiteKind.PLANT, SiteKind.LANDFILL)[:, None]
    refused = buys & np.isnan(price) & (arrived_kg > 0)
    for t, k, m in np.argwhere(refused):
        fault = f"{_kg(arrived_kg[t, k, m])} arrive, which it refuses"
        yield Issue(case.at(t, k, m), fault, "send it where there is an offer for it")
    over = buys & ~np.isnan(price) & _exceeds(arrived_kg, limit_kg)
    for t, k, m in np.argwhere(over):
        fault = f"{_kg(arrived_kg[t, k, m])} arrive, it takes {_kg(limit_kg[k, m])} a year"
        yield Issue(case.at(t, k, m), fault, "send the rest elsewhere")


def rule_of_work(case: Case) -> Iterator[Issue]:
    """Processes take in what they can take, where they stand, up to what was installed."""
    city, worked, masses = case.city, case.plan.worked, case.masses
    for r, p in enumerate(worked.process):
        process, k, m = city.processes[p], worked.site[r], worked.material[r]
        where = case.at(worked.year[r], k, m)
        if process.at is not city.sites.kind[k] or process.at is SiteKind.PLANT:
            fault = f"{_kg(worked.mass_kg[r])} are worked by {process.id!r}, which stands elsewhere"
            yield Issue(where, fault, f"work it at a {process.at}")
        if city.materials[m].id not in process.recipe_ppm:
            fault = f"{_kg(worked.mass_kg[r])} are worked by {process.id!r}, which cannot take it"
            yield Issue(where, fault, f"it takes {', '.join(process.recipe_ppm)}")
    for t, k, p in np.argwhere(_exceeds(masses.worked_by_kg, masses.capacity_kg)):
        if city.processes[p].at is not city.sites.kind[k]:
            continue
        taken, most = masses.worked_by_kg[t, k, p], masses.capacity_kg[t, k, p]
        where = f"{case.at(t, k)}, {city.processes[p].id!r}"
        fault = f"takes in {_kg(taken)}, its steps there can take {_kg(most)}"
        yield Issue(where, fault, "buy another step by then, or work less")


def rule_of_mass(case: Case) -> Iterator[Issue]:
    """What comes in or is made is worked or shipped, of every material, everywhere, every year."""
    city, masses = case.city, case.masses
    in_kg = masses.came_kg + masses.arrived_kg + masses.made_kg
    out_kg = masses.worked_kg + masses.shipped_kg
    open_ended = ~is_kind(city, SiteKind.POINT, SiteKind.STATION, SiteKind.STOCKPILE)
    held = [[m.id == holds for m in city.materials] for holds in city.sites.holds]
    counts = ~(open_ended[:, None] | np.array(held, bool))
    through_kg = np.maximum(np.abs(in_kg), np.abs(out_kg))
    for t, k, m in np.argwhere(counts & (np.abs(in_kg - out_kg) > _slack_kg(through_kg))):
        came, went = in_kg[t, k, m], out_kg[t, k, m]
        share = abs(came - went) / through_kg[t, k, m]
        off_kg = float(f"{abs(came - went):.3g}")
        fault = (
            f"{_kg(came)} come in or are made, {_kg(went)} are worked or shipped:"
            f" {_kg(off_kg)} {'left over' if came > went else 'out of nothing'}"
            f" ({share:.2g} of it)"
        )
        yield Issue(case.at(t, k, m), fault, "work or ship exactly what is there")


def rule_of_stock(case: Case) -> Iterator[Issue]:
    """No more is drawn from a stockpile than lies there."""
    city = case.city
    taken_kg = drawn(city, case.masses).cumsum(0)
    over = _exceeds(taken_kg, city.sites.stock_kg) & is_kind(city, SiteKind.STOCKPILE)
    for k in np.flatnonzero(over.any(0)):
        t = int(np.argmax(over[:, k]))
        fault = (
            f"{_kg(taken_kg[t, k])} of {city.sites.holds[k]} are drawn by then,"
            f" {_kg(city.sites.stock_kg[k])} lie there"
        )
        yield Issue(case.at(t, k), fault, "draw less")


def rule_of_budget(case: Case) -> Iterator[Issue]:
    """Investment is paid by funds that cover it, when they have it."""
    invested = investment(case.city, case.plan)
    missing = spending(case.city, invested)[1]
    for c, t in np.argwhere(missing > _slack_minor(invested)):
        sources = [
            fund.source
            for fund in case.city.programme.funds
            if fund.covers in (CATEGORIES[c], "anything")
        ]
        fault = (
            f"{case.money(invested[c, t])} are invested; {case.money(missing[c, t])} of it"
            f" is more than {' and '.join(sources) or 'any fund'} can pay by then"
        )
        yield Issue(f"{case.year(t)}, budget of {CATEGORIES[c]}", fault, "invest less or later")


def rule_of_keepers(case: Case) -> Iterator[Issue]:
    """Each keeper earns the least that was promised; subsidies fit the programme."""
    programme, subsidy = case.city.programme, case.plan.subsidy_minor
    earned, paid = keepers(case.city, case.masses)
    least = programme.keeper_minor_per_year
    short = np.nan_to_num(least - case.tally.keeper_minor - subsidy, nan=0.0)
    for t, k in np.argwhere(short > _slack_minor(earned + paid + least)):
        fault = (
            f"the keeper earns {case.money(case.tally.keeper_minor[t, k] + subsidy[t, k])} with"
            f" subsidy; {case.money(short[t, k])} are missing to {case.money(least)}"
        )
        yield Issue(case.at(t, k), fault, "pay a subsidy, or close the point")
    is_point = case.masses.is_open & is_kind(case.city, SiteKind.POINT)
    for t, k in np.argwhere((subsidy < 0) | ((subsidy != 0) & ~is_point)):
        fault = f"gets a subsidy of {case.money(subsidy[t, k])}"
        yield Issue(case.at(t, k), fault, "pay 0 or more, and to open points only")
    total, most = subsidy.sum(1), programme.subsidy_minor_per_year
    for t in np.flatnonzero(total > most + _slack_minor(total)):
        fault = f"{case.money(total[t])} are paid, the programme allows {case.money(most)}"
        yield Issue(f"{case.year(t)}, subsidies", fault, "open fewer points, or allow more")


def rule_of_target(case: Case) -> Iterator[Issue]:
    """Enough of what people throw away is sold, where the programme asks for it."""
    programme = case.city.programme
    if programme.objective is not Objective.COST:
        return
    sold_kg, thrown_kg = case.tally.sold_kg.sum(), case.tally.thrown_kg.sum()
    asked_kg = programme.target_share * thrown_kg
    if sold_kg < asked_kg * (1 - SLACK) - FLOOR_KG:
        fault = (
            f"{_kg(sold_kg)} of {_kg(thrown_kg)} are sold ({say_share(sold_kg / thrown_kg)}),"
            f" the target is {say_share(programme.target_share)}:"
            f" {_kg(asked_kg - sold_kg)} are missing"
        )
        yield Issue("target", fault, "open more, or ask for less")


def _misplaced(city: City, one: Installed) -> str:
    """Why a process cannot stand at a site, or nothing."""
    process, k = city.process[one.process], city.sites.row[one.site]
    if process.at is not city.sites.kind[k]:
        return f"stands at a {process.at}, not at a {city.sites.kind[k]}"
    if process.at is SiteKind.STOCKPILE and city.sites.holds[k] not in process.recipe_ppm:
        return f"cannot take {city.sites.holds[k]}, which lies there"
    return ""


def _point(case: Case, row: int) -> str:
    if row == NEVER:
        return "none"
    return case.site(row) if 0 <= row < len(case.city.sites) else f"site row {row}"


def _exceeds(amount_kg: NDArray, most_kg: NDArray) -> NDArray[np.bool_]:
    return amount_kg > most_kg * (1 + SLACK) + FLOOR_KG


def _slack_kg(through_kg: NDArray) -> NDArray[np.float64]:
    return np.maximum(BALANCE * through_kg, FLOOR_KG)


def _slack_minor(amount_minor: NDArray) -> NDArray[np.float64]:
    return np.maximum(SLACK * amount_minor, FLOOR_MINOR)


def _kg(mass_kg: float) -> str:
    """Say a mass to the digits that tell a fault from a rounding."""
    return f"{mass_kg:,.10g} kg"
