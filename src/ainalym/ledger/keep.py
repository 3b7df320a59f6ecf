"""Keeping the book: a copy while others write, and the way back from it."""

import os
from pathlib import Path

from ainalym.errors import ConflictError, OutsideError
from ainalym.ledger.book import Book, open_book
from ainalym.ledger.store import SERVER, connect, copy, tables
from ainalym.ledger.verify import Verdict, verify


def backup(book: Book, path: Path) -> Verdict:
    """Copy the book into a new SQLite file while others go on writing.

    The copy is one state of the book, of either engine, and is itself a book that can be opened. It
    is verified before it gets its name: a file at `path` is a whole one.

    Parameters
    ----------
    path
        A file that is not there yet.

    Raises
    ------
    ConflictError
        There is a file of that name, or the book is not whole.
    OutsideError
        The file system refused.
    """
    path = Path(path)
    if path.exists():
        raise ConflictError(f"{path}: there is a file already; name another for the backup")
    half = path.with_name(path.name + ".part")
    _clear(half)
    try:
        target = connect(half)
        try:
            with book.reading() as source:
                copy(source, target)
            # One file that can be carried away, without a log beside it.
            target.run("pragma journal_mode = delete")
        finally:
            target.close()
        with open_book(half, read_only=True) as copied:
            verdict = verify(copied)
        if not verdict.whole:
            raise ConflictError("the book is not whole: " + "; ".join(verdict.faults))
        _clear(half, only_beside=True)
        with half.open("rb+") as kept:
            os.fsync(kept.fileno())
        half.rename(path)
    except OSError as error:
        raise OutsideError(f"{path}: the backup cannot be written: {error}") from error
    finally:
        _clear(half)
    return verdict


def restore(path: Path, where: str | Path) -> Verdict:
    """Bring a book back from its backup, into a new file or an empty database.

    Parameters
    ----------
    path
        A file that `backup` wrote.
    where
        As for `open_book`; there must be no book yet.

    Raises
    ------
    ConflictError
        There is a book already, or the backup is not whole.
    OutsideError
        The backup cannot be read, or the database failed.
    """
    with open_book(path, read_only=True) as kept:
        verdict = verify(kept)
        if not verdict.whole:
            raise ConflictError(f"{path} is not whole: " + "; ".join(verdict.faults))
        on_server = SERVER.match(str(where))
        if not on_server and Path(where).exists():
            raise ConflictError(f"{where}: there is a file already; name a new one")
        target = connect(where)
        try:
            if on_server and tables(target):
                raise ConflictError("there is a book in this database; give an empty one")
            with kept.reading() as source:
                copy(source, target)
        finally:
            target.close()
    return verdict


def _clear(half: Path, *, only_beside: bool = False) -> None:
    """Remove a half-written copy, or only what SQLite keeps beside it."""
    for ending in ("-wal", "-shm", "") if not only_beside else ("-wal", "-shm"):
        half.with_name(half.name + ending).unlink(missing_ok=True)
