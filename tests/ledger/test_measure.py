"""What places handled a day, from weighings that contradict each other."""

import random
from math import hypot

import pytest

from ainalym.ledger import measured, post, suspicions
from ainalym.ledger.measure import SCALES, Accuracy
from tests.ledger import tell

DAYS = 10
FROM_MS = tell.NOW_MS - DAYS * tell.DAY_MS


def truckload(book, chance, site, *, tickets=200, off=1.0):
    """Weigh tickets on a scale that errs, send them, weigh them again; the true grams."""
    true_g = [chance.randrange(2_000, 30_000) for _ in range(tickets)]
    seen_g = [
        max(1, round(g + chance.gauss(0, hypot(SCALES.ticket_g, SCALES.ticket_share * g))))
        for g in true_g
    ]
    lots = post(book, [tell.ticket(g, site, event_ms=tell.NOW_MS - 9) for g in seen_g])
    load = {receipt.lots[0]: g for receipt, g in zip(lots, seen_g, strict=True)}
    sent = post(book, [tell.dispatch(load, site, event_ms=tell.NOW_MS - 8)])[0].lots[0]
    weight = sum(true_g) * off
    got = round(weight + chance.gauss(0, hypot(SCALES.load_g, SCALES.load_share * weight)))
    post(book, [tell.arrival({sent: got}, reason="weighed")])
    return sum(true_g), sent


def test_intervals_hold_the_true_masses(quick):
    chance = random.Random(5)
    true_g = {f"P{k}": truckload(quick, chance, f"P{k}")[0] for k in range(60)}
    lines = measured(quick, FROM_MS, tell.NOW_MS + 1)
    assert [line.site for line in lines] == sorted(true_g)
    held = 0
    for line in lines:
        true = true_g[line.site] / 1_000 / DAYS
        assert line.kg_per_day == pytest.approx(true, rel=0.02)
        held += line.kg_per_day_low <= true <= line.kg_per_day_high
    assert held >= 54


def test_a_load_that_cannot_be_right_is_named(quick):
    chance = random.Random(6)
    bad = [truckload(quick, chance, f"P{k}", off=0.9 if k == 3 else 1.0)[1] for k in range(12)][3]
    found = suspicions(quick, FROM_MS, tell.NOW_MS + 1)
    assert [one.lot for one in found] == [bad]
    assert (found[0].site, found[0].to, found[0].material) == ("P3", "S1", "pet")
    assert found[0].got_g < 0.91 * found[0].sent_g
    assert found[0].score > 10


def test_worse_scales_give_wider_intervals(quick):
    truckload(quick, random.Random(7), "P1")
    fine = measured(quick, FROM_MS, tell.NOW_MS + 1)[0]
    worse = Accuracy(ticket_g=200.0, ticket_share=0.01, load_g=200_000.0, load_share=0.005)
    rough = measured(quick, FROM_MS, tell.NOW_MS + 1, accuracy=worse)[0]
    assert rough.kg_per_day_high - rough.kg_per_day_low == pytest.approx(
        10 * (fine.kg_per_day_high - fine.kg_per_day_low), rel=1e-6
    )


def test_where_two_weighings_contradict_each_other_both_stay_possible(quick):
    truckload(quick, random.Random(8), "P1", off=0.9)
    line = measured(quick, FROM_MS, tell.NOW_MS + 1)[0]
    assert line.kg_per_day_low < 0.9 * line.kg_per_day
    assert len(suspicions(quick, FROM_MS, tell.NOW_MS + 1)) == 1


def test_what_was_taken_back_and_what_was_before_is_not_measured(quick):
    wrong = post(quick, [tell.ticket(5_000, event_ms=tell.NOW_MS - 5)])[0]
    post(quick, [tell.reversal(wrong.id), tell.ticket(7_000, event_ms=FROM_MS - 1)])
    assert measured(quick, FROM_MS, tell.NOW_MS + 1) == []
    assert suspicions(quick, FROM_MS, tell.NOW_MS + 1) == []


def test_what_was_never_shipped_is_known_from_its_tickets_alone(quick):
    post(quick, [tell.ticket(8_000, event_ms=tell.NOW_MS - 5) for _ in range(100)])
    line = measured(quick, tell.NOW_MS - tell.DAY_MS, tell.NOW_MS)[0]
    assert line.kg_per_day == pytest.approx(800)
    sd = 10 * (SCALES.ticket_g**2 + (8_000 * SCALES.ticket_share) ** 2) ** 0.5 / 1_000
    assert line.kg_per_day_high - line.kg_per_day == pytest.approx(1.96 * sd, rel=1e-3)
