"""What a scale exports as CSV, taken over as tickets: all rows of a file, or none."""

import codecs
import csv
import io
import json
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router, Status

from ainalym.errors import InputError
from ainalym.ledger import knows
from ainalym.model.deed import Ticket
from ainalym.model.entry import Source, ms, new_id
from ainalym.web.api.again import stand_for
from ainalym.web.api.door import rights
from ainalym.web.api.shapes import Taken
from ainalym.web.api.telling import faults_of, overtaken_at, reason_of, record
from ainalym.web.book import the_book
from ainalym.web.counter.ticket import TEXTS, paid_for
from ainalym.web.counter.weights import read_decimal
from ainalym.web.people.models import Role
from ainalym.web.programme.models import Site, price_list_of
from ainalym.web.refusals import Refusal, first_of, in_words

router = Router(tags=["tell"])

NEEDED = ("moment", "material", "gross_kg")
COLUMNS = (*NEEDED, "tare_kg", "deduction_kg", "price_per_kg", "paid", "scale", "source", "reason")
LONGEST_REASON = TEXTS["reason"]
MOST_ROWS = 5_000
MOST_COLUMNS = 100
"""Ten are known; spreadsheets leave empty ones at the end. A line of more is no export of a scale,
and its cells are not looked at."""

LOCAL_FORMS = tuple(
    f"{day} {clock}"
    for day in ("%d.%m.%Y", "%Y-%m-%d", "%Y/%m/%d")
    for clock in ("%H:%M:%S", "%H:%M")
)
"""Moments as spreadsheets write them: the hour of one digit too."""

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


Numbered = tuple[int, list[str]]
"""A line of a file and its cells, counted from 1 with the heading."""


class Row(NamedTuple):
    """One row of a file: its number there, counted from 1 with the heading, and its cells."""

    number: int
    cells: dict[str, str]


@router.post("/sites/{site}/weighings", response={200: Taken, 201: Taken}, operation_id="weighings",
             openapi_extra={"requestBody": {"required": True, "content": {"text/csv": {
                 "schema": {"type": "string"}}}}})  # fmt: skip
def weighings(
    request: HttpRequest,
    site: str,
    dry_run: bool = Query(False, description="Look through the file, and record nothing."),
    sure: bool = Query(False, description="Unusual weights are meant."),
) -> Status:
    """Take over a scale's CSV as tickets: columns moment, material, gross_kg, and if wished
    tare_kg, deduction_kg, price_per_kg, paid, scale, source, reason.

    Numbers with a comma or a point, columns parted by semicolons, commas or tabs. A moment without
    an offset is local. What the list pays is taken where no price is given. A file that is sent
    again is not recorded again, however it is spelled: the id of a row is made of what it says,
    and a moment without seconds stands for what the book has of that minute. Rows that say the
    same are as many weighings as there are of them.
    """
    held = rights(request)
    here = Site.objects.get(pk=held.see(site) or None)
    if not request.user.duties.filter(site=here, role=Role.KEEPER).exists():
        raise Refusal(403, _("Weighings are told by keepers."))
    rows, said, book = read_rows(request.body), {}, the_book()
    told = tickets_of(rows, here, held.name, said)
    once = ids_by_text(rows, here.id, told)
    known = {
        row: name
        for row, ticket in told.items()
        for name in dict.fromkeys((once[row], ticket.id))
        if knows(book, name)
    }
    there = known.keys() | stand_for(book, told, known, said)
    new = {row: ticket for row, ticket in told.items() if row not in there}
    for row, ticket in new.items():
        said[row] = [*said.get(row, ()), *faults_of(book, ticket, sure=sure)]
    _refuse([_in_row(row, one) for row, faults in sorted(said.items()) for one in faults])
    count = len(new)
    if new and not dry_run:
        # The same file may come twice at once.
        count = sum(not one.repeated for one in record([*new.values()], held, sure=sure))
    tickets = [*told.values()]
    answer = {
        "rows": len(rows),
        "recorded": count,
        "repeated": len(rows) - count,
        "net_g": sum(ticket.net_g for ticket in tickets),
        "paid_minor": sum(ticket.paid_minor for ticket in tickets),
        "dry_run": dry_run,
    }
    answer["overtaken"] = overtaken_at(tickets)
    return Status(201 if count and not dry_run else 200, answer)


def read_rows(body: bytes) -> list[Row]:
    """Read a file of weighings into rows.

    Raises
    ------
    Refusal
        It is no text, has no heading we know, or too many rows or columns. How many there are is
        looked at before what they say, so that a file costs what its bytes do.
    """
    text = _text_of(body)
    if text is None or "\0" in text or not text.strip():
        raise Refusal(422, _("The file is empty, or no text."))
    heading = text.lstrip().partition("\n")[0]
    delimiter = max(";\t,", key=heading.count)
    try:
        lines = [*csv.reader(io.StringIO(text), delimiter=delimiter)]
    except csv.Error as error:
        raise Refusal(422, _("The file is no CSV: %(said)s.") % {"said": error}) from None
    numbered = [(k, line) for k, line in enumerate(lines, 1) if any(cell.strip() for cell in line)]
    _refuse([*_faults_of_size(numbered)])
    _drop_empty_ends(numbered)
    names = [cell.strip().lower() for cell in numbered[0][1]]
    _refuse([*_faults_of_names(names), *_faults_of_widths(numbered, len(names))])
    return [
        Row(k, {name: cell.strip() for name, cell in zip(names, line, strict=True)})
        for k, line in numbered[1:]
    ]


def tickets_of(
    rows: list[Row], site: Site, keeper: str, said: dict[int, list[str]]
) -> dict[int, Ticket]:
    """Make a ticket of each row, by the row's number; the same weighings make the same tickets.

    The id is made of what the row says, and of how many rows before it say the same.

    Parameters
    ----------
    said
        Gets the faults of rows that make none.
    """
    tickets = {}
    alike: Counter[str] = Counter()
    for row in rows:
        faults: list[str] = []
        fields = dict(_fields(row.cells, site, faults))
        if not faults:
            meant = _meaning(site, fields)
            alike[meant] += 1
            mark = f"{meant}\n{alike[meant]}".encode()
            ticket_id = new_id(fields["event_ms"], sha256(mark).digest()[:10])
            try:
                ticket = Ticket(id=ticket_id, site=site.id, actor=keeper, **fields)
                tickets[row.number] = ticket
            except InputError as error:
                faults += in_words(error)
        if faults:
            said[row.number] = faults
    return tickets


def _meaning(site: Site, fields: Mapping[str, object]) -> str:
    """Say what a row says, however its cells are written."""
    said = {
        name: " ".join(unicodedata.normalize("NFC", value).split())
        if isinstance(value, str)
        else value
        for name, value in fields.items()
        # Under which list a price stands, or who sends the file, is no part of the weighing.
        if name != "price_list"
    }
    return json.dumps([site.id, said], sort_keys=True)


def ids_by_text(rows: list[Row], site: str, tickets: Mapping[int, Ticket]) -> dict[int, str]:
    """Give the ids that rows once got out of the text of their cells, by the row's number.

    Files that were taken over before ids were made of what rows say stand in the book under these.
    """
    alike: Counter[tuple] = Counter()
    ids = {}
    for row in rows:
        told = tuple(row.cells.get(name, "") for name in COLUMNS)
        alike[told] += 1
        if row.number in tickets:
            mark = "\n".join((site, *told, str(alike[told]))).encode()
            event_ms = tickets[row.number].event_ms
            ids[row.number] = new_id(event_ms, sha256(mark).digest()[:10])
    return ids


def _text_of(body: bytes) -> str | None:
    """Decode a file: UTF-8, UTF-16 with a mark, or Windows' Cyrillic; None where it is no text."""
    if body.startswith(UTF_16):
        try:
            return body.decode("utf-16")
        except UnicodeDecodeError:
            return None
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        # UTF-8 but for half characters is no Cyrillic of Windows.
        body.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return body.decode("cp1251", "replace")
    return None


def _faults_of_size(numbered: list[Numbered]) -> Iterator[str]:
    """Say whether a file has too few or too many rows, or too many columns."""
    if not numbered:
        yield _("The file is empty, or no text.")
        return
    count = len(numbered) - 1
    if count > MOST_ROWS:
        said = _(
            "The file has %(count)s rows. At most %(most)s rows are taken at once; "
            "send it in parts."
        )
        yield said % {"count": count, "most": MOST_ROWS}
    row, line = max(numbered, key=lambda one: len(one[1]))
    if len(line) > MOST_COLUMNS:
        said = _("has %(count)s columns, and at most %(most)s are taken. Remove the empty ones.")
        yield _in_row(row, said % {"count": len(line), "most": MOST_COLUMNS})


def _faults_of_names(names: list[str]) -> Iterator[str]:
    """Say which columns of a heading are missing, unknown, or there twice."""
    for name in NEEDED:
        if name not in names:
            yield _("There is no column “%(name)s”.") % {"name": name}
    for name in names:
        if name not in COLUMNS:
            said = _("Column “%(name)s” is unknown; the columns are %(known)s.")
            yield said % {"name": name[:60], "known": ", ".join(COLUMNS)}
    for name, count in Counter(names).items():
        if count > 1:
            yield _("Column “%(name)s” stands there twice.") % {"name": name[:60]}


def _faults_of_widths(numbered: list[Numbered], width: int) -> Iterator[str]:
    """Say which rows have more or fewer cells than the heading, or that there are none."""
    if len(numbered) == 1:
        yield _("The file has a heading and no rows.")
    for row, line in numbered[1:]:
        if len(line) != width:
            said = _("has %(count)s cells, not %(due)s.") % {"count": len(line), "due": width}
            yield _in_row(row, said)


def _drop_empty_ends(numbered: list[Numbered]) -> None:
    """Drop columns at the end that have no name and nothing in them, as spreadsheets leave them.

    Each cell is looked at once at most: the last column that is used is sought, then all is cut.
    """
    used = max(_used(line) for _k, line in numbered)
    if used < len(numbered[0][1]):
        for _k, line in numbered:
            del line[used:]


def _used(line: list[str]) -> int:
    """Tell how many cells of a line there are up to the last one that says something."""
    return next((k for k in range(len(line), 0, -1) if line[k - 1].strip()), 0)


def _fields(
    cells: dict[str, str], site: Site, faults: list[str]
) -> Iterator[tuple[str, str | int]]:
    """Yield a ticket's fields, and put what is wrong with the cells into `faults`."""
    event_ms = _moment(cells["moment"])
    if event_ms is None:
        said = _("moment: “%(text)s” is no moment. Write 2026-03-01 09:30 or 01.03.2026 09:30.")
        faults.append(said % {"text": cells["moment"][:40]})
        return
    numbers = {}
    for name, places in (
        *(("gross_kg", 3), ("tare_kg", 3), ("deduction_kg", 3)),
        *(("price_per_kg", 2), ("paid", 2)),
    ):
        try:
            numbers[name] = read_decimal(cells.get(name, ""), places, name)
        except Refusal as refusal:
            faults += refusal.sentences
    if faults:
        return
    price_list = price_list_of(site, event_ms)
    listed = price_list.paid.get(cells["material"], 0) if price_list else 0
    price = numbers["price_per_kg"] if cells.get("price_per_kg") else listed
    net_g = numbers["gross_kg"] - numbers["tare_kg"] - numbers["deduction_kg"]
    yield "event_ms", event_ms
    yield "material", cells["material"]
    yield from zip(("gross_g", "tare_g", "deduction_g"), numbers.values(), strict=False)
    yield "price_minor_per_kg", price
    yield "paid_minor", numbers["paid"] if cells.get("paid") else paid_for(max(net_g, 0), price)
    yield "scale", cells.get("scale", "") or f"{site.id}-scale"
    yield "source", cells.get("source", "") or Source.PEOPLE.value
    yield "reason", reason_of(cells.get("reason", ""))[:LONGEST_REASON]
    yield "price_list", str(price_list or "")


def _moment(text: str) -> int | None:
    """Read a moment, in milliseconds since 1970 UTC; without an offset it is local."""
    found = None
    for read in (datetime.fromisoformat, *(_reader(form) for form in LOCAL_FORMS)):
        try:
            found = read(text)
            break
        except ValueError:
            continue
    if found is None or not 1970 < found.year < 2200:
        return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=ZoneInfo(settings.TIME_ZONE))
    return ms(found)


def _reader(form: str):
    return lambda text: datetime.strptime(text, form)


def _in_row(number: int, sentence: str) -> str:
    return _("Row %(row)s: %(said)s") % {"row": number, "said": sentence}


def _refuse(said: list[str]) -> None:
    if said:
        raise Refusal(422, *first_of(said))
