"""Signing in and out, the first page, language and password."""

import re

from django.conf import settings
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ainalym.web.catalogue import LANGUAGES
from ainalym.web.people.access import doors, note, only
from ainalym.web.people.lock import locked
from ainalym.web.people.models import Role
from ainalym.web.refusals import refused

PATH = re.compile(r"/(?![/\\])")
"""What begins a path from the root of this site."""


@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Let somebody in who knows their name and password."""
    onward = _onward(request)
    if request.method == "GET" and request.user.is_authenticated:
        return HttpResponseRedirect(onward)
    name, faults, status = request.POST.get("name", "").strip(), [], 200
    if request.method == "POST":
        if locked(request, name):
            said = _("Too many wrong passwords. Wait 15 minutes, then try again.")
            return refused(request, 429, [said])
        person = authenticate(request, name=name, password=request.POST.get("password", ""))
        if person is not None:
            login(request, person)
            note(request, "came in")
            if person.must_change:
                onward = reverse("people:password")
            return spoken(HttpResponseRedirect(onward), person.language)
        note(request, "refused", name=name)
        faults, status = [_("Name or password is wrong.")], 422
    told = {"name": name, "next": onward, "faults": faults}
    return render(request, "people/sign_in.html", told, status=status)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Let somebody go."""
    if request.user.is_authenticated:
        note(request, "went out")
    logout(request)
    return redirect("people:sign-in")


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Speak another language from now on."""
    code = request.POST.get("language", "")
    response = HttpResponseRedirect(_onward(request))
    if code not in dict(LANGUAGES) or not check_for_language(code):
        return response
    if request.user.is_authenticated:
        request.user.language = code
        request.user.save(update_fields=["language"])
    return spoken(response, code)


@require_http_methods(["GET", "POST"])
@only()
def password(request: HttpRequest) -> HttpResponse:
    """Change one's own password."""
    person, faults = request.user, []
    if request.method == "POST":
        new = request.POST.get("new", "")
        if not person.check_password(request.POST.get("old", "")):
            faults.append(_("The old password is wrong."))
        if new != request.POST.get("again", ""):
            faults.append(_("The new password is not the same twice."))
        faults += _weak(new)
        if not faults:
            person.set_password(new)
            person.must_change = False
            person.save()
            update_session_auth_hash(request, person)
            note(request, "password")
            return redirect("first")
    status = 422 if faults else 200
    return render(request, "people/password.html", {"faults": faults}, status=status)


@require_GET
@only()
def first_page(request: HttpRequest) -> HttpResponse:
    """Show who is signed in the way to their work."""
    found = doors(request.user)
    told = {"doors": found, "asks_clock": any(duty.role == Role.DEPARTMENT for duty, *_ in found)}
    return render(request, "people/first.html", told)


def spoken(response: HttpResponse, code: str) -> HttpResponse:
    """Let a browser remember a language."""
    if code:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            code,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            samesite="Lax",
            secure=settings.LANGUAGE_COOKIE_SECURE,
        )
    return response


def _onward(request: HttpRequest) -> str:
    """Where to go next: a path of this site, from its root; never another host, nor a name."""
    aim = request.POST.get("next") or request.GET.get("next") or "/"
    secure = request.is_secure()
    is_ours = url_has_allowed_host_and_scheme(aim, {request.get_host()}, require_https=secure)
    if is_ours and PATH.match(aim):
        return aim
    return "/"


def _weak(new: str) -> list[str]:
    """Say what is wrong with a password."""
    said = {
        "password_too_short": _("The new password is shorter than 10 characters."),
        "password_too_common": _("The new password is one of the most common ones."),
    }
    try:
        validate_password(new)
    except ValidationError as error:
        return [said.get(fault.code, str(fault.message)) for fault in error.error_list]
    return []
