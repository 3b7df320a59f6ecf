"""Errors as people meet them: a sentence in their language, and the right status."""

import json
import re
import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ainalym.errors import AinalymError, ConflictError, InputError, NotFoundError, OutsideError
from ainalym.web.settings import HERE, rooms

STATUS = {InputError: 422, ConflictError: 409, NotFoundError: 404, OutsideError: 503}
"""What each kind of error is over HTTP."""

AWAY = (OperationalError, InterfaceError)
"""What Django raises where the site's database has gone away, or cannot be had in time."""

MOST_FAULTS = 200
"""Sentences of one refusal; whoever has more faults mends these first."""

LONGEST_HEAD, LONGEST_TAIL = 700, 300
"""Characters of a fault that are read and quoted, from its two ends: what it is, and what mends it.
A fault quotes what was sent, and patterns take a time that grows with the square of its length."""

TITLES = {
    400: gettext_lazy("This request cannot be read"),
    401: gettext_lazy("Please sign in"),
    403: gettext_lazy("This is not yours to do"),
    404: gettext_lazy("There is no such page"),
    405: gettext_lazy("This cannot be done here"),
    409: gettext_lazy("The book already says otherwise"),
    413: gettext_lazy("This is too large"),
    415: gettext_lazy("This kind of file is not taken here"),
    422: gettext_lazy("Something in the form is wrong"),
    429: gettext_lazy("Too much at once"),
    500: gettext_lazy("Something broke on our side"),
    503: gettext_lazy("The book cannot be reached"),
}
DOUBTED = re.compile(r"clock says .*(behind|apart|nothing was recorded)")
"""How the book says that it believes no clock; it can be reached then."""

MENDS = {
    400: gettext_lazy("Go back and try again."),
    401: gettext_lazy("Your session has ended. What waits on this phone is kept."),
    403: gettext_lazy("Go back, or sign in as somebody who may."),
    404: gettext_lazy("It may have moved, or it belongs to another site."),
    405: gettext_lazy("Go back and use the buttons of the page."),
    409: gettext_lazy("Look at what is recorded, then decide."),
    413: gettext_lazy("Send less at once."),
    415: gettext_lazy("Send the file in the form that the page names."),
    422: gettext_lazy("Go back, mend it and send it again."),
    429: gettext_lazy("Wait a minute, then go on."),
    500: gettext_lazy("Nothing was recorded. Try again; if it happens again, tell the department."),
    # Where a database fails while it records, nobody knows on which side of the record it did.
    503: gettext_lazy(
        "Try again in a minute. If you sent something, look first whether it was recorded."
    ),
}


class Refusal(Exception):
    """What a view says no with: a status, and sentences in the user's language.

    Parameters
    ----------
    status
        Of HTTP.
    sentences
        What is wrong and what would mend it, one fault each.
    code
        A word by which a script tells this refusal from others.
    kind
        The kind of problem, where a standard has a name for it.
    """

    def __init__(self, status: int, *sentences: str, code: str = "", kind: str = "") -> None:
        self.status = status
        self.code, self.kind = code, kind
        self.sentences = sentences
        super().__init__(" ".join(sentences))


class Refusals:
    """Turns what views raise into answers; stands innermost, so that every room has it."""

    def __init__(self, view: object) -> None:
        self._view = view

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass a request on; say in words where a page does not do what is asked."""
        response = self._view(request)
        if response.status_code == 405:
            allowed = response["Allow"]
            response = refused(request, 405)
            response["Allow"] = allowed
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer an error of ours in words; leave others to the page of status 500."""
        if isinstance(error, Refusal):
            return refused(request, error.status, error.sentences, error.code)
        if isinstance(error, AinalymError):
            return refused_as(request, error)
        if isinstance(error, RequestDataTooBig):
            return refused(request, 413)
        if isinstance(error, AWAY):
            return refused(request, 503)
        return None


def status_of(error: AinalymError) -> int:
    """Give the status of HTTP for an error of ours."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


@cache
def _patterns() -> list[tuple[re.Pattern[str], object]]:
    """All rooms' patterns of what the book says, with the sentence for each."""
    found = []
    for room in rooms():
        if (HERE / room / "sentences.py").is_file():
            said = import_module(f"ainalym.web.{room}.sentences").SENTENCES
            found += [(re.compile(pattern), sentence) for pattern, sentence in said]
    return found


def in_words(error: AinalymError) -> tuple[str, ...]:
    """Say an error of ours in the user's language, one sentence for each fault.

    What no room has a sentence for is quoted as the book says it. Of many faults the first are
    said, and how many more there are.
    """
    faults = error.issues if isinstance(error, InputError) else str(error).split("\n")
    return first_of(faults, _in_words)


def first_of(faults: Sequence[object], said: Callable[[str], str] = str) -> tuple[str, ...]:
    """Say the first of many faults, and how many more there are.

    Parameters
    ----------
    faults
        What is wrong.
    said
        Turns one of them into a sentence.
    """
    sentences = [said(str(fault)) for fault in faults[:MOST_FAULTS]]
    if len(faults) > MOST_FAULTS:
        more = _("And %(count)s more faults.")
        sentences.append(more % {"count": len(faults) - MOST_FAULTS})
    return tuple(sentences)


def _in_words(fault: str) -> str:
    if len(fault) > LONGEST_HEAD + LONGEST_TAIL:
        fault = f"{fault[:LONGEST_HEAD]}…{fault[-LONGEST_TAIL:]}"
    for pattern, sentence in _patterns():
        if match := pattern.search(fault):
            return str(sentence) % match.groupdict()
    return _("The book refuses this: %(said)s.") % {"said": fault}


def for_machines(request: HttpRequest) -> bool:
    """Tell whether a script asks, not a person."""
    if request.path.startswith("/api/"):
        return True
    asked = request.headers.get("Accept", "")
    return "json" in asked or "json" in (request.content_type or "")


def refused(
    request: HttpRequest,
    status: int,
    sentences: Sequence[str] = (),
    code: str = "",
    *,
    kind: str = "",
    title: str = "",
) -> HttpResponse:
    """Say no: a page for people, a problem document for scripts.

    Parameters
    ----------
    status, sentences, code, kind
        As for `Refusal`.
    title
        What it is in short; what its status says if empty.

    **Source.** RFC 9457, Problem Details for HTTP APIs.
    """
    title = title or str(TITLES[status])
    said = [str(one) for one in sentences] or [str(MENDS[status])]
    if for_machines(request):
        problem = {"type": kind or "about:blank", "title": title, "status": status}
        problem |= {"detail": " ".join(said), "faults": said} | ({"code": code} if code else {})
        body = json.dumps(problem, ensure_ascii=False)
        return HttpResponse(body, content_type="application/problem+json", status=status)
    told = {"title": title, "sentences": said, "status": status}
    if status >= 500:
        # Who asks is told without asking the database who that is: it may be what has failed.
        told["person"] = None
    return render(request, "ainalym/refused.html", told, status=status)


def refused_as(request: HttpRequest, error: AinalymError) -> HttpResponse:
    """Say no with an error of ours; a clock that is not believed is no book that is away."""
    doubted = isinstance(error, OutsideError) and DOUBTED.search(str(error))
    title = _("The clock of the site is in doubt") if doubted else ""
    return refused(request, status_of(error), in_words(error), title=title)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what cannot be read, or is too large."""
    too_large = isinstance(exception, RequestDataTooBig) or (
        isinstance(exception, SuspiciousOperation) and "DATA_UPLOAD" in str(exception)
    )
    return refused(request, 413 if too_large else 400)


def forbidden(request: HttpRequest, exception: PermissionDenied) -> HttpResponse:
    """Answer who may not do this."""
    return refused(request, 403)


def not_found(request: HttpRequest, exception: Http404) -> HttpResponse:
    """Answer who asks for what is not there, or not theirs."""
    return refused(request, 404)


def broken(request: HttpRequest) -> HttpResponse:
    """Answer when we are wrong, or when the database failed outside of any page of ours."""
    return refused(request, 503 if isinstance(sys.exc_info()[1], AWAY) else 500)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that does not come from a page of ours."""
    said = _("This form did not come from a page of ours, or the page is too old.")
    return refused(request, 403, (said, _("Open the page anew and send it again.")))
