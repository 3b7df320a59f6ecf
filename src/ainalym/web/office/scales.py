"""Scales of sites, and until when each is verified: a rule of the book."""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ainalym.ledger import rules
from ainalym.model.deed import Rule
from ainalym.model.entry import ms, new_id, now_ms
from ainalym.web.book import the_book
from ainalym.web.days import is_of_our_time, local
from ainalym.web.office.numbers import read_number
from ainalym.web.paged import paged
from ainalym.web.people.access import note, only
from ainalym.web.people.models import Role
from ainalym.web.programme.held import post
from ainalym.web.programme.models import LANDFILL, Scale, Site
from ainalym.web.refusals import Refusal

NAME = re.compile(r"[A-Za-z0-9._-]{2,60}")


@require_http_methods(["GET", "POST"])
@only(Role.DEPARTMENT)
def scales(request: HttpRequest) -> HttpResponse:
    """List the scales with their verification; add one, or tell a new verification."""
    faults: tuple[str, ...] = ()
    if request.method == "POST":
        try:
            _tell(request)
        except Refusal as refusal:
            faults = refusal.sentences
        else:
            return redirect(request.path)
    known, at_ms = rules(the_book(), "scale"), now_ms()
    rows = []
    page = paged(request, Scale.objects.select_related("site").order_by("site", "id"))
    for one in page:
        until_ms = known.get(one.id, {}).get("verified_until_ms", 0)
        until = local(until_ms) if until_ms else None
        rows.append((one, one.most_g / 1000, one.step_g, until, until_ms > at_ms))
    told = {
        "tab": "scales",
        "rows": rows,
        "page": page,
        "known": Scale.objects.order_by("site", "id").values_list("id", flat=True),
        "sites": Site.objects.exclude(kind=LANDFILL),
        "faults": faults,
        "entered": request.POST,
    }
    return render(request, "office/scales.html", told, status=422 if faults else 200)


def _tell(request: HttpRequest) -> None:
    """Add a scale that is not known yet, and post until when it is verified."""
    form, faults = request.POST, []
    name = form.get("scale", "").strip()
    known = Scale.objects.filter(id=name).first()
    try:
        last = date.fromisoformat(form.get("until", ""))
    except ValueError:
        last = None
    if last is None or not is_of_our_time(last):
        faults.append(_("Say until which day the scale is verified."))
    if known is None:
        try:
            known = _made(name, form.get("site", ""), form.get("most", ""), form.get("step", ""))
        except Refusal as refusal:
            faults += refusal.sentences
    if faults:
        raise Refusal(422, *faults)
    # It is verified until the end of its last day.
    ends = datetime.combine(last + timedelta(days=1), time(), ZoneInfo(settings.TIME_ZONE))
    rule = Rule(
        id=new_id(),
        site=known.site_id,
        event_ms=now_ms(),
        actor=request.user.name,
        about="scale",
        name=known.id,
        terms={"verified_until_ms": ms(ends)},
    )
    with transaction.atomic():
        known.save()
        note(request, "scale", f"{known.id} {last}")
        post(the_book(), [rule])


def _made(name: str, site: str, most: str, step: str) -> Scale:
    faults = []
    if not NAME.fullmatch(name):
        faults.append(_("A scale's name has 2 to 60 Latin letters, digits, dots or dashes."))
    at = Site.objects.filter(id=site).first()
    if at is None:
        faults.append(_("Say where the scale stands."))
    read = []
    for text, places, what in ((most, 3, _("Heaviest load, kg")), (step, 0, _("Finest step, g"))):
        try:
            read.append(read_number(text, places, what))
        except Refusal as refusal:
            faults += refusal.sentences
    if faults:
        raise Refusal(422, *faults)
    return Scale(id=name, site=at, most_g=read[0], step_g=read[1])
