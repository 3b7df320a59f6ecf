"""The database itself refuses to change the past, and where it no longer would, that is told."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ainalym.errors import ConflictError
from ainalym.ledger import backup, open_book, post, restore, verify
from ainalym.ledger.guards import CREATED, missing
from ainalym.ledger.schema import statements
from ainalym.ledger.store import Refused, connect
from ainalym.model.deed import Erasure
from tests.ledger import every, servers, tell


@pytest.fixture
def own(made, tmp_path):
    """A copy of it, of this test's own."""
    path = tmp_path / "own.sqlite"
    path.write_bytes(made.read_bytes())
    return path


def named(engine, kind):
    """Give the names of all guards of a kind, and the statements that make them."""
    made = {CREATED.match(one)["name"]: one for one in statements(engine)}
    return {name: one for name, one in made.items() if CREATED.match(one)["kind"] == kind}


def listed(name):
    """List the statements in a file beside this one; blank lines part them."""
    said = (Path(__file__).parent / "guards" / f"{name}.sql").read_text(encoding="utf-8")
    return said.strip().split("\n\n")[1:]


def run(store, statements):
    """Run statements, each of which ends with a line."""
    for one in statements.split(";\n"):
        store.run(one.removesuffix(";"))


def refused(path, name):
    """Hold that a book with a guard gone is told of, not written to, and still read."""
    with pytest.raises(ConflictError, match=rf"the guards of this book .*\b{name}\b"):
        open_book(path)
    with open_book(path, read_only=True) as book:
        assert any(name in fault for fault in verify(book).faults)


LOST = [(kind, name) for kind in ("trigger", "index") for name in named("sqlite", kind)]


@pytest.mark.parametrize(("kind", "name"), LOST)
def test_a_guard_that_is_gone_from_a_file_is_told(own, kind, name):
    with closing(sqlite3.connect(own)) as thief:
        thief.execute(f"drop {kind} {name}")
    refused(own, f"the {kind} {name} is missing")


def test_all_guards_that_are_gone_from_a_file_are_told(own):
    with closing(sqlite3.connect(own)) as thief:
        for kind, name in LOST:
            thief.execute(f"drop {kind} {name}")
    with open_book(own, read_only=True) as book:
        said = " ".join(missing(book._store, 2))
        assert not verify(book).whole
    assert all(name in said for _, name in LOST)


def respelt(path, said):
    """Change what a file says of how its tables and guards are made."""
    with closing(sqlite3.connect(path, isolation_level=None)) as thief:
        thief.execute("pragma writable_schema = on")
        for name, old, new in said:
            (sql,) = thief.execute(
                "select sql from sqlite_master where name = ?", (name,)
            ).fetchone()
            assert old in sql
            thief.execute(
                "update sqlite_master set sql = replace(sql, ?, ?) where name = ?", (old, new, name)
            )


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("account", "check (owes = 1 or balance >= 0)", "check (1)"),
        ("lot", "check (left_g between 0 and made_g)", ""),
        ("lot", " check (made_g > 0)", ""),
        ("head", "check (one = 1)", ""),
        ("period", "check (from_ms < to_ms)", "check (from_ms <= to_ms)"),
        ("account", "'mass', 'money', 'count'", "'mass', 'money', 'count', 'Mass'"),
        ("posting", " references account (id)", ""),
        ("entry", ") strict", ")"),
        ("entry", "noted text not null", "noted text"),
        ("entry", "site text not null", "site text not null collate nocase"),
        ("entry_slip", "CREATE UNIQUE INDEX", "CREATE INDEX"),
        ("entry_closed", "''", "' '"),
        ("entry_closed", "new.event_ms < to_ms", "new.event_ms <= to_ms"),
        ("posting_update", "before update", "before update of n"),
        ("posting_insert", "<=", "<"),
        ("entry_delete", "before delete", "after delete"),
    ],
)
def test_a_guard_that_is_made_otherwise_is_told(own, name, old, new):
    respelt(own, [(name, old, new)])
    refused(own, name)


def test_how_a_guard_is_written_does_not_count(own):
    respelt(own, [("posting_insert", "when new.entry", "-- late\nWHEN   new . entry")])
    with open_book(own) as book:
        assert verify(book).whole


@pytest.mark.parametrize("column", ["type", "name", "sql"])
def test_a_guard_that_became_octets_is_told(own, column):
    with closing(sqlite3.connect(own, isolation_level=None)) as thief:
        thief.execute("pragma writable_schema = on")
        thief.execute(
            f"update sqlite_master set {column} = cast({column} as blob) where name = 'lot_open'"
        )
    refused(own, "the index lot_open is not as made")


def test_a_guard_of_somebody_else_is_told(own):
    with closing(sqlite3.connect(own)) as thief:
        thief.execute(
            "create trigger helper after insert on entry begin "
            "update account set balance = balance + 1 where id = 1; end"
        )
    refused(own, "the trigger helper is not ours")


def test_a_book_of_version_1_tells_its_guards_too(tmp_path):
    path = every.old(tmp_path / "old.sqlite")
    with closing(sqlite3.connect(path)) as thief:
        thief.execute("drop trigger entry_update")
        thief.execute("create trigger helper after insert on entry begin select 1; end")
        thief.execute("drop index entry_slip")
        thief.execute("create index entry_slip on entry (series, number)")
    with open_book(path, read_only=True) as book:
        assert {*verify(book).faults} == {
            "the trigger entry_update is missing",
            "the trigger helper is not ours",
            "the index entry_slip is not as made",
        }


def lost():
    """Yield how somebody takes guards of a server away, and what is said of it."""
    for name, made in named("postgres", "trigger").items():
        table = re.search(r"\son (\w+)", made)[1]
        yield f"drop trigger {name} on {table};", f"the trigger {name} is missing"
    for name in named("postgres", "index"):
        yield f"drop index {name};", f"the index {name} is missing"
    for part in listed("lost"):
        said, crime = part.split("\n", 1)
        yield crime, said.removeprefix("-- ")


@pytest.mark.parametrize(("crime", "said"), [*lost()])
def test_a_guard_that_is_gone_from_a_server_is_told(server, crime, said):
    with servers.undone(server):
        run(server, crime)
        assert any(said in one for one in missing(server, 2)), missing(server, 2)
        with pytest.raises(ConflictError, match="the guards of this book are not whole: the "):
            open_book(server.connection)
    assert missing(server, 2) == []


def test_a_book_without_guards_on_a_server_is_verified_and_not_written_to(made):
    with servers.schema(servers.wheel()) as address:
        restore(made, address)
        with closing(connect(address)) as store:
            store.run("alter table posting disable trigger posting_refuse")
        refused(address, "the trigger posting_refuse is switched off")


def test_guards_are_known_on_an_older_server_too(made):
    with servers.distribution() as older, servers.schema(older.address) as address:
        restore(made, address)
        with open_book(address) as book:
            assert verify(book).whole
            assert missing(book._store, 2) == []


@pytest.mark.parametrize("statement", listed("either") + listed("sqlite"))
def test_a_file_refuses_to_change_the_past(made, statement):
    statement = statement.replace("{seal}", "lower(hex(randomblob(32)))")
    statement = statement.replace("{half}", "substr(salt, 1, 16)")
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as book:
        octets = made.read_bytes()
        book.deserialize(octets[:18] + b"\x01\x01" + octets[20:])
        with pytest.raises(sqlite3.IntegrityError, match=REFUSED):
            book.execute(statement).fetchall()
        with open_book(book) as opened:
            assert verify(opened).whole


REFUSED = "append-only|the period is closed|is reversed once|is given once|CHECK constraint failed"


@pytest.mark.parametrize("statement", listed("either") + listed("postgres"))
def test_a_server_refuses_to_change_the_past(server, statement):
    statement = statement.replace("{seal}", "repeat('ab', 32)")
    statement = statement.replace("{half}", "substring(salt from 1 for 16)")
    statement = statement.replace("{here}", server.one("select current_schema()")[0])
    with servers.undone(server), pytest.raises(Refused, match=f"{REFUSED}|violates"):
        run(server, statement)


def test_a_server_refuses_rows_that_are_copied_in(server):
    for table, row in (("posting", (30, 90, 1, None, 0)), ("draw", (11, 90, None, 5, 0))):
        columns = "entry, n, account, lot, quantity"
        columns = columns if table == "posting" else "entry, n, child, parent, grams"
        with servers.undone(server), pytest.raises(Refused, match="nothing is added"):
            server.append(table, columns, [row])


def test_whoever_writes_copies_and_brings_back_is_not_in_the_way_of_guards(own, where, tmp_path):
    backup(open_book(own, read_only=True), tmp_path / "copy.sqlite")
    restore(tmp_path / "copy.sqlite", where)
    now = iter(range(every.BEGIN_MS + 3_600_000, 1 << 60, 1_000))
    with open_book(where, clock=lambda: next(now)) as book:
        said = {"site": "P9", "event_ms": every.BEGIN_MS + 60_000}
        told = post(book, [tell.ticket(**said, id=every.deed_id(900), actor="aigul")])[0]
        erased = {"erases": told.id, "reason": "asked for"}
        post(book, [Erasure(**said, id=every.deed_id(901), **erased)])
        verdict = verify(book)
    assert verdict.whole
    assert told.seq in verdict.erased
