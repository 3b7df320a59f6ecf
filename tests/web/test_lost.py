"""A site that was in use and whose book is gone is not served on an empty one."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from ainalym.ledger import backup, entries, open_book, rules
from tests.web.counter.cases import told
from tests.web.test_serve import Visitor, database, free_port, passwords, serving

__all__ = ["database"]

pytestmark = pytest.mark.slow


def refused(data: Path, *words: str, database: str = "") -> subprocess.CompletedProcess:
    """Try to serve, where nothing is to be served."""
    order = [sys.executable, "-m", "ainalym", "serve", "--data", data, "--port", free_port()]
    return run(*order, *words, database=database)


def serve_once(data: Path, *words: str, database: str = "") -> None:
    """Serve until a page was seen."""
    with serving(data, *words, database=database) as address:
        assert Visitor(address).ask("/people/sign-in")[0] == 200


def run(*order: object, database: str = "") -> subprocess.CompletedProcess:
    """Run a command to its end."""
    return subprocess.run(
        [*map(str, order)],
        env={**os.environ, "DATABASE_URL": database},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def lose(data: Path, database: str) -> None:
    """Lose the book, and nothing else: as where only the site's own tables were brought back."""
    if not database:
        for name in ("book.sqlite", "book.sqlite-wal", "book.sqlite-shm"):
            with suppress(FileNotFoundError):
                (data / name).unlink()
        return
    import psycopg

    with psycopg.connect(database, autocommit=True) as server:
        found = server.execute(
            "select table_name from information_schema.tables "
            "where table_schema = current_schema() and table_name not like '%\\_%'"
        ).fetchall()
        for (name,) in found:
            server.execute(f'drop table "{name}" cascade')
        found = server.execute(
            "select oid::regprocedure from pg_proc "
            "where pronamespace = current_schema()::regnamespace"
        ).fetchall()
        for (name,) in found:
            server.execute(f"drop function {name} cascade")


def test_a_lost_book_is_not_replaced_and_comes_back_from_its_backup(tmp_path, database):
    data, kept = tmp_path / "data", tmp_path / "kept.sqlite"
    with serving(data, "--demo", database=database) as address:
        keeper = Visitor(address)
        keeper.sign_in("keeper-12", passwords(data)["keeper-12"])
        keeper.send("/counter/pt-012/series", {"device": "1" * 32})
        assert keeper.send("/counter/pt-012/tickets", told(series="pt-012-A"))[0] == 201
    where = database or data / "book.sqlite"
    with open_book(where, read_only=True) as book:
        backup(book, kept)
        number = len(entries(book, most=1_000))
    lose(data, database)

    said = refused(data, database=database)
    assert said.returncode == 1
    assert "was in use with a book" in said.stderr
    assert "ainalym book restore BACKUP --book" in said.stderr
    assert "--new-book" in said.stderr
    assert "Traceback" not in said.stderr
    if not database:
        assert not (data / "book.sqlite").exists(), "an empty one would bar the restored one"

    back = run(sys.executable, "-m", "ainalym", "book", "restore", kept, "--book", where,
               database=database)  # fmt: skip
    assert back.returncode == 0, back.stderr
    serve_once(data, database=database)
    with open_book(where, read_only=True) as book:
        assert len(entries(book, most=1_000)) == number


def test_a_new_book_begins_only_where_it_is_asked_for_and_once(tmp_path, database):
    data = tmp_path / "data"
    where = database or data / "book.sqlite"
    serve_once(data, "--demo", database=database)
    lose(data, database)
    assert refused(data, database=database).returncode == 1
    with serving(data, "--new-book", database=database) as address:
        keeper = Visitor(address)
        keeper.sign_in("keeper-12", passwords(data)["keeper-12"])
    with open_book(where, read_only=True) as book:
        assert "fibre-line" in rules(book, "process"), "stations sort again"
    again = refused(data, "--new-book", database=database)
    assert again.returncode == 1
    assert "leave --new-book off" in again.stderr
    serve_once(data, database=database)


def test_an_empty_book_beside_devices_at_work_is_a_lost_one(tmp_path):
    data = tmp_path / "data"
    with serving(data, "--demo") as address:
        keeper = Visitor(address)
        keeper.sign_in("keeper-12", passwords(data)["keeper-12"])
        keeper.send("/counter/pt-012/series", {"device": "1" * 32})
    lose(data, "")
    open_book(data / "book.sqlite").close()
    said = refused(data)
    assert said.returncode == 1
    assert f"move {data / 'book.sqlite'} aside" in said.stderr
    serve_once(data, "--new-book")
    serve_once(data)
