"""How a report says numbers, names and what was proved: one way of writing throughout."""

from collections.abc import Iterable
from math import isfinite

from ainalym.answer import Sense, Status
from ainalym.model.city import City
from ainalym.model.plan import Outcome
from ainalym.model.programme import Objective
from ainalym.units import KG_PER_T, MINOR_PER_MAJOR, say_mass, say_money, say_share

KEEP = "\u00a0"
"""The space that keeps a number and its unit on one line."""

NONE = "–"
"""What stands where there is no number."""


def number(value: float | None, digits: int = 0) -> str:
    """Say a number with thousands apart: `-1,234.5` with a real minus; a dash for none."""
    if value is None or not isfinite(value):
        return NONE
    said = f"{abs(value):,.{digits}f}"
    is_zero = not said.strip("0.,")
    return said if value >= 0 or is_zero else f"\u2212{said}"


def percent(share: float | None) -> str:
    """Say a share in percent with the digits it deserves."""
    if share is None or not isfinite(share):
        return NONE
    if share == 0:
        return f"0{KEEP}%"
    return say_share(share).replace("%", f"{KEEP}%").replace("-", "\u2212")


def tonnes(mass_kg: float) -> str:
    """Say a mass in tonnes; with a decimal below ten, so that little is not nothing."""
    mass_t = mass_kg / KG_PER_T
    return f"{number(mass_t, 0 if abs(mass_t) >= 10 or mass_t == 0 else 2)}{KEEP}t"


def digits_for(values: Iterable[float]) -> int:
    """Tell how many decimals a column of numbers deserves: three figures for its largest."""
    largest = max((abs(v) for v in values if isfinite(v)), default=0.0)
    return 0 if largest >= 100 or largest == 0 else 1 if largest >= 10 else 2


def money_unit(currency: str, amounts_minor: Iterable[float]) -> tuple[float, str]:
    """Choose the unit of a money table: its minor units, and its name."""
    largest = max((abs(a) for a in amounts_minor if isfinite(a)), default=0.0) / MINOR_PER_MAJOR
    if largest >= 1e7:
        return 1e6 * MINOR_PER_MAJOR, f"million {currency}"
    if largest >= 1e5:
        return 1e3 * MINOR_PER_MAJOR, f"thousand {currency}"
    return float(MINOR_PER_MAJOR), currency


def plural(count: float, one: str, many: str = "") -> str:
    """Say how many: `1 station`, `3 stations`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def listed(names: Iterable[str]) -> str:
    """Say names one after another: `paper, glass and metal`."""
    names = list(names)
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def year_names(city: City) -> list[str]:
    """Name the years of the horizon."""
    first = city.programme.first_year
    return [str(first + t) for t in range(city.programme.years)]


def horizon(city: City) -> str:
    """Say the horizon: `2026 to 2033`."""
    years = year_names(city)
    return years[0] if len(years) == 1 else f"{years[0]} to {years[-1]}"


def site_name(city: City, row: int) -> str:
    """Say what people call a site."""
    return city.sites.name[row] or city.sites.id[row]


def material_name(city: City, material: str) -> str:
    """Say what people call a material."""
    found = city.material.get(material)
    return (found.name or found.id) if found else material


def process_name(city: City, process: str) -> str:
    """Say what people call a process."""
    found = city.process.get(process)
    return (found.name or found.id) if found else process


def objective_unit(city: City) -> tuple[float, str]:
    """Choose the unit in which objective and bound are read: how many of the plan's, its name."""
    objective = city.programme.objective
    if objective is Objective.TONNES:
        return KG_PER_T, "t"
    if objective is Objective.EMISSIONS:
        return KG_PER_T, "t CO2e"
    return float(MINOR_PER_MAJOR), city.programme.currency


def worth(city: City, value: float) -> str:
    """Say an objective or a bound in a unit people read."""
    if not isfinite(value):
        return "unknown"
    objective = city.programme.objective
    if objective is Objective.TONNES:
        return say_mass(value).replace("-", "\u2212").replace(" ", KEEP)
    if objective is Objective.EMISSIONS:
        return f"{number(value / KG_PER_T)}{KEEP}t CO2e"
    return money(city, value)


def money(city: City, amount_minor: float) -> str:
    """Say an amount in the programme's currency."""
    return say_money(amount_minor, city.programme.currency).replace("-", "\u2212")


CLOSE = 0.2
"""A gap above this is no longer said as a closeness."""

GOALS = {
    Objective.VALUE: "net present value",
    Objective.COST: "present cost",
    Objective.TONNES: "tonnes sold",
    Objective.EMISSIONS: "net emissions",
}
"""What each objective is called."""


def proof(city: City, outcome: Outcome) -> str:
    """Say in a sentence or two what the gap means."""
    if outcome.status is Status.INFEASIBLE:
        return "It is proved that no plan can keep all the rules at once."
    if outcome.status is Status.UNKNOWN:
        return "The search ended before any plan was found; nothing is proved either way."
    goal = GOALS[city.programme.objective]
    if not isfinite(outcome.bound):
        return f"No limit on the best possible {goal} was proved, so a better plan may exist."
    side = "more" if outcome.sense is Sense.MAX else "less"
    limit = f"No plan can have {side} {goal} than {worth(city, outcome.bound)}"
    if outcome.sense is Sense.MIN:
        limit = f"No plan can bring the {goal} below {worth(city, outcome.bound)}"
    here = f"this one has {worth(city, outcome.objective)}"
    if outcome.gap <= 1e-6:
        return f"{limit}; {here}, so it is the best there is."
    if not isfinite(outcome.gap):
        return f"{limit}; {here}."
    if outcome.gap <= CLOSE:
        return f"{limit}; {here}, which is within {percent(outcome.gap)} of that limit."
    room = worth(city, abs(outcome.bound - outcome.objective))
    return f"{limit}; {here}. A plan better by up to {room} may exist: search longer."


def badge(outcome: Outcome) -> str:
    """Say the status in two or three words."""
    if outcome.status is Status.OPTIMAL:
        return "proven best" if outcome.gap <= 1e-6 else f"proven within {percent(outcome.gap)}"
    if outcome.status is Status.FEASIBLE:
        return f"gap {percent(outcome.gap)}" if isfinite(outcome.gap) else "not proved"
    return "no plan possible" if outcome.status is Status.INFEASIBLE else "no plan found"
