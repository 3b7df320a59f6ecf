"""A city in, a folder out: all of it or nothing, the same bytes every time."""

import csv
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ainalym.city.cells import say_number, say_speed
from ainalym.city.read import OUTLINE
from ainalym.city.tables import PROGRAMME, TABLES, Column, Kind, Table, table_named, waste_column
from ainalym.errors import Issue, OutsideError, refuse
from ainalym.model.city import City
from ainalym.model.travel import Roads

Rows = Iterator[tuple]
OURS = (*(table.file for table in TABLES if table.name != "scenarios"), OUTLINE)


def write(city: City, folder: Path) -> None:
    """Write a city into a folder that reads back as the same city.

    The folder appears whole or not at all. When a city folder is there already, its tables are
    replaced and everything else in it, such as its scenarios, is kept.

    Parameters
    ----------
    city
        Any city.
    folder
        New, empty, or an earlier city folder.

    Raises
    ------
    InputError
        The folder holds something else, or a name in the city cannot be written to a table.
    OutsideError
        The file system refused.
    """
    folder = Path(folder)
    refuse(_faults(city))
    if folder.is_file() or (
        folder.is_dir() and any(folder.iterdir()) and not (folder / PROGRAMME.file).is_file()
    ):
        fault = "there is something else here that is not a city folder"
        refuse([Issue(str(folder), fault, "give a new folder")])
    with swapped_in(folder) as fresh:
        if folder.is_dir():
            keep_others(folder, fresh, OURS)
        _write_tables(city, fresh)


@contextmanager
def swapped_in(folder: Path) -> Iterator[Path]:
    """Give an empty folder to write into, and put it in place of `folder` when all went well.

    Parameters
    ----------
    folder
        What is there is replaced at the end, or left as it was when writing fails.

    Raises
    ------
    OutsideError
        The file system refused.
    """
    folder = folder.resolve()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    except OSError as error:
        raise OutsideError(f"{folder} cannot be written: {error.strerror}") from error
    fresh, old = aside / "new", aside / "old"
    try:
        fresh.mkdir()
        yield fresh
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
    except OSError as error:
        raise OutsideError(f"{folder} cannot be written: {error.strerror}") from error
    finally:
        if old.exists() and not folder.exists():
            old.rename(folder)
        shutil.rmtree(aside, ignore_errors=True)


def keep_others(folder: Path, fresh: Path, ours: tuple[str, ...]) -> None:
    """Carry over what people put into a folder that is about to be replaced.

    Parameters
    ----------
    folder
        The old one.
    fresh
        The new one.
    ours
        Names that are written anew and not carried over.
    """
    for path in folder.iterdir():
        if path.name in ours:
            continue
        if path.is_dir():
            shutil.copytree(path, fresh / path.name)
        else:
            shutil.copy2(path, fresh / path.name)


def _write_tables(city: City, folder: Path) -> None:
    _write_rows(folder / PROGRAMME.file, ("key", "value", "note"), _settings(city))
    for name, rows in _tables(city).items():
        table = table_named(name)
        columns = table.columns
        if table.wide:
            columns += tuple(waste_column(fraction) for fraction in city.places.fractions)
        said = [_say_column(c, v) for c, v in zip(columns, _turned(rows, columns), strict=True)]
        _write_rows(folder / table.file, [c.name for c in columns], zip(*said, strict=True))
    if city.outline:
        (folder / OUTLINE).write_bytes(city.outline.encode())


def _turned(rows: Rows, columns: tuple[Column, ...]) -> list:
    return list(zip(*rows, strict=True)) or [() for _ in columns]


def _write_rows(path: Path, header, rows) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _say_column(column: Column, values: tuple) -> list[str]:
    if column.kind in (Kind.NUMBER, Kind.WHOLE):
        return [say_number(value, column.scale) for value in values]
    return [_say_cell(column, value) for value in values]


def _say_cell(column: Column, value: object) -> str:
    if column.kind is Kind.NUMBERS:
        return ";".join(say_number(float(part)) for part in value)  # type: ignore[attr-defined]
    if column.kind is Kind.LIST:
        return ";".join(value)  # type: ignore[arg-type]
    if column.kind is Kind.SWITCH:
        return "yes" if value else "no"
    if column.kind in (Kind.NUMBER, Kind.WHOLE):
        return say_number(value, column.scale)  # type: ignore[arg-type]
    return str(value)


def _settings(city: City) -> Rows:
    """The rows of programme.csv."""
    p = city.programme
    values = {
        "city": city.name,
        "date": city.date,
        "name": p.name,
        "currency": p.currency,
        "first_year": p.first_year,
        "years": p.years,
        "discount_share": p.discount_share,
        "growth_share": p.growth_share,
        "stations": p.stations,
        "stations_rule": "exactly" if p.exactly else "at most",
        "objective": p.objective,
        "build_years": p.build_years,
        "target_share": p.target_share,
        "keeper_per_year": p.keeper_minor_per_year,
        "subsidy_per_year": p.subsidy_minor_per_year,
        "walk_rate": p.walk.rate,
        "walk_power": p.walk.power,
        "walk_stretch": p.walk.stretch,
        "walk_limit_m": p.walk.limit_m,
        "participation": p.walk.participation,
        "factor_set": p.factor_set,
        "detour_share": city.detour_share,
    }
    for column in PROGRAMME.columns:
        note = f"{column.help} ({column.unit})" if column.unit else column.help
        if column.name == "speed_km_per_h":
            yield column.name, say_speed(city.speed_m_per_s), note
        else:
            yield column.name, _say_cell(column, values[column.name]), note


def _tables(city: City) -> dict[str, Rows]:
    """The rows of every other table, values in our units, in the order of its columns."""
    tables: dict[str, Rows] = {
        "budget": (
            (fund.source, fund.covers, city.programme.first_year + k, amount)
            for fund in city.programme.funds
            for k, amount in enumerate(fund.amount_minor)
        ),
        "materials": (
            (m.id, m.kind, m.fraction, m.name, float(m.density_kg_per_m3), m.waste_code)
            for m in city.materials
        ),
        "counter": (
            (
                c.fraction,
                c.buyback_minor_per_kg,
                c.handling_minor_per_kg,
                c.support_minor_per_kg,
                c.capture_low,
                c.capture_high,
                c.reference_minor_per_kg,
            )
            for c in city.counters
        ),
        "gate": iter(city.programme.gate_minor_per_kg.items()),
        "offers": (
            (o.site, o.material, o.price_minor_per_kg, o.limit_kg_per_year) for o in city.offers
        ),
        "vehicles": (
            (
                h.id,
                h.origin,
                h.cost_minor_per_kg_km,
                h.cost_minor_per_kg,
                h.emissions_kg_per_kg_km,
                h.payload_kg,
            )
            for h in city.hauls
        ),
        "factors": ((f.set, f.material, f.avoided_kg_per_kg) for f in city.factors),
        "assumptions": (tuple(getattr(a, name) for name in a.__slots__) for a in city.assumptions),
    }
    tables |= _process_tables(city) | {"blocks": _blocks(city), "sites": _sites(city)}
    return tables | (_road_tables(city.roads) if city.roads else {})


def _process_tables(city: City) -> dict[str, Rows]:
    return {
        "processes": (
            (p.id, p.at, p.name, p.cost_minor_per_kg, p.emissions_kg_per_kg) for p in city.processes
        ),
        "recipes": (
            (p.id, taken, made, share)
            for p in city.processes
            for taken, outputs in p.recipe_ppm.items()
            for made, share in outputs.items()
        ),
        "steps": (
            (
                p.id,
                s.capacity_kg_per_year,
                s.capex_minor,
                s.fixed_minor_per_year,
                s.area_m2,
                s.jobs,
            )
            for p in city.processes
            for s in p.steps
        ),
    }


def _blocks(city: City) -> Rows:
    p = city.places
    columns = [p.id, p.lon.tolist(), p.lat.tolist(), p.district, p.residents.tolist()]
    return zip(*columns, *p.waste_kg_per_day.T.tolist(), strict=True)


def _sites(city: City) -> Rows:
    s = city.sites
    return zip(
        s.id,
        s.kind,
        s.status,
        s.name,
        s.lon.tolist(),
        s.lat.tolist(),
        s.capex_minor.tolist(),
        s.fixed_minor_per_year.tolist(),
        s.capacity_kg_per_year.tolist(),
        s.stock_kg.tolist(),
        s.holds,
        s.takes,
        s.jobs.tolist(),
        strict=True,
    )


def _road_tables(roads: Roads) -> dict[str, Rows]:
    arcs = (roads.tail, roads.head, roads.length_m, roads.travel_s, roads.walkable)
    return {
        "road_nodes": zip(roads.lon.tolist(), roads.lat.tolist(), strict=True),
        "roads": zip(*(column.tolist() for column in arcs), strict=True),
    }


def _faults(city: City) -> Iterator[Issue]:
    """Names that a table cannot hold, or that would read back as others."""
    for table, rows in _tables(city).items():
        if table in ("blocks", "road_nodes", "roads"):
            continue
        columns = table_named(table).columns
        for row in rows:
            for column, value in zip(columns, row, strict=True):
                yield from _faults_of_text(table_named(table), column, value)
    for name in city.places.id:
        yield from _faults_of_text(table_named("blocks"), table_named("blocks").columns[0], name)
    sources = [fund.source for fund in city.programme.funds]
    for source in sorted({s for s in sources if sources.count(s) > 1}):
        fault = f"two funds have the source {source!r}"
        yield Issue("budget.csv", fault, "give each a source of its own")


def _faults_of_text(table: Table, column: Column, value: object) -> Iterator[Issue]:
    words = value if isinstance(value, tuple) else (value,)
    for word in words:
        if not isinstance(word, str):
            continue
        if "\r" in word or "\0" in word:
            yield Issue(table.file, f"{column.name} {word!r} has odd characters", "remove them")
        if column.kind in (Kind.ID, Kind.LIST) and (word != word.strip() or not word):
            yield Issue(table.file, f"{column.name} {word!r} has spaces around it", "remove them")
        if column.kind is Kind.LIST and ";" in word:
            yield Issue(table.file, f"{column.name} {word!r} has a semicolon", "rename it")
