"""Series of slips: each device numbers its own, so that it can do so without a network."""

from uuid import UUID

from django.db import transaction

from ainalym.web.counter.models import Series
from ainalym.web.programme.models import Site


def series_of(site: Site, keeper: str, device: UUID) -> Series:
    """Give a device the series its slips are numbered in; the same device gets the same one."""
    with transaction.atomic():
        held = Series.objects.filter(site=site, keeper=keeper, device=device).first()
        if held is None:
            name = f"{site.id}-{_letters(site.series.count())}"
            held = Series.objects.create(name=name, site=site, keeper=keeper, device=device)
    return held


def _letters(number: int) -> str:
    """Count in letters: A to Z, then AA."""
    letters = ""
    number += 1
    while number:
        number, left = divmod(number - 1, 26)
        letters = chr(ord("A") + left) + letters
    return letters
