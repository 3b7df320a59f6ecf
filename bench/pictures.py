"""Draw the time to a proven gap against the size: `python -m bench.pictures [OUT.svg]`.

Reads `bench/results/sites.jsonl`; of each instance and solver the newest commit's runs count, and
their median. A hollow mark is a time limit within which the gap was not proven, a cross a solver
that ran out of memory. The same results give the same picture, to the byte.
"""

import json
import math
import sys
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from bench import record
from bench.kinds import Kind

OUT = Path(__file__).parents[1] / "docs" / "bench.svg"
MARK, SAID = "0.1000%", "0.1 %"
PANELS = {
    Kind.MEDIAN: "p-median",
    Kind.FACILITY: "facility location",
    Kind.GRADUAL: "gradual covering",
}
SOLVERS = {
    "ours": ("Ainalym", "#0b7a4b", "#3ddc97"),
    "HiGHS": ("HiGHS", "#b3261e", "#ff8a80"),
    "HiGHS steps": ("HiGHS, chained", "#a85b00", "#ffb74d"),
    "SCIP": ("SCIP", "#5b4bb5", "#b6a8ff"),
    "CP-SAT": ("OR-Tools CP-SAT", "#1565c0", "#82b8ff"),
    "OR-Tools MIP": ("OR-Tools MIP", "#00796b", "#5fd4c7"),
    "spopt": ("spopt", "#8e3a80", "#ef9be0"),
    "pbp-pmedian": ("pbp-pmedian", "#5d6b00", "#d0dc5a"),
}
"""Solvers that prove anything, with their colours on light and dark ground."""
WIDE, HIGH, LEFT, TOP, GAP, KEY = 250, 230, 52, 40, 34, 150
X, Y = (5, 10), (-2, 3)
"""Powers of ten on the axes: clients times sites, and seconds."""


class Dot(NamedTuple):
    """One instance and solver: where it is drawn, and how: done, late or full."""

    solver: str
    kind: str
    size: float
    seconds: float
    how: str


def dots(lines: Iterable[dict[str, Any]]) -> list[Dot]:
    """Turn records into dots, by panel, solver and size."""
    newest: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in lines:
        key = (one["instance"], one["solver"])
        if one["solver"] not in SOLVERS or "clients" not in one or "limit_s" not in one:
            continue
        if key in newest and newest[key][0]["commit"] != one["commit"]:
            del newest[key]
        newest.setdefault(key, []).append(one)
    out = []
    for (instance, solver), runs in newest.items():
        kind = instance.split()[0]
        if kind not in PANELS or runs[-1]["status"] in ("cannot", "failed", "not installed"):
            continue
        size = runs[-1]["clients"] * runs[-1]["sites"]
        times = [run.get("reached_s", {}).get(MARK) for run in runs]
        if None not in times:
            out.append(Dot(solver, kind, size, median(times), "done"))
        else:
            full = any(run["status"] == "out of memory" for run in runs)
            out.append(Dot(solver, kind, size, runs[-1]["limit_s"], "full" if full else "late"))
    order = list(SOLVERS)
    return sorted(out, key=lambda dot: (dot.kind, order.index(dot.solver), dot.size, dot.seconds))


def draw(found: list[Dot]) -> str:
    """Write the picture as SVG, readable on light and dark ground."""
    width = LEFT + len(PANELS) * (WIDE + GAP) + KEY
    height = TOP + HIGH + 48
    names = [solver for solver in SOLVERS if any(dot.solver == solver for dot in found)]
    light = "".join(f".s{k}{{color:{SOLVERS[name][1]}}}" for k, name in enumerate(names))
    dark = "".join(f".s{k}{{color:{SOLVERS[name][2]}}}" for k, name in enumerate(names))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        f"<title>Seconds until a plan is proven within {SAID} of the best possible</title>",
        "<style>text{font:12px system-ui,sans-serif;fill:#333}.t{font-weight:600}"
        f".g{{stroke:#8884;fill:none}}.k{{color:#888}}{light}"
        f"@media(prefers-color-scheme:dark){{text{{fill:#ddd}}{dark}}}</style>",
        _text(LEFT, 16, f"Seconds until proven within {SAID} of the best possible", "t"),
    ]
    for k, (kind, title) in enumerate(PANELS.items()):
        left = LEFT + k * (WIDE + GAP)
        mine = [dot for dot in found if dot.kind == kind]
        parts += [*_frame(left, title, is_first=k == 0), *_lines(left, mine, names)]
    key = LEFT + len(PANELS) * (WIDE + GAP)
    for k, name in enumerate(names):
        y = TOP + 10 + 18 * k
        parts.append(f'<g class="s{k}">{_mark(key, y, "done")}</g>')
        parts.append(_text(key + 12, y + 4, SOLVERS[name][0]))
    for k, (how, said) in enumerate((("late", "not within its limit"), ("full", "out of memory"))):
        y = TOP + HIGH - 24 + 18 * k
        parts += [f'<g class="k">{_mark(key, y, how)}</g>', _text(key + 12, y + 4, said)]
    return "\n".join([*parts, "</svg>", ""])


def _frame(left: int, title: str, *, is_first: bool) -> list[str]:
    """Draw a panel's title, grid and labels."""
    out = [_text(left, TOP - 6, title, "t")]
    for power in range(X[0], X[1] + 1):
        x = _across(left, 10**power)
        out.append(f'<path class="g" d="M{x:.1f} {TOP}v{HIGH}"/>')
        out.append(_text(x, TOP + HIGH + 16, f"1e{power}", anchor="middle"))
    for power in range(Y[0], Y[1] + 1):
        y = _down(10**power)
        out.append(f'<path class="g" d="M{left} {y:.1f}h{WIDE}"/>')
        if is_first:
            out.append(_text(left - 6, y + 4, f"{10.0**power:g} s", anchor="end"))
    return [*out, _text(left + WIDE / 2, TOP + HIGH + 36, "clients x sites", anchor="middle")]


def _lines(left: int, mine: list[Dot], names: list[str]) -> list[str]:
    """Draw each solver's dots, and a line through those that reached the gap."""
    out = []
    for k, name in enumerate(names):
        of = [dot for dot in mine if dot.solver == name]
        at = [(_across(left, dot.size), _down(dot.seconds), dot.how) for dot in of]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y, how in at if how == "done")
        marks = "".join(_mark(x, y, how) for x, y, how in at)
        line = f'<polyline points="{path}" fill="none" stroke="currentColor"/>' if path else ""
        out.append(f'<g class="s{k}">{line}{marks}</g>')
    return out


def _mark(x: float, y: float, how: str) -> str:
    if how == "full":
        return f'<path d="M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8" stroke="currentColor"/>'
    fill = "currentColor" if how == "done" else "none"
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{fill}" stroke="currentColor"/>'


def _text(x: float, y: float, said: str, kind: str = "", anchor: str = "start") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{escape(said)}</text>'


def _across(left: int, size: float) -> float:
    return left + WIDE * (math.log10(size) - X[0]) / (X[1] - X[0])


def _down(seconds: float) -> float:
    power = min(max(math.log10(max(seconds, 1e-9)), Y[0]), Y[1])
    return TOP + HIGH * (Y[1] - power) / (Y[1] - Y[0])


def main(words: list[str]) -> int:
    """Draw the picture of all that was recorded."""
    path = Path(words[0]) if words else OUT
    text = (record.RESULTS / "sites.jsonl").read_text(encoding="utf-8")
    path.write_text(draw(dots(map(json.loads, text.splitlines()))), encoding="utf-8")
    print(f"the picture is in {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
