"""The core of a problem may only understate sets, and kicks must keep their books."""

import numpy as np
import pytest

from ainalym.solve import sites_core
from ainalym.solve.sites import Gains, worth
from ainalym.solve.sites_bound import prove
from ainalym.solve.sites_core import core, core_sites, searched
from ainalym.solve.sites_limits import Limits
from ainalym.solve.sites_search import Search
from tests.solve.test_sites import euclid

SITES, OPEN = 60, 9


@pytest.fixture
def case(monkeypatch):
    """Gains and costs, limits, what the bound says, and a good set."""
    monkeypatch.setattr(sites_core, "_FEWEST", 0)
    monkeypatch.setattr(sites_core, "_CLOSED", 3)
    gains, rng = euclid(7, 400, SITES, near=60.0)
    cost, none = rng.uniform(1, 5, SITES), np.zeros(SITES, bool)
    limits = Limits(
        least=OPEN, most=OPEN, spend=none * 1.0, budget=np.inf, forced=none, forbidden=none
    )
    search = Search(gains, cost, limits, rng=rng, has_time=lambda: True)
    search.improve(limits.nearest(rng.random(SITES)))
    pick = prove(gains, cost, search.middle, limits).pick
    return gains, cost, limits, pick, search.is_open


def test_a_core_holds_the_open_sites_and_those_the_bound_would_open_soonest(case):
    gains, cost, limits, pick, is_open = case
    found = core(gains, cost, limits, core_sites(limits, pick, pick.share, is_open), is_open, 4)
    assert len(found.sites) == 4 * OPEN
    assert is_open[found.sites].sum() == OPEN
    left_out = np.setdiff1d(np.arange(SITES), found.sites)
    closed = found.sites[~is_open[found.sites]]
    assert pick.out[left_out].max() <= pick.out[closed].min()
    assert (found.cost == cost[found.sites]).all()
    assert len(found.gains.gain) < len(gains.gain) / 2


@pytest.mark.parametrize("fallbacks", [2, 4])
def test_a_set_is_worth_as_much_less_as_in_the_whole_while_fallbacks_last(case, fallbacks):
    gains, cost, limits, pick, is_open = case
    found = core(
        gains, cost, limits, core_sites(limits, pick, pick.share, is_open), is_open, fallbacks
    )

    def inside(chosen):
        return worth(found.gains, found.cost, chosen[found.sites])

    rng = np.random.default_rng(0)
    for _ in range(50):
        chosen = is_open.copy()
        chosen[rng.choice(np.flatnonzero(is_open), fallbacks - 1, replace=False)] = False
        chosen[rng.choice(found.sites, 2)] = True
        lost = worth(gains, cost, is_open) - worth(gains, cost, chosen)
        assert inside(is_open) - inside(chosen) == pytest.approx(lost)


def test_a_core_has_no_site_that_is_ruled_out(case):
    gains, cost, limits, pick, is_open = case
    ruled_out = ~is_open & (np.arange(SITES) % 2 == 0)
    narrow = Limits(
        least=OPEN, most=OPEN, spend=limits.spend, budget=np.inf,
        forced=limits.forced, forbidden=ruled_out,
    )  # fmt: skip
    found = core(gains, cost, narrow, core_sites(narrow, pick, pick.share, is_open), is_open, 4)
    assert not ruled_out[found.sites].any()


def test_after_kicks_the_standing_is_what_it_would_be_worked_out_anew(case):
    gains, cost, limits, _, is_open = case
    search = Search(gains, cost, limits, rng=np.random.default_rng(3), has_time=lambda: True)
    search.take(is_open)
    for most in (100, 3_000, 10**6):
        search.kick(40, most)
        anew = Search(gains, cost, limits, rng=np.random.default_rng(0), has_time=lambda: True)
        anew.take(search.is_open)
        assert search.worth == pytest.approx(anew.worth, rel=1e-12)
        for now in (search._now, search._best):
            for name in ("is_open", "first", "second", "at"):
                assert np.array_equal(getattr(now, name), getattr(anew._best, name)), name
            assert now.loss == pytest.approx(anew._best.loss, abs=1e-9)
            assert not now.mark.any()


def test_kicks_end_where_nothing_may_change(case):
    gains, cost, limits, _, is_open = case
    search = Search(gains, cost, limits, rng=np.random.default_rng(3), has_time=lambda: True)
    search.take(is_open)
    search.keep(np.ones(SITES, bool))
    assert not search.kick(2**31, 2**62)
    assert (search.is_open == is_open).all()


def test_two_searches_at_once_find_the_same_each_time_and_nothing_worse(case, monkeypatch):
    gains, cost, limits, pick, _ = case
    monkeypatch.setattr(sites_core, "_MANY_PAIRS", 0)
    poor = limits.nearest(np.arange(SITES, dtype=float))
    found = core(gains, cost, limits, core_sites(limits, pick, pick.share, poor), poor, 4)
    a, b = (
        searched(
            found, poor, pick.share, np.random.default_rng(5), lambda: True, times=40, pairs=10**5
        )
        for _ in "ab"
    )
    assert np.array_equal(a.is_open, b.is_open)
    assert a.is_better and limits.allow(a.is_open)
    assert worth(gains, cost, a.is_open) > worth(gains, cost, poor)


def test_what_two_searches_find_apart_is_put_together(monkeypatch):
    """Two towns that do not meet; each search is made to mend one of them."""
    gain = np.array([[1.0, 3.0, 0, 0], [0, 0, 1.0, 3.0]])
    client, site = np.nonzero(gain)
    gains = Gains.of(client, site, gain[client, site], clients=2, sites=4)
    none, cost = np.zeros(4, bool), np.zeros(4)
    limits = Limits(least=2, most=2, spend=cost, budget=np.inf, forced=none, forbidden=none)
    known = np.array([True, False, True, False])
    mended = iter([[1, 2], [0, 3]])
    monkeypatch.setattr(Search, "improve", lambda self, is_open: self.take(is_open))

    def mend(self, times, pairs):
        self.take(np.isin(np.arange(4), next(mended)))

    monkeypatch.setattr(Search, "kick", mend)
    pick = prove(gains, cost, np.zeros(2), limits).pick
    found = core(gains, cost, limits, core_sites(limits, pick, known * 1.0, known), known, 4)
    rng = np.random.default_rng(0)
    done = searched(found, known, known * 1.0, rng, lambda: True, times=2, pairs=1)
    assert done.is_open.tolist() == [False, True, False, True]
