"""The demo programme on a PostgreSQL server, in the process that has the site settled on SQLite."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.ledger import servers


@contextmanager
def demo_on_postgres(folder: Path) -> Iterator[str]:
    """Put the demo into a schema of its own; gives its address."""
    from ainalym.web.begin import prepare
    from ainalym.web.book import the_book
    from ainalym.web.serve import first_people

    with servers.schema(servers.wheel()) as address:
        with standing_on(address):
            the_book()
            prepare()
            first_people(folder, demo=True)
        yield address


@contextmanager
def standing_on(address: str) -> Iterator[None]:
    """Let the settled site stand on a PostgreSQL database until the end of the block."""
    from django.conf import settings
    from django.db import connections

    from ainalym.web.settings import _postgres

    before, book = connections.databases["default"], settings.BOOK
    _let_go()
    connections.databases["default"] = before | _postgres(address)
    settings.BOOK = address
    try:
        yield
    finally:
        _let_go()
        connections.databases["default"], settings.BOOK = before, book


def _let_go() -> None:
    from django.db import connections

    from ainalym.web.book import close_book

    close_book()
    connections.close_all()
    with suppress(AttributeError):
        del connections["default"]
