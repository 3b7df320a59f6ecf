"""Almaty twice: as the programme of 2003 saw it, and today."""

import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ainalym.city.facts import Facts
from ainalym.city.shipped_people import Block, lay_out, premises, quarters
from ainalym.city.shipped_sites import lines, sites
from ainalym.city.shipped_terms import (
    FRACTIONS,
    Terms,
    counters,
    factors,
    gate,
    hauls,
    materials,
    offers,
    plant_processes,
)
from ainalym.model.city import City
from ainalym.model.place import Places
from ainalym.model.programme import Cover, Fund, Objective, Programme, Walk
from ainalym.units import KG_PER_T, MINOR_PER_MAJOR, split

DISTRICTS = (
    "almaly",
    "alatau",
    "auezov",
    "bostandyk",
    "zhetysu",
    "medeu",
    "nauryzbay",
    "turksib",
)
DISTRICTS_2003 = ("almaly", "auezov", "bostandyk", "zhetysu", "medeu", "turksib")

Rows = list[tuple[str, ...]]
Scenario = tuple[str, str, dict[str, Rows]]
"""Name, what differs, and the differing tables with their headers."""


def make_almaty(facts: Facts) -> tuple[City, list[Scenario]]:
    """Build Almaty of today with its scenarios.

    Parameters
    ----------
    facts
        The shipped numbers; those used are listed in the city's assumptions.
    """
    residents = {d: round(facts.number(f"residents_{d}")) for d in DISTRICTS}
    terms = Terms(facts=facts)
    year = 2026
    budget = facts.number("budget_2003") * facts.number("consumer_prices_2003_to_2026")
    total_minor = round(budget * MINOR_PER_MAJOR)
    lent_minor = round(total_minor * facts.number("budget_loan_share"))
    funds = (
        _fund(facts, "city budget", Cover.ANYTHING, total_minor - lent_minor),
        _fund(facts, "ministry loan at 3 %", Cover.STATIONS, lent_minor),
    )
    count = round(facts.number("blocks"))
    blocks = lay_out(facts, residents, count)
    rooms = premises(blocks, residents, round(facts.number("candidate_points")))
    programme = _programme(terms, "Collection points and three stations", year, funds)
    city = _city(terms, programme, blocks, residents)
    city = replace(
        city, name="Almaty", date="2026-03-01", sites=sites(terms, rooms, _titles(residents))
    )
    scenarios = [
        _phased(facts, city),
        *_price_scenarios(terms, city),
        *_people_scenarios(facts, city, blocks),
    ]
    return replace(city, assumptions=facts.asked()), scenarios


def make_almaty_2003(facts: Facts) -> tuple[City, list[Scenario]]:
    """Build Almaty as the programme of 2003 saw it, with its scenarios.

    Parameters
    ----------
    facts
        The shipped numbers; those used are listed in the city's assumptions.
    """
    residents = {d: round(facts.number(f"residents_2003_{d}")) for d in DISTRICTS_2003}
    terms = Terms(
        facts=facts,
        prices=facts.number("consumer_prices_2003_to_2026"),
        rents=facts.number("rents_2003_to_2026"),
        wages=facts.number("wages_2003_to_2026"),
        support=False,
    )
    year, years = 2003, round(facts.number("years"))
    amount = round(facts.number("budget_2003")) * MINOR_PER_MAJOR
    fund = Fund(
        source="city budget", covers=Cover.ANYTHING, amount_minor=(amount, *[0] * (years - 1))
    )
    share = sum(residents.values()) / sum(facts.number(f"residents_{d}") for d in DISTRICTS)
    count = round(facts.number("blocks") * share)
    blocks = lay_out(facts, residents, count)
    rooms = premises(blocks, residents, round(facts.number("candidate_points") * share))
    programme = _programme(
        terms,
        "Collection, utilisation, sorting and processing of municipal solid waste",
        year,
        (fund,),
    )
    city = _city(terms, programme, blocks, residents)
    city = replace(
        city, name="Almaty 2003", date="2003-01-01", sites=sites(terms, rooms, _titles(residents))
    )
    dollars = round(facts.number("budget_2003") * facts.number("exchange_rate_2003"))
    rows = [("source", "year", "amount"), ("city budget", str(year), str(dollars))]
    about = "the budget is 210 million dollars, as printed, not tenge"
    scenarios = [("dollars", about, {"budget": rows}), *_price_scenarios(terms, city)]
    facts.text("residents_2003")
    return replace(city, assumptions=facts.asked()), scenarios


def _titles(residents: dict[str, int]) -> list[str]:
    return [district.capitalize() for district in residents]


def _fund(facts: Facts, source: str, covers: Cover, total_minor: int) -> Fund:
    later = round(facts.number("years")) - 1
    return Fund(source=source, covers=covers, amount_minor=(total_minor, *[0] * later))


def _phased(facts: Facts, city: City) -> Scenario:
    """The same money over several years, in which building goes on."""
    shares = facts.numbers("budget_year_shares")
    rows: Rows = [("source", "year", "amount")]
    for fund in city.programme.funds:
        for t, part in enumerate(split(sum(fund.amount_minor) // MINOR_PER_MAJOR, shares)):
            rows.append((fund.source, str(city.programme.first_year + t), str(part)))
    years = [("key", "value"), ("build_years", str(len(shares)))]
    return "phased", "the money comes over three years", {"budget": rows, "programme": years}


def _programme(terms: Terms, name: str, year: int, funds: tuple[Fund, ...]) -> Programme:
    facts = terms.facts
    return Programme(
        name=name,
        currency="KZT",
        first_year=year,
        years=round(facts.number("years")),
        discount_share=facts.number("discount"),
        growth_share=facts.number("waste_growth"),
        stations=round(facts.number("stations")),
        exactly=True,
        objective=Objective.VALUE,
        target_share=0.0,
        funds=funds,
        keeper_minor_per_year=float(terms.wage_minor_of(facts.number("keeper_minimum"))),
        subsidy_minor_per_year=float(terms.minor("subsidy")),
        gate_minor_per_kg=gate(terms),
        walk=Walk(
            rate=facts.number("walk_rate"),
            power=facts.number("walk_power"),
            stretch=facts.number("walk_stretch"),
            limit_m=facts.number("walk_limit"),
            participation=facts.numbers("participation"),
        ),
        factor_set="warm",
        build_years=max(t + 1 for f in funds for t, paid in enumerate(f.amount_minor) if paid),
    )


def _city(
    terms: Terms, programme: Programme, blocks: list[Block], residents: dict[str, int]
) -> City:
    """Put together all but the sites."""
    facts = terms.facts
    return City(
        name="",
        date="",
        programme=programme,
        materials=materials(facts),
        processes=(*lines(terms), *plant_processes(facts)),
        places=_places(facts, blocks, [b.residents for b in blocks]),
        sites=sites(terms, (), ()),
        counters=counters(terms),
        offers=offers(terms),
        hauls=hauls(terms),
        factors=factors(facts),
        detour_share=facts.number("detour"),
        speed_m_per_s=facts.number("speed") / 3.6,
        outline=_outline(facts, residents),
    )


def _waste_kg(facts: Facts) -> np.ndarray:
    """What a resident throws away in a day, by fraction."""
    facts.text("almaty_waste")  # what waste_per_person was derived from
    both = facts.number("share_paper_and_cardboard")
    cardboard = facts.number("cardboard_in_paper")
    share = {"paper": both * (1 - cardboard), "cardboard": both * cardboard}
    share |= {f: facts.number(f"share_{f}") for f in FRACTIONS if f not in share}
    return facts.number("waste_per_person") * np.array([share[f] for f in FRACTIONS])


def _places(facts: Facts, blocks: list[Block], residents: list[int]) -> Places:
    people = np.array(residents, float)
    return Places(
        id=tuple(f"b{k:04d}" for k in range(1, len(blocks) + 1)),
        lon=np.array([b.lon for b in blocks]),
        lat=np.array([b.lat for b in blocks]),
        residents=people,
        fractions=FRACTIONS,
        waste_kg_per_day=np.round(people[:, None] * _waste_kg(facts), 2),
        district=tuple(b.district for b in blocks),
    )


def _outline(facts: Facts, residents: dict[str, int]) -> str:
    """The quarters as GeoJSON, one feature a district."""
    features = [
        {
            "type": "Feature",
            "properties": {
                "name": district.capitalize(),
                "residents": people,
                "note": "rectangles read off outlines by OpenStreetMap contributors, ODbL",
            },
            "geometry": {
                "type": "MultiPolygon",
                "coordinates": [[q.ring] for q in quarters(facts, district)],
            },
        }
        for district, people in residents.items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, indent=1) + "\n"


def _price_scenarios(terms: Terms, city: City) -> Iterator[Scenario]:
    """The published range of prices, and plastic at half."""
    facts = terms.facts
    grade = {o.material: o for o in city.offers if facts.has(f"price_{o.material}")}
    ends = {row.name: (row.low, row.high) for row in facts}
    for k, (name, about) in enumerate(
        (
            ("prices-low", "every price at the low end of its range; PET at two fifths"),
            ("prices-high", "every price at the high end of its range; PET half as high again"),
        )
    ):
        ratio = {m: float(ends[f"price_{m}"][k]) / facts.number(f"price_{m}") for m in grade}
        yield name, about, {"offers": _offer_rows(city, ratio)}
    halves = {m.id: 0.5 for m in city.materials if m.fraction == "plastic"}
    about = "plastic fetches half of its price"
    yield "plastic-halves", about, {"offers": _offer_rows(city, halves)}


def _offer_rows(city: City, ratio: dict[str, float]) -> Rows:
    rows: Rows = [("site", "material", "price_per_t")]
    for offer in city.offers:
        if offer.site == "landfill" or offer.material not in ratio:
            continue
        price = offer.price_minor_per_kg * KG_PER_T / MINOR_PER_MAJOR
        rows.append((offer.site, offer.material, str(round(price * ratio[offer.material]))))
    return rows


def _people_scenarios(facts: Facts, city: City, blocks: list[Block]) -> Iterator[Scenario]:
    """Nobody knows where in a district people live: two other ways to lay them out."""
    for name, column, about in (
        ("people-even", "even", "residents spread evenly over the blocks of each district"),
        ("people-dense", "dense", "residents crowd towards the middle of the city"),
    ):
        places = _places(facts, blocks, [getattr(b, column) for b in blocks])
        header = ("id", "residents", *(f"{f}_kg_per_day" for f in FRACTIONS))
        rows: Rows = [header]
        for k, block in enumerate(places.id):
            numbers = (f"{v:g}" for v in np.round(places.waste_kg_per_day[k], 2))
            rows.append((block, f"{places.residents[k]:.0f}", *numbers))
        yield name, about, {"blocks": rows}
