"""Upgrade: take a book of version 1 over into version 2, whole or not at all.

Entries of version 1 stay as they are, to the last byte. The first entry of version 2 names the hash
of the last of them and seals all of them with a root. Everything is done in one transaction: who is
interrupted begins anew.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from ainalym.errors import ConflictError, OutsideError, law
from ainalym.ledger import version1
from ainalym.ledger.book import OLD, open_book
from ainalym.ledger.clock import MEND
from ainalym.ledger.files import Lock
from ainalym.ledger.guards import CREATED
from ainalym.ledger.schema import VERSION, statements, tables
from ainalym.ledger.store import SERVER, Store, connect
from ainalym.ledger.verify import Verdict, verify
from ainalym.ledger.writer import Request, Writer
from ainalym.model.deed import Clock, Deed, Upgrade
from ainalym.model.entry import new_id, now_ms


class Upgraded(NamedTuple):
    """What came of an upgrade.

    Attributes
    ----------
    verdict
        On the book as it is now.
    number
        Of the entry that took the old book over; 0 where nothing was to be done.
    head
        The hash of the last entry before it, in hexadecimal digits.
    """

    verdict: Verdict
    number: int
    head: str


LOOKED = "set the clock right; if it is right, say so with `--accept-clock`"
"""How to go on; nothing can be told to a book of an earlier version."""


def upgrade(
    where: str | Path,
    *,
    actor: str = "",
    accept_clock: bool = False,
    clock: Callable[[], int] = now_ms,
    chance: Callable[[int], bytes] = os.urandom,
    progress: Callable[[float], None] | None = None,
) -> Upgraded:
    """Take a book over into the present version; one that is of it already is only verified.

    Parameters
    ----------
    where
        The path of a SQLite file, or `postgresql://...`. Nobody else may write to it.
    actor
        Who does it.
    accept_clock
        Whether somebody looked at the clock and found it right; another entry says so.
    clock, chance
        As for `open_book`.
    progress
        Hears which share of a verification is done.

    Raises
    ------
    ConflictError
        The book is not whole, or somebody writes to it. Nothing is changed.
    OutsideError
        There is no book, it is of another version, the clock is far from the last entry, or the
        database failed. Nothing is changed.
    """
    if not SERVER.match(str(where)) and not Path(where).is_file():
        raise OutsideError(f"{where}: there is no book here; `ainalym serve` makes one")
    with _alone(where):
        with open_book(where, read_only=True) as old:
            before = verify(old, progress=progress)
            is_old = old.version == OLD
        if not before.whole:
            said = "; ".join(before.faults)
            raise ConflictError(f"the book is not whole, so it stays as it is: {said}")
        if not is_old:
            return Upgraded(before, 0, before.hash)
        with closing(connect(where, new=False)) as store:
            law(tables(store), said=f"{where} lost its tables while it was taken over")
            number = _take_over(store, before, actor, accept_clock, clock, chance)
        with open_book(where, read_only=True) as new:
            after = verify(new, progress=progress)
    return Upgraded(after, number, before.hash)


@contextmanager
def _alone(where: str | Path) -> Iterator[None]:
    """Keep other processes from writing to a file; on a server its tables are locked later."""
    if SERVER.match(str(where)):
        yield
        return
    lock = Lock(Path(where))
    try:
        yield
    finally:
        lock.release()


def _take_over(
    store: Store,
    before: Verdict,
    actor: str,
    accept_clock: bool,
    clock: Callable[[], int],
    chance: Callable[[int], bytes],
) -> int:
    """Give the tables their new shape and write the entry that takes the book over."""
    with store.writing():
        if store.engine == "postgres":
            store.run("lock table head, entry in access exclusive mode")
        seq, hashed = store.one("select seq, hash from head")
        if (seq, bytes(hashed).hex()) != (before.entries, before.hash):
            raise ConflictError("somebody wrote to the book meanwhile; stop the site first")
        if store.engine == "sqlite":
            _reshape_sqlite(store)
        else:
            _reshape_postgres(store)
        deed = Upgrade(
            id=new_id(clock()),
            site="*",
            event_ms=clock(),
            actor=actor,
            from_version=OLD,
            to_version=VERSION,
            entries=seq,
            head=before.hash,
        )
        deeds: list[Deed] = [deed]
        if accept_clock:
            deeds.append(Clock(id=new_id(clock()), site="*", event_ms=clock(), actor=actor))
        request = Request(deeds)
        Writer(store, clock, chance).record([request])
        if isinstance(request.error, OutsideError):
            raise OutsideError(str(request.error).replace(MEND, LOOKED))
        if request.error is not None:
            raise request.error
        return request.receipts[0].seq


def _reshape_sqlite(store: Store) -> None:
    there = dict(store.rows("select name, sql from sqlite_master where sql is not null"))
    for (name,) in store.rows("select name from sqlite_master where type = 'trigger'"):
        store.run(f"drop trigger {name}")
    if "salt" not in store.columns("entry"):
        store.run("alter table entry add column salt blob")
    store.run(f"update head set version = {VERSION}")
    store.run("pragma writable_schema = on")
    for statement in statements(store.engine):
        kind, name = CREATED.match(statement).group("kind", "name")
        if kind == "table" and name in there:
            # What is in the table fits either way; only its checks are said anew.
            said = re.sub(r"^create table", "CREATE TABLE", statement)
            store.run(
                "update sqlite_master set sql = ? where type = 'table' and name = ?", (said, name)
            )
        elif name not in there or kind == "trigger":
            store.run(statement)
    (version,) = store.one("pragma schema_version")
    store.run(f"pragma schema_version = {version + 1}")
    store.run("pragma writable_schema = off")


def _reshape_postgres(store: Store) -> None:
    there = {
        name
        for (name,) in store.rows(
            "select relname from pg_class where relnamespace = current_schema()::regnamespace"
        )
    }
    for name, table in store.rows(
        "select t.tgname, c.relname from pg_trigger t join pg_class c on c.oid = t.tgrelid "
        "where c.relnamespace = current_schema()::regnamespace and not t.tgisinternal"
    ):
        if name in version1.TRIGGERS["postgres"]:
            store.run(f"drop trigger {name} on {table}")
    store.run("drop function if exists book_refuse()")
    store.run("drop function if exists book_closed()")
    store.run("alter table entry add column if not exists salt bytea")
    store.run("alter table entry alter column number type bigint")
    store.run("alter table account drop constraint if exists account_ledger_check")
    store.run(
        "alter table account add constraint account_ledger_check "
        "check (ledger in ('mass', 'money', 'count'))"
    )
    store.run(f"update head set version = {VERSION}")
    for statement in statements(store.engine):
        kind, name = CREATED.match(statement).group("kind", "name")
        if kind in ("function", "trigger") or name not in there:
            store.run(statement)
