"""The book: opened once, read by many threads, written by one."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import groupby
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from ainalym.errors import ConflictError, OutsideError, law
from ainalym.ledger.files import Lock, resolved
from ainalym.ledger.fold import fold
from ainalym.ledger.guards import missing
from ainalym.ledger.schema import VERSION, create, tables
from ainalym.ledger.store import READER_KIB, SERVER, Lost, Store, connect
from ainalym.ledger.writer import Request, Writer
from ainalym.model.deed import Deed
from ainalym.model.entry import Receipt, now_ms

OLD = 1
"""The version that can still be read, and taken over."""

Check = Callable[["Book", Sequence[Deed]], None]
"""Asks a book whether deeds may stand in it, and raises an error where they may not."""

AT_ONCE = 500
"""Requests in one commit at most, so that nobody waits for long."""


class _Fold:
    """A wish that the sums that are kept be brought up to date, and what came of it."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.error: OutsideError | None = None


class Book:
    """A book of entries: everything that happened, in order, for good.

    Made by `open_book`; closed by `close` or at the end of a `with` block. Any number of threads
    may post and read at the same time.
    """

    def __init__(
        self,
        where: str | Path | Any,
        *,
        clock: Callable[[], int] = now_ms,
        chance: Callable[[int], bytes] = os.urandom,
        read_only: bool = False,
        new: bool = True,
    ) -> None:
        self._where, self._read_only = where, read_only
        self._clock, self._chance = clock, chance
        self._handed = Store(where) if not isinstance(where, str | Path) else None
        self._local = threading.local()
        self._readers: list[Store] = []
        self._turn = threading.RLock()
        self._queue: SimpleQueue[tuple[Request, threading.Event] | _Fold | None] = SimpleQueue()
        self._folding: _Fold | None = None
        self._thread: threading.Thread | None = None
        self._lock: Lock | None = None
        self._writer: Writer | None = None
        self._closed = False
        self.commits = 0
        self.rules_seen: tuple[int, list] = (0, [])
        self.counts_seen: tuple[int, dict] = (0, {})
        on_server = self._handed is not None or SERVER.match(str(where))
        name = "the database" if on_server else str(where)
        new = new and not read_only
        store = self._handed
        try:
            if not (read_only or on_server) and _can_be(where, new=new):
                self._lock = Lock(where)
            if store is None:
                store = connect(where, new=new, read_only=read_only)
            if self._lock is not None:
                self._lock.hold_number()
            if not tables(store):
                if not new:
                    raise OutsideError(f"{name}: there is no book in this database")
                create(store)
            self.version = _version(store, name, read_only=read_only)
            if not read_only:
                if lost := missing(store, self.version):
                    said = f"{name}: the guards of this book are not whole: {'; '.join(lost)}"
                    mend = "nothing is written to it; verify it, and restore a backup"
                    raise ConflictError(f"{said}; {mend}")
                self._writer = Writer(store, clock, chance)
        except BaseException:
            if store is not None and self._handed is None:
                store.close()
            if self._lock is not None:
                self._lock.release(forget=self._lock.made and not Path(where).exists())
            raise
        self._store = store

    def __enter__(self) -> "Book":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def where(self) -> str | None:
        """Where another process finds it; None where it was handed a connection."""
        return str(self._where) if self._handed is None else None

    def close(self) -> None:
        """Let what waits be written, then let go of the database."""
        with self._turn:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        if self._thread is not None:
            self._thread.join()
        if self._handed is None:
            for store in (*self._readers, self._store):
                store.close()
        if self._lock is not None:
            self._lock.release()

    def post(self, deeds: Sequence[Deed], *, check: Check | None = None) -> list[Receipt]:
        """Record deeds together: all of them, or none.

        A deed that is in the book already is not recorded again; its first receipt comes back with
        `repeated`. When this returns, what is recorded outlives the machine.

        Parameters
        ----------
        deeds
            In the order they happened.
        check
            Asked last, of the book with these deeds in it and of those that are new, while nobody
            else can write; where it raises an error, nothing is recorded.

        Returns
        -------
        list of Receipt
            One for each deed.

        Raises
        ------
        ConflictError
            The same id stands in the book with another body; there is not so much in stock; a
            rule, a tolerance or a closed period is against it. Nothing is recorded.
        NotFoundError
            A lot or an entry that is named is not in the book.
        InputError
            A name or a moment has faults.
        OutsideError
            The database failed.
        """
        request = Request(deeds, check and partial(self._check, check))
        if not deeds:
            return []
        if self._handed is not None:
            with self._turn:
                self._commit([request])
        else:
            done = threading.Event()
            with self._turn:
                if self._closed or self._writer is None:
                    raise ConflictError("this book is closed, or open for reading only")
                self._hand_in((request, done))
            done.wait()
        if request.error is not None:
            raise request.error
        return request.receipts

    def _check(self, check: Check, deeds: Sequence[Deed]) -> None:
        check(Within(self._store, self), deeds)

    def fold(self, *, wait: bool = False) -> None:
        """Have the sums that are kept brought up to date, a part between two commits.

        Where the book is open for reading only, or closed, nothing happens: what is not folded is
        added up by whoever asks.

        Parameters
        ----------
        wait
            Whether to come back only when it is done.

        Raises
        ------
        OutsideError
            The database failed, and somebody waited.
        """
        with self._turn:
            if self._closed or self._writer is None:
                return
            if self._handed is not None:
                # Its one connection is in the middle of a question where nobody waits.
                while wait and fold(self._handed):
                    pass
                return
            if (wish := self._folding) is None:
                wish = self._folding = _Fold()
                self._hand_in(wish)
        if wait:
            wish.done.wait()
            if wish.error is not None:
                raise wish.error

    def _hand_in(self, waiting: "tuple[Request, threading.Event] | _Fold") -> None:
        """Let the writer have something to do, and see that there is one."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        self._queue.put(waiting)

    @contextmanager
    def reading(self) -> Iterator[Store]:
        """Hold one state of the book to read from, while others write."""
        if self._handed is not None:
            with self._turn, self._once(self._handed) as store:
                yield store
            return
        store = self._reader()
        with ExitStack() as held:
            try:
                held.enter_context(self._once(store))
            except Lost as lost:
                # The server closed it while it was idle, and nothing was asked of it yet.
                store = self._again(lost)
                held.enter_context(self._once(store))
            yield store

    def _again(self, lost: Lost) -> Store:
        try:
            return self._reader()
        except OutsideError as error:
            raise lost from error

    def _reader(self) -> Store:
        """Give this thread's connection, a new one where it has none or its server went away."""
        store = getattr(self._local, "store", None)
        if store is not None and not store.is_lost:
            return store
        fresh = connect(self._where, new=False, read_only=self._read_only, cache_kib=READER_KIB)
        if store is not None:
            store.close()
            self._readers.remove(store)
        self._local.store = fresh
        self._readers.append(fresh)
        return fresh

    @contextmanager
    def _once(self, store: Store) -> Iterator[Store]:
        """Hold a transaction that reads, unless this thread holds one already."""
        if getattr(self._local, "held", False):
            yield store
            return
        self._local.held = True
        try:
            with store.reading():
                yield store
        finally:
            self._local.held = False

    def _run(self) -> None:
        """Write what the others hand in, as much as there is in one commit."""
        ended = False
        while not ended:
            waiting = [self._queue.get()]
            while len(waiting) < AT_ONCE:
                try:
                    waiting.append(self._queue.get_nowait())
                except Empty:
                    break
            ended = None in waiting
            taken = [one for one in waiting if isinstance(one, tuple)]
            for together in _apart([request for request, _ in taken]):
                self._commit(together)
            for _, done in taken:
                done.set()
            for wish in waiting:
                if isinstance(wish, _Fold):
                    self._fold(wish, ended)

    def _fold(self, wish: _Fold, ended: bool) -> None:
        """Fold a part; what is left waits behind what was handed in meanwhile."""
        try:
            if self._store.is_lost and self._handed is None:
                self._connect_again()
            if not ended and fold(self._store):
                self._queue.put(wish)
                return
        except BaseException as error:
            # Nothing is lost: the sums are derived, and who asks adds up what is not in them. And
            # whatever they suffer from, posters must not wait for a writer that has ended.
            wish.error = error
            if not isinstance(error, Exception):
                raise
        self._folding = None
        wish.done.set()

    def _commit(self, requests: list[Request]) -> None:
        law(self._writer is not None, said="a book that is open for reading only was written to")
        if not requests:
            return
        try:
            if self._lock is not None:
                self._lock.check()
            if self._store.is_lost and self._handed is None:
                self._connect_again()
            try:
                self._writer.commit(requests)
            except Lost as lost:
                # Nothing was sent yet. What fails later may be in the book or not: it is not
                # told twice by us; who told it asks again, and the same id is recorded once.
                if self._handed is not None:
                    raise
                try:
                    self._connect_again()
                except OutsideError as error:
                    raise lost from error
                self._writer.commit(requests)
            self.commits += 1
        except BaseException as error:
            ours = isinstance(error, OutsideError) or not isinstance(error, Exception)
            if len(requests) > 1 and not ours:
                # One of them brought it, and the others must not suffer: each alone shows which.
                for request in requests:
                    request.error = None
                    self._commit([request])
                return
            # Whoever waits hears what stopped the writer; the thread itself goes on.
            for request in requests:
                request.error = error
            if not isinstance(error, Exception):
                raise

    def _connect_again(self) -> None:
        fresh = connect(self._where, new=False)
        self._store.close()
        self._store, self._writer = fresh, Writer(fresh, self._clock, self._chance)


class Within(Book):
    """A book as a transaction sees it that writes, and has not kept it yet; it only answers.

    Parameters
    ----------
    store
        The connection.
    of
        The book that is written to, if it is open.
    """

    def __init__(self, store: Store, of: Book | None = None) -> None:
        self._handed, self._store = store, store
        self.version = of.version if of else store.one("select version from head")[0]
        self.rules_seen = of.rules_seen if of else (0, [])
        self.counts_seen = of.counts_seen if of else (0, {})

    @contextmanager
    def reading(self) -> Iterator[Store]:
        """Ask in the transaction that writes."""
        yield self._store

    def fold(self, *, wait: bool = False) -> None:
        """Leave that for later: the writer is at work."""


def _apart(requests: Sequence[Request]) -> Iterator[list[Request]]:
    """Part requests into commits, in their order: what is checked stands or falls alone."""
    for checked, alike in groupby(requests, key=lambda one: one.check is not None):
        together = [*alike]
        yield from [[one] for one in together] if checked else [together]


def _can_be(where: str | Path, *, new: bool) -> bool:
    """Tell whether there is a file, or a folder where one can be made; it is held before that."""
    file = resolved(where)
    return file.is_file() or (new and file.parent.is_dir())


def _version(store: Store, name: str, *, read_only: bool) -> int:
    """Tell a book's version, if it is one that we can read, and write to if asked for."""
    head = store.one("select version from head")
    if head is None or not isinstance(head[0], int):
        raise OutsideError(f"{name}: the book's head is gone; bring back a backup")
    version = head[0]
    if version == VERSION or (version == OLD and read_only):
        return version
    if version == OLD:
        said = f"{name} is a book of version {version}, and entries are of version {VERSION} now"
        where = "" if name == "the database" else f" --book {name}"
        mend = f"back it up, then take it over with `ainalym book upgrade{where}`"
        raise ConflictError(f"{said}; {mend}")
    said = f"{name} is a book of version {version}, not {VERSION}"
    mend = "install the newer Ainalym that wrote it" if version > VERSION else "bring back a backup"
    raise OutsideError(f"{said}; {mend}")


def open_book(
    where: str | Path | Any,
    *,
    clock: Callable[[], int] = now_ms,
    chance: Callable[[int], bytes] = os.urandom,
    read_only: bool = False,
    new: bool = True,
) -> Book:
    """Open a book, and make it when there is none.

    Parameters
    ----------
    where
        The path of a SQLite file; the address of a PostgreSQL server, `postgresql://...`; or an
        open DB-API connection of `sqlite3` or `psycopg` in autocommit, which is then used for
        everything and left open.
    clock
        Tells the moment of recording, in milliseconds since 1970 UTC.
    chance
        Gives so many octets of chance, for the salts of entries.
    read_only
        Read only, beside a process that writes. The book has to be there.
    new
        Whether it is made when there is none.

    Raises
    ------
    ConflictError
        Another process writes to this file; the book is of an earlier version; a guard is missing.
    OutsideError
        There is no book, it is of a later version, or the file or the server cannot be reached.
    """
    return Book(where, clock=clock, chance=chance, read_only=read_only, new=new)
