"""Tables: columns with units, rows of plain values; as CSV for machines and HTML for people."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from ainalym.report.markup import Markup, tag
from ainalym.report.words import number, percent

TEXT, SHARE, YEAR = -1, -2, -3
"""Kinds of columns that are not plain numbers."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in files, its title on the page, its unit, and how it is written.

    Attributes
    ----------
    name
        With its unit, as in `captured_t`.
    title
        What stands above it.
    unit
        Under the title; empty for none.
    digits
        Decimals on the page, or `TEXT`, `SHARE` or `YEAR`.
    on_page
        Whether it stands on the page too, not only in the file.
    """

    name: str
    title: str
    unit: str = ""
    digits: int = TEXT
    on_page: bool = True

    @property
    def is_number(self) -> bool:
        """Whether it is written to the right."""
        return self.digits not in (TEXT, YEAR)

    def say(self, value: object) -> str:
        """Write one value for people."""
        if isinstance(value, str):
            return value
        if value is None:
            return number(None)
        if self.digits == SHARE:
            return percent(float(value))  # type: ignore[arg-type]
        if self.digits in (TEXT, YEAR):
            return str(value)
        return number(float(value), self.digits)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Table:
    """A named table with a caption.

    Attributes
    ----------
    name
        Of its file.
    caption
        What it shows, as a sentence.
    columns, rows
        Values row by row; None where there is no value.
    sums
        How many of the last rows are sums of those above.
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[object, ...], ...]
    sums: int = 0

    def column(self, name: str) -> list:
        """Give all values of one column."""
        k = [c.name for c in self.columns].index(name)
        return [row[k] for row in self.rows]


def to_csv(table: Table) -> str:
    """Write a table for a spreadsheet: headers carry units, numbers stand with a point."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.name for column in table.columns])
    for row in table.rows:
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def to_html(
    table: Table, *, rows: Sequence[tuple[object, ...]] | None = None, high: bool = False
) -> Markup:
    """Write a table for the page, in a box that scrolls sideways where the screen is narrow.

    Parameters
    ----------
    table
        Columns of which `on_page` is False stay out.
    rows
        Some of its rows; all when None.
    high
        Whether the box scrolls downwards too, for tables that would bury what follows.
    """
    rows = table.rows if rows is None else rows
    columns = [column for column in table.columns if column.on_page]
    head = tag(
        "tr",
        [
            tag(
                "th",
                column.title,
                tag("small", column.unit) if column.unit else None,
                scope="col",
                class_="num" if column.is_number else None,
            )
            for column in columns
        ],
    )
    body = [_row(table, row, is_sum=k >= len(rows) - table.sums) for k, row in enumerate(rows)]
    inner = tag("table", tag("caption", table.caption), tag("thead", head), tag("tbody", body))
    kind = "scroll high" if high else "scroll small" if len(columns) <= 4 else "scroll"
    return tag(
        "div",
        inner,
        class_=kind,
        tabindex=0,
        role="region",
        aria_label=table.caption,
    )


def _row(table: Table, row: tuple[object, ...], *, is_sum: bool) -> Markup:
    cells = [
        tag(
            "th" if k == 0 else "td",
            column.say(value),
            scope="row" if k == 0 else None,
            class_="num" if column.is_number else None,
        )
        for k, (column, value) in enumerate(zip(table.columns, row, strict=True))
        if column.on_page
    ]
    return tag("tr", cells, class_="sum" if is_sum else None)


def _cell(value: object) -> object:
    if isinstance(value, float):
        # Ten figures are finer than any scale, and keep tables readable and reproducible.
        # Minus nothing is nothing.
        return f"{value + 0.0:.10g}" if isfinite(value) else ""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t"):
        # A spreadsheet would run such text as a formula.
        return f"'{value}"
    return "" if value is None else value
