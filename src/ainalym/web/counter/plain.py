"""The counter's form as a browser without scripts sends it."""

from collections.abc import Mapping
from uuid import UUID

from django.db.models import F
from django.utils.translation import gettext as _

from ainalym.model.entry import now_ms
from ainalym.web.book import the_book
from ainalym.web.counter.models import Series
from ainalym.web.counter.ticket import counter_of, paid_for
from ainalym.web.counter.weights import read_decimal
from ainalym.web.programme.models import Site
from ainalym.web.refusals import Refusal

NO_PHONE = UUID(int=0)
"""Stands for the device of a series that the server numbers."""


def told_by_form(form: Mapping[str, str], site: Site, keeper: str) -> dict[str, object]:
    """Read the form into what a phone would have told; call inside a transaction.

    Raises
    ------
    Refusal
        A number cannot be read, or no material is chosen; every fault is listed.
    """
    faults: list[str] = []

    def grams(name: str, what: str) -> int:
        try:
            return read_decimal(form.get(name, ""), 3, what)
        except Refusal as refusal:
            faults.extend(refusal.sentences)
            return 0

    at_ms = now_ms()
    counter = counter_of(the_book(), site, at_ms)
    gross_g = grams("gross", _("On the scale"))
    tare_g = grams("tare", _("Empty vessel"))
    off_g = grams("off", _("Taken off"))
    material = form.get("material", "")
    listed = counter.paid_minor_per_kg.get(material, 0)
    price = listed
    if form.get("price", "").strip():
        try:
            price = read_decimal(form["price"], 2, _("Price"))
        except Refusal as refusal:
            faults.extend(refusal.sentences)
    if not material:
        faults.append(_("Choose what was brought."))
    if faults:
        raise Refusal(422, *faults)
    series, number = _next_slip(site, keeper)
    reason = form.get("reason", "")
    if reason == "other":
        reason = f"other: {form.get('words', '').strip()}"
    return {
        "id": form.get("id", ""),
        "keeper": keeper,
        "series": series,
        "number": number,
        "material": material,
        "gross_g": gross_g,
        "tare_g": tare_g,
        "deduction_g": off_g,
        "price_minor_per_kg": price,
        "paid_minor": paid_for(max(gross_g - tare_g - off_g, 0), price),
        "price_list": str(counter.price_list or ""),
        "reason": reason if price != listed else "",
        "scale": form.get("scale", ""),
        "source": form.get("source", ""),
        "seller": form.get("seller", "").strip() if form.get("consent") else "",
        "consent": bool(form.get("consent")),
        "sure": bool(form.get("sure")),
        "event_ms": at_ms,
    }


def _next_slip(site: Site, keeper: str) -> tuple[str, int]:
    """Take the next number of the series that the server numbers."""
    held, _new = Series.objects.get_or_create(
        site=site, keeper=keeper, device=NO_PHONE, defaults={"name": f"{site.id}-{keeper}"[:60]}
    )
    Series.objects.filter(pk=held.pk).update(last=F("last") + 1)
    held.refresh_from_db()
    return held.name, held.last
