"""The laws of the book: how each kind of deed becomes postings that sum to zero.

Pure: what lies where is asked of a shelf that is handed in, and nothing is written.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from ainalym.errors import ConflictError, InputError, law, refuse
from ainalym.ledger.draws import mix
from ainalym.ledger.rules import Recipe, Rules, faults_of_terms
from ainalym.ledger.shelf import Held, Key, Shelf
from ainalym.model.deed import (
    G_PER_KG,
    HALF_KG_G,
    MOST,
    Arrival,
    Change,
    Clock,
    Count,
    Deed,
    Dispatch,
    Payment,
    Rule,
    Sale,
    Ticket,
)
from ainalym.model.entry import Source
from ainalym.model.process import LOSS
from ainalym.units import PPM

Line = tuple[int, int, int]
"""Number of the account, lot (0 for none), quantity."""

Drawn = tuple[int, int, int]
"""Child lot (0 where it left the book), parent lot, grams."""


FINAL = ("rule", "close", "reversal", "erasure", "clock", "upgrade")
"""Kinds that nothing takes back."""

NEEDED = ("rule", "close", "count", "erasure", "clock", "upgrade")
"""Kinds whose words the book itself goes by, so that they are not erased."""


class Draft(NamedTuple):
    """What an entry would post and draw, and what the book notes on it."""

    lines: list[Line]
    draws: list[Drawn]
    noted: Mapping[str, object] = MappingProxyType({})


def draft(deed: Deed, shelf: Shelf, rules: Rules) -> Draft:
    """Turn a deed into postings that sum to zero in each ledger, and into draws.

    Parameters
    ----------
    deed
        Any but a reversal or a close, which need the book itself.
    shelf
        What lies where; grams are taken from it and lots made on it.
    rules
        The rules at the deed's moment are used.

    Raises
    ------
    ConflictError
        There is not so much, or a rule of the book is against it.
    NotFoundError
        There is no such lot.
    InputError
        A name cannot be an account's.
    """
    made = LAWS[type(deed)](deed, shelf, rules)
    mass = money = count = 0
    moneys, counts = shelf.moneys, shelf.counts
    for number, _, quantity in made.lines:
        if number in moneys:
            money += quantity
        elif number in counts:
            count += quantity
        else:
            mass += quantity
    if mass or money or count:
        said = f"{mass} g, {money} in money and {count} pieces"
        law(False, said=f"{deed.kind} {deed.id} sums to {said}")
    return made


def _stock(site: str, material: str, ledger: str = "mass") -> Key:
    return (ledger, "stock", site, material, "")


def _ticket(deed: Ticket, shelf: Shelf, rules: Rules) -> Draft:
    net_g, event_ms, paid = deed.net_g, deed.event_ms, deed.paid_minor
    stock, source, people, cash = shelf.counter(deed.site, deed.material, deed.currency, paid > 0)
    verified = rules.verified(deed.scale, event_ms)
    lot = shelf.make(stock, net_g, event_ms, deed.source, verified)
    lines = [(stock, lot, net_g), (source, 0, -net_g)]
    if paid:
        lines += [(people, 0, paid), (cash, 0, -paid)]
    return Draft(lines, [], _FROM[deed.source, verified])


def _dispatch(deed: Dispatch, shelf: Shelf, rules: Rules) -> Draft:
    lines, draws = [], []
    for (ledger, material), taken in _taken(deed, deed.loads, deed.lots, shelf, deed.pieces):
        grams = sum(part for _, part in taken)
        way = shelf.number((ledger, "transit", deed.site, material, deed.to))
        load = shelf.make(way, grams, deed.event_ms)
        lines += [(held.number, held.id, -part) for held, part in taken]
        lines.append((way, load, grams))
        draws += [(load, held.id, part) for held, part in taken]
    return Draft(lines, draws)


def _arrival(deed: Arrival, shelf: Shelf, rules: Rules) -> Draft:
    lines, draws = [], []
    for lot, got_g in deed.lots.items():
        load = shelf.lot(lot)
        sent_g, (ledger, role, origin, material, to) = load.left_g, load.account
        if role != "transit" or not sent_g:
            raise ConflictError(f"lot {lot} is not under way; look at what is expected here")
        if to != deed.site and not deed.reason:
            said = f"lot {lot} is under way to {to}, not to {deed.site}"
            raise ConflictError(f"{said}; give a reason if it stays here")
        _hold_to_weight(deed, lot, sent_g, got_g, rules.tolerance_ppm(deed.event_ms))
        shelf.take_lot(lot, sent_g, deed.event_ms)
        stock = shelf.number(_stock(deed.site, material, ledger))
        here = shelf.make(stock, got_g, deed.event_ms)
        lines += [(load.number, lot, -sent_g), (stock, here, got_g)]
        draws.append((here, lot, min(got_g, sent_g)))
        if got_g != sent_g:
            lost = shelf.number((ledger, "lost", deed.site, material, ""))
            lines.append((lost, 0, sent_g - got_g))
        if got_g < sent_g:
            draws.append((0, lot, sent_g - got_g))
        lines += _owed(shelf, deed, origin, deed.site, (ledger, material), got_g)
    return Draft(lines, draws)


def _hold_to_weight(deed: Arrival, lot: int, sent_g: int, got_g: int, tolerance_ppm: int) -> None:
    """Refuse a load that weighs too much or too little, unless there is a reason."""
    if abs(got_g - sent_g) * PPM > tolerance_ppm * sent_g and not deed.reason:
        said = f"lot {lot} was sent with {sent_g} g and weighs {got_g} g"
        allowed = f"more than {tolerance_ppm / PPM:.2%} off"
        raise ConflictError(f"{said}, {allowed}; weigh again, or give a reason")


def _change(deed: Change, shelf: Shelf, rules: Rules) -> Draft:
    recipe = rules.recipe(deed.process, deed.event_ms)
    if recipe is None:
        said = f"process {deed.process!r} has no recipe in this book at that moment"
        raise ConflictError(f"{said}; post a rule about it first")
    taken = _taken(deed, deed.inputs, deed.lots, shelf, deed.used)
    goods = [(material, pairs) for (ledger, material), pairs in taken if ledger == "mass"]
    counted = [(product, pairs) for (ledger, product), pairs in taken if ledger == "count"]
    parts = [pair for _, pairs in goods for pair in pairs]
    taken_g = {material: sum(g for _, g in pairs) for material, pairs in goods}
    loss_g = sum(taken_g.values()) - sum(grams for _, grams in deed.outputs)
    _hold_to_recipe(deed, recipe, taken_g, loss_g)
    lines: list[Line] = [(held.number, held.id, -part) for held, part in parts]
    made = []
    for material, grams in deed.outputs:
        stock = shelf.number(_stock(deed.site, material))
        lot = shelf.make(stock, grams, deed.event_ms)
        made.append((lot, grams))
        lines.append((stock, lot, grams))
    if loss_g:
        made.append((0, loss_g))
        lines.append((shelf.number(("mass", "loss", deed.site, deed.process, "")), 0, loss_g))
    shares = mix([part for _, part in parts], [grams for _, grams in made])
    draws = [
        (child, held.id, grams)
        for (held, _), row in zip(parts, shares, strict=True)
        for (child, _), grams in zip(made, row, strict=True)
        if grams
    ]
    for product, pairs in counted:
        lines += [(held.number, held.id, -part) for held, part in pairs]
        gone = shelf.number(("count", "loss", deed.site, product, ""))
        lines.append((gone, 0, sum(part for _, part in pairs)))
        draws += [(0, held.id, part) for held, part in pairs]
    for product, pieces in deed.pieces.items():
        stock = shelf.number(_stock(deed.site, product, "count"))
        lines.append((stock, shelf.make(stock, pieces, deed.event_ms), pieces))
        lines.append((shelf.number(("count", "source", deed.site, product, "")), 0, -pieces))
    return Draft(lines, draws, {"process": deed.process})


def _hold_to_recipe(deed: Change, recipe: Recipe, taken_g: Mapping[str, int], loss_g: int) -> None:
    """Refuse outputs that no input accounts for, and yields outside the band without a reason."""
    total_g = sum(taken_g.values())
    if loss_g < 0:
        said = f"{deed.process} took {total_g} g and gave {total_g - loss_g} g"
        raise ConflictError(f"{said}; nothing is made of nothing: weigh again")
    if unknown := sorted(taken_g.keys() - recipe.recipe_ppm.keys()):
        known = ", ".join(sorted(recipe.recipe_ppm))
        raise ConflictError(f"{deed.process} takes no {', '.join(unknown)}; it takes {known}")
    expected_g = recipe.expected_g(taken_g)
    made_g: dict[str, int] = {LOSS: loss_g}
    for material, grams in deed.outputs:
        made_g[material] = made_g.get(material, 0) + grams
    off = []
    for output in sorted(expected_g.keys() | made_g.keys()):
        got, due = made_g.get(output, 0), expected_g.get(output, 0)
        if abs(got - due) * PPM > recipe.band_ppm * total_g:
            off.append(f"{output} {got} g where the recipe says {due} g")
    if off and not deed.reason:
        band = f"more than {recipe.band_ppm / PPM:.2%} of the inputs off"
        raise ConflictError(
            f"{deed.process}: {'; '.join(off)}, {band}; weigh again, or give a reason"
        )


def _sale(deed: Sale, shelf: Shelf, rules: Rules) -> Draft:
    lines, draws = [], []
    for (ledger, material), taken in _taken(deed, deed.loads, deed.lots, shelf, deed.pieces):
        grams = sum(part for _, part in taken)
        lines += [(held.number, held.id, -part) for held, part in taken]
        sold = shelf.number((ledger, "sold", deed.site, material, deed.buyer))
        lines.append((sold, 0, grams))
        draws += [(0, held.id, part) for held, part in taken]
        lines += _owed(shelf, deed, deed.site, deed.buyer, (ledger, material), grams)
    return Draft(lines, draws)


def _count(deed: Count, shelf: Shelf, rules: Rules) -> Draft:
    lines, draws, found = [], [], False
    told = [(_stock(deed.site, what), number) for what, number in deed.counted.items()]
    told += [(_stock(deed.site, what, "count"), number) for what, number in deed.pieces.items()]
    for stock, counted in told:
        number = shelf.number(stock)
        off = counted - shelf.balance(stock, deed.event_ms)
        if off > 0:
            found = True
            lot = shelf.make(number, off, deed.event_ms, Source.FOUND.value)
            lines.append((number, lot, off))
        elif off < 0:
            for held, part in shelf.take(stock, -off, deed.event_ms):
                lines.append((number, held.id, -part))
                draws.append((0, held.id, part))
        if off:
            ledger, _, site, what, _ = stock
            lines.append((shelf.number((ledger, "count", site, what, "")), 0, -off))
    return Draft(lines, draws, {"from": Source.FOUND.value} if found else {})


def _payment(deed: Payment, shelf: Shelf, rules: Rules) -> Draft:
    def side(role: str) -> int:
        party = deed.party if role == "buyer" else ""
        return shelf.number(("money", role, deed.site, deed.currency, party))

    paid = deed.paid_minor
    return Draft([(side(deed.payee), 0, paid), (side(deed.payer), 0, -paid)], [])


def _rule(deed: Rule, shelf: Shelf, rules: Rules) -> Draft:
    refuse(faults_of_terms(deed))
    return Draft([], [])


def _clock(deed: Clock, shelf: Shelf, rules: Rules) -> Draft:
    return Draft([], [])


_FROM: dict[tuple[str, bool], dict[str, object]] = {
    (source.value, verified): {"from": source.value} | ({"verified": True} if verified else {})
    for source in Source
    for verified in (False, True)
}
"""What is noted of a ticket: where its mass comes from, and whether its scale was verified."""

LAWS: dict[type[Deed], Callable[..., Draft]] = {
    Ticket: _ticket,
    Dispatch: _dispatch,
    Arrival: _arrival,
    Change: _change,
    Sale: _sale,
    Count: _count,
    Payment: _payment,
    Rule: _rule,
    Clock: _clock,
}


def _taken(
    deed: Deed,
    loads: Mapping[str, int],
    lots: Mapping[int, int],
    shelf: Shelf,
    pieces: Mapping[str, int],
) -> list[tuple[tuple[str, str], list[tuple[Held, int]]]]:
    """Take what a deed names from the stock of its site, by ledger and material."""
    taken: dict[tuple[str, str], list[tuple[Held, int]]] = {}
    for lot, quantity in lots.items():
        held = shelf.lot(lot)
        if held.account[1:3] != ("stock", deed.site):
            raise ConflictError(f"lot {lot} is {held.account.name}, not in stock at {deed.site}")
        shelf.take_lot(lot, quantity, deed.event_ms)
        key = held.account.ledger, held.account.what
        taken.setdefault(key, []).append((held, quantity))
    for ledger, said in (("mass", loads), ("count", pieces)):
        for what, quantity in said.items():
            parts = shelf.take(_stock(deed.site, what, ledger), quantity, deed.event_ms)
            taken.setdefault((ledger, what), []).extend(parts)
    for ledger, what in taken:
        if ledger == "count" and ("mass", what) not in taken:
            said = f"pieces of {what} leave {deed.site}, and nothing of their weight"
            raise ConflictError(f"{said}; say its grams too")
    return [*taken.items()]


def _owed(
    shelf: Shelf, deed: Arrival | Sale, seller: str, buyer: str, key: tuple[str, str], quantity: int
) -> list[Line]:
    """Say what a buyer owes for grams or pieces; a fee is owed the other way round."""
    ledger, material = key
    if ledger == "mass":
        price = deed.price_minor_per_kg.get(material, 0)
        amount = (abs(price) * quantity + HALF_KG_G) // G_PER_KG * (1 if price > 0 else -1)
    else:
        price = deed.price_minor_per_piece.get(material, 0)
        amount = price * quantity
    if not amount:
        return []
    if abs(amount) >= MOST:
        many = (
            f"{quantity} g at {price} a kilogram" if ledger == "mass" else f"{quantity} at {price}"
        )
        raise ConflictError(f"{many} is {amount}; check the price")
    return [
        (shelf.number(("money", "buyer", seller, deed.currency, buyer)), 0, amount),
        (shelf.number(("money", "income", seller, deed.currency, buyer)), 0, -amount),
    ]


def refuse_all(errors: list[Exception]) -> None:
    """Raise all that was said against a list of deeds at once, as the gravest kind of it."""
    if len(errors) == 1:
        raise errors[0]
    if errors and all(isinstance(error, InputError) for error in errors):
        raise InputError([issue for error in errors for issue in error.issues])
    if errors:
        said = "\n".join(dict.fromkeys(str(error) for error in errors))
        raise next((type(e) for e in errors if isinstance(e, ConflictError)), type(errors[0]))(said)
