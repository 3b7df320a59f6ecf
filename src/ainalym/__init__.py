"""Plan, run and prove a city's recycling, from the household to the product on the shelf."""

from importlib import import_module

__version__ = "0.1.0"

_HOMES = {
    "read": "city",
    "write": "city",
    "scenarios": "city",
    "measure": "city.roads",
    "change": "city.change",
    "design": "plan.search",
    "recount": "plan.check",
    "write_report": "report",
    "examples": "study",
    "plan_city": "study",
    "City": "model.city",
    "Programme": "model.programme",
    "Outcome": "model.plan",
    "InputError": "errors",
    "Status": "answer",
}
"""Public names and where they live; a name is loaded when it is first used, so that the command
line answers at once."""

__all__ = [*_HOMES]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"ainalym has no {name!r}")
    found = getattr(import_module(f"ainalym.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(_HOMES)
