"""Every field of every deed is exactly of its type, and what is made can be posted or refused."""

from collections.abc import Mapping
from dataclasses import fields, replace
from types import UnionType
from typing import get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ainalym.errors import AinalymError, InputError
from ainalym.ledger import open_book, verify
from ainalym.model.any_deed import LATEST_MS
from ainalym.model.deed import KINDS, Close, Payment, Rule, read_deed
from ainalym.model.entry import Source, new_id
from ainalym.model.faults import MOST, MOST_DEEP, shown
from tests.ledger import tell
from tests.ledger.test_deeds import DEEDS

FIELDS = [(deed, field) for deed in DEEDS for field in fields(deed)]


class Count(int):
    """A whole number that is more than one."""


class Loud:
    """A value that nobody can show, compare or take for true or false."""

    def __repr__(self):
        raise ValueError("nobody shows me")

    __bool__ = __eq__ = __hash__ = __repr__


NUMBER = st.integers() | st.sampled_from([0, -1, 1, MOST, -MOST, 1 << 70, 10**5_000])
TEXT = st.text(max_size=4) | st.sampled_from(["a:b", "a\n\nb", "\0", "\ud800", "x" * 5_000, "*"])
OTHER = st.builds(Loud) | st.sampled_from(
    [Count(5), Source.PEOPLE, 1.0, float("nan"), b"x", object()]
)
SIMPLE = st.none() | st.booleans() | NUMBER | st.floats() | TEXT | OTHER
HELD = st.lists(SIMPLE, max_size=2) | st.lists(SIMPLE, max_size=2).map(tuple)
NAMES = st.sampled_from(["unit", "self", "name", "", True, 5, 1 << 60, "pet", None])
NESTED = SIMPLE | HELD | st.dictionaries(NAMES, SIMPLE | HELD, max_size=3)


def is_of(value, kind):
    """Tell whether a value is of a type exactly."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return any(is_of(value, one) for one in inner)
    if origin is Mapping:
        names = isinstance(value, Mapping) and all(is_of(name, inner[0]) for name in value)
        return names and all(is_of(one, inner[1]) for one in value.values())
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        inner = inner[:1] * len(value) if inner[-1] is Ellipsis else inner
        return len(value) == len(inner) and all(map(is_of, value, inner))
    return kind is object or type(value) is kind


@pytest.mark.parametrize(("deed", "field"), FIELDS, ids=lambda one: getattr(one, "name", ""))
@settings(max_examples=30)
@given(value=NESTED)
def test_a_value_of_another_type_is_refused(deed, field, value):
    try:
        replace(deed, **{field.name: value})
    except InputError as error:
        assert str(error).encode()
        return
    assert is_of(value, field.type)


def usual(kind):
    """Values that a type may have, most of them of sense."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return st.none() | usual(inner[0])
    if origin is Mapping:
        if inner[1] is object:
            return st.dictionaries(st.sampled_from(["model", "tolerance_ppm"]), NESTED, max_size=2)
        return st.dictionaries(usual(inner[0]), usual(inner[1]), max_size=2)
    if origin is tuple:
        return st.lists(st.tuples(usual(str), usual(int)), max_size=2).map(tuple)
    if kind is bool:
        return st.booleans()
    if kind is int:
        return st.sampled_from([1, 2, 5, 0, -1, MOST - 1, MOST, tell.NOW_MS, LATEST_MS])
    return st.sampled_from(["pet", "P1", "*", "", "S1", "cash", "a:b", "a\nb", "\0", "\ud800", "5"])


@st.composite
def told(draw):
    """A deed with some fields changed; its id is its own, as it would be of another device."""
    deed = draw(st.sampled_from(DEEDS))
    names = [field for field in fields(deed) if field.name != "id"]
    some = draw(st.lists(st.sampled_from(names), max_size=3))
    change = {field.name: draw(usual(field.type)) for field in some}
    change["id"] = new_id(tell.NOW_MS, draw(st.binary(min_size=10, max_size=10)))
    try:
        return replace(deed, **change)
    except InputError as error:
        assert str(error).encode()
        return None


@given(st.lists(told(), max_size=6))
def test_what_is_made_is_posted_or_refused_and_the_book_is_whole(tmp_path_factory, deeds):
    path = tmp_path_factory.mktemp("book") / "book.sqlite"
    with open_book(path, clock=lambda: tell.NOW_MS) as book:
        book.post([tell.sorting(), tell.ticket(1_000), tell.ticket(1_000, "S1")])
        for deed in deeds:
            try:
                if deed is not None:
                    book.post([deed])
            except AinalymError as error:
                assert str(error)
        assert verify(book).whole


@pytest.mark.parametrize(
    "change",
    [
        *({name: value} for name in ("actor", "site", "seller", "reason") for value in (5, 1.5)),
        *({"series": "A", "number": value} for value in (True, 1.0, 1.5, MOST, 1 << 70, 0, -1)),
        *({"series": "", "number": value} for value in (5, -5, 1 << 70)),
        *({"reason": value} for value in (float("nan"), {"a": 1}, ["a"], b"a", None)),
        *({"site": site} for site in ("a\nb", "a:b", "a  b", " a", "a;b", "a=b", "a,b", "a\0")),
        *({"material": name} for name in ("a\nb", "a:b", "")),
        {"series": 5, "number": 1},
        {"scale": ["x"]},
        {"consent": 1},
        {"currency": "a:b", "paid_minor": 5},
        {"event_ms": LATEST_MS},
        {"event_ms": 10**5_000},
        {"device_ms": LATEST_MS},
        {"source": Source.PEOPLE},
    ],
    ids=shown,
)
def test_a_ticket_holds_what_it_says_it_holds(change):
    with pytest.raises(InputError) as error:
        tell.ticket(**change)
    assert all(issue.mend for issue in error.value.issues)


def test_faults_of_types_and_of_sense_are_told_at_once():
    with pytest.raises(InputError) as error:
        tell.ticket(-1, "a\nb", actor=5, number=1, id="\ud800", event_ms=True)
    said = [issue.where.rpartition(": ")[2] for issue in error.value.issues]
    assert said == ["event_ms", "actor", "id", "site"]
    with pytest.raises(InputError) as error:
        tell.ticket(-1, "a\nb", actor=5, source="?")
    said = [issue.where.rpartition(": ")[2] for issue in error.value.issues]
    assert said == ["actor", "site", "weights and money", "source"]


@pytest.mark.parametrize("lot", [0, -1, MOST, 1 << 70])
def test_a_lot_has_a_number_that_every_program_can_hold(lot):
    for make in (tell.sale, tell.dispatch):
        with pytest.raises(InputError, match=r"no lot .give the lot's number"):
            make({lot: 5})
    with pytest.raises(InputError, match=r"no lot .give the lot's number"):
        tell.arrival({lot: 5})


@pytest.mark.parametrize("name", ["unit", "self", "name", "least"])
def test_a_material_may_have_any_name(name):
    assert tell.dispatch({name: 5}).loads == {name: 5}


def test_faults_of_many_are_told_with_their_places():
    with pytest.raises(InputError, match="give a whole number for 'a', 'c'"):
        tell.sale({"a": 1.5, "b": 2, "c": True})
    with pytest.raises(InputError, match="give a whole number at 1 at 0"):
        tell.change({"pet": 5}, [("pet", 1.5)])


def deep(levels, inner):
    """Terms of so many levels, of names or of lists."""
    terms = inner
    for _ in range(levels - 1):
        terms = [terms] if isinstance(inner, list) else {"a": terms}
    return {"verified_until_ms": 9, "a": terms}


@pytest.mark.parametrize("inner", [{}, []])
@pytest.mark.parametrize("levels", [MOST_DEEP, 490, 2_000, 100_000])
def test_terms_that_are_nested_too_deep_are_refused(inner, levels):
    assert tell.rule("scale", "S-1", deep(MOST_DEEP - 1, inner))
    with pytest.raises(InputError, match=r"are nested too deep .use at most 40 levels"):
        tell.rule("scale", "S-1", deep(levels, inner))


def test_terms_that_hold_themselves_are_refused():
    terms = {"verified_until_ms": 9}
    terms |= {"a": terms, "b": terms}
    terms["a"] = terms
    with pytest.raises(InputError, match="are nested too deep"):
        tell.rule("scale", "S-1", terms)


@pytest.mark.parametrize("value", [LATEST_MS, MOST - 1, -1, True, "9", None])
@pytest.mark.parametrize("name", ["verified_until_ms", "verified_from_ms"])
def test_moments_of_a_rule_are_moments(quick, name, value):
    with pytest.raises(InputError, match=f"{name} is .* .give milliseconds since 1970 UTC"):
        quick.post([tell.rule("scale", "S-1", {"verified_until_ms": 9} | {name: value})])


def test_a_site_cannot_write_a_line_of_its_own():
    site = "P1\n\n2026-01-01 more\n    assets  5 g\n    other  -5 g"
    for make in (tell.ticket, tell.reversal):
        with pytest.raises(InputError, match=r"site: is 'P1.* .use letters, digits"):
            make(site=site, **({"of": tell.deed_id()} if make is tell.reversal else {}))
    said = {"id": tell.deed_id(), "site": site, "event_ms": 9}
    with pytest.raises(InputError, match="site: is 'P1"):
        Close(from_ms=1, to_ms=8, **said)
    with pytest.raises(InputError, match="site: is 'P1"):
        Rule(about="scale", name="S-1", terms={}, **said)


def test_what_becomes_the_name_of_an_account_is_held_to_its_rule():
    paid = {"site": "P1", "event_ms": 9, "payer": "buyer", "payee": "cash", "paid_minor": 1}
    for said in ({"party": "a:b"}, {"currency": "a\nb"}, {"currency": ""}):
        with pytest.raises(InputError, match=next(iter(said))):
            Payment(id=tell.deed_id(), **paid, **said)
    for make in (
        lambda: tell.sale({"pet": 5}, buyer="a:b"),
        lambda: tell.sale({"a:b": 5}),
        lambda: tell.dispatch({"pet": 5}, to="a:b"),
        lambda: tell.change({"pet": 5}, [("a:b", 5)]),
        lambda: tell.stocktake({"a:b": 5}),
    ):
        with pytest.raises(InputError, match="'a:b'"):
            make()


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.kind)
def test_what_a_book_holds_is_read_as_it_stands(deed):
    assert read_deed(deed.told, kept=True) == deed


def test_what_a_book_holds_is_not_held_to_what_is_asked_since():
    close = {"kind": "close", "id": tell.deed_id(), "site": "a\nb", "event_ms": 9}
    close |= {"from_ms": 1, "to_ms": 8}
    terms = deep(100, {})
    rule = tell.rule("scale", "S-1", {"verified_until_ms": 9}).told | {"terms": terms}
    for told in (close, rule):
        with pytest.raises(InputError):
            read_deed(told)
        assert read_deed(told, kept=True).told == told
    with pytest.raises(InputError, match="give text"):
        read_deed(close | {"site": 5}, kept=True)


@pytest.mark.parametrize(
    "told", [None, 5, [], {"kind": 10**5_000}, {5: 5}, {"kind": "close", 5: 5}]
)
def test_what_is_no_deed_is_refused(told):
    with pytest.raises(InputError):
        read_deed(told)


def test_every_kind_is_held():
    assert {type(deed) for deed, _ in FIELDS} == {*KINDS.values()}
