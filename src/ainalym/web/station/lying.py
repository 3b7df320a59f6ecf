"""What lies at the station, with its labels; what was done there, and taking it back."""

from typing import NamedTuple
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from ainalym.errors import NotFoundError
from ainalym.ledger import Book, entries, entry, lot, lots, pieces, stock
from ainalym.model.deed import Reversal
from ainalym.model.entry import Entry, Lot, now_ms
from ainalym.web.book import the_book
from ainalym.web.loads.filled import Filled
from ainalym.web.loads.telling import recorded, tell
from ainalym.web.loads.way import Named, named, origin_of
from ainalym.web.people.access import only
from ainalym.web.people.models import Role
from ainalym.web.programme.models import Pickup, Site

KINDS = ("arrival", "change", "dispatch", "sale")
PAGE = {"arrival": "arrival", "change": "run", "dispatch": "passport", "sale": "passport"}
"""Where each kind of deed of a station is shown."""

MOST = 60


class Shelf(NamedTuple):
    """What lies there of a material: weighed, counted or both, and its lots."""

    material: Named
    grams: int
    pieces: int
    lots: list[Lot]


@require_GET
@only(Role.LEADER)
def stock_here(request: HttpRequest, site: Site) -> HttpResponse:
    """Show the stock by material, with its lots: what is weighed in grams, what is counted in
    pieces."""
    book = the_book()
    held: dict[str, list[Lot]] = {}
    for ledger in ("mass", "count"):
        for one in lots(book, site=site.id, ledger=ledger):
            held.setdefault(one.account.what, []).append(one)
    weighed, counted = stock(book, site.id), pieces(book, site.id)
    told = {
        "site": site,
        "tab": "stock",
        "shelves": [
            Shelf(heap.material, heap.grams, counted.get(heap.id, 0), held.get(heap.id, []))
            for heap in named(dict.fromkeys(counted, 0) | weighed)
        ],
        "total_g": sum(weighed.values()),
    }
    return render(request, "station/stock.html", told)


@require_GET
@only(Role.LEADER)
def label(request: HttpRequest, site: Site, number: int) -> HttpResponse:
    """Show the label of one lot, with where its grams come from."""
    book = the_book()
    # Larger numbers than the databases hold are no lots either.
    if number >= 1 << 63:
        raise NotFoundError(f"there is no lot {number} in this book")
    found = lot(book, number)
    if found.account.site != site.id or found.account.role != "stock":
        raise NotFoundError(f"there is no lot {number} in this book")
    told = {
        "site": site,
        "tab": "stock",
        "lot": found,
        "material": named({found.account.what: 0})[0].material,
        "made": entry(book, found.entry),
        "origin": origin_of(book, [number]),
    }
    return render(request, "station/lot.html", told)


@require_GET
@only(Role.LEADER)
def done(request: HttpRequest, site: Site) -> HttpResponse:
    """Show what was recorded here, the newest first."""
    found = entries(the_book(), site=site.id, most=MOST, newest_first=True)
    told = {
        "site": site,
        "tab": "done",
        "rows": [
            (one, f"station:{PAGE[one.kind]}", _moved(one, "mass"), _moved(one, "count"))
            for one in found
            if one.kind in KINDS
        ],
    }
    return render(request, "station/done.html", told)


def _moved(found: Entry, ledger: str) -> int:
    """Say how many grams or pieces a deed moved: what came in, went onto the line, or left."""
    signs = [
        one.quantity
        for one in found.postings
        if one.lot is not None and one.account.ledger == ledger
    ]
    if found.kind == "arrival":
        return sum(quantity for quantity in signs if quantity > 0)
    return -sum(quantity for quantity in signs if quantity < 0)


@require_POST
@only(Role.LEADER)
def take_back(request: HttpRequest, site: Site, name: UUID) -> HttpResponse:
    """Take back what was recorded by mistake, with a reason; both stay in the book."""
    book, form = the_book(), Filled(request.POST)
    found = _ours(book, site, str(name))
    needed = _("Say why it is taken back.")
    reason = form.text("reason", _("Reason"), longest=200, needed=needed)
    if form.faults:
        told = {"site": site, "tab": "done", "entry": found, "faults": form.faults, "id": form.id}
        told |= {"entered": form.sent}
        return render(request, "station/take_back.html", told, status=422)
    before = recorded(book, form.id)
    deed = Reversal(
        id=form.id,
        site=found.site,
        event_ms=before.event_ms if before else max(found.event_ms, now_ms()),
        actor=request.user.name,
        reason=reason,
        reverses=found.id,
    )
    tell(book, [deed])
    return redirect("station:done", site.id)


def _ours(book: Book, site: Site, name: str) -> Entry:
    """Find what was recorded here, or by us at a point for its pick-up."""
    found = entry(book, name)
    if found.site == site.id and found.kind in KINDS:
        return found
    if Pickup.objects.filter(id=name, site__ships_to=site).exists():
        return found
    raise NotFoundError(f"there is no entry {name} in this book")
