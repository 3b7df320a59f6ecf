"""What a solver may claim: a status, a value, and a bound that says how good the value is."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from ainalym.errors import law

T = TypeVar("T")

TOLERANCE = 1e-6
"""Relative slack between a solver's bound and our recomputed objective: solvers are that exact."""


class Sense(StrEnum):
    """Whether less or more is better."""

    MIN = "min"
    MAX = "max"


class Status(StrEnum):
    """Why the solver stopped, in the four words a planner needs."""

    OPTIMAL = "optimal"  # proved: no better value exists, within `gap_allowed`
    FEASIBLE = "feasible"  # a value and a bound, but a limit came first
    INFEASIBLE = "infeasible"  # proved: no value exists
    UNKNOWN = "unknown"  # a limit came before any value


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Generic[T]):
    """The answer to an optimisation. `INFEASIBLE` is an answer, not an exception.

    Attributes
    ----------
    status
        Why the solver stopped.
    value
        The best value found; None exactly when `status` is INFEASIBLE or UNKNOWN.
    objective
        Its worth, recomputed from `value` by our own code, in the unit the solver documents;
        not a number without a value.
    bound
        No value can be better than this. Infinite when nothing is proved.
    sense
        Whether less or more is better.
    gap_allowed
        The relative gap at which the solver was told to call a value optimal.
    out_of
        What the gap is a share of; the objective itself unless said. Where costs and revenues
        nearly cancel out, a share of their difference would mean nothing.

    Raises
    ------
    BrokenLaw
        The bound is on the wrong side of the objective, or OPTIMAL is claimed with an open gap.
    """

    status: Status
    value: T | None
    objective: float
    bound: float
    sense: Sense = Sense.MIN
    gap_allowed: float = 0.0
    out_of: float | None = None

    def __post_init__(self) -> None:
        has_value = self.status in (Status.OPTIMAL, Status.FEASIBLE)
        held = "no" if self.value is None else "a"
        law(has_value == (self.value is not None), said=f"{self.status} with {held} value")
        law(not math.isnan(self.bound), said="the bound is not a number")
        if has_value:
            law(not math.isnan(self.objective), said="the objective is not a number")
            slack = TOLERANCE * max(1.0, abs(self.objective))
            room = self.objective - self.bound
            room = room if self.sense is Sense.MIN else -room
            side = "above" if self.sense is Sense.MIN else "below"
            law(room >= -slack, said=f"bound {self.bound} {side} objective {self.objective}")
        if self.status is Status.OPTIMAL:
            law(
                self.gap <= self.gap_allowed + TOLERANCE,
                said=f"called optimal at a gap of {self.gap:.3%}",
            )

    @property
    def gap(self) -> float:
        """How far the objective may be from the best possible, as a share of `out_of`."""
        if self.objective == self.bound:
            return 0.0
        if not (math.isfinite(self.objective) and math.isfinite(self.bound)):
            return math.inf
        room = self.objective - self.bound
        room = room if self.sense is Sense.MIN else -room
        out_of = abs(self.objective) if self.out_of is None else self.out_of
        return max(0.0, room) / max(out_of, 1e-12)
