"""Telling the book once: a form that comes twice, or from two tablets, is one deed."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from ainalym.errors import ConflictError, NotFoundError
from ainalym.ledger import Book, entry
from ainalym.model.deed import Deed, read_deed
from ainalym.model.entry import Entry, Receipt, new_id
from ainalym.web.programme.held import post


def recorded(book: Book, name: str) -> Entry | None:
    """Find the entry of a name; None where there is none yet."""
    try:
        return entry(book, name)
    except NotFoundError:
        return None


def entry_here(book: Book, site: str, name: str, *kinds: str) -> Entry:
    """Find an entry of a site; another site's is not there.

    Raises
    ------
    NotFoundError
        There is none, it is of another site, or of none of these kinds.
    """
    found = entry(book, name)
    if found.site != site or found.kind not in kinds:
        raise NotFoundError(f"there is no entry {name} in this book")
    return found


def derived(name: str, part: str) -> str:
    """Name another deed of the same form, the same each time it comes."""
    return new_id(
        int(name.replace("-", "")[:12], 16), sha256(f"{name} {part}".encode()).digest()[:10]
    )


def tell(book: Book, deeds: Sequence[Deed]) -> list[Receipt]:
    """Post deeds together; those that are told already, but for the moment, are not told again.

    Raises
    ------
    InputError
        A deed names what is not of the programme, or tells an amount that cannot be.
    ConflictError
        The book has something else under one of the names, or is against it.
    """
    try:
        return post(book, [_as_told(book, deed) for deed in deeds])
    except ConflictError:
        # The other half of a double click may have come between.
        if all(recorded(book, deed.id) is None for deed in deeds):
            raise
        return post(book, [_as_told(book, deed) for deed in deeds])


def _as_told(book: Book, deed: Deed) -> Deed:
    """Give the deed as the book has it, where it says the same at another moment."""
    found = recorded(book, deed.id)
    if found is None:
        return deed
    if found.body.get("erased"):
        return replace(deed, event_ms=found.event_ms)
    before = read_deed(found.body, kept=True)
    if replace(deed, event_ms=before.event_ms) != before:
        mend = "a new deed needs a new id; a change needs a reversal"
        raise ConflictError(f"{deed.kind} {deed.id} is in the book with another body; {mend}")
    return before
