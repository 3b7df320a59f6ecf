"""Published formats are read as their authors meant them."""

import itertools

import numpy as np
import pytest

from bench import formats, published

GRAPH = """ 4 5 2
 1 2 9
 2 3 4
 3 4 1
 1 2 3
 4 1 20
"""
POINTS = """NAME : four
TYPE : TSP
DIMENSION : 4
EDGE_WEIGHT_TYPE : EUC_2D
NODE_COORD_SECTION
1 0.0 0.0
2 1.5e+00 2.0
3 10 0
4 10 1.9
EOF
"""


def least(cost: np.ndarray, p: int) -> float:
    """The p-median by trying every set."""
    sets = itertools.combinations(range(cost.shape[1]), p)
    return min(float(cost[:, list(chosen)].min(1).sum()) for chosen in sets)


def test_of_an_edge_given_twice_the_last_counts_and_paths_are_shortest():
    cost, p = formats.graph(GRAPH)
    assert p == 2
    assert cost.tolist() == [[0, 3, 7, 8], [3, 0, 4, 5], [7, 4, 0, 1], [8, 5, 1, 0]]


def test_an_edge_given_twice_the_other_way_round_is_the_same_edge():
    cost, _ = formats.graph("2 2 1\n1 2 3\n2 1 8\n")
    assert cost[0, 1] == cost[1, 0] == 8


def test_an_edge_of_length_nought_is_an_edge():
    cost, _ = formats.graph("3 2 1\n1 2 0\n2 3 5\n")
    assert cost[0].tolist() == [0, 0, 5]


def test_points_are_read_and_distances_rounded_down():
    at = formats.coordinates(POINTS)
    assert at.tolist() == [[0, 0], [1.5, 2], [10, 0], [10, 1.9]]
    instance = formats.of_points(at, 2)
    far = np.floor(np.hypot(*(at[:, None] - at[None]).T).T)
    is_open = np.array([True, False, True, False])
    assert instance.value(is_open) == float(far[:, [0, 2]].min(1).sum()) == 3.0
    assert least(instance.dense(), 2) == 3.0


def test_the_table_of_optima_is_read():
    text = "Data file   Optimal solution value\npmed1       5819\npmed40      5128\n"
    assert published.optima(text) == {"pmed1": 5819.0, "pmed40": 5128.0}


def test_nothing_is_listed_where_nothing_is(tmp_path):
    assert published.pmed(tmp_path) == published.tsplib(tmp_path) == {}


def test_only_instances_that_are_there_are_listed(tmp_path):
    for folder in ("pmed", "tsplib"):
        (tmp_path / folder).mkdir()
    (tmp_path / "pmed" / "pmedopt.txt").write_text("pmed1 8\npmed2 9\n")
    (tmp_path / "pmed" / "pmed1.txt").write_text(GRAPH)
    head = "name,n,p,opt_or_bkn\n"
    (tmp_path / "tsplib" / "pmedian_bkn_duran2023.csv").write_text(
        head + "four,4,2,3\nfive,5,2,7\n"
    )
    (tmp_path / "tsplib" / "four.tsp").write_text(POINTS)
    assert published.pmed(tmp_path) == {"pmed1": 8.0}
    assert published.tsplib(tmp_path) == {"four/2": 3.0}
    made = formats.instances(tmp_path)
    assert sorted(made) == ["four/2", "pmed1"]
    assert least(made["pmed1"]().matrix, 2) == 4.0


@pytest.mark.parametrize("name", ["pmed1", "pmed5"])
def test_a_published_optimum_is_found(shared, name):
    from bench import ours
    from bench.peers.told import Clock

    known = published.pmed(shared / "instances")[name]
    instance = formats.instances(shared / "instances")[name]()
    clock = Clock(instance, seconds=10.0, marks=(), known=known)
    told = ours.solve(instance, clock)
    assert instance.value(told.open) == known
    assert told.bound <= known + 1e-6
    assert clock.found_s is not None
