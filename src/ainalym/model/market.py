"""What is paid: at the counter, at the station's gate, by plants, for haulage."""

from dataclasses import dataclass
from math import inf, isfinite

from ainalym.errors import Issue, refuse
from ainalym.model.place import SiteKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """Terms for one fraction at the counters of all points, and how people respond to them.

    Attributes
    ----------
    fraction
        Material id.
    buyback_minor_per_kg
        What a keeper pays people; 0 or more.
    handling_minor_per_kg
        What weighing, storing and loading costs the keeper; 0 or more.
    support_minor_per_kg
        What the producers' responsibility scheme pays the keeper; 0 or more.
    capture_low
        Share people bring when nothing is paid, next door, to a point that takes everything.
    capture_high
        Share they would bring at any price; at most 1, at least `capture_low`.
    reference_minor_per_kg
        Price at which half of the way from low to high is reached; above 0.
    """

    fraction: str
    buyback_minor_per_kg: float
    handling_minor_per_kg: float
    support_minor_per_kg: float
    capture_low: float
    capture_high: float
    reference_minor_per_kg: float

    def __post_init__(self) -> None:
        refuse(self._faults())

    def _faults(self):
        where = f"counter/{self.fraction}"
        for name in ("buyback_minor_per_kg", "handling_minor_per_kg", "support_minor_per_kg"):
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0):
                yield Issue(where, f"{name} is {value:g}", "give 0 or more")
        if not 0 <= self.capture_low <= self.capture_high <= 1:
            fault = f"capture runs from {self.capture_low:g} to {self.capture_high:g}"
            yield Issue(where, fault, "give shares between 0 and 1, low not above high")
        if not (self.reference_minor_per_kg > 0 and isfinite(self.reference_minor_per_kg)):
            fault = f"reference_minor_per_kg is {self.reference_minor_per_kg:g}"
            yield Issue(where, fault, "give a price above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What one plant or landfill pays for one material at its gate.

    Attributes
    ----------
    site, material
        Ids of the plant, landfill or market and of the material it accepts. What has no offer
        is refused.
    price_minor_per_kg
        What it pays; negative for a fee, as a landfill takes.
    limit_kg_per_year
        The most it takes in a year; `inf` for no limit.
    """

    site: str
    material: str
    price_minor_per_kg: float
    limit_kg_per_year: float = inf

    def __post_init__(self) -> None:
        where = f"offers/{self.site}/{self.material}"
        issues = []
        if not isfinite(self.price_minor_per_kg):
            issues.append(Issue(where, f"the price is {self.price_minor_per_kg}", "give a number"))
        if not self.limit_kg_per_year >= 0:
            fault = f"the limit is {self.limit_kg_per_year:g}"
            issues.append(Issue(where, fault, "give 0 or more, or leave it empty for no limit"))
        refuse(issues)


@dataclass(frozen=True, slots=True, kw_only=True)
class Haul:
    """A vehicle class and the leg it drives.

    Attributes
    ----------
    id
        Its name.
    origin
        The kind of site it loads at; legs run from points, stations and stockpiles.
    cost_minor_per_kg_km
        Running cost per kilogram and kilometre of the loaded way.
    cost_minor_per_kg
        Loading and unloading.
    emissions_kg_per_kg_km
        Carbon dioxide equivalent per kilogram and kilometre.
    payload_kg
        What one trip carries, above 0; turns tonnes into trips and hours.
    """

    id: str
    origin: SiteKind
    cost_minor_per_kg_km: float
    cost_minor_per_kg: float = 0.0
    emissions_kg_per_kg_km: float = 0.0
    payload_kg: float = 5000.0

    def __post_init__(self) -> None:
        where = f"vehicles/{self.id}"
        issues = []
        for name in ("cost_minor_per_kg_km", "cost_minor_per_kg", "emissions_kg_per_kg_km"):
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0):
                issues.append(Issue(where, f"{name} is {value:g}", "give 0 or more"))
        if not (self.payload_kg > 0 and isfinite(self.payload_kg)):
            issues.append(Issue(where, f"payload is {self.payload_kg:g}", "give more than 0"))
        refuse(issues)


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """Greenhouse gas avoided by recycling one material, in one published set.

    Attributes
    ----------
    set
        The set's name; a city carries at least two, for they disagree.
    material
        The fraction, grade or fuel it speaks of.
    avoided_kg_per_kg
        Carbon dioxide equivalent avoided per kilogram sold; negative where burning emits.
    """

    set: str
    material: str
    avoided_kg_per_kg: float
