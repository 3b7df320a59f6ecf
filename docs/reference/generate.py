"""Write the reference pages that are made from the code: `python docs/reference/generate.py`."""

from collections.abc import Iterator
from pathlib import Path

import click

from ainalym.city.cells import say_range
from ainalym.city.tables import PROGRAMME, TABLES, Column, Kind, Table, waste_column
from ainalym.cli import ainalym
from ainalym.report.summary import MEANING

HERE = Path(__file__).parent

FOLDER_HEAD = """\
# A city folder

A city is a folder of tables that opens in any spreadsheet: CSV, UTF-8, commas between columns,
decimal points. Amounts are in human units: tonnes, shares, and money in the major units of the
programme's currency. `ainalym city check FOLDER` tells every fault at once, with file, row, value
and remedy. A byte order mark and Windows line ends are accepted; decimal commas are not.

A column with a value under *when empty* may be left out altogether. Columns may stand in any
order. Beside the tables, `districts.geojson` may hold a FeatureCollection of districts for maps.

"""

COMMANDS_HEAD = """\
# Commands

Every command takes `--json` to print one JSON object on standard output, and most take `--quiet`.
With `--json`, faults are one JSON object on standard error: `{"exit_code": 2, "issues": [{"where":
..., "fault": ..., "mend": ...}]}`. Progress goes to standard error.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | the answer is no: the rules clash, and are named |
| 2 | the input has faults; every one is listed |
| 3 | something outside failed: a file system, a solver, the time allowed |
| 70 | a law of ours is broken: the fault is ainalym's; `AINALYM_TRACE=1` shows where |
| 130 | interrupted before there was anything to write |
| 141 | whoever read the output left |

"""


PLAN_HEAD = """\
# A plan's folder

`ainalym plan CITY -o OUT` writes into OUT, whole or not at all:

| what | holds |
|---|---|
| `report.html` | the report: one file that opens in any browser, without a network |
| `plan.json` | the plan in brief, and all of it under `rows`, for `report` and `explain` |
| `tables/` | the report's figures as CSV, units in the headers |
| `map/` | what opens and what flows, as GeoJSON for a GIS, and a picture |
| `city/` | the city the plan was made for, scenario and wishes applied |
| `certificate.json` | [the bound's proof](../mathematics/joint.md), for `ainalym certify OUT` |

`ainalym plan --json` and `ainalym report --json` print what `plan.json` says in brief, and nothing
else. Money is in major units, masses in tonnes, both summed over the horizon. Figures of a plan are
left out where there is none; what is not known is `null`.

| entry | meaning | unit |
|---|---|---|
"""


def plan_page() -> str:
    """Describe the folder of a plan and every entry of its summary."""
    rows = (f"| `{name}` | {means} | {unit} |" for name, (means, unit) in MEANING.items())
    return PLAN_HEAD + "\n".join(rows) + "\n"


def folder_page() -> str:
    """Describe every table of a city folder."""
    return FOLDER_HEAD + "\n".join("\n".join(_table(table)) + "\n" for table in TABLES)


def commands_page() -> str:
    """Show the help of every command."""
    return COMMANDS_HEAD + "\n".join(_commands(ainalym, "ainalym", None))


def _table(table: Table) -> Iterator[str]:
    yield f"## {table.file}"
    yield ""
    marks = []
    if table.key and table is not PROGRAMME:
        marks.append(f"Key: {', '.join(f'`{name}`' for name in table.key)}.")
    if not table.needed:
        marks.append("Optional.")
    elif not table.filled:
        marks.append("May hold no rows.")
    yield " ".join([f"{table.help[0].upper()}{table.help[1:]}.", *marks])
    yield ""
    yield f"| {'key' if table is PROGRAMME else 'column'} | meaning | unit | allowed | when empty |"
    yield "|---|---|---|---|---|"
    columns = table.columns
    if table.wide:
        columns += (waste_column("<fraction>"),)
    yield from (_row(column) for column in columns)


def _row(column: Column) -> str:
    empty = {None: "a fault", "": "nothing", "inf": "no limit"}.get(column.empty, column.empty)
    cells = [f"`{column.name}`", column.help, column.unit, _allowed(column), str(empty)]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _allowed(column: Column) -> str:
    match column.kind:
        case Kind.CHOICE:
            return ", ".join(f"`{word}`" for word in column.choices)
        case Kind.NUMBER | Kind.WHOLE:
            finest = {2: ", to a hundredth", 6: ", to a millionth"}
            fine = finest.get(column.scale, "") if column.kind is Kind.WHOLE else ""
            return say_range(column) + fine
        case Kind.NUMBERS:
            return f"each {say_range(column)}"
        case Kind.LIST:
            return "each once"
        case Kind.SWITCH:
            return "`yes`, `no`"
        case _:
            return "text"


def _commands(command: click.Command, path: str, parent: click.Context | None) -> Iterator[str]:
    settings = command.context_settings
    context = click.Context(command, info_name=path.split()[-1], parent=parent, **settings)
    context.max_content_width = context.terminal_width = 100
    if not isinstance(command, click.Group) or parent is None:
        yield f"## {path}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            yield from _commands(command.commands[name], f"{path} {name}", context)


PAGES = {
    "city-folder.md": folder_page,
    "plan-folder.md": plan_page,
    "commands.md": commands_page,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")
