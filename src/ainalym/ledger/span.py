"""A span of the chain: what a run of entries says, derived from nothing but their own rows.

Rows of postings and draws never change, and those of entries only where a private part is erased,
so spans may be walked at the same time by several processes, while others write.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from itertools import chain as chained
from typing import NamedTuple

import numpy as np

from ainalym.errors import OutsideError
from ainalym.ledger import chain, version1
from ainalym.ledger.ids import text_of_id
from ainalym.ledger.laws import NEEDED
from ainalym.ledger.old import SOURCES, Old
from ainalym.ledger.spelled import Numbers, Spelled
from ainalym.ledger.store import Store
from ainalym.model.deed import Close, Ticket
from ainalym.model.entry import Account, Source

AT_ONCE = 8_000
"""Entries looked at together."""

LEDGERS = {"mass": 0, "money": 1, "count": 2}

ENTRIES = (
    "select seq, id, kind, site, event_ms, recorded_ms, actor, reverses, corrects, series, number, "
    "noted, body, hash, {salt} from entry where seq between ? and ? order by seq"
)
SALT = {1: "null", 2: "salt"}
"""Where the salt of an entry stands, by the version of the book."""

HEARD = ("reversal", "close", "upgrade")
"""Kinds that say something of other entries."""

UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError)
"""What comes of reading octets that are not what was written."""

LOT = "case when {0} > 0 then {0} when {0} is null then 0 else -1 end"
"""A lot as the chain has it, 0 for none; none is kept as null, so 0 and less are -1."""


class Sealed(NamedTuple):
    """What the entry that closed a period says of it."""

    root: str
    site: str
    from_ms: int
    to_ms: int


@dataclass(slots=True, kw_only=True)
class Span:
    """What entries `first` to `last` say; arrays by number of account or lot, 0 for none.

    Attributes
    ----------
    entries, postings, faults
        How many there are, and what is wrong with them.
    hash, recorded_ms
        Of the last one.
    balance, used
        What is posted to each account, and whether anything is.
    posted, drawn, into
        Grams posted to each lot, drawn from it, and drawn into it.
    entry, born, account, source, verified, event_ms
        The entry that made a lot, and what it says of it: grams, account, a number of `SOURCES`, 0
        or 1, and when.
    since_ms
        When grams were last given back to it.
    opened, closed, aliases
        Names of accounts by number; closed periods by number of the entry; numbers of entries by
        the names that other programs gave them.
    erased, erasures


        Numbers of the last entry of version 1, of the first one of a later version, and of the one
        that took the book over; 0 for none.
    """

    first: int
    last: int
    entries: int = 0
    postings: int = 0
    hash: bytes = chain.START
    recorded_ms: int = 0
    faults: list[str] = field(default_factory=list)
    balance: Numbers
    used: Numbers
    posted: Numbers
    drawn: Numbers
    into: Numbers
    entry: Numbers
    born: Numbers
    account: Numbers
    source: Numbers
    verified: Numbers
    event_ms: Numbers
    since_ms: Numbers
    opened: dict[int, str] = field(default_factory=dict)
    closed: dict[int, Sealed] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)
    erased: list[int] = field(default_factory=list)
    erasures: dict[int, int] = field(default_factory=dict)
    old: int = 0
    new: int = 0
    upgrade: int = 0

    def join(self, later: "Span") -> None:
        """Add what the span that follows says."""
        here = self.entry == 0
        for name in ("entry", "born", "account", "source", "verified", "event_ms"):
            getattr(self, name)[here] = getattr(later, name)[here]
        for name in ("balance", "used", "posted", "drawn", "into"):
            getattr(self, name).__iadd__(getattr(later, name))
        np.maximum(self.since_ms, later.since_ms, out=self.since_ms)
        self.entries, self.postings = self.entries + later.entries, self.postings + later.postings
        self.last, self.hash, self.recorded_ms = later.last, later.hash, later.recorded_ms
        self.faults += later.faults
        self.opened |= later.opened
        self.closed |= later.closed
        self.aliases |= later.aliases
        self.erased += later.erased
        self.erasures |= later.erasures
        self.old, self.new = max(self.old, later.old), self.new or later.new
        self.upgrade = self.upgrade or later.upgrade


class Walk:
    """Walks a span block by block.

    Parameters
    ----------
    store
        To read from.
    version
        Of the book.
    first, last
        The span.
    accounts, lots
        How many there are.
    """

    def __init__(
        self, store: Store, version: int, first: int, last: int, accounts: int, lots: int
    ) -> None:
        self._store = store
        self._sql = ENTRIES.format(salt=SALT[version])
        by_lot = ("posted", "drawn", "into", "entry", "born", "account", "source", "verified")
        by_lot += ("event_ms", "since_ms")
        self.span = Span(
            first=first,
            last=last,
            balance=np.zeros(accounts + 1, np.int64),
            used=np.zeros(accounts + 1, np.int64),
            **{name: np.zeros(lots + 1, np.int64) for name in by_lot},
        )
        self._ledger = np.zeros(accounts + 1, np.int8)
        self._names = ['"?"'] * (accounts + 1)
        for number, *key in store.rows("select id, ledger, role, site, what, party from account"):
            if 0 < number <= accounts:
                self._ledger[number] = LEDGERS.get(key[0], -1)
                self._names[number] = chain.quoted(Account(*map(str, key)).name)
        self._old = Old(store)
        self._sources: list[tuple[int, int, int]] = []
        self._back: dict[int, int] = {}

    def walk(self, progress: Callable[[float], None] | None = None) -> Span:
        """Look at every entry of the span."""
        span = self.span
        if span.first > 1:
            before = "select hash, recorded_ms from entry where seq = ?"
            found = self._store.one(before, (span.first - 1,))
            if found is not None:
                span.hash, span.recorded_ms = bytes(found[0]), found[1]
        for first in range(span.first, span.last + 1, AT_ONCE):
            last = min(first + AT_ONCE - 1, span.last)
            self._block(first, last)
            if progress is not None:
                progress((last - span.first + 1) / (span.last - span.first + 1))
        return span

    def _block(self, first: int, last: int) -> None:
        """Look at some entries together; where that fails, at fewer, to say which is damaged."""
        span = self.span
        before = span.hash, span.recorded_ms, span.entries, len(span.faults)
        try:
            self._together(first, last)
        except (*UNREADABLE, OutsideError):
            # Text that is no text fails too; a database that is gone fails again, and for good.
            self._store.one("select 1 from head")
            span.hash, span.recorded_ms, span.entries, faults = before
            del span.faults[faults:]
            self._sources, self._back = [], {}
            if first < last:
                middle = (first + last) // 2
                self._block(first, middle)
                self._block(middle + 1, last)
                return
            span.entries += 1
            self._say(f"entry {first} cannot be read: what is kept of it is damaged")
            found = self._store.one("select hash from entry where seq = ?", (first,))
            if found is not None and isinstance(found[0], bytes | memoryview):
                span.hash = bytes(found[0])

    def _together(self, first: int, last: int) -> None:
        within = "where entry between ? and ? order by entry, n"
        posted = self._store.rows(
            f"select entry, n, account, {LOT.format('lot')}, quantity from posting {within}",
            (first, last),
        )
        taken = self._store.rows(
            f"select entry, n, {LOT.format('child')}, parent, grams from draw {within}",
            (first, last),
        )
        postings = self._ordered(_numbers(posted), "postings")
        draws = self._ordered(_numbers(taken), "draws")
        span, lots = self.span, len(self.span.posted)
        there = (postings[:, 1] >= 0) & (postings[:, 1] < len(span.balance))
        there &= postings[:, 2] < lots
        for entry in np.unique(postings[~there, 0]).tolist():
            self._say(f"entry {entry} posts to an account or a lot that is not there")
        drawn = (draws[:, 1] < lots) & (draws[:, 2] < lots) & (draws[:, 2] >= 0)
        for entry in np.unique(draws[~drawn, 0]).tolist():
            self._say(f"entry {entry} draws on a lot that is not there")
        if not there.all():
            known = zip(posted, there.tolist(), strict=True)
            posted = [(*row[:2], row[2] * here, *row[3:]) for row, here in known]
        self._chain(first, last, Spelled(posted, taken, postings, draws, first, last))
        span.postings += len(postings)
        postings, draws = postings[there], draws[drawn]
        self._sums(postings, first, last)
        np.add.at(span.balance, postings[:, 1], postings[:, 3])
        span.used[postings[:, 1]] = 1
        np.add.at(span.drawn, draws[:, 2], draws[:, 3])
        np.add.at(span.into, draws[:, 1], draws[:, 3])
        self._lots(postings[postings[:, 2] > 0])

    def _ordered(self, rows: Numbers, named: str) -> Numbers:
        """Give rows without their numbers, which run from 0 in each entry; a lot is one or none."""
        entry = rows[:, 0]
        begins = np.flatnonzero(np.diff(entry, prepend=-1))
        due = np.arange(len(rows)) - np.repeat(begins, np.diff(begins, append=len(rows)))
        for seq in np.unique(entry[rows[:, 1] != due]).tolist():
            self._say(f"entry {seq}: its {named} are not numbered as they were written")
        lot = 2 if named == "postings" else 1
        rows = rows[:, [0, 2, 3, 4]]
        for seq in np.unique(rows[rows[:, lot] < 0, 0]).tolist():
            self._say(f"entry {seq}: its {named} name a lot 0, or one below it")
        np.maximum(rows[:, lot], 0, out=rows[:, lot])
        return rows

    def _sums(self, postings: Numbers, first: int, last: int) -> None:
        """Every entry sums to zero in each ledger."""
        ledger = self._ledger[postings[:, 1]]
        for name, number in LEDGERS.items():
            chosen = ledger == number
            total = np.zeros(last - first + 1, np.int64)
            np.add.at(total, postings[chosen, 0] - first, postings[chosen, 3])
            for k in np.flatnonzero(total):
                self._say(f"entry {first + k} sums to {total[k]} in {name}, not to 0")

    def _chain(self, first: int, last: int, said: Spelled) -> None:
        """Every hash is that of the entry's parts, and of the hash before."""
        span = self.span
        rows = self._store.rows(self._sql, (first, last))
        if rows and rows[-1][-1] is not None:
            said.spell(self._names, self._ledger == LEDGERS["money"])
        before, due, last_ms = span.hash, first, span.recorded_ms
        for row in rows:
            seq, kind, recorded_ms, kept = row[0], row[2], row[5], row[13]
            if seq != due:
                self._say(f"entries {due} to {seq - 1} are missing")
            link = self._link_old if row[14] is None else self._link
            if link(before, row, said) != kept:
                self._say(f"entry {seq} was changed: its bytes do not give its hash")
                if type(kept) is not bytes:
                    raise TypeError("keeps no octets")
            if recorded_ms < last_ms and kind != "clock":
                self._say(f"entry {seq} was recorded before the one before it")
            if kind in HEARD:
                self._hear(before, row)
            before, due, last_ms = kept, seq + 1, recorded_ms
        if due <= last:
            self._say(f"entries {due} to {last} are missing")
        self._moments = np.array([(row[0], row[4]) for row in rows], np.int64).reshape(-1, 2)
        span.hash, span.recorded_ms = before, last_ms
        span.entries += len(rows)

    def _hear(self, before: bytes, row: tuple) -> None:
        """Learn what an entry says of others."""
        span, seq, kind, noted, body = self.span, row[0], row[2], row[11], row[12]
        if kind == "reversal":
            self._back[seq] = row[4]
        elif kind == "close":
            span.closed[seq] = _sealed(noted, body, row[14] is None)
        else:
            told = chain.told(body)
            # A block that could not be read is looked at again.
            other = span.upgrade not in (0, seq)
            if other or (told["head"], told["entries"]) != (before.hex(), seq - 1):
                self._say(f"entry {seq} takes over another book than the one before it")
            span.upgrade = span.upgrade or seq

    def _link(self, before: bytes, row: tuple, said: Spelled) -> bytes:
        """Hash an entry of version 2, and hold its columns against what was told."""
        seq, raw, kind, site, event_ms, recorded_ms, _, back, right = row[:9]
        noted, body, salt, span = row[11], row[12], row[14], self.span
        if not span.new:
            span.new = seq
        if back == 0 or right == 0:
            self._say(f"entry {seq} refers to an entry 0")
        head = (seq, raw, kind, site, event_ms, recorded_ms, back or 0, right or 0)
        goods, money, drawn = said.of(seq)
        if len(salt) == chain.SALT and len(body) != chain.SEAL:
            self._columns(row)
            hashed = chain.entered(before, head, noted, goods, money, drawn, salt, body)
        else:
            seal = chain.seal_told(salt, body)
            self._erased(row, seal)
            head = (seq, chain.seal_id(salt, raw), *head[2:])
            sealed = chain.seal_money(salt, money)
            public = chain.public(head, noted, goods, sealed, drawn)
            hashed = sha256(chain.octets(before, public, seal)).digest()
        source, verified, more = _read_noted(noted)
        if source is not None:
            self._sources.append((seq, source, verified))
        if more:
            span.opened.update(more.get("opened", {}))
            if "erases" in more:
                span.erasures[seq] = more["erases"]
        if seq in said.mixed:
            self._say(f"entry {seq}: its postings are not numbered as they were written")
        return hashed

    def _erased(self, row: tuple, seal: bytes) -> None:
        """Of an erased entry nothing private is left but its seal; others have their whole salt."""
        seq, _, kind, *_ = row
        actor, series, number, body, salt = row[6], row[9], row[10], row[12], row[14]
        if not chain.is_erased(body):
            if len(salt) != chain.SALT:
                self._say(f"entry {seq} was changed: its salt is not whole")
            self._columns(row)
            return
        self.span.erased.append(seq)
        if actor or series is not None or number is not None or len(salt) != chain.HALF:
            self._say(f"entry {seq} was erased, and not all of its private part is gone")
        if seal.hex() != body or kind in NEEDED:
            self._say(f"entry {seq} was changed: what is left of it is no seal of it")

    def _columns(self, row: tuple) -> None:
        """What stands in columns and in public beside a body is what the body says."""
        seq, raw, kind, site, event_ms, _, actor = row[:7]
        series, number, body = row[9], row[10], row[12]
        if kind == Ticket.kind:
            # In a body without inner objects a name with its value stands once, as it is written,
            # and who told it stands first.
            held = f'"event_ms":{event_ms},' in body and f'"site":{chain.quoted(site)}' in body
            first = f'{{"actor":{chain.quoted(actor)},' if actor else "{"
            held = held and body.startswith(first) and (actor or not body.startswith('{"actor"'))
            if series is None:
                held = held and number is None and '"series":' not in body
            else:
                held = held and f'"series":{chain.quoted(series)}' in body
                held = held and f'"number":{number},' in body
            told = chain.told(body) if '"alias":' in body else {}
        else:
            told = chain.told(body)
            said = (told.get("actor", ""), told["kind"], told["site"], told["event_ms"])
            held = said == (actor, kind, site, event_ms) and series is None and number is None
            held &= told["id"] == text_of_id(raw)
        if not held:
            said = "who told it, what it is, or its slip, is not what its body says"
            self._say(f"entry {seq} was changed: {said}")
        if "alias" in told:
            self.span.aliases[str(told["alias"])] = seq

    def _link_old(self, before: bytes, row: tuple, said: "Spelled") -> bytes:
        """Hash an entry of version 1."""
        seq, raw, kind, site, event_ms, recorded_ms, actor, back, right, *_ = row
        series, number, noted, body, *_ = row[9:]
        span, old = self.span, self._old
        span.old = seq
        if back == 0 or right == 0:
            self._say(f"entry {seq} refers to an entry 0")
        text = (
            f"{seq}\n{raw.hex()}\n{kind}\n{site}\n{event_ms}\n{recorded_ms}\n{actor}\n{back or 0}\n"
            f"{right or 0}\n{noted}\n{body}\0"
        )
        hashed = sha256(before + text.encode() + said.packed(seq)).digest()
        told_series, told_number = None, None
        if kind == "ticket":
            source, verified, told_series, told_number = old.ticket(seq, event_ms, body)
            self._sources.append((seq, source, verified))
        elif kind == "rule":
            old.learn(seq, body)
        elif kind == "count":
            self._sources.append((seq, SOURCES[Source.FOUND.value], 0))
        if (series, number) != (told_series, told_number):
            self._say(f"entry {seq} was changed: its slip is not what its body says")
        if noted and kind != Close.kind:
            span.opened.update(version1.opened(noted))
        return hashed

    def _lots(self, postings: Numbers) -> None:
        """Learn what is posted to lots, and what their own entries say of them."""
        if not len(self._moments):
            return
        span = self.span
        entry, account, lot, grams = postings.T
        np.add.at(span.posted, lot, grams)
        # A lot's first posting is that of the entry that made it.
        lots, at = np.unique(lot, return_index=True)
        born = span.entry[lots] == 0
        lots, at = lots[born], at[born]
        span.entry[lots], span.born[lots], span.account[lots] = entry[at], grams[at], account[at]
        seq, event_ms = self._moments.T
        span.event_ms[lots] = event_ms[np.searchsorted(seq, entry[at]).clip(max=len(seq) - 1)]
        if self._sources:
            seq, source, verified = np.array(self._sources, np.int64).T
            row = np.searchsorted(seq, entry[at])
            row[row == len(seq)] = 0
            said = seq[row] == entry[at]
            span.source[lots[said]] = source[row[said]]
            span.verified[lots[said]] = verified[row[said]]
        if self._back:
            for k in np.flatnonzero(np.isin(entry, [*self._back]) & (grams > 0)):
                span.since_ms[lot[k]] = max(span.since_ms[lot[k]], self._back[int(entry[k])])
        self._sources, self._back = [], {}

    def _say(self, fault: str) -> None:
        self.span.faults.append(fault)


@lru_cache(maxsize=1 << 12)
def _read_noted(noted: str) -> tuple[int | None, bool, Mapping]:
    """Read what a note says: where lots come from, whether weighed well, and what else it says."""
    notes = chain.read_noted(noted)
    source = SOURCES.get(notes["from"], -1) if "from" in notes else None
    more: dict[str, object] = {}
    if "opened" in notes:
        more["opened"] = {int(number): name for number, name in notes["opened"].items()}
    if "erases" in notes:
        more["erases"] = _whole(notes["erases"])
    return source, bool(notes.get("verified")), more


def _numbers(rows: list[tuple]) -> Numbers:
    """Make an array of rows of five whole numbers."""
    return np.fromiter(chained.from_iterable(rows), np.int64, 5 * len(rows)).reshape(-1, 5)


def _sealed(noted: str, body: str, old: bool) -> Sealed:
    """Read what a close says of its period."""
    told = chain.told(body)
    root = noted.split(",")[0].removeprefix("root ") if old else chain.read_noted(noted)["root"]
    site = "" if told["site"] == "*" else told["site"]
    if not isinstance(site, str):
        raise ValueError("closes no site")
    return Sealed(str(root), site, _whole(told["from_ms"]), _whole(told["to_ms"]))


def _whole(value: object) -> int:
    """Give a whole number that a database can hold.

    Raises
    ------
    ValueError
        It is none.
    """
    if type(value) is not int or abs(value) >= 1 << 62:
        raise ValueError("is no whole number")
    return value
