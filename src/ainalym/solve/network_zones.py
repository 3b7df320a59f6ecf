"""What zones make of prices at stations: the inner problem of the staged network, in closed form.

For each profile (a commodity in a year) every zone brings its tonnes where that is cheapest, or
leaves them to the landfill. At station j a tonne costs the zone `cost[z, j] - price[j]`, and a zone
may bring no larger share of its tonnes there than the station is open.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ainalym.solve.halves import by_halves

_MANY_LOOKS = 100_000
"""Pairs of zones and stations, over all profiles, from which a second thread is worth its call."""


class Zoned(NamedTuple):
    """What all zones do, by profile.

    Attributes
    ----------
    least
        What it costs at these prices, shape (profiles,).
    load_t
        Tonnes brought to each station, shape (profiles, stations).
    fixed, slope
        A cut: with loads w and openings a the cost without prices is at least
        `fixed + price @ w - slope @ a`; shapes (profiles,) and (profiles, stations).
    """

    least: NDArray[np.float64]
    load_t: NDArray[np.float64]
    fixed: NDArray[np.float64]
    slope: NDArray[np.float64]


def ask_zones(
    cost: NDArray[np.float64],
    supply_t: NDArray[np.float64],
    landfill: NDArray[np.float64],
    price: NDArray[np.float64],
    is_open: NDArray[np.float64],
    *,
    is_cut: bool = False,
) -> Zoned:
    """Ask every zone where it would bring its tonnes at these prices.

    Parameters
    ----------
    cost
        Of bringing one tonne, shape (zones, stations); infinite where that is not possible.
    supply_t
        Tonnes by profile, shape (profiles, zones).
    landfill
        What a tonne costs that is not brought, shape (profiles,).
    price
        What a station pays for a tonne, shape (profiles, stations).
    is_open
        How far each station is open, 0 to 1, shape (profiles, stations).
    is_cut
        Whether `fixed` and `slope` are wanted.
    """
    profiles, stations = price.shape
    told = Zoned(
        np.zeros(profiles), np.zeros(price.shape), np.zeros(profiles), np.zeros(price.shape)
    )
    asked = cost, supply_t, landfill, price, is_open, is_cut
    by_halves(
        profiles,
        lambda _, first, last: _ask(*asked, first, last, *told),
        at_once=supply_t.size * stations >= _MANY_LOOKS,
    )
    return told


def in_turn(cost: NDArray[np.float64]) -> NDArray[np.int64]:
    """Order zones so that neighbours like stations in nearly the same order.

    `ask_zones` is quick where the last zone's order of stations nearly holds for the next.
    """
    return np.lexsort(np.argsort(cost, axis=1, kind="stable").T[::-1])


def choices(
    cost: NDArray[np.float64],
    landfill: float,
    price: NDArray[np.float64],
    is_open: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """The station where each zone brings one commodity in one year; -1 for the landfill.

    Parameters
    ----------
    cost, landfill, price, is_open
        As for `ask_zones`, of one profile.
    """
    net = np.where(is_open, cost - price, np.inf)
    best = np.argmin(net, axis=1)
    return np.where(net[np.arange(len(net)), best] < landfill, best, -1)


@njit(cache=True, nogil=True)
def _ask(
    cost, supply_t, landfill, price, is_open, is_cut, first, last, least, load_t, fixed, slope
):  # pragma: no cover - compiled
    zones, stations = cost.shape
    for p in range(first, last):
        order = np.flatnonzero(is_open[p] > 0.0)  # the best first; begun where the last zone ended
        many = len(order)
        net, opened, paid_at = np.empty(many), is_open[p], price[p]
        brought, spared = np.zeros(stations), np.zeros(stations)
        dump = landfill[p]
        all_paid, all_fixed = 0.0, 0.0
        for z in range(zones):
            tonnes = supply_t[p, z]
            if tonnes <= 0.0:
                continue
            for h in range(many):
                j = order[h]
                now = cost[z, j] - paid_at[j]
                at = h
                # Of equals the first station, as in `choices`: patterns are read again with it.
                while at > 0 and (net[at - 1] > now or (net[at - 1] == now and order[at - 1] > j)):
                    net[at], order[at] = net[at - 1], order[at - 1]
                    at -= 1
                net[at], order[at] = now, j
            left, paid, margin = 1.0, 0.0, dump
            for h in range(many):
                if net[h] >= dump:
                    break
                share = min(left, opened[order[h]])
                left -= share
                paid += share * net[h]
                brought[order[h]] += tonnes * share
                if left <= 1e-12:
                    margin = net[h]
                    break
            if left > 1e-12:
                paid += left * dump
            all_paid += tonnes * paid
            if is_cut:
                all_fixed += tonnes * margin
                for j in range(stations):
                    spared[j] += tonnes * max(0.0, margin - cost[z, j] + paid_at[j])
        least[p], fixed[p] = all_paid, all_fixed
        load_t[p], slope[p] = brought, spared
