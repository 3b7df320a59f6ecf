"""A backup is one state of the book, taken while others write, and comes back whole."""

import threading

import pytest

from ainalym.errors import ConflictError, OutsideError
from ainalym.ledger import backup, balances, open_book, post, restore, stock, verify
from tests.ledger import servers, tell
from tests.ledger.towns import Town


@pytest.fixture
def busy(where):
    """A book that somebody writes to all the time."""
    with open_book(where, clock=lambda: tell.NOW_MS) as book:
        Town(book.post, points=6, stations=2, tickets=60).live(2)
        begun, stop = threading.Event(), threading.Event()

        def write():
            while not stop.is_set():
                book.post([tell.ticket(1_000, f"B{k}") for k in range(20)])
                begun.set()

        writer = threading.Thread(target=write)
        writer.start()
        assert begun.wait(30)
        yield book
        stop.set()
        writer.join()


def test_a_backup_taken_while_others_write_is_one_state_and_comes_back(busy, tmp_path):
    shares = []
    verdict = backup(busy, tmp_path / "copy.sqlite", progress=shares.append)
    assert verdict.whole
    assert shares[-1] == 1.0
    assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy.sqlite"]
    assert restore(tmp_path / "copy.sqlite", tmp_path / "again.sqlite") == verdict
    with (
        open_book(tmp_path / "copy.sqlite", read_only=True) as copy,
        open_book(tmp_path / "again.sqlite", clock=lambda: tell.NOW_MS) as again,
    ):
        assert balances(again) == balances(copy)
        before = stock(copy, "B1")["pet"]
        post(again, [tell.ticket(1_000, "B1")])
        assert stock(again, "B1") == {"pet": before + 1_000}
        assert stock(busy, "B1")["pet"] >= before


def test_a_backup_goes_from_one_engine_to_the_other(tmp_path):
    with servers.schema(servers.wheel()) as here, servers.schema(servers.wheel()) as there:
        with open_book(here) as book:
            Town(book.post, points=6, stations=2, tickets=60).live(2)
            verdict = backup(book, tmp_path / "copy")
            told = balances(book)
        assert restore(tmp_path / "copy", there) == verdict
        with open_book(there) as again:
            assert verify(again) == verdict
            assert balances(again) == told
            post(again, [tell.ticket(1_000)])
            assert verify(again).whole
        with pytest.raises(ConflictError, match="there is a book in this database"):
            restore(tmp_path / "copy", there)


def test_nothing_is_written_over(quick, tmp_path):
    post(quick, [tell.ticket()])
    (tmp_path / "there").write_text("mine")
    with pytest.raises(ConflictError, match="there is a file already; name a new one"):
        backup(quick, tmp_path / "there")
    backup(quick, tmp_path / "copy")
    with pytest.raises(ConflictError, match="there is a file already; name a new one"):
        restore(tmp_path / "copy", tmp_path / "there")
    assert (tmp_path / "there").read_text() == "mine"


def test_what_is_not_whole_is_neither_kept_nor_brought_back(quick, tmp_path):
    post(quick, [tell.ticket()])
    backup(quick, tmp_path / "copy")
    quick._store.run("drop trigger entry_update")
    quick._store.run("update entry set actor = 'somebody'")
    with pytest.raises(ConflictError, match="the book is not whole: entry 1 was changed"):
        backup(quick, tmp_path / "other")
    assert [*tmp_path.glob("other*")] == []
    with pytest.raises(OutsideError, match="this is no book"):
        (tmp_path / "text").write_text("nothing of ours" * 99)
        restore(tmp_path / "text", tmp_path / "again")
    with pytest.raises(OutsideError, match="cannot be opened"):
        backup(quick, tmp_path / "no" / "folder")
