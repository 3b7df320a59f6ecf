"""Sums that are kept give what entries give, at any time and however they came."""

import random
from collections import Counter
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ainalym.ledger import (
    balances,
    entries,
    monthly_form,
    open_book,
    post,
    received,
    suspicions,
)
from ainalym.ledger import fold as folding
from ainalym.ledger import sums as summing
from ainalym.ledger.schema import copy, create
from ainalym.ledger.store import Store, connect
from ainalym.ledger.sums import buckets, faults, moved
from ainalym.model.deed import KINDS, read_deed
from ainalym.model.entry import Source
from tests.ledger import tell
from tests.ledger.tell import DAY_MS, NOW_MS

SITES, MATERIALS = ("P1", "P2", "P3"), ("pet", "paper")
LONG_AGO_DAYS = 1_200


@pytest.fixture
def few(monkeypatch):
    """Parts so small that a small book has many of them."""
    monkeypatch.setattr(folding, "AT_ONCE", 7)
    monkeypatch.setattr(summing, "LONG", 11)


def live(book, chance, count=60):
    """Tell a book what may happen in any order: much of it late, some of it taken back."""
    told, under_way = [], []
    post(book, [tell.sorting()])
    for _ in range(count):
        site, at_ms = chance.choice(SITES), min(NOW_MS, ends(chance))
        what = chance.choice(MATERIALS)
        kind = chance.choice(("ticket",) * 4 + ("dispatch", "arrival", "change", "sale", "count"))
        if kind == "ticket":
            source = chance.choice([one for one in Source if one != Source.FOUND]).value
            deed = tell.ticket(
                chance.randrange(1, 9_000), site, what, event_ms=at_ms, source=source
            )
            told.append((site, deed, post(book, [deed])[0].lots))
        elif kind == "dispatch" and told:
            site, _deed, lots = told.pop(chance.randrange(len(told)))
            sent = post(book, [tell.dispatch({lot: _left(book, lot) for lot in lots}, site)])
            under_way += sent[0].lots
        elif kind == "arrival" and under_way:
            lot = under_way.pop()
            post(book, [tell.arrival({lot: _left(book, lot) - chance.randrange(2)}, reason="dry")])
        elif kind == "change" and (grams := balances(book, site="S1", what="pet", role="stock")):
            (taken,) = grams.values()
            made = [("pet.clear", taken // 2), ("pet.mixed", taken // 4)]
            run = tell.change({"pet": taken}, [one for one in made if one[1]])
            if all(grams for _, grams in made):
                post(book, [run])
        elif kind == "sale" and (grams := balances(book, site="S1", role="stock")):
            account, there = chance.choice([*grams.items()])
            post(book, [tell.sale({account.what: there})])
        elif kind == "count":
            post(book, [tell.stocktake({what: chance.randrange(9_000)}, "P4")])
        elif told:
            site, deed, _lots = told.pop(chance.randrange(len(told)))
            back_ms = max(deed.event_ms, min(NOW_MS, ends(chance)))
            post(book, [tell.reversal(deed.id, site, event_ms=back_ms)])


def _left(book, lot):
    with book.reading() as store:
        return store.one("select left_g from lot where id = ?", (lot,))[0]


def given_by_entries(book, from_ms, to_ms, site=""):
    """What moved on stock, added up entry by entry, by nothing but their postings."""
    known = {one.seq: one for one in entries(book, most=10_000)}
    found = Counter()
    for one in known.values():
        if not from_ms <= one.event_ms < to_ms:
            continue
        meant = known[one.reverses] if one.reverses else one
        source = read_deed(meant.body).source if meant.kind == "ticket" else ""
        for line in one.postings:
            if line.account.role == "stock" and site in ("", line.account.site):
                sign = 1 if (line.quantity > 0) == (one.reverses is None) else -1
                key = (line.account.site, line.account.what, meant.kind, sign, str(source))
                found[key] += line.quantity
    return {key: grams for key, grams in found.items() if grams}


def told_by_sums(book, from_ms, to_ms, site=""):
    rows = moved(book, "kind", "sign", "source", site=site, from_ms=from_ms, to_ms=to_ms)
    assert len({row[:-1] for row in rows}) == len(rows)
    return {row[:-1]: row[-1] for row in rows if row[-1]}


def ends(chance):
    """A moment, often at the end of a day here or of a bucket of days."""
    ago_days = chance.choice((3, 30, 200, LONG_AGO_DAYS))
    at_ms = NOW_MS - chance.randrange(-DAY_MS, ago_days * DAY_MS)
    days = chance.choice((0, 1, 1, 8, 64, 512))
    if not days:
        return at_ms
    whole = (at_ms + folding.BEGINS_MS) // (days * DAY_MS) * (days * DAY_MS) - folding.BEGINS_MS
    return whole + chance.choice((-1, 0, 1))


@pytest.mark.parametrize("seed", range(4))
def test_a_sum_of_any_period_is_that_of_its_entries_however_far_it_is_folded(book, few, seed):
    chance = random.Random(seed)
    for _ in range(3):
        live(book, chance, 30)
        if chance.random() < 0.7:
            book.fold(wait=True)
        for _ in range(25):
            from_ms, to_ms = sorted((ends(chance), ends(chance)))
            site = chance.choice(("", *SITES, "S1", "nowhere"))
            told = told_by_sums(book, from_ms, to_ms, site)
            assert told == given_by_entries(book, from_ms, to_ms, site)
    with book.reading() as store:
        assert folding.upto(store) > 0
        assert not [*faults(store)]


@pytest.mark.parametrize("seed", range(3))
def test_stock_of_any_moment_is_the_same_kept_or_added_up(book, few, seed):
    chance = random.Random(seed)
    live(book, chance)
    book.fold(wait=True)
    live(book, chance, 20)
    for _ in range(10):
        at_ms = ends(chance)
        asked = {"ledger": "mass", "role": "stock", "site": chance.choice(("", *SITES, "S1"))}
        added_up = balances(book, **asked, as_of_ms=at_ms, as_known_ms=1 << 52)
        assert balances(book, **asked, as_of_ms=at_ms) == added_up


def test_forms_are_the_same_before_and_after_folding_and_where_nothing_is_folded(tmp_path, few):
    path, chance = tmp_path / "book.sqlite", random.Random(5)
    spans = [sorted((ends(chance), ends(chance))) for _ in range(12)]

    def told(book):
        return [(monthly_form(book, *span), received(book, *span)) for span in spans]

    with open_book(path, clock=lambda: NOW_MS) as book:
        live(book, chance)
    with closing(connect(path)) as store:
        folding_begun = folding.upto(store)
    with open_book(path, read_only=True) as book:
        before = told(book)
    assert not folding_begun
    assert any(lines for lines, _ in before)
    with open_book(path, clock=lambda: NOW_MS) as book:
        book.fold(wait=True)
        assert told(book) == before
    with closing(connect(path)) as store:
        store.run("drop table total")
        store.run("drop table folded")
    with open_book(path, read_only=True) as book:
        assert told(book) == before


def test_a_late_ticket_and_a_reversal_go_into_the_day_they_happened(book):
    early = tell.ticket(5_000, event_ms=NOW_MS - 40 * DAY_MS)
    post(book, [early, tell.ticket(700)])
    book.fold(wait=True)
    post(book, [tell.ticket(300, event_ms=NOW_MS - 40 * DAY_MS + 1)])
    span = NOW_MS - 41 * DAY_MS, NOW_MS - 39 * DAY_MS
    assert received(book, *span) == {("P1", "pet"): 5_300}
    book.fold(wait=True)
    assert received(book, *span) == {("P1", "pet"): 5_300}
    post(book, [tell.reversal(early.id, event_ms=NOW_MS - 38 * DAY_MS)])
    book.fold(wait=True)
    assert received(book, *span) == {("P1", "pet"): 5_300}
    assert received(book, span[0], NOW_MS + 1) == {("P1", "pet"): 1_000}


def test_each_entry_counts_once_in_any_part_of_its_day(book):
    at_ms = NOW_MS - 40 * DAY_MS
    for count in (1, 2, 3):
        post(book, [tell.ticket(1_000, event_ms=at_ms)])
        for _ in ("not folded", "folded"):
            for before, after in ((0, 1), (9, 1), (0, 3 * DAY_MS), (3 * DAY_MS, 1)):
                got = received(book, at_ms - before, at_ms + after)
                assert got == {("P1", "pet"): count * 1_000}
            assert received(book, at_ms + 1, NOW_MS) == {}
            assert received(book, at_ms - DAY_MS, at_ms) == {}
            book.fold(wait=True)


@pytest.mark.tampers
@pytest.mark.parametrize("days", folding.SPANS)
@pytest.mark.parametrize(
    "change", ["update total set quantity = quantity + 1", "delete from total"]
)
def test_a_total_that_was_changed_is_found(book, few, days, change):
    live(book, random.Random(1), 20)
    book.fold(wait=True)
    with book.reading() as store:
        assert not [*faults(store)]
        first = store.one(
            "select min(bucket) from total where days = ? and quantity <> 0", (days,)
        )[0]
    _change(book, f"{change} where days = {days} and bucket = {first}")
    with book.reading() as store:
        said = [*faults(store)]
    assert said
    assert any(f"in {days} days from day {first * days} is" in one for one in said)


@pytest.mark.tampers
def test_sums_that_are_said_to_reach_further_than_they_do_are_found(book):
    post(book, [tell.ticket(5_000)])
    book.fold(wait=True)
    post(book, [tell.ticket(300)])
    _change(book, "update folded set upto = 2")
    with book.reading() as store:
        assert next(faults(store)).endswith("is 5000, its entries give 5300")
    _change(book, "update folded set upto = 9")
    with book.reading() as store:
        assert next(faults(store)) == "sums are kept up to entry 9; there are 2"


def _change(book, sql):
    with closing(connect(book.where)) as store:
        store.run(sql)


def test_sums_that_are_thrown_away_are_folded_anew(book, few):
    live(book, random.Random(2), 40)

    def kept():
        book.fold(wait=True)
        with book.reading() as store:
            return store.rows(
                "select * from total order by days, kind, bucket, account, sign, source"
            )

    before = kept()
    assert before
    _change(book, "drop table total")
    assert kept() == before


def test_a_copy_of_a_book_in_the_other_engine_begins_its_sums_anew(book, tmp_path, few):
    live(book, random.Random(3), 30)
    book.fold(wait=True)
    path = tmp_path / "copy.sqlite"
    with book.reading() as source, closing(connect(path)) as target:
        copy(source, target)
    span = NOW_MS - 500 * DAY_MS, NOW_MS
    with open_book(path, clock=lambda: NOW_MS) as copied:
        assert monthly_form(copied, *span) == monthly_form(book, *span)
        copied.fold(wait=True)
        assert monthly_form(copied, *span) == monthly_form(book, *span)


def test_whoever_finds_much_that_is_not_folded_has_it_folded(book, few):
    post(book, [tell.ticket(1_000 + k) for k in range(40)])
    with book.reading() as store:
        assert folding.upto(store) == 0
    received(book, NOW_MS - DAY_MS, NOW_MS + 1)
    book.fold(wait=True)
    with book.reading() as store:
        assert folding.upto(store) == 40


def test_posting_folds_nothing(book):
    live(book, random.Random(4), 20)
    with book.reading() as store:
        assert folding.upto(store) == 0
        assert not store.rows("select 1 from total")


@given(st.integers(0, 30_000), st.integers(0, 30_000))
def test_buckets_hold_each_day_once_and_are_few(first, last):
    found = [*buckets(first, last)]
    days = [day for size, low, high in found for day in range(low * size, high * size)]
    assert sorted(days) == [*range(first, last)]
    assert len(found) <= 2 * len(folding.SPANS)
    assert sum(high - low for _, low, high in found) <= 14 * 3 + 30_000 // folding.SPANS[-1] + 1


def test_a_page_of_entries_takes_as_many_statements_as_one_entry(book, monkeypatch):
    live(book, random.Random(6), 60)
    counted = Counter()
    ask = Store.rows
    monkeypatch.setattr(Store, "rows", lambda *a, **k: counted.update("x") or ask(*a, **k))

    def statements(most, **asked):
        counted.clear()
        found = entries(book, most=most, **asked)
        return len(found), counted["x"]

    one, many = statements(1), statements(500)
    assert one[0] == 1
    assert many[0] > 30
    assert one[1] == many[1]


def test_entries_of_a_kind_are_those_of_that_kind(book):
    live(book, random.Random(6), 60)
    whole = entries(book, most=500)
    assert {"ticket", "dispatch", "reversal", "rule"} <= {one.kind for one in whole}
    for kind in KINDS:
        alike = [one for one in whole if one.kind == kind]
        assert entries(book, most=500, kind=kind) == alike
        assert entries(book, most=2, kind=kind, newest_first=True) == alike[::-1][:2]
    rare = [one for one in whole if one.kind in ("dispatch", "reversal")]
    assert entries(book, most=500, kind=["dispatch", "reversal"]) == rare
    mixed = [one for one in whole if one.kind in ("ticket", "reversal") and one.site == "P1"]
    assert entries(book, site="P1", kind=["ticket", "reversal"]) == mixed


def test_a_reader_waits_for_nothing_while_much_is_folded(where):
    with open_book(where, clock=lambda: NOW_MS) as book:
        post(book, [tell.ticket(1_000, f"P{k % 9}") for k in range(3_000)])
        book.fold()
        with book.reading() as store:
            whole = received(book, NOW_MS - DAY_MS, NOW_MS + 1)
            assert sum(whole.values()) == 3_000_000
            assert folding.upto(store) <= 3_000
        book.fold(wait=True)
        assert received(book, NOW_MS - DAY_MS, NOW_MS + 1) == whole
        assert not suspicions(book, NOW_MS - DAY_MS, NOW_MS + 1)


def test_a_database_without_a_book_has_no_sums(tmp_path):
    with closing(connect(tmp_path / "book.sqlite")) as store:
        assert folding.upto(store) == 0
        create(store)
        assert folding.upto(store) == 0
        assert not [*faults(store)]
