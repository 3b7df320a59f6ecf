"""The hunt for sites: when kicks are worth their time."""

import numpy as np
import pytest

from ainalym.answer import Status
from ainalym.solve import sites_hunt
from ainalym.solve.sites import Gains, choose
from ainalym.solve.sites_hunt import Hunt


@pytest.fixture(scope="module")
def facility():
    """People and sites in a square, each site at about the same cost."""
    rng = np.random.default_rng(3)
    people, sites = rng.uniform(0.0, 100.0, (200, 2)), rng.uniform(0.0, 100.0, (60, 2))
    saved = 150.0 - np.linalg.norm(people[:, None] - sites, axis=2)
    client, site = np.divmod(np.arange(saved.size), len(sites))
    gains = Gains.of(client, site, saved.ravel(), clients=len(people), sites=len(sites))
    cost = rng.uniform(200.0, 400.0, len(sites))
    choose(gains, cost, seconds=0.1)  # the first call in a process explores to compile
    return gains, cost


@pytest.fixture
def explored(monkeypatch):
    """Whether the gap was closed already at each beginning of kicks."""
    was_closed, explore = [], Hunt.explore

    def note(hunt, *given, **said):
        was_closed.append(hunt._enough())
        return explore(hunt, *given, **said)

    monkeypatch.setattr(Hunt, "explore", note)
    return was_closed


def test_no_kicks_where_climbs_from_what_the_bound_opens_find_the_best(
    facility, explored, monkeypatch
):
    quick = choose(*facility, gap_allowed=1e-7)
    assert not explored
    monkeypatch.setattr(sites_hunt, "_QUICKLY", -1)
    slow = choose(*facility, gap_allowed=1e-7)
    assert explored
    assert quick.status is slow.status is Status.OPTIMAL
    assert quick.objective == pytest.approx(slow.objective, rel=1e-7)


@pytest.mark.parametrize("most", [-1, 500_000])
@pytest.mark.parametrize("gap_allowed", [0.0, 1e-4, 1e-2])
def test_nobody_kicks_on_once_the_gap_is_closed(facility, explored, monkeypatch, gap_allowed, most):
    monkeypatch.setattr(sites_hunt, "_QUICKLY", most)
    assert choose(*facility, gap_allowed=gap_allowed).status is Status.OPTIMAL
    assert not any(explored)
