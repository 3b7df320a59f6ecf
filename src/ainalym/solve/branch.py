"""Branch and cut: whole decisions for a program whose rows are found while it is solved.

A mixed-integer solver wants all rows before it starts. Here the linear program is kept warm, cuts
are added at every node where they pay, and whoever asks may build answers of their own from what a
node suggests; the bound holds whatever they do.

Source
------
Padberg & Rinaldi (1991), A branch-and-cut algorithm, SIAM Review 33(1), doi 10.1137/1033004;
what to branch on: Achterberg, Koch & Martin (2005), Branching rules revisited, Operations
Research Letters 33(1), doi 10.1016/j.orl.2004.04.002.
"""

import heapq
import itertools
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ainalym.answer import Answer, Sense, Status
from ainalym.errors import law
from ainalym.solve.branch_tree import WHOLE, Falls, Fixed, Node, Traced, Tree
from ainalym.solve.mip import Program, Solution
from ainalym.solve.together import together

CUT_ROUNDS = 25
"""Most rounds of cuts at one node."""

CUT_PAYS = 1e-3
"""Share of its bound by which a round of cuts has to move a node to be followed by another."""

PROBE_STEPS = 220
"""Steps of the simplex method that trying out a side may take."""

PROBED = 8
"""Most columns of a node that are tried out because nothing is known of them yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branched:
    """What branching proved.

    Attributes
    ----------
    bound
        No whole solution is worth more.
    nodes
        How many linear programs were branched on.
    is_complete
        Whether every node was closed, and not the time.
    """

    bound: float
    nodes: int
    is_complete: bool


def branch(
    program: Program,
    groups: Sequence[NDArray[np.int64]],
    *,
    cut: Callable[[Solution], int],
    suggest: Callable[[Solution, bool], float],
    gap_allowed: float,
    seconds: float,
    out_of: Callable[[], float] | None = None,
    beside: Sequence[Program] = (),
    follow: Callable[[Program], None] | None = None,
    price: Callable[..., tuple[float, int]] | None = None,
    is_part: bool = False,
    trace: Traced | None = None,
    kept: Callable[[NDArray], NDArray] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Branched:
    """Branch on columns until no node can beat what was suggested, or the time is up.

    Parameters
    ----------
    program
        With `Sense.MAX`. Its bounds are given back as they were.
    groups
        Column ids in order of importance: of the first group that has fractional columns, the
        one is branched on whose split tells most. Whole when all of these are whole.
    cut
        Adds rows that a solution violates and tells how many; the rows must hold for every whole
        solution.
    suggest
        Told each new node's solution, and whether it is whole; returns the worth of the best
        answer known to the caller, `-inf` while there is none. What a whole solution decides is
        taken as looked at: a node that decides everything is closed at what the caller made of
        it, even where that is less than the program hopes for.
    gap_allowed
        A node that cannot beat the best answer by this share of it is closed.
    seconds
        Wall time.
    out_of
        What the gap is a share of just then; of the best answer's own size unless said.
    beside
        Twins of the program: as many more nodes are looked into at the same time.
    follow
        Called with the program of which bounds of what is branched on have moved; may change the
        bounds of other columns to what follows from them for every whole solution.
    price
        For a program of which columns are left out: told it and prices of all rows, whatever they
        are, proves a bound of the whole as it is held, and brings back columns that the prices
        want, all if there are no prices, unless it is told `wake=False`; returns the bound and how
        many came back.
    is_part
        Whether the program, all columns back, still is not the whole that `price` proves bounds of:
        then only those bounds close a node, and never that nothing is left to decide or feasible.
    trace
        The root of what will be told of the tree; grows while this searches.
    kept
        Tells which prices proved the last bound, for the trace; the program's own unless said.
    progress
        Called with the bound whenever it falls.

    Raises
    ------
    BrokenLaw
        The program does not maximise.
    """
    law(program.sense is Sense.MAX, said="branching wants a program that maximises")
    groups = [np.ravel(columns) for columns in groups]
    search = _Search(
        seats=[_Seat.of(each, groups) for each in (program, *beside)],
        groups=groups,
        cut=cut,
        suggest=suggest,
        follow=follow,
        price=price,
        is_part=is_part,
        kept=kept or (lambda prices: prices),
        is_traced=trace is not None,
        end=time.monotonic() + seconds,
        tree=Tree(gap_allowed, out_of),
    )
    try:
        search.run(trace or Traced(), progress)
    finally:
        for seat in search.seats:
            search.move(seat, {})
    is_complete = time.monotonic() < search.end
    return Branched(bound=search.tree.bound(None), nodes=search.tree.nodes, is_complete=is_complete)


@dataclass(slots=True, eq=False)
class _Side:
    """A part that is to be looked into: what is held there, and what is known of it already."""

    fixed: Fixed
    above: float
    trace: Traced
    basis: Any = None
    excess: float = 0.0
    """By how much what the program was last worth exceeded what was proven by its prices."""
    may_wait: bool = True
    """Whether it may be put off once it is worth little."""


@dataclass(slots=True)
class _Seat:
    """A program, and where its bounds stand."""

    program: Program
    first: Fixed
    """The bounds of everything that is decided, before anything is."""
    state: Fixed = field(default_factory=dict)

    @classmethod
    def of(cls, program: Program, groups: list[NDArray[np.int64]]) -> "_Seat":
        """Seat a program whose bounds are those before anything is decided."""
        order = np.concatenate(groups)
        sides = zip(*program.bounds(order), strict=True)
        return cls(program, dict(zip(order.tolist(), sides, strict=True)))

    def twin(self) -> "_Seat":
        """Seat a twin of the program, for a few steps at a time."""
        return _Seat(self.program.twin(for_few_steps=True), self.first, dict(self.state))


@dataclass(slots=True, kw_only=True)
class _Search:
    """One search: the programs as they stand, the tree, and what splits have told so far."""

    seats: list[_Seat]
    groups: list[NDArray[np.int64]]
    cut: Callable[[Solution], int]
    suggest: Callable[[Solution, bool], float]
    follow: Callable[[Program], None] | None
    price: Callable[..., tuple[float, int]] | None
    is_part: bool
    kept: Callable[[NDArray], NDArray]
    is_traced: bool
    end: float
    tree: Tree
    falls: Falls = field(default_factory=Falls)
    probers: list[_Seat] = field(default_factory=list)
    """Twins of the seats' programs, to try out sides in."""
    count: Iterator[int] = field(default_factory=itertools.count)

    @property
    def first(self) -> Fixed:
        """The bounds of everything that is decided, before anything is."""
        return self.seats[0].first

    @property
    def left_s(self) -> float:
        """Seconds left, at least one, for a linear program."""
        return max(1.0, self.end - time.monotonic())

    def run(self, trace: Traced, progress: Callable[[float], None] | None) -> None:
        """Split nodes until none is worth it, or the time is up."""
        tree, told = self.tree, inf
        node = next(iter(self.visit([_Side({}, inf, trace)])), None)
        while node is not None or tree.heap:
            node = node or heapq.heappop(tree.heap)
            if not tree.is_worth(-node.key) or time.monotonic() > self.end:
                tree.close(-node.key)
                node = None
                continue
            sides = self.sides(node)
            while len(sides) < len(self.seats) and tree.heap and tree.heap[0].column < 0:
                sides += self.sides(heapq.heappop(tree.heap))  # others that had to wait
            found = sorted(self.visit(sides))
            # Straight down until there is some answer, then always where most may be had.
            node = found.pop(0) if found and tree.best == -inf else None
            for child in found:
                heapq.heappush(tree.heap, child)
            top = tree.bound(node)
            if progress and top < told:
                told = top
                progress(top)

    def sides(self, node: Node) -> list[_Side]:
        """What is to be looked into of a node: both its sides, or itself if it had to wait."""
        last = node.basis, node.excess
        if node.column < 0:
            return [_Side(node.fixed, -node.key, node.trace, *last, may_wait=False)]
        ranges = _ranges(node.fixed.get(node.column, self.first[node.column]), node.value)
        traces = node.trace.split(node.column, node.value)
        sides = [
            _Side({**node.fixed, node.column: between}, above, trace, *last)
            for between, above, trace in zip(ranges, node.tops, traces, strict=True)
        ]
        return self.tree.worth(sides, lambda side: side.above)

    def visit(self, sides: list[_Side]) -> list[Node]:
        """Look into new nodes, as many at a time as there are programs; those that stay open."""
        found: list[Node] = []
        many = len(self.seats)
        for chunk in (sides[k : k + many] for k in range(0, len(sides), many)):
            some = self.tree.worth(chunk, lambda side: side.above)
            rest = [
                open_
                for side, (solution, bound) in zip(some, self.solve(some), strict=True)
                if (open_ := self.judge(side, solution, min(bound, side.above)))
            ]
            rest = self.tree.worth(rest, lambda one: -one.node.key)
            self.pick([one for one in rest if one.node.column < 0 and len(one.values)])
            found += [one.node for one in rest]
        return found

    def judge(self, side: _Side, solution: Solution | None, bound: float) -> "_Open | None":
        """Let the caller make something of a solved node; None when it is closed."""
        number, tops, none = next(self.count), (bound, bound), np.zeros(0, np.int64)
        last = side.basis, side.trace, side.excess
        if solution is None and not side.may_wait:
            return self.tree.close(bound)
        if solution is None:  # it waits, if it is worth looking into
            return _Open(Node(-bound, number, side.fixed, -1, 0.0, tops, *last), none, np.zeros(0))
        self.tree.nodes += 1
        columns = _fractional(self.groups, solution.value)
        self.move(self.seats[0], side.fixed, side.basis)
        self.tree.best = max(self.tree.best, self.suggest(solution, not len(columns)))
        lucky: tuple[int, float] | None = -1, 0.0
        if not len(columns):
            lucky = self.lucky(side.fixed, solution.value)
            if lucky is None:  # nothing is left to decide, and the caller has looked at it
                return self.tree.close(bound) if self.is_part else None
        node = Node(-bound, number, side.fixed, *lucky, tops, *last)
        return _Open(node, columns, solution.value)

    def solve(self, sides: list[_Side]) -> list[tuple[Solution | None, float]]:
        """Solve nodes at the same time, a program each, in rounds, so that all goes in order."""
        found: list[tuple[Solution | None, float]] = [(None, inf)] * len(sides)
        runs = [self.solving(*both) for both in zip(self.seats, sides, strict=False)]
        asked = {k: next(run) for k, run in enumerate(runs)}
        while asked:
            seconds = self.left_s
            jobs = []
            for k, cutoff in asked.items():
                program = self.seats[k].program
                solve = partial(program.solve, seconds=seconds, relax=True, cutoff=cutoff)
                jobs.append((program, solve))
            answers = dict(zip(asked, together(jobs), strict=True))
            asked = {}
            for k, answer in answers.items():
                try:
                    asked[k] = runs[k].send(answer)
                except StopIteration as ended:
                    found[k] = ended.value
        return found

    def solving(
        self, seat: _Seat, side: _Side
    ) -> Generator[float | None, Answer[Solution], tuple[Solution | None, float]]:
        """Solve a node; no solution where it is not worth it.

        Asks for its program to be solved, with a cutoff. The root is solved again while cuts pay;
        of the cuts of other nodes those below them hear. But a node cannot be worth more than the
        one above it, so until it is not, cuts are missing.
        """
        self.move(seat, side.fixed, side.basis)
        solution, bound = None, inf
        most = side.above + CUT_PAYS * abs(side.above)
        for _ in range(CUT_ROUNDS):
            found, top = yield from self.relaxing(seat.program, side)
            moved, bound = bound - top, min(bound, top)
            if found is None or not self.tree.is_worth(bound):
                side.basis = seat.program.basis()
                return None, bound
            solution = found
            is_done = bound <= most and moved < CUT_PAYS * abs(bound)
            if is_done or time.monotonic() > self.end or not self.cut(solution):
                break
            if side.fixed and bound <= most:  # those below hear of the cuts
                break
        side.basis = seat.program.basis()
        return solution, bound

    def relaxing(
        self, program: Program, side: _Side
    ) -> Generator[float | None, Answer[Solution], tuple[Solution | None, float]]:
        """Have the linear program solved as it stands, and again while columns come back.

        And while it was stopped at a cutoff that does not close the node yet.
        """
        top, level = inf, self.tree.level(side.above if side.may_wait else inf)
        cutoff = None if level == -inf else level + side.excess
        while True:
            answer = yield cutoff
            if answer.bound == inf:  # the time was up
                return None, top
            prices = self.prices(program)
            bound, woken = self.price(program, prices) if self.price else (answer.bound, 0)
            side.trace.price = self.kept(prices).astype(np.float32)
            if self.price is None:
                return answer.value, bound
            top = min(top, bound)
            is_shut = answer.value is None and top <= level
            if is_shut or time.monotonic() > self.end:
                return answer.value, top
            if woken:
                continue
            if answer.status is Status.UNKNOWN and self.is_part:
                cutoff -= 2.0 * (top - level) + CUT_PAYS * abs(cutoff)
                continue
            if answer.value is not None and self.is_part:
                side.excess = answer.bound - bound
            is_empty = answer.status is Status.INFEASIBLE and not self.is_part
            return answer.value, -inf if is_empty else top

    def prices(self, program: Program) -> NDArray[np.float64]:
        """Prices of all rows where a linear program ended; none where nobody wants them."""
        is_wanted = self.is_traced or self.price is not None
        return program.prices() if is_wanted else np.zeros(0)

    def pick(self, some: list["_Open"]) -> None:
        """Find the column of each node whose split should tell most, and what its sides prove.

        What nothing is known of is tried out.
        """
        probes: list[_Probe] = []
        asked: set[int] = set()
        for one in some:
            for column in one.columns[:PROBED].tolist() if len(one.columns) > 1 else ():
                if not self.falls.knows(column) and column not in asked:
                    asked.add(column)
                    probes += self.probes(one, column)
        many = len(self.seats)
        for k in range(0, len(probes), many):
            self.probe(probes[k : k + many])
        for one in some:
            node, values = one.node, one.values
            known = [c for c in one.columns.tolist() if self.falls.knows(c)]
            node.column = int(one.columns[0])
            if known:
                node.column = max(known, key=lambda c: self.falls.score(c, float(values[c])))
            node.value = float(values[node.column])
            tried = [p for p in probes if p.node is node and p.column == node.column]
            if tried:
                node.tops = tried[0].top, tried[1].top
                node.trace.sides = tried[0].trace, tried[1].trace

    def probes(self, one: "_Open", column: int) -> list["_Probe"]:
        """What is to be tried out of a column."""
        value = float(one.values[column])
        share = value - np.floor(value)
        low, high = _ranges(one.node.fixed.get(column, self.first[column]), value)
        return [
            _Probe(one.node, column, is_up=False, between=low, share=share),
            _Probe(one.node, column, is_up=True, between=high, share=1.0 - share),
        ]

    def probe(self, probes: list["_Probe"]) -> None:
        """Try out sides of columns for a while, a program each; what is then proven of them."""
        enough = self.tree.enough
        cutoff, jobs = None if self.is_part or enough == -inf else enough, []
        self.probers = self.probers or [seat.twin() for seat in self.seats]
        for seat, one in zip(self.probers, probes, strict=False):
            self.move(seat, {**one.node.fixed, one.column: one.between}, one.node.basis)
            program = seat.program
            jobs.append((program, partial(program.probe, iterations=PROBE_STEPS, cutoff=cutoff)))
        for (program, _), one, told in zip(jobs, probes, together(jobs), strict=True):
            top, is_proven = told
            bound, prices = -one.node.key, self.prices(program)
            if self.price:
                top, is_proven = min(bound, self.price(program, prices, wake=False)[0]), True
            self.falls.record(one.column, one.is_up, one.share, bound - max(top, self.tree.best))
            one.top = min(bound, top) if is_proven else bound
            one.trace = Traced(self.kept(prices).astype(np.float32))

    def lucky(self, fixed: Fixed, value: NDArray[np.float64]) -> tuple[int, float] | None:
        """A column that is whole by luck only, and a number beside its value to split at."""
        for column, first in self.first.items():
            low, high = fixed.get(column, first)
            if high - low > WHOLE:
                whole = float(np.round(value[column]))
                return column, whole - 0.5 if whole > low else whole + 0.5
        return None

    def move(self, seat: _Seat, wanted: Fixed, basis: Any = None) -> None:
        """Change the bounds that differ from those now; go on from a basis, if one is given."""
        now = seat.state
        changed = [c for c in {*now, *wanted} if now.get(c) != wanted.get(c)]
        if changed:
            sides = np.array([wanted.get(c, self.first[c]) for c in changed])
            seat.program.change_bounds(np.array(changed), sides[:, 0], sides[:, 1])
            if self.follow:
                self.follow(seat.program)
        seat.state = dict(wanted)
        if basis is not None:
            seat.program.resume(basis)


@dataclass(slots=True, eq=False)
class _Open:
    """A solved node, the columns that it may be split at, and where all columns are."""

    node: Node
    columns: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(slots=True, eq=False)
class _Probe:
    """One side of a column of a node, tried out: how much that cuts off, and what it proves."""

    node: Node
    column: int
    is_up: bool
    between: tuple[float, float]
    share: float
    top: float = inf
    trace: Traced = field(default_factory=Traced)


def _ranges(bounds: tuple[float, float], value: float) -> tuple[tuple[float, float], ...]:
    """The two ranges that a column's range falls into at a fractional value."""
    floor = float(np.floor(value))
    return (bounds[0], floor), (floor + 1.0, bounds[1])


def _fractional(groups: Sequence[NDArray[np.int64]], value: NDArray) -> NDArray[np.int64]:
    """The fractional columns of the first group with any, the furthest from whole first."""
    for group in groups:
        columns = np.ravel(group)
        off = np.abs(value[columns] - np.round(value[columns]))
        order = np.argsort(-np.round(off, 3), kind="stable")
        found = columns[order][off[order] > WHOLE]
        if len(found):
            return found
    return np.zeros(0, np.int64)
