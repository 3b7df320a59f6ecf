"""Provenance: which tickets a lot's grams come from, and where they went on to."""

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import NamedTuple

from ainalym.errors import law
from ainalym.ledger.ask import LOTS, lot
from ainalym.ledger.book import Book
from ainalym.ledger.draws import apportion
from ainalym.ledger.store import Store
from ainalym.model.entry import Account, Draw, Lot, Source

FINE = 1_000_000
"""On the way grams are followed in millionths, so that many splits do not add up to one gram."""

UNKNOWN = 0
"""Stands for a lot where more was weighed than was known of."""


class Path(NamedTuple):
    """The way of one lot's grams through the book, up to where they came from, or down.

    Attributes
    ----------
    lot
        The one that was asked for.
    lots
        Every lot on the way, by number.
    links
        Every draw on the way: parent, child (None where it left the book) and grams of the lot that
        was asked for.
    ends_g
        Where the way ends: grams by lot. Upwards, the lots that entered the book, and `UNKNOWN`;
        downwards, the lots that still hold some, and `UNKNOWN` for what left the book. They sum to
        what the lot was made with.
    left_g
        Downwards, what left the book: grams by the kind and number of the entry, and the account it
        went to.
    """

    lot: Lot
    lots: dict[int, Lot]
    links: tuple[Draw, ...]
    ends_g: dict[int, int]
    left_g: dict[tuple[str, int], int]

    def share(self, of: str) -> float:
        """Tell which share of the grams came from such tickets; makes sense upwards only.

        Parameters
        ----------
        of
            `recycled`, `eligible` (for support by the producers' scheme) or `verified` (weighed on
            a scale with a valid verification date).
        """
        counted = sum(
            grams for k, grams in self.ends_g.items() if k != UNKNOWN and _is(of, self.lots[k])
        )
        return counted / self.lot.made_g

    def by_site(self) -> dict[str, int]:
        """Sum the ends by the site they lie at, in grams; what is unknown stands under ''."""
        found: dict[str, int] = {}
        for k, grams in self.ends_g.items():
            site = self.lots[k].account.site if k != UNKNOWN else ""
            found[site] = found.get(site, 0) + grams
        return found


def trace(book: Book, number: int) -> Path:
    """Follow a lot's grams back to the tickets they were bought with.

    A thousand tickets take some hundredths of a second, whatever the size of the book. Of a lot
    that is counted in pieces the grams are followed that were weighed with it.

    Parameters
    ----------
    number
        Of the lot.

    Raises
    ------
    NotFoundError
        There is no such lot.
    """
    with book.reading() as store:
        asked = _weighed(store, lot(book, number))
        lots = {asked.id: asked}
        fine, heap = {asked.id: asked.made_g * FINE}, [-asked.id]
        links, ends = [], {}
        while heap:
            # A parent is always older than its child, so the youngest has got all its grams.
            child = lots[-heappop(heap)]
            share = fine.pop(child.id)
            parents = [] if child.source else _parents(store, child)
            if not parents:
                ends[child.id if child.source else UNKNOWN] = (
                    ends.get(child.id if child.source else UNKNOWN, 0) + share
                )
                continue
            grams = [drawn for _, drawn in parents]
            unknown = child.made_g - sum(grams)
            parts = apportion(share, [*grams, unknown])
            if parts[-1]:
                ends[UNKNOWN] = ends.get(UNKNOWN, 0) + parts[-1]
            for (parent, _), part in zip(parents, parts, strict=False):
                if parent.id not in lots:
                    lots[parent.id] = parent
                    heappush(heap, -parent.id)
                fine[parent.id] = fine.get(parent.id, 0) + part
                links.append(Draw(child.id, parent.id, part))
    ends_g = _whole(ends, asked.made_g)
    whole = tuple(Draw(c, p, round(part / FINE)) for c, p, part in links)
    return Path(asked, lots, whole, ends_g, {})


def _weighed(store: Store, asked: Lot) -> Lot:
    """Give the lot in grams that was made together with one in pieces; else the one asked for."""
    if asked.account.ledger == "mass":
        return asked
    row = store.one(
        f"{LOTS} join posting p on p.lot = l.id where p.entry = ? and l.entry = p.entry "
        "and a.ledger = 'mass' and a.what = ? order by l.id",
        (asked.entry, asked.account.what),
    )
    return asked if row is None else Lot(*row[:2], Account(*row[2:7]), *row[7:11], bool(row[11]))


def follow(book: Book, number: int) -> Path:
    """Follow a lot's grams on to where they lie now, or left the book.

    Parameters
    ----------
    number
        Of the lot.

    Raises
    ------
    NotFoundError
        There is no such lot.
    """
    with book.reading() as store:
        asked = lot(book, number)
        lots = {number: asked}
        fine, heap = {number: asked.made_g * FINE}, [number]
        links, ends, left = [], {}, {}
        while heap:
            parent = lots[heappop(heap)]
            share = fine.pop(parent.id)
            uses = _uses(store, parent)
            if not uses and not parent.left_g:
                # Its entry was taken back whole: nothing went on and nothing lies, all has left.
                left["reversal", _taken_back_by(store, parent)] = share
                continue
            parts = apportion(share, [*(use[-1] for use in uses), parent.left_g])
            if parts[-1]:
                ends[parent.id] = parts[-1]
            for (child, kind, seq, _), part in zip(uses, parts, strict=False):
                links.append(Draw(child, parent.id, part))
                if child is None:
                    left[kind, seq] = left.get((kind, seq), 0) + part
                    continue
                if child not in lots:
                    lots[child] = lot(book, child)
                    heappush(heap, child)
                fine[child] = fine.get(child, 0) + part
    keyed = _whole({**ends, **left}, asked.made_g)
    whole = tuple(Draw(c, p, round(part / FINE)) for c, p, part in links)
    ends_g = {k: grams for k, grams in keyed.items() if isinstance(k, int)}
    left_g = {k: grams for k, grams in keyed.items() if not isinstance(k, int)}
    if left_g:
        ends_g[UNKNOWN] = sum(left_g.values())
    return Path(asked, lots, whole, ends_g, left_g)


def shares(book: Book, numbers: Iterable[int], of: str) -> dict[int, float]:
    """Tell which share of each lot's grams came from such tickets.

    The database finds the lots on their ways and adds tickets up, so that many lots cost little
    more than one.

    Parameters
    ----------
    numbers
        Of the lots.
    of
        As for `Path.share`.

    Raises
    ------
    NotFoundError
        There is no such lot.
    """
    asked = [*dict.fromkeys(numbers)]
    known, _ = _shares(book, asked, of)
    return {number: known[number] for number in asked}


def passed(book: Book, numbers: Iterable[int], of: str) -> set[tuple[str, str]]:
    """List the sites and materials that the grams of lots from such tickets lay at or were.

    Parameters
    ----------
    numbers
        Of the lots; where they lie counts too.
    of
        As for `Path.share`.

    Raises
    ------
    NotFoundError
        There is no such lot.
    """
    _, accounts = _shares(book, [*dict.fromkeys(numbers)], of)
    with book.reading() as store:
        told, values = store.among("id", accounts)
        return {*store.rows(f"select site, what from account where {told}", values)}


UPWARDS = (
    "with recursive up (id, entry, account, made_g) as ("
    "select l.id, l.entry, l.account, l.made_g from lot l where %s and l.source = '' "
    "union select f.id, f.entry, f.account, f.made_g from up "
    "join draw d on d.entry = up.entry and d.child = up.id join lot f on f.id = d.parent "
    "where f.source = '') "
    "select up.id, up.account, up.made_g, case when f.source = '' then f.id else 0 end, "
    "f.account, f.source, f.verified, sum(d.grams) "
    "from up join draw d on d.entry = up.entry and d.child = up.id join lot f on f.id = d.parent "
    "group by 1, 2, 3, 4, 5, 6, 7 order by 1"
)
"""What each lot on the ways up was drawn from: other lots one by one, tickets by their kind."""


def _shares(book: Book, asked: list[int], of: str) -> tuple[dict[int, float], set[int]]:
    """Tell shares of all lots on the ways up, and the accounts where they are above zero."""
    known, accounts = {}, set()
    with book.reading() as store:
        said, values = store.among("l.id", asked)
        rows = store.rows(
            f"select l.id, l.account, l.source, l.verified from lot l where {said}", values
        )
        for number, account, source, verified in rows:
            known[number] = float(bool(source) and _is_from(of, source, verified))
            accounts.update([account] if known[number] else [])
        for number in asked:
            if number not in known:
                lot(book, number)
        for child, account, made_g, parent, at, source, verified, grams in store.rows(
            UPWARDS % said, values
        ):
            # A parent is older than its child, so its share is known.
            share = known.get(parent, 0.0) if parent else _is_from(of, source, verified)
            if share:
                known[child] = known.get(child, 0.0) + int(grams) * share / made_g
                accounts.update((account, at))
    return known, accounts


def _parents(store: Store, child: Lot) -> list[tuple[Lot, int]]:
    rows = store.rows(
        LOTS.replace("select ", "select d.grams, ", 1)
        + " join draw d on d.parent = l.id where d.entry = ? and d.child = ? order by l.id",
        (child.entry, child.id),
    )
    return [
        (Lot(row[1], row[2], Account(*row[3:8]), *row[8:12], bool(row[12])), row[0]) for row in rows
    ]


def _uses(store: Store, parent: Lot) -> list[tuple[int | None, str, int, int]]:
    """Say what a lot was drawn into: child, kind and number of the entry, grams; less reversals."""
    rows = store.rows(
        "select d.child, e.kind, coalesce(e.reverses, e.seq), d.grams from draw d "
        "join entry e on e.seq = d.entry where d.parent = ? order by d.entry, d.n",
        (parent.id,),
    )
    net: dict[tuple[int | None, int], int] = {}
    kinds: dict[int, str] = {}
    for child, kind, seq, grams in rows:
        net[child, seq] = net.get((child, seq), 0) + grams
        kinds.setdefault(seq, kind)
    return [(child, kinds[seq], seq, grams) for (child, seq), grams in net.items() if grams]


def _taken_back_by(store: Store, lot: Lot) -> int:
    """Give the number of the entry that took back the one that made a lot."""
    row = store.one("select seq from entry where reverses = ?", (lot.entry,))
    law(row is not None, said=f"lot {lot.id} is gone, and nothing took it")
    return row[0]


def _whole(fine: dict, total_g: int) -> dict:
    """Turn millionths back into whole grams that sum to the total."""
    law(sum(fine.values()) == total_g * FINE, said=f"{sum(fine.values())} of {total_g} g followed")
    grams = apportion(total_g, list(fine.values()))
    return {key: part for key, part in zip(fine, grams, strict=True) if part}


def _is(of: str, ticket: Lot) -> bool:
    return _is_from(of, ticket.source, ticket.verified)


def _is_from(of: str, source: str, verified: bool) -> bool:
    if of == "verified":
        return bool(verified)
    return bool(getattr(Source(source), of))
