"""Names that other programs gave to what is in the book."""

from dataclasses import replace

from ainalym.errors import NotFoundError
from ainalym.ledger.ask import entry, knows
from ainalym.ledger.book import Book
from ainalym.ledger.schema import has
from ainalym.model.deed import Deed
from ainalym.model.entry import Entry


def aliased(book: Book, alias: str) -> Entry:
    """Find the entry that another program gave a name.

    Raises
    ------
    NotFoundError
        None has it.
    """
    with book.reading() as store:
        known = has(store, "alias")
        row = known and store.one("select entry from alias where alias = ?", (alias,))
    if not row:
        raise NotFoundError(f"there is no entry {alias} in this book")
    return entry(book, row[0])


def as_first_told(book: Book, deed: Deed) -> Deed:
    """Give a deed the spelling in which the book has it already.

    Its name in another letter case and its moment in another offset say the same; telling it so
    again records nothing, and is no conflict.
    """
    if not knows(book, deed.id):
        return deed
    body = entry(book, deed.id).body
    return replace(deed, alias=body.get("alias", ""), offset=body.get("offset", ""))
