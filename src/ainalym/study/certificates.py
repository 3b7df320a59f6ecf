"""Certificates: what a small file proves of a choice of sites, or of a plan."""

import json
from dataclasses import dataclass
from pathlib import Path

from ainalym.errors import Issue, refuse
from ainalym.study.plans import CERTIFICATE, PLAN, read_study
from ainalym.study.watch import Silent

SAME = 1e-6
"""Relative difference at which two figures of a plan are no longer the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """What was proven, all sums recomputed and rounded outwards.

    Attributes
    ----------
    clients, sites, open
        How many there are, and how many are open.
    worth, bound
        The choice is worth at least the one, and no allowed choice more than the other.
    digest
        Of the instance, SHA-256, hexadecimal.
    """

    clients: int
    sites: int
    open: int
    worth: float
    bound: float
    digest: str

    @property
    def gap(self) -> float:
        """How far from the best the choice can be, relative to its worth."""
        over = self.bound - self.worth
        return over / abs(self.worth) if self.worth else float("inf") * (over > 0)


def check_certificate(instance: Path, certificate: Path) -> Certified:
    """Read an instance and a certificate, and recompute what is claimed.

    Parameters
    ----------
    instance
        A NumPy archive, as `ainalym.plan.certificate.save` writes it.
    certificate
        A JSON file, as `ainalym.plan.certificate.text_of` words it.

    Raises
    ------
    InputError
        A file is missing or damaged, the two do not belong together, or more is claimed than
        proven.
    """
    from ainalym.plan import certificate as files

    given, claimed = files.load(instance), files.read(certificate)
    proven = files.check(given, claimed)
    return Certified(
        clients=given.gains.clients,
        sites=given.gains.sites,
        open=len(claimed.open),
        worth=proven.worth,
        bound=proven.bound,
        digest=claimed.digest,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CertifiedPlan:
    """What was proven of a plan, its figures recounted and its bound proven without a solver.

    Attributes
    ----------
    objective
        What the plan comes to.
    bound
        No plan can be better.
    stated
        The bound that the plan was written with, which may be better than what is proven.
    sense
        `max` when more is better, `min` when less is.
    unit
        Of the three.
    goal
        What the plan makes as good as possible.
    parts
        How many parts the proof has.
    digest
        Of the city and its distances, SHA-256, hexadecimal.
    """

    objective: float
    bound: float
    stated: float
    sense: str
    unit: str
    goal: str
    parts: int
    digest: str

    @property
    def gap(self) -> float:
        """How far from the best the plan can be, relative to what it reaches."""
        off = abs(self.bound - self.objective)
        return off / abs(self.objective) if self.objective else float("inf") * (off > 0)


def check_plan(out: Path, *, watch: Silent | None = None) -> CertifiedPlan:
    """Recount a plan and prove its bound again, from its folder alone and without a solver.

    Parameters
    ----------
    out
        A folder that `plan_city` wrote.
    watch
        Hears what is being done.

    Raises
    ------
    InputError
        The folder is not an earlier plan, the plan breaks a rule or says what its rows do not,
        the certificate is missing, damaged or of another city, or more is claimed than proven.
    OutsideError
        A file cannot be read.
    """
    from ainalym.plan import proof, proof_text
    from ainalym.report.words import objective_unit

    watch, out = watch or Silent(), Path(out)
    study = read_study(out, watch=watch)
    city, outcome = study.city, study.outcome
    scale, unit = objective_unit(city)
    if outcome.plan is None:
        refuse([Issue(str(out / PLAN), "there is no plan in it", "plan again")])
    said = json.loads((out / PLAN).read_text(encoding="utf-8")).get("objective")
    reached = outcome.objective / scale
    if not isinstance(said, int | float) or not (
        abs(said - reached) <= SAME * max(1.0, abs(reached))
    ):
        fault = f"says the plan reaches {said} {unit}, its rows come to {reached:,.2f} {unit}"
        refuse([Issue(str(out / PLAN), fault, "plan again")])
    certificate = proof_text.read(out / CERTIFICATE)
    watch.step("proving the bound")
    proven = proof.check(city, study.travel, certificate, outcome.objective)
    return CertifiedPlan(
        objective=proven.objective / scale,
        bound=proven.bound / scale,
        stated=outcome.bound / scale,
        sense=outcome.sense.value,
        unit=unit,
        goal=str(study.summary["goal"]),
        parts=len(certificate.price),
        digest=certificate.digest,
    )
