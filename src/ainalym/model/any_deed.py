"""What all deeds have in common: an id, a place, a moment, who tells it, and how it is told."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar, Self

from ainalym.errors import Issue, refuse
from ainalym.model.faults import MOST, NAME_MEND, faults_of_names, is_name, named, shown
from ainalym.model.told import glance, unlike

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_is_id = UUID7.fullmatch

LATEST_MS = 1 << 46
"""Moments lie before this one, in the year 4199: calendars end not long after."""

EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What somebody says happened; the base of all kinds.

    Attributes
    ----------
    id
        A UUID version 7 that the teller's device made: the same id is recorded once.
    site
        Where it happened; a name as accounts have it, or `*` for everywhere.
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
        A field has faults: it is not exactly of its type, or makes no sense. Every one is listed;
        what a kind asks of its own fields, once they are of their types.
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
        # Half a million tickets come at once, so what is usual is seen at a glance.
        plain, types, others = _types(type(self))
        typed = [*map(type, plain(self))] == types
        if typed and others:
            typed = all(is_like(getattr(self, name)) for name, is_like in others)
        wrong = EMPTY if typed else self._faults_of_types()
        if (
            wrong
            or not _is_id(self.id)
            or not is_name(self.site)
            or not 0 < self.event_ms < LATEST_MS
            or self.corrects
            or self.alias
            or self.offset
            or self.device_ms is not None
        ):
            found = [*wrong.values(), *self._faults_of_deed(wrong)]
            if _asked(type(self)).isdisjoint(wrong):
                found += self._faults()
        else:
            found = [*self._faults()]
        if found:
            refuse(found)

    @classmethod
    def _kept(cls, said: Mapping[str, object]) -> Self:
        """Make a deed that a book holds of its fields, which are of their types."""
        deed = object.__new__(cls)
        _, names, defaults = _shape(cls)
        for name, usual in zip(names, defaults, strict=True):
            if name != "kind":
                object.__setattr__(deed, name, said.get(name, usual))
        return deed

    @property
    def told(self) -> dict[str, object]:
        """What was said: its kind, and the fields that say more than their default, by name."""
        said, names, defaults = _shape(type(self))
        return {
            name: value
            for name, value, usual in zip(names, said(self), defaults, strict=True)
            if value != usual
        }

    def _faults_of_types(self) -> Mapping[str, Issue]:
        """Say which fields are not exactly of the types they are declared with."""
        return {
            one.name: Issue(self._where(one.name), f"is {shown(value)}", f"give {mend}")
            for one in fields(self)
            if (mend := unlike(value := getattr(self, one.name), one.type))
        }

    def _faults_of_deed(self, wrong: Collection[str]) -> Iterator[Issue]:
        """Say what is wrong with the fields that all deeds have, but for those of a wrong type."""
        if "id" not in wrong and not UUID7.fullmatch(self.id):
            mend = "give a UUID version 7 in lower case, as `new_id` makes it"
            yield Issue(self._where("id"), f"{shown(self.id)} is no id of a deed", mend)
        if "corrects" not in wrong and self.corrects and not UUID7.fullmatch(self.corrects):
            yield Issue(
                self._where("corrects"), f"{shown(self.corrects)} is no id", "name an entry"
            )
        if "site" not in wrong and not is_name(self.site):
            yield from self._faults_of_name("site", self.site, "say where it happened")
        if "event_ms" not in wrong and not 0 < self.event_ms < LATEST_MS:
            mend = "give milliseconds since 1970 UTC"
            yield Issue(self._where("event_ms"), f"{shown(self.event_ms)} is no moment", mend)
        told_ms, of_type = self.device_ms, type(self.device_ms) is int
        right = told_ms is None or (of_type and 0 <= told_ms < LATEST_MS)
        if not right and "device_ms" not in wrong:
            mend = "give milliseconds since 1970 UTC, or leave it out"
            yield Issue(self._where("device_ms"), f"{shown(told_ms)} is no moment", mend)
        if "alias" not in wrong and "offset" not in wrong and (self.alias or self.offset):
            yield from faults_of_names(self._where, self.alias, self.offset)

    def _faults(self) -> Iterator[Issue]:
        yield from ()

    def _where(self, name: str) -> str:
        return f"{self.kind} {named(self.id)}: {name}"

    def _faults_of_name(self, name: str, said: str, mend: str) -> Iterator[Issue]:
        """Say why a text cannot be a part of an account's name; `mend` is for one that is empty."""
        if not said:
            yield Issue(self._where(name), "is empty", mend)
        elif not is_name(said):
            yield Issue(self._where(name), f"is {shown(said)}", NAME_MEND)

    def _faults_of_prices(self, name: str, prices: Mapping[str, int]) -> Iterator[Issue]:
        for what, price in prices.items():
            if abs(price) >= MOST:
                where = self._where(f"{name} {named(what)}")
                yield Issue(where, f"is {shown(price)}", "give whole minor units")

    def _faults_of_numbers(
        self, unit: str, numbers: Mapping[str, int], name: str = "", least: int = 1
    ) -> Iterator[Issue]:
        """Say what is wrong with grams or pieces by what they are of: a part of an account."""
        mend = f"give whole {unit} above 0" if least else f"give whole {unit}, 0 or more"
        for what, value in numbers.items():
            fit = least <= value < MOST
            if fit and is_name(what):
                continue
            where = self._where(f"{name} {named(what)}".strip())
            if not is_name(what):
                yield Issue(where, f"{shown(what)} is no name", NAME_MEND)
            if not fit:
                yield Issue(where, f"is {shown(value)}", mend)


@cache
def _shape(kind: type[Deed]) -> tuple[Callable, tuple[str, ...], tuple[object, ...]]:
    """What gets a deed's kind and fields in the order of their names, the names, the defaults."""
    usual: dict[str, object] = {"kind": MISSING}
    for one in fields(kind):
        usual[one.name] = one.default if one.default_factory is MISSING else one.default_factory()
    names = tuple(sorted(usual))
    return attrgetter(*names), names, tuple(usual[name] for name in names)


@cache
def _types(kind: type[Deed]) -> tuple[Callable, list[type], list[tuple[str, Callable]]]:
    """What gets a deed's plain fields, their types, and what looks at its other fields, by name.

    The one that every deed may have or not is left out: it is looked at where it is there.
    """
    plain = {one.name: one.type for one in fields(kind) if one.type in (str, int, bool)}
    others = {one.name: glance(one.type) for one in fields(kind) if one.name not in plain}
    del others["device_ms"]
    return attrgetter(*plain), [*plain.values()], [*others.items()]


@cache
def _asked(kind: type[Deed]) -> frozenset[str]:
    """Names of the fields that a kind's own rules look at."""
    shared = {one.name for one in fields(Deed)} - {"site", "event_ms", "reason"}
    return frozenset(one.name for one in fields(kind)) - shared


def faults_of_takes(
    deed: Deed,
    loads: Mapping[str, int],
    lots: Mapping[int, int],
    pieces: Mapping[str, int] = EMPTY,
) -> Iterator[Issue]:
    """Yield the faults of what a deed takes: grams by material and by lot, pieces by product."""
    if not loads and not lots and not pieces:
        yield Issue(deed._where("loads"), "there is nothing in it", "name a material or a lot")
    yield from deed._faults_of_numbers("grams", loads)
    yield from deed._faults_of_numbers("pieces", pieces)
    for lot, grams in lots.items():
        if not 0 < lot < MOST:
            yield Issue(deed._where("lots"), f"{shown(lot)} is no lot", "give the lot's number")
        if not 0 < grams < MOST:
            yield Issue(deed._where(shown(lot)), f"is {shown(grams)}", "give whole grams above 0")
