"""The door of the API: who comes in, how errors are told, and what is described."""

import json
import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import APIKeyCookie, HttpBearer

from ainalym import __version__
from ainalym.errors import AinalymError
from ainalym.web.api.rights import Rights
from ainalym.web.api.shapes import Problem, deeds_described
from ainalym.web.asked import faults_of
from ainalym.web.people.models import Person
from ainalym.web.people.tokens import holder
from ainalym.web.refusals import TITLES, Refusal, refused, refused_as

STATUSES = (400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503)
"""What any address may answer besides what it is for."""

ABOUT = """Tell the book what happened, and ask it. Every request carries
`Authorization: Bearer TOKEN`; tokens are made on the page `/people/tokens`. Mass is whole grams,
money whole minor units, moments are milliseconds since 1970 UTC. A deed is named by the device that
tells it (a UUID version 7), so telling it again records it once."""

JSON = "application/json; charset=utf-8"
IS_JSON = re.compile(r"application/(?:[\w.-]+\+)?json", re.ASCII | re.IGNORECASE)
READS = ("GET", "HEAD", "OPTIONS")


class Bearer(HttpBearer):
    """Lets in who carries a token."""

    def authenticate(self, request: HttpRequest, token: str) -> Rights | None:
        """Give the rights of the person whose token it is."""
        person = holder(token)
        if person is None:
            return None
        request.user = person
        return _rights(request, person)


class Signed(APIKeyCookie):
    """Lets in who is signed in on a page; only to read."""

    param_name = settings.SESSION_COOKIE_NAME

    def authenticate(self, request: HttpRequest, key: str | None) -> Rights | None:
        """Give the rights of who is signed in."""
        signed_in = request.user.is_authenticated and request.method in READS
        return _rights(request, request.user) if signed_in else None


def _rights(request: HttpRequest, person: Person) -> Rights:
    if person.must_change:
        raise Refusal(403, _("Change your password first."), code="password")
    return Rights(person)


class Door(NinjaAPI):
    """The API, whose description names every way it may say no."""

    def get_root_path(self, path_params: dict[str, Any]) -> str:
        """Tell where it stands: inside the addresses of its room."""
        return reverse("api:api-v1:api-root", kwargs=path_params)

    def get_openapi_schema(self, **ways: Any) -> Any:
        """Describe the API; errors are problem documents at every address."""
        schema = super().get_openapi_schema(**ways)
        problem = {"$ref": "#/components/schemas/Problem"}
        content = {"application/problem+json": {"schema": problem}}
        schema["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        schema["components"]["schemas"]["Deeds"]["properties"]["deeds"]["items"] = {
            "oneOf": [*deeds_described().values()]
        }
        for ways_in in schema["paths"].values():
            for operation in ways_in.values():
                for status in STATUSES:
                    operation["responses"][status] = {
                        "description": str(TITLES[status]),
                        "content": content,
                    }
        return schema


api = Door(
    title="Ainalym",
    version=__version__,
    description=ABOUT,
    auth=[Bearer(), Signed()],
    docs_url=None,
    urls_namespace="api-v1",
)


@api.exception_handler(Refusal)
def _refusal(request: HttpRequest, error: Refusal) -> HttpResponse:
    return refused(request, error.status, error.sentences, error.code, kind=error.kind)


@api.exception_handler(AinalymError)
def _ours(request: HttpRequest, error: AinalymError) -> HttpResponse:
    return refused_as(request, error)


@api.exception_handler(AuthenticationError)
def _stranger(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    said = _("Send “Authorization: Bearer” and a token; tokens are made on the page “Tokens”.")
    response = refused(request, 401, [said])
    response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(Http404)
def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return refused(request, 404)


@api.exception_handler(HttpError)
def _unread(request: HttpRequest, error: HttpError) -> HttpResponse:
    if error.status_code != 400:
        known = error.status_code in TITLES
        return refused(request, error.status_code if known else 400, [str(error)])
    # Of its own django-ninja says 400 only where a body cannot be parsed.
    kind = request.content_type or ""
    if kind and not IS_JSON.fullmatch(kind):
        said = _("“%(kind)s” is not taken here. Send JSON, as “application/json”.")
        return refused(request, 415, [said % {"kind": kind[:60]}])
    return refused(request, 400, [_("What was sent is no JSON that can be read.")])


@api.exception_handler(ValidationError)
def _unfit(request: HttpRequest, error: ValidationError) -> HttpResponse:
    said = [f"{_place_of(one['loc'])}: {one['msg']}" for one in error.errors]
    kind = _kind_of_query(request)
    return refused(request, 400 if kind else 422, said, kind=kind)


def _place_of(path: tuple) -> str:
    """Name the field of a fault, without the argument of ours that it is read into."""
    return ".".join(map(str, path[2:] or path[1:]))


def _kind_of_query(request: HttpRequest) -> str:
    """Name what is wrong with the query of events, as the standard does."""
    is_query = request.method == "GET" and "/epcis/" in request.path
    return "epcisException:QueryParameterException" if is_query else ""


def strict(run: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Refuse parameters of an address that the operation behind it does not have."""
    # django-ninja has no public way to ask which parameters an operation reads from where. These
    # names of its own say what was declared; `test_strict_knows_what_ninja_calls_them` asks for
    # each of them, so that a version without them is told of by name.
    operation = run.__self__
    queries = [one for one in operation.models if one.__ninja_param_source__ == "query"]
    known = frozenset(name for one in queries for name in one.__ninja_flatten_map__)
    lists = {name for one in queries for name in one.__ninja_collection_fields__}

    def checked(request: HttpRequest, **parts: Any) -> HttpResponse:
        said = faults_of(request.GET, known=known, lists=lists)
        if said:
            return refused(request, 400, said, kind=_kind_of_query(request))
        return run(request, **parts)

    return checked


def answered(told: object) -> HttpResponse:
    """Send what was made here as it is described, without looking at each part of it again.

    Measured: of a thousand entries that takes six times as long as all the rest.
    """
    return HttpResponse(json.dumps(told, ensure_ascii=False), content_type=JSON)


def rights(request: HttpRequest) -> Rights:
    """Give the rights of who asks."""
    return request.auth
