"""Sheets: one CSV file as it lies on disk, its columns as text, and where each cell stands."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path

from ainalym.city.cells import plain_number
from ainalym.city.tables import WASTE_SUFFIX, Column, Kind, Table, waste_column
from ainalym.errors import Issue, OutsideError

LARGEST_BYTES = 200_000_000
"""No city's table is larger; a file that is was put there by mistake."""

WORDS = (Kind.CHOICE, Kind.LIST, Kind.SWITCH)
"""Without a column of words nothing else in its table can be judged."""

Tell = Callable[[Issue], None]


@dataclass(kw_only=True)
class Sheet:
    """The cells of one table, as text in columns.

    Attributes
    ----------
    table
        What its columns mean.
    columns
        The columns it has, with those for fractions.
    cells
        Text of each column, one a row.
    rows
        The row of the file each row stands in, as a spreadsheet numbers them, and its file.
    elsewhere
        Cells that come from another file: row and column, and where that is.
    broken
        Whether its columns could not be made out.
    torn
        Rows whose number of cells was wrong.
    commas
        Whether decimals have commas; told once, then read as points.
    """

    table: Table
    columns: tuple[Column, ...] = ()
    cells: dict[str, list[str]] = field(default_factory=dict)
    rows: list[str] = field(default_factory=list)
    elsewhere: dict[tuple[int, str], str] = field(default_factory=dict)
    broken: bool = False
    torn: set[int] = field(default_factory=set)
    commas: bool = False

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, k: int, column: str = "") -> str:
        """Tell in which file and row a cell stands."""
        return self.elsewhere.get((k, column)) or self.rows[k]

    def key(self, k: int) -> tuple[str, ...]:
        """The cells that name a row."""
        return tuple(self.cells[name][k].strip() for name in self.table.key)

    def plain_key(self, k: int) -> tuple[str, ...]:
        """The cells that name a row, `10` and `10.0` being the same."""
        number = {c.name for c in self.columns if c.kind in (Kind.NUMBER, Kind.WHOLE)}
        named = zip(self.table.key, self.key(k), strict=True)
        return tuple(plain_number(cell) if name in number else cell for name, cell in named)


def open_sheet(path: Path, file: str, table: Table, tell: Tell, *, part: bool = False) -> Sheet:
    """Read one CSV file into a sheet, telling every fault of its form.

    Parameters
    ----------
    path
        The file.
    file
        How to name it in a fault.
    table
        What it should hold.
    tell
        Called with each fault.
    part
        Whether columns outside the key may be missing, as in a scenario.
    """
    text = _text_of(path, file, tell)
    if text is None:
        return Sheet(table=table, broken=True)
    delimiter = _delimiter(text, file, tell)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        tell(Issue(file, f"the file cannot be read as CSV: {error}", "save it as CSV UTF-8"))
        return Sheet(table=table, broken=True)
    numbered = [(k + 1, row) for k, row in enumerate(rows) if "".join(row).strip()]
    if not numbered:
        header = ",".join(column.name for column in table.columns)
        tell(Issue(file, "the file is empty", f"begin with the header {header}"))
        return Sheet(table=table, broken=True)
    sheet, header = _headed(numbered[0][1], file, table, tell, part=part)
    if not sheet.broken:
        _fill(sheet, header, numbered[1:], file, tell)
        sheet.commas = delimiter == ";"
        if sheet.commas:
            _undo_commas(sheet)
    return sheet


def _text_of(path: Path, file: str, tell: Tell) -> str | None:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            fault = f"the file has {path.stat().st_size / 1e6:.0f} MB"
            tell(Issue(file, fault, f"give a table below {LARGEST_BYTES / 1e6:.0f} MB"))
            return None
        raw = path.read_bytes()
    except OSError as error:
        raise OutsideError(f"{path} cannot be read: {error.strerror}") from error
    mend = "save it as CSV UTF-8"
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        tell(Issue(file, "the file is written in UTF-16", mend))
        text = raw.decode("utf-16", errors="replace")
    else:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            row = raw.count(b"\n", 0, error.start) + 1
            fault = f"the file is not UTF-8; it may be Windows-1251 (first seen in row {row})"
            tell(Issue(file, fault, mend))
            text = raw.decode("cp1251", errors="replace")
    if "\0" in text:
        tell(Issue(file, "the file holds bytes that are not text", mend))
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _delimiter(text: str, file: str, tell: Tell) -> str:
    header = text.lstrip("\n").partition("\n")[0]
    if header.count(";") > header.count(","):
        fault = "the columns are separated by semicolons, as Excel saves them where decimals "
        mend = "save it with commas between columns and decimal points"
        tell(Issue(file, fault + "have commas", mend))
        return ";"
    if header.count("\t") > header.count(","):
        fault = "the columns are separated by tabs"
        tell(Issue(file, fault, "save it with commas between columns"))
        return "\t"
    return ","


def _headed(
    header: list[str], file: str, table: Table, tell: Tell, *, part: bool
) -> tuple[Sheet, list[str]]:
    """Match the header with the table's columns."""
    names = [name.strip() for name in header]
    known = {column.name: column for column in table.columns}
    where = f"{file} row 1"
    sheet = Sheet(table=table)
    for name in sorted({name for name in names if names.count(name) > 1}):
        tell(Issue(where, f"column {name!r} stands twice", "rename or remove one of the two"))
        sheet.broken = True
    waste = []
    for name in names:
        if table.wide and name.endswith(WASTE_SUFFIX) and name != WASTE_SUFFIX:
            waste.append(waste_column(name.removesuffix(WASTE_SUFFIX)))
        elif name not in known:
            close = get_close_matches(name, known, n=1)
            mend = f"is it {close[0]}?" if close else f"the columns are {', '.join(known)}"
            tell(Issue(where, f"column {name!r} is unknown", mend))
            if close and close[0] not in names:
                names[names.index(name)] = close[0]
    needed = [c for c in table.columns if c.name in table.key or not (part or c.empty is not None)]
    for column in needed:
        if column.name not in names:
            mend = f"add a column {column.name}: {column.help}"
            tell(Issue(where, f"column {column.name!r} is missing", mend))
            sheet.broken |= column.name in table.key or column.kind in WORDS
    if table.wide and not (waste or part):
        mend = "add one column for each fraction, such as paper_kg_per_day"
        tell(Issue(where, f"no column ends in {WASTE_SUFFIX}", mend))
        sheet.broken = True
    sheet.columns = (*table.columns, *waste)
    return sheet, names


def _fill(sheet: Sheet, header: list[str], numbered: list, file: str, tell: Tell) -> None:
    """Lay the rows of the file into the sheet's columns."""
    width = len(header)
    kept = []
    # Empty cells at the end do no harm, unless `0,5` for `0.5` pushed one there: then it is this
    # row's alone, and stands where a cell may be empty.
    optional = {column.name for column in sheet.columns if column.empty is not None}
    is_even = len({len(row) for _, row in numbered}) == 1 or header[-1] not in optional
    for number, row in numbered:
        if len(row) != width:
            pushed = len(row) == width + 1 and not is_even and _broken_decimal(row)
            if any(cell.strip() for cell in row[width:]) or len(row) < width or pushed:
                sheet.torn.add(len(kept))
                mend = "put one cell under each column"
                if len(row) > width and (comma := _broken_decimal(row)):
                    mend = f"a decimal comma? write {comma}"
                fault = f"has {len(row)} cells, the header has {width}"
                tell(Issue(f"{file} row {number}", fault, mend))
            row = (row + [""] * width)[:width]
        kept.append(row)
    sheet.rows = [f"{file} row {number}" for number, _ in numbered]
    if not kept and sheet.table.filled:
        tell(Issue(file, "the table is empty", "add at least one row"))
        sheet.broken = True
    columns = zip(*kept, strict=True) if kept else ([] for _ in header)
    known = {column.name for column in sheet.columns}
    for name, cells in zip(header, columns, strict=True):
        if name in known:
            sheet.cells[name] = list(cells)


def _broken_decimal(row: list[str]) -> str:
    """Two neighbouring whole numbers, which may be one number cut at its decimal comma."""
    for left, right in pairwise(row):
        if re.fullmatch(r"-?\d{1,3}", left) and re.fullmatch(r"\d+", right):
            return f"{left}.{right}"
    return ""


def _undo_commas(sheet: Sheet) -> None:
    """Read decimal commas as points; the file's one fault was told already."""
    for column in sheet.columns:
        if column.kind in (Kind.NUMBER, Kind.WHOLE, Kind.NUMBERS) and column.name in sheet.cells:
            cells = sheet.cells[column.name]
            sheet.cells[column.name] = [c.replace(",", ".") for c in cells]


def settings_of(path: Path, file: str, table: Table, tell: Tell, *, part: bool = False) -> Sheet:
    """Read a file of settings, one a row, into a sheet of one row.

    Parameters
    ----------
    path, file, tell, part
        As for `open_sheet`.
    table
        Its columns are the settings.
    """
    columns = (
        Column(name="key", help="which setting", kind=Kind.ID),
        Column(name="value", help="what it is set to", kind=Kind.TEXT, empty=""),
        Column(name="note", help="for readers", kind=Kind.TEXT, empty=""),
    )
    form = Table(name=table.name, help=table.help, columns=columns, key=("key",))
    listed = open_sheet(path, file, form, tell, part=part)
    sheet = Sheet(table=table, columns=table.columns, broken=listed.broken)
    if listed.broken or "value" not in listed.cells:
        if not listed.broken:
            tell(Issue(f"{file} row 1", "column 'value' is missing", "add a column value"))
        sheet.broken = True
        return sheet
    known = {column.name: column for column in table.columns}
    sheet.rows = [file]
    for k in range(len(listed)):
        key, value = listed.cells["key"][k].strip(), listed.cells["value"][k]
        if key not in known:
            close = get_close_matches(key, known, n=1)
            mend = f"is it {close[0]}?" if close else f"the settings are {', '.join(known)}"
            tell(Issue(listed.rows[k], f"setting {key!r} is unknown", mend))
        elif key in sheet.cells:
            tell(Issue(listed.rows[k], f"setting {key!r} stands twice", "remove one of the two"))
        else:
            sheet.cells[key] = [value]
            sheet.elsewhere[0, key] = listed.rows[k]
    for column in table.columns:
        if column.name not in sheet.cells and column.empty is None and not part:
            mend = f"add a row {column.name}: {column.help}"
            tell(Issue(file, f"setting {column.name!r} is missing", mend))
    if listed.commas:
        _undo_commas(sheet)
    return sheet
