"""What leaves the station: bales and heaps to plants, residue to the landfill, with a passport."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from ainalym.errors import AinalymError
from ainalym.ledger import Book, lot, lots, stock
from ainalym.model.deed import Deed, Dispatch, Sale
from ainalym.model.entry import Lot, new_id, now_ms
from ainalym.web.book import the_book
from ainalym.web.letters import checks_letters
from ainalym.web.loads.filled import Filled
from ainalym.web.loads.models import Offer, offers_at
from ainalym.web.loads.taking import taken_g
from ainalym.web.loads.telling import entry_here, recorded, tell
from ainalym.web.loads.way import Heap, named, origin_of
from ainalym.web.loads.weights import say_kg
from ainalym.web.people.access import only
from ainalym.web.people.models import Role
from ainalym.web.programme.models import LANDFILL, PLANT, Site
from ainalym.web.station.fetching import PLATE, heaps_of, hold_to_stock, read_loads


class Shelf(NamedTuple):
    """One material at the station: its lots to be ticked, a weight to be typed, who takes it."""

    heap: Heap
    typed: str
    wrong: bool
    lots: list[tuple[Lot, str, bool]]
    takers: list[Offer]

    @property
    def ticked(self) -> bool:
        """Whether a lot of it is ticked."""
        return any(ticked for _lot, _value, ticked in self.lots)


def buyers(at_ms: int) -> dict[Site, dict[str, Offer]]:
    """List the plants and landfills that take something, with their offers."""
    sites = {one.id: one for one in Site.objects.filter(kind__in=(PLANT, LANDFILL))}
    found = offers_at(at_ms, *sites.values())
    return {sites[name]: offers for name, offers in found.items()}


@checks_letters
@require_http_methods(["GET", "POST"])
@only(Role.LEADER)
def send(request: HttpRequest, site: Site) -> HttpResponse:
    """Send lots and heaps to a plant, or to the landfill."""
    book, form = the_book(), Filled(request.POST)
    if request.method == "POST":
        deed = _leaving(book, site, form, request.user.name)
        if deed is not None:
            try:
                tell(book, [deed])
                return redirect("station:passport", site.id, deed.id)
            except AinalymError as error:
                form.said(error)
    told = {
        "site": site,
        "tab": "send",
        "shelves": _shelves(book, site, form),
        "buyers": [*buyers(now_ms())],
        "id": form.sent.get("id") or new_id(),
        "entered": form.sent,
        "wrong": form.wrong,
        "faults": form.faults,
    }
    return render(request, "station/send.html", told, status=form.status if form.faults else 200)


def _shelves(book: Book, site: Site, form: Filled) -> list[Shelf]:
    ticked = {*form.sent.getlist("lot")}
    held: dict[str, list[tuple[Lot, str, bool]]] = {}
    for one in lots(book, site=site.id):
        value = f"{one.id}={one.left_g}"
        held.setdefault(one.account.what, []).append((one, value, value in ticked))
    takers: dict[str, list[Offer]] = {}
    for offers in buyers(now_ms()).values():
        for material, offer in offers.items():
            takers.setdefault(material, []).append(offer)
    return [
        Shelf(heap, typed, wrong, held.get(heap.id, []), takers.get(heap.id, []))
        for heap, typed, wrong in heaps_of(form, stock(book, site.id))
    ]


def _leaving(book: Book, site: Site, form: Filled, leader: str) -> Deed | None:
    """Read what leaves out of the form; None where it has faults."""
    before = recorded(book, form.id)
    at_ms = before.event_ms if before else now_ms()
    known = {buyer.id: (buyer, offers) for buyer, offers in buyers(at_ms).items()}
    to = form.chosen("to", known, _("Choose where it goes."))
    plate = form.text(
        "vehicle",
        _("Number plate"),
        longest=PLATE,
        needed=_("Write the number plate of the truck."),
    )
    chosen, loads = _read_lots(book, site, form), read_loads(form)
    if not chosen and not loads and not form.faults:
        form.fault(_("Tick what is loaded, or type its weight."))
    if form.faults:
        return None
    buyer, offers = known[to]
    sums = dict(loads)
    for number, grams in chosen.items():
        what = lot(book, number).account.what
        sums[what] = sums.get(what, 0) + grams
    if before is None:
        hold_to_stock(form, sums, stock(book, site.id))
        _hold_to_offers(book, form, buyer, offers, sums, at_ms)
    if form.faults:
        return None
    same = {"id": form.id, "site": site.id, "event_ms": at_ms, "actor": leader}
    if buyer.kind == LANDFILL:
        prices = {name: offers[name].price_minor_per_kg for name in sums}
        said = f"truck: {plate}"
        return Sale(
            **same, buyer=to, loads=loads, lots=chosen, price_minor_per_kg=prices, reason=said
        )
    return Dispatch(**same, to=to, loads=loads, lots=chosen, vehicle=plate)


def _read_lots(book: Book, site: Site, form: Filled) -> dict[int, int]:
    """Read the ticked lots: number and grams, as they stood on the page."""
    here = {one.id for one in lots(book, site=site.id)}
    found = {}
    for value in form.sent.getlist("lot"):
        number, _sign, grams = value.partition("=")
        if not (number.isdecimal() and grams.isdecimal() and len(number) < 16 > len(grams)):
            form.fault(_("A lot that was ticked cannot be read. Open the page anew."), "lot")
        elif int(number) not in here and recorded(book, form.id) is None:
            said = _("Lot %(lot)s does not lie here any more. Look at the stock.")
            form.fault(said % {"lot": number}, "lot")
        else:
            found[int(number)] = int(grams)
    return found


def _hold_to_offers(
    book: Book,
    form: Filled,
    buyer: Site,
    offers: Mapping[str, Offer],
    sums_g: Mapping[str, int],
    at_ms: int,
) -> None:
    """Refuse what the buyer does not take, or no more of this year."""
    so_far = taken_g(book, buyer, at_ms)
    for name, material, grams in named(sums_g):
        told = {"buyer": buyer, "material": material}
        if name not in offers:
            said = _("%(buyer)s does not take this: %(material)s.")
            form.fault(said % told, "to")
            continue
        limit_g = offers[name].limit_g_per_year
        if limit_g is not None and so_far.get(name, 0) + grams > limit_g:
            left_g = max(limit_g - so_far.get(name, 0), 0)
            said = _("%(buyer)s takes only %(left)s kg more this year of this: %(material)s.")
            form.fault(said % (told | {"left": say_kg(left_g)}), "to")


@require_GET
@only(Role.LEADER)
def passport(request: HttpRequest, site: Site, name: UUID) -> HttpResponse:
    """Show the passport of a load: what is on the truck, in which lots, and where it comes from."""
    book = the_book()
    found = entry_here(book, site.id, str(name), "dispatch", "sale")
    drawn = [(draw.parent, draw.grams) for draw in found.draws]
    materials: dict[str, int] = {}
    rows = []
    for number, grams in drawn:
        what = lot(book, number).account.what
        materials[what] = materials.get(what, 0) + grams
        rows.append((number, what, grams))
    heaps = named(materials)
    names = {heap.id: heap.material for heap in heaps}
    under_way = [
        one.lot for one in found.postings if one.lot is not None and one.account.role == "transit"
    ]
    to = found.body.get("to") or found.body["buyer"]
    told = {
        "site": site,
        "tab": "done",
        "entry": found,
        "to": Site.objects.filter(id=to).first() or to,
        "vehicle": found.body.get("vehicle") or found.body.get("reason", "").partition(": ")[2],
        "heaps": heaps,
        "rows": [(number, names[what], grams) for number, what, grams in rows],
        "total_g": sum(materials.values()),
        "origin": origin_of(book, under_way) if under_way else None,
    }
    return render(request, "station/passport.html", told)
