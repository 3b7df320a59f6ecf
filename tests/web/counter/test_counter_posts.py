"""The counter's door: what is recorded once, and what is refused in words with the right status."""

import re
from datetime import date

import pytest

from ainalym.ledger import balances, entries, entry, post, stock
from ainalym.model.deed import Close, Rule
from ainalym.model.entry import ms, new_id, now_ms
from ainalym.web.book import the_book
from ainalym.web.counter.weights import read_decimal, say_kg, say_money
from ainalym.web.refusals import Refusal
from tests.web.counter.cases import A_DAY_MS, NUMBERS, SITE, Phone, told


@pytest.fixture
def phone(browse):
    """The phone of the keeper of point 12, with its series."""
    one = Phone(browse("keeper-12"))
    assert one.series() == "pt-012-A"
    return one


def till() -> int:
    """What is in the till of point 12."""
    return sum(balances(the_book(), ledger="money", role="cash", site=SITE).values())


def tickets() -> list:
    """The tickets of point 12."""
    return entries(the_book(), site=SITE, kind="ticket")


def test_a_ticket_is_recorded_once_however_often_it_comes(phone):
    before, body = till(), told()
    first, *more = [phone.post("tickets", body) for _ in range(3)]
    assert first.status_code == 201
    assert [answer.status_code for answer in more] == [200, 200]
    assert {answer.json()["id"] for answer in (first, *more)} == {body["id"]}
    assert stock(the_book(), SITE) == {"pet.presorted": 12_000}
    assert till() == before - 60_000
    (one,) = tickets()
    assert (one.actor, one.body["series"], one.body["number"]) == ("keeper-12", "pt-012-A", 1)
    assert one.body["scale"] == "pt-012-scale"


def test_a_queue_that_two_phones_hold_is_recorded_once(browse):
    one, other = (Phone(browse("keeper-12"), device=k) for k in (1, 2))
    one.series()
    queue = [told(number=k, event_ms=now_ms() - 1000 * k) for k in range(1, 8)]
    answers = [phone.post("tickets", body) for body in queue for phone in (one, other)]
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201] * 7
    assert len(tickets()) == 7


def test_the_same_name_for_another_ticket_is_a_conflict(phone):
    body = told()
    phone.post("tickets", body)
    answer = phone.post("tickets", body | {"gross_g": 13_400, "paid_minor": 65_000})
    assert answer.status_code == 409
    assert "Weigh again" in answer.json()["detail"]
    assert stock(the_book(), SITE) == {"pet.presorted": 12_000}


def test_a_ticket_that_is_recorded_stays_recorded_when_its_day_is_closed(phone):
    at_ms = now_ms() - 2 * A_DAY_MS
    body = told(event_ms=at_ms, price_list="")
    phone.client.get("/")
    _list_from(at_ms - A_DAY_MS)
    assert phone.post("tickets", body).status_code == 201
    _close(at_ms)
    assert phone.post("tickets", body).status_code == 200


def _list_from(at_ms: int) -> None:
    """Let the demo's prices and scales hold from an earlier moment on."""
    from ainalym.web.programme.models import PriceList

    PriceList.objects.update(from_ms=at_ms)


def _close(at_ms: int) -> None:
    day_ms = at_ms // A_DAY_MS * A_DAY_MS
    close = Close(
        id=new_id(), site=SITE, event_ms=now_ms(), from_ms=day_ms, to_ms=day_ms + A_DAY_MS
    )
    post(the_book(), [close])


REFUSED = {
    "tare above gross": ({"tare_g": 12_400}, 422, "empty vessel weighs 12.4 kg"),
    "nothing left": ({"deduction_g": 12_000}, 422, "leaves nothing"),
    "below zero": ({"gross_g": -5}, 422, "below zero"),
    "grams taken for kilograms": (
        {"gross_g": 12_400_000, "tare_g": 0, "paid_minor": 62_000_000},
        422,
        "12,400 kg is more than scale pt-012-scale can weigh",
    ),
    "an unusual weight": (
        {"gross_g": 150_000, "tare_g": 0, "paid_minor": 750_000},
        422,
        "Is it really 150 kg?",
    ),
    "kilograms taken for tonnes": (
        {"gross_g": 15, "tare_g": 3, "paid_minor": 60},
        422,
        "Is it really 0.012 kg?",
    ),
    "a part of a gram": ({"gross_g": 12_400.5}, 422, "whole grams"),
    "a number in words": ({"gross_g": "12400"}, 422, "whole grams"),
    "a truth for a number": ({"gross_g": True}, 422, "whole grams"),
    "a negative price": (
        {"price_minor_per_kg": -5_000, "paid_minor": -60_000},
        422,
        "cannot be below zero",
    ),
    "another price without a reason": (
        {"price_minor_per_kg": 6_000, "paid_minor": 72_000},
        422,
        "The list says 50\u00a0₸ for a kilogram, not 60\u00a0₸",
    ),
    "a reason that is none": (
        {"price_minor_per_kg": 6_000, "paid_minor": 72_000, "reason": "other: "},
        422,
        "Say why",
    ),
    "paid otherwise": ({"paid_minor": 70_000}, 422, "is 600\u00a0₸, but 700\u00a0₸ was paid"),
    "a clock ahead": ({"event_ms": now_ms() + A_DAY_MS}, 422, "minutes ahead"),
    "a clock that was reset": ({"event_ms": 1_000_000}, 422, "01/01/1970"),
    "a material nobody buys": ({"material": "residue"}, 422, "does not buy “residue”"),
    "another site's scale": ({"scale": "pt-003-scale"}, 422, "scale does not belong"),
    "another site's series": ({"series": "pt-003-A"}, 422, "series does not belong"),
    "a name without consent": ({"seller": "Somebody"}, 422, "only if the seller agrees"),
    "a container's waste": ({"source": "container"}, 422, "people and from businesses"),
    "another keeper": ({"keeper": "keeper-5"}, 403, "weighed by keeper-5"),
    "no name": ({"id": "1"}, 422, "no valid name"),
    "an old kind of name": ({"id": "9b2fba1e-4f3a-4a5e-9d6d-0a1b2c3d4e5f"}, 422, "no valid name"),
    "no number": ({"number": 0}, 422, "whole grams"),
    "text nobody can type": ({"seller": "a\x00b", "consent": True}, 422, "“seller” is no text"),
    "half a character": ({"reason": "\ud800"}, 422, "“reason” is no text"),
    "too long": ({"reason": "x" * 201}, 422, "“reason” is no text"),
    "a list for a text": ({"material": ["paper"]}, 422, "“material” is no text"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_in_words(phone, case):
    changes, status, said = REFUSED[case]
    before = till()
    answer = phone.pay(**changes)
    assert answer.status_code == status, answer.content.decode()
    problem = answer.json()
    assert said in problem["detail"]
    assert problem["status"] == status
    assert answer["Content-Type"] == "application/problem+json"
    assert (tickets(), till()) == ([], before)


def test_all_faults_are_told_at_once(phone):
    answer = phone.pay(tare_g=13_000, price_minor_per_kg=6_000, scale="none")
    assert len(answer.json()["faults"]) == 3


@pytest.mark.parametrize(
    ("language", "said"), [("ru", "Тара весит 12,4 кг"), ("kk", "Бос ыдыс 12,4 кг")]
)
def test_refusals_speak_the_keepers_language(browse, language, said):
    phone = Phone(browse("keeper-12", language=language))
    phone.series()
    assert said in phone.pay(tare_g=12_400).json()["detail"]


def test_an_unusual_weight_is_taken_when_confirmed(phone):
    answer = phone.pay(gross_g=150_000, tare_g=0, paid_minor=750_000, sure=True)
    assert answer.status_code == 201


def test_another_price_is_taken_with_a_reason(phone):
    changes = {"price_minor_per_kg": 6_000, "paid_minor": 72_000}
    assert phone.pay(reason="bulk", **changes).status_code == 201
    assert phone.pay(number=2, reason="other: a regular", **changes).status_code == 201
    assert [one.body["reason"] for one in tickets()] == ["bulk", "other: a regular"]


def test_a_scale_whose_verification_has_ended_weighs_no_more(phone):
    ended = now_ms() - A_DAY_MS
    rule = Rule(
        id=new_id(),
        site="*",
        event_ms=now_ms(),
        about="scale",
        name="pt-012-scale",
        terms={"verified_until_ms": ended},
    )
    post(the_book(), [rule])
    answer = phone.pay()
    assert answer.status_code == 422
    assert "The verification of scale pt-012-scale ended on" in answer.json()["detail"]


def test_a_closed_day_takes_no_ticket(phone):
    at_ms = now_ms() - 2 * A_DAY_MS
    _list_from(at_ms - A_DAY_MS)
    _close(at_ms)
    answer = phone.pay(event_ms=at_ms)
    assert answer.status_code == 409
    assert "are closed" in answer.json()["detail"]
    assert answer.json()["code"] == "closed"


def test_yesterdays_list_holds_for_phones_without_a_network(phone):
    from ainalym.web.programme.models import Price, PriceList

    at_ms = now_ms() - A_DAY_MS
    PriceList.objects.update(from_ms=at_ms - A_DAY_MS)
    dear = PriceList.objects.create(from_ms=at_ms)
    Price.objects.create(price_list=dear, material_id="pet.presorted", price_minor_per_kg=6_000)
    assert phone.pay(price_list="1").status_code == 201
    assert phone.pay(number=2, price_list=str(dear)).status_code == 422
    old = now_ms() - 30 * A_DAY_MS
    PriceList.objects.filter(pk=dear.pk).update(from_ms=old)
    PriceList.objects.filter(pk=1).update(from_ms=old - A_DAY_MS)
    assert phone.pay(number=3, price_list="1").status_code == 422


def test_a_slip_number_is_used_once_and_the_phone_is_told_to_number_anew(phone):
    phone.pay()
    answer = phone.pay()
    assert answer.status_code == 409
    assert answer.json()["code"] == "number"
    assert len(tickets()) == 1


def test_each_phone_and_keeper_has_a_series_of_its_own(browse):
    one, other = (Phone(browse("keeper-12"), device=k) for k in (1, 2))
    assert [one.series(), other.series(), one.series()] == ["pt-012-A", "pt-012-B", "pt-012-A"]
    assert one.post("series", {"device": "x"}).status_code == 422


def test_a_sellers_name_is_kept_with_consent_and_outside_the_book(phone):
    from ainalym.web.counter.models import Seller

    answer = phone.pay(seller="A neighbour", consent=True)
    assert Seller.objects.get(ticket=answer.json()["id"]).name == "A neighbour"
    (one,) = tickets()
    assert one.body["consent"] is True
    assert "neighbour" not in str(one)
    page = phone.client.get(f"/counter/{SITE}/slips/{one.id}").content.decode()
    assert "A neighbour" in page
    Seller.objects.all().delete()
    assert "A neighbour" not in phone.client.get(f"/counter/{SITE}/slips/{one.id}").content.decode()


@pytest.mark.parametrize("path", ["", "day", "pickup", "state", "slips/{id}"])
def test_another_sites_data_is_not_there(phone, browse, path):
    name = phone.pay().json()["id"]
    path = path.format(id=name)
    own = phone.client.get(f"/counter/{SITE}/{path}")
    assert own.status_code == 200
    for stranger, site in (("keeper-5", SITE), ("leader-8", SITE), ("keeper-5", "pt-005")):
        answer = browse(stranger).get(f"/counter/{site}/{path}")
        mine = (stranger, site) == ("keeper-5", "pt-005")
        assert answer.status_code == (200 if mine and "slips" not in path else 404)
        assert "pt-012-A-1" not in answer.content.decode()


def test_another_sites_counter_takes_no_ticket(browse):
    stranger = Phone(browse("keeper-5"))
    for path, body in (("tickets", told()), ("series", {"device": "1" * 32}), ("pickups", {})):
        assert stranger.post(path, body).status_code == 404
    assert tickets() == []


def test_who_is_not_signed_in_records_nothing(browse):
    answer = Phone(browse()).pay()
    assert answer.status_code == 401
    assert "What waits on this phone is kept." in answer.json()["detail"]
    assert tickets() == []


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-CSRFToken": "x" * 32}, {"X-CSRFToken": "A" * 64}, {"Origin": "https://evil.example"}],
    ids=["no token", "a forged one", "another's", "another site"],
)
def test_forged_tokens_and_posts_from_other_sites_are_refused(browse, headers):
    client = browse("keeper-12", strict=True)
    client.get(f"/counter/{SITE}/")
    if "Origin" in headers:
        headers = headers | {"X-CSRFToken": client.cookies["csrftoken"].value}
    answer = Phone(client).post("tickets", told(), **headers)
    assert answer.status_code == 403
    assert "did not come from a page of ours" in answer.json()["detail"]
    assert tickets() == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"null", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[" * 16_000, 400),
        (b'{"a": ' + b"9" * 5_000 + b"}", 400),
        (b" " * 20_000, 413),
        (b"x" * (1 << 21), 413),
    ],
    ids=["empty", "list", "null", "broken", "no text", "deep", "endless", "long", "huge"],
)
def test_what_is_no_ticket_is_refused(phone, body, status):
    answer = phone.client.post(
        f"/counter/{SITE}/tickets",
        body,
        content_type="application/json",
        headers={"accept": "application/json"},
    )
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"


def test_a_huge_form_is_refused(browse):
    answer = browse("keeper-12").post(f"/counter/{SITE}/tickets", {"gross": "1" * (1 << 21)})
    assert answer.status_code == 413
    assert "too large" in answer.content.decode()


@pytest.mark.parametrize(("text", "places", "value"), NUMBERS)
def test_numbers_are_read_as_keepers_type_them(demo, text, places, value):
    if value is None:
        with pytest.raises(Refusal):
            read_decimal(text, places, "Weight")
    else:
        assert read_decimal(text, places, "Weight") == value


def test_weights_and_money_are_said_by_the_language(demo):
    from django.utils.translation import override

    said = {}
    for language in ("en", "ru", "kk"):
        with override(language):
            said[language] = (say_kg(1_234_500), say_kg(7), say_money(123_456_700), say_money(-50))
    assert said["en"] == ("1,234.5", "0.007", "1,234,567\u00a0₸", "-0.50\u00a0₸")
    assert said["ru"] == ("1\u00a0234,5", "0,007", "1\u00a0234\u00a0567\u00a0₸", "-0,50\u00a0₸")
    assert said["kk"] == said["ru"]


def test_the_bare_form_works_without_scripts(browse):
    client = browse("keeper-12")
    page = client.get(f"/counter/{SITE}/").content.decode()
    name = re.search(r'name="id" value="([^"]+)"', page)[1]
    form = {"id": name, "material": "paper", "gross": "7,5", "tare": "0,5", "scale": "pt-012-scale"}
    wrong = client.post(f"/counter/{SITE}/tickets", form | {"gross": "7,5,5"})
    assert wrong.status_code == 422
    assert "“7,5,5” is not a number" in wrong.content.decode()
    for _ in range(2):
        answer = client.post(f"/counter/{SITE}/tickets", form)
        assert answer["Location"] == f"/counter/{SITE}/slips/{name}"
    again = client.post(f"/counter/{SITE}/tickets", form | {"id": new_id(), "gross": "0,5"})
    assert again.status_code == 422
    client.post(f"/counter/{SITE}/tickets", form | {"id": new_id()})
    numbers = [one.body["number"] for one in tickets()]
    assert numbers == [1, 2], "a refused form takes no number"
    assert tickets()[0].body["paid_minor"] == 7_000
    slip = client.get(f"/counter/{SITE}/slips/{name}").content.decode()
    assert "pt-012-keeper-12-1" in slip
    assert "70\u00a0₸" in slip


def test_a_ticket_is_taken_back_once_and_with_a_reason(phone):
    name = phone.pay().json()["id"]
    back = f"/counter/{SITE}/slips/{name}/take-back"
    assert phone.client.post(back, {"id": new_id()}).status_code == 422
    form = {"id": new_id(), "reason": "wrong material"}
    for _ in range(2):
        assert phone.client.post(back, form).status_code == 302
    assert stock(the_book(), SITE) == {}
    assert entry(the_book(), name).reversed_by
    answer = phone.client.post(back, {"id": new_id(), "reason": "again"})
    assert answer.status_code == 409
    assert "taken back already" in answer.content.decode()


def test_a_day_tells_what_was_bought_and_what_is_in_the_till(phone):
    phone.pay()
    phone.pay(number=2, gross_g=8_400, paid_minor=40_000)
    phone.pay(number=4, material="metal", price_minor_per_kg=5_000)
    back = phone.pay(number=5).json()["id"]
    phone.client.post(
        f"/counter/{SITE}/slips/{back}/take-back", {"id": new_id(), "reason": "mistake"}
    )
    page = phone.client.get(f"/counter/{SITE}/day").content.decode()
    flat = re.sub(r"<[^>]+>|\s+", " ", page)
    flat = re.sub(r"\s+", " ", flat)
    assert "PET bottles 20 1,000 ₸" in flat
    assert "Metal, unsorted 12 600 ₸" in flat
    assert "Should be in the till 198,400 ₸" in flat
    assert "Not in the book yet: pt-012-A-3" in flat
    other = phone.client.get(f"/counter/{SITE}/day?on=2025-01-01").content.decode()
    assert "Nothing yet" in other
    assert phone.client.get(f"/counter/{SITE}/day?on=never").status_code == 400


def test_a_day_ends_at_midnight_here(demo):
    from datetime import UTC, datetime

    from ainalym.web.counter.day import bounds

    from_ms, to_ms = bounds(date(2026, 11, 23))
    assert from_ms == ms(datetime(2026, 11, 22, 19, tzinfo=UTC))
    assert to_ms - from_ms == A_DAY_MS


def test_a_pickup_is_asked_for_once(phone):
    from ainalym.web.programme.models import Pickup

    phone.pay()
    asked = {"id": new_id(), "note": "after six"}
    assert phone.post("pickups", asked).status_code == 201
    assert phone.post("pickups", asked).status_code == 200
    (one,) = Pickup.objects.all()
    assert (one.site_id, one.asked_by, one.note) == (SITE, "keeper-12", "after six")
    assert one.loads == {"pet.presorted": 12_000}
    assert "after six" in phone.client.get(f"/counter/{SITE}/pickup").content.decode()


def test_a_pickup_of_another_site_is_not_told(phone, browse):
    asked = {"id": new_id(), "note": "secret"}
    phone.post("pickups", asked)
    answer = Phone(browse("keeper-5"), "pt-005").post("pickups", asked)
    assert answer.status_code == 409
    assert "secret" not in answer.content.decode()


def test_money_is_brought_to_the_till_and_handed_in_once(phone):
    before = till()
    address = f"/counter/{SITE}/till"
    brought = {"id": new_id(), "way": "in", "amount": "1 500,50", "reason": "float"}
    for _ in range(2):
        assert phone.client.post(address, brought).status_code == 302
    assert till() == before + 150_050
    handed = {"id": new_id(), "way": "out", "amount": "500"}
    assert phone.client.post(address, handed).status_code == 302
    assert till() == before + 100_050
    page = phone.client.get(f"/counter/{SITE}/day").content.decode()
    assert "Handed in" in page
    for changes, status in (({"amount": "0"}, 422), ({"amount": "-5"}, 422), ({"way": "up"}, 400)):
        assert phone.client.post(address, handed | {"id": new_id()} | changes).status_code == status
    assert phone.client.post(address, handed | {"amount": "700"}).status_code == 409
    assert till() == before + 100_050
