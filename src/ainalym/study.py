"""The story: read a city, measure its ways, plan, and report.

Rooms with heavy engines are entered only when the story gets there, so that checking a city does
not wait for a solver to load.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ainalym.city import read, scenarios, write
from ainalym.city.change import change
from ainalym.city.write import keep_others, swapped_in
from ainalym.errors import InputError, Issue, refuse
from ainalym.model.city import City
from ainalym.model.difference import Alternatives, Difference
from ainalym.model.plan import Outcome
from ainalym.model.travel import Travel

if TYPE_CHECKING:
    from ainalym.report import Made

EXAMPLES = Path(__file__).parent / "city" / "examples"
PLAN = "plan.json"
CITY = "city"
OURS = (PLAN, CITY, "report.html", "tables", "map")


class Silent:
    """Watches a study and says nothing."""

    is_interrupted = False
    """Whether somebody asked to stop."""

    def step(self, said: str) -> None:
        """Hear what is being done now."""

    def note(self, said: str, share: float) -> None:
        """Hear which part of a step is done, and which share of it."""

    def meet(self, scale: float, unit: str) -> None:
        """Hear in which unit objectives are read, and how many of the plan's own make one."""

    def progress(self, seconds_s: float, objective: float, bound: float) -> None:
        """Hear how far the search is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A city, its ways, what was found for it, and what made it."""

    city: City
    travel: Travel
    outcome: Outcome
    made: "Made"

    @property
    def summary(self) -> dict[str, object]:
        """What `plan.json` says in brief, and every command in JSON."""
        from ainalym.report import summary

        return summary(self.city, self.outcome, self.made)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A plan, what was asked about it, and the answers; `unanswered` when somebody interrupted."""

    study: Study
    sites: dict[str, Difference]
    more_minor: int = 0
    money: Difference | None = None
    within_share: float = 0.0
    others: Alternatives | None = None
    unanswered: tuple[str, ...] = ()

    @property
    def summary(self) -> dict[str, object]:
        """The plan's summary and every answer, as `--json` prints them."""
        from ainalym.report import answers

        city, base = self.study.city, self.study.outcome
        told: dict[str, object] = {"plan": self.study.summary}
        told["sites"] = [answers.site(city, base, name, one) for name, one in self.sites.items()]
        if self.money is not None:
            told["money"] = answers.money(city, self.more_minor, self.money)
        if self.others is not None:
            told["alternatives"] = answers.alternatives(city, self.within_share, self.others)
        return told | {"unanswered": list(self.unanswered)}


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
    cities = from_osm(extract, districts, residents, template=terms, progress=watch.note, **wanted)
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
) -> Study:
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
    from ainalym.report import Made, write_report

    watch, out = watch or Silent(), Path(out)
    refuse(_faults_of_out(out))
    watch.step("reading the city")
    city = read(find_city(name), scenario)
    city = change(
        city, budget_minor=budget_minor, stations=stations, years=years, objective=objective
    )
    watch.step("measuring the ways")
    travel = measure(city, progress=watch.note)
    _start(watch, city, "planning")
    outcome = design(
        city,
        travel,
        seconds=seconds,
        gap_allowed=gap_allowed,
        seed=seed,
        progress=watch.progress,
    )
    if watch.is_interrupted and not any("interrupted" in note for note in outcome.notes):
        said = f"interrupted after {outcome.seconds_s:.0f} s of search"
        outcome = replace(outcome, notes=(*outcome.notes, said))
    made = Made(command=command, scenario=scenario)
    study = Study(city=city, travel=travel, outcome=outcome, made=made)
    if outcome.plan is None:
        return study
    watch.step("writing the report")
    with swapped_in(out) as fresh:
        if out.is_dir():
            keep_others(out, fresh, OURS)
        write_report(city, travel, outcome, fresh, made=study.made)
        write(city, fresh / CITY)
    return study


def read_study(out: Path, *, watch: Silent | None = None) -> Study:
    """Read an earlier plan, its figures recomputed from the plan itself.

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
        A file cannot be read.
    """
    from ainalym.city.roads import measure
    from ainalym.plan import recount
    from ainalym.report import read_outcome

    watch, out = watch or Silent(), Path(out)
    if not is_plan(out):
        mend = "give a folder that `ainalym plan` wrote"
        refuse([Issue(str(out), "there is no plan in this folder", mend)])
    watch.step("reading the plan")
    city = read(out / CITY)
    outcome, made = read_outcome(out, city)
    watch.step("measuring the ways")
    travel = measure(city, progress=watch.note)
    if outcome.plan is not None:
        tally, issues = recount(city, travel, outcome.plan)
        refuse(issues)
        outcome = replace(outcome, tally=tally, objective=tally.objective)
    return Study(city=city, travel=travel, outcome=outcome, made=made)


def report_again(out: Path, *, watch: Silent | None = None) -> Study:
    """Make the report of an earlier plan again, its figures recomputed from the plan itself.

    Parameters
    ----------
    out, watch
        As for `read_study`.

    Raises
    ------
    InputError
        The folder is not an earlier plan, or its plan breaks a rule of its city.
    OutsideError
        The file system refused.
    """
    from ainalym.report import write_report

    watch, out = watch or Silent(), Path(out)
    study = read_study(out, watch=watch)
    watch.step("writing the report")
    with swapped_in(out) as fresh:
        shutil.copytree(out, fresh, dirs_exist_ok=True)
        write_report(study.city, study.travel, study.outcome, fresh, made=study.made)
    return study


def explain(
    name: str,
    *,
    sites: tuple[str, ...] = (),
    more_minor: int = 0,
    many: int = 0,
    within_share: float = 0.01,
    scenario: str = "",
    seconds: float = 45.0,
    gap_allowed: float = 0.001,
    seed: int = 0,
    watch: Silent | None = None,
) -> Explained:
    """Answer questions about a plan by changing its city in one respect and planning again.

    Interrupted, what is answered by then is given. Each question takes one search, alternatives
    about as many for each as there are stations to open.

    Parameters
    ----------
    name
        A folder that `plan_city` wrote, or a city as for `find_city`, which is planned first.
    sites
        Points and stations, by id: what does it cost to open those the plan leaves closed, and to
        close those it opens?
    more_minor
        What would so much more money for investment bring? Minor units, 0 for not asked.
    many, within_share
        Which so many plans with other stations come within this share of the plan's objective?
        0 for not asked.
    scenario
        As for `read`; only for a city.
    seconds, gap_allowed, seed
        As for `design`, for each search.
    watch
        Hears what is being done.

    Raises
    ------
    InputError
        The city has faults, or a site asked about is unknown or nothing to choose.
    OutsideError
        A file cannot be read, or the solver refused.
    """
    from ainalym.plan import alternatives, design

    watch = watch or Silent()
    search = {"seconds": seconds, "gap_allowed": gap_allowed, "seed": seed}
    study = _study_of(name, scenario, sites, search, watch)
    city, base = study.city, study.outcome
    if base.plan is None:
        return Explained(study=study, sites={})

    def again(changed: City, said: str) -> Outcome:
        if not watch.is_interrupted:
            _start(watch, city, f"planning {said}")
            found = design(changed, study.travel, progress=watch.progress, **search)
        if watch.is_interrupted:
            raise KeyboardInterrupt
        return found

    asked: dict[str, Callable[[], object]] = {
        f"--site {site}": partial(alternatives.ask_site, city, base, site, again) for site in sites
    }
    if more_minor:
        asked["--budget-more"] = partial(alternatives.ask_money, city, base, more_minor, again)
    if many:
        asked["--alternatives"] = partial(
            alternatives.ask_stations, city, base, many, within_share, again
        )
    answers: dict = {}
    try:
        for question, ask in asked.items():
            answers[question] = ask()
    except KeyboardInterrupt:
        watch.step("interrupted")
    return Explained(
        study=study,
        sites={site: answers[key] for site in sites if (key := f"--site {site}") in answers},
        more_minor=more_minor,
        money=answers.get("--budget-more"),
        within_share=within_share,
        others=answers.get("--alternatives"),
        unanswered=tuple(question for question in asked if question not in answers),
    )


def _study_of(
    name: str, scenario: str, sites: tuple[str, ...], search: dict, watch: Silent
) -> Study:
    """Read the plan that is to be explained, or make it; refuse sites nobody can ask about."""
    from ainalym.city.roads import measure
    from ainalym.plan import design
    from ainalym.plan.alternatives import faults_of_sites
    from ainalym.report import Made

    if is_plan(Path(name)):
        if scenario:
            fault = f"is a plan already, and scenario {scenario!r} is asked for"
            refuse([Issue(name, fault, "give a city, or leave the scenario out")])
        study = read_study(Path(name), watch=watch)
        refuse(faults_of_sites(study.city, sites))
        return study
    watch.step("reading the city")
    city = read(find_city(name), scenario)
    refuse(faults_of_sites(city, sites))
    watch.step("measuring the ways")
    travel = measure(city, progress=watch.note)
    _start(watch, city, "planning")
    outcome = design(city, travel, progress=watch.progress, **search)
    return Study(city=city, travel=travel, outcome=outcome, made=Made(scenario=scenario))


def is_plan(folder: Path) -> bool:
    """Tell whether a folder is one that `plan_city` wrote."""
    return (folder / PLAN).is_file() and (folder / CITY).is_dir()


def _start(watch: Silent, city: City, said: str) -> None:
    """Say that a search begins, and in which unit its progress will be."""
    from ainalym.report.words import objective_unit

    watch.meet(*objective_unit(city))
    watch.step(said)


def _faults_of_out(out: Path) -> Iterator[Issue]:
    if out.is_file():
        yield Issue(str(out), "is a file", "give a folder for the plan")
    elif out.is_dir() and any(out.iterdir()) and not is_plan(out):
        fault = "there is something else here that is not an earlier plan"
        yield Issue(str(out), fault, "give a new folder")
    else:
        # Asked before the search, so that nobody waits for a plan that cannot be kept.
        above = next(path for path in out.resolve().parents if path.exists())
        if not (above.is_dir() and os.access(above, os.W_OK | os.X_OK)):
            yield Issue(str(out), f"nothing can be written in {above}", "give another folder")
