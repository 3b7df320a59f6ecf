"""Draw the seeded instances of choosing sites; `python -m bench.sites [--peers]` measures them all.

Demand points are uniform in a square of 10 km, or city-like (70 % in Gaussian clusters); residents
are ceil(lognormal(1, 1)); distances are Euclidean. Costs are shown for p-median and facility
location, gains for covering.
"""

import math
import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bench.kinds import Kind
from bench.rows import Instance, nearest, within

SIDE_M = 10_000.0
SEED = 1
NEAREST = 120
CORDEAU_SIDE = 30.0
TOY, MANY = 60, 20_500
"""Clients of what kernels are warmed with: few, or so many that groups of them are looked at."""


def points(n: int, kind: str, seed: int) -> NDArray[np.float64]:
    """Draw demand points, metres, shape (n, 2); `kind` is uniform or clustered."""
    rng = np.random.default_rng([seed, n, int(kind != "uniform")])
    if kind == "uniform":
        return rng.uniform(0, SIDE_M, (n, 2))
    clusters = max(8, int(n**0.35))
    middle = rng.uniform(0.1 * SIDE_M, 0.9 * SIDE_M, (clusters, 2))
    part = rng.dirichlet(np.full(clusters, 0.7))
    spread = SIDE_M * np.exp(rng.uniform(np.log(0.005), np.log(0.04), clusters))
    of = rng.choice(clusters, n, p=part)
    at = middle[of] + rng.standard_normal((n, 2)) * spread[of, None]
    anywhere = rng.random(n) < 0.3
    at[anywhere] = rng.uniform(0, SIDE_M, (int(anywhere.sum()), 2))
    return np.clip(at, 0, SIDE_M)


def residents(n: int, seed: int) -> NDArray[np.float64]:
    """Draw how many live at each point, shape (n,)."""
    return np.ceil(np.random.default_rng([seed, n, 7]).lognormal(1.0, 1.0, n))


def candidates(at: NDArray[np.float64], m: int, seed: int) -> NDArray[np.float64]:
    """Draw candidate sites beside demand points, metres, shape (m, 2)."""
    rng = np.random.default_rng([seed, len(at), m, 13])
    beside = rng.choice(len(at), m, replace=False)
    return np.clip(at[beside] + rng.normal(0, 0.002 * SIDE_M, (m, 2)), 0, SIDE_M)


def opening_costs(n: int, m: int, seed: int) -> NDArray[np.float64]:
    """Draw site costs at which about m / 20 open sites are best, shape (m,)."""
    open_sites = max(5, m // 20)
    mean = residents(n, seed).sum() * 0.3826 * SIDE_M * 0.5 * open_sites**-1.5
    return mean * np.random.default_rng([seed, n, m, 29]).uniform(0.7, 1.3, m)


def p_median(n: int, p: int, kind: str, k: int | None = None, *, floored: bool = False) -> Instance:
    """Every point is a site; all weights are 1; all pairs, or the k nearest."""
    at = points(n, kind, SEED)
    return nearest(at, np.ones(n), at, np.zeros(n), p, k=k or n, floored=floored)


def p_median_among(n: int, m: int, p: int, k: int = NEAREST) -> Instance:
    """Clustered people and few candidate sites."""
    at = points(n, "clustered", SEED)
    return nearest(at, residents(n, SEED), candidates(at, m, SEED), np.zeros(m), p, k)


def facility(n: int, m: int, kind: str, k: int = NEAREST) -> Instance:
    """Uncapacitated facility location."""
    at = points(n, kind, SEED)
    sites = candidates(at, m, SEED)
    return nearest(at, residents(n, SEED), sites, opening_costs(n, m, SEED), None, k)


def cover(n: int, m: int, kind: str, *, gradual: bool) -> Instance:
    """Residents covered by m / 20 sites: all within R, or fading from R / 2 to 2 R."""
    at = points(n, kind, SEED)
    p = max(10, m // 20)
    reach_m = math.sqrt(0.7 * SIDE_M**2 / (math.pi * p))
    sites = candidates(at, m, SEED)
    return within(at, residents(n, SEED), sites, p, reach_m, gradual=gradual)


def cordeau(n: int, m: int, p: int, reach: float) -> Instance:
    """Draw many clients and few sites in a square of 30, with demands of 1 to 100.

    **Source.** Cordeau, Furini and Ljubic (2019), Benders decomposition for very large scale
    partial set covering and maximal covering location problems, doi 10.1016/j.ejor.2018.12.021,
    section 5. The draw is ours, as their files are not to be had.
    """
    rng = np.random.default_rng([SEED, n, m, 100])
    sites, at = rng.uniform(0, CORDEAU_SIDE, (m, 2)), rng.uniform(0, CORDEAU_SIDE, (n, 2))
    return within(at, rng.integers(1, 101, n).astype(float), sites, p, reach, gradual=False)


def toy(kind: Kind, n: int = TOY) -> Instance:
    """Draw a small instance with which a solver can warm up before the clock runs."""
    match kind:
        case Kind.MEDIAN:
            return p_median(n, 4, "uniform") if n == TOY else p_median_among(n, 30, 4)
        case Kind.FACILITY:
            return facility(n, 20, "uniform")
        case _:
            return cover(n, 20, "uniform", gradual=kind is Kind.GRADUAL)


INSTANCES: dict[str, Callable[[], Instance]] = {
    "p-median 1000/100": lambda: p_median(1000, 100, "uniform"),
    "p-median 2000/100": lambda: p_median(2000, 100, "uniform"),
    "p-median 1000/10": lambda: p_median(1000, 10, "uniform"),
    "p-median 5000/100": lambda: p_median(5000, 100, "uniform", k=1500),
    "p-median 20000/100": lambda: p_median(20_000, 100, "uniform", k=400),
    "p-median 5934/200 floored": lambda: p_median(5934, 200, "clustered", k=500, floored=True),
    "p-median 13509/1000 floored": lambda: p_median(13_509, 1000, "clustered", k=250, floored=True),
    # As many nearest sites as prove what more would, and as fit into a gigabyte.
    "p-median 1000000x1000/100": lambda: p_median_among(1_000_000, 1000, 100, k=24),
    "p-median 1000000x10000/1000": lambda: p_median_among(1_000_000, 10_000, 1000, k=32),
    "facility 1000x300": lambda: facility(1000, 300, "uniform", k=300),
    "facility 1000x300 clustered": lambda: facility(1000, 300, "clustered", k=300),
    "facility 10000x1000": lambda: facility(10_000, 1000, "uniform"),
    "facility 50000x1000": lambda: facility(50_000, 1000, "uniform"),
    "gradual 10000x500": lambda: cover(10_000, 500, "uniform", gradual=True),
    "gradual 10000x500 clustered": lambda: cover(10_000, 500, "clustered", gradual=True),
    "gradual 100000x2000": lambda: cover(100_000, 2000, "uniform", gradual=True),
    "gradual 1000000x10000": lambda: cover(1_000_000, 10_000, "uniform", gradual=True),
    "cover 10000x500": lambda: cover(10_000, 500, "uniform", gradual=False),
    "cover 1000000x100 R 5.5": lambda: cordeau(1_000_000, 100, 10, 5.5),
    "cover 1000000x100 R 6.25": lambda: cordeau(1_000_000, 100, 10, 6.25),
    "small p-median 200/20": lambda: p_median(200, 20, "uniform"),
    "small facility 200x50": lambda: facility(200, 50, "uniform"),
    "small cover 1000x50": lambda: cover(1000, 50, "uniform", gradual=False),
    "small gradual 1000x50": lambda: cover(1000, 50, "uniform", gradual=True),
}


if __name__ == "__main__":
    from bench.__main__ import main

    words = sys.argv[1:]
    named = any(not word.startswith("-") for word in words)
    sys.exit(main(words if named else ["p-median", "facility", "gradual", "cover", *words]))
