"""Reconcile measurements that contradict each other by least squares, and name gross errors.

Quantities are measured with known standard deviations and have to obey linear balances. The most
likely values are those nearest to what was measured, in units of its standard deviation.

**Source.** S. Narasimhan and C. Jordache, Data Reconciliation and Gross Error Detection (2000),
chapters 3 and 7: the measurement test with the Sidak correction, eliminating one error at a time.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array
from scipy.sparse.csgraph import connected_components
from scipy.special import ndtri

LOOSE = 1e6
"""A measurement found wrong keeps its place with a standard deviation so many times its own."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reconciled:
    """The most likely values, how sure they are, and which measurements do not fit.

    Attributes
    ----------
    value, sd
        Reconciled values and their standard deviations, shape (n,).
    score
        How far each measurement lies from its reconciled value, in standard deviations of that
        difference; 0 where no balance checks it. Of a suspicious one, when it was found.
    suspicious
        Whether it was found wrong and left out, shape (n,).
    chance_limit
        Scores above this were taken for errors.
    """

    value: NDArray[np.float64]
    sd: NDArray[np.float64]
    score: NDArray[np.float64]
    suspicious: NDArray[np.bool_]
    chance_limit: float


def reconcile(
    measured: NDArray[np.float64],
    sd: NDArray[np.float64],
    balances: csr_array,
    *,
    chance: float = 0.01,
) -> Reconciled:
    """Find the values nearest to what was measured that obey every balance.

    Parameters
    ----------
    measured
        Shape (n,).
    sd
        Standard deviations, above 0, shape (n,).
    balances
        Sparse, shape (m, n): `balances @ value == 0`.
    chance
        That good measurements, all together, have one called suspicious.

    Notes
    -----
    In a balance of two measurements that contradict each other nothing tells which of them is
    wrong; both are as suspicious, and the first is named.
    """
    balances = csr_array(balances)
    measured, sd = np.asarray(measured, float), np.asarray(sd, float)
    checked = np.flatnonzero(np.diff(csc_array(balances).indptr) > 0)
    limit = -float(ndtri((1 - (1 - chance) ** (1 / max(1, len(checked)))) / 2))
    value, left = measured.copy(), sd.copy()
    score, suspicious = np.zeros(len(measured)), np.zeros(len(measured), bool)
    for rows in _parts(balances):
        part = balances[rows]
        columns = np.unique(part.indices)
        dense = part[:, columns].toarray()
        found = _reconcile_part(measured[columns], sd[columns], dense, limit)
        value[columns], left[columns], score[columns], suspicious[columns] = found
    return Reconciled(value=value, sd=left, score=score, suspicious=suspicious, chance_limit=limit)


def _parts(balances: csr_array) -> list[NDArray[np.intp]]:
    """Split the balances into parts that share no quantity."""
    if not balances.nnz:
        return []
    count, part = connected_components(abs(balances) @ abs(balances).T, directed=False)
    order = np.argsort(part, kind="stable")
    return np.split(order, np.searchsorted(part[order], np.arange(1, count)))


Found = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]


def _reconcile_part(
    measured: NDArray[np.float64],
    sd: NDArray[np.float64],
    balances: NDArray[np.float64],
    limit: float,
) -> Found:
    """Reconcile one part, leaving out the worst measurement while there is one."""
    spread, kept = sd.copy(), np.zeros(len(sd))
    suspicious = np.zeros(len(sd), bool)
    while True:
        value, left, score = _nearest(measured, spread, balances)
        score[suspicious] = 0.0
        worst = int(np.argmax(score))
        # One that is left must check another, or nothing tells which of the two is wrong.
        if score[worst] <= limit or suspicious.sum() + 1 > len(balances):
            return value, left, np.where(suspicious, kept, score), suspicious
        suspicious[worst], kept[worst] = True, score[worst]
        spread[worst] *= LOOSE


def _nearest(
    measured: NDArray[np.float64], sd: NDArray[np.float64], balances: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Values, their standard deviations, and the scores of the adjustments."""
    variance = sd**2
    mixed = balances * variance
    spread = mixed @ balances.T
    # The pseudo-inverse stands for balances that say the same twice.
    inverse = np.linalg.pinv(spread, hermitian=True)
    value = measured - mixed.T @ (inverse @ (balances @ measured))
    gained = np.einsum("ij,ik,kj->j", mixed, inverse, mixed)
    left = np.sqrt(np.maximum(variance - gained, 0.0))
    floor = 1e-9 * variance
    score = np.where(
        gained > floor, np.abs(value - measured) / np.sqrt(np.maximum(gained, floor)), 0.0
    )
    return value, left, score
