"""Time the book: `python -m bench.book [sqlite] [postgres] [year] [crash]`.

`sqlite` and `postgres`: bulk import against raw inserts of the very same rows; `year`: 1.2 million
tickets of 400 points made up and posted, then verified and traced; `crash`: 100 kills on each
engine. Rates are of postings. What is compared takes turns in one run; the median of five counts.
"""

import argparse
import os
import random
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from ainalym.ledger import Book, open_book, trace, verify
from ainalym.ledger.schema import create
from ainalym.ledger.store import Store, connect
from ainalym.model.deed import Deed
from bench import record
from tests.ledger import crash, servers
from tests.ledger.towns import Town, deeds_of

SIZES = {"points": 400, "stations": 3, "tickets": 3_300}
DAYS, BULK_DAYS = 364, 12
BATCH, TURNS, TRACED, KILLS = 10_000, 5, 200, 100
KEYS = {"entry": "seq", "lot": "entry", "posting": "entry", "draw": "entry"}
Batch = dict[str, list[tuple]]


def rows_of(store: Store) -> tuple[dict[str, list[str]], list[Batch]]:
    """Take a book's rows out, in the batches they were written in; columns and rows by table."""
    columns = {table: store.columns(table) for table in ("account", *KEYS)}
    last = store.one("select max(seq) from entry")[0]
    batches: list[Batch] = []
    known, left = 0, {}
    for first in range(1, last + 1, BATCH):
        span = (first, first + BATCH - 1)
        batch = {
            table: store.rows(f"select * from {table} where {key} between ? and ?", span)
            for table, key in KEYS.items()
        }
        moved: dict[int, int] = {}
        for _, _, account, _, quantity in batch["posting"]:
            moved[account] = moved.get(account, 0) + quantity
        top = max(moved, default=0)
        accounts = store.rows("select * from account where id > ? and id <= ?", (known, top))
        batch["account"] = [(*row[:-1], 0) for row in accounts]
        batch["moved"] = [(moved[account], account) for account in sorted(moved)]
        batch["lot"], batch["drawn"] = lots_then(batch, left)
        known = max(known, top)
        batches.append(batch)
    return columns, batches


def lots_then(batch: Batch, left: dict[int, int]) -> tuple[list[tuple], list[tuple]]:
    """Say what a batch's own lots hold at its end, and what it leaves of earlier ones."""
    touched = set()
    for _, _, _, lot, quantity in batch["posting"]:
        if lot is not None:
            left[lot] = left.get(lot, 0) + quantity
            touched.add(lot)
    own = {row[0] for row in batch["lot"]}
    made = [(*row[:4], left[row[0]], *row[5:]) for row in batch["lot"]]
    return made, [(left[lot], lot) for lot in sorted(touched - own)]


def insert(path: Path, columns: dict[str, list[str]], batches: list[Batch]) -> float:
    """Insert rows into the same guarded tables and keep their balances; seconds.

    A row at a time, as `executemany` takes them; a commit for each batch; rows ready-made, so that
    nothing is thought about.
    """
    store = connect(path)
    create(store)
    connection = store.connection
    said = {
        table: f"insert into {table} values ({','.join('?' * len(names))})"
        for table, names in columns.items()
    }
    began_s = time.perf_counter()
    for batch in batches:
        connection.execute("begin immediate")
        for table in ("account", *KEYS):
            connection.executemany(said[table], batch[table])
        moved = "update account set balance = balance + ? where id = ?"
        connection.executemany(moved, batch["moved"])
        connection.executemany("update lot set left_g = ? where id = ?", batch["drawn"])
        connection.execute("commit")
    took_s = time.perf_counter() - began_s
    store.close()
    return took_s


def copy_in(
    address: str, columns: dict[str, list[str]], batches: list[Batch], *, binary: bool
) -> float:
    """Copy rows into the same tables, a commit for each batch, no balances kept; seconds."""
    store = connect(address)
    create(store)
    types = {}
    for table in columns:
        cursor = store.connection.execute(f"select * from {table} limit 0")
        types[table] = [told.type_code for told in cursor.description]
    began_s = time.perf_counter()
    for batch in batches:
        with store.connection.transaction(), store.connection.cursor() as cursor:
            for table in ("account", *KEYS):
                said = f"copy {table} from stdin" + " (format binary)" * binary
                with cursor.copy(said) as copy:
                    if binary:
                        copy.set_types(types[table])
                    for row in batch[table]:
                        copy.write_row(row)
    took_s = time.perf_counter() - began_s
    store.close()
    return took_s


def post_all(where: str | Path, deeds: Sequence[Deed]) -> float:
    """Post deeds through the public interface; seconds."""
    with open_book(where) as book:
        began_s = time.perf_counter()
        for first in range(0, len(deeds), BATCH):
            book.post(deeds[first : first + BATCH])
        return time.perf_counter() - began_s


def bulk_sqlite(folder: Path) -> None:
    """Bulk import against raw guarded inserts of the same rows."""
    deeds = deeds_of(BULK_DAYS, **SIZES)
    post_all(folder / "first", deeds)
    store = connect(folder / "first")
    columns, batches = rows_of(store)
    store.close()
    seconds: dict[str, list[float]] = {"ours": [], "raw": []}
    for turn in range(TURNS):
        seconds["ours"].append(post_all(folder / f"ours{turn}", deeds))
        seconds["raw"].append(insert(folder / f"raw{turn}", columns, batches))
    say_bulk("sqlite", deeds, batches, seconds)


def bulk_postgres(folder: Path) -> None:
    """Bulk import against raw COPY of the same rows, in text and binary; the faster counts."""
    deeds = deeds_of(BULK_DAYS, **SIZES)
    post_all(folder / "first", deeds)
    store = connect(folder / "first")
    columns, batches = rows_of(store)
    store.close()
    seconds: dict[str, list[float]] = {"ours": [], "copy text": [], "copy binary": []}
    with servers.distribution() as server:
        for _ in range(TURNS):
            with servers.schema(server.address) as address:
                seconds["ours"].append(post_all(address, deeds))
            for name in ("copy text", "copy binary"):
                with servers.schema(server.address) as address:
                    took_s = copy_in(address, columns, batches, binary=name == "copy binary")
                    seconds[name].append(took_s)
    say_bulk("postgres", deeds, batches, seconds)


def say_bulk(
    engine: str, deeds: Sequence[Deed], batches: list[Batch], seconds: dict[str, list[float]]
) -> None:
    """Print and record what one took against the others."""
    postings = sum(len(batch["posting"]) for batch in batches)
    rate = {name: postings / median(took_s) for name, took_s in seconds.items()}
    ratio = rate["ours"] / max(value for name, value in rate.items() if name != "ours")
    told = ", ".join(f"{name} {value:,.0f}/s" for name, value in rate.items())
    print(f"{engine}: {postings:,} postings of {len(deeds):,} deeds: {told}; ratio {ratio:.2f}")
    keep(
        "bulk",
        engine=engine,
        deeds=len(deeds),
        postings=postings,
        batch=BATCH,
        postings_per_s=rate,
        ratio=ratio,
        seconds_s=seconds,
    )


def year(folder: Path) -> None:
    """A year of Almaty: made up, posted day by day, verified and traced."""
    spent = {"posting": 0.0}
    with open_book(folder / "year") as book:

        def post(deeds: Sequence[Deed]) -> list:
            began_s = time.perf_counter()
            receipts = book.post(deeds)
            spent["posting"] += time.perf_counter() - began_s
            return receipts

        began_s = time.perf_counter()
        deeds = Town(post, **SIZES).live(DAYS)
        wall_s = time.perf_counter() - began_s
        posting_s = spent["posting"]
        print(f"year: {deeds:,} deeds in {wall_s:.0f} s, of which posting {posting_s:.0f} s")
        size_mb = (folder / "year").stat().st_size >> 20
        keep("year", deeds=deeds, days=DAYS, wall_s=wall_s, posting_s=posting_s, size_mb=size_mb)
        for processes in (None, 1):
            rates = []
            for _ in range(TURNS):
                began_s = time.perf_counter()
                verdict = verify(book, processes=processes)
                rates.append(verdict.postings / (time.perf_counter() - began_s))
                if not verdict.whole:
                    raise SystemExit("\n".join(verdict.faults))
            cores = "all cores" if processes is None else "one core"
            print(f"verify on {cores}: {verdict.postings:,} postings, {median(rates):,.0f}/s")
            keep("verify", cores=cores, postings=verdict.postings, postings_per_s=rates)
        trace_some(book)


def trace_some(book: Book) -> None:
    """Trace products drawn by chance, none of them twice."""
    with book.reading() as store:
        tickets = store.one("select count(*) from entry where kind = 'ticket'")[0]
        products = store.rows(
            "select l.id from lot l join account a on a.id = l.account "
            "where a.role = 'stock' and a.what like '%.clear' order by l.id"
        )
    took_s, ends = [], []
    for (lot,) in random.Random(1).sample(products, TRACED):
        began_s = time.perf_counter()
        path = trace(book, lot)
        took_s.append(time.perf_counter() - began_s)
        ends.append(len(path.ends_g))
    took_s.sort()
    middle_s, late_s = median(took_s), took_s[int(0.95 * len(took_s))]
    print(
        f"trace among {tickets:,} tickets: median {1000 * middle_s:.1f} ms, 95 % within "
        f"{1000 * late_s:.1f} ms, {median(ends):,.0f} tickets each"
    )
    keep("trace", tickets=tickets, traced=TRACED, median_s=middle_s, p95_s=late_s,
         tickets_each=median(ends))  # fmt: skip


def crashes(folder: Path) -> None:
    """Kill whoever writes; on PostgreSQL every other time the server too."""
    say_toll("sqlite", crash.kill(folder / "crash", KILLS))
    with servers.distribution() as server, servers.schema(server.address) as address:

        def harm(turn: int) -> None:
            if turn % 2:
                server.kill()
                server.start()

        say_toll("postgres", crash.kill(address, KILLS, also=harm))


def say_toll(engine: str, toll: crash.Toll) -> None:
    """Print and record what kills did."""
    print(
        f"{engine}: {toll.kills} kills, {toll.acknowledged:,} acknowledged, {toll.lost} lost, "
        f"{toll.broken} broken"
    )
    keep("crash", engine=engine, **toll._asdict())


def keep(claim: str, **measured: Any) -> None:
    """Record a measurement, and how busy the machine was: runnable tasks over the last minute."""
    busy = round(os.getloadavg()[0], 1)
    record.append("book", claim=claim, load=busy, sqlite=sqlite3.sqlite_version, **measured)


CLAIMS: dict[str, Callable[[Path], None]] = {
    "sqlite": bulk_sqlite,
    "postgres": bulk_postgres,
    "year": year,
    "crash": crashes,
}


def main(words: list[str]) -> int:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.book",
        description="Time the book, and append what comes out to bench/results/book.jsonl.",
    )
    said = ", ".join(CLAIMS)
    parser.add_argument(
        "claims", nargs="*", metavar="claim", help=f"what to measure: {said}; all if none is named"
    )
    asked = parser.parse_args(words).claims
    if unknown := [name for name in asked if name not in CLAIMS]:
        parser.error(f"there is no claim {unknown[0]!r}; name some of {said}")
    for name in asked or CLAIMS:
        with TemporaryDirectory(prefix="ainalym-") as folder:
            try:
                CLAIMS[name](Path(folder))
            except pytest.skip.Exception as skipped:
                print(f"{name}: skipped, {skipped.msg}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
