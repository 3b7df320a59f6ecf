"""What an extract of a street map holds that a recycling plan can use."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ainalym.model.travel import Roads


@dataclass(frozen=True, slots=True)
class Spot:
    """A premise or a plot where a site could stand.

    Attributes
    ----------
    id
        Of the object on the map: `n123` for a node, `w123` for a way, `r123` for a relation.
    name, what
        What people call it, and what the map says it is: `shop supermarket`.
    rank
        0 for what suits best, higher for what suits less.
    area_m2
        Of its outline; 0 for a node.
    """

    id: str
    name: str
    what: str
    lon: float
    lat: float
    rank: int
    area_m2: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Extract:
    """What was read from an extract of a street map.

    Attributes
    ----------
    roads, node_id
        The road graph, and what the map calls its nodes.
    home_lon, home_lat, home_m2
        Buildings that may be homes, and their floor area on all levels.
    street_lon, street_lat, street_m, street_is_home
        Pieces of streets, their lengths, and whether they are residential.
    premises
        Where points could stand.
    plots
        Where stations could stand.
    newest
        Date of the newest edit, `2026-03-01`.
    file
        Its name.
    """

    roads: Roads
    node_id: NDArray[np.int64]
    home_lon: NDArray[np.float64]
    home_lat: NDArray[np.float64]
    home_m2: NDArray[np.float64]
    street_lon: NDArray[np.float64]
    street_lat: NDArray[np.float64]
    street_m: NDArray[np.float64]
    street_is_home: NDArray[np.bool_]
    premises: tuple[Spot, ...]
    plots: tuple[Spot, ...]
    newest: str
    file: str
