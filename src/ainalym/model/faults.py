"""What can be wrong with parts of a deed: grams, loads, the name another program gave it."""

import re
from collections.abc import Callable, Iterator, Mapping

from ainalym.errors import Issue

MOST = 1 << 53
"""Grams and minor units stay below this, so that every program can hold them exactly."""

OFFSET = re.compile(r"[+-](0\d|1[0-3]):[0-5]\d|[+-]14:00", re.ASCII)
MOST_OF_ALIAS = 300
"""Characters: the longest name of an event we were sent has 91."""


def faults_of_grams(where: str, grams: object) -> Iterator[Issue]:
    """Say what is wrong with grams that have to be above 0."""
    if type(grams) is not int or not 0 < grams < MOST:
        yield Issue(where, f"is {grams!r}", "give whole grams above 0")


def faults_of_takes(
    where: Callable[[str], str], loads: Mapping[str, int], lots: Mapping[int, int]
) -> Iterator[Issue]:
    """Say what is wrong with what is taken: grams by material, and by lot.

    Parameters
    ----------
    where
        Names the place of a field's fault.
    """
    if not loads and not lots:
        yield Issue(where("loads"), "there is nothing in it", "name a material or a lot")
    for name, grams in [*loads.items(), *lots.items()]:
        yield from faults_of_grams(where(str(name)), grams)
    for lot in lots:
        if type(lot) is not int or lot <= 0:
            yield Issue(where("lots"), f"{lot!r} is no lot", "give the lot's number")


def faults_of_names(where: Callable[[str], str], alias: str, offset: str) -> Iterator[Issue]:
    """Say what is wrong with another program's name of a deed, and with an offset from UTC."""
    if len(alias) > MOST_OF_ALIAS or " " in alias or not alias.isprintable():
        fault = f"{alias:.40}... of {len(alias)} characters is no name of an event"
        mend = f"give a URI of at most {MOST_OF_ALIAS} characters, without spaces"
        yield Issue(where("alias"), fault, mend)
    if offset and not OFFSET.fullmatch(offset):
        mend = "give hours and minutes, such as +05:00"
        yield Issue(where("offset"), f"{offset!r:.40} is no offset from UTC", mend)
