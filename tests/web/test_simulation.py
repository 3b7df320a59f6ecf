"""A simulated programme keeps its book whatever the network and the machine do to it."""

import pytest

from ainalym.ledger import open_book, periods
from ainalym.web.simulation import simulate
from tests.ledger import servers


@pytest.fixture(params=["sqlite", "postgres"])
def database(request):
    """Nothing for SQLite files in the folder, or the address of an empty database."""
    if request.param == "sqlite":
        yield ""
        return
    with servers.schema(servers.wheel()) as address:
        yield address


def lived(folder, **said):
    ways = {"database": "", "days": 3, "seed": 5, "tickets": 8}
    return simulate(folder, **(ways | said))


def test_kills_and_losses_change_nothing_in_the_book(tmp_path, database):
    calm = lived(tmp_path / "calm", bad=False)
    rough = lived(tmp_path / "rough", kills=2, database=database)
    assert calm.faults == rough.faults == ()
    assert calm.network == {}
    assert rough.kills == 2 and rough.network["site away"]
    assert rough.stock_g == calm.stock_g
    assert (rough.tickets, rough.deeds) == (calm.tickets, calm.deeds)
    assert sum(grams for stock in calm.stock_g.values() for grams in stock.values()) > 100_000


def test_another_seed_is_another_life(tmp_path):
    one, other = (lived(tmp_path / str(k), days=1, seed=k, bad=False) for k in (1, 2))
    assert one.faults == other.faults == ()
    assert one.stock_g != other.stock_g


def test_what_is_lost_from_a_book_is_noticed(tmp_path, monkeypatch):
    from ainalym.web.simulation import days

    def but_one(book, **said):
        return [one for one in real(book, **said) if one.seq != 60]

    real = days.entries
    monkeypatch.setattr(days, "entries", but_one)
    spoilt = lived(tmp_path / "spoilt", days=1, bad=False)
    assert any("is not in the book" in fault for fault in spoilt.faults)


def test_a_month_that_ends_is_closed(tmp_path):
    outcome = lived(tmp_path / "month", days=31, tickets=2, bad=False)
    assert outcome.faults == ()
    with open_book(tmp_path / "month" / "book.sqlite", read_only=True) as book:
        assert periods(book)
