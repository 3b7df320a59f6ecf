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
from ainalym.plan.joint import Master, add_cuts, drop_idle_cuts, master_of, prices_of
from ainalym.plan.parts import station_intake
from ainalym.plan.settle import fix_designs, release_designs, settle
from ainalym.plan.siting import choose_points, money_for_points, schedule, terms_of
from ainalym.plan.worth import from_units, in_units, sense_of
from ainalym.plan.zones import zones_of
from ainalym.solve.branch import branch
from ainalym.solve.mip import Solution

Progress = Callable[[float, float, float], None]

PROPOSE_SHARE = 0.2
"""Share of the time left that deciding stations and steps once may take."""

ROUND_SHARE = 0.9
"""Share of the time left that deciding everything in the master once may take."""

REFINE_ROUNDS = 10
"""Most rounds of cuts for one design."""

PROPOSE_EVERY = 12
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
    """What tonnes were worth at the last node looked at, shape (zones, fractions, periods)."""
    usage: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    """Tonnes each station took in there, shape (stations,)."""
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
    master = master_of(city, travel, pairs, zones_of(city, travel, pairs))
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
    net = search.master.net
    relaxed = _tighten(search, until=0.4)
    if relaxed is None:
        return net.program.clash()
    _look(search, relaxed)
    drop_idle_cuts(search.master, relaxed, many=0)
    _propose(search)
    if not _rounds(search):
        return net.program.clash()
    if search.gap <= search.gap_allowed or search.left_s <= 0:
        return ()
    decided = (
        *net.counts,
        net.station_open,
        net.station_steps.installed,
        net.works,
        net.stock_steps.installed,
        search.master.level,
    )
    groups = [np.unique(columns) for columns in decided]
    branched = branch(
        net.program,
        groups,
        cut=lambda solution: _cut(search.master, solution),
        suggest=lambda solution, is_whole: _suggest(search, solution, is_whole),
        gap_allowed=search.gap_allowed,
        seconds=search.left_s,
        progress=lambda bound: _bound(search, bound),
    )
    _bound(search, branched.bound)
    if branched.is_complete and branched.bound == -inf:
        return net.program.clash()
    return ()


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


def _rounds(search: Search) -> bool:
    """Decide stations and steps in the master, cut where it hoped for too much, and again.

    Tells whether the programme's rules can be kept at all.
    """
    program = search.master.net.program
    while search.left_s > 0 and search.gap > search.gap_allowed:
        answer = program.solve(
            seconds=max(1.0, ROUND_SHARE * search.left_s), gap_allowed=0.25 * search.gap_allowed
        )
        if answer.status is Status.INFEASIBLE:
            return False
        _bound(search, answer.bound)
        if answer.value is None:
            break
        design = read_design(search.master.net, answer.value)
        found = _refine(search, design)
        is_new = _key(design) not in search.tried
        if is_new:
            _build(search, design)
        if not found and not is_new:
            break
    return True


def _refine(search: Search, design: Design) -> int:
    """Cut where the master hopes for too much of a design; remember its prices and points.

    Tells how many cuts were added.
    """
    net, found = search.master.net, 0
    since = net.program.n_rows
    fix_designs(net, *design)
    for _ in range(REFINE_ROUNDS):
        answer = net.program.solve(seconds=max(1.0, search.left_s), relax=True)
        if answer.value is None:
            break
        _look(search, answer.value)
        drop_idle_cuts(search.master, answer.value, since=since, many=0)
        more = add_cuts(search.master, search.level, answer.value, slack=1e-4)
        found += more
        if not more:
            break
    release_designs(net)
    return found


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


def _cut(master: Master, solution: Solution) -> int:
    drop_idle_cuts(master, solution)
    return add_cuts(master, _levels(master, solution), solution, slack=1e-4)


def _tighten(search: Search, *, until: float) -> Solution | None:
    """Solve the relaxation, adding cuts, until the bound stands still."""
    master, program = search.master, search.master.net.program
    core = np.full(master.level.shape, 0.5)
    solution, still = None, 0
    while search.left_s > (1 - until) * search.seconds or solution is None:
        answer = program.solve(seconds=max(1.0, search.left_s), relax=True)
        if answer.status is Status.INFEASIBLE:
            return None
        if answer.value is None:
            break
        still = still + 1 if search.bound - answer.bound < 5e-4 * abs(answer.bound) else 0
        _bound(search, answer.bound)
        solution = answer.value
        level = _levels(master, solution)
        core = 0.5 * core + 0.5 * level
        if still >= 2:
            break
        drop_idle_cuts(master, solution)
        if not add_cuts(master, core, solution) and not add_cuts(master, level, solution):
            break
    return solution


def _suggest(search: Search, solution: Solution, is_whole: bool) -> float:
    """Build a plan from a node's design, or now and then from its prices."""
    search.nodes += 1
    _look(search, solution)
    if is_whole:
        design = read_design(search.master.net, solution)
        if _key(design) not in search.tried:
            _build(search, design)
        _take(search, design)
    elif search.nodes % PROPOSE_EVERY == 0:
        _propose(search)
    return search.best


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
        master.zones,
        search.price,
        master.extra_gain,
        0.0,
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
