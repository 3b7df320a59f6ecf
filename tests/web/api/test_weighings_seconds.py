"""A spreadsheet drops the seconds of moments; and a scale weighs one thing at a second."""

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ainalym.ledger import post
from ainalym.model.deed import Ticket
from ainalym.model.entry import ms, new_id
from ainalym.web.book import the_book
from tests.web.api.told import PAID, deeds
from tests.web.engines import demo_on_postgres, standing_on

ADDRESS = "/sites/pt-003/weighings"
ZONE = ZoneInfo("Asia/Almaty")
DAY = datetime.now(ZONE) - timedelta(days=1)
HEAD = "moment;material;gross_kg;tare_kg"


@pytest.fixture
def keeper(program):
    """A keeper's program."""
    return program("keeper-3")


@pytest.fixture(scope="module")
def server(demo, tmp_path_factory):
    """The demo on PostgreSQL, for one test."""
    with demo_on_postgres(tmp_path_factory.mktemp("demo")) as address:
        yield address


def at(clock, form="%Y-%m-%d"):
    return f"{DAY.strftime(form)} {clock}"


def fine(*clocks, rest="plastic,12.50,0.40"):
    """The file as the scale writes it."""
    rows = [f"{at(clock)},{rest}" for clock in clocks]
    return "\n".join([HEAD.replace(";", ","), *rows])


def rough(*clocks, rest="plastic;12,5;0,4"):
    """The same as a spreadsheet saves it."""
    return "\n".join([HEAD, *(f"{at(clock, '%d.%m.%Y')};{rest}" for clock in clocks)])


def send(keeper, text, ways=""):
    return keeper.post(f"{ADDRESS}{ways}", text.encode(), "text/csv")


def counted(keeper, text):
    answer = send(keeper, text)
    assert answer.status_code in (200, 201), answer.content.decode()
    told = answer.json()
    assert (answer.status_code == 201) == bool(told["recorded"])
    return told["recorded"], told["repeated"]


def refused(keeper, text):
    before = keeper.get("/stock").json()
    answer = send(keeper, text)
    assert answer.status_code == 422, answer.content.decode()
    assert keeper.get("/stock").json() == before
    return json.loads(answer.content)["faults"]


def tickets(keeper):
    return keeper.get("/entries?kind=ticket").json()["entries"]


def take_back(keeper, name):
    deed = {"kind": "reversal", "id": new_id(), "site": "pt-003", "event_ms": ms(DAY) + 3_600_000}
    told = keeper.post("/deeds", deeds(deed | {"reverses": name, "reason": "weighed wrong"}))
    assert told.status_code == 201, told.content.decode()


FINE, ROUGH = fine("06:30:27", "06:31:05"), rough("6:30", "6:31")


@pytest.mark.parametrize("files", [(FINE, ROUGH), (ROUGH, FINE)], ids=["dropped", "added"])
def test_a_file_without_its_seconds_records_nothing_twice(keeper, files):
    first, second = files
    assert counted(keeper, first) == (2, 0)
    before = keeper.get("/stock").json()
    for file in (second, first, second):
        tried = send(keeper, file, "?dry_run=1").json()
        assert (tried["recorded"], tried["repeated"]) == (0, 2)
        assert counted(keeper, file) == (0, 2)
    assert keeper.get("/stock").json() == before


def test_postgresql_finds_the_weighings_of_a_minute_too(programme, server, program):
    with standing_on(server):
        keeper = program("keeper-3")
        assert counted(keeper, FINE) == (2, 0)
        assert counted(keeper, ROUGH) == (0, 2)
        assert counted(keeper, rough("6:30", "6:31", "6:31")) == (1, 2)


def test_each_weighing_answers_for_one_row(keeper):
    assert counted(keeper, fine("06:30:10", "06:30:40")) == (2, 0)
    three = rough("6:30", "6:30", "6:30")
    assert counted(keeper, three) == (1, 2)
    assert counted(keeper, three) == (0, 3)
    assert counted(keeper, fine("06:30:10", "06:30:40", "06:30:55")) == (0, 3)
    assert counted(keeper, fine("06:30:10", "06:30:40", "06:30:55", "06:30:58")) == (1, 3)
    assert len(tickets(keeper)) == 4


def test_a_file_that_grows_is_taken_over_row_by_row(keeper):
    assert counted(keeper, fine("06:30:10")) == (1, 0)
    assert counted(keeper, fine("06:30:10", "06:30:40")) == (1, 1)
    assert counted(keeper, fine("06:30:10", "06:30:40", "06:30:00")) == (1, 2)
    assert counted(keeper, fine("06:30:10", "06:30:10", "06:30:40", "06:30:00")) == (1, 3)


@pytest.mark.parametrize(
    "rest", ["plastic;12,51;0,4", "paper;12,51;0,4", "plastic;12,51;0,5"], ids=range(3)
)
def test_another_weight_in_the_minute_is_another_weighing(keeper, rest):
    assert counted(keeper, FINE) == (2, 0)
    assert counted(keeper, rough("6:30", rest=rest)) == (1, 0)


def test_a_slip_of_the_counter_answers_for_a_row_to_the_second(keeper):
    event_ms = ms(datetime.strptime(at("06:30:27"), "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZONE))
    shared = {"site": "pt-003", "material": "plastic", "gross_g": 12_500, "tare_g": 400}
    shared |= {"price_minor_per_kg": PAID, "paid_minor": 36_300, "scale": "pt-003-scale"}
    slip = Ticket(id=new_id(), event_ms=event_ms + 412, series="X", number=1, **shared)
    post(the_book(), [slip])
    for row in (fine("06:30:27"), rough("6:30")):
        assert counted(keeper, row) == (0, 1)
    (said,) = refused(keeper, fine("06:30:27", rest="plastic,12.60,0.40"))
    assert f"(X-1, {slip.id})" in said


@pytest.mark.parametrize("clock", ["06:30:27", "6:30"])
def test_other_terms_are_refused_with_the_weighing_that_is_there(keeper, clock):
    assert counted(keeper, FINE) == (2, 0)
    there = next(one["id"] for one in tickets(keeper) if one["event_ms"] % 60_000 == 27_000)
    body = HEAD + ";price_per_kg;reason\n" + at(clock) + ";plastic;12,5;0,4;31;market\n"
    (said,) = refused(keeper, body)
    assert said == (
        f"Row 2: The book has this weighing of {at('06:30:27')} already ({there}), with another "
        "price_per_kg, paid, reason. If that is wrong, take it back first, then send this row "
        "again."
    )
    take_back(keeper, there)
    assert counted(keeper, body) == (1, 0)
    assert counted(keeper, body) == (0, 1)


def test_a_reason_in_words_of_its_own_is_taken_and_known_again(keeper):
    head, row = f"{HEAD};price_per_kg;reason", f"{at('06:30:27')};plastic;12,5;0,4;31;"
    assert counted(keeper, f"{head}\n{row}Договорная цена\n") == (1, 0)
    assert tickets(keeper)[0]["body"]["reason"] == "other: Договорная цена"
    for reason in ("Договорная  цена", "other: Договорная цена"):
        assert counted(keeper, f"{head}\n{row}{reason}\n") == (0, 1)


@pytest.mark.parametrize("file", [fine, rough], ids=["to the second", "to the minute"])
def test_a_corrected_row_is_refused_until_the_wrong_one_is_taken_back(keeper, file):
    assert counted(keeper, FINE) == (2, 0)
    there = next(one["id"] for one in tickets(keeper) if one["event_ms"] % 60_000 == 27_000)
    right = file("06:30:27" if file is fine else "6:30", rest="plastic;12.5;0.5").replace(",", ";")
    (said,) = refused(keeper, right)
    assert said.startswith("Row 2: On scale pt-003-scale the book has a weighing of ")
    assert f"({there}) with other numbers: plastic, 12.5 kg less 0.4 kg." in said
    take_back(keeper, there)
    assert counted(keeper, right) == (1, 0)
    assert counted(keeper, right) == (0, 1)
    assert counted(keeper, FINE) == (0, 2)


@pytest.mark.parametrize("rest", ["plastic,13,0.40", "paper,12.50,0.40", "paper,9,0"])
def test_a_scale_weighs_one_thing_at_a_second(keeper, rest):
    (said,) = refused(keeper, fine("06:30:27") + "\n" + fine("06:30:27", rest=rest).split("\n")[1])
    assert said.startswith("Row 3: row 2 has another weighing of the same second")
    assert counted(keeper, fine("06:30:27")) == (1, 0)
    (said,) = refused(keeper, fine("06:30:27", rest=rest))
    assert "with other numbers" in said
    both = fine("06:30:27") + "\n" + fine("06:30:27", rest=rest).split("\n")[1]
    assert any("with other numbers" in one for one in refused(keeper, both))
    assert counted(keeper, fine("06:30:28", rest=rest)) == (1, 0)


def test_several_in_a_minute_of_one_file_stay_as_many_as_they_are(keeper):
    rows = rough("6:30", "6:30") + "\n" + rough("6:30", rest="plastic;12,5;0,5").split("\n")[1]
    assert counted(keeper, rows) == (3, 0)
    assert counted(keeper, rows) == (0, 3)
