"""Verification: everything the book keeps is derived anew from what is written for good."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ainalym.ledger import chain
from ainalym.ledger.book import Book
from ainalym.ledger.store import Store
from ainalym.ledger.writer import sealed
from ainalym.model.entry import Account

AT_ONCE = 25_000
"""Entries looked at together."""

TOLD = 20
"""Faults of one kind that are told in full."""


class Verdict(NamedTuple):
    """What verification found.

    Attributes
    ----------
    entries, postings
        How many were looked at.
    hash
        Of the last entry: whoever wrote it down can tell whether this is the same book.
    faults
        One sentence for each; empty when the book is whole.
    """

    entries: int
    postings: int
    hash: str
    faults: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def verify(book: Book, *, progress: Callable[[float], None] | None = None) -> Verdict:
    """Derive the whole book anew: sums, hashes, balances, lots, draws and sealed periods.

    Parameters
    ----------
    progress
        Hears which share of the entries is looked at.

    Raises
    ------
    OutsideError
        The database failed.
    """
    with book.reading() as store:
        return _Check(store).verdict(progress)


def holds(book: Book, said: str) -> bool:
    """Tell whether a hash of an entry, or a closed period's root, is in the book.

    What was printed or sent away cannot be written anew with the rest of the chain.

    Parameters
    ----------
    said
        Hexadecimal digits.
    """
    try:
        octets = bytes.fromhex(said)
    except ValueError:
        return False
    with book.reading() as store:
        return any(
            store.one(f"select 1 from {table} where {column} = ?", (octets,)) is not None
            for table, column in (("entry", "hash"), ("period", "root"))
        )


class _Check:
    """Walks through a book once, block by block."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._faults: list[str] = []
        self._accounts = {
            number: Account(*key)
            for number, *key in store.rows(
                "select id, ledger, role, site, what, party from account order by id"
            )
        }
        count = max(self._accounts, default=0) + 1
        self._money = np.zeros(count, bool)
        for number, account in self._accounts.items():
            self._money[number] = account.ledger == "money"
        last = store.one("select coalesce(max(id), 0) from lot")[0]
        self._balance = np.zeros(count, np.int64)
        self._left = np.zeros(last + 1, np.int64)
        self._drawn = np.zeros(last + 1, np.int64)
        self._opened: dict[int, str] = {}
        self._before, self._last_ms = chain.START, 0
        self._entries = self._postings = 0

    def verdict(self, progress: Callable[[float], None] | None) -> Verdict:
        """Look at everything."""
        top = self._store.one("select coalesce(max(seq), 0) from entry")[0]
        for first in range(1, top + 1, AT_ONCE):
            self._block(first, min(first + AT_ONCE - 1, top))
            if progress is not None:
                progress(min(first + AT_ONCE - 1, top) / top)
        self._heads(top)
        self._kept()
        self._periods()
        return Verdict(self._entries, self._postings, self._before.hex(), tuple(self._faults))

    def _block(self, first: int, last: int) -> None:
        said = "from {} where entry between ? and ? order by entry, n"
        postings = self._numbers(
            f"select entry, account, coalesce(lot, 0), quantity {said.format('posting')}",
            (first, last),
        )
        draws = self._numbers(
            f"select entry, coalesce(child, 0), parent, grams {said.format('draw')}", (first, last)
        )
        self._postings += len(postings)
        np.add.at(self._balance, postings[:, 1], postings[:, 3])
        np.add.at(self._left, postings[:, 2], postings[:, 3])
        np.add.at(self._drawn, draws[:, 2], draws[:, 3])
        self._sums(postings, first, last)
        self._chain(first, last, postings, draws)

    def _numbers(self, sql: str, values: tuple) -> NDArray[np.int64]:
        rows = self._store.rows(sql, values)
        return np.array(rows, np.int64).reshape(-1, 4)

    def _sums(self, postings: NDArray[np.int64], first: int, last: int) -> None:
        """Every entry sums to zero in each ledger."""
        money = self._money[postings[:, 1]]
        for ledger, chosen in (("mass", ~money), ("money", money)):
            total = np.zeros(last - first + 1, np.int64)
            np.add.at(total, postings[chosen, 0] - first, postings[chosen, 3])
            for k in np.flatnonzero(total):
                self._say(f"entry {first + k} sums to {total[k]} in {ledger}, not to 0")

    def _chain(
        self, first: int, last: int, postings: NDArray[np.int64], draws: NDArray[np.int64]
    ) -> None:
        """Every hash is that of the entry's bytes, and of the hash before."""
        numbers = np.arange(first, last + 2)
        of_posting = np.searchsorted(postings[:, 0], numbers).tolist()
        of_draw = np.searchsorted(draws[:, 0], numbers).tolist()
        lines = np.ascontiguousarray(postings[:, 1:]).astype("<i8").tobytes()
        drawn = np.ascontiguousarray(draws[:, 1:]).astype("<i8").tobytes()
        counts = [chain.numbers(1).pack(k) for k in range(1000)]
        before, seq = self._before, first
        rows = self._store.rows(
            "select seq, id, kind, site, event_ms, recorded_ms, actor, coalesce(reverses, 0), "
            "coalesce(corrects, 0), noted, body, hash from entry where seq between ? and ? "
            "order by seq",
            (first, last),
        )
        for (
            at,
            raw,
            kind,
            site,
            event_ms,
            recorded_ms,
            actor,
            back,
            right,
            noted,
            body,
            kept,
        ) in rows:
            if at != seq:
                self._say(f"entries {seq} to {at - 1} are missing")
            k = at - first
            a, b, c, d = of_posting[k], of_posting[k + 1], of_draw[k], of_draw[k + 1]
            text = (
                f"{at}\n{raw.hex()}\n{kind}\n{site}\n{event_ms}\n{recorded_ms}\n{actor}\n{back}\n"
                f"{right}\n{noted}\n{body}\0"
            )
            many = counts[b - a] if b - a < 1000 else chain.numbers(1).pack(b - a)
            drew = counts[d - c] if d - c < 1000 else chain.numbers(1).pack(d - c)
            hashed = sha256(
                b"".join(
                    (
                        *(before, text.encode(), many, lines[a * 24 : b * 24]),
                        *(drew, drawn[c * 24 : d * 24]),
                    )
                )
            ).digest()
            if hashed != kept:
                self._say(f"entry {at} was changed: its bytes do not give its hash")
            if recorded_ms < self._last_ms:
                self._say(f"entry {at} was recorded before the one before it")
            if noted and not noted.startswith("root "):
                self._opened.update(_opened(noted))
            before, seq, self._last_ms = kept, at + 1, recorded_ms
        self._before = bytes(before)
        self._entries += len(rows)

    def _heads(self, top: int) -> None:
        seq, hashed = self._store.one("select seq, hash from head")
        if (seq, bytes(hashed)) != (top, self._before):
            self._say(f"the head says {seq} entries, ending in another hash; there are {top}")

    def _kept(self) -> None:
        """What is kept beside the postings agrees with them."""
        for number, account in self._accounts.items():
            if self._opened.get(number) != account.name:
                said = self._opened.get(number, "never opened")
                self._say(f"account {number} is {account.name}; the chain says {said}")
        for number, balance in self._store.rows("select id, balance from account"):
            if self._balance[number] != balance:
                name, sums = self._accounts[number].name, self._balance[number]
                self._say(f"account {name} keeps {balance}, its postings sum to {sums}")
        rows = self._store.stream(
            "select l.id, l.made_g, l.left_g, p.account, l.account, p.quantity from lot l "
            "left join posting p on p.entry = l.entry and p.lot = l.id order by l.id"
        )
        for block in rows:
            self._lots(np.array(block, float).astype(np.int64))

    def _lots(self, rows: NDArray[np.int64]) -> None:
        """A lot holds what its birth posted, less what postings took; draws say the same."""
        number, made, left = rows[:, 0], rows[:, 1], rows[:, 2]
        wrong = (self._left[number] != left) | (made - self._drawn[number] != left)
        reversed_away = (left == 0) & (self._left[number] == 0) & (self._drawn[number] == 0)
        for k in np.flatnonzero(wrong & ~reversed_away):
            kept, sums, drawn = left[k], self._left[number[k]], self._drawn[number[k]]
            said = f"made with {made[k]} g, keeps {kept} g"
            self._say(f"lot {number[k]}: {said}, postings say {sums} g, draws took {drawn} g")
        for k in np.flatnonzero((rows[:, 3] != rows[:, 4]) | (rows[:, 5] != made)):
            self._say(f"lot {number[k]} is not what its entry posted")

    def _periods(self) -> None:
        """Every closed period's entries still give its root."""
        known = self._store.rows("select entry, site, from_ms, to_ms, entries, root from period")
        for seq, site, from_ms, to_ms, count, kept in known:
            hashes = [bytes(h) for (h,) in self._store.rows(*sealed(site, from_ms, to_ms))]
            noted = self._store.one("select noted from entry where seq = ?", (seq,))[0]
            if len(hashes) != count or chain.root(hashes) != bytes(kept):
                where = site or "all sites"
                self._say(f"the period of {where} closed by entry {seq} no longer gives its root")
            if noted.split(",")[0] != f"root {bytes(kept).hex()}":
                self._say(f"the root kept for entry {seq} is not the one the chain holds")

    def _say(self, fault: str) -> None:
        if len(self._faults) < TOLD:
            self._faults.append(fault)


def _opened(noted: str) -> Iterator[tuple[int, str]]:
    for part in noted.split(","):
        number, _, name = part.partition("=")
        yield int(number), name
