"""The counter in a real browser: no ticket lost, none twice, whatever the network does."""

import json
from collections.abc import Iterator

import pytest

from ainalym.ledger import entries, post
from ainalym.model.deed import UUID7, Count, Rule
from ainalym.model.entry import new_id, now_ms
from ainalym.web.book import the_book
from tests.report.browser import find_browser
from tests.web.counter.cases import NUMBERS, SITE
from tests.web.handset import READY, Handset
from tests.web.live import served
from tests.web.network import Network

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not find_browser(), reason="there is no chromium on this computer"),
]
PAGES = ("/people/sign-in", "/", f"/counter/{SITE}/", f"/counter/{SITE}/day")
PAGES += (f"/counter/{SITE}/pickup", "/people/password", "/nowhere")


@pytest.fixture
def network(programme) -> Iterator[Network]:
    """A network that can fail, with the site at its other end."""
    with served() as address, Network(int(address.rsplit(":", 1)[1])) as one:
        yield one


@pytest.fixture
def hand(network, passwords, tmp_path) -> Iterator:
    """Gives phones; each is signed in as the keeper of point 12 and stands at the counter."""
    held: list[Handset] = []

    def another() -> Handset:
        one = Handset(tmp_path / f"phone-{len(held)}", f"http://localhost:{network.port}")
        held.append(one)
        one.go("/people/sign-in")
        one.sign_in("keeper-12", passwords["keeper-12"])
        one.counter(SITE)
        return one

    yield another
    for one in held:
        one.__exit__()


def booked() -> list[str]:
    """The slips in the book, in the order of the chain."""
    found = entries(the_book(), site=SITE, kind="ticket")
    return [f"{one.body['series']}-{one.body['number']}" for one in found]


def kept_by_worker(phone: Handset) -> bool:
    """Wait until the phone keeps the page for when there is no network."""
    return phone.wait(
        "!!(await (await caches.open('ainalym-counter-1')).match(location.pathname))"
        " && !!navigator.serviceWorker.controller"
    )


def test_without_a_network_nothing_is_lost_and_with_it_everything_goes_once(hand, network):
    phone = hand()
    assert kept_by_worker(phone)
    network.turn("down")
    slips = [f"pt-012-A-{k}" for k in (1, 2, 3)]
    for k, gross in enumerate(("12,4", "7.25", "3"), 1):
        phone.weigh(gross, "0,4" if gross == "12,4" else "")
        assert phone.shows(*((slip, "waiting") for slip in slips[:k]))
    assert phone.wait("document.documentElement.dataset.queue === 'offline'")
    assert phone.shows(*((slip, "waiting") for slip in slips))
    assert "3" in phone.text("#line")
    phone.reload()
    assert phone.wait(READY), "the page does not open without a network"
    assert phone.shows(*((slip, "waiting") for slip in slips))
    assert booked() == []
    network.turn("up")
    phone.ask("window.dispatchEvent(new Event('online'))")
    assert phone.shows(*((slip, "sent") for slip in slips))
    assert booked() == slips
    weights = [one.body["gross_g"] for one in entries(the_book(), site=SITE, kind="ticket")]
    assert weights == [12_400, 7_250, 3_000]


def test_a_lost_answer_does_not_record_twice(hand, network):
    phone = hand()
    network.turn("deaf")
    phone.weigh("12,4")
    assert phone.wait("document.documentElement.dataset.queue === 'offline'")
    assert network.lost
    assert booked() == ["pt-012-A-1"]
    assert phone.shows(("pt-012-A-1", "waiting"))
    network.turn("up")
    assert phone.shows(("pt-012-A-1", "sent")), "it tries again by itself"
    assert booked() == ["pt-012-A-1"]


def test_an_ended_session_keeps_the_queue_until_somebody_signs_in(hand, passwords):
    phone = hand()
    phone.forget_session()
    phone.weigh("12,4")
    assert phone.wait("document.querySelector('#line a')")
    assert phone.shows(("pt-012-A-1", "waiting"))
    assert booked() == []
    phone.follow("#line a")
    phone.sign_in("keeper-12", passwords["keeper-12"])
    assert phone.wait(READY)
    assert phone.shows(("pt-012-A-1", "sent"))
    assert booked() == ["pt-012-A-1"]


def test_another_keeper_on_the_same_phone_does_not_send_what_is_not_theirs(hand, passwords):
    phone = hand()
    phone.forget_session()
    phone.weigh("12,4")
    assert phone.wait("document.querySelector('#line a')")
    phone.go("/people/sign-in")
    phone.sign_in("keeper-5", passwords["keeper-5"])
    phone.counter("pt-005")
    assert phone.slips() == []
    assert "1" in phone.text("#line")
    assert booked() == []


COPY_OUT = """(async () => {
  const { all, note } = await import('/static/counter/store.js');
  return JSON.stringify({ deeds: await all(), device: await note('device'),
    series: await note('series/pt-012/keeper-12') });
})()"""
COPY_IN = """(async (told) => {
  const { keep, setNote } = await import('/static/counter/store.js');
  for (const deed of told.deeds) await keep(deed);
  await setNote('device', told.device);
  await setNote('series/pt-012/keeper-12', told.series);
})(%s)"""


def test_two_phones_with_one_queue_record_it_once_and_then_number_apart(hand, network):
    one, other = hand(), hand()
    network.turn("down")
    one.weigh("12,4")
    assert one.shows(("pt-012-A-1", "waiting"))
    one.weigh("5")
    assert one.shows(("pt-012-A-1", "waiting"), ("pt-012-A-2", "waiting"))
    other.ask(COPY_IN % one.ask(COPY_OUT))
    network.turn("up")
    for phone in (one, other):
        phone.ask("window.dispatchEvent(new Event('online'))")
    sent = (("pt-012-A-1", "sent"), ("pt-012-A-2", "sent"))
    assert one.shows(*sent)
    assert other.shows(*sent)
    assert booked() == ["pt-012-A-1", "pt-012-A-2"]
    one.weigh("6")
    assert one.shows(*sent, ("pt-012-A-3", "sent"))
    other.weigh("7")
    assert other.shows(*sent, ("pt-012-C-1", "sent")), "a copy of a phone numbers in a new series"
    assert booked() == ["pt-012-A-1", "pt-012-A-2", "pt-012-A-3", "pt-012-C-1"]


def _verify_scale_until(until_ms: int) -> None:
    terms = {"verified_until_ms": until_ms}
    about = {"about": "scale", "name": "pt-012-scale", "terms": terms}
    post(the_book(), [Rule(id=new_id(), site="*", event_ms=now_ms(), **about)])


def test_a_refused_ticket_stays_with_its_reason_and_is_told_anew_under_its_number(hand, network):
    phone = hand()
    _verify_scale_until(now_ms() - 1000)
    phone.weigh("12,4")
    assert phone.shows(("pt-012-A-1", "refused"))
    # The demo's keeper of point 12 speaks Kazakh.
    assert "тексеру мерзімі" in phone.text("#slips li")
    _verify_scale_until(now_ms() + 10**9)
    phone.weigh("5")
    assert phone.shows(("pt-012-A-1", "refused"), ("pt-012-A-2", "sent"))
    phone.click("#slips [data-state=refused] .again")
    assert phone.ask("document.getElementById('gross').value") == "12,4"
    phone.click("#pay")
    assert phone.shows(("pt-012-A-2", "sent"), ("pt-012-A-1", "sent"))
    assert sorted(booked()) == ["pt-012-A-1", "pt-012-A-2"]


def test_the_phone_says_what_is_wrong_before_anything_is_paid(hand):
    phone = hand()
    cases = {
        ("12,4,5", ""): "12,4,5",
        ("12", "13"): "13",
        ("12400", ""): "pt-012-scale",
        ("150", ""): "150",
        ("0,0001", ""): "0,0001",
        ("", ""): "0",
    }
    for (gross, tare), said in cases.items():
        phone.weigh(gross, tare)
        assert phone.wait("!document.getElementById('faults').hidden")
        assert said in phone.text("#faults")
        assert phone.slips() == []
    phone.weigh("150")
    assert phone.ask("!document.getElementById('sure-line').hidden")
    phone.click("#sure")
    phone.click("#pay")
    assert phone.shows(("pt-012-A-1", "sent"))


def test_numbers_and_names_are_made_on_the_phone_as_on_the_server(hand):
    phone = hand()
    reader = "(async (t, p) => (await import('/static/counter/weights.js')).readDecimal(t, p))"
    for text, places, value in NUMBERS:
        read = phone.ask(f"{reader}({json.dumps(text)}, {places})")
        assert read.get("value") == value, text
    maker = "(async () => (await import('/static/counter/ids.js')).newId(1800000000123))()"
    made = str(phone.ask(maker))
    assert UUID7.fullmatch(made)
    assert int(made.replace("-", "")[:12], 16) == 1_800_000_000_123
    assert made != phone.ask(maker)


def test_a_slip_that_came_after_a_stock_take_it_belongs_to_says_so(hand, network):
    phone = hand()
    network.turn("down")
    phone.weigh("12,4", "0,4")
    assert phone.shows(("pt-012-A-1", "waiting"))
    found = {"pet.presorted": 20_000}
    post(the_book(), [Count(id=new_id(), site=SITE, event_ms=now_ms(), counted=found)])
    network.turn("up")
    phone.ask("window.dispatchEvent(new Event('online'))")
    assert phone.shows(("pt-012-A-1", "sent"))
    said = phone.text("#slips .slip-fault")
    assert "20" in said and "12" in said
    for path in (f"/counter/{SITE}/", f"/counter/{SITE}/pickup"):
        assert phone.faults_of(path, "kk") == []
        assert phone.text(".recount") == said


def test_a_pickup_waits_for_the_network_too(hand, network):
    from ainalym.web.programme.models import Pickup

    phone = hand()
    phone.go(f"/counter/{SITE}/pickup")
    network.turn("down")
    phone.type("note", "after six")
    phone.click("#pickup .button")
    assert phone.wait("document.documentElement.dataset.queue === 'offline'")
    assert not Pickup.objects.exists()
    network.turn("up")
    phone.go(f"/counter/{SITE}/")
    assert phone.wait("document.documentElement.dataset.queue === 'done'")
    assert [one.note for one in Pickup.objects.all()] == ["after six"]


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_every_page_is_whole_on_a_phone_and_open_to_everybody(hand, language):
    phone = hand()
    phone.follow(f".tongues button[value={language}]")
    assert phone.wait(READY)
    phone.weigh("12,4")
    assert phone.shows(("pt-012-A-1", "sent"))
    slip = phone.ask("document.querySelector('#slips a').pathname")
    faults = [fault for path in (*PAGES, str(slip)) for fault in phone.faults_of(path, language)]
    assert not faults, "\n".join(faults)
    allowed = ("404 (Not Found)",)
    said = [one for one in phone.browser.complaints() if not any(a in one for a in allowed)]
    assert said == []
