"""Pages of what was erased, and of the entries that only the book itself writes, all answer."""

import pytest

from ainalym.ledger import entries, entry
from ainalym.model.deed import Clock, Erasure, Ticket
from ainalym.web.book import the_book
from tests.web.counter.cases import told as ticket
from tests.web.loads import POINT, told

KEEPER, SELLER = "keeper-12", "So And So"
SECRETS = {
    "seller": "Seller-of-theirs",
    "actor": "keeper-of-theirs",
    "series": "SLIP-of-theirs",
    "reason": "a-reason-of-theirs",
}
"""What the book itself keeps of a ticket that is nobody else's business."""


@pytest.fixture
def phoned(browse, programme):
    """A ticket that a phone told, with a seller's name, which the site keeps beside the book."""
    keeper = browse(KEEPER)
    json = {"content_type": "application/json"}
    device = {"device": "01890000-0000-4000-8000-00000000000c"}
    series = keeper.post(f"/counter/{POINT}/series", device, **json).json()["series"]
    sent = ticket(number=1, series=series, seller=SELLER, consent=True)
    assert keeper.post(f"/counter/{POINT}/tickets", sent, **json).status_code == 201
    return sent["id"]


@pytest.fixture
def secret(programme):
    """A ticket that a program told, with everything private that a book can hold."""
    return deed(Ticket, material="plastic", gross_g=7_000, consent=True, number=7, **SECRETS)


def erase(*deeds):
    """Let the book forget the private part of deeds; and accept the clock, for its entry."""
    for one in deeds:
        deed(Erasure, erases=one, actor="office", reason="asked")
    deed(Clock, site="*", actor="office")


def deed(kind, **fields):
    """Tell the book a deed of now; its id."""
    return told(kind, **fields).id


@pytest.fixture
def erased(phoned, secret):
    """The ticket of the phone, when the private parts of both tickets were erased."""
    erase(phoned, secret)
    return phoned


def shown(client, pages):
    """All that pages show."""
    said = []
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200, page
        said.append(b"".join(answer).decode())
    return "".join(said)


def told_in(said):
    """Which secrets of the book stand in what was shown."""
    return {name for name, secret in SECRETS.items() if secret in said}


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_every_page_of_the_book_answers_without_what_was_erased(browse, phoned, secret, language):
    auditor, keeper = (browse(name, language=language) for name in ("auditor", KEEPER))
    both = [entry(the_book(), one) for one in (phoned, secret)]
    lots = [line.lot for one in both for line in one.postings if line.lot is not None]
    pages = ["/audit/entries", "/audit/lots", *(f"/audit/entries/{one.seq}" for one in both)]
    pages += [f"/audit/lots/{lot}{end}" for lot in lots for end in ("", ".csv")]
    slips = [f"/counter/{POINT}/day", *(f"/counter/{POINT}/slips/{one.id}" for one in both)]
    assert told_in(shown(auditor, pages)) == {*SECRETS}
    assert "series" in told_in(shown(keeper, slips))
    erase(phoned, secret)
    newest = entries(the_book(), most=5, newest_first=True)
    assert {"clock", "erasure", "ticket"} <= {one.kind for one in newest}
    pages += [f"/audit/entries/{one.seq}" for one in newest]
    pages += [f"/audit/entries?kind={kind}" for kind in ("clock", "erasure", "upgrade")]
    after = shown(auditor, pages) + shown(keeper, slips)
    assert told_in(after) == set()
    assert SELLER not in after


def test_the_page_of_an_erased_entry_says_who_erased_it_and_why(browse, erased):
    newest = entries(the_book(), most=4, newest_first=True)
    ticket, gone = (next(one for one in newest if one.kind == k) for k in ("ticket", "erasure"))
    page = browse("auditor").get(f"/audit/entries/{ticket.seq}").content.decode()
    assert f"/audit/entries/{gone.seq}" in page
    assert "asked" in page


def test_the_sellers_name_goes_when_the_site_next_starts(erased):
    from ainalym.web.begin import forget_sellers
    from ainalym.web.counter.models import Seller

    assert Seller.objects.filter(ticket=erased).exists()
    forget_sellers(the_book())
    assert not Seller.objects.filter(ticket=erased).exists()


def test_programs_are_answered_without_it_too(program, phoned, secret):
    asked, events = program("auditor"), "/epcis/events?perPage=1000"
    whole = [f"/entries/{secret}", "/entries?most=1000"]
    for page in whole:
        assert told_in(shown(asked, [page])) == {*SECRETS}
    assert told_in(shown(asked, [events])) == {*SECRETS} - {"seller"}
    erase(phoned, secret)
    after = shown(asked, [*whole, events, f"/entries/{phoned}"])
    assert told_in(after) == set()
    assert SELLER not in after
    numbers = [asked.get(f"/entries/{one}").json()["seq"] for one in (phoned, secret)]
    verdict = asked.get("/verify").json()
    assert (verdict["whole"], verdict["erased"]) == (True, sorted(numbers))
