"""Lots: found by what stands on a label or a slip, and followed both ways."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from ainalym.errors import NotFoundError
from ainalym.ledger import Book, entries, entry, follow, lot, lots, slip, trace
from ainalym.model.deed import UUID7
from ainalym.model.entry import Entry, Lot, iso
from ainalym.web.audit.drawn import drawn
from ainalym.web.audit.ways import Step, Way, way_of
from ainalym.web.audit.words import STEPS, Names, claim_in_words
from ainalym.web.book import the_book
from ainalym.web.loads.way import Named
from ainalym.web.paged import download
from ainalym.web.people.access import only
from ainalym.web.people.models import Role
from ainalym.web.programme.models import PLANT, Site
from ainalym.web.refusals import Refusal

NUMBER = re.compile(r"\d{1,15}")
SLIP = re.compile(r"(?P<series>\S.*?)[-–—\s/]+(?P<number>\d{1,15})")
LONGEST = 200
"""Characters of a label, a slip or an entry; longer texts are none, and are not searched."""

LARGEST = 1 << 63
"""Larger numbers than the databases hold are no lots."""

ROWS, TICKETS, SOLD, LYING = 100, 8, 20, 100
"""So many steps, tickets and lots stand on a page; all of them in the table to download."""

HEAD = (
    "way,from_lot,into_lot,grams,site,to,material,made_g,made_at,actor,source,verified,entry,hash,"
    "pieces,made_pieces"
)


class Row(NamedTuple):
    """A step as the table tells it.

    Attributes
    ----------
    what
        The material, or the process.
    lots
        Its first lots, and how many there are.
    who, from_ms, to_ms
        Who told it, and between which moments it happened; None where no entry tells.
    sent_g, got_g
        What a load was sent with, and what it weighed on arrival.
    tickets
        The first of a point's tickets: lot, entry, grams.
    verified_share
        Of a point's grams, weighed on a scale with a valid verification.
    share
        Of the lot's grams, that took this step.
    """

    step: Step
    label: str
    place: str
    to: str
    what: Named
    lots: tuple[int, ...]
    count: int
    entries: tuple[int, ...]
    who: str
    from_ms: int | None
    to_ms: int | None
    sent_g: int | None
    got_g: int | None
    tickets: tuple[tuple[int, Entry, int], ...]
    verified_share: float | None
    share: float


@require_GET
@only(Role.AUDITOR)
def search(request: HttpRequest) -> HttpResponse:
    """Find a lot by its number, slip or entry; list what lies at a site, and what was sold."""
    book, asked, faults = the_book(), request.GET.get("q", "").strip(), []
    at = request.GET.get("site", "")
    if asked:
        if address := _address_of(book, asked):
            return redirect(address)
        said = _("There is no lot, slip or entry “%(asked)s” in the book.")
        faults = [said % {"asked": asked[:60]}]
    names = Names()
    site = Site.objects.filter(id=at).first()
    if at and site is None:
        raise Refusal(404)
    lying = _lying(book, site.id)[:LYING] if site else []
    told = {
        "tab": "lots",
        "asked": asked,
        "faults": faults,
        "sites": Site.objects.all(),
        "site": site,
        "lying": [(one, names.material(one.account.what)) for one in lying],
        "parted": [
            (one, names.site(one.site), names.site(to), numbers[:TICKETS])
            for one, to, numbers in _parted(book)
        ],
    }
    return render(request, "audit/lots.html", told, status=404 if faults else 200)


def _lying(book: Book, site: str) -> list[Lot]:
    """List what lies at a site, in grams and in pieces, the oldest first."""
    found = [*lots(book, site=site, most=LYING), *lots(book, site=site, ledger="count", most=LYING)]
    return sorted(found, key=lambda one: one.id)


def _parted(book: Book) -> list[tuple[Entry, str, list[int]]]:
    """List what was sold and what came to plants, the newest first: entry, whither, its lots."""
    found = [
        (one, one.body["buyer"], [draw.parent for draw in one.draws])
        for one in entries(book, kind="sale", most=SOLD, newest_first=True)
    ]
    for plant in Site.objects.filter(kind=PLANT):
        for one in entries(book, site=plant.id, kind="arrival", most=SOLD, newest_first=True):
            made = [line.lot for line in one.postings if line.lot is not None and line.quantity > 0]
            found.append((one, plant.id, made))
    return sorted(found, key=lambda row: -row[0].event_ms)[:SOLD]


def _address_of(book: Book, asked: str) -> str:
    """Find what somebody read off a label, a slip or a certificate; empty where there is none."""
    if len(asked) > LONGEST:
        return ""
    bare = asked.lstrip("№#").strip()
    match = SLIP.fullmatch(bare)
    try:
        if NUMBER.fullmatch(bare):
            return reverse("audit:way", args=[_lot(book, int(bare)).id])
        if UUID7.fullmatch(bare.lower()):
            found = entry(book, bare.lower())
        elif match:
            found = slip(book, match["series"], int(match["number"]))
        else:
            return ""
    except NotFoundError:
        return ""
    made = {one.lot for one in found.postings if one.lot is not None and one.quantity > 0}
    if len(made) == 1:
        return reverse("audit:way", args=[*made])
    return reverse("audit:entry", args=[found.seq])


def _lot(book: Book, number: int) -> Lot:
    if number >= LARGEST:
        raise NotFoundError(f"there is no lot {number} in this book")
    return lot(book, number)


@require_GET
@only(Role.AUDITOR)
def way(request: HttpRequest, number: int) -> HttpResponse:
    """Show a lot's whole way, as a picture and as a table."""
    book, names = the_book(), Names()
    asked = _lot(book, number)
    found = way_of(book, asked.id)
    steps = [*found.steps.values()]
    rows = [_row(book, found, one, names) for one in steps[:ROWS]]
    told = {
        "tab": "lots",
        "way": found,
        "lot": asked,
        "weighed": found.lot,
        "place": names.site(asked.account.site),
        "to": names.site(asked.account.to),
        "material": names.material(asked.account.what),
        "rows": rows,
        "more": len(steps) - len(rows),
        "picture": drawn(found, names),
        "said": claim_in_words(found.claim, names),
        "tickets": sum(len(one.lots) for one in steps if one.kind == "point"),
        "points": len({one.site for one in steps if one.kind == "point"}),
    }
    return render(request, "audit/way.html", told)


def _row(book: Book, way: Way, step: Step, names: Names) -> Row:
    bought = step.kind == "point"
    numbers = step.entries[:TICKETS] if not bought else ()
    told = [entry(book, seq) for seq in numbers]
    moments = [one.event_ms for one in told] or [one.event_ms for one in step.lots]
    sent_g = got_g = None
    if step.kind == "load":
        sent_g, *rest = (one.made_g for one in step.lots)
        got_g = rest[0] if rest else None
    tickets, verified_share = (), None
    if bought:
        taken_g = way.taken_g
        first = [*step.lots[:TICKETS]]
        tickets = tuple((one.id, entry(book, one.entry), taken_g.get(one.id, 0)) for one in first)
        told = [one for _, one, _ in tickets]
        verified_g = sum(taken_g.get(one.id, 0) for one in step.lots if one.verified)
        verified_share = verified_g / max(1, sum(taken_g.get(one.id, 0) for one in step.lots))
    return Row(
        step,
        str(STEPS[step.kind]),
        names.site(step.site),
        names.site(step.to),
        names.process(step.what) if step.kind == "run" else names.material(step.what),
        tuple(one.id for one in step.lots[:TICKETS]) if not bought else (),
        len(step.lots),
        step.entries[:TICKETS],
        ", ".join(dict.fromkeys(one.actor for one in told if one.actor)),
        min(moments, default=None),
        max(moments, default=None),
        sent_g,
        got_g,
        tickets,
        verified_share,
        step.grams / way.lot.made_g,
    )


@require_GET
@only(Role.AUDITOR)
def table(request: HttpRequest, number: int) -> HttpResponse:
    """Give every draw of a lot's way, both ways, as CSV."""
    book = the_book()
    return download(_draws(book, _lot(book, number).id), f"lot-{number}.csv")


def _draws(book: Book, number: int) -> Iterator[Sequence]:
    """Yield a line for each draw on the way, and for each lot where it begins or ends.

    Of a lot in pieces the grams that were weighed with it are followed, and the pieces on to where
    they are.
    """
    yield HEAD.split(",")
    up = trace(book, number)
    for one in up.links:
        yield _drawn(book, "from", one.parent, one.child, one.grams, up.lots[one.parent])
    if entry(book, up.lot.entry).reversed_by is not None:
        return
    for asked in sorted({up.lot.id, number}):
        down = follow(book, asked)
        for one in down.links:
            yield _drawn(book, "to", one.parent, one.child, one.grams, down.lots[one.parent])
        for lies, grams in down.ends_g.items():
            if lies in down.lots:
                yield _drawn(book, "lies", lies, None, grams, down.lots[lies])


def _drawn(
    book: Book, way: str, parent: int, child: int | None, amount: int, one: Lot
) -> tuple[object, ...]:
    """Tell a draw from a lot: of a lot in pieces its amounts stand in the columns of pieces."""
    told, account = entry(book, one.entry), one.account
    weighed = account.ledger == "mass"
    return (
        way,
        parent,
        child or "",
        amount if weighed else "",
        *(plain(text) for text in (account.site, account.to, account.what)),
        one.made_g if weighed else "",
        iso(one.event_ms),
        plain(told.actor),
        one.source,
        int(one.verified),
        told.seq,
        told.hash,
        "" if weighed else amount,
        "" if weighed else one.made_g,
    )


def plain(text: str) -> str:
    """Keep a text from being taken for a formula by a spreadsheet."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
