"""Weighings: loads whose two weights cannot both be right."""

from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from ainalym.ledger import Suspicion, suspicions
from ainalym.model.entry import ms, now_ms
from ainalym.web.audit.words import Names
from ainalym.web.book import the_book
from ainalym.web.days import is_of_our_time, local
from ainalym.web.loads.way import Named
from ainalym.web.people.access import only
from ainalym.web.people.models import Role

MOST = 100


class Doubt(NamedTuple):
    """A load whose weights contradict each other, with its names."""

    found: Suspicion
    place: str
    to: str
    material: Named

    @property
    def off_g(self) -> int:
        """What it weighed more on arrival; below zero where something is missing."""
        return self.found.got_g - self.found.sent_g


@require_GET
@only(Role.AUDITOR)
def listed(request: HttpRequest) -> HttpResponse:
    """List the loads that left in a month and weighed otherwise than chance lets them."""
    asked, faults, names = request.GET.get("month", "").strip(), [], Names()
    first = local(now_ms())
    if asked:
        found = _month(asked)
        if found is None:
            faults = [_("“%(text)s” is no month; write it like 2026-11.") % {"text": asked[:30]}]
        first = found or first
    first = first.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    after = (first + timedelta(days=32)).replace(day=1)
    found = suspicions(the_book(), ms(first), ms(after)) if not faults else []
    told = {
        "tab": "weighings",
        "faults": faults,
        "month": f"{first:%Y-%m}",
        "doubts": [
            Doubt(one, names.site(one.site), names.site(one.to), names.material(one.material))
            for one in found[:MOST]
        ],
    }
    return render(request, "audit/weighings.html", told, status=422 if faults else 200)


def _month(text: str) -> datetime | None:
    """Read a month; None where it is none, or none of our time."""
    try:
        found = datetime.strptime(text, "%Y-%m").replace(tzinfo=ZoneInfo(settings.TIME_ZONE))
    except ValueError:
        return None
    return found if is_of_our_time(found) else None
