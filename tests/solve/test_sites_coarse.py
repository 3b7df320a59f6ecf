"""What groups of clients tell may only ever be a beginning: it proves and decides nothing."""

import numpy as np
import pytest

from ainalym.answer import Status
from ainalym.solve import sites_coarse, sites_core, sites_hunt
from ainalym.solve.sites import bound, choose, worth
from ainalym.solve.sites_coarse import coarsen, lift
from tests.solve.test_sites import allowed_sets, euclid, limits, problem, value


def dense(gains):
    table = np.zeros((gains.clients, gains.sites))
    lengths = np.diff(gains.start)
    table[np.repeat(np.arange(gains.clients), lengths), gains.site] = gains.gain
    return table


def near_few(seed):
    """Many clients about few sites, so that many like the same ones best."""
    return euclid(seed, 600, 12)[0]


def test_a_group_gains_what_its_clients_gain_and_they_like_the_same_site_best():
    gains = near_few(1)
    coarse = coarsen(gains)
    assert 4 * coarse.gains.clients <= gains.clients
    fine = dense(gains)
    together = np.zeros((coarse.gains.clients, gains.sites))
    np.add.at(together, coarse.group, fine)
    assert dense(coarse.gains) == pytest.approx(together)
    for group in range(coarse.gains.clients):
        mine = fine[coarse.group == group]
        assert len({*mine.argmax(axis=1)}) == 1


def test_clients_of_whom_no_fewer_groups_come_are_not_grouped():
    gains, _, _ = problem(3, clients=7, sites=8)
    assert coarsen(gains) is None


def test_a_client_s_price_is_what_the_sites_about_its_group_s_price_give_it(monkeypatch):
    monkeypatch.setattr(sites_coarse, "_LEVEL", 1.0)
    gains = euclid(2, 600, 12, near=200.0)[0]
    coarse = coarsen(gains)
    fine, together = dense(gains), -np.sort(-dense(coarse.gains), axis=1)
    order = np.argsort(-dense(coarse.gains), axis=1)
    price = 0.5 * (together[:, 3] + together[:, 4])
    meant = np.take_along_axis(fine, order[coarse.group, 2:6], 1).mean(1)
    lifted = sites_coarse.lift(gains, coarse, np.ones(gains.sites, bool), price)
    assert lifted == pytest.approx(np.minimum(meant, gains.top))


def test_a_client_s_price_lies_as_its_group_s_between_the_best_two_open_sites(monkeypatch):
    monkeypatch.setattr(sites_coarse, "_LEVEL", 0.0)
    gains = near_few(2)
    coarse = coarsen(gains)
    is_open = np.arange(gains.sites) % 2 == 0
    best = -np.sort(-dense(coarse.gains)[:, is_open], axis=1)
    for part in (0.0, 0.25, 1.0):
        price = best[:, 0] - part * (best[:, 0] - best[:, 1])
        fine = -np.sort(-dense(gains)[:, is_open], axis=1)
        meant = fine[:, 0] - part * (fine[:, 0] - fine[:, 1])
        apart = (best[:, 0] > best[:, 1])[coarse.group]
        assert lift(gains, coarse, is_open, price)[apart] == pytest.approx(meant[apart])


@pytest.mark.parametrize("form", ["exactly", "free", "at most and budget"])
@pytest.mark.parametrize("seed", [0, 2, 4, 6])
def test_the_best_set_is_proved_whatever_the_groups_said(form, seed, monkeypatch):
    monkeypatch.setattr(sites_hunt, "_MANY_CLIENTS", 100)
    gains = near_few(seed)
    cost = np.random.default_rng(seed).uniform(100, 400, gains.sites)
    said = limits(form, seed, gains.sites)
    seen = []
    monkeypatch.setattr(sites_hunt, "lift", lambda *given: seen.append(1) or lift(*given))
    answer = choose(gains, cost, seconds=20.0, gap_allowed=1e-9, **said)
    table = dense(gains)
    best = max(value(table, cost, is_open) for is_open in allowed_sets(gains.sites, said))
    assert seen
    assert answer.status is Status.OPTIMAL
    assert answer.objective == pytest.approx(best)
    assert worth(gains, cost, answer.value.open) == pytest.approx(best)
    assert bound(gains, cost, answer.value.price, **said) >= best - 1e-9


def test_clients_who_are_sites_themselves_are_grouped_by_the_best_of_some_sites():
    gains = euclid(3, 300, 240, near=60.0)[0]
    assert len({*gains.site[gains.start[:-1]]}) * 4 > gains.clients
    coarse = coarsen(gains)
    assert 4 * coarse.gains.clients <= gains.clients
    together = np.zeros((coarse.gains.clients, gains.sites))
    np.add.at(together, coarse.group, dense(gains))
    assert dense(coarse.gains) == pytest.approx(together)


def test_groups_are_the_same_each_time():
    gains = euclid(3, 300, 240, near=60.0)[0]
    one, two = coarsen(gains), coarsen(gains)
    assert np.array_equal(one.group, two.group)
    assert np.array_equal(one.gains.gain, two.gains.gain)


def test_a_search_that_strays_ends_as_it_did_before_and_keeps_the_limits(monkeypatch):
    """Two threads search cores at once; chance must not depend on which one is quicker."""
    for module, name, number in (
        (sites_hunt, "_MANY_CLIENTS", 100),
        (sites_hunt, "_FEW_PAIRS", 0),
        (sites_hunt, "_PAIRS_ASTRAY", 50_000),
        (sites_core, "_MANY_PAIRS", 0),
    ):
        monkeypatch.setattr(module, name, number)
    seen, search = set(), sites_core.searched
    monkeypatch.setattr(sites_hunt, "searched", lambda *given: seen.add(given[2]) or search(*given))
    gains, rng = euclid(4, 1500, 40)
    cost = rng.uniform(40, 80, 40)
    closed = np.arange(40) % 9 == 0
    said = {"p": 8, "forbidden": closed, "seconds": 60.0, "gap_allowed": 1e-3, "seed": 3}
    one, two = (choose(gains, cost, **said) for _ in "ab")
    assert seen == {(0, 1), (1, 2)}
    assert (one.value.open == two.value.open).all() and one.bound == two.bound
    assert one.value.open.sum() == 8 and not (one.value.open & closed).any()
    assert one.objective == worth(gains, cost, one.value.open) <= one.bound
