"""What is written stays: guards, crashes, full disks, second writers, tampering."""

import os
import random
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from ainalym.errors import ConflictError, OutsideError
from ainalym.ledger import holds, open_book, post, stock, verify
from ainalym.ledger.store import Refused, connect
from ainalym.model.deed import Close
from tests.ledger import crash, servers, tell
from tests.ledger.towns import BEGIN_MS, DAY_MS, Town

KILLS = int(os.environ.get("AINALYM_KILLS", "4"))
TABLES = ("entry", "posting", "draw", "period", "lot", "account", "head")


def fill(book, days=3):
    """A small town's days, a period closed."""
    Town(book.post, points=6, stations=2, tickets=60).live(days)
    span = {"from_ms": BEGIN_MS, "to_ms": BEGIN_MS + DAY_MS, "event_ms": BEGIN_MS + DAY_MS}
    book.post([Close(id=tell.deed_id(), site="*", **span)])


@pytest.fixture
def full(where):
    """Where a book of a small town is."""
    with open_book(where) as book:
        fill(book)
    return where


@pytest.mark.parametrize("table", TABLES)
def test_the_database_itself_refuses_to_remove(full, table):
    with closing(connect(full)) as store:
        with pytest.raises(Refused, match="append-only"):
            store.run(f"delete from {table}")
        if store.engine == "postgres":
            with pytest.raises(Refused, match="append-only"):
                store.run(f"truncate {table} cascade")


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("entry", "body = '[]'"),
        ("posting", "quantity = quantity + 1"),
        ("draw", "grams = grams + 1"),
        ("period", "to_ms = to_ms + 1"),
        ("lot", "source = 'people'"),
        ("lot", "made_g = made_g + 1"),
        ("account", "site = 'X'"),
        ("head", "seq = 0"),
    ],
)
def test_the_database_itself_refuses_to_change(full, table, change):
    with (
        closing(connect(full)) as store,
        pytest.raises(Refused, match="append-only"),
    ):
        store.run(f"update {table} set {change}")


def test_the_database_itself_refuses_stock_below_zero_and_late_entries(full):
    with closing(connect(full)) as store:
        with pytest.raises(Refused):
            store.run("update account set balance = -1 where role = 'stock'")
        with pytest.raises(Refused):
            store.run("update lot set left_g = made_g + 1")
        if store.engine == "sqlite":
            row = store.one("select * from entry where kind = 'ticket' limit 1")
            late = (10_000, os.urandom(16), *row[2:9], None, None, *row[11:])
            marks = ", ".join("?" * len(late))
            with pytest.raises(Refused, match="the period is closed"):
                store.run(f"insert into entry values ({marks})", late)


TAMPERING = [
    ("update entry set body = body || ' ' where seq = 12", "entry 12 was changed: its bytes do"),
    ("update entry set actor = 'somebody' where seq = 20", "entry 20 was changed"),
    ("update entry set event_ms = event_ms + 1 where seq = 20", "entry 20 was changed"),
    ("update posting set quantity = quantity + 1 where entry = 20 and n = 0", "sums to 1 in mass"),
    ("update posting set account = 9999 where entry = 20 and n = 0", "an account or a lot that is"),
    ("delete from draw where n = 0", "draws took"),
    ("update draw set parent = 99999 where n = 0", "draws on a lot that is not there"),
    ("update lot set source = 'people' where source = 'container'", "is not from where its entry"),
    ("update lot set verified = 1 - verified where id = 1", "was not weighed as its entry says"),
    ("update lot set left_g = left_g + 1 where id = 1", "lot 1: made with"),
    ("update lot set since_ms = 1 where id = 1", "is not there since when the chain says"),
    ("update lot set event_ms = 1 where id = 1", "was not made when its entry happened"),
    ("update account set balance = balance + 1 where role = 'stock'", "its postings sum to"),
    ("update account set owes = 1 where role = 'stock'", "is not held to what it may owe"),
    ("update account set site = 'X' where id = 1", "account 1 is mass:"),
    ("delete from period", "is gone"),
    ("update period set to_ms = to_ms + 90000000", "is not the one that entry"),
    ("delete from entry where seq = 20", "entries 20 to 20 are missing"),
    ("update head set hash = zeroblob(32)", "the head says"),
    ("update head set lots = lots + 1", "lots; there are"),
]


@pytest.mark.parametrize(
    ("crime", "said", "processes"),
    [(*one, 1) for one in TAMPERING] + [(*TAMPERING[k], 2) for k in (0, 5, -3)],
)
def test_whoever_gets_around_the_guards_is_found_out(tmp_path, crime, said, processes):
    path = tmp_path / "book.sqlite"
    with open_book(path) as book:
        fill(book)
        assert verify(book, processes=processes).whole
    with closing(sqlite3.connect(path, isolation_level=None)) as thief:
        for (trigger,) in thief.execute(
            "select name from sqlite_master where type = 'trigger'"
        ).fetchall():
            thief.execute(f"drop trigger {trigger}")
        assert thief.execute(crime).rowcount
    with open_book(path, read_only=True) as book:
        verdict = verify(book, processes=processes)
    assert any(said in fault for fault in verdict.faults), verdict.faults
    assert len(verdict.faults) < 30


def test_a_hash_that_was_written_down_tells_a_chain_made_anew(tmp_path):
    with open_book(tmp_path / "one") as book:
        fill(book)
        noted, root = verify(book).hash, book_root(book)
        assert holds(book, noted)
        assert holds(book, root)
        assert not holds(book, "no hash")
    with open_book(tmp_path / "two") as book:
        fill(book, days=2)
        assert verify(book).whole
        assert not holds(book, noted)


def book_root(book):
    """The root of the one closed period."""
    with book.reading() as store:
        return bytes(store.one("select root from period")[0]).hex()


def test_several_processes_come_to_the_same_verdict(full):
    with open_book(full, read_only=True) as book:
        alone = verify(book, processes=1)
        assert alone.whole
        assert verify(book, processes=3) == alone


def test_a_second_process_may_read_but_not_write(tmp_path):
    path = tmp_path / "book.sqlite"
    said = "import sys; from ainalym.ledger import open_book; open_book(sys.argv[1])"
    with open_book(path) as book:
        post(book, [tell.ticket()])
        with pytest.raises(ConflictError, match="another process writes to this book"):
            open_book(path)
        done = subprocess.run([sys.executable, "-c", said, path], capture_output=True, text=True)
        assert "another process writes to this book; stop it first" in done.stderr
        with open_book(path, read_only=True) as reader:
            assert stock(reader, "P1") == {"pet": 12_000}
            with pytest.raises(ConflictError, match="for reading only"):
                post(reader, [tell.ticket()])
    open_book(path).close()


def test_two_servers_may_write_to_one_postgres():
    with (
        servers.schema(servers.wheel()) as address,
        open_book(address) as one,
        open_book(address) as other,
    ):
        for k in range(10):
            post(one, [tell.ticket(1_000, f"P{k}")])
            post(other, [tell.dispatch({"pet": 900}, f"P{k}")])
        assert verify(one).whole
        assert stock(other, "P3") == {"pet": 100}


def test_reading_leaves_a_file_as_it_is(tmp_path):
    path = tmp_path / "book.sqlite"
    with open_book(path) as book:
        fill(book)
    before = path.read_bytes()
    with open_book(path, read_only=True) as book:
        assert verify(book).whole
    assert path.read_bytes() == before


def test_what_is_no_book_is_said_so(tmp_path):
    with pytest.raises(OutsideError, match="there is no book here"):
        open_book(tmp_path / "none", read_only=True)
    (tmp_path / "text").write_text("this is no database, but long enough to look like one" * 90)
    with pytest.raises(OutsideError, match="this is no book, or it cannot be opened"):
        open_book(tmp_path / "text")
    with pytest.raises(OutsideError, match="cannot be opened"):
        open_book(tmp_path / "no" / "folder" / "book")
    sqlite3.connect(tmp_path / "other").execute("create table t (x)").connection.close()
    with pytest.raises(OutsideError, match="there is no book in this database"):
        open_book(tmp_path / "other", read_only=True)
    with open_book(tmp_path / "later") as book, book.reading():
        pass
    with closing(sqlite3.connect(tmp_path / "later", isolation_level=None)) as later:
        later.execute("drop trigger head_update")
        later.execute("update head set version = 3")
    with pytest.raises(OutsideError, match="is a book of version 3, not 2"):
        open_book(tmp_path / "later")
    with pytest.raises(OutsideError, match="the PostgreSQL server cannot be reached"):
        open_book("postgresql://nobody@localhost:1/none?connect_timeout=2")


def test_a_full_disk_loses_nothing_and_the_book_goes_on(tmp_path):
    with open_book(tmp_path / "book.sqlite", clock=lambda: tell.NOW_MS) as book:
        post(book, [tell.ticket(1_000)])
        pages = book._store.one("pragma page_count")[0]
        book._store.one(f"pragma max_page_count = {pages + 2}")
        with pytest.raises(OutsideError, match="the database failed: database or disk is full"):
            post(book, [tell.ticket(1_000) for _ in range(2_000)])
        book._store.one("pragma max_page_count = 1000000")
        post(book, [tell.ticket(1_000)])
        assert stock(book, "P1") == {"pet": 2_000}
        assert verify(book).whole


@pytest.mark.slow
def test_a_server_that_was_killed_is_found_again():
    with (
        servers.distribution() as server,
        servers.schema(server.address) as address,
        open_book(address, clock=lambda: tell.NOW_MS) as book,
    ):
        post(book, [tell.ticket(1_000)])
        assert stock(book, "P1") == {"pet": 1_000}
        server.kill()
        again = tell.ticket(1_000)
        with pytest.raises(OutsideError, match="the database failed"):
            post(book, [again])
        with pytest.raises(OutsideError, match="the database failed"):
            stock(book, "P1")
        server.start()
        post(book, [again])
        assert stock(book, "P1") == {"pet": 2_000}
        assert verify(book).whole


def test_no_acknowledged_entry_is_lost_when_the_writer_is_killed(where):
    toll = crash.kill(where, KILLS)
    assert toll.kills == KILLS
    assert toll.acknowledged > 0
    assert (toll.lost, toll.broken) == (0, 0)


@pytest.mark.slow
def test_no_acknowledged_entry_is_lost_when_the_server_is_killed_too():
    with servers.distribution() as server, servers.schema(server.address) as address:

        def harm(_):
            server.kill()
            server.start()

        toll = crash.kill(address, KILLS, also=harm)
    assert toll.acknowledged > 0
    assert (toll.lost, toll.broken) == (0, 0)


def test_a_book_of_one_engine_is_that_of_the_other(tmp_path):
    """The same deeds make the same chain to the last byte, wherever it is kept."""
    hashes = []
    with servers.schema(servers.wheel()) as address:
        for where in (tmp_path / "book.sqlite", address):
            moments = iter(range(tell.NOW_MS, tell.NOW_MS + 10**6))
            chance = random.Random(1).randbytes
            with open_book(
                where, clock=lambda moments=moments: next(moments), chance=chance
            ) as book:
                Town(book.post, points=6, stations=2, tickets=60).live(4)
                hashes.append(verify(book))
    assert hashes[0] == hashes[1]
    assert hashes[0].whole
