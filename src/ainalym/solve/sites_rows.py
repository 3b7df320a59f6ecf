"""Rows of pairs, each sorted best first, laid down in few passes and without spare copies."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

_SHORT = 24  # pairs up to which a row is sorted faster by insertion than by a call


@njit(cache=True, nogil=True)
def laid_by_client(
    client: NDArray, site: NDArray, gain: NDArray, clients: int
) -> tuple[NDArray, NDArray, NDArray]:
    """Lay the pairs that gain anything side by side for each client, in the order given.

    Returns
    -------
    Where each client's row begins, and its sites and gains.
    """
    start = np.zeros(clients + 1, np.int64)
    for k in range(len(client)):
        if gain[k] > 0.0:
            start[client[k] + 1] += 1
    for i in range(clients):
        start[i + 1] += start[i]
    free = start[:-1].copy()
    at, more = np.empty(start[-1], np.int32), np.empty(start[-1], np.float64)
    for k in range(len(client)):
        if gain[k] > 0.0:
            to = free[client[k]]
            at[to], more[to] = site[k], gain[k]
            free[client[k]] = to + 1
    return start, at, more


@njit(cache=True, nogil=True)
def tidy(start: NDArray, site: NDArray, gain: NDArray, sites: int) -> NDArray:
    """Sort each row by falling gain, ties by site, and drop what gains nothing or is there twice.

    It is done in place. Of a site that is twice in a row, the larger gain stays.

    Returns
    -------
    Where rows begin now, shape (clients + 1,); what lies beyond the last is of no meaning.
    """
    begins = np.zeros(len(start), np.int64)
    longest = 0
    for i in range(len(start) - 1):
        longest = max(longest, start[i + 1] - start[i])
    at, more = np.empty(longest, np.int32), np.empty(longest, np.float64)
    seen = np.full(sites, -1, np.int64)
    free = 0
    for i in range(len(start) - 1):
        size, is_sorted = 0, True
        for k in range(start[i], start[i + 1]):
            g, j = gain[k], site[k]
            if g > 0.0:
                if size and (more[size - 1] < g or (more[size - 1] == g and at[size - 1] > j)):
                    is_sorted = False
                at[size], more[size] = j, g
                size += 1
        if not is_sorted:
            _sort(at, more, size)
        for k in range(size):
            if seen[at[k]] != i:
                seen[at[k]] = i
                site[free], gain[free] = at[k], more[k]
                free += 1
        begins[i + 1] = free
    return begins


@njit(cache=True, nogil=True)
def _sort(site: NDArray, gain: NDArray, size: int) -> None:
    if size > _SHORT:
        order = np.argsort(site[:size], kind="mergesort")
        order = order[np.argsort(-gain[:size][order], kind="mergesort")]
        site[:size], gain[:size] = site[:size][order], gain[:size][order]
        return
    for k in range(1, size):
        j, g, b = site[k], gain[k], k
        while b > 0 and (gain[b - 1] < g or (gain[b - 1] == g and site[b - 1] > j)):
            site[b], gain[b] = site[b - 1], gain[b - 1]
            b -= 1
        site[b], gain[b] = j, g


@njit(cache=True, nogil=True)
def is_sound(start: NDArray, site: NDArray, gain: NDArray, sites: int) -> bool:
    """Tell whether rows hold existing sites, and finite gains above 0 that fall within each."""
    for i in range(len(start) - 1):
        last = np.inf
        for k in range(start[i], start[i + 1]):
            if not (0 <= site[k] < sites and 0.0 < gain[k] <= last and gain[k] < np.inf):
                return False
            last = gain[k]
    return True
