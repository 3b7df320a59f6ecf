"""Time sites that take only so much: `python -m bench.capacity [--peer]`.

OR-Library's large capacitated instances, with the capacities their optima are published for. With
`--peer` HiGHS is given the same program with x <= y and the same two threads, for a minute each.
"""

import resource
import sys
import time
from pathlib import Path

import numpy as np

from ainalym.answer import Sense
from ainalym.solve.mip import Program
from ainalym.solve.sites_capacity import Capacitated, allot
from bench import record

FOLDER = Path(__file__).parents[2] / "shared" / "instances" / "cap"
OURS_S, PEER_S = 60.0, 60.0
MARKS = (0.01, 0.001, 0.0001)
KNOWN = {
    ("capa", 8000): 19240822.449,
    ("capa", 10000): 18438046.543,
    ("capa", 12000): 17765201.949,
    ("capa", 14000): 17160439.013,
    ("capb", 5000): 13656379.578,
    ("capb", 6000): 13361927.449,
    ("capb", 7000): 13198556.434,
    ("capb", 8000): 13082516.496,
}
"""Optima. **Source.** OR-Library, Beasley (1990), doi 10.1057/jors.1990.166."""


def warehouses(path: Path, capacity: float) -> Capacitated:
    """Read an instance of OR-Library that leaves the capacity to be said."""
    words = path.read_text(encoding="ascii").split()
    sites, clients = int(words[0]), int(words[1])
    opens = np.array(words[2 : 2 + 2 * sites]).reshape(sites, 2)[:, 1].astype(float)
    rest = np.array(words[2 + 2 * sites :], float).reshape(clients, sites + 1)
    client, site = np.divmod(np.arange(clients * sites), sites)
    return Capacitated.of(
        client,
        site,
        rest[:, 1:].ravel(),
        open_cost=opens,
        capacity=np.full(sites, capacity),
        demand=rest[:, 0],
    )


def peer(problem: Capacitated) -> tuple[float, float]:
    """Let HiGHS choose: its cost, and its bound."""
    program = Program(Sense.MIN)
    is_open = program.columns(
        "open", problem.sites, gain=problem.open_cost, upper=1.0, integer=True
    )
    share = program.columns("share", len(problem.client), gain=problem.cost, upper=1.0)
    whole = program.rows("served", len(problem.demand), lower=1.0, upper=1.0)
    program.put(whole[problem.client], share)
    room = program.rows("room", problem.sites, upper=0.0)
    program.put(room[problem.site], share, problem.demand[problem.client])
    program.put(room, is_open, -problem.capacity)
    strong = program.rows("only from open sites", len(share), upper=0.0)
    program.put(strong, share)
    program.put(strong, is_open[problem.site], -1.0)
    answer = program.solve(seconds=PEER_S, gap_allowed=1e-6, threads=2)
    return answer.objective, answer.bound


def main(words: list[str]) -> int:
    """Measure, print and record."""
    if not FOLDER.is_dir():
        print("the instances are not in the folder `shared` beside the repository")
        return 0
    by_peer = "--peer" in words
    allot(warehouses(FOLDER / "capb.txt", 5000), seconds=1.0)  # kernels compile before the clock
    for (name, capacity), known in KNOWN.items():
        problem = warehouses(FOLDER / f"{name}.txt", capacity)
        for solver in ("ours", "HiGHS")[: 1 + by_peer]:
            reached: dict[str, float] = {}

            def look(seconds: float, cost: float, bound: float, seen: dict = reached) -> None:
                for mark in MARKS:
                    if cost - bound <= mark * cost:
                        seen.setdefault(f"{mark:.2%}", round(seconds, 2))

            wall_s, cpu_s = time.perf_counter(), time.process_time()
            if solver == "ours":
                answer = allot(problem, seconds=OURS_S, gap_allowed=1e-6, progress=look)
                cost, bound = answer.objective, answer.bound
            else:
                cost, bound = peer(problem)
            wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
            gap = (cost - bound) / cost
            print(
                f"{name} {capacity:>6} {solver:<6} {cost:>15,.3f} (optimum {known:,.3f}) "
                f"gap {gap:9.4%} {wall_s:7.2f} s, {cpu_s:7.2f} s of CPU {reached}"
            )
            record.append(
                "capacity",
                instance=f"{name} {capacity}",
                solver=solver,
                objective=cost,
                bound=bound,
                known=known,
                gap=gap,
                wall_s=round(wall_s, 3),
                cpu_s=round(cpu_s, 3),
                reached_s=reached,
                peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
