"""The auditor follows every gram both ways, as a picture and as a table."""

import csv
import io
import re
from xml.etree import ElementTree

import pytest

from ainalym.ledger import claim, entries, entry, lot, slip, stock, trace
from ainalym.model.deed import Arrival, Change, Count, Dispatch, Reversal, Rule, Sale, Ticket
from ainalym.model.entry import iso, new_id
from ainalym.web.book import the_book
from tests.web.loads import faults, to_plant, told
from tests.web.story import BALES_G, LANDFILL, POINTS, STATION, Teller, a_month, text

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def auditor(browse):
    """The auditor, in English."""
    return browse("auditor")


@pytest.fixture
def month(programme):
    """A month that is over."""
    return a_month()


def picture(answer) -> ElementTree.Element:
    """The picture on a page, as XML."""
    found = re.search(r"<svg xmlns.*?</svg>", answer.content.decode(), re.DOTALL)
    return ElementTree.fromstring(found[0])


def table_of(answer) -> list[dict]:
    """A downloaded table."""
    return [*csv.DictReader(io.StringIO(answer.getvalue().decode()))]


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
    assert "352 kg" in page
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


def test_a_lower_grade_at_the_plant_is_a_step_with_its_reason(auditor, browse, month):
    load = to_plant(paper__clean=50_000)
    (sent,) = load.lots
    form = {"id": new_id(), "scale": "paper-mill-scale", f"gross-{sent}": "50"}
    form |= {f"take-{sent}": "paper.mixed", f"grade-{sent}": "soaked"}
    answer = browse("buyer-paper").post(f"/plant/paper-mill/deliveries/{load.id}", form)
    assert answer.status_code == 302, faults(answer)
    page = text(auditor.get(f"/audit/lots/{sent}"))
    assert "Taken as: Paper, mixed" in page
    changed = entries(the_book(), site="paper-mill", kind="change")[0]
    assert "It is too wet" in text(auditor.get(f"/audit/entries/{changed.seq}"))


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


def test_a_sale_that_is_taken_back_gives_its_grams_back_to_the_way(auditor, month):
    sold = entries(the_book(), kind="sale")[0]
    parent = sold.draws[0].parent
    assert "Sold" in text(auditor.get(f"/audit/lots/{parent}"))
    told(Reversal, site=STATION, reverses=sold.id, reason="not sold")
    assert "Sold" not in text(auditor.get(f"/audit/lots/{parent}"))
    told(Sale, site=STATION, buyer="somebody <b>", loads={"residue": 1_000})
    assert "somebody <b>" not in auditor.get(f"/audit/lots/{parent}").content.decode()


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "What was told is not right"),
        ("ru", "Записано неверно"),
        ("kk", "Дұрыс жазылмаған"),
    ],
)
@pytest.mark.parametrize("code", ["incorrect_data", "https://ref.gs1.org/cbv/ER-incorrect_data"])
def test_reasons_of_programs_are_said_in_the_readers_language(
    browse, programme, code, language, said
):
    bought = told(Ticket, material="glass", gross_g=1_000)
    told(Reversal, reverses=bought.id, reason=code)
    page = text(browse("auditor", language=language).get("/audit/entries"))
    assert said in page and "incorrect_data" not in page
