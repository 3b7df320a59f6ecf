"""What cannot be is said in words: every clash of limits, and everybody who is left out."""

import numpy as np
import pytest

from ainalym.answer import Status
from ainalym.solve.sites import Gains, choose, clashes, unreached
from ainalym.solve.sites_capacity import Capacitated, allot
from ainalym.solve.sites_capacity import clashes as room_clashes
from tests.solve.test_sites import FORMS, allowed_sets, limits, problem

FIRST_TWO = np.arange(8) < 2

CLASHES = [
    ({"p": 9}, ["p: is 9, but there are 8 sites (ask for 8 or fewer)"]),
    (
        {"p": 7, "forbidden": FIRST_TWO},
        [
            "p: is 7, but only 6 sites are not forbidden (ask for 6 or fewer, or forbid fewer)",
        ],
    ),
    (
        {"p": 1, "forced": FIRST_TWO},
        ["forced: are 2 sites, but p is 1 (force 1 or fewer, or raise p)"],
    ),
    (
        {"spend": np.ones(8), "budget": 1.0, "forced": FIRST_TWO},
        ["budget: is 1, but the forced sites take 2 (raise it to 2 or force fewer)"],
    ),
    (
        {"p": 3, "spend": np.full(8, 2.0), "budget": 5.0},
        ["budget: is 5, but the cheapest 3 sites take 6 (raise it to 6 or ask for fewer)"],
    ),
    ({"spend": np.ones(8), "budget": -1.0}, ["budget: is -1 (give 0 or more)"]),
    (
        {"p": 9, "spend": np.ones(8), "budget": 1.0, "forced": FIRST_TWO},
        [
            "p: is 9, but there are 8 sites (ask for 8 or fewer)",
            "budget: is 1, but the forced sites take 2 (raise it to 2 or force fewer)",
        ],
    ),
]


@pytest.mark.parametrize(("said", "told"), CLASHES)
def test_every_clash_of_limits_is_told_with_its_remedy(said, told):
    gains, cost, _ = problem(0)
    assert choose(gains, cost, **said).status is Status.INFEASIBLE
    assert [str(issue) for issue in clashes(gains, cost, **said)] == told


def test_a_budget_below_every_site_is_told_though_nothing_is_an_answer():
    gains, cost, _ = problem(0)
    said = {"spend": np.full(8, 3.0), "budget": 2.0}
    answer = choose(gains, cost, **said)
    assert answer.status is Status.OPTIMAL and not answer.value.open.any()
    told = "budget: is 2, less than any site takes (raise it to 3 or more)"
    assert [str(issue) for issue in clashes(gains, cost, **said)] == [told]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(60))
def test_there_is_a_clash_just_where_no_set_opens_anything(form, seed):
    gains, cost, _ = problem(seed, sites=6)
    said = limits(form, seed, 6)
    if "budget" in said:
        said["budget"] /= 3.0
    sets = list(allowed_sets(6, said))
    told = clashes(gains, cost, **said)
    if not sets:
        assert told
    elif any(is_open.any() for is_open in sets):
        assert not told


def test_clients_whom_no_site_reaches_are_named():
    gains = Gains.of([0, 3], [0, 0], [1.0, 2.0], clients=30, sites=1)
    told = [str(issue) for issue in unreached(gains)]
    assert told[0] == (
        "client 1: gains from no site (give it a site within reach, or leave it out)"
    )
    assert len(told) == 21
    assert told[-1].startswith("clients: 8 more gain from no site")
    assert not unreached(Gains.of([0], [0], [1.0], clients=1, sites=1))


def rooms(pairs, capacity, demand):
    client, site = np.array(pairs).T
    return Capacitated.of(
        client, site, np.ones(len(pairs)),
        open_cost=np.ones(len(capacity)), capacity=capacity, demand=demand,
    )  # fmt: skip


CROWDED = [
    (
        rooms([(0, 0), (1, 0), (1, 1)], [3.0, 4.0], [5.0, 5.0]),
        ["capacity: is 7 in all, but 10 is asked for (add 3 or more)"],
    ),
    (
        rooms([(0, 0), (1, 0), (1, 1), (2, 1)], [3.0, 40.0], [5.0, 5.0, 5.0]),
        [
            "capacity: of sites 0 is 3, but clients 0 ask for 5 and reach no other "
            "(add 2 or more there)"
        ],
    ),
    (
        rooms([(0, 0), (2, 0)], [30.0], [5.0, 5.0, 5.0]),
        ["client 1: can be served from no site (give it a site within reach, or leave it out)"],
    ),
]


@pytest.mark.parametrize(("given", "told"), CROWDED)
def test_who_cannot_be_served_for_lack_of_room_is_named(given, told):
    assert allot(given).status is Status.INFEASIBLE
    assert [str(issue) for issue in room_clashes(given)] == told


@pytest.mark.parametrize("seed", range(40))
def test_room_is_lacking_just_where_nothing_can_be_allotted(seed):
    rng = np.random.default_rng(seed)
    pairs = [(i, j) for i in range(5) for j in range(4) if rng.random() < 0.6]
    given = rooms(pairs, rng.integers(0, 12, 4).astype(float), rng.integers(1, 9, 5).astype(float))
    told = room_clashes(given)
    assert bool(told) == (allot(given, seconds=20.0).status is Status.INFEASIBLE)
    crowded = [issue for issue in told if issue.where == "capacity"]
    for issue in crowded:
        lacking = float(issue.mend.split()[1])
        assert lacking > 0
