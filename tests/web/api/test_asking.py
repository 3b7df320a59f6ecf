"""Programs ask: they see what their person sees, and nothing else."""

import io
import json
import zipfile

import pytest

from ainalym.model.entry import new_id, now_ms
from tests.web.api.told import PAID, deeds, ticket


def bought(program, count=3):
    for k in range(count):
        told = deeds(ticket(event_ms=now_ms() - 60_000 + k))
        assert program("keeper-3").post("/deeds", told).status_code == 201


def test_without_a_token_nothing_is_told(browse):
    anybody = browse()
    for address in ("/stock", "/entries", "/lots/1", "/periods", "/epcis/events", "/sites"):
        refused = anybody.get(f"/api/v1{address}")
        assert refused.status_code == 401
        assert refused["Content-Type"] == "application/problem+json"
        assert refused["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("secret", ["", "x", "ainalym_" + "A" * 43, "\u00e9", "a b"])
def test_forged_tokens_let_nobody_in(browse, secret):
    said = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    assert browse().get("/api/v1/periods", **said).status_code == 401


def test_a_token_ends_when_it_is_ended_or_its_time_is_up_or_its_person_leaves(
    program, browse, monkeypatch
):
    from ainalym.web.people import tokens
    from ainalym.web.people.models import Person, Token

    keeper = program("keeper-3")
    assert keeper.get("/periods").status_code == 200
    page = browse("keeper-3")
    other = browse("keeper-5")
    held = Token.objects.get(person__name="keeper-3")
    assert other.post(f"/people/tokens/{held.pk}/end").status_code == 404
    assert keeper.get("/periods").status_code == 200
    assert page.post(f"/people/tokens/{held.pk}/end").status_code == 302
    assert keeper.get("/periods").status_code == 401
    late = program("keeper-3")
    with monkeypatch.context() as later:
        later.setattr(tokens, "now_ms", lambda: now_ms() + 25 * 3_600_000)
        assert late.get("/periods").status_code == 401
    assert late.get("/periods").status_code == 200
    Person.objects.filter(name="keeper-3").update(is_active=False)
    assert late.get("/periods").status_code == 401


def test_tokens_are_made_on_a_page_and_shown_once(browse):
    page = browse("keeper-3")
    made = page.post("/people/tokens", {"name": "weighbridge", "days": "30"})
    secret = made.content.decode().partition('<code class="long">')[2].partition("<")[0]
    assert secret.startswith("ainalym_")
    assert secret not in page.get("/people/tokens").content.decode()
    said = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    assert browse().get("/api/v1/stock", **said).json()["site"] == "pt-003"
    for told in (
        {"name": "", "days": "30"},
        {"name": "x", "days": "0"},
        {"name": "x", "days": "é"},
    ):
        assert page.post("/people/tokens", told).status_code == 422


def test_who_is_signed_in_may_read_but_not_tell_by_cookie(browse):
    page = browse("keeper-3", strict=True)
    assert page.get("/api/v1/stock").json() == {
        "site": "pt-003",
        "stock_g": {},
        "stock_pieces": {},
        "overtaken": [],
    }
    told = json.dumps(deeds(ticket()))
    refused = page.post("/api/v1/deeds", told, content_type="application/json")
    assert refused.status_code in (401, 403)
    assert page.get("/api/v1/stock").json()["stock_g"] == {}


def test_nobody_sees_another_s_site(program):
    bought(program)
    mine = program("keeper-3").get("/entries?kind=ticket").json()["entries"]
    other, leader = program("keeper-5"), program("leader-7")
    for one in (other, leader):
        for address in ("/stock", "/entries", "/lots", "/prices", "/form?from_ms=1&to_ms=2"):
            joint = "&" if "?" in address else "?"
            assert one.get(f"{address}{joint}site=pt-003").status_code == 404
        assert one.get(f"/entries/{mine[0]['id']}").status_code == 404
        assert one.get(f"/epcis/events/urn:uuid:{mine[0]['id']}").status_code == 404
        assert one.get("/lots/1").status_code == 404
        assert one.get("/lots/1/claim").status_code == 404
        seen = one.get("/sites").json()
        assert "pt-003" not in {site["id"] for site in seen}
    assert program("auditor").get("/lots/1").json()["made_g"] == 12_000


def test_pages_of_entries_follow_each_other(program):
    bought(program, 5)
    keeper, seen, after = program("keeper-3"), [], 0
    while after is not None:
        page = keeper.get(f"/entries?kind=ticket&most=2&after={after}").json()
        seen += [one["id"] for one in page["entries"]]
        after = page["next"]
    assert len(seen) == len(set(seen)) == 5
    lots, after = [], 0
    while after is not None:
        page = keeper.get(f"/lots?most=2&after={after}").json()
        lots += page["lots"]
        after = page["next"]
    assert sum(lot["left_g"] for lot in lots) == 60_000


def test_an_auditor_traces_verifies_and_takes_everything_away(program):
    bought(program)
    auditor = program("auditor")
    way = auditor.get("/lots/1/trace").json()
    assert way["ends_g"] == {"1": 12_000}
    assert auditor.get("/lots/1/follow").json()["ends_g"] == {"1": 12_000}
    assert auditor.get("/lots/1/claim").json()["share"] == 1.0
    verdict = auditor.get("/verify").json()
    assert verdict["whole"] and not verdict["faults"]
    journal = b"".join(auditor.get("/export/journal").streaming_content).decode()
    assert journal.count("mass:stock:pt-003:plastic  12000 g") == 3
    packed = b"".join(auditor.get("/export/tables.zip").streaming_content)
    with zipfile.ZipFile(io.BytesIO(packed)) as tables:
        assert tables.testzip() is None
        postings = tables.read("postings.csv").decode().splitlines()
    assert len(postings) > 12
    form = auditor.get(f"/form?from_ms=0&to_ms={now_ms() + 1}").json()
    assert {(line["site"], line["received_g"]) for line in form} == {("pt-003", 36_000)}
    for address in ("/verify", "/export/journal", "/export/tables.zip", "/lots/1/trace"):
        assert program("keeper-3").get(address).status_code == 403


def test_a_sealed_entry_is_proved(program):
    import hashlib
    from base64 import b64decode

    bought(program)
    closed = {"kind": "close", "id": new_id(), "site": "*", "event_ms": now_ms()}
    closed |= {"from_ms": now_ms() - 86_400_000, "to_ms": now_ms() - 1}
    assert program("department").post("/deeds", deeds(closed)).status_code == 201
    keeper = program("keeper-3")
    entry = keeper.get("/entries?kind=ticket").json()["entries"][0]
    proof = keeper.get(f"/proofs/{entry['id']}").json()[0]
    at = hashlib.sha256(b"\0" + hashlib.sha256(b64decode(proof["entry"]["octets"])).digest())
    level = at.digest()
    for step in proof["branch"]:
        other = bytes.fromhex(step["hash"])
        pair = other + level if step["side"] == "left" else level + other
        level = hashlib.sha256(b"\1" + pair).digest()
    assert level.hex() == keeper.get("/periods").json()[0]["root"]
    late = deeds(ticket(event_ms=now_ms() - 30_000))
    refused = keeper.post("/deeds", late)
    assert refused.status_code == 409
    assert "closed" in json.loads(refused.content)["detail"]


def test_prices_and_materials_are_those_of_the_counter(program):
    prices = program("keeper-3").get("/prices").json()
    assert prices["paid_minor_per_kg"]["plastic"] == PAID
    known = {one["id"] for one in program("keeper-3").get("/materials").json()}
    assert prices["paid_minor_per_kg"].keys() <= known


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/deeds", 405),
        ("DELETE", "/entries", 405),
        ("GET", "/nothing", 404),
        ("GET", "/entries/x", 404),
        ("GET", "/lots/0", 422),
        ("GET", "/lots/999999", 404),
        ("GET", "/lots/x", 422),
        ("GET", "/entries?most=0", 422),
        ("GET", "/entries?most=99999", 422),
        ("GET", "/stock?as_of_ms=x", 422),
        ("GET", "/form?from_ms=2&to_ms=1", 422),
        ("GET", "/form", 422),
    ],
)
def test_errors_are_problem_documents(program, method, address, status):
    refused = program("keeper-3").call(method, address)
    assert refused.status_code == status
    assert refused["Content-Type"] == "application/problem+json"
    problem = json.loads(refused.content)
    assert problem["status"] == status
    assert problem["faults"]
