"""Map layers of a plan as GeoJSON (RFC 7946: longitude first, WGS 84), and for the page's map."""

import json
from collections import defaultdict

import numpy as np

from ainalym.model.city import City
from ainalym.model.place import SiteKind
from ainalym.model.plan import NEVER, Outcome, Plan
from ainalym.report.colours import group_of, of_group
from ainalym.report.figures import residents_served
from ainalym.report.network import lines_t
from ainalym.report.words import material_name, process_name, site_name, year_names
from ainalym.units import KG_PER_T, MINOR_PER_MAJOR

DIGITS = 5
"""Decimals of a degree: a metre."""


NEAR_DEGREES = 0.06
"""Six kilometres: sites nearer than this are shown however small the city is."""


def layers(city: City, outcome: Outcome) -> dict[str, dict]:
    """Make every layer by name, each a FeatureCollection.

    Parameters
    ----------
    city, outcome
        The city and what was found; without a plan only what the city has is drawn.
    """
    plan = outcome.plan
    out = {"districts": districts(city), "blocks": _blocks(city, plan), "sites": _sites(city, plan)}
    if plan is not None:
        out |= {
            "points": _points(city, outcome, plan),
            "catchments": _catchments(city, plan),
            "flows": _flows(city, plan),
        }
    return out


def districts(city: City) -> dict:
    """Read the city's outline; only shapes and names of districts are kept."""
    try:
        told = json.loads(city.outline) if city.outline else {}
    except ValueError:
        told = {}
    features = told.get("features", []) if isinstance(told, dict) else []
    kept = []
    for feature in features:
        shape = feature.get("geometry") or {}
        if shape.get("type") in ("Polygon", "MultiPolygon"):
            name = str((feature.get("properties") or {}).get("name", ""))
            rings = _rounded(shape["coordinates"])
            shape = {"type": shape["type"], "coordinates": rings}
            kept.append({"type": "Feature", "properties": {"name": name}, "geometry": shape})
    return _collection(kept)


def _blocks(city: City, plan: Plan | None) -> dict:
    places, features = city.places, []
    for i, name in enumerate(places.id):
        told: dict[str, object] = {"id": name, "district": places.district[i]}
        told["residents"] = float(places.residents[i])
        for f, fraction in enumerate(places.fractions):
            told[f"{fraction}_kg_per_day"] = float(places.waste_kg_per_day[i, f])
        if plan is not None:
            point = int(plan.brings_to[-1, i])
            told["brings_to"] = None if point == NEVER else city.sites.id[point]
        features.append(_feature(_point(places.lon[i], places.lat[i]), told))
    return _collection(features)


def _sites(city: City, plan: Plan | None) -> dict:
    sites, features = city.sites, []
    used = set() if plan is None else {*map(int, plan.flows.origin), *map(int, plan.flows.target)}
    for k, name in enumerate(sites.id):
        opened = None
        if plan is not None and plan.opened[k] != NEVER:
            opened = city.programme.first_year + int(plan.opened[k])
        told = {"id": name, "name": sites.name[k], "kind": str(sites.kind[k])}
        told |= {"status": str(sites.status[k]), "opens": opened, "used": k in used}
        features.append(_feature(_point(sites.lon[k], sites.lat[k]), told))
    return _collection(features)


def _points(city: City, outcome: Outcome, plan: Plan) -> dict:
    served, sites, features = residents_served(city, plan), city.sites, []
    for k in sites.rows(SiteKind.POINT):
        if plan.opened[k] == NEVER:
            continue
        told: dict[str, object] = {"id": sites.id[k], "name": site_name(city, k)}
        told["opens"] = city.programme.first_year + int(plan.opened[k])
        told["residents"] = float(served[-1, k])
        told["captured_t"] = _t(plan.captured_kg[-1, k].sum())
        for f, fraction in enumerate(city.fractions):
            told[f"{fraction}_t"] = _t(plan.captured_kg[-1, k, f])
        if outcome.tally is not None:
            told["margin"] = _major(outcome.tally.keeper_minor[-1, k])
        told["subsidy"] = _major(plan.subsidy_minor[-1, k])
        features.append(_feature(_point(sites.lon[k], sites.lat[k]), told))
    return _collection(features)


def _catchments(city: City, plan: Plan) -> dict:
    """One line from each block to the point it brings to in the last year."""
    places, sites, features = city.places, city.sites, []
    for i, point in enumerate(plan.brings_to[-1]):
        if point != NEVER:
            ends = [
                _place(places.lon[i], places.lat[i]),
                _place(sites.lon[point], sites.lat[point]),
            ]
            told = {"block": places.id[i], "point": sites.id[point]}
            told["residents"] = float(places.residents[i])
            features.append(_feature({"type": "LineString", "coordinates": ends}, told))
    return _collection(features)


def _flows(city: City, plan: Plan) -> dict:
    """One line for each origin, target and material; tonnes by year."""
    table, sites = plan.flows, city.sites
    mass: dict[tuple[int, int, int], np.ndarray] = defaultdict(
        lambda: np.zeros(city.programme.years)
    )
    for t, i, j, m, mass_kg in zip(
        table.year, table.origin, table.target, table.material, table.mass_kg, strict=True
    ):
        mass[int(i), int(j), int(m)][t] += mass_kg
    features = []
    for (i, j, m), by_year in sorted(mass.items()):
        ends = [_place(sites.lon[i], sites.lat[i]), _place(sites.lon[j], sites.lat[j])]
        told: dict[str, object] = {"from": sites.id[i], "to": sites.id[j]}
        told |= {"material": city.materials[m].id, "fraction": city.materials[m].fraction}
        told |= {f"t_{y}": _t(v) for y, v in zip(year_names(city), by_year, strict=True)}
        features.append(_feature({"type": "LineString", "coordinates": ends}, told))
    return _collection(features)


def page_data(city: City, outcome: Outcome) -> dict:
    """Gather what the page's map draws, in columns, so that a large city stays a small file."""
    plan, places = outcome.plan, city.places
    groups = group_names(city)
    return {
        "years": year_names(city),
        "currency": city.programme.currency,
        "groups": [{"id": g, "name": n, "colour": of_group(city, g)} for g, n in groups],
        "districts": districts(city),
        "box": _box(city, plan),
        "blocks": {
            "id": list(places.id),
            "lon": _degrees(places.lon),
            "lat": _degrees(places.lat),
            "residents": [round(float(r)) for r in places.residents],
            "to": [] if plan is None else [[int(j) for j in row] for row in plan.brings_to],
        },
        "sites": [_site_data(city, plan, k) for k in range(len(city.sites))],
        "points": {} if plan is None else _point_data(city, outcome, plan),
        "lines": [] if plan is None else _line_data(city, plan),
        "flows": {} if plan is None else _flow_data(city, plan, [g for g, _ in groups]),
    }


def group_names(city: City) -> list[tuple[str, str]]:
    """List what flows are told apart by, and what each is called: fractions, residue, stock."""
    named = [(fraction, material_name(city, fraction)) for fraction in city.fractions]
    return [*named, ("rest", "residue"), ("stock", "stock and fuel")]


def _site_data(city: City, plan: Plan | None, k: int) -> list:
    opened = NEVER if plan is None else int(plan.opened[k])
    where = _place(city.sites.lon[k], city.sites.lat[k])
    sites = city.sites
    kind, status = str(sites.kind[k]), str(sites.status[k])
    return [sites.id[k], site_name(city, k), kind, status, *where, opened]


def _point_data(city: City, outcome: Outcome, plan: Plan) -> dict:
    out = {}
    tally = outcome.tally
    for k in city.sites.rows(SiteKind.POINT):
        if plan.opened[k] != NEVER:
            margin = [] if tally is None else [_major(v) for v in tally.keeper_minor[:, k]]
            out[str(int(k))] = {
                "t": [
                    [round(float(v) / KG_PER_T, 1) for v in row] for row in plan.captured_kg[:, k]
                ],
                "margin": margin,
                "subsidy": [_major(v) for v in plan.subsidy_minor[:, k]],
            }
    return out


def _line_data(city: City, plan: Plan) -> list:
    return [
        [int(site), process_name(city, process), *([round(float(v)) for v in c] for c in pair)]
        for (site, process), pair in lines_t(city, plan).items()
    ]


def _flow_data(city: City, plan: Plan, groups: list[str]) -> dict:
    table = plan.flows
    group = np.array([groups.index(group_of(city, m)) for m in range(len(city.materials))], int)
    keys = np.stack([table.year, table.origin, table.target, group[table.material]])
    if not len(table):
        return {name: [] for name in ("year", "from", "to", "group", "t")}
    unique, inverse = np.unique(keys, axis=1, return_inverse=True)
    mass = np.zeros(unique.shape[1])
    np.add.at(mass, inverse.ravel(), table.mass_kg)
    out = {n: row.tolist() for n, row in zip(("year", "from", "to", "group"), unique, strict=True)}
    return out | {"t": [round(float(v) / KG_PER_T, 2) for v in mass]}


def _box(city: City, plan: Plan | None) -> list[float]:
    """West, south, east and north of what the map shows first: blocks, and sites near them."""
    lon, lat = near_sites(city, plan)
    lon, lat = np.concatenate([city.places.lon, lon]), np.concatenate([city.places.lat, lat])
    return _degrees([lon.min(), lat.min(), lon.max(), lat.max()])


def near_sites(city: City, plan: Plan | None) -> tuple[np.ndarray, np.ndarray]:
    """Give lon and lat of the used sites that lie about half a city from its blocks, or nearer."""
    places, sites = city.places, city.sites
    used = np.full(len(sites), plan is None)
    if plan is not None:
        used |= np.array(plan.opened) != NEVER
        used[sites.rows(SiteKind.PLANT)] = False
        used[sites.rows(SiteKind.LANDFILL)] = False
        used[plan.flows.target] = True
    inside = np.ones(len(sites), bool)
    stretch = float(np.cos(np.radians(places.lat.mean())))
    reach = max(0.55 * max(np.ptp(places.lon) * stretch, np.ptp(places.lat)), NEAR_DEGREES)
    for column, among, far in (
        (sites.lon, places.lon, reach / max(stretch, 0.1)),
        (sites.lat, places.lat, reach),
    ):
        inside &= (column > among.min() - far) & (column < among.max() + far)
    return sites.lon[used & inside], sites.lat[used & inside]


def _collection(features: list[dict]) -> dict:
    return {"type": "FeatureCollection", "features": features}


def _feature(geometry: dict, properties: dict) -> dict:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _point(lon: float, lat: float) -> dict:
    return {"type": "Point", "coordinates": _place(lon, lat)}


def _place(lon: float, lat: float) -> list[float]:
    return _degrees([lon, lat])


def _degrees(values: object) -> list[float]:
    return [round(float(v), DIGITS) for v in values]  # type: ignore[attr-defined]


def _rounded(rings: object) -> object:
    if isinstance(rings, list):
        return [_rounded(ring) for ring in rings]
    return round(float(rings), DIGITS)  # type: ignore[arg-type]


def _t(mass_kg: float) -> float:
    return round(float(mass_kg) / KG_PER_T, 3)


def _major(amount_minor: float) -> float | None:
    amount = float(amount_minor)
    return round(amount / MINOR_PER_MAJOR) if np.isfinite(amount) else None
