"""The command line: one command per verb, plain sentences, honest exit codes."""

import json
import os
import shlex
import sys
import threading
import time
from decimal import Decimal, InvalidOperation
from math import inf, isfinite
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import click

from ainalym.errors import AinalymError, BrokenLaw, InputError, Issue
from ainalym.units import KG_PER_T, say_mass, say_money, say_share

if TYPE_CHECKING:
    from ainalym.model.city import City

LINE_EVERY_S = 5.0
REDRAW_EVERY_S = 0.5
INTERRUPTED, PIPE_CLOSED, WRONG = 130, 141, 70
MACHINE = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
QUIET = click.option("--quiet", is_flag=True, help="Print nothing but faults.")
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
@click.option("--limit", default=60.0, show_default=True, metavar="SECONDS", help="To search.")
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
    command: str, name: str, out: Path, limit: float, as_json: bool, quiet: bool, **wishes: object
) -> int:
    """Plan CITY and write the plan, its tables, its map and a report into the folder OUT.

    Ctrl-C while it searches writes the best plan so far.
    """
    from ainalym.study import plan_city, summary

    if not 0 < limit < 1e6:
        raise click.UsageError(f"--limit is {limit:g}; give seconds above 0")
    with Ticker(quiet=quiet or as_json) as watch:
        made, outcome = plan_city(name, out, seconds=limit, command=command, watch=watch, **wishes)
    told = summary(made, outcome, out)
    code = {"infeasible": 1, "unknown": 3}.get(str(outcome.status), 0)
    # No plan is not silence: the clashing rules are the answer, so they are told even if quiet.
    say_result(told, say_plan(told), as_json=as_json, quiet=quiet and code == 0)
    return code


@ainalym.command()
@click.argument("out", type=click.Path(path_type=Path))
@MACHINE
@QUIET
def report(out: Path, as_json: bool, quiet: bool) -> int:
    """Make the report of an earlier plan again, from the folder OUT that `plan` wrote."""
    from ainalym.study import report_again, summary

    with Ticker(quiet=quiet or as_json) as watch:
        made, outcome = report_again(out, watch=watch)
    told = summary(made, outcome, out)
    return say_result(told, say_plan(told), as_json=as_json, quiet=quiet)


class Door:
    """Ends a command: one exit code for each way to fail, sentences instead of traces."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        match error:
            case None | SystemExit():
                return
            case InputError():
                code, issues = error.exit_code, error.issues
            case AinalymError():
                code, issues = error.exit_code, (Issue("ainalym", str(error)),)
            case click.ClickException():
                code, issues = 2, (_usage(error),)
            case KeyboardInterrupt() | click.Abort():
                code, issues = INTERRUPTED, (Issue("ainalym", "interrupted, nothing is written"),)
            case OSError() | MemoryError():
                code, issues = 3, (Issue("ainalym", f"the computer refused: {error!r}"),)
            case _:
                code, issues = WRONG, (_wrong(error, trace),)
        self._tell(issues, code)
        sys.exit(code)

    def _tell(self, issues: tuple[Issue, ...], code: int) -> None:
        if self.as_json:
            listed = [{"where": i.where, "fault": i.fault, "mend": i.mend} for i in issues]
            click.echo(json.dumps({"exit_code": code, "issues": listed}), err=True)
        else:
            click.echo("\n".join(str(issue) for issue in issues), err=True)


def _usage(error: click.ClickException) -> Issue:
    path = "ainalym"
    if isinstance(error, click.UsageError) and error.ctx is not None:
        path = error.ctx.command_path
    return Issue(path, error.format_message().rstrip("."), f"see `{path} --help`")


def _wrong(error: BaseException, trace: TracebackType | None) -> Issue:
    """Say that the fault is ours, and where; the whole trace is shown when asked for."""
    if os.environ.get("AINALYM_TRACE"):
        raise error
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = ""
    if trace is not None:
        place = f", in {Path(trace.tb_frame.f_code.co_filename).name} line {trace.tb_lineno}"
    said = str(error) if isinstance(error, BrokenLaw) else repr(error)
    mend = "please report it; AINALYM_TRACE=1 shows where it came from"
    return Issue("ainalym", f"this is a fault of ainalym, not yours: {said}{place}", mend)


class Ticker:
    """Shows on stderr that something is going on: one line that changes, or one every 5 s."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._redraws = sys.stderr.isatty()
        self._said = ""
        self._worth = ("", "")
        self._state: tuple[float, float] | None = None
        self._began_s = time.monotonic()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Ticker":
        if not self._quiet:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        if not self._quiet:
            self._thread.join()
            if self._redraws:
                click.echo("\r\033[K", nl=False, err=True)

    def meet(self, city: "City") -> None:
        """Learn in which unit the objective is said."""
        self._worth = (str(city.programme.objective), city.programme.currency)

    def step(self, said: str) -> None:
        """Say what is being done now."""
        self._said, self._state = said, None
        if not self._quiet and not self._redraws:
            click.echo(self._line(), err=True)

    def progress(self, seconds_s: float, objective: float, bound: float) -> None:
        """Hear how far the search is; it is shown with the next line."""
        self._state = (objective, bound)

    def _run(self) -> None:
        while not self._done.wait(REDRAW_EVERY_S if self._redraws else LINE_EVERY_S):
            if self._said:
                end = "\r\033[K" if self._redraws else ""
                click.echo(end + self._line(), nl=not self._redraws, err=True)

    def _line(self) -> str:
        line = f"{time.monotonic() - self._began_s:5.0f} s  {self._said}"
        if self._state is None:
            return line
        objective, bound = self._state
        if isfinite(objective):
            line += f"  objective {say_worth(objective, *self._worth)}"
        if isfinite(bound):
            line += f"  bound {say_worth(bound, *self._worth)}"
        gap = abs(bound - objective) / max(abs(objective), 1e-12)
        return line + (f"  gap {say_share(gap)}" if isfinite(gap) else "")


def say_result(told: dict, said: str, *, as_json: bool, quiet: bool = False) -> int:
    """Put out what a command found, as JSON or in words, and give the exit code of success.

    Parameters
    ----------
    told
        For machines.
    said
        For people.
    as_json
        Which of the two.
    quiet
        Whether people want to read it.
    """
    try:
        if as_json:
            click.echo(json.dumps(told, ensure_ascii=False))
        elif not quiet and said:
            click.echo(said)
    except BrokenPipeError:
        # Whoever reads, such as `head`, has left; Python would complain again when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    return 0


def say_worth(value: float, objective: str, currency: str) -> str:
    """Say an objective in its unit: money, tonnes, or tonnes of carbon dioxide equivalent."""
    if objective == "tonnes":
        return say_mass(value)
    if objective == "emissions":
        return f"{value / KG_PER_T:,.0f} t CO2e"
    return say_money(value, currency)


def say_plan(told: dict) -> str:
    """Say in a few lines what a plan is, or why there is none.

    Parameters
    ----------
    told
        The summary of the plan.
    """
    if told["status"] == "infeasible":
        rules = "".join(f"\n  {rule}" for rule in told["clash"])
        return f"There is no plan: these rules cannot hold together.{rules}"
    if told["status"] == "unknown":
        return "No plan was found in the time allowed (give a longer --limit)."
    unit = (told["objective_name"], told["currency"])
    bound = inf if told["bound"] is None else told["bound"]
    gap = "unknown" if told["gap"] is None else say_share(told["gap"])
    side = "at most" if told["sense"] == "max" else "at least"
    best = f"{side} {say_worth(bound, *unit)}" if isfinite(bound) else "not proved"
    stages = ", ".join(
        f"{stage} {told[f'{stage}_t']:,.0f} t" for stage in ("captured", "sorted", "sold", "made")
    )
    stations = ", ".join(told["stations"]) or "none"
    lines = [
        f"{told['status']}: {told['objective_name']} {say_worth(told['objective'], *unit)}; "
        f"the best possible is {best} (gap {gap}); {told['seconds_s']:.0f} s",
        f"open: {told['points']} points; stations: {stations}",
        f"of {told['thrown_t']:,.0f} t thrown away: {stages}",
        *told["notes"],
        f"report: {told['report']}",
    ]
    return "\n".join(lines)
