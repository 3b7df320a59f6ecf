"""What points pay: price lists, each from a moment on; an old one is never changed."""

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ainalym.model.entry import now_ms
from ainalym.web.office.numbers import plain, read_number
from ainalym.web.people.access import note, only
from ainalym.web.people.models import Role
from ainalym.web.programme.models import POINT, Material, Price, PriceList, Site, price_list_of
from ainalym.web.refusals import Refusal


@require_http_methods(["GET", "POST"])
@only(Role.DEPARTMENT)
def prices(request: HttpRequest) -> HttpResponse:
    """Show the list in force, and make a new one, for all points or for one."""
    points = Site.objects.filter(kind=POINT)
    named = request.POST.get("site", "") or request.GET.get("site", "")
    site = points.filter(id=named).first()
    if named and site is None:
        raise Refusal(404)
    faults: tuple[str, ...] = ()
    if request.method == "POST":
        try:
            _renew(request, site)
        except Refusal as refusal:
            faults = refusal.sentences
        else:
            return redirect(f"{request.path}?site={named}" if named else request.path)
    in_force = price_list_of(site, now_ms()) if site else _general()
    paid = in_force.paid if in_force else {}
    rows = [
        (one, request.POST.get(f"price-{one.id}", plain(paid.get(one.id), 2)))
        for one in Material.objects.all()
    ]
    told = {"tab": "prices", "rows": rows, "points": points, "site": site, "faults": faults}
    return render(request, "office/prices.html", told, status=422 if faults else 200)


def _general() -> PriceList | None:
    return PriceList.objects.filter(site=None, from_ms__lte=now_ms()).first()


def _renew(request: HttpRequest, site: Site | None) -> None:
    """Make a price list of the form; what is empty is not bought."""
    faults: list[str] = []
    paid = {}
    for one in Material.objects.all():
        text = request.POST.get(f"price-{one.id}", "")
        if text.strip():
            try:
                paid[one.id] = read_number(text, 2, str(one))
            except Refusal as refusal:
                faults += refusal.sentences
    if not paid and not faults:
        faults.append(_("A list needs at least one price."))
    if faults:
        raise Refusal(422, *faults)
    with transaction.atomic():
        price_list = PriceList.objects.create(from_ms=now_ms(), site=site)
        Price.objects.bulk_create(
            Price(price_list=price_list, material_id=name, price_minor_per_kg=price)
            for name, price in paid.items()
        )
        note(request, "prices", f"{price_list} {site.id if site else '*'}")
