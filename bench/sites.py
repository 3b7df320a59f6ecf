"""Time the choice of sites on seeded instances: `python -m bench.sites [--peer] [instance ...]`.

Instances: demand points uniform in a square of 10 km, or city-like (70 % in Gaussian clusters);
residents ceil(lognormal(1, 1)); Euclidean distances. Costs are shown for p-median and facility
location, gains for covering. With `--peer`, HiGHS solves the textbook program of the same
instance.
"""

import math
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ainalym.answer import Answer
from ainalym.solve.mip import Program
from ainalym.solve.sites import Gains, choose
from bench import record

SIDE_M = 10_000.0
SEED = 1
OURS_S, PEER_S = 30.0, 600.0
MARKS = (0.01, 0.001, 0.0005, 0.0002, 0.0001)
NEAREST = 120
ALLOWED = 1e-8  # of the gains, which with a far escape are many times the cost that is shown


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """Gains and costs; `escape` less the worth is the cost shown, if there is an escape."""

    gains: Gains
    cost: NDArray[np.float64]
    p: int | None = None
    escape: float = 0.0

    def shown(self, worth: float) -> float:
        """Turn worth into what is reported."""
        return self.escape - worth if self.escape else worth

    def gap(self, worth: float, bound: float) -> float:
        """How far the worth may be from the best, as a share of what is reported."""
        return (bound - worth) / max(abs(self.shown(worth)), 1e-12)


def nearest(
    at: NDArray, weight: NDArray, sites: NDArray, cost: NDArray, p: int | None, k: int = NEAREST
) -> Instance:
    """State a problem of weighted distances on the k nearest sites of each point.

    What a left-out site would cost is at least the escape, so the bound holds for all pairs.
    """
    n, m = len(at), len(sites)
    far, site = cKDTree(sites).query(at, min(k + 1, m))
    escape = weight * far[:, -1]
    gain = escape[:, None] - weight[:, None] * far
    client = np.repeat(np.arange(n), far.shape[1])
    gains = Gains.of(client, site.ravel(), gain.ravel(), clients=n, sites=m)
    return Instance(gains=gains, cost=cost, p=p, escape=float(escape.sum()))


def p_median(n: int, p: int, kind: str, k: int | None = None) -> Instance:
    """Every point is a site; all weights are 1; all pairs, or the k nearest."""
    at = points(n, kind, SEED)
    return nearest(at, np.ones(n), at, np.zeros(n), p, k=k or n)


def p_median_among(n: int, m: int, p: int) -> Instance:
    """Clustered people and few candidate sites."""
    at = points(n, "clustered", SEED)
    return nearest(at, residents(n, SEED), candidates(at, m, SEED), np.zeros(m), p)


def facility(n: int, m: int, kind: str, k: int = NEAREST) -> Instance:
    """Uncapacitated facility location."""
    at = points(n, kind, SEED)
    sites = candidates(at, m, SEED)
    return nearest(at, residents(n, SEED), sites, opening_costs(n, m, SEED), None, k)


def cover(n: int, m: int, kind: str, *, gradual: bool) -> Instance:
    """Residents covered by m / 20 sites: all within R, or fading from R / 2 to 2 R."""
    at = points(n, kind, SEED)
    sites, p = candidates(at, m, SEED), max(10, m // 20)
    reach_m = math.sqrt(0.7 * SIDE_M**2 / (math.pi * p))
    widest = 2 * reach_m if gradual else reach_m
    near = cKDTree(at).sparse_distance_matrix(cKDTree(sites), widest, output_type="coo_matrix")
    part = np.ones(near.nnz)
    if gradual:
        part = np.clip((2 * reach_m - near.data) / (1.5 * reach_m), 0, 1)
    gain = residents(n, SEED)[near.row] * part
    gains = Gains.of(near.row, near.col, gain, clients=n, sites=m)
    return Instance(gains=gains, cost=np.zeros(m), p=p)


INSTANCES: dict[str, Callable[[], Instance]] = {
    "p-median 1000/100": lambda: p_median(1000, 100, "uniform"),
    "p-median 2000/100": lambda: p_median(2000, 100, "uniform"),
    "p-median 1000/10": lambda: p_median(1000, 10, "uniform"),
    "p-median 5000/100": lambda: p_median(5000, 100, "uniform", k=1500),
    "p-median 20000/100": lambda: p_median(20_000, 100, "uniform", k=1200),
    "facility 1000x300": lambda: facility(1000, 300, "uniform", k=300),
    "facility 1000x300 clustered": lambda: facility(1000, 300, "clustered", k=300),
    "facility 10000x1000": lambda: facility(10_000, 1000, "uniform"),
    "gradual 10000x500": lambda: cover(10_000, 500, "uniform", gradual=True),
    "gradual 10000x500 clustered": lambda: cover(10_000, 500, "clustered", gradual=True),
    "cover 10000x500": lambda: cover(10_000, 500, "uniform", gradual=False),
    "gradual 100000x2000": lambda: cover(100_000, 2000, "uniform", gradual=True),
    "facility 50000x1000": lambda: facility(50_000, 1000, "uniform"),
    "p-median 1000000x1000/100": lambda: p_median_among(1_000_000, 1000, 100),
}
PEER = ("facility 1000x300", "facility 1000x300 clustered", "p-median 1000/100")
"""What HiGHS is asked to solve by default: it finishes these."""


def ours(instance: Instance, seconds: float) -> tuple[Answer, dict[float, float]]:
    """Choose sites, and note when each mark of the gap was first passed."""
    reached: dict[float, float] = {}

    def look(now_s: float, worth: float, bound: float) -> None:
        for mark in MARKS:
            if instance.gap(worth, bound) <= mark:
                reached.setdefault(mark, round(now_s, 3))

    answer = choose(
        instance.gains,
        instance.cost,
        p=instance.p,
        seconds=seconds,
        gap_allowed=ALLOWED,
        seed=SEED,
        progress=look,
    )
    return answer, reached


def peer(instance: Instance, seconds: float) -> Answer:
    """Solve the textbook program: one column for each pair, one row to link it to its site."""
    gains, program = instance.gains, Program()
    sites = program.columns("site", gains.sites, gain=-instance.cost, upper=1.0, integer=True)
    pairs = program.columns("pair", len(gains.gain), gain=gains.gain, upper=1.0)
    once = program.rows("once", gains.clients, upper=1.0)
    program.put(once[gains.client], pairs)
    link = program.rows("only open", len(gains.gain), upper=0.0)
    program.put(link, pairs)
    program.put(link, sites[gains.site], -1.0)
    if instance.p is not None:
        count = program.rows("number", 1, lower=instance.p, upper=instance.p)
        program.put(count, sites)
    return program.solve(seconds=seconds, gap_allowed=ALLOWED)


def main(words: list[str]) -> int:
    """Measure, print and record."""
    names = [word for word in words if word != "--peer"]
    by_peer = "--peer" in words
    cover_toy = nearest(*_toy(), np.full(20, 50.0), None)
    choose(cover_toy.gains, cover_toy.cost, seconds=5.0)  # kernels compile before the clock runs
    print(f"{'instance':<30}{'solver':<8}{'shown':>18}{'gap':>10}{'wall s':>9}{'CPU s':>8}")
    for name in names or (PEER if by_peer else INSTANCES):
        instance = INSTANCES[name]()
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        reached: dict[float, float] = {}
        if by_peer:
            answer = peer(instance, PEER_S)
        else:
            answer, reached = ours(instance, OURS_S)
        wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
        shown, bound = instance.shown(answer.objective), instance.shown(answer.bound)
        gap = instance.gap(answer.objective, answer.bound)
        solver = "HiGHS" if by_peer else "ours"
        print(f"{name:<30}{solver:<8}{shown:>18,.2f}{gap:>10.4%}{wall_s:>9.2f}{cpu_s:>8.2f}")
        record.append(
            "sites",
            instance=name,
            solver=solver,
            seed=SEED,
            pairs=len(instance.gains.gain),
            objective=shown,
            bound=bound,
            gap=gap,
            status=answer.status,
            wall_s=round(wall_s, 3),
            cpu_s=round(cpu_s, 3),
            reached_s={f"{mark:.2%}": at_s for mark, at_s in reached.items()},
            peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        )
    return 0


def _toy() -> tuple[NDArray, NDArray, NDArray]:
    at = points(60, "uniform", SEED)
    return at, np.ones(60), at[:20]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
