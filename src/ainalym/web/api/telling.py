"""Telling: deeds, all of one request recorded or none."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Status

from ainalym.errors import InputError, Issue, NotFoundError
from ainalym.ledger import Book, entry, knows, lot, overtaken
from ainalym.model.deed import Arrival, Deed, Reversal, Ticket, read_deed
from ainalym.model.entry import Receipt
from ainalym.web.api.door import rights
from ainalym.web.api.rights import Rights
from ainalym.web.api.shapes import Deeds, Device, Receipts, SeriesOut
from ainalym.web.book import the_book
from ainalym.web.counter.series import series_of
from ainalym.web.counter.ticket import NUMBERS, REASONS, TEXTS, check, counter_of, refuse_closed
from ainalym.web.people.models import Role
from ainalym.web.programme.held import hold, post
from ainalym.web.programme.models import Site
from ainalym.web.refusals import Refusal, in_words

router = Router(tags=["tell"])


@router.post("/deeds", response={200: Receipts, 201: Receipts}, operation_id="tell")
def tell(request: HttpRequest, told: Deeds) -> Status:
    """Tell deeds. 201 where something is new, 200 where the book had all of it already."""
    deeds = read_deeds(told.deeds, rights(request).name)
    receipts = record(deeds, rights(request), sure=told.sure)
    said = {
        "receipts": [receipt._asdict() for receipt in receipts],
        "overtaken": overtaken_at(deeds),
    }
    return Status(200 if all(one.repeated for one in receipts) else 201, said)


@router.post("/sites/{site}/series", response=SeriesOut, operation_id="series")
def series(request: HttpRequest, site: str, told: Device) -> dict[str, str]:
    """Ask for the series in which a device numbers the slips of its tickets."""
    here = Site.objects.get(pk=rights(request).see(site))
    if not request.user.duties.filter(site=here, role=Role.KEEPER).exists():
        raise Refusal(403, _("Slips are written by keepers."))
    try:
        device = UUID(told.device)
    except ValueError:
        raise Refusal(422, _("The device needs a UUID of its own.")) from None
    return {"series": series_of(here, request.user.name, device).name}


def read_deeds(told: Sequence[dict], actor: str) -> list[Deed]:
    """Make deeds of what was told; whoever holds the token tells them.

    Raises
    ------
    InputError
        Every fault of every deed.
    """
    deeds, issues = [], []
    for k, one in enumerate(told):
        try:
            if one.get("actor", actor) != actor:
                mend = f"leave it out, or give {actor!r}"
                issues.append(Issue(f"deeds[{k}] actor", f"is {one['actor']!r:.80}", mend))
            deeds.append(read_deed(one | {"actor": actor}))
        except InputError as error:
            issues += [Issue(f"deeds[{k}] {i.where}", i.fault, i.mend) for i in error.issues]
    if issues:
        raise InputError(issues)
    return deeds


def record(deeds: Sequence[Deed], held: Rights, *, sure: bool = False) -> list[Receipt]:
    """Record deeds that somebody may tell, held to what pages hold them to.

    Parameters
    ----------
    held
        The teller's rights.
    sure
        Whether unusual weights are meant.

    Raises
    ------
    Refusal, AinalymError
        With every fault that was found. Nothing is recorded.
    """
    held.tell(deeds)
    book = the_book()
    deeds = [_with_reason(book, deed) for deed in deeds]
    said: list[str] = []
    for deed in deeds:
        if isinstance(deed, Ticket) and not knows(book, deed.id):
            said += (f"{deed.id}: {fault}" for fault in faults_of(book, deed, sure=sure))
        elif isinstance(deed, Arrival) and not knows(book, deed.id):
            for number in deed.lots:
                held.takes_in(deed, lot(book, number))
    _hold_to_own(book, deeds, held)
    if said:
        try:
            hold(book, deeds)
        except InputError as error:
            said += in_words(error)
        raise Refusal(422, *said)
    return post(book, deeds)


def reason_of(text: str) -> str:
    """Give a reason for a price as counters tell it: any other text is `other` in its own words."""
    word, colon, words = text.partition(":")
    if not text or (word in REASONS and word != "other" and (not colon or words[:1] == " ")):
        return text
    if word.strip() != "other":
        return f"other: {text}"
    return text if words[:1] == " " or not words else f"other: {words}"


def _with_reason(book: Book, deed: Deed) -> Deed:
    """Give a ticket with its reason as counters tell it; what the book has already stays."""
    if not isinstance(deed, Ticket) or (reason := reason_of(deed.reason)) == deed.reason:
        return deed
    if knows(book, deed.id) and entry(book, deed.id).body.get("reason") == deed.reason:
        return deed
    return replace(deed, reason=reason)


def _hold_to_own(book: Book, deeds: Iterable[Deed], held: Rights) -> None:
    """Let on deeds about earlier entries of sites that somebody sees, or of the same request.

    Of others nobody learns more than of ids that nobody has: neither where nor when they happened.

    Raises
    ------
    NotFoundError
        There is no such entry for them.
    """
    told: set[str] = set()
    for deed in deeds:
        about = {deed.corrects, deed.reverses if isinstance(deed, Reversal) else ""} - told - {""}
        for name in sorted(about) if about and not knows(book, deed.id) else ():
            if not knows(book, name) or not held.sees(entry(book, name).site):
                raise NotFoundError(f"there is no entry {name} in this book")
        told.add(deed.id)


def overtaken_at(deeds: Iterable[Deed]) -> list[dict[str, object]]:
    """List the stock-takes that the book contradicts, at the sites of deeds."""
    sites = sorted({deed.site for deed in deeds})
    return [one._asdict() for site in sites for one in overtaken(the_book(), site=site)]


def faults_of(book: Book, ticket: Ticket, *, sure: bool) -> list[str]:
    """Say what a counter would say against a ticket.

    Raises
    ------
    Refusal
        Its period is closed.
    """
    if ticket.seller:
        return [_("A seller's name is kept at the counter only; leave it out.")]
    fields = {name: getattr(ticket, name) for name in (*NUMBERS, *TEXTS) if name != "keeper"}
    site = Site.objects.get(pk=ticket.site)
    refuse_closed(book, ticket)
    try:
        counter = counter_of(book, site, ticket.event_ms, ticket.price_list)
        check(fields | {"sure": sure, "consent": ticket.consent}, counter)
    except Refusal as refusal:
        return [*refusal.sentences]
    return []
