"""One wrong moment of a clock does not stand in the book for good."""

import subprocess
import sys

import pytest

from ainalym.errors import InputError, OutsideError
from ainalym.ledger import entries, open_book, post, verify
from ainalym.ledger.clock import LONG_MS, SKEW_MS
from ainalym.model.deed import Clock
from ainalym.model.entry import new_id
from tests.ledger import servers, tell


class Hand:
    """A clock that the test sets."""

    def __init__(self, at_ms=tell.NOW_MS):
        self.at_ms = at_ms

    def __call__(self):
        return self.at_ms


@pytest.fixture
def hand():
    return Hand()


@pytest.fixture
def timed(where, hand):
    """A book with one entry, and the clock it goes by."""
    with open_book(where, clock=hand) as book:
        post(book, [told(hand)])
        yield book


def told(hand, **said):
    """A ticket of now."""
    return tell.ticket(1_000, id=new_id(hand.at_ms), event_ms=hand.at_ms, **said)


def accept(hand):
    """Somebody looked at the clock."""
    return Clock(id=new_id(hand.at_ms), site="*", event_ms=hand.at_ms)


def test_a_clock_behind_the_last_entry_is_refused_beyond_a_quarter_of_an_hour(timed, hand):
    hand.at_ms = tell.NOW_MS - SKEW_MS
    (receipt,) = post(timed, [told(hand)])
    assert receipt.recorded_ms == tell.NOW_MS
    hand.at_ms -= 1
    with pytest.raises(OutsideError, match=r"it is 15 minutes behind; set the clock right"):
        post(timed, [told(hand)])
    assert verify(timed).entries == 2


def test_a_clock_far_ahead_is_refused_until_somebody_accepts_it(timed, hand):
    hand.at_ms = tell.NOW_MS + LONG_MS
    post(timed, [told(hand)])
    hand.at_ms += LONG_MS + 1
    with pytest.raises(OutsideError, match="nothing was recorded for 2 days; set the clock right"):
        post(timed, [told(hand)])
    post(timed, [accept(hand)])
    (receipt,) = post(timed, [told(hand)])
    assert receipt.recorded_ms == hand.at_ms
    assert [one.kind for one in entries(timed)] == ["ticket", "ticket", "clock", "ticket"]
    assert verify(timed).whole


def test_what_was_recorded_by_a_wrong_clock_can_be_lived_with(timed, hand):
    """Ten years ahead, accepted by mistake: the way back is to accept the right clock."""
    hand.at_ms = tell.NOW_MS + 3_650 * tell.DAY_MS
    post(timed, [accept(hand)])
    hand.at_ms = tell.NOW_MS + 1_000
    with pytest.raises(OutsideError, match="it is 3649 days behind"):
        post(timed, [told(hand)])
    post(timed, [accept(hand)])
    (receipt,) = post(timed, [told(hand)])
    assert receipt.recorded_ms == hand.at_ms
    assert verify(timed).whole
    assert verify(timed, processes=2).whole


def test_only_the_deed_that_accepts_the_clock_sets_it_back(timed, hand):
    hand.at_ms = tell.NOW_MS - SKEW_MS // 3
    first, accepted, last = post(timed, [told(hand), accept(hand), told(hand)])
    assert first.recorded_ms == tell.NOW_MS
    assert accepted.recorded_ms == last.recorded_ms == hand.at_ms
    assert verify(timed).whole


def test_a_clock_is_accepted_by_a_new_deed_alone(timed, hand):
    first = accept(hand)
    post(timed, [first])
    hand.at_ms += LONG_MS + 1
    with pytest.raises(OutsideError, match="nothing was recorded for 2 days"):
        post(timed, [first, told(hand)])
    post(timed, [first, accept(hand), told(hand)])
    assert verify(timed).entries == 4


def test_what_was_known_at_a_moment_is_told_wherever_it_stands(timed, hand):
    """The book of now has an entry from ten years ahead, and one from now behind it."""
    first = entries(timed)[0]
    ahead_ms = hand.at_ms = tell.NOW_MS + 3_650 * tell.DAY_MS
    post(timed, [accept(hand)])
    post(timed, [tell.reversal(first.id, id=new_id(hand.at_ms), event_ms=hand.at_ms)])
    hand.at_ms = tell.NOW_MS + 1_000
    post(timed, [accept(hand)])
    post(timed, [told(hand)])

    def known(at_ms, **asked):
        return [one.seq for one in entries(timed, as_known_ms=at_ms, **asked)]

    assert known(tell.NOW_MS - 1) == []
    assert known(tell.NOW_MS) == [1]
    assert known(tell.NOW_MS + 1_000) == known(ahead_ms - 1) == [1, 4, 5]
    assert known(ahead_ms) == known(None) == [1, 2, 3, 4, 5]
    assert known(hand.at_ms, kind="ticket", newest_first=True, before=5) == [1]
    assert entries(timed, as_known_ms=hand.at_ms)[0].reversed_by is None
    assert entries(timed, as_known_ms=ahead_ms)[0].reversed_by == 3


def test_events_are_held_against_the_true_clock_not_the_last_entry(timed, hand):
    hand.at_ms = tell.NOW_MS - 10 * 60_000
    late = tell.ticket(1_000, id=new_id(hand.at_ms), event_ms=hand.at_ms + SKEW_MS + 1)
    with pytest.raises(InputError, match="minutes in the future"):
        post(timed, [late])


def test_a_new_book_takes_any_clock_and_one_refusal_touches_nobody_else(where, hand):
    hand.at_ms = 1_000_000_000_000
    with open_book(where, clock=hand) as book:
        post(book, [told(hand)])
        early = tell.ticket(1_000, id=new_id(hand.at_ms), event_ms=tell.NOW_MS)
        with pytest.raises(InputError, match="in the future"):
            post(book, [early])
        post(book, [told(hand)])


def test_the_servers_clock_is_a_second_source(monkeypatch):
    with servers.schema(servers.wheel()) as address, open_book(address) as book:
        now = book._clock()
        post(book, [tell.ticket(1_000, id=new_id(now), event_ms=now)])
        monkeypatch.setattr("ainalym.ledger.store.Store.server_ms", lambda self: now + 3_600_000)
        with pytest.raises(OutsideError, match=r"the database server's .* apart; set them right"):
            post(book, [tell.ticket(1_000, id=new_id(now), event_ms=now)])
        assert verify(book).entries == 1


def test_a_simulations_own_clock_is_believed(tmp_path):
    """Decision 005: a process that lives in a simulation's time has no other."""
    said = (
        "import sys\n"
        "from ainalym.ledger import open_book, post\n"
        "from ainalym.model.entry import tell_time_by\n"
        "from tests.ledger import tell\n"
        "at = [tell.NOW_MS]\n"
        "tell_time_by(lambda: at[0])\n"
        "with open_book(sys.argv[1]) as book:\n"
        "    for days in (0, 400, 800):\n"
        "        at[0] = tell.NOW_MS + days * tell.DAY_MS\n"
        "        post(book, [tell.ticket(event_ms=at[0])])\n"
    )
    path = tmp_path / "book.sqlite"
    subprocess.run([sys.executable, "-c", said, path], check=True)
    with open_book(path, read_only=True) as book:
        assert verify(book).entries == 3
        assert verify(book).whole
