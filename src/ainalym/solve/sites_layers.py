"""Clients taken apart into layers, so that a bound becomes a small linear program.

A client has its worst gain from any of its sites, the step to the next better gain from any but the
worst, and so on: each step is a covering, all or nothing, by the sites that are at least as good.
Equal coverings of many clients are added up.

Source: Cornuejols, Nemhauser and Wolsey (1980), A canonical representation of simple plant location
problems and its applications, SIAM Journal on Algebraic and Discrete Methods 1(3), doi
10.1137/0601030.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ainalym.solve.sites_gains import Gains
from ainalym.solve.sites_merge import Merged, merge


class Layers(NamedTuple):
    """Coverings of which no two are alike, and whose they are.

    Attributes
    ----------
    merged
        Rows of equal gains: what each covering is worth, and the sites that give it.
    owner
        Client of each layer before they were added up, shape (layers,).
    clients
        How many there are.
    """

    merged: Merged
    owner: NDArray[np.int32]
    clients: int

    def prices(self, price: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn prices of coverings into prices of clients that prove no more."""
        return np.bincount(self.owner, self.merged.split(price), self.clients)


def layers(gains: Gains, most_pairs: int) -> Layers | None:
    """Take clients apart; None if that makes more than so many pairs."""
    size = np.zeros(2, np.int64)
    _count(gains.start, gains.gain, size)
    if size[1] > most_pairs:
        return None
    start, owner = np.zeros(size[0] + 1, np.int64), np.empty(size[0], np.int32)
    site, gain = np.empty(size[1], np.int32), np.empty(size[1])
    _take_apart(gains.start, gains.site, gains.gain, start, owner, site, gain)
    apart = Gains(start=start, site=site, gain=gain, sites=gains.sites)
    return Layers(merge(apart), owner, gains.clients)


@njit(cache=True)
def _step(gain: NDArray, k: int, end: int) -> float:
    """How much better pair k is than the next one of its client."""
    return gain[k] - gain[k + 1] if k + 1 < end else gain[k]


@njit(cache=True)
def _count(start: NDArray, gain: NDArray, size: NDArray) -> None:
    """Count layers and their pairs."""
    for i in range(len(start) - 1):
        for k in range(start[i], start[i + 1]):
            if _step(gain, k, start[i + 1]) > 0.0:
                size[0] += 1
                size[1] += k + 1 - start[i]


@njit(cache=True)
def _take_apart(
    start: NDArray,
    site: NDArray,
    gain: NDArray,
    layer_start: NDArray,
    owner: NDArray,
    layer_site: NDArray,
    layer_gain: NDArray,
) -> None:
    """Write the layers, the sites of each in rising order, so that equal ones are alike."""
    at = layer = 0
    sorted_sites = np.empty(len(site), np.int32)
    for i in range(len(start) - 1):
        for k in range(start[i], start[i + 1]):
            place = held = k - start[i]
            while place > 0 and sorted_sites[place - 1] > site[k]:
                sorted_sites[place] = sorted_sites[place - 1]
                place -= 1
            sorted_sites[place] = site[k]
            step = _step(gain, k, start[i + 1])
            if step > 0.0:
                for q in range(held + 1):
                    layer_site[at + q] = sorted_sites[q]
                    layer_gain[at + q] = step
                at += held + 1
                owner[layer] = i
                layer += 1
                layer_start[layer] = at
