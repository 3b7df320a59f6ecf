"""A load on the scale: gross and empty vessel, held to the scale and to what was sent."""

from collections.abc import Collection
from typing import NamedTuple

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from ainalym.ledger import Book, rules
from ainalym.ledger.rules import TOLERANCE_PPM
from ainalym.units import PPM
from ainalym.web.days import local
from ainalym.web.loads.filled import Filled
from ainalym.web.loads.way import Load, Piece
from ainalym.web.loads.weights import say_kg, say_share
from ainalym.web.programme.models import Scale, Site

TIMES = 10
"""So many times more or less than was sent is no loss on the way but a slip of the unit."""


class Verified(NamedTuple):
    """A scale of a site, and until when it is verified."""

    scale: Scale
    until_ms: int


class Row(NamedTuple):
    """One material of a load on its page: what was typed, and whether it is sound."""

    piece: Piece
    gross: str
    tare: str
    gross_wrong: bool
    tare_wrong: bool


def scales_of(book: Book, site: Site) -> dict[str, Verified]:
    """List the scales of a site."""
    known = rules(book, "scale")
    return {
        one.id: Verified(one, known.get(one.id, {}).get("verified_until_ms", 0))
        for one in site.scales.order_by("id")
    }


def tolerance_ppm(book: Book) -> int:
    """Tell how far a load may weigh from what was sent, in parts per million."""
    return rules(book, "tolerance").get("", {}).get("tolerance_ppm", TOLERANCE_PPM)


def rows_of(load: Load, form: Filled) -> list[Row]:
    """Lay a load out for its page."""
    fields = [(piece, f"gross-{piece.lot}", f"tare-{piece.lot}") for piece in load.pieces]
    return [
        Row(
            piece,
            form.sent.get(gross, ""),
            form.sent.get(tare, ""),
            gross in form.wrong,
            tare in form.wrong,
        )
        for piece, gross, tare in fields
    ]


def read_scale(form: Filled, scales: dict[str, Verified], at_ms: int) -> Scale | None:
    """Read which scale was used; it has to be the site's own, and verified."""
    needed = _("Say which scale of this site was used.")
    name = form.chosen("scale", scales, needed)
    if not name:
        return None
    scale, until_ms = scales[name]
    if at_ms >= until_ms:
        said = _("The verification of scale %(scale)s ended on %(day)s. Weigh on another scale.")
        day = date_format(local(until_ms), "SHORT_DATE_FORMAT")
        form.fault(said % {"scale": name, "day": day}, "scale")
    return scale


def read_weights(form: Filled, load: Load, scale: Scale | None) -> dict[int, int]:
    """Read what each material of a load weighs, in grams by its lot."""
    found = {}
    for piece in load.pieces:
        gross, tare = f"gross-{piece.lot}", f"tare-{piece.lot}"
        known = len(form.faults)
        gross_g = form.grams(
            gross, _("%(material)s, on the scale") % {"material": piece.material}, needed=True
        )
        tare_g = form.grams(tare, _("%(material)s, empty vessel") % {"material": piece.material})
        if len(form.faults) > known:
            continue
        if tare_g >= gross_g:
            said = _(
                "The empty vessel weighs %(tare)s kg, and the scale shows %(gross)s kg with it."
            )
            form.fault(said % {"tare": say_kg(tare_g), "gross": say_kg(gross_g)}, gross, tare)
        elif scale is not None and gross_g > scale.most_g:
            too_heavy(form, gross, gross_g, scale)
        else:
            found[piece.lot] = gross_g - tare_g
    return found


def too_heavy(form: Filled, name: str, gross_g: int, scale: Scale) -> None:
    """Keep the fault that a scale cannot show so much."""
    said = _("%(gross)s kg is more than scale %(scale)s can weigh (%(most)s kg). Grams?")
    most = say_kg(scale.most_g)
    form.fault(said % {"gross": say_kg(gross_g), "scale": scale.id, "most": most}, name)


def hold_to_sent(
    form: Filled, load: Load, got_g: dict[int, int], allowed_ppm: int, excused: Collection[int]
) -> None:
    """Ask for a reason where a weight is off, and to look again where it is absurd.

    Parameters
    ----------
    got_g
        Grams by lot, as `read_weights` gives them.
    allowed_ppm
        How far a weight may be off without a reason.
    excused
        Lots for which a reason was given.
    """
    for piece in load.pieces:
        got = got_g.get(piece.lot)
        if got is None:
            continue
        name = f"gross-{piece.lot}"
        told = {
            "material": piece.material,
            "sent": say_kg(piece.sent_g),
            "got": say_kg(got),
            "allowed": say_share(allowed_ppm / PPM),
        }
        absurd = not piece.sent_g < got * TIMES < piece.sent_g * TIMES * TIMES
        if absurd and not form.sent.get("sure"):
            said = _(
                "%(material)s: %(sent)s kg was sent, and now it is %(got)s kg. Weights are in "
                "kilograms, not in grams. Look again, and tick that it is right."
            )
            form.fault(said % told, name)
        elif (
            abs(got - piece.sent_g) * PPM > allowed_ppm * piece.sent_g and piece.lot not in excused
        ):
            said = _(
                "%(material)s: %(sent)s kg was sent and %(got)s kg arrived, more than %(allowed)s "
                "off. Weigh again, or give a reason."
            )
            form.fault(said % told, name, "reason")
