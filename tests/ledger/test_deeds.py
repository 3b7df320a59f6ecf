"""A deed says every fault it has; what is read back is what was told."""

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ainalym.errors import InputError
from ainalym.ledger import chain
from ainalym.ledger.canonical import canonical
from ainalym.model.deed import KINDS, Clock, Close, Erasure, Payment, Upgrade, read_deed
from tests.ledger import tell

DEEDS = [
    tell.ticket(12_000, seller="А.", consent=True, series="P1-A", number=3),
    tell.dispatch({"pet": 100, 7: 20}, vehicle="123 ABC 02"),
    tell.arrival({7: 120}, price_minor_per_kg={"pet": 7}, device_ms=5),
    tell.change({"pet": 10}, [("pet.clear", 7), ("pet.clear", 2)]),
    tell.sale({"pet": 3}, claimed_ppm=1_000_000, price_minor_per_kg={"pet": -4}),
    tell.stocktake({"pet": 0}),
    tell.reversal(tell.deed_id()),
    tell.rule("scale", "S-1", {"verified_until_ms": 9}),
    Payment(id=tell.deed_id(), site="P1", event_ms=9, payer="fund", payee="cash", paid_minor=1),
    Close(id=tell.deed_id(), site="*", event_ms=9, from_ms=1, to_ms=8),
    Erasure(id=tell.deed_id(), site="P1", event_ms=9, erases=tell.deed_id(), reason="asked"),
    Clock(id=tell.deed_id(), site="*", event_ms=9),
    Upgrade(id=tell.deed_id(), site="*", event_ms=9, from_version=1, to_version=2, entries=7,
            head="ab" * 32),
    tell.change({"pet": 10}, [("bottle", 9)], pieces={"bottle": 3}, used={"cap": 2}),
    tell.sale({}, pieces={"bottle": 2}, price_minor_per_piece={"bottle": 500}),
    tell.stocktake({}, pieces={"bottle": 0}),
]  # fmt: skip


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.kind)
def test_what_is_told_is_read_back(deed):
    assert read_deed(deed.told) == deed
    assert read_deed(chain.told(chain.body(deed))) == deed


def test_every_kind_is_tried():
    assert {deed.kind for deed in DEEDS} == {*KINDS}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "theft"}, "'theft' is no deed"),
        ({"kind": []}, "[] is no deed"),
        ({"id": "7"}, "'7' is no id of a deed"),
        ({"site": ""}, "say where it happened"),
        ({"site": 7}, "ticket: site: is 7 (give text)"),
        ({"event_ms": "now"}, "give a whole number"),
        ({"event_ms": 1.5}, "give a whole number"),
        ({"event_ms": True}, "give a whole number"),
        ({"event_ms": -1}, "-1 is no moment"),
        ({"consent": 1}, "give true or false"),
        ({"gross_g": None}, "is None"),
        ({"gross_g": 100, "tare_g": 100}, "gross 100 g less 100 g and 0 g leaves nothing"),
        ({"gross_g": 1 << 60}, "give whole grams and whole minor units"),
        ({"price_minor_per_kg": -5}, "give whole grams and whole minor units, 0 or more"),
        ({"paid_minor": 60_000}, "is 60000, but weight times price is 0 (give a reason"),
        ({"source": "found"}, "'found' is unknown"),
        ({"material": ""}, "say what was weighed"),
        ({"series": "A"}, "give both, numbers from 1, or neither"),
        ({"corrects": "that one"}, "'that one' is no id"),
        ({"weight": 7}, "ticket: weight: is no field of it"),
    ],
)
def test_a_ticket_says_what_is_wrong_with_it(change, said):
    with pytest.raises(InputError) as error:
        read_deed(DEEDS[0].told | {"series": "", "number": 0} | change)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("dispatch", {"to": "P1"}, "name another site"),
        ("dispatch", {"loads": {}, "lots": {}}, "there is nothing in it"),
        ("dispatch", {"loads": {"pet": 0}}, "give whole grams above 0"),
        ("dispatch", {"loads": ["pet"]}, "give names with values"),
        ("dispatch", {"lots": {"x": 3}}, "give a whole number"),
        ("dispatch", {"lots": {"-3": 3}}, "give a whole number"),
        ("arrival", {"lots": {}}, "there is nothing in it"),
        ("arrival", {"price_minor_per_kg": {"pet": 1 << 60}}, "give whole minor units"),
        ("change", {"process": ""}, "name the process"),
        ("change", {"outputs": [["pet", 0]]}, "outputs[0] pet"),
        ("change", {"outputs": [["pet"]]}, "give lists of 2"),
        ("change", {"outputs": "pet"}, "give a list"),
        ("sale", {"buyer": ""}, "say who takes it"),
        ("sale", {"claimed_ppm": 1_000_001}, "whole parts per million from 0 to 1000000"),
        ("count", {"counted": {}}, "count at least one material"),
        ("count", {"counted": {"pet": -1}}, "give whole grams, 0 or more"),
        ("reversal", {"reverses": "it"}, "'it' is no id"),
        ("reversal", {"reason": ""}, "say why it is taken back"),
        ("rule", {"about": "weather"}, "'weather' is no kind of rule"),
        ("payment", {"payer": "me"}, "'me' is no account of money"),
        ("payment", {"paid_minor": 0}, "whole minor units above 0"),
        ("close", {"to_ms": 10}, "close a period after its end"),
    ],
)
def test_every_other_deed_too(kind, change, said):
    told = next(deed for deed in DEEDS if deed.kind == kind).told
    with pytest.raises(InputError) as error:
        read_deed(told | change)
    assert said in str(error.value)


def test_all_faults_are_told_at_once():
    with pytest.raises(InputError) as error:
        read_deed({"kind": "ticket", "site": 3, "colour": "red", "gross_g": "much"})
    assert len(error.value.issues) == 6
    with pytest.raises(InputError) as error:
        tell.ticket(-1, site="", material="", source="?")
    assert len(error.value.issues) == 4


SIMPLE = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
NESTED = SIMPLE | st.lists(SIMPLE, max_size=2) | st.dictionaries(st.text(max_size=3), SIMPLE)


@given(
    st.sampled_from(DEEDS),
    st.dictionaries(
        st.sampled_from(sorted({field.name for kind in KINDS.values() for field in fields(kind)})),
        NESTED,
        max_size=4,
    ),
)
def test_nothing_told_breaks_the_reader(deed, change):
    try:
        read = read_deed(deed.told | change)
    except InputError as error:
        assert str(error)
        return
    assert read_deed(read.told) == read


def test_canonical_json_has_no_second_way_to_say_a_thing():
    said = {"z": ["x", 'é\n"\x1f\x7f', 1, None, True], "b": {17: 1, 5: ("a", 2)}, "": {}}
    written = '{"":{},"b":{"17":1,"5":["a",2]},"z":["x","é\\n\\"\\u001f\x7f",1,null,true]}'
    assert canonical(said) == written
    assert canonical(json.loads(written)) == written


def test_names_stand_in_the_order_of_rfc_8785():
    """The example of section 3.2.3: by UTF-16 units, not by code points."""
    ordered = ["\r", "1", "\x80", "\xf6", "\u20ac", "\U0001f600", "\ufb33"]
    said = canonical(dict.fromkeys(reversed(ordered), 1))
    assert [*json.loads(said)] == ordered
    assert sorted(ordered) != ordered


@pytest.mark.parametrize("term", [1.5, 1 << 53, -(1 << 53), {1: 2}, [{"a": [0.0]}], {1, 2}])
def test_terms_that_programs_read_differently_are_refused(term):
    with pytest.raises(InputError, match=r"terms: hold .*whole numbers below 2\^53"):
        tell.rule("scale", "S-1", {"verified_until_ms": 9, "note": term})
