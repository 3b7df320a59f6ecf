"""What a change to a city does to the best plan of it, as far as bounds can tell."""

from dataclasses import dataclass

from ainalym.answer import TOLERANCE
from ainalym.model.plan import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a change does to the best plan there is.

    Attributes
    ----------
    changed
        What was changed, in words.
    outcome
        What was found for the changed city.
    least, most
        By how much at least and at most the best plan gets better, in the objective's own unit;
        below 0 it gets worse. Minus infinity when no plan can be, or none was found.
    opens, closes
        Ids of points and stations that are open in the one plan and not in the other.
    """

    changed: str
    outcome: Outcome
    least: float
    most: float
    opens: tuple[str, ...] = ()
    closes: tuple[str, ...] = ()

    @property
    def is_told_apart(self) -> bool:
        """Whether the proven bounds leave no doubt that it is better, or that it is worse."""
        slack = TOLERANCE * max(1.0, abs(self.outcome.objective))
        return not (self.least <= slack and self.most >= -slack)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternatives:
    """The best plans that differ in their stations.

    Attributes
    ----------
    found
        Best first, each compared with the plan.
    rest
        No choice of stations beside these and the plan's can reach more than this (or less, where
        less is better), in the objective's own unit; not a number when there is no other choice.
    is_complete
        Whether it is proved that none within the distance is missing.
    """

    found: tuple[Difference, ...]
    rest: float
    is_complete: bool
