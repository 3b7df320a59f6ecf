"""The door to the databases: SQLite and PostgreSQL behind one way to run the same SQL.

The only file that meets `sqlite3` and `psycopg`.
"""

import fcntl
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import Any

from ainalym.errors import ConflictError, OutsideError

WAIT_S = 10.0
CACHE_KIB = 64 * 1024
ROWS_AT_ONCE = 512
"""Rows SQLite is handed in one statement. Measured: of 128, 512, 1,024 and 2,000 the quickest."""

VERSION = 2
"""Of the tables and of the bytes that are hashed."""

SERVER = re.compile(r"postgres(ql)?://")
WORDS = {
    "sqlite": {
        "whole": "integer",
        "bytes": "blob",
        "strict": "strict",
        "clustered": "strict, without rowid",
    },
    "postgres": {"whole": "bigint", "bytes": "bytea", "strict": "", "clustered": ""},
}


class Refused(Exception):
    """A guard of the database itself refused a row; the message is the guard's."""


class Store:
    """One connection to a book's database, and the same few verbs on both engines.

    Parameters
    ----------
    connection
        A DB-API connection of `sqlite3` or `psycopg`, in autocommit. It is used as it is.
    """

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.engine = "sqlite" if isinstance(connection, sqlite3.Connection) else "postgres"
        self._refusals: tuple[type[Exception], ...] = (sqlite3.IntegrityError,)
        # What a damaged file says of itself may be no text.
        self._failures: tuple[type[Exception], ...] = (sqlite3.Error, UnicodeDecodeError)
        if self.engine == "postgres":
            import psycopg

            self._refusals = (psycopg.IntegrityError, psycopg.errors.RaiseException)
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
        self._run("begin immediate" if self.engine == "sqlite" else "begin")
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
        self._run("begin" if sqlite else "begin isolation level repeatable read read only")
        try:
            yield
        finally:
            with suppress(OutsideError):
                self._run("rollback")

    def server_ms(self) -> int | None:
        """Tell the server's time, milliseconds since 1970; None where there is no server."""
        if self.engine == "sqlite":
            return None
        return int(self.one("select (extract(epoch from clock_timestamp()) * 1000)::bigint")[0])

    def forget(self) -> None:
        """Let nothing that was erased lie in the log beside a SQLite file.

        PostgreSQL frees it at its next vacuum.
        """
        if self.engine == "sqlite":
            self.one("pragma wal_checkpoint(truncate)")

    @property
    def is_lost(self) -> bool:
        """Whether the server has gone away, so that a new connection is needed."""
        return self.engine == "postgres" and self.connection.broken

    def close(self) -> None:
        """Let go of the connection."""
        self.connection.close()

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


def connect(where: str | Path, *, new: bool = True, read_only: bool = False) -> Store:
    """Open a connection to a SQLite file, or to a PostgreSQL server by its address.

    Parameters
    ----------
    where
        A path, or `postgresql://...`.
    new
        Whether a file that is missing is made.
    read_only
        Whether it is only read, and a file stays as it is to the last byte.

    Raises
    ------
    OutsideError
        The file or the server cannot be reached.
    """
    if SERVER.match(str(where)):
        try:
            import psycopg
        except ImportError as error:
            said = "PostgreSQL needs the package psycopg: pip install 'ainalym[postgres]'"
            raise OutsideError(said) from error
        try:
            return Store(psycopg.connect(str(where), autocommit=True))
        except psycopg.Error as error:
            raise OutsideError(f"the PostgreSQL server cannot be reached: {error}") from error
    path = Path(where)
    if not new and not path.is_file():
        raise OutsideError(f"{path}: there is no book here; `ainalym serve` makes one")
    name = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    said = ["foreign_keys = on", f"cache_size = -{CACHE_KIB}"]
    if not read_only:
        # What is erased is overwritten, not only left out.
        said += ["journal_mode = wal", "synchronous = full", "secure_delete = on"]
    try:
        connection = sqlite3.connect(
            name, uri=True, timeout=WAIT_S, isolation_level=None, check_same_thread=False
        )
        for pragma in (*said, "schema_version"):
            connection.execute(f"pragma {pragma}").fetchall()
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise OutsideError(f"{path}: this is no book, or it cannot be opened: {error}") from error
    return Store(connection)


CORRUPT, NO_DATABASE = 11, 26
"""Numbers of SQLite's errors, which it never changes."""


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


def tables(store: Store) -> bool:
    """Tell whether the book's tables are there."""
    if store.engine == "sqlite":
        found = store.one("select 1 from sqlite_master where name = 'head'")
    else:
        found = store.one("select 1 where to_regclass('head') is not null")
    return found is not None


def create(store: Store) -> None:
    """Make the book's tables and the guards that refuse any change of what is written."""
    with store.writing():
        if store.engine == "postgres":
            store.run("select pg_advisory_xact_lock(4726)")
        if not tables(store):
            _make(store, VERSION)


def statements(engine: str) -> list[str]:
    """List the statements that make a book's tables, indexes and guards on an engine, in order."""
    home = resources.files("ainalym.ledger")
    schema = home.joinpath("schema.sql").read_text(encoding="utf-8")
    for word, own in WORDS[engine].items():
        schema = schema.replace(f"{{{word}}}", own)
    return [*_statements(schema + home.joinpath(f"guard-{engine}.sql").read_text(encoding="utf-8"))]


def _make(store: Store, version: int) -> None:
    for statement in statements(store.engine):
        store.run(statement)
    first = (version, 1, 0, 0, 0, bytes(32))
    store.run(
        "insert into head (version, one, seq, lots, recorded_ms, hash) values (?, ?, ?, ?, ?, ?)",
        first,
    )


TABLES = ("account", "entry", "lot", "posting", "draw", "period")


def copy(source: Store, target: Store) -> None:
    """Copy a book as `source` sees it into an empty database of either engine."""
    if source.engine == target.engine == "sqlite":
        with source._failing():
            source.connection.backup(target.connection)
        return
    version = source.one("select version from head")[0]
    if version != VERSION and target.engine == "postgres":
        said = f"this is a book of version {version}"
        raise ConflictError(f"{said}; take a copy of it over with `ainalym book upgrade` first")
    with target.writing():
        _make(target, version)
        for table in TABLES:
            order = {"entry": "seq", "period": "entry"}.get(table, "entry, n")
            order = "id" if table in ("account", "lot") else order
            columns = ", ".join(source.columns(table))
            for rows in source.stream(f"select {columns} from {table} order by {order}"):
                target.append(table, columns, rows)
        columns = ", ".join(source.columns("head"))
        head = source.one(f"select {columns} from head")
        marks = ", ".join(f"{name} = ?" for name in columns.split(", "))
        target.run(f"update head set {marks}", head)


def _statements(script: str) -> Iterator[str]:
    """Split a script into statements, each of which creates something."""
    bare = "\n".join(line for line in script.splitlines() if not line.startswith("--"))
    for part in re.split(r";\s*\n\s*(?=create)|;\s*\Z", bare):
        yield from [part.strip()] if part.strip() else []


class Lock:
    """Holds a file beside a SQLite book, so that no second process writes to it.

    Raises
    ------
    ConflictError
        Another process holds it.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.with_name(path.name + ".lock").open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            said = f"{path}: another process writes to this book; stop it first"
            raise ConflictError(said) from error

    def release(self) -> None:
        """Let others write."""
        self._file.close()
