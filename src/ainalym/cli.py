"""The command line: one command per verb, plain sentences, honest exit codes."""

import shlex
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from ainalym.door import Door, Ticker, say_plan, say_result

MACHINE = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
QUIET = click.option("--quiet", is_flag=True, help="Print nothing but faults.")
NO_PLAN = {"infeasible": 1, "unknown": 3}
SCENARIO = click.option("--scenario", default="", metavar="NAME", help="Apply named differences.")


class Amount(click.ParamType):
    """An amount of money in major units: 210000000, 210e6 or 210_000_000."""

    name = "amount"

    def convert(self, value: object, param: object, ctx: object) -> int:
        """Read an amount into minor units."""
        try:
            amount = Decimal(str(value).replace("_", "")).scaleb(2)
        except InvalidOperation:
            self.fail(f"{value!r} is not an amount; write it in digits, such as 210000000")
        if not amount.is_finite() or amount != amount.to_integral_value():
            self.fail(f"{value!r} is finer than a hundredth")
        return int(amount)


class Share(click.ParamType):
    """A share: 0.02 or 2%."""

    name = "share"

    def convert(self, value: object, param: object, ctx: object) -> float:
        """Read a share, as a number or in percent."""
        text = str(value).strip()
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            self.fail(f"{value!r} is not a share; write 0.02 or 2%")
        if not 0 <= share < 1:
            self.fail(f"{value!r} is not between 0 and 1; write 0.02 or 2%")
        return share


def main(args: list[str] | None = None) -> None:
    """Run one command and leave with its exit code.

    0 done; 1 the answer is no; 2 the input has faults; 3 something outside failed; 70 a law of
    ours is broken; 130 interrupted.

    Parameters
    ----------
    args
        Words after `ainalym`; those of the process if None.
    """
    words = sys.argv[1:] if args is None else args
    with Door(as_json="--json" in words):
        command = shlex.join(["ainalym", *words])
        sys.exit(ainalym.main(words, prog_name="ainalym", standalone_mode=False, obj=command))


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="ainalym", message="%(prog)s %(version)s")
def ainalym() -> None:
    """Plan, run and prove a city's recycling.

    CITY is a city folder, or the name of a shipped example (`ainalym city list`).

    Exit codes: 0 done, 1 the answer is no, 2 faults in the input, 3 something outside failed, 70
    a fault of ainalym itself.
    """


@ainalym.group()
def city() -> None:
    """Check, list, copy and make city folders."""


@city.command("check")
@click.argument("folder", metavar="CITY")
@SCENARIO
@MACHINE
@QUIET
def check(folder: str, scenario: str, as_json: bool, quiet: bool) -> int:
    """Check a city folder and all its scenarios, and tell every fault at once."""
    from ainalym.study import check_city, find_city

    found = check_city(find_city(folder), scenario)
    counts = {
        "city": found.name,
        "sound": True,
        "blocks": len(found.places),
        "sites": len(found.sites),
        "materials": len(found.materials),
        "needs_local_value": [a.name for a in found.assumptions if a.needs_local_value],
    }
    said = f"{found.name} is sound: {len(found.places):,} blocks, {len(found.sites):,} sites."
    if unknown := len(counts["needs_local_value"]):
        said += f" {unknown} of {len(found.assumptions)} assumptions need a local value."
    return say_result(counts, said, as_json=as_json, quiet=quiet)


@city.command("list")
@MACHINE
def list_(as_json: bool) -> int:
    """List the shipped examples and their scenarios."""
    from ainalym.city import scenarios
    from ainalym.study import examples

    known = {name: scenarios(folder) for name, folder in examples().items()}
    lines = []
    for name, differences in known.items():
        lines.append(name)
        lines += [f"  --scenario {key}  {about}".rstrip() for key, about in differences.items()]
    return say_result(known, "\n".join(lines), as_json=as_json)


@city.command("copy")
@click.argument("name", metavar="CITY")
@click.argument("out", type=click.Path(path_type=Path))
@MACHINE
@QUIET
def copy(name: str, out: Path, as_json: bool, quiet: bool) -> int:
    """Copy a city with its scenarios into the new folder OUT, to be edited there."""
    from ainalym.study import copy_city

    copy_city(name, out)
    said = f"{name} is copied to {out}."
    return say_result({"city": name, "folder": str(out)}, said, as_json=as_json, quiet=quiet)


@city.command("from-osm")
@click.argument("extract", type=click.Path(path_type=Path), metavar="EXTRACT.osm.pbf")
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--districts",
    required=True,
    type=click.Path(path_type=Path),
    help="GeoJSON of district polygons with names.",
)
@click.option(
    "--residents",
    required=True,
    type=click.Path(path_type=Path),
    help="CSV with columns district,residents.",
)
@click.option("--template", default="", metavar="CITY", help="Gives prices, processes, plants.")
@click.option("--name", default="", help="Of the city.")
@click.option("--blocks", default=3000, show_default=True, help="Blocks to make at least.")
@click.option("--points", default=400, show_default=True, help="Candidate points to offer.")
@click.option("--stations", default=12, show_default=True, help="Candidate stations to offer.")
@MACHINE
@QUIET
def from_osm(
    extract: Path,
    out: Path,
    districts: Path,
    residents: Path,
    template: str,
    as_json: bool,
    quiet: bool,
    **wanted: object,
) -> int:
    """Make the city folder OUT from an OpenStreetMap extract and a head count."""
    from ainalym.study import city_from_osm

    with Ticker(quiet=quiet or as_json) as watch:
        made = city_from_osm(
            extract, districts, residents, out, template=template, watch=watch, **wanted
        )
    roads = 0 if made.roads is None else len(made.roads.tail)
    counts = {
        "city": made.name,
        "folder": str(out),
        "blocks": len(made.places),
        "residents": round(float(made.places.residents.sum())),
        "sites": len(made.sites),
        "roads": roads,
    }
    said = (
        f"{made.name}: {counts['blocks']:,} blocks with {counts['residents']:,} residents, "
        f"{counts['sites']:,} sites and {roads:,} stretches of road are in {out}."
    )
    return say_result(counts, said, as_json=as_json, quiet=quiet)


@ainalym.command()
@click.argument("name", metavar="CITY")
@click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path), help="Folder to write."
)
@SCENARIO
@click.option("--budget", "budget_minor", type=Amount(), help="All money for investment together.")
@click.option("--stations", type=int, help="How many stations to open.")
@click.option("--years", type=int, help="How many years to plan.")
@click.option("--objective", default="", metavar="WORD", help="value, cost, tonnes or emissions.")
@click.option("--seed", default=0, show_default=True, help="Of the search's chances.")
@click.option(
    "--limit", "limit_s", default=45.0, show_default=True, metavar="SECONDS", help="To search."
)
@click.option(
    "--gap",
    "gap_allowed",
    type=Share(),
    default="0.5%",
    show_default=True,
    help="Stop when this close to the best possible.",
)
@MACHINE
@QUIET
@click.pass_obj
def plan(
    command: str, name: str, out: Path, limit_s: float, as_json: bool, quiet: bool, **wishes: object
) -> int:
    """Plan CITY and write the plan, its tables, its map and a report into the folder OUT.

    Ctrl-C while it searches writes the best plan so far.
    """
    from ainalym.study import plan_city

    if not 0 < limit_s < 1e6:
        raise click.UsageError(f"--limit is {limit_s:g}; give seconds above 0")
    with Ticker(quiet=quiet or as_json) as watch:
        study = plan_city(name, out, seconds=limit_s, command=command, watch=watch, **wishes)
    told = study.summary
    if study.outcome.plan is None:
        # No plan is not silence: the clashing rules are the answer, so they are told even if quiet.
        say_result(told, say_plan(told), as_json=as_json)
        return NO_PLAN[study.outcome.status]
    return _show(told, out, as_json=as_json, quiet=quiet)


@ainalym.command()
@click.argument("out", type=click.Path(path_type=Path))
@MACHINE
@QUIET
def report(out: Path, as_json: bool, quiet: bool) -> int:
    """Make the report of an earlier plan again, from the folder OUT that `plan` wrote."""
    from ainalym.study import report_again

    with Ticker(quiet=quiet or as_json) as watch:
        told = report_again(out, watch=watch).summary
    return _show(told, out, as_json=as_json, quiet=quiet)


def _show(told: dict, out: Path, *, as_json: bool, quiet: bool) -> int:
    said = f"{say_plan(told)}\nreport: {out / 'report.html'}"
    return say_result(told, said, as_json=as_json, quiet=quiet)
