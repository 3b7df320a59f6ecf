"""What can be wrong with what is told: names, offsets, the terms of a rule; and how it is shown."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from reprlib import Repr

from ainalym.errors import Issue

OFFSET = re.compile(r"[+-](0\d|1[0-3]):[0-5]\d|[+-]14:00", re.ASCII)
MOST_OF_ALIAS = 300
"""Characters: the longest name of an event we were sent has 91."""

MOST = 1 << 53
"""Grams, pieces and minor units stay below this, so that every program can hold them exactly."""

MOST_DEEP = 40
"""Levels of lists and names in the terms of a rule: programs read JSON to a depth of their own."""

MOST_SHOWN = 80
"""Characters of a value that an error shows."""

NAME_MEND = "use letters, digits, dots, dashes and single spaces"


def faults_of_names(where: Callable[[str], str], alias: str, offset: str) -> Iterator[Issue]:
    """Say what is wrong with another program's name of a deed, and with an offset from UTC."""
    if len(alias) > MOST_OF_ALIAS or " " in alias or not alias.isprintable():
        fault = f"{shown(alias)} of {len(alias)} characters is no name of an event"
        mend = f"give a URI of at most {MOST_OF_ALIAS} characters, without spaces"
        yield Issue(where("alias"), fault, mend)
    if offset and not OFFSET.fullmatch(offset):
        mend = "give hours and minutes, such as +05:00"
        yield Issue(where("offset"), f"{shown(offset)} is no offset from UTC", mend)


@lru_cache(maxsize=1 << 10)
def is_name(text: str) -> bool:
    """Tell whether a text can be a part of an account's name, and stand in a line of a journal.

    A journal parts what it says with colons, semicolons, commas, equals signs and double spaces.
    """
    if not text or not text.isprintable() or text != text.strip() or "  " in text:
        return False
    return not any(sign in text for sign in ":;,=")


def faults_of_json(where: str, terms: Mapping[str, object]) -> Iterator[Issue]:
    """Say what of a rule's terms cannot be told as JSON that every program reads alike."""
    mend = "use texts, whole numbers below 2^53, true, false, null, lists and names"
    try:
        for said in _unfit(terms, 1):
            yield Issue(where, f"hold {said}", mend)
    except _TooDeep:
        yield Issue(where, "are nested too deep", f"use at most {MOST_DEEP} levels")


def shown(value: object) -> str:
    """Show any value in a few characters, however long, deep or odd it is."""
    said = _SHORT.repr(value)
    said = said if said.isprintable() else ascii(said)
    return said if len(said) <= MOST_SHOWN else f"{said[: MOST_SHOWN - 3]}..."


def named(value: object) -> str:
    """Show what should be a name: as it is where it is short and legible."""
    legible = type(value) is str and len(value) <= MOST_SHOWN and value.isprintable()
    return value if legible else shown(value)


class _TooDeep(Exception):
    """There are more levels than a rule may have."""


def _unfit(value: object, level: int) -> Iterator[str]:
    """Yield what of a rule's terms another program might not read as it was written.

    Raises
    ------
    _TooDeep
        It has too many levels; terms that hold themselves have no end of them.
    """
    if level > MOST_DEEP and isinstance(value, Mapping | list | tuple):
        raise _TooDeep
    if isinstance(value, Mapping):
        yield from (shown(name) for name in value if type(name) is not str)
        for one in value.values():
            yield from _unfit(one, level + 1)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _unfit(one, level + 1)
    elif value is not None and type(value) not in (str, bool):
        if type(value) is int and abs(value) < MOST:
            return
        yield shown(value)


class _Short(Repr):
    """Writes values as Python does, and leaves out what is too long or too deep."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = MOST_SHOWN

    def repr_int(self, value: int, level: int) -> str:
        """Write a whole number; Python writes none of thousands of digits."""
        return repr(value) if abs(value) < 1 << 200 else f"a number of {value.bit_length()} bits"


_SHORT = _Short()
