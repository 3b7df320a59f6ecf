"""EPCIS over HTTP: a partner's own names come back, and what is asked for is what is answered."""

from urllib.parse import quote

import pytest

from ainalym.model.entry import iso, new_id, now_ms
from tests.web.api.told import deeds, ticket

HERE = "http://localhost/site/pt-003"
PLASTIC = "http://localhost/material/plastic"
NAME = "ni:///sha-256;2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881?ver=CBV2.0"
NAMES = [NAME, "urn:uuid:d5f3b9a2-51f5-4c0e-8d5d-57a1b2c3d4e5", "https://id.other.example/e/7,8"]
PROBLEM = "epcisException:QueryParameterException"


def collected(**said):
    at = iso(now_ms() - 5_000).replace("Z", "+00:00")
    return {
        "type": "ObjectEvent",
        "eventTime": at,
        "eventTimeZoneOffset": "+00:00",
        "action": "ADD",
        "bizStep": "collecting",
        "bizLocation": {"id": HERE},
        "quantityList": [{"epcClass": PLASTIC, "quantity": 12, "uom": "KGM"}],
        "ainalym:price_minor_per_kg": 3_000,
        "ainalym:paid_minor": 36_000,
        "ainalym:scale": "pt-003-scale",
    } | said


def captured(program, *events):
    body = {"eventList": list(events)}
    told = {"type": "EPCISDocument", "schemaVersion": "2.0", "epcisBody": body}
    answer = program.post("/epcis/capture", told)
    assert answer.status_code == 202, answer.content.decode()
    return program.get(answer["Location"].partition("/api/v1")[2]).json()


def listed(program, query=""):
    answer = program.get(f"/epcis/events?{query}")
    assert answer.status_code == 200, answer.content.decode()
    return answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]


@pytest.mark.parametrize("name", NAMES)
def test_an_event_is_found_under_the_name_it_was_sent_with(program, name):
    keeper = program("keeper-3")
    at_ms = now_ms() - 60_000
    sent = collected(
        eventID=name,
        eventTime=iso(at_ms + 6 * 3_600_000).replace("Z", "+06:00"),
        eventTimeZoneOffset="+06:00",
    )
    other = sent | {"eventTime": iso(at_ms), "eventTimeZoneOffset": "+05:00"}
    for told in (sent, sent, other):
        assert captured(keeper, told)["success"]
    assert keeper.get("/stock").json()["stock_g"] == {"plastic": 12_000}
    found = keeper.get(f"/epcis/events/{quote(name, safe='')}").json()
    for field in ("eventID", "eventTime", "eventTimeZoneOffset"):
        assert found[field] == sent[field]
    assert listed(keeper) == [found]
    assert listed(keeper, f"EQ_eventID={quote(name, safe='')}") == [found]
    assert listed(keeper, f"EQ_eventID=urn:x,{quote(name, safe='')}") == [found]
    assert listed(program("auditor")) == [found]
    assert program("keeper-5").get(f"/epcis/events/{quote(name, safe='')}").status_code == 404
    assert keeper.get("/epcis/events/urn:x:other").status_code == 404


@pytest.mark.parametrize(
    "change",
    [{"eventTime": iso(now_ms() - 90_000)}, {"ainalym:paid_minor": 36_050}],
    ids=["another moment", "another price"],
)
def test_the_same_name_with_another_content_is_a_conflict(program, change):
    keeper, sent = program("keeper-3"), collected(eventID=NAME)
    assert captured(keeper, sent)["success"]
    errors = captured(keeper, sent | change)["errors"]
    assert [one["status"] for one in errors] == [409]
    assert errors[0]["code"] == NAME
    assert keeper.get("/stock").json()["stock_g"] == {"plastic": 12_000}


def test_a_declared_error_stands_under_the_partner_s_name(program):
    keeper, sent = program("keeper-3"), collected(eventID=NAME)
    wrong = sent | {
        "errorDeclaration": {
            "declarationTime": iso(now_ms() + 6 * 3_600_000).replace("Z", "+06:00"),
            "reason": "incorrect_data",
        }
    }
    assert captured(keeper, sent)["success"]
    for _ in range(2):
        assert captured(keeper, wrong)["success"]
    both = listed(keeper, f"EQ_eventID={quote(NAME, safe='')}")
    assert [one["eventID"] for one in both] == [NAME, NAME]
    declared = both[1]["errorDeclaration"]
    assert declared["declarationTime"] == wrong["errorDeclaration"]["declarationTime"]
    assert keeper.get("/stock").json()["stock_g"] == {}


def test_an_event_without_a_name_is_recorded_once_however_it_is_spelled(program):
    keeper, sent = program("keeper-3"), collected()
    more = [{"epcClass": PLASTIC, "quantity": "12.000", "uom": "KGM"}]
    again = dict(reversed(sent.items())) | {"quantityList": more}
    again |= {"bizStep": "https://ref.gs1.org/cbv/BizStep-collecting"}
    again |= {"eventTime": sent["eventTime"].replace("+00:00", "Z")}
    for told in (sent, again):
        assert captured(keeper, told)["success"]
    assert len(listed(keeper)) == 1


@pytest.fixture
def days(program):
    """A keeper's program with three tickets, a stock-take and a dispatch; and their moments."""
    keeper, at_ms = program("keeper-3"), now_ms() - 60_000
    told = [ticket(event_ms=at_ms + k) for k in range(3)]
    told[2] |= {"material": "paper", "price_minor_per_kg": 0, "paid_minor": 0}
    told[2] |= {"material": "plastic", "price_minor_per_kg": 3_000, "paid_minor": 36_000}
    shared = {"site": "pt-003", "event_ms": at_ms + 10}
    told.append({"kind": "count", "id": new_id(), "counted": {"plastic": 36_000}} | shared)
    sent = {"kind": "dispatch", "id": new_id(), "to": "st-07", "loads": {"plastic": 6_000}}
    told.append(sent | shared | {"event_ms": at_ms + 20})
    answer = keeper.post("/deeds", deeds(*told))
    assert answer.status_code == 201, answer.content.decode()
    return keeper, at_ms


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("EQ_bizStep=collecting,shipping", 4),
        ("EQ_bizStep=collecting&EQ_bizStep=shipping", 4),
        ("EQ_bizStep=https://ref.gs1.org/cbv/BizStep-stock_taking", 1),
        ("EQ_bizStep=destroying", 0),
        ("EQ_action=ADD", 3),
        ("EQ_action=OBSERVE,DELETE", 2),
        ("eventType=ObjectEvent,TransformationEvent", 5),
        ("eventType=AggregationEvent", 0),
        (f"EQ_readPoint={HERE}", 5),
        (f"EQ_bizLocation={HERE}&EQ_readPoint={HERE}", 5),
        (f"MATCH_epcClass={PLASTIC}", 5),
        (f"MATCH_anyEPCClass={PLASTIC}*", 5),
        (f"MATCH_inputEPCClass={PLASTIC}", 0),
        (f"MATCH_epcClass=u/x,{PLASTIC}/lot/1", 2),
        ("GE_recordTime=2020-01-01T00:00:00Z", 5),
        ("LT_recordTime=2020-01-01T00:00:00Z", 0),
        ("EQ_eventID=urn:uuid:019f0e6b-6a3c-7cc4-98f5-6f8b8a1f4d77", 0),
        ("EQ_eventID=", 5),
    ],
)
def test_parameters_that_are_held_choose_events(days, query, count):
    keeper, _at_ms = days
    assert len(listed(keeper, query)) == count


def test_events_are_chosen_by_moments_and_places(days, program):
    keeper, at_ms = days
    assert len(listed(keeper, f"GE_eventTime={iso(at_ms + 1)}&LT_eventTime={iso(at_ms + 11)}")) == 3
    auditor = program("auditor")
    other = "http://localhost/site/pt-005"
    assert len(listed(auditor, f"EQ_bizLocation={HERE},{other}")) == 5
    assert listed(auditor, f"EQ_bizLocation={HERE}&EQ_readPoint={other}") == []
    assert keeper.get(f"/epcis/events?EQ_bizLocation={HERE},{other}").status_code == 404
    seen = [*listed(auditor, "perPage=2&EQ_bizStep=collecting,shipping")]
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("EQ_disposition=destroyed", "EQ_disposition"),
        ("EQ_bizTransaction_po=urn:x:1", "EQ_bizTransaction_po"),
        ("MATCH_epc=urn:x:1", "MATCH_epc"),
        ("eq_bizStep=collecting", "eq_bizStep"),
        ("orderBy=eventTime", "orderBy"),
        ("maxEventCount=5", "maxEventCount"),
        ("nobody=1&perPage=2", "nobody"),
        ("nobody", "nobody"),
        ("=1", "“”"),
        ("perPage=2&perPage=3", "perPage"),
        ("GE_eventTime=2020-01-01T00:00:00Z&GE_eventTime=2021-01-01T00:00:00Z", "GE_eventTime"),
        ("perPage=0", "perPage"),
        ("GE_eventTime=yesterday", "GE_eventTime"),
        ("EQ_action=LOOK", "EQ_action"),
        ("eventType=Party", "eventType"),
        ("nextPageToken=x", "x"),
    ],
)
def test_other_parameters_are_refused_by_their_names(days, query, named):
    keeper, _at_ms = days
    answer = keeper.get(f"/epcis/events?{query}")
    said = answer.json()
    assert (answer.status_code, said["type"], said["status"]) == (400, PROBLEM, 400)
    assert named in said["detail"]
    if "is not known here" in said["detail"]:
        assert "EQ_bizStep" in said["detail"].partition("are:")[2]


@pytest.mark.parametrize(
    ("language", "part"),
    [("en", "stands for entry"), ("ru", "уже принадлежит записи"), ("kk", "-жазбаға берілген")],
)
def test_a_name_that_is_taken_is_told_in_the_program_s_language(program, language, part):
    keeper, sent = program("keeper-3"), collected(eventID=NAME)
    assert captured(keeper, sent)["success"]
    keeper.said["HTTP_ACCEPT_LANGUAGE"] = language
    errors = captured(keeper, sent | {"eventTime": iso(now_ms() - 90_000)})["errors"]
    assert part in errors[0]["detail"]
    assert NAME in errors[0]["detail"]
