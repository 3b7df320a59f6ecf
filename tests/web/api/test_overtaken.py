"""Whoever tells late what happened before a stock-take hears that it has to be taken again."""

import pytest

from ainalym.ledger import Overtaken
from ainalym.model.entry import new_id, now_ms
from tests.web.api.told import PAID, deeds, ticket

SITE, MINUTE_MS = "pt-003", 60_000


def moments():
    """Ten, five and two minutes ago."""
    return [now_ms() - minutes * MINUTE_MS for minutes in (10, 5, 2)]


def bought(grams, event_ms, **said):
    """A ticket of so many grams at that moment."""
    paid = (grams * PAID + 500) // 1_000
    return ticket(gross_g=grams, paid_minor=paid, event_ms=event_ms) | said


def counted(event_ms, grams=3_000, **said):
    """A stock-take of plastic."""
    same = {"kind": "count", "id": new_id(), "site": SITE, "event_ms": event_ms}
    return same | {"counted": {"plastic": grams}} | said


def told(program, *said, name="keeper-3"):
    """Tell deeds; give the answer."""
    answer = program(name).post("/deeds", deeds(*said))
    assert answer.status_code in (200, 201), answer.content.decode()
    return answer.json()


def case(program):
    """1 kg bought, 3 kg counted, and the 2 kg of a phone that were bought between come last."""
    first, between, last = moments()
    assert told(program, bought(1_000, first))["overtaken"] == []
    taken = counted(last)
    assert told(program, taken)["overtaken"] == []
    late = bought(2_000, between)
    return taken, late, told(program, late)


def case_of_pieces(program):
    """4 bales counted of 7, and the 3 that were sent before told last."""
    first, between, last = moments()
    told(program, bought(9_000, first), counted(first + 1, counted={}, pieces={"plastic": 7}))
    taken = counted(last, counted={}, pieces={"plastic": 4})
    assert told(program, taken)["overtaken"] == []
    sent = {"loads": {"plastic": 3_000}, "pieces": {"plastic": 3}, "to": "st-08"}
    load = {"kind": "dispatch", "id": new_id(), "site": SITE, "event_ms": between} | sent
    return taken, told(program, load)


def test_what_is_told_has_the_fields_of_the_book():
    from ainalym.web.api.shapes import OvertakenOut

    assert set(Overtaken._fields) == set(OvertakenOut.model_fields)


def test_a_late_load_of_pieces_is_recorded_and_its_answer_says_what_it_overtook(program):
    taken, answer = case_of_pieces(program)
    (one,) = answer["overtaken"]
    assert one == {
        "seq": one["seq"],
        "id": taken["id"],
        "site": SITE,
        "material": "plastic",
        "event_ms": taken["event_ms"],
        "counted_g": None,
        "off_g": None,
        "counted_pieces": 4,
        "off_pieces": -3,
        "late": [answer["receipts"][0]["seq"]],
        "late_entries": 1,
    }
    assert program("keeper-3").get(f"/stock?site={SITE}").json()["overtaken"] == [one]
    again = counted(now_ms(), counted={}, pieces={"plastic": 4})
    assert told(program, again)["overtaken"] == []


def test_a_late_ticket_is_recorded_and_its_answer_says_what_it_overtook(program):
    taken, late, answer = case(program)
    one = answer["overtaken"][0]
    assert one == {
        "seq": one["seq"],
        "id": taken["id"],
        "site": SITE,
        "material": "plastic",
        "event_ms": taken["event_ms"],
        "counted_g": 3_000,
        "off_g": 2_000,
        "counted_pieces": None,
        "off_pieces": None,
        "late": [answer["receipts"][0]["seq"]],
        "late_entries": 1,
    }
    assert told(program, late)["overtaken"] == [one], "also where it is told once more"


def test_the_stock_says_so_too_now_and_as_of_the_stock_take(program):
    taken, _, answer = case(program)
    for asked in ("", f"&as_of_ms={taken['event_ms']}"):
        said = program("keeper-3").get(f"/stock?site={SITE}{asked}").json()
        assert said["stock_g"] == {"plastic": 5_000}
        assert said["overtaken"] == answer["overtaken"]
    before = program("keeper-3").get(f"/stock?site={SITE}&as_of_ms={taken['event_ms'] - 1}").json()
    assert before["overtaken"] == []
    assert told(program, counted(now_ms()))["overtaken"] == []
    now = program("keeper-3").get(f"/stock?site={SITE}").json()
    assert (now["stock_g"], now["overtaken"]) == ({"plastic": 3_000}, [])


def test_another_site_does_not_hear_of_it(program):
    case(program)
    other = ticket("pt-005", event_ms=now_ms())
    assert told(program, other, name="keeper-5")["overtaken"] == []
    assert program("keeper-5").get("/stock?site=pt-005").json()["overtaken"] == []


def test_a_file_of_weighings_says_what_its_rows_overtook(program):
    first, between, last = moments()
    told(program, bought(1_000, first), counted(last))
    from ainalym.model.entry import iso

    rows = f"moment,material,gross_kg\n{iso(between)},plastic,2\n"
    looked = program("keeper-3").post(f"/sites/{SITE}/weighings?dry_run=1", rows, "text/csv")
    assert looked.json()["overtaken"] == []
    answer = program("keeper-3").post(f"/sites/{SITE}/weighings", rows, "text/csv")
    assert answer.status_code == 201
    assert [one["off_g"] for one in answer.json()["overtaken"]] == [2_000]


@pytest.mark.parametrize("behaviour", ["rollback", "proceed"])
def test_a_job_of_events_says_what_they_overtook(program, behaviour):
    from ainalym.model.entry import iso
    from tests.web.api.test_epcis import collected, document, job_of

    first, between, last = moments()
    told(program, bought(1_000, first), counted(last))
    keeper = program("keeper-3")
    late = collected(eventTime=iso(between))
    said = {"HTTP_GS1_CAPTURE_ERROR_BEHAVIOUR": behaviour}
    job = job_of(keeper, keeper.post("/epcis/capture", document(late), **said))
    assert job["success"] and [one["off_g"] for one in job["overtaken"]] == [12_000]
    assert [one["overtaken"] for one in keeper.get("/epcis/capture").json()] == [job["overtaken"]]


def test_a_job_that_failed_tells_nothing_of_another_s_site(program):
    from tests.web.api.test_epcis import collected, document, job_of

    case(program)
    other = program("keeper-5")
    said = {"HTTP_GS1_CAPTURE_ERROR_BEHAVIOUR": "proceed"}
    job = job_of(other, other.post("/epcis/capture", document(collected()), **said))
    assert not job["success"] and job["overtaken"] == []


WORDS = {
    "en": ("Count plastic again", "Count the pieces of plastic again"),
    "ru": ("Пересчитайте: plastic", "Пересчитайте поштучно: plastic"),
    "kk": ("Қайта санаңыз: plastic", "Даналап қайта санаңыз: plastic"),
}


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("of_pieces", [False, True])
def test_a_period_is_not_closed_on_it_and_every_language_says_why(program, language, of_pieces):
    taken = (case_of_pieces if of_pieces else case)(program)[0]
    close = {"kind": "close", "id": new_id(), "site": SITE, "event_ms": now_ms()}
    close |= {"from_ms": taken["event_ms"] - 3_600_000, "to_ms": taken["event_ms"] + 1}
    desk = program("department")
    desk.said["HTTP_ACCEPT_LANGUAGE"] = language
    refused = desk.post("/deeds", deeds(close))
    assert refused.status_code == 409
    assert WORDS[language][of_pieces] in refused.json()["faults"][0]
    again = taken | {"id": new_id()}
    answer = desk.post("/deeds", deeds(again, close))
    assert answer.status_code == 201 and answer.json()["overtaken"] == []
