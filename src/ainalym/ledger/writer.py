"""The writer: puts deeds into the book, many in one commit, each whole or not at all."""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import NamedTuple

from ainalym.errors import (
    AinalymError,
    ConflictError,
    InputError,
    Issue,
    OutsideError,
    refuse,
)
from ainalym.ledger import chain
from ainalym.ledger.canonical import canonical, faults_of_text
from ainalym.ledger.clock import SKEW_MS, Clocks
from ainalym.ledger.earlier import Closed, close, erase, find, take_back, take_over
from ainalym.ledger.garbage import unswept
from ainalym.ledger.ids import raw_of, text_of_id
from ainalym.ledger.laws import Draft, draft, refuse_all
from ainalym.ledger.rows import write
from ainalym.ledger.rules import Rules
from ainalym.ledger.shelf import Shelf
from ainalym.ledger.store import Refused, Store
from ainalym.model.deed import Clock, Close, Deed, Erasure, Reversal, Rule, Ticket, Upgrade
from ainalym.model.entry import Receipt

MANY = 1_000
"""Deeds in one commit from which on speed is worth a care."""

SALTS = 256
"""Salts that are drawn from the computer's chance at a time."""


class Request:
    """Deeds that are recorded together, and what came of them.

    Parameters
    ----------
    deeds
        In the order they happened.
    check
        Hears which of them are new once they are written, and raises an error where they may not
        be kept.
    """

    def __init__(
        self, deeds: Sequence[Deed], check: Callable[[Sequence[Deed]], None] | None = None
    ) -> None:
        self.deeds = deeds
        self.check = check
        self.receipts: list[Receipt] = []
        self.error: BaseException | None = None


class _Unfit(Exception):
    """What was written is not kept: a check is against it."""


class _Mark(NamedTuple):
    """How far a writer was: on the shelf, in the chain, in closed periods, in what is new."""

    shelf: tuple[int, ...]
    place: tuple[int, bytes, int]
    periods: int
    new: int


class Writer:
    """The one who writes to a book through one connection.

    Parameters
    ----------
    store
        The connection.
    clock
        Tells the moment of recording, in milliseconds since 1970 UTC.
    chance
        Gives so many octets of chance.
    """

    def __init__(
        self, store: Store, clock: Callable[[], int], chance: Callable[[int], bytes]
    ) -> None:
        self._store = store
        self._clocks = Clocks(store, clock)
        self._chance = chance
        self._salts = b""
        self._unforgotten: set[str] = set()
        self._seq = -1

    def commit(self, requests: Sequence[Request]) -> None:
        """Record requests in one commit; each gets its receipts, or the error that refused it.

        One that has a check comes alone.

        Raises
        ------
        Refused
            The database refused one of several; each alone shows which.
        """
        try:
            many = sum(len(request.deeds) for request in requests) >= MANY
            with self._store.writing(), unswept(many):
                erased = self.record(requests)
                for request in requests:
                    _check(request)
        except _Unfit:
            self._seq = -1
            return
        except BaseException as error:
            self._seq = -1
            if len(requests) > 1 or not isinstance(error, Refused):
                raise
            requests[0].error = ConflictError(f"the database refused: {error}")
            return
        self._unforgotten |= {"pages", "log"} if erased else set()
        if self._unforgotten:
            # What is recorded stands; a file that cannot be cleaned now is tried again next time.
            with suppress(OutsideError):
                self._forget()

    def _forget(self) -> None:
        """Leave nothing of what was erased in the file, nor in the log beside it."""
        if "pages" in self._unforgotten:
            self._store.rebuild()
            self._unforgotten.remove("pages")
        if self._store.forget():
            self._unforgotten.remove("log")

    def record(self, requests: Sequence[Request]) -> bool:
        """Record requests in the transaction that is held, as `commit` does in one of its own.

        Tells whether anything is erased.
        """
        self._catch_up()
        for request in requests:
            self._answer(request)
        erased = bool(self._shelf.page.erased)
        write(self._store, self._shelf, self._seq, self._recorded_ms, self._before)
        return erased

    def _catch_up(self) -> None:
        """Take the head of the chain, and forget what we remember if others wrote meanwhile."""
        self._clocks.look()
        locked = "select seq, recorded_ms, hash from head"
        if self._store.engine == "postgres":
            locked += " for update"
        seq, self._recorded_ms, before = self._store.one(locked)
        self._before = bytes(before)
        self._new: dict[str, tuple[str, Receipt]] = {}
        if seq == self._seq:
            return
        self._seq = seq
        self._shelf = Shelf(self._store)
        self._rules = Rules()
        known = "select event_ms, seq, body from entry where kind = 'rule' order by seq"
        for event_ms, at, body in self._store.rows(known):
            told = chain.told(body)
            self._rules.add(told["about"], told["name"], event_ms, at, told["terms"])
        self._periods = [
            Closed(*row) for row in self._store.rows("select site, from_ms, to_ms from period")
        ]
        self._closed_ms = max((period.to_ms for period in self._periods), default=0)
        last = self._store.one("select id from entry order by id desc limit 1")
        self._last = text_of_id(last[0]) if last else ""

    def _answer(self, request: Request) -> None:
        """Enter a request's deeds; if one is refused, none of them stands."""
        try:
            accepted = any(self._accepts(deed) for deed in request.deeds)
            self._true_ms = self._clocks.read(self._recorded_ms, accepted=accepted)
        except (OutsideError, ConflictError) as error:
            request.error = error
            return
        mark = self._mark()
        try:
            request.receipts = [self._enter(deed) for deed in request.deeds]
        except AinalymError as first:
            self._undo(mark)
            errors = self._refusals(request.deeds) or [first]
            self._undo(mark)
            try:
                refuse_all(errors)
            except AinalymError as error:
                request.error = error

    def _accepts(self, deed: Deed) -> bool:
        """Tell whether a deed says that the clock is right, and says so for the first time."""
        return isinstance(deed, Clock) and self._known(deed, chain.body(deed)) is None

    def _refusals(self, deeds: Sequence[Deed]) -> list[AinalymError]:
        """Tell all that is refused at once: the deeds after a refused one are still tried."""
        errors = []
        for deed in deeds:
            mark = self._shelf.mark()
            try:
                self._enter(deed)
            except AinalymError as error:
                self._shelf.undo(mark)
                errors.append(error)
        return errors

    def _mark(self) -> _Mark:
        """Begin what may yet be refused."""
        place = self._seq, self._before, self._recorded_ms
        return _Mark(self._shelf.mark(), place, len(self._periods), len(self._new))

    def _undo(self, mark: _Mark) -> None:
        """Take back what was done since the mark."""
        self._shelf.undo(mark.shelf)
        self._seq, self._before, self._recorded_ms = mark.place
        del self._periods[mark.periods :]
        self._rules.forget(self._seq + 1)
        while len(self._new) > mark.new:
            self._new.popitem()

    def _enter(self, deed: Deed) -> Receipt:
        body = chain.body(deed)
        if "\\u0000" in body or not body.isascii():
            refuse(faults_of_text(f"{deed.kind} {deed.id}", body))
        repeated = self._known(deed, body)
        if repeated is not None:
            return repeated
        if deed.alias:
            self._refuse_alias(deed)
        # Within minutes the order of the chain counts; who accepts the clock sets it.
        recorded_ms = self._true_ms
        if recorded_ms < self._recorded_ms and deed.kind != Clock.kind:
            recorded_ms = self._recorded_ms
        if deed.event_ms > self._true_ms + SKEW_MS:
            self._refuse_future(deed)
        closed = deed.event_ms < self._closed_ms
        if closed:
            self._refuse_closed(deed, {deed.site})
        shelf, seq = self._shelf, self._seq + 1
        shelf.entry = seq
        opened, made = len(shelf.opened), len(shelf.fresh)
        reverses, drawn = self._drawn(deed, seq)
        corrects = find(deed.corrects, self._store, shelf.page).seq if deed.corrects else None
        page, (lines, draws, noted) = shelf.page, drawn
        if closed:
            # What arrives moves what the sender has under way, and what it is paid.
            self._refuse_closed(deed, {shelf.account(number).site for number, _, _ in lines})
        if len(shelf.opened) > opened:
            # Accounts of money may have a person's name; they stand under the seal of money alone.
            names = {str(k): one.name for k, one in shelf.opened[opened:] if one.ledger != "money"}
            said = canonical({**noted, "opened": names} if names else noted)
        else:
            said = chain.noted(tuple(noted.items()))
        series = getattr(deed, "series", "") or None
        raw, kind, site, event_ms = deed.id.replace("-", ""), deed.kind, deed.site, deed.event_ms
        salt, octets = self._salt(), bytes.fromhex(raw)
        head = (seq, octets, kind, site, event_ms, recorded_ms, reverses or 0, corrects or 0)
        hashed = self._link(head, said, lines, draws, salt, body)
        page.postings.append((seq, lines))
        if draws:
            page.draws.append((seq, draws))
        number = series and deed.number
        row = (seq, octets, kind, site, event_ms, recorded_ms, deed.actor)
        page.entries.append((*row, reverses, corrects, series, number, said, body, hashed, salt))
        if deed.alias:
            page.aliases.append((deed.alias, seq))
        self._seq, self._before, self._recorded_ms = seq, hashed, recorded_ms
        lots = tuple([held.id for held in shelf.fresh[made:]])
        receipt = Receipt(deed.id, seq, recorded_ms, lots, hashed.hex(), False)
        self._new[deed.id] = body, receipt
        if deed.id > self._last:
            self._last = deed.id
        return receipt

    def _link(
        self, head: tuple, noted: str, lines: list, draws: list, salt: bytes, body: str
    ) -> bytes:
        """Hash an entry onto the chain; what is posted in money has to stand last."""
        names, moneys = self._shelf.names, self._shelf.moneys
        posted = [f"[{names[number]},{lot},{quantity}]" for number, lot, quantity in lines]
        # A ticket posts to stock and source, then to money.
        ticket = head[2] == "ticket"
        goods = 2 if ticket else sum([number not in moneys for number, _, _ in lines])
        drawn = chain.drawn(draws) if draws else ""
        told = ",".join(posted[:goods]), ",".join(posted[goods:])
        return chain.entered(self._before, head, noted, *told, drawn, salt, body)

    def _salt(self) -> bytes:
        if not self._salts:
            self._salts = self._chance(chain.SALT * SALTS)
        salt, self._salts = self._salts[: chain.SALT], self._salts[chain.SALT :]
        return salt

    def _drawn(self, deed: Deed, seq: int) -> tuple[int | None, Draft]:
        """Draft a deed; reversals and closes need the book itself, and rules are learnt."""
        store, shelf = self._store, self._shelf
        if type(deed) is Ticket:
            return None, draft(deed, shelf, self._rules)
        if isinstance(deed, Reversal):
            return take_back(deed, store, shelf)
        if isinstance(deed, Close):
            drawn = close(deed, store, shelf, self._periods)
            self._closed_ms = max(self._closed_ms, deed.to_ms)
            return None, drawn
        if isinstance(deed, Erasure):
            return None, erase(deed, store, shelf)
        if isinstance(deed, Upgrade):
            return None, take_over(deed, store, (self._seq, self._before))
        drawn = draft(deed, shelf, self._rules)
        # A proof shows no money, only a seal of it: it stands last.
        shelf.put_money_last(drawn.lines)
        if isinstance(deed, Rule):
            self._rules.add(deed.about, deed.name, deed.event_ms, seq, deed.terms)
        return None, drawn

    def _known(self, deed: Deed, body: str) -> Receipt | None:
        """Give the receipt of a deed that is in the book already.

        Raises
        ------
        ConflictError
            The same id is there with another body.
        """
        if deed.id > self._last:
            return None
        if deed.id in self._new:
            said, receipt = self._new[deed.id]
        else:
            row = self._store.one(
                "select seq, recorded_ms, hash, body, kind, site, event_ms from entry where id = ?",
                (raw_of(deed.id),),
            )
            if row is None:
                return None
            seq, recorded_ms, hashed, said, *told = row
            if chain.is_erased(said) and told == [deed.kind, deed.site, deed.event_ms]:
                # What it said is gone; this is left to tell it by, and what a ticket weighed.
                weighed = "select sum(quantity) from posting where entry = ? and lot is not null"
                net_g = deed.net_g if isinstance(deed, Ticket) else None
                if net_g is None or self._store.one(weighed, (seq,))[0] == net_g:
                    said = body
            lots = self._store.rows("select id from lot where entry = ? order by id", (seq,))
            ids = tuple(lot for (lot,) in lots)
            receipt = Receipt(deed.id, seq, recorded_ms, ids, bytes(hashed).hex(), True)
        if not chain.is_same(said, body):
            mend = "a new deed needs a new id; a change needs a reversal"
            raise ConflictError(f"{deed.kind} {deed.id} is in the book with another body; {mend}")
        return receipt._replace(repeated=True)

    def _refuse_alias(self, deed: Deed) -> None:
        """Refuse a name of another program that stands for another deed already."""
        taken = [seq for alias, seq in self._shelf.page.aliases if alias == deed.alias]
        if not taken:
            row = self._store.one("select entry from alias where alias = ?", (deed.alias,))
            taken = [*(row or ())]
        if taken:
            said = f"{deed.kind} {deed.id}: the name {deed.alias} stands for entry {taken[0]}"
            raise ConflictError(f"{said} already; give it a name of its own")

    def _refuse_future(self, deed: Deed) -> None:
        fault = f"is {(deed.event_ms - self._true_ms) / 60_000:.0f} minutes in the future"
        mend = "set the device's clock"
        raise InputError([Issue(f"{deed.kind} {deed.id}: event_ms", fault, mend)])

    def _refuse_closed(self, deed: Deed, sites: Collection[str]) -> None:
        for period in self._periods:
            closed = period.from_ms <= deed.event_ms < period.to_ms
            if closed and (not period.site or period.site in sites):
                said = (
                    f"{deed.kind} {deed.id} lies in a closed period of {period.site or deed.site}"
                )
                raise ConflictError(f"{said}; record it at a moment of the current period")


def _check(request: Request) -> None:
    """Ask a request's check of what is new; it has come alone.

    Raises
    ------
    _Unfit
        The request has the error.
    """
    if request.check is None or request.error is not None:
        return
    told = zip(request.deeds, request.receipts, strict=True)
    new = [deed for deed, receipt in told if not receipt.repeated]
    try:
        if new:
            request.check(new)
    except AinalymError as error:
        request.error = error
        raise _Unfit from error
