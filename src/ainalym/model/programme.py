"""The programme: what the city decided to spend, on what, by when, and what it wants."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ainalym.errors import Issue, refuse
from ainalym.model.market import Counter
from ainalym.units import CURRENCIES, M_PER_KM


class Objective(StrEnum):
    """What the plan is asked to make as good as possible."""

    VALUE = "value"  # net present value, more is better
    COST = "cost"  # present cost under a recovery target, less is better
    TONNES = "tonnes"  # tonnes sold under the budget, more is better
    EMISSIONS = "emissions"  # net greenhouse gas, less is better


class Cover(StrEnum):
    """What a fund may pay for."""

    ANYTHING = "anything"
    POINTS = "points"
    STATIONS = "stations"  # opening stations and their lines
    STOCKPILES = "stockpiles"  # presses at stockpiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Fund:
    """Money for investment from one source; what is unspent is carried over.

    Attributes
    ----------
    source
        Who gives it.
    covers
        What it may pay for.
    amount_minor
        What arrives in each year of the programme, minor money units, 0 or more.
    """

    source: str
    covers: Cover
    amount_minor: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """How the share brought to a point falls with the way there.

    The share of willing people is `exp(-rate * (stretch * km) ** power)`.

    Attributes
    ----------
    rate, power
        Of the published curve.
    stretch
        How many kilometres of an errand one kilometre with bags counts for.
    limit_m
        Nobody walks further than this.
    participation
        Share of households that take part when a point takes 1, 2, 3, ... fractions, relative
        to one that takes them all; the last value holds for more.

    Source
    ------
    Schmitt & Singh 2024, INFORMS Journal on Computing 36(5):1150 (urban, below 5 km), fitted on
    618,245 trips; participation: Waste Management 26 (2006) 914.
    """

    rate: float = 0.25509
    power: float = 0.86745
    stretch: float = 1.0
    limit_m: float = 1000.0
    participation: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        issues = []
        for name in ("rate", "power", "stretch", "limit_m"):
            value = getattr(self, name)
            if not (isfinite(value) and value > 0):
                issues.append(Issue("programme/walk", f"{name} is {value:g}", "give more than 0"))
        if not self.participation or not all(0 <= s <= 1 for s in self.participation):
            fault = f"participation is {self.participation}"
            issues.append(Issue("programme/walk", fault, "give shares between 0 and 1"))
        refuse(issues)

    def share(self, walk_m: ArrayLike, taken: ArrayLike) -> NDArray[np.float64]:
        """Tell which share of the willing bring something this far.

        Parameters
        ----------
        walk_m
            Metres on foot, 0 or more; beyond `limit_m` the share is 0.
        taken
            How many fractions the point takes, 1 or more; broadcast with `walk_m`.
        """
        walk = np.asarray(walk_m, float)
        level = np.minimum(np.asarray(taken, int), len(self.participation)) - 1
        km = self.stretch * walk / M_PER_KM
        share = np.array(self.participation)[level] * np.exp(-self.rate * km**self.power)
        return np.where(walk <= self.limit_m, share, 0.0)


def willing(counter: Counter, price_minor_per_kg: float) -> float:
    """Tell which share of a fraction people would bring next door at this price.

    It starts at `capture_low` when nothing is paid and rises to `capture_high`, reaching half
    of the way at the reference price.

    Parameters
    ----------
    counter
        The fraction's terms.
    price_minor_per_kg
        The price paid, 0 or more.
    """
    risen = 1.0 - 2.0 ** (-price_minor_per_kg / counter.reference_minor_per_kg)
    return counter.capture_low + (counter.capture_high - counter.capture_low) * risen


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """What the city wants within which means.

    Attributes
    ----------
    name
        Of the programme.
    currency
        Of every amount in the city's files.
    first_year, years
        The horizon; `years` at least 1.
    discount_share
        Yearly discount rate as a share, 0 or more.
    growth_share
        Yearly growth of what people throw away, as a share above -1.
    stations, exactly
        How many candidate stations to open: exactly, or at most.
    objective
        What to make as good as possible.
    target_share
        For `Objective.COST`: the share of all recyclable waste that has to be sold over the
        horizon.
    funds
        Money for investment, by source.
    keeper_minor_per_year
        The least a keeper has to earn at an open point in a year.
    subsidy_minor_per_year
        The most the programme pays keepers in a year so that they earn it; 0 for none, `inf`
        for whatever is needed.
    gate_minor_per_kg
        What a station pays a keeper for each material; a transfer inside the programme.
    walk
        How capture falls with the way.
    factor_set
        The emission factor set that the objective uses.
    build_years
        In how many years, from the first, sites may be opened and steps bought; 0 for all.

    Raises
    ------
    InputError
        An unknown currency, no years, a rate out of range, or a fund whose amounts do not match
        the years. Every fault is listed.
    """

    name: str
    currency: str
    first_year: int
    years: int
    discount_share: float
    growth_share: float
    stations: int
    exactly: bool
    objective: Objective
    target_share: float
    funds: tuple[Fund, ...]
    keeper_minor_per_year: float
    subsidy_minor_per_year: float
    gate_minor_per_kg: Mapping[str, float]
    walk: Walk
    factor_set: str
    build_years: int = 0

    def __post_init__(self) -> None:
        refuse(self._faults())

    @property
    def last_build_year(self) -> int:
        """The last year, counted from 0, in which anything may be opened or bought."""
        return min(self.build_years or self.years, self.years) - 1

    @property
    def discount(self) -> NDArray[np.float64]:
        """The worth today of one unit in each year, shape (years,)."""
        return (1.0 + self.discount_share) ** -np.arange(self.years, dtype=float)

    @property
    def growth(self) -> NDArray[np.float64]:
        """Waste of each year relative to the first, shape (years,)."""
        return (1.0 + self.growth_share) ** np.arange(self.years, dtype=float)

    def _faults(self):
        where = "programme"
        if self.currency not in CURRENCIES:
            known = ", ".join(CURRENCIES)
            yield Issue(f"{where}/currency", f"currency is {self.currency!r}", f"use {known}")
        if self.years < 1:
            yield Issue(f"{where}/years", f"years is {self.years}", "give 1 or more")
        if not 0 <= self.discount_share < 1:
            fault = f"discount_share is {self.discount_share:g}"
            yield Issue(f"{where}/discount_share", fault, "give a share such as 0.08")
        if not -1 < self.growth_share < 1:
            fault = f"growth_share is {self.growth_share:g}"
            yield Issue(f"{where}/growth_share", fault, "give a share such as 0.02")
        if self.stations < 0:
            fault = f"stations is {self.stations}"
            yield Issue(f"{where}/stations", fault, "give 0 or more")
        if self.build_years < 0:
            fault = f"build_years is {self.build_years}"
            yield Issue(f"{where}/build_years", fault, "give 0 or more")
        if not 0 <= self.target_share <= 1:
            fault = f"target_share is {self.target_share:g}"
            yield Issue(f"{where}/target_share", fault, "give a share between 0 and 1")
        for name in ("keeper_minor_per_year", "subsidy_minor_per_year"):
            value = getattr(self, name)
            if not (0 <= value <= inf):
                yield Issue(f"{where}/{name}", f"{name} is {value:g}", "give 0 or more")
        for fund in self.funds:
            at = f"budget/{fund.source}"
            if len(fund.amount_minor) != self.years:
                fault = f"{len(fund.amount_minor)} amounts for {self.years} years"
                yield Issue(at, fault, "give one amount a year, 0 where nothing comes")
            for k, amount in enumerate(fund.amount_minor):
                if amount < 0:
                    fault = f"the amount of {self.first_year + k} is {amount}"
                    yield Issue(at, fault, "give 0 or more")
