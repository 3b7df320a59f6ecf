"""The numbers we ship, each with its source, and which of them a city was made of."""

import csv
from pathlib import Path

from ainalym.errors import NotFoundError
from ainalym.model.city import Assumption

DEFAULTS = Path(__file__).with_name("defaults.csv")


class Facts:
    """The shipped numbers by name; remembers which were asked for.

    A city made from them lists in its assumptions exactly what went into it.
    """

    def __init__(self, path: Path = DEFAULTS) -> None:
        with path.open(encoding="utf-8", newline="") as file:
            self._row = {row["name"]: Assumption(**row) for row in csv.DictReader(file)}
        self._asked: set[str] = set()

    def __iter__(self):
        return iter(self._row.values())

    def text(self, name: str) -> str:
        """Give the value of a number as it stands in the file.

        Raises
        ------
        NotFoundError
            There is no number of this name.
        """
        if name not in self._row:
            raise NotFoundError(f"defaults.csv has no row {name!r}")
        self._asked.add(name)
        return self._row[name].value

    def number(self, name: str) -> float:
        """Give a value in the unit of its row.

        Raises
        ------
        NotFoundError
            There is no number of this name.
        """
        return float(self.text(name))

    def numbers(self, name: str) -> tuple[float, ...]:
        """Give the values of a row that holds several, `a;b;c`.

        Raises
        ------
        NotFoundError
            There is no number of this name.
        """
        return tuple(float(part) for part in self.text(name).split(";"))

    def has(self, name: str) -> bool:
        """Tell whether there is a number of this name."""
        return name in self._row

    def asked(self) -> tuple[Assumption, ...]:
        """List the numbers asked for so far, in the order of the file."""
        return tuple(row for name, row in self._row.items() if name in self._asked)
