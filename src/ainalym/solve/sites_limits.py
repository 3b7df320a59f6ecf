"""How many sites may be open and what they may cost: the inner problem of the siting bound."""

import math
from dataclasses import dataclass

import numpy as np
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
        free = np.flatnonzero(~(self.forced | self.forbidden))
        count = int(self.forced.sum())
        least, most = max(0, self.least - count), min(self.most - count, len(free))
        always = float(score[self.forced].sum())
        room = self.room - float(self.spend[self.forced].sum())
        at, spend = score[free], self.spend[free]
        share = _largest(at, least, most).astype(float)
        toll = 0.0
        value = float((at * share).sum())
        if self.has_budget and (spend * share).sum() > room:
            toll, value, share = _priced(at, spend, room, least, most, share)
        left = at - toll * spend
        low, high = _edges(left, least, most)
        everywhere = self.forced.astype(float)
        everywhere[free] = share
        out = np.where(self.forbidden, -math.inf, math.inf)
        in_ = np.where(self.forced, math.inf, -math.inf)
        out[free], in_[free] = left - low, left - high
        return Pick(value=always + value, share=everywhere, out=out, in_=in_, toll=toll)


def _largest(score: NDArray[np.float64], least: int, most: int) -> NDArray[np.bool_]:
    chosen = np.zeros(len(score), bool)
    if most >= len(score):
        chosen[:] = True
    elif most > 0:
        chosen[np.argpartition(-score, most - 1)[:most]] = True
    if least == 0:
        chosen &= score > 0
    return chosen


def _edges(score: NDArray[np.float64], least: int, most: int) -> tuple[float, float]:
    """Score of the last site in and of the first one out, between which the threshold lies."""
    low, high = math.inf, -math.inf
    if 0 < most < len(score):
        rest = len(score) - most
        high, low = np.partition(score, (rest - 1, rest))[[rest - 1, rest]]
    elif most > 0:
        low = score.min()
    elif len(score):
        high = score.max()
    return (low, high) if least else (max(0.0, low), max(0.0, high))


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
