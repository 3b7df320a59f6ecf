"""What somebody else's program tells us, held to the types our nouns declare."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from types import UnionType
from typing import Any, get_args, get_origin

from ainalym.errors import Issue

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
        Issue(f"{where}: {name}", "is no field of it", f"use {', '.join(known)}")
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
                issues.append(Issue(f"{where}: {name}", f"is {said[name]!r:.80}", f"give {error}"))
    return taken, issues


class _Unfit(Exception):
    """A value is not of the type; the message is what it should be."""


def _missing(known: Mapping[str, Field], said: Mapping[str, object]) -> Iterator[str]:
    for name, field in known.items():
        if name not in said and field.default is MISSING and field.default_factory is MISSING:
            yield name


def _fitted(value: Any, kind: Any) -> Any:
    """Give a value as its type wants it, or say what it should be."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return None if value is None else _fitted(value, inner[0])
    if origin is Mapping:
        if not isinstance(value, Mapping):
            raise _Unfit("names with values")
        return {_key(key, inner[0]): _fitted(one, inner[1]) for key, one in value.items()}
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise _Unfit("a list")
        if inner[-1] is Ellipsis:
            return tuple(_fitted(one, inner[0]) for one in value)
        if len(value) != len(inner):
            raise _Unfit(f"lists of {len(inner)}")
        return tuple(map(_fitted, value, inner))
    if kind is not object and type(value) is not kind:
        raise _Unfit(SAID[kind])
    return value


def _key(key: Any, kind: Callable) -> Any:
    if kind is int and isinstance(key, str) and re.fullmatch("[1-9][0-9]{0,15}", key):
        return int(key)
    return _fitted(key, kind)
