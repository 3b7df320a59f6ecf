"""SCIP on the chained program; it has one thread.

The program comes to SCIP as a file, which HiGHS writes: stating it in Python takes longer than
solving it.
"""

import tempfile
from pathlib import Path

import highspy
import numpy as np
from pyscipopt import SCIP_EVENTTYPE, Eventhdlr, Model

from bench.peers.programs import Plain, steps
from bench.peers.told import ALLOWED, Clock, Told
from bench.rows import Instance


class Ear(Eventhdlr):
    """Hears of better answers and bounds."""

    KINDS = (SCIP_EVENTTYPE.BESTSOLFOUND, SCIP_EVENTTYPE.LPSOLVED, SCIP_EVENTTYPE.NODESOLVED)

    def __init__(self, clock: Clock, sign: float) -> None:
        self._clock, self._sign = clock, sign

    def eventinit(self) -> None:
        """Begin to listen."""
        for kind in self.KINDS:
            self.model.catchEvent(kind, self)

    def eventexit(self) -> None:
        """Stop listening."""
        for kind in self.KINDS:
            self.model.dropEvent(kind, self)

    def eventexec(self, event: object) -> None:
        """Note where SCIP is."""
        value, bound = self.model.getPrimalbound(), self.model.getDualbound()
        if abs(value) < self.model.infinity() and abs(bound) < self.model.infinity():
            self._clock.note(self._sign * value, self._sign * bound)


def solve(instance: Instance, clock: Clock) -> Told:
    """Solve the chained program."""
    plain = steps(instance)
    sign = 1.0 if instance.is_cost else -1.0
    model = Model()
    model.hideOutput()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.mps"
        write(plain, path)
        model.readProblem(str(path))
    model.setParam("limits/gap", ALLOWED)
    model.includeEventhdlr(Ear(clock, sign), "ear", "notes when each gap is proven")
    model.setParam("limits/time", clock.left_s)
    began_s = clock.now_s
    model.optimize()
    inside_s = clock.now_s - began_s
    bound = model.getDualbound()
    bound = sign * bound if abs(bound) < model.infinity() else np.nan
    if not model.getNSols():
        return Told(open=None, bound=bound, inside_s=inside_s)
    best, is_open = model.getBestSol(), np.zeros(plain.sites, bool)
    for variable in model.getVars():
        column = int(variable.name[1:])
        if column < plain.sites:
            is_open[column] = best[variable] > 0.5
    return Told(open=is_open, bound=bound, inside_s=inside_s)


def write(plain: Plain, path: Path) -> None:
    """Write a program as MPS, columns named c0, c1, ..."""
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = len(plain.cost), len(plain.lower)
    program.col_cost_ = plain.cost
    program.col_lower_, program.col_upper_ = plain.least, np.ones(len(plain.cost))
    program.row_lower_, program.row_upper_ = plain.lower, plain.upper
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    program.a_matrix_.start_ = plain.start.astype(np.int32)
    program.a_matrix_.index_ = plain.column.astype(np.int32)
    program.a_matrix_.value_ = plain.entry
    whole, share = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    program.integrality_ = [whole] * plain.sites + [share] * (len(plain.cost) - plain.sites)
    program.col_names_ = [f"c{k}" for k in range(len(plain.cost))]
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.passModel(program)
    highs.writeModel(str(path))
