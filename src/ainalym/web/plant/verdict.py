"""What a buyer decides about each material of a delivery, and the deeds that follow from it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _

from ainalym.ledger import Book, rules
from ainalym.model.deed import Change, Deed, Dispatch, Rule
from ainalym.model.entry import Entry
from ainalym.units import PPM
from ainalym.web.loads.filled import Filled
from ainalym.web.loads.models import Offer
from ainalym.web.loads.reasons import GRADE
from ainalym.web.loads.telling import derived
from ainalym.web.loads.way import Load, Piece
from ainalym.web.programme.models import Material

TAKEN, REFUSED = "yes", "no"
"""What may be decided; besides, the id of a lower grade that it is taken as."""


class Verdict(NamedTuple):
    """What was decided about one lot.

    Attributes
    ----------
    choice
        `TAKEN`, `REFUSED` or the id of another grade.
    reason
        Why it is not taken as what it was sent as.
    """

    piece: Piece
    choice: str
    reason: str

    @property
    def paid_as(self) -> str:
        """The grade whose price is paid; empty where it is refused."""
        if self.choice == REFUSED:
            return ""
        return self.piece.id if self.choice == TAKEN else self.choice


class Choices(NamedTuple):
    """What may be decided about one lot, for its page."""

    choice: str
    taken: Offer | None
    lower: list[Offer]
    wrong: bool


def choices_of(load: Load, form: Filled, offers: Mapping[str, Offer]) -> dict[int, Choices]:
    """Say what may be decided about each lot of a load."""
    return {
        piece.lot: Choices(
            form.sent.get(f"take-{piece.lot}", ""),
            offers.get(piece.id),
            _lower(piece, offers),
            f"take-{piece.lot}" in form.wrong,
        )
        for piece in load.pieces
    }


def _lower(piece: Piece, offers: Mapping[str, Offer]) -> list[Offer]:
    """List the other grades of the same fraction that the plant takes."""
    if not isinstance(piece.material, Material):
        return []
    fraction = piece.material.fraction
    return [
        one
        for name, one in offers.items()
        if one.material.fraction == fraction and name != piece.id
    ]


def read_verdicts(form: Filled, load: Load, offers: Mapping[str, Offer]) -> list[Verdict]:
    """Read what was decided about each lot."""
    found = []
    for piece in load.pieces:
        known = {REFUSED, *(offer.material_id for offer in _lower(piece, offers))}
        if piece.id in offers:
            known.add(TAKEN)
        said = _("%(material)s: choose whether it is taken.") % {"material": piece.material}
        choice = form.chosen(f"take-{piece.lot}", known, said)
        reason = form.reason(GRADE, f"grade-{piece.lot}")
        if choice and choice != TAKEN and not reason:
            said = _("%(material)s: say why it is not taken as what it was sent as.")
            form.fault(said % {"material": piece.material}, f"grade-{piece.lot}")
        found.append(Verdict(piece, choice, reason))
    return found


def prices_of(verdicts: Sequence[Verdict], offers: Mapping[str, Offer]) -> dict[str, int]:
    """Say what is paid for a kilogram of each material; nothing for what is refused."""
    return {one.piece.id: offers[one.paid_as].price_minor_per_kg for one in verdicts if one.paid_as}


def landed(found: Entry) -> dict[int, tuple[int, int]]:
    """Tell which lot each lot under way became on arrival, and its grams."""
    mass = [one for one in found.postings if one.lot is not None]
    pairs = zip(mass[::2], mass[1::2], strict=True)
    return {sent.lot: (here.lot, here.quantity) for sent, here in pairs}


def regrading(before: str, after: str) -> str:
    """Name the process by which one grade is taken as another."""
    return f"regrade/{before}/{after}"


def following(
    book: Book, found: Entry, verdicts: Sequence[Verdict], origin: str, buyer: str
) -> list[Deed]:
    """Make the deeds that follow an arrival: lower grades, and what goes back.

    Parameters
    ----------
    found
        The arrival, as it stands in the book.
    origin
        Where refused lots go back to.
    buyer
        Who decided.
    """
    known, here = rules(book, "process"), landed(found)
    learnt: dict[str, Deed] = {}
    deeds: list[Deed] = []
    for one in verdicts:
        lot, grams = here[one.piece.lot]
        same = {
            "id": follow_up(found.id, lot),
            "site": found.site,
            "event_ms": found.event_ms,
            "actor": buyer,
            "reason": one.reason,
            "lots": {lot: grams},
        }
        if one.choice == REFUSED:
            deeds.append(Dispatch(**same, to=origin))
        elif one.choice != TAKEN:
            name = regrading(one.piece.id, one.choice)
            if name not in known:
                learnt[name] = _regrade(found, name, one, buyer)
            deeds.append(Change(**same, process=name, outputs=((one.choice, grams),)))
    return [*learnt.values(), *deeds]


def follow_up(arrival: str, lot: int) -> str:
    """Name the deed that sends a lot back, or takes it as another grade."""
    return derived(arrival, f"verdict {lot}")


def _regrade(found: Entry, name: str, verdict: Verdict, buyer: str) -> Rule:
    """Make the rule that a kilogram of one grade is a kilogram of the other."""
    return Rule(
        id=derived(found.id, name),
        site="*",
        event_ms=found.event_ms,
        actor=buyer,
        about="process",
        name=name,
        terms={
            "at": "plant",
            "recipe_ppm": {verdict.piece.id: {verdict.choice: PPM}},
            "band_ppm": 0,
        },
    )
