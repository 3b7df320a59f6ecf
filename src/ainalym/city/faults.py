"""Faults: every one is kept, and told in the words of the files."""

import re
from collections.abc import Iterable

from ainalym.city.sheet import Sheet
from ainalym.city.tables import TABLES
from ainalym.errors import Issue, refuse

NAMES = {
    "speed": "speed_km_per_h",
    "walk": "walk_rate",
    "keeper_minor_per_year": "keeper_per_year",
    "subsidy_minor_per_year": "subsidy_per_year",
}
"""Settings whose noun goes by another word."""


class Faults:
    """All faults found in a folder so far."""

    def __init__(self) -> None:
        self._found: dict[Issue, None] = {}
        self._places: set[str] = set()
        self._tainted: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._found)

    def tell(self, issue: Issue) -> None:
        """Keep a fault that names its file already."""
        self._found.setdefault(issue)
        self._places.add(issue.where)

    def places(self) -> set[str]:
        """Tell which files and rows have faults so far."""
        return self._places

    def taint(self, place: str) -> None:
        """Keep quiet about a noun whose cells are known to be wrong, such as `sites/st.03`."""
        self._tainted.add(place)

    def translate(self, issues: Iterable[Issue], sheets: dict[str, Sheet]) -> None:
        """Keep faults that nouns found, saying file and row instead of the noun's name.

        Parameters
        ----------
        issues
            Whose `where` is like `sites/st.03`, `recipes/line/plastic` or `programme/years`.
        sheets
            By name of their table.
        """
        issues = [issue for issue in issues if issue.where not in self._tainted]
        places = _places(sheets) if issues else {}
        for issue in issues:
            table = issue.where.partition("/")[0]
            where = places.get(issue.where) or issue.where
            if where == issue.where and table in sheets:
                where = sheets[table].table.file
            self.tell(Issue(where, issue.fault, issue.mend))

    def refuse(self) -> None:
        """Raise all faults in the order of the tables and their rows; do nothing without any."""
        refuse(sorted(self._found, key=_order))


def _places(sheets: dict[str, Sheet]) -> dict[str, str]:
    """File and row of every name a noun may give."""
    places: dict[str, str] = {}
    for name, sheet in sheets.items():
        if sheet.broken:
            continue
        if name == "programme":
            for (_, key), where in sheet.elsewhere.items():
                places[f"programme/{key}"] = where
            for noun, key in NAMES.items():
                if f"programme/{key}" in places:
                    places[f"programme/{noun}"] = places[f"programme/{key}"]
            continue
        if name == "steps":
            _place_steps(sheet, places)
            continue
        changed = {k: where for (k, _), where in sheet.elsewhere.items()}
        for k in range(len(sheet)):
            key = sheet.key(k)
            for length in range(1, len(key) + 1):
                noun = "/".join((name, *key[:length]))
                if k in changed:
                    places[noun] = changed[k]
                places.setdefault(noun, sheet.rows[k])
    return places


def _place_steps(sheet: Sheet, places: dict[str, str]) -> None:
    count: dict[str, int] = {}
    for k in range(len(sheet)):
        process = sheet.cells["process"][k]
        number = count.get(process, 0)
        places[f"steps/{process}/{number}"] = sheet.rows[k]
        count[process] = number + 1


def _order(issue: Issue) -> tuple[int, str, int]:
    file, _, row = issue.where.partition(" row ")
    order = {table.file: k for k, table in enumerate(TABLES)}
    digits = re.match(r"\d+", row)
    return order.get(file, len(order)), file, int(digits.group()) if digits else 0
