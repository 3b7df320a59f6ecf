"""A plan in brief: one flat account, the same on the command line, in `plan.json` and in tests."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from math import isfinite

import numpy as np

from ainalym.model.city import City
from ainalym.model.place import SiteKind
from ainalym.model.plan import NEVER, Outcome, Plan, Tally
from ainalym.report.figures import STAGES
from ainalym.report.words import objective_unit
from ainalym.units import KG_PER_T, MINOR_PER_MAJOR

PACKAGES = ("ainalym", "numpy", "scipy", "highspy", "maplibre")
"""Packages whose versions a figure may depend on."""

MEANING = {
    "city": ("which city", ""),
    "date": ("of when its tables speak", ""),
    "scenario": ("the scenario planned for; empty for none", ""),
    "command": ("the line that made the plan", ""),
    "versions": ("of Python and of the packages that made it", ""),
    "status": ("`optimal`, `feasible`, `infeasible` or `unknown`: why the search stopped", ""),
    "goal": ("what the plan makes as good as possible", ""),
    "sense": ("`max` when more of it is better, `min` when less is", ""),
    "objective": ("what the plan reaches, recounted without the solver", "`unit`"),
    "bound": ("no plan can be better than this", "`unit`"),
    "gap": ("how far the objective may be from the best possible, as a share of it", "share"),
    "unit": ("of objective and bound", ""),
    "seconds_s": ("how long the search took", "s"),
    "first_year": ("first year of the horizon", ""),
    "years": ("how many years it has", ""),
    "currency": ("of every amount", ""),
    "points": ("how many points are open, existing ones included", ""),
    "stations": ("ids of the open stations", ""),
    "opened": ("open points and stations: id, name, kind, status, year", ""),
    "installed": ("steps bought: site, process, step counted from 0, year", ""),
    "stages_t": ("what is thrown, captured, sorted, sold and made, each apart", "t"),
    "residue_t": ("what goes to landfill", "t"),
    "fuel_t": ("made of stockpiles and sold; never counted as recycling", "t"),
    "stock_left_t": ("left in stockpiles at the end", "t"),
    "money": ("by heading, income above 0 and cost below, not discounted", "`currency`"),
    "value": ("net present value of it all", "`currency`"),
    "budget": ("what all funds give", "`currency`"),
    "subsidy": (
        "what keepers are paid so that they earn the least they were promised",
        "`currency`",
    ),
    "jobs": ("people employed, mean of the years", "people"),
    "haul_t_km": ("haulage", "t km"),
    "emissions_t_co2e": ("by set of factors", "t CO2e"),
    "near_share": ("residents within 500 m on foot of an open point, last year", "share"),
    "clash": ("if there can be no plan: rules that cannot hold together", ""),
    "notes": ("what a reader must know to believe the figures", ""),
}
"""What each entry of a summary means, and its unit. Masses and money are sums over the horizon."""


def versions_here() -> dict[str, str]:
    """Tell the versions of Python and of every package that figures may depend on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What made a plan, so that it can be made again.

    Attributes
    ----------
    command
        The line on the command line; may be empty.
    scenario
        The scenario it was made for; empty for none.
    versions
        Of Python and the packages at work then.
    is_certified
        Whether the proof of the bound lies beside it.
    """

    command: str = ""
    scenario: str = ""
    versions: Mapping[str, str] = field(default_factory=versions_here)
    is_certified: bool = False


def summary(city: City, outcome: Outcome, made: Made | None = None) -> dict[str, object]:
    """Sum a plan up in plain values: what was proved, what opens, stages in tonnes, money.

    Parameters
    ----------
    city, outcome
        The city and what was found. Objective and bound are in a unit people read, which is
        named; money is in major units, masses are tonnes over the whole horizon. What is not
        known is None; figures of a plan are left out where there is none.
    made
        What made it; this very installation if None.
    """
    programme, made = city.programme, made or Made()
    scale, unit = objective_unit(city)
    found: dict[str, object] = {
        "city": city.name,
        "date": city.date,
        "scenario": made.scenario,
        "command": made.command,
        "versions": dict(made.versions),
        "status": str(outcome.status),
        "goal": str(programme.objective),
        "sense": str(outcome.sense),
        "objective": finite(outcome.objective / scale),
        "bound": finite(outcome.bound / scale),
        "gap": finite(outcome.gap),
        "unit": unit,
        "seconds_s": round(outcome.seconds_s, 3),
        "first_year": programme.first_year,
        "years": programme.years,
        "currency": programme.currency,
    }
    if outcome.plan is not None and outcome.tally is not None:
        found |= _opened(city, outcome.plan) | _figures(city, outcome.plan, outcome.tally)
    return found | {"clash": list(outcome.clash), "notes": list(dict.fromkeys(outcome.notes))}


def finite(value: float) -> float | None:
    """Give a number as JSON can hold it: None where it is infinite or missing."""
    return float(value) if isfinite(value) else None


def _opened(city: City, plan: Plan) -> dict[str, object]:
    sites, first = city.sites, city.programme.first_year
    opened = [
        {
            "id": sites.id[k],
            "name": sites.name[k],
            "kind": str(sites.kind[k]),
            "status": str(sites.status[k]),
            "year": first + int(plan.opened[k]),
        }
        for k in np.flatnonzero(plan.opened != NEVER)
        if sites.kind[k] in (SiteKind.POINT, SiteKind.STATION)
    ]
    return {
        "points": sum(site["kind"] == SiteKind.POINT for site in opened),
        "stations": [site["id"] for site in opened if site["kind"] == SiteKind.STATION],
        "opened": opened,
        "installed": [
            {"site": s.site, "process": s.process, "step": s.step, "year": first + s.year}
            for s in plan.installed
        ],
    }


def _figures(city: City, plan: Plan, tally: Tally) -> dict[str, object]:
    given = sum(sum(fund.amount_minor) for fund in city.programme.funds)
    return {
        "stages_t": {s: float(getattr(tally, f"{s}_kg").sum()) / KG_PER_T for s in STAGES},
        "residue_t": float(tally.residue_kg.sum()) / KG_PER_T,
        "fuel_t": float(tally.fuel_kg.sum()) / KG_PER_T,
        "stock_left_t": float(tally.stock_kg[-1]) / KG_PER_T,
        "money": {
            name: float(line.sum()) / MINOR_PER_MAJOR for name, line in tally.money_minor.items()
        },
        "value": tally.value_minor / MINOR_PER_MAJOR,
        "budget": given / MINOR_PER_MAJOR,
        "subsidy": float(plan.subsidy_minor.sum()) / MINOR_PER_MAJOR,
        "jobs": float(tally.jobs.mean()),
        "haul_t_km": float(tally.haul_kg_km.sum()) / KG_PER_T,
        "emissions_t_co2e": {
            name: sum(headings.values()) / KG_PER_T for name, headings in tally.emissions_kg.items()
        },
        "near_share": tally.near_share,
    }
