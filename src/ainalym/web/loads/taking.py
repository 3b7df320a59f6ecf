"""How much of a buyer's yearly limit is used up."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from ainalym.ledger import Book, lots, monthly_form
from ainalym.model.entry import ms
from ainalym.web.days import local
from ainalym.web.programme.models import Site


def year_began_ms(at_ms: int) -> int:
    """Give the first moment of the year of a moment, by the clock on the wall."""
    return ms(datetime(local(at_ms).year, 1, 1, tzinfo=ZoneInfo(settings.TIME_ZONE)))


def taken_g(book: Book, buyer: Site, at_ms: int) -> dict[str, int]:
    """Tell what a buyer got this year, less what it sent back, and what is under way to it.

    Grams by material.
    """
    found: dict[str, int] = {}
    for line in monthly_form(book, year_began_ms(at_ms), at_ms + 1, site=buyer.id):
        found[line.material] = line.received_g - line.shipped_g
    for one in lots(book, to=buyer.id):
        found[one.account.what] = found.get(one.account.what, 0) + one.left_g
    return found
