"""Clocks: one wrong moment must not stand in the book for good.

Entries are recorded in order. A clock that has run far ahead would drag every later entry with it;
one that has fallen back would record today before yesterday. So the writer looks at the clock
before it writes, and refuses what a person has to look at first.
"""

from collections.abc import Callable

from ainalym.errors import OutsideError
from ainalym.ledger.store import Store
from ainalym.model.entry import iso, lives_in_simulation, now_ms

SKEW_MS = 15 * 60 * 1000
"""How far clocks may be apart: a device's ahead of ours, ours behind the last entry."""

LONG_MS = 48 * 3600 * 1000
"""How long nothing may have been recorded before somebody has to look at the clock."""

MEND = "set the clock right; if it is right, say so with `ainalym book clock --accept`"


class Clocks:
    """The clock a writer goes by, held against the last entry and the database server's clock.

    Parameters
    ----------
    store
        The writer's connection.
    clock
        Tells milliseconds since 1970 UTC. In a simulation, which has a time of its own, it is
        believed.
    """

    def __init__(self, store: Store, clock: Callable[[], int]) -> None:
        self._store, self._clock = store, clock

    def look(self) -> None:
        """Hold our clock against the database server's, where there is one.

        Raises
        ------
        OutsideError
            They are too far apart. Nothing may be recorded.
        """
        if self._clock is not now_ms or lives_in_simulation():
            return
        here, there = self._clock(), self._store.server_ms()
        if there is not None and abs(here - there) > SKEW_MS:
            said = f"this computer's clock says {iso(here)}, the database server's {iso(there)}"
            raise OutsideError(f"{said}: they are {_span(abs(here - there))} apart; set them right")

    def read(self, last_ms: int, *, accepted: bool = False) -> int:
        """Tell the time, in milliseconds since 1970 UTC.

        Parameters
        ----------
        last_ms
            When the last entry was recorded; 0 where there is none.
        accepted
            Whether somebody looked at the clock and found it right.

        Raises
        ------
        OutsideError
            The clock cannot be believed. Nothing may be recorded.
        """
        now = self._clock()
        if self._clock is now_ms and lives_in_simulation():
            return now
        if accepted or not last_ms:
            return now
        if now < last_ms - SKEW_MS:
            said = f"this computer's clock says {iso(now)}, and the last entry is of {iso(last_ms)}"
            raise OutsideError(f"{said}: it is {_span(last_ms - now)} behind; {MEND}")
        if now > last_ms + LONG_MS:
            said = f"this computer's clock says {iso(now)}, and the last entry is of {iso(last_ms)}"
            raise OutsideError(f"{said}: nothing was recorded for {_span(now - last_ms)}; {MEND}")
        return now


def _span(ms: int) -> str:
    minutes = ms // 60_000
    for unit, size in (("days", 1440), ("hours", 60)):
        if minutes >= 2 * size:
            return f"{minutes // size} {unit}"
    return f"{minutes} minutes"
