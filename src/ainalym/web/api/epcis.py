"""EPCIS 2.0 over HTTP: the capture interface and the query of events, as far as we hold them.

Taken and given are the events of `ainalym.ledger.epcis`. A capture is done when it is answered; its
job says what came of it.

**Source.** GS1 EPCIS 2.0.1 (ISO/IEC 19987:2024), section 12.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from ninja import Body, Header, Query, Router, Schema, Status
from pydantic import AwareDatetime, Field

from ainalym import __version__
from ainalym.errors import AinalymError, InputError
from ainalym.ledger import Book, entries, entry, epcis
from ainalym.model.deed import UUID7, Deed
from ainalym.model.entry import Entry, iso, ms, now_ms
from ainalym.web.api import shapes
from ainalym.web.api.door import answered, rights
from ainalym.web.api.models import Capture
from ainalym.web.api.rights import Rights
from ainalym.web.api.telling import record
from ainalym.web.book import the_book
from ainalym.web.refusals import TITLES, Refusal, in_words, status_of

router = Router(tags=["EPCIS 2.0"])

MOST_EVENTS = 1_000
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


class Wanted(Schema):
    """Which events; the parameters of the standard's SimpleEventQuery that we hold."""

    eventType: Literal["", "ObjectEvent", "TransformationEvent"] = ""
    GE_eventTime: AwareDatetime | None = None
    LT_eventTime: AwareDatetime | None = None
    EQ_bizStep: str = Field("", max_length=200)
    EQ_bizLocation: str = Field("", max_length=300)
    MATCH_epcClass: str = Field("", max_length=300)
    perPage: int = Field(30, ge=1, le=MOST_EVENTS)
    nextPageToken: str = Field("", max_length=20)


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

    What the standard's rules find wrong in the document itself is refused with 400. What the book
    refuses is told by the job: with `rollback` nothing of the document is kept, with `proceed` the
    events that are good are. Mass out of nothing is refused, which the standard's schema lets pass.
    """
    _say_headers(response)
    held, began_ms = rights(request), now_ms()
    try:
        deeds = [replace(deed, actor=held.name) for deed in epcis.read_document(told)]
    except InputError as error:
        raise Refusal(400, *in_words(error)) from error
    if len(deeds) > MOST_EVENTS:
        raise Refusal(413, _("At most %(most)s events at once.") % {"most": MOST_EVENTS})
    proceeds = behaviour == "proceed"
    errors = _take(held, [[deed] for deed in deeds] if proceeds else [deeds])
    job = Capture.objects.create(
        id=uuid4(),
        person=request.user,
        began_ms=began_ms,
        ended_ms=now_ms(),
        proceeds=proceeds,
        errors=errors,
    )
    response["Location"] = _address(request, "job", job.id)
    return Status(202, None)


def _take(held: Rights, parts: Sequence[Sequence[Deed]]) -> list[dict]:
    """Record parts of a document, each whole or not at all; gives a problem for each that fails."""
    errors = []
    for deeds in parts:
        try:
            record(deeds, held, sure=True)
        except (Refusal, AinalymError) as error:
            ours = isinstance(error, AinalymError)
            status = status_of(error) if ours else error.status
            said = [*(in_words(error) if ours else error.sentences)]
            errors.append(
                {
                    "type": "about:blank",
                    "title": str(TITLES[status]),
                    "status": status,
                    "detail": " ".join(said),
                    "faults": said,
                    "code": "" if len(deeds) > 1 else f"urn:uuid:{deeds[0].id}",
                }
            )
    return errors


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
    }


@router.get("/epcis/events", response=dict, operation_id="events")
def events(request: HttpRequest, wanted: Query[Wanted]) -> HttpResponse:
    """Give events in the order they were recorded, as an EPCISQueryDocument.

    Where there are more, `Link` with `rel="next"` is their address.
    """
    here = _site_of(wanted.EQ_bizLocation, rights(request))
    token = wanted.nextPageToken
    if token and not (token.isascii() and token.isdigit() and len(token) < 16):
        raise Refusal(422, _("“%(token)s” is no token of a page of ours.") % {"token": token})
    root, book = _root(request), the_book()
    found: list[dict] = []
    following = ""
    for looked, one in enumerate(_entries(book, here, wanted, int(token or 0)), 1):
        event = _event(book, one, root)
        if event is not None and _is_wanted(event, wanted):
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


@router.get("/epcis/events/{name}", response=dict, operation_id="event")
def one_event(request: HttpRequest, response: HttpResponse, name: str) -> dict:
    """Give one event by its eventID, `urn:uuid:...`."""
    _say_headers(response)
    missing = Refusal(404, _("There is no event “%(name)s” here for you.") % {"name": name[:60]})
    deed_id = name.removeprefix("urn:uuid:")
    if not UUID7.fullmatch(deed_id):
        raise missing
    book, held = the_book(), rights(request)
    found = entry(book, deed_id)
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


def _site_of(location: str, held: Rights) -> str:
    """Read a site out of a location's name; whoever sees but one site need not name it."""
    return held.see(location.rstrip("/").rpartition("/")[2])


def _entries(book: Book, site: str, wanted: Wanted, after: int) -> Iterator[Entry]:
    """Yield entries in the order they were recorded, after one of them."""
    from_ms, to_ms = _ms(wanted.GE_eventTime), _ms(wanted.LT_eventTime)
    asked = {"site": site, "kind": _kinds(wanted), "from_ms": from_ms, "to_ms": to_ms}
    at_once = min(AT_ONCE, 2 * wanted.perPage)
    while page := entries(book, **asked, after=after, most=at_once):
        yield from page
        after = page[-1].seq


def _kinds(wanted: Wanted) -> list[str]:
    """Say which kinds of entries can give such events; that of a reversal is of any kind."""
    step = _step(wanted.EQ_bizStep)
    kinds = {kind for named, kind in epcis.KINDS.items() if step in ("", named)}
    if wanted.eventType:
        made = wanted.eventType == "TransformationEvent"
        kinds = {kind for kind in kinds if (kind == "change") == made}
    return sorted(kinds | {"reversal"}) if step or wanted.eventType else []


def _step(name: str) -> str:
    """Read a business step out of its address or URN."""
    return name.rpartition("/")[2].rpartition("-")[2]


def _ms(at: datetime | None) -> int | None:
    return None if at is None else ms(at)


def _event(book: Book, found: Entry, root: str) -> dict | None:
    """Make the event of an entry; that of a reversal repeats the one it takes back."""
    before = [entry(book, found.reverses)] if found.reverses else []
    made = [*epcis.events([*before, found], root)]
    return made[-1] if len(made) > len(before) else None


def _is_wanted(event: dict, wanted: Wanted) -> bool:
    step = _step(wanted.EQ_bizStep)
    if wanted.eventType and event["type"] != wanted.eventType:
        return False
    if step and event["bizStep"] != step:
        return False
    sought = wanted.MATCH_epcClass
    classes = [
        one["epcClass"]
        for name, listed in event.items()
        if name == "quantityList" or name.endswith("QuantityList")
        for one in listed
    ]
    return not sought or any(_matches(one, sought) for one in classes)


def _matches(name: str, sought: str) -> bool:
    """Tell whether a class is the one that is sought, or a lot of it; `*` at the end is any."""
    if sought.endswith("*"):
        return name.startswith(sought[:-1])
    return name == sought or name.startswith(f"{sought}/lot/")
