"""Asking a site to take stock again, where deeds told later happened before its stock-take."""

from collections.abc import Iterable

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from ainalym.ledger import Book, Overtaken, overtaken
from ainalym.model.entry import Entry
from ainalym.web.days import local
from ainalym.web.loads.way import named
from ainalym.web.loads.weights import say_kg, say_pieces


def sentences(found: Iterable[Overtaken]) -> list[str]:
    """Say of each stock-take what was counted, what was told later, and what to count again."""
    told = [*found]
    names = {heap.id: heap.material for heap in named({one.material: 0 for one in told})}
    return [_sentence(one, names[one.material]) for one in told]


def _sentence(one: Overtaken, material: object) -> str:
    in_grams, came_in = one.ledger == "mass", one.off > 0
    if in_grams and came_in:
        said = _(
            "The stock-take of %(date)s counted %(counted)s kg of “%(material)s”; %(off)s kg told "
            "later came in before it. Count “%(material)s” again."
        )
    elif in_grams:
        said = _(
            "The stock-take of %(date)s counted %(counted)s kg of “%(material)s”; %(off)s kg told "
            "later had left before it. Count “%(material)s” again."
        )
    elif came_in:
        said = _(
            "The stock-take of %(date)s counted pieces of “%(material)s”: %(counted)s; of pieces "
            "told later, %(off)s came in before it. Count the pieces of “%(material)s” again."
        )
    else:
        said = _(
            "The stock-take of %(date)s counted pieces of “%(material)s”: %(counted)s; of pieces "
            "told later, %(off)s had left before it. Count the pieces of “%(material)s” again."
        )
    say = say_kg if in_grams else say_pieces
    return said % {
        "date": date_format(local(one.event_ms), "SHORT_DATETIME_FORMAT"),
        "counted": say(one.counted),
        "off": say(abs(one.off)),
        "material": material,
    }


def overtaken_by(book: Book, found: Entry) -> list[Overtaken]:
    """List the stock-takes that one entry helped to overtake."""
    accounts = [posting.account for posting in found.postings]
    moved = {(one.ledger, one.what) for one in accounts if one.role == "stock"}
    return [
        one
        for one in overtaken(book, site=found.site)
        if one.seq < found.seq
        and found.event_ms <= one.event_ms
        and (one.ledger, one.material) in moved
    ]
