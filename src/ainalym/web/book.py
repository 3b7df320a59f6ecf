"""The one ledger of the programme, open while the site runs."""

import threading

from django.conf import settings

from ainalym.ledger import Book, open_book

_turn = threading.Lock()
_open: dict[str, Book] = {}


def the_book() -> Book:
    """Give the programme's book; it is opened at the first call and made if there is none.

    Raises
    ------
    ConflictError
        Another process writes to it.
    OutsideError
        It cannot be reached.
    """
    where = settings.BOOK
    with _turn:
        if where not in _open:
            _open[where] = open_book(where)
            # What was imported meanwhile is summed up before somebody asks.
            _open[where].fold()
        return _open[where]


def close_book() -> None:
    """Let what waits be written, and close the book."""
    with _turn:
        while _open:
            _open.popitem()[1].close()
