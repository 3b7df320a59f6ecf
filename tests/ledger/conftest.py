"""Books on both engines."""

import pytest

from ainalym.ledger import open_book
from tests.ledger import servers
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
def book(where):
    """A new book of each engine, on the tests' clock."""
    with open_book(where, clock=lambda: NOW_MS) as opened:
        yield opened


@pytest.fixture
def quick(tmp_path):
    """A new book on SQLite, where the engine makes no difference."""
    with open_book(tmp_path / "book.sqlite", clock=lambda: NOW_MS) as opened:
        yield opened
