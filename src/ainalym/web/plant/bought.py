"""What the plant bought, and the certificate of it: where it comes from, and its entry's hash."""

from typing import NamedTuple
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from ainalym.ledger import Book, claim, entries
from ainalym.model.deed import G_PER_KG, HALF_KG_G, Reversal
from ainalym.model.entry import Entry, now_ms
from ainalym.web.book import the_book
from ainalym.web.loads.filled import Filled
from ainalym.web.loads.reasons import GRADE, WEIGHT, reason_in_words
from ainalym.web.loads.telling import derived, entry_here, recorded, tell
from ainalym.web.loads.way import Named, Weighing, named, origin_of, weighings
from ainalym.web.people.access import only
from ainalym.web.people.models import Role
from ainalym.web.plant.verdict import follow_up
from ainalym.web.programme.models import Site

CUSTODY = {
    "identity": gettext_lazy("Identity preserved: from one place alone"),
    "segregated": gettext_lazy("Segregated: kept apart from what is not recycled"),
    "blending": gettext_lazy("Controlled blending: the share is known of this very load"),
    "average": gettext_lazy("Mass balance, rolling average"),
    "credit": gettext_lazy("Mass balance, credit"),
}
"""Models of custody as a certificate names them. **Source.** ISO 22095:2020."""

MOST = 60


class Line(NamedTuple):
    """One material of a delivery: what was sent, weighed, decided and paid.

    Attributes
    ----------
    followed
        The deed that sent it back, or took it as another grade; None where it was taken as sent.
    became
        What it was taken as.
    """

    weighed: Weighing
    material: str
    followed: Entry | None
    became: Named
    price_minor_per_kg: int
    owed_minor: int

    @property
    def refused(self) -> bool:
        """Whether it went back."""
        return self.followed is not None and self.followed.kind == "dispatch"

    @property
    def lowered(self) -> bool:
        """Whether it was taken as another grade."""
        return self.followed is not None and self.followed.kind == "change"

    @property
    def reason(self) -> str:
        """Why it was not taken as what it was sent as."""
        said = self.followed.body.get("reason", "") if self.followed else ""
        return reason_in_words(said, GRADE)


def lines_of(book: Book, found: Entry) -> list[Line]:
    """Read what was decided about each lot of an arrival."""
    prices = found.body.get("price_minor_per_kg", {})
    here = [one for one in found.postings if one.lot is not None and one.quantity > 0]
    lines = []
    for weighed, posting in zip(weighings(found), here, strict=True):
        followed = recorded(book, follow_up(found.id, weighed.lot))
        became = weighed.material
        if followed is not None and followed.kind == "change":
            (material, _grams), *_more = followed.body["outputs"]
            became = named({material: 0})[0].material
        paid = prices.get(posting.account.what, 0)
        owed = (weighed.got_g * abs(paid) + HALF_KG_G) // G_PER_KG * (1 if paid >= 0 else -1)
        lines.append(Line(weighed, posting.account.what, followed, became, paid, owed))
    return lines


@require_GET
@only(Role.BUYER)
def bought(request: HttpRequest, site: Site) -> HttpResponse:
    """Show the deliveries that were taken, the newest first."""
    book = the_book()
    found = entries(book, site=site.id, kind="arrival", most=MOST, newest_first=True)
    rows = []
    for one in found:
        lines = lines_of(book, one)
        kept = [line for line in lines if not line.refused]
        rows.append((one, kept, [line for line in lines if line.refused], _owed_minor(lines)))
    told = {"site": site, "tab": "bought", "rows": rows}
    return render(request, "plant/bought.html", told)


def _owed_minor(lines: list[Line]) -> int:
    return sum(line.owed_minor for line in lines)


@require_GET
@only(Role.BUYER)
def certificate(request: HttpRequest, site: Site, name: UUID) -> HttpResponse:
    """Show the certificate of what was bought, to be printed."""
    book = the_book()
    found = entry_here(book, site.id, str(name), "arrival")
    lines = lines_of(book, found)
    kept = [line for line in lines if not line.refused]
    claims = [claim(book, line.weighed.lot) for line in kept]
    told = {
        "site": site,
        "tab": "bought",
        "entry": found,
        "lines": lines,
        "kept_g": sum(line.weighed.got_g for line in kept),
        "owed_minor": _owed_minor(lines),
        "seller": _seller(found),
        "reason": reason_in_words(found.body.get("reason", ""), WEIGHT),
        "claims": [(line, one, CUSTODY[one.model]) for line, one in zip(kept, claims, strict=True)],
        "origin": origin_of(book, [line.weighed.lot for line in kept]) if kept else None,
    }
    return render(request, "plant/certificate.html", told)


def _seller(found: Entry) -> Site | str:
    """Find who sent what arrived."""
    name = next(one.account.site for one in found.postings if one.account.role == "transit")
    return Site.objects.filter(id=name).first() or name


@require_POST
@only(Role.BUYER)
def take_back(request: HttpRequest, site: Site, name: UUID) -> HttpResponse:
    """Take a delivery's record back whole, with what followed from it; all stays in the book."""
    book, form = the_book(), Filled(request.POST)
    found = entry_here(book, site.id, str(name), "arrival")
    needed = _("Say why it is taken back.")
    reason = form.text("reason", _("Reason"), longest=200, needed=needed)
    if form.faults:
        told = {"site": site, "tab": "bought", "entry": found, "faults": form.faults}
        told |= {"id": form.id, "entered": form.sent}
        return render(request, "plant/take_back.html", told, status=422)
    before = recorded(book, form.id)
    same = {
        "site": site.id,
        "event_ms": before.event_ms if before else max(found.event_ms, now_ms()),
        "actor": request.user.name,
        "reason": reason,
    }
    followed = [line.followed for line in lines_of(book, found) if line.followed]
    deeds = [
        Reversal(id=derived(form.id, one.id), reverses=one.id, **same)
        for one in followed
        if one.reversed_by is None or before
    ]
    tell(book, [*deeds, Reversal(id=form.id, reverses=found.id, **same)])
    return redirect("plant:bought", site.id)
