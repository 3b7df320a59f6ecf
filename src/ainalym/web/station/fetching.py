"""Pick-ups that points ask for: answered, and told to the book when the truck is loaded."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from ainalym.errors import AinalymError
from ainalym.ledger import Book, stock
from ainalym.model.deed import Dispatch
from ainalym.model.entry import now_ms
from ainalym.web.book import the_book
from ainalym.web.letters import checks_letters
from ainalym.web.loads.filled import Filled
from ainalym.web.loads.telling import recorded, tell
from ainalym.web.loads.way import Heap, named
from ainalym.web.loads.weights import plain_kg, say_kg
from ainalym.web.people.access import only
from ainalym.web.people.models import Role
from ainalym.web.programme.models import Pickup, Site
from ainalym.web.refusals import Refusal
from ainalym.web.station.arriving import expected
from ainalym.web.station.models import Truck

PLATE = 20
WORDS = 250


def _asked(site: Site, pickup: UUID) -> Pickup:
    """Find a pick-up that is ours to answer; others are not there."""
    ours = Pickup.objects.select_related("site", "truck").filter(site__ships_to=site)
    return get_object_or_404(ours, id=pickup)


@checks_letters
@require_POST
@only(Role.LEADER)
def answer(request: HttpRequest, site: Site, pickup: UUID) -> HttpResponse:
    """Answer a pick-up: a truck is sent, or the point is told why not."""
    asked, form = _asked(site, pickup), Filled(request.POST)
    sends = request.POST.get("answer") == "yes"
    plate = form.text(
        "plate",
        _("Number plate"),
        longest=PLATE,
        needed=_("Write the number plate of the truck.") if sends else "",
    )
    needed = "" if sends else _("Tell the point why, and when it may ask again.")
    words = form.text("words", _("A word to the point"), longest=WORDS, needed=needed)
    if form.faults:
        return expected(request, site, form, pickup)
    said = ", ".join(filter(None, [plate if sends else "", words]))
    with transaction.atomic():
        told = {"answered_ms": now_ms(), "answered_by": request.user.name, "answer": said}
        new = Pickup.objects.filter(id=asked.id, answered_ms=None).update(**told)
        if new and sends:
            Truck.objects.create(pickup=asked, plate=plate, sent_ms=now_ms())
    if not new and asked.answer != said:
        raise Refusal(
            409, _("This pick-up is answered already: %(answer)s") % {"answer": asked.answer}
        )
    return redirect("station:home", site.id)


@checks_letters
@require_http_methods(["GET", "POST"])
@only(Role.LEADER)
def loaded(request: HttpRequest, site: Site, pickup: UUID) -> HttpResponse:
    """Tell what the truck has loaded at the point: from then on it is under way to us."""
    book, asked = the_book(), _asked(site, pickup)
    if not Truck.objects.filter(pickup=asked).exists():
        raise Refusal(409, _("No truck was sent for this pick-up. Answer it first."))
    form = Filled(request.POST)
    if request.method == "GET":
        return _loading(request, site, asked, _prefilled(book, asked))
    grams = read_loads(form)
    if not grams and not form.faults:
        form.fault(_("Type what was loaded; leave empty what was not."))
    if not form.faults and recorded(book, str(asked.id)) is None:
        hold_to_stock(form, grams, stock(book, asked.site_id))
    if not form.faults:
        deed = Dispatch(
            id=str(asked.id),
            site=asked.site_id,
            event_ms=now_ms(),
            actor=request.user.name,
            to=site.id,
            loads=grams,
            vehicle=asked.truck.plate,
        )
        try:
            tell(book, [deed])
        except AinalymError as error:
            form.said(error)
    if form.faults:
        return _loading(request, site, asked, form)
    return redirect("station:home", site.id)


def _prefilled(book: Book, asked: Pickup) -> Filled:
    """Fill the form in with all that lies at the point."""
    sent = QueryDict(mutable=True)
    for material, grams in stock(book, asked.site_id).items():
        sent[f"kg-{material}"] = plain_kg(grams)
    return Filled(sent)


def read_loads(form: Filled) -> dict[str, int]:
    """Read the weights typed beside materials, in grams; what is empty is left out."""
    names = [name.removeprefix("kg-") for name in form.sent if name.startswith("kg-")]
    found = {
        one.id: form.grams(f"kg-{one.id}", str(one.material))
        for one in named(dict.fromkeys(names, 0))
    }
    return {name: grams for name, grams in found.items() if grams}


def heaps_of(form: Filled, lies_g: Mapping[str, int]) -> list[tuple[Heap, str, bool]]:
    """Lay out what lies somewhere, with what was typed beside it and whether that is wrong."""
    return [
        (heap, form.sent.get(f"kg-{heap.id}", ""), f"kg-{heap.id}" in form.wrong)
        for heap in named(lies_g)
    ]


def hold_to_stock(form: Filled, asked_g: dict[str, int], lies_g: dict[str, int]) -> None:
    """Refuse more than lies there by the book."""
    for name, material, grams in named(asked_g):
        lies = lies_g.get(name, 0)
        if grams > lies:
            said = _("%(material)s: %(lies)s kg lie there by the book, not %(asked)s kg.")
            told = {"material": material, "lies": say_kg(lies), "asked": say_kg(grams)}
            form.fault(said % told, f"kg-{name}")


def _loading(request: HttpRequest, site: Site, asked: Pickup, form: Filled) -> HttpResponse:
    rows = heaps_of(form, stock(the_book(), asked.site_id))
    told = {"site": site, "tab": "expected", "asked": asked, "rows": rows, "faults": form.faults}
    return render(request, "station/loaded.html", told, status=form.status if form.faults else 200)
