"""The tables of a book: how they are made on each engine, and copied from one to another."""

import re
from collections.abc import Callable, Iterator
from importlib import resources

from ainalym.errors import ConflictError
from ainalym.ledger import version1
from ainalym.ledger.store import Store

VERSION = 2
"""Of the tables and of the bytes that are hashed."""

WORDS = {
    "sqlite": {
        "whole": "integer",
        "bytes": "blob",
        "strict": "strict",
        "clustered": "strict, without rowid",
    },
    "postgres": {"whole": "bigint", "bytes": "bytea", "strict": "", "clustered": ""},
}


def has(store: Store, table: str) -> bool:
    """Tell whether a table is there."""
    if store.engine == "sqlite":
        found = store.one("select 1 from sqlite_master where name = ?", (table,))
    else:
        found = store.one("select 1 where to_regclass(?) is not null", (table,))
    return found is not None


def tables(store: Store) -> bool:
    """Tell whether the book's tables are there."""
    return has(store, "head")


def create(store: Store) -> None:
    """Make the book's tables and the guards that refuse any change of what is written."""
    with store.writing():
        if store.engine == "postgres":
            store.run("select pg_advisory_xact_lock(4726)")
        if not tables(store):
            _make(store, VERSION)


def statements(engine: str, *scripts: str) -> list[str]:
    """List the statements of scripts of ours, in an engine's own words and in order.

    Parameters
    ----------
    scripts
        Their names; tables, indexes and guards of a book if none is named.
    """
    home = resources.files("ainalym.ledger")
    names = scripts or ("schema.sql", f"guard-{engine}.sql")
    said = "\n".join(home.joinpath(name).read_text(encoding="utf-8") for name in names)
    for word, own in WORDS[engine].items():
        said = said.replace(f"{{{word}}}", own)
    return [*split(said)]


def _make(store: Store, version: int) -> None:
    for statement in statements(store.engine):
        store.run(statement)
    derived(store)
    first = (version, 1, 0, 0, 0, bytes(32))
    store.run(
        "insert into head (version, one, seq, lots, recorded_ms, hash) values (?, ?, ?, ?, ?, ?)",
        first,
    )


def derived(store: Store) -> None:
    """Make the tables of sums that are kept, empty, where one of them is missing."""
    if has(store, "total") and has(store, "folded") and store.one("select 1 from folded"):
        return
    for table in ("total", "folded"):
        store.run(f"drop table if exists {table}")
    for statement in statements(store.engine, "sums.sql"):
        store.run(statement)
    store.run("insert into folded (one, upto) values (1, 0)")


TABLES = ("account", "entry", "lot", "posting", "draw", "period", "alias")


def copy(source: Store, target: Store, *, checked: Callable[[], None] | None = None) -> None:
    """Copy a book as `source` sees it into an empty database of either engine.

    Parameters
    ----------
    checked
        Called in the transaction that writes, at its end: where it raises, nothing is kept. Not
        between two SQLite files, where pages are copied.

    Raises
    ------
    ConflictError
        There is a book already.
    """
    if source.engine == target.engine == "sqlite":
        source.copy_pages(target)
        return
    version = source.one("select version from head")[0]
    if version != VERSION and target.engine == "postgres":
        said = f"this is a book of version {version}"
        raise ConflictError(f"{said}; take a copy of it over with `ainalym book upgrade` first")
    with target.writing():
        if target.engine == "postgres":
            target.run("select pg_advisory_xact_lock(4726)")
        if tables(target):
            raise ConflictError("there is a book in this database; give an empty one")
        _make(target, version)
        for table in TABLES if version == VERSION else version1.TABLES:
            order = {"entry": "seq", "period": "entry", "alias": "entry"}.get(table, "entry, n")
            order = "id" if table in ("account", "lot") else order
            columns = ", ".join(source.columns(table))
            for rows in source.stream(f"select {columns} from {table} order by {order}"):
                target.append(table, columns, rows)
        columns = ", ".join(source.columns("head"))
        head = source.one(f"select {columns} from head")
        marks = ", ".join(f"{name} = ?" for name in columns.split(", "))
        target.run(f"update head set {marks}", head)
        if checked is not None:
            checked()


def split(script: str) -> Iterator[str]:
    """Yield the statements of a script, each of which creates something."""
    bare = "\n".join(line for line in script.splitlines() if not line.startswith("--"))
    for part in re.split(r";\s*\n\s*(?=create)|;\s*\Z", bare):
        yield from [part.strip()] if part.strip() else []
