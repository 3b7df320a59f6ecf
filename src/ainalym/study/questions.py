"""Questions about a plan: the city changed in one respect, and planned again."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ainalym.city import read
from ainalym.errors import Issue, refuse
from ainalym.model.city import City
from ainalym.model.difference import Alternatives, Difference
from ainalym.model.plan import Outcome
from ainalym.study.cities import find_city
from ainalym.study.plans import Study, is_plan, read_study
from ainalym.study.watch import Silent, start


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


def explain(
    name: str,
    *,
    sites: tuple[str, ...] = (),
    more_minor: int = 0,
    many: int = 0,
    within_share: float = 0.01,
    scenario: str = "",
    seconds: float = 40.0,
    gap_allowed: float = 0.001,
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
    seconds, gap_allowed
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
    search = {"seconds": seconds, "gap_allowed": gap_allowed}
    study = _study_of(name, scenario, sites, search, watch)
    city, base = study.city, study.outcome
    if base.plan is None:
        return Explained(study=study, sites={})

    def again(changed: City, said: str) -> Outcome:
        if not watch.is_interrupted:
            start(watch, city, f"planning {said}")
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
    start(watch, city, "planning")
    outcome = design(city, travel, progress=watch.progress, **search)
    return Study(city=city, travel=travel, outcome=outcome, made=Made(scenario=scenario))
