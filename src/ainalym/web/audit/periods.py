"""Periods: what is closed and sealed; and the whole book derived anew."""

import threading
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from ainalym.errors import NotFoundError
from ainalym.ledger import Verdict, entries, entry, holds, monthly_form, periods, verify
from ainalym.model.entry import Entry, Period
from ainalym.web.asked import number_in
from ainalym.web.audit.words import Names
from ainalym.web.book import the_book
from ainalym.web.loads.way import named
from ainalym.web.paged import paged
from ainalym.web.people.access import only
from ainalym.web.people.models import Role
from ainalym.web.programme.models import Site
from ainalym.web.refusals import Refusal

COLUMNS = {
    "opening_g": gettext_lazy("Lay there"),
    "received_g": gettext_lazy("Came in"),
    "produced_g": gettext_lazy("Made"),
    "written_off_g": gettext_lazy("Used up"),
    "sold_g": gettext_lazy("Sold"),
    "shipped_g": gettext_lazy("Sent on"),
    "corrected_g": gettext_lazy("Stock-take"),
    "closing_g": gettext_lazy("Lies there"),
}
"""What a period tells of a material, and what that is called."""

MOST = 40
"""Closed periods on a page."""

_turn = threading.Lock()


class Closed(NamedTuple):
    """A closed period, and the entry that closed it."""

    period: Period
    place: str
    by: Entry

    @property
    def last_ms(self) -> int:
        """The last moment in it."""
        return self.period.to_ms - 1


@require_GET
@only(Role.AUDITOR)
def home(request: HttpRequest) -> HttpResponse:
    """Show closed periods with their roots, sites with their state; look for a hash."""
    asked = "".join(request.GET.get("hash", "").split())
    return _page(request, asked=asked, holds=bool(asked) and holds(the_book(), asked))


@require_POST
@only(Role.AUDITOR)
def verify_now(request: HttpRequest) -> HttpResponse:
    """Derive the whole book anew, and say what is wrong with it."""
    if not _turn.acquire(blocking=False):
        raise Refusal(409, _("The book is being verified already. Wait until that is done."))
    try:
        verdict = verify(the_book(), processes=1)
    finally:
        _turn.release()
    return _page(request, verdict=verdict)


@require_GET
@only(Role.AUDITOR)
def one(request: HttpRequest, number: int) -> HttpResponse:
    """Show a closed period: its seal, and what came, went and lay there by material."""
    book, names = the_book(), Names()
    found = next((one for one in periods(book) if one.entry == number), None)
    if found is None:
        raise NotFoundError(f"there is no entry {number} in this book")
    site = "" if found.site == "*" else found.site
    lines: dict[str, list[int]] = {}
    for line in monthly_form(book, found.from_ms, found.to_ms, site=site):
        sums = lines.setdefault(line.material, [0] * len(COLUMNS))
        for k, column in enumerate(COLUMNS):
            sums[k] += getattr(line, column)
    told = {
        "tab": "periods",
        "closed": Closed(found, names.site(site), entry(book, number)),
        "lines": [(heap.material, lines[heap.id]) for heap in named(dict.fromkeys(lines, 0))],
        "columns": COLUMNS.values(),
    }
    return render(request, "audit/period.html", told)


def _page(request: HttpRequest, *, verdict: Verdict | None = None, **told: object) -> HttpResponse:
    book, names, known = the_book(), Names(), periods(the_book())
    newest = entries(book, most=1, newest_first=True)
    page = paged(request, Site.objects.all())
    until: dict[str, int] = {}
    for one in known:
        until[one.site] = max(until.get(one.site, 0), one.to_ms)
    asked, before = request.GET.get("site", ""), number_in(request.GET.get("before", ""))
    shown = [one for one in reversed(known) if asked in ("", one.site) or one.site == "*"]
    if before is not None:
        shown = [one for one in shown if one.entry < before]
    told |= {
        "tab": "periods",
        "verdict": verdict,
        "sealed": len(known),
        "newest": newest[0] if newest else None,
        "closed": [
            Closed(one, "" if one.site == "*" else names.site(one.site), entry(book, one.entry))
            for one in shown[:MOST]
        ],
        "earlier": shown[MOST - 1].entry if len(shown) > MOST else None,
        "site": asked,
        "sites": [(site, max(until.get(site.id, 0), until.get("*", 0)) or None) for site in page],
        "page": page,
    }
    return render(request, "audit/periods.html", told)
