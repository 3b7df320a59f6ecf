"""What a search knows so far: its master program, its best plan, its bound, its last look."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import inf, isfinite, nan

import numpy as np
from numpy.typing import NDArray

from ainalym.answer import Sense
from ainalym.model.city import City
from ainalym.model.plan import NEVER, Plan, Tally
from ainalym.model.travel import Travel
from ainalym.plan.check import recount
from ainalym.plan.decide import Design
from ainalym.plan.households import Pairs
from ainalym.plan.joint import prices_of
from ainalym.plan.lifted import Lifted
from ainalym.plan.master import Master
from ainalym.plan.parts import station_intake
from ainalym.plan.sifting import Sifting
from ainalym.plan.worth import from_units, in_units, sense_of
from ainalym.solve.branch import WHOLE, Traced
from ainalym.solve.linear import Solution
from ainalym.solve.mip import Program
from ainalym.solve.together import Beside

DIVE_SHARE = 0.1
"""Share of the time that may go to plans dived for from whole counts: in three cities none of them
was better than that of the first design."""

Progress = Callable[[float, float, float], None]


@dataclass(slots=True, kw_only=True, eq=False)
class Known:
    """What a search knows so far."""

    city: City
    travel: Travel
    pairs: Pairs
    """Who can bring what where, place by place."""
    whole: Master
    """The master program of the whole city, which may be too large to be solved."""
    began_s: float
    seconds: float
    gap_allowed: float
    progress: Progress | None
    master: Master = field(init=False)
    """The one that is solved: the whole, or a small one that stands for it."""
    twin: Program = field(init=False)
    """Of its program: to be solved at the same time while a plan is built."""
    sifting: Sifting | Lifted = field(init=False)
    plan: Plan | None = None
    tally: Tally | None = None
    bound: float = inf
    """In worth: more is better, whatever the objective."""
    trail: list[tuple[float, float, float]] = field(default_factory=list)
    level: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    """Levels of the points at the last node looked at, shape (points, years)."""
    price: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    """What tonnes were worth at the last node looked at, shape (points, fractions, periods)."""
    usage: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    """Tonnes each station took in there, shape (stations,)."""
    free: tuple[NDArray[np.float64], NDArray[np.float64]] = (np.zeros(0), np.zeros(0))
    """Lower and upper bounds of everything the master decides, before anything is decided."""
    counted: set[tuple] = field(default_factory=set)
    """Numbers of stations and steps from which a plan was sought."""
    proposed: Beside[Design | None] | None = None
    """A design that is being decided meanwhile."""
    dived_s: float = 0.0
    """Seconds that dives have taken."""
    built_s: float = 0.0
    """Seconds that the last plan took to be built from a design."""
    tried: set[tuple] = field(default_factory=set)
    """Designs for which points were chosen."""
    trace: Traced = field(default_factory=Traced)
    """What was looked into of the tree, for the certificate."""
    notes: list[str] = field(default_factory=list)
    """What the reader of the plan has to know of how it was found."""

    @property
    def left_s(self) -> float:
        """Seconds left."""
        return self.seconds - (time.monotonic() - self.began_s)

    @property
    def may_dive(self) -> bool:
        """Whether another dive like the last build would leave most of the time to the tree."""
        spent = self.dived_s + self.built_s
        return spent <= DIVE_SHARE * (time.monotonic() - self.began_s)

    @property
    def objective(self) -> float:
        """Of the best plan, in the objective's own unit; not a number without one."""
        return nan if self.tally is None else self.tally.objective

    @property
    def best(self) -> float:
        """Worth of the best plan in program units; `-inf` without one."""
        return (
            -inf
            if self.tally is None
            else from_units(self.city.programme.objective, self.objective)
        )

    @property
    def gap(self) -> float:
        """Share by which the best plan may fall short of the best possible."""
        bound = in_units(self.city.programme.objective, self.bound)
        if self.tally is None or not isfinite(bound):
            return inf
        return abs(bound - self.objective) / max(abs(self.objective), 1e-12)

    def tell(self) -> None:
        """Tell whoever watches where the search stands."""
        now = time.monotonic() - self.began_s
        bound = in_units(self.city.programme.objective, self.bound)
        if not self.trail or self.trail[-1][1:] != (self.objective, bound):
            self.trail.append((now, self.objective, bound))
        if self.progress:
            self.progress(now, self.objective, bound)

    def look(self, solution: Solution) -> None:
        """Remember what a relaxed solution says of prices, points and stations."""
        net, value = self.master.net, solution.value
        level = np.clip(value[self.master.level], 0.0, 1.0)
        if isinstance(self.sifting, Lifted):
            self.price = prices_of(self.whole, self.sifting.lift.price)
            self.level = self.sifting.spread(level)
        else:
            self.price, self.level = prices_of(self.whole, solution.dual), level
        stations = range(len(net.stations))
        self.usage = np.array([value[station_intake(net, k)].sum() for k in stations])

    def opened(self) -> NDArray[np.int32]:
        """Round the points' levels last looked at to opening years, by site row."""
        opened = np.full(len(self.city.sites), NEVER, np.int32)
        is_open = self.level > 0.5
        some = is_open.any(1)
        opened[self.whole.point[some]] = np.argmax(is_open[some], axis=1)
        return opened

    def likely(self) -> NDArray[np.float64]:
        """Tell how likely a good plan opens each point, shape (points,): the more, the likelier."""
        usage = np.ceil(self.level.max(1, initial=0.0) - WHOLE)
        if isinstance(self.sifting, Lifted):
            usage = usage + self.sifting.lift.usage
        if self.plan is not None:
            usage = usage + (self.plan.opened[self.whole.point] != NEVER)
        return usage

    def lower(self, bound: float) -> None:
        """Take in a bound, in worth."""
        self.bound = min(self.bound, bound)
        self.tell()

    def keep(self, plan: Plan) -> None:
        """Recount a plan and keep it when it breaks no rule and beats the best."""
        tally, faults = recount(self.city, self.travel, plan)
        least = self.city.programme.keeper_minor_per_year
        short = np.nan_to_num(np.maximum(least - tally.keeper_minor, 0.0), nan=0.0)
        if short.any():  # each keeper is paid just what is missing
            plan = replace(plan, subsidy_minor=short)
            tally, faults = recount(self.city, self.travel, plan)
        if faults:
            return
        more = 1.0 if sense_of(self.city.programme.objective) is Sense.MAX else -1.0
        if self.tally is None or more * tally.objective > more * self.tally.objective:
            self.plan, self.tally = plan, tally
            self.tell()


def key_of(design: Design) -> tuple:
    """Tell designs apart: the same key, the same stations and steps."""
    return (tuple(design[0]), design[1])
