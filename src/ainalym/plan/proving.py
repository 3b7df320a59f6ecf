"""Making the certificate of a plan from the tree that the search has looked into."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ainalym.model.city import City
from ainalym.model.travel import Travel
from ainalym.plan.choice import Choice
from ainalym.plan.digest import digest_of
from ainalym.plan.master import Master
from ainalym.plan.proof import LEAF, Held, PlanCertificate, claim_of, ends_of, in_full, master_with
from ainalym.plan.proof_text import pack
from ainalym.solve.branch import Traced
from ainalym.solve.proof import Prover

LARGE_BYTES, LARGE_BYTES_A_ROW = 1_000_000, 50
"""A certificate this large, packed, or as large for each row of the master program, claims what
fewer parts prove."""


@dataclass(slots=True, eq=False)
class _Part:
    """A node of the tree: where it lies, what its best prices prove, and its sides' numbers."""

    trace: Traced
    held: Held
    price: NDArray[np.float32]
    bound: float
    sides: tuple[int, ...] = ()


def certify_plan(
    city: City,
    travel: Travel,
    cuts: NDArray[np.int64],
    trace: Traced,
    objective: float,
    *,
    most_bytes: int | None = None,
) -> PlanCertificate:
    """Make the certificate of a plan, claiming what the tree's prices prove and no more.

    Parameters
    ----------
    city, travel
        What the plan is of.
    cuts
        As in `PlanCertificate`, in the order in which they were added.
    trace
        The tree that was looked into.
    objective
        Of the plan, recounted.
    most_bytes
        How large the packed prices may be; where all parts would take more, fewer of them prove
        a bound that is less good. The whole as one part is never too large.
    """
    # Written anew, as the checker does: the search's own may be held or asleep in parts.
    cuts = cuts.astype(np.int32)
    master = master_with(city, travel, cuts)
    program = master.net.program
    if most_bytes is None:
        most_bytes = max(LARGE_BYTES, LARGE_BYTES_A_ROW * program.n_rows)
    parts = _parts(master, trace)
    best = _best(parts)
    threshold = best[0]
    leaves, splits = _cover(parts, threshold)
    price = _table(parts, leaves, program.n_rows)
    while len(leaves) > 1 and (size := len(pack(price))) > most_bytes:
        fewer = max(1, min(len(leaves) - 1, len(leaves) * most_bytes // size))
        threshold, leaves, splits = _fewer(parts, threshold, fewer)
        price = _table(parts, leaves, program.n_rows)
    worth = max(parts[k].bound for k in leaves)
    return PlanCertificate(
        digest=digest_of(city, travel),
        objective=objective,
        bound=claim_of(city, worth),
        columns=program.n_columns,
        rows=program.n_rows,
        cuts=cuts,
        splits=np.array(splits, np.int32).reshape(-1, 2),
        price=price,
    )


def _parts(master: Master, trace: Traced) -> list[_Part]:
    """Prove every node's bound with its own prices, or with those above where they prove more."""
    program = master.net.program
    prover, choice, numbers = Prover(program), Choice(master), program.numbers
    parts: list[_Part] = []
    rest: list[tuple[Traced, Held, int]] = [(trace, {}, -1)]
    while rest:
        node, held, above = rest.pop()
        ends = ends_of(choice, program, held)
        is_priced = node.price.size or above < 0
        bound = prover.bound(in_full(master, prover, node.price), *ends) if is_priced else np.inf
        price = node.price
        if above >= 0:
            parent = parts[above]
            if bound >= parent.bound:
                inherited = prover.bound(in_full(master, prover, parent.price), *ends)
                if inherited <= bound:
                    price, bound = parent.price, inherited
            parent.sides = (*parent.sides, len(parts))
        here = len(parts)
        parts.append(_Part(node, held, price, bound))
        if node.column >= 0:
            free = float(numbers.lower[node.column]), float(numbers.upper[node.column])
            low, high = held.get(node.column, free)
            down = {**held, node.column: (low, float(node.floor))}
            up = {**held, node.column: (node.floor + 1.0, high)}
            rest.append((node.sides[1], up, here))
            rest.append((node.sides[0], down, here))
    return parts


def _best(parts: list[_Part]) -> list[float]:
    """The best bound that each node's subtree proves; sides stand after what they are sides of."""
    best = [part.bound for part in parts]
    for k in range(len(parts) - 1, -1, -1):
        if parts[k].sides:
            best[k] = min(best[k], max(best[side] for side in parts[k].sides))
    return best


def _cover(parts: list[_Part], threshold: float) -> tuple[list[int], list[tuple[int, int]]]:
    """The fewest parts that together prove this bound, and the splits that lead to them."""
    leaves: list[int] = []
    splits: list[tuple[int, int]] = []
    rest = [0]
    while rest:
        k = rest.pop()
        part = parts[k]
        if part.bound <= threshold or not part.sides:
            leaves.append(k)
            splits.append((LEAF, 0))
        else:
            splits.append((part.trace.column, part.trace.floor))
            rest += reversed(part.sides)
    return leaves, splits


def _fewer(
    parts: list[_Part], threshold: float, most: int
) -> tuple[float, list[int], list[tuple[int, int]]]:
    """The best bound above a threshold that at most so many parts prove."""
    bounds = sorted({part.bound for part in parts if part.bound > threshold})
    low, high = 0, len(bounds) - 1
    while low < high:
        middle = (low + high) // 2
        if len(_cover(parts, bounds[middle])[0]) <= most:
            high = middle
        else:
            low = middle + 1
    return bounds[low], *_cover(parts, bounds[low])


def _table(parts: list[_Part], leaves: list[int], rows: int) -> NDArray[np.float32]:
    """Prices of all rows in each of these parts; rows that came later have none."""
    table = np.zeros((len(leaves), rows), np.float32)
    for row, k in enumerate(leaves):
        table[row, : parts[k].price.size] = parts[k].price
    return table
