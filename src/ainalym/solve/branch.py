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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ainalym.answer import Sense, Status
from ainalym.errors import law
from ainalym.solve.mip import Program, Solution

WHOLE = 1e-6
"""How far from a whole number a column may be."""

CUT_ROUNDS = 25
"""Most rounds of cuts at one node."""

SMALL = 1e-6
"""The least fall that counts when two are multiplied."""

CUT_PAYS = 1e-3
"""Share of its bound by which a round of cuts has to move a node to be followed by another."""


PROBE_STEPS = 300
"""Steps of the simplex method that trying out a side may take."""

PROBED = 8
"""Most columns of a node that are tried out because nothing is known of them yet."""


Fixed = dict[int, tuple[float, float]]
"""Columns, and the bounds they are held to."""


@dataclass(slots=True, eq=False)
class Traced:
    """A node of the tree as it was looked into, so that its bound can be proven again.

    Attributes
    ----------
    price
        Of each row there was, from the node's linear program; empty if it was not solved.
    column, floor
        What it was split at: whole, at most `floor` on one side and more on the other; no column
        of a node that was not split.
    sides
        The nodes of both sides.
    """

    price: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    column: int = -1
    floor: int = 0
    sides: tuple["Traced", ...] = ()

    def split(self, column: int, value: float) -> tuple["Traced", ...]:
        """Take note of a split, and open both sides."""
        self.column, self.floor = column, int(np.floor(value))
        self.sides = self.sides or (Traced(), Traced())
        return self.sides


@dataclass(order=True, slots=True)
class _Node:
    """A solved node that is still open.

    Minus its bound, where it splits, bounds of its sides, and where its linear program ended.
    """

    key: float
    number: int
    fixed: Fixed = field(compare=False)
    column: int = field(compare=False)
    value: float = field(compare=False)
    tops: tuple[float, float] = field(compare=False)
    basis: Any = field(compare=False)
    trace: Traced = field(compare=False)


@dataclass(slots=True)
class _Tree:
    """Open nodes, the best bound among closed ones, and the best answer known."""

    gap_allowed: float
    out_of: Callable[[], float] | None = None
    heap: list[_Node] = field(default_factory=list)
    closed: float = -inf
    best: float = -inf
    nodes: int = 0

    @property
    def enough(self) -> float:
        """What a node has to beat to be worth looking into."""
        if self.best == -inf:
            return -inf
        out_of = self.out_of() if self.out_of else abs(self.best)
        # A hair less than allowed, so that rounding does not push what is closed here beyond it.
        return self.best + 0.999 * self.gap_allowed * out_of

    def is_worth(self, bound: float) -> bool:
        """Whether a node with this bound may hold something worth looking for."""
        return bound > self.enough

    def close(self, bound: float) -> None:
        """Take note of what a node that is not looked into any further may hold."""
        self.closed = max(self.closed, bound)

    def bound(self, node: _Node | None) -> float:
        """What nothing can beat, with `node` still in hand."""
        hand = -inf if node is None else -node.key
        top = -self.heap[0].key if self.heap else -inf
        return max(self.closed, self.best, hand, top)


@dataclass(slots=True)
class _Falls:
    """How far the bound fell, each time a column was split, per unit of what was cut off."""

    seen: dict[tuple[int, bool], list[float]] = field(default_factory=dict)

    def record(self, column: int, is_up: bool, share: float, fall: float) -> None:
        """Remember one split: `share` was cut off on this side, and the bound fell so far."""
        self.seen.setdefault((column, is_up), []).append(max(fall, 0.0) / max(share, WHOLE))

    def knows(self, column: int) -> bool:
        """Whether both sides of a column were seen."""
        return (column, False) in self.seen and (column, True) in self.seen

    def score(self, column: int, value: float) -> float:
        """How much splitting here should tell: both sides have to fall."""
        down, up = (float(np.mean(self.seen[column, side])) for side in (False, True))
        share = value - np.floor(value)
        return max(down * share, SMALL) * max(up * (1.0 - share), SMALL)


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
    follow: Callable[[], None] | None = None,
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
    follow
        Called whenever bounds of what is branched on have moved; may change the bounds of other
        columns to what follows from them for every whole solution.
    price
        For a program of which columns are left out: told prices of all rows, whatever they are,
        proves a bound of the whole as it is held, and brings back columns that the prices want,
        all if there are no prices, unless it is told `wake=False`; returns the bound and how many
        came back.
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
    search = _Search(
        program=program,
        groups=[np.ravel(columns) for columns in groups],
        cut=cut,
        suggest=suggest,
        follow=follow,
        price=price,
        is_part=is_part,
        kept=kept or (lambda prices: prices),
        is_traced=trace is not None,
        end=time.monotonic() + seconds,
        tree=_Tree(gap_allowed, out_of),
    )
    try:
        search.run(trace or Traced(), progress)
    finally:
        search.move({})
    is_complete = time.monotonic() < search.end
    return Branched(bound=search.tree.bound(None), nodes=search.tree.nodes, is_complete=is_complete)


@dataclass(slots=True, kw_only=True)
class _Search:
    """One search: the program as it stands, the tree, and what splits have told so far."""

    program: Program
    groups: list[NDArray[np.int64]]
    cut: Callable[[Solution], int]
    suggest: Callable[[Solution, bool], float]
    follow: Callable[[], None] | None
    price: Callable[..., tuple[float, int]] | None
    is_part: bool
    kept: Callable[[NDArray], NDArray]
    is_traced: bool
    end: float
    tree: _Tree
    falls: _Falls = field(default_factory=_Falls)
    first: Fixed = field(init=False)
    """The bounds of everything that is decided, before anything is."""
    state: Fixed = field(default_factory=dict)
    """Where the program's bounds stand now."""
    count: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        order = np.concatenate(self.groups)
        sides = zip(*self.program.bounds(order), strict=True)
        self.first = dict(zip(order.tolist(), sides, strict=True))

    @property
    def left_s(self) -> float:
        """Seconds left, at least one, for a linear program."""
        return max(1.0, self.end - time.monotonic())

    def run(self, trace: Traced, progress: Callable[[float], None] | None) -> None:
        """Split nodes until none is worth it, or the time is up."""
        tree, told = self.tree, inf
        node = self.visit({}, inf, None, trace)
        while node is not None or tree.heap:
            node = node or heapq.heappop(tree.heap)
            if not tree.is_worth(-node.key) or time.monotonic() > self.end:
                tree.close(-node.key)
                node = None
                continue
            sides = _sides(node.fixed.get(node.column, self.first[node.column]), node.value)
            traces = node.trace.split(node.column, node.value)
            found = sorted(
                child
                for side, above, trace in zip(sides, node.tops, traces, strict=True)
                if (
                    child := self.visit({**node.fixed, node.column: side}, above, node.basis, trace)
                )
            )
            # Straight down until there is some answer, then always where most may be had.
            node = found.pop(0) if found and tree.best == -inf else None
            for child in found:
                heapq.heappush(tree.heap, child)
            top = tree.bound(node)
            if progress and top < told:
                told = top
                progress(top)

    def visit(self, fixed: Fixed, above: float, basis: Any, trace: Traced) -> _Node | None:
        """Solve one node; None when it is closed."""
        tree = self.tree
        if not tree.is_worth(above):
            return tree.close(above)
        self.move(fixed, basis)
        solution, bound = self.solve(above, trace)
        tree.nodes += 1
        basis = self.program.basis()
        bound = min(bound, above)  # also where the time was up before the node was solved
        if solution is None:
            return tree.close(bound)
        columns = _fractional(self.groups, solution.value)
        is_whole = not len(columns)
        tree.best = max(tree.best, self.suggest(solution, is_whole))
        if is_whole:
            lucky = self.lucky(fixed, solution.value)
            if lucky is None:  # nothing is left to decide, and the caller has looked at it
                return tree.close(bound) if self.is_part else None
            column, value = lucky
            tops = (bound, bound)
        if not tree.is_worth(bound):
            return tree.close(bound)
        if not is_whole:
            column, tops, trace.sides = self.pick(columns, solution.value, fixed, bound, basis)
            value = float(solution.value[column])
        return _Node(-bound, next(self.count), fixed, column, value, tops, basis, trace)

    def solve(self, above: float, trace: Traced) -> tuple[Solution | None, float]:
        """Solve a node, adding cuts while they pay; no solution where it is not worth it.

        A node cannot be worth more than the one above it, so until it is not, cuts are missing.
        """
        solution, bound = None, inf
        cutoff = None if self.tree.enough == -inf or self.is_part else self.tree.enough
        for _ in range(CUT_ROUNDS):
            found, top = self.relax(cutoff, trace)
            if found is None:
                return None, min(bound, top)
            moved = bound - top
            solution, bound = found, min(bound, top)
            is_done = moved < CUT_PAYS * abs(bound) and bound <= above + CUT_PAYS * abs(above)
            if is_done or time.monotonic() > self.end or not self.cut(solution):
                break
        return solution, bound

    def relax(self, cutoff: float | None, trace: Traced) -> tuple[Solution | None, float]:
        """Solve the linear program as it stands, and again while columns come back."""
        top = inf
        while True:
            answer = self.program.solve(seconds=self.left_s, relax=True, cutoff=cutoff)
            if answer.bound == inf:  # the time was up
                return None, top
            prices = self.prices()
            bound, woken = self.price(prices) if self.price else (answer.bound, 0)
            trace.price = self.kept(prices).astype(np.float32)
            if self.price is None:
                return answer.value, bound
            top = min(top, bound)
            is_shut = answer.value is None and top <= self.tree.enough
            if not woken or is_shut or time.monotonic() > self.end:
                is_empty = answer.status is Status.INFEASIBLE and not woken and not self.is_part
                return answer.value, -inf if is_empty else top

    def prices(self) -> NDArray[np.float64]:
        """Prices of all rows where the linear program ended; none where nobody wants them."""
        is_wanted = self.is_traced or self.price is not None
        return self.program.prices() if is_wanted else np.zeros(0)

    def pick(
        self, columns: NDArray, values: NDArray, fixed: Fixed, bound: float, basis: Any
    ) -> tuple[int, tuple[float, float], tuple[Traced, ...]]:
        """The column whose split should tell most, and what is known of its sides.

        What nothing is known of is tried out.
        """
        if len(columns) == 1:
            return int(columns[0]), (bound, bound), ()
        tried = {}
        for column in columns[:PROBED].tolist():
            if not self.falls.knows(column):
                tried[column] = self.probe(column, float(values[column]), fixed, bound, basis)
        known = [c for c in columns.tolist() if self.falls.knows(c)]
        best = max(known, key=lambda c: self.falls.score(c, float(values[c])))
        return best, *tried.get(best, ((bound, bound), ()))

    def probe(
        self, column: int, value: float, fixed: Fixed, bound: float, basis: Any
    ) -> tuple[tuple[float, float], tuple[Traced, ...]]:
        """Try out both sides of a column for a while; what is then proven of them."""
        tops, traces = [], []
        cutoff = None if self.is_part else self.tree.enough
        share = value - np.floor(value)
        sides = _sides(fixed.get(column, self.first[column]), value)
        for is_up, side, cut_off in ((False, sides[0], share), (True, sides[1], 1.0 - share)):
            self.move({**fixed, column: side}, basis)
            top, is_proven = self.program.probe(iterations=PROBE_STEPS, cutoff=cutoff)
            prices = self.prices()
            if self.price:
                top, is_proven = min(bound, self.price(prices, wake=False)[0]), True
            self.falls.record(column, is_up, cut_off, bound - max(top, self.tree.best))
            tops.append(min(bound, top) if is_proven else bound)
            traces.append(Traced(self.kept(prices).astype(np.float32)))
        return (tops[0], tops[1]), tuple(traces)

    def lucky(self, fixed: Fixed, value: NDArray[np.float64]) -> tuple[int, float] | None:
        """A column that is whole by luck only, and a number beside its value to split at."""
        for column, first in self.first.items():
            low, high = fixed.get(column, first)
            if high - low > WHOLE:
                whole = float(np.round(value[column]))
                return column, whole - 0.5 if whole > low else whole + 0.5
        return None

    def move(self, wanted: Fixed, basis: Any = None) -> None:
        """Change the bounds that differ from those now; go on from a basis, if one is given."""
        now = self.state
        changed = [c for c in {*now, *wanted} if now.get(c) != wanted.get(c)]
        if changed:
            sides = np.array([wanted.get(c, self.first[c]) for c in changed])
            self.program.change_bounds(np.array(changed), sides[:, 0], sides[:, 1])
            if self.follow:
                self.follow()
        self.state = dict(wanted)
        if basis is not None:
            self.program.resume(basis)


def _sides(bounds: tuple[float, float], value: float) -> tuple[tuple[float, float], ...]:
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
