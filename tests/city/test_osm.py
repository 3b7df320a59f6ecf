"""Cities made of a small town's map written here, and of the real Almaty and Helsinki."""

import json
from dataclasses import replace
from itertools import product
from math import inf
from pathlib import Path

import numpy as np
import osmium
import pytest
from osmium.osm.mutable import Node, Way

from ainalym.city.osm import from_osm, read_extract, write_osm_city
from ainalym.city.read import read, scenarios
from ainalym.city.roads import measure, sites_without_road, straight_m
from ainalym.errors import InputError
from ainalym.model.city import City
from ainalym.model.market import Counter, Factor, Haul, Offer
from ainalym.model.material import Material, MaterialKind
from ainalym.model.place import Places, SiteKind, Sites, SiteStatus
from ainalym.model.process import Process, Step
from ainalym.model.programme import Cover, Fund, Objective, Programme, Walk

DATA = Path(__file__).parents[2] / "../shared/data"
LON, LAT = 76.90, 43.20
M_LAT = 1 / 111_195.08
M_LON = M_LAT / np.cos(np.radians(LAT))
EDIT = {"version": 1, "timestamp": "2026-05-06T00:00:00Z"}
WORLD = (-180.0, -90.0, 180.0, 90.0)


def at(x, y):
    """Turn metres east and north of the town's corner into lon, lat."""
    return LON + x * M_LON, LAT + y * M_LAT


class Town:
    """A map being drawn, in metres, and written as an extract."""

    def __init__(self):
        self.nodes, self.ways = [], []

    def node(self, x, y, **tags):
        more = {"location": at(x, y), "tags": tags}
        self.nodes.append(Node(id=len(self.nodes) + 1, **EDIT, **more))
        return len(self.nodes)

    def way(self, nodes, **tags):
        self.ways.append(Way(id=len(self.ways) + 1, **EDIT, nodes=nodes, tags=tags))

    def square(self, x, y, side, **tags):
        corners = [(0, 0), (side, 0), (side, side), (0, side)]
        ring = [self.node(x + dx, y + dy) for dx, dy in corners]
        self.way([*ring, ring[0]], **tags)

    def write(self, path):
        with osmium.SimpleWriter(path) as writer:
            for thing in (*self.nodes, *self.ways):
                writer.add(thing)
        return path


def a_town():
    """Draw ten by six streets 100 m apart, homes in the west, shops, land and rails."""
    town = Town()
    grid = {(i, j): town.node(100 * i, 100 * j) for i, j in product(range(11), range(7))}
    for j in range(7):
        town.way([grid[i, j] for i in range(11)], highway="residential")
    for i in range(11):
        kind = "tertiary" if i == 5 else "residential"
        town.way([grid[i, j] for j in range(7)], highway=kind, maxspeed="20")
    for i, j in product(range(5), range(6)):
        tags = {"building:levels": "9"} if (i, j) == (0, 0) else {}
        town.square(100 * i + 40, 100 * j + 40, 20, building="apartments", **tags)
    town.square(30, 30, 5, building="garage")
    for k, (i, j) in enumerate(product((0, 2, 4), (1, 3, 5))):
        town.node(100 * i + 10, 100 * j + 10, shop="kiosk", name=f"Kiosk {k}")
    town.node(260, 110, amenity="recycling")
    town.node(110, 260, shop="vacant")
    town.node(5000, 5000, shop="convenience", name="too far")
    town.square(1050, 100, 80, landuse="industrial", name="Old mill")
    town.square(1050, 250, 30, landuse="industrial", name="too small")
    town.square(1050, 520, 60, landuse="commercial")
    rails = [town.node(-50, 0), town.node(-50, 300), town.node(-50, 600)]
    town.way(rails, railway="rail", service="yard")
    return town


def oblong(name, west, south, east, north, **more):
    """Make a GeoJSON feature of an oblong given in metres."""
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    ring = [list(at(x, y)) for x, y in corners]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": {"name": name} | more, "geometry": geometry}


def districts_of_town():
    """Cut the town into a western and an eastern district."""
    west = oblong("West", -60, -60, 499, 660, **{"name:ru": "Западный район"})
    east = oblong("Shyghys", 499, -60, 1060, 660, **{"name:ru": "Шығыс ауданы"})
    return {"type": "FeatureCollection", "features": [west, east]}


@pytest.fixture
def town(tmp_path):
    """Write the town's three files."""
    extract = a_town().write(tmp_path / "town.osm.pbf")
    districts = tmp_path / "districts.geojson"
    districts.write_text(json.dumps(districts_of_town()), encoding="utf-8")
    residents = tmp_path / "residents.csv"
    residents.write_text("district,residents\nзападный,2001\nШЫҒЫС,1000\n", encoding="utf-8")
    return extract, districts, residents


def a_template() -> City:
    """Make a city of one block in the town's middle, with every kind of site."""
    paper = Material(id="paper", kind=MaterialKind.FRACTION, fraction="paper")
    glass = Material(id="glass", kind=MaterialKind.FRACTION, fraction="glass")
    bale = Material(id="paper.bale", kind=MaterialKind.GRADE, fraction="paper")
    residue = Material(id="residue", kind=MaterialKind.RESIDUE)
    lon, lat = at(500, 300)
    places = Places(
        id=("b",),
        lon=[lon],
        lat=[lat],
        residents=[1000],
        fractions=("paper", "glass"),
        waste_kg_per_day=[[80.0, 60.0]],
        district=("",),
    )
    kinds = (SiteKind.POINT, SiteKind.POINT, SiteKind.STATION, SiteKind.PLANT, SiteKind.LANDFILL)
    status = [SiteStatus.CANDIDATE] * 3 + [SiteStatus.EXISTING] * 2
    sites = Sites(
        id=("p1", "p2", "s1", "mill", "pit"),
        name=("", "", "", "Paper mill", "Pit"),
        kind=kinds,
        status=tuple(status),
        lon=[lon] * 5,
        lat=[lat, lat, lat, lat, at(0, 9000)[1]],
        capex_minor=[100, 300, 5000, 0, 0],
        fixed_minor_per_year=[10, 30, 500, 0, 0],
        capacity_kg_per_year=[inf] * 5,
        stock_kg=[0] * 5,
        holds=("",) * 5,
        takes=(("paper", "glass"), ("paper", "glass"), (), (), ()),
        jobs=[1, 1, 5, 0, 0],
    )
    sort = Process(
        id="sort",
        at=SiteKind.STATION,
        recipe_ppm={"paper": {"paper.bale": 900_000, "residue": 100_000}},
        steps=(Step(capacity_kg_per_year=1e6, capex_minor=1000, fixed_minor_per_year=10),),
    )
    counters = tuple(
        Counter(
            fraction=fraction,
            buyback_minor_per_kg=1,
            handling_minor_per_kg=1,
            support_minor_per_kg=0,
            capture_low=0.2,
            capture_high=0.6,
            reference_minor_per_kg=5,
        )
        for fraction in places.fractions
    )
    programme = Programme(
        name="template",
        currency="KZT",
        first_year=2026,
        years=2,
        discount_share=0.08,
        growth_share=0.0,
        stations=1,
        exactly=True,
        objective=Objective.VALUE,
        target_share=0.0,
        funds=(Fund(source="city", covers=Cover.ANYTHING, amount_minor=(10**9, 0)),),
        keeper_minor_per_year=0,
        subsidy_minor_per_year=0,
        gate_minor_per_kg={"paper": 10},
        walk=Walk(limit_m=400),
        factor_set="a",
    )
    return City(
        name="template",
        date="2026-01-01",
        programme=programme,
        materials=(paper, glass, bale, residue),
        processes=(sort,),
        places=places,
        sites=sites,
        counters=counters,
        offers=(Offer(site="mill", material="paper.bale", price_minor_per_kg=20),),
        hauls=tuple(
            Haul(id=f"lorry-{k}", origin=k, cost_minor_per_kg_km=0.1)
            for k in (SiteKind.POINT, SiteKind.STATION)
        ),
        factors=(Factor(set="a", material="paper", avoided_kg_per_kg=1),),
    )


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


def test_street_corners_stand_in_where_no_business_is_mapped(town):
    city = made(town, points=4)["blend"]
    corner = [k for k in city.sites.rows(SiteKind.POINT) if city.sites.name[k] == "street corner"]
    corners = len(corner)
    assert 1 <= corners <= 2  # half at most, while there are businesses
    kiosks_m = straight_m(
        city.sites.lon[corner][:, None], city.sites.lat[corner][:, None], *at(410, 310)
    )
    assert np.all(kiosks_m > 500)
    notes = {a.name: a for a in city.assumptions}
    assert notes["candidate points at street corners"].value == str(corners)


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


def test_missing_files_are_all_told_at_once(tmp_path):
    paths = [tmp_path / name for name in ("a.osm.pbf", "b.geojson", "c.csv")]
    with pytest.raises(InputError) as refused:
        from_osm(*paths, template=a_template())
    assert [issue.where for issue in refused.value.issues] == ["a.osm.pbf", "b.geojson", "c.csv"]


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
    assert "newest edit 2012-03-13" in notes["roads"]


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
