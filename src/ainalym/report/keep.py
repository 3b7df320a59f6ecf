"""The plan as a file: what it is in brief, and all its rows, so that it can be read again."""

import json
from collections.abc import Mapping
from dataclasses import fields
from math import inf, nan
from pathlib import Path

import numpy as np

from ainalym.answer import Sense, Status
from ainalym.errors import OutsideError
from ainalym.model.city import City
from ainalym.model.plan import Flows, Installed, Outcome, Plan, Tally, Worked
from ainalym.report.summary import Made, finite, summary

NAME = "plan.json"


def plan_json(city: City, outcome: Outcome, made: Made | None = None) -> str:
    """Write a plan in brief, as `summary` gives it, and under `rows` all of it.

    The brief is in units people read; the rows keep the plan's own: kilograms, minor money
    units, years counted from 0.

    Parameters
    ----------
    city, outcome, made
        As for `summary`.
    """
    rows: dict[str, object] = {
        "objective": finite(outcome.objective),
        "bound": finite(outcome.bound),
        "trail": [[finite(v) for v in row] for row in outcome.trail],
    }
    if outcome.plan is not None and outcome.tally is not None:
        rows |= {"plan": _plain(outcome.plan), "tally": _plain(outcome.tally)}
    brief = json.dumps(summary(city, outcome, made), ensure_ascii=False, indent=1, allow_nan=False)
    long = json.dumps(rows, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return f'{brief[:-2]},\n "rows": {long}\n}}\n'


def read_outcome(folder: Path, city: City) -> tuple[Outcome, Made]:
    """Read back what a report folder says was found, figures included, and what made it.

    Nothing is recounted.

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
        versions = dict(told["versions"])
        made = Made(command=told["command"], scenario=told["scenario"], versions=versions)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise OutsideError(f"{path} cannot be read as a plan: {error!r}") from error
    if outcome.plan is not None and len(outcome.plan.opened) != len(city.sites):
        count = len(outcome.plan.opened)
        raise OutsideError(
            f"{path} speaks of {count} sites; {city.name} has {len(city.sites)} "
            "(give the city it was made for)"
        )
    return outcome, made


def _outcome(told: dict) -> Outcome:
    rows, sense = told["rows"], Sense(told["sense"])
    far = inf if sense is Sense.MAX else -inf
    return Outcome(
        status=Status(told["status"]),
        sense=sense,
        objective=nan if rows["objective"] is None else rows["objective"],
        bound=far if rows["bound"] is None else rows["bound"],
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
    return [finite(v) for v in column.tolist()]


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
