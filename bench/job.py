"""Make an instance, warm up, solve it by one solver, and recount what came out."""

import gc
import importlib
import math
import resource
import signal
from collections.abc import Callable
from typing import Any

import numpy as np

from ainalym.errors import law
from bench import formats, sites
from bench.peers.roster import BY_NAME, OURS
from bench.peers.told import ALLOWED, CannotError, Clock, Told
from bench.rows import Instance

MARKS = (0.01, 0.001, 0.0005, 0.0002, 0.0001, ALLOWED)
WARM_S, WARM_HEURISTIC_S = 20.0, 1.0
"""How long a solver may warm up: what proves ends by itself, the others take all they get."""
GRACE, GRACE_S = 1.5, 30.0
"""A solver that does not keep its limit is ended at so many times it and so many seconds more."""
EXACT = 1e-6
"""How far a bound may be on the wrong side of the recount: what rounding does."""


def run(job: dict[str, Any], say: Callable[..., None]) -> None:
    """Make the instance, warm up, solve, and tell what came out."""
    make = sites.INSTANCES | formats.instances()
    instance = make[job["instance"]]()
    n, m = instance.gains.clients, instance.gains.sites
    say(pairs=len(instance.gains.gain), clients=n, sites=m)
    solve = _solver(job["solver"], job["cap_mb"], n * m)
    small = sites.MANY if job["solver"] == OURS and n >= sites.MANY else sites.TOY
    warm = sites.toy(instance.kind, small)
    proves = job["solver"] == OURS or BY_NAME[job["solver"]].is_exact
    warm_s = WARM_S if proves else WARM_HEURISTIC_S
    solve(warm, Clock(warm, seconds=warm_s, marks=(), known=None))
    gc.collect()
    say(making_cpu_s=cpu_s())
    signal.setitimer(signal.ITIMER_REAL, job["seconds"] * GRACE + GRACE_S)
    before_s = cpu_s()
    clock = Clock(
        instance,
        seconds=job["seconds"],
        marks={*MARKS, *job["marks"]},
        known=job["known"],
    )
    found = solve(instance, clock)
    clock.stop()
    used_s = cpu_s() - before_s
    signal.setitimer(signal.ITIMER_REAL, 0)
    say(**answer(instance, clock, found, job), wall_s=clock.now_s, cpu_s=used_s)


def answer(instance: Instance, clock: Clock, found: Told, job: dict[str, Any]) -> dict[str, Any]:
    """Recount what was found, and tell which gaps that proves."""
    bound = found.bound if math.isfinite(found.bound) else None
    rest = {"bound": bound, "inside_s": _number(found.inside_s), "note": found.note}
    if found.open is None:
        return rest | {"status": "no answer"}
    is_sound = instance.p is None or int(found.open.sum()) == instance.p
    if not is_sound or not found.open.any():
        return rest | {"status": f"wrong: {int(found.open.sum())} sites are open"}
    value = instance.value(found.open)
    if bound is None:
        clock.note(value, math.nan)
        return rest | told(value, math.inf, clock, "no bound")
    gap = instance.gap_shown(value, bound)
    law(
        gap >= -EXACT or job["solver"] != OURS,
        said=f"the bound {bound} of {job['instance']} is on the wrong side of {value}",
    )
    if gap < -EXACT:
        rest["note"] = f"its bound is wrong by {-gap:.1e}. {found.note}".strip()
        clock.forget()
        return rest | told(value, math.inf, clock, "wrong bound")
    clock.confirm(value, bound)
    return rest | told(value, max(gap, 0.0), clock, "proven" if gap <= ALLOWED else "open")


def told(value: float, gap: float, clock: Clock, status: str) -> dict[str, Any]:
    """Put together what is written of an answer."""
    return {
        "objective": value,
        "gap": _number(gap),
        "status": status,
        "reached_s": {f"{mark:.4%}": at_s for mark, at_s in clock.reached_s.items()},
        "found_s": clock.found_s,
    }


def cpu_s() -> float:
    """Seconds of processor time so far, all threads and ended child processes included."""
    used = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def _solver(name: str, cap_mb: int, pairs: int) -> Callable[[Instance, Clock], Told]:
    """Find a solver's call; refuse what cannot fit before hours are spent on it."""
    if name == OURS:
        return importlib.import_module("bench.ours").solve
    peer = BY_NAME[name]
    if (needs_mb := peer.copies * pairs * 8 >> 20) > cap_mb:
        raise CannotError(f"its full matrix takes {needs_mb:,} MB, {cap_mb:,} MB are allowed")
    return getattr(importlib.import_module(f"bench.peers.{peer.module}"), peer.call)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
