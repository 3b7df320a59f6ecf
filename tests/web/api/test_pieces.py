"""A program that tells pieces reads them back: what lies, in which lots, and what is under way."""

from ainalym.model.entry import new_id, now_ms
from tests.web.api.told import deeds, ticket

SITE, STATION = "pt-003", "st-07"


def deed(kind, **said):
    """Say a deed of now."""
    return {"kind": kind, "id": new_id(), "site": SITE, "event_ms": now_ms()} | said


def accepted(answer):
    """What was recorded."""
    assert answer.status_code == 201, answer.json()
    return answer.json()["receipts"]


def test_pieces_that_were_told_are_read_back(program):
    keeper, before_ms = program("keeper-3"), now_ms() - 60_000
    accepted(keeper.post("/deeds", deeds(ticket(event_ms=before_ms))))
    found = deed("count", counted={"plastic": 12_000}, pieces={"glass.mixed": 40})
    accepted(keeper.post("/deeds", deeds(found)))
    said = keeper.get("/stock").json()
    assert said["stock_g"] == {"plastic": 12_000}
    assert said["stock_pieces"] == {"glass.mixed": 40}
    assert keeper.get(f"/stock?as_of_ms={before_ms}").json()["stock_pieces"] == {}
    (crates,) = keeper.get("/lots?ledger=count").json()["lots"]
    assert crates["account"]["ledger"] == "count"
    assert (crates["account"]["what"], crates["made_g"], crates["left_g"]) == (
        "glass.mixed",
        40,
        40,
    )
    assert keeper.get(f"/lots/{crates['id']}").json() == crates
    (weighed,) = keeper.get("/lots").json()["lots"]
    assert weighed["account"]["what"] == "plastic"
    assert keeper.get("/lots?ledger=mass").json()["lots"] == [weighed]
    assert keeper.get("/lots?ledger=count&material=plastic").json()["lots"] == []


def test_pieces_under_way_are_listed_where_they_are_expected(program):
    keeper, leader = program("keeper-3"), program("leader-7")
    counted = deed("count", counted={"glass.mixed": 80_000}, pieces={"glass.mixed": 40})
    accepted(keeper.post("/deeds", deeds(counted)))
    sent = deed("dispatch", to=STATION, loads={"glass.mixed": 20_000}, pieces={"glass.mixed": 10})
    accepted(keeper.post("/deeds", deeds(sent)))
    assert keeper.get("/stock").json()["stock_pieces"] == {"glass.mixed": 30}
    (due,) = leader.get(f"/lots?to={STATION}&ledger=count").json()["lots"]
    assert (due["account"]["role"], due["left_g"]) == ("transit", 10)
    (load,) = leader.get(f"/lots?to={STATION}").json()["lots"]
    came = deed("arrival", lots={str(load["id"]): 20_000, str(due["id"]): 10}) | {"site": STATION}
    accepted(leader.post("/deeds", deeds(came)))
    assert leader.get("/stock").json()["stock_pieces"] == {"glass.mixed": 10}
    assert leader.get(f"/lots?to={STATION}&ledger=count").json()["lots"] == []


def test_what_is_neither_weighed_nor_counted_is_refused(program):
    refused = program("keeper-3").get("/lots?ledger=money")
    assert refused.status_code == 422
    assert "ledger" in refused.json()["detail"]


def test_pieces_are_described(browse):
    said = browse().get("/api/v1/openapi.json").json()
    shapes = said["components"]["schemas"]
    assert "pieces" in shapes["Stock"]["description"]
    assert "pieces" in shapes["LotOut"]["description"]
    assert "counted" in shapes["Stock"]["properties"]["stock_pieces"]["description"]
    (ledger,) = (
        one for one in said["paths"]["/api/v1/lots"]["get"]["parameters"] if one["name"] == "ledger"
    )
    assert (ledger["required"], ledger["schema"]["enum"]) == (False, ["mass", "count"])
    assert ledger["schema"]["default"] == "mass"
