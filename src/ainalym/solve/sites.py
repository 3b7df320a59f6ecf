"""Choosing sites for gains: p-median, facility location and covering are one problem.

    maximise  sum_i max(0, best gain of client i from an open site) - sum of costs of open sites

with exactly p sites, at most p, a budget, or none of these. The whole of the mathematics is in
docs/mathematics/sites.md.
"""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ainalym.answer import Answer, Sense, Status
from ainalym.errors import Issue, law, refuse
from ainalym.solve.certificate import Instance
from ainalym.solve.sites_bound import Descent, prove
from ainalym.solve.sites_clash import limit_clashes, unreached
from ainalym.solve.sites_coarse import coarsen, lift
from ainalym.solve.sites_columns import by_site
from ainalym.solve.sites_core import core
from ainalym.solve.sites_gains import Gains, best_pairs
from ainalym.solve.sites_hunt import Found, Hunt, is_closed
from ainalym.solve.sites_layers import layers
from ainalym.solve.sites_limits import Limits
from ainalym.solve.sites_offers import Offers
from ainalym.solve.sites_rest import rest

__all__ = [
    "Choice",
    "Gains",
    "best_site",
    "bound",
    "choose",
    "clashes",
    "instance",
    "unreached",
    "worth",
]

_FEW, _WIDE = 8, 40  # clients and sites of problems on which kernels are compiled


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """Which sites to open, and the prices on clients that prove how good that is.

    Where a search of the undecided sites had to close the last gap, the bound of the answer is
    lower than what the prices alone prove.

    Attributes
    ----------
    open
        Shape (sites,).
    price
        Shape (clients,), 0 or more: hand it to `bound` to check the proof, or to `choose` for a
        similar problem.
    toll
        Price of one unit of the budget, 0 or more.
    """

    open: NDArray[np.bool_]
    price: NDArray[np.float64]
    toll: float


def worth(gains: Gains, cost: ArrayLike, open: ArrayLike) -> float:
    """Recompute what a set of open sites is worth: what clients gain less what sites cost.

    Parameters
    ----------
    cost
        Of each site, shape (sites,).
    open
        Which sites are open, shape (sites,).

    Raises
    ------
    InputError
        A shape is wrong or a cost is not finite.
    """
    cost, is_open = np.asarray(cost, float), np.asarray(open, bool)
    refuse(
        [*_column_faults("cost", cost, gains.sites), *_shape_faults("open", is_open, gains.sites)]
    )
    pair = best_pairs(gains.start, gains.site, is_open)
    return math.fsum(gains.gain[pair[pair >= 0]]) - math.fsum(cost[is_open])


def best_site(gains: Gains, open: ArrayLike) -> NDArray[np.int32]:
    """Find each client's best open site, -1 where no open site gains anything.

    Parameters
    ----------
    open
        Which sites are open, shape (sites,).

    Returns
    -------
    Sites, shape (clients,); of equally good ones, the one held first.
    """
    is_open = np.asarray(open, bool)
    refuse(_shape_faults("open", is_open, gains.sites))
    pair = best_pairs(gains.start, gains.site, is_open)
    site = np.full(gains.clients, -1, np.int32)
    site[pair >= 0] = gains.site[pair[pair >= 0]]
    return site


def bound(
    gains: Gains,
    cost: ArrayLike,
    price: ArrayLike,
    *,
    p: int | None = None,
    at_most: bool = False,
    spend: ArrayLike | None = None,
    budget: float = math.inf,
    forced: ArrayLike | None = None,
    forbidden: ArrayLike | None = None,
) -> float:
    """Compute what no allowed set of sites can exceed; true for any prices of 0 or more.

    The sum is rounded outwards. Where no set is allowed at all, it is minus infinity.

    Parameters
    ----------
    price
        Of each client, shape (clients,): what it must be offered before a site counts it.
    cost, p, at_most, spend, budget, forced, forbidden
        As for `choose`.

    Raises
    ------
    InputError
        A shape or number cannot be used; every fault is listed.
    """
    price, cost = np.asarray(price, float), np.asarray(cost, float)
    found = _column_faults("price", price, gains.clients, least=0.0)
    limits = _limits(gains, cost, p, at_most, spend, budget, forced, forbidden, found)
    if not limits.can_hold():
        return -math.inf
    return prove(gains, cost, price, limits).bound


def instance(
    gains: Gains,
    cost: ArrayLike,
    *,
    p: int | None = None,
    at_most: bool = False,
    spend: ArrayLike | None = None,
    budget: float = math.inf,
    forced: ArrayLike | None = None,
    forbidden: ArrayLike | None = None,
) -> Instance:
    """State a problem by itself, to be kept and certified.

    Parameters
    ----------
    cost, p, at_most, spend, budget, forced, forbidden
        As for `choose`.

    Raises
    ------
    InputError
        A shape or number cannot be used; every fault is listed.
    """
    cost = np.asarray(cost, float)
    limits = _limits(gains, cost, p, at_most, spend, budget, forced, forbidden, [])
    return Instance(gains=gains, cost=cost, limits=limits)


def clashes(
    gains: Gains,
    cost: ArrayLike,
    *,
    p: int | None = None,
    at_most: bool = False,
    spend: ArrayLike | None = None,
    budget: float = math.inf,
    forced: ArrayLike | None = None,
    forbidden: ArrayLike | None = None,
) -> list[Issue]:
    """Say in words which limits leave no set of sites to open, or none but the empty one.

    Where `choose` finds a problem INFEASIBLE, this says why; where it opens nothing because
    nothing can be paid for, that too.

    Parameters
    ----------
    cost, p, at_most, spend, budget, forced, forbidden
        As for `choose`.

    Returns
    -------
    One for each clash, with a remedy; empty where some site can be opened, or may be left closed.

    Raises
    ------
    InputError
        A shape or number cannot be used; every fault is listed.
    """
    cost = np.asarray(cost, float)
    return limit_clashes(_limits(gains, cost, p, at_most, spend, budget, forced, forbidden, []))


def choose(
    gains: Gains,
    cost: ArrayLike,
    *,
    p: int | None = None,
    at_most: bool = False,
    spend: ArrayLike | None = None,
    budget: float = math.inf,
    forced: ArrayLike | None = None,
    forbidden: ArrayLike | None = None,
    start: ArrayLike | None = None,
    price: ArrayLike | None = None,
    seconds: float = 10.0,
    gap_allowed: float = 1e-4,
    seed: int = 0,
    progress: Callable[[float, float, float], None] | None = None,
) -> Answer[Choice]:
    """Choose the sites that are worth most, and say how far from the best they can be.

    A client takes its best open site and gains nothing where none helps. The search ends at the
    allowed gap, at the time limit, or when thousands of attempts found nothing better. The same
    seed gives the same answer unless the time limit or the keyboard ended the search; either
    gives the best set so far. The first call on a machine also compiles for some seconds.

    Parameters
    ----------
    cost
        Of each site, in the unit of the gains, shape (sites,), finite; below 0 it is an income.
    p, at_most
        How many sites are open, exactly or at most; None for any number.
    spend, budget
        What each site takes of the budget, shape (sites,), 0 or more; and the budget.
    forced, forbidden
        Sites that must be open, and closed, shape (sites,).
    start
        A good set to begin from, shape (sites,); changed as little as needed where not allowed.
    price
        Prices of an earlier, similar answer, shape (clients,).
    seconds
        Time limit, above 0.
    gap_allowed
        Relative gap at which a set counts as optimal, 0 or more.
    progress
        Called now and then with seconds so far, worth and bound.

    Returns
    -------
    The choice with its worth and bound; INFEASIBLE where the limits allow no set: `clashes` says
    why.

    Raises
    ------
    InputError
        A shape or number cannot be used; every fault is listed.
    """
    _compile()
    began = time.perf_counter()
    cost = np.asarray(cost, float)
    found = [] if seconds > 0 else [Issue("seconds", f"is {seconds}", "give more than 0")]
    if not gap_allowed >= 0:
        found.append(Issue("gap_allowed", f"is {gap_allowed}", "give 0 or more"))
    if price is not None:
        found += _column_faults("price", np.asarray(price, float), gains.clients, least=0.0)
    if start is not None:
        found += _shape_faults("start", np.asarray(start), gains.sites)
    limits = _limits(gains, cost, p, at_most, spend, budget, forced, forbidden, found)
    if not limits.can_hold():
        return Answer(
            status=Status.INFEASIBLE,
            value=None,
            objective=math.nan,
            bound=-math.inf,
            sense=Sense.MAX,
            gap_allowed=gap_allowed,
        )
    hunt = Hunt(gains, cost, limits, began=began, seconds=seconds, gap_allowed=gap_allowed)
    found_best = hunt.run(start, price, np.random.default_rng(seed), progress)
    return _claim(Instance(gains=gains, cost=cost, limits=limits), found_best, gap_allowed)


def _claim(instance: Instance, found: Found, gap_allowed: float) -> Answer[Choice]:
    """Recompute all that is claimed from the clients as they were given."""
    gains, cost, limits = instance.gains, instance.cost, instance.limits
    law(limits.allow(found.is_open), said="the chosen sites keep the limits")
    objective = worth(gains, cost, found.is_open)
    proof = prove(gains, cost, found.price, limits)
    proved = min(proof.bound, max(found.proved, objective))
    return Answer(
        status=Status.OPTIMAL if is_closed(objective, proved, gap_allowed) else Status.FEASIBLE,
        value=Choice(open=found.is_open, price=found.price, toll=proof.pick.toll),
        objective=objective,
        bound=proved,
        sense=Sense.MAX,
        gap_allowed=gap_allowed,
    )


@cache
def _compile() -> None:
    """Compile the kernels before any clock runs: some seconds, once on each machine."""
    many = np.arange(2 * _FEW) // 2
    gain = np.where(np.arange(2 * _FEW) % 2, 1.0, 2.0)
    gains = Gains.of(many, np.arange(2 * _FEW) % 2, gain, clients=_FEW, sites=2)
    cost, no_site = np.ones(2), np.zeros(2, bool)
    limits = Limits(least=0, most=2, spend=cost, budget=math.inf, forced=no_site, forbidden=no_site)
    hunt = Hunt(gains, cost, limits, began=time.perf_counter(), seconds=1.0, gap_allowed=0.0)
    hunt.run(None, None, np.random.default_rng(0), None)
    hunt.explore(times=1)
    descent = Descent(gains, cost, limits, np.zeros(_FEW), columns=by_site(gains))
    descent.lower(0.0, 1, lambda: True)
    held = replace(limits, forced=np.array([True, False]))
    proof = prove(gains, cost, gains.top, held)
    left = rest(gains, cost, gains.top, held, proof, proof.bound - 1.0)
    layers(left.rows, left.price, len(gains.gain))
    core(gains, cost, limits, np.arange(2), np.ones((1, 2), bool), 1)
    wide = np.arange(_WIDE)
    long = Gains.of(np.zeros(_WIDE, int), wide, 1.0 + wide, clients=1, sites=_WIDE)
    for gained, share in ((gains, np.ones(2)), (long, np.ones(_WIDE))):
        offers = Offers(gained)
        offers.gather(gained.top)
        offers.total(gained.top)
        offers.slopes(gained.top, share, np.empty(gained.clients))
        offers.above(gained.top)
    if coarse := coarsen(gains):
        lift(gains, coarse, no_site, np.zeros(coarse.gains.clients))
    worth(gains, cost, no_site)


def _limits(
    gains: Gains,
    cost: NDArray[np.float64],
    p: int | None,
    at_most: bool,
    spend: ArrayLike | None,
    budget: float,
    forced: ArrayLike | None,
    forbidden: ArrayLike | None,
    found: Iterable[Issue],
) -> Limits:
    """Check what limits the sites; `found` are faults seen elsewhere, to be told together."""
    m = gains.sites
    found = [*found, *_column_faults("cost", cost, m)]
    if p is not None and (p != int(p) or p < 0):
        found.append(Issue("p", f"is {p}", "give a whole number of 0 or more"))
    if at_most and p is None:
        found.append(Issue("at_most", "is set without p", "say how many sites p are allowed"))
    if math.isnan(budget):
        found.append(Issue("budget", "is nan", "give a number, or leave it out for no limit"))
    if budget < math.inf and spend is None:
        found.append(Issue("budget", "is given without spend", "say what each site takes of it"))
    takes = np.zeros(m) if spend is None else np.asarray(spend, float)
    found += _column_faults("spend", takes, m, least=0.0)
    must = np.zeros(m, bool) if forced is None else np.asarray(forced, bool)
    must_not = np.zeros(m, bool) if forbidden is None else np.asarray(forbidden, bool)
    wrong = [*_shape_faults("forced", must, m), *_shape_faults("forbidden", must_not, m)]
    found += wrong
    if not wrong:
        mend = "drop one of the two"
        both = np.flatnonzero(must & must_not)
        found += [Issue(f"site {j}", "is both forced and forbidden", mend) for j in both]
    refuse(found)
    return Limits(
        least=p if p is not None and not at_most else 0,
        most=m if p is None else p,
        spend=takes,
        budget=float(budget),
        forced=must,
        forbidden=must_not,
    )


def _shape_faults(name: str, column: NDArray, length: int) -> list[Issue]:
    if column.shape == (length,):
        return []
    return [Issue(name, f"has shape {column.shape}", f"give a column of {length}")]


def _column_faults(
    name: str, column: NDArray[np.float64], length: int, *, least: float = -math.inf
) -> list[Issue]:
    if wrong_shape := _shape_faults(name, column, length):
        return wrong_shape
    mend = "give a finite number" + (f" of {least:g} or more" if math.isfinite(least) else "")
    wrong = np.flatnonzero(~(np.isfinite(column) & (column >= least)))
    return [Issue(f"{name} row {row}", f"is {column[row]}", mend) for row in wrong]
