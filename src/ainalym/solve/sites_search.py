"""Finding good sets of sites: climbing by single moves, and kicking the best set."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ainalym.solve.sites_columns import Columns, by_site
from ainalym.solve.sites_gains import Gains
from ainalym.solve.sites_kicks import Dice, keep_or_put_back, kicks
from ainalym.solve.sites_limits import Limits
from ainalym.solve.sites_moves import (
    CHEAPEST,
    EFFORT,
    UNKNOWN,
    WORTH,
    Pairs,
    Rules,
    best_moves,
    climb,
    copy_changed,
    stand,
    standing,
)

_PAIRS_PER_CALL = 20_000_000  # a kernel cannot be interrupted, so it must return within a second
_SLACK = 1e-9  # of a client's mean best gain: less than this is no gain


class Search:
    """Improve sets of sites by single moves, and shake the best one for better ones.

    Parameters
    ----------
    has_time
        Asked between pieces of work; the search stops early when it says no.
    columns
        The same pairs by site, where they are at hand.

    Attributes
    ----------
    worth
        Of the best set so far.
    """

    def __init__(
        self,
        gains: Gains,
        cost: NDArray[np.float64],
        limits: Limits,
        *,
        rng: np.random.Generator,
        has_time: Callable[[], bool],
        columns: Columns | None = None,
    ) -> None:
        self._rng, self._has_time = rng, has_time
        columns = by_site(gains) if columns is None else columns
        self._pairs = Pairs(
            start=gains.start,
            site=gains.site,
            gain=gains.gain,
            begin=columns.begin,
            client=columns.client,
            brings=columns.brings,
            cost=cost,
            spend=limits.spend,
        )
        whole = limits.forced | limits.forbidden
        self._now = standing(gains.clients, limits.forced, whole)
        self._best = standing(gains.clients, limits.forced, whole)
        slack = _SLACK * float(gains.top.mean()) if gains.clients else 0.0
        self._rules = Rules(limits.least, limits.most, limits.room, slack)
        self._dice = Dice.of(rng)
        self._order = np.flatnonzero(~whole)
        self.worth = -np.inf

    @property
    def is_open(self) -> NDArray[np.bool_]:
        """The best set so far, shape (sites,)."""
        return self._best.is_open.copy()

    @property
    def middle(self) -> NDArray[np.float64]:
        """Prices between what the best set gives each client and what it falls back on."""
        return 0.5 * (self._best.first + self._best.second)

    def moves(self) -> NDArray[np.float64]:
        """Tell how the worth of the best set would change by opening each other site.

        Returns
        -------
        For another site if that is better, or needed, shape (sites,); minus infinity where limits
        allow neither, 0 for sites that are open, or held as they are.
        """
        change = np.empty(len(self._best.is_open))
        best_moves(self._pairs, self._best, self._rules, change)
        return change

    def keep(self, held: NDArray[np.bool_]) -> None:
        """Leave these sites as they are in every allowed better set, shape (sites,)."""
        for one in (self._now, self._best):
            one.held[:] = held
            one.tally[CHEAPEST] = UNKNOWN
        self._order = np.flatnonzero(~held)

    def take(self, is_open: NDArray[np.bool_]) -> bool:
        """Take this set as it is if it is no worse; tell whether it is better."""
        self._now.is_open[:] = is_open
        stand(self._pairs, self._now)
        return self._settle()

    def improve(self, is_open: NDArray[np.bool_]) -> bool:
        """Climb from this set; tell whether that gave a new best."""
        self._now.is_open[:] = is_open
        stand(self._pairs, self._now)
        if self.worth == -np.inf:
            self._settle()
        self._rng.shuffle(self._order)
        self._climb()
        return self._settle()

    def kick(self, times: int = 1, most: int | None = None) -> bool:
        """Change a few sites of the best set near one client and climb again, so many times.

        An equally good set replaces the best one, so that plateaus are crossed; only a better
        one counts.

        Parameters
        ----------
        most
            Pairs to look at, after which no other kick is begun; None for no matter.
        """
        most = times * 2**40 if most is None else most
        better = False
        while times > 0 and most > 0 and self._has_time():
            at_once = min(most, _PAIRS_PER_CALL)
            times, found, is_done = kicks(
                self._pairs, self._now, self._best, self._order, self._rules, self._dice,
                times, at_once,
            )  # fmt: skip
            spent = int(self._now.tally[EFFORT])
            if not is_done:
                spent += self._climb()
                found |= self._settle()
            better |= found
            most -= spent
        self.worth = float(self._best.sums[WORTH])
        return better

    def _climb(self) -> int:
        """Climb to the end, or until the time is up; return how many pairs that looked at."""
        spent, climbed = 0, False
        while not climbed:
            self._now.tally[EFFORT] = 0
            climbed = climb(self._pairs, self._now, self._order, self._rules, _PAIRS_PER_CALL)
            spent += int(self._now.tally[EFFORT])
            if not self._has_time():
                break
        return spent

    def _settle(self) -> bool:
        """Keep what now stands if it is no worse than the best, or go back to that."""
        if self.worth == -np.inf:
            copy_changed(self._now, self._now, self._best)
            better = True
        else:
            better = keep_or_put_back(self._now, self._best, self._rules.slack)
        self.worth = float(self._best.sums[WORTH])
        return better
