"""Flows of a network that is built: by mixing patterns of who brings where, year by year.

A pattern says where every zone brings its tonnes of one commodity. A linear program mixes patterns
within the room of stations and the limits of plants; its prices suggest the next pattern, until
none would help. Any prices also prove how little the flows can cost, so the two are compared, and
prices are taken between the last ones and the best ones, which keeps them from swinging.

Source
------
Dantzig & Wolfe (1960), Decomposition principle for linear programs, Operations Research 8(1), doi
10.1287/opre.8.1.101; the smoothing: Wentges (1997), Weighted Dantzig-Wolfe decomposition for linear
mixed-integer programming, International Transactions in Operational Research 4(2), doi
10.1016/S0969-6016(97)00001-4.
"""

from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ainalym.answer import Sense
from ainalym.errors import law
from ainalym.solve.mip import Program, Solution
from ainalym.solve.network_terms import Carried, Staged, units_of
from ainalym.solve.network_zones import Zoned, ask_zones, choices

_SMOOTH, _BOLDER, _SHYER = 0.6, 0.1, 0.3
"""Share of the best prices in those tried next; what it falls by after a better bound, and the part
of the rest it rises by after another."""

_NO_SALE = 1e6
"""Units of money: what is left has to cost where no plant takes it, for prices to stay finite."""

_ROUNDS = 300
_HELPS = 1e-5
_SHARE = 1e-12


class Hint(NamedTuple):
    """What the flows of one year were like: a beginning for similar ones.

    Attributes
    ----------
    dual
        Of all rows, none where nothing is known.
    prices
        Of the patterns that were mixed, each of shape (commodities, stations).
    """

    dual: NDArray[np.float64]
    prices: list[NDArray[np.float64]]


NO_HINT = Hint(np.zeros(0), [])


class Settled(NamedTuple):
    """The best flows for what is built.

    Attributes
    ----------
    cost, least
        Of bringing, burying and shipping, less sales, in today's money; and what that is proven
        to be at least.
    earned
        What sales bring, where they bring anything, in today's money.
    years
        The mixed patterns of each year.
    """

    cost: float
    least: float
    earned: float
    years: list["Mixed"]


def settle_flows(
    staged: Staged,
    room_t: NDArray[np.float64],
    is_open: NDArray[np.float64],
    hints: list[Hint],
    *,
    bearable: float,
) -> Settled:
    """Find the best flows for what is built.

    Parameters
    ----------
    room_t
        What each station can handle, tonnes a year, shape (stations, years).
    is_open
        How far each station is open, 0 to 1, shape (stations, years).
    hints
        Of each year, from flows of something similar.
    bearable
        How much dearer than the best the flows may be, in today's money.
    """
    years = []
    for t in range(staged.shape[4]):
        mixing = _mixing(staged, t, room_t[:, t], is_open[:, t])
        years.append(mixing.mix(hints[t], bearable / staged.shape[4]))
    cost = sum(year.cost for year in years)
    least = sum(year.least for year in years)
    earned = sum(year.mixing.earned(year.solution) for year in years)
    return Settled(cost, least, earned, years)


def read_flows(staged: Staged, settled: Settled) -> tuple[Carried, NDArray[np.float64]]:
    """Read who brings what, and what is sold, where stations are open or closed.

    Returns
    -------
    What zones carry, and what is sold by station, plant, commodity and year, t.
    """
    parts: list[tuple] = []
    sold_t = np.zeros((*staged.sale.shape, staged.shape[4]))
    for t, year in enumerate(settled.years):
        mixing, value = year.mixing, year.solution.value
        sold_t[(*mixing.sold_at, t)] = np.maximum(value[mixing.sold], 0.0) * mixing.unit_t
        for column, k, price in mixing.patterns:
            if value[column] > _SHARE:
                at = choices(staged.bring, staged.landfill[k], price, mixing.is_open[k] > 0)
                mass_t = mixing.supply_t[k] * value[column]
                here = np.flatnonzero((at >= 0) & (mass_t > 0))
                parts.append((here, at[here], k, t, mass_t[here]))
    return _carried(parts), sold_t


class Mixed(NamedTuple):
    """The best mix of one year, its cost and the least cost today, and the best prices of rows."""

    cost: float
    least: float
    dual: NDArray[np.float64]
    mixing: "Mixing"
    solution: Solution

    def hint(self) -> Hint:
        """What similar flows may begin from."""
        best = self.mixing.price(self.dual)
        used: list[list[NDArray[np.float64]]] = [[] for _ in best]
        for column, k, price in self.mixing.patterns:
            if self.solution.value[column] > _SHARE:
                used[k].append(price)
        prices = [best]
        for row in range(max(map(len, used))):
            prices.append(best.copy())
            for k, mine in enumerate(used):
                if row < len(mine):
                    prices[-1][k] = mine[row]
        return Hint(self.dual, prices)


@dataclass(slots=True, kw_only=True, eq=False)
class Mixing:
    """The program that mixes the patterns of one year, in units of its own.

    Attributes
    ----------
    unit_t, unit
        Tonnes and money of one unit; money is that of the year.
    today
        Worth of the year's money today.
    is_open, supply_t
        Shapes (commodities, stations) and (commodities, zones).
    whole, mass, room, limits, limited
        Rows: patterns are mixed (commodities,), what is left is sold (commodities, stations),
        room (stations,), limits of plants (plants, commodities), and all that limit anything.
    limit
        Of the limited rows.
    sold, sold_at
        Columns of sales, and their station, plant and commodity.
    patterns
        Column, commodity and prices of each.
    """

    staged: Staged
    program: Program
    unit_t: float
    unit: float
    today: float
    is_open: NDArray[np.float64]
    supply_t: NDArray[np.float64]
    whole: NDArray[np.int64]
    mass: NDArray[np.int64]
    room: NDArray[np.int64]
    limits: NDArray[np.int64]
    limited: NDArray[np.int64]
    limit: NDArray[np.float64]
    sold: NDArray[np.int64]
    sold_at: tuple[NDArray[np.int64], ...]
    patterns: list[tuple[int, int, NDArray[np.float64]]] = field(default_factory=list)

    def mix(self, hint: Hint, bearable: float) -> Mixed:
        """Add patterns until the mix is proven to be within `bearable` of the best, today."""
        enough = bearable / (self.unit * self.today)
        for price in hint.prices:
            self.add(price, self.ask(price), np.arange(len(price)))
        solution = self.solve()
        best, bound = self.mended(hint.dual if len(hint.dual) else 0.0 * solution.dual), -inf
        smooth, share = 1.0, _SMOOTH
        for _ in range(_ROUNDS):
            dual = smooth * best + (1.0 - smooth) * solution.dual
            price = self.price(dual)
            found = self.ask(price)
            least = float(found.least.sum()) / self.unit - float(dual[self.limited] @ self.limit)
            share = max(0.0, share - _BOLDER) if least > bound else share + _SHYER * (1.0 - share)
            if least > bound:
                best, bound = dual, least
            cost = -float(self.program.gain @ solution.value)
            if cost - bound <= enough:
                break
            rows = self.helpful(price, found, solution)
            if len(rows):
                self.add(price, found, rows)
                solution = self.solve()
            elif smooth == 0.0:
                break
            smooth = share if len(rows) else 0.0
        today = self.unit * self.today
        return Mixed(cost * today, min(bound, cost) * today, best, self, solution)

    def mended(self, dual: NDArray[np.float64]) -> NDArray[np.float64]:
        """Prices of rows that hold for any design: what is left is worth what plants pay for it."""
        staged, mended = self.staged, dual.copy()
        sale = staged.sale * (self.unit_t / self.unit) - dual[self.limits]
        mended[self.mass] = np.where(np.isfinite(sale), sale, -_NO_SALE).max(1, initial=-_NO_SALE).T
        return mended

    def ask(self, price: NDArray[np.float64]) -> Zoned:
        """Ask all zones where they would bring what at these prices."""
        staged = self.staged
        return ask_zones(staged.bring, self.supply_t, staged.landfill, price, self.is_open)

    def solve(self) -> Solution:
        """Mix the patterns there are; all to the landfill is always possible."""
        solution = self.program.solve(relax=True).value
        law(solution is not None, said="all may go to the landfill")
        return solution

    def price(self, dual: NDArray[np.float64]) -> NDArray[np.float64]:
        """What a tonne is worth at each station, shape (commodities, stations)."""
        worth = dual[self.mass] * self.staged.left[:, None] - dual[self.room]
        return worth * (self.unit / self.unit_t)

    def earned(self, solution: Solution) -> float:
        """What sales bring, where they bring anything, in today's money."""
        worth = self.program.gain[self.sold] * solution.value[self.sold]
        return float(worth[worth > 0].sum()) * self.unit * self.today

    def helpful(
        self, price: NDArray[np.float64], found: Zoned, solution: Solution
    ) -> NDArray[np.int64]:
        """Commodities whose pattern at these prices would make the mix cheaper."""
        change = price - self.price(solution.dual)
        pays = found.least + (change * found.load_t).sum(1)
        return np.flatnonzero(-solution.dual[self.whole] - pays / self.unit > _HELPS)

    def add(self, price: NDArray[np.float64], found: Zoned, rows: NDArray[np.int64]) -> None:
        """Add the patterns that zones make of prices, for some commodities."""
        load = found.load_t[rows] / self.unit_t
        pays = found.least[rows] + (price * found.load_t)[rows].sum(1)
        columns = self.program.columns("pattern", len(rows), gain=-pays / self.unit)
        self.program.put(self.whole[rows], columns)
        left = self.staged.left[rows, None]
        self.program.put(self.mass[rows], columns[:, None], -left * load)
        self.program.put(self.room[None], columns[:, None], load)
        self.patterns += zip(columns.tolist(), rows.tolist(), price[rows], strict=True)


def _mixing(
    staged: Staged, year: int, room_t: NDArray[np.float64], is_open: NDArray[np.float64]
) -> Mixing:
    """Write down the program with the one pattern that is always possible: all to the landfill."""
    _, stations, _, commodities, _ = staged.shape
    supply_t = np.ascontiguousarray(staged.supply_t[..., year].T)
    unit_t, unit = units_of(staged)
    program = Program(Sense.MAX)
    whole = program.rows("patterns are mixed", commodities, lower=1.0, upper=1.0)
    mass = program.rows("what is left is sold", (commodities, stations), lower=0.0, upper=0.0)
    room = program.rows("room at stations", stations, upper=room_t / unit_t)
    limit = staged.limit_t[..., year] / unit_t
    limits = program.rows("limits of plants", limit.shape, upper=limit)
    j, r, k = np.nonzero(np.isfinite(staged.sale) & (room_t > 0)[:, None, None])
    sold = program.columns("sold", len(j), gain=staged.sale[j, r, k] * (unit_t / unit))
    program.put(mass[k, j], sold)
    program.put(limits[r, k], sold)
    buried = -supply_t.sum(1) * staged.landfill / unit
    program.put(whole, program.columns("all to the landfill", commodities, gain=buried))
    finite = np.isfinite(limit)
    return Mixing(
        staged=staged,
        program=program,
        unit_t=unit_t,
        unit=unit,
        today=float(staged.discount[year]),
        is_open=np.tile(is_open, (commodities, 1)),
        supply_t=supply_t,
        whole=whole,
        mass=mass,
        room=room,
        limits=limits,
        limited=np.concatenate([room, limits[finite]]),
        limit=np.concatenate([room_t / unit_t, limit[finite]]),
        sold=sold,
        sold_at=(j, r, k),
    )


def _carried(parts: list[tuple]) -> Carried:
    """Put what single patterns carry together."""
    sizes = [len(part[0]) for part in parts]

    def column(at: int, kind: type) -> NDArray:
        whole = [np.full(n, part[at], kind) for part, n in zip(parts, sizes, strict=True)]
        return np.concatenate([np.zeros(0, kind), *whole])

    ways = np.stack([column(k, np.int32) for k in range(4)])
    ways, row = np.unique(ways, axis=1, return_inverse=True)
    mass_t = np.bincount(row.ravel(), column(4, float), ways.shape[1])
    return Carried(zone=ways[0], station=ways[1], commodity=ways[2], year=ways[3], mass_t=mass_t)
