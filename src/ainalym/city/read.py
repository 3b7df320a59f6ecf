"""A folder in, a city out, or every fault of the folder at once."""

import json
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

from ainalym.city.assemble import assemble
from ainalym.city.faults import Faults
from ainalym.city.sheet import Sheet, open_sheet, settings_of
from ainalym.city.tables import PROGRAMME, TABLES, Table, table_named
from ainalym.errors import Issue, law, refuse
from ainalym.model.city import City

Reader = Callable[..., Sheet]

OUTLINE = "districts.geojson"
SCENARIOS = "scenarios"


def read(folder: Path, scenario: str = "") -> City:
    """Read a city folder, or refuse it with every fault it has.

    Reading 10,000 places takes less than a second and a half.

    Parameters
    ----------
    folder
        Holds the tables that the reference page of city folders describes.
    scenario
        The named differences to apply; empty for none.

    Raises
    ------
    InputError
        The folder or the scenario is not there, or a table has faults: each with file, row,
        value and remedy.
    OutsideError
        A file is there and cannot be read.
    """
    folder = Path(folder)
    _refuse_missing(folder)
    faults = Faults()
    sheets = _sheets(folder, faults)
    if scenario:
        _refuse_unknown(folder, scenario)
        _apply(folder, scenario, sheets, faults)
    outline = _outline(folder, faults)
    city = assemble(sheets, outline, faults)
    faults.refuse()
    law(city is not None, said="a folder without faults gave no city")
    return city


def scenarios(folder: Path) -> dict[str, str]:
    """List the scenarios of a city folder: their names, and what differs in each.

    Parameters
    ----------
    folder
        A city folder.

    Raises
    ------
    InputError
        The folder is not there, or its list of scenarios has faults.
    """
    folder = Path(folder)
    _refuse_missing(folder)
    known: dict[str, str] = {}
    table = table_named(SCENARIOS)
    if (folder / table.file).is_file():
        issues: list[Issue] = []
        sheet = open_sheet(folder / table.file, table.file, table, issues.append)
        refuse(issues)
        about = sheet.cells.get("about", [""] * len(sheet))
        known = dict(zip(sheet.cells["name"], about, strict=True))
    if (folder / SCENARIOS).is_dir():
        for path in sorted((folder / SCENARIOS).iterdir()):
            if path.is_dir():
                known.setdefault(path.name, "")
    return known


def _refuse_missing(folder: Path) -> None:
    if not folder.is_dir():
        mend = "give a folder that holds programme.csv"
        fault = "is a file, not a folder" if folder.exists() else "there is no such folder"
        refuse([Issue(str(folder), fault, mend)])


def _refuse_unknown(folder: Path, scenario: str) -> None:
    known = scenarios(folder)
    if not (folder / SCENARIOS / scenario).is_dir() or scenario not in known:
        mend = f"use one of {', '.join(known)}" if known else "this folder has none"
        where = f"{SCENARIOS}.csv"
        fault = f"scenario {scenario!r} is unknown"
        if scenario in known:
            fault = f"scenario {scenario!r} has no folder"
            mend = f"make {SCENARIOS}/{scenario} with the tables that differ"
        refuse([Issue(where, fault, mend)])


def _sheets(folder: Path, faults: Faults) -> dict[str, Sheet]:
    sheets = {}
    for table in TABLES:
        if table.name == SCENARIOS:
            continue
        path = folder / table.file
        if path.is_file():
            sheets[table.name] = _reader(table)(path, table.file, table, faults.tell)
        elif table.needed:
            faults.tell(_missing(folder, table))
            sheets[table.name] = Sheet(table=table, broken=True)
    one, other = "road_nodes", "roads"
    if (one in sheets) != (other in sheets):
        lacking = other if one in sheets else one
        mend = f"add {lacking}.csv, or remove {one if lacking == other else other}.csv"
        faults.tell(Issue(f"{lacking}.csv", "the file is missing", mend))
        sheets[lacking] = Sheet(table=table_named(lacking), broken=True)
    return sheets


def _reader(table: Table) -> Reader:
    return settings_of if table is PROGRAMME else open_sheet


def _missing(folder: Path, table: Table) -> Issue:
    there = {path.name for path in folder.iterdir()} - {t.file for t in TABLES}
    header = ",".join(column.name for column in table.columns)
    mend = f"add it, with the header {header}"
    if table is PROGRAMME:
        mend = "add it, with the header key,value,note"
    if close := get_close_matches(table.file, sorted(there), n=1, cutoff=0.8):
        mend = f"rename {close[0]} to {table.file}"
    return Issue(table.file, "the file is missing", mend)


def _apply(folder: Path, scenario: str, sheets: dict[str, Sheet], faults: Faults) -> None:
    """Lay a scenario's cells over the city's."""
    known = {table.file: table for table in TABLES if table.key and table.name != SCENARIOS}
    for path in sorted((folder / SCENARIOS / scenario).iterdir()):
        file = f"{SCENARIOS}/{scenario}/{path.name}"
        if path.suffix != ".csv":
            continue
        if path.name not in known:
            mend = f"use one of {', '.join(sorted(known))}"
            faults.tell(Issue(file, "no table of this name can differ", mend))
            continue
        table = known[path.name]
        part = _reader(table)(path, file, table, faults.tell, part=True)
        base = sheets.get(table.name)
        if part.broken or base is None or base.broken:
            continue
        if table is PROGRAMME:
            for name, cells in part.cells.items():
                base.cells[name] = cells
                base.elsewhere[0, name] = part.elsewhere[0, name]
        else:
            _overlay(base, part, faults)


def _overlay(base: Sheet, part: Sheet, faults: Faults) -> None:
    rows = {base.plain_key(k): k for k in reversed(range(len(base)))}
    seen: dict[tuple[str, ...], str] = {}
    names = [name for name in part.cells if name not in base.table.key]
    for name in names:
        if name not in base.cells:
            base.cells[name] = [""] * len(base)
            base.columns += tuple(
                c for c in part.columns if c.name == name and c not in base.columns
            )
    for j in range(len(part)):
        key = part.plain_key(j)
        said = " ".join(f"{n} {v!r}" for n, v in zip(base.table.key, key, strict=True))
        if key in seen:
            faults.tell(Issue(part.rows[j], f"{said} stands twice", f"see {seen[key]}"))
        elif key not in rows:
            mend = f"use a key of {base.table.file}"
            faults.tell(Issue(part.rows[j], f"{said} is not in {base.table.file}", mend))
        else:
            seen[key] = part.rows[j]
            for name in names:
                base.cells[name][rows[key]] = part.cells[name][j]
                base.elsewhere[rows[key], name] = part.rows[j]


def _outline(folder: Path, faults: Faults) -> str:
    path = folder / OUTLINE
    if not path.is_file():
        return ""

    mend = "save it as a GeoJSON FeatureCollection in UTF-8"
    try:
        text = path.read_text(encoding="utf-8-sig")
        outline = json.loads(text)
    except ValueError:
        faults.tell(Issue(OUTLINE, "the file is not JSON", mend))
        return ""
    if not isinstance(outline, dict) or outline.get("type") != "FeatureCollection":
        faults.tell(Issue(OUTLINE, "the file is not a FeatureCollection", mend))
        return ""
    return text
