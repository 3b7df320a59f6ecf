"""Tables of the network: stations and their lines, flows, what plants buy, what is built."""

from collections import defaultdict

import numpy as np

from ainalym.model.city import City
from ainalym.model.material import MaterialKind
from ainalym.model.place import SiteKind, SiteStatus
from ainalym.model.plan import NEVER, Plan
from ainalym.model.travel import Travel
from ainalym.report.table import SHARE, YEAR, Column, Table
from ainalym.report.words import (
    horizon,
    material_name,
    process_name,
    site_name,
    year_names,
)
from ainalym.units import KG_PER_T, M_PER_KM, MINOR_PER_MAJOR


def lines_t(city: City, plan: Plan) -> dict[tuple[int, str], tuple[np.ndarray, np.ndarray]]:
    """Tell what each line could and did take in: by site row and process, tonnes by year each."""
    years = city.programme.years
    room: dict[tuple[int, str], np.ndarray] = defaultdict(lambda: np.zeros(years))
    used: dict[tuple[int, str], np.ndarray] = defaultdict(lambda: np.zeros(years))
    for one in plan.installed:
        key = city.sites.row[one.site], one.process
        step = city.process[one.process].steps[one.step]
        room[key][one.year :] += step.capacity_kg_per_year / KG_PER_T
    worked = plan.worked
    for t, site, process, mass_kg in zip(
        worked.year, worked.site, worked.process, worked.mass_kg, strict=True
    ):
        key = int(site), city.processes[process].id
        if key in room:
            used[key][t] += mass_kg / KG_PER_T
    return {key: (room[key], used[key]) for key in sorted(room)}


def stations(city: City, plan: Plan) -> Table:
    """Tabulate the open stations: when they open, what arrives, what they can work."""
    flows, last = plan.flows, city.programme.years - 1
    lines = lines_t(city, plan)
    rows = []
    for k in city.sites.rows(SiteKind.STATION):
        if plan.opened[k] == NEVER:
            continue
        arrived = float(flows.mass_kg[(flows.target == k) & (flows.year == last)].sum())
        mine = [(room, used) for (site, _), (room, used) in lines.items() if site == k]
        room_t = sum(float(room[last]) for room, _ in mine)
        used_t = sum(float(used[last]) for _, used in mine)
        year = city.programme.first_year + int(plan.opened[k])
        place = (float(city.sites.lon[k]), float(city.sites.lat[k]))
        row = (site_name(city, k), city.sites.id[k], *place, year, str(city.sites.status[k]))
        share = used_t / room_t if room_t else None
        rows.append((*row, arrived / KG_PER_T, room_t, share))
    name = year_names(city)[-1]
    columns = (
        Column("station", "station"),
        Column("id", "id"),
        Column("lon", "lon", "°", 4, on_page=False),
        Column("lat", "lat", "°", 4, on_page=False),
        Column("opened", "opens", "", YEAR),
        Column("status", "status", on_page=False),
        Column("arrived_t", "takes in", f"t in {name}", 0),
        Column("capacity_t", "can work", f"t in {name}", 0),
        Column("used_share", "used", f"in {name}", SHARE),
    )
    return Table("stations", "Stations opened", columns, tuple(rows))


def lines(city: City, plan: Plan) -> Table:
    """Tabulate how much of each line and press is used in each year."""
    rows = []
    for (site, process), (room, used) in lines_t(city, plan).items():
        shares = [float(u / r) if r > 0 else None for u, r in zip(used, room, strict=True)]
        row = (site_name(city, site), city.sites.id[site], process_name(city, process))
        rows.append((*row, float(room[-1]), float(used[-1]), *shares))
    name = year_names(city)[-1]
    columns = (
        Column("site", "site"),
        Column("id", "id", on_page=False),
        Column("line", "line"),
        Column("capacity_t", "can work", f"t in {name}", 0),
        Column("worked_t", "works", f"t in {name}", 0),
        *(Column(f"used_{y}_share", y, "used", SHARE) for y in year_names(city)),
    )
    return Table("lines", "Lines and presses, and how much of them is used", columns, tuple(rows))


def built(city: City, plan: Plan) -> Table:
    """Tabulate everything that is built: sites opened and steps bought, with what they cost."""
    sites, programme = city.sites, city.programme
    rows = []
    for k in np.flatnonzero(plan.opened != NEVER):
        if sites.kind[k] in (SiteKind.POINT, SiteKind.STATION):
            old = sites.status[k] is SiteStatus.EXISTING
            capex = 0.0 if old else float(sites.capex_minor[k]) / MINOR_PER_MAJOR
            year = programme.first_year + int(plan.opened[k])
            what = f"{sites.kind[k]}, existing" if old else str(sites.kind[k])
            rows.append((year, what, site_name(city, k), sites.id[k], capex))
    for one in plan.installed:
        step = city.process[one.process].steps[one.step]
        what = f"{process_name(city, one.process)}, {step.capacity_kg_per_year / KG_PER_T:,.0f} t/y"
        name = site_name(city, sites.row[one.site])
        capex = float(step.capex_minor) / MINOR_PER_MAJOR
        rows.append((programme.first_year + one.year, what, name, one.site, capex))
    rows.sort(key=lambda row: (row[0], row[1], row[3]))
    columns = (
        Column("year", "year", "", YEAR),
        Column("what", "what"),
        Column("site", "site"),
        Column("id", "id"),
        Column(f"capex_{programme.currency.lower()}", "costs", programme.currency, 0),
    )
    return Table("built", "What is opened and bought", columns, tuple(rows))


def flows(city: City, travel: Travel, plan: Plan) -> Table:
    """Tabulate every flow: year, from, to, material, tonnes and kilometres."""
    table, sites = plan.flows, city.sites
    rows = []
    for t, i, j, m, mass_kg in zip(
        table.year, table.origin, table.target, table.material, table.mass_kg, strict=True
    ):
        year = year_names(city)[t]
        way_km = float(travel.haul_m[i, j]) / M_PER_KM
        row = (year, sites.id[i], sites.id[j], city.materials[m].id)
        rows.append((*row, float(mass_kg) / KG_PER_T, way_km))
    columns = (
        Column("year", "year", "", YEAR),
        Column("origin", "from"),
        Column("target", "to"),
        Column("material", "material"),
        Column("mass_t", "mass", "t", 1),
        Column("way_km", "way", "km", 1),
    )
    return Table("flows", "What flows where", columns, tuple(rows))


def sales(city: City, plan: Plan) -> Table:
    """Tabulate what each plant and landfill takes in a mean year, and what it pays."""
    table, years = plan.flows, city.programme.years
    is_outlet = np.array([k in (SiteKind.PLANT, SiteKind.LANDFILL) for k in city.sites.kind], bool)
    total: dict[tuple[int, int], float] = defaultdict(float)
    for j, m, mass_kg in zip(table.target, table.material, table.mass_kg, strict=True):
        if is_outlet[j]:
            total[int(j), int(m)] += float(mass_kg)
    offers = {(o.site, o.material): o for o in reversed(city.offers)}
    currency, rows = city.programme.currency, []
    for (j, m), mass_kg in sorted(total.items()):
        offer = offers.get((city.sites.id[j], city.materials[m].id))
        mean_t = mass_kg / KG_PER_T / years
        price = limit = None
        if offer is not None:
            price = offer.price_minor_per_kg * KG_PER_T / MINOR_PER_MAJOR
            if np.isfinite(offer.limit_kg_per_year) and offer.limit_kg_per_year > 0:
                limit = mean_t * KG_PER_T / offer.limit_kg_per_year
        pays = None if price is None else price * mean_t
        name = material_name(city, city.materials[m].id)
        is_fuel = city.materials[m].kind is MaterialKind.FUEL
        kind = "fuel, apart" if is_fuel else str(city.sites.kind[j])
        site = (site_name(city, j), city.sites.id[j], kind)
        rows.append((*site, name, mean_t, price, pays, limit))
    columns = (
        Column("buyer", "who"),
        Column("id", "id"),
        Column("kind", "kind"),
        Column("material", "takes"),
        Column("mass_t_per_year", "takes in", "t/y", 0),
        Column(f"price_{currency.lower()}_per_t", "pays", f"{currency}/t", 0),
        Column(f"pays_{currency.lower()}_per_year", "in all", f"{currency}/y", 0),
        Column("limit_share", "of its limit", "", SHARE),
    )
    caption = f"What plants buy and landfills take, mean of {horizon(city)}"
    return Table("sales", caption, columns, tuple(rows))
