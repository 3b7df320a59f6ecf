"""The hunt for a choice of sites: better sets and lower bounds in turns, then what is undecided."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ainalym.solve.sites_bound import Descent, Proof, prove
from ainalym.solve.sites_coarse import coarsen, lift
from ainalym.solve.sites_columns import by_site
from ainalym.solve.sites_core import core, core_sites, searched
from ainalym.solve.sites_gains import Gains
from ainalym.solve.sites_layers import layers
from ainalym.solve.sites_limits import Limits
from ainalym.solve.sites_looks import ByPrices, ByPrograms, Looks
from ainalym.solve.sites_merge import merge
from ainalym.solve.sites_rest import SURE, WHOLE, Rest, decided, rest, unit
from ainalym.solve.sites_search import Search
from ainalym.solve.sites_tree import Finish, Tree

_STEPS, _KICKS = 25, 15  # of the bound, and of a search that hardly hopes for more
_SHARE = 0.04  # pairs that kicks look at, of those that the bound did before
_LOOKS = 10  # the same, of those in the core at least: laying it out takes as long
_MOST_EFFORT = 4  # times more, while that helps
_ASTRAY = {"quick": 2**31, "quick_step": 0.05, "quick_patience": 2**31}  # a bound that strays
_STRAY_STEPS = 10  # from one search to the next
_IN_VAIN, _IN_VAIN_ABOVE = 10, 2  # such searches at most, and where groups of groups came first
_PAIRS_ASTRAY = 4_000_000  # that kicks look at each time
_GOOD = 8  # sets kept, whose sites are tried with each other
_ABOUT_AS_OFTEN_AS_NOT = 0.4  # how often the bound opens a site that is worth beginning with
_FALLBACKS = 6  # open sites of a client at which its row is cut; more where that was too few
_HELPFUL = 0.25  # of what the bound fell by, that a search must gain to be given twice as long
_IDLE_BEFORE_FINISH = 3_000  # kicks without a better set, before much that is left is looked at
_IDLE_KICKS = 5_000  # the same, after which more are not worth the time
_SMALLER = 0.8  # of the pairs left, with which it pays to state them anew
_FEW_IN_LAYERS = 100_000  # pairs of programs that are sooner solved than the bound is lowered
_FEW_LEFT = 500_000  # pairs left, before they are taken apart and alike ones added up
_MOST_IN_LAYERS = 1_000_000  # of programs that can be solved
_AT_ONCE, _PAIRS_AT_ONCE = 500, 20_000_000  # kicks in one core, and pairs they may look at
_MANY_CLIENTS = 20_000  # from which groups of them are looked at first
_COARSE_TIME = 0.4  # share of the time that may take
_FEW, _FALL = 6, 0.8  # rounds of steps among groups, and to what they bring a gap if useful
_QUICK, _QUICK_STEP = 60, 0.1  # steps where prices are good already, and how long the first is
_SLOWLY = {"quick": 0, "step": 0.05, "patience": 20, "shorter": 0.9}  # the second descent
_TURNS, _MOST_TURNS = 2, 6  # of the bound, for one search, and more for one that hardly helps
_PAIRS_TURNED = 5_000_000  # one more for so many: a search of the whole takes longer than steps
_FEW_PAIRS = 100_000  # of the whole: so few need no core
_QUICKLY = 500_000  # pairs of the whole, up to which a climb costs less than a turn of the bound
_VAIN_CLIMBS = 2  # in a row, after which the next ones hardly ever find better sets either
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
        self._unit = unit(gains, cost)
        self._effort, self._fallbacks = 1, _FALLBACKS
        self._good: list[NDArray[np.bool_]] = []
        self._most_in_vain, self._vain_climbs = _IN_VAIN, 0
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
            self._alternate(while_large=True)
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

    def _alternate(self, *, while_quick: bool = False, while_large: bool = False) -> None:
        """Lower the bound and look for better sets in turns, until steps are too short to help.

        Where a climb is quick, one follows each round of steps, and kicks only where none helped.

        Parameters
        ----------
        while_quick
            Whether to end where a few turns close only a small part of the gap.
        while_large
            Whether to end where what is left is small enough for linear programs.
        """
        least = _TURNS + len(self._merged.gains.gain) // _PAIRS_TURNED
        turns, gaps = least, []
        while not self._descent.done and not self._enough():
            bound, has_climbed = self._descent.best, False
            for _ in range(turns):
                gaps.append(self._descent.best - self._search.worth)
                if while_quick and len(gaps) > _FEW and gaps[-1] > _FALL * gaps[-1 - _FEW]:
                    return
                self._descent.lower(self._search.worth, _STEPS, self.has_time)
                has_climbed |= self._climb()
                if self._descent.done or self._enough():
                    break
            self._decide()
            is_slow = bound - self._descent.best < _HELPFUL * (bound - self._search.worth)
            if while_large and is_slow and self._is_small():
                return
            if not has_climbed and not self._enough():
                fell, before = bound - self._descent.best, self._search.worth
                self.explore(pairs=int(_SHARE * turns * _STEPS * self._descent.work))
                helped = self._search.worth - before > _HELPFUL * fell
                turns = least if helped else min(2 * turns, least + _MOST_TURNS)
                self._effort = min(2 * self._effort, _MOST_EFFORT) if helped else 1

    def _climb(self) -> bool:
        """Climb from what the bound opens, where that is quick; tell whether it was better."""
        is_quick = len(self._merged.gains.gain) <= _QUICKLY
        if not is_quick or self._vain_climbs >= _VAIN_CLIMBS or self._enough():
            return False
        likely = self._likely(self._descent.average)
        if (likely == self._search.is_open).all():
            return False
        better = self._search.improve(likely)
        self._vain_climbs = 0 if better else self._vain_climbs + 1
        return better

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
        """Choose sites, likeliest first: as many as the bound has opened about as often as not."""
        wanted = int((self._descent.average > _ABOUT_AS_OFTEN_AS_NOT).sum())
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
        """Close what gap is left, by branching and by kicking on."""
        if self._enough() or self._program():
            return
        self._kick_until(_IDLE_BEFORE_FINISH)
        if self._enough() or self._program():
            return
        self._descend(self._descent.price, **_SLOWLY)
        self._alternate()
        if self._enough() or self._program():
            return
        left = self._rest()
        self._branch(left, ByPrices(left, self._cost))
        if not self._enough():
            self._kick_until(_IDLE_KICKS)

    def _is_small(self) -> bool:
        """Tell whether what is left is so small that linear programs are quick."""
        left = self._rest(_FEW_LEFT)
        return left is not None and layers(left.rows, left.price, _FEW_IN_LAYERS) is not None

    def _program(self) -> bool:
        """Branch with linear programs, if those are small enough; tell whether that is all.

        What the first one says may leave less to decide; then it is stated anew. Where it says that
        prices can close the gap alone they do, as others can check them.
        """
        left = self._rest()
        while not self._enough():
            apart = layers(left.rows, left.price, _MOST_IN_LAYERS)
            if apart is None:
                return False
            looks = ByPrograms(left, apart, self._cost, self._limits, self._end)
            after = self._hear(left, looks)
            if len(after.rows.gain) >= _SMALLER * len(left.rows.gain):
                return self._branch(left, looks)
            left = after
        return self._enough()

    def _hear(self, left: Rest, looks: ByPrograms) -> Rest:
        """Make use of prices and shares that a linear program found; return what is left then."""
        before = self._descent
        self._descend(left.whole(looks.price), quick=0)
        if self._descent.best > before.best:
            self._descent = before
        share = left.always.astype(float)
        share[left.sites] = looks.share
        self._search.improve(self._narrow.nearest(share, int((share > 0.5).sum())))
        self._decide()
        limits, cost = left.limits(self._limits), self._cost[left.sites]
        proof = prove(left.rows, cost, looks.price, limits)
        if is_closed(self._search.worth, left.base + proof.bound, self._gap_allowed):
            self._alternate()
        self._proved = min(self._proved, max(self._search.worth, left.base + proof.bound))
        to_beat = self._to_beat - left.base
        return left.within(rest(left.rows, cost, looks.price, limits, proof, to_beat))

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
        if proved < self._to_beat:
            self._proved = proved = best
        if self._progress is not None:
            self._progress(time.perf_counter() - self._began, best, max(best, proved))
        return is_closed(best, proved, self._gap_allowed) or not self.has_time()

    @property
    def _to_beat(self) -> float:
        """What a better set than the best known one is worth at least."""
        return self._search.worth + WHOLE * self._unit

    def _proof(self) -> Proof:
        return Proof(self._descent.best, self._descent.pick)

    def _decide(self) -> None:
        """Leave alone what the bound already decides: sites in all better sets, and in none."""
        limits, is_open = self._limits, self._search.is_open
        always, never = decided(limits, self._proof(), self._to_beat)
        self._narrow = replace(
            limits,
            forced=limits.forced | (always & is_open),
            forbidden=limits.forbidden | (never & ~is_open),
        )
        self._search.keep(self._narrow.forced | self._narrow.forbidden)

    def _rest(self, most_pairs: float = math.inf) -> Rest | None:
        """Work out what is left to decide; None if that is more than one wants."""
        price, small = self._descent.price, self._merged.gains
        return rest(
            small,
            self._cost,
            price,
            self._limits,
            self._proof(),
            self._to_beat,
            most_pairs=most_pairs,
        )

    def _branch(self, left: Rest, looks: Looks) -> bool:
        """Branch on what is undecided to the end; tell whether that was reached."""
        best, proved = self._search.worth, min(self._descent.best, self._proved)
        gap = self._gap_allowed * abs(best)
        tree = Tree(
            left,
            looks,
            self._cost,
            self._limits,
            worth=best,
            bound=proved,
            gap=gap,
            unit=self._unit,
        )
        looked = 0
        while not self._enough() and not tree.is_over:
            self._learn(tree.search(self.has_time, self._search.worth))
            if tree.bound <= self._search.worth + gap:
                return True
            if tree.count >= 2 * looked:
                looked = tree.count
                self.explore(times=min(_AT_ONCE, looked), pairs=_PAIRS_AT_ONCE)
        return self._enough()

    def _learn(self, done: Finish) -> None:
        self._proved = min(self._proved, max(self._search.worth, done.bound))
        if done.is_open is not None and self._limits.allow(done.is_open):
            self._search.improve(done.is_open)
