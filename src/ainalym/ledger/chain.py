"""The chain: the bytes of an entry as we define them, the hash over them, and a period's root.

Version 1. The bytes of entry number `seq` are, in this order:

1. the 32 octets of the hash of entry `seq - 1`; zeros before the first;
2. UTF-8 text, lines parted by a line feed: `seq`, `id` in 32 hexadecimal digits, `kind`, `site`,
   `event_ms`, `recorded_ms`, `actor`, `reverses` and `corrects` (entry numbers, 0 for none),
   `noted`, `body`;
3. one zero octet;
4. signed 64-bit little-endian integers: the number of postings; account, lot (0 for none) and
   quantity of each in order; the number of draws; child (0 for none), parent and grams of each.

`noted` holds what the book itself added: accounts opened by the entry as `number=name` with commas
between, and the root of a period it closes. `body` is the deed as it was told, in canonical JSON: a
list of its kind and its fields in declared order, those at the end left out that are at their
default, with no space between.

**Source.** Merkle tree: RFC 6962, section 2.1, over the entries' hashes in the order of the chain.
"""

import json
import struct
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from itertools import chain
from json.encoder import c_make_encoder, encode_basestring

from ainalym.model.deed import Deed, name_values

START = bytes(32)
_scan = json.JSONDecoder().scan_once
# What `json.JSONEncoder` makes anew for every call; made once it takes a third of the time.
_chunks = c_make_encoder(None, None, encode_basestring, None, ":", ",", False, False, False)


def body(deed: Deed) -> str:
    """Say a deed in canonical JSON: what telling it twice is compared by."""
    return "".join(_chunks(deed.values, 0))


def values(said: str) -> list:
    """Read canonical JSON back as the list it is: kind first, then the fields in order."""
    return _scan(said, 0)[0]


def told(said: str) -> dict[str, object]:
    """Read canonical JSON back, as `Deed.told` gives it."""
    return name_values(values(said))


def link(
    before: bytes, words: str, postings: Sequence[Sequence[int]], draws: Sequence[Sequence[int]]
) -> bytes:
    """Hash one entry onto the chain.

    Parameters
    ----------
    before
        Hash of the entry before, 32 octets.
    words
        The eleven fields of the text, a line each.
    postings, draws
        Three integers for each.

    Returns
    -------
    bytes
        32 octets.
    """
    many, few = len(postings), len(draws)
    packed = numbers(3 * (many + few) + 2).pack(
        many, *chain.from_iterable(postings), few, *chain.from_iterable(draws)
    )
    return sha256(before + words.encode() + b"\0" + packed).digest()


@cache
def numbers(count: int) -> struct.Struct:
    """So many signed 64-bit little-endian integers."""
    return struct.Struct(f"<{count}q")


def root(hashes: Sequence[bytes]) -> bytes:
    """Compute the Merkle root of entries' hashes, 32 octets; that of nothing is SHA-256 of nothing.

    Parameters
    ----------
    hashes
        In the order of the chain.
    """
    if not hashes:
        return sha256(b"").digest()
    level = [sha256(b"\0" + one).digest() for one in hashes]
    while len(level) > 1:
        # Pairing left to right and carrying an odd one up gives the tree of RFC 6962.
        paired = [
            sha256(b"\1" + level[k] + level[k + 1]).digest() for k in range(0, len(level) - 1, 2)
        ]
        level = paired + level[len(paired) * 2 :]
    return level[0]
