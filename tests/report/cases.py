"""Outcomes to report on: the small city worked out by hand, with a plan, a blank one and none."""

from dataclasses import replace
from math import inf, nan

import numpy as np

from ainalym.answer import Sense, Status
from ainalym.model.city import Assumption, City
from ainalym.model.plan import Flows, Outcome, Plan, Worked
from ainalym.model.travel import Travel
from ainalym.plan.check import recount
from tests.plan.cities import tiny_city, tiny_plan, tiny_travel

OUTLINE = (
    '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"Middle",'
    '"note":"drawn by hand"},"geometry":{"type":"Polygon","coordinates":[[[76.89,43.19],'
    "[77,43.19],[77,43.21],[76.89,43.21],[76.89,43.19]]]}}]}"
)
ASSUMPTIONS = (
    Assumption(
        name="walk", value="1", low="0.5", high="2", unit="km", year="2004", source="a survey",
        confidence="high",
    ),
    Assumption(
        name="price", value="3", low="", high="", unit="KZT/kg", year="2004", source="ours",
        confidence="low; needs local value",
    ),
)  # fmt: skip


def tiny_outcome(**changes: object) -> tuple[City, Travel, Outcome]:
    """Build the small city with its plan, whose figures are the recount's.

    Parameters
    ----------
    changes
        Fields of the city or its programme.
    """
    city = tiny_city(**({"outline": OUTLINE, "assumptions": ASSUMPTIONS} | changes))
    travel, plan = tiny_travel(), tiny_plan(city)
    tally, issues = recount(city, travel, plan)
    assert not issues
    bound = tally.objective + 0.05 * abs(tally.objective)
    outcome = Outcome(
        status=Status.FEASIBLE,
        sense=Sense.MAX,
        objective=tally.objective,
        bound=bound,
        gap=0.05,
        plan=plan,
        tally=tally,
        seconds_s=1.25,
        trail=(
            (0.1, nan, inf),
            (0.5, tally.objective - 1e5, bound + 1e6),
            (1.2, tally.objective, bound),
        ),
        notes=("Stocks are counted in the first year.",),
    )
    return city, travel, outcome


def no_outcome(**changes: object) -> tuple[City, Travel, Outcome]:
    """Build the small city for which no plan exists.

    Parameters
    ----------
    changes
        Fields of the outcome.
    """
    city, travel, outcome = tiny_outcome()
    blank = {
        "status": Status.INFEASIBLE,
        "objective": nan,
        "bound": -inf,
        "gap": inf,
        "plan": None,
        "tally": None,
        "clash": ("exactly 3 stations", "a budget of 1.0 million KZT"),
        "trail": (),
    }
    return city, travel, replace(outcome, **(blank | changes))


def empty_outcome() -> tuple[City, Travel, Outcome]:
    """Build the small city with a plan that captures, moves and builds nothing more."""
    city, travel, outcome = tiny_outcome()
    whole = outcome.plan
    assert whole is not None
    nothing = np.array([])
    plan = Plan(
        opened=np.full(len(city.sites), -1),
        brings_to=np.full(whole.brings_to.shape, -1),
        captured_kg=np.zeros(whole.captured_kg.shape),
        installed=(),
        worked=Worked(**dict.fromkeys(Worked.__dataclass_fields__, nothing)),
        flows=Flows(**dict.fromkeys(Flows.__dataclass_fields__, nothing)),
        subsidy_minor=np.zeros(whole.subsidy_minor.shape),
    )
    tally, _ = recount(city, travel, plan)
    return city, travel, replace(outcome, plan=plan, tally=tally, objective=tally.objective)
