"""One line per measurement: what was run, where, and what came out."""

import importlib.metadata
import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
ENGINES = ("numpy", "scipy", "highspy", "numba")


def append(file: str, **measured: Any) -> None:
    """Append one measurement to `bench/results/<file>.jsonl`: commit, CPU, load, versions too.

    Parameters
    ----------
    file
        The claim it belongs to.
    measured
        Names and values that JSON can hold; seconds end in `_s`.
    """
    line = {"load": load()} | measured
    line |= {"commit": commit(), "cpu": cpu(), "versions": versions() | line.get("versions", {})}
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / f"{file}.jsonl").open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n")


def commit() -> str:
    """Name the commit that is checked out; a plus sign follows if tracked files differ from it."""
    here = Path(__file__).parent

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=here, capture_output=True, text=True)
        return done.stdout.strip()

    return git("rev-parse", "--short", "HEAD") + "+" * bool(git("status", "--porcelain", "-uno"))


def cpu() -> str:
    """Name the processor."""
    told = Path("/proc/cpuinfo")
    if told.exists():
        for line in told.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def load() -> float | None:
    """Tell how many processes wanted a core, on average over the last minute; None if unknown."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def versions() -> dict[str, str]:
    """List the versions of Python and of the engines."""
    found = {"python": platform.python_version()}
    return found | {engine: importlib.metadata.version(engine) for engine in ENGINES}
