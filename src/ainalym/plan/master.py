"""The parts of the master program: who brings where, and who comes to points that are full."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ainalym.plan.households import Pairs
from ainalym.plan.parts import Network

ANY = -1
"""Stands for the station and the kin of a cut that is of a pair of place and point."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crowds:
    """Crowds of different sizes at the points that could be full, of which mixtures are made.

    Attributes
    ----------
    full
        The points that could be full, as rows of the master's points, shape (full,).
    column
        The share of each crowd in the mixture at its point, shape (crowds,).
    at, period
        Row of its point in `full`, and its period, shape (crowds,).
    comes_t
        How much wants to come, t of the first year's waste, shape (crowds,).
    lost_t
        How much of that is turned away each year, shape (crowds, years), and in the mean of the
        period's years: `lost_mean_t`, shape (crowds,).
    takes
        How much it takes of what a point offers that is open, shape (crowds,).
    least
        The least share of each fraction in what is turned away there, shape (full, fractions).
    other
        Columns of what is turned away beyond these shares, t, shape (full, fractions, periods).
    room, came, rest
        Rows by which crowds take no more than an open point offers; are those who bring there; and
        by which shares make up the whole of what is turned away; shape (full, periods).
    """

    full: NDArray[np.int64]
    column: NDArray[np.int64]
    at: NDArray[np.int64]
    period: NDArray[np.int64]
    comes_t: NDArray[np.float64]
    lost_t: NDArray[np.float64]
    lost_mean_t: NDArray[np.float64]
    takes: NDArray[np.float64]
    least: NDArray[np.float64]
    other: NDArray[np.int64]
    room: NDArray[np.int64]
    came: NDArray[np.int64]
    rest: NDArray[np.int64]

    @property
    def rows(self) -> tuple[NDArray[np.int64], ...]:
        """All rows that are of single points."""
        return self.room, self.came, self.rest


@dataclass(slots=True, kw_only=True, eq=False)
class Master:
    """The master program: the network, levels of the points, and who brings where.

    Attributes
    ----------
    point
        Site rows of the points that may open, shape (points,); they are the network's sources.
    level
        Columns of each point's level, shape (points, years).
    pair_point
        The point of each pair, as a row of `point`, shape (pairs,).
    mass_t
        What each pair brings in the first year, by fraction, shape (pairs, fractions).
    brings
        Columns of the share of its waste that a place brings there, shape (pairs, periods).
    kin, most_t
        Sets of materials made of each other at points, shape (kins, materials), and the most
        that a point can take in of what becomes each, t in the first year, shape (points, kins).
    cut
        Whether the row that ties what a point ships to a station being open is written, shape
        (points, stations, kins, periods).
    chosen
        Whether the row by which a place brings little past a point is written, shape (pairs,
        periods).
    cuts
        Those rows in the order in which they were written, each batch as rows of point, station,
        kin and period; or of pair, `ANY`, `ANY` and period; shape (cuts, 4).
    """

    net: Network
    pairs: Pairs
    point: NDArray[np.int64]
    level: NDArray[np.int64]
    pair_point: NDArray[np.int64]
    mass_t: NDArray[np.float64]
    brings: NDArray[np.int64]
    kin: NDArray[np.bool_]
    most_t: NDArray[np.float64]
    cut: NDArray[np.bool_]
    chosen: NDArray[np.bool_]
    cuts: list[NDArray[np.int64]] = field(default_factory=list)
    rising: NDArray[np.int64] = field(init=False)
    """Rows by which a point that is open stays open, shape (points, years of building - 1)."""
    once: NDArray[np.int64] = field(init=False)
    """Rows by which a place brings once, shape (places, periods)."""
    under: NDArray[np.int64] = field(init=False)
    """Rows by which it brings to what is open, shape (pairs, periods)."""
    crowds: Crowds = field(init=False)
    """Who comes to the points that could be full."""
    keeps: NDArray[np.int64] = field(init=False)
    """Rows of the keepers' least earnings, shape (points, periods)."""
