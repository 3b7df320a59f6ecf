"""What stands in the folder is what was found: read back from disk, without the room's help."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ainalym.report import write_report
from ainalym.report.folder import tables
from tests.report.cases import empty_outcome, no_outcome, tiny_outcome

BUILDS = (tiny_outcome, no_outcome, empty_outcome)
NEAR = 1e-9
"""Ten figures are written, so a value comes back to within five in the eleventh."""


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    """Read a table of the folder by its header."""
    with (folder / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def features_of(folder: Path, name: str) -> list[dict]:
    """Read the features of a map layer of the folder."""
    text = (folder / "map" / f"{name}.geojson").read_text(encoding="utf-8")
    return json.loads(text, parse_constant=refuse_constant)["features"]


def refuse_constant(name: str) -> None:
    """Refuse what is no JSON, though Python reads it."""
    raise AssertionError(f"{name} is not JSON")


def positions(coordinates: list) -> Iterator[list[float]]:
    """Give every position inside a geometry."""
    if isinstance(coordinates[0], list):
        for part in coordinates:
            yield from positions(part)
    else:
        yield coordinates


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    city, travel, outcome = tiny_outcome()
    write_report(city, travel, outcome, folder)
    return city, outcome, folder


@pytest.mark.parametrize("build", BUILDS)
def test_every_cell_read_again_is_the_value_written(build, tmp_path):
    city, travel, outcome = build()
    write_report(city, travel, outcome, tmp_path)
    for table in tables(city, travel, outcome):
        again = rows_of(tmp_path, table.name)
        assert len(again) == len(table.rows), table.name
        for row, read in zip(table.rows, again, strict=True):
            assert list(read) == [column.name for column in table.columns], table.name
            for value, cell in zip(row, read.values(), strict=True):
                if value is None:
                    assert cell == ""
                elif isinstance(value, str):
                    assert cell == value
                else:
                    assert float(cell) == pytest.approx(value, rel=NEAR, abs=1e-12), table.name


def test_money_in_the_file_discounted_is_the_value(told):
    city, outcome, folder = told
    first, years = city.programme.first_year, city.programme.years
    rows = [row for row in rows_of(folder, "money") if row["heading"] in outcome.tally.money_minor]
    assert len(rows) == len(outcome.tally.money_minor) == 9
    value = 0.0
    for t in range(years):
        (name,) = [column for column in rows[0] if column.startswith(f"{first + t}_")]
        # A quarter a year; what the file's own row of sums says is not asked.
        value += sum(float(row[name]) for row in rows) / 1.25**t
    assert name.endswith("_kzt")
    assert value * 100 == pytest.approx(outcome.tally.value_minor, rel=1e-8)


def test_stages_in_the_file_fall_and_are_the_tally_s(told):
    city, outcome, folder = told
    rows = rows_of(folder, "stages")
    for row in rows:
        thrown, captured, sold, made = (
            float(row[f"{stage}_t"]) for stage in ("thrown", "captured", "sold", "made")
        )
        # Sorted stands apart: a fraction may be sold as it was brought.
        assert thrown >= captured >= sold >= made >= 0
    for stage in ("thrown", "captured", "sorted", "sold", "made"):
        want = getattr(outcome.tally, f"{stage}_kg").sum() / 1000
        assert sum(float(row[f"{stage}_t"]) for row in rows) == pytest.approx(want, rel=1e-8)
    assert len(rows) == city.programme.years * len(city.fractions)


def test_what_leaves_each_station_is_no_more_than_arrives(told):
    city, _, folder = told
    stations = {row["id"] for row in rows_of(folder, "stations")}
    assert stations == {"st.1"}
    for year in range(city.programme.first_year, city.programme.first_year + 2):
        flows = [row for row in rows_of(folder, "flows") if int(row["year"]) == year]
        come = sum(float(row["mass_t"]) for row in flows if row["target"] in stations)
        gone = sum(float(row["mass_t"]) for row in flows if row["origin"] in stations)
        # The line loses a twentieth of clean paper and a tenth of mixed paper.
        assert 0.9 * come <= gone < come


@pytest.mark.parametrize("build", BUILDS)
def test_map_files_hold_places_on_earth_and_no_other_numbers(build, tmp_path):
    city, travel, outcome = build()
    paths = write_report(city, travel, outcome, tmp_path)
    names = [path.stem for path in paths if path.suffix == ".geojson"]
    assert {"blocks", "sites", "districts"} <= set(names)
    for name in names:
        for feature in features_of(tmp_path, name):
            kind, coordinates = feature["geometry"]["type"], feature["geometry"]["coordinates"]
            for lon, lat in positions(coordinates):
                assert min(city.sites.lon) - 0.1 <= lon <= max(city.sites.lon) + 0.1, name
                assert min(city.sites.lat) - 0.1 <= lat <= max(city.sites.lat) + 0.1, name
            if kind == "Polygon":
                assert all(ring[0] == ring[-1] and len(ring) >= 4 for ring in coordinates)
        text = (tmp_path / "map" / f"{name}.geojson").read_text(encoding="utf-8")
        assert '"crs"' not in text


def test_the_map_says_what_the_tables_say(told):
    _, _, folder = told
    table = {row["id"]: float(row["captured_t"]) for row in rows_of(folder, "points")}
    layer = {f["properties"]["id"]: f["properties"] for f in features_of(folder, "points")}
    assert {name: told["captured_t"] for name, told in layer.items()} == pytest.approx(
        table, abs=1e-3
    )
    keepers = [row for row in rows_of(folder, "keepers") if row["year"] == "2005"]
    for row in keepers:
        assert layer[row["id"]]["subsidy"] == pytest.approx(float(row["subsidy_kzt"]), abs=0.5)
        assert layer[row["id"]]["margin"] == pytest.approx(float(row["margin_kzt"]), abs=0.5)
    flows = [row for row in rows_of(folder, "flows") if row["year"] == "2005"]
    drawn = sum(f["properties"].get("t_2005", 0.0) for f in features_of(folder, "flows"))
    assert drawn == pytest.approx(sum(float(row["mass_t"]) for row in flows), abs=1e-2)


def test_without_a_plan_the_folder_names_the_clash_and_shows_no_figures(tmp_path):
    city, travel, outcome = no_outcome()
    written = write_report(city, travel, outcome, tmp_path / "new" / "folder")
    assert all(path.is_file() for path in written)
    assert [p.name for p in written if p.suffix == ".csv"] == ["assumptions.csv"]
    text = (tmp_path / "new" / "folder" / "plan.json").read_text(encoding="utf-8")
    found = json.loads(text, parse_constant=refuse_constant)
    assert found["status"] == "infeasible"
    assert found["clash"] == list(outcome.clash)
    assert found["objective"] is found["bound"] is found["gap"] is None
    assert {
        f["properties"]["opens"] for f in features_of(tmp_path / "new" / "folder", "sites")
    } == {None}


def test_what_needs_a_local_value_stands_first(told):
    city, _, folder = told
    marks = ["needs local value" in row["confidence"] for row in rows_of(folder, "assumptions")]
    assert marks == sorted(marks, reverse=True)
    assert len(marks) == len(city.assumptions) == 2
