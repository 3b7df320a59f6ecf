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
from ainalym.solve.sites_bound import Descent, Proof, prove
from ainalym.solve.sites_finish import SURE, Finish, Rest, decided, finish, is_small, is_thin, rest
from ainalym.solve.sites_gains import Gains, best_pairs
from ainalym.solve.sites_limits import Limits
from ainalym.solve.sites_merge import merge
from ainalym.solve.sites_search import Search
from ainalym.solve.sites_tree import Tree

__all__ = ["Choice", "Gains", "best_site", "bound", "choose", "instance", "worth"]

_STEPS, _KICKS = 25, 15  # of the bound and of the search, in turns
_IDLE_BEFORE_FINISH = 500  # the same, before an integer program takes over
_IDLE_KICKS = 5_000  # without a better set, after which more are not worth the time
_FRESHEN = 500  # kicks after which sums are recomputed, against drift
_PAIRS_KICKED = 5_000_000  # pairs that a few kicks in each turn may cost a look at


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
    The choice with its worth and bound; INFEASIBLE where the limits allow no set.

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
    hunt = _Hunt(gains, cost, limits, began=began, seconds=seconds, gap_allowed=gap_allowed)
    return hunt.answer(start, price, np.random.default_rng(seed), progress)


class _Hunt:
    """One search for sites and for the proof that they are good, in turns."""

    def __init__(
        self,
        gains: Gains,
        cost: NDArray[np.float64],
        limits: Limits,
        *,
        began: float,
        seconds: float,
        gap_allowed: float,
    ) -> None:
        self._gains, self._cost, self._limits = gains, cost, limits
        self._began, self._end, self._gap_allowed = began, began + seconds, gap_allowed
        self._merged = merge(gains)
        self._narrow = limits
        self._proved = math.inf

    def has_time(self) -> bool:
        """Tell whether the time limit is still ahead."""
        return time.perf_counter() < self._end

    def answer(
        self,
        start: ArrayLike | None,
        price: ArrayLike | None,
        rng: np.random.Generator,
        progress: Callable[[float, float, float], None] | None,
    ) -> Answer[Choice]:
        """Hunt, and recompute all that is claimed from the clients as they were given."""
        limits, small = self._limits, self._merged.gains
        first = rng.random(small.sites)
        if start is None:
            first = limits.nearest(first, 0)
        else:
            given = np.asarray(start, bool)
            first = limits.nearest(given + 0.5 * first, int(given.sum()))
        self._search = Search(small, self._cost, limits, rng=rng, has_time=self.has_time)
        prices = np.zeros(small.clients)
        if price is not None:
            prices = self._merged.summed(np.asarray(price, float))
        self._descent = Descent(small, self._cost, limits, prices)
        self._progress = progress
        try:
            self._search.improve(first)
            if price is None:
                self._descent = Descent(small, self._cost, limits, self._search.middle)
            self._run()
        except KeyboardInterrupt:
            pass  # whoever waits wants the best so far, which is complete at any moment
        is_open = self._search.is_open if limits.allow(self._search.is_open) else first
        return self._claim(is_open, self._merged.split(self._descent.price))

    def _run(self) -> None:
        kicks = max(1, min(_KICKS, _PAIRS_KICKED // (1 + len(self._merged.gains.gain))))
        while not self._descent.done and not self._enough():
            self._descent.lower(self._search.worth, _STEPS, self.has_time)
            average = self._descent.average
            self._decide()
            if self.has_time():
                wanted = int((average > 0.4).sum())
                self._search.improve(self._narrow.nearest(average, wanted))
            self._kick(kicks)
        if self._enough():
            return
        left = self._rest()
        if not is_small(left):
            self._kick_until(_IDLE_BEFORE_FINISH)
            if self._enough():
                return
            left = self._rest()
        self._finish(left)
        self._kick_until(_IDLE_KICKS)

    def _kick_until(self, most: int) -> None:
        """Kick until so many kicks in a row found nothing better."""
        idle = 0
        while idle < most and not self._enough():
            idle = 0 if self._kick(_FRESHEN) else idle + _FRESHEN
            self._decide()
            if self.has_time():
                self._search.improve(self._search.is_open)

    def _kick(self, times: int) -> bool:
        better = False
        for _ in range(times):
            if self.has_time():
                better |= self._search.kick()
        return better

    def _enough(self) -> bool:
        """Tell whether to stop: the gap is closed or the time is up."""
        best, proved = self._search.worth, min(self._descent.best, self._proved)
        if self._progress is not None:
            self._progress(time.perf_counter() - self._began, best, max(best, proved))
        return self._is_closed(best, proved) or not self.has_time()

    def _is_closed(self, objective: float, proved: float) -> bool:
        """Tell whether the gap is as allowed; the margin is that of all proofs here."""
        return proved - objective <= (self._gap_allowed + SURE) * abs(objective)

    def _proof(self) -> Proof:
        return Proof(self._descent.best, self._descent.pick)

    def _decide(self) -> None:
        """Leave alone what the bound already decides: sites in all better sets, and in none."""
        limits, is_open = self._limits, self._search.is_open
        always, never = decided(limits, self._proof(), self._search.worth)
        self._narrow = replace(
            limits,
            forced=limits.forced | (always & is_open),
            forbidden=limits.forbidden | (never & ~is_open),
        )
        self._search.keep(self._narrow.forced | self._narrow.forbidden)

    def _rest(self) -> Rest:
        price, worth = self._descent.price, self._search.worth
        return rest(self._merged.gains, self._cost, price, self._limits, self._proof(), worth)

    def _finish(self, left: Rest) -> None:
        """Branch on what is undecided; if that is slow, hand it to an integer program."""
        best, proved = self._search.worth, self._descent.best
        gap = self._gap_allowed * abs(best)
        if not (is_small(left) and is_thin(left)):
            tree = Tree(left, self._cost, self._limits, worth=best, bound=proved, gap=gap)
            self._learn(tree.search(self.has_time))
        if not self._enough() and is_small(left):
            seconds = max(0.01, self._end - time.perf_counter())
            is_open = self._search.is_open
            self._learn(finish(left, self._cost, self._limits, is_open, seconds=seconds, gap=gap))

    def _learn(self, done: Finish) -> None:
        self._proved = min(self._proved, max(self._search.worth, done.bound))
        if done.is_open is not None and self._limits.allow(done.is_open):
            self._search.improve(done.is_open)

    def _claim(self, is_open: NDArray[np.bool_], price: NDArray[np.float64]) -> Answer[Choice]:
        law(self._limits.allow(is_open), said="the chosen sites keep the limits")
        objective = worth(self._gains, self._cost, is_open)
        proof = prove(self._gains, self._cost, price, self._limits)
        proved = min(proof.bound, max(self._proved, objective))
        status = Status.FEASIBLE
        if self._is_closed(objective, proved):
            status = Status.OPTIMAL
        return Answer(
            status=status,
            value=Choice(open=is_open, price=price, toll=proof.pick.toll),
            objective=objective,
            bound=proved,
            sense=Sense.MAX,
            gap_allowed=self._gap_allowed,
        )


@cache
def _compile() -> None:
    """Compile the kernels before any clock runs: some seconds, once on each machine."""
    gains = Gains.of([0, 0, 1], [0, 1, 1], [2.0, 1.0, 2.0], clients=2, sites=2)
    cost, no_site = np.ones(2), np.zeros(2, bool)
    limits = Limits(least=0, most=2, spend=cost, budget=math.inf, forced=no_site, forbidden=no_site)
    Search(gains, cost, limits, rng=np.random.default_rng(0), has_time=lambda: True).improve(
        no_site
    )
    Descent(gains, cost, limits, np.zeros(2)).lower(0.0, 1, lambda: True)
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
