"""Exports: the book as a journal that hledger and ledger read, and as tables."""

import csv
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import tzinfo
from pathlib import Path
from typing import TextIO

from ainalym.errors import OutsideError
from ainalym.ledger import epcis
from ainalym.ledger.ask import ACCOUNT, entries
from ainalym.ledger.book import Book
from ainalym.ledger.files import make_folder, open_private
from ainalym.ledger.ids import text_of_id
from ainalym.ledger.store import Store
from ainalym.model.entry import Account, Entry, day, iso
from ainalym.units import MINOR_PER_MAJOR

AT_ONCE = 2_000
"""Entries, or rows of another table, held in memory at once."""

HEADS = {
    "entries": "seq,id,kind,site,event_at,recorded_at,actor,reverses,corrects,body,hash,day",
    "postings": "entry,n,ledger,role,site,what,to,lot,quantity",
    "lots": "lot,entry,ledger,role,site,what,to,made_g,left_g,event_at,source,verified,day",
    "draws": "entry,n,child,parent,grams",
    "periods": "entry,site,from,to,entries,root,first_day,last_day",
}


def write_journal(book: Book, path: Path, *, zone: tzinfo | None = None) -> int:
    """Write the book as a journal for hledger and ledger, and tell how many entries it has.

    Grams stand under the commodity `g`, money in major units under its currency, so that another
    program sums up what we say: also by month, since each entry has its local day.

    Parameters
    ----------
    path
        The file to write; it appears whole or not at all, for its owner's eyes only.
    zone
        Whose days they are; Almaty's if None.

    Raises
    ------
    OutsideError
        The file system refused.
    """
    count = 0
    with book.reading() as store, _whole(path) as file:
        file.write("; every mass in whole grams, every amount in major units of its currency\n")
        for block, postings in _blocks(store):
            lines = iter([*postings, None])
            line = next(lines)
            for seq, raw, kind, site, event_ms, *_ in block:
                count += 1
                on = day(event_ms, zone).isoformat()
                file.write(f"\n{on} ({seq}) {kind} {site}  ; id: {text_of_id(raw)}\n")
                while line is not None and line[0] == seq:
                    account = Account(*line[2:7])
                    file.write(f"    {account.name}  {_amount(account, line[8])}\n")
                    line = next(lines)
    return count


def write_tables(book: Book, folder: Path, *, zone: tzinfo | None = None) -> dict[str, int]:
    """Write the book as CSV tables into a folder, and tell how many rows each has.

    Parameters
    ----------
    folder
        Gets `entries.csv`, `postings.csv`, `lots.csv`, `draws.csv` and `periods.csv`; moments are
        ISO 8601 in UTC, masses grams, money minor units. Files are for their owner's eyes only, and
        so is the folder if it is made.
    zone
        Whose days `day`, `first_day` and `last_day` are; Almaty's if None.

    Raises
    ------
    OutsideError
        The file system refused.
    """
    folder = Path(folder)
    try:
        make_folder(folder)
    except OSError as error:
        raise OutsideError(f"{folder}: the folder cannot be made: {error}") from error
    counts = {}
    with book.reading() as store:
        for table, rows in _tables(store, zone).items():
            with _whole(folder / f"{table}.csv") as file:
                out = csv.writer(file, lineterminator="\n")
                out.writerow(HEADS[table].split(","))
                counts[table] = 0
                for row in rows:
                    out.writerow(row)
                    counts[table] += 1
    return counts


def write_events(book: Book, path: Path, root: str, *, zone: tzinfo | None = None) -> int:
    """Write the book as an EPCIS 2.0 document, and tell how many events it has.

    Parameters
    ----------
    path
        The file to write; it appears whole or not at all.
    root
        The address our names stand under, such as `https://book.example`.
    zone
        The places' time zone, whose offset each event tells; Almaty's if None.

    Raises
    ------
    OutsideError
        The file system refused.
    """
    count, empty = 0, epcis.document((), root)
    with book.reading() as store, _whole(path) as file:
        empty["epcisBody"]["eventList"] = "EVENTS"
        empty["creationDate"] = iso(store.one("select recorded_ms from head")[0])
        head, _, foot = json.dumps(empty).partition('"EVENTS"')
        file.write(head + "[")
        for event in epcis.events(_entries(book), root, zone=zone):
            file.write("," * (count > 0) + "\n" + json.dumps(event, ensure_ascii=False))
            count += 1
        file.write("\n]" + foot + "\n")
    return count


def _entries(book: Book) -> Iterator[Entry]:
    """Every entry in the order of the chain, so many at a time."""
    after = 0
    while found := entries(book, after=after, most=AT_ONCE):
        yield from found
        after = found[-1].seq


def _tables(store: Store, zone: tzinfo | None) -> dict[str, Iterable[tuple]]:
    """Every table's rows as they are written."""
    told = (
        "select seq, id, kind, site, event_ms, recorded_ms, actor, reverses, corrects, body, hash "
        "from entry order by seq"
    )
    lots = (
        f"select l.id, l.entry, {ACCOUNT}, l.made_g, l.left_g, l.event_ms, l.source, l.verified "
        "from lot l join account a on a.id = l.account order by l.id"
    )
    periods = "select entry, site, from_ms, to_ms, entries, root from period order by entry"
    return {
        "entries": (
            (
                row[0],
                text_of_id(row[1]),
                *row[2:4],
                *map(iso, row[4:6]),
                *row[6:10],
                _hex(row[10]),
                day(row[4], zone),
            )
            for row in _rows(store, told)
        ),
        "postings": (row for _, postings in _blocks(store) for row in postings),
        "lots": (
            (*row[:9], iso(row[9]), *row[10:], day(row[9], zone)) for row in _rows(store, lots)
        ),
        "draws": _rows(store, "select entry, n, child, parent, grams from draw order by entry, n"),
        "periods": (
            (
                *(row[0], row[1] or "*", iso(row[2]), iso(row[3]), row[4], _hex(row[5])),
                *(day(row[2], zone), day(row[3] - 1, zone)),
            )
            for row in _rows(store, periods)
        ),
    }


def _rows(store: Store, sql: str) -> Iterator[tuple]:
    for rows in store.stream(sql, at_once=AT_ONCE):
        yield from rows


def _blocks(store: Store) -> Iterator[tuple[list[tuple], list[tuple]]]:
    """Yield entries with their postings, so many at a time."""
    top = store.one("select coalesce(max(seq), 0) from entry")[0]
    for first in range(1, top + 1, AT_ONCE):
        span = (first, first + AT_ONCE - 1)
        block = store.rows(
            "select seq, id, kind, site, event_ms from entry where seq between ? and ? "
            "order by seq",
            span,
        )
        postings = store.rows(
            f"select p.entry, p.n, {ACCOUNT}, p.lot, p.quantity from posting p "
            "join account a on a.id = p.account where p.entry between ? and ? "
            "order by p.entry, p.n",
            span,
        )
        yield block, postings


def _amount(account: Account, quantity: int) -> str:
    if account.ledger == "mass":
        return f"{quantity} g"
    if account.ledger == "count":
        return f'{quantity} "{account.what}"'
    sign, (major, minor) = "-" if quantity < 0 else "", divmod(abs(quantity), MINOR_PER_MAJOR)
    currency = account.what if account.what.isalpha() else f'"{account.what}"'
    return f"{sign}{major}.{minor:02d} {currency}"


def _hex(octets: bytes) -> str:
    return bytes(octets).hex()


@contextmanager
def _whole(path: Path) -> Iterator[TextIO]:
    """Write a file that appears whole or not at all, for its owner's eyes only."""
    path = Path(path)
    half = path.with_name(path.name + ".part")
    try:
        fresh = open_private(half, os.O_TRUNC)
        with os.fdopen(fresh, "w", encoding="utf-8", newline="") as file:
            yield file
        half.replace(path)
    except OSError as error:
        raise OutsideError(f"{path}: the file cannot be written: {error}") from error
    finally:
        half.unlink(missing_ok=True)
