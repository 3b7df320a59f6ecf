"""Version 1 of the chain: how its entries were written, for good.

The bytes of entry number `seq` are, in this order:

1. the 32 octets of the hash of entry `seq - 1`; zeros before the first;
2. UTF-8 text, lines parted by a line feed: `seq`, `id` in 32 hexadecimal digits, `kind`, `site`,
   `event_ms`, `recorded_ms`, `actor`, `reverses` and `corrects` (entry numbers, 0 for none),
   `noted`, `body`;
3. one zero octet;
4. signed 64-bit little-endian integers: the number of postings; account, lot (0 for none) and
   quantity of each in order; the number of draws; child (0 for none), parent and grams of each.

The hash is the SHA-256 of these bytes. `noted` holds what the book itself added: accounts opened by
the entry as `number=name` with commas between, or the root of a period it closes. `body` is a list
in JSON without spaces: the kind and the fields of `FIELDS`, those at the end left out that are at
their default. Nothing here changes any more.
"""

import json
import struct
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain

ALL = {
    "id": None,
    "site": None,
    "event_ms": None,
    "actor": "",
    "device_ms": None,
    "reason": "",
    "corrects": "",
}
"""The fields every kind begins with, and their defaults."""

FIELDS: dict[str, dict[str, object]] = {
    "ticket": {
        "material": None,
        "gross_g": None,
        "tare_g": 0,
        "deduction_g": 0,
        "price_minor_per_kg": 0,
        "paid_minor": 0,
        "currency": "KZT",
        "source": "people",
        "scale": "",
        "seller": "",
        "consent": False,
        "series": "",
        "number": 0,
        "price_list": "",
    },
    "dispatch": {"to": None, "loads": {}, "lots": {}, "vehicle": ""},
    "arrival": {"lots": None, "price_minor_per_kg": {}, "currency": "KZT", "scale": ""},
    "change": {"process": None, "inputs": {}, "lots": {}, "outputs": [], "scale": ""},
    "sale": {
        "buyer": None,
        "loads": {},
        "lots": {},
        "price_minor_per_kg": {},
        "currency": "KZT",
        "claimed_ppm": None,
    },
    "count": {"counted": None},
    "payment": {"payer": None, "payee": None, "paid_minor": None, "party": "", "currency": "KZT"},
    "reversal": {"reverses": None},
    "rule": {"about": None, "name": None, "terms": None},
    "close": {"from_ms": None, "to_ms": None},
}
"""Each kind's own fields in the order in which a body lists them, and their defaults."""

TABLES = ("account", "entry", "lot", "posting", "draw", "period")
INDEXES = ("draw_parent", "entry_reverses", "entry_site", "entry_slip", "lot_open")
TRIGGERS = {
    "sqlite": (
        *("account_delete", "account_update", "draw_delete", "draw_update", "entry_closed"),
        *("entry_delete", "entry_update", "head_delete", "head_update", "lot_delete"),
        *("lot_update", "period_delete", "period_update", "posting_delete", "posting_update"),
    ),
    "postgres": (
        *("account_refuse", "draw_refuse", "entry_closed", "entry_refuse", "head_back"),
        *("head_refuse", "lot_refuse", "period_refuse", "posting_refuse"),
    ),
}
"""What guards a book of this version, by name."""


def values(body: str) -> list:
    """Read a body as the list it is.

    Raises
    ------
    ValueError
        It is none.
    """
    said = json.loads(body)
    if not isinstance(said, list) or not said or said[0] not in FIELDS:
        raise ValueError("is no list that begins with a kind")
    return said


def told(body: str) -> dict[str, object]:
    """Read a body as its kind and the fields that say more than their default, by name.

    Raises
    ------
    ValueError
        It is none.
    """
    said = values(body)
    shape = ALL | FIELDS[said[0]]
    named = {
        name: value
        for (name, usual), value in zip(shape.items(), said[1:], strict=False)
        if value != usual
    }
    return {"kind": said[0]} | named


def octets(
    before: bytes, words: str, postings: Sequence[Sequence[int]], draws: Sequence[Sequence[int]]
) -> bytes:
    """Give an entry's bytes.

    Parameters
    ----------
    before
        Hash of the entry before, 32 octets.
    words
        The eleven fields of the text, a line each.
    postings, draws
        Three integers for each.
    """
    many, few = len(postings), len(draws)
    packed = numbers(3 * (many + few) + 2).pack(
        many, *chain.from_iterable(postings), few, *chain.from_iterable(draws)
    )
    return before + words.encode() + b"\0" + packed


@cache
def numbers(count: int) -> struct.Struct:
    """So many signed 64-bit little-endian integers."""
    return struct.Struct(f"<{count}q")


def opened(noted: str) -> Iterator[tuple[int, str]]:
    """Yield the number and name of each account that an entry opened.

    Raises
    ------
    ValueError
        This is no list of accounts.
    """
    for part in noted.split(","):
        number, _, name = part.partition("=")
        yield int(number), name
