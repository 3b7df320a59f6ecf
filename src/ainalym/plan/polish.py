"""Better points for a given design: one opened, closed or exchanged at a time.

A relaxed program that is rounded sees badly that full points turn people away. Here every change is
weighed under the households' own choice: at the prices of the design's network, which promise at
least what a change brings, and then by the network itself.
"""

from collections.abc import Iterator

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ainalym.model.city import City
from ainalym.model.place import SiteStatus
from ainalym.model.plan import NEVER
from ainalym.plan.decide import Design
from ainalym.plan.known import Known
from ainalym.plan.siting import money_for_points
from ainalym.plan.trial import Reach, Room, Trial, Tried, chosen, let_in
from ainalym.plan.worth import MINOR_PER_UNIT

LIKELY = 100
"""How many closed points may be opened, those that look likeliest."""

MOST_PAIRS = 2_000_000_000
"""Pairs of places and points that weighing all exchanges once may look at: fewer closed points are
thought of where all would be more."""

TRIES = 10
"""How many of the changes that promise most are tried before the points are left as they are."""

CLEARLY = 1e-6
"""Share of its size by which the worth has to rise for a change to be made."""


def polish(known: Known, design: Design, opened: NDArray[np.int32]) -> NDArray[np.int32]:
    """Change single points while that makes the plan of a design better.

    Parameters
    ----------
    opened
        Opening years of points by site row.

    Returns
    -------
    The same, changed; as it was where nothing is feasible.
    """
    whole = known.whole
    if not len(whole.point) or known.left_s <= 0:
        return opened
    is_open = opened[whole.point] != NEVER
    order = np.argsort(-np.where(is_open, np.inf, known.likely()), kind="stable")
    many = int(is_open.sum())
    pairs = len(whole.pairs) / len(whole.point) * (many + LIKELY)
    more = min(LIKELY, int(MOST_PAIRS / max(1.0, pairs * (many + 1))))
    point = np.sort(whole.point[order[: many + more]])
    trial = Trial(known.city, known.travel, whole.pairs, design, point)
    bill = _Bill(known.city, design, point)
    year = opened[point]
    best = trial.worth(year, seconds=known.left_s)
    is_better = best is not None
    while is_better:
        least = best.worth + CLEARLY * abs(best.worth)
        is_better = False
        for changed in _changes(trial, bill, best, year, least):
            if known.left_s <= 0:
                break
            now = trial.worth(changed, seconds=known.left_s, cutoff=least)
            if now is not None and now.worth > least:
                best, year, is_better = now, changed, True
                break
    opened = opened.copy()
    opened[point] = year
    return opened


class _Bill:
    """What points cost, what there is for them, and which of them may be changed."""

    def __init__(self, city: City, design: Design, point: NDArray[np.int64]) -> None:
        is_built = city.sites.has_status(SiteStatus.EXISTING)
        self.capex = np.where(is_built, 0.0, city.sites.capex_minor / MINOR_PER_UNIT)[point]
        self.is_free = ~(is_built | city.sites.has_status(SiteStatus.FORCED))[point]
        self._money = money_for_points(city, *design)[: city.programme.last_build_year + 1]

    def left(self, year: NDArray[np.int32]) -> NDArray[np.float64]:
        """Tell what more may be spent from each year of building on, shape (years,)."""
        years = len(self._money)
        some = year != NEVER
        spent = np.bincount(year[some], self.capex[some], years).cumsum()
        return np.minimum.accumulate((self._money * (1.0 + 1e-9) - spent)[::-1])[::-1]


def _changes(
    trial: Trial, bill: _Bill, best: Tried, year: NDArray[np.int32], least: float
) -> Iterator[NDArray[np.int32]]:
    """Changed opening years that promise most at the prices of the best, and more than `least`.

    A point opens when the one it is exchanged for did, in the first year if for none.
    """
    left, reach, room = bill.left(year), trial.reach, trial.room
    closes = np.append(NEVER, np.flatnonzero((year != NEVER) & bill.is_free))
    opens = np.append(NEVER, np.flatnonzero((year == NEVER) & bill.is_free))
    when = np.where(closes == NEVER, 0, year[closes])
    freed = np.where(closes == NEVER, 0.0, bill.capex[closes])
    wanted = np.where(opens == NEVER, 0.0, bill.capex[opens])
    can = wanted <= left[when][:, None] + freed[:, None]
    can[0, 0] = False
    # For points that are closed the price of what their keepers need is not known: none is asked.
    saved = np.where(closes == NEVER, 0.0, trial.cost[closes, when] + best.need[closes])
    paid = np.where(opens == NEVER, 0.0, trial.cost[opens][:, when].T)
    promised = _promised(reach, room, best.pair, year, closes, opens, can)
    promised += best.worth - _flow(reach, room, best.pair, year) + paid - saved[:, None]
    order = np.argsort(-promised, axis=None, kind="stable")[:TRIES]
    for a, b in zip(*np.unravel_index(order, promised.shape), strict=True):
        if not promised[a, b] > least:
            return
        changed = year.copy()
        if opens[b] != NEVER:
            changed[opens[b]] = when[a]
        if closes[a] != NEVER:
            changed[closes[a]] = NEVER
        yield changed


@njit(cache=True)
def _flow(  # pragma: no cover - compiled
    reach: Reach, room: Room, worth: NDArray, opened: NDArray
) -> float:
    """What people bring is worth at given prices, under their own choice."""
    total = 0.0
    for p in range(len(room.begins)):
        comes_t, brings = np.zeros(len(opened)), np.zeros(len(opened))
        for i in range(len(reach.start) - 1):
            k = chosen(reach, room, opened, i, p)
            if k >= 0:
                comes_t[reach.point[k]] += reach.size_t[k]
                brings[reach.point[k]] += worth[k, p]
        for j in range(len(opened)):
            if comes_t[j] > 0.0:
                total += brings[j] * let_in(room, comes_t[j], j, p)
    return total


@njit(cache=True)
def _promised(  # pragma: no cover - compiled
    reach: Reach,
    room: Room,
    worth: NDArray,
    year: NDArray,
    closes: NDArray,
    opens: NDArray,
    can: NDArray,
) -> NDArray:
    """The same after every exchange that can be paid for, `-inf` elsewhere, (closes, opens)."""
    opened, promised = year.copy(), np.full(can.shape, -np.inf)
    for a in range(len(closes)):
        when = 0
        if closes[a] != NEVER:
            when = year[closes[a]]
            opened[closes[a]] = NEVER
        for b in range(len(opens)):
            if not can[a, b]:
                continue
            if opens[b] != NEVER:
                opened[opens[b]] = when
            promised[a, b] = _flow(reach, room, worth, opened)
            if opens[b] != NEVER:
                opened[opens[b]] = NEVER
        if closes[a] != NEVER:
            opened[closes[a]] = when
    return promised
