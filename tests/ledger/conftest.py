"""Books on both engines."""

from contextlib import closing

import pytest

from ainalym.ledger import open_book, restore, verify
from ainalym.ledger.store import connect
from tests.ledger import every, servers
from tests.ledger.tell import NOW_MS


@pytest.fixture(params=["sqlite", "postgres"])
def where(request, tmp_path):
    """Where a new book of each engine is."""
    if request.param == "sqlite":
        yield tmp_path / "book.sqlite"
        return
    with servers.schema(servers.wheel()) as address:
        yield address


@pytest.fixture
def book(where, request):
    """A new book of each engine, on the tests' clock; verified when the test is over."""
    with open_book(where, clock=lambda: NOW_MS) as opened:
        yield opened
        _verify(opened, request)


@pytest.fixture
def quick(tmp_path, request):
    """A new book on SQLite, where the engine makes no difference; verified in the end as well."""
    with open_book(tmp_path / "book.sqlite", clock=lambda: NOW_MS) as opened:
        yield opened
        _verify(opened, request)


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A file with every kind of deed; copied before it is changed."""
    return every.make(tmp_path_factory.mktemp("made") / "book.sqlite")


@pytest.fixture(scope="module")
def server(made):
    """The same book on PostgreSQL, and a connection to it; what is changed there is undone."""
    with servers.schema(servers.wheel()) as address:
        restore(made, address)
        with closing(connect(address)) as store:
            yield store


def _verify(book, request):
    """Ask that a book is whole, whatever the test told it; and is not where the test tampered."""
    faults = verify(book).faults
    assert bool(faults) == bool(request.node.get_closest_marker("tampers")), faults
