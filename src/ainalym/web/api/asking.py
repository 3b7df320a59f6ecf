"""Asking: what lies where, what happened, what is sealed."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router

from ainalym.ledger import (
    claim,
    entries,
    entry,
    follow,
    lot,
    lots,
    monthly_form,
    overtaken,
    periods,
    pieces,
    proofs,
    rules,
    stock,
    trace,
    verify,
)
from ainalym.ledger.provenance import Path
from ainalym.model.deed import UUID7
from ainalym.model.entry import now_ms
from ainalym.web.api import shapes
from ainalym.web.api.door import answered, rights
from ainalym.web.api.shapes import Moment, Number
from ainalym.web.book import the_book
from ainalym.web.loads.models import offers_at
from ainalym.web.programme.models import Material, Site, price_list_of
from ainalym.web.refusals import Refusal

router = Router(tags=["ask"])

MOST = 1_000
"""Rows in one answer."""

CLAIMED = ("model", "share", "verified_ratio", "eligible_share", "allowed", "said")

Most = Query(100, ge=1, le=MOST, description="So many at most.")
After = Query(0, ge=0, lt=1 << 53, description="Only numbers above this one: for the next page.")
Named = Query("", max_length=60)


@router.get("/stock", response=shapes.Stock)
def what_lies(
    request: HttpRequest, site: str = Named, as_of_ms: Moment | None = None
) -> dict[str, object]:
    """Tell what lies at a site, now or at a moment, in grams by material and in pieces."""
    here = rights(request).see(site)
    if not here:
        raise Refusal(422, _("Say which site: give its id in “site”."))
    book = the_book()
    return {
        "site": here,
        "stock_g": stock(book, here, as_of_ms=as_of_ms),
        "stock_pieces": pieces(book, here, as_of_ms=as_of_ms),
        "overtaken": [one._asdict() for one in overtaken(book, site=here, as_of_ms=as_of_ms)],
    }


@router.get("/entries", response=shapes.Entries)
def what_happened(
    request: HttpRequest,
    site: str = Named,
    kind: str = Named,
    from_ms: Moment | None = None,
    to_ms: Moment | None = None,
    after: int = After,
    most: int = Most,
) -> HttpResponse:
    """List entries in the order they were recorded."""
    here = rights(request).see(site)
    found = entries(
        the_book(), site=here, kind=kind, from_ms=from_ms, to_ms=to_ms, after=after, most=most
    )
    told = [shapes.entry_of(one) for one in found]
    return answered({"entries": told, "next": found[-1].seq if len(found) == most else None})


@router.get("/entries/{name}", response=shapes.EntryOut)
def one_entry(request: HttpRequest, name: str) -> dict[str, object]:
    """Give one entry by its id."""
    missing = Refusal(404, _("There is no entry “%(name)s” here for you.") % {"name": name[:60]})
    if not UUID7.fullmatch(name):
        raise missing
    found, held = entry(the_book(), name), rights(request)
    if not held.sees_all and found.site not in held.sites:
        raise missing
    return shapes.entry_of(found)


@router.get("/lots", response=shapes.Lots)
def what_is_left(
    request: HttpRequest,
    site: str = Named,
    material: str = Named,
    to: str = Named,
    ledger: shapes.Counted = "mass",
    after: int = After,
    most: int = Most,
) -> HttpResponse:
    """List lots that are not used up, at a site, or under way to one; in grams, or in pieces."""
    held = rights(request)
    aim = held.see(to) if to else ""
    here = site if aim else held.see(site)
    asked = {"site": here, "material": material, "to": aim, "ledger": ledger}
    page = lots(the_book(), **asked, after=after, most=most)
    told = [shapes.lot_of(one) for one in page]
    return answered({"lots": told, "next": page[-1].id if len(page) == most else None})


@router.get("/lots/{number}", response=shapes.LotOut)
def one_lot(request: HttpRequest, number: Number) -> dict[str, object]:
    """Give one lot."""
    return shapes.lot_of(rights(request).see_lot(lot(the_book(), number)))


@router.get("/lots/{number}/trace", response=shapes.Way)
def where_from(request: HttpRequest, number: Number) -> dict[str, object]:
    """Follow a lot back to the weighings it came from, in exact grams."""
    rights(request).see_all()
    return _way(number, trace(the_book(), number))


@router.get("/lots/{number}/follow", response=shapes.Way)
def where_to(request: HttpRequest, number: Number) -> dict[str, object]:
    """Follow a lot on to where its grams are now, or left."""
    rights(request).see_all()
    return _way(number, follow(the_book(), number))


def _way(number: int, path: Path) -> dict[str, object]:
    ends_g = {str(end): grams for end, grams in path.ends_g.items()}
    return {"lot": number, "ends_g": ends_g, "draws": [draw._asdict() for draw in path.links]}


@router.get("/lots/{number}/claim", response=shapes.ClaimOut)
def what_may_be_said(request: HttpRequest, number: Number) -> dict[str, object]:
    """Say what may be claimed of a lot: its recycled share, and under which model of custody."""
    rights(request).see_lot(lot(the_book(), number))
    may = claim(the_book(), number)
    return {"lot": number} | {name: getattr(may, name) for name in CLAIMED}


@router.get("/periods", response=list[shapes.PeriodOut])
def what_is_sealed(request: HttpRequest) -> list[dict[str, object]]:
    """List closed periods with the roots that seal them; roots are for everybody."""
    return [period._asdict() for period in periods(the_book())]


@router.get("/form", response=list[shapes.FormLineOut])
def the_form(
    request: HttpRequest, from_ms: Moment, to_ms: Moment, site: str = Named
) -> HttpResponse:
    """Fill in the operator's monthly form over a period."""
    here = rights(request).see(site)
    if from_ms >= to_ms:
        raise Refusal(422, _("The period ends before it begins."))
    lines = monthly_form(the_book(), from_ms, to_ms, site=here)
    return answered([line._asdict() for line in lines])


@router.get("/verify", response=shapes.VerdictOut)
def is_it_whole(request: HttpRequest) -> dict[str, object]:
    """Derive the whole book anew: sums, hashes, balances, lots, draws, sealed periods."""
    rights(request).see_all()
    verdict = verify(the_book(), processes=1)
    return {name: getattr(verdict, name) for name in shapes.VerdictOut.model_fields}


@router.get("/proofs/{name}", response=list[dict])
def how_it_is_proved(request: HttpRequest, name: str) -> list[dict[str, object]]:
    """Prove that an entry stands in the closed periods it lies in, after RFC 6962."""
    found = one_entry(request, name)
    return [proof.told for proof in proofs(the_book(), found["seq"])]


@router.get("/sites", response=list[shapes.SiteOut])
def the_sites(request: HttpRequest) -> list[dict[str, object]]:
    """List the sites you see."""
    held = rights(request)
    seen = Site.objects.prefetch_related("scales")
    if not held.sees_all:
        seen = seen.filter(pk__in=held.sites)
    return [
        {
            **{name: getattr(one, name) for name in ("id", "kind", "names", "lon", "lat")},
            "ships_to": one.ships_to_id,
            "scales": sorted(scale.id for scale in one.scales.all()),
        }
        for one in seen
    ]


@router.get("/rules", response=dict[str, dict])
def what_holds(
    request: HttpRequest, about: shapes.About, as_of_ms: Moment | None = None
) -> dict[str, dict]:
    """Give the rules in force about scales, processes, custody or the tolerance, by name."""
    return rules(the_book(), about, as_of_ms=as_of_ms)


@router.get("/offers", response=list[shapes.OfferOut])
def what_is_taken(request: HttpRequest, site: str = Named) -> list[dict[str, object]]:
    """List what stations, plants and the landfill take now, and at which price."""
    return [
        {
            "site": one.site_id,
            "material": one.material_id,
            "price_minor_per_kg": one.price_minor_per_kg,
            "limit_g_per_year": one.limit_g_per_year,
        }
        for offers in offers_at(now_ms()).values()
        for one in offers.values()
        if site in ("", one.site_id)
    ]


@router.get("/materials", response=list[shapes.MaterialOut])
def the_materials(request: HttpRequest) -> list[Material]:
    """List materials under their names in the book."""
    return [*Material.objects.all()]


@router.get("/prices", response=shapes.Prices)
def what_is_paid(request: HttpRequest, site: str = Named) -> dict[str, object]:
    """Tell what a point pays now."""
    here = rights(request).see(site)
    if not here:
        raise Refusal(422, _("Say which site: give its id in “site”."))
    price_list = price_list_of(Site.objects.get(pk=here), now_ms())
    paid = price_list.paid if price_list else {}
    return {"site": here, "price_list": str(price_list or ""), "paid_minor_per_kg": paid}
