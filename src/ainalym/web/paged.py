"""Long tables: in pages to look at, in parts to download; no page grows with the programme."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse

ROWS = 100
"""On one page. A row of the widest table takes half a kilobyte of it."""


def paged(request: HttpRequest, rows: Sequence | QuerySet, *, most: int = ROWS) -> Page:
    """Give the page of a table that is asked for as `page`; the first or last if there is none.

    `ainalym/pages.html` leads from one to the others.
    """
    return Paginator(rows, most).get_page(request.GET.get("page"))


def download(
    rows: Iterable[Sequence[object]], name: str, *, for_spreadsheets: bool = False
) -> StreamingHttpResponse:
    """Send a table as CSV, a line at a time, so that it is nowhere as a whole.

    Parameters
    ----------
    rows
        The first holds the names of columns.
    name
        Of the file.
    for_spreadsheets
        Whether it begins and its lines end as spreadsheets want it.
    """
    answer = StreamingHttpResponse(
        _lines(rows, "\r\n" if for_spreadsheets else "\n", "\ufeff" * for_spreadsheets),
        content_type="text/csv; charset=utf-8",
    )
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _lines(rows: Iterable[Sequence[object]], end: str, before: str) -> Iterator[str]:
    """Write rows in blocks of so many lines."""
    block = StringIO(newline="")
    block.write(before)
    out = csv.writer(block, lineterminator=end)
    for number, row in enumerate(rows, 1):
        out.writerow(row)
        if number % ROWS == 0:
            yield block.getvalue()
            block.seek(0)
            block.truncate()
    yield block.getvalue()
