"""The same pairs by site: whom each site serves, in rising order, and what it brings them."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ainalym.solve.sites_gains import Gains


class Columns(NamedTuple):
    """Pairs by site.

    Attributes
    ----------
    begin
        Where each site's pairs begin, shape (sites + 1,).
    client, brings
        Of each pair, shape (pairs,): who gains and how much; clients rise within a site.
    """

    begin: NDArray[np.int64]
    client: NDArray[np.int32]
    brings: NDArray[np.float64]


def by_site(gains: Gains) -> Columns:
    """Sort the pairs by site, by counting them: one copy, and nothing besides."""
    begin = np.zeros(gains.sites + 1, np.int64)
    client = np.empty(len(gains.gain), np.int32)
    brings = np.empty(len(gains.gain))
    _place(gains.start, gains.site, gains.gain, begin, client, brings)
    return Columns(begin, client, brings)


@njit(cache=True)
def _place(
    start: NDArray, site: NDArray, gain: NDArray, begin: NDArray, client: NDArray, brings: NDArray
) -> None:
    """Count the pairs of each site, then put each where the ones before it end."""
    for k in range(len(site)):
        begin[site[k] + 1] += 1
    for j in range(1, len(begin)):
        begin[j] += begin[j - 1]
    free = begin[:-1].copy()
    for i in range(len(start) - 1):
        for k in range(start[i], start[i + 1]):
            at = free[site[k]]
            client[at] = i
            brings[at] = gain[k]
            free[site[k]] = at + 1
