"""The bound on what sites can be worth: prices on clients, and how to improve them."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ainalym.solve.sites_gains import Gains
from ainalym.solve.sites_limits import Limits, Pick

_EPSILON = 2.0**-52

_FIRST_STEP, _SHORTER, _PATIENCE, _LAST_STEP = 0.5, 0.6, 15, 1e-3
_NEW_SHARE = 0.1  # of the newest subgradient in the direction
_MEMORY = 0.9  # of the average of the sites the bound opens


@njit(cache=True)
def _scores(start: NDArray, site: NDArray, gain: NDArray, price: NDArray, score: NDArray) -> None:
    """Add to each site's score what it offers clients above their price."""
    for i in range(len(price)):
        asked = price[i]
        for k in range(start[i], start[i + 1]):
            more = gain[k] - asked
            if more <= 0.0:
                break
            score[site[k]] += more


@njit(cache=True)
def _deflect(
    start: NDArray,
    site: NDArray,
    gain: NDArray,
    price: NDArray,
    top: NDArray,
    share: NDArray,
    scale: NDArray,
    way: NDArray,
    new_share: float,
) -> float:
    """Turn the direction towards the new subgradient, and return its squared length.

    A price at its end (0 or the client's best gain) does not pull the direction further out.
    """
    length = 0.0
    for i in range(len(price)):
        asked = price[i]
        slope = 1.0
        for k in range(start[i], start[i + 1]):
            if gain[k] <= asked:
                break
            slope -= share[site[k]]
        turned = new_share * slope + (1.0 - new_share) * way[i]
        if (asked <= 0.0 and turned > 0.0) or (asked >= top[i] and turned < 0.0):
            turned = 0.0
        way[i] = turned
        length += scale[i] * turned * turned
    return length


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
    offered = np.zeros(gains.sites)
    _scores(gains.start, gains.site, gains.gain, price, offered)
    pick = limits.pick(offered - cost)
    asked = float(price.sum())
    size = asked + float(offered @ pick.share) + float(np.abs(cost) @ pick.share)
    rounding = _EPSILON * (gains.clients + gains.sites) * size
    return Proof(asked + pick.value + rounding, pick)


class Descent:
    """Lower the bound by moving prices against a deflected subgradient with Polyak's step.

    Source: Camerini, Fratta and Maffioli (1975), On improving relaxation methods by modified
    gradient techniques, Mathematical Programming Study 3, doi 10.1007/BFb0120697.

    Parameters
    ----------
    price
        Where to begin, shape (clients,).
    step, patience
        Share of the gap the first step aims at, 0 to 2, and idle steps before it shrinks.

    Attributes
    ----------
    best, price, pick
        The best bound so far, the prices that prove it, and their sites.
    average
        How often the bound opened each site lately, shape (sites,): a guide to good sets.
    """

    def __init__(
        self,
        gains: Gains,
        cost: NDArray[np.float64],
        limits: Limits,
        price: NDArray[np.float64],
        *,
        step: float = _FIRST_STEP,
        patience: int = _PATIENCE,
    ) -> None:
        self._gains, self._cost, self._limits = gains, cost, limits
        self._top = gains.top
        mean = float(self._top.mean()) if gains.clients else 0.0
        self._scale = self._top / mean if mean > 0 else self._top
        self._now = np.clip(price, 0.0, self._top)
        self._way = np.zeros(gains.clients)
        self._step, self._idle, self._new_share = step, 0, 1.0
        self._patience = patience
        self.best, self.pick = prove(gains, cost, self._now, limits)
        self.price = self._now.copy()
        self.average = self.pick.share.copy()
        self._proof = Proof(self.best, self.pick)

    @property
    def done(self) -> bool:
        """Whether steps have become too short to help."""
        return self._step < _LAST_STEP

    def lower(self, objective: float, steps: int, has_time: Callable[[], bool]) -> None:
        """Take some steps.

        Parameters
        ----------
        objective
            Worth of the best known set: what the bound is aimed at.
        """
        for _ in range(steps):
            if self.done or not self._take_step(objective) or not has_time():
                return

    def _take_step(self, objective: float) -> bool:
        gains, gap = self._gains, self._proof.bound - objective
        length = _deflect(
            gains.start,
            gains.site,
            gains.gain,
            self._now,
            self._top,
            self._proof.pick.share,
            self._scale,
            self._way,
            self._new_share,
        )
        self._new_share = _NEW_SHARE
        if length <= 0.0 or gap <= 0.0:
            self._step = 0.0
            return False
        self._now -= (self._step * gap / length) * self._scale * self._way
        np.clip(self._now, 0.0, self._top, out=self._now)
        self._proof = prove(gains, self._cost, self._now, self._limits)
        self.average *= _MEMORY
        self.average += (1 - _MEMORY) * self._proof.pick.share
        self._judge(objective)
        return True

    def _judge(self, objective: float) -> None:
        """Keep a better bound; after too many idle steps go back to the best and step shorter."""
        bound = self._proof.bound
        clearly = bound < self.best - 1e-4 * abs(self.best - objective)
        if bound < self.best:
            self.best, self.pick = self._proof
            self.price[:] = self._now
        self._idle = 0 if clearly else self._idle + 1
        if self._idle > self._patience:
            self._step *= _SHORTER
            self._idle = 0
            self._back_to_best()

    def _back_to_best(self) -> None:
        self._now[:] = self.price
        self._way[:] = 0.0
        self._new_share = 1.0
        self._proof = Proof(self.best, self.pick)
