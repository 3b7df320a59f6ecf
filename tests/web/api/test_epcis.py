"""EPCIS over HTTP: capture and query, held to conservation."""

import json

import pytest

from ainalym.model.entry import iso, new_id, now_ms
from tests.web.api.told import PAID, deeds, ticket


def collected(**said):
    at_ms = now_ms() - 5_000
    kind = "http://localhost/material/plastic"
    return {
        "type": "ObjectEvent",
        "eventID": f"urn:uuid:{new_id(at_ms)}",
        "eventTime": iso(at_ms),
        "eventTimeZoneOffset": "+05:00",
        "action": "ADD",
        "bizStep": "collecting",
        "bizLocation": {"id": "http://localhost/site/pt-003"},
        "quantityList": [{"epcClass": kind, "quantity": 12, "uom": "KGM"}],
        "ainalym:price_minor_per_kg": PAID,
        "ainalym:paid_minor": 12 * PAID,
        "ainalym:scale": "pt-003-scale",
    } | said


def document(*events):
    body = {"eventList": list(events)}
    return {"type": "EPCISDocument", "schemaVersion": "2.0", "epcisBody": body}


def job_of(program, answer):
    assert answer.status_code == 202, answer.content.decode()
    assert answer["GS1-EPCIS-Version"] == "2.0.0"
    address = answer["Location"].partition("/api/v1")[2]
    return program.get(address).json()


def test_events_are_captured_once_and_found_again(program):
    keeper, event = program("keeper-3"), collected()
    for _ in range(2):
        assert job_of(keeper, keeper.post("/epcis/capture", document(event)))["success"]
    assert keeper.get("/stock").json()["stock_g"] == {"plastic": 12_000}
    found = keeper.get(f"/epcis/events/{event['eventID']}").json()
    assert found["quantityList"][0]["quantity"] == 12
    asked = keeper.get("/epcis/events?EQ_bizStep=collecting&eventType=ObjectEvent").json()
    listed = asked["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert [one["eventID"] for one in listed] == [event["eventID"]]
    assert len(keeper.get("/epcis/capture").json()) == 2
    assert program("keeper-5").get("/epcis/capture").json() == []


@pytest.mark.parametrize(("behaviour", "kept"), [("rollback", 0), ("proceed", 24_000)])
def test_one_bad_event_keeps_all_out_unless_told_to_proceed(program, behaviour, kept):
    keeper = program("keeper-3")
    bad = collected(**{"ainalym:scale": "pt-005-scale"})
    said = {"HTTP_GS1_CAPTURE_ERROR_BEHAVIOUR": behaviour}
    events = document(collected(), bad, collected())
    job = job_of(keeper, keeper.post("/epcis/capture", events, **said))
    assert not job["success"] and job["captureErrorBehaviour"] == behaviour
    assert "does not belong" in job["errors"][0]["detail"]
    assert keeper.get("/stock").json()["stock_g"].get("plastic", 0) == kept


BAD = {
    "another step": ({"bizStep": "inspecting"}, "'ObjectEvent' of step 'inspecting' is not held"),
    "no moment": ({"eventTime": "yesterday"}, "'yesterday' is no moment"),
    "no site": ({"bizLocation": None}, "a place has no id"),
    "nothing weighed": ({"quantityList": []}, "quantityList"),
}


@pytest.mark.parametrize("bad", BAD)
def test_to_proceed_takes_what_can_be_read_and_tells_the_rest(program, bad):
    keeper, (fields, part) = program("keeper-3"), BAD[bad]
    events = [collected(), collected(**fields), collected(), collected(**fields)]
    assert keeper.post("/epcis/capture", document(*events)).status_code == 400
    said = {"HTTP_GS1_CAPTURE_ERROR_BEHAVIOUR": "proceed"}
    job = job_of(keeper, keeper.post("/epcis/capture", document(*events), **said))
    assert not job["success"]
    assert [one["status"] for one in job["errors"]] == [400, 400]
    for one, place in zip(job["errors"], ("eventList[1]", "eventList[3]"), strict=True):
        assert place in one["detail"] and part in one["detail"]
    assert keeper.get("/stock").json()["stock_g"] == {"plastic": 24_000}


def test_to_proceed_with_no_document_is_refused(program):
    said = {"HTTP_GS1_CAPTURE_ERROR_BEHAVIOUR": "proceed"}
    assert program("keeper-3").post("/epcis/capture", {"epcisBody": 3}, **said).status_code == 400


def test_mass_out_of_nothing_is_refused(program):
    kind = {"epcClass": "http://localhost/material/plastic", "uom": "KGM"}
    made = collected(
        type="TransformationEvent",
        bizStep="commissioning",
        bizLocation={"id": "http://localhost/site/st-07"},
        inputQuantityList=[kind | {"quantity": 1_500}],
        outputQuantityList=[kind | {"quantity": 9_999}],
    )
    refused = program("leader-7").post("/epcis/capture", document(made))
    assert refused.status_code == 400
    assert "nothing is made of nothing" in json.loads(refused.content)["detail"]


@pytest.mark.parametrize("told", [{}, {"type": "EPCISDocument"}, {"epcisBody": 3}])
def test_what_is_no_document_is_refused(program, told):
    refused = program("keeper-3").post("/epcis/capture", told)
    assert refused.status_code == 400
    assert refused["Content-Type"] == "application/problem+json"


def test_another_s_site_is_neither_captured_nor_told(program):
    event = collected(bizLocation={"id": "http://localhost/site/pt-005"})
    keeper = program("keeper-3")
    job = job_of(keeper, keeper.post("/epcis/capture", document(event)))
    assert [one["status"] for one in job["errors"]] == [404]
    asked = keeper.get("/epcis/events?EQ_bizLocation=http://localhost/site/pt-005")
    assert asked.status_code == 404


def test_pages_of_events_follow_links_to_the_end(program):
    keeper = program("keeper-3")
    for k in range(5):
        keeper.post("/deeds", deeds(ticket(event_ms=now_ms() - 60_000 + k)))
    wrong = keeper.get("/entries?kind=ticket").json()["entries"][1]["id"]
    taken_back = {"kind": "reversal", "id": new_id(), "site": "pt-003", "event_ms": now_ms()}
    taken_back |= {"reverses": wrong, "reason": "weighed twice"}
    assert keeper.post("/deeds", deeds(taken_back)).status_code == 201
    seen, address = [], "/epcis/events?perPage=2"
    while address:
        page = keeper.get(address)
        results = page.json()["epcisBody"]["queryResults"]
        seen += results["resultsBody"]["eventList"]
        link = page.headers.get("Link", "")
        address = link.partition("/api/v1")[2].partition(">")[0]
    assert len(seen) == 6
    assert [one for one in seen if "errorDeclaration" in one] == [seen[-1]]
    assert seen[-1]["eventID"] == f"urn:uuid:{wrong}"


def test_an_export_captured_elsewhere_gives_the_same_stock(program):
    keeper = program("keeper-3")
    for k in range(3):
        keeper.post("/deeds", deeds(ticket(event_ms=now_ms() - 60_000 + k)))
    seen = program("auditor").get("/epcis/events").json()
    events = seen["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    for event in events:
        event["eventID"] = f"urn:uuid:{new_id()}"
    assert job_of(keeper, keeper.post("/epcis/capture", document(*events)))["success"]
    assert keeper.get("/stock").json()["stock_g"] == {"plastic": 72_000}


def test_anybody_may_ask_what_is_held(browse):
    told = browse().options("/api/v1/epcis/events")
    assert told.status_code == 204
    assert told["Allow"] == "GET, OPTIONS"
    assert told["GS1-CBV-Version"] == "2.0.0"


HERE = "http://localhost/site/st-08"
PARTIES = [
    {"type": "possessing_party", "destination": "https://id.gs1.org/417/9521321000010"},
    {"type": "owning_party", "destination": "urn:epc:id:pgln:9521321.00001"},
    {"type": "urn:epcglobal:cbv:sdt:owning_party", "destination": "http://localhost/site/st-07"},
]


def shipped(*destinations):
    event = collected(action="OBSERVE", bizStep="shipping", destinationList=[*destinations])
    return {name: told for name, told in event.items() if not name.startswith("ainalym:")}


@pytest.mark.parametrize(
    "kind",
    ["location", "urn:epcglobal:cbv:sdt:location", "https://ref.gs1.org/cbv/SDT-location",
     "cbv:SDT-location"],
)  # fmt: skip
@pytest.mark.parametrize("at", [0, 1, 3])
def test_a_load_goes_to_the_location_among_its_destinations(program, kind, at):
    keeper = program("keeper-3")
    keeper.post("/deeds", deeds(ticket(event_ms=now_ms() - 60_000)))
    told = [*PARTIES]
    told.insert(at, {"type": kind, "destination": HERE})
    event = shipped(*told) | {"sourceList": PARTIES}
    assert job_of(keeper, keeper.post("/epcis/capture", document(event)))["success"]
    (sent,) = keeper.get("/entries?kind=dispatch").json()["entries"]
    assert sent["body"]["to"] == "st-08"


@pytest.mark.parametrize(
    ("told", "part"),
    [
        ([], "the destinationList has no entry of type “location”"),
        (PARTIES, "the destinationList has no entry of type “location”"),
        ([{"destination": HERE}], "the destinationList has no entry of type “location”"),
        (2 * [{"type": "location", "destination": HERE}], "has 2 entries of type “location”"),
        ([{"type": "location"}], "a place has no id"),
        ([{"type": "location", "destination": "urn:epc:id:sgln:9521321.0.1"}],
         "'urn:epc:id:sgln:9521321.0.1' names no site"),
    ],
    ids=range(6),
)  # fmt: skip
def test_a_load_without_one_location_is_refused_in_words(program, told, part):
    refused = program("keeper-3").post("/epcis/capture", document(shipped(*told)))
    assert refused.status_code == 400
    (said,) = json.loads(refused.content)["faults"]
    assert said.startswith("eventList[0]: ") and part in said


@pytest.mark.parametrize("place", [None, {}, {"id": "urn:epc:id:sgln:9521321.0.1"}, "st-08"])
def test_an_event_without_a_site_is_refused_in_words(program, place):
    refused = program("keeper-3").post("/epcis/capture", document(collected(bizLocation=place)))
    (said,) = json.loads(refused.content)["faults"]
    assert refused.status_code == 400
    assert said.startswith("eventList[0]: ")
    assert "Name the site" in said or "names no site" in said
