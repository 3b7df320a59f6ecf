"""Run every (instance, solver) in a fresh process with its own limits; one failure ends nothing."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import IO, Any

from bench import record
from bench.claims import PROVEN, Claim, Goal, Row
from bench.peers.roster import OURS, PEERS, Peer, able, version

CAP_MB = 14_000
"""Address space that a solver may take."""
MAKING_S = 900.0
"""The longest that reading or drawing an instance may take."""
ROOT = Path(__file__).parents[1]
NUMBERS = ("objective", "bound", "gap", "wall_s", "cpu_s", "inside_s", "peak_mb", "found_s")
SAID = 100
"""Characters of a failure's last line that stand in the table."""

Said = Callable[[str], None]
"""Hears what is being done."""


def alone(row: Row, solver: str, *, seconds: float, cap_mb: int = CAP_MB) -> dict[str, Any]:
    """Solve one instance in a fresh process, and tell what came of it, whatever that is.

    Parameters
    ----------
    seconds
        Time limit of the solver, building its model included.
    cap_mb
        Address space it may take.

    Returns
    -------
    Names and values that JSON can hold: status, objective, bound, gap, wall_s, cpu_s (all threads
    and child processes), peak_mb (of the whole process, its instance included), reached_s.
    """
    job = {
        "instance": row.instance,
        "solver": solver,
        "seconds": seconds,
        "cap_mb": cap_mb,
        "marks": [goal.gap or PROVEN for goal in (row.asked, row.aim) if goal],
        "known": row.known,
    }
    command = [sys.executable, "-m", "bench.child", json.dumps(job)]
    with tempfile.TemporaryFile() as wrong, contextlib.ExitStack() as stack:
        with _deaf():
            process = subprocess.Popen(
                command, cwd=ROOT, stdout=subprocess.PIPE, stderr=wrong, start_new_session=True
            )
            stack.enter_context(process.stdout)
            stack.enter_context(_ended(process, MAKING_S + 2 * seconds + 60))
        lines = process.stdout.read().decode().splitlines()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        told: dict[str, Any] = {}
        for line in lines:
            told |= json.loads(line)
        told["peak_mb"] = used.ru_maxrss // 1024
        making_s = told.pop("making_cpu_s", 0.0)
        told.setdefault("cpu_s", max(0.0, used.ru_utime + used.ru_stime - making_s))
        if "status" not in told:
            told |= _failure(process.returncode, wrong, told["peak_mb"], cap_mb)
    return told


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Hear of a polite end a moment later: between starting a process and minding it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _ended(process: subprocess.Popen, after_s: float) -> Iterator[None]:
    """End a process and all it started: after the time at the latest, and when we leave."""

    def end() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    watch = threading.Timer(after_s, end)
    watch.start()
    try:
        yield
    finally:
        watch.cancel()
        end()
        process.wait()


def _failure(code: int, wrong: IO[bytes], peak_mb: int, cap_mb: int) -> dict[str, Any]:
    """Say why a process ended without an answer."""
    wrong.seek(0)
    lines = wrong.read().decode(errors="replace").strip().splitlines()
    last = lines[-1][:SAID] if lines else ""
    if code in (-signal.SIGALRM, -signal.SIGKILL):
        return {"status": "out of time"}
    if "MemoryError" in last or "bad_alloc" in last or peak_mb > 0.8 * cap_mb:
        return {"status": "out of memory"}
    return {"status": "failed", "note": last or f"ended with code {code}"}


def measure(
    claim: Claim, *, peers: bool, runs: int, seconds: float | None, say: Said
) -> list[dict[str, Any]]:
    """Run a claim's rows, ours and the peers in turns, record every run, and give the medians.

    Parameters
    ----------
    peers
        Whether others are asked too.
    runs
        How many times each.
    seconds
        Time limit of every solver; the claim's own if None.
    """
    told = []
    for row in claim.rows():
        who: list[str | Peer] = [OURS, *(able(row.kind) if peers else ())]
        taken: dict[str, list[dict[str, Any]]] = {}
        for run in range(runs):
            for one in who:
                name = one if isinstance(one, str) else one.name
                say(f"{row.instance}: {name}, run {run + 1} of {runs}")
                is_longer = isinstance(one, Peer) and one.is_exact
                limit_s = seconds or (claim.peer_s if is_longer else row.seconds)
                taken.setdefault(name, []).append(_once(claim, row, one, limit_s, run))
        told += [middle(row, name, found) for name, found in taken.items()]
    return told


def _once(claim: Claim, row: Row, one: str | Peer, limit_s: float, run: int) -> dict[str, Any]:
    """Run and record one solver once, or say that it is not there."""
    if isinstance(one, Peer) and not one.is_installed:
        return {"status": "not installed", "note": f"pip install {one.package}"}
    name, used = (one, {}) if isinstance(one, str) else (one.name, {one.package: ""})
    load = record.load()
    found = alone(row, name, seconds=limit_s)
    record.append(
        "sites",
        claim=claim.name,
        instance=row.instance,
        solver=name,
        seed=1,
        run=run,
        limit_s=limit_s,
        known=row.known,
        load=load,
        versions={package: version(package) for package in used},
        **found,
    )
    return found


def middle(row: Row, solver: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    """Take the median of each number over the runs that have it, and set it against what is asked.

    Parameters
    ----------
    found
        What each run told.
    """
    told: dict[str, Any] = {"instance": row.instance, "solver": solver, "runs": len(found)}
    worst = max(found, key=lambda one: "objective" not in one)
    told |= {"status": worst["status"], "note": worst.get("note", ""), "known": row.known}
    for name in NUMBERS:
        seen = [one[name] for one in found if one.get(name) is not None]
        told[name] = median(seen) if seen else None
    for name, goal in (("asked", row.asked), ("aim", row.aim)):
        told[name] = against(goal, found)
    return told


def against(goal: Goal | None, found: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """Tell what was asked, when it was reached in the middle of all runs, and whether in time."""
    if goal is None:
        return None
    mark = f"{goal.gap or PROVEN:.4%}"
    seen = [one.get("reached_s", {}).get(mark) for one in found]
    peaks = [one["peak_mb"] for one in found if "peak_mb" in one]
    reached_s = None if None in seen else median(seen)
    in_time = reached_s is not None and reached_s <= (goal.seconds or reached_s)
    in_room = goal.megabytes is None or (bool(peaks) and median(peaks) <= goal.megabytes)
    return {
        "gap": goal.gap,
        "seconds": goal.seconds,
        "megabytes": goal.megabytes,
        "reached_s": reached_s,
        "is_met": in_time and in_room,
    }


def packages() -> dict[str, str]:
    """Say the versions of all peers that are there."""
    return {peer.package: version(peer.package) for peer in PEERS if peer.is_installed}
