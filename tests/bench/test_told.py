"""The clock notes when each gap was first proven, and when the published optimum was found."""

import numpy as np

from bench import sites
from bench.kinds import Kind
from bench.peers.told import Clock


def clock(kind: Kind, known: float | None = None) -> Clock:
    return Clock(sites.toy(kind), seconds=9.0, marks=(0.1, 0.01), known=known)


def test_gaps_are_shares_of_what_is_shown_on_either_side():
    costs, gains = clock(Kind.MEDIAN), clock(Kind.COVER)
    costs.note(105.0, 100.0)
    gains.note(100.0, 105.0)
    assert list(costs.reached_s) == list(gains.reached_s) == [0.1]


def test_what_was_said_is_held_to_the_recount():
    watch = clock(Kind.MEDIAN, known=100.0)
    watch.note(100.0, 91.0)
    watch.note(100.0, 98.9)
    watch.note(100.0, 99.9)
    assert set(watch.reached_s) == {0.1, 0.01} and watch.found_s is not None
    watch.confirm(102.0, 99.9)  # 2 % dearer than it said
    assert set(watch.reached_s) == {0.1} and watch.found_s is None
    exact = clock(Kind.MEDIAN, known=100.0)
    exact.note(100.0, 98.0)
    exact.confirm(100.0, 99.9)
    assert set(exact.reached_s) == {0.1, 0.01} and exact.found_s is not None


def test_a_gap_is_noted_once_and_nothing_without_numbers():
    watch = clock(Kind.MEDIAN)
    watch.note(np.inf, 1.0)
    watch.note(100.0, np.nan)
    assert not watch.reached_s
    watch.note(100.0, 99.5)
    first = dict(watch.reached_s)
    watch.note(100.0, 100.0)
    assert watch.reached_s == first
    assert set(first) == {0.1, 0.01}
    watch.forget()
    assert not watch.reached_s


def test_the_published_optimum_is_noted_without_a_bound():
    watch = clock(Kind.MEDIAN, known=50.0)
    watch.note(51.0, np.nan)
    assert watch.found_s is None
    watch.note(50.0, np.nan)
    assert watch.found_s is not None


def test_a_stopped_clock_stands_still():
    watch = clock(Kind.MEDIAN)
    watch.stop()
    assert watch.now_s == watch.now_s
    assert watch.left_s > 1.0
