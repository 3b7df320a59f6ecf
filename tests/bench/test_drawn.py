"""Drawn cities: of the size asked for, without faults, and the same for the same seed."""

import numpy as np

from ainalym import measure, read
from ainalym.city import write
from ainalym.model.place import SiteKind
from bench import plan
from bench.drawn import drawn_city


def test_a_drawn_city_has_the_size_asked_for_and_no_faults():
    city = drawn_city(300, 40, stations=5)
    kinds = list(city.sites.kind)
    assert (len(city.places), kinds.count(SiteKind.POINT), kinds.count(SiteKind.STATION)) == (
        (300, 40, 5)
    )
    assert not list(city.check())
    assert len(city.fractions) == 5
    assert city.programme.years == 8
    assert np.diff(measure(city).walk_start).mean() > 0.2


def test_the_same_seed_draws_the_same_city_and_another_one_does_not():
    assert drawn_city(50, 9, seed=3).places == drawn_city(50, 9, seed=3).places
    assert drawn_city(50, 9, seed=3).sites == drawn_city(50, 9, seed=3).sites
    assert drawn_city(50, 9, seed=3).places != drawn_city(50, 9, seed=4).places


def test_it_is_read_back_as_it_was_written(tmp_path):
    city = drawn_city(60, 9)
    write(city, tmp_path / "city")
    assert read(tmp_path / "city").places == city.places
    assert read(tmp_path / "city").sites == city.sites


def test_the_benchmark_draws_a_city_by_its_name(tmp_path):
    folder = plan.folder_of("drawn-60x9", tmp_path)
    assert len(read(folder).places) == 60
