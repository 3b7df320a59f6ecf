"""The command line: one command per verb, plain sentences, honest exit codes."""

import shlex
import sys
from collections.abc import Callable
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from ainalym.bench import bench
from ainalym.books import book
from ainalym.door import (
    INTERRUPTED,
    MACHINE,
    QUIET,
    Door,
    Ticker,
    say_certified,
    say_explained,
    say_plan,
    say_result,
)
from ainalym.serve import serve

NO_PLAN = {"infeasible": 1, "unknown": 3}
"""The exit code when there is no plan, by why."""

SCENARIO = click.option(
    "--scenario",
    default="",
    metavar="NAME",
    help="Apply the city's differences of this name (`ainalym city list` shows the examples').",
)


class Amount(click.ParamType):
    """An amount of money in major units: 210000000, 210e6 or 210_000_000."""

    name = "amount"

    def __init__(self, *, above_zero: bool = False) -> None:
        self.above_zero = above_zero

    def convert(self, value: object, param: object, ctx: object) -> int:
        """Read an amount into minor units."""
        try:
            amount = Decimal(str(value).replace("_", "")).scaleb(2)
        except InvalidOperation:
            self.fail(f"{value!r} is not an amount; write it in digits, such as 210000000")
        if not amount.is_finite() or amount != amount.to_integral_value():
            self.fail(f"{value!r} is finer than a hundredth")
        if self.above_zero and amount <= 0:
            self.fail(f"{value!r} is not above 0; give the money that is added")
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


class Seconds(click.ParamType):
    """Seconds of wall time, above 0."""

    name = "seconds"

    def convert(self, value: object, param: object, ctx: object) -> float:
        """Read seconds."""
        try:
            seconds_s = float(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a number; give seconds, such as 60")
        if not 0 < seconds_s < 1e6:
            self.fail(f"{value!r} is not a time; give seconds above 0, at most a million")
        return seconds_s


def limit(help_: str) -> Callable:
    """Make the option that says how long to search."""
    return click.option(
        "--limit",
        "limit_s",
        type=Seconds(),
        default="40",
        show_default=True,
        metavar="SECONDS",
        help=help_,
    )


def gap(default: str, help_: str) -> Callable:
    """Make the option that says how close to the best possible is close enough."""
    return click.option(
        "--gap", "gap_allowed", type=Share(), default=default, show_default=True, help=help_
    )


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


@click.group(
    commands=[bench, book, serve],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="ainalym", message="%(prog)s %(version)s")
def ainalym() -> None:
    """Plan, run and prove a city's recycling.

    CITY is a city folder, or the name of a shipped example (`ainalym city list`).

    \b
    Begin with
      ainalym city copy toy mycity       tables to edit in a spreadsheet
      ainalym city check mycity          every fault: file, row, value and remedy
      ainalym plan mycity -o out         the plan and its report, out/report.html
      ainalym explain out --site A       what it costs to do without a site

    Money is in major units of the city's currency (tenge, not tiyn), masses are in tonnes, times in
    seconds. Every command takes --json, which prints one object on standard output; progress and
    faults go to standard error.

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
    """Check a city folder and all its scenarios, and tell every fault at once.

    \b
    Examples:
      ainalym city check mycity
      ainalym city check almaty --scenario prices-low --json
    """
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
    """Copy a city with its scenarios into the new folder OUT, to be edited there.

    \b
    Example:
      ainalym city copy almaty mycity
    """
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
    help="GeoJSON of district polygons with names, in degrees.",
)
@click.option(
    "--residents",
    required=True,
    type=click.Path(path_type=Path),
    help="CSV with columns district,residents: official head counts.",
)
@click.option(
    "--template",
    default="",
    metavar="CITY",
    help="Gives what no map tells: programme, prices, processes, plants. The shipped almaty if "
    "left out.",
)
@click.option("--name", default="", help="Of the city; that of the extract if left out.")
@click.option("--blocks", default=3000, show_default=True, help="How many blocks to make at least.")
@click.option(
    "--points", default=400, show_default=True, help="How many candidate points to offer."
)
@click.option(
    "--stations", default=12, show_default=True, help="How many candidate stations to offer."
)
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
    """Make the city folder OUT from an OpenStreetMap extract and a head count.

    \b
    Example:
      ainalym city from-osm almaty.osm.pbf mycity --districts d.geojson --residents r.csv
    """
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
@click.option(
    "--budget",
    "budget_minor",
    type=Amount(),
    help="All money for investment together, in major units (210e6 is 210 million); spread over "
    "sources and years as the city's.",
)
@click.option("--stations", type=int, help="How many sorting stations to open.")
@click.option("--years", type=int, help="How many years to plan, 1 to 50.")
@click.option(
    "--objective",
    default="",
    metavar="WORD",
    help="What to make as good as possible: value (net present, money), cost (under the recovery "
    "target, money), tonnes (sold) or emissions (t CO2e).",
)
@limit("How long to search.")
@gap("0.5%", "Stop when proven this close to the best possible; 0 searches for the very best.")
@MACHINE
@QUIET
@click.pass_obj
def plan(
    command: str, name: str, out: Path, limit_s: float, as_json: bool, quiet: bool, **wishes: object
) -> int:
    """Plan CITY and write the plan, its tables, its map and a report into the folder OUT.

    While it searches, standard error says how long, the best plan's worth, the bound that no plan
    can beat, and the gap between them. Ctrl-C then writes the best plan so far.

    \b
    Examples:
      ainalym plan almaty -o out/almaty
      ainalym plan mycity -o out --stations 3 --budget 210e6 --years 8 --limit 300 --gap 2%
      ainalym plan almaty -o out/low --scenario prices-low --objective tonnes --json
    """
    from ainalym.study import plan_city

    with Ticker(quiet=quiet or as_json) as watch:
        study = plan_city(name, out, seconds=limit_s, command=command, watch=watch, **wishes)
    told = study.summary
    if study.outcome.plan is None:
        # No plan is not silence: the clashing rules are the answer, so they are told even if quiet.
        say_result(told, say_plan(told), as_json=as_json)
        was_asked = watch.is_interrupted and study.outcome.status == "unknown"
        return INTERRUPTED if was_asked else NO_PLAN[study.outcome.status]
    return _show(told, out, as_json=as_json, quiet=quiet)


@ainalym.command()
@click.argument("out", type=click.Path(path_type=Path))
@MACHINE
@QUIET
def report(out: Path, as_json: bool, quiet: bool) -> int:
    """Make the report of an earlier plan again, from the folder OUT that `plan` wrote.

    Every figure is recomputed from the plan itself.

    \b
    Example:
      ainalym report out/almaty
    """
    from ainalym.study import report_again

    with Ticker(quiet=quiet or as_json) as watch:
        told = report_again(out, watch=watch).summary
    return _show(told, out, as_json=as_json, quiet=quiet)


def _show(told: dict, out: Path, *, as_json: bool, quiet: bool) -> int:
    said = f"{say_plan(told)}\nreport: {out / 'report.html'}"
    if (out / "certificate.json").is_file():
        said += f"\ncertificate: {out / 'certificate.json'}; `ainalym certify {out}` checks it"
    return say_result(told, said, as_json=as_json, quiet=quiet)


@ainalym.command(short_help="Say why not this site, what more money brings, what else comes close.")
@click.argument("name", metavar="CITY_OR_OUT")
@click.option(
    "--site",
    "sites",
    multiple=True,
    metavar="ID",
    help="What does it cost to open this point or station, if the plan leaves it closed, or to do "
    "without it, if the plan opens it? May be given several times.",
)
@click.option(
    "--budget-more",
    "more_minor",
    type=Amount(above_zero=True),
    help="What would so much more to invest bring? In major units, spread as the budget is.",
)
@click.option(
    "--alternatives",
    "many",
    type=click.IntRange(min=1),
    metavar="K",
    help="Which K plans with other stations come closest? Takes about K searches for each station.",
)
@click.option(
    "--within",
    "within_share",
    type=Share(),
    default="1%",
    show_default=True,
    help="How much worse than the plan alternatives may be.",
)
@SCENARIO
@limit("How long each search may take.")
@gap("0.1%", "Stop each search when proven this close to the best possible.")
@MACHINE
@QUIET
def explain(
    name: str,
    limit_s: float,
    more_minor: int | None,
    many: int | None,
    as_json: bool,
    quiet: bool,
    **wishes: object,
) -> int:
    """Answer questions about a plan: why not this site, what would more money bring, what else?

    CITY_OR_OUT is a folder that `plan` wrote, or a city, which is planned first. For each question
    the city is changed in that one respect and planned again. Costs are differences between the
    best plans there are, as exact as the proven bounds of both; what they leave open is said to be
    open. If there can be no plan, the rules that clash are the answer.

    \b
    Examples:
      ainalym explain out/almaty --site S7 --site P12
      ainalym explain out/almaty --budget-more 1000000 --limit 120
      ainalym explain toy --alternatives 3 --within 20% --json
    """
    from ainalym.study import explain as explain_city

    wishes["sites"] = tuple(dict.fromkeys(wishes["sites"]))
    with Ticker(quiet=quiet or as_json) as watch:
        found = explain_city(
            name, seconds=limit_s, more_minor=more_minor or 0, many=many or 0, watch=watch, **wishes
        )
    told = found.summary
    outcome = found.study.outcome
    code = 0 if outcome.plan is not None else NO_PLAN[outcome.status]
    if code or not quiet or as_json:
        say_result(told, say_explained(told), as_json=as_json)
    return code


@ainalym.command()
@click.argument("given", type=click.Path(path_type=Path), metavar="OUT|INSTANCE.npz")
@click.argument(
    "certificate",
    type=click.Path(path_type=Path),
    required=False,
    metavar="[CERTIFICATE.json]",
)
@MACHINE
@QUIET
def certify(given: Path, certificate: Path | None, as_json: bool, quiet: bool) -> int:
    """Check what a certificate claims of a plan, or of a choice of sites, without a solver.

    OUT is a folder that `plan` wrote. The plan is recounted from its rows; the bound that no plan
    can beat is proven again from the city's tables and the prices in certificate.json, rounded
    outwards. With two files, an instance of choosing sites is checked against its certificate in
    the same manner. A certificate of something else, or one that claims more than it proves, is
    refused.

    \b
    Examples:
      ainalym certify out/almaty
      ainalym certify instance.npz certificate.json
    """
    from ainalym.study import check_certificate, check_plan

    if certificate is None:
        with Ticker(quiet=quiet or as_json) as watch:
            plan = check_plan(given, watch=watch)
        told = asdict(plan) | {"gap": plan.gap}
        return say_result(told, say_certified(told), as_json=as_json, quiet=quiet)
    instance = given
    found = check_certificate(instance, certificate)
    told = asdict(found) | {"gap": found.gap}
    said = (
        f"The certificate holds: {found.open:,} of {found.sites:,} sites for {found.clients:,} "
        f"clients are worth at least {found.worth:,.6f}, and no choice more than "
        f"{found.bound:,.6f} (gap {found.gap:.4%})."
    )
    return say_result(told, said, as_json=as_json, quiet=quiet)
