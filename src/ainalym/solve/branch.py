"""Branch and cut: whole decisions for a program whose rows are found while it is solved.

A mixed-integer solver wants all rows before it starts. Here the linear program is kept warm, cuts
are added at every node where they pay, and whoever asks may build answers of their own from what a
node suggests; the bound holds whatever they do.

Source
------
Padberg & Rinaldi (1991), A branch-and-cut algorithm, SIAM Review 33(1), doi 10.1137/1033004.
"""

import heapq
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf

import numpy as np
from numpy.typing import NDArray

from ainalym.answer import Sense
from ainalym.errors import law
from ainalym.solve.mip import Program, Solution

WHOLE = 1e-6
"""How far from a whole number a column may be."""

CUT_ROUNDS = 25
"""Most rounds of cuts at one node."""

CUT_PAYS = 1e-3
"""Share of its bound by which a round of cuts has to move a node to be followed by another."""


@dataclass(order=True, slots=True)
class _Node:
    """A solved node that is still open: minus its bound, and where it splits."""

    key: float
    number: int
    fixed: dict[int, tuple[float, float]] = field(compare=False)
    column: int = field(compare=False)
    value: float = field(compare=False)


@dataclass(slots=True)
class _Tree:
    """Open nodes, the best bound among closed ones, and the best answer known."""

    gap_allowed: float
    heap: list[_Node] = field(default_factory=list)
    closed: float = -inf
    best: float = -inf
    nodes: int = 0

    def is_worth(self, bound: float) -> bool:
        """Whether a node with this bound may hold something worth looking for."""
        return self.best == -inf or bound > self.best + self.gap_allowed * abs(self.best)

    def bound(self, node: _Node | None) -> float:
        """What nothing can beat, with `node` still in hand."""
        hand = -inf if node is None else -node.key
        top = -self.heap[0].key if self.heap else -inf
        return max(self.closed, self.best, hand, top)


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
    progress: Callable[[float], None] | None = None,
) -> Branched:
    """Branch on columns until no node can beat what was suggested, or the time is up.

    Parameters
    ----------
    program
        With `Sense.MAX`. Its bounds are given back as they were.
    groups
        Column ids in order of importance: a fractional column of the first group that has one
        is branched on. Whole when all of these are whole.
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
    progress
        Called with the bound whenever it falls.

    Raises
    ------
    BrokenLaw
        The program does not maximise.
    """
    law(program.sense is Sense.MAX, said="branching wants a program that maximises")
    end = time.monotonic() + seconds
    order = np.concatenate([np.ravel(g) for g in groups])
    lower, upper = program.bounds(order)
    first = dict(zip(order.tolist(), zip(lower, upper, strict=True), strict=True))
    count = itertools.count()
    told = inf
    tree = _Tree(gap_allowed)
    state: dict[int, tuple[float, float]] = {}

    def visit(fixed: dict[int, tuple[float, float]], above: float) -> _Node | None:
        """Solve one node; None when it is closed."""
        nonlocal state
        state = _move(program, first, state, fixed)
        solution, bound = _solve(program, cut, above, end)
        tree.nodes += 1
        if solution is None:
            if bound == inf:  # the time was up before the node was solved
                tree.closed = max(tree.closed, above)
            return None
        bound = min(bound, above)
        column, value = _fractional(groups, solution.value)
        is_whole = column is None
        if is_whole:
            column, value = _open_column(order, first, fixed, solution.value)
        tree.best = max(tree.best, suggest(solution, is_whole))
        if column is None:  # nothing is left to decide, and the caller has looked at it
            return None
        if not tree.is_worth(bound):
            tree.closed = max(tree.closed, bound)
            return None
        return _Node(-bound, next(count), fixed, column, value)

    try:
        node = visit({}, inf)
        while node is not None or tree.heap:
            node = node or heapq.heappop(tree.heap)
            bound = -node.key
            if not tree.is_worth(bound) or time.monotonic() > end:
                tree.closed = max(tree.closed, bound)
                node = None
                continue
            low, high = node.fixed.get(node.column, first[node.column])
            floor = float(np.floor(node.value))
            sides = ((low, floor), (floor + 1.0, high))
            found = [visit({**node.fixed, node.column: side}, bound) for side in sides]
            found = sorted(n for n in found if n is not None)
            for child in found[1:]:
                heapq.heappush(tree.heap, child)
            node = found[0] if found else None
            top = tree.bound(node)
            if progress and top < told:
                told = top
                progress(top)
    finally:
        _move(program, first, state, {})
    return Branched(bound=tree.bound(None), nodes=tree.nodes, is_complete=time.monotonic() < end)


def _move(program, first, now, wanted):
    """Change the bounds that differ between two nodes."""
    changed = [c for c in {*now, *wanted} if now.get(c) != wanted.get(c)]
    if changed:
        sides = np.array([wanted.get(c, first[c]) for c in changed])
        program.change_bounds(np.array(changed), sides[:, 0], sides[:, 1])
    return dict(wanted)


def _solve(program, cut, above: float, end: float) -> tuple[Solution | None, float]:
    """Solve a node, adding cuts while they pay; no solution and -inf if infeasible.

    A node cannot be worth more than the one above it, so until it is not, cuts are missing.
    """
    solution, bound = None, inf
    for _ in range(CUT_ROUNDS):
        answer = program.solve(seconds=max(1.0, end - time.monotonic()), relax=True)
        if answer.value is None:
            return None, -inf if answer.bound == -inf else inf
        moved = bound - answer.bound
        solution, bound = answer.value, min(bound, answer.bound)
        is_done = moved < CUT_PAYS * abs(bound) and bound <= above + CUT_PAYS * abs(above)
        if is_done or time.monotonic() > end or not cut(solution):
            break
    return solution, bound


def _open_column(order, first, fixed, value) -> tuple[int | None, float]:
    """A column that is whole by luck only, and a number beside its value to split at."""
    for column in order.tolist():
        low, high = fixed.get(column, first[column])
        if high - low > WHOLE:
            whole = float(np.round(value[column]))
            return column, whole - 0.5 if whole > low else whole + 0.5
    return None, 0.0


def _fractional(groups: Sequence[NDArray[np.int64]], value: NDArray) -> tuple[int | None, float]:
    """The column to branch on: of the first group with any, the one furthest from whole."""
    for group in groups:
        columns = np.ravel(group)
        off = np.abs(value[columns] - np.round(value[columns]))
        if off.size and off.max() > WHOLE:
            column = int(columns[np.argmax(np.round(off, 3))])
            return column, float(value[column])
    return None, 0.0
