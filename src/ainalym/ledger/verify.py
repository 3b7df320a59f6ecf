"""Verification: everything the book keeps is derived anew from what is written for good."""

import os
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ainalym.ledger import chain
from ainalym.ledger.book import Book
from ainalym.ledger.shelf import owes
from ainalym.ledger.span import SOURCES, Elsewhere, Numbers, Span, Walk
from ainalym.ledger.store import Store, damage, orphans
from ainalym.ledger.writer import sealed, unswept
from ainalym.model.entry import Account

TOLD = 5
"""Faults of one kind that are told in full."""

LARGE = 200_000
"""So many entries are worth a process for every core."""


class Verdict(NamedTuple):
    """What verification found.

    Attributes
    ----------
    entries, postings
        How many were looked at.
    hash
        Of the last entry: whoever wrote it down can tell whether this is the same book.
    faults
        Some of each kind, a sentence each; empty when the book is whole.
    """

    entries: int
    postings: int
    hash: str
    faults: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def verify(
    book: Book,
    *,
    processes: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Verdict:
    """Derive the whole book anew: sums, hashes, balances, lots, draws and sealed periods.

    Parameters
    ----------
    processes
        How many look at the same time; if None one, or one for each core where that is worth it.
    progress
        Hears which share of the entries is looked at.

    Raises
    ------
    OutsideError
        The database failed.
    """
    with book.reading() as store, unswept():
        # Values out of damaged pages may be anything, so nothing is derived from them.
        if broken := damage(store):
            return Verdict(0, 0, "", tuple(broken))
        top, lots = (
            store.one(f"select coalesce(max({column}), 0) from {table}")[0]
            for table, column in (("entry", "seq"), ("lot", "id"))
        )
        if processes is None:
            processes = (os.cpu_count() or 1) if top >= LARGE else 1
        check = _Check(store, top, lots)
        return check.verdict(check.walk(book.where, processes, progress))


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
    """Holds what is kept against what the chain says."""

    def __init__(self, store: Store, top: int, lots: int) -> None:
        self._store, self._top, self._lots = store, top, lots
        self._kept = store.rows(
            "select id, ledger, role, site, what, party, owes, balance from account order by id"
        )
        self._faults: list[str] = []

    def walk(
        self, where: str | None, processes: int, progress: Callable[[float], None] | None
    ) -> Span:
        """Walk the chain, in as many processes as asked for, and say it all in one span."""
        highest = max((row[0] for row in self._kept), default=0)
        count = 1 if where is None else max(1, min(processes, self._top))
        ends = [self._top * k // count for k in range(count + 1)]
        runs = [(first + 1, last, highest, self._lots) for first, last in pairwise(ends)]
        others = [Elsewhere(where, *run) for run in runs[1:]]
        try:
            span = Walk(self._store, *runs[0]).walk(progress)
            for other, run in zip(others, runs[1:], strict=True):
                # One that could not work is no reason not to know.
                span.join(other.span() or Walk(self._store, *run).walk())
        finally:
            for other in others:
                other.stop()
        return span

    def verdict(self, span: Span) -> Verdict:
        """Compare everything."""
        self._faults = list(span.faults)
        self._heads(span)
        self._accounts(span)
        kept = _Kept(self._store)
        if kept.count == len(span.posted):
            self._faults += kept.faults(span)
        self._periods(span)
        self._faults += orphans(self._store)
        return Verdict(span.entries, span.postings, span.hash.hex(), tuple(_few(self._faults)))

    def _heads(self, span: Span) -> None:
        seq, lots, hashed = self._store.one("select seq, lots, hash from head")
        if (seq, bytes(hashed)) != (self._top, span.hash):
            said = f"the head says {seq} entries, ending in another hash; there are {self._top}"
            self._faults.append(said)
        there = self._store.one("select count(*) from lot")[0]
        if not lots == there == self._lots:
            self._faults.append(f"the head says {lots} lots; there are {there}")

    def _accounts(self, span: Span) -> None:
        """What is kept beside the postings agrees with them."""
        for number, *key, owing, kept in self._kept:
            account = Account(*key)
            if span.opened.get(number) != account.name:
                said = span.opened.get(number, "never opened")
                self._faults.append(f"account {number} is {account.name}; the chain says {said}")
            if owing != owes(account):
                self._faults.append(f"account {account.name} is not held to what it may owe")
            if span.balance[number] != kept:
                said = f"keeps {kept}, its postings sum to {span.balance[number]}"
                self._faults.append(f"account {account.name} {said}")

    def _periods(self, span: Span) -> None:
        """Every closed period's entries still give its root."""
        closed = dict(span.closed)
        known = self._store.rows("select entry, site, from_ms, to_ms, entries, root from period")
        for seq, site, from_ms, to_ms, count, kept in known:
            hashes = [bytes(h) for (h,) in self._store.rows(*sealed(site, from_ms, to_ms))]
            if len(hashes) != count or chain.root(hashes) != bytes(kept):
                said = f"the period of {site or 'all sites'} closed by entry {seq}"
                self._faults.append(f"{said} no longer gives its root")
            if closed.pop(seq, "").split(",")[0] != f"root {bytes(kept).hex()}":
                said = f"the root kept for entry {seq} is not the one the chain holds"
                self._faults.append(said)
        self._faults += [f"the period that entry {seq} closed is gone" for seq in closed]


class _Kept:
    """Every lot as it is kept; lot 0 stands for none."""

    def __init__(self, store: Store) -> None:
        columns: list[list] = [[0] for _ in range(9)]
        sql = (
            "select id, entry, account, made_g, left_g, event_ms, since_ms, verified, source "
            "from lot order by id"
        )
        for rows in store.stream(sql):
            for column, values in zip(columns, zip(*rows, strict=True), strict=True):
                column.extend(values)
        source = [SOURCES.get(said, -1) for said in columns.pop()[1:]]
        number, *kept = (np.array(column, np.int64) for column in columns)
        self.entry, self.account, self.made, self.left, self.event, self.since, self.verified = kept
        self.source = np.array([0, *source], np.int64)
        self.count = len(number)

    def faults(self, span: Span) -> Iterator[str]:
        """Yield where a lot is not what its birth, less what was taken of it, makes it."""
        posted, drawn = span.posted, span.drawn
        wrong = (posted != self.left) | (self.made - drawn != self.left)
        # Of what was taken back whole nothing is left, and nothing was drawn.
        wrong &= ~((self.left == 0) & (posted == 0) & (drawn == 0))
        for k in _found(wrong):
            said = f"made with {self.made[k]} g, keeps {self.left[k]} g"
            yield f"lot {k}: {said}, postings say {posted[k]} g, draws took {drawn[k]} g"
        own = (span.entry != self.entry) | (span.born != self.made)
        since = np.maximum(span.event_ms, span.since_ms)
        for wrong, said in (
            (own | (span.account != self.account), "is not what its entry posted"),
            (span.into > self.made, "was drawn from more than it was made with"),
            (span.source != self.source, "is not from where its entry says"),
            (span.verified != self.verified, "was not weighed as its entry says"),
            (span.event_ms != self.event, "was not made when its entry happened"),
            (since != self.since, "is not there since when the chain says"),
        ):
            yield from (f"lot {k} {said}" for k in _found(wrong))


def _found(wrong: Numbers) -> list[int]:
    return (np.flatnonzero(wrong[1:]) + 1).tolist()


def _few(faults: list[str]) -> Iterator[str]:
    """Yield some faults of each kind, and how many more there are."""
    kinds: dict[tuple[str, str, str], list[str]] = {}
    for fault in faults:
        first, *_, third, second, _ = re.sub(r"\d+", "", fault).split(" ")
        # Names stand in the middle or at the end.
        kinds.setdefault((first, third, second), []).append(fault)
    for alike in kinds.values():
        yield from alike[:TOLD]
        if len(alike) > TOLD:
            yield f"and {len(alike) - TOLD:,} more like that"
