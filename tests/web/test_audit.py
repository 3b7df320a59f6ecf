"""The auditor: every gram followed both ways, every entry shown whole, the book derived anew."""

import csv
import io
import re
import subprocess
import sys
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ainalym.ledger import claim, entries, entry, lot, monthly_form, periods, slip, stock, trace
from ainalym.model.deed import Arrival, Change, Close, Count, Dispatch, Reversal, Rule, Sale, Ticket
from ainalym.model.entry import iso, new_id
from ainalym.web.book import the_book
from tests.web.loads import faults, told
from tests.web.story import BALES_G, LANDFILL, POINTS, STATION, TICKETS, Teller, a_month

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def auditor(browse):
    """The auditor, in English."""
    return browse("auditor")


@pytest.fixture
def month(programme):
    """A month that is over."""
    return a_month()


def text(answer) -> str:
    """A page without its markup."""
    bare = re.sub(r"<[^>]+>", " ", answer.content.decode()).replace("\N{NO-BREAK SPACE}", " ")
    return re.sub(r"\s+", " ", bare)


def picture(answer) -> ElementTree.Element:
    """The picture on a page, as XML."""
    found = re.search(r"<svg xmlns.*?</svg>", answer.content.decode(), re.DOTALL)
    return ElementTree.fromstring(found[0])


def table_of(answer) -> list[dict]:
    """A downloaded table."""
    return [*csv.DictReader(io.StringIO(answer.content.decode()))]


def test_pages_open_on_an_empty_book_and_to_the_auditor_alone(auditor, browse):
    for page in ("", "lots", "lots?site=st-08", "entries"):
        assert auditor.get(f"/audit/{page}").status_code == 200, page
        assert browse("leader-8").get(f"/audit/{page}").status_code == 403, page
        assert browse().get(f"/audit/{page}").status_code == 302, page
    for page in ("lots/1", "lots/1.csv", "entries/100000", f"entries/{1 << 70}", f"lots/{1 << 70}"):
        assert auditor.get(f"/audit/{page}").status_code == 404, page
    assert browse("leader-8").post("/audit/verify").status_code == 403


def test_every_step_of_a_way_gives_on_what_it_got(month):
    from ainalym.web.audit.ways import way_of

    book = the_book()
    for number in range(1, month.arrived + 1):
        way = way_of(book, number)
        into, out = {}, {}
        for (origin, target), grams in way.links.items():
            out[origin] = out.get(origin, 0) + grams
            into[target] = into.get(target, 0) + grams
        both = into.keys() & out.keys()
        assert {key: into[key] for key in both} == {key: out[key] for key in both}
        ends_g = [sum(flow[key] for key in flow.keys() - both) for flow in (into, out) if flow]
        assert set(ends_g) <= {way.lot.made_g}, number
        off = [grams - trace(book, number).ends_g.get(k, 0) for k, grams in way.taken_g.items()]
        assert max(map(abs, off), default=0) <= 2, "grams by ticket are those the book traces"


def test_ways_of_a_busy_town_keep_every_gram(tmp_path):
    from ainalym.ledger import open_book
    from ainalym.web.audit.picture import picture_of
    from ainalym.web.audit.ways import way_of
    from tests.ledger.towns import Town

    with open_book(tmp_path / "town.sqlite") as book:
        Town(book.post, points=9, stations=2, tickets=60, seed=4).live(9)
        last = max(one.lot or 0 for one in entries(book, most=1, newest_first=True)[0].postings)
        for number in range(1, last, 7):
            way = way_of(book, number)
            kept = dict.fromkeys(way.steps, 0)
            for (origin, target), grams in way.links.items():
                assert way.steps[origin].column < way.steps[target].column
                kept[origin] -= grams
                kept[target] += grams
            began_g = -sum(grams for grams in kept.values() if grams < 0)
            ended_g = sum(grams for grams in kept.values() if grams > 0)
            assert began_g == ended_g == way.lot.made_g
            picture = picture_of(way)
            assert sum(len(box.steps) for box in picture.boxes) == len(way.steps)


def test_a_way_names_its_kinds_of_steps_from_tickets_to_the_plant(month):
    from ainalym.web.audit.ways import way_of

    steps = way_of(the_book(), month.arrived).steps.values()
    assert [one.kind for one in steps] == [
        *("point", "point", "load", "load", "run", "lot", "load", "lies"),
    ]
    assert [one.column for one in steps] == [0, 0, 1, 1, 2, 3, 4, 5]
    (asked,) = (one for one in steps if one.asked)
    assert [one.made_g for one in asked.lots] == [BALES_G[0], BALES_G[0]]
    assert (asked.site, asked.to) == (STATION, "paper-mill")


def test_a_way_down_tells_what_was_lost_sorted_and_sold(month):
    from ainalym.web.audit.ways import way_of

    (first, *_) = (one for one in entries(the_book(), site=POINTS[0], kind="dispatch"))
    way = way_of(the_book(), first.postings[-1].lot)
    ends = {one.kind: one for one in way.steps.values() if one.kind in ("lost", "sold")}
    assert ends["lost"].grams == 1_000
    assert ends["sold"].to == LANDFILL
    assert ends["sold"].grams == pytest.approx(100_000 * 499 / 1000, rel=0.001)


def test_the_page_of_a_lot_shows_picture_table_and_claim(auditor, month):
    answer = auditor.get(f"/audit/lots/{month.arrived}")
    page = text(answer)
    share = claim(the_book(), month.arrived)
    assert "100.0 % recycled: controlled blending" in page
    assert f"{100 * share.eligible_share:.1f}" in page
    assert share.eligible_share < 1, "a ticket out of containers went into it"
    assert "352,000" in page
    assert "sent 500 kg, arrived 499 kg" in page
    svg = picture(answer)
    assert [svg.find(f"{SVG}title").text, svg.find(f"{SVG}desc") is not None] == [
        f"Way of lot {month.arrived}", True,
    ]  # fmt: skip
    boxes = svg.findall(f"{SVG}a")
    assert len(boxes) == 8
    assert len(svg.findall(f"{SVG}g[@class='bands']/{SVG}path")) == 7
    xs = [float(re.search(r"\((\d+)", box.find(f"{SVG}g").get("transform"))[1]) for box in boxes]
    assert len({*xs}) == 6, "a column for each step"
    assert all(link.get("href") == "#steps" or link.get("href")[0] == "/" for link in boxes)


def test_a_scale_without_verification_lowers_the_ratio_that_is_shown(auditor, month):
    teller = Teller(month.to_ms - 86_400_000 * 12)
    one = teller.ticket(POINTS[0], 900, scale="nobody-knows").lots[0]
    two = teller.ticket(POINTS[0], 901).lots[0]
    for number, share in ((one, "0.0"), (two, "100.0")):
        page = text(auditor.get(f"/audit/lots/{number}"))
        assert re.search(rf"Weighed on verified scales {share} %", page)
    kept = stock(the_book(), POINTS[0])["cardboard"] - 60_000
    told(Dispatch, site=POINTS[0], to=STATION, loads={"cardboard": kept})
    last = told(Dispatch, site=POINTS[0], to=STATION, loads={"cardboard": 60_000}).lots[0]
    assert "50.0 % on verified scales" in text(auditor.get(f"/audit/lots/{last}"))


def test_many_steps_of_one_column_are_drawn_together_and_stay_in_the_table(auditor, month):
    teller = Teller(month.to_ms - 86_400_000 * 12)
    book = the_book()
    for number in range(15):
        teller.ticket(POINTS[1], 500 + number)
        lots = teller.tell(
            Dispatch, site=POINTS[1], to=STATION, loads={"cardboard": 30_000}, actor="leader-8"
        ).lots
        teller.tell(Arrival, site=STATION, lots={lots[0]: 30_000}, actor="leader-8")
    run = teller.tell(
        Change, site=STATION, process="fibre-line", inputs={"cardboard": 450_000},
        outputs=(("cardboard.clean", 360_000), ("cardboard.dirty", 70_000), ("residue", 20_000)),
        reason="clean",
    )  # fmt: skip
    answer = auditor.get(f"/audit/lots/{run.lots[0]}")
    assert re.search(r"1[3-9] loads", text(answer))
    boxes = picture(answer).findall(f"{SVG}a")
    assert len(boxes) < 14
    from ainalym.web.audit.ways import way_of

    loads = [one for one in way_of(book, run.lots[0]).steps.values() if one.kind == "load"]
    assert answer.content.decode().count("→ Station 8, Alatau</td>") == len(loads) > 12


def test_the_table_of_a_way_has_every_draw_and_no_formula(auditor, month):
    rows = table_of(auditor.get(f"/audit/lots/{month.arrived}.csv"))
    up = trace(the_book(), month.arrived)
    drawn = {
        (int(r["into_lot"]), int(r["from_lot"]), int(r["grams"]))
        for r in rows
        if r["way"] == "from"
    }
    assert drawn == {*up.links}
    lying = [row for row in rows if row["way"] == "lies"]
    assert [(row["from_lot"], row["grams"]) for row in lying] == [(str(month.arrived), "352000")]
    bought = next(row for row in rows if row["source"] == "people")
    made = lot(the_book(), int(bought["from_lot"]))
    assert bought["hash"] == entry(the_book(), made.entry).hash
    assert (bought["made_at"], bought["actor"][:7]) == (iso(made.event_ms), "keeper-")
    (one,) = told(Ticket, material="glass", gross_g=1_000, actor="=1+1").lots
    (row,) = table_of(auditor.get(f"/audit/lots/{one}.csv"))
    assert (row["way"], row["actor"]) == ("lies", "'=1+1")


def test_a_lot_is_found_by_its_number_slip_and_entry(auditor, month):
    book = the_book()
    number = f"{POINTS[0]}-A-7"
    found = slip(book, f"{POINTS[0]}-A", 7)
    (bought,) = (one.lot for one in found.postings if one.lot)
    for asked in (number, f"{POINTS[0]}-A 7", f"№ {bought}", str(bought), found.id.upper()):
        answer = auditor.get("/audit/lots", {"q": asked})
        assert answer["Location"] == f"/audit/lots/{bought}", asked
    for asked in ("999999", "pt-012-A-999", "nothing", new_id(), "1" * 40):
        answer = auditor.get("/audit/lots", {"q": asked})
        assert answer.status_code == 404, asked
        assert faults(answer)
    moved = next(one for one in entries(book, kind="change"))
    answer = auditor.get("/audit/lots", {"q": moved.id})
    assert answer["Location"] == f"/audit/entries/{moved.seq}"


def test_what_was_sold_and_what_came_to_plants_is_at_hand(auditor, month):
    page = auditor.get("/audit/lots").content.decode()
    sold = entries(the_book(), kind="sale")[0].draws[0].parent
    for number in (sold, month.arrived):
        assert f'href="/audit/lots/{number}"' in page


def test_a_lot_that_was_taken_back_says_so(auditor, month):
    taken = entry(the_book(), month.reversal.seq)
    gone = next(one.lot for one in taken.postings if one.lot)
    answer = auditor.get(f"/audit/lots/{gone}")
    assert answer.status_code == 200
    assert f"taken back by entry {taken.seq}" in text(answer)
    assert auditor.get(f"/audit/lots/{gone}.csv").status_code == 200


def test_what_was_found_and_missed_at_a_stock_take_stands_on_the_way(auditor, month):
    lying = stock(the_book(), POINTS[0])["cardboard"]
    told(Count, site=POINTS[0], counted={"cardboard": lying + 5_000}, reason="counted")
    more = told(Count, site=POINTS[0], counted={"cardboard": 2_000}, reason="counted again")
    found = entries(the_book(), kind="count")[0].postings[0].lot
    page = text(auditor.get(f"/audit/lots/{found}"))
    assert "Found at a stock-take" in page
    assert "Recycled 0.0 %" in page, "of unknown origin"
    drawn = entry(the_book(), more.seq).draws[0].parent
    assert "Missed at a stock-take" in text(auditor.get(f"/audit/lots/{drawn}"))


def test_models_of_custody_are_said_in_words(auditor, month):
    terms = {"model": "identity"}
    told(Rule, site="*", about="custody", name=f"{STATION}/cardboard.clean", terms=terms,
         event_ms=month.from_ms)  # fmt: skip
    page = text(auditor.get(f"/audit/lots/{month.bale}"))
    assert "Nothing may be said: it comes from 2 places, not from one." in page


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
    from datetime import datetime

    from tests.web.story import ZONE

    book = the_book()
    last = entries(book, most=1, newest_first=True)[0]
    minute = datetime.fromtimestamp(last.recorded_ms / 1000, ZONE)
    shown = numbers(auditor.get("/audit/entries", {"known": f"{minute:%Y-%m-%dT%H:%M}"}))
    assert shown[0] == last.seq, "all of the last minute counts"
    early = auditor.get("/audit/entries", {"known": "2001-01-01T00:00"})
    assert (early.status_code, numbers(early)) == (200, [])


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


def test_the_book_is_verified_and_what_somebody_changed_is_found(auditor, month, programme):
    import sqlite3

    from ainalym.web.book import close_book

    count = entries(the_book(), most=1, newest_first=True)[0].seq
    page = text(auditor.post("/audit/verify"))
    assert "The book is whole." in page
    assert f"each of {count} entries" in page
    close_book()
    with sqlite3.connect(programme / "book.sqlite") as raw:
        unguarded(raw)
        raw.execute("update entry set actor = 'somebody' where seq = ?", (count - 2,))
    raw.close()
    answer = auditor.post("/audit/verify")
    assert "The book is not whole." in text(answer)
    assert f"entry {count - 2} was changed" in text(answer)


def test_a_sale_that_is_taken_back_gives_its_grams_back_to_the_way(auditor, month):
    sold = entries(the_book(), kind="sale")[0]
    parent = sold.draws[0].parent
    assert "Sold" in text(auditor.get(f"/audit/lots/{parent}"))
    told(Reversal, site=STATION, reverses=sold.id, reason="not sold")
    assert "Sold" not in text(auditor.get(f"/audit/lots/{parent}"))
    told(Sale, site=STATION, buyer="somebody <b>", loads={"residue": 1_000})
    assert "somebody <b>" not in auditor.get(f"/audit/lots/{parent}").content.decode()


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
    assert found.id.replace("-", "").encode() in octets
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


def test_an_entry_that_somebody_changed_gets_no_proof_but_a_sentence(auditor, month, programme):
    import sqlite3

    from ainalym.web.book import close_book

    told(Close, site=POINTS[0], from_ms=month.from_ms, to_ms=month.to_ms)
    (closed,) = periods(the_book())
    found = entries(the_book(), site=POINTS[0], kind="ticket")[4]
    close_book()
    with sqlite3.connect(programme / "book.sqlite") as raw:
        unguarded(raw)
        raw.execute("update entry set actor = 'somebody' where seq = ?", (found.seq,))
    raw.close()
    answer = auditor.get(f"/audit/entries/{found.seq}/proof-{closed.entry}.json")
    assert answer.status_code == 409
    assert "Verify the book." in text(answer)


def unguarded(raw) -> None:
    """Take the guards off a book, as somebody who means to forge it."""
    for (name,) in raw.execute("select name from sqlite_master where type = 'trigger'").fetchall():
        raw.execute(f"drop trigger {name}")
