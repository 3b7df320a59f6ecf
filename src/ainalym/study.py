"""The story: read a city, measure its ways, plan, and report.

Rooms with heavy engines are entered only when the story gets there, so that checking a city does
not wait for a solver to load.
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import fields
from math import isfinite
from pathlib import Path

import numpy as np

from ainalym.answer import Sense, Status
from ainalym.city import read, scenarios, write
from ainalym.city.change import change
from ainalym.city.write import keep_others, swapped_in
from ainalym.errors import InputError, Issue, OutsideError, refuse
from ainalym.model.city import City
from ainalym.model.place import SiteKind, SiteStatus
from ainalym.model.plan import NEVER, Flows, Installed, Outcome, Plan, Worked
from ainalym.model.programme import Objective

EXAMPLES = Path(__file__).parent / "city" / "examples"
OUTCOME = "outcome.json"
CITY = "city"
OURS = (OUTCOME, CITY, "report.html", "plan.json", "tables", "map")


class Silent:
    """Watches a study and says nothing."""

    def step(self, said: str) -> None:
        """Hear what is being done now."""

    def note(self, said: str, share: float) -> None:
        """Hear which part of a step is done, and which share of it."""

    def meet(self, city: City) -> None:
        """Hear which city it is about."""

    def progress(self, seconds_s: float, objective: float, bound: float) -> None:
        """Hear how far the search is."""


def examples() -> dict[str, Path]:
    """List the shipped example cities by name."""
    if not EXAMPLES.is_dir():
        return {}
    return {path.name: path for path in sorted(EXAMPLES.iterdir()) if path.is_dir()}


def find_city(name: str) -> Path:
    """Find a city folder, or the shipped example of that name when there is no such folder.

    Parameters
    ----------
    name
        A path, or a bare name.

    Raises
    ------
    InputError
        There is neither.
    """
    if Path(name).exists() or name not in examples():
        if not Path(name).exists() and Path(name).name == name:
            known = ", ".join(examples())
            mend = f"give a folder, or one of the examples {known}"
            refuse([Issue(name, "there is no such folder or example", mend)])
        return Path(name)
    return examples()[name]


def check_city(folder: Path, scenario: str = "") -> City:
    """Read a city with each of its scenarios, and refuse it with the faults of all.

    Parameters
    ----------
    folder
        A city folder.
    scenario
        Check only this one; empty for the city and all its scenarios.

    Raises
    ------
    InputError
        Every fault found, each once.
    """
    if scenario:
        return read(folder, scenario)
    city = read(folder)
    issues: dict[Issue, None] = {}
    for name in scenarios(folder):
        try:
            read(folder, name)
        except InputError as error:
            issues |= dict.fromkeys(error.issues)
    refuse(issues)
    return city


def copy_city(name: str, folder: Path) -> None:
    """Copy a city with its scenarios into a new folder, to be edited there.

    Parameters
    ----------
    name
        As for `find_city`.
    folder
        New or empty.

    Raises
    ------
    InputError
        There is no such city, or the folder holds something.
    OutsideError
        The file system refused.
    """
    source, folder = find_city(name), Path(folder)
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        refuse([Issue(str(folder), "there is something here already", "give a new folder")])
    with swapped_in(folder) as fresh:
        shutil.copytree(source, fresh, dirs_exist_ok=True)


def city_from_osm(
    extract: Path,
    districts: Path,
    residents: Path,
    out: Path,
    *,
    template: str = "",
    watch: Silent | None = None,
    **wanted: object,
) -> City:
    """Make a city folder from an extract of OpenStreetMap and a head count.

    Parameters
    ----------
    extract, districts, residents
        As for `from_osm`.
    out
        New, empty, or an earlier city folder.
    template
        As for `find_city`: gives what no map tells. The shipped Almaty if empty.
    watch
        Hears what is being done.
    wanted
        The other wishes of `from_osm`.

    Raises
    ------
    InputError
        A file or the folder has faults.
    OutsideError
        The file system refused.
    """
    from ainalym.city.osm import from_osm, write_osm_city

    watch = watch or Silent()
    watch.step("reading the extract")
    terms = read(find_city(template)) if template else None
    cities = from_osm(extract, districts, residents, template=terms, **wanted)
    watch.step("writing the city")
    write_osm_city(cities, out)
    return next(iter(cities.values()))


def plan_city(
    name: str,
    out: Path,
    *,
    scenario: str = "",
    budget_minor: int | None = None,
    stations: int | None = None,
    years: int | None = None,
    objective: str = "",
    seconds: float = 60.0,
    gap_allowed: float = 0.005,
    seed: int = 0,
    command: str = "",
    watch: Silent | None = None,
) -> tuple[City, Outcome]:
    """Plan a city and write the plan with its report into a folder.

    The folder appears whole or not at all, and only when there is a plan. Interrupted once while
    it searches, the best plan so far is written.

    Parameters
    ----------
    name
        As for `find_city`.
    out
        New, empty, or an earlier plan, which is replaced.
    scenario, budget_minor, stations, years, objective
        As for `read` and `change`.
    seconds, gap_allowed, seed
        As for `design`.
    command
        What to print in the report as the way to make it again.
    watch
        Hears what is being done.

    Raises
    ------
    InputError
        The city has faults, or the folder holds something else.
    OutsideError
        The file system or the solver refused.
    """
    from ainalym.city.roads import measure
    from ainalym.plan import design
    from ainalym.report import write_report

    watch, out = watch or Silent(), Path(out)
    refuse(_faults_of_out(out))
    watch.step("reading the city")
    city = read(find_city(name), scenario)
    city = change(
        city, budget_minor=budget_minor, stations=stations, years=years, objective=objective
    )
    watch.meet(city)
    watch.step("measuring the ways")
    travel = measure(city, progress=watch.note)
    watch.step("planning")
    outcome = design(
        city,
        travel,
        seconds=seconds,
        gap_allowed=gap_allowed,
        seed=seed,
        progress=watch.progress,
    )
    if outcome.plan is None:
        return city, outcome
    watch.step("writing the report")
    with swapped_in(out) as fresh:
        if out.is_dir():
            keep_others(out, fresh, OURS)
        write_report(city, travel, outcome, fresh, command=command, scenario=scenario)
        write(city, fresh / CITY)
        told = {"command": command, "scenario": scenario}
        text = json.dumps(told | _kept(outcome), separators=(",", ":"))
        (fresh / OUTCOME).write_text(text + "\n", encoding="utf-8")
    return city, outcome


def report_again(out: Path, *, watch: Silent | None = None) -> tuple[City, Outcome]:
    """Make the report of an earlier plan again, its figures recomputed from the plan itself.

    Parameters
    ----------
    out
        A folder that `plan_city` wrote.
    watch
        Hears what is being done.

    Raises
    ------
    InputError
        The folder is not an earlier plan, or its plan breaks a rule of its city.
    OutsideError
        The file system refused.
    """
    from ainalym.city.roads import measure
    from ainalym.plan.check import recount
    from ainalym.report import write_report

    watch, out = watch or Silent(), Path(out)
    if not (out / OUTCOME).is_file():
        mend = "give a folder that `ainalym plan` wrote"
        refuse([Issue(str(out), "there is no plan in this folder", mend)])
    watch.step("reading the plan")
    city = read(out / CITY)
    try:
        told = json.loads((out / OUTCOME).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OutsideError(f"{out / OUTCOME} cannot be read: {error}") from error
    watch.step("measuring the ways")
    travel = measure(city, progress=watch.note)
    plan = _plan_of(told)
    tally, issues = recount(city, travel, plan)
    refuse(issues)
    outcome = Outcome(
        status=Status(told["status"]),
        sense=Sense(told["sense"]),
        objective=tally.objective,
        bound=told["bound"],
        gap=told["gap"],
        plan=plan,
        tally=tally,
        seconds_s=told["seconds_s"],
        trail=tuple(tuple(row) for row in told["trail"]),
        notes=tuple(told["notes"]),
    )
    watch.step("writing the report")
    with swapped_in(out) as fresh:
        shutil.copytree(out, fresh, dirs_exist_ok=True)
        command, scenario = told["command"], told["scenario"]
        write_report(city, travel, outcome, fresh, command=command, scenario=scenario)
    return city, outcome


def summary(city: City, outcome: Outcome, out: Path) -> dict[str, object]:
    """Sum a plan up in one flat object of names and numbers.

    Objective and bound are in the plan's own unit, which is named; other money is in major units,
    masses are tonnes over the horizon; a bound nobody proved is None.

    Parameters
    ----------
    city, outcome
        As `plan_city` gives them.
    out
        Where it was written.
    """
    found: dict[str, object] = {
        "status": str(outcome.status),
        "objective": _finite(outcome.objective),
        "bound": _finite(outcome.bound),
        "gap": _finite(outcome.gap),
        "objective_name": str(city.programme.objective),
        "objective_unit": {
            Objective.TONNES: "kg",
            Objective.EMISSIONS: "kg CO2e",
        }.get(city.programme.objective, f"{city.programme.currency} / 100"),
        "sense": str(outcome.sense),
        "currency": city.programme.currency,
        "seconds_s": round(outcome.seconds_s, 3),
    }
    if outcome.plan is None or outcome.tally is None:
        return found | {"clash": list(outcome.clash), "notes": list(outcome.notes)}
    tally = outcome.tally
    for stage in ("thrown", "captured", "sorted", "sold", "made"):
        found[f"{stage}_t"] = float(getattr(tally, f"{stage}_kg").sum()) / 1000
    opened = outcome.plan.opened != NEVER
    chosen = opened & ~city.sites.has_status(SiteStatus.EXISTING)
    return found | {
        "points": int(opened[city.sites.rows(SiteKind.POINT)].sum()),
        "stations": [city.sites.id[k] for k in city.sites.rows(SiteKind.STATION) if opened[k]],
        "sites_opened": int(chosen.sum()),
        "budget": sum(sum(fund.amount_minor) for fund in city.programme.funds) / 100,
        "investment": -float(tally.money_minor["investment"].sum()) / 100,
        "notes": list(outcome.notes),
        "report": str(out / "report.html"),
    }


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def _faults_of_out(out: Path) -> Iterator[Issue]:
    if out.is_file():
        yield Issue(str(out), "is a file", "give a folder for the plan")
    elif out.is_dir() and any(out.iterdir()) and not (out / OUTCOME).is_file():
        fault = "there is something else here that is not an earlier plan"
        yield Issue(str(out), fault, "give a new folder")
    else:
        # Asked before the search, so that nobody waits for a plan that cannot be kept.
        above = next(path for path in out.resolve().parents if path.exists())
        if not (above.is_dir() and os.access(above, os.W_OK | os.X_OK)):
            yield Issue(str(out), f"nothing can be written in {above}", "give another folder")


def _kept(outcome: Outcome) -> dict[str, object]:
    """What is needed to make a report again, as plain values."""
    plan = outcome.plan
    assert plan is not None
    kept: dict[str, object] = {
        name: getattr(outcome, name)
        for name in ("status", "sense", "bound", "gap", "seconds_s", "trail", "notes")
    }
    kept["installed"] = [[s.site, s.process, s.step, s.year] for s in plan.installed]
    for name in ("opened", "brings_to", "captured_kg", "subsidy_minor"):
        kept[name] = getattr(plan, name).tolist()
    for name, table in (("worked", plan.worked), ("flows", plan.flows)):
        kept[name] = {f.name: getattr(table, f.name).tolist() for f in fields(table)}
    return kept


def _plan_of(told: dict) -> Plan:
    return Plan(
        opened=np.array(told["opened"]),
        brings_to=np.array(told["brings_to"]),
        captured_kg=np.array(told["captured_kg"]),
        installed=tuple(
            Installed(site=site, process=process, step=step, year=year)
            for site, process, step, year in told["installed"]
        ),
        worked=Worked(**told["worked"]),
        flows=Flows(**told["flows"]),
        subsidy_minor=np.array(told["subsidy_minor"]),
    )
