"""Designing a plan: a joint bound from above and plans people can build from below."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import inf

import numpy as np
from numpy.typing import NDArray

from ainalym.answer import TOLERANCE, Answer, Sense, Status
from ainalym.errors import law, refuse
from ainalym.model.city import City
from ainalym.model.plan import Outcome
from ainalym.model.travel import Travel
from ainalym.plan.build import build, dive, hear, propose, sketch, take
from ainalym.plan.coarse import coarse_of, first_points, large, likely_points
from ainalym.plan.decide import read_design
from ainalym.plan.households import alike
from ainalym.plan.households import pairs as pairs_of
from ainalym.plan.joint import BRINGING, SERVING, cuts_of, decisions, master_of
from ainalym.plan.known import Known, Progress, key_of
from ainalym.plan.lifted import Lifted
from ainalym.plan.parts import MASS_AT_POINTS, MASS_AT_STATIONS, MASS_AT_STOCKPILES, OPENING
from ainalym.plan.proof import PlanCertificate
from ainalym.plan.proving import certify_plan
from ainalym.plan.sifting import Sifting
from ainalym.plan.worth import in_units, sense_of
from ainalym.solve.branch import WHOLE, branch
from ainalym.solve.linear import Linear, Solution
from ainalym.solve.proof import Prover

NATURE = (MASS_AT_POINTS, MASS_AT_STATIONS, MASS_AT_STOCKPILES, OPENING, BRINGING, SERVING)
"""Laws that are nobody's rule, and cannot be dropped when rules clash."""


def design(
    city: City,
    travel: Travel,
    *,
    seconds: float = 60.0,
    gap_allowed: float = 0.005,
    progress: Progress | None = None,
    certified: Callable[[PlanCertificate], None] | None = None,
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
    progress
        Called with seconds, objective and bound whenever one of them moves.
    certified
        Called with the plan's certificate in the end, if there is a plan; without it none is made.
        Interrupted while it is made, the plan is returned with a note that it has none.

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
    began_s = time.monotonic()
    pairs = pairs_of(city, travel)
    merged = alike(pairs)
    is_large = len(merged) > large(seconds)
    known = Known(
        city=city,
        travel=travel,
        pairs=pairs,
        whole=master_of(city, travel, merged, Linear(Sense.MAX) if is_large else None),
        began_s=began_s,
        seconds=seconds,
        gap_allowed=gap_allowed,
        progress=progress,
    )
    clash: tuple[str, ...] = ()
    try:
        clash = _search(known, is_large)
    except KeyboardInterrupt:
        known.notes.append("interrupted before the search was done")
    finally:
        if known.proposed:
            known.proposed.stop()
    outcome = _outcome(known, clash)
    if outcome.plan is None or certified is None:
        return outcome
    try:
        certified(_certificate(known))
    except KeyboardInterrupt:
        said = "interrupted before its certificate was made: there is none"
        outcome = replace(outcome, notes=(*outcome.notes, said))
    return outcome


def _certificate(known: Known) -> PlanCertificate:
    """Make the certificate of the best plan."""
    if isinstance(known.sifting, Lifted):
        known.sifting.translate(known.trace)
    cuts = cuts_of(known.whole)
    return certify_plan(known.city, known.travel, cuts, known.trace, known.objective)


def _search(known: Known, is_large: bool) -> tuple[str, ...]:
    """Bound and build until the gap is closed or the time is up; tell the rules that clash."""
    relaxed = _look_afar(known) if is_large else _look_near(known)
    if relaxed.status is Status.INFEASIBLE and is_large:
        # What a few points cannot do the whole city may.
        known.whole = master_of(known.city, known.travel, known.whole.pairs)
        relaxed = _look_near(known)
    program = known.master.net.program
    if relaxed.status is Status.INFEASIBLE:
        return program.clash(always=NATURE)
    if relaxed.value is None:
        return ()
    groups = decisions(known.master)
    if not is_large:
        # Where lines stand tells more than which stations open, where many sides can be tried out.
        many, stations, steps, points = groups
        groups = many, np.concatenate([stations, steps]), points
    known.twin = program.twin()
    known.free = program.bounds(np.unique(np.concatenate(groups)))
    known.look(relaxed.value)
    if not is_large:
        sketch(known)
    _tighten(known, relaxed.value)
    propose(known)
    branched = branch(
        program,
        groups,
        cut=known.sifting.cut,
        suggest=lambda solution, is_whole: _suggest(known, solution, is_whole),
        gap_allowed=known.gap_allowed,
        seconds=known.left_s,
        beside=(program.twin(),),
        follow=known.sifting.hold,
        price=known.sifting.price,
        is_part=known.master is not known.whole,
        trace=known.trace,
        kept=known.sifting.kept,
        progress=known.lower,
    )
    known.lower(branched.bound)
    if branched.is_complete and branched.bound == -inf:
        known.sifting.wake_all()
        return program.clash(always=NATURE)
    return ()


def _look_near(known: Known) -> Answer[Solution]:
    """Take a first look at the whole master."""
    known.master, known.sifting = known.whole, Sifting(known.whole)
    return _first_look(known)


def _look_afar(known: Known) -> Answer[Solution]:
    """Take a first look at a small master of points all over, and at one of those it points to.

    At that one again, once it is known how much too much its merged places seem to bring.
    """
    whole, prover = known.whole, Prover(known.whole.net.program)
    part = partial(coarse_of, known.city, known.travel, whole)
    answer = _look_with(known, Lifted(part(first_points(whole)), prover))
    if answer.value is None or known.left_s <= 0:
        return answer
    is_in = likely_points(whole, known.likely(), known.sifting.few())
    first = Lifted(part(is_in), prover)
    answer = _look_with(known, first)
    if answer.value is None or known.left_s <= 0:
        return answer
    again = Lifted(part(is_in, yields=first.yields(answer.value)), prover)
    again.go_on(first)
    return _look_with(known, again)


def _look_with(known: Known, sifting: Lifted) -> Answer[Solution]:
    """Take a first look at a small master."""
    known.master, known.sifting = sifting.master, sifting
    answer = _first_look(known)
    if answer.value is not None:
        known.look(answer.value)
    return answer


def _first_look(known: Known) -> Answer[Solution]:
    """Solve the relaxed master, waking columns until its prices want no more."""
    program, sifting = known.master.net.program, known.sifting
    while True:
        answer = program.solve(seconds=max(1.0, known.left_s), relax=True)
        if answer.value is None:
            # Whether nothing at all is feasible only the whole program can say.
            if answer.status is Status.INFEASIBLE and sifting.wake_all():
                continue
            return answer
        prices = program.prices()
        bound, woken = sifting.price(program, prices)
        known.trace.price = sifting.kept(prices).astype(np.float32)
        known.lower(bound)
        if not woken or known.left_s <= 0:
            return answer


def _tighten(known: Known, solution: Solution) -> None:
    """Add a first round of cuts while most columns are asleep, then wake what may be wanted."""
    if known.sifting.cut(solution):
        answer = _first_look(known)
        if answer.value is not None:
            known.look(answer.value)
    known.sifting.wake_likely(known.master.net.program.prices())


def _suggest(known: Known, solution: Solution, is_whole: bool) -> float:
    """Build a plan from a node: of its very design, or of what its numbers of steps lead to."""
    hear(known)
    known.look(solution)
    many, *which, _points = decisions(known.master)
    if _are_whole(solution, np.concatenate([many, *which])):
        design = read_design(known.master.net, solution)
        if key_of(design) not in known.tried:
            build(known, design)
        if is_whole:
            known.look(solution)
            take(known, design)
    elif _are_whole(solution, many):
        counts = tuple(np.round(solution.value[many]))
        if counts not in known.counted:
            known.counted.add(counts)
            if known.plan is None or known.may_dive:
                dive(known)
    return known.best


def _are_whole(solution: Solution, columns: NDArray[np.int64]) -> bool:
    value = solution.value[columns]
    return bool((np.abs(value - np.round(value)) <= WHOLE).all())


def _outcome(known: Known, clash: tuple[str, ...]) -> Outcome:
    objective = known.city.programme.objective
    sense, bound = sense_of(objective), in_units(objective, known.bound)
    status = Status.INFEASIBLE if clash else Status.UNKNOWN
    if known.plan is not None:
        status = Status.OPTIMAL if known.gap <= TOLERANCE else Status.FEASIBLE
    worse = known.objective - bound if sense is Sense.MAX else bound - known.objective
    law(
        known.plan is None or worse <= TOLERANCE * max(1.0, abs(bound)),
        said=f"bound {bound} is worse than the plan's {known.objective}",
    )
    return Outcome(
        status=status,
        sense=sense,
        objective=known.objective,
        bound=bound,
        gap=known.gap,
        plan=known.plan,
        tally=known.tally,
        clash=clash,
        seconds_s=time.monotonic() - known.began_s,
        trail=tuple(known.trail),
        notes=tuple(known.notes),
    )
