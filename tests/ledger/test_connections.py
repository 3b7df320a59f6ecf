"""A server that closed connections is found out before anything is asked of it."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from ainalym.errors import OutsideError
from ainalym.ledger import entries, open_book, post, stock, verify
from ainalym.ledger.store import PATIENCE, Store, connect, patient
from tests.ledger import servers, tell

THREADS = 8


@pytest.fixture
def place():
    """The address of an empty schema, whose connections are known by a name of their own."""
    with servers.schema(servers.wheel()) as address:
        yield f"{address}&application_name=cut-{os.getpid()}"


def cut(place):
    """End every connection of that name, as a restart or a firewall does; how many there were."""
    name = place.rpartition("=")[2]
    asked = (
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = ?"
    )
    with closing(connect(servers.wheel())) as store:
        return len(store.rows(asked, (name,)))


def test_no_reader_and_no_writer_meets_a_connection_that_was_closed(place):
    ready = threading.Barrier(THREADS)

    def read(_):
        ready.wait(30)
        return stock(book, "P1").get("pet", 0)

    with (
        open_book(place, clock=lambda: tell.NOW_MS) as book,
        ThreadPoolExecutor(THREADS) as pool,
    ):
        for bought in range(3):
            assert [*pool.map(read, range(THREADS))] == [bought * 1_000] * THREADS
            assert cut(place) >= THREADS
            assert [*pool.map(read, range(THREADS))] == [bought * 1_000] * THREADS
            assert cut(place) >= THREADS
            assert not post(book, [tell.ticket(1_000)])[0].repeated
            cut(place)
        assert verify(book).whole
        assert len(book._readers) == THREADS + 1, "those that were replaced are let go"


@pytest.mark.parametrize("kept", [False, True], ids=["before it is kept", "after it is kept"])
def test_a_commit_that_is_cut_is_told_as_failed_and_recorded_once(place, monkeypatch, kept):
    honest, cuts = Store._run, []

    def run(store, sql, *rest):
        if sql != "commit" or cuts:
            return honest(store, sql, *rest)
        cuts.append(sql)
        if kept:
            honest(store, sql)
        cut(place)
        return honest(store, "select 1" if kept else sql)

    with open_book(place, clock=lambda: tell.NOW_MS) as book:
        monkeypatch.setattr(Store, "_run", run)
        told = tell.ticket(1_000)
        with pytest.raises(OutsideError, match="the database failed"):
            post(book, [told])
        assert cuts
        assert post(book, [told])[0].repeated is kept
        assert post(book, [told])[0].repeated
        assert stock(book, "P1") == {"pet": 1_000}
        assert len(entries(book)) == 1
        assert verify(book).whole


def test_a_reading_that_is_cut_fails_and_the_next_does_not(place):
    with open_book(place, clock=lambda: tell.NOW_MS) as book:
        post(book, [tell.ticket(1_000)])
        with pytest.raises(OutsideError, match="the database failed"), book.reading() as store:
            store.one("select 1")
            cut(place)
            store.one("select 1")
        assert stock(book, "P1") == {"pet": 1_000}


def test_a_server_is_not_waited_for_without_an_end(monkeypatch, place):
    monkeypatch.delenv("PGCONNECT_TIMEOUT", raising=False)
    assert patient({}) == PATIENCE
    assert patient({"connect_timeout": "60"})["connect_timeout"] == "60"
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "9")
    assert "connect_timeout" not in patient({})
    with closing(connect(place)) as store:
        told = store.connection.info.get_parameters()
        assert told["tcp_user_timeout"] == str(PATIENCE["tcp_user_timeout"])
