"""No gram supports more than one claim, whatever becomes of it and in whatever order."""

from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ainalym.errors import ConflictError
from ainalym.ledger import claim, entries, entry, lots, mass_balance, open_book, post, trace
from ainalym.ledger.credit import FOREVER, flows
from ainalym.ledger.custody import LONGEST_MS
from ainalym.model.deed import Close
from ainalym.model.entry import Source
from ainalym.units import PPM
from tests.ledger import tell

SITES, MATERIALS = ("A", "B"), ("pet", "flake")
MILL = {
    "recipe_ppm": {one: {"pet": 500_000, "flake": 500_000} for one in MATERIALS},
    "band_ppm": PPM,
}
WHOLE = 100_000


def under(model, *places):
    """The rules that places are under a model, and that a mill takes and makes anything."""
    named = [tell.rule("custody", place, {"model": model}) for place in places]
    return [tell.rule("process", "mill", MILL), *named]


def bought(book, source, site="A", **said):
    """A lot of so much from a source."""
    return post(book, [tell.ticket(WHOLE, site, source=source, **said)])[0].lots[0]


def moved(book, lot, site, to, at=None, **said):
    """Send a lot, and weigh it in there or where it is said; the lot that came."""
    load = post(book, [tell.dispatch({lot: WHOLE}, site, to, **said)])[0].lots[0]
    back = {"reason": "it came back"} if at else {}
    return post(book, [tell.arrival({load: WHOLE}, at or to, **said, **back)])[0].lots[0]


def milled(book, lot, *outputs, site="A", **said):
    """Put a lot through the mill; the lots it made."""
    run = tell.change({}, outputs, site, "mill", lots={lot: WHOLE}, **said)
    return post(book, [run])[0].lots


def claimed(book, lot, grams=WHOLE, site="A", ppm=PPM, **said):
    """Sell grams of a lot with a claim."""
    return post(book, [tell.sale({lot: grams}, site, claimed_ppm=ppm, **said)])[0]


def closing(site="*", from_ms=tell.NOW_MS - tell.DAY_MS):
    """The close of a time that ends now."""
    span = {"from_ms": from_ms, "to_ms": tell.NOW_MS + 1, "event_ms": tell.NOW_MS + 1}
    return Close(id=tell.deed_id(), site=site, **span)


def left(book, site="A", material="pet"):
    """What is left of the credit of a place, below zero where too much was claimed."""
    return flows(book, site, material).between(0, FOREVER).left_g


def test_what_is_baled_anew_is_no_new_credit(book):
    post(book, under("credit", "A/pet"))
    people, virgin = bought(book, "people"), bought(book, "virgin")
    claimed(book, virgin)
    milled(book, people, ("pet", WHOLE))
    assert left(book) == 0
    held = mass_balance(book, "A", "pet", tell.NOW_MS, tell.NOW_MS + 1)
    assert (held.made_g, held.recycled_g, held.gone_g) == (2 * WHOLE, WHOLE, 0)
    other = bought(book, "virgin")
    with pytest.raises(ConflictError, match=f"{WHOLE} g more than are left to claim"):
        claimed(book, other)
    post(book, [closing()])


@pytest.mark.parametrize("model", ["average", "credit"])
def test_what_is_sent_and_taken_back_is_no_new_credit(book, model):
    post(book, under(model, "A/pet"))
    people, virgin = bought(book, "people"), bought(book, "virgin")
    for _ in range(2):
        people = moved(book, people, "A", "B", at="A")
    held = mass_balance(book, "A", "pet", tell.NOW_MS, tell.NOW_MS + 1)
    assert held[2:6] == (2 * WHOLE, WHOLE, 0, 0.5)
    assert (held.gone_g, held.credit_g) == (0, WHOLE)
    ppm = PPM // 2 if model == "average" else PPM
    claimed(book, virgin, ppm=ppm)
    assert left(book) == WHOLE - WHOLE * ppm // PPM


def test_what_is_on_its_way_is_not_claimed_where_it_left(quick):
    post(quick, under("credit", "A/pet"))
    people, virgin = bought(quick, "people"), bought(quick, "virgin")
    load = post(quick, [tell.dispatch({people: WHOLE}, "A", "B")])[0].lots[0]
    with pytest.raises(ConflictError, match=f"{WHOLE} g more than are left to claim"):
        claimed(quick, virgin)
    post(quick, [tell.arrival({load: WHOLE - 400}, "A", reason="it came back")])
    assert left(quick) == WHOLE - 400
    claimed(quick, virgin, WHOLE - 400)


def test_what_was_claimed_here_is_not_claimed_again_where_it_goes(book):
    post(book, under("credit", "A/pet"))
    people, virgin = bought(book, "people"), bought(book, "virgin")
    sold = claimed(book, virgin)
    there = moved(book, people, "A", "B")
    assert left(book) == -WHOLE
    said = f"0.0% recycled, controlled blending; {WHOLE} g more of pet were claimed at A than are"
    found = claim(book, there)
    assert (found.share, found.spent) == (0.0, True) and found.said.startswith(said)
    with pytest.raises(ConflictError, match=r"100\.0% recycled is claimed .* says: 0\.0%"):
        claimed(book, there, site="B")
    for site in ("*", "A"):
        with pytest.raises(ConflictError, match=f"pet at A: in all, {WHOLE} g more|below zero"):
            post(book, [closing(site)])
    post(book, [tell.reversal(sold.id, "A")])
    claimed(book, there, site="B")
    with pytest.raises(ConflictError, match="left to claim"):
        claimed(book, virgin)
    post(book, [closing()])


@pytest.mark.parametrize("first", ["A", "B"])
def test_credit_of_two_sites_is_that_of_one_ticket(quick, first):
    """Each site sells virgin on the credit of one recycled lot that goes from one to the other."""
    post(quick, under("credit", "A/pet", "B/pet"))
    virgin = {site: bought(quick, "virgin", site) for site in SITES}
    people = bought(quick, "people")
    if first == "A":
        claimed(quick, virgin["A"])
    people = moved(quick, people, "A", "B")
    if first == "B":
        claimed(quick, virgin["B"], site="B")
        people = moved(quick, people, "B", "A")
    last = "B" if first == "A" else "A"
    with pytest.raises(ConflictError, match=f"{WHOLE} g more of pet were claimed at {first}"):
        claimed(quick, virgin[last], site=last)
    with pytest.raises(ConflictError, match=f"{WHOLE} g more of pet were claimed at {first}"):
        claimed(quick, people, site=last)


def test_what_was_claimed_is_not_claimed_again_as_what_it_becomes(quick):
    post(quick, under("credit", "A/pet"))
    people, virgin = bought(quick, "people"), bought(quick, "virgin")
    claimed(quick, virgin, 60_000)
    flake, pet = milled(quick, people, ("flake", 70_000), ("pet", 20_000))
    assert left(quick) == WHOLE - 60_000 - 80_000
    with pytest.raises(ConflictError, match="40000 g more of pet were claimed at A"):
        claimed(quick, flake, 70_000)
    # What comes in later makes up for what was claimed too much.
    bought(quick, "people")
    claimed(quick, flake, 70_000)
    claimed(quick, pet, 20_000)
    assert left(quick) == 40_000
    post(quick, [closing()])


def test_many_small_claims_are_rounded_up(quick):
    post(quick, under("credit", "A/pet"))
    post(quick, [tell.ticket(2, "A", source="people")])
    virgin = bought(quick, "virgin")
    for _ in range(2):
        claimed(quick, virgin, 1, ppm=999_999)
    with pytest.raises(ConflictError, match="1 g more than are left"):
        claimed(quick, virgin, 1, ppm=1)


def test_lots_of_a_gram_are_not_rounded_one_by_one(quick):
    post(quick, under("credit", "A/flake"))
    people, virgin = (tell.ticket(9, "A", source=one) for one in ("people", "virgin"))
    post(quick, [people, virgin])
    run = tell.change({"pet": 18}, [("flake", 1)] * 17 + [("flake", 1)], "A", "mill")
    post(quick, [run])
    held = mass_balance(quick, "A", "flake", tell.NOW_MS, tell.NOW_MS + 1)
    assert (held.made_g, held.recycled_g) == (18, 9)


def test_credit_is_not_lent_by_a_deed_told_late(quick):
    """Two claims of one gram on two days, with what came in between and after."""
    days = [tell.NOW_MS - day * tell.DAY_MS for day in range(5)]
    post(quick, under("credit", "A/pet"))
    virgin = bought(quick, "virgin", event_ms=days[4])
    bought(quick, "people", event_ms=days[4])
    claimed(quick, virgin, WHOLE // 2, event_ms=days[2])
    bought(quick, "people", event_ms=days[0])
    other = bought(quick, "virgin", event_ms=days[4])
    # On its day there was enough, and there is now; not on the day between.
    with pytest.raises(ConflictError, match=f"{WHOLE // 2} g more"):
        claimed(quick, other, WHOLE, event_ms=days[3])
    claimed(quick, other, WHOLE, event_ms=days[0])
    assert left(quick) == WHOLE // 2


def test_what_left_is_charged_to_the_months_in_which_it_came(quick):
    """A month that only sends on what came before has claimed nothing, and can be closed."""
    begun = tell.NOW_MS - 120 * tell.DAY_MS
    post(quick, under("credit", "A/pet"))
    people = bought(quick, "people", event_ms=begun)
    moved(quick, people, "A", "B")
    held = mass_balance(quick, "A", "pet", tell.NOW_MS - LONGEST_MS + 1, tell.NOW_MS + 1)
    assert held[2:5] == (0, 0, 0) and (held.gone_g, held.faults) == (0, ())
    assert mass_balance(quick, "A", "pet", begun, tell.NOW_MS + 1).gone_g == WHOLE
    post(quick, [closing()])


def test_a_debt_does_not_end_with_its_month(quick):
    """What was claimed in a closed month and sent away in the next is owed until it comes in."""
    begun = tell.NOW_MS - 40 * tell.DAY_MS
    post(quick, under("credit", "A/pet"))
    people, virgin = (bought(quick, one, event_ms=begun) for one in ("people", "virgin"))
    claimed(quick, virgin, event_ms=begun)
    span = {"from_ms": begun, "to_ms": begun + 1, "event_ms": tell.NOW_MS}
    post(quick, [Close(id=tell.deed_id(), site="*", **span)])
    moved(quick, people, "A", "B")
    for model in ("credit", "blending"):
        post(quick, [tell.rule("custody", "A/pet", {"model": model}, begun + 1)])
        with pytest.raises(ConflictError, match=f"in all, {WHOLE} g more were claimed than are"):
            post(quick, [closing("A")])
    bought(quick, "people")
    post(quick, [closing("A")])


def test_a_debt_does_not_end_with_three_months(quick):
    """What comes in long after makes up for what was claimed too much, and is claimed once."""
    begun = tell.NOW_MS - 150 * tell.DAY_MS
    post(quick, under("credit", "A/pet"))
    people, virgin = (bought(quick, one, event_ms=begun) for one in ("people", "virgin"))
    claimed(quick, virgin, event_ms=begun)
    there = moved(quick, people, "A", "B", event_ms=begun)
    bought(quick, "people")
    with pytest.raises(ConflictError, match=f"{WHOLE} g more than are left to claim"):
        claimed(quick, bought(quick, "virgin"))
    claimed(quick, there, site="B")


def test_a_ticket_taken_back_leaves_a_debt(quick):
    post(quick, under("credit", "A/pet"))
    ticket = tell.ticket(WHOLE, "A", source="people")
    post(quick, [ticket])
    claimed(quick, bought(quick, "virgin"))
    post(quick, [tell.reversal(ticket.id, "A")])
    with pytest.raises(ConflictError, match=f"{WHOLE} g more were claimed .* below zero"):
        post(quick, [closing()])


KINDS = ("claim",) * 8 + ("dispatch", "arrival", "change") * 4 + ("ticket",)
KINDS += ("sale", "reversal", "rule", "count")
MODELS = ("credit", "credit", "credit", "average", "blending", "segregated")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.integers(0, 10**6),
        st.sampled_from(SITES),
        st.sampled_from(("pet", "pet", "flake")),
        st.sampled_from((100, 100, 60, 7, 1)),
        st.sampled_from((0, 0, 0, 0, 50, 100)),
    ),
    min_size=10,
    max_size=40,
)


def deed_of(book, step):
    """A deed that may be refused, made of chance; None where there is nothing to do it with."""
    kind, chance, site, material, grams, days = step
    at_ms = tell.NOW_MS - days * tell.DAY_MS
    said = {"event_ms": at_ms, "reason": "by chance"}
    if kind == "ticket":
        source = ("people", "virgin")[chance % 2]
        return tell.ticket(grams, site, material, source=source, **said)
    if kind == "rule":
        model = MODELS[chance % len(MODELS)]
        return tell.rule("custody", f"{site}/{material}", {"model": model}, at_ms)
    if kind == "count":
        return tell.stocktake({material: chance % 500}, site, **said)
    if kind == "reversal":
        told = [one for one in entries(book, most=1_000) if one.kind not in ("rule", "reversal")]
        found = told and told[chance % len(told)]
        return found and tell.reversal(found.id, found.site, event_ms=max(at_ms, found.event_ms))
    here = lots(book, to=site) if kind == "arrival" else lots(book, site=site)
    if not here:
        return None
    # Who cheats claims for what is new, and sends on what is recycled.
    here.sort(key=lambda one: (trace(book, one.id).share("recycled"), one.id))
    one = here[(chance // 8) % len(here)]
    if chance % 8 < 5:
        one = here[0] if kind == "claim" else here[-1]
    said["event_ms"] = max(at_ms, one.event_ms)
    part = {one.id: min(grams, one.left_g)}
    if kind == "arrival":
        return tell.arrival({one.id: max(1, one.left_g - chance % 3)}, SITES[chance % 2], **said)
    if kind == "change":
        grams = part[one.id]
        made = [(material, chance % grams), (MATERIALS[chance % 2], grams - chance % grams)]
        return tell.change({}, [m for m in made if m[1]], site, "mill", lots=part, **said)
    if kind == "dispatch":
        return tell.dispatch(part, site, "B" if site == "A" else "A", **said)
    if kind == "sale":
        return tell.sale(part, site, **said)
    ppm = (PPM, int(claim(book, one.id).share * PPM))[chance % 2]
    return tell.sale(part, site, claimed_ppm=max(1, ppm), **said)


def told_and_came(book):
    """Grams that buyers were told are recycled, and those that came from where it is."""
    told, came = Fraction(0), 0
    for one in entries(book, most=10_000):
        if one.reversed_by is not None:
            continue
        grams = sum(p.quantity for p in one.postings if p.account.role == "sold")
        told += Fraction(grams * (one.body.get("claimed_ppm") or 0), PPM)
        if one.kind == "ticket" and Source(one.body.get("source", "people")).recycled:
            came += one.body["gross_g"]
    return told, came


@settings(max_examples=60)
@given(st.lists(st.sampled_from(MODELS), min_size=4, max_size=4), STEPS)
def test_no_gram_is_claimed_twice(models, steps):
    with (
        TemporaryDirectory() as folder,
        open_book(Path(folder) / "book.sqlite", clock=lambda: tell.NOW_MS) as book,
    ):
        places = [f"{site}/{material}" for site in SITES for material in MATERIALS]
        for place, model in zip(places, models, strict=True):
            post(book, under(model, place))
        # Little is recycled and much is new, so that to claim it twice pays.
        begun = [("A", "people"), ("A", "virgin"), ("A", "virgin"), ("B", "virgin")]
        post(book, [tell.ticket(100, site, source=source) for site, source in begun])
        lacking = False
        for step in steps:
            try:
                deed = deed_of(book, step)
                receipts = post(book, [deed]) if deed else []
            except ConflictError:
                continue
            if receipts and step[0] == "reversal":
                lacking |= entry(book, deed.reverses).kind == "ticket"
            told, came = told_and_came(book)
            # Only where a ticket is taken back may what was told on it lack.
            assert told <= came + Fraction(1, 100) or lacking
        for place in places:
            held = flows(book, *place.split("/"))._replace(claimed=())
            for day in range(4):
                assert held.lowest_g(tell.NOW_MS - day * tell.DAY_MS * 50, 0) >= 0
        told, came = told_and_came(book)
        if told > came + Fraction(1, 100):
            begun = tell.NOW_MS - 101 * tell.DAY_MS
            with pytest.raises(ConflictError, match="below zero"):
                post(book, [closing(from_ms=begun)])
