"""Materials: what is thrown away, what it is sorted into, and what is made of it."""

from dataclasses import dataclass
from enum import StrEnum

from ainalym.errors import Issue, refuse


class MaterialKind(StrEnum):
    """What a material is in the chain from the household to the shelf."""

    FRACTION = "fraction"  # as people throw it away: paper, glass
    GRADE = "grade"  # sorted, with a price of its own: pet.clean
    PRODUCT = "product"  # made by a plant out of grades: pellets
    RESIDUE = "residue"  # what sorting leaves: goes to a landfill
    STOCK = "stock"  # lies in a stockpile: coal dust; never counts as recycling
    FUEL = "fuel"  # made of stock: briquettes; never counts as recycling


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """One material under one name in all of a city's tables.

    Attributes
    ----------
    id
        Its name in the city's files.
    kind
        What it is in the chain.
    fraction
        The fraction it came from, under which its tonnes are counted; its own id for a
        fraction; empty for residue, stock and fuel.
    name
        What people call it.
    density_kg_per_m3
        Loose bulk density, above 0.
    waste_code
        Its code in the waste list (European List of Waste or the Kazakh classifier).

    Raises
    ------
    InputError
        A grade or product names no fraction, or the density is not above 0.
    """

    id: str
    kind: MaterialKind
    fraction: str = ""
    name: str = ""
    density_kg_per_m3: float = 100.0
    waste_code: str = ""

    def __post_init__(self) -> None:
        refuse(self._faults())

    def _faults(self):
        where = f"materials/{self.id}"
        if not self.density_kg_per_m3 > 0:
            yield Issue(
                where,
                f"density_kg_per_m3 is {self.density_kg_per_m3:g}",
                "give a number above 0",
            )
        if self.kind in (MaterialKind.GRADE, MaterialKind.PRODUCT) and not self.fraction:
            yield Issue(where, f"a {self.kind} without a fraction", "name the fraction it is of")
        if self.kind is MaterialKind.FRACTION and self.fraction != self.id:
            yield Issue(
                where,
                f"fraction {self.id!r} is counted under {self.fraction!r}",
                f"write {self.id!r} in its fraction column",
            )
