"""The master of the staged network: what is built, and cuts for what each year costs then."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ainalym.answer import Sense
from ainalym.solve.mip import Program
from ainalym.solve.network_terms import Staged, units_of
from ainalym.solve.network_years import Year

_VIOLATED = 1e-3
"""Units of money by which a cut has to be violated to be worth a row."""


@dataclass(slots=True, kw_only=True, eq=False)
class Master:
    """The master program and where its parts are.

    Attributes
    ----------
    unit_t, unit
        Tonnes and money of one unit.
    level, counts
        Columns of modules installed by each year, shape (stations, modules, years), and of their
        sum over the stations, shape (modules, years).
    is_open
        Columns of whether a station takes in anything by then, shape (stations, years).
    chosen
        Columns of whether a station is ever built on, shape (stations,).
    toll
        Columns of what each year costs besides building, in money of the year, shape (years,).
    years
        The programs that tell what each year costs.
    known
        Cuts of each year: what it costs at least with nothing built, and by how much less for one
        tonne of room and for an opening at each station, shape (1 + 2 * stations,).
    """

    staged: Staged
    program: Program
    unit_t: float
    unit: float
    level: NDArray[np.int64]
    counts: NDArray[np.int64]
    is_open: NDArray[np.int64]
    chosen: NDArray[np.int64]
    toll: NDArray[np.int64]
    years: list[Year]
    known: list[list[NDArray[np.float64]]]

    @property
    def decisions(self) -> tuple[NDArray[np.int64], ...]:
        """Columns to branch on: how many of each size by when, at which stations, which where."""
        return self.counts.ravel(), self.chosen, self.level.ravel()

    def room_t(self, level: NDArray[np.float64]) -> NDArray[np.float64]:
        """What stations can handle, tonnes a year, shape (stations, years)."""
        return np.einsum("jqt,q->jt", level, self.staged.module_t)

    def building(self, level: NDArray[np.float64]) -> float:
        """What building and upkeep cost today."""
        return -float((self.program.gain[self.level] * level).sum()) * self.unit

    def cut(
        self,
        level: NDArray[np.float64],
        is_open: NDArray[np.float64],
        toll: NDArray[np.float64] | None = None,
    ) -> tuple[int, float]:
        """Add the cuts that the years make of a design, where it has room for less.

        Parameters
        ----------
        level
            Modules installed, shape (stations, modules, years).
        is_open
            How far stations are open, shape (stations, years).
        toll
            What the years are thought to cost, in units; only cuts that disagree are added.

        Returns
        -------
        How many were added, and what the design costs at least, today.
        """
        staged, program, added, cost = self.staged, self.program, 0, self.building(level)
        room_t = self.room_t(level)
        for t, year in enumerate(self.years):
            found = year.value(room_t[:, t], is_open[:, t])
            cost += found.cost * self.unit * float(staged.discount[t])
            if toll is not None and found.cost <= toll[t] + _VIOLATED:
                continue
            room = found.per_room / self.unit_t
            at_none = found.cost + room @ room_t[:, t] + found.per_open @ is_open[:, t]
            row = program.rows("a year costs at least", (), lower=at_none)
            program.put(row, self.toll[t])
            program.put(row, self.level[..., t], room[:, None] * staged.module_t)
            program.put(row, self.is_open[:, t], found.per_open)
            self.known[t].append(np.concatenate([[at_none], -room, -found.per_open]))
            added += 1
        return added, cost

    def hopes(self, designs: NDArray[np.int64]) -> NDArray[np.float64]:
        """What designs cost at least by the cuts there are, today.

        Parameters
        ----------
        designs
            How many modules are built, shape (designs, stations, modules, years).
        """
        level = np.cumsum(designs, axis=3)
        cost = -np.einsum("njqt,jqt->n", level, self.program.gain[self.level])
        room_t = np.einsum("njqt,q->njt", level, self.staged.module_t)
        one, least = np.ones((len(designs), 1)), _least(self.staged)
        for t, cuts in enumerate(self.known):
            at = np.concatenate([one, room_t[..., t], level[..., t].any(2)], axis=1)
            at_least = -least[t]
            if cuts:
                at_least = (at @ np.array(cuts).T).max(1, initial=at_least)
            cost += at_least * self.staged.discount[t]
        return cost * self.unit


def master_of(staged: Staged) -> Master:
    """Write down the master program; nothing built costs what it costs to bury everything."""
    _, stations, _, _, years = staged.shape
    sizes = len(staged.module_t)
    unit_t, unit = units_of(staged)
    program = Program(Sense.MAX)
    none_after = np.zeros((stations, sizes, 1))
    cost = staged.upkeep_of - np.diff(staged.capex_of, axis=2, append=none_after)
    most = float(staged.most_modules)
    master = Master(
        staged=staged,
        program=program,
        unit_t=unit_t,
        unit=unit,
        level=program.columns("level", cost.shape, gain=-cost / unit, upper=most, integer=True),
        counts=program.columns("how many modules", (sizes, years), integer=True),
        is_open=program.columns("is open", (stations, years), upper=1.0),
        chosen=program.columns("is chosen", stations, upper=1.0, integer=True),
        toll=program.columns("a year costs", years, gain=-staged.discount, lower=-_least(staged)),
        years=[Year(staged, t) for t in range(years)],
        known=[[] for _ in range(years)],
    )
    _law_of_building(master)
    return master


def _least(staged: Staged) -> NDArray[np.float64]:
    """Units that no year can earn more than: all that is left sold at its best price."""
    _, unit = units_of(staged)
    best = np.maximum(np.max(staged.sale, axis=(0, 1), initial=0.0), 0.0)
    return np.einsum("zkt,k,k->t", staged.supply_t, staged.left, best) / unit


def _law_of_building(master: Master) -> None:
    """What is built stays; stations and modules are few; money is spent once."""
    staged, program, level = master.staged, master.program, master.level
    for columns, most in ((level, float(staged.most_at_once)), (master.is_open, 1.0)):
        rising = program.rows("what is built stays", columns.shape, lower=0.0, upper=most)
        program.put(rising, columns)
        program.put(rising[..., 1:], columns[..., :-1], -1.0)
    counted = program.rows("how many modules", master.counts.shape, lower=0.0, upper=0.0)
    program.put(counted, master.counts, -1.0)
    program.put(counted[None], level)
    opening = program.rows("open as far as built", master.is_open.shape, upper=0.0)
    program.put(opening, master.is_open)
    program.put(opening[:, None], level, -1.0)
    chosen = program.rows("open where chosen", len(level), upper=0.0)
    program.put(chosen, master.is_open[:, -1])
    program.put(chosen, master.chosen, -1.0)
    many = program.rows("modules of a station", len(level), upper=0.0)
    program.put(many[:, None], level[..., -1])
    program.put(many, master.chosen, -float(staged.most_modules))
    few = program.rows("stations", (), upper=float(staged.most_stations))
    program.put(few, master.chosen)
    spent = program.rows("budget", len(staged.budget), upper=staged.budget / master.unit)
    program.put(spent, level, staged.capex[..., None] / master.unit)
