"""What prices prove of a linear program, recomputed without a solver and rounded outwards.

Any price for each row gives a bound: no values within the rows are worth more than the rows' sides
at these prices, and the most that what is left of each column's gain can bring between the column's
own ends. So prices need not be trusted, whoever made them. Ends that a program does not give follow
from its rows.

Source
------
Neumaier & Shcherbina (2004), Safe bounds in linear and mixed-integer linear programming,
Mathematical Programming 99, doi 10.1007/s10107-003-0433-3.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from ainalym.answer import Sense
from ainalym.errors import law
from ainalym.solve.linear import Linear, Numbers

EPSILON = 2.0**-52
EMPTY = 1e-6
"""By how much ends have to cross for nothing to lie between them."""

ROUNDS = 30
"""Most passes over all rows that look for the columns' ends."""

WORTH_A_ROUND = 1e-3
"""Share by which some end has to move for another pass."""


class Prover:
    """Tells what prices prove of a program that maximises; as it stands when this is made.

    Takes a few passes over the program's entries at first, one for each set of prices.

    Parameters
    ----------
    program
        With `Sense.MAX`; each column has a least value.

    Raises
    ------
    BrokenLaw
        It has another sense, or a column that may be as small as it likes.
    """

    def __init__(self, program: Linear) -> None:
        self._program = program
        numbers = program.numbers
        law(program.sense is Sense.MAX, said="a most is proven of a program that maximises")
        law(bool(np.isfinite(numbers.lower).all()), said="a column has no least value")
        self._numbers = numbers
        self._count = np.zeros(program.n_columns, np.int64)
        # How each column enters the rows, and the same without signs: what there was at first, and
        # what has come since.
        self._parts: list[tuple[csr_array, csr_array]] = []
        self._entries = self._first_entries = 0
        self._take_in(numbers)
        self._most = most_of(numbers)

    @property
    def most(self) -> NDArray[np.float64]:
        """The most each column can be, by its own end or by what its rows leave it."""
        return np.minimum(self._most, self._numbers.upper)

    def refresh(self) -> None:
        """Take in rows that were added since, and ends that were changed."""
        numbers = self._program.numbers
        if len(numbers.row_lower) > len(self._numbers.row_lower):
            self._take_in(numbers)
        self._numbers = numbers

    def bound(
        self,
        price: NDArray[np.floating],
        least: NDArray[np.float64] | None = None,
        most: NDArray[np.float64] | None = None,
    ) -> float:
        """Tell what no values of the columns can be worth more than.

        Parameters
        ----------
        price
            Of each row, in any precision; rows without one, and prices of a sign that proves
            nothing, count as 0.
        least, most
            Between which ends each column lies, if not between the program's own; shape
            (columns,).

        Returns
        -------
        `-inf` where nothing can be within the ends, `inf` where the prices prove nothing.
        """
        low = self._numbers.lower if least is None else least
        high = self._most if most is None else np.minimum(self._most, most)
        if (low > high + EMPTY * np.maximum(1.0, high)).any():
            return -math.inf
        least, most = np.minimum(low, high), np.maximum(low, high)
        rest, size = self.rest(price)
        price, sides = self._clipped(price)
        off = EPSILON * (self._count + 4) * size
        brings = np.maximum(_times(rest - off, most), _times(rest + off, most))
        brings = np.maximum(brings, np.maximum((rest - off) * least, (rest + off) * least))
        terms = np.concatenate([price * sides, brings])
        if not np.isfinite(terms).all():
            return math.inf
        terms += 4.0 * EPSILON * np.abs(terms)
        return math.nextafter(math.fsum(terms.tolist()), math.inf)

    def rest(self, price: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Tell what prices leave of each column's gain, and all sizes that go into it.

        Returns
        -------
        Both of shape (columns,).
        """
        rest = self.left(price)
        price, _ = self._clipped(price)
        size = np.abs(self._numbers.gain)
        for _, sizes in self._parts:
            size += sizes @ np.abs(price[: sizes.shape[1]])
        return rest, size

    def left(
        self, price: NDArray[np.floating], some: NDArray[np.int64] | None = None
    ) -> NDArray[np.float64]:
        """Tell what prices leave of the gain of each column, or of some of them.

        Returns
        -------
        Of the shape of `some`, or of shape (columns,).
        """
        price, _ = self._clipped(price)
        at = slice(None) if some is None else np.ravel(some)
        rest = self._numbers.gain[at].copy()
        for factor, _ in self._parts:
            rest -= (factor if some is None else factor[at]) @ price[: factor.shape[1]]
        return rest if some is None else rest.reshape(some.shape)

    def _take_in(self, numbers: Numbers) -> None:
        """Lay out the entries that are new."""
        shape = len(numbers.gain), len(numbers.row_lower)
        self._count += np.bincount(numbers.column[self._entries :], minlength=shape[0])
        self._first_entries = self._first_entries or len(numbers.factor)
        new = slice(self._first_entries if self._parts else 0, None)
        where, factor = (numbers.column[new], numbers.row[new]), numbers.factor[new]
        laid = [coo_array((f, where), shape=shape).tocsr() for f in (factor, np.abs(factor))]
        self._parts[1:] = [(laid[0], laid[1])]
        self._entries = len(numbers.factor)

    def _clipped(self, price: NDArray[np.floating]) -> tuple[NDArray, NDArray]:
        """Prices of a valid sign for all rows, and the side of its row that each is paid for."""
        numbers = self._numbers
        full = np.zeros(len(numbers.row_lower))
        known = np.asarray(price, float)[: len(full)]
        full[: len(known)] = np.where(np.isfinite(known), known, 0.0)
        sides = np.where(full > 0.0, numbers.row_upper, numbers.row_lower)
        has_side = np.isfinite(sides)
        return np.where(has_side, full, 0.0), np.where(has_side, sides, 0.0)


def most_of(numbers: Numbers) -> NDArray[np.float64]:
    """Find the most each column can be: what it may, or what the rows leave it, rounded outwards.

    A column that earns nothing and only helps its rows need not be more than they can want.

    Returns
    -------
    Shape (columns,); `inf` where no row says.
    """
    most = numbers.upper.copy()
    for _ in range(ROUNDS):
        before = most
        most = np.minimum(most, _left_by_rows(numbers, most))
        with np.errstate(invalid="ignore"):
            moved = most < before - WORTH_A_ROUND * np.abs(before)
        if not (moved | (np.isinf(before) & np.isfinite(most))).any():
            break
    is_open = np.isinf(most) & ~numbers.integer
    return np.where(is_open, _wanted_by_rows(numbers, most), most)


def _left_by_rows(numbers: Numbers, most: NDArray) -> NDArray[np.float64]:
    """The most each row leaves a column when all others take as little of it as they can."""
    left = np.full(len(most), np.inf)
    for sign, side in ((1.0, numbers.row_upper), (-1.0, -numbers.row_lower)):
        factor = sign * numbers.factor
        rest, off = _others(numbers, factor, most)
        with np.errstate(invalid="ignore", divide="ignore"):
            room = side[numbers.row] - rest
            room += off + EPSILON * np.abs(room)
            room = room / factor
            room += 4.0 * EPSILON * np.abs(room)
        told = (factor > 0.0) & np.isfinite(room)
        np.minimum.at(left, numbers.column[told], room[told])
    return left


def _wanted_by_rows(numbers: Numbers, most: NDArray) -> NDArray[np.float64]:
    """The most of a column that any row can want, where it earns nothing and harms no row."""
    wanted = numbers.lower.copy()
    harms = numbers.gain > 0.0
    for sign, side, other in (
        (1.0, numbers.row_lower, numbers.row_upper),
        (-1.0, -numbers.row_upper, -numbers.row_lower),
    ):
        factor = sign * numbers.factor
        helps = factor > 0.0
        np.logical_or.at(harms, numbers.column, helps & np.isfinite(other[numbers.row]))
        rest, off = _others(numbers, factor, most)
        with np.errstate(invalid="ignore", divide="ignore"):
            want = side[numbers.row] - rest
            want += off + EPSILON * np.abs(want)
            want = want / factor
            want += 4.0 * EPSILON * np.abs(want)
        told = helps & np.isfinite(side[numbers.row])
        np.maximum.at(wanted, numbers.column[told], np.where(np.isnan(want), np.inf, want)[told])
    return np.where(harms, np.inf, wanted)


def _others(
    numbers: Numbers, factor: NDArray, most: NDArray
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The least that all other columns of an entry's row add up to, and how far that may be off."""
    row, column, rows = numbers.row, numbers.column, len(numbers.row_lower)
    with np.errstate(invalid="ignore"):
        least = np.where(factor > 0.0, factor * numbers.lower[column], factor * most[column])
    least = np.where(factor == 0.0, 0.0, least)
    is_open = np.isinf(least)
    known = np.where(is_open, 0.0, least)
    total = np.bincount(row, known, rows)
    size = np.bincount(row, np.abs(known), rows)
    count = np.bincount(row, minlength=rows)
    many = np.bincount(row, is_open, rows)
    rest = np.where(many[row] - is_open > 0, -np.inf, total[row] - known)
    return rest, EPSILON * ((count + 4) * size)[row]


def _times(rest: NDArray, most: NDArray) -> NDArray[np.float64]:
    """What is left of a gain, times the most of its column, which may have no end."""
    with np.errstate(invalid="ignore"):
        product = rest * most
    return np.where(np.isinf(most), np.where(rest > 0.0, np.inf, -np.inf), product)
