"""What the counter's pages show, made ready."""

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from ainalym.model.entry import now_ms
from ainalym.web.counter.ticket import Counter
from ainalym.web.programme.models import Material

FRACTIONS = {
    "paper": _("Paper"),
    "cardboard": _("Cardboard"),
    "plastic": _("Plastic"),
    "glass": _("Glass"),
    "metal": _("Metal"),
}
"""The five materials that points take."""


class Grade(NamedTuple):
    """A button of a grade, with what is paid for it."""

    material: Material
    price_minor_per_kg: int


class Tile(NamedTuple):
    """A big button of a fraction, with its grades."""

    fraction: str
    name: str
    grades: list[Grade]


def bought_tiles(counter: Counter) -> list[Tile]:
    """Order what a counter buys: fractions, and the grades of each."""
    tiles: dict[str, Tile] = {}
    for one in counter.materials.values():
        tile = tiles.setdefault(
            one.fraction, Tile(one.fraction, FRACTIONS.get(one.fraction, one.fraction), [])
        )
        tile.grades.append(Grade(one, counter.paid_minor_per_kg[one.id]))
    return [*tiles.values()]


def state_of(counter: Counter, keeper: str) -> dict[str, object]:
    """Tell a phone what it needs to weigh and pay without us."""
    return {
        "site": counter.site.id,
        "keeper": keeper,
        "now_ms": now_ms(),
        "price_list": str(counter.price_list or ""),
        "prices": counter.paid_minor_per_kg,
        "scales": {
            one.id: {
                "most_g": one.most_g,
                "verified_until_ms": counter.verified_until_ms[one.id],
            }
            for one in counter.scales
        },
    }


def stocked(grams_g: Mapping[str, int]) -> list[tuple[Material | str, int]]:
    """Name what lies at a site, in the order of the materials."""
    known = {one.id: one for one in Material.objects.all()}
    order = {name: place for place, name in enumerate(known)}
    rows = sorted(grams_g.items(), key=lambda row: order.get(row[0], len(order)))
    return [(known.get(name, name), grams) for name, grams in rows]
