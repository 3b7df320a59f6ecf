"""Time many clients at once: `python -m bench.http [ledger] [http]`.

`ledger`: sixteen threads that post one ticket after another to a book on SQLite; `http`: sixteen
programs that tell the site one ticket after another, each with a connection of its own. What one
fsync of this disk takes is measured before and after, in the same minute: rates of disks differ a
hundredfold, and what is one write and one fsync is the least a ticket can cost by itself.
"""

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from ainalym.ledger import Book, open_book, verify
from ainalym.model.deed import Ticket
from ainalym.model.entry import new_id, now_ms
from ainalym.web.simulation.host import Host
from ainalym.web.simulation.network import Client, Network
from bench import record

CLIENTS, SECONDS, TURNS, PROBES = 16, 6.0, 5, 200
PAID = 3_000


def probe(folder: Path) -> float:
    """Write a block and wait until it is on the disk; seconds, the median of many."""
    took_s = []
    with (folder / "probe").open("wb", buffering=0) as file:
        for _ in range(PROBES):
            began_s = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            took_s.append(time.perf_counter() - began_s)
    return median(took_s)


def at_once(work: Callable[[int, Callable[[], bool], list[float]], None]) -> list[float]:
    """Let all clients work for some seconds; how long each thing took, in seconds."""
    end_s = time.perf_counter() + SECONDS
    took: list[list[float]] = [[] for _ in range(CLIENTS)]
    hands = [
        threading.Thread(target=work, args=(k, lambda: time.perf_counter() < end_s, took[k]))
        for k in range(CLIENTS)
    ]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    return sorted(one for some in took for one in some)


def ledger(folder: Path) -> None:
    """Threads that post to one book."""
    for turn in range(TURNS):
        before_s = probe(folder)
        with open_book(folder / f"book{turn}") as book:
            took_s = at_once(lambda k, more, took, book=book: post(book, k, more, took))
            commits = book.commits
            whole = verify(book)
        say("ledger", took_s, [before_s, probe(folder)], commits=commits)
        if not whole.whole or whole.entries != len(took_s):
            raise SystemExit(f"{whole.entries} entries of {len(took_s)}: {whole.faults}")


def post(book: Book, k: int, more: Callable[[], bool], took: list[float]) -> None:
    """Post one ticket after another."""
    while more():
        ticket = Ticket(
            id=new_id(),
            site=f"CP{k}",
            event_ms=now_ms(),
            material="pet",
            gross_g=12_000,
            price_minor_per_kg=PAID,
            paid_minor=12 * PAID,
        )
        began_s = time.perf_counter()
        book.post([ticket])
        took.append(time.perf_counter() - began_s)


def http(folder: Path) -> None:
    """Programs that tell the site."""
    host = Host(folder / "site", database="", at_ms=now_ms())
    network = Network(host.port, bad=False)
    try:
        host.start()
        keepers = sorted(name for name in host.tokens if name.startswith("keeper"))
        for _ in range(TURNS):
            host.set_clock(now_ms())
            before_s = probe(folder)
            took_s = at_once(
                lambda k, more, took: tell(
                    network, host.tokens[keepers[k % len(keepers)]], more, took
                )
            )
            say("http", took_s, [before_s, probe(folder)], network=dict(network.seen))
    finally:
        host.stop()
    with open_book(folder / "site" / "book.sqlite", read_only=True) as book:
        if not verify(book).whole:
            raise SystemExit("the book is not whole")


def tell(network: Network, token: str, more: Callable[[], bool], took: list[float]) -> None:
    """Tell one ticket after another."""
    client = Client(network, token, chance=None)
    site = client.get_list("/sites")[0]["id"]
    while more():
        at_ms = now_ms()
        ticket = {"kind": "ticket", "id": new_id(), "site": site, "event_ms": at_ms}
        ticket |= {"material": "plastic", "gross_g": 12_000, "scale": f"{site}-scale"}
        ticket |= {"price_minor_per_kg": PAID, "paid_minor": 12 * PAID}
        began_s = time.perf_counter()
        answer = client.tell(ticket)
        took.append(time.perf_counter() - began_s)
        if answer.status != 201:
            raise SystemExit(f"refused: {answer}")
    client.close()


def say(claim: str, took_s: list[float], fsync_s: list[float], **more: object) -> None:
    """Print and record a turn."""
    each_s, per_s = median(fsync_s), len(took_s) / SECONDS
    late_s = took_s[int(0.99 * (len(took_s) - 1))]
    commits = more.get("commits")
    said = (
        f"{claim}: {CLIENTS} clients, {per_s:,.0f} tickets/s, median {1000 * median(took_s):.1f} "
        f"ms, 99 % within {1000 * late_s:.1f} ms"
    )
    if commits:
        said += (
            f"; {len(took_s) / commits:.1f} tickets a commit; an fsync takes {1000 * each_s:.2f} "
            f"ms, so 99 % within {late_s / each_s:.1f} of them"
        )
    print(said)
    record.append(
        "http",
        claim=claim,
        clients=CLIENTS,
        seconds=SECONDS,
        tickets=len(took_s),
        tickets_per_s=per_s,
        median_s=median(took_s),
        p99_s=late_s,
        fsync_s=fsync_s,
        load=round(os.getloadavg()[0], 1),
        **more,
    )


CLAIMS = {"ledger": ledger, "http": http}


def main(words: list[str]) -> int:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(prog="python -m bench.http", description=__doc__)
    parser.add_argument("claims", nargs="*", metavar="claim", help=", ".join(CLAIMS))
    asked = parser.parse_args(words).claims
    if unknown := [name for name in asked if name not in CLAIMS]:
        parser.error(f"there is no claim {unknown[0]!r}; name some of {', '.join(CLAIMS)}")
    for name in asked or CLAIMS:
        with TemporaryDirectory(prefix="ainalym-") as folder:
            CLAIMS[name](Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
