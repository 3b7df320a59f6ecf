"""The hunt for a choice of sites: better sets and lower bounds in turns, then what is undecided."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ainalym.solve.sites_bound import Descent, Proof
from ainalym.solve.sites_coarse import coarsen, lift
from ainalym.solve.sites_columns import by_site
from ainalym.solve.sites_core import core, core_sites, searched
from ainalym.solve.sites_finish import SURE, Finish, Rest, decided, finish, is_small, is_thin, rest
from ainalym.solve.sites_gains import Gains
from ainalym.solve.sites_limits import Limits
from ainalym.solve.sites_merge import merge
from ainalym.solve.sites_search import Search
from ainalym.solve.sites_tree import Tree

_STEPS, _KICKS = 25, 15  # of the bound, and of a search that hardly hopes for more
_SHARE = 0.04  # pairs that kicks look at, of those that the bound did before
_LOOKS = 10  # the same, of those in the core at least: laying it out takes as long
_MOST_EFFORT = 4  # times more, while that helps
_ASTRAY = {"quick": 2**31, "quick_step": 0.05, "quick_patience": 2**31}  # a bound that strays
_STRAY_STEPS = 10  # from one search to the next
_IN_VAIN, _IN_VAIN_ABOVE = 10, 2  # such searches at most, and where groups of groups came first
_PAIRS_ASTRAY = 4_000_000  # that kicks look at each time
_GOOD = 8  # sets kept, whose sites are tried with each other
_MORE_OFTEN_THAN_NOT = 0.4  # how often the bound opens a site that is worth beginning with
_FALLBACKS = 6  # open sites of a client at which its row is cut; more where that was too few
_HELPFUL = 0.25  # of what the bound fell by, that a search must gain to be given twice as long
_IDLE_BEFORE_FINISH = 3_000  # kicks without a better set, before an integer program takes over
_IDLE_KICKS = 5_000  # the same, after which more are not worth the time
_AT_ONCE, _PAIRS_AT_ONCE = 500, 20_000_000  # kicks in one core, and pairs they may look at
_MANY_CLIENTS = 20_000  # from which groups of them are looked at first
_COARSE_TIME = 0.4  # share of the time that may take
_FEW, _FALL = 6, 0.8  # rounds of steps among groups, and to what they bring a gap if useful
_QUICK, _QUICK_STEP = 60, 0.1  # steps where prices are good already, and how long the first is
_PROGRESS = 0.1  # share of the gap that a tree must close at once to be gone on with at first
_SLOWLY = {"quick": 0, "step": 0.05, "patience": 20, "shorter": 0.9}  # the second descent
_TURNS, _MOST_TURNS = 2, 6  # of the bound, for one search, and more for one that hardly helps
_PAIRS_TURNED = 5_000_000  # one more for so many: a search of the whole takes longer than steps
_FEW_PAIRS = 100_000  # of the whole: so few need no core
_MOST_IN_CORE = 5_000_000  # pairs of its sites: laying out more takes too long, and much memory


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
        self._effort, self._fallbacks = 1, _FALLBACKS
        self._good: list[NDArray[np.bool_]] = []
        self._most_in_vain = _IN_VAIN
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
            if price is None:
                first = self._begin(first, rng)
            else:
                self._search.improve(first)
            self._alternate()
            self._close()
        except KeyboardInterrupt:
            pass  # whoever waits wants the best so far, which is complete at any moment
        is_open = self._search.is_open if limits.allow(self._search.is_open) else first
        return Found(is_open, self._merged.split(self._descent.price), self._proved)

    def _look(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._search = Search(
            self._merged.gains,
            self._cost,
            self._limits,
            rng=rng,
            has_time=self.has_time,
            columns=self._columns,
        )

    def _descend(self, price: NDArray[np.float64], **said: float) -> None:
        small, columns = self._merged.gains, self._columns
        self._descent = Descent(small, self._cost, self._limits, price, columns=columns, **said)

    def _begin(self, first: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
        """Begin from a set, or from what a hunt among groups of the clients makes of it."""
        small = self._merged.gains
        coarse = coarsen(small) if small.clients >= _MANY_CLIENTS else None
        self._most_in_vain = _IN_VAIN_ABOVE if coarse else _IN_VAIN
        if coarse is None:
            self._search.improve(first)
            self._descend(self._search.middle)
            return first
        among = Hunt(
            coarse.gains,
            self._cost,
            self._limits,
            began=time.perf_counter(),
            seconds=max(0.01, _COARSE_TIME * (self._end - time.perf_counter())),
            gap_allowed=self._gap_allowed,
        )
        among._look(rng)
        among._begin(first, rng)
        among._alternate(while_quick=True)
        among._stray()
        first = among._search.is_open
        prices = among._merged.split(among._descent.price)
        self._search.improve(first)
        self._descend(lift(small, coarse, first, prices), quick=_QUICK, quick_step=_QUICK_STEP)
        return first

    def _alternate(self, *, while_quick: bool = False) -> None:
        """Lower the bound and look for better sets in turns, until steps are too short to help.

        Parameters
        ----------
        while_quick
            Whether to end where a few turns close only a small part of the gap.
        """
        least = _TURNS + len(self._merged.gains.gain) // _PAIRS_TURNED
        turns, gaps = least, []
        while not self._descent.done and not self._enough():
            bound = self._descent.best
            for _ in range(turns):
                gaps.append(self._descent.best - self._search.worth)
                if while_quick and len(gaps) > _FEW and gaps[-1] > _FALL * gaps[-1 - _FEW]:
                    return
                self._descent.lower(self._search.worth, _STEPS, self.has_time)
                if self._descent.done or self._enough():
                    break
            self._decide()
            if self.has_time():
                fell, before = bound - self._descent.best, self._search.worth
                self.explore(pairs=int(_SHARE * turns * _STEPS * self._descent.work))
                helped = self._search.worth - before > _HELPFUL * fell
                turns = least if helped else min(2 * turns, least + _MOST_TURNS)
                self._effort = min(2 * self._effort, _MOST_EFFORT) if helped else 1

    def _stray(self) -> None:
        """Look for better sets where the bound strays from its best prices, while that helps."""
        small, columns, price = self._merged.gains, self._columns, self._descent.price
        stray = Descent(small, self._cost, self._limits, price, columns=columns, **_ASTRAY)
        self._effort, idle = 1, 0
        while idle < self._most_in_vain and not stray.done and not self._enough():
            stray.lower(self._search.worth, _STRAY_STEPS, self.has_time)
            chance = np.sqrt(self._rng.random(small.sites))
            fresh = [self._likely(stray.average), self._likely(stray.average * chance)]
            idle = 0 if self.explore(pairs=_PAIRS_ASTRAY, fresh=fresh) else idle + 1

    def _likely(self, average: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Choose sites, likeliest first: as many as the bound has opened more often than not."""
        wanted = int((self._descent.average > _MORE_OFTEN_THAN_NOT).sum())
        return self._narrow.nearest(average, wanted)

    def explore(
        self,
        times: int = 2**31,
        pairs: int = 0,
        fresh: Sequence[NDArray[np.bool_]] = (),
    ) -> bool:
        """Search the core for a better set; tell whether there was one.

        Parameters
        ----------
        times
            Kicks at most.
        pairs
            That kicks may look at; more where the core has so many that laying it out costs more,
            or where searches have helped lately.
        fresh
            Two sets to start from; the known one and what the bound opens, if left out.
        """
        average, known = self._descent.average, self._search.is_open
        starts = (1, 2) if len(fresh) else (0, 1)
        sets = np.stack([known, *(fresh or [self._likely(average)]), *self._good])
        sites = core_sites(self._narrow, self._search.moves(), average, sets)
        begin = self._columns.begin
        inside = (begin[sites + 1] - begin[sites]).sum()
        if begin[-1] <= _FEW_PAIRS or inside > _MOST_IN_CORE:
            pairs = self._effort * max(pairs, _LOOKS * _FEW_PAIRS)
            better = self._search.improve(sets[1])
            return self._search.kick(times, pairs) or better
        found = core(self._merged.gains, self._cost, self._narrow, sites, sets, self._fallbacks)
        pairs = self._effort * max(pairs, _LOOKS * len(found.gains.gain))
        best = searched(
            found, sets, starts, self._fallbacks, self._rng, self.has_time, times, pairs
        )
        better = self._search.take(best.is_open)
        if best.is_better and not better:
            self._fallbacks += 1
        if better and self.has_time():
            self._search.improve(self._search.is_open)
        self._good = [*self._good, *best.fresh, self._search.is_open][-_GOOD:]
        return better

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
        if not (is_small(left) and is_thin(left)) and self._branch(left):
            return
        if not self._enough() and is_small(left):
            self._program(left)
        if not self._enough():
            self._descend(self._descent.price, **_SLOWLY)
            self._alternate()
        if not self._enough() and not self._branch(self._rest(), to_the_end=True):
            self._kick_until(_IDLE_KICKS)

    def _kick_until(self, most: int) -> None:
        """Kick until so many kicks in a row found nothing better."""
        idle = 0
        while idle < most and not self._enough():
            if self.explore(times=_AT_ONCE, pairs=_PAIRS_AT_ONCE) or self._search.kick(_KICKS):
                idle = 0
            else:
                idle += _AT_ONCE
            self._decide()

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

    def _branch(self, left: Rest, *, to_the_end: bool = False) -> bool:
        """Branch on what is undecided, at least while that helps; tell whether it was all done."""
        best, proved = self._search.worth, min(self._descent.best, self._proved)
        gap = self._gap_allowed * abs(best)
        tree = Tree(left, self._cost, self._limits, worth=best, bound=proved, gap=gap)
        before = tree.bound
        while not self._enough() and not tree.is_over:
            self._learn(tree.search(self.has_time, self._search.worth))
            goal = self._search.worth + gap
            if tree.bound <= goal:
                return True
            helped = before - tree.bound >= _PROGRESS * (before - goal) or tree.is_thinning
            if not (to_the_end or helped):
                return False
            before = tree.bound
            if to_the_end:
                self.explore(times=_KICKS)
        return self._enough()

    def _program(self, left: Rest) -> None:
        """Hand what is undecided to an integer program."""
        best = self._search.worth
        seconds, gap = max(0.01, self._end - time.perf_counter()), self._gap_allowed * abs(best)
        is_open = self._search.is_open
        self._learn(finish(left, self._cost, self._limits, is_open, seconds=seconds, gap=gap))

    def _learn(self, done: Finish) -> None:
        self._proved = min(self._proved, max(self._search.worth, done.bound))
        if done.is_open is not None and self._limits.allow(done.is_open):
            self._search.improve(done.is_open)
