"""Closing the month: a stock-take, then a seal that nothing in the month changes any more."""

from collections import Counter
from typing import NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from ainalym.errors import AinalymError
from ainalym.ledger import (
    Book,
    Overtaken,
    balances,
    entries,
    entry,
    monthly_form,
    overtaken,
    periods,
    pieces,
    stock,
)
from ainalym.model.deed import Close, Count, Deed
from ainalym.model.entry import Period, now_ms
from ainalym.web.book import the_book
from ainalym.web.department.months import Month, month_asked, this_month
from ainalym.web.loads.filled import Filled
from ainalym.web.loads.recounting import sentences
from ainalym.web.loads.telling import derived, tell
from ainalym.web.loads.way import Named, named
from ainalym.web.paged import paged
from ainalym.web.people.access import note, only
from ainalym.web.people.models import Role
from ainalym.web.programme.models import LANDFILL, Site
from ainalym.web.refusals import Refusal

CORRECTED = 60
"""Stock-takes that an act lists at most."""


class State(NamedTuple):
    """A site in a month: the period that closed it, if any, and what lay there at its end."""

    site: Site
    period: Period | None
    stock_g: int


class Line(NamedTuple):
    """A line of the form: a material in grams, or in pieces, and how much lay by the book."""

    ledger: str
    id: str
    material: Named
    lay: int

    @property
    def field(self) -> str:
        """The name of its field."""
        return _field(self.ledger, self.id)


@require_GET
@only(Role.DEPARTMENT)
def closing(request: HttpRequest) -> HttpResponse:
    """List which sites have closed a month."""
    month = month_asked(request, default=this_month().previous)
    book = the_book()
    closed = _closed(book, month)
    sites = paged(request, Site.objects.exclude(kind=LANDFILL))
    lay: Counter[str] = Counter()
    there = balances(book, ledger="mass", role="stock", as_of_ms=month.to_ms - 1)
    for account, grams in there.items():
        lay[account.site] += grams
    states = [State(one, closed.get(one.id) or closed.get("*"), lay[one.id]) for one in sites]
    told = {
        "tab": "closing",
        "month": month,
        "states": states,
        "page": sites,
        "this_month": this_month(),
    }
    return render(request, "department/closing.html", told)


@require_http_methods(["GET", "POST"])
@only(Role.DEPARTMENT)
def close(request: HttpRequest, place: str) -> HttpResponse:
    """Take stock at a site as of the month's end, and close the month there."""
    month = month_asked(request, default=this_month().previous)
    site = Site.objects.exclude(kind=LANDFILL).filter(id=place).first()
    if site is None:
        raise Http404
    if not month.is_over:
        raise Refusal(409, _("This month is not over yet. It can be closed on its next day."))
    book = the_book()
    if done := _closed(book, month).get(site.id):
        return redirect("department:act", done.entry)
    again = _again(book, site, month)
    lines = _lines(book, site, month, again)
    form = Filled(request.POST)
    if request.method == "POST":
        deeds = _deeds(request, form, site, month, lines)
        _ask_again(form, again)
        if not form.faults:
            try:
                seq = tell(book, deeds)[-1].seq
            except AinalymError as error:
                form.said(error)
            else:
                note(request, "closed", f"{site.id} {month}")
                return redirect("department:act", seq)
    told = {
        "tab": "closing",
        "month": month,
        "site": site,
        "again": again,
        "lines": [(line, form.sent.get(line.field, "")) for line in lines],
        "faults": form.faults,
        "wrong": form.wrong,
        "entered": form.sent,
    }
    return render(
        request, "department/close.html", told, status=form.status if form.faults else 200
    )


@require_GET
@only(Role.DEPARTMENT)
def act(request: HttpRequest, number: int) -> HttpResponse:
    """Show the act of a closed month, to be printed and signed: figures and the root."""
    book = the_book()
    found = next((one for one in periods(book) if one.entry == number), None)
    if found is None:
        raise Http404
    where = "" if found.site == "*" else found.site
    lines = monthly_form(book, found.from_ms, found.to_ms, site=where)
    names = {heap.id: heap.material for heap in named({line.material: 0 for line in lines})}
    sites = Site.objects.in_bulk({line.site for line in lines} | {found.site})
    taken = entries(
        book,
        site=where,
        kind="count",
        from_ms=found.from_ms,
        to_ms=found.to_ms,
        most=CORRECTED,
        newest_first=True,
    )
    told = {
        "tab": "closing",
        "period": found,
        "closed": entry(book, found.entry),
        "site": sites.get(found.site, found.site),
        "lines": [(sites.get(line.site, line.site), names[line.material], line) for line in lines],
        "counts": [one for one in taken if one.reversed_by is None],
    }
    return render(request, "department/act.html", told)


def _closed(book: Book, month: Month) -> dict[str, Period]:
    """Periods that hold the whole month, by site."""
    return {
        one.site: one
        for one in periods(book)
        if one.from_ms <= month.from_ms and month.to_ms <= one.to_ms
    }


def _again(book: Book, site: Site, month: Month) -> list[Overtaken]:
    """Stock-takes of a site in a month that later told deeds contradict."""
    found = overtaken(book, site=site.id)
    return [one for one in found if month.from_ms <= one.event_ms < month.to_ms]


def _lines(book: Book, site: Site, month: Month, again: list[Overtaken]) -> list[Line]:
    """List what lay at a site at a month's end, and what has to be counted again: grams, pieces."""
    found = []
    for ledger, lying in (("mass", stock), ("count", pieces)):
        lay = {one.material: 0 for one in again if one.ledger == ledger}
        lay |= lying(book, site.id, as_of_ms=month.to_ms - 1)
        found += [Line(ledger, *heap) for heap in named(lay)]
    return found


def _field(ledger: str, material: str) -> str:
    """Name the field in which grams, or pieces, of a material are counted."""
    return f"{'counted' if ledger == 'mass' else 'pieces'}-{material}"


def _ask_again(form: Filled, again: list[Overtaken]) -> None:
    """Hold the form to what has to be counted again: a close seals what was counted."""
    for one, said in zip(again, sentences(again), strict=True):
        name = _field(one.ledger, one.material)
        if not form.sent.get(name, "").strip():
            form.fault(said, name)


def _deeds(
    request: HttpRequest, form: Filled, site: Site, month: Month, lines: list[Line]
) -> list[Deed]:
    """Read what was counted; what is left empty is taken as the book knows it."""
    counted: dict[str, dict[str, int]] = {"mass": {}, "count": {}}
    for line in lines:
        if form.sent.get(line.field, "").strip():
            read = form.grams if line.ledger == "mass" else form.pieces
            counted[line.ledger][line.id] = read(line.field, str(line.material))
    reason = form.text("reason", _("Reason"), longest=200)
    off = [line for line in lines if counted[line.ledger].get(line.id, line.lay) != line.lay]
    if off and not reason:
        form.fault(_("The count differs from the book. Say the reason."), "reason")
    if not form.sent.get("sure"):
        form.fault(_("Confirm that nothing of this month is to be recorded any more."), "sure")
    said = {"site": site.id, "actor": request.user.name}
    deeds: list[Deed] = []
    if any(counted.values()):
        deeds.append(
            Count(
                id=derived(form.id, "count"),
                event_ms=month.to_ms - 1,
                counted=counted["mass"],
                pieces=counted["count"],
                reason=reason,
                **said,
            )
        )
    sealed = {"from_ms": month.from_ms, "to_ms": month.to_ms}
    return [*deeds, Close(id=form.id, event_ms=now_ms(), **sealed, **said)]
