"""What can be wrong with the name another program gave a deed, and with its offset from UTC."""

import re
from collections.abc import Callable, Iterator

from ainalym.errors import Issue

OFFSET = re.compile(r"[+-](0\d|1[0-3]):[0-5]\d|[+-]14:00", re.ASCII)
MOST_OF_ALIAS = 300
"""Characters: the longest name of an event we were sent has 91."""


def faults_of_names(where: Callable[[str], str], alias: str, offset: str) -> Iterator[Issue]:
    """Say what is wrong with another program's name of a deed, and with an offset from UTC."""
    if len(alias) > MOST_OF_ALIAS or " " in alias or not alias.isprintable():
        fault = f"{alias:.40}... of {len(alias)} characters is no name of an event"
        mend = f"give a URI of at most {MOST_OF_ALIAS} characters, without spaces"
        yield Issue(where("alias"), fault, mend)
    if offset and not OFFSET.fullmatch(offset):
        mend = "give hours and minutes, such as +05:00"
        yield Issue(where("offset"), f"{offset!r:.40} is no offset from UTC", mend)
