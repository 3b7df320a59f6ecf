"""Months by the clock on the wall here."""

import re
from calendar import monthrange
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.utils.dates import MONTHS
from django.utils.translation import gettext as _

from ainalym.model.entry import moment, ms, now_ms
from ainalym.web.refusals import Refusal

FIRST_YEAR, LAST_YEAR = 2000, 2199


class Month(NamedTuple):
    """A month; its text is `2026-11`."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02d}"

    @property
    def name(self) -> str:
        """What people call it: November 2026."""
        return f"{MONTHS[self.number]} {self.year}"

    @property
    def from_ms(self) -> int:
        """Its first moment."""
        return ms(datetime(self.year, self.number, 1, tzinfo=ZoneInfo(settings.TIME_ZONE)))

    @property
    def to_ms(self) -> int:
        """The first moment after it."""
        return self.next.from_ms

    @property
    def next(self) -> "Month":
        """The month after."""
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def previous(self) -> "Month":
        """The month before."""
        return Month(self.year - (self.number == 1), (self.number - 2) % 12 + 1)

    @property
    def days(self) -> int:
        """How many days it has."""
        return monthrange(self.year, self.number)[1]

    @property
    def days_gone(self) -> int:
        """How many of its days have begun."""
        now = _now()
        if self == Month(now.year, now.month):
            return now.day
        return 0 if self > Month(now.year, now.month) else self.days

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.to_ms <= now_ms()

    @property
    def share_of_year(self) -> float:
        """Its days as a share of the year's."""
        in_year = (date(self.year + 1, 1, 1) - date(self.year, 1, 1)).days
        return self.days / in_year

    def of_year(self) -> list["Month"]:
        """All months of its year."""
        return [Month(self.year, number) for number in range(1, 13)]


def this_month() -> Month:
    """Give the running month."""
    now = _now()
    return Month(now.year, now.month)


def month_asked(request: HttpRequest, *, default: Month | None = None) -> Month:
    """Read the month that a page is asked for; the running one if none is.

    Raises
    ------
    Refusal
        It is no month.
    """
    text = request.GET.get("month", "") or request.POST.get("month", "")
    if not text:
        return default or this_month()
    match = re.fullmatch(r"(\d{4})-(\d{2})", text)
    if match:
        month = Month(int(match[1]), int(match[2]))
        if FIRST_YEAR <= month.year <= LAST_YEAR and 1 <= month.number <= 12:
            return month
    raise Refusal(422, _("Write a month like 2026-11."))


def _now() -> datetime:
    return moment(now_ms()).astimezone(ZoneInfo(settings.TIME_ZONE))
