"""Loads under way: what left where, what of it waits to be weighed in, and where it came from."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from ainalym.errors import NotFoundError
from ainalym.ledger import Book, balances, entry, lots, trace
from ainalym.model.entry import Entry
from ainalym.web.days import local
from ainalym.web.programme.models import POINT, Material, Site

LINES = {
    "fibre-line": _("Paper and cardboard line"),
    "container-line": _("Plastic, glass and metal line"),
}
"""What people call the processes that the plan knows; others go by their id."""

Named = Material | str
"""A material, or its bare id where the programme does not know it."""


class Heap(NamedTuple):
    """So much of a material."""

    id: str
    material: Named
    grams: int


class Piece(NamedTuple):
    """One material of a load, as the lot it is under way as.

    Attributes
    ----------
    waits
        Whether it still has to be weighed in.
    """

    lot: int
    id: str
    material: Named
    sent_g: int
    waits: bool


class Load(NamedTuple):
    """What one dispatch set on its way."""

    entry: Entry
    origin: Site | str
    to: Site | str
    at: datetime
    vehicle: str
    pieces: tuple[Piece, ...]

    @property
    def sent_g(self) -> int:
        """All of it."""
        return sum(piece.sent_g for piece in self.pieces)

    @property
    def from_point(self) -> bool:
        """Whether it comes from a collection point, which is paid at the gate."""
        return isinstance(self.origin, Site) and self.origin.kind == POINT

    @property
    def waits(self) -> bool:
        """Whether all of it still has to be weighed in."""
        return all(piece.waits for piece in self.pieces)


class Weighing(NamedTuple):
    """One material of an arrival: what was sent, and what the scale showed."""

    lot: int
    material: Named
    sent_g: int
    got_g: int

    @property
    def off_g(self) -> int:
        """The difference; below zero where something is missing."""
        return self.got_g - self.sent_g

    @property
    def off_share(self) -> float:
        """The difference as a share of what was sent."""
        return self.off_g / self.sent_g


class Origin(NamedTuple):
    """Where lots come from, in grams.

    Attributes
    ----------
    verified_g
        Reaches tickets that were weighed on a verified scale.
    by_site
        Sites where it entered the book, the largest first.
    unknown_g
        Weighed somewhere without a known origin.
    """

    total_g: int
    verified_g: int
    recycled_g: int
    by_site: tuple[tuple[Site | str, int], ...]
    unknown_g: int

    @property
    def verified_share(self) -> float:
        """Of the whole."""
        return self.verified_g / self.total_g

    @property
    def recycled_share(self) -> float:
        """Of the whole."""
        return self.recycled_g / self.total_g


def named(grams_g: Mapping[str, int]) -> list[Heap]:
    """Name materials, in the order of lists."""
    known = {one.id: one for one in Material.objects.all()}
    order = {name: place for place, name in enumerate(known)}
    rows = sorted(grams_g.items(), key=lambda row: order.get(row[0], len(order)))
    return [Heap(name, known.get(name, name), grams) for name, grams in rows]


def load_of(found: Entry, waiting: set[int]) -> Load:
    """Read a dispatch as a load.

    Parameters
    ----------
    found
        The dispatch.
    waiting
        Lots that are still under way.
    """
    known = {one.id: one for one in Material.objects.all()}
    sites = Site.objects.in_bulk([found.site, found.body["to"]])
    pieces = tuple(
        Piece(
            posting.lot,
            posting.account.what,
            known.get(posting.account.what, posting.account.what),
            posting.quantity,
            posting.lot in waiting,
        )
        for posting in found.postings
        if posting.lot is not None and posting.account.role == "transit"
    )
    return Load(
        found,
        sites.get(found.site, found.site),
        sites.get(found.body["to"], found.body["to"]),
        local(found.event_ms),
        found.body.get("vehicle", ""),
        pieces,
    )


def loads_to(book: Book, site: Site) -> list[Load]:
    """List the loads that are under way to a site, oldest first."""
    return _grouped(book, lots(book, to=site.id))


def loads_from(book: Book, site: Site) -> list[Load]:
    """List the loads that left a site and have not arrived, oldest first."""
    ways = balances(book, ledger="mass", role="transit", site=site.id)
    aims = sorted({account.to for account in ways})
    return _grouped(book, [one for to in aims for one in lots(book, site=site.id, to=to)])


def load_here(book: Book, site: Site, name: str) -> Load:
    """Find a load that was sent to a site.

    Raises
    ------
    NotFoundError
        There is none, it was taken back, or it was sent elsewhere.
    """
    found = entry(book, name)
    if found.kind != "dispatch" or found.body["to"] != site.id or found.reversed_by:
        raise NotFoundError(f"there is no entry {name} in this book")
    return load_of(found, {one.id for one in lots(book, to=site.id)})


def weighings(found: Entry) -> list[Weighing]:
    """Read an arrival as pairs of what was sent and what was weighed."""
    known = {one.id: one for one in Material.objects.all()}
    mass = [one for one in found.postings if one.lot is not None]
    return [
        Weighing(
            here.lot, known.get(here.account.what, here.account.what), -sent.quantity, here.quantity
        )
        for sent, here in zip(mass[::2], mass[1::2], strict=True)
    ]


def origin_of(book: Book, numbers: Sequence[int]) -> Origin:
    """Sum up where lots come from."""
    total_g = verified_g = recycled_g = 0
    found: dict[str, int] = {}
    for number in numbers:
        path = trace(book, number)
        total_g += path.lot.made_g
        verified_g += round(path.share("verified") * path.lot.made_g)
        recycled_g += round(path.share("recycled") * path.lot.made_g)
        for site, grams in path.by_site().items():
            found[site] = found.get(site, 0) + grams
    unknown_g = found.pop("", 0)
    sites = Site.objects.in_bulk([*found])
    ordered = sorted(found.items(), key=lambda row: -row[1])
    by_site = tuple((sites.get(site, site), grams) for site, grams in ordered)
    return Origin(total_g, verified_g, recycled_g, by_site, unknown_g)


def _grouped(book: Book, under_way: Sequence) -> list[Load]:
    waiting = {one.id for one in under_way}
    numbers = sorted({one.entry for one in under_way})
    return [load_of(entry(book, number), waiting) for number in numbers]
