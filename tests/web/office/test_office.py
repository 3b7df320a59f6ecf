"""The office: people and duties, prices, scales, and the trail of it all."""

import re
from datetime import timedelta

import pytest

from ainalym.ledger import rules
from ainalym.model.entry import moment, now_ms
from ainalym.web.book import the_book
from tests.web.counter.cases import Phone

DAYS = timedelta(days=400)


@pytest.fixture
def office(browse):
    """The department, at its desk."""
    return browse("department")


def person(name: str):
    """Somebody by name."""
    from ainalym.web.people.models import Person

    return Person.objects.get(name=name)


@pytest.mark.parametrize("path", ["", "prices", "scales", "trail"])
def test_the_office_is_the_departments_alone(browse, office, path):
    address = f"/office/{path}"
    assert office.get(address).status_code == 200
    for name in ("keeper-12", "leader-8", "buyer-pet"):
        assert browse(name).get(address).status_code == 403
    assert browse().get(address).status_code == 302
    assert browse("auditor").get(address).status_code == (200 if path == "trail" else 403)


def test_an_auditor_is_shown_no_way_that_is_closed_to_them(browse, office):
    rooms = {"/office/", "/office/prices", "/office/scales"}
    page = browse("auditor").get("/office/trail").content.decode()
    shown = {*re.findall(r'href="(/[^"]*)"', page)}
    assert not shown & rooms
    assert "/audit/" in shown
    page = office.get("/office/trail").content.decode()
    assert rooms <= {*re.findall(r'href="(/[^"]*)"', page)}


def test_somebody_is_let_in_with_a_duty_and_a_password_told_once(office, browse):
    form = {"name": "keeper-99", "role": "keeper", "site": "pt-003", "language": "kk"}
    page = office.post("/office/people", form).content.decode()
    password = re.search(r"<code>(\S+)</code>", page)[1]
    assert password not in office.get("/office/").content.decode()
    entry = {"name": "keeper-99", "password": password}
    answer = browse().post("/people/sign-in", entry)
    assert answer["Location"] == "/people/password"
    client = browse("keeper-99")
    assert client.get("/counter/pt-003/")["Location"] == "/people/password"
    machine = client.get("/counter/pt-003/state", headers={"accept": "application/json"})
    assert (machine.status_code, machine.json()["code"]) == (403, "password")
    new = "a long new one 7"
    client.post("/people/password", {"old": password, "new": new, "again": new})
    assert client.get("/counter/pt-003/").status_code == 200
    assert client.get("/counter/pt-005/").status_code == 404


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": "a b", "role": "auditor"}, "A name has 2 to 60"),
        ({"name": "keeper-12", "role": "auditor"}, "Somebody of that name"),
        ({"name": "new", "role": "king"}, "Choose what the person does"),
        ({"name": "new", "role": "keeper", "site": "st-08"}, "Choose a site"),
        ({"name": "new", "role": "leader", "site": ""}, "Choose a site"),
    ],
)
def test_nobody_is_let_in_by_a_faulty_form(office, form, said):
    from ainalym.web.people.models import Person

    before = Person.objects.count()
    answer = office.post("/office/people", form)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert Person.objects.count() == before


def test_a_duty_is_given_and_taken_at_once(office, browse):
    keeper = person("keeper-12")
    address = f"/office/people/{keeper.pk}"
    client = browse("keeper-12")
    office.post(address, {"what": "give", "role": "keeper", "site": "pt-003"})
    assert client.get("/counter/pt-003/").status_code == 200
    duty = keeper.duties.get(site="pt-003")
    office.post(address, {"what": "take", "duty": duty.pk})
    assert client.get("/counter/pt-003/").status_code == 404


def test_who_is_kept_out_is_out_at_once(office, browse):
    client = browse("keeper-12")
    address = f"/office/people/{person('keeper-12').pk}"
    office.post(address, {"what": "out"})
    assert client.get("/counter/pt-012/").status_code == 302
    office.post(address, {"what": "in"})
    assert browse("keeper-12").get("/counter/pt-012/").status_code == 200


def test_a_new_password_ends_the_sessions_of_the_old_one(office, browse):
    client = browse("keeper-12")
    office.post(f"/office/people/{person('keeper-12').pk}", {"what": "password"})
    assert client.get("/counter/pt-012/").status_code == 302


def test_the_department_cannot_lock_itself_out(office):
    address = f"/office/people/{person('department').pk}"
    for what in ("out", "take"):
        assert office.post(address, {"what": what}).status_code == 409
    assert office.post("/office/people/999999", {"what": "out"}).status_code == 404
    assert office.post(address, {"what": "?"}).status_code == 400


def test_new_prices_hold_from_now_on(office, browse):
    phone = Phone(browse("keeper-12"))
    page = office.get("/office/prices").content.decode()
    form = dict(re.findall(r'name="(price-[^"]+)"[^>]*value="([^"]*)"', page))
    assert form["price-pet.presorted"] == "50"
    form["price-pet.presorted"] = "55,50"
    form["price-glass"] = ""
    assert office.post("/office/prices", form).status_code == 302
    prices = phone.client.get("/counter/pt-012/state").json()["prices"]
    assert prices["pet.presorted"] == 5_550
    assert "glass" not in prices
    wrong = form | {"price-paper": "-1", "price-metal": "1,234"}
    answer = office.post("/office/prices", wrong)
    assert answer.status_code == 422
    assert answer.content.decode().count("give a number of 0 or more") == 2
    assert 'value="-1"' in answer.content.decode()
    empty = office.post("/office/prices", {})
    assert "at least one price" in empty.content.decode()


def test_one_point_may_have_a_list_of_its_own(office, browse):
    form = {"site": "pt-012", "price-paper": "12"}
    assert office.post("/office/prices", form).status_code == 302
    assert browse("keeper-12").get("/counter/pt-012/state").json()["prices"] == {"paper": 1_200}
    assert len(browse("keeper-5").get("/counter/pt-005/state").json()["prices"]) > 10
    assert office.post("/office/prices", {"site": "st-08"}).status_code == 404


def test_a_verification_is_a_rule_of_the_book_until_the_end_of_its_day(office):
    until = (moment(now_ms()) + DAYS).date()
    form = {"scale": "pt-012-scale", "until": until.isoformat()}
    assert office.post("/office/scales", form).status_code == 302
    until_ms = rules(the_book(), "scale")["pt-012-scale"]["verified_until_ms"]
    assert moment(until_ms - 1).date() == until
    assert moment(until_ms).hour == 19, "midnight in Almaty is 19:00 UTC"


def test_a_new_scale_weighs_at_its_site(office, browse):
    until = (moment(now_ms()) + DAYS).date().isoformat()
    form = {"scale": "S-17", "until": until, "site": "pt-012", "most": "600", "step": "200"}
    assert office.post("/office/scales", form).status_code == 302
    state = browse("keeper-12").get("/counter/pt-012/state").json()
    assert state["scales"]["S-17"]["most_g"] == 600_000
    faulty = {"scale": "ш 1", "until": "soon", "most": "much", "step": "0,5"}
    said = office.post("/office/scales", faulty).content.decode()
    for sentence in ("until which day", "2 to 60 Latin", "where the scale stands"):
        assert sentence in said
    assert said.count("give a number of 0 or more") == 2


def test_the_trail_tells_what_the_office_did(office):
    office.post("/office/people", {"name": "new-one", "role": "auditor"})
    page = office.get("/office/trail").content.decode()
    assert "let in anew" in page
    assert "new-one: auditor" in page


def test_a_programme_begins_on_a_citys_tables(programme):
    from ainalym.web import begin
    from ainalym.web.people.models import Person
    from ainalym.web.programme.models import Material, PriceList, Site

    for kind in (Person, PriceList, Material, Site):
        kind.objects.all().delete()
    passwords = begin.begin(the_book(), "toy")
    assert [*passwords] == ["department"]
    assert person("department").must_change
    assert Site.objects.filter(kind="point").exists()
    assert Material.objects.exists()
    assert PriceList.objects.get().paid
    assert rules(the_book(), "process")
