"""Claims that a module of their own measures: run it, and read what it recorded."""

import json
import re
import subprocess
import sys
from typing import Any

from bench import record
from bench.claims import Claim, Goal, Row
from bench.runner import ROOT

WITH_PEER = ("capacity", "network", "plan")
"""Modules that can ask HiGHS too."""


def run(claim: Claim, *, peers: bool, is_quiet: bool) -> list[dict[str, Any]]:
    """Run a claim's module, and set what it recorded against what is asked.

    Parameters
    ----------
    peers
        Whether HiGHS is asked too, where the module can.
    is_quiet
        Whether the module's own words are put out with the progress, not with the results.
    """
    command = [sys.executable, "-m", f"bench.{claim.module}"]
    if peers and claim.module in WITH_PEER:
        command.append("--peer")
    before = len(recorded(claim.module))
    done = subprocess.run(command, cwd=ROOT, stdout=sys.stderr if is_quiet else None, check=False)
    lines = recorded(claim.module)[before:]
    told = [line(claim, one) for one in lines if "objective" in one]
    seen = {one["instance"] for one in told}
    why = "not run" if done.returncode == 0 else f"failed with code {done.returncode}"
    return told + [line(claim, {"instance": row.instance, "status": why})
                   for row in claim.rows() if row.instance not in seen]  # fmt: skip


def recorded(module: str) -> list[dict[str, Any]]:
    """Read everything that a module has recorded so far."""
    path = record.RESULTS / f"{module}.jsonl"
    if not path.exists():
        return []
    return [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]


def line(claim: Claim, one: dict[str, Any]) -> dict[str, Any]:
    """Put a module's record into the table's words."""
    instance = one.get("instance") or one.get("city", "")
    row = next((row for row in claim.rows() if row.instance == instance), Row(instance=instance))
    peak_mb = one.get("peak_mb")
    if peak_mb is None and "memory_gb" in one:
        peak_mb = one["memory_gb"] * 1000
    known = one.get("known", one.get("published"))
    told = {name: one.get(name) for name in ("objective", "bound", "gap", "cpu_s", "found_s")}
    if None not in (told["objective"], told["bound"]):
        room = abs(told["objective"] - told["bound"])
        told["gap"] = one.get("gap", room / max(abs(told["objective"]), 1e-12))
    return told | {
        "instance": instance,
        "solver": one.get("solver", "ours"),
        "known": known,
        "status": one.get("status", ""),
        "note": "" if known is None else f"published {known:,.3f}",
        "runs": 1,
        "wall_s": one.get("wall_s", one.get("took_s")),
        "peak_mb": peak_mb,
        "asked": against(row.asked, one),
        "aim": against(row.aim, one),
    }


def against(goal: Goal | None, one: dict[str, Any]) -> dict[str, Any] | None:
    """Tell when a goal was reached, by the marks a module recorded or by its end."""
    if goal is None:
        return None
    times = {share(mark): at_s for mark, at_s in one.get("reached_s", {}).items() if at_s >= 0}
    if one.get("gap") is not None and one.get("wall_s") is not None:
        times.setdefault(one["gap"], one["wall_s"])
    reached_s = min(
        (at_s for gap, at_s in times.items() if gap <= max(goal.gap, 1e-6)), default=None
    )
    in_time = reached_s is not None and reached_s <= (goal.seconds or reached_s)
    return {
        "gap": goal.gap,
        "seconds": goal.seconds,
        "megabytes": goal.megabytes,
        "reached_s": reached_s,
        "is_met": in_time,
    }


def share(text: str) -> float:
    """Read a share as it was recorded: `0.01` or `1.00%`.

    Raises
    ------
    ValueError
        It is neither.
    """
    number = float(re.sub(r"%$", "", text))
    return number / 100 if text.endswith("%") else number
