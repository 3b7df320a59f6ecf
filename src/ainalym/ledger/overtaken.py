"""Stock-takes that were overtaken: deeds told later happened before them, so the book as of their
moment no longer says what was counted.

Phones without a network make this ordinary: a ticket comes in after the stock-take that already
found its grams. Nothing is posted against it, since what was found may have been used by then; the
site is asked to count again instead.

**Source.** Auditors call what is looked for here the cut-off: whether what moved before a count and
after it was recorded on the right side of it. International Standard on Auditing 501, on attending
physical inventory counting.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ainalym.errors import ConflictError
from ainalym.ledger import chain
from ainalym.ledger.book import Book
from ainalym.ledger.ids import text_of_id
from ainalym.ledger.store import Store
from ainalym.model.deed import Close, Deed
from ainalym.model.entry import iso

MOST_LATE = 20
"""Late entries that are named for each stock-take; how many there are is always told."""

AT_ONCE = 500
"""Stock-takes, or entries, asked about in one statement."""

TOLD = (
    "select seq, id, site, event_ms, reverses, body from entry "
    "where seq > ? and (kind = 'count' or reverses is not null) order by seq"
)
LATE = (
    "select c.seq, e.seq from entry c join entry e "
    "on e.site = c.site and e.event_ms <= c.event_ms and e.seq > c.seq "
    "where c.seq in (%s) order by e.seq"
)
"""Stock-takes with the entries told later that happened before them. The index over site and moment
leads to those; on SQLite it holds their numbers too, so that nothing else is read."""

MOVED = (
    "select p.entry, a.what, sum(p.quantity) from posting p join account a on a.id = p.account "
    "where p.entry in (%s) and a.ledger = 'mass' and a.role = 'stock' "
    "group by p.entry, a.what having sum(p.quantity) <> 0"
)
"""What entries moved into and out of stock. Asked by itself: PostgreSQL expects many late entries,
and would read all postings of the book for the few there are (270 ms for 206,000 entries)."""


class Taken(NamedTuple):
    """A stock-take that stands: its entry, and what it counted in grams by material."""

    seq: int
    id: str
    site: str
    event_ms: int
    counted_g: Mapping[str, int]


class Overtaken(NamedTuple):
    """The latest stock-take of a material at a site, with which the book no longer agrees.

    Attributes
    ----------
    seq, id
        The stock-take's entry.
    site, material, event_ms
        Of what, and when it was taken.
    counted_g
        What was counted.
    off_g
        The book as of that moment less what was counted: what was told later, above zero where it
        came in.
    late
        Numbers of the entries told later, the first of them.
    late_entries
        How many there are in all.
    """

    seq: int
    id: str
    site: str
    material: str
    event_ms: int
    counted_g: int
    off_g: int
    late: tuple[int, ...]
    late_entries: int


def overtaken(book: Book, *, site: str = "", as_of_ms: int | None = None) -> list[Overtaken]:
    """List stock-takes that no longer agree with the book, by site and material.

    Looked at is the latest stock-take of each material at each site that was not taken back; of two
    at one moment it is the one told later. It is overtaken where entries told after it happened at
    its moment or before and moved that material by something but zero in all. Counting again clears
    it. A reversal dated after the stock-take does not overtake it: what it takes back lay there.

    Parameters
    ----------
    site
        Only there; empty for all.
    as_of_ms
        Only stock-takes up to that moment, on which the stock as of then rests; all if None.
    """
    with book.reading() as store:
        latest: dict[tuple[str, str], Taken] = {}
        for one in _standing(book, store, site):
            if as_of_ms is None or one.event_ms <= as_of_ms:
                for material in one.counted_g:
                    before = latest.get((one.site, material))
                    if before is None or (before.event_ms, before.seq) < (one.event_ms, one.seq):
                        latest[one.site, material] = one
        sums = _late(store, sorted({one.seq for one in latest.values()}))
    return [
        Overtaken(one.seq, one.id, at, material, one.event_ms, one.counted_g[material], *sums[key])
        for (at, material), one in sorted(latest.items())
        if (key := (one.seq, material)) in sums and sums[key][0]
    ]


def refuse_overtaken(book: Book, deeds: Sequence[Deed]) -> None:
    """Refuse closes of periods with a stock-take in them that is overtaken.

    A close seals what was counted; a stock-take that the book contradicts is no ground for it.

    Parameters
    ----------
    book
        With the deeds in it.
    deeds
        Those that are new.

    Raises
    ------
    ConflictError
        There is one; each is named, with what has to be counted.
    """
    left = [
        one
        for close in deeds
        if isinstance(close, Close)
        for one in overtaken(book, site="" if close.site == "*" else close.site)
        if close.from_ms <= one.event_ms < close.to_ms
    ]
    if left:
        said = "\n".join(f"the period cannot be closed: {_said(one)}" for one in left)
        raise ConflictError(said)


def _said(one: Overtaken) -> str:
    counted = f"{one.counted_g} g of {one.material} at {one.site}, {iso(one.event_ms)}"
    return (
        f"a stock-take counted {counted}, and {one.off_g:+d} g told later happened before it; "
        f"count {one.material} again there"
    )


def _standing(book: Book, store: Store, site: str) -> Iterator[Taken]:
    """Yield the stock-takes that stand, those of one site or all; none is read a second time."""
    last = store.one("select seq from head")[0]
    upto, known = book.counts_seen
    if upto < last:
        if rows := store.rows(TOLD, (upto,)):
            known = _with(known, rows)
        book.counts_seen = last, known
    for taken in [known.get(site, {})] if site else known.values():
        yield from taken.values()


def _with(known: Mapping[str, Mapping[int, Taken]], rows: Iterable[tuple]) -> dict:
    """Add stock-takes to those known, by site and number, and drop those that are taken back."""
    found = {site: {**taken} for site, taken in known.items()}
    at = {seq: site for site, taken in found.items() for seq in taken}
    for seq, raw, site, event_ms, reverses, body in rows:
        if reverses is None:
            counted_g = chain.told(body).get("counted", {})
            found.setdefault(site, {})[seq] = Taken(seq, text_of_id(raw), site, event_ms, counted_g)
            at[seq] = site
        elif reverses in at:
            del found[at.pop(reverses)][reverses]
    return found


def _late(
    store: Store, taken: Sequence[int]
) -> dict[tuple[int, str], tuple[int, tuple[int, ...], int]]:
    """Sum what late entries moved, by stock-take and material: grams, the first, and how many."""
    pairs = _each(store, LATE, taken)
    moved: dict[int, list[tuple[str, int]]] = {}
    for number, material, grams in _each(store, MOVED, sorted({late for _, late in pairs})):
        moved.setdefault(number, []).append((material, int(grams)))
    found: dict[tuple[int, str], tuple[int, tuple[int, ...], int]] = {}
    for seq, number in pairs:
        for material, grams in moved.get(number, ()):
            off_g, first, many = found.get((seq, material), (0, (), 0))
            first = (*first, number) if many < MOST_LATE else first
            found[seq, material] = off_g + grams, first, many + 1
    return found


def _each(store: Store, sql: str, numbers: Sequence[int]) -> list[tuple]:
    """Ask about numbers, so many in one statement."""
    parts = (numbers[k : k + AT_ONCE] for k in range(0, len(numbers), AT_ONCE))
    return [row for part in parts for row in store.rows(sql % ", ".join("?" * len(part)), part)]
