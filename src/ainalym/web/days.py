"""Days and moments by the clock on the wall here, held to what a calendar can count on from."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from ainalym.model.entry import ms

FIRST_YEAR, LAST_YEAR = 1971, 2199
"""Of days and months that people ask for; beyond them nothing was recorded or will be, and at the
ends of the calendar there is no day before or after."""

LAST_MS = ms(datetime(9999, 1, 1, tzinfo=UTC))
"""The last moment that is shown: a rule may name one of which no calendar knows the year."""


def is_of_our_time(day: date) -> bool:
    """Tell whether a day or moment is of years that people may ask for."""
    return FIRST_YEAR <= day.year <= LAST_YEAR


def local(at_ms: int) -> datetime:
    """Turn a moment into the time on the wall here; one beyond 1970 and 9999 into the nearest."""
    within_ms = min(max(at_ms, 0), LAST_MS)
    return datetime.fromtimestamp(within_ms / 1000, ZoneInfo(settings.TIME_ZONE))
