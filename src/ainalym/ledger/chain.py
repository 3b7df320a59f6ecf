"""The chain: what an entry is hashed over, and the roots that seal periods.

Version 2. An entry has a *public* part, which a proof shows, and a *private* one, which stays with
the book and can be erased:

    public   canonical JSON: {"corrects", "draws", "event_ms", "id", "kind", "money", "noted",
             "postings", "recorded_ms", "reverses", "seq", "site", "version"}
    private  the deed as it was told, in canonical JSON
    hash     SHA-256(0x02, hash of the entry before, SHA-256(public), SHA-256(salt2, private))

`postings` lists name of the account, lot (0 for none) and quantity of what is posted in grams and
pieces; what is posted in money has its own seal instead, `money` = SHA-256(salt1, postings in
money), so that no price can be read off a proof; `id` is a seal too, since an id may be made of
what was told. The salt of an entry is 32 octets of chance: salt1 is the first half, salt2 the
second. `docs/reference/chain.md` defines every byte.

**Source.** Canonical JSON: RFC 8785. Merkle tree: RFC 6962, section 2.1, over the entries' hashes
in the order of the chain.
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any

from ainalym.ledger import version1
from ainalym.ledger.canonical import canonical, flat
from ainalym.model.deed import Deed, Ticket

START = bytes(32)
SALT = 32
"""Octets of chance in each entry: one half seals its money, the other what was told."""

HALF = SALT // 2
SEAL = 64
"""Hexadecimal digits of a seal."""

_MARK = b"\x02"
_EMPTY = "{}"


def body(deed: Deed) -> str:
    """Say a deed in canonical JSON: what telling it twice is compared by."""
    # Nothing in a ticket has names of its own, and its fields come in their order.
    return flat(deed.told) if type(deed) is Ticket else canonical(deed.told)


def told(said: str) -> dict[str, object]:
    """Read a body back, as `Deed.told` gives it; nothing where it was erased.

    Raises
    ------
    ValueError
        It is no body.
    """
    if is_erased(said):
        return {}
    if said.startswith("["):
        return version1.told(said)
    read = json.loads(said)
    if not isinstance(read, dict) or not isinstance(read.get("kind"), str):
        raise ValueError("is no object that has a kind")
    return read


def is_same(said: str, body: str) -> bool:
    """Tell whether a kept body says the same as a new one."""
    return said == body or (said.startswith("[") and canonical(version1.told(said)) == body)


def is_erased(said: str) -> bool:
    """Tell whether only the seal of a body is left: 64 hexadecimal digits."""
    return len(said) == SEAL and said[0] not in "[{"


@lru_cache(maxsize=1 << 16)
def quoted(text: str) -> str:
    """Write a text in canonical JSON."""
    return canonical(text)


@lru_cache(maxsize=1 << 12)
def noted(said: tuple[tuple[str, object], ...]) -> str:
    """Write what the book notes on an entry in canonical JSON: names and values."""
    return canonical(dict(said)) if said else _EMPTY


def line(account: str, lot: int, quantity: int) -> str:
    """Write one posting as the chain does."""
    return f"[{quoted(account)},{lot},{quantity}]"


def seal_money(salt: bytes, lines: str) -> str:
    """Seal what is posted in money.

    Parameters
    ----------
    salt
        The entry's, or its first half.
    lines
        Postings as `line` writes them, with commas between.
    """
    return sha256(salt[:HALF] + b"[" + lines.encode() + b"]").hexdigest()


def seal_id(salt: bytes, raw: bytes) -> str:
    """Seal an id, so that what it was made of cannot be found out by trying.

    Parameters
    ----------
    salt
        The entry's, or its first half.
    raw
        The id's 16 octets.
    """
    return sha256(salt[:HALF] + raw).hexdigest()


def seal_told(salt: bytes, body: str) -> bytes:
    """Seal what was told: 32 octets."""
    if len(body) == SEAL and is_erased(body):
        return bytes.fromhex(body)
    return sha256(salt[HALF:] + body.encode()).digest()


def public(head: Sequence[object], noted: str, goods: str, money: str, draws: str) -> str:
    """Write the public part of an entry.

    Parameters
    ----------
    head
        Number, seal of its id, kind, site, moments of the event and of recording, and the entries
        it reverses and corrects (0 for none).
    noted
        Canonical JSON.
    goods, draws
        Postings in grams and pieces, and draws, with commas between.
    money
        The seal of what is posted in money.
    """
    seq, raw, kind, site, event_ms, recorded_ms, reverses, corrects = head
    return (
        f'{{"corrects":{corrects},"draws":[{draws}],"event_ms":{event_ms},"id":"{raw}",'
        f'"kind":"{kind}","money":"{money}","noted":{noted},"postings":[{goods}],'
        f'"recorded_ms":{recorded_ms},"reverses":{reverses},"seq":{seq},'
        f'"site":{quoted(site)},"version":2}}'
    )


def entered(
    before: bytes,
    head: Sequence[Any],
    noted: str,
    goods: str,
    money: str,
    draws: str,
    salt: bytes,
    body: str,
) -> bytes:
    """Hash an entry onto the chain, 32 octets: all of the parts above in one go.

    What writes and what verifies does nothing as often; apart, the parts take twice the time.

    Parameters
    ----------
    before
        Hash of the entry before, 32 octets.
    head
        As for `public`, but with the 16 octets of the id instead of their seal.
    noted, goods, draws
        As for `public`.
    money
        Postings in money, with commas between.
    salt, body
        The whole salt, and what was told.
    """
    seq, raw, kind, site, event_ms, recorded_ms, reverses, corrects = head
    half = salt[:HALF]
    public = (
        f'{{"corrects":{corrects},"draws":[{draws}],"event_ms":{event_ms},'
        f'"id":"{sha256(half + raw).hexdigest()}","kind":"{kind}",'
        f'"money":"{sha256(half + f"[{money}]".encode()).hexdigest()}","noted":{noted},'
        f'"postings":[{goods}],"recorded_ms":{recorded_ms},"reverses":{reverses},"seq":{seq},'
        f'"site":{quoted(site)},"version":2}}'
    )
    told = sha256(salt[HALF:] + body.encode()).digest()
    return sha256(_MARK + before + sha256(public.encode()).digest() + told).digest()


def octets(before: bytes, public: str, private: bytes) -> bytes:
    """Give the 97 bytes whose SHA-256 is an entry's hash.

    Parameters
    ----------
    before
        Hash of the entry before, 32 octets.
    public
        The public part.
    private
        The seal of what was told, 32 octets.
    """
    return _MARK + before + sha256(public.encode()).digest() + private


def drawn(draws: Sequence[Sequence[int]]) -> str:
    """Write draws as the chain does: child (0 for none), parent and quantity of each."""
    return ",".join([f"[{child},{parent},{quantity}]" for child, parent, quantity in draws])


def read_noted(said: str) -> Mapping[str, object]:
    """Read what the book notes on an entry.

    Raises
    ------
    ValueError
        It is no object in JSON.
    """
    read = json.loads(said)
    if not isinstance(read, dict):
        raise ValueError("is no object")
    return read


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
