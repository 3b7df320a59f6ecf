"""The plant: offers, deliveries weighed once, taken or refused by grade, and the certificate."""

import pytest

from ainalym.ledger import balances, entries, lot, lots, stock, verify
from ainalym.model.deed import Close, Rule
from ainalym.model.entry import new_id, now_ms
from ainalym.web.book import the_book
from tests.web.loads import BUYER, PLANT, STATION, faults, field, to_plant, told

BASE = f"/plant/{PLANT}/"
SCALE = f"{PLANT}-scale"
CLEAN, MIXED = "paper__clean", "cardboard__clean"


@pytest.fixture
def buyer(browse):
    """The buyer of the paper mill, in English."""
    return browse(BUYER)


def take(client, load, **fields: object):
    """Send the form of a delivery; `gross`, `tare`, `take`, `grade` by the place of the lot."""
    sent = {"id": new_id(), "scale": SCALE}
    for name, value in fields.items():
        kind, place = name.rstrip("0123456789"), name.lstrip("abcdefghijklmnopqrstuvwxyz_")
        sent[f"{kind}-{load.lots[int(place)]}" if place else kind] = value
    return client.post(f"{BASE}deliveries/{load.id}", sent)


def arrivals():
    return entries(the_book(), site=PLANT, kind="arrival")


def test_a_delivery_is_taken_once_paid_and_certified(buyer):
    load = to_plant(**{CLEAN: 800_000})
    name = new_id()
    ways = {"id": name, "gross0": "15799,5", "tare0": "15000", "take0": "yes"}
    answers = [take(buyer, load, **ways) for _ in range(2)]
    assert [one.status_code for one in answers] == [302, 302]
    assert {one["Location"] for one in answers} == {f"{BASE}certificates/{name}"}
    assert stock(the_book(), PLANT) == {"paper.clean": 799_500}
    owed = balances(the_book(), ledger="money", role="buyer", site=STATION)
    assert [*owed.values()] == [round(799.5 * 5_080)]
    (came,) = arrivals()
    page = buyer.get(answers[0]["Location"]).content.decode()
    assert came.hash in page and "799.5" in page and "100" in page
    assert verify(the_book()).whole


def test_each_grade_is_taken_lowered_or_sent_back_with_its_reason(buyer):
    load = to_plant(paper__clean=500_000, paper__mixed=300_000, cardboard__clean=200_000)
    answer = take(
        buyer, load,
        gross0="500", gross1="300", gross2="200",
        take0="paper.mixed", grade0="impure", take1="yes", take2="no", grade2="soaked",
    )  # fmt: skip
    assert answer.status_code == 302, faults(answer)
    assert stock(the_book(), PLANT) == {"paper.mixed": 800_000}
    owed = balances(the_book(), ledger="money", role="buyer", site=STATION)
    assert [*owed.values()] == [800 * 2_540]
    (back,) = lots(the_book(), to=STATION)
    assert (back.account.what, back.left_g) == ("cardboard.clean", 200_000)
    page = buyer.get(answer["Location"]).content.decode()
    assert "too wet" in page and "not as clean" in page
    assert "too wet" in buyer.get(BASE).content.decode()
    assert verify(the_book()).whole


def test_what_is_refused_or_lowered_needs_a_reason(buyer):
    load = to_plant(paper__clean=500_000)
    answer = take(buyer, load, gross0="500", take0="no")
    assert answer.status_code == 422
    assert "say why it is not taken" in faults(answer)[0]
    assert field(answer, f"gross-{load.lots[0]}") == "500"
    assert take(buyer, load, gross0="500", take0="paper.mixed").status_code == 422
    assert take(buyer, load, gross0="500").status_code == 422
    assert take(buyer, load, gross0="500", take0="gold").status_code == 422
    assert not arrivals()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"gross0": ""}, "nothing is typed"),
        ({"gross0": "-5"}, "is not a number"),
        ({"gross0": "1,2345"}, "too many decimals"),
        ({"gross0": "500", "tare0": "500"}, "The empty vessel weighs 500 kg"),
        ({"gross0": "490"}, "Weigh again, or give a reason."),
        ({"gross0": "500000"}, "can weigh"),
        ({"gross0": "500", "scale": "st-08-scale"}, "Say which scale of this site was used."),
    ],
)
def test_a_weight_that_cannot_be_is_refused_and_kept(buyer, fields, said):
    load = to_plant(paper__clean=500_000)
    answer = take(buyer, load, take0="yes", **fields)
    assert answer.status_code == 422
    assert any(said in one for one in faults(answer)), faults(answer)
    assert field(answer, f"gross-{load.lots[0]}") == fields["gross0"]
    assert not stock(the_book(), PLANT)


@pytest.mark.parametrize(
    ("language", "said"), [("ru", "отправлено 500 кг"), ("kk", "500 кг жіберілді")]
)
def test_faults_are_said_in_the_user_s_language_with_its_comma(browse, language, said):
    load = to_plant(paper__clean=500_000)
    answer = take(browse(BUYER, language=language), load, gross0="490,5", take0="yes")
    assert answer.status_code == 422
    assert said in faults(answer)[0] and "490,5" in faults(answer)[0]


def test_two_tablets_take_a_delivery_once(buyer, browse):
    load = to_plant(paper__clean=500_000)
    assert take(buyer, load, gross0="500", take0="yes").status_code == 302
    again = take(browse(BUYER), load, gross0="499", take0="yes")
    assert again.status_code == 409
    assert stock(the_book(), PLANT) == {"paper.clean": 500_000}


def test_a_scale_whose_verification_ended_weighs_nothing(buyer):
    load = to_plant(paper__clean=500_000)
    told(Rule, site="*", about="scale", name=SCALE, terms={"verified_until_ms": now_ms() - 1})
    answer = take(buyer, load, gross0="500", take0="yes")
    assert answer.status_code == 422
    assert "The verification of scale paper-mill-scale ended on" in faults(answer)[0]


def test_a_delivery_is_taken_back_whole_with_what_followed(buyer):
    load = to_plant(paper__clean=500_000, cardboard__clean=200_000)
    take(
        buyer, load, gross0="500", gross1="200",
        take0="paper.mixed", grade0="impure", take1="no", grade1="foreign",
    )  # fmt: skip
    (came,) = arrivals()
    where, sent = f"{BASE}certificates/{came.id}/take-back", {"id": new_id(), "reason": ""}
    assert buyer.post(where, sent).status_code == 422
    for _twice in range(2):
        assert buyer.post(where, sent | {"reason": "wrong truck"}).status_code == 302
    assert not stock(the_book(), PLANT)
    assert {one.id for one in lots(the_book(), to=PLANT)} == {*load.lots}
    assert not balances(the_book(), ledger="money", role="buyer", site=STATION)
    assert verify(the_book()).whole


def test_a_delivery_of_a_closed_period_cannot_be_taken_back(buyer):
    load = to_plant(paper__clean=500_000)
    take(buyer, load, gross0="500", take0="yes")
    (came,) = arrivals()
    soon = now_ms() + 60_000
    told(Close, site="*", from_ms=came.event_ms - 86_400_000, to_ms=soon, event_ms=soon)
    where = f"{BASE}certificates/{came.id}/take-back"
    assert buyer.post(where, {"id": new_id(), "reason": "late"}).status_code == 409
    assert stock(the_book(), PLANT) == {"paper.clean": 500_000}


def offer(client, **changed: str):
    """Send the page of offers as it stands, but for what is changed."""
    page = client.get(f"{BASE}offers")
    names = ("paper.clean", "paper.mixed", "cardboard.clean")
    sent = {f"taken-{name}": "on" for name in names}
    for kind in ("price", "limit"):
        sent |= {f"{kind}-{name}": field(page, f"{kind}-{name}") for name in names}
    sent |= {name.replace("__", "."): value for name, value in changed.items()}
    return client.post(f"{BASE}offers", {k: v for k, v in sent.items() if v != "off"})


def offered():
    from ainalym.web.loads.models import offers_at

    found = offers_at(now_ms()).get(PLANT, {})
    return {name: (one.price_minor_per_kg, one.limit_g_per_year) for name, one in found.items()}


def test_an_offer_holds_from_now_on_and_what_is_not_changed_is_not_told_anew(buyer):
    from ainalym.web.loads.models import Offer

    before, count = offered(), Offer.objects.count()
    assert offer(buyer).status_code == 302
    assert Offer.objects.count() == count
    assert offer(buyer, **{"price-paper__clean": "55,5"}).status_code == 302
    assert offered()["paper.clean"] == (5_550, before["paper.clean"][1])
    assert offer(buyer, **{"taken-paper__mixed": "off"}).status_code == 302
    assert "paper.mixed" not in offered()
    load = to_plant(paper__mixed=100_000)
    page = buyer.get(f"{BASE}deliveries/{load.id}").content.decode()
    assert "The plant does not offer for this." in page


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"price-paper__clean": "5080"}, "Is it for a kilogram, in tenge?"),
        ({"price-paper__clean": "-3"}, "is not a number"),
        ({"price-paper__clean": ""}, "nothing is typed"),
        ({"limit-paper__clean": "viele"}, "is not a number"),
        ({"material": "paper.clean", "price-new": "3"}, "not offered yet"),
        ({"material": "gold", "price-new": "3"}, "not offered yet"),
    ],
)
def test_an_offer_that_cannot_be_meant_is_refused(buyer, changed, said):
    before = offered()
    answer = offer(buyer, **changed)
    assert answer.status_code == 422
    assert any(said in one for one in faults(answer)), faults(answer)
    assert offered() == before


def test_another_plant_s_data_is_not_there(browse):
    load = to_plant(paper__clean=500_000)
    one, other = browse(BUYER), browse("buyer-pet")
    take(one, load, gross0="500", take0="yes")
    (came,) = arrivals()
    theirs = "/plant/pet-flakes/"
    for path in (BASE, f"{BASE}offers", f"{BASE}bought", f"{BASE}certificates/{came.id}"):
        assert other.get(path).status_code == 404, path
    for path in (f"deliveries/{load.id}", f"certificates/{came.id}"):
        assert other.get(theirs + path).status_code == 404, path
    answer = other.post(
        f"{theirs}certificates/{came.id}/take-back", {"id": new_id(), "reason": "x"}
    )
    assert answer.status_code == 404
    assert browse("leader-8").get(BASE).status_code == 404
    assert browse().get(BASE).status_code == 302
    assert lot(the_book(), load.lots[0]).left_g == 0


def test_forged_forms_and_forms_without_a_name_are_refused(browse, buyer):
    load = to_plant(paper__clean=500_000)
    strict = browse(BUYER, strict=True)
    assert take(strict, load, gross0="500", take0="yes").status_code == 403
    assert take(buyer, load, gross0="500", take0="yes", id="1").status_code == 400
    assert not arrivals()
