"""Pages and posts of the counter."""

import json
import re
from datetime import date
from uuid import UUID

from django.db import transaction
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_POST

from ainalym.errors import ConflictError, NotFoundError
from ainalym.ledger import Book, entry, stock
from ainalym.model.deed import UUID7, Payment, Reversal
from ainalym.model.entry import Entry, new_id, now_ms
from ainalym.web.book import the_book
from ainalym.web.counter.day import day_at, net_g
from ainalym.web.counter.models import Seller
from ainalym.web.counter.plain import told_by_form
from ainalym.web.counter.series import series_of
from ainalym.web.counter.show import bought_tiles, state_of, stocked
from ainalym.web.counter.ticket import (
    REASONS,
    check,
    checked_texts,
    counter_of,
    read_fields,
    read_json,
    refuse_closed,
    ticket_of,
)
from ainalym.web.counter.weights import read_decimal
from ainalym.web.counter.words import WORDS
from ainalym.web.days import is_of_our_time, local
from ainalym.web.letters import checks_letters
from ainalym.web.loads.recounting import overtaken_by, sentences
from ainalym.web.people.access import only
from ainalym.web.people.models import Role
from ainalym.web.programme.held import post
from ainalym.web.programme.models import Material, Pickup, Site
from ainalym.web.refusals import Refusal, for_machines, in_words
from ainalym.web.settings import HERE

SAME_NUMBER = re.compile(r"entry_slip|entry\.series")
"""What the databases say when a slip's number is taken."""


@require_GET
@ensure_csrf_cookie
@only(Role.KEEPER)
def home(request: HttpRequest, site: Site) -> HttpResponse:
    """Show the counter: materials, weights, the sum, and the slips of this phone."""
    return _weigh(request, site)


def _weigh(request: HttpRequest, site: Site, faults: tuple[str, ...] = ()) -> HttpResponse:
    counter = counter_of(the_book(), site, now_ms())
    told = {
        "site": site,
        "tab": "weigh",
        "tiles": bought_tiles(counter),
        "scales": counter.scales,
        "reasons": REASONS.items(),
        "state": json.dumps(state_of(counter, request.user.name)),
        "words": WORDS,
        "id": request.POST.get("id") or new_id(),
        "entered": request.POST,
        "faults": faults,
    }
    return render(request, "counter/weigh.html", told, status=422 if faults else 200)


@require_GET
@only(Role.KEEPER)
def state(request: HttpRequest, site: Site) -> HttpResponse:
    """Tell a phone the prices, the scales and the time."""
    return JsonResponse(state_of(counter_of(the_book(), site, now_ms()), request.user.name))


@checks_letters
@require_POST
@only(Role.KEEPER)
def tickets(request: HttpRequest, site: Site) -> HttpResponse:
    """Record a ticket: 201 the first time, 200 whenever it comes again."""
    if not for_machines(request):
        return _ticket_by_form(request, site)
    told = read_json(request.body)
    recorded, repeated = _record(told, site, request.user.name)
    book = the_book()
    late = sentences(overtaken_by(book, entry(book, recorded)))
    answer = {"id": recorded, "repeated": repeated, "now_ms": now_ms(), "overtaken": late}
    return JsonResponse(answer, status=200 if repeated else 201)


def _record(told: dict[str, object], site: Site, keeper: str) -> tuple[str, bool]:
    """Check a ticket, unless it is in the book already, and post it."""
    book, fields = the_book(), read_fields(told, keeper)
    ticket_id, event_ms = str(fields["id"]), fields["event_ms"]
    if not _is_recorded(book, ticket_id):
        check(fields, counter_of(book, site, event_ms, str(fields["price_list"])))
    ticket = ticket_of(fields, site)
    if not _is_recorded(book, ticket_id):
        refuse_closed(book, ticket)
    try:
        receipt = post(book, [ticket])[0]
    except ConflictError as error:
        if SAME_NUMBER.search(str(error)):
            raise Refusal(409, *in_words(error), code="number") from error
        raise
    if fields["seller"] and fields["consent"]:
        seller = {"site": site, "name": fields["seller"], "agreed_ms": event_ms}
        Seller.objects.get_or_create(ticket=ticket.id, defaults=seller)
    return ticket.id, receipt.repeated


def _is_recorded(book: Book, name: str) -> bool:
    try:
        entry(book, name)
    except NotFoundError:
        return False
    return True


def _ticket_by_form(request: HttpRequest, site: Site) -> HttpResponse:
    """Record a ticket from the bare form, for browsers without scripts; we number it."""
    ticket_id = request.POST.get("id", "")
    if not _is_recorded(the_book(), ticket_id):
        try:
            with transaction.atomic():
                told = told_by_form(request.POST, site, request.user.name)
                _record(told, site, request.user.name)
        except Refusal as refusal:
            return _weigh(request, site, refusal.sentences)
    return redirect("counter:slip", site.id, ticket_id)


@require_POST
@only(Role.KEEPER)
def series(request: HttpRequest, site: Site) -> HttpResponse:
    """Give a phone the series its slips are numbered in; the same phone gets the same one."""
    texts = checked_texts(read_json(request.body), {"device": 36})
    try:
        device = UUID(texts["device"])
    except ValueError:
        raise Refusal(422, _("The phone has no valid name of its own.")) from None
    return JsonResponse({"series": series_of(site, request.user.name, device).name})


def _entry_here(site: Site, name: str) -> Entry:
    """Find a ticket of this site; another site's is not there."""
    found = entry(the_book(), name)
    if found.site != site.id or found.kind != "ticket":
        raise NotFoundError(f"there is no entry {name} in this book")
    return found


@require_GET
@only(Role.KEEPER)
def slip(request: HttpRequest, site: Site, ticket: UUID) -> HttpResponse:
    """Show a slip, to be printed."""
    found = _entry_here(site, str(ticket))
    seller = Seller.objects.filter(ticket=ticket, site=site).first()
    told = {
        "site": site,
        "tab": "day",
        "entry": found,
        "body": found.body,
        "at": local(found.event_ms),
        "net_g": net_g(found.body),
        "material": Material.objects.filter(id=found.body["material"]).first(),
        "seller": None if found.body.get("erased") else seller,
        "reason": _reason(found.body.get("reason", "")),
    }
    return render(request, "counter/slip.html", told)


def _reason(said: str) -> str:
    code, _colon, words = said.partition(": ")
    return words or str(REASONS.get(code, code))


@require_POST
@only(Role.KEEPER)
def take_back(request: HttpRequest, site: Site, ticket: UUID) -> HttpResponse:
    """Take a ticket back whole, with a reason; it stays in the book, and so does this."""
    found = _entry_here(site, str(ticket))
    reason = checked_texts(request.POST, {"reason": 200})["reason"]
    if not reason:
        raise Refusal(422, _("Say why the ticket is taken back."))
    deed = request.POST.get("id", "")
    if not UUID7.fullmatch(deed):
        raise Refusal(400)
    post(
        the_book(),
        [
            Reversal(
                id=deed,
                site=site.id,
                event_ms=max(found.event_ms, int(deed.replace("-", "")[:12], 16)),
                actor=request.user.name,
                reason=reason,
                reverses=found.id,
            )
        ],
    )
    return redirect("counter:slip", site.id, ticket)


@require_GET
@only(Role.KEEPER)
def day(request: HttpRequest, site: Site) -> HttpResponse:
    """Show a day: tickets, what was bought, what is in the till."""
    try:
        on = date.fromisoformat(request.GET.get("on") or local(now_ms()).date().isoformat())
    except ValueError:
        on = None
    if on is None or not is_of_our_time(on):
        raise Refusal(400, _("That is no day."))
    known = {one.id: one for one in Material.objects.all()}
    happened = day_at(the_book(), site.id, on)
    told = {
        "site": site,
        "tab": "day",
        "day": happened,
        "tickets": [
            (one, known.get(one.body["material"], ""), net_g(one.body), local(one.event_ms))
            for one in happened.tickets
        ],
        "bought": [(known.get(name, name), grams, paid) for name, grams, paid in happened.bought],
        "moved": [(one, local(one.event_ms)) for one in happened.moved],
        "id": new_id(),
    }
    return render(request, "counter/day.html", told)


@require_POST
@only(Role.KEEPER)
def till(request: HttpRequest, site: Site) -> HttpResponse:
    """Record money that is brought to the till, or handed in from it."""
    texts = checked_texts(request.POST, {"id": 36, "way": 3, "amount": 14, "reason": 200})
    amount = read_decimal(texts["amount"], 2, _("Amount"))
    if not UUID7.fullmatch(texts["id"]) or texts["way"] not in ("in", "out"):
        raise Refusal(400)
    if not amount:
        raise Refusal(422, _("The amount has to be above zero."))
    payer, payee = ("fund", "cash") if texts["way"] == "in" else ("cash", "fund")
    deed = Payment(
        id=texts["id"],
        site=site.id,
        event_ms=int(texts["id"].replace("-", "")[:12], 16),
        actor=request.user.name,
        reason=texts["reason"],
        payer=payer,
        payee=payee,
        paid_minor=amount,
    )
    post(the_book(), [deed])
    return redirect("counter:day", site.id)


@require_GET
@ensure_csrf_cookie
@only(Role.KEEPER)
def pickup(request: HttpRequest, site: Site) -> HttpResponse:
    """Show what lies at the point, and what was asked before."""
    asked = site.pickups.all()[:10]
    told = {
        "site": site,
        "tab": "pickup",
        "stock": stocked(stock(the_book(), site.id)),
        "asked": [(one, local(one.asked_ms)) for one in asked],
        "id": new_id(),
    }
    return render(request, "counter/pickup.html", told)


@require_POST
@only(Role.KEEPER)
def pickups(request: HttpRequest, site: Site) -> HttpResponse:
    """Ask for a pick-up; asking twice under one name asks once."""
    scripted = for_machines(request)
    told = read_json(request.body) if scripted else request.POST
    texts = checked_texts(told, {"id": 36, "note": 300})
    if not UUID7.fullmatch(texts["id"]):
        raise Refusal(422, _("The request has no valid name of its own. Open the page anew."))
    asked = {
        "site": site,
        "asked_ms": now_ms(),
        "asked_by": request.user.name,
        "loads": stock(the_book(), site.id),
        "note": texts["note"],
    }
    found, new = Pickup.objects.get_or_create(id=texts["id"], defaults=asked)
    if found.site_id != site.id:
        raise Refusal(409)
    if scripted:
        return JsonResponse({"id": texts["id"], "repeated": not new}, status=201 if new else 200)
    return redirect("counter:pickup", site.id)


@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """Give the script that keeps the counter working without a network."""
    file = (HERE / "counter" / "static" / "counter" / "worker.js").open("rb")
    return FileResponse(file, content_type="text/javascript; charset=utf-8")
