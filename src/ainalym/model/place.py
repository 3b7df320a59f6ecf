"""Where people live and throw things away, and where things can be brought."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ainalym.errors import Issue, refuse
from ainalym.model.columns import faults_of_ids, faults_of_lengths, frozen


class SiteKind(StrEnum):
    """What a site is for."""

    POINT = "point"  # takes materials from people, and pays for them
    STATION = "station"  # sorts what the points ship
    PLANT = "plant"  # buys grades
    LANDFILL = "landfill"  # takes residue for a fee
    STOCKPILE = "stockpile"  # holds a finite stock from the past


class SiteStatus(StrEnum):
    """What the plan may do with a site."""

    CANDIDATE = "candidate"  # may be opened
    EXISTING = "existing"  # is open from the first year, at no capital cost
    FORCED = "forced"  # has to be opened
    FORBIDDEN = "forbidden"  # must not be opened


@dataclass(frozen=True, kw_only=True, eq=False)
class Places:
    """Places (blocks) where people live, in columns: one row a place.

    Attributes
    ----------
    id
        Names, one a place.
    lon, lat
        Degrees, WGS 84.
    residents
        People who live there, 0 or more.
    fractions
        The fractions they throw away, by material id.
    waste_kg_per_day
        What they throw away, shape (places, fractions), 0 or more.
    district
        The district each lies in; may be empty.

    Raises
    ------
    InputError
        Columns of different lengths, ids twice, or a number out of range. Every fault is listed.
    """

    id: tuple[str, ...]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    residents: NDArray[np.float64]
    fractions: tuple[str, ...]
    waste_kg_per_day: NDArray[np.float64]
    district: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in ("lon", "lat", "residents"):
            object.__setattr__(self, name, frozen(getattr(self, name)))
        waste = frozen(np.reshape(self.waste_kg_per_day, (-1, max(1, len(self.fractions)))))
        object.__setattr__(self, "waste_kg_per_day", waste)
        refuse(self._faults())

    def __len__(self) -> int:
        return len(self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Places) and _same(self, other)

    def _faults(self):
        columns = {n: getattr(self, n) for n in ("lon", "lat", "residents", "district")}
        yield from faults_of_lengths("blocks", len(self), waste=self.waste_kg_per_day, **columns)
        yield from faults_of_ids("blocks", self.id)
        yield from _faults_of_numbers("blocks", self.id, self.residents, "residents")
        for f, fraction in enumerate(self.fractions):
            column = self.waste_kg_per_day[:, f]
            yield from _faults_of_numbers("blocks", self.id, column, f"{fraction}_kg_per_day")


@dataclass(frozen=True, kw_only=True, eq=False)
class Sites:
    """Sites of every kind, existing and possible, in columns: one row a site.

    Attributes
    ----------
    id, name
        Names in the files, and what people call them.
    kind, status
        What each is for, and what the plan may do with it.
    lon, lat
        Degrees, WGS 84.
    capex_minor
        What opening costs once, minor money units.
    fixed_minor_per_year
        What being open costs a year (rent, wages), minor money units.
    capacity_kg_per_year
        The most a point can take in; `inf` for no limit. Stations get theirs from steps.
    stock_kg
        What a stockpile holds at the start; 0 elsewhere.
    holds
        The stock material of a stockpile; empty elsewhere.
    takes
        The fractions a point takes; empty elsewhere.
    jobs
        People employed when open, lines not counted.

    Raises
    ------
    InputError
        Columns of different lengths, ids twice, or a number out of range. Every fault is listed.
    """

    id: tuple[str, ...]
    name: tuple[str, ...]
    kind: tuple[SiteKind, ...]
    status: tuple[SiteStatus, ...]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    capex_minor: NDArray[np.int64]
    fixed_minor_per_year: NDArray[np.int64]
    capacity_kg_per_year: NDArray[np.float64]
    stock_kg: NDArray[np.float64]
    holds: tuple[str, ...]
    takes: tuple[tuple[str, ...], ...]
    jobs: NDArray[np.float64]

    def __post_init__(self) -> None:
        for name in ("lon", "lat", "capacity_kg_per_year", "stock_kg", "jobs"):
            object.__setattr__(self, name, frozen(getattr(self, name)))
        for name in ("capex_minor", "fixed_minor_per_year"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int64))
        refuse(self._faults())

    def __len__(self) -> int:
        return len(self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sites) and _same(self, other)

    @cached_property
    def row(self) -> dict[str, int]:
        """The row of each id."""
        return {name: k for k, name in enumerate(self.id)}

    def rows(self, kind: SiteKind) -> NDArray[np.int64]:
        """Rows of one kind, in order."""
        return np.flatnonzero(np.array([k is kind for k in self.kind], bool))

    def has_status(self, status: SiteStatus) -> NDArray[np.bool_]:
        """Tell for each row whether it has this status."""
        return np.array([s is status for s in self.status], bool)

    def _faults(self):
        count = len(self)
        names = [field for field in self.__dataclass_fields__ if field != "id"]
        yield from faults_of_lengths("sites", count, **{n: getattr(self, n) for n in names})
        yield from faults_of_ids("sites", self.id)
        for name in ("capex_minor", "fixed_minor_per_year", "stock_kg", "jobs"):
            yield from _faults_of_numbers("sites", self.id, getattr(self, name), name)
        for k, capacity_kg in enumerate(self.capacity_kg_per_year[:count]):
            if not capacity_kg > 0:
                where = f"sites/{self.id[k]}"
                fault = f"capacity_kg_per_year is {capacity_kg:g}"
                yield Issue(where, fault, "give a number above 0, or leave it empty for no limit")
        for k in range(min(count, len(self.kind))):
            where = f"sites/{self.id[k]}"
            if self.kind[k] is SiteKind.POINT and not self.takes[k]:
                yield Issue(where, "a point that takes nothing", "list fractions in column takes")
            if self.kind[k] is SiteKind.STOCKPILE and not self.holds[k]:
                yield Issue(where, "a stockpile of nothing", "name its material in column holds")


def _faults_of_numbers(table: str, ids: tuple[str, ...], column: NDArray, name: str):
    for k in np.flatnonzero(~(np.isfinite(column) & (column >= 0))):
        if k < len(ids):
            yield Issue(f"{table}/{ids[k]}", f"{name} is {column[k]:g}", "give 0 or more")


def _same(one: object, other: object) -> bool:
    fields = type(one).__dataclass_fields__  # type: ignore[attr-defined]
    pairs = ((getattr(one, name), getattr(other, name)) for name in fields)
    return all(np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b for a, b in pairs)
