"""Each law of the master program, written out for the tiny city so that a person can read it.

`python -m tests.plan.test_laws` writes the texts anew; read what changed before committing it.
"""

import re
from pathlib import Path

from ainalym.plan.households import pairs
from ainalym.plan.joint import add_cuts, master_of
from ainalym.plan.years import YEARS
from tests.plan.cities import tiny_city, tiny_travel

GOLDEN = Path(__file__).parents[1] / "golden"
SECTIONS = {"Maximize": "worth", "Subject To": "", "Bounds": "bounds", "General": "whole"}
ROW = re.compile(r"  ([^ \[:.]+)")
EMPTY = re.compile(r": 0 (<=|=|>=) ")


def laws_of(**changes: object) -> dict[str, str]:
    """Write the rows of each law, the bounds, what is whole, and the worth."""
    city, travel = tiny_city(**changes), tiny_travel()
    master = master_of(city, travel, pairs(city, travel))
    program = master.net.program
    while add_cuts(master, program.solve(relax=True).value):
        pass
    lines: dict[str, list[str]] = {}
    section = law = ""
    for line in program.text().splitlines():
        if line in SECTIONS:
            section = law = SECTIONS[line]
            continue
        row = ROW.match(line)
        if row and not section:
            law = row[1].replace("'", "")
        if law and not EMPTY.search(line) and line != "End":
            lines.setdefault(law, []).append(line)
    return {name: "\n".join([*rows, ""]) for name, rows in lines.items()}


def texts() -> dict[str, str]:
    """All laws of years apart, and the one of lumped years."""
    years = YEARS.replace(" ", "_")
    return laws_of() | {years: laws_of(build_years=1, growth_share=0.5)[years]}


def test_every_law_reads_as_it_did():
    kept = {path.stem: path.read_text(encoding="utf-8") for path in GOLDEN.glob("*.lp")}
    assert texts() == kept


if __name__ == "__main__":
    for old in GOLDEN.glob("*.lp"):
        old.unlink()
    for name, text in texts().items():
        (GOLDEN / f"{name}.lp").write_text(text, encoding="utf-8")
