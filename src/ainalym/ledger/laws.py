"""The laws of the book: how each kind of deed becomes postings that sum to zero.

Pure: what lies where is asked of a shelf that is handed in, and nothing is written.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from ainalym.errors import ConflictError, InputError, law, refuse
from ainalym.ledger.draws import mix
from ainalym.ledger.rules import Recipe, Rules, faults_of_terms
from ainalym.ledger.shelf import Held, Shelf
from ainalym.model.deed import (
    G_PER_KG,
    HALF_KG_G,
    Arrival,
    Change,
    Count,
    Deed,
    Dispatch,
    Payment,
    Rule,
    Sale,
    Ticket,
)
from ainalym.model.entry import Account, Source
from ainalym.model.process import LOSS
from ainalym.units import PPM

Line = tuple[Account, int, int]
"""Account, lot (0 for none), quantity."""

Drawn = tuple[int, int, int]
"""Child lot (0 where it left the book), parent lot, grams."""


class Draft(NamedTuple):
    """What an entry would post and draw, and what the book notes beside it."""

    lines: list[Line]
    draws: list[Drawn]
    noted: str = ""


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
    totals: dict[str, int] = {}
    for account, _, quantity in made.lines:
        totals[account[0]] = totals.get(account[0], 0) + quantity
    law(not any(totals.values()), said=f"{deed.kind} {deed.id} sums to {totals}")
    return made


def _ticket(deed: Ticket, shelf: Shelf, rules: Rules) -> Draft:
    site, material, net_g = deed.site, deed.material, deed.gross_g - deed.tare_g - deed.deduction_g
    stock = Account("mass", "stock", site, material)
    verified = rules.verified(deed.scale, deed.event_ms)
    lot = shelf.make(stock, net_g, deed.event_ms, deed.source, verified)
    lines = [(stock, lot.id, net_g), (Account("mass", "source", site, material), 0, -net_g)]
    if deed.paid_minor:
        lines += [
            (Account("money", "people", site, deed.currency), 0, deed.paid_minor),
            (Account("money", "cash", site, deed.currency), 0, -deed.paid_minor),
        ]
    return Draft(lines, [])


def _dispatch(deed: Dispatch, shelf: Shelf, rules: Rules) -> Draft:
    lines, draws = [], []
    for material, taken in _taken(deed, deed.loads, deed.lots, shelf).items():
        grams = sum(part for _, part in taken)
        way = Account("mass", "transit", deed.site, material, deed.to)
        load = shelf.make(way, grams, deed.event_ms)
        lines += [(held.account, held.id, -part) for held, part in taken]
        lines.append((way, load.id, grams))
        draws += [(load.id, held.id, part) for held, part in taken]
    return Draft(lines, draws)


def _arrival(deed: Arrival, shelf: Shelf, rules: Rules) -> Draft:
    lines, draws = [], []
    tolerance_ppm = rules.tolerance_ppm(deed.event_ms)
    for lot, got_g in deed.lots.items():
        load = shelf.lot(lot)
        sent_g = load.left_g
        if load.account.role != "transit" or not sent_g:
            raise ConflictError(f"lot {lot} is not under way; look at what is expected here")
        if load.account.to != deed.site and not deed.reason:
            said = f"lot {lot} is under way to {load.account.to}, not to {deed.site}"
            raise ConflictError(f"{said}; give a reason if it stays here")
        off_g = got_g - sent_g
        if abs(off_g) * PPM > tolerance_ppm * sent_g and not deed.reason:
            said = f"lot {lot} was sent with {sent_g} g and weighs {got_g} g"
            allowed = f"more than {tolerance_ppm / PPM:.2%} off"
            raise ConflictError(f"{said}, {allowed}; weigh again, or give a reason")
        shelf.take_lot(lot, sent_g, deed.event_ms)
        material = load.account.what
        stock = Account("mass", "stock", deed.site, material)
        here = shelf.make(stock, got_g, deed.event_ms)
        lines += [(load.account, lot, -sent_g), (stock, here.id, got_g)]
        draws.append((here.id, lot, min(got_g, sent_g)))
        if off_g:
            lines.append((Account("mass", "lost", deed.site, material), 0, -off_g))
        if off_g < 0:
            draws.append((0, lot, -off_g))
        price = deed.price_minor_per_kg.get(material, 0)
        lines += _owed(load.account.site, deed.site, deed.currency, got_g, price)
    return Draft(lines, draws)


def _change(deed: Change, shelf: Shelf, rules: Rules) -> Draft:
    recipe = rules.recipe(deed.process, deed.event_ms)
    if recipe is None:
        said = f"process {deed.process!r} has no recipe in this book at that moment"
        raise ConflictError(f"{said}; post a rule about it first")
    taken = _taken(deed, deed.inputs, deed.lots, shelf)
    parts = [pair for pairs in taken.values() for pair in pairs]
    taken_g = {material: sum(g for _, g in pairs) for material, pairs in taken.items()}
    loss_g = sum(taken_g.values()) - sum(grams for _, grams in deed.outputs)
    _hold_to_recipe(deed, recipe, taken_g, loss_g)
    lines: list[Line] = [(held.account, held.id, -part) for held, part in parts]
    made = []
    for material, grams in deed.outputs:
        stock = Account("mass", "stock", deed.site, material)
        held = shelf.make(stock, grams, deed.event_ms)
        made.append((held.id, grams))
        lines.append((stock, held.id, grams))
    if loss_g:
        made.append((0, loss_g))
        lines.append((Account("mass", "loss", deed.site, deed.process), 0, loss_g))
    shares = mix([part for _, part in parts], [grams for _, grams in made])
    draws = [
        (child, held.id, grams)
        for (held, _), row in zip(parts, shares, strict=True)
        for (child, _), grams in zip(made, row, strict=True)
        if grams
    ]
    return Draft(lines, draws)


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
    for material, taken in _taken(deed, deed.loads, deed.lots, shelf).items():
        grams = sum(part for _, part in taken)
        lines += [(held.account, held.id, -part) for held, part in taken]
        lines.append((Account("mass", "sold", deed.site, material, deed.buyer), 0, grams))
        draws += [(0, held.id, part) for held, part in taken]
        price = deed.price_minor_per_kg.get(material, 0)
        lines += _owed(deed.site, deed.buyer, deed.currency, grams, price)
    return Draft(lines, draws)


def _count(deed: Count, shelf: Shelf, rules: Rules) -> Draft:
    lines, draws = [], []
    for material, counted_g in deed.counted.items():
        stock = Account("mass", "stock", deed.site, material)
        off_g = counted_g - shelf.balance(stock, deed.event_ms)
        outside = Account("mass", "count", deed.site, material)
        if off_g > 0:
            found = shelf.make(stock, off_g, deed.event_ms, Source.FOUND.value)
            lines.append((stock, found.id, off_g))
        elif off_g < 0:
            for held, part in shelf.take(stock, -off_g, deed.event_ms):
                lines.append((stock, held.id, -part))
                draws.append((0, held.id, part))
        if off_g:
            lines.append((outside, 0, -off_g))
    return Draft(lines, draws)


def _payment(deed: Payment, shelf: Shelf, rules: Rules) -> Draft:
    def side(role: str) -> Account:
        party = deed.party if role == "buyer" else ""
        return Account("money", role, deed.site, deed.currency, party)

    paid = deed.paid_minor
    return Draft([(side(deed.payee), 0, paid), (side(deed.payer), 0, -paid)], [])


def _rule(deed: Rule, shelf: Shelf, rules: Rules) -> Draft:
    refuse(faults_of_terms(deed))
    return Draft([], [])


LAWS: dict[type[Deed], Callable[..., Draft]] = {
    Ticket: _ticket,
    Dispatch: _dispatch,
    Arrival: _arrival,
    Change: _change,
    Sale: _sale,
    Count: _count,
    Payment: _payment,
    Rule: _rule,
}


def _taken(
    deed: Deed, loads: Mapping[str, int], lots: Mapping[int, int], shelf: Shelf
) -> dict[str, list[tuple[Held, int]]]:
    """Take what a deed names from the stock of its site, by material."""
    taken: dict[str, list[tuple[Held, int]]] = {}
    for lot, grams in lots.items():
        held = shelf.lot(lot)
        if held.account[:3] != ("mass", "stock", deed.site):
            raise ConflictError(f"lot {lot} is {held.account.name}, not in stock at {deed.site}")
        shelf.take_lot(lot, grams, deed.event_ms)
        taken.setdefault(held.account.what, []).append((held, grams))
    for material, grams in loads.items():
        stock = Account("mass", "stock", deed.site, material)
        taken.setdefault(material, []).extend(shelf.take(stock, grams, deed.event_ms))
    return taken


def _owed(seller: str, buyer: str, currency: str, grams_g: int, price: int) -> list[Line]:
    """Say what a buyer owes for grams at a price; a fee is owed the other way round."""
    amount = (abs(price) * grams_g + HALF_KG_G) // G_PER_KG * (1 if price > 0 else -1)
    if not amount:
        return []
    return [
        (Account("money", "buyer", seller, currency, buyer), 0, amount),
        (Account("money", "income", seller, currency, buyer), 0, -amount),
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
