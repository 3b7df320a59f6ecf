"""Entries: what the book holds of materials and money, in whole grams and whole minor units.

Moments are whole milliseconds since 1970 UTC.
"""

import os
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ainalym.errors import Issue, OutsideError, refuse

HOME = "Asia/Almaty"
"""The time zone of days where none is named."""


class Source(StrEnum):
    """Where mass that enters the book comes from."""

    PEOPLE = "people"  # brought to a counter
    BUSINESS = "business"  # sorted at its source by a shop, an office, a plant
    CONTAINER = "container"  # out of containers of mixed waste: no support is paid for it
    SORTING = "sorting"  # out of a sorting complex: no support is paid for it
    STOCKPILE = "stockpile"  # a stock of the past: never counts as recycling
    VIRGIN = "virgin"  # new material, bought
    FOUND = "found"  # more was weighed than the book knew of: of unknown origin

    @property
    def recycled(self) -> bool:
        """Whether its grams count as recycled."""
        return self in (Source.PEOPLE, Source.BUSINESS, Source.CONTAINER, Source.SORTING)

    @property
    def eligible(self) -> bool:
        """Whether the producers' responsibility scheme pays for its grams.

        **Source.** Order 332 of 27 November 2023 of the Minister of Ecology of Kazakhstan.
        """
        return self in (Source.PEOPLE, Source.BUSINESS)


class Account(NamedTuple):
    """Where mass, money or pieces can be.

    `mass` roles: `stock` and `transit` lie in the book's world; `source`, `loss` (in a process),
    `lost` (on the way), `sold` and `count` (found or missed at a stock-take) are the outside world.
    `count` has the same roles: pieces come from `source` when they are made, and go to `loss` when
    they are used up.
    `money` roles, debit above 0: `cash`, `people` (paid to them), `buyer` (owed by them), `income`,
    `fund`.

    Attributes
    ----------
    ledger
        `mass` in grams, `money` in minor units, or `count` in pieces.
    role
        What it is for.
    site
        Whose it is; for mass under way, where it left.
    what
        The material, the process that lost it, or the currency.
    to
        The other side: where mass under way goes, who bought; empty elsewhere.
    """

    ledger: str
    role: str
    site: str
    what: str
    to: str = ""

    @property
    def name(self) -> str:
        """The account in one word, as in `mass:stock:CP017:pet.clean`."""
        return ":".join(self).removesuffix(":")


class Posting(NamedTuple):
    """One line of an entry: so many grams, pieces or minor units into an account."""

    account: Account
    lot: int | None
    quantity: int


class Draw(NamedTuple):
    """So many grams of a parent lot that became part of a child lot, or left the book (None)."""

    child: int | None
    parent: int
    grams: int


class Lot(NamedTuple):
    """Mass, or pieces, made by one entry at one site: what is traced, and what is left of it.

    Attributes
    ----------
    id, entry
        Its number, and that of the entry that made it.
    account
        Where it lies, or is under way.
    made_g, left_g
        Grams at first and now; pieces where the account is of the ledger `count`.
    event_ms
        When it was made.
    source
        A `Source` where it entered the book; empty where it was drawn from other lots.
    verified
        Whether it was weighed on a scale with a valid verification date.
    """

    id: int
    entry: int
    account: Account
    made_g: int
    left_g: int
    event_ms: int
    source: str
    verified: bool


class Receipt(NamedTuple):
    """What the book answers to a deed: where it stands, the lots it made, and its hash."""

    id: str
    seq: int
    recorded_ms: int
    lots: tuple[int, ...]
    hash: str
    repeated: bool


class Entry(NamedTuple):
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
    body: dict
    postings: tuple[Posting, ...]
    draws: tuple[Draw, ...]
    hash: str


class Period(NamedTuple):
    """A closed period: what is in it cannot change any more, and its root seals it.

    Attributes
    ----------
    entry
        Number of the entry that closed it.
    site
        Of one site, or `*` for all.
    from_ms, to_ms
        Its first moment and the first one after it.
    entries
        How many it seals.
    root
        Merkle root over their hashes, in hexadecimal digits: printed on the monthly act.
    """

    entry: int
    site: str
    from_ms: int
    to_ms: int
    entries: int
    root: str


class Measured(NamedTuple):
    """What a place handled on an average day, and between which figures the truth lies."""

    site: str
    material: str
    kg_per_day: float
    kg_per_day_low: float
    kg_per_day_high: float


def _by_this_computer() -> int:
    at_ms = time.time_ns() // 1_000_000
    if at_ms <= 0:
        raise OutsideError("this computer's clock says a moment before 1970; set it right")
    return at_ms


_clock: Callable[[], int] = _by_this_computer


def now_ms() -> int:
    """Tell the time by this computer's clock, or by a simulation's."""
    return _clock()


def lives_in_simulation() -> bool:
    """Tell whether this process goes by a simulation's time."""
    return _clock is not _by_this_computer


def tell_time_by(clock: Callable[[], int]) -> None:
    """Let a process of its own live in a simulation's time; milliseconds since 1970 UTC."""
    global _clock
    _clock = clock


def ms(moment: datetime) -> int:
    """Turn a moment with its time zone into milliseconds since 1970 UTC.

    Raises
    ------
    InputError
        It has no time zone.
    """
    if moment.tzinfo is None:
        mend = "add its time zone, such as +05:00 in Almaty"
        refuse([Issue("moment", f"{moment.isoformat()} has no time zone", mend)])
    return round(moment.timestamp() * 1000)


def moment(event_ms: int) -> datetime:
    """Turn milliseconds since 1970 into a moment, UTC."""
    return datetime.fromtimestamp(event_ms / 1000, UTC)


def here(event_ms: int, zone: tzinfo | None = None) -> datetime:
    """Turn milliseconds since 1970 into a moment by the clock on the wall.

    Parameters
    ----------
    zone
        Whose; Almaty's if None.
    """
    return moment(event_ms).astimezone(zone or ZoneInfo(HOME))


def day(event_ms: int, zone: tzinfo | None = None) -> date:
    """Give the day of a moment by the clock on the wall, as for `here`."""
    return here(event_ms, zone).date()


def offset(event_ms: int, zone: tzinfo | None = None) -> str:
    """Write how far a clock on the wall is ahead of UTC at a moment: +05:00; as for `here`."""
    ahead = here(event_ms, zone).utcoffset() or timedelta()
    sign, minutes = "-" if ahead < timedelta() else "+", round(abs(ahead) / timedelta(minutes=1))
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def iso(event_ms: int) -> str:
    """Write a moment as ISO 8601 in UTC, to the millisecond."""
    return moment(event_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_id(event_ms: int | None = None, chance: bytes | None = None) -> str:
    """Make a UUID version 7 to name a deed by.

    The device that makes a deed names it before it sends it, so that sending twice records once.

    Parameters
    ----------
    event_ms
        The moment in its first 48 bits; now if None.
    chance
        Ten bytes of chance; the computer's own if None.

    **Source.** RFC 9562, section 5.7.
    """
    at = now_ms() if event_ms is None else event_ms
    raw = bytearray(at.to_bytes(6, "big") + (chance or os.urandom(10)))
    raw[6] = 0x70 | raw[6] & 0x0F
    raw[8] = 0x80 | raw[8] & 0x3F
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
