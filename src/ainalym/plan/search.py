"""Designing a plan: a joint bound from above and plans people can build from below."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import inf, isfinite, nan

import numpy as np
from numpy.typing import NDArray

from ainalym.answer import TOLERANCE, Sense, Status
from ainalym.errors import law, refuse
from ainalym.model.city import City
from ainalym.model.place import SiteStatus
from ainalym.model.plan import NEVER, Outcome, Plan, Tally
from ainalym.model.travel import Travel
from ainalym.plan.check import recount
from ainalym.plan.decide import Design, decide, read_design
from ainalym.plan.households import pairs as pairs_of
from ainalym.plan.joint import Master, add_cuts, master_of, prices_of
from ainalym.plan.parts import Network, station_intake
from ainalym.plan.settle import fix_designs, settle
from ainalym.plan.siting import choose_points, money_for_points, schedule, terms_of
from ainalym.plan.worth import from_units, in_units, sense_of
from ainalym.solve.branch import WHOLE, branch
from ainalym.solve.mip import Solution

Progress = Callable[[float, float, float], None]

PROPOSE_SHARE = 0.2
"""Share of the time left that deciding stations and steps once may take."""

PROPOSE_EVERY = 50
"""After how many nodes of the bound's tree a plan is built from its prices."""


@dataclass(slots=True, kw_only=True, eq=False)
class Search:
    """What a search knows so far."""

    city: City
    travel: Travel
    master: Master
    began_s: float
    seconds: float
    gap_allowed: float
    seed: int
    progress: Progress | None
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
    nodes: int = 0
    tried: set[tuple] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)

    @property
    def left_s(self) -> float:
        """Seconds left."""
        return self.seconds - (time.monotonic() - self.began_s)

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


def design(
    city: City,
    travel: Travel,
    *,
    seconds: float = 60.0,
    gap_allowed: float = 0.005,
    seed: int = 0,
    progress: Progress | None = None,
) -> Outcome:
    """Design the best plan the time allows, with a bound on the best there is.

    Parameters
    ----------
    city
        A city; its faults are refused.
    travel
        Its distances.
    seconds
        Wall time after which the best plan so far is returned, above 0; the last step may take
        a little longer.
    gap_allowed
        The search stops when the objective is within this share of the bound.
    seed
        Of the siting engine's kicks; the same seed gives the same plan when time does not run
        out.
    progress
        Called with seconds, objective and bound whenever one of them moves.

    Returns
    -------
    The plan, its figures recomputed without the solver, the bound on the joint problem, and, if
    there can be no plan, the rules that clash.

    Raises
    ------
    InputError
        The city has faults.
    """
    refuse(city.check())
    pairs = pairs_of(city, travel)
    master = master_of(city, travel, pairs)
    search = Search(
        city=city,
        travel=travel,
        master=master,
        began_s=time.monotonic(),
        seconds=seconds,
        gap_allowed=gap_allowed,
        seed=seed,
        progress=progress,
    )
    clash: tuple[str, ...] = ()
    try:
        clash = _search(search)
    except KeyboardInterrupt:
        search.refused.append("interrupted before the search was done")
    return _outcome(search, clash)


def _search(search: Search) -> tuple[str, ...]:
    net, level = search.master.net, search.master.level
    search.free = net.program.bounds(np.unique(np.concatenate(_groups(net, level))))
    relaxed = net.program.solve(seconds=max(1.0, search.left_s), relax=True, interior=True)
    if relaxed.status is Status.INFEASIBLE:
        return net.program.clash()
    if relaxed.value is None:
        return ()
    _bound(search, relaxed.bound)
    _look(search, relaxed.value)
    _propose(search)
    branched = branch(
        net.program,
        _groups(net, level),
        cut=lambda solution: add_cuts(search.master, solution),
        suggest=lambda solution, is_whole: _suggest(search, solution, is_whole),
        gap_allowed=search.gap_allowed,
        seconds=search.left_s,
        progress=lambda bound: _bound(search, bound),
    )
    _bound(search, branched.bound)
    if branched.is_complete and branched.bound == -inf:
        return net.program.clash()
    return ()


def _groups(net: Network, level: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """What is decided, the most telling first: how many, then which, then the points."""
    many = (*net.counts, net.works, net.stock_steps.installed)
    which = (net.station_open, net.station_steps.installed)
    groups = [np.concatenate([np.ravel(c) for c in many]), *which, level]
    return [np.unique(columns) for columns in groups]


def _propose(search: Search) -> None:
    """Build plans, points and network in turn, while that helps."""
    city, master = search.city, search.master
    opened = np.full(len(city.sites), NEVER, np.int32)
    is_open = search.level > 0.5
    some = is_open.any(1)
    opened[master.point[some]] = np.argmax(is_open[some], axis=1)
    while search.left_s > 0:
        design = decide(
            city,
            search.travel,
            master.pairs,
            master.net.periods,
            opened,
            _likely_stations(search),
            seconds=max(1.0, PROPOSE_SHARE * search.left_s),
            gap_allowed=0.5 * search.gap_allowed,
        )
        if design is None or _key(design) in search.tried:
            return
        before = search.best
        _refine(search, design)
        _build(search, design)
        if not search.best > before or search.plan is None:
            return
        opened = search.plan.opened


def _refine(search: Search, design: Design) -> None:
    """Ask the master what points and prices go with a design, and remember them."""
    net = search.master.net
    columns = np.unique(np.concatenate(_groups(net, search.master.level)))
    now = net.program.bounds(columns)
    net.program.change_bounds(columns, *search.free)
    fix_designs(net, *design)
    answer = net.program.solve(seconds=max(1.0, search.left_s), relax=True)
    if answer.value is not None:
        _look(search, answer.value)
    net.program.change_bounds(columns, *now)


def _likely_stations(search: Search) -> NDArray[np.int64]:
    """The stations the last node used most, and the cheapest, which a fixed count may want."""
    city, net = search.city, search.master.net
    asked = city.programme.stations
    sites, stations = city.sites, net.stations
    cost = sites.capex_minor[stations] + city.programme.years * sites.fixed_minor_per_year[stations]
    must = [sites.status[k] in (SiteStatus.EXISTING, SiteStatus.FORCED) for k in stations]
    likely = {*np.flatnonzero(must), *np.argsort(-search.usage, kind="stable")[: asked + 1]}
    likely |= set(np.argsort(cost, kind="stable")[:asked].tolist())
    return stations[sorted(likely)]


def _look(search: Search, solution: Solution) -> None:
    """Remember what a relaxed solution says of prices, points and stations."""
    net = search.master.net
    search.price = prices_of(search.master, solution)
    search.level = _levels(search.master, solution)
    stations = range(len(net.stations))
    search.usage = np.array([solution.value[station_intake(net, k)].sum() for k in stations])


def _key(design: Design) -> tuple:
    return (tuple(design[0]), design[1])


def _bound(search: Search, bound: float) -> None:
    search.bound = min(search.bound, bound)
    search.tell()


def _levels(master: Master, solution: Solution) -> NDArray[np.float64]:
    return np.clip(solution.value[master.level], 0.0, 1.0)


def _suggest(search: Search, solution: Solution, is_whole: bool) -> float:
    """Build a plan from a node's design, or now and then from its prices."""
    search.nodes += 1
    _look(search, solution)
    if _is_designed(search.master.net, solution):
        design = read_design(search.master.net, solution)
        if _key(design) not in search.tried:
            _build(search, design)
        if is_whole:
            _take(search, design)
    elif search.nodes % PROPOSE_EVERY == 0:
        _propose(search)
    return search.best


def _is_designed(net: Network, solution: Solution) -> bool:
    """Whether stations, lines and presses are decided, whatever the points."""
    parts = (net.station_open, net.station_steps.installed, net.works, net.stock_steps.installed)
    value = solution.value[np.concatenate([np.ravel(columns) for columns in parts])]
    return bool((np.abs(value - np.round(value)) <= WHOLE).all())


def _take(search: Search, design: Design) -> None:
    """Settle the very points, stations and steps of a whole solution; keep the plan if better."""
    city, master = search.city, search.master
    opened = design[0].copy()
    is_open = search.level > 0.5
    some = is_open.any(1)
    opened[master.point[some]] = np.argmax(is_open[some], axis=1)
    settled = settle(city, search.travel, master.pairs, opened, design[1], seconds=inf)
    if settled is not None:
        _keep(search, settled.plan)


def _build(search: Search, design: Design) -> None:
    """Choose points for given stations and steps, settle the flows, keep the plan if better."""
    city, master = search.city, search.master
    opened, installed = design
    search.tried.add(_key(design))
    money = money_for_points(city, opened, installed)
    terms = terms_of(
        city,
        master.net.worth,
        master.pairs,
        master.point,
        search.price,
    )
    budget = float(money[city.programme.last_build_year])
    suggested = np.zeros(len(city.sites), bool)
    suggested[master.point] = search.level[:, -1] > 0.5
    chosen = choose_points(
        city,
        master.pairs,
        terms,
        budget,
        start=suggested,
        seconds=min(5.0, max(0.5, 0.05 * search.left_s)),
        seed=search.seed,
    )
    for is_open in (suggested | terms.kept, chosen):
        _settle(search, terms, is_open, money, opened, installed)


def _settle(search, terms, is_open, money, opened, installed) -> None:
    """Settle the flows of open points, closing those that cannot earn a living; keep the best."""
    city, master = search.city, search.master
    is_open = is_open.copy()
    for _ in range(6):
        years = schedule(city, master.pairs, terms, is_open, money)
        settled = settle(
            city,
            search.travel,
            master.pairs,
            np.where(terms.free | terms.kept, years, opened).astype(np.int32),
            installed,
            seconds=max(5.0, search.left_s),
        )
        if settled is None:
            return
        missing = settled.missing_minor.max(0)
        weak = terms.free & (missing > TOLERANCE * city.programme.keeper_minor_per_year + 1.0)
        if not weak.any():
            break
        worst = np.sort(missing[weak])[-max(1, weak.sum() // 2)]
        is_open &= ~(weak & (missing >= worst))
    _keep(search, settled.plan)


def _keep(search: Search, plan: Plan) -> None:
    """Recount a plan and keep it when it breaks no rule and beats the best."""
    tally, faults = recount(search.city, search.travel, plan)
    plan, tally, faults = _with_subsidy(search, plan, tally, faults)
    if faults:
        search.refused += [str(fault) for fault in faults[:3]]
        return
    more = 1.0 if sense_of(search.city.programme.objective) is Sense.MAX else -1.0
    if search.tally is None or more * tally.objective > more * search.tally.objective:
        search.plan, search.tally = plan, tally
        search.tell()


def _with_subsidy(search, plan, tally, faults):
    """Pay each keeper just what is missing to the least earnings."""
    least = search.city.programme.keeper_minor_per_year
    short = np.nan_to_num(np.maximum(least - tally.keeper_minor, 0.0), nan=0.0)
    if not short.any():
        return plan, tally, faults
    plan = replace(plan, subsidy_minor=short)
    return plan, *recount(search.city, search.travel, plan)


def _outcome(search: Search, clash: tuple[str, ...]) -> Outcome:
    objective = search.city.programme.objective
    sense, bound = sense_of(objective), in_units(objective, search.bound)
    status = Status.INFEASIBLE if clash else Status.UNKNOWN
    if search.plan is not None:
        status = Status.OPTIMAL if search.gap <= TOLERANCE else Status.FEASIBLE
    worse = search.objective - bound if sense is Sense.MAX else bound - search.objective
    law(
        search.plan is None or worse <= TOLERANCE * max(1.0, abs(bound)),
        said=f"bound {bound} is worse than the plan's {search.objective}",
    )
    return Outcome(
        status=status,
        sense=sense,
        objective=search.objective,
        bound=bound,
        gap=search.gap,
        plan=search.plan,
        tally=search.tally,
        clash=clash,
        seconds_s=time.monotonic() - search.began_s,
        trail=tuple(search.trail),
        notes=tuple(search.refused),
    )
