"""The core of a problem may only understate sets, and kicks must keep their books."""

import numpy as np
import pytest

from ainalym.solve import sites_core
from ainalym.solve.sites import Gains, worth
from ainalym.solve.sites_core import core, core_sites, searched
from ainalym.solve.sites_limits import Limits
from ainalym.solve.sites_search import Search
from tests.solve.test_sites import euclid

SITES, OPEN = 60, 9


@pytest.fixture
def case(monkeypatch):
    """Gains and costs, limits, what moves bring, and a good set."""
    monkeypatch.setattr(sites_core, "_FEWEST", 0)
    monkeypatch.setattr(sites_core, "_CLOSED", 3)
    gains, rng = euclid(7, 400, SITES, near=60.0)
    cost, none = rng.uniform(1, 5, SITES), np.zeros(SITES, bool)
    limits = Limits(
        least=OPEN, most=OPEN, spend=none * 1.0, budget=np.inf, forced=none, forbidden=none
    )
    search = Search(gains, cost, limits, rng=rng, has_time=lambda: True)
    search.improve(limits.nearest(rng.random(SITES)))
    return gains, cost, limits, search.moves(), search.is_open


def laid(gains, cost, limits, moves, *sets, fallbacks=4):
    """A core of sets, the best first; the bound has opened nothing."""
    sets = np.array(sets)
    sites = core_sites(limits, moves, np.zeros(gains.sites), sets)
    return core(gains, cost, limits, sites, sets, fallbacks)


def test_a_core_holds_the_open_sites_and_those_that_nearly_belong_there(case):
    gains, cost, limits, moves, is_open = case
    found = laid(gains, cost, limits, moves, is_open)
    assert len(found.sites) == 4 * OPEN
    assert is_open[found.sites].sum() == OPEN
    left_out = np.setdiff1d(np.arange(SITES), found.sites)
    closed = found.sites[~is_open[found.sites]]
    assert moves[left_out].max() <= moves[closed].min()
    assert (found.cost == cost[found.sites]).all()
    assert len(found.gains.gain) < len(gains.gain) / 2


def test_a_site_that_the_bound_opens_is_in_the_core_whatever_it_brings(case):
    _, _, limits, moves, is_open = case
    worst = np.argmin(moves)
    opened = (np.arange(SITES) == worst) * 0.5
    assert worst not in core_sites(limits, moves, opened * 0, is_open[None])
    assert worst in core_sites(limits, moves, opened, is_open[None])


def test_the_sets_a_search_begins_from_are_whole_however_many_good_ones_there_are(case):
    gains, cost, limits, moves, is_open = case
    rng = np.random.default_rng(1)
    sets = np.array([is_open, *(limits.nearest(rng.random(SITES)) for _ in range(9))])
    sites = core_sites(limits, moves, np.zeros(SITES), sets)
    assert sets.any(0).sum() > len(sites)
    assert np.isin(np.flatnonzero(sets[:3].any(0)), sites).all()
    found = core(gains, cost, limits, sites, sets, 4).gains
    among = core(gains, cost, limits, sites, sets & np.isin(np.arange(SITES), sites), 4).gains
    assert (found.start == among.start).all()


def test_what_a_move_brings_is_what_the_best_swap_changes(case):
    gains, cost, _, moves, is_open = case
    before = worth(gains, cost, is_open)
    for j in np.flatnonzero(~is_open)[::7]:
        swaps = np.tile(is_open, (OPEN, 1))
        swaps[np.arange(OPEN), np.flatnonzero(is_open)] = False
        swaps[:, j] = True
        best = max(worth(gains, cost, swap) for swap in swaps)
        assert moves[j] == pytest.approx(best - before)
    assert (moves[is_open] == 0).all()


def test_a_core_of_several_sets_keeps_what_each_falls_back_on(case):
    gains, cost, limits, _, is_open = case
    other = limits.nearest(np.random.default_rng(2).random(SITES))
    sites = np.arange(SITES)
    found = core(gains, cost, limits, sites, np.array([is_open, other]), 3).gains
    for i in np.flatnonzero(np.diff(gains.start) > SITES / 2)[::5]:
        row = gains.site[gains.start[i] : gains.start[i + 1]]
        ends = [np.flatnonzero(chosen[row])[2] for chosen in (is_open, other)]
        kept = found.start[i + 1] - found.start[i]
        assert (
            kept
            == (
                gains.gain[gains.start[i] :][: len(row)] > gains.gain[gains.start[i] + max(ends)]
            ).sum()
        )


@pytest.mark.parametrize("fallbacks", [2, 4])
def test_a_set_is_worth_as_much_less_as_in_the_whole_while_fallbacks_last(case, fallbacks):
    gains, cost, limits, moves, is_open = case
    found = laid(gains, cost, limits, moves, is_open, fallbacks=fallbacks)

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
    gains, cost, limits, moves, is_open = case
    ruled_out = ~is_open & (np.arange(SITES) % 2 == 0)
    narrow = Limits(
        least=OPEN, most=OPEN, spend=limits.spend, budget=np.inf,
        forced=limits.forced, forbidden=ruled_out,
    )  # fmt: skip
    found = laid(gains, cost, narrow, moves, is_open)
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
    gains, cost, limits, _, _ = case
    monkeypatch.setattr(sites_core, "_MANY_PAIRS", 0)
    poor, other = (limits.nearest(way * np.arange(SITES)) for way in (1.0, -1.0))
    sets = np.array([poor, other])
    found = core(gains, cost, limits, np.arange(SITES), sets, 4)
    a, b = (
        searched(
            found, sets, (0, 1), 4, np.random.default_rng(5), lambda: True, times=40, pairs=10**5
        )
        for _ in "ab"
    )
    assert np.array_equal(a.is_open, b.is_open) and np.array_equal(a.fresh, b.fresh)
    assert all(limits.allow(is_open) for is_open in a.fresh)
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
    mended = iter([[0, 2], [0, 2], [1, 2], [0, 3]])
    monkeypatch.setattr(Search, "improve", lambda self, is_open: self.take(is_open))

    def mend(self, times, pairs):
        self.take(np.isin(np.arange(4), next(mended)))

    monkeypatch.setattr(Search, "kick", mend)
    sets = np.array([known, known, ~known])
    found = core(gains, cost, limits, np.arange(4), sets, 4)
    rng = np.random.default_rng(0)
    done = searched(found, sets, (0, 1), 4, rng, lambda: True, times=4, pairs=1)
    assert done.is_open.tolist() == [False, True, False, True]
    assert done.is_better and (done.fresh == known).all()
