"""Keeping the book: a copy while others write, and the way back from it."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ainalym.errors import ConflictError, OutsideError
from ainalym.ledger.book import Book, Within, open_book
from ainalym.ledger.files import Lock, Told, appearing, logs
from ainalym.ledger.schema import copy
from ainalym.ledger.store import SERVER, Store, connect
from ainalym.ledger.verify import Verdict, verify

Progress = Callable[[float], None]


def _silent(_: str) -> None:
    pass


def backup(
    book: Book, path: Path, *, progress: Progress | None = None, aside: Told = _silent
) -> Verdict:
    """Copy the book into a new SQLite file while others go on writing.

    The copy is one state of the book, of either engine, and is itself a book that can be opened. It
    is verified before it gets its name: a file at `path` is a whole one, for its owner's eyes only.

    Parameters
    ----------
    path
        A file that is not there yet.
    progress
        Hears which share of the copy is verified.
    aside
        Hears the new name of each log of an earlier file that lay where the copy's own would.

    Raises
    ------
    ConflictError
        There is a file of that name, or the book is not whole.
    OutsideError
        The file system refused.
    """
    with appearing(Path(path), aside) as half:
        with book.reading() as source:
            _copy_file(source, half)
        return _whole(half, "the book", progress)


def restore(
    path: Path,
    where: str | Path,
    *,
    progress: Progress | None = None,
    aside: Told = _silent,
) -> Verdict:
    """Bring a book back from its backup, into a new file or an empty database.

    What is restored is verified where it is, opened by its name as anybody would. Interrupted at
    any moment it leaves a whole book or none.

    Parameters
    ----------
    path
        A file that `backup` wrote.
    where
        As for `open_book`; there must be no book yet, and nobody who serves one of that name.
    progress
        Hears which share is verified.
    aside
        As for `backup`.

    Raises
    ------
    ConflictError
        There is a book already, a process has it open, a log lies beside the backup, or the backup
        is not whole.
    OutsideError
        The backup cannot be read, or the database failed.
    """
    path = Path(path)
    with open_book(path, read_only=True) as kept:
        if SERVER.match(str(where)):
            return _into_server(kept, path, str(where), progress)
        target = Path(where)
        with _alone(target):
            with appearing(target, aside) as half:
                with kept.reading() as source:
                    _copy_file(source, half)
                _whole(half, str(path), progress)
            return _read_again(target, progress)


def _copy_file(source: Store, half: Path) -> None:
    """Copy into one file that can be carried away, without a log beside it."""
    with closing(connect(half)) as target:
        copy(source, target)
        target.run("pragma journal_mode = delete")


def _whole(path: Path, name: str, progress: Progress | None) -> Verdict:
    with open_book(path, read_only=True) as copied:
        verdict = verify(copied, progress=progress)
    if not verdict.whole:
        raise ConflictError(f"{name} is not whole: " + "; ".join(verdict.faults))
    return verdict


def _read_again(target: Path, progress: Progress | None) -> Verdict:
    """Open what was restored by its name; where it is not whole it does not keep that name."""
    try:
        return _whole(target, str(target), progress)
    except BaseException:
        for one in (*logs(target), target):
            one.unlink(missing_ok=True)
        raise


def _into_server(kept: Book, path: Path, where: str, progress: Progress | None) -> Verdict:
    """Restore in one transaction, which ends only where what was written is whole."""
    with kept.reading() as source, closing(connect(where)) as target:
        before = verify(kept, progress=progress)
        if not before.whole:
            raise ConflictError(f"{path} is not whole: " + "; ".join(before.faults))

        def checked() -> None:
            after = verify(Within(target), progress=progress)
            if after != before:
                said = "; ".join(after.faults) or "it is another book"
                raise OutsideError(f"what was restored is not what {path} holds: {said}")

        copy(source, target, checked=checked)
    with open_book(where, read_only=True) as again, again.reading() as store:
        said = store.one("select seq, hash from head")
    if (said[0], bytes(said[1]).hex()) != (before.entries, before.hash):
        raise OutsideError("the database now shows another book than the one that was restored")
    return before


def last_of(path: Path) -> tuple[int, str]:
    """Tell in which entry a backup ends: its number, and its hash in hexadecimal digits.

    Parameters
    ----------
    path
        A file that `backup` wrote.

    Raises
    ------
    OutsideError
        It cannot be read.
    """
    with open_book(path, read_only=True) as kept, kept.reading() as store:
        seq, hashed = store.one("select seq, hash from head")
    return seq, bytes(hashed).hex()


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Keep everybody else from opening a book to write under this name."""
    lock, done = Lock(target), False
    try:
        yield
        done = True
    finally:
        lock.release(forget=lock.made and not done)
