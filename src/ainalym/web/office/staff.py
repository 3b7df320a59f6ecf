"""People and their duties; the trail of who came in and who changed what."""

import re
import secrets

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from ainalym.web.asked import number_in
from ainalym.web.catalogue import LANGUAGES
from ainalym.web.paged import paged
from ainalym.web.people.access import duties, note, only
from ainalym.web.people.models import Duty, Person, Role, Trail
from ainalym.web.programme.models import LANDFILL, PLANT, POINT, STATION, Site
from ainalym.web.refusals import Refusal

AT = {Role.KEEPER: POINT, Role.LEADER: STATION, Role.BUYER: PLANT}
"""The kind of site where a role works; the others work for the whole programme."""

NAME = re.compile(r"[\w.@-]{2,60}")
ON_A_PAGE = 200


@require_GET
@only(Role.DEPARTMENT)
def people(request: HttpRequest) -> HttpResponse:
    """List who works where."""
    return _people(request)


def _people(request: HttpRequest, **told: object) -> HttpResponse:
    known = Person.objects.prefetch_related("duties__site").order_by("name")
    sites = Site.objects.exclude(kind=LANDFILL)
    shown = {
        "tab": "people",
        "people": paged(request, known),
        "chosen": number_in(request.GET.get("person", "")),
        "sites": sites,
        "roles": Role.choices,
    }
    status = 422 if told.get("faults") else 200
    return render(
        request, "office/people.html", shown | {"spoken": LANGUAGES} | told, status=status
    )


@require_POST
@only(Role.DEPARTMENT)
def add(request: HttpRequest) -> HttpResponse:
    """Let somebody in, with a duty and a password that is told once."""
    name, language = request.POST.get("name", "").strip(), request.POST.get("language", "")
    faults = []
    if not NAME.fullmatch(name):
        faults.append(_("A name has 2 to 60 letters, digits, dots or dashes."))
    elif Person.objects.filter(name=name).exists():
        faults.append(_("Somebody of that name is here already."))
    try:
        role, site = _duty(request)
    except Refusal as refusal:
        faults += refusal.sentences
    if faults:
        return _people(request, faults=faults, entered=request.POST)
    person = Person(name=name, must_change=True)
    person.language = language if language in dict(LANGUAGES) else ""
    password = _renew(person)
    Duty.objects.create(person=person, role=role, site=site)
    note(request, "added", f"{name}: {role} {site.id if site else ''}".strip())
    return _people(request, made=person, password=password)


@require_POST
@only(Role.DEPARTMENT)
def change(request: HttpRequest, person: int) -> HttpResponse:
    """Give or take a duty, make a new password, let in or keep out."""
    known = Person.objects.filter(pk=person).first()
    if known is None:
        raise Http404
    what, told = request.POST.get("what", ""), {}
    with transaction.atomic():
        if what == "password":
            told = {"made": known, "password": _renew(known)}
        elif what == "give":
            role, site = _duty(request)
            Duty.objects.get_or_create(person=known, role=role, site=site)
        elif what == "take":
            _not_oneself(request, known)
            known.duties.filter(pk=number_in(request.POST.get("duty", ""))).delete()
        elif what in ("in", "out"):
            _not_oneself(request, known)
            known.is_active = what == "in"
            known.save(update_fields=["is_active"])
        else:
            raise Refusal(400)
        note(request, what, known.name)
    return _people(request, **told)


def _renew(person: Person) -> str:
    """Give somebody a new password; their sessions end with the old one."""
    password = secrets.token_urlsafe(9)
    person.set_password(password)
    person.must_change = True
    person.save()
    return password


def _not_oneself(request: HttpRequest, person: Person) -> None:
    if person.pk == request.user.pk:
        raise Refusal(409, _("Nobody can take their own duty or keep themselves out."))


def _duty(request: HttpRequest) -> tuple[Role, Site | None]:
    """Read a duty out of the form: a role, and the site that it needs."""
    role, named = request.POST.get("role", ""), request.POST.get("site", "")
    if role not in Role.values:
        raise Refusal(422, _("Choose what the person does."))
    kind = AT.get(Role(role))
    if kind is None:
        return Role(role), None
    site = Site.objects.filter(id=named, kind=kind).first()
    if site is None:
        raise Refusal(422, _("Choose a site where that work is done."))
    return Role(role), site


@require_GET
@only(Role.DEPARTMENT, Role.AUDITOR)
def trail(request: HttpRequest) -> HttpResponse:
    """Show who came in, who was refused, and who changed what; newest first."""
    found = Trail.objects.all()
    before = number_in(request.GET.get("before", ""))
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = [*found[:ON_A_PAGE]]
    told = {"tab": "trail", "rows": rows, "last": rows[-1].pk if len(rows) == ON_A_PAGE else None}
    # An auditor sees the trail and nothing else of the office.
    told["visits"] = not duties(request.user, Role.DEPARTMENT).exists()
    return render(request, "office/trail.html", told)
