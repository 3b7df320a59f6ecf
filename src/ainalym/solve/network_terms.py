"""The nouns of the staged network: the problem, the answer, and a recount that trusts nobody."""

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ainalym.errors import Issue, law, refuse

CLOSES = 1e-6
"""Share of all tonnes, or of a budget, by which a recounted rule may be missed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Staged:
    """Zones bring to stations, stations sell to plants, modules are built year by year.

    Attributes
    ----------
    supply_t
        What each zone throws away, tonnes a year, shape (zones, commodities, years), 0 or more.
    bring
        Of bringing one tonne to a station and handling it, shape (zones, stations); infinite
        where that is not possible.
    landfill
        Of one tonne that is not brought, shape (commodities,), 0 or more.
    left
        Share of a tonne that a station has left to sell, shape (commodities,), 0 to 1.
    sale
        What a tonne brings at a plant, less the haul from the station, shape (stations, plants,
        commodities); minus infinity where a plant does not take it. All that is left is sold.
    limit_t
        The most a plant takes, tonnes a year, shape (plants, commodities, years).
    module_t
        What one module of each size can handle, tonnes a year, shape (modules,).
    capex, upkeep
        Of one module, once and each year from then on, shapes (stations, modules).
    budget
        The most that may have been spent on modules by each year, shape (years,).
    discount
        Worth of a year's money today, shape (years,), above 0.
    most_stations, most_modules
        How many stations may be built on, and how many modules at each over all years.
    most_at_once
        How many modules of one size may be built at one station in one year.
    """

    supply_t: NDArray[np.float64]
    bring: NDArray[np.float64]
    landfill: NDArray[np.float64]
    left: NDArray[np.float64]
    sale: NDArray[np.float64]
    limit_t: NDArray[np.float64]
    module_t: NDArray[np.float64]
    capex: NDArray[np.float64]
    upkeep: NDArray[np.float64]
    budget: NDArray[np.float64]
    discount: NDArray[np.float64]
    most_stations: int
    most_modules: int
    most_at_once: int = 1

    @property
    def shape(self) -> tuple[int, int, int, int, int]:
        """How many zones, stations, plants, commodities and years there are."""
        zones, commodities, years = self.supply_t.shape
        return zones, self.bring.shape[1], self.limit_t.shape[0], commodities, years

    @property
    def capex_of(self) -> NDArray[np.float64]:
        """Today's worth of a module's price by station, size and year of building."""
        return self.capex[..., None] * self.discount

    @property
    def upkeep_of(self) -> NDArray[np.float64]:
        """Today's worth of a module's upkeep by station, size and year."""
        return self.upkeep[..., None] * self.discount

    def check(self) -> list[Issue]:
        """List every fault; shapes first, since numbers of a wrong shape mean nothing."""
        zones, stations, plants, commodities, years = self.shape
        modules = len(self.module_t)
        wanted = {
            "bring": (zones, stations),
            "landfill": (commodities,),
            "left": (commodities,),
            "sale": (stations, plants, commodities),
            "limit_t": (plants, commodities, years),
            "capex": (stations, modules),
            "upkeep": (stations, modules),
            "budget": (years,),
            "discount": (years,),
        }
        found = [
            Issue(name, f"has shape {getattr(self, name).shape}", f"give {shape}")
            for name, shape in wanted.items()
            if getattr(self, name).shape != shape
        ]
        found += [
            Issue(name, "is empty", "give at least one")
            for name, count in (
                ("stations", stations),
                ("modules", modules),
                ("commodities", commodities),
                ("years", years),
            )
            if count == 0
        ]
        return found or self._wrong_numbers()

    def _wrong_numbers(self) -> list[Issue]:
        at_least_0 = (
            *("supply_t", "bring", "landfill", "left", "limit_t"),
            *("module_t", "capex", "upkeep", "budget"),
        )
        found = []
        for part in fields(self):
            column = np.asarray(getattr(self, part.name))
            if column.ndim == 0:
                if column < 1:
                    found.append(Issue(part.name, f"is {column}", "give at least 1"))
                continue
            wrong = np.isnan(column)
            infinite = {"bring": np.inf, "sale": -np.inf, "limit_t": np.inf, "budget": np.inf}
            wrong |= np.isinf(column) & (column != infinite.get(part.name, 0.0))
            if part.name in at_least_0:
                wrong |= column < 0
            if part.name == "discount":
                wrong |= column <= 0
            if part.name == "left":
                wrong |= column > 1
            mend = "give a number" + " of 0 or more" * (part.name in at_least_0)
            mend += " above 0" * (part.name == "discount")
            found += [
                Issue(f"{part.name} {_place(at)}", f"is {column[tuple(at)]}", mend)
                for at in np.argwhere(wrong)[:20]
            ]
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Carried:
    """Tonnes brought, one row for each zone, station, commodity and year with any."""

    zone: NDArray[np.int32]
    station: NDArray[np.int32]
    commodity: NDArray[np.int32]
    year: NDArray[np.int32]
    mass_t: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Built:
    """A network: what is built when, and what goes where.

    Attributes
    ----------
    modules
        How many are built each year, shape (stations, modules, years).
    carried
        What zones bring.
    sold_t
        Shape (stations, plants, commodities, years).
    """

    modules: NDArray[np.int64]
    carried: Carried
    sold_t: NDArray[np.float64]


class Counted(NamedTuple):
    """What a network costs: the sum, and all its expenses before sales."""

    cost: float
    gross: float


def recount(staged: Staged, built: Built) -> Counted:
    """Add up what a network costs from what is carried and sold, checking every rule.

    Raises
    ------
    BrokenLaw
        A rule is broken: the sentence says which.
    """
    _, stations, _, commodities, years = staged.shape
    carried, modules = built.carried, built.modules
    ways = carried.station, carried.commodity, carried.year
    brought_t = np.zeros((stations, commodities, years))
    np.add.at(brought_t, ways, carried.mass_t)
    left_t = staged.supply_t.copy()
    np.subtract.at(left_t, (carried.zone, *ways[1:]), carried.mass_t)
    installed = np.cumsum(modules, axis=2)
    room_t = np.einsum("jqt,q->jt", installed, staged.module_t)
    spent = np.einsum("jqt,jq->t", installed, staged.capex)
    slack_t = CLOSES * max(1.0, staged.supply_t.sum((0, 1)).max())
    for is_kept, said in (
        ((carried.mass_t >= 0).all() and (built.sold_t >= 0).all(), "a flow is negative"),
        (left_t.min(initial=0.0) >= -slack_t, "a zone brings more than it has"),
        ((brought_t.sum(1) <= room_t + slack_t).all(), "a station handles more than it can"),
        ((modules >= 0).all(), "modules are taken away"),
        ((modules <= staged.most_at_once).all(), "too many modules are built at once"),
        ((modules.sum((1, 2)) <= staged.most_modules).all(), "a station has too many modules"),
        ((modules.sum((1, 2)) > 0).sum() <= staged.most_stations, "there are too many stations"),
        ((spent <= staged.budget + CLOSES * np.abs(spent)).all(), "more is spent than there is"),
        ((built.sold_t.sum(0) <= staged.limit_t + slack_t).all(), "a plant gets too much"),
        (
            np.abs(built.sold_t.sum(1) - staged.left[:, None] * brought_t).max(initial=0.0)
            <= slack_t,
            "a station does not sell what it has left",
        ),
    ):
        law(bool(is_kept), said=said)
    today = staged.discount
    expenses = [
        float((modules * staged.capex_of).sum() + (installed * staged.upkeep_of).sum()),
        float(carried.mass_t @ (staged.bring[carried.zone, carried.station] * today[carried.year])),
        float(np.einsum("zkt,k,t->", np.maximum(left_t, 0.0), staged.landfill, today)),
    ]
    sale = np.where(built.sold_t > 0, staged.sale[..., None], 0.0)
    worth = built.sold_t * sale * today
    gross = sum(expenses) - float(worth[worth < 0].sum())
    return Counted(sum(expenses) - float(worth.sum()), gross)


def units_of(staged: Staged) -> tuple[float, float]:
    """Tonnes and money that one unit of a program stands for, so that its numbers are handy."""
    supply_t = float(staged.supply_t.sum((0, 1)).max())
    worth = np.where(np.isfinite(staged.sale), np.abs(staged.sale), 0.0).max(initial=0.0)
    money = supply_t * max(float(staged.landfill.max(initial=0.0)), float(worth))
    return (supply_t or 1.0) / 1e3, (money or 1.0) / 1e4


def check_terms(staged: Staged, *, seconds: float, gap_allowed: float) -> None:
    """Refuse a problem with faults, or limits that cannot be used, all at once.

    Raises
    ------
    InputError
        Every fault is listed.
    """
    found = staged.check()
    if not seconds > 0:
        found.append(Issue("seconds", f"is {seconds}", "give more than 0"))
    if not gap_allowed >= 0:
        found.append(Issue("gap_allowed", f"is {gap_allowed}", "give 0 or more"))
    refuse(found)


def _place(at: NDArray[np.int64]) -> str:
    return "row " + ", ".join(str(int(k)) for k in at)
