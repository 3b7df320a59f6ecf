"""A span of the chain: what a run of entries says, derived from nothing but their own rows.

Rows of entries, postings and draws never change, so spans may be walked at the same time by several
processes, while others write.
"""

import json
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from hashlib import sha256
from itertools import chain as chained

import numpy as np
from numpy.typing import NDArray

from ainalym.ledger import chain
from ainalym.ledger.rules import Rules
from ainalym.ledger.store import Store, connect
from ainalym.ledger.writer import unswept
from ainalym.model.deed import Ticket
from ainalym.model.entry import Source

AT_ONCE = 25_000
"""Entries looked at together."""

SOURCES = {"": 0} | {source.value: k for k, source in enumerate(Source, 1)}
Numbers = NDArray[np.int64]

ENTRIES = (
    "select seq, id, kind, site, event_ms, recorded_ms, actor, coalesce(reverses, 0), "
    "coalesce(corrects, 0), noted, body, hash from entry where seq between ? and ? order by seq"
)


@dataclass(slots=True, kw_only=True)
class Span:
    """What entries `first` to `last` say; arrays by number of account or lot, 0 for none.

    Attributes
    ----------
    entries, postings, faults
        How many there are, and what is wrong with them.
    hash, recorded_ms
        Of the last one.
    balance
        What is posted to each account.
    posted, drawn, into
        Grams posted to each lot, drawn from it, and drawn into it.
    entry, born, account, source, verified, event_ms
        The entry that made a lot, and what it says of it: grams, account, a number of `SOURCES`, 0
        or 1, and when.
    since_ms
        When grams were last given back to it.
    opened, closed
        Names of accounts by number; notes of closed periods by number of the entry.
    """

    first: int
    last: int
    entries: int = 0
    postings: int = 0
    hash: bytes = chain.START
    recorded_ms: int = 0
    faults: list[str] = field(default_factory=list)
    balance: Numbers
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
    closed: dict[int, str] = field(default_factory=dict)

    def join(self, later: "Span") -> None:
        """Add what the span that follows says."""
        here = self.entry == 0
        for name in ("entry", "born", "account", "source", "verified", "event_ms"):
            getattr(self, name)[here] = getattr(later, name)[here]
        for name in ("balance", "posted", "drawn", "into"):
            getattr(self, name).__iadd__(getattr(later, name))
        np.maximum(self.since_ms, later.since_ms, out=self.since_ms)
        self.entries, self.postings = self.entries + later.entries, self.postings + later.postings
        self.last, self.hash, self.recorded_ms = later.last, later.hash, later.recorded_ms
        self.faults += later.faults
        self.opened |= later.opened
        self.closed |= later.closed


class Walk:
    """Walks a span block by block.

    Parameters
    ----------
    store
        To read from.
    first, last
        The span.
    accounts, lots
        Their highest numbers.
    """

    def __init__(self, store: Store, first: int, last: int, accounts: int, lots: int) -> None:
        self._store = store
        by_lot = ("posted", "drawn", "into", "entry", "born", "account", "source", "verified")
        by_lot += ("event_ms", "since_ms")
        self.span = Span(
            first=first,
            last=last,
            balance=np.zeros(accounts + 1, np.int64),
            **{name: np.zeros(lots + 1, np.int64) for name in by_lot},
        )
        self._money = np.zeros(accounts + 1, bool)
        for (number,) in store.rows("select id from account where ledger = 'money'"):
            if number <= accounts:
                self._money[number] = True
        self._counts = _Counts()
        self._rules = Rules()
        self._scales: dict[str, tuple[int, int]] = {}
        names = [f.name for f in fields(Ticket)]
        defaults = {f.name: f.default for f in fields(Ticket)}
        self._source, self._scale = (names.index(name) + 1 for name in ("source", "scale"))
        self._usual = SOURCES[str(defaults["source"])]
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
            known = "select seq, body from entry where kind = 'rule' and seq < ? order by seq"
            for seq, body in self._store.rows(known, (span.first,)):
                self._learn_rule(seq, body)
        for first in range(span.first, span.last + 1, AT_ONCE):
            last = min(first + AT_ONCE - 1, span.last)
            self._block(first, last)
            if progress is not None:
                progress((last - span.first + 1) / (span.last - span.first + 1))
        return span

    def _block(self, first: int, last: int) -> None:
        within = "where entry between ? and ? order by entry, n"
        postings = self._numbers(
            f"select entry, account, coalesce(lot, 0), quantity from posting {within}",
            (first, last),
        )
        draws = self._numbers(
            f"select entry, coalesce(child, 0), parent, grams from draw {within}", (first, last)
        )
        self._chain(first, last, postings, draws)
        span = self.span
        span.postings += len(postings)
        lots = len(span.posted)
        there = (postings[:, 1] < len(span.balance)) & (postings[:, 2] < lots)
        for entry in np.unique(postings[~there, 0]).tolist():
            self._say(f"entry {entry} posts to an account or a lot that is not there")
        drawn = (draws[:, 1] < lots) & (draws[:, 2] < lots)
        for entry in np.unique(draws[~drawn, 0]).tolist():
            self._say(f"entry {entry} draws on a lot that is not there")
        postings, draws = postings[there], draws[drawn]
        self._sums(postings, first, last)
        np.add.at(span.balance, postings[:, 1], postings[:, 3])
        np.add.at(span.drawn, draws[:, 2], draws[:, 3])
        np.add.at(span.into, draws[:, 1], draws[:, 3])
        self._lots(postings[postings[:, 2] > 0])

    def _numbers(self, sql: str, values: tuple) -> Numbers:
        rows = self._store.rows(sql, values)
        flat = np.fromiter(chained.from_iterable(rows), np.int64, 4 * len(rows))
        return flat.reshape(-1, 4)

    def _sums(self, postings: Numbers, first: int, last: int) -> None:
        """Every entry sums to zero in each ledger."""
        money = self._money[postings[:, 1]]
        for ledger, chosen in (("mass", ~money), ("money", money)):
            total = np.zeros(last - first + 1, np.int64)
            np.add.at(total, postings[chosen, 0] - first, postings[chosen, 3])
            for k in np.flatnonzero(total):
                self._say(f"entry {first + k} sums to {total[k]} in {ledger}, not to 0")

    def _chain(self, first: int, last: int, postings: Numbers, draws: Numbers) -> None:
        """Every hash is that of the entry's bytes, and of the hash before."""
        span, counts = self.span, self._counts
        numbers = np.arange(first, last + 2)
        of_posting = np.searchsorted(postings[:, 0], numbers).tolist()
        of_draw = np.searchsorted(draws[:, 0], numbers).tolist()
        lines = np.ascontiguousarray(postings[:, 1:]).astype("<i8").tobytes()
        drawn = np.ascontiguousarray(draws[:, 1:]).astype("<i8").tobytes()
        before, due, last_ms = span.hash, first, span.recorded_ms
        rows = self._store.rows(ENTRIES, (first, last))
        for row in rows:
            seq, raw, kind, site, event_ms, recorded_ms, actor, back, right, noted, body, kept = row
            if seq != due:
                self._say(f"entries {due} to {seq - 1} are missing")
            k = seq - first
            a, b, c, d = of_posting[k], of_posting[k + 1], of_draw[k], of_draw[k + 1]
            text = (
                f"{seq}\n{raw.hex()}\n{kind}\n{site}\n{event_ms}\n{recorded_ms}\n{actor}\n{back}\n"
                f"{right}\n{noted}\n{body}\0"
            )
            hashed = sha256(before + text.encode() + counts[b - a] + lines[a * 24 : b * 24])
            hashed.update(counts[d - c] + drawn[c * 24 : d * 24])
            if hashed.digest() != kept:
                self._say(f"entry {seq} was changed: its bytes do not give its hash")
            if recorded_ms < last_ms:
                self._say(f"entry {seq} was recorded before the one before it")
            if kind == "ticket":
                self._hear_ticket(seq, event_ms, body)
            elif kind == "rule":
                self._learn_rule(seq, body)
            elif kind == "count":
                self._sources.append((seq, SOURCES[Source.FOUND.value], 0))
            elif kind == "reversal":
                self._back[seq] = event_ms
            if noted:
                if kind == "close":
                    span.closed[seq] = noted
                else:
                    span.opened.update(_opened(noted))
            before, due, last_ms = kept, seq + 1, recorded_ms
        if due <= last:
            self._say(f"entries {due} to {last} are missing")
        self._moments = np.array([(row[0], row[4]) for row in rows], np.int64).reshape(-1, 2)
        span.hash, span.recorded_ms = bytes(before), last_ms
        span.entries += len(rows)

    def _hear_ticket(self, seq: int, event_ms: int, body: str) -> None:
        """Learn where a ticket's lot comes from, and whether its scale was verified."""
        values = chain.values(body)
        length, source, verified = len(values), self._usual, False
        if length > self._source:
            source = SOURCES.get(values[self._source], -1)
        if length > self._scale:
            scale = values[self._scale]
            from_ms, to_ms = self._scales.get(scale, (0, 0))
            verified = from_ms <= event_ms < to_ms
            if not verified:
                verified = self._rules.verified(scale, event_ms)
        self._sources.append((seq, source, verified))

    def _learn_rule(self, seq: int, body: str) -> None:
        told = chain.told(body)
        about, name, event_ms = told["about"], told["name"], told["event_ms"]
        self._rules.add(about, name, event_ms, seq, told["terms"])
        if about == "scale":
            # A span of time that is settled, to look at first; a second rule unsettles it.
            until_ms = 0 if name in self._scales else told["terms"]["verified_until_ms"]
            self._scales[name] = (event_ms, until_ms)

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


class Elsewhere:
    """Walks a span in a process of its own.

    Parameters
    ----------
    where
        As for `open_book`.
    first, last, accounts, lots
        As for `Walk`.
    """

    def __init__(self, where: str, first: int, last: int, accounts: int, lots: int) -> None:
        words = [sys.executable, "-c", "from ainalym.ledger import span; span.answer()"]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        asked = json.dumps([where, first, last, accounts, lots]).encode()
        self._process.stdin.write(asked)
        self._process.stdin.close()

    def span(self) -> Span | None:
        """Wait for what it found; None where it failed."""
        said = self._process.stdout.read()
        self._process.stdout.close()
        return None if self._process.wait() else pickle.loads(said)

    def stop(self) -> None:
        """End it, if it has not ended."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


class _Counts(dict):
    """Whole numbers as the chain writes them; made once each."""

    def __missing__(self, count: int) -> bytes:
        self[count] = packed = chain.numbers(1).pack(count)
        return packed


def _opened(noted: str) -> Iterator[tuple[int, str]]:
    for part in noted.split(","):
        number, _, name = part.partition("=")
        yield int(number), name


def answer() -> None:
    """Walk the span asked for on standard input, for `Elsewhere` in another process."""
    where, *asked = json.load(sys.stdin)
    store = connect(where, new=False, read_only=True)
    with store.reading(), unswept():
        span = Walk(store, *asked).walk()
    pickle.dump(span, sys.stdout.buffer)
