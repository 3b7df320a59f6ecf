"""Processes: the ways a material becomes another."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from types import MappingProxyType

from ainalym.errors import Issue, refuse
from ainalym.model.place import SiteKind
from ainalym.units import PPM

LOSS = "loss"
"""The name under which mass that comes out as no material (water, dust) is still counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One size in which a process can be bought; at one site each step is bought at most once.

    Attributes
    ----------
    capacity_kg_per_year
        What it adds to the most the process can take in, above 0.
    capex_minor
        What buying it costs, in minor money units.
    fixed_minor_per_year
        What it costs every year from then on, used or not.
    area_m2
        Floor it needs.
    jobs
        People it employs.
    """

    capacity_kg_per_year: float
    capex_minor: int
    fixed_minor_per_year: int = 0
    area_m2: float = 0.0
    jobs: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One way of turning materials into materials: sorting at a counter, a line, a press.

    Mass is neither made nor lost: what comes out as no material comes out as `LOSS`, so the
    shares of every input add up to exactly one. They are whole parts per million, so that the
    plan, the simulation and the book agree to the gram.

    Attributes
    ----------
    id
        Its name in the city's files.
    at
        The kind of site it stands at. At a point it needs no purchase and has no limit; at a
        plant it is the plant's own affair and tells what it makes of what it buys.
    recipe_ppm
        For each input material, what one kilogram of it becomes: output material -> share.
    steps
        The sizes it is sold in; needed at stations and stockpiles, absent elsewhere.
    cost_minor_per_kg
        What taking in one kilogram costs beyond the fixed costs.
    emissions_kg_per_kg
        Carbon dioxide equivalent of taking in one kilogram.
    name
        What people call it.

    Raises
    ------
    InputError
        The recipe is empty, a share is negative, the shares of an input do not add up to one, a
        step has no capacity or a negative cost, or steps are missing or misplaced. Every fault
        is listed.
    """

    id: str
    at: SiteKind
    recipe_ppm: Mapping[str, Mapping[str, int]]
    steps: tuple[Step, ...] = ()
    cost_minor_per_kg: float = 0.0
    emissions_kg_per_kg: float = 0.0
    name: str = ""

    def __post_init__(self) -> None:
        refuse(self._faults())
        kept = {m: MappingProxyType(dict(out)) for m, out in self.recipe_ppm.items()}
        object.__setattr__(self, "recipe_ppm", MappingProxyType(kept))

    def __getstate__(self) -> dict:
        state = {name: getattr(self, name) for name in self.__slots__}
        state["recipe_ppm"] = {m: dict(out) for m, out in self.recipe_ppm.items()}
        return state

    def __setstate__(self, state: dict) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)

    def share(self, taken: str, made: str) -> float:
        """Tell how many kilograms of `made` (or `LOSS`) one kilogram of `taken` becomes."""
        return self.recipe_ppm.get(taken, {}).get(made, 0) / PPM

    def _faults(self):
        where = f"processes/{self.id}"
        if not self.recipe_ppm:
            yield Issue(where, "has no recipe", "name at least one material it takes")
        for material, outputs in self.recipe_ppm.items():
            at = f"recipes/{self.id}/{material}"
            for made, share in outputs.items():
                if share < 0:
                    yield Issue(at, f"the share of {made!r} is {share / PPM:g}", "give 0 or more")
            if (total := sum(outputs.values())) != PPM:
                mend = f"put the rest, {(PPM - total) / PPM:g}, under {LOSS!r}"
                if total > PPM:
                    mend = f"lower them by {(total - PPM) / PPM:g}"
                yield Issue(at, f"the shares add up to {total / PPM:g}, not to 1", mend)
        yield from self._faults_of_steps(where)

    def _faults_of_steps(self, where: str):
        bought = self.at in (SiteKind.STATION, SiteKind.STOCKPILE)
        if bought and not self.steps:
            yield Issue(where, f"a {self.at} process without a step", "add a row to steps.csv")
        if not bought and self.steps:
            yield Issue(where, f"a {self.at} process needs no steps", "remove its steps")
        for k, step in enumerate(self.steps):
            at = f"steps/{self.id}/{k}"
            if not (step.capacity_kg_per_year > 0 and isfinite(step.capacity_kg_per_year)):
                yield Issue(at, f"capacity is {step.capacity_kg_per_year:g}", "give more than 0")
            for name in ("capex_minor", "fixed_minor_per_year", "area_m2", "jobs"):
                if not (isfinite(getattr(step, name)) and getattr(step, name) >= 0):
                    yield Issue(at, f"{name} is {getattr(step, name)}", "give 0 or more")
