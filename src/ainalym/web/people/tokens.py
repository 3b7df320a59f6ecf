"""Tokens: what a person's programs sign in with, made and ended by that person."""

import secrets
from hashlib import sha256

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from ainalym.model.entry import moment, now_ms
from ainalym.web.asked import DIGITS
from ainalym.web.people.access import note, only
from ainalym.web.people.models import Person, Token

A_DAY_MS = 24 * 3600 * 1000
AN_HOUR_MS = 3600 * 1000
MOST_DAYS = 365
MOST_TOKENS = 20


def issue(person: Person, name: str, *, days: int) -> str:
    """Make a token; its secret is told only now.

    Parameters
    ----------
    name
        What it is for.
    days
        How long it lets in.
    """
    secret = f"ainalym_{secrets.token_urlsafe(32)}"
    made_ms = now_ms()
    ends_ms = made_ms + days * A_DAY_MS
    Token.objects.create(
        person=person, name=name, digest=_digest(secret), made_ms=made_ms, ends_ms=ends_ms
    )
    return secret


def holder(secret: str) -> Person | None:
    """Find whose token a secret is; None where it is nobody's, has ended, or they have left."""
    token = Token.objects.select_related("person").filter(digest=_digest(secret)).first()
    at_ms = now_ms()
    if token is None or token.ends_ms <= at_ms or not token.person.is_active:
        return None
    if (token.used_ms or 0) < at_ms - AN_HOUR_MS:
        Token.objects.filter(pk=token.pk).update(used_ms=at_ms)
    return token.person


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


@require_http_methods(["GET", "POST"])
@only()
def tokens(request: HttpRequest) -> HttpResponse:
    """Show somebody their tokens, and make a new one."""
    faults, secret = [], ""
    name, days = request.POST.get("name", "").strip(), request.POST.get("days", "90")
    if request.method == "POST":
        if not name or len(name) > 60 or not name.isprintable():
            faults.append(_("Say what the token is for, in at most 60 characters."))
        is_number = days.isascii() and days.isdigit() and len(days) <= DIGITS
        if not (is_number and 1 <= int(days) <= MOST_DAYS):
            said = _("A token lives from 1 to %(most)s days.")
            faults.append(said % {"most": MOST_DAYS})
        if request.user.tokens.count() >= MOST_TOKENS:
            said = _("There are %(most)s tokens already. End one first.")
            faults.append(said % {"most": MOST_TOKENS})
        if not faults:
            secret = issue(request.user, name, days=int(days))
            note(request, "token made", name)
    told = {
        "faults": faults,
        "secret": secret,
        "name": name if faults else "",
        "days": days,
        "most_days": MOST_DAYS,
        "now": moment(now_ms()),
        "held": [
            (one, *(moment(at_ms) if at_ms else None for at_ms in (one.ends_ms, one.used_ms)))
            for one in request.user.tokens.all()
        ],
    }
    return render(request, "people/tokens.html", told, status=422 if faults else 200)


@require_POST
@only()
def end(request: HttpRequest, token: int) -> HttpResponse:
    """End one of one's own tokens."""
    held = get_object_or_404(Token, pk=token, person=request.user)
    held.delete()
    note(request, "token ended", held.name)
    return redirect("people:tokens")
