"""Building plans people can follow from what a relaxed program suggests."""

import time
from functools import partial
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from ainalym.answer import TOLERANCE, Answer
from ainalym.model.place import SiteKind, SiteStatus
from ainalym.model.plan import NEVER
from ainalym.plan.decide import Design, decide, read_design
from ainalym.plan.joint import decisions
from ainalym.plan.known import Known, key_of
from ainalym.plan.points import points_for
from ainalym.plan.polish import polish
from ainalym.plan.settle import fix_designs, settle
from ainalym.plan.siting import improve, money_for_points, schedule, terms_of, within
from ainalym.solve.branch import WHOLE
from ainalym.solve.linear import Solution
from ainalym.solve.mip import Program
from ainalym.solve.together import Beside, together

PROPOSE_SHARE = 0.2
"""Share of the time left that deciding stations and steps once may take."""

ROUGHLY = 0.1
"""The gap at which the first network is good enough; what follows is decided more exactly."""

CLOSINGS = 6
"""How often points whose keepers cannot earn a living are closed before a plan is given up."""

SURE = 0.2
"""How far from whole a point's level may be to be rounded, with others, while diving."""


def sketch(known: Known) -> None:
    """Build an early plan: decide the network roughly for the points last looked at.

    Parameters
    ----------
    known
        Its best plan is replaced by a better one.
    """
    design = _deciding(known, known.opened()).result()
    if design is not None:
        site(known, design)


def propose(known: Known) -> None:
    """Have the network decided for the points last looked at, while the search goes on.

    Parameters
    ----------
    known
        What it proposes is heard by `hear`.
    """
    known.proposed = _deciding(known, known.opened())


def hear(known: Known) -> None:
    """Wait for the network that was proposed and build its plan; propose another if that helped.

    Parameters
    ----------
    known
        Its best plan is replaced by a better one.
    """
    if known.proposed is None or known.left_s <= 0:
        return
    design, known.proposed = known.proposed.result(), None
    if design is None or key_of(design) in known.tried:
        return
    before, is_small = known.best, known.master is not known.whole
    if not is_small:
        site(known, design)
    build(known, design)
    if is_small and known.plan is None:
        site(known, design)
    if known.best > before and known.plan is not None:
        known.proposed = _deciding(known, known.plan.opened)


def _deciding(known: Known, opened: NDArray[np.int32]) -> Beside[Design | None]:
    """Decide stations and steps for these points: roughly for the first plan, exactly from then on.

    Parameters
    ----------
    opened
        Opening years of points by site row.
    """
    exact = 0.5 * known.gap_allowed
    job = partial(
        decide,
        known.city,
        known.travel,
        known.whole.pairs,
        opened,
        _likely_stations(known),
        seconds=max(1.0, PROPOSE_SHARE * known.left_s),
        gap_allowed=exact if known.plan else max(exact, ROUGHLY),
    )
    return Beside(lambda asked: job(asked=asked))


def dive(known: Known) -> None:
    """Round what is decided from where the master stands, one thing after another, and build it.

    The master's bounds and basis are left as they were.

    Parameters
    ----------
    known
        Its best plan is replaced by a better one.
    """
    net, began_s = known.master.net, time.monotonic()
    everything = np.unique(np.concatenate(decisions(known.master)))
    now, basis = net.program.bounds(everything), net.program.basis()
    design = _dive_designs(known)
    net.program.change_bounds(everything, *now)
    if design is not None and key_of(design) not in known.tried:
        build(known, design)
    net.program.resume(basis)
    known.dived_s += time.monotonic() - began_s


def _dive_designs(known: Known) -> Design | None:
    """Fix stations and steps, the surest first, until all are whole; None at a dead end."""
    program = known.master.net.program
    groups = decisions(known.master)[:-1]
    last: tuple[int, float] | None = None
    while known.left_s > 0:
        (answer,) = _relax(known, program)
        if answer.value is None:
            if last is None:
                return None
            program.change_bounds(last[0], last[1] - 1.0, last[1] - 1.0)
            last = None
            continue
        value = answer.value.value
        for columns in groups:
            off = np.abs(value[columns] - np.round(value[columns]))
            if off.max(initial=0.0) > WHOLE:
                break
        else:
            known.look(answer.value)
            return read_design(known.master.net, answer.value)
        share = np.where(off > WHOLE, value[columns] - np.floor(value[columns]), -1.0)
        best = int(np.argmax(share))
        last = int(columns[best]), float(np.ceil(value[columns[best]]))
        program.change_bounds(*last, last[1])
    return None


def site(known: Known, design: Design) -> None:
    """Choose points for given stations and steps at the prices last looked at; keep the plan.

    Goes from the levels last looked at one point at a time: fast, and blind to what lines have no
    room for. (What is best at these prices, by the siting engine, made plans 2 to 14 % worse: with
    marginal prices, points far from where the levels are look as good.)

    Parameters
    ----------
    known
        Its best plan is replaced by a better one.
    design
        Opening years of stations, and steps.
    """
    city, master = known.city, known.whole
    money = money_for_points(city, *design)
    terms = terms_of(city, master.net.worth, master.pairs, master.point, known.price)
    level = np.zeros(len(city.sites))
    level[master.point] = known.level.max(1, initial=0.0)
    budget = float(money[city.programme.last_build_year])
    chosen = within(terms, known.opened() != NEVER, level, budget)
    chosen = improve(city, master.pairs, terms, chosen, budget)
    _settle(known, design, schedule(city, master.pairs, terms, chosen, money))


def build(known: Known, design: Design) -> None:
    """Round the master's points for given stations and steps, settle the flows, keep the plan.

    Parameters
    ----------
    known
        Its best plan is replaced by a better one.
    design
        Opening years of stations, and steps.
    """
    began_s = time.monotonic()
    known.tried.add(key_of(design))
    if known.master is not known.whole:
        opened = points_for(known, design)
        if opened is not None:
            _settle(known, design, polish(known, design, opened))
    elif _dive_points(known, design):
        _settle(known, design, polish(known, design, known.opened()))
    known.built_s = time.monotonic() - began_s


def take(known: Known, design: Design) -> None:
    """Settle the stations and steps of a design with the points last looked at.

    Parameters
    ----------
    known
        Its best plan is replaced by a better one.
    design
        Opening years of stations, and steps.
    """
    _settle(known, design, known.opened())


def _dive_points(known: Known, design: Design) -> bool:
    """Round the levels of the points until all are whole: the sure ones, then one at a time.

    Tells whether that may have led to something better than the best plan.
    """
    program = known.master.net.program
    everything = np.unique(np.concatenate(decisions(known.master)))
    now, basis = program.bounds(everything), program.basis()
    program.change_bounds(everything, *known.free)
    fix_designs(known.master.net, *design)
    known.sifting.hold(program)
    level = np.unique(known.master.level)
    (answer,) = _relax(known, program)
    while answer.value is not None and known.left_s > 0:
        known.look(answer.value)
        value = answer.value.value[level]
        off = np.minimum(value, 1.0 - value)
        if off.max(initial=0.0) <= WHOLE:
            break
        sure = (off > WHOLE) & (off < SURE)
        if sure.any():
            whole = np.round(value[sure])
            program.change_bounds(level[sure], whole, whole)
            (answer,) = _relax(known, program)
            continue
        at = level[int(np.argmax(off))]
        known.twin.stand_as(program)
        sides = program, known.twin
        for side, each in enumerate(sides):
            each.change_bounds(at, side, side)
        closed, opened = _relax(known, *sides)
        keep_open = opened.value is not None and not closed.bound > opened.bound
        if keep_open:
            program.stand_as(known.twin)
        answer = opened if keep_open else closed
    program.change_bounds(everything, *now)
    known.sifting.hold(program)
    program.resume(basis)
    return answer.value is not None


def _relax(known: Known, *programs: Program) -> list[Answer[Solution]]:
    """Solve the relaxed master, or twins of it, as they stand, unless they cannot beat the best.

    Rows of the households' choice are added until nobody goes past an open point.
    """
    is_whole = known.master is known.whole
    cutoff = known.best if is_whole and isfinite(known.best) else None
    answers: dict[Program, Answer[Solution]] = {}
    rest = programs
    while rest:
        seconds = max(1.0, known.left_s)
        solve = [partial(p.solve, seconds=seconds, relax=True, cutoff=cutoff) for p in rest]
        answers |= zip(rest, together([*zip(rest, solve, strict=True)]), strict=True)
        found = [(p, answers[p].value) for p in rest if known.left_s > 0]
        rest = tuple(p for p, value in found if value and known.sifting.cut_choices(value))
    return [answers[program] for program in programs]


def _settle(known: Known, design: Design, opened: NDArray[np.int32]) -> None:
    """Settle the flows of open points, closing those that cannot earn a living; keep the best."""
    city = known.city
    points = city.sites.rows(SiteKind.POINT)
    always = city.sites.has_status(SiteStatus.EXISTING) | city.sites.has_status(SiteStatus.FORCED)
    years = design[0].copy()
    years[points] = opened[points]
    for _ in range(CLOSINGS):
        seconds = max(5.0, known.left_s)
        settled = settle(city, known.travel, known.pairs, years, design[1], seconds=seconds)
        if settled is None:
            return
        missing = settled.missing_minor.max(0)[points]
        weak = missing > TOLERANCE * city.programme.keeper_minor_per_year + 1.0
        weak &= ~always[points]
        if not weak.any():
            break
        worst = np.sort(missing[weak])[-max(1, weak.sum() // 2)]
        years[points[weak & (missing >= worst)]] = NEVER
    known.keep(settled.plan)


def _likely_stations(known: Known) -> NDArray[np.int64]:
    """The stations the last node used most, and the cheapest, which a fixed count may want."""
    city, net = known.city, known.master.net
    asked = city.programme.stations
    sites, stations = city.sites, net.stations
    cost = sites.capex_minor[stations] + city.programme.years * sites.fixed_minor_per_year[stations]
    must = [sites.status[k] in (SiteStatus.EXISTING, SiteStatus.FORCED) for k in stations]
    likely = {*np.flatnonzero(must), *np.argsort(-known.usage, kind="stable")[: asked + 1]}
    likely |= set(np.argsort(cost, kind="stable")[:asked].tolist())
    return stations[sorted(likely)]
