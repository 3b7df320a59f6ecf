"""What is expected at the station, and its weighing in."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from ainalym.errors import AinalymError
from ainalym.ledger import Book
from ainalym.model.deed import Arrival
from ainalym.model.entry import new_id, now_ms
from ainalym.units import PPM
from ainalym.web.book import the_book
from ainalym.web.days import local
from ainalym.web.letters import checks_letters
from ainalym.web.loads.filled import Filled
from ainalym.web.loads.models import offers_at
from ainalym.web.loads.reasons import WEIGHT, reason_in_words
from ainalym.web.loads.telling import entry_here, recorded, tell
from ainalym.web.loads.way import (
    Load,
    load_here,
    loads_from,
    loads_to,
    named,
    weighings,
)
from ainalym.web.loads.weighing import (
    hold_to_sent,
    read_scale,
    read_weights,
    rows_of,
    scales_of,
    tolerance_ppm,
)
from ainalym.web.people.access import only
from ainalym.web.people.models import Role
from ainalym.web.programme.models import Pickup, Site


@require_GET
@only(Role.LEADER)
def home(request: HttpRequest, site: Site) -> HttpResponse:
    """Show what is asked for, what is on its way here, and what left and has not arrived."""
    return expected(request, site, Filled(QueryDict()))


def expected(
    request: HttpRequest, site: Site, form: Filled, wrong: UUID | None = None
) -> HttpResponse:
    """Show what is expected, and the form of one pick-up as it was filled in."""
    book = the_book()
    told = {
        "site": site,
        "tab": "expected",
        "pickups": [
            (one, named(one.loads), local(one.asked_ms), one.id == wrong)
            for one in Pickup.objects.filter(site__ships_to=site, answered_ms=None)
            .select_related("site")
            .order_by("asked_ms")
        ],
        "trucks": _trucks(book, site),
        "loads": loads_to(book, site),
        "away": loads_from(book, site),
        "entered": form.sent,
        "wrong": form.wrong,
        "faults": form.faults,
    }
    return render(request, "station/home.html", told, status=form.status if form.faults else 200)


def _trucks(book: Book, site: Site) -> list[Pickup]:
    """List pick-ups whose truck has not told yet what it loaded."""
    sent = Pickup.objects.filter(site__ships_to=site, truck__isnull=False)
    recent = sent.select_related("site", "truck").order_by("-truck__sent_ms")[:50]
    return [one for one in recent if recorded(book, str(one.id)) is None]


@checks_letters
@require_http_methods(["GET", "POST"])
@only(Role.LEADER)
def load(request: HttpRequest, site: Site, load: UUID) -> HttpResponse:
    """Weigh a load in."""
    book = the_book()
    due, form = load_here(book, site, str(load)), Filled(request.POST)
    if request.method == "POST":
        deed = _arrival(book, site, due, form, request.user.name)
        if deed is not None:
            try:
                tell(book, [deed])
                return redirect("station:arrival", site.id, deed.id)
            except AinalymError as error:
                form.said(error)
    told = {
        "site": site,
        "tab": "expected",
        "load": due,
        "rows": rows_of(due, form),
        "scales": [*scales_of(book, site)],
        "tolerance": tolerance_ppm(book) / PPM,
        "reasons": WEIGHT.items(),
        "back": reverse("station:take-back", args=[site.id, due.entry.id]),
        "id": form.sent.get("id") or new_id(),
        "entered": form.sent,
        "wrong": form.wrong,
        "faults": form.faults,
    }
    return render(request, "station/load.html", told, status=form.status if form.faults else 200)


def _arrival(book: Book, site: Site, due: Load, form: Filled, leader: str) -> Arrival | None:
    """Read an arrival out of the form; None where it has faults."""
    before = recorded(book, form.id)
    at_ms = before.event_ms if before else now_ms()
    scale = read_scale(form, scales_of(book, site), at_ms)
    got_g = read_weights(form, due, scale)
    reason = form.reason(WEIGHT)
    hold_to_sent(form, due, got_g, tolerance_ppm(book), got_g if reason else ())
    if form.faults or scale is None:
        return None
    paid = offers_at(at_ms, site).get(site.id, {})
    return Arrival(
        id=form.id,
        site=site.id,
        event_ms=at_ms,
        actor=leader,
        reason=reason,
        lots=got_g,
        price_minor_per_kg={
            piece.id: paid[piece.id].price_minor_per_kg
            for piece in due.pieces
            if piece.id in paid and due.from_point
        },
        scale=scale.id,
    )


@require_GET
@only(Role.LEADER)
def arrival(request: HttpRequest, site: Site, name: UUID) -> HttpResponse:
    """Show the slip of a weighing-in: sent, arrived, the difference."""
    found = entry_here(the_book(), site.id, str(name), "arrival")
    rows = weighings(found)
    told = {
        "site": site,
        "tab": "done",
        "entry": found,
        "rows": rows,
        "sent_g": sum(row.sent_g for row in rows),
        "got_g": sum(row.got_g for row in rows),
        "off_g": sum(row.off_g for row in rows),
        "reason": reason_in_words(found.body.get("reason", ""), WEIGHT),
    }
    return render(request, "station/arrival.html", told)
