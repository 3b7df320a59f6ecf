"""What leaves the book adds up elsewhere: hledger, tables, the operator's form."""

import csv
import json
import random
import shutil
import subprocess
from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ainalym.errors import OutsideError
from ainalym.ledger import (
    balances,
    monthly_form,
    open_book,
    post,
    stock,
    write_events,
    write_journal,
    write_tables,
)
from ainalym.model.deed import Close
from ainalym.model.entry import ms
from tests.ledger import servers, tell
from tests.ledger.towns import BEGIN_MS, DAY_MS, Town


@pytest.fixture
def town(where):
    """A book of a small town's three days, with a slip taken back."""
    moments = iter(range(tell.NOW_MS, tell.NOW_MS + 10**6))
    with open_book(where, clock=lambda: next(moments)) as book:
        Town(book.post, points=6, stations=2, tickets=60).live(3)
        wrong = post(book, [tell.ticket(7_001, price_minor_per_kg=3, paid_minor=21)])[0]
        post(book, [tell.reversal(wrong.id)])
        post(book, [tell.ticket(999, "P1", currency="K2", price_minor_per_kg=7, paid_minor=7)])
        yield book


def test_hledger_comes_to_the_same_totals(town, tmp_path):
    if shutil.which("hledger") is None:
        pytest.skip("hledger is not installed")
    write_journal(town, tmp_path / "book.journal")
    done = subprocess.run(
        ["hledger", "-f", tmp_path / "book.journal", "balance", "--flat", "-O", "csv", "--empty"],
        capture_output=True,
        text=True,
        check=True,
    )
    theirs = {}
    for account, amount in [*csv.reader(done.stdout.splitlines())][1:-1]:
        number, _, unit = amount.partition(" ")
        whole = int(number.replace(".", "")) if unit != "g" else int(number)
        if whole:
            theirs[account] = whole
    ours = {account.name: amount for account, amount in balances(town).items()}
    assert theirs == ours


def test_tables_hold_every_row(town, tmp_path):
    counts = write_tables(town, tmp_path / "out")
    sums = Counter()
    with (tmp_path / "out" / "postings.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            sums[tuple(row[part] for part in ("ledger", "role", "site", "what", "to"))] += int(
                row["quantity"]
            )
    assert {key: amount for key, amount in sums.items() if amount} == balances(town)
    for name, count in counts.items():
        with (tmp_path / "out" / f"{name}.csv").open(newline="") as lines:
            assert len([*csv.reader(lines)]) == count + 1


def test_both_engines_export_the_same_bytes(tmp_path):
    with servers.schema(servers.wheel()) as address:
        for name, where in (("one", tmp_path / "book"), ("two", address)):
            moments = iter(range(tell.NOW_MS, tell.NOW_MS + 10**6))
            chance = random.Random(1).randbytes
            with open_book(
                where, clock=lambda moments=moments: next(moments), chance=chance
            ) as book:
                Town(book.post, points=6, stations=2, tickets=60).live(3)
                write_tables(book, tmp_path / name)
                write_journal(book, tmp_path / name / "journal")
                write_events(book, tmp_path / name / "events.json", "https://book.example")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name
    events = json.loads((tmp_path / "one" / "events.json").read_text())
    assert len(events["epcisBody"]["eventList"]) > 180


def test_the_monthly_form_adds_up_to_stock(town):
    for line in monthly_form(town, BEGIN_MS, BEGIN_MS + 3 * DAY_MS):
        came = line.opening_g + line.received_g + line.produced_g + line.corrected_g
        assert came - line.written_off_g - line.sold_g - line.shipped_g == line.closing_g
        assert 0 <= line.eligible_g <= line.received_g
        now = stock(town, line.site, as_of_ms=BEGIN_MS + 3 * DAY_MS - 1)
        assert line.closing_g == now.get(line.material, 0)


def test_the_monthly_form_of_a_story_told_by_hand(quick):
    post(quick, [tell.sorting()])
    tell.shipped(quick, 10_000, source="container")
    tell.shipped(quick, 20_000, source="business")
    post(quick, [tell.change({"pet": 25_000}, [("pet.clear", 18_000)])])
    sold = post(quick, [tell.sale({"pet.clear": 5_000}), tell.sale({"pet.clear": 1_000})])
    post(quick, [tell.reversal(sold[1].id, "S1"), tell.stocktake({"pet": 4_900}, "S1")])
    lines = {(n.site, n.material): n for n in monthly_form(quick, 2, tell.NOW_MS + 1)}
    point, station, made = (
        lines["P1", "pet"],
        lines["S1", "pet"],
        lines["S1", "pet.clear"],
    )
    assert (point.received_g, point.shipped_g, point.eligible_g) == (30_000, 30_000, 20_000)
    assert (station.received_g, station.written_off_g) == (30_000, 25_000)
    assert (station.corrected_g, station.closing_g) == (-100, 4_900)
    assert (made.produced_g, made.sold_g, made.closing_g) == (18_000, 5_000, 13_000)
    later = monthly_form(quick, tell.NOW_MS + 1, tell.NOW_MS + 2, site="S1")
    assert {(n.material, n.opening_g, n.closing_g) for n in later} == {
        ("pet", 4_900, 4_900),
        ("pet.clear", 13_000, 13_000),
    }


def test_a_file_that_cannot_be_written_is_said_so(quick, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutsideError, match="the folder cannot be made"):
        write_tables(quick, tmp_path / "file")
    with pytest.raises(OutsideError, match="the file cannot be written"):
        write_journal(quick, tmp_path / "no" / "folder")
    assert (tmp_path / "file").read_text() == "mine"


AT_THE_EDGE = ("00:30", "12:00", "23:30")
EDGES = {
    # Almaty set its clocks back by an hour when March of 2024 began.
    "Asia/Almaty": ("2024-01-31", "2024-02-01", "2024-02-29", "2024-03-01", "2024-03-31"),
    "America/New_York": ("2025-03-01", "2025-03-09", "2025-10-31", "2025-11-01", "2025-11-02"),
    "Europe/Berlin": ("2025-03-30", "2025-03-31", "2025-04-01", "2025-10-26", "2025-11-01"),
    "Pacific/Kiritimati": ("2025-01-31", "2025-02-01", "2025-12-31", "2026-01-01"),
    "Pacific/Pago_Pago": ("2025-01-31", "2025-02-01", "2025-12-31", "2026-01-01"),
    "Asia/Kathmandu": ("2025-06-30", "2025-07-01"),
}


def tickets_at_the_edge(zone):
    """Tickets at the edges of local days, each of another weight; grams by local month."""
    deeds, months = [], Counter()
    for on in EDGES[zone]:
        for at in AT_THE_EDGE:
            for fold in (0, 1):
                local = datetime.fromisoformat(f"{on} {at}").replace(tzinfo=ZoneInfo(zone))
                grams = 1_000 + 7 ** (len(deeds) % 5) + len(deeds)
                deeds.append(tell.ticket(grams, event_ms=ms(local.replace(fold=fold))))
                months[on[:7]] += grams
    return deeds, months


def months_by_hledger(path):
    """Grams that came in by month, as hledger sums them."""
    words = ["hledger", "-f", path, "balance", "-M", "mass:stock", "--depth", "1", "-O", "csv"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    head, *rows = csv.reader(done.stdout.splitlines())
    total = next(row for row in rows if row[0].lower().startswith("total"))
    sums = zip(head[1:], total[1:], strict=True)
    return {month: int(amount.removesuffix(" g")) for month, amount in sums if amount != "0"}


def months_by_text(path):
    """The same, read from the journal's own lines."""
    sums, month = Counter(), ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line[:1].isdigit():
            month = line[:7]
        elif line.startswith("    mass:stock"):
            sums[month] += int(line.split("  ")[-1].removesuffix(" g"))
    return sums


@pytest.mark.parametrize("zone", EDGES)
def test_months_of_the_journal_the_form_and_the_tables_agree(where, tmp_path, zone):
    deeds, months = tickets_at_the_edge(zone)
    here, journal = ZoneInfo(zone), tmp_path / "book.journal"
    with open_book(where, clock=lambda: tell.NOW_MS) as book:
        post(book, deeds)
        write_journal(book, journal, zone=here)
        write_tables(book, tmp_path / "tables", zone=here)
        write_events(book, tmp_path / "events.json", "https://book.example", zone=here)
        form = Counter()
        for month in months:
            year, number = map(int, month.split("-"))
            ends = (year, number), (year + number // 12, number % 12 + 1)
            span = (ms(datetime(*end, 1, tzinfo=here)) for end in ends)
            form[month] += sum(line.received_g for line in monthly_form(book, *span))
    assert form == months
    assert months_by_text(journal) == months
    if shutil.which("hledger"):
        assert months_by_hledger(journal) == months
    days = {}
    with (tmp_path / "tables" / "entries.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            days[row["seq"]] = row["day"]
            at = datetime.fromisoformat(row["event_at"].replace("Z", "+00:00"))
            assert at.utcoffset() == timedelta(0)
            assert row["day"] == at.astimezone(here).date().isoformat()
    sums = Counter()
    with (tmp_path / "tables" / "lots.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            assert row["day"] == days[row["entry"]]
            sums[row["day"][:7]] += int(row["made_g"])
    assert sums == months
    events = json.loads((tmp_path / "events.json").read_text())["epcisBody"]["eventList"]
    assert len(events) == len(deeds)
    for event, deed in zip(events, deeds, strict=True):
        local = datetime.fromtimestamp(deed.event_ms / 1000, here)
        assert event["eventTimeZoneOffset"] == f"{local:%z}"[:3] + ":" + f"{local:%z}"[3:]


def test_without_a_zone_days_are_those_of_almaty(quick, tmp_path):
    deeds, months = tickets_at_the_edge("Asia/Almaty")
    post(quick, deeds)
    write_journal(quick, tmp_path / "book.journal")
    assert months_by_text(tmp_path / "book.journal") == months


def test_a_closed_period_has_its_first_and_its_last_day(quick, tmp_path):
    zone = ZoneInfo("Asia/Almaty")
    span = [ms(datetime(2026, month, 1, tzinfo=zone)) for month in (3, 4)]
    close = {"from_ms": span[0], "to_ms": span[1], "event_ms": span[1]}
    post(quick, [Close(id=tell.deed_id(), site="P1", **close)])
    write_tables(quick, tmp_path, zone=zone)
    with (tmp_path / "periods.csv").open(newline="") as lines:
        row = next(csv.DictReader(lines))
    assert (row["from"], row["first_day"]) == ("2026-02-28T19:00:00.000Z", "2026-03-01")
    assert (row["to"], row["last_day"]) == ("2026-03-31T19:00:00.000Z", "2026-03-31")
