"""Pages of what was erased, and of the entries that only the book itself writes, all answer."""

import pytest

from ainalym.ledger import entries, post
from ainalym.model.deed import Clock, Erasure
from ainalym.model.entry import new_id, now_ms
from ainalym.web.book import the_book
from tests.web.counter.cases import told as ticket
from tests.web.loads import POINT

KEEPER, SECRET = "keeper-12", "So And So"


@pytest.fixture
def erased(browse, programme):
    """A ticket whose private part was erased, told by a phone, with a seller's name."""
    keeper = browse(KEEPER)
    json = {"content_type": "application/json"}
    device = {"device": "01890000-0000-4000-8000-00000000000c"}
    series = keeper.post(f"/counter/{POINT}/series", device, **json).json()["series"]
    told = ticket(number=1, series=series, seller=SECRET, consent=True)
    assert keeper.post(f"/counter/{POINT}/tickets", told, **json).status_code == 201
    said = {"site": POINT, "event_ms": now_ms(), "actor": "office"}
    post(the_book(), [Erasure(id=new_id(), erases=told["id"], reason="asked", **said)])
    post(the_book(), [Clock(id=new_id(), **(said | {"site": "*"}))])
    return told


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_every_page_of_the_book_answers(browse, erased, language):
    auditor, keeper = (browse(name, language=language) for name in ("auditor", KEEPER))
    newest = entries(the_book(), most=4, newest_first=True)
    assert {"clock", "erasure", "ticket"} <= {one.kind for one in newest}
    pages = ["/audit/entries", *(f"/audit/entries/{one.seq}" for one in newest)]
    pages += [f"/audit/entries?kind={kind}" for kind in ("clock", "erasure", "upgrade")]
    for page in pages:
        answer = auditor.get(page)
        assert answer.status_code == 200, page
        assert SECRET not in answer.content.decode()
    for page in (f"/counter/{POINT}/day", f"/counter/{POINT}/slips/{erased['id']}"):
        answer = keeper.get(page)
        assert answer.status_code == 200, page
        assert SECRET not in answer.content.decode()


def test_the_page_of_an_erased_entry_says_who_erased_it_and_why(browse, erased):
    newest = entries(the_book(), most=4, newest_first=True)
    ticket, gone = (next(one for one in newest if one.kind == k) for k in ("ticket", "erasure"))
    page = browse("auditor").get(f"/audit/entries/{ticket.seq}").content.decode()
    assert f"/audit/entries/{gone.seq}" in page
    assert "asked" in page


def test_the_sellers_name_goes_when_the_site_next_starts(erased):
    from ainalym.web.begin import forget_sellers
    from ainalym.web.counter.models import Seller

    assert Seller.objects.filter(ticket=erased["id"]).exists()
    forget_sellers(the_book())
    assert not Seller.objects.filter(ticket=erased["id"]).exists()


def test_programs_are_answered_too(browse, program, erased):
    asked = program("auditor")
    events = asked.get("/epcis/events?perPage=1000")
    assert events.status_code == 200
    assert SECRET not in events.content.decode()
    assert asked.get("/entries?most=1000").status_code == 200
