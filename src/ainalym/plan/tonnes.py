"""What a tonne is worth at a point: the most it is worth wherever it can go."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ainalym.model.process import LOSS
from ainalym.plan.parts import Network


def worth_of_tonnes(
    net: Network, rest: NDArray[np.float64], order: Sequence[int]
) -> NDArray[np.float64]:
    """Tell what one tonne of each material is worth at each source.

    Parameters
    ----------
    rest
        What prices leave of each column's gain, those of mass at the sources aside, shape
        (columns,); `-inf` for a column that cannot be used.
    order
        Materials so that each comes before all it is made of.

    Returns
    -------
    Shape (sources, materials, periods); 0 where nothing can be done with it.
    """
    work, lane = net.source_work, net.source_lane
    taken, value = rest[work.intake], np.zeros(net.source_mass.shape)
    for m in order:
        uses = (rest[lane.flow[:, lane.material == m]], taken[:, work.material == m])
        best = np.concatenate(uses, axis=1).max(1, initial=-np.inf)
        value[:, m] = np.where(np.isfinite(best), best, 0.0)
        name = net.city.materials[m].id
        for k, (p, source) in enumerate(zip(work.process, work.material, strict=True)):
            process, takes = net.city.processes[p], net.city.materials[source].id
            if name in process.recipe_ppm[takes] and name != LOSS:
                taken[:, k] += process.share(takes, name) * value[:, m]
    return value
