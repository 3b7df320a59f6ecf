"""Entries: what changed and who did it, newest first, and each one whole."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from ainalym.errors import NotFoundError
from ainalym.ledger import Book, entries, entry, periods, proofs
from ainalym.model.entry import Entry, Period, ms
from ainalym.web.asked import number_in
from ainalym.web.audit.lots import LARGEST
from ainalym.web.audit.words import KINDS, Names
from ainalym.web.book import the_book
from ainalym.web.days import is_of_our_time
from ainalym.web.loads.way import Named
from ainalym.web.people.access import only
from ainalym.web.people.models import Person, Role
from ainalym.web.programme.models import Site

ON_A_PAGE = 50
LATE_MS = 60 * 60 * 1000
"""What was told so long after it happened is marked."""

FIRST = "0" * 64
"""The hash before the first entry."""


HOW = (
    "SHA-256 of the octets (base64) is the entry's hash. SHA-256 of “public”, which is what the "
    "entry says in grams and pieces, stands in the octets from number 33 on; money and names are "
    "sealed there too, and not shown. (An entry without “public” is of version 1: its octets are "
    "all of it.) Begin with SHA-256 of one zero octet and the entry's hash. For each line of the "
    "branch, from the first: SHA-256 of one octet of value 1, then the other hash and yours where "
    "its side is left, yours and the other where it is right. The last one is the period's root. "
    "(RFC 6962, section 2.1.)"
)
"""Written into the proof itself, since it is read without us."""


class Line(NamedTuple):
    """An entry as the list tells it.

    Attributes
    ----------
    moved
        How much of each material, and whether in grams (`mass`) or in pieces (`count`).
    paid_minor
        What was paid out of or into the till.
    late
        Whether it was told long after it happened.
    """

    entry: Entry
    kind: str
    place: str
    moved: tuple[tuple[Named, int, str], ...]
    paid_minor: int
    late: bool


@require_GET
@only(Role.AUDITOR)
def listed(request: HttpRequest) -> HttpResponse:
    """List entries, newest first, by site, kind, person and day, as known at a moment."""
    book, asked, faults = the_book(), request.GET, []
    span = _span(asked, faults)
    known_ms = _moment(asked, "known", "%Y-%m-%dT%H:%M", faults)
    before = number_in(asked.get("before", ""))
    found = entries(
        book,
        site=asked.get("site", ""),
        kind=asked.get("kind", ""),
        actor=asked.get("who", "").strip(),
        from_ms=span[0],
        to_ms=span[1],
        as_known_ms=known_ms,
        before=before,
        most=ON_A_PAGE + 1,
        newest_first=True,
    )
    names, more = Names(), len(found) > ON_A_PAGE
    told = {
        "tab": "entries",
        "asked": asked,
        "faults": faults,
        "rows": [_line(one, names) for one in found[:ON_A_PAGE]],
        "sites": Site.objects.all(),
        "kinds": KINDS,
        "people": Person.objects.order_by("name").values_list("name", flat=True),
        "earlier": _again(asked, found[ON_A_PAGE - 1].seq) if more else "",
    }
    return render(request, "audit/entries.html", told, status=422 if faults else 200)


def _again(asked: QueryDict, before: int) -> str:
    same = asked.copy()
    same["before"] = str(before)
    return same.urlencode()


def _span(asked: QueryDict, faults: list[str]) -> tuple[int | None, int | None]:
    """Read the days asked for: from the first moment of one to the last of the other."""
    first = _day(asked, "from", faults)
    last = _day(asked, "to", faults)
    after = None if last is None else ms(last + timedelta(days=1))
    return None if first is None else ms(first), after


def _day(asked: QueryDict, name: str, faults: list[str]) -> datetime | None:
    return _read(asked, name, "%Y-%m-%d", faults)


def _moment(asked: QueryDict, name: str, form: str, faults: list[str]) -> int | None:
    """Read a moment; all of its last minute counts."""
    found = _read(asked, name, form, faults)
    return None if found is None else ms(found + timedelta(minutes=1)) - 1


def _read(asked: QueryDict, name: str, form: str, faults: list[str]) -> datetime | None:
    text = asked.get(name, "").strip()
    if not text:
        return None
    try:
        found = datetime.strptime(text, form).replace(tzinfo=ZoneInfo(settings.TIME_ZONE))
    except ValueError:
        found = None
    if found is None or not is_of_our_time(found):
        said = _("“%(text)s” is no day or time; choose one from the calendar.")
        faults.append(said % {"text": text[:30]})
        return None
    return found


def _line(found: Entry, names: Names) -> Line:
    late = found.recorded_ms - found.event_ms > LATE_MS
    return Line(
        found,
        str(KINDS[found.kind]),
        names.site(found.site),
        tuple((names.material(what), amount, ledger) for ledger, what, amount in _moved(found)),
        max((one.quantity for one in found.postings if one.account.ledger == "money"), default=0),
        late,
    )


def _moved(found: Entry) -> Iterator[tuple[str, str, int]]:
    """Say how much of each material an entry moved: what came in, or else what went.

    What is weighed and what is counted of a material stand apart: grams and pieces have no sum.
    """
    sums: dict[tuple[str, str], list[int]] = {}
    for one in found.postings:
        if one.lot is not None or one.account.role == "count":
            into = sums.setdefault((one.account.ledger, one.account.what), [0, 0])
            into[one.quantity < 0] += abs(one.quantity)
    for (ledger, what), (plus, minus) in sums.items():
        yield ledger, what, max(plus, minus)


@require_GET
@only(Role.AUDITOR)
def one(request: HttpRequest, number: int) -> HttpResponse:
    """Show an entry whole, as it stands in the chain."""
    book, names = the_book(), Names()
    if number >= LARGEST:
        raise NotFoundError(f"there is no entry {number} in this book")
    found = entry(book, number)
    ledgers = {one.lot: one.account.ledger for one in found.postings if one.lot is not None}
    told = {
        "tab": "entries",
        "entry": found,
        "line": _line(found, names),
        # Every lot that is drawn from has a posting that takes from it.
        "draws": [(one, ledgers[one.parent]) for one in found.draws],
        "before": entry(book, number - 1).hash if number > 1 else FIRST,
        "device_ms": found.body.get("device_ms"),
        "fields": [] if found.body.get("erased") else [*_fields(found.body)],
        "erased_by": _erased_by(book, found),
        "seals": [period for period in periods(book) if _seals(period, found)],
        "corrected_by": _corrected_by(book, found),
    }
    return render(request, "audit/entry.html", told)


@require_GET
@only(Role.AUDITOR)
def proof(request: HttpRequest, number: int, period: int) -> HttpResponse:
    """Give the proof that an entry stands in a closed period, to be checked without us."""
    known = proofs(the_book(), number) if number < LARGEST else []
    found = next((one for one in known if one.period.entry == period), None)
    if found is None:
        raise NotFoundError(f"there is no entry {number} in this book")
    told = {"how": HOW} | found.told
    answer = HttpResponse(json.dumps(told, indent=1), content_type="application/json")
    name = f"proof-{number}-{period}.json"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _fields(body: dict) -> Iterator[tuple[str, str]]:
    """Say a deed field by field, as it was told."""
    for name, value in body.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{key}", str(part)) for key, part in value.items())
        elif isinstance(value, list | tuple):
            yield from ((f"{name}.{k}", str(part)) for k, part in enumerate(value, 1))
        else:
            yield name, str(value)


def _seals(period: Period, found: Entry) -> bool:
    """Tell whether a closed period holds an entry; what came after it closed it does not."""
    here = period.site in ("*", found.site)
    return here and period.from_ms <= found.event_ms < period.to_ms and found.seq < period.entry


def _erased_by(book: Book, found: Entry) -> Entry | None:
    """Find the entry that says that this one's private part was erased."""
    if not found.body.get("erased"):
        return None
    told = entries(book, site=found.site, kind="erasure", after=found.seq, most=1_000)
    return next((one for one in told if one.body["erases"] == found.id), None)


def _corrected_by(book: Book, found: Entry) -> Entry | None:
    """Find the entry that tells anew what this one told wrongly, near the one that took it back."""
    if found.reversed_by is None:
        return None
    after = entries(book, site=found.site, kind=found.kind, after=found.reversed_by - 1, most=20)
    return next((one for one in after if one.corrects == found.seq), None)
