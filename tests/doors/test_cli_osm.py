"""From an extract to a plan, as a planner types it."""

import json
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "city"))
from ainalym import cli
from ainalym.city import read, scenarios, write
from tests.city.towns import a_template, a_town, districts_of_town


@pytest.fixture
def town(tmp_path):
    """Write a town's map, districts, head count, and a template of everything else."""
    a_town().write(tmp_path / "town.osm.pbf")
    (tmp_path / "districts.geojson").write_text(json.dumps(districts_of_town()), encoding="utf-8")
    head_count = "district,residents\nзападный,2001\nШЫҒЫС,1000\n"
    (tmp_path / "residents.csv").write_text(head_count, encoding="utf-8")
    write(a_template(), tmp_path / "terms")
    return tmp_path


def run(town: Path, *words: str) -> int:
    """Make a city of the town's files; the exit code."""
    tables = ("--districts", town / "districts.geojson", "--residents", town / "residents.csv")
    terms = ("--template", town / "terms", "--blocks", 20, "--points", 6, "--stations", 2)
    asked = (town / "town.osm.pbf", town / "made", *tables, *terms, *words)
    with pytest.raises(SystemExit) as left:
        cli.main(["city", "from-osm", *map(str, asked)])
    return left.value.code


def test_an_extract_becomes_a_city_that_checks(town, capsys):
    assert run(town, "--json") == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["residents"] == 3001
    assert told.err == ""
    assert {"roads", "floors"} <= set(scenarios(town / "made"))
    assert read(town / "made").places.residents.sum() == 3001
    with pytest.raises(SystemExit) as left:
        cli.main(["city", "check", str(town / "made")])
    assert left.value.code == 0
    assert "town is sound: " in capsys.readouterr().out


def test_every_faulty_file_is_told_and_nothing_is_written(town, capsys):
    (town / "town.osm.pbf").write_bytes(b"<osm>")
    (town / "districts.geojson").unlink()
    (town / "residents.csv").write_text("district,residents\nWest,many\n")
    assert run(town, "--quiet") == 2
    err = capsys.readouterr().err
    for file in ("town.osm.pbf", "districts.geojson", "residents.csv"):
        assert file in err
    assert not (town / "made").exists()
    assert not [path for path in town.iterdir() if path.name.startswith(".made")]
