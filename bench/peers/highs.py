"""HiGHS alone, with two threads: on the textbook's program, and on the chained one."""

from collections.abc import Callable

import numpy as np

from ainalym.answer import Sense, Status
from ainalym.solve.mip import Program
from bench.peers.programs import Plain, pairs, steps
from bench.peers.told import ALLOWED, THREADS, Clock, Told
from bench.rows import Instance


def by_pairs(instance: Instance, clock: Clock) -> Told:
    """Solve the textbook program."""
    return _solve(instance, clock, pairs)


def by_steps(instance: Instance, clock: Clock) -> Told:
    """Solve the chained program."""
    return _solve(instance, clock, steps)


def _solve(instance: Instance, clock: Clock, state: Callable[[Instance], Plain]) -> Told:
    plain, program = state(instance), Program(Sense.MIN)
    is_site = np.arange(len(plain.cost)) < plain.sites
    column = program.columns(
        "column", len(plain.cost), gain=plain.cost, lower=plain.least, upper=1.0, integer=is_site
    )
    row = program.rows("row", len(plain.lower), lower=plain.lower, upper=plain.upper)
    program.put(row[plain.row], column[plain.column], plain.entry)
    sign = 1.0 if instance.is_cost else -1.0

    def look(_: float, value: float, bound: float) -> None:
        clock.note(sign * value, sign * bound)

    began_s = clock.now_s
    answer = program.solve(
        seconds=clock.left_s, gap_allowed=ALLOWED, threads=THREADS, progress=look
    )
    inside_s = clock.now_s - began_s
    if answer.status not in (Status.OPTIMAL, Status.FEASIBLE):
        return Told(open=None, bound=sign * answer.bound, inside_s=inside_s)
    is_open = answer.value.value[: plain.sites] > 0.5
    return Told(open=is_open, bound=sign * answer.bound, inside_s=inside_s)
