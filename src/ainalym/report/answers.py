"""Answers about a plan in plain values: what a change costs, and which alternatives there are."""

from ainalym.model.city import City
from ainalym.model.difference import Alternatives, Difference
from ainalym.model.plan import NEVER, Outcome
from ainalym.report.summary import finite, summary
from ainalym.report.words import objective_unit
from ainalym.units import MINOR_PER_MAJOR

KEPT = ("status", "objective", "bound", "gap", "seconds_s", "stations", "clash")
"""What is said of the other plan, as in a summary."""


def difference(city: City, one: Difference) -> dict[str, object]:
    """Tell what a change does to the best plan.

    Parameters
    ----------
    city, one
        Amounts are in the unit of the plan's summary. `better_least` and `better_most` say by how
        much the best plan gets better, below 0 worse; what is not known, or cannot be, is None.
    """
    scale, _ = objective_unit(city)
    brief = summary(city, one.outcome)
    return {
        "changed": one.changed,
        "better_least": finite(one.least / scale),
        "better_most": finite(one.most / scale),
        "is_told_apart": one.is_told_apart,
        "opens": list(one.opens),
        "closes": list(one.closes),
        **{name: brief[name] for name in KEPT if name in brief},
    }


def site(city: City, base: Outcome, name: str, one: Difference) -> dict[str, object]:
    """Tell what it costs to open or close a site.

    Parameters
    ----------
    city, base
        The city and its plan.
    name
        Id of the site.
    one
        As for `difference`.
    """
    k = city.sites.row[name]
    is_open = base.plan is not None and bool(base.plan.opened[k] != NEVER)
    about = {"site": name, "name": city.sites.name[k], "is_open": is_open}
    return about | difference(city, one)


def money(city: City, more_minor: int, one: Difference) -> dict[str, object]:
    """Tell what more money for investment brings.

    Parameters
    ----------
    city, one
        As for `difference`.
    more_minor
        How much more, minor units.
    """
    return {"more": more_minor / MINOR_PER_MAJOR} | difference(city, one)


def alternatives(city: City, within_share: float, found: Alternatives) -> dict[str, object]:
    """Tell which plans with other stations come close.

    Parameters
    ----------
    city, found
        `rest` is None when there is no other choice of stations.
    within_share
        How close was asked for.
    """
    scale, _ = objective_unit(city)
    return {
        "within": within_share,
        "found": [difference(city, one) for one in found.found],
        "rest": finite(found.rest / scale),
        "is_complete": found.is_complete,
    }
