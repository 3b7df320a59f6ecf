"""The page: one HTML file that needs nothing else, opens from disk, and says what it rests on."""

import base64
import hashlib
import json
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template

from ainalym.errors import law
from ainalym.model.city import City
from ainalym.model.plan import Outcome
from ainalym.model.travel import Travel
from ainalym.report import charts, sections
from ainalym.report.maps import group_names, page_data
from ainalym.report.markup import Markup, inline_json, inline_script, tag
from ainalym.report.picture import picture
from ainalym.report.sections import Told, section
from ainalym.report.summary import Made
from ainalym.report.table import Column, Table, to_html
from ainalym.report.words import (
    badge,
    horizon,
    number,
    percent,
    plural,
    proof,
    tonnes,
    worth,
    year_names,
)

LAYERS = (
    ("blocks", "blocks", "#9db3a8", True),
    ("catchments", "who brings where", "#86a296", True),
    ("points", "points, by tonnes", "#0b6b5d", True),
    ("stations", "sorting stations", "#1d2327", True),
    ("plants", "plants, landfill, stockpile", "#3b73b9", True),
    ("flows", "flows, by tonnes", "#6fa79c", True),
    ("unused", "sites not chosen", "#7d8780", False),
)
"""Layers of the map: id, name, colour in the legend, whether shown at first."""


def page(city: City, travel: Travel, outcome: Outcome, made: Made) -> str:
    """Write the whole report as one HTML file.

    Parameters
    ----------
    city, travel, outcome
        The city, its distances and what was found; an outcome without a plan gets a page that
        says why.
    made
        What made the plan.
    """
    engine = inline_script(_wheel("maplibre-gl.js"))
    script = inline_script(_static("map.js"))
    title = f"{city.name}: {city.programme.name or 'plan'}"
    filled = {
        "policy": _policy(engine, script),
        "title": tag("x", title)[3:-4],
        "map_style": _wheel("maplibre-gl.css").replace("</style", "<\\/style"),
        "style": _static("report.css"),
        "body": _body(city, travel, outcome, made),
        "data": inline_json(page_data(city, outcome)),
        "map_engine": engine,
        "script": script,
    }
    return Template(_static("page.html")).substitute(filled)


def _policy(*scripts: str) -> str:
    """What the page may do: run these very scripts and the map's worker; load nothing."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'"
        for s in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; worker-src blob:; child-src blob:; "
        "style-src 'unsafe-inline'; img-src data: blob:; connect-src blob: data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _static(name: str) -> str:
    return files("ainalym.report").joinpath("static", name).read_text(encoding="utf-8")


def _wheel(name: str) -> str:
    # Found, not imported: importing it logs warnings about extras that nobody here needs.
    found = find_spec("maplibre")
    law(found is not None and bool(found.submodule_search_locations), said="no maplibre wheel")
    folder = found.submodule_search_locations[0]  # type: ignore[union-attr,index]
    return Path(folder, "srcjs", name).read_text(encoding="utf-8")


def _body(city: City, travel: Travel, outcome: Outcome, made: Made) -> Markup:
    told = None
    if outcome.plan is not None and outcome.tally is not None:
        told = Told(
            city=city, travel=travel, outcome=outcome, plan=outcome.plan, tally=outcome.tally
        )
    parts = [_map(city, outcome)]
    if told is not None:
        parts += [
            sections.stages(told),
            sections.ways(told),
            sections.money_section(told),
            sections.keepers(told),
            sections.network_section(told),
            sections.climate(told),
            sections.people(told),
        ]
    parts += [_assumed(city), _proven(city, outcome), _made(made)]
    return Markup(
        _top(city, outcome, told, made.scenario)
        + _contents(has_plan=told is not None)
        + tag("main", parts, id="content")
        + tag("footer", tag("p", f"Made by Ainalym {made.versions.get('ainalym', '')}."))
    )


def _top(city: City, outcome: Outcome, told: Told | None, scenario: str) -> Markup:
    of_scenario = f", scenario {scenario}" if scenario else ""
    name = f"{city.name}, {city.programme.name}, {horizon(city)}{of_scenario}"
    if told is not None:
        lead, numbers = sections.headline(told), _cards(told)
    else:
        lead, numbers = "There is no plan.", None
        if outcome.clash:
            lead = "There is no plan: these rules cannot hold together."
    shade = "badge" if outcome.status == "optimal" else "badge open"
    shade = shade if told is not None else "badge none"
    return tag(
        "header",
        tag("h1", name),
        tag("p", lead, class_="lead"),
        tag("ul", [tag("li", rule) for rule in outcome.clash], class_="rules")
        if outcome.clash
        else None,
        tag(
            "div",
            tag("span", badge(outcome), class_=shade),
            tag("p", proof(city, outcome)),
            class_="proof",
        ),
        numbers,
        class_="top",
    )


def _cards(told: Told) -> Markup:
    city, tally = told.city, told.tally
    last, thrown = year_names(city)[-1], max(float(tally.thrown_kg[-1].sum()), 1e-12)
    cards = []
    for stage in ("captured", "sorted", "sold", "made"):
        mass_kg = float(getattr(tally, f"{stage}_kg")[-1].sum())
        note = f"in {last}; {percent(mass_kg / thrown)} of what is thrown away"
        name = "made into products" if stage == "made" else stage
        value = tag("dd", tonnes(mass_kg), tag("small", note))
        cards.append(tag("div", tag("dt", name), value))
    near = tag("dd", percent(tally.near_share), tag("small", "of residents within 500 m"))
    cards.append(tag("div", tag("dt", "near a point"), near))
    return tag("dl", cards, class_="cards")


def _contents(*, has_plan: bool) -> Markup:
    names = [("map", "Map")]
    if has_plan:
        names += [("stages", "Stages"), ("flows", "Flows"), ("money", "Money")]
        names += [("keepers", "Keepers"), ("network", "Network"), ("emissions", "Climate")]
        names += [("people", "People")]
    names += [("assumed", "Assumed"), ("proven", "Proof"), ("made", "Made by")]
    items = [tag("li", tag("a", name, href=f"#{key}")) for key, name in names]
    return tag("nav", tag("ul", items), class_="toc", aria_label="Contents")


def _map(city: City, outcome: Outcome) -> Markup:
    boxes = [
        tag(
            "label",
            tag("input", type="checkbox", id=f"layer-{key}", checked=shown or outcome.plan is None),
            _swatch(colour),
            name,
        )
        for key, name, colour, shown in LAYERS
    ]
    groups = [tag("option", "all together", value="")]
    groups += [tag("option", name, value=k) for k, (_, name) in enumerate(group_names(city))]
    flow_colours = (
        ("to a station", "#0b6b5d"),
        ("to a plant", "#3b73b9"),
        ("to the landfill", "#c08a3e"),
        ("from a stockpile", "#5b5249"),
    )
    year = tag("output", year_names(city)[-1], id="map-year-said", for_="map-year")
    slider = tag(
        "input", type="range", id="map-year", min=0, max=city.programme.years - 1, step=1,
        value=city.programme.years - 1, aria_label="Year shown on the map",
    )  # fmt: skip
    panel = tag(
        "div",
        tag("fieldset", tag("legend", "Year ", year), slider),
        tag("fieldset", tag("legend", "Layers"), boxes, class_="layers"),
        tag(
            "fieldset",
            tag("legend", "Material"),
            tag("select", groups, id="map-group", aria_label="Material of points and flows"),
        ),
        charts.legend([*flow_colours]),
        id="map-panel",
    )
    hint = tag("p", "Touch or click a point, block, station or flow to read its figures.")
    detail = tag("div", hint, id="detail", aria_live="polite")
    return section(
        "map",
        "Where",
        tag(
            "div",
            tag("div", picture(city, outcome), class_="ground"),
            tag("aside", panel, detail, aria_label="Map controls and details"),
            class_="mapbox",
        ),
        tag("p", tag("small", _credits(city))),
    )


def _swatch(colour: str) -> Markup:
    swatch = tag("rect", width=10, height=10, rx=2, fill=colour)
    return tag("svg", swatch, viewBox="0 0 10 10", class_="swatch", aria_hidden="true")


def _credits(city: City) -> str:
    """Whose outlines the map shows, as their file says; it must be said wherever they are shown."""
    try:
        told = json.loads(city.outline) if city.outline else {}
    except ValueError:
        told = {}
    said = dict.fromkeys(
        str(value)
        for feature in [told, *told.get("features", [])]
        for key, value in {**feature, **(feature.get("properties") or {})}.items()
        if key in ("note", "source", "attribution", "license", "licence") and value
    )
    outlines = f" Districts: {'; '.join(said)}." if said else ""
    return (
        "The map shows the last year at first. Sizes of points and widths of flows grow with "
        f"tonnes; lines are drawn straight or bent, not along streets.{outlines}"
    )


def _assumed(city: City) -> Markup:
    needs = [a for a in city.assumptions if a.needs_local_value]
    rest = [a for a in city.assumptions if not a.needs_local_value]
    columns = tuple(
        Column(name, name) for name in ("name", "value", "unit", "range", "year", "source", "trust")
    )

    def rows(some: list) -> tuple:
        return tuple(
            (a.name.replace("_", " "), a.value, a.unit, _range(a), a.year, a.source, a.confidence)
            for a in some
        )

    first = Table("assumptions", "Numbers nobody has measured here yet", columns, rows(needs))
    others = Table("assumptions", "Numbers with a source", columns, rows(rest))
    said = (
        f"{number(len(needs))} of {plural(len(city.assumptions), 'number')} "
        f"{'needs' if len(needs) == 1 else 'need'} a local value: guesses stand in for what "
        "nobody has measured here yet."
    )
    if city.assumptions and not needs:
        said = f"{plural(len(rest), 'number')} with a source; none needs a local value."
    elif not city.assumptions:
        said = "The city's files name no assumptions."
    return section(
        "assumed",
        "What was assumed",
        tag("p", said, class_="needs" if needs else None),
        to_html(first, high=True) if needs else None,
        sections.shown(others, high=True, fold=f"{plural(len(rest), 'number')} with a source"),
        tag("p", f"The city's tables speak of {city.date}."),
    )


def _range(assumption: object) -> str:
    low, high = assumption.low, assumption.high  # type: ignore[attr-defined]
    return f"{low} to {high}" if low and high else low or high


def _proven(city: City, outcome: Outcome) -> Markup:
    chart = charts.trail(city, outcome)
    rows = (
        ("status", str(outcome.status)),
        ("objective", f"{city.programme.objective}: {worth(city, outcome.objective)}"),
        ("no plan beats", worth(city, outcome.bound)),
        ("gap", percent(outcome.gap)),
        ("time", f"{number(outcome.seconds_s, 1)} s"),
    )
    table = Table(
        "proof", "What was proved", (Column("what", "what"), Column("value", "value")), rows
    )
    return section(
        "proven",
        "How it was proven",
        tag("p", proof(city, outcome)),
        tag(
            "p",
            "The limit holds for points and network together. Mass, money and every rule are "
            "recomputed from the plan's own rows without the solver; the worth shown is that of "
            "the recount.",
        ),
        to_html(table),
        sections.drawn("Worth and limit while the search ran", chart, wide=True) if chart else None,
        _notes(outcome),
    )


def _notes(outcome: Outcome) -> Markup | None:
    """Say once each what a reader must know to believe the figures."""
    if not outcome.notes:
        return None
    notes = [tag("li", note) for note in dict.fromkeys(outcome.notes)]
    return tag("div", tag("h3", "To know with these figures"), tag("ul", notes))


def _made(made: Made) -> Markup:
    versions = ", ".join(f"{name} {number}" for name, number in made.versions.items())
    files_said = (
        "Beside this page lie plan.json, the tables as CSV in tables/ and the map layers as "
        "GeoJSON in map/; a GIS opens them as they are."
    )
    if made.is_certified:
        files_said += (
            " certificate.json holds the proof of the plan's limit: `ainalym certify` with this"
            " folder checks it, without a solver."
        )
    return section(
        "made",
        "What made this",
        tag("pre", tag("code", made.command)) if made.command else None,
        tag("p", f"Scenario: {made.scenario or 'none'}. Versions: {versions}."),
        tag("p", files_said),
    )
