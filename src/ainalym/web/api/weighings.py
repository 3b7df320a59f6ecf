"""What a scale exports as CSV, taken over as tickets: all rows of a file, or none."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
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
from ainalym.web.api.door import rights
from ainalym.web.api.shapes import Taken
from ainalym.web.api.telling import faults_of, overtaken_at, record
from ainalym.web.book import the_book
from ainalym.web.counter.ticket import paid_for
from ainalym.web.counter.weights import read_decimal
from ainalym.web.people.models import Role
from ainalym.web.programme.models import Site, price_list_of
from ainalym.web.refusals import Refusal, in_words

router = Router(tags=["tell"])

NEEDED = ("moment", "material", "gross_kg")
COLUMNS = (*NEEDED, "tare_kg", "deduction_kg", "price_per_kg", "paid", "scale", "source", "reason")
MOST_ROWS = 5_000
MOST_FAULTS = 200
LOCAL_FORMS = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M")


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
    again is not recorded again: every row makes its own id.
    """
    held = rights(request)
    here = Site.objects.get(pk=held.see(site) or None)
    if not request.user.duties.filter(site=here, role=Role.KEEPER).exists():
        raise Refusal(403, _("Weighings are told by keepers."))
    rows, said, book = read_rows(request.body), {}, the_book()
    told = tickets_of(rows, here, held.name, said)
    new = [(row, ticket) for row, ticket in told.items() if not knows(book, ticket.id)]
    for row, ticket in new:
        said[row] = faults_of(book, ticket, sure=sure)
    _refuse([_in_row(row, one) for row, faults in sorted(said.items()) for one in faults])
    tickets = [*told.values()]
    answer = {
        "rows": len(rows),
        "recorded": len(new),
        "repeated": len(rows) - len(new),
        "net_g": sum(ticket.net_g for ticket in tickets),
        "paid_minor": sum(ticket.paid_minor for ticket in tickets),
        "dry_run": dry_run,
    }
    if not dry_run:
        record(tickets, held, sure=sure)
    answer["overtaken"] = overtaken_at(tickets)
    return Status(201 if new and not dry_run else 200, answer)


def read_rows(body: bytes) -> list[Row]:
    """Read a file of weighings into rows.

    Raises
    ------
    Refusal
        It is no text, has no heading we know, or too many rows.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("cp1251", "replace")
    if "\0" in text or not text.strip():
        raise Refusal(422, _("The file is empty, or no text."))
    heading = text.lstrip().partition("\n")[0]
    delimiter = max(";\t,", key=heading.count)
    try:
        lines = [*csv.reader(io.StringIO(text), delimiter=delimiter)]
    except csv.Error as error:
        raise Refusal(422, _("The file is no CSV: %(said)s.") % {"said": error}) from None
    numbered = [(k, line) for k, line in enumerate(lines, 1) if any(cell.strip() for cell in line)]
    names = [cell.strip().lower() for cell in numbered[0][1]]
    said = [
        _("There is no column “%(name)s”.") % {"name": name} for name in NEEDED if name not in names
    ]
    said += [
        _("Column “%(name)s” is unknown; the columns are %(known)s.")
        % {"name": name[:60], "known": ", ".join(COLUMNS)}
        for name in names
        if name not in COLUMNS
    ]
    said += [
        _("Column “%(name)s” stands there twice.") % {"name": name[:60]}
        for name, count in Counter(names).items()
        if count > 1
    ]
    if len(numbered) > MOST_ROWS + 1:
        said.append(_("At most %(most)s rows are taken at once.") % {"most": MOST_ROWS})
    if len(numbered) == 1:
        said.append(_("The file has a heading and no rows."))
    said += [
        _in_row(k, _("has %(count)s cells, not %(due)s.") % {"count": len(line), "due": len(names)})
        for k, line in numbered[1:]
        if len(line) != len(names)
    ]
    _refuse(said)
    return [
        Row(k, {name: cell.strip() for name, cell in zip(names, line, strict=True)})
        for k, line in numbered[1:]
    ]


def tickets_of(
    rows: list[Row], site: Site, keeper: str, said: dict[int, list[str]]
) -> dict[int, Ticket]:
    """Make a ticket of each row, by the row's number; the same rows make the same tickets.

    Parameters
    ----------
    said
        Gets the faults of rows that make none.
    """
    tickets = {}
    alike: Counter[tuple] = Counter()
    for row in rows:
        told = tuple(row.cells.get(name, "") for name in COLUMNS)
        alike[told] += 1
        faults: list[str] = []
        fields = dict(_fields(row.cells, site, faults))
        if not faults:
            mark = "\n".join((site.id, *told, str(alike[told]))).encode()
            ticket_id = new_id(fields["event_ms"], sha256(mark).digest()[:10])
            try:
                ticket = Ticket(id=ticket_id, site=site.id, actor=keeper, **fields)
                tickets[row.number] = ticket
            except InputError as error:
                faults += in_words(error)
        if faults:
            said[row.number] = faults
    return tickets


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
    yield "reason", cells.get("reason", "")[:200]
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
    if len(said) > MOST_FAULTS:
        more = _("And %(count)s more faults.") % {"count": len(said) - MOST_FAULTS}
        said = [*said[:MOST_FAULTS], more]
    if said:
        raise Refusal(422, *said)
