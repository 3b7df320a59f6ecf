"""The book records each deed once, whole, and answers what was so."""

from dataclasses import replace

import pytest

from ainalym.errors import ConflictError
from ainalym.ledger import balances, post, stock, trace, verify
from ainalym.model.deed import Dispatch, Ticket
from ainalym.model.entry import new_id, now_ms


def ticket(**changed):
    told = {"id": new_id(), "site": "P1", "event_ms": now_ms(), "material": "pet"}
    return Ticket(**told | {"gross_g": 12_400, "tare_g": 400} | changed)


def test_a_ticket_told_twice_is_recorded_once(book):
    told = ticket()
    first, again = post(book, [told])[0], post(book, [told])[0]
    assert again == first._replace(repeated=True)
    assert stock(book, "P1") == {"pet": 12_000}


def test_the_same_id_with_another_body_is_refused(book):
    told = ticket()
    post(book, [told])
    with pytest.raises(ConflictError, match="another body"):
        post(book, [replace(told, gross_g=13_000)])


def test_a_refused_post_records_nothing(book):
    load = Dispatch(id=new_id(), site="P1", event_ms=now_ms(), to="S1", loads={"pet": 12_001})
    with pytest.raises(ConflictError, match="holds 12000 g of pet, not 12001 g"):
        post(book, [ticket(), load])
    assert balances(book) == {}
    assert verify(book).entries == 0


def test_a_load_is_traced_to_its_tickets(book):
    told = [ticket(gross_g=400 + grams) for grams in (1_000, 2_000, 4_000)]
    bought = [receipt.lots[0] for receipt in post(book, told)]
    load = Dispatch(id=new_id(), site="P1", event_ms=now_ms(), to="S1", loads={"pet": 5_000})
    made = post(book, [load])[0].lots[0]
    assert trace(book, made).ends_g == dict(zip(bought, (1_000, 2_000, 2_000), strict=True))
    assert verify(book).whole
