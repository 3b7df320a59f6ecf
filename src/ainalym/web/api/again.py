"""Rows of a scale's file that stand for weighings which the book has, or are at odds with one.

A spreadsheet that saves a file anew drops the seconds of its moments. So a moment on a full minute
may be any moment of that minute, and one on a full second any of that second.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from django.utils.translation import gettext as _

from ainalym.ledger import Book, entries
from ainalym.model.deed import Ticket
from ainalym.model.entry import Entry, Source
from ainalym.web.counter.weights import say_kg
from ainalym.web.days import local
from ainalym.web.programme.held import CURRENCY

A_SECOND_MS, A_MINUTE_MS, A_DAY_MS = 1_000, 60_000, 24 * 3600 * 1000
AT_ONCE = 1_000
"""Entries read in one step."""

Weighed = tuple[str, str, int, int, int]
"""What makes a weighing the same one at a moment: scale, material, gross, tare and deduction."""

TERMS = {
    "price_minor_per_kg": "price_per_kg",
    "paid_minor": "paid",
    "currency": "currency",
    "source": "source",
    "reason": "reason",
    "seller": "seller",
}
"""What else is told of a weighing, and the column that says it."""

USUAL = {"source": Source.PEOPLE.value, "currency": CURRENCY, "reason": "", "seller": ""}


class There(NamedTuple):
    """A weighing that the book has.

    Attributes
    ----------
    id, slip
        Of its entry; the slip is empty where none was written.
    event_ms
        When it happened.
    weighed, terms
        What was weighed, and what else was told of it.
    holds
        Whether it was not taken back.
    """

    id: str
    slip: str
    event_ms: int
    weighed: Weighed
    terms: tuple[object, ...]
    holds: bool


def stand_for(
    book: Book, told: Mapping[int, Ticket], known: Mapping[int, str], said: dict[int, list[str]]
) -> set[int]:
    """Tell which rows stand for weighings that the book has under other ids.

    Each weighing answers for one row only. One that was taken back answers for a row that says
    all the same, as it does under its own id, and is never at odds with another.

    Parameters
    ----------
    told
        The tickets of a file by the row's number, all of one site.
    known
        The entries under whose ids the book has some of them.
    said
        Gets a sentence for each row that is at odds with the book, or with a row before it.
    """
    new = {row: ticket for row, ticket in told.items() if row not in known}
    there: defaultdict[int, list[There]] = defaultdict(list)
    for one in _there(book, new.values()):
        there[_minute(one.event_ms)].append(one)
    answered = {*known.values()}
    found = {}
    # Seconds fit fewer weighings than minutes do, so their rows choose first.
    for row in sorted(new, key=lambda row: (not new[row].event_ms % A_MINUTE_MS, row)):
        nearby = there[_minute(new[row].event_ms)]
        alike = [one for one in nearby if one.id not in answered and _is_same(new[row], one)]
        if alike:
            found[row] = min(alike, key=lambda one: (_order(new[row], one), one.event_ms, one.id))
            answered.add(found[row].id)
    for row in new.keys() - found.keys():
        for one in there[_minute(new[row].event_ms)]:
            if fault := _at_odds(new[row], one, is_answered=one.id in answered):
                said.setdefault(row, []).append(fault)
                break
    for row, fault in _faults_of_seconds(told):
        if row not in known and row not in found:
            said.setdefault(row, []).append(fault)
    return {*found}


def _there(book: Book, tickets: Iterable[Ticket]) -> Iterator[There]:
    """Yield the weighings of the minutes in which tickets were told, or may have been."""
    minutes = sorted({(one.site, _minute(one.event_ms)) for one in tickets})
    spans: list[list] = []
    for site, minute in minutes:
        if spans and minute - spans[-1][2] <= A_DAY_MS:
            spans[-1][2] = minute
        else:
            spans.append([site, minute, minute])
    wanted = {minute for _site, minute in minutes}
    for site, first, last in spans:
        after = 0
        asked = {"site": site, "kind": "ticket", "from_ms": first, "to_ms": last + A_MINUTE_MS}
        while page := entries(book, **asked, after=after, most=AT_ONCE):
            after = page[-1].seq
            for one in page:
                # Of an entry whose private part was erased nobody knows what the scale showed.
                if _minute(one.event_ms) in wanted and "gross_g" in one.body:
                    yield _read(one)


def _read(found: Entry) -> There:
    said = found.body
    series = said.get("series", "")
    return There(
        found.id,
        f"{series}-{said.get('number')}" if series else "",
        found.event_ms,
        (
            said.get("scale", ""),
            said["material"],
            *(said.get(name, 0) for name in ("gross_g", "tare_g", "deduction_g")),
        ),
        tuple(_plain(said.get(name, USUAL.get(name, 0))) for name in TERMS),
        found.reversed_by is None,
    )


def _weighed(ticket: Ticket) -> Weighed:
    return ticket.scale, ticket.material, ticket.gross_g, ticket.tare_g, ticket.deduction_g


def _terms(ticket: Ticket) -> tuple[object, ...]:
    return tuple(_plain(getattr(ticket, name)) for name in TERMS)


def _plain(value: object) -> object:
    return " ".join(value.split()) if isinstance(value, str) else value


def _minute(at_ms: int) -> int:
    return at_ms // A_MINUTE_MS * A_MINUTE_MS


def _may_be_one(one_ms: int, other_ms: int) -> bool:
    """Tell whether two moments may be one, of which one was written less finely."""
    if one_ms == other_ms:
        return True
    for unit_ms in (A_MINUTE_MS, A_SECOND_MS):
        is_rough = not one_ms % unit_ms or not other_ms % unit_ms
        if is_rough and one_ms // unit_ms == other_ms // unit_ms:
            return True
    return False


def _is_same(ticket: Ticket, there: There) -> bool:
    same = _weighed(ticket) == there.weighed and _terms(ticket) == there.terms
    return same and _may_be_one(ticket.event_ms, there.event_ms)


def _order(ticket: Ticket, there: There) -> tuple[bool, bool]:
    """Put what holds before what was taken back, and the same second before others."""
    apart = ticket.event_ms // A_SECOND_MS != there.event_ms // A_SECOND_MS
    return not there.holds, apart


def _at_odds(ticket: Ticket, there: There, *, is_answered: bool) -> str:
    """Say what stands against a row that the book has otherwise; nothing where nothing does.

    A weighing that another row of the file stands for is against it only at the same second: a
    scale weighs one thing at a time, but several in a minute.
    """
    weighed = _weighed(ticket)
    if not there.holds or ticket.scale != there.weighed[0]:
        return ""
    is_fine = bool(ticket.event_ms % A_MINUTE_MS)
    at_once = is_fine and ticket.event_ms // A_SECOND_MS == there.event_ms // A_SECOND_MS
    may_be_one = not is_answered and _may_be_one(ticket.event_ms, there.event_ms)
    if not at_once and not (may_be_one and ticket.gross_g == there.weighed[2]):
        return ""
    name = ", ".join(filter(None, (there.slip, there.id)))
    shown = {"name": name, "moment": _say_moment(there.event_ms)}
    if weighed == there.weighed:
        if _terms(ticket) == there.terms:
            return ""
        columns = [
            column
            for column, mine, theirs in zip(
                TERMS.values(), _terms(ticket), there.terms, strict=True
            )
            if mine != theirs
        ]
        said = _(
            "The book has this weighing of %(moment)s already (%(name)s), with another %(columns)s."
            " If that is wrong, take it back first, then send this row again."
        )
        return said % (shown | {"columns": ", ".join(columns)})
    scale, material, gross_g, *less = there.weighed
    said = _(
        "On scale %(scale)s the book has a weighing of %(moment)s already (%(name)s) with other "
        "numbers: %(material)s, %(gross)s kg less %(less)s kg. If that is wrong, take it back "
        "first, then send this row again."
    )
    numbers = {"scale": scale, "material": material}
    numbers |= {"gross": say_kg(gross_g), "less": say_kg(sum(less))}
    return said % (shown | numbers)


def _faults_of_seconds(told: Mapping[int, Ticket]) -> Iterator[tuple[int, str]]:
    """Yield each row of a second in which a row before it weighs something else, and its fault."""
    first: dict[tuple[str, int], int] = {}
    for row, ticket in told.items():
        if not ticket.event_ms % A_MINUTE_MS:
            continue
        before = first.setdefault((ticket.scale, ticket.event_ms // A_SECOND_MS), row)
        other = told[before]
        if (_weighed(ticket), _terms(ticket)) != (_weighed(other), _terms(other)):
            fault = _(
                "row %(row)s has another weighing of the same second on scale %(scale)s. A scale "
                "weighs one thing at a time; leave the right row only."
            )
            yield row, fault % {"row": before, "scale": ticket.scale}


def _say_moment(at_ms: int) -> str:
    """Write a moment as files of scales do, in the time of this place."""
    return local(at_ms).strftime("%Y-%m-%d %H:%M:%S")
