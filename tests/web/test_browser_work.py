"""Station and plant in a real browser, on a phone and in three languages."""

import pytest

from ainalym.ledger import entries, lots, stock
from ainalym.model.entry import new_id, now_ms
from ainalym.web.book import the_book
from tests.report.browser import find_browser
from tests.web.handset import Handset
from tests.web.live import served
from tests.web.loads import BUYER, LEADER, PLANT, POINT, STATION, bought, to_plant, under_way

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not find_browser(), reason="there is no chromium on this computer"),
]

LANGUAGES = ["kk", "ru", "en"]
HERE, THERE = f"/station/{STATION}/", f"/plant/{PLANT}/"


def walk(phone, name, password, language, pages):
    """Sign in, and say what is wrong with each page."""
    phone.go("/people/sign-in")
    phone.sign_in(name, password)
    phone.follow(f".tongues button[value={language}]")
    faults = [fault for path in pages for fault in phone.faults_of(path, language)]
    assert not faults, "\n".join(faults)


def asked_for():
    """A pick-up that a truck was sent for."""
    from ainalym.web.programme.models import Pickup
    from ainalym.web.station.models import Truck

    bought("pet.presorted", 40_000)
    same = {"site_id": POINT, "asked_ms": now_ms(), "asked_by": "keeper-12", "note": "до 15"}
    pickup = Pickup.objects.create(id=new_id(), loads={}, **same)
    Truck.objects.create(pickup=pickup, plate="123 ABC 02", sent_ms=now_ms())
    return pickup


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_shift_at_the_station(passwords, tmp_path, language):
    pickup, load = asked_for(), under_way(cardboard=1_000_000, plastic=50_000)
    with served() as address, Handset(tmp_path / "phone", address) as phone:
        pages = (HERE, f"{HERE}loads/{load.id}", f"{HERE}sort", f"{HERE}stock", f"{HERE}send")
        pages += (f"{HERE}done", f"{HERE}pickups/{pickup.id}/loaded", "/people/tokens")
        walk(phone, LEADER, passwords[LEADER], language, pages)
        phone.go(f"{HERE}loads/{load.id}")
        for number, kilograms in zip(load.lots, ("1027,5", "50"), strict=True):
            phone.type(f"gross-{number}", kilograms)
        phone.type(f"tare-{load.lots[0]}", "27,5")
        phone.follow("main form .button")
        (came,) = entries(the_book(), site=STATION, kind="arrival")
        assert stock(the_book(), STATION) == {"cardboard": 1_000_000, "plastic": 50_000}
        phone.go(f"{HERE}sort?process=fibre-line")
        phone.ask(
            "for (const [name, text] of Object.entries({'kg-cardboard': '1000',"
            " 'out-cardboard.clean': '704', 'out-cardboard.dirty': '176', 'out-residue': '120'}))"
            " document.querySelector(`[name='${name}']`).value = text"
        )
        phone.follow("button[value=record]")
        (run,) = entries(the_book(), site=STATION, kind="change")
        (bale,) = lots(the_book(), site=STATION, material="cardboard.clean")
        assert bale.left_g == 704_000
        more = (f"{HERE}arrivals/{came.id}", f"{HERE}runs/{run.id}", f"{HERE}lots/{bale.id}")
        more += (f"{HERE}stock", f"{HERE}send", f"{HERE}done")
        faults = [fault for path in more for fault in phone.faults_of(path, language)]
        assert not faults, "\n".join(faults)
        assert phone.browser.complaints() == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_delivery_at_the_plant(passwords, tmp_path, language):
    load = to_plant(paper__clean=500_000, cardboard__clean=200_000)
    with served() as address, Handset(tmp_path / "phone", address) as phone:
        pages = (THERE, f"{THERE}deliveries/{load.id}", f"{THERE}offers", f"{THERE}bought")
        walk(phone, BUYER, passwords[BUYER], language, pages)
        phone.go(f"{THERE}deliveries/{load.id}")
        first, second = load.lots
        phone.type(f"gross-{first}", "500")
        phone.type(f"gross-{second}", "200")
        phone.click(f"input[name='take-{first}'][value=yes]")
        phone.click(f"input[name='take-{second}'][value=no]")
        phone.follow("main form .button")
        # A refusal needs its reason: the form comes back with what was typed.
        assert phone.ask("document.querySelectorAll('.faults li').length") == 1
        assert phone.ask(f"document.getElementById('gross-{first}').value") == "500"
        assert phone.barriers() == []
        phone.ask(f"document.querySelector(`[name='grade-{second}']`).value = 'soaked'")
        phone.follow("main form .button")
        (came,) = entries(the_book(), site=PLANT, kind="arrival")
        assert stock(the_book(), PLANT) == {"paper.clean": 500_000}
        more = (f"{THERE}certificates/{came.id}", f"{THERE}bought", THERE)
        faults = [fault for path in more for fault in phone.faults_of(path, language)]
        assert not faults, "\n".join(faults)
        said = [one for one in phone.browser.complaints() if "422" not in one]
        assert said == []
