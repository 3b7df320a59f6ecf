"""How many sites may be open and what they may cost: the inner problem of the siting bound."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

EXACT = 1e-12
"""Relative slack with which a budget is kept: the rounding of a sum, no more."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pick:
    """The best sites at given scores, and the thresholds that prove it.

    Attributes
    ----------
    value
        Largest total score; exact, so part of a valid bound.
    share
        How far each site is open, shape (sites,), 0 to 1; fractional only at a budget's edge.
    out, in_
        What each closed site's score lacks to be open (0 or less), and what each open one has to
        spare (0 or more), shape (sites,).
    toll
        Price of one unit of the budget that proves the value, 0 or more.
    """

    value: float
    share: NDArray[np.float64]
    out: NDArray[np.float64]
    in_: NDArray[np.float64]
    toll: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Limits:
    """Which sets of sites are allowed.

    Attributes
    ----------
    least, most
        Fewest and most sites open; `least` is 0 or equal to `most`.
    spend
        What each site takes of the budget, shape (sites,), 0 or more.
    budget
        What all open sites may take together; infinite for no limit.
    forced, forbidden
        Sites that must be open or closed, shape (sites,); never both.
    """

    least: int
    most: int
    spend: NDArray[np.float64]
    budget: float
    forced: NDArray[np.bool_]
    forbidden: NDArray[np.bool_]

    @property
    def room(self) -> float:
        """The budget with the slack of a rounded sum."""
        return self.budget + EXACT * (1.0 + abs(self.budget)) if self.has_budget else math.inf

    @property
    def has_budget(self) -> bool:
        """Whether money limits the sites at all."""
        return math.isfinite(self.budget)

    def can_hold(self) -> bool:
        """Tell whether any set of sites is allowed."""
        free = ~(self.forced | self.forbidden)
        count = int(self.forced.sum())
        need = max(0, self.least - count)
        if count > self.most or need > free.sum():
            return False
        return self.spend[self.forced].sum() + np.sort(self.spend[free])[:need].sum() <= self.room

    def allow(self, is_open: NDArray[np.bool_]) -> bool:
        """Tell whether these sites may be open together."""
        count = int(is_open.sum())
        return bool(
            is_open[self.forced].all()
            and not is_open[self.forbidden].any()
            and self.least <= count <= self.most
            and self.spend[is_open].sum() <= self.room
        )

    def nearest(self, rank: NDArray[np.float64], wanted: int | None = None) -> NDArray[np.bool_]:
        """Choose an allowed set that follows a ranking: the highest first, as far as it fits.

        Parameters
        ----------
        rank
            How much each site is wanted, shape (sites,).
        wanted
            How many sites to open at most, beyond the least allowed; None for all that fit.
        """
        chosen = self.forced.copy()
        free = np.flatnonzero(~(self.forced | self.forbidden))
        free = free[np.argsort(-rank[free], kind="stable")]
        most = self.most if wanted is None else max(self.least, min(self.most, wanted))
        room = self.room - self.spend[chosen].sum()
        if not self.has_budget:
            chosen[free[: max(0, most - int(chosen.sum()))]] = True
        elif self.least == 0:
            for j in free:
                if self.spend[j] <= room and chosen.sum() < most:
                    chosen[j] = True
                    room -= self.spend[j]
        else:
            self._trade_up(chosen, free, room)
        return chosen

    def _trade_up(self, chosen: NDArray[np.bool_], free: NDArray[np.intp], room: float) -> None:
        """Fill up with the cheapest sites, then trade the dearest of them for wanted ones."""
        need = self.least - int(chosen.sum())
        stopgaps = list(free[np.argsort(self.spend[free], kind="stable")][:need])
        chosen[stopgaps] = True
        room -= self.spend[stopgaps].sum()
        for j in free:
            if not stopgaps:
                return
            if chosen[j]:
                stopgaps.remove(j)
            elif self.spend[j] - self.spend[stopgaps[-1]] <= room:
                room -= self.spend[j] - self.spend[stopgaps[-1]]
                chosen[stopgaps.pop()] = False
                chosen[j] = True

    def pick(self, score: NDArray[np.float64]) -> Pick:
        """Find the largest total score of allowed sites; the budget's last site may be cut.

        Without a budget the choice is whole. With one, its price is found on the lower envelope
        of straight lines, one for each set seen; the value at any price is a valid bound.

        Source: Dantzig (1957), Discrete-variable extremum problems, Operations Research 5,
        doi 10.1287/opre.5.2.266 (fractional knapsack).
        """
        sites = len(score)
        share, out, in_ = np.empty(sites), np.empty(sites), np.empty(sites)
        held = self.forced, self.forbidden, self.least, self.most
        value = _take(score, *held, share, out, in_)
        if not self.has_budget or self.spend @ share <= self.room:
            return Pick(value=value, share=share, out=out, in_=in_, toll=0.0)
        free = np.flatnonzero(~(self.forced | self.forbidden))
        count = int(self.forced.sum())
        least, most = max(0, self.least - count), min(self.most - count, len(free))
        room = self.room - float(self.spend[self.forced].sum())
        at, spend = score[free], self.spend[free]
        toll, value, share[free] = _priced(at, spend, room, least, most, share[free])
        _take(score - toll * self.spend, *held, np.empty(sites), out, in_)
        always = float(score[self.forced].sum())
        return Pick(value=always + value, share=share, out=out, in_=in_, toll=toll)


@njit(cache=True, nogil=True)
def _take(
    score: NDArray,
    forced: NDArray,
    forbidden: NDArray,
    least: int,
    most: int,
    share: NDArray,
    out: NDArray,
    in_: NDArray,
) -> float:
    """Take the best sites within their number, and say what each lacks or has to spare.

    Returns
    -------
    The total score of those taken.
    """
    total = 0.0
    count = 0
    free = np.empty(len(score), np.int32)
    for j in range(len(score)):
        share[j], out[j], in_[j] = 0.0, -np.inf, -np.inf
        if forced[j]:
            share[j], out[j], in_[j] = 1.0, np.inf, np.inf
            total += score[j]
            least -= 1
            most -= 1
        elif not forbidden[j]:
            free[count] = j
            count += 1
    most = max(0, min(most, count))
    _sort_out(score, free[:count], most)
    low, high = np.inf, -np.inf
    for q in range(count):
        at = score[free[q]]
        if q < most:
            low = min(low, at)
        else:
            high = max(high, at)
        if q < most and (least > 0 or at > 0.0):
            share[free[q]] = 1.0
            total += at
    if least <= 0:
        low, high = max(0.0, low), max(0.0, high)
    for j in free[:count]:
        out[j], in_[j] = score[j] - low, score[j] - high
    return total


@njit(cache=True, nogil=True)
def _sort_out(score: NDArray, sites: NDArray, most: int) -> None:
    """Put the sites with the highest scores first, so many of them.

    Source: Hoare (1961), Algorithm 65: find, Communications of the ACM 4(7), doi
    10.1145/366622.366647.
    """
    first, last = 0, len(sites) - 1
    while 0 < most <= last and first < last:
        middle = score[sites[(first + last) // 2]]
        a, b = first, last
        while a <= b:
            while score[sites[a]] > middle:
                a += 1
            while score[sites[b]] < middle:
                b -= 1
            if a <= b:
                sites[a], sites[b] = sites[b], sites[a]
                a += 1
                b -= 1
        if most - 1 <= b:
            last = b
        elif most - 1 >= a:
            first = a
        else:
            return


def _largest(score: NDArray[np.float64], least: int, most: int) -> NDArray[np.bool_]:
    chosen = np.zeros(len(score), bool)
    if most >= len(score):
        chosen[:] = True
    elif most > 0:
        chosen[np.argpartition(-score, most - 1)[:most]] = True
    if least == 0:
        chosen &= score > 0
    return chosen


def _priced(
    score: NDArray[np.float64],
    spend: NDArray[np.float64],
    room: float,
    least: int,
    most: int,
    greedy: NDArray[np.float64],
) -> tuple[float, float, NDArray[np.float64]]:
    """Price of the budget, value and shares, when the best set at price 0 costs too much."""
    over = greedy
    within = np.zeros(len(score))
    within[np.argsort(spend, kind="stable")[:least]] = 1.0
    best = (0.0, math.inf, within)
    for _ in range(100):
        dear, cheap = float(spend @ over), float(spend @ within)
        if dear <= cheap:
            break
        price = max(0.0, float(score @ over - score @ within) / (dear - cheap))
        envelope = float(score @ within) + price * (room - cheap)
        share = _largest(score - price * spend, least, most).astype(float)
        value = float((score - price * spend) @ share) + price * room
        if value < best[1]:
            part = (room - cheap) / (dear - cheap)
            best = (price, value, part * over + (1 - part) * within)
        if value <= envelope + EXACT * abs(envelope):
            break
        if spend @ share > room:
            over = share
        else:
            within = share
    return best
