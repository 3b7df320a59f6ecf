"""Read published instances of the p-median: graphs of OR-Library, points of TSPLIB.

OR-Library's are graphs: of an edge given twice the last counts, and distances are shortest paths.
TSPLIB's are points; their p-median is published for Euclidean distances rounded down.

**Source.** Beasley (1985), A note on solving large p-median problems, doi
10.1016/0377-2217(85)90040-2; Reinelt (1991), TSPLIB, doi 10.1287/ijoc.3.4.376.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path

from bench.published import SHARED, pmed, tsplib
from bench.rows import Instance, nearest, of_matrix

ALL_PAIRS = 10_000_000
"""Up to so many pairs of points all are kept; beyond, those that a good answer can want."""
RANKS = 15
"""How many times as many sites as are open for one point are kept for each."""


def graph(text: str) -> tuple[NDArray[np.float64], int]:
    """Read a graph of OR-Library: all shortest paths, shape (points, points), and p."""
    words = np.array(text.split(), float)
    n, edges, p = (int(word) for word in words[:3])
    told = words[3 : 3 + 3 * edges].reshape(edges, 3)
    last = {tuple(sorted((int(a) - 1, int(b) - 1))): cost for a, b, cost in told}
    ends = np.array(list(last)).reshape(-1, 2)
    # scipy takes a zero for no edge at all, and adds up what is given twice.
    length = np.maximum(np.array(list(last.values())), 1e-9)
    near = csr_array((length, (ends[:, 0], ends[:, 1])), shape=(n, n))
    return np.rint(shortest_path(near, directed=False)), p


def coordinates(text: str) -> NDArray[np.float64]:
    """Read the points of a TSPLIB file, shape (points, 2)."""
    inside = text.split("NODE_COORD_SECTION")[1].split("EOF")[0]
    return np.array(inside.split(), float).reshape(-1, 3)[:, 1:]


def of_points(at: NDArray[np.float64], p: int) -> Instance:
    """State the p-median of points by Euclidean distances rounded down."""
    n = len(at)
    k = n if n * n <= ALL_PAIRS else min(n, RANKS * n // p + 50)
    return nearest(at, np.ones(n), at, np.zeros(n), p, k, floored=True)


def instances(folder: Path = SHARED) -> dict[str, Callable[[], Instance]]:
    """Make every published instance that is there, by name."""
    graphs = {name: partial(_graph, folder / "pmed" / f"{name}.txt") for name in pmed(folder)}
    places = {}
    for name in tsplib(folder):
        file, p = name.split("/")
        places[name] = partial(_places, folder / "tsplib" / f"{file}.tsp", int(p))
    return graphs | places


def _graph(path: Path) -> Instance:
    return of_matrix(*graph(path.read_text(encoding="ascii")))


def _places(path: Path, p: int) -> Instance:
    return of_points(coordinates(path.read_text(encoding="latin-1")), p)
