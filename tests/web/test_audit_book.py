"""The auditor sees what changed and who did it, derives the book anew, and takes proofs away."""

import re
import subprocess
import sys
from base64 import b64decode
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import pytest

from ainalym.ledger import entries, entry, monthly_form, periods
from ainalym.model import entry as told_by
from ainalym.model.deed import Arrival, Clock, Close, Dispatch, Reversal
from ainalym.web.book import the_book
from tests.web.loads import bought, faults, told
from tests.web.story import POINTS, STATION, TICKETS, ZONE, Teller, a_month, text


@pytest.fixture
def auditor(browse):
    """The auditor, in English."""
    return browse("auditor")


@pytest.fixture
def month(programme):
    """A month that is over."""
    return a_month()


def test_entries_are_listed_newest_first_with_their_corrections(auditor, month):
    page = text(auditor.get("/audit/entries"))
    newest = entries(the_book(), most=2, newest_first=True)
    assert page.index(f"№ {newest[0].seq}") < page.index(f"№ {newest[1].seq}")
    wrong = entry(the_book(), month.reversal.seq).reverses
    assert f"Takes back № {wrong}" in page
    assert f"Tells anew № {wrong}" in page
    assert "wrong grade" in page
    one = text(auditor.get(f"/audit/entries/{wrong}"))
    assert f"Taken back by № {month.reversal.seq}" in one
    assert f"told anew in Entry {month.reversal.seq + 1}" in one


def numbers(answer) -> list[int]:
    """Numbers of the entries that a list shows."""
    rows = re.findall(r"<tr>\s*<td><a[^>]*entries/(\d+)", answer.content.decode())
    return [int(number) for number in rows]


def test_entries_are_chosen_by_site_kind_person_day_and_paged_without_gap(auditor, month):
    ask = auditor.get
    tickets = numbers(ask("/audit/entries", {"kind": "ticket", "site": POINTS[0]}))
    assert len(tickets) == TICKETS + 1
    assert numbers(ask("/audit/entries", {"who": "buyer-paper"})) == [
        one.seq for one in entries(the_book(), site="paper-mill")
    ]
    day = f"{month.name}-10"
    assert len(numbers(ask("/audit/entries", {"from": day, "to": day, "who": "leader-8"}))) == 7
    assert numbers(ask("/audit/entries", {"to": f"{month.name}-09", "who": "leader-8"})) == []
    seen, before = [], ""
    while True:
        answer = ask("/audit/entries", {"before": before} if before else {})
        seen += numbers(answer)
        match = re.search(r'href="\?before=(\d+)"', answer.content.decode())
        if not match:
            break
        before = match[1]
    top = entries(the_book(), most=1, newest_first=True)[0].seq
    assert seen == [*range(top, 0, -1)]


def test_the_book_is_shown_as_it_was_known_at_a_moment(auditor, month):
    book = the_book()
    last = entries(book, most=1, newest_first=True)[0]
    minute = datetime.fromtimestamp(last.recorded_ms / 1000, ZONE)
    shown = numbers(auditor.get("/audit/entries", {"known": f"{minute:%Y-%m-%dT%H:%M}"}))
    assert shown[0] == last.seq, "all of the last minute counts"
    early = auditor.get("/audit/entries", {"known": "2001-01-01T00:00"})
    assert (early.status_code, numbers(early)) == (200, [])


def test_a_clock_set_back_hides_nothing_of_what_was_known(auditor, programme, monkeypatch):
    """Ten years ahead, accepted by mistake, and set back: what came then is known today."""
    at_ms = [told_by.now_ms()]
    monkeypatch.setattr(told_by, "_by_this_computer", lambda: at_ms[0])
    monkeypatch.setattr(told_by, "_clock", told_by._by_this_computer)
    first = bought("cardboard", 20_000).seq
    at_ms[0] += 3_650 * 86_400_000
    ahead = [told(Clock, site="*").seq, bought("cardboard", 30_000).seq]
    back = told(Reversal, reverses=entry(the_book(), first).id, reason="wrong grade").seq
    at_ms[0] -= 3_650 * 86_400_000 - 1_000
    after = [told(Clock, site="*").seq, bought("cardboard", 40_000).seq]
    today = datetime.fromtimestamp(at_ms[0] / 1000, ZONE)
    answer = auditor.get("/audit/entries", {"known": f"{today:%Y-%m-%dT%H:%M}"})
    assert numbers(answer) == [*reversed(after), *range(first, 0, -1)]
    assert f"Taken back by № {back}" not in text(answer)
    assert numbers(auditor.get("/audit/entries"))[: len(ahead) + 3] == [
        *reversed(after), back, *reversed(ahead),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "asked", [{"from": "yesterday"}, {"to": "2026-13-01"}, {"known": "0001-01-01T00:00"}]
)
def test_days_that_are_none_are_refused_in_words(auditor, month, asked):
    answer = auditor.get("/audit/entries", asked)
    assert answer.status_code == 422
    assert "is no day or time" in faults(answer)[0]


def test_an_entry_shows_its_hash_the_one_before_and_its_times(auditor, month):
    book = the_book()
    found = entries(book, kind="ticket")[3]
    page = text(auditor.get(f"/audit/entries/{found.seq}"))
    assert found.hash in page
    assert entry(book, found.seq - 1).hash in page
    assert found.id in page
    assert "mass:stock:pt-012:cardboard" in page
    assert "0" * 64 in text(auditor.get("/audit/entries/1"))


def test_closed_periods_are_shown_with_their_roots_and_entries_say_what_seals_them(auditor, month):
    told(Close, site=POINTS[0], from_ms=month.from_ms, to_ms=month.to_ms, actor="department")
    (closed,) = periods(the_book())
    page = text(auditor.get("/audit/"))
    assert closed.root in page
    assert "Closed before" in page
    found = entries(the_book(), site=POINTS[0], kind="ticket")[0]
    assert closed.root in text(auditor.get(f"/audit/entries/{found.seq}"))
    other = entries(the_book(), site=POINTS[1], kind="ticket")[0]
    assert closed.root not in text(auditor.get(f"/audit/entries/{other.seq}"))


def test_a_hash_from_paper_is_looked_for(auditor, month):
    found = entries(the_book(), kind="sale")[0].hash
    grouped = " ".join(re.findall("....", found))
    assert "Yes: an entry" in text(auditor.get("/audit/", {"hash": grouped}))
    assert "No entry and no" in text(auditor.get("/audit/", {"hash": found[:-1] + "x"}))


@pytest.mark.tampers
def test_the_book_is_verified_and_what_somebody_changed_is_found(auditor, month, programme):
    import sqlite3

    from ainalym.web.book import close_book

    count = entries(the_book(), most=1, newest_first=True)[0].seq
    page = text(auditor.post("/audit/verify"))
    assert "The book is whole." in page
    assert f"each of {count} entries" in page
    close_book()
    with sqlite3.connect(programme / "book.sqlite") as raw:
        forge(raw, "update entry set actor = 'somebody' where seq = ?", (count - 2,))
    raw.close()
    answer = auditor.post("/audit/verify")
    assert "The book is not whole." in text(answer)
    assert f"entry {count - 2} was changed" in text(answer)


def test_a_closed_period_shows_its_seal_and_what_it_closed_with(auditor, month):
    told(Close, site=STATION, from_ms=month.from_ms, to_ms=month.to_ms, actor="department")
    told(Close, site="*", from_ms=month.from_ms - 86_400_000, to_ms=month.from_ms)
    station, every = periods(the_book())
    page = text(auditor.get(f"/audit/periods/{station.entry}"))
    assert station.root in page
    assert f"{station.entries} entries" in page
    (form,) = (
        one
        for one in monthly_form(the_book(), month.from_ms, month.to_ms, site=STATION)
        if one.material == "cardboard"
    )
    assert (form.received_g, form.written_off_g, form.closing_g) == (1_019_000, 1_000_000, 19_000)
    assert "Cardboard, unsorted 0 1,019 0 1,000 0 0 0 19" in page
    answer = auditor.get(f"/audit/periods/{station.entry}").content.decode()
    inside = re.search(r'href="(/audit/entries\?[^"]*)"', answer)[1].replace("&amp;", "&")
    assert len(numbers(auditor.get(inside))) == station.entries
    assert "All sites" in text(auditor.get(f"/audit/periods/{every.entry}"))
    assert auditor.get("/audit/periods/1").status_code == 404


def test_a_proof_is_checked_by_a_stranger_with_nothing_but_the_root(auditor, month):
    told(Close, site=POINTS[0], from_ms=month.from_ms, to_ms=month.to_ms)
    (closed,) = periods(the_book())
    found = entries(the_book(), site=POINTS[0], kind="ticket")[4]
    page = auditor.get(f"/audit/entries/{found.seq}").content.decode()
    address = re.search(r'href="([^"]*proof[^"]*)"', page)[1]
    proof = auditor.get(address).json()
    octets = b64decode(proof["entry"]["octets"])
    assert sha256(proof["entry"]["public"].encode()).digest() == octets[33:65]
    joined = sha256(b"\0" + sha256(octets).digest()).digest()
    for one in proof["branch"]:
        other = bytes.fromhex(one["hash"])
        pair = other + joined if one["side"] == "left" else joined + other
        joined = sha256(b"\1" + pair).digest()
    assert joined.hex() == proof["period"]["root"] == closed.root
    for wrong in (f"1/proof-{closed.entry}", f"{found.seq}/proof-1", f"{1 << 70}/proof-1"):
        assert auditor.get(f"/audit/entries/{wrong}.json").status_code == 404, wrong


def test_the_manuals_script_checks_a_proof(auditor, month, tmp_path):
    told(Close, site="*", from_ms=month.from_ms, to_ms=month.to_ms)
    (closed,) = periods(the_book())
    found = entries(the_book(), site=STATION, kind="change")[0]
    answer = auditor.get(f"/audit/entries/{found.seq}/proof-{closed.entry}.json")
    manual = (Path(__file__).parents[2] / "docs/how-to/audit.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"```python\n(.*?)```", manual, re.DOTALL)
    (tmp_path / "check.py").write_text(script)
    (tmp_path / "proof.json").write_bytes(answer.content)
    told_by = subprocess.run(
        [sys.executable, tmp_path / "check.py", tmp_path / "proof.json"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert told_by.splitlines()[0] == closed.root
    assert '"fibre-line"' in told_by


def test_many_closed_periods_are_paged_and_chosen_by_site(auditor, month):
    day_ms = 86_400_000
    for k in range(45):
        told(Close, site=POINTS[k % 2], from_ms=k * day_ms, to_ms=(k + 1) * day_ms)
    first = auditor.get("/audit/")
    shown = re.findall(r"/audit/periods/(\d+)", first.content.decode())
    before = re.search(r"before=(\d+)", first.content.decode())[1]
    rest = re.findall(
        r"/audit/periods/(\d+)", auditor.get(f"/audit/?before={before}").content.decode()
    )
    assert len({*shown, *rest}) == 45 == len(shown) + len(rest)
    own = auditor.get("/audit/", {"site": POINTS[1]})
    assert own.content.decode().count("/audit/periods/") == 22


def test_loads_that_contradict_themselves_are_listed_for_their_month(auditor, month):
    teller = Teller(month.to_ms - 86_400_000 * 12)
    teller.ticket(POINTS[1], 700, grams=5_000_000)
    (lot_sent,) = teller.tell(
        Dispatch, site=POINTS[1], to=STATION, loads={"cardboard": 5_000_000}
    ).lots
    teller.tell(Arrival, site=STATION, lots={lot_sent: 3_000_000}, reason="missing")
    page = text(auditor.get("/audit/weighings", {"month": month.name}))
    assert f"№ {lot_sent} " in page
    assert "−2,000" in page
    assert "No load of this month" in text(auditor.get("/audit/weighings"))
    answer = auditor.get("/audit/weighings", {"month": "soon"})
    assert (answer.status_code, "is no month" in faults(answer)[0]) == (422, True)


@pytest.mark.tampers
def test_an_entry_that_somebody_changed_gets_no_proof_but_a_sentence(auditor, month, programme):
    import sqlite3

    from ainalym.web.book import close_book

    told(Close, site=POINTS[0], from_ms=month.from_ms, to_ms=month.to_ms)
    (closed,) = periods(the_book())
    found = entries(the_book(), site=POINTS[0], kind="ticket")[4]
    close_book()
    with sqlite3.connect(programme / "book.sqlite") as raw:
        forge(raw, "update entry set noted = '{}' where seq = ?", (found.seq,))
    raw.close()
    answer = auditor.get(f"/audit/entries/{found.seq}/proof-{closed.entry}.json")
    assert answer.status_code == 409
    assert "Verify the book." in text(answer)


def forge(raw, crime: str, values: tuple) -> None:
    """Take the guards off a book, change it, and put them back, so that nobody sees it at once."""
    asked = "select name, sql from sqlite_master where type = 'trigger'"
    guards = raw.execute(asked).fetchall()
    for name, _ in guards:
        raw.execute(f"drop trigger {name}")
    raw.execute(crime, values)
    for _, said in guards:
        raw.execute(said)


@pytest.mark.tampers
def test_a_book_without_its_guards_is_not_served(auditor, month, programme):
    import sqlite3

    from ainalym.web.book import close_book

    close_book()
    with sqlite3.connect(programme / "book.sqlite") as raw:
        raw.execute("drop trigger posting_update")
    raw.close()
    answer = auditor.get("/audit/")
    assert answer.status_code == 409
    assert "the trigger posting_update is missing" in text(answer)
