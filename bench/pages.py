"""Time every page of the site on a book of a year: `python -m bench.pages [--book FILE]`.

A programme of 400 points, three stations and a plant is set up in a temporary folder, with a plan,
prices, scales and people, on a copy of a book that `bench.book year` makes, or a book made here. It
is asked in process, by Django's test client, as whoever works in each room. What counts is seconds
of this process's processors, the second time a page is asked; then sixteen threads ask for all
pages at once, and the most memory the process ever held is told.
"""

import argparse
import resource
import shutil
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from ainalym.ledger import Book, entries, lots, open_book
from ainalym.web.serve import THREADS, ready
from bench import record
from tests.ledger.towns import BEGIN_MS, MATERIALS, Town

SIZES = {"points": 400, "stations": 3, "tickets": 3_300}
DAYS, MOST_S, MOST_BYTES, MOST_MB = 364, 0.5, 200_000, 400
PEOPLE = {
    "department": ("department", None),
    "auditor": ("auditor", None),
    "keeper": ("keeper", "CP000"),
    "leader": ("leader", "S0"),
    "buyer": ("buyer", "plant"),
}
MONTH, DAY = "2025-11", "2025-11-13"
A_MONTH = "from_ms=1761937200000&to_ms=1764529200000"
A_YEAR = "from_ms=1735671600000&to_ms=1767207600000"
EXPORTS = ("/api/v1/export/journal", "/api/v1/export/tables.zip")


class Asked(NamedTuple):
    """What came of a page: seconds of processors, first and again, octets, and the status."""

    who: str
    address: str
    status: int
    first_s: float
    again_s: float
    size: int
    streamed: bool


def fill(book: Book) -> None:
    """Set the programme of a town up in the site's tables."""
    from ainalym.web.loads.models import Offer
    from ainalym.web.people.models import Duty, Person
    from ainalym.web.programme.models import (
        Material,
        Planned,
        Price,
        PriceList,
        Rate,
        Scale,
        Site,
    )

    stations = [f"S{k}" for k in range(SIZES["stations"])]
    kinds = {**dict.fromkeys(stations, "station"), "plant": "plant", "landfill": "landfill"}
    places = [(f"CP{k:03d}", "point") for k in range(SIZES["points"])]
    Site.objects.bulk_create(
        Site(
            name,
            kind,
            {"en": f"Site {name}", "ru": f"Место {name}", "kk": f"Орын {name}"},
            76.8 + 0.01 * (k % 20),
            43.2 + 0.005 * (k // 20),
        )
        for k, (name, kind) in enumerate([*kinds.items(), *places])
    )
    for k, (name, _kind) in enumerate(places):
        Site.objects.filter(pk=name).update(ships_to=stations[k % len(stations)])
    grades = [(f"{one}{end}", one) for one in MATERIALS for end in ("", ".clear", ".mixed")]
    Material.objects.bulk_create(
        Material(name, fraction, {"en": name.capitalize()}, k)
        for k, (name, fraction) in enumerate(grades)
    )
    paid = PriceList.objects.create(from_ms=BEGIN_MS)
    for k, one in enumerate(MATERIALS):
        Price.objects.create(price_list=paid, material_id=one, price_minor_per_kg=2_000 + 500 * k)
        Rate.objects.create(fraction=one, minor_per_t=1_000_000)
    Offer.objects.bulk_create(
        Offer(site_id=site, material_id=f"{one}{end}", from_ms=BEGIN_MS, price_minor_per_kg=9_000)
        for site, end in [*((station, "") for station in stations), ("plant", ".clear")]
        for one in MATERIALS
    )
    Scale.objects.bulk_create(
        Scale(id=f"S-{k}", site_id=name, most_g=300_000, step_g=50)
        for k, (name, _kind) in enumerate(places)
    )
    Planned.objects.bulk_create(
        Planned(site_id=name, fraction=one, year=2025, mass_g=800_000_000 // (1 + k))
        for k, (name, _kind) in enumerate(places)
        for one in MATERIALS
    )
    told = {**PEOPLE, **{f"keeper-{name}": ("keeper", name) for name, _kind in places}}
    for name, (role, site) in told.items():
        Duty.objects.create(person=Person.objects.create(name=name), role=role, site_id=site)


def addresses(book: Book) -> Iterator[tuple[str, str]]:
    """Yield who asks for what: every page of every room, and every read of the API."""
    bale = next(
        line.lot
        for one in entries(book, site="S0", kind="change", after=500_000, most=1)
        for line in one.postings
        if line.lot is not None and line.quantity > 0
    )
    ticket = entries(book, site="CP000", kind="ticket", after=900_000, most=1)[0]
    arrival, run, sale = (
        entries(book, site="S0", kind=kind, after=900_000, most=1)[0]
        for kind in ("arrival", "change", "sale")
    )
    coming = lots(book, to="S0")
    for page in (
        *("", f"?month={MONTH}", f"?month={MONTH}&site=CP003", f"?month={MONTH}&fraction=paper"),
        *(f"map?month={MONTH}", "plan", f"form?month={MONTH}", f"form?month={MONTH}&site=CP003"),
        *("form?month=2025-02", f"form.csv?month={MONTH}", f"closing?month={MONTH}"),
        *("closing?month=2025-02", f"closing/CP000?month={MONTH}", f"closing/S0?month={MONTH}"),
    ):
        yield "department", f"/department/{page}"
    for page in ("", "trail", "prices", "prices?site=CP000", "scales"):
        yield "department", f"/office/{page}"
    yield "department", "/people/tokens"
    for page in (
        *("", f"?hash={ticket.hash}", f"weighings?month={MONTH}", "lots", "lots?site=S0"),
        *("lots?site=CP000", f"lots/{bale}", f"lots/{bale}.csv", "entries", "entries?site=CP000"),
        *("entries?kind=reversal", "entries?who=nobody", f"entries?from={DAY}&to={DAY}"),
        f"entries?site=CP000&from={DAY}&to={DAY}",
        *("entries?known=2025-06-01T00:00", f"entries/{ticket.seq}", f"entries/{sale.seq}"),
    ):
        yield "auditor", f"/audit/{page}"
    for page in ("", "state", "day", f"day?on={DAY}", f"slips/{ticket.id}", "till", "pickup"):
        if page != "till":
            yield "keeper", f"/counter/CP000/{page}"
    for page in (
        *("", "sort", f"runs/{run.id}", "stock", f"lots/{bale}", "send", "done"),
        *(f"arrivals/{arrival.id}", f"passports/{sale.id}"),
        *(f"loads/{_name(book, one.entry)}" for one in coming[:1]),
    ):
        yield "leader", f"/station/S0/{page}"
    for page in ("", "offers", "bought"):
        yield "buyer", f"/plant/plant/{page}"
    for page in (
        *("sites", "stock?site=CP000", f"stock?site=S0&as_of_ms={BEGIN_MS + 10**10}"),
        *("entries", "entries?most=1000&after=700000", "entries?site=CP000&most=1000"),
        *("entries?kind=reversal", f"entries?site=CP000&{A_MONTH}", f"entries/{ticket.id}"),
        *("lots", "lots?most=1000", "lots?site=S0", "lots?to=S0", "lots?material=paper"),
        *(f"lots/{bale}", f"lots/{bale}/trace", f"lots/{bale}/follow", f"lots/{bale}/claim"),
        *("periods", f"form?{A_MONTH}", f"form?{A_YEAR}", f"form?{A_YEAR}&site=CP003"),
        *("rules?about=process", "rules?about=scale", "offers", "materials", "prices?site=CP000"),
        *(
            "epcis/events",
            "epcis/events?perPage=1000",
            "epcis/events?eventType=TransformationEvent",
        ),
        *("epcis/events?EQ_bizStep=shipping&perPage=1000", "openapi.json", f"proofs/{ticket.id}"),
        f"epcis/events?MATCH_epcClass={'nothing'}",
    ):
        yield "auditor", f"/api/v1/{page}"


def _name(book: Book, seq: int) -> str:
    return entries(book, after=seq - 1, most=1)[0].id


def ask(who: str, address: str) -> tuple[int, int, bool]:
    """Ask for a page as somebody; its status, its octets, and whether it comes in parts."""
    from django.test import Client

    from ainalym.web.people.models import Person

    client = Client(raise_request_exception=False, SERVER_NAME="localhost")
    client.force_login(Person.objects.get(name=who))
    answer = client.get(address, REMOTE_ADDR=f"10.0.0.{hash(address) % 250}")
    if answer.streaming:
        return answer.status_code, sum(map(len, answer.streaming_content)), True
    return answer.status_code, len(answer.content), False


def timed(who: str, address: str, times: int) -> Asked:
    """Ask for a page once or twice."""
    took_s = []
    for _ in range(times):
        began_s = time.process_time()
        status, size, streamed = ask(who, address)
        took_s.append(time.process_time() - began_s)
    return Asked(who, address, status, took_s[0], took_s[-1], size, streamed)


def measure(folder: Path, *, exports: bool, once: bool) -> None:
    """Ask for everything, print and record it."""
    ready(folder, database="", requests_per_minute=10**9)
    from ainalym.web.book import close_book, the_book

    book = the_book()
    fill(book)
    fold_s = 0.0
    if hasattr(book, "fold"):
        began_s = time.process_time()
        book.fold(wait=True)
        fold_s = time.process_time() - began_s
    pages = [*addresses(book)]
    found = []
    for page in pages:
        found.append(one := timed(*page, 1 if once else 2))
        bad = "  <--" * (one.again_s > MOST_S or one.size > MOST_BYTES or one.status != 200)
        print(
            f"{one.status} {one.first_s:7.3f} s {one.again_s:7.3f} s {one.size:9,} B"
            f"{' streamed' * one.streamed}  {one.who}: {one.address}{bad}",
            flush=True,
        )
    if once:
        close_book()
        return
    with ThreadPoolExecutor(THREADS) as people:
        for _ in people.map(lambda page: ask(*page), pages * 2):
            pass
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"folding {fold_s:.1f} s; peak {peak_mb:.0f} MB", flush=True)
    told = [export(address) for address in EXPORTS * exports]
    close_book()
    record.append(
        "pages",
        fold_s=fold_s,
        peak_mb=peak_mb,
        exports=told,
        pages=[one._asdict() for one in found],
    )


def export(address: str) -> dict[str, object]:
    """Ask for an export of the whole book: seconds, octets, and the most memory until then."""
    began_s = time.process_time()
    status, size, streamed = ask("auditor", address)
    took_s = time.process_time() - began_s
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{status} {took_s:7.1f} s {size:,} B  {address}; peak {peak_mb:.0f} MB", flush=True)
    return {
        "address": address,
        "status": status,
        "took_s": took_s,
        "size": size,
        "streamed": streamed,
        "peak_mb": peak_mb,
    }


def main(words: list[str]) -> int:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--book", type=Path, help="a book of a year, of which a copy is asked")
    said = "ask for the exports of the whole book too, which takes minutes"
    parser.add_argument("--exports", action="store_true", help=said)
    said = "ask for each page once, and record nothing: for sources that take minutes"
    parser.add_argument("--once", action="store_true", help=said)
    asked = parser.parse_args(words)
    with TemporaryDirectory(prefix="ainalym-") as folder:
        at = Path(folder)
        if asked.book is not None:
            shutil.copy(asked.book, at / "book.sqlite")
        else:
            with open_book(at / "book.sqlite") as book:
                Town(book.post, **SIZES).live(DAYS)
        measure(at, exports=asked.exports, once=asked.once)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
