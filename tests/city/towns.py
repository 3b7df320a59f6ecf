"""A small town's map, drawn in metres, and a template of every other table."""

from itertools import product
from math import inf

import numpy as np
import osmium
from osmium.osm.mutable import Node, Way

from ainalym.model.city import City
from ainalym.model.market import Counter, Factor, Haul, Offer
from ainalym.model.material import Material, MaterialKind
from ainalym.model.place import Places, SiteKind, Sites, SiteStatus
from ainalym.model.process import Process, Step
from ainalym.model.programme import Cover, Fund, Objective, Programme, Walk

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
        self.nodes, self.ways, self.relations = [], [], []

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

    def write(self, path, written=None):
        with osmium.SimpleWriter(path) as writer:
            for thing in (*self.nodes, *self.ways, *self.relations):
                writer.add(thing)
        return written or path


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
