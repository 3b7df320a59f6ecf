"""The station: fetched, weighed in, sorted, baled and shipped, each once and to the gram."""

import re

import pytest

from ainalym.ledger import balances, entries, entry, lot, lots, stock
from ainalym.model.deed import Rule
from ainalym.model.entry import new_id, now_ms
from ainalym.web.book import the_book
from tests.web.loads import (
    LEADER,
    PLANT,
    POINT,
    STATION,
    at_station,
    bought,
    faults,
    field,
    told,
    under_way,
)

BASE = f"/station/{STATION}/"
SCALE = f"{STATION}-scale"
SORTED = {"out-cardboard.clean": ["352", "352"], "out-cardboard.dirty": "176", "out-residue": "120"}


@pytest.fixture
def leader(browse):
    """The shift leader of station 8, in English."""
    return browse(LEADER)


def weigh(client, load, **fields: object):
    """Send the weigh-in form of a load; a field of `gross` and `tare` for each lot in order."""
    sent = {"id": new_id(), "scale": SCALE} | {k: v for k, v in fields.items() if k[:5] != "gross"}
    for k, number in enumerate(load.lots):
        sent |= {f"gross-{number}": fields.get(f"gross{k}", "")}
        if f"tare{k}" in fields:
            sent |= {f"tare-{number}": sent.pop(f"tare{k}")}
    return client.post(f"{BASE}loads/{load.id}", sent)


def run(client, **fields: object):
    """Send a run of the fibre line: a tonne of cardboard, by the recipe."""
    sent = {"id": new_id(), "scale": SCALE, "process": "fibre-line", "kg-cardboard": "1000"}
    return client.post(f"{BASE}sort", sent | SORTED | fields)


def test_every_page_opens_when_the_station_is_empty(leader):
    for page in ("", "sort", "sort?process=fibre-line", "stock", "send", "done"):
        assert leader.get(BASE + page).status_code == 200, page


def asked_for():
    """A pick-up that point 12 asks for."""
    from ainalym.web.programme.models import Pickup

    bought("pet.presorted", 40_000)
    return Pickup.objects.create(
        id=new_id(), site_id=POINT, asked_ms=now_ms(), asked_by="keeper-12", loads={}, note="до 15"
    )


def test_a_pick_up_is_answered_loaded_and_then_expected(leader):
    pickup = asked_for()
    where = f"{BASE}pickups/{pickup.id}"
    assert "до 15" in leader.get(BASE).content.decode()
    answer = leader.post(where, {"answer": "yes", "plate": "123 ABC 02", "words": "at noon"})
    assert answer.status_code == 302
    pickup.refresh_from_db()
    assert (pickup.answer, pickup.answered_by) == ("123 ABC 02, at noon", LEADER)
    page = leader.get(f"{where}/loaded")
    assert field(page, "kg-pet.presorted") == "40"
    for _twice in range(2):
        answer = leader.post(f"{where}/loaded", {"kg-pet.presorted": "39,5"})
        assert answer.status_code == 302
    (sent,) = entries(the_book(), site=POINT, kind="dispatch")
    assert (sent.id, sent.actor, sent.body["vehicle"]) == (str(pickup.id), LEADER, "123 ABC 02")
    assert stock(the_book(), POINT) == {"pet.presorted": 500}
    assert f"loads/{pickup.id}" in leader.get(BASE).content.decode()


def test_a_pick_up_is_declined_only_with_a_word_and_answered_only_once(leader):
    pickup = asked_for()
    where = f"{BASE}pickups/{pickup.id}"
    answer = leader.post(where, {"answer": "no"})
    assert answer.status_code == 422
    assert faults(answer) == ["Tell the point why, and when it may ask again."]
    answer = leader.post(where, {"answer": "yes", "words": "soon"})
    assert (answer.status_code, field(answer, "words")) == (422, "soon")
    assert leader.post(where, {"answer": "no", "words": "Monday"}).status_code == 302
    assert leader.post(where, {"answer": "no", "words": "Monday"}).status_code == 302
    assert leader.post(where, {"answer": "yes", "plate": "1"}).status_code == 409
    assert leader.get(f"{where}/loaded").status_code == 409


def test_more_than_lies_at_the_point_cannot_be_loaded(leader):
    pickup = asked_for()
    where = f"{BASE}pickups/{pickup.id}"
    leader.post(where, {"answer": "yes", "plate": "1"})
    answer = leader.post(f"{where}/loaded", {"kg-pet.presorted": "40000"})
    assert answer.status_code == 422
    assert faults(answer) == ["PET bottles: 40 kg lie there by the book, not 40,000 kg."]
    assert field(answer, "kg-pet.presorted") == "40000"
    assert not entries(the_book(), site=POINT, kind="dispatch")


def test_a_load_is_weighed_in_once_and_the_difference_is_lost_on_the_way(leader):
    load = under_way(cardboard=400_000, plastic=50_000)
    name = new_id()
    sent = {"id": name, "gross0": "425,8", "tare0": "27.5", "gross1": "50"}
    answers = [weigh(leader, load, **sent) for _ in range(2)]
    assert [one.status_code for one in answers] == [302, 302]
    assert answers[0]["Location"] == answers[1]["Location"] == f"{BASE}arrivals/{name}"
    assert stock(the_book(), STATION) == {"cardboard": 398_300, "plastic": 50_000}
    (came,) = entries(the_book(), site=STATION, kind="arrival")
    assert (came.actor, came.body["scale"]) == (LEADER, SCALE)
    lost = balances(the_book(), role="lost", site=STATION)
    assert [*lost.values()] == [1_700]
    slip = leader.get(answers[0]["Location"]).content.decode()
    assert "−1.7" in slip and came.hash in slip
    assert not lots(the_book(), to=STATION)


def test_the_point_is_paid_the_gate_price(leader):
    load = under_way(cardboard=100_000)
    weigh(leader, load, gross0="100")
    owed = balances(the_book(), ledger="money", role="buyer", site=POINT)
    assert [*owed.values()] == [340_000]


def test_a_difference_beyond_tolerance_asks_for_a_reason_that_stays(leader):
    load = under_way(cardboard=400_000)
    answer = weigh(leader, load, gross0="390")
    assert answer.status_code == 422
    assert (
        faults(answer)
        == [
            "Cardboard, unsorted: 400 kg was sent and 390 kg arrived, more than 0.5 % off. "
            "Weigh again, or give a reason."
        ]
        or "0.5" in faults(answer)[0]
    )
    assert field(answer, f"gross-{load.lots[0]}") == "390"
    assert not stock(the_book(), STATION)
    answer = weigh(leader, load, gross0="390", reason="dried")
    assert answer.status_code == 302
    (came,) = entries(the_book(), site=STATION, kind="arrival")
    assert came.body["reason"] == "dried"
    assert "It has dried" in leader.get(answer["Location"]).content.decode()


def test_own_words_are_a_reason_too_and_are_asked_for(leader):
    load = under_way(cardboard=400_000)
    answer = weigh(leader, load, gross0="390", reason="other")
    assert "Say the reason in your own words." in faults(answer)
    weigh(leader, load, **{"gross0": "390", "reason": "other", "reason-words": "дождь, снег"})
    (came,) = entries(the_book(), site=STATION, kind="arrival")
    assert came.body["reason"] == "other: дождь, снег"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"gross0": ""}, "Cardboard, unsorted, on the scale: nothing is typed."),
        ({"gross0": "0"}, "Cardboard, unsorted, on the scale: 0 is no weight."),
        ({"gross0": "-5"}, "“-5” is not a number"),
        ({"gross0": "1.200,5"}, "“1.200,5” is not a number"),
        ({"gross0": "40,12345"}, "has too many decimals"),
        ({"gross0": "27", "tare0": "27"}, "The empty vessel weighs 27 kg"),
        ({"gross0": "40000"}, "40,000 kg is more than scale st-08-scale can weigh (5,000 kg)"),
        ({"gross0": "4000"}, "Weights are in kilograms, not in grams."),
        ({"gross0": "0,4"}, "Weights are in kilograms, not in grams."),
        ({"gross0": "400", "scale": "pt-012-scale"}, "Say which scale of this site was used."),
        ({"gross0": "400", "reason-words": "x\x00y"}, "holds signs that cannot be printed"),
        ({"gross0": "400", "reason-words": "x" * 300}, "this is too long"),
    ],
)
def test_a_weight_that_cannot_be_is_refused_and_kept(leader, fields, said):
    load = under_way(cardboard=400_000)
    answer = weigh(leader, load, **fields)
    assert answer.status_code == 422
    assert any(said in one for one in faults(answer)), faults(answer)
    assert field(answer, f"gross-{load.lots[0]}") == fields["gross0"]
    assert not stock(the_book(), STATION)


def test_an_absurd_weight_has_to_be_confirmed_and_explained(leader):
    load = under_way(cardboard=400_000)
    answer = weigh(leader, load, gross0="4500", sure="on")
    assert "or give a reason" in faults(answer)[0]
    assert weigh(leader, load, gross0="4500", sure="on", reason="mixed").status_code == 302
    assert stock(the_book(), STATION) == {"cardboard": 4_500_000}


def test_a_scale_whose_verification_ended_weighs_nothing(leader):
    load = under_way(cardboard=400_000)
    terms = {"verified_until_ms": now_ms() - 1}
    told(Rule, site="*", about="scale", name=SCALE, terms=terms)
    answer = weigh(leader, load, gross0="400")
    assert answer.status_code == 422
    assert "The verification of scale st-08-scale ended on" in faults(answer)[0]


def test_two_tablets_weigh_a_load_in_once(leader, browse):
    load = under_way(cardboard=400_000)
    assert weigh(leader, load, gross0="400").status_code == 302
    answer = weigh(browse(LEADER), load, gross0="399")
    assert answer.status_code == 409
    assert "is weighed in already" in faults(answer)[0]
    assert stock(the_book(), STATION) == {"cardboard": 400_000}


def test_the_same_form_with_another_weight_is_a_conflict(leader):
    load, name = under_way(cardboard=400_000), new_id()
    weigh(leader, load, gross0="400", id=name)
    answer = weigh(leader, load, gross0="399", id=name)
    assert answer.status_code == 409
    assert stock(the_book(), STATION) == {"cardboard": 400_000}


def test_a_run_sums_to_the_gram_and_gives_a_label_for_each_bale(leader):
    at_station(cardboard=1_200_000)
    name = new_id()
    answers = [run(leader, id=name, **{"out-residue": "119,999"}) for _ in range(2)]
    assert [one.status_code for one in answers] == [302, 302]
    lies = stock(the_book(), STATION)
    assert lies == {
        "cardboard": 200_000,
        "cardboard.clean": 704_000,
        "cardboard.dirty": 176_000,
        "residue": 119_999,
    }
    (loss,) = balances(the_book(), role="loss", site=STATION).values()
    assert sum(lies.values()) + loss == 1_200_000
    page = leader.get(answers[0]["Location"]).content.decode()
    labels = re.findall(r'class="bale-number">№ (\d+)<', page)
    assert len(labels) == 4
    bale = lot(the_book(), int(labels[0]))
    assert (bale.account.what, bale.made_g) == ("cardboard.clean", 352_000)
    label = leader.get(f"{BASE}lots/{labels[0]}")
    assert label.status_code == 200 and "352" in label.content.decode()
    assert "Point 12" in label.content.decode()


def test_loss_has_to_be_explained(leader):
    at_station(cardboard=1_000_000)
    answer = run(leader, **{"out-cardboard.clean": ["352"]})
    assert answer.status_code == 422
    assert len(faults(answer)) == 2
    assert "352 kg came off where the recipe says 704 kg (give or take 50 kg)" in faults(answer)[0]
    assert "352 kg are lost where the recipe says 0 kg" in faults(answer)[1]
    assert field(answer, "out-cardboard.clean") == "352"
    assert stock(the_book(), STATION) == {"cardboard": 1_000_000}
    answer = run(leader, **{"out-cardboard.clean": ["352"], "reason": "spilled"})
    assert answer.status_code == 302
    (made,) = entries(the_book(), site=STATION, kind="change")
    assert made.body["reason"] == "spilled"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kg-cardboard": "900"}, "Nothing is made of nothing"),
        ({"kg-cardboard": ""}, "Type what went onto the line."),
        ({"kg-cardboard": "1000000"}, "1,000 kg lie there by the book, not 1,000,000 kg"),
        ({"kg-plastic": "10"}, "0 kg lie there by the book, not 10 kg"),
        ({"out-cardboard.clean": ["704000"]}, "can weigh (5,000 kg)"),
        ({"out-cardboard.clean": ["352", "x"]}, "“x” is not a number"),
        ({"process": "board-machine"}, "There is no such line here."),
    ],
)
def test_a_run_that_cannot_be_is_refused(leader, fields, said):
    at_station(cardboard=1_000_000)
    answer = run(leader, **fields)
    assert answer.status_code == 422
    assert said in answer.content.decode(), faults(answer)
    assert stock(the_book(), STATION) == {"cardboard": 1_000_000}


def test_more_fields_for_bales_keep_what_was_typed(leader):
    at_station(cardboard=1_000_000)
    answer = run(leader, act="more", **{"out-cardboard.clean": ["1", "2", "3"]})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert len(re.findall('name="out-cardboard.clean"', page)) == 6
    assert 'value="3"' in page and field(answer, "kg-cardboard") == "1000"
    assert not entries(the_book(), site=STATION, kind="change")


def sent_to(client, to: str = PLANT, **fields: object):
    """Send the form by which a truck leaves."""
    return client.post(f"{BASE}send", {"id": new_id(), "to": to, "vehicle": "777 KZT 02"} | fields)


def test_bales_go_to_a_plant_with_a_passport(leader):
    at_station(cardboard=1_000_000, paper__clean=60_000)
    run(leader)
    bales = lots(the_book(), site=STATION, material="cardboard.clean")
    chosen = [f"{one.id}={one.left_g}" for one in bales[:1]]
    name = new_id()
    sent = {"id": name, "lot": chosen, "kg-paper.clean": "10,5"}
    answers = [sent_to(leader, **sent) for _ in range(2)]
    assert [one.status_code for one in answers] == [302, 302], faults(answers[0])
    found = entry(the_book(), name)
    assert (found.kind, found.body["to"], found.body["vehicle"]) == (
        "dispatch",
        PLANT,
        "777 KZT 02",
    )
    way = lots(the_book(), to=PLANT)
    assert {one.account.what: one.left_g for one in way} == {
        "cardboard.clean": 352_000,
        "paper.clean": 10_500,
    }
    page = leader.get(answers[0]["Location"]).content.decode()
    assert all(said in page for said in ("777 KZT 02", f"№ {bales[0].id}", found.hash, "Point 12"))
    assert "100.0" in page


def test_residue_goes_to_the_landfill_for_a_fee(leader):
    at_station(cardboard=1_000_000)
    run(leader)
    answer = sent_to(leader, "landfill", **{"kg-residue": "120"})
    assert answer.status_code == 302
    (sold,) = entries(the_book(), site=STATION, kind="sale")
    assert sold.body["price_minor_per_kg"] == {"residue": -600}
    assert "777 KZT 02" in leader.get(answer["Location"]).content.decode()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Tick what is loaded, or type its weight."),
        ({"to": ""}, "Choose where it goes."),
        ({"to": "pt-012"}, "Choose where it goes."),
        ({"vehicle": ""}, "Write the number plate of the truck."),
        ({"kg-cardboard.clean": "50000"}, "50 kg lie there by the book, not 50,000 kg."),
        ({"to": "glass-works", "kg-cardboard.clean": "5"}, "Container-glass works does not take"),
        ({"lot": "99999=1"}, "Lot 99999 does not lie here any more."),
        ({"lot": "x"}, "A lot that was ticked cannot be read."),
    ],
)
def test_a_truck_that_cannot_leave_is_refused_and_the_form_kept(leader, fields, said):
    at_station(cardboard__clean=50_000)
    answer = sent_to(leader, **fields)
    assert answer.status_code == 422
    assert any(said in one for one in faults(answer)), faults(answer)
    if "vehicle" not in fields:
        assert field(answer, "vehicle") == "777 KZT 02"
    assert stock(the_book(), STATION) == {"cardboard.clean": 50_000}


def test_a_plant_is_not_sent_more_than_it_takes_in_a_year(leader):
    from ainalym.web.loads.models import Offer

    at_station(cardboard__clean=50_000)
    Offer.objects.filter(site=PLANT, material="cardboard.clean").update(limit_g_per_year=60_000)
    assert sent_to(leader, **{"kg-cardboard.clean": "20"}).status_code == 302
    assert sent_to(leader, **{"kg-cardboard.clean": "20"}).status_code == 302
    at_station(cardboard__clean=50_000)
    answer = sent_to(leader, **{"kg-cardboard.clean": "21"})
    assert answer.status_code == 422
    assert "takes only 20 kg more this year" in faults(answer)[0]


def test_what_was_recorded_wrongly_is_taken_back_with_a_reason(leader):
    load = under_way(cardboard=400_000)
    weigh(leader, load, gross0="400")
    (came,) = entries(the_book(), site=STATION, kind="arrival")
    where, name = f"{BASE}done/{came.id}/take-back", new_id()
    answer = leader.post(where, {"id": name})
    assert (answer.status_code, faults(answer)) == (422, ["Say why it is taken back."])
    for _twice in range(2):
        assert leader.post(where, {"id": name, "reason": "other load"}).status_code == 302
    assert not stock(the_book(), STATION)
    assert "Taken back" in leader.get(f"{BASE}done").content.decode()
    assert weigh(leader, load, gross0="399").status_code == 302


def test_what_went_on_cannot_be_taken_back(leader):
    load = under_way(cardboard=1_000_000)
    weigh(leader, load, gross0="1000")
    run(leader)
    (came,) = entries(the_book(), site=STATION, kind="arrival")
    answer = leader.post(f"{BASE}done/{came.id}/take-back", {"id": new_id(), "reason": "x"})
    assert answer.status_code == 409
    assert "a part of it has gone on" in answer.content.decode()


def test_another_station_s_data_is_not_there(browse):
    load = under_way(cardboard=1_000_000)
    one, other = browse(LEADER), browse("leader-7")
    pickup = asked_for()
    weigh(one, load, gross0="1000")
    made = run(one)["Location"]
    (bale, *_more) = lots(the_book(), site=STATION, material="cardboard.clean")
    (came,) = entries(the_book(), site=STATION, kind="arrival")
    theirs = "/station/st-07/"
    for path in (BASE, made, f"{BASE}stock", f"{BASE}loads/{load.id}"):
        assert other.get(path).status_code == 404, path
    for path in (
        f"loads/{load.id}",
        f"arrivals/{came.id}",
        f"runs/{made.rsplit('/', 1)[1]}",
        f"lots/{bale.id}",
        f"lots/{10**30}",
        f"pickups/{pickup.id}/loaded",
        f"passports/{load.id}",
    ):
        assert other.get(theirs + path).status_code == 404, path
    answer = other.post(f"{theirs}pickups/{pickup.id}", {"answer": "no", "words": "x"})
    assert answer.status_code == 404
    answer = other.post(f"{theirs}done/{came.id}/take-back", {"id": new_id(), "reason": "x"})
    assert answer.status_code == 404
    answer = sent_to(other, lot=f"{bale.id}={bale.left_g}")
    assert answer.status_code == 404
    answer = other.post(
        f"{theirs}send",
        {"id": new_id(), "to": PLANT, "vehicle": "1", "lot": f"{bale.id}={bale.left_g}"},
    )
    assert answer.status_code == 422
    assert bale.left_g == lot(the_book(), bale.id).left_g
    assert browse("keeper-12").get(BASE).status_code == 404
    assert browse("buyer-paper").get(BASE).status_code == 404
    assert browse().get(BASE).status_code == 302


def test_forged_forms_and_forms_without_a_name_are_refused(browse, leader):
    load = under_way(cardboard=400_000)
    assert weigh(browse(LEADER, strict=True), load, gross0="400").status_code == 403
    assert weigh(leader, load, gross0="400", id="1").status_code == 400
    assert leader.get(f"{BASE}loads/{new_id()}").status_code == 404
    assert not stock(the_book(), STATION)


@pytest.mark.parametrize(
    ("language", "said"), [("ru", "отправлено 400 кг"), ("kk", "400 кг жіберілді")]
)
def test_faults_are_said_in_the_user_s_language_with_its_comma(browse, language, said):
    load = under_way(cardboard=400_000)
    answer = weigh(browse(LEADER, language=language), load, gross0="390,5")
    assert answer.status_code == 422
    assert said in faults(answer)[0] and "390,5" in faults(answer)[0]
