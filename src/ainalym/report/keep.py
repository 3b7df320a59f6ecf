"""The plan as a file: what it is in brief, and all its rows, so that it can be read again."""

import json
from collections.abc import Mapping
from dataclasses import fields
from math import inf, isfinite, nan
from pathlib import Path

import numpy as np

from ainalym.answer import Sense, Status
from ainalym.errors import OutsideError
from ainalym.model.city import City
from ainalym.model.place import SiteKind
from ainalym.model.plan import NEVER, Flows, Installed, Outcome, Plan, Tally, Worked
from ainalym.report.figures import STAGES
from ainalym.report.words import objective_unit
from ainalym.units import KG_PER_T, MINOR_PER_MAJOR

NAME = "plan.json"


def summary(city: City, outcome: Outcome) -> dict[str, object]:
    """Sum a plan up in plain values: what was proved, what opens, stages in tonnes, money.

    Parameters
    ----------
    city, outcome
        Objective and bound stay in the plan's own unit, which is named; other money is in major
        units, masses are tonnes over the whole horizon. What is not known is None.
    """
    programme = city.programme
    found: dict[str, object] = {
        "city": city.name,
        "date": city.date,
        "status": str(outcome.status),
        "goal": str(programme.objective),
        "sense": str(outcome.sense),
        "objective": _finite(outcome.objective),
        "bound": _finite(outcome.bound),
        "gap": _finite(outcome.gap),
        "unit": objective_unit(city),
        "seconds_s": round(outcome.seconds_s, 3),
        "first_year": programme.first_year,
        "years": programme.years,
        "currency": programme.currency,
    }
    if outcome.plan is not None and outcome.tally is not None:
        found |= _figures(city, outcome.plan, outcome.tally)
    return found | {"clash": list(outcome.clash), "notes": list(outcome.notes)}


def _figures(city: City, plan: Plan, tally: Tally) -> dict[str, object]:
    sites, first = city.sites, city.programme.first_year
    opened = [
        {
            "id": sites.id[k],
            "name": sites.name[k],
            "kind": str(sites.kind[k]),
            "status": str(sites.status[k]),
            "year": first + int(plan.opened[k]),
        }
        for k in np.flatnonzero(plan.opened != NEVER)
        if sites.kind[k] in (SiteKind.POINT, SiteKind.STATION)
    ]
    kinds = [site["kind"] for site in opened]
    given = sum(sum(fund.amount_minor) for fund in city.programme.funds)
    return {
        "points": kinds.count(str(SiteKind.POINT)),
        "stations": [site["id"] for site in opened if site["kind"] == SiteKind.STATION],
        "opened": opened,
        "installed": [
            {"site": s.site, "process": s.process, "step": s.step, "year": first + s.year}
            for s in plan.installed
        ],
        "stages_t": {s: float(getattr(tally, f"{s}_kg").sum()) / KG_PER_T for s in STAGES},
        "fuel_t": float(tally.fuel_kg.sum()) / KG_PER_T,
        "stock_left_t": float(tally.stock_kg[-1]) / KG_PER_T,
        "money": {
            name: float(line.sum()) / MINOR_PER_MAJOR for name, line in tally.money_minor.items()
        },
        "value": tally.value_minor / MINOR_PER_MAJOR,
        "budget": given / MINOR_PER_MAJOR,
        "subsidy": float(plan.subsidy_minor.sum()) / MINOR_PER_MAJOR,
        "emissions_t_co2e": {
            name: sum(headings.values()) / KG_PER_T for name, headings in tally.emissions_kg.items()
        },
        "near_share": tally.near_share,
    }


def plan_json(city: City, outcome: Outcome, *, command: str = "", scenario: str = "") -> str:
    """Write a plan in brief and with all its rows.

    Parameters
    ----------
    city, outcome
        As for `summary`.
    command, scenario
        What made it.
    """
    told = summary(city, outcome) | {"command": command, "scenario": scenario}
    rows = {"trail": [[_finite(v) for v in row] for row in outcome.trail]}
    if outcome.plan is not None and outcome.tally is not None:
        rows |= {"plan": _plain(outcome.plan), "tally": _plain(outcome.tally)}
    brief = json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False)
    long = json.dumps(rows, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return f'{brief[:-2]},\n "rows": {long}\n}}\n'


def read_outcome(folder: Path, city: City) -> Outcome:
    """Read back what a report folder says was found, figures included, without a recount.

    Parameters
    ----------
    folder
        A folder that `write_report` wrote.
    city
        The city it was made for.

    Raises
    ------
    OutsideError
        There is no such plan, it cannot be read, or it is of another city.
    """
    path = Path(folder) / NAME
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        outcome = _outcome(told)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutsideError(f"{path} cannot be read as a plan: {error!r}") from error
    if outcome.plan is not None and len(outcome.plan.opened) != len(city.sites):
        count = len(outcome.plan.opened)
        raise OutsideError(
            f"{path} speaks of {count} sites; {city.name} has {len(city.sites)} "
            "(give the city it was made for)"
        )
    return outcome


def _outcome(told: dict) -> Outcome:
    rows, sense = told["rows"], Sense(told["sense"])
    far = inf if sense is Sense.MAX else -inf
    return Outcome(
        status=Status(told["status"]),
        sense=sense,
        objective=nan if told["objective"] is None else told["objective"],
        bound=far if told["bound"] is None else told["bound"],
        gap=inf if told["gap"] is None else told["gap"],
        plan=_plan(rows["plan"]) if "plan" in rows else None,
        tally=_tally(rows["tally"]) if "tally" in rows else None,
        clash=tuple(told["clash"]),
        seconds_s=told["seconds_s"],
        trail=tuple(
            (s, nan if o is None else o, far if b is None else b) for s, o, b in rows["trail"]
        ),
        notes=tuple(told["notes"]),
    )


def _plan(told: dict) -> Plan:
    return Plan(
        opened=np.array(told["opened"]),
        brings_to=np.array(told["brings_to"]),
        captured_kg=_array(told["captured_kg"]),
        installed=tuple(Installed(**step) for step in told["installed"]),
        worked=Worked(**told["worked"]),
        flows=Flows(**told["flows"]),
        subsidy_minor=_array(told["subsidy_minor"]),
    )


def _tally(told: dict) -> Tally:
    arrays = {
        name: _array(value)
        for name, value in told.items()
        if isinstance(value, list) or (isinstance(value, dict) and "shape" in value)
    }
    money = {name: np.array(line, float) for name, line in told["money_minor"].items()}
    plain = {k: v for k, v in told.items() if k not in arrays and k != "money_minor"}
    return Tally(money_minor=money, **arrays, **plain)


def _plain(value: object) -> object:
    """Turn nouns and columns into plain values; sparse tables keep only what is not zero."""
    if isinstance(value, Tally):
        # Sums of nothing may come as whole numbers; figures are written as what they are.
        return {f.name: _plain(_floats(getattr(value, f.name))) for f in fields(value)}
    if isinstance(value, Installed | Flows | Worked | Plan):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f":
            return _sparse(value) if value.ndim > 1 else _exact(value)
        return value.tolist()
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return value


def _floats(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _floats(part) for name, part in value.items()}
    return np.asarray(value, float) if isinstance(value, np.ndarray) else value


def _exact(column: np.ndarray) -> list:
    return [_finite(v) for v in column.tolist()]


def _sparse(table: np.ndarray) -> dict:
    """Rows of what is neither zero nor missing, and where it is missing."""
    flat = table.ravel()
    gone = np.isnan(flat)
    kept = np.flatnonzero((flat != 0) & ~gone)
    return {
        "shape": list(table.shape),
        "at": kept.tolist(),
        "value": flat[kept].tolist(),
        "missing": np.flatnonzero(gone).tolist(),
    }


def _array(told: dict | list) -> np.ndarray:
    if isinstance(told, list):
        return np.array([nan if v is None else v for v in told], float)
    flat = np.zeros(int(np.prod(told["shape"])))
    flat[told["at"]] = told["value"]
    flat[told["missing"]] = nan
    return flat.reshape(told["shape"])


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
