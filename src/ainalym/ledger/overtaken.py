"""Stock-takes that were overtaken: deeds told later happened before them, so the book as of their
moment no longer says what was counted.

Phones without a network make this ordinary: a ticket comes in after the stock-take that already
found its grams, or a sale after the one that missed its pieces. Nothing is posted against it, since
what was found may have been used by then; the site is asked to count again instead.

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
    "select p.entry, a.what, a.ledger, sum(p.quantity) from posting p "
    "join account a on a.id = p.account where p.entry in (%s) and a.role = 'stock' "
    "group by p.entry, a.what, a.ledger having sum(p.quantity) <> 0"
)
"""What entries moved into and out of stock, in grams and in pieces. Asked by itself: PostgreSQL
expects many late entries, and would read all postings of the book for the few there are (270 ms for
206,000 entries)."""

FIELDS = {"mass": "counted", "count": "pieces"}
"""Ledgers, and the field of a stock-take that says what was counted in each."""

Thing = tuple[str, str]
"""A material and the ledger it is counted in: grams and pieces of one material are two things."""


class Taken(NamedTuple):
    """A stock-take that stands: its entry, and what it counted, grams or pieces by thing."""

    seq: int
    id: str
    site: str
    event_ms: int
    counted: Mapping[Thing, int]


class Overtaken(NamedTuple):
    """The latest stock-take of a material at a site, with which the book no longer agrees.

    What is weighed and counted in pieces too has a stock-take of its grams and one of its pieces,
    and each is overtaken by itself.

    Attributes
    ----------
    seq, id
        The stock-take's entry.
    site, material, event_ms
        Of what, and when it was taken.
    counted_g, counted_pieces
        What was counted, in grams or in pieces; None in the other.
    off_g, off_pieces
        The book as of that moment less what was counted: what was told later, above zero where it
        came in. Grams or pieces likewise.
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
    counted_g: int | None
    off_g: int | None
    counted_pieces: int | None
    off_pieces: int | None
    late: tuple[int, ...]
    late_entries: int

    @property
    def ledger(self) -> str:
        """`mass` where grams were counted, `count` where pieces were."""
        return "count" if self.counted_g is None else "mass"

    @property
    def counted(self) -> int:
        """What was counted, in the unit of its ledger."""
        return (self.counted_g or 0) + (self.counted_pieces or 0)

    @property
    def off(self) -> int:
        """By how much the book is off, in the unit of its ledger."""
        return (self.off_g or 0) + (self.off_pieces or 0)


def overtaken(book: Book, *, site: str = "", as_of_ms: int | None = None) -> list[Overtaken]:
    """List stock-takes that no longer agree with the book, by site and material.

    Looked at is the latest stock-take of each material at each site that was not taken back, of its
    grams and of its pieces; of two at one moment it is the one told later. It is overtaken where
    entries told after it happened at its moment or before and moved that material by something but
    zero in all. Counting again clears it. A reversal dated after the stock-take does not overtake
    it: what it takes back lay there.

    Parameters
    ----------
    site
        Only there; empty for all.
    as_of_ms
        Only stock-takes up to that moment, on which the stock as of then rests; all if None.
    """
    with book.reading() as store:
        latest: dict[tuple[str, Thing], Taken] = {}
        for one in _standing(book, store, site):
            if as_of_ms is None or one.event_ms <= as_of_ms:
                for thing in one.counted:
                    before = latest.get((one.site, thing))
                    if before is None or (before.event_ms, before.seq) < (one.event_ms, one.seq):
                        latest[one.site, thing] = one
        sums = _late(store, sorted({one.seq for one in latest.values()}))
    return [
        _overtaken(one, thing, *sums[key])
        for (_, thing), one in sorted(latest.items())
        if (key := (one.seq, thing)) in sums and sums[key][0]
    ]


def _overtaken(one: Taken, thing: Thing, off: int, late: tuple[int, ...], many: int) -> Overtaken:
    material, ledger = thing
    here, not_here = (one.counted[thing], off), (None, None)
    grams, pieces = (here, not_here) if ledger == "mass" else (not_here, here)
    return Overtaken(one.seq, one.id, one.site, material, one.event_ms, *grams, *pieces, late, many)


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
    unit, what = ("g", "") if one.ledger == "mass" else ("pieces", "the pieces of ")
    counted = f"{one.counted} {unit} of {one.material} at {one.site}, {iso(one.event_ms)}"
    return (
        f"a stock-take counted {counted}, and {one.off:+d} {unit} told later happened before it; "
        f"count {what}{one.material} again there"
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
            said = chain.told(body)
            counted = {
                (what, ledger): quantity
                for ledger, name in FIELDS.items()
                for what, quantity in said.get(name, {}).items()
            }
            found.setdefault(site, {})[seq] = Taken(seq, text_of_id(raw), site, event_ms, counted)
            at[seq] = site
        elif reverses in at:
            del found[at.pop(reverses)][reverses]
    return found


def _late(
    store: Store, taken: Sequence[int]
) -> dict[tuple[int, Thing], tuple[int, tuple[int, ...], int]]:
    """Sum what late entries moved, by stock-take and thing: how much, the first, and how many."""
    pairs = _each(store, LATE, taken)
    moved: dict[int, list[tuple[Thing, int]]] = {}
    for number, *thing, quantity in _each(store, MOVED, sorted({late for _, late in pairs})):
        moved.setdefault(number, []).append(((*thing,), int(quantity)))
    found: dict[tuple[int, Thing], tuple[int, tuple[int, ...], int]] = {}
    for seq, number in pairs:
        for thing, quantity in moved.get(number, ()):
            off, first, many = found.get((seq, thing), (0, (), 0))
            first = (*first, number) if many < MOST_LATE else first
            found[seq, thing] = off + quantity, first, many + 1
    return found


def _each(store: Store, sql: str, numbers: Sequence[int]) -> list[tuple]:
    """Ask about numbers, so many in one statement."""
    parts = (numbers[k : k + AT_ONCE] for k in range(0, len(numbers), AT_ONCE))
    return [row for part in parts for row in store.rows(sql % ", ".join("?" * len(part)), part)]
