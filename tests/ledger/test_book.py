"""The book records each deed once, whole, and answers what was so."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from ainalym.errors import ConflictError, InputError, NotFoundError
from ainalym.ledger import (
    balances,
    entries,
    entry,
    open_book,
    post,
    rules,
    slip,
    stock,
    trace,
    verify,
)
from ainalym.ledger.writer import Writer
from ainalym.model.deed import Close, Payment
from tests.ledger import tell


def test_a_ticket_told_twice_is_recorded_once(book):
    told = tell.ticket()
    first, again = post(book, [told])[0], post(book, [told])[0]
    assert again == first._replace(repeated=True)
    assert stock(book, "P1") == {"pet": 12_000}


def test_told_twice_in_one_post_is_recorded_once(book):
    told = tell.ticket()
    first, again = post(book, [told, told])
    assert again == first._replace(repeated=True)
    assert stock(book, "P1") == {"pet": 12_000}


def test_two_phones_with_the_same_queue_record_it_once(where):
    queue = [tell.ticket(1_000 + k) for k in range(40)]
    with open_book(where, clock=lambda: tell.NOW_MS) as book, ThreadPoolExecutor(8) as phones:
        sent = [phones.submit(book.post, [deed]) for deed in queue for _ in range(4)]
        receipts = [one.result()[0] for one in sent]
        assert len({receipt.seq for receipt in receipts}) == 40
        assert sum(not receipt.repeated for receipt in receipts) == 40
        assert stock(book, "P1") == {"pet": sum(deed.net_g for deed in queue)}
        assert book.commits <= 160
        assert verify(book).whole


def test_of_sixteen_who_want_the_last_ten_kilograms_one_gets_them(where):
    with open_book(where, clock=lambda: tell.NOW_MS) as book, ThreadPoolExecutor(16) as drivers:
        post(book, [tell.ticket(10_000)])
        wanted = [tell.dispatch({"pet": 10_000}) for _ in range(16)]
        errors = [one.exception() for one in [drivers.submit(book.post, [w]) for w in wanted]]
        assert sum(error is None for error in errors) == 1
        assert all(isinstance(error, ConflictError | None) for error in errors)
        assert stock(book, "P1") == {}
        assert verify(book).whole


def test_the_same_id_with_another_body_is_refused(book):
    told = tell.ticket()
    post(book, [told])
    with pytest.raises(ConflictError, match="another body"):
        post(book, [replace(told, gross_g=13_000)])


def test_a_refused_post_records_nothing(book):
    with pytest.raises(ConflictError, match="holds 12000 g of pet, not 12001 g"):
        post(book, [tell.ticket(), tell.dispatch({"pet": 12_001})])
    assert balances(book) == {}
    assert verify(book).entries == 0


def test_one_refusal_does_not_touch_the_others_in_the_same_commit(where):
    with open_book(where, clock=lambda: tell.NOW_MS) as book, ThreadPoolExecutor(8) as people:
        good = [tell.ticket(100) for _ in range(30)]
        bad = [replace(tell.ticket(100), reason="\ud800") for _ in range(10)]
        sent = [people.submit(book.post, [deed]) for deed in (*good, *bad)]
        assert [type(one.exception()) for one in sent] == [type(None)] * 30 + [InputError] * 10
        assert stock(book, "P1") == {"pet": 3_000}


def test_sums_too_large_to_keep_are_refused_and_touch_nobody_else(where):
    told = {"payer": "fund", "payee": "cash", "paid_minor": 2**53 - 1}

    def payments(count):
        ids = (tell.deed_id() for _ in range(count))
        return [Payment(id=one, site="P9", event_ms=tell.NOW_MS, **told) for one in ids]

    with open_book(where, clock=lambda: tell.NOW_MS) as book, ThreadPoolExecutor(8) as people:
        with pytest.raises(ConflictError, match="the database refused"):
            book.post(payments(1_100))
        first = people.submit(book.post, [tell.ticket(1) for _ in range(2_000)])
        large = [people.submit(book.post, payments(600)) for _ in range(2)]
        small = [people.submit(book.post, [tell.ticket(100)]) for _ in range(20)]
        assert [one.exception() for one in (first, *small)] == [None] * 21
        assert sorted(type(one.exception()).__name__ for one in large) == [
            "ConflictError", "NoneType",
        ]  # fmt: skip
        assert stock(book, "P1") == {"pet": 4_000}
        assert verify(book).faults == ()


def test_what_no_program_foresaw_touches_nobody_else(where, monkeypatch):
    """Stands for a deed that brings an error of ours."""
    entered = Writer._enter

    def fail(writer, deed):
        if deed.site == "P9":
            raise RecursionError("too deep")
        return entered(writer, deed)

    monkeypatch.setattr(Writer, "_enter", fail)
    with open_book(where, clock=lambda: tell.NOW_MS) as book, ThreadPoolExecutor(8) as people:
        sent = [people.submit(book.post, [tell.ticket(9, f"P{k % 10}")]) for k in range(60)]
        failed = [type(one.exception()).__name__ for one in sent]
        assert failed == [*["NoneType"] * 9, "RecursionError"] * 6
        assert verify(book).entries == 54


def test_all_faults_of_a_post_are_told_at_once(book):
    post(book, [tell.ticket()])
    with pytest.raises(ConflictError) as error:
        post(book, [tell.dispatch({"pet": 13_000}), tell.dispatch({"glass": 1})])
    assert "12000 g of pet, not 13000 g" in str(error.value)
    assert "0 g of glass, not 1 g" in str(error.value)


def test_a_load_is_traced_to_its_tickets(book):
    told = [tell.ticket(grams) for grams in (1_000, 2_000, 4_000)]
    bought = [receipt.lots[0] for receipt in post(book, told)]
    made = post(book, [tell.dispatch({"pet": 5_000})])[0].lots[0]
    assert trace(book, made).ends_g == dict(zip(bought, (1_000, 2_000, 2_000), strict=True))
    assert verify(book).whole


@pytest.mark.parametrize("together", [True, False])
def test_a_lot_taken_by_number_is_not_taken_again_by_its_material(where, together):
    with open_book(where, clock=lambda: tell.NOW_MS) as book:
        post(book, [tell.ticket(100), tell.ticket(100), tell.ticket(50)])
    by_number, by_material = {1: 100}, {"pet": 120}
    deeds = [tell.dispatch(by_number), tell.dispatch(by_material)]
    if together:
        deeds = [tell.dispatch(by_number | by_material)]
    # Whoever opens it anew remembers nothing of its lots.
    with open_book(where, clock=lambda: tell.NOW_MS) as book:
        post(book, deeds)
        assert stock(book, "P1") == {"pet": 30}
        assert verify(book).faults == ()
        with pytest.raises(ConflictError, match="30 g of pet"):
            post(book, [tell.dispatch({"pet": 31})])


def test_a_late_event_stands_where_it_happened(book):
    """Told today of yesterday: so then, but not yet known then."""
    post(book, [tell.ticket(5_000, event_ms=tell.NOW_MS - tell.DAY_MS)])
    yesterday = tell.NOW_MS - tell.DAY_MS
    assert stock(book, "P1", as_of_ms=yesterday) == {"pet": 5_000}
    assert stock(book, "P1", as_known_ms=yesterday) == {}
    with pytest.raises(ConflictError, match="came only after the moment told"):
        post(book, [tell.dispatch({"pet": 5_000}, event_ms=yesterday - 1)])


def test_a_load_off_by_more_than_the_tolerance_needs_a_reason(book):
    post(book, [tell.ticket(100_000)])
    load = post(book, [tell.dispatch({"pet": 100_000})])[0].lots[0]
    with pytest.raises(ConflictError, match=r"weighs 99499 g, more than 0\.50% off"):
        post(book, [tell.arrival({load: 99_499})])
    post(book, [tell.arrival({load: 99_499}, reason="it rained on the scale")])
    assert balances(book, role="lost") == {
        ("mass", "lost", "S1", "pet", ""): 501,
    }


def test_a_run_outside_its_recipe_needs_a_reason(book):
    post(book, [tell.sorting(band_ppm=50_000)])
    tell.shipped(book, 100_000)
    made = [("pet.clear", 40_000), ("pet.mixed", 25_000)]
    with pytest.raises(ConflictError, match=r"pet\.clear 40000 g where the recipe says 70000 g"):
        post(book, [tell.change({"pet": 100_000}, made)])
    post(book, [tell.change({"pet": 100_000}, made, reason="a wet batch")])
    with pytest.raises(ConflictError, match="nothing is made of nothing"):
        tell.shipped(book, 100_000)
        post(book, [tell.change({"pet": 1_000}, [("pet.clear", 1_001)], reason="magic")])


def test_a_reversal_restores_every_figure_and_is_final(book):
    post(book, [tell.sorting()])
    tell.shipped(book, 100_000)
    before = balances(book)
    done = post(book, [tell.change({"pet": 60_000}, [("pet.clear", 42_000)])])[0]
    sold = post(book, [tell.sale({"pet.clear": 1_000})])[0]
    with pytest.raises(ConflictError, match="is in use: 1000 g went on; reverse first"):
        post(book, [tell.reversal(done.id, "S1")])
    post(book, [tell.reversal(sold.id, "S1"), tell.reversal(done.id, "S1")])
    assert balances(book) == before
    with pytest.raises(ConflictError, match="is reversed already"):
        post(book, [tell.reversal(done.id, "S1")])
    assert entry(book, done.id).reversed_by == done.seq + 3
    assert verify(book).whole


def test_a_correction_names_what_it_stands_for(book):
    wrong = post(book, [tell.ticket(13_000)])[0]
    right = tell.ticket(12_000, corrects=wrong.id)
    post(book, [tell.reversal(wrong.id), right])
    assert entry(book, right.id).corrects == wrong.seq
    with pytest.raises(NotFoundError, match="there is no entry"):
        post(book, [tell.ticket(corrects=tell.deed_id())])


def test_nothing_happens_in_a_closed_period_any_more(book):
    post(book, [tell.ticket(1_000, event_ms=tell.NOW_MS - 5)])
    span = {"event_ms": tell.NOW_MS, "from_ms": tell.NOW_MS - tell.DAY_MS, "to_ms": tell.NOW_MS}
    post(book, [Close(id=tell.deed_id(), site="P1", **span)])
    with pytest.raises(ConflictError, match="lies in a closed period of P1; record it at"):
        post(book, [tell.ticket(event_ms=tell.NOW_MS - 1)])
    post(book, [tell.ticket(event_ms=tell.NOW_MS - 1, site="P2"), tell.ticket()])
    with pytest.raises(ConflictError, match="a part of it is closed already at P1"):
        post(book, [Close(id=tell.deed_id(), site="P1", **span)])
    post(book, [Close(id=tell.deed_id(), site="*", **span)])
    with pytest.raises(ConflictError, match="a part of it is closed already at all sites"):
        post(book, [Close(id=tell.deed_id(), site="P2", **span)])
    assert verify(book).whole


def test_what_another_site_does_does_not_change_a_closed_period(book):
    post(book, [tell.ticket(500)])
    sent = post(book, [tell.dispatch({"pet": 500}, event_ms=tell.NOW_MS)])[0].lots[0]
    closed = {"site": "P1", "from_ms": 0, "to_ms": tell.NOW_MS + 1}
    post(book, [Close(id=tell.deed_id(), event_ms=tell.NOW_MS + 1, **closed)])
    before = balances(book, site="P1")
    with pytest.raises(ConflictError, match="lies in a closed period of P1; record it at"):
        post(book, [tell.arrival({sent: 500}, event_ms=tell.NOW_MS)])
    assert balances(book, site="P1") == before
    post(book, [tell.arrival({sent: 500}, event_ms=tell.NOW_MS + 1)])
    assert stock(book, "S1") == {"pet": 500}


def test_slips_run_in_one_series_without_a_double(book):
    post(book, [tell.ticket(series="P1-A", number=1)])
    with pytest.raises(ConflictError, match="the database refused"):
        post(book, [tell.ticket(series="P1-A", number=1)])
    post(book, [tell.ticket(series="P1-A", number=2)])


def test_a_scale_is_verified_only_so_long(book):
    until = {"verified_until_ms": tell.NOW_MS - 10}
    post(book, [tell.rule("scale", "S-1", until)])
    early = tell.ticket(scale="S-1", event_ms=tell.NOW_MS - 11)
    late, other = tell.ticket(scale="S-1"), tell.ticket(scale="S-2")
    lots = [receipt.lots[0] for receipt in post(book, [early, late, other])]
    assert [trace(book, lot).share("verified") for lot in lots] == [1.0, 0.0, 0.0]
    assert rules(book, "scale") == {"S-1": until}
    assert verify(book).whole


def test_money_moves_between_accounts_of_a_site(book):
    paid = {"site": "P1", "event_ms": tell.NOW_MS, "payer": "fund", "payee": "cash"}
    post(book, [Payment(id=tell.deed_id(), paid_minor=100_000, **paid)])
    post(book, [tell.ticket(2_000, price_minor_per_kg=5_000, paid_minor=10_000)])
    money = {account.role: amount for account, amount in balances(book, ledger="money").items()}
    assert money == {"cash": 90_000, "fund": -100_000, "people": 10_000}


def test_a_clock_in_the_future_is_refused(book):
    with pytest.raises(InputError, match="is 20 minutes in the future"):
        post(book, [tell.ticket(event_ms=tell.NOW_MS + 20 * 60_000)])


def test_an_entry_is_found_by_its_slip_and_by_who_told_it(book):
    told = [
        tell.ticket(series="P1-A", number=1, actor="one"),
        tell.ticket(series="P1-A", number=2, actor="two"),
        tell.ticket(series="P1-B", number=1, actor="one"),
    ]
    post(book, told)
    assert slip(book, "P1-A", 2).id == told[1].id
    assert [one.id for one in entries(book, actor="one")] == [told[0].id, told[2].id]
    assert entries(book, actor="ONE") == []
    for series, number in (("P1-A", 3), ("P1-C", 1), ("", 1)):
        with pytest.raises(NotFoundError, match="no slip"):
            slip(book, series, number)


def test_pages_of_entries_meet_without_gap_or_double(book):
    post(book, [tell.ticket(1_000 + k, f"P{k % 2}") for k in range(25)])
    seen, after = [], 0
    while page := entries(book, site="P1", after=after, most=5):
        seen += [one.seq for one in page]
        after = page[-1].seq
    assert seen == list(range(2, 26, 2))
    newest = entries(book, most=3, newest_first=True, before=20)
    assert [one.seq for one in newest] == [19, 18, 17]


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        (tell.dispatch({"pet": 1}, "P9"), "P9 holds 0 g of pet, not 1 g"),
        (tell.dispatch({77: 1}), "there is no lot 77"),
        (tell.arrival({1: 100}), "lot 1 is not under way"),
        (tell.change({"pet": 1}, []), "process 'sort' has no recipe"),
        (tell.ticket(reason="\0"), "holds a zero character"),
        (tell.reversal(tell.deed_id()), "there is no entry"),
        (tell.rule("custody", "S1/pet", {"model": "book-and-claim"}), "book and claim is refused"),
        (tell.rule("process", "x", {"recipe_ppm": {"pet": {"a": 1}}}), "that sum to 1000000"),
        (tell.rule("scale", "x", {}), "does not say until when"),
        (tell.rule("tolerance", "", {"tolerance_ppm": -1}), "parts per million"),
    ],
)
def test_what_cannot_be_is_refused_in_words(book, deed, said):
    post(book, [tell.ticket()])
    with pytest.raises((ConflictError, InputError, NotFoundError), match=said):
        post(book, [deed])
    assert verify(book).entries == 1
