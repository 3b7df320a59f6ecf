"""Exports: the whole book, for other programs to sum up.

A file is written a block at a time and then sent a block at a time, so that it is never in memory
as a whole. It is not sent while it is read: whoever takes it in slowly would hold one state of the
book for as long, and what others write meanwhile could not be tidied away.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse
from ninja import Router

from ainalym.ledger import write_journal, write_tables
from ainalym.web.api.door import rights
from ainalym.web.book import the_book

router = Router(tags=["export"])


def _file(kind: str) -> dict:
    content = {kind: {"schema": {"type": "string", "format": "binary"}}}
    return {"responses": {200: {"description": "The file.", "content": content}}}


@router.get("/export/journal", openapi_extra=_file("text/plain"))
def journal(request: HttpRequest) -> StreamingHttpResponse:
    """Give the whole book as a journal for hledger and ledger."""
    rights(request).see_all()
    with TemporaryDirectory(prefix="ainalym-") as folder:
        path = Path(folder) / "book.journal"
        write_journal(the_book(), path, zone=ZoneInfo(settings.TIME_ZONE))
        return _sent(path, "text/plain; charset=utf-8")


@router.get("/export/tables.zip", openapi_extra=_file("application/zip"))
def tables(request: HttpRequest) -> StreamingHttpResponse:
    """Give the whole book as CSV tables."""
    rights(request).see_all()
    with TemporaryDirectory(prefix="ainalym-") as folder:
        inside = Path(folder) / "tables"
        write_tables(the_book(), inside, zone=ZoneInfo(settings.TIME_ZONE))
        path = Path(folder) / "tables.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for table in sorted(inside.iterdir()):
                packed.write(table, table.name)
        return _sent(path, "application/zip")


def _sent(path: Path, kind: str) -> StreamingHttpResponse:
    """Send a file that may be removed already: whoever opened it can read on."""
    sent = StreamingHttpResponse(_read(path.open("rb")), content_type=kind)
    sent["Content-Length"] = path.stat().st_size
    sent["Content-Disposition"] = f'attachment; filename="{path.name}"'
    return sent


def _read(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while block := file.read(1 << 16):
            yield block
