"""How the tree bounds a part: by a few steps of prices, or by a linear program to its end."""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ainalym.solve.halves import by_halves
from ainalym.solve.sites_bound import Descent, Proof, prove
from ainalym.solve.sites_layers import Layers
from ainalym.solve.sites_limits import Limits
from ainalym.solve.sites_relax import Relaxation
from ainalym.solve.sites_rest import Rest

_ROUNDS, _STEPS = 4, 15  # of the bound at a node, at most
_FIRST_STEP, _PATIENCE = 0.25, 4  # of a bound that begins near its end
_WORTHWHILE = 0.02  # of a node's gap that a round must close for another one to follow
_MOST_NUMBERS = 100_000_000  # prices kept for open nodes: 400 MB
_MOST_BYTES = 400_000_000  # the same, of where linear programs ended
_NEAR, _MOSTLY = 0.1, 0.5  # values are kept feasible where that takes few of the first one's steps
_MOST_IN_A_ROW, _PAIRS_IN_A_ROW = 16, 1_000_000  # parts, and pairs of all their programs
_LEAST_S = 0.01  # that a linear program may take


class Looked(NamedTuple):
    """What is proven of a part, how far each site is open there, and where its halves begin."""

    proof: Proof
    share: NDArray[np.float64]
    start: Any


class Looks(Protocol):
    """A way to bound parts of what is left.

    Attributes
    ----------
    start
        Where the first part begins.
    at_once, in_a_row
        Parts that are bounded at the same time, and between looks at whether that helps.
    most_kept
        Parts of which there is room to keep where they begin.
    """

    start: Any
    at_once: int
    in_a_row: int
    most_kept: int

    def bound(
        self,
        parts: Sequence[tuple[Limits, Any]],
        goal: float,
        has_time: Callable[[], bool],
    ) -> list[Looked]:
        """Bound parts, each with its limits and where it begins.

        Parameters
        ----------
        goal
            Worth at which a bound is low enough.
        """


class ByPrices:
    """Bound a part by moving the prices of the whole a little, whatever its size."""

    at_once, in_a_row = 1, 300

    def __init__(self, left: Rest, cost: NDArray[np.float64]) -> None:
        self._rows, self._cost = left.rows, cost[left.sites]
        self.start = left.price.astype(np.float32)
        self.most_kept = _MOST_NUMBERS // (1 + self._rows.clients)

    def bound(
        self,
        parts: Sequence[tuple[Limits, NDArray[np.float32]]],
        goal: float,
        has_time: Callable[[], bool],
    ) -> list[Looked]:
        """See `Looks`."""
        return [self._lowered(*part, goal, has_time) for part in parts]

    def _lowered(
        self,
        limits: Limits,
        start: NDArray[np.float32],
        goal: float,
        has_time: Callable[[], bool],
    ) -> Looked:
        descent = Descent(
            self._rows,
            self._cost,
            limits,
            start.astype(float),
            quick=0,
            step=_FIRST_STEP,
            patience=_PATIENCE,
        )
        before = descent.best
        for _ in range(_ROUNDS):
            descent.lower(goal, _STEPS, has_time)
            if descent.best <= goal or before - descent.best < _WORTHWHILE * (before - goal):
                break
            before = descent.best
        proof = Proof(descent.best, descent.pick)
        return Looked(proof, descent.average, descent.price.astype(np.float32))


class ByPrograms:
    """Bound a part by a linear program: slower, and as low as prices can prove.

    Two parts are bounded at once, each by a program of its own.

    Parameters
    ----------
    end
        When to stop at the latest, as `time.perf_counter` tells it.

    Attributes
    ----------
    price, share
        Of each row, and how far each site is open: what the program of the whole says.
    """

    at_once = 2

    def __init__(
        self,
        left: Rest,
        layers: Layers,
        cost: NDArray[np.float64],
        limits: Limits,
        end: float,
    ) -> None:
        self._rows, self._cost = left.rows, cost[left.sites]
        self._end, inside = end, left.limits(limits)
        self._programs = [Relaxation(layers, self._cost, inside) for _ in range(self.at_once)]
        first = self._programs[0].solve(seconds=self._left_s())
        self.price, self.share, self.start = first.price, first.share, first.basis
        self._near, self._far, self._looked = 1 + int(_NEAR * first.steps), 0, 0
        pairs = len(layers.merged.gains.gain)
        self.in_a_row = max(self.at_once, min(_MOST_IN_A_ROW, _PAIRS_IN_A_ROW // (1 + pairs)))
        self.most_kept = _MOST_BYTES // (1 + layers.merged.gains.clients + 3 * len(left.sites))

    def bound(
        self,
        parts: Sequence[tuple[Limits, Any]],
        goal: float,
        has_time: Callable[[], bool],
    ) -> list[Looked]:
        """See `Looks`."""
        near, seconds = self._near, self._left_s()
        for program, part in zip(self._programs, parts, strict=False):
            program.state(*part)
        one, other = by_halves(
            len(parts),
            lambda _, first, last: [
                program.solve(near=near, seconds=seconds) for program in self._programs[first:last]
            ],
            at_once=len(parts) > 1,
        )
        self._looked += len(parts)
        self._far += sum(said.steps >= near for said in one + other)
        if self._far > _MOSTLY * self._looked:
            self._near = 0
        return [
            Looked(prove(self._rows, self._cost, said.price, part[0]), said.share, said.basis)
            for part, said in zip(parts, one + other, strict=True)
        ]

    def _left_s(self) -> float:
        return max(_LEAST_S, self._end - time.perf_counter())
