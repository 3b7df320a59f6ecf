"""The operator's monthly form: goods in, written off, produced, sold; and what is paid for it."""

from collections.abc import Iterator
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from ainalym.ledger import FormLine, monthly_form
from ainalym.web.book import the_book
from ainalym.web.department.months import Month, month_asked, this_month
from ainalym.web.loads.filled import Filled
from ainalym.web.loads.way import named
from ainalym.web.loads.weights import plain_money
from ainalym.web.paged import download, paged
from ainalym.web.people.access import note, only
from ainalym.web.people.models import Role
from ainalym.web.programme.models import Material, Rate, Site
from ainalym.web.refusals import Refusal

RESIDUE = "residue"
"""The fraction of what sorting leaves over: accompanying waste, not useful components."""

SITES = 40
"""On one page, with all materials of each; the table to download has all of them."""

G_PER_T = 1_000_000
FIGURES = (
    "opening_g",
    "received_g",
    "eligible_g",
    "written_off_g",
    "produced_g",
    "sold_g",
    "shipped_g",
    "corrected_g",
    "closing_g",
)


class Line(NamedTuple):
    """A line of the form, with names, and what the scheme pays for what is eligible."""

    site: object
    material: object
    line: FormLine
    rate_minor_per_t: int
    due_minor: int


class Part(NamedTuple):
    """Lines of one kind, useful components or accompanying waste, with their sums in grams."""

    title: str
    lines: list[Line]
    sums: dict[str, int]
    due_minor: int


@require_http_methods(["GET", "POST"])
@only(Role.DEPARTMENT)
def form(request: HttpRequest) -> HttpResponse:
    """Show the form of a month; take the rates that it pays by."""
    month = month_asked(request, default=this_month().previous)
    site = _site(request)
    sent = Filled(request.POST)
    if request.method == "POST":
        _set_rates(sent)
        if not sent.faults:
            note(request, "rates", str(month))
            return redirect(f"{request.path}?month={month}&site={site.id if site else ''}")
    rates = dict(Rate.objects.values_list("fraction", "minor_per_t"))
    lines = _lines(month, site)
    page = paged(request, [*dict.fromkeys(one.line.site for one in lines)], most=SITES)
    here = {*page}
    told = {
        "tab": "form",
        "month": month,
        "site": site,
        "sites": Site.objects.all(),
        "parts": [
            part._replace(lines=[one for one in part.lines if one.line.site in here])
            for part in _parts(lines)
        ],
        "page": page,
        "rates": [
            (one, sent.sent.get(f"rate-{one}", plain_money(rates.get(one, 0)))) for one in _paid()
        ],
        "faults": sent.faults,
        "wrong": sent.wrong,
    }
    return render(request, "department/form.html", told, status=422 if sent.faults else 200)


@require_GET
@only(Role.DEPARTMENT)
def form_table(request: HttpRequest) -> HttpResponse:
    """Give the form of a month as a table: masses in tonnes, money in tenge."""
    month = month_asked(request, default=this_month().previous)
    rows = _table_rows(_parts(_lines(month, _site(request))))
    return download(rows, f"form-{month}.csv", for_spreadsheets=True)


def _table_rows(parts: list[Part]) -> Iterator[list[str]]:
    masses_t = [f"{name[:-2]}_t" for name in FIGURES]
    yield ["site", "material", "part", *masses_t, "rate_kzt_per_t", "due_kzt"]
    for part in parts:
        for one in part.lines:
            masses = [f"{getattr(one.line, name) / G_PER_T:.6f}" for name in FIGURES]
            money = [f"{one.rate_minor_per_t / 100:.2f}", f"{one.due_minor / 100:.2f}"]
            yield [one.line.site, one.line.material, part.title, *masses, *money]


def _lines(month: Month, site: Site | None) -> list[Line]:
    found = monthly_form(the_book(), month.from_ms, month.to_ms, site=site.id if site else "")
    names = {heap.id: heap.material for heap in named({line.material: 0 for line in found})}
    sites = Site.objects.in_bulk({line.site for line in found})
    fraction = dict(Material.objects.values_list("id", "fraction"))
    rates = dict(Rate.objects.values_list("fraction", "minor_per_t"))
    lines = []
    for line in found:
        rate = rates.get(fraction.get(line.material, line.material), 0)
        due_minor = round(line.eligible_g * rate / G_PER_T)
        lines.append(
            Line(sites.get(line.site, line.site), names[line.material], line, rate, due_minor)
        )
    return lines


def _parts(lines: list[Line]) -> list[Part]:
    titles = {False: _("Useful components"), True: _("Accompanying waste")}
    parts = []
    for is_residue, title in titles.items():
        mine = [one for one in lines if (one.line.material == RESIDUE) == is_residue]
        sums = {name: sum(getattr(one.line, name) for one in mine) for name in FIGURES}
        if mine:
            parts.append(Part(title, mine, sums, sum(one.due_minor for one in mine)))
    return parts


def _set_rates(sent: Filled) -> None:
    read = {one: sent.money_minor(f"rate-{one}", one) for one in _paid()}
    if not sent.faults:
        for fraction, minor_per_t in read.items():
            Rate.objects.update_or_create(fraction=fraction, defaults={"minor_per_t": minor_per_t})


def _paid() -> list[str]:
    """Fractions the scheme may pay for."""
    fractions = dict.fromkeys(Material.objects.values_list("fraction", flat=True))
    return [one for one in fractions if one != RESIDUE]


def _site(request: HttpRequest) -> Site | None:
    asked = request.GET.get("site", "") or request.POST.get("site", "")
    found = Site.objects.filter(id=asked).first()
    if asked and found is None:
        raise Refusal(404)
    return found
