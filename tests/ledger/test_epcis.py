"""EPCIS: what we say is what the standard allows, and what we hear makes the same book."""

import json
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ainalym.errors import ConflictError, InputError
from ainalym.ledger import balances, entries, epcis, open_book, post, verify
from tests.ledger import tell
from tests.ledger.towns import Town

ROOT = "https://book.example"


@pytest.fixture
def document(quick):
    """A small town's days as a document: every kind of event."""
    moments = iter(range(tell.NOW_MS, tell.NOW_MS + 10**6))
    quick._writer._clock = lambda: next(moments)
    Town(quick.post, points=6, stations=2, tickets=60).live(3)
    wrong = post(quick, [tell.ticket(7_001, seller="Somebody", consent=True)])[0]
    post(quick, [tell.reversal(wrong.id), tell.stocktake({"pet": 3, "glass": 0})])
    return epcis.document(entries(quick, most=10_000), ROOT)


def test_the_standard_s_own_schema_finds_no_fault(document, shared):
    rules = pytest.importorskip("jsonschema_rs", reason="jsonschema-rs is not installed")
    path = shared / "data" / "epcis" / "EPCIS-JSON-Schema.json"
    if not path.is_file():
        pytest.skip("GS1's schema is not in the folder `shared`")
    validator = rules.validator_for(json.loads(path.read_text(encoding="utf-8")))
    assert [error.message for error in validator.iter_errors(document)][:3] == []
    steps = {event["bizStep"] for event in document["epcisBody"]["eventList"]}
    assert len(steps) == 6


def test_every_event_says_what_when_where_and_why(document):
    """The rules of the standard we can hold ourselves to anywhere."""
    seen = set()
    for event in document["epcisBody"]["eventList"]:
        lists = [event[name] for name in event if name.endswith("QuantityList")]
        lists += [event["quantityList"]] if "quantityList" in event else []
        assert lists
        for one in (one for quantities in lists for one in quantities):
            assert one["epcClass"].startswith(f"{ROOT}/material/")
            assert one.get("uom", "KGM") == "KGM"
            assert one.get("quantity", 1) > 0
        assert event["eventTime"] <= event["recordTime"]
        assert event["bizLocation"]["id"].startswith(f"{ROOT}/site/")
        if "errorDeclaration" in event:
            assert event["eventID"] in seen
        else:
            assert event["eventID"] not in seen
        seen.add(event["eventID"])


def test_nobody_who_sold_is_named(document):
    assert "Somebody" not in json.dumps(document)


def test_a_book_made_of_the_events_has_the_same_balances(document, quick, tmp_path):
    rules = [one.body for one in entries(quick, kind="rule", most=1_000)]
    with open_book(tmp_path / "again", clock=lambda: 2 * tell.NOW_MS) as again:
        from ainalym.model.deed import read_deed

        post(again, [read_deed(body) for body in rules])
        deeds = epcis.read_document(json.loads(json.dumps(document)))
        receipts = post(again, deeds)
        assert verify(again).whole
        assert balances(again, ledger="mass") == balances(quick, ledger="mass")
        assert balances(again) == balances(quick)
        # Captured twice it is recorded once.
        assert {receipt.repeated for receipt in post(again, deeds)} == {True}
        assert len(receipts) == len(document["epcisBody"]["eventList"])


EVENT = {
    "type": "ObjectEvent",
    "eventTime": "2026-03-01T09:30:00.000+05:00",
    "eventTimeZoneOffset": "+05:00",
    "action": "ADD",
    "bizStep": "https://ref.gs1.org/cbv/BizStep-collecting",
    "bizLocation": {"id": "https://other.example/points/P7"},
    "quantityList": [{"epcClass": "https://other.example/m/pet", "quantity": 12.345, "uom": "KGM"}],
}


def wrapped(*events):
    """A document of events."""
    return {
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "epcisBody": {"eventList": [*events]},
    }


def test_a_stranger_s_event_is_recorded_once_and_may_be_declared_wrong(quick):
    deed = epcis.read_document(wrapped(EVENT))[0]
    assert (deed.kind, deed.site, deed.material, deed.net_g) == ("ticket", "P7", "pet", 12_345)
    named = EVENT | {"eventID": "ni:///sha-256;df7bb3c352fef055578554f09f5e2aa41782150ced7bd0b8"}
    for event in (EVENT, named):
        wrong = deepcopy(event) | {
            "errorDeclaration": {
                "declarationTime": "2026-03-02T09:30:00Z",
                "reason": "incorrect_data",
            },
            "recordTime": "2026-03-02T09:30:00Z",
        }
        deeds = epcis.read_document(wrapped(event, wrong))
        assert deeds[1].reverses == deeds[0].id
        post(quick, deeds)
    assert balances(quick) == {}


def test_mass_out_of_nothing_passes_the_schema_but_not_us(quick):
    event = {
        **{name: EVENT[name] for name in ("eventTime", "eventTimeZoneOffset", "bizLocation")},
        "type": "TransformationEvent",
        "inputQuantityList": [{"epcClass": "u/pet", "quantity": 1500, "uom": "KGM"}],
        "outputQuantityList": [{"epcClass": "u/flake", "quantity": 9999, "uom": "KGM"}],
        "ainalym:process": "grind",
    }
    with pytest.raises(InputError, match="takes 1500000 g and gives 9999000 g"):
        epcis.read_document(wrapped(event))
    event["outputQuantityList"][0]["quantity"] = 1400
    deed = epcis.read_document(wrapped(event))[0]
    with pytest.raises(ConflictError, match="has no recipe"):
        post(quick, [deed])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"eventTime": "yesterday"}, "eventTime: 'yesterday' is no moment"),
        ({"eventTime": "2026-03-01T09:30:00"}, "give ISO 8601 with the offset"),
        ({"eventTime": "1931-03-01T09:30:00Z"}, "is before 1970"),
        ({"bizStep": "dancing"}, "bizStep 'dancing' is not taken"),
        ({"bizLocation": None}, "name the site"),
        ({"bizLocation": "P7"}, "name the site"),
        ({"quantityList": []}, "say what and how much"),
        ({"quantityList": "all"}, "say what and how much"),
        ({"quantityList": [7]}, "name a material"),
        ({"quantityList": [{"epcClass": "u/pet", "quantity": 1, "uom": "LBR"}]}, "weigh in KGM"),
        ({"quantityList": [{"epcClass": "u/pet", "uom": "KGM"}]}, "is None kg"),
        (
            {"quantityList": [{"epcClass": "u/pet", "quantity": 0.0005, "uom": "KGM"}]},
            "at most three decimals",
        ),
        (
            {"quantityList": [{"epcClass": "u/pet", "quantity": "1,5", "uom": "KGM"}]},
            "is '1,5' kg",
        ),
        (
            {"quantityList": [{"epcClass": "u/pet", "quantity": "1e999999999", "uom": "KGM"}]},
            "at most three decimals",
        ),
        ({"ainalym:price_minor_per_kg": "free"}, "give a whole number"),
        ({"ainalym:actor": {"name": "x"}}, "give text"),
        ({"ainalym:source": "moon"}, "'moon' is unknown"),
    ],
)
def test_a_bad_event_is_refused_with_its_place_and_remedy(change, said):
    with pytest.raises(InputError) as error:
        epcis.read_document(wrapped(EVENT, EVENT | change))
    assert said in str(error.value)
    assert all(issue.where.startswith("eventList[1]") for issue in error.value.issues)


@pytest.mark.parametrize("told", [None, [], {}, {"epcisBody": {}}, {"epcisBody": 3}, "text"])
def test_what_is_no_document_is_said_so(told):
    with pytest.raises(InputError, match="send an EPCISDocument"):
        epcis.read_document(told)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=5,
)
NAMES = [*EVENT, "eventID", "errorDeclaration", "destinationList", "inputQuantityList"]
NAMES += ["ainalym:actor", "ainalym:counted", "ainalym:paid_minor", "ainalym:reason"]
STEPS = ["collecting", "shipping", "receiving", "retail_selling", "stock_taking", "x"]


@given(st.dictionaries(st.sampled_from(NAMES), ANYTHING), st.sampled_from(STEPS))
def test_no_event_breaks_the_reader(change, step):
    try:
        epcis.read_document(wrapped(EVENT | {"bizStep": step} | change))
    except InputError as error:
        assert str(error)
