"""Rows: what a commit has decided becomes rows of the database."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from ainalym.ledger.shelf import ENTRY, LOT, Shelf, owes, row_of
from ainalym.ledger.store import Store

ERASE = (
    "update entry set actor = '', series = null, number = null, body = ?, salt = ? where seq = ?"
)


def write(store: Store, shelf: Shelf, seq: int, recorded_ms: int, hashed: bytes) -> None:
    """Put all that is new on a shelf into the database, in the transaction that is held.

    Parameters
    ----------
    store
        The connection that writes.
    shelf
        What is new; it hears that it is written.
    seq, recorded_ms, hashed
        The new head of the chain.
    """
    page, last = shelf.page, shelf.last_lot
    if not page.entries:
        return
    accounts = [(number, *account, int(owes(account))) for number, account in shelf.opened]
    store.append("account", "id, ledger, role, site, what, party, owes", accounts)
    store.append("entry", ENTRY, page.entries)
    store.append("lot", LOT, map(row_of, shelf.fresh))
    moved: dict[int, int] = defaultdict(int)
    lines = _lines(page.postings, moved)
    store.append("posting", "entry, n, account, lot, quantity", lines)
    draws = (
        (entry, n, child or None, parent, grams)
        for entry, drawn in page.draws
        for n, (child, parent, grams) in enumerate(drawn)
    )
    if page.draws:
        store.append("draw", "entry, n, child, parent, grams", draws)
    store.append("period", "entry, site, from_ms, to_ms, entries, root", page.periods)
    store.append("alias", "alias, entry", page.aliases)
    if page.erased:
        store.run_each(ERASE, page.erased)
        gone = [(entry,) for _, _, entry in page.erased]
        store.run_each("delete from alias where entry = ?", gone)
    store.change("account", "balance", _by_key(moved), add=True)
    touched = {k: (h.left_g, h.since_ms) for k, h in sorted(shelf.touched.items())}
    store.change("lot", "left_g, since_ms", [(*v, k) for k, v in touched.items()])
    store.run(
        "update head set seq = ?, lots = ?, recorded_ms = ?, hash = ?",
        (seq, last, recorded_ms, hashed),
    )
    shelf.written()


def _lines(postings: Sequence[tuple[int, list]], moved: dict[int, int]) -> list[tuple]:
    """List the rows of table `posting`, and add up what they move on each account."""
    rows = []
    for seq, lines in postings:
        for n, (account, lot, quantity) in enumerate(lines):
            moved[account] += quantity
            rows.append((seq, n, account, lot or None, quantity))
    return rows


def _by_key(moved: Mapping[int, int]) -> list[tuple[int, int]]:
    return [(moved[key], key) for key in sorted(moved)]
