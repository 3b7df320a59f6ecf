"""Pieces of products are counted under the laws that grams are weighed under."""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ainalym.errors import ConflictError, InputError
from ainalym.ledger import (
    balances,
    entries,
    lots,
    open_book,
    pieces,
    post,
    stock,
    trace,
    verify,
    write_journal,
)
from ainalym.ledger.epcis import document
from tests.ledger import tell


@pytest.fixture
def shop(book):
    """A maker's site S1 with 950 bottles of 19 kg."""
    rule = {"recipe_ppm": {"pet": {"bottle": 950_000, "loss": 50_000}}}
    post(book, [tell.rule("process", "mould", rule)])
    tell.shipped(book, 20_000)
    made = [("bottle", 19_000)]
    post(book, [tell.change({"pet": 20_000}, made, process="mould", pieces={"bottle": 950})])
    return book


def test_what_is_made_is_weighed_and_counted(shop):
    assert stock(shop, "S1") == {"bottle": 19_000}
    assert pieces(shop, "S1") == {"bottle": 950}
    assert balances(shop, ledger="count") == {
        ("count", "source", "S1", "bottle", ""): -950,
        ("count", "stock", "S1", "bottle", ""): 950,
    }
    assert verify(shop).whole


def test_pieces_are_sold_at_a_price_each_and_never_below_none(shop):
    sold = {"pieces": {"bottle": 100}, "price_minor_per_piece": {"bottle": 9_000}}
    post(shop, [tell.sale({"bottle": 2_000}, buyer="shop", **sold)])
    assert pieces(shop, "S1") == {"bottle": 850}
    owed = balances(shop, role="buyer", what="KZT")
    assert owed[("money", "buyer", "S1", "KZT", "shop")] == 900_000
    with pytest.raises(ConflictError, match="S1 holds 850 pieces of bottle, not 851 pieces"):
        post(shop, [tell.sale({"bottle": 1}, pieces={"bottle": 851})])
    with pytest.raises(ConflictError, match="holds 0 pieces of cap, not 1 pieces"):
        post(shop, [tell.sale({}, pieces={"cap": 1})])
    with pytest.raises(
        ConflictError, match="pieces of bottle leave S1, and nothing of their weight"
    ):
        post(shop, [tell.sale({}, pieces={"bottle": 1})])
    assert verify(shop).whole


def test_pieces_travel_and_what_is_missing_on_arrival_is_lost(shop):
    sent = tell.dispatch({"bottle": 10_000}, "S1", "stand", pieces={"bottle": 500})
    mass, count = post(shop, [sent])[0].lots
    with pytest.raises(ConflictError, match=r"more than 0\.50% off"):
        post(shop, [tell.arrival({mass: 10_000, count: 490}, "stand")])
    post(shop, [tell.arrival({mass: 9_990, count: 490}, "stand", reason="a torn bag")])
    assert pieces(shop, "stand") == {"bottle": 490}
    assert balances(shop, ledger="count", role="lost") == {
        ("count", "lost", "stand", "bottle", ""): 10
    }
    assert verify(shop).whole


def test_a_stock_take_counts_pieces_both_ways(shop):
    post(shop, [tell.stocktake({}, "S1", pieces={"bottle": 940})])
    assert pieces(shop, "S1") == {"bottle": 940}
    post(shop, [tell.stocktake({"bottle": 19_001}, "S1", pieces={"bottle": 960})])
    assert pieces(shop, "S1") == {"bottle": 960}
    assert stock(shop, "S1") == {"bottle": 19_001}
    assert verify(shop).whole


def test_pieces_are_used_up_in_a_process_and_taken_back(shop):
    rule = {"recipe_ppm": {"bottle": {"crate": 1_000_000}}}
    post(shop, [tell.rule("process", "pack", rule)])
    before = balances(shop)
    packed = tell.change(
        {"bottle": 240}, [("crate", 240)], process="pack", used={"bottle": 12}, pieces={"crate": 1}
    )
    post(shop, [packed])
    assert pieces(shop, "S1") == {"bottle": 938, "crate": 1}
    post(shop, [tell.reversal(packed.id, "S1")])
    assert balances(shop) == before
    assert verify(shop).whole


def test_a_lot_of_pieces_is_chosen_by_hand_and_traced_to_what_was_weighed(shop):
    (count,) = lots(shop, site="S1", ledger="count")
    assert {one.account.ledger for one in lots(shop, site="S1")} == {"mass"}
    post(shop, [tell.sale({count.id: 950, "bottle": 19_000})])
    assert pieces(shop, "S1") == {}
    path = trace(shop, count.id)
    assert path.share("recycled") == 1.0
    assert sum(path.ends_g.values()) == path.lot.made_g == 19_000


def test_pieces_are_exported_as_pieces_and_never_as_mass_or_money(shop, tmp_path):
    post(shop, [tell.stocktake({}, "S1", pieces={"bottle": 940})])
    write_journal(shop, tmp_path / "journal")
    journal = (tmp_path / "journal").read_text(encoding="utf-8")
    assert 'count:stock:S1:bottle  950 "bottle"' in journal
    assert 'count:stock:S1:bottle  -10 "bottle"' in journal
    told = document(entries(shop, most=100), "https://book.example")
    made, counted = told["epcisBody"]["eventList"][-2:]
    assert [one["quantity"] for one in made["outputQuantityList"]] == [19]
    assert counted["quantityList"] == []


def test_what_is_counted_is_weighed_too():
    with pytest.raises(InputError, match="pieces cap: was counted and not weighed"):
        tell.change({"pet": 10}, [("bottle", 9)], pieces={"cap": 2})
    for number in (0, -1):
        with pytest.raises(InputError, match="give whole pieces above 0"):
            tell.sale({}, pieces={"x": number})
    with pytest.raises(InputError, match="give a whole number for 'x'"):
        tell.sale({}, pieces={"x": 1.5})
    with pytest.raises(InputError, match="give whole pieces, 0 or more"):
        tell.stocktake({}, pieces={"x": -1})


@given(
    st.lists(
        st.tuples(st.sampled_from(["make", "sell", "send", "count", "use"]), st.integers(1, 40)),
        max_size=25,
    )
)
def test_any_story_of_pieces_sums_to_zero_and_is_never_below_none(story):
    rule = {"recipe_ppm": {"pet": {"b": 1_000_000}, "b": {"b": 1_000_000}}, "band_ppm": 1_000_000}
    with (
        closing(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)) as raw,
        open_book(raw, clock=lambda: tell.NOW_MS) as book,
    ):
        post(book, [tell.rule("process", "sort", rule), tell.ticket(10_000, "S1")])
        post(book, [tell.change({"pet": 1_000}, [("b", 1_000)])])
        there = 0
        for what, many in story:
            told = {
                "make": lambda n: tell.change({"pet": 10}, [("b", 10)], pieces={"b": n}),
                "sell": lambda n: tell.sale({"b": 1}, pieces={"b": n}),
                "send": lambda n: tell.dispatch({"b": 1}, "S1", "S2", pieces={"b": n}),
                "count": lambda n: tell.stocktake({}, "S1", pieces={"b": n}),
                "use": lambda n: tell.change({"b": 1}, [("b", 1)], used={"b": n}),
            }[what](many)
            if what in ("sell", "send", "use") and many > there:
                with pytest.raises(ConflictError, match=f"holds {there} pieces of b"):
                    post(book, [told])
                continue
            post(book, [told])
            there = many if what == "count" else there + many * (1 if what == "make" else -1)
            assert pieces(book, "S1").get("b", 0) == there
        assert sum(balances(book, ledger="count").values()) == 0
        assert verify(book).whole
