"""Start the site: its tables, its first people, and the server."""

import os
from collections.abc import Callable
from pathlib import Path

from ainalym.errors import ConflictError
from ainalym.ledger.files import open_private
from ainalym.web.settings import settle

THREADS = 16
"""Each answers one request at a time; all share the book's one writer."""

MOST_BYTES = 32 << 20
"""What the server reads at all; pages and forms take far less."""


def ready(
    data: Path, *, database: str, new_book: bool = False, city: str = "almaty", **ways: object
) -> None:
    """Settle the site in a folder, and bring its tables up to date.

    A site that was in use is not served on an empty book: whoever lost the book brings it back from
    a backup, or says that a new one begins.

    Parameters
    ----------
    data, database, ways
        As for `settle`.
    new_book
        Whether a site whose book is gone begins a new one.
    city
        Whose recipes the new book begins with.

    Raises
    ------
    ConflictError
        Another process serves this folder; the site was in use, and its book is gone; a new book is
        asked for, and there is one.
    InputError
        A new book is to begin with a city that has faults.
    OutsideError
        The database cannot be reached.
    """
    settle(data, database=database, **ways)
    from ainalym.web import begin
    from ainalym.web.book import the_book

    where = "" if database else str(data / "book.sqlite")
    lost = begin.is_book_lost(where)
    if lost and not new_book:
        raise ConflictError(_gone(where))
    recipes = begin.recipes_of(city) if new_book else {}
    book = the_book()
    begin.prepare()
    emptied = begin.is_book_emptied(book)
    if emptied and not (lost or new_book):
        raise ConflictError(_emptied(where))
    if new_book and begin.holds_entries(book):
        raise ConflictError("there is a book already, so none begins: leave --new-book off")
    if lost or emptied:
        begin.begin_book(book, recipes)
    begin.forget_sellers(book)


def _gone(where: str) -> str:
    """Say that a book is gone, and what brings it back."""
    named = f"its book {where}" if where else "the book in its database"
    return (
        f"this site was in use with a book, and {named} is gone: {_back(where)}, or say --new-book "
        "to begin an empty one"
    )


def _emptied(where: str) -> str:
    """Say that nothing is in the book of a site that was in use, and what brings it back."""
    first = f"move {where} aside and " if where else ""
    return (
        f"this site was in use, and nothing is in its book: {first}{_back(where)}, or say "
        "--new-book to go on with the empty one"
    )


def _back(where: str) -> str:
    aim = where or '"$DATABASE_URL"'
    return f"bring it back with `ainalym book restore BACKUP --book {aim}`"


def clock_fault() -> str:
    """Tell why nothing is recorded by this computer's clock; empty where it is believed."""
    from ainalym.ledger import clocks
    from ainalym.web.book import the_book

    return clocks(the_book()).fault


def is_new() -> bool:
    """Tell whether nobody has been let in yet; after `ready`."""
    from ainalym.web.begin import is_empty

    return is_empty()


def first_people(data: Path, *, demo: bool, city: str = "almaty") -> dict[str, str]:
    """Set the programme up and let the first people in, if there is nobody yet.

    Their passwords are also written to `first-passwords.txt` in the folder, for its owner's eyes.

    Parameters
    ----------
    data
        The folder.
    demo
        Whether to begin with the demo.
    city
        Else the city whose sites, materials and recipes the programme takes over.

    Returns
    -------
    dict
        Passwords by name; empty where people are there already.
    """
    from ainalym.web import begin
    from ainalym.web.book import the_book

    if not is_new():
        return {}
    passwords = begin.begin_demo(the_book()) if demo else begin.begin(the_book(), city)
    path = data / "first-passwords.txt"
    with os.fdopen(open_private(path, os.O_TRUNC), "w", encoding="utf-8") as file:
        file.writelines(f"{name}\t{password}\n" for name, password in passwords.items())
    return passwords


def application() -> Callable:
    """Give the site as a WSGI application; `ready` has to be called before."""
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


def run(*, host: str, port: int, behind_proxy: bool, opened: Callable[[], None]) -> None:
    """Serve until somebody ends it; one process with many threads.

    Parameters
    ----------
    host, port
        Where to listen.
    behind_proxy
        A proxy on this computer speaks https with people and says who asks.
    opened
        Called when people can come.
    """
    from waitress.server import create_server

    from ainalym.web.book import close_book

    proxy = {}
    if behind_proxy:
        proxy = {
            "trusted_proxy": "127.0.0.1",
            "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"},
        }
    try:
        server = create_server(
            application(),
            host=host,
            port=port,
            threads=THREADS,
            ident=None,
            max_request_body_size=MOST_BYTES,
            clear_untrusted_proxy_headers=True,
            **proxy,
        )
        opened()
        server.run()
    finally:
        close_book()
