"""Who may open what: by role, and by site."""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from urllib.parse import quote

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ainalym.model.entry import now_ms
from ainalym.web.catalogue import LANGUAGES
from ainalym.web.people.models import Duty, Person, Role, Trail
from ainalym.web.refusals import for_machines, refused

View = Callable[..., HttpResponse]


def duties(person: Person | AnonymousUser, *roles: Role) -> QuerySet[Duty]:
    """List what a person does; only in some roles if any are named."""
    if not person.is_authenticated:
        return Duty.objects.none()
    found = person.duties.select_related("site")
    return found.filter(role__in=roles) if roles else found


def only(*roles: Role) -> Callable[[View], View]:
    """Let in who has one of these roles; with no role named, whoever is signed in.

    A view whose address has `site` is handed the `Site` in its place, and is there only for those
    who have the role at that very site: to all others it is a 404, so that nobody learns what
    there is. Who is not signed in is led to sign in; a script gets a 401. Who has a password that
    somebody else made is led to change it first.
    """

    def guarded(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            if not request.user.is_authenticated:
                if for_machines(request):
                    return refused(request, 401)
                return redirect(f"{reverse('people:sign-in')}?next={quote(request.path)}")
            if request.user.must_change and request.path != reverse("people:password"):
                if for_machines(request):
                    return refused(request, 403, [_("Change your password first.")], "password")
                return redirect("people:password")
            held = duties(request.user, *roles)
            if "site" in kwargs:
                duty = held.filter(site_id=kwargs["site"]).first()
                if duty is None:
                    raise Http404
                kwargs["site"] = duty.site
            elif roles and not held.exists():
                return refused(request, 403)
            return view(request, *args, **kwargs)

        return answer

    return guarded


def doors(person: Person) -> list[tuple[Duty, str, str]]:
    """List a person's duties, each with the rooms for it that are there, and their addresses."""
    found = []
    for duty in duties(person):
        args = [duty.site_id] if duty.site_id else []
        for room in duty.rooms:
            with suppress(NoReverseMatch):
                found.append((duty, room, reverse(f"{room}:home", args=args)))
    return found


def note(request: HttpRequest, act: str, about: str = "", *, name: str = "") -> None:
    """Write into the trail who did what."""
    Trail.objects.create(
        at_ms=now_ms(),
        name=(name or getattr(request.user, "name", ""))[:60],
        act=act,
        about=about[:200],
        address=request.META.get("REMOTE_ADDR", ""),
    )


def shown(request: HttpRequest) -> dict[str, object]:
    """Give every page its languages, and who looks at it."""
    return {
        "languages": LANGUAGES,
        "language": (get_language() or "en")[:2],
        "person": getattr(request, "user", None),
    }
