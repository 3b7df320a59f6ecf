"""What a change costs: against every design of the toy, and against bounds made for the purpose."""

from dataclasses import replace
from functools import cache
from itertools import product
from math import inf, isnan, nan

import numpy as np
import pytest

from ainalym.answer import Sense, Status
from ainalym.city import read
from ainalym.city.roads import measure
from ainalym.model.place import SiteKind, SiteStatus
from ainalym.model.plan import NEVER, Outcome
from ainalym.plan import design
from ainalym.plan.alternatives import (
    ask_money,
    ask_site,
    ask_stations,
    faults_of_sites,
)
from ainalym.study import examples

MILLION = 100_000_000
"""A million in major units."""


@cache
def toy(**changes):
    """The shipped toy with other programme terms."""
    city = read(examples()["toy"])
    return replace(city, programme=replace(city.programme, **changes))


@cache
def ways():
    """Its distances, which no change here touches."""
    return measure(toy())


def again(city, said=""):
    """Plan for real."""
    return design(city, ways(), seconds=20, gap_allowed=1e-7)


@cache
def all_designs(**changes) -> dict[frozenset[str], float]:
    """The best objective for each set of open points and stations: every site decided by hand."""
    city, found = toy(**changes), {}
    sites = city.sites
    free = [k for k, s in enumerate(sites.status) if s is SiteStatus.CANDIDATE]
    for chosen in product((SiteStatus.FORCED, SiteStatus.FORBIDDEN), repeat=len(free)):
        status = dict(zip(free, chosen, strict=True))
        opened = frozenset(sites.id[k] for k, s in status.items() if s is SiteStatus.FORCED)
        decided = tuple(status.get(k, s) for k, s in enumerate(sites.status))
        one = replace(city, sites=replace(sites, status=decided))
        count = len(opened & {"S1", "S2"})
        asked = city.programme.stations
        if count > asked or (city.programme.exactly and count < asked):
            continue
        outcome = again(one)
        if outcome.plan is not None:
            found[opened] = outcome.objective
    return found


def best(found: dict[frozenset[str], float], holds) -> float:
    """The best of the sets that hold a condition."""
    return max(value for opened, value in found.items() if holds(opened))


@pytest.mark.slow
def test_all_designs_hold_the_toys_own_plan():
    found = all_designs()
    assert max(found, key=found.get) == {"A", "B", "S2"}
    assert max(found.values()) == pytest.approx(again(toy()).objective, rel=1e-9)
    assert len(found) > 10


@pytest.mark.slow
@pytest.mark.parametrize("site", ["A", "B", "C", "S1", "S2"])
def test_the_cost_of_a_site_is_the_difference_of_the_best_designs(site):
    found, base = all_designs(), again(toy())
    told = ask_site(toy(), base, site, again)
    is_open = site in {"A", "B", "S2"}
    asked = best(found, lambda opened: (site in opened) is not is_open)
    cost = max(found.values()) - asked
    assert -told.most == pytest.approx(cost, rel=1e-6, abs=100)
    assert -told.least == pytest.approx(cost, rel=1e-6, abs=100)
    assert told.is_told_apart
    assert site in (told.closes if is_open else told.opens)
    opened = {"A", "B", "S2"} - set(told.closes) | set(told.opens)
    assert found[frozenset(opened)] == pytest.approx(asked, rel=1e-6)


def test_the_toy_s_page_says_what_c_instead_of_a_costs():
    told = ask_site(toy(), again(toy()), "A", again)
    assert told.opens == ("C",)
    assert told.closes == ("A",)
    assert -told.least == pytest.approx(307_943_600, rel=1e-4)


@pytest.mark.parametrize("budget", [22, 25, 30])
def test_a_million_more_brings_the_difference_of_the_best_designs(budget):
    fund = replace(toy().programme.funds[0], amount_minor=(budget * MILLION, 0, 0))
    city = replace(toy(), programme=replace(toy().programme, funds=(fund,)))
    base = again(city)
    more = 2 * MILLION
    told = ask_money(city, base, more, again)
    rich = replace(fund, amount_minor=(budget * MILLION + more, 0, 0))
    richer = again(replace(city, programme=replace(city.programme, funds=(rich,))))
    gain = richer.objective - base.objective
    assert told.least == pytest.approx(gain, rel=1e-6, abs=2000)
    assert told.most == pytest.approx(gain, rel=1e-6, abs=2000)
    assert told.is_told_apart is (gain > 2000)


def test_more_money_leaves_no_source_with_less_in_any_year():
    fund = toy().programme.funds[0]
    funds = (
        replace(fund, amount_minor=(101, 1, 0)),
        replace(fund, source="loan", amount_minor=(7, 0, 3)),
    )
    city = replace(toy(), programme=replace(toy().programme, funds=funds))
    seen = []

    def look(changed, said):
        seen.append(changed.programme.funds)
        return blank(Status.UNKNOWN)

    ask_money(city, again(toy()), 17, look)
    before = np.array([f.amount_minor for f in funds])
    after = np.array([f.amount_minor for f in seen[0]])
    assert (after >= before).all()
    assert (after - before).sum() == 17
    assert not (after - before)[before == 0].any()
    empty = replace(city, programme=replace(city.programme, funds=()))
    ask_money(empty, again(toy()), 17, look)
    assert sum(sum(f.amount_minor) for f in seen[1]) == 17


@pytest.mark.slow
@pytest.mark.parametrize("exactly", [True, False])
@pytest.mark.parametrize("stations", [1, 2])
def test_alternatives_are_the_best_designs_of_other_stations(exactly, stations):
    terms = {"exactly": exactly, "stations": stations, "keeper_minor_per_year": 0.0}
    found = all_designs(**terms)
    base = again(toy(**terms))
    by_stations = {}
    for opened, value in found.items():
        key = opened & {"S1", "S2"}
        by_stations[key] = max(value, by_stations.get(key, -inf))
    ranked = sorted(by_stations, key=by_stations.get, reverse=True)
    told = ask_stations(toy(**terms), base, 10, 1e6, again)
    assert len(told.found) == len(ranked) - 1
    for one, key in zip(told.found, ranked[1:], strict=True):
        plan = one.outcome.plan
        city = toy(**terms)
        rows = city.sites.rows(SiteKind.STATION)
        assert {city.sites.id[k] for k in rows if plan.opened[k] != NEVER} == key
        assert one.outcome.objective == pytest.approx(by_stations[key], rel=1e-6, abs=100)
    assert told.is_complete
    assert isnan(told.rest)


def test_one_alternative_says_what_the_rest_can_reach():
    terms = {"exactly": False, "stations": 2, "keeper_minor_per_year": 0.0}
    base = again(toy(**terms))
    told = ask_stations(toy(**terms), base, 1, 1e6, again)
    every = ask_stations(toy(**terms), base, 10, 1e6, again)
    assert len(told.found) == 1
    assert not told.is_complete
    assert told.rest >= every.found[1].outcome.objective
    assert told.found[0].outcome.objective == every.found[0].outcome.objective


def test_alternatives_further_away_are_left_out_and_that_is_proved():
    base = again(toy())
    every = ask_stations(toy(), base, 5, 1.0, again)
    assert [one.opens for one in every.found] == [("S1",)]
    share = every.found[0].most / -base.objective
    assert ask_stations(toy(), base, 5, share * 1.001, again).found
    near = ask_stations(toy(), base, 5, share * 0.999, again)
    assert near.found == ()
    assert near.is_complete
    assert near.rest == pytest.approx(every.found[0].outcome.objective)


@pytest.mark.slow
def test_a_point_whose_keeper_cannot_live_names_the_rules():
    assert not any("D" in opened for opened in all_designs())
    told = ask_site(toy(), again(toy()), "D", again)
    assert told.outcome.status is Status.INFEASIBLE
    rules = {"the sites that have to be opened", "the keepers' least earnings", "the subsidy"}
    assert rules <= set(told.outcome.clash)


def test_what_cannot_be_names_the_rules():
    poor = replace(toy().programme.funds[0], amount_minor=(26 * MILLION, 0, 0))
    city = replace(toy(), programme=replace(toy().programme, funds=(poor,)))
    told = ask_site(city, again(city), "S1", again)
    assert told.outcome.status is not Status.INFEASIBLE
    poorest = replace(poor, amount_minor=(9 * MILLION, 0, 0))
    city = replace(city, programme=replace(city.programme, funds=(poorest,)))
    told = ask_site(city, again(city), "S1", again)
    assert told.outcome.status is Status.INFEASIBLE
    assert "the budget" in told.outcome.clash
    assert told.least == told.most == -inf
    assert told.is_told_apart


def test_too_few_stations_are_an_answer_not_an_error():
    terms = {"exactly": True, "stations": 2, "keeper_minor_per_year": 0.0}
    told = ask_site(toy(**terms), again(toy(**terms)), "S1", again)
    assert told.outcome.status is Status.INFEASIBLE
    assert told.outcome.clash == ("programme/stations: asks for 2 stations; there are 1",)


def blank(status: Status, sense: Sense = Sense.MAX, bound: float = nan) -> Outcome:
    """An outcome without a plan."""
    bound = (inf if sense is Sense.MAX else -inf) if isnan(bound) else bound
    return Outcome(
        status=status, sense=sense, objective=nan, bound=bound, gap=inf, plan=None, tally=None
    )


def told_of(sense: Sense, base: tuple[float, float], found: tuple[float, float], status):
    """Compare made-up outcomes: objective and bound of each."""
    real = again(toy())

    def made(objective, bound):
        gap = abs(bound - objective) / abs(objective)
        kind = Status.FEASIBLE if gap > 1e-6 else Status.OPTIMAL
        return replace(real, sense=sense, objective=objective, bound=bound, gap=gap, status=kind)

    sites = toy().sites
    row = sites.row["C"]
    changed = tuple(status if k == row else s for k, s in enumerate(sites.status))
    city = replace(toy(), sites=replace(sites, status=changed))
    return ask_site(city, made(*base), "C", lambda city, said: made(*found))


@pytest.mark.parametrize(
    ("base", "found", "least", "most", "apart"),
    [
        ((100.0, 100.0), (90.0, 90.0), -10.0, -10.0, True),
        ((100.0, 105.0), (90.0, 95.0), -15.0, -5.0, True),
        ((100.0, 105.0), (90.0, 103.0), -15.0, 0.0, False),  # the gaps overlap
        ((100.0, 110.0), (104.0, 106.0), -6.0, 0.0, False),  # better than the plan: it was not best
        ((100.0, 100.0), (100.0, 100.0), 0.0, 0.0, False),
    ],
)
@pytest.mark.parametrize("sense", list(Sense))
def test_a_choice_undone_costs_what_the_bounds_allow(sense, base, found, least, most, apart):
    sign = 1.0 if sense is Sense.MAX else -1.0
    flipped = [tuple(sign * value for value in pair) for pair in (base, found)]
    told = told_of(sense, *flipped, SiteStatus.CANDIDATE)
    assert (told.least, told.most) == (least, most)
    assert told.is_told_apart is apart


def test_what_was_no_choice_may_be_better_undone():
    told = told_of(Sense.MAX, (100.0, 101.0), (110.0, 112.0), SiteStatus.FORBIDDEN)
    assert (told.least, told.most) == (9.0, 12.0)
    assert told.is_told_apart


def test_no_plan_in_time_leaves_the_worst_open():
    base = replace(again(toy()), objective=100.0, bound=104.0)
    told = ask_site(toy(), base, "C", lambda *_: blank(Status.UNKNOWN, bound=97.0))
    assert (told.least, told.most) == (-inf, -3.0)
    assert told.is_told_apart
    told = ask_site(toy(), base, "C", lambda *_: blank(Status.UNKNOWN))
    assert (told.least, told.most) == (-inf, 0.0)
    assert not told.is_told_apart


def test_more_money_never_brings_less():
    base = replace(again(toy()), objective=100.0, bound=104.0)
    worse = replace(base, objective=90.0, bound=108.0)
    told = ask_money(toy(), base, 100, lambda *_: worse)
    assert (told.least, told.most) == (0.0, 8.0)
    assert not told.is_told_apart


def test_sites_nobody_chooses_are_refused_all_at_once():
    faults = [*map(str, faults_of_sites(toy(), ("A", "works", "S3", "Qqqq")))]
    assert faults == [
        "site 'works': is a plant (ask about a point or a station)",
        "site 'S3': there is no such site (did you mean S2, S1?)",
        "site 'Qqqq': there is no such site (use an id of sites.csv)",
    ]
