"""Nothing that is asked for is ignored in silence: not at the API, not on any page."""

import re

import pytest

from ainalym.model.entry import now_ms
from tests.web.addresses import PERSONS, VALUES, operations, pages, parameters
from tests.web.api.told import deeds, ticket

NAMES = ("nobody", "Site", "month[]", "utm_source")
ONE = "pt-003"


@pytest.fixture
def client(browse, monkeypatch):
    """Give a client that is signed in as a person, or as nobody; without a limit of requests."""
    from ainalym.web import guard

    monkeypatch.setattr(guard.Meter, "over", lambda self, who: False)
    return browse


def test_no_page_ignores_what_it_does_not_know(client):
    shown = set()
    places = VALUES | {"site": ("pt-003", "st-07", "pl-02"), "place": ("pt-003",)}
    for name in PERSONS:
        person = client(name)
        for address in pages(places):
            plain = person.get(address)
            plain.close()
            if plain.status_code != 200:
                continue
            shown.add(address)
            for query in ("nobody=1", "nobody"):
                answer = person.get(f"{address}?{query}")
                assert answer.status_code == 400, (name, address)
                assert "“nobody” is not known here" in answer.content.decode()
    assert len(shown) > 25


def test_pages_know_what_they_hand_on(client):
    """Links and forms of pages are followed, one step deep: none of them leads to a refusal."""
    followed = set()
    places = VALUES | {"site": ("pt-003", "st-07"), "place": ("pt-003",)}
    for name in PERSONS[1:]:
        person = client(name)
        for address in pages(places):
            answer = person.get(address)
            if answer.status_code != 200 or answer.streaming:
                answer.close()
                continue
            for link in re.findall(r'href="([^"#]*\?[^"#]+)"', answer.content.decode()):
                aim = link.replace("&amp;", "&")
                aim = address + aim if aim.startswith("?") else aim
                if aim not in followed:
                    followed.add(aim)
                    assert person.get(aim).status_code < 400, aim
    assert len(followed) > 5


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("department", "/department/?month=2026-11&site=pt-003&fraction=plastic"),
        ("department", "/department/map?month=2026-11&fraction=plastic"),
        ("department", "/department/form?month=2026-11&site="),
        ("department", "/department/form.csv?month=2026-11&site=pt-003"),
        ("department", "/department/closing?month=2026-11"),
        ("department", "/office/prices?site=pt-003"),
        ("department", "/office/trail?before=3"),
        ("auditor", "/audit/?hash=&site=pt-003&before=4"),
        ("auditor", "/audit/lots?q=&site=pt-003"),
        ("auditor", "/audit/weighings?month=2026-11"),
        ("auditor", "/audit/entries?site=&kind=ticket&who=&from=&to=&known=&before=9"),
        ("keeper-3", "/counter/pt-003/day?on=2026-11-01"),
        ("", "/people/sign-in?next=/people/password"),
    ],
)
def test_parameters_that_are_held_are_taken_once(client, name, address):
    person = client(name)
    assert person.get(address).status_code == 200
    page, _mark, query = address.partition("?")
    for part in query.split("&"):
        twice = person.get(f"{page}?{part}&{part}")
        assert twice.status_code in (400, 404, 422), part
        if twice.status_code == 400:
            assert "stands there twice" in twice.content.decode()


def test_who_has_to_sign_in_first_is_led_there(client):
    answer = client("").get("/audit/lots?q=7")
    assert (answer.status_code, answer["Location"]) == (302, "/people/sign-in?next=/audit/lots")


def test_who_has_to_change_a_password_first_is_led_there(client):
    from ainalym.web.people.models import Person

    Person.objects.filter(name="auditor").update(must_change=True)
    answer = client("auditor").get("/audit/lots?q=7")
    assert (answer.status_code, answer["Location"]) == (302, "/people/password")


def test_a_lot_is_found_by_its_number_whatever_else_the_form_sends(client, program):
    assert program("keeper-3").post("/deeds", deeds(ticket())).status_code == 201
    answer = client("auditor").get("/audit/lots?q=1&site=")
    assert (answer.status_code, answer["Location"]) == (302, "/audit/lots/1")
    assert client("auditor").get("/audit/lots?q=1&nobody=1").status_code == 400


def test_forms_change_nothing_when_something_unknown_is_asked(client):
    from ainalym.web.programme.models import PriceList

    department, count = client("department"), PriceList.objects.count()
    form = {"price-plastic": "31"}
    for name in NAMES:
        assert department.post(f"/office/prices?{name}=1", form).status_code == 400
    assert PriceList.objects.count() == count
    assert department.post("/office/prices?site=pt-003", form).status_code == 302
    assert PriceList.objects.count() == count + 1


@pytest.mark.parametrize("address", ["/office/trail?before=x", "/audit/entries?before=-1",
                                     "/audit/?before=1e3", "/audit/lots?site=no-such"])  # fmt: skip
def test_what_cannot_be_a_value_is_told(client, address):
    name = "department" if "office" in address else "auditor"
    assert client(name).get(address).status_code in (404, 422)


def test_no_address_of_the_api_ignores_what_it_does_not_know(client, program):
    description = client("").get("/api/v1/openapi.json").json()
    told = {name: program(name) for name in ("keeper-3", "auditor")}
    count = 0
    for method, address, about in operations(description):
        usual = address
        for part in parameters(about, "path"):
            usual = usual.replace(f"{{{part}}}", ONE)
        known = parameters(about, "query")
        for name, person in told.items():
            for asked in NAMES:
                answer = person.call(method, f"{usual}?{asked}=1")
                assert answer.status_code == 400, (name, method, usual)
                assert answer["Content-Type"] == "application/problem+json"
                detail = answer.json()["detail"]
                assert asked in detail
                assert all(one in detail for one in known)
                count += 1
        schemas = {one["name"]: one["schema"] for one in about.get("parameters", [])}
        for asked in known:
            twice = told["auditor"].call(method, f"{usual}?{asked}=1&{asked}=1")
            if schemas[asked].get("type") != "array":
                assert twice.status_code == 400
                assert asked in twice.json()["detail"]
    assert count > 200
    for address in ("/api/v1/openapi.json?nobody=1", "/api/v1/?nobody=1"):
        assert client("").get(address).status_code in (400, 404)


def test_strict_knows_what_ninja_calls_them(client):
    """`strict` reads three names of django-ninja's own: say so by name where one is gone."""
    from ainalym.web.api.door import api

    models = [
        model
        for _, router in api._routers
        for view in router.path_operations.values()
        for operation in view.operations
        for model in operation.models
    ]
    queries = [one for one in models if getattr(one, "__ninja_param_source__", "") == "query"]
    assert queries, "django-ninja has another name for `__ninja_param_source__`"
    for name in ("__ninja_flatten_map__", "__ninja_collection_fields__"):
        assert all(hasattr(one, name) for one in queries), f"django-ninja has no `{name}` any more"
    known = {name for one in queries for name in one.__ninja_flatten_map__}
    lists = {name for one in queries for name in one.__ninja_collection_fields__}
    assert {"site", "as_of_ms", "perPage", "EQ_bizStep"} <= known
    assert "EQ_bizStep" in lists
    assert "site" not in lists


def test_unknown_parameters_record_nothing(program):
    keeper = program("keeper-3")
    assert keeper.post("/deeds?sur=1", deeds(ticket())).status_code == 400
    refused = keeper.post("/deeds", deeds(ticket()) | {"sur": True})
    assert refused.status_code == 422
    assert "sur" in refused.json()["detail"]
    row = f"moment;material;gross_kg\n{now_ms()};plastic;1\n".encode()
    refused = keeper.post("/sites/pt-003/weighings?dryrun=1", row, "text/csv")
    assert refused.status_code == 400
    assert "dry_run" in refused.json()["detail"]
    assert keeper.get("/stock").json()["stock_g"] == {}
