"""Grams are split exactly, and followed exactly, both ways."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ainalym.errors import NotFoundError
from ainalym.ledger import entries, entry, follow, lot, lots, post, trace, verify
from ainalym.ledger.draws import apportion, mix
from ainalym.ledger.provenance import UNKNOWN, shares
from tests.ledger import tell
from tests.ledger.towns import Town

WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=12)


@given(WEIGHTS.filter(any), st.integers(0, 10**12))
def test_a_split_is_whole_exact_and_within_a_gram_of_its_proportion(weights, total):
    parts = apportion(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, sum(weights))) < 1
        assert part <= weight or total > sum(weights)


@given(WEIGHTS.filter(any), st.data())
def test_a_mixture_gives_all_that_was_taken(taken, data):
    left, made = sum(taken), []
    while left:
        made.append(data.draw(st.integers(1, left)) if len(made) < 6 else left)
        left -= made[-1]
    rows = mix(taken, made)
    assert [sum(row) for row in rows] == taken
    assert [sum(column) for column in zip(*rows, strict=True)] == made
    for row, grams in zip(rows, taken, strict=True):
        for part, out in zip(row, made, strict=True):
            assert abs(part - Fraction(grams * out, sum(taken))) <= len(made)
            assert part >= 0


@pytest.fixture
def town(quick):
    """A book of a small town's week, with a loop: what was sold off is found and sorted again."""
    Town(quick.post, points=6, stations=2, tickets=60).live(6)
    return quick


def exact(book, number, known):
    """The oracle: fractions of a lot's origins, straight from the entries' own draws."""
    if number not in known:
        one = lot(book, number)
        found: dict[int, Fraction] = {}
        if one.source:
            found = {number: Fraction(1)}
        else:
            drawn = [d for d in entry(book, one.entry).draws if d.child == number]
            for draw in drawn:
                share = Fraction(draw.grams, one.made_g)
                for end, part in exact(book, draw.parent, known).items():
                    found[end] = found.get(end, 0) + share * part
            if rest := 1 - sum(Fraction(d.grams, one.made_g) for d in drawn):
                found[UNKNOWN] = found.get(UNKNOWN, 0) + rest
        known[number] = found
    return known[number]


def test_every_lot_is_traced_to_the_fractions_it_is_made_of(town):
    known: dict = {}
    with town.reading() as store:
        numbers = [row[0] for row in store.rows("select id from lot where id % 3 = 0")]
    recycled = shares(town, numbers, "recycled")
    for number in numbers:
        path, due = trace(town, number), exact(town, number, known)
        assert path.ends_g.keys() <= due.keys()
        for end, part in due.items():
            # Each stage may round once, to a millionth of a gram; the end once, to a gram.
            assert abs(path.ends_g.get(end, 0) - part * path.lot.made_g) < 1.01
        counted = sum(
            part for end, part in due.items() if end and lot(town, end).source in ("people",)
        ) + sum(part for end, part in due.items() if end and lot(town, end).source == "container")
        assert recycled[number] == pytest.approx(float(counted), abs=1e-9)
        assert path.share("recycled") == pytest.approx(float(counted), abs=2 / path.lot.made_g)


def test_what_goes_on_is_what_came(town):
    """Followed on, every ticket's grams are in lots that are left, or out of the book."""
    with town.reading() as store:
        tickets = [row[0] for row in store.rows("select id from lot where source <> ''")]
    held: dict[int, float] = {}
    for number in tickets:
        path = follow(town, number)
        assert sum(path.ends_g.values()) == path.lot.made_g
        assert sum(path.left_g.values()) == path.ends_g.get(UNKNOWN, 0)
        for end, grams in path.ends_g.items():
            if end != UNKNOWN:
                held[end] = held.get(end, 0) + grams
    for one in [*lots(town), *lots(town, to="S0"), *lots(town, to="S1")]:
        assert abs(held.get(one.id, 0) - one.left_g) <= len(tickets)


def test_a_loop_ends(quick):
    """What was sorted out is sorted again and again, and every gram still has one origin."""
    back = {"recipe_ppm": {"pet": {"pet": 500_000, "pet.clear": 500_000}}, "band_ppm": 1_000_000}
    post(quick, [tell.rule("process", "again", back)])
    bought = [tell.shipped(quick, 1_000, site=f"P{k}") for k in range(3)]
    made = None
    for _ in range(40):
        run = tell.change({"pet": 3_000}, [("pet", 2_000), ("pet", 1_000)], process="again")
        made = post(quick, [run])[0].lots[1]
    path = trace(quick, made)
    assert sum(path.ends_g.values()) == 1_000
    assert all(abs(grams - 333.3) < 2 for grams in path.ends_g.values())
    assert len(path.ends_g) == len(bought)
    assert verify(quick).whole


def test_more_than_was_sent_is_of_unknown_origin(quick):
    post(quick, [tell.rule("tolerance", "", {"tolerance_ppm": 200_000})])
    here = tell.shipped(quick, 1_000, got=1_100)
    path = trace(quick, here)
    assert path.ends_g[UNKNOWN] == 100
    assert path.share("recycled") == pytest.approx(1_000 / 1_100)


def test_a_sale_taken_back_is_not_followed(quick):
    made = tell.shipped(quick, 1_000)
    sold = post(quick, [tell.sale({made: 400})])[0]
    assert follow(quick, made).left_g == {("sale", sold.seq): 400}
    post(quick, [tell.reversal(sold.id, "S1")])
    assert follow(quick, made).left_g == {}
    assert follow(quick, made).ends_g == {made: 1_000}
    assert len(entries(quick, kind="reversal")) == 1


def test_a_lot_that_was_taken_back_has_left_by_its_reversal(quick):
    ticket = tell.ticket(1_000, "S1")
    bought = post(quick, [ticket])[0]
    post(quick, [tell.rule("process", "sort", {"recipe_ppm": {"pet": {"pet.clear": 1_000_000}}})])
    run = tell.change({"pet": 600}, [("pet.clear", 600)])
    made = post(quick, [run])[0]
    undone = post(quick, [tell.reversal(run.id, "S1")])[0]
    (clear,) = made.lots
    assert follow(quick, clear).ends_g == {UNKNOWN: 600}
    assert follow(quick, clear).left_g == {("reversal", undone.seq): 600}
    assert follow(quick, clear).links == ()
    assert follow(quick, bought.lots[0]).ends_g == {bought.lots[0]: 1_000}
    undone = post(quick, [tell.reversal(ticket.id, "S1")])[0]
    assert follow(quick, bought.lots[0]).left_g == {("reversal", undone.seq): 1_000}


def test_every_lot_is_followed_however_it_came_to_nothing(quick):
    """Weighed, counted and missed, in grams and in pieces, taken back or used up."""
    rule = {"recipe_ppm": {"pet": {"bottle": 1_000_000}}}
    post(quick, [tell.rule("process", "mould", rule)])
    tell.shipped(quick, 20_000)
    mould = [("bottle", 1_000)]
    runs = [
        tell.change({"pet": 1_000}, mould, process="mould", pieces={"bottle": 50}) for _ in "abc"
    ]
    post(quick, runs)
    post(quick, [tell.reversal(runs[2].id, "S1")])
    post(quick, [tell.sale({"bottle": 1_000}, pieces={"bottle": 50})])
    post(quick, [tell.stocktake({"bottle": 0, "pet": 0}, "S1", pieces={"bottle": 0})])
    found = tell.stocktake({"pet": 70}, "S1", pieces={"bottle": 7})
    post(quick, [found])
    post(quick, [tell.reversal(found.id, "S1")])
    with quick.reading() as store:
        numbers = [row[0] for row in store.rows("select id from lot order by id")]
    assert len(numbers) > 8
    for number in numbers:
        path = follow(quick, number)
        assert path.lot.left_g == 0
        assert path.ends_g == {UNKNOWN: path.lot.made_g}
    assert verify(quick).whole


def test_a_lot_that_is_not_there_is_said_so(quick):
    for ask in (trace, follow, lot):
        with pytest.raises(NotFoundError, match="there is no lot 5 in this book"):
            ask(quick, 5)
    with pytest.raises(NotFoundError):
        shares(quick, [5], "recycled")
