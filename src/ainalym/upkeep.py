"""The book's upkeep: taking it over into a later version, erasing on request, its clock."""

import getpass

import click

from ainalym.door import MACHINE, QUIET, Ticker, say_result

WHERE = click.option(
    "--book",
    "where",
    default="ainalym-data/book.sqlite",
    envvar="DATABASE_URL",
    show_default=True,
    show_envvar=True,
    metavar="WHERE",
    help="A SQLite file, or postgresql://user:password@server/name.",
)
BY = click.option("--by", metavar="NAME", help="Who does it, for the book; your own name if left.")


def named(where: str) -> str:
    """Name a database without its password."""
    from urllib.parse import urlsplit

    parts = urlsplit(where)
    if not parts.password:
        return where
    return where.replace(f":{parts.password}@", "@", 1)


@click.command()
@WHERE
@BY
@click.option(
    "--accept-clock", is_flag=True, help="I looked at this computer's clock: it is right."
)
@MACHINE
@QUIET
def upgrade(where: str, by: str | None, accept_clock: bool, as_json: bool, quiet: bool) -> int:
    """Take a book of an earlier version over into the present one.

    Stop the site and back the book up first. Earlier entries stay as they are, to the byte; a
    sealed entry names the last of them. The book is verified before and after, and everything is
    done at once: interrupted at any moment it leaves the book as it was, and is begun again. Where
    nothing was recorded for 48 hours, look at this computer's clock, then say `--accept-clock`.

    \b
    Examples:
      ainalym book backup before.sqlite && ainalym book upgrade
      DATABASE_URL=postgresql:///ainalym ainalym book upgrade
    """
    from ainalym.ledger import upgrade as take_over

    with Ticker(quiet=quiet or as_json) as watch:
        watch.step("verifying")
        done = take_over(
            where,
            actor=_me(by),
            accept_clock=accept_clock,
            progress=lambda share: watch.note("verifying", share),
        )
    verdict = done.verdict
    told = {
        "book": named(where),
        "upgraded": bool(done.number),
        "entry": done.number or None,
        "head_before": done.head if done.number else None,
        "entries": verdict.entries,
        "hash": verdict.hash,
        "whole": verdict.whole,
        "faults": list(verdict.faults),
    }
    if done.number:
        said = (
            f"Entry {done.number:,} takes the book over; before it the last hash was {done.head}."
        )
    else:
        said = f"{named(where)} is of the present version already; nothing was done."
    after = f"{verdict.entries:,} entries are whole. The last hash is {verdict.hash}."
    if not verdict.whole:
        after = "\n".join(["The book is not whole.", *verdict.faults])
    say_result(told, f"{said}\n{after}", as_json=as_json, quiet=quiet and verdict.whole)
    return 0 if verdict.whole else 1


@click.command()
@click.argument("entries", nargs=-1, required=True, metavar="ENTRY...")
@click.option("--reason", required=True, help="Who asked for it, and why; kept in the book.")
@WHERE
@BY
@MACHINE
@QUIET
def erase(
    entries: tuple[str, ...], reason: str, where: str, by: str | None, as_json: bool, quiet: bool
) -> int:
    """Erase the private part of entries: who told them, names, prices, slips, reasons.

    ENTRY is an entry's number or id. What it moved stays, and so do its place in the chain and its
    hash; a new entry says that it was erased. It cannot be undone. Backups that were made before
    still hold it. A buyer's name, which is an account's, stays too. Not erased are rules,
    stock-takes and sales with a claim, which the book goes by, and entries of version 1. Stop the
    site first, if the book is a SQLite file.

    \b
    Example:
      ainalym book erase 1204 1318 --reason "the seller asked on 2026-11-30"
    """
    from ainalym.ledger import entry, open_book, post
    from ainalym.model.deed import Erasure
    from ainalym.model.entry import new_id, now_ms

    with open_book(where, new=False) as opened:
        found = [entry(opened, _number(one) or one) for one in entries]
        at_ms = now_ms()
        deeds = [
            Erasure(id=new_id(), site=one.site, event_ms=at_ms, actor=_me(by), reason=reason,
                    erases=one.id)
            for one in found
        ]  # fmt: skip
        receipts = post(opened, deeds)
    told = {
        "book": named(where),
        "erased": [one.seq for one in found],
        "entries": [receipt.seq for receipt in receipts],
    }
    numbers = ", ".join(f"entry {one.seq:,}" for one in found)
    said = f"The private part of {numbers} is erased. Backups of before still hold it. "
    said += "A seller's name that the site keeps goes when the site next starts."
    return say_result(told, said, as_json=as_json, quiet=quiet)


@click.command()
@click.option("--accept", is_flag=True, help="I looked at this computer's clock: it is right.")
@click.option(
    "--reason", default="", help="Why nothing was recorded for so long; kept in the book."
)
@WHERE
@BY
@MACHINE
@QUIET
def clock(accept: bool, reason: str, where: str, by: str | None, as_json: bool, quiet: bool) -> int:
    """Hold this computer's clock against the last entry, and accept it where it is far from that.

    Nothing is recorded while the clock is 15 minutes behind the last entry, or 48 hours ahead of
    it: one wrong moment would stand in the book for good. After a winter in which nothing happened,
    or after a clock was wrong, look at it, set it, and accept it. Without `--accept` nothing is
    written. Stop the site first, if the book is a SQLite file.

    \b
    Examples:
      ainalym book clock
      ainalym book clock --accept --reason "closed over winter"
    """
    from ainalym.ledger import clocks, open_book, post
    from ainalym.model.deed import Clock
    from ainalym.model.entry import iso, new_id, now_ms

    with open_book(where, read_only=not accept, new=False) as opened:
        seen = clocks(opened)
        if accept:
            deed = Clock(id=new_id(), site="*", event_ms=now_ms(), actor=_me(by), reason=reason)
            (receipt,) = post(opened, [deed])
    told = {
        "book": named(where),
        "computer": iso(seen.computer_ms),
        "last_entry": iso(seen.last_ms) if seen.last_ms else None,
        "database_server": iso(seen.server_ms) if seen.server_ms else None,
        "fault": seen.fault or None,
        "accepted": accept,
    }
    lines = [f"This computer's clock says {told['computer']}."]
    if seen.last_ms:
        lines.append(f"The last entry was recorded at {told['last_entry']}.")
    if seen.server_ms:
        lines.append(f"The database server's clock says {told['database_server']}.")
    if accept:
        lines.append(f"It is accepted: entry {receipt.seq:,} says so.")
    else:
        lines.append(f"Nothing is recorded: {seen.fault}." if seen.fault else "It is believed.")
    say_result(told, "\n".join(lines), as_json=as_json, quiet=quiet and not seen.fault)
    return 1 if seen.fault and not accept else 0


def _number(said: str) -> int | None:
    """Read an entry's number; None where it is none that a book can have."""
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else None


def _me(by: str | None) -> str:
    """Name whoever works at this computer."""
    return by or getpass.getuser()
