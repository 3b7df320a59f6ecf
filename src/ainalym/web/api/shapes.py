"""Shapes of what goes in and out of the API; the nouns are those of the book."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from types import UnionType
from typing import Annotated, Any, Literal, get_args, get_origin

from ninja import Schema
from pydantic import ConfigDict, Field

from ainalym.model.deed import KINDS, MOST
from ainalym.model.entry import Account, Entry, Lot

MOST_DEEDS = 1_000
LONGEST_MS = 1 << 46

Moment = Annotated[int, Field(ge=0, lt=LONGEST_MS, description="Milliseconds since 1970 UTC.")]
About = Literal["scale", "process", "custody", "tolerance"]
Counted = Annotated[
    Literal["mass", "count"], Field(description="`mass` for grams, `count` for pieces.")
]
Number = Annotated[int, Field(ge=1, lt=MOST, description="A number of the book's own.")]


class Problem(Schema):
    """Why not, after RFC 9457; `faults` has a sentence for each thing that is wrong."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    faults: list[str]
    code: str = Field("", description="Tells some refusals from others: a taken slip number, say.")


class Deeds(Schema):
    """What happened, told together: all of it is recorded, or nothing."""

    model_config = ConfigDict(extra="forbid")

    deeds: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_DEEDS)
    sure: bool = Field(False, description="Unusual weights of tickets are meant.")


class ReceiptOut(Schema):
    """Where a deed stands in the book; `repeated` where it stood there already."""

    id: str
    seq: int
    recorded_ms: int
    lots: list[int]
    hash: str
    repeated: bool


class OvertakenOut(Schema):
    """A stock-take that the book contradicts, as entries told later happened before it: in grams or
    in pieces, and the fields of the other are null."""

    seq: int
    id: str
    site: str
    material: str
    event_ms: int
    counted_g: int | None
    off_g: int | None = Field(description="The book as of that moment less what was counted.")
    counted_pieces: int | None = None
    off_pieces: int | None = Field(None, description="As off_g, in pieces.")
    late: list[int] = Field(description="Numbers of the first of the entries told later.")
    late_entries: int = Field(description="How many there are.")


class Receipts(Schema):
    """One receipt for each deed, in the order they were told; `overtaken` lists the stock-takes of
    their sites that the book now contradicts."""

    receipts: list[ReceiptOut]
    overtaken: list[OvertakenOut]


class AccountOut(Schema):
    """Where mass or money is: as `Account` of the book."""

    ledger: str
    role: str
    site: str
    what: str
    to: str


class PostingOut(Schema):
    """One line of an entry, in grams or minor units."""

    account: AccountOut
    lot: int | None
    quantity: int


class DrawOut(Schema):
    """So many grams of a parent lot that went into a child lot, or left the book."""

    child: int | None
    parent: int
    grams: int


class EntryOut(Schema):
    """A deed as it stands in the book."""

    seq: int
    id: str
    kind: str
    site: str
    event_ms: int
    recorded_ms: int
    actor: str
    reverses: int | None
    reversed_by: int | None
    corrects: int | None
    body: dict[str, Any]
    postings: list[PostingOut]
    draws: list[DrawOut]
    hash: str


class Entries(Schema):
    """A page of entries; `next` is what `after` has to be for the next one, null at the end."""

    entries: list[EntryOut]
    next: int | None


class LotOut(Schema):
    """Mass made by one entry at one site, and what is left of it; where `account.ledger` is
    `count`, a lot of pieces, whose `made_g` and `left_g` are pieces."""

    id: int
    entry: int
    account: AccountOut
    made_g: int
    left_g: int
    event_ms: int
    source: str
    verified: bool


class Lots(Schema):
    """A page of lots, oldest first."""

    lots: list[LotOut]
    next: int | None


class Way(Schema):
    """A lot's way, back to what entered the book or on to where its grams lie: grams by lot, 0 for
    what is unknown or has left."""

    lot: int
    ends_g: dict[str, int]
    draws: list[DrawOut]


class ClaimOut(Schema):
    """What may be said of a lot under the model of custody of its site and material."""

    lot: int
    model: str
    share: float
    verified_ratio: float
    eligible_share: float
    allowed: bool
    said: str


class Stock(Schema):
    """What lies at a site, in grams by material and in pieces by product; `overtaken`
    lists the stock-takes there, up to the moment asked for, that the book contradicts."""

    site: str
    stock_g: dict[str, int]
    stock_pieces: dict[str, int] = Field(description="Of what is counted beside being weighed.")
    overtaken: list[OvertakenOut]


class PeriodOut(Schema):
    """A closed period and the root that seals it."""

    entry: int
    site: str
    from_ms: int
    to_ms: int
    entries: int
    root: str


class FormLineOut(Schema):
    """A line of the monthly form, in grams."""

    site: str
    material: str
    opening_g: int
    received_g: int
    produced_g: int
    written_off_g: int
    sold_g: int
    shipped_g: int
    corrected_g: int
    closing_g: int
    eligible_g: int


class SiteOut(Schema):
    """A place of the network."""

    id: str
    kind: str
    names: dict[str, str]
    lon: float
    lat: float
    ships_to: str | None
    scales: list[str]


class MaterialOut(Schema):
    """A material under its name in the book."""

    id: str
    fraction: str
    names: dict[str, str]


class OfferOut(Schema):
    """What a site takes of a material; a price below zero is a fee."""

    site: str
    material: str
    price_minor_per_kg: int
    limit_g_per_year: int | None


class Prices(Schema):
    """What a point pays now, in minor units for a kilogram."""

    site: str
    price_list: str
    paid_minor_per_kg: dict[str, int]


class Device(Schema):
    """A device that writes slips; the same one gets the same series."""

    model_config = ConfigDict(extra="forbid")

    device: str = Field(description="A UUID it made for itself.", max_length=36)


class SeriesOut(Schema):
    """The series a device numbers its slips in, from 1 without a gap."""

    series: str


class VerdictOut(Schema):
    """What deriving everything anew has shown; `erased` are entries without their private part."""

    whole: bool
    entries: int
    postings: int
    hash: str
    erased: list[int]
    faults: list[str]


class Taken(Schema):
    """What was read of a file of weighings; `overtaken` as for `Receipts`."""

    rows: int
    recorded: int
    repeated: int
    net_g: int
    paid_minor: int
    dry_run: bool
    overtaken: list[OvertakenOut]


class Capture(Schema):
    """A job of capturing events, after EPCIS 2.0; `overtaken` as for `Receipts`, when it ended."""

    captureID: str
    createdAt: str
    finishedAt: str
    running: bool
    success: bool
    captureErrorBehaviour: str
    errors: list[Problem]
    overtaken: list[OvertakenOut]


def account_of(account: Account) -> dict[str, str]:
    """Say an account by its parts."""
    return account._asdict()


def lot_of(lot: Lot) -> dict[str, object]:
    """Say a lot."""
    return lot._asdict() | {"account": account_of(lot.account)}


def entry_of(entry: Entry) -> dict[str, object]:
    """Say an entry with its postings and draws."""
    return entry._asdict() | {
        "postings": [
            posting._asdict() | {"account": account_of(posting.account)}
            for posting in entry.postings
        ],
        "draws": [draw._asdict() for draw in entry.draws],
    }


def deeds_described() -> dict[str, object]:
    """Describe every kind of deed as JSON Schema, from what its fields declare."""
    return {
        kind: {
            "type": "object",
            "title": kind,
            "description": (deed.__doc__ or "").partition("\n")[0],
            "properties": {"kind": {"const": kind}}
            | {f.name: _described(f.type) for f in fields(deed)},
            "required": ["kind"]
            + [
                f.name
                for f in fields(deed)
                if f.default is MISSING and f.default_factory is MISSING and f.name != "actor"
            ],
            "additionalProperties": False,
        }
        for kind, deed in KINDS.items()
    }


def _described(kind: Any) -> dict[str, object]:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return {"anyOf": [_described(inner[0]), {"type": "null"}]}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _described(inner[1])}
    if origin is tuple:
        each = inner[0] if inner[-1] is Ellipsis else None
        items = _described(each) if each else {"anyOf": [*map(_described, inner)]}
        return {"type": "array", "items": items}
    names = {str: "string", int: "integer", bool: "boolean"}
    return {"type": names[kind]} if kind in names else {}
