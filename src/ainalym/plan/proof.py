"""The certificate of a plan: what proves its bound, checked without a solver.

It holds a tree that splits all that can be decided into parts, prices that prove a bound of each
part, and which cuts were added to the master program. Nothing of it is trusted: the master program
is written down anew from the city, cuts are named and not copied, and whatever the prices are, they
prove something. The proof is in docs/mathematics/joint.md.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ainalym.answer import Sense
from ainalym.errors import Issue, refuse
from ainalym.model.city import City
from ainalym.model.travel import Travel
from ainalym.plan.choice import Choice, write_choices
from ainalym.plan.digest import digest_of
from ainalym.plan.households import alike
from ainalym.plan.households import pairs as pairs_of
from ainalym.plan.joint import master_of, write_cuts
from ainalym.plan.master import ANY, Master
from ainalym.plan.worth import from_units, in_units
from ainalym.solve.linear import Linear
from ainalym.solve.proof import Prover

MEND = "ask whoever made it for a new one, or plan again"
LEAF = -1
"""Stands for the column of a part that is not split."""

SAME = 1e-6
"""Relative difference between two recounts of one plan that distances may make."""

HAIR = 1e-9
"""Share by which a claim stays behind what is proven, for another machine's rounding."""

Held = dict[int, tuple[float, float]]
"""Columns that are held between these ends in a part."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanCertificate:
    """What is claimed of a plan, and what proves it.

    Attributes
    ----------
    digest
        Of the city and its distances.
    objective, bound
        What is claimed, in the objective's own unit.
    columns, rows
        How many the master program has, cuts included.
    cuts
        Each cut in their order, as in `Master.cuts`, shape (cuts, 4).
    splits
        Of every part, those before their sides and the lower side first: the column it is split
        at and the most that is on the lower side, `LEAF` and 0 where it is not split; shape
        (parts, 2).
    price
        Of each row in each part that is not split, shape (leaves, rows).
    """

    digest: str
    objective: float
    bound: float
    columns: int
    rows: int
    cuts: NDArray[np.int32]
    splits: NDArray[np.int32]
    price: NDArray[np.float32]


class PlanProven(NamedTuple):
    """What a plan reaches, recounted, and what no plan can beat, in the objective's own unit."""

    objective: float
    bound: float


def check(city: City, travel: Travel, certificate: PlanCertificate, objective: float) -> PlanProven:
    """Prove again what a certificate claims, without a solver.

    Takes as long as writing the master program, and a pass over it for each part.

    Parameters
    ----------
    city, travel
        A city without faults, and its distances.
    certificate
        Any.
    objective
        Of the plan, as it was recounted.

    Raises
    ------
    InputError
        It belongs to another city, is damaged, or claims more than it proves.
    """
    digest = digest_of(city, travel)
    if certificate.digest != digest:
        fault = f"is of city {certificate.digest[:12]}, not of this one, {digest[:12]}"
        refuse([Issue("certificate", fault, "give the city it was made for")])
    master = master_with(city, travel, certificate.cuts)
    program = master.net.program
    refuse(_faults_of_size(program, certificate))
    parts = leaves_of(program, certificate.splits)
    if len(parts) != len(certificate.price):
        fault = f"there are {len(parts)} parts, and prices for {len(certificate.price)}"
        refuse([Issue("prices", fault, MEND)])
    prover, choice = Prover(program), Choice(master)
    worth = max(
        prover.bound(in_full(master, prover, price), *ends_of(choice, program, held))
        for price, held in zip(certificate.price, parts, strict=True)
    )
    proven = PlanProven(objective, in_units(city.programme.objective, worth))
    refuse(_faults_of_claims(city, certificate, proven))
    goal = city.programme.objective
    return proven._replace(bound=in_units(goal, max(worth, from_units(goal, certificate.bound))))


def master_with(city: City, travel: Travel, cuts: NDArray[np.int32]) -> Master:
    """Write down the master program of a city, with these cuts, into one that cannot be solved.

    Raises
    ------
    InputError
        A cut is of something that is not there.
    """
    master = master_of(city, travel, alike(pairs_of(city, travel)), Linear(Sense.MAX))
    refuse(_faults_of_cuts(master, cuts))
    _write_all_cuts(master, cuts)
    return master


def in_full(master: Master, prover: Prover, price: NDArray[np.floating]) -> NDArray[np.floating]:
    """Add prices of the rows of pairs where a part leaves all of them out, as large cities do.

    Each takes what its point gains of its place at the other prices, which is the best there is.
    Whatever prices are added, they prove something.

    Parameters
    ----------
    price
        Of each row, the first ones if there are more.
    """
    full = np.zeros(master.net.program.n_rows)
    full[: len(price)] = price
    if full[master.under].any():
        return price
    full[master.under] = np.maximum(prover.left(full, master.brings), 0.0)
    return full


def claim_of(city: City, worth: float) -> float:
    """Turn what was proven into what may be claimed, in the objective's own unit."""
    return in_units(city.programme.objective, worth + HAIR * abs(worth))


def ends_of(
    choice: Choice, program: Linear, held: Held
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Tell between which ends all columns lie in a part, the households' choice considered.

    Returns
    -------
    Least and most, shape (columns,).
    """
    numbers = program.numbers
    least, most = numbers.lower.copy(), numbers.upper.copy()
    for column, (low, high) in held.items():
        least[column], most[column] = low, high
    choice.narrow(least, most)
    return least, most


def leaves_of(program: Linear, splits: NDArray[np.int32]) -> list[Held]:
    """Read the parts that a tree splits everything into; each split leaves nothing out.

    Raises
    ------
    InputError
        It is no tree, or splits at what need not be whole.
    """
    numbers = program.numbers
    leaves: list[Held] = []
    rest: list[Held] = [{}]
    for column, floor in splits.tolist():
        if not rest or not (column == LEAF or 0 <= column < program.n_columns):
            break
        held = rest.pop()
        if column == LEAF:
            leaves.append(held)
        elif not numbers.integer[column]:
            fault = f"splits at column {column}, which need not be whole"
            refuse([Issue("parts", fault, MEND)])
        else:
            low, high = held.get(column, (numbers.lower[column], numbers.upper[column]))
            rest.append({**held, column: (max(low, floor + 1.0), high)})
            rest.append({**held, column: (low, min(high, float(floor)))})
    if rest or len(leaves) * 2 - 1 != len(splits):
        refuse([Issue("parts", "are not all that can be decided, each once", MEND)])
    return leaves


def _faults_of_cuts(master: Master, cuts: NDArray[np.int32]) -> Iterator[Issue]:
    if len(cuts) > math.prod(master.cut.shape) + math.prod(master.chosen.shape):
        yield Issue("cuts", f"are {len(cuts):,}, more than there can be", MEND)
        return
    if len(np.unique(cuts, axis=0)) < len(cuts):
        yield Issue("cuts", "name one twice", MEND)
    pairs, periods = master.chosen.shape
    is_choice = (cuts[:, 1:3] == ANY).all(1)
    low, high = (0, ANY, ANY, 0), (pairs, 0, 0, periods)
    low = np.where(is_choice[:, None], low, 0)
    high = np.where(is_choice[:, None], high, master.cut.shape)
    if ((cuts < low) | (cuts >= high)).any():
        yield Issue("cuts", "name a point, a pair, a station or a period that is not there", MEND)


def _write_all_cuts(master: Master, cuts: NDArray[np.int32]) -> None:
    kinds = cuts[:, 1:3]
    starts = np.flatnonzero((kinds[1:] != kinds[:-1]).any(1)) + 1
    for batch in np.split(cuts.astype(np.int64), starts):
        if not len(batch):
            continue
        at, k, c, p = batch.T
        if k[0] == ANY:
            write_choices(master, at, p)
        else:
            write_cuts(master, at, int(k[0]), int(c[0]), p)


def _faults_of_size(program: Linear, certificate: PlanCertificate) -> Iterator[Issue]:
    said = certificate.columns, certificate.rows
    if said != (program.n_columns, program.n_rows):
        fault = (
            f"is of a program of {said[0]:,} columns and {said[1]:,} rows, this city's has"
            f" {program.n_columns:,} and {program.n_rows:,}"
        )
        yield Issue("certificate", fault, "check it with the version that made it, or plan again")
    elif certificate.price.shape[1:] != (program.n_rows,):
        fault = f"have shape {certificate.price.shape}, not one price for each row"
        yield Issue("prices", fault, MEND)


def _faults_of_claims(
    city: City, certificate: PlanCertificate, proven: PlanProven
) -> Iterator[Issue]:
    said, is_now = certificate.objective, proven.objective
    if not abs(said - is_now) <= SAME * max(1.0, abs(is_now)):
        fault = f"claims {said:,.2f}, but the plan comes to {is_now:,.2f}"
        yield Issue("objective", fault, MEND)
    goal = city.programme.objective
    claimed, worth = from_units(goal, certificate.bound), from_units(goal, proven.bound)
    reached = from_units(goal, is_now)
    if worth < reached - SAME * max(1.0, abs(reached)):
        fault = f"is {proven.bound:,.2f} by the prices, but the plan comes to {is_now:,.2f}"
        yield Issue("bound", fault, "plan again: a plan that beats its bound breaks a rule")
    if not claimed >= worth - HAIR * abs(worth) or math.isnan(worth):
        fault = f"claims {certificate.bound:,.2f}, but the prices prove {proven.bound:,.2f}"
        yield Issue("bound", fault, MEND)
