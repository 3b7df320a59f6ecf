"""Deliveries on their way to the plant, and taking them: weighed, and taken or refused by grade."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from ainalym.errors import AinalymError
from ainalym.ledger import Book, entry
from ainalym.model.deed import Arrival
from ainalym.model.entry import new_id, now_ms
from ainalym.units import PPM
from ainalym.web.book import the_book
from ainalym.web.letters import checks_letters
from ainalym.web.loads.filled import Filled
from ainalym.web.loads.models import Offer, offers_at
from ainalym.web.loads.reasons import WEIGHT
from ainalym.web.loads.telling import recorded, tell
from ainalym.web.loads.way import Load, load_here, loads_from, loads_to
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
from ainalym.web.plant.verdict import (
    Verdict,
    choices_of,
    following,
    prices_of,
    read_verdicts,
)
from ainalym.web.programme.models import Site


@require_GET
@only(Role.BUYER)
def home(request: HttpRequest, site: Site) -> HttpResponse:
    """Show what is on its way to the plant, and what goes back and has not arrived."""
    book = the_book()
    told = {
        "site": site,
        "tab": "deliveries",
        "loads": loads_to(book, site),
        "away": loads_from(book, site),
    }
    return render(request, "plant/home.html", told)


@checks_letters
@require_http_methods(["GET", "POST"])
@only(Role.BUYER)
def delivery(request: HttpRequest, site: Site, load: UUID) -> HttpResponse:
    """Take a delivery: weigh it, and take or refuse each grade."""
    book = the_book()
    due, form = load_here(book, site, str(load)), Filled(request.POST)
    before = recorded(book, form.id) if request.method == "POST" else None
    at_ms = before.event_ms if before else now_ms()
    offers = offers_at(at_ms, site).get(site.id, {})
    if request.method == "POST":
        deed, verdicts = _arrival(book, site, due, form, offers, at_ms, request.user.name)
        if deed is not None:
            try:
                tell(book, [deed])
                if more := following(
                    book, entry(book, deed.id), verdicts, due.entry.site, deed.actor
                ):
                    tell(book, more)
                return redirect("plant:certificate", site.id, deed.id)
            except AinalymError as error:
                form.said(error)
    choices = choices_of(due, form, offers)
    told = {
        "site": site,
        "tab": "deliveries",
        "load": due,
        "rows": [(row, choices[row.piece.lot]) for row in rows_of(due, form)],
        "scales": [*scales_of(book, site)],
        "tolerance": tolerance_ppm(book) / PPM,
        "reasons": WEIGHT.items(),
        "id": form.sent.get("id") or new_id(),
        "entered": form.sent,
        "wrong": form.wrong,
        "faults": form.faults,
    }
    return render(request, "plant/delivery.html", told, status=form.status if form.faults else 200)


def _arrival(
    book: Book,
    site: Site,
    due: Load,
    form: Filled,
    offers: dict[str, Offer],
    at_ms: int,
    buyer: str,
) -> tuple[Arrival | None, list[Verdict]]:
    """Read an arrival and what was decided out of the form; None where it has faults."""
    scale = read_scale(form, scales_of(book, site), at_ms)
    got_g = read_weights(form, due, scale)
    verdicts = read_verdicts(form, due, offers)
    reason = form.reason(WEIGHT)
    hold_to_sent(form, due, got_g, tolerance_ppm(book), got_g if reason else ())
    if form.faults or scale is None:
        return None, verdicts
    deed = Arrival(
        id=form.id,
        site=site.id,
        event_ms=at_ms,
        actor=buyer,
        reason=reason,
        lots=got_g,
        price_minor_per_kg=prices_of(verdicts, offers),
        scale=scale.id,
    )
    return deed, verdicts
