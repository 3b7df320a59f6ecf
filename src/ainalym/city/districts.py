"""A city's districts and their official residents, matched by name across languages."""

import csv
import json
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import GEOSException, ShapelyError
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from ainalym.errors import Issue, refuse

NAME_KEYS = ("name", "osm_name", "official_name", "alt_name", "short_name", "int_name")
RESIDENTS_COLUMNS = ("residents", "population")
GENERAL_WORDS = frozenset(
    [
        *("район", "районы", "аудан", "ауданы", "қаласы", "город", "district", "city"),
        *("audan", "audany", "rajon", "rayon", "raion"),
    ]
)
"""Words of a district's name that do not tell it from another."""

OUTLINE_DEGREES = 0.0003
"""Outlines are simplified by about 30 m, which no map of a whole city shows."""

LATIN = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ж": "zh", "з": "z", "и": "i",
    "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t",
    "у": "u", "ф": "f", "х": "h", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sh", "ъ": "", "ы": "i",
    "ь": "", "э": "e", "ю": "iu", "я": "ia", "ә": "a", "і": "i", "ң": "n", "ғ": "g", "ү": "u",
    "ұ": "u", "қ": "k", "ө": "o", "һ": "h", "j": "zh", "y": "i",
}  # fmt: skip
"""One spelling for names written in Kazakh, Russian or Latin letters."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Districts:
    """Districts of a city and how many people live in each.

    Attributes
    ----------
    name
        As the outlines call them.
    residents
        Official totals, whole people.
    shape
        Outlines, degrees, WGS 84.
    source
        Names of the two files.
    """

    name: tuple[str, ...]
    residents: NDArray[np.int64]
    shape: tuple[BaseGeometry, ...]
    source: str

    def find(self, lon: NDArray, lat: NDArray) -> NDArray[np.int64]:
        """Tell in which district row each position lies, -1 for none."""
        found = np.full(len(lon), -1, np.int64)
        for k, outline in enumerate(self.shape):
            shapely.prepare(outline)
            inside = shapely.contains_xy(outline, lon, lat) & (found < 0)
            found[inside] = k
        return found

    def box(self, margin_degrees: float = 0.0) -> tuple[float, float, float, float]:
        """Give west, south, east and north of all districts, widened on every side."""
        west, south, east, north = shapely.total_bounds(list(self.shape))
        m = margin_degrees
        return float(west - m), float(south - m), float(east + m), float(north + m)

    def outline(self) -> str:
        """Draw the outlines, simplified, as a GeoJSON text for maps."""
        features = []
        for name, people, outline in zip(self.name, self.residents, self.shape, strict=True):
            simple = shapely.set_precision(outline.simplify(OUTLINE_DEGREES), 1e-5)
            features.append(
                {
                    "type": "Feature",
                    "properties": {"name": name, "residents": int(people)},
                    "geometry": _rounded(mapping(simple)),
                }
            )
        collection = {"type": "FeatureCollection", "features": features}
        return json.dumps(collection, ensure_ascii=False, separators=(",", ":")) + "\n"


def read_districts(districts: Path, residents: Path) -> Districts:
    """Read district outlines and their residents, and match them by name.

    Names match without regard to case, alphabet (Kazakh, Russian, Latin) and ending: `Almaly`,
    `Алмалы ауданы` and `Алмалинский район` are one district.

    Parameters
    ----------
    districts
        GeoJSON of polygons in degrees; each carries `name` and, as it may, `name:en`, `name:ru`,
        `name:kk` and the like.
    residents
        CSV with the columns `district` and `residents` (or `population`), whole people.

    Raises
    ------
    InputError
        A file is missing or not what it should be, a number is out of range, a name matches no
        district or several, or a district has no residents. Every fault is listed.
    """
    outlines, rows, issues = _read_both(districts, residents)
    refuse(issues)
    people = {k: count for _, count, k in _matches(outlines, rows)}
    return Districts(
        name=tuple(o.name for o in outlines),
        residents=np.array([people[k] for k in range(len(outlines))], np.int64),
        shape=tuple(o.shape for o in outlines),
        source=f"{districts.name}, {residents.name}",
    )


def faults_of_districts(districts: Path, residents: Path) -> list[Issue]:
    """List every fault that `read_districts` would refuse these files for.

    Parameters
    ----------
    districts, residents
        As for `read_districts`.
    """
    return _read_both(districts, residents)[2]


@dataclass(frozen=True, slots=True)
class _Outline:
    name: str
    stems: frozenset[str]
    shape: BaseGeometry


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    name: str
    residents: int


def stem(name: str) -> str:
    """Reduce a name to what its spellings in several languages share.

    Parameters
    ----------
    name
        As written; what follows a comma is left out.
    """
    # Folding case first and composing letters keeps й one letter, as the table has it.
    text = unicodedata.normalize("NFC", name.split(",")[0].casefold()).replace("й", "и")
    words = [word for word in text.replace("-", " ").split() if word not in GENERAL_WORDS]
    latin = "".join(LATIN.get(letter, letter) for word in words for letter in word)
    plain = unicodedata.normalize("NFKD", latin)
    return "".join(letter for letter in plain if letter.isalnum())


def _read_both(
    districts: Path, residents: Path
) -> tuple[list["_Outline"], list["_Row"], list[Issue]]:
    outlines, issues = _read_outlines(districts)
    rows, more = _read_residents(residents)
    issues = issues + more
    if not issues:
        issues = list(_matched(outlines, rows, districts.name, residents.name))
    return outlines, rows, issues


def _rounded(geometry: dict) -> dict:
    """Cut a GeoJSON geometry's coordinates to five decimals, about a metre."""

    def cut(part: Iterable) -> list:
        part = list(part)
        if part and isinstance(part[0], float):
            return [round(value, 5) for value in part]
        return [cut(inner) for inner in part]

    return {"type": geometry["type"], "coordinates": cut(geometry["coordinates"])}


def _read_outlines(path: Path) -> tuple[list[_Outline], list[Issue]]:
    mend = "give a GeoJSON file with one polygon a district, in degrees"
    try:
        tree = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return [], [Issue(path.name, f"there is no file {str(path)!r}", mend)]
    except (UnicodeDecodeError, json.JSONDecodeError):
        return [], [Issue(path.name, "this is not a GeoJSON file", mend)]
    features = tree.get("features") if isinstance(tree, dict) else None
    if not isinstance(features, list):
        return [], [Issue(path.name, "this is not a GeoJSON FeatureCollection", mend)]
    if not features:
        return [], [Issue(path.name, "it holds no district", mend)]
    outlines, issues = [], []
    for number, feature in enumerate(features, start=1):
        try:
            outlines.append(_outline_of(feature, f"{path.name} feature {number}"))
        except _Unfit as unfit:
            issues.append(unfit.issue)
    return outlines, issues


class _Unfit(ValueError):
    """One feature cannot be used; carries the fault."""

    def __init__(self, where: str, fault: str, mend: str) -> None:
        self.issue = Issue(where, fault, mend)
        super().__init__(fault)


def _outline_of(feature: object, where: str) -> _Outline:
    if not isinstance(feature, dict):
        raise _Unfit(where, "this is not a GeoJSON feature", "give one polygon a district")
    properties = feature.get("properties") or {}
    names = {
        key: str(value)
        for key, value in properties.items()
        if value and key.split(":")[0] in NAME_KEYS
    }
    if not names:
        raise _Unfit(where, "the district has no name", "give it a property 'name'")
    name = names.get("name") or next(iter(names.values()))
    where = f"{where} ({name})"
    try:
        outline = shape(feature.get("geometry") or {})
    except (ShapelyError, GEOSException, AttributeError, KeyError, TypeError, ValueError):
        raise _Unfit(where, "its geometry cannot be read", "give a polygon") from None
    if outline.geom_type not in ("Polygon", "MultiPolygon") or outline.is_empty:
        raise _Unfit(where, f"it is a {outline.geom_type}, not a polygon", "give its area")
    west, south, east, north = outline.bounds
    if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
        fault = f"its coordinates, such as {west:.0f}, {south:.0f}, are metres, not degrees"
        raise _Unfit(where, fault, "convert the file to WGS 84 (EPSG:4326)")
    stems = frozenset(filter(None, (stem(text) for text in names.values())))
    return _Outline(name, stems, shapely.make_valid(outline))


def _read_residents(path: Path) -> tuple[list[_Row], list[Issue]]:
    mend = "give a CSV table with the columns district,residents"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return [], [Issue(path.name, f"there is no file {str(path)!r}", mend)]
    except UnicodeDecodeError:
        return [], [Issue(path.name, "this is not a text in UTF-8", "save it as CSV UTF-8")]
    lines = text.splitlines()
    header = lines[0] if lines else ""
    mark = ";" if header.count(";") > header.count(",") else ","
    names = [name.strip().casefold() for name in next(csv.reader([header], delimiter=mark), [])]
    column = next((names.index(c) for c in RESIDENTS_COLUMNS if c in names), None)
    if "district" not in names or column is None:
        fault = f"its columns are {', '.join(names) or 'none'}"
        return [], [Issue(path.name, fault, mend)]
    rows, issues = [], []
    for number, cells in enumerate(csv.reader(lines[1:], delimiter=mark), start=2):
        if not any(cell.strip() for cell in cells):
            continue
        cells = [cell.strip() for cell in cells] + [""] * len(names)
        where = f"{path.name} row {number}"
        name, said = cells[names.index("district")], cells[column]
        if (count := _whole(said)) is None:
            fault = f"residents of {name!r} is {said!r}, not whole people"
            issues.append(Issue(where, fault, "write digits only, such as 272273"))
        elif count < 0:
            issues.append(Issue(where, f"residents of {name!r} is {count}", "give 0 or more"))
        else:
            rows.append(_Row(number, name, count))
    if not rows and not issues:
        issues.append(Issue(path.name, "the table is empty", "add one row a district"))
    elif not issues and not sum(row.residents for row in rows):
        issues.append(Issue(path.name, "nobody lives in any district", "give their residents"))
    return rows, issues


def _whole(said: str) -> int | None:
    try:
        value = float(said)
    except ValueError:
        return None
    return int(value) if value.is_integer() else None


def _alike(one: str, other: str) -> bool:
    """Whether two stems differ in their endings only, as Medeu and Медеуский do."""
    if one == other:
        return True
    short = min(len(one), len(other))
    shared = next((k for k in range(short) if one[k] != other[k]), short)
    return shared >= max(3, short - 1)


def _matches(outlines: list[_Outline], rows: list[_Row]) -> Iterator[tuple[_Row, int, int]]:
    """Yield row, residents and district row of every name that leads to one district."""
    for row in rows:
        if len(found := _candidates(outlines, row.name)) == 1:
            yield row, row.residents, found[0]


def _candidates(outlines: list[_Outline], name: str) -> list[int]:
    own = stem(name)
    exact = [k for k, outline in enumerate(outlines) if own and own in outline.stems]
    if exact:
        return exact
    return [k for k, o in enumerate(outlines) if any(_alike(own, other) for other in o.stems)]


def _matched(outlines: list[_Outline], rows: list[_Row], file: str, table: str) -> Iterator[Issue]:
    """Yield a fault for each name that leads nowhere, twice to one district, or to several."""
    known = ", ".join(outline.name for outline in outlines)
    for row in rows:
        found = _candidates(outlines, row.name)
        where = f"{table} row {row.number}"
        if not found:
            fault = f"district {row.name!r} is not in {file}"
            yield Issue(where, fault, f"its districts are {known}")
        elif len(found) > 1:
            several = " and ".join(outlines[k].name for k in found)
            fault = f"district {row.name!r} may be {several}"
            yield Issue(where, fault, f"write the name as in {file}")
    seen: dict[int, _Row] = {}
    for row, _, k in _matches(outlines, rows):
        if k in seen:
            fault = f"district {row.name!r} stands in row {seen[k].number} too"
            yield Issue(f"{table} row {row.number}", fault, "remove one of the two")
        seen.setdefault(k, row)
    for k, outline in enumerate(outlines):
        if k not in seen:
            fault = f"district {outline.name!r} of {file} has no residents"
            yield Issue(table, fault, "add a row for it")
