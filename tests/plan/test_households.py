"""Households choose what a person with a pencil would have them choose."""

import itertools
import time
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ainalym.model.city import City
from ainalym.model.place import Places, SiteKind, Sites, SiteStatus
from ainalym.model.plan import NEVER
from ainalym.model.programme import willing
from ainalym.model.travel import Travel
from ainalym.plan.households import Pairs, alike, brings, captured, pairs
from tests.plan.cities import tiny_city, tiny_travel

FRACTIONS = ("paper", "glass")
TAKES = (("paper",), ("glass",), ("paper", "glass"))


@st.composite
def cities(draw: st.DrawFn) -> tuple[City, Travel]:
    """Up to six places and five points, distances with many ties, in no order of rows."""
    place_count, site_count = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    kg = st.sampled_from([0.0, 1.0, 7.5])
    waste = [[draw(kg) for _ in FRACTIONS] for _ in range(place_count)]
    statuses = [draw(st.sampled_from(list(SiteStatus))) for _ in range(site_count)]
    takes = [draw(st.sampled_from(TAKES)) for _ in range(site_count)]
    capacity_kg = [draw(st.sampled_from([inf, 1.0, 300.0])) for _ in range(site_count)]
    walk = st.sampled_from([0.0, 250.0, 600.0, 1000.0, 1000.5])
    reach = [
        sorted(
            ((draw(walk), s) for s in draw(st.permutations(range(site_count)))),
            key=lambda pair: pair[0],
        )
        for _ in range(place_count)
    ]
    places = Places(
        id=tuple(f"p{i}" for i in range(place_count)),
        lon=np.zeros(place_count),
        lat=np.zeros(place_count),
        residents=np.ones(place_count),
        fractions=FRACTIONS,
        waste_kg_per_day=np.array(waste),
        district=("",) * place_count,
    )
    names = tuple(f"s{k}" for k in range(site_count))
    nothing = np.zeros(site_count)
    sites = Sites(
        id=names,
        name=names,
        kind=(SiteKind.POINT,) * site_count,
        status=tuple(statuses),
        lon=nothing,
        lat=nothing,
        capex_minor=nothing,
        fixed_minor_per_year=nothing,
        capacity_kg_per_year=np.array(capacity_kg),
        stock_kg=nothing,
        holds=("",) * site_count,
        takes=tuple(takes),
        jobs=nothing,
    )
    travel = Travel(
        walk_start=np.cumsum([0, *map(len, reach)]),
        walk_site=np.array([s for row in reach for _, s in row]),
        walk_m=np.array([m for row in reach for m, _ in row]),
        haul_m=np.zeros((site_count, site_count)),
        haul_s=np.zeros((site_count, site_count)),
        how="drawn",
    )
    return tiny_city(places=places, sites=sites), travel


def _by_hand(city: City, travel: Travel, place: int, is_open) -> dict[int, tuple[float, float]]:
    """Gain and metres at every open point in reach, straight from the rule."""
    out = {}
    for p in range(travel.walk_start[place], travel.walk_start[place + 1]):
        site, walk_m = int(travel.walk_site[p]), float(travel.walk_m[p])
        forbidden = city.sites.status[site] is SiteStatus.FORBIDDEN
        if forbidden or not is_open[site] or walk_m > city.programme.walk.limit_m:
            continue
        gain = 0.0
        for f, fraction in enumerate(FRACTIONS):
            if fraction in city.sites.takes[site]:
                terms = city.counter[fraction]
                paid = terms.buyback_minor_per_kg
                kg = city.places.waste_kg_per_day[place, f] * willing(terms, paid)
                gain += kg * (paid + 1.0)
        share = city.programme.walk.share(walk_m, len(city.sites.takes[site]))
        out[site] = (float(share) * gain, walk_m)
    return out


@settings(deadline=None)
@given(cities(), st.data())
def test_the_choice_equals_brute_force(drawn, data):
    city, travel = drawn
    is_open = np.array([data.draw(st.booleans()) for _ in city.sites.id])
    found = pairs(city, travel)
    chosen = brings(found, is_open)
    for i, pair in enumerate(chosen):
        options = _by_hand(city, travel, i, is_open)
        if not options:
            assert pair == NEVER
            continue
        assert found.start[i] <= pair < found.start[i + 1]
        best = max(gain for gain, _ in options.values())
        ties = [(m, s) for s, (gain, m) in options.items() if gain >= best - 1e-12 * best]
        assert found.site[pair] == min(ties)[1]
        assert found.gain_minor[pair] == pytest.approx(best, rel=1e-12)


@settings(deadline=None)
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), max_size=6), min_size=1),
    st.lists(st.booleans(), min_size=5, max_size=5),
)
def test_of_equal_gains_the_first_pair_is_chosen(rows, is_open):
    made = Pairs(
        start=np.cumsum([0, *map(len, rows)]),
        site=np.array([s for row in rows for _, s in row], np.int32),
        gain_minor=np.array([float(g) for row in rows for g, _ in row]),
        mass_kg=np.zeros((sum(map(len, rows)), 1)),
    )
    chosen = brings(made, np.array(is_open))
    for i, row in enumerate(rows):
        options = [(-gain, k) for k, (gain, s) in enumerate(row) if is_open[s]]
        assert chosen[i] == (made.start[i] + min(options)[1] if options else NEVER)


@settings(deadline=None)
@given(cities(), st.data())
def test_places_that_choose_alike_are_one_and_nothing_is_lost(drawn, data):
    city, travel = drawn
    is_open = np.array([data.draw(st.booleans()) for _ in city.sites.id])
    found = pairs(city, travel)
    merged = alike(found)
    rows = [found.by_choice[a:b] for a, b in itertools.pairwise(found.start)]
    assert len(merged.start) - 1 == len({tuple(found.site[row]) for row in rows})
    for start in itertools.pairwise(merged.start):
        assert (np.diff(merged.gain_minor[slice(*start)]) <= 0.0).all()
    before, after = (captured(city, p, brings(p, is_open), 1.0) for p in (found, merged))
    assert after == pytest.approx(before, rel=1e-9)


@settings(deadline=None)
@given(cities(), st.floats(0.1, 3.0))
def test_no_more_is_taken_in_than_thrown_away_or_than_fits(drawn, growth):
    city, travel = drawn
    found = pairs(city, travel)
    is_open = np.ones(len(city.sites), bool)
    chosen = brings(found, is_open)
    taken_kg = captured(city, found, chosen, growth)
    thrown_kg = city.places.waste_kg_per_day.sum(0) * 365 * growth
    assert (taken_kg.sum(0) <= thrown_kg * (1 + 1e-12)).all()
    assert (taken_kg.sum(1) <= city.sites.capacity_kg_per_year * (1 + 1e-12)).all()
    for s in range(len(city.sites)):
        brought = np.zeros(len(FRACTIONS))
        for i in np.flatnonzero(chosen != NEVER):
            if found.site[chosen[i]] == s:
                brought += found.mass_kg[chosen[i]] * growth
        fits = min(1.0, city.sites.capacity_kg_per_year[s] / max(brought.sum(), 1e-300))
        assert taken_kg[s] == pytest.approx(brought * fits)


def test_the_small_city_by_hand():
    """What a, b and c would bring to the points they reach.

    Of the 8000 kg of paper of a half is willing: 4000 next door; 1000 at pt.2, for half come
    500 m, and half of those to a point of one fraction. Of 4000 kg of glass a quarter is willing.
    """
    found = pairs(tiny_city(), tiny_travel())
    assert found.start.tolist() == [0, 2, 4, 5, 5]
    assert found.site.tolist() == [0, 1, 1, 0, 0]
    assert found.mass_kg == pytest.approx(
        np.array([[4000, 1000], [1000, 0], [1000, 0], [500, 0], [500, 250]], float)
    )
    assert found.gain_minor * 365 == pytest.approx(
        np.array([4000 * 201 + 1000, 1000 * 201, 1000 * 201, 500 * 201, 500 * 201 + 250])
    )


def test_a_forbidden_point_and_other_kinds_are_out_of_reach():
    city = tiny_city(site={"pt.2": {"status": SiteStatus.FORBIDDEN}})
    assert set(pairs(city, tiny_travel()).site) == {0}
    walks_m = {"a": {"mill": 0.0, "pt.1": 900.0}, "b": {}, "c": {}, "d": {}}
    found = pairs(tiny_city(), tiny_travel(walks_m=walks_m))
    assert found.site.tolist() == [0]
    nobody = tiny_travel(walks_m={"a": {}, "b": {}, "c": {}, "d": {}})
    assert brings(pairs(tiny_city(), nobody), np.ones(6, bool)).tolist() == [NEVER] * 4


@pytest.mark.slow
def test_a_large_city_chooses_in_milliseconds():
    rng = np.random.default_rng(7)
    places, reach = 10_000, 10
    made = Pairs(
        start=np.arange(places + 1) * reach,
        site=rng.integers(0, 500, places * reach).astype(np.int32),
        gain_minor=rng.random(places * reach),
        mass_kg=np.zeros((places * reach, 1)),
    )
    is_open = rng.random(500) < 0.4
    brings(made, is_open)
    began = time.perf_counter()
    for _ in range(20):
        brings(made, is_open)
    assert (time.perf_counter() - began) / 20 < 0.020
