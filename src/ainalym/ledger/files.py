"""Files that hold a book: for their owner's eyes only, whole or not there, written by one process.

No database is met here. A file that SQLite has open in this process must never be opened and closed
by anybody else in it: that would end SQLite's own locks on it (POSIX locks belong to the process).
"""

import errno
import fcntl
import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from weakref import WeakKeyDictionary

from ainalym.errors import ConflictError, OutsideError

LOGS = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file, under the file's name."""

IN_ONE_FILE = b"\1\1"
"""Octets 18 and 19 of a SQLite file that keeps no log beside it.

**Source.** Database File Format, sqlite.org/fileformat2.html, section 1.3.3.
"""

OWNER = 0o600
OWNER_FOLDER = 0o700

Told = Callable[[str], None]


def resolved(path: str | Path) -> Path:
    """Give the file itself, whatever symbolic links lead to it."""
    return Path(os.path.realpath(path))


def make_private(path: Path) -> None:
    """Make an empty file for its owner alone, whatever the umask; leave one that is there.

    Raises
    ------
    OSError
        The file system refused.
    """
    with suppress(FileExistsError):
        os.close(open_private(path, os.O_EXCL))


def open_private(path: Path, also: int = 0) -> int:
    """Open a file to write, and make it for its owner alone; gives its number.

    Parameters
    ----------
    also
        More flags of `os.open`.
    """
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | also, OWNER)
    with suppress(PermissionError):
        os.fchmod(number, OWNER)
    return number


def narrow(path: Path) -> None:
    """Take a file, its lock and its logs from all but their owner, where they are ours to narrow.

    Parameters
    ----------
    path
        A file as SQLite keeps it; what is no file, or not there, is left alone.
    """
    for ending in ("", *LOGS, ".lock"):
        one = path.with_name(path.name + ending)
        # Whoever may not change it does not own it: then its owner decides.
        with suppress(FileNotFoundError, PermissionError):
            mode = one.stat().st_mode
            if stat.S_ISREG(mode) and stat.S_IMODE(mode) != OWNER:
                one.chmod(OWNER)


def make_folder(path: Path) -> None:
    """Make a folder and those above it, for their owner alone; leave those that are there.

    Raises
    ------
    OSError
        The file system refused.
    """
    for one in (*reversed(path.parents), path):
        if one.is_dir():
            continue
        with suppress(FileExistsError):
            one.mkdir(OWNER_FOLDER)
            one.chmod(OWNER_FOLDER)
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))


def logs(path: Path) -> list[Path]:
    """List the logs that lie beside a file, under its name."""
    found = [path.with_name(path.name + ending) for ending in LOGS]
    return [one for one in found if os.path.lexists(one)]


def set_aside(path: Path, told: Told) -> None:
    """Rename the logs of an earlier file that had this name: SQLite would take them for its own.

    Parameters
    ----------
    path
        The name.
    told
        Hears the name each one has now.
    """
    for one in logs(path):
        for number in count(1):
            other = one.with_name(f"{one.name}.set-aside" + (f".{number}" if number > 1 else ""))
            if not os.path.lexists(other):
                one.rename(other)
                told(str(other))
                break


@contextmanager
def appearing(path: Path, told: Told) -> Iterator[Path]:
    """Give the name to write a file under; it gets its own when the block ends well, or never.

    What an attempt that was killed left behind is removed. Logs of an earlier file of that name are
    set aside, so that the new one begins alone.

    Parameters
    ----------
    path
        A name that is free.
    told
        Hears what was set aside.

    Raises
    ------
    ConflictError
        There is a file of that name, or another process is writing one.
    OutsideError
        The file system refused.
    """
    half = path.with_name(path.name + ".part")
    _refuse_taken(path)
    try:
        held = _held(half)
    except OSError as error:
        raise OutsideError(f"{path}: the file cannot be opened to write: {_said(error)}") from error
    try:
        for one in logs(half):
            one.unlink()
        yield half
        for one in logs(half):
            one.unlink()
        os.fsync(held)
        _refuse_taken(path)
        set_aside(path, told)
        half.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        raise OutsideError(f"{path}: the file cannot be written: {_said(error)}") from error
    finally:
        with suppress(OSError):
            # Only while it is ours: after the rename another may have begun one of that name.
            if _is(held, half):
                for one in (*logs(half), half):
                    one.unlink(missing_ok=True)
        os.close(held)


def _refuse_taken(path: Path) -> None:
    if os.path.lexists(path):
        raise ConflictError(f"{path}: there is a file already; name a new one")


def _held(half: Path) -> int:
    """Make the half-written file anew and hold it, so that nobody else writes there."""
    while True:
        held = open_private(half)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(held)
            said = f"{half}: another process is writing this file; wait for it"
            raise ConflictError(said) from error
        if _is(held, half) and os.fstat(held).st_size == 0:
            return held
        # Left behind by a process that was killed, or gone meanwhile.
        if _is(held, half):
            half.unlink()
        os.close(held)


def _is(number: int, path: Path) -> bool:
    """Tell whether an open file is still the one of that name."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(number), os.lstat(path))
    return False


def sync_folder(folder: Path) -> None:
    """Have a folder's names outlive the machine."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _said(error: OSError) -> str:
    return error.strerror or str(error)


_turn = threading.Lock()
_open: WeakKeyDictionary[object, tuple[int, int]] = WeakKeyDictionary()


def opened(connection: object, found: os.stat_result) -> None:
    """Remember that a connection of this process has a file open."""
    with _turn:
        _open[connection] = found.st_dev, found.st_ino


def closed(connection: object) -> None:
    """Forget it."""
    with _turn:
        _open.pop(connection, None)


def refuse_foreign_log(path: Path) -> None:
    """Refuse a file that keeps no log, beside which one lies: SQLite would read it all the same.

    So it is after a backup was copied to where a book was whose log was left behind.

    Raises
    ------
    ConflictError
        The log of another book lies there.
    """
    file = resolved(path)
    log = file.with_name(file.name + "-wal")
    try:
        size, found = log.stat().st_size, file.stat()
    except OSError:
        return
    with _turn:
        # Only while no connection of ours is open: see the page of this module.
        if not size or (found.st_dev, found.st_ino) in _open.values():
            return
        try:
            with file.open("rb") as octets:
                head = octets.read(20)
        except OSError:
            return
    if head[18:] == IN_ONE_FILE:
        said = f"{log} lies beside it and is the log of another book"
        raise ConflictError(f"{path}: {said}; move that file away, then try again")


class Lock:
    """Holds a SQLite book, so that no second process writes to it, by whatever name it comes.

    Held are a file beside the book itself, wherever symbolic links lead to it from, and on Linux
    the number that the file system knows the book by, which hard links share. The book may be
    missing: then its name is held.

    Raises
    ------
    ConflictError
        Another process holds it.
    OutsideError
        The file system refused.
    """

    def __init__(self, path: str | Path) -> None:
        self._asked, self._book = path, resolved(path)
        self._path = self._book.with_name(self._book.name + ".lock")
        self._known: tuple[int, int] | None = None
        self._socket: socket.socket | None = None
        self.made = not self._path.exists()
        try:
            self._file = self._taken(path)
        except OSError as error:
            said = f"{self._path}: the lock of this book cannot be held: {_said(error)}"
            raise OutsideError(said) from error
        try:
            self.hold_number()
        except ConflictError:
            self.release()
            raise

    def _taken(self, path: str | Path) -> int:
        while True:
            file = open_private(self._path)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                os.close(file)
                raise ConflictError(_second(path)) from error
            if _is(file, self._path):
                return file
            os.close(file)

    def hold_number(self) -> None:
        """Hold the number of the book's file, if there is one by now.

        Raises
        ------
        ConflictError
            Another process holds it, by another name.
        """
        path = self._asked
        try:
            found = self._book.stat()
        except OSError:
            return
        if self._known is not None:
            return
        self._known = found.st_dev, found.st_ino
        held = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            # A name in Linux's own table of sockets: no file, and gone with the process.
            held.bind(f"\0ainalym-book-{found.st_dev:x}-{found.st_ino:x}")
        except OSError as error:
            held.close()
            if error.errno == errno.EADDRINUSE:
                raise ConflictError(_second(path)) from error
            if found.st_nlink > 1:
                said = f"{path}: this book has another name (a hard link)"
                raise ConflictError(f"{said}; remove that name, or copy the book") from error
            return
        self._socket = held

    def check(self) -> None:
        """Refuse to go on where the book's file was removed or replaced since it was opened.

        What would be written then is nobody's who looks for the book by its name.

        Raises
        ------
        OutsideError
            It was.
        """
        try:
            found = self._book.stat()
        except OSError:
            found = None
        if found is None or (found.st_dev, found.st_ino) != self._known:
            said = f"{self._book}: the book's file was removed or replaced while it was open"
            raise OutsideError(f"{said}; stop this program, bring the book back, start it again")

    def release(self, *, forget: bool = False) -> None:
        """Let others write.

        Parameters
        ----------
        forget
            Whether the file that was held is removed as well.
        """
        if forget:
            with suppress(OSError):
                self._path.unlink()
        if self._socket is not None:
            self._socket.close()
        os.close(self._file)


def _second(path: str | Path) -> str:
    return f"{path}: another process writes to this book; stop it first"
