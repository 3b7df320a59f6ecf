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
    balances = csr_array(balances, copy=True)
    balances.sum_duplicates()
    measured, sd = np.asarray(measured, float), np.asarray(sd, float)
    checked = np.flatnonzero(np.diff(csc_array(balances).indptr) > 0)
    limit = -float(ndtri((1 - (1 - chance) ** (1 / max(1, len(checked)))) / 2))
    value, left = measured.copy(), sd.copy()
    score, suspicious = np.zeros(len(measured)), np.zeros(len(measured), bool)
    single, parts = _parts(balances)
    alone = balances[single]
    columns = alone.indices
    found = _reconcile_alone(measured[columns], sd[columns], alone, limit)
    value[columns], left[columns], score[columns], suspicious[columns] = found
    for rows in parts:
        part = balances[rows]
        columns = np.unique(part.indices)
        dense = part[:, columns].toarray()
        found = _reconcile_part(measured[columns], sd[columns], dense, limit)
        value[columns], left[columns], score[columns], suspicious[columns] = found
    return Reconciled(value=value, sd=left, score=score, suspicious=suspicious, chance_limit=limit)


def _parts(balances: csr_array) -> tuple[NDArray[np.intp], list[NDArray[np.intp]]]:
    """Split the balances into parts that share no quantity: those of one balance, and the rest."""
    if not balances.nnz:
        return np.zeros(0, np.intp), []
    _, part = connected_components(abs(balances) @ abs(balances).T, directed=False)
    size = np.bincount(part)[part]
    rest = np.flatnonzero(size > 1)
    rest = rest[np.argsort(part[rest], kind="stable")]
    cuts = np.flatnonzero(np.diff(part[rest])) + 1
    return np.flatnonzero(size == 1), np.split(rest, cuts) if len(rest) else []


Found = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]


def _reconcile_alone(
    measured: NDArray[np.float64], sd: NDArray[np.float64], balances: csr_array, limit: float
) -> Found:
    """Reconcile balances that share no quantity with another, all of them at once.

    What `_reconcile_part` does, where the matrix to invert is one number. Measurements and what is
    found stand in the order of the balances' coefficients.
    """
    size = np.diff(balances.indptr)
    first = balances.indptr[:-1][size > 0]
    row = np.repeat(np.arange(len(first)), size[size > 0])
    if not len(row):
        return measured.copy(), sd.copy(), np.zeros(0), np.zeros(0, bool)

    def nearest(spread: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        variance = spread**2
        mixed = balances.data * variance
        total = np.add.reduceat(mixed * balances.data, first)
        inverse = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
        off = np.add.reduceat(balances.data * measured, first)
        value = measured - mixed * (inverse * off)[row]
        gained = mixed**2 * inverse[row]
        return _scored(measured, variance, value, gained)

    value, left, score = nearest(sd)
    highest = np.maximum.reduceat(score, first)
    # In one balance all scores are the same but for rounding: the first is named.
    places = np.where(score > (1 - 1e-9) * highest[row], np.arange(len(row)), len(row))
    worst = np.minimum.reduceat(places, first)[highest > limit]
    suspicious, spread = np.zeros(len(row), bool), sd.copy()
    suspicious[worst] = True
    spread[worst] *= LOOSE
    value, left, again = nearest(spread)
    wrong = np.isin(row, row[worst])
    return value, left, np.where(wrong & ~suspicious, again, score), suspicious


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
    return _scored(measured, variance, value, gained)


def _scored(
    measured: NDArray[np.float64],
    variance: NDArray[np.float64],
    value: NDArray[np.float64],
    gained: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Values, what is left of their standard deviations, and the scores of the adjustments."""
    left = np.sqrt(np.maximum(variance - gained, 0.0))
    floor = 1e-9 * variance
    score = np.where(
        gained > floor, np.abs(value - measured) / np.sqrt(np.maximum(gained, floor)), 0.0
    )
    return value, left, score
