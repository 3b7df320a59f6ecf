"""Changing means and wishes: shares are kept to the last unit, faults are all told."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ainalym.city.change import change
from ainalym.errors import InputError
from ainalym.model.programme import Objective
from tests.city.toys import toy


def amounts(city) -> list[tuple[int, ...]]:
    """What each fund brings in each year."""
    return [fund.amount_minor for fund in city.programme.funds]


def test_nothing_asked_is_nothing_changed():
    city = toy()
    assert change(city) is city


def test_a_budget_keeps_the_shares_of_sources_and_years():
    """210,010,501 minor units in all; twice that doubles every amount."""
    assert amounts(change(toy(), budget_minor=420_021_002)) == [
        (420_000_000, 0, 20_002),
        (0, 1000, 0),
    ]


@given(some.integers(0, 10**13))
def test_a_budget_is_met_to_the_last_unit(budget):
    changed = amounts(change(toy(), budget_minor=budget))
    assert sum(map(sum, changed)) == budget


def test_a_city_without_money_gets_it_in_the_first_year():
    poor = change(toy(), budget_minor=0)
    assert amounts(change(poor, budget_minor=7)) == [(7, 0, 0), (0, 0, 0)]


def test_years_cut_and_add_years_without_money():
    assert amounts(change(toy(), years=2)) == [(210_000_000, 0), (0, 500)]
    assert amounts(change(toy(), years=4))[0] == (210_000_000, 0, 10_001, 0)


def test_stations_and_objective_replace_the_citys():
    city = change(toy(), stations=2, objective="tonnes")
    assert city.programme.stations == 2
    assert city.programme.objective is Objective.TONNES


def test_all_faults_are_told_at_once():
    with pytest.raises(InputError) as caught:
        change(toy(), budget_minor=-1, stations=-1, years=0, objective="profit")
    assert [str(issue) for issue in caught.value.issues] == [
        "budget: the budget is -0.01 (give 0 or more)",
        "stations: stations is -1 (give 0 or more)",
        "years: years is 0 (give a whole number between 1 and 50)",
        "objective: objective is 'profit' (use one of value, cost, tonnes, emissions)",
    ]


def test_a_wish_the_city_cannot_meet_is_said():
    with pytest.raises(InputError, match="asks for 9 stations; there are 2"):
        change(toy(), stations=9)
