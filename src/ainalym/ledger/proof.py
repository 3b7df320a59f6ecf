"""Proofs: that one entry stands in a closed period, to be checked without the book.

Whoever has the root from a printed act needs nothing else that is ours: the hash of the entry,
joined with the few hashes beside its way up the tree, gives that root or it does not. Of an entry
of version 2 a proof shows the public part, in which no price stands and no name but a buyer's.
"""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from ainalym.errors import ConflictError, NotFoundError
from ainalym.ledger import chain, version1
from ainalym.ledger.ask import ACCOUNT, periods
from ainalym.ledger.book import Book
from ainalym.ledger.periods import sealed
from ainalym.ledger.span import SALT
from ainalym.ledger.store import Store
from ainalym.model.entry import Account, Period, iso

ENTRY = (
    "select hash, id, kind, site, event_ms, recorded_ms, coalesce(reverses, 0), "
    "coalesce(corrects, 0), actor, noted, body, {salt} from entry where seq = ?"
)


class Proof(NamedTuple):
    """That an entry stands in a closed period.

    Attributes
    ----------
    number
        Of the entry.
    octets
        Its bytes, as the chain defines them; their SHA-256 is its hash.
    public
        Its public part, whose SHA-256 stands in the octets after the hash of the entry before;
        empty for an entry of version 1, whose octets hold all of it.
    period
        The one that holds it.
    branch
        From the entry up to the root: on which side the other hash stands, `left` or `right`, and
        that hash.
    """

    number: int
    octets: bytes
    public: str
    period: Period
    branch: tuple[tuple[str, str], ...]

    @property
    def told(self) -> dict[str, object]:
        """What a checker needs, as JSON holds it; octets in base 64."""
        entry = {
            "number": self.number,
            "hash": sha256(self.octets).hexdigest(),
            "octets": b64encode(self.octets).decode(),
        }
        return {
            "entry": entry | ({"public": self.public} if self.public else {}),
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
        It, or another of its period, was changed since it was written.
    """
    found = []
    with book.reading() as store:
        row = store.one(ENTRY.format(salt=SALT[book.version]), (number,))
        if row is None:
            raise NotFoundError(f"there is no entry {number} in this book")
        kept, site, event_ms = bytes(row[0]), row[3], row[4]
        octets, public = _octets(store, number, row)
        if sha256(octets).digest() != kept:
            said = f"entry {number} was changed: its bytes do not give its hash"
            raise ConflictError(f"{said}; verify the book")
        for period in periods(book):
            if period.site in ("*", site) and period.from_ms <= event_ms < period.to_ms:
                hashes = [
                    bytes(one)
                    for (one,) in store.rows(*sealed(period.site, period.from_ms, period.to_ms))
                ]
                if chain.root(hashes).hex() != period.root:
                    said = f"the period that entry {period.entry} closed no longer gives its root"
                    raise ConflictError(f"{said}; verify the book")
                way = branch(hashes, hashes.index(kept))
                found.append(Proof(number, octets, public, period, way))
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


def _octets(store: Store, number: int, row: tuple) -> tuple[bytes, str]:
    """Write an entry's bytes anew from its rows, and its public part."""
    _, raw, *head, actor, noted, body, salt = row
    found = store.one("select hash from entry where seq = ?", (number - 1,))
    before = bytes(found[0]) if found else chain.START
    postings = store.rows(
        f"select p.account, coalesce(p.lot, 0), p.quantity, {ACCOUNT} from posting p "
        "join account a on a.id = p.account where p.entry = ? order by p.n",
        (number,),
    )
    draws = store.rows(
        "select coalesce(child, 0), parent, grams from draw where entry = ? order by n", (number,)
    )
    raw = bytes(raw).hex()
    if salt is None:
        words = (number, raw, *head[:4], actor, *head[4:], noted, body)
        lines = [line[:3] for line in postings]
        return version1.octets(before, "\n".join(map(str, words)), lines, draws), ""
    goods, money = [], []
    for _, lot, quantity, *key in postings:
        account = Account(*key)
        lines = money if account.ledger == "money" else goods
        lines.append(chain.line(account.name, lot, quantity))
    salt = bytes(salt)
    public = chain.public(
        (number, chain.seal_id(salt, bytes(row[1])), *head),
        noted,
        ",".join(goods),
        chain.seal_money(salt, ",".join(money)),
        chain.drawn(draws),
    )
    return chain.octets(before, public, chain.seal_told(salt, body)), public
