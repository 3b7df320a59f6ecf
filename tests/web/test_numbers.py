"""Numbers and days that no page can count with are refused in words, or taken for none."""

import pytest

from tests.web.addresses import PERSONS, VALUES, pages

HOSTILE = (
    "9" * 5_000, "9" * 16, "-1", "1e999", "1_0", "٣", "²",
    "0001-01", "9999-12", "0001-01-01", "9999-12-31", "9999-12-31T23:59",
)  # fmt: skip
"""Too many digits, digits of other scripts, and the ends of the calendar."""


@pytest.fixture
def client(browse, monkeypatch):
    """Give a client that is signed in as a person, or as nobody; without a limit of requests."""
    from ainalym.web import guard

    monkeypatch.setattr(guard.Meter, "over", lambda self, who: False)
    return browse


def test_no_parameter_that_a_page_reads_breaks_it(client):
    """Pages tell by what they read which parameters they have; each of them is tried."""
    tried = set()
    places = VALUES | {"site": ("pt-003", "st-07", "pl-02"), "place": ("pt-003",)}
    for name in PERSONS:
        person = client(name)
        for address in pages(places):
            asked = person.get(f"{address}?nobody=1")
            asked.close()
            for parameter in sorted(asked.wsgi_request.GET.read):
                for value in HOSTILE:
                    answer = person.get(address, {parameter: value})
                    answer.close()
                    assert answer.status_code < 500, (name, address, parameter, value[:20])
                    tried.add((address.split("?")[0], parameter))
    assert {one for _, one in tried} >= {"before", "known", "month", "on", "page", "person", "q"}
    assert len(tried) > 30


@pytest.mark.parametrize("value", HOSTILE)
def test_no_number_or_day_of_a_form_breaks_it(client, value):
    from ainalym.web.people.models import Duty, Person, Token

    department, person = client("department"), Person.objects.get(name="keeper-3")
    count = Duty.objects.count()
    answer = department.post(f"/office/people/{person.pk}", {"what": "take", "duty": value})
    assert (answer.status_code < 500, Duty.objects.count()) == (True, count)
    answer = department.post("/people/tokens", {"name": "of a till", "days": value})
    assert answer.status_code < 500
    assert "A token lives from 1 to 365 days." in answer.content.decode()
    assert not Token.objects.exists()
    usual = {
        "scale": "pt-003-new",
        "site": "pt-003",
        "until": "2030-01-01",
        "most": "5",
        "step": "5",
    }
    for name in ("until", "most", "step"):
        answer = department.post("/office/scales", usual | {name: value})
        assert answer.status_code in (302, 422), name


@pytest.mark.parametrize("days", ["000000001" + "9" * 5_000, "0000000019999999999999999", "366"])
def test_a_token_lives_as_long_as_all_digits_of_its_days_say(client, days):
    from ainalym.web.people.models import Token

    answer = client("department").post("/people/tokens", {"name": "of a till", "days": days})
    assert "A token lives from 1 to 365 days." in answer.content.decode()
    assert not Token.objects.exists()
