"""The shelf: lots and accounts as the writer sees them, with what is not yet written.

It answers from memory what the database holds, so that a writer asks once for many deeds. Whatever
a refused deed did is taken back.
"""

import re
from collections import deque
from collections.abc import Sequence
from operator import attrgetter

from ainalym.errors import ConflictError, Issue, NotFoundError, refuse
from ainalym.ledger.chain import quoted
from ainalym.ledger.store import Store
from ainalym.model.entry import Account
from ainalym.model.faults import is_name

OWING = frozenset({"source", "loss", "lost", "sold", "count"})
"""Roles of mass and of pieces that stand for the outside world and may owe."""


PLAIN = re.compile(r"(?:[A-Za-z0-9._-]+\n){4}[A-Za-z0-9._-]*")
"""Most accounts: nothing in their five parts needs a closer look."""

Key = tuple[str, str, str, str, str]
"""An account as a plain tuple, which is quicker to make."""


def owes(account: Account) -> bool:
    """Tell whether an account may be below zero."""
    return account.ledger == "money" or account.role in OWING


class Held:
    """A lot as the writer sees it."""

    __slots__ = ("account", "entry", "event_ms", "fresh", "id", "left_g", "made_g", "number")
    __slots__ += ("since_ms", "source", "verified")

    def __init__(self, account: Account, row: Sequence, fresh: bool) -> None:
        self.account, self.fresh = account, fresh
        (
            self.id,
            self.entry,
            self.number,
            self.made_g,
            self.left_g,
            self.event_ms,
            self.since_ms,
            self.source,
            self.verified,
        ) = row


row_of = attrgetter(
    *("id", "entry", "number", "made_g", "left_g"), *("event_ms", "since_ms", "source", "verified")
)
"""The row of table `lot`, of a `Held`."""


class Page:
    """Rows of tables that are decided but not yet written; postings and draws by their entry."""

    def __init__(self) -> None:
        self.entries: list[tuple] = []
        self.postings: list[tuple[int, list]] = []
        self.draws: list[tuple[int, list]] = []
        self.periods: list[tuple] = []
        self.erased: list[tuple] = []
        self.aliases: list[tuple[str, int]] = []

    def cut(self, lengths: Sequence[int]) -> None:
        """Drop the rows that came after there were so many."""
        tables = (self.entries, self.postings, self.draws, self.periods, self.erased)
        tables += (self.aliases,)
        for rows, length in zip(tables, lengths, strict=True):
            del rows[length:]


ENTRY = (
    "seq, id, kind, site, event_ms, recorded_ms, actor, reverses, corrects, series, number, "
    "noted, body, hash, salt"
)
AT = {name: k for k, name in enumerate(ENTRY.split(", "))}
"""Where each column stands in a row of `Page.entries`."""

LOT = "id, entry, account, made_g, left_g, event_ms, since_ms, source, verified"


class Shelf:
    """What lies where, kept up to date by the one who writes.

    Parameters
    ----------
    store
        The connection that writes.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.clear()

    def clear(self) -> None:
        """Forget everything; it is read again when needed."""
        self.entry = 0
        self.page = Page()
        self._numbers: dict[Account, int] = {}
        self._accounts: dict[int, Account] = {}
        self.moneys: set[int] = set()
        self.counts: set[int] = set()
        self.names: dict[int, str] = {}
        self._counters: dict[tuple[str, str, str, bool], tuple[int, int, int, int]] = {}
        self._lots: dict[int, Held] = {}
        self._queues: dict[int, deque[Held]] = {}
        self.fresh: list[Held] = []
        self.touched: dict[int, Held] = {}
        self.opened: list[tuple[int, Account]] = []
        self._undo: list[tuple] = []
        for number, *key in self._store.rows(
            "select id, ledger, role, site, what, party from account"
        ):
            self._know(number, Account(*key))
        found = self._store.one("select lots from head")
        self.last_lot = found[0] if found else 0

    def mark(self) -> tuple[int, ...]:
        """Begin what may yet be refused."""
        page = self.page
        return (
            *(len(self._undo), len(self.fresh), len(self.opened)),
            *map(len, (page.entries, page.postings, page.draws, page.periods, page.erased)),
            len(page.aliases),
        )

    def undo(self, mark: tuple[int, ...]) -> None:
        """Take back what was done since the mark."""
        undo, fresh, opened, *lengths = mark
        self.page.cut(lengths)
        while len(self._undo) > undo:
            held, left_g, since_ms, queue = self._undo.pop()
            held.left_g, held.since_ms = left_g, since_ms
            if queue is not None and held not in queue:
                queue.appendleft(held)
        for held in reversed(self.fresh[fresh:]):
            del self._lots[held.id]
            queue = self._queues.get(held.number)
            if queue and queue[-1] is held:
                queue.pop()
            self.last_lot -= 1
        del self.fresh[fresh:]
        for number, account in self.opened[opened:]:
            del self._numbers[account], self._accounts[number], self.names[number]
            self.moneys.discard(number)
            self.counts.discard(number)
            self._queues.pop(number, None)
        if len(self.opened) > opened:
            self._counters.clear()
        del self.opened[opened:]

    def written(self) -> None:
        """Hear that all is in the database: what is used up need not be remembered."""
        for held in (*self.fresh, *self.touched.values()):
            held.fresh = False
            if not held.left_g:
                self._lots.pop(held.id, None)
        self.fresh, self.touched, self.opened, self._undo = [], {}, [], []
        self.page = Page()

    def number(self, account: Key) -> int:
        """Give the number of an account, which is opened when it is new."""
        number = self._numbers.get(account)
        return self._open(Account(*account)) if number is None else number

    def put_money_last(self, lines: list[tuple[int, int, int]]) -> None:
        """Order postings so that a proof can show all before money, of which it shows a seal."""
        lines.sort(key=lambda line: line[0] in self.moneys)

    def counter(
        self, site: str, material: str, currency: str, pays: bool
    ) -> tuple[int, int, int, int]:
        """Give the accounts a ticket posts to: stock, source, people and cash (0 if unpaid)."""
        key = (site, material, currency, pays)
        known = self._counters.get(key)
        if known is None:
            mass = [("mass", role, site, material, "") for role in ("stock", "source")]
            money = [("money", role, site, currency, "") for role in ("people", "cash")]
            numbers = [self.number(account) for account in (*mass, *money * pays)]
            known = self._counters[key] = (*numbers, *[0] * (4 - len(numbers)))
        return known

    def account(self, number: int) -> Account:
        """Give the account of a number."""
        return self._accounts[number]

    def make(
        self, number: int, grams_g: int, event_ms: int, source: str = "", verified: bool = False
    ) -> int:
        """Make a lot on an account of that number, and give the lot's own number."""
        self.last_lot = made = self.last_lot + 1
        row = (made, self.entry, number, grams_g, grams_g, event_ms, event_ms, source, +verified)
        self._lots[made] = held = Held(self._accounts[number], row, True)
        self.fresh.append(held)
        if number in self._queues:
            self._queues[number].append(held)
        return made

    def take(self, account: Key, grams_g: int, event_ms: int) -> list[tuple[Held, int]]:
        """Take grams from the oldest lots that were there at `event_ms`.

        Raises
        ------
        ConflictError
            There is not so much.
        """
        queue = self._queue(account)
        taken, need = [], grams_g
        while queue and not queue[0].left_g:
            held = queue.popleft()
            self._undo.append((held, held.left_g, held.since_ms, queue))
        for held in queue:
            if held.left_g and held.since_ms <= event_ms:
                part = min(need, held.left_g)
                taken.append((held, part))
                need -= part
                if not need:
                    break
        if need:
            ledger, _, site, material, _ = account
            unit = "g" if ledger == "mass" else "pieces"
            said = f"{site} holds {grams_g - need} {unit} of {material}, not {grams_g} {unit}"
            later = sum(h.left_g for h in queue if h.since_ms > event_ms)
            if later:
                said += f"; {later} {unit} came only after the moment told"
            raise ConflictError(f"{said}; take less, or record first what came in")
        for held, part in taken:
            self._draw(held, part)
        return taken

    def take_lot(self, lot: int, grams_g: int, event_ms: int) -> Held:
        """Take grams from one lot.

        Raises
        ------
        NotFoundError
            There is no such lot.
        ConflictError
            It has not so much, or was not yet there.
        """
        held = self.lot(lot)
        if held.since_ms > event_ms:
            raise ConflictError(f"lot {lot} was made after the moment told; check the time")
        if held.left_g < grams_g:
            unit = "g" if held.account.ledger == "mass" else "pieces"
            said = f"lot {lot} has {held.left_g} {unit} left, not {grams_g} {unit}"
            raise ConflictError(f"{said}; take less, or another lot")
        self._draw(held, grams_g)
        return held

    def give_back(self, held: Held, grams_g: int, event_ms: int) -> None:
        """Put grams back on a lot, usable from `event_ms` on."""
        self._remember(held)
        held.left_g += grams_g
        held.since_ms = max(held.since_ms, event_ms)
        queue = self._queues.get(held.number)
        if queue is not None and held not in queue:
            back = sorted([*queue, held], key=lambda h: h.id)
            queue.clear()
            queue.extend(back)

    def lot(self, lot: int) -> Held:
        """Find a lot.

        Raises
        ------
        NotFoundError
            There is no such lot.
        """
        held = self._lots.get(lot)
        if held is None:
            row = self._store.one(f"select {LOT} from lot where id = ?", (lot,))
            if row is None:
                raise NotFoundError(f"there is no lot {lot} in this book")
            held = self._lots[lot] = Held(self._accounts[row[2]], row, False)
        return held

    def balance(self, account: Key, event_ms: int) -> int:
        """Tell what was on a stock account at a moment, grams."""
        number = self._numbers.get(account)
        if number is None:
            return 0
        moments = {row[0]: row[4] for row in self.page.entries}
        later = self._store.one(
            "select coalesce(sum(p.quantity), 0) from entry e join posting p on p.entry = e.seq "
            "where e.site = ? and e.event_ms > ? and p.account = ?",
            (account[2], event_ms, number),
        )
        waiting = sum(
            quantity
            for seq, lines in self.page.postings
            if moments[seq] > event_ms
            for account, _, quantity in lines
            if account == number
        )
        return sum(held.left_g for held in self._queue(account)) - int(later[0]) - waiting

    def _queue(self, account: Key) -> deque[Held]:
        number = self._numbers.get(account)
        if number is None:
            return deque()
        queue = self._queues.get(number)
        if queue is None:
            rows = self._store.rows(
                f"select {LOT} from lot where account = ? and left_g > 0 order by id", (number,)
            )
            held = {row[0]: Held(self._accounts[number], row, False) for row in rows}
            # What we hold counts, even of a lot that is used up and not yet written.
            held |= {k: h for k, h in self._lots.items() if h.number == number}
            self._lots |= held
            queue = self._queues[number] = deque(held[k] for k in sorted(held))
        return queue

    def _draw(self, held: Held, grams_g: int) -> None:
        self._remember(held)
        held.left_g -= grams_g

    def _remember(self, held: Held) -> None:
        self._undo.append((held, held.left_g, held.since_ms, None))
        if not held.fresh:
            self.touched[held.id] = held

    def _open(self, account: Account) -> int:
        if not PLAIN.fullmatch("\n".join(account)):
            refuse(_faults_of_name(account))
        number = len(self._accounts) + 1
        self._know(number, account)
        self.opened.append((number, account))
        self._queues[number] = deque()
        return number

    def _know(self, number: int, account: Account) -> None:
        self._numbers[account] = number
        self._accounts[number] = account
        self.names[number] = quoted(account.name)
        if account.ledger == "money":
            self.moneys.add(number)
        elif account.ledger == "count":
            self.counts.add(number)


def _faults_of_name(account: Account):
    for part, said in zip(account._fields, account, strict=True):
        if not is_name(said) if said else part in ("role", "what"):
            mend = "use letters, digits, dots, dashes and single spaces"
            yield Issue(f"account {account.name!r}", f"{part} is {said!r}", mend)
