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
from ainalym.ledger.credit import FINEST_G, FOREVER, POOLED, Debt, Place, Pools, Sums, flows
from ainalym.ledger.provenance import Path, trace
from ainalym.model.deed import Close, Deed, Sale
from ainalym.model.entry import Lot
from ainalym.units import PPM

LONGEST_MS = int(timedelta(days=92).total_seconds() * 1000)
"""Three months."""

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
        The recycled share, computed from draws: the lot's own, under `average` that of all that
        entered its site's material in three months, under `credit` what is left to claim of that.
        None while grams it comes from were claimed elsewhere on their way.
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
    spent
        Whether grams it comes from were claimed elsewhere on their way already.
    """

    lot: Lot
    model: str
    share: float
    verified_ratio: float
    eligible_share: float
    allowed: bool
    said: str
    path: Path
    spent: bool = False


class Balance(NamedTuple):
    """A mass balance of one material at one site over a period, in grams.

    Attributes
    ----------
    made_g, recycled_g
        What entered, from outside or made of other materials, and the recycled grams in it.
    claimed_g
        The recycled grams that buyers were told of.
    share
        The rolling average: recycled by made.
    deviation_ppm
        The largest difference of a stock-take to the book, of what lay there.
    faults
        Limits that are broken, in words.
    gone_g
        Of the recycled grams, what went on other than by a sale.
    """

    site: str
    material: str
    made_g: int
    recycled_g: int
    claimed_g: int
    share: float
    deviation_ppm: int
    faults: tuple[str, ...]
    gone_g: int = 0

    @property
    def credit_g(self) -> int:
        """Recycled grams that are here to claim, and that nobody was told of yet."""
        return max(0, self.recycled_g - self.gone_g - self.claimed_g)


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
    return _claim(book, number, Pools(book))


def _claim(book: Book, number: int, pools: Pools) -> Claim:
    path = trace(book, number)
    lot = path.lot
    model = model_of(book, lot.account.site, lot.account.what, lot.event_ms)
    share = path.share("recycled")
    if model in POOLED:
        share = _pooled_share(pools, lot, model)
    why = ""
    # A sale that is in the book already may have taken what was left of its credit.
    spent = _spent_before(pools, lot, model) if share or model in POOLED else []
    if spent:
        share = 0.0
    sites = [site for site, grams in path.by_site().items() if grams]
    if model == "identity" and len(sites) != 1:
        why = f"it comes from {len(sites)} sites, not from one"
    elif model in ("identity", "segregated") and share < 1:
        why = f"only {share:.1%} of it is recycled, so it was not kept apart"
    said = SAID[model].format(site=sites[0] if sites else "", share=f"{share:.1%}")
    said = why or said
    for (site, material), over_g in spent:
        said += f"; {over_g} g more of {material} were claimed at {site} than are there"
    verified, eligible = path.share("verified"), path.share("eligible")
    return Claim(lot, model, share, verified, eligible, not why, said, path, bool(spent))


def mass_balance(book: Book, site: str, material: str, from_ms: int, to_ms: int) -> Balance:
    """Balance the recycled grams of a site's material against what buyers were told.

    Grams count where they enter: what is baled anew, or sent and taken back, does not enter twice.
    They are charged where they go on to another site or into another material, or are lost in
    that; what a stock-take misses has its own limit.

    Parameters
    ----------
    site, material
        Whose, and of what.
    from_ms, to_ms
        The period: its first moment, and the first after it.
    """
    held = flows(book, site, material).between(from_ms, to_ms)
    deviation_ppm = _deviation_ppm(book, (site, material), from_ms, to_ms)
    stays_g = held.left_g + held.claimed_g
    recycled_g = int(held.recycled_g + FINEST_G)
    found = limits(to_ms - from_ms, stays_g, held.claimed_g, deviation_ppm)
    share = held.recycled_g / held.entered_g if held.entered_g else 0.0
    told = (site, material, held.entered_g, recycled_g, held.claimed_g, share, deviation_ppm, found)
    return Balance(*told, recycled_g - stays_g)


def _deviation_ppm(book: Book, place: Place, from_ms: int, to_ms: int) -> int:
    """Tell the largest difference of a stock-take to the book."""
    site, material = place
    with book.reading() as store:
        counts = store.rows(
            "select e.body, p.quantity from entry e join posting p on p.entry = e.seq "
            "join account a on a.id = p.account left join entry r on r.reverses = e.seq "
            "where e.kind = 'count' and r.seq is null and a.ledger = 'mass' and a.role = 'count' "
            "and a.what = ? and e.site = ? and e.event_ms >= ? and e.event_ms < ?",
            (material, site, from_ms, to_ms),
        )
    deviation_ppm = 0
    for body, off_g in counts:
        lay_g = chain.told(body)["counted"][material] + off_g
        deviation_ppm = max(deviation_ppm, abs(off_g) * PPM // max(1, lay_g))
    return deviation_ppm


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
        A claim is higher than what may be said of a lot, or of grams claimed on their way already.
    """
    claims = [deed for deed in deeds if isinstance(deed, Sale) and deed.claimed_ppm is not None]
    refuse(
        Issue(f"sale {deed.id}: lots", "a share is claimed for no named lot", "name the lots")
        for deed in claims
        if deed.loads
    )
    high, pools = [], Pools(book)
    for deed in claims:
        for number in deed.lots:
            if lot(book, number).account.ledger != "mass":
                continue
            may = _claim(book, number, pools)
            over_g = 0
            if deed.claimed_ppm and may.model in POOLED:
                over_g = _overdrawn_g(pools, may.lot, deed.event_ms)
            too_high = may.model != "credit" and deed.claimed_ppm > may.share * PPM + 0.5
            spent = deed.claimed_ppm and may.spent
            if over_g or too_high or spent or not may.allowed:
                says = f"that is {over_g} g more than are left to claim"
                if not over_g:
                    says = f"the book says: {may.said}"
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
        A period is too long, more was claimed than there was, in it or ever, or a stock-take was
        too far off.
    """
    broken, pools = [], Pools(book)
    for deed in deeds:
        if not isinstance(deed, Close):
            continue
        known = rules(book, "custody", as_of_ms=deed.to_ms)
        for site, material in sorted(pools.pooled()):
            if deed.site not in (site, "*"):
                continue
            place, span, faults = (site, material), (deed.from_ms, deed.to_ms), []
            if known.get(f"{site}/{material}", {}).get("model") in POOLED:
                # Where nothing was ever claimed, what there was to claim need not be known.
                claimed = pools.is_claimed(place)
                held = pools.of(place).between(*span) if claimed else Sums(0, 0.0, 0.0, 0)
                deviation_ppm = _deviation_ppm(book, place, *span)
                stays_g = held.left_g + held.claimed_g
                faults += limits(span[1] - span[0], stays_g, held.claimed_g, deviation_ppm)
            if over_g := max(pools.debt_g(place, deed.to_ms), pools.debt_g(place)):
                said = f"in all, {over_g} g more were claimed than are there"
                faults.append(f"{said}; the balance is below zero")
            broken += [f"{material} at {site}: {fault}" for fault in faults]
    if broken:
        raise ConflictError("the period cannot be closed:\n" + "\n".join(broken))


def _place(lot: Lot) -> Place:
    return lot.account.site, lot.account.what


def _since(lot: Lot) -> int:
    """Give the moment from which on what entered counts for a lot: three months before it."""
    return max(0, lot.event_ms - LONGEST_MS)


def _pooled_share(pools: Pools, lot: Lot, model: str) -> float:
    """Tell the share that the balance of a lot's place allows to claim for it."""
    flows = pools.of(_place(lot))
    if model == "average":
        held = flows.between(_since(lot), lot.event_ms + 1)
        return held.recycled_g / held.entered_g if held.entered_g else 0.0
    # A credit is spent by every claim since, whenever its sale was.
    left = min(flows.between(since, FOREVER).left_g for since in (0, _since(lot)))
    return min(1.0, max(0, left) / lot.made_g)


def _spent_before(pools: Pools, lot: Lot, model: str) -> list[Debt]:
    """List places on the way of what is claimed for a lot where too much was claimed already."""
    if model not in POOLED:
        return pools.debts([lot.id])
    place, since = _place(lot), _since(lot)
    brought = [number for event_ms, number in pools.of(place).brought if event_ms >= since]
    return pools.debts(brought, own=place)


def _overdrawn_g(pools: Pools, lot: Lot, event_ms: int) -> int:
    """Tell how much more is claimed than there was, at a sale's moment or at any later one."""
    flows, at_ms = pools.of(_place(lot)), max(event_ms, lot.event_ms)
    return max(0, *(-flows.lowest_g(since, at_ms) for since in (0, _since(lot))))
