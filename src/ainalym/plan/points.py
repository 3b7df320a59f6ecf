"""Points for a given design in a large city: some points, but all its places.

Where stations and steps are given, a program of the likeliest points is small even with places
merged only where they see all of these points alike, which loses nothing.
"""

import numpy as np
from numpy.typing import NDArray

from ainalym.model.plan import NEVER
from ainalym.plan.choice import add_choices
from ainalym.plan.coarse import ALL, coarse_of, likely_points
from ainalym.plan.decide import Design
from ainalym.plan.known import Known
from ainalym.plan.master import Master
from ainalym.plan.settle import fix_designs
from ainalym.solve.branch import WHOLE

LIKELY = 150
"""How many points may be opened for one design, or all that look open at all."""

SURE = 0.1
"""How far from whole a point's level may be to be rounded, with others, while diving."""


def points_for(known: Known, design: Design) -> NDArray[np.int32] | None:
    """Choose points for given stations and steps by rounding a relaxed program of the likeliest.

    Parameters
    ----------
    known
        Of a large city; what it last looked at says which points are likely.
    design
        Opening years of stations, and steps.

    Returns
    -------
    Opening years of points by site row, `NEVER` for all else; None where nothing is feasible.
    """
    likely = known.likely()
    is_in = likely_points(known.whole, likely, max(LIKELY, int((likely >= 1.0).sum())))
    master = coarse_of(known.city, known.travel, known.whole, is_in, seen=ALL).master
    _hold(master, design)
    program, level = master.net.program, np.unique(master.level)
    while known.left_s > 0:
        answer = program.solve(seconds=max(1.0, known.left_s), relax=True)
        if answer.value is None:
            return None
        if add_choices(master, answer.value):
            continue
        value = answer.value.value
        off = np.minimum(value[level], 1.0 - value[level])
        if off.max(initial=0.0) <= WHOLE:
            return _opened(known, master, value)
        some = (off > WHOLE) & (off <= max(SURE, off[off > WHOLE].min()))
        whole = np.round(value[level[some]])
        program.change_bounds(level[some], whole, whole)
    return None


def _hold(master: Master, design: Design) -> None:
    """Hold stations and steps at a design, and close the lanes to all other stations."""
    net = master.net
    fix_designs(net, *design)
    shut = net.stations[design[0][net.stations] == NEVER]
    net.program.change_bounds(
        net.source_lane.flow[:, np.isin(net.source_lane.target, shut)], 0.0, 0.0
    )


def _opened(known: Known, master: Master, value: NDArray[np.float64]) -> NDArray[np.int32]:
    opened = np.full(len(known.city.sites), NEVER, np.int32)
    is_open = value[master.level] > 0.5
    some = is_open.any(1)
    opened[master.point[some]] = np.argmax(is_open[some], axis=1)
    return opened
