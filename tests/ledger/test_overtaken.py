"""A stock-take that deeds told later contradict is told, whatever the order they come in."""

import sqlite3
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ainalym.errors import ConflictError, InputError, NotFoundError
from ainalym.ledger import entries, open_book, overtaken, pieces, post, stock, verify
from ainalym.ledger.overtaken import MOST_LATE
from ainalym.ledger.store import Store, connect
from ainalym.model.deed import Close
from tests.ledger import servers, tell

SITES, MATERIALS = ("P1", "S1"), ("pet", "glass")
REFUSED = (ConflictError, InputError, NotFoundError)
AT_MS = tell.NOW_MS - 100_000


def at(moment):
    """A moment of a story, in milliseconds."""
    return AT_MS + moment


def grams_off(book, **asked):
    """What is overtaken, by site and material."""
    found = [one for one in overtaken(book, **asked) if one.off_g is not None]
    return {(one.site, one.material): one.off_g for one in found}


def pieces_off(book, **asked):
    """What is overtaken of pieces, by site and material."""
    found = [one for one in overtaken(book, **asked) if one.off_pieces is not None]
    return {(one.site, one.material): one.off_pieces for one in found}


def off_by_the_book(book, as_of_ms=None, *, field="counted", lying=stock):
    """The oracle: what counted grams, or pieces, are off, by plain questions to the book."""
    latest = {}
    for one in entries(book, kind="count", most=1_000):
        if one.reversed_by is None and (as_of_ms is None or one.event_ms <= as_of_ms):
            for material, counted in one.body.get(field, {}).items():
                key = one.site, material
                mine = one.event_ms, one.seq, counted
                latest[key] = max(latest.get(key, mine), mine)
    off = {
        (site, material): lying(book, site, as_of_ms=at_ms).get(material, 0) - counted
        for (site, material), (at_ms, _, counted) in latest.items()
    }
    return {key: quantity for key, quantity in off.items() if quantity}


def agree(book, as_of_ms=None):
    """Hold what is told to the oracle, in grams and in pieces."""
    assert grams_off(book, as_of_ms=as_of_ms) == off_by_the_book(book, as_of_ms)
    by_the_book = off_by_the_book(book, as_of_ms, field="pieces", lying=pieces)
    assert pieces_off(book, as_of_ms=as_of_ms) == by_the_book


def phone_s_case(book):
    """1 kg bought, 3 kg counted; then the 2 kg come in that were bought before."""
    book.post([tell.ticket(1_000, material="glass", event_ms=at(0))])
    counted = book.post([tell.stocktake({"glass": 3_000}, event_ms=at(800))])[0]
    late = book.post([tell.ticket(2_000, material="glass", event_ms=at(500))])[0]
    return counted, late


def test_a_ticket_told_late_overtakes_a_stock_take(book):
    counted, late = phone_s_case(book)
    one = overtaken(book)[0]
    assert one._asdict() == {
        "seq": counted.seq,
        "id": counted.id,
        "site": "P1",
        "material": "glass",
        "event_ms": at(800),
        "counted_g": 3_000,
        "off_g": 2_000,
        "counted_pieces": None,
        "off_pieces": None,
        "late": (late.seq,),
        "late_entries": 1,
    }
    assert overtaken(book, site="P1") == [one] and overtaken(book, site="S1") == []
    assert overtaken(book, as_of_ms=at(800)) == [one] and overtaken(book, as_of_ms=at(799)) == []


def test_counting_again_clears_it(book):
    phone_s_case(book)
    book.post([tell.stocktake({"pet": 0}, event_ms=at(900))])
    assert grams_off(book) == {("P1", "glass"): 2_000}
    book.post([tell.stocktake({"glass": 3_000}, event_ms=at(900))])
    assert overtaken(book) == []
    assert stock(book, "P1") == {"glass": 3_000}
    assert grams_off(book, as_of_ms=at(899)) == {("P1", "glass"): 2_000}


def test_of_two_stock_takes_at_one_moment_the_later_told_is_the_latest(book):
    phone_s_case(book)
    book.post([tell.stocktake({"glass": 3_500}, event_ms=at(800))])
    assert overtaken(book) == []
    assert stock(book, "P1", as_of_ms=at(800)) == {"glass": 3_500}


def test_what_happened_after_a_stock_take_or_was_told_before_it_does_not_overtake(book):
    book.post([tell.ticket(1_000, event_ms=at(0)), tell.ticket(500, event_ms=at(800))])
    book.post([tell.stocktake({"pet": 1_400}, event_ms=at(800))])
    book.post([tell.ticket(700, event_ms=at(801)), tell.dispatch({"pet": 400}, event_ms=at(802))])
    book.post([tell.ticket(700, material="glass", event_ms=at(1))])
    book.post([tell.ticket(700, site="P2", event_ms=at(1))])
    assert overtaken(book) == []
    assert stock(book, "P1", as_of_ms=at(800))["pet"] == 1_400


def test_a_deed_of_the_same_moment_told_after_it_overtakes(book):
    book.post([tell.stocktake({"pet": 1_000}, event_ms=at(800))])
    book.post([tell.ticket(300, event_ms=at(800))])
    assert grams_off(book) == off_by_the_book(book) == {("P1", "pet"): 300}


def test_late_entries_that_come_to_nothing_do_not_overtake(book):
    book.post([tell.stocktake({"pet": 1_000}, event_ms=at(800))])
    book.post([tell.ticket(300, event_ms=at(100))])
    book.post([tell.sale({"pet": 300}, "P1", event_ms=at(200))])
    assert overtaken(book) == []
    book.post([tell.sale({"pet": 200}, "P1", event_ms=at(800))])
    one = overtaken(book)[0]
    assert (one.off_g, one.late_entries) == (-200, 3)


def test_a_reversal_after_a_stock_take_does_not_overtake_and_one_before_does(book):
    first, second = (tell.ticket(1_000, event_ms=at(k)) for k in (0, 1))
    book.post([first, second, tell.stocktake({"pet": 2_000}, event_ms=at(800))])
    book.post([tell.reversal(first.id, event_ms=at(801))])
    assert overtaken(book) == []
    book.post([tell.reversal(second.id, event_ms=at(700))])
    assert grams_off(book) == off_by_the_book(book) == {("P1", "pet"): -1_000}


def test_where_a_stock_take_is_taken_back_the_one_before_is_the_latest(book):
    phone_s_case(book)
    again = tell.stocktake({"glass": 3_100}, event_ms=at(900))
    book.post([again])
    assert overtaken(book) == []
    book.post([tell.reversal(again.id, event_ms=at(950))])
    assert grams_off(book) == {("P1", "glass"): 2_000}


def test_every_deed_that_moves_stock_overtakes(book):
    book.post([tell.sorting(), tell.rule("tolerance", "", {"tolerance_ppm": 1_000_000})])
    tell.shipped(book, 5_000, event_ms=at(0))
    bought = tell.ticket(1_000, event_ms=at(0))
    load = book.post([bought, tell.dispatch({"pet": 1_000}, event_ms=at(1))])[1]
    now = tell.stocktake({"pet": 5_000, "pet.clear": 0}, "S1", event_ms=tell.NOW_MS)
    book.post([now])
    book.post([tell.arrival({load.lots[0]: 900}, event_ms=tell.NOW_MS)])
    assert grams_off(book) == {("S1", "pet"): 900}
    book.post([tell.change({"pet": 2_000}, [("pet.clear", 1_500)], event_ms=tell.NOW_MS)])
    assert grams_off(book) == {("S1", "pet"): -1_100, ("S1", "pet.clear"): 1_500}
    book.post([tell.sale({"pet.clear": 500}, event_ms=tell.NOW_MS)])
    book.post([tell.dispatch({"pet": 100}, "S1", "S2", event_ms=tell.NOW_MS)])
    assert grams_off(book) == {("S1", "pet"): -1_200, ("S1", "pet.clear"): 1_000}
    assert off_by_the_book(book) == grams_off(book)


def test_many_late_entries_are_counted_and_the_first_are_named(book, monkeypatch):
    monkeypatch.setattr(sys.modules[overtaken.__module__], "AT_ONCE", 3)
    book.post([tell.stocktake({"pet": 1_000}, event_ms=at(800))])
    told = book.post([tell.ticket(10, event_ms=at(k)) for k in range(MOST_LATE + 5)])
    book.post([tell.stocktake({"glass": 0}, f"P{k}", event_ms=at(800)) for k in range(5)])
    book.post([tell.ticket(7, f"P{k}", "glass", event_ms=at(5)) for k in range(5)])
    assert grams_off(book).pop(("P4", "glass")) == 7
    one = {one.material: one for one in overtaken(book, site="P1")}["pet"]
    assert one.late == tuple(receipt.seq for receipt in told[:MOST_LATE])
    assert (one.late_entries, one.off_g) == (MOST_LATE + 5, 10 * (MOST_LATE + 5))


def test_a_stock_take_told_late_works_against_the_stock_of_its_own_moment(book):
    book.post([tell.ticket(1_000, event_ms=at(0)), tell.ticket(700, event_ms=at(900))])
    book.post([tell.stocktake({"pet": 1_200}, event_ms=at(500))])
    assert stock(book, "P1", as_of_ms=at(500)) == {"pet": 1_200}
    assert stock(book, "P1") == {"pet": 1_900}
    assert overtaken(book) == []


def bales_sold_late(book, **counted):
    """4 bales counted, and the 3 that were sold before told after it."""
    book.post([tell.ticket(9_000, event_ms=at(0))])
    book.post([tell.stocktake({}, event_ms=at(100), pieces={"pet": 7})])
    taken = book.post([tell.stocktake(counted, event_ms=at(800), pieces={"pet": 4})])[0]
    sold = tell.sale({"pet": 3_000}, "P1", event_ms=at(500), pieces={"pet": 3})
    return taken, book.post([sold])[0], sold


def test_a_sale_of_pieces_told_late_overtakes_a_stock_take_of_pieces(book):
    counted, late, _ = bales_sold_late(book)
    (one,) = overtaken(book)
    assert one._asdict() == {
        "seq": counted.seq,
        "id": counted.id,
        "site": "P1",
        "material": "pet",
        "event_ms": at(800),
        "counted_g": None,
        "off_g": None,
        "counted_pieces": 4,
        "off_pieces": -3,
        "late": (late.seq,),
        "late_entries": 1,
    }
    with pytest.raises(ConflictError, match=r"counted 4 pieces of pet at P1.*-3 pieces told"):
        post(book, [closes(book, at(801))])
    again = {"event_ms": at(800), "pieces": {"pet": 4}}
    with pytest.raises(ConflictError, match="count the pieces of pet again"):
        # Grams are no count of pieces.
        post(book, [tell.stocktake({"pet": 6_000}, event_ms=at(800)), closes(book, at(801))])
    post(book, [tell.stocktake({}, **again), closes(book, at(801))])
    assert pieces(book, "P1") == {"pet": 4} and overtaken(book) == []


def test_grams_and_pieces_of_one_stock_take_are_overtaken_each_by_itself(book):
    _, _, sold = bales_sold_late(book, pet=6_000)
    assert grams_off(book) == {("P1", "pet"): -3_000} and pieces_off(book) == {("P1", "pet"): -3}
    agree(book)
    with pytest.raises(ConflictError, match=r"count the pieces of pet again(.|\n)*count pet again"):
        post(book, [closes(book, at(801))])
    book.post([tell.stocktake({"pet": 6_000}, event_ms=at(900))])
    assert grams_off(book) == {} and pieces_off(book) == {("P1", "pet"): -3}
    book.post([tell.reversal(sold.id, event_ms=at(500))])
    assert pieces_off(book) == {} and grams_off(book) == {("P1", "pet"): 3_000}
    agree(book)


def test_where_a_stock_take_of_pieces_is_taken_back_the_one_before_is_the_latest(book):
    bales_sold_late(book)
    again = tell.stocktake({}, event_ms=at(900), pieces={"pet": 4})
    book.post([again])
    assert overtaken(book) == []
    book.post([tell.reversal(again.id, event_ms=at(950))])
    assert pieces_off(book) == {("P1", "pet"): -3}


def closes(book, to_ms, **said):
    """Close the story so far."""
    same = {"site": "P1", "event_ms": tell.NOW_MS, "from_ms": AT_MS, "to_ms": to_ms} | said
    return Close(id=tell.deed_id(), **same)


@pytest.mark.parametrize("site", ["P1", "*"])
def test_a_period_is_not_closed_on_an_overtaken_stock_take_until_it_is_taken_again(book, site):
    counted, _ = phone_s_case(book)
    with pytest.raises(ConflictError, match=r"counted 3000 g of glass at P1.*\+2000 g"):
        post(book, [closes(book, at(801), site=site)])
    post(book, [closes(book, at(500), site="P2"), closes(book, at(100), site=site)])
    again = tell.stocktake({"glass": 3_000}, event_ms=at(800))
    with pytest.raises(ConflictError, match="count glass again"):
        # Neither an earlier moment, nor another material, nor the stock-take itself once more.
        post(book, [
            tell.stocktake({"glass": 3_000}, event_ms=at(799)),
            tell.stocktake({"pet": 0}, event_ms=at(800)),
            closes(book, at(801), site=site, from_ms=at(100)),
        ])  # fmt: skip
    receipts = post(book, [again, closes(book, at(801), site=site, from_ms=at(100))])
    assert receipts[0].seq > counted.seq
    assert stock(book, "P1", as_of_ms=at(800)) == {"glass": 3_000}
    assert overtaken(book) == []


def test_an_overtaken_stock_take_told_once_more_does_not_count_as_a_new_one(book):
    book.post([tell.ticket(1_000, event_ms=at(0))])
    counted = tell.stocktake({"pet": 3_000}, event_ms=at(800))
    book.post([counted])
    book.post([tell.ticket(2_000, event_ms=at(500))])
    with pytest.raises(ConflictError, match="count pet again"):
        post(book, [counted, closes(book, at(801))])


def test_a_ticket_told_with_the_close_overtakes_as_one_told_before_it(book):
    book.post([tell.stocktake({"pet": 1_000}, event_ms=at(800))])
    late, before = tell.ticket(300, event_ms=at(100)), verify(book)
    with pytest.raises(ConflictError, match=r"counted 1000 g of pet at P1.*\+300 g"):
        post(book, [late, closes(book, at(801))])
    # Of what was refused nothing is remembered either.
    assert verify(book) == before and overtaken(book) == []
    with pytest.raises(ConflictError, match="count pet again"):
        post(book, [tell.stocktake({"pet": 700}, event_ms=at(500)), closes(book, at(801))])
    assert overtaken(book) == []
    post(book, [late, tell.stocktake({"pet": 1_300}, event_ms=at(800)), closes(book, at(801))])
    assert stock(book, "P1") == {"pet": 1_300} and verify(book).whole


def test_what_comes_while_a_close_is_looked_at_comes_after_it(where):
    """Nothing is recorded between the look and the seal."""
    came = []

    def late(book):
        try:
            book.post([tell.ticket(300, event_ms=at(100))])
        except ConflictError as error:
            came.append(str(error))

    with open_book(where, clock=lambda: tell.NOW_MS) as book:
        book.post([tell.stocktake({"pet": 1_000}, event_ms=at(800))])

        def check(written, deeds):
            assert [deed.kind for deed in deeds] == ["close"] and overtaken(written) == []
            other.start()

        other = threading.Thread(target=late, args=(book,))
        book.post([closes(book, at(801))], check=check)
        other.join()
        assert overtaken(book) == [] and len(came) == 1 and "closed period" in came[0]


def test_all_that_is_against_a_close_is_told_at_once(book):
    phone_s_case(book)
    book.post([tell.rule("custody", "P1/pet", {"model": "credit"})])
    span = closes(book, at(801), from_ms=AT_MS - 100 * tell.DAY_MS)
    with pytest.raises(ConflictError, match=r"three months(.|\n)*count glass again"):
        post(book, [span])


# A story: what happens at which moment, in which order it comes in.
MOMENT, GRAMS, PIECES = st.integers(0, 9), st.integers(1, 9), st.integers(0, 3)
COUNTED = st.sampled_from((["counted", "pieces"], ["counted"], ["pieces"]))
SITE, MATERIAL = st.sampled_from(SITES), st.sampled_from(MATERIALS)
HAPPENED = st.one_of(
    st.tuples(st.just("ticket"), MOMENT, SITE, MATERIAL, GRAMS),
    st.tuples(st.just("dispatch"), MOMENT, SITE, MATERIAL, GRAMS, PIECES),
    st.tuples(st.just("sale"), MOMENT, SITE, MATERIAL, GRAMS, PIECES),
    st.tuples(st.just("count"), MOMENT, SITE, MATERIAL, st.integers(0, 20), COUNTED),
    st.tuples(st.just("reversal"), MOMENT, st.integers(0, 30)),
)


def deed_of(happened, known):
    """Make the deed that is told."""
    kind, moment, *said = happened
    if kind == "reversal":
        of = known[said[0] % len(known)] if known else tell.ticket()
        return tell.reversal(of.id, of.site, event_ms=max(at(moment), of.event_ms))
    site, material, grams, *more = said
    if kind == "ticket":
        return tell.ticket(grams, site, material, event_ms=at(moment))
    if kind == "count":
        counted = {"counted": {}} | {field: {material: grams} for field in more[0]}
        return tell.stocktake(site=site, event_ms=at(moment), **counted)
    taken = {"event_ms": at(moment), "pieces": {material: more[0]} if more[0] else {}}
    if kind == "sale":
        return tell.sale({material: grams}, site, **taken)
    return tell.dispatch({material: grams}, site, "S2", **taken)


def hold(book, arrivals, batches):
    """Tell deeds in the order they come in; each stock-take either holds or is told as off."""
    told, waiting = [], []
    for k, happened in enumerate(arrivals):
        waiting.append(deed_of(happened, told + waiting))
        if len(waiting) < batches[k % len(batches)]:
            continue
        try:
            book.post(waiting)
        except REFUSED:
            waiting = []
            continue
        told, waiting = told + waiting, []
        # Asked all along, so that what is remembered of the book is held to it too.
        agree(book)
    for moment in (0, 4, 9):
        agree(book, at(moment))
    for one in overtaken(book):
        moved = {
            entry.seq
            for entry in entries(book, site=one.site, after=one.seq, to_ms=one.event_ms + 1)
            if sum(
                posting.quantity
                for posting in entry.postings
                if posting.account[:4] == (one.ledger, "stock", one.site, one.material)
            )
        }
        assert set(one.late) == moved and one.late_entries == len(moved)


STORIES = (st.lists(HAPPENED, min_size=12, max_size=25), st.lists(st.integers(1, 3), min_size=1))


@settings(max_examples=150, deadline=None)
@given(*STORIES)
def test_in_any_order_of_arrival_each_stock_take_holds_or_is_told_as_off(arrivals, batches):
    connection = sqlite3.connect(":memory:", isolation_level=None)
    with open_book(connection, clock=lambda: tell.NOW_MS) as book:
        hold(book, arrivals, batches)
    connection.close()


def test_in_any_order_of_arrival_it_is_so_on_postgres_too():
    with servers.schema(servers.wheel()) as address:
        setting = connect(address)
        name = address.rpartition("%3D")[2]

        @settings(max_examples=12, deadline=None)
        @given(*STORIES)
        def there(arrivals, batches):
            setting.run(f"drop schema {name} cascade")
            setting.run(f"create schema {name}")
            with open_book(address, clock=lambda: tell.NOW_MS) as book:
                hold(book, arrivals, batches)

        there()
        setting.close()


@settings(max_examples=60, deadline=None)
@given(arrivals=st.lists(HAPPENED, min_size=2, max_size=12), order=st.randoms())
def test_a_stock_take_at_its_telling_sets_the_book_as_of_its_own_moment(arrivals, order):
    """Also where entries of later moments are in the book, or in the same request."""
    order.shuffle(arrivals)
    connection = sqlite3.connect(":memory:", isolation_level=None)
    with open_book(connection, clock=lambda: tell.NOW_MS) as book:
        told = []
        for happened in arrivals:
            deed = deed_of(happened, told)
            after = tell.ticket(3, deed.site, event_ms=at(99))
            try:
                book.post([after, deed])
            except REFUSED:
                continue
            told.append(deed)
            if deed.kind == "count":
                for lying, counted in ((stock, deed.counted), (pieces, deed.pieces)):
                    as_of = lying(book, deed.site, as_of_ms=deed.event_ms)
                    assert all(as_of.get(what, 0) == number for what, number in counted.items())
    connection.close()


def test_a_second_process_s_deeds_are_seen(where):
    """What is remembered of stock-takes follows what others write."""
    if not str(where).startswith("postgres"):
        pytest.skip("a SQLite book has one writer")
    clock = {"clock": lambda: tell.NOW_MS}
    with open_book(where, **clock) as one, open_book(where, **clock) as other:
        counted = tell.stocktake({"pet": 1_000}, event_ms=at(800))
        one.post([counted])
        assert overtaken(other) == []
        one.post([tell.ticket(300, event_ms=at(100))])
        assert grams_off(other) == {("P1", "pet"): 300}
        other.post([tell.reversal(counted.id, event_ms=at(900))])
        assert overtaken(one) == []


def test_a_book_that_is_only_read_tells_it_too(tmp_path):
    where = tmp_path / "book.sqlite"
    with open_book(where, clock=lambda: tell.NOW_MS) as book:
        phone_s_case(book)
        with open_book(where, read_only=True) as beside:
            assert grams_off(beside) == {("P1", "glass"): 2_000}


def test_stock_takes_are_read_once(tmp_path, monkeypatch):
    """Asking again is not reading everything again."""
    with open_book(tmp_path / "book.sqlite", clock=lambda: tell.NOW_MS) as book:
        phone_s_case(book)
        overtaken(book)
        asked = []
        rows = Store.rows
        monkeypatch.setattr(
            Store, "rows", lambda self, sql, values=(): asked.append(sql) or rows(self, sql, values)
        )
        overtaken(book)
        assert len(asked) == 2, "which entries are late, and what they moved"
        book.post([tell.ticket(10, event_ms=at(900))])
        asked.clear()
        overtaken(book)
        assert len(asked) == 3, "and the stock-takes among what is new"
