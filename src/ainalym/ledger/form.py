"""The monthly form: what a site received, produced, wrote off, sold and shipped, by material."""

from typing import NamedTuple

from ainalym.ledger.ask import LOCAL, balances
from ainalym.ledger.book import Book
from ainalym.ledger.store import Store
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
    asked = " and e.site = ?" if site else ""
    values = (from_ms, to_ms, *([site] if site else []))
    with book.reading() as store:
        rows = _moved(store, asked, values)
        sources = tuple(source.value for source in Source if source.eligible)
        marks = ", ".join("?" * len(sources))
        eligible = store.rows(
            "select a.site, a.what, sum(p.quantity) from entry e "
            "join posting p on p.entry = e.seq join account a on a.id = p.account "
            "join lot l on l.id = p.lot left join entry o on o.seq = e.reverses "
            f"where e.event_ms >= ? and e.event_ms < ?{asked} and a.role = 'stock' "
            f"and coalesce(o.kind, e.kind) = 'ticket' and l.source in ({marks}) group by 1, 2",
            (*values, *sources),
        )
        before = _lying(book, site, from_ms - 1)
        after = _lying(book, site, to_ms - 1)
    lines: dict[tuple[str, str], dict[str, int]] = {}
    for at, material, kind, sign, grams in rows:
        column = COLUMN[kind, sign]
        line = lines.setdefault((at, material), {})
        signed = int(grams) if column == "corrected_g" else int(grams) * sign
        line[column] = line.get(column, 0) + signed
    for at, material, grams in eligible:
        lines[at, material]["eligible_g"] = int(grams)
    for column, lying in (("opening_g", before), ("closing_g", after)):
        for key, grams in lying.items():
            lines.setdefault(key, {})[column] = grams
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
    asked = " and e.site = ?" if site else ""
    with book.reading() as store:
        rows = _moved(store, asked, (from_ms, to_ms, *([site] if site else [])))
    found: dict[tuple[str, str], int] = {}
    for at, material, kind, sign, grams in rows:
        if COLUMN[kind, sign] == "received_g":
            found[at, material] = found.get((at, material), 0) + int(grams)
    return found


def _moved(store: Store, asked: str, values: tuple) -> list[tuple]:
    """Sum what moved on stock, by site, material, kind of entry and sign as it was meant."""
    return store.rows(
        "select a.site, a.what, coalesce(o.kind, e.kind), "
        "case when (p.quantity > 0) = (e.reverses is null) then 1 else -1 end, "
        "sum(p.quantity) from entry e join posting p on p.entry = e.seq "
        "join account a on a.id = p.account left join entry o on o.seq = e.reverses "
        f"where e.event_ms >= ? and e.event_ms < ?{asked} and a.role = 'stock' "
        "group by 1, 2, 3, 4",
        values,
    )


def _lying(book: Book, site: str, at_ms: int) -> dict[tuple[str, str], int]:
    found = balances(book, ledger="mass", role=LOCAL[0], site=site, as_of_ms=at_ms)
    return {(account.site, account.what): grams for account, grams in found.items()}
