"""Clients taken apart into layers, so that a bound becomes a small linear program.

A client has its worst gain from any of its sites, the step to the next better gain from any but the
worst, and so on: each step is a covering, all or nothing, by the sites that are at least as good.
Equal coverings of many clients are added up. Steps far below a client's price are the largest
coverings and hardly matter: they are left out, which keeps the price from falling that far.

Source: Cornuejols, Nemhauser and Wolsey (1980), A canonical representation of simple plant location
problems and its applications, SIAM Journal on Algebraic and Discrete Methods 1(3).
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ainalym.solve.sites_gains import Gains
from ainalym.solve.sites_merge import Merged, merge

_SPARE = 3  # steps below a client's price
_ALIKE = 5  # times more pairs, of which enough may turn out to be alike


class Layers(NamedTuple):
    """Coverings of which no two are alike, and whose they are.

    Attributes
    ----------
    merged
        Rows of equal gains: what each covering is worth, and the sites that give it.
    owner
        Client of each layer before they were added up, shape (layers,).
    floor
        Gain of each client's best pair that is left out, or 0, shape (clients,).
    """

    merged: Merged
    owner: NDArray[np.int32]
    floor: NDArray[np.float64]

    def prices(self, price: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn prices of coverings into prices of clients."""
        return self.floor + np.bincount(self.owner, self.merged.split(price), len(self.floor))


def layers(gains: Gains, price: NDArray[np.float64], most_pairs: int) -> Layers | None:
    """Take clients apart; None if that makes more than so many pairs.

    Parameters
    ----------
    price
        About what each client's price will be, shape (clients,).
    """
    end, size = np.empty(gains.clients, np.int64), np.zeros(2, np.int64)
    _count(gains.start, gains.gain, price, _SPARE, end, size)
    if size[1] > _ALIKE * most_pairs:
        return None
    start, owner = np.zeros(size[0] + 1, np.int64), np.empty(size[0], np.int32)
    site, gain = np.empty(size[1], np.int32), np.empty(size[1])
    _take_apart(gains.start, gains.site, gains.gain, end, start, owner, site, gain)
    apart = Gains(start=start, site=site, gain=gain, sites=gains.sites)
    merged = merge(apart)
    if len(merged.gains.gain) > most_pairs:
        return None
    is_cut, floor = end < gains.start[1:], np.zeros(gains.clients)
    floor[is_cut] = gains.gain[end[is_cut]]
    return Layers(merged, owner, floor)


@njit(cache=True)
def _step(gain: NDArray, k: int, end: int) -> float:
    """How much better pair k is than the next one of its client."""
    return gain[k] - gain[k + 1] if k + 1 < end else gain[k]


@njit(cache=True)
def _count(
    start: NDArray, gain: NDArray, price: NDArray, spare: int, end: NDArray, size: NDArray
) -> None:
    """Find where each client is cut, and count layers and their pairs."""
    for i in range(len(start) - 1):
        k, left = start[i], spare
        while k < start[i + 1] and (left > 0 or gain[k] > price[i]):
            if _step(gain, k, start[i + 1]) > 0.0:
                size[0] += 1
                size[1] += k + 1 - start[i]
                left -= gain[k] <= price[i]
            k += 1
        end[i] = k


@njit(cache=True)
def _take_apart(
    start: NDArray,
    site: NDArray,
    gain: NDArray,
    end: NDArray,
    layer_start: NDArray,
    owner: NDArray,
    layer_site: NDArray,
    layer_gain: NDArray,
) -> None:
    """Write the layers, the sites of each in rising order, so that equal ones are alike."""
    at = layer = 0
    sorted_sites = np.empty(len(site), np.int32)
    for i in range(len(start) - 1):
        for k in range(start[i], end[i]):
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
