"""One who has the file in hands: lifts every guard, changes a row, and puts the guards back."""

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import NamedTuple

TABLES = {
    "head": ("one",),
    "account": ("id",),
    "entry": ("seq",),
    "lot": ("id",),
    "posting": ("entry", "n"),
    "draw": ("entry", "n"),
    "period": ("entry",),
    "alias": ("alias",),
}
"""Tables of a book and their keys; those of sums that are kept have tests of their own."""

Change = Callable[[sqlite3.Connection], object]


class Column(NamedTuple):
    """A column as a file has it."""

    name: str
    kind: str


class Thief:
    """Tampers with copies of a SQLite book.

    Parameters
    ----------
    octets
        Of the file, which nobody writes to.
    """

    def __init__(self, octets: bytes) -> None:
        # A file in memory has no log beside it: this one keeps none.
        self._octets = octets[:18] + b"\x01\x01" + octets[20:]
        with closing(self.copy()) as book:
            self._made = book.execute(
                "select type, name, sql from sqlite_master where sql is not null"
            ).fetchall()
            self.columns = {
                table: [Column(*row[1:3]) for row in book.execute(f"pragma table_info({table})")]
                for table in TABLES
                if is_there(book, table)
            }
            self.rows = content(book)

    def copy(self) -> sqlite3.Connection:
        """Open a copy of the book."""
        book = sqlite3.connect(":memory:", isolation_level=None)
        book.deserialize(self._octets)
        return book

    def tampered(self, change: Change) -> sqlite3.Connection | None:
        """Give a copy with a change and all guards in place; None where it cannot be or is none.

        First with what the tables themselves refuse, then without.
        """
        for loose in (False, True):
            book = self._unguarded(loose)
            try:
                change(book)
            except (sqlite3.Error, OverflowError):
                book.close()
                continue
            self._guarded(book, loose)
            if content(book) != self.rows:
                return book
            book.close()
        return None

    def _unguarded(self, loose: bool) -> sqlite3.Connection:
        book = self.copy()
        book.execute("pragma foreign_keys = off")
        book.execute("pragma ignore_check_constraints = on")
        for kind, name, _ in self._made:
            if kind == "trigger":
                book.execute(f"drop trigger {name}")
        if loose:
            _say(book, {n: _loose(n, sql) for kind, n, sql in self._made if kind == "table"})
        return book

    def _guarded(self, book: sqlite3.Connection, loose: bool) -> None:
        if loose:
            _say(book, {name: sql for kind, name, sql in self._made if kind == "table"})
        for kind, _, sql in self._made:
            if kind == "trigger":
                book.execute(sql)
        book.execute("pragma ignore_check_constraints = off")


def _loose(table: str, sql: str) -> str:
    """Say how a table is made without types, and without what may not be missing but its keys."""
    sql = sql.replace(") strict, ", ") ").replace(") strict", ")")
    return re.sub(
        rf"^(    (?!(?:{'|'.join(TABLES[table])}) )\w+.*?) not null", r"\1", sql, flags=re.M
    )


def _say(book: sqlite3.Connection, said: dict[str, str]) -> None:
    """Say anew how tables are made, though their rows may not fit."""
    book.execute("pragma writable_schema = on")
    for name, sql in said.items():
        book.execute(
            "update sqlite_master set sql = ? where type = 'table' and name = ?", (sql, name)
        )
    book.execute("pragma writable_schema = reset")


def content(book: sqlite3.Connection) -> dict[str, list]:
    """Read every row of every table, each value with its type."""
    return {
        table: [
            tuple((type(value), value) for value in row)
            for row in book.execute(f"select * from {table} not indexed order by {', '.join(keys)}")
        ]
        for table, keys in TABLES.items()
        if is_there(book, table)
    }


def is_there(book: sqlite3.Connection, table: str) -> bool:
    """Whether a book has a table; those of version 1 have no names of other programs."""
    asked = "select 1 from sqlite_master where type = 'table' and name = ?"
    return book.execute(asked, (table,)).fetchone() is not None


def where(table: str, columns: Sequence[Column], row: Sequence) -> tuple[str, list]:
    """Say which row, and the values that name it."""
    names = [column.name for column in columns]
    values = [row[names.index(key)][1] for key in TABLES[table]]
    return " and ".join(f"{key} is ?" for key in TABLES[table]), values


def ways(kind: str, value: object, others: Sequence[object]) -> Iterator[object]:
    """Yield what else might be written in place of a value of a column of that kind."""
    yield None
    yield from others
    if kind == "INTEGER":
        number = value if isinstance(value, int) else 0
        yield from (number + 1, number - 1, 0, 1, -number, 1 << 62, -(1 << 63), (1 << 63) - 1)
        yield from (f"{number}x", number + 0.5, 1e300, b"x")
    elif kind == "TEXT":
        said = value if isinstance(value, str) else ""
        yield from ("", "x", "7", "[]", "{}", "[" * 3_000, "0" * 64, "z" * 64)
        yield from (said.upper(), said.swapcase(), said + " ", said[:-1], said + "\0")
        yield from (said.replace(",", ", ", 1), said.replace("a", "\\u0061", 1))
        yield from (said.replace("1", "2", 1), said.replace(":1", ":1" + "0" * 5_000, 1))
        yield from (f"\u0438\u0306{said}", 5, 1.5, b"\xff\xfe")
    else:
        octets = value if isinstance(value, bytes) else b""
        yield from (b"", bytes(16), bytes(32), octets[:-1], octets + b"\0")
        yield from (bytes([octets[0] ^ 1]) + octets[1:] if octets else b"1",)
        yield from (7, "abc", octets.hex(), octets.decode("latin-1"))
