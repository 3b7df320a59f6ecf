"""The bound on what sites can be worth: prices on clients, and how to improve them."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ainalym.solve.sites_columns import Columns
from ainalym.solve.sites_gains import Gains
from ainalym.solve.sites_limits import Limits, Pick
from ainalym.solve.sites_offers import Offers, client_halves

_EPSILON = 2.0**-52

_QUICK, _QUICK_STEP, _QUICK_SHORTER, _QUICK_PATIENCE, _QUICK_SHARE = 160, 0.3, 0.6, 8, 0.25
_STEP, _SHORTER, _PATIENCE, _LAST_STEP, _LONGER, _LONGEST_STEP = 0.1, 0.67, 10, 1e-4, 1.1, 2.0
_NEW_SHARE = 0.1  # of the newest subgradient in the average, at most
_BRISK_PATIENCE, _BRISK_SHARE, _BRISK_STEP = 4, 0.2, 0.01  # after quick steps, while long enough
_CLEARLY = 1e-6  # share of the gap that makes a step worth having been taken
_MEMORY = 0.9  # of the average of the sites the bound opens


class Proof(NamedTuple):
    """What prices prove: no allowed set is worth more than `bound`; `pick` says how."""

    bound: float
    pick: Pick


def prove(
    gains: Gains, cost: NDArray[np.float64], price: NDArray[np.float64], limits: Limits
) -> Proof:
    """Compute the bound that prices prove, rounded outwards.

    Parameters
    ----------
    price
        Of each client, shape (clients,), 0 or more.
    """
    return _proof(Offers(gains), cost, price, limits)


def _proof(
    offers: Offers, cost: NDArray[np.float64], price: NDArray[np.float64], limits: Limits
) -> Proof:
    offered = offers.total(price)
    pick = limits.pick(offered - cost)
    asked = float(price.sum())
    # Of all sites, not only of those that are picked: rounding may be why one was not.
    size = asked + float((offered + np.abs(cost)).sum())
    rounding = _EPSILON * (len(price) + len(cost)) * size
    return Proof(asked + pick.value + rounding, pick)


class _Way(NamedTuple):
    """Where prices are, how far they may rise, how steps are scaled, and where they head.

    All of shape (clients,). What would lead beyond a price's ends counts as no way at all.
    """

    now: NDArray
    top: NDArray
    scale: NDArray
    way: NDArray


@njit(cache=True, nogil=True)
def _open(way: float, now: float, top: float) -> float:
    if (now <= 0.0 and way > 0.0) or (now >= top and way < 0.0):
        return 0.0
    return way


@njit(cache=True, nogil=True)
def _length(w: _Way, first: int, last: int) -> float:
    """Squared length of the way, in its scale."""
    total = 0.0
    for i in range(first, last):
        way = _open(w.way[i], w.now[i], w.top[i])
        total += w.scale[i] * way * way
    return total


@njit(cache=True, nogil=True)
def _move(w: _Way, step: float, moved: NDArray, first: int, last: int) -> float:
    """Go one step, within the prices' ends; return the sum of the new prices."""
    total = 0.0
    for i in range(first, last):
        price = w.now[i] - step * w.scale[i] * _open(w.way[i], w.now[i], w.top[i])
        moved[i] = min(max(price, 0.0), w.top[i])
        total += moved[i]
    return total


@njit(cache=True, nogil=True)
def _compare(w: _Way, slope: NDArray, first: int, last: int) -> tuple[float, float, float]:
    """How a new subgradient lies to the way: apart, that along the way, and both along."""
    apart, along, ahead = 0.0, 0.0, 0.0
    for i in range(first, last):
        differs = w.scale[i] * (slope[i] - w.way[i])
        apart += differs * (slope[i] - w.way[i])
        along += differs * w.way[i]
        ahead += w.scale[i] * slope[i] * _open(w.way[i], w.now[i], w.top[i])
    return apart, along, ahead


@njit(cache=True, nogil=True)
def _turn(w: _Way, slope: NDArray, share: float, only_open: bool, first: int, last: int) -> None:
    """Turn the way by a share towards a new subgradient."""
    for i in range(first, last):
        way = _open(w.way[i], w.now[i], w.top[i]) if only_open else w.way[i]
        w.way[i] = way + share * (slope[i] - way)


class Descent:
    """Lower the bound by moving prices against an average of subgradients, with Polyak's step.

    The first steps go on from wherever the last one led, which is quick; then each goes from the
    best prices, against an average that is kept as short as possible, which is thorough.

    Source: Camerini, Fratta and Maffioli (1975), On improving relaxation methods by modified
    gradient techniques, Mathematical Programming Study 3, doi 10.1007/BFb0120697; Barahona and
    Anbil (2000), The volume algorithm, Mathematical Programming 87, doi 10.1007/s101070050002.

    Parameters
    ----------
    price
        Where to begin, shape (clients,).
    quick
        How many quick steps to take first.
    quick_step, step
        How long the first quick step is, and the first thorough one: 1 aims at the gap's end.
    quick_patience
        Quick steps without a better bound, after which they become shorter and begin at the best.
    patience, shorter
        Thorough steps without a better bound, after which they become so much shorter. The first
        ones after quick steps have less patience.
    columns
        The same pairs by site, where they are at hand: steps are quicker with them.

    Attributes
    ----------
    best, price, pick
        The best bound so far, the prices that prove it, and their sites.
    average
        How often the bound opened each site lately, shape (sites,): a guide to good sets.
    done
        Whether steps have become too short to help.
    """

    def __init__(
        self,
        gains: Gains,
        cost: NDArray[np.float64],
        limits: Limits,
        price: NDArray[np.float64],
        *,
        quick: int = _QUICK,
        quick_step: float = _QUICK_STEP,
        quick_patience: int = _QUICK_PATIENCE,
        step: float = _STEP,
        patience: int = _PATIENCE,
        shorter: float = _SHORTER,
        columns: Columns | None = None,
    ) -> None:
        self._offers, self._cost, self._limits = Offers(gains, columns), cost, limits
        self._top = gains.top
        mean = float(self._top.mean()) if gains.clients else 0.0
        self._scale = self._top / mean if mean > 0 else self._top
        self.price = np.clip(price, 0.0, self._top)
        self.best, self.pick = _proof(self._offers, cost, self.price, limits)
        self.average = self.pick.share.copy()
        self.done = False
        self._now, self._kept = self.price, [self.price]
        self._way, self._slope = np.empty(gains.clients), np.empty(gains.clients)
        self._begin_anew()
        self._quick, self._idle = quick, 0
        self._quick_patience, self._patience = quick_patience, patience
        self._step, self._first_step = quick_step if quick else step, step
        self._has_begun_quick, self._shorter = quick > 0, shorter

    @property
    def work(self) -> int:
        """Pairs that a step looks at: those above the best prices."""
        return self._offers.above(self.price)

    def lower(self, objective: float, steps: int, has_time: Callable[[], bool]) -> None:
        """Take some steps.

        Parameters
        ----------
        objective
            Worth of the best known set: what the bound is aimed at.
        """
        for _ in range(steps):
            if self.done or not has_time():
                return
            if self._offers.is_stale:
                self._offers.gather(self.price)
            self._take_step(objective)

    def _take_step(self, objective: float) -> None:
        gap, clients = self.best - objective, len(self.price)
        w, slope = _Way(self._now, self._top, self._scale, self._way), self._slope
        length = sum(client_halves(clients, lambda _, first, last: _length(w, first, last)))
        if length <= 0.0 or gap <= 0.0:
            self.done = True
            return
        step, moved = self._step * gap / length, self._spare()
        client_halves(clients, lambda _, first, last: _move(w, step, moved, first, last))
        self._now = moved
        proof = _proof(self._offers, self._cost, moved, self._limits)
        self.average *= _MEMORY
        self.average += (1 - _MEMORY) * proof.pick.share
        self._offers.slopes(moved, proof.pick.share, slope)
        halves = client_halves(clients, lambda _, first, last: _compare(w, slope, first, last))
        apart, along, ahead = (sum(both) for both in zip(*halves, strict=True))
        share = self._turned_by(apart, along)
        quick = self._quick > 0
        client_halves(clients, lambda _, first, last: _turn(w, slope, share, quick, first, last))
        self._judge(proof, gap, ahead > 0.0)

    def _spare(self) -> NDArray[np.float64]:
        """A column for new prices that holds neither the best nor the last ones."""
        for column in self._kept:
            if column is not self.price and column is not self._now:
                return column
        self._kept.append(np.empty(len(self.price)))
        return self._kept[-1]

    def _begin_anew(self) -> None:
        """Head where the bound falls from the best prices."""
        self._offers.slopes(self.price, self.pick.share, self._way)

    def _turned_by(self, apart: float, along: float) -> float:
        """Share by which to turn towards a new subgradient: fixed, or to be as short as can be."""
        if self._quick:
            return _QUICK_SHARE
        share = -along / apart if apart > 0.0 else 0.0
        most = _BRISK_SHARE if self._is_brisk else _NEW_SHARE
        return max(0.1 * most, min(most, share))

    @property
    def _is_brisk(self) -> bool:
        return self._has_begun_quick and self._step > _BRISK_STEP

    def _judge(self, proof: Proof, gap: float, ahead: bool) -> None:
        """Keep a better bound; after too many idle steps go back to the best and step shorter."""
        clearly = proof.bound < self.best - _CLEARLY * gap
        if proof.bound < self.best:
            self.best, self.pick = proof
            self.price = self._now
        self._idle = 0 if clearly else self._idle + 1
        if self._quick:
            self._quick -= 1
            if self._quick == 0:
                self._step, self._idle, self._now = self._first_step, 0, self.price
            elif self._idle > self._quick_patience:
                self._step *= _QUICK_SHORTER
                self._idle, self._now = 0, self.price
                self._begin_anew()
            return
        self._now = self.price
        if clearly and ahead:
            self._step = min(_LONGEST_STEP, _LONGER * self._step)
        elif self._idle >= (_BRISK_PATIENCE if self._is_brisk else self._patience):
            self._step *= self._shorter
            self._idle = 0
            self.done = self._step < _LAST_STEP
