"""The shipped examples, made anew from facts: the same bytes every time."""

import csv
from pathlib import Path

from ainalym.city.facts import Facts
from ainalym.city.shipped_almaty import Rows, Scenario, make_almaty, make_almaty_2003
from ainalym.city.shipped_toy import make_toy
from ainalym.city.write import write

EXAMPLES = Path(__file__).with_name("examples")


def make_examples(folder: Path = EXAMPLES) -> None:
    """Write the three example cities, each into a folder of its own.

    What else lies in an example's folder, such as its page for readers, is kept.

    Parameters
    ----------
    folder
        Where to write; the examples the package ships, if not given.

    Raises
    ------
    OutsideError
        The file system refused.
    """
    folder = Path(folder)
    write(make_toy(Facts()), folder / "toy")
    for name, make in (("almaty", make_almaty), ("almaty-2003", make_almaty_2003)):
        city, scenarios = make(Facts())
        write(city, folder / name)
        _write_scenarios(folder / name, scenarios)


def _write_scenarios(folder: Path, scenarios: list[Scenario]) -> None:
    listed: Rows = [("name", "about"), *((name, about) for name, about, _ in scenarios)]
    _write_table(folder / "scenarios.csv", listed)
    for name, _, tables in scenarios:
        aside = folder / "scenarios" / name
        aside.mkdir(parents=True, exist_ok=True)
        for table, rows in tables.items():
            _write_table(aside / f"{table}.csv", rows)


def _write_table(path: Path, rows: Rows) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
