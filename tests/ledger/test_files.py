"""A book's files are for their owner alone, and one process writes, by whatever name it comes."""

import json
import os
import stat
import subprocess
import sys
from contextlib import closing, suppress

import pytest

from ainalym.errors import ConflictError, OutsideError
from ainalym.ledger import (
    backup,
    open_book,
    post,
    restore,
    stock,
    verify,
    write_events,
    write_journal,
    write_tables,
)
from ainalym.ledger.files import make_folder
from ainalym.ledger.store import connect
from tests.ledger import tell

UMASKS = (0o000, 0o022, 0o077, 0o277)


@pytest.fixture(params=UMASKS, ids=oct)
def umask(request):
    """So many bits that new files lose."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def rights(folder):
    """The mode of every file below a folder."""
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode)
        for path in folder.rglob("*")
    }


def test_all_files_of_a_book_are_for_their_owner_alone_whatever_the_umask(tmp_path, umask):
    place = tmp_path / "wide"
    place.mkdir()
    place.chmod(0o755)
    with open_book(place / "book.sqlite", clock=lambda: tell.NOW_MS) as book:
        post(book, [tell.ticket()])
        assert {"book.sqlite", "book.sqlite-wal", "book.sqlite-shm", "book.sqlite.lock"} == {
            *rights(place)
        }
        backup(book, place / "copy.sqlite")
        write_journal(book, place / "book.journal")
        write_events(book, place / "events.json", "https://book.example")
        write_tables(book, place / "deep" / "tables")
        found = rights(place)
    restore(place / "copy.sqlite", place / "again.sqlite")
    found |= rights(place)
    assert (found.pop("deep"), found.pop("deep/tables")) == (0o700, 0o700)
    assert len(found) == 14
    assert {*found.values()} == {0o600}, found
    assert rights(tmp_path)["wide"] == 0o755, "a folder that was there stays as it was"


def test_a_book_that_others_could_read_is_narrowed_when_it_is_written_to(tmp_path):
    path = tmp_path / "book.sqlite"
    with open_book(path, clock=lambda: tell.NOW_MS) as book:
        post(book, [tell.ticket()])
    path.chmod(0o666)
    (tmp_path / "book.sqlite.lock").chmod(0o644)
    with open_book(path, read_only=True) as book:
        assert verify(book).whole
    assert rights(tmp_path)["book.sqlite"] == 0o666, "who reads changes nothing"
    with open_book(path, clock=lambda: tell.NOW_MS) as book:
        post(book, [tell.ticket()])
        assert {*rights(tmp_path).values()} == {0o600}


def test_the_sites_own_tables_are_for_their_owner_alone(tmp_path):
    """In a process of its own: Django is settled once in each."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o755)
    (tmp_path / "data" / "first-passwords.txt").write_text("of last time")
    (tmp_path / "data" / "site.sqlite").touch(0o644)
    for name in ("first-passwords.txt", "site.sqlite"):
        (tmp_path / "data" / name).chmod(0o644)
    said = """
import os, pathlib, stat, sys, json
os.umask(0)
from ainalym.web.serve import first_people, ready
data = pathlib.Path(sys.argv[1])
ready(data, database="")
first_people(data, demo=False, city="toy")
print(json.dumps({p.name: stat.S_IMODE(p.stat().st_mode) for p in data.iterdir() if p.is_file()}))
"""
    words = [sys.executable, "-c", said, tmp_path / "data"]
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert {"site.sqlite", "book.sqlite", "secret.key", "first-passwords.txt"} <= {*found}
    assert {*found.values()} == {0o600}, found


def links(tmp_path):
    """The same book under other names."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "symbolic").symlink_to(tmp_path / "book.sqlite")
    (elsewhere / "twice").symlink_to("../symbolic")
    (tmp_path / "folder").symlink_to(tmp_path)
    os.link(tmp_path / "book.sqlite", elsewhere / "hard")
    return (
        tmp_path / "symbolic",
        elsewhere / "twice",
        tmp_path / "folder" / "book.sqlite",
        elsewhere / "hard",
    )


@pytest.mark.parametrize("before", [True, False], ids=["linked before", "linked while open"])
def test_a_second_writer_is_refused_through_any_link(tmp_path, before):
    path = tmp_path / "book.sqlite"
    open_book(path).close()
    names = links(tmp_path) if before else ()
    said = "import sys; from ainalym.ledger import open_book; open_book(sys.argv[1])"
    with open_book(path, clock=lambda: tell.NOW_MS) as book:
        post(book, [tell.ticket()])
        for name in names or links(tmp_path):
            with pytest.raises(ConflictError, match="another process writes to this book; stop"):
                open_book(name)
            done = subprocess.run([sys.executable, "-c", said, name], capture_output=True)
            assert b"another process writes to this book; stop it first" in done.stderr
        post(book, [tell.ticket()])
        assert verify(book).whole
    with open_book(tmp_path / "symbolic", clock=lambda: tell.NOW_MS) as book:
        assert stock(book, "P1") == {"pet": 24_000}


def test_a_lock_whose_file_is_removed_is_not_held_by_two(tmp_path):
    path = tmp_path / "book.sqlite"
    with open_book(path):
        (tmp_path / "book.sqlite.lock").unlink()
        with pytest.raises(ConflictError, match="another process writes to this book"):
            open_book(path)


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="Not a directory"):
        make_folder(tmp_path / "file" / "below")
    with pytest.raises(OSError, match="Not a directory"):
        make_folder(tmp_path / "file")


@pytest.fixture
def sealed(tmp_path):
    """A book in a folder where nothing can be written, and a place where something can."""
    place, out = tmp_path / "sealed", tmp_path / "out"
    place.mkdir()
    out.mkdir()
    with open_book(place / "book.sqlite", clock=lambda: tell.NOW_MS) as book:
        post(book, [tell.ticket() for _ in range(30)])
        log = (place / "book.sqlite-wal").read_bytes()
    (place / "book.sqlite.lock").unlink()
    return place, out, log


def as_nobody(place, out, work):
    """Do some work as one who may not write in `place`; what it returns, or the error it raised."""
    place.chmod(0o500)
    if os.getuid():
        return work()
    # The superuser may write anywhere, so somebody else has to try.
    for path in (place, out, *place.iterdir()):
        os.chown(path, 65_534, 65_534)
    ours, its = os.pipe()
    process = os.fork()
    if not process:
        told = {"fault": "it ended"}
        with suppress(BaseException):
            os.seteuid(65_534)
            try:
                told = {"done": work()}
            except (ConflictError, OutsideError) as error:
                told = {"fault": str(error)}
        os.write(its, json.dumps(told).encode())
        os._exit(0)
    os.close(its)
    with os.fdopen(ours) as said:
        told = json.load(said)
    os.waitpid(process, 0)
    if "fault" in told:
        raise OutsideError(told["fault"])
    return told["done"]


@pytest.fixture
def reachable(tmp_path):
    """Whether somebody else comes as far as the test's folder."""
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_uid == os.getuid() and path != path.parent:
            with suppress(OSError):
                path.chmod(path.stat().st_mode | 0o011)


def test_a_book_where_nothing_can_be_written_is_verified_and_backed_up(sealed, reachable):
    place, out, _ = sealed

    def work():
        with open_book(place / "book.sqlite", read_only=True) as book:
            whole = verify(book)
            return whole.whole and backup(book, out / "copy.sqlite") == whole

    with pytest.raises(OutsideError, match=r"cannot be opened|read-only|readonly"):
        as_nobody(place, out, lambda: connect(place / "book.sqlite").close())
    assert as_nobody(place, out, work)
    assert [path.name for path in place.iterdir()] == ["book.sqlite"]


def test_a_log_that_cannot_be_read_is_not_passed_over(sealed, reachable):
    place, out, log = sealed
    (place / "book.sqlite-wal").write_bytes(log)

    def work():
        open_book(place / "book.sqlite", read_only=True)

    said = "book.sqlite-wal belongs to it, and nothing may be written here to read that; copy both"
    with pytest.raises(OutsideError, match=said):
        as_nobody(place, out, work)


def test_reading_the_head_of_a_file_ends_no_lock_on_it(tmp_path):
    """Who closes a file ends all locks of its process on it: here those of SQLite."""
    path = tmp_path / "book.sqlite"
    said = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=0);"
        "c.execute('pragma locking_mode = exclusive'); c.execute('pragma journal_mode = delete')"
    )
    with open_book(path, clock=lambda: tell.NOW_MS) as book:
        post(book, [tell.ticket()])
        with open_book(path, read_only=True) as other, closing(connect(path, new=False)):
            assert verify(other).whole
        with pytest.raises(ConflictError):
            open_book(path)
        done = subprocess.run([sys.executable, "-c", said, path], capture_output=True, text=True)
        assert "database is locked" in done.stderr
        post(book, [tell.ticket()])
        assert verify(book).whole
