"""Decisions: a city in, a plan with a bound out."""

from importlib import import_module

_HOMES = {"design": "search", "recount": "check"}
"""Names and where they live, loaded when first used: what checks a plan loads no solver."""

__all__ = [*_HOMES]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"ainalym.plan has no {name!r}")
    found = getattr(import_module(f"ainalym.plan.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
