"""Deeds about entries that are there already: taken back, erased, closed for good, taken over.

An entry is looked for in the database and in what the writer has decided but not yet written.
"""

from typing import NamedTuple

from ainalym.errors import ConflictError, NotFoundError
from ainalym.ledger import chain
from ainalym.ledger.ids import raw_of
from ainalym.ledger.laws import FINAL, NEEDED, Draft
from ainalym.ledger.periods import sealed
from ainalym.ledger.shelf import AT, Page, Shelf
from ainalym.ledger.store import Store
from ainalym.model.deed import Close, Erasure, Reversal, Upgrade


class Closed(NamedTuple):
    """A closed period; of all sites where `site` is empty."""

    site: str
    from_ms: int
    to_ms: int


class Found(NamedTuple):
    """An entry that another deed tells of."""

    seq: int
    kind: str
    site: str
    event_ms: int


def find(deed_id: str, store: Store, page: Page) -> Found:
    """Find an entry by the id of its deed.

    Raises
    ------
    NotFoundError
        There is none.
    """
    raw = raw_of(deed_id)
    for row in page.entries:
        if row[AT["id"]] == raw:
            return Found(*[row[AT[name]] for name in Found._fields])
    row = store.one("select seq, kind, site, event_ms from entry where id = ?", (raw,))
    if row is None:
        raise NotFoundError(f"there is no entry {deed_id} in this book")
    return Found(*row)


def take_back(deed: Reversal, store: Store, shelf: Shelf) -> tuple[int, Draft]:
    """Take an entry back whole: every posting and draw once more with the other sign.

    Returns
    -------
    tuple
        The entry's place in the chain, and the draft.

    Raises
    ------
    ConflictError
        It is final, of another site, later, taken back already, or what it made is in use.
    """
    seq, kind, site, event_ms = find(deed.reverses, store, shelf.page)
    if kind in FINAL:
        said = {"rule": "post a later rule", "close": "it is closed for good"}
        mend = said.get(kind, "tell anew what happened")
        raise ConflictError(f"a {kind} cannot be reversed; {mend}")
    if site != deed.site or deed.event_ms < event_ms:
        said = f"entry {deed.reverses} happened at {site}, at {event_ms}"
        raise ConflictError(f"{said}; reverse it there, and not before")
    if _is_reversed(seq, store, shelf.page):
        raise ConflictError(f"entry {deed.reverses} is reversed already")
    lines, draws = [], []
    for number, lot, quantity in _rows("posting", seq, store, shelf.page):
        lines.append((number, lot, -quantity))
        if not lot:
            continue
        held = shelf.lot(lot)
        if held.entry != seq:
            shelf.give_back(held, -quantity, deed.event_ms)
        elif held.left_g == held.made_g:
            shelf.take_lot(lot, quantity, deed.event_ms)
        else:
            used = held.made_g - held.left_g
            said = f"lot {lot} of entry {deed.reverses} is in use: {used} g went on"
            raise ConflictError(f"{said}; reverse first what used it")
    for child, parent, grams in _rows("draw", seq, store, shelf.page):
        draws.append((child, parent, -grams))
    # Entries of version 1 may have money between.
    shelf.put_money_last(lines)
    return seq, Draft(lines, draws, {})


def erase(deed: Erasure, store: Store, shelf: Shelf) -> Draft:
    """Erase the private part of an earlier entry, in the same commit.

    Raises
    ------
    ConflictError
        It is of another site, not written yet, erased already, of version 1, or needed by the book.
    """
    seq, kind, site, _ = find(deed.erases, store, shelf.page)
    if site != deed.site:
        raise ConflictError(f"entry {deed.erases} happened at {site}; erase it there")
    row = store.one("select body, salt from entry where seq = ?", (seq,))
    if row is None:
        raise ConflictError("what is not written yet cannot be erased; post it first")
    body, salt = row
    if chain.is_erased(body) or any(row[-1] == seq for row in shelf.page.erased):
        raise ConflictError(f"the private part of entry {deed.erases} is erased already")
    if salt is None:
        said = f"entry {deed.erases} is of version 1, where the whole entry is hashed"
        raise ConflictError(f"{said}; its private part cannot be erased")
    if kind in NEEDED or chain.told(body).get("claimed_ppm") is not None:
        said = f"the book goes by what this {kind} says"
        raise ConflictError(f"entry {deed.erases} cannot be erased: {said}")
    seal = chain.seal_told(bytes(salt), body).hex()
    shelf.page.erased.append((seal, bytes(salt)[: chain.HALF], seq))
    return Draft([], [], {"erases": seq})


def take_over(deed: Upgrade, store: Store, place: tuple[int, bytes]) -> Draft:
    """Seal all entries of the version before, which have no salt.

    Parameters
    ----------
    place
        Number and hash of the last entry.

    Raises
    ------
    ConflictError
        The deed tells of another place, or an entry of this version is there.
    """
    if (deed.entries, deed.head) != (place[0], place[1].hex()) or store.one(
        "select 1 from entry where salt is not null limit 1"
    ):
        raise ConflictError("a book is taken over once, by `ainalym book upgrade`")
    hashes = store.rows("select hash from entry order by seq")
    return Draft([], [], {"root": chain.root([bytes(one) for (one,) in hashes]).hex()})


def close(deed: Close, store: Store, shelf: Shelf, periods: list[Closed]) -> Draft:
    """Close a period: nothing more happens in it, and its root seals what did.

    All sites may be closed after some of them were; not the other way round.

    Parameters
    ----------
    periods
        Those that are closed; this one joins them.

    Raises
    ------
    ConflictError
        A part of it is closed already.
    """
    site = "" if deed.site == "*" else deed.site
    for period in periods:
        if (
            period.site in ("", site)
            and period.from_ms < deed.to_ms
            and deed.from_ms < period.to_ms
        ):
            said = f"a part of it is closed already at {period.site or 'all sites'}"
            raise ConflictError(f"the period cannot be closed: {said}; begin after it")
    hashes = store.rows(*sealed(deed.site, deed.from_ms, deed.to_ms))
    hashes += [
        (row[AT["hash"]],)
        for row in shelf.page.entries
        if deed.from_ms <= row[AT["event_ms"]] < deed.to_ms and deed.site in (row[AT["site"]], "*")
    ]
    root = chain.root([bytes(one) for (one,) in hashes])
    row = (shelf.entry, site, deed.from_ms, deed.to_ms, len(hashes), root)
    shelf.page.periods.append(row)
    periods.append(Closed(site, deed.from_ms, deed.to_ms))
    return Draft([], [], {"root": root.hex()})


def _is_reversed(seq: int, store: Store, page: Page) -> bool:
    if any(row[AT["reverses"]] == seq for row in page.entries):
        return True
    return store.one("select 1 from entry where reverses = ?", (seq,)) is not None


def _rows(table: str, seq: int, store: Store, page: Page) -> list[tuple[int, int, int]]:
    for at, waiting in page.postings if table == "posting" else page.draws:
        if at == seq:
            return waiting
    columns = "account, coalesce(lot, 0), quantity"
    if table == "draw":
        columns = "coalesce(child, 0), parent, grams"
    return store.rows(f"select {columns} from {table} where entry = ? order by n", (seq,))
