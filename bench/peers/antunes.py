"""Transfer stations and one incinerator for 36 municipalities of central Portugal.

Source: Antunes, Teixeira and Coutinho (2008), Managing solid waste through discrete location
analysis: a case study in central Portugal, Journal of the Operational Research Society 59,
doi 10.1057/palgrave.jors.2602422; data and both optima as in chiclez/MSW_Portugal (taor.ipynb).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ainalym.answer import Answer, Sense
from ainalym.solve.mip import Program, Solution

COLLECTION_EUR_PER_T_KM = 0.128571
HAULAGE_EUR_PER_T_KM = 0.045
STATION_T_PER_YEAR = 182_500.0
REACH_TO_STATION_KM = (25.0, 30.0)
"""How far a municipality may lie from its station or incinerator: paper, and variant."""

REACH_TO_INCINERATOR_KM = 125.0
PER_STATION_EUR = 1e6
"""The paper's charge per station, which makes the number of stations come first."""

STATIONS_IN_VARIANT = 9
PUBLISHED_EUR = (10_327_415.82064062, 1_260_219.1368269662)
"""Optima printed in the notebook: paper, and variant."""

ASSIGNED = (
    *("Arouca", "Estarreja", "Oliveira de Azemeis", "Sao Joao da Madeira", "Sever do Vouga"),
    *("Gois", "Lousa", "Pampilhosa da Serra", "Penela", "Vila Nova Poiares", "Ansiao"),
    *("Castanheira de Pera", "Pedrogao Grande"),
)
"""Municipalities that were already assigned to an existing station."""

EXISTING = (
    *("Estarreja", "Oliveira de Azemeis", "Sever do Vouga", "Gois", "Pampilhosa da Serra"),
    "Ansiao",
)


@dataclass(frozen=True, slots=True)
class Region:
    """The municipalities: names, waste in t/year, and the two tables of distances in km."""

    names: tuple[str, ...]
    waste_t: NDArray[np.float64]
    by_collection_km: NDArray[np.float64]
    by_haulage_km: NDArray[np.float64]
    assigned: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the stations and the incinerator stand, and the answer that says so."""

    answer: Answer[Solution]
    stations: tuple[str, ...]
    incinerator: str


def read(folder: Path) -> Region:
    """Read the region from `data.xls`; the first five sheets are the paper's."""
    import xlrd

    book = xlrd.open_workbook(folder / "data.xls")
    people, collection, haulage, _, assigned = book.sheets()[:5]
    rows = [people.row_values(i) for i in range(2, 38)]
    return Region(
        names=tuple(row[1].strip() for row in rows),
        waste_t=np.array([row[3] for row in rows]),
        by_collection_km=_table(collection, first_row=3, first_column=1),
        by_haulage_km=_table(haulage, first_row=3, first_column=1),
        assigned=_table(assigned, first_row=0, first_column=0) == 1.0,
    )


def _table(sheet: object, *, first_row: int, first_column: int) -> NDArray[np.float64]:
    """Read a square of 36 numbers a side."""
    rows = range(first_row, first_row + 36)
    return np.array([sheet.row_values(i)[first_column : first_column + 36] for i in rows], float)


def design(region: Region, *, variant: bool, gap_allowed: float = 1e-8) -> Layout:
    """Place the stations and the incinerator at least cost, as the paper or its variant asks.

    The variant charges nothing per station, allows nine, and lets a municipality lie 30 km off.
    """
    n, waste = len(region.names), region.waste_t
    near = (region.by_collection_km <= REACH_TO_STATION_KM[variant]) | region.assigned
    far = region.by_haulage_km <= REACH_TO_INCINERATOR_KM
    program = Program(Sense.MIN)
    collect = COLLECTION_EUR_PER_T_KM * region.by_collection_km * waste[:, None]
    to_station = program.columns("to station", (n, n), gain=collect, upper=near, integer=True)
    to_fire = program.columns("to incinerator", (n, n), gain=collect, upper=near, integer=True)
    charge = 0.0 if variant else PER_STATION_EUR
    station = program.columns("station", n, gain=charge, upper=1.0, integer=True)
    fire = program.columns("incinerator", n, upper=1.0, integer=True)
    cost = HAULAGE_EUR_PER_T_KM * region.by_haulage_km
    haul = program.columns("haul", (n, n), gain=cost, upper=np.where(far, waste.sum(), 0.0))

    rows = program.rows("each municipality goes somewhere once", n, lower=1.0, upper=1.0)
    program.put(rows[:, None], to_station)
    program.put(rows[:, None], to_fire)
    rows = program.rows("mass at stations", n, lower=0.0, upper=0.0)
    program.put(rows, to_station, waste[:, None])
    program.put(rows[:, None], haul, -1.0)
    for name, flow, site in (
        ("only to open stations", to_station, station),
        ("only to the incinerator", to_fire, fire),
    ):
        who, where = np.nonzero(near)
        rows = program.rows(name, who.size, upper=0.0)
        program.put(rows, flow[who, where])
        program.put(rows, site[where], -1.0)
    who, where = np.nonzero(far)
    rows = program.rows("hauls end at the incinerator", who.size, upper=0.0)
    program.put(rows, haul[who, where])
    program.put(rows, fire[where], -waste.sum())
    rows = program.rows("station capacity", n, upper=0.0)
    program.put(rows, to_station, waste[:, None])
    program.put(rows, station, -STATION_T_PER_YEAR)
    program.put(program.rows("one incinerator", (), lower=1.0, upper=1.0), fire)
    who = [region.names.index(name) for name in ASSIGNED]
    where = [region.names.index(name) for name in EXISTING]
    kept = region.assigned[np.ix_(who, where)].astype(float)
    program.change_bounds(to_station[np.ix_(who, where)], kept, kept)
    if variant:
        program.put(program.rows("stations", (), upper=float(STATIONS_IN_VARIANT)), station)

    answer = program.solve(gap_allowed=gap_allowed)
    value = answer.value.value
    open_stations = tuple(region.names[k] for k in np.flatnonzero(value[station] > 0.5))
    return Layout(answer, open_stations, region.names[int(np.argmax(value[fire]))])
