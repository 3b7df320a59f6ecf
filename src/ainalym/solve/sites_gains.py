"""What clients gain from sites, as sparse rows, and what a set of open sites is worth."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from ainalym.errors import Issue, refuse
from ainalym.solve.sites_rows import is_sound, laid_by_client, tidy

_SHOWN = 20
"""Faults of one kind that are listed one by one; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gains:
    """Hold what each client gains from each site that is worth anything to it, best first.

    A pair that is not held gains nothing. Columns are read-only.

    Attributes
    ----------
    start
        Where each client's row begins, shape (clients + 1,).
    site
        Site of each pair, shape (pairs,), 0 to sites - 1, no site twice in a row.
    gain
        Gain of each pair, shape (pairs,), above 0, falling within a row.
    sites
        How many sites there are, with or without pairs.

    Raises
    ------
    InputError
        The columns are not such rows.
    """

    start: NDArray[np.int64]
    site: NDArray[np.int32]
    gain: NDArray[np.float64]
    sites: int

    def __post_init__(self) -> None:
        for name, dtype in (("start", np.int64), ("site", np.int32), ("gain", np.float64)):
            column = np.ascontiguousarray(getattr(self, name), dtype).view()
            column.flags.writeable = False
            object.__setattr__(self, name, column)
        refuse(self._faults())

    @staticmethod
    def of(
        client: ArrayLike, site: ArrayLike, gain: ArrayLike, *, clients: int, sites: int
    ) -> "Gains":
        """Build rows from pairs in any order.

        Pairs that gain nothing (0 or less) are dropped; of a pair given twice, the larger gain
        is kept.

        Parameters
        ----------
        client, site
            Whose gain from which site, shape (pairs,), whole numbers from 0.
        gain
            How much, shape (pairs,), finite.
        clients, sites
            How many there are, 0 or more.

        Raises
        ------
        InputError
            Lengths differ, a client or site does not exist, or a gain is not finite; every
            fault is listed (of one kind the first twenty, then their number).
        """
        client, site, gain = np.asarray(client), np.asarray(site), np.asarray(gain, float)
        refuse(_pair_faults(client, site, gain, clients, sites))
        client, site = client.astype(np.int64, copy=False), site.astype(np.int32, copy=False)
        start, near, more = laid_by_client(client, site, gain, clients)
        return Gains._tidied(start, near, more, sites)

    @staticmethod
    def rows(blocks: Iterable[tuple[ArrayLike, ArrayLike]], *, clients: int, sites: int) -> "Gains":
        """Build rows from tables of the next clients and their sites, one after another.

        Nothing is held besides the rows themselves, so that a source of millions of clients can
        be read piece by piece. Pairs that gain nothing (0 or less) are dropped.

        Parameters
        ----------
        blocks
            Site and gain of each pair of some more clients, both of shape (some, k); k may differ
            from block to block, and rows need not be sorted.
        clients, sites
            How many there are, 0 or more.

        Raises
        ------
        InputError
            The tables of a block differ in shape, a site does not exist, a gain is not finite, or
            the blocks together hold another number of clients.
        """
        start = np.zeros(clients + 1, np.int64)
        near, more = np.empty(0, np.int32), np.empty(0)
        row = count = 0
        for number, (table, gain) in enumerate(blocks):
            at, brings = np.asarray(table), np.asarray(gain, float)
            refuse(_block_faults(at, brings, sites, number))
            lines = np.arange(len(at) + 1) * at.shape[1]
            at, brings = at.astype(np.int32).ravel(), brings.flatten()
            begins = tidy(lines, at, brings, sites)
            after = row + len(lines) - 1
            if after > clients:
                refuse([_number_fault(f"{after} or more", clients)])
            start[row + 1 : after + 1] = count + begins[1:]
            if (wanted := count + begins[-1]) > len(near):
                # Pages that are never written to are never taken: better too long than copied.
                likely = int(wanted) * max(1, clients - row) // max(1, after - row)
                near, more = (_longer(column, count + likely) for column in (near, more))
            near[count:wanted], more[count:wanted] = at[: begins[-1]], brings[: begins[-1]]
            row, count = after, wanted
        if row < clients:
            refuse([_number_fault(str(row), clients)])
        return Gains(start=start, site=near[:count], gain=more[:count], sites=sites)

    @staticmethod
    def _tidied(
        start: NDArray[np.int64], site: NDArray[np.int32], gain: NDArray[np.float64], sites: int
    ) -> "Gains":
        """Keep rows laid out for this, which are sorted in place."""
        begins = tidy(start, site, gain, sites)
        return Gains(start=begins, site=site[: begins[-1]], gain=gain[: begins[-1]], sites=sites)

    @property
    def clients(self) -> int:
        """How many clients there are, with or without pairs."""
        return len(self.start) - 1

    @property
    def client(self) -> NDArray[np.int64]:
        """Client of each pair, shape (pairs,)."""
        return np.repeat(np.arange(self.clients), np.diff(self.start))

    @property
    def top(self) -> NDArray[np.float64]:
        """The best each client could have, shape (clients,)."""
        best = np.zeros(self.clients)
        some = np.diff(self.start) > 0
        best[some] = self.gain[self.start[:-1][some]]
        return best

    def _faults(self) -> list[Issue]:
        start, site, gain = self.start, self.site, self.gain
        if start.ndim != 1 or len(start) == 0 or start[0] != 0 or (np.diff(start) < 0).any():
            return [Issue("start", "is not a rising column from 0", "build with Gains.of")]
        if not len(site) == len(gain) == start[-1]:
            fault = f"holds {start[-1]} pairs, site {len(site)} and gain {len(gain)}"
            return [Issue("start", fault, "give one site and one gain for each pair")]
        if is_sound(start, site, gain, self.sites):
            return []
        found = _listed("site", site, (site < 0) | (site >= self.sites), _site_mend(self.sites))
        wrong = ~(np.isfinite(gain) & (gain > 0))
        found += _listed("gain", gain, wrong, "give a finite number above 0")
        rises = np.zeros(len(gain), bool)
        rises[1:] = gain[1:] > gain[:-1]
        rises[start[:-1][np.diff(start) > 0]] = False
        return found + _listed("gain", gain, rises, "sort each row by falling gain: Gains.of does")


def _site_mend(sites: int) -> str:
    return f"sites are numbered 0 to {sites - 1}" if sites else "there are no sites"


def _listed(name: str, values: NDArray, wrong: NDArray[np.bool_], mend: str) -> list[Issue]:
    rows = np.flatnonzero(wrong)
    found = [Issue(f"{name} row {row}", f"is {values[row]}", mend) for row in rows[:_SHOWN]]
    if len(rows) > _SHOWN:
        found.append(Issue(name, f"has {len(rows) - _SHOWN} more such rows", mend))
    return found


def _longer(column: NDArray, length: int) -> NDArray:
    longer = np.empty(length, column.dtype)
    longer[: len(column)] = column
    return longer


def _number_fault(found: str, clients: int) -> Issue:
    return Issue("blocks", f"hold {found} clients", f"give {clients} together")


def _block_faults(site: NDArray, gain: NDArray, sites: int, block: int) -> list[Issue]:
    if site.ndim != 2 or site.shape != gain.shape:
        fault = f"has sites of shape {site.shape} and gains of shape {gain.shape}"
        mend = "give two tables, one row for each client"
        return [Issue(f"block {block}", fault, mend)]
    row = np.repeat(np.arange(len(site)), site.shape[1])
    found = _pair_faults(row, site.ravel(), gain.ravel(), len(site), sites)
    return [Issue(f"block {block}, {issue.where}", issue.fault, issue.mend) for issue in found]


def _pair_faults(
    client: NDArray, site: NDArray, gain: NDArray, clients: int, sites: int
) -> list[Issue]:
    found = [
        Issue(name, f"is {count}", "give 0 or more")
        for name, count in (("clients", clients), ("sites", sites))
        if count < 0
    ]
    if found or not client.shape == site.shape == gain.shape or client.ndim != 1:
        if client.shape != site.shape or site.shape != gain.shape or client.ndim != 1:
            fault = f"client, site and gain have shapes {client.shape}, {site.shape}, {gain.shape}"
            found.append(Issue("pairs", fault, "give three columns of one length"))
        return found
    for name, ids, count in (("client", client, clients), ("site", site, sites)):
        if len(ids) and not np.issubdtype(ids.dtype, np.integer):
            found.append(Issue(name, f"holds {ids.dtype}", "give whole numbers"))
        else:
            mend = f"{name}s are numbered 0 to {count - 1}" if count else f"there are no {name}s"
            found += _listed(name, ids, (ids < 0) | (ids >= count), mend)
    return found + _listed("gain", gain, ~np.isfinite(gain), "give a finite number")


@njit(cache=True)
def best_pairs(start: NDArray, site: NDArray, is_open: NDArray) -> NDArray:
    """Find the pair of each client with the best open site, -1 where no open site helps."""
    n = len(start) - 1
    pair = np.full(n, -1, np.int64)
    for i in range(n):
        for k in range(start[i], start[i + 1]):
            if is_open[site[k]]:
                pair[i] = k
                break
    return pair
