"""The auditor and the station read kilograms and pieces apart, each with its unit."""

import csv
import io
import re

import pytest

from ainalym.ledger import claim, entries, lots
from ainalym.model.deed import Arrival, Count, Dispatch, Rule, Sale, Ticket
from ainalym.model.entry import Source, now_ms
from ainalym.web.book import the_book
from tests.web.loads import LEADER, PLANT, POINT, STATION, told
from tests.web.story import text

HOUR_MS = 3_600_000


@pytest.fixture
def auditor(browse):
    """The auditor, in English."""
    return browse("auditor")


@pytest.fixture
def sent(programme):
    """10 kg of glass in 30 pieces at a point, of which 2 kg in 5 pieces are sent on."""
    told(Ticket, material="glass", gross_g=10_000, event_ms=now_ms() - HOUR_MS)
    told(Count, counted={"glass": 10_000}, pieces={"glass": 30})
    return told(Dispatch, to=STATION, loads={"glass": 2_000}, pieces={"glass": 5})


def rows_of(answer, cell: str) -> list[str]:
    """The rows of a page's tables that have a cell in them, without markup."""
    rows = re.findall(r"<tr.*?</tr>", answer.content.decode(), re.DOTALL)
    plain = [re.sub(r"\s+", " ", re.sub(r"<.*?>", " ", row)).strip() for row in rows]
    return [row for row in plain if cell in row]


def test_the_list_of_entries_tells_kilograms_and_pieces_apart(auditor, sent):
    page = auditor.get("/audit/entries")
    (row,) = rows_of(page, "Dispatch")
    assert "2 kg" in row and "5 pieces" in row and "2.005" not in row
    (row,) = rows_of(page, "Stock-take")
    assert "30 pieces" in row and "10.03" not in row


@pytest.mark.parametrize(
    ("language", "said"), [("ru", ["2 кг", "5 шт."]), ("kk", ["2 кг", "5 дана"])]
)
def test_units_are_said_in_each_language(browse, sent, language, said):
    page = text(browse("auditor", language=language).get("/audit/entries"))
    assert all(one in page for one in said)


def test_an_entry_tells_each_posting_and_draw_in_its_unit(auditor, sent):
    page = auditor.get(f"/audit/entries/{sent.seq}")
    pieces = rows_of(page, f"count:stock:{POINT}")
    assert [row.endswith("−5 pieces") for row in pieces] == [True], pieces
    weighed = rows_of(page, f"mass:stock:{POINT}")
    assert [row.endswith("−2 kg") for row in weighed] == [True], weighed
    draws = re.search(r"<h2>Draws</h2>.*?</table>", page.content.decode(), re.DOTALL)[0]
    amounts = [
        re.sub("<.*?>", "", one) for one in re.findall(r'<td class="number">.*?</td>', draws)
    ]
    assert sorted(amounts) == ["2 kg", "5 pieces"]


def test_a_lot_in_pieces_says_so_and_its_weight_is_followed(auditor, sent):
    weighed, counted = sent.lots
    page = auditor.get(f"/audit/lots/{counted}")
    assert "Made with 5 pieces" in text(page)
    assert "These pieces were weighed: 2 kg" in text(page)
    assert f'href="/audit/lots/{weighed}"' in page.content.decode()
    assert "Made with 2 kg" in text(auditor.get(f"/audit/lots/{weighed}"))
    table = auditor.get(f"/audit/lots/{counted}.csv").getvalue().decode()
    lies = [one for one in csv.DictReader(io.StringIO(table)) if one["way"] == "lies"]
    assert [(int(one["from_lot"]), one["grams"], one["pieces"]) for one in lies] == [
        (weighed, "2000", ""),
        (counted, "", "5"),
    ]


def test_a_lot_of_pieces_alone_is_followed_in_pieces(auditor, programme):
    made = told(Count, pieces={"glass": 30})
    (number,) = (one.lot for one in entries(the_book(), most=1, newest_first=True)[0].postings
                 if one.lot)  # fmt: skip
    page = text(auditor.get(f"/audit/lots/{number}"))
    assert "Made with 30 pieces" in page and "kg" not in page
    assert "30 pieces" in text(auditor.get(f"/audit/entries/{made.seq}"))


def test_what_lies_at_a_site_is_listed_in_grams_and_in_pieces(auditor, sent):
    (pieces,) = lots(the_book(), site=POINT, ledger="count")
    page = auditor.get("/audit/lots", {"site": POINT})
    (row,) = rows_of(page, f"№ {pieces.id}")
    assert row.endswith("25 pieces")
    assert "8 kg" in text(page)


def test_the_station_sees_its_stock_in_kilograms_and_in_pieces(browse, sent):
    told(Arrival, site=STATION, lots=dict(zip(sent.lots, (2_000, 5), strict=True)), actor=LEADER)
    leader = browse(LEADER)
    page = text(leader.get(f"/station/{STATION}/stock"))
    assert "2 kg · 5 pieces" in page and "Together, kg 2 " in page
    (counted,) = lots(the_book(), site=STATION, ledger="count")
    page = text(leader.get(f"/station/{STATION}/lots/{counted.id}"))
    assert "5 pieces" in page and "0.005" not in page
    done = text(leader.get(f"/station/{STATION}/done"))
    assert "2 kg" in done and "5 pieces" in done and "2.005" not in done


def spent_elsewhere() -> int:
    """A recycled load whose grams its sender claimed for others before; gives its lot."""
    custody = {"about": "custody", "name": f"{STATION}/glass", "terms": {"model": "credit"}}
    told(Rule, site="*", event_ms=now_ms() - 3 * HOUR_MS, **custody)
    same = {"site": STATION, "material": "glass", "gross_g": 90_000}
    early = now_ms() - 2 * HOUR_MS
    good = told(Ticket, **same, event_ms=early).lots[0]
    other = told(Ticket, **same, source=Source.VIRGIN.value, event_ms=early).lots[0]
    told(Sale, site=STATION, buyer="somebody", lots={other: 90_000}, claimed_ppm=1_000_000)
    load = told(Dispatch, site=STATION, to=PLANT, lots={good: 90_000}).lots[0]
    return told(Arrival, site=PLANT, lots={load: 90_000}).lots[0]


def test_a_lot_whose_grams_were_claimed_elsewhere_says_so(auditor, browse, programme):
    number = spent_elsewhere()
    assert claim(the_book(), number).spent
    page = text(auditor.get(f"/audit/lots/{number}"))
    assert "Nothing may be claimed: recycled grams it comes from were claimed elsewhere" in page
    assert "90 kg more of “Glass, unsorted” were claimed than are there" in page
    assert "Recycled claimed elsewhere" in page
    page = text(browse("auditor", language="ru").get(f"/audit/lots/{number}"))
    assert "уже заявлено в другом месте" in page and "заявлено на 90 кг больше" in page
