"""List published instances in the folder `shared` beside the repository, with their best values.

**Source.** Beasley (1985), A note on solving large p-median problems, doi
10.1016/0377-2217(85)90040-2; Duran-Mateluna, Ales and Elloumi (2023), doi
10.1016/j.ejor.2022.11.033.
"""

import csv
import re
from pathlib import Path

SHARED = Path(__file__).parents[2] / "shared" / "instances"


def optima(text: str) -> dict[str, float]:
    """Read the table of OR-Library's optima by name."""
    return {name: float(value) for name, value in re.findall(r"^(pmed\d+)\s+(\d+)", text, re.M)}


def pmed(folder: Path = SHARED) -> dict[str, float]:
    """List OR-Library's p-medians that are there, with their optima."""
    table = folder / "pmed" / "pmedopt.txt"
    known = optima(table.read_text(encoding="ascii")) if table.exists() else {}
    return {name: best for name, best in known.items() if (table.parent / f"{name}.txt").exists()}


def tsplib(folder: Path = SHARED) -> dict[str, float]:
    """List TSPLIB's p-medians that are there as `name/p`, with the best known values."""
    table = folder / "tsplib" / "pmedian_bkn_duran2023.csv"
    if not table.exists():
        return {}
    with table.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {
        f"{row['name']}/{row['p']}": float(row["opt_or_bkn"])
        for row in rows
        if (table.parent / f"{row['name']}.tsp").exists()
    }
