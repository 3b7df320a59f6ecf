"""Linear programs as numbers: grown in batches, checked without a solver, written as text."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array

from ainalym.answer import Sense
from ainalym.errors import law

FEASIBLE = 5e-6
"""How far a row or column may be broken: absolute, or relative to its side where that is larger."""

LINE = 96
"""Columns of a line of `text`."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Solution:
    """What a solved program says: values, and what they are worth.

    Attributes
    ----------
    value
        Each column's value, in the order of the column ids. Read-only.
    dual
        Each row's change of the objective per one more unit of its right-hand side, in the
        program's own sense; zeros for an integer program. Read-only.
    reduced
        The same per one more unit of each column's binding bound. Read-only.
    """

    value: NDArray[np.float64]
    dual: NDArray[np.float64]
    reduced: NDArray[np.float64]

    def __repr__(self) -> str:
        # Writing out the arrays costs milliseconds, and every answer is written once.
        return f"Solution({self.value.size} columns, {self.dual.size} rows)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Numbers:
    """A program as it stands, all its numbers.

    Attributes
    ----------
    gain, lower, upper, integer
        Of each column, shape (columns,).
    row_lower, row_upper
        Of each row, shape (rows,).
    row, column, factor
        Of each entry, shape (entries,); entries at the same place are summed.
    """

    gain: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    integer: NDArray[np.bool_]
    row_lower: NDArray[np.float64]
    row_upper: NDArray[np.float64]
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    factor: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Block:
    """Ids that were asked for together, under one name."""

    name: str
    label: str
    first: int
    shape: tuple[int, ...]

    @property
    def ids(self) -> NDArray[np.int64]:
        """The ids, in their shape."""
        return np.arange(self.first, self.first + math.prod(self.shape)).reshape(self.shape)

    def words(self, identity: int) -> str:
        """Name one id of the block, as `mass_at_stations[3]`."""
        if not self.shape:
            return self.label
        place = np.unravel_index(identity - self.first, self.shape)
        return f"{self.label}[{','.join(str(int(at)) for at in place)}]"


class Pile:
    """Numbers that arrive in batches and are read as one array.

    Attributes
    ----------
    size
        How many there are so far.
    """

    __slots__ = ("_parts", "size")

    def __init__(self, dtype: type) -> None:
        self._parts = [np.empty(0, dtype)]
        self.size = 0

    def add(self, batch: ArrayLike, shape: tuple[int, ...]) -> None:
        """Append `batch`, repeated to `shape`."""
        part = np.broadcast_to(np.asarray(batch, self._parts[0].dtype), shape)
        self._parts.append(part.ravel().copy())
        self.size += part.size

    def replace(self, numbers: NDArray[Any]) -> None:
        """Hold these numbers instead."""
        self._parts = [np.ascontiguousarray(numbers)]
        self.size = numbers.size

    def copy(self) -> "Pile":
        """Copy what is there so far."""
        copied = Pile(self._parts[0].dtype)
        copied.replace(self.all.copy())
        return copied

    @property
    def all(self) -> NDArray[Any]:
        """Everything so far, as one array that may be written in place."""
        if len(self._parts) > 1:
            self._parts = [np.concatenate(self._parts)]
        return self._parts[0]


class Linear:
    """State a sparse linear or mixed-integer program in batches of columns, rows and entries.

    Parameters
    ----------
    sense
        Whether the total gain is to be large (MAX) or small (MIN).
    """

    def __init__(self, sense: Sense = Sense.MAX) -> None:
        self.sense = sense
        self._gain, self._lower, self._upper = Pile(float), Pile(float), Pile(float)
        self._integer, self._changed = Pile(bool), Pile(np.int64)
        self._row_lower, self._row_upper = Pile(float), Pile(float)
        self._at_row, self._at_column, self._factor = Pile(np.int64), Pile(np.int64), Pile(float)
        self._column_blocks: list[_Block] = []
        self._row_blocks: list[_Block] = []

    @property
    def n_columns(self) -> int:
        """How many columns there are."""
        return self._gain.size

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return self._row_lower.size

    @property
    def gain(self) -> NDArray[np.float64]:
        """What one unit of each column adds to the objective; a copy."""
        return self._gain.all.copy()

    @property
    def numbers(self) -> Numbers:
        """All numbers of the program, not copied: they are not to be written to."""
        return Numbers(
            gain=self._gain.all,
            lower=self._lower.all,
            upper=self._upper.all,
            integer=self._integer.all,
            row_lower=self._row_lower.all,
            row_upper=self._row_upper.all,
            row=self._at_row.all,
            column=self._at_column.all,
            factor=self._factor.all,
        )

    def columns(
        self,
        name: str,
        shape: int | tuple[int, ...],
        *,
        gain: ArrayLike = 0.0,
        lower: ArrayLike = 0.0,
        upper: ArrayLike = math.inf,
        integer: ArrayLike = False,
    ) -> NDArray[np.int64]:
        """Add unknowns and return their ids in the given shape.

        Parameters
        ----------
        name
            What they are, as shown in `text`.
        shape
            How many; `()` for a single one.
        gain
            What one unit adds to the objective; finite; broadcasts to `shape`.
        lower, upper
            The least and the most each may be; broadcast to `shape`.
        integer
            Whether each must be whole; broadcasts to `shape`.

        Raises
        ------
        BrokenLaw
            A number is NaN, or a gain is infinite.
        """
        shape = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
        law(bool(np.isfinite(gain).all()), said=f"a gain of {name!r} is not finite")
        _check_sides(name, lower, upper)
        block = _block(self._column_blocks, name, self.n_columns, shape)
        self._gain.add(gain, shape)
        self._lower.add(lower, shape)
        self._upper.add(upper, shape)
        self._integer.add(integer, shape)
        return block.ids

    def rows(
        self,
        name: str,
        shape: int | tuple[int, ...],
        *,
        lower: ArrayLike = -math.inf,
        upper: ArrayLike = math.inf,
    ) -> NDArray[np.int64]:
        """Add constraints that are all one law, and return their ids in the given shape.

        Parameters
        ----------
        name
            The law in a few words ("mass at stations"); several calls may share it.
        shape
            How many; `()` for a single one.
        lower, upper
            The least and the most each row's sum may be; broadcast to `shape`.

        Raises
        ------
        BrokenLaw
            A number is NaN.
        """
        shape = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
        _check_sides(name, lower, upper)
        block = _block(self._row_blocks, name, self.n_rows, shape)
        self._row_lower.add(lower, shape)
        self._row_upper.add(upper, shape)
        return block.ids

    def put(self, rows: ArrayLike, columns: ArrayLike, factor: ArrayLike = 1.0) -> None:
        """Add `factor` times each column to each row; the three broadcast together.

        Parameters
        ----------
        rows, columns
            Ids; entries put twice at the same place are summed.
        factor
            Finite.

        Raises
        ------
        BrokenLaw
            An id does not exist, or a factor is not finite.
        """
        rows, columns = np.asarray(rows, np.int64), np.asarray(columns, np.int64)
        shape = np.broadcast_shapes(rows.shape, columns.shape, np.shape(factor))
        law(bool(np.isfinite(factor).all()), said="a factor is not finite")
        _check_ids("row", rows, self.n_rows)
        _check_ids("column", columns, self.n_columns)
        self._at_row.add(rows, shape)
        self._at_column.add(columns, shape)
        self._factor.add(factor, shape)

    def add_gain(self, columns: ArrayLike, gain: ArrayLike) -> None:
        """Add to what one unit of each column is worth; ids given twice are added twice.

        Raises
        ------
        BrokenLaw
            An id does not exist, or a gain is not finite.
        """
        ids, more = np.broadcast_arrays(np.asarray(columns, np.int64), np.asarray(gain, float))
        _check_ids("column", ids, self.n_columns)
        law(bool(np.isfinite(more).all()), said="a gain is not finite")
        np.add.at(self._gain.all, ids, more)
        self._changed.add(ids, ids.shape)

    def change_bounds(self, columns: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> None:
        """Replace the least and the most each column may be; the three broadcast together.

        Raises
        ------
        BrokenLaw
            An id does not exist, or a bound is NaN.
        """
        ids, low, high = np.broadcast_arrays(
            np.asarray(columns, np.int64), np.asarray(lower, float), np.asarray(upper, float)
        )
        _check_ids("column", ids, self.n_columns)
        _check_sides("columns", low, high)
        self._lower.all[ids] = low
        self._upper.all[ids] = high
        self._changed.add(ids, ids.shape)

    def bounds(self, columns: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Tell the bounds of columns as they stand, lower and upper, one a column."""
        ids = np.ravel(columns)
        return self._lower.all[ids].copy(), self._upper.all[ids].copy()

    def broken(self, value: NDArray[np.float64], *, relax: bool = False) -> str:
        """Name the worst broken law, bound or wholeness, with its numbers; "" if all hold.

        Parameters
        ----------
        value
            One number per column.
        relax
            Whether columns need not be whole.
        """
        value = np.asarray(value, float)
        integer = self._integer.all & (not relax)
        terms = self._factor.all * value[self._at_column.all]
        sums = np.bincount(self._at_row.all, weights=terms, minlength=self.n_rows)
        sizes = np.bincount(self._at_row.all, weights=np.abs(terms), minlength=self.n_rows)
        whole = np.where(integer, np.abs(value - np.round(value)), 0.0)
        none = np.zeros(whole.size)
        for blocks, found, lower, upper, size in (
            (self._row_blocks, sums, self._row_lower.all, self._row_upper.all, sizes),
            (self._column_blocks, value, self._lower.all, self._upper.all, np.abs(value)),
            (self._column_blocks, whole, none, none, none),
        ):
            if found.size == 0:
                continue
            # A sum of large terms is only as exact as they are.
            excess = np.maximum(lower - found, found - upper) - FEASIBLE * np.maximum(1.0, size)
            worst = int(np.argmax(excess))
            if excess[worst] > 0:
                words = _words(blocks, worst)
                span = f"between {lower[worst]:.12g} and {upper[worst]:.12g}"
                return f"{words} is {found[worst]:.12g}, not {span}"
        return ""

    def laws(self) -> dict[str, NDArray[np.int64]]:
        """List each law's rows, in the order in which the laws were first named."""
        found: dict[str, list[NDArray[np.int64]]] = {}
        for block in self._row_blocks:
            found.setdefault(block.name, []).append(block.ids.ravel())
        return {name: np.concatenate(ids) for name, ids in found.items()}

    def text(self) -> str:
        """Write the program as readable text in the manner of an LP file; for small programs."""
        names = [_words(self._column_blocks, j) for j in range(self.n_columns)]
        matrix = coo_array(
            (self._factor.all, (self._at_row.all, self._at_column.all)),
            shape=(max(1, self.n_rows), max(1, self.n_columns)),
        ).tocsr()
        lines = ["Maximize" if self.sense is Sense.MAX else "Minimize"]
        lines += _wrapped("gain:", _sum(self._gain.all, range(self.n_columns), names))
        lines.append("Subject To")
        for i in range(self.n_rows):
            span = slice(matrix.indptr[i], matrix.indptr[i + 1])
            terms = _sum(matrix.data[span], matrix.indices[span], names) or ["0"]
            head, tail = _sides(self._row_lower.all[i], self._row_upper.all[i])
            lines += _wrapped(f"{_words(self._row_blocks, i)}:", head + terms + tail)
        lines.append("Bounds")
        for name, low, high in zip(names, self._lower.all, self._upper.all, strict=True):
            if (low, high) != (0.0, math.inf):
                head, tail = _sides(low, high)
                lines.append("  " + " ".join([*head, name, *tail]))
        if self._integer.all.any():
            lines.append("General")
            lines += _wrapped("", [names[j] for j in np.flatnonzero(self._integer.all)])
        return "\n".join([*lines, "End", ""])


def _sum(factors: ArrayLike, columns: Any, names: list[str]) -> list[str]:
    """Write the terms of a sum, leaving out zeros."""
    terms = []
    for factor, column in zip(factors, columns, strict=True):
        if factor != 0.0:
            sign = "-" if factor < 0 else "+"
            size = "" if abs(factor) == 1.0 else f"{abs(factor):.12g} "
            terms.append(f"{sign} {size}{names[column]}")
    if terms:
        terms[0] = terms[0].removeprefix("+ ")
    return terms


def _sides(lower: float, upper: float) -> tuple[list[str], list[str]]:
    """Write what stands before and after a sum that lies between two sides."""
    if lower == upper:
        return [], [f"= {upper:.12g}"]
    if lower == -math.inf and upper == math.inf:
        return [], ["free"]
    head = [f"{lower:.12g} <="] if lower > -math.inf and upper < math.inf else []
    if upper < math.inf:
        return head, [f"<= {upper:.12g}"]
    return head, [f">= {lower:.12g}"]


def _wrapped(head: str, terms: list[str]) -> list[str]:
    """Break a row into lines, each but the first indented twice."""
    lines, line = [], f"  {head}" if head else " "
    for term in terms:
        if len(line) + 1 + len(term) > LINE and line.strip():
            lines.append(line)
            line = "   "
        line += f" {term}"
    return [*lines, line]


def _block(blocks: list[_Block], name: str, first: int, shape: tuple[int, ...]) -> _Block:
    """Open a block; the second of one name is labelled `name.2`, and so on."""
    again = sum(block.name == name for block in blocks)
    label = name.replace(" ", "_") + (f".{again + 1}" if again else "")
    block = _Block(name, label, first, shape)
    blocks.append(block)
    return block


def _words(blocks: list[_Block], identity: int) -> str:
    """Name a row or column."""
    firsts = [block.first for block in blocks]
    at = int(np.searchsorted(firsts, identity, side="right")) - 1
    return blocks[at].words(identity)


def _check_ids(what: str, ids: NDArray[np.int64], n: int) -> None:
    """Stop if an id does not exist."""
    law(
        ids.size == 0 or (int(ids.min()) >= 0 and int(ids.max()) < n),
        said=f"a {what} id is outside 0..{n - 1}",
    )


def _check_sides(name: str, lower: ArrayLike, upper: ArrayLike) -> None:
    """Stop if a side is not a number."""
    law(
        not (np.isnan(lower).any() or np.isnan(upper).any()),
        said=f"a bound of {name!r} is not a number",
    )


def summed(
    major: NDArray[np.int64],
    minor: NDArray[np.int64],
    factor: NDArray[np.float64],
    shape: tuple[int, int],
) -> tuple[int, NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """Lay entries out by `major`, duplicates summed, as the solver wants them."""
    matrix = coo_array((factor, (major, minor)), shape=shape).tocsr()
    matrix.sum_duplicates()
    starts, at = matrix.indptr[:-1].astype(np.int32), matrix.indices.astype(np.int32)
    return int(matrix.nnz), starts, at, matrix.data


def read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """Close an array to writing."""
    array.setflags(write=False)
    return array
