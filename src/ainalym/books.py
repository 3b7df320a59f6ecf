"""The book's own commands: verify, back up, restore, export, trace."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from ainalym.door import MACHINE, QUIET, Ticker, say_result
from ainalym.errors import ConflictError, Issue, refuse
from ainalym.model.entry import HOME
from ainalym.upkeep import WHERE, clock, erase, named, upgrade

if TYPE_CHECKING:
    from ainalym.ledger import Verdict

DAY = click.DateTime(["%Y-%m-%d"])
HASH = re.compile(r"[0-9a-fA-F]{64}")
KINDS = ("csv", "journal", "epcis")


ZONE = click.option("--zone", default=HOME, show_default=True, help="Whose days they are.")


@click.group("book")
def book() -> None:
    """Verify, back up, restore, upgrade, export and trace the book of every gram and every coin.

    All but `restore`, `upgrade`, `erase` and `clock --accept` only read, and may run while the site
    is served.
    """


@book.command()
@WHERE
@click.option(
    "--hash",
    "hashes",
    multiple=True,
    metavar="HEX",
    help="A hash or a period's root that was once written down: is it still in the book? May be "
    "given several times.",
)
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    metavar="BACKUP.sqlite",
    help="A backup of this book: what it ends in has to be in the book, at the same place.",
)
@MACHINE
@QUIET
def verify(
    where: str, hashes: tuple[str, ...], against: Path | None, as_json: bool, quiet: bool
) -> int:
    """Derive everything anew: sums, hashes, balances, lots, draws, sealed periods, guards.

    A chain that was cut off at its end agrees with itself: only something that was noted elsewhere
    shows it, a hash, a printed root, or a backup. What the book was compared with is told.

    \b
    Examples:
      ainalym book verify
      ainalym book verify --book copy.sqlite --hash 71052fff0f378bea...
      ainalym book verify --against 2026-11-23.sqlite
    """
    from ainalym.ledger import holds, last_of, open_book
    from ainalym.ledger import verify as verify_book

    mend = "write it as it was printed"
    refuse(
        Issue(f"--hash {said[:80]}", "this is no hash of 64 hexadecimal digits", mend)
        for said in hashes
        if not HASH.fullmatch("".join(said.split()))
    )
    head = last_of(against) if against else None
    with (
        Ticker(quiet=quiet or as_json) as watch,
        open_book(where, read_only=True) as opened,
        opened.reading(),
    ):
        verdict = verify_book(opened, progress=_telling(watch, "verifying"))
        faults = [*verdict.faults]
        if verdict.entries:
            faults += [f"{said} is not in this book" for said in hashes if not holds(opened, said)]
            if head and not holds(opened, head[1], head[0]):
                faults.append(f"entry {head[0]} of {against}, {head[1]}, is not in this book")
    told = {
        "book": named(where),
        "whole": not faults,
        "entries": verdict.entries,
        "postings": verdict.postings,
        "hash": verdict.hash,
        "erased": list(verdict.erased),
        "compared_with": {"hashes": list(hashes), "backup": str(against) if against else None},
        "faults": faults,
    }
    said = "\n".join(_verified(told))
    if faults:
        said = "\n".join(["The book is not whole.", *faults, f"{verdict.entries:,} entries."])
    # What is wrong is the answer, so it is told even if quiet.
    say_result(told, said, as_json=as_json, quiet=quiet and not faults)
    return 1 if faults else 0


@book.command()
@click.argument("out", type=click.Path(path_type=Path), metavar="OUT.sqlite")
@WHERE
@MACHINE
@QUIET
def backup(out: Path, where: str, as_json: bool, quiet: bool) -> int:
    """Copy the book into the new file OUT.sqlite, also while it is written to.

    The copy is one state of the book and is verified before it gets its name. It is a book itself,
    whatever database the first one is in. People and pages of the site are not in it: with SQLite
    they are in site.sqlite beside the book, with PostgreSQL in its other tables.

    \b
    Example:
      ainalym book backup 2026-11-23.sqlite
    """
    from ainalym.ledger import backup as back_up
    from ainalym.ledger import open_book

    aside: list[str] = []
    with Ticker(quiet=quiet or as_json) as watch, open_book(where, read_only=True) as opened:
        watch.step("copying")
        progress = _telling(watch, "verifying the copy")
        verdict = back_up(opened, out, progress=progress, aside=aside.append)
    told = {"book": named(where), "backup": str(out), **_kept(verdict), "set_aside": aside}
    said = f"{out} is a whole copy. {_counted(told)}{_laid(aside)}"
    return say_result(told, said, as_json=as_json, quiet=quiet)


@book.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="BACKUP.sqlite")
@WHERE
@MACHINE
@QUIET
def restore(file: Path, where: str, as_json: bool, quiet: bool) -> int:
    """Bring a book back from BACKUP.sqlite into a new file, or a database without a book.

    Stop the site first. What is restored is verified where it is. A log that an earlier file of
    that name left behind (NAME-wal, NAME-shm, NAME-journal) is set aside under another name: it
    may hold the last entries of a book that was lost, and would spoil the one that comes back.

    \b
    Examples:
      ainalym book restore 2026-11-23.sqlite --book ainalym-data/book.sqlite
      DATABASE_URL=postgresql:///ainalym ainalym book restore 2026-11-23.sqlite
    """
    from ainalym.ledger import restore as bring_back

    aside: list[str] = []
    with Ticker(quiet=quiet or as_json) as watch:
        progress = _telling(watch, "verifying")
        verdict = bring_back(file, where, progress=progress, aside=aside.append)
    told = {"book": named(where), "backup": str(file), **_kept(verdict), "set_aside": aside}
    said = f"{named(where)} holds what {file} does. {_counted(told)}{_laid(aside)}"
    return say_result(told, said, as_json=as_json, quiet=quiet)


@book.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--as",
    "kind",
    type=click.Choice(KINDS),
    default="csv",
    show_default=True,
    help="Tables in a folder; a journal that hledger and ledger read; or EPCIS 2.0 events.",
)
@click.option(
    "--root",
    default="https://book.example",
    show_default=True,
    metavar="URL",
    help="The address that names in EPCIS events stand under.",
)
@ZONE
@WHERE
@MACHINE
@QUIET
def export(
    out: Path, kind: str, root: str, zone: str, where: str, as_json: bool, quiet: bool
) -> int:
    """Write the whole book to OUT: a folder of CSV tables, or one file.

    Days are those of the clock on the wall there: what is weighed half an hour after midnight
    stands on the new day, as in the monthly form.

    Who sold stands in the deeds of entries.csv: keep that table to yourself.

    \b
    Examples:
      ainalym book export out/tables
      ainalym book export out/book.journal --as journal && hledger -f out/book.journal balance
      ainalym book export out/events.json --as epcis --root https://book.example.kz
    """
    from ainalym.ledger import open_book, write_events, write_journal, write_tables

    here = _zone(zone)
    with Ticker(quiet=quiet or as_json) as watch, open_book(where, read_only=True) as opened:
        watch.step("writing")
        if kind == "csv":
            counts = write_tables(opened, out, zone=here)
        elif kind == "journal":
            counts = {"entries": write_journal(opened, out, zone=here)}
        else:
            counts = {"events": write_events(opened, out, root, zone=here)}
    told = {"book": named(where), "out": str(out), "as": kind, **counts}
    said = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    return say_result(told, f"{said} are in {out}.", as_json=as_json, quiet=quiet)


@book.command()
@click.argument("lot", type=click.IntRange(1, (1 << 31) - 1))
@WHERE
@MACHINE
def trace(lot: int, where: str, as_json: bool) -> int:
    """Follow a lot's grams back to the sites they were bought at, and say what may be claimed.

    \b
    Example:
      ainalym book trace 107
    """
    from ainalym.ledger import claim, open_book

    with open_book(where, read_only=True) as opened:
        found = claim(opened, lot)
    made, account = found.path.lot.made_g, found.lot.account
    sites = dict(sorted(found.path.by_site().items(), key=lambda pair: -pair[1]))
    told = {
        "lot": lot,
        "site": account.site,
        "material": account.what,
        "made_g": made,
        "model": found.model,
        "claim": found.said if found.allowed else None,
        "refused": None if found.allowed else found.said,
        "recycled_share": found.share,
        "verified_ratio": found.verified_ratio,
        "eligible_share": found.eligible_share,
        "tickets_g": {str(k): g for k, g in sorted(found.path.ends_g.items())},
        "sites_g": sites,
    }
    lines = [
        f"Lot {lot}: {made:,} g of {account.what} made at {account.site}.",
        f"{'It may be said' if found.allowed else 'Nothing may be said'}: {found.said}.",
        f"Weighed on verified scales: {found.verified_ratio:.1%}.",
        *(f"  {grams:>14,} g  {site or 'of unknown origin'}" for site, grams in sites.items()),
    ]
    return say_result(told, "\n".join(lines), as_json=as_json)


@book.command()
@click.option(
    "--days", default=30, show_default=True, type=click.IntRange(1, 365), help="How many."
)
@click.option("--seed", default=1, show_default=True, help="Of everything that happens.")
@click.option(
    "--tickets",
    default=24,
    show_default=True,
    type=click.IntRange(1, 500),
    help="Of each point, on an average day.",
)
@click.option(
    "--kills",
    default=3,
    show_default=True,
    type=click.IntRange(0),
    help="The site is killed so often.",
)
@click.option("--good-network", is_flag=True, help="Nothing gets lost on the way.")
@click.option(
    "--data",
    default="ainalym-simulated",
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="A new folder for the simulated site.",
)
@MACHINE
@QUIET
def simulate(
    days: int,
    seed: int,
    tickets: int,
    kills: int,
    good_network: bool,
    data: Path,
    as_json: bool,
    quiet: bool,
) -> int:
    """Simulate a programme: its people's programs speak to the real site over a bad network.

    Keepers buy, trucks run, stations sort, plants make and sell, months are closed. Requests and
    answers get lost, some come twice, and the site is killed. At the end the book has to hold all
    that was acknowledged once, nothing else, and stock to the gram. With DATABASE_URL everything
    is kept on that server. Look at what came of it with `ainalym serve --data ainalym-simulated`.

    \b
    Examples:
      ainalym book simulate
      ainalym book simulate --days 365 --seed 7 --kills 20 --data year
    """
    from ainalym.web.simulation import simulate as run

    if data.exists() and any(data.iterdir()):
        said = f"{data} is there already"
        raise ConflictError(f"{said}; name a new folder with --data, or remove it")
    with Ticker(quiet=quiet or as_json) as watch:
        outcome = run(
            data,
            database=os.environ.get("DATABASE_URL", ""),
            days=days,
            seed=seed,
            tickets=tickets,
            kills=kills,
            bad=not good_network,
            progress=watch.note,
        )
    on_the_way = ", ".join(f"{what} {times}" for what, times in outcome.network.items())
    said = [
        f"{outcome.days} days: {outcome.tickets:,} tickets, {outcome.deeds:,} deeds acknowledged.",
        f"Times the site was killed: {outcome.kills}; {on_the_way or 'nothing was lost'}.",
        f"An answer took {1000 * outcome.median_s:.0f} ms, and 99 of 100 came within "
        f"{1000 * outcome.late_s:.0f} ms.",
        *outcome.faults,
    ]
    if not outcome.faults:
        said.append("All of it is in the book, once, and stock is as people remember, to the gram.")
    told = asdict(outcome) | {"seed": seed, "data": str(data)}
    say_result(told, "\n".join(said), as_json=as_json, quiet=quiet and not outcome.faults)
    return 1 if outcome.faults else 0


@book.command("measured")
@click.option(
    "--from", "begins", type=click.DateTime(["%Y-%m-%d"]), required=True, help="First day."
)
@click.option("--to", "ends", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Last day.")
@ZONE
@WHERE
@MACHINE
def measured_command(begins: datetime, ends: datetime, zone: str, where: str, as_json: bool) -> int:
    """Say what each site handled on an average day, with intervals: what the next plan begins from.

    \b
    Example:
      ainalym book measured --from 2026-10-01 --to 2026-10-31
    """
    from ainalym.ledger import measured, open_book
    from ainalym.model.entry import ms

    here = _zone(zone)
    from_ms = ms(begins.replace(tzinfo=here))
    to_ms = ms((ends + timedelta(days=1)).replace(tzinfo=here))
    if from_ms >= to_ms:
        refuse([Issue("--to", f"{ends.date()} is before {begins.date()}", "swap the two")])
    with open_book(where, read_only=True) as opened:
        found = measured(opened, from_ms, to_ms)
    told = {"from_ms": from_ms, "to_ms": to_ms, "measured": [one._asdict() for one in found]}
    lines = [
        f"{one.site:<16}{one.material:<20}{one.kg_per_day:>12,.1f} kg a day "
        f"({one.kg_per_day_low:,.1f} to {one.kg_per_day_high:,.1f})"
        for one in found
    ]
    return say_result(told, "\n".join(lines) or "Nothing was handled.", as_json=as_json)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        refuse([Issue("--zone", f"{name!r} is no time zone", "give one such as Asia/Almaty")])
        raise


def _telling(watch: Ticker, said: str) -> Callable[[float], None]:
    watch.step(said)
    return lambda share: watch.note(said, share)


def _kept(verdict: "Verdict") -> dict[str, object]:
    return {"entries": verdict.entries, "postings": verdict.postings, "hash": verdict.hash}


def _verified(told: dict) -> Iterator[str]:
    """Say of a whole book what it was compared with, and what of it was erased."""
    yield f"{_counted(told)} The last hash is {told['hash']}."
    if erased := told["erased"]:
        first = ", ".join(f"{number:,}" for number in erased[:20])
        more = f" and {len(erased) - 20:,} more" if len(erased) > 20 else ""
        yield f"Erased on request is the private part of entries {first}{more}."
    with_what = [f"the hash {said}" for said in told["compared_with"]["hashes"]]
    with_what += [f"the end of {told['compared_with']['backup']}"] * bool(
        told["compared_with"]["backup"]
    )
    if with_what:
        yield f"Compared with {', '.join(with_what)}: it is in the book."
    else:
        yield "Compared with itself only: whether its end was cut off, a hash (--hash) or a backup"
        yield "(--against) that was kept elsewhere tells."


def _laid(aside: list[str]) -> str:
    """Tell what lay beside a new file under its name, and where it is now."""
    if not aside:
        return ""
    return " A log of an earlier book lay there; it is now " + ", ".join(aside) + "."


def _counted(told: dict) -> str:
    return f"{told['entries']:,} entries with {told['postings']:,} postings are whole."


for one in (upgrade, erase, clock):
    book.add_command(one)
