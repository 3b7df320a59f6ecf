"""What somebody else's program tells us, held to the types our nouns declare."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin

from ainalym.errors import Issue
from ainalym.model.faults import named, shown

MOST_TOLD = 5
"""Places in one field that are told to have the same fault."""

SAID = {str: "text", int: "a whole number", bool: "true or false"}


def take(kind: type, said: Mapping[str, object], where: str) -> tuple[dict[str, Any], list[Issue]]:
    """Take the fields of a dataclass out of parsed JSON, and say what is wrong with them.

    Parameters
    ----------
    kind
        A dataclass of texts, whole numbers, truth values, mappings and tuples of such.
    said
        What was told. Keys of numbers may be texts, and tuples lists, as JSON has neither.
    where
        Stands before the name of each field.
    """
    known = {f.name: f for f in fields(kind)}
    issues = [
        Issue(f"{where}: {named(name)}", "is no field of it", f"use {', '.join(known)}")
        for name in said
        if name not in known
    ]
    issues += [Issue(f"{where}: {name}", "is missing", "give it") for name in _missing(known, said)]
    taken = {}
    for name, field in known.items():
        if name in said:
            try:
                taken[name] = _fitted(said[name], field.type)
            except _Unfit as error:
                issues.append(Issue(f"{where}: {name}", f"is {shown(said[name])}", f"give {error}"))
    return taken, issues


def unlike(value: object, kind: Any) -> str:
    """Say what a value should be where it is not of a type: exactly, as our nouns declare it.

    Nothing is said where it is. True is no number, and a list no tuple.
    """
    try:
        _fitted(value, kind, lists=tuple)
    except _Unfit as error:
        return str(error)
    return ""


@cache
def glance(kind: Any) -> Callable[[Any], bool]:
    """Give what tells quickly whether a value is of a type; where it says no, `unlike` knows.

    Measured: for names with values it takes a twentieth of the time.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return lambda value: value is None or type(value) is inner[0]
    if origin is Mapping:
        names, values, anything = {inner[0]}, {inner[1]}, inner[1] is object
        return lambda value: (
            type(value) is dict
            and {*map(type, value)} <= names
            and (anything or {*map(type, value.values())} <= values)
        )
    if origin is tuple and inner[-1] is Ellipsis:
        types = [*get_args(inner[0])]
        return lambda value: (
            type(value) is tuple
            and all(type(one) is tuple and [*map(type, one)] == types for one in value)
        )
    return lambda value: type(value) is kind


class _Unfit(Exception):
    """A value is not of the type; the message is what it should be."""


def _missing(known: Mapping[str, Field], said: Mapping[str, object]) -> Iterator[str]:
    for name, field in known.items():
        if name not in said and field.default is MISSING and field.default_factory is MISSING:
            yield name


def _fitted(value: Any, kind: Any, lists: Any = list | tuple) -> Any:
    """Give a value as its type wants it, or say what it should be.

    Parameters
    ----------
    lists
        What may stand for a tuple. Where a list may, a text may stand for a name that is a number.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return None if value is None else _fitted(value, inner[0], lists)
    if origin is Mapping:
        if not isinstance(value, Mapping):
            raise _Unfit("names with values")
        keys = [*value]
        if inner[0] is int and lists is not tuple:
            keys = [int(key) if _is_number(key) else key for key in keys]
        names = _each([(key, inner[0]) for key in keys], "in place of", keys, lists)
        values = _each([(one, inner[1]) for one in value.values()], "for", keys, lists)
        return dict(zip(names, values, strict=True))
    if origin is tuple:
        if not isinstance(value, lists):
            raise _Unfit("a tuple" if lists is tuple else "a list")
        if inner[-1] is Ellipsis:
            inner = inner[:1] * len(value)
        if len(value) != len(inner):
            raise _Unfit(f"lists of {len(inner)}")
        pairs = [*zip(value, inner, strict=True)]
        return tuple(_each(pairs, "at", range(len(value)), lists))
    if kind is not object and type(value) is not kind:
        raise _Unfit(SAID[kind])
    return value


def _each(
    told: Sequence[tuple[Any, Any]],
    at: str,
    places: Sequence[object],
    lists: Any,
) -> list[Any]:
    """Give values as their types want them, or say of each what it should be, and where."""
    fitted, wrong = [], {}
    for (value, kind), place in zip(told, places, strict=True):
        try:
            fitted.append(_fitted(value, kind, lists))
        except _Unfit as error:
            wrong.setdefault(str(error), []).append(shown(place))
    if wrong:
        few = {mend: ", ".join(where[:MOST_TOLD]) for mend, where in wrong.items()}
        raise _Unfit("; ".join(f"{mend} {at} {where}" for mend, where in few.items()))
    return fitted


def _is_number(key: object) -> bool:
    return isinstance(key, str) and re.fullmatch("[1-9][0-9]{0,15}", key) is not None
