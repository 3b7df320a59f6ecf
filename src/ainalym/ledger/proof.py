"""Proofs: that one entry stands in a closed period, to be checked without the book.

Whoever has the root from a printed act needs nothing else that is ours: the hash of the entry's own
bytes, joined with the few hashes beside its way up the tree, gives that root or it does not.
"""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from ainalym.errors import ConflictError, NotFoundError
from ainalym.ledger import chain
from ainalym.ledger.ask import periods
from ainalym.ledger.book import Book
from ainalym.ledger.store import Store
from ainalym.ledger.writer import sealed
from ainalym.model.entry import Period, iso

ENTRY = (
    "select hash, id, kind, site, event_ms, recorded_ms, actor, coalesce(reverses, 0), "
    "coalesce(corrects, 0), noted, body from entry where seq = ?"
)


class Proof(NamedTuple):
    """That an entry stands in a closed period.

    Attributes
    ----------
    number
        Of the entry.
    octets
        Its bytes, as `ledger.chain` defines them; their SHA-256 is its hash.
    period
        The one that holds it.
    branch
        From the entry up to the root: on which side the other hash stands, `left` or `right`, and
        that hash.
    """

    number: int
    octets: bytes
    period: Period
    branch: tuple[tuple[str, str], ...]

    @property
    def told(self) -> dict[str, object]:
        """What a checker needs, as JSON holds it; octets in base 64."""
        return {
            "entry": {
                "number": self.number,
                "hash": sha256(self.octets).hexdigest(),
                "octets": b64encode(self.octets).decode(),
            },
            "branch": [{"side": side, "hash": other} for side, other in self.branch],
            "period": {
                "site": self.period.site,
                "from": iso(self.period.from_ms),
                "to": iso(self.period.to_ms),
                "entries": self.period.entries,
                "closed_by": self.period.entry,
                "root": self.period.root,
            },
        }


def proofs(book: Book, number: int) -> list[Proof]:
    """Prove that an entry stands in every closed period that holds it; none if it is still open.

    Reads all hashes of those periods: about a second for a million entries.

    Parameters
    ----------
    number
        Of the entry.

    Raises
    ------
    NotFoundError
        There is no such entry.
    ConflictError
        It was changed since it was written.
    """
    found = []
    with book.reading() as store:
        row = store.one(ENTRY, (number,))
        if row is None:
            raise NotFoundError(f"there is no entry {number} in this book")
        kept, raw, kind, site, event_ms, *rest = row
        kept = bytes(kept)
        octets = _octets(store, number, (bytes(raw).hex(), kind, site, event_ms, *rest))
        if sha256(octets).digest() != kept:
            said = f"entry {number} was changed: its bytes do not give its hash"
            raise ConflictError(f"{said}; verify the book")
        for period in periods(book):
            if period.site in ("*", site) and period.from_ms <= event_ms < period.to_ms:
                hashes = [
                    bytes(one)
                    for (one,) in store.rows(*sealed(period.site, period.from_ms, period.to_ms))
                ]
                way = branch(hashes, hashes.index(kept))
                found.append(Proof(number, octets, period, way))
    return found


def branch(hashes: Sequence[bytes], place: int) -> tuple[tuple[str, str], ...]:
    """Give the hashes that join one of many up to their root, each with its side, from below.

    Parameters
    ----------
    hashes
        In the order of the chain.
    place
        Which one, from 0.

    **Source.** RFC 6962, section 2.1.1: the audit path.
    """
    way = []
    first, last = 0, len(hashes)
    while last - first > 1:
        # The left part is the largest power of two that leaves something to the right.
        middle = first + (1 << (last - first - 1).bit_length() - 1)
        if place < middle:
            way.append(("right", chain.root(hashes[middle:last]).hex()))
            last = middle
        else:
            way.append(("left", chain.root(hashes[first:middle]).hex()))
            first = middle
    return tuple(reversed(way))


def _octets(store: Store, number: int, words: Sequence[object]) -> bytes:
    """Write an entry's bytes anew from its rows, as `ledger.chain` defines them."""
    before = store.one("select hash from entry where seq = ?", (number - 1,))
    packed = b""
    for table, columns in (
        ("posting", "account, coalesce(lot, 0), quantity"),
        ("draw", "coalesce(child, 0), parent, grams"),
    ):
        rows = store.rows(f"select {columns} from {table} where entry = ? order by n", (number,))
        packed += chain.numbers(3 * len(rows) + 1).pack(
            len(rows), *(k for row in rows for k in row)
        )
    text = "\n".join(map(str, (number, *words)))
    return (bytes(before[0]) if before else chain.START) + text.encode() + b"\0" + packed
