"""Nothing is said of a lot that its draws do not bear out, and mass balances keep their limits."""

import pytest

from ainalym.errors import ConflictError, InputError
from ainalym.ledger import claim, mass_balance, post, stock, verify
from ainalym.ledger.custody import DEVIATION_PPM, LONGEST_MS, limits, model_of
from ainalym.model.deed import Close
from tests.ledger import tell

GRIND = {"recipe_ppm": {"pet": {"flake": 1_000_000}}, "band_ppm": 100_000}


def custody(model, material="flake", at_ms=1):
    """The rule that a station keeps a material under a model."""
    return tell.rule("custody", f"S1/{material}", {"model": model}, at_ms=at_ms)


def day_of(days):
    """A moment some days from now, in milliseconds."""
    return tell.NOW_MS + days * tell.DAY_MS


def made(book, sources, model=None, days=0):
    """Grind loads of such sources together: site, source and grams each; the lot of flake."""
    rules = [tell.rule("process", "grind", GRIND)] + ([custody(model)] if model else [])
    post(book, rules)
    for site, source, grams in sources:
        tell.shipped(book, grams, site=site, source=source, event_ms=day_of(days))
    total = sum(grams for *_, grams in sources)
    run = tell.change({"pet": total}, [("flake", total)], process="grind", event_ms=day_of(days))
    return post(book, [run])[0].lots[0]


def test_blending_says_the_exact_share(book):
    lot = made(book, [("P1", "people", 60_000), ("P2", "virgin", 40_000)])
    found = claim(book, lot)
    assert (found.model, found.allowed, found.share) == ("blending", True, 0.6)
    assert found.said == "60.0% recycled, controlled blending"
    assert found.eligible_share == 0.6
    assert found.verified_ratio == 0.0


@pytest.mark.parametrize(
    ("model", "sources", "said"),
    [
        ("identity", [("P1", "people", 9)], "from P1 alone, 100.0% recycled"),
        ("identity", [("P1", "people", 9), ("P2", "people", 1)], "it comes from 2 sites, not"),
        ("segregated", [("P1", "people", 9), ("P2", "people", 1)], "100.0% recycled, kept apart"),
        ("segregated", [("P1", "people", 9), ("P2", "virgin", 1)], "only 90.0% of it is recycled"),
        ("average", [("P1", "people", 9), ("P2", "virgin", 1)], "mass balance, average: 90.0%"),
        ("credit", [("P1", "people", 9), ("P2", "virgin", 1)], "mass balance, credit: 90.0%"),
    ],
)
def test_every_model_says_what_it_may(quick, model, sources, said):
    sources = [(site, source, kg * 1_000) for site, source, kg in sources]
    found = claim(quick, made(quick, sources, model))
    assert found.said.startswith(said)
    assert found.allowed == (not said.startswith(("it comes", "only")))


def test_stockpiles_and_what_was_found_never_count_as_recycled(quick):
    lot = made(quick, [("P1", "stockpile", 5_000), ("P2", "sorting", 5_000)])
    found = claim(quick, lot)
    assert (found.share, found.eligible_share) == (0.5, 0.0)
    post(quick, [tell.stocktake({"pet": 700}, "S1")])
    run = tell.change({"pet": 700}, [("flake", 700)], process="grind")
    assert claim(quick, post(quick, [run])[0].lots[0]).share == 0.0


def test_no_buyer_is_told_more_than_the_book_computes(book):
    lot = made(book, [("P1", "people", 60_000), ("P2", "virgin", 40_000)])
    with pytest.raises(ConflictError, match=r"60\.1% recycled is claimed .* says: 60\.0% recy"):
        post(book, [tell.sale({lot: 10_000}, claimed_ppm=600_001 + 500)])
    with pytest.raises(InputError, match="a share is claimed for no named lot"):
        post(book, [tell.sale({"flake": 10_000}, claimed_ppm=1)])
    told = tell.sale({lot: 10_000}, claimed_ppm=600_000)
    first = post(book, [told])
    assert post(book, [told]) == [first[0]._replace(repeated=True)]
    assert stock(book, "S1") == {"flake": 90_000}


def test_credit_is_spent_once(quick):
    first = made(quick, [("P1", "people", 60_000), ("P2", "virgin", 40_000)], "credit")
    assert claim(quick, first).share == 0.6
    post(quick, [tell.sale({first: 50_000}, claimed_ppm=1_000_000)])
    assert claim(quick, first).share == 0.1
    with pytest.raises(ConflictError, match="is claimed for lot"):
        post(quick, [tell.sale({first: 20_000}, claimed_ppm=1_000_000)])
    twice = [tell.sale({first: 10_000}, claimed_ppm=600_000) for _ in range(2)]
    with pytest.raises(ConflictError, match=r"60\.0% recycled is claimed for lot"):
        post(quick, twice)
    post(quick, [tell.sale({first: 50_000}, claimed_ppm=200_000)])
    assert claim(quick, first).share == 0.0


@pytest.mark.parametrize("days", [(-1, 0), (0, -1)])
def test_credit_is_spent_once_on_whatever_days_it_is_sold(quick, days):
    lot = made(quick, [("P1", "people", 60_000), ("P2", "virgin", 40_000)], "credit", days=-2)
    first, second = (
        tell.sale({lot: 40_000}, claimed_ppm=1_000_000, event_ms=day_of(day)) for day in days
    )
    post(quick, [first])
    assert claim(quick, lot).share == 0.2
    with pytest.raises(ConflictError, match="that is 20000 g more than are left to claim"):
        post(quick, [second])
    assert stock(quick, "S1") == {"flake": 60_000}


def test_credit_of_a_later_day_is_not_sold_before(quick):
    lot = made(quick, [("P1", "virgin", 50_000)], "credit", days=-3)
    made(quick, [("P1", "people", 50_000)], days=-1)
    with pytest.raises(ConflictError, match="20000 g more"):
        post(quick, [tell.sale({lot: 20_000}, claimed_ppm=1_000_000, event_ms=day_of(-2))])
    post(quick, [tell.sale({lot: 20_000}, claimed_ppm=1_000_000, event_ms=day_of(0))])


def test_a_mass_balance_adds_up(quick):
    lot = made(quick, [("P1", "people", 60_000), ("P2", "virgin", 40_000)], "average")
    wrong = post(quick, [tell.sale({lot: 1_000}, claimed_ppm=600_000)])[0]
    post(quick, [tell.sale({lot: 10_000}, claimed_ppm=500_000), tell.reversal(wrong.id, "S1")])
    post(quick, [tell.stocktake({"flake": 89_910}, "S1")])
    held = mass_balance(quick, "S1", "flake", 1, tell.NOW_MS + 1)
    assert held[:8] == ("S1", "flake", 100_000, 60_000, 5_000, 0.6, 1_000, held.faults)
    assert held.credit_g == 55_000
    assert "a mass balance closes within three months" in held.faults[0]
    assert mass_balance(quick, "S1", "flake", tell.NOW_MS, tell.NOW_MS + 1).faults == ()


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ((LONGEST_MS, 5, 5, DEVIATION_PPM), ""),
        ((LONGEST_MS + 1, 5, 5, 0), "closes within three months"),
        ((1, 5, 6, 0), "1 g more were claimed than were recycled; the balance is below zero"),
        ((1, 5, 5, DEVIATION_PPM + 1), r"at most 0.50% is allowed"),
    ],
)
def test_limits_of_a_mass_balance(case, said):
    assert all(said in fault for fault in limits(*case))
    assert len(limits(*case)) == bool(said)


def test_a_period_that_broke_a_limit_cannot_be_closed(book):
    lot = made(book, [("P1", "people", 100_000)], "credit")
    post(book, [tell.sale({lot: 10_000})])
    post(book, [tell.stocktake({"flake": 80_000}, "S1")])
    span = {"event_ms": tell.NOW_MS + 1, "to_ms": tell.NOW_MS + 1}
    for site, from_ms in (("S1", tell.NOW_MS), ("*", tell.NOW_MS)):
        close = Close(id=tell.deed_id(), site=site, from_ms=from_ms, **span)
        with pytest.raises(ConflictError, match=r"flake at S1: a stock-take was 11\.11% off"):
            post(book, [close])
    post(book, [Close(id=tell.deed_id(), site="P1", from_ms=tell.NOW_MS, **span)])
    post(book, [custody("blending", at_ms=2)])
    post(book, [Close(id=tell.deed_id(), site="S1", from_ms=tell.NOW_MS, **span)])
    assert verify(book).whole


def test_a_stock_take_told_with_the_close_counts_and_one_taken_back_does_not(book):
    made(book, [("P1", "people", 100_000)], "credit")
    span = {"from_ms": tell.NOW_MS, "to_ms": tell.NOW_MS + 1}
    close = Close(id=tell.deed_id(), site="S1", event_ms=tell.NOW_MS + 1, **span)
    counted, before = tell.stocktake({"flake": 90_000}, "S1"), verify(book)
    with pytest.raises(ConflictError, match=r"flake at S1: a stock-take was 10\.00% off"):
        post(book, [counted, close])
    assert verify(book) == before and stock(book, "S1") == {"flake": 100_000}
    post(book, [counted, tell.reversal(counted.id, "S1"), close])
    assert stock(book, "S1") == {"flake": 100_000} and verify(book).whole


def test_the_model_of_a_moment_is_the_one_said_before_it(quick):
    post(quick, [custody("segregated", at_ms=10), custody("average", at_ms=20)])
    models = [model_of(quick, "S1", "flake", at_ms) for at_ms in (9, 10, 19, 20)]
    assert models == ["blending", "segregated", "segregated", "average"]
    assert model_of(quick, "S1", "flake") == "average"
    assert model_of(quick, "S2", "flake") == "blending"
