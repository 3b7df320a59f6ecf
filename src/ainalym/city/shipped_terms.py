"""What things cost, pay and become in the Almaty examples, in the money of their year."""

from dataclasses import dataclass

from ainalym.city.facts import Facts
from ainalym.model.market import Counter, Factor, Haul, Offer
from ainalym.model.material import Material, MaterialKind
from ainalym.model.place import SiteKind
from ainalym.model.process import LOSS, Process
from ainalym.units import KG_PER_T, MINOR_PER_MAJOR, PPM

FRACTIONS = ("paper", "cardboard", "plastic", "glass", "metal")

GRADES = {
    "paper.clean": "paper",
    "paper.mixed": "paper",
    "cardboard.clean": "cardboard",
    "cardboard.dirty": "cardboard",
    "pet.presorted": "plastic",
    "plastic.presorted": "plastic",
    "pet.clean": "plastic",
    "pet.dirty": "plastic",
    "plastic.film": "plastic",
    "plastic.mixed": "plastic",
    "glass.clear": "glass",
    "glass.mixed": "glass",
    "metal.ferrous": "metal",
    "metal.aluminium": "metal",
}

PRODUCTS = {
    "board": "cardboard",
    "trays": "paper",
    "pet.flakes": "plastic",
    "film.pellets": "plastic",
    "mixed.pellets": "plastic",
    "cullet": "glass",
    "filler": "glass",
    "steel": "metal",
    "ingots": "metal",
}

WASTE_CODES = {"paper": "20 01 01", "cardboard": "20 01 01", "plastic": "20 01 39"}
WASTE_CODES |= {"glass": "20 01 02", "metal": "20 01 40"}
SORTED_CODES = {"paper": "19 12 01", "cardboard": "19 12 01", "plastic": "19 12 04"}
SORTED_CODES |= {"glass": "19 12 05", "metal": "19 12 02"}

FACTOR_OF = {
    "paper": "paper",
    "cardboard": "cardboard",
    "plastic": "plastic",
    "pet.clean": "pet",
    "pet.dirty": "pet",
    "plastic.film": "film",
    "glass": "glass",
    "metal.ferrous": "ferrous",
    "metal.aluminium": "aluminium",
}

BUYERS = {
    "paper-mill": (("paper.clean", 1), ("paper.mixed", 1), ("cardboard.clean", 1)),
    "tray-works": (("paper.mixed", 2), ("cardboard.dirty", 1)),
    "pet-flakes": (("pet.clean", 1), ("pet.dirty", 1)),
    "pet-second": (("pet.clean", 2), ("pet.dirty", 2), ("plastic.film", 2)),
    "film-pellets": (("plastic.film", 1),),
    "mixed-pellets": (("plastic.mixed", 1),),
    "glass-works": (("glass.clear", 1),),
    "glass-filler": (("glass.mixed", 1), ("glass.clear", 2)),
    "metal-yard": (("metal.ferrous", 1), ("metal.aluminium", 1)),
}
"""Who buys which grades, as the first or the second buyer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Turns the shipped numbers, of 2026, into the money of an example's first year.

    Attributes
    ----------
    facts
        The shipped numbers.
    prices, rents, wages
        How many times dearer goods, premises and labour were in 2026.
    support
        Whether producers pay for collection.
    """

    facts: Facts
    prices: float = 1.0
    rents: float = 1.0
    wages: float = 1.0
    support: bool = True

    def minor(self, name: str) -> int:
        """Give an amount of goods in whole minor units."""
        return self.minor_of(self.facts.number(name))

    def minor_of(self, amount_2026: float) -> int:
        """Turn an amount of goods in major units of 2026 into minor units, to three digits."""
        return _short(amount_2026 / self.prices) * MINOR_PER_MAJOR

    def wage_minor_of(self, amount_2026: float) -> int:
        """Turn an amount of labour in major units of 2026 into minor units, to three digits."""
        return _short(amount_2026 / self.wages) * MINOR_PER_MAJOR

    def rent_minor_of(self, amount_2026: float) -> int:
        """Turn an amount of rent in major units of 2026 into minor units, to three digits."""
        return _short(amount_2026 / self.rents) * MINOR_PER_MAJOR

    def per_kg(self, amount_per_t_2026: float, *, wage: bool = False) -> float:
        """Turn an amount per tonne in major units of 2026 into minor units a kilogram."""
        whole = _short(amount_per_t_2026 / (self.wages if wage else self.prices))
        return whole * MINOR_PER_MAJOR / KG_PER_T


def _short(amount: float) -> int:
    """Round to three digits: no number here is known better."""
    return round(float(f"{amount:.3g}"))


def materials(facts: Facts) -> tuple[Material, ...]:
    """List every material of the Almaty examples."""
    loose = {f: facts.number(f"loose_density_{f}") for f in FRACTIONS if f != "cardboard"}
    loose["cardboard"] = loose["paper"]
    bale = facts.number("bale_density")
    rows = [
        *((f, MaterialKind.FRACTION, f, loose[f], WASTE_CODES[f]) for f in FRACTIONS),
        *((m, MaterialKind.GRADE, f, bale, SORTED_CODES[f]) for m, f in GRADES.items()),
        *((m, MaterialKind.PRODUCT, f, bale, "") for m, f in PRODUCTS.items()),
        ("residue", MaterialKind.RESIDUE, "", loose["plastic"], "19 12 12"),
        ("coal.dust", MaterialKind.STOCK, "", facts.number("dust_density"), ""),
        ("briquettes", MaterialKind.FUEL, "", facts.number("dust_density"), ""),
    ]
    return tuple(
        Material(
            id=name,
            kind=kind,
            fraction=fraction,
            name=name.replace(".", ", "),
            density_kg_per_m3=density,
            waste_code=code,
        )
        for name, kind, fraction, density, code in rows
    )


def counters(terms: Terms) -> tuple[Counter, ...]:
    """Give the counter's terms: at the price paid, people bring the reference share."""
    facts = terms.facts
    low, reference = facts.number("capture_free"), facts.number("capture_at_reference")
    made = []
    for f in FRACTIONS:
        # What brings people is measured against what an hour of theirs earns.
        buyback = terms.per_kg(facts.number(f"buyback_{f}") * KG_PER_T, wage=True)
        support = 0.0
        if terms.support:
            support = terms.per_kg(facts.number(f"epr_collect_{f}") * facts.number("mci"))
        made.append(
            Counter(
                fraction=f,
                buyback_minor_per_kg=buyback,
                handling_minor_per_kg=terms.per_kg(
                    facts.number(f"handling_{f}") * KG_PER_T, wage=True
                ),
                support_minor_per_kg=support,
                capture_low=low,
                # The curve is half way up at the reference price, which is the price paid.
                capture_high=round(2 * reference - low, 6),
                reference_minor_per_kg=buyback,
            )
        )
    return tuple(made)


def gate(terms: Terms) -> dict[str, float]:
    """Give what stations pay keepers, minor units a kilogram, by material."""
    names = (*FRACTIONS, *GRADES)
    return {
        m: terms.per_kg(terms.facts.number(f"gate_{m}") * KG_PER_T)
        for m in names
        if terms.facts.has(f"gate_{m}")
    }


def offers(terms: Terms) -> tuple[Offer, ...]:
    """List what plants pay, and what landfill and fuel markets take and pay."""
    facts = terms.facts
    made = []
    for site, bought in BUYERS.items():
        limit_kg = facts.number(f"limit_{site}") * KG_PER_T
        for material, rank in bought:
            usd = facts.number(f"price_{material}") * facts.number("exchange_rate")
            share = 1.0 if rank == 1 else facts.number("price_second_buyer")
            price = terms.per_kg(usd * share)
            made.append(
                Offer(
                    site=site,
                    material=material,
                    price_minor_per_kg=price,
                    limit_kg_per_year=limit_kg,
                )
            )
    fee = terms.per_kg(facts.number("landfill_fee"))
    for material in (*FRACTIONS, *GRADES, "residue"):
        made.append(Offer(site="landfill", material=material, price_minor_per_kg=-fee))
    coal = facts.number("coal_retail_price") * facts.number("coal_prices_2022_to_2026")
    for site, far in (("fuel-market", ""), ("fuel-market-far", "_far")):
        made.append(
            Offer(
                site=site,
                material="briquettes",
                price_minor_per_kg=terms.per_kg(coal * facts.number(f"briquette_discount{far}")),
                limit_kg_per_year=facts.number(f"limit_fuel_market{far}") * KG_PER_T,
            )
        )
    return tuple(made)


def hauls(terms: Terms) -> tuple[Haul, ...]:
    """Give the lorries that load at points, stations and the stockpile."""
    facts = terms.facts
    kzt = facts.number("euro_prices_2001_to_2026") * facts.number("euro_rate")
    legs = (
        ("light-lorry", SiteKind.POINT, "collection", facts.number("light_lorry")),
        ("articulated-lorry", SiteKind.STATION, "transfer", 1.0),
        ("tipper", SiteKind.STOCKPILE, "transfer", 1.0),
    )
    return tuple(
        Haul(
            id=name,
            origin=origin,
            cost_minor_per_kg_km=terms.per_kg(facts.number(f"haul_{leg}") * kzt * dearer),
            cost_minor_per_kg=terms.per_kg(facts.number(f"load_{leg}")),
            emissions_kg_per_kg_km=facts.number(f"lorry_emissions_{leg}") / KG_PER_T,
            payload_kg=facts.number(f"payload_{leg}") * KG_PER_T,
        )
        for name, origin, leg, dearer in legs
    )


def factors(facts: Facts) -> tuple[Factor, ...]:
    """Give both sets of emission factors, for they disagree."""
    made = [
        Factor(set=name, material=m, avoided_kg_per_kg=facts.number(f"ghg_{of}_{name}"))
        for name in ("warm", "swolf")
        for m, of in FACTOR_OF.items()
    ]
    burnt = facts.number("ghg_briquette")
    made += [
        Factor(set=name, material="briquettes", avoided_kg_per_kg=burnt)
        for name in ("warm", "swolf")
    ]
    return tuple(made)


def recipe(shares: dict[str, float]) -> dict[str, int]:
    """Write shares as whole parts per million; what is left over comes out as residue."""
    ppm = {name: round(share, 3) * PPM for name, share in shares.items()}
    whole = {name: round(value) for name, value in ppm.items()}
    return whole | {"residue": PPM - sum(whole.values())}


def plant_processes(facts: Facts) -> tuple[Process, ...]:
    """Tell what plants make of what they buy."""
    rows = (
        ("board-machine", "paper", "board", ("paper.clean",)),
        ("board-machine-2", "cardboard", "board", ("cardboard.clean",)),
        ("tray-former", "paper", "trays", ("paper.mixed", "cardboard.dirty")),
        ("pet-wash", "pet", "pet.flakes", ("pet.clean", "pet.dirty")),
        ("film-extruder", "film", "film.pellets", ("plastic.film",)),
        ("mixed-extruder", "mixed", "mixed.pellets", ("plastic.mixed",)),
        ("cullet-washer", "glass", "cullet", ("glass.clear",)),
        ("glass-mill", "glass", "filler", ("glass.mixed",)),
        ("steel-furnace", "metal", "steel", ("metal.ferrous",)),
        ("aluminium-furnace", "metal", "ingots", ("metal.aluminium",)),
    )
    made = []
    for name, of, product, taken in rows:
        share = round(facts.number(f"plant_yield_{of}") * PPM)
        out = {product: share, LOSS: PPM - share}
        said = name.replace("-", " ").removesuffix(" 2").capitalize()
        made.append(
            Process(id=name, at=SiteKind.PLANT, name=said, recipe_ppm=dict.fromkeys(taken, out))
        )
    return tuple(made)
