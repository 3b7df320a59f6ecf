"""A book of an earlier version is read as it is, and taken over whole or not at all."""

import subprocess
import sys
from contextlib import closing

import pytest

from ainalym.errors import ConflictError, OutsideError
from ainalym.ledger import (
    backup,
    balances,
    entries,
    holds,
    open_book,
    periods,
    post,
    proofs,
    restore,
    trace,
    upgrade,
    verify,
)
from ainalym.ledger.schema import split
from ainalym.ledger.store import Refused, connect
from ainalym.model.deed import Close, Upgrade, read_deed
from ainalym.model.entry import new_id
from tests.ledger import servers, tell
from tests.ledger.kept import HERE, unpack

LATER_MS = tell.NOW_MS + 60_000


def at_later():
    """The tests' clock, a minute after the kept book was written."""
    return LATER_MS


def fresh(grams=1_000, site="P1", **said):
    """A ticket whose id no kept book has."""
    return tell.ticket(grams, site, id=new_id(LATER_MS), event_ms=LATER_MS, **said)


@pytest.fixture
def old(tmp_path):
    """A book of version 1, and what it said."""
    path = tmp_path / "old.sqlite"
    return path, unpack(1, path)


def said_of(book, most=10_000):
    """What a book says, as the kept one was written down."""
    return {
        "balances": {account.name: number for account, number in balances(book).items()},
        "periods": [[one.entry, one.site, one.root] for one in periods(book)],
        "hashes": {str(one.seq): one.hash for one in entries(book, most=most)},
        "bodies": {str(one.seq): one.body for one in entries(book, most=most)},
    }


def test_a_book_of_version_1_is_read_as_it_was(old, tmp_path):
    path, told = old
    before = path.read_bytes()
    with open_book(path, read_only=True) as book:
        verdict = verify(book)
        assert (verdict.faults, verdict.entries, verdict.postings) == ((), 54, told["postings"])
        assert verdict.hash == told["hash"]
        assert verify(book, processes=3) == verdict
        found = said_of(book)
        assert found == {name: told[name] for name in found}
        ends = trace(book, told["traced"]).ends_g
        assert {str(lot): grams for lot, grams in ends.items()} == told["trace"]
        backup(book, tmp_path / "copy.sqlite")
    assert path.read_bytes() == before
    restore(tmp_path / "copy.sqlite", tmp_path / "again.sqlite")
    with open_book(tmp_path / "again.sqlite", read_only=True) as again:
        assert verify(again) == verdict


def test_nothing_is_written_to_a_book_of_version_1(old):
    path, _ = old
    with pytest.raises(ConflictError, match="take it over with `ainalym book upgrade"):
        open_book(path)


def test_an_upgrade_leaves_every_entry_as_it_is_and_goes_on_from_it(old):
    path, told = old
    done = upgrade(path, actor="administrator", clock=at_later)
    assert (done.number, done.head) == (55, told["hash"])
    assert done.verdict.whole
    with open_book(path, clock=at_later) as book:
        found = said_of(book)
        assert found["balances"] == told["balances"]
        assert found["periods"] == told["periods"]
        assert told["hashes"].items() <= found["hashes"].items()
        assert told["bodies"].items() <= found["bodies"].items()
        first = entries(book, after=54)[0]
        assert (first.kind, first.body["head"], first.body["entries"]) == (
            "upgrade",
            told["hash"],
            54,
        )
        assert holds(book, told["hash"])
        # Who told something before the upgrade and tells it again is answered as before.
        ticket = next(one for one in entries(book) if one.kind == "ticket")
        (again,) = post(book, [read_deed(ticket.body)])
        assert (again.repeated, again.seq, again.hash) == (True, ticket.seq, ticket.hash)
        with pytest.raises(ConflictError, match="with another body"):
            post(book, [read_deed(ticket.body | {"reason": "other"})])
        (receipt,) = post(book, [fresh()])
        assert receipt.seq == 56
        taken = {"pet": 3_000}
        post(book, [tell.dispatch(taken, id=new_id(LATER_MS), event_ms=LATER_MS)])
        post(book, [Close(id=new_id(LATER_MS), site="*", event_ms=LATER_MS,
                          from_ms=tell.NOW_MS - 10, to_ms=LATER_MS)])  # fmt: skip
        assert verify(book).whole
        assert verify(book, processes=2).whole
        assert proofs(book, ticket.seq)[0].public == ""


def test_a_clock_far_from_the_last_entry_takes_no_book_over_unless_accepted(old):
    path, told = old
    with open_book(path, read_only=True) as book:
        before = verify(book)

    def wrong():
        return LATER_MS + 3_000 * tell.DAY_MS

    with pytest.raises(OutsideError, match=r"if it is right, say so with `--accept-clock`"):
        upgrade(path, clock=wrong)
    with open_book(path, read_only=True) as book:
        assert (book.version, verify(book)) == (1, before)
    done = upgrade(path, clock=wrong, accept_clock=True)
    assert (done.number, done.head, done.verdict.faults) == (55, told["hash"], ())
    with open_book(path, clock=wrong) as book:
        assert [one.kind for one in entries(book, after=54)] == ["upgrade", "clock"]
        later = tell.ticket(1, id=new_id(wrong()), event_ms=wrong())
        assert post(book, [later])[0].seq == 57


def test_an_upgraded_book_is_taken_over_once(old):
    path, _ = old
    upgrade(path, clock=at_later)
    again = upgrade(path, clock=at_later)
    assert again.number == 0
    assert again.verdict.whole
    with open_book(path, clock=at_later) as book:
        last = verify(book)
        deed = Upgrade(id=new_id(LATER_MS), site="*", event_ms=LATER_MS, from_version=1,
                       to_version=2, entries=last.entries, head=last.hash)  # fmt: skip
        with pytest.raises(ConflictError, match="taken over once"):
            post(book, [deed])
        assert verify(book) == last


def test_a_tampered_book_is_not_taken_over(old):
    path, _ = old
    with closing(connect(path)) as thief:
        thief.run("drop trigger posting_update")
        thief.run("update posting set quantity = quantity + 1 where entry = 5 and n = 0")
        thief.run("pragma journal_mode = delete")
    before = path.read_bytes()
    with pytest.raises(ConflictError, match="is not whole, so it stays as it is: entry 5"):
        upgrade(path, clock=at_later)
    assert path.read_bytes() == before


def test_nobody_else_may_write_meanwhile(old):
    path, _ = old
    hold = (
        "import sys; from pathlib import Path; from ainalym.ledger.files import Lock; "
        "held = Lock(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(ConflictError, match="another process writes to this book"):
            upgrade(path, clock=at_later)
        holder.stdin.close()
        holder.wait()
    assert upgrade(path, clock=at_later).verdict.whole


def test_what_is_no_book_is_not_made_one(tmp_path):
    with pytest.raises(OutsideError, match="there is no book here"):
        upgrade(tmp_path / "none.sqlite")
    assert [*tmp_path.iterdir()] == []


DYING = """
import itertools, os, signal, sys
from ainalym.ledger import upgrade
from ainalym.ledger.store import Store

numbers, last, run = itertools.count(), int(sys.argv[2]), Store._run

def counted(self, *said):
    if next(numbers) == last:
        os.kill(os.getpid(), signal.SIGKILL)
    return run(self, *said)

Store._run = counted
upgrade(sys.argv[1], clock=lambda: int(sys.argv[3]))
"""
"""Upgrades a book, and is killed before a statement of some number."""


def test_an_upgrade_that_is_killed_at_any_statement_goes_on(tmp_path):
    """Each try comes a few statements further, until one gets through; nothing is half-done."""
    path = tmp_path / "old.sqlite"
    told = unpack(1, path)
    for last in range(30, 1_000, 9):
        words = [sys.executable, "-c", DYING, str(path), str(last), str(LATER_MS)]
        done = subprocess.run(words, check=False).returncode
        assert done in (0, -9)
        with open_book(path, read_only=True) as book:
            verdict = verify(book)
            assert verdict.whole, verdict.faults
            assert (book.version, verdict.entries) in ((1, 54), (2, 55))
            assert told["hashes"].items() <= said_of(book)["hashes"].items()
        if done == 0:
            break
    assert done == 0
    assert book.version == 2


def test_a_full_disk_leaves_the_old_book(old, monkeypatch):
    path, told = old

    def full(*_):
        raise OutsideError("the database failed: database or disk is full")

    monkeypatch.setattr("ainalym.ledger.writer.Writer.record", full)
    with pytest.raises(OutsideError, match="disk is full"):
        upgrade(path, clock=at_later)
    with open_book(path, read_only=True) as book:
        assert book.version == 1
        assert verify(book).hash == told["hash"]
        assert verify(book).whole


def lay_on_server(address, tmp_path):
    """Lay the kept book on a server, in the tables it had there in version 1."""
    path = tmp_path / "kept.sqlite"
    told = unpack(1, path)
    script = (HERE / "version-1-postgres.sql").read_text(encoding="utf-8")
    with (
        closing(connect(path)) as source,
        closing(connect(address)) as target,
        target.writing(),
    ):
        for statement in split(script):
            target.run(statement)
        for table in ("account", "entry", "lot", "posting", "draw", "period"):
            columns = ", ".join(source.columns(table))
            target.append(table, columns, source.rows(f"select {columns} from {table}"))
        columns = ", ".join(source.columns("head"))
        target.append("head", columns, source.rows(f"select {columns} from head"))
    return told


def test_a_book_on_a_server_is_taken_over_too(tmp_path):
    with servers.schema(servers.wheel()) as address:
        told = lay_on_server(address, tmp_path)
        with open_book(address, read_only=True) as book:
            assert verify(book).hash == told["hash"]
            assert verify(book).whole
            found = said_of(book)
            assert found == {name: told[name] for name in found}
            backup(book, tmp_path / "before.sqlite")
        with pytest.raises(ConflictError, match="take it over with `ainalym book upgrade"):
            open_book(address)
        done = upgrade(address, clock=at_later)
        assert (done.number, done.head, done.verdict.faults) == (55, told["hash"], ())
        with open_book(address, clock=at_later) as book:
            post(book, [fresh()])
            assert verify(book).whole
            assert told["hashes"].items() <= said_of(book)["hashes"].items()
        assert upgrade(address, clock=at_later).number == 0
        # A backup of before is a book of version 1: it is taken over first, then brought back.
        with servers.schema(servers.wheel()) as there:
            with pytest.raises(ConflictError, match="take a copy of it over with"):
                restore(tmp_path / "before.sqlite", there)
            assert upgrade(tmp_path / "before.sqlite", clock=at_later).verdict.whole
            restore(tmp_path / "before.sqlite", there)
            with open_book(there, clock=at_later) as book:
                post(book, [fresh()])
                assert verify(book).whole


def test_an_old_program_cannot_write_to_a_book_that_was_taken_over(old, tmp_path):
    """A server that was not stopped still has the tables open; its entries have no salt."""
    path, _ = old
    upgrade(path, clock=at_later)
    with servers.schema(servers.wheel()) as address:
        lay_on_server(address, tmp_path)
        upgrade(address, clock=at_later)
        for where in (path, address):
            with closing(connect(where)) as store, pytest.raises(Refused, match="append-only"):
                store.run(
                    "insert into entry (seq, id, kind, site, event_ms, recorded_ms, actor, noted, "
                    "body, hash) values (56, ?, 'rule', '*', 1, 1, '', '', '[]', ?)",
                    (bytes(16), bytes(32)),
                )
