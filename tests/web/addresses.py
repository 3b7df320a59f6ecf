"""Every address of the site, as tests walk through them."""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from uuid import UUID

SITES = ("pt-003", "st-07", "pl-02", "no-such")
PERSONS = ("", "keeper-3", "leader-7", "department", "auditor")
"""Nobody, and one of each kind of work that the demo has people for."""

VALUES: Mapping[str, tuple[str, ...]] = {
    "int": ("1", "7"),
    "uuid": (str(UUID(int=7)),),
    "site": SITES,
    "place": SITES,
    "str": ("x",),
}


def pages(values: Mapping[str, tuple[str, ...]] = VALUES) -> Iterator[str]:
    """Yield the addresses of all pages, with values for what stands open in them.

    Parameters
    ----------
    values
        By the name of what stands open, else by its kind.
    """
    from django.urls import get_resolver

    yield from _below("/", get_resolver().url_patterns, values)


def _below(root: str, patterns: list, values: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for pattern in patterns:
        route = root + str(pattern.pattern)
        if route.startswith("/api/"):
            continue
        if hasattr(pattern, "url_patterns"):
            yield from _below(route, pattern.url_patterns, values)
            continue
        parts = re.split(r"<(?:(\w+):)?(\w+)>", route)
        fixed, kinds, names = parts[::3], parts[1::3], parts[2::3]
        open_parts = [
            values.get(name) or values.get(kind or "str") or VALUES[kind or "str"]
            for kind, name in zip(kinds, names, strict=True)
        ]
        for chosen in product(*open_parts):
            yield "".join(a + b for a, b in zip(fixed, (*chosen, ""), strict=True))


def operations(description: dict) -> Iterator[tuple[str, str, dict]]:
    """Yield method, address and description of everything in the API's own description."""
    for address, ways in description["paths"].items():
        for method, told in ways.items():
            yield method.upper(), address.removeprefix("/api/v1"), told


def parameters(told: dict, place: str) -> list[str]:
    """List the names of an operation's parameters in `path` or `query`."""
    return [one["name"] for one in told.get("parameters", []) if one["in"] == place]
