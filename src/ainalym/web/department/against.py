"""Plan against actual: by point, material and month, as tables and on the map."""

from collections.abc import Iterable
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from ainalym.errors import InputError
from ainalym.web.book import the_book
from ainalym.web.department.compared import Compared, Pair, compare
from ainalym.web.department.drawn import Spot, drawn
from ainalym.web.department.months import Month, month_asked, this_month
from ainalym.web.paged import paged
from ainalym.web.people.access import note, only
from ainalym.web.people.models import Role
from ainalym.web.programme.models import POINT, STATION, Material, Planned, Site
from ainalym.web.programme.planned import Taken, take_plan
from ainalym.web.refusals import Refusal, in_words

MOST_BYTES = 1 << 20
"""A plan of a thousand points over ten years is half of that."""


FILE, COMMAND = "flows.csv", "ainalym plan almaty -o out/almaty"
"""What is taken over, and how it is made."""


class Row(NamedTuple):
    """One line of a table: what it is about, its id for links, and the amounts."""

    name: object
    id: str
    pair: Pair


@require_GET
@only(Role.DEPARTMENT)
def home(request: HttpRequest) -> HttpResponse:
    """Show a month by point and by material, and its year by month."""
    month = month_asked(request)
    sites, fractions = _sites(), _fractions()
    site = _chosen(request, "site", sites)
    fraction = _chosen(request, "fraction", fractions)
    year = compare(the_book(), month.of_year())
    now = year[month]
    page = paged(request, now.sites())
    told = {
        "tab": "against",
        "month": month,
        "this_month": this_month(),
        "site": sites.get(site),
        "site_id": site,
        "fraction": fractions.get(fraction),
        "fraction_id": fraction,
        "by_point": _rows(now.by_site(fraction=fraction), page, sites),
        "page": page,
        "by_material": _rows(now.by_fraction(site=site), now.fractions(), fractions),
        "by_month": _by_month(year, site, fraction),
        "all": now.pair(site=site, fraction=fraction),
        "has_plan": Planned.objects.filter(year=month.year).exists(),
    }
    return render(request, "department/home.html", told)


@require_GET
@only(Role.DEPARTMENT)
def plan_map(request: HttpRequest) -> HttpResponse:
    """Show a month on the map: a point's size is its plan, its filling what it bought."""
    month = month_asked(request)
    sites, fractions = _sites(), _fractions()
    fraction = _chosen(request, "fraction", fractions)
    now = compare(the_book(), [month])[month]
    pairs, nothing = now.by_site(fraction=fraction), now.pair(site="-")
    spots = [
        Spot(one.id, str(one), one.lon, one.lat, pairs.get(one.id, nothing))
        for one in Site.objects.filter(kind=POINT)
    ]
    stations = [
        Spot(one.id, str(one), one.lon, one.lat, None) for one in Site.objects.filter(kind=STATION)
    ]
    page = paged(request, now.sites())
    told = {
        "tab": "map",
        "month": month,
        "fractions": fractions,
        "fraction_id": fraction,
        "picture": drawn(spots, stations),
        "page": page,
        "by_point": _rows(now.by_site(fraction=fraction), page, sites),
    }
    return render(request, "department/map.html", told)


@require_http_methods(["GET", "POST"])
@only(Role.DEPARTMENT)
def plan(request: HttpRequest) -> HttpResponse:
    """Say what plan is compared with, and take over another."""
    faults: tuple[str, ...] = ()
    taken: Taken | None = None
    if request.method == "POST":
        try:
            taken = _taken(request)
        except InputError as error:
            faults = in_words(error)
        except Refusal as refusal:
            faults = refusal.sentences
    years = sorted({*Planned.objects.values_list("year", flat=True)})
    told = {
        "tab": "plan",
        "file": FILE,
        "command": COMMAND,
        "faults": faults,
        "taken": taken,
        "years": years,
        "points": Planned.objects.values("site").distinct().count(),
        "total_g": sum(Planned.objects.filter(year__in=years[:1]).values_list("mass_g", flat=True)),
    }
    return render(request, "department/plan.html", told, status=422 if faults else 200)


def _taken(request: HttpRequest) -> Taken:
    file = request.FILES.get("flows")
    if file is None:
        raise Refusal(422, _("Choose the file flows.csv of a plan."))
    if file.size > MOST_BYTES:
        raise Refusal(422, _("The file is larger than 1 MiB: it is no table of one city."))
    try:
        text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal(422, _("The file is no table of text.")) from None
    taken = take_plan(text, FILE)
    note(request, "plan", f"{taken.points} / {taken.years[0]}-{taken.years[-1]}")
    return taken


def _rows(pairs: dict[str, Pair], ids: Iterable[str], names: dict[str, object]) -> list[Row]:
    return [Row(names.get(one, one), one, pairs[one]) for one in ids]


def _by_month(year: dict[Month, Compared], site: str, fraction: str) -> list[Row]:
    return [
        Row(month.name, str(month), found.pair(site=site, fraction=fraction))
        for month, found in year.items()
    ]


def _sites() -> dict[str, object]:
    return {one.id: one for one in Site.objects.filter(kind=POINT)}


def _fractions() -> dict[str, object]:
    """Fractions with their names: those of the material that is sold unsorted."""
    names: dict[str, object] = {}
    for one in Material.objects.all():
        if one.id == one.fraction:
            names[one.fraction] = one
        else:
            names.setdefault(one.fraction, one.fraction)
    return names


def _chosen(request: HttpRequest, name: str, among: dict[str, object]) -> str:
    """Read which point or fraction is looked at; none is chosen by an id that is unknown."""
    asked = request.GET.get(name, "")
    if asked and asked not in among:
        raise Refusal(404)
    return asked
