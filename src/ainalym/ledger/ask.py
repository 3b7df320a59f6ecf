"""Questions to the book: what lies where and what happened, as of a moment, as known at one."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ainalym.errors import ConflictError, NotFoundError
from ainalym.ledger import chain
from ainalym.ledger.book import Book
from ainalym.ledger.clock import Clocks
from ainalym.ledger.ids import text_of_id
from ainalym.ledger.remains import remains
from ainalym.ledger.store import Store
from ainalym.model.entry import Account, Draw, Entry, Lot, Period, Posting, now_ms

ACCOUNT = "a.ledger, a.role, a.site, a.what, a.party"
LOCAL = ("stock", "source", "loss", "lost", "sold", "count", "cash", "people", "fund")
"""Roles of accounts that only entries of their own site move; found by an index."""

LOTS = (
    f"select l.id, l.entry, {ACCOUNT}, l.made_g, l.left_g, l.event_ms, l.source, l.verified "
    "from lot l join account a on a.id = l.account"
)


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


def lots(book: Book, *, site: str = "", material: str = "", to: str = "") -> list[Lot]:
    """List lots that are not used up, oldest first.

    Parameters
    ----------
    site, material
        Of what lies there; empty for all.
    to
        Lots under way to that site instead of those in stock.
    """
    wanted = {"a.site": site, "a.what": material, "a.party": to}
    where = "".join(f" and {name} = ?" for name, value in wanted.items() if value)
    values = [value for value in wanted.values() if value]
    role = "transit" if to else "stock"
    with book.reading() as store:
        rows = store.rows(
            f"{LOTS} where l.left_g > 0 and a.role = '{role}'{where} order by l.id", values
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
    raw = bytes.fromhex(deed_id.replace("-", ""))
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
            value = bytes.fromhex(str(name).replace("-", ""))
        except ValueError:
            value = b""
    with book.reading() as store:
        found = [*_entries(store, f"where e.{column} = ?", (value,))]
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
        found = [*_entries(store, "where e.series = ? and e.number = ?", (series, number))]
    if not found:
        raise NotFoundError(f"there is no slip {series}-{number} in this book")
    return found[0]


def entries(
    book: Book,
    *,
    site: str = "",
    kind: str = "",
    actor: str = "",
    from_ms: int | None = None,
    to_ms: int | None = None,
    after: int = 0,
    before: int | None = None,
    most: int = 100,
    newest_first: bool = False,
) -> list[Entry]:
    """List entries in the order of the chain.

    Parameters
    ----------
    site, kind, actor
        Only of that; empty for all.
    from_ms, to_ms
        Only what happened from one moment to before another.
    after, before
        Only numbers above one and below another: for the next page.
    most
        So many at most.
    newest_first
        Whether the last come first.
    """
    asked = [
        ("e.site = ?", site or None),
        ("e.kind = ?", kind or None),
        ("e.actor = ?", actor or None),
        ("e.event_ms >= ?", from_ms),
        ("e.event_ms < ?", to_ms),
        ("e.seq > ?", after or None),
        ("e.seq < ?", before),
    ]
    said = [condition for condition, value in asked if value is not None]
    where = f"where {' and '.join(said)}" if said else ""
    order = "desc" if newest_first else "asc"
    values = [value for _, value in asked if value is not None]
    with book.reading() as store:
        return [*_entries(store, f"{where} order by e.seq {order} limit {int(most)}", values)]


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
                "order by seq",
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


def _entries(store: Store, where: str, values: list | tuple) -> Iterator[Entry]:
    rows = store.rows(
        "select e.seq, e.id, e.kind, e.site, e.event_ms, e.recorded_ms, e.actor, e.reverses, "
        "(select r.seq from entry r where r.reverses = e.seq), e.corrects, e.body, e.hash, e.noted "
        f"from entry e {where}",
        values,
    )
    for seq, raw, *fields, body, hashed, noted in rows:
        postings = store.rows(
            f"select {ACCOUNT}, p.lot, p.quantity from posting p join account a on "
            "a.id = p.account where p.entry = ? order by p.n",
            (seq,),
        )
        draws = store.rows(
            "select child, parent, grams from draw where entry = ? order by n", (seq,)
        )
        lines = tuple(Posting(Account(*row[:5]), row[5], row[6]) for row in postings)
        drawn = tuple(Draw(*row) for row in draws)
        told = chain.told(body) or remains(fields[0], chain.read_noted(noted), lines, drawn)
        yield Entry(seq, text_of_id(raw), *fields, told, lines, drawn, bytes(hashed).hex())


class Seen(NamedTuple):
    """The clocks of a book, milliseconds since 1970 UTC.

    Attributes
    ----------
    computer_ms, last_ms, server_ms
        This computer's, the last entry's (0 where there is none), the database server's if any.
    fault
        Why nothing is recorded by this clock; empty where it is believed.
    """

    computer_ms: int
    last_ms: int
    server_ms: int | None
    fault: str


def clocks(book: Book, *, clock: Callable[[], int] = now_ms) -> Seen:
    """Look at the clocks of a book.

    Parameters
    ----------
    clock
        This computer's.
    """
    with book.reading() as store:
        last_ms, there = store.one("select recorded_ms from head")[0], store.server_ms()
        held = Clocks(store, clock)
        try:
            held.look()
            held.read(last_ms)
        except ConflictError as error:
            return Seen(clock(), last_ms, there, str(error))
        return Seen(clock(), last_ms, there, "")
