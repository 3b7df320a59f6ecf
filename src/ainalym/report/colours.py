"""Colours of fractions and of what flows: told apart also by most colour-blind eyes."""

from ainalym.model.city import City
from ainalym.model.material import MaterialKind

PALETTE = (
    "#3b73b9", "#c08a3e", "#c9503c", "#3f9a76", "#7b62a8", "#b8a11c", "#4aa3b5", "#a8577e",
)  # fmt: skip
REST = "#8b8f94"
STOCK = "#5b5249"
ACCENT = "#0b6b5d"
BLUE = "#3b73b9"
OCHRE = "#c08a3e"


def of_fraction(city: City, fraction: str) -> str:
    """Give a fraction its colour, the same everywhere in a report; grey for what is of none."""
    if fraction in city.fractions:
        return PALETTE[city.fractions.index(fraction) % len(PALETTE)]
    return REST


def group_of(city: City, row: int) -> str:
    """Tell under which fraction a material is counted: its id, `rest` or `stock`."""
    material = city.materials[row]
    if material.fraction in city.fractions:
        return material.fraction
    return "stock" if material.kind in (MaterialKind.STOCK, MaterialKind.FUEL) else "rest"


def of_group(city: City, group: str) -> str:
    """Give the colour of what `group_of` names."""
    return STOCK if group == "stock" else of_fraction(city, group)
