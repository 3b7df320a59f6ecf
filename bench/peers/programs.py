"""One instance as a mixed-integer program, in two ways; any solver of such programs takes both.

`pairs` is the textbook's: one share for each client and site, none where the site is closed.
`steps` has the same linear bound and one column for each distance, not for each site: for each
client a chain says that it is not yet served within its first, second, ... distance. For plain
covering that is one column and row a client.

**Source.** Elloumi (2010), A tighter formulation of the p-median problem, doi
10.1007/s10878-008-9162-0; the strongest plain one in Duran-Mateluna, Ales and Elloumi (2023), doi
10.1016/j.ejor.2022.11.033.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.rows import Instance


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plain:
    """Minimise the columns' costs; the first columns are the sites, 0 or 1, the last is 1.

    The last carries what is fixed, so that a solver's relative gap is of what is shown. The others
    lie between 0 and 1, and are whole by themselves once the sites are. Entries are sorted by row.
    For covering, costs are gains below 0.

    Attributes
    ----------
    cost
        Of each column, shape (columns,).
    row, column, entry
        Shape (entries,).
    lower, upper
        Of each row's sum, shape (rows,); infinite where there is none.
    """

    cost: NDArray[np.float64]
    sites: int
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    entry: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]

    @property
    def start(self) -> NDArray[np.int64]:
        """Where each row's entries begin, shape (rows + 1,)."""
        return np.searchsorted(self.row, np.arange(len(self.lower) + 1))

    @property
    def least(self) -> NDArray[np.float64]:
        """The least of each column, shape (columns,); the most is 1."""
        least = np.zeros(len(self.cost))
        least[-1] = 1.0
        return least


def pairs(instance: Instance) -> Plain:
    """State the textbook program: shares of clients, and x <= y for each."""
    gains = instance.gains
    n, m, count = gains.clients, gains.sites, len(gains.gain)
    pair = np.arange(count)
    link = n + pair
    return _plain(
        instance,
        cost=np.concatenate([instance.cost, -gains.gain]),
        fixed=instance.escape,
        row=[gains.client, np.repeat(link, 2)],
        column=[m + pair, np.column_stack([m + pair, gains.site]).ravel()],
        entry=[np.ones(count), np.tile([1.0, -1.0], count)],
        lower=np.full(n + count, -np.inf),
        upper=np.concatenate([np.ones(n), np.zeros(count)]),
    )


def steps(instance: Instance) -> Plain:
    """State the chained program: z_k >= z_(k-1) - sum of sites at the client's k-th distance."""
    gains = instance.gains
    m, client, gain = gains.sites, gains.client, gains.gain
    begins = np.ones(len(gain), bool)
    begins[1:] = (gain[1:] != gain[:-1]) | (client[1:] != client[:-1])
    first = np.flatnonzero(begins)
    step = np.cumsum(begins) - 1
    of = client[first]
    follows = np.append(of[1:] == of[:-1], False)
    after = np.where(follows, np.append(gain[first][1:], 0.0), 0.0)
    continues = np.insert(follows[:-1], 0, False)
    count = len(first)
    z, row = m + np.arange(count), np.arange(count)
    return _plain(
        instance,
        cost=np.concatenate([instance.cost, gain[first] - after]),
        fixed=instance.escape - float(gains.top.sum()),
        row=[row, row[continues], step],
        column=[z, z[continues] - 1, gains.site],
        entry=[np.ones(count), -np.ones(int(continues.sum())), np.ones(len(gain))],
        lower=np.where(continues, 0.0, 1.0),
        upper=np.full(count, np.inf),
    )


def _plain(
    instance: Instance,
    *,
    row: list[NDArray],
    column: list[NDArray],
    entry: list[NDArray],
    lower: NDArray,
    upper: NDArray,
    cost: NDArray,
    fixed: float,
) -> Plain:
    """Add the row that counts the sites, and sort the entries by row."""
    m = instance.gains.sites
    if instance.p is not None:
        row.append(np.full(m, len(lower)))
        column.append(np.arange(m))
        entry.append(np.ones(m))
        lower, upper = np.append(lower, instance.p), np.append(upper, instance.p)
    rows, columns, entries = np.concatenate(row), np.concatenate(column), np.concatenate(entry)
    order = np.argsort(rows, kind="stable")
    return Plain(
        cost=np.append(cost, fixed),
        sites=m,
        row=rows[order],
        column=columns[order],
        entry=entries[order],
        lower=lower,
        upper=upper,
    )
