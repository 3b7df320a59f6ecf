"""The door to the databases: SQLite and PostgreSQL behind one way to run the same SQL.

The only file that meets `sqlite3` and `psycopg`.
"""

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

from ainalym.errors import OutsideError
from ainalym.ledger.files import (
    closed,
    logs,
    make_private,
    narrow,
    opened,
    refuse_foreign_log,
    resolved,
)

WAIT_S = 10.0
CACHE_KIB = 64 * 1024
"""Of the one connection that writes."""

READER_KIB = 2 * 1024
"""Of each connection that reads. A site has one for each of its threads, and what they read is also
in the cache of the operating system, which all of them share. Measured: forms are as quick with
2 MiB as with 8."""

ROWS_AT_ONCE = 512
"""Rows SQLite is handed in one statement. Measured: of 128, 512, 1,024 and 2,000 the quickest."""

SERVER = re.compile(r"postgres(ql)?://")

PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""How long a server may be silent, in seconds and, for the last, milliseconds: a firewall that
drops a connection without a word would else hold a thread for ever."""

READ_ONLY, CORRUPT, NOT_OPENED, NO_DATABASE = 8, 11, 14, 26
"""Numbers of SQLite's errors, which it never changes."""


class Refused(Exception):
    """A guard of the database itself refused a row; the message is the guard's."""


class Lost(OutsideError):
    """The server had gone away before anything was sent: a new connection may try again."""


class Store:
    """One connection to a book's database, and the same few verbs on both engines.

    Parameters
    ----------
    connection
        A DB-API connection of `sqlite3` or `psycopg`, in autocommit. It is used as it is.
    """

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._gone = False
        self.engine = "sqlite" if isinstance(connection, sqlite3.Connection) else "postgres"
        # Numbers too large for a column are refused by the driver.
        self._refusals: tuple[type[Exception], ...] = (sqlite3.IntegrityError, OverflowError)
        # What a damaged file says of itself may be no text.
        self._failures: tuple[type[Exception], ...] = (sqlite3.Error, UnicodeDecodeError)
        if self.engine == "postgres":
            import psycopg

            refused = (psycopg.errors.RaiseException, psycopg.errors.NumericValueOutOfRange)
            self._refusals = (psycopg.IntegrityError, *refused)
            self._failures = (psycopg.Error,)

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple]:
        """Run one statement and give its rows; `?` stands for each value."""
        return self._run(sql, values, "fetchall")

    def one(self, sql: str, values: Sequence[object] = ()) -> tuple | None:
        """Run one statement and give its first row, or None."""
        return self._run(sql, values, "fetchone")

    def stream(self, sql: str, values: Sequence[object] = (), *, at_once: int = 50_000) -> Iterator:
        """Run one statement and give its rows in lists of at most `at_once`.

        On PostgreSQL it has to run inside `reading` or `writing`.
        """
        named = {} if self.engine == "sqlite" else {"name": "stream"}
        with self._failing(), closing(self.connection.cursor(**named)) as cursor:
            cursor.execute(self._said(sql), values)
            while rows := cursor.fetchmany(at_once):
                yield rows

    def among(self, column: str, numbers: Iterable[int]) -> tuple[str, tuple]:
        """Say that a column is one of any many numbers: the condition, and its value."""
        if self.engine == "sqlite":
            told = ",".join(map(str, numbers))
            return f"{column} in (select value from json_each(?))", (f"[{told}]",)
        return f"{column} = any(?::bigint[])", ([*numbers],)

    def run(self, sql: str, values: Sequence[object] = ()) -> None:
        """Run one statement that gives no rows."""
        self._run(sql, values)

    def run_each(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement once for each row."""
        with self._failing():
            self.connection.cursor().executemany(self._said(sql), rows)

    def columns(self, table: str) -> list[str]:
        """List a table's columns as the engine knows them."""
        cursor = self.connection.cursor()
        cursor.execute(f"select * from {table} limit 0")
        return [told[0] for told in cursor.description]

    def append(self, table: str, columns: str, rows: Iterable[Sequence[object]]) -> None:
        """Add rows to a table by the fastest way the engine has.

        Parameters
        ----------
        table, columns
            Their names; columns with commas between.
        rows
            Values in that order.
        """
        if not rows:
            return
        with self._failing():
            if self.engine == "sqlite":
                width = columns.count(",") + 1
                said = f"insert into {table} ({columns}) values "
                marks = f"({','.join('?' * width)})"
                values, size = [*chain.from_iterable(rows)], width * ROWS_AT_ONCE
                whole = len(values) // size * size
                blocks = (values[k : k + size] for k in range(0, whole, size))
                self.connection.executemany(said + ",".join([marks] * ROWS_AT_ONCE), blocks)
                ends = (values[k : k + width] for k in range(whole, len(values), width))
                self.connection.executemany(said + marks, ends)
                return
            with (
                self.connection.cursor() as cursor,
                cursor.copy(f"copy {table} ({columns}) from stdin") as copy,
            ):
                for row in rows:
                    copy.write_row(row)

    def change(
        self, table: str, columns: str, rows: Sequence[Sequence[object]], *, add: bool = False
    ) -> None:
        """Change what a table's rows keep beside what is written for good.

        Parameters
        ----------
        table, columns
            Names; columns with commas between.
        rows
            New values in that order, then the row's id.
        add
            Whether values are added to the old ones.
        """
        if not rows:
            return
        names = columns.split(", ")
        plus = " + ".join if add else "".join
        if self.engine == "sqlite":
            said = ", ".join(f"{name} = " + plus([name, "?"][not add :]) for name in names)
            self.run_each(f"update {table} set {said} where id = ?", rows)
            return
        said = ", ".join(f"{n} = " + plus([f"old.{n}", f"new.{n}"][not add :]) for n in names)
        lists = ", ".join("?::bigint[]" for _ in range(len(names) + 1))
        self.run(
            f"update {table} old set {said} from unnest({lists}) as new({columns}, id) "
            "where old.id = new.id",
            [list(column) for column in zip(*rows, strict=True)],
        )

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold a transaction that writes: all of it is kept, or nothing."""
        sqlite = self.engine == "sqlite"
        self._begin("begin immediate" if sqlite else "begin isolation level read committed")
        try:
            yield
            self._run("commit")
        except BaseException:
            # A connection that is gone, or a full disk, has taken everything back already.
            with suppress(OutsideError):
                self._run("rollback")
            raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold a transaction that sees one state of the book while others write."""
        sqlite = self.engine == "sqlite"
        self._begin("begin" if sqlite else "begin isolation level repeatable read read only")
        try:
            yield
        except Refused as error:
            raise OutsideError(f"the database failed: {error}") from error
        finally:
            with suppress(OutsideError):
                self._run("rollback")

    def copy_pages(self, target: "Store") -> None:
        """Copy a SQLite file into another, page by page, as this connection sees it."""
        with self._failing():
            self.connection.backup(target.connection)

    def server_ms(self) -> int | None:
        """Tell the server's time, milliseconds since 1970; None where there is no server."""
        if self.engine == "sqlite":
            return None
        return int(self.one("select (extract(epoch from clock_timestamp()) * 1000)::bigint")[0])

    def rebuild(self) -> None:
        """Write a SQLite file anew: where its pages were split, copies of old rows lie in the gaps.

        PostgreSQL frees what was erased at its next vacuum; its own log and its copies have it.
        """
        if self.engine == "sqlite":
            self.run("vacuum")

    def forget(self) -> bool:
        """Empty the log beside a SQLite file, where what was erased may lie; tell whether it is.

        Who reads an earlier state of the file keeps the log: then it has to be tried again.
        """
        if self.engine == "postgres":
            return True
        self.run("pragma busy_timeout = 0")
        try:
            return not self.one("pragma wal_checkpoint(truncate)")[0]
        finally:
            self.run(f"pragma busy_timeout = {int(1000 * WAIT_S)}")

    @property
    def is_lost(self) -> bool:
        """Whether the server has gone away, so that a new connection is needed."""
        return self._gone or (self.engine == "postgres" and self.connection.broken)

    def close(self) -> None:
        """Let go of the connection."""
        self.connection.close()
        closed(self)

    def _begin(self, said: str) -> None:
        """Begin a transaction, which also finds out whether the server is still there."""
        try:
            self._run(said)
        except OutsideError as error:
            if self.engine == "sqlite":
                raise
            # A server refuses to begin only where it refuses to go on at all.
            self._gone = True
            raise Lost(str(error)) from error

    def _said(self, sql: str) -> str:
        return sql if self.engine == "sqlite" else sql.replace("?", "%s")

    def _run(self, sql: str, values: Sequence[object] = (), fetch: str = "") -> Any:
        # What `_failing` does, without its cost: a trace asks thousands of times.
        try:
            if self.engine == "postgres":
                # Without values psycopg leaves percent signs alone.
                cursor = self.connection.execute(self._said(sql), values or None)
            else:
                cursor = self.connection.execute(sql, values)
            return getattr(cursor, fetch)() if fetch else None
        except self._refusals as error:
            raise Refused(str(error)) from error
        except self._failures as error:
            raise OutsideError(f"the database failed: {error}") from error

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Say in our words that a guard refused, or that the database failed."""
        try:
            yield
        except self._refusals as error:
            raise Refused(str(error)) from error
        except self._failures as error:
            raise OutsideError(f"the database failed: {error}") from error


def connect(
    where: str | Path,
    *,
    new: bool = True,
    read_only: bool = False,
    cache_kib: int = CACHE_KIB,
) -> Store:
    """Open a connection to a SQLite file, or to a PostgreSQL server by its address.

    Parameters
    ----------
    where
        A path, or `postgresql://...`.
    new
        Whether a file that is missing is made; it is its owner's alone. One that is there and is
        written to is taken from all others.
    read_only
        Whether it is only read, and a file stays as it is to the last byte.
    cache_kib
        What SQLite keeps of the file in memory, for this connection alone.

    Raises
    ------
    ConflictError
        The log of another book lies beside the file.
    OutsideError
        The file or the server cannot be reached.
    """
    if SERVER.match(str(where)):
        return _server(str(where))
    path = Path(where)
    if not new and not path.is_file():
        raise OutsideError(f"{path}: there is no book here; `ainalym serve` makes one")
    file = resolved(path)
    refuse_foreign_log(path)
    try:
        if not read_only:
            make_private(file)
        try:
            connection = _opened(file, read_only=read_only, cache_kib=cache_kib)
        except sqlite3.OperationalError as error:
            if not read_only or error.sqlite_errorcode & 0xFF not in (READ_ONLY, NOT_OPENED):
                raise
            connection = _sealed(path, file, cache_kib)
        if not read_only:
            narrow(file)
        found = file.stat()
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
        said = " ".join(str(error).split())
        raise OutsideError(f"{path}: this is no book, or it cannot be opened: {said}") from error
    store = Store(connection)
    opened(store, found)
    return store


def _opened(
    file: Path, *, read_only: bool, cache_kib: int, sealed: bool = False
) -> sqlite3.Connection:
    name = f"{file.as_uri()}?mode={'ro' if read_only else 'rwc'}{'&immutable=1' if sealed else ''}"
    said = ["foreign_keys = on", f"cache_size = -{cache_kib}"]
    if not read_only:
        # What is erased is overwritten, not only left out.
        said += ["journal_mode = wal", "synchronous = full", "secure_delete = on"]
    connection = sqlite3.connect(
        name, uri=True, timeout=WAIT_S, isolation_level=None, check_same_thread=False
    )
    try:
        for pragma in (*said, "schema_version"):
            connection.execute(f"pragma {pragma}").fetchall()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _sealed(path: Path, file: Path, cache_kib: int) -> sqlite3.Connection:
    """Open a file where nothing can be written, so that nobody can write to it either."""
    for log in logs(file):
        if not log.name.endswith("-shm") and log.stat().st_size:
            said = f"{log} belongs to it, and nothing may be written here to read that"
            mend = "copy both files to a folder where you may write, and name the copy"
            raise OutsideError(f"{path}: {said}; {mend}")
    return _opened(file, read_only=True, cache_kib=cache_kib, sealed=True)


def patient(said: Mapping[str, object]) -> dict[str, object]:
    """Give what is said of a connection to a server, with `PATIENCE` where it says nothing."""
    usual = dict(PATIENCE)
    if os.environ.get("PGCONNECT_TIMEOUT"):
        del usual["connect_timeout"]
    return {**usual, **said}


def _server(address: str) -> Store:
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
    except ImportError as error:
        said = "PostgreSQL needs the package psycopg: pip install 'ainalym[postgres]'"
        raise OutsideError(said) from error
    try:
        told = patient(conninfo_to_dict(address))
        return Store(psycopg.connect(**told, autocommit=True))
    except psycopg.Error as error:
        raise OutsideError(f"the PostgreSQL server cannot be reached: {error}") from error


def damage(store: Store) -> list[str]:
    """Ask SQLite whether its file is whole: pages, indexes, types; PostgreSQL keeps watch itself.

    What a table's own checks say of values is left to `verify`, which derives each of them anew.

    Returns
    -------
    list of str
        A sentence for each damage, at most twenty; empty where there is none. Where there is some,
        values read from the file may be anything.

    Raises
    ------
    OutsideError
        The file cannot be read for another reason.
    """
    if store.engine == "postgres":
        return []
    try:
        store.run("pragma ignore_check_constraints = on")
        found = [one for (one,) in store.rows("pragma integrity_check(20)")]
        store.run("pragma ignore_check_constraints = off")
    except OutsideError as error:
        number = getattr(error.__cause__, "sqlite_errorcode", CORRUPT) & 0xFF
        if number not in (CORRUPT, NO_DATABASE):
            raise
        found = [str(error.__cause__)]
    return [
        "the file is damaged: " + "; ".join(str(one).split("\n")) for one in found if one != "ok"
    ]
