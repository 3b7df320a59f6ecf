"""Kills whoever writes to a book, and sees whether anything that was acknowledged is lost."""

import os
import random
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from ainalym.ledger import open_book, verify
from ainalym.ledger.book import Book
from ainalym.model.deed import Ticket
from ainalym.model.entry import new_id, now_ms

MOST_AT_ONCE = 59
"""Tickets in one commit at most."""

MOST_BYTES = 200_000
"""How much is heard of a child, at most; about a thousand tickets for each hundred."""


class Toll(NamedTuple):
    """What so many kills did: how often was something acknowledged that is not in the book."""

    kills: int
    acknowledged: int
    lost: int
    broken: int


def kill(
    where: object,
    rounds: int,
    *,
    seed: int = 1,
    also: Callable[[int], None] | None = None,
) -> Toll:
    """Let a child write, kill it at a random moment, and look; so many times on the same book.

    Parameters
    ----------
    where
        As for `open_book`.
    rounds
        How many kills.
    seed
        Of the moments and of the batches.
    also
        Does more harm in each round, such as killing the server; called after the kill.
    """
    chance = random.Random(seed)
    open_book(where).close()
    acknowledged = lost = broken = 0
    for k in range(rounds):
        told = _round(where, chance.randrange(1 << 30), chance.randrange(MOST_BYTES))
        if also is not None:
            also(k)
        with open_book(where) as book:
            lost += sum(not _is_in(book, *line) for line in told)
            broken += not verify(book).whole
        acknowledged += len(told)
    return Toll(rounds, acknowledged, lost, broken)


def _round(where: object, seed: int, most: int) -> list[tuple[str, str]]:
    """Start a child, hear so many bytes of it, kill it; ids and hashes that it acknowledged."""
    ours, its = os.pipe()
    child = os.fork()
    if not child:
        os.close(ours)
        try:
            _write(where, seed, its)
        finally:
            os._exit(1)
    os.close(its)
    with os.fdopen(ours, "rb") as said:
        ready = said.readline()
        assert ready == b"ready\n", "the child could not open the book"
        lines = said.read(most)
        os.kill(child, signal.SIGKILL)
        lines += said.read()
    os.waitpid(child, 0)
    # What stands after the last line feed was cut off while it was said.
    whole = lines[: lines.rfind(b"\n") + 1].decode().splitlines()
    return [tuple(line.split()) for line in whole]


def _write(where: object, seed: int, out: int) -> None:
    chance = random.Random(seed)
    with suppress(BaseException), open_book(where) as book:
        os.write(out, b"ready\n")
        while True:
            deeds = [_ticket(chance) for _ in range(chance.randrange(1, MOST_AT_ONCE + 1))]
            receipts = book.post(deeds)
            os.write(out, "".join(f"{r.id} {r.hash}\n" for r in receipts).encode())


def _ticket(chance: random.Random) -> Ticket:
    return Ticket(
        id=new_id(),
        site=f"CP{chance.randrange(50)}",
        event_ms=now_ms(),
        material="pet",
        gross_g=chance.randrange(100, 50_000),
    )


def _is_in(book: Book, deed_id: str, hashed: str) -> bool:
    with book.reading() as store:
        found = store.one(
            "select hash from entry where id = ?", (bytes.fromhex(deed_id.replace("-", "")),)
        )
    return found is not None and bytes(found[0]).hex() == hashed
