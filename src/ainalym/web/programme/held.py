"""What any deed is held to before it is posted, whichever door it comes through.

A page offers what there is, so only programs can name what is not of the programme, or tell amounts
that no site and no till can have. The book cannot know either: it takes any name, and any number
that can be added up.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ainalym.errors import Issue, refuse
from ainalym.ledger import Book, knows, pieces, rules, stock
from ainalym.ledger import post as post_to_book
from ainalym.model.deed import (
    G_PER_KG,
    Arrival,
    Change,
    Count,
    Deed,
    Dispatch,
    Payment,
    Sale,
    Ticket,
)
from ainalym.model.entry import Receipt
from ainalym.model.process import LOSS
from ainalym.web.programme.models import Material, Site

MOST_G = 10_000_000_000
"""Grams, or pieces, of one material in a stock-take or on a scale: 10,000 tonnes. A ticket is held
to what its scale can weigh; a stock-take is on no scale, but the largest yard of a city holds less,
and a slip of the unit more."""

MOST_MINOR = 10_000_000_000_000
"""Of one payment, and of what one deed makes anybody owe: a hundred thousand million tenge, more
than a programme turns over in a year. The sum of 900,000 of them still fits the 64 bits in which
databases add up."""

MOST_NAMES = 1_000
"""Materials, lots and bales in one deed: more than any lorry holds, or any line makes in a run."""

MOST_PAIRS = 250_000
"""Of what goes into runs and what comes out of them, in one request: each thing made gets its share
of each thing taken, so that the work grows as their product. Measured: so many take 0.2 s."""

CURRENCY = "KZT"
"""Of the programme: its price lists, tills and pages count in tenge, at no rate of exchange."""

SHOWN, LONGEST = 10, 60
"""Unknown names that are told, and characters of each."""

NAMED = ("loads", "pieces", "inputs", "used", "counted")
PRICED = ("price_minor_per_kg", "price_minor_per_piece")
"""Fields of deeds whose keys are materials or products."""


def post(book: Book, deeds: Sequence[Deed]) -> list[Receipt]:
    """Post deeds that are held to the programme; all doors of the site post through here.

    Raises
    ------
    InputError
        A deed names what is not of the programme, or tells an amount that cannot be.
    AinalymError
        The book is against it.
    """
    hold(book, deeds)
    return post_to_book(book, deeds)


def hold(book: Book, deeds: Sequence[Deed]) -> None:
    """Hold deeds to the names and amounts of the programme; what the book has already, it keeps.

    Raises
    ------
    InputError
        Every amount, and the first of all names that are unknown.
    """
    found = [*_unknown_materials(book, deeds), *_unknown_sites(book, deeds)]
    for deed in deeds:
        issues = [*_faults_of_amounts(deed)]
        found += issues if issues and not knows(book, deed.id) else []
    refuse([*found, *_faults_of_pairs(book, deeds)])


def _unknown_materials(book: Book, deeds: Iterable[Deed]) -> Iterator[Issue]:
    """Yield materials and products that are not of the programme.

    What lies at a site by the book may be told of, or nobody could count it away again.
    """
    told = [(deed, names) for deed in deeds if (names := _named_by(deed))]
    if not told:
        return
    known = {*Material.objects.values_list("id", flat=True), *_of_processes(book)}
    unknown: dict[str, set[str]] = {}
    for deed, names in told:
        if names - known and not knows(book, deed.id):
            unknown.setdefault(deed.site, set()).update(names - known)
    for site, names in unknown.items():
        names -= stock(book, site).keys() | pieces(book, site).keys()
    if found := {name for names in unknown.values() for name in names}:
        mend = "use names of the programme's materials and of its processes"
        yield Issue("materials", f"{_listed(found)}: not of this programme", mend)


def _unknown_sites(book: Book, deeds: Iterable[Deed]) -> Iterator[Issue]:
    """Yield destinations that are not of the programme; who buys is anybody."""
    sent = [deed for deed in deeds if isinstance(deed, Dispatch)]
    if not sent:
        return
    known = {*Site.objects.values_list("id", flat=True)}
    if found := {one.to for one in sent if one.to not in known and not knows(book, one.id)}:
        mend = "give the id of a site of the programme"
        yield Issue("destinations", f"{_listed(found)}: not of this programme", mend)


def _of_processes(book: Book) -> Iterator[str]:
    """Yield what goes into the programme's processes and comes out: products are no fractions."""
    for terms in rules(book, "process").values():
        for material, outputs in terms["recipe_ppm"].items():
            yield material
            yield from outputs.keys() - {LOSS}


def _named_by(deed: Deed) -> set[str]:
    """Give the materials and products that a deed names."""
    names = {name for field in (*NAMED, *PRICED) for name in _mapped(deed, field)}
    return names | {material for material, _grams in getattr(deed, "outputs", ())}


def _mapped(deed: Deed, field: str) -> Mapping[str, int]:
    # A ticket has a price under the same name, for its one material.
    return found if isinstance(found := getattr(deed, field, {}), Mapping) else {}


def _listed(names: set[str]) -> str:
    """List the first of many names, and how many more there are."""
    shown = ", ".join(f"{name[:LONGEST]!r}" for name in sorted(names)[:SHOWN])
    return shown + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def _faults_of_amounts(deed: Deed) -> Iterator[Issue]:
    """Yield amounts that no site, scale or till can have, and more names than one deed has."""
    where = f"{deed.kind} {deed.id}"
    if (currency := getattr(deed, "currency", CURRENCY)) != CURRENCY:
        fault = f"is {currency[:LONGEST]!r}, not that of the programme"
        yield Issue(f"{where}: currency", fault, f"give {CURRENCY}, or leave it out")
    count = sum(len(_mapped(deed, field)) for field in (*NAMED, "lots"))
    count += len(getattr(deed, "outputs", ()))
    if count > MOST_NAMES:
        fault = f"names {count} materials, lots and bales, more than {MOST_NAMES}"
        yield Issue(where, fault, "tell it in several deeds")
    amounts: list[tuple[object, int]] = []
    if isinstance(deed, Count):
        amounts = [*deed.counted.items(), *deed.pieces.items()]
    elif isinstance(deed, Arrival):
        amounts = [*deed.lots.items()]
    for name, amount in amounts:
        if amount > MOST_G:
            fault = f"is {amount} g or pieces, more than {MOST_G}"
            yield Issue(f"{where}: {str(name)[:LONGEST]!r}", fault, "weigh or count it again")
    if (minor := _money(deed)) > MOST_MINOR:
        fault = f"comes to {minor} minor units, more than {MOST_MINOR}"
        yield Issue(f"{where}: money", fault, "check the amounts, or tell it in several deeds")


def _money(deed: Deed) -> int:
    """Give what a deed pays or makes somebody owe, in minor units, or a bound from above."""
    if isinstance(deed, Payment | Ticket):
        return deed.paid_minor
    if not isinstance(deed, Arrival | Sale):
        return 0
    per_kg, each = (max(map(abs, _mapped(deed, name).values()), default=0) for name in PRICED)
    grams = sum((_mapped(deed, "loads") | deed.lots).values())
    count = sum((_mapped(deed, "pieces") | deed.lots).values()) if each else 0
    return per_kg * grams // G_PER_KG + each * count


def _faults_of_pairs(book: Book, deeds: Iterable[Deed]) -> Iterator[Issue]:
    """Yield the fault of runs whose inputs and outputs are too many together."""
    pairs = 0
    for one in deeds:
        if isinstance(one, Change):
            taken = len(one.inputs) + len(one.lots) + len(one.used)
            pairs += 0 if knows(book, one.id) else taken * len(one.outputs)
    if pairs > MOST_PAIRS:
        fault = f"have {pairs} pairs of what goes in and what comes out, more than {MOST_PAIRS}"
        yield Issue("changes", fault, "send them in several requests")
