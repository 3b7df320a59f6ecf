"""The bound on what sites can be worth: prices on clients, and how to improve them."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ainalym.solve.sites_gains import Gains
from ainalym.solve.sites_limits import Limits, Pick
from ainalym.solve.sites_offers import Offers

_EPSILON = 2.0**-52

_QUICK, _QUICK_STEP, _QUICK_SHORTER, _QUICK_PATIENCE, _QUICK_SHARE = 80, 0.3, 0.6, 8, 0.25
_STEP, _SHORTER, _PATIENCE, _LAST_STEP, _LONGER, _LONGEST_STEP = 0.1, 0.67, 10, 1e-4, 1.1, 2.0
_NEW_SHARE = 0.1  # of the newest subgradient in the average, at most
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
    size = asked + float(offered @ pick.share) + float(np.abs(cost) @ pick.share)
    rounding = _EPSILON * (len(price) + len(cost)) * size
    return Proof(asked + pick.value + rounding, pick)


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
        step: float = _STEP,
        patience: int = _PATIENCE,
    ) -> None:
        self._offers, self._cost, self._limits = Offers(gains), cost, limits
        self._top = gains.top
        mean = float(self._top.mean()) if gains.clients else 0.0
        self._scale = self._top / mean if mean > 0 else self._top
        self.price = np.clip(price, 0.0, self._top)
        self.best, self.pick = _proof(self._offers, cost, self.price, limits)
        self.average = self.pick.share.copy()
        self.done = False
        self._now = self.price
        self._way = self._slope(Proof(self.best, self.pick))
        self._quick, self._idle, self._patience = quick, 0, patience
        self._step, self._first_step = _QUICK_STEP if quick else step, step
        self._most_share = _NEW_SHARE

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
        gap = self.best - objective
        way = self._way.copy()
        way[(self._now <= 0.0) & (way > 0.0)] = 0.0
        way[(self._now >= self._top) & (way < 0.0)] = 0.0
        turned = self._scale * way
        length = float(turned @ way)
        if length <= 0.0 or gap <= 0.0:
            self.done = True
            return
        self._now = self._now - (self._step * gap / length) * turned
        np.clip(self._now, 0.0, self._top, out=self._now)
        proof = _proof(self._offers, self._cost, self._now, self._limits)
        self.average *= _MEMORY
        self.average += (1 - _MEMORY) * proof.pick.share
        slope = self._slope(proof)
        self._turn(slope, way)
        ahead = float((self._scale * slope) @ way) > 0.0
        self._judge(proof, gap, ahead)

    def _slope(self, proof: Proof) -> NDArray[np.float64]:
        """Subgradient of the bound where it was just computed, shape (clients,)."""
        return self._offers.slopes(self._now, proof.pick.share)

    def _turn(self, slope: NDArray[np.float64], way: NDArray[np.float64]) -> None:
        """Turn the way towards a new subgradient: by a fixed share, or to be as short as can be."""
        if self._quick:
            self._way = way + _QUICK_SHARE * (slope - way)
            return
        apart = slope - self._way
        turned = self._scale * apart
        length = float(turned @ apart)
        share = -float(turned @ self._way) / length if length > 0.0 else 0.0
        self._way += max(0.1 * self._most_share, min(self._most_share, share)) * apart

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
            elif self._idle > _QUICK_PATIENCE:
                self._step *= _QUICK_SHORTER
                self._idle, self._now = 0, self.price
                self._way = self._slope(Proof(self.best, self.pick))
            return
        self._now = self.price
        if clearly and ahead:
            self._step = min(_LONGEST_STEP, _LONGER * self._step)
        elif self._idle >= self._patience:
            self._step *= _SHORTER
            self._idle = 0
            self.done = self._step < _LAST_STEP
