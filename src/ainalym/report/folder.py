"""The folder of a report: page, plan, tables and map layers."""

import json
from collections.abc import Iterator
from pathlib import Path

from ainalym.errors import OutsideError
from ainalym.model.city import City
from ainalym.model.plan import Outcome
from ainalym.model.travel import Travel
from ainalym.report import costs, emissions, figures, network
from ainalym.report.keep import NAME, plan_json
from ainalym.report.maps import layers
from ainalym.report.page import page
from ainalym.report.picture import picture
from ainalym.report.summary import Made
from ainalym.report.table import Column, Table, to_csv


def write_report(
    city: City,
    travel: Travel,
    outcome: Outcome,
    folder: Path,
    made: Made | None = None,
) -> tuple[Path, ...]:
    """Write what was found: `report.html`, `plan.json`, `tables/*.csv` and `map/*.geojson`.

    The page is one file that opens from disk without a network. What is the same is written the
    same, byte for byte. Takes about a second for a large city.

    Parameters
    ----------
    city, travel, outcome
        The city, its distances and what was found. Without a plan the page names the rules that
        clash, and there are no tables of figures.
    folder
        Where to write; made when it is not there, and files of these names are replaced.
    made
        What made the plan, shown so that it can be made again; this very installation, by no
        command, if None.

    Returns
    -------
    The files written.

    Raises
    ------
    OutsideError
        The file system refused.
    """
    folder, made = Path(folder), made or Made()
    texts = {"report.html": page(city, travel, outcome, made)}
    texts[NAME] = plan_json(city, outcome, made)
    for table in tables(city, travel, outcome):
        texts[f"tables/{table.name}.csv"] = to_csv(table)
    for name, layer in layers(city, outcome).items():
        lines = ",\n".join(
            json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in layer["features"]
        )
        text = f'{{"type":"FeatureCollection","name":{json.dumps(name)},"features":[\n{lines}\n]}}'
        texts[f"map/{name}.geojson"] = text + "\n"
    texts["map/picture.svg"] = picture(city, outcome) + "\n"
    try:
        for name, text in texts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutsideError(f"the report cannot be written: {error}") from error
    return tuple(folder / name for name in texts)


def tables(city: City, travel: Travel, outcome: Outcome) -> Iterator[Table]:
    """Make every table of a report; only the assumptions when there is no plan."""
    yield assumptions(city)
    plan, tally = outcome.plan, outcome.tally
    if plan is None or tally is None:
        return
    yield figures.stages(city, tally)
    yield figures.money(city, tally)
    yield figures.funds(city, tally)
    yield figures.points(city, outcome)
    yield figures.keepers(city, outcome)
    yield figures.people(city, tally)
    yield figures.stockpile(city, tally)
    yield network.stations(city, plan)
    yield network.lines(city, plan)
    yield network.built(city, plan)
    yield network.flows(city, travel, plan)
    yield network.sales(city, plan)
    yield costs.cost_by_stage(city, travel, plan, tally)
    yield costs.cost_per_tonne(city, travel, plan, tally)
    yield emissions.totals(city, tally)
    yield emissions.ranking(city, plan)


def assumptions(city: City) -> Table:
    """Tabulate what was assumed, those that need a local value first."""
    names = ("name", "value", "low", "high", "unit", "year", "source", "confidence")
    ordered = sorted(city.assumptions, key=lambda a: not a.needs_local_value)
    rows = tuple(tuple(getattr(a, n) for n in names) for a in ordered)
    return Table("assumptions", "What was assumed", tuple(Column(n, n) for n in names), rows)
