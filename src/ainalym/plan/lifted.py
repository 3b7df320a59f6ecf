"""Searching with a small master program, and proving what that means for the whole city."""

from math import inf

import numpy as np
from numpy.typing import NDArray

from ainalym.plan.choice import Choice
from ainalym.plan.coarse import FEWEST, TO_CHOOSE, Coarse
from ainalym.plan.joint import add_cuts, decisions, write_cuts
from ainalym.plan.lift import Lift
from ainalym.plan.master import Master
from ainalym.plan.sifting import Sifting
from ainalym.solve.branch import Traced
from ainalym.solve.linear import Solution
from ainalym.solve.mip import Program
from ainalym.solve.proof import Prover

LEAST_YIELD = 0.5
"""The least share of what they would bring that merged places yield."""


class Lifted:
    """What `Sifting` is to a whole master program, for a small one that stands for it.

    Its bounds are the whole's: prices are lifted, and what is decided is held there too.

    Parameters
    ----------
    coarse
        Columns of the small program are put to sleep here.
    prover
        Of the whole program, if there is one.
    """

    def __init__(self, coarse: Coarse, prover: Prover | None = None) -> None:
        self._inner = Sifting(coarse.master, is_merged=True)
        self._coarse, self.lift = coarse, Lift(coarse, prover)
        self._choice = Choice(coarse.whole)
        small, whole = coarse.master, coarse.whole
        self._here = np.concatenate([*decisions(small)[:-1], small.level.ravel()])
        self._there = np.concatenate([*decisions(whole)[:-1], whole.level[coarse.at].ravel()])

    @property
    def master(self) -> Master:
        """The small master program."""
        return self._coarse.master

    def hold(self, program: Program) -> None:
        """Hold what people bring in the small program, or a twin, as its points' levels stand."""
        self._inner.hold(program)

    def price(
        self, small: Program, prices: NDArray[np.floating], *, wake: bool = True
    ) -> tuple[float, int]:
        """Prove a bound of the whole city as what is decided stands, and wake what prices want.

        Parameters
        ----------
        small
            The small program, or a twin of it.
        prices
            Of each row of the small program; without any, all its columns are woken.
        wake
            Whether to wake anything, and to take time for a better bound where nothing wakes.

        Returns
        -------
        The bound, and how many columns were woken.
        """
        woken = self._inner.price(small, prices, wake=wake)[1]
        if not len(prices):
            return inf, woken
        program, prover = self._coarse.whole.net.program, self.lift.prover
        program.change_bounds(self._there, *small.bounds(self._here))
        prover.refresh()
        least, most = program.numbers.lower.copy(), program.numbers.upper.copy()
        self._choice.narrow(least, most)
        lifted = self.lift.prices(prices, least, most, thorough=wake and not woken)
        return prover.bound(lifted, least, most), woken

    def kept(self, prices: NDArray[np.floating]) -> NDArray[np.float64]:
        """Tell which prices of the whole proved the last bound, but those that follow from them.

        That is, without the rows of pairs: see `proof.in_full`.
        """
        if not len(prices):
            return np.zeros(0)
        kept = self.lift.price.copy()
        kept[self._coarse.whole.under] = 0.0
        return kept

    def translate(self, trace: Traced) -> None:
        """Name the whole's columns in a tree that was looked into with the small program, once."""
        column = dict(zip(self._here.tolist(), self._there.tolist(), strict=True))
        rest = [trace]
        while rest:
            node = rest.pop()
            node.column = column.get(node.column, -1)
            rest += node.sides if node.column >= 0 else ()

    def spread(self, level: NDArray[np.float64]) -> NDArray[np.float64]:
        """Tell levels of all points, shape (points, years), of those of the small program."""
        everywhere = np.zeros((len(self._coarse.whole.point), level.shape[1]))
        everywhere[self._coarse.at] = level
        return everywhere

    def go_on(self, other: "Lifted") -> None:
        """Go on with a small program of the same points from where that of another ended."""
        mine, theirs = self.master.net.program, other.master.net.program
        if mine.n_rows == theirs.n_rows and mine.n_columns == theirs.n_columns:
            self._inner.wake_as(other._inner)
            mine.resume(theirs.basis())

    def few(self) -> int | None:
        """Tell how many points a small program needs, of those likeliest to open; None if unknown.

        As far as the last descent opened them.
        """
        opened = float(self.lift.usage.sum())
        return max(FEWEST, int(TO_CHOOSE * opened)) if opened else None

    def yields(self, solution: Solution) -> NDArray[np.float64]:
        """Tell what merged places would have to yield for all points to bring what the whole's do.

        Parameters
        ----------
        solution
            Of the small program, at whose prices the last bound was proven.

        Returns
        -------
        Shares of what they would bring, by fraction, shape (fractions,).
        """
        master = self.master
        there, here = self.lift.brought(), solution.value[master.brings].mean(1) @ master.mass_t
        seen = np.divide(there, here, out=np.ones_like(here), where=(here > 0.0) & (there > 0.0))
        return np.clip(seen, LEAST_YIELD, 1.0)

    def wake_likely(self, prices: NDArray[np.floating]) -> int:
        """Wake every column of the small program, which is small enough; tell how many that was."""
        return self._inner.wake_all()

    def wake_all(self) -> int:
        """Wake every column of the small program and tell how many there were."""
        return self._inner.wake_all()

    def cut(self, solution: Solution) -> int:
        """Add the cuts that a solution of the small program violates, to both programs."""
        small, whole = self._coarse.master, self._coarse.whole
        before = len(small.cuts)
        added = add_cuts(small, solution)
        for batch in small.cuts[before:]:
            at, k, c, p = batch.T
            write_cuts(whole, self._coarse.at[at], int(k[0]), int(c[0]), p)
        return added

    def cut_choices(self, solution: Solution) -> int:
        """Add the cuts of the households' choice that hold in the small program: none."""
        return self._inner.cut_choices(solution)
