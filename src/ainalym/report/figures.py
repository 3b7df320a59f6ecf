"""Tables of what a plan comes to: stages, money, keepers, people."""

import numpy as np
from numpy.typing import NDArray

from ainalym.model.city import City
from ainalym.model.place import SiteKind
from ainalym.model.plan import NEVER, Outcome, Plan, Tally
from ainalym.report.table import SHARE, YEAR, Column, Table
from ainalym.report.words import (
    digits_for,
    horizon,
    material_name,
    money_unit,
    site_name,
    year_names,
)
from ainalym.units import KG_PER_T, MINOR_PER_MAJOR

STAGES = ("thrown", "captured", "sorted", "sold", "made")
"""The stages in the order tonnes pass them; never added up, never one rate."""

SECONDS_PER_HOUR = 3600.0


def stage_kg(tally: Tally) -> dict[str, NDArray[np.float64]]:
    """Give the mass of each stage, kg, shape (years, fractions)."""
    return {stage: getattr(tally, f"{stage}_kg") for stage in STAGES}


def stages(city: City, tally: Tally) -> Table:
    """Tabulate every stage by year and fraction, with its share of what is thrown away."""
    masses = stage_kg(tally)
    rows = []
    for t, year in enumerate(year_names(city)):
        for f, fraction in enumerate(city.fractions):
            stage_t = [float(masses[s][t, f]) / KG_PER_T for s in STAGES]
            rows.append((year, material_name(city, fraction), *stage_t, *_shares(stage_t)))
    columns = (Column("year", "year", "", YEAR), Column("fraction", "fraction"))
    return Table("stages", "Stages by year and fraction", columns + _stage_columns(), tuple(rows))


def stages_by_year(city: City, tally: Tally) -> Table:
    """Tabulate the stages of all fractions together by year, with their mean."""
    masses = {s: m.sum(1) / KG_PER_T for s, m in stage_kg(tally).items()}
    rows = []
    for t, year in enumerate([*year_names(city), "mean"]):
        stage_t = [float(m[t]) if year != "mean" else float(m.mean()) for m in masses.values()]
        rows.append((year, *stage_t, *_shares(stage_t)))
    caption = "Stages by year, all fractions together"
    columns = (Column("year", "year", "", YEAR), *_stage_columns())
    return Table("stages_by_year", caption, columns, tuple(rows), sums=1)


def stages_by_fraction(city: City, tally: Tally) -> Table:
    """Tabulate the stages of each fraction as the mean of all years."""
    masses = {s: m.mean(0) / KG_PER_T for s, m in stage_kg(tally).items()}
    rows = []
    for f, fraction in enumerate(city.fractions):
        stage_t = [float(m[f]) for m in masses.values()]
        rows.append((material_name(city, fraction), *stage_t, *_shares(stage_t)))
    total = [float(m.sum()) for m in masses.values()]
    rows.append(("all", *total, *_shares(total)))
    caption = f"Stages by fraction, mean of {horizon(city)}"
    columns = (Column("fraction", "fraction"), *_stage_columns())
    return Table("stages_by_fraction", caption, columns, tuple(rows), sums=1)


def _stage_columns() -> tuple[Column, ...]:
    return (
        *(Column(f"{s}_t", s, "t/y", 0) for s in STAGES),
        *(Column(f"{s}_share", s, "of thrown", SHARE) for s in STAGES[1:]),
    )


def _shares(stage_t: list[float]) -> list[float | None]:
    return [m / stage_t[0] if stage_t[0] > 0 else None for m in stage_t[1:]]


def money(city: City, tally: Tally) -> Table:
    """Tabulate money by heading and year, with the total and what it is worth today."""
    lines = {name: np.asarray(line, float) for name, line in tally.money_minor.items()}
    net = np.sum([*lines.values()], axis=0)
    lines["all together"] = net
    lines["discounted"] = net * city.programme.discount
    scale, unit = money_unit(city.programme.currency, net)
    everything = [line / scale for line in lines.values()]
    digits = digits_for(np.concatenate(everything))
    suffix = unit.replace(" ", "_").lower()
    rows = tuple(
        (name, *(float(v) for v in line), float(line.sum()))
        for name, line in zip(lines, everything, strict=True)
    )
    columns = (
        Column("heading", "heading"),
        *(Column(f"{y}_{suffix}", y, "", max(digits, 1)) for y in year_names(city)),
        Column(f"total_{suffix}", "total", "", max(digits, 1)),
    )
    return Table("money", f"Money by heading and year, {unit}", columns, rows, sums=2)


def funds(city: City, tally: Tally) -> Table:
    """Tabulate what each fund gives and pays in each year, and what is carried over."""
    currency = city.programme.currency
    scale, unit = money_unit(
        currency, [a for fund in city.programme.funds for a in fund.amount_minor]
    )
    rows = []
    for f, fund in enumerate(city.programme.funds):
        given = np.array(fund.amount_minor, float) / scale
        spent = tally.spent_minor[f] / scale
        left = given.cumsum() - spent.cumsum()
        for t, year in enumerate(year_names(city)):
            if given[t] or abs(spent[t]) > 1e-9 or abs(left[t]) > 1e-9:
                row = (fund.source, str(fund.covers), year)
                rows.append((*row, float(given[t]), float(spent[t]), float(left[t]) + 0.0))
    suffix = unit.replace(" ", "_").lower()
    columns = (
        Column("fund", "fund"),
        Column("covers", "may pay for"),
        Column("year", "year", "", YEAR),
        Column(f"given_{suffix}", "given", unit, 1),
        Column(f"spent_{suffix}", "spent", unit, 1),
        Column(f"carried_over_{suffix}", "carried over", unit, 1),
    )
    return Table("funds", "Budget and investment by fund", columns, tuple(rows))


def open_points(city: City, plan: Plan) -> NDArray[np.int64]:
    """List the rows of points that open in any year."""
    rows = city.sites.rows(SiteKind.POINT)
    return rows[plan.opened[rows] != NEVER]


def keepers(city: City, outcome: Outcome) -> Table:
    """Tabulate what each keeper earns in each year, before and after subsidy."""
    plan, tally = _whole(outcome)
    currency = city.programme.currency
    rows = []
    for k in open_points(city, plan):
        for t in range(max(plan.opened[k], 0), city.programme.years):
            earned = float(tally.keeper_minor[t, k]) / MINOR_PER_MAJOR
            added = float(plan.subsidy_minor[t, k]) / MINOR_PER_MAJOR
            row = (site_name(city, k), city.sites.id[k], year_names(city)[t])
            rows.append((*row, earned, added, earned + added))
    columns = (
        Column("point", "point"),
        Column("id", "id"),
        Column("year", "year", "", YEAR),
        Column(f"margin_{currency.lower()}", "margin", currency, 0),
        Column(f"subsidy_{currency.lower()}", "subsidy", currency, 0),
        Column(f"earns_{currency.lower()}", "earns", currency, 0),
    )
    return Table("keepers", "Keepers' margins by year", columns, tuple(rows))


def subsidised(city: City, outcome: Outcome) -> Table:
    """Tabulate the points whose keepers need a subsidy, the dearest first."""
    plan, tally = _whole(outcome)
    currency = city.programme.currency
    given = plan.subsidy_minor > 0.5 * MINOR_PER_MAJOR
    rows = []
    for k in sorted(open_points(city, plan), key=lambda k: -float(plan.subsidy_minor[:, k].sum())):
        when = np.flatnonzero(given[:, k])
        if len(when):
            total = float(plan.subsidy_minor[:, k].sum()) / MINOR_PER_MAJOR
            mean = float(tally.keeper_minor[when, k].mean()) / MINOR_PER_MAJOR
            year = year_names(city)
            span = year[when[0]] if len(when) == 1 else f"{year[when[0]]} to {year[when[-1]]}"
            row = (site_name(city, k), city.sites.id[k], span, mean)
            rows.append((*row, total / len(when), total))
    columns = (
        Column("point", "point"),
        Column("id", "id"),
        Column("years", "years", "", YEAR),
        Column(f"margin_{currency.lower()}", "mean margin", f"{currency}/y", 0),
        Column(f"subsidy_mean_{currency.lower()}", "mean subsidy", f"{currency}/y", 0),
        Column(f"subsidy_{currency.lower()}", "subsidy in all", currency, 0),
    )
    return Table("subsidies", "Points whose keepers need a subsidy", columns, tuple(rows))


def people(city: City, tally: Tally) -> Table:
    """Tabulate jobs, haulage, residue and loss by year."""
    rows = tuple(
        (
            year,
            float(tally.jobs[t]),
            float(tally.haul_kg_km[t]) / KG_PER_T,
            float(tally.haul_s[t]) / SECONDS_PER_HOUR,
            float(tally.residue_kg[t]) / KG_PER_T,
            float(tally.loss_kg[t]) / KG_PER_T,
        )
        for t, year in enumerate(year_names(city))
    )
    columns = (
        Column("year", "year", "", YEAR),
        Column("jobs", "jobs", "people", 1 if np.any(tally.jobs % 1) else 0),
        Column("haul_t_km", "haulage", "t km", 0),
        Column("haul_h", "on the road", "lorry hours", 0),
        Column("residue_t", "to landfill", "t", 0),
        Column("loss_t", "lost in processes", "t", 0),
    )
    return Table("people", "Jobs, haulage and what is left over, by year", columns, rows)


def stockpile(city: City, tally: Tally) -> Table:
    """Tabulate fuel made of stock and what is left of it; apart from all stages."""
    rows = tuple(
        (year, float(tally.fuel_kg[t]) / KG_PER_T, float(tally.stock_kg[t]) / KG_PER_T)
        for t, year in enumerate(year_names(city))
    )
    columns = (
        Column("year", "year", "", YEAR),
        Column("fuel_t", "fuel sold", "t", 0),
        Column("stock_t", "left in the stockpile", "t", 0),
    )
    return Table("stockpile", "Stockpile: never counted as recycling", columns, rows)


def residents_served(city: City, plan: Plan) -> NDArray[np.float64]:
    """Count the residents who bring to each site in each year, shape (years, sites)."""
    out = np.zeros((city.programme.years, len(city.sites)))
    for t, point in enumerate(plan.brings_to):
        np.add.at(out[t], point[point != NEVER], city.places.residents[point != NEVER])
    return out


def points(city: City, outcome: Outcome) -> Table:
    """Tabulate the open points: where, since when, for whom, and how much they take."""
    plan, _ = _whole(outcome)
    served = residents_served(city, plan)[-1]
    caught = plan.captured_kg[-1] / KG_PER_T
    last, sites = year_names(city)[-1], city.sites
    rows = []
    for k in sorted(open_points(city, plan), key=lambda k: -float(caught[k].sum())):
        room_t = float(sites.capacity_kg_per_year[k]) / KG_PER_T
        year = city.programme.first_year + int(plan.opened[k])
        row = (site_name(city, k), sites.id[k], float(sites.lon[k]), float(sites.lat[k]))
        total_t = float(caught[k].sum())
        used = total_t / room_t if np.isfinite(room_t) else None
        rows.append((*row, year, float(served[k]), *map(float, caught[k]), total_t, used))
    columns = (
        Column("point", "point"),
        Column("id", "id"),
        Column("lon", "lon", "°", 4, on_page=False),
        Column("lat", "lat", "°", 4, on_page=False),
        Column("opened", "opens", "", YEAR),
        Column("residents", "residents", f"bring in {last}", 0),
        *(Column(f"{f}_t", material_name(city, f), f"t in {last}", 1) for f in city.fractions),
        Column("captured_t", "captured", f"t in {last}", 1),
        Column("capacity_share", "of its room", "", SHARE),
    )
    return Table("points", f"Points opened, and what they take in {last}", columns, tuple(rows))


def _whole(outcome: Outcome) -> tuple[Plan, Tally]:
    if outcome.plan is None or outcome.tally is None:
        raise ValueError(f"an outcome that is {outcome.status} has no figures")
    return outcome.plan, outcome.tally
