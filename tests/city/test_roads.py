"""Ways measured against graphs small enough to walk by hand, and against a plain Dijkstra."""

import heapq
from math import inf

import numpy as np
import pytest

from ainalym.city.roads import REACH_M, flat_m, measure, sites_without_road, straight_m
from ainalym.model.city import City
from ainalym.model.place import Places, SiteKind, Sites, SiteStatus
from ainalym.model.programme import Objective, Programme, Walk
from ainalym.model.travel import Roads

METRE = 1 / 111_195.08  # degrees of latitude, and of longitude at the equator


def a_city(homes, stands, roads=None, limit_m=1000.0, detour=1.3) -> City:
    """Make a city of homes (x, y) and sites (kind, x, y), in metres from where 0 E meets 0 N."""
    homes = np.reshape(np.array(homes, float), (-1, 2))
    n, m = len(homes), len(stands)
    kinds = tuple(SiteKind(kind) for kind, _, _ in stands)
    places = Places(
        id=tuple(f"b{k}" for k in range(n)),
        lon=homes[:, 0] * METRE,
        lat=homes[:, 1] * METRE,
        residents=np.ones(n),
        fractions=("paper",),
        waste_kg_per_day=np.ones((n, 1)),
        district=("",) * n,
    )
    sites = Sites(
        id=tuple(f"s{k}" for k in range(m)),
        name=("",) * m,
        kind=kinds,
        status=(SiteStatus.CANDIDATE,) * m,
        lon=[x * METRE for _, x, _ in stands],
        lat=[y * METRE for _, _, y in stands],
        capex_minor=[0] * m,
        fixed_minor_per_year=[0] * m,
        capacity_kg_per_year=[inf] * m,
        stock_kg=[0] * m,
        holds=tuple("dust" if k is SiteKind.STOCKPILE else "" for k in kinds),
        takes=tuple(("paper",) if k is SiteKind.POINT else () for k in kinds),
        jobs=[0] * m,
    )
    programme = Programme(
        name="",
        currency="KZT",
        first_year=2026,
        years=1,
        discount_share=0,
        growth_share=0,
        stations=1,
        exactly=True,
        objective=Objective.VALUE,
        target_share=0,
        funds=(),
        keeper_minor_per_year=0,
        subsidy_minor_per_year=0,
        gate_minor_per_kg={},
        walk=Walk(limit_m=limit_m),
        factor_set="a",
    )
    return City(
        name="small",
        date="2026-01-01",
        programme=programme,
        materials=(),
        processes=(),
        places=places,
        sites=sites,
        counters=(),
        offers=(),
        hauls=(),
        factors=(),
        detour_share=detour,
        speed_m_per_s=10.0,
        roads=roads,
    )


def a_graph(nodes, arcs) -> Roads:
    """Make roads of nodes (x, y) in metres and arcs (tail, head, metres, seconds, walkable)."""
    nodes = np.array(nodes, float)
    tail, head, length_m, travel_s, walkable = zip(*arcs, strict=True)
    return Roads(
        lon=nodes[:, 0] * METRE,
        lat=nodes[:, 1] * METRE,
        tail=tail,
        head=head,
        length_m=length_m,
        travel_s=travel_s,
        walkable=walkable,
    )


def both(a, b, metres, seconds, walkable=True):
    """Make the two arcs of a street."""
    return [(a, b, metres, seconds, walkable), (b, a, metres, seconds, walkable)]


def pairs(travel):
    """Give walking pairs as {(place, site): metres}."""
    columns = (travel.walk_place, travel.walk_site, travel.walk_m)
    return {(int(i), int(j)): d for i, j, d in zip(*columns, strict=True)}


def plain_dijkstra(count, arcs, source):
    """Walk from one node to all the plain way: {node: (cost, metres on that way)}."""
    out = {k: [] for k in range(count)}
    for a, b, metres, cost in arcs:
        out[a].append((b, metres, cost))
    best, queue = {}, [(0.0, 0.0, source)]
    while queue:
        cost, metres, node = heapq.heappop(queue)
        if node in best:
            continue
        best[node] = (cost, metres)
        for b, more, dear in out[node]:
            heapq.heappush(queue, (cost + dear, metres + more, b))
    return best


def test_straight_way_of_a_degree_and_of_a_quarter_of_the_earth():
    assert straight_m(0, 0, 0, 1) == pytest.approx(111_195.08, abs=0.01)
    assert straight_m(0, 0, 90, 0) == pytest.approx(np.pi / 2 * 6_371_008.8)
    assert straight_m(76.9, 43.2, 76.9, 43.2) == 0


def test_flat_plane_agrees_with_the_ground_within_a_city():
    lon, lat = 76.9 + np.array([0, 0.1]), 43.25 + np.array([0, 0.05])
    flat = flat_m(lon, lat, 43.25)
    truth = straight_m(lon[0], lat[0], lon[1], lat[1])
    assert np.hypot(*(flat[1] - flat[0])) == pytest.approx(truth, rel=0.01)


def test_without_roads_ways_are_straight_times_the_detour():
    homes = [(0, 0), (0, 300), (0, 5000)]
    city = a_city(homes, [("point", 0, 100), ("point", 0, 700), ("station", 300, 400)])
    travel = measure(city)
    found = pairs(travel)
    assert set(found) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert found[0, 0] == pytest.approx(130)
    assert found[1, 1] == pytest.approx(520)
    assert list(travel.walk_site) == [0, 1, 0, 1]  # nearest first
    assert travel.haul_m[0, 2] == pytest.approx(1.3 * np.hypot(300, 300), rel=1e-5)
    assert travel.haul_s[0, 2] == pytest.approx(travel.haul_m[0, 2] / 10)
    assert np.array_equal(travel.haul_m, travel.haul_m.T)
    assert travel.how == "straight line times 1.3"


def test_nobody_walks_beyond_the_limit():
    city = a_city([(0, 0)], [("point", 0, 499.9), ("point", 0, 500.1)], detour=2.0)
    assert set(pairs(measure(city))) == {(0, 0)}


def test_lorry_takes_the_quick_way_not_the_short_one():
    """A detour of 900 m at 60 s beats the 400 m street at 100 s; of twin arcs the quick counts."""
    arcs = [(0, 1, 400, 100, True), (0, 2, 500, 30, True), (2, 1, 400, 30, True)]
    arcs += [(0, 1, 380, 120, True), (1, 0, 400, 100, True)]
    roads = a_graph([(0, 0), (400, 0), (200, 300)], arcs)
    city = a_city([(0, 0)], [("point", 0, 0), ("station", 400, 0), ("plant", 200, 300)], roads)
    travel = measure(city)
    assert travel.haul_s[0, 1] == pytest.approx(60, abs=1e-3)
    assert travel.haul_m[0, 1] == pytest.approx(900, abs=1e-2)
    assert travel.haul_m[1, 0] == pytest.approx(400, abs=1e-2)
    assert travel.haul_m[2, 0] == pytest.approx(800, abs=1e-2)
    assert pairs(travel)[0, 0] == pytest.approx(0, abs=1e-3)


def test_of_twin_roads_the_quick_one_counts_whichever_is_shorter():
    arcs = [(0, 1, 300, 90, True), (0, 1, 500, 50, True), (0, 1, 400, 95, True)]
    roads = a_graph([(0, 0), (200, 0)], [*arcs, (1, 0, 600, 60, True)])
    travel = measure(a_city([(0, 0)], [("station", 0, 0), ("point", 200, 0)], roads))
    assert travel.haul_s[0, 1] == pytest.approx(50, abs=1e-3)
    assert travel.haul_m[0, 1] == pytest.approx(500, abs=1e-2)
    assert pairs(travel)[0, 1] == pytest.approx(300, abs=1e-2)


def test_points_are_listed_nearest_first():
    city = a_city([(0, 0)], [("point", 600, 0), ("point", 0, 50), ("point", 300, 0)])
    assert list(measure(city).walk_site) == [1, 2, 0]


def test_people_walk_one_way_streets_both_ways_but_never_a_motorway():
    ring = [(0, 1, 300, 30, True), (1, 2, 300, 30, True), (2, 0, 100, 10, False)]
    roads = a_graph([(0, 0), (300, 0), (0, 100)], ring)
    travel = measure(a_city([(300, 0)], [("point", 0, 0), ("point", 0, 100)], roads))
    assert pairs(travel) == pytest.approx({(0, 0): 300, (0, 1): 300}, abs=1e-2)


def test_way_to_the_road_is_added():
    roads = a_graph([(0, 0), (400, 0)], both(0, 1, 400, 40))
    city = a_city([(0, 60)], [("point", 400, -30), ("station", 0, -20)], roads)
    travel = measure(city)
    assert pairs(travel)[0, 0] == pytest.approx(60 + 400 + 30, abs=1e-2)
    assert travel.haul_m[0, 1] == pytest.approx(450, abs=1e-2)
    assert travel.haul_s[0, 1] == pytest.approx(40 + 50 / 10, abs=1e-3)


def test_part_of_the_roads_nobody_can_leave_is_not_joined():
    """The near pair of nodes is cut off and smaller, so all join the three others."""
    arcs = both(0, 1, 300, 30) + both(1, 2, 300, 30) + both(3, 4, 10, 1)
    nodes = [(0, 0), (300, 0), (600, 0), (0, 90), (10, 90)]
    roads = a_graph(nodes, arcs)
    travel = measure(a_city([(0, 90)], [("point", 600, 0), ("station", 0, 100)], roads))
    assert pairs(travel)[0, 0] == pytest.approx(690, abs=1e-2)
    assert travel.haul_m[0, 1] == pytest.approx(700, abs=1e-2)


def test_what_is_off_the_roads_goes_straight_and_is_told():
    roads = a_graph([(0, 0), (900, 0)], both(0, 1, 900, 90))
    stands = [("point", 0, 0), ("point", 0, 812), ("station", 900, 0), ("plant", 0, 9000)]
    stands.append(("station", 900, 501))
    city = a_city([(0, 10), (0, 700)], stands, roads)
    faults = [str(issue) for issue in sites_without_road(city)]
    assert faults == [
        "sites/s1: point 's1' is 812 m from the nearest road "
        "(move it within 500 m or add the road)",
        "sites/s4: station 's4' is 501 m from the nearest road "
        "(move it within 500 m or add the road)",
    ]
    travel = measure(city)
    found = pairs(travel)
    assert found[0, 0] == pytest.approx(10, abs=0.01)
    assert found[1, 1] == pytest.approx(1.3 * 112, abs=0.1)
    assert found[1, 0] == pytest.approx(1.3 * 700, abs=0.1)
    assert travel.haul_m[2, 3] == pytest.approx(1.3 * np.hypot(900, 9000), rel=1e-4)
    assert travel.haul_s[2, 3] == pytest.approx(travel.haul_m[2, 3] / 10)
    assert travel.how.endswith("3 sites off the roads by straight line times 1.3")


def test_city_without_roads_has_no_faults_of_roads():
    assert not list(sites_without_road(a_city([(0, 0)], [("station", 0, 9e4)])))


@pytest.mark.parametrize("seed", range(4))
def test_random_graphs_agree_with_a_plain_dijkstra(seed):
    """A grid with missing and one-way streets, so that parts are cut off."""
    chance = np.random.default_rng(seed)
    side, step = 9, 120.0
    nodes = [(x * step, y * step) for x in range(side) for y in range(side)]
    arcs = []
    for k in range(side * side):
        for j in ((k + 1) if (k + 1) % side else None, k + side if k + side < side**2 else None):
            if j is None or chance.random() < 0.2:
                continue
            length = step * (1 + chance.random())
            ways = [(k, j), (j, k)] if chance.random() < 0.7 else [(k, j)]
            foot = bool(chance.random() < 0.9)
            arcs += [(a, b, length, length / chance.uniform(3, 20), foot) for a, b in ways]
    roads = a_graph(nodes, arcs)
    spot = chance.uniform(-50, side * step, size=(60, 2))
    stands = [("point", *xy) for xy in spot[:20]]
    stands += [("station", *xy) for xy in spot[20:24]] + [("plant", *xy) for xy in spot[24:26]]
    homes = spot[26:]
    city = a_city(homes, stands, roads)
    travel = measure(city)

    def joined(arcs_of):
        reach = [set(plain_dijkstra(len(nodes), arcs_of, k)) for k in range(len(nodes))]
        parts = [{j for j in reach[k] if k in reach[j]} for k in range(len(nodes))]
        return max(parts, key=len)

    def snapped(xy, part):
        node = min(part, key=lambda k: np.hypot(*(np.array(nodes[k]) - xy)))
        return node, np.hypot(*(np.array(nodes[node]) - xy))

    foot = [(a, b, m, m) for a, b, m, _, ok in arcs if ok]
    foot += [(b, a, m, m) for a, b, m, _ in foot]
    part = joined(foot)
    expected = {}
    for i, home in enumerate(homes):
        node, gap = snapped(home, part)
        best = plain_dijkstra(len(nodes), foot, node)
        for j in range(20):
            gate, rest = snapped(spot[j], part)
            if max(gap, rest) <= REACH_M and (way := gap + best[gate][1] + rest) <= 1000:
                expected[i, j] = way
    assert expected
    assert pairs(travel) == pytest.approx(expected, rel=1e-4)

    wheels = [(a, b, m, s) for a, b, m, s, _ in arcs]
    part = joined(wheels)
    ends = [snapped(np.array(xy), part) for _, *xy in stands]
    assert all(gap <= REACH_M for _, gap in ends)
    for a in range(26):
        best = plain_dijkstra(len(nodes), wheels, ends[a][0])
        for b in range(26):
            if a == b:
                assert travel.haul_m[a, b] == travel.haul_s[a, b] == 0
            elif max(a, b) < 20:
                assert travel.haul_m[a, b] == inf
            else:
                time_s, way_m = best[ends[b][0]]
                gap = ends[a][1] + ends[b][1]
                assert travel.haul_s[a, b] == pytest.approx(time_s + gap / 10, rel=1e-4)
                assert travel.haul_m[a, b] == pytest.approx(way_m + gap, rel=1e-4)


def test_two_way_streets_give_the_same_way_there_and_back():
    chance = np.random.default_rng(7)
    nodes = chance.uniform(0, 800, size=(40, 2))
    arcs = []
    for k in range(40):
        for j in chance.choice(40, 3, replace=False):
            if j != k:
                length = float(np.hypot(*(nodes[k] - nodes[j]))) + 1
                arcs += both(k, int(j), length, length / chance.uniform(5, 15))
    stands = [("station", *xy) for xy in chance.uniform(0, 800, size=(6, 2))]
    travel = measure(a_city([(0, 0)], [*stands, ("point", 0, 0)], a_graph(nodes, arcs)))
    assert travel.haul_s == pytest.approx(travel.haul_s.T)
    assert travel.haul_m == pytest.approx(travel.haul_m.T)


def test_progress_ends_at_one():
    told = []
    roads = a_graph([(0, 0), (900, 0)], both(0, 1, 900, 90))
    city = a_city([(0, 0)], [("point", 0, 0), ("station", 900, 0)], roads)
    measure(city, progress=lambda said, share: told.append((said, share)))
    assert told[0] == ("walking to the points", 1.0)
    assert told[-1] == ("driving to the sites", 1.0)


def test_ten_thousand_places_and_a_thousand_points_fit():
    chance = np.random.default_rng(0)
    homes = chance.uniform(0, 20_000, size=(10_000, 2))
    stands = [("point", *xy) for xy in chance.uniform(0, 20_000, size=(1000, 2))]
    stands.append(("station", 0, 0))
    travel = measure(a_city(homes, stands))
    expected = 10_000 * 1000 * np.pi * (1000 / 1.3) ** 2 / 20_000**2
    assert 0.93 * expected < len(travel.walk_m) < expected  # the town's edge takes some
    assert np.all(np.diff(travel.walk_start) >= 0)
    assert travel.walk_m.max() <= 1000
