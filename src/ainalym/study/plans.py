"""Plans: made, kept in a folder, read back and reported again."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ainalym.city import read, write
from ainalym.city.change import change
from ainalym.city.write import keep_others, swapped_in
from ainalym.errors import Issue, refuse
from ainalym.model.city import City
from ainalym.model.plan import Outcome
from ainalym.model.travel import Travel
from ainalym.study.cities import find_city
from ainalym.study.watch import Silent, start

if TYPE_CHECKING:
    from ainalym.report import Made

PLAN = "plan.json"
CITY = "city"
CERTIFICATE = "certificate.json"
OURS = (PLAN, CITY, CERTIFICATE, "report.html", "tables", "map")
"""What a plan's folder holds of ours; whatever else is there is kept."""


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
    seconds, gap_allowed
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
    from ainalym.plan.proof_text import text_of
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
    start(watch, city, "planning")
    certificates: list = []
    outcome = design(
        city,
        travel,
        seconds=seconds,
        gap_allowed=gap_allowed,
        progress=watch.progress,
        certified=certificates.append,
    )
    if watch.is_interrupted and not any("interrupted" in note for note in outcome.notes):
        said = f"interrupted after {outcome.seconds_s:.0f} s of search"
        outcome = replace(outcome, notes=(*outcome.notes, said))
    made = Made(command=command, scenario=scenario, is_certified=bool(certificates))
    study = Study(city=city, travel=travel, outcome=outcome, made=made)
    if outcome.plan is None:
        return study
    watch.step("writing the report")
    with swapped_in(out) as fresh:
        if out.is_dir():
            keep_others(out, fresh, OURS)
        write_report(city, travel, outcome, fresh, made=study.made)
        write(city, fresh / CITY)
        for certificate in certificates:
            (fresh / CERTIFICATE).write_text(text_of(certificate), encoding="utf-8", newline="\n")
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
    made = replace(made, is_certified=(out / CERTIFICATE).is_file())
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


def is_plan(folder: Path) -> bool:
    """Tell whether a folder is one that `plan_city` wrote."""
    return (folder / PLAN).is_file() and (folder / CITY).is_dir()


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
