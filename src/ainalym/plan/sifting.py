"""Most of a large master program asleep: who would hardly bring there, what hardly goes there.

Of all points in reach a household uses one or two, and of all stations a point ships to the near
ones. So most columns begin asleep, held at 0, and the linear program is a fraction of the whole.
That is no relaxation any more; but its prices prove a bound of the whole program, asleep columns
and all, and whatever column the prices want is woken. When they want none, nothing was lost.

Source
------
Bixby, Gregory, Lustig, Marsten & Shanno (1992), Very large-scale linear programming: a case study
in combining interior point and simplex methods, Operations Research 40(5), doi
10.1287/opre.40.5.885: sifting.
"""

import numpy as np
from numpy.typing import NDArray

from ainalym.plan.choice import Choice, add_choices, shut
from ainalym.plan.joint import add_cuts
from ainalym.plan.master import Master
from ainalym.solve.linear import Solution
from ainalym.solve.mip import Program
from ainalym.solve.proof import Prover

PAIRS_AWAKE = 3
"""How many points of each place, those where it gains most, are awake at first; more where the
programme has not the money to open every second point."""

STATIONS_AWAKE = 3
"""How many stations of each point, the nearest, are awake at first."""

WANTED = 1e-7
"""What a column has to gain at the prices to be woken: as exact as the solver is."""

NEARLY = 0.2
"""Columns that lose less than this share of all they earn and cost at the first prices are woken
before anything is decided. Of those that lose more, one in forty was wanted later (Almaty); and
solving again for each wave that is woken costs more than a few columns too many."""


class Sifting:
    """Which columns of a master program are asleep, and what is proven of them all.

    Parameters
    ----------
    master
        Its columns are put to sleep here.
    is_merged
        Whether its places stand for several, which choose differently.
    """

    def __init__(self, master: Master, *, is_merged: bool = False) -> None:
        self._master, self._program = master, master.net.program
        self._choice = None if is_merged else Choice(master)
        self._prover = Prover(self._program)
        self._free = self._program.numbers.upper.copy()
        self._asleep = np.zeros(len(self._free), bool)
        self._asleep[_far_pairs(master)] = True
        self._asleep[_far_lanes(master)] = True
        # Columns whose ends are set here: nothing of a search is decided about them.
        lanes = master.net.source_lane.flow
        self._mine = np.concatenate([lanes.ravel(), master.brings.ravel()])
        # What is asleep in all programs, and in each of them as it was last held.
        self._asleep_in: dict[Program, NDArray[np.bool_]] = {}
        self.hold(self._program)

    def hold(self, program: Program) -> None:
        """Hold what people bring to what they choose themselves, as the points' levels stand.

        Parameters
        ----------
        program
            The master's, or a twin of it: where what was woken in one wakes when it is held.
        """
        least, most = self._ends(program)
        self._asleep[self._mine[least[self._mine] > 0.0]] = False
        self._asleep_in[program] = self._asleep.copy()
        most = np.where(self._asleep, 0.0, most)
        low, high = program.bounds(self._mine)
        moved = self._mine[(low != least[self._mine]) | (high != most[self._mine])]
        if len(moved):
            program.change_bounds(moved, least[moved], most[moved])

    def price(
        self, program: Program, prices: NDArray[np.floating], *, wake: bool = True
    ) -> tuple[float, int]:
        """Prove a bound of the whole program as it is held now, and wake what the prices want.

        Parameters
        ----------
        program
            The master's, or a twin of it.
        prices
            Of each row; without any, everything is woken.
        wake
            Whether to wake anything.

        Returns
        -------
        The bound, and how many columns were woken.
        """
        self._prover.refresh()
        least, most = self._ends(program)
        bound = self._prover.bound(prices, least, most)
        asleep = self._asleep_in[program]
        if not wake or not asleep.any():
            return bound, 0
        if not len(prices):
            return bound, self._wake(program, asleep.copy(), most)
        wanted = asleep & (self._prover.left(prices) > WANTED) & (most > 0.0)
        return bound, self._wake(program, wanted, most)

    def kept(self, prices: NDArray[np.floating]) -> NDArray[np.floating]:
        """Tell which prices the last bound was proven with: these."""
        return prices

    def cut(self, solution: Solution) -> int:
        """Add the cuts that a solution violates, and tell how many."""
        return add_cuts(self._master, solution) + self.cut_choices(solution)

    def cut_choices(self, solution: Solution) -> int:
        """Add the cuts of the households' choice that a solution violates, and tell how many."""
        return add_choices(self._master, solution) if self._choice else 0

    def wake_likely(self, prices: NDArray[np.floating]) -> int:
        """Wake what these prices nearly want, and tell how many columns that were.

        Parameters
        ----------
        prices
            Of each row, from the program as it is before anything is decided.
        """
        most = self._ends(self._program)[1]
        rest, size = self._prover.rest(prices)
        wanted = self._asleep & (rest > -NEARLY * size) & (most > 0.0)
        return self._wake(self._program, wanted, most)

    def wake_as(self, other: "Sifting") -> None:
        """Wake what is awake in another program of the same columns."""
        self._wake(self._program, self._asleep & ~other._asleep, self._ends(self._program)[1])

    def wake_all(self) -> int:
        """Wake every column and tell how many there were."""
        return self._wake(self._program, self._asleep.copy(), self._ends(self._program)[1])

    def _wake(self, program: Program, wanted: NDArray[np.bool_], most: NDArray[np.float64]) -> int:
        columns = np.flatnonzero(wanted)
        if len(columns):
            self._asleep[columns] = self._asleep_in[program][columns] = False
            program.change_bounds(columns, 0.0, most[columns])
        return len(columns)

    def _ends(self, program: Program) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Between which ends all columns lie as decisions stand, whether asleep or not."""
        least, most = program.numbers.lower.copy(), program.numbers.upper.copy()
        least[self._mine], most[self._mine] = 0.0, self._free[self._mine]
        if self._choice:
            self._choice.narrow(least, most)
        else:
            shut(self._master, least, most)
        return least, most


def _far_pairs(master: Master) -> NDArray[np.int64]:
    """Columns of what places bring to all but the points where they gain most."""
    pairs = master.pairs
    rank = np.arange(len(pairs)) - pairs.start[pairs.place]
    awake = max(PAIRS_AWAKE, int(2 * len(master.point) / affordable(master)))
    return master.brings[pairs.by_choice[rank >= awake]].ravel()


def affordable(master: Master) -> float:
    """How many points the whole budget could pay for, at least one."""
    city = master.net.city
    money_minor = sum(sum(fund.amount_minor) for fund in city.programme.funds)
    cost_minor = float(city.sites.capex_minor[master.point].mean()) if len(master.point) else 0.0
    return max(1.0, money_minor / cost_minor) if cost_minor > 0 else float(len(master.point) or 1)


def _far_lanes(master: Master) -> NDArray[np.int64]:
    """Columns of what points ship to all but the nearest stations."""
    net, lane = master.net, master.net.source_lane
    way_m = net.source_haul_m[:, net.stations]
    rank = np.argsort(np.argsort(way_m, axis=1, kind="stable"), axis=1, kind="stable")
    far = [lane.flow[:0]]
    for k, station in enumerate(net.stations):
        here = lane.flow[:, lane.target == station]
        far.append(here[rank[:, k] >= STATIONS_AWAKE])
    return np.concatenate([columns.ravel() for columns in far])
