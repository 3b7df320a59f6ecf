"""A backup is one state of the book, taken while others write, and comes back whole."""

import multiprocessing
import os
import random
import resource
import signal
import sqlite3
import threading
from collections import Counter
from contextlib import closing, suppress

import pytest

from ainalym.errors import ConflictError, OutsideError
from ainalym.ledger import backup, balances, keep, open_book, post, restore, stock, verify
from ainalym.ledger.files import appearing
from ainalym.ledger.schema import VERSION
from tests.ledger import servers, tell
from tests.ledger.towns import Town

FLIPS = int(os.environ.get("AINALYM_FLIPS", "60"))
KEPT_KILLS = int(os.environ.get("AINALYM_KILLS", "4")) * 3


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


@pytest.mark.tampers
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


@pytest.fixture
def lost(tmp_path):
    """A backup, and what is left of a book that went on and was killed: all but its file."""
    path = tmp_path / "book.sqlite"
    with open_book(path, clock=lambda: tell.NOW_MS) as book:
        Town(book.post, points=6, stations=2, tickets=60).live(2)
        verdict = backup(book, tmp_path / "copy.sqlite")
        book.post([tell.ticket(1_000, f"B{k}") for k in range(800)])
        log = path.with_name("book.sqlite-wal").read_bytes()
    path.unlink()
    path.with_name("book.sqlite-wal").write_bytes(log)
    path.with_name("book.sqlite-shm").write_bytes(b"\0" * 32_768)
    path.with_name("book.sqlite-journal").write_bytes(b"left")
    return path, verdict


def test_a_log_of_a_lost_book_is_set_aside_and_what_comes_back_is_whole(lost, tmp_path):
    path, verdict = lost
    path.with_name("book.sqlite-wal.set-aside").write_bytes(b"of a loss before")
    laid = []
    assert restore(tmp_path / "copy.sqlite", path, aside=laid.append) == verdict
    assert laid == [f"{path}-wal.set-aside.2", f"{path}-shm.set-aside", f"{path}-journal.set-aside"]
    with open_book(path, clock=lambda: tell.NOW_MS) as book:
        assert verify(book) == verdict
        post(book, [tell.ticket(1_000)])
        assert verify(book).whole
    assert len((tmp_path / "book.sqlite-wal.set-aside.2").read_bytes()) > 500_000


def test_a_backup_does_not_take_over_a_log_either(lost, tmp_path):
    path, verdict = lost
    laid = []
    with open_book(tmp_path / "copy.sqlite", read_only=True) as book:
        assert backup(book, path, aside=laid.append) == verdict
    assert len(laid) == 3
    with open_book(path, read_only=True) as book:
        assert verify(book) == verdict


def test_a_backup_beside_which_a_log_lies_is_refused_until_the_log_is_moved(lost, tmp_path):
    path, verdict = lost
    copy = tmp_path / "copy.sqlite"
    path.with_name("book.sqlite-wal").rename(tmp_path / "copy.sqlite-wal")
    before = copy.read_bytes()
    for asked in (
        lambda: restore(copy, tmp_path / "again.sqlite"),
        lambda: open_book(copy, read_only=True),
        lambda: open_book(copy),
    ):
        with pytest.raises(ConflictError, match=r"copy.sqlite-wal lies beside it and is the log"):
            asked()
    assert copy.read_bytes() == before
    assert [*tmp_path.glob("again*")] == []
    (tmp_path / "copy.sqlite-wal").unlink()
    assert restore(copy, tmp_path / "again.sqlite") == verdict


def test_nothing_is_restored_under_a_site_that_runs(tmp_path):
    path = tmp_path / "book.sqlite"
    with open_book(path, clock=lambda: tell.NOW_MS) as book:
        post(book, [tell.ticket(1_000)])
        backup(book, tmp_path / "copy.sqlite")
        path.unlink()
        with pytest.raises(ConflictError, match="another process writes to this book; stop it"):
            restore(tmp_path / "copy.sqlite", path)
        with pytest.raises(OutsideError, match="was removed or replaced while it was open; stop"):
            post(book, [tell.ticket(1_000)])
    assert restore(tmp_path / "copy.sqlite", path).entries == 1


def test_a_book_that_is_opened_while_one_is_restored_leaves_nothing(tmp_path):
    path = tmp_path / "book.sqlite"
    with open_book(tmp_path / "first.sqlite", clock=lambda: tell.NOW_MS) as book:
        post(book, [tell.ticket(1_000)])
        backup(book, tmp_path / "copy.sqlite")
    refused = []

    def hurry(_):
        if path.exists():
            return
        with pytest.raises(ConflictError, match="another process writes to this book"):
            open_book(path)
        refused.append(True)

    assert restore(tmp_path / "copy.sqlite", path, progress=hurry).entries == 1
    assert refused
    with open_book(path) as book:
        assert verify(book).entries == 1


def test_what_is_not_whole_where_it_is_does_not_keep_its_name(quick, tmp_path, monkeypatch):
    """Stands for a disk that gives back something else than was written."""
    post(quick, [tell.ticket()])
    backup(quick, tmp_path / "copy")
    seen = []

    def verified(book, **ways):
        verdict = verify(book, **ways)
        seen.append(book.where)
        if book.where == str(tmp_path / "again"):
            return verdict._replace(faults=("the file is damaged: a page",))
        return verdict

    monkeypatch.setattr(keep, "verify", verified)
    with pytest.raises(ConflictError, match="again is not whole: the file is damaged"):
        restore(tmp_path / "copy", tmp_path / "again")
    assert seen == [str(tmp_path / "again.part"), str(tmp_path / "again")]
    assert [path.name for path in tmp_path.glob("again*")] == []


def test_a_server_keeps_nothing_of_what_is_not_whole(quick, tmp_path, monkeypatch):
    post(quick, [tell.ticket()])
    backup(quick, tmp_path / "copy")
    with servers.schema(servers.wheel()) as there:
        with monkeypatch.context() as patched:
            patched.setattr(
                keep,
                "verify",
                lambda book, **ways: verify(book)._replace(hash="" if book.where is None else "00"),
            )
            with pytest.raises(OutsideError, match="what was restored is not what"):
                restore(tmp_path / "copy", there)
        with pytest.raises(OutsideError, match="there is no book in this database"):
            open_book(there, read_only=True)
        assert restore(tmp_path / "copy", there).entries == 1


def flipped(octets, chance):
    """A copy with one bit changed."""
    changed, at = bytearray(octets), chance.randrange(len(octets))
    changed[at] ^= 1 << chance.randrange(8)
    return bytes(changed)


def test_a_damaged_file_ends_in_words_and_is_neither_kept_nor_brought_back(tmp_path):
    with open_book(tmp_path / "book", clock=lambda: tell.NOW_MS) as book:
        Town(book.post, points=6, stations=2, tickets=60).live(2)
        whole = backup(book, tmp_path / "copy")
    octets, chance = (tmp_path / "copy").read_bytes(), random.Random(1)
    found = Counter()
    for k in range(FLIPS):
        bad = tmp_path / f"bad{k}"
        bad.write_bytes(flipped(octets, chance))
        # SQLite's own opinion, by another way than ours.
        try:
            with closing(sqlite3.connect(bad)) as plain:
                sound = plain.execute("pragma integrity_check").fetchall() == [("ok",)]
        except sqlite3.DatabaseError:
            sound = False
        try:
            again = restore(bad, tmp_path / f"again{k}")
        except (ConflictError, OutsideError) as error:
            said = str(error)
            assert "\n" not in said
            found["refused"] += 1
            assert [*tmp_path.glob(f"again{k}*")] == []
        else:
            assert sound
            assert again.entries == whole.entries
            found["the same"] += 1
        found["damaged"] += not sound
    assert found["damaged"] > FLIPS / 10
    assert found["the same"] > 0


def test_a_page_that_is_another_is_said_to_be_damage(tmp_path):
    with open_book(tmp_path / "book", clock=lambda: tell.NOW_MS) as book:
        Town(book.post, points=6, stations=2, tickets=60).live(2)
        backup(book, tmp_path / "copy")
    octets = bytearray((tmp_path / "copy").read_bytes())
    last = len(octets) // 4096 - 1
    for page in range(last // 2, last, 2):
        octets[page * 4096 : page * 4096 + 4096] = octets[last * 4096 :]
    (tmp_path / "copy").write_bytes(octets)
    with open_book(tmp_path / "copy", read_only=True) as book:
        faults = verify(book).faults
        assert faults
        assert all(fault.startswith(("the file is damaged: ", "and ")) for fault in faults)
        with pytest.raises((ConflictError, OutsideError), match=r"damaged|malformed"):
            backup(book, tmp_path / "other")
    assert [*tmp_path.glob("other*")] == []


def test_a_row_that_belongs_to_none_is_found(quick, tmp_path):
    post(quick, [tell.ticket()])
    backup(quick, tmp_path / "copy")
    with closing(sqlite3.connect(tmp_path / "copy", isolation_level=None)) as thief:
        thief.execute("drop trigger draw_update")
        thief.execute("insert into draw values (77, 0, null, 1, 5)")
    with open_book(tmp_path / "copy", read_only=True) as book:
        faults = verify(book).faults
    assert "the draw rows are of entries 77 to 77; the chain has 1 to 1" in faults


def test_a_book_of_a_newer_version_is_refused_with_both_versions(quick, tmp_path):
    post(quick, [tell.ticket()])
    backup(quick, tmp_path / "copy")
    with closing(sqlite3.connect(tmp_path / "copy", isolation_level=None)) as later:
        later.execute("drop trigger head_update")
        later.execute(f"update head set version = {VERSION + 1}")
    said = f"is a book of version {VERSION + 1}, not {VERSION}; install the newer Ainalym"
    with pytest.raises(OutsideError, match=said):
        restore(tmp_path / "copy", tmp_path / "again")
    with pytest.raises(OutsideError, match=said):
        open_book(tmp_path / "copy", read_only=True)
    assert [*tmp_path.glob("again*")] == []


def child(work, delay_s=None):
    """Do some work in a child, which is killed after so long; its exit code, below 0 if killed."""
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join(delay_s)
    if process.is_alive():
        process.kill()
    process.join()
    return process.exitcode


def test_killed_at_any_moment_it_leaves_a_whole_file_or_none(tmp_path):
    with open_book(tmp_path / "book", clock=lambda: tell.NOW_MS) as book:
        Town(book.post, points=6, stations=2, tickets=60).live(6)
        whole = backup(book, tmp_path / "copy")

    def back_up():
        with open_book(tmp_path / "book", read_only=True) as opened:
            backup(opened, tmp_path / "kept")

    def bring_back():
        restore(tmp_path / "copy", tmp_path / "kept")

    chance, ends = random.Random(1), Counter()
    for k in range(KEPT_KILLS):
        work = (back_up, bring_back)[k % 2]
        ends[child(work, chance.uniform(0, 1.2))] += 1
        if (tmp_path / "kept").exists():
            with open_book(tmp_path / "kept", read_only=True) as opened:
                assert verify(opened) == whole
            for left in tmp_path.glob("kept*"):
                left.unlink()
    work()
    assert sorted(path.name for path in tmp_path.glob("kept*")) in (
        ["kept"],
        ["kept", "kept.lock"],
    )
    assert ends[-signal.SIGKILL] > 0


def test_two_may_not_write_the_same_file_at_once(quick, tmp_path):
    post(quick, [tell.ticket()])
    with suppress(KeyboardInterrupt), appearing(tmp_path / "copy", print):
        with pytest.raises(ConflictError, match="another process is writing this file; wait"):
            backup(quick, tmp_path / "copy")
        raise KeyboardInterrupt
    assert backup(quick, tmp_path / "copy").whole


def test_a_file_that_may_not_grow_leaves_nothing_and_the_next_try_succeeds(tmp_path):
    with open_book(tmp_path / "book", clock=lambda: tell.NOW_MS) as book:
        Town(book.post, points=6, stations=2, tickets=60).live(2)
        backup(book, tmp_path / "copy")

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, 64 * 1024))
        code = 0
        with open_book(tmp_path / "book", read_only=True) as opened:
            for work in (
                lambda: backup(opened, tmp_path / "kept"),
                lambda: restore(tmp_path / "copy", tmp_path / "kept"),
            ):
                try:
                    work()
                except OutsideError:
                    code += 1
        os._exit(code)

    assert child(limited) == 2
    assert [path.name for path in tmp_path.glob("kept*")] == []
    assert restore(tmp_path / "copy", tmp_path / "kept").whole
