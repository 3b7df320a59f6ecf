"""What the plant offers: what it takes, at which price, and how much of it in a year."""

from typing import NamedTuple

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ainalym.model.entry import now_ms
from ainalym.web.book import the_book
from ainalym.web.loads.filled import Filled
from ainalym.web.loads.models import Offer, offers_at
from ainalym.web.loads.taking import taken_g
from ainalym.web.loads.weights import plain_kg, plain_money, say_money
from ainalym.web.people.access import note, only
from ainalym.web.people.models import Role
from ainalym.web.programme.models import Material, Site

TIMES = 10
"""A price so many times higher or lower than before has to be confirmed."""


class Row(NamedTuple):
    """One offer on its page: what holds, what was typed, what is used up of its limit."""

    offer: Offer
    price: str
    limit: str
    taken: bool
    price_wrong: bool
    limit_wrong: bool
    so_far_g: int


@require_http_methods(["GET", "POST"])
@only(Role.BUYER)
def offers(request: HttpRequest, site: Site) -> HttpResponse:
    """Show and change the offers; what is not changed is not told anew."""
    form, at_ms = Filled(request.POST), now_ms()
    if request.method == "POST":
        with transaction.atomic():
            held = offers_at(at_ms, site).get(site.id, {})
            new = _read(form, site, held, at_ms, request.user.name)
            if not form.faults:
                Offer.objects.bulk_create(new)
                for one in new:
                    note(request, "offers", f"{site.id} {one.material_id} {one.price_minor_per_kg}")
                return redirect("plant:offers", site.id)
    held = offers_at(at_ms, site).get(site.id, {})
    so_far = taken_g(the_book(), site, at_ms)
    told = {
        "site": site,
        "tab": "offers",
        "rows": [_row(form, one, so_far.get(name, 0)) for name, one in held.items()],
        "others": Material.objects.exclude(id__in=held),
        "new_price": form.sent.get("price-new", ""),
        "new_limit": form.sent.get("limit-new", ""),
        "entered": form.sent,
        "wrong": form.wrong,
        "faults": form.faults,
    }
    return render(request, "plant/offers.html", told, status=form.status if form.faults else 200)


def _row(form: Filled, one: Offer, so_far_g: int) -> Row:
    name, limit_g = one.material_id, one.limit_g_per_year
    price, limit = f"price-{name}", f"limit-{name}"
    usual_limit = "" if limit_g is None else plain_kg(limit_g)
    return Row(
        one,
        form.sent.get(price, plain_money(one.price_minor_per_kg)),
        form.sent.get(limit, usual_limit),
        f"taken-{name}" in form.sent if form.sent else True,
        price in form.wrong,
        limit in form.wrong,
        so_far_g,
    )


def _read(form: Filled, site: Site, held: dict[str, Offer], at_ms: int, buyer: str) -> list[Offer]:
    """Read the offers that differ from those in force."""
    found = []
    for name, before in held.items():
        if f"price-{name}" not in form.sent:
            continue
        taken = f"taken-{name}" in form.sent
        one = _offer(form, name, before.material, before) if taken else before
        changed = (one.price_minor_per_kg, one.limit_g_per_year) != (
            before.price_minor_per_kg,
            before.limit_g_per_year,
        )
        if not taken or changed:
            found.append(_new(site, name, one, at_ms, buyer, taken=taken))
    if more := form.sent.get("material"):
        material = Material.objects.filter(id=more).first()
        if material is None or more in held:
            form.fault(_("Choose a material that is not offered yet."), "material")
        else:
            one = _offer(form, "new", material, None)
            found.append(_new(site, more, one, at_ms, buyer, taken=True))
    return found


def _offer(form: Filled, field: str, material: Material, before: Offer | None) -> Offer:
    """Read one offer's price and limit."""
    told = {"material": material}
    price = form.money_minor(f"price-{field}", _("%(material)s, price") % told, needed=True)
    limit_g = form.grams(f"limit-{field}", _("%(material)s, limit") % told)
    usual = before.price_minor_per_kg if before else 0
    absurd = price and usual > 0 and not usual <= price * TIMES <= usual * TIMES * TIMES
    if absurd and not form.sent.get("sure"):
        said = _(
            "%(material)s: the price was %(before)s for a kilogram, and now it is %(price)s. "
            "Is it for a kilogram, in tenge? Look again, and tick that it is right."
        )
        said %= told | {"before": say_money(usual), "price": say_money(price)}
        form.fault(said, f"price-{field}")
    typed = form.sent.get(f"limit-{field}", "").strip()
    return Offer(price_minor_per_kg=price, limit_g_per_year=limit_g if typed else None)


def _new(site: Site, material: str, one: Offer, at_ms: int, buyer: str, *, taken: bool) -> Offer:
    return Offer(
        site=site,
        material_id=material,
        from_ms=at_ms,
        price_minor_per_kg=one.price_minor_per_kg,
        limit_g_per_year=one.limit_g_per_year,
        taken=taken,
        told_by=buyer,
    )
