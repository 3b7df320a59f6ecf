"""What people tell on a day: keepers buy, trucks run, stations sort, plants take in and make."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from ainalym.errors import law
from ainalym.model.deed import HALF_KG_G
from ainalym.model.entry import new_id
from ainalym.model.process import LOSS
from ainalym.units import MINOR_PER_MAJOR, PPM
from ainalym.web.simulation.network import Client

A_MINUTE_MS = 60_000
AN_HOUR_MS = 60 * A_MINUTE_MS
A_DAY_MS = 24 * AN_HOUR_MS

MIDDLE_KG, SPREAD = 6.0, 0.8
"""Of what is brought to a counter at once: its median, and the spread of its logarithm."""

MOST_G = 95_000
"""More than people carry; a counter would ask whether it is meant."""

AT_ONCE = 12
"""Tickets a phone sends together, at most; without a network all of the day wait till evening."""

FULL_G = 150_000
"""From so much on a point's or a station's load is fetched."""

OFFLINE, MISTYPED, BARGAINED, MISWEIGHED = 0.1, 0.02, 0.03, 0.02
"""Shares of days without a network, weights in grams for kilograms, prices above the list, and
loads that weigh too much or too little."""


class Told(NamedTuple):
    """A deed that was acknowledged, and what it moved in stock at its site, in grams."""

    deed: dict[str, object]
    moved_g: Mapping[str, int]


@dataclass
class Place:
    """A site as its own people know it."""

    id: str
    kind: str
    ships_to: str
    scale: str
    client: Client
    chance: random.Random
    stock_g: dict[str, int] = field(default_factory=dict)
    series: str = ""
    slips: int = 0

    def deed(self, kind: str, at_ms: int, **said: object) -> dict[str, object]:
        """Say a deed, with an id of its own that comes from the seed."""
        deed_id = new_id(at_ms, self.chance.randbytes(10))
        return {"kind": kind, "id": deed_id, "site": self.id, "event_ms": at_ms} | said


@dataclass(frozen=True)
class Terms:
    """What everybody knows: prices at counters, recipes by kind of site, who takes what."""

    paid_minor_per_kg: Mapping[str, int]
    price_list: str
    recipes: Mapping[str, Mapping[str, Mapping[str, Mapping[str, int]]]]
    buyers: Mapping[str, tuple[str, int]]
    bought: tuple[str, ...]


def buy(place: Place, terms: Terms, day_ms: int, tickets: int) -> Iterator[Told]:
    """A keeper's day: tickets with slips, sent a few at a time, or all at night."""
    chance = place.chance
    if not place.series:
        device = str(UUID(bytes=chance.randbytes(16), version=4))
        said = place.client.post(f"/sites/{place.id}/series", {"device": device})
        place.series = said["series"]
    count = chance.randint(tickets // 2, tickets + tickets // 2)
    moments = sorted(chance.randint(9 * AN_HOUR_MS, 17 * AN_HOUR_MS) for _ in range(count))
    waiting: list[dict] = []
    most = count if chance.random() < OFFLINE else AT_ONCE
    for moment_ms in moments:
        ticket = _ticket(place, terms, day_ms + moment_ms)
        if chance.random() < MISTYPED:
            _mistype(place, ticket)
        waiting.append(ticket)
        if len(waiting) >= chance.randint(1, most):
            yield from _send(place, waiting)
            waiting = []
    if waiting:
        yield from _send(place, waiting)


def _ticket(place: Place, terms: Terms, at_ms: int) -> dict[str, object]:
    chance = place.chance
    material = chance.choice(terms.bought)
    drawn_g = round(MIDDLE_KG * chance.lognormvariate(0.0, SPREAD) * 20) * 50
    net_g = min(max(50, drawn_g), MOST_G)
    tare_g = chance.choice((0, 0, 400, 1_200))
    price, reason = terms.paid_minor_per_kg[material], ""
    if chance.random() < BARGAINED:
        price, reason = price + chance.choice((1, 2, 5)) * MINOR_PER_MAJOR, "bulk"
    place.slips += 1
    due = (net_g * price + HALF_KG_G) // 1000
    return place.deed(
        "ticket",
        at_ms,
        material=material,
        gross_g=net_g + tare_g,
        tare_g=tare_g,
        price_minor_per_kg=price,
        paid_minor=(due + MINOR_PER_MAJOR // 2) // MINOR_PER_MAJOR * MINOR_PER_MAJOR,
        scale=place.scale,
        series=place.series,
        number=place.slips,
        price_list=terms.price_list,
        reason=reason,
    )


def _mistype(place: Place, ticket: dict) -> None:
    """Type grams for kilograms at first: the site has to notice."""
    wrong = ticket | {"gross_g": ticket["gross_g"] * 1_000}
    refused = place.client.tell(wrong)
    law(refused.status == 422, said=f"the site took {wrong['gross_g']} g at a counter")


def _send(place: Place, deeds: list[dict]) -> Iterator[Told]:
    answer = place.client.tell(*deeds)
    law(answer.status in (200, 201), said=f"{place.id} was refused: {answer.told}")
    for deed in deeds:
        net_g = deed["gross_g"] - deed["tare_g"]
        yield Told(deed, {deed["material"]: net_g})


def acknowledged(place: Place, deed: dict, moved_g: Mapping[str, int]) -> Told:
    """Tell a deed that the site has to take.

    Raises
    ------
    BrokenLaw
        It was refused.
    """
    answer = place.client.tell(deed)
    law(answer.status in (200, 201), said=f"{place.id} was refused: {answer.told}")
    return Told(deed, moved_g)


def fill_till(place: Place, at_ms: int, amount: int) -> Told:
    """A keeper puts the week's money into the till."""
    return acknowledged(
        place, place.deed("payment", at_ms, payer="fund", payee="cash", paid_minor=amount), {}
    )


def ship(place: Place, at_ms: int, to: str, loads_g: Mapping[str, int]) -> Told:
    """A truck leaves with a load."""
    gone = {material: -grams for material, grams in loads_g.items()}
    plate = f"A {place.chance.randint(100, 999)} KZ"
    return acknowledged(
        place, place.deed("dispatch", at_ms, to=to, loads=dict(loads_g), vehicle=plate), gone
    )


def collect(place: Place, at_ms: int) -> Iterator[Told]:
    """A point's load is fetched when there is enough of it."""
    loads_g = {material: grams for material, grams in place.stock_g.items() if grams}
    if sum(loads_g.values()) >= FULL_G:
        yield ship(place, at_ms, place.ships_to, loads_g)


def weigh_in(place: Place, at_ms: int, prices: Mapping[str, int]) -> Iterator[Told]:
    """What is under way to a site is weighed there; what is too far off needs a reason.

    Parameters
    ----------
    prices
        Paid for a kilogram, by material.
    """
    found = place.client.get(f"/lots?to={place.id}&most=1000")["lots"]
    # The order in which lots were made differs from run to run; that of their ids does not matter.
    found.sort(key=lambda lot: (lot["account"]["site"], lot["account"]["what"], lot["event_ms"]))
    for lot in found:
        material, sent_g = lot["account"]["what"], lot["left_g"]
        off = place.chance.uniform(-0.002, 0.001)
        reason = ""
        if place.chance.random() < MISWEIGHED:
            off, reason = place.chance.uniform(-0.03, -0.01), "wet when it was bought"
        got_g = max(1, sent_g + round(off * sent_g))
        if abs(got_g - sent_g) * 200 > sent_g:
            reason = reason or "light load"
        deed = place.deed("arrival", at_ms, lots={str(lot["id"]): got_g}, scale=place.scale)
        deed |= {"price_minor_per_kg": {material: prices[material]}} if material in prices else {}
        if reason:
            refused = place.client.tell(deed)
            law(refused.status == 409, said=f"the site took a load that weighs {off:.1%} off")
            deed |= {"reason": reason}
        yield acknowledged(place, deed, {material: got_g})


def process(place: Place, terms: Terms, at_ms: int) -> Iterator[Told]:
    """Everything that a site has a process for goes through it, with weighed outputs."""
    left_g = dict(place.stock_g)
    for name, recipe in sorted(terms.recipes.get(place.kind, {}).items()):
        inputs = {one: left_g[one] for one in sorted(recipe) if left_g.get(one, 0) >= 1_000}
        if not inputs:
            continue
        outputs = _outputs(place, recipe, inputs)
        deed = place.deed("change", at_ms, process=name, inputs=inputs, scale=place.scale)
        moved = {one: -grams for one, grams in inputs.items()}
        for one, grams in outputs:
            moved[one] = moved.get(one, 0) + grams
        yield acknowledged(place, deed | {"outputs": outputs}, moved)
        for one in inputs:
            left_g[one] = 0


def _outputs(place: Place, recipe: Mapping, inputs: Mapping[str, int]) -> list[tuple[str, int]]:
    """Weigh what comes out: near the recipe, and never more than went in."""
    due: dict[str, int] = {}
    for material, grams in inputs.items():
        for output, share_ppm in recipe[material].items():
            due[output] = due.get(output, 0) + grams * share_ppm
    made = []
    for output, millionths in sorted(due.items()):
        grams = int(millionths / PPM * place.chance.uniform(0.985, 1.0))
        if output != LOSS and grams > 0:
            made.append((output, grams))
    return made


def sell_on(place: Place, terms: Terms, at_ms: int) -> Iterator[Told]:
    """A station sends what buyers pay for, and what nobody does to the landfill."""
    loads: dict[str, dict[str, int]] = {}
    for material, grams in place.stock_g.items():
        buyer, price = terms.buyers.get(material, ("", 0))
        if price > 0 and grams >= FULL_G:
            loads.setdefault(buyer, {})[material] = grams
    for buyer, load in sorted(loads.items()):
        yield ship(place, at_ms, buyer, load)
    if (waste_g := place.stock_g.get("residue", 0)) >= FULL_G:
        _buyer, fee = terms.buyers.get("residue", ("", 0))
        yield acknowledged(
            place,
            place.deed(
                "sale",
                at_ms,
                buyer="landfill",
                loads={"residue": waste_g},
                price_minor_per_kg={"residue": fee},
            ),
            {"residue": -waste_g},
        )


def sell_products(place: Place, terms: Terms, at_ms: int) -> Iterator[Told]:
    """A plant sells what it made, once a week."""
    made = {output for recipe in terms.recipes.get(place.kind, {}).values()
            for outputs in recipe.values() for output in outputs}  # fmt: skip
    loads_g = {one: grams for one, grams in sorted(place.stock_g.items()) if grams and one in made}
    if loads_g:
        gone = {material: -grams for material, grams in loads_g.items()}
        price = dict.fromkeys(loads_g, 200 * MINOR_PER_MAJOR)
        deed = place.deed("sale", at_ms, buyer="shops", loads=loads_g, price_minor_per_kg=price)
        yield acknowledged(place, deed, gone)
