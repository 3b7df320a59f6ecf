"""Mixed-integer programs grown from numpy arrays: the only file that knows HiGHS.

Source: Huangfu and Hall (2018), Parallelizing the dual revised simplex method, Mathematical
Programming Computation 10, doi 10.1007/s12532-017-0130-5 (HiGHS, used as a library).
"""

import copy
import math
import threading
import time
from collections.abc import Callable, Collection
from typing import Any, ClassVar, Self

import highspy
import numpy as np
from numpy.typing import NDArray

from ainalym.answer import TOLERANCE, Answer, Sense, Status
from ainalym.errors import OutsideError, law
from ainalym.solve.clash import smallest_clash
from ainalym.solve.linear import Linear, Pile, Solution, read_only, summed
from ainalym.solve.solver import Basis, Ended, far_along, limit
from ainalym.solve.watched import watched

_MODEL = highspy.HighsModelStatus
_STOPPED = (
    _MODEL.kTimeLimit,
    _MODEL.kInterrupt,
    _MODEL.kIterationLimit,
    _MODEL.kSolutionLimit,
    _MODEL.kObjectiveBound,
    _MODEL.kObjectiveTarget,
)
_ENDED = (*_STOPPED, _MODEL.kOptimal, _MODEL.kInfeasible, _MODEL.kUnbounded)
_WEIGHTS, _DEVEX = "simplex_dual_edge_weight_strategy", 1  # heard before the first run only

_LARGE = 100_000  # entries, from which a step takes much longer than to hear the keyboard
_DUAL, _PRIMAL, _HAS_POINT = 1, 4, 2  # HiGHS: simplex_strategy; a feasible primal_solution_status


class Program(Linear):
    """Build a sparse linear or mixed-integer program in batches, and solve it again as it grows.

    The solver's state is kept: rows and columns added after a `solve` are all that the next
    `solve` passes on, and a linear program continues from the last basis.

    Parameters
    ----------
    sense
        Whether the total gain is to be large (MAX) or small (MIN).

    Attributes
    ----------
    asked
        What stops the run in hand, if somebody else may ask for that.
    """

    _threads_of_process: ClassVar[int] = 0
    """HiGHS has one pool of threads for the whole process; this is the size last asked for."""

    def __init__(self, sense: Sense = Sense.MAX) -> None:
        super().__init__(sense)
        self._begin()
        # Always a cost to the solver: it stops at a cutoff only when it minimises.
        self._sign = -1.0 if sense is Sense.MAX else 1.0

    def _begin(self) -> None:
        """Start with a solver that knows nothing."""
        self.asked: threading.Event | None = None
        self._passed_columns = self._passed_rows = self._passed_entries = 0
        self._as_integer: NDArray[np.bool_] = np.empty(0, bool)
        self._kept: NDArray[np.float64] | None = None
        self._basis: Any = None
        self._highs = _quiet_highs()

    def twin(self, *, for_few_steps: bool = False) -> Self:
        """Make a program of the same rows and columns whose bounds and basis are its own.

        Rows that either is given later are in both; columns and gains have to stay as they are.
        One may be solved while the other is (`solve/together.py`).

        Parameters
        ----------
        for_few_steps
            Whether it is to be solved by a few steps at a time from bases of others: not worth the
            exact weights of all rows, which take longer to make than some hundred steps.
        """
        twin = copy.copy(self)
        twin._lower, twin._upper = self._lower.copy(), self._upper.copy()
        twin._changed = Pile(np.int64)
        twin._begin()
        if for_few_steps:
            twin._highs.setOptionValue(_WEIGHTS, _DEVEX)
        return twin

    def stand_as(self, other: Self) -> None:
        """Take over a twin's bounds, and where its last linear program ended."""
        low, high = other._lower.all, other._upper.all
        columns = np.flatnonzero((self._lower.all != low) | (self._upper.all != high))
        self.change_bounds(columns, low[columns], high[columns])
        self.resume(other.basis())

    def solve(
        self,
        *,
        seconds: float = math.inf,
        gap_allowed: float = 1e-4,
        relax: bool = False,
        start: NDArray[np.float64] | None = None,
        threads: int = 1,
        interior: bool = False,
        cutoff: float | None = None,
        progress: Callable[[float, float, float], None] | None = None,
    ) -> Answer[Solution]:
        """Find the best values, or prove that there are none, and say how good they can be.

        An interrupt from the keyboard ends the search with the best values so far.

        Parameters
        ----------
        seconds
            Time limit, above 0.
        gap_allowed
            The relative gap at which an integer program counts as solved.
        relax
            Whether to forget that columns must be whole.
        start
            A feasible value for every column; without one, an integer program starts from its
            own last values where they still hold.
        threads
            How many the solver may use. Changing it while another thread solves is not safe.
        interior
            Whether a linear program goes through the interior and crosses over to a basis: for
            a large program without a basis to go on from.
        cutoff
            Of a linear program: it ends, without values and with this bound, once it is proven
            to be no better.
        progress
            Called at most once a second with seconds so far, objective and bound, while an
            integer program is being solved.

        Raises
        ------
        OutsideError
            The program is unbounded, the solver failed, or its values break a law.
        """
        self._pass_on()
        self._set_integer(relax)
        if self.n_columns == 0:
            return self._answer_without_columns(gap_allowed)
        integral = bool(self._as_integer.any())
        if integral:
            if self._highs.getBasis().valid:
                self._basis = self.basis()
            self._set_start(start)
        else:
            self._resume_basis()
        if threads != Program._threads_of_process:
            highspy.Highs.resetGlobalScheduler(True)
            Program._threads_of_process = threads
        self._highs.setOptionValue("threads", threads)
        self._highs.setOptionValue("solver", "ipm" if interior else "choose")
        self._set_stops(None if integral else cutoff, None)
        self._highs.setOptionValue("mip_rel_gap", gap_allowed)
        end = time.monotonic() + seconds
        for attempt in ("warm", "cold"):
            if attempt == "cold":
                # Rarely a warm start ends in numerical trouble that a cold one does not meet.
                self._highs.clearSolver()
                self._highs.setOptionValue("solver", "choose")
            status = self._run(end, integral, progress)
            solution = self._solution(status, integral)
            broken = self.broken(solution.value, relax=not integral) if solution else ""
            if status == _MODEL.kObjectiveBound and cutoff is not None:
                return self._no_value(Status.UNKNOWN, cutoff, gap_allowed)
            if status in _ENDED and not broken:
                return self._answer(status, solution, integral, gap_allowed)
        if broken:
            raise OutsideError(f"The solver's values break a law: {broken}.")
        words = self._highs.modelStatusToString(status)
        raise OutsideError(f"The solver stopped without an answer: {words}.")

    def probe(self, *, iterations: int, cutoff: float | None = None) -> tuple[float, bool]:
        """Guess what the linear program is worth by a few steps of the simplex method.

        Parameters
        ----------
        iterations
            The most steps.
        cutoff
            No better than this is all one wants to know.

        Returns
        -------
        A worth, and whether it is proven that nothing is worth more; the worst infinity if
        nothing is feasible.
        """
        self._pass_on()
        self._set_integer(relax=True)
        self._resume_basis()
        self._set_stops(cutoff, iterations)
        self._highs.setOptionValue("solver", "choose")
        limit(self._highs, math.inf, integral=False)
        self._highs.run()
        status = self._highs.getModelStatus()
        if status == _MODEL.kInfeasible:
            return self._worst, True
        if status == _MODEL.kObjectiveBound and cutoff is not None:
            return cutoff, True
        worth = self._sign * self._highs.getInfo().objective_function_value
        return worth, status == _MODEL.kOptimal

    def again(self, *, primal: bool, seconds: float, most: int = 0) -> Ended:
        """Go on with a linear program, unchecked: for who can prove what comes of it.

        The keyboard is heard while it runs if it is large, else when it ends.

        Parameters
        ----------
        primal
            Whether values stay feasible on the way, which is quick from looser bounds, or prices.
        most
            Steps of the simplex method; 0 for any number.
        """
        self._pass_on()
        self._set_stops(None, most)
        self._highs.setOptionValue("simplex_strategy", _PRIMAL if primal else _DUAL)
        limit(self._highs, seconds, integral=False)
        is_long = self._passed_entries >= _LARGE
        with watched(self._highs, False, None, self.asked, is_long=is_long) as asked:
            self._highs.run()
        self._highs.setOptionValue("simplex_strategy", _DUAL)
        if asked.is_set():
            raise KeyboardInterrupt
        found, steps = self._highs.getSolution(), self._highs.getInfo().simplex_iteration_count
        return Ended(np.array(found.col_value), self._sign * np.array(found.row_dual), steps)

    def _set_stops(self, cutoff: float | None, iterations: int | None) -> None:
        """Tell the solver when a linear program need not be solved to its end."""
        worst = math.inf if cutoff is None else self._sign * cutoff
        self._highs.setOptionValue("objective_bound", worst)
        self._highs.setOptionValue("simplex_iteration_limit", iterations or highspy.kHighsIInf)

    def _run(
        self,
        end: float,
        integral: bool,
        progress: Callable[[float, float, float], None] | None,
    ) -> Any:
        """Let the solver work until it is done or the clock shows `end`; return how it stopped."""
        highs = self._highs
        limit(highs, end - time.monotonic(), integral=integral)
        tell = progress and (lambda s, *worth: progress(s, *(self._sign * w for w in worth)))
        with watched(highs, integral, tell, self.asked) as asked:
            highs.run()
        if asked.is_set() and not integral:  # half a linear program is worth nothing
            raise KeyboardInterrupt
        status = highs.getModelStatus()
        if status == _MODEL.kUnboundedOrInfeasible:
            status = self._tell_unbounded_from_infeasible(end)
        return status

    def prices(self) -> NDArray[np.float64]:
        """Read what the last linear program made of its rows' prices, however it ended.

        Returns
        -------
        As `Solution.dual`; where nothing is feasible, prices that prove it; empty where the solver
        has none. Whatever they are, they prove a bound (`solve/proof.py`).
        """
        found = self._highs.getSolution()
        dual = np.array(found.row_dual if found.dual_valid else (), float)
        if self._highs.getModelStatus() == _MODEL.kInfeasible:
            _, is_known, ray = self._highs.getDualRay()
            dual = far_along(np.array(ray if is_known else (), float), dual)
        return self._sign * dual

    def forget(self) -> None:
        """Forget where the last linear program ended: the next begins anew."""
        self._highs.clearSolver()
        self._basis = None

    def basis(self) -> Any:
        """Remember where the last linear program ended, for `resume`."""
        return Basis(self._highs.getBasis(), self._passed_columns, self._passed_rows)

    def resume(self, basis: Any) -> None:
        """Go on from where an earlier linear program ended; rows may have been added since.

        Parameters
        ----------
        basis
            As `basis` gave it; nothing happens if there was none.
        """
        if not basis.valid:
            return
        self._pass_on()
        basis.grow(self.n_columns, self.n_rows, highspy.HighsBasisStatus)
        self._ok(self._highs.setBasis(basis.kept))

    def _resume_basis(self) -> None:
        """Go back to the last linear basis, which solving for whole numbers has thrown away."""
        if self._basis is not None and not self._highs.getBasis().valid:
            self.resume(self._basis)

    def _pass_on(self) -> None:
        """Hand everything new to the solver: columns first, then rows, then lone entries."""
        highs, old_columns, old_rows = self._highs, self._passed_columns, self._passed_rows
        new = slice(self._passed_entries, None)
        at_row, at_column = self._at_row.all[new], self._at_column.all[new]
        factor = self._factor.all[new]
        new_row, new_column = at_row >= old_rows, at_column >= old_columns
        lone = ~new_row & ~new_column
        if more := self.n_columns - old_columns:
            mine = new_column & ~new_row
            wide = (more, max(1, old_rows))
            sparse = summed(at_column[mine] - old_columns, at_row[mine], factor[mine], wide)
            these = slice(old_columns, None)
            cost = self._sign * self._gain.all[these]
            sides = cost, self._lower.all[these], self._upper.all[these]
            self._ok(highs.addCols(more, *sides, *sparse))
            self._as_integer = np.append(self._as_integer, np.zeros(more, bool))
        if more := self.n_rows - old_rows:
            wide = (more, max(1, self.n_columns))
            mine = new_row
            sparse = summed(at_row[mine] - old_rows, at_column[mine], factor[mine], wide)
            these = slice(old_rows, None)
            self._ok(
                highs.addRows(more, self._row_lower.all[these], self._row_upper.all[these], *sparse)
            )
        for row, column in set(zip(at_row[lone].tolist(), at_column[lone].tolist(), strict=True)):
            at = (self._at_row.all == row) & (self._at_column.all == column)
            self._ok(highs.changeCoeff(row, column, float(self._factor.all[at].sum())))
        known = np.unique(self._changed.all)
        known = known[known < old_columns].astype(np.int32)
        if known.size:
            self._ok(highs.changeColsCost(known.size, known, self._sign * self._gain.all[known]))
            sides = self._lower.all[known], self._upper.all[known]
            self._ok(highs.changeColsBounds(known.size, known, *sides))
        self._changed = Pile(np.int64)
        self._passed_columns, self._passed_rows = self.n_columns, self.n_rows
        self._passed_entries = self._factor.all.size

    def _set_integer(self, relax: bool) -> None:
        """Tell the solver which columns must be whole, where that differs from the last time."""
        wanted = self._integer.all & (not relax)
        changed = np.flatnonzero(wanted != self._as_integer).astype(np.int32)
        if changed.size:
            kinds = wanted[changed].astype(np.uint8)
            self._ok(self._highs.changeColsIntegrality(changed.size, changed, kinds))
            self._as_integer = wanted.copy()

    def _set_start(self, start: NDArray[np.float64] | None) -> None:
        """Offer the solver a point to begin with: the given one, or our own last if it holds."""
        if start is not None:
            start = np.asarray(start, float)
            law(
                start.shape == (self.n_columns,),
                said=f"start has shape {start.shape}, there are {self.n_columns} columns",
            )
        elif self._kept is not None:
            start = np.zeros(self.n_columns)
            start[: self._kept.size] = self._kept
            if self.broken(start):
                return
        if start is not None:
            point = highspy.HighsSolution()
            point.col_value = start.tolist()
            self._highs.setSolution(point)

    def _answer(
        self, status: Any, solution: Solution | None, integral: bool, gap_allowed: float
    ) -> Answer[Solution]:
        """Turn the solver's state into an answer, trusting none of its numbers but the bound."""
        if status == _MODEL.kUnbounded:
            raise OutsideError(
                "The program is unbounded: its objective can grow for ever. Bound some column or"
                " add the law that limits it."
            )
        if status == _MODEL.kInfeasible:
            return self._no_value(Status.INFEASIBLE, self._worst, gap_allowed)
        stopped = status != _MODEL.kOptimal
        bound = self._sign * self._highs.getInfo().mip_dual_bound if integral else -self._worst
        if solution is None:
            return self._no_value(Status.UNKNOWN, bound, gap_allowed)
        objective = float(self._gain.all @ solution.value)
        if integral:
            self._kept = solution.value
        if not stopped and not integral:
            bound = objective
        said = Status.FEASIBLE if stopped else Status.OPTIMAL
        room = abs(objective - bound)
        if room <= TOLERANCE * max(1.0, abs(objective)):
            bound = objective  # closed within the solver's own tolerance
        elif room > (gap_allowed + TOLERANCE) * abs(objective):
            said = Status.FEASIBLE
        return Answer(
            status=said,
            value=solution,
            objective=objective,
            bound=bound,
            sense=self.sense,
            gap_allowed=gap_allowed,
        )

    @property
    def _worst(self) -> float:
        """The infinity that no value is worse than."""
        return math.inf if self.sense is Sense.MIN else -math.inf

    def _no_value(self, status: Status, bound: float, gap_allowed: float) -> Answer[Solution]:
        """Answer without a value."""
        return Answer(
            status=status,
            value=None,
            objective=math.nan,
            bound=bound,
            sense=self.sense,
            gap_allowed=gap_allowed,
        )

    def _answer_without_columns(self, gap_allowed: float) -> Answer[Solution]:
        """Answer a program of no columns: nothing is chosen, and every row's sum is zero."""
        if self.broken(np.empty(0)):
            return self._no_value(Status.INFEASIBLE, self._worst, gap_allowed)
        nothing = read_only(np.empty(0))
        zeros = read_only(np.zeros(self.n_rows))
        return Answer(
            status=Status.OPTIMAL,
            value=Solution(value=nothing, dual=zeros, reduced=nothing),
            objective=0.0,
            bound=0.0,
            sense=self.sense,
            gap_allowed=gap_allowed,
        )

    def _tell_unbounded_from_infeasible(self, end: float) -> Any:
        """Ask whether anything is feasible at all, by solving for no gain."""
        highs = self._highs
        everything = np.arange(self.n_columns, dtype=np.int32)
        self._ok(highs.changeColsCost(everything.size, everything, np.zeros(everything.size)))
        limit(highs, end - time.monotonic(), integral=bool(self._as_integer.any()))
        highs.run()
        status = highs.getModelStatus()
        self._ok(highs.changeColsCost(everything.size, everything, self._sign * self._gain.all))
        return _MODEL.kUnbounded if status == _MODEL.kOptimal else status

    def _solution(self, status: Any, integral: bool) -> Solution | None:
        """Read the solver's values and prices, if it has any."""
        highs = self._highs
        stopped = status in _STOPPED and highs.getInfo().primal_solution_status == _HAS_POINT
        if not (stopped or status == _MODEL.kOptimal):
            return None
        found = highs.getSolution()
        dual, reduced = np.zeros(self.n_rows), np.zeros(self.n_columns)
        if not integral and found.dual_valid:
            dual = self._sign * np.array(found.row_dual)
            reduced = self._sign * np.array(found.col_dual)
        value = np.array(found.col_value)
        return Solution(value=read_only(value), dual=read_only(dual), reduced=read_only(reduced))

    def clash(self, *, always: Collection[str] = (), seconds: float = 30.0) -> tuple[str, ...]:
        """Name a smallest set of laws that cannot hold together; the columns' bounds always hold.

        Smallest means that leaving out any one of them makes the rest possible. Laws are left
        out in the order in which they were named, so what was named last is rather kept. The
        linear program is asked first, then the integer one about what is left.

        Parameters
        ----------
        always
            Laws that nobody can do without: they hold throughout and are not named.
        seconds
            Time limit; a set cut short by it still clashes, but may be larger than needed.

        Returns
        -------
        The laws' names; none when all can hold, when bounds alone clash, or when time ran out.
        """
        self._pass_on()
        end = time.monotonic() + seconds
        return smallest_clash(self._copied, self.numbers, self.laws(), always, end)

    def _copied(self) -> Any:
        """Copy the program as it was passed on into another solver."""
        highs = _quiet_highs()
        highs.passModel(self._highs.getLp())
        return highs

    def _ok(self, status: Any) -> None:
        """Stop if the solver refused what we passed; warnings are dropped tiny entries."""
        if status == highspy.HighsStatus.kError:
            raise OutsideError("The solver refused a part of the program.")


def _quiet_highs() -> Any:
    """Make a solver that prints nothing."""
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    return highs
