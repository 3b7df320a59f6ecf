"""What sites offer clients above their prices, added up fast: the work of every step of a bound.

A client's row is held best first, so only the pairs above its price are touched. Long rows lie far
apart in memory and fetching their heads is most of the work; so those heads are kept side by side,
with a floor: a client whose price falls below it is read from its whole row.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ainalym.solve.halves import by_halves
from ainalym.solve.sites_columns import Columns
from ainalym.solve.sites_gains import Gains

_MANY_CLIENTS = 10_000  # from which a second thread is worth its call
_MANY_PAIRS = 200_000  # from which heads are worth being kept apart
_OPEN_SITES_PAY = 2  # pairs in rows for one of an open site: those are far apart in memory
_SHORT_HEADS = 4  # times shorter than rows: else heads are near enough where they are
_SPARE, _SHARE_LOW = 4, 0.05  # pairs beyond those above the price; clients below their floor


class _Rows(NamedTuple):
    """Heads of rows (`near`) with their `floor`, and whole rows."""

    near_start: NDArray
    near_site: NDArray
    near_gain: NDArray
    floor: NDArray
    start: NDArray
    site: NDArray
    gain: NDArray


@njit(cache=True, nogil=True)
def _total(rows: _Rows, price: NDArray, first: int, last: int, offered: NDArray) -> int:
    """Add to each site what it offers above prices; return how many were below their floor."""
    low = 0
    for i in range(first, last):
        asked = price[i]
        if asked >= rows.floor[i]:
            for k in range(rows.near_start[i], rows.near_start[i + 1]):
                more = rows.near_gain[k] - asked
                if more <= 0.0:
                    break
                offered[rows.near_site[k]] += more
        else:
            low += 1
            for k in range(rows.start[i], rows.start[i + 1]):
                more = rows.gain[k] - asked
                if more <= 0.0:
                    break
                offered[rows.site[k]] += more
    return low


@njit(cache=True, nogil=True)
def _slopes(
    rows: _Rows, price: NDArray, share: NDArray, first: int, last: int, slope: NDArray
) -> int:
    """Tell how the bound rises with each price: 1 less the open sites that pay more."""
    for i in range(first, last):
        asked = price[i]
        rises = 1.0
        if asked >= rows.floor[i]:
            for k in range(rows.near_start[i], rows.near_start[i + 1]):
                if rows.near_gain[k] <= asked:
                    break
                rises -= share[rows.near_site[k]]
        else:
            for k in range(rows.start[i], rows.start[i + 1]):
                if rows.gain[k] <= asked:
                    break
                rises -= share[rows.site[k]]
        slope[i] = rises
    return 0


@njit(cache=True, nogil=True)
def _slopes_by_site(
    columns: Columns,
    opened: NDArray,
    price: NDArray,
    share: NDArray,
    first: int,
    last: int,
    slope: NDArray,
) -> int:
    """Tell the same as `_slopes` from the open sites' pairs, which are few where sites are many."""
    slope[first:last] = 1.0
    for j in opened:
        pairs = columns.client[columns.begin[j] : columns.begin[j + 1]]
        brings = columns.brings[columns.begin[j] : columns.begin[j + 1]]
        for q in range(np.searchsorted(pairs, first), np.searchsorted(pairs, last)):
            if brings[q] > price[pairs[q]]:
                slope[pairs[q]] -= share[j]
    return 0


@njit(cache=True, nogil=True)
def _heads(start: NDArray, gain: NDArray, price: NDArray, spare: int, head: NDArray) -> None:
    """Count the pairs of each client above its price, half as many again, and some to spare."""
    for i in range(len(price)):
        k = start[i]
        while k < start[i + 1] and gain[k] > price[i]:
            k += 1
        above = k - start[i]
        head[i] = min(start[i + 1] - start[i], above + above // 2 + spare)


@njit(cache=True, nogil=True)
def _above(start: NDArray, gain: NDArray, price: NDArray) -> int:
    """Count the pairs of all clients above their prices."""
    count = 0
    for i in range(len(price)):
        row = gain[start[i] : start[i + 1]]
        count += len(row) - np.searchsorted(row[::-1], price[i], side="right")
    return count


@njit(cache=True, nogil=True)
def _lay_heads(
    start: NDArray,
    site: NDArray,
    gain: NDArray,
    near_start: NDArray,
    near_site: NDArray,
    near_gain: NDArray,
    floor: NDArray,
) -> None:
    """Copy the heads side by side; the floor is the gain of the first pair left out."""
    for i in range(len(floor)):
        k = start[i]
        for to in range(near_start[i], near_start[i + 1]):
            near_site[to], near_gain[to] = site[k], gain[k]
            k += 1
        floor[i] = gain[k] if k < start[i + 1] else -np.inf


class Offers:
    """Add up offers at many prices of the same clients.

    Attributes
    ----------
    is_stale
        Whether many clients were below their floor: `gather` again.
    """

    def __init__(self, gains: Gains, columns: Columns | None = None) -> None:
        self._columns = columns
        whole = gains.start, gains.site, gains.gain
        self._rows = _Rows(*whole, np.full(gains.clients, -np.inf), *whole)
        self._sites = gains.sites
        self.is_stale = len(gains.gain) >= _MANY_PAIRS

    def gather(self, price: NDArray[np.float64]) -> None:
        """Lay the heads of rows side by side that matter at about these prices."""
        rows = self._rows
        head = np.empty(len(price), np.int64)
        _heads(rows.start, rows.gain, price, _SPARE, head)
        start = np.zeros(len(price) + 1, np.int64)
        np.cumsum(head, out=start[1:])
        if _SHORT_HEADS * start[-1] > len(rows.gain):
            whole = rows.start, rows.site, rows.gain
            self._rows = _Rows(*whole, np.full(len(price), -np.inf), *whole)
            self.is_stale = False
            return
        site, gain = np.empty(start[-1], np.int32), np.empty(start[-1])
        floor = np.empty(len(price))
        _lay_heads(rows.start, rows.site, rows.gain, start, site, gain, floor)
        for column in (start, site, gain):
            column.flags.writeable = False  # as in whole rows: kernels are compiled for one kind
        self._rows = rows._replace(near_start=start, near_site=site, near_gain=gain, floor=floor)
        self.is_stale = False

    def above(self, price: NDArray[np.float64]) -> int:
        """Count the pairs above these prices."""
        return int(_above(self._rows.start, self._rows.gain, price))

    def total(self, price: NDArray[np.float64]) -> NDArray[np.float64]:
        """Add up what each site offers clients above their price, shape (sites,)."""
        offered = np.zeros((2, self._sites))
        low = client_halves(
            len(price),
            lambda half, first, last: _total(self._rows, price, first, last, offered[half]),
        )
        self.is_stale |= sum(low) > _SHARE_LOW * len(price)
        return offered[0] + offered[1]

    def slopes(
        self, price: NDArray[np.float64], share: NDArray[np.float64], slope: NDArray[np.float64]
    ) -> None:
        """Work out the subgradient of the bound at these prices.

        Parameters
        ----------
        share
            How far the bound opens each site there, shape (sites,).
        slope
            Where to put it, shape (clients,).
        """
        opened = np.flatnonzero(share)
        if (columns := self._columns) is not None:
            pairs = int((columns.begin[opened + 1] - columns.begin[opened]).sum())
            if _OPEN_SITES_PAY * pairs <= len(self._rows.near_gain):
                client_halves(
                    len(price),
                    lambda _, first, last: _slopes_by_site(
                        columns, opened, price, share, first, last, slope
                    ),
                )
                return
        client_halves(
            len(price),
            lambda _, first, last: _slopes(self._rows, price, share, first, last, slope),
        )


def client_halves(clients: int, work: Callable[[int, int, int], Any]) -> tuple[Any, Any]:
    """Work on both halves of the clients, at once if they are many."""
    return by_halves(clients, work, at_once=clients >= _MANY_CLIENTS)
