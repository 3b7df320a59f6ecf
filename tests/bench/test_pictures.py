"""The picture says what was recorded, and the same records draw the same picture."""

import xml.etree.ElementTree as ET

from bench.pictures import Dot, dots, draw


def line(solver: str, seconds: float | None, **more: object) -> dict:
    reached = {} if seconds is None else {"0.1000%": seconds}
    told = {"instance": "facility 10x10", "solver": solver, "clients": 1000, "sites": 100}
    told |= {"limit_s": 30.0, "reached_s": reached, "status": "open", "commit": "b"}
    return told | more


def test_the_median_of_the_newest_commit_is_drawn():
    lines = [line("ours", 9.0, commit="a"), *(line("ours", s) for s in (1.0, 5.0, 2.0))]
    assert dots(lines) == [Dot("ours", "facility", 1e5, 2.0, "done")]


def test_what_was_not_proven_stands_at_its_limit():
    late = dots([line("HiGHS", None)])
    full = dots([line("SCIP", None, status="out of memory")])
    assert late == [Dot("HiGHS", "facility", 1e5, 30.0, "late")]
    assert full == [Dot("SCIP", "facility", 1e5, 30.0, "full")]


def test_solvers_without_bounds_and_older_records_are_left_out():
    old = line("ours", 1.0)
    del old["clients"]
    assert dots([line("kmedoids", None), old, line("SCIP", None, status="failed")]) == []


def test_the_picture_is_well_formed_and_always_the_same():
    lines = [line("ours", 0.5), line("HiGHS", None), line("SCIP", None, status="out of memory")]
    text = draw(dots(lines))
    assert text == draw(dots(list(reversed(lines))))
    root = ET.fromstring(text)
    said = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"Ainalym", "HiGHS", "SCIP", "facility location"} <= set(said)
    assert "prefers-color-scheme:dark" in text
    assert len(text) < 20_000
