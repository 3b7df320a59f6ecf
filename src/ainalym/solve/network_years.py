"""One year of the staged network: loads and sales for given room, and cuts for what zones do.

A cut is true for any prices, since it is a Lagrangian bound; good prices are what a tonne is worth
at each station when the flows of some design are at their best.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ainalym.answer import Sense
from ainalym.errors import law
from ainalym.solve.mip import Program
from ainalym.solve.network_terms import Staged, units_of
from ainalym.solve.network_zones import ask_zones

_BINDS = 1e-9
"""Price of a row above which it counts as binding."""

_LATELY, _MANY, _FEWER = 30, 20, 2
"""A cut that did not bind in so many solves is dropped, once there are so many for each commodity
and that leaves so many times fewer."""


class Valued(NamedTuple):
    """What a year costs at least, in units of that year, and how that changes.

    Attributes
    ----------
    cost
        At the given room and openings.
    per_room, per_open
        By how much less it costs for one more unit of each, shape (stations,).
    """

    cost: float
    per_room: NDArray[np.float64]
    per_open: NDArray[np.float64]


@dataclass(slots=True, eq=False)
class _Cut:
    """What zones pay at least for one commodity, and in which solve that last bound."""

    commodity: int
    fixed: float
    per_load: NDArray[np.float64]
    per_open: NDArray[np.float64]
    bound_at: int


@dataclass(slots=True, eq=False)
class Year:
    """The program of one year and where its parts are.

    Attributes
    ----------
    staged, year
        The network, and which of its years this is.
    supply_t
        Shape (commodities, zones).
    room, is_open
        Columns that are held at what is given, shape (stations,), room in units of tonnes.
    load
        Columns of what is brought, shape (commodities, stations).
    toll
        Columns of what zones pay to bring and to bury, shape (commodities,).
    cuts
        Those in the program, in the order of their rows; the first has row `first_cut`.
    """

    staged: Staged
    year: int
    supply_t: NDArray[np.float64] = field(init=False)
    program: Program = field(init=False)
    room: NDArray[np.int64] = field(init=False)
    is_open: NDArray[np.int64] = field(init=False)
    load: NDArray[np.int64] = field(init=False)
    toll: NDArray[np.int64] = field(init=False)
    cuts: list[_Cut] = field(init=False)
    first_cut: int = field(init=False)
    solves: int = 0

    def __post_init__(self) -> None:
        """Begin with one cut: who brings nothing buries everything."""
        self.supply_t = np.ascontiguousarray(self.staged.supply_t[..., self.year].T)
        self._write()
        nothing = np.zeros(self.load.shape)
        self.cut(nothing, nothing[0])

    def value(self, room_t: NDArray[np.float64], is_open: NDArray[np.float64]) -> Valued:
        """What the year costs at least with this room, each of shape (stations,)."""
        unit_t, _ = units_of(self.staged)
        self.program.change_bounds(self.room, room_t / unit_t, room_t / unit_t)
        self.program.change_bounds(self.is_open, is_open, is_open)
        answer = self.program.solve(relax=True)
        if answer.value is None:  # nothing brought is always possible: rounding has gone astray
            self.program.forget()
            answer = self.program.solve(relax=True)
        law(answer.value is not None, said="a year without loads is possible")
        self.solves += 1
        dual, reduced = answer.value.dual, answer.value.reduced
        # What zones pay has a gain of -1, which rows or its own end must have a price for.
        law(bool(dual.any() or reduced.any()), said="the solver told a year's prices")
        for row in np.flatnonzero(np.abs(dual[self.first_cut :]) > _BINDS):
            self.cuts[row].bound_at = self.solves
        return Valued(-answer.bound, reduced[self.room], reduced[self.is_open])

    def cut(self, price: NDArray[np.float64], is_open: NDArray[np.float64]) -> None:
        """Add the cuts that zones make of prices, and drop what has long not bound.

        Parameters
        ----------
        price
            Of a tonne at each station, shape (commodities, stations).
        is_open
            How far each station is open, shape (stations,): where the cuts are tight.
        """
        staged = self.staged
        unit_t, unit = units_of(staged)
        at = np.tile(is_open, (len(price), 1))
        found = ask_zones(staged.bring, self.supply_t, staged.landfill, price, at, is_cut=True)
        rows = zip(found.fixed / unit, -price * (unit_t / unit), found.slope / unit, strict=True)
        self._add([_Cut(k, *row, self.solves) for k, row in enumerate(rows)])
        if len(self.cuts) > _MANY * len(price):
            lately = [cut for cut in self.cuts if cut.bound_at >= self.solves - _LATELY]
            if _FEWER * len(lately) < len(self.cuts):
                self._write()
                self._add(lately)

    def _add(self, cuts: list[_Cut]) -> None:
        """Put cuts into the program."""
        program, commodity = self.program, np.array([cut.commodity for cut in cuts])
        fixed = np.array([cut.fixed for cut in cuts])
        row = program.rows("zones pay at least", len(cuts), lower=fixed)
        program.put(row, self.toll[commodity])
        program.put(row[:, None], self.load[commodity], np.array([cut.per_load for cut in cuts]))
        program.put(row[:, None], self.is_open, np.array([cut.per_open for cut in cuts]))
        self.cuts += cuts

    def _write(self) -> None:
        """Write the program down, without cuts."""
        staged = self.staged
        _, stations, _, commodities, _ = staged.shape
        unit_t, unit = units_of(staged)
        self.program, self.cuts = Program(Sense.MAX), []
        program = self.program
        self.room = program.columns("room", stations, upper=0.0)
        self.is_open = program.columns("is open", stations, upper=0.0)
        self.load = program.columns("load", (commodities, stations))
        self.toll = program.columns("what zones pay", commodities, gain=-1.0)
        room = program.rows("room at stations", stations, upper=0.0)
        program.put(room, self.load)
        program.put(room, self.room, -1.0)
        link = program.rows("only to open stations", self.load.shape, upper=0.0)
        program.put(link, self.load)
        program.put(link, self.is_open, -self.supply_t.sum(1)[:, None] / unit_t)
        mass = program.rows("what is left is sold", self.load.shape, lower=0.0, upper=0.0)
        program.put(mass, self.load, -staged.left[:, None])
        j, r, k = np.nonzero(np.isfinite(staged.sale))
        sold = program.columns("sold", len(j), gain=staged.sale[j, r, k] * (unit_t / unit))
        program.put(mass[k, j], sold)
        limit = staged.limit_t[..., self.year] / unit_t
        limits = program.rows("limits of plants", limit.shape, upper=limit)
        program.put(limits[r, k], sold)
        self.first_cut = program.n_rows
