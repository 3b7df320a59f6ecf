"""Custody: what may be said of a lot under its site's model, and what limits that model has.

**Source.** Models: ISO 22095:2020. Limits of mass balance: ISCC PLUS (periods of at most three
months, no balance below zero at their end, at most 0.5 % between book and stock-take). Controlled
blending with a known percentage: EN 15343.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from ainalym.errors import ConflictError, Issue, refuse
from ainalym.ledger import chain
from ainalym.ledger.ask import lot, rules
from ainalym.ledger.book import Book
from ainalym.ledger.provenance import Path, shares, trace
from ainalym.model.deed import Close, Deed, Sale
from ainalym.model.entry import Lot
from ainalym.units import PPM

LONGEST_MS = int(timedelta(days=92).total_seconds() * 1000)
"""Three months."""

FOREVER = 1 << 62
"""A moment after all others."""

DEVIATION_PPM = 5_000
DEFAULT = "blending"

SAID = {
    "identity": "from {site} alone, {share} recycled",
    "segregated": "{share} recycled, kept apart",
    "blending": "{share} recycled, controlled blending",
    "average": "mass balance, average: {share} recycled",
    "credit": "mass balance, credit: {share} recycled",
}


class Claim(NamedTuple):
    """What may be said of a lot.

    Attributes
    ----------
    lot, model
        Of which lot, under which model of custody.
    share
        The recycled share, computed from draws: the lot's own, under `average` that of all its site
        made in three months, under `credit` what is left to claim of that.
    verified_ratio
        The share of grams whose way reaches a ticket weighed on a scale with a valid verification.
    eligible_share
        The share the producers' responsibility scheme pays for.
    allowed
        Whether the model lets anything be said.
    said
        The claim in words, or why there is none.
    path
        The way it was computed from.
    """

    lot: Lot
    model: str
    share: float
    verified_ratio: float
    eligible_share: float
    allowed: bool
    said: str
    path: Path


class Balance(NamedTuple):
    """A mass balance of one material at one site over a period, in grams.

    Attributes
    ----------
    made_g, recycled_g
        What was made, and the recycled grams in it.
    claimed_g
        The recycled grams that buyers were told of.
    share
        The rolling average: recycled by made.
    deviation_ppm
        The largest difference of a stock-take to the book, of what lay there.
    faults
        Limits that are broken, in words.
    """

    site: str
    material: str
    made_g: int
    recycled_g: int
    claimed_g: int
    share: float
    deviation_ppm: int
    faults: tuple[str, ...]

    @property
    def credit_g(self) -> int:
        """Recycled grams that nobody was told of yet."""
        return max(0, self.recycled_g - self.claimed_g)


def model_of(book: Book, site: str, material: str, event_ms: int | None = None) -> str:
    """Tell which model of custody a site keeps for a material at a moment; blending if unsaid."""
    terms = rules(book, "custody", as_of_ms=event_ms).get(f"{site}/{material}")
    return DEFAULT if terms is None else terms["model"]


def claim(book: Book, number: int) -> Claim:
    """Say what may be said of a lot under the model of the site that made it.

    Parameters
    ----------
    number
        Of the lot.

    Raises
    ------
    NotFoundError
        There is no such lot.
    """
    path = trace(book, number)
    lot = path.lot
    model = model_of(book, lot.account.site, lot.account.what, lot.event_ms)
    share = path.share("recycled")
    if model in ("average", "credit"):
        # A credit is spent by every claim since, whenever its sale was.
        held = _rolling(book, lot, FOREVER if model == "credit" else lot.event_ms + 1)
        share = held.share if model == "average" else min(1.0, held.credit_g / lot.made_g)
    why = ""
    sites = [site for site, grams in path.by_site().items() if grams]
    if model == "identity" and len(sites) != 1:
        why = f"it comes from {len(sites)} sites, not from one"
    elif model in ("identity", "segregated") and share < 1:
        why = f"only {share:.1%} of it is recycled, so it was not kept apart"
    said = SAID[model].format(site=sites[0] if sites else "", share=f"{share:.1%}")
    verified, eligible = path.share("verified"), path.share("eligible")
    return Claim(lot, model, share, verified, eligible, not why, why or said, path)


def mass_balance(book: Book, site: str, material: str, from_ms: int, to_ms: int) -> Balance:
    """Balance the recycled grams of a material that a site made against what buyers were told.

    Parameters
    ----------
    site, material
        Whose, and of what.
    from_ms, to_ms
        The period: its first moment, and the first after it.
    """
    made_g = recycled_g = 0
    with book.reading() as store:
        lots = store.rows(
            "select l.id, l.made_g from entry e join posting p on p.entry = e.seq "
            "join account a on a.id = p.account join lot l on l.id = p.lot and l.entry = e.seq "
            "left join entry r on r.reverses = e.seq "
            "where a.ledger = 'mass' and a.role = 'stock' and e.site = ? and a.what = ? "
            "and r.seq is null "
            "and e.event_ms >= ? and e.event_ms < ? order by l.id",
            (site, material, from_ms, to_ms),
        )
        share_of = shares(book, [number for number, _ in lots], "recycled")
        for number, grams in lots:
            made_g += grams
            recycled_g += round(share_of[number] * grams)
        span = (site, from_ms, to_ms)
        sales = store.rows(
            "select e.seq, e.body from entry e left join entry r on r.reverses = e.seq "
            "where e.kind = 'sale' and e.site = ? and e.event_ms >= ? and e.event_ms < ? "
            "and r.seq is null order by e.seq",
            span,
        )
        claimed_g = 0
        for seq, body in sales:
            claimed_ppm = chain.told(body).get("claimed_ppm") or 0
            sold = store.one(
                "select coalesce(sum(p.quantity), 0) from posting p join account a "
                "on a.id = p.account where p.entry = ? and a.ledger = 'mass' "
                "and a.role = 'sold' and a.what = ?",
                (seq, material),
            )
            claimed_g += int(sold[0]) * claimed_ppm // PPM
        counts = store.rows(
            "select e.body, p.quantity from entry e join posting p on p.entry = e.seq "
            "join account a on a.id = p.account left join entry r on r.reverses = e.seq "
            "where e.kind = 'count' and r.seq is null and a.ledger = 'mass' and a.role = 'count' "
            "and a.what = ? and e.site = ? and e.event_ms >= ? and e.event_ms < ?",
            (material, *span),
        )
    deviation_ppm = 0
    for body, off_g in counts:
        lay_g = chain.told(body)["counted"][material] + off_g
        deviation_ppm = max(deviation_ppm, abs(off_g) * PPM // max(1, lay_g))
    share = recycled_g / made_g if made_g else 0.0
    found = limits(to_ms - from_ms, recycled_g, claimed_g, deviation_ppm)
    return Balance(site, material, made_g, recycled_g, claimed_g, share, deviation_ppm, found)


def limits(span_ms: int, recycled_g: int, claimed_g: int, deviation_ppm: int) -> tuple[str, ...]:
    """Say which limits of a mass balance are broken.

    Parameters
    ----------
    span_ms
        How long the period is.
    recycled_g, claimed_g
        What there was to claim, and what was claimed.
    deviation_ppm
        Between book and stock-take.
    """
    found = []
    if span_ms > LONGEST_MS:
        days = span_ms / 86_400_000
        found.append(f"the period has {days:.0f} days; a mass balance closes within three months")
    if claimed_g > recycled_g:
        over = claimed_g - recycled_g
        found.append(f"{over} g more were claimed than were recycled; the balance is below zero")
    if deviation_ppm > DEVIATION_PPM:
        off = f"{deviation_ppm / PPM:.2%}"
        found.append(f"a stock-take was {off} off the book; at most 0.50% is allowed")
    return tuple(found)


def refuse_claims(book: Book, deeds: Sequence[Deed]) -> None:
    """Refuse sales that tell the buyer a higher recycled share than the book computes.

    A claim goes with the lots it is made for, so they have to be named. It is made of grams; pieces
    that are sold with them are not claimed a second time.

    Parameters
    ----------
    book
        With the deeds in it.
    deeds
        Those that are new.

    Raises
    ------
    InputError
        A claim names no lots.
    ConflictError
        A claim is higher than what may be said of a lot.
    """
    claims = [deed for deed in deeds if isinstance(deed, Sale) and deed.claimed_ppm is not None]
    refuse(
        Issue(f"sale {deed.id}: lots", "a share is claimed for no named lot", "name the lots")
        for deed in claims
        if deed.loads
    )
    high = []
    for deed in claims:
        for number in deed.lots:
            if lot(book, number).account.ledger != "mass":
                continue
            may = claim(book, number)
            if may.model == "credit" and deed.claimed_ppm:
                over_g = _overdrawn_g(book, may.lot, deed.event_ms)
                says = f"that is {over_g} g more than are left to claim"
            else:
                over_g = not may.allowed or deed.claimed_ppm > may.share * PPM + 0.5
                says = f"the book says: {may.said}"
            if over_g:
                said = f"{deed.claimed_ppm / PPM:.1%} recycled is claimed for lot {number}"
                high.append(f"{said}; {says}")
    if high:
        raise ConflictError("\n".join(high))


def refuse_closes(book: Book, deeds: Sequence[Deed]) -> None:
    """Refuse to close a period in which a mass balance breaks its limits.

    Parameters
    ----------
    book
        With the deeds in it.
    deeds
        Those that are new.

    Raises
    ------
    ConflictError
        A period is too long, more was claimed than there was, or a stock-take was too far off.
    """
    broken = []
    for deed in deeds:
        if not isinstance(deed, Close):
            continue
        known = rules(book, "custody", as_of_ms=deed.to_ms)
        for name, terms in known.items():
            site, _, material = name.partition("/")
            if terms["model"] not in ("average", "credit") or deed.site not in (site, "*"):
                continue
            held = mass_balance(book, site, material, deed.from_ms, deed.to_ms)
            broken += [f"{material} at {site}: {fault}" for fault in held.faults]
    if broken:
        raise ConflictError("the period cannot be closed:\n" + "\n".join(broken))


def _rolling(book: Book, lot: Lot, to_ms: int) -> Balance:
    """Balance what a lot's site made of its material in the three months up to it, and on."""
    site, material = lot.account.site, lot.account.what
    return mass_balance(book, site, material, lot.event_ms - LONGEST_MS, to_ms)


def _overdrawn_g(book: Book, lot: Lot, event_ms: int) -> int:
    """Tell how much more is claimed than there was, by a sale's moment and by all that is known."""
    by_then = max(event_ms, lot.event_ms) + 1
    held = [_rolling(book, lot, to_ms) for to_ms in (by_then, FOREVER)]
    return max(0, *(one.claimed_g - one.recycled_g for one in held))
