"""Pages of a large programme stay small, and ask the book as often as those of a small one."""

from collections import Counter

import pytest

from ainalym.ledger import post
from ainalym.ledger.store import Store
from ainalym.web.book import the_book
from tests.ledger.tell import ticket

POINTS = 450
MOST_BYTES = 200_000


@pytest.fixture
def large(browse):
    """The demo with many more points, each of which bought something of each material."""
    from ainalym.model.entry import now_ms
    from ainalym.web.people.models import Duty, Person, Role
    from ainalym.web.programme.models import Material, Planned, Scale, Site

    names = [f"pt-{1_000 + k}" for k in range(POINTS)]
    called = dict.fromkeys(("en", "kk", "ru"), "Пункт приёма вторсырья на улице Фурманова")
    Site.objects.bulk_create(Site(one, "point", called, 76.9, 43.2) for one in names)
    Scale.objects.bulk_create(
        Scale(id=f"{one}-scale", site_id=one, most_g=300_000, step_g=50) for one in names
    )
    materials = [*Material.objects.values_list("id", flat=True)][:4]
    at_ms = now_ms()
    Planned.objects.bulk_create(
        Planned(site_id=one, fraction=what, year=year, mass_g=10**8)
        for one in names
        for what in materials
        for year in (2025, 2026, 2027)
    )
    people = Person.objects.bulk_create(Person(name=f"keeper-of-{one}") for one in names)
    Duty.objects.bulk_create(
        Duty(person=person, role=Role.KEEPER, site_id=one)
        for person, one in zip(people, names, strict=True)
    )
    post(
        the_book(),
        [
            ticket(9_000 + k, one, what, event_ms=at_ms - 1)
            for one in names
            for k, what in enumerate(materials)
        ],
    )
    return names


PAGES = [
    ("department", "/department/"),
    ("department", "/department/map"),
    ("department", "/department/form?month={month}"),
    ("department", "/department/closing?month={month}"),
    ("department", "/office/"),
    ("department", "/office/prices"),
    ("department", "/office/scales"),
    ("auditor", "/audit/"),
    ("auditor", "/audit/lots"),
    ("auditor", "/audit/entries"),
]


def _month():
    from ainalym.web.department.months import this_month

    return this_month()


@pytest.mark.parametrize(("who", "address"), PAGES)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_no_page_grows_with_the_programme(large, browse, who, address, language):
    page = browse(who, language=language).get(address.format(month=_month()))
    assert page.status_code == 200
    assert len(page.content) <= MOST_BYTES


def test_every_site_stands_on_one_page_of_a_table(large, browse):
    from ainalym.web.programme.models import Site

    desk, month = browse("department"), _month()
    for address, mark in (
        (f"/department/form?month={month}", "<td>{}</td>"),
        (f"/department/closing?month={month}", '<th scope="row">{}</th>'),
        (f"/department/?month={month}", ">{}</a></th>"),
    ):
        for one in Site.objects.filter(pk__in=large):
            Site.objects.filter(pk=one.pk).update(names={"en": f"Point {one.pk}"})
        seen = Counter()
        for page in range(1, 20):
            text = desk.get(f"{address}&page={page}").content.decode()
            here = {one for one in large if mark.format(f"Point {one}") in text}
            if page > 1 and here <= seen.keys():
                break
            seen.update(here)
        assert seen == Counter(large)


def test_the_table_to_download_has_every_site(large, browse):
    table = browse("department").get(f"/department/form.csv?month={_month()}")
    lines = table.getvalue().decode("utf-8-sig").splitlines()
    assert table.streaming
    assert Counter(one.split(",")[0] for one in lines[1:]) == dict.fromkeys(large, 4)


def test_closing_asks_the_book_as_often_for_many_sites_as_for_few(large, browse, monkeypatch):
    counted, ask = Counter(), Store.rows
    monkeypatch.setattr(Store, "rows", lambda *a, **k: counted.update("x") or ask(*a, **k))
    desk = browse("department")
    assert desk.get("/department/closing").status_code == 200
    assert counted["x"] <= 10


def test_a_person_is_changed_on_a_page_of_their_own_card(large, browse):
    from ainalym.web.people.models import Person

    desk, person = browse("department"), Person.objects.get(name=f"keeper-of-{large[0]}")
    listed = desk.get("/office/").content.decode()
    assert listed.count('name="role"') == 1
    assert f"person={person.pk}" in "".join(
        desk.get(f"/office/?page={page}").content.decode() for page in range(1, 9)
    )
    shown = "".join(
        desk.get(f"/office/?person={person.pk}&page={page}").content.decode()
        for page in range(1, 6)
    )
    assert f'id="role-{person.pk}"' in shown
