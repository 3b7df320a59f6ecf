"""The sites of the Almaty examples: points, stations, plants, landfill, stockpile, and lines."""

from collections.abc import Sequence
from math import inf

from ainalym.city.shipped_people import Premise
from ainalym.city.shipped_terms import FRACTIONS, Terms, recipe
from ainalym.model.place import SiteKind, Sites, SiteStatus
from ainalym.model.process import LOSS, Process, Step
from ainalym.units import KG_PER_T, PPM

MONTHS = 12
KIOSK_TAKES = ("paper", "cardboard", "plastic")

RENTS = {"Almaly": "core", "Medeu": "core", "Bostandyk": "core", "Auezov": "middle"}
RENTS |= {"Zhetysu": "middle"}
"""Part of the city by its rents; all other districts are its edge."""

STATIONS = {
    "st-01": "Alatau industrial zone",
    "st-02": "Turksib, freight yards",
    "st-03": "Turksib, north-east",
    "st-04": "Turksib, avenue to the north",
    "st-05": "Zhetysu, northern ring",
    "st-06": "Zhetysu, warehouses by the railway",
    "st-07": "Zhetysu, northern edge",
    "st-08": "Alatau, wholesale quarter",
    "st-09": "Auezov, western works",
    "st-10": "Nauryzbay, western edge",
    "st-11": "Medeu, north-eastern edge",
    "st-12": "Alatau, northern edge",
}

PLANTS = {
    "paper-mill": "Paper and board mill",
    "tray-works": "Egg-tray works",
    "pet-flakes": "PET washing plant",
    "pet-second": "Plastics yard at Konaev",
    "film-pellets": "Film pelletiser",
    "mixed-pellets": "Mixed-plastics pelletiser at Konaev",
    "glass-works": "Container-glass works",
    "glass-filler": "Glass grinding plant at Konaev",
    "metal-yard": "Metal scrap yard",
    "fuel-market": "Coal yards of the city",
    "fuel-market-far": "Coal yards east of the city",
}

SIZES = ("manual", "semi", "optical")
PRESSES = ("small", "medium", "large")


def sites(terms: Terms, rooms: Sequence[Premise], districts: Sequence[str]) -> Sites:
    """List the sites of a city.

    Parameters
    ----------
    terms
        In the money of the example's year.
    rooms
        Premises for points.
    districts
        Stations in other districts than these are left out.
    """
    rows = [_point(terms, k, room) for k, room in enumerate(rooms, 1)]
    rows += [
        _station(terms, name, said)
        for name, said in STATIONS.items()
        if any(said.startswith(d) for d in districts)
    ]
    rows += [_bought(terms, name, said, SiteKind.PLANT) for name, said in PLANTS.items()]
    rows.append(_bought(terms, "landfill", "Landfill of Karasai district", SiteKind.LANDFILL))
    pile = _bought(terms, "coal-dust", "Coal dust at Almaty-1", SiteKind.STOCKPILE)
    rows.append(
        pile | {"stock_kg": terms.facts.number("coal_dust_stock") * KG_PER_T, "holds": "coal.dust"}
    )
    columns = {field: [row[field] for row in rows] for field in rows[0]}
    words = ("id", "name", "kind", "status", "holds", "takes")
    return Sites(**{f: tuple(c) if f in words else c for f, c in columns.items()})


def _row(name: str, said: str, kind: SiteKind, lon: float, lat: float) -> dict:
    return {
        "id": name,
        "name": said,
        "kind": kind,
        "status": SiteStatus.CANDIDATE,
        "lon": lon,
        "lat": lat,
        "capex_minor": 0,
        "fixed_minor_per_year": 0,
        "capacity_kg_per_year": inf,
        "stock_kg": 0.0,
        "holds": "",
        "takes": (),
        "jobs": 0.0,
    }


def _point(terms: Terms, number: int, room: Premise) -> dict:
    facts = terms.facts
    kiosks, yards = facts.number("kiosk_share"), facts.number("yard_share")
    kind = "kiosk" if room.draw < kiosks else "yard" if room.draw >= 1 - yards else "shop"
    rent = facts.number(f"rent_{RENTS.get(room.district, 'edge')}") * room.rent
    if kind == "yard":
        rent *= facts.number("yard_rent")
    fixed = rent * facts.number(f"{kind}_area") * MONTHS + facts.number("point_upkeep")
    said = f"{kind.capitalize()} {number}, {room.district}"
    return _row(f"pt-{number:03d}", said, SiteKind.POINT, room.lon, room.lat) | {
        "capex_minor": terms.minor(f"{kind}_capex"),
        "fixed_minor_per_year": terms.rent_minor_of(fixed),
        "capacity_kg_per_year": facts.number(f"{kind}_capacity") * KG_PER_T,
        "takes": KIOSK_TAKES if kind == "kiosk" else FRACTIONS,
        "jobs": facts.number(f"{kind}_jobs"),
    }


def _station(terms: Terms, name: str, said: str) -> dict:
    facts = terms.facts
    level = facts.number(f"level_{name}") if facts.has(f"level_{name}") else 1.0
    lon, lat = facts.numbers(f"position_{name}")
    return _row(name, said, SiteKind.STATION, lon, lat) | {
        "capex_minor": terms.minor_of(facts.number("station_capex") * level),
        "fixed_minor_per_year": terms.rent_minor_of(facts.number("station_fixed") * level),
        "jobs": facts.number("station_jobs"),
    }


def _bought(terms: Terms, name: str, said: str, kind: SiteKind) -> dict:
    lon, lat = terms.facts.numbers(f"position_{name}")
    return _row(name, said, kind, lon, lat) | {"status": SiteStatus.EXISTING}


def lines(terms: Terms) -> tuple[Process, ...]:
    """List primary sorting at the counter, the stations' lines, and the briquetting press."""
    facts = terms.facts
    emissions = facts.number("line_emissions") / KG_PER_T
    return (
        *_at_the_counter(terms),
        Process(
            id="fibre-line",
            at=SiteKind.STATION,
            name="Paper and cardboard line",
            recipe_ppm=_fibre(terms),
            steps=_steps(terms),
            cost_minor_per_kg=terms.per_kg(facts.number("line_cost_fibre")),
            emissions_kg_per_kg=emissions,
        ),
        Process(
            id="container-line",
            at=SiteKind.STATION,
            name="Plastic, glass and metal line",
            recipe_ppm=_containers(terms),
            steps=_steps(terms),
            cost_minor_per_kg=terms.per_kg(facts.number("line_cost_containers")),
            emissions_kg_per_kg=emissions,
        ),
        _press(terms),
    )


def _at_the_counter(terms: Terms) -> tuple[Process, ...]:
    facts = terms.facts
    clean = facts.number("clean_in_cardboard")
    pet = facts.number("pet_in_plastic")
    clear = facts.number("clear_in_glass")
    rows = (
        ("cardboard", "Sort boxes", {"cardboard.clean": clean, "cardboard.dirty": 1 - clean}),
        ("plastic", "Pick bottles", {"pet.presorted": pet, "plastic.presorted": 1 - pet}),
        ("glass", "Sort by colour", {"glass.clear": clear, "glass.mixed": 1 - clear}),
    )
    return tuple(
        Process(
            id=f"hand-sort-{taken}",
            at=SiteKind.POINT,
            name=said,
            recipe_ppm={taken: {name: round(share * PPM) for name, share in out.items()}},
            cost_minor_per_kg=terms.per_kg(facts.number(f"hand_sort_{taken}_cost"), wage=True),
        )
        for taken, said, out in rows
    )


def _fibre(terms: Terms) -> dict[str, dict[str, int]]:
    facts = terms.facts
    rate = facts.number("sorting_rate_other")
    made = {}
    for taken, rest in (("paper", "mixed"), ("cardboard", "dirty")):
        clean = facts.number(f"clean_in_{taken}")
        shares = {f"{taken}.clean": rate * clean, f"{taken}.{rest}": rate * (1 - clean)}
        made[taken] = recipe(shares)
    return made


def _containers(terms: Terms) -> dict[str, dict[str, int]]:
    facts = terms.facts
    n = facts.number
    rate, clean = n("sorting_rate_other"), n("clean_in_pet")
    pet, film = n("pet_in_plastic"), n("film_in_plastic")
    found = n("sorting_rate_pet")
    # Bottles picked at the counter are found again and stay cleaner than out of the heap.
    picked = (1 + found) / 2
    other = 1 - pet
    film_of, mixed_of = n("sorting_rate_film"), n("sorting_rate_mixed")
    return {
        "plastic": recipe(
            {
                "pet.clean": pet * found * clean,
                "pet.dirty": pet * found * (1 - clean),
                "plastic.film": film * film_of,
                "plastic.mixed": (other - film) * mixed_of,
            }
        ),
        "pet.presorted": recipe(
            {
                "pet.clean": picked * (1 + clean) / 2,
                "pet.dirty": picked * (1 - clean) / 2,
            }
        ),
        "plastic.presorted": recipe(
            {
                "plastic.film": film * film_of / other,
                "plastic.mixed": (other - film) * mixed_of / other,
            }
        ),
        "glass": recipe(
            {
                "glass.clear": rate * n("clear_in_glass"),
                "glass.mixed": rate * (1 - n("clear_in_glass")),
            }
        ),
        "metal": recipe(
            {
                "metal.ferrous": rate * (1 - n("aluminium_in_metal")),
                "metal.aluminium": rate * n("aluminium_in_metal"),
            }
        ),
    }


def _steps(terms: Terms) -> tuple[Step, ...]:
    facts = terms.facts
    usd_kzt = facts.number("exchange_rate")
    area_m2 = facts.number("line_area")
    return tuple(
        _step(terms, "line", size, facts.number(f"line_capex_{size}") * usd_kzt, area_m2)
        for size in SIZES
    )


def _step(terms: Terms, of: str, size: str, capex_per_t: float, area_m2_per_t: float) -> Step:
    """One size of a line or press; its yearly cost is wages and upkeep."""
    facts = terms.facts
    capacity_t = facts.number(f"{of}_capacity_{size}")
    capex = capex_per_t * capacity_t
    workers = facts.number(f"{of}_jobs_{size}")
    wages_minor = terms.wage_minor_of(workers * facts.number("worker_cost"))
    return Step(
        capacity_kg_per_year=capacity_t * KG_PER_T,
        capex_minor=terms.minor_of(capex),
        fixed_minor_per_year=terms.minor_of(capex * facts.number("line_upkeep")) + wages_minor,
        area_m2=capacity_t * area_m2_per_t,
        jobs=workers,
    )


def _press(terms: Terms) -> Process:
    facts = terms.facts
    share = round(facts.number("briquette_yield") * PPM)
    binder = facts.number("binder_price") / facts.number("briquette_fines_to_binder")
    area_m2 = facts.number("press_area")
    made = [
        _step(terms, "press", size, facts.number(f"press_capex_{size}"), area_m2)
        for size in PRESSES
    ]
    return Process(
        id="briquette-press",
        at=SiteKind.STOCKPILE,
        name="Briquetting press",
        recipe_ppm={"coal.dust": {"briquettes": share, LOSS: PPM - share}},
        steps=tuple(made),
        cost_minor_per_kg=terms.per_kg(binder + facts.number("press_cost")),
        emissions_kg_per_kg=facts.number("press_emissions") / KG_PER_T,
    )
