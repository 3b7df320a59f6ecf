"""What the auditor's pages call kinds of entries, steps of a way, amounts and claims."""

import re
from collections.abc import Mapping

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from ainalym.ledger import Claim
from ainalym.model.entry import Entry
from ainalym.web.loads.reasons import GRADE, WEIGHT, reason_in_words
from ainalym.web.loads.way import LINES, Named
from ainalym.web.loads.weights import say_kg, say_pieces, say_share
from ainalym.web.programme.models import Material, Site
from ainalym.web.station.sorting import REASONS

KINDS = {
    "ticket": _("Ticket"),
    "dispatch": _("Dispatch"),
    "arrival": _("Weighed in"),
    "change": _("Sorting run"),
    "sale": _("Sale"),
    "count": _("Stock-take"),
    "payment": _("Payment"),
    "reversal": _("Reversal"),
    "rule": _("Rule"),
    "close": _("Period closed"),
    "erasure": _("Private part erased"),
    "clock": _("Clock accepted"),
    "upgrade": _("Book brought to a new version"),
}
"""Kinds of entries."""

STEPS = {
    "point": _("Bought"),
    "found": _("Found at a stock-take"),
    "unknown": _("Weighed, of unknown origin"),
    "load": _("Load"),
    "run": _("Sorting run"),
    "lot": _("Lot"),
    "sold": _("Sold"),
    "lost": _("Lost on the way"),
    "loss": _("Lost in sorting"),
    "missed": _("Missed at a stock-take"),
    "lies": _("Lies here"),
}
"""Kinds of steps of a way."""

REGRADE = "regrade"
"""How processes begin by which a plant takes one grade as another: `regrade/before/after`."""

CLAIMS = {
    "identity": _("From %(place)s alone, %(share)s recycled."),
    "segregated": _("%(share)s recycled, kept apart from all else."),
    "blending": _("%(share)s recycled: controlled blending, counted in this very lot."),
    "average": _("%(share)s recycled: mass balance, average of three months at its site."),
    "credit": _("%(share)s recycled: mass balance, what is left of its site's credit."),
}
"""What may be said under each model of custody. **Source.** ISO 22095:2020."""

NOT_ONE = _("Nothing may be said: it comes from %(places)s places, not from one.")
NOT_APART = _("Nothing may be said: only %(share)s of it is recycled, so it was not kept apart.")
SPENT = _("Nothing may be claimed: recycled grams it comes from were claimed elsewhere already.")
OVER = _("At %(place)s %(mass)s kg more of “%(material)s” were claimed than are there.")
DEBT = re.compile(
    r"; (?P<grams>\d+) g more of (?P<what>.+?) were claimed at (?P<site>.+?) than are"
)
"""How the book names a place where too much was claimed."""

DECLARED = {
    "incorrect_data": _("What was told is not right"),
    "did_not_occur": _("It did not happen"),
}
"""Why programs take an event back. **Source.** GS1 CBV 2.0, error reason identifiers."""

OF_CBV = re.compile(r"(?:urn:epcglobal:cbv:er:|https?://ref\.gs1\.org/cbv/ER-)(?P<code>\w+)")


class Names:
    """Names of sites and materials in the user's language; their ids where they are unknown."""

    def __init__(self) -> None:
        self._sites: Mapping[str, Site] = Site.objects.in_bulk()
        self._materials: Mapping[str, Material] = Material.objects.in_bulk()

    def site(self, name: str) -> str:
        """Name a site, or whoever bought."""
        return str(self._sites.get(name, name))

    def process(self, name: str) -> str:
        """Name a process as those who run it do."""
        what, _before, after = [*name.split("/"), "", ""][:3]
        if what == REGRADE:
            return f"{gettext('Taken as')}: {self.material(after)}"
        return str(LINES.get(name, name))

    def material(self, name: str) -> Named:
        """Name a material."""
        return self._materials.get(name, name)


def why_in_words(told: Entry) -> str:
    """Say why something was done, in the reader's language, or as somebody wrote it."""
    said = told.body.get("reason", "")
    if match := OF_CBV.fullmatch(said):
        said = match["code"]
    known = {**WEIGHT, **GRADE, **DECLARED}
    return reason_in_words(said, known | REASONS if told.kind == "change" else known)


def amount_in_words(quantity: int, ledger: str) -> str:
    """Say an amount with its unit: kilograms of mass, pieces of what is counted.

    Parameters
    ----------
    quantity
        Grams, or pieces; below zero where they left.
    ledger
        `mass` or `count`.
    """
    if ledger == "mass":
        return gettext("%(mass)s kg") % {"mass": say_kg(quantity)}
    sign, number = "−" if quantity < 0 else "", abs(quantity)
    said = ngettext("%(count)s piece", "%(count)s pieces", number)
    return sign + said % {"count": say_pieces(number)}


def claim_in_words(claim: Claim, names: Names) -> str:
    """Say what may be said of a lot, or why nothing may."""
    if claim.spent:
        debts = [
            str(OVER)
            % {
                "place": names.site(one["site"]),
                "mass": say_kg(int(one["grams"])),
                "material": names.material(one["what"]),
            }
            for one in DEBT.finditer(claim.said)
        ]
        return " ".join([str(SPENT), *debts])
    sites = [site for site, grams in claim.path.by_site().items() if grams]
    share = say_share(claim.share)
    if claim.allowed:
        place = names.site(sites[0]) if sites else ""
        return str(CLAIMS[claim.model]) % {"place": place, "share": share}
    if claim.model == "identity" and len(sites) != 1:
        return str(NOT_ONE) % {"places": len(sites)}
    return str(NOT_APART) % {"share": share}
