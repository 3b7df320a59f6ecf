"""Time the building of staged networks: `python -m bench.network [--peer] [instance ...]`.

Instances are named zones/stations/years/commodities, or with /most-stations behind, three unless
said: people in clusters, four plants, three sizes of modules, at most two at a station, money that
grows by year. With `--peer` HiGHS is
given the whole program, with the flows as columns that only the room of a station limits, which it
solves best, and two threads.
"""

import resource
import sys
import time

import numpy as np

from ainalym.answer import Sense
from ainalym.solve.mip import Program
from ainalym.solve.network import Staged, build_network
from bench import record
from bench.sites import SIDE_M, candidates, points

SEED = 1
PLANTS, MOST_STATIONS, MOST_MODULES = 4, 3, 2
MARKS = (0.1, 0.01, 0.001, 0.0001)
LIMIT_S = {"50/8/3/5": 60.0, "200/8/3/5": 60.0, "1000/12/5/5": 60.0, "5000/20/10/6": 300.0}
ASKED = 1e-4


def draw(
    zones: int,
    stations: int,
    years: int,
    commodities: int,
    most_stations: int = MOST_STATIONS,
    *,
    seed: int,
) -> Staged:
    """Draw a network; the same numbers give the same arrays as the one others were measured on."""
    rng = np.random.default_rng(seed)
    at = points(zones, "clustered", seed)
    sites = candidates(at, stations, seed)
    plants = rng.uniform(-SIDE_M, 2 * SIDE_M, (PLANTS, 2))
    mix = [4, 6, 5, 2, 8][:commodities] if commodities <= 5 else np.ones(commodities)
    size = rng.lognormal(0, 0.5, (zones, 1, 1))
    supply_t = size * rng.dirichlet(mix)[None, :, None] * 1.06 ** np.arange(years)
    supply_t *= 1e5 / supply_t[:, :, 0].sum()
    near_km, far_km = (
        np.hypot(*(a[:, None] - b).transpose(2, 0, 1)) / 1000
        for a, b in ((at, sites), (sites, plants))
    )
    module_t = np.array([0.12, 0.25, 0.45]) * supply_t.sum((0, 1))[-1]
    price = 2.2e6 * (module_t / module_t[0]) ** 0.8
    land = rng.uniform(0.8, 1.25, stations)
    gate = rng.uniform(20, 160, (PLANTS, commodities))
    left = rng.uniform(0.6, 0.9, commodities)
    limit_t = np.outer(rng.uniform(0.4, 0.8, PLANTS), supply_t.sum(0)[:, -1])
    return Staged(
        supply_t=supply_t,
        bring=6.0 * near_km + 18.0,
        landfill=np.full(commodities, 140.0),
        left=left,
        sale=gate[None] - 0.35 * far_km[..., None],
        limit_t=np.repeat(limit_t[..., None], years, axis=2),
        module_t=module_t,
        capex=land[:, None] * price,
        upkeep=np.tile(0.06 * price, (stations, 1)),
        budget=1.6 * price[2] * (1 + 0.35 * np.arange(years)),
        discount=1.08 ** -np.arange(years),
        most_stations=most_stations,
        most_modules=MOST_MODULES,
    )


def whole(staged: Staged) -> Program:
    """Write the whole network down, one column for each zone, station, commodity and year."""
    zones, stations, plants, commodities, years = staged.shape
    program, today = Program(Sense.MIN), staged.discount
    after = np.cumsum(today[::-1])[::-1]
    cost = staged.capex[..., None] * today + staged.upkeep[..., None] * after
    most = float(staged.most_at_once)
    build = program.columns("build", cost.shape, gain=cost, upper=most, integer=True)
    used = program.columns("used", stations, upper=1.0, integer=True)
    z, j = np.nonzero(np.isfinite(staged.bring))
    supply_t = staged.supply_t[z]
    paid = staged.bring[z, j, None, None] * supply_t * today
    bring = program.columns("bring", supply_t.shape, gain=paid, upper=1.0)
    dump = staged.landfill[:, None] * staged.supply_t * today
    bury = program.columns("bury", (zones, commodities, years), gain=dump)
    k, r, c = np.nonzero(np.isfinite(staged.sale))
    sell = program.columns("sell", (len(k), years), gain=-staged.sale[k, r, c, None] * today)
    every = program.rows("all goes somewhere", bury.shape, lower=1.0, upper=1.0)
    program.put(every, bury)
    program.put(every[z], bring)
    room = program.rows("room", (stations, years), upper=0.0)
    program.put(room[j][:, None], bring, supply_t)
    for t in range(years):
        program.put(room[:, None, None, t], build[..., : t + 1], -staged.module_t[:, None])
    mass = program.rows("sold", (stations, commodities, years), lower=0.0, upper=0.0)
    program.put(mass[j], bring, -staged.left[:, None] * supply_t)
    program.put(mass[k, c], sell)
    limit = program.rows("limits", (plants, commodities, years), upper=staged.limit_t)
    program.put(limit[r, c], sell)
    few = program.rows("modules", stations, upper=0.0)
    program.put(few[:, None, None], build)
    program.put(few, used, -float(staged.most_modules))
    program.put(program.rows("stations", (), upper=float(staged.most_stations)), used)
    spent = program.rows("budget", years, upper=staged.budget)
    for t in range(years):
        program.put(spent[t], build[..., : t + 1], staged.capex[..., None])
    return program


def main(words: list[str]) -> int:
    """Measure, print and record."""
    by_peer = "--peer" in words
    build_network(draw(20, 3, 2, 2, seed=SEED), seconds=5.0)  # kernels compile before the clock
    print(
        f"{'instance':<16}{'solver':<8}{'cost':>16}{'bound':>16}{'gap':>9}{'wall s':>9}{'CPU s':>9}"
    )
    for name in [word for word in words if word != "--peer"] or list(LIMIT_S):
        staged = draw(*map(int, name.split("/")), seed=SEED)
        gross = 0.0
        for solver in ("ours", "HiGHS")[: 1 + by_peer]:
            reached: dict[str, float] = {}
            wall_s, cpu_s = time.perf_counter(), time.process_time()
            limit_s = LIMIT_S.get(name, 300.0)
            if solver == "ours":
                answer, reached = ours(staged, limit_s)
                gross = answer.out_of
            else:
                answer = whole(staged).solve(seconds=limit_s, gap_allowed=ASKED, threads=2)
            wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
            gap = (answer.objective - answer.bound) / gross
            print(
                f"{name:<16}{solver:<8}{answer.objective:>16,.1f}{answer.bound:>16,.1f}{gap:>9.4%}"
                f"{wall_s:>9.2f}{cpu_s:>9.2f}  {reached}"
            )
            record.append(
                "network",
                instance=name,
                solver=solver,
                seed=SEED,
                objective=answer.objective,
                bound=answer.bound,
                gross=gross,
                gap=gap,
                status=answer.status,
                wall_s=round(wall_s, 2),
                cpu_s=round(cpu_s, 2),
                reached_s=reached,
                peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            )
    return 0


def ours(staged: Staged, limit_s: float) -> tuple:
    """Build a network; note when each mark of the gap was passed, by its final expenses."""
    trail: list[tuple[float, float]] = []
    answer = build_network(
        staged,
        seconds=limit_s,
        gap_allowed=ASKED,
        progress=lambda now_s, cost, bound: trail.append((now_s, cost - bound)),
    )
    reached = {
        f"{mark:.2%}": round(min(then), 2)
        for mark in MARKS
        if (then := [now_s for now_s, room in trail if room <= mark * answer.out_of])
    }
    return answer, reached


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
