"""What of a plan can be read at all: rows that name nothing known are told and left out."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ainalym.errors import Issue
from ainalym.model.city import City
from ainalym.model.plan import NEVER, Flows, Installed, Plan, Worked


def legible(city: City, plan: Plan) -> tuple[Plan, tuple[Issue, ...]]:
    """Keep what of a plan can be read for this city, and tell every fault of the rest.

    Tables of a wrong shape read as empty, rows that name an unknown year, site, process or
    material are left out, and what is not a finite number reads as 0.
    """
    faults: list[Issue] = []
    years, sites = city.programme.years, len(city.sites)
    shapes = {
        "opened": ((sites,), NEVER),
        "brings_to": ((years, len(city.places)), NEVER),
        "captured_kg": ((years, sites, len(city.fractions)), 0.0),
        "subsidy_minor": ((years, sites), 0.0),
    }
    tables: dict[str, NDArray] = {}
    for name, (shape, blank) in shapes.items():
        table = getattr(plan, name)
        if table.shape != shape:
            fault = f"has shape {table.shape}, not {shape}"
            faults.append(Issue(f"table {name}", fault, "make the plan for this city"))
            table = np.full(shape, blank)
        tables[name] = table
    tables["opened"] = _opened(city, tables["opened"], faults)
    tables["subsidy_minor"] = _finite("subsidy_minor", tables["subsidy_minor"], faults)
    kept = replace(
        plan,
        **tables,
        installed=tuple(_installed(city, plan.installed, faults)),
        flows=_rows(city, "flows", plan.flows, faults),
        worked=_rows(city, "worked", plan.worked, faults),
    )
    return kept, tuple(faults)


def _opened(city: City, opened: NDArray, faults: list[Issue]) -> NDArray:
    strange = (opened < NEVER) | (opened >= city.programme.years)
    for k in np.flatnonzero(strange):
        fault = f"opens in year {opened[k]} of {city.programme.years}"
        mend = f"give a year from 0, or {NEVER} for never"
        faults.append(Issue(f"{city.sites.kind[k]} {city.sites.id[k]!r}", fault, mend))
    return np.where(strange, NEVER, opened)


def _finite(name: str, table: NDArray, faults: list[Issue]) -> NDArray:
    strange = ~np.isfinite(table)
    if strange.any():
        fault = f"{strange.sum()} entries are not finite numbers"
        faults.append(Issue(f"table {name}", fault, "give a finite amount, 0 for none"))
    return np.where(strange, 0.0, table)


def _installed(
    city: City, installed: tuple[Installed, ...], faults: list[Issue]
) -> Iterator[Installed]:
    for one in installed:
        where = f"step {one.step} of {one.process!r} at {one.site!r}"
        known = city.process.get(one.process)
        if one.site not in city.sites.row:
            faults.append(Issue(where, f"site {one.site!r} is unknown", "name a site of the city"))
        elif known is None:
            fault = f"process {one.process!r} is unknown"
            faults.append(Issue(where, fault, "name a process of the city"))
        elif not 0 <= one.step < len(known.steps):
            fault = f"{one.process!r} is sold in {len(known.steps)} steps"
            faults.append(Issue(where, fault, "count its steps from 0"))
        elif not 0 <= one.year < city.programme.years:
            fault = f"works from year {one.year} of {city.programme.years}"
            faults.append(Issue(where, fault, "give a year from 0"))
        else:
            yield one


def _rows(city: City, table: str, rows: Flows | Worked, faults: list[Issue]) -> Flows | Worked:
    counts = {
        "year": city.programme.years,
        "origin": len(city.sites),
        "target": len(city.sites),
        "site": len(city.sites),
        "process": len(city.processes),
        "material": len(city.materials),
    }
    columns = {name: getattr(rows, name) for name in rows.__dataclass_fields__}
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        faults.append(Issue(f"table {table}", f"its columns have {lengths} rows"))
        return type(rows)(**{name: column[:0] for name, column in columns.items()})
    mass_kg = columns["mass_kg"]
    good = np.isfinite(mass_kg)
    for name, column in columns.items():
        if name in counts:
            good &= (column >= 0) & (column < counts[name])
    for k in np.flatnonzero(~good):
        said = ", ".join(f"{name} {column[k]:g}" for name, column in columns.items())
        mend = "name what the city knows, and a mass"
        faults.append(Issue(f"table {table}, row {k}", f"cannot be so: {said}", mend))
    for k in np.flatnonzero(good & (mass_kg < 0)):
        fault = f"the mass is {mass_kg[k]:g} kg"
        faults.append(Issue(f"table {table}, row {k}", fault, "give a mass above 0"))
    return type(rows)(**{name: column[good] for name, column in columns.items()})
