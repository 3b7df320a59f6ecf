"""Questions to the book: what lies where and what happened, as of a moment, as known at one."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ainalym.errors import NotFoundError, OutsideError
from ainalym.ledger import chain
from ainalym.ledger.book import Book
from ainalym.ledger.clock import Clocks
from ainalym.ledger.fold import ROLE
from ainalym.ledger.ids import raw_of, text_of_id
from ainalym.ledger.remains import remains
from ainalym.ledger.store import Store
from ainalym.ledger.sums import moved
from ainalym.model.entry import Account, Draw, Entry, Lot, Period, Posting, now_ms

ACCOUNT = "a.ledger, a.role, a.site, a.what, a.party"
LOCAL = ("stock", "source", "loss", "lost", "sold", "count", "cash", "people", "fund")
"""Roles of accounts that only entries of their own site move; found by an index."""

LOT = f"l.id, l.entry, {ACCOUNT}, l.made_g, l.left_g, l.event_ms, l.source, l.verified"
LOTS = f"select {LOT} from lot l join account a on a.id = l.account"


def balances(
    book: Book,
    *,
    ledger: str = "",
    role: str = "",
    site: str = "",
    what: str = "",
    as_of_ms: int | None = None,
    as_known_ms: int | None = None,
) -> dict[Account, int]:
    """Tell what is on accounts: grams, pieces or minor units; empty ones are left out.

    Parameters
    ----------
    ledger, role, site, what
        Only accounts of that; empty for all.
    as_of_ms
        What was so at that moment, with all that is known of it now; now if None.
    as_known_ms
        What was known at that moment; now if None.
    """
    wanted = {"ledger": ledger, "role": role, "site": site, "what": what}
    if (ledger, role) == ("mass", ROLE) and as_of_ms is not None and as_known_ms is None:
        return _as_of(book, wanted, as_of_ms)
    where = " and ".join(f"a.{name} = ?" for name, value in wanted.items() if value) or "1 = 1"
    values = [value for value in wanted.values() if value]
    if as_of_ms is None and as_known_ms is None:
        sql = f"select {ACCOUNT}, a.balance from account a where {where} and a.balance <> 0"
    else:
        for column, at in (("event_ms", as_of_ms), ("recorded_ms", as_known_ms)):
            if at is not None:
                where += f" and e.{column} <= ?"
                values.append(at)
        if site and role in LOCAL:
            where += " and e.site = ?"
            values.append(site)
        sql = (
            f"select {ACCOUNT}, sum(p.quantity) from entry e join posting p on p.entry = e.seq "
            f"join account a on a.id = p.account where {where} "
            f"group by {ACCOUNT} having sum(p.quantity) <> 0"
        )
    with book.reading() as store:
        rows = store.rows(f"{sql} order by {ACCOUNT}", values)
    return {Account(*key): int(amount) for *key, amount in rows}


def _as_of(book: Book, wanted: dict[str, str], at_ms: int) -> dict[Account, int]:
    """Take from what is on accounts what happened to them since a moment."""
    where = " and ".join(f"a.{name} = ?" for name, value in wanted.items() if value)
    with book.reading() as store:
        rows = moved(book, site=wanted["site"], what=wanted["what"], from_ms=at_ms + 1)
        since = {(site, what): grams for site, what, grams in rows}
        kept = store.rows(
            f"select {ACCOUNT}, a.balance from account a where {where} order by {ACCOUNT}",
            [value for value in wanted.values() if value],
        )
    found = {Account(*key): grams - since.get((*key[2:4],), 0) for *key, grams in kept}
    return {account: grams for account, grams in found.items() if grams}


def stock(
    book: Book, site: str, *, as_of_ms: int | None = None, as_known_ms: int | None = None
) -> dict[str, int]:
    """Tell what lies at a site, in grams by material.

    Parameters
    ----------
    site
        Its id.
    as_of_ms, as_known_ms
        As for `balances`.
    """
    return _lying(book, "mass", site, as_of_ms, as_known_ms)


def pieces(
    book: Book, site: str, *, as_of_ms: int | None = None, as_known_ms: int | None = None
) -> dict[str, int]:
    """Tell how many pieces lie at a site, by product.

    Parameters
    ----------
    site
        Its id.
    as_of_ms, as_known_ms
        As for `balances`.
    """
    return _lying(book, "count", site, as_of_ms, as_known_ms)


def _lying(
    book: Book, ledger: str, site: str, as_of_ms: int | None, as_known_ms: int | None
) -> dict[str, int]:
    at = {"as_of_ms": as_of_ms, "as_known_ms": as_known_ms}
    found = balances(book, ledger=ledger, role="stock", site=site, **at)
    return {account.what: quantity for account, quantity in found.items()}


def lots(
    book: Book,
    *,
    site: str = "",
    material: str = "",
    to: str = "",
    ledger: str = "mass",
    after: int = 0,
    most: int | None = None,
) -> list[Lot]:
    """List lots that are not used up, oldest first.

    Parameters
    ----------
    site, material
        Of what lies there; empty for all.
    to
        Lots under way to that site instead of those in stock.
    ledger
        `mass` for lots in grams, `count` for lots in pieces.
    after, most
        Only numbers above one, and so many at most: for the next page.
    """
    wanted = {"a.site": site, "a.what": material, "a.party": to}
    where = "".join(f" and {name} = ?" for name, value in wanted.items() if value)
    values = [value for value in wanted.values() if value]
    role, limit = "transit" if to else "stock", "" if most is None else f" limit {int(most)}"
    with book.reading() as store:
        # Accounts are few, and an index finds the open lots of each: a plus and a cross join keep
        # SQLite from going through all lots instead.
        rows = store.rows(
            f"select {LOT} from account a cross join lot l where a.ledger = ? "
            f"and a.role = '{role}'{where} and l.account = a.id and l.left_g > 0 and l.id > ? "
            f"order by +l.id{limit}",
            [ledger, *values, after],
        )
    return [_lot(row) for row in rows]


def lot(book: Book, number: int) -> Lot:
    """Find one lot.

    Raises
    ------
    NotFoundError
        There is none of that number.
    """
    with book.reading() as store:
        row = store.one(f"{LOTS} where l.id = ?", (number,))
    if row is None:
        raise NotFoundError(f"there is no lot {number} in this book")
    return _lot(row)


def knows(book: Book, deed_id: str) -> bool:
    """Tell whether a deed of that id is in the book."""
    raw = raw_of(deed_id)
    with book.reading() as store:
        return store.one("select 1 from entry where id = ?", (raw,)) is not None


def entry(book: Book, name: str | int) -> Entry:
    """Find one entry by its id or by its number in the chain.

    Raises
    ------
    NotFoundError
        There is none.
    """
    column = "seq" if isinstance(name, int) else "id"
    value: object = name
    if column == "id":
        try:
            value = raw_of(str(name))
        except ValueError:
            value = b""
    with book.reading() as store:
        found = _entries(store, f"where e.{column} = ?", (value,))
    if not found:
        raise NotFoundError(f"there is no entry {name} in this book")
    return found[0]


def slip(book: Book, series: str, number: int) -> Entry:
    """Find the ticket whose slip has a number.

    Raises
    ------
    NotFoundError
        There is none.
    """
    with book.reading() as store:
        found = _entries(store, "where e.series = ? and e.number = ?", (series, number))
    if not found:
        raise NotFoundError(f"there is no slip {series}-{number} in this book")
    return found[0]


def entries(
    book: Book,
    *,
    site: str = "",
    kind: str | Sequence[str] = "",
    actor: str = "",
    from_ms: int | None = None,
    to_ms: int | None = None,
    as_known_ms: int | None = None,
    after: int = 0,
    before: int | None = None,
    most: int = 100,
    newest_first: bool = False,
) -> list[Entry]:
    """List entries in the order of the chain.

    Parameters
    ----------
    site, kind, actor
        Only of that; empty for all. Of several kinds if a list is given.
    from_ms, to_ms
        Only what happened from one moment to before another.
    as_known_ms
        Only what was recorded by that moment, and taken back by none but such; all if None.
        Where a clock was set back, what was recorded before a moment may stand after what was
        not, so each entry is looked at: a million to pass over take 0.3 s.
    after, before
        Only numbers above one and below another: for the next page.
    most
        So many at most.
    newest_first
        Whether the last come first.
    """
    kinds = [kind] if isinstance(kind, str) and kind else [*kind]
    asked = [
        ("e.site = ?", site or None),
        ("e.actor = ?", actor or None),
        ("e.event_ms >= ?", from_ms),
        ("e.event_ms < ?", to_ms),
        ("e.recorded_ms <= ?", as_known_ms),
        ("e.seq > ?", after or None),
        ("e.seq < ?", before),
    ]
    said = [condition for condition, value in asked if value is not None]
    if kinds:
        said.append(f"e.kind in ({', '.join('?' * len(kinds))})")
    if kinds and "ticket" not in kinds:
        # What an index of everything but tickets is found by.
        said.append("e.kind <> 'ticket'")
    where = f"where {' and '.join(said)}" if said else ""
    order = f"order by e.seq {'desc' if newest_first else 'asc'}"
    values = [value for _, value in asked if value is not None] + kinds
    # Numbers alone are found and put in order in an index; only then are entries read.
    found = f"select e.seq from entry e {where} {order} limit {int(most)}"
    with book.reading() as store:
        where = f"where e.seq in ({found}) {order}"
        return _entries(store, where, values, as_known_ms=as_known_ms)


def rules(book: Book, about: str = "", *, as_of_ms: int | None = None) -> dict[str, dict]:
    """Give the terms of the rules in force, by name.

    Parameters
    ----------
    about
        `scale`, `process`, `custody` or `tolerance`.
    as_of_ms
        At that moment; now if None.
    """
    known: dict[str, tuple[tuple[int, int], dict]] = {}
    for event_ms, seq, told in _rules_told(book):
        if told["about"] != about or (as_of_ms is not None and event_ms > as_of_ms):
            continue
        if told["name"] not in known or known[told["name"]][0] < (event_ms, seq):
            known[told["name"]] = ((event_ms, seq), told["terms"])
    return {name: terms for name, (_, terms) in sorted(known.items())}


def _rules_told(book: Book) -> list[tuple[int, int, dict]]:
    """List every rule that was ever told; what was read before is not read again."""
    with book.reading() as store:
        last = store.one("select seq from head")[0]
        upto, told = book.rules_seen
        if upto < last:
            rows = store.rows(
                "select event_ms, seq, body from entry where seq > ? and kind = 'rule' "
                "and kind <> 'ticket' order by seq",
                (upto,),
            )
            told = [*told, *((event_ms, seq, chain.told(body)) for event_ms, seq, body in rows)]
            book.rules_seen = last, told
    return told


def periods(book: Book) -> list[Period]:
    """List the closed periods in the order they were closed."""
    with book.reading() as store:
        rows = store.rows(
            "select entry, site, from_ms, to_ms, entries, root from period order by entry"
        )
    return [Period(row[0], row[1] or "*", *row[2:5], bytes(row[5]).hex()) for row in rows]


def _lot(row: tuple) -> Lot:
    return Lot(row[0], row[1], Account(*row[2:7]), *row[7:11], bool(row[11]))


def _entries(
    store: Store, where: str, values: list | tuple, *, as_known_ms: int | None = None
) -> list[Entry]:
    """Read entries whole, by as many statements for many as for one."""
    known = "" if as_known_ms is None else " and r.recorded_ms <= ?"
    rows = store.rows(
        "select e.seq, e.id, e.kind, e.site, e.event_ms, e.recorded_ms, e.actor, e.reverses, "
        f"(select r.seq from entry r where r.reverses = e.seq{known}), "
        f"e.corrects, e.body, e.hash, e.noted from entry e {where}",
        [*([as_known_ms] if known else []), *values],
    )
    if not rows:
        return []
    said, numbers = store.among("p.entry", [row[0] for row in rows])
    postings: dict[int, list[Posting]] = defaultdict(list)
    for seq, *account, lot_id, quantity in store.rows(
        f"select p.entry, {ACCOUNT}, p.lot, p.quantity from posting p join account a on "
        f"a.id = p.account where {said} order by p.entry, p.n",
        numbers,
    ):
        postings[seq].append(Posting(Account(*account), lot_id, quantity))
    draws: dict[int, list[Draw]] = defaultdict(list)
    for seq, *draw in store.rows(
        f"select p.entry, p.child, p.parent, p.grams from draw p where {said} "
        "order by p.entry, p.n",
        numbers,
    ):
        draws[seq].append(Draw(*draw))
    return [_entry(row, tuple(postings[row[0]]), tuple(draws[row[0]])) for row in rows]


def _entry(row: tuple, postings: tuple[Posting, ...], draws: tuple[Draw, ...]) -> Entry:
    """Make an entry; of one whose private part was erased, what its postings tell."""
    seq, raw, *fields, body, hashed, noted = row
    told = chain.told(body) or remains(fields[0], chain.read_noted(noted), postings, draws)
    return Entry(seq, text_of_id(raw), *fields, told, postings, draws, bytes(hashed).hex())


class Seen(NamedTuple):
    """The clocks of a book, milliseconds since 1970 UTC.

    Attributes
    ----------
    computer_ms, last_ms, server_ms
        This computer's, the last entry's (0 where there is none), the database server's if any.
    fault
        Why nothing is recorded by this clock; empty where it is believed.
    apart
        Whether that is because the server's clock says otherwise: one of both has to be set, and
        nobody can say that this one is right.
    """

    computer_ms: int
    last_ms: int
    server_ms: int | None
    fault: str
    apart: bool = False


def clocks(book: Book, *, clock: Callable[[], int] = now_ms) -> Seen:
    """Look at the clocks of a book.

    Parameters
    ----------
    clock
        This computer's.
    """
    with book.reading() as store:
        last_ms, there = store.one("select recorded_ms from head")[0], store.server_ms()
        held, apart = Clocks(store, clock), True
        try:
            held.look()
            apart = False
            held.read(last_ms)
        except OutsideError as error:
            return Seen(clock(), last_ms, there, str(error), apart)
        return Seen(clock(), last_ms, there, "")
