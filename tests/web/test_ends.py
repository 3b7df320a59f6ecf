"""Days, months, moments and addresses at the ends of what can be asked for break no page."""

import re

import pytest

from ainalym.ledger import post
from ainalym.model.deed import Rule
from ainalym.model.entry import new_id, now_ms
from ainalym.web.book import the_book
from tests.web.addresses import PERSONS, VALUES, operations, pages
from tests.web.api.told import deeds, ticket

LARGEST = (1 << 53) - 1
ENDS = {
    "first": {
        "month": "0001-01",
        "day": "0001-01-01",
        "minute": "0001-01-01T00:00",
        "moment": "0001-01-01T00:00:00+14:00",
        "number": "-1",
    },
    "last": {
        "month": "9999-12",
        "day": "9999-12-31",
        "minute": "9999-12-31T23:59",
        "moment": "9999-12-31T23:59:59-14:00",
        "number": str(LARGEST),
    },
    "none": {
        "month": "2026-00",
        "day": "2026-02-30",
        "minute": "2026-02-28T24:60",
        "moment": "2026-02-30T00:00:00Z",
        "number": "9" * 30,
    },
    "own": {
        "month": "2199-12",
        "day": "2199-12-31",
        "minute": "2199-12-31T23:59",
        "moment": "2199-12-31T23:59:59-14:00",
        "number": str((1 << 46) - 1),
    },
}
KINDS = {"month": "month", "on": "day", "from": "day", "to": "day", "known": "minute"}
KINDS |= {"before": "number", "page": "number"}
"""What pages ask for, and of which kind it is."""


@pytest.fixture
def told(program):
    """A book with a ticket that stands and one that was taken back, and verifications at the two
    ends of what a rule may say."""
    keeper = program("keeper-3")
    one, other = ticket(event_ms=now_ms() - 9_000), ticket(event_ms=now_ms() - 9_000)
    keeper.post("/deeds", deeds(one, other))
    back = {"kind": "reversal", "id": new_id(), "site": "pt-003", "event_ms": now_ms()}
    keeper.post("/deeds", deeds(back | {"reverses": other["id"], "reason": "a slip"}))
    at_ms = now_ms() - 1_000
    post(
        the_book(),
        [
            Rule(id=new_id(), site="*", event_ms=at_ms, about="scale", name=name, terms=terms)
            for name, until_ms in (("pt-003-scale", (1 << 46) - 1), ("st-07-scale", 0))
            for terms in ({"verified_until_ms": until_ms},)
        ],
    )
    return other["id"]


@pytest.fixture
def client(browse, monkeypatch):
    """Give a client that is signed in as a person, or as nobody; without a limit of requests."""
    from ainalym.web import guard

    monkeypatch.setattr(guard.Meter, "over", lambda self, who: False)
    return browse


def test_no_page_breaks_at_the_ends_of_time(client, told):
    """Each page answers before what it did not read is refused, so all is asked of all."""
    places = VALUES | {"site": ("pt-003", "st-07"), "place": ("pt-003",), "int": ("2", "24")}
    count = 0
    for name in PERSONS:
        person = client(name)
        for address in pages(places):
            plain = person.get(address)
            plain.close()
            assert plain.status_code < 500, (name, address)
            if plain.status_code != 200:
                continue
            for said in ENDS.values():
                for asked, kind in KINDS.items():
                    answer = person.get(address, {asked: said[kind]})
                    answer.close()
                    assert answer.status_code < 500, (name, address, asked, said[kind])
                    count += 1
    assert count > 800


def test_no_question_to_the_api_breaks_at_the_ends_of_time(client, program, told):
    description = client("").get("/api/v1/openapi.json").json()
    auditor, count = program("auditor"), 0
    usual = {"site": "pt-003", "about": "scale"}
    for method, address, about in operations(description):
        if method != "GET" or "/export" in address:
            continue
        for said in ENDS.values():
            known = {one["name"]: one for one in about.get("parameters", [])}
            filled = re.sub(r"{(\w+)}", lambda name: told if name[1] == "name" else "2", address)
            base = {k: v for k, v in usual.items() if k in known}
            for name, one in known.items():
                if one["in"] != "query":
                    continue
                kind = "moment" if "date-time" in str(one["schema"]) else "number"
                both = base | {name: said[kind]}
                if name in ("from_ms", "to_ms"):
                    both |= {"from_ms": said[kind], "to_ms": said[kind]} | {name: "5"}
                query = "&".join(f"{k}={v.replace('+', '%2B')}" for k, v in both.items())
                answer = auditor.get(f"{filled}?{query}")
                answer.close()
                assert answer.status_code < 500, (filled, query)
                count += 1
            for number in ("2", said["number"]):
                filled = re.sub(r"{\w+}", number, address)
                answer = auditor.get(filled)
                answer.close()
                assert answer.status_code < 500, filled
    assert count > 80


@pytest.mark.parametrize("said", [ENDS["first"], ENDS["last"], ENDS["none"]], ids=range(3))
def test_what_is_no_day_or_month_is_refused_in_words(client, said):
    answer = client("auditor").get("/audit/weighings", {"month": said["month"]})
    assert answer.status_code == 422
    assert "is no month" in answer.content.decode()
    answer = client("keeper-3").get("/counter/pt-003/day", {"on": said["day"]})
    assert answer.status_code == 400
    assert "That is no day." in answer.content.decode()
    form = {"scale": "pt-003-scale", "until": said["day"]}
    answer = client("department").post("/office/scales", form)
    assert answer.status_code == 422
    assert "Say until which day" in answer.content.decode()


def test_a_verification_for_ever_is_shown_as_long_as_a_rule_may_say(client, told):
    page = client("department").get("/office/scales").content.decode()
    assert "4199" in page and "Not verified" in page
    assert client("keeper-3").get("/counter/pt-003/state").status_code == 200


def test_a_lot_that_was_taken_back_has_left(program, told):
    auditor = program("auditor")
    lot = auditor.get("/lots?site=pt-003").json()["lots"][0]["id"] + 1
    assert auditor.get(f"/lots/{lot}").json()["left_g"] == 0
    way = auditor.get(f"/lots/{lot}/follow")
    assert way.status_code == 200
    assert way.json() == {"lot": lot, "ends_g": {"0": 12_000}, "draws": []}


@pytest.mark.parametrize(
    ("aim", "led"),
    [
        ("/people/tokens", "/people/tokens"),
        ("/audit/lots?q=7", "/audit/lots?q=7"),
        ("abc", "/"),
        ("first", "/"),
        ("people:password", "/"),
        ("?q=7", "/"),
        ("#top", "/"),
        ("../people", "/"),
        ("//elsewhere.example/", "/"),
        ("/\\elsewhere.example/", "/"),
        ("///elsewhere.example/", "/"),
        ("https://elsewhere.example/", "/"),
        ("http://localhost/people/tokens", "/"),
        ("javascript:alert(1)", "/"),
        ("/" + "a" * 3_000, "/"),
    ],
)
def test_who_signs_in_is_led_to_a_path_of_this_site_alone(client, passwords, aim, led):
    there = client("keeper-3").get("/people/sign-in", {"next": aim})
    assert (there.status_code, there["Location"]) == (302, led)
    form = {"name": "keeper-3", "password": passwords["keeper-3"], "next": aim}
    came = client("").post("/people/sign-in", form)
    assert (came.status_code, came["Location"]) == (302, led)
    spoken = client("keeper-3").post("/people/language", {"language": "kk", "next": aim})
    assert (spoken.status_code, spoken["Location"]) == (302, led)


@pytest.mark.parametrize("days", ["00000000199999", "0", "9" * 5_000, "-1", "1e3", "\u0663"])
def test_no_token_lives_longer_than_is_said(client, days):
    answer = client("keeper-3").post("/people/tokens", {"name": "x", "days": days})
    assert answer.status_code == 422
    assert "A token lives from 1 to" in answer.content.decode()
