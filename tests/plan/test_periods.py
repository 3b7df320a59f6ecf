"""Years lumped into periods: every year once, in order, and the settled ones together."""

import numpy as np
import pytest

from ainalym.model.city import City
from ainalym.plan.periods import LUMPED_MOST, Periods, building_years, lumped, single_years
from tests.plan.cities import tiny_city


def city_of(years: int, build_years: int) -> City:
    return tiny_city(years=years, build_years=build_years, funds=())


def years_of(periods: Periods) -> list[list[int]]:
    return [years.tolist() for years in periods.years]


@pytest.mark.parametrize("build_years", [0, 1, 2, 5, 7, 12])
@pytest.mark.parametrize("way", [single_years, building_years, lumped])
def test_every_year_is_in_one_period_and_means_are_means(way, build_years):
    periods = way(city_of(12, build_years))
    assert np.concatenate(periods.years).tolist() == list(range(12))
    for p, years in enumerate(periods.years):
        assert len(years)
        assert np.flatnonzero(periods.of_flow[p]).tolist() == years.tolist()
        assert periods.of_flow[p].sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("build_years", "apart", "few"),
    [
        (1, [[*range(7)]], [[*range(7)]]),
        (3, [[0], [1], [2, 3, 4, 5, 6]], [[0, 1], [2, 3, 4, 5, 6]]),
        (0, [[t] for t in range(7)], [[0, 1, 2], [3, 4, 5], [6]]),
    ],
)
def test_settled_years_are_one_period(build_years, apart, few):
    city = city_of(7, build_years)
    assert years_of(building_years(city)) == apart
    assert years_of(lumped(city)) == few
    assert all(len(years) <= LUMPED_MOST for years in years_of(lumped(city))[:-1])
