"""A certificate: how good a choice of sites is, in a small file that anyone can check.

It holds the open sites, a price for each client, a toll on the budget, and the hash of the instance
they belong to. `check` needs nothing of the engine that found them: the worth is added up, and the
bound follows from prices and toll alone. The proof is in docs/mathematics/sites.md.
"""

import hashlib
import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ainalym.errors import Issue, refuse
from ainalym.solve.sites_gains import Gains
from ainalym.solve.sites_limits import Limits

KIND = "ainalym siting certificate 1"
EPSILON = 2.0**-52
BLOCK = 65_536
"""Clients that are looked at together."""

MEND = "ask whoever made it for a new one"

COLUMNS = {
    "start": "<i8",
    "site": "<i4",
    "gain": "<f8",
    "cost": "<f8",
    "spend": "<f8",
    "forced": "|u1",
    "forbidden": "|u1",
    "limits": "<f8",
}
"""Of an instance's file, and how their numbers are kept."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Instance:
    """A siting problem as it was handed to `choose`.

    Attributes
    ----------
    gains
        What each client gains at each site.
    cost
        Of each site, shape (sites,).
    limits
        Which sets of sites are allowed.
    """

    gains: Gains
    cost: NDArray[np.float64]
    limits: Limits

    @property
    def digest(self) -> str:
        """SHA-256 over all numbers in a fixed order and form, hexadecimal."""
        hashed = hashlib.sha256(KIND.encode())
        for name, column in self.columns().items():
            hashed.update(f"{name} {column.dtype.str} {column.shape}".encode())
            hashed.update(np.ascontiguousarray(column).data)
        return hashed.hexdigest()

    def columns(self) -> dict[str, NDArray[Any]]:
        """All numbers by name, little-endian."""
        gains, limits = self.gains, self.limits
        bounds = np.array([limits.least, limits.most, limits.budget])
        kept = (
            *(gains.start, gains.site, gains.gain, self.cost, limits.spend),
            *(limits.forced, limits.forbidden, bounds),
        )
        return {
            name: np.asarray(column, kind)
            for (name, kind), column in zip(COLUMNS.items(), kept, strict=True)
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Certificate:
    """What is claimed of an instance, and what proves it.

    Attributes
    ----------
    digest
        Of the instance.
    open
        Rows of the open sites.
    price
        Of each client, 0 or more, shape (clients,); kept in single precision.
    toll
        Price of one unit of the budget, 0 or more.
    worth, bound
        What is claimed.
    """

    digest: str
    open: tuple[int, ...]
    price: NDArray[np.float32]
    toll: float
    worth: float
    bound: float


class Proven(NamedTuple):
    """The choice is worth at least `worth`, and no allowed one more than `bound`."""

    worth: float
    bound: float


def prove(instance: Instance, open: NDArray[np.bool_], price: NDArray, toll: float) -> Proven:
    """Recompute worth and bound in one pass over the pairs, rounded outwards.

    Parameters
    ----------
    open
        Which sites are open, shape (sites,).
    price, toll
        Of each client, shape (clients,), and of one unit of the budget; 0 or more.
    """
    gains, limits = instance.gains, instance.limits
    best, offered, many = np.zeros(gains.clients), np.zeros(gains.sites), np.zeros(gains.sites)
    for first in range(0, gains.clients, BLOCK):  # copies of all pairs would not fit into memory
        last = min(first + BLOCK, gains.clients)
        start = gains.start[first : last + 1]
        site, gain = gains.site[start[0] : start[-1]], gains.gain[start[0] : start[-1]]
        client = np.repeat(np.arange(last - first), np.diff(start))
        np.maximum.at(best[first:last], client, np.where(open[site], gain, 0.0))
        above = np.maximum(gain - np.asarray(price[first:last], float)[client], 0.0)
        offered += np.bincount(site, above, minlength=gains.sites)
        many += np.bincount(site, minlength=gains.sites)
    worth = math.fsum([*best.tolist(), *(-instance.cost[open]).tolist()])

    # However a sum is made, its error is at most its number of summands times this.
    offered *= 1.0 + EPSILON * (many + 2.0)
    charge = toll * limits.spend
    size = offered + np.abs(instance.cost) + charge
    score = offered - instance.cost - charge + 4.0 * EPSILON * size
    free = np.sort(score[~(limits.forced | limits.forbidden)])[::-1]
    count = int(limits.forced.sum())
    least, most = max(0, limits.least - count), max(0, limits.most - count)
    chosen = np.concatenate([free[:least], np.maximum(free[least:most], 0.0)])
    terms = [*price.tolist(), *score[limits.forced].tolist(), *chosen.tolist()]
    if toll > 0.0:
        terms.append(math.nextafter(toll * limits.room, math.inf))
    bound = math.fsum(terms)
    return Proven(math.nextafter(worth, -math.inf), math.nextafter(bound, math.inf))


def certify(
    instance: Instance, open: NDArray[np.bool_], price: NDArray, toll: float
) -> Certificate:
    """Make the certificate of a choice, claiming what its prices prove and no more.

    Parameters
    ----------
    open, price, toll
        As for `prove`.
    """
    short = np.nextafter(np.asarray(price, np.float32), np.float32(0.0))
    proven = prove(instance, open, short, toll)
    return Certificate(
        digest=instance.digest,
        open=tuple(np.flatnonzero(open).tolist()),
        price=short,
        toll=toll,
        worth=proven.worth,
        bound=proven.bound,
    )


def check(instance: Instance, certificate: Certificate) -> Proven:
    """Recompute what a certificate claims.

    Raises
    ------
    InputError
        It belongs to another instance, is damaged, breaks the limits, or claims more than it
        proves.
    """
    refuse(_faults(instance, certificate))
    is_open = np.zeros(instance.gains.sites, bool)
    is_open[list(certificate.open)] = True
    proven = prove(instance, is_open, certificate.price, certificate.toll)
    found = []
    slack = 1e-12 * max(abs(proven.worth), abs(proven.bound))
    if not certificate.worth <= proven.worth + slack:
        fault = f"claims {certificate.worth:,.6f}, but the open sites are worth {proven.worth:,.6f}"
        found.append(Issue("worth", fault, MEND))
    if not certificate.bound >= proven.bound - slack:
        fault = f"claims {certificate.bound:,.6f}, but the prices prove {proven.bound:,.6f}"
        found.append(Issue("bound", fault, MEND))
    refuse(found)
    return proven


def _faults(instance: Instance, certificate: Certificate) -> list[Issue]:
    gains, limits, rows = instance.gains, instance.limits, certificate.open
    if certificate.digest != instance.digest:
        fault = f"is of instance {certificate.digest[:12]}, not of this one, {instance.digest[:12]}"
        return [Issue("certificate", fault, "give the instance it was made for")]
    found = []
    if len(set(rows)) != len(rows) or any(not 0 <= row < gains.sites for row in rows):
        found.append(Issue("open", f"are not different sites of {gains.sites}", MEND))
    else:
        is_open = np.zeros(gains.sites, bool)
        is_open[list(rows)] = True
        if not limits.allow(is_open):
            found.append(Issue("open", "breaks the limits of the instance", MEND))
    price = certificate.price
    if price.shape != (gains.clients,):
        found.append(Issue("price", f"has shape {price.shape}, not ({gains.clients},)", MEND))
    if not (np.isfinite(price) & (price >= 0.0)).all():
        found.append(Issue("price", "is below 0 or not a number somewhere", MEND))
    if not (math.isfinite(certificate.toll) and certificate.toll >= 0.0):
        found.append(Issue("toll", f"is {certificate.toll}", MEND))
    return found
