"""Keeping the book: a copy while others write, and the way back from it."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ainalym.errors import ConflictError, OutsideError
from ainalym.ledger.book import Book, open_book
from ainalym.ledger.store import SERVER, connect, copy, tables
from ainalym.ledger.verify import Verdict, verify


def backup(book: Book, path: Path, *, progress: Callable[[float], None] | None = None) -> Verdict:
    """Copy the book into a new SQLite file while others go on writing.

    The copy is one state of the book, of either engine, and is itself a book that can be opened. It
    is verified before it gets its name: a file at `path` is a whole one.

    Parameters
    ----------
    path
        A file that is not there yet.
    progress
        Hears which share of the copy is verified.

    Raises
    ------
    ConflictError
        There is a file of that name, or the book is not whole.
    OutsideError
        The file system refused.
    """
    path = Path(path)
    with _appearing(path) as half:
        target = connect(half)
        try:
            with book.reading() as source:
                copy(source, target)
            # One file that can be carried away, without a log beside it.
            target.run("pragma journal_mode = delete")
        finally:
            target.close()
        with open_book(half, read_only=True) as copied:
            verdict = verify(copied, progress=progress)
        if not verdict.whole:
            raise ConflictError("the book is not whole: " + "; ".join(verdict.faults))
    return verdict


def restore(
    path: Path, where: str | Path, *, progress: Callable[[float], None] | None = None
) -> Verdict:
    """Bring a book back from its backup, into a new file or an empty database.

    Parameters
    ----------
    path
        A file that `backup` wrote.
    where
        As for `open_book`; there must be no book yet.
    progress
        Hears which share of the backup is verified.

    Raises
    ------
    ConflictError
        There is a book already, or the backup is not whole.
    OutsideError
        The backup cannot be read, or the database failed.
    """
    on_server = SERVER.match(str(where))
    with open_book(path, read_only=True) as kept, kept.reading() as source:
        verdict = verify(kept, progress=progress)
        if not verdict.whole:
            raise ConflictError(f"{path} is not whole: " + "; ".join(verdict.faults))
        if on_server:
            with closing(connect(where)) as target:
                if tables(target):
                    raise ConflictError("there is a book in this database; give an empty one")
                copy(source, target)
            return verdict
        with _appearing(Path(where)) as half, closing(connect(half)) as target:
            copy(source, target)
    return verdict


@contextmanager
def _appearing(path: Path) -> Iterator[Path]:
    """Give the name to write a file under; it gets its own when it is whole, or never."""
    if path.exists():
        raise ConflictError(f"{path}: there is a file already; name a new one")
    half = path.with_name(path.name + ".part")
    try:
        _clear(half)
        yield half
        _clear(half, endings=("-wal", "-shm"))
        with half.open("rb+") as kept:
            os.fsync(kept.fileno())
        half.rename(path)
    except OSError as error:
        raise OutsideError(f"{path}: the file cannot be written: {error}") from error
    finally:
        _clear(half)


def _clear(half: Path, *, endings: tuple[str, ...] = ("-wal", "-shm", "")) -> None:
    """Remove a half-written book, or only what SQLite keeps beside it."""
    for ending in endings:
        half.with_name(half.name + ending).unlink(missing_ok=True)
