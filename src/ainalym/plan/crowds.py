"""Crowds: who comes to points that cannot let in all who want to.

People choose among open points and do not know which are full. So the master program says who wants
to bring where; and of the crowd that wants to come to a point, the point lets in what it has room
for in each year: no more in later years, while waste grows. That is not linear, but it is a curve
of one number, the size of the crowd; a mixture of sizes at which the curve bends is its convex
hull, and leaves a relaxed program little freedom.
"""

import numpy as np
from numpy.typing import NDArray

from ainalym.plan.keepers import counter_minor_per_kg, earned_minor_per_kg
from ainalym.plan.master import Crowds, Master
from ainalym.plan.worth import MINOR_PER_UNIT
from ainalym.plan.years import YEARS
from ainalym.units import KG_PER_T

ROOM = "the room at the points"

HAIR = 1e-9
"""Outward rounding of the shares that materials have in a crowd."""


def could_be_full(master: Master) -> NDArray[np.bool_]:
    """Whether more may come to a point, in some year, than it has room for, shape (points,)."""
    growth = master.net.city.programme.growth
    return _reach_t(master) * growth.max() > _room_t(master, slice(None))


def law_of_crowds(master: Master) -> Crowds:
    """Who wants to bring to a point is let in as far as it has room, and turned away beyond.

    Parameters
    ----------
    master
        With its columns of levels and of what people bring, and rows of mass.
    """
    net, program, city = master.net, master.net.program, master.net.city
    full = np.flatnonzero(could_be_full(master))
    periods, fractions = len(net.periods), len(city.fractions)
    at, period, comes_t, lost_t, takes = _sizes(master, full)
    lost_mean_t = (lost_t * net.periods.of_flow[period]).sum(1)
    least = _least_shares(master, full)
    most_t = np.broadcast_to(_reach_t(master)[full, None, None], (len(full), fractions, periods))
    counter = -net.worth.paid(counter_minor_per_kg(city))
    crowds = Crowds(
        full=full,
        column=program.columns(
            "crowd",
            len(at),
            gain=lost_mean_t * (least[at] * counter.T[period]).sum(1),
            upper=np.where(_is_settled(master)[period], 1.0, _reach_t(master)[full[at]]),
        ),
        at=at,
        period=period,
        comes_t=comes_t,
        lost_t=lost_t,
        lost_mean_t=lost_mean_t,
        takes=takes,
        least=least,
        other=program.columns("turned away", most_t.shape, gain=counter, upper=most_t),
        room=program.rows(ROOM, (len(full), periods), upper=0.0),
        came=program.rows(ROOM, (len(full), periods), lower=0.0, upper=0.0),
        rest=program.rows(ROOM, (len(full), periods), lower=0.0, upper=0.0),
    )
    _law_of_sizes(master, crowds)
    _turn_away(master, crowds)
    return crowds


def law_of_losses(master: Master, crowds: Crowds, lost: NDArray[np.int64]) -> None:
    """What is turned away in each of the settled years is what the crowds of all points lose.

    Parameters
    ----------
    lost
        Columns of what is turned away, t of the first year's waste, shape (fractions, years of the
        last period), as `law_of_years` returns them.
    """
    net, program = master.net, master.net.program
    last, many = len(net.periods) - 1, lost.shape[1]
    if not many:
        return
    years = net.periods.years[last]
    mine = crowds.period == last
    total = program.columns("turned away", many, upper=_reach_t(master)[crowds.full].sum())
    rows = program.rows(YEARS, many, lower=0.0, upper=0.0)
    program.put(rows, total, -1.0)
    lost_t = crowds.lost_t[mine][:, years]
    crowd, year = np.nonzero(lost_t)
    program.put(rows[year], crowds.column[mine][crowd], lost_t[crowd, year])
    # Of what is turned away each fraction has at least its share, and all have no more than all.
    least = crowds.least.min(0, initial=np.inf) if len(crowds.full) else np.zeros(len(lost))
    rows = program.rows(YEARS, lost.shape, lower=0.0)
    program.put(rows, lost, 1.0)
    program.put(rows, total, -least[:, None])
    rows = program.rows(YEARS, many, lower=0.0, upper=0.0)
    program.put(rows, lost, 1.0)
    program.put(rows, total, -1.0)
    rows = program.rows(YEARS, (len(lost), 1), lower=0.0, upper=0.0)
    program.put(rows, lost, -net.periods.of_flow[last, years])
    share = crowds.lost_mean_t[mine, None] * crowds.least[crowds.at[mine]]
    program.put(rows, crowds.column[mine], share.T)
    program.put(rows, crowds.other[:, :, last].T, 1.0)


def offered(master: Master) -> NDArray[np.float64]:
    """Tell what points that could be full offer while open, in what crowds take.

    Parameters
    ----------
    master
        With its crowds.

    Returns
    -------
    Shape (full, periods).
    """
    sizes = _room_t(master, master.crowds.full)[:, None] * master.net.periods.of_size.sum(1)
    return np.where(_is_settled(master), 1.0, sizes)


def _reach_t(master: Master) -> NDArray[np.float64]:
    """What would come to each point if it alone were open, shape (points,)."""
    return np.bincount(master.pair_point, master.mass_t.sum(1), len(master.point))


def _room_t(master: Master, rows: NDArray[np.int64] | slice) -> NDArray[np.float64]:
    """What some points can take in a year, t, shape (points,)."""
    return master.net.city.sites.capacity_kg_per_year[master.point[rows]] / KG_PER_T


def _is_settled(master: Master) -> NDArray[np.bool_]:
    """Whether nothing is opened any more after each period's first year, shape (periods,)."""
    last = master.net.city.programme.last_build_year
    return np.array([years.min() >= last or len(years) == 1 for years in master.net.periods.years])


def _sizes(master: Master, full: NDArray[np.int64]) -> tuple[NDArray, ...]:
    """Crowds to mix: their points, periods, sizes, what they lose by year, and what they take.

    While points do not change, sizes at which one more year is full, and all in reach. Where they
    may, someone who is let in, and takes room, and someone who is not.
    """
    net, growth, room_t = master.net, master.net.city.programme.growth, _room_t(master, full)
    reach_t, is_settled, parts = _reach_t(master)[full], _is_settled(master), []
    for p, years in enumerate(net.periods.years):
        for k in range(len(full)):
            if is_settled[p]:
                bends = np.unique(np.append(room_t[k] / growth[years], reach_t[k]))
                comes_t = bends[(bends > 0.0) & (bends <= reach_t[k])]
                takes, lost_t = np.ones(len(comes_t)), np.zeros((len(comes_t), len(growth)))
                over = comes_t[:, None] - room_t[k] / growth[years]
                lost_t[:, years] = np.maximum(over, 0.0)
            else:
                comes_t, takes, lost_t = (
                    np.ones(2),
                    np.array([1.0, 0.0]),
                    np.zeros((2, len(growth))),
                )
                lost_t[1, years] = 1.0
            where = np.full(len(comes_t), k), np.full(len(comes_t), p)
            parts.append((*where, comes_t, lost_t, takes))
    if not parts:
        none = np.zeros(0)
        return none.astype(np.int64), none.astype(np.int64), none, np.zeros((0, len(growth))), none
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def _least_shares(master: Master, full: NDArray[np.int64]) -> NDArray[np.float64]:
    """The least share of each fraction in what any place would bring there, (full, fractions)."""
    size_t = master.mass_t.sum(1, keepdims=True)
    share = np.divide(master.mass_t, size_t, out=np.ones_like(master.mass_t), where=size_t > 0.0)
    least = np.full((len(master.point), share.shape[1]), np.inf)
    np.minimum.at(least, master.pair_point, share)
    return np.where(np.isfinite(least[full]), least[full], 0.0) * (1.0 - HAIR)


def _law_of_sizes(master: Master, crowds: Crowds) -> None:
    """Crowds are those who bring to the point, and take no more than it offers while open."""
    net, program, full = master.net, master.net.program, crowds.full
    row = np.full(len(master.point), -1)
    row[full] = np.arange(len(full))
    mine = np.flatnonzero(row[master.pair_point] >= 0)
    into = crowds.came[row[master.pair_point[mine]]]
    program.put(into, master.brings[mine], master.mass_t[mine].sum(1)[:, None])
    program.put(crowds.came[crowds.at, crowds.period], crowds.column, -crowds.comes_t)
    program.put(crowds.room[crowds.at, crowds.period], crowds.column, crowds.takes)
    room_t, is_settled = _room_t(master, full), _is_settled(master)
    for p, years in enumerate(net.periods.years):
        level = master.level[full][:, years]
        if is_settled[p]:
            share = np.broadcast_to(net.periods.of_flow[p, years], level.shape)
        else:
            share = room_t[:, None] * net.periods.of_size[p, years]
        program.put(crowds.room[:, p, None], level, -share)


def _turn_away(master: Master, crowds: Crowds) -> None:
    """Take what is turned away out of the points' mass, and of what their keepers earn."""
    net, program = master.net, master.net.program
    earned = earned_minor_per_kg(net.city) * (KG_PER_T / MINOR_PER_UNIT)
    at, period = crowds.at, crowds.period
    point = crowds.full[at]
    share = crowds.lost_mean_t[:, None] * crowds.least[at]
    keeps = master.keeps[point, period]
    program.put(keeps, crowds.column, -share @ earned)
    program.put(master.keeps[crowds.full][:, None], crowds.other, -earned[:, None])
    for f, fraction in enumerate(net.city.fractions):
        mass = net.source_mass[:, net.material_row[fraction]]
        program.put(mass[point, period], crowds.column, -share[:, f])
        program.put(mass[crowds.full], crowds.other[:, f], -1.0)
    program.put(crowds.rest[:, None], crowds.other, -1.0)
    left = crowds.lost_mean_t * (1.0 - crowds.least[at].sum(1))
    program.put(crowds.rest[at, period], crowds.column, left)
