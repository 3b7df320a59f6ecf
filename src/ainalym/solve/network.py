"""Building a staged network: where stations stand, how they grow, and who brings what.

    minimise    what is built and kept up  +  what is brought, buried and shipped  -  what is sold

over whole numbers of modules by station, size and year. The mathematics is in
docs/mathematics/network.md.

Source
------
Benders (1962), Partitioning procedures for solving mixed-variables programming problems, Numerische
Mathematik 4, doi 10.1007/BF01386316; in-out: Ben-Ameur & Neto (2007), Acceleration of cutting-plane
and column generation algorithms, Networks 49(1), doi 10.1002/net.20137.
"""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import inf

import numpy as np
from numpy.typing import NDArray

from ainalym.answer import Answer, Sense, Status
from ainalym.errors import law
from ainalym.solve.branch import WHOLE, branch
from ainalym.solve.mip import Solution
from ainalym.solve.network_flows import NO_HINT, Hint, Settled, read_flows, settle_flows
from ainalym.solve.network_layouts import Layouts, layouts_of
from ainalym.solve.network_master import Master, master_of
from ainalym.solve.network_moves import neighbours
from ainalym.solve.network_terms import Built, Staged, check_terms, recount
from ainalym.solve.network_zones import in_turn

__all__ = ["Built", "Staged", "build_network", "recount"]

_FLOWS_STEP, _YEARS_STEP = 0.3, 0.5
"""How far towards the relaxed design flows are settled next, and years valued."""

_ROOT_GAP, _LISTED_GAP, _ROOT_TIME = 2e-3, 2e-2, 0.6
"""The relaxed problem is solved well enough to branch, or to look through what can be listed, at
this share of all expenses; or after this share of the time."""

_LIKELY = 0.3
"""Flows of a promised design are settled if its years by themselves leave it this share of the gap
from what was promised."""

_ROOT_ROUNDS, _YEAR_ROUNDS = 100, 200

_PRECISE, _EXACT = 0.1, 1e-7
"""What is settled on the way is settled to this share of the gap; designs, of all expenses."""

_CLIMB_TIME = 0.3
"""Share of the time left that looking for better designs nearby may take at once."""

_TRIED_STEPS = 10_000
"""Of the simplex method, to see whether anything is left when a column is rounded up."""

Design = tuple[NDArray[np.float64], NDArray[np.float64]]
"""How many modules are installed, shape (stations, modules, years), and how far stations are open,
shape (stations, years); whole or not."""


def build_network(
    staged: Staged,
    *,
    seconds: float = 60.0,
    gap_allowed: float = 1e-3,
    progress: Callable[[float, float, float], None] | None = None,
) -> Answer[Built]:
    """Decide what to build when, and prove how good that is.

    Parameters
    ----------
    seconds
        Time limit, above 0; the flows at hand are still settled when it is reached.
    gap_allowed
        The search stops when the cost is within this share of all expenses of the bound.
    progress
        Called with seconds so far, cost and bound whenever one of them moves.

    Returns
    -------
    The network, its cost recounted from its flows, a bound, and the gap as a share of all
    expenses, since the cost itself may be near 0 where sales pay for everything.

    Raises
    ------
    InputError
        The problem has faults; all are listed.
    """
    check_terms(staged, seconds=seconds, gap_allowed=gap_allowed)
    turn = in_turn(staged.bring)
    in_order = replace(staged, supply_t=staged.supply_t[turn], bring=staged.bring[turn])
    hunt = _Hunt(in_order, seconds, gap_allowed, progress)
    with contextlib.suppress(KeyboardInterrupt):  # whoever waits wants the best so far
        hunt.run()
    return hunt.answer(staged, turn)


@dataclass(slots=True, eq=False)
class _Hunt:
    """One search: the master, the best design so far, and the bound."""

    staged: Staged
    seconds: float
    gap_allowed: float
    progress: Callable[[float, float, float], None] | None
    master: Master = field(init=False)
    hints: list[Hint] = field(init=False)
    gross: float = field(init=False)
    began_s: float = field(default_factory=time.monotonic)
    bound: float = -inf
    cost: float = inf
    loose: float = 0.0
    """By how much the flows of a design may have been dearer than its best, at most."""
    best: tuple[NDArray[np.int64], Settled] | None = None
    seen: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        staged = self.staged
        self.master = master_of(staged)
        self.hints = [NO_HINT] * staged.shape[4]
        # Until there is a design to count: what it would cost to bury everything.
        buried = np.einsum("zkt,k,t->", staged.supply_t, staged.landfill, staged.discount)
        self.gross = max(float(buried), 1e-9)

    @property
    def left_s(self) -> float:
        """Seconds left."""
        return self.began_s + self.seconds - time.monotonic()

    @property
    def is_close(self) -> bool:
        """Whether the gap is as small as it is wanted."""
        return self.cost - self.bound <= self.gap_allowed * self.gross

    def run(self) -> None:
        """Bury everything; bound from below; then look through all layouts, or climb and branch."""
        self.value(np.zeros(self.master.level.shape))
        layouts = layouts_of(self.master)
        self.relax(_ROOT_GAP if layouts is None else _LISTED_GAP)
        if layouts is not None:
            self.look_through(layouts)
            return
        self.dive()
        self.climb()
        if not self.is_close and self.left_s > 0:
            self.branch()

    def look_through(self, layouts: Layouts) -> None:
        """Ask the years of the cheapest path by the cuts, until it is no cheaper than the best."""
        while found := layouts.cheapest(lambda: self.left_s <= 0):
            promised, level = found
            self.lower(promised)
            # Of a design whose flows are known the cuts tell what they can.
            if self.is_close or self.is_known(level):
                break
            _, least = self.master.cut(level, (level.sum(1) > 0).astype(float))
            if least - promised <= _LIKELY * (self.cost - promised):
                self.value(level)

    def relax(self, enough: float) -> None:
        """Solve the relaxed problem: settle flows between the best design and the promised one.

        Parameters
        ----------
        enough
            Share of all expenses to which it is solved.
        """
        master, best, promised, least = self.master, None, None, inf
        end = time.monotonic() + _ROOT_TIME * self.left_s
        for _ in range(_ROOT_ROUNDS):
            promised = self.relax_years(promised, least, enough * self.gross)
            level, is_open = promised if best is None else _towards(promised, best, _FLOWS_STEP)
            open_gap = min(least, self.cost) - self.bound
            settled = self.settle(master.room_t(level), is_open, _PRECISE * open_gap)
            cost = master.building(level) + settled.cost
            if cost < least:
                least, best = cost, (level, is_open)
            if least - self.bound <= enough * self.gross or time.monotonic() > end:
                break

    def relax_years(self, design: Design | None, least: float, enough: float) -> Design:
        """Solve the relaxed master with the cuts that the years have now."""
        master, near = self.master, inf
        for _ in range(_YEAR_ROUNDS):
            answer = master.program.solve(relax=True)
            law(answer.value is not None, said="building nothing is allowed")
            self.lower(-answer.bound * master.unit)
            relaxed = self.design(answer.value)
            design = relaxed if design is None else _towards(relaxed, design, _YEARS_STEP)
            near = min(near, master.cut(*design)[1])
            open_gap = max(min(least, self.cost) - self.bound, enough)
            if near - self.bound <= _PRECISE * open_gap or self.left_s <= 0:
                break
        return design

    def settle(self, room_t: NDArray, is_open: NDArray, bearable: float) -> Settled:
        """Find the best flows of a design, and cut there."""
        used = is_open > WHOLE  # what is next to nothing would only upset the linear programs
        room_t, is_open = room_t * used, is_open * used
        settled = settle_flows(self.staged, room_t, is_open, self.hints, bearable=bearable)
        self.hints = [year.hint() for year in settled.years]
        for t, (year, hint) in enumerate(zip(self.master.years, self.hints, strict=True)):
            for price in hint.prices:
                year.cut(price, np.ascontiguousarray(is_open[:, t]))
        return settled

    def design(self, solution: Solution) -> Design:
        """Levels and openings of a solution."""
        value = solution.value
        return np.maximum(value[self.master.level], 0.0), np.clip(value[self.master.is_open], 0, 1)

    def value(self, level: NDArray[np.float64]) -> None:
        """Settle the flows of whole levels exactly, keep the best, and cut there."""
        if self.is_known(level):
            return
        self.seen.add(_key(level))
        master = self.master
        is_open = (level.sum(1) > 0).astype(float)
        room_t = master.room_t(level)
        settled = self.settle(room_t, is_open, _EXACT * self.gross)
        master.cut(level, is_open)
        cost = master.building(level) + settled.cost
        self.loose = max(self.loose, settled.cost - settled.least)
        if cost < self.cost:
            modules = np.diff(np.round(level).astype(np.int64), axis=2, prepend=0)
            self.cost, self.best = cost, (modules, settled)
            self.gross = max(cost + settled.earned, 1e-9)
            self.tell()

    def is_known(self, level: NDArray[np.float64]) -> bool:
        """Whether the flows of whole levels were settled."""
        return _key(level) in self.seen

    def dive(self) -> None:
        """Round the relaxed solution, one column after another, to a design."""
        program, master = self.master.program, self.master
        columns = np.concatenate([master.chosen, master.level.ravel()])
        first = program.bounds(columns)
        cutoff = -self.cost / master.unit
        while self.left_s > 0:
            answer = program.solve(relax=True, cutoff=cutoff)
            if answer.value is None:
                break
            value = answer.value.value
            for group in (master.chosen, master.level.ravel()):
                off = np.abs(value[group] - np.round(value[group]))
                if off.max() > WHOLE:
                    break
            else:
                self.value(np.round(value[master.level]))
                break
            share = np.where(off > WHOLE, value[group] - np.floor(value[group]), -1.0)
            at = int(group[np.argmax(share)])
            low, high = program.bounds([at])
            up = float(np.ceil(value[at]))
            program.change_bounds(at, up, high)
            if program.probe(iterations=_TRIED_STEPS)[0] == -inf:
                program.change_bounds(at, low, up - 1.0)
        program.change_bounds(columns, *first)

    def climb(self) -> None:
        """Change the best design a little while that makes it cheaper, the most hopeful first."""
        master, end = self.master, time.monotonic() + _CLIMB_TIME * self.left_s
        while self.best is not None:
            before = self.cost
            designs = neighbours(self.staged, self.best[0])
            hopes = master.hopes(designs)
            for at in np.argsort(hopes, kind="stable"):
                if hopes[at] >= before - _EXACT * self.gross or time.monotonic() > end:
                    return
                level = np.cumsum(designs[at], axis=2).astype(float)
                _, least = master.cut(level, (level.sum(1) > 0).astype(float))
                if least < before:
                    self.value(level)
                if self.cost < before:
                    break
            else:
                return

    def branch(self) -> None:
        """Branch on the master; every whole design that comes up is settled and cuts there."""
        master = self.master

        def cut(solution: Solution) -> int:
            level = solution.value[master.level]
            if np.abs(level - np.round(level)).max() <= WHOLE:
                self.value(np.round(level))
            return master.cut(*self.design(solution), solution.value[master.toll])[0]

        def suggest(solution: Solution, is_whole: bool) -> float:
            before = self.cost
            if is_whole:
                self.value(np.round(solution.value[master.level]))
            if self.cost < before:
                self.climb()
            return -self.cost / master.unit

        branched = branch(
            master.program,
            master.decisions,
            cut=cut,
            suggest=suggest,
            gap_allowed=self.gap_allowed,
            seconds=self.left_s,
            out_of=lambda: self.gross / master.unit,
            progress=lambda bound: self.lower(-bound * master.unit - self.loose),
        )
        # A design that was looked at closes its node at what its flows cost then.
        self.lower(-branched.bound * master.unit - self.loose)

    def lower(self, bound: float) -> None:
        """Take note of a bound."""
        if bound > self.bound:
            self.bound = bound
            self.tell()

    def tell(self) -> None:
        """Report progress."""
        if self.progress:
            self.progress(time.monotonic() - self.began_s, self.cost, min(self.bound, self.cost))

    def answer(self, staged: Staged, turn: NDArray[np.int64]) -> Answer[Built]:
        """Recount the best design, with zones as they were given, and put it beside the bound."""
        if self.best is None:
            return Answer(status=Status.UNKNOWN, value=None, objective=np.nan, bound=self.bound)
        modules, settled = self.best
        carried, sold_t = read_flows(self.staged, settled)
        as_given = replace(carried, zone=turn[carried.zone].astype(np.int32))
        built = Built(modules=modules, carried=as_given, sold_t=sold_t)
        counted = recount(staged, built)
        slack = 10.0 * _EXACT * counted.gross
        said = f"no network costs less than {self.bound}, but this one {counted.cost}"
        law(self.bound <= counted.cost + slack, said=said)
        bound = min(self.bound, counted.cost)
        is_done = counted.cost - bound <= self.gap_allowed * counted.gross
        return Answer(
            status=Status.OPTIMAL if is_done else Status.FEASIBLE,
            value=built,
            objective=counted.cost,
            bound=bound,
            sense=Sense.MIN,
            gap_allowed=self.gap_allowed,
            out_of=counted.gross,
        )


def _key(level: NDArray[np.float64]) -> bytes:
    return np.round(level).astype(np.int64).tobytes()


def _towards(there: Design, here: Design, share: float) -> Design:
    """A design on the way from here to there."""
    level, is_open = (a + share * (b - a) for a, b in zip(here, there, strict=True))
    return level, is_open
