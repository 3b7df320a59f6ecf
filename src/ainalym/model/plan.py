"""Plans: what to open, what to install, what flows where; and what that comes to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ainalym.answer import Sense, Status
from ainalym.model.columns import frozen

NEVER = -1
"""The opening year of a site that is not opened; the point of a place that uses none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """One step of a process bought at a site.

    Attributes
    ----------
    site, process
        Ids.
    step
        Which of the process's steps, counted from 0.
    year
        Year of the horizon it works from, counted from 0.
    """

    site: str
    process: str
    step: int
    year: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Flows:
    """What goes from site to site, in columns: one row a year, origin, target and material.

    Attributes
    ----------
    year
        Counted from 0.
    origin, target
        Site rows.
    material
        Rows of the city's materials.
    mass_kg
        In that year, above 0.
    """

    year: NDArray[np.int32]
    origin: NDArray[np.int32]
    target: NDArray[np.int32]
    material: NDArray[np.int32]
    mass_kg: NDArray[np.float64]

    def __post_init__(self) -> None:
        for name in ("year", "origin", "target", "material"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int32))
        object.__setattr__(self, "mass_kg", frozen(self.mass_kg))

    def __len__(self) -> int:
        return len(self.mass_kg)


@dataclass(frozen=True, kw_only=True, eq=False)
class Worked:
    """What processes take in, in columns: one row a year, site, process and input material.

    Attributes
    ----------
    year
        Counted from 0.
    site, process, material
        Rows of the city's sites, processes and materials.
    mass_kg
        Taken in that year, above 0.
    """

    year: NDArray[np.int32]
    site: NDArray[np.int32]
    process: NDArray[np.int32]
    material: NDArray[np.int32]
    mass_kg: NDArray[np.float64]

    def __post_init__(self) -> None:
        for name in ("year", "site", "process", "material"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int32))
        object.__setattr__(self, "mass_kg", frozen(self.mass_kg))

    def __len__(self) -> int:
        return len(self.mass_kg)


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """What to open, what to install, and what flows where, in every year.

    Attributes
    ----------
    opened
        The year each site opens, counted from 0, by site row; `NEVER` when it does not. Plants,
        landfills and stockpiles are open from year 0.
    brings_to
        The site row of the point each place brings to in each year, shape (years, places);
        `NEVER` when none is within reach.
    captured_kg
        What each point takes in, shape (years, sites, fractions).
    installed
        Steps bought.
    worked, flows
        What processes take in and what travels.
    subsidy_minor
        What the programme pays each keeper, shape (years, sites).
    """

    opened: NDArray[np.int32]
    brings_to: NDArray[np.int32]
    captured_kg: NDArray[np.float64]
    installed: tuple[Installed, ...]
    worked: Worked
    flows: Flows
    subsidy_minor: NDArray[np.float64]

    def __post_init__(self) -> None:
        for name in ("opened", "brings_to"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int32))
        for name in ("captured_kg", "subsidy_minor"):
            object.__setattr__(self, name, frozen(getattr(self, name)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Tally:
    """What a plan comes to, recomputed from its flows without a solver.

    Attributes
    ----------
    money_minor
        Money of each year by heading, minor units, income above 0 and cost below, shape (years,)
        each: `sales`, `support`, `buy-back`, `handling`, `haulage`, `processing`, `disposal`,
        `fixed`, `investment`. Payments between the programme's own parts (gate prices, subsidy)
        cancel and are not here.
    value_minor
        Net present value of all headings.
    spent_minor
        Investment of each year by fund, shape (funds, years).
    keeper_minor
        What each keeper earns in a year before subsidy, shape (years, sites); not a number where
        no point is open.
    thrown_kg, captured_kg, sorted_kg, sold_kg, made_kg
        Tonnes by stage and fraction, shape (years, fractions): thrown away by everybody, taken
        in at points, come off the stations' lines as grades, bought by plants, made into
        products by them. Stockpiles never count.
    residue_kg, loss_kg
        To landfill, and lost in processes, shape (years,).
    stock_kg
        Left in stockpiles at the end of each year, shape (years,).
    fuel_kg
        Made of stockpiles and sold, shape (years,).
    jobs
        People employed in each year, shape (years,).
    haul_kg_km, haul_s
        Work and time of haulage, shape (years,).
    emissions_kg
        Carbon dioxide equivalent over the horizon by factor set and heading (`haulage`,
        `processing`, `avoided`, `fuel`), avoided below 0.
    objective
        Worth under the programme's objective.
    near_share
        Share of residents within 500 m on foot of an open point in the last year.
    """

    money_minor: Mapping[str, NDArray[np.float64]]
    value_minor: float
    spent_minor: NDArray[np.float64]
    keeper_minor: NDArray[np.float64]
    thrown_kg: NDArray[np.float64]
    captured_kg: NDArray[np.float64]
    sorted_kg: NDArray[np.float64]
    sold_kg: NDArray[np.float64]
    made_kg: NDArray[np.float64]
    residue_kg: NDArray[np.float64]
    loss_kg: NDArray[np.float64]
    stock_kg: NDArray[np.float64]
    fuel_kg: NDArray[np.float64]
    jobs: NDArray[np.float64]
    haul_kg_km: NDArray[np.float64]
    haul_s: NDArray[np.float64]
    emissions_kg: Mapping[str, Mapping[str, float]]
    objective: float
    near_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A plan with what it comes to and what was proved about it.

    Attributes
    ----------
    status, sense, objective, bound, gap
        As in `Answer`: the objective is the tally's, the bound holds for the joint problem of
        points and network. Money objectives are in minor units, tonnes in kilograms, emissions
        in kilograms of carbon dioxide equivalent.
    plan, tally
        None when there is no plan.
    clash
        When infeasible: the rules that cannot hold together, in words.
    seconds_s
        Wall time of the search.
    trail
        How objective and bound came together: seconds, objective, bound.
    notes
        What a reader must know to believe the figures.
    """

    status: Status
    sense: Sense
    objective: float
    bound: float
    gap: float
    plan: Plan | None
    tally: Tally | None
    clash: tuple[str, ...] = ()
    seconds_s: float = 0.0
    trail: tuple[tuple[float, float, float], ...] = ()
    notes: tuple[str, ...] = field(default=())
