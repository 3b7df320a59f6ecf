"""Rules the book goes by, each from a moment on: scales, recipes, custody, tolerance."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import NamedTuple

from ainalym.errors import Issue
from ainalym.model.any_deed import LATEST_MS
from ainalym.model.deed import Rule
from ainalym.model.faults import named, shown
from ainalym.units import PPM

TOLERANCE_PPM = 5_000
"""How far a load may weigh from what was sent: half a percent. **Source.** ISCC PLUS allows as much
between book and stock."""

BAND_PPM = 50_000
"""How far a yield may lie from its recipe where the process does not say."""


CUSTODY = ("identity", "segregated", "blending", "average", "credit")
"""Models of custody, in the order of what they promise. **Source.** ISO 22095:2020; book and claim
is refused, since it lets a claim travel without the mass."""


class Recipe(NamedTuple):
    """What a kilogram of each input becomes in a process, and how far it may be off.

    Attributes
    ----------
    recipe_ppm
        Input material -> output material or `loss` -> parts per million.
    band_ppm
        Of all inputs together, either way, for each output and the loss.
    """

    recipe_ppm: Mapping[str, Mapping[str, int]]
    band_ppm: int

    def expected_g(self, taken_g: Mapping[str, int]) -> dict[str, int]:
        """Say what should come out of these inputs, in grams by material, loss included."""
        made: dict[str, int] = {}
        for material, grams in taken_g.items():
            for output, share_ppm in self.recipe_ppm[material].items():
                made[output] = made.get(output, 0) + grams * share_ppm
        return {output: grams // PPM for output, grams in made.items()}


class Rules:
    """All rules of a book, asked for as they stood at a moment."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, str], list[tuple[int, int, Mapping]]] = {}

    def add(self, about: str, name: str, event_ms: int, seq: int, terms: Mapping) -> None:
        """Learn a rule that holds from `event_ms` on; of two of one moment the later told holds."""
        said = self._said.setdefault((about, name), [])
        said.append((event_ms, seq, terms))
        said.sort(key=lambda rule: rule[:2])

    def forget(self, seq: int) -> None:
        """Forget the rules that stand at `seq` or after."""
        for said in self._said.values():
            said[:] = [rule for rule in said if rule[1] < seq]

    def terms(self, about: str, name: str, event_ms: int) -> Mapping | None:
        """Give the terms of a rule at a moment; None where there is none yet."""
        said = self._said.get((about, name))
        if not said:
            return None
        if said[-1][0] <= event_ms:
            # Nearly always: the last rule holds.
            return said[-1][2]
        k = bisect_right(said, event_ms, key=itemgetter(0))
        return said[k - 1][2] if k else None

    def verified(self, scale: str, event_ms: int) -> bool:
        """Tell whether a scale was verified at a moment."""
        terms = self.terms("scale", scale, event_ms) if scale else None
        return terms is not None and event_ms < terms["verified_until_ms"]

    def tolerance_ppm(self, event_ms: int) -> int:
        """Tell how far a load may weigh from what was sent, in parts per million."""
        terms = self.terms("tolerance", "", event_ms)
        return TOLERANCE_PPM if terms is None else terms["tolerance_ppm"]

    def recipe(self, process: str, event_ms: int) -> Recipe | None:
        """Give the recipe of a process at a moment; None where it is unknown."""
        terms = self.terms("process", process, event_ms)
        if terms is None:
            return None
        return Recipe(terms["recipe_ppm"], terms.get("band_ppm", BAND_PPM))

    def processes(self, event_ms: int) -> dict[str, Mapping]:
        """List the terms of all processes known at a moment."""
        names = sorted(name for about, name in self._said if about == "process")
        known = {name: self.terms("process", name, event_ms) for name in names}
        return {name: terms for name, terms in known.items() if terms is not None}


def faults_of_terms(rule: Rule) -> Iterator[Issue]:
    """Yield the faults of a rule's terms."""
    where = f"rule {rule.id}: {rule.about} {named(rule.name) if rule.name else ''}".rstrip()
    terms = rule.terms
    if rule.about == "scale" and "verified_until_ms" not in terms:
        mend = "give the moment in verified_until_ms"
        yield Issue(where, "does not say until when the scale is verified", mend)
    for name, value in terms.items():
        if name.endswith("_ms") and not _moment(value):
            fault = f"{named(name)} is {shown(value)}"
            yield Issue(where, fault, "give milliseconds since 1970 UTC, before the year 4199")
    if rule.about == "tolerance" and not _share(terms.get("tolerance_ppm")):
        fault = f"tolerance_ppm is {shown(terms.get('tolerance_ppm'))}"
        yield Issue(where, fault, f"give whole parts per million from 0 to {PPM}")
    if rule.about == "custody" and terms.get("model") not in CUSTODY:
        fault = f"model is {shown(terms.get('model'))}"
        yield Issue(where, fault, f"use one of {', '.join(CUSTODY)}; book and claim is refused")
    if rule.about == "process":
        yield from _faults_of_recipe(where, terms)


def _faults_of_recipe(where: str, terms: Mapping) -> Iterator[Issue]:
    recipe = terms.get("recipe_ppm")
    if not isinstance(recipe, Mapping) or not recipe:
        yield Issue(where, "has no recipe", "give recipe_ppm: input -> output -> parts per million")
        return
    for material, outputs in recipe.items():
        shares = [*outputs.values()] if isinstance(outputs, Mapping) else [None]
        if not all(_share(share) for share in shares) or sum(shares) != PPM:
            fault = f"the shares of {shown(material)} are {shown(shares)}"
            yield Issue(where, fault, f"give whole parts per million that sum to {PPM}")
    if not _share(terms.get("band_ppm", 0)):
        fault = f"band_ppm is {shown(terms['band_ppm'])}"
        yield Issue(where, fault, f"give whole parts per million from 0 to {PPM}")


def _moment(value: object) -> bool:
    return type(value) is int and 0 <= value < LATEST_MS


def _share(value: object) -> bool:
    return type(value) is int and 0 <= value <= PPM
