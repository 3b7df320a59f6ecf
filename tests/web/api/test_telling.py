"""Programs tell deeds: once, under the rules of pages, at their own sites only."""

import json
import threading

import pytest

from ainalym.ledger import post
from ainalym.model.deed import read_deed
from ainalym.model.entry import new_id, now_ms
from ainalym.web.book import the_book
from tests.web.api.told import PAID, deeds, ticket


def faults(response):
    assert response["Content-Type"] == "application/problem+json"
    problem = json.loads(response.content)
    assert problem["status"] == response.status_code and problem["title"]
    return problem["faults"]


def stock(program, name, site):
    return program(name).get(f"/stock?site={site}").json()["stock_g"]


def test_a_deed_is_recorded_once_however_often_it_comes(program):
    keeper, told = program("keeper-3"), deeds(ticket())
    first, again = keeper.post("/deeds", told), keeper.post("/deeds", told)
    assert (first.status_code, again.status_code) == (201, 200)
    one, two = first.json()["receipts"][0], again.json()["receipts"][0]
    assert two == one | {"repeated": True}
    assert stock(program, "keeper-3", "pt-003") == {"plastic": 12_000}
    changed = deeds(told["deeds"][0] | {"gross_g": 12_001})
    refused = keeper.post("/deeds", changed)
    assert refused.status_code == 409 and faults(refused)
    assert stock(program, "keeper-3", "pt-003") == {"plastic": 12_000}


def test_one_wrong_deed_keeps_all_of_them_out_and_every_fault_is_told(program):
    keeper = program("keeper-3")
    wrong = [
        ticket(),
        ticket(price_minor_per_kg=-1, paid_minor=0),
        ticket(tare_g=13_000),
        ticket(id="x"),
    ]
    refused = keeper.post("/deeds", deeds(*wrong))
    assert refused.status_code == 422
    assert len(faults(refused)) >= 3
    assert stock(program, "keeper-3", "pt-003") == {}


@pytest.mark.parametrize(
    ("said", "status", "part"),
    [
        ({"price_minor_per_kg": PAID + 1, "paid_minor": 12 * PAID + 12}, 422, "The list says"),
        ({"gross_g": 400_000, "paid_minor": 400 * PAID}, 422, "can weigh"),
        ({"scale": "pt-005-scale"}, 422, "does not belong"),
        ({"material": "gold"}, 422, "does not buy"),
        ({"event_ms": now_ms() + 3_600_000}, 422, "ahead"),
        ({"event_ms": now_ms() - 60 * 86_400_000}, 422, "Set the clock"),
        ({"paid_minor": 99}, 422, "weight times price"),
        ({"seller": "Somebody"}, 422, "leave it out"),
        ({"series": "pt-005-A", "number": 1}, 422, "does not belong"),
        ({"actor": "keeper-5"}, 422, "actor"),
        ({"gross_g": "12"}, 422, "whole number"),
        ({"colour": "red"}, 422, "is no field"),
        ({"site": "pt-005", "scale": "pt-005-scale"}, 404, "no site"),
        ({"site": "nowhere"}, 404, "no site"),
    ],
)
def test_what_a_counter_refuses_a_program_is_refused_too(program, said, status, part):
    refused = program("keeper-3").post("/deeds", deeds(ticket(**said)))
    assert refused.status_code == status
    assert part in " ".join(faults(refused))
    assert stock(program, "keeper-3", "pt-003") == {}


@pytest.mark.parametrize("name", ["keeper-3", "leader-7", "buyer-paper", "auditor", "department"])
def test_each_tells_only_what_is_theirs(program, name):
    sites = {"keeper-3": "pt-003", "leader-7": "st-07", "buyer-paper": ""}
    mine = sites.get(name) or program(name).get("/sites").json()[0]["id"]
    base = {"id": new_id(), "event_ms": now_ms(), "site": mine}
    told = {
        "ticket": ticket("pt-003"),
        "rule": base | {"kind": "rule", "about": "tolerance", "name": "", "terms": {}},
        "arrival": base | {"kind": "arrival", "lots": {"1": 5}},
        "close": base | {"kind": "close", "from_ms": 1, "to_ms": 2},
    }
    statuses = {
        kind: program(name).post("/deeds", deeds(one)).status_code for kind, one in told.items()
    }
    theirs = {
        "keeper-3": {"ticket"},
        "leader-7": {"arrival"},
        "buyer-paper": {"arrival"},
        "auditor": set(),
        "department": {"rule", "close"},
    }[name]
    for kind, status in statuses.items():
        # Theirs goes on to the book's own laws; nobody else's does.
        assert (status in (201, 404, 409, 422)) if kind in theirs else status in (403, 404)
    assert statuses["ticket"] == (201 if name == "keeper-3" else statuses["ticket"])


def test_nothing_is_counted_at_all_sites_at_once(program):
    counted = {"kind": "count", "id": new_id(), "site": "*", "event_ms": now_ms()}
    refused = program("department").post("/deeds", deeds(counted | {"counted": {"plastic": 5}}))
    assert refused.status_code == 404
    assert faults(refused)


def test_a_load_is_taken_in_only_where_it_goes_to(program):
    keeper, leader = program("keeper-3"), program("leader-7")
    keeper.post("/deeds", deeds(ticket(event_ms=now_ms() - 60_000)))
    sent = {"kind": "dispatch", "id": new_id(), "site": "pt-003", "event_ms": now_ms() - 30_000}
    sent |= {"to": "st-08", "loads": {"plastic": 12_000}}
    lot = keeper.post("/deeds", deeds(sent)).json()["receipts"][0]["lots"][0]
    taken = {"kind": "arrival", "id": new_id(), "site": "st-07", "event_ms": now_ms()}
    taken |= {"lots": {str(lot): 12_000}, "reason": "it came here"}
    assert leader.post("/deeds", deeds(taken)).status_code == 404
    other = program("leader-8")
    seen = other.get("/lots?to=st-08").json()["lots"]
    assert [one["id"] for one in seen] == [lot]
    assert other.post("/deeds", deeds(taken | {"site": "st-08"})).status_code == 201
    assert stock(program, "leader-8", "st-08") == {"plastic": 12_000}


def test_slips_are_numbered_in_a_series_of_the_device(program):
    keeper, device = program("keeper-3"), {"device": "01890000-0000-4000-8000-000000000001"}
    series = keeper.post("/sites/pt-003/series", device).json()["series"]
    assert keeper.post("/sites/pt-003/series", device).json()["series"] == series
    told = [ticket(series=series, number=1), ticket(series=series, number=1)]
    assert keeper.post("/deeds", deeds(told[0])).status_code == 201
    assert keeper.post("/deeds", deeds(told[1])).status_code == 409
    assert keeper.post("/sites/pt-005/series", device).status_code == 404
    assert keeper.post("/sites/pt-003/series", {"device": "x"}).status_code == 422
    assert program("leader-7").post("/sites/st-07/series", device).status_code == 403


def test_many_at_once_take_the_last_kilogram_only_once(program):
    keeper = program("keeper-3")
    keeper.post("/deeds", deeds(ticket(gross_g=1_000, paid_minor=PAID, event_ms=now_ms() - 9_000)))
    statuses = []

    def take() -> None:
        from django.db import connections

        sent = {"kind": "dispatch", "id": new_id(), "site": "pt-003", "event_ms": now_ms()}
        sent |= {"to": "st-07", "loads": {"plastic": 1_000}}
        statuses.append(program("keeper-3").post("/deeds", deeds(sent)).status_code)
        connections.close_all()

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] + [409] * 7


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ("[]", 422),
        ('{"deeds": []}', 422),
        ('{"deeds": [1]}', 422),
        ('{"deeds": "all"}', 422),
        ("\xff", 400),
        (json.dumps({"deeds": [{}] * 1001}), 422),
        ('{"deeds": [' + "[" * 100_000 + "]}", 400),
        (" " * (2 << 20), 413),
    ],
    ids=range(9),
)
def test_what_cannot_be_read_is_refused_in_words(program, body, status):
    refused = program("keeper-3").post("/deeds", body)
    assert refused.status_code == status
    assert faults(refused)


@pytest.mark.parametrize("address", ["/deeds", "/epcis/capture"])
@pytest.mark.parametrize("kind", ["application/xml", "text/xml", "text/plain"])
@pytest.mark.parametrize(
    ("language", "part"),
    [("en", "is not taken here"), ("ru", "не принимается"), ("kk", "қабылданбайды")],
)
def test_what_is_not_json_is_a_415_that_names_json(program, address, kind, language, part):
    keeper = program("keeper-3")
    keeper.said["HTTP_ACCEPT_LANGUAGE"] = language
    refused = keeper.post(address, b"<epcis:EPCISDocument/>", kind)
    assert refused.status_code == 415
    (said,) = json.loads(refused.content)["faults"]
    assert kind in said and part in said and "JSON" in said


@pytest.mark.parametrize("kind", ["application/json", "application/ld+json"])
@pytest.mark.parametrize(("language", "part"), [("en", "no JSON"), ("ru", "нельзя прочесть")])
def test_json_that_cannot_be_read_is_a_400_in_words(program, kind, language, part):
    keeper = program("keeper-3")
    keeper.said["HTTP_ACCEPT_LANGUAGE"] = language
    refused = keeper.post("/deeds", b"{not json", kind)
    assert refused.status_code == 400
    (said,) = json.loads(refused.content)["faults"]
    assert part in said
    keeper.said["HTTP_AUTHORIZATION"] = "Bearer nobody"
    assert keeper.post("/deeds", b"<x/>", "text/xml").status_code == 401


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("Договорная цена", "other: Договорная цена"),
        ("Agreed: 31", "other: Agreed: 31"),
        ("other:agreed", "other: agreed"),
        ("other: agreed", "other: agreed"),
        ("market", "market"),
        ("bulk", "bulk"),
        ("marketing", "other: marketing"),
    ],
)
def test_a_reason_in_words_of_its_own_is_another_reason(program, told, kept):
    keeper = program("keeper-3")
    said = deeds(ticket(price_minor_per_kg=PAID + 100, paid_minor=37_200, reason=told))
    assert [keeper.post("/deeds", said).status_code for _ in range(2)] == [201, 200]
    (one,) = keeper.get("/entries?kind=ticket").json()["entries"]
    assert one["body"]["reason"] == kept


@pytest.mark.parametrize("told", ["", "other", "other:", "other: "])
def test_a_reason_that_says_nothing_is_none(program, told):
    said = deeds(ticket(price_minor_per_kg=PAID + 100, paid_minor=37_200, reason=told))
    assert program("keeper-3").post("/deeds", said).status_code == 422


def test_a_ticket_that_stands_with_a_reason_of_old_is_known_again(program):
    said = ticket(reason="agreed", actor="keeper-3")
    post(the_book(), [read_deed(said)])
    assert program("keeper-3").post("/deeds", deeds(said)).status_code == 200
