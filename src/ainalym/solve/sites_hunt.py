"""The hunt for a choice of sites: better sets and lower bounds in turns, then what is undecided."""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ainalym.solve.sites_bound import Descent, Proof
from ainalym.solve.sites_coarse import Coarse, coarsen, lift
from ainalym.solve.sites_columns import by_site
from ainalym.solve.sites_finish import SURE, Finish, Rest, decided, finish, is_small, is_thin, rest
from ainalym.solve.sites_gains import Gains
from ainalym.solve.sites_limits import Limits
from ainalym.solve.sites_merge import merge
from ainalym.solve.sites_search import Search
from ainalym.solve.sites_tree import Tree

_STEPS, _KICKS = 25, 15  # of the bound and of the search, in turns
_IDLE_BEFORE_FINISH = 500  # the same, before an integer program takes over
_IDLE_KICKS = 5_000  # without a better set, after which more are not worth the time
_FRESHEN = 500  # kicks after which sums are recomputed, against drift
_MANY_CLIENTS = 20_000  # from which groups of them are looked at first
_COARSE_TIME = 0.3  # share of the time that may take
_QUICK = 20  # steps, where prices are good already
_PAIRS_CLIMBED = 5_000_000  # from which a climb costs more than a turn of the bound
_MOST_TURNS = 12  # of the bound, for one climb
_PAIRS_KICKED = 5_000_000  # pairs that a few kicks in each turn may cost a look at


class Found(NamedTuple):
    """What a hunt came back with.

    Attributes
    ----------
    is_open
        An allowed set, shape (sites,).
    price
        The best known prices, shape (clients,).
    proved
        What no set is worth more than, by a search of what the prices leave undecided.
    """

    is_open: NDArray[np.bool_]
    price: NDArray[np.float64]
    proved: float


def is_closed(objective: float, proved: float, gap_allowed: float) -> bool:
    """Tell whether the gap is as allowed; the margin is that of all proofs here."""
    return proved - objective <= (gap_allowed + SURE) * abs(objective)


class Hunt:
    """One search for sites and for the proof that they are good, in turns."""

    def __init__(
        self,
        gains: Gains,
        cost: NDArray[np.float64],
        limits: Limits,
        *,
        began: float,
        seconds: float,
        gap_allowed: float,
    ) -> None:
        self._gains, self._cost, self._limits = gains, cost, limits
        self._began, self._end, self._gap_allowed = began, began + seconds, gap_allowed
        self._merged = merge(gains)
        self._columns = by_site(self._merged.gains)
        self._narrow = limits
        self._proved = math.inf
        self._progress: Callable[[float, float, float], None] | None = None

    def has_time(self) -> bool:
        """Tell whether the time limit is still ahead."""
        return time.perf_counter() < self._end

    def run(
        self,
        start: ArrayLike | None,
        price: ArrayLike | None,
        rng: np.random.Generator,
        progress: Callable[[float, float, float], None] | None,
    ) -> Found:
        """Hunt until the gap is closed, nothing more helps, or the time is up.

        Parameters
        ----------
        start, price, progress
            As for `choose`.
        """
        limits, small = self._limits, self._merged.gains
        first = rng.random(small.sites)
        if start is None:
            first = limits.nearest(first, 0)
        else:
            given = np.asarray(start, bool)
            first = limits.nearest(given + 0.5 * first, int(given.sum()))
        self._look(rng)
        prices = np.zeros(small.clients)
        if price is not None:
            prices = self._merged.summed(np.asarray(price, float))
        self._descend(prices)
        self._progress = progress
        try:
            if price is None and small.clients >= _MANY_CLIENTS and (coarse := coarsen(small)):
                first, prices = self._begin_coarsely(coarse, first, rng)
                self._search.improve(first)
                self._descend(prices, quick=_QUICK)
            else:
                self._search.improve(first)
                if price is None:
                    self._descend(self._search.middle)
            self._alternate()
            self._close()
        except KeyboardInterrupt:
            pass  # whoever waits wants the best so far, which is complete at any moment
        is_open = self._search.is_open if limits.allow(self._search.is_open) else first
        return Found(is_open, self._merged.split(self._descent.price), self._proved)

    def _look(self, rng: np.random.Generator) -> None:
        self._search = Search(
            self._merged.gains,
            self._cost,
            self._limits,
            rng=rng,
            has_time=self.has_time,
            columns=self._columns,
        )

    def _descend(self, price: NDArray[np.float64], **said: int) -> None:
        small, columns = self._merged.gains, self._columns
        self._descent = Descent(small, self._cost, self._limits, price, columns=columns, **said)

    def _begin_coarsely(
        self, coarse: Coarse, first: NDArray[np.bool_], rng: np.random.Generator
    ) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Hunt among groups of clients: a set and prices to begin with."""
        seconds = _COARSE_TIME * (self._end - time.perf_counter())
        among = Hunt(
            coarse.gains,
            self._cost,
            self._limits,
            began=time.perf_counter(),
            seconds=max(0.01, seconds),
            gap_allowed=self._gap_allowed,
        )
        among._look(rng)
        among._search.improve(first)
        among._descend(among._search.middle)
        among._alternate()
        among._kick_until(_FRESHEN)
        is_open = among._search.is_open
        price = among._merged.split(among._descent.price)
        return is_open, lift(self._merged.gains, coarse, is_open, price)

    def _alternate(self) -> None:
        """Lower the bound and look for better sets in turns, until steps are too short to help."""
        pairs = len(self._merged.gains.gain)
        kicks = max(1, min(_KICKS, _PAIRS_KICKED // (1 + pairs)))
        turns = min(_MOST_TURNS, 1 + pairs // _PAIRS_CLIMBED)
        while not self._descent.done and not self._enough():
            for _ in range(turns):
                self._descent.lower(self._search.worth, _STEPS, self.has_time)
                if self._descent.done or self._enough():
                    break
            average = self._descent.average
            self._decide()
            if self.has_time():
                wanted = int((average > 0.4).sum())
                self._search.improve(self._narrow.nearest(average, wanted))
            self._kick(kicks)

    def _close(self) -> None:
        """Close what gap is left, by branching, by an integer program, and by kicking on."""
        if self._enough():
            return
        left = self._rest()
        if not is_small(left):
            self._kick_until(_IDLE_BEFORE_FINISH)
            if self._enough():
                return
            left = self._rest()
        self._finish(left)
        self._kick_until(_IDLE_KICKS)

    def _kick_until(self, most: int) -> None:
        """Kick until so many kicks in a row found nothing better."""
        idle = 0
        while idle < most and not self._enough():
            idle = 0 if self._kick(_FRESHEN) else idle + _FRESHEN
            self._decide()
            if self.has_time():
                self._search.improve(self._search.is_open)

    def _kick(self, times: int) -> bool:
        better = False
        for _ in range(times):
            if self.has_time():
                better |= self._search.kick()
        return better

    def _enough(self) -> bool:
        """Tell whether to stop: the gap is closed or the time is up."""
        best, proved = self._search.worth, min(self._descent.best, self._proved)
        if self._progress is not None:
            self._progress(time.perf_counter() - self._began, best, max(best, proved))
        return is_closed(best, proved, self._gap_allowed) or not self.has_time()

    def _proof(self) -> Proof:
        return Proof(self._descent.best, self._descent.pick)

    def _decide(self) -> None:
        """Leave alone what the bound already decides: sites in all better sets, and in none."""
        limits, is_open = self._limits, self._search.is_open
        always, never = decided(limits, self._proof(), self._search.worth)
        self._narrow = replace(
            limits,
            forced=limits.forced | (always & is_open),
            forbidden=limits.forbidden | (never & ~is_open),
        )
        self._search.keep(self._narrow.forced | self._narrow.forbidden)

    def _rest(self) -> Rest:
        price, worth = self._descent.price, self._search.worth
        return rest(self._merged.gains, self._cost, price, self._limits, self._proof(), worth)

    def _finish(self, left: Rest) -> None:
        """Branch on what is undecided; if that is slow, hand it to an integer program."""
        best, proved = self._search.worth, self._descent.best
        gap = self._gap_allowed * abs(best)
        if not (is_small(left) and is_thin(left)):
            tree = Tree(left, self._cost, self._limits, worth=best, bound=proved, gap=gap)
            self._learn(tree.search(self.has_time))
        if not self._enough() and is_small(left):
            seconds = max(0.01, self._end - time.perf_counter())
            is_open = self._search.is_open
            self._learn(finish(left, self._cost, self._limits, is_open, seconds=seconds, gap=gap))

    def _learn(self, done: Finish) -> None:
        self._proved = min(self._proved, max(self._search.worth, done.bound))
        if done.is_open is not None and self._limits.allow(done.is_open):
            self._search.improve(done.is_open)
