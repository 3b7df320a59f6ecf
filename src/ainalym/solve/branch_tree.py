"""The tree of a search: open nodes, what closed ones may hold, and what splits have told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

WHOLE = 1e-6
"""How far from a whole number a column may be."""

LATER = 0.5
"""A part waits that is worth less than this share of what could be had above what is enough."""

SMALL = 1e-6
"""The least fall that counts when two are multiplied."""

T = TypeVar("T")

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
class Node:
    """A node that is still open.

    Minus its bound, where it splits, bounds of its sides, where its linear program ended, and how
    much more that was worth than its bound. It splits nowhere, -1, while it waits to be solved.
    """

    key: float
    number: int
    fixed: Fixed = field(compare=False)
    column: int = field(compare=False)
    value: float = field(compare=False)
    tops: tuple[float, float] = field(compare=False)
    basis: Any = field(compare=False)
    trace: Traced = field(compare=False)
    excess: float = field(compare=False)


@dataclass(slots=True)
class Tree:
    """Open nodes, the best bound among closed ones, and the best answer known."""

    gap_allowed: float
    out_of: Callable[[], float] | None = None
    heap: list[Node] = field(default_factory=list)
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

    def worth(self, some: list[T], bound: Callable[[T], float]) -> list[T]:
        """Those which may hold something worth looking for; the others are closed."""
        kept = [one for one in some if self.is_worth(bound(one))]
        for one in some:
            if one not in kept:
                self.close(bound(one))
        return kept

    def level(self, above: float) -> float:
        """What a part has to be worth to be solved to its end now; what is worth less waits.

        Parameters
        ----------
        above
            What nothing in it is worth more than, infinite if it must not wait.
        """
        enough = self.enough
        return enough if inf in (above, -enough) else enough + LATER * (above - enough)

    def close(self, bound: float) -> None:
        """Take note of what a node that is not looked into any further may hold."""
        self.closed = max(self.closed, bound)

    def bound(self, node: Node | None) -> float:
        """What nothing can beat, with `node` still in hand."""
        hand = -inf if node is None else -node.key
        top = -self.heap[0].key if self.heap else -inf
        return max(self.closed, self.best, hand, top)


@dataclass(slots=True)
class Falls:
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
