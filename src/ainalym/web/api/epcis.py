"""EPCIS 2.0 over HTTP: the capture interface and the query of events, as far as we hold them.

Taken and given are the events of `ainalym.ledger.epcis`. A capture is done when it is answered; its
job says what came of it.

**Source.** GS1 EPCIS 2.0.1 (ISO/IEC 19987:2024), section 12.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from ninja import Body, Header, Query, Router, Status

from ainalym import __version__
from ainalym.errors import AinalymError, InputError
from ainalym.ledger import Book, entries, entry, epcis
from ainalym.ledger.alias import as_first_told
from ainalym.model.deed import Deed
from ainalym.model.entry import Entry, iso, now_ms
from ainalym.web.api import shapes
from ainalym.web.api.door import answered, rights
from ainalym.web.api.models import Capture
from ainalym.web.api.rights import Rights
from ainalym.web.api.telling import overtaken_at, record
from ainalym.web.api.wanted import (
    MOST_EVENTS,
    Wanted,
    after_of,
    entry_named,
    is_wanted,
    kinds_of,
    ms_of,
    named,
    sites_of,
)
from ainalym.web.book import the_book
from ainalym.web.refusals import TITLES, Refusal, in_words, status_of

router = Router(tags=["EPCIS 2.0"])

AT_ONCE = 1_000
"""Entries looked at in one step of a search."""

LOOKED_AT = 5_000
"""Entries looked at for one answer; then the page ends, and its link goes on from there."""

HEADERS = {
    "GS1-EPCIS-Version": "2.0.0",
    "GS1-EPCIS-Min": "2.0.0",
    "GS1-EPCIS-Max": "2.0.0",
    "GS1-CBV-Version": "2.0.0",
    "GS1-CBV-Min": "2.0.0",
    "GS1-CBV-Max": "2.0.0",
    "GS1-EPC-Format": "Always_GS1_Digital_Link",
    "GS1-Vendor-Version": __version__,
    "GS1-EPCIS-Capture-Limit": str(MOST_EVENTS),
    "GS1-EPCIS-Capture-File-Size-Limit": str(1 << 20),
}
"""What a client asks for with OPTIONS, and hears with every answer."""

ADDRESSES = {"/epcis": "GET", "/epcis/capture": "GET, POST", "/epcis/events": "GET"}
"""Which of them tell, without a token, what is held."""


@router.post("/epcis/capture", response={202: None}, operation_id="capture")
def capture(
    request: HttpRequest,
    response: HttpResponse,
    told: Body[dict[str, Any]],
    behaviour: Literal["rollback", "proceed"] = Header(
        "rollback", alias="GS1-Capture-Error-Behaviour"
    ),
) -> Status:
    """Capture a document's events: 202, and the job's address in `Location`.

    What is no document of the standard is refused with 400. With `rollback` so is one with an event
    that cannot be read; what the book refuses is told by the job, and nothing is kept. With
    `proceed` the events that are good are kept, and the job tells of each that is not. Mass out of
    nothing is refused, which the standard's schema lets pass.
    """
    _say_headers(response)
    held, began_ms = rights(request), now_ms()
    if (count := epcis.count_of_events(told)) > MOST_EVENTS:
        said = _("The document has %(count)s events. Send at most %(most)s at once.")
        raise Refusal(413, said % {"count": count, "most": MOST_EVENTS})
    proceeds = behaviour == "proceed"
    try:
        read = [*epcis.read_each(told)] if proceeds else epcis.read_document(told)
    except InputError as error:
        raise Refusal(400, *in_words(error)) from error
    deeds = [_as_told(one, held) for one in read]
    kept, errors = _take(held, [[one] for one in deeds] if proceeds else [deeds])
    job = Capture.objects.create(
        id=uuid4(),
        person=request.user,
        began_ms=began_ms,
        ended_ms=now_ms(),
        proceeds=proceeds,
        errors=errors,
        overtaken=overtaken_at(kept),
    )
    response["Location"] = _address(request, "job", job.id)
    return Status(202, None)


def _as_told(read: Deed | InputError, held: Rights) -> Deed | InputError:
    """Give a deed as this person tells it; the faults of an event as they are."""
    if isinstance(read, InputError):
        return read
    return as_first_told(the_book(), replace(read, actor=held.name))


def _take(
    held: Rights, parts: Sequence[Sequence[Deed | InputError]]
) -> tuple[list[Deed], list[dict]]:
    """Record parts of a document, each whole or not at all.

    Gives the deeds that are in the book, and a problem for each part that failed, or that is an
    event which could not be read.
    """
    kept: list[Deed] = []
    errors = []
    for deeds in parts:
        one = deeds[0] if len(deeds) == 1 else None
        if isinstance(one, InputError):
            errors.append(_problem(400, in_words(one)))
            continue
        name = (one.alias or f"urn:uuid:{one.id}") if one else ""
        try:
            record(deeds, held, sure=True)
            kept += deeds
        except Refusal as error:
            errors.append(_problem(error.status, error.sentences, name))
        except AinalymError as error:
            errors.append(_problem(status_of(error), in_words(error), name))
    return kept, errors


def _problem(status: int, said: Sequence[str], name: str = "") -> dict[str, object]:
    return {
        "type": "about:blank",
        "title": str(TITLES[status]),
        "status": status,
        "detail": " ".join(said),
        "faults": [*said],
        "code": name,
    }


@router.get("/epcis/capture", response=list[shapes.Capture], operation_id="captures")
def captures(
    request: HttpRequest, response: HttpResponse, perPage: int = Query(30, ge=1, le=MOST_EVENTS)
) -> list[dict]:
    """List your jobs, the newest first."""
    _say_headers(response)
    return [_job(one) for one in request.user.captures.all()[:perPage]]


@router.get("/epcis/capture/{job}", response=shapes.Capture, url_name="job", operation_id="job")
def captured(request: HttpRequest, response: HttpResponse, job: UUID) -> dict:
    """Tell what came of a job of yours."""
    _say_headers(response)
    found = request.user.captures.filter(pk=job).first()
    if found is None:
        raise Refusal(404, _("There is no job %(job)s of yours.") % {"job": job})
    return _job(found)


def _job(job: Capture) -> dict[str, object]:
    return {
        "captureID": str(job.id),
        "createdAt": iso(job.began_ms),
        "finishedAt": iso(job.ended_ms),
        "running": False,
        "success": not job.errors,
        "captureErrorBehaviour": "proceed" if job.proceeds else "rollback",
        "errors": job.errors,
        "overtaken": job.overtaken,
    }


@router.get("/epcis/events", response=dict, operation_id="events")
def events(request: HttpRequest, wanted: Query[Wanted]) -> HttpResponse:
    """Give events in the order they were recorded, as an EPCISQueryDocument.

    Where there are more, `Link` with `rel="next"` is their address.
    """
    sites, after = sites_of(wanted, rights(request)), after_of(wanted)
    root, book = _root(request), the_book()
    found: list[dict] = []
    following = ""
    for looked, one in enumerate(_entries(book, sites, wanted, after), 1):
        event = _event(book, one, root) if not sites or one.site in sites else None
        if event is not None and is_wanted(one, event, wanted):
            found.append(event)
        if len(found) == wanted.perPage or looked == LOOKED_AT:
            following = _next_page(request, one.seq)
            break
    told = {
        "@context": [epcis.CONTEXT, {epcis.OWN: f"{root}/terms/"}],
        "type": "EPCISQueryDocument",
        "schemaVersion": "2.0",
        "creationDate": iso(now_ms()),
        "epcisBody": {
            "queryResults": {
                "queryName": "SimpleEventQuery",
                "resultsBody": {"eventList": found},
            }
        },
    }
    answer = answered(told)
    _say_headers(answer)
    if following:
        answer["Link"] = following
    return answer


@router.get("/epcis/events/{path:name}", response=dict, operation_id="event")
def one_event(request: HttpRequest, response: HttpResponse, name: str) -> dict:
    """Give one event by its eventID: the one it was sent with, percent-encoded."""
    _say_headers(response)
    missing = Refusal(404, _("There is no event “%(name)s” here for you.") % {"name": name[:60]})
    book, held = the_book(), rights(request)
    found = entry_named(book, name)
    if found is None:
        raise missing
    if not held.sees_all and found.site not in held.sites:
        raise missing
    event = _event(book, found, _root(request))
    if event is None:
        raise missing
    return event


@router.get("/epcis", response=dict[str, str], operation_id="epcis")
def about(request: HttpRequest, response: HttpResponse) -> dict[str, str]:
    """Tell what is held of the standard, and where."""
    _say_headers(response)
    return HEADERS | {"capture": "capture", "events": "events"}


def _offered(allowed: str) -> Callable:
    def offered(request: HttpRequest, response: HttpResponse) -> Status:
        """Tell in headers which versions and limits hold."""
        _say_headers(response)
        response["Allow"] = f"{allowed}, OPTIONS"
        return Status(204, None)

    return offered


for _path, _allowed in ADDRESSES.items():
    router.api_operation(
        ["OPTIONS"],
        _path,
        response={204: None},
        auth=None,
        operation_id=f"offered by {_path}",
    )(_offered(_allowed))


def _say_headers(response: HttpResponse) -> None:
    for name, value in HEADERS.items():
        response[name] = value


def _root(request: HttpRequest) -> str:
    """The address our names stand under."""
    return request.build_absolute_uri("/").rstrip("/")


def _address(request: HttpRequest, name: str, *parts: object) -> str:
    return request.build_absolute_uri(reverse(f"api:api-v1:{name}", args=parts))


def _next_page(request: HttpRequest, after: int) -> str:
    query = request.GET.copy()
    query["nextPageToken"] = str(after)
    address = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
    return f'<{address}>; rel="next"'


def _entries(book: Book, sites: set[str], wanted: Wanted, after: int) -> Iterator[Entry]:
    """Yield entries that may be wanted, in the order they were recorded, after one of them."""
    from_ms, to_ms = ms_of(wanted.GE_eventTime), ms_of(wanted.LT_eventTime)
    if any(wanted.EQ_eventID):
        for one in named(book, wanted):
            is_then = (from_ms or 0) <= one.event_ms and (to_ms is None or one.event_ms < to_ms)
            if one.seq > after and is_then:
                yield one
        return
    at_once = min(AT_ONCE, 2 * wanted.perPage)
    if "" in sites:
        return
    site = next(iter(sites)) if len(sites) == 1 else ""
    asked = {"site": site, "kind": kinds_of(wanted), "from_ms": from_ms, "to_ms": to_ms}
    while page := entries(book, **asked, after=after, most=at_once):
        yield from page
        after = page[-1].seq


def _event(book: Book, found: Entry, root: str) -> dict | None:
    """Make the event of an entry; that of a reversal repeats the one it takes back."""
    before = [entry(book, found.reverses)] if found.reverses else []
    made = [*epcis.events([*before, found], root, zone=ZoneInfo(settings.TIME_ZONE))]
    return made[-1] if len(made) > len(before) else None
