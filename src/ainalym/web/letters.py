"""No letters that a database cannot hold: zero characters and half characters stop at the door."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import unquote_to_bytes

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from ainalym.web.refusals import refused

BROKEN = re.compile("[\0\ud800-\udfff]")
PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
ESCAPED = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|[\0\xed]|[^\t\n\r -\xff]")
"""What JSON has to have somewhere to hold such a letter, also in UTF-16 or UTF-32."""

FORM = "application/x-www-form-urlencoded"
FILES = "multipart/form-data"
READS = ("GET", "HEAD", "OPTIONS")
MOST = 1 << 53
"""Numbers in addresses stay below it: no entry, lot or person has such a number."""

View = Callable[[HttpRequest], HttpResponse]


def checks_letters(view: View) -> View:
    """Mark a page that looks at every text it is sent itself, and keeps what was typed."""
    view.checks_letters = True
    return view


class Letters:
    """Refuses addresses, forms, JSON and headers with letters or numbers that nobody can hold."""

    def __init__(self, view: View) -> None:
        self._view = view

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass a request on, or say what is wrong with its address or a header."""
        if where := next(_places(request), ""):
            return _refused(request, where)
        return self._view(request)

    def process_view(
        self, request: HttpRequest, view: View, args: object, parts: dict[str, object]
    ) -> HttpResponse | None:
        """Say what is wrong with a form or JSON, and with numbers too large for any database."""
        if any(isinstance(part, int) and part >= MOST for part in parts.values()):
            return refused(request, 404)
        if request.method in READS or getattr(view, "checks_letters", False):
            return None
        where = next(_places_of_body(request), "")
        return _refused(request, where) if where else None


def _refused(request: HttpRequest, where: str) -> HttpResponse:
    said = _("%(where)s: no zero character, no half letter and no stray percent sign is taken.")
    return refused(request, 400, [said % {"where": where}])


def _places(request: HttpRequest) -> Iterator[str]:
    """Yield what holds letters that nobody can hold, in the user's language."""
    asked = request.META.get("QUERY_STRING", "").encode("latin-1", "replace")
    # What was no UTF-8 in a path, Django has written as percent signs again.
    path, query = request.path_info, request.GET
    is_whole = _are_whole([path]) and _is_utf8(unquote_to_bytes(path))
    if not is_whole or (asked and not (_is_form(asked) and _are_whole(_texts(query.lists())))):
        yield _("The address")
    headers = (value for name, value in request.META.items() if name.startswith("HTTP_"))
    if not _are_whole((request.META.get("CONTENT_TYPE", ""), *map(str, headers))):
        yield _("A header")
    elif not _are_whole(_texts(request.COOKIES.items())):
        yield _("A cookie")


def _places_of_body(request: HttpRequest) -> Iterator[str]:
    is_page = not request.path.startswith("/api/")
    if is_page and request.content_type == FORM:
        if not _is_form(request.body) or not _are_whole(_texts(request.POST.lists())):
            yield _("The form")
    elif is_page and request.content_type == FILES:
        names = [(one.name or "") for one in request.FILES.values()]
        texts = [*_texts(request.POST.lists()), *names]
        # What is no UTF-8 there has become a mark of replacement.
        if not _are_whole(texts) or any("\ufffd" in text for text in texts):
            yield _("The form")
    elif not _is_whole_json(request.body):
        yield _("What was sent")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_form(raw: bytes) -> bool:
    """Tell whether an address or a form is UTF-8 with whole percent signs."""
    plain = unquote_to_bytes(raw)
    return PERCENT.search(raw) is None and b"\0" not in plain and _is_utf8(plain)


def _are_whole(texts: Iterable[str]) -> bool:
    return not any(BROKEN.search(text) for text in texts)


def _texts(told: Iterable[tuple[str, object]]) -> Iterator[str]:
    for name, values in told:
        yield name
        yield from values if isinstance(values, list) else [str(values)]


def _is_whole_json(body: bytes) -> bool:
    """Tell whether no text in JSON has such letters; what is no JSON is left to who reads it."""
    if not ESCAPED.search(body):
        return True
    try:
        waiting = [json.loads(body)]
    except (ValueError, RecursionError):
        return True
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str) and BROKEN.search(one):
            return False
    return True
