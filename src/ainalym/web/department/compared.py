"""Plan against actual: what points were to buy, and what they bought."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ainalym.ledger import Book, received
from ainalym.web.department.months import Month
from ainalym.web.programme.models import Material, Planned, Site

Key = tuple[str, str]
"""A point and a fraction."""

GOOD_SHARE, LATE_SHARE = 0.9, 0.5


@dataclass(frozen=True, slots=True)
class Pair:
    """What was planned and what was bought, in grams; `planned_g` is None without a plan."""

    planned_g: int | None
    bought_g: int

    @property
    def share(self) -> float | None:
        """What was bought as a share of the plan; None where nothing was planned."""
        return self.bought_g / self.planned_g if self.planned_g else None


@dataclass(frozen=True, slots=True)
class Compared:
    """A month, or a few, in which points are compared with the plan.

    Attributes
    ----------
    planned_g, bought_g
        Grams by point and fraction.
    """

    planned_g: dict[Key, int] = field(default_factory=dict)
    bought_g: dict[Key, int] = field(default_factory=dict)

    def pair(self, *, site: str = "", fraction: str = "") -> Pair:
        """Sum up a point, a fraction, both or all."""

        def total(grams: dict[Key, int]) -> int:
            return sum(
                amount
                for (at, what), amount in grams.items()
                if site in ("", at) and fraction in ("", what)
            )

        return Pair(total(self.planned_g) if self.planned_g else None, total(self.bought_g))

    def by_site(self, *, fraction: str = "") -> dict[str, Pair]:
        """Sum up each point, of one fraction or of all, in one look at everything."""
        return self._pairs(0, fraction)

    def by_fraction(self, *, site: str = "") -> dict[str, Pair]:
        """Sum up each fraction, at one point or at all."""
        return self._pairs(1, site)

    def _pairs(self, side: int, only: str) -> dict[str, Pair]:
        planned_g, bought_g = Counter[str](), Counter[str]()
        for sums, grams in ((planned_g, self.planned_g), (bought_g, self.bought_g)):
            for key, amount in grams.items():
                # What is not asked for counts as nothing, so that no point is missing.
                sums[key[side]] += amount if only in ("", key[1 - side]) else 0
        there = planned_g.keys() | bought_g.keys()
        has_plan = bool(self.planned_g)
        return {one: Pair(planned_g[one] if has_plan else None, bought_g[one]) for one in there}

    def sites(self) -> list[str]:
        """Points that were to buy, or bought."""
        return sorted({at for at, _ in [*self.planned_g, *self.bought_g]})

    def fractions(self) -> list[str]:
        """Fractions that were to be bought, or were, in the order of lists."""
        there = {what for _, what in [*self.planned_g, *self.bought_g]}
        order = dict.fromkeys(Material.objects.values_list("fraction", flat=True))
        return [one for one in order if one in there] + sorted(there - order.keys())


def tone_of(pair: Pair | None) -> str:
    """Name how a point keeps to its plan: `good` from nine tenths on, `late` below a half."""
    share = pair.share if pair else None
    if share is None:
        return "none"
    return "good" if share >= GOOD_SHARE else "late" if share < LATE_SHARE else "fair"


def compare(book: Book, months: Sequence[Month]) -> dict[Month, Compared]:
    """Compare what points bought in each month with the plan.

    A plan is made for years; a month has its days' share of it.
    """
    fraction = dict(Material.objects.values_list("id", "fraction"))
    points = {*Site.objects.filter(kind="point").values_list("id", flat=True)}
    planned = _planned({month.year for month in months})
    found = {}
    for month in months:
        bought: Counter[Key] = Counter()
        if month.days_gone:
            for (site, material), grams in received(book, month.from_ms, month.to_ms).items():
                if site in points:
                    bought[site, fraction.get(material, material)] += grams
        share = month.share_of_year
        wanted = {
            (site, what): round(mass_g * share)
            for (site, what, year), mass_g in planned.items()
            if year == month.year
        }
        found[month] = Compared(wanted, dict(bought))
    return found


def _planned(years: Iterable[int]) -> dict[tuple[str, str, int], int]:
    rows = Planned.objects.filter(year__in=years)
    rows = rows.values_list("site_id", "fraction", "year", "mass_g")
    return {(site, what, year): mass_g for site, what, year, mass_g in rows}
