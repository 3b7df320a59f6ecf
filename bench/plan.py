"""Plan whole cities and tell how soon how good: `python -m bench.plan [--peer] [city ...]`.

Cities: `almaty` as shipped; `almaty-osm`, read from the extract in the shared data if that is
there; and `drawn-1500x250` or any other number of blocks and points, drawn by chance with the
shipped city's people, recipes, prices and programme. With `--peer`, HiGHS alone solves the master
program of the same city, which is the whole plan but for the households' own choice, with two
threads and the same time.
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ainalym import examples, measure, read, write
from ainalym.model.city import City
from ainalym.model.place import SiteKind
from ainalym.plan.households import alike, pairs
from ainalym.plan.joint import master_of
from ainalym.plan.search import design
from ainalym.plan.worth import MINOR_PER_UNIT
from ainalym.study import city_from_osm
from bench import record
from bench.drawn import drawn_city

DATA = Path(__file__).parents[2] / "shared" / "data" / "almaty"
EXTRACT, DISTRICTS = DATA / "almaty-2012.osm.pbf", DATA / "districts.geojson"
MARKS = (0.10, 0.05, 0.02, 0.01, 0.005)
DRAWN = "drawn-"
LIMIT_S = {
    "almaty": 60.0,
    "almaty-osm": 300.0,
    "drawn-1500x250": 60.0,
    "drawn-10000x1000": 600.0,
}
OTHER_S = 600.0
"""For a drawn city of another size."""
ASKED = 1e-4
SEED = 0


def main(words: list[str]) -> int:
    """Print and record every run, each in a process of its own."""
    solvers: dict[str, Callable[..., dict[str, Any]]] = {"ainalym": ours}
    if "--peer" in words:
        solvers["highs"] = highs
    names = [word for word in words if word != "--peer"] or list(LIMIT_S)
    print(f"{'city':<18}{'solver':<9}{'objective':>16}{'bound':>16}{'gap':>8}  time to a gap of")
    with tempfile.TemporaryDirectory() as scratch:
        for name in names:
            folder = folder_of(name, Path(scratch))
            if folder is None:
                print(f"{name:<18}skipped: no {EXTRACT}")
                continue
            for solver, run in solvers.items():
                told = alone(run, folder, LIMIT_S.get(name, OTHER_S))
                show(name, solver, told)
                record.append("plan", city=name, solver=solver, seed=SEED, **told)
    return 0


def folder_of(name: str, scratch: Path) -> Path | None:
    """Find a city's folder, draw it, or make it of the extract; None without one."""
    if name in examples():
        return examples()[name]
    if name.startswith(DRAWN):
        places, points = name.removeprefix(DRAWN).split("x")
        write(drawn_city(int(places), int(points), seed=SEED), scratch / name)
        return scratch / name
    if not EXTRACT.exists():
        return None
    table, folder = scratch / "residents.csv", scratch / name
    shipped = json.loads((examples()["almaty"] / "districts.geojson").read_text(encoding="utf-8"))
    counted = [feature["properties"] for feature in shipped["features"]]
    lines = [f"{district['name']},{district['residents']}" for district in counted]
    table.write_text("\n".join(["district,residents", *lines, ""]), encoding="utf-8")
    city_from_osm(EXTRACT, DISTRICTS, table, folder)
    return folder


def alone(run: Callable[..., dict[str, Any]], folder: Path, limit_s: float) -> dict[str, Any]:
    """Run in a fresh process, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measured, run, folder, limit_s).result()


def measured(run: Callable[..., dict[str, Any]], folder: Path, limit_s: float) -> dict[str, Any]:
    """Read a city, solve it, and tell when each mark was reached and what it took."""
    city = read(folder)
    travel = measure(city)
    trail: list[tuple[float, float]] = []

    def note(seconds_s: float, objective: float, bound: float) -> None:
        if objective == objective and abs(objective) > 0:  # not a number until there is a plan
            trail.append((seconds_s, abs(bound - objective) / abs(objective)))

    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    told = run(city, travel, limit_s, note)
    kinds = list(city.sites.kind)
    return told | {
        "places": len(city.places),
        "points": kinds.count(SiteKind.POINT),
        "stations": kinds.count(SiteKind.STATION),
        "fractions": len(city.fractions),
        "materials": len(city.materials),
        "years": city.programme.years,
        "wall_s": round(time.perf_counter() - began_s, 1),
        "cpu_s": round(time.process_time() - began_cpu_s, 1),
        "memory_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
        "reached_s": {
            str(mark): round(min((s for s, gap in trail if gap <= mark), default=-1.0), 1)
            for mark in MARKS
        },
    }


def ours(city: City, travel: Any, limit_s: float, note: Callable[..., None]) -> dict[str, Any]:
    """Design a plan; its objective is the recount's, with the households' own choice."""
    found = design(city, travel, seconds=limit_s, gap_allowed=ASKED, progress=note)
    return {"objective": found.objective, "bound": found.bound, "gap": round(found.gap, 5)}


def highs(city: City, travel: Any, limit_s: float, note: Callable[..., None]) -> dict[str, Any]:
    """Solve the master program as it stands; its objective lets the planner choose for all."""
    program = master_of(city, travel, alike(pairs(city, travel))).net.program
    answer = program.solve(seconds=limit_s, gap_allowed=ASKED, threads=2, progress=note)
    note(limit_s, answer.objective, answer.bound)
    return {
        "objective": answer.objective * MINOR_PER_UNIT,
        "bound": answer.bound * MINOR_PER_UNIT,
        "gap": round(answer.gap, 5),
    }


def show(name: str, solver: str, told: dict[str, Any]) -> None:
    """Print one run, money in millions of the major unit."""
    objective, bound = told["objective"] / 1e8, told["bound"] / 1e8
    when = ", ".join(
        f"{float(mark):.1%} {took_s:.0f} s"
        for mark, took_s in told["reached_s"].items()
        if took_s >= 0
    )
    print(f"{name:<18}{solver:<9}{objective:>16,.1f}{bound:>16,.1f}{told['gap']:>8.2%}  {when}")
    print(f"{'':<18}{told['wall_s']} s, CPU {told['cpu_s']} s, {told['memory_gb']} GB")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
