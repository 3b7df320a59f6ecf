"""Where nothing was recorded for long, phones keep their tickets until the department looks."""

import re
from datetime import datetime

import pytest

from ainalym.ledger import entries, verify
from ainalym.model import entry as told_by
from ainalym.web.book import the_book
from tests.web.api.told import deeds
from tests.web.api.told import ticket as deed
from tests.web.counter.cases import told as ticket
from tests.web.loads import POINT
from tests.web.story import ZONE, text

DAY_MS = 86_400_000


@pytest.fixture
def later(monkeypatch):
    """Three days after the last entry, by the computer's own clock."""
    at_ms = told_by.now_ms() + 3 * DAY_MS
    monkeypatch.setattr(told_by, "_by_this_computer", lambda: at_ms)
    monkeypatch.setattr(told_by, "_clock", told_by._by_this_computer)
    return at_ms


def test_a_ticket_waits_until_the_department_accepts_the_clock(browse, programme, later):
    keeper, department = browse("keeper-12"), browse("department")
    device = {"device": "01890000-0000-4000-8000-00000000000c"}
    json = {"content_type": "application/json"}
    series = keeper.post(f"/counter/{POINT}/series", device, **json).json()["series"]
    told = ticket(number=1, series=series, event_ms=later)
    answer = keeper.post(f"/counter/{POINT}/tickets", told, **json)
    assert answer.status_code == 503, "the phone keeps it and tries again"
    assert answer.json()["title"] == "The clock of the site is in doubt"
    assert "The department answers that on its first page" in answer.json()["detail"]
    for page in ("/", "/department/"):
        assert "/department/clock" in department.get(page).content.decode()
    assert "/department/clock" not in keeper.get("/").content.decode()
    assert keeper.post("/department/clock").status_code == 403
    assert department.post("/department/clock").status_code == 302
    for page in ("/", "/department/"):
        assert "/department/clock" not in department.get(page).content.decode()
    assert keeper.post(f"/counter/{POINT}/tickets", told, **json).status_code == 201
    newest = entries(the_book(), most=2, newest_first=True)
    assert [one.kind for one in newest] == ["ticket", "clock"]
    assert newest[1].actor == "department"
    assert verify(the_book()).whole


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "The clock of the site is in doubt"),
        ("ru", "Часы сайта под сомнением"),
        ("kk", "Сайттың сағаты күмәнді"),
    ],
)
def test_programs_are_told_that_the_clock_is_in_doubt(program, later, language, title):
    keeper = program("keeper-3")
    keeper.said |= {"HTTP_ACCEPT_LANGUAGE": language}
    answer = keeper.post("/deeds", deeds(deed(event_ms=later)))
    assert answer.status_code == 503, answer.content.decode()
    assert answer.json()["title"] == title


def test_where_the_databases_clock_says_otherwise_no_button_is_shown(
    browse, programme, monkeypatch
):
    """Whoever says that the clock is right is refused then: the page must not offer it."""
    department, now = browse("department"), told_by.now_ms()
    monkeypatch.setattr(told_by, "_by_this_computer", lambda: now)
    monkeypatch.setattr(told_by, "_clock", told_by._by_this_computer)
    assert "clocks disagree" not in text(department.get("/department/"))
    monkeypatch.setattr("ainalym.ledger.store.Store.server_ms", lambda self: now + 3_600_000)
    page = department.get("/department/")
    assert page.status_code == 200
    assert "/department/clock" not in page.content.decode()
    assert department.post("/department/clock").status_code == 503
    assert "because two clocks disagree" in text(page)
    russian = text(browse("department", language="ru").get("/department/"))
    ours, theirs = (datetime.fromtimestamp(at / 1000, ZONE) for at in (now, now + 3_600_000))
    said = re.search(r"Часы сайта показывают (.*?), часы базы данных — (.*?)\. Пусть", russian)
    assert said[1].endswith(f" {ours.hour}:{ours:%M}")
    assert said[2].endswith(f" {theirs.hour}:{theirs:%M}")
