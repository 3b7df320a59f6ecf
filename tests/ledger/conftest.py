"""Books on both engines."""

import pytest

from ainalym.ledger import open_book
from tests.ledger import servers


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
    """A new book of each engine."""
    with open_book(where) as opened:
        yield opened
