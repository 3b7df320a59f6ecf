"""Prices of a small master program, made into prices that prove a bound of the whole city.

What a tonne is worth at a station, what money is worth in each year, what stations and lines cost:
these the whole city shares with the small program. The rest follows from them, and whatever it is,
it proves a bound. A tonne at a point is worth the most that it is worth wherever it can go; a full
point asks a price for its room; each place is asked for what the siting engine's descent finds; and
the row of each pair takes what a point gains of a place beyond that.
"""

import numpy as np
from numpy.typing import NDArray

from ainalym.plan.choice import decided
from ainalym.plan.coarse import Coarse
from ainalym.plan.crowds import offered
from ainalym.plan.joint import SERVING, cuts_of
from ainalym.plan.keepers import SUBSIDY
from ainalym.plan.master import Master
from ainalym.plan.settle import in_order
from ainalym.plan.tonnes import worth_of_tonnes
from ainalym.solve.proof import Prover
from ainalym.solve.sites import worth
from ainalym.solve.sites_bound import Descent
from ainalym.solve.sites_gains import Gains
from ainalym.solve.sites_limits import Limits

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of what a subsidy costs: what earning one unit may be worth to the keeper of a point that the
small program leaves out."""

HALVINGS = 20
"""How often the price of room at a point that could be full is halved into."""

QUICK, QUICK_AGAIN, AT_ONCE, MOST = 160, 60, 60, 900
"""Quick steps of the first descent of what places are asked, and of later ones; how many steps are
taken before it is asked whether they paid; and the most."""

PAYS = 1e-4
"""Share of the bound that so many steps have to gain to be followed by others."""

LOWEST = 0.8
"""Share of its bound that choosing points is thought to be worth at least, to aim at."""


class Lift:
    """Makes prices of a small master program into prices of the whole, good for its bound.

    Parameters
    ----------
    coarse
        The small program. The bounds of the whole one's columns may change, and rows be added, as
        they are to the small one.

    Attributes
    ----------
    price
        Of each row of the whole as last made, shape (rows,).
    usage
        How often the bound opened each point of the whole lately, shape (points,).
    """

    def __init__(self, coarse: Coarse, prover: Prover | None = None) -> None:
        whole = coarse.whole
        self._coarse, self._whole, self._program = coarse, whole, whole.net.program
        self.prover = prover or Prover(self._program)
        self._place = whole.pairs.place
        self._mass_t = whole.mass_t.sum(1)[:, None]
        self._built = whole.level[:, : whole.net.city.programme.last_build_year + 1]
        self._order = in_order(whole.net, whole.net.source_work)[::-1]
        self._subsidy = self._program.laws()[SUBSIDY]
        self._is_in = np.zeros(len(whole.point), bool)
        self._is_in[coarse.at] = True
        row = np.full(len(whole.point), -1)
        row[whole.crowds.full] = np.arange(len(whole.crowds.full))
        self._crowded = np.flatnonzero(row[whole.pair_point] >= 0)
        self._at = row[whole.pair_point[self._crowded]]
        there = row[coarse.at[coarse.master.crowds.full]]
        # Sums of other order may tell otherwise of a point that is just not full.
        self._both = there[there >= 0], there >= 0
        self._offered = offered(whole)
        self._mine, self._pair = self._matched()
        self._ask: NDArray[np.float64] | None = None
        self._is_usable = self.prover.most > 0.0
        self.price = np.zeros(self._program.n_rows)
        self.usage = np.zeros(len(whole.point))
        self._net = np.zeros(len(whole.pair_point))

    def prices(
        self,
        small: NDArray[np.floating],
        least: NDArray[np.float64],
        most: NDArray[np.float64],
        *,
        thorough: bool,
    ) -> NDArray[np.float64]:
        """Make prices of the whole of those of the small program.

        Parameters
        ----------
        small
            Of each row of the small program.
        least, most
            The ends of each column of the whole, as things are decided.
        thorough
            Whether to take time, about a second in a city of 10,000 places, to make the bound good;
            a tenth of that otherwise.
        """
        whole, master = self._whole, self._coarse.master
        self._is_usable = np.minimum(self.prover.most, most) > 0.0
        known = np.zeros(master.net.program.n_rows)
        known[: len(small)] = small
        price = np.zeros(self._program.n_rows)
        price[shared(whole)] = known[shared(master)]
        price[self._idle_cuts(least, most)] = 0.0
        for mine, theirs in zip(whole.crowds.rows, master.crowds.rows, strict=True):
            price[mine[self._both[0]]] = known[theirs[self._both[1]]]
        price[whole.keeps] = self.price[whole.keeps]
        price[whole.keeps[self._coarse.at]] = known[master.keeps]
        gain, mass, crowd = self._worth(price, self._bare(price))
        rent, level = self._rent(price), self.prover.left(price, self._built)
        ask = self._asked(gain - rent, known[master.under])
        if self._ask is not None:
            old, new = (
                self._score(level, gain - rent, a).clip(0).sum() + a.sum() for a in (self._ask, ask)
            )
            ask = self._ask if old < new else ask
        if thorough:
            self._earn(price, ask)
            gain, mass, crowd = self._worth(price, self._bare(price))
        self._make_room(price, gain, crowd, ask)
        if thorough and self._built.shape[1] == len(whole.net.periods) == 1:
            ask = self._descend(price, gain, ask)
            self._make_room(price, gain, crowd, ask)
        if thorough:
            self._ask = ask
        price[whole.net.source_mass] = mass
        price[whole.once] = ask
        price[whole.under] = np.maximum(gain - self._rent(price) - ask[self._place], 0.0)
        self._rise(price)
        self.price = price
        return price

    def brought(self) -> NDArray[np.float64]:
        """Tell what people bring in all of the whole's points, open as far as they lately were.

        Returns
        -------
        Tonnes by fraction, shape (fractions,); nothing where points were not chosen by descent.
        """
        order = np.lexsort((-self._net, self._place))
        place, room = self._place[order], self.usage[self._whole.pair_point[order]]
        room = np.where(self._net[order] > 0.0, np.clip(room, 0.0, 1.0), 0.0)
        before = np.cumsum(room) - room
        before -= before[np.searchsorted(place, place)]
        share = np.clip(1.0 - before, 0.0, room)
        return share @ self._whole.mass_t[order]

    def _idle_cuts(self, least: NDArray, most: NDArray) -> NDArray[np.int64]:
        """Rows of cuts that say nothing: of stations of which it is known whether they are open.

        The small program's prices of such rows take from its own points what the stations' prices
        promise too much, and nothing from those which it lacks.
        """
        is_open, is_closed = decided(self._whole, least, most)
        _, k, _, p = cuts_of(self._whole).T
        return self._program.laws().get(SERVING, k)[(is_open | is_closed)[k, p]]

    def _matched(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pairs of the whole with the small one's points, and the small one's pair of each."""
        coarse, whole, pairs = self._coarse, self._whole, self._coarse.master.pairs
        sites = len(whole.net.city.sites)
        small = pairs.place * sites + pairs.site
        order = np.argsort(small)
        mine = np.flatnonzero(self._is_in[whole.pair_point])
        key = coarse.member[self._place[mine]] * sites + whole.pairs.site[mine]
        return mine, order[np.searchsorted(small[order], key)]

    def _bare(self, price: NDArray) -> NDArray[np.float64]:
        """What prices leave of each column, but those of points, places and pairs."""
        whole, bare = self._whole, price.copy()
        for rows in (*whole.crowds.rows, whole.net.source_mass, whole.once, whole.under):
            bare[rows] = 0.0
        return self.prover.left(bare)

    def _worth(
        self, price: NDArray, bare: NDArray
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """What each pair is worth before what room costs, and the prices of mass that say so.

        Shape (pairs, periods) and (points, materials, periods); and what it is worth to turn away
        what each crowd loses, shape (crowds,), for which prices are set.
        """
        whole, net, crowds = self._whole, self._whole.net, self._whole.crowds
        rest = np.where(self._is_usable, bare, -np.inf)
        value = worth_of_tonnes(net, rest, self._order)
        gain = rest[whole.brings]
        tonne = value[:, [net.material_row[name] for name in net.city.fractions]]
        for f in range(tonne.shape[1]):
            gain += whole.mass_t[:, f, None] * tonne[whole.pair_point, f]
        gain[~self._is_usable[whole.brings]] = 0.0
        # Beyond its least shares a crowd loses what loses least.
        other = (rest[crowds.other] - tonne[crowds.full]).max(1, initial=-np.inf)
        price[crowds.rest] = -other
        at, period = crowds.at, crowds.period
        lost = (crowds.least[at] * tonne[crowds.full[at], :, period]).sum(1)
        lost -= other[at, period] * (1.0 - crowds.least[at].sum(1))
        return gain, -value, rest[crowds.column] - crowds.lost_mean_t * lost

    def _rent(self, price: NDArray) -> NDArray[np.float64]:
        """What its room costs each pair, shape (pairs, periods)."""
        rent = np.zeros((len(self._mass_t), len(self._whole.net.periods)))
        each = price[self._whole.crowds.came[self._at]]
        rent[self._crowded] = each * self._mass_t[self._crowded]
        return rent

    def _asked(self, gain: NDArray, under: NDArray) -> NDArray[np.float64]:
        """What places are asked when a point pays for each of a merged pair the same share.

        So the points of the small program pay as much as there.
        """
        total, mine = np.zeros(under.shape), np.maximum(gain[self._mine], 0.0)
        np.add.at(total, self._pair, mine)
        share = np.divide(under, total, out=np.zeros_like(under), where=total > 0.0).clip(0.0, 1.0)
        ask = np.zeros((len(self._coarse.member), gain.shape[1]))
        np.maximum.at(ask, self._place[self._mine], (1.0 - share[self._pair]) * mine)
        return ask

    def _score(self, level: NDArray, gain: NDArray, ask: NDArray) -> NDArray[np.float64]:
        """What opening each point is worth beyond what places are asked, shape (points,).

        By what is left of being open in each year, shape (points, years), and what each pair is
        worth.
        """
        whole = self._whole
        offered = np.maximum(gain - ask[self._place], 0.0)
        total = np.zeros((len(whole.point), offered.shape[1]))
        np.add.at(total, whole.pair_point, offered)
        by_year = total @ whole.net.periods.of_flow
        last = self._built.shape[1] - 1
        worth = level + np.column_stack([by_year[:, :last], by_year[:, last:].sum(1)])
        carried = np.zeros(len(worth))
        for year in worth.T:
            carried = np.maximum(carried, 0.0) + year
        return carried

    def _earn(self, price: NDArray, ask: NDArray) -> None:
        """Let earning be worth to keepers of points left out what makes them the least tempting."""
        keeps, rent = self._whole.keeps, self._rent(price)
        out, cost = ~self._is_in, np.maximum(price[self._subsidy], 0.0)
        best = np.full(len(out), np.inf)
        kept, ends = price[keeps], []
        for share in (0.0, 1.0):
            price[keeps[out]] = -share * cost
            ends.append((self._bare(price), self.prover.left(price, self._built)))
        for share in SHARES:
            bare, level = (low + share * (high - low) for low, high in zip(*ends, strict=True))
            now = self._score(level, self._worth(price, bare)[0] - rent, ask)
            better = out & (now < best)
            kept[better], best[better] = -share * cost, now[better]
        price[keeps] = kept

    def _make_room(self, price: NDArray, gain: NDArray, crowd: NDArray, ask: NDArray) -> None:
        """Ask of those who come to full points what leaves the crowd that is best at that price."""
        crowds, mass_t = self._whole.crowds, self._mass_t[self._crowded]
        if not len(crowds.full):
            return
        over = np.maximum(gain[self._crowded] - ask[self._place[self._crowded]], 0.0)
        each = np.divide(over, mass_t, out=np.zeros_like(over), where=mass_t > 0.0)
        low, high = np.zeros(crowds.came.shape), np.zeros(crowds.came.shape)
        np.maximum.at(high, self._at, each)
        middle = low
        for _ in range(HALVINGS):
            comes_t = np.zeros(low.shape)
            np.add.at(comes_t, self._at, np.where(each > middle[self._at], mass_t, 0.0))
            is_full = comes_t > self._best(crowd, middle)[1]
            low, high = np.where(is_full, middle, low), np.where(is_full, high, middle)
            middle = 0.5 * (low + high)
        # Where nothing limits who is turned away, that must not pay.
        free = crowds.takes <= 0.0
        where = crowds.at[free], crowds.period[free]
        np.minimum.at(high, where, -crowd[free] / crowds.comes_t[free])
        price[crowds.came], price[crowds.room] = high, self._best(crowd, high)[0]

    def _best(self, crowd: NDArray, fee: NDArray) -> tuple[NDArray, NDArray]:
        """What the best crowd leaves at a fee for each tonne that comes, and how large it is."""
        crowds = self._whole.crowds
        takes = crowds.takes > 0.0
        where = crowds.at[takes], crowds.period[takes]
        each, left = crowds.comes_t[takes] / crowds.takes[takes], np.zeros(fee.shape)
        worth = crowd[takes] / crowds.takes[takes] + fee[where] * each
        np.maximum.at(left, where, worth)
        comes_t = np.zeros(fee.shape)
        np.maximum.at(comes_t, where, np.where(worth >= left[where], each, 0.0))
        return left, comes_t * self._offered

    def _descend(self, price: NDArray, gain: NDArray, ask: NDArray) -> NDArray[np.float64]:
        """Lower the bound by what places are asked; for one period and one year of building."""
        whole, numbers, level = self._whole, self._program.numbers, self._built[:, 0]
        cost = -self.prover.left(price, level)
        limits = Limits(
            least=0,
            most=len(cost),
            spend=np.zeros(len(cost)),
            budget=np.inf,
            forced=numbers.lower[level] >= 1.0,
            forbidden=numbers.upper[level] <= 0.0,
        )
        net = (gain - self._rent(price))[:, 0]
        gains = Gains.of(self._place, whole.pair_point, net, clients=len(ask), sites=len(cost))
        quick = QUICK if self._ask is None else QUICK_AGAIN
        descent = Descent(gains, cost, limits, ask[:, 0], quick=quick)
        likely = (self.usage > 0.5) & ~limits.forbidden | limits.forced
        known = worth(gains, cost, likely)
        for taken in range(0, MOST, AT_ONCE):
            before = descent.best
            aim = max(LOWEST * descent.best, known)
            descent.lower(aim, AT_ONCE, lambda: True)
            if taken >= quick and descent.best > before - PAYS * abs(before):
                break
        self.usage, self._net = descent.average, net
        return descent.price[:, None]

    def _rise(self, price: NDArray) -> None:
        """Carry what being open gains in a year to the next, in which a point is still open."""
        rest = self.prover.left(price, self._built)
        carried = np.zeros(len(rest))
        for t, rows in enumerate(self._whole.rising.T):
            carried = np.maximum(carried + rest[:, t], 0.0)
            price[rows] = -carried


def shared(master: Master) -> NDArray[np.int64]:
    """Rows of no single point, place or pair: the same for every choice of points, in order."""
    is_shared = np.ones(master.net.program.n_rows, bool)
    own = (master.net.source_mass, master.rising, master.once)
    for rows in (*own, master.under, *master.crowds.rows, master.keeps):
        is_shared[rows] = False
    return np.flatnonzero(is_shared)
