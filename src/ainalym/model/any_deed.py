"""What all deeds have in common: an id, a place, a moment, who tells it, and how it is told."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from operator import attrgetter
from types import MappingProxyType
from typing import ClassVar

from ainalym.errors import Issue, refuse
from ainalym.model.faults import faults_of_names

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
MOST = 1 << 53
"""Grams, pieces and minor units stay below this, so that every program can hold them exactly."""

EMPTY: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What somebody says happened; the base of all kinds.

    Attributes
    ----------
    id
        A UUID version 7 that the teller's device made: the same id is recorded once.
    site
        Where it happened.
    event_ms
        When it happened.
    actor
        Who tells it.
    device_ms
        When the device thought it was told; None where no device was.
    reason
        Why, where a rule asks for it.
    corrects
        Id of the entry that this one stands for, after that was reversed.
    alias
        The name another program gave it, where that is no id of ours: at most 300 characters.
    offset
        The offset from UTC in which it was told, such as `+06:00`; empty where none was.

    Raises
    ------
    InputError
        A field has faults. Every one is listed.
    """

    kind: ClassVar[str] = ""

    id: str
    site: str
    event_ms: int
    actor: str = ""
    device_ms: int | None = None
    reason: str = ""
    corrects: str = ""
    alias: str = ""
    offset: str = ""

    def __post_init__(self) -> None:
        if found := [*self._faults_of_deed(), *self._faults()]:
            refuse(found)

    @property
    def told(self) -> dict[str, object]:
        """What was said: its kind, and the fields that say more than their default, by name."""
        said, names, defaults = _shape(type(self))
        return {
            name: value
            for name, value, usual in zip(names, said(self), defaults, strict=True)
            if value != usual
        }

    def _faults_of_deed(self) -> Iterator[Issue]:
        if not UUID7.fullmatch(self.id):
            mend = "give a UUID version 7 in lower case, as `new_id` makes it"
            yield Issue(self._where("id"), f"{self.id!r} is no id of a deed", mend)
        if self.corrects and not UUID7.fullmatch(self.corrects):
            yield Issue(self._where("corrects"), f"{self.corrects!r} is no id", "name an entry")
        if not self.site:
            yield Issue(self._where("site"), "is empty", "say where it happened")
        if type(self.event_ms) is not int or not 0 < self.event_ms < 1 << 46:
            mend = "give milliseconds since 1970 UTC"
            yield Issue(self._where("event_ms"), f"{self.event_ms!r} is no moment", mend)
        told_ms = self.device_ms
        if told_ms is not None and (type(told_ms) is not int or not 0 <= told_ms < 1 << 46):
            mend = "give milliseconds since 1970 UTC, or leave it out"
            yield Issue(self._where("device_ms"), f"{told_ms!r} is no moment", mend)
        if self.alias or self.offset:
            yield from faults_of_names(self._where, self.alias, self.offset)

    def _faults(self) -> Iterator[Issue]:
        yield from ()

    def _where(self, name: str) -> str:
        return f"{self.kind} {self.id}: {name}"

    def _faults_of_prices(self, name: str, prices: Mapping[str, int]) -> Iterator[Issue]:
        for what, price in prices.items():
            if type(price) is not int or abs(price) >= MOST:
                where = self._where(f"{name} {what}")
                yield Issue(where, f"is {price!r}", "give whole minor units")

    def _faults_of_numbers(self, unit: str, **numbers: int) -> Iterator[Issue]:
        for name, value in numbers.items():
            if type(value) is not int or not 0 < value < MOST:
                yield Issue(self._where(name), f"is {value!r}", f"give whole {unit} above 0")


@cache
def _shape(kind: type[Deed]) -> tuple[Callable, tuple[str, ...], tuple[object, ...]]:
    """What gets a deed's kind and fields in the order of their names, the names, the defaults."""
    usual: dict[str, object] = {"kind": MISSING}
    for one in fields(kind):
        usual[one.name] = one.default if one.default_factory is MISSING else one.default_factory()
    names = tuple(sorted(usual))
    return attrgetter(*names), names, tuple(usual[name] for name in names)


def faults_of_takes(
    deed: Deed,
    loads: Mapping[str, int],
    lots: Mapping[int, int],
    pieces: Mapping[str, int] = EMPTY,
) -> Iterator[Issue]:
    """Yield the faults of what a deed takes: grams by material and by lot, pieces by product."""
    if not loads and not lots and not pieces:
        yield Issue(deed._where("loads"), "there is nothing in it", "name a material or a lot")
    for name, grams in [*loads.items(), *lots.items()]:
        yield from deed._faults_of_numbers("grams", **{str(name): grams})
    for name, number in pieces.items():
        yield from deed._faults_of_numbers("pieces", **{str(name): number})
    for lot in lots:
        if type(lot) is not int or lot <= 0:
            yield Issue(deed._where("lots"), f"{lot!r} is no lot", "give the lot's number")
