"""The site's own command."""

import os
import sys
from pathlib import Path

import click


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--data",
    default="ainalym-data",
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of everything that is kept: the book, people, keys.",
)
@click.option("--demo/--no-demo", default=None, help="Begin with a demo programme, or do not ask.")
@click.option(
    "--city",
    default="almaty",
    show_default=True,
    metavar="CITY",
    help="Whose sites, materials, prices and recipes a programme without a demo begins with.",
)
@click.option(
    "--new-book",
    is_flag=True,
    help="Begin an empty book for a site whose book is gone and has no backup.",
)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="NAME",
    help="People reach it under this name over https, through a proxy on this computer.",
)
@click.option(
    "--requests-per-minute",
    default=600,
    show_default=True,
    type=click.IntRange(min=1),
    help="So many are answered to one address.",
)
def serve(
    host: str,
    port: int,
    data: Path,
    demo: bool | None,
    city: str,
    new_book: bool,
    names: tuple[str, ...],
    requests_per_minute: int,
) -> int:
    """Serve the programme's site: the keepers' counters, stations, plants, audit, department.

    On the first run the folder is made, its tables, and the first people; their passwords are
    printed once and kept in DATA/first-passwords.txt. With DATABASE_URL=postgresql://... everything
    is kept there instead of in SQLite files. A site that was in use and whose book is gone is not
    served, until the book is restored from a backup, or a new one is asked for.

    \b
    Examples:
      ainalym serve --demo
      ainalym serve --data /srv/ainalym --name book.example.kz
    """
    from ainalym.web.serve import clock_fault, first_people, is_new, ready, run

    ready(
        data,
        database=os.environ.get("DATABASE_URL", ""),
        new_book=new_book,
        city=city,
        names=names,
        host=host,
        requests_per_minute=requests_per_minute,
    )
    if fault := clock_fault():
        click.echo(f"Nothing is recorded yet: {fault}", err=True)
    if demo is None and is_new():
        demo = sys.stdin.isatty() and click.confirm("Nobody is here yet. Begin with a demo?")
    for name, password in first_people(data, demo=bool(demo), city=city).items():
        click.echo(f"  {name:<14} {password}", err=True)

    def opened() -> None:
        click.echo(f"Open http://{host}:{port}/ ; ctrl-C ends it.", err=True)

    run(host=host, port=port, behind_proxy=bool(names), opened=opened)
    return 0
