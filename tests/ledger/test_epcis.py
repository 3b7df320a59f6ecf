"""EPCIS: what we say is what the standard allows, and what we hear makes the same book."""

import json
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ainalym.errors import ConflictError, InputError, NotFoundError
from ainalym.ledger import aliased, balances, entries, epcis, open_book, post, verify
from ainalym.ledger.alias import as_first_told
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


FULL = EVENT | {
    "eventTime": "2026-03-01T09:30:00.000+05:00",
    "disposition": "active",
    "quantityList": [{"epcClass": "u/pet", "quantity": 1.5, "uom": "KGM"}],
    "bizTransactionList": [
        {"type": "po", "bizTransaction": "urn:x:1"},
        {"type": "inv", "bizTransaction": "urn:x:2"},
    ],
    "other:measured": {"at": "2026-03-01T09:00:00+05:00", "share": 2},
    "ainalym:actor": "aigul",
}
SHIPPED = {name: FULL[name] for name in ("type", "eventTime", "eventTimeZoneOffset")} | {
    "action": "OBSERVE",
    "bizStep": "shipping",
    "bizLocation": {"id": "u/P7"},
    "quantityList": [
        {"epcClass": "u/pet", "quantity": 1, "uom": "KGM"},
        {"epcClass": "u/glass", "quantity": 2, "uom": "KGM"},
    ],
    "destinationList": [{"type": "location", "destination": "u/S1"}],
}
MADE = {name: FULL[name] for name in ("eventTime", "eventTimeZoneOffset", "bizLocation")} | {
    "type": "TransformationEvent",
    "ainalym:process": "grind",
    "inputQuantityList": [{"epcClass": "u/pet", "quantity": 3, "uom": "KGM"}],
    "outputQuantityList": [
        {"epcClass": "u/flake", "quantity": 1, "uom": "KGM"},
        {"epcClass": "u/dust", "quantity": 2, "uom": "KGM"},
    ],
}


def quantity(**said):
    return [{"epcClass": "u/pet", "quantity": 1.5, "uom": "KGM"} | said]


SAME = {
    "keys in another order": (FULL, dict(reversed(FULL.items()))),
    "zeros at the end": (FULL, FULL | {"quantityList": quantity(quantity="1.500")}),
    "a number as text": (FULL, FULL | {"quantityList": quantity(quantity="1.5")}),
    "Z": (FULL, FULL | {"eventTime": "2026-03-01T04:30:00Z"}),
    "no milliseconds": (FULL, FULL | {"eventTime": "2026-03-01T09:30:00+05:00"}),
    "another offset": (
        FULL,
        FULL | {"eventTime": "2026-03-01T10:30:00.000+06:00", "eventTimeZoneOffset": "+06:00"},
    ),
    "a short step": (FULL, FULL | {"bizStep": "collecting"}),
    "a step of version 1.2": (FULL, FULL | {"bizStep": "urn:epcglobal:cbv:bizstep:collecting"}),
    "a compact step": (FULL, FULL | {"bizStep": "cbv:BizStep-collecting"}),
    "a full disposition": (
        FULL,
        FULL | {"disposition": "https://ref.gs1.org/cbv/Disp-active"},
    ),
    "the usual left out": (
        FULL,
        {k: v for k, v in FULL.items() if k not in ("disposition", "action")},
    ),
    "a place told twice": (FULL, FULL | {"readPoint": EVENT["bizLocation"]}),
    "recorded elsewhere": (FULL, FULL | {"recordTime": "2026-03-02T00:00:00Z"}),
    "nothing said": (FULL, FULL | {"sourceList": [], "other:note": None, "other:text": ""}),
    "a default spelled out": (FULL, FULL | {"ainalym:source": "people", "ainalym:number": 0}),
    "papers in another order": (
        FULL,
        FULL | {"bizTransactionList": FULL["bizTransactionList"][::-1]},
    ),
    "a paper by its full address": (
        FULL,
        FULL
        | {
            "bizTransactionList": [
                {"bizTransaction": "urn:x:1", "type": "https://ref.gs1.org/cbv/BTT-po"},
                {"bizTransaction": "urn:x:2", "type": "urn:epcglobal:cbv:btt:inv"},
            ]
        },
    ),
    "a foreign moment": (
        FULL,
        FULL | {"other:measured": {"share": 2.0, "at": "2026-03-01T04:00:00.000Z"}},
    ),
    "loads in another order": (SHIPPED, SHIPPED | {"quantityList": SHIPPED["quantityList"][::-1]}),
    "loads in parts": (
        SHIPPED,
        SHIPPED
        | {
            "quantityList": [
                {"epcClass": "u/pet", "quantity": 0.25, "uom": "KGM"},
                {"epcClass": "u/glass", "quantity": 2.0, "uom": "KGM"},
                {"epcClass": "u/pet", "quantity": "0.750", "uom": "KGM"},
            ]
        },
    ),
    "outputs in another order": (
        MADE,
        MADE | {"outputQuantityList": MADE["outputQuantityList"][::-1]},
    ),
}


@pytest.mark.parametrize("spelling", SAME)
def test_an_event_without_a_name_has_its_id_by_what_it_says(spelling):
    one, other = (epcis.read_document(wrapped(event))[0] for event in SAME[spelling])
    assert one.id == other.id
    if spelling != "outputs in another order":
        assert one.told | {"offset": ""} == other.told | {"offset": ""}


@pytest.mark.parametrize(
    "change",
    [
        {"eventTime": "2026-03-01T09:30:00.001+05:00"},
        {"quantityList": quantity(quantity=1.501)},
        {"quantityList": quantity(epcClass="u/glass")},
        {"bizLocation": {"id": "u/P8"}},
        {"bizTransactionList": FULL["bizTransactionList"][:1]},
        {"disposition": "in_progress"},
        {"other:measured": {"at": "2026-03-01T09:00:00+05:00", "share": 3}},
        {"other:code": "007"},
        {"ainalym:paid_minor": 5, "ainalym:price_minor_per_kg": 3},
        {"readPoint": {"id": "u/gate"}},
    ],
    ids=lambda change: " ".join(change),
)
def test_an_event_that_says_something_else_is_another(change):
    one, other = (epcis.read_document(wrapped(event))[0] for event in (FULL, FULL | change))
    assert one.id != other.id


def test_numbers_in_codes_are_not_read_alike():
    one, other = (
        epcis.read_document(wrapped(FULL | {"other:code": code}))[0] for code in ("007", "7")
    )
    assert one.id != other.id


def test_an_event_nested_without_end_is_refused():
    deep: dict = {}
    for _ in range(200):
        deep = {"x": deep}
    with pytest.raises(InputError, match="nested too deep"):
        epcis.read_document(wrapped(FULL | {"other:deep": deep}))


NAMES_OF_OTHERS = [
    "ni:///sha-256;2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881?ver=CBV2.0",
    "urn:uuid:d5f3b9a2-51f5-4c0e-8d5d-57a1b2c3d4e5",
    "urn:uuid:D5F3B9A2-51F5-4C0E-8D5D-57A1B2C3D4E5",
    "https://id.partner.example/event/7,8",
    "019F0E6B-6A3C-7CC4-98F5-6F8B8A1F4D77",
]


@pytest.mark.parametrize("name", NAMES_OF_OTHERS)
def test_what_a_partner_sends_comes_back_as_sent(quick, name):
    sent = FULL | {"eventID": name, "eventTimeZoneOffset": "-03:30"}
    sent |= {"eventTime": "2026-03-01T01:00:00.000-03:30"}
    deed = epcis.read_document(wrapped(sent))[0]
    post(quick, [deed])
    assert aliased(quick, name).id == deed.id
    event = epcis.document(entries(quick), ROOT)["epcisBody"]["eventList"][0]
    for field in ("eventID", "eventTime", "eventTimeZoneOffset"):
        assert event[field] == sent[field]
    # The same event in other letters and another offset is the same.
    again = epcis.read_document(
        wrapped(FULL | {"eventID": name.swapcase() if "9F" in name else name})
    )[0]
    assert post(quick, [as_first_told(quick, again)])[0].repeated


def test_a_name_of_ours_needs_no_alias(quick):
    own = f"urn:uuid:{tell.deed_id()}"
    deed = epcis.read_document(wrapped(FULL | {"eventID": own}))[0]
    assert (deed.alias, f"urn:uuid:{deed.id}") == ("", own)


@pytest.mark.parametrize("change", [{}, {"eventTime": "2026-03-01T09:31:00+05:00"}])
def test_a_name_that_stands_for_another_deed_is_a_conflict_in_words(book, change):
    named = FULL | {"eventID": NAMES_OF_OTHERS[0]}
    other = named | change | {"quantityList": quantity(quantity=2)}
    for told in ([named], [named, other], [other]):
        deeds = epcis.read_document(wrapped(*told))
        if other in told:
            with pytest.raises(ConflictError, match=r"with another body|stands for entry"):
                post(book, deeds)
        else:
            post(book, deeds)
    assert len(entries(book)) == 1
    assert verify(book).whole


def test_a_refused_deed_leaves_its_name_free(book):
    named = FULL | {"eventID": NAMES_OF_OTHERS[0]}
    shipped = SHIPPED | {"eventID": NAMES_OF_OTHERS[3]}
    with pytest.raises(ConflictError, match="P7 holds 0 g of glass"):
        post(book, epcis.read_document(wrapped(named, shipped)))
    with pytest.raises(NotFoundError):
        aliased(book, NAMES_OF_OTHERS[0])
    post(book, epcis.read_document(wrapped(named)))
    assert aliased(book, NAMES_OF_OTHERS[0]).kind == "ticket"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"eventID": 7}, "eventID: is 7"),
        ({"eventID": "ni:///" + "x" * 300}, "of at most 300 characters"),
        ({"eventID": "two words"}, "without spaces"),
        ({"eventTimeZoneOffset": "Asia/Almaty"}, "is no offset from UTC"),
        ({"eventTimeZoneOffset": "+5"}, "is no offset from UTC"),
        ({"eventTimeZoneOffset": 5}, "give text"),
        ({"eventTimeZoneOffset": "+15:00"}, "is no offset from UTC"),
    ],
)
def test_names_and_offsets_have_their_form(change, said):
    with pytest.raises(InputError) as error:
        epcis.read_document(wrapped(FULL | change))
    assert said in str(error.value)
