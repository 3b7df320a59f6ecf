"""No bytes break a door: zero characters and half characters are refused, on both engines."""

import json
from urllib.parse import quote, urlencode

import pytest

from ainalym.model.entry import new_id, now_ms
from ainalym.web.letters import _is_whole_json
from tests.web.addresses import PERSONS, VALUES, operations, pages, parameters
from tests.web.api.told import ticket
from tests.web.engines import demo_on_postgres, standing_on
from tests.web.programs import Program

BAD = ("%00", "a%00b", "%ED%A0%80", "%ED%B0%80x", "%FF", "%C3%28")
"""Zero characters, half characters, and what is no UTF-8."""

HALF_SIGNS = ("%", "%4", "%zz")
"""Percent signs that begin nothing: refused in queries and forms."""

LARGE = ("9" * 16, "9" * 19, "9" * 5_000)
SAID = ("a\x00b", "\ud800", "x\udfff")
CAPTURE = "/epcis/capture"


@pytest.fixture(scope="module")
def server(demo, tmp_path_factory):
    """The demo on PostgreSQL; nothing is recorded in it."""
    with demo_on_postgres(tmp_path_factory.mktemp("demo")) as address:
        yield address


@pytest.fixture(params=["sqlite", "postgres"])
def site(request, programme):
    """The demo on each engine."""
    if request.param == "sqlite":
        yield
        return
    with standing_on(request.getfixturevalue("server")):
        yield


@pytest.fixture
def client(site, browse, monkeypatch):
    """Give a client that is signed in as a person, or as nobody."""
    from ainalym.web import guard

    monkeypatch.setattr(guard.Meter, "over", lambda self, who: False)
    return browse


@pytest.fixture
def told(site, client):
    """Give a program of a person."""
    from ainalym.web.people.models import Person
    from ainalym.web.people.tokens import issue

    return lambda name: Program(issue(Person.objects.get(name=name), "test", days=1))


def refused(answer, *about):
    answer.close()
    assert 400 <= answer.status_code < 500, (answer.status_code, *about)


def unbroken(answer, *about):
    answer.close()
    assert answer.status_code < 500, (answer.status_code, *about)


def test_no_address_of_a_page_is_broken_by_letters_or_numbers(client):
    for name in PERSONS:
        person = client(name)
        numbers = VALUES | {"int": LARGE[::2], "site": ("pt-003", "st-07"), "place": ("pt-003",)}
        for address in pages(numbers):
            unbroken(person.get(address), name, address)
            if "9" * 9 in address:
                unbroken(person.post(address), name, address)
    for name in PERSONS[::4]:
        person = client(name)
        for bad in BAD:
            for address in pages(dict.fromkeys(("site", "place", "str"), (bad,))):
                for method in (person.get, person.post) if bad in address else ():
                    refused(method(address), name, address)
            for address in pages(VALUES | {"site": ("pt-003",), "place": ("pt-003",)}):
                refused(person.get(f"{address}?month={bad}"), name, address, bad)
        refused(person.get(f"/people/sign-in?{BAD[0]}=1"))


@pytest.mark.parametrize("bad", [*BAD, *HALF_SIGNS])
def test_no_form_is_broken_by_letters(client, bad):
    kind = "application/x-www-form-urlencoded"
    fields = ("name", "password", "csrfmiddlewaretoken", "site", "note", "id", bad)
    for name in ("", "keeper-3", "department"):
        person = client(name)
        for address in ("/people/sign-in", "/people/language", "/counter/pt-003/pickups",
                        "/office/people", "/people/tokens", "/office/prices"):  # fmt: skip
            for field in fields:
                refused(person.post(address, f"{field}={bad}", content_type=kind), address, field)
            unfit = {"name": quote(bad).replace("%25", "%"), "password": "x"}
            refused(person.post(f"{address}?next={bad}", unfit), address)


@pytest.mark.parametrize("letters", ["\x00", "a\x00b"])
def test_no_form_in_parts_is_broken_by_letters(client, letters):
    """As the test client sends forms: `multipart/form-data`."""
    for name in ("", "keeper-3", "department"):
        for fields in ({"name": letters, "password": "x"}, {letters: "x"}):
            for address in ("/people/sign-in", "/office/people", "/counter/pt-003/pickups"):
                refused(client(name).post(address, fields), address)


@pytest.mark.parametrize("letters", SAID)
def test_no_header_and_no_cookie_is_broken_by_letters(client, letters):
    for address in ("/", "/people/sign-in", "/api/v1/stock", "/api/v1/epcis/events"):
        for header in ("HTTP_AUTHORIZATION", "HTTP_ACCEPT_LANGUAGE", "HTTP_COOKIE",
                       "HTTP_GS1_CAPTURE_ERROR_BEHAVIOUR", "HTTP_ACCEPT"):  # fmt: skip
            if header == "HTTP_COOKIE" and "\x00" not in letters:
                # No server hands on a header with half a character.
                continue
            refused(client("").get(address, **{header: f"Bearer {letters}"}), address, header)
    cookie = 'sessionid="a\\000b"; django_language="\\000"'
    refused(client("").get("/people/sign-in", HTTP_COOKIE=cookie))


def test_no_address_of_the_api_is_broken_by_letters_or_numbers(client, told):
    description = client("").get("/api/v1/openapi.json").json()
    count = 0
    for name in ("keeper-3", "auditor"):
        person = told(name)
        for method, address, about in operations(description):
            if method == "OPTIONS":
                continue
            inside, asked = (parameters(about, place) for place in ("path", "query"))
            usual = address
            for part in inside:
                usual = usual.replace(f"{{{part}}}", "pt-003")
            for bad in BAD:
                for part in inside:
                    refused(person.call(method, address.replace(f"{{{part}}}", bad)), address, bad)
                for part in (*asked, bad):
                    refused(person.call(method, f"{usual}?{part}={bad}"), usual, part, bad)
                    count += 1
            for number in LARGE:
                for part in inside:
                    unbroken(person.call(method, address.replace(f"{{{part}}}", number)), address)
                for part in asked:
                    unbroken(person.call(method, f"{usual}?{part}={number}"), usual, part)
    assert count > 400


def with_letters(value, letters):
    """Yield a JSON value with letters put into each text and each name in it, in turn."""
    if isinstance(value, str):
        yield letters
    elif isinstance(value, list):
        for k, one in enumerate(value):
            yield from (
                [*value[:k], other, *value[k + 1 :]] for other in with_letters(one, letters)
            )
    elif isinstance(value, dict):
        yield value | {letters: 1}
        for name, one in value.items():
            yield from (value | {name: other} for other in with_letters(one, letters))


def events():
    kind = {"epcClass": "u/material/plastic", "quantity": 1, "uom": "KGM"}
    event = {"type": "ObjectEvent", "eventID": "urn:x:1", "eventTime": "2026-03-01T09:30:00Z"}
    event |= {"eventTimeZoneOffset": "+05:00", "action": "ADD", "bizStep": "collecting"}
    event |= {"bizLocation": {"id": "u/site/pt-003"}, "quantityList": [kind]}
    event |= {"ainalym:scale": "pt-003-scale", "ainalym:reason": "x", "other:text": "y"}
    event |= {"errorDeclaration": {"declarationTime": "2026-03-01T09:30:00Z", "reason": "x"}}
    return {"type": "EPCISDocument", "schemaVersion": "2.0", "epcisBody": {"eventList": [event]}}


def bodies():
    rule = {"kind": "rule", "id": new_id(), "site": "*", "event_ms": now_ms(), "about": "custody"}
    rule |= {"name": "st-07/plastic", "terms": {"model": "blending"}}
    said = dict.fromkeys(("seller", "series", "price_list", "reason", "corrects"), "x")
    said |= {"currency": "KZT", "source": "people", "alias": "urn:x:2", "offset": "+05:00"}
    yield "/deeds", {"deeds": [ticket() | said, rule], "sure": True}
    yield "/sites/pt-003/series", {"device": "x"}
    yield CAPTURE, events()


@pytest.mark.parametrize("letters", SAID)
def test_no_json_is_broken_by_letters(told, letters):
    for name in ("keeper-3", "department"):
        person = told(name)
        before = person.get("/entries?site=pt-003").json()
        for address, body in bodies():
            for bad in with_letters(body, letters):
                text = json.dumps(bad)
                refused(person.post(address, text), address, text)
                raw = json.dumps(bad, ensure_ascii=False).encode("utf-8", "surrogatepass")
                refused(person.post(address, raw), address, text)
                wide = text.encode("utf-16")
                refused(person.post(address, wide), address, text)
        assert person.get("/entries?site=pt-003").json() == before


def test_no_table_is_broken_by_letters(told):
    keeper = told("keeper-3")
    row = b"moment;material;gross_kg;reason\n2026-11-01 09:00;plastic;1;other: x\n"
    for bad in (b"\0", b"\xed\xa0\x80", b"\xff\xfe\0", b"a\0b"):
        for k in range(0, len(row), 7):
            body = row[:k] + bad + row[k:]
            refused(keeper.post("/sites/pt-003/weighings", body, "text/csv"), body)


def test_what_phones_send_is_not_broken_by_letters(client):
    keeper = client("keeper-3")
    for letters in SAID:
        for address in ("tickets", "series", "till", "pickups"):
            body = json.dumps({"device": letters, "tickets": [{"material": letters}]})
            answer = keeper.post(f"/counter/pt-003/{address}", body, "application/json")
            refused(answer, address)


@pytest.mark.parametrize(
    ("body", "whole"),
    [
        (b'{"a": "\\u0000"}', False),
        (b'{"a": "\\\\u0000"}', True),
        (b'["\\ud83d\\ude00"]', True),
        (b'["\\ude00\\ud83d"]', False),
        ('["\u044f\ud55c"]'.encode(), True),
        (b'["\xed\xa0\x80"]', False),
        ('["a"]'.encode("utf-16"), True),
        (b"[" * 100_000 + b'"\\u0000"', True),
        (b"\0", True),
        (b"", True),
    ],
    ids=range(10),
)
def test_letters_in_json_are_told_apart(body, whole):
    assert _is_whole_json(body) == whole


def test_ordinary_letters_of_the_world_pass(client, told):
    kind = "application/x-www-form-urlencoded"
    for text in ("Айналым ә қ", "😀", "100 %", "a+b&c"):
        onward = urlencode({"next": f"/people/{text}"})
        assert client("").get(f"/people/sign-in?{onward}").status_code == 200
        fields = {"name": text, "password": "x"}
        assert client("").post("/people/sign-in", fields).status_code == 422
        form = urlencode(fields)
        assert client("").post("/people/sign-in", form, content_type=kind).status_code == 422
    found = told("keeper-3").get(f"/epcis/events?{urlencode({'EQ_eventID': 'urn:x:ә 😀'})}")
    assert found.status_code == 200


@pytest.mark.parametrize("letters", ["a%00b", "%ED%A0%80"])
def test_pages_that_keep_what_was_typed_refuse_letters_too(client, letters):
    """The forms whose pages look at every text themselves: field by field."""
    kind = "application/x-www-form-urlencoded"
    usual = {"id": new_id(), "process": "sort", "scale": "st-07-scale", "to": "pl-02", "lot": "1=5"}
    usual |= {"vehicle": "A 1", "material": "plastic", "gross": "5", "reason": "other"}
    usual |= {"words": "x", "source": "people", "seller": "y", "consent": "on", "price": "1"}
    usual |= {"reason-words": "x", "answer": "no", "note": "x", "act": "x", "sure": "on"}
    places = {"leader-7": ("sort", "send"), "keeper-3": ("tickets",)}
    for name, pages_of in places.items():
        for page in pages_of:
            address = f"/station/st-07/{page}" if "7" in name else f"/counter/pt-003/{page}"
            person = client(name)
            for field in usual:
                said = {"id": new_id()} | usual | {field: "LETTERS"}
                body = urlencode(said).replace("LETTERS", letters)
                answer = person.post(address, body, content_type=kind)
                assert answer.status_code < 500, (address, field)
