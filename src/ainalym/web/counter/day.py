"""A keeper's day: what was bought, what is in the till, whether a slip is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from django.conf import settings

from ainalym.ledger import Book, balances, entries
from ainalym.model.entry import Entry, ms

MOST = 5_000
"""Entries of one day at one counter; no counter comes near."""


@dataclass(frozen=True, slots=True)
class Day:
    """What happened at a counter on one day.

    Attributes
    ----------
    on
        Which day, by the clock on the wall.
    tickets
        Newest first; those taken back are marked by `reversed_by`.
    bought
        Material, grams, minor units paid: without what was taken back.
    paid_minor
        For all of them.
    till_before_minor, till_after_minor
        What the book knew to be in the till as the day began, and as it ended.
    moved
        Payments into the till and out of it, newest first.
    missing
        Slips whose number lies between others and that the book does not have (yet).
    """

    on: date
    tickets: tuple[Entry, ...]
    bought: tuple[tuple[str, int, int], ...]
    paid_minor: int
    till_before_minor: int
    till_after_minor: int
    moved: tuple[Entry, ...]
    missing: tuple[str, ...]


def day_at(book: Book, site: str, on: date) -> Day:
    """Look up a counter's day."""
    from_ms, to_ms = bounds(on)
    happened = entries(book, site=site, from_ms=from_ms, to_ms=to_ms, most=MOST, newest_first=True)
    tickets = tuple(one for one in happened if one.kind == "ticket")
    standing = sorted(
        (one.body for one in tickets if one.reversed_by is None), key=lambda body: body["material"]
    )
    bought = []
    for material, group in groupby(standing, key=lambda body: body["material"]):
        rows = [*group]
        grams = sum(map(net_g, rows))
        bought.append((material, grams, sum(body.get("paid_minor", 0) for body in rows)))
    return Day(
        on=on,
        tickets=tickets,
        bought=tuple(bought),
        paid_minor=sum(paid for _, _, paid in bought),
        till_before_minor=_till(book, site, from_ms - 1),
        till_after_minor=_till(book, site, to_ms - 1),
        moved=tuple(one for one in happened if one.kind == "payment"),
        missing=missing_slips([one.body for one in tickets]),
    )


def net_g(body: dict) -> int:
    """Give what a ticket bought, from its body in the book; of an erased one no more is known."""
    if body.get("erased"):
        return body["net_g"]
    return body["gross_g"] - body.get("tare_g", 0) - body.get("deduction_g", 0)


def bounds(on: date) -> tuple[int, int]:
    """Give the first moment of a day here, and the first one after it."""
    zone = ZoneInfo(settings.TIME_ZONE)
    first = datetime.combine(on, time(), zone)
    return ms(first), ms(datetime.combine(on + timedelta(days=1), time(), zone))


def missing_slips(bodies: Sequence[dict]) -> tuple[str, ...]:
    """Name the slips between the first and the last of each series that are not there."""
    numbers: dict[str, set[int]] = {}
    for body in bodies:
        if body.get("series"):
            numbers.setdefault(body["series"], set()).add(body["number"])
    return tuple(
        f"{series}-{number}"
        for series, seen in sorted(numbers.items())
        for number in range(min(seen), max(seen))
        if number not in seen
    )[:50]


def _till(book: Book, site: str, at_ms: int) -> int:
    found = balances(book, ledger="money", role="cash", site=site, as_of_ms=at_ms)
    return sum(found.values())
