"""Cities made of the real maps of Almaty and Helsinki."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ainalym.city.osm import from_osm, read_extract, write_osm_city
from ainalym.city.read import read
from ainalym.city.roads import measure, sites_without_road, straight_m
from ainalym.model.place import SiteKind
from ainalym.model.programme import Walk
from tests.city.towns import WORLD, a_template

pytestmark = pytest.mark.slow

DATA = Path(__file__).parents[2] / "../shared/data"


def real(*parts):
    """Find a real file, or skip."""
    path = DATA.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return path


@pytest.fixture(scope="module")
def almaty(tmp_path_factory):
    """Make Almaty of its extract of 2012 and its residents of 2026-03 (stat.gov.kz)."""
    extract, districts = real("almaty", "almaty-2012.osm.pbf"), real("almaty", "districts.geojson")
    facts = json.loads(real("almaty", "facts.json").read_text(encoding="utf-8"))
    people = facts["district_population_2026_03"]
    rows = [f"{k},{v}" for k, v in people.items() if k not in ("source", "sum")]
    table = tmp_path_factory.mktemp("almaty") / "residents.csv"
    table.write_text("district,population\n" + "\n".join(rows), encoding="utf-8")
    return from_osm(extract, districts, table, template=a_template()), people["sum"]


def test_almaty_is_large_enough_and_whole(almaty):
    cities, people = almaty
    city = cities["blend"]
    assert len(city.places) >= 3000
    assert len(city.sites.rows(SiteKind.POINT)) >= 400
    assert len(city.sites.rows(SiteKind.STATION)) >= 10
    assert not list(city.check())
    assert not list(sites_without_road(city))
    for other in cities.values():
        assert other.places.residents.sum() == people
        assert len(set(other.places.district)) == 8
    assert len(json.loads(city.outline)["features"]) == 8
    assert len(city.outline) < 50_000


def test_almaty_says_what_the_old_extract_lacks(almaty):
    notes = {a.name: a.source for a in almaty[0]["blend"].assumptions}
    assert "mapped for 4% of its residents" in notes["Alatau: residents with a mapped building"]
    assert "Nauryzbai: share of its area in the extract" in notes
    assert "most of the west of the city" in notes["districts the extract hardly shows"]
    assert "newest edit 2012-03-13" in notes["roads"]


def test_almaty_is_written_and_read_back_the_same(almaty, tmp_path):
    write_osm_city(almaty[0], tmp_path / "almaty")
    for scenario, way in (("", "blend"), ("roads", "roads"), ("floors", "floors")):
        assert read(tmp_path / "almaty", scenario) == almaty[0][way]


def test_almaty_is_served_by_its_points(almaty):
    city = almaty[0]["blend"]
    city = replace(city, programme=replace(city.programme, walk=Walk(limit_m=1000)))
    travel = measure(city)
    served = city.places.residents[np.unique(travel.walk_place)].sum()
    assert served > 0.6 * city.places.residents.sum()
    points, stations = city.sites.rows(SiteKind.POINT), city.sites.rows(SiteKind.STATION)
    assert np.all(np.isfinite(travel.haul_m[np.ix_(points, stations)]))
    straight = straight_m(
        city.sites.lon[points][:, None], city.sites.lat[points][:, None],
        city.sites.lon[stations], city.sites.lat[stations],
    )  # fmt: skip
    detour = travel.haul_m[np.ix_(points, stations)].sum() / straight.sum()
    assert 1.1 < detour < 1.6


def test_helsinki_works_with_one_district_and_a_template_from_afar(tmp_path):
    extract = real("helsinki", "Helsinki.osm.pbf")
    roads = read_extract(extract, WORLD).roads
    west, south = float(roads.lon.min()), float(roads.lat.min())
    east, north = float(roads.lon.max()), float(roads.lat.max())
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {"name": "Keskusta"}, "geometry": geometry}
    districts, table = tmp_path / "d.geojson", tmp_path / "r.csv"
    tree = {"type": "FeatureCollection", "features": [feature]}
    districts.write_text(json.dumps(tree), encoding="utf-8")
    table.write_text("district,residents\nkeskusta,21000\n", encoding="utf-8")
    cities = from_osm(
        extract, districts, table, template=a_template(), blocks=200, points=60, stations=4
    )
    city = cities["blend"]
    assert city.places.residents.sum() == 21000
    assert len(city.places) >= 200
    assert len(city.sites.rows(SiteKind.POINT)) == 60
    assert len(city.sites.rows(SiteKind.STATION)) == 4
    assert not list(city.check())
    mill = city.sites.row["mill"]
    assert 24 < city.sites.lon[mill] < 26
