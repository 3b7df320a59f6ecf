"""Sections of the report, in the order a planner asks: what, where, how much, how sure."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ainalym.model.city import City
from ainalym.model.place import SiteKind, SiteStatus
from ainalym.model.plan import NEVER, Outcome, Plan, Tally
from ainalym.model.travel import Travel
from ainalym.report import charts, costs, emissions, figures, flows, network
from ainalym.report.markup import Markup, tag
from ainalym.report.table import Table, to_html
from ainalym.report.words import (
    horizon,
    listed,
    material_name,
    money,
    number,
    percent,
    plural,
    site_name,
    tonnes,
    year_names,
)

LONG = 24
"""A table with more rows than this is folded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Everything a section may draw on when there is a plan."""

    city: City
    travel: Travel
    outcome: Outcome
    plan: Plan
    tally: Tally


def section(name: str, title: str, *children: object) -> Markup:
    """Make one section that the contents can lead to."""
    return tag("section", tag("h2", title), children, id=name)


def shown(table: Table, fold: str = "", *, high: bool = False) -> Markup:
    """Show a table; a long one folded under a line that says what is inside."""
    if not table.rows:
        return Markup("")
    html = to_html(table, high=high)
    if len(table.rows) <= LONG and not fold:
        return html
    line = fold or f"{table.caption} ({plural(len(table.rows) - table.sums, 'row')})"
    return tag("details", tag("summary", line), html)


def drawn(title: str, *children: object, wide: bool = False) -> Markup:
    """Show a drawing with its title; a wide one scrolls sideways on a narrow screen."""
    if wide:
        children = (
            tag("div", children, class_="wide", tabindex=0, role="region", aria_label=title),
        )
    return tag("figure", tag("figcaption", title), children)


def headline(told: Told) -> str:
    """Say what the money buys."""
    city, plan, tally = told.city, told.plan, told.tally
    opened = np.array(plan.opened) != NEVER
    new = opened & ~city.sites.has_status(SiteStatus.EXISTING)
    points = int(new[city.sites.rows(SiteKind.POINT)].sum())
    stations = int(new[city.sites.rows(SiteKind.STATION)].sum())
    kinds = [city.sites.kind[city.sites.row[step.site]] for step in plan.installed]
    presses = kinds.count(SiteKind.STOCKPILE)
    bought = [plural(points, "collection point"), plural(stations, "sorting station")]
    if presses:
        bought.append(plural(presses, "press for its stockpile", "presses for its stockpiles"))
    invested = -float(tally.money_minor["investment"].sum())
    last, thrown = year_names(city)[-1], float(tally.thrown_kg[-1].sum())
    caught, sold = float(tally.captured_kg[-1].sum()), float(tally.sold_kg[-1].sum())
    share = percent(sold / thrown) if thrown > 0 else "none"
    return (
        f"For {money(city, invested)}, {city.name} gets {listed(bought)}. "
        f"In {last} people bring {tonnes(caught)} to its points, and plants buy {tonnes(sold)} of "
        f"it: {share} of the {listed_fractions(city)} thrown away."
    )


def listed_fractions(city: City) -> str:
    """Say the fractions one after another."""
    return listed(material_name(city, f) for f in city.fractions)


def worth_line(told: Told) -> str:
    """Say what the plan is worth, and out of which budget."""
    city, tally = told.city, told.tally
    given = sum(sum(fund.amount_minor) for fund in city.programme.funds)
    value = tally.value_minor
    rate = percent(city.programme.discount_share)
    does = "is worth" if value >= 0 else "costs"
    return (
        f"Over {horizon(city)} it {does} {money(city, abs(value))} in today's money, investment "
        f"paid (discounted at {rate} a year). The budget is {money(city, given)}."
    )


def stages(told: Told) -> Markup:
    """Show the stages, each apart, with the stockpile apart from all."""
    city, tally = told.city, told.tally
    return section(
        "stages",
        "What becomes of what people throw away",
        tag(
            "p",
            "Captured, sorted, sold and made into products are four different things. "
            "They are never added up, and none of them alone is a recycling rate.",
        ),
        drawn(f"Tonnes a year by stage, mean of {horizon(city)}", charts.funnel(city, tally)),
        charts.fraction_legend(city),
        to_html(figures.stages_by_year(city, tally)),
        to_html(figures.stages_by_fraction(city, tally)),
        _stock(told),
    )


def _stock(told: Told) -> Markup | None:
    city, tally = told.city, told.tally
    rows = city.sites.rows(SiteKind.STOCKPILE)
    if not len(rows):
        return None
    names = listed(site_name(city, k) for k in rows)
    start = float(city.sites.stock_kg.sum())
    return tag(
        "div",
        tag("h3", "The stockpile, apart"),
        tag(
            "p",
            f"{names} held {tonnes(start)} at the start. Fuel made of it is never counted as "
            f"recycling: {tonnes(float(tally.fuel_kg.sum()))} are sold over {horizon(city)}, and "
            f"{tonnes(float(tally.stock_kg[-1]))} are left.",
        ),
        shown(figures.stockpile(city, tally)),
        class_="apart",
    )


def ways(told: Told) -> Markup:
    """Show the Sankey diagram."""
    drawing = flows.sankey(told.city, told.plan)
    return section(
        "flows",
        "Where it goes",
        tag(
            "p",
            "Every kilogram that points take in, followed to the end. "
            "Under the pointer, a band says its tonnes.",
        ),
        drawn(
            f"Tonnes a year by fraction and stage, mean of {horizon(told.city)}",
            flows.draw(told.city, drawing),
            wide=True,
        ),
    )


def money_section(told: Told) -> Markup:
    """Show money by year against the budget, and cost by stage and per tonne."""
    city, tally, plan = told.city, told.tally, told.plan
    entries = [
        (f"{fund.source} ({fund.covers})", charts.SHADES[f % len(charts.SHADES)])
        for f, fund in enumerate(city.programme.funds)
    ]
    return section(
        "money",
        "What it costs and earns",
        tag("p", worth_line(told)),
        tag(
            "div",
            drawn(
                "Invested by year, added up; the dark line is all the budget given by then",
                charts.spending(city, tally),
                charts.legend(entries),
                wide=True,
            ),
            drawn(
                "Income above, costs below, by year; the dark line is the balance",
                charts.cash(city, tally),
                charts.cash_legend(tally),
                wide=True,
            ),
            class_="pair",
        ),
        to_html(figures.money(city, tally)),
        _funds(told),
        to_html(costs.cost_by_stage(city, told.travel, plan, tally)),
        to_html(costs.cost_per_tonne(city, told.travel, plan, tally)),
        shown(network.built(city, plan)),
    )


def _funds(told: Told) -> Markup:
    table = figures.funds(told.city, told.tally)
    # A year in which a fund neither gets nor pays anything tells nothing new.
    return to_html(table, rows=[row for row in table.rows if row[3] or row[4]])


def keepers(told: Told) -> Markup:
    """Show how keepers fare, and which of them need a subsidy."""
    city, plan, tally = told.city, told.plan, told.tally
    needy = figures.subsidised(city, told.outcome)
    least = city.programme.keeper_minor_per_year
    open_last = tally.keeper_minor[-1][np.isfinite(tally.keeper_minor[-1])]
    last = year_names(city)[-1]
    said = (
        f"A keeper has to earn at least {money(city, least)} a year. In {last}, "
        f"{plural(len(open_last), 'point')} {'is' if len(open_last) == 1 else 'are'} open"
    )
    if len(open_last):
        middle = money(city, float(np.median(open_last)))
        alone = int((open_last >= least - 1).sum())
        said += f"; {number(alone)} earn that without help, and the middle one earns {middle}"
    yearly = plan.subsidy_minor.sum(1)
    if needy.rows:
        allowed = city.programme.subsidy_minor_per_year
        cap = f" of at most {money(city, allowed)}" if np.isfinite(allowed) else ""
        help_said = (
            f"{plural(len(needy.rows), 'point')} {'needs' if len(needy.rows) == 1 else 'need'} a "
            f"subsidy: {money(city, float(yearly.sum()))} over {horizon(city)}, "
            f"{money(city, float(yearly.max()))}{cap} in the dearest year."
        )
    else:
        help_said = "No point needs a subsidy."
    chart = charts.margins(city, told.outcome)
    title = f"Keepers' margins in {last} before subsidy, by number of points"
    return section(
        "keepers",
        "Whether keepers earn a living",
        tag("p", f"{said}."),
        tag("p", help_said),
        drawn(title, chart, wide=True) if chart else None,
        shown(needy),
        shown(figures.points(city, told.outcome)),
    )


def network_section(told: Told) -> Markup:
    """Show stations, lines and what plants buy."""
    city, plan = told.city, told.plan
    return section(
        "network",
        "Stations, lines and plants",
        to_html(network.stations(city, plan)),
        tag("p", "What is a grade already passes through a station; only the rest needs a line."),
        shown(network.lines(city, plan)),
        shown(network.sales(city, plan)),
        tag("p", f"Ways between sites: {told.travel.how}."),
    )


def climate(told: Told) -> Markup:
    """Show emissions under every factor set, and whether the sets agree."""
    city, plan, tally = told.city, told.plan, told.tally
    _, said = emissions.verdict(city, plan)
    sets = emissions.factor_sets(city)
    by_set = {s: tally.emissions_kg.get(s, {}) for s in sets}
    net = {s: sum(headings.values()) for s, headings in by_set.items()}
    agree = len({v < 0 for v in net.values()}) <= 1
    return section(
        "emissions",
        "What it does for the climate",
        tag(
            "p",
            "Published factor sets disagree. The order of the fractions by what a sold tonne of "
            "each avoids ",
            tag("strong", said, class_="verdict"),
            ".",
        ),
        tag("p", *(_climate_of(s, by_set[s]) for s in sets)),
        None
        if agree
        else tag("p", "The sets disagree even on whether the plan adds or avoids.", class_="needs"),
        to_html(emissions.totals(city, tally)),
        to_html(emissions.ranking(city, plan)),
    )


def _climate_of(name: str, headings: Mapping[str, float]) -> str:
    """Say one set's totals; fuel apart, for it is no recycling."""
    fuel = headings.get("fuel", 0.0)
    rest = sum(headings.values()) - fuel
    does = "avoids" if rest < 0 else "adds"
    said = f"Under {name}, recycling with its lorries and lines {does} {_co2e(abs(rest))}"
    if fuel:
        said += f", and the fuel made of the stockpile {'adds' if fuel > 0 else 'avoids'} "
        said += f"{_co2e(abs(fuel))}"
    return f"{said}. "


def _co2e(mass_kg: float) -> str:
    return f"{tonnes(mass_kg)} CO2e"


def people(told: Told) -> Markup:
    """Show nearness, jobs and haulage."""
    city, tally = told.city, told.tally
    last = year_names(city)[-1]
    return section(
        "people",
        "People and lorries",
        tag(
            "p",
            f"{percent(tally.near_share)} of {number(float(city.places.residents.sum()))} "
            f"residents have an open point within 500 m on foot in {last}. The network then "
            f"employs {number(float(tally.jobs[-1]))} people and keeps lorries on the road for "
            f"{number(float(tally.haul_s[-1]) / figures.SECONDS_PER_HOUR)} hours a year.",
        ),
        to_html(figures.people(city, tally)),
    )
