"""The picture of a way with its words: what stands in each box, and where it leads."""

from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ainalym.web.audit.picture import Band, Box, Picture, picture_of
from ainalym.web.audit.ways import Way
from ainalym.web.audit.words import STEPS, Names, amount_in_words

LINE = 22
"""Letters that fit into a box."""


class Told(NamedTuple):
    """A box with its words: two short lines, all of it for who listens, and its address."""

    box: Box
    first: str
    second: str
    mass: str
    whole: str
    address: str


class Drawn(NamedTuple):
    """A picture with its words."""

    picture: Picture
    boxes: tuple[Told, ...]
    bands: tuple[tuple[Band, str], ...]


def drawn(way: Way, names: Names) -> Drawn:
    """Draw a way, and say what is on the picture.

    Parameters
    ----------
    way
        A lot's.
    names
        Of sites and materials.
    """
    picture = picture_of(way)
    ledger = way.lot.account.ledger
    boxes = tuple(_told(box, names, ledger) for box in picture.boxes)
    bands = tuple(
        (band, f"{boxes[band.origin].first} → {boxes[band.target].first}: {mass}")
        for band in picture.bands
        for mass in [amount_in_words(band.grams, ledger)]
    )
    return Drawn(picture, boxes, bands)


def _told(box: Box, names: Names, ledger: str) -> Told:
    step = box.steps[0]
    kinds = {(one.kind, one.site, one.to) for one in box.steps}
    place = names.site(step.site)
    if len({kind for kind, _, _ in kinds}) > 1:
        count = len(box.steps)
        second = ngettext("%(count)s step", "%(count)s steps", count) % {"count": count}
        first = _("All the others")
    elif step.kind == "point":
        count = sum(len(one.lots) for one in box.steps)
        second = ngettext("%(count)s ticket", "%(count)s tickets", count) % {"count": count}
        first = place if len(kinds) == 1 else _("All the others")
    elif len(kinds) > 1:
        first, second = _("All the others"), _count(box, step.kind)
    elif step.kind == "sold":
        first, second = names.site(step.to), str(STEPS["sold"])
    elif step.kind == "load":
        first, second = f"→ {names.site(step.to)}", _count(box, "load")
    elif step.kind == "run":
        first, second = str(names.process(step.what)), _count(box, "run")
    elif step.kind == "lot":
        first, second = str(names.material(step.what)), _count(box, "lot")
    elif step.kind == "lies" and step.to:
        first, second = f"→ {names.site(step.to)}", _("under way")
    else:
        first, second = place, str(STEPS[step.kind])
    mass = amount_in_words(box.grams, ledger)
    whole = ", ".join(filter(None, (str(STEPS[step.kind]), first, second, mass)))
    return Told(box, _short(first), _short(second), mass, whole, _address(box))


def _count(box: Box, kind: str) -> str:
    """Name one step by its number; of several tell how many."""
    count, step = len(box.steps), box.steps[0]
    if kind not in ("load", "run", "lot"):
        return str(STEPS[kind])
    if count > 1:
        said = {
            "load": ngettext("%(count)s load", "%(count)s loads", count),
            "run": ngettext("%(count)s sorting run", "%(count)s sorting runs", count),
            "lot": ngettext("%(count)s lot", "%(count)s lots", count),
        }
        return said[kind] % {"count": count}
    if kind == "run":
        return f"{_('Entry')} {step.entries[0]}"
    return f"{STEPS[kind]} № {step.lots[-1].id}"


def _address(box: Box) -> str:
    """Give the page of a single lot or entry; else the row of the table."""
    step = box.steps[0]
    if len(box.steps) == 1 and step.kind in ("lot", "load") and not box.asked:
        return reverse("audit:way", args=[step.lots[-1].id])
    if len(box.steps) == 1 and step.kind in ("run", "sold"):
        return reverse("audit:entry", args=[step.entries[0]])
    return "#steps"


def _short(text: str) -> str:
    return text if len(text) <= LINE else f"{text[: LINE - 1]}…"
