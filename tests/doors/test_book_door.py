"""The book's commands as a person and as a script meets them."""

import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from ainalym import cli
from ainalym.ledger import open_book
from tests.ledger import servers, tell
from tests.ledger.towns import Town


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run one command in an empty folder: its exit code, and what it put on stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)

    def run_one(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(["book", *(str(word) for word in words)])
        told = capsys.readouterr()
        return left.value.code, told.out, told.err

    return run_one


def fill(where):
    """A small town's days in a book."""
    with open_book(where, clock=lambda: tell.NOW_MS) as book:
        Town(book.post, points=6, stations=2, tickets=60).live(3)


@pytest.fixture
def book(run, tmp_path):
    """A book where `serve` keeps it."""
    (tmp_path / "ainalym-data").mkdir()
    fill(tmp_path / "ainalym-data" / "book.sqlite")
    return tmp_path / "ainalym-data" / "book.sqlite"


def test_a_whole_book_is_said_to_be_whole(run, book):
    code, out, err = run("verify")
    assert code == 0
    assert "entries with" in out
    assert "are whole. The last hash is" in out
    assert "verifying" in err
    code, out, err = run("verify", "--json")
    told = json.loads(out)
    assert (code, err) == (0, "")
    assert told["whole"]
    assert told["entries"] > 200
    assert run("verify", "--quiet", "--hash", told["hash"]) == (0, "", "")


def test_a_book_that_was_changed_is_found_out(run, book):
    with closing(sqlite3.connect(book, isolation_level=None)) as thief:
        thief.execute("drop trigger entry_update")
        thief.execute("update entry set noted = '{}' where seq = 20")
    code, out, _ = run("verify", "--quiet")
    assert code == 1
    assert out.startswith("The book is not whole.\nentry 20 was changed: its bytes do not give")
    code, out, _ = run("verify", "--json")
    assert (code, json.loads(out)["whole"]) == (1, False)


def test_a_hash_that_is_gone_is_missed(run, book):
    code, out, _ = run("verify", "--hash", "00ff" * 16)
    assert code == 1
    assert f"{'00ff' * 16} is not in this book" in out


@pytest.mark.parametrize("said", ["zz", "00ff", "", "0" * 63 + "g", "0" * 65])
def test_what_is_no_hash_is_no_fault_of_the_book(run, book, said):
    code, out, err = run("verify", "--hash", said, "--hash", "1" * 64)
    assert code == 2
    assert f"--hash {said}: this is no hash of 64 hexadecimal digits" in err
    assert "whole" not in out + err


def test_a_backup_is_taken_while_the_book_is_written_and_comes_back(run, book, tmp_path):
    with open_book(book, clock=lambda: tell.NOW_MS) as writing:
        writing.post([tell.ticket()])
        code, out, _ = run("backup", "copy.sqlite")
        writing.post([tell.ticket()])
    assert code == 0
    assert out.startswith("copy.sqlite is a whole copy.")
    code, out, _ = run("backup", "copy.sqlite")
    assert code == 1
    code, out, _ = run("restore", "copy.sqlite", "--book", "again.sqlite", "--json")
    told = json.loads(out)
    assert (code, told["book"]) == (0, "again.sqlite")
    _, out, _ = run("verify", "--book", "again.sqlite", "--json")
    assert json.loads(out)["hash"] == told["hash"]
    code, _, err = run("restore", "copy.sqlite")
    assert code == 1
    assert "there is a file already; name a new one" in err


def test_a_log_that_lay_beside_a_new_file_is_set_aside_and_told(run, book, tmp_path):
    with open_book(book, clock=lambda: tell.NOW_MS) as writing:
        writing.post([tell.ticket(1_000)])
        log = book.with_name("book.sqlite-wal").read_bytes()
    assert run("backup", "copy.sqlite")[0] == 0
    (tmp_path / "again.sqlite-wal").write_bytes(log)
    code, out, _ = run("restore", "copy.sqlite", "--book", "again.sqlite")
    assert code == 0
    assert (
        "a log of an earlier book lay there; it is now again.sqlite-wal.set-aside." in out.lower()
    )
    assert run("verify", "--book", "again.sqlite")[0] == 0
    (tmp_path / "third.sqlite-wal").write_bytes(log)
    code, out, _ = run("backup", "third.sqlite", "--json")
    assert json.loads(out)["set_aside"] == ["third.sqlite-wal.set-aside"]
    (tmp_path / "copy.sqlite-wal").write_bytes(log)
    code, _, err = run("restore", "copy.sqlite", "--book", "fourth.sqlite")
    assert (code, "move that file away, then try again" in err) == (1, True)
    assert not (tmp_path / "fourth.sqlite").exists()


def test_a_journal_has_the_days_of_the_zone_asked_for(run, tmp_path):
    with open_book(tmp_path / "town.sqlite", clock=lambda: tell.NOW_MS) as book:
        book.post([tell.ticket(1_000, event_ms=1_764_531_000_000)])
    words = ("export", "--book", "town.sqlite", "--as", "journal")
    for zone, day in (((), "2025-12-01"), (("--zone", "UTC"), "2025-11-30")):
        assert run(*words, "book.journal", *zone)[0] == 0
        assert f"\n{day} (1) ticket" in (tmp_path / "book.journal").read_text()
    code, _, err = run(*words, "book.journal", "--zone", "nowhere")
    assert (code, "is no time zone" in err) == (2, True)


def test_postgres_is_reached_by_its_address_and_its_password_is_not_said(run, book, monkeypatch):
    assert run("backup", "copy.sqlite")[0] == 0
    with servers.schema(servers.wheel()) as address:
        monkeypatch.setenv("DATABASE_URL", address)
        assert run("restore", "copy.sqlite")[0] == 0
        code, out, _ = run("verify", "--json")
        assert (code, json.loads(out)["whole"]) == (0, True)
        code, _, err = run("restore", "copy.sqlite")
        assert code == 1
        assert "there is a book in this database" in err
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:secret@localhost:1/none?connect_timeout=2")
    code, out, err = run("verify")
    assert code == 3
    assert "the PostgreSQL server cannot be reached" in err
    assert "secret" not in out + err


def test_the_book_is_written_as_tables_a_journal_and_events(run, book, tmp_path):
    code, out, _ = run("export", "tables")
    assert code == 0
    assert "postings" in out
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == [
        "draws.csv",
        "entries.csv",
        "lots.csv",
        "periods.csv",
        "postings.csv",
    ]
    assert run("export", "book.journal", "--as", "journal")[0] == 0
    assert (tmp_path / "book.journal").read_text().startswith("; every mass in whole grams")
    code, out, _ = run("export", "e.json", "--as", "epcis", "--root", "https://x.example", "--json")
    assert json.loads(out)["events"] > 180
    assert "https://x.example/site/" in (tmp_path / "e.json").read_text()


def test_a_lot_is_traced_and_what_may_be_said_of_it_is_said(run, book):
    with open_book(book, read_only=True) as opened, opened.reading() as store:
        made = store.one(
            "select max(l.id) from lot l join account a on a.id = l.account "
            "where a.what like '%.clear'"
        )[0]
    code, out, _ = run("trace", made)
    assert code == 0
    assert "It may be said: 100.0% recycled, controlled blending." in out
    told = json.loads(run("trace", made, "--json")[1])
    assert sum(told["sites_g"].values()) == told["made_g"] == sum(told["tickets_g"].values())
    code, _, err = run("trace", 10**6)
    assert (code, "there is no lot 1000000 in this book" in err) == (2, True)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["verify"], 3, "there is no book here; `ainalym serve` makes one"),
        (["backup", "x"], 3, "there is no book here"),
        (["restore", "x"], 3, "there is no book here"),
        (["export", "x", "--as", "pdf"], 2, "Invalid value for '--as'"),
        (["trace", "0"], 2, "0 is not in the range"),
        (["trace"], 2, "Missing argument 'LOT'"),
    ],
)
def test_what_goes_wrong_is_said_in_one_sentence(run, tmp_path, words, code, said):
    left, out, err = run(*words)
    assert (left, out) == (code, "")
    assert said in err
    assert "Traceback" not in err
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    "words", [("clock", "--accept"), ("erase", "1", "--reason", "asked"), ("clock",)]
)
def test_a_book_that_is_not_there_is_not_made_by_the_way(run, tmp_path, words):
    code, _, err = run(*words, "--book", tmp_path / "typo.sqlite")
    assert code != 0
    assert "there is no book here" in err
    assert [*tmp_path.iterdir()] == []


def test_what_is_no_book_is_not_touched(run, book, tmp_path):
    shutil.copy(book, tmp_path / "half")
    with (tmp_path / "half").open("rb+") as half:
        half.truncate(20_000)
    before = (tmp_path / "half").read_bytes()
    code, _, err = run("verify", "--book", "half")
    assert code == 3
    assert "the database" in err or "no book" in err
    assert (tmp_path / "half").read_bytes() == before


def test_a_simulation_tells_what_came_of_it_and_keeps_what_is_there(run, tmp_path):
    words = ("simulate", "--days", 1, "--kills", 0, "--data", tmp_path / "one", "--json")
    code, out, _ = run(*words)
    told = json.loads(out)
    assert code == 0 and told["faults"] == [] and told["tickets"] > 50
    code, _, err = run(*words)
    assert code == 1 and "is there already" in err


@pytest.mark.parametrize(("zone", "code"), [("Asia/Almaty", 0), ("nowhere", 2)])
def test_what_was_measured_is_told_by_day(run, book, zone, code):
    days = ("--from", "2025-01-01", "--to", "2025-01-03", "--zone", zone)
    found, out, err = run("measured", *days)
    assert found == code
    assert ("kg a day (" in out) if code == 0 else ("no time zone" in err)
    assert run("measured", "--from", "2025-01-03", "--to", "2025-01-01")[0] == 2
