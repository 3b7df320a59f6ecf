"""The benchmark's own command; what it runs lies beside the sources, in a clone."""

import os
import sys
from pathlib import Path

import click

from ainalym.errors import OutsideError

ROOT = Path(__file__).parents[2]


@click.command()
@click.argument("claims", nargs=-1, metavar="[CLAIM]...")
@click.option("--peers", is_flag=True, help="Ask the other solvers too, each at its best settings.")
@click.option(
    "--runs",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="How many times each, in turns; medians are shown.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    help="Time limit of every solver; each claim's own if left out.",
)
@click.option("--list", "is_list", is_flag=True, help="List the claims, their rows and the peers.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
def bench(
    claims: tuple[str, ...],
    peers: bool,
    runs: int,
    seconds: float | None,
    is_list: bool,
    as_json: bool,
) -> None:
    """Measure what is claimed, and print one table for each claim.

    CLAIM is one of the list, or the name of one instance; all of them if left out. Every solver
    runs in a process of its own. Each run is also written to bench/results. Exit code 1 says that
    something that has to be reached was not.

    \b
    Examples:
      ainalym bench --list
      ainalym bench facility --peers --runs 3
      ainalym bench "p-median 1000/100" --json
    """
    if not (ROOT / "bench" / "__main__.py").exists():
        raise OutsideError("Benchmarks come with the repository: clone it, and run `make bench`.")
    words = [*claims, "--runs", str(runs)]
    words += [] if seconds is None else ["--seconds", str(seconds)]
    flags = (("--peers", peers), ("--list", is_list), ("--json", as_json))
    words += [flag for flag, is_given in flags if is_given]
    # Nothing stays between it and whoever ends it: it has solvers to end in its turn.
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "bench", *words])
