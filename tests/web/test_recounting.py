"""Pages ask a site to take stock again where deeds told later happened before its stock-take."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ainalym.ledger import overtaken, periods, pieces, stock
from ainalym.model.deed import Close, Count, Sale, Ticket
from ainalym.model.entry import Source, ms, new_id, now_ms
from ainalym.web.book import the_book
from tests.web.counter.cases import Phone
from tests.web.counter.cases import told as ticket
from tests.web.loads import BUYER, LEADER, PLANT, POINT, STATION, faults, told

HERE = ZoneInfo("Asia/Almaty")
HOUR_MS = 3_600_000
KEEPER = "keeper-12"
OF_PIECES = {"en": "Count the pieces of “", "ru": "» поштучно", "kk": "» даналап қайта санаңыз"}
WORDS = {"en": "Count “", "ru": "Пересчитайте «", "kk": "» қайта санаңыз"}


def overtake(site=POINT, at_ms=None, *, counted_g=3_000, late_g=2_000):
    """Count, then hear of what was bought (or, below zero, sold) before."""
    at_ms = at_ms or now_ms() - HOUR_MS
    same = {"site": site, "material": "glass", "source": Source.BUSINESS.value}
    told(Ticket, **same, event_ms=at_ms - HOUR_MS, gross_g=counted_g)
    told(Count, site=site, event_ms=at_ms, counted={"glass": counted_g})
    before = {"event_ms": at_ms - HOUR_MS // 2}
    if late_g > 0:
        told(Ticket, **same, **before, gross_g=late_g)
    else:
        told(Sale, site=site, **before, loads={"glass": -late_g}, buyer="somebody")


def overtake_pieces(site=POINT, at_ms=None):
    """Count 4 bales of 7, then hear of 3 that were sold before."""
    at_ms = at_ms or now_ms() - HOUR_MS
    told(Ticket, site=site, material="glass", event_ms=at_ms - HOUR_MS, gross_g=9_000)
    told(Count, site=site, event_ms=at_ms - HOUR_MS, pieces={"glass": 7})
    told(Count, site=site, event_ms=at_ms, pieces={"glass": 4})
    sold = {"loads": {"glass": 3_000}, "pieces": {"glass": 3}, "buyer": "somebody"}
    told(Sale, site=site, event_ms=at_ms - HOUR_MS // 2, **sold)


def warnings(page) -> list[str]:
    """What a page asks to have counted again."""
    found = re.findall(r'class="warned recount">(.*?)</(?:p|div)>', page.content.decode(), re.S)
    return [re.sub(r"\s+", " ", re.sub(r"<.*?>", "", one)).strip() for one in found]


PLACES = [
    (KEEPER, POINT, f"/counter/{POINT}/"),
    (KEEPER, POINT, f"/counter/{POINT}/pickup"),
    (LEADER, STATION, f"/station/{STATION}/"),
    (LEADER, STATION, f"/station/{STATION}/stock"),
    (BUYER, PLANT, f"/plant/{PLANT}/"),
    ("department", POINT, "/department/"),
    ("department", STATION, "/department/closing"),
]


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize(("name", "site", "address"), PLACES)
def test_who_works_there_is_asked_to_count_again(browse, name, site, address, language):
    page = browse(name, language=language)
    assert warnings(page.get(address)) == []
    overtake(site)
    (said,) = warnings(page.get(address))
    assert WORDS[language] in said
    for part in ("3", "2"):
        assert re.search(rf"\b{part}\b", said)
    told(Count, site=site, counted={"glass": 5_000})
    assert warnings(page.get(address)) == []


@pytest.mark.parametrize("language", OF_PIECES)
@pytest.mark.parametrize(("name", "site", "address"), PLACES)
def test_who_works_there_is_asked_to_count_pieces_again(browse, name, site, address, language):
    page = browse(name, language=language)
    overtake_pieces(site)
    (said,) = warnings(page.get(address))
    assert OF_PIECES[language] in said
    for part in ("4", "3"):
        assert re.search(rf"\b{part}\b", said)
    told(Count, site=site, counted={"glass": 6_000})
    assert warnings(page.get(address)) != [], "grams are no count of pieces"
    told(Count, site=site, pieces={"glass": 4})
    assert warnings(page.get(address)) == []


def test_pieces_that_came_in_before_a_stock_take_are_said_as_such(browse):
    told(Count, event_ms=now_ms() - HOUR_MS, pieces={"glass": 4})
    told(Count, event_ms=now_ms() - 2 * HOUR_MS, pieces={"glass": 3})
    (said,) = warnings(browse(KEEPER).get(f"/counter/{POINT}/"))
    assert "of pieces told later, 3 came in before it" in said


def test_another_site_is_not_asked(browse):
    overtake("pt-003")
    assert warnings(browse(KEEPER).get(f"/counter/{POINT}/")) == []
    (said,) = warnings(browse("department").get("/department/"))
    assert said.count("Count “") == 1


def test_what_left_before_a_stock_take_is_said_as_such(browse):
    overtake(late_g=-2_000)
    (said,) = warnings(browse(KEEPER).get(f"/counter/{POINT}/"))
    assert "2 kg told later had left before it" in said


def test_the_department_is_shown_so_many_and_told_how_many_more(browse, monkeypatch):
    from ainalym.web.department.templatetags import recounts

    monkeypatch.setattr(recounts, "MOST", 1)
    for site in (POINT, "pt-003", STATION):
        overtake(site)
    (said,) = warnings(browse("department").get("/department/"))
    assert said.count("Count “") == 1 and "More stock-takes to be taken again: 2." in said


def test_a_phone_hears_of_it_with_the_answer_to_the_late_ticket(browse):
    at_ms, phone = now_ms(), Phone(browse(KEEPER))
    phone.series()
    told(Count, event_ms=at_ms - 60_000, counted={"pet.presorted": 3_000, "glass": 0})
    late = ticket(number=1, event_ms=at_ms - 120_000)
    for status in (201, 200):
        answer = phone.post("tickets", late)
        assert answer.status_code == status, answer.content.decode()
        (said,) = answer.json()["overtaken"]
        assert "3 kg of “" in said and "12 kg told later came in before it" in said
    after = phone.post("tickets", ticket(number=2, event_ms=at_ms - 30_000))
    assert after.json()["overtaken"] == [], "what happened after it overtakes nothing"


def last_month():
    """The month before this one."""
    from ainalym.web.department.months import this_month

    return this_month().previous


def noon(month, day=15):
    """A moment in a month."""
    return ms(datetime(month.year, month.number, day, 12, tzinfo=HERE))


def close(desk, month, **form):
    """Close a month at the point."""
    same = {"id": new_id(), "month": str(month), "sure": "yes"}
    return desk.post(f"/department/closing/{POINT}", same | form)


@pytest.mark.parametrize("late_g", [2_000, -3_000])
def test_a_month_is_not_closed_on_a_stock_take_that_was_overtaken(browse, late_g):
    month, desk = last_month(), browse("department")
    overtake(at_ms=noon(month), late_g=late_g)
    address = f"/department/closing/{POINT}?month={month}"
    assert f'<a href="{address}">' in desk.get("/department/").content.decode()
    page = desk.get(address).content.decode()
    assert 'name="counted-glass"' in page and "has to be taken again" in page
    refused = close(desk, month)
    assert refused.status_code == 422 and not periods(the_book())
    (fault,) = faults(refused)
    assert "Count “" in fault
    assert close(desk, month, **{"counted-glass": "3", "reason": "again"}).status_code == 302
    assert periods(the_book()) and overtaken(the_book()) == []
    assert stock(the_book(), POINT) == {"glass": 3_000}


def test_a_month_is_closed_when_its_pieces_are_counted_again(browse):
    month, desk = last_month(), browse("department")
    overtake_pieces(at_ms=noon(month))
    assert 'name="pieces-glass"' in desk.get(f"/department/closing/{POINT}?month={month}").text
    grams = {"counted-glass": "6", "reason": "again"}
    for form in ({}, grams, grams | {"pieces-glass": "4,5"}):
        refused = close(desk, month, **form)
        assert refused.status_code == 422 and not periods(the_book())
        assert re.search("Count the pieces of “|is not a whole number", *faults(refused))
    assert close(desk, month, **{"pieces-glass": "4", "reason": "again"}).status_code == 302
    assert periods(the_book()) and overtaken(the_book()) == []
    assert pieces(the_book(), POINT) == {"glass": 4} and stock(the_book(), POINT) == {
        "glass": 6_000
    }


def test_a_stock_take_taken_again_later_lets_the_month_be_closed(browse):
    month, desk = last_month(), browse("department")
    overtake(at_ms=noon(month))
    told(Count, counted={"glass": 5_000})
    assert (
        "has to be taken again"
        not in desk.get(f"/department/closing/{POINT}?month={month}").content.decode()
    )
    assert close(desk, month).status_code == 302


def test_a_stock_take_of_another_month_does_not_hold_up_this_one(browse):
    month, desk = last_month(), browse("department")
    overtake(at_ms=noon(month.previous))
    assert close(desk, month).status_code == 302


def test_where_its_own_month_is_closed_the_last_one_takes_the_count(browse):
    month, desk = last_month(), browse("department")
    before = month.previous
    overtake(at_ms=noon(month.previous), late_g=2_000)
    link = f"/department/closing/{POINT}?month="
    assert f"{link}{before}" in desk.get("/department/").content.decode()
    # A close that came past the guard, as from a book of before.
    the_book().post(
        [
            Close(
                id=new_id(),
                site=POINT,
                event_ms=now_ms(),
                from_ms=before.from_ms,
                to_ms=before.to_ms,
            )
        ]
    )
    page = desk.get("/department/").content.decode()
    assert f"{link}{month}" in page and f"{link}{before}" not in page
    assert close(desk, month, **{"counted-glass": "5"}).status_code == 302
    assert warnings(desk.get("/department/")) == []


def test_in_the_running_month_there_is_no_page_to_count_on_yet(browse):
    overtake(at_ms=now_ms())
    page = browse("department").get("/department/")
    assert len(warnings(page)) == 1
    assert f"/department/closing/{POINT}?month=" not in page.content.decode()
