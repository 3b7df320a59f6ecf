"""Sums over entries: of a period, and since a moment; exact at any time.

A sum is that of the buckets that lie whole in the period and are kept (`ainalym.ledger.fold`), of
what happened in its first and last day of UTC, and of the entries that are not folded yet. All of
it is read in one state of the book, so it does not matter how far folding has come.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ainalym.ledger.book import Book
from ainalym.ledger.fold import (
    BEGINS_MS,
    DAY_MS,
    DAYS,
    KEPT,
    KEY,
    LEVELS,
    MEANT,
    POSTED,
    SPANS,
    upto,
)
from ainalym.ledger.schema import has
from ainalym.ledger.store import Store
from ainalym.model.deed import KINDS

LONG = 2_000
"""So many entries that are not folded are worth folding. Measured: adding up 2,000 takes 15 ms."""

TOLD = 20
"""Faults that are told."""

PLACES = (
    "with recursive place(site) as (select min(site) from entry union all "
    "select (select min(e.site) from entry e where e.site > p.site) from place p "
    "where p.site is not null) "
)
"""Sites of entries, each found by one step through the index by site and moment; so what happened
between two moments is found without an index by moment alone, which would cost every poster."""


class Part(NamedTuple):
    """A part of a sum: a statement that gives what moved, and its values."""

    sql: str
    values: tuple


def moved(
    book: Book,
    *by: str,
    kinds: Sequence[str] = tuple(KINDS),
    site: str = "",
    what: str = "",
    from_ms: int | None = None,
    to_ms: int | None = None,
) -> list[tuple]:
    """Sum what moved on stock over a period, in grams: site, material, what is told apart, sum.

    Parameters
    ----------
    by
        What is told apart: `kind` of entry and `sign` as they were meant, so that what was reversed
        is taken off where it stood, and `source`, the origin of what a ticket bought.
    kinds, site, what
        Only of these kinds as meant, at that site, of that material; empty for all.
    from_ms, to_ms
        The first moment, and the first after the last; None for no end.
    """
    asked = {"a.site": site, "a.what": what}
    where = "".join(f" and {name} = ?" for name, value in asked.items() if value)
    keys = ", ".join(("account", *by))
    with book.reading() as store:
        folded = upto(store)
        tail = store.one("select seq from head")[0] - folded
        parts = [*_parts(store, folded, tail, kinds, site, from_ms, to_ms)]
        union = " union all ".join(part.sql for part in parts)
        rows = store.rows(
            f"{PLACES}select a.site, a.what, {''.join(f'm.{name}, ' for name in by)}m.moved "
            f"from (select {keys}, sum(quantity) as moved from ({union}) u "
            f"where kind in ({_marks(kinds)}) group by {keys}) m "
            f"join account a on a.id = m.account where {KEPT}{where}",
            [
                *(value for part in parts for value in part.values),
                *kinds,
                *filter(None, asked.values()),
            ],
        )
    if tail > LONG:
        book.fold()
    return [(*row[:-1], int(row[-1])) for row in rows]


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _parts(
    store: Store,
    folded: int,
    tail: int,
    kinds: Sequence[str],
    site: str,
    from_ms: int | None,
    to_ms: int | None,
) -> Iterator[Part]:
    """Yield what makes up a sum: whole buckets, the ends of the period, and what is not folded."""
    yield _raw(site, from_ms, to_ms, after=folded, by_number=tail <= LONG)
    span = _days(store) if folded else None
    if span is None:
        return
    first = span[0] if from_ms is None else -(-(from_ms + BEGINS_MS) // DAY_MS)
    last = span[1] if to_ms is None else (to_ms + BEGINS_MS) // DAY_MS
    if first > last:
        yield _raw(site, from_ms, to_ms, upto=folded)
        return
    begun_ms, ended_ms = (day * DAY_MS - BEGINS_MS for day in (first, last))
    if from_ms is not None and from_ms < begun_ms:
        yield _raw(site, from_ms, begun_ms, upto=folded)
    if to_ms is not None and ended_ms < to_ms:
        yield _raw(site, ended_ms, to_ms, upto=folded)
    for days, low, high in buckets(max(first, span[0]), min(last, span[1])):
        yield Part(
            "select kind, account, sign, source, quantity from total "
            f"where days = ? and kind in ({_marks(kinds)}) and bucket >= ? and bucket < ?",
            (days, *kinds, low, high),
        )


def _days(store: Store) -> tuple[int, int] | None:
    """Tell the first day that is kept, and the first after the last; None where none is."""
    ends = [
        store.one(f"select bucket from total where days = 1 and kind = ? {order} limit 1", (kind,))
        for kind in KINDS
        for order in ("order by bucket", "order by bucket desc")
    ]
    days = [found[0] for found in ends if found]
    return (min(days), max(days) + 1) if days else None


def buckets(first: int, last: int) -> Iterator[tuple[int, int, int]]:
    """Cut days into runs of whole buckets, as few as there can be.

    Parameters
    ----------
    first, last
        The first day, and the first after the last.

    Yields
    ------
    tuple
        Days in a bucket, the first bucket's number, and the first after the last's.
    """
    for days, wider in zip(SPANS, (*SPANS[1:], None), strict=True):
        if first >= last:
            return
        low, high = first, last
        if wider is not None:
            low, high = -(-first // wider) * wider, last // wider * wider
        if wider is None or low >= high:
            yield days, first // days, last // days
            return
        for begun, ended in ((first, low), (high, last)):
            if begun < ended:
                yield days, begun // days, ended // days
        first, last = low, high


def _raw(
    site: str,
    from_ms: int | None,
    to_ms: int | None,
    *,
    after: int = 0,
    upto: int | None = None,
    by_number: bool = False,
) -> Part:
    """Say what entries moved, found by their numbers or by their sites and moments."""
    # A plus keeps an index from being taken; at one site each way is quick.
    by_moment, by_seq = ("" if site else "+" * on for on in (by_number, not by_number))
    asked = [
        ("e.site = ?", site or None),
        (f"{by_moment}e.event_ms >= ?", from_ms),
        (f"{by_moment}e.event_ms < ?", to_ms),
        (f"{by_seq}e.seq > ?", after),
        (f"{by_seq}e.seq <= ?", upto),
    ]
    said = [KEPT] if by_number or site else [KEPT, "e.site = s.site"]
    places = "" if by_number or site else "place s cross join "
    said += [condition for condition, value in asked if value is not None]
    return Part(
        f"select {MEANT}, p.quantity from {places}entry e {POSTED} where {' and '.join(said)}",
        tuple(value for _, value in asked if value is not None),
    )


def faults(store: Store) -> Iterator[str]:
    """Yield where a sum that is kept is not what its entries give; some of them, if many.

    Sums of days are held against entries, sums of more days against those of days.
    """
    folded = upto(store)
    last = store.one("select seq from head")[0]
    if folded > last:
        yield f"sums are kept up to entry {folded}; there are {last}"
    elif not folded and not has(store, "total"):
        return
    kept = f"select {KEY}, quantity as kept, 0 as given from total where days"
    given = f"select 1, {KEY.partition(', ')[2].replace('bucket', 'day')}"
    wider = (
        "select s.days, t.kind, t.bucket / s.days, t.account, t.sign, t.source, 0, t.quantity "
        f"from total t cross join ({LEVELS}) s "
        "where t.days = 1 and s.days > 1"
    )
    for union, values in (
        (f"{kept} = 1 union all {given}, 0, quantity from ({DAYS}) d", (0, folded)),
        (f"{kept} > 1 union all {wider}", ()),
    ):
        rows = store.rows(
            f"select m.days, m.bucket, a.ledger, a.role, a.site, a.what, m.kind, sum(m.kept), "
            f"sum(m.given) from ({union}) m left join account a on a.id = m.account "
            "group by m.days, m.bucket, m.account, m.kind, m.sign, m.source, "
            "a.ledger, a.role, a.site, a.what "
            f"having sum(m.kept) <> sum(m.given) order by 1, 2, 3, 4, 5, 6, 7 limit {TOLD}",
            values,
        )
        for days, bucket, ledger, role, site, what, kind, sum_kept, sum_given in rows:
            account = ":".join(str(part) for part in (ledger, role, site, what))
            yield (
                f"the total kept for {account}, {kind}, in {days} days from day {bucket * days} "
                f"is {int(sum_kept)}, its entries give {int(sum_given)}"
            )
