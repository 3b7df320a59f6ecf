"""Verification: everything the book keeps is derived anew from what is written for good."""

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import chain as chained
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ainalym.errors import OutsideError
from ainalym.ledger import chain, sums
from ainalym.ledger.book import Book
from ainalym.ledger.elsewhere import Elsewhere
from ainalym.ledger.garbage import unswept
from ainalym.ledger.guards import missing
from ainalym.ledger.old import SOURCES
from ainalym.ledger.periods import sealed
from ainalym.ledger.shelf import owes
from ainalym.ledger.span import UNREADABLE, Span, Walk
from ainalym.ledger.spelled import Numbers
from ainalym.ledger.store import Store, connect, damage
from ainalym.model.entry import Account

TOLD = 5
"""Faults of one kind that are told in full."""

MADE_UP = 1_000
"""So far beyond their count numbers may reach; what lies beyond is damage."""

LARGE = 200_000
"""So many entries are worth a process for every core."""

LONG_OCTETS = 64 << 20
"""A file of so many is looked at by SQLite while the chain is walked. It takes 1.2 us a posting."""

COMPARING = 0.1
"""Time it takes to compare the lots, as a share of the time that walking takes."""

SHOWN = 300
"""Characters of a fault that are shown."""


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
    erased
        Numbers of the entries whose private part was erased, as later entries say.
    """

    entries: int
    postings: int
    hash: str
    faults: tuple[str, ...]
    erased: tuple[int, ...] = ()

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
    with book.reading() as store, unswept(), _watched(store, book.where) as broken:
        try:
            top, lots, accounts = (_most(store, *named) for named in NUMBERED)
            if processes is None:
                processes = (os.cpu_count() or 1) if top >= LARGE else 1
            check = _Check(store, book.version, top, lots, accounts)
            verdict = check.verdict(check.walk(book.where, processes, progress))
        except (*UNREADABLE, OutsideError):
            if not broken():
                raise
        # Values out of damaged pages may be anything, so nothing that was derived of them is told.
        faults = tuple(_few(broken()))
        return Verdict(0, 0, "", faults) if faults else verdict


@contextmanager
def _watched(store: Store, where: str | None) -> Iterator[Callable[[], list[str]]]:
    """Give what tells how the file is damaged; a large one is looked at in the meantime."""
    small = where is None or store.engine == "postgres"
    if small or Path(where).stat().st_size < LONG_OCTETS:
        found = damage(store)
        yield lambda: found
        return
    with ThreadPoolExecutor(1) as meanwhile:
        yield meanwhile.submit(_damage, where).result


def _damage(where: str) -> list[str]:
    with closing(connect(where, new=False, read_only=True)) as store:
        return damage(store)


NUMBERED = (("entry", "seq"), ("lot", "id"), ("account", "id"))


def _most(store: Store, table: str, column: str) -> int:
    """Tell the highest number in a table; one that damage made up is left out."""
    there, most = store.one(f"select count(*), coalesce(max({column}), 0) from {table}")
    return min(most, 2 * there + MADE_UP)


SEALED = "select 1 from entry where kind = 'upgrade' and noted = ?"
"""Finds the entry that seals all entries of an earlier version under a root."""


def holds(book: Book, said: str, seq: int | None = None) -> bool:
    """Tell whether a hash of an entry, or a closed period's root, is in the book.

    What was printed or sent away cannot be written anew with the rest of the chain.

    Parameters
    ----------
    said
        Hexadecimal digits.
    seq
        Of which entry it has to be the hash; of any entry, or a root, if None.
    """
    try:
        octets = bytes.fromhex(said)
    except ValueError:
        return False
    with book.reading() as store:
        if seq is not None:
            row = store.one("select hash from entry where seq = ?", (seq,))
            return row is not None and bytes(row[0]) == octets
        if store.one(SEALED, (f'{{"root":"{octets.hex()}"}}',)) is not None:
            return True
        return any(
            store.one(f"select 1 from {table} where {column} = ?", (octets,)) is not None
            for table, column in (("entry", "hash"), ("period", "root"))
        )


class _Check:
    """Holds what is kept against what the chain says."""

    def __init__(self, store: Store, version: int, top: int, lots: int, accounts: int) -> None:
        self._store, self._version = store, version
        self._top, self._lots, self._highest = top, lots, accounts
        self._kept = store.rows(
            "select id, ledger, role, site, what, party, owes, balance from account order by id"
        )
        self._faults: list[str] = []

    def walk(
        self, where: str | None, processes: int, progress: Callable[[float], None] | None
    ) -> Span:
        """Walk the chain, in as many processes as asked for, and say it all in one span."""
        count = 1 if where is None else max(1, min(processes, self._top))
        ends = [0, self._top]
        if count > 1:
            # The first run is shorter: who walks it compares the lots as well.
            own = int(self._top * max((1 + COMPARING) / count - COMPARING, 0.02))
            rest, others = self._top - own, count - 1
            ends = [0, *(own + rest * k // others for k in range(count))]
        runs = [
            (self._version, first + 1, last, self._highest, self._lots)
            for first, last in pairwise(ends)
        ]
        elsewhere = [Elsewhere(where, *run) for run in runs[1:]]
        try:
            span = Walk(self._store, *runs[0]).walk(progress)
            for other, run in zip(elsewhere, runs[1:], strict=True):
                # One that could not work is no reason not to know.
                span.join(other.span() or Walk(self._store, *run).walk())
        finally:
            for other in elsewhere:
                other.stop()
        return span

    def verdict(self, span: Span) -> Verdict:
        """Compare everything."""
        self._look_again(span)
        self._faults = list(span.faults)
        self._versions(span)
        self._beyond()
        self._heads(span)
        self._accounts(span)
        kept = _Kept(self._store)
        if not kept.numbered:
            self._faults.append("lots are not numbered from 1 on")
        elif kept.count == len(span.posted):
            self._faults += kept.faults(span)
        self._periods(span)
        self._erasures(span)
        self._aliases(span)
        self._faults += sums.faults(self._store)
        self._faults += missing(self._store, self._version)
        faults, erased = tuple(_few(self._faults)), tuple(sorted({*span.erased}))
        return Verdict(span.entries, span.postings, span.hash.hex(), faults, erased)

    def _look_again(self, span: Span) -> None:
        """Take entries as they were, that somebody erased since; another process saw them later."""
        late = {*span.erased} - {*span.erasures.values()}
        for seq in sorted(late):
            body, *_ = self._store.one("select body from entry where seq = ?", (seq,)) or ("",)
            if body and not chain.is_erased(body):
                here = Walk(self._store, self._version, seq, seq, self._highest, self._lots).walk()
                span.erased.remove(seq)
                span.aliases |= here.aliases
                span.faults += here.faults

    def _versions(self, span: Span) -> None:
        """Entries of version 1 come first, and a sealed entry takes them over."""
        if span.new and span.old > span.new:
            self._faults.append(f"entry {span.old} is of version 1, after entries of version 2")
        elif span.new and span.old and span.upgrade != span.new:
            self._faults.append(f"entry {span.new} is the first of version 2, and is no upgrade")
        elif span.upgrade and not span.old:
            self._faults.append(f"entry {span.upgrade} is an upgrade of nothing")
        if span.old and not span.new and self._version != 1:
            self._faults.append(f"the head says version {self._version}; the entries are of 1")
        if span.new and self._version == 1:
            self._faults.append("the head says version 1; there are entries of version 2")

    def _beyond(self) -> None:
        """No row belongs to an entry that the chain does not have."""
        for table, key in (("entry", "seq"), ("posting", "entry"), ("draw", "entry")):
            least, most = self._store.one(f"select min({key}), max({key}) from {table}")
            if least is not None and (least < 1 or most > self._top):
                said = f"the {table} rows are of entries {least} to {most}"
                self._faults.append(f"{said}; the chain has 1 to {self._top}")

    def _erasures(self, span: Span) -> None:
        """What is erased, an entry says was erased; and what it says so of, is."""
        for seq in sorted({*span.erased} - {*span.erasures.values()}):
            self._faults.append(f"entry {seq}: its private part is gone, and no entry erased it")
        for seq in sorted({*span.erasures.values()} - {*span.erased}):
            self._faults.append(f"entry {seq}: its private part was erased, and is there again")
        known: dict[int, int] = {}
        for by, seq in sorted(span.erasures.items()):
            first = known.setdefault(seq, by)
            if first != by:
                self._faults.append(f"entry {by} erases entry {seq}, which {first} erased already")
        said = "select e.seq, o.seq from entry e join entry o on o.seq = ? where e.seq = ?"
        for by, seq in span.erasures.items():
            if self._store.one(f"{said} and o.seq < e.seq and o.site = e.site", (seq, by)) is None:
                self._faults.append(f"entry {by} erases entry {seq}, which is not its site's")

    def _aliases(self, span: Span) -> None:
        """Names that other programs gave are those that entries were told with."""
        if self._version == 1:
            return
        kept = dict(self._store.rows("select alias, entry from alias"))
        for name in sorted(kept.keys() | span.aliases.keys(), key=str):
            there, said = kept.get(name), span.aliases.get(name)
            if there != said:
                fault = f"is kept for entry {there or 'none'}; the chain says {said or 'none'}"
                self._faults.append(f"the name {name} {fault}")

    def _heads(self, span: Span) -> None:
        heads = self._store.rows("select one, seq, lots, recorded_ms, hash, version from head")
        if len(heads) != 1 or heads[0][0] != 1:
            self._faults.append(f"there are {len(heads)} heads, not one of number 1")
            return
        _, seq, lots, recorded_ms, hashed, version = heads[0]
        if version != self._version:
            self._faults.append(f"the head says version {version}, not {self._version}")
        if (seq, _octets(hashed)) != (self._top, span.hash):
            said = f"the head says {seq} entries, ending in another hash; there are {self._top}"
            self._faults.append(said)
        if recorded_ms != span.recorded_ms:
            said = f"the head says the last entry was recorded at {recorded_ms}"
            self._faults.append(f"{said}; the chain says {span.recorded_ms}")
        there = self._store.one("select count(*) from lot")[0]
        if not lots == there == self._lots:
            self._faults.append(f"the head says {lots} lots; there are {there}")

    def _accounts(self, span: Span) -> None:
        """What is kept beside the postings agrees with them."""
        for number, *key, owing, kept in self._kept:
            account = Account(*map(str, key))
            there = 0 <= number < len(span.balance) if isinstance(number, int) else False
            if account.ledger == "money" and there and span.used[number]:
                # In version 2 its name stands under the seal of money alone.
                span.opened.setdefault(number, account.name)
            # Two accounts have one name only where a part of it has a colon.
            if span.opened.get(number) != account.name or ":" in "".join(account):
                said = span.opened.get(number, "never opened")
                self._faults.append(f"account {number} is {account.name}; the chain says {said}")
            if owing != owes(account):
                self._faults.append(f"account {account.name} is not held to what it may owe")
            if not there or span.balance[number] != kept:
                sums = span.balance[number] if there else 0
                self._faults.append(
                    f"account {account.name} keeps {kept}, its postings sum to {sums}"
                )
        for number in sorted(span.opened.keys() - {row[0] for row in self._kept}):
            self._faults.append(f"account {number} is gone; the chain says {span.opened[number]}")

    def _periods(self, span: Span) -> None:
        """Every closed period is as its entry says, and its entries still give its root."""
        closed = dict(span.closed)
        known = self._store.rows("select entry, site, from_ms, to_ms, entries, root from period")
        for seq, site, from_ms, to_ms, count, kept in known:
            told, said = closed.pop(seq, None), f"the period of {site or 'all sites'}"
            if told is None:
                self._faults.append(f"{said} names entry {seq}, which closed none")
                continue
            if told[1:] != (site, from_ms, to_ms):
                self._faults.append(f"{said} is not the one that entry {seq} closed")
            if told.root != _octets(kept).hex():
                wrong = f"the root kept for entry {seq} is not the one the chain holds"
                self._faults.append(wrong)
            hashes = [_octets(h) for (h,) in self._store.rows(*sealed(*told[1:]))]
            if len(hashes) != count or chain.root(hashes).hex() != told.root:
                said = f"the period of {told.site or 'all sites'} closed by entry {seq}"
                self._faults.append(f"{said} no longer gives its root")
        self._faults += [f"the period that entry {seq} closed is gone" for seq in closed]


class _Kept:
    """Every lot as it is kept; lot 0 stands for none."""

    def __init__(self, store: Store) -> None:
        known = " ".join([f"when '{said}' then {k}" for said, k in SOURCES.items()])
        sql = (
            "select id, entry, account, made_g, left_g, event_ms, since_ms, verified, "
            f"case source {known} else -1 end from lot order by id"
        )
        parts = [np.zeros((1, 9), np.int64)]
        for rows in store.stream(sql):
            flat = np.fromiter(chained.from_iterable(rows), np.int64, 9 * len(rows))
            parts.append(flat.reshape(-1, 9))
        number, *kept, self.source = np.concatenate(parts).T
        self.entry, self.account, self.made, self.left, self.event, self.since, self.verified = kept
        self.count = len(number)
        self.numbered = bool(np.array_equal(number, np.arange(self.count)))

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


def _octets(kept: object) -> bytes:
    """Give what is kept as octets; nothing where it is none."""
    return bytes(kept) if isinstance(kept, bytes | memoryview) else b""


def _few(faults: list[str]) -> Iterator[str]:
    """Yield some faults of each kind, and how many more there are."""
    kinds: dict[tuple[str, ...], list[str]] = {}
    for fault in faults:
        said = re.sub(r"\d+", "", fault).split(" ")
        # Names stand in the middle or at the end.
        kinds.setdefault((said[0], *said[-3:-1]), []).append(_legible(fault))
    for alike in kinds.values():
        yield from alike[:TOLD]
        if len(alike) > TOLD:
            yield f"and {len(alike) - TOLD:,} more like that"


def _legible(fault: str) -> str:
    """Show a fault so that what somebody wrote into the book does nothing to a screen."""
    said = "".join([one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in fault])
    return said if len(said) <= SHOWN else f"{said[: SHOWN - 3]}..."
