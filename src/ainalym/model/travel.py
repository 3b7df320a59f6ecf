"""How far it is: on foot from places to points, on wheels between sites."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ainalym.errors import law
from ainalym.model.columns import frozen


@dataclass(frozen=True, kw_only=True, eq=False)
class Roads:
    """A road graph in columns: nodes, and one-way arcs between them.

    Attributes
    ----------
    lon, lat
        Of each node, degrees, WGS 84.
    tail, head
        Node rows of each arc.
    length_m
        Length of each arc, above 0.
    travel_s
        Time a lorry needs along each arc, above 0.
    walkable
        Whether each arc may be walked (in both directions).
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    length_m: NDArray[np.float64]
    travel_s: NDArray[np.float64]
    walkable: NDArray[np.bool_]

    def __post_init__(self) -> None:
        kinds = {"tail": np.int64, "head": np.int64, "walkable": bool}
        for name in self.__dataclass_fields__:
            object.__setattr__(self, name, frozen(getattr(self, name), kinds.get(name, float)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Roads) and all(
            np.array_equal(getattr(self, n), getattr(other, n)) for n in self.__dataclass_fields__
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Travel:
    """Distances between what a city has, and how they were got.

    Attributes
    ----------
    walk_start, walk_site, walk_m
        Points within walking reach of each place, as compressed sparse rows: place `i` reaches
        site rows `walk_site[walk_start[i]:walk_start[i + 1]]` after `walk_m` metres on foot,
        nearest first.
    haul_m, haul_s
        Metres and seconds on wheels from site row to site row, shape (sites, sites); `inf` where
        no road leads.
    how
        In words: "roads of the extract", "straight line times 1.3".
    """

    walk_start: NDArray[np.int64]
    walk_site: NDArray[np.int32]
    walk_m: NDArray[np.float64]
    haul_m: NDArray[np.float64]
    haul_s: NDArray[np.float64]
    how: str

    def __post_init__(self) -> None:
        kinds = {"walk_start": np.int64, "walk_site": np.int32}
        for name in ("walk_start", "walk_site", "walk_m", "haul_m", "haul_s"):
            object.__setattr__(self, name, frozen(getattr(self, name), kinds.get(name, float)))
        law(
            self.walk_start[-1] == len(self.walk_site) == len(self.walk_m),
            said="walking rows and their columns differ in length",
        )

    @property
    def walk_place(self) -> NDArray[np.int64]:
        """The place row of each walking pair."""
        return np.repeat(np.arange(len(self.walk_start) - 1), np.diff(self.walk_start))
