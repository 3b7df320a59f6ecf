"""Nothing that is asked for is ignored in silence: a parameter that no page reads is refused."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from ainalym.web.refusals import Refusal, refused

READS = ("GET", "HEAD")
ON_FORMS = frozenset(("fraction", "month", "next", "process", "site"))
"""What stands in the addresses of pages whose forms are sent to the same address."""

DIGITS = 15
"""Of a number of the book's own: every database and browser holds it."""

View = Callable[[HttpRequest], HttpResponse]


class Asked(QueryDict):
    """The parameters of an address, which remembers those that somebody has read.

    Copying them to hand them on is not reading.
    """

    def __init__(self, *told: Any, **ways: Any) -> None:
        self.read: set[str] = set()
        self.read_once: set[str] = set()
        super().__init__(*told, **ways)
        # It looks at its own names while it is filled.
        self.read.clear()
        self.read_once.clear()

    def __getitem__(self, name: str) -> str:
        """Read the last value of a name."""
        self.read_once.add(name)
        self.read.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        """Tell whether a name is there."""
        self.read.add(str(name))
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Read the last value of a name, or what stands for it."""
        self.read_once.add(name)
        self.read.add(name)
        return super().get(name, default)

    def getlist(self, name: str, default: Any = None) -> Any:
        """Read all values of a name."""
        self.read.add(name)
        return super().getlist(name, default)


def asked(view: View) -> View:
    """Refuse parameters of an address that the page did not read, or that stand there twice.

    Pages that only show are asked first and tell by what they read. What changes something is
    refused before.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        if not request.META.get("QUERY_STRING"):
            return view(request)
        if request.method not in READS:
            if request.path.startswith("/api/"):
                # Its operations know their parameters themselves.
                return view(request)
            said = faults_of(request.GET, known=ON_FORMS)
            return refused(request, 400, said) if said else view(request)
        query = request.META["QUERY_STRING"].encode("latin-1", "replace")
        request.GET = found = Asked(query, encoding=request.encoding)
        response = view(request)
        if response.status_code >= 400 or _is_led_away(request, response):
            return response
        lists = found.read - found.read_once
        said = faults_of(found, known=found.read, lists=lists, listed=False)
        if said:
            response.close()
            return refused(request, 400, said)
        return response

    return answer


def faults_of(
    query: QueryDict,
    *,
    known: Sequence[str] | frozenset[str] | set[str],
    lists: Sequence[str] | set[str] = (),
    listed: bool = True,
) -> list[str]:
    """Say which parameters of an address nobody asked for, and which stand there twice.

    Parameters
    ----------
    known
        The names that are held.
    lists
        Those of them that may stand there more than once.
    listed
        Whether the names that are held are told.
    """
    said = []
    for name, values in query.lists():
        if name not in known:
            told = {"name": name[:60], "known": ", ".join(sorted(known)) or "-"}
            sentence = _("“%(name)s” is not known here; nothing was done.")
            if listed:
                sentence = _("“%(name)s” is not known here; the parameters are: %(known)s.")
            said.append(sentence % told)
        elif len(values) > 1 and name not in lists:
            said.append(_("“%(name)s” stands there twice; give it once.") % {"name": name[:60]})
    return said


def number_in(text: str) -> int | None:
    """Read a number of the book's own; None where it is none.

    Raises
    ------
    Refusal
        Something stands there, and it is no such number.
    """
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS):
        raise Refusal(422, _("“%(text)s” is no number that is given here.") % {"text": text[:40]})
    return int(text)


def _is_led_away(request: HttpRequest, response: HttpResponse) -> bool:
    """Tell whether somebody has to sign in, or to change a password, before the page is shown."""
    if not 300 <= response.status_code < 400:
        return False
    aim = urlsplit(response["Location"]).path
    return request.path != aim and aim in (reverse("people:sign-in"), reverse("people:password"))
