"""Credit: recycled grams that entered a site's material, went on from it, and were claimed of it.

A *place* is a site and a material. Its *home lots* are those in its stock and those it sent that
are still under way, so that what is baled anew, or sent and taken back, enters it once.
"""

from collections.abc import Iterable, Iterator, Sequence
from math import floor, fsum
from typing import NamedTuple

from ainalym.ledger import chain
from ainalym.ledger.book import Book
from ainalym.ledger.provenance import passed, shares
from ainalym.ledger.store import Store
from ainalym.model.entry import Source
from ainalym.units import PPM

FOREVER = 1 << 62
"""A moment after all others."""

FINEST_G = 1e-3
"""Sums of shares are exact to less than this."""

POOLED = ("average", "credit")
"""Models under which a claim is made of what a place holds, not of the lot that is sold."""

Place = tuple[str, str]


class HomeLot(NamedTuple):
    """A lot in stock at a place, or under way from it.

    Attributes
    ----------
    is_sent
        Whether it is under way.
    entered_g, recycled_g
        What of it came from outside the place, and the recycled grams in that.
    drawn
        What came from other home lots: number and grams.
    """

    number: int
    event_ms: int
    is_sent: bool
    made_g: int
    entered_g: int
    recycled_g: float
    drawn: tuple[tuple[int, int], ...]


class Went(NamedTuple):
    """Grams of a home lot that were sent away, or changed into something else or lost in it."""

    event_ms: int
    number: int
    grams_g: int


class Claimed(NamedTuple):
    """Grams that a buyer was told are recycled."""

    event_ms: int
    grams_g: int


class Sums(NamedTuple):
    """What happened to the recycled grams of a place, in grams.

    Attributes
    ----------
    entered_g, recycled_g
        What entered, and the recycled grams in it.
    gone_g
        Of these recycled grams, what went on other than by a sale and did not come back.
    claimed_g
        What buyers were told of.
    """

    entered_g: int
    recycled_g: float
    gone_g: float
    claimed_g: int

    @property
    def left_g(self) -> int:
        """Whole grams that may still be claimed; below zero where too much was."""
        return floor(self.recycled_g - self.gone_g - self.claimed_g + FINEST_G)


class Debt(NamedTuple):
    """A place where more was claimed than is there, and by how many grams."""

    place: Place
    over_g: int


class _Move(NamedTuple):
    event_ms: int
    entered_g: int = 0
    recycled_g: float = 0.0
    gone_g: float = 0.0
    claimed_g: int = 0


class Flows(NamedTuple):
    """All that ever happened to the recycled grams of a place.

    Attributes
    ----------
    lots
        Home lots, oldest first.
    went, claimed
        What went on, and what was claimed.
    brought
        Lots of other places that some of its own were drawn from, with the moment.
    """

    lots: tuple[HomeLot, ...]
    went: tuple[Went, ...]
    claimed: tuple[Claimed, ...]
    brought: tuple[tuple[int, int], ...]

    def between(self, from_ms: int, to_ms: int) -> Sums:
        """Sum what entered from a moment on, what of that went on before another, and claims.

        Parameters
        ----------
        from_ms, to_ms
            The first moment, and the first one after.
        """
        return _sum(move for move in self._moves(from_ms) if move.event_ms < to_ms)

    def lowest_g(self, from_ms: int, at_ms: int) -> int:
        """Tell the least that was left at a moment or any later one, of what entered since another.

        Parameters
        ----------
        from_ms
            Counted is what entered from then on, and claims since.
        at_ms
            The moment.
        """
        moves = sorted(self._moves(from_ms))
        left = _sum(move for move in moves if move.event_ms <= at_ms)
        held = left.recycled_g - left.gone_g - left.claimed_g
        lowest, last = held, at_ms
        for move in moves:
            if move.event_ms <= at_ms:
                continue
            if move.event_ms > last:
                # What happened at one moment happened together.
                lowest, last = min(lowest, held), move.event_ms
            held += move.recycled_g - move.gone_g - move.claimed_g
        return floor(min(lowest, held) + FINEST_G)

    def _moves(self, from_ms: int) -> Iterator[_Move]:
        """Yield what happened to the grams that entered from a moment on."""
        share_of: dict[int, float] = {}
        sent = {one.number for one in self.lots if one.is_sent}
        for one in self.lots:
            if one.event_ms < from_ms:
                continue
            parts = [(k, grams * share_of.get(k, 0.0)) for k, grams in one.drawn]
            held_g = one.recycled_g + fsum(part for _, part in parts)
            share_of[one.number] = held_g / one.made_g
            if not one.is_sent:
                back_g = fsum(part for k, part in parts if k in sent)
                yield _Move(one.event_ms, one.entered_g, one.recycled_g, -back_g)
        for event_ms, number, grams in self.went:
            if number in share_of:
                yield _Move(event_ms, gone_g=grams * share_of[number])
        for event_ms, grams in self.claimed:
            if event_ms >= from_ms:
                yield _Move(event_ms, claimed_g=grams)


class Pools:
    """The flows of a book's places, each read once for as many claims as are looked at together.

    Parameters
    ----------
    book
        It must not grow meanwhile.
    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self._flows: dict[Place, Flows] = {}
        self._share_of: dict[int, float] = {}
        self._pooled: frozenset[Place] | None = None

    def of(self, place: Place) -> Flows:
        """Give the flows of a place."""
        if place not in self._flows:
            self._flows[place] = flows(self._book, *place, share_of=self._share_of)
        return self._flows[place]

    def debt_g(self, place: Place, to_ms: int = FOREVER) -> int:
        """Tell how many grams too many were claimed of a place, of all before a moment; 0 if none.

        Where nothing was ever claimed, nothing else is read.
        """
        if not self.is_claimed(place):
            return 0
        return max(0, -self.of(place).between(0, to_ms).left_g)

    def is_claimed(self, place: Place) -> bool:
        """Tell whether any claim was ever made of a place, and stands."""
        if place in self._flows:
            return bool(self._flows[place].claimed)
        with self._book.reading() as store:
            return bool(_claimed(store, *place))

    def pooled(self) -> frozenset[Place]:
        """List the places that were ever under a model of mass balance."""
        if self._pooled is None:
            with self._book.reading() as store:
                told = store.rows(
                    "select body from entry where kind = 'rule' and kind <> 'ticket' order by seq"
                )
            rules = [chain.told(body) for (body,) in told]
            self._pooled = frozenset(
                rule["name"].partition("/")[::2]
                for rule in rules
                if rule["about"] == "custody" and rule["terms"]["model"] in POOLED
            )
        return self._pooled

    def debts(self, numbers: Sequence[int], own: Place | None = None) -> list[Debt]:
        """List places that recycled grams of lots passed, and where too much was claimed.

        Parameters
        ----------
        numbers
            Of the lots.
        own
            A place that is left out.

        Returns
        -------
        list of Debt
            With all that is known.
        """
        if not self.pooled() - {own}:
            return []
        met = passed(self._book, numbers, "recycled") & self.pooled() - {own}
        debts = [Debt(place, self.debt_g(place)) for place in sorted(met)]
        return [debt for debt in debts if debt.over_g]


def flows(book: Book, site: str, material: str, share_of: dict[int, float] | None = None) -> Flows:
    """Read all that ever happened to the recycled grams of a site's material.

    A station's year takes a second: draws are added up by the database.

    Parameters
    ----------
    site, material
        The place.
    share_of
        Recycled shares of lots that are known already; what is found is added.
    """
    share_of = {} if share_of is None else share_of
    with book.reading() as store:
        known = store.rows(
            "select id, role from account where ledger = 'mass' and site = ? and what = ? "
            "and role in ('stock', 'transit')",
            (site, material),
        )
        home = {number for number, _ in known}
        stock = next((number for number, role in known if role == "stock"), None)
        if stock is None:
            return Flows((), (), (), ())
        made = store.rows(
            "select l.id, l.event_ms, l.made_g, l.source from entry e "
            "join posting p on p.entry = e.seq join lot l on l.id = p.lot and l.entry = e.seq "
            "left join entry r on r.reverses = e.seq "
            "where e.site = ? and p.account = ? and r.seq is null order by l.id",
            (site, stock),
        )
        drawn = _drawn(store, site, stock)
        went, sent = _went(store, site, stock, home)
        claimed = _claimed(store, site, material)
        outside = {parent for rows in drawn.values() for parent, _, at in rows if at not in home}
        share_of |= shares(book, outside - share_of.keys(), "recycled")
    lots = [*sent]
    brought = []
    for number, event_ms, made_g, source in made:
        rows = drawn.get(number, [])
        inside = tuple((parent, grams) for parent, grams, at in rows if at in home)
        others = [(parent, grams) for parent, grams, at in rows if at not in home]
        brought += [(event_ms, parent) for parent, _ in others]
        recycled = fsum(grams * share_of[parent] for parent, grams in others)
        if source and Source(source).recycled:
            recycled = float(made_g)
        entered_g = made_g - sum(grams for _, grams in inside)
        lots.append(HomeLot(number, event_ms, False, made_g, entered_g, recycled, inside))
    return Flows(tuple(sorted(lots)), tuple(went), tuple(claimed), tuple(brought))


def _drawn(store: Store, site: str, stock: int) -> dict[int, list[tuple[int, int, int]]]:
    """Say what lots in stock were drawn from: parent, grams and the parent's account."""
    rows = store.rows(
        "select d.child, d.parent, d.grams, f.account from entry e "
        "join draw d on d.entry = e.seq join lot l on l.id = d.child join lot f on f.id = d.parent "
        "left join entry r on r.reverses = e.seq "
        "where e.site = ? and e.kind in ('arrival', 'change') and l.account = ? and r.seq is null",
        (site, stock),
    )
    found: dict[int, list[tuple[int, int, int]]] = {}
    for child, *parent in rows:
        found.setdefault(child, []).append(tuple(parent))
    return found


def _went(store: Store, site: str, stock: int, home: set[int]) -> tuple[list[Went], list[HomeLot]]:
    """Say what went on from stock other than by a sale, and which lots under way it made."""
    rows = store.rows(
        "select e.event_ms, d.parent, d.grams, l.id, l.account, l.made_g from entry e "
        "join draw d on d.entry = e.seq join lot f on f.id = d.parent "
        "left join lot l on l.id = d.child left join entry r on r.reverses = e.seq "
        "where e.site = ? and e.kind in ('dispatch', 'change') and f.account = ? "
        "and (l.account is null or l.account <> ?) and r.seq is null",
        (site, stock, stock),
    )
    sent: dict[tuple[int, int, int], list[tuple[int, int]]] = {}
    for event_ms, parent, grams, child, account, made_g in rows:
        if account in home:
            sent.setdefault((child, event_ms, made_g), []).append((parent, grams))
    lots = [
        HomeLot(child, event_ms, True, made_g, 0, 0.0, tuple(drawn))
        for (child, event_ms, made_g), drawn in sent.items()
    ]
    return [Went(*row[:3]) for row in rows], lots


def _claimed(store: Store, site: str, material: str) -> list[Claimed]:
    """Say what buyers were told, a sale's share of its grams rounded up."""
    rows = store.rows(
        "select e.event_ms, e.body, sum(p.quantity) from entry e "
        "join posting p on p.entry = e.seq join account a on a.id = p.account "
        "left join entry r on r.reverses = e.seq "
        "where e.kind = 'sale' and e.site = ? and r.seq is null and a.ledger = 'mass' "
        "and a.role = 'sold' and a.what = ? group by e.seq, e.event_ms, e.body",
        (site, material),
    )
    found = []
    for event_ms, body, sold_g in rows:
        claimed_ppm = chain.told(body).get("claimed_ppm")
        if claimed_ppm:
            found.append(Claimed(event_ms, -(-int(sold_g) * claimed_ppm // PPM)))
    return found


def _sum(moves: Iterable[_Move]) -> Sums:
    told = [*moves]
    return Sums(
        sum(move.entered_g for move in told),
        fsum(move.recycled_g for move in told),
        fsum(move.gone_g for move in told),
        sum(move.claimed_g for move in told),
    )
