"""Which events a program asks for: the parameters of the standard's SimpleEventQuery that we hold.

**Source.** GS1 EPCIS 2.0.1 (ISO/IEC 19987:2024), sections 8.2.7.1 and 12.
"""

import re
from datetime import datetime
from typing import Annotated

from django.utils.translation import gettext as _
from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, Field

from ainalym.errors import NotFoundError
from ainalym.ledger import Book, aliased, entry, epcis, knows
from ainalym.model.entry import Entry, ms
from ainalym.web.api.rights import Rights
from ainalym.web.refusals import Refusal

MOST_EVENTS = 1_000
MOST_NAMES = 100
"""Values of one parameter, those with commas between counted each: every entry that is looked at is
held against all of them."""

LONGEST = 4_000
"""Characters of one value, which may be a list."""

BEFORE_URI = re.compile(r",(?=[A-Za-z][A-Za-z0-9+.-]*:)")
"""A comma that parts names which are URIs."""

TYPES = ("ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent")
TYPES += ("AssociationEvent",)
ACTIONS = ("ADD", "OBSERVE", "DELETE")
PROBLEM = "epcisException:QueryParameterException"


def _parted(values: list[str]) -> list[str]:
    """Part values with commas between; one that is empty asks for nothing."""
    parted = [one for value in values for one in value.split(",") if one]
    if len(parted) > MOST_NAMES:
        raise ValueError(f"has {len(parted)} values; ask for at most {MOST_NAMES} at once")
    return parted


def _few(values: list[str]) -> list[str]:
    """Hold names that may have commas themselves to as many as if each comma parted two."""
    _parted(values)
    return values


def _among(known: tuple[str, ...]) -> AfterValidator:
    def held(values: list[str]) -> list[str]:
        for one in values:
            if one not in known:
                raise ValueError(f"{one[:60]!r} is none of {', '.join(known)}")
        return values

    return AfterValidator(held)


Text = Annotated[str, Field(max_length=LONGEST)]
Texts = Annotated[list[Text], Field(max_length=MOST_NAMES)]
Parted = Annotated[Texts, AfterValidator(_parted)]
Names = Annotated[Texts, AfterValidator(_few)]
SEVERAL = "One value or several, with commas between or the parameter repeated."


class Wanted(Schema):
    """Which events; the parameters of the standard's SimpleEventQuery that we hold."""

    eventType: Annotated[Parted, _among(TYPES)] = Field([], description=SEVERAL)
    GE_eventTime: AwareDatetime | None = None
    LT_eventTime: AwareDatetime | None = None
    GE_recordTime: AwareDatetime | None = None
    LT_recordTime: AwareDatetime | None = None
    EQ_action: Annotated[Parted, _among(ACTIONS)] = Field([], description=SEVERAL)
    EQ_bizStep: Parted = Field([], description=SEVERAL)
    EQ_bizLocation: Parted = Field([], description=SEVERAL)
    EQ_readPoint: Parted = Field([], description=SEVERAL)
    EQ_eventID: Names = Field([], description=SEVERAL)
    MATCH_epcClass: Parted = Field([], description="In quantityList; * at the end is anything.")
    MATCH_inputEPCClass: Parted = Field([], description="In inputQuantityList.")
    MATCH_outputEPCClass: Parted = Field([], description="In outputQuantityList.")
    MATCH_anyEPCClass: Parted = Field([], description="In any of the three lists.")
    perPage: int = Field(30, ge=1, le=MOST_EVENTS)
    nextPageToken: str = Field("", max_length=20)


LISTS = {
    "MATCH_epcClass": ("quantityList",),
    "MATCH_inputEPCClass": ("inputQuantityList",),
    "MATCH_outputEPCClass": ("outputQuantityList",),
    "MATCH_anyEPCClass": ("quantityList", "inputQuantityList", "outputQuantityList"),
}
"""In which lists of an event a class is sought."""


def after_of(wanted: Wanted) -> int:
    """Read after which entry a page begins.

    Raises
    ------
    Refusal
        It is no token of a page of ours.
    """
    token = wanted.nextPageToken
    if token and not (token.isascii() and token.isdigit() and len(token) < 16):
        said = _("“%(token)s” is no token of a page of ours.") % {"token": token}
        raise Refusal(400, said, kind=PROBLEM)
    return int(token or 0)


def sites_of(wanted: Wanted, held: Rights) -> set[str]:
    """Read the sites out of the names of places; empty for all.

    Whoever sees but one site need not name it.

    Raises
    ------
    Refusal
        One is not theirs to see, or they have to name one.
    """
    asked = [
        {held.see(name.rstrip("/").rpartition("/")[2]) for name in names}
        for names in (wanted.EQ_bizLocation, wanted.EQ_readPoint)
        if names
    ]
    if not asked:
        only = held.see("")
        return {only} if only else set()
    # Where both are asked for and no site is in both, no event is: the book has no site "".
    return set.intersection(*asked) or {""}


def is_wanted(found: Entry, event: dict, wanted: Wanted) -> bool:
    """Tell whether an event is asked for; its names, place and time are looked at elsewhere."""
    since, until = ms_of(wanted.GE_recordTime), ms_of(wanted.LT_recordTime)
    steps = {epcis.step_of(step) for step in wanted.EQ_bizStep}
    return (
        (since is None or found.recorded_ms >= since)
        and (until is None or found.recorded_ms < until)
        and event["type"] in (wanted.eventType or TYPES)
        and (not wanted.EQ_action or event.get("action") in wanted.EQ_action)
        and (not steps or event["bizStep"] in steps)
        and all(
            not getattr(wanted, name) or _is_in(event, lists, getattr(wanted, name))
            for name, lists in LISTS.items()
        )
    )


def kinds_of(wanted: Wanted) -> list[str]:
    """Say which kinds of entries can give such events, or none where all can.

    That of a reversal is of any kind.
    """
    steps = {epcis.step_of(step) for step in wanted.EQ_bizStep}
    if not steps and not wanted.eventType:
        return []
    kinds = {kind for step, kind in epcis.KINDS.items() if not steps or step in steps}
    if wanted.eventType:
        made = "TransformationEvent" in wanted.eventType
        other = "ObjectEvent" in wanted.eventType
        kinds = {kind for kind in kinds if (made if kind == "change" else other)}
    return sorted(kinds | {"reversal"})


def named(book: Book, wanted: Wanted) -> list[Entry]:
    """List the entries whose events have a name that is asked for, in the order of the book."""
    # A name may hold a comma itself.
    uris = [name for told in wanted.EQ_eventID for name in BEFORE_URI.split(told)]
    found: dict[int, Entry] = {}
    for name in {*uris, *wanted.EQ_eventID, *_parted(wanted.EQ_eventID)}:
        one = entry_named(book, name)
        if one is not None:
            found[one.seq] = one
            # What declares an event wrong stands under the same name.
            if one.reversed_by is not None:
                found[one.reversed_by] = entry(book, one.reversed_by)
    return [found[seq] for seq in sorted(found)]


def entry_named(book: Book, name: str) -> Entry | None:
    """Find the entry whose event has a name: that it was sent with, or `urn:uuid:` and its id."""
    deed_id = epcis.id_of_name(name)
    if deed_id and knows(book, deed_id):
        return entry(book, deed_id)
    spellings = {name, name.lower()} if epcis.UUID_NAME.fullmatch(name) else {name}
    for one in spellings:
        try:
            return aliased(book, one)
        except NotFoundError:
            continue
    return None


def ms_of(at: datetime | None) -> int | None:
    """Give a moment in milliseconds, or nothing."""
    return None if at is None else ms(at)


def _is_in(event: dict, lists: tuple[str, ...], sought: list[str]) -> bool:
    classes = [one["epcClass"] for name in lists for one in event.get(name, ())]
    return any(_matches(one, pattern) for one in classes for pattern in sought)


def _matches(name: str, sought: str) -> bool:
    """Tell whether a class is the one that is sought, or a lot of it; `*` at the end is any."""
    if sought.endswith("*"):
        return name.startswith(sought[:-1])
    return name == sought or name.startswith(f"{sought}/lot/")
