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
between, and the root of a period it closes. `body` is the deed as it was told, in canonical JSON.

**Source.** Merkle tree: RFC 6962, section 2.1, over the entries' hashes in the order of the chain.
"""

import json
import struct
from collections.abc import Sequence
from functools import cache
from hashlib import sha256

from ainalym.model.deed import Deed

START = bytes(32)
_say = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def body(deed: Deed) -> str:
    """Say a deed in canonical JSON: what telling it twice is compared by."""
    return _say(deed.told)


def link(
    before: bytes, words: Sequence[object], postings: Sequence[int], draws: Sequence[int]
) -> bytes:
    """Hash one entry onto the chain.

    Parameters
    ----------
    before
        Hash of the entry before, 32 octets.
    words
        The eleven fields of the text, in order.
    postings, draws
        Three integers for each, one after another.

    Returns
    -------
    bytes
        32 octets.
    """
    text = "\n".join(map(str, words)).encode()
    packed = numbers(len(postings) + len(draws) + 2).pack(
        len(postings) // 3, *postings, len(draws) // 3, *draws
    )
    return sha256(before + text + b"\0" + packed).digest()


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
