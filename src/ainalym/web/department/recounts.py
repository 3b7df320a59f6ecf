"""Stock-takes that have to be taken again anywhere, and where on the site that is done."""

from collections.abc import Sequence
from typing import NamedTuple

from ainalym.ledger import Book, Overtaken, overtaken, periods
from ainalym.model.entry import Period
from ainalym.web.days import local
from ainalym.web.department.months import Month, this_month
from ainalym.web.loads.recounting import sentences
from ainalym.web.programme.models import LANDFILL, Site


class Recount(NamedTuple):
    """A stock-take to be taken again.

    Attributes
    ----------
    month
        Whose closing page takes it; None while that month runs, and where it is closed.
    """

    site: Site | str
    sentence: str
    month: Month | None


def recounts(book: Book, most: int) -> tuple[list[Recount], int]:
    """List stock-takes that have to be taken again, `most` of them, and how many more there are."""
    found = overtaken(book)
    shown = found[:most]
    sites = Site.objects.in_bulk({one.site for one in shown})
    closed = periods(book) if shown else []
    listed = [
        Recount(sites.get(one.site, one.site), said, _month(one, sites.get(one.site), closed))
        for one, said in zip(shown, sentences(shown), strict=True)
    ]
    return listed, len(found) - len(shown)


def _month(one: Overtaken, site: Site | None, closed: Sequence[Period]) -> Month | None:
    """Find the month at whose end the site can be counted again: the stock-take's own, or the last
    that is over."""
    if site is None or site.kind == LANDFILL:
        return None
    day = local(one.event_ms)
    own, last = Month(day.year, day.month), this_month().previous
    for month in (own, last):
        is_closed = any(
            period.site in (site.id, "*")
            and period.from_ms < month.to_ms
            and month.from_ms < period.to_ms
            for period in closed
        )
        if month.is_over and one.event_ms < month.to_ms and not is_closed:
            return month
    return None
