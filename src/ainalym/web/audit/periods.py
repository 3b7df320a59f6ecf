"""Periods: what is closed and sealed; and the whole book derived anew."""

import threading
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from ainalym.ledger import Verdict, entries, entry, holds, periods, verify
from ainalym.model.entry import Entry, Period
from ainalym.web.audit.words import Names
from ainalym.web.book import the_book
from ainalym.web.people.access import only
from ainalym.web.people.models import Role
from ainalym.web.programme.models import Site
from ainalym.web.refusals import Refusal

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
    """Show every site's closed periods with their roots, and whether a hash is in the book."""
    asked = "".join(request.GET.get("hash", "").split())
    return _page(request, asked=asked, holds=bool(asked) and holds(the_book(), asked))


@require_POST
@only(Role.AUDITOR)
def verify_now(request: HttpRequest) -> HttpResponse:
    """Derive the whole book anew, and say what is wrong with it."""
    if not _turn.acquire(blocking=False):
        raise Refusal(409, _("The book is being verified already. Wait until that is done."))
    try:
        verdict = verify(the_book())
    finally:
        _turn.release()
    return _page(request, verdict=verdict)


def _page(request: HttpRequest, *, verdict: Verdict | None = None, **told: object) -> HttpResponse:
    book, names = the_book(), Names()
    known = periods(book)
    newest = entries(book, most=1, newest_first=True)
    last = {
        site: max((p.to_ms for p in known if p.site in (site, "*")), default=None)
        for site in Site.objects.values_list("id", flat=True)
    }
    told |= {
        "tab": "periods",
        "verdict": verdict,
        "sealed": len(known),
        "newest": newest[0] if newest else None,
        "closed": [
            Closed(one, "" if one.site == "*" else names.site(one.site), entry(book, one.entry))
            for one in reversed(known)
        ],
        "sites": [(site, last[site.id]) for site in Site.objects.all()],
    }
    return render(request, "audit/periods.html", told)
