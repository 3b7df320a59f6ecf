"""The monthly form: what a site received, produced, wrote off, sold and shipped, by material."""

from typing import NamedTuple

from ainalym.ledger.ask import balances
from ainalym.ledger.book import Book
from ainalym.ledger.sums import moved
from ainalym.model.entry import Source

COLUMN = {
    ("ticket", 1): "received_g",
    ("arrival", 1): "received_g",
    ("change", 1): "produced_g",
    ("change", -1): "written_off_g",
    ("sale", -1): "sold_g",
    ("dispatch", -1): "shipped_g",
    ("count", 1): "corrected_g",
    ("count", -1): "corrected_g",
}
"""Where a posting on stock stands, by the kind of its entry and its sign."""

RECEIVED = tuple(kind for (kind, _), column in COLUMN.items() if column == "received_g")
ELIGIBLE = frozenset(source.value for source in Source if source.eligible)


class FormLine(NamedTuple):
    """One material at one site over a period, in grams; all 0 or more but `corrected_g`.

    Opening, received and produced, less written off, sold and shipped, with what stock-takes
    corrected, is closing.

    Attributes
    ----------
    eligible_g
        What of the tickets received the producers' responsibility scheme pays for.
    """

    site: str
    material: str
    opening_g: int
    received_g: int
    produced_g: int
    written_off_g: int
    sold_g: int
    shipped_g: int
    corrected_g: int
    closing_g: int
    eligible_g: int


def monthly_form(book: Book, from_ms: int, to_ms: int, *, site: str = "") -> list[FormLine]:
    """Fill in the operator's monthly form: goods in, write-offs, finished and sold, by material.

    An entry that was reversed is taken off where it stood.

    Parameters
    ----------
    from_ms, to_ms
        The period: its first moment, and the first after it.
    site
        Only of that site; empty for all.

    **Source.** Form of Order 332 of 27 November 2023 of the Minister of Ecology of Kazakhstan
    (amended by Order 243 of 10 October 2024); check the edition in force before filing.
    """
    with book.reading():
        rows = moved(book, "kind", "sign", "source", site=site, from_ms=from_ms, to_ms=to_ms)
        before = balances(book, ledger="mass", role="stock", site=site, as_of_ms=from_ms - 1)
    lines: dict[tuple[str, str], dict[str, int]] = {}
    for account, grams in before.items():
        lines[account.site, account.what] = {"opening_g": grams, "closing_g": grams}
    for at, material, kind, sign, source, grams in rows:
        column = COLUMN[kind, sign]
        line = lines.setdefault((at, material), {})
        signed = grams if column == "corrected_g" else grams * sign
        line[column] = line.get(column, 0) + signed
        line["closing_g"] = line.get("closing_g", 0) + grams
        if kind == "ticket" and source in ELIGIBLE:
            line["eligible_g"] = line.get("eligible_g", 0) + grams
    empty = dict.fromkeys(FormLine._fields[2:], 0)
    return [FormLine(*key, **(empty | lines[key])) for key in sorted(lines)]


def received(book: Book, from_ms: int, to_ms: int, *, site: str = "") -> dict[tuple[str, str], int]:
    """Tell what sites received over a period, in grams by site and material.

    An entry that was reversed is taken off where it stood.

    Parameters
    ----------
    from_ms, to_ms, site
        As for `monthly_form`, whose column of that name it is.
    """
    rows = moved(book, kinds=RECEIVED, site=site, from_ms=from_ms, to_ms=to_ms)
    return {(at, material): grams for at, material, grams in rows}
