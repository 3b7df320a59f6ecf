"""Cities made of a small town's map written here."""

import json
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import osmium
import pytest
from osmium.osm.mutable import Relation

from ainalym.city.osm import from_osm, read_extract, write_osm_city
from ainalym.city.read import read, scenarios
from ainalym.city.roads import measure, sites_without_road, straight_m
from ainalym.errors import InputError
from ainalym.model.place import SiteKind, SiteStatus
from tests.city.towns import EDIT, WORLD, Town, a_template, a_town, at, districts_of_town, oblong


@pytest.fixture
def town(tmp_path):
    """Write the town's three files."""
    extract = a_town().write(tmp_path / "town.osm.pbf")
    districts = tmp_path / "districts.geojson"
    districts.write_text(json.dumps(districts_of_town()), encoding="utf-8")
    residents = tmp_path / "residents.csv"
    residents.write_text("district,residents\nзападный,2001\nШЫҒЫС,1000\n", encoding="utf-8")
    return extract, districts, residents


def made(town, **more):
    """Make the town's cities."""
    asked = {"template": a_template(), "blocks": 20, "points": 6, "stations": 2} | more
    return from_osm(*town, **asked)


def test_roads_have_lengths_speeds_and_directions(tmp_path):
    town = Town()
    a, b, c, d = (town.node(x, 0) for x in (0, 300, 500, 600))
    town.way([a, b], highway="primary", oneway="yes", maxspeed="30")
    town.way([b, c], highway="motorway_link")
    town.way([c, d], highway="residential", oneway="-1", foot="no")
    town.way([a, d], highway="residential", access="no")
    town.way([a, c], highway="footway")
    roads = read_extract(
        town.write(tmp_path / "t.osm.pbf"), WORLD, speeds={"residential": 36}
    ).roads
    arcs = {
        (int(i), int(j)): (m, s, bool(w))
        for i, j, m, s, w in zip(
            roads.tail, roads.head, roads.length_m, roads.travel_s, roads.walkable, strict=True
        )
    }
    assert set(arcs) == {(0, 1), (1, 2), (3, 2)}
    assert arcs[0, 1] == (pytest.approx(300, abs=0.1), pytest.approx(36, abs=0.02), True)
    assert arcs[1, 2] == (pytest.approx(200, abs=0.1), pytest.approx(16, abs=0.02), False)
    assert arcs[3, 2] == (pytest.approx(100, abs=0.1), pytest.approx(10, abs=0.02), False)


def test_homes_have_the_floor_area_of_all_levels(town):
    extract = read_extract(town[0], WORLD)
    assert len(extract.home_m2) == 30  # the garage is none
    assert sorted(extract.home_m2)[-1] == pytest.approx(9 * 400, rel=1e-3)
    assert sorted(extract.home_m2)[0] == pytest.approx(5 * 400, rel=1e-3)
    assert extract.newest == "2026-05-06"
    residential_m = 7 * 1000 + 10 * 600
    assert extract.street_m[extract.street_is_home].sum() == pytest.approx(residential_m, rel=1e-3)


def test_residents_meet_the_official_totals_to_the_last_person(town):
    for city in made(town).values():
        district = np.array(city.places.district)
        assert city.places.residents[district == "West"].sum() == 2001
        assert city.places.residents[district == "Shyghys"].sum() == 1000
        assert np.all(city.places.residents == np.floor(city.places.residents))
        waste_kg = city.places.waste_kg_per_day.sum(axis=0)
        assert waste_kg == pytest.approx([3001 * 0.08, 3001 * 0.06], abs=0.05)
        assert len(city.places) >= 20


def test_floors_follow_buildings_and_roads_follow_streets(town):
    """A district's floors count in full at 10 m2 a resident: the west has 30 homes of 2,000 m2
    (one of 3,600), 20,010 m2 would do; the east has none, so its floors are its roads."""
    cities = made(town, blocks=60)
    roads, floors = cities["roads"].places, cities["floors"].places
    west = np.array(floors.district) == "West"
    assert np.array_equal(roads.residents[~west], floors.residents[~west])
    corner = np.argmin(straight_m(floors.lon, floors.lat, *at(50, 50)))
    total_m2 = 29 * 2000 + 3600
    block = 2001 * 3600 / total_m2
    assert floors.residents[west].max() >= block - 1
    assert floors.residents[corner] >= block - 1
    assert roads.residents[west].max() < 2 * block
    blend = cities["blend"].places.residents
    assert np.abs(blend - (roads.residents + floors.residents) / 2).max() <= 1


def test_missing_buildings_are_made_up_by_roads_and_told(town):
    notes = {a.name: a for a in made(town)["blend"].assumptions}
    note = notes["Shyghys: residents with a mapped building"]
    assert note.needs_local_value
    assert "buildings of Shyghys are mapped for 0% of its residents" in note.source
    assert "West: residents with a mapped building" not in notes
    hidden = notes["districts the extract hardly shows"]
    assert hidden.value == "Shyghys"
    assert "(33% of all); most of the east of the city is missing" in hidden.source
    assert "corners" not in notes["candidate points"].source
    assert notes["lorry speed: residential"].value == "25"


def test_district_with_nothing_mapped_is_settled_over_its_area_and_told(town):
    extract, districts, residents = town
    tree = districts_of_town()
    tree["features"].append(oblong("Empty", 0, 700, 1000, 1700))
    districts.write_text(json.dumps(tree), encoding="utf-8")
    with residents.open("a", encoding="utf-8") as file:
        file.write("Empty,500\n")
    city = made((extract, districts, residents))["blend"]
    here = np.array(city.places.district) == "Empty"
    assert city.places.residents[here].sum() == 500
    assert len(set(zip(city.places.lon[here], city.places.lat[here], strict=True))) >= 9
    notes = {a.name: a for a in city.assumptions}
    assert notes["Empty: residents"].value == "spread over its area"
    assert "residents over 500 m from every road" in notes


def test_district_with_buildings_but_no_road_is_settled_in_its_buildings(town):
    extract, districts, residents = town
    drawn = a_town()
    for k, levels in enumerate(("3", "1")):
        tags = {"building": "apartments", "building:levels": levels}
        drawn.square(400 * k + 100, 900, 20, **tags)
    drawn.write(extract.with_name("more.osm.pbf"))
    tree = districts_of_town()
    tree["features"].append(oblong("Hamlet", 0, 700, 1000, 1700))
    districts.write_text(json.dumps(tree), encoding="utf-8")
    with residents.open("a", encoding="utf-8") as file:
        file.write("Hamlet,40\n")
    for city in made((extract.with_name("more.osm.pbf"), districts, residents)).values():
        here = np.array(city.places.district) == "Hamlet"
        assert list(city.places.residents[here]) == [30, 10]


def test_district_where_nobody_lives_has_no_blocks(town):
    town[2].write_text("district,residents\nWest,2001\nShyghys,0\n", encoding="utf-8")
    assert set(made(town)["blend"].places.district) == {"West"}


def test_candidates_are_premises_and_land_with_a_road(town):
    sites = made(town, points=100)["blend"].sites
    points = {sites.name[k] for k in sites.rows(SiteKind.POINT)}
    assert points == {f"Kiosk {k}" for k in range(9)} | {"recycling", "street corner"}
    stations = [sites.name[k] for k in sites.rows(SiteKind.STATION)]
    assert stations == ["railway yard", "Old mill"]  # what lies inside the districts first
    row = sites.rows(SiteKind.POINT)[0]
    assert sites.capex_minor[row] == 200  # between the template's two
    assert sites.takes[row] == ("paper", "glass")
    assert {"mill", "pit"} < set(sites.id)
    assert "p1" not in sites.id


def test_stations_stand_apart_and_by_a_road(town):
    drawn = a_town()
    drawn.square(1050, 0, 70, landuse="industrial", name="Too near the mill")
    drawn.square(300, 2300, 200, landuse="industrial", name="No road within 500 m")
    extract = drawn.write(town[0].with_name("more.osm.pbf"))
    city = made((extract, *town[1:]), stations=9)["blend"]
    stations = {city.sites.name[k] for k in city.sites.rows(SiteKind.STATION)}
    assert stations == {"railway yard", "Old mill", "commercial land"}
    note = next(a for a in city.assumptions if a.name == "candidate stations")
    assert "9 were asked for" in note.source


def test_sites_that_exist_are_kept_where_a_road_leads(town):
    template = a_template()
    sites, (lon, lat) = template.sites, at(500, 5000)
    status = list(sites.status)
    status[1] = status[2] = SiteStatus.EXISTING
    column_lon, column_lat = sites.lon.copy(), sites.lat.copy()
    column_lon[1], column_lat[1] = lon, lat
    old = replace(sites, status=tuple(status), lon=column_lon, lat=column_lat)
    city = made(town, template=replace(template, sites=old))["blend"]
    assert "s1" in city.sites.id
    assert "p2" not in city.sites.id
    note = next(a for a in city.assumptions if a.name == "existing sites")
    assert note.source.endswith("no road within 500 m of them: p2")


def test_street_corners_stand_in_where_no_business_is_mapped(town):
    city = made(town, points=4)["blend"]
    corner = [k for k in city.sites.rows(SiteKind.POINT) if city.sites.name[k] == "street corner"]
    corners = len(corner)
    # A third of the residents has no business within 400 m, the longest walk of the template.
    assert corners == 1
    kiosks_m = straight_m(
        city.sites.lon[corner][:, None], city.sites.lat[corner][:, None], *at(410, 310)
    )
    assert np.all(kiosks_m > 400)
    notes = {a.name: a for a in city.assumptions}
    note = notes["candidate points at street corners"]
    assert note.value == str(corners)
    assert "no business is mapped within 400 m of them" in note.source


def test_businesses_come_first_and_corners_only_for_those_out_of_reach(town):
    programme = a_template().programme
    far = replace(programme, walk=replace(programme.walk, limit_m=5000))
    city = made(town, points=4, template=replace(a_template(), programme=far))["blend"]
    names = [city.sites.name[k] for k in city.sites.rows(SiteKind.POINT)]
    # Nobody lives further than a kilometre, the longest walk that counts, from every kiosk.
    assert "street corner" not in names
    assert len(names) == 4


def test_progress_grows_to_the_whole(town, monkeypatch):
    monkeypatch.setattr("ainalym.city.osm.TELL_EVERY", 1)
    told = []
    made(town, progress=lambda said, share: told.append((said, share)))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    said = [said for said, _ in told]
    assert said[0] == "reading the extract"
    assert "choosing candidates" in said
    assert len(told) > 50


def test_every_candidate_is_reachable_and_residents_walk_there(town):
    city = made(town)["blend"]
    assert not list(city.check())
    assert not list(sites_without_road(city))
    travel = measure(city)
    points, stations = city.sites.rows(SiteKind.POINT), city.sites.rows(SiteKind.STATION)
    assert np.all(np.isfinite(travel.haul_s[np.ix_(points, stations)]))
    assert len(np.unique(travel.walk_place)) > len(city.places) / 2


def test_few_points_serve_nearly_as_well_as_the_best_few(town):
    """Greedy choice of three saves at least 1 - 1/e of the best three (Nemhauser et al. 1978)."""
    tree = {"type": "FeatureCollection", "features": districts_of_town()["features"][:1]}
    town[1].write_text(json.dumps(tree), encoding="utf-8")
    town[2].write_text("district,residents\nWest,2001\n", encoding="utf-8")
    pool = made(town, points=10)["blend"]
    rows = pool.sites.rows(SiteKind.POINT)
    way_m = straight_m(
        pool.places.lon[:, None], pool.places.lat[:, None], pool.sites.lon[rows],
        pool.sites.lat[rows],
    )  # fmt: skip
    saved = np.maximum(0, 400 - way_m) * pool.places.residents[:, None]

    def worth(chosen):
        return saved[:, list(chosen)].max(axis=1).sum()

    best = max(worth(c) for c in product(range(len(rows)), repeat=3))
    sites = made(town, points=3)["blend"].sites
    chosen = [pool.sites.row[sites.id[k]] for k in sites.rows(SiteKind.POINT)]
    got = worth([list(rows).index(k) for k in chosen])
    assert (1 - np.exp(-1)) * best <= got <= best


def test_plants_of_a_far_template_move_along_and_it_is_told(town):
    template = a_template()
    far = replace(
        template,
        places=replace(template.places, lon=template.places.lon + 30),
        sites=replace(template.sites, lon=template.sites.lon + 30),
    )
    city = made(town, template=far)["blend"]
    mill = city.sites.row["mill"]
    assert straight_m(city.sites.lon[mill], city.sites.lat[mill], *at(500, 300)) < 1000
    note = next(a for a in city.assumptions if a.name == "plants, landfills and stockpiles")
    assert "Paper mill, Pit" in note.source


def test_same_files_give_the_same_bytes_and_read_back_as_the_same_city(town, tmp_path):
    cities = made(town)
    for name in ("one", "two"):
        write_osm_city(made(town), tmp_path / name)
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*.*"))
    assert Path("scenarios/roads/blocks.csv") in files
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    assert list(scenarios(tmp_path / "one")) == ["roads", "floors"]
    assert read(tmp_path / "one") == cities["blend"]
    for way in ("roads", "floors"):
        assert read(tmp_path / "one", way) == cities[way]


def test_writing_again_keeps_what_else_is_there(town, tmp_path):
    folder = tmp_path / "out"
    write_osm_city(made(town), folder)
    (folder / "notes.txt").write_text("mine")
    write_osm_city(made(town, points=3), folder)
    assert (folder / "notes.txt").read_text() == "mine"
    assert len(read(folder).sites.rows(SiteKind.POINT)) == 3
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="something else here"):
        write_osm_city(made(town), tmp_path / "other")


FOREIGN = {
    b"PK\x03\x04zip": "town.osm.pbf: this is a zip archive, not a PBF extract",
    b'<?xml version="1.0"?><osm/>': "this is an XML file, not a PBF extract",
    b"<!DOCTYPE html>": "this is a web page, not a PBF extract",
    b"hello": "this is not a PBF extract",
    b"": "the file is empty",
}


@pytest.mark.parametrize(("content", "said"), FOREIGN.items())
def test_foreign_extract_is_refused(town, content, said):
    town[0].write_bytes(content)
    with pytest.raises(InputError, match=said):
        made(town)


def test_extract_cut_short_is_refused(town):
    whole = town[0].read_bytes()
    town[0].write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(InputError, match=r"town.osm.pbf: the file is damaged or cut short"):
        made(town)


def test_extract_with_names_in_another_encoding_is_refused(tmp_path):
    town = Town()
    town.node(0, 0, shop="kiosk", name="Kiosk")
    plain = osmium.io.File(str(tmp_path / "odd.osm.pbf"), "pbf,pbf_compression=none")
    content = town.write(plain, tmp_path / "odd.osm.pbf").read_bytes()
    assert b"Kiosk" in content
    (tmp_path / "odd.osm.pbf").write_bytes(content.replace(b"Kiosk", b"Ki\xffsk"))
    with pytest.raises(InputError, match="the file is damaged or cut short"):
        read_extract(tmp_path / "odd.osm.pbf", WORLD)


def test_courtyards_are_not_floors(tmp_path):
    town = Town()
    rings = []
    for x, side in ((0, 100), (20, 60)):
        ring = [
            town.node(x + dx, x + dy) for dx, dy in ((0, 0), (side, 0), (side, side), (0, side))
        ]
        town.way([*ring, ring[0]])
        rings.append(len(town.ways))
    members = [("w", rings[0], "outer"), ("w", rings[1], "inner")]
    tags = {"type": "multipolygon", "building": "apartments", "building:levels": "3"}
    town.relations.append(Relation(id=1, **EDIT, members=members, tags=tags))
    town.way([town.node(0, -10), town.node(500, -10)], highway="residential")
    extract = read_extract(town.write(tmp_path / "t.osm.pbf"), WORLD)
    assert list(extract.home_m2) == pytest.approx([3 * (100**2 - 60**2)], rel=1e-3)
    assert straight_m(extract.home_lon, extract.home_lat, *at(50, 50)) < 0.1


def test_extract_without_roads_is_refused(town):
    bare = Town()
    bare.node(0, 0, shop="kiosk")
    bare.write(town[0].with_name("bare.osm.pbf"))
    with pytest.raises(InputError, match="it holds no road a lorry may use"):
        made((town[0].with_name("bare.osm.pbf"), *town[1:]))


def test_extract_of_another_place_is_refused(town):
    text = town[1].read_text(encoding="utf-8")
    town[1].write_text(text.replace("[76.", "[24."), encoding="utf-8")
    with pytest.raises(InputError, match=r"its roads lie at lon 76.90 .* none within lon 24.80"):
        made(town)


def test_districts_with_swapped_coordinates_are_told_so(town):
    tree = json.loads(town[1].read_text(encoding="utf-8"))
    for feature in tree["features"]:
        for ring in feature["geometry"]["coordinates"]:
            ring[:] = [[lat, lon] for lon, lat in ring]
    town[1].write_text(json.dumps(tree), encoding="utf-8")
    with pytest.raises(InputError, match="swap longitude and latitude in the districts' file"):
        made(town)


def test_roads_around_the_districts_are_not_in_them(town):
    tree = {"type": "FeatureCollection", "features": [oblong("West", 3000, 0, 4000, 900)]}
    town[1].write_text(json.dumps(tree), encoding="utf-8")
    town[2].write_text("district,residents\nWest,10\n", encoding="utf-8")
    with pytest.raises(InputError, match="none of its roads lies in the districts"):
        made(town)


def test_nothing_and_nonsense_cannot_be_asked_for(town):
    with pytest.raises(InputError) as refused:
        made(town, blocks=0, points=-1)
    assert len(refused.value.issues) == 2
    with pytest.raises(InputError, match="speeds/primary: the speed is 0 km/h"):
        made(town, speeds={"primary": 0.0})
    with pytest.raises(InputError, match="'main' is no class of road"):
        made(town, speeds={"main": 30.0})


def test_missing_files_are_all_told_at_once(tmp_path):
    paths = [tmp_path / name for name in ("a.osm.pbf", "b.geojson", "c.csv")]
    with pytest.raises(InputError) as refused:
        from_osm(*paths, template=a_template())
    assert [issue.where for issue in refused.value.issues] == ["a.osm.pbf", "b.geojson", "c.csv"]
